/* Schedules of fees as they are written, and what they come to at a volume. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "config/fee_schedule.h"

enum { TEXT_MAX = 1024 };

#define D(units_, scale_)                                                                          \
    {                                                                                              \
        .units = (units_), .scale = (scale_)                                                       \
    }

/* "0e-0:4000 100005e-1:3500", "default", or the sentence of what is wrong. */
static void describe(const char *text, char told[TEXT_MAX])
{
    struct arb_text out = arb_text_over(told, TEXT_MAX);
    struct fee_schedule schedule = { .n = 0 };
    struct err err = { .rc = ARB_OK };

    if (fee_schedule_read(text, &schedule, &err) != ARB_OK) {
        assert_int_equal(err.rc, ARB_EINVAL);
        assert_int_equal(schedule.n, 0);
        arb_text_add(&out, "%s", err.text);
    } else if (schedule.is_default) {
        assert_int_equal(schedule.n, 0);
        arb_text_add(&out, "default");
    }
    for (unsigned i = 0; i < schedule.n; i++) {
        const struct fee_tier *const tier = &schedule.tiers[i];
        arb_text_add(&out, "%s%llde-%u:%lld", i == 0 ? "" : " ", (long long)tier->from.units,
                     (unsigned)tier->from.scale, (long long)tier->fee_ppm);
    }
    assert_true(arb_text_fits(&out));
}

struct text_case {
    const char *text, *told;
};

static void check_texts(const struct text_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char told[TEXT_MAX];
        describe(cases[i].text, told);
        assert_string_equal(told, cases[i].told);
    }
}

static void what_is_written_is_read(void **state)
{
    static const struct text_case cases[] = {
        { "0.26%", "0e-0:2600" },
        { "0", "0e-0:0" },
        { "default", "default" },
        { "10%", "0e-0:100000" },
        { "-10%", "0e-0:-100000" },
        { "0.40%, 10000: 0.35%, 50000: 0.24%, 100000: -0.01%",
          "0e-0:4000 10000e-0:3500 50000e-0:2400 100000e-0:-100" },
        { "40bp,10000:35bp", "0e-0:4000 10000e-0:3500" },
        { "0.40 % ,\t10000.50  :  0.35 % ", "0e-0:4000 100005e-1:3500" },
        { "1bp, 1: 2bp", "0e-0:100 1e-0:200" }, /* it may as well rise */
        { "0, 0.000000000000000001: 0, 0.000000000000000002: 0, 9223372036854775807: 0",
          "0e-0:0 1e-18:0 2e-18:0 9223372036854775807e-0:0" },
    };

    (void)state;
    check_texts(cases, sizeof(cases) / sizeof(*cases));
}

#define IS_NO_SHARE " is not a share from -10% to 10%, such as 0.26%, 26bp or 2600ppm"
#define HAS_NO_VOLUME                                                                              \
    " has no volume: behind the first fee each is written VOLUME: FEE, such as 50000: 0.24%"
#define IS_NO_VOLUME " is not a volume: write digits alone, such as 50000"
#define IS_NOT_ABOVE                                                                               \
    " is not above the one before it: give them in ascending order, each once; the first fee "     \
    "counts from 0 on"
#define HAS_A_VOLUME                                                                               \
    " has a volume: the first fee counts from 0 on, and stands alone, such as in 0.40%, 10000: "   \
    "0.35%"

static void what_is_wrong_is_said(void **state)
{
    static const struct text_case cases[] = {
        { "", "''" IS_NO_SHARE },
        { "0.26", "'0.26'" IS_NO_SHARE },
        { "10.0001%", "'10.0001%'" IS_NO_SHARE },
        { "-10.0001%", "'-10.0001%'" IS_NO_SHARE },
        { "0.00001%", "'0.00001%'" IS_NO_SHARE },
        { "Default", "'Default'" IS_NO_SHARE },
        { "default, 5: 1%", "'default'" IS_NO_SHARE },
        { "1%, 5: default", "'default'" IS_NO_SHARE },
        { ", 5: 1%", "''" IS_NO_SHARE },
        { "1%, 5: ", "''" IS_NO_SHARE },
        { "1%, 5: 11%", "'11%'" IS_NO_SHARE },
        { "1%, 5: 1%: 1%", "'1%: 1%'" IS_NO_SHARE },
        { "0: 1%", "'0: 1%'" HAS_A_VOLUME },
        { "1%,", "nothing stands behind a comma: remove it" },
        { "1%, , 5: 1%", "nothing stands behind a comma: remove it" },
        { "1%, 0.9%", "'0.9%'" HAS_NO_VOLUME },
        { "1%, 10,000: 0.9%", "'10'" HAS_NO_VOLUME },
        { "1%, : 0.9%", "''" IS_NO_VOLUME },
        { "1%, 10k: 0.9%", "'10k'" IS_NO_VOLUME },
        { "1%, -5: 0.9%", "'-5'" IS_NO_VOLUME },
        { "1%, 0.0000000000000000001: 0.9%", "'0.0000000000000000001'" IS_NO_VOLUME },
        { "1%, 0: 0.9%", "the volume of '0: 0.9%'" IS_NOT_ABOVE },
        { "1%, 5: 0.9%, 5.0: 0.8%", "the volume of '5.0: 0.8%'" IS_NOT_ABOVE },
        { "1%, 5: 0.9%, 4.99: 0.8%", "the volume of '4.99: 0.8%'" IS_NOT_ABOVE },
        { "1%, 0.000000000000000000000000000000000000000000000000000000000000001: 1%",
          "'0.0000000000000000000000000000000000000000000000000000000000'" IS_NO_VOLUME },
        { "0.000000000000000000000000000000000000000000000000000000000000001%",
          "'0.0000000000000000000000000000000000000000000000000000000000'" IS_NO_SHARE },
    };

    (void)state;
    check_texts(cases, sizeof(cases) / sizeof(*cases));
}

static void number_of_fees_is_limited(void **state)
{
    char text[TEXT_MAX], told[TEXT_MAX];
    struct arb_text out = arb_text_over(text, sizeof(text));
    struct fee_schedule schedule;

    (void)state;
    arb_text_add(&out, "1%%");
    for (int i = 1; i < FEE_TIERS_MAX; i++) {
        arb_text_add(&out, ", %d: %dppm", i, i);
    }
    assert_int_equal(fee_schedule_read(text, &schedule, NULL), ARB_OK);
    assert_int_equal(schedule.n, FEE_TIERS_MAX);
    assert_int_equal(fee_schedule_at(&schedule, (struct arb_decimal)D(31, 0)), 31);
    arb_text_add(&out, ", 32: 32ppm");
    describe(text, told);
    assert_string_equal(told, "more than 32 fees: leave out those of volumes far off");
}

static void a_fee_counts_from_its_volume_on(void **state)
{
    static const struct {
        struct arb_decimal volume;
        int64_t fee_ppm;
    } cases[] = {
        { D(0, 0), 4000 },
        { D(999999, 2), 4000 },
        { D(INT64_C(9999999999999999), 12), 4000 },
        { D(10000, 0), 3500 },
        { D(1000000, 2), 3500 },
        { D(1000001, 2), 3500 },
        { D(50000, 0), 3500 },
        { D(500004, 1), 3500 },
        { D(500005, 1), 2400 },
        { D(99999, 0), 2400 },
        { D(100000, 0), -100 },
        { D(INT64_MAX, 0), -100 },
        { D(INT64_MAX, 18), 4000 },
    };
    static const struct fee_schedule none = { .n = 0 };
    struct fee_schedule schedule;

    (void)state;
    assert_int_equal(
        fee_schedule_read("0.40%, 10000: 0.35%, 50000.5: 0.24%, 100000: -0.01%", &schedule, NULL),
        ARB_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(fee_schedule_at(&schedule, cases[i].volume), cases[i].fee_ppm);
    }
    assert_int_equal(fee_schedule_at(&none, cases[0].volume), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(number_of_fees_is_limited),
        cmocka_unit_test(a_fee_counts_from_its_volume_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
