/*
 * problems.h - what is wrong with a configuration, one line a problem.
 *
 * Problems are found in an order of their own (syntax, then values, then plugins) and read in
 * the order of the file. Whoever finds them in several passes holds them back meanwhile;
 * the last release prints them sorted by line.
 */
#ifndef ARB_PROBLEMS_H
#define ARB_PROBLEMS_H

#include <stdarg.h>
#include <stdio.h>

enum {
    PROBLEM_TEXT_MAX = 1024, /* bytes of one line, terminator included; longer ones are cut */
    PROBLEMS_HELD_MAX = 200, /* the rest is only counted: nobody reads more at once */
};

struct problem;

/* Set `out` and `path`, zero the rest. */
struct problems {
    FILE *out; /* where the lines go */
    const char *path;
    unsigned n;
    unsigned holds; /* problems_hold() without their problems_release() */
    unsigned n_held;
    struct problem *held; /* sorted by line */
};

/* Adds `path:line: [section] key: text`. Line 0, section NULL and key NULL are left out. */
void problem_add(struct problems *problems, unsigned line, const char *section, const char *key,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void problem_vadd(struct problems *problems, unsigned line, const char *section, const char *key,
                  const char *fmt, va_list args) __attribute__((format(printf, 5, 0)));

/*
 * Appends to the held problem of this place, of which there may be none: what somebody who comes
 * later knows about it.
 */
void problem_extend(struct problems *problems, unsigned line, const char *section, const char *key,
                    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Keeps what is added back until the matching problems_release(). Pairs may nest. */
void problems_hold(struct problems *problems);
void problems_release(struct problems *problems);

#endif /* ARB_PROBLEMS_H */
