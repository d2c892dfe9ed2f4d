/*
 * chain.h - how much to send through the legs of a cycle, what each of them takes and brings.
 *
 * Functions of sides of books and of what venues demand and take; no state. Quantities are in units
 * of 10^-qty_scale of their instrument, money in units of 10^-px_scale. README.md has the formulas.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "cycles.h"
#include "side.h"

/* What the fee leaves of a leg, and what it adds to one, has to be above 0: chain_leg_is_sane(). */
struct chain_leg {
    struct side side; /* that is taken: bids are sold to, asks bought */
    const struct arb_terms *terms;
    unsigned px_scale, qty_scale;
};

struct chain {
    struct chain_leg legs[CYCLE_LEGS_MAX];
    uint32_t n;
};

struct chain_limits {
    int64_t least_ppm; /* one more unit has to earn more than this, relative to its cost */
    int64_t max_cost;  /* of the first leg, before the fee, in its money; INT64_MAX: any */
};

struct leg_fill {
    int64_t qty, limit_px; /* the worst touched */
    int128 worth;          /* exact, in units of 10^-(px_scale + qty_scale) */
};

struct chain_fill {
    struct leg_fill legs[CYCLE_LEGS_MAX];
};

enum chain_found {
    CHAIN_FOUND = 0,
    CHAIN_NONE,     /* not one unit earns enough */
    CHAIN_MINIMUM,  /* what earns enough is less than the venues accept */
    CHAIN_CAP,      /* what is allowed of it, or lies at the venues, is less than they accept */
    CHAIN_OVERFLOW, /* amounts do not fit */
};

static inline bool leg_buys(const struct chain_leg *leg)
{
    return !leg->side.is_bids;
}

/* Value >= 0 times 10^exponent, rounded down. False on overflow. */
bool shift10(int128 value, int exponent, int128 *out);

/* The scale of what the first leg pays with: that of all money of the cycle. */
unsigned chain_scale(const struct chain *chain);

/* The size, as the books, the limits, what lies at the venues, the lots and the minimums have it.
 */
enum chain_found chain_find(const struct chain *chain, const struct chain_limits *limits,
                            struct chain_fill *fill);

/*
 * `qty` of the first leg, a multiple of its lot, and what follows of it, down to each leg's lot.
 * CHAIN_MINIMUM: of a leg nothing is left. CHAIN_NONE: the books do not have it.
 */
enum chain_found chain_follow(const struct chain *chain, int64_t qty, struct chain_fill *fill);

/* Down to the first leg's lot. */
int64_t chain_whole_lots(const struct chain *chain, int64_t qty);

/* Whether what all legs take is within a limit. What is less of each leg is, too. */
typedef bool chain_limit(const struct chain *chain, const struct chain_fill *fill);

/*
 * The greatest multiple of the first leg's lot, up to `qty`, that is within the limit; one of which
 * nothing is left for a leg is. More of the first leg is never less of another one, so halving
 * finds it.
 */
int64_t chain_most_within(const struct chain *chain, int64_t qty, chain_limit *is_within);

#endif /* CHAIN_H */
