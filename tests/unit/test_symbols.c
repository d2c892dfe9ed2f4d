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

/* In memory of the exact length, and so not read past its end. */
static uint32_t find_exactly(const struct arb_symbol_map *map, const char *name, size_t len)
{
    char *const exact = malloc(len + (len == 0));

    assert_non_null(exact);
    memcpy(exact, name, len);
    const uint32_t found = arb_symbol_find(map, (struct arb_bytes){ exact, len });
    free(exact);
    return found;
}

static void names_that_differ_in_one_byte_never_match(void **state)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
    struct arb_symbol_map *const map = *state;

    for (size_t len = 1; len < ARB_SYMBOL_MAX; len++) {
        memset(map, 0, sizeof(*map));
        assert_int_equal(arb_symbol_put(map, (struct arb_bytes){ name, len }, 7), ARB_OK);
        assert_int_equal(find_exactly(map, name, len), 7);
        for (size_t at = 0; at < len; at++) {
            for (unsigned bits = 1; bits < 256; bits++) {
                char other[ARB_SYMBOL_MAX];
                struct arb_symbol_slot slot = { .len = (uint16_t)len };
                memcpy(other, name, sizeof(other));
                memcpy(slot.name, name, len);
                other[at] = (char)((unsigned char)other[at] ^ bits);
                /* Even where both hash to one slot. */
                assert_false(arb_symbol_is(&slot, (struct arb_bytes){ other, len }));
                assert_true(find_exactly(map, other, len) == ARB_NO_INSTRUMENT);
            }
        }
    }
}

/* A word does not tell the length: four bytes twice are those of eight, and zeros count. */
static void names_of_one_word_and_another_length_are_other_names(void **state)
{
    static const struct {
        const char *a, *b;
        size_t a_len, b_len;
    } cases[] = {
        { "ABCD", "ABCDABCD", 4, 8 },
        { "ABCDE", "ABCDBCDE", 5, 8 },
        { "ABCDEFG", "ABCDDEFG", 7, 8 },
        { "A", "\0A", 1, 2 },
        { "A", "\0\0A", 1, 3 },
        { "CBA", "ABC\0\0\0\0\0", 3, 8 },
        { "ABCDEFGH", "ABCDEFGHI", 8, 9 },
        { "ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOPQ", 16, 17 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_symbol_map *const map = *state;
        const struct arb_bytes a = { cases[i].a, cases[i].a_len };
        const struct arb_bytes b = { cases[i].b, cases[i].b_len };
        memset(map, 0, sizeof(*map));
        if (b.len <= 8) { /* the case is one indeed */
            assert_true(arb_symbol_word(a.data, a.len) == arb_symbol_word(b.data, b.len));
        }
        struct arb_symbol_slot slot = { .len = (uint16_t)a.len };
        memcpy(slot.name, a.data, a.len);
        assert_true(arb_symbol_is(&slot, a) && !arb_symbol_is(&slot, b));
        slot.len = (uint16_t)b.len;
        memcpy(slot.name, b.data, b.len);
        assert_true(arb_symbol_is(&slot, b) && !arb_symbol_is(&slot, a));
        assert_int_equal(arb_symbol_put(map, a, 1), ARB_OK);
        assert_true(find_exactly(map, b.data, b.len) == ARB_NO_INSTRUMENT);
        assert_int_equal(arb_symbol_put(map, b, 2), ARB_OK);
        assert_int_equal(find_exactly(map, a.data, a.len), 1);
        assert_int_equal(find_exactly(map, b.data, b.len), 2);
    }
}

/* Names whose hashes begin in one slot stand one behind the other, around the end of the table. */
static void names_that_begin_in_the_last_slot_are_all_found(void **state)
{
    struct arb_symbol_map *const map = *state;
    char names[20][ARB_SYMBOL_MAX];
    uint32_t n = 0;

    for (unsigned i = 0; n < 20; i++) {
        const int len = snprintf(names[n], ARB_SYMBOL_MAX, "N%u", i);
        const struct arb_bytes name = { names[n], (size_t)len };
        if ((arb_symbol_hash(name) & (ARB_SYMBOL_SLOTS - 1)) == ARB_SYMBOL_SLOTS - 1) {
            assert_int_equal(arb_symbol_put(map, name, n++), ARB_OK);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(find_exactly(map, names[i], strlen(names[i])), i);
    }
}

/* Part of the ABI: a plugin built before finds the names that the host entered. */
static void hashes_stay_what_they_are(void **state)
{
    static const struct {
        const char *name;
        uint32_t hash;
    } cases[] = { { "A", 0x5f416b1f },
                  { "ABC", 0x44a8fc5a },
                  { "ABCD", 0x37987d30 },
                  { "BTC/USD", 0xbf373f4c },
                  { "ABCDEFGH", 0x06da1a2e },
                  { "ABCDEFGHI", 0xf7b945c1 },
                  { "ABCDEFGHIJKLMNOPQ", 0x6df18ec3 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(arb_symbol_hash(bytes_of(cases[i].name)), cases[i].hash);
    }
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

static void names_are_spelled_dashed_or_joined(void **state)
{
    const struct arb_instrument info = { .base = "BTC", .quote = "usd" };
    char name[ARB_SYMBOL_MAX];

    (void)state;
    assert_int_equal(arb_spell_dashed(NULL, &info, name), ARB_OK);
    assert_string_equal(name, "BTC-usd");
    assert_int_equal(arb_spell_joined(NULL, &info, name), ARB_OK);
    assert_string_equal(name, "BTCusd");
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
        cmocka_unit_test_setup_teardown(names_that_differ_in_one_byte_never_match, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_of_one_word_and_another_length_are_other_names,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_begin_in_the_last_slot_are_all_found, set_up,
                                        tear_down),
        cmocka_unit_test(hashes_stay_what_they_are),
        cmocka_unit_test(names_are_spelled_with_separator_and_case),
        cmocka_unit_test(digits_of_an_increment_are_those_its_multiples_need),
        cmocka_unit_test(names_are_spelled_dashed_or_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
