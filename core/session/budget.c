#include "session/budget.h"

#include <string.h>

#include "arbspot/exchange.h"

#define LOOK_NS (50 * NS_PER_MS)

void rate_init(struct rate *rate, uint32_t limit, int64_t window_ns)
{
    *rate = (struct rate){ .limit = limit, .window_ns = window_ns };
}

static int64_t part_of(const struct rate *rate, int64_t mono_ns)
{
    return mono_ns / (rate->window_ns / RATE_PARTS);
}

/* Forgets what left the window. One part more than the window has is kept: it is rounded up. */
static void advance(struct rate *rate, int64_t part)
{
    if (part - rate->part > RATE_PARTS) {
        memset(rate->counts, 0, sizeof(rate->counts));
        rate->part = part;
    }
    while (rate->part < part) {
        rate->part++;
        rate->counts[rate->part % (RATE_PARTS + 1)] = 0;
    }
}

static uint32_t taken(const struct rate *rate)
{
    uint32_t n = 0;

    for (unsigned i = 0; i <= RATE_PARTS; i++) {
        n += rate->counts[i];
    }
    return n;
}

bool rate_take(struct rate *rate, int64_t mono_ns)
{
    if (rate->limit == 0) {
        return true;
    }
    advance(rate, part_of(rate, mono_ns));
    if (taken(rate) >= rate->limit) {
        return false;
    }
    rate->counts[rate->part % (RATE_PARTS + 1)]++;
    return true;
}

int64_t rate_due_ns(const struct rate *rate, int64_t mono_ns)
{
    struct rate later = *rate;
    const int64_t part_ns = rate->limit == 0 ? 0 : rate->window_ns / RATE_PARTS;
    int64_t part = rate->limit == 0 ? 0 : part_of(rate, mono_ns);

    if (rate->limit == 0) {
        return mono_ns;
    }
    for (advance(&later, part); taken(&later) >= later.limit; part++) {
        advance(&later, part + 1);
    }
    return part * part_ns > mono_ns ? part * part_ns : mono_ns;
}

void budget_init(struct budget *budget, const struct arb_plan *plan)
{
    if (budget->http_at_once != 0) {
        return; /* another session did */
    }
    rate_init(&budget->opens, plan->opens_per_10s, 10 * NS_PER_S);
    rate_init(&budget->opens_long, plan->opens_per_10min, 600 * NS_PER_S);
    rate_init(&budget->http, plan->http_per_min, 60 * NS_PER_S);
    rate_init(&budget->http_long, plan->http_per_10min, 600 * NS_PER_S);
    budget->http_at_once = plan->http_at_once;
}

/* When both have one left. */
static int64_t both_due_ns(const struct rate *a, const struct rate *b, int64_t mono_ns)
{
    const int64_t a_ns = rate_due_ns(a, mono_ns), b_ns = rate_due_ns(b, mono_ns);

    return a_ns > b_ns ? a_ns : b_ns;
}

int64_t budget_open_due_ns(const struct budget *budget, int64_t mono_ns)
{
    return both_due_ns(&budget->opens, &budget->opens_long, mono_ns);
}

bool budget_take_open(struct budget *budget, int64_t mono_ns)
{
    if (budget_open_due_ns(budget, mono_ns) > mono_ns) {
        budget->n_opens_refused++;
        return false;
    }
    (void)rate_take(&budget->opens, mono_ns); /* there is one */
    (void)rate_take(&budget->opens_long, mono_ns);
    return true;
}

/* While the venue refuses, or nothing works, one request tells as much as many. */
static uint32_t at_once(const struct budget *budget)
{
    const bool is_one = budget->is_probing || budget->n_failures >= BUDGET_FAILURES_MAX;
    return is_one ? 1 : budget->http_at_once;
}

bool budget_take_http(struct budget *budget, int64_t mono_ns)
{
    if (budget->n_under_way >= at_once(budget) || mono_ns < budget->pause_until_ns) {
        return false;
    }
    if (both_due_ns(&budget->http, &budget->http_long, mono_ns) > mono_ns) {
        budget->n_http_refused++;
        return false;
    }
    (void)rate_take(&budget->http, mono_ns); /* there is one */
    (void)rate_take(&budget->http_long, mono_ns);
    budget->n_under_way++;
    return true;
}

int64_t budget_look_ns(const struct budget *budget, int64_t mono_ns)
{
    const int64_t rate_ns = both_due_ns(&budget->http, &budget->http_long, mono_ns);
    const int64_t due_ns = rate_ns > budget->pause_until_ns ? rate_ns : budget->pause_until_ns;

    if (budget->n_under_way >= at_once(budget)) {
        return mono_ns + LOOK_NS; /* the answer that ends it may be another session's */
    }
    return due_ns;
}

void budget_http_done(struct budget *budget, bool is_good)
{
    budget->n_under_way -= budget->n_under_way > 0;
    budget->n_failures = is_good ? 0 : budget->n_failures + 1;
    if (is_good) {
        budget->n_refusals = 0;
        budget->is_probing = false;
    }
}

void budget_pause_http(struct budget *budget, int64_t mono_ns, int64_t retry_after_ms)
{
    const unsigned shift = budget->n_refusals < 4 ? budget->n_refusals : 4;
    int64_t pause_ns = BUDGET_PAUSE_MIN_NS << shift;

    pause_ns = pause_ns < BUDGET_PAUSE_MAX_NS ? pause_ns : BUDGET_PAUSE_MAX_NS;
    if (retry_after_ms * NS_PER_MS > pause_ns) {
        pause_ns = retry_after_ms * NS_PER_MS;
    }
    if (mono_ns + pause_ns > budget->pause_until_ns) {
        budget->pause_until_ns = mono_ns + pause_ns;
    }
    budget->is_probing = true;
    budget->n_refusals++;
}
