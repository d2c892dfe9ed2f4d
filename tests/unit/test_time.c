/* The venues' spellings of time. timegm() is the oracle for the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arbspot/time.h"
#include "chance.h"

enum { TIME_TEXT_MAX = 64, USUAL_LEN = 27, UNTOUCHED = -17 };

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

/* -- the usual spelling ---------------------------------------------------------------- */

/* What the fast reader takes the careful one reads as the same; what it leaves is untouched. */
static bool is_usual_as_the_careful_has_it(const char *text)
{
    char *const exact = malloc(USUAL_LEN);
    int64_t fast = UNTOUCHED, careful = 0;

    assert_non_null(exact);
    memcpy(exact, text, USUAL_LEN);
    const bool is_usual = arb_time_from_usual(exact, &fast);
    const int rc = arb_time_from_rfc3339((struct arb_bytes){ exact, USUAL_LEN }, &careful);
    if (is_usual ? rc != ARB_OK || fast != careful : fast != UNTOUCHED) {
        fail_msg("%.*s: %lld, not %lld", USUAL_LEN, text, (long long)fast, (long long)careful);
    }
    free(exact);
    return is_usual;
}

static void usual_times_of_this_century_are_all_read(void **state)
{
    struct chance chance = chance_init(__func__, 1);

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char text[TIME_TEXT_MAX];
        const unsigned year = 2000 + chance_below(&chance, 100);
        const unsigned month = 1 + chance_below(&chance, 12);
        (void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year, month,
                       1 + chance_below(&chance, arb_time_month_days(year, month)),
                       chance_below(&chance, 24), chance_below(&chance, 60),
                       chance_below(&chance, 61), chance_below(&chance, 1000000));
        assert_true(is_usual_as_the_careful_has_it(text));
    }
}

/* Numbers of two digits that need not be any of the calendar's. */
static void usual_times_beyond_the_calendar_are_refused_as_carefully(void **state)
{
    struct chance chance = chance_init(__func__, 2);
    unsigned n_usual = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char text[TIME_TEXT_MAX];
        int64_t ns = 0;
        (void)snprintf(
            text, sizeof(text), "20%02u-%02u-%02uT%02u:%02u:%02u.%06uZ", chance_below(&chance, 100),
            chance_below(&chance, 15), chance_below(&chance, 34), chance_below(&chance, 26),
            chance_below(&chance, 63), chance_below(&chance, 63), chance_below(&chance, 1000000));
        const bool is_usual = is_usual_as_the_careful_has_it(text);
        assert_int_equal(is_usual, read_time(text, &ns) == ARB_OK);
        n_usual += is_usual;
    }
    assert_true(n_usual > 100000 && n_usual < 190000);
}

static void usual_times_with_any_byte_replaced_are_read_alike(void **state)
{
    static const char *const good[] = { "2026-08-01T02:54:53.266327Z",
                                        "2000-02-29T00:00:00.000000Z",
                                        "2099-12-31T23:59:60.999999Z",
                                        "2019-09-19T19:09:09.909090Z" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        for (unsigned at = 0; at < USUAL_LEN; at++) {
            for (unsigned c = 0; c < 256; c++) {
                char text[USUAL_LEN + 1];
                memcpy(text, good[i], sizeof(text));
                text[at] = (char)c;
                const bool is_same = text[at] == good[i][at];
                assert_true(is_usual_as_the_careful_has_it(text) || !is_same);
            }
        }
    }
}

/* Two bytes, so that what one carries into the next cannot make up for it. */
static void usual_times_with_two_bytes_replaced_are_read_alike(void **state)
{
    struct chance chance = chance_init(__func__, 3);

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        char text[] = "2026-08-01T02:54:53.266327Z";
        const unsigned at = chance_below(&chance, USUAL_LEN - 1);
        text[at] = (char)chance_next(&chance);
        text[at + 1] = (char)chance_next(&chance);
        (void)is_usual_as_the_careful_has_it(text);
    }
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
        cmocka_unit_test(usual_times_of_this_century_are_all_read),
        cmocka_unit_test(usual_times_beyond_the_calendar_are_refused_as_carefully),
        cmocka_unit_test(usual_times_with_any_byte_replaced_are_read_alike),
        cmocka_unit_test(usual_times_with_two_bytes_replaced_are_read_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
