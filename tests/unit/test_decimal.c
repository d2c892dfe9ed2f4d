/* Decimal text to scaled integers and back: every boundary, and properties over random values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/decimal.h"
#include "chance.h"

enum { ROUNDS = 200000, ORACLE_MAX = 64, UNTOUCHED = -77 };

struct parse_case {
    const char *text;
    unsigned scale;
    int rc;
    int64_t value; /* when rc is ARB_OK */
    uint8_t digits;
};

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

/* Compares all cases and names the first that differs. */
static void expect_parses(const struct parse_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct parse_case *const c = &cases[i];
        int64_t value = c->value;
        uint8_t digits = c->digits;
        const int rc = arb_decimal_parse(bytes_of(c->text), c->scale, &value, &digits);
        if (rc != c->rc || (rc == ARB_OK && (value != c->value || digits != c->digits))) {
            fail_msg("\"%s\" at scale %u: rc %d, value %lld, digits %u", c->text, c->scale, rc,
                     (long long)value, digits);
        }
    }
}

#define EXPECT_PARSES(cases) expect_parses((cases), sizeof(cases) / sizeof((cases)[0]))

static void text_that_is_no_decimal_is_refused(void **state)
{
    static const struct parse_case cases[] = {
        { "", 8, ARB_EINVAL, 0, 0 },      { ".", 8, ARB_EINVAL, 0, 0 },
        { "-1", 8, ARB_EINVAL, 0, 0 },    { "+1", 8, ARB_EINVAL, 0, 0 },
        { "-0", 8, ARB_EINVAL, 0, 0 },    { " 1", 8, ARB_EINVAL, 0, 0 },
        { "1 ", 8, ARB_EINVAL, 0, 0 },    { "1,5", 8, ARB_EINVAL, 0, 0 },
        { "1.2.3", 8, ARB_EINVAL, 0, 0 }, { "..", 8, ARB_EINVAL, 0, 0 },
        { "e5", 8, ARB_EINVAL, 0, 0 },    { ".e5", 8, ARB_EINVAL, 0, 0 },
        { "1e", 8, ARB_EINVAL, 0, 0 },    { "1e+", 8, ARB_EINVAL, 0, 0 },
        { "1e-", 8, ARB_EINVAL, 0, 0 },   { "1e5x", 8, ARB_EINVAL, 0, 0 },
        { "1e5.5", 8, ARB_EINVAL, 0, 0 }, { "1e--5", 8, ARB_EINVAL, 0, 0 },
        { "0x10", 8, ARB_EINVAL, 0, 0 },  { "NaN", 8, ARB_EINVAL, 0, 0 },
        { "inf", 8, ARB_EINVAL, 0, 0 },   { "1\x80", 8, ARB_EINVAL, 0, 0 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void point_may_stand_at_either_end(void **state)
{
    static const struct parse_case cases[] = {
        { "1.", 2, ARB_OK, 100, 0 },
        { ".5", 2, ARB_OK, 50, 1 },
        { "0.", 0, ARB_OK, 0, 0 },
        { ".0", 0, ARB_OK, 0, 1 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void digits_behind_the_point_are_counted_as_written(void **state)
{
    static const struct parse_case cases[] = {
        { "45283.50", 10, ARB_OK, 452835000000000, 2 },
        { "45283.5", 10, ARB_OK, 452835000000000, 1 },
        { "45283", 10, ARB_OK, 452830000000000, 0 },
        { "0.00000000", 8, ARB_OK, 0, 8 },
        { "1.50e2", 2, ARB_OK, 15000, 2 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void largest_value_of_each_scale_fits_and_the_next_does_not(void **state)
{
    (void)state;
    for (unsigned scale = 0; scale <= ARB_SCALE_MAX; scale++) {
        const uint64_t unit = (uint64_t)arb_pow10(scale);
        char most[ORACLE_MAX], next[ORACLE_MAX];
        int64_t value = 0;
        (void)snprintf(most, sizeof(most), "%llu.%0*llu",
                       (unsigned long long)((uint64_t)INT64_MAX / unit), (int)scale,
                       (unsigned long long)((uint64_t)INT64_MAX % unit));
        (void)snprintf(next, sizeof(next), "%llu.%0*llu",
                       (unsigned long long)(((uint64_t)INT64_MAX + 1) / unit), (int)scale,
                       (unsigned long long)(((uint64_t)INT64_MAX + 1) % unit));
        most[scale == 0 ? strcspn(most, ".") : strlen(most)] = '\0';
        next[scale == 0 ? strcspn(next, ".") : strlen(next)] = '\0';
        assert_int_equal(arb_decimal_parse(bytes_of(most), scale, &value, NULL), ARB_OK);
        assert_true(value == INT64_MAX);
        assert_int_equal(arb_decimal_parse(bytes_of(next), scale, &value, NULL), ARB_ERANGE);
    }
}

static void eighteen_nineteen_and_twenty_digits_are_told_apart(void **state)
{
    static const struct parse_case cases[] = {
        { "999999999999999999", 0, ARB_OK, 999999999999999999, 0 },
        { "9223372036854775807", 0, ARB_OK, INT64_MAX, 0 },
        { "9223372036854775808", 0, ARB_ERANGE, 0, 0 },
        { "9999999999999999999", 0, ARB_ERANGE, 0, 0 },
        { "18446744073709551616", 0, ARB_ERANGE, 0, 0 }, /* 2^64 must not wrap to 0 */
        { "18446744073709551617", 0, ARB_ERANGE, 0, 0 },
        { "99999999999999999999", 0, ARB_ERANGE, 0, 0 },
        { "00000000000000000000000001", 0, ARB_OK, 1, 0 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void zeros_beyond_the_scale_cost_nothing_but_other_digits_do(void **state)
{
    static const struct parse_case cases[] = {
        { "1.50", 1, ARB_OK, 15, 2 },
        { "1.05", 1, ARB_ERANGE, 0, 0 },
        { "7.000", 0, ARB_OK, 7, 3 },
        { "7.001", 0, ARB_ERANGE, 0, 0 },
        { "0.000000000000000000000000000", 0, ARB_OK, 0, 27 },
        { "0.0000000000000000001", 18, ARB_ERANGE, 0, 0 },
        { "0.0000000000000000010", 18, ARB_OK, 1, 19 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

/* Twenty digits and more are written by venues that pad: the value fits all the same. */
static void padding_behind_the_point_does_not_overflow(void **state)
{
    static const struct parse_case cases[] = {
        { "45283.50000000000000000000", 10, ARB_OK, 452835000000000, 20 },
        { "1.0000000000000000000000000000000000000000", 8, ARB_OK, 100000000, 40 },
        { "1.0000000000000000000000000000000000000001", 8, ARB_ERANGE, 0, 0 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void exponents_shift_exactly(void **state)
{
    static const struct parse_case cases[] = {
        { "1e-08", 8, ARB_OK, 1, 0 },
        { "1E-8", 8, ARB_OK, 1, 0 },
        { "1e-09", 8, ARB_ERANGE, 0, 0 },
        { "10e-09", 8, ARB_OK, 1, 0 },
        { "1.5e+3", 0, ARB_OK, 1500, 1 },
        { "1.5e3", 0, ARB_OK, 1500, 1 },
        { "1e18", 0, ARB_OK, 1000000000000000000, 0 },
        { "1e19", 0, ARB_ERANGE, 0, 0 },
        { "1e0", 8, ARB_OK, 100000000, 0 },
        { "0e99", 8, ARB_OK, 0, 0 },
        { "0e-99", 8, ARB_OK, 0, 0 },
        { "1e99", 8, ARB_ERANGE, 0, 0 },
        { "1e-99", 8, ARB_ERANGE, 0, 0 },
        { "1e100", 8, ARB_ERANGE, 0, 0 },
        { "1e99999999999", 8, ARB_ERANGE, 0, 0 },
    };
    (void)state;
    EXPECT_PARSES(cases);
}

static void more_digits_than_a_byte_counts_are_unknown(void **state)
{
    char text[300];
    int64_t value = 1;
    uint8_t digits = 0;

    (void)state;
    memset(text, '0', sizeof(text));
    text[1] = '.';
    const struct arb_bytes at_limit = { text, 2 + ARB_DIGITS_UNKNOWN - 1 };
    const struct arb_bytes beyond = { text, 2 + ARB_DIGITS_UNKNOWN + 1 };
    assert_int_equal(arb_decimal_parse(at_limit, 8, &value, &digits), ARB_OK);
    assert_int_equal(digits, ARB_DIGITS_UNKNOWN - 1);
    assert_int_equal(arb_decimal_parse(beyond, 8, &value, &digits), ARB_OK);
    assert_int_equal(digits, ARB_DIGITS_UNKNOWN);
}

static void results_are_written_only_on_success(void **state)
{
    static const char *const refused[] = { "",   "1.05", "99999999999999999999", "1e30",
                                           "1x", "1e-2", "9223372036854775807" };
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        int64_t value = UNTOUCHED;
        uint8_t digits = 99;
        assert_true(arb_decimal_parse(bytes_of(refused[i]), 1, &value, &digits) != ARB_OK);
        assert_int_equal(value, UNTOUCHED);
        assert_int_equal(digits, 99);
    }
}

static void text_is_not_read_past_its_end(void **state)
{
    static const char *const texts[] = { "1", "1.", "1.5", "1e", "1e-", "1e-0", "" };
    int64_t value = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const size_t len = strlen(texts[i]);
        char *const exact = malloc(len + (len == 0)); /* what lies behind is the sanitizer's */
        assert_non_null(exact);
        memcpy(exact, texts[i], len);
        (void)arb_decimal_parse((struct arb_bytes){ exact, len }, 4, &value, NULL);
        free(exact);
    }
}

/* -- writing -------------------------------------------------------------------------- */

/* How many digits behind the point `text` needs: all but its trailing zeros. */
static unsigned digits_needed(const char *text, unsigned scale)
{
    const size_t len = strlen(text);
    unsigned needed = scale;

    while (needed > 0 && text[len - 1 - (scale - needed)] == '0') {
        needed--;
    }
    return needed;
}

/* What arb_decimal_write() should say: all digits by the C library, cut behind those shown. */
static void oracle_write(int64_t value, unsigned scale, unsigned digits, char *out)
{
    const long long unit = arb_pow10(scale);

    if (scale == 0) {
        (void)snprintf(out, ORACLE_MAX, "%lld", (long long)value);
        return;
    }
    (void)snprintf(out, ORACLE_MAX, "%lld.%0*lld", value / unit, (int)scale, value % unit);
    const unsigned needed = digits_needed(out, scale);
    const unsigned shown = digits <= scale && digits >= needed ? digits : needed;
    out[strlen(out) - (scale - shown) - (shown == 0)] = '\0';
}

static void expect_written(int64_t value, unsigned scale, unsigned digits, const char *want)
{
    char text[ARB_DECIMAL_TEXT_MAX];
    const unsigned len = arb_decimal_write(value, scale, digits, text);

    assert_true(len < ARB_DECIMAL_TEXT_MAX);
    text[len] = '\0';
    assert_string_equal(text, want);
}

static void written_with_the_digits_asked_for_or_as_few_as_needed(void **state)
{
    (void)state;
    expect_written(0, 0, 0, "0");
    expect_written(0, 8, 8, "0.00000000");
    expect_written(0, 8, 2, "0.00");
    expect_written(0, 8, ARB_DIGITS_UNKNOWN, "0");
    expect_written(150, 2, 1, "1.5");
    expect_written(155, 2, 1, "1.55");
    expect_written(150, 2, 0, "1.5");
    expect_written(100, 2, 0, "1");
    expect_written(150, 2, 2, "1.50");
    expect_written(150, 2, 5, "1.5");
    expect_written(INT64_MAX, 0, 0, "9223372036854775807");
    expect_written(INT64_MAX, 18, 18, "9.223372036854775807");
    expect_written(1, 18, ARB_DIGITS_UNKNOWN, "0.000000000000000001");
}

static void written_as_the_oracle_writes(void **state)
{
    struct chance chance = chance_init(__func__, 1);

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned scale = chance_below(&chance, ARB_SCALE_MAX + 1);
        const unsigned digits =
            chance_below(&chance, 8) == 0 ? ARB_DIGITS_UNKNOWN : chance_below(&chance, 20);
        const int64_t unit = arb_pow10(chance_below(&chance, ARB_SCALE_MAX + 1));
        const int64_t value = chance_i64(&chance) / unit * unit; /* with trailing zeros */
        char want[ORACLE_MAX];
        oracle_write(value, scale, digits, want);
        expect_written(value, scale, digits, want);
    }
}

static void what_is_written_reads_back(void **state)
{
    struct chance chance = chance_init(__func__, 2);

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned scale = chance_below(&chance, ARB_SCALE_MAX + 1);
        const int64_t value = chance_i64(&chance);
        char text[ARB_DECIMAL_TEXT_MAX];
        int64_t back = -1;
        const unsigned len =
            arb_decimal_write(value, scale, chance_below(&chance, ARB_SCALE_MAX + 2), text);
        assert_int_equal(arb_decimal_parse((struct arb_bytes){ text, len }, scale, &back, NULL),
                         ARB_OK);
        assert_true(back == value);
    }
}

static void whole_numbers_are_written_as_printf_does(void **state)
{
    struct chance chance = chance_init(__func__, 3);
    uint64_t value = UINT64_MAX;

    (void)state;
    for (int i = 0; i < ROUNDS; i++, value = chance_next(&chance) >> chance_below(&chance, 64)) {
        char text[ORACLE_MAX], want[ORACLE_MAX];
        text[arb_uint_write(value, text)] = '\0';
        (void)snprintf(want, sizeof(want), "%llu", (unsigned long long)value);
        assert_string_equal(text, want);
    }
}

static void expect_written_whole(uint64_t number)
{
    char *const text = malloc(20 + 1), want[ORACLE_MAX]; /* no longer than it says */
    const int len = snprintf(want, sizeof(want), "%llu", (unsigned long long)number);

    assert_non_null(text);
    assert_int_equal(arb_uint_len(number), len);
    assert_int_equal(arb_uint_write(number, text), len);
    text[len] = '\0';
    assert_string_equal(text, want);
    free(text);
}

static void whole_numbers_around_every_power_have_their_length(void **state)
{
    uint64_t ten = 1;

    (void)state;
    for (unsigned exponent = 0; exponent < 20; exponent++, ten *= 10) { /* 10^19 is the last */
        expect_written_whole(ten - 1);
        expect_written_whole(ten);
        expect_written_whole(ten + 1);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        expect_written_whole((UINT64_C(1) << bit) - 1);
        expect_written_whole(UINT64_C(1) << bit);
    }
    expect_written_whole(0);
    expect_written_whole(UINT64_MAX - 1);
    expect_written_whole(UINT64_MAX);
}

static void expect_quotient(uint64_t number, unsigned exponent)
{
    const uint64_t got = arb_div_pow10(number, exponent);

    if (got != number / (uint64_t)arb_pow10(exponent)) {
        fail_msg("%llu / 10^%u is not %llu", (unsigned long long)number, exponent,
                 (unsigned long long)got);
    }
}

/* A quotient by multiplication is wrong next to a multiple first, and the sooner the larger. */
static void division_is_exact_next_to_every_multiple(void **state)
{
    const uint64_t most = UINT64_C(1) << 63;
    struct chance chance = chance_init(__func__, 4);

    (void)state;
    for (unsigned exponent = 0; exponent <= ARB_SCALE_MAX; exponent++) {
        const uint64_t unit = (uint64_t)arb_pow10(exponent), n = most / unit;
        expect_quotient(0, exponent);
        expect_quotient(most - 1, exponent);
        expect_quotient(most, exponent);
        for (unsigned i = 0; i < ROUNDS / 4; i++) {
            const uint64_t few = i % 2 == 0 ? i / 2 : n - i / 2; /* from either end, then any */
            const uint64_t times = i < 2000 ? (few <= n ? few : n) : chance_next(&chance) % (n + 1);
            expect_quotient(times * unit, exponent);
            expect_quotient(times == 0 ? 0 : times * unit - 1, exponent);
            expect_quotient(times * unit < most ? times * unit + 1 : most, exponent);
        }
    }
}

static void division_is_exact_for_powers_of_two_and_random_values(void **state)
{
    struct chance chance = chance_init(__func__, 5);

    (void)state;
    for (unsigned exponent = 0; exponent <= ARB_SCALE_MAX; exponent++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            expect_quotient(UINT64_C(1) << bit, exponent);
            expect_quotient((UINT64_C(1) << bit) - 1, exponent);
        }
        for (unsigned i = 0; i < ROUNDS / 4; i++) {
            expect_quotient((uint64_t)chance_i64(&chance), exponent);
        }
    }
}

static void eight_digits_are_a_number_and_a_zero_byte_is_a_zero(void **state)
{
    struct chance chance = chance_init(__func__, 6);

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t want = i < 2 ? (i == 0 ? 0 : 99999999) : chance_below(&chance, 100000000);
        char text[16];
        uint64_t eight = 0;
        (void)snprintf(text, sizeof(text), "%08u", want);
        for (unsigned k = 0; k < 8; k++) {
            const bool is_bare = text[k] == '0' && chance_below(&chance, 2) == 0;
            eight |= (uint64_t)(is_bare ? 0 : (unsigned char)text[k]) << 8 * k;
        }
        assert_int_equal(arb_digits_of_eight(eight), want);
    }
}

/* What `String(number)` gives in JavaScript, by ECMA-262, Number::toString. */
static void numbers_are_written_as_javascript_prints_them(void **state)
{
    static const struct {
        int64_t value;
        unsigned scale;
        const char *text;
    } cases[] = {
        { 1, 6, "0.000001" },
        { 1, 7, "1e-7" },
        { 15, 8, "1.5e-7" },
        { 10, 8, "1e-7" },
        { 99, 8, "9.9e-7" },
        { 100, 8, "0.000001" },
        { 123456789012, 18, "1.23456789012e-7" },
        { 1234567890123, 18, "0.000001234567890123" },
        { 1, 18, "1e-18" },
        { 4500000000, 8, "45" },
        { INT64_MAX, 0, "9223372036854775807" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[ARB_DECIMAL_TEXT_MAX] = "";
        text[arb_decimal_write_js(cases[i].value, cases[i].scale, text)] = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_decimal_is_refused),
        cmocka_unit_test(point_may_stand_at_either_end),
        cmocka_unit_test(digits_behind_the_point_are_counted_as_written),
        cmocka_unit_test(largest_value_of_each_scale_fits_and_the_next_does_not),
        cmocka_unit_test(eighteen_nineteen_and_twenty_digits_are_told_apart),
        cmocka_unit_test(zeros_beyond_the_scale_cost_nothing_but_other_digits_do),
        cmocka_unit_test(padding_behind_the_point_does_not_overflow),
        cmocka_unit_test(exponents_shift_exactly),
        cmocka_unit_test(more_digits_than_a_byte_counts_are_unknown),
        cmocka_unit_test(results_are_written_only_on_success),
        cmocka_unit_test(text_is_not_read_past_its_end),
        cmocka_unit_test(written_with_the_digits_asked_for_or_as_few_as_needed),
        cmocka_unit_test(written_as_the_oracle_writes),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(whole_numbers_are_written_as_printf_does),
        cmocka_unit_test(whole_numbers_around_every_power_have_their_length),
        cmocka_unit_test(division_is_exact_next_to_every_multiple),
        cmocka_unit_test(division_is_exact_for_powers_of_two_and_random_values),
        cmocka_unit_test(eight_digits_are_a_number_and_a_zero_byte_is_a_zero),
        cmocka_unit_test(numbers_are_written_as_javascript_prints_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
