/*
 * tops.h - does any pair of venues cross at all? The answer for most changes, in a few comparisons.
 *
 * For each instrument and venue the best bid and the best ask after the taker fee are kept, and
 * which venue has the best of each. However many venues there are: unless the best bid of all is
 * above the best ask of all, nothing earns enough.
 */
#ifndef TOPS_H
#define TOPS_H

#include "ages.h"
#include "sizing.h"

struct top {
    int128 bid, ask; /* in PPM of a price, what remains and what is paid */
};

struct tops {
    struct top *tops; /* [instruments_max][n_venues]; all of an instrument set at once */
    uint8_t *bests;   /* [instruments_max][2]: the venues with the best bid and ask */
    uint8_t *seen;    /* [instruments_max] */
    uint32_t n_venues;
    int64_t threshold_ppm;       /* a pair has to earn more than this, relative to the cost */
    uint64_t n_updates, n_scans; /* tops that were set, and how often all venues were looked at */
};

/* ARB_ENOMEM. */
int tops_init(struct tops *tops, const struct arb_strategy_env *env, int64_t threshold_ppm);
void tops_fini(struct tops *tops);

/*
 * Takes in that the venues of market->changed changed. False: no pair of venues earns more than the
 * threshold with its first unit, and so with any quantity.
 */
bool tops_may_cross(struct tops *tops, const struct arb_market *market);

/* The two venues that earn most with their first unit, or lose least; the same one: there is one.
 */
struct tops_pair {
    uint32_t buy, sell;
};
struct tops_pair tops_nearest(const struct tops *tops, uint32_t instrument);

#endif /* TOPS_H */
