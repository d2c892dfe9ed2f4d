/*
 * times.h - how long each callback of the plugin takes, where it is called as a venue would have
 * it: in scripts and recordings. Never a verdict: machines differ.
 */
#ifndef ARB_HARNESS_TIMES_H
#define ARB_HARNESS_TIMES_H

#include <stdint.h>

#include "report.h"

enum times_callback {
    TIMES_INIT = 0,
    TIMES_ASK,
    TIMES_ON_MESSAGE,
    TIMES_SPELL,
    TIMES_ON_ANSWER,
    TIMES_CHECKSUM,
    TIMES_RESET,
    TIMES_ON_TIMER,
    TIMES_FINI,
    TIMES_CALLBACKS
};

const char *times_name(enum times_callback callback);

/* Calls of one callback; zeroed memory is ready. */
struct times_of {
    uint32_t *list_ns; /* of the first calls, as many as were kept */
    size_t n_kept, cap;
    uint64_t n_calls, max_ns;
};

struct times {
    struct times_of of[TIMES_CALLBACKS];
};

/* Counts one call. Without memory its time is not among those the median is of. */
void times_add(struct times *times, enum times_callback callback, int64_t ns);
/* Says of each callback that was called how often, and how long it took. */
void times_tell(struct times *times, struct report *report);
void times_fini(struct times *times);

#endif /* ARB_HARNESS_TIMES_H */
