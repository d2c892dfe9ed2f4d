/* Which messages of a producer may go to a partition that has not answered yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/firsts.h"
#include "util/clock.h"

static void one_goes_alone_to_each_partition(void **state)
{
    struct firsts firsts = { 0 };

    (void)state;
    assert_true(firsts_let(&firsts, 1));
    firsts_sent(&firsts, 1);
    assert_false(firsts_let(&firsts, 1));
    assert_true(firsts_let(&firsts, 0));
    assert_true(firsts_let(&firsts, 2));
    firsts_delivered(&firsts, 1);
    assert_true(firsts_let(&firsts, 1));
    firsts_sent(&firsts, 1);
    assert_true(firsts_let(&firsts, 1)); /* for ever */
    firsts_forget(&firsts);
}

static void behind_one_that_failed_the_next_goes_alone(void **state)
{
    struct firsts firsts = { 0 };

    (void)state;
    firsts_failed(&firsts, 3); /* nothing was sent there */
    firsts_sent(&firsts, 1);
    firsts_failed(&firsts, 1);
    assert_true(firsts_let(&firsts, 1));
    firsts_sent(&firsts, 1);
    assert_false(firsts_let(&firsts, 1));
    firsts_forget(&firsts);
}

/* A partition without a leader does not hold up the others. */
static void nobody_waits_for_long(void **state)
{
    struct firsts firsts = { 0 };
    const int64_t sent_ns = clock_mono_ns();

    (void)state;
    firsts_sent(&firsts, 1);
    while (!firsts_let(&firsts, 1)) {
    }
    assert_true(clock_mono_ns() - sent_ns >= FIRSTS_WAIT_MS * NS_PER_MS);
    firsts_forget(&firsts);
}

static void in_a_new_topic_all_begins_anew(void **state)
{
    struct firsts firsts = { 0 };

    (void)state;
    firsts_delivered(&firsts, 1);
    firsts_forget(&firsts);
    firsts_sent(&firsts, 1);
    assert_false(firsts_let(&firsts, 1));
    firsts_forget(&firsts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_goes_alone_to_each_partition),
        cmocka_unit_test(behind_one_that_failed_the_next_goes_alone),
        cmocka_unit_test(nobody_waits_for_long),
        cmocka_unit_test(in_a_new_topic_all_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
