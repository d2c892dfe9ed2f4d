/*
 * venue_thread.h - one exchange with its network, on one thread.
 *
 * Ties the parts together: io brings bytes to the sessions, their requests go to the io, the
 * venue's events into rings. Everything here belongs to the thread between start and stop, to the
 * main thread before and after.
 */
#ifndef ARB_VENUE_THREAD_H
#define ARB_VENUE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/io.h"
#include "venue/venue.h"

enum { VENUE_OUTLETS_MAX = CONFIG_STRATEGIES_MAX + 1 };

struct venue_thread {
    struct io *io;
    struct venue *venue;
    struct outlet outlets[VENUE_OUTLETS_MAX];
    struct ring rings[VENUE_OUTLETS_MAX]; /* one for each outlet */
    unsigned n_outlets;
    struct feedback feedback; /* from the publisher, for the first outlet */
    char who[ARB_SYMBOL_MAX + 8];
    pthread_t id;
    bool is_running;
    _Atomic bool stops; /* set by the main thread; no data depends on it */
    uint32_t n_live;    /* as last logged */
    int64_t look_ns;    /* mono: when to count live books again */
};

struct venue_thread_config {
    const struct config *config;
    const struct exchange_config *exchange;
    const struct plugin *plugin;
    uint64_t run;          /* of the host: `session` in the messages */
    struct scales *scales; /* shared with other venues */
};

/* Creates io and venue. On the main thread, before any thread runs: see io.h. */
int venue_thread_init(struct venue_thread *thread, const struct venue_thread_config *config,
                      struct err *err);

/* Adds a ring for one consumer, which sleeps on `waker`; the first one's is the publisher. */
int venue_thread_add_ring(struct venue_thread *thread, struct waker *waker, size_t len,
                          struct ring **ring);

int venue_thread_start(struct venue_thread *thread, struct err *err);

/* Tells consumers that the books are STALE, ends the thread, joins it and logs what it did. */
void venue_thread_stop(struct venue_thread *thread);

/* Zeroed memory is accepted. */
void venue_thread_fini(struct venue_thread *thread);

#endif /* ARB_VENUE_THREAD_H */
