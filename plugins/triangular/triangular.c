/*
 * triangular.c - cycles of three and four orders that end with more of a currency than they began
 * with.
 *
 * Which cycles are looked at when a book changes, and what they are worth. Which cycles there are
 * is cycles.h's, how much goes through one chain.h's, its money settle.h's; what is published of
 * it, openings.h's. README.md has the formulas.
 */
#include <stdlib.h>

#include "cycles.h"
#include "openings.h"
#include "rates.h"
#include "settle.h"

/* Of a leg that nobody offers: four of them do not overflow. */
#define NO_RATE (INT64_MIN / 8)

/* The best rate of a leg, as it was when the books of its instrument changed last. */
struct known_rate {
    int64_t px; /* 0: there is none */
    int32_t fee_ppm;
    uint32_t venue;
    int64_t fee_log; /* what the fee has of the logarithm */
};

struct triangular {
    int64_t min_net_ppm, hysteresis_ppm, max_net_ppm, max_legs; /* options */
    const char *start_text, *equivalent_text, *max_notional_text;
    bool is_one_venue;

    struct arb_decimal max_notional; /* units 0: any */
    uint32_t n_venues;
    int64_t fee_ppm;          /* the one with which the next is least, of all seen */
    int64_t least_log;        /* what does not sum up to more earns too little */
    struct known_rate *rates; /* [lanes][LEG_IDS] */
    int64_t *logs;            /* likewise, and apart: these are read most */
    uint32_t n_room;          /* opportunities that the callback may still open */
    uint64_t n_overflows, n_summed, n_computed;
    uint32_t n_elsewhere;                   /* instruments that another member looks after: */
    bool is_elsewhere[ARB_INSTRUMENTS_MAX]; /* cycles that begin with them are not looked at */
    bool is_refusal_logged;
    struct cycles cycles;
    struct openings openings;
};

static const struct arb_option options[] = {
    ARB_OPTION_STRING("start", struct triangular, start_text, "USD,USDT,USDC,EUR,BTC",
                      "Currencies that cycles begin and end with; of those in a cycle, the first."),
    ARB_OPTION_STRING("equivalent", struct triangular, equivalent_text, "",
                      "Currencies, such as USD,USDT,USDC: instead of all cycles, only one coin "
                      "bought for one of them and sold for another, which is changed back."),
    ARB_OPTION_BOOL("one_venue", struct triangular, is_one_venue, "no",
                    "All legs of a cycle on the same venue."),
    ARB_OPTION_INT_OF("max_legs", struct triangular, max_legs, "4", "3|4",
                      "The most legs of a cycle."),
    ARB_OPTION_PPM("min_net", struct triangular, min_net_ppm, "0bp", -PPM, PPM,
                   "Publish only what earns more than this after fees, relative to the cost; below "
                   "0, what does not pay is watched too."),
    ARB_OPTION_PPM("hysteresis", struct triangular, hysteresis_ppm, "0bp", 0, PPM,
                   "What is open stays so until it earns less than min_net by this."),
    ARB_OPTION_PPM("max_net", struct triangular, max_net_ppm, "5%", 0, PPM,
                   "What earns more is marked as absurd: a price may be wrong."),
    ARB_OPTION_STRING("max_notional", struct triangular, max_notional_text, "",
                      "The most that one opportunity may cost, in its start currency; empty: any."),
    ARB_OPTION_MS("max_age", struct triangular, openings.limits.max_age_ms, "10s", 0, 86400000,
                  "Ignore books that nobody has known to be so for longer; 0 turns the check off."),
    ARB_OPTION_MS("max_skew", struct triangular, openings.limits.max_skew_ms, "0s", 0, 86400000,
                  "Ignore cycles of which one book is older than another by more; 0: any."),
    ARB_OPTION_MS("update_interval", struct triangular, openings.update_interval_ms, "100ms", 0,
                  3600000,
                  "Publish new terms of an open opportunity at most this often; 0 for all."),
};

/* -- the best venue of a leg --------------------------------------------------------------------
 */

/* Lanes are looked at apart: each venue where all legs are on one, else there is one of them all.
 */
static uint32_t n_lanes(const struct triangular *self)
{
    return self->is_one_venue ? self->n_venues : 1;
}

static uint32_t venues_of_lane(const struct triangular *self, uint32_t lane)
{
    return self->is_one_venue ? 1U << lane : UINT32_MAX;
}

static size_t place_of(uint32_t lane, uint32_t leg)
{
    return (size_t)lane * LEG_IDS + leg;
}

/* With such a fee something is paid for a purchase, and something remains of a sale. */
static bool fee_is_sane(int64_t fee_ppm)
{
    return fee_ppm > -PPM && fee_ppm < PPM;
}

/* The rate of the best level of a side. False: there is none that can be computed with. */
static bool level_rate(const struct arb_market *market, uint32_t venue, uint32_t side,
                       struct rate *rate)
{
    const struct arb_book *const book = &market->books[venue];
    const bool is_buy = side == ARB_BUY;
    const int64_t fee_ppm = market->terms[venue].taker_fee_ppm;

    if ((is_buy ? book->n_asks : book->n_bids) == 0 || !fee_is_sane(fee_ppm)) {
        return false;
    }
    *rate = (struct rate){ .is_buy = is_buy,
                           .px_scale = market->info->px_scale,
                           .px = (is_buy ? arb_ask_at(book, 0) : arb_bid_at(book, 0))->px,
                           .fee_ppm = fee_ppm };
    return rate->px > 0;
}

/* Nothing lies there that the order would have to spend. */
static bool is_bare(const struct arb_terms *terms, uint32_t side)
{
    return (side == ARB_BUY ? terms->most_quote : terms->most_base) == ARB_NOTHING;
}

/* The same of a book that can be traded on, where there is something to spend. */
static bool top_rate(const struct arb_market *market, uint32_t venue, uint32_t side,
                     struct rate *rate)
{
    return book_is_tradable(&market->books[venue]) && !is_bare(&market->terms[venue], side) &&
           level_rate(market, venue, side, rate);
}

/* What is paid for a unit, or remains of one, in PPM. */
static int128 worth_of(struct rate rate)
{
    return rate.px * ((int128)PPM + (rate.is_buy ? rate.fee_ppm : -rate.fee_ppm));
}

static bool is_better(struct rate a, struct rate b)
{
    return a.is_buy ? worth_of(a) < worth_of(b) : worth_of(a) > worth_of(b);
}

/* The venue with the best price after its fee, of equal ones the first; ARB_VENUES_MAX: none. */
static uint32_t best_venue(const struct triangular *self, const struct arb_market *market,
                           uint32_t side, uint32_t venues, const struct arb_host *host,
                           struct rate *best)
{
    uint32_t found = ARB_VENUES_MAX;

    for (uint32_t venue = 0; venue < market->n_venues; venue++) {
        struct rate rate;
        if ((venues & 1U << venue) == 0 || !top_rate(market, venue, side, &rate)) {
            continue;
        }
        const struct arb_book *const book = &market->books[venue];
        if (host != NULL && ages_are_too_old(&self->openings.limits, ages_of(host, &book, 1))) {
            continue;
        }
        if (found == ARB_VENUES_MAX || is_better(rate, *best)) {
            found = venue;
            *best = rate;
        }
    }
    return found;
}

static void keep_rate(struct triangular *self, size_t place, struct rate rate, uint32_t venue)
{
    struct known_rate *const known = &self->rates[place];

    known->venue = venue;
    if (known->px == 0 || known->fee_ppm != rate.fee_ppm) {
        known->fee_log = rate_fee_log_of(rate);
    }
    if (known->px != rate.px || known->fee_ppm != rate.fee_ppm) {
        known->px = rate.px;
        known->fee_ppm = (int32_t)rate.fee_ppm; /* it is sane */
        self->logs[place] = rate_log_of(rate);
    }
}

/* Of all venues, whatever the books' ages, so that time alone makes no rate better than known. */
static void find_rate(struct triangular *self, const struct arb_market *market, uint32_t lane,
                      uint32_t side)
{
    const size_t place = place_of(lane, leg_id(market->instrument, side));
    struct rate rate;
    const uint32_t venue = best_venue(self, market, side, venues_of_lane(self, lane), NULL, &rate);

    if (venue == ARB_VENUES_MAX) {
        self->rates[place] = (struct known_rate){ 0 };
        self->logs[place] = NO_RATE;
    } else {
        keep_rate(self, place, rate, venue);
    }
}

/* The other venues are looked at only where the best one got worse. */
static void note_rate(struct triangular *self, const struct arb_market *market, uint32_t venue,
                      uint32_t side)
{
    const uint32_t lane = self->is_one_venue ? venue : 0;
    const size_t place = place_of(lane, leg_id(market->instrument, side));
    const struct known_rate *const known = &self->rates[place];
    const struct rate before = { .is_buy = side == ARB_BUY,
                                 .px = known->px,
                                 .fee_ppm = known->fee_ppm };
    const bool is_best = known->px > 0 && known->venue == venue;
    struct rate rate;
    const bool is_there = top_rate(market, venue, side, &rate);

    if (is_best && (!is_there || is_better(before, rate))) {
        find_rate(self, market, lane, side);
    } else if (is_there && (is_best || known->px == 0 || is_better(rate, before))) {
        keep_rate(self, place, rate, venue);
    }
}

/*
 * A cycle that earns more than min_net of its cost, to which the first leg's fee does not count,
 * has rates whose product is above (1 + fee + min_net) / (1 + fee). The fee that asks least is
 * taken.
 */
static int64_t least_log_of(int64_t min_net_ppm, int64_t fee_ppm)
{
    const int64_t spent = PPM + fee_ppm, least = spent + min_net_ppm;

    if (min_net_ppm == 0) {
        return 0;
    }
    return least <= 0 ? INT64_MIN : log2_of((uint64_t)least) - log2_of((uint64_t)spent);
}

static void note_fee(struct triangular *self, int64_t fee_ppm)
{
    const bool asks_less =
        self->min_net_ppm < 0 ? fee_ppm < self->fee_ppm : fee_ppm > self->fee_ppm;

    if (asks_less && fee_is_sane(fee_ppm)) {
        self->fee_ppm = fee_ppm;
        self->least_log = least_log_of(self->min_net_ppm, fee_ppm);
    }
}

static void note_rates(struct triangular *self, const struct arb_market *market)
{
    for (uint32_t rest = market->changed; rest != 0; rest &= rest - 1) {
        const uint32_t venue = (uint32_t)__builtin_ctz(rest);
        note_fee(self, market->terms[venue].taker_fee_ppm);
        note_rate(self, market, venue, ARB_BUY);
        note_rate(self, market, venue, ARB_SELL);
    }
}

/* -- is it worth it -----------------------------------------------------------------------------
 */

static void count_overflow(struct triangular *self, struct arb_host *host,
                           const struct arb_market *first)
{
    if (self->n_overflows++ == 0) {
        arb_log(host, ARB_WARN,
                "a cycle that begins with %s is left out: its amounts do not fit at px_scale %u; "
                "smaller scales in [instrument:SYMBOL] of its instruments would help",
                first->info->symbol, first->info->px_scale);
    }
}

/* The markets of the legs. */
struct views {
    struct arb_market markets[CYCLE_LEGS_MAX];
};

static struct chain chain_of(const struct views *views, const struct arb_opportunity *terms)
{
    struct chain chain = { .n = terms->n_legs };

    for (uint32_t i = 0; i < chain.n; i++) {
        const struct arb_market *const market = &views->markets[i];
        const struct arb_leg *const leg = &terms->legs[i];
        chain.legs[i] = (struct chain_leg){
            .side = { .book = &market->books[leg->venue], .is_bids = leg->side == ARB_SELL },
            .terms = &market->terms[leg->venue],
            .px_scale = market->info->px_scale,
            .qty_scale = market->info->qty_scale,
        };
    }
    return chain;
}

/* 0, with the terms, when so much is enough; otherwise why not. */
static uint32_t weigh_size(struct triangular *self, struct arb_host *host,
                           const struct views *views, int64_t least_ppm,
                           struct arb_opportunity *terms, int64_t threshold_ppm)
{
    const struct chain chain = chain_of(views, terms);
    const struct chain_limits limits = {
        .least_ppm = least_ppm, .max_cost = most_in_units(self->max_notional, chain_scale(&chain))
    };
    struct chain_fill fill;
    enum chain_found found = chain_find(&chain, &limits, &fill);

    if (found == CHAIN_FOUND && !settle(&chain, &fill, terms)) {
        found = CHAIN_OVERFLOW;
    }
    switch (found) {
    case CHAIN_FOUND:
        break;
    case CHAIN_MINIMUM:
        return ARB_MISS_MINIMUM;
    case CHAIN_CAP:
        return ARB_MISS_CAP;
    case CHAIN_OVERFLOW:
        count_overflow(self, host, &views->markets[0]);
        return ARB_MISS_LIMIT;
    case CHAIN_NONE:
        return ARB_MISS_FEES;
    }
    if (!earns_more_than(threshold_ppm, terms->net, terms->cost)) {
        return terms->net > 0 ? ARB_MISS_BELOW : ARB_MISS_FEES;
    }
    settle_parts(&chain, terms);
    terms->flags = terms->net_ppm > self->max_net_ppm ? (uint32_t)ARB_OPPORTUNITY_ABSURD : 0;
    return 0;
}

/*
 * With a threshold below 0 units count that lose, but not more than that. Above it the size that
 * earns most may not earn enough for its cost, and a smaller one of better units does.
 */
static uint32_t weigh(struct triangular *self, struct arb_host *host, const struct views *views,
                      int64_t threshold_ppm, struct arb_opportunity *terms)
{
    const int64_t least_ppm = threshold_ppm < 0 ? threshold_ppm : 0;
    const uint32_t reason = weigh_size(self, host, views, least_ppm, terms, threshold_ppm);

    if (threshold_ppm <= 0 || (reason != ARB_MISS_BELOW && reason != ARB_MISS_FEES)) {
        return reason;
    }
    return weigh_size(self, host, views, threshold_ppm, terms, threshold_ppm) == 0 ? 0 : reason;
}

/* 0 when it is enough; otherwise why not. */
static uint32_t judge(struct triangular *self, struct arb_host *host, const struct views *views,
                      bool is_open, struct arb_opportunity *terms)
{
    const int64_t least_ppm = self->min_net_ppm - self->hysteresis_ppm;
    const uint32_t reason =
        weigh(self, host, views, is_open ? least_ppm : self->min_net_ppm, terms);

    return reason == ARB_MISS_BELOW && !is_open &&
                   earns_more_than(least_ppm, terms->net, terms->cost)
               ? (uint32_t)ARB_MISS_HYSTERESIS
               : reason;
}

/* -- what is missed -----------------------------------------------------------------------------
 */

/* A unit through the legs at their best prices, with fees and without. */
struct unit {
    struct rate net[CYCLE_LEGS_MAX], gross[CYCLE_LEGS_MAX];
};

/* False: there is none. */
static bool find_unit(const struct views *views, const struct arb_opportunity *legs,
                      struct unit *unit)
{
    for (uint32_t i = 0; i < legs->n_legs; i++) {
        const struct arb_leg *const leg = &legs->legs[i];
        if (!level_rate(&views->markets[i], leg->venue, leg->side, &unit->net[i])) {
            return false;
        }
        unit->gross[i] = unit->net[i];
        unit->gross[i].fee_ppm = 0;
    }
    return true;
}

/* A unit that pays after fees does not pay enough. */
static uint32_t reason_of_a_unit(const struct triangular *self, const struct unit *unit, uint32_t n)
{
    const int64_t spent = PPM + (unit->net[0].is_buy ? unit->net[0].fee_ppm : 0);
    const int64_t least = spent + self->min_net_ppm - self->hysteresis_ppm;

    if (!rates_exceed(unit->net, n, 1, 1)) {
        return ARB_MISS_FEES;
    }
    return least <= 0 || rates_exceed(unit->net, n, least, spent) ? ARB_MISS_HYSTERESIS
                                                                  : ARB_MISS_BELOW;
}

/*
 * Of a cycle whose best prices earn something before fees it is told why it is none. `legs` may
 * have no size. A reason of 0: not one unit is enough.
 */
static int tell_miss(const struct triangular *self, struct arb_host *host,
                     const struct views *views, const struct arb_opportunity *legs, uint32_t reason)
{
    const uint32_t n = legs->n_legs;
    struct arb_miss miss = { .size = sizeof(miss), .reason = reason, .n_legs = n };
    struct unit unit;

    if (!find_unit(views, legs, &unit) || !rates_exceed(unit.gross, n, 1, 1)) {
        return ARB_OK;
    }
    if (reason == 0) {
        miss.reason = reason_of_a_unit(self, &unit, n);
    } else if (reason == ARB_MISS_FEES && rates_exceed(unit.net, n, 1, 1)) {
        miss.reason = ARB_MISS_BELOW; /* the first unit pays, and not enough */
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct arb_leg *const leg = &legs->legs[i];
        miss.legs[i] = (struct arb_miss_leg){ .instrument = leg->instrument,
                                              .venue = leg->venue,
                                              .side = leg->side,
                                              .px = unit.net[i].px };
    }
    miss.gross_ppm = rates_ppm(unit.gross, n);
    miss.net_ppm = rates_ppm(unit.net, n);
    miss.qty = legs->legs[0].qty;
    miss.net = legs->net;
    return arb_miss_tell(host, &miss);
}

/* -- what is looked at --------------------------------------------------------------------------
 */

static int view_all(struct arb_host *host, const struct arb_opportunity *terms, struct views *views)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < terms->n_legs && rc == ARB_OK; i++) {
        rc = arb_market_view(host, terms->legs[i].instrument, &views->markets[i]);
    }
    return rc;
}

/* Judges the legs of `legs` as the books are, and says what has become of them. */
static int look_at(struct triangular *self, struct arb_host *host,
                   const struct arb_opportunity *legs, const struct views *views)
{
    struct arb_opportunity terms = { .size = sizeof(terms), .n_legs = legs->n_legs };
    const struct arb_book *books[CYCLE_LEGS_MAX];
    int64_t expiry_ns = INT64_MAX;

    for (uint32_t i = 0; i < legs->n_legs; i++) {
        const struct arb_leg *const leg = &legs->legs[i];
        terms.legs[i] = (struct arb_leg){ .instrument = leg->instrument,
                                          .venue = leg->venue,
                                          .side = leg->side };
        books[i] = &views->markets[i].books[leg->venue];
    }
    struct opening *const open = open_table_find(&self->openings.table, &terms);
    uint32_t reason = openings_judge_books(&self->openings, host, books, terms.n_legs, &expiry_ns);
    if (reason == 0) {
        reason = judge(self, host, views, open != NULL, &terms);
    }
    self->n_computed++;
    return reason != 0 && open == NULL
               ? tell_miss(self, host, views, &terms, reason)
               : openings_tell(&self->openings, host, open, reason, &terms, expiry_ns);
}

static bool has_changed_leg(const struct arb_opportunity *terms, const struct arb_market *market)
{
    for (uint32_t i = 0; i < terms->n_legs; i++) {
        const struct arb_leg *const leg = &terms->legs[i];
        if (leg->instrument == market->instrument && (market->changed & 1U << leg->venue) != 0) {
            return true;
        }
    }
    return false;
}

/* From the end, because what is removed is replaced by the last one. */
static int look_at_open(struct triangular *self, struct arb_host *host,
                        const struct arb_market *market)
{
    const struct open_table *const table = &self->openings.table;
    struct views views;
    int rc = ARB_OK;

    if (table->n_of[market->instrument] == 0) {
        return ARB_OK;
    }
    for (uint32_t i = table->n; i-- > 0 && rc == ARB_OK;) {
        const struct arb_opportunity *const terms = &table->list[i].terms;
        if (has_changed_leg(terms, market)) {
            rc = view_all(host, terms, &views);
            rc = rc == ARB_OK ? look_at(self, host, terms, &views) : rc;
        }
    }
    return rc;
}

/* Adds logarithms, and so has a margin: what it is too little of has no chance. */
static int64_t sum_up(const struct triangular *self, const struct cycle *cycle, uint32_t leg,
                      uint32_t lane)
{
    const int64_t *const logs = &self->logs[place_of(lane, 0)];
    int64_t sum = logs[leg] + cycle->n * RATE_ERROR + 2 * LOG_ERROR;

    for (uint32_t i = 0; i + 1 < cycle->n; i++) {
        sum += logs[cycle->others[i]];
    }
    return sum;
}

/* The venues of the legs, as the books are now. False: nobody offers one of them. */
static bool choose_venues(const struct triangular *self, const struct arb_host *host,
                          const struct views *views, uint32_t lane, struct arb_opportunity *legs)
{
    for (uint32_t i = 0; i < legs->n_legs; i++) {
        struct arb_leg *const leg = &legs->legs[i];
        struct rate rate;
        leg->venue = best_venue(self, &views->markets[i], leg->side, venues_of_lane(self, lane),
                                host, &rate);
        if (leg->venue == ARB_VENUES_MAX) {
            return false;
        }
    }
    return true;
}

/* The legs of a cycle, and their markets. */
static int lay_out(struct arb_host *host, const struct cycle *cycle, uint32_t leg,
                   struct arb_opportunity *legs, struct views *views)
{
    uint32_t ids[CYCLE_LEGS_MAX];

    *legs = (struct arb_opportunity){ .n_legs = cycle->n };
    cycle_legs(cycle, leg, ids);
    for (uint32_t i = 0; i < cycle->n; i++) {
        legs->legs[i] =
            (struct arb_leg){ .instrument = leg_instrument(ids[i]), .side = leg_side(ids[i]) };
    }
    return view_all(host, legs, views);
}

/* No books are young enough: is it one with those that are not? */
static int tell_age(const struct triangular *self, struct arb_host *host, const struct views *views,
                    uint32_t lane, struct arb_opportunity *legs)
{
    return choose_venues(self, NULL, views, lane, legs)
               ? tell_miss(self, host, views, legs, ARB_MISS_AGE)
               : ARB_OK;
}

static int try_cycle(struct triangular *self, struct arb_host *host, const struct cycle *cycle,
                     uint32_t leg, uint32_t lane)
{
    struct arb_opportunity legs;
    struct views views;
    const int rc = lay_out(host, cycle, leg, &legs, &views);

    if (rc != ARB_OK || !choose_venues(self, host, &views, lane, &legs)) {
        return rc != ARB_OK ? rc : tell_age(self, host, &views, lane, &legs);
    }
    if (open_table_find(&self->openings.table, &legs) != NULL) {
        return ARB_OK; /* it was looked at, if it changed */
    }
    if (self->n_room == 0) {
        self->openings.n_untracked++;
        return tell_miss(self, host, &views, &legs, ARB_MISS_LIMIT);
    }
    const uint32_t n_open = self->openings.table.n;
    const int looked = look_at(self, host, &legs, &views);
    self->n_room -= self->openings.table.n - n_open;
    return looked;
}

/* -- the cycles of a leg ------------------------------------------------------------------------
 */

/* Of those that cannot pay, the one that comes closest to it. */
struct nearest {
    const struct cycle *cycle; /* NULL: there is none */
    int64_t sum;
    uint32_t leg, lane;
    bool is_beaten; /* others may pay */
};

/* At least what the logarithms are without what fees have of them. */
static int64_t gross_of(const struct triangular *self, const struct nearest *nearest)
{
    const struct cycle *const cycle = nearest->cycle;
    const struct known_rate *const rates = &self->rates[place_of(nearest->lane, 0)];
    int64_t gross = nearest->sum - rates[nearest->leg].fee_log + 2 * LOG_ERROR * cycle->n;

    for (uint32_t i = 0; i + 1 < cycle->n; i++) {
        gross -= rates[cycle->others[i]].fee_log;
    }
    return gross;
}

/* On the venues that have the best prices, whatever their ages. */
static int tell_nearest(const struct triangular *self, struct arb_host *host,
                        const struct nearest *nearest)
{
    const struct known_rate *const rates = &self->rates[place_of(nearest->lane, 0)];
    const struct arb_book *books[CYCLE_LEGS_MAX];
    struct arb_opportunity legs;
    struct views views;
    int64_t expiry_ns;
    const int rc = lay_out(host, nearest->cycle, nearest->leg, &legs, &views);

    if (rc != ARB_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < legs.n_legs; i++) {
        struct arb_leg *const leg = &legs.legs[i];
        leg->venue = rates[leg_id(leg->instrument, leg->side)].venue;
        books[i] = &views.markets[i].books[leg->venue];
    }
    return tell_miss(self, host, &views, &legs,
                     openings_judge_books(&self->openings, host, books, legs.n_legs, &expiry_ns));
}

/* Is it for this member of the group to look at the cycle? */
static bool is_ours(const struct triangular *self, const struct cycle *cycle, uint32_t leg)
{
    const uint32_t first = cycle->start == 0 ? leg : cycle->others[cycle->start - 1];
    return self->n_elsewhere == 0 || !self->is_elsewhere[leg_instrument(first)];
}

static int try_leg(struct triangular *self, struct arb_host *host, uint32_t leg, uint32_t lane,
                   struct nearest *nearest)
{
    const struct cycle_list *const cycles = &self->cycles.lists[leg];
    int rc = ARB_OK;

    for (uint32_t i = 0; i < cycles->n && rc == ARB_OK; i++) {
        const struct cycle *const cycle = &cycles->list[i];
        if (!is_ours(self, cycle, leg)) {
            continue;
        }
        self->n_summed++;
        const int64_t sum = sum_up(self, cycle, leg, lane);
        if (sum > self->least_log) {
            nearest->is_beaten = true;
            rc = try_cycle(self, host, cycle, leg, lane);
        } else if (sum > nearest->sum) {
            nearest->sum = sum;
            nearest->cycle = cycle;
            nearest->leg = leg;
            nearest->lane = lane;
        }
    }
    return rc;
}

/* -- callbacks ----------------------------------------------------------------------------------
 */

static int refuse(struct arb_host *host, const char *key, const char *value, const char *why)
{
    arb_log(host, ARB_ERROR, "%s = %s %s", key, value, why);
    return ARB_EINVAL;
}

static bool has_equivalents(const struct triangular *self)
{
    return self->equivalent_text[0] != '\0';
}

static bool init_cycles(struct triangular *self)
{
    const bool is_narrow = has_equivalents(self);
    const struct cycles_wanted wanted = { .starts =
                                              is_narrow ? self->equivalent_text : self->start_text,
                                          .max_legs = (uint32_t)self->max_legs,
                                          .has_one_conversion = is_narrow };

    return cycles_init(&self->cycles, &wanted) == ARB_OK &&
           (!is_narrow || self->cycles.n_starts >= 2);
}

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    struct triangular *const self = instance;

    self->n_venues = env->n_venues;
    openings_init(&self->openings);
    if (!read_most(self->max_notional_text, &self->max_notional)) {
        return refuse(host, "max_notional", self->max_notional_text,
                      "is no amount above 0, like 25000 or 0.5");
    }
    if (!init_cycles(self)) {
        return has_equivalents(self)
                   ? refuse(host, "equivalent", self->equivalent_text,
                            "is no list of two to 16 currencies in capitals, each once, like "
                            "USD,USDT,USDC")
                   : refuse(host, "start", self->start_text,
                            "is no list of one to 16 currencies in capitals, each once, like "
                            "USD,USDT,BTC");
    }
    self->least_log = least_log_of(self->min_net_ppm, 0);
    self->rates = calloc((size_t)n_lanes(self) * LEG_IDS + 1, sizeof(*self->rates));
    self->logs = calloc((size_t)n_lanes(self) * LEG_IDS + 1, sizeof(*self->logs));
    return self->rates == NULL || self->logs == NULL ? ARB_ENOMEM : ARB_OK;
}

/* Of an instrument of which no book was looked at yet. */
static void begin_rates(struct triangular *self, uint32_t instrument)
{
    for (uint32_t lane = 0; lane < n_lanes(self); lane++) {
        self->logs[place_of(lane, leg_id(instrument, ARB_BUY))] = NO_RATE;
        self->logs[place_of(lane, leg_id(instrument, ARB_SELL))] = NO_RATE;
    }
}

static void enter(struct triangular *self, struct arb_host *host, const struct arb_market *market)
{
    const bool is_new = cycles_enter(&self->cycles, market->instrument, market->info);

    if (is_new) {
        begin_rates(self, market->instrument);
    }
    if (is_new && self->cycles.n_refused > 0 && !self->is_refusal_logged) {
        self->is_refusal_logged = true;
        arb_log(host, ARB_WARN,
                "cycles with %s, and perhaps others, are left out: %d are the limit, or memory is "
                "short; max_legs = 3, fewer start currencies or fewer instruments would help",
                market->info->symbol, (int)CYCLES_MAX);
    }
}

/* What begins with the instrument and is open is closed when it is for somebody else. */
static int note_owner(struct triangular *self, struct arb_host *host,
                      const struct arb_market *market)
{
    bool *const is_elsewhere = &self->is_elsewhere[market->instrument];

    self->n_elsewhere += market->is_elsewhere;
    self->n_elsewhere -= *is_elsewhere;
    *is_elsewhere = market->is_elsewhere;
    return *is_elsewhere ? openings_hand_over(&self->openings, host, market->instrument) : ARB_OK;
}

static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    struct triangular *const self = instance;

    if (market->instrument >= ARB_INSTRUMENTS_MAX) {
        return ARB_OK;
    }
    struct nearest nearest = { .sum = NO_RATE };

    enter(self, host, market);
    note_rates(self, market);
    /* Something may be said of each that is open, and a callback may say only so much. */
    self->n_room = ARB_OPPORTUNITIES_MAX - self->openings.table.n;
    int rc = note_owner(self, host, market);
    rc = rc == ARB_OK ? look_at_open(self, host, market) : rc;
    for (uint32_t lane = 0; lane < n_lanes(self); lane++) {
        const bool has_changed = (venues_of_lane(self, lane) & market->changed) != 0;
        for (uint32_t side = ARB_BUY; side <= ARB_SELL && has_changed && rc == ARB_OK; side++) {
            rc = try_leg(self, host, leg_id(market->instrument, side), lane, &nearest);
        }
    }
    return rc == ARB_OK && nearest.cycle != NULL && !nearest.is_beaten &&
                   gross_of(self, &nearest) > 0
               ? tell_nearest(self, host, &nearest)
               : rc;
}

static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct triangular *const self = instance;

    (void)timer; /* there is only one */
    return openings_on_timer(&self->openings, host);
}

static int on_stop(void *instance, struct arb_host *host)
{
    struct triangular *const self = instance;
    const uint64_t n_left_out =
        self->n_overflows + self->openings.n_untracked + self->cycles.n_refused;
    const int rc = openings_stop(&self->openings, host);

    arb_log(host, ARB_INFO,
            "%u instruments make %u cycles; %llu times one was summed up, %llu times computed",
            (unsigned)self->cycles.n_edges, (unsigned)self->cycles.n,
            (unsigned long long)self->n_summed, (unsigned long long)self->n_computed);
    if (n_left_out > 0) {
        arb_log(host, ARB_WARN,
                "left out: %llu times for overflow, %llu times for want of room; %llu cycles that "
                "there was no room for",
                (unsigned long long)self->n_overflows,
                (unsigned long long)self->openings.n_untracked,
                (unsigned long long)self->cycles.n_refused);
    }
    return rc;
}

static void fini(void *instance)
{
    struct triangular *const self = instance;

    cycles_fini(&self->cycles);
    free(self->rates);
    free(self->logs);
}

static const struct arb_strategy_ops ops = {
    .size = sizeof(ops),
    .init = init,
    .on_market = on_market,
    .on_timer = on_timer,
    .on_stop = on_stop,
    .fini = fini,
    .flags = ARB_STRATEGY_ACROSS,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
    .name = "triangular",
    .version = "1.0.0",
    .description = "Cycles of three and four orders within and across venues, after fees",
    .instance_size = sizeof(struct triangular),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
