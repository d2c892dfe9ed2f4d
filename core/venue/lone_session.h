/*
 * lone_session.h - one session alone with a board of its own, as a replay has it: no thread, no
 * second session, no venue.
 */
#ifndef ARB_LONE_SESSION_H
#define ARB_LONE_SESSION_H

#include "session/session.h"
#include "venue/board.h"

/* For session_config.sink; its context is the board. */
extern const struct session_sink lone_session_sink;

/* Gives the session the first seat of an empty board, before it starts. */
int lone_session_sit(const struct session *session, struct board *board);

#endif /* ARB_LONE_SESSION_H */
