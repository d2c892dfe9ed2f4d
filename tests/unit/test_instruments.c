/* Which instruments a feed serves, by name and by pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/instruments.h"

enum { SYMBOLS_MAX = 4 };

struct setting {
    struct config config;
    struct instrument_config section; /* of BTC/USD */
    struct config_entry venue_symbol; /* in it, for the exchange "here" */
    struct exchange_config exchange;
    char *symbols[SYMBOLS_MAX];
    struct instruments set;
};

static int set_up(void **state)
{
    struct setting *const setting = calloc(1, sizeof(*setting));

    assert_non_null(setting);
    setting->config.host.px_scale = 10;
    setting->config.host.qty_scale = 8;
    setting->exchange.symbols = setting->symbols;
    (void)snprintf(setting->exchange.name, sizeof(setting->exchange.name), "here");
    setting->venue_symbol = (struct config_entry){ .key = "here", .value = "XBT/USD" };
    setting->section = (struct instrument_config){
        .symbol = "BTC/USD", .px_scale = 3, .qty_scale = 4, .venue_symbols = &setting->venue_symbol
    };
    setting->config.instruments = &setting->section;
    setting->config.n_instruments = 1;
    assert_int_equal(instruments_init(&setting->set, &setting->config, &setting->exchange), ARB_OK);
    *state = setting;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *const setting = *state;

    instruments_fini(&setting->set);
    free(setting);
    return 0;
}

static void want(struct setting *setting, const char *symbol)
{
    assert_true(setting->exchange.n_symbols < SYMBOLS_MAX);
    setting->symbols[setting->exchange.n_symbols++] = (char *)(uintptr_t)symbol; /* only read */
}

static uint32_t list(struct setting *setting, const char *symbol, const char *venue_symbol)
{
    const struct arb_listing listing = { .symbol = symbol, .venue_symbol = venue_symbol };
    return instruments_list(&setting->set, &listing);
}

static void named_symbols_are_added_at_once(void **state)
{
    struct setting *const setting = *state;

    want(setting, "ETH/USD");
    want(setting, "*/EUR");
    want(setting, "SOL/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_int_equal(setting->set.n, 2);
    assert_string_equal(setting->set.list[1].symbol, "SOL/USD");
    assert_true(instruments_have_patterns(&setting->set));
}

static void symbol_named_twice_is_one_instrument(void **state)
{
    struct setting *const setting = *state;

    want(setting, "ETH/USD");
    want(setting, "ETH/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_int_equal(setting->set.n, 1);
    assert_false(instruments_have_patterns(&setting->set));
}

static void symbol_is_split_at_its_slash(void **state)
{
    struct setting *const setting = *state;

    want(setting, "ETH/USD");
    want(setting, "INDEX");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_string_equal(setting->set.list[0].base, "ETH");
    assert_string_equal(setting->set.list[0].quote, "USD");
    assert_string_equal(setting->set.list[1].base, "INDEX");
    assert_string_equal(setting->set.list[1].quote, "");
}

static void scales_come_from_the_section_else_from_the_host(void **state)
{
    struct setting *const setting = *state;

    want(setting, "BTC/USD");
    want(setting, "ETH/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_int_equal(setting->set.list[0].px_scale, 3);
    assert_int_equal(setting->set.list[0].qty_scale, 4);
    assert_int_equal(setting->set.list[1].px_scale, 10);
    assert_int_equal(setting->set.list[1].qty_scale, 8);
}

static void configured_venue_symbol_wins_over_the_listed_one(void **state)
{
    struct setting *const setting = *state;

    want(setting, "?*/USD");
    assert_int_equal(list(setting, "BTC/USD", "btcusd"), 0);
    assert_int_equal(list(setting, "ETH/USD", "ethusd"), 1);
    assert_string_equal(setting->set.list[0].venue_symbol, "XBT/USD");
    assert_string_equal(setting->set.list[1].venue_symbol, "ethusd");
}

static void venue_symbol_of_another_exchange_is_not_taken(void **state)
{
    struct setting *const setting = *state;

    setting->venue_symbol.key = "elsewhere";
    want(setting, "BTC/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_string_equal(setting->set.list[0].venue_symbol, "");
}

static void listing_that_nobody_wants_is_left_out(void **state)
{
    struct setting *const setting = *state;

    want(setting, "BTC/*");
    assert_true(list(setting, "ETH/USD", "ethusd") == ARB_NO_INSTRUMENT);
    assert_true(list(setting, "WBTC/USD", "wbtcusd") == ARB_NO_INSTRUMENT);
    assert_int_equal(list(setting, "BTC/USDT", "btcusdt"), 0);
    assert_int_equal(setting->set.n, 1);
}

static void listing_of_a_named_symbol_finds_it(void **state)
{
    struct setting *const setting = *state;

    want(setting, "ETH/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_OK);
    assert_false(setting->set.listed[0]);
    assert_int_equal(list(setting, "ETH/USD", "ethusd"), 0);
    assert_true(setting->set.listed[0]);
    assert_int_equal(setting->set.n, 1);
}

static void instruments_have_a_limit(void **state)
{
    struct setting *const setting = *state;
    char symbol[ARB_SYMBOL_MAX];

    want(setting, "*/USD");
    for (unsigned i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        (void)snprintf(symbol, sizeof(symbol), "A%u/USD", i);
        assert_int_equal(list(setting, symbol, "x"), i);
    }
    assert_true(list(setting, "B/USD", "x") == ARB_NO_INSTRUMENT);
    assert_int_equal(list(setting, "A7/USD", "x"), 7);
    want(setting, "C/USD");
    assert_int_equal(instruments_add_named(&setting->set), ARB_ELIMIT);
}

#define INSTRUMENTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        INSTRUMENTS_TEST(named_symbols_are_added_at_once),
        INSTRUMENTS_TEST(symbol_named_twice_is_one_instrument),
        INSTRUMENTS_TEST(symbol_is_split_at_its_slash),
        INSTRUMENTS_TEST(scales_come_from_the_section_else_from_the_host),
        INSTRUMENTS_TEST(configured_venue_symbol_wins_over_the_listed_one),
        INSTRUMENTS_TEST(venue_symbol_of_another_exchange_is_not_taken),
        INSTRUMENTS_TEST(listing_that_nobody_wants_is_left_out),
        INSTRUMENTS_TEST(listing_of_a_named_symbol_finds_it),
        INSTRUMENTS_TEST(instruments_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
