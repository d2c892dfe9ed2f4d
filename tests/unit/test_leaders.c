/* Which partitions nobody leads, and how they are listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>

#include "kafka/leaders.h"

enum { PARTITIONS = 100 };

/* A topic whose partitions from `first` on, each `step`th, have no leader. */
static struct leaders_missing look(int n, int first, int step)
{
    static rd_kafka_metadata_partition_t partitions[PARTITIONS];
    const struct rd_kafka_metadata_topic topic = { .partition_cnt = n, .partitions = partitions };

    for (int i = 0; i < n; i++) {
        partitions[i] = (rd_kafka_metadata_partition_t){
            .id = i, .leader = i >= first && (i - first) % step == 0 ? -1 : 1
        };
    }
    return leaders_missing(&topic);
}

static void all_have_one(void **state)
{
    (void)state;
    const struct leaders_missing missing = look(8, 8, 1);
    assert_int_equal(missing.n, 0);
    assert_int_equal(missing.of, 8);
    assert_string_equal(missing.list, "");
}

static void those_without_are_listed(void **state)
{
    (void)state;
    const struct leaders_missing missing = look(8, 1, 2);
    assert_int_equal(missing.n, 4);
    assert_string_equal(missing.list, "1, 3, 5, 7");
}

static void a_long_list_is_cut_between_two(void **state)
{
    (void)state;
    const struct leaders_missing missing = look(PARTITIONS, 0, 1);
    assert_int_equal(missing.n, PARTITIONS);
    assert_string_equal(missing.list,
                        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and others");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_have_one),
        cmocka_unit_test(those_without_are_listed),
        cmocka_unit_test(a_long_list_is_cut_between_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
