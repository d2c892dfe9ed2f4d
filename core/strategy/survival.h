/*
 * survival.h - what was left of an opportunity when an order would have arrived.
 *
 * Each opportunity is looked at again some times after it opened, whether it is still open or not:
 * how much of it could be had at the limits that were published, at the prices of then, and what
 * that would have earned. One of the times may be the venues' own latency: an order takes about as
 * long as the newest message of the slower leg took to come.
 *
 * One thread. Nothing is allocated.
 */
#ifndef ARB_SURVIVAL_H
#define ARB_SURVIVAL_H

#include "config/config.h"
#include "strategy/market.h"
#include "util/clock.h"
#include "wire/opportunity.h"

enum { SURVIVAL_WATCHED_MAX = 1024 }; /* at once; of further ones nothing is told */

struct survival_watched {
    struct opportunity opportunity; /* as it opened */
    int64_t opened_ns;              /* mono */
    int64_t due_ns[CONFIG_DELAYS_MAX + 1];
    uint32_t n_left; /* times that are yet to come */
};

/* Zeroed memory is ready, with `delays` set. */
struct survival {
    const struct survival_delays *delays; /* borrowed */
    uint32_t n;
    int64_t next_ns; /* nothing is due before, mono; only with n > 0 */
    uint64_t n_left_out;
    struct survival_watched watched[SURVIVAL_WATCHED_MAX]; /* [n], in no order */
};

/* Takes note of one that opens now. */
void survival_open(struct survival *survival, const struct opportunity *opportunity,
                   int64_t mono_ns);

/* When something is due next, or NEVER_NS. */
int64_t survival_due_ns(const struct survival *survival);

/*
 * The next that is due, as the books are in `market`: opportunity->rest says what is left. False:
 * there is none yet.
 */
bool survival_next(struct survival *survival, struct market *market, struct moment now,
                   struct opportunity *opportunity);

#endif /* ARB_SURVIVAL_H */
