/*
 * runner.h - runs one strategy: feeds it markets and timers, carries out what it asks for.
 *
 * A step drains what the source has (up to a limit), shows each instrument that changed
 * once, and then fires the timers that are due. Replays and tests step by hand with a time of
 * their own and get the same result each time; the host starts a thread that loops around
 * the step with the real time. A callback that fails is undone and ends the strategy: its
 * open opportunities are not closed, and the runner only empties its source from then on.
 */
#ifndef ARB_RUNNER_H
#define ARB_RUNNER_H

#include "bus/source.h"
#include "config/config.h"
#include "plugin/loader.h"
#include "strategy/delivery.h"
#include "strategy/market.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/watch.h"

enum {
    RUNNER_DRAIN_MAX = 1024,   /* events taken in before the strategy is asked again */
    RUNNER_WAIT_MAX_MS = 1000, /* longest sleep without a timer */
};

/* Takes in the strategy's thread that a pair was no opportunity, in the host's market. */
typedef void runner_miss_fn(void *context, const struct market *market,
                            const struct arb_miss *miss);

/* Everything is borrowed and has to outlive the runner. */
struct runner_config {
    const struct strategy_config *strategy; /* name, options, line */
    const struct plugin *plugin;
    const struct arb_venue *venues; /* [n_venues] */
    uint32_t n_venues;
    const struct config *config; /* for its sections of instruments, see market.h; or NULL */
    struct source *source;
    bool is_shared;          /* it tells which instruments are ours, see market.h */
    struct ring *ring;       /* where opportunities go, see delivery.h; or NULL */
    struct ring *displays;   /* where spread matrices go, see delivery.h; or NULL: none are made */
    delivery_fn *fn;         /* and a function they go to; or NULL */
    delivery_fn *rest_fn;    /* and one for what was left of them later; or NULL */
    runner_miss_fn *miss_fn; /* and one for what was none; or NULL */
    void *context;           /* of all three */
    uint64_t session;        /* of this run, stamped on every opportunity */
    struct tenure *tenure;   /* of this run, see delivery.h; or NULL */
    struct moment now;       /* what init() sees */
    int64_t silence_ns;      /* after so long it says what is missing; 0: never */
    struct watch_mark *mark; /* for the thread; or NULL */
    /*
     * Optional. As long as it is true, from the start on, books are kept and the strategy is not
     * called: whether this host may publish is not decided yet. From the runner's thread.
     */
    bool (*is_held)(const void *host);
    delivery_is_taken_fn *is_taken; /* optional, see delivery.h */
    const void *host;               /* of these two */
};

struct runner_stats {
    struct market_stats market;
    uint64_t markets;                  /* on_market() calls */
    uint64_t timers;                   /* on_timer() calls */
    uint64_t opportunities;            /* carried out, the dropped ones included */
    uint64_t dropped;                  /* of these, updates for which the ring had no room */
    uint64_t matrices, left_out;       /* shown; not shown, because displays were behind */
    uint64_t disabled;                 /* 1 after a callback failed */
    uint64_t missed[ARB_MISS_MAX + 1]; /* pairs that crossed and were none, by reason */
};

struct runner;

/*
 * Makes an instance, gives it its options and runs init(). Options that cannot be used go to
 * `problems`, anything else is said in `err`.
 */
int runner_create(struct runner **runner, const struct runner_config *config,
                  struct problems *problems, struct err *err);

/* Frees a runner that does not run (any more); runs fini(), but not on_stop(). */
void runner_destroy(struct runner *runner);

/* One turn at the moment `now`. Not while the thread runs. */
void runner_step(struct runner *runner, struct moment now);

/* When the next timer is due, monotonic, NEVER_NS without one: how far a replay may go in one step.
 */
int64_t runner_next_timer_ns(const struct runner *runner);

/* Runs on_stop() once, for those who step by hand: what runner_stop() has the thread do. */
void runner_finish(struct runner *runner, struct moment now);

/* Starts the thread. */
int runner_start(struct runner *runner, struct err *err);

/* Has the thread empty its source and run on_stop(). Does nothing without one. */
void runner_ask_to_stop(struct runner *runner);

/*
 * The same, and joins it. False: it did not end by `deadline_ns` (mono) and is left behind, with
 * the runner and all that was lent to it. True without a thread.
 */
bool runner_stop(struct runner *runner, int64_t deadline_ns);

/* What the strategy is shown, for those who step by hand. */
struct market *runner_market(struct runner *runner);

/* The counts as of the end of the last turn. Any thread. */
void runner_stats_read(const struct runner *runner, struct runner_stats *out);

#endif /* ARB_RUNNER_H */
