/*
 * terminal.h - a terminal that somebody draws on is given back as it was, however the process ends.
 *
 * Process-wide, as a terminal is: one at a time.
 */
#ifndef ARB_TERMINAL_H
#define ARB_TERMINAL_H

#include <stdbool.h>

enum { TERMINAL_UNDO_MAX = 256 /* bytes, terminator included */ };

/*
 * Remembers how the terminal behind `fd` is set, and what has to be written to it afterwards: the
 * sequence that leaves its second screen, for example. False: it is no terminal, or `undo` is too
 * long. By main, before it changes anything.
 */
bool terminal_keep(int fd, const char *undo);

/* It has been given back in the usual way. */
void terminal_forget(void);

/*
 * For who ends the process at once: gives back what is kept, and does nothing where nothing is.
 * Safe in a signal handler. Blocks for a fifth of a second at most.
 */
void terminal_give_back(void);

#endif /* ARB_TERMINAL_H */
