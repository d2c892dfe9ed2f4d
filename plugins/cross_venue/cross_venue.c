/*
 * cross_venue.c - the same instrument on two venues: buy on one, sell on the other at once.
 *
 * Which pairs of venues are looked at, what is published of them and until when. How much of the
 * books is taken and what that earns is sizing.h's; whether anything crosses at all, tops.h's; what
 * is open, open_table.h's. README.md has the formulas.
 */
#include <string.h>

#include "arbspot/decimal.h"
#include "open_table.h"
#include "sizing.h"
#include "tops.h"

enum { THE_TIMER = 0 };

#define NS_PER_MS INT64_C(1000000)

struct cross_venue {
    int64_t min_net_ppm, hysteresis_ppm, max_net_ppm; /* options */
    int64_t max_age_ms, max_skew_ms, update_interval_ms;
    const char *max_notional_text;
    bool require_verified;

    struct arb_decimal max_notional; /* units 0: any */
    const struct arb_venue *venues;
    uint64_t last_id;
    int64_t armed_ns; /* when the timer is due, monotonic; INT64_MAX: not set */
    uint64_t n_overflows, n_untracked;
    struct tops tops;
    struct open_table table;
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
    ARB_OPTION_MS("max_age", struct cross_venue, max_age_ms, "10s", 0, 86400000,
                  "Ignore books that nobody has known to be so for longer; 0 turns the check off."),
    ARB_OPTION_MS("max_skew", struct cross_venue, max_skew_ms, "0s", 0, 86400000,
                  "Ignore pairs of which one book is older than the other by more; 0: any."),
    ARB_OPTION_MS("update_interval", struct cross_venue, update_interval_ms, "100ms", 0, 3600000,
                  "Publish new terms of an open opportunity at most this often; 0 for all."),
};

/* One instrument, bought on venue `buy` and sold on venue `sell`. */
struct pair {
    const struct arb_market *market;
    uint32_t buy, sell;
};

/* -- is it worth it ---------------------------------------------------------------------------- */

static struct sizing_pair sides_of(const struct pair *pair)
{
    const struct arb_market *const market = pair->market;

    return (struct sizing_pair){ .buy = &market->books[pair->buy],
                                 .sell = &market->books[pair->sell],
                                 .buy_terms = &market->terms[pair->buy],
                                 .sell_terms = &market->terms[pair->sell],
                                 .qty_scale = market->info->qty_scale };
}

/* Rounded down: what is allowed does not grow by it. */
static int64_t max_cost_of(const struct cross_venue *self, const struct arb_instrument *info)
{
    const struct arb_decimal most = self->max_notional;
    int64_t units;

    if (most.units == 0) {
        return INT64_MAX;
    }
    if (most.scale > info->px_scale) {
        return most.units / arb_pow10(most.scale - info->px_scale);
    }
    return __builtin_mul_overflow(most.units, arb_pow10(info->px_scale - most.scale), &units)
               ? INT64_MAX
               : units;
}

static struct sizing_limits limits_of(const struct cross_venue *self, const struct pair *pair,
                                      const struct sizing_pair *sides)
{
    return (struct sizing_limits){ .max_qty =
                                       self->require_verified ? sizing_proven(sides) : INT64_MAX,
                                   .max_cost = max_cost_of(self, pair->market->info) };
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

/* What `qty` of it would earn; 0 for nothing, and for what does not fit. */
static int64_t net_of(const struct sizing_pair *sides, int64_t qty)
{
    struct arb_opportunity part = { .size = sizeof(part) };
    struct fill fill;

    return qty > 0 && sizing_fill(sides, qty, &fill) && sizing_settle(sides, &fill, &part)
               ? part.net
               : 0;
}

/* What parts of the size earn, and how much of it is proven. */
static void add_parts(const struct cross_venue *self, const struct sizing_pair *sides,
                      struct arb_opportunity *terms)
{
    const int64_t qty = terms->legs[BUY].qty, proven = sizing_proven(sides);

    for (int k = 1; k < ARB_CURVE_POINTS; k++) {
        const int64_t part = (int64_t)((int128)qty * k / ARB_CURVE_POINTS);
        terms->curve[k - 1] = net_of(sides, sizing_whole_lots(sides, part));
    }
    terms->curve[ARB_CURVE_POINTS - 1] = terms->net;
    terms->proven_qty = proven >= qty ? qty : sizing_whole_lots(sides, proven);
    terms->proven_net = proven >= qty ? terms->net : net_of(sides, terms->proven_qty);
    terms->flags = terms->net_ppm > self->max_net_ppm ? (uint32_t)ARB_OPPORTUNITY_ABSURD : 0;
}

/* Compared before rounding to ppm, so that the default of 0 keeps the smallest profit. */
static bool is_enough(const struct arb_opportunity *terms, int64_t threshold_ppm)
{
    return (int128)terms->net * PPM > (int128)threshold_ppm * terms->cost;
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
        return limits->max_cost == INT64_MAX ? ARB_MISS_PROOF : ARB_MISS_CAP;
    case SIZING_OVERFLOW:
        count_overflow(self, host, pair);
        return ARB_MISS_LIMIT;
    case SIZING_NONE:
        return ARB_MISS_FEES;
    }
    if (!is_enough(terms, threshold_ppm)) {
        return terms->net > 0 ? ARB_MISS_BELOW : ARB_MISS_FEES;
    }
    add_parts(self, &sides, terms);
    return 0;
}

/*
 * With a threshold below 0 units count that lose, but not more than that. Above it the size that
 * earns most may not earn enough for its cost, and a smaller one of better units does.
 */
static uint32_t weigh(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                      int64_t threshold_ppm, struct arb_opportunity *terms)
{
    const struct sizing_pair sides = sides_of(pair);
    struct sizing_limits limits = limits_of(self, pair, &sides);

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

/* When the book's last change was made, where that is known by our clock; else when it came. */
static int64_t made_ns(const struct arb_book *book)
{
    int64_t made_ns;

    if (book->venue_ns == 0 || !arb_clock_is_known(book->clock) ||
        __builtin_sub_overflow(book->venue_ns, book->clock.offset_ns, &made_ns)) {
        return book->recv_ns;
    }
    return made_ns < book->recv_ns ? made_ns : book->recv_ns;
}

/*
 * For how long nobody has known that the book is so: since its last change, or since its host said
 * that it still watches it. Of the first both times are UTC, for who received it may be another
 * machine; a clock ahead of ours counts as now.
 */
static int64_t age_of(const struct arb_host *host, const struct arb_book *book)
{
    const int64_t since_word_ns = book->alive_ns == 0 ? INT64_MAX : host->mono_ns - book->alive_ns;
    int64_t since_change_ns;

    if (__builtin_sub_overflow(host->now_ns, made_ns(book), &since_change_ns)) {
        since_change_ns = INT64_MAX; /* other people's times may be anything */
    }
    since_change_ns = since_change_ns < 0 ? 0 : since_change_ns;
    return since_change_ns < since_word_ns ? since_change_ns : since_word_ns;
}

/* Of the leg that is older, and by how much it is older than the other. */
struct ages {
    int64_t older_ns, skew_ns;
};

static struct ages ages_of(const struct arb_host *host, const struct pair *pair)
{
    const int64_t buy_ns = age_of(host, &pair->market->books[pair->buy]);
    const int64_t sell_ns = age_of(host, &pair->market->books[pair->sell]);

    return buy_ns > sell_ns ? (struct ages){ buy_ns, buy_ns - sell_ns }
                            : (struct ages){ sell_ns, sell_ns - buy_ns };
}

static bool is_too_old(const struct cross_venue *self, struct ages ages)
{
    return (self->max_age_ms > 0 && ages.older_ns > self->max_age_ms * NS_PER_MS) ||
           (self->max_skew_ms > 0 && ages.skew_ns > self->max_skew_ms * NS_PER_MS);
}

/* From when the pair is too old if nothing is heard any more, monotonic. It is not yet. */
static int64_t expiry_of(const struct cross_venue *self, const struct arb_host *host,
                         struct ages ages)
{
    return self->max_age_ms == 0 ? INT64_MAX
                                 : host->mono_ns + self->max_age_ms * NS_PER_MS - ages.older_ns + 1;
}

/* 0: both can be traded on. */
static uint32_t find_trouble(const struct cross_venue *self, const struct arb_host *host,
                             const struct pair *pair)
{
    const struct arb_book *const buy = &pair->market->books[pair->buy];
    const struct arb_book *const sell = &pair->market->books[pair->sell];

    if (tops_is_tradable(buy) && tops_is_tradable(sell)) {
        return is_too_old(self, ages_of(host, pair)) ? ARB_MISS_AGE : 0;
    }
    const bool are_live = buy->state == ARB_BOOK_LIVE && sell->state == ARB_BOOK_LIVE &&
                          buy->trading == ARB_TRADING_OPEN && sell->trading == ARB_TRADING_OPEN;
    return are_live ? ARB_MISS_SUSPECT : ARB_MISS_STATUS;
}

/* 0, with the terms, when the pair is an opportunity; otherwise why it is none. */
static uint32_t judge(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                      bool is_open, struct arb_opportunity *terms)
{
    const uint32_t trouble = find_trouble(self, host, pair);

    if (trouble != 0) {
        return trouble;
    }
    const uint32_t reason =
        weigh(self, host, pair, self->min_net_ppm - (is_open ? self->hysteresis_ppm : 0), terms);
    return reason == ARB_MISS_BELOW && !is_open &&
                   is_enough(terms, self->min_net_ppm - self->hysteresis_ppm)
               ? (uint32_t)ARB_MISS_HYSTERESIS
               : reason;
}

static uint32_t close_reason_of(uint32_t miss)
{
    switch ((enum arb_miss_reason)miss) {
    case ARB_MISS_BELOW:
    case ARB_MISS_HYSTERESIS:
        return ARB_CLOSE_BELOW;
    case ARB_MISS_MINIMUM:
    case ARB_MISS_CAP:
    case ARB_MISS_PROOF:
        return ARB_CLOSE_RESIZED;
    case ARB_MISS_AGE:
        return ARB_CLOSE_TOO_OLD;
    case ARB_MISS_STATUS:
    case ARB_MISS_SUSPECT:
        return ARB_CLOSE_NOT_LIVE;
    case ARB_MISS_FEES:
    case ARB_MISS_LIMIT:
        break;
    }
    return ARB_CLOSE_GONE;
}

/* Relative to the price, rounded down; saturated, for a price of next to nothing. */
static int64_t ppm_of(int128 earned, int64_t px)
{
    const int128 ppm = earned / px - (earned % px < 0);

    return ppm > INT64_MAX ? INT64_MAX : ppm < INT64_MIN ? INT64_MIN : (int64_t)ppm;
}

/* Of a pair whose best prices cross it is told why it is none. `weighed` may have no size. */
static int tell_miss(struct arb_host *host, const struct pair *pair, uint32_t reason,
                     const struct arb_opportunity *weighed)
{
    const struct sizing_pair sides = sides_of(pair);
    struct arb_miss miss = { .size = sizeof(miss),
                             .reason = reason,
                             .instrument = pair->market->instrument,
                             .buy_venue = pair->buy,
                             .sell_venue = pair->sell };

    if (sides.buy->n_asks == 0 || sides.sell->n_bids == 0) {
        return ARB_OK;
    }
    miss.buy_px = arb_ask_at(sides.buy, 0)->px;
    miss.sell_px = arb_bid_at(sides.sell, 0)->px;
    if (miss.sell_px <= miss.buy_px || miss.buy_px <= 0) {
        return ARB_OK;
    }
    const int128 kept = miss.sell_px * ((int128)PPM - sides.sell_terms->taker_fee_ppm);
    const int128 paid = miss.buy_px * ((int128)PPM + sides.buy_terms->taker_fee_ppm);
    miss.gross_ppm = ppm_of(((int128)miss.sell_px - miss.buy_px) * PPM, miss.buy_px);
    miss.net_ppm = ppm_of(kept - paid, miss.buy_px);
    if (reason == ARB_MISS_FEES && kept > paid) {
        miss.reason = ARB_MISS_BELOW; /* the first unit pays, and not enough */
    }
    if (weighed != NULL) {
        miss.qty = weighed->legs[BUY].qty;
        miss.net = weighed->net;
    }
    return arb_miss_tell(host, &miss);
}

/* -- what is published --------------------------------------------------------------------------
 */

static int publish(struct arb_host *host, struct arb_opportunity *terms,
                   enum arb_opportunity_event event)
{
    terms->event = event;
    return arb_opportunity_publish(host, terms);
}

static int close_open(struct cross_venue *self, struct arb_host *host, struct opening *open,
                      uint32_t reason)
{
    open->terms.reason = reason;
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_CLOSE);
    open_table_remove(&self->table, open);
    return rc;
}

/* When the timer has to look at this entry, INT64_MAX for never. */
static int64_t deadline_of(const struct opening *open)
{
    return open->is_pending && open->next_update_ns < open->expiry_ns ? open->next_update_ns
                                                                      : open->expiry_ns;
}

/* Makes sure that on_timer() comes by `deadline_ns`; it may come earlier, for another entry. */
static int arm(struct cross_venue *self, struct arb_host *host, int64_t deadline_ns)
{
    if (self->armed_ns <= deadline_ns) {
        return ARB_OK;
    }
    const int64_t delay_ms = (deadline_ns - host->mono_ns + NS_PER_MS - 1) / NS_PER_MS;
    self->armed_ns = deadline_ns;
    return arb_timer_set(host, THE_TIMER, delay_ms > 0 ? (uint32_t)delay_ms : 1);
}

/* Publishes the latest terms if they are news and their time has come. */
static int publish_pending(struct cross_venue *self, struct arb_host *host, struct opening *open)
{
    if (!open->is_pending || host->mono_ns < open->next_update_ns) {
        return ARB_OK;
    }
    open->is_pending = false;
    open->next_update_ns = host->mono_ns + self->update_interval_ms * NS_PER_MS;
    return publish(host, &open->terms, ARB_OPPORTUNITY_UPDATE);
}

static int open_new(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                    struct arb_opportunity *terms)
{
    terms->id = self->last_id + 1;
    struct opening *const open = open_table_add(&self->table, terms);
    if (open == NULL) {
        if (self->n_untracked++ == 0) {
            arb_log(host, ARB_WARN,
                    "%d opportunities are open, further ones are left out; a "
                    "higher min_net would help",
                    OPEN_MAX);
        }
        return tell_miss(host, pair, ARB_MISS_LIMIT, terms);
    }
    self->last_id++;
    open->expiry_ns = expiry_of(self, host, ages_of(host, pair));
    open->next_update_ns = host->mono_ns + self->update_interval_ms * NS_PER_MS;
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_OPEN);
    return rc != ARB_OK ? rc : arm(self, host, deadline_of(open));
}

static bool is_same_leg(const struct arb_leg *a, const struct arb_leg *b)
{
    return a->qty == b->qty && a->limit_px == b->limit_px && a->notional == b->notional &&
           a->fee == b->fee;
}

/* These determine the rest. */
static bool is_same(const struct arb_opportunity *a, const struct arb_opportunity *b)
{
    return is_same_leg(&a->legs[BUY], &b->legs[BUY]) &&
           is_same_leg(&a->legs[SELL], &b->legs[SELL]) && a->verified == b->verified &&
           a->proven_qty == b->proven_qty;
}

static int refresh(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                   struct opening *open, struct arb_opportunity *terms)
{
    terms->id = open->terms.id;
    open->is_pending = open->is_pending || !is_same(&open->terms, terms);
    open->terms = *terms;
    open->expiry_ns = expiry_of(self, host, ages_of(host, pair));
    const int rc = publish_pending(self, host, open);
    return rc != ARB_OK ? rc : arm(self, host, deadline_of(open));
}

static int look_at(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
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
    struct opening *const open = open_table_find(&self->table, &terms);
    const uint32_t reason = judge(self, host, pair, open != NULL, &terms);

    if (reason != 0) {
        return open == NULL ? tell_miss(host, pair, reason, &terms)
                            : close_open(self, host, open, close_reason_of(reason));
    }
    return open == NULL ? open_new(self, host, pair, &terms)
                        : refresh(self, host, pair, open, &terms);
}

/* -- callbacks ----------------------------------------------------------------------------------
 */

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    struct cross_venue *const self = instance;

    self->venues = env->venues;
    self->armed_ns = INT64_MAX;
    const char *const most = self->max_notional_text;
    self->max_notional = arb_decimal_of((struct arb_bytes){ most, strlen(most) });
    if (most[0] != '\0' && self->max_notional.units == 0) {
        arb_log(host, ARB_ERROR, "max_notional = %s is no amount above 0, like 25000 or 0.5", most);
        return ARB_EINVAL;
    }
    return tops_init(&self->tops, env, self->min_net_ppm);
}

/* Of books that cannot be traded on it is told which pairs would cross. */
static bool is_any_untradable(const struct arb_market *market)
{
    for (uint32_t rest = market->changed; rest != 0; rest &= rest - 1) {
        if (!tops_is_tradable(&market->books[__builtin_ctz(rest)])) {
            return true;
        }
    }
    return false;
}

/* No pair of venues pays enough: is there one that would without fees? */
static int tell_nearest(struct cross_venue *self, struct arb_host *host,
                        const struct arb_market *market)
{
    const struct tops_pair nearest = tops_nearest(&self->tops, market->instrument);
    const struct pair pair = { market, nearest.buy, nearest.sell };

    return pair.buy == pair.sell ? ARB_OK : tell_miss(host, &pair, ARB_MISS_FEES, NULL);
}

/* What does not cross opens nothing; what is open is looked at all the same. */
static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    struct cross_venue *const self = instance;
    int rc = ARB_OK;

    if (!tops_may_cross(&self->tops, market) && self->table.n_of[market->instrument] == 0 &&
        !is_any_untradable(market)) {
        return tell_nearest(self, host, market);
    }
    for (uint32_t buy = 0; buy < market->n_venues; buy++) {
        for (uint32_t sell = 0; sell < market->n_venues && rc == ARB_OK; sell++) {
            const bool has_changed = (market->changed & (1U << buy | 1U << sell)) != 0;
            if (buy != sell && has_changed) {
                rc = look_at(self, host,
                             &(struct pair){ .market = market, .buy = buy, .sell = sell });
            }
        }
    }
    return rc;
}

/* Nothing was heard of it for max_age, or only that its books have not changed. */
static int expire(struct cross_venue *self, struct arb_host *host, struct opening *open)
{
    const struct arb_leg *const legs = open->terms.legs;
    struct arb_market market;
    const int rc = arb_market_view(host, legs[BUY].instrument, &market);

    if (rc != ARB_OK) {
        return rc;
    }
    const struct pair pair = { &market, legs[BUY].venue, legs[SELL].venue };
    const struct ages ages = ages_of(host, &pair);
    if (is_too_old(self, ages)) {
        return close_open(self, host, open, ARB_CLOSE_TOO_OLD);
    }
    open->expiry_ns = expiry_of(self, host, ages);
    return ARB_OK;
}

/* From the end, because what is removed is replaced by the last one. */
static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct cross_venue *const self = instance;
    struct open_table *const table = &self->table;
    int64_t deadline_ns = INT64_MAX;
    int rc = ARB_OK;

    (void)timer; /* there is only one */
    self->armed_ns = INT64_MAX;
    for (uint32_t i = table->n; i-- > 0 && rc == ARB_OK;) {
        struct opening *const open = &table->list[i];
        const uint32_t n = table->n;
        if (host->mono_ns >= open->expiry_ns) {
            rc = expire(self, host, open);
        }
        if (table->n < n || rc != ARB_OK) {
            continue;
        }
        rc = publish_pending(self, host, open);
        const int64_t its_ns = deadline_of(open);
        deadline_ns = its_ns < deadline_ns ? its_ns : deadline_ns;
    }
    return rc != ARB_OK ? rc : arm(self, host, deadline_ns);
}

static int on_stop(void *instance, struct arb_host *host)
{
    struct cross_venue *const self = instance;
    struct open_table *const table = &self->table;
    int rc = ARB_OK;

    while (table->n > 0 && rc == ARB_OK) {
        rc = close_open(self, host, &table->list[table->n - 1], ARB_CLOSE_SHUTDOWN);
    }
    if (self->n_overflows > 0 || self->n_untracked > 0) {
        arb_log(host, ARB_WARN, "left out: %llu times for overflow, %llu times for want of room",
                (unsigned long long)self->n_overflows, (unsigned long long)self->n_untracked);
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
