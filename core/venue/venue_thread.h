/*
 * venue_thread.h - one exchange with its network, on one thread.
 *
 * Ties the parts together: io brings bytes to the sessions, their requests go to the io, the
 * venue's events into rings. Everything here belongs to the thread between start and stop, to the
 * main thread before and after. The plugin's init() is the thread's too: one that never returns
 * holds up this venue only.
 */
#ifndef ARB_VENUE_THREAD_H
#define ARB_VENUE_THREAD_H

#include <stdatomic.h>

#include "bus/last_words.h"
#include "io/io.h"
#include "util/joinable.h"
#include "util/quiet.h"
#include "util/watch.h"
#include "venue/venue.h"

enum { VENUE_OUTLETS_MAX = CONFIG_STRATEGIES_MAX + 2 }; /* the publisher, and the dashboard */

/* How far it has come. */
enum venue_stage { VENUE_NOT_STARTED = 0, VENUE_STARTED = 1, VENUE_FAILED = 2 };

struct venue_thread {
    struct io *io;
    struct venue *venue;
    struct outlet outlets[VENUE_OUTLETS_MAX];
    struct ring rings[VENUE_OUTLETS_MAX];         /* one for each outlet */
    struct feedback feedbacks[VENUE_OUTLETS_MAX]; /* from each consumer */
    struct last_words *words[VENUE_OUTLETS_MAX];  /* each consumer's */
    unsigned n_outlets;
    char who[ARB_SYMBOL_MAX + 8];
    struct joinable thread;
    struct watch_mark mark;
    _Atomic int stage;    /* enum venue_stage; released behind `err`, acquired before it */
    struct err start_err; /* of VENUE_FAILED */
    _Atomic bool stops;   /* set by the main thread; no data depends on it */
    uint32_t n_live;      /* as last logged */
    int64_t look_ns;      /* mono: when to count live books again */
    struct quiet quiet;   /* no book is live */
    int64_t silence_ns;   /* for so long, then it is said; 0: never */
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

/*
 * Adds a ring for one consumer, which sleeps on `waker`; the first one's is the publisher. The
 * consumer's are rings[outlet], feedbacks[outlet] and words[outlet].
 */
int venue_thread_add_ring(struct venue_thread *thread, struct waker *waker, size_t len,
                          unsigned *outlet);

int venue_thread_start(struct venue_thread *thread, struct err *err);

/* What became of the start; any thread. `start_err` says why it failed. */
enum venue_stage venue_thread_stage(const struct venue_thread *thread);

/* Any thread: it hangs in this callback, so its consumers say for it that its books are STALE. */
void venue_thread_hangs(struct venue_thread *thread, const char *callback);
/* It has returned. */
void venue_thread_is_back(struct venue_thread *thread);

/* Has the thread end, and tell consumers that the books are STALE. Does nothing without one. */
void venue_thread_ask_to_stop(struct venue_thread *thread);

/*
 * The same, joins it and logs what it did. False: it did not end by `deadline_ns` (mono) and is
 * left behind with all this. True without a thread.
 */
bool venue_thread_stop(struct venue_thread *thread, int64_t deadline_ns);

/* Not of one that was left behind. Zeroed memory is accepted. */
void venue_thread_fini(struct venue_thread *thread);

#endif /* ARB_VENUE_THREAD_H */
