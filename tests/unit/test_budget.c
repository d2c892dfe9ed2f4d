#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/exchange.h"
#include "session/budget.h"

static void test_rate_has_no_limit_when_zeroed(void **state)
{
    struct rate rate = { 0 };

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(rate_take(&rate, 5));
    }
    assert_int_equal(5, rate_due_ns(&rate, 5));
}

/* Never more than the limit in any window, at both sides of the moment that frees one. */
static void test_rate_slides(void **state)
{
    const int64_t start_ns = 1000 * NS_PER_S;
    struct rate rate;

    (void)state;
    rate_init(&rate, 2, 10 * NS_PER_S);
    assert_true(rate_take(&rate, start_ns));
    assert_true(rate_take(&rate, start_ns + 1));
    assert_false(rate_take(&rate, start_ns + 2));
    const int64_t due_ns = rate_due_ns(&rate, start_ns + 2);
    assert_int_equal(start_ns + 10 * NS_PER_S + NS_PER_S / 2, due_ns);
    assert_false(rate_take(&rate, due_ns - 1));
    assert_true(rate_take(&rate, due_ns));
    assert_int_equal(due_ns, rate_due_ns(&rate, due_ns));
}

static struct budget budget_of(uint32_t at_once)
{
    const struct arb_plan plan = { .http_at_once = at_once };
    struct budget budget = { 0 };

    budget_init(&budget, &plan);
    return budget;
}

static void test_first_plan_is_everybodys(void **state)
{
    const struct arb_plan other = { .http_at_once = 9, .opens_per_10s = 7 };
    struct budget budget = budget_of(2);

    (void)state;
    budget_init(&budget, &other);
    assert_int_equal(2, budget.http_at_once);
    assert_int_equal(0, budget.opens.limit);
}

static void test_so_many_at_once(void **state)
{
    struct budget budget = budget_of(2);

    (void)state;
    assert_true(budget_take_http(&budget, 0));
    assert_true(budget_take_http(&budget, 0));
    assert_false(budget_take_http(&budget, 0));
    budget_http_done(&budget, true);
    assert_true(budget_take_http(&budget, 0));
}

/* Only what a rate refused counts: not what waits for others, or for the end of a pause. */
static void test_refusals_are_counted(void **state)
{
    const struct arb_plan plan = { .http_at_once = 2, .http_per_min = 2, .opens_per_10s = 1 };
    struct budget budget = { 0 };

    (void)state;
    budget_init(&budget, &plan);
    assert_true(budget_take_open(&budget, 0));
    assert_int_equal(0, budget.n_opens_refused);
    assert_false(budget_take_open(&budget, 0));
    assert_int_equal(1, budget.n_opens_refused);
    assert_true(budget_take_http(&budget, 0));
    assert_true(budget_take_http(&budget, 0));
    assert_false(budget_take_http(&budget, 0));
    assert_int_equal(0, budget.n_http_refused);
    budget_http_done(&budget, true);
    assert_false(budget_take_http(&budget, 0));
    assert_int_equal(1, budget.n_http_refused);
    budget_pause_http(&budget, 0, 5000);
    assert_false(budget_take_http(&budget, 1));
    assert_int_equal(1, budget.n_http_refused);
}

/* In a minute and in ten: the one that is used up says when to ask again. */
static void test_http_has_two_windows(void **state)
{
    const struct arb_plan plan = { .http_at_once = 9, .http_per_min = 2, .http_per_10min = 3 };
    const int64_t start_ns = 6000 * NS_PER_S;
    struct budget budget = { 0 };

    (void)state;
    budget_init(&budget, &plan);
    assert_true(budget_take_http(&budget, start_ns));
    assert_true(budget_take_http(&budget, start_ns));
    assert_false(budget_take_http(&budget, start_ns));
    assert_int_equal(start_ns + 63 * NS_PER_S, budget_look_ns(&budget, start_ns));
    assert_false(budget_take_http(&budget, start_ns + 63 * NS_PER_S - 1));
    assert_true(budget_take_http(&budget, start_ns + 63 * NS_PER_S));
    assert_false(budget_take_http(&budget, start_ns + 63 * NS_PER_S));
    assert_int_equal(start_ns + 630 * NS_PER_S, budget_look_ns(&budget, start_ns + 63 * NS_PER_S));
    assert_true(budget_take_http(&budget, start_ns + 630 * NS_PER_S));
    assert_int_equal(3, budget.n_under_way - 1);
}

/* 1, 2, 4, 8, 15, 15 s; then one at a time until one succeeds. */
static void test_pauses_grow(void **state)
{
    static const int64_t seconds[] = { 1, 2, 4, 8, 15, 15 };
    struct budget budget = budget_of(4);
    int64_t now_ns = NS_PER_S;

    (void)state;
    for (unsigned i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        assert_true(budget_take_http(&budget, now_ns));
        budget_http_done(&budget, false);
        budget_pause_http(&budget, now_ns, 0);
        now_ns += seconds[i] * NS_PER_S;
        assert_int_equal(now_ns, budget_look_ns(&budget, now_ns - 1));
        assert_false(budget_take_http(&budget, now_ns - 1));
    }
    assert_true(budget_take_http(&budget, now_ns));
    assert_false(budget_take_http(&budget, now_ns));
    budget_http_done(&budget, true);
    assert_true(budget_take_http(&budget, now_ns));
    assert_true(budget_take_http(&budget, now_ns));
}

static void test_retry_after_is_honoured(void **state)
{
    struct budget budget = budget_of(4);

    (void)state;
    budget_pause_http(&budget, 0, 30000);
    assert_false(budget_take_http(&budget, 30 * NS_PER_S - 1));
    assert_true(budget_take_http(&budget, 30 * NS_PER_S));
}

/* After eight failures in a row one tells as much as many. */
static void test_eight_failures(void **state)
{
    struct budget budget = budget_of(2);

    (void)state;
    for (unsigned i = 0; i < BUDGET_FAILURES_MAX; i++) {
        assert_true(budget_take_http(&budget, 0));
        assert_true(budget_take_http(&budget, 0));
        budget_http_done(&budget, false);
        budget.n_under_way = 0;
    }
    assert_true(budget_take_http(&budget, 0));
    assert_false(budget_take_http(&budget, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_has_no_limit_when_zeroed),
        cmocka_unit_test(test_rate_slides),
        cmocka_unit_test(test_first_plan_is_everybodys),
        cmocka_unit_test(test_so_many_at_once),
        cmocka_unit_test(test_refusals_are_counted),
        cmocka_unit_test(test_http_has_two_windows),
        cmocka_unit_test(test_pauses_grow),
        cmocka_unit_test(test_retry_after_is_honoured),
        cmocka_unit_test(test_eight_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
