/* How much of opportunities is left after which time, over many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/survivals.h"
#include "util/clock.h"

static struct survivals *survivals;

static int set_up(void **state)
{
    (void)state;
    survivals = calloc(1, sizeof(*survivals));
    assert_non_null(survivals);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(survivals);
    return 0;
}

static struct opportunity make(const char *strategy, int64_t delay_ms, int64_t net)
{
    struct opportunity o = { .terms = { .n_legs = 2, .net = 1000 },
                             .rest = {
                                 .delay_ns = delay_ms * NS_PER_MS, .is_known = true, .net = net } };

    (void)snprintf(o.strategy, sizeof(o.strategy), "%s", strategy);
    (void)snprintf(o.legs[0].venue, sizeof(o.legs[0].venue), "kraken");
    (void)snprintf(o.legs[1].venue, sizeof(o.legs[1].venue), "okx");
    return o;
}

static void add(const char *strategy, int64_t delay_ms, int64_t net)
{
    const struct opportunity o = make(strategy, delay_ms, net);
    survivals_add(survivals, &o);
}

static void expect_printed(void (*print)(const struct survivals *, FILE *), const char *want)
{
    char got[4096] = "";
    FILE *const out = fmemopen(got, sizeof(got), "w");

    assert_non_null(out);
    print(survivals, out);
    (void)fclose(out);
    assert_string_equal(got, want);
}

static void rows_are_sorted_and_shares_are_between_none_and_all(void **state)
{
    struct opportunity o = make("b", 30, 500);

    (void)state;
    add("b", 100, 1000);
    add("a", 10, 2000); /* it got better: all of it is left */
    add("b", 10, -5);   /* it got worse than nothing */
    add("b", 10, 1);
    add("b", 10, 500);
    o.rest.is_latency = true;
    survivals_add(survivals, &o);
    o.rest.delay_ns = 31 * NS_PER_MS;
    o.rest.is_known = false;
    survivals_add(survivals, &o);
    expect_printed(
        survivals_print,
        "STRATEGY  VENUES        AFTER              OPENED  KNOWN  STILL PAYS  OF ITS NET\n"
        "a         kraken > okx  10.0 ms            1       1      100.0 %     100.0 %\n"
        "b         kraken > okx  10.0 ms            3       3      66.7 %      16.7 %\n"
        "b         kraken > okx  100.0 ms           1       1      100.0 %     100.0 %\n"
        "b         kraken > okx  30.5 ms (latency)  2       1      100.0 %     50.0 %\n");
    expect_printed(
        survivals_print_json,
        "[{\"strategy\":\"a\",\"venues\":\"kraken > okx\",\"latency\":false,"
        "\"delay_ns\":10000000,\"n\":1,\"known\":1,\"paying\":1,\"kept_ppm\":1000000},\n"
        " {\"strategy\":\"b\",\"venues\":\"kraken > okx\",\"latency\":false,"
        "\"delay_ns\":10000000,\"n\":3,\"known\":3,\"paying\":2,\"kept_ppm\":167000},\n"
        " {\"strategy\":\"b\",\"venues\":\"kraken > okx\",\"latency\":false,"
        "\"delay_ns\":100000000,\"n\":1,\"known\":1,\"paying\":1,\"kept_ppm\":1000000},\n"
        " {\"strategy\":\"b\",\"venues\":\"kraken > okx\",\"latency\":true,"
        "\"delay_ns\":30500000,\"n\":2,\"known\":1,\"paying\":1,\"kept_ppm\":500000}]\n");
}

static void what_was_never_known_has_no_share(void **state)
{
    struct opportunity o = make("a", 10, 0);

    (void)state;
    o.rest.is_known = false;
    survivals_add(survivals, &o);
    expect_printed(survivals_print,
                   "STRATEGY  VENUES        AFTER    OPENED  KNOWN  STILL PAYS  OF ITS NET\n"
                   "a         kraken > okx  10.0 ms  1       0      -           -\n");
}

static void rows_beyond_the_room_are_counted(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= SURVIVALS_ROWS_MAX + 3; i++) {
        add("a", i, 1);
    }
    assert_int_equal(survivals->n, SURVIVALS_ROWS_MAX);
    assert_int_equal(survivals->n_left_out, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_sorted_and_shares_are_between_none_and_all),
        TEST(what_was_never_known_has_no_share),
        TEST(rows_beyond_the_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
