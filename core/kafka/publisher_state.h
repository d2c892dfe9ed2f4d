/*
 * publisher_state.h - what the files of the publisher share: its state.
 *
 *   publisher.c -> messages.c -> outbox.c -> returns.c
 *
 * An arrow means "calls": publisher.c takes records off the rings, messages.c makes messages of
 * them, and outbox.c, which knows nothing of this state, sends them and tells returns.c what became
 * of them.
 */
#ifndef ARB_PUBLISHER_STATE_H
#define ARB_PUBLISHER_STATE_H

#include <pthread.h>

#include "kafka/offsets.h"
#include "kafka/outbox.h"
#include "kafka/places.h"
#include "kafka/publisher_venue.h"
#include "kafka/starts.h"
#include "wire/wire.h"

/* One saying, in each partition of a venue, that it is alive. */
struct alive_round {
    int64_t due_ns; /* mono: when the next one is expected */
    bool is_begun;  /* and Kafka took no more */
    uint32_t next;  /* the partition to go on with */
};

/* What the publisher knows of a venue beside its ring. */
struct voice {
    int64_t hush_ns;         /* mono: before, it is not said that something was refused */
    struct starts starts;    /* where consumers begin to read of it */
    struct event_venue name; /* of `alive`, which refers to it */
    struct event alive;      /* the last time; session 0: never */
    struct alive_round round;
};

struct publisher {
    const struct kafka_config *config;
    struct outbox outbox;
    struct places *places;
    unsigned n_known;       /* partitions of the market topic when it was last seen; 0: never */
    bool is_gone;           /* it was seen, and is not there */
    struct offsets offsets; /* of that topic */
    _Atomic unsigned n_partitions; /* for other threads */
    _Atomic int reach;             /* enum publisher_reach, likewise; no data depends on it */
    struct publisher_venue *venues;
    struct voice *voices; /* [n_venues] */
    char host[WIRE_HOST_MAX];
    struct ring **opportunities, **displays;
    unsigned n_venues, n_opportunities, n_displays;
    unsigned first_venue; /* whose turn it is to be first */
    struct waker *waker;
    char *text; /* room for the largest message the rings can hold */
    _Atomic uint64_t conflated, late, left_out;
    struct log_limit doubt_limit;
    pthread_t thread;
    bool is_started;
    int stop_timeout_ms, stop_rc; /* handed over by `stopping` and by the join */
    _Atomic bool stopping;
};

#endif /* ARB_PUBLISHER_STATE_H */
