/*
 * ending.h - how a command that runs for long is asked to end.
 *
 * SIGHUP (the terminal was closed), SIGINT, SIGTERM and SIGQUIT all ask for the same. They are
 * taken by a thread of its own, so that they are heard whatever the other threads are stuck in:
 *
 *   the first one is a wish: the command asks for it and ends in its own time,
 *   a second one ends the process at once, with CMD_FAILED,
 *   and so does the limit when it has passed after the first one.
 *
 * What follows the first one too fast for a second wish is the same wish, see is_same_wish().
 * SIGHUP is left ignored where it was when the process began: that is what nohup is for.
 */
#ifndef ARB_ENDING_H
#define ARB_ENDING_H

#include <stdbool.h>

#include "util/err.h"

struct ending;

/*
 * From here on the signals are blocked in the calling thread, and in threads it makes. `limit_ms`
 * is how long the process may take to end.
 */
int ending_open(struct ending **ending, int limit_ms, struct err *err);

/* Ends the thread; a signal from now on has no effect. NULL is accepted. */
void ending_close(struct ending *ending);

/* Any thread. It counts from the first signal, also one that has come. */
void ending_set_limit(struct ending *ending, int limit_ms);

/* Any thread. */
bool ending_is_asked(const struct ending *ending);

/* Waits for the first signal, at most `timeout_ms`. True when it has come, now or before. */
bool ending_wait(const struct ending *ending, int timeout_ms);

/* Readable once the first signal has come, for those who wait for other things too. */
int ending_fd(const struct ending *ending);

#endif /* ARB_ENDING_H */
