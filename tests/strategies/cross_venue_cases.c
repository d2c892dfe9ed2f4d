/*
 * cross_venue_cases.c - shows the strategy cross_venue random pairs of books, one after another,
 * and writes each with what came of it as a line of JSON, for an oracle in another language.
 *
 * Usage: cross_venue_cases N [SEED]. All numbers are integers in the units of the instrument;
 * levels are best first. README.md has the members.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/strategy.h"

enum { LEVELS_MAX = 6, PPM = 1000000 };

extern const struct arb_plugin arb_plugin; /* cross_venue is linked into this program */

/* One random pair of books; venue 0 is bought from, venue 1 sold to. */
struct round {
    struct arb_instrument info;
    struct arb_venue venues[2];
    struct arb_terms terms[2];
    struct arb_withdrawal withdrawals[2]; /* what is_known of the first: it is a transfer */
    struct arb_level asks[LEVELS_MAX], bids[LEVELS_MAX]; /* worst first, as in a book */
    struct arb_book books[2];
    int64_t min_net_ppm;
    char max_notional[32]; /* "": any */
    bool requires_proof;
};

struct listener {
    struct arb_host host; /* first */
    bool has_any;
    struct arb_opportunity last;
};

/* -- what the strategy asks of its host ---------------------------------------------------------
 */

static int take_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    struct listener *const listener = (struct listener *)host;

    listener->has_any = listener->has_any || opportunity->event == ARB_OPPORTUNITY_OPEN;
    if (opportunity->event == ARB_OPPORTUNITY_OPEN) {
        listener->last = *opportunity;
    }
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

static uint32_t draw_side(struct arb_level *side, int64_t best_px, int64_t step)
{
    const uint32_t n = (uint32_t)below(LEVELS_MAX) + 1;
    int64_t px = best_px;

    for (uint32_t i = n; i-- > 0;) {
        side[i] = (struct arb_level){ px, below(20) + 1 };
        px += step * (below(6) + 1);
    }
    return n;
}

static void draw_terms(struct arb_terms *terms)
{
    *terms = (struct arb_terms){ .lot = one_in(3) ? 0 : below(6) + 1,
                                 .min_qty = one_in(2) ? 0 : below(25),
                                 .min_notional = one_in(2) ? 0 : below(2000),
                                 .taker_fee_ppm = one_in(5) ? -below(2000) : below(8000) };
}

static void draw_proof(struct arb_book *book)
{
    book->verified = (uint8_t)(one_in(4) ? ARB_UNVERIFIABLE : ARB_VERIFIED);
    book->verified_levels = one_in(2) ? 0 : (uint32_t)below(LEVELS_MAX) + 1;
}

/* What some units of a side are worth, or one more or less. */
static int64_t worth_of(const struct round *round, const struct arb_level *side, uint32_t n)
{
    int64_t worth = 0;

    for (uint32_t i = n; i-- > 0 && !one_in(3);) {
        worth += side[i].px * (one_in(2) ? side[i].qty : below((uint64_t)side[i].qty) + 1);
    }
    for (unsigned k = 0; k < round->info.qty_scale; k++) {
        worth = (worth + 9) / 10;
    }
    worth += below(3) - 1;
    return worth < 1 ? 1 : worth;
}

/* Some bid is at the price of some ask. */
static void align(struct round *round)
{
    const uint32_t n_bids = round->books[1].n_bids;
    const struct arb_level *const ask = &round->asks[below(round->books[0].n_asks)];
    const int64_t shift = ask->px - round->bids[below(n_bids)].px;

    for (uint32_t i = 0; i < n_bids; i++) {
        round->bids[i].px += shift;
    }
}

/* Limits that sums of the books meet exactly, and prices that just break even. */
static void draw_edges(struct round *round)
{
    const uint32_t n_asks = round->books[0].n_asks, n_bids = round->books[1].n_bids;

    if (one_in(3)) {
        round->terms[0].min_notional = worth_of(round, round->asks, n_asks);
    }
    if (one_in(3)) {
        round->terms[1].min_notional = worth_of(round, round->bids, n_bids);
    }
    if (one_in(3)) {
        (void)snprintf(round->max_notional, sizeof(round->max_notional), "%" PRId64,
                       worth_of(round, round->asks, n_asks));
    }
    if (one_in(2)) {
        round->terms[0].taker_fee_ppm = round->terms[1].taker_fee_ppm = 0;
        round->min_net_ppm = 0;
        align(round);
    }
}

/* What lies at the venues: what would do for some of the best levels with their fee, or about that.
 */
static void draw_inventory(struct round *round)
{
    const int64_t fee_ppm = round->terms[0].taker_fee_ppm;

    if (one_in(2)) {
        const int64_t worth = worth_of(round, round->asks, round->books[0].n_asks);
        const int64_t fee = fee_ppm > 0 ? (worth * fee_ppm + PPM - 1) / PPM : 0;
        const int64_t money = worth + fee + below(3) - 1;
        round->terms[0].most_quote = money == 0 ? ARB_NOTHING : money;
    }
    if (one_in(2)) {
        round->terms[1].most_base = below(60) + 1;
    }
    if (one_in(20)) {
        round->terms[0].most_quote = ARB_NOTHING;
    }
    if (one_in(20)) {
        round->terms[1].most_base = ARB_NOTHING;
    }
}

/* Lots of which each is a multiple of the other one or neither is, and prices that carry a fee. */
static void draw_transfer(struct round *round)
{
    const int64_t more = one_in(2) ? below(600) : 0;

    round->withdrawals[0] =
        (struct arb_withdrawal){ .is_known = true, .fee = one_in(4) ? 0 : below(12) };
    round->withdrawals[0].takes_ms = below(100) * 1000;
    if (one_in(2)) {
        round->terms[0].lot = below(20) + 1;
        round->terms[1].lot = below(20) + 1;
    }
    for (uint32_t i = 0; i < round->books[1].n_bids; i++) {
        round->bids[i].px += more;
    }
}

static void draw(struct round *round)
{
    const int64_t ask = 900 + below(200);

    *round = (struct round){ .info = { .symbol = "BTC/USD", .qty_scale = (uint8_t)below(3) } };
    for (unsigned i = 0; i < 2; i++) {
        round->books[i] = (struct arb_book){ .state = ARB_BOOK_LIVE,
                                             .trading = ARB_TRADING_OPEN,
                                             .bids = round->bids,
                                             .asks = round->asks };
        draw_terms(&round->terms[i]);
        draw_proof(&round->books[i]);
    }
    round->books[0].n_asks = draw_side(round->asks, ask, 1);
    round->books[1].n_bids = draw_side(round->bids, ask + 30 - below(40), -1);
    round->min_net_ppm = one_in(3) ? below(8000) - 6000 : 0;
    round->requires_proof = one_in(5);
    if (one_in(3)) {
        (void)snprintf(round->max_notional, sizeof(round->max_notional), "%" PRId64,
                       below(20000) + 1);
    }
    if (one_in(3)) {
        draw_transfer(round);
    }
    if (one_in(3)) {
        draw_edges(round);
    }
    if (one_in(3)) {
        draw_inventory(round);
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

static void set(void *self, const struct round *round)
{
    const char *const most = round->max_notional;
    const int64_t all = PPM;

    memcpy(place_of(self, "min_net"), &round->min_net_ppm, sizeof(round->min_net_ppm));
    memcpy(place_of(self, "max_net"), &all, sizeof(all));
    memcpy(place_of(self, "max_notional"), &most, sizeof(most));
    memcpy(place_of(self, "transfer"), &round->withdrawals[0].is_known, sizeof(bool));
    memcpy(place_of(self, "require_verified"), &round->requires_proof,
           sizeof(round->requires_proof));
}

/* A new instance for each, so that nothing is left of the one before. */
static bool play(const struct round *round, struct arb_opportunity *found)
{
    const struct arb_strategy_ops *const ops = arb_plugin.ops;
    struct listener listener = { .host = { .calls = &calls.base } };
    const struct arb_strategy_env env = {
        .size = sizeof(env), .instruments_max = 1, .n_venues = 2, .venues = round->venues
    };
    const struct arb_market market = { .size = sizeof(market),
                                       .info = &round->info,
                                       .n_venues = 2,
                                       .changed = 3,
                                       .venues = round->venues,
                                       .books = round->books,
                                       .terms = round->terms,
                                       .withdrawals = round->withdrawals };
    static void *self;

    self = self == NULL ? malloc(arb_plugin.instance_size) : self;
    if (self == NULL) {
        abort();
    }
    memset(self, 0, arb_plugin.instance_size);
    set(self, round);
    if (ops->init(self, &listener.host, &env) != ARB_OK ||
        ops->on_market(self, &listener.host, &market) != ARB_OK) {
        abort();
    }
    ops->fini(self);
    *found = listener.last;
    return listener.has_any;
}

/* -- what is written ----------------------------------------------------------------------------
 */

static void write_side(const char *name, const struct arb_level *side, uint32_t n)
{
    (void)printf("\"%s\":[", name);
    for (uint32_t i = n; i-- > 0;) {
        (void)printf("[%" PRId64 ",%" PRId64 "]%s", side[i].px, side[i].qty, i == 0 ? "]," : ",");
    }
}

static void write_venue(const char *name, const struct round *round, unsigned i)
{
    const struct arb_terms *const terms = &round->terms[i];

    (void)printf("\"%s\":{\"lot\":%" PRId64 ",\"min_qty\":%" PRId64 ",\"min_notional\":%" PRId64
                 ",\"fee_ppm\":%" PRId64 ",\"is_verified\":%s,\"verified_levels\":%u},",
                 name, terms->lot, terms->min_qty, terms->min_notional, terms->taker_fee_ppm,
                 round->books[i].verified == ARB_VERIFIED ? "true" : "false",
                 round->books[i].verified_levels);
}

/* Null: any. */
static void write_most(const char *name, int64_t most)
{
    if (most == 0) {
        (void)printf("\"%s\":null,", name);
    } else {
        (void)printf("\"%s\":%" PRId64 ",", name, arb_most_of(most));
    }
}

static void write_limits(const struct round *round)
{
    write_most("quote_at_buy", round->terms[0].most_quote);
    write_most("base_at_sell", round->terms[1].most_base);
    if (round->withdrawals[0].is_known) {
        (void)printf("\"withdrawal\":[%" PRId64 ",%" PRId64 "],", round->withdrawals[0].fee,
                     round->withdrawals[0].takes_ms);
    } else {
        (void)printf("\"withdrawal\":null,");
    }
}

static void write_transfer(const struct arb_opportunity *o)
{
    if ((o->flags & ARB_OPPORTUNITY_TRANSFER) == 0) {
        (void)printf("\"transfer\":null,");
    } else {
        (void)printf("\"transfer\":[%" PRId64 ",%" PRId64 "],", o->transfer_fee, o->transfer_ms);
    }
}

static void write_found(const struct arb_opportunity *o)
{
    (void)printf("{");
    write_transfer(o);
    (void)printf("\"qty\":%" PRId64 ",\"sold\":%" PRId64 ",\"buy_limit\":%" PRId64
                 ",\"sell_limit\":%" PRId64 ",\"cost\":%" PRId64 ",\"proceeds\":%" PRId64
                 ",\"buy_fee\":%" PRId64 ",\"sell_fee\":%" PRId64 ",\"fees\":%" PRId64
                 ",\"gross\":%" PRId64 ",\"net\":%" PRId64 ",\"gross_ppm\":%" PRId64
                 ",\"net_ppm\":%" PRId64,
                 o->legs[0].qty, o->legs[1].qty, o->legs[0].limit_px, o->legs[1].limit_px, o->cost,
                 o->proceeds, o->legs[0].fee, o->legs[1].fee, o->fees, o->gross, o->net,
                 o->gross_ppm, o->net_ppm);
    (void)printf(",\"curve\":[%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                 "],\"proven_qty\":%" PRId64 ",\"proven_net\":%" PRId64 ",\"is_verified\":%s}",
                 o->curve[0], o->curve[1], o->curve[2], o->curve[3], o->proven_qty, o->proven_net,
                 o->verified == ARB_VERIFIED ? "true" : "false");
}

static void write_round(const struct round *round, bool is_found,
                        const struct arb_opportunity *found)
{
    (void)printf("{\"qty_scale\":%u,", round->info.qty_scale);
    write_side("asks", round->asks, round->books[0].n_asks);
    write_side("bids", round->bids, round->books[1].n_bids);
    write_venue("buy", round, 0);
    write_venue("sell", round, 1);
    (void)printf("\"min_net_ppm\":%" PRId64 ",\"max_notional\":%s,\"require_verified\":%s,",
                 round->min_net_ppm, round->max_notional[0] == '\0' ? "null" : round->max_notional,
                 round->requires_proof ? "true" : "false");
    write_limits(round);
    (void)printf("\"found\":");
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
        (void)fprintf(stderr, "Usage: cross_venue_cases N [SEED]\n");
        return 64;
    }
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 1;
    for (long i = 0; i < n; i++) {
        struct round round;
        struct arb_opportunity found = { 0 };
        draw(&round);
        const bool is_found = play(&round, &found);
        write_round(&round, is_found, &found);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
