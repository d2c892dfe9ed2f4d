#include "strategy/requests.h"

#include <string.h>

#include "plugin/abi_sizes.h"

static struct requests *requests_of(struct arb_host *host)
{
    return (struct requests *)host;
}

/* Whose address tells the threads apart. */
static _Thread_local char this_thread;

/* Whether a callback that gets the host is under way, on this thread; else it is noted. */
static bool is_taken(struct requests *requests)
{
    const bool is_open = requests->is_open && requests->thread == &this_thread;

    if (!is_open) {
        atomic_store_explicit(&requests->is_intruded, true, memory_order_relaxed);
    }
    return is_open;
}

static int refuse(struct requests *requests, int rc, const char *rule)
{
    if (requests->broken_rule == NULL) {
        requests->broken_rule = rule;
    }
    return rc;
}

static void write_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    va_list args;

    if (!is_taken(requests_of(host))) {
        return;
    }
    va_start(args, fmt);
    repeats_log(&requests_of(host)->repeats, host->mono_ns, level, requests_of(host)->who, fmt,
                args);
    va_end(args);
}

static int set_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    struct requests *const requests = requests_of(host);

    if (!is_taken(requests)) {
        return ARB_EINVAL;
    }
    if (timer >= ARB_TIMERS_MAX) {
        return refuse(requests, ARB_EINVAL, "a timer is below ARB_TIMERS_MAX");
    }
    requests->timers |= UINT64_C(1) << timer;
    requests->delay_ms[timer] = delay_ms;
    return ARB_OK;
}

static const char *find_rule_of_leg(const struct requests *requests, const struct arb_leg *leg)
{
    if (leg->instrument >= requests->n_instruments) {
        return "a leg's instrument was shown by on_market()";
    }
    if (leg->venue >= requests->n_venues) {
        return "a leg's venue is below n_venues";
    }
    if (leg->side != ARB_BUY && leg->side != ARB_SELL) {
        return "a leg's side is ARB_BUY or ARB_SELL";
    }
    return leg->qty > 0 && leg->limit_px > 0 ? NULL : "a leg's qty and limit_px are above 0";
}

/* The least number has no opposite, and no reader takes it. */
static bool has_impossible_amount(const struct arb_opportunity *o)
{
    const int64_t amounts[] = { o->cost,      o->proceeds, o->fees,       o->gross,     o->net,
                                o->gross_ppm, o->net_ppm,  o->proven_qty, o->proven_net };
    bool is_any = false;

    for (unsigned i = 0; i < sizeof(amounts) / sizeof(*amounts); i++) {
        is_any |= amounts[i] == INT64_MIN;
    }
    for (unsigned i = 0; i < ARB_CURVE_POINTS; i++) {
        is_any |= o->curve[i] == INT64_MIN;
    }
    for (uint32_t i = 0; i < o->n_legs; i++) {
        is_any |= o->legs[i].notional == INT64_MIN || o->legs[i].fee == INT64_MIN;
    }
    return is_any;
}

/* The rule that an opportunity breaks, or NULL. */
static const char *find_broken_rule(const struct requests *requests,
                                    const struct arb_opportunity *opportunity)
{
    if (opportunity->event < ARB_OPPORTUNITY_OPEN || opportunity->event > ARB_OPPORTUNITY_CLOSE) {
        return "an opportunity's event is OPEN, UPDATE or CLOSE";
    }
    if (opportunity->n_legs < 2 || opportunity->n_legs > ARB_LEGS_MAX) {
        return "an opportunity has 2 to ARB_LEGS_MAX legs";
    }
    for (uint32_t i = 0; i < opportunity->n_legs; i++) {
        const char *const rule = find_rule_of_leg(requests, &opportunity->legs[i]);
        if (rule != NULL) {
            return rule;
        }
    }
    if (has_impossible_amount(opportunity)) {
        return "an opportunity's amounts are above INT64_MIN";
    }
    if (opportunity->verified > ARB_SUSPECT) {
        return "an opportunity's verified is an enum arb_verified, or 0";
    }
    const uint32_t flags = ARB_OPPORTUNITY_ABSURD | ARB_OPPORTUNITY_TRANSFER;
    const bool is_close = opportunity->event == ARB_OPPORTUNITY_CLOSE;
    const bool has_reason = opportunity->reason >= ARB_CLOSE_GONE &&
                            opportunity->reason <= ARB_CLOSE_MAX &&
                            opportunity->reason != ARB_CLOSE_ABANDONED;
    if ((opportunity->flags & ~flags) != 0) {
        return "an opportunity's flags are of enum arb_opportunity_flag";
    }
    if (opportunity->transfer_fee < 0 || opportunity->transfer_ms < 0) {
        return "a transfer's fee and time are not below 0";
    }
    if (is_close ? !has_reason : opportunity->reason != 0) {
        return "a CLOSE has a reason, and nothing else has";
    }
    return NULL;
}

static int record_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    struct requests *const requests = requests_of(host);
    struct arb_opportunity known = { .size = 0 };

    if (!is_taken(requests)) {
        return ARB_EINVAL;
    }
    if (opportunity->size < ABI_LEAST_OPPORTUNITY) {
        return refuse(requests, ARB_EINVAL, "an opportunity has its size set");
    }
    abi_copy(&known, sizeof(known), opportunity, opportunity->size);
    known.size = sizeof(known);
    const char *const rule = find_broken_rule(requests, &known);
    if (rule != NULL) {
        return refuse(requests, ARB_EINVAL, rule);
    }
    if (requests->n_opportunities == ARB_OPPORTUNITIES_MAX) {
        return refuse(requests, ARB_ELIMIT, "a callback publishes at most ARB_OPPORTUNITIES_MAX");
    }
    requests->opportunities[requests->n_opportunities++] = known;
    return ARB_OK;
}

/* The rule that a miss breaks, or NULL. */
static const char *find_broken_miss_rule(const struct requests *requests,
                                         const struct arb_miss *miss)
{
    if (miss->reason < ARB_MISS_FEES || miss->reason > ARB_MISS_MAX) {
        return "a miss has a reason";
    }
    if (miss->n_legs < 2 || miss->n_legs > ARB_LEGS_MAX) {
        return "a miss has 2 to ARB_LEGS_MAX legs";
    }
    for (uint32_t i = 0; i < miss->n_legs; i++) {
        const struct arb_miss_leg *const leg = &miss->legs[i];
        if (leg->instrument >= requests->n_instruments || leg->venue >= requests->n_venues) {
            return "a miss is of instruments and venues that were shown";
        }
        if (leg->side != ARB_BUY && leg->side != ARB_SELL) {
            return "a miss has legs that buy or sell";
        }
        if (leg->px <= 0) {
            return "a miss has prices above 0";
        }
    }
    const bool is_impossible = miss->gross_ppm == INT64_MIN || miss->net_ppm == INT64_MIN ||
                               miss->net == INT64_MIN || miss->qty < 0;
    return is_impossible ? "a miss has a qty of at least 0, and amounts above INT64_MIN" : NULL;
}

static int record_miss(struct arb_host *host, const struct arb_miss *miss)
{
    struct requests *const requests = requests_of(host);
    struct arb_miss known = { .size = 0 };

    if (!is_taken(requests)) {
        return ARB_EINVAL;
    }
    if (miss->size < ABI_LEAST_MISS) {
        return refuse(requests, ARB_EINVAL, "a miss has its size set");
    }
    abi_copy(&known, sizeof(known), miss, miss->size);
    known.size = sizeof(known);
    const char *const rule = find_broken_miss_rule(requests, &known);
    if (rule != NULL) {
        return refuse(requests, ARB_EINVAL, rule);
    }
    requests->n_missed[known.reason]++;
    if (requests->n_misses < ARB_MISSES_MAX) {
        requests->misses[requests->n_misses++] = known;
    }
    return ARB_OK;
}

static int view_market(struct arb_host *host, uint32_t instrument, struct arb_market *out)
{
    struct requests *const requests = requests_of(host);

    if (!is_taken(requests)) {
        return ARB_EINVAL;
    }
    if (instrument >= requests->n_instruments) {
        return refuse(requests, ARB_EINVAL, "arb_market_view() is of what on_market() has shown");
    }
    const struct arb_market view = market_view(requests->market, instrument);
    const uint32_t size = out->size;
    abi_copy(out, size, &view, sizeof(view));
    out->size = size;
    return ARB_OK;
}

void requests_init(struct requests *requests, const char *who, struct market *market,
                   uint32_t n_venues)
{
    memset(requests, 0, sizeof(*requests));
    requests->calls = (struct arb_strategy_calls){
        .base = { .size = sizeof(requests->calls), .log = write_log, .timer_set = set_timer },
        .opportunity = record_opportunity,
        .market = view_market,
        .miss = record_miss,
    };
    requests->host.calls = &requests->calls.base;
    requests->who = who;
    requests->market = market;
    requests->n_venues = n_venues;
}

void requests_begin(struct requests *requests, struct moment now)
{
    requests->host.now_ns = now.utc_ns;
    requests->host.mono_ns = now.mono_ns;
    requests->n_instruments = market_n_instruments(requests->market);
    requests->broken_rule = NULL;
    requests->timers = 0;
    requests->n_opportunities = 0;
    requests->n_misses = 0;
    memset(requests->n_missed, 0, sizeof(requests->n_missed));
    requests->thread = &this_thread;
    requests->is_open = true;
}

void requests_end(struct requests *requests)
{
    requests->is_open = false;
}

bool requests_were_intruded(struct requests *requests)
{
    return atomic_exchange_explicit(&requests->is_intruded, false, memory_order_relaxed);
}
