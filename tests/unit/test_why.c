/*
 * Every reason for which cross_venue leaves out a pair that crosses, through the host's own runner:
 * it is counted, and what `arbspot why` says agrees with the count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/why_report.h"
#include "feed_stub.h"
#include "plugin/loader.h"
#include "strategy/runner.h"

enum { EVENTS_MAX = 8, OPTIONS_MAX = 4, REPORT_MAX = 8192 };

#define START_NS (INT64_C(5000) * NS_PER_S)

extern const struct arb_plugin arb_plugin; /* cross_venue is linked into this test */

/* What the books say, one event after another. */
struct script {
    struct source source; /* first: a struct source * of ours points here */
    struct event events[EVENTS_MAX];
    unsigned n, next, until;
};

struct world {
    struct script script;
    struct feed_stub a, b; /* BTC/USD on both venues */
    struct plugin plugin;
    struct strategy_config strategy;
    struct config_entry options[OPTIONS_MAX];
    unsigned n_options;
    struct arb_venue venues[2];
    struct exchange_config exchanges[2]; /* what their sections say */
    struct config config;
    struct runner *runner;
    struct why why;
    char report[REPORT_MAX];
};

static const struct event *next(struct source *source, int timeout_ms)
{
    struct script *const script = (struct script *)source;

    (void)timeout_ms;
    return script->next < script->until ? &script->events[script->next++] : NULL;
}

static void wake(struct source *source)
{
    (void)source;
}

static const struct source_ops script_ops = { .next = next, .wake = wake };

static void name_sides(struct arb_instrument *info)
{
    memcpy(info->base, "BTC", 4);
    memcpy(info->quote, "USD", 4);
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));
    struct err err;

    assert_non_null(world);
    world->script.source.ops = &script_ops;
    world->venues[0] = (struct arb_venue){ .name = "askinc" };
    world->venues[1] = (struct arb_venue){ .name = "bidex" };
    world->why = (struct why){ .symbol = "BTC/USD", .venues = world->venues, .n_venues = 2 };
    (void)snprintf(world->strategy.name, sizeof(world->strategy.name), "s");
    for (unsigned i = 0; i < 2; i++) {
        memcpy(world->exchanges[i].name, world->venues[i].name, ARB_SYMBOL_MAX);
    }
    world->config = (struct config){ .exchanges = world->exchanges, .n_exchanges = 2 };
    feed_stub_init(&world->a, "askinc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    name_sides(&world->a.info);
    name_sides(&world->b.info);
    world->a.recv_ns = world->b.recv_ns = START_NS;
    assert_int_equal(ARB_OK, plugin_accept(&world->plugin, &arb_plugin, 0, &err));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    runner_destroy(world->runner);
    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    free(world);
    return 0;
}

static void set(struct world *world, const char *key, const char *value)
{
    struct config_entry *const entry = &world->options[world->n_options];

    *entry = (struct config_entry){ .key = key, .value = value, .next = world->strategy.options };
    world->strategy.options = entry;
    world->n_options++;
}

static void say(struct world *world, struct event event)
{
    assert_true(world->script.n < EVENTS_MAX);
    world->script.events[world->script.n++] = event;
}

/* Both hosts are there, and a unit is bought for 100.00 and sold for 110.00. */
static void cross(struct world *world)
{
    say(world, feed_stub_alive(&world->a, START_NS));
    say(world, feed_stub_alive(&world->b, START_NS));
    say(world, feed_stub_quote(&world->a, 9900, 10000));
    say(world, feed_stub_quote(&world->b, 11000, 11100));
}

/* -- one reason each --------------------------------------------------------------------------- */

static void by_fees(struct world *world)
{
    world->venues[0].taker_fee_ppm = 100000;
    cross(world);
}

static void by_too_little(struct world *world)
{
    set(world, "min_net", "20%");
    cross(world);
}

static void by_hysteresis(struct world *world)
{
    set(world, "min_net", "20%");
    set(world, "hysteresis", "15%");
    cross(world);
}

static void by_minimum(struct world *world)
{
    static const struct arb_order_terms terms = { .min_qty = { .units = 2, .scale = 0 } };

    cross(world);
    world->script.events[2].terms = &terms;
}

static void by_cap(struct world *world)
{
    set(world, "max_notional", "99");
    cross(world);
}

static void by_inventory(struct world *world)
{
    static struct asset_term money = { .asset = "USD", .amount = { .units = 99, .scale = 0 } };

    world->exchanges[0].inventory = &money;
    cross(world);
}

static void by_no_withdrawal(struct world *world)
{
    static struct asset_term of_other = { .asset = "ETH" };

    world->exchanges[0].withdrawals = &of_other;
    set(world, "transfer", "yes");
    cross(world);
}

static void by_proof(struct world *world)
{
    set(world, "require_verified", "yes");
    cross(world);
    world->script.events[3].verified = ARB_UNVERIFIABLE;
}

static void by_age(struct world *world)
{
    set(world, "max_age", "1ms");
    cross(world);
}

static void by_status(struct world *world)
{
    cross(world);
    world->script.events[3].trading = ARB_TRADING_HALTED;
}

static void by_suspicion(struct world *world)
{
    cross(world);
    world->script.events[3].verified = ARB_SUSPECT;
}

/* Three units, of prices that fit alone. */
static void by_size(struct world *world)
{
    say(world, feed_stub_alive(&world->a, START_NS));
    say(world, feed_stub_alive(&world->b, START_NS));
    (void)feed_stub_quote(&world->a, 1, INT64_MAX / 2);
    (void)feed_stub_set_ask(&world->a, INT64_MAX / 2, 3);
    say(world, feed_stub_snapshot(&world->a));
    (void)feed_stub_quote(&world->b, INT64_MAX - 1, INT64_MAX);
    (void)feed_stub_set_bid(&world->b, INT64_MAX - 1, 3);
    say(world, feed_stub_snapshot(&world->b));
}

static const struct {
    uint32_t reason;
    void (*make)(struct world *world);
    const char *sentence;
} rows[] = {
    { ARB_MISS_FEES, by_fees, "why not:    fees: fees take all of it" },
    { ARB_MISS_BELOW, by_too_little,
      "why not:    below: it pays, but not as much as min_net wants" },
    { ARB_MISS_HYSTERESIS, by_hysteresis, "why not:    hysteresis: " },
    { ARB_MISS_MINIMUM, by_minimum, "why not:    minimum: " },
    { ARB_MISS_CAP, by_cap, "why not:    cap: " },
    { ARB_MISS_CAP, by_inventory, "inventory:  99 USD can be spent on askinc\nwhy not:    cap: " },
    { ARB_MISS_TRANSFER, by_no_withdrawal,
      "why not:    transfer: the section of the venue to buy "
      "on has no withdrawal of the base currency" },
    { ARB_MISS_PROOF, by_proof, "why not:    proof: " },
    { ARB_MISS_AGE, by_age, "why not:    age: " },
    { ARB_MISS_STATUS, by_status, "why not:    status: " },
    { ARB_MISS_SUSPECT, by_suspicion, "why not:    suspect: " },
    { ARB_MISS_LIMIT, by_size, "why not:    limit: " },
};

static void run(struct world *world)
{
    const struct runner_config config = { .strategy = &world->strategy,
                                          .plugin = &world->plugin,
                                          .venues = world->venues,
                                          .n_venues = 2,
                                          .config = &world->config,
                                          .source = &world->script.source,
                                          .fn = why_on_opportunity,
                                          .miss_fn = why_on_miss,
                                          .context = &world->why,
                                          .session = 1,
                                          .now = moment_at(START_NS) };
    struct problems problems = { .out = stderr, .path = "test.ini" };
    struct err err;

    assert_int_equal(ARB_OK, runner_create(&world->runner, &config, &problems, &err));
    world->script.until = world->script.n - 1; /* of one venue all, and later the other's book */
    runner_step(world->runner, moment_at(START_NS));
    world->script.until = world->script.n;
    runner_step(world->runner, moment_at(START_NS + 2 * NS_PER_MS));
}

static const char *report(struct world *world)
{
    FILE *const out = fmemopen(world->report, sizeof(world->report), "w");

    assert_non_null(out);
    assert_true(why_print(&world->why, runner_market(world->runner), moment_at(START_NS), out));
    assert_int_equal(0, fclose(out));
    return world->report;
}

static void check_counts(const struct world *world, uint32_t reason)
{
    struct runner_stats stats;

    runner_stats_read(world->runner, &stats);
    assert_int_equal(0, stats.opportunities);
    for (uint32_t i = 1; i <= ARB_MISS_MAX; i++) {
        assert_int_equal(stats.missed[i], world->why.n_missed[i]);
        assert_int_equal(stats.missed[i] > 0, i == reason);
    }
}

static void each_reason_is_counted_and_why_says_it(void **state)
{
    uint32_t made = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char counted[64];
        void *other;
        assert_int_equal(0, set_up(&other));
        struct world *const world = other;
        rows[i].make(world);
        run(world);
        check_counts(world, rows[i].reason);
        (void)snprintf(counted, sizeof(counted), " %s=1", miss_reason_name(rows[i].reason));
        assert_non_null(strstr(report(world), counted));
        assert_non_null(strstr(world->report, rows[i].sentence));
        (void)tear_down(&other);
        made |= 1U << rows[i].reason;
    }
    assert_int_equal(made, (2U << ARB_MISS_MAX) - 2); /* all that there are */
}

static void an_opportunity_is_no_miss(void **state)
{
    struct world *const world = *state;
    struct runner_stats stats;

    cross(world);
    run(world);
    runner_stats_read(world->runner, &stats);
    assert_int_equal(1, stats.opportunities);
    assert_int_equal(1, world->why.n_opened);
    for (uint32_t i = 0; i <= ARB_MISS_MAX; i++) {
        assert_int_equal(0, stats.missed[i]);
    }
    assert_non_null(
        strstr(report(world), "why:        it is an opportunity; 1 BTC would earn 10 USD "));
}

static void why_says_what_lies_there_and_what_a_withdrawal_takes(void **state)
{
    static struct asset_term money = { .asset = "USD", .amount = { .units = 1000, .scale = 0 } };
    static struct asset_term none = { .asset = "BTC" };
    static struct asset_term way = { .asset = "BTC",
                                     .amount = { .units = 0, .scale = 0 },
                                     .takes_ms = 1800000 };
    struct world *const world = *state;

    world->exchanges[0].inventory = &money;
    world->exchanges[0].withdrawals = &way;
    world->exchanges[1].inventory = &none;
    set(world, "transfer", "yes");
    cross(world);
    run(world);
    assert_non_null(
        strstr(report(world),
               "inventory:  1000 USD can be spent on askinc\n"
               "inventory:  0 BTC can be sold on bidex (with transfer = yes that is no limit)\n"
               "withdrawal: 0 BTC and 1800 s from askinc, with transfer = yes\n"
               "why:        it is an opportunity; 1 BTC would earn 10 USD "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_is_counted_and_why_says_it),
        cmocka_unit_test_setup_teardown(an_opportunity_is_no_miss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(why_says_what_lies_there_and_what_a_withdrawal_takes,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
