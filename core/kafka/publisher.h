/*
 * publisher.h - takes records off rings, encodes them, and hands them to Kafka.
 *
 * Market data goes out keyed by symbol, so that all venues of an instrument share a
 * partition and keep their order. When librdkafka's queue is full, or the brokers refuse a topic,
 * the publisher stops reading: the rings fill and the venues conflate. A delivery that failed for
 * good makes the venue send that book anew; a topic that comes back gets every book anew.
 *
 * Everything but publisher_start(), publisher_stop() and publisher_stats() belongs to one
 * thread: the publisher's own between start and stop, else the caller's.
 */
#ifndef ARB_KAFKA_PUBLISHER_H
#define ARB_KAFKA_PUBLISHER_H

#include "bus/ring.h"
#include "config/config.h"
#include "kafka/publisher_venue.h"
#include "util/clock.h"
#include "util/err.h"

enum { PUBLISHER_BATCH = 64 }; /* records taken off one ring before the next has its turn */

/* Everything is borrowed and must outlive the publisher; the arrays are copied. */
struct publisher_config {
    const struct kafka_config *kafka; /* brokers is an address: see embedded_attach() */
    const struct publisher_venue *venues;
    struct ring *const *opportunities; /* their records are struct opportunity */
    struct ring *const *displays;      /* theirs struct matrix */
    unsigned n_venues, n_opportunities, n_displays;
    struct waker *waker; /* of all these rings */
};

struct publisher_stats {
    uint64_t produced;   /* given to librdkafka: in the end delivered or failed */
    uint64_t delivered;  /* acknowledged by the brokers */
    uint64_t failed;     /* given up by librdkafka; books among them were asked for anew */
    uint64_t refused;    /* never taken by librdkafka: too large, for instance */
    uint64_t queue_full; /* times the publisher had to stop reading */
    uint64_t bytes;      /* of the messages produced */
    uint64_t conflated;  /* events not delivered, for which a snapshot stands that was */
    uint64_t left_out;   /* spread matrices that were not produced because Kafka was slow */
    uint64_t late;       /* deltas produced more than PUBLISHER_LATE_MS after they came in */
};

enum publisher_turn {
    PUBLISHER_IDLE = 1,    /* the rings are empty */
    PUBLISHER_BUSY = 2,    /* there is more: call again */
    PUBLISHER_BLOCKED = 3, /* there may be more, but Kafka does not take it now */
};

struct publisher;

int publisher_create(struct publisher **publisher, const struct publisher_config *config,
                     struct err *err);

/* NULL is accepted. What Kafka has not acknowledged by now is lost: stop or flush before. */
void publisher_destroy(struct publisher *publisher);

/*
 * One turn: delivery reports, then a batch of every ring. Looks after the topics, and may take up
 * to a second while no broker answers.
 */
enum publisher_turn publisher_step(struct publisher *publisher, struct moment now);

/* Steps until the rings are empty and everything is delivered. ARB_ELIMIT: not within the time. */
int publisher_flush(struct publisher *publisher, int timeout_ms);

/* A thread that steps, and sleeps on the waker when idle. */
int publisher_start(struct publisher *publisher, struct err *err);

/*
 * Ends the thread after a publisher_flush(), whose result it returns. Brokers that do not answer,
 * or refuse a topic, are given less time.
 */
int publisher_stop(struct publisher *publisher, int timeout_ms);

/*
 * The number of partitions of the market topic when it was last seen, 0 before; the partition of a
 * symbol among them is partition_of(). Any thread.
 */
unsigned publisher_partitions(const struct publisher *publisher);

/* Any thread. */
struct publisher_stats publisher_stats(const struct publisher *publisher);

enum publisher_reach {
    PUBLISHER_LOOKS = 0, /* no broker has answered yet */
    PUBLISHER_REACHES = 1,
    PUBLISHER_CUT_OFF = 2, /* none of them can be reached any more */
};

/* As of its last turn. Any thread. */
enum publisher_reach publisher_reach(const struct publisher *publisher);

#endif /* ARB_KAFKA_PUBLISHER_H */
