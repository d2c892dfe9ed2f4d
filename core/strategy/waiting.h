/*
 * waiting.h - opportunities that are opened when another run has closed the same one.
 *
 * When a strategy takes over instruments from one that is gone, what that one had open is not
 * closed yet (kafka/abandoned.h). Each is kept as the strategy last told it.
 */
#ifndef ARB_WAITING_H
#define ARB_WAITING_H

#include "wire/opportunity.h"

enum { WAITING_MAX = 256 };

/* All zero: none. In no particular order. */
struct waiting {
    unsigned n;
    struct opportunity entries[WAITING_MAX];
};

/* Keeps it, in place of what it was before. False: there is no room. */
bool waiting_put(struct waiting *waiting, const struct opportunity *opportunity);

/* Forgets it, and says whether it was there; the last one takes its place. */
bool waiting_drop(struct waiting *waiting, uint64_t id);

#endif /* ARB_WAITING_H */
