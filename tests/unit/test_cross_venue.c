/*
 * The cross_venue strategy against a host that writes down what it asks for, and against an
 * oracle that tries every quantity. The seed of the random tests is printed; ARBSPOT_SEED
 * repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/strategy.h"
#include "arbspot/text.h"

#define MS INT64_C(1000000)
#define START_NS (INT64_C(1000) * 1000 * MS)
#define MONO_START_NS (INT64_C(17) * MS) /* the two clocks have nothing in common */

enum { VENUES = 3, LEVELS_MAX = 5, PPM = 1000000 };

extern const struct arb_plugin arb_plugin; /* the plugin is linked into this test */

/* Records what the strategy asks for. */
struct recorder {
    struct arb_host host; /* first */
    char text[8192];      /* one line for each request, while is_quiet is false */
    struct arb_text out;
    bool is_quiet;
    struct arb_opportunity last;
    unsigned n_opportunities, n_logs;
    uint64_t open_ids[ARB_INSTRUMENTS_MAX][VENUES][VENUES]; /* 0: not open */
    unsigned n_misses;
    struct arb_miss miss; /* the last */
};

struct world {
    struct recorder recorder; /* first: the host leads back to here */
    void *self;
    struct arb_venue venues[VENUES];
    struct arb_terms terms[VENUES]; /* fees are those of the venues */
    struct arb_withdrawal withdrawals[VENUES];
    struct arb_instrument info;
    struct arb_level bids[VENUES][LEVELS_MAX], asks[VENUES][LEVELS_MAX];
    struct arb_book books[VENUES];
    uint32_t n_venues;
    bool is_elsewhere; /* all instruments */
};

static const char *word_of(uint32_t value, const char *const *words)
{
    return words[value];
}

/* "OPEN 1: 5 at a<=100 b>=110: cost 50 proceeds 55 fees 2 gross 5 net 3 ppm 100000/60000" */
static void tell(struct recorder *recorder, const struct arb_opportunity *o)
{
    static const char *const events[] = { "?", "OPEN", "UPDATE", "CLOSE" };
    static const char *const reasons[] = { "",         " gone",     " not live",
                                           " too old", " shutdown", " abandoned",
                                           " below",   " resized",  " handed over" };

    arb_text_add(&recorder->out,
                 "%s%s %llu: %lld from %u<=%lld to %u>=%lld: cost %lld proceeds %lld fees %lld "
                 "gross %lld net %lld ppm %lld/%lld\n",
                 word_of(o->event, events), word_of(o->reason, reasons), (unsigned long long)o->id,
                 (long long)o->legs[0].qty, o->legs[0].venue, (long long)o->legs[0].limit_px,
                 o->legs[1].venue, (long long)o->legs[1].limit_px, (long long)o->cost,
                 (long long)o->proceeds, (long long)o->fees, (long long)o->gross, (long long)o->net,
                 (long long)o->gross_ppm, (long long)o->net_ppm);
}

/* Every opportunity of every test has to follow OPEN, UPDATE ..., CLOSE. */
static void check_lifecycle(struct recorder *recorder, const struct arb_opportunity *o)
{
    uint64_t *const id =
        &recorder->open_ids[o->legs[0].instrument][o->legs[0].venue][o->legs[1].venue];

    assert_int_equal(o->n_legs, 2);
    assert_int_equal(o->legs[0].side, ARB_BUY);
    assert_int_equal(o->legs[1].side, ARB_SELL);
    assert_int_equal(o->legs[0].instrument, o->legs[1].instrument);
    assert_true(o->legs[0].qty == o->legs[1].qty || (o->flags & ARB_OPPORTUNITY_TRANSFER) != 0);
    assert_int_equal(o->legs[0].fee + o->legs[1].fee, o->fees);
    assert_int_equal(o->legs[0].notional, o->cost);
    assert_int_equal(o->legs[1].notional, o->proceeds);
    assert_true(o->event == ARB_OPPORTUNITY_OPEN ? *id == 0 : *id == o->id);
    *id = o->event == ARB_OPPORTUNITY_CLOSE ? 0 : o->id;
}

static int record_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    struct recorder *const recorder = (struct recorder *)host;

    check_lifecycle(recorder, opportunity);
    recorder->last = *opportunity;
    recorder->n_opportunities++;
    if (!recorder->is_quiet) {
        tell(recorder, opportunity);
    }
    return ARB_OK;
}

static int record_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    struct recorder *const recorder = (struct recorder *)host;

    if (!recorder->is_quiet) {
        arb_text_add(&recorder->out, "timer %u in %u ms\n", timer, delay_ms);
    }
    return ARB_OK;
}

__attribute__((format(printf, 3, 4))) static void
record_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    struct recorder *const recorder = (struct recorder *)host;

    (void)level, (void)fmt;
    recorder->n_logs++;
}

static int record_miss(struct arb_host *host, const struct arb_miss *miss)
{
    struct recorder *const recorder = (struct recorder *)host;

    recorder->n_misses++;
    recorder->miss = *miss;
    return ARB_OK;
}

static int view_market(struct arb_host *host, uint32_t instrument, struct arb_market *market);

static const struct arb_strategy_calls calls = {
    .base = { .size = sizeof(calls), .log = record_log, .timer_set = record_timer },
    .opportunity = record_opportunity,
    .market = view_market,
    .miss = record_miss,
};

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

static void start(struct world *world)
{
    const struct arb_strategy_env env = { .size = sizeof(env),
                                          .instruments_max = ARB_INSTRUMENTS_MAX,
                                          .n_venues = world->n_venues,
                                          .venues = world->venues };
    assert_int_equal(ARB_OK, ops()->init(world->self, &world->recorder.host, &env));
}

/* With the options and venues as they are by now; nothing is open. */
static void restart(struct world *world)
{
    ops()->fini(world->self);
    start(world);
}

static void clear_text(struct world *world)
{
    world->recorder.out = arb_text_over(world->recorder.text, sizeof(world->recorder.text));
}

/* Two venues without fees, whole units, no age limit, every update published. */
static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->self = calloc(1, arb_plugin.instance_size);
    assert_non_null(world->self);
    world->recorder.host =
        (struct arb_host){ .calls = &calls.base, .now_ns = START_NS, .mono_ns = MONO_START_NS };
    clear_text(world);
    world->n_venues = 2;
    (void)snprintf(world->info.symbol, sizeof(world->info.symbol), "BTC/USD");
    for (uint32_t i = 0; i < VENUES; i++) {
        world->books[i] = (struct arb_book){ .state = ARB_BOOK_LIVE,
                                             .trading = ARB_TRADING_OPEN,
                                             .recv_ns = START_NS,
                                             .bids = world->bids[i],
                                             .asks = world->asks[i] };
    }
    set_text(world, "max_notional", "");
    set_option(world, "max_net", PPM);
    start(world);
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

/* Levels are given best first and end with a quantity of 0. */
static uint32_t put_side(struct arb_level *side, const struct arb_level *levels)
{
    uint32_t n = 0;

    while (n < LEVELS_MAX && levels[n].qty != 0) {
        n++;
    }
    for (uint32_t i = 0; i < n; i++) {
        side[n - 1 - i] = levels[i];
    }
    return n;
}

static void put_bids(struct world *world, uint32_t venue, const struct arb_level *levels)
{
    world->books[venue].n_bids = put_side(world->bids[venue], levels);
}

static void put_asks(struct world *world, uint32_t venue, const struct arb_level *levels)
{
    world->books[venue].n_asks = put_side(world->asks[venue], levels);
}

/* One ask on venue 0, one bid on venue 1. */
static void put_quotes(struct world *world, struct arb_level ask, struct arb_level bid)
{
    put_asks(world, 0, (struct arb_level[]){ ask, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ bid, { 0, 0 } });
}

static struct arb_market market_of(struct world *world, uint32_t instrument, uint32_t changed)
{
    for (uint32_t i = 0; i < VENUES; i++) {
        world->terms[i].taker_fee_ppm = world->venues[i].taker_fee_ppm;
    }
    return (struct arb_market){ .size = sizeof(struct arb_market),
                                .instrument = instrument,
                                .info = &world->info,
                                .n_venues = world->n_venues,
                                .changed = changed,
                                .venues = world->venues,
                                .books = world->books,
                                .terms = world->terms,
                                .withdrawals = world->withdrawals,
                                .is_elsewhere = world->is_elsewhere };
}

/* All instruments have the same books. */
static int view_market(struct arb_host *host, uint32_t instrument, struct arb_market *market)
{
    *market = market_of((struct world *)host, instrument, 0);
    return ARB_OK;
}

static void show_instrument(struct world *world, uint32_t instrument, uint32_t changed)
{
    const struct arb_market market = market_of(world, instrument, changed);

    assert_int_equal(ARB_OK, ops()->on_market(world->self, &world->recorder.host, &market));
}

/* What the strategy asks for when all books changed. */
static const char *show(struct world *world)
{
    clear_text(world);
    show_instrument(world, 0, (1U << world->n_venues) - 1);
    return world->recorder.text;
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

static void pass(struct world *world, int64_t ns)
{
    world->recorder.host.now_ns += ns;
    world->recorder.host.mono_ns += ns;
}

/* --- the walk --- */

static void books_that_do_not_cross_give_nothing(void **state)
{
    put_quotes(*state, (struct arb_level){ 100, 5 }, (struct arb_level){ 100, 5 });
    assert_string_equal("", show(*state));
}

static void empty_books_give_nothing(void **state)
{
    assert_string_equal("", show(*state));
}

static void smaller_side_limits_the_quantity(void **state)
{
    put_quotes(*state, (struct arb_level){ 100, 5 }, (struct arb_level){ 110, 3 });
    assert_string_equal("OPEN 1: 3 from 0<=100 to 1>=110: cost 300 proceeds 330 fees 0 gross 30 "
                        "net 30 ppm 100000/100000\n",
                        show(*state));
}

static void walk_goes_on_while_the_next_unit_pays(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 100, 2 }, { 103, 2 }, { 107, 9 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 1 }, { 105, 2 }, { 104, 4 }, { 0, 0 } });
    assert_string_equal("OPEN 1: 4 from 0<=103 to 1>=104: cost 406 proceeds 424 fees 0 gross 18 "
                        "net 18 ppm 44334/44334\n",
                        show(world));
}

static void fees_end_the_walk_earlier(void **state)
{
    struct world *const world = *state;

    world->venues[0].taker_fee_ppm = 10000;
    world->venues[1].taker_fee_ppm = 10000;
    put_asks(world, 0, (struct arb_level[]){ { 100, 2 }, { 103, 2 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 2 }, { 105, 2 }, { 0, 0 } });
    assert_string_equal("OPEN 1: 2 from 0<=100 to 1>=110: cost 200 proceeds 220 fees 5 gross 20 "
                        "net 15 ppm 100000/75000\n",
                        show(world));
}

static void unit_that_only_breaks_even_is_left(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 100, 1 }, { 110, 1 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 2 }, { 0, 0 } });
    assert_string_equal("OPEN 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 gross 10 "
                        "net 10 ppm 100000/100000\n",
                        show(world));
}

static void rebate_turns_a_loss_into_a_profit(void **state)
{
    struct world *const world = *state;

    world->venues[0].taker_fee_ppm = -20000;
    put_quotes(world, (struct arb_level){ 999, 1 }, (struct arb_level){ 990, 1 });
    assert_string_equal("OPEN 1: 1 from 0<=999 to 1>=990: cost 999 proceeds 990 fees -19 gross -9 "
                        "net 10 ppm -9010/10010\n",
                        show(world));
}

static void fee_of_all_leaves_nothing(void **state)
{
    struct world *const world = *state;

    world->venues[1].taker_fee_ppm = PPM;
    put_quotes(world, (struct arb_level){ 1, 1 }, (struct arb_level){ INT64_MAX, 1 });
    assert_string_equal("", show(world));
}

static void cost_and_fees_round_up_and_proceeds_round_down(void **state)
{
    struct world *const world = *state;

    world->info.qty_scale = 1;
    world->venues[0].taker_fee_ppm = 1000;
    world->venues[1].taker_fee_ppm = 1000;
    /* 0.3 units: cost 30.3, proceeds 36.3, fees 0.0303 and 0.0363 */
    put_quotes(world, (struct arb_level){ 101, 3 }, (struct arb_level){ 121, 3 });
    assert_string_equal("OPEN 1: 3 from 0<=101 to 1>=121: cost 31 proceeds 36 fees 2 gross 5 net "
                        "3 ppm 161290/96774\n",
                        show(world));
}

static void rebate_rounds_down(void **state)
{
    struct world *const world = *state;

    world->venues[0].taker_fee_ppm = -1000; /* of 1999: 1.999 */
    put_quotes(world, (struct arb_level){ 1999, 1 }, (struct arb_level){ 2000, 1 });
    assert_string_equal("OPEN 1: 1 from 0<=1999 to 1>=2000: cost 1999 proceeds 2000 fees -1 gross "
                        "1 net 2 ppm 500/1000\n",
                        show(world));
}

static void profit_that_rounding_eats_is_none(void **state)
{
    struct world *const world = *state;

    world->info.qty_scale = 8;
    put_quotes(world, (struct arb_level){ 101, 3 }, (struct arb_level){ 102, 3 });
    assert_string_equal("", show(world));
}

static void both_directions_are_looked_at(void **state)
{
    struct world *const world = *state;

    put_asks(world, 1, (struct arb_level[]){ { 100, 1 }, { 0, 0 } });
    put_bids(world, 0, (struct arb_level[]){ { 101, 1 }, { 0, 0 } });
    assert_string_equal("OPEN 1: 1 from 1<=100 to 0>=101: cost 100 proceeds 101 fees 0 gross 1 "
                        "net 1 ppm 10000/10000\n",
                        show(world));
}

static void book_crossed_in_itself_is_no_opportunity(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 100, 1 }, { 0, 0 } });
    put_bids(world, 0, (struct arb_level[]){ { 101, 1 }, { 0, 0 } });
    assert_string_equal("", show(world));
}

static void smallest_profit_is_enough_for_the_default(void **state)
{
    /* 0.1 ppm of the cost */
    put_quotes(*state, (struct arb_level){ 10000000, 1 }, (struct arb_level){ 10000001, 1 });
    assert_string_equal("OPEN 1: 1 from 0<=10000000 to 1>=10000001: cost 10000000 proceeds "
                        "10000001 fees 0 gross 1 net 1 ppm 0/0\n",
                        show(*state));
}

static void net_that_equals_min_net_is_not_enough(void **state)
{
    set_option(*state, "min_net", 10000);
    restart(*state);
    put_quotes(*state, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1010, 1 });
    assert_string_equal("", show(*state));
}

static void net_just_above_min_net_is_enough(void **state)
{
    set_option(*state, "min_net", 9999);
    restart(*state);
    put_quotes(*state, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1010, 1 });
    assert_string_equal("OPEN 1: 1 from 0<=1000 to 1>=1010: cost 1000 proceeds 1010 fees 0 gross "
                        "10 net 10 ppm 10000/10000\n",
                        show(*state));
}

static void largest_amount_that_fits_is_exact(void **state)
{
    put_quotes(*state, (struct arb_level){ INT64_MAX - 1, 1 }, (struct arb_level){ INT64_MAX, 1 });
    assert_string_equal("OPEN 1: 1 from 0<=9223372036854775806 to 1>=9223372036854775807: cost "
                        "9223372036854775806 proceeds 9223372036854775807 fees 0 gross 1 net 1 "
                        "ppm 0/0\n",
                        show(*state));
}

static void amount_beyond_64_bits_is_left_out_and_logged_once(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ INT64_MAX - 1, 2 }, (struct arb_level){ INT64_MAX, 2 });
    assert_string_equal("", show(world));
    assert_string_equal("", show(world));
    assert_int_equal(1, world->recorder.n_logs);
}

static void quantity_beyond_64_bits_is_left_out(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 1, INT64_MAX }, { 2, INT64_MAX }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 9, INT64_MAX }, { 8, INT64_MAX }, { 0, 0 } });
    world->info.qty_scale = 18;
    assert_string_equal("", show(world));
    assert_int_equal(1, world->recorder.n_logs);
}

static void extreme_prices_and_fees_do_not_overflow_unnoticed(void **state)
{
    struct world *const world = *state;

    world->venues[0].taker_fee_ppm = PPM;
    world->venues[1].taker_fee_ppm = -PPM;
    put_quotes(world, (struct arb_level){ INT64_MAX / 2, INT64_MAX },
               (struct arb_level){ INT64_MAX, INT64_MAX });
    assert_string_equal("", show(world));
    assert_int_equal(1, world->recorder.n_logs);
}

static void price_of_zero_gives_nothing(void **state)
{
    put_quotes(*state, (struct arb_level){ 0, 1 }, (struct arb_level){ 5, 1 });
    assert_string_equal("", show(*state));
}

/* --- what venues accept --- */

/* Ten at 100, then ten at 104, against thirty at 110. */
static void put_two_steps(struct world *world)
{
    put_asks(world, 0, (struct arb_level[]){ { 100, 10 }, { 104, 10 }, { 120, 50 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 30 }, { 0, 0 } });
}

static int64_t shown_qty(struct world *world)
{
    (void)stop(world);
    world->recorder.n_opportunities = 0;
    (void)show(world);
    return world->recorder.n_opportunities == 0 ? 0 : world->recorder.last.legs[0].qty;
}

static void quantity_is_a_multiple_of_both_lots(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    assert_int_equal(shown_qty(world), 20);
    world->terms[0].lot = 4;
    world->terms[1].lot = 6;
    assert_int_equal(shown_qty(world), 24); /* 4 more at 120 cost less than 8 fewer would earn */
    world->terms[1].lot = 10;
    assert_int_equal(shown_qty(world), 20);
    world->terms[1].lot = 14; /* 28: 8 at 120 cost 80, and 20 earn 160 */
    assert_int_equal(shown_qty(world), 28);
    world->terms[1].lot = 22; /* 44 is more than there is to sell to */
    assert_int_equal(shown_qty(world), 0);
    world->terms[1].lot = INT64_MAX; /* with a lot of 4, no quantity is a multiple of both */
    assert_int_equal(shown_qty(world), 0);
}

static void smaller_than_a_minimum_is_nothing(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    world->terms[1].min_qty = 20;
    assert_int_equal(shown_qty(world), 20);
    world->terms[1].min_qty = 21; /* one at 120 costs 10 of 160 */
    assert_int_equal(shown_qty(world), 21);
    world->terms[0].min_qty = 30;
    assert_int_equal(shown_qty(world), 30);
    world->terms[0].min_qty = 31;
    assert_int_equal(shown_qty(world), 0);
}

static void minimum_of_the_notional_holds_on_both_sides(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 100, 10 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 20 }, { 0, 0 } });
    world->terms[0].min_notional = 1000;
    world->terms[1].min_notional = 1100;
    assert_int_equal(shown_qty(world), 10);
    world->terms[0].min_notional = 1001;
    assert_int_equal(shown_qty(world), 0);
    world->terms[0].min_notional = 0;
    world->terms[1].min_notional = 1101;
    assert_int_equal(shown_qty(world), 0);
}

/* Of what loses as a whole nothing is published, however much its first units earn. */
static void minimum_that_eats_the_profit_is_nothing(void **state)
{
    struct world *const world = *state;

    put_asks(world, 0, (struct arb_level[]){ { 100, 1 }, { 120, 50 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 30 }, { 0, 0 } });
    world->terms[0].min_qty = 2;
    assert_int_equal(shown_qty(world), 0);
}

static void cost_stays_below_the_cap(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    set_text(world, "max_notional", "1520");
    restart(world);
    assert_int_equal(shown_qty(world), 15);
    set_text(world, "max_notional", "1519.99");
    restart(world);
    assert_int_equal(shown_qty(world), 14);
    world->terms[0].lot = 4;
    assert_int_equal(shown_qty(world), 12);
    world->terms[0].min_qty = 16;
    assert_int_equal(shown_qty(world), 0);
}

static void cap_that_is_no_amount_is_refused(void **state)
{
    struct world *const world = *state;
    const struct arb_strategy_env env = { .size = sizeof(env) };

    set_text(world, "max_notional", "much");
    assert_int_equal(ARB_EINVAL, ops()->init(world->self, &world->recorder.host, &env));
    set_text(world, "max_notional", "0");
    assert_int_equal(ARB_EINVAL, ops()->init(world->self, &world->recorder.host, &env));
}

/* --- parts of the size --- */

static void size_stays_within_what_lies_at_the_venues(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    world->terms[0].most_base = world->terms[1].most_quote = ARB_NOTHING; /* of no matter here */
    assert_int_equal(shown_qty(world), 20);
    world->terms[0].most_quote = 1520;
    assert_int_equal(shown_qty(world), 15);
    world->terms[0].most_quote = 1519;
    assert_int_equal(shown_qty(world), 14);
    world->terms[1].most_base = 13;
    assert_int_equal(shown_qty(world), 13);
    world->terms[1].min_qty = 14;
    assert_int_equal(shown_qty(world), 0);
    world->terms[1].min_qty = 0;
    world->terms[1].most_base = ARB_NOTHING;
    assert_int_equal(shown_qty(world), 0);
    world->terms[1].most_base = 0;
    world->terms[0].most_quote = ARB_NOTHING;
    assert_int_equal(shown_qty(world), 0);
}

static void inventory_pays_the_fee_too_and_a_rebate_does_not_help(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    world->venues[0].taker_fee_ppm = 10000;
    world->terms[0].most_quote = 1010; /* 10 at 100, and a hundredth of that */
    assert_int_equal(shown_qty(world), 10);
    world->terms[0].most_quote = 1009; /* the fee of 900 is 9, of 1000 it would be 10 */
    assert_int_equal(shown_qty(world), 9);
    world->venues[0].taker_fee_ppm = -10000;
    world->terms[0].most_quote = 999;
    assert_int_equal(shown_qty(world), 9);
}

/* 1.11 cost 2 as rounded, and 0.999 of fee 1, which is all: 1 and 1 would leave one. */
static void what_rounding_leaves_is_spent(void **state)
{
    struct world *const world = *state;

    world->info.qty_scale = 2;
    world->venues[0].taker_fee_ppm = 900000;
    put_quotes(world, (struct arb_level){ 1, 500 }, (struct arb_level){ 9, 500 });
    world->terms[0].most_quote = 3;
    assert_int_equal(shown_qty(world), 111);
    assert_int_equal(world->recorder.last.legs[0].notional, 2);
    assert_int_equal(world->recorder.last.legs[0].fee, 1);
}

static void curve_tells_what_each_quarter_earns(void **state)
{
    struct world *const world = *state;

    put_two_steps(world);
    assert_int_equal(shown_qty(world), 20);
    const struct arb_opportunity *const last = &world->recorder.last;
    assert_int_equal(last->curve[0], 50);
    assert_int_equal(last->curve[1], 100);
    assert_int_equal(last->curve[2], 130);
    assert_int_equal(last->curve[3], 160);
    world->terms[0].lot = 8; /* a quarter of 16 is none of it, three quarters are one */
    assert_int_equal(shown_qty(world), 16);
    assert_int_equal(last->curve[0], 0);
    assert_int_equal(last->curve[1], 80);
    assert_int_equal(last->curve[2], 80);
    assert_int_equal(last->curve[3], 136);
}

static void prove(struct world *world, uint32_t asks_proven, uint32_t bids_proven)
{
    world->books[0].verified = world->books[1].verified = ARB_VERIFIED;
    world->books[0].verified_levels = asks_proven;
    world->books[1].verified_levels = bids_proven;
}

static void size_within_the_proven_levels_stands_beside_the_whole(void **state)
{
    struct world *const world = *state;
    const struct arb_opportunity *const last = &world->recorder.last;

    put_two_steps(world);
    prove(world, 1, 0);
    assert_int_equal(shown_qty(world), 20);
    assert_int_equal(last->proven_qty, 10);
    assert_int_equal(last->proven_net, 100);
    assert_int_equal(last->verified, ARB_UNVERIFIABLE);
    world->terms[1].lot = 4;
    assert_int_equal(shown_qty(world), 20);
    assert_int_equal(last->proven_qty, 8);
    assert_int_equal(last->proven_net, 80);
    prove(world, 2, 1);
    assert_int_equal(shown_qty(world), 20);
    assert_int_equal(last->proven_qty, 20);
    assert_int_equal(last->proven_net, 160);
    assert_int_equal(last->verified, ARB_VERIFIED);
    world->books[1].verified = ARB_UNVERIFIABLE;
    assert_int_equal(shown_qty(world), 20);
    assert_int_equal(last->proven_qty, 0);
    assert_int_equal(last->proven_net, 0);
}

static void only_proven_levels_are_taken_where_that_is_required(void **state)
{
    struct world *const world = *state;

    set_flag(world, "require_verified", true);
    put_two_steps(world);
    prove(world, 1, 0);
    assert_int_equal(shown_qty(world), 10);
    assert_int_equal(world->recorder.last.verified, ARB_VERIFIED);
    world->books[1].verified = ARB_UNVERIFIABLE;
    assert_int_equal(shown_qty(world), 0);
}

static void withdraw(struct world *world, int64_t fee)
{
    world->withdrawals[0] =
        (struct arb_withdrawal){ .is_known = true, .fee = fee, .takes_ms = 1800000 };
    set_flag(world, "transfer", true);
}

static void put_hundred(struct world *world)
{
    put_asks(world, 0, (struct arb_level[]){ { 100, 50 }, { 104, 50 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 100 }, { 0, 0 } });
}

static void transfer_buys_the_fee_of_the_withdrawal_too(void **state)
{
    static const int64_t curve[] = { -60, 176, 320, 470 };
    struct world *const world = *state;
    const struct arb_opportunity *const last = &world->recorder.last;

    put_hundred(world);
    withdraw(world, 3);
    world->terms[1].most_base = ARB_NOTHING; /* what is sold is brought */
    assert_int_equal(shown_qty(world), 100);
    assert_int_equal(last->legs[1].qty, 97);
    assert_int_equal(last->legs[0].limit_px, 104);
    assert_int_equal(last->cost, 10200);
    assert_int_equal(last->proceeds, 10670);
    assert_int_equal(last->net, 470);
    assert_memory_equal(last->curve, curve, sizeof(curve));
    assert_true((last->flags & ARB_OPPORTUNITY_TRANSFER) != 0);
    assert_int_equal(last->transfer_fee, 3);
    assert_int_equal(last->transfer_ms, 1800000);
    set_flag(world, "transfer", false);
    world->terms[1].most_base = 0;
    assert_int_equal(shown_qty(world), 100);
    assert_int_equal(last->legs[1].qty, 100);
    assert_int_equal(last->flags & ARB_OPPORTUNITY_TRANSFER, 0);
    assert_int_equal(last->transfer_ms, 0);
}

static void transfer_holds_what_each_venue_demands_of_its_own_order(void **state)
{
    struct world *const world = *state;

    put_hundred(world);
    withdraw(world, 3);
    world->terms[0].min_qty = 100;
    world->terms[1].min_qty = 97;
    assert_int_equal(shown_qty(world), 100);
    world->terms[0].min_qty = 101;
    assert_int_equal(shown_qty(world), 0);
    world->terms[0].min_qty = 0;
    world->terms[1].min_qty = 98;
    assert_int_equal(shown_qty(world), 0);
    world->terms[1].min_qty = 0;
    world->terms[0].most_quote = 10199;
    assert_int_equal(shown_qty(world), 99);
    world->terms[0].most_quote = 0;
    world->terms[0].lot = 8;
    world->terms[1].lot = 5; /* of 96 the 93 that are left sell as 90; of 88 it is all 85 */
    assert_int_equal(shown_qty(world), 88);
    assert_int_equal(world->recorder.last.legs[1].qty, 85);
    assert_int_equal(world->recorder.last.net, 398);
}

static void transfer_of_proven_levels_counts_the_fee(void **state)
{
    struct world *const world = *state;

    put_hundred(world);
    withdraw(world, 3);
    prove(world, 1, 0);
    assert_int_equal(shown_qty(world), 100);
    assert_int_equal(world->recorder.last.proven_qty, 50);
    assert_int_equal(world->recorder.last.proven_net, 170);
    set_flag(world, "require_verified", true);
    assert_int_equal(shown_qty(world), 50);
    assert_int_equal(world->recorder.last.legs[1].qty, 47);
}

/* 97 rows of quantities, more than are looked at. */
static void lots_that_hardly_ever_meet_are_kept_all_the_same(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 100000 }, (struct arb_level){ 110, 100000 });
    withdraw(world, 3);
    world->terms[0].lot = 97;
    world->terms[1].lot = 101;
    const int64_t bought = shown_qty(world), sold = world->recorder.last.legs[1].qty;
    assert_int_equal(bought, 99910);
    assert_int_equal(sold, 99889);
}

static void what_earns_more_than_max_net_is_absurd(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    set_option(world, "max_net", 100000);
    assert_int_equal(shown_qty(world), 1);
    assert_int_equal(world->recorder.last.flags, 0);
    set_option(world, "max_net", 99999);
    assert_int_equal(shown_qty(world), 1);
    assert_int_equal(world->recorder.last.flags, ARB_OPPORTUNITY_ABSURD);
}

/* --- thresholds --- */

static void what_is_open_stays_so_within_the_hysteresis(void **state)
{
    struct world *const world = *state;

    set_option(world, "min_net", 10000);
    set_option(world, "hysteresis", 5000);
    restart(world);
    put_quotes(world, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1010, 1 });
    assert_string_equal("", show(world));
    put_quotes(world, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1011, 1 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
    put_quotes(world, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1006, 1 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_UPDATE);
    put_quotes(world, (struct arb_level){ 1000, 1 }, (struct arb_level){ 1005, 1 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_BELOW);
}

/* One unit more is taken as long as it loses no more than that. */
static void threshold_below_zero_watches_what_does_not_pay(void **state)
{
    struct world *const world = *state;

    set_option(world, "min_net", -10001);
    restart(world);
    put_asks(world, 0, (struct arb_level[]){ { 1000, 1 }, { 1001, 7 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 990, 5 }, { 0, 0 } });
    assert_string_equal("OPEN 1: 1 from 0<=1000 to 1>=990: cost 1000 proceeds 990 fees 0 gross "
                        "-10 net -10 ppm -10000/-10000\n",
                        show(world));
    put_asks(world, 0, (struct arb_level[]){ { 1001, 7 }, { 0, 0 } });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_GONE);
}

static void what_shrinks_below_a_minimum_is_closed_as_resized(void **state)
{
    struct world *const world = *state;

    world->terms[0].min_qty = 5;
    put_quotes(world, (struct arb_level){ 100, 5 }, (struct arb_level){ 110, 9 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
    put_quotes(world, (struct arb_level){ 100, 4 }, (struct arb_level){ 110, 9 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_RESIZED);
}

/* --- why not --- */

/* The reason that is told of the pair, 0: none. */
static uint32_t why_not(struct world *world)
{
    (void)stop(world);
    world->recorder.n_misses = 0;
    (void)show(world);
    assert_true(world->recorder.n_misses <= 1);
    if (world->recorder.n_misses == 0) {
        return 0;
    }
    assert_int_equal(world->recorder.miss.legs[0].venue, 0);
    assert_int_equal(world->recorder.miss.legs[1].venue, 1);
    return world->recorder.miss.reason;
}

static void pair_that_crosses_and_is_none_is_told_with_its_reason(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 1000, 5 }, (struct arb_level){ 1000, 5 });
    assert_int_equal(why_not(world), 0); /* it does not cross */
    put_quotes(world, (struct arb_level){ 1000, 5 }, (struct arb_level){ 1010, 5 });
    assert_int_equal(why_not(world), 0); /* it is one */
    world->venues[0].taker_fee_ppm = 6000;
    world->venues[1].taker_fee_ppm = 4000;
    assert_int_equal(why_not(world), ARB_MISS_FEES);
    assert_int_equal(world->recorder.miss.legs[0].px, 1000);
    assert_int_equal(world->recorder.miss.legs[1].px, 1010);
    assert_int_equal(world->recorder.miss.gross_ppm, 10000);
    assert_int_equal(world->recorder.miss.net_ppm, -40);
    world->venues[0].taker_fee_ppm = world->venues[1].taker_fee_ppm = 1000;
    world->terms[0].min_qty = 6;
    assert_int_equal(why_not(world), ARB_MISS_MINIMUM);
    world->terms[0].min_qty = 3;
    world->terms[1].most_base = 2;
    assert_int_equal(why_not(world), ARB_MISS_CAP);
    world->terms[1].most_base = 0;
    set_flag(world, "transfer", true);
    world->withdrawals[1] = (struct arb_withdrawal){ .is_known = true }; /* not from where it is */
    assert_int_equal(why_not(world), ARB_MISS_TRANSFER);
    world->withdrawals[0] = (struct arb_withdrawal){ .is_known = true, .fee = INT64_MAX };
    assert_int_equal(why_not(world), ARB_MISS_LIMIT);
    set_flag(world, "transfer", false);
    set_text(world, "max_notional", "2000");
    restart(world);
    assert_int_equal(why_not(world), ARB_MISS_CAP);
    set_text(world, "max_notional", "");
    restart(world);
    set_flag(world, "require_verified", true);
    assert_int_equal(why_not(world), ARB_MISS_PROOF);
    set_flag(world, "require_verified", false);
    world->books[1].verified = ARB_SUSPECT;
    assert_int_equal(why_not(world), ARB_MISS_SUSPECT);
    world->books[1].verified = 0;
    world->books[1].trading = ARB_TRADING_HALTED;
    assert_int_equal(why_not(world), ARB_MISS_STATUS);
    world->books[1].trading = ARB_TRADING_OPEN;
    set_option(world, "max_age", 10);
    pass(world, 11 * MS);
    assert_int_equal(why_not(world), ARB_MISS_AGE);
    set_option(world, "max_age", 0);
    assert_int_equal(why_not(world), 0);
}

static void threshold_that_is_missed_is_told(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 1000, 5 }, (struct arb_level){ 1010, 5 });
    set_option(world, "min_net", 10000);
    restart(world);
    assert_int_equal(why_not(world), ARB_MISS_BELOW);
    assert_int_equal(world->recorder.miss.net_ppm, 10000);
    put_asks(world, 0, (struct arb_level[]){ { 1000, 1 }, { 1009, 4 }, { 0, 0 } });
    world->terms[0].min_qty = 5; /* the first unit pays enough, and five of them do not */
    set_option(world, "min_net", 9000);
    restart(world);
    assert_int_equal(why_not(world), ARB_MISS_BELOW);
    assert_int_equal(world->recorder.miss.qty, 5);
    assert_int_equal(world->recorder.miss.net, 14);
    set_option(world, "hysteresis", 7000);
    restart(world);
    assert_int_equal(why_not(world), ARB_MISS_HYSTERESIS);
}

/* Of usual prices, and of those whose products take more than 64 bits. */
static void what_a_miss_earns_is_rounded_down(void **state)
{
    struct world *const world = *state;

    world->venues[0].taker_fee_ppm = world->venues[1].taker_fee_ppm = 900000;
    put_quotes(world, (struct arb_level){ 3, 1 }, (struct arb_level){ 10, 1 });
    assert_int_equal(why_not(world), ARB_MISS_FEES);
    assert_int_equal(world->recorder.miss.gross_ppm, 2333333);
    assert_int_equal(world->recorder.miss.net_ppm, -1566667);
    world->venues[0].taker_fee_ppm = 0;
    world->venues[1].taker_fee_ppm = 333333;
    put_quotes(world, (struct arb_level){ 3 * INT64_C(1000000000000000000), 1 },
               (struct arb_level){ 4 * INT64_C(1000000000000000000), 1 });
    assert_int_equal(why_not(world), ARB_MISS_FEES);
    assert_int_equal(world->recorder.miss.gross_ppm, 333333);
    assert_int_equal(world->recorder.miss.net_ppm, -111111);
}

static void what_does_not_fit_is_told(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ INT64_MAX - 1, 2 }, (struct arb_level){ INT64_MAX, 2 });
    assert_int_equal(why_not(world), ARB_MISS_LIMIT);
}

/* --- which books count --- */

/* Two asks against one bid that takes both. */
static uint32_t verified_with(struct world *world, uint32_t levels_proven, uint32_t sell_verified)
{
    put_asks(world, 0, (struct arb_level[]){ { 100, 1 }, { 101, 1 }, { 0, 0 } });
    put_bids(world, 1, (struct arb_level[]){ { 110, 2 }, { 0, 0 } });
    world->books[0].verified = ARB_VERIFIED;
    world->books[0].verified_levels = levels_proven;
    world->books[1].verified = sell_verified;
    (void)show(world);
    return world->recorder.last.verified;
}

static void fill_within_the_proven_levels_is_verified(void **state)
{
    assert_int_equal(verified_with(*state, 2, ARB_VERIFIED), ARB_VERIFIED);
}

static void fill_below_the_proven_levels_is_not_verified(void **state)
{
    assert_int_equal(verified_with(*state, 1, ARB_VERIFIED), ARB_UNVERIFIABLE);
}

static void the_weaker_leg_decides_what_is_verified(void **state)
{
    assert_int_equal(verified_with(*state, 0, ARB_UNVERIFIABLE), ARB_UNVERIFIABLE);
}

/* Another member of the group looks after the instrument, until that one is gone. */
static void what_is_elsewhere_is_handed_over(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
    world->is_elsewhere = true;
    world->books[0].state = ARB_BOOK_STALE; /* a partition that was lost */
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_HANDED_OVER);
    assert_string_equal("", show(world));
    world->books[0].state = ARB_BOOK_LIVE;
    assert_string_equal("", show(world));
    world->is_elsewhere = false;
    (void)show(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_OPEN);
}

/* What changed meanwhile is known. */
static void what_comes_back_is_as_it_was_shown_last(void **state)
{
    struct world *const world = *state;

    world->is_elsewhere = true;
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    assert_string_equal("", show(world));
    put_bids(world, 1, (struct arb_level[]){ { 99, 1 }, { 0, 0 } });
    show_instrument(world, 0, 1U << 1);
    world->is_elsewhere = false;
    clear_text(world);
    show_instrument(world, 0, 1U << 0);
    assert_string_equal("", world->recorder.text);
}

static void instruments_are_handed_over_one_by_one(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    show_instrument(world, 1, 3);
    world->is_elsewhere = true;
    assert_int_equal(0, strncmp("CLOSE handed over 1:", show(world), 20));
    assert_null(strstr(world->recorder.text + 1, "CLOSE"));
    world->is_elsewhere = false;
    assert_int_equal(0, strncmp("CLOSE shutdown 2:", stop(world), 17));
}

static void book_that_is_not_live_gives_nothing(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    world->books[0].state = ARB_BOOK_STALE;
    assert_string_equal("", show(world));
}

static void book_that_is_suspect_gives_nothing(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    world->books[0].verified = ARB_SUSPECT;
    assert_string_equal("", show(world));
}

static void venue_that_does_not_match_orders_gives_nothing(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    world->books[1].trading = ARB_TRADING_LIMITED;
    assert_string_equal("", show(world));
}

static void book_as_old_as_max_age_counts(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    pass(world, 10 * MS);
    (void)show(world);
    assert_int_equal(1, world->recorder.n_opportunities);
}

static void book_older_than_max_age_does_not_count(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    pass(world, 10 * MS + 1);
    assert_string_equal("", show(world));
}

/* Received at once, and made `age_ns` before by the venue's clock, which is an hour behind. */
static uint32_t opportunities_of_age(struct world *world, int64_t age_ns, int64_t error_ns)
{
    struct arb_book *const book = &world->books[0];

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    book->clock = (struct arb_clock){ -3600 * (int64_t)1000 * MS, error_ns };
    book->venue_ns = book->recv_ns - age_ns + book->clock.offset_ns;
    (void)show(world);
    return world->recorder.n_opportunities;
}

static void book_made_max_age_ago_counts(void **state)
{
    assert_int_equal(opportunities_of_age(*state, 10 * MS, 1), 1);
}

static void book_made_longer_ago_does_not_count(void **state)
{
    assert_int_equal(opportunities_of_age(*state, 10 * MS + 1, 1), 0);
}

static void without_a_known_clock_it_is_receipt_that_counts(void **state)
{
    assert_int_equal(opportunities_of_age(*state, 10 * MS + 1, 0), 1);
}

static void one_old_leg_is_enough_to_leave_the_pair_out(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    pass(world, 11 * MS);
    world->books[0].recv_ns = world->recorder.host.now_ns;
    assert_string_equal("", show(world));
}

static void times_beyond_reason_do_no_harm(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    world->books[0].recv_ns = INT64_MIN;
    world->books[1].recv_ns = INT64_MAX;
    assert_string_equal("", show(world));
    world->books[0].recv_ns = INT64_MAX;
    (void)show(world);
    assert_int_equal(1, world->recorder.n_opportunities);
}

static void pair_without_a_changed_leg_is_not_looked_at(void **state)
{
    struct world *const world = *state;

    world->n_venues = 3;
    restart(world);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    clear_text(world);
    show_instrument(world, 0, 1U << 2);
    assert_string_equal("", world->recorder.text);
}

/* --- lifecycle --- */

static void terms_that_stay_are_not_repeated(void **state)
{
    put_quotes(*state, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    set_option(*state, "update_interval", 0);
    (void)show(*state);
    assert_string_equal("", show(*state));
}

static void new_terms_are_an_update_of_the_same_id(void **state)
{
    struct world *const world = *state;

    set_option(world, "update_interval", 0);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 100, 2 }, (struct arb_level){ 110, 2 });
    assert_string_equal("UPDATE 1: 2 from 0<=100 to 1>=110: cost 200 proceeds 220 fees 0 gross 20 "
                        "net 20 ppm 100000/100000\n",
                        show(world));
}

/* Both cost 2040 and end at 104; half of the first costs 1000, of the second one 1010. */
static void what_changes_only_parts_of_the_size_is_an_update(void **state)
{
    struct world *const world = *state;

    set_option(world, "update_interval", 0);
    put_two_steps(world);
    (void)show(world);
    put_asks(world, 0, (struct arb_level[]){ { 100, 5 }, { 102, 10 }, { 104, 5 }, { 0, 0 } });
    assert_string_equal("UPDATE 1: 20 from 0<=104 to 1>=110: cost 2040 proceeds 2200 fees 0 gross "
                        "160 net 160 ppm 78431/78431\n",
                        show(world));
    assert_int_equal(world->recorder.last.curve[1], 90);
}

static void prices_that_part_close_it_with_the_last_terms(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 110, 1 }, (struct arb_level){ 110, 1 });
    assert_string_equal("CLOSE gone 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 gross "
                        "10 net 10 ppm 100000/100000\n",
                        show(world));
}

static void leg_that_leaves_live_closes_it(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    world->books[1].state = ARB_BOOK_STALE;
    assert_string_equal("CLOSE not live 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 "
                        "gross 10 net 10 ppm 100000/100000\n",
                        show(world));
}

static void what_comes_back_has_a_new_id(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    world->books[1].trading = ARB_TRADING_HALTED;
    (void)show(world);
    world->books[1].trading = ARB_TRADING_OPEN;
    assert_string_equal("OPEN 2: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 gross 10 "
                        "net 10 ppm 100000/100000\n",
                        show(world));
}

static void stop_closes_what_is_open(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    assert_string_equal("CLOSE shutdown 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 "
                        "gross 10 net 10 ppm 100000/100000\n",
                        stop(world));
    assert_string_equal("", stop(world));
}

static void overflow_closes_what_is_open(void **state)
{
    struct world *const world = *state;

    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 100, INT64_MAX }, (struct arb_level){ 110, INT64_MAX });
    assert_string_equal("CLOSE gone 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 gross "
                        "10 net 10 ppm 100000/100000\n",
                        show(world));
}

/* --- time --- */

/* Its host says each second that it watches them. */
static void books_that_do_not_change_are_not_old(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 2000);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    for (unsigned i = 0; i < 5; i++) {
        world->books[0].alive_ns = world->books[1].alive_ns = world->recorder.host.mono_ns;
        pass(world, 2001 * MS);
        world->books[0].alive_ns = world->books[1].alive_ns = world->recorder.host.mono_ns - 1;
        assert_string_equal("timer 0 in 2000 ms\n", fire(world));
    }
    world->books[1].alive_ns = world->recorder.host.mono_ns;
    pass(world, 2001 * MS);
    (void)fire(world);
    assert_int_equal(world->recorder.last.event, ARB_OPPORTUNITY_CLOSE);
    assert_int_equal(world->recorder.last.reason, ARB_CLOSE_TOO_OLD);
}

static void books_known_at_different_times_are_no_pair(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_skew", 500);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    pass(world, 10000 * MS);
    world->books[0].alive_ns = world->recorder.host.mono_ns - 700 * MS;
    world->books[1].alive_ns = world->recorder.host.mono_ns - 200 * MS;
    assert_int_equal(shown_qty(world), 1);
    world->books[1].alive_ns++;
    assert_int_equal(shown_qty(world), 0);
    world->books[0].recv_ns = world->recorder.host.now_ns - 1; /* it has changed since */
    assert_int_equal(shown_qty(world), 1);
}

static void timer_closes_what_grew_too_old(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    world->books[0].recv_ns = START_NS - 3 * MS;
    assert_string_equal("OPEN 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 gross 10 "
                        "net 10 ppm 100000/100000\ntimer 0 in 8 ms\n",
                        show(world));
    pass(world, 8 * MS);
    assert_string_equal("CLOSE too old 1: 1 from 0<=100 to 1>=110: cost 100 proceeds 110 fees 0 "
                        "gross 10 net 10 ppm 100000/100000\n",
                        fire(world));
}

static void timer_of_a_refreshed_book_is_set_anew(void **state)
{
    struct world *const world = *state;

    set_option(world, "max_age", 10);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    pass(world, 4 * MS);
    world->books[0].recv_ns = world->books[1].recv_ns = world->recorder.host.now_ns;
    assert_string_equal("", show(world));
    pass(world, 7 * MS);
    assert_string_equal("timer 0 in 4 ms\n", fire(world));
}

static void update_within_the_interval_waits_for_the_timer(void **state)
{
    struct world *const world = *state;

    set_option(world, "update_interval", 100);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    pass(world, 30 * MS);
    put_quotes(world, (struct arb_level){ 100, 2 }, (struct arb_level){ 110, 2 });
    assert_string_equal("timer 0 in 70 ms\n", show(world));
    pass(world, 70 * MS);
    assert_string_equal("UPDATE 1: 2 from 0<=100 to 1>=110: cost 200 proceeds 220 fees 0 gross 20 "
                        "net 20 ppm 100000/100000\n",
                        fire(world));
}

static void only_the_latest_of_several_updates_is_published(void **state)
{
    struct world *const world = *state;

    set_option(world, "update_interval", 100);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 100, 2 }, (struct arb_level){ 110, 2 });
    (void)show(world);
    pass(world, 100 * MS);
    put_quotes(world, (struct arb_level){ 100, 3 }, (struct arb_level){ 110, 3 });
    assert_string_equal("UPDATE 1: 3 from 0<=100 to 1>=110: cost 300 proceeds 330 fees 0 gross 30 "
                        "net 30 ppm 100000/100000\n",
                        show(world));
}

static void close_does_not_wait_for_the_interval(void **state)
{
    struct world *const world = *state;

    set_option(world, "update_interval", 100);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 100, 2 }, (struct arb_level){ 110, 2 });
    (void)show(world);
    put_quotes(world, (struct arb_level){ 110, 1 }, (struct arb_level){ 110, 1 });
    assert_string_equal("CLOSE gone 1: 2 from 0<=100 to 1>=110: cost 200 proceeds 220 fees 0 gross "
                        "20 net 20 ppm 100000/100000\n",
                        show(world));
}

/* --- limits --- */

static void more_than_the_limit_are_not_opened(void **state)
{
    struct world *const world = *state;

    world->recorder.is_quiet = true;
    world->n_venues = 3;
    restart(world);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        show_instrument(world, i, 3);
    }
    assert_int_equal(ARB_OPPORTUNITIES_MAX, world->recorder.n_opportunities);
    put_bids(world, 2, (struct arb_level[]){ { 110, 1 }, { 0, 0 } });
    show_instrument(world, 0, 4);
    assert_int_equal(ARB_OPPORTUNITIES_MAX, world->recorder.n_opportunities);
    assert_int_equal(1, world->recorder.n_logs);
}

static void stop_closes_as_many_as_can_be_open(void **state)
{
    struct world *const world = *state;

    world->recorder.is_quiet = true;
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        show_instrument(world, i, 3);
    }
    world->recorder.n_opportunities = 0;
    (void)stop(world);
    assert_int_equal(ARB_OPPORTUNITIES_MAX, world->recorder.n_opportunities);
}

/* --- against an oracle --- */

static uint64_t seed_of_run(void)
{
    const char *const text = getenv("ARBSPOT_SEED");
    const uint64_t seed = text == NULL ? 20261123 : strtoull(text, NULL, 10);

    print_message("ARBSPOT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* splitmix64: 0 .. n-1 */
static uint32_t draw(uint64_t *seed, uint32_t n)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

static int64_t draw_fee(uint64_t *seed)
{
    static const int64_t fees[] = { 0, 0, 1, 2600, 50000, 333333, PPM, -2500, -200000 };
    return fees[draw(seed, sizeof(fees) / sizeof(*fees))];
}

/* Up to four levels, best first, away from `px` in direction `step`. */
static void draw_side(uint64_t *seed, struct arb_level *levels, int64_t px, int64_t step)
{
    const uint32_t n = draw(seed, LEVELS_MAX);

    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (struct arb_level){ .px = px, .qty = 1 + draw(seed, 4) };
        px += step * (1 + (int64_t)draw(seed, 3));
    }
    levels[n] = (struct arb_level){ 0, 0 };
}

static void draw_books(uint64_t *seed, struct world *world)
{
    struct arb_level levels[LEVELS_MAX];

    for (uint32_t i = 0; i < VENUES; i++) {
        draw_side(seed, levels, 20 + draw(seed, 12), -1);
        put_bids(world, i, levels);
        draw_side(seed, levels, 20 + draw(seed, 12), 1);
        put_asks(world, i, levels);
    }
}

struct best {
    int64_t qty, cost, proceeds, earned_ppm; /* earned: times 10^6 */
};

/* The price of unit `unit` of a side, counted from its best. */
static int64_t px_of_unit(const struct arb_level *side, uint32_t n_levels, int64_t unit)
{
    uint32_t i = n_levels;

    while (unit >= side[i - 1].qty) {
        unit -= side[--i].qty;
    }
    return side[i - 1].px;
}

static int64_t units_in(const struct arb_level *side, uint32_t n_levels)
{
    int64_t n = 0;

    for (uint32_t i = 0; i < n_levels; i++) {
        n += side[i].qty;
    }
    return n;
}

/* Tries every quantity, unit by unit; of equally good ones the smallest. */
static struct best find_best(const struct world *world, uint32_t buy, uint32_t sell)
{
    const struct arb_book *const asks = &world->books[buy], *const bids = &world->books[sell];
    const int64_t n_asks = units_in(asks->asks, asks->n_asks);
    const int64_t n_bids = units_in(bids->bids, bids->n_bids);
    struct best best = { 0 }, now = { 0 };

    while (now.qty < n_asks && now.qty < n_bids) {
        now.cost += px_of_unit(asks->asks, asks->n_asks, now.qty);
        now.proceeds += px_of_unit(bids->bids, bids->n_bids, now.qty);
        now.qty++;
        now.earned_ppm = now.proceeds * (PPM - world->venues[sell].taker_fee_ppm) -
                         now.cost * (PPM + world->venues[buy].taker_fee_ppm);
        best = now.earned_ppm > best.earned_ppm ? now : best;
    }
    return best;
}

static int64_t rounded_up(int64_t fee_ppm)
{
    int64_t fee = fee_ppm / PPM;

    while (fee * PPM < fee_ppm) {
        fee++;
    }
    return fee;
}

/* Money at qty_scale 0 is whole but for the fees. */
static int64_t net_of(const struct world *world, const struct best *best, uint32_t buy,
                      uint32_t sell)
{
    return best->proceeds - best->cost - rounded_up(best->cost * world->venues[buy].taker_fee_ppm) -
           rounded_up(best->proceeds * world->venues[sell].taker_fee_ppm);
}

static void walk_earns_as_much_as_the_best_of_all_quantities(void **state)
{
    struct world *const world = *state;
    uint64_t seed = seed_of_run();
    unsigned n_found = 0;

    world->recorder.is_quiet = true;
    for (unsigned round = 0; round < 20000; round++) {
        world->venues[0].taker_fee_ppm = draw_fee(&seed);
        world->venues[1].taker_fee_ppm = draw_fee(&seed);
        draw_books(&seed, world);
        world->books[1].n_asks = 0; /* one direction only: the last opportunity is this one */
        (void)stop(world);
        world->recorder.n_opportunities = 0;
        (void)show(world);

        const struct best best = find_best(world, 0, 1);
        const int64_t net = net_of(world, &best, 0, 1);
        assert_int_equal(best.qty > 0 && net > 0 ? 1 : 0, world->recorder.n_opportunities);
        if (world->recorder.n_opportunities > 0) {
            assert_int_equal(best.qty, world->recorder.last.legs[0].qty);
            assert_int_equal(best.cost, world->recorder.last.cost);
            assert_int_equal(best.proceeds, world->recorder.last.proceeds);
            assert_int_equal(net, world->recorder.last.net);
            n_found++;
        }
    }
    assert_in_range(n_found, 2000, 18000); /* the books are neither all crossed nor never */
}

/* After each round exactly those pairs are open that the oracle finds worth it. */
static void open_pairs_are_those_that_earn(void **state)
{
    struct world *const world = *state;
    uint64_t seed = seed_of_run();

    world->recorder.is_quiet = true;
    world->n_venues = VENUES;
    restart(world);
    for (unsigned round = 0; round < 40000; round++) {
        const uint32_t instrument = draw(&seed, 1500); /* the table gets almost full */
        draw_books(&seed, world);
        show_instrument(world, instrument, (1U << VENUES) - 1);
        for (uint32_t pair = 0; pair < VENUES * VENUES; pair++) {
            const uint32_t buy = pair / VENUES, sell = pair % VENUES;
            const struct best best = find_best(world, buy, sell);
            const bool is_open = world->recorder.open_ids[instrument][buy][sell] != 0;
            assert_int_equal(buy != sell && best.earned_ppm > 0, is_open);
        }
    }
    (void)stop(world);
    static const uint64_t none[ARB_INSTRUMENTS_MAX][VENUES][VENUES];
    assert_memory_equal(none, world->recorder.open_ids, sizeof(none));
    assert_int_equal(0, world->recorder.n_logs); /* there was always room */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void step_of_the_utc_clock_closes_nothing(void **state)
{
    struct world *const world = *state;
    const int64_t hour_ns = 3600 * 1000 * MS;

    set_option(world, "max_age", 1000);
    put_quotes(world, (struct arb_level){ 100, 1 }, (struct arb_level){ 110, 1 });
    (void)show(world);
    world->recorder.host.now_ns += hour_ns;
    world->recorder.host.mono_ns += 999 * MS;
    assert_string_equal("timer 0 in 2 ms\n", fire(world));
}

static const struct CMUnitTest tests[] = {
    TEST(books_that_do_not_cross_give_nothing),
    TEST(empty_books_give_nothing),
    TEST(smaller_side_limits_the_quantity),
    TEST(walk_goes_on_while_the_next_unit_pays),
    TEST(fees_end_the_walk_earlier),
    TEST(unit_that_only_breaks_even_is_left),
    TEST(rebate_turns_a_loss_into_a_profit),
    TEST(fee_of_all_leaves_nothing),
    TEST(cost_and_fees_round_up_and_proceeds_round_down),
    TEST(rebate_rounds_down),
    TEST(profit_that_rounding_eats_is_none),
    TEST(both_directions_are_looked_at),
    TEST(book_crossed_in_itself_is_no_opportunity),
    TEST(smallest_profit_is_enough_for_the_default),
    TEST(net_that_equals_min_net_is_not_enough),
    TEST(net_just_above_min_net_is_enough),
    TEST(largest_amount_that_fits_is_exact),
    TEST(amount_beyond_64_bits_is_left_out_and_logged_once),
    TEST(quantity_beyond_64_bits_is_left_out),
    TEST(extreme_prices_and_fees_do_not_overflow_unnoticed),
    TEST(quantity_is_a_multiple_of_both_lots),
    TEST(smaller_than_a_minimum_is_nothing),
    TEST(minimum_of_the_notional_holds_on_both_sides),
    TEST(minimum_that_eats_the_profit_is_nothing),
    TEST(cost_stays_below_the_cap),
    TEST(cap_that_is_no_amount_is_refused),
    TEST(curve_tells_what_each_quarter_earns),
    TEST(size_within_the_proven_levels_stands_beside_the_whole),
    TEST(only_proven_levels_are_taken_where_that_is_required),
    TEST(size_stays_within_what_lies_at_the_venues),
    TEST(inventory_pays_the_fee_too_and_a_rebate_does_not_help),
    TEST(what_rounding_leaves_is_spent),
    TEST(transfer_buys_the_fee_of_the_withdrawal_too),
    TEST(transfer_holds_what_each_venue_demands_of_its_own_order),
    TEST(transfer_of_proven_levels_counts_the_fee),
    TEST(lots_that_hardly_ever_meet_are_kept_all_the_same),
    TEST(what_earns_more_than_max_net_is_absurd),
    TEST(what_is_open_stays_so_within_the_hysteresis),
    TEST(threshold_below_zero_watches_what_does_not_pay),
    TEST(what_shrinks_below_a_minimum_is_closed_as_resized),
    TEST(pair_that_crosses_and_is_none_is_told_with_its_reason),
    TEST(threshold_that_is_missed_is_told),
    TEST(what_a_miss_earns_is_rounded_down),
    TEST(what_does_not_fit_is_told),
    TEST(price_of_zero_gives_nothing),
    TEST(fill_within_the_proven_levels_is_verified),
    TEST(fill_below_the_proven_levels_is_not_verified),
    TEST(the_weaker_leg_decides_what_is_verified),
    TEST(what_is_elsewhere_is_handed_over),
    TEST(what_comes_back_is_as_it_was_shown_last),
    TEST(instruments_are_handed_over_one_by_one),
    TEST(book_that_is_not_live_gives_nothing),
    TEST(book_that_is_suspect_gives_nothing),
    TEST(venue_that_does_not_match_orders_gives_nothing),
    TEST(book_as_old_as_max_age_counts),
    TEST(book_older_than_max_age_does_not_count),
    TEST(book_made_max_age_ago_counts),
    TEST(book_made_longer_ago_does_not_count),
    TEST(without_a_known_clock_it_is_receipt_that_counts),
    TEST(one_old_leg_is_enough_to_leave_the_pair_out),
    TEST(times_beyond_reason_do_no_harm),
    TEST(pair_without_a_changed_leg_is_not_looked_at),
    TEST(terms_that_stay_are_not_repeated),
    TEST(new_terms_are_an_update_of_the_same_id),
    TEST(what_changes_only_parts_of_the_size_is_an_update),
    TEST(prices_that_part_close_it_with_the_last_terms),
    TEST(leg_that_leaves_live_closes_it),
    TEST(what_comes_back_has_a_new_id),
    TEST(stop_closes_what_is_open),
    TEST(overflow_closes_what_is_open),
    TEST(books_that_do_not_change_are_not_old),
    TEST(books_known_at_different_times_are_no_pair),
    TEST(timer_closes_what_grew_too_old),
    TEST(timer_of_a_refreshed_book_is_set_anew),
    TEST(step_of_the_utc_clock_closes_nothing),
    TEST(update_within_the_interval_waits_for_the_timer),
    TEST(only_the_latest_of_several_updates_is_published),
    TEST(close_does_not_wait_for_the_interval),
    TEST(more_than_the_limit_are_not_opened),
    TEST(stop_closes_as_many_as_can_be_open),
    TEST(walk_earns_as_much_as_the_best_of_all_quantities),
    TEST(open_pairs_are_those_that_earn),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
