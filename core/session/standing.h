/*
 * standing.h - how far a session has come, in numbers, for whoever asks why there are no books.
 */
#ifndef ARB_STANDING_H
#define ARB_STANDING_H

#include "session/session.h"

struct session_standing {
    uint32_t n_sessions, n_disabled;
    uint32_t n_up;                /* connections that are up */
    uint32_t n_books;             /* instruments it knows */
    uint32_t n_asked, n_accepted; /* of these, with a request under way; taken by the venue */
};

/* Adds what is so of this session. */
void session_standing_add(struct session_standing *sum, const struct session *session);

#endif /* ARB_STANDING_H */
