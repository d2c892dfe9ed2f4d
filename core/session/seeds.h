/*
 * seeds.h - snapshots by HTTP: asked for when they can meet the deltas held, within the budget of
 * the venue, and again until one does.
 */
#ifndef ARB_SESSION_SEEDS_H
#define ARB_SESSION_SEEDS_H

#include "session/state.h"

/* The answer was taken, or is of no use: it is asked for again after a while. */
void seeds_answered(struct session *session, uint32_t i, bool is_good, struct moment now,
                    const char *why);
void seeds_on_turn(struct session *session, struct moment now);

#endif /* ARB_SESSION_SEEDS_H */
