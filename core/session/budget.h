/*
 * budget.h - what all sessions of one venue may ask of it together: connections opened, requests by
 * HTTP. Venues count by address, not by connection.
 *
 * Windows slide in twentieths, rounded up: never more than `limit` in any window. One owner.
 */
#ifndef ARB_BUDGET_H
#define ARB_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "util/clock.h"

enum { RATE_PARTS = 20 };

/* At most `limit` in `window_ns`; 0: any number. Zeroed memory has no limit. */
struct rate {
    uint32_t limit;
    int64_t window_ns;
    int64_t part; /* number of the part in use: mono_ns / (window_ns / RATE_PARTS) */
    uint32_t counts[RATE_PARTS + 1];
};

void rate_init(struct rate *rate, uint32_t limit, int64_t window_ns);
/* Takes one, or says no. */
bool rate_take(struct rate *rate, int64_t mono_ns);
/* When the next may be taken: now, or later. */
int64_t rate_due_ns(const struct rate *rate, int64_t mono_ns);

#define BUDGET_PAUSE_MIN_NS (1 * NS_PER_S)
#define BUDGET_PAUSE_MAX_NS (15 * NS_PER_S)
enum { BUDGET_FAILURES_MAX = 8 /* in a row: the venue is in trouble, so one at a time is tried */ };

struct budget {
    struct rate opens, opens_long; /* of connections, in 10 s and in 10 minutes */
    struct rate http, http_long;   /* requests, in a minute and in 10 minutes */
    uint32_t http_at_once;
    uint32_t n_under_way;
    uint32_t n_failures;                      /* requests in a row */
    uint32_t n_refusals;                      /* pauses in a row */
    int64_t pause_until_ns;                   /* mono; no request before */
    bool is_probing;                          /* after a pause: one request until one succeeds */
    uint64_t n_opens_refused, n_http_refused; /* how often a rate said no */
};

struct arb_plan;
/* The first session's plan is everybody's. */
void budget_init(struct budget *budget, const struct arb_plan *plan);

/* May a connection be opened now? Takes it. */
bool budget_take_open(struct budget *budget, int64_t mono_ns);
int64_t budget_open_due_ns(const struct budget *budget, int64_t mono_ns);

/* May a request go out now? Takes it. */
bool budget_take_http(struct budget *budget, int64_t mono_ns);
/* When to ask again after a no. */
int64_t budget_look_ns(const struct budget *budget, int64_t mono_ns);
/* It came back, or never will. */
void budget_http_done(struct budget *budget, bool is_good);
/* The venue is asked too often: a pause for everybody, longer each time, at least `retry_after_ms`.
 */
void budget_pause_http(struct budget *budget, int64_t mono_ns, int64_t retry_after_ms);

#endif /* ARB_BUDGET_H */
