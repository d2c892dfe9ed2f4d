#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <pthread.h>
#include <cmocka.h>

#include "kafka_fixture.h"

enum { SHORT_MS = 100 };

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

/* Puts a message on the topic as a stranger would. */
static void produce_raw(const struct kafka_config *config, uint32_t partition,
                        struct arb_bytes value)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    char text[256];

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, text, 256), 0);
    rd_kafka_t *const rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(rk);
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = config->market_topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = (int32_t)partition },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)value.data, value.len } },
    };
    assert_null(rd_kafka_produceva(rk, parts, sizeof(parts) / sizeof(*parts)));
    assert_int_equal(rd_kafka_flush(rk, FIXTURE_TIMEOUT_MS), 0);
    rd_kafka_destroy(rk);
}

static void produce_text(const struct kafka_config *config, const char *text)
{
    produce_raw(config, 0, (struct arb_bytes){ text, strlen(text) });
}

static void produce_event(const struct kafka_config *config, const struct event *event)
{
    char text[4096];

    assert_true(wire_event_bound(event) <= sizeof(text));
    produce_raw(config, 0, (struct arb_bytes){ text, wire_write_event(event, 1, text) });
}

static void foreign_messages_are_skipped_and_counted(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);
    const struct event event = fixture_delta(1);

    produce_text(&f->config, "hello");
    produce_text(&f->config, "");
    produce_text(&f->config, "{\"v\":2}");
    produce_event(&f->config, &event);
    fixture_expect_deltas(source, 1, 1);
    assert_int_equal(kafka_source_stats(source).skipped, 3);
    assert_int_equal(kafka_source_stats(source).events, 1);
    source->ops->destroy(source);
}

static void a_late_joiner_reads_what_was_there_before(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_push_deltas(f, 0, 1, 10);
    fixture_flush(f);
    struct source *const source = fixture_source(&f->config);
    fixture_expect_deltas(source, 1, 10);
    source->ops->destroy(source);
}

/* What was there says nothing of the present; what comes then does. */
static void what_was_there_is_history(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_push_deltas(f, 0, 1, 2);
    fixture_flush(f);
    struct source *const source = fixture_source(&f->config);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        const struct event *const event = fixture_next(source, FIXTURE_TIMEOUT_MS);
        assert_non_null(event);
        assert_int_equal(event->seq, seq);
        assert_true(event->is_history);
    }
    assert_null(source->ops->next(source, SHORT_MS)); /* it has met the end */
    fixture_push_deltas(f, 0, 3, 3);
    fixture_flush(f);
    const struct event *const event = fixture_next(source, FIXTURE_TIMEOUT_MS);
    assert_non_null(event);
    assert_int_equal(event->seq, 3);
    assert_false(event->is_history);
    source->ops->destroy(source);
}

static void produce_alive(const struct kafka_config *config, uint32_t partition, int64_t from)
{
    const struct event_venue venue = { "kraken" };
    const struct event event = { .kind = EVENT_ALIVE, .venue = &venue, .session = 7, .seq = 1 };
    const struct wire_alive alive = { .from = from, .host = "here/1" };
    char text[WIRE_ALIVE_MAX];

    produce_raw(config, partition,
                (struct arb_bytes){ text, wire_write_alive(&event, &alive, 1, text) });
}

/* Reading begins some thousand messages before the end, and where a venue says its books are. */
static void a_word_of_a_venue_takes_reading_back(void **state)
{
    struct kafka_fixture *const f = *state;
    enum { MANY = 1000, SOME = 500, FROM = 500 };

    for (unsigned first = 1; first <= MANY; first += SOME) {
        fixture_push_deltas(f, 0, first, first + SOME - 1);
        fixture_flush(f);
    }
    struct source *const source = fixture_source(&f->config);
    const struct event *event = fixture_next(source, FIXTURE_TIMEOUT_MS);
    assert_non_null(event);
    assert_true(event->seq > FROM + 1); /* offsets count from 0 */
    produce_alive(&f->config, event->partition, FROM);
    while (event->kind != EVENT_ALIVE) {
        event = fixture_next(source, FIXTURE_TIMEOUT_MS);
        assert_non_null(event);
    }
    fixture_expect_deltas(source, FROM + 1, MANY);
    source->ops->destroy(source);
}

static void a_topic_that_comes_later_is_read_from_its_start(void **state)
{
    struct kafka_fixture *const f = *state;
    struct kafka_config config = f->config;
    const struct event event = fixture_delta(1);

    config.market_topic = "later";
    struct source *const source = fixture_source(&config);
    assert_null(source->ops->next(source, SHORT_MS));
    assert_int_equal(rd_kafka_mock_topic_create(embedded_cluster(f->embedded), "later", 1, 1), 0);
    produce_event(&config, &event);
    fixture_expect_deltas(source, 1, 1);
    source->ops->destroy(source);
}

static void names_are_the_same_pointers_for_every_event(void **state)
{
    struct kafka_fixture *const f = *state;
    static const struct event_venue other = { "bitstamp" };
    struct source *const source = fixture_source(&f->config);
    struct event event = fixture_delta(1);

    fixture_push(f, 0, &event);
    event.venue = &other;
    fixture_push(f, 0, &event);
    event.venue = &sample_venue;
    fixture_push(f, 0, &event);
    fixture_flush(f);
    const struct event first = *fixture_next(source, FIXTURE_TIMEOUT_MS);
    const struct event second = *fixture_next(source, FIXTURE_TIMEOUT_MS);
    const struct event third = *fixture_next(source, FIXTURE_TIMEOUT_MS);
    assert_string_equal(first.venue->name, "kraken");
    assert_string_equal(second.venue->name, "bitstamp");
    assert_ptr_equal(first.venue, third.venue);
    assert_ptr_equal(first.info, second.info);
    assert_int_equal(first.instrument, second.instrument);
    source->ops->destroy(source);
}

static void an_instrument_with_other_scales_is_skipped(void **state)
{
    struct kafka_fixture *const f = *state;
    struct arb_instrument other = sample_instrument;
    struct source *const source = fixture_source(&f->config);
    struct event event = fixture_delta(1);

    fixture_push(f, 0, &event);
    other.px_scale = 12;
    event.info = &other;
    fixture_push(f, 0, &event);
    fixture_push_deltas(f, 0, 2, 2);
    fixture_flush(f);
    fixture_expect_deltas(source, 1, 2);
    assert_int_equal(kafka_source_stats(source).skipped, 1);
    source->ops->destroy(source);
}

static void reading_goes_on_after_the_broker_was_away(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);

    fixture_push_deltas(f, 0, 1, 1);
    fixture_flush(f);
    fixture_expect_deltas(source, 1, 1);
    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    assert_null(source->ops->next(source, SHORT_MS));
    rd_kafka_mock_broker_set_up(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_push_deltas(f, 0, 2, 2);
    fixture_flush(f);
    fixture_expect_deltas(source, 2, 2);
    source->ops->destroy(source);
}

static void a_wake_before_the_wait_ends_it(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);

    assert_null(source->ops->next(source, SHORT_MS));
    source->ops->wake(source);
    assert_null(source->ops->next(source, 10 * FIXTURE_TIMEOUT_MS)); /* or the suite times out */
    source->ops->destroy(source);
}

static void *wake_up(void *context)
{
    struct source *const source = context;
    source->ops->wake(source);
    return NULL;
}

static void a_wake_from_another_thread_ends_the_wait(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);
    pthread_t thread;

    assert_null(source->ops->next(source, SHORT_MS));
    assert_int_equal(pthread_create(&thread, NULL, wake_up, source), 0);
    assert_null(source->ops->next(source, 10 * FIXTURE_TIMEOUT_MS));
    assert_int_equal(pthread_join(thread, NULL), 0);
    source->ops->destroy(source);
}

static void a_group_reads_what_was_there_before(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *source;

    fixture_push_deltas(f, 0, 1, 10);
    fixture_flush(f);
    assert_int_equal(kafka_source_create(&source, &f->config,
                                         (struct kafka_source_group){ .group = "group" }, NULL),
                     ARB_OK);
    fixture_expect_deltas(source, 1, 10);
    source->ops->destroy(source);
}

/* -- a group that shares what is looked after -------------------------------------------- */

enum { PARTITIONS = 3, ALL_OURS = (1 << PARTITIONS) - 1 };

/* A member, what it was told that is its, and what it has read. */
struct member {
    struct source *source;
    unsigned ours;
    uint64_t n_read;
    bool is_taken_from; /* the last event took something */
};

static struct member join(const struct kafka_config *config)
{
    const struct kafka_source_group group = { .group = "group", .reads_all = true };
    struct member member = { .source = NULL };

    assert_int_equal(kafka_source_create(&member.source, config, group, NULL), ARB_OK);
    return member;
}

static void look(struct member *member)
{
    const struct event *const event = member->source->ops->next(member->source, 20);
    const unsigned bit = event == NULL ? 0 : 1U << event->partition;

    member->is_taken_from = event != NULL && event->kind == EVENT_NOT_OURS;
    if (event != NULL && event->kind == EVENT_OURS) {
        assert_int_equal(member->ours & bit, 0);
        member->ours |= bit;
    } else if (member->is_taken_from) {
        assert_int_equal(member->ours & bit, bit);
        member->ours &= ~bit;
    } else if (event != NULL) {
        assert_int_equal(event->kind, EVENT_DELTA);
        member->n_read++;
    }
}

/* Until each partition is one member's, and all have something. Never is one two members'. */
static void look_until_shared_out(struct member *members, unsigned n)
{
    const int64_t deadline_ns = clock_mono_ns() + FIXTURE_TIMEOUT_MS * NS_PER_MS;
    unsigned all, n_idle;

    do {
        all = n_idle = 0;
        for (unsigned i = 0; i < n; i++) {
            look(&members[i]);
        }
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(all & members[i].ours, 0);
            all |= members[i].ours;
            n_idle += members[i].ours == 0;
        }
        assert_true(clock_mono_ns() < deadline_ns);
    } while (all != ALL_OURS || n_idle > 0);
}

static void read_up_to(struct member *member, uint64_t n)
{
    const int64_t deadline_ns = clock_mono_ns() + FIXTURE_TIMEOUT_MS * NS_PER_MS;

    while (member->n_read < n) {
        look(member);
        assert_true(clock_mono_ns() < deadline_ns);
    }
}

/* Each reads all of it, whatever the group gives it. */
static void members_share_what_is_theirs_and_read_everything(void **state)
{
    enum { N = 10 };
    static struct config_entry beat = { .key = "heartbeat.interval.ms", .value = "300" };
    static struct config_entry patience = { .key = "session.timeout.ms", .value = "4000" };
    struct kafka_fixture *const f = *state;

    beat.next = patience.next = NULL;
    fixture_set(f, &beat);
    fixture_set(f, &patience); /* the broker waits almost so long for members to join */
    struct member members[2] = { join(&f->config) };
    fixture_push_deltas(f, 0, 1, N);
    fixture_flush(f);
    look_until_shared_out(members, 1);
    read_up_to(&members[0], N);
    members[1] = join(&f->config);
    look_until_shared_out(members, 2);
    read_up_to(&members[1], N);
    fixture_push_deltas(f, 0, N + 1, N + N);
    fixture_flush(f);
    read_up_to(&members[0], N + N);
    read_up_to(&members[1], N + N);
    members[1].source->ops->destroy(members[1].source);
    look_until_shared_out(members, 1);
    assert_int_equal(members[0].n_read, N + N);
    members[0].source->ops->destroy(members[0].source);
}

#define KAFKA_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KAFKA_TEST(foreign_messages_are_skipped_and_counted),
        KAFKA_TEST(a_late_joiner_reads_what_was_there_before),
        KAFKA_TEST(what_was_there_is_history),
        KAFKA_TEST(a_word_of_a_venue_takes_reading_back),
        KAFKA_TEST(a_topic_that_comes_later_is_read_from_its_start),
        KAFKA_TEST(names_are_the_same_pointers_for_every_event),
        KAFKA_TEST(an_instrument_with_other_scales_is_skipped),
        KAFKA_TEST(reading_goes_on_after_the_broker_was_away),
        KAFKA_TEST(a_wake_before_the_wait_ends_it),
        KAFKA_TEST(a_wake_from_another_thread_ends_the_wait),
        KAFKA_TEST(a_group_reads_what_was_there_before),
        KAFKA_TEST(members_share_what_is_theirs_and_read_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
