/*
 * why_report.h - one instrument as a strategy sees it, and what it says of each pair of venues.
 *
 * Told by a runner, in its thread: on_opportunity() and on_miss() are its functions.
 */
#ifndef ARB_WHY_REPORT_H
#define ARB_WHY_REPORT_H

#include <stdio.h>

#include "strategy/runner.h"

/* What was said last of buying on one venue and selling on another. */
struct why_verdict {
    bool is_open;    /* an opportunity of it is */
    uint32_t reason; /* enum arb_miss_reason; 0: nothing was said */
    int64_t at_ns;   /* mono */
    int64_t qty, net;
};

/* The last time that a reason was given. */
struct why_miss {
    struct arb_miss miss;
    int64_t at_ns; /* mono */
};

struct why {
    const char *symbol;
    uint64_t n_opened, n_closed;
    uint64_t n_missed[ARB_MISS_MAX + 1];
    struct why_miss last[ARB_MISS_MAX + 1];
    struct why_verdict verdicts[ARB_VENUES_MAX][ARB_VENUES_MAX]; /* bought on, sold on */
    const struct arb_venue *venues;
    uint32_t n_venues;
};

void why_on_opportunity(void *context, const struct opportunity *opportunity);
void why_on_miss(void *context, const struct market *market, const struct arb_miss *miss);

/* Counts from now on: what was said while books were still being read is of no interest. */
void why_begin(struct why *why);

/* False: no venue has the instrument. */
bool why_print(const struct why *why, struct market *market, struct moment now, FILE *out);

#endif /* ARB_WHY_REPORT_H */
