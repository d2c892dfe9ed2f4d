#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "kafka/partition.h"

enum { N_KEYS = 20000, KEY_MAX = 32 };

static uint32_t hash_of(const char *key)
{
    return partition_hash((struct arb_bytes){ key, strlen(key) });
}

/* What Java's Utils.murmur2() makes of these, by Kafka's own test of it, with the sign taken off.
 */
static void hashes_are_those_of_java(void **state)
{
    (void)state;
    assert_int_equal(hash_of("21"), -973932308 & INT32_MAX);
    assert_int_equal(hash_of("foobar"), -790332482 & INT32_MAX);
    assert_int_equal(hash_of("a-little-bit-long-string"), -985981536 & INT32_MAX);
    assert_int_equal(hash_of("a-little-bit-longer-string"), -1486304829 & INT32_MAX);
    assert_int_equal(hash_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"),
                     -58897971 & INT32_MAX);
    assert_int_equal(hash_of("abc"), 479470107);
}

/* librdkafka's own choice, which needs no topic for a key. */
static unsigned choice_of_librdkafka(const char *key, int n_partitions)
{
    return (unsigned)rd_kafka_msg_partitioner_murmur2_random(NULL, key, strlen(key), n_partitions,
                                                             NULL, NULL);
}

static void partitions_are_those_of_librdkafka(void **state)
{
    static const int counts[] = { 1, 2, 3, 8, 12, 97, 1000 };
    char key[KEY_MAX];

    (void)state;
    for (int i = 0; i < N_KEYS; i++) {
        (void)snprintf(key, sizeof(key), "%.*s%d/USD", i % 7, "ABCDEFG", i);
        const int n = counts[(size_t)i % (sizeof(counts) / sizeof(*counts))];
        assert_int_equal(partition_of(key, (unsigned)n), choice_of_librdkafka(key, n));
    }
}

static void bytes_above_127_count_as_they_are(void **state)
{
    (void)state;
    for (int len = 1; len < 9; len++) {
        const char key[] = "\xff\x80\xfe\x81\xc3\xa9\xf0\x9f";
        char text[sizeof(key)];
        memcpy(text, key, sizeof(key));
        text[len] = '\0';
        assert_int_equal(partition_of(text, 1000), choice_of_librdkafka(text, 1000));
    }
}

static void an_empty_key_has_a_partition(void **state)
{
    (void)state;
    assert_int_equal(partition_of("", 1000), choice_of_librdkafka("", 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_java),
        cmocka_unit_test(partitions_are_those_of_librdkafka),
        cmocka_unit_test(bytes_above_127_count_as_they_are),
        cmocka_unit_test(an_empty_key_has_a_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
