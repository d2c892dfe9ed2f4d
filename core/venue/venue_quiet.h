/*
 * venue_quiet.h - why a venue has no live book: the first step on the way to one that was not
 * taken.
 */
#ifndef ARB_VENUE_QUIET_H
#define ARB_VENUE_QUIET_H

#include "arbspot/text.h"
#include "session/standing.h"

struct venue_quiet {
    struct session_standing standing; /* of all sessions together */
    uint32_t n_stale, n_unusable;     /* books that are published as such */
    const char *connection; /* what became of the last attempt to connect, or ""; may be over */
    const char *reason; /* with which a book was last taken out of LIVE or kept from it, or "" */
};

/* One sentence without an end, as in "no book is live for 60 s: ...". */
void venue_quiet_explain(const struct venue_quiet *quiet, struct arb_text *out);

#endif /* ARB_VENUE_QUIET_H */
