/* The venues' spellings of time. timegm() is the oracle for the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arbspot/time.h"

enum { TIME_TEXT_MAX = 64 };

static const int64_t ns_per_s = 1000000000;

static int read_time(const char *text, int64_t *ns)
{
    return arb_time_from_rfc3339((struct arb_bytes){ text, strlen(text) }, ns);
}

static void expect_ns(const char *text, int64_t want)
{
    int64_t ns = -1;

    assert_int_equal(read_time(text, &ns), ARB_OK);
    assert_true(ns == want);
}

static void expect_all_refused(const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t ns = -1;
        if (read_time(texts[i], &ns) != ARB_EINVAL || ns != -1) {
            fail_msg("\"%s\" was not refused", texts[i]);
        }
    }
}

#define EXPECT_ALL_REFUSED(texts) expect_all_refused((texts), sizeof(texts) / sizeof((texts)[0]))

static void epoch_is_zero(void **state)
{
    (void)state;
    expect_ns("1970-01-01T00:00:00Z", 0);
}

static void fraction_has_up_to_nine_digits(void **state)
{
    (void)state;
    expect_ns("2026-08-01T02:54:53Z", 1785552893 * ns_per_s);
    expect_ns("2026-08-01T02:54:53.2Z", 1785552893 * ns_per_s + 200000000);
    expect_ns("2026-08-01T02:54:53.266327Z", 1785552893 * ns_per_s + 266327000);
    expect_ns("2026-08-01T02:54:53.000000001Z", 1785552893 * ns_per_s + 1);
    expect_ns("2026-08-01T02:54:53.999999999Z", 1785552893 * ns_per_s + 999999999);
}

static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (time_t at = 12 * 3600; at < (time_t)9180000000; at += 86400) { /* to the year 2260 */
        char text[TIME_TEXT_MAX];
        int64_t ns = -1;
        struct tm utc;
        assert_non_null(gmtime_r(&at, &utc));
        assert_true(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
        assert_int_equal(read_time(text, &ns), ARB_OK);
        assert_true(ns == (int64_t)at * ns_per_s);
    }
}

static void leap_second_is_the_next_minute(void **state)
{
    (void)state;
    expect_ns("2016-12-31T23:59:60Z", 1483228800 * ns_per_s);
}

static void other_shapes_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-08-01",
        "2026-08-01T02:54:53",
        "2026-08-01T02:54:53+00:00",
        "2026-08-01 02:54:53Z",
        "2026-08-01t02:54:53Z",
        "2026/08/01T02:54:53Z",
        "2026-08-01T02-54-53Z",
        "2026-08-01T02:54:53.Z",
        "2026-08-01T02:54:53,5Z",
        "2026-08-01T02:54:53.5",
        "2026-08-01T02:54:53.0000000001Z",
        "2026-08-01T02:54:53.12x4Z",
        "2026-08-01T02:54:53.-1Z",
        "2O26-08-01T02:54:53Z",
        "2026-0x-01T02:54:53Z",
        "2026-08-01T02:54:5xZ",
        "-026-08-01T02:54:53Z",
        "2026-08-01T02:54:53ZZ",
    };
    (void)state;
    EXPECT_ALL_REFUSED(texts);
}

static void values_outside_the_calendar_are_refused(void **state)
{
    static const char *const texts[] = {
        "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
    };
    (void)state;
    EXPECT_ALL_REFUSED(texts);
}

static void days_that_a_month_does_not_have_are_refused(void **state)
{
    static const char *const texts[] = {
        "2026-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-06-31T00:00:00Z", "2026-11-31T00:00:00Z",
    };
    (void)state;
    EXPECT_ALL_REFUSED(texts);
    expect_ns("2024-02-29T00:00:00Z", 1709164800 * ns_per_s);
    expect_ns("2000-02-29T00:00:00Z", 951782400 * ns_per_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epoch_is_zero),
        cmocka_unit_test(fraction_has_up_to_nine_digits),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(leap_second_is_the_next_minute),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(values_outside_the_calendar_are_refused),
        cmocka_unit_test(days_that_a_month_does_not_have_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
