/* test_abi.c - the plugins of an earlier minor load and begin. Usage: test_abi FOLDER */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/loader.h"
#include "plugin/options.h"

enum { LOG_MAX = 256 };

/* A host that writes down. */
struct witness {
    struct arb_host host; /* first */
    char text[LOG_MAX];
    struct arb_text log;
};

static const char *folder;

__attribute__((format(printf, 3, 4))) static void
take_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    char line[LOG_MAX];
    va_list args;

    (void)level;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    arb_text_add(&((struct witness *)host)->log, "log %s\n", line);
}

static int take_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    arb_text_add(&((struct witness *)host)->log, "timer %u %u\n", timer, delay_ms);
    return ARB_OK;
}

static int take_book(struct arb_host *host, const struct arb_book_event *e)
{
    arb_text_add(&((struct witness *)host)->log, "book %u: %lld x %lld, %lld x %lld\n",
                 e->instrument, (long long)e->bids[0].px, (long long)e->bids[0].qty,
                 (long long)e->asks[0].px, (long long)e->asks[0].qty);
    return ARB_OK;
}

static int take_opportunity(struct arb_host *host, const struct arb_opportunity *o)
{
    arb_text_add(&((struct witness *)host)->log, "opportunity %llu\n", (unsigned long long)o->id);
    return ARB_OK;
}

static const struct arb_exchange_calls exchange_calls = {
    .base = { .size = sizeof(exchange_calls), .log = take_log, .timer_set = take_timer },
    .book = take_book,
};

static const struct arb_strategy_calls strategy_calls = {
    .base = { .size = sizeof(strategy_calls), .log = take_log, .timer_set = take_timer },
    .opportunity = take_opportunity,
};

/* Loads NAME.so and makes an instance with the defaults of its options. */
static void *make(const char *name, uint32_t kind, struct plugin *plugin)
{
    struct problems problems = { .out = stderr, .path = name };
    char path[PLUGIN_PATH_MAX];
    struct err err = { .rc = ARB_OK };

    assert_true(snprintf(path, sizeof(path), "%s/%s.so", folder, name) < (int)sizeof(path));
    (void)plugin_load(plugin, path, kind, &err);
    assert_string_equal(err.text, "");
    (void)options_check_table(&plugin->desc, &err);
    assert_string_equal(err.text, "");
    void *const self = calloc(1, plugin->desc.instance_size);
    assert_non_null(self);
    assert_int_equal(options_apply(&plugin->desc, NULL, "test", 0, self, &problems), ARB_OK);
    return self;
}

static void watch(struct witness *witness, const struct arb_host_calls *calls)
{
    *witness = (struct witness){ .host = { .calls = calls, .now_ns = 2, .mono_ns = 1 } };
    witness->log = arb_text_over(witness->text, sizeof(witness->text));
}

static void exchange_begins_and_publishes(void **state)
{
    static const char frame[] = "BTC/USD 100 2 101 3";
    static struct arb_symbol_map map;
    const struct arb_exchange_env env = { .size = (uint32_t)sizeof(env), .by_venue_symbol = &map };
    struct arb_plan plan = { .size = (uint32_t)sizeof(plan) };
    struct witness witness;
    struct plugin plugin;

    (void)state;
    void *const self = make("exchange", ARB_KIND_EXCHANGE, &plugin);
    assert_int_equal(arb_symbol_put(&map, (struct arb_bytes){ "BTC/USD", 7 }, 5), ARB_OK);
    watch(&witness, &exchange_calls.base);
    assert_int_equal(plugin.exchange.init(self, &witness.host, &env, &plan), ARB_OK);
    assert_int_equal(plan.loss_detection, ARB_LOSS_STATELESS);
    const struct arb_message message = { .data = frame, .len = sizeof(frame) - 1 };
    assert_int_equal(plugin.exchange.on_message(self, &witness.host, 0, message), ARB_OK);
    assert_string_equal(witness.text, "log wss://venue.invalid\nbook 5: 100 x 2, 101 x 3\n");
    free(self);
}

static void strategy_begins_and_publishes(void **state)
{
    const struct arb_strategy_env env = { .size = (uint32_t)sizeof(env) };
    const struct arb_market market = { .size = (uint32_t)sizeof(market), .n_venues = 2 };
    struct witness witness;
    struct plugin plugin;

    (void)state;
    void *const self = make("strategy", ARB_KIND_STRATEGY, &plugin);
    watch(&witness, &strategy_calls.base);
    assert_int_equal(plugin.strategy.init(self, &witness.host, &env), ARB_OK);
    assert_int_equal(plugin.strategy.on_market(self, &witness.host, &market), ARB_OK);
    assert_int_equal(plugin.strategy.on_timer(self, &witness.host, 0), ARB_OK);
    assert_string_equal(witness.text, "timer 0 1000\nopportunity 1\ntimer 0 1000\n");
    free(self);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange_begins_and_publishes),
        cmocka_unit_test(strategy_begins_and_publishes),
    };

    if (argc != 2) {
        (void)fprintf(stderr, "Usage: test_abi FOLDER\n");
        return 64;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
