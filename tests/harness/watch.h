/*
 * watch.h - says where a plugin crashed, or never came back.
 *
 * A crash or an endless loop ends the harness with one line: which check, which callback, which
 * input. What it needs to know is in memory that main() owns; signal handlers are of the whole
 * process, so there is one watch.
 */
#ifndef ARB_HARNESS_WATCH_H
#define ARB_HARNESS_WATCH_H

#include "plugin/loader.h"

enum { WATCH_INPUT_MAX = 240, WATCH_CHECK_MAX = 256, WATCH_LIMIT_S = 20 };

struct watch {
    struct arb_exchange_ops ops;   /* the plugin's own */
    char check[WATCH_CHECK_MAX];   /* the one under way */
    const char *volatile callback; /* the one under way, or NULL */
    char input[WATCH_INPUT_MAX];   /* the last one, its beginning */
    volatile size_t input_len;
    unsigned limit_s; /* that a callback may take */
    uint64_t n_calls, seen_calls;
    unsigned seen_s; /* seconds that the call under way has been seen for */
};

/* Starts to watch; once in a process. */
void watch_start(struct watch *watch, unsigned limit_s);

/* Puts itself between the host and the plugin's callbacks. */
void watch_plugin(struct plugin *plugin);

/* The checks that follow have this name. */
void watch_check(const char *name);

#endif /* ARB_HARNESS_WATCH_H */
