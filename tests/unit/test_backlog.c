/* How long what is not read yet has waited, told by what the kernel counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/backlog.h"

#define MS INT64_C(1000000)

static int64_t age_ms(struct backlog *backlog, int64_t ms, uint64_t received, uint64_t unread)
{
    backlog_note(backlog, ms * MS, &(struct backlog_look){ received, unread });
    return backlog->age_ns / MS;
}

static void empty_socket_has_no_backlog(void **state)
{
    struct backlog backlog;

    (void)state;
    backlog_init(&backlog, 0);
    assert_int_equal(age_ms(&backlog, 100, 5000, 0), 0);
    assert_int_equal(backlog.empty_ns, 100 * MS);
}

/* The first byte that is not read had come by the first look that counted it. */
static void age_is_that_of_the_first_unread_byte(void **state)
{
    struct backlog backlog;

    (void)state;
    backlog_init(&backlog, 0);
    assert_int_equal(age_ms(&backlog, 10, 1000, 1000), 0);
    assert_int_equal(age_ms(&backlog, 20, 2000, 2000), 10);
    assert_int_equal(age_ms(&backlog, 30, 3000, 2001), 20); /* one of the first thousand is left */
    assert_int_equal(age_ms(&backlog, 30, 3000, 2000), 10); /* none is */
    assert_int_equal(age_ms(&backlog, 40, 3000, 1), 10);
    assert_int_equal(backlog.empty_ns, 0);
    assert_int_equal(age_ms(&backlog, 50, 3000, 0), 0);
    assert_int_equal(age_ms(&backlog, 60, 3001, 1), 0); /* nothing of before counts */
}

/* However long it lasts: the counts get coarser, and the age of the oldest is kept. */
static void long_backlog_keeps_its_age(void **state)
{
    struct backlog backlog;

    (void)state;
    backlog_init(&backlog, 0);
    for (uint64_t i = 1; i <= 10000; i++) {
        assert_int_equal(age_ms(&backlog, (int64_t)i * 10, i * 100, i * 100),
                         ((int64_t)i - 1) * 10);
    }
    const int64_t half_ms = age_ms(&backlog, 100000, 1000000, 500000);
    assert_in_range(half_ms, 40000, 50000);
}

static void kernel_that_does_not_count_gives_the_time_since_it_was_empty(void **state)
{
    struct backlog backlog;

    (void)state;
    backlog_init(&backlog, 0);
    assert_int_equal(age_ms(&backlog, 10, 0, 0), 0);
    assert_int_equal(age_ms(&backlog, 25, 0, 7), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_socket_has_no_backlog),
        cmocka_unit_test(age_is_that_of_the_first_unread_byte),
        cmocka_unit_test(long_backlog_keeps_its_age),
        cmocka_unit_test(kernel_that_does_not_count_gives_the_time_since_it_was_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
