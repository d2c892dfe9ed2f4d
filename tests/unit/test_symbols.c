/* A venue's names: how they are spelled, and the map from them to instruments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/decimal.h"
#include "arbspot/symbols.h"

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct arb_symbol_map));
    return *state == NULL;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* The n-th of many names. */
static struct arb_bytes name_of(unsigned n, char *buffer)
{
    const int len = snprintf(buffer, ARB_SYMBOL_MAX, "PAIR%u/USD", n);
    return (struct arb_bytes){ buffer, (size_t)len };
}

static void fill(struct arb_symbol_map *map)
{
    char buffer[ARB_SYMBOL_MAX];
    for (unsigned i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        assert_int_equal(arb_symbol_put(map, name_of(i, buffer), i), ARB_OK);
    }
}

static void empty_map_finds_nothing(void **state)
{
    assert_true(arb_symbol_find(*state, bytes_of("BTC/USD")) == ARB_NO_INSTRUMENT);
}

static void name_finds_its_instrument(void **state)
{
    assert_int_equal(arb_symbol_put(*state, bytes_of("BTC/USD"), 7), ARB_OK);
    assert_int_equal(arb_symbol_find(*state, bytes_of("BTC/USD")), 7);
}

static void prefix_and_longer_name_are_other_names(void **state)
{
    assert_int_equal(arb_symbol_put(*state, bytes_of("BTC/USD"), 7), ARB_OK);
    assert_true(arb_symbol_find(*state, bytes_of("BTC/US")) == ARB_NO_INSTRUMENT);
    assert_true(arb_symbol_find(*state, bytes_of("BTC/USDT")) == ARB_NO_INSTRUMENT);
}

static void second_put_replaces_the_instrument(void **state)
{
    struct arb_symbol_map *const map = *state;

    assert_int_equal(arb_symbol_put(map, bytes_of("BTC/USD"), 7), ARB_OK);
    assert_int_equal(arb_symbol_put(map, bytes_of("BTC/USD"), 8), ARB_OK);
    assert_int_equal(arb_symbol_find(map, bytes_of("BTC/USD")), 8);
    assert_int_equal(map->n, 1);
}

static void longest_name_fits_and_a_longer_one_is_refused(void **state)
{
    static const char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const struct arb_bytes longest = { text, ARB_SYMBOL_MAX - 1 };
    const struct arb_bytes too_long = { text, ARB_SYMBOL_MAX };

    assert_int_equal(arb_symbol_put(*state, longest, 1), ARB_OK);
    assert_int_equal(arb_symbol_find(*state, longest), 1);
    assert_int_equal(arb_symbol_put(*state, too_long, 2), ARB_EINVAL);
    assert_true(arb_symbol_find(*state, too_long) == ARB_NO_INSTRUMENT);
}

static void empty_name_is_refused(void **state)
{
    assert_int_equal(arb_symbol_put(*state, bytes_of(""), 1), ARB_EINVAL);
    assert_true(arb_symbol_find(*state, bytes_of("")) == ARB_NO_INSTRUMENT);
}

static void instrument_beyond_the_limit_is_refused(void **state)
{
    assert_int_equal(arb_symbol_put(*state, bytes_of("A"), ARB_INSTRUMENTS_MAX - 1), ARB_OK);
    assert_int_equal(arb_symbol_put(*state, bytes_of("B"), ARB_INSTRUMENTS_MAX), ARB_EINVAL);
}

static void full_map_refuses_new_names_only(void **state)
{
    char buffer[ARB_SYMBOL_MAX];

    fill(*state);
    assert_int_equal(arb_symbol_put(*state, bytes_of("ONE/MORE"), 1), ARB_ELIMIT);
    assert_int_equal(arb_symbol_put(*state, name_of(5, buffer), 6), ARB_OK);
}

static void full_map_finds_every_name(void **state)
{
    char buffer[ARB_SYMBOL_MAX];

    fill(*state);
    for (unsigned i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        assert_int_equal(arb_symbol_find(*state, name_of(i, buffer)), i);
    }
    assert_true(arb_symbol_find(*state, bytes_of("ONE/MORE")) == ARB_NO_INSTRUMENT);
}

struct spell_case {
    const char *base, *separator, *quote;
    bool is_lower;
    const char *want; /* NULL: does not fit */
};

static void names_are_spelled_with_separator_and_case(void **state)
{
    static const struct spell_case cases[] = {
        { "BTC", "", "USD", true, "btcusd" },
        { "BTC", "-", "USD", false, "BTC-USD" },
        { "AAPLx", "_", "usd", false, "AAPLx_usd" },
        { "1INCH", "-", "Z@[", true, "1inch-z@[" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZA", "/", "USD", false, "ABCDEFGHIJKLMNOPQRSTUVWXYZA/USD" },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZA", "/", "USDT", false, NULL },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZAbcde", "/", "", false, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct spell_case *const c = &cases[i];
        struct arb_instrument info = { .px_scale = 0 };
        char name[ARB_SYMBOL_MAX] = "before";
        (void)snprintf(info.base, sizeof(info.base), "%s", c->base);
        (void)snprintf(info.quote, sizeof(info.quote), "%s", c->quote);
        const int rc = arb_symbol_spell(&info, c->separator, c->is_lower, name);
        assert_int_equal(rc, c->want == NULL ? ARB_ELIMIT : ARB_OK);
        assert_string_equal(name, c->want == NULL ? "" : c->want);
    }
}

struct increment_case {
    const char *text;
    unsigned digits;
};

static void digits_of_an_increment_are_those_its_multiples_need(void **state)
{
    static const struct increment_case cases[] = {
        { "0.01", 2 },
        { "0.010", 2 },
        { "1e-08", 8 },
        { "1E-8", 8 },
        { "5e-05", 5 },
        { "2.5e-3", 4 },
        { "1", 0 },
        { "1.0", 0 },
        { "10", 0 },
        { "1e2", 0 },
        { "1000000000000", 0 },
        { "0.5", 1 },
        { "0.000000000000000001", ARB_SCALE_MAX },
        { "0.0000000000000000001", ARB_DIGITS_UNKNOWN },
        { "0", ARB_DIGITS_UNKNOWN },
        { "0.00", ARB_DIGITS_UNKNOWN },
        { "", ARB_DIGITS_UNKNOWN },
        { "-0.01", ARB_DIGITS_UNKNOWN },
        { "null", ARB_DIGITS_UNKNOWN },
        { "1e-99", ARB_DIGITS_UNKNOWN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(arb_digits_of_increment(bytes_of(cases[i].text)), cases[i].digits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_map_finds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(name_finds_its_instrument, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prefix_and_longer_name_are_other_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(second_put_replaces_the_instrument, set_up, tear_down),
        cmocka_unit_test_setup_teardown(longest_name_fits_and_a_longer_one_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(empty_name_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(instrument_beyond_the_limit_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_map_refuses_new_names_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_map_finds_every_name, set_up, tear_down),
        cmocka_unit_test(names_are_spelled_with_separator_and_case),
        cmocka_unit_test(digits_of_an_increment_are_those_its_multiples_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
