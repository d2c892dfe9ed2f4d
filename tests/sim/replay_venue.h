/*
 * replay_venue.h - a venue that says what was recorded of one, whatever its clients say.
 *
 * The clients that connect get the recorded connections in turn, each from its opening on and on
 * its recorded clock; behind the last one it starts over with the first. A connection that the
 * recorder replaced is dropped when it was. Answers to GET come by path, see reel_answer_to().
 */
#ifndef ARB_SIM_REPLAY_VENUE_H
#define ARB_SIM_REPLAY_VENUE_H

#include "sim_venue.h"

/* Needs config->reel. */
int replay_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                        struct err *err);

#endif /* ARB_SIM_REPLAY_VENUE_H */
