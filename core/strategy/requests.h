/*
 * requests.h - what one callback of a strategy asked for, held until it returned ARB_OK.
 *
 * This is also the arb_host that the strategy gets. A request that breaks a rule is refused,
 * and the first such rule is kept: the callback then counts as failed whatever it returns.
 */
#ifndef ARB_REQUESTS_H
#define ARB_REQUESTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "arbspot/strategy.h"
#include "strategy/market.h"
#include "util/clock.h"
#include "util/repeats.h"

struct requests {
    struct arb_host host;            /* first: the strategy's handle leads back here */
    struct arb_strategy_calls calls; /* what host.calls points to */
    const char *who;                 /* "strategy=NAME", for log lines; borrowed */
    const char *broken_rule;         /* or NULL */
    struct repeats repeats;          /* of its lines */
    /* The callback gets the host, and is of `thread`; else a call is refused, and noted. */
    bool is_open;
    const void *thread;
    _Atomic bool is_intruded; /* others' threads write it, too */
    struct market *market;    /* what it may look at; borrowed */
    uint32_t n_venues;
    uint32_t n_instruments; /* known by now */
    uint64_t timers;        /* bit i: timer i was set or cancelled */
    uint32_t delay_ms[ARB_TIMERS_MAX];
    uint64_t n_missed[ARB_MISS_MAX + 1]; /* by reason */
    uint32_t n_misses;
    struct arb_miss misses[ARB_MISSES_MAX]; /* the first of them */
    uint32_t n_opportunities;
    struct arb_opportunity opportunities[ARB_OPPORTUNITIES_MAX];
};

_Static_assert(ARB_TIMERS_MAX <= 64, "requests.timers has a bit for each timer");

/* `requests` must not move afterwards. */
void requests_init(struct requests *requests, const char *who, struct market *market,
                   uint32_t n_venues);

/* Starts a callback at the moment `now` with an empty record. */
void requests_begin(struct requests *requests, struct moment now);

/* It has returned: nothing more is taken, from a plugin that kept its host. */
void requests_end(struct requests *requests);

/* The plugin called the host where it may not, since the last time that this was asked. */
bool requests_were_intruded(struct requests *requests);

#endif /* ARB_REQUESTS_H */
