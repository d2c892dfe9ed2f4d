/*
 * matrices.h - when a spread matrix of an instrument is due, and what is in it.
 *
 * An instrument is due when a best price, its quantity, or the standing of a book is not what was
 * shown last, but not within `every_ns` of that; and MATRICES_REPEAT_NS after it was shown in any
 * case. Instruments that no book is heard of any more, as when another member of the group got
 * them, are left to whoever hears of them.
 *
 * One owner: the thread of the strategy. Memory is taken at the start.
 */
#ifndef ARB_MATRICES_H
#define ARB_MATRICES_H

#include "strategy/market.h"
#include "util/clock.h"
#include "wire/matrix.h"

enum {
    MATRICES_A_TURN = 8, /* are made before the strategy has its turn again */
};

#define MATRICES_REPEAT_NS (10 * NS_PER_S)

struct matrices {
    int64_t every_ns; /* 0: none are made, and all else is unused */
    int64_t next_ns;  /* none is due before, mono; NEVER_NS: before something changes */
    uint32_t n_venues;
    uint32_t n_known; /* instruments that were seen */
    uint32_t n_heard; /* of these, those with a book that is heard of */
    int64_t *due_ns;  /* [MARKET_INSTRUMENTS_MAX], mono */
    struct matrices_entry *entries;
    struct matrices_top *tops; /* [MARKET_INSTRUMENTS_MAX * n_venues], as they were shown */
};

/* Zeroed memory is accepted by all but the init, which leaves it so where `every_ns` is 0. */
int matrices_init(struct matrices *matrices, int64_t every_ns, uint32_t n_venues);
void matrices_fini(struct matrices *matrices);

/* Takes in what changed of an instrument, as the market hands it out. */
void matrices_see(struct matrices *matrices, const struct arb_market *market, int64_t mono_ns);

/* When the next one is due; NEVER_NS: not before something changes. */
int64_t matrices_due_ns(const struct matrices *matrices);

/* The one that is due longest; false: none is. */
bool matrices_next(struct matrices *matrices, int64_t mono_ns, uint32_t *instrument);

/*
 * Makes the matrix of an instrument, without the name and the session of who makes it. It counts as
 * shown. False: there is nothing to be shown.
 */
bool matrices_make(struct matrices *matrices, struct market *market, uint32_t instrument,
                   struct moment now, struct matrix *out);

/* It could not be shown after all: it is due again when one may be. */
void matrices_put_off(struct matrices *matrices, uint32_t instrument);

#endif /* ARB_MATRICES_H */
