/*
 * commit.h - carries out what a callback recorded.
 */
#ifndef ARB_SESSION_COMMIT_H
#define ARB_SESSION_COMMIT_H

#include "session/state.h"

void session_commit(struct session *session, struct moment now);

#endif /* ARB_SESSION_COMMIT_H */
