/*
 * side.h - one side of a book, the best level first: what a quantity of it is worth, and how much
 * of it is proven.
 */
#ifndef SIDE_H
#define SIDE_H

#include "amounts.h"
#include "arbspot/strategy.h"

struct side {
    const struct arb_book *book;
    bool is_bids;
};

static inline const struct arb_level *level_at(const struct side *side, uint32_t i)
{
    return side->is_bids ? arb_bid_at(side->book, i) : arb_ask_at(side->book, i);
}

static inline uint32_t n_levels(const struct side *side)
{
    return side->is_bids ? side->book->n_bids : side->book->n_asks;
}

/* The greatest quantity that is worth at most `worth` (exact), and whether the side has more. */
int64_t side_qty_worth(const struct side *side, int128 worth, bool *has_more);

/* How many levels a limit reaches. */
uint32_t side_levels_to(const struct side *side, int64_t limit_px);

/* How much rests on levels that are ARB_VERIFIED; INT64_MAX: all of it. */
int64_t side_proven(const struct side *side);

#endif /* SIDE_H */
