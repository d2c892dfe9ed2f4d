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
    int128 bid, ask;        /* in PPM of a price, what remains and what is paid */
    int64_t bid_px, ask_px; /* before fees */
};

/* Of all venues; a cache line that says of most changes that they change nothing. */
struct best_top {
    _Alignas(64) struct top top; /* the best of each, of whichever venue */
    uint8_t bid_of, ask_of;      /* whose they are */
    uint8_t bid_px_of, ask_px_of;
    bool is_seen;
};

_Static_assert(sizeof(struct best_top) == 64, "one line each");

struct tops {
    struct top *tops;       /* [instruments_max][n_venues]; all of an instrument set at once */
    struct best_top *bests; /* [instruments_max] */
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

/* Is any bid above any ask, before fees? */
static inline bool tops_prices_cross(const struct tops *tops, uint32_t instrument)
{
    const struct best_top *const best = &tops->bests[instrument];
    return best->top.bid_px > best->top.ask_px;
}

/* The two venues that earn most with their first unit, or lose least; the same one: there is one.
 */
struct tops_pair {
    uint32_t buy, sell;
};
struct tops_pair tops_nearest(const struct tops *tops, uint32_t instrument);

/* Does this pair of venues earn more than the threshold with its first unit? */
static inline bool tops_pair_crosses(const struct tops *tops, uint32_t instrument, uint32_t buy,
                                     uint32_t sell)
{
    const struct top *const own = &tops->tops[(size_t)instrument * tops->n_venues];
    return own[sell].bid > own[buy].ask;
}

#endif /* TOPS_H */
