/*
 * The strategy triangular against a host that writes down what it asks for, and against a brute
 * force that counts unit by unit. The seed of the random tests is printed; ARBSPOT_SEED repeats
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/decimal.h"
#include "arbspot/strategy.h"
#include "arbspot/text.h"
#include "chain.h"
#include "cycles.h"
#include "rates.h"

#define MS INT64_C(1000000)
#define START_NS (INT64_C(1000) * 1000 * MS)
#define MONO_START_NS (INT64_C(17) * MS) /* the two clocks have nothing in common */

enum { INSTRUMENTS = 64, VENUES = 3, LEVELS = 4, MILLION = 1000000 };

__extension__ typedef __int128 wide;

extern const struct arb_plugin arb_plugin; /* the plugin is linked into this test */

/* Records what the strategy asks for. */
struct recorder {
    struct arb_host host; /* first */
    char text[8192], log_text[2048];
    struct arb_text out, log;
    struct arb_opportunity last;
    struct arb_miss miss; /* the last */
    unsigned n_opportunities, n_misses;
    uint64_t open_ids[ARB_OPPORTUNITIES_MAX]; /* 0: free */
};

/* One instrument on all venues. */
struct stall {
    struct arb_instrument info;
    struct arb_terms terms[VENUES];
    struct arb_book books[VENUES];
    struct arb_level bids[VENUES][LEVELS], asks[VENUES][LEVELS];
    bool is_elsewhere;
};

struct world {
    struct recorder recorder; /* first: the host leads back to here */
    void *self;
    struct arb_venue venues[VENUES];
    struct stall stalls[INSTRUMENTS];
    uint32_t n_stalls;
};

/* -- what the strategy asks of its host ---------------------------------------------------------
 */

/* "OPEN 1: buy BTC/USD@0 5<=100 for 500+1, ...: cost 50 proceeds 55 fees 2 net 3 ppm 1/2" */
static void tell(struct world *world, const struct arb_opportunity *o)
{
    static const char *const events[] = { "?", "OPEN", "UPDATE", "CLOSE" };
    static const char *const reasons[] = { "",         " gone",     " not live",
                                           " too old", " shutdown", " abandoned",
                                           " below",   " resized",  " handed over" };
    struct arb_text *const out = &world->recorder.out;

    arb_text_add(out, "%s%s %llu:", events[o->event], reasons[o->reason],
                 (unsigned long long)o->id);
    for (uint32_t i = 0; i < o->n_legs; i++) {
        const struct arb_leg *const leg = &o->legs[i];
        const bool buys = leg->side == ARB_BUY;
        arb_text_add(out, " %s %s@%u %lld%s%lld for %lld%+lld,", buys ? "buy" : "sell",
                     world->stalls[leg->instrument].info.symbol, leg->venue, (long long)leg->qty,
                     buys ? "<=" : ">=", (long long)leg->limit_px, (long long)leg->notional,
                     (long long)leg->fee);
    }
    arb_text_add(out, " cost %lld proceeds %lld fees %lld net %lld ppm %lld/%lld\n",
                 (long long)o->cost, (long long)o->proceeds, (long long)o->fees, (long long)o->net,
                 (long long)o->gross_ppm, (long long)o->net_ppm);
}

/* Every opportunity of every test has to follow OPEN, UPDATE ..., CLOSE. */
static void check_life(struct recorder *recorder, const struct arb_opportunity *o)
{
    const uint64_t wanted = o->event == ARB_OPPORTUNITY_OPEN ? 0 : o->id;
    unsigned i = 0;

    while (recorder->open_ids[i] != wanted) {
        i++;
        assert_true(i < sizeof(recorder->open_ids) / sizeof(*recorder->open_ids));
    }
    recorder->open_ids[i] = o->event == ARB_OPPORTUNITY_CLOSE ? 0 : o->id;
    assert_int_equal(o->gross, o->proceeds - o->cost);
    assert_int_equal(o->net, o->gross - o->fees);
}

static int record_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    struct world *const world = (struct world *)host;

    check_life(&world->recorder, opportunity);
    world->recorder.last = *opportunity;
    world->recorder.n_opportunities++;
    tell(world, opportunity);
    return ARB_OK;
}

static int record_miss(struct arb_host *host, const struct arb_miss *miss)
{
    struct recorder *const recorder = (struct recorder *)host;

    assert_int_equal(miss->size, sizeof(*miss));
    recorder->miss = *miss;
    recorder->n_misses++;
    return ARB_OK;
}

static int record_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    struct recorder *const recorder = (struct recorder *)host;

    arb_text_add(&recorder->out, "timer %u in %u ms\n", timer, delay_ms);
    return ARB_OK;
}

__attribute__((format(printf, 3, 4))) static void
record_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    struct recorder *const recorder = (struct recorder *)host;
    char line[512];
    va_list args;

    (void)level;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    arb_text_add(&recorder->log, "%s\n", line);
}

static struct arb_market market_of(struct world *world, uint32_t instrument, uint32_t changed)
{
    struct stall *const stall = &world->stalls[instrument];

    for (uint32_t i = 0; i < VENUES; i++) {
        stall->terms[i].taker_fee_ppm = world->venues[i].taker_fee_ppm;
    }
    return (struct arb_market){ .size = sizeof(struct arb_market),
                                .instrument = instrument,
                                .info = &stall->info,
                                .n_venues = VENUES,
                                .changed = changed,
                                .venues = world->venues,
                                .books = stall->books,
                                .terms = stall->terms,
                                .is_elsewhere = stall->is_elsewhere };
}

static int view_market(struct arb_host *host, uint32_t instrument, struct arb_market *market)
{
    struct world *const world = (struct world *)host;

    assert_true(instrument < world->n_stalls);
    *market = market_of(world, instrument, 0);
    return ARB_OK;
}

static const struct arb_strategy_calls calls = {
    .base = { .size = sizeof(calls), .log = record_log, .timer_set = record_timer },
    .opportunity = record_opportunity,
    .market = view_market,
    .miss = record_miss,
};

/* -- a world ------------------------------------------------------------------------------------
 */

static const struct arb_strategy_ops *ops(void)
{
    return arb_plugin.ops;
}

static void *place_of(struct world *world, const char *name)
{
    const struct arb_option *option = arb_plugin.options;

    while (strcmp(option->name, name) != 0) {
        option++;
    }
    return (char *)world->self + option->offset;
}

static void set_option(struct world *world, const char *name, int64_t value)
{
    memcpy(place_of(world, name), &value, sizeof(value));
}

static void set_text(struct world *world, const char *name, const char *value)
{
    memcpy(place_of(world, name), &value, sizeof(value));
}

static void set_flag(struct world *world, const char *name, bool value)
{
    memcpy(place_of(world, name), &value, sizeof(value));
}

static int begin(struct world *world)
{
    const struct arb_strategy_env env = { .size = sizeof(env),
                                          .instruments_max = ARB_INSTRUMENTS_MAX,
                                          .n_venues = VENUES,
                                          .venues = world->venues };

    return ops()->init(world->self, &world->recorder.host, &env);
}

static void clear_text(struct world *world)
{
    struct recorder *const recorder = &world->recorder;

    recorder->out = arb_text_over(recorder->text, sizeof(recorder->text));
    recorder->log = arb_text_over(recorder->log_text, sizeof(recorder->log_text));
}

static const char *fire(struct world *world)
{
    clear_text(world);
    assert_int_equal(ARB_OK, ops()->on_timer(world->self, &world->recorder.host, 0));
    return world->recorder.text;
}

static const char *stop(struct world *world)
{
    clear_text(world);
    assert_int_equal(ARB_OK, ops()->on_stop(world->self, &world->recorder.host));
    return world->recorder.text;
}

/* Starts the strategy with the options as they are. */
static void start(struct world *world)
{
    clear_text(world);
    assert_int_equal(ARB_OK, begin(world));
}

/* A strategy that has not started, with three venues without fees and no limit of age. */
static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->self = calloc(1, arb_plugin.instance_size);
    assert_non_null(world->self);
    world->recorder.host =
        (struct arb_host){ .calls = &calls.base, .now_ns = START_NS, .mono_ns = MONO_START_NS };
    clear_text(world);
    (void)snprintf(world->venues[0].name, ARB_SYMBOL_MAX, "kraken");
    (void)snprintf(world->venues[1].name, ARB_SYMBOL_MAX, "okx");
    (void)snprintf(world->venues[2].name, ARB_SYMBOL_MAX, "gemini");
    set_text(world, "start", "USD,USDT,USDC,EUR,BTC");
    set_text(world, "max_notional", "");
    set_text(world, "equivalent", "");
    set_option(world, "max_legs", 4);
    set_option(world, "max_net", MILLION);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    assert_true(arb_text_fits(&world->recorder.out));
    ops()->fini(world->self);
    free(world->self);
    free(world);
    return 0;
}

/* An instrument whose books are empty, LIVE and open. Returns its index. */
static uint32_t add(struct world *world, const char *symbol, uint8_t px_scale, uint8_t qty_scale)
{
    struct stall *const stall = &world->stalls[world->n_stalls];
    const char *const slash = strchr(symbol, '/');

    assert_true(world->n_stalls < INSTRUMENTS);
    stall->info = (struct arb_instrument){ .px_scale = px_scale, .qty_scale = qty_scale };
    (void)snprintf(stall->info.symbol, ARB_SYMBOL_MAX, "%s", symbol);
    (void)snprintf(stall->info.base, ARB_SYMBOL_MAX, "%.*s", (int)(slash - symbol), symbol);
    (void)snprintf(stall->info.quote, ARB_SYMBOL_MAX, "%s", slash + 1);
    for (uint32_t i = 0; i < VENUES; i++) {
        stall->books[i] = (struct arb_book){ .state = ARB_BOOK_LIVE,
                                             .trading = ARB_TRADING_OPEN,
                                             .recv_ns = START_NS,
                                             .bids = stall->bids[i],
                                             .asks = stall->asks[i] };
    }
    return world->n_stalls++;
}

/* Levels are given best first and end with a quantity of 0. */
static uint32_t put_side(struct arb_level *side, const struct arb_level *levels)
{
    uint32_t n = 0;

    while (n < LEVELS && levels[n].qty != 0) {
        n++;
    }
    for (uint32_t i = 0; i < n; i++) {
        side[n - 1 - i] = levels[i];
    }
    return n;
}

static void put_bids(struct world *world, uint32_t instrument, uint32_t venue,
                     const struct arb_level *levels)
{
    struct stall *const stall = &world->stalls[instrument];
    stall->books[venue].n_bids = put_side(stall->bids[venue], levels);
}

static void put_asks(struct world *world, uint32_t instrument, uint32_t venue,
                     const struct arb_level *levels)
{
    struct stall *const stall = &world->stalls[instrument];
    stall->books[venue].n_asks = put_side(stall->asks[venue], levels);
}

static void put_ask(struct world *world, uint32_t instrument, uint32_t venue,
                    struct arb_level level)
{
    put_asks(world, instrument, venue, (struct arb_level[]){ level, { 0, 0 } });
}

static void put_bid(struct world *world, uint32_t instrument, uint32_t venue,
                    struct arb_level level)
{
    put_bids(world, instrument, venue, (struct arb_level[]){ level, { 0, 0 } });
}

static void show_venues(struct world *world, uint32_t instrument, uint32_t changed)
{
    const struct arb_market market = market_of(world, instrument, changed);

    assert_int_equal(ARB_OK, ops()->on_market(world->self, &world->recorder.host, &market));
}

/* What the strategy asks for when all books of the instrument changed. */
static const char *show(struct world *world, uint32_t instrument)
{
    clear_text(world);
    show_venues(world, instrument, (1U << VENUES) - 1);
    return world->recorder.text;
}

/* The same for all instruments, one after another. */
static const char *show_all(struct world *world)
{
    clear_text(world);
    for (uint32_t i = 0; i < world->n_stalls; i++) {
        show_venues(world, i, (1U << VENUES) - 1);
    }
    return world->recorder.text;
}

static void pass(struct world *world, int64_t ns)
{
    world->recorder.host.now_ns += ns;
    world->recorder.host.mono_ns += ns;
}

enum { BTC_USD, ETH_BTC, ETH_USD };

/*
 * USD to BTC at 100.00, BTC to ETH at 0.10, ETH to USD at 11.00: 5 ETH are wanted, so that half a
 * BTC of 50 USD brings 55.
 */
static void put_triangle(struct world *world)
{
    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "ETH/BTC", 2, 3);
    (void)add(world, "ETH/USD", 2, 3);
    put_ask(world, BTC_USD, 0, (struct arb_level){ 10000, 1000 });
    put_ask(world, ETH_BTC, 0, (struct arb_level){ 10, 20000 });
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1100, 5000 });
}

#define TRIANGLE                                                                                   \
    "buy BTC/USD@0 500<=10000 for 5000+0, buy ETH/BTC@0 5000<=10 for 50+0, sell ETH/USD@0 "        \
    "5000>=1100 for 5500+0, cost 5000 proceeds 5500 fees 0 net 500 ppm 100000/100000\n"

/* -- by hand ------------------------------------------------------------------------------------
 */

static void buy_buy_sell(void **state)
{
    put_triangle(*state);
    start(*state);
    assert_string_equal("OPEN 1: " TRIANGLE, show_all(*state));
}

/* The same whichever instrument completes the cycle. */
static void the_last_instrument_completes_it(void **state)
{
    put_triangle(*state);
    start(*state);
    assert_string_equal("", show(*state, ETH_USD));
    assert_string_equal("", show(*state, ETH_BTC));
    assert_string_equal("OPEN 1: " TRIANGLE, show(*state, BTC_USD));
}

/* 2 BTC cost 200 USD, bring 210 EUR (one at 110, one at 100), and those 231 USD. */
static void buy_sell_sell(void **state)
{
    struct world *const world = *state;

    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "BTC/EUR", 1, 4);
    (void)add(world, "EUR/USD", 3, 2);
    put_ask(world, 0, 0, (struct arb_level){ 10000, 2000 });
    put_bids(world, 1, 0, (struct arb_level[]){ { 1100, 10000 }, { 1000, 30000 }, { 0, 0 } });
    put_bid(world, 2, 0, (struct arb_level){ 1100, 50000 });
    start(world);
    assert_string_equal("OPEN 1: buy BTC/USD@0 2000<=10000 for 20000+0, sell BTC/EUR@0 20000>=1000 "
                        "for 2100+0, sell EUR/USD@0 21000>=1100 for 231000+0, cost 20000 proceeds "
                        "23100 fees 0 net 3100 ppm 155000/155000\n",
                        show_all(world));
}

/* With BTC to begin with: 1 BTC brings 110 USD, that 11 ETH, and those 1.1 BTC. */
static void selling_first(void **state)
{
    struct world *const world = *state;

    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "ETH/BTC", 4, 3);
    (void)add(world, "ETH/USD", 2, 3);
    put_bid(world, BTC_USD, 0, (struct arb_level){ 11000, 1000 });
    put_ask(world, ETH_USD, 0, (struct arb_level){ 1000, 90000 });
    put_bid(world, ETH_BTC, 0, (struct arb_level){ 1000, 90000 });
    set_text(world, "start", "BTC");
    start(world);
    assert_string_equal("OPEN 1: sell BTC/USD@0 1000>=11000 for 11000+0, buy ETH/USD@0 11000<=1000 "
                        "for 11000+0, sell ETH/BTC@0 11000>=1000 for 11000+0, cost 1000 proceeds "
                        "1100 fees 0 net 100 ppm 100000/100000\n",
                        show_all(world));
}

/* With BTC, the other way around: 1 BTC brings 10 ETH, those 110 USD, and that 1.1 BTC. */
static void buying_last(void **state)
{
    struct world *const world = *state;

    (void)add(world, "BTC/USD", 2, 4);
    (void)add(world, "ETH/BTC", 4, 3);
    (void)add(world, "ETH/USD", 2, 3);
    put_ask(world, ETH_BTC, 0, (struct arb_level){ 1000, 10000 });
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1100, 90000 });
    put_ask(world, BTC_USD, 0, (struct arb_level){ 10000, 90000 });
    set_text(world, "start", "BTC");
    start(world);
    assert_string_equal("OPEN 1: buy ETH/BTC@0 10000<=1000 for 10000+0, sell ETH/USD@0 10000>=1100 "
                        "for 11000+0, buy BTC/USD@0 11000<=10000 for 11000+0, cost 10000 proceeds "
                        "11000 fees 0 net 1000 ppm 100000/100000\n",
                        show_all(world));
}

/* USD, BTC, ETH, EUR, USD: 100 USD are 1 BTC, 10 ETH, 100 EUR and 120 USD. */
static void put_square(struct world *world)
{
    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "ETH/BTC", 2, 3);
    (void)add(world, "ETH/EUR", 2, 3);
    (void)add(world, "EUR/USD", 2, 3);
    put_ask(world, 0, 0, (struct arb_level){ 10000, 1000 });
    put_ask(world, 1, 1, (struct arb_level){ 10, 90000 });
    put_bid(world, 2, 2, (struct arb_level){ 1000, 90000 });
    put_bid(world, 3, 0, (struct arb_level){ 120, 900000 });
}

static void four_legs(void **state)
{
    put_square(*state);
    start(*state);
    assert_string_equal("OPEN 1: buy BTC/USD@0 1000<=10000 for 10000+0, buy ETH/BTC@1 10000<=10 "
                        "for 100+0, sell ETH/EUR@2 10000>=1000 for 10000+0, sell EUR/USD@0 "
                        "100000>=120 for 12000+0, cost 10000 proceeds 12000 fees 0 net 2000 ppm "
                        "200000/200000\n",
                        show_all(*state));
}

static void four_legs_are_too_many_where_three_are_the_most(void **state)
{
    put_square(*state);
    set_option(*state, "max_legs", 3);
    start(*state);
    assert_string_equal("", show_all(*state));
}

/*
 * 1 % on each leg. 5 ETH bring 54.45; they cost 0.505 BTC, which is what 0.505 BTC bring, and those
 * cost 50.50 and 0.505. Without the fee of the second leg the last one would have brought 55.55.
 */
static void fees_are_taken_in_each_leg(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[ETH_BTC].info.px_scale = 4;
    put_ask(world, ETH_BTC, 0, (struct arb_level){ 1000, 20000 });
    world->venues[0].taker_fee_ppm = 10000;
    start(world);
    assert_string_equal("OPEN 1: buy BTC/USD@0 505<=10000 for 5050+51, buy ETH/BTC@0 5000<=1000 "
                        "for 5000+50, sell ETH/USD@0 5000>=1100 for 5500+55, cost 5050 proceeds "
                        "5555 fees 161 net 344 ppm 100000/68118\n",
                        show_all(world));
}

/* 10 % back on each leg, so that a cycle at a loss pays: 1.1 · 0.9 are less than 1 without. */
static void rebates_make_a_loss_pay(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 900, 5000 });
    start(world);
    assert_string_equal("", show_all(world));
    world->venues[0].taker_fee_ppm = -100000;
    (void)stop(world);
    assert_string_equal("OPEN 1: buy BTC/USD@0 450<=10000 for 4500-450, buy ETH/BTC@0 5000<=10 for "
                        "50-5, sell ETH/USD@0 5000>=900 for 4500-450, cost 4500 proceeds 4050 fees "
                        "-1350 net 900 ppm -100000/200000\n",
                        show_all(world));
}

/* -- which books count --------------------------------------------------------------------------
 */

static uint32_t venue_taken(struct world *world, uint32_t leg)
{
    (void)stop(world);
    world->recorder.n_opportunities = 0;
    (void)show_all(world);
    return world->recorder.n_opportunities == 0 ? VENUES : world->recorder.last.legs[leg].venue;
}

static void best_price_after_the_fee_counts(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 });
    start(world);
    assert_int_equal(venue_taken(world, 0), 1);
    world->venues[1].taker_fee_ppm = 10101; /* 99.999999: still less than 100 */
    assert_int_equal(venue_taken(world, 0), 1);
    world->venues[1].taker_fee_ppm = 10102;
    assert_int_equal(venue_taken(world, 0), 0);
    world->venues[1].taker_fee_ppm = 0;
    put_ask(world, BTC_USD, 1, (struct arb_level){ 10000, 1000 }); /* the same: the first */
    assert_int_equal(venue_taken(world, 0), 0);
    put_bid(world, ETH_USD, 2, (struct arb_level){ 1100, 1000 });
    assert_int_equal(venue_taken(world, 2), 0);
    put_bid(world, ETH_USD, 2, (struct arb_level){ 1101, 1000 });
    assert_int_equal(venue_taken(world, 2), 2);
}

static void book_that_is_not_to_be_traded_on_is_passed_over(void **state)
{
    struct world *const world = *state;
    struct arb_book *const best = &world->stalls[BTC_USD].books[1];

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 });
    start(world);
    best->state = ARB_BOOK_STALE;
    assert_int_equal(venue_taken(world, 0), 0);
    best->state = ARB_BOOK_LIVE;
    best->trading = ARB_TRADING_LIMITED;
    assert_int_equal(venue_taken(world, 0), 0);
    best->trading = ARB_TRADING_OPEN;
    best->verified = ARB_SUSPECT;
    assert_int_equal(venue_taken(world, 0), 0);
    best->verified = ARB_VERIFIED;
    assert_int_equal(venue_taken(world, 0), 1);
}

static void book_that_is_too_old_is_passed_over(void **state)
{
    struct world *const world = *state;
    struct arb_book *const best = &world->stalls[BTC_USD].books[1];

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 });
    set_option(world, "max_age", 2000);
    start(world);
    best->recv_ns = START_NS - 2000 * MS;
    assert_int_equal(venue_taken(world, 0), 1);
    best->recv_ns--;
    assert_int_equal(venue_taken(world, 0), 0);
    best->alive_ns = MONO_START_NS; /* its host watches it */
    assert_int_equal(venue_taken(world, 0), 1);
}

static void venue_where_nothing_can_be_spent_is_passed_over(void **state)
{
    struct world *const world = *state;
    int64_t *const money = &world->stalls[BTC_USD].terms[1].most_quote;

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 });
    *money = ARB_NOTHING;
    start(world);
    assert_int_equal(venue_taken(world, 0), 0);
    *money = 5000;
    assert_int_equal(venue_taken(world, 0), 1);
}

/* Time alone makes it old: nothing was said of the instrument since. */
static void book_grows_old_between_its_changes(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 });
    set_option(world, "max_age", 2000);
    start(world);
    world->stalls[ETH_USD].books[0].n_bids = 0;
    (void)show_all(world);
    pass(world, 2001 * MS);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1100, 5000 });
    for (uint32_t i = 0; i < 3; i++) {
        world->stalls[i].books[0].recv_ns = world->recorder.host.now_ns;
    }
    (void)show(world, ETH_USD);
    assert_int_equal(world->recorder.last.legs[0].venue, 0);
}

static void one_venue_has_all_legs(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 9900, 1000 }); /* better, but alone */
    set_flag(world, "one_venue", true);
    start(world);
    assert_string_equal("OPEN 1: " TRIANGLE, show_all(world));
    put_ask(world, ETH_BTC, 1, (struct arb_level){ 10, 100 });
    put_bid(world, ETH_USD, 1, (struct arb_level){ 1100, 5000 });
    (void)show(world, ETH_BTC);
    assert_string_equal("OPEN 2: buy BTC/USD@1 10<=9900 for 99+0, buy ETH/BTC@1 100<=10 for 1+0, "
                        "sell ETH/USD@1 100>=1100 for 110+0, cost 99 proceeds 110 fees 0 net 11 "
                        "ppm 111111/111111\n",
                        show(world, ETH_USD));
}

static void one_venue_leaves_out_what_needs_two(void **state)
{
    struct world *const world = *state;

    put_square(world);
    set_flag(world, "one_venue", true);
    start(world);
    assert_string_equal("", show_all(world));
}

/* -- the size -----------------------------------------------------------------------------------
 */

static int64_t size_shown(struct world *world)
{
    (void)stop(world);
    world->recorder.n_opportunities = 0;
    (void)show_all(world);
    return world->recorder.n_opportunities == 0 ? 0 : world->recorder.last.legs[0].qty;
}

/* 5 ETH at 11, then 5 at 10.50, 5 at 10 (nothing earned), of BTC enough. */
static void put_steps(struct world *world)
{
    put_triangle(world);
    put_bids(world, ETH_USD, 0,
             (struct arb_level[]){ { 1100, 5000 }, { 1050, 5000 }, { 1000, 5000 }, { 0, 0 } });
    put_ask(world, BTC_USD, 0, (struct arb_level){ 10000, 9000 });
}

static void walk_ends_where_the_next_unit_earns_nothing(void **state)
{
    struct world *const world = *state;

    put_steps(world);
    start(world);
    assert_int_equal(size_shown(world), 1000);
    put_bids(world, ETH_USD, 0,
             (struct arb_level[]){ { 1100, 5000 }, { 1050, 5000 }, { 1001, 4000 }, { 0, 0 } });
    assert_int_equal(size_shown(world), 1400);
    /* A leg in the middle ends a level within one of the last leg. */
    put_asks(world, ETH_BTC, 0, (struct arb_level[]){ { 10, 7000 }, { 11, 90000 }, { 0, 0 } });
    assert_int_equal(size_shown(world), 700);
    /* The first one does. */
    put_asks(world, BTC_USD, 0, (struct arb_level[]){ { 10000, 300 }, { 10400, 90000 }, { 0, 0 } });
    assert_int_equal(size_shown(world), 700);
    put_asks(world, BTC_USD, 0, (struct arb_level[]){ { 10000, 300 }, { 10500, 90000 }, { 0, 0 } });
    assert_int_equal(size_shown(world), 500);
    put_asks(world, BTC_USD, 0, (struct arb_level[]){ { 10000, 300 }, { 11000, 90000 }, { 0, 0 } });
    assert_int_equal(size_shown(world), 300);
}

static void cycle_that_breaks_even_is_none(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1000, 5000 });
    start(world);
    assert_int_equal(size_shown(world), 0);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1001, 5000 });
    assert_int_equal(size_shown(world), 500);
}

/* 0.50 BTC, in lots of 0.12: 0.48 buy 4.8 ETH, in lots of 0.5: 4.5; sold in lots of 2: 4. */
static void lots_are_rounded_down_going_forward(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[BTC_USD].terms[0].lot = 120;
    world->stalls[ETH_BTC].terms[0].lot = 500;
    start(world);
    assert_int_equal(size_shown(world), 480);
    assert_int_equal(world->recorder.last.legs[1].qty, 4500);
    assert_int_equal(world->recorder.last.legs[2].qty, 4500);
    assert_int_equal(world->recorder.last.cost, 4800);
    assert_int_equal(world->recorder.last.net, 150);
    world->stalls[ETH_USD].terms[0].lot = 2000;
    assert_int_equal(size_shown(world), 0); /* 44 for 48 */
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1300, 5000 });
    assert_int_equal(size_shown(world), 480);
    assert_int_equal(world->recorder.last.legs[2].qty, 4000);
    assert_int_equal(world->recorder.last.net, 400);
    world->stalls[ETH_USD].terms[0].lot = 5000; /* not one lot */
    assert_int_equal(size_shown(world), 0);
}

static void each_leg_reaches_its_minimums(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    for (uint32_t i = 0; i < 3; i++) {
        struct arb_terms *const terms = &world->stalls[i].terms[0];
        terms->min_qty = i == 0 ? 500 : 5000;
        terms->min_notional = (const int64_t[]){ 5000, 50, 5500 }[i];
        assert_int_equal(size_shown(world), 500);
        terms->min_qty++;
        assert_int_equal(size_shown(world), 0);
        terms->min_qty--;
        terms->min_notional++;
        assert_int_equal(size_shown(world), 0);
        terms->min_notional--;
    }
}

static void cost_stays_below_the_cap(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_text(world, "max_notional", "12.34");
    start(world);
    assert_int_equal(size_shown(world), 123);
    world->stalls[BTC_USD].terms[0].lot = 10;
    assert_int_equal(size_shown(world), 120);
    world->stalls[BTC_USD].terms[0].min_qty = 121;
    assert_int_equal(size_shown(world), 0);
}

static void cap_of_what_is_sold_first_is_a_quantity(void **state)
{
    struct world *const world = *state;

    set_text(world, "max_notional", "0.25");
    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "ETH/BTC", 4, 3);
    (void)add(world, "ETH/USD", 2, 3);
    put_bid(world, BTC_USD, 0, (struct arb_level){ 11000, 1000 });
    put_ask(world, ETH_USD, 0, (struct arb_level){ 1000, 90000 });
    put_bid(world, ETH_BTC, 0, (struct arb_level){ 1000, 90000 });
    set_text(world, "start", "BTC");
    start(world);
    assert_int_equal(size_shown(world), 250);
}

/* -- what lies at the venues --------------------------------------------------------------------
 */

/* Without limits 50 USD buy 0.5 BTC, and those 5 ETH, which are sold. */
static void each_leg_spends_no_more_than_lies_at_its_venue(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    int64_t *const usd = &world->stalls[BTC_USD].terms[0].most_quote;
    int64_t *const btc = &world->stalls[ETH_BTC].terms[0].most_quote;
    int64_t *const eth = &world->stalls[ETH_USD].terms[0].most_base;
    start(world);
    *usd = 2000;
    assert_int_equal(size_shown(world), 200);
    *usd = 1999;
    assert_int_equal(size_shown(world), 199);
    *usd = 5000;
    assert_int_equal(size_shown(world), 500);
    *btc = 30;
    assert_int_equal(size_shown(world), 300); /* 0.301 BTC are 0.31 in units */
    *eth = 1234;
    assert_int_equal(size_shown(world), 123);
    assert_int_equal(world->recorder.last.legs[2].qty, 1230);
    *usd = 1000;
    assert_int_equal(size_shown(world), 100);
}

static void what_a_leg_does_not_spend_is_of_no_matter(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[BTC_USD].terms[0].most_base = ARB_NOTHING;
    world->stalls[ETH_BTC].terms[0].most_base = ARB_NOTHING;
    world->stalls[ETH_USD].terms[0].most_quote = ARB_NOTHING;
    for (uint32_t i = 0; i < 3; i++) {
        world->stalls[i].terms[1].most_base = world->stalls[i].terms[1].most_quote = ARB_NOTHING;
    }
    start(world);
    assert_int_equal(size_shown(world), 500);
}

static void where_nothing_lies_there_is_no_cycle(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    for (uint32_t i = 0; i < 3; i++) {
        struct arb_terms *const terms = &world->stalls[i].terms[0];
        int64_t *const most = i == ETH_USD ? &terms->most_base : &terms->most_quote;
        *most = ARB_NOTHING;
        assert_int_equal(size_shown(world), 0);
        *most = 1; /* 0.01 of money, 0.001 ETH */
        assert_int_equal(size_shown(world), i == ETH_BTC ? 10 : 0);
        *most = 0;
    }
}

static void inventory_pays_the_fee_too_and_a_rebate_does_not_help(void **state)
{
    struct world *const world = *state;
    int64_t *const usd = &world->stalls[BTC_USD].terms[0].most_quote;

    put_triangle(world);
    world->venues[0].taker_fee_ppm = 10000;
    start(world);
    *usd = 1010; /* 0.1 BTC of 10.00, and a hundredth of that */
    assert_int_equal(size_shown(world), 100);
    *usd = 1009;
    assert_int_equal(size_shown(world), 99);
    world->venues[0].taker_fee_ppm = -10000;
    *usd = 999;
    assert_int_equal(size_shown(world), 99);
}

static void inventory_is_spent_in_whole_lots(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1300, 5000 });
    world->stalls[BTC_USD].terms[0].lot = 70;
    world->stalls[ETH_BTC].terms[0].lot = 1000;
    world->stalls[ETH_USD].terms[0].most_base = 3999;
    start(world);
    assert_int_equal(size_shown(world), 350); /* 3.5 ETH, down to 3 */
    assert_int_equal(world->recorder.last.legs[2].qty, 3000);
    world->stalls[ETH_USD].terms[0].most_base = 4000; /* 4.9 ETH, down to 4 */
    assert_int_equal(size_shown(world), 490);
    assert_int_equal(world->recorder.last.legs[2].qty, 4000);
}

static void what_is_open_closes_as_resized_where_too_little_lies(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[ETH_USD].terms[0].min_qty = 5000;
    start(world);
    assert_string_equal("OPEN 1: " TRIANGLE, show_all(world));
    world->stalls[BTC_USD].terms[0].most_quote = 4999;
    assert_string_equal("CLOSE resized 1: " TRIANGLE, show(world, BTC_USD));
}

/* What becomes of put_triangle() with a limit of its cost. */
static enum chain_found found_of(const struct world *world, int64_t max_cost)
{
    const struct chain_limits limits = { .max_cost = max_cost };
    struct chain chain = { .n = 3 };
    struct chain_fill fill;

    for (uint32_t i = 0; i < chain.n; i++) {
        const struct stall *const stall = &world->stalls[i];
        chain.legs[i] = (struct chain_leg){
            .side = { .book = &stall->books[0], .is_bids = i == ETH_USD },
            .terms = &stall->terms[0],
            .px_scale = stall->info.px_scale,
            .qty_scale = stall->info.qty_scale,
        };
    }
    return chain_find(&chain, &limits, &fill);
}

static void too_little_is_a_cap_where_all_of_it_would_be_accepted(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    int64_t *const min_qty = &world->stalls[ETH_USD].terms[0].min_qty;
    int64_t *const btc = &world->stalls[ETH_BTC].terms[0].most_quote;
    *min_qty = 5000;
    assert_int_equal(found_of(world, 5000), CHAIN_FOUND);
    assert_int_equal(found_of(world, 4999), CHAIN_CAP);
    *btc = 50;
    assert_int_equal(found_of(world, INT64_MAX), CHAIN_FOUND);
    *btc = 49;
    assert_int_equal(found_of(world, INT64_MAX), CHAIN_CAP);
    *min_qty = 5001;
    assert_int_equal(found_of(world, INT64_MAX), CHAIN_MINIMUM);
    assert_int_equal(found_of(world, 4999), CHAIN_MINIMUM);
    *btc = 0;
    assert_int_equal(found_of(world, INT64_MAX), CHAIN_MINIMUM);
    *min_qty = 0;
    *btc = ARB_NOTHING;
    assert_int_equal(found_of(world, INT64_MAX), CHAIN_CAP);
}

/* -- parts of the size --------------------------------------------------------------------------
 */

static void curve_tells_what_each_quarter_earns(void **state)
{
    struct world *const world = *state;
    const struct arb_opportunity *const last = &world->recorder.last;

    put_steps(world);
    start(world);
    assert_int_equal(size_shown(world), 1000); /* earns 10 % of the first half, 5 % of the second */
    assert_int_equal(last->curve[0], 250);
    assert_int_equal(last->curve[1], 500);
    assert_int_equal(last->curve[2], 625);
    assert_int_equal(last->curve[3], 750);
    assert_int_equal(last->net, 750);
    world->stalls[BTC_USD].terms[0].lot = 400; /* 800, and of it 200, 400 and 600 */
    assert_int_equal(size_shown(world), 800);
    assert_int_equal(last->curve[0], 0);
    assert_int_equal(last->curve[1], 400);
    assert_int_equal(last->curve[2], 400);
    assert_int_equal(last->curve[3], 650);
}

static void prove(struct world *world, uint32_t asks, uint32_t crosses, uint32_t bids)
{
    const uint32_t levels[] = { asks, crosses, bids };

    for (uint32_t i = 0; i < 3; i++) {
        world->stalls[i].books[0].verified = ARB_VERIFIED;
        world->stalls[i].books[0].verified_levels = levels[i];
    }
}

static void size_within_the_proven_levels_stands_beside_the_whole(void **state)
{
    struct world *const world = *state;
    const struct arb_opportunity *const last = &world->recorder.last;

    put_steps(world);
    prove(world, 1, 1, 1);
    start(world);
    assert_int_equal(size_shown(world), 1000);
    assert_int_equal(last->verified, ARB_UNVERIFIABLE);
    assert_int_equal(last->proven_qty, 500);
    assert_int_equal(last->proven_net, 500);
    world->stalls[BTC_USD].terms[0].lot = 200;
    assert_int_equal(size_shown(world), 1000);
    assert_int_equal(last->proven_qty, 400);
    assert_int_equal(last->proven_net, 400);
    prove(world, 1, 1, 2);
    assert_int_equal(size_shown(world), 1000);
    assert_int_equal(last->verified, ARB_VERIFIED);
    assert_int_equal(last->proven_qty, 1000);
    assert_int_equal(last->proven_net, 750);
    world->stalls[ETH_BTC].books[0].verified = ARB_UNVERIFIABLE;
    assert_int_equal(size_shown(world), 1000);
    assert_int_equal(last->verified, ARB_UNVERIFIABLE);
    assert_int_equal(last->proven_qty, 0);
    assert_int_equal(last->proven_net, 0);
}

static void what_earns_more_than_max_net_is_absurd(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    set_option(world, "max_net", 100000);
    assert_int_equal(size_shown(world), 500);
    assert_int_equal(world->recorder.last.flags, 0);
    set_option(world, "max_net", 99999);
    assert_int_equal(size_shown(world), 500);
    assert_int_equal(world->recorder.last.flags, ARB_OPPORTUNITY_ABSURD);
}

/* -- thresholds ---------------------------------------------------------------------------------
 */

static void net_has_to_be_above_min_net(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "min_net", 100000);
    start(world);
    assert_int_equal(size_shown(world), 0);
    set_option(world, "min_net", 99999);
    assert_int_equal(size_shown(world), 500);
}

/* All of it earns 7.5 %, the first half 10. */
static void better_units_alone_may_be_enough(void **state)
{
    struct world *const world = *state;

    put_steps(world);
    set_option(world, "min_net", 70000);
    start(world);
    assert_int_equal(size_shown(world), 1000);
    set_option(world, "min_net", 75000);
    assert_int_equal(size_shown(world), 500);
}

/* 14 ETH in lots of 5 bring 107.50 for 140, the first 5 alone 55 for 50. */
static void better_units_may_earn_where_the_whole_loses(void **state)
{
    struct world *const world = *state;

    put_steps(world);
    put_bids(world, ETH_USD, 0, (struct arb_level[]){ { 1100, 5000 }, { 1050, 9000 }, { 0, 0 } });
    world->stalls[ETH_USD].terms[0].lot = 5000;
    start(world);
    assert_int_equal(size_shown(world), 0);
    set_option(world, "min_net", 60000);
    assert_int_equal(size_shown(world), 500);
}

static void loss_that_is_small_enough_is_watched(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bids(world, ETH_USD, 0, (struct arb_level[]){ { 990, 4000 }, { 989, 1000 }, { 0, 0 } });
    set_option(world, "min_net", -10001);
    start(world);
    assert_int_equal(size_shown(world), 400);
    assert_int_equal(world->recorder.last.net_ppm, -10000);
}

static void what_is_open_stays_so_within_the_hysteresis(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "min_net", 90000);
    set_option(world, "hysteresis", 40000);
    start(world);
    (void)show_all(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1051, 5000 });
    (void)show(world, ETH_USD);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_UPDATE);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1050, 5000 });
    (void)show(world, ETH_USD);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_BELOW);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1090, 5000 });
    assert_string_equal("", show(world, ETH_USD));
}

/* 10 % on the first leg alone, whose cost is without it. */
static void put_triangle_with_fee(struct world *world, int64_t fee_ppm, int64_t bid)
{
    put_triangle(world);
    world->venues[0].taker_fee_ppm = fee_ppm;
    world->stalls[ETH_BTC].books[0].n_asks = world->stalls[ETH_USD].books[0].n_bids = 0;
    put_ask(world, ETH_BTC, 1, (struct arb_level){ 10, 20000 });
    put_bid(world, ETH_USD, 1, (struct arb_level){ bid, 5000 });
}

/* 65 for 50 and a fee of 5: 20 % of the cost, though the rates make 18 %. */
static void first_fee_is_no_part_of_the_cost(void **state)
{
    struct world *const world = *state;

    put_triangle_with_fee(world, 100000, 1300);
    set_option(world, "min_net", 199999);
    start(world);
    assert_int_equal(size_shown(world), 500);
    set_option(world, "min_net", 200000);
    assert_int_equal(size_shown(world), 0);
}

/* 42.55 for 50 less 5: a loss of 4.9 % of the cost, though the rates lose 5.4 %. */
static void first_rebate_is_no_part_of_the_cost(void **state)
{
    struct world *const world = *state;

    put_triangle_with_fee(world, -100000, 851);
    set_option(world, "min_net", -50000);
    start(world);
    assert_int_equal(size_shown(world), 500);
    assert_int_equal(world->recorder.last.net_ppm, -49000);
}

/* -- its life -----------------------------------------------------------------------------------
 */

static void it_closes_when_nothing_is_left(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    (void)show_all(world);
    assert_string_equal("", show(world, BTC_USD));
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1000, 5000 });
    assert_string_equal("CLOSE gone 1: " TRIANGLE, show(world, ETH_USD));
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1100, 5000 });
    assert_string_equal("OPEN 2: " TRIANGLE, show(world, ETH_USD));
    world->stalls[ETH_BTC].books[0].state = ARB_BOOK_STALE;
    assert_string_equal("CLOSE not live 2: " TRIANGLE, show(world, ETH_BTC));
    world->stalls[ETH_BTC].books[0].state = ARB_BOOK_LIVE;
    (void)show(world, ETH_BTC);
    world->stalls[BTC_USD].terms[0].min_qty = 501;
    assert_string_equal("CLOSE resized 3: " TRIANGLE, show(world, BTC_USD));
    world->stalls[BTC_USD].terms[0].min_qty = 0;
    (void)show(world, BTC_USD);
    assert_string_equal("CLOSE shutdown 4: " TRIANGLE, stop(world));
}

/* Cycles are of the member of the group that looks after the instrument of their first leg. */
static void it_is_handed_over_with_its_first_instrument(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    world->stalls[ETH_USD].is_elsewhere = true;
    (void)show_all(world);
    assert_string_equal("", show(world, ETH_USD)); /* the last leg's: nothing changes */
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
    world->stalls[BTC_USD].is_elsewhere = true;
    assert_string_equal("CLOSE handed over 1: " TRIANGLE, show(world, BTC_USD));
    assert_string_equal("", show(world, ETH_USD));
    assert_string_equal("", show(world, BTC_USD));
    world->stalls[BTC_USD].is_elsewhere = false;
    assert_string_equal("OPEN 2: " TRIANGLE, show(world, BTC_USD));
    assert_string_equal("CLOSE shutdown 2: " TRIANGLE, stop(world));
}

/* So that members of a group share the work. */
static void what_is_elsewhere_is_not_summed_up(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[BTC_USD].is_elsewhere = true;
    start(world);
    (void)show_all(world);
    (void)stop(world);
    assert_string_equal(world->recorder.log_text, "3 instruments make 2 cycles; 1 times one was "
                                                  "summed up, 0 times computed\n");
}

/* A better venue makes another opportunity; what is open stays so while it pays. */
static void better_venue_opens_beside_what_is_open(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    (void)show_all(world);
    put_ask(world, BTC_USD, 1, (struct arb_level){ 8000, 1000 });
    assert_string_equal("OPEN 2: buy BTC/USD@1 500<=8000 for 4000+0, buy ETH/BTC@0 5000<=10 for "
                        "50+0, sell ETH/USD@0 5000>=1100 for 5500+0, cost 4000 proceeds 5500 fees "
                        "0 net 1500 ppm 375000/375000\n",
                        show(world, BTC_USD));
    world->stalls[BTC_USD].books[1].n_asks = 0;
    (void)show(world, BTC_USD);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.id, 2);
}

static void updates_keep_their_pace(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "update_interval", 100);
    start(world);
    (void)show_all(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1200, 5000 });
    assert_string_equal("timer 0 in 100 ms\n", show(world, ETH_USD));
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1300, 5000 });
    assert_string_equal("", show(world, ETH_USD));
    pass(world, 100 * MS);
    (void)fire(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_UPDATE);
    assert_int_equal(world->recorder.last.net, 1500);
}

static void timer_closes_what_grew_too_old(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "max_age", 2000);
    start(world);
    world->stalls[ETH_BTC].books[0].recv_ns -= 500 * MS;
    assert_string_equal("OPEN 1: " TRIANGLE "timer 0 in 1501 ms\n", show_all(world));
    pass(world, 1501 * MS);
    assert_string_equal("CLOSE too old 1: " TRIANGLE, fire(world));
}

static void books_known_at_different_times_are_no_cycle(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "max_skew", 500);
    start(world);
    world->stalls[ETH_BTC].books[0].recv_ns -= 501 * MS;
    assert_int_equal(size_shown(world), 0);
    world->stalls[ETH_BTC].books[0].recv_ns += 1 * MS;
    assert_int_equal(size_shown(world), 500);
}

/* -- what is missed -----------------------------------------------------------------------------
 */

static void put_fees(struct world *world, int64_t ppm)
{
    for (uint32_t i = 0; i < VENUES; i++) {
        world->venues[i].taker_fee_ppm = ppm;
    }
}

/* The reason that is told of the triangle when it is shown whole, which opens nothing. */
static uint32_t miss_of_triangle(struct world *world)
{
    start(world);
    assert_string_equal("", show_all(world));
    assert_int_equal(world->recorder.n_misses, 1);
    assert_int_equal(world->recorder.miss.n_legs, 3);
    return world->recorder.miss.reason;
}

static void assert_leg(const struct arb_miss_leg *leg, uint32_t instrument, uint32_t side,
                       int64_t px)
{
    assert_int_equal(leg->instrument, instrument);
    assert_int_equal(leg->venue, 0);
    assert_int_equal(leg->side, side);
    assert_int_equal(leg->px, px);
}

/* 1.1 / 1.04 / 1.04 * 0.96 is 0.97633... and of the 1.04 spent first 0.04 is no cost. */
static void cycle_that_fees_take_is_told(void **state)
{
    struct world *const world = *state;
    const struct arb_miss *const miss = &world->recorder.miss;

    put_triangle(world);
    put_fees(world, 40000);
    assert_int_equal(miss_of_triangle(world), ARB_MISS_FEES);
    assert_leg(&miss->legs[0], BTC_USD, ARB_BUY, 10000);
    assert_leg(&miss->legs[1], ETH_BTC, ARB_BUY, 10);
    assert_leg(&miss->legs[2], ETH_USD, ARB_SELL, 1100);
    assert_int_equal(miss->gross_ppm, 100000);
    assert_int_equal(miss->net_ppm, -24616); /* 1.04 * (0.976331... - 1), rounded down */
    assert_int_equal(miss->qty, 0);
}

static void prices_that_earn_nothing_are_no_miss(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 1000, 5000 });
    start(world);
    assert_string_equal("", show_all(world));
    assert_int_equal(world->recorder.n_misses, 0);
}

static void cycle_that_earns_too_little_is_told(void **state)
{
    put_triangle(*state);
    set_option(*state, "min_net", 100000);
    assert_int_equal(miss_of_triangle(*state), ARB_MISS_BELOW);
    assert_int_equal(((struct world *)*state)->recorder.miss.net_ppm, 100000);
}

static void cycle_that_would_go_on_is_told(void **state)
{
    put_triangle(*state);
    set_option(*state, "min_net", 100000);
    set_option(*state, "hysteresis", 1);
    assert_int_equal(miss_of_triangle(*state), ARB_MISS_HYSTERESIS);
}

/* Of the size that was weighed: the best level pays more than enough, and both together do not. */
static void size_that_earns_too_little_is_told(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[ETH_USD].terms[0].lot = 5000;
    put_bids(world, ETH_USD, 0, (struct arb_level[]){ { 1100, 1000 }, { 1001, 4000 }, { 0, 0 } });
    set_option(world, "min_net", 50000);
    set_option(world, "hysteresis", 49999);
    assert_int_equal(miss_of_triangle(world), ARB_MISS_HYSTERESIS);
    assert_int_equal(world->recorder.miss.qty, 500);
    assert_int_equal(world->recorder.miss.net, 104);
    assert_int_equal(world->recorder.miss.net_ppm, 100000);
}

static void cycle_below_a_minimum_is_told(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[ETH_BTC].terms[0].min_qty = 5001;
    assert_int_equal(miss_of_triangle(world), ARB_MISS_MINIMUM);
}

static void cycle_of_what_lies_there_below_a_minimum_is_told(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    world->stalls[ETH_BTC].terms[0].min_qty = 5000;
    world->stalls[ETH_USD].terms[0].most_base = 4999;
    assert_int_equal(miss_of_triangle(world), ARB_MISS_CAP);
}

static void cycle_of_an_old_book_is_told(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_option(world, "max_age", 1000);
    start(world);
    pass(world, 1001 * MS);
    for (uint32_t i = BTC_USD; i <= ETH_BTC; i++) {
        world->stalls[i].books[0].recv_ns = world->recorder.host.now_ns;
    }
    assert_string_equal("", show_all(world));
    assert_int_equal(world->recorder.n_misses, 1);
    assert_int_equal(world->recorder.miss.reason, ARB_MISS_AGE);
}

static void amounts_that_do_not_fit_are_left_out_and_logged_once(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_ask(world, BTC_USD, 0, (struct arb_level){ INT64_MAX / 2, INT64_MAX / 2 });
    put_bid(world, ETH_USD, 0, (struct arb_level){ INT64_MAX, INT64_MAX });
    put_ask(world, ETH_BTC, 0, (struct arb_level){ 1, INT64_MAX });
    start(world);
    assert_string_equal("", show_all(world));
    assert_string_equal(
        "a cycle that begins with BTC/USD is left out: its amounts do not fit at px_scale 2; "
        "smaller scales in [instrument:SYMBOL] of its instruments would help\n",
        world->recorder.log_text);
    assert_string_equal("", show(world, ETH_USD));
    assert_string_equal("", world->recorder.log_text);
    (void)stop(world);
    assert_non_null(strstr(world->recorder.log_text, "left out: 2 times for overflow"));
}

/* -- which cycles there are ---------------------------------------------------------------------
 */

/* Nothing of these pairs leads back into the triangle. */
static void add_strangers(struct world *world)
{
    for (unsigned i = 0; i < 20; i++) {
        char symbol[ARB_SYMBOL_MAX];
        (void)snprintf(symbol, sizeof(symbol), "C%u/USD", i);
        (void)add(world, symbol, 2, 3);
        (void)snprintf(symbol, sizeof(symbol), "D%u/E%u", i, i);
        (void)add(world, symbol, 2, 3);
    }
}

static void unrelated_instruments_cost_nothing(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    (void)show_all(world);
    (void)show(world, ETH_BTC);
    (void)stop(world);
    /* Each instrument is in both cycles: 2 for the last of them, and 2 for the one more. */
    assert_string_equal(
        "3 instruments make 2 cycles; 4 times one was summed up, 2 times computed\n",
        world->recorder.log_text);
}

static void unrelated_instruments_cost_nothing_though_there_are_many(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    add_strangers(world);
    start(world);
    (void)show_all(world);
    (void)show_all(world);
    (void)show_all(world);
    (void)stop(world);
    assert_string_equal(
        "43 instruments make 2 cycles; 14 times one was summed up, 7 times computed\n",
        world->recorder.log_text);
}

/* Neither its books nor which of them is best. */
static void venue_that_no_leg_is_on_computes_nothing(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    start(world);
    (void)show_all(world);
    show_venues(world, BTC_USD, 1U << 2);
    (void)stop(world);
    assert_string_equal(
        "3 instruments make 2 cycles; 4 times one was summed up, 1 times computed\n",
        world->recorder.log_text);
}

/* Only what changed is looked at: the next best one counts as soon as the best one got worse. */
static void best_one_that_gets_worse_leaves_it_to_the_next(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 900, 1000 });
    put_bid(world, ETH_USD, 1, (struct arb_level){ 1100, 1000 });
    put_bid(world, ETH_USD, 2, (struct arb_level){ 1050, 1000 });
    start(world);
    (void)show_all(world);
    put_bid(world, ETH_USD, 1, (struct arb_level){ 800, 1000 });
    show_venues(world, ETH_USD, 1U << 1);
    assert_int_equal(world->recorder.last.legs[2].venue, 2);
    world->stalls[ETH_USD].books[2].state = ARB_BOOK_STALE;
    show_venues(world, ETH_USD, 1U << 2);
    show_venues(world, BTC_USD, 1U << 0);
    (void)stop(world);
    assert_string_equal(
        "3 instruments make 2 cycles; 8 times one was summed up, 4 times computed\n",
        world->recorder.log_text);
}

static void venue_that_gets_better_than_the_best_one_counts(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    put_bid(world, ETH_USD, 0, (struct arb_level){ 900, 1000 });
    start(world);
    (void)show_all(world);
    put_bid(world, ETH_USD, 2, (struct arb_level){ 1100, 1000 });
    show_venues(world, ETH_USD, 1U << 2);
    assert_int_equal(world->recorder.n_opportunities, 1);
    assert_int_equal(world->recorder.last.legs[2].venue, 2);
}

/* ETH/USD of another quote currency, and the same pair twice, are no triangle; perpetuals neither.
 */
static void what_does_not_close_is_no_cycle(void **state)
{
    struct world *const world = *state;

    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "USD/BTC", 2, 3);
    (void)add(world, "ETH/BTC", 2, 3);
    (void)add(world, "ETH/USDT", 2, 3);
    (void)add(world, "BTC/USDT-PERP", 2, 3);
    (void)add(world, "ETH/USDT-PERP", 2, 3);
    start(world);
    (void)show_all(world);
    (void)stop(world);
    assert_string_equal(
        "4 instruments make 0 cycles; 0 times one was summed up, 0 times computed\n",
        world->recorder.log_text);
}

/* A graph of four currencies has 4 triangles and 3 squares, each of them both ways. */
static void all_cycles_of_four_currencies_are_found(void **state)
{
    struct world *const world = *state;
    static const char *const symbols[] = { "A/USD", "B/USD", "C/USD", "A/B", "C/A", "B/C" };

    for (unsigned i = 0; i < 6; i++) {
        (void)add(world, symbols[i], 2, 3);
    }
    start(world);
    (void)show_all(world);
    (void)stop(world);
    /* Of the triangles ABC has no currency to start with. */
    assert_non_null(strstr(world->recorder.log_text, "6 instruments make 12 cycles;"));
}

/* Two instruments for one side of it make two triangles. */
static void parallel_instruments_have_cycles_of_their_own(void **state)
{
    struct world *const world = *state;
    static const char *const symbols[] = { "A/USD", "B/USD", "A/B", "B/A", "USD/A" };

    for (unsigned i = 0; i < 5; i++) {
        (void)add(world, symbols[i], 2, 3);
    }
    start(world);
    (void)show_all(world);
    (void)stop(world);
    assert_non_null(strstr(world->recorder.log_text, "5 instruments make 8 cycles;"));
}

static void first_start_currency_of_the_list_begins(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_text(world, "start", "XRP,ETH,BTC");
    start(world);
    assert_string_equal("OPEN 1: sell ETH/USD@0 5000>=1100 for 5500+0, buy BTC/USD@0 550<=10000 "
                        "for 5500+0, buy ETH/BTC@0 5500<=10 for 55+0, cost 5000 proceeds 5500 fees "
                        "0 net 500 ppm 100000/100000\n",
                        show_all(world));
}

static void cycle_without_a_start_currency_is_none(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_text(world, "start", "XRP");
    start(world);
    assert_string_equal("", show_all(world));
}

/*
 * A BTC of 100 USD on one venue brings 105 USDT on another, and those 103.95 USD on a third: not
 * the 105 that equal currencies would.
 */
static void put_conversion(struct world *world)
{
    (void)add(world, "BTC/USD", 2, 3);
    (void)add(world, "BTC/USDT", 2, 3);
    (void)add(world, "USDT/USD", 4, 2);
    put_ask(world, 0, 0, (struct arb_level){ 10000, 1000 });
    put_bid(world, 1, 1, (struct arb_level){ 10500, 1000 });
    put_bid(world, 2, 2, (struct arb_level){ 9900, 50000 });
}

static void equivalents_are_changed_at_the_price_of_their_book(void **state)
{
    struct world *const world = *state;

    put_conversion(world);
    set_text(world, "start", "BTC"); /* has no say */
    set_text(world, "equivalent", "USD, USDC, USDT");
    start(world);
    assert_string_equal("OPEN 1: buy BTC/USD@0 1000<=10000 for 10000+0, sell BTC/USDT@1 "
                        "1000>=10500 for 10500+0, sell USDT/USD@2 10500>=9900 for 1039500+0, cost "
                        "10000 proceeds 10395 fees 0 net 395 ppm 39500/39500\n",
                        show_all(world));
}

static void without_a_book_to_change_them_equivalents_are_not_equal(void **state)
{
    struct world *const world = *state;

    put_conversion(world);
    world->stalls[2].books[2].state = ARB_BOOK_STALE;
    set_text(world, "equivalent", "USD, USDT");
    start(world);
    assert_string_equal("", show_all(world));
}

/* A cycle of three coins, and one of three equivalents. */
static void with_equivalents_no_other_cycles_are_looked_at(void **state)
{
    struct world *const world = *state;

    put_triangle(world);
    set_text(world, "equivalent", "USD, USDT");
    start(world);
    assert_string_equal("", show_all(world));
}

static void equivalents_alone_are_no_cycle(void **state)
{
    struct world *const world = *state;

    put_conversion(world);
    set_text(world, "equivalent", "USD, USDT, BTC");
    start(world);
    assert_string_equal("", show_all(world));
}

static void options_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *key, *value, *line;
    } rows[] = {
        { "max_notional", "much", "max_notional = much is no amount above 0, like 25000 or 0.5\n" },
        { "equivalent", "USD",
          "equivalent = USD is no list of two to 16 currencies in capitals, each once, like "
          "USD,USDT,USDC\n" },
        { "equivalent", "usd,usdt",
          "equivalent = usd,usdt is no list of two to 16 currencies in capitals, each once, like "
          "USD,USDT,USDC\n" },
        { "equivalent", ",",
          "equivalent = , is no list of two to 16 currencies in capitals, each once, like "
          "USD,USDT,USDC\n" },
        { "start", "USD,USD",
          "start = USD,USD is no list of one to 16 currencies in capitals, each once, like "
          "USD,USDT,BTC\n" },
        { "start", " , ",
          "start =  ,  is no list of one to 16 currencies in capitals, each once, like "
          "USD,USDT,BTC\n" },
        { "start", "A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q",
          "start = A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q is no list of one to 16 currencies in "
          "capitals, each once, like "
          "USD,USDT,BTC\n" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        void *other;
        assert_int_equal(0, set_up(&other));
        struct world *const world = other;
        set_text(world, rows[i].key, rows[i].value);
        assert_int_equal(ARB_EINVAL, begin(world));
        assert_string_equal(rows[i].line, world->recorder.log_text);
        (void)tear_down(&other);
    }
}

/* 17 instruments for three of four sides: 4913 cycles go through the fourth, and its venue changes.
 */
static void callback_says_no_more_than_it_may(void **state)
{
    struct world *const world = *state;

    (void)add(world, "A/USD", 0, 0);
    for (unsigned i = 0; i < 51; i++) {
        const uint32_t k = add(world, (const char *const[]){ "A/B", "B/C", "C/USD" }[i % 3], 0, 0);
        put_bid(world, k, 0, (struct arb_level){ 2, 1000 });
    }
    put_ask(world, 0, 0, (struct arb_level){ 2, 10 });
    start(world);
    (void)show_all(world);
    assert_int_equal(world->recorder.n_opportunities, ARB_OPPORTUNITIES_MAX);
    world->recorder.n_opportunities = 0;
    world->stalls[0].books[0].n_asks = 0;
    put_ask(world, 0, 1, (struct arb_level){ 2, 10 });
    (void)show(world, 0);
    assert_int_equal(world->recorder.n_opportunities, ARB_OPPORTUNITIES_MAX);
    (void)show(world, 0);
    assert_int_equal(world->recorder.n_opportunities, 2 * ARB_OPPORTUNITIES_MAX);
    (void)stop(world);
    clear_text(world);
}

/* One instrument for one side, 102 for each of the other three. */
static void cycles_beyond_the_limit_are_counted(void **state)
{
    static const char *const sides[][2] = { { "A", "B" }, { "B", "C" }, { "C", "USD" } };
    struct cycles *const cycles = calloc(1, sizeof(*cycles));
    struct arb_instrument info = { .base = "A", .quote = "USD" };

    (void)state;
    assert_non_null(cycles);
    assert_int_equal(
        ARB_OK, cycles_init(cycles, &(struct cycles_wanted){ .starts = "USD", .max_legs = 4 }));
    assert_true(cycles_enter(cycles, 0, &info));
    assert_false(cycles_enter(cycles, 0, &info));
    for (uint32_t i = 1; i <= 306; i++) {
        (void)snprintf(info.base, sizeof(info.base), "%s", sides[i % 3][0]);
        (void)snprintf(info.quote, sizeof(info.quote), "%s", sides[i % 3][1]);
        assert_true(cycles_enter(cycles, i, &info));
    }
    assert_int_equal(cycles->n, CYCLES_MAX);
    assert_int_equal(cycles->n_refused, 2 * 102 * 102 * 102 - CYCLES_MAX);
    cycles_fini(cycles);
    free(cycles);
}

/* -- logarithms ---------------------------------------------------------------------------------
 */

static uint64_t seed;

static uint64_t below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

static void begin_chance(void)
{
    const char *const text = getenv("ARBSPOT_SEED");

    seed = text != NULL ? strtoull(text, NULL, 10) : 20261129;
    print_message("ARBSPOT_SEED=%llu\n", (unsigned long long)seed);
}

static void logarithms_of_powers_are_exact(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(log2_of(UINT64_C(1) << i), (int64_t)i << LOG_BITS);
    }
    assert_int_equal(log2_of(3), INT64_C(1742684699131)); /* 1.58496250072115618 * 2^40, down */
    assert_int_equal(log2_of(UINT64_MAX), (INT64_C(64) << LOG_BITS) - 1);
}

/* Whatever is above 1 exactly, is above 0 by logarithms with their margin; and nearly the reverse.
 */
static void margin_covers_the_error_of_logarithms(void **state)
{
    unsigned n_above = 0, n_close = 0;

    (void)state;
    begin_chance();
    for (unsigned i = 0; i < 100000; i++) {
        struct rate rates[3];
        int64_t sum = 0;
        for (unsigned k = 0; k < 3; k++) {
            rates[k] = (struct rate){ .is_buy = k < 2,
                                      .px_scale = (unsigned)below(19),
                                      .px = (int64_t)(1 + (below(UINT64_MAX) >> (1 + below(50)))),
                                      .fee_ppm = (int64_t)below(200001) - 100000 };
        }
        rates[0].fee_ppm = rates[1].fee_ppm = rates[2].fee_ppm = 0;
        rates[1].px = 1 + (int64_t)below(1 << 20);
        rates[0].px >>= 24;
        rates[0].px += rates[0].px == 0;
        rates[1].px_scale = rates[0].px_scale = rates[2].px_scale = 0;
        rates[2].px = rates[0].px * rates[1].px + (int64_t)below(3) - 1;
        rates[2].px += rates[2].px == 0;
        for (unsigned k = 0; k < 3; k++) {
            sum += rate_log_of(rates[k]);
        }
        const bool is_above = rates_exceed(rates, 3, 1, 1);
        assert_int_equal(is_above, rates[2].px > rates[0].px * rates[1].px);
        assert_true(!is_above || sum + 3 * RATE_ERROR > 0);
        n_above += is_above;
        n_close += sum + 3 * RATE_ERROR > 0;
    }
    assert_true(n_above > 1000 && n_close < 100000);
}

static void product_of_the_greatest_rates_is_exact(void **state)
{
    struct rate rates[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        rates[i] = (struct rate){ .is_buy = i % 2 == 0,
                                  .px_scale = ARB_SCALE_MAX,
                                  .px = INT64_MAX,
                                  .fee_ppm = i % 2 == 0 ? MILLION - 1 : 1 - MILLION };
    }
    assert_false(rates_exceed(rates, 4, 1, 1)); /* what is paid is what remains: exactly 1 */
    assert_true(rates_exceed(rates, 4, INT64_MAX - 1, INT64_MAX));
    assert_false(rates_exceed(rates, 4, INT64_MAX, INT64_MAX - 1));
    rates[0].px--;
    assert_true(rates_exceed(rates, 4, 1, 1));
    rates[1].px -= 2;
    assert_false(rates_exceed(rates, 4, 1, 1));
}

/* -- brute force --------------------------------------------------------------------------------
 */

enum { UNITS_MAX = 256, KILO = 1000 };

/* A leg of which every single unit has a price of its own. Fees are whole tenths of a percent. */
struct slow_leg {
    bool buys;
    unsigned px_scale, qty_scale;
    int64_t fee_kilo;
    struct arb_terms terms;
    int64_t px[UNITS_MAX];
    int64_t n_units, n_proven; /* n_proven beyond all: all of them */
};

struct slow_chain {
    struct slow_leg legs[4];
    uint32_t n;
    int64_t most; /* max_notional in units, or -1 */
};

struct slow_money {
    int64_t units;
    unsigned scale;
};

static int64_t price_of_unit(const struct slow_leg *leg, int64_t unit)
{
    return leg->px[unit < leg->n_units ? unit : leg->n_units - 1];
}

static int64_t worth_of_units(const struct slow_leg *leg, int64_t n)
{
    int64_t worth = 0;

    for (int64_t i = 0; i < n; i++) {
        worth += price_of_unit(leg, i);
    }
    return worth;
}

/* Whether so much money is enough for so many units. */
static bool affords(const struct slow_leg *leg, struct slow_money money, int64_t n)
{
    const int64_t one = arb_pow10(money.scale);

    return leg->buys ? (wide)worth_of_units(leg, n) * (KILO + leg->fee_kilo) * one <=
                           (wide)money.units * arb_pow10(leg->px_scale + leg->qty_scale) * KILO
                     : (wide)n * one <= (wide)money.units * arb_pow10(leg->qty_scale);
}

static struct slow_money money_of_units(const struct slow_leg *leg, int64_t n)
{
    const int64_t kept = worth_of_units(leg, n) * (KILO - leg->fee_kilo);

    return leg->buys
               ? (struct slow_money){ n, leg->qty_scale }
               : (struct slow_money){ kept / (arb_pow10(leg->qty_scale) * KILO), leg->px_scale };
}

static int64_t in_lots(const struct slow_leg *leg, int64_t n, bool has_lots)
{
    return has_lots && leg->terms.lot > 1 ? n / leg->terms.lot * leg->terms.lot : n;
}

/* False: a leg would take more than there is. */
static bool follow(const struct slow_chain *chain, int64_t first, bool has_lots, int64_t *units)
{
    units[0] = in_lots(&chain->legs[0], first, has_lots);
    for (uint32_t i = 1; i < chain->n; i++) {
        const struct slow_leg *const leg = &chain->legs[i];
        const struct slow_money money = money_of_units(&chain->legs[i - 1], units[i - 1]);
        int64_t n = 0;
        while (n <= leg->n_units && affords(leg, money, n + 1)) {
            n++;
        }
        if (n > leg->n_units) {
            return false;
        }
        units[i] = in_lots(leg, n, has_lots);
    }
    return units[0] <= chain->legs[0].n_units;
}

/* Whether the last unit of each leg earns more than least_ppm together with the others. */
static bool last_units_pay(const struct slow_chain *chain, const int64_t *units, int64_t least_ppm)
{
    const int64_t spent = MILLION + (chain->legs[0].buys ? chain->legs[0].fee_kilo * KILO : 0);
    wide above = spent, below_it = spent + least_ppm;

    for (uint32_t i = 0; i < chain->n; i++) {
        const struct slow_leg *const leg = &chain->legs[i];
        const int64_t px = price_of_unit(leg, units[i] > 0 ? units[i] - 1 : 0);
        const int64_t one = arb_pow10(leg->px_scale) * KILO;
        above *= leg->buys ? one : px * (KILO - leg->fee_kilo);
        below_it *= leg->buys ? px * (KILO + leg->fee_kilo) : one;
    }
    return above > below_it;
}

static bool is_within_cap(const struct slow_chain *chain, int64_t first)
{
    const struct slow_leg *const leg = &chain->legs[0];
    const int64_t cost = leg->buys ? worth_of_units(leg, first) : first;

    return chain->most < 0 || cost <= chain->most * (leg->buys ? arb_pow10(leg->qty_scale) : 1);
}

/* Every quantity of the first leg is tried. */
static int64_t slow_size(const struct slow_chain *chain, int64_t least_ppm)
{
    int64_t units[4], best = 0;

    for (int64_t first = 1; first <= chain->legs[0].n_units; first++) {
        if (follow(chain, first, false, units) && last_units_pay(chain, units, least_ppm) &&
            is_within_cap(chain, first)) {
            best = first;
        }
    }
    return best;
}

static int64_t divided_up(wide value, wide unit)
{
    wide quotient = value / unit;
    return (int64_t)(quotient * unit < value ? quotient + 1 : quotient);
}

static wide moved(wide value, unsigned from, unsigned to, bool is_up)
{
    const wide unit = from > to ? arb_pow10(from - to) : 1;
    return from > to ? (is_up ? divided_up(value, unit) : value / unit)
                     : value * arb_pow10(to - from);
}

static void settle_slowly(const struct slow_chain *chain, const int64_t *units,
                          struct arb_opportunity *out)
{
    const struct slow_leg *const first = &chain->legs[0], *const last = &chain->legs[chain->n - 1];
    const unsigned scale = first->buys ? first->px_scale : first->qty_scale;

    for (uint32_t i = 0; i < chain->n; i++) {
        const struct slow_leg *const leg = &chain->legs[i];
        const int64_t worth = worth_of_units(leg, units[i]), unit = arb_pow10(leg->qty_scale);
        out->legs[i].qty = units[i];
        out->legs[i].limit_px = price_of_unit(leg, units[i] - 1);
        out->legs[i].notional = leg->buys ? divided_up(worth, unit) : worth / unit;
        out->legs[i].fee = divided_up((wide)worth * leg->fee_kilo, (wide)unit * KILO);
    }
    const struct arb_leg *const end = &out->legs[chain->n - 1];
    const wide brought = last->buys ? moved(end->qty, last->qty_scale, scale, false)
                                    : moved(end->notional, last->px_scale, scale, false);
    const wide last_fee = last->buys ? 0 : moved(end->fee, last->px_scale, scale, true);
    const wide first_fee = first->buys ? out->legs[0].fee : 0;
    wide proceeds = brought;
    for (uint32_t i = 0; i < chain->n; i++) {
        const struct slow_leg *const leg = &chain->legs[i];
        const bool is_own = (i == 0 && leg->buys) || (i + 1 == chain->n && !leg->buys);
        proceeds = is_own      ? proceeds
                   : leg->buys ? proceeds * (KILO + leg->fee_kilo) / KILO
                               : proceeds * KILO / (KILO - leg->fee_kilo);
    }
    out->cost = first->buys ? out->legs[0].notional : units[0];
    out->proceeds = (int64_t)proceeds;
    out->net = (int64_t)(brought - last_fee - first_fee) - out->cost;
    out->gross = out->proceeds - out->cost;
    out->fees = out->gross - out->net;
}

/* The net of so much of the first leg, 0 where a leg has nothing of it. */
static int64_t net_of_part(const struct slow_chain *chain, int64_t first, int64_t *units)
{
    struct arb_opportunity part = { .size = sizeof(part) };

    if (!follow(chain, first, true, units)) {
        return 0;
    }
    for (uint32_t i = 0; i < chain->n; i++) {
        if (units[i] == 0) {
            return 0;
        }
    }
    settle_slowly(chain, units, &part);
    return part.net;
}

static void add_parts(const struct slow_chain *chain, struct arb_opportunity *out)
{
    int64_t units[4];
    const int64_t whole = out->legs[0].qty;

    for (int k = 1; k <= 4; k++) {
        out->curve[k - 1] = net_of_part(chain, whole * k / 4, units);
    }
    for (int64_t first = 1; first <= whole; first++) {
        bool is_proven =
            in_lots(&chain->legs[0], first, true) == first && follow(chain, first, true, units);
        for (uint32_t i = 0; i < chain->n; i++) {
            is_proven = is_proven && units[i] > 0 && units[i] <= chain->legs[i].n_proven;
        }
        out->proven_qty = is_proven ? first : out->proven_qty;
    }
    out->proven_net = net_of_part(chain, out->proven_qty, units);
}

/* Whether what so many units take lies at the venue. */
static bool lies_there(const struct slow_leg *leg, int64_t n)
{
    const int64_t worth = worth_of_units(leg, n), unit = arb_pow10(leg->qty_scale);
    const int64_t fee = divided_up((wide)worth * leg->fee_kilo, (wide)unit * KILO);
    const int64_t spent = leg->buys ? divided_up(worth, unit) + (fee > 0 ? fee : 0) : n;
    const int64_t most = leg->buys ? leg->terms.most_quote : leg->terms.most_base;

    return most == 0 || spent <= (most == ARB_NOTHING ? 0 : most);
}

/* The units of all legs, with the most of `size` that lies there. False: a book has less. */
static bool follow_what_lies_there(const struct slow_chain *chain, int64_t size, int64_t *units)
{
    bool is_there = false;

    for (int64_t first = size; !is_there; first--) {
        if (!follow(chain, first, true, units)) {
            return false;
        }
        is_there = true;
        for (uint32_t i = 0; i < chain->n; i++) {
            is_there = is_there && lies_there(&chain->legs[i], units[i]);
        }
    }
    return true;
}

/* 0, with the terms; 'N' when it does not earn enough, 'M' when the venues do not accept it. */
static char weigh_slowly(const struct slow_chain *chain, int64_t least_ppm, int64_t threshold_ppm,
                         struct arb_opportunity *out)
{
    const int64_t size = slow_size(chain, least_ppm);
    int64_t units[4];

    *out = (struct arb_opportunity){ .size = sizeof(*out), .n_legs = chain->n };
    if (!follow_what_lies_there(chain, size, units)) {
        return 'M';
    }
    for (uint32_t i = 0; i < chain->n; i++) {
        const struct slow_leg *const leg = &chain->legs[i];
        if (units[i] == 0 || units[i] < leg->terms.min_qty ||
            worth_of_units(leg, units[i]) < leg->terms.min_notional * arb_pow10(leg->qty_scale)) {
            return 'M';
        }
    }
    settle_slowly(chain, units, out);
    if ((wide)out->net * MILLION <= (wide)threshold_ppm * out->cost) {
        return 'N';
    }
    add_parts(chain, out);
    return 0;
}

static bool find_slowly(const struct slow_chain *chain, int64_t threshold_ppm,
                        struct arb_opportunity *out)
{
    const int64_t least_ppm = threshold_ppm < 0 ? threshold_ppm : 0;
    const char found = weigh_slowly(chain, least_ppm, threshold_ppm, out);

    return found == 0 || (found == 'N' && threshold_ppm > 0 &&
                          weigh_slowly(chain, threshold_ppm, threshold_ppm, out) == 0);
}

/* One cycle from USD through A and B, perhaps C. */
static void add_random_cycle(struct world *world, struct slow_chain *chain)
{
    static const char *const names[] = { "USD", "A", "B", "C" };

    chain->n = 3 + (uint32_t)below(2);
    for (uint32_t i = 0; i < chain->n; i++) {
        struct slow_leg *const leg = &chain->legs[i];
        const char *const from = names[i], *const to = names[(i + 1) % chain->n];
        char symbol[ARB_SYMBOL_MAX];
        *leg = (struct slow_leg){ .buys = below(2) == 0,
                                  .px_scale = 1 + (unsigned)below(3),
                                  .qty_scale = (unsigned)below(4) };
        (void)snprintf(symbol, sizeof(symbol), "%s/%s", leg->buys ? to : from,
                       leg->buys ? from : to);
        (void)add(world, symbol, (uint8_t)leg->px_scale, (uint8_t)leg->qty_scale);
    }
}

static void put_random_side(struct world *world, uint32_t i, struct slow_leg *leg)
{
    struct arb_level levels[LEVELS] = { { 0, 0 } };
    const int64_t one = arb_pow10(leg->px_scale);
    const unsigned n = 1 + (unsigned)below(3);
    int64_t px = one + (leg->buys ? -1 : 1) * (int64_t)below((uint64_t)one / 5 + 2);

    leg->n_units = 0;
    leg->n_proven = UNITS_MAX;
    const uint32_t n_proven = (uint32_t)below(4);
    for (unsigned k = 0; k < n; k++) {
        levels[k] = (struct arb_level){ px, 1 + (int64_t)below(below(3) == 0 ? 9 : 80) };
        for (int64_t u = 0; u < levels[k].qty; u++) {
            leg->px[leg->n_units++] = px;
        }
        leg->n_proven = k + 1 == n_proven && k + 1 < n ? leg->n_units : leg->n_proven;
        px += (leg->buys ? 1 : -1) * (1 + (int64_t)below((uint64_t)one / 20 + 1));
    }
    struct arb_book *const book = &world->stalls[i].books[0];
    book->verified = below(5) == 0 ? ARB_UNVERIFIABLE : ARB_VERIFIED;
    book->verified_levels = n_proven;
    leg->n_proven = book->verified == ARB_VERIFIED ? leg->n_proven : 0;
    if (leg->buys) {
        put_asks(world, i, 0, levels);
    } else {
        put_bids(world, i, 0, levels);
    }
}

static int64_t any_inventory(void)
{
    return below(6) > 0 ? 0 : below(8) == 0 ? ARB_NOTHING : 1 + (int64_t)below(80);
}

static void put_random_terms(struct world *world, struct slow_chain *chain)
{
    static const int64_t fees[] = { 0, 0, 1, 3, -2, 10 };

    world->venues[0].taker_fee_ppm = fees[below(6)] * KILO;
    for (uint32_t i = 0; i < chain->n; i++) {
        struct slow_leg *const leg = &chain->legs[i];
        leg->fee_kilo = world->venues[0].taker_fee_ppm / KILO;
        leg->terms = (struct arb_terms){ .lot = below(4) == 0 ? (int64_t)below(4) : 0,
                                         .min_qty = below(6) == 0 ? (int64_t)below(20) : 0,
                                         .min_notional = below(6) == 0 ? (int64_t)below(20) : 0,
                                         .most_base = any_inventory(),
                                         .most_quote = any_inventory() };
        world->stalls[i].terms[0] = leg->terms;
        put_random_side(world, i, leg);
    }
}

static void compare_legs(const struct slow_chain *chain, const struct arb_opportunity *wanted,
                         const struct arb_opportunity *found)
{
    assert_int_equal(found->n_legs, chain->n);
    for (uint32_t i = 0; i < chain->n; i++) {
        assert_int_equal(found->legs[i].qty, wanted->legs[i].qty);
        assert_int_equal(found->legs[i].limit_px, wanted->legs[i].limit_px);
        assert_int_equal(found->legs[i].notional, wanted->legs[i].notional);
        assert_int_equal(found->legs[i].fee, wanted->legs[i].fee);
        assert_int_equal(found->legs[i].side, chain->legs[i].buys ? ARB_BUY : ARB_SELL);
    }
}

static void compare(const struct slow_chain *chain, const struct arb_opportunity *wanted,
                    const struct arb_opportunity *found)
{
    compare_legs(chain, wanted, found);
    assert_int_equal(found->cost, wanted->cost);
    assert_int_equal(found->proceeds, wanted->proceeds);
    assert_int_equal(found->fees, wanted->fees);
    assert_int_equal(found->net, wanted->net);
    assert_int_equal(found->proven_qty, wanted->proven_qty);
    assert_int_equal(found->proven_net, wanted->proven_net);
    for (unsigned k = 0; k < 4; k++) {
        assert_int_equal(found->curve[k], wanted->curve[k]);
    }
}

/* Returns how many were found, of `n` books of one cycle. */
static unsigned compare_with_brute_force(unsigned n, int64_t min_net_ppm)
{
    struct slow_chain chain = { .most = (int64_t)below(3) - 1 };
    struct arb_opportunity wanted;
    unsigned n_found = 0;
    void *state;

    assert_int_equal(0, set_up(&state));
    struct world *const world = state;
    add_random_cycle(world, &chain);
    world->venues[0].taker_fee_ppm = min_net_ppm < 0 ? -2000 : 10000; /* the least and the most */
    set_option(world, "min_net", min_net_ppm);
    const struct slow_leg *const first = &chain.legs[0];
    const unsigned scale = first->buys ? first->px_scale : first->qty_scale;
    chain.most = chain.most < 0 ? -1 : (1 + chain.most) * arb_pow10(scale);
    set_text(world, "max_notional",
             chain.most < 0                  ? ""
             : chain.most > arb_pow10(scale) ? "2"
                                             : "1");
    start(world);
    for (unsigned i = 0; i < n; i++) {
        (void)stop(world);
        put_random_terms(world, &chain);
        world->recorder.n_opportunities = 0;
        (void)show_all(world);
        const bool is_wanted = find_slowly(&chain, min_net_ppm, &wanted);
        assert_int_equal(world->recorder.n_opportunities > 0, is_wanted);
        if (is_wanted) {
            compare(&chain, &wanted, &world->recorder.last);
            n_found++;
        }
    }
    (void)tear_down(&state);
    return n_found;
}

static void random_cycles_are_what_brute_force_finds(void **state)
{
    static const int64_t thresholds[] = { 0, 0, 30000, -30000 };
    unsigned n_found = 0;

    (void)state;
    begin_chance();
    for (unsigned i = 0; i < 600; i++) {
        n_found += compare_with_brute_force(50, thresholds[below(4)]);
    }
    print_message("%u of 30000 were opportunities\n", n_found);
    assert_true(n_found > 300);
}

/* -- is it really the most ----------------------------------------------------------------------
 */

#define FINE INT64_C(1000000) /* units of prices and of quantities; of money, FINE * FINE */

/* What a leg makes of an amount, a level at a time, hardly rounded. Below 0: it has not as much. */
static wide swapped(const struct world *world, uint32_t i, bool buys, wide amount)
{
    const struct stall *const stall = &world->stalls[i];
    const struct arb_book *const book = &stall->books[0];
    const int64_t fee_kilo = world->venues[0].taker_fee_ppm / KILO;
    wide out = 0;

    for (uint32_t k = 0; k < (buys ? book->n_asks : book->n_bids); k++) {
        const struct arb_level *const level = buys ? arb_ask_at(book, k) : arb_bid_at(book, k);
        const wide coins = (wide)level->qty * FINE;
        const wide money =
            (wide)level->px * level->qty * (buys ? KILO + fee_kilo : KILO - fee_kilo) / KILO;
        const wide whole = buys ? money : coins, makes = buys ? coins : money;
        const wide part = amount < whole ? amount : whole;
        out += makes * part / whole;
        amount -= part;
    }
    return amount > 0 ? -1 : out;
}

static void put_fine_side(struct world *world, uint32_t i, bool buys)
{
    struct arb_level levels[LEVELS] = { { 0, 0 } };
    int64_t px = FINE + (buys ? -1 : 1) * (int64_t)below(FINE / 20);

    for (unsigned k = 0; k < 3; k++) {
        levels[k] = (struct arb_level){ px, FINE + (int64_t)below(90 * FINE) };
        px += (buys ? 1 : -1) * (1 + (int64_t)below(FINE / 30));
    }
    if (buys) {
        put_asks(world, i, 0, levels);
    } else {
        put_bids(world, i, 0, levels);
    }
}

/* The most that any of 500 amounts earns, in units of 1 / FINE. */
static int64_t most_earned(const struct world *world, const struct slow_chain *chain)
{
    wide best = 0;

    for (int64_t k = 1; k <= 500; k++) {
        const wide spent = (wide)k * FINE * FINE / 2;
        wide amount = spent;
        for (uint32_t i = 0; i < chain->n && amount >= 0; i++) {
            amount = swapped(world, i, chain->legs[i].buys, amount);
        }
        best = amount - spent > best ? amount - spent : best;
    }
    return (int64_t)(best / FINE);
}

static void look_for_more(unsigned n)
{
    struct slow_chain chain;
    void *state;

    assert_int_equal(0, set_up(&state));
    struct world *const world = state;
    add_random_cycle(world, &chain);
    start(world);
    for (unsigned i = 0; i < n; i++) {
        (void)stop(world);
        world->venues[0].taker_fee_ppm = (int64_t)below(10) * KILO;
        for (uint32_t leg = 0; leg < chain.n; leg++) {
            world->stalls[leg].info.px_scale = world->stalls[leg].info.qty_scale = 6;
            put_fine_side(world, leg, chain.legs[leg].buys);
        }
        world->recorder.n_opportunities = 0;
        (void)show_all(world);
        const int64_t most = most_earned(world, &chain);
        const int64_t net = world->recorder.n_opportunities > 0 ? world->recorder.last.net : 0;
        assert_true(net >= most - 20); /* roundings of the legs */
    }
    (void)tear_down(&state);
}

static void no_quantity_earns_more(void **state)
{
    (void)state;
    begin_chance();
    for (unsigned i = 0; i < 50; i++) {
        look_for_more(40);
    }
}

/* -- extremes -----------------------------------------------------------------------------------
 */

static int64_t any_number(void)
{
    return 1 + (int64_t)(below(UINT64_MAX) >> (1 + below(62)));
}

static void put_anything(struct world *world, uint32_t i, bool is_odd)
{
    struct stall *const stall = &world->stalls[i];
    struct arb_level ask = { any_number(), any_number() }, bid = { any_number(), any_number() };

    stall->info.px_scale = (uint8_t)below(ARB_SCALE_MAX + 1);
    stall->info.qty_scale = (uint8_t)below(ARB_SCALE_MAX + 1);
    for (uint32_t venue = 0; venue < 2; venue++) {
        stall->terms[venue] = (struct arb_terms){ .lot = is_odd ? any_number() : 0,
                                                  .min_notional = is_odd ? any_number() : 0,
                                                  .most_base = below(4) == 0 ? any_number() : 0,
                                                  .most_quote = below(4) == 0 ? any_number() : 0 };
        put_asks(world, i, venue,
                 (struct arb_level[]){ ask, { any_number(), any_number() }, { 0, 0 } });
        put_bids(world, i, venue,
                 (struct arb_level[]){ bid, { any_number(), any_number() }, { 0, 0 } });
    }
}

/* Books in no order, numbers and scales of all sizes: amounts that do not fit are noticed. */
static void numbers_of_all_sizes_do_no_harm(void **state)
{
    struct world *const world = *state;

    begin_chance();
    put_triangle(world);
    (void)add(world, "ETH/EUR", 2, 3);
    (void)add(world, "EUR/USD", 2, 3);
    set_option(world, "min_net", -MILLION);
    set_text(world, "max_notional", "1000000");
    start(world);
    for (unsigned i = 0; i < 20000; i++) {
        world->venues[0].taker_fee_ppm = (int64_t)below(4 * MILLION + 1) - 2 * MILLION;
        world->venues[1].taker_fee_ppm = (int64_t)below(200001) - 100000;
        put_anything(world, (uint32_t)below(world->n_stalls), below(2) == 0);
        (void)show(world, (uint32_t)below(world->n_stalls));
    }
    assert_true(world->recorder.n_opportunities > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* What rates_exceed() says of a unit more and a unit less. */
static void what_a_unit_earns_is_exact(void **state)
{
    (void)state;
    begin_chance();
    for (unsigned k = 0; k < 20000; k++) {
        struct rate rates[CYCLE_LEGS_MAX];
        const unsigned n = 3 + (unsigned)below(2);
        for (unsigned i = 0; i < n; i++) {
            rates[i] = (struct rate){ .is_buy = below(2) != 0,
                                      .px_scale = (unsigned)below(9),
                                      .px = 1 + (int64_t)below(UINT64_C(1) << below(63)),
                                      .fee_ppm = (int64_t)below(20001) - 10000 };
        }
        const int64_t ppm = rates_ppm(rates, n);
        const int64_t spent = MILLION + (rates[0].is_buy ? rates[0].fee_ppm : 0);
        assert_true(ppm <= RATES_PPM_MAX && ppm >= -spent);
        assert_true(ppm == RATES_PPM_MAX || !rates_exceed(rates, n, spent + ppm + 1, spent));
        assert_true(spent + ppm <= 1 || rates_exceed(rates, n, spent + ppm - 1, spent));
    }
}

static const struct CMUnitTest tests[] = {
    TEST(buy_buy_sell),
    TEST(the_last_instrument_completes_it),
    TEST(buy_sell_sell),
    TEST(selling_first),
    TEST(buying_last),
    TEST(four_legs),
    TEST(four_legs_are_too_many_where_three_are_the_most),
    TEST(fees_are_taken_in_each_leg),
    TEST(rebates_make_a_loss_pay),
    TEST(best_price_after_the_fee_counts),
    TEST(book_that_is_not_to_be_traded_on_is_passed_over),
    TEST(book_that_is_too_old_is_passed_over),
    TEST(venue_where_nothing_can_be_spent_is_passed_over),
    TEST(book_grows_old_between_its_changes),
    TEST(one_venue_has_all_legs),
    TEST(one_venue_leaves_out_what_needs_two),
    TEST(walk_ends_where_the_next_unit_earns_nothing),
    TEST(cycle_that_breaks_even_is_none),
    TEST(lots_are_rounded_down_going_forward),
    TEST(each_leg_reaches_its_minimums),
    TEST(cost_stays_below_the_cap),
    TEST(cap_of_what_is_sold_first_is_a_quantity),
    TEST(each_leg_spends_no_more_than_lies_at_its_venue),
    TEST(what_a_leg_does_not_spend_is_of_no_matter),
    TEST(where_nothing_lies_there_is_no_cycle),
    TEST(inventory_pays_the_fee_too_and_a_rebate_does_not_help),
    TEST(inventory_is_spent_in_whole_lots),
    TEST(what_is_open_closes_as_resized_where_too_little_lies),
    TEST(too_little_is_a_cap_where_all_of_it_would_be_accepted),
    TEST(curve_tells_what_each_quarter_earns),
    TEST(size_within_the_proven_levels_stands_beside_the_whole),
    TEST(what_earns_more_than_max_net_is_absurd),
    TEST(net_has_to_be_above_min_net),
    TEST(better_units_alone_may_be_enough),
    TEST(better_units_may_earn_where_the_whole_loses),
    TEST(loss_that_is_small_enough_is_watched),
    TEST(what_is_open_stays_so_within_the_hysteresis),
    TEST(first_fee_is_no_part_of_the_cost),
    TEST(first_rebate_is_no_part_of_the_cost),
    TEST(it_closes_when_nothing_is_left),
    TEST(it_is_handed_over_with_its_first_instrument),
    TEST(what_is_elsewhere_is_not_summed_up),
    TEST(better_venue_opens_beside_what_is_open),
    TEST(updates_keep_their_pace),
    TEST(timer_closes_what_grew_too_old),
    TEST(books_known_at_different_times_are_no_cycle),
    TEST(cycle_that_fees_take_is_told),
    TEST(prices_that_earn_nothing_are_no_miss),
    TEST(cycle_that_earns_too_little_is_told),
    TEST(cycle_that_would_go_on_is_told),
    TEST(size_that_earns_too_little_is_told),
    TEST(cycle_below_a_minimum_is_told),
    TEST(cycle_of_what_lies_there_below_a_minimum_is_told),
    TEST(cycle_of_an_old_book_is_told),
    cmocka_unit_test(what_a_unit_earns_is_exact),
    TEST(amounts_that_do_not_fit_are_left_out_and_logged_once),
    TEST(unrelated_instruments_cost_nothing),
    TEST(unrelated_instruments_cost_nothing_though_there_are_many),
    TEST(venue_that_no_leg_is_on_computes_nothing),
    TEST(best_one_that_gets_worse_leaves_it_to_the_next),
    TEST(venue_that_gets_better_than_the_best_one_counts),
    TEST(what_does_not_close_is_no_cycle),
    TEST(all_cycles_of_four_currencies_are_found),
    TEST(parallel_instruments_have_cycles_of_their_own),
    TEST(first_start_currency_of_the_list_begins),
    TEST(cycle_without_a_start_currency_is_none),
    TEST(equivalents_are_changed_at_the_price_of_their_book),
    TEST(without_a_book_to_change_them_equivalents_are_not_equal),
    TEST(with_equivalents_no_other_cycles_are_looked_at),
    TEST(equivalents_alone_are_no_cycle),
    cmocka_unit_test(options_that_make_no_sense_are_refused),
    TEST(callback_says_no_more_than_it_may),
    TEST(numbers_of_all_sizes_do_no_harm),
    cmocka_unit_test(cycles_beyond_the_limit_are_counted),
    cmocka_unit_test(logarithms_of_powers_are_exact),
    cmocka_unit_test(margin_covers_the_error_of_logarithms),
    cmocka_unit_test(product_of_the_greatest_rates_is_exact),
    cmocka_unit_test(random_cycles_are_what_brute_force_finds),
    cmocka_unit_test(no_quantity_earns_more),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
