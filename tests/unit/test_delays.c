/* Lists of delays, as `survival` has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/delays.h"

static void lists_are_read(void **state)
{
    struct survival_delays got;

    (void)state;
    assert_null(delays_read("10ms, 1s,latency ,60s", &got));
    assert_int_equal(got.n, 3);
    assert_int_equal(got.delays_ms[0], 10);
    assert_int_equal(got.delays_ms[1], 1000);
    assert_int_equal(got.delays_ms[2], 60000);
    assert_true(got.at_latency);
    assert_null(delays_read("1ms", &got));
    assert_int_equal(got.n, 1);
    assert_false(got.at_latency);
    assert_null(delays_read("none", &got));
    assert_int_equal(got.n, 0);
    assert_null(delays_read("1ms,2ms,3ms,4ms,5ms,6ms,7ms,8ms,latency", &got));
    assert_int_equal(got.n, CONFIG_DELAYS_MAX);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",      "10",       "0ms",      "61s",   "10ms 20ms",
        "10ms,", "10ms,,1s", "none, 1s", "later", "1000000000000000000000000000000000000000ms"
    };
    struct survival_delays got;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_string_equal(delays_read(wrong[i], &got),
                            "a list of durations from 1ms to 60s, such as 10ms, 100ms, 1s, "
                            "latency; or none");
    }
    assert_string_equal(delays_read("1ms,2ms,3ms,4ms,5ms,6ms,7ms,8ms,9ms", &got),
                        "at most 8 durations");
    assert_string_equal(delays_read("1ms, 1s, 1000ms", &got), "a list that has each duration once");
    assert_string_equal(delays_read("latency, latency", &got),
                        "a list that has each duration once");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
