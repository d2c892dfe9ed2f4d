/*
 * output.h - stdout and stderr, whose readers may be slow or gone.
 *
 * Nothing here blocks, and a reader that has gone ends nobody: it is an error code like a full
 * disk.
 */
#ifndef ARB_OUTPUT_H
#define ARB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Once, at the start of main(): a write to a closed pipe or socket is an error code from then on,
 * and no file is opened as 0, 1 or 2 where the caller left these closed: what is printed to a
 * closed stdout is an error, as on a full disk.
 */
void output_prepare(void);

/*
 * At the end of a program, which `who` names: writes out what is left of stdout. False: not all of
 * it could be written, which is said on stderr unless the reader has simply gone.
 */
bool output_settle(const char *who);

/* Columns of the terminal behind it; 0: it is none, or does not say. */
unsigned output_width(int fd);

/* True when whoever read this pipe or terminal has gone. */
bool output_is_gone(int fd);

/*
 * Waits until a line can be written without blocking, or its reader has gone. False: not within
 * the time.
 */
bool output_wait(int fd, int timeout_ms);

/* Where lines go that must not block: what kind of file it is decides how they are written. */
struct output {
    int fd;
    int kind; /* enum in output.c; 0, zeroed memory: plain writes */
};

/*
 * Looks at `fd`, which stays the caller's. Its other users keep it as it is: it is not made
 * non-blocking, which would be so for the shell behind a terminal too.
 */
void output_open(struct output *output, int fd);

/* Writes a line of at most PIPE_BUF bytes, or nothing of it. False: it was not written. */
bool output_write(const struct output *output, const char *line, size_t len);

#endif /* ARB_OUTPUT_H */
