/* test_values.c - text to typed values, exactly or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/nearest.h"
#include "config/values.h"

static const struct value_rule any_int = { VALUE_INT, INT64_MIN, INT64_MAX, NULL };
static const struct value_rule any_ms = { VALUE_MS, INT64_MIN, INT64_MAX, NULL };
static const struct value_rule any_ppm = { VALUE_PPM, INT64_MIN, INT64_MAX, NULL };
static const struct value_rule any_bytes = { VALUE_BYTES, INT64_MIN, INT64_MAX, NULL };

struct number_case {
    const struct value_rule *rule;
    const char *text;
    int rc;
    int64_t number;
};

static void check_numbers(const struct number_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct value value = { .number = 0 };
        const int rc = value_read(cases[i].rule, cases[i].text, &value);
        if (rc != cases[i].rc || value.number != cases[i].number) {
            fail_msg("'%s': rc %d, %lld", cases[i].text, rc, (long long)value.number);
        }
    }
}

#define CHECK_NUMBERS(cases_) check_numbers((cases_), sizeof(cases_) / sizeof((cases_)[0]))

static void int_reads_all_of_the_text_or_nothing(void **state)
{
    static const struct number_case cases[] = {
        { &any_int, "0", ARB_OK, 0 },
        { &any_int, "-17", ARB_OK, -17 },
        { &any_int, "9223372036854775807", ARB_OK, INT64_MAX },
        { &any_int, "-9223372036854775808", ARB_OK, INT64_MIN },
        { &any_int, "9223372036854775808", ARB_ERANGE, 0 },
        { &any_int, "-9223372036854775809", ARB_ERANGE, 0 },
        { &any_int, "", ARB_EINVAL, 0 },
        { &any_int, "-", ARB_EINVAL, 0 },
        { &any_int, "+1", ARB_EINVAL, 0 },
        { &any_int, " 1", ARB_EINVAL, 0 },
        { &any_int, "1x", ARB_EINVAL, 0 },
        { &any_int, "1.0", ARB_EINVAL, 0 },
        { &any_int, "0x10", ARB_EINVAL, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void duration_needs_its_unit(void **state)
{
    static const struct number_case cases[] = {
        { &any_ms, "250ms", ARB_OK, 250 },
        { &any_ms, "5s", ARB_OK, 5000 },
        { &any_ms, "2m", ARB_OK, 120000 },
        { &any_ms, "1h", ARB_OK, 3600000 },
        { &any_ms, "7d", ARB_OK, 604800000 },
        { &any_ms, "1.5s", ARB_OK, 1500 },
        { &any_ms, "5 s", ARB_OK, 5000 },
        { &any_ms, "0", ARB_OK, 0 },
        { &any_ms, "0.5ms", ARB_ERANGE, 0 },
        { &any_ms, "5", ARB_EINVAL, 0 },
        { &any_ms, "5S", ARB_EINVAL, 0 },
        { &any_ms, "5ss", ARB_EINVAL, 0 },
        { &any_ms, "s", ARB_EINVAL, 0 },
        { &any_ms, "1.2.3s", ARB_EINVAL, 0 },
        { &any_ms, "1e3s", ARB_EINVAL, 0 },
        { &any_ms, "9223372036854d", ARB_ERANGE, 0 },
        { &any_ms, "99999999999999999999s", ARB_ERANGE, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void share_reads_percent_basis_points_and_ppm(void **state)
{
    static const struct number_case cases[] = {
        { &any_ppm, "0.26%", ARB_OK, 2600 },     { &any_ppm, "26bp", ARB_OK, 2600 },
        { &any_ppm, "2600ppm", ARB_OK, 2600 },   { &any_ppm, "-1bp", ARB_OK, -100 },
        { &any_ppm, "0.40 %", ARB_OK, 4000 },    { &any_ppm, "0.0001%", ARB_OK, 1 },
        { &any_ppm, "0.00001%", ARB_ERANGE, 0 }, { &any_ppm, "0.5ppm", ARB_ERANGE, 0 },
        { &any_ppm, "0.40", ARB_EINVAL, 0 },     { &any_ppm, "%", ARB_EINVAL, 0 },
        { &any_ppm, "--1bp", ARB_EINVAL, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void size_reads_binary_units(void **state)
{
    static const struct number_case cases[] = {
        { &any_bytes, "16MiB", ARB_OK, 16777216 },  { &any_bytes, "0.5KiB", ARB_OK, 512 },
        { &any_bytes, "1GiB", ARB_OK, 1073741824 }, { &any_bytes, "100B", ARB_OK, 100 },
        { &any_bytes, "16MB", ARB_EINVAL, 0 },      { &any_bytes, "16777216", ARB_EINVAL, 0 },
        { &any_bytes, "0.3B", ARB_ERANGE, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void decimal_has_a_scale_as_small_as_can_be(void **state)
{
    static const struct value_rule rule = { .type = VALUE_DECIMAL };
    static const struct {
        const char *text;
        int rc;
        struct arb_decimal decimal;
    } cases[] = {
        { "0", ARB_OK, { 0, 0, { 0 } } },
        { "0.000", ARB_OK, { 0, 0, { 0 } } },
        { "250", ARB_OK, { 250, 0, { 0 } } },
        { "0.010", ARB_OK, { 1, 2, { 0 } } },
        { "1e-08", ARB_OK, { 1, 8, { 0 } } },
        { "0.000000000000000001", ARB_OK, { 1, 18, { 0 } } },
        { "9223372036854775807", ARB_OK, { INT64_MAX, 0, { 0 } } },
        { "0.0000000000000000001", ARB_ERANGE, { 7, 7, { 0 } } },
        { "9223372036854775808", ARB_ERANGE, { 7, 7, { 0 } } },
        { "", ARB_EINVAL, { 7, 7, { 0 } } },
        { "-1", ARB_EINVAL, { 7, 7, { 0 } } },
        { "+1", ARB_EINVAL, { 7, 7, { 0 } } },
        { "1 000", ARB_EINVAL, { 7, 7, { 0 } } },
        { "1,5", ARB_EINVAL, { 7, 7, { 0 } } },
        { "10k", ARB_EINVAL, { 7, 7, { 0 } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value value = { .decimal = { 7, 7, { 0 } } };
        assert_int_equal(value_read(&rule, cases[i].text, &value), cases[i].rc);
        assert_memory_equal(&value.decimal, &cases[i].decimal, sizeof(value.decimal));
    }
}

static void limits_are_inclusive(void **state)
{
    static const struct value_rule rule = { VALUE_MS, 100, 1000, NULL };
    static const struct number_case cases[] = {
        { &rule, "99ms", ARB_ERANGE, 0 },
        { &rule, "100ms", ARB_OK, 100 },
        { &rule, "1s", ARB_OK, 1000 },
        { &rule, "1001ms", ARB_ERANGE, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void choices_are_whole_words(void **state)
{
    static const struct value_rule words = { VALUE_ENUM, 0, 0, "kafka|direct" };
    static const struct value_rule numbers = { VALUE_INT, INT64_MIN, INT64_MAX, "10|25|100" };
    static const struct number_case cases[] = {
        { &words, "kafka", ARB_OK, 1 },     { &words, "direct", ARB_OK, 2 },
        { &words, "kafk", ARB_ERANGE, 0 },  { &words, "kafka|direct", ARB_ERANGE, 0 },
        { &words, "", ARB_ERANGE, 0 },      { &numbers, "25", ARB_OK, 25 },
        { &numbers, "2", ARB_ERANGE, 0 },   { &numbers, "1000", ARB_ERANGE, 0 },
        { &numbers, "ten", ARB_EINVAL, 0 },
    };
    (void)state;
    CHECK_NUMBERS(cases);
}

static void bool_reads_four_pairs_of_words(void **state)
{
    static const struct value_rule rule = { VALUE_BOOL, 0, 0, NULL };
    static const char *const yes[] = { "yes", "true", "on", "1" };
    static const char *const no[] = { "no", "false", "off", "0" };
    struct value value;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        value.flag = false;
        assert_int_equal(value_read(&rule, yes[i], &value), ARB_OK);
        assert_true(value.flag);
        assert_int_equal(value_read(&rule, no[i], &value), ARB_OK);
        assert_false(value.flag);
    }
    assert_int_equal(value_read(&rule, "YES", &value), ARB_EINVAL);
    assert_int_equal(value_read(&rule, "", &value), ARB_EINVAL);
    assert_int_equal(value_read(&rule, "2", &value), ARB_EINVAL);
}

static void failed_read_leaves_the_value_alone(void **state)
{
    static const struct value_rule rule = { VALUE_INT, 0, 10, NULL };
    struct value value = { .number = 7 };

    (void)state;
    assert_int_equal(value_read(&rule, "11", &value), ARB_ERANGE);
    assert_int_equal(value.number, 7);
}

static void description_says_what_would_do(void **state)
{
    static const struct {
        struct value_rule rule;
        const char *long_text, *short_text;
    } cases[] = {
        { { VALUE_MS, 100, 3600000, NULL },
          "a duration from 100ms to 1h, such as 250ms, 5s or 2m",
          "100ms..1h" },
        { { VALUE_PPM, -10000, 100000, NULL },
          "a share from -1% to 10%, such as 0.26%, 26bp or 2600ppm",
          "-1%..10%" },
        { { VALUE_BYTES, 65536, 1 << 30, NULL },
          "a size from 64KiB to 1GiB, such as 512KiB or 16MiB",
          "64KiB..1GiB" },
        { { VALUE_INT, 0, 18, NULL }, "a whole number from 0 to 18", "0..18" },
        { { VALUE_INT, INT64_MIN, INT64_MAX, NULL }, "a whole number", "" },
        { { VALUE_INT, INT64_MIN, INT64_MAX, "10|25" }, "one of 10, 25", "10|25" },
        { { VALUE_ENUM, 0, 0, "a|b" }, "one of a, b", "a|b" },
        { { VALUE_BOOL, 0, 0, NULL }, "yes or no", "" },
        { { VALUE_MS, 0, 0, NULL }, "a duration from 0 to 0, such as 250ms, 5s or 2m", "0..0" },
        { { VALUE_DECIMAL, 0, 0, NULL },
          "a decimal from 0 on with at most 18 digits, such as 0.0001 or 25000",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char data[200];
        struct arb_text text = arb_text_over(data, sizeof(data));
        value_describe(&cases[i].rule, &text);
        assert_string_equal(data, cases[i].long_text);
        text = arb_text_over(data, sizeof(data));
        value_describe_range(&cases[i].rule, &text);
        assert_string_equal(data, cases[i].short_text);
    }
}

static void nearest_word_forgives_slips_only(void **state)
{
    static const char *const words[] = { "symbols", "plugin", "taker_fee", "enabled", NULL };
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        { "symbol", "symbols" },
        { "plguin", "plugin" },
        { "taker_fees", "taker_fee" },
        { "tkaer_fe", "taker_fee" },
        { "enable", "enabled" },
        { "symbols", "symbols" },
        { "x", NULL },
        { "", NULL },
        { "partitions", NULL },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const near = nearest_word(cases[i].word, words);
        if (cases[i].nearest == NULL) {
            assert_null(near);
        } else {
            assert_non_null(near);
            assert_string_equal(near, cases[i].nearest);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int_reads_all_of_the_text_or_nothing),
        cmocka_unit_test(duration_needs_its_unit),
        cmocka_unit_test(share_reads_percent_basis_points_and_ppm),
        cmocka_unit_test(size_reads_binary_units),
        cmocka_unit_test(decimal_has_a_scale_as_small_as_can_be),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(choices_are_whole_words),
        cmocka_unit_test(bool_reads_four_pairs_of_words),
        cmocka_unit_test(failed_read_leaves_the_value_alone),
        cmocka_unit_test(description_says_what_would_do),
        cmocka_unit_test(nearest_word_forgives_slips_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
