/*
 * cross_venue.c - the same instrument on two venues: buy on one, sell on the other at once.
 *
 * Which pairs of venues are looked at, what is published of them and until when. How much of the
 * books is taken and what that earns is sizing.h's; whether anything crosses at all, tops.h's; what
 * is published of what is open, openings.h's. README.md has the formulas.
 */
#include "openings.h"
#include "sizing.h"
#include "tops.h"

struct cross_venue {
    int64_t min_net_ppm, hysteresis_ppm, max_net_ppm; /* options */
    const char *max_notional_text;
    bool require_verified, is_transfer;

    struct arb_decimal max_notional; /* units 0: any */
    const struct arb_venue *venues;
    uint64_t n_overflows;
    struct tops tops;
    struct openings openings;
};

static const struct arb_option options[] = {
    ARB_OPTION_PPM("min_net", struct cross_venue, min_net_ppm, "0bp", -PPM, PPM,
                   "Publish only what earns more than this after fees, relative to the cost; below "
                   "0, what does not pay is watched too."),
    ARB_OPTION_PPM("hysteresis", struct cross_venue, hysteresis_ppm, "0bp", 0, PPM,
                   "What is open stays so until it earns less than min_net by this."),
    ARB_OPTION_PPM("max_net", struct cross_venue, max_net_ppm, "5%", 0, PPM,
                   "What earns more is marked as absurd: a price may be wrong."),
    ARB_OPTION_STRING("max_notional", struct cross_venue, max_notional_text, "",
                      "The most that one opportunity may cost, in its quote currency; empty: any."),
    ARB_OPTION_BOOL("require_verified", struct cross_venue, require_verified, "no",
                    "Take only levels that the venues' checksums, numbers or links prove."),
    ARB_OPTION_BOOL("transfer", struct cross_venue, is_transfer, "no",
                    "What is bought is withdrawn to the venue where it is sold."),
    ARB_OPTION_MS("max_age", struct cross_venue, openings.limits.max_age_ms, "10s", 0, 86400000,
                  "Ignore books that nobody has known to be so for longer; 0 turns the check off."),
    ARB_OPTION_MS("max_skew", struct cross_venue, openings.limits.max_skew_ms, "0s", 0, 86400000,
                  "Ignore pairs of which one book is older than the other by more; 0: any."),
    ARB_OPTION_MS("update_interval", struct cross_venue, openings.update_interval_ms, "100ms", 0,
                  3600000,
                  "Publish new terms of an open opportunity at most this often; 0 for all."),
};

/* One instrument, bought on venue `buy` and sold on venue `sell`. */
struct pair {
    const struct arb_market *market;
    uint32_t buy, sell;
    bool is_transfer;
};

/* -- is it worth it ---------------------------------------------------------------------------- */

/* NULL: nobody says what it takes. */
static const struct arb_withdrawal *withdrawal_of(const struct pair *pair)
{
    const struct arb_market *const market = pair->market;
    const bool is_told = market->size > offsetof(struct arb_market, withdrawals) &&
                         market->withdrawals != NULL && market->withdrawals[pair->buy].is_known;

    return is_told ? &market->withdrawals[pair->buy] : NULL;
}

static struct sizing_pair sides_of(const struct pair *pair)
{
    const struct arb_market *const market = pair->market;

    return (struct sizing_pair){ .buy = &market->books[pair->buy],
                                 .sell = &market->books[pair->sell],
                                 .buy_terms = &market->terms[pair->buy],
                                 .sell_terms = &market->terms[pair->sell],
                                 .qty_scale = market->info->qty_scale,
                                 .carry = pair->is_transfer ? withdrawal_of(pair) : NULL };
}

static struct sizing_limits limits_of(const struct cross_venue *self, const struct pair *pair)
{
    return (struct sizing_limits){ .max_cost = most_in_units(self->max_notional,
                                                             pair->market->info->px_scale),
                                   .is_proven_only = self->require_verified };
}

static void count_overflow(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
{
    if (self->n_overflows++ == 0) {
        arb_log(host, ARB_WARN,
                "%s from %s to %s is left out: its amounts do not fit 64 bits at px_scale %u; a "
                "smaller scale in [instrument:%s] would help",
                pair->market->info->symbol, self->venues[pair->buy].name,
                self->venues[pair->sell].name, pair->market->info->px_scale,
                pair->market->info->symbol);
    }
}

/* What selling so much would earn; 0 for nothing, and for what does not fit. */
static int64_t net_of(const struct sizing_pair *sides, int64_t sold)
{
    struct arb_opportunity part = { .size = sizeof(part) };
    struct fill fill;

    return sold > 0 && sizing_fill(sides, sold, &fill) && sizing_settle(sides, &fill, &part)
               ? part.net
               : 0;
}

/* What parts of the size earn, and how much of it is proven. */
static void add_parts(const struct sizing_pair *sides, struct arb_opportunity *terms)
{
    const int64_t sold = terms->legs[SELL].qty, proven = sizing_proven(sides);
    const bool is_all_proven = proven >= sold;
    const int64_t proven_sold = is_all_proven ? sold : sizing_whole_lots(sides, proven);

    for (int k = 1; k < ARB_CURVE_POINTS; k++) {
        const int64_t part = (int64_t)((int128)sold * k / ARB_CURVE_POINTS);
        terms->curve[k - 1] = net_of(sides, sizing_whole_lots(sides, part));
    }
    terms->curve[ARB_CURVE_POINTS - 1] = terms->net;
    terms->proven_qty = proven_sold > 0 ? sizing_bought(sides, proven_sold) : 0;
    terms->proven_net = is_all_proven ? terms->net : net_of(sides, proven_sold);
}

static void mark(const struct cross_venue *self, const struct sizing_pair *sides,
                 struct arb_opportunity *terms)
{
    terms->flags = terms->net_ppm > self->max_net_ppm ? (uint32_t)ARB_OPPORTUNITY_ABSURD : 0;
    if (sides->carry != NULL) {
        terms->flags |= ARB_OPPORTUNITY_TRANSFER;
        terms->transfer_fee = sides->carry->fee;
        terms->transfer_ms = sides->carry->takes_ms;
    }
}

/* 0, with the terms, when so much is enough; otherwise why not. */
static uint32_t weigh_size(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                           const struct sizing_limits *limits, int64_t threshold_ppm,
                           struct arb_opportunity *terms)
{
    const struct sizing_pair sides = sides_of(pair);
    struct fill fill;
    enum sizing found = sizing_find(&sides, limits, &fill);

    if (found == SIZING_FOUND && !sizing_settle(&sides, &fill, terms)) {
        found = SIZING_OVERFLOW;
    }
    switch (found) {
    case SIZING_FOUND:
        break;
    case SIZING_MINIMUM:
        return ARB_MISS_MINIMUM;
    case SIZING_CAP:
        return ARB_MISS_CAP;
    case SIZING_PROOF:
        return ARB_MISS_PROOF;
    case SIZING_OVERFLOW:
        count_overflow(self, host, pair);
        return ARB_MISS_LIMIT;
    case SIZING_NONE:
        return ARB_MISS_FEES;
    }
    if (!earns_more_than(threshold_ppm, terms->net, terms->cost)) {
        return fill.is_past_peak ? ARB_MISS_MINIMUM
               : terms->net > 0  ? ARB_MISS_BELOW
                                 : ARB_MISS_FEES;
    }
    add_parts(&sides, terms);
    mark(self, &sides, terms);
    return 0;
}

/*
 * With a threshold below 0 units count that lose, but not more than that. Above it the size that
 * earns most may not earn enough for its cost, and a smaller one of better units does.
 */
static uint32_t weigh(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                      int64_t threshold_ppm, struct arb_opportunity *terms)
{
    struct sizing_limits limits = limits_of(self, pair);

    limits.least_ppm = threshold_ppm < 0 ? threshold_ppm : 0;
    const uint32_t reason = weigh_size(self, host, pair, &limits, threshold_ppm, terms);
    if ((reason != ARB_MISS_BELOW && reason != ARB_MISS_FEES) || threshold_ppm <= 0) {
        return reason;
    }
    limits.least_ppm = threshold_ppm;
    return weigh_size(self, host, pair, &limits, threshold_ppm, terms) == 0 ? 0 : reason;
}

/* -- are the books good -------------------------------------------------------------------------
 */

/* 0, with from when they are too old: both can be traded on. */
static uint32_t find_trouble(const struct cross_venue *self, const struct arb_host *host,
                             const struct pair *pair, int64_t *expiry_ns)
{
    const struct arb_book *const books[] = { &pair->market->books[pair->buy],
                                             &pair->market->books[pair->sell] };

    return openings_judge_books(&self->openings, host, books, 2, expiry_ns);
}

/* 0, with the terms and from when it is too old, when the pair is an opportunity; else why not. */
static uint32_t judge(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                      bool is_open, struct arb_opportunity *terms, int64_t *expiry_ns)
{
    if (pair->is_transfer && withdrawal_of(pair) == NULL) {
        return ARB_MISS_TRANSFER;
    }
    const uint32_t trouble = find_trouble(self, host, pair, expiry_ns);
    if (trouble != 0) {
        return trouble;
    }
    const uint32_t reason =
        weigh(self, host, pair, self->min_net_ppm - (is_open ? self->hysteresis_ppm : 0), terms);
    return reason == ARB_MISS_BELOW && !is_open &&
                   earns_more_than(self->min_net_ppm - self->hysteresis_ppm, terms->net,
                                   terms->cost)
               ? (uint32_t)ARB_MISS_HYSTERESIS
               : reason;
}

/* Relative to the price, rounded down; saturated, for a price of next to nothing. */
static int64_t ppm_of(int128 earned, int64_t px)
{
    const int64_t usual = (int64_t)earned;

    if (usual == earned) {
        return usual / px - (usual % px < 0); /* a division of 128 bits takes much longer */
    }
    const int128 ppm = earned / px - (earned % px < 0);
    return ppm > INT64_MAX ? INT64_MAX : ppm < INT64_MIN ? INT64_MIN : (int64_t)ppm;
}

/* Before fees, whatever the books are worth. */
static bool do_prices_cross(const struct pair *pair)
{
    const struct arb_book *const buy = &pair->market->books[pair->buy];
    const struct arb_book *const sell = &pair->market->books[pair->sell];

    return buy->n_asks > 0 && sell->n_bids > 0 &&
           arb_bid_at(sell, 0)->px > arb_ask_at(buy, 0)->px && arb_ask_at(buy, 0)->px > 0;
}

/* Of a pair of which not one unit is enough, with what one earns, in PPM of a price. */
static uint32_t reason_of_a_unit(const struct cross_venue *self, int128 earned, int64_t buy_px)
{
    if (earned <= 0) {
        return ARB_MISS_FEES;
    }
    return earned > (int128)(self->min_net_ppm - self->hysteresis_ppm) * buy_px
               ? ARB_MISS_HYSTERESIS
               : ARB_MISS_BELOW;
}

static struct arb_miss_leg leg_of(const struct pair *pair, uint32_t venue, uint32_t side,
                                  int64_t px)
{
    return (struct arb_miss_leg){
        .instrument = pair->market->instrument, .venue = venue, .side = side, .px = px
    };
}

/*
 * Of a pair whose best prices cross it is told why it is none. `weighed` may have no size; NULL:
 * not one unit is enough.
 */
static int tell_miss(const struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                     uint32_t reason, const struct arb_opportunity *weighed)
{
    const struct sizing_pair sides = sides_of(pair);
    struct arb_miss miss = { .size = sizeof(miss), .reason = reason, .n_legs = 2 };

    if (!do_prices_cross(pair)) {
        return ARB_OK;
    }
    const int64_t buy_px = arb_ask_at(sides.buy, 0)->px, sell_px = arb_bid_at(sides.sell, 0)->px;
    const int128 kept = sell_px * ((int128)PPM - sides.sell_terms->taker_fee_ppm);
    const int128 paid = buy_px * ((int128)PPM + sides.buy_terms->taker_fee_ppm);
    miss.legs[BUY] = leg_of(pair, pair->buy, ARB_BUY, buy_px);
    miss.legs[SELL] = leg_of(pair, pair->sell, ARB_SELL, sell_px);
    miss.gross_ppm = ppm_of(((int128)sell_px - buy_px) * PPM, buy_px);
    miss.net_ppm = ppm_of(kept - paid, buy_px);
    if (weighed == NULL) {
        miss.reason = reason_of_a_unit(self, kept - paid, buy_px);
        return arb_miss_tell(host, &miss);
    }
    if (reason == ARB_MISS_FEES && kept > paid) {
        miss.reason = ARB_MISS_BELOW; /* the first unit pays, and not enough */
    }
    miss.qty = weighed->legs[BUY].qty;
    miss.net = weighed->net;
    return arb_miss_tell(host, &miss);
}

static int look_closely(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
{
    struct arb_opportunity terms = {
        .size = sizeof(terms),
        .n_legs = 2,
        .legs = { [BUY] = { .instrument = pair->market->instrument,
                            .venue = pair->buy,
                            .side = ARB_BUY },
                  [SELL] = { .instrument = pair->market->instrument,
                             .venue = pair->sell,
                             .side = ARB_SELL } },
    };
    struct opening *const open = open_table_find(&self->openings.table, &terms);
    int64_t expiry_ns = INT64_MAX;
    const uint32_t miss = judge(self, host, pair, open != NULL, &terms, &expiry_ns);

    if (miss != 0 && open == NULL) {
        return tell_miss(self, host, pair, miss, &terms);
    }
    const bool is_left_out = open == NULL && openings_are_full(&self->openings);
    const int rc = openings_tell(&self->openings, host, open, miss, &terms, expiry_ns);
    return rc == ARB_OK && is_left_out ? tell_miss(self, host, pair, ARB_MISS_LIMIT, &terms) : rc;
}

/* Most pairs earn nothing, and are nothing to tell of either; what is open is looked at again. */
static int look_at(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
{
    const uint32_t instrument = pair->market->instrument;
    const bool may_matter = self->openings.table.n_of[instrument] > 0 || do_prices_cross(pair) ||
                            tops_pair_crosses(&self->tops, instrument, pair->buy, pair->sell);

    return may_matter ? look_closely(self, host, pair) : ARB_OK;
}

/* -- callbacks ----------------------------------------------------------------------------------
 */

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    struct cross_venue *const self = instance;

    self->venues = env->venues;
    openings_init(&self->openings);
    if (!read_most(self->max_notional_text, &self->max_notional)) {
        arb_log(host, ARB_ERROR, "max_notional = %s is no amount above 0, like 25000 or 0.5",
                self->max_notional_text);
        return ARB_EINVAL;
    }
    return tops_init(&self->tops, env, self->min_net_ppm);
}

/* Of books that cannot be traded on it is told which pairs would cross. */
static bool is_any_untradable(const struct arb_market *market)
{
    for (uint32_t rest = market->changed; rest != 0; rest &= rest - 1) {
        if (!book_is_tradable(&market->books[__builtin_ctz(rest)])) {
            return true;
        }
    }
    return false;
}

/* No pair of venues pays enough: is there one that would without fees? */
static int tell_nearest(struct cross_venue *self, struct arb_host *host,
                        const struct arb_market *market)
{
    if (!tops_prices_cross(&self->tops, market->instrument)) {
        return ARB_OK;
    }
    const struct tops_pair nearest = tops_nearest(&self->tops, market->instrument);
    const struct pair pair = { market, nearest.buy, nearest.sell, self->is_transfer };

    return pair.buy == pair.sell ? ARB_OK : tell_miss(self, host, &pair, ARB_MISS_FEES, NULL);
}

/* What does not cross opens nothing; what is open is looked at all the same. */
static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    struct cross_venue *const self = instance;
    const bool may_cross = tops_may_cross(&self->tops, market);
    int rc = ARB_OK;

    if (market->is_elsewhere) {
        return openings_hand_over(&self->openings, host, market->instrument);
    }
    if (!may_cross && self->openings.table.n_of[market->instrument] == 0 &&
        !is_any_untradable(market)) {
        return tell_nearest(self, host, market);
    }
    for (uint32_t buy = 0; buy < market->n_venues; buy++) {
        for (uint32_t sell = 0; sell < market->n_venues && rc == ARB_OK; sell++) {
            const bool has_changed = (market->changed & (1U << buy | 1U << sell)) != 0;
            if (buy != sell && has_changed) {
                rc = look_at(self, host, &(struct pair){ market, buy, sell, self->is_transfer });
            }
        }
    }
    return rc;
}

static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct cross_venue *const self = instance;

    (void)timer; /* there is only one */
    return openings_on_timer(&self->openings, host);
}

static int on_stop(void *instance, struct arb_host *host)
{
    struct cross_venue *const self = instance;
    const uint64_t n_untracked = self->openings.n_untracked;
    const int rc = openings_stop(&self->openings, host);

    if (self->n_overflows > 0 || n_untracked > 0) {
        arb_log(host, ARB_WARN, "left out: %llu times for overflow, %llu times for want of room",
                (unsigned long long)self->n_overflows, (unsigned long long)n_untracked);
    }
    return rc;
}

static void fini(void *instance)
{
    struct cross_venue *const self = instance;
    tops_fini(&self->tops);
}

static const struct arb_strategy_ops ops = {
    .size = sizeof(ops),
    .init = init,
    .on_market = on_market,
    .on_timer = on_timer,
    .on_stop = on_stop,
    .fini = fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
    .name = "cross_venue",
    .version = "1.0.0",
    .description = "The same instrument on two venues, to the most profitable size after fees",
    .instance_size = sizeof(struct cross_venue),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
