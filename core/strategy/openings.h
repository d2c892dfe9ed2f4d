/*
 * openings.h - which run of a strategy opened what is open.
 *
 * What an earlier run left open is closed by others (bus/tenure.h). When the strategy, which knows
 * nothing of runs, goes on with it, it is opened again by the run of now; when it closes it,
 * nothing is left to say.
 */
#ifndef ARB_OPENINGS_H
#define ARB_OPENINGS_H

#include <stdint.h>

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
    } slots[OPENINGS_SLOTS];
};

/*
 * Takes in that the strategy says `event` (enum arb_opportunity_event) of its opportunity `id` in
 * `run`. Returns what is to be said, or 0: nothing.
 */
uint32_t openings_say(struct openings *openings, uint64_t id, uint32_t event, uint32_t run);

#endif /* ARB_OPENINGS_H */
