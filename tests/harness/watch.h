/*
 * watch.h - says where a plugin crashed, or never came back.
 *
 * A crash or an endless loop ends the process that runs the plugin with one line of the report:
 * which check, which callback, which input. What it needs to know is in memory that main() owns;
 * signal handlers are of the whole process, so there is one watch.
 */
#ifndef ARB_HARNESS_WATCH_H
#define ARB_HARNESS_WATCH_H

#include "plugin/loader.h"
#include "times.h"

enum { WATCH_INPUT_MAX = 240, WATCH_CHECK_MAX = 256, WATCH_LIMIT_S = 20 };

/* What is written to a file when the plugin crashes on it. */
struct watch_kept {
    const char *path; /* NULL: nothing is */
    struct arb_bytes input;
};

struct watch {
    struct arb_exchange_ops ops;   /* the plugin's own */
    int out;                       /* where the report goes */
    char check[WATCH_CHECK_MAX];   /* the one under way */
    char where[WATCH_CHECK_MAX];   /* more precisely, or "" */
    const char *volatile callback; /* the one under way, or NULL */
    char input[WATCH_INPUT_MAX];   /* the last one, its beginning */
    volatile size_t input_len;
    unsigned limit_s; /* that a callback may take */
    uint64_t n_calls, seen_calls;
    unsigned seen_s; /* seconds that the call under way has been seen for */
    struct watch_kept kept;
    struct times *times; /* of the calls, or NULL: they are not wanted */
    enum times_callback current;
    int64_t entered_ns;
};

/* Starts to watch; once in a process. What it has to say goes to `out`. */
void watch_start(struct watch *watch, unsigned limit_s, int out);

/* Puts itself between the host and the plugin's callbacks. */
void watch_plugin(struct plugin *plugin);

/* The checks that follow have this name. */
void watch_check(const char *name);
/* Where in the check it is, until the next call of this or watch_check(). */
void watch_where(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Both are borrowed until the next call. */
void watch_keep(struct watch_kept kept);
/* Calls are timed from here on; NULL: no longer. */
void watch_times(struct times *times);

#endif /* ARB_HARNESS_WATCH_H */
