/*
 * book.h - one order book: two sorted arrays, best level last.
 *
 * Levels near the best change most, and there the arrays are shortest to shift. Each side
 * keeps room at both ends, so that cutting the worst level costs nothing and an insertion
 * moves the shorter part. Memory grows by doubling up to a limit and never shrinks, so a
 * book in steady state does not allocate.
 */
#ifndef ARB_BOOK_H
#define ARB_BOOK_H

#include "arbspot/types.h"

/* One side; levels[first .. first+n) are sorted, best last. */
struct book_side {
    struct arb_level *levels;
    uint32_t first, n, cap;
    bool ascending; /* bids: the best, last, is the highest; asks: the lowest */
};

struct book {
    struct book_side bids, asks;
};

/* `levels` a side are allocated at once; 0 is allowed. */
int book_init(struct book *book, uint32_t levels);
void book_fini(struct book *book);
void book_clear(struct book *book);

/*
 * Sets a level, or removes it when `level->qty` is 0. Returns ARB_OK; 1 when a level to
 * remove was not there; ARB_ELIMIT when the side is full; ARB_ENOMEM.
 */
int book_side_set(struct book_side *side, const struct arb_level *level);

/* Drops the worst levels beyond `depth`; returns how many. They stay readable in front of first
 * until the next change: side->levels[first - n .. first). 0 keeps all. */
uint32_t book_side_cut(struct book_side *side, uint32_t depth);

/* Replaces a side by levels in any order; equal prices: the last wins; zero quantities are left
 * out. */
int book_side_replace(struct book_side *side, const struct arb_level *levels, uint32_t n);

/*
 * Writes the changes that turn one side into the other, worst first, and returns how many:
 * at most from->n + to->n.
 */
uint32_t book_side_diff(const struct book_side *from, const struct book_side *to,
                        struct arb_level *changes);

/* The worst level; NULL when nothing was ever allocated. */
static inline const struct arb_level *book_side_begin(const struct book_side *side)
{
    return side->levels == NULL ? NULL : side->levels + side->first;
}

/* The best level, or NULL when the side is empty. */
static inline const struct arb_level *book_side_best(const struct book_side *side)
{
    return side->n == 0 ? NULL : &side->levels[side->first + side->n - 1];
}

/* True when the best bid is not below the best ask. */
static inline bool book_is_crossed(const struct book *book)
{
    const struct arb_level *const bid = book_side_best(&book->bids);
    const struct arb_level *const ask = book_side_best(&book->asks);
    return bid != NULL && ask != NULL && bid->px >= ask->px;
}

#endif /* ARB_BOOK_H */
