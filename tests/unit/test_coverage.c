/* test_coverage.c - which instruments only one exchange has, and which quotes never meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/coverage.h"
#include "config/symbol_list.h"

enum { EXCHANGES = 3, TEXT_MAX = 2 * COVERAGE_TEXT_MAX + 64 };

static void refuse(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

/* Exchanges a, b, c with these symbols; NULL: there is no such exchange, "": it names none. */
static const char *found(const char *a, const char *b, const char *c)
{
    static char out[TEXT_MAX];
    const char *const lists[EXCHANGES] = { a, b, c };
    struct exchange_config exchanges[EXCHANGES] = { { .name = "a" },
                                                    { .name = "b" },
                                                    { .name = "c" } };
    struct config config = { .exchanges = exchanges };
    struct pool *const pool = pool_create();
    struct coverage coverage;

    for (unsigned i = 0; i < EXCHANGES && lists[i] != NULL; i++) {
        struct symbol_list list = { .n = 0 };
        if (lists[i][0] != '\0') {
            const struct symbol_list_reader reader = { .refuse = refuse };
            assert_int_equal(symbol_list_read(lists[i], pool, &list, &reader), ARB_OK);
        }
        exchanges[i].symbols = list.symbols;
        exchanges[i].n_symbols = list.n;
        config.n_exchanges++;
    }
    const struct coverage_scope all = coverage_all(&config);
    coverage_find(&config, &all, &coverage);
    assert_int_equal(coverage.may_meet, coverage_may_meet(&config, &all));
    (void)snprintf(out, sizeof(out), "%u/%u%s lone: %s; quotes: %s", coverage.n_lone,
                   coverage.n_symbols, coverage.may_meet ? " meet" : "", coverage.lone,
                   coverage.quotes);
    pool_destroy(pool);
    return out;
}

static void what_all_have_is_not_mentioned(void **state)
{
    (void)state;
    assert_string_equal(found("BTC/USD ETH/USD", "ETH/USD BTC/USD", NULL),
                        "0/2 meet lone: ; quotes: ");
}

static void what_one_has_is_named_with_its_exchange(void **state)
{
    (void)state;
    assert_string_equal(found("BTC/USD ETH/USD", "ETH/USD", "XRP/EUR"),
                        "2/3 meet lone: BTC/USD (a), XRP/EUR (c); quotes: ");
}

static void quotes_that_never_meet_are_named_with_their_assets(void **state)
{
    (void)state;
    assert_string_equal(found("BTC/USD ETH/USD", "BTC/USDT ETH/USDT", NULL),
                        "4/4 lone: BTC/USD (a), ETH/USD (a), BTC/USDT (b), ETH/USDT (b); quotes: "
                        "USD and USDT (BTC, ETH)");
    assert_string_equal(found("BTC/USDT", "BTC/USD", NULL),
                        "2/2 lone: BTC/USDT (a), BTC/USD (b); quotes: USD and USDT (BTC)");
    assert_string_equal(found("BTC/USD BTC/USDT", "BTC/USDT", NULL),
                        "1/2 meet lone: BTC/USD (a); quotes: ");
    assert_string_equal(found("BTC/USD ETH/USD", "BTC/EUR ETH/USD", NULL),
                        "2/3 meet lone: BTC/USD (a), BTC/EUR (b); quotes: EUR and USD (BTC)");
    assert_string_equal(found("BTC/USD BTC/EUR", "ETH/USD", NULL),
                        "3/3 lone: BTC/USD (a), BTC/EUR (a), ETH/USD (b); quotes: ");
    assert_string_equal(found("BT/USD", "BTC/EUR", NULL),
                        "2/2 lone: BT/USD (a), BTC/EUR (b); quotes: ");
}

static void long_lists_are_cut_with_a_count(void **state)
{
    (void)state;
    assert_string_equal(found("A/U B/U C/U D/U E/U F/U", "X/Y", NULL),
                        "7/7 lone: A/U (a), B/U (a), C/U (a), D/U (a), E/U (a), F/U (a) and 1 "
                        "more; quotes: ");
    assert_string_equal(found("A/U B/U C/U D/U E/U", "X/Y", NULL),
                        "6/6 lone: A/U (a), B/U (a), C/U (a), D/U (a), E/U (a), X/Y (b); quotes: ");
    assert_string_equal(found("A/U B/U C/U", "A/V B/V C/V", NULL),
                        "6/6 lone: A/U (a), B/U (a), C/U (a), A/V (b), B/V (b), C/V (b); quotes: "
                        "U and V (A, B, C)");
    assert_string_equal(found("A/U B/U C/U D/U", "A/V B/V C/V D/V", NULL),
                        "8/8 lone: A/U (a), B/U (a), C/U (a), D/U (a), A/V (b), B/V (b) and 2 "
                        "more; quotes: U and V (A, B, C and 1 more)");
    assert_string_equal(found("A/U B/W C/X D/Y", "A/V B/V C/V D/V", NULL),
                        "8/8 lone: A/U (a), B/W (a), C/X (a), D/Y (a), A/V (b), B/V (b) and 2 "
                        "more; quotes: U and V (A), V and W (B), V and X (C) and 1 more");
}

static void a_pattern_counts_for_what_it_covers(void **state)
{
    (void)state;
    assert_string_equal(found("BTC/USD BTC/EUR", "*/USD", NULL),
                        "1/2 meet lone: BTC/EUR (a); quotes: ");
    assert_string_equal(found("BTC/EUR", "*/USD", NULL), "1/1 lone: BTC/EUR (a); quotes: ");
    assert_string_equal(found("BTC/USD", "BTC/?UR", NULL), "1/1 lone: BTC/USD (a); quotes: ");
    assert_string_equal(found("*/USD", "*/USD", NULL), "0/0 meet lone: ; quotes: ");
    assert_string_equal(found("*/USD", "*/EUR", NULL), "0/0 lone: ; quotes: ");
    assert_string_equal(found("*/USD", "BTC/*", NULL), "0/0 meet lone: ; quotes: ");
    assert_string_equal(found("*/USD */EUR", NULL, NULL), "0/0 lone: ; quotes: ");
}

static void an_exchange_that_names_nothing_may_have_anything(void **state)
{
    (void)state;
    assert_string_equal(found("BTC/USD", "", NULL), "1/1 meet lone: BTC/USD (a); quotes: ");
}

static void notes_are_whole_sentences(void **state)
{
    char *symbols[][2] = { { (char[]){ "BTC/USD" }, (char[]){ "*/EUR" } },
                           { (char[]){ "BTC/USDT" }, NULL } };
    struct exchange_config exchanges[] = { { .name = "a", .symbols = symbols[0], .n_symbols = 2 },
                                           { .name = "b", .symbols = symbols[1], .n_symbols = 1 } };
    struct config config = { .exchanges = exchanges, .n_exchanges = 2 };
    struct coverage_notes notes;

    (void)state;
    coverage_note(&config, &notes);
    assert_string_equal(notes.lone,
                        "2 of 2 instruments are on one exchange only, and compared with none: "
                        "BTC/USD (a), BTC/USDT (b); what patterns stand for is in the venues' "
                        "catalogs and not counted");
    assert_string_equal(notes.quotes, "quotes that never meet: USD and USDT (BTC): a price in one "
                                      "is not compared with a price in the other");
    config.strategies = &(struct strategy_config){ .enabled = true, .reach = REACH_ACROSS };
    config.n_strategies = 1;
    coverage_note(&config, &notes); /* nobody compares */
    assert_string_equal(notes.lone, "");
    assert_string_equal(notes.quotes, "");
    config.n_strategies = 0;
    config.n_exchanges = 1;
    coverage_note(&config, &notes);
    assert_string_equal(notes.lone, "");
    assert_string_equal(notes.quotes, "");
}

static const char *few(unsigned n_exchanges, bool has_strategy, enum strategy_reach reach)
{
    static struct coverage_notes notes;
    struct exchange_config exchanges[2] = { { .name = "a", .enabled = true }, { .name = "b" } };
    struct strategy_config strategy = { .name = "s", .enabled = has_strategy, .reach = reach };
    const struct config config = { .exchanges = exchanges,
                                   .n_exchanges = n_exchanges,
                                   .strategies = &strategy,
                                   .n_strategies = 1 };

    coverage_note(&config, &notes);
    return notes.few;
}

static void a_strategy_with_less_than_two_exchanges_is_a_note(void **state)
{
    (void)state;
    assert_string_equal(few(0, true, REACH_ACROSS), few(0, true, REACH_ONE));
    assert_string_equal(few(0, true, REACH_ONE),
                        "no exchange is configured, and there is nothing to look at here; others "
                        "must come over Kafka, and their fee needs an [exchange:NAME] section with "
                        "enabled = no");
    assert_string_equal(few(1, true, REACH_ACROSS), "");
    assert_string_equal(few(1, true, REACH_ONE),
                        "only one exchange is configured, and there is nothing to compare it with "
                        "here; others must come over Kafka, and their fee needs an "
                        "[exchange:NAME] section with enabled = no");
    assert_string_equal(few(2, true, REACH_ONE), "");
    assert_string_equal(few(1, false, REACH_ONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_have_is_not_mentioned),
        cmocka_unit_test(what_one_has_is_named_with_its_exchange),
        cmocka_unit_test(quotes_that_never_meet_are_named_with_their_assets),
        cmocka_unit_test(long_lists_are_cut_with_a_count),
        cmocka_unit_test(a_pattern_counts_for_what_it_covers),
        cmocka_unit_test(an_exchange_that_names_nothing_may_have_anything),
        cmocka_unit_test(notes_are_whole_sentences),
        cmocka_unit_test(a_strategy_with_less_than_two_exchanges_is_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
