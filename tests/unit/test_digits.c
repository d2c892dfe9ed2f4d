#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <inttypes.h>
#include <stdio.h>
#include <cmocka.h>

#include "util/digits.h"

enum { RANDOM_VALUES = 200000 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Values of every length, not only the long ones. */
static uint64_t next_value(uint64_t *state)
{
    const unsigned shift = (unsigned)(next_random(state) % 64);
    return next_random(state) >> shift;
}

static void assert_u64_as_printf(uint64_t value)
{
    char want[32], got[32];

    (void)snprintf(want, sizeof(want), "%" PRIu64, value);
    *digits_write_u64(got, value) = '\0';
    assert_string_equal(got, want);
}

static void u64_equals_printf_around_every_power_of_ten(void **state)
{
    (void)state;
    assert_u64_as_printf(0);
    for (uint64_t power = 1; power <= UINT64_C(1000000000000000000); power *= 10) {
        assert_u64_as_printf(power - 1);
        assert_u64_as_printf(power);
        assert_u64_as_printf(power + 1);
    }
    assert_u64_as_printf(UINT64_C(9999999999999999999));
    assert_u64_as_printf(UINT64_C(10000000000000000000));
    assert_u64_as_printf(UINT64_MAX);
}

static void u64_equals_printf_for_random_values(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < RANDOM_VALUES; i++) {
        assert_u64_as_printf(next_value(&seed));
    }
}

static void i64_writes_the_whole_range(void **state)
{
    char got[32];

    (void)state;
    *digits_write_i64(got, INT64_MIN) = '\0';
    assert_string_equal(got, "-9223372036854775808");
    *digits_write_i64(got, INT64_MAX) = '\0';
    assert_string_equal(got, "9223372036854775807");
}

static void hex_has_sixteen_digits(void **state)
{
    char got[32];

    (void)state;
    *digits_write_hex(got, UINT64_C(0x0123456789abcdef)) = '\0';
    assert_string_equal(got, "0123456789abcdef");
}

static void assert_decimal_as_sdk(int64_t value, unsigned scale, unsigned digits)
{
    char want[64], got[64];

    want[arb_decimal_write(value, scale, digits, want)] = '\0';
    *digits_write_decimal(got, (uint64_t)value, scale, digits) = '\0';
    assert_string_equal(got, want);
}

static void decimal_equals_the_sdk_for_random_values(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (int i = 0; i < RANDOM_VALUES; i++) {
        const int64_t value = (int64_t)(next_value(&seed) >> 1);
        const unsigned scale = (unsigned)(next_random(&seed) % (ARB_SCALE_MAX + 1));
        assert_decimal_as_sdk(value, scale, (unsigned)(next_random(&seed) % (scale + 2)));
        assert_decimal_as_sdk(value, scale, ARB_DIGITS_UNKNOWN);
    }
}

/* Multiples of powers of ten, as prices are: the digits asked for are then enough. */
static void decimal_equals_the_sdk_for_round_values(void **state)
{
    (void)state;
    for (unsigned scale = 0; scale <= ARB_SCALE_MAX; scale++) {
        for (unsigned power = 0; power <= ARB_SCALE_MAX; power++) {
            for (unsigned digits = 0; digits <= scale + 1; digits++) {
                assert_decimal_as_sdk(9 * arb_pow10(power), scale, digits);
            }
        }
    }
}

static void signed_decimal_keeps_the_lowest_value(void **state)
{
    char got[32];

    (void)state;
    char *const end = digits_write_signed(got, INT64_MIN, ARB_SCALE_MAX, ARB_SCALE_MAX);
    assert_true(end - got <= DIGITS_DECIMAL_MAX);
    *end = '\0';
    assert_string_equal(got, "-9.223372036854775808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u64_equals_printf_around_every_power_of_ten),
        cmocka_unit_test(u64_equals_printf_for_random_values),
        cmocka_unit_test(i64_writes_the_whole_range),
        cmocka_unit_test(hex_has_sixteen_digits),
        cmocka_unit_test(decimal_equals_the_sdk_for_random_values),
        cmocka_unit_test(decimal_equals_the_sdk_for_round_values),
        cmocka_unit_test(signed_decimal_keeps_the_lowest_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
