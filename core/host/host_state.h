/*
 * host_state.h - what a host consists of, for the files that make it, watch it and run it.
 */
#ifndef ARB_HOST_STATE_H
#define ARB_HOST_STATE_H

#include "bus/tenure.h"
#include "config/config.h"
#include "kafka/abandoned.h"
#include "kafka/embedded.h"
#include "kafka/last_run.h"
#include "kafka/publisher.h"
#include "kafka/rivals.h"
#include "host/host_web.h"
#include "host/watchdog.h"
#include "plugin/plugins.h"
#include "strategy/runner.h"
#include "venue/venue_thread.h"

/* One strategy section with what brings it events and takes its opportunities. */
struct strategy_part {
    const struct strategy_config *config;
    struct waker waker; /* of its rings, when it reads this process directly */
    bool has_waker;
    struct source *source;
    struct ring opportunities, displays;
    bool has_ring, has_display;
    struct tenure tenure;     /* of the run of it that goes on */
    struct host_web_tap *tap; /* or NULL: there is no dashboard */
    struct runner *runner;
    struct watch_mark mark; /* of its thread */
};

/* The marks that the watchdog looks at, in this order: ours, of venues, of strategies. */
enum { FIRST_VENUE_MARK = 1 };

struct host {
    struct config *config;
    const struct plugins *plugins;
    struct last_run_wish wish; /* that the process ends */
    uint64_t run;              /* greater than that of every host that published here before */
    struct scales *scales;     /* of all venues */
    struct embedded *embedded;
    struct waker publisher_waker;
    bool has_waker;
    struct publisher *publisher;
    bool is_publishing;
    struct ring abandoned_ring;
    bool has_abandoned_ring;
    struct abandoned *abandoned; /* or NULL: there are no strategies */
    struct rivals *rivals;       /* or NULL: nobody else can publish */
    _Atomic bool has_given_up;   /* no data depends on it */
    struct venue_thread *venues; /* [n_venues] */
    unsigned n_venues;
    struct strategy_part *strategies; /* [n_strategies] */
    unsigned n_strategies;
    struct host_web *web; /* or NULL: nothing is configured to listen */
    struct host_web_tap taps[CONFIG_STRATEGIES_MAX];
    struct arb_venue names[CONFIG_EXCHANGES_MAX]; /* what strategies know of the exchanges */
    struct watch_mark mark;                       /* of the main thread */
    struct watchdog *watchdog;
    bool is_orphan;        /* of the watchdog's thread */
    struct joinable fini;  /* calls what plugins clean up with */
    bool has_left_threads; /* that do not end: nothing may be freed */
};

static inline bool host_is_end_asked(const struct host *host)
{
    return host->wish.is_end_asked != NULL && host->wish.is_end_asked(host->wish.context);
}

#endif /* ARB_HOST_STATE_H */
