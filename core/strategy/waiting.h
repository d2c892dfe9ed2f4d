/*
 * waiting.h - opportunities that could not be told yet: an OPEN while another run has the same one
 * open, and what the publisher's ring has no room for.
 *
 * When a strategy takes over instruments from one that is gone, what that one had open is not
 * closed yet (kafka/abandoned.h). Each is kept as the strategy last told it. Of the strategy's
 * thread.
 */
#ifndef ARB_WAITING_H
#define ARB_WAITING_H

#include "wire/opportunity.h"

enum {
    /* As many as can be open, each with one before it whose CLOSE was not told yet. */
    WAITING_MAX = 2 * ARB_OPPORTUNITIES_MAX,
    WAITING_SLOTS = 2 * WAITING_MAX, /* at most half full, so that searching stays short */
};

/* All zero: none. In no particular order. */
struct waiting {
    unsigned n, n_closes; /* of them those that are to be closed */
    struct opportunity entries[WAITING_MAX];
    uint16_t slots[WAITING_SLOTS]; /* by the id: position in entries plus one; 0: free */
};

/* The one with that id, or NULL. */
const struct opportunity *waiting_find(const struct waiting *waiting, uint64_t id);

/* Keeps it, in place of what it was before. False: there is no room. */
bool waiting_put(struct waiting *waiting, const struct opportunity *opportunity);

/* Forgets it, and says whether it was there; the last one takes its place. */
bool waiting_drop(struct waiting *waiting, uint64_t id);

#endif /* ARB_WAITING_H */
