/*
 * repeats.h - log lines of a plugin, each limited for itself: a flood of one hides no other.
 *
 * The same text comes once in ten seconds. What comes from one place of the code, which is to say
 * with one format, but with another text each time, comes eight times in ten seconds. What was left
 * out is counted, and the next line of its kind says how many. Whatever a plugin does with its
 * formats, 200 lines in ten seconds are all it gets.
 */
#ifndef ARB_REPEATS_H
#define ARB_REPEATS_H

#include <stdarg.h>
#include <stdint.h>

#include "arbspot/host.h"

enum {
    REPEATS_INTERVAL_S = 10,
    REPEATS_OF_PLACE = 8,
    REPEATS_OF_ALL = 200,
    REPEATS_PLACES = 32, /* what was seen longest ago is forgotten for another */
    REPEATS_TEXTS = 64,
};

struct repeat {
    uint64_t key;   /* of the text or the format; 0: this place is free */
    int64_t end_ns; /* of the interval under way, monotonic */
    uint32_t n_shown;
    uint64_t n_hidden;
};

/* Zeroed memory is ready. */
struct repeats {
    struct repeat places[REPEATS_PLACES], texts[REPEATS_TEXTS], all;
};

/* Writes a line of `who` unless there were too many like it. */
void repeats_log(struct repeats *repeats, int64_t mono_ns, enum arb_log_level level,
                 const char *who, const char *fmt, va_list args)
    __attribute__((format(printf, 5, 0)));

#endif /* ARB_REPEATS_H */
