/* Where a late joiner begins, from where the snapshots lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/starts.h"

static void without_a_snapshot_nobody_knows(void **state)
{
    struct starts starts = { 0 };

    (void)state;
    assert_int_equal(-1, starts_from(&starts, 0));
    starts_put(&starts, 7, 2, 100);
    assert_int_equal(-1, starts_from(&starts, 0));
    assert_int_equal(-1, starts_from(&starts, 3));
    assert_int_equal(100, starts_from(&starts, 2));
    starts_fini(&starts);
}

static void the_oldest_snapshot_of_the_partition_counts(void **state)
{
    struct starts starts = { 0 };

    (void)state;
    starts_put(&starts, 0, 1, 100);
    starts_put(&starts, 5, 1, 90);
    starts_put(&starts, 2, 0, 10);
    assert_int_equal(90, starts_from(&starts, 1));
    starts_put(&starts, 5, 1, 110);
    assert_int_equal(100, starts_from(&starts, 1));
    starts_put(&starts, 0, 0, 200); /* it has moved */
    assert_int_equal(110, starts_from(&starts, 1));
    assert_int_equal(10, starts_from(&starts, 0));
    starts_fini(&starts);
}

static void nobody_needs_a_book_that_is_not_live(void **state)
{
    struct starts starts = { 0 };

    (void)state;
    starts_put(&starts, 0, 1, 100);
    starts_put(&starts, 1, 1, 110);
    starts_drop(&starts, 0);
    assert_int_equal(110, starts_from(&starts, 1));
    starts_drop(&starts, 1);
    starts_drop(&starts, 9); /* was never there */
    assert_int_equal(-1, starts_from(&starts, 1));
    starts_fini(&starts);
}

static void partitions_are_remembered_until_all_is_forgotten(void **state)
{
    struct starts starts = { 0 };

    (void)state;
    assert_false(starts_is_used(&starts, 2));
    starts_use(&starts, 2);
    assert_true(starts_is_used(&starts, 2));
    assert_false(starts_is_used(&starts, 1));
    assert_false(starts_is_used(&starts, 3));
    starts_put(&starts, 0, 2, 5);
    starts_use_none(&starts);
    assert_false(starts_is_used(&starts, 2));
    assert_int_equal(5, starts_from(&starts, 2));
    starts_use(&starts, 2);
    starts_fini(&starts);
    assert_false(starts_is_used(&starts, 2));
    assert_int_equal(-1, starts_from(&starts, 2));
    starts_fini(&starts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_snapshot_nobody_knows),
        cmocka_unit_test(the_oldest_snapshot_of_the_partition_counts),
        cmocka_unit_test(nobody_needs_a_book_that_is_not_live),
        cmocka_unit_test(partitions_are_remembered_until_all_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
