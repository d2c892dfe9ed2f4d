/* Threads that are not waited for longer than there is time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "util/clock.h"
#include "util/joinable.h"

#define SHORT_NS (50 * NS_PER_MS)

struct worker {
    struct joinable thread;
    _Atomic bool may_end;
    int n_runs;
};

static void work(void *context)
{
    struct worker *const worker = context;
    const struct timespec pause = { .tv_nsec = NS_PER_MS };

    while (!atomic_load(&worker->may_end)) {
        (void)nanosleep(&pause, NULL);
    }
    worker->n_runs++;
}

static void one_that_ends_is_joined(void **state)
{
    struct worker worker = { .may_end = true };

    (void)state;
    for (int i = 1; i <= 2; i++) { /* it may be started again */
        assert_int_equal(joinable_start(&worker.thread, work, &worker), ARB_OK);
        assert_true(joinable_join(&worker.thread, NEVER_NS));
        assert_int_equal(worker.n_runs, i);
        assert_true(joinable_join(&worker.thread, 0));
    }
}

static void one_that_does_not_end_is_left_in_time(void **state)
{
    struct worker worker = { .may_end = false };
    const int64_t deadline_ns = clock_mono_ns() + SHORT_NS;

    (void)state;
    assert_int_equal(joinable_start(&worker.thread, work, &worker), ARB_OK);
    assert_false(joinable_join(&worker.thread, deadline_ns));
    assert_true(clock_mono_ns() >= deadline_ns);
    assert_false(joinable_join(&worker.thread, 0));
    atomic_store(&worker.may_end, true);
    assert_true(joinable_join(&worker.thread, NEVER_NS));
    assert_int_equal(worker.n_runs, 1);
}

static void one_that_never_was_has_ended(void **state)
{
    struct joinable thread = { 0 };

    (void)state;
    assert_true(joinable_join(&thread, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_is_joined),
        cmocka_unit_test(one_that_does_not_end_is_left_in_time),
        cmocka_unit_test(one_that_never_was_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
