/*
 * lookup.h - name resolution that does not stop the thread that asks.
 *
 * getaddrinfo() blocks, for many seconds when the resolver is down, and the asking thread
 * serves connections that are alive. Each lookup therefore runs on a short-lived thread of
 * its own, which shares nothing but the lookup; the asker looks at it now and then.
 */
#ifndef ARB_LOOKUP_H
#define ARB_LOOKUP_H

#include <stdbool.h>

#include "io/addresses.h"

struct lookup_answer {
    struct address_list found; /* the families take turns; none: failed, for the reason below */
    const char *failure;       /* lives for ever */
    bool is_shortage;          /* it says what this machine lacks: the resolver was never asked */
};

struct lookup;

/* Starts a lookup. NULL: no memory or no thread. */
struct lookup *lookup_start(const char *host);

/* True when the answer is there; it is copied and the lookup is gone. */
bool lookup_take(struct lookup *lookup, struct lookup_answer *answer);

/* Forgets a lookup, which may still be under way. NULL is accepted. */
void lookup_abandon(struct lookup *lookup);

#endif /* ARB_LOOKUP_H */
