/*
 * triangular_cases.c - shows the strategy triangular random cycles, one after another, and writes
 * each with what came of it as a line of JSON, for an oracle in another language.
 *
 * Usage: triangular_cases N [SEED]. All numbers are integers in the units of the instruments;
 * levels are best first. README.md has the members.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "arbspot/strategy.h"

enum { LEVELS_MAX = 6, LEGS_MAX = 4, VENUES = 4, SCALE_MAX = 4 };
enum { PPM = 1000000, MIN_NET_MOST = 5000 };

/* One, where products of rates are computed. */
#define RATE_ONE INT64_C(1000000000000000000)

__extension__ typedef __int128 wide;

extern const struct arb_plugin arb_plugin; /* triangular is linked into this program */

/* One order of the cycle, the only book of its instrument. */
struct leg {
    bool buys;
    unsigned venue;
    struct arb_instrument info;
    struct arb_level side[LEVELS_MAX]; /* that is taken, worst first, as in a book */
    uint32_t n, anchor; /* the level, counted from the best one, whose price was drawn first */
    struct arb_terms terms[VENUES];
    struct arb_book books[VENUES];
};

/* One random cycle from USD through A and B, perhaps C. */
struct round {
    struct leg legs[LEGS_MAX];
    unsigned n;
    struct arb_venue venues[VENUES];
    int64_t min_net_ppm;
    int64_t most; /* that it may cost, in 10^-most_scale of USD; 0: any */
    unsigned most_scale;
    bool is_edge;       /* something meets exactly: */
    bool is_tied;       /* prices of the legs, so that they just break even */
    bool is_roomy;      /* deep books, so that little is lost to roundings */
    bool has_limits;    /* lots and minimums */
    bool has_inventory; /* of some legs is known what lies at their venues */
};

struct listener {
    struct arb_host host; /* first */
    const struct round *round;
    unsigned n_opportunities;
    struct arb_opportunity last;
};

/* -- what the strategy asks of its host ---------------------------------------------------------
 */

/* The books are shown once and have one cycle in one direction, so there is nothing else to say. */
static int take_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    struct listener *const listener = (struct listener *)host;
    bool is_expected = listener->n_opportunities++ == 0 &&
                       opportunity->event == ARB_OPPORTUNITY_OPEN &&
                       opportunity->n_legs == listener->round->n;

    for (uint32_t i = 0; is_expected && i < opportunity->n_legs; i++) {
        const struct arb_leg *const found = &opportunity->legs[i];
        const struct leg *const leg = &listener->round->legs[i];
        is_expected = found->instrument == i && found->venue == leg->venue &&
                      (found->side == ARB_BUY) == leg->buys;
    }
    if (!is_expected) {
        (void)fprintf(stderr,
                      "triangular_cases: another opportunity than the cycle was published\n");
        abort();
    }
    listener->last = *opportunity;
    return ARB_OK;
}

static struct arb_market market_of(const struct round *round, uint32_t i, uint32_t changed)
{
    const struct leg *const leg = &round->legs[i];

    return (struct arb_market){ .size = sizeof(struct arb_market),
                                .instrument = i,
                                .info = &leg->info,
                                .n_venues = VENUES,
                                .changed = changed,
                                .venues = round->venues,
                                .books = leg->books,
                                .terms = leg->terms };
}

static int view_market(struct arb_host *host, uint32_t instrument, struct arb_market *market)
{
    *market = market_of(((struct listener *)host)->round, instrument, 0);
    return ARB_OK;
}

static int take_miss(struct arb_host *host, const struct arb_miss *miss)
{
    (void)host, (void)miss;
    return ARB_OK;
}

static int take_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    (void)host, (void)timer, (void)delay_ms;
    return ARB_OK;
}

__attribute__((format(printf, 3, 4))) static void
take_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    (void)host, (void)level, (void)fmt;
}

static const struct arb_strategy_calls calls = {
    .base = { .size = sizeof(calls), .log = take_log, .timer_set = take_timer },
    .opportunity = take_opportunity,
    .market = view_market,
    .miss = take_miss,
};

/* -- chance -------------------------------------------------------------------------------------
 */

static uint64_t seed;

static int64_t below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % limit);
}

static bool one_in(uint64_t n)
{
    return below(n) == 0;
}

static int64_t between(int64_t least, int64_t most)
{
    return least + below((uint64_t)(most - least + 1));
}

/* -- currencies and scales ----------------------------------------------------------------------
 */

/*
 * About as much of a currency as goes through the cycle: `units` of 10^-scale. Scales and prices
 * follow from it, so that what a leg brings is of the size that the next one takes.
 */
struct amount {
    int64_t units;
    int scale;
};

static int within_scales(int scale)
{
    return scale < 0 ? 0 : scale > SCALE_MAX ? SCALE_MAX : scale;
}

static struct amount base_of(const struct leg *leg, const struct amount *from)
{
    return leg->buys ? from[1] : from[0];
}

static struct amount quote_of(const struct leg *leg, const struct amount *from)
{
    return leg->buys ? from[0] : from[1];
}

/* Prices have two or three digits, and money that is brought as well, wherever a scale has them. */
static void draw_scales(struct leg *leg, const struct amount *from)
{
    const int base = base_of(leg, from).scale, quote = quote_of(leg, from).scale;
    const int digits = one_in(10) ? 1 : 2, least = quote - base + digits;
    const int enough = within_scales(least > quote ? least : quote);

    leg->info.px_scale = (uint8_t)between(enough, SCALE_MAX);
    leg->info.qty_scale = (uint8_t)within_scales(base + (one_in(20) ? (int)below(3) - 1 : 0));
}

/* The price at which the two amounts are worth the same. */
static int64_t price_of(const struct leg *leg, const struct amount *from)
{
    const struct amount base = base_of(leg, from), quote = quote_of(leg, from);
    const int64_t px = quote.units * arb_pow10((unsigned)(leg->info.px_scale + base.scale)) /
                       (base.units * arb_pow10((unsigned)quote.scale));

    return px < 1 ? 1 : px;
}

/* Numbers without other factors than 2 and 5, whose quotients have an end: prices that meet. */
static int64_t smooth(int64_t number)
{
    static const int64_t digits[] = { 100, 125, 200, 250, 400, 500, 800 };
    int64_t power = 1, best = 1;

    while (number / power >= 1000) {
        power *= 10;
    }
    for (size_t i = 0; i < sizeof(digits) / sizeof(*digits); i++) {
        best = number < 100 || digits[i] * power > number ? best : digits[i] * power;
    }
    return number >= 100 ? best : number >= 50 ? 50 : number >= 20 ? 20 : number >= 10 ? 10 : 4;
}

static void name_legs(struct round *round)
{
    static const char *const names[] = { "USD", "A", "B", "C" };

    for (unsigned i = 0; i < round->n; i++) {
        struct leg *const leg = &round->legs[i];
        const char *const from = names[i], *const to = names[(i + 1) % round->n];
        struct arb_instrument *const info = &leg->info;
        (void)snprintf(info->base, sizeof(info->base), "%s", leg->buys ? to : from);
        (void)snprintf(info->quote, sizeof(info->quote), "%s", leg->buys ? from : to);
        (void)snprintf(info->symbol, sizeof(info->symbol), "%s/%s", leg->buys ? to : from,
                       leg->buys ? from : to);
    }
}

/* -- books --------------------------------------------------------------------------------------
 */

static int64_t draw_qty(const struct round *round)
{
    if (round->is_edge && one_in(2)) {
        return 10 * between(1, 6);
    }
    return one_in(15) ? between(1, 5) : between(round->is_roomy ? 25 : 1, 60);
}

/* Around the price of the anchor, and all of them are above 0. */
static void draw_side(const struct round *round, struct leg *leg, int64_t px)
{
    const uint32_t at = leg->anchor;
    const int64_t wide_step = px / (round->is_roomy ? 400 : 60) + 1,
                  safe_step = (px - 1) / LEVELS_MAX;
    const int64_t step = wide_step < safe_step ? wide_step : safe_step;
    const int64_t away = leg->buys ? 1 : -1;
    struct arb_level *const best = &leg->side[leg->n - 1];

    (best - at)->px = px;
    for (uint32_t i = at; i-- > 0;) {
        (best - i)->px = (best - i - 1)->px - away * between(1, step);
    }
    for (uint32_t i = at + 1; i < leg->n; i++) {
        (best - i)->px = (best - i + 1)->px + away * between(1, step);
    }
    for (uint32_t i = 0; i < leg->n; i++) {
        leg->side[i].qty = draw_qty(round);
    }
}

static int64_t draw_fee(void)
{
    return one_in(16)  ? below(50001) /* so that what it is a share of matters */
           : one_in(4) ? 0
           : one_in(4) ? -below(2001)
                       : below(one_in(2) ? 1001 : 5001);
}

/* One venue has the book; those of the others are not LIVE. */
static void draw_venues(struct leg *leg)
{
    leg->venue = (unsigned)below(VENUES);
    leg->terms[leg->venue].taker_fee_ppm = draw_fee();
    struct arb_book *const book = &leg->books[leg->venue];
    *book =
        (struct arb_book){ .state = ARB_BOOK_LIVE,
                           .trading = ARB_TRADING_OPEN,
                           .verified = one_in(6) ? ARB_UNVERIFIABLE : ARB_VERIFIED,
                           .verified_levels = one_in(2) ? 0 : (uint32_t)between(1, LEVELS_MAX) };
    for (unsigned i = 0; i < VENUES; i++) {
        leg->books[i].bids = leg->books[i].asks = leg->side;
    }
}

static void show_side(struct leg *leg)
{
    struct arb_book *const book = &leg->books[leg->venue];

    book->n_asks = leg->buys ? leg->n : 0;
    book->n_bids = leg->buys ? 0 : leg->n;
}

/* -- the price of the last leg ------------------------------------------------------------------
 */

static int64_t fee_of(const struct leg *leg)
{
    return leg->terms[leg->venue].taker_fee_ppm;
}

static wide rounded(wide value, wide divisor)
{
    return (value + divisor / 2) / divisor;
}

/* `rate` of what is spent becomes this much with a price. */
static wide swapped(const struct leg *leg, wide rate, int64_t px)
{
    const wide one = arb_pow10(leg->info.px_scale);

    return leg->buys ? rounded(rounded(rate * one, px) * PPM, PPM + fee_of(leg))
                     : rounded(rounded(rate * px, one) * (PPM - fee_of(leg)), PPM);
}

/* The price with which the last leg makes `wanted` of a rate, as near as there is one. */
static int64_t closing_px(const struct leg *leg, wide rate, wide wanted)
{
    const wide one = arb_pow10(leg->info.px_scale);

    return (int64_t)(leg->buys ? rounded(rounded(rate * PPM, PPM + fee_of(leg)) * one, wanted)
                               : rounded(rounded(wanted * PPM, PPM - fee_of(leg)) * one, rate));
}

/* What the product of the rates has to be above, for units that are worth it. */
static wide needed(const struct round *round)
{
    const struct leg *const first = &round->legs[0];
    const int64_t spent = PPM + (first->buys ? fee_of(first) : 0);

    return rounded((wide)RATE_ONE * (spent + round->min_net_ppm), spent);
}

/* The anchors of all legs just break even together, or miss that by a unit. */
static int64_t px_on_the_edge(const struct round *round)
{
    const struct leg *const last = &round->legs[round->n - 1];
    const wide wanted = one_in(3) ? RATE_ONE : needed(round);
    wide rate = RATE_ONE;

    for (unsigned i = 0; i + 1 < round->n; i++) {
        const struct leg *const leg = &round->legs[i];
        rate = swapped(leg, rate, leg->side[leg->n - 1 - leg->anchor].px);
    }
    return closing_px(last, rate, wanted) + (one_in(3) ? below(3) - 1 : 0);
}

/* What the best levels make of one: some per cent more or less, or a loss that is small enough. */
static wide draw_rate(const struct round *round)
{
    const bool is_watched = round->min_net_ppm < 0 && one_in(2);
    const int64_t gain_ppm = is_watched ? between(round->min_net_ppm, 0) : between(-80000, 100000);

    return (wide)RATE_ONE / PPM * (PPM + gain_ppm);
}

static int64_t px_nearby(const struct round *round)
{
    wide rate = RATE_ONE;

    for (unsigned i = 0; i + 1 < round->n; i++) {
        const struct leg *const leg = &round->legs[i];
        rate = swapped(leg, rate, leg->side[leg->n - 1].px);
    }
    return closing_px(&round->legs[round->n - 1], rate, draw_rate(round));
}

/* -- one cycle ----------------------------------------------------------------------------------
 */

enum { PX_LEAST = 1 + LEVELS_MAX }; /* of any, so that levels below it have a price above 0 */

static int64_t at_least(int64_t least, int64_t value)
{
    return value < least ? least : value;
}

/* No fees, or one that a rebate makes up for: what is left of prices is exact. */
static void draw_fees_on_the_edge(struct round *round)
{
    const int64_t fee = one_in(2) ? 0 : between(-2000, 2000);
    const unsigned buyer = (unsigned)below(round->n), seller = (unsigned)below(round->n);

    for (unsigned i = 0; i < round->n; i++) {
        struct leg *const leg = &round->legs[i];
        leg->terms[leg->venue].taker_fee_ppm = 0;
    }
    if (round->legs[buyer].buys && !round->legs[seller].buys) {
        struct leg *const one = &round->legs[buyer], *const other = &round->legs[seller];
        one->terms[one->venue].taker_fee_ppm = fee;
        other->terms[other->venue].taker_fee_ppm = -fee;
    }
}

static void draw_legs(struct round *round, struct amount *amounts)
{
    const int scale = (int)below(SCALE_MAX - 1);

    for (unsigned i = 0; i < round->n; i++) {
        amounts[i] = (struct amount){ between(50, 150), scale + (int)below(3) };
    }
    amounts[round->n] = amounts[0];
    for (unsigned i = 0; i < round->n; i++) {
        struct leg *const leg = &round->legs[i];
        *leg = (struct leg){ .buys = one_in(2),
                             .n = (uint32_t)between(round->is_roomy && !one_in(3) ? 3 : 1,
                                                    LEVELS_MAX) };
        leg->anchor = (uint32_t)below(leg->n);
        draw_scales(leg, &amounts[i]);
        draw_venues(leg);
    }
}

static void draw_books(struct round *round, const struct amount *amounts)
{
    struct leg *const last = &round->legs[round->n - 1];

    last->anchor = round->is_tied ? last->anchor : 0;
    if (round->is_tied && !one_in(4)) {
        draw_fees_on_the_edge(round);
    }
    for (unsigned i = 0; i + 1 < round->n; i++) {
        struct leg *const leg = &round->legs[i];
        const int64_t px = at_least(PX_LEAST, price_of(leg, &amounts[i]));
        draw_side(round, leg, round->is_tied ? at_least(PX_LEAST, smooth(px)) : px);
    }
    const int64_t px = round->is_tied ? px_on_the_edge(round) : px_nearby(round);
    draw_side(round, last, at_least(PX_LEAST, px));
    for (unsigned i = 0; i < round->n; i++) {
        show_side(&round->legs[i]);
    }
}

/* -- limits -------------------------------------------------------------------------------------
 */

/* What some of the best levels have, and what that is worth, down to units. */
static int64_t some_of(const struct leg *leg, int64_t *worth)
{
    int64_t qty = 0;

    *worth = 0;
    for (uint32_t i = leg->n; i-- > 0 && (qty == 0 || !one_in(3));) {
        const int64_t part = one_in(2) ? leg->side[i].qty : between(1, leg->side[i].qty);
        qty += part;
        *worth += leg->side[i].px * part;
    }
    *worth /= arb_pow10(leg->info.qty_scale);
    return qty;
}

static unsigned start_scale(const struct round *round)
{
    const struct leg *const first = &round->legs[0];
    return first->buys ? first->info.px_scale : first->info.qty_scale;
}

/* As it is, or one more or less. */
static int64_t about(int64_t value)
{
    return at_least(1, value + (one_in(2) ? 0 : below(3) - 1));
}

static void limit_cost(struct round *round, int64_t most)
{
    round->most = at_least(1, most);
    round->most_scale = start_scale(round);
    if (one_in(4)) { /* an amount may have another scale than the money of the cycle */
        const unsigned scale = (unsigned)below(SCALE_MAX + 1);
        round->most = scale < round->most_scale
                          ? at_least(1, most / arb_pow10(round->most_scale - scale))
                          : most * arb_pow10(scale - round->most_scale) +
                                (scale > round->most_scale ? below(10) : 0);
        round->most_scale = scale;
    }
}

static void draw_minimums(struct leg *leg)
{
    struct arb_terms *const terms = &leg->terms[leg->venue];
    int64_t worth;
    const int64_t qty = some_of(leg, &worth);

    terms->lot = one_in(4) ? below(one_in(3) ? 8 : 4) : 0;
    terms->min_qty = one_in(4) ? below((uint64_t)(qty / 2 + 1)) : 0;
    terms->min_notional = one_in(4) ? below((uint64_t)(worth / 2 + 1)) : 0;
}

static void draw_limits(struct round *round)
{
    int64_t worth;

    for (unsigned i = 0; i < round->n && round->has_limits; i++) {
        draw_minimums(&round->legs[i]);
    }
    const int64_t qty = some_of(&round->legs[0], &worth);
    if (one_in(5)) {
        limit_cost(round, about(round->legs[0].buys ? worth : qty));
    }
}

/* Sums of a side are a limit. */
static void tie_limit_to_book(struct round *round)
{
    struct leg *const leg = &round->legs[below(round->n)];
    struct arb_terms *const terms = &leg->terms[leg->venue];
    int64_t worth;
    const int64_t qty = some_of(leg, &worth);

    switch (below(4)) {
    case 0:
        terms->min_notional = about(worth);
        break;
    case 1:
        terms->min_qty = about(qty);
        break;
    case 2:
        terms->lot = at_least(1, qty / between(1, 3));
        break;
    default:
        terms->lot = leg->side[leg->n - 1].qty;
        break;
    }
}

static int64_t within_min_net(int64_t ppm)
{
    return ppm < -MIN_NET_MOST ? -MIN_NET_MOST : ppm > MIN_NET_MOST ? MIN_NET_MOST : ppm;
}

/* What a leg spends lies at its venue. */
static void limit_spent(struct leg *leg, int64_t spent)
{
    struct arb_terms *const terms = &leg->terms[leg->venue];
    const int64_t most = spent > 0 ? spent : ARB_NOTHING;

    if (leg->buys) {
        terms->most_quote = most;
    } else {
        terms->most_base = most;
    }
}

/*
 * What would do for some of the best levels with their fee, or about that. The other currency is of
 * no matter.
 */
static void draw_inventory(struct round *round)
{
    for (unsigned i = 0; i < round->n; i++) {
        struct leg *const leg = &round->legs[i];
        struct arb_terms *const terms = &leg->terms[leg->venue];
        int64_t worth;
        const int64_t qty = some_of(leg, &worth);
        if (one_in(5)) {
            limit_spent(leg, about(leg->buys ? worth + worth * fee_of(leg) / PPM : qty));
        }
        if (one_in(60)) {
            limit_spent(leg, 0);
        }
        if (one_in(4) && leg->buys) {
            terms->most_base = ARB_NOTHING;
        } else if (one_in(4)) {
            terms->most_quote = ARB_NOTHING;
        }
    }
}

/* Of a leg lies as much as it spends, about that, or any part of it. */
static void tie_inventory_to_size(struct round *round, const struct arb_opportunity *found)
{
    const unsigned i = (unsigned)below(round->n);
    const struct arb_leg *const taken = &found->legs[i];
    const int64_t fee = taken->fee > 0 ? taken->fee : 0;
    const int64_t spent = round->legs[i].buys ? taken->notional + fee : taken->qty;

    limit_spent(&round->legs[i],
                one_in(3) ? about(spent) : between(one_in(4) ? 0 : spent / 2, spent));
}

/* What goes through a leg is its limit. */
static void tie_limit_to_size(struct round *round, const struct arb_opportunity *found)
{
    const unsigned i = (unsigned)below(round->n);
    struct leg *const leg = &round->legs[i];
    struct arb_terms *const terms = &leg->terms[leg->venue];

    switch (below(5)) {
    case 0:
        terms->min_notional = about(found->legs[i].notional);
        break;
    case 1:
        terms->min_qty = about(found->legs[i].qty);
        break;
    case 2:
        terms->lot = about(found->legs[i].qty / between(1, 4));
        break;
    case 3:
        limit_cost(round, about(found->cost));
        break;
    default:
        round->min_net_ppm = within_min_net(found->net_ppm + below(3) - 1);
        break;
    }
}

/* At times so much that only the best levels earn it. */
static int64_t draw_min_net(void)
{
    return one_in(2) ? 0 : one_in(3) ? below(60001) : between(-MIN_NET_MOST, MIN_NET_MOST);
}

static void draw(struct round *round)
{
    struct amount amounts[LEGS_MAX + 1];

    *round = (struct round){ .n = (unsigned)between(3, LEGS_MAX),
                             .min_net_ppm = draw_min_net(),
                             .is_edge = one_in(3),
                             .is_roomy = !one_in(4),
                             .has_limits = one_in(3),
                             .has_inventory = !one_in(3) };
    round->is_tied = round->is_edge && one_in(2);
    if (round->is_edge && one_in(2)) {
        round->min_net_ppm -= round->min_net_ppm % 1000; /* such that prices can meet it exactly */
    }
    for (unsigned i = 0; i < VENUES; i++) {
        (void)snprintf(round->venues[i].name, ARB_SYMBOL_MAX, "venue%u", i);
    }
    draw_legs(round, amounts);
    name_legs(round);
    draw_books(round, amounts);
    draw_limits(round);
    if (round->has_inventory) {
        draw_inventory(round);
    }
    if (round->is_edge && one_in(round->is_tied ? 6 : 3)) {
        tie_limit_to_book(round);
    }
}

/* -- one round ----------------------------------------------------------------------------------
 */

static void *place_of(void *self, const char *name)
{
    const struct arb_option *option = arb_plugin.options;

    while (strcmp(option->name, name) != 0) {
        option++;
    }
    return (char *)self + option->offset;
}

static void set_number(void *self, const char *name, int64_t value)
{
    memcpy(place_of(self, name), &value, sizeof(value));
}

static void set_text(void *self, const char *name, const char *value)
{
    memcpy(place_of(self, name), &value, sizeof(value));
}

/* Ages and hysteresis stay 0, which turns them off. */
static void set(void *self, const struct round *round, char *most, size_t size)
{
    const int64_t one = arb_pow10(round->most_scale);

    most[0] = '\0';
    if (round->most > 0 && round->most_scale > 0) {
        (void)snprintf(most, size, "%" PRId64 ".%0*" PRId64, round->most / one,
                       (int)round->most_scale, round->most % one);
    } else if (round->most > 0) {
        (void)snprintf(most, size, "%" PRId64, round->most);
    }
    set_text(self, "start", "USD");
    set_text(self, "equivalent", "");
    set_text(self, "max_notional", most);
    set_number(self, "max_legs", LEGS_MAX);
    set_number(self, "min_net", round->min_net_ppm);
    set_number(self, "max_net", PPM);
}

/* A new instance for each, so that nothing is left of the one before. */
static bool play(const struct round *round, struct arb_opportunity *found)
{
    const struct arb_strategy_ops *const ops = arb_plugin.ops;
    struct listener listener = { .host = { .calls = &calls.base }, .round = round };
    const struct arb_strategy_env env = { .size = sizeof(env),
                                          .instruments_max = LEGS_MAX,
                                          .n_venues = VENUES,
                                          .venues = round->venues };
    const unsigned first = (unsigned)below(round->n);
    void *const self = calloc(1, arb_plugin.instance_size);
    char most[48];

    if (self == NULL) {
        abort();
    }
    set(self, round, most, sizeof(most));
    if (ops->init(self, &listener.host, &env) != ARB_OK) {
        abort();
    }
    for (unsigned i = 0; i < round->n; i++) {
        const unsigned leg = (first + i) % round->n; /* any of them may complete the cycle */
        const struct arb_market market = market_of(round, leg, 1U << round->legs[leg].venue);
        if (ops->on_market(self, &listener.host, &market) != ARB_OK) {
            abort();
        }
    }
    ops->fini(self);
    free(self);
    *found = listener.last;
    return listener.n_opportunities > 0;
}

/* -- what is written ----------------------------------------------------------------------------
 */

/* What lies at the venue; null: any. */
static void write_most(const char *name, int64_t most, char end)
{
    if (most == 0) {
        (void)printf("\"%s_there\":null%c", name, end);
    } else {
        (void)printf("\"%s_there\":%" PRId64 "%c", name, arb_most_of(most), end);
    }
}

static void write_leg(const struct leg *leg)
{
    const struct arb_terms *const terms = &leg->terms[leg->venue];
    const struct arb_book *const book = &leg->books[leg->venue];

    (void)printf("{\"side\":\"%s\",\"px_scale\":%u,\"qty_scale\":%u,\"levels\":[",
                 leg->buys ? "buy" : "sell", leg->info.px_scale, leg->info.qty_scale);
    for (uint32_t i = leg->n; i-- > 0;) {
        (void)printf("[%" PRId64 ",%" PRId64 "]%s", leg->side[i].px, leg->side[i].qty,
                     i == 0 ? "]," : ",");
    }
    (void)printf("\"lot\":%" PRId64 ",\"min_qty\":%" PRId64 ",\"min_notional\":%" PRId64
                 ",\"fee_ppm\":%" PRId64 ",\"is_verified\":%s,\"verified_levels\":%u,",
                 terms->lot, terms->min_qty, terms->min_notional, terms->taker_fee_ppm,
                 book->verified == ARB_VERIFIED ? "true" : "false", book->verified_levels);
    write_most("base", terms->most_base, ',');
    write_most("quote", terms->most_quote, '}');
}

static void write_found_legs(const struct arb_opportunity *o)
{
    for (uint32_t i = 0; i < o->n_legs; i++) {
        const struct arb_leg *const leg = &o->legs[i];
        (void)printf("{\"qty\":%" PRId64 ",\"limit_px\":%" PRId64 ",\"notional\":%" PRId64
                     ",\"fee\":%" PRId64 "}%s",
                     leg->qty, leg->limit_px, leg->notional, leg->fee,
                     i + 1 < o->n_legs ? "," : "]}");
    }
}

static void write_found(const struct arb_opportunity *o)
{
    (void)printf("{\"cost\":%" PRId64 ",\"proceeds\":%" PRId64 ",\"gross\":%" PRId64
                 ",\"fees\":%" PRId64 ",\"net\":%" PRId64 ",\"gross_ppm\":%" PRId64
                 ",\"net_ppm\":%" PRId64,
                 o->cost, o->proceeds, o->gross, o->fees, o->net, o->gross_ppm, o->net_ppm);
    (void)printf(",\"curve\":[%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                 "],\"proven_qty\":%" PRId64 ",\"proven_net\":%" PRId64
                 ",\"is_verified\":%s,\"legs\":[",
                 o->curve[0], o->curve[1], o->curve[2], o->curve[3], o->proven_qty, o->proven_net,
                 o->verified == ARB_VERIFIED ? "true" : "false");
    write_found_legs(o);
}

static void write_round(const struct round *round, bool is_found,
                        const struct arb_opportunity *found)
{
    (void)printf("{\"legs\":[");
    for (unsigned i = 0; i < round->n; i++) {
        write_leg(&round->legs[i]);
        (void)printf("%s", i + 1 < round->n ? "," : "],");
    }
    (void)printf("\"min_net_ppm\":%" PRId64 ",\"max_notional\":", round->min_net_ppm);
    if (round->most > 0) {
        (void)printf("{\"units\":%" PRId64 ",\"scale\":%u}", round->most, round->most_scale);
    } else {
        (void)printf("null");
    }
    (void)printf(",\"found\":");
    if (is_found) {
        write_found(found);
    } else {
        (void)printf("null");
    }
    (void)printf("}\n");
}

int main(int argc, char **argv)
{
    const long n = argc > 1 ? atol(argv[1]) : 0;

    if (n <= 0) {
        (void)fprintf(stderr, "Usage: triangular_cases N [SEED]\n");
        return 64;
    }
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 1;
    for (long i = 0; i < n; i++) {
        struct round round;
        struct arb_opportunity found;
        draw(&round);
        bool is_found = play(&round, &found);
        if (is_found && round.is_edge && !one_in(4)) {
            tie_limit_to_size(&round, &found);
            is_found = play(&round, &found);
        }
        if (is_found && round.has_inventory && !one_in(4)) {
            tie_inventory_to_size(&round, &found);
            is_found = play(&round, &found);
        }
        write_round(&round, is_found, &found);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
