/* Where a late joiner begins, from where the alive messages lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/milestones.h"

static void one_goes_back_as_far_as_books_are_repeated(void **state)
{
    (void)state;
    assert_int_equal(18, milestones_back(10000)); /* 15 s, two for slack, and the one under way */
    assert_int_equal(4, milestones_back(1000));
    assert_int_equal(0, milestones_back(0));
}

static void without_a_message_nobody_knows(void **state)
{
    struct milestones m;

    (void)state;
    milestones_init(&m, 3);
    assert_int_equal(-1, milestones_from(&m, 0));
    assert_true(milestones_use(&m, 2));
    assert_false(milestones_use(&m, 2));
    assert_int_equal(-1, milestones_from(&m, 2));
    assert_false(milestones_is_used(&m, 0));
    assert_true(milestones_is_used(&m, 2));
    assert_false(milestones_is_used(&m, 3));
    milestones_fini(&m);
}

static void until_there_are_enough_it_is_the_first(void **state)
{
    struct milestones m;

    (void)state;
    milestones_init(&m, 3);
    (void)milestones_use(&m, 0);
    milestones_pass(&m, 0, 100);
    assert_int_equal(100, milestones_from(&m, 0));
    milestones_pass(&m, 0, 110);
    milestones_pass(&m, 0, 120);
    assert_int_equal(100, milestones_from(&m, 0));
    milestones_pass(&m, 0, 130);
    assert_int_equal(110, milestones_from(&m, 0));
    milestones_pass(&m, 0, 140);
    assert_int_equal(120, milestones_from(&m, 0));
    milestones_fini(&m);
}

static void books_that_are_never_repeated_need_all(void **state)
{
    struct milestones m;

    (void)state;
    milestones_init(&m, 0);
    (void)milestones_use(&m, 0);
    for (int64_t offset = 100; offset < 200; offset++) {
        milestones_pass(&m, 0, offset);
    }
    assert_int_equal(100, milestones_from(&m, 0));
    milestones_fini(&m);
}

/* The topic was deleted and made again: what lay at those offsets is gone. */
static void offsets_that_begin_anew_forget_the_old(void **state)
{
    struct milestones m;

    (void)state;
    milestones_init(&m, 2);
    (void)milestones_use(&m, 0);
    milestones_pass(&m, 0, 1000);
    milestones_pass(&m, 0, 1010);
    milestones_pass(&m, 0, 5);
    assert_int_equal(5, milestones_from(&m, 0));
    milestones_fini(&m);
}

static void partitions_that_are_gone_are_forgotten(void **state)
{
    struct milestones m;

    (void)state;
    milestones_init(&m, 2);
    (void)milestones_use(&m, 1);
    milestones_pass(&m, 1, 10);
    milestones_cut(&m, 1);
    assert_false(milestones_is_used(&m, 1));
    assert_true(milestones_use(&m, 1));
    assert_int_equal(-1, milestones_from(&m, 1));
    milestones_pass(&m, 7, 10); /* nobody's */
    assert_int_equal(-1, milestones_from(&m, 7));
    milestones_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_goes_back_as_far_as_books_are_repeated),
        cmocka_unit_test(without_a_message_nobody_knows),
        cmocka_unit_test(until_there_are_enough_it_is_the_first),
        cmocka_unit_test(books_that_are_never_repeated_need_all),
        cmocka_unit_test(offsets_that_begin_anew_forget_the_old),
        cmocka_unit_test(partitions_that_are_gone_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
