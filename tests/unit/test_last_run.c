#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kafka/last_run.h"
#include "kafka_fixture.h"

enum { SHORT_MS = 300, LONG_MS = 60000, SLACK_MS = 5000 /* of a machine that is busy */ };

static const struct last_run_wish no_wish = { NULL, NULL };

static int set_up(void **state)
{
    static struct kafka_fixture fixture;
    fixture_init(&fixture);
    fixture_publish(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_fini(*state);
    return 0;
}

static void publish_run(struct kafka_fixture *f, uint64_t run, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        struct event event = fixture_delta(seq);
        event.session = run;
        fixture_push(f, 0, &event);
    }
    fixture_flush(f);
}

static void produce(const struct kafka_config *config, int partition, struct arb_bytes value)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    char text[256];

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, text, 256), 0);
    rd_kafka_t *const rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(rk);
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = config->market_topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)value.data, value.len } },
    };
    assert_null(rd_kafka_produceva(rk, parts, sizeof(parts) / sizeof(*parts)));
    assert_int_equal(rd_kafka_flush(rk, FIXTURE_TIMEOUT_MS), 0);
    rd_kafka_destroy(rk);
}

static void produce_run(const struct kafka_config *config, int partition, uint64_t run)
{
    struct event event = fixture_delta(1);
    char text[4096];

    event.session = run;
    assert_true(wire_event_bound(&event) <= sizeof(text));
    produce(config, partition, (struct arb_bytes){ text, wire_write_event(&event, 1, text) });
}

static uint64_t read_run(const struct kafka_fixture *f)
{
    struct err err = { 0 };
    uint64_t greatest = 1;

    assert_int_equal(last_run_read(&f->config, FIXTURE_TIMEOUT_MS, no_wish, &greatest, &err),
                     ARB_OK);
    return greatest;
}

static void empty_topic_had_no_run(void **state)
{
    assert_int_equal(0, read_run(*state));
}

static void topic_that_is_not_there_had_no_run(void **state)
{
    struct kafka_fixture *const f = *state;

    f->config.market_topic = "nowhere";
    assert_int_equal(0, read_run(f));
}

static void run_of_the_last_message_is_found(void **state)
{
    publish_run(*state, 7, 1, 3);
    publish_run(*state, 9, 1, 2);
    assert_int_equal(9, read_run(*state));
}

static void late_message_of_the_run_before_hides_nothing(void **state)
{
    publish_run(*state, 9, 1, 2);
    publish_run(*state, 7, 4, 5);
    assert_int_equal(9, read_run(*state));
}

static void every_partition_is_read(void **state)
{
    struct kafka_fixture *const f = *state;

    produce_run(&f->config, 0, 5);
    produce_run(&f->config, 1, 6);
    assert_int_equal(6, read_run(f));
    produce_run(&f->config, 2, 8);
    assert_int_equal(8, read_run(f));
}

static void what_no_host_wrote_is_left_out(void **state)
{
    struct kafka_fixture *const f = *state;

    produce_run(&f->config, 0, LAST_RUN_MAX);
    produce_run(&f->config, 0, LAST_RUN_MAX + 1);
    produce(&f->config, 1, (struct arb_bytes){ "{\"session\":\"ff\"}", 16 });
    produce(&f->config, 2, (struct arb_bytes){ NULL, 0 });
    assert_true(read_run(f) == LAST_RUN_MAX);
}

static void silent_broker_is_given_up(void **state)
{
    struct kafka_fixture *const f = *state;
    struct err err = { 0 };
    uint64_t greatest = 1;

    f->config.brokers = "127.0.0.1:1";
    const int64_t begin_ns = clock_mono_ns();
    assert_int_equal(last_run_read(&f->config, SHORT_MS, no_wish, &greatest, &err), ARB_ELIMIT);
    assert_int_equal(0, greatest);
    assert_true(clock_mono_ns() - begin_ns < (SHORT_MS + SLACK_MS) * NS_PER_MS);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
}

/* False when it is asked for the first time. */
static bool is_asked_later(const void *context)
{
    unsigned *const n = (unsigned *)(uintptr_t)context;
    return (*n)++ > 0;
}

static void wish_to_end_cuts_the_wait_short(void **state)
{
    struct kafka_fixture *const f = *state;
    unsigned n_looks = 0;
    const struct last_run_wish wish = { is_asked_later, &n_looks };
    struct err err = { 0 };
    uint64_t greatest = 1;

    f->config.brokers = "127.0.0.1:1";
    const int64_t begin_ns = clock_mono_ns();
    assert_int_equal(last_run_read(&f->config, LONG_MS, wish, &greatest, &err), ARB_ELIMIT);
    assert_int_equal(0, greatest);
    assert_true(clock_mono_ns() - begin_ns < SLACK_MS * NS_PER_MS);
}

static uint64_t next_run(uint64_t greatest, int64_t clock_ns, uint64_t random)
{
    const struct next_run next = { .greatest = greatest, .clock_ns = clock_ns, .random = random };
    return last_run_next(&next);
}

static void next_run_is_above_log_and_clock(void **state)
{
    (void)state;
    assert_int_equal(1001, next_run(1000, 10, 0));
    assert_int_equal(1001, next_run(10, 1000, 0));
    assert_int_equal(1, next_run(0, -5, 0));
    assert_true(next_run(LAST_RUN_MAX, 10, UINT64_MAX) > LAST_RUN_MAX);
}

static void runs_that_begin_together_differ(void **state)
{
    (void)state;
    assert_int_equal(1006, next_run(1000, 10, 5));
    assert_int_equal(1000 + (UINT64_C(1) << 30), next_run(1000, 10, UINT64_MAX));
    assert_int_equal(1001, next_run(1000, 10, UINT64_C(1) << 30));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty_topic_had_no_run),
        TEST(topic_that_is_not_there_had_no_run),
        TEST(run_of_the_last_message_is_found),
        TEST(late_message_of_the_run_before_hides_nothing),
        TEST(every_partition_is_read),
        TEST(what_no_host_wrote_is_left_out),
        TEST(silent_broker_is_given_up),
        TEST(wish_to_end_cuts_the_wait_short),
        cmocka_unit_test(next_run_is_above_log_and_clock),
        cmocka_unit_test(runs_that_begin_together_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
