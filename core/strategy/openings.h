/*
 * openings.h - which run of a strategy opened what is open, and how it fared since.
 *
 * What an earlier run left open is closed by others (bus/tenure.h). When the strategy, which knows
 * nothing of runs, goes on with it, it is opened again by the run of now; when it closes it,
 * nothing is left to say.
 */
#ifndef ARB_OPENINGS_H
#define ARB_OPENINGS_H

#include "wire/opportunity.h"

enum {
    OPENINGS_MAX = 4096, /* beyond them, nobody asks which run it was */
    OPENINGS_SLOTS = 2 * OPENINGS_MAX,
};

/* All zero: nothing is open. */
struct openings {
    unsigned n;
    struct opening {
        uint64_t id;
        uint32_t run; /* counted from 1; 0: a free slot */
        int64_t since_ns,
            until_ns;   /* mono: when that run opened it, and said something of it last */
        uint64_t place; /* of its legs: instruments, venues and sides */
        int64_t qty;    /* as it last said */
        int64_t peak_net;
        opportunity_wide qty_time; /* sum of the quantities, each times how long it stood */
    } slots[OPENINGS_SLOTS];
};

/*
 * The rule that a strategy breaks when it says `terms` now, or NULL: what is open is not opened,
 * what is not open is neither updated nor closed, and legs stay.
 */
const char *openings_broken_rule(const struct openings *openings,
                                 const struct arb_opportunity *terms);

/*
 * Takes in that the strategy says `terms` at `mono_ns` in `run`. Returns what is to be said in
 * place of their event, or 0: nothing. When it is over, `life` is what became of it.
 */
uint32_t openings_say(struct openings *openings, const struct arb_opportunity *terms, uint32_t run,
                      int64_t mono_ns, struct opportunity_life *life);

#endif /* ARB_OPENINGS_H */
