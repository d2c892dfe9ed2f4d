/*
 * sizing.h - how much to buy on one venue and to sell on another, and what that earns.
 *
 * Functions of two sides of books and of what both venues demand and take; no state. Quantities are
 * in units of 10^-qty_scale, money in units of 10^-px_scale unless it is exact, which is in units
 * of 10^-(px_scale + qty_scale).
 */
#ifndef SIZING_H
#define SIZING_H

#include "arbspot/strategy.h"
#include "side.h"

enum { BUY = 0, SELL = 1 }; /* legs */

/* Asks of one book are bought, bids of another sold. */
struct sizing_pair {
    const struct arb_book *buy, *sell;
    const struct arb_terms *buy_terms, *sell_terms;
    unsigned qty_scale;
    const struct arb_withdrawal
        *carry; /* what is bought is carried over; NULL: as much lies there */
};

struct sizing_limits {
    int64_t least_ppm;   /* one more unit has to earn more than this, relative to its cost */
    int64_t max_cost;    /* before the fee; INT64_MAX: any */
    bool is_proven_only; /* levels that are not ARB_VERIFIED are left alone */
};

/* So much of both sides, best first. */
struct fill {
    int64_t bought, sold;
    int64_t buy_px, sell_px; /* the worst touched */
    int128 cost, proceeds;   /* exact */
    uint32_t n_asks, n_bids; /* levels touched */
    bool is_past_peak;       /* the venues accept only more than what earns */
};

enum sizing {
    SIZING_FOUND = 0,
    SIZING_NONE,     /* not one unit earns enough */
    SIZING_MINIMUM,  /* what earns enough is less than the venues accept */
    SIZING_CAP,      /* what is allowed, or there, is less than the venues accept */
    SIZING_PROOF,    /* what is proven is less than the venues accept */
    SIZING_OVERFLOW, /* amounts do not fit */
};

/*
 * The quantity to sell that earns most of those that both venues accept and the limits allow. Of
 * two that earn the same it is the smaller one. It and what is bought for it are multiples of the
 * lots, not below the minimums.
 */
enum sizing sizing_find(const struct sizing_pair *pair, const struct sizing_limits *limits,
                        struct fill *fill);

/* What has to be bought to sell so much: the same, but where it is carried. INT64_MAX: too much. */
int64_t sizing_bought(const struct sizing_pair *pair, int64_t sold);

/* Exactly `sold`, and what is bought for it. False: a side has less, or amounts do not fit. */
bool sizing_fill(const struct sizing_pair *pair, int64_t sold, struct fill *fill);

/* The largest quantity that can be sold, by the lots, of those that are at most `sold`. */
int64_t sizing_whole_lots(const struct sizing_pair *pair, int64_t sold);

/* The most to sell of which both sides rest on levels that are ARB_VERIFIED; INT64_MAX: any. */
int64_t sizing_proven(const struct sizing_pair *pair);

/*
 * Rounds the fill against us into both legs and the sums of `terms`. False: amounts do not fit, or
 * the cost is nothing.
 */
bool sizing_settle(const struct sizing_pair *pair, const struct fill *fill,
                   struct arb_opportunity *terms);

#endif /* SIZING_H */
