/*
 * quiet.h - says once that something is missing for too long, and once that it is over.
 */
#ifndef ARB_QUIET_H
#define ARB_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_DEFAULT_NS (60 * INT64_C(1000000000)) /* [host] silence, where there is no INI */

/* Zeroed memory is ready. */
struct quiet {
    bool is_missing, is_said;
    int64_t since_ns; /* mono: it is missing since then */
};

enum quiet_news {
    QUIET_NONE = 0,
    QUIET_BEGINS, /* it is missing for `limit_ns` */
    QUIET_ENDS,   /* it is there again, after `since_ns` */
};

/* To be called again and again. A limit of 0: nothing is ever said. */
enum quiet_news quiet_look(struct quiet *quiet, bool is_missing, int64_t now_ns, int64_t limit_ns);

/* For how long it was missing, or is, in whole seconds and at least 1. */
long long quiet_seconds(const struct quiet *quiet, int64_t now_ns);

#endif /* ARB_QUIET_H */
