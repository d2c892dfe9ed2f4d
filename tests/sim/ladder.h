/*
 * ladder.h - one side of a venue's own book: levels sorted best first, in units of the
 * instrument's last digit.
 *
 * Deliberately not the host's book: what the simulator publishes must not share code with what
 * it is used to check.
 */
#ifndef ARB_SIM_LADDER_H
#define ARB_SIM_LADDER_H

#include "arbspot/abi.h"
#include "arbspot/types.h"

enum { LADDER_DEPTH_MAX = 5000 }; /* levels a side that a simulated venue can hold */

struct ladder {
    struct arb_level *levels;
    uint32_t n, cap;
    bool highest_first; /* bids */
};

/* Both sides of one instrument at one venue. */
struct sim_book {
    struct ladder bids, asks;
};

/* Room for `cap` levels a side, fixed. */
int sim_book_init(struct sim_book *book, uint32_t cap);
void sim_book_fini(struct sim_book *book);
/* Both must have been given the same room. */
void sim_book_copy(struct sim_book *to, const struct sim_book *from);

static inline bool ladder_is_better(const struct ladder *ladder, int64_t px, int64_t than)
{
    return ladder->highest_first ? px > than : px < than;
}

/* The position of `px`, or where it would go. */
uint32_t ladder_position(const struct ladder *ladder, int64_t px);

/* The level at this price, or NULL. */
const struct arb_level *ladder_find(const struct ladder *ladder, int64_t px);

/* The quantity there, 0 without a level. */
static inline int64_t ladder_qty(const struct ladder *ladder, int64_t px)
{
    const struct arb_level *const level = ladder_find(ladder, px);
    return level == NULL ? 0 : level->qty;
}

/* Sets or, with quantity 0, removes a level. A full ladder first loses its worst level. */
void ladder_set(struct ladder *ladder, struct arb_level level);

/*
 * Writes what a client that sees the best `depth` levels must be told to get from `was` to `is`,
 * best first, and returns how many entries that are: at most min(was->n, depth) +
 * min(is->n, depth). A level that merely fell out of the best `depth` is not mentioned.
 */
uint32_t ladder_diff(const struct ladder *was, const struct ladder *is, uint32_t depth,
                     struct arb_level *out);

#endif /* ARB_SIM_LADDER_H */
