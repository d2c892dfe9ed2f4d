/*
 * replay_venues.h - `replay --config`: recordings of several exchanges of one configuration at
 * once, their books side by side and what the strategies make of them.
 *
 * One thread and one clock, the recorders': whatever is due first happens next, a record, a turn
 * of a session or a timer of a strategy, so that two replays of one input print the same.
 * Strategies see each event when it is made, whatever their source is in the file.
 */
#ifndef ARB_REPLAY_VENUES_H
#define ARB_REPLAY_VENUES_H

/*
 * `operands`, NULL-terminated, are EXCHANGE=RECORDING with names of the file at `path`. Exchanges
 * without a recording are left out. Returns the exit status.
 */
int replay_venues(const char *path, char **operands);

#endif /* ARB_REPLAY_VENUES_H */
