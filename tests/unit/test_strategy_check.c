/* test_strategy_check.c - strategies that are sure to find nothing in what they are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_load.h"
#include "config/strategy_check.h"

enum { TEXT_MAX = 2048 };

/* Three exchanges, of which the last is elsewhere. */
#define KRAKEN "[exchange:kraken]\nsymbols = BTC/USD, ETH/USD, */EUR\ntaker_fee = 0\n"
#define OKX "[exchange:okx]\nsymbols = BTC/USDT, ETH/USD\ntaker_fee = 0\n"
#define BYBIT "[exchange:bybit]\nenabled = no\nsymbols = BTC/USD, BTC/USDT\ntaker_fee = 0\n"
#define ALL KRAKEN OKX BYBIT
#define STRATEGY "[strategy:s]\n" /* line 11 behind ALL */

/* Of a file with these sections, by strategies of this reach: problems, and then notes. */
static const char *checked(const char *sections, enum strategy_reach reach)
{
    static char out[TEXT_MAX];
    char path[] = "/tmp/arbspot-strategy-XXXXXX";
    const int fd = mkstemp(path);
    FILE *const said = fmemopen(out, sizeof(out), "w");
    struct problems problems = { .out = said, .path = "FILE" };
    struct config config;

    assert_true(fd >= 0);
    assert_non_null(said);
    assert_true(dprintf(fd, "%s[kafka]\nbrokers = embedded\n", sections) > 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(config_load(&config, path, &problems), ARB_OK);
    assert_int_equal(unlink(path), 0);
    for (unsigned i = 0; i < config.n_strategies; i++) {
        config.strategies[i].reach = reach;
    }
    strategy_check(&config, &problems);
    for (const struct config_note *n = config.notes; n != NULL; n = n->next) {
        (void)fprintf(said, "note:%u: [%s] %s: %s\n", n->line, n->section, n->key, n->text);
    }
    (void)fputc('\0', said);
    (void)fclose(said);
    config_fini(&config);
    return out;
}

static void two_exchanges_with_a_symbol_in_common_are_enough(void **state)
{
    (void)state;
    assert_string_equal(checked(ALL STRATEGY, REACH_ONE), "");
    assert_string_equal(checked(ALL STRATEGY "source = direct\n", REACH_ONE), "");
    assert_string_equal(checked(ALL STRATEGY "venues = kraken, okx\n", REACH_ONE), "");
    assert_string_equal(checked(ALL STRATEGY "symbols = BTC/USDT\n", REACH_ONE), "");
    assert_string_equal(checked(ALL STRATEGY "symbols = ETH/*\nvenues = kraken okx\n", REACH_ONE),
                        "");
}

static void who_has_legs_of_several_instruments_needs_one_exchange(void **state)
{
    (void)state;
    assert_string_equal(checked(KRAKEN STRATEGY, REACH_ACROSS), "");
    assert_string_equal(checked(KRAKEN STRATEGY "source = direct\n", REACH_ACROSS), "");
    assert_string_equal(checked(OKX STRATEGY "source = direct\n", REACH_ACROSS), "");
    assert_string_equal(checked(ALL STRATEGY "venues = okx\n", REACH_ACROSS), "");
    assert_string_equal(checked("[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\n"
                                "[exchange:b]\nsymbols = BTC/EUR\ntaker_fee = 0\n" STRATEGY,
                                REACH_ACROSS),
                        "");
    assert_string_equal(checked(BYBIT STRATEGY "source = direct\n", REACH_ACROSS),
                        "FILE:6: [strategy:s] source: 'direct' reads the exchanges of this "
                        "process, and none is enabled: enable one, or use source = kafka, which "
                        "also reads those of other processes\n");
    assert_string_equal(checked(ALL STRATEGY "source = direct\nvenues = bybit\n", REACH_ACROSS),
                        "FILE:13: [strategy:s] venues: 'direct' reads the exchanges of this "
                        "process, and none of these is enabled: enable what is named, name "
                        "others, or use source = kafka\n");
}

static void one_instrument_is_no_cycle(void **state)
{
    static const char says[] = "FILE:11: [strategy:s]: it is shown one instrument, and its "
                               "opportunities have legs of several: list more symbols\n";

    (void)state;
    assert_string_equal(checked(ALL STRATEGY "symbols = BTC/USD\n", REACH_ACROSS), says);
    assert_string_equal(checked(ALL STRATEGY "symbols = ETH/*\nvenues = okx\n", REACH_ACROSS),
                        says);
    assert_string_equal(
        checked(ALL STRATEGY "symbols = BTC/*\nvenues = okx, bybit\n", REACH_ACROSS), "");
    assert_string_equal(checked(ALL STRATEGY "symbols = LTC/EUR\n", REACH_ACROSS), "");
}

static void what_is_known_of_no_plugin_is_not_judged(void **state)
{
    (void)state;
    assert_string_equal(checked(KRAKEN STRATEGY "source = direct\n", REACH_UNKNOWN), "");
    assert_string_equal(checked(KRAKEN STRATEGY "source = direct\nenabled = no\n", REACH_ONE), "");
}

static void direct_counts_what_is_enabled(void **state)
{
    (void)state;
    assert_string_equal(checked(KRAKEN BYBIT STRATEGY "source = direct\n", REACH_ONE),
                        "FILE:9: [strategy:s] source: 'direct' reads the exchanges of this "
                        "process, and only one is enabled, with nothing to compare it with: "
                        "enable two, or use source = kafka, which also reads those of other "
                        "processes\n");
    assert_string_equal(
        checked("[exchange:a]\nsymbols = BTC/USDT\ntaker_fee = 0\n" KRAKEN BYBIT STRATEGY
                "source = direct\n",
                REACH_ONE),
        "FILE:11: [strategy:s]: there is nothing to compare, no two exchanges of this process have "
        "a symbol in common: BTC/USDT (a), BTC/USD (kraken), ETH/USD (kraken); quotes that never "
        "meet: USD and USDT (BTC); list the same symbol on two of them\n");
}

static void without_a_symbol_in_common_there_is_nothing_to_compare(void **state)
{
    (void)state;
    assert_string_equal(
        checked("[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\n"
                "[exchange:b]\nsymbols = BTC/USDT\ntaker_fee = 0\n" STRATEGY "symbols = BTC/USD\n",
                REACH_ONE),
        "FILE:7: [strategy:s]: there is nothing to compare, no two exchanges have a symbol in "
        "common: BTC/USD (a), BTC/USDT (b); quotes that never meet: USD and USDT (BTC); list the "
        "same symbol on two of them\n");
    assert_string_equal(checked("[exchange:a]\nsymbols = */USD\ntaker_fee = 0\n"
                                "[exchange:b]\nsymbols = */EUR\ntaker_fee = 0\n" STRATEGY,
                                REACH_ONE),
                        "FILE:7: [strategy:s]: there is nothing to compare, no two exchanges have "
                        "a symbol in common; list the same symbol on two of them\n");
    assert_string_equal(checked(KRAKEN STRATEGY, REACH_ONE), ""); /* the others are elsewhere */
    assert_string_equal(checked(STRATEGY, REACH_ONE), "");
}

static void venues_leave_two_with_a_symbol_in_common(void **state)
{
    (void)state;
    assert_string_equal(checked(ALL STRATEGY "venues = kraken\n", REACH_ONE),
                        "FILE:12: [strategy:s] venues: there is nothing to compare kraken with: "
                        "name another exchange, or leave the key out\n");
    assert_string_equal(
        checked(KRAKEN "[exchange:b]\nsymbols = XRP/USD\ntaker_fee = 0\n" OKX STRATEGY
                       "venues = b, kraken\n",
                REACH_ONE),
        "FILE:11: [strategy:s] venues: there is nothing to compare, no two of these have a symbol "
        "in common: BTC/USD (kraken), ETH/USD (kraken), XRP/USD (b); name two that list the same "
        "symbol\n");
    assert_string_equal(
        checked(ALL STRATEGY "source = direct\nvenues = kraken, bybit\n", REACH_ONE),
        "FILE:13: [strategy:s] venues: 'direct' reads the exchanges of this "
        "process, and only one of these is enabled: enable what is named, name "
        "others, or use source = kafka\n");
    assert_string_equal(
        checked(ALL STRATEGY "source = direct\nvenues = kraken, okx, bybit\n", REACH_ONE),
        "note:13: [strategy:s] venues: bybit is not enabled, and source = direct "
        "shows nothing of it\n");
}

static void symbols_leave_one_that_two_have(void **state)
{
    (void)state;
    assert_string_equal(
        checked(ALL STRATEGY "symbols = BTC/USD\nvenues = kraken, okx\n", REACH_ONE),
        "FILE:12: [strategy:s] symbols: there is nothing to compare, no two of its "
        "venues have one of these in common: BTC/USD (kraken); name a symbol that "
        "two of them list\n");
    assert_string_equal(checked(ALL STRATEGY "symbols = LTC/EUR\n", REACH_ONE),
                        "FILE:12: [strategy:s] symbols: there is nothing to compare, no two of its "
                        "venues have one of these in common; name a symbol that two of them "
                        "list\n");
}

static void symbols_are_listed_somewhere(void **state)
{
    (void)state;
    assert_string_equal(checked(ALL STRATEGY "symbols = LTC/USD, */GBP\n", REACH_ONE),
                        "FILE:12: [strategy:s] symbols: no exchange lists LTC/USD, */GBP, so "
                        "nothing is left to look at: name what they list, or leave the key out\n");
    assert_string_equal(checked(ALL STRATEGY "symbols = BTC/USDT, LTC/USD, */GBP\n", REACH_ONE),
                        "note:12: [strategy:s] symbols: no exchange lists LTC/USD, */GBP, so "
                        "nothing is shown of them\n");
    assert_string_equal(
        checked(ALL STRATEGY "symbols = BTC/USDT, */USD\nvenues = okx\n", REACH_ACROSS), "");
    assert_string_equal(
        checked(ALL STRATEGY "symbols = BTC/USDT, *TH/US?, BTC/USD\nvenues = okx\n", REACH_ACROSS),
        "note:12: [strategy:s] symbols: none of its venues lists BTC/USD, so nothing is shown of "
        "it\n");
    assert_string_equal(
        checked(ALL STRATEGY "symbols = ETH/USD, BTC/USD, DOGE/USD\nsource = direct\n", REACH_ONE),
        "note:12: [strategy:s] symbols: no exchange of this process lists DOGE/USD, so nothing is "
        "shown of it\n");
    assert_string_equal(checked(ALL "[exchange:any]\nenabled = no\ntaker_fee = 0\n" STRATEGY
                                    "symbols = LTC/USD\n",
                                REACH_ONE),
                        "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_exchanges_with_a_symbol_in_common_are_enough),
        cmocka_unit_test(who_has_legs_of_several_instruments_needs_one_exchange),
        cmocka_unit_test(one_instrument_is_no_cycle),
        cmocka_unit_test(what_is_known_of_no_plugin_is_not_judged),
        cmocka_unit_test(direct_counts_what_is_enabled),
        cmocka_unit_test(without_a_symbol_in_common_there_is_nothing_to_compare),
        cmocka_unit_test(venues_leave_two_with_a_symbol_in_common),
        cmocka_unit_test(symbols_leave_one_that_two_have),
        cmocka_unit_test(symbols_are_listed_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
