#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "arbspot/json.h"
#include "kafka/broker_watch.h"
#include "util/clock.h"

enum { CODE = -193 };

static const int64_t second_ns = NS_PER_S;
static const char failure[] = "kafka:9092/1: Failed to resolve 'kafka:9092': Name not known";

/* As librdkafka writes them, shortened. */
static bool look(struct broker_watch *watch, const char *state, int connects, int64_t now_ns)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{ \"name\": \"arbspot#producer-1\", \"replyq\":0, \"brokers\":{ "
                   "\"127.0.0.1:24701/bootstrap\": { \"nodeid\":-1, \"state\":\"UP\", "
                   "\"connects\":1, \"toppars\":{ }} , "
                   "\"kafka:9092/1\": { \"nodeid\":1, \"state\":\"%s\", \"connects\":%d, "
                   "\"toppars\":{ }} }, \"topics\":{ } }",
                   state, connects);
    return broker_watch_statistics(watch, arb_bytes_of(text), now_ns);
}

static void a_broker_that_stays_away_is_noticed_after_the_patience(void **state)
{
    struct broker_watch watch = { 0 };
    const int64_t end_ns = second_ns + BROKER_WATCH_PATIENCE_MS * NS_PER_MS;

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_false(look(&watch, "TRY_CONNECT", 1, end_ns - 1));
    assert_true(look(&watch, "TRY_CONNECT", 2, end_ns));
    assert_int_equal(watch.code, CODE);
    assert_string_equal(watch.reason, "Failed to resolve 'kafka:9092': Name not known");
}

static void further_failures_do_not_begin_the_patience_anew(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    broker_watch_failed(&watch, CODE, "other:9092/2: Connect failed", 3 * second_ns);
    broker_watch_failed(&watch, CODE, failure, 3 * second_ns);
    assert_true(look(&watch, "CONNECT", 1, 3 * second_ns));
}

static void a_broker_that_is_up_again_is_forgotten(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_false(look(&watch, "UP", 2, 9 * second_ns));
    assert_string_equal(watch.name, "");
    assert_false(look(&watch, "DOWN", 3, 20 * second_ns));
}

static void a_connection_that_nobody_needs_is_no_trouble(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_true(look(&watch, "DOWN", 1, 9 * second_ns));
    assert_false(look(&watch, "DOWN", 1, 12 * second_ns));
    assert_true(look(&watch, "DOWN", 2, 15 * second_ns));
}

static void an_old_failure_is_forgotten(void **state)
{
    struct broker_watch watch = { 0 };
    const int64_t end_ns = second_ns + BROKER_WATCH_FORGET_MS * NS_PER_MS;

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_true(look(&watch, "CONNECT", 1, end_ns));
    assert_false(look(&watch, "CONNECT", 2, end_ns + 1));
    assert_string_equal(watch.name, "");
}

static void a_broker_that_left_the_cluster_is_forgotten(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, "gone:9092/7: Connect failed", second_ns);
    assert_false(look(&watch, "CONNECT", 1, 9 * second_ns));
    assert_string_equal(watch.name, "");
}

static void addresses_to_begin_with_are_not_watched(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, "127.0.0.1:24701/bootstrap: Connect failed", second_ns);
    broker_watch_failed(&watch, CODE, "GroupCoordinator: Connect failed", second_ns);
    broker_watch_failed(&watch, CODE, "no name", second_ns);
    assert_string_equal(watch.name, "");
}

static void statistics_that_cannot_be_read_say_nothing(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_false(broker_watch_statistics(&watch, arb_bytes_of("{ \"brokers\":"), 9 * second_ns));
}

static void assert_bytes(struct arb_bytes bytes, const char *want)
{
    assert_int_equal(bytes.len, strlen(want));
    assert_memory_equal(bytes.data, want, bytes.len);
}

static void address_and_number_are_cut_out_of_the_name(void **state)
{
    struct broker_watch watch = { 0 };

    (void)state;
    broker_watch_failed(&watch, CODE, failure, second_ns);
    assert_bytes(broker_watch_address(&watch), "kafka:9092");
    assert_bytes(broker_watch_number(&watch), "1");
    broker_watch_failed(&watch, CODE, "sasl_ssl://[::1]:9093/12: Failed", second_ns);
    assert_bytes(broker_watch_address(&watch), "[::1]:9093");
    assert_bytes(broker_watch_number(&watch), "12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_stays_away_is_noticed_after_the_patience),
        cmocka_unit_test(further_failures_do_not_begin_the_patience_anew),
        cmocka_unit_test(a_broker_that_is_up_again_is_forgotten),
        cmocka_unit_test(a_connection_that_nobody_needs_is_no_trouble),
        cmocka_unit_test(an_old_failure_is_forgotten),
        cmocka_unit_test(a_broker_that_left_the_cluster_is_forgotten),
        cmocka_unit_test(addresses_to_begin_with_are_not_watched),
        cmocka_unit_test(statistics_that_cannot_be_read_say_nothing),
        cmocka_unit_test(address_and_number_are_cut_out_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
