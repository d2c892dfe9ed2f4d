/* Opens where a best bid is above another venue's best ask by min_gross, whatever the fees are. */
#include "arbspot/decimal.h"
#include "arbspot/strategy.h"

enum { TIMER = 0, EVERY_MS = 1000, PPM = 1000000 };

struct spread {
    int64_t min_gross_ppm, max_age_ms; /* options */
    uint64_t last_id;
    struct arb_opportunity open[ARB_INSTRUMENTS_MAX]; /* one of an instrument; id 0: none */
};

static __int128 divide_up(__int128 value, __int128 unit)
{
    return value / unit + (value % unit > 0 ? 1 : 0);
}

/* The terms of the best levels. False: they do not cross, or are more than is computed with. */
static bool weigh(const struct arb_market *market, const uint32_t *venues,
                  struct arb_opportunity *o)
{
    const struct arb_book *const books[] = { &market->books[venues[0]], &market->books[venues[1]] };
    const __int128 unit = arb_pow10(market->info->qty_scale);

    if (books[0]->n_asks == 0 || books[1]->n_bids == 0) {
        return false;
    }
    const struct arb_level levels[] = { *arb_ask_at(books[0], 0), *arb_bid_at(books[1], 0) };
    const int64_t qty = levels[levels[0].qty > levels[1].qty].qty; /* the smaller one */
    *o = (struct arb_opportunity){ .size = sizeof(*o), .n_legs = 2 };
    for (uint32_t i = 0; i < 2; i++) { /* money is rounded against us */
        const __int128 exact = (__int128)levels[i].px * qty;
        const __int128 notional = i == 0 ? divide_up(exact, unit) : exact / unit;
        if (notional > INT64_MAX / (4 * PPM)) {
            return false;
        }
        const int64_t fee_ppm = market->terms[venues[i]].taker_fee_ppm;
        const uint32_t verified = arb_book_verified(books[i], 1);
        o->legs[i] = (struct arb_leg){ .instrument = market->instrument,
                                       .venue = venues[i],
                                       .side = i == 0 ? ARB_BUY : ARB_SELL,
                                       .qty = qty,
                                       .limit_px = levels[i].px,
                                       .notional = (int64_t)notional,
                                       .fee = (int64_t)divide_up(exact * fee_ppm, unit * PPM) };
        o->fees += o->legs[i].fee;
        o->verified = verified > o->verified ? verified : o->verified; /* the weaker leg's */
    }
    o->cost = o->legs[0].notional;
    o->proceeds = o->legs[1].notional;
    o->gross = o->proceeds - o->cost;
    o->net = o->gross - o->fees;
    o->gross_ppm = o->gross * PPM / o->cost;
    o->net_ppm = o->net * PPM / o->cost;
    return levels[1].px > levels[0].px;
}

/* Why the book may not be traded on, or 0. A quiet one is not old while its host watches it. */
static uint32_t doubt(const struct spread *self, const struct arb_host *host,
                      const struct arb_book *book)
{
    if (book->state != ARB_BOOK_LIVE || book->trading != ARB_TRADING_OPEN ||
        book->verified == ARB_SUSPECT) {
        return ARB_CLOSE_NOT_LIVE;
    }
    return host->mono_ns - book->alive_ns > self->max_age_ms * 1000000 ? ARB_CLOSE_TOO_OLD : 0;
}

static int tell_miss(struct arb_host *host, const struct arb_opportunity *o, uint32_t reason)
{
    struct arb_miss miss = { .size = sizeof(miss),
                             .reason = reason == ARB_CLOSE_NOT_LIVE  ? ARB_MISS_STATUS
                                       : reason == ARB_CLOSE_TOO_OLD ? ARB_MISS_AGE
                                                                     : ARB_MISS_BELOW,
                             .n_legs = o->n_legs,
                             .gross_ppm = o->gross_ppm,
                             .net_ppm = o->net_ppm };
    for (uint32_t i = 0; i < o->n_legs; i++) {
        miss.legs[i] = (struct arb_miss_leg){ .instrument = o->legs[i].instrument,
                                              .venue = o->legs[i].venue,
                                              .side = o->legs[i].side,
                                              .px = o->legs[i].limit_px };
    }
    return arb_miss_tell(host, &miss);
}

/* Its last terms go out with its end, too. */
static int tell(struct arb_host *host, struct arb_opportunity *open, uint32_t event,
                uint32_t reason)
{
    open->event = event;
    open->reason = reason;
    const int rc = arb_opportunity_publish(host, open);
    open->id = event == ARB_OPPORTUNITY_CLOSE ? 0 : open->id;
    return rc;
}

static int look(struct spread *self, struct arb_host *host, const struct arb_market *market,
                const uint32_t *venues)
{
    struct arb_opportunity *const open = &self->open[market->instrument], terms;
    const bool is_open = open->id != 0, crosses = weigh(market, venues, &terms);
    const bool is_this =
        is_open && open->legs[0].venue == venues[0] && open->legs[1].venue == venues[1];
    uint32_t reason = market->is_elsewhere ? ARB_CLOSE_HANDED_OVER : 0;

    if (!is_this && (is_open || reason != 0 || !crosses)) {
        return ARB_OK;
    }
    for (uint32_t i = 0; i < 2 && reason == 0; i++) {
        reason = doubt(self, host, &market->books[venues[i]]);
    }
    if (reason == 0 && (!crosses || terms.gross_ppm < self->min_gross_ppm)) {
        reason = crosses ? ARB_CLOSE_BELOW : ARB_CLOSE_GONE;
    }
    if (reason != 0) {
        return is_this ? tell(host, open, ARB_OPPORTUNITY_CLOSE, reason)
                       : tell_miss(host, &terms, reason);
    }
    if (is_this && terms.legs[0].qty == open->legs[0].qty && terms.cost == open->cost &&
        terms.proceeds == open->proceeds) {
        return ARB_OK; /* deeper levels changed */
    }
    terms.id = is_this ? open->id : ++self->last_id;
    *open = terms;
    return tell(host, open, is_this ? ARB_OPPORTUNITY_UPDATE : ARB_OPPORTUNITY_OPEN, 0);
}

static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < market->n_venues * market->n_venues && rc == ARB_OK; i++) {
        const uint32_t venues[] = { i / market->n_venues, i % market->n_venues }; /* buy, sell */
        rc = venues[0] == venues[1] ? ARB_OK : look(instance, host, market, venues);
    }
    return rc;
}

/* Books grow old without a change, so what is open is looked at every second. */
static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    const struct spread *const self = instance;
    struct arb_market market;
    int rc = arb_timer_set(host, timer, EVERY_MS);

    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX && rc == ARB_OK; i++) {
        if (self->open[i].id != 0) {
            rc = arb_market_view(host, i, &market);
            rc = rc == ARB_OK ? on_market(instance, host, &market) : rc;
        }
    }
    return rc;
}

static int on_stop(void *instance, struct arb_host *host)
{
    struct spread *const self = instance;
    int rc = ARB_OK;

    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX && rc == ARB_OK; i++) {
        rc = self->open[i].id == 0
                 ? ARB_OK
                 : tell(host, &self->open[i], ARB_OPPORTUNITY_CLOSE, ARB_CLOSE_SHUTDOWN);
    }
    return rc;
}

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    (void)instance;
    (void)env;
    return arb_timer_set(host, TIMER, EVERY_MS);
}

static const struct arb_option options[] = {
    ARB_OPTION_PPM("min_gross", struct spread, min_gross_ppm, "5bp", 0, PPM,
                   "Publish what earns at least this before fees, relative to the cost."),
    ARB_OPTION_MS("max_age", struct spread, max_age_ms, "10s", 1, 86400000,
                  "Ignore books whose host has not said for longer that it watches them."),
};
static const struct arb_strategy_ops ops = { .size = sizeof(ops),
                                             .init = init,
                                             .on_market = on_market,
                                             .on_timer = on_timer,
                                             .on_stop = on_stop };

ARB_PLUGIN_EXPORT = { ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
                      .name = "spread",
                      .version = "1.0.0",
                      .description = "The strategy of the plugin author's guide",
                      ARB_PLUGIN_OPTIONS(options),
                      .instance_size = sizeof(struct spread),
                      .ops = &ops };
