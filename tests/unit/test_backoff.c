#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/backoff.h"

/* The delay of attempt `n` (from 0) lies between three quarters of the step and the step. */
static void assert_steps(struct backoff *backoff, const int64_t *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t delay = backoff_next_ms(backoff);
        assert_in_range(delay, steps[i] - steps[i] / 4, steps[i]);
    }
}

static void backoff_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    static const int64_t steps[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };
    struct backoff backoff;

    backoff_init(&backoff, 1000, 60000, 1);
    assert_steps(&backoff, steps, sizeof(steps) / sizeof(steps[0]));
}

static void backoff_stays_at_the_maximum_for_ever(void **state)
{
    (void)state;
    struct backoff backoff;

    backoff_init(&backoff, 1, INT64_MAX / 2, 1);
    for (int i = 0; i < 1000; i++) {
        assert_in_range(backoff_next_ms(&backoff), 1, INT64_MAX / 2);
    }
}

static void backoff_reset_starts_again_at_the_minimum(void **state)
{
    (void)state;
    static const int64_t steps[] = { 1000, 2000 };
    struct backoff backoff;

    backoff_init(&backoff, 1000, 60000, 1);
    for (int i = 0; i < 5; i++) {
        (void)backoff_next_ms(&backoff);
    }
    backoff_reset(&backoff);
    assert_steps(&backoff, steps, 2);
}

static void backoff_gives_the_same_delays_for_the_same_seed(void **state)
{
    (void)state;
    struct backoff a, b;

    backoff_init(&a, 1000, 60000, 42);
    backoff_init(&b, 1000, 60000, 42);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(backoff_next_ms(&a), backoff_next_ms(&b));
    }
}

static void backoff_differs_between_neighbouring_seeds(void **state)
{
    (void)state;
    struct backoff a, b;

    backoff_init(&a, 60000, 60000, 1);
    backoff_init(&b, 60000, 60000, 2);
    assert_int_not_equal(backoff_next_ms(&a), backoff_next_ms(&b));
}

static void backoff_of_one_millisecond_never_is_zero(void **state)
{
    (void)state;
    struct backoff backoff;

    backoff_init(&backoff, 1, 1, 7);
    assert_int_equal(backoff_next_ms(&backoff), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_up_to_the_maximum),
        cmocka_unit_test(backoff_stays_at_the_maximum_for_ever),
        cmocka_unit_test(backoff_reset_starts_again_at_the_minimum),
        cmocka_unit_test(backoff_gives_the_same_delays_for_the_same_seed),
        cmocka_unit_test(backoff_differs_between_neighbouring_seeds),
        cmocka_unit_test(backoff_of_one_millisecond_never_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
