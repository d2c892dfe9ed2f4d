#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "arbspot/json.h"
#include "kafka/partition.h"
#include "kafka/publisher_state.h"
#include "kafka/settings.h"
#include "kafka/reader.h"
#include "kafka_fixture.h"
#include "stderr_capture.h"

enum { MANY = 180, GONE_MS = 1500 /* less than a refused topic is left alone for */ };

static int set_up(void **state)
{
    static struct kafka_fixture fixture;
    fixture_init(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_fini(*state);
    return 0;
}

/* Steps until the publisher cannot go on for now. */
static void step_until(struct publisher *publisher, enum publisher_turn wanted)
{
    const int64_t deadline_ns = clock_mono_ns() + FIXTURE_TIMEOUT_MS * NS_PER_MS;

    while (publisher_step(publisher, clock_moment()) != wanted) {
        assert_true(clock_mono_ns() < deadline_ns);
    }
}

static void events_arrive_in_order(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);

    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, MANY);
    fixture_flush(f);
    fixture_expect_deltas(source, 1, MANY);
    assert_int_equal(kafka_source_stats(source).skipped, 0);
    source->ops->destroy(source);
}

static void everything_produced_is_delivered(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, MANY);
    fixture_push_deltas(f, 1, 1, MANY);
    fixture_flush(f);
    const struct publisher_stats stats = publisher_stats(f->publisher);
    assert_int_equal(stats.produced, 2 * MANY);
    assert_int_equal(stats.delivered, 2 * MANY);
    assert_int_equal(stats.failed, 0);
    assert_true(stats.bytes > 2 * MANY * 300);
}

static void an_opportunity_arrives_as_it_was(void **state)
{
    struct kafka_fixture *const f = *state;
    const struct opportunity sent = sample_opportunity();
    const struct kafka_reader_config config = { .kafka = &f->config,
                                                .topic = f->config.opportunity_topic,
                                                .start = KAFKA_FROM_BEGINNING,
                                                .who = "kafka=test" };
    struct kafka_reader *reader;
    struct kafka_record record = { 0 };
    struct opportunity got;
    int64_t pub_ns;

    fixture_publish(f);
    memcpy(ring_reserve(&f->opportunities, sizeof(sent)), &sent, sizeof(sent));
    ring_commit(&f->opportunities);
    fixture_flush(f);
    assert_int_equal(kafka_reader_create(&reader, &config, NULL), ARB_OK);
    for (int i = 0; i < 100 && record.value.data == NULL; i++) {
        (void)kafka_reader_next(reader, FIXTURE_TIMEOUT_MS / 100, &record);
    }
    assert_int_equal(wire_read_opportunity(record.value, &got, &pub_ns), ARB_OK);
    assert_memory_equal(&got, &sent, sizeof(got));
    kafka_reader_destroy(reader);
}

static struct matrix some_matrix(void)
{
    return (struct matrix){ .strategy = "x",
                            .session = 1,
                            .info = { .symbol = "BTC/USD", .base = "BTC", .quote = "USD" },
                            .made_ns = 5,
                            .n_instruments = 1,
                            .n_venues = 1,
                            .venues = { { .name = "askinc",
                                          .age_ns = -1,
                                          .state = ARB_BOOK_STALE,
                                          .trading = ARB_TRADING_OPEN } } };
}

static void push_matrices(struct kafka_fixture *f, unsigned n)
{
    const struct matrix matrix = some_matrix();

    for (unsigned i = 0; i < n; i++) {
        memcpy(ring_reserve(&f->displays, matrix_len(&matrix)), &matrix, matrix_len(&matrix));
        ring_commit(&f->displays);
    }
}

static bool have_matrices(struct kafka_fixture *f)
{
    size_t len;
    return ring_peek(&f->displays, &len) != NULL;
}

/* Whoever shows them reads the partition of their key alone. */
static void a_matrix_arrives_where_its_key_belongs(void **state)
{
    struct kafka_fixture *const f = *state;
    const struct matrix sent = some_matrix();
    const char *const keys[] = { WIRE_MATRIX_KEY };
    const struct kafka_reader_config config = { .kafka = &f->config,
                                                .topic = f->config.opportunity_topic,
                                                .keys = keys,
                                                .n_keys = 1,
                                                .start = KAFKA_FROM_BEGINNING,
                                                .who = "kafka=test" };
    struct kafka_reader *reader;
    struct kafka_record record = { 0 };
    struct matrix got;
    int64_t pub_ns = 0;

    fixture_publish(f);
    push_matrices(f, 1);
    fixture_flush(f);
    assert_int_equal(kafka_reader_create(&reader, &config, NULL), ARB_OK);
    for (int i = 0; i < 100 && record.value.data == NULL; i++) {
        (void)kafka_reader_next(reader, FIXTURE_TIMEOUT_MS / 100, &record);
    }
    assert_int_equal(record.partition, partition_of("matrix", 3));
    assert_int_equal(wire_read_matrix(record.value, &got, &pub_ns), ARB_OK);
    assert_memory_equal(&got, &sent, sizeof(got));
    kafka_reader_destroy(reader);
}

static void matrices_wait_for_all_else(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    push_matrices(f, 9);
    fixture_push_deltas(f, 0, 1, MANY);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BUSY);
    assert_int_equal(publisher_stats(f->publisher).produced, PUBLISHER_BATCH);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BUSY);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BUSY);
    assert_int_equal(publisher_stats(f->publisher).produced, MANY + 8); /* one is left */
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_IDLE);
    assert_int_equal(publisher_stats(f->publisher).produced, MANY + 9);
    assert_int_equal(publisher_stats(f->publisher).left_out, 0);
}

/* Another one comes soon, so that nothing waits for it. */
static void matrices_that_kafka_does_not_take_are_left_out(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry limit = { .key = "queue.buffering.max.messages", .value = "10" };

    fixture_set(f, &limit);
    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    push_matrices(f, 13);
    step_until(f->publisher, PUBLISHER_IDLE);
    assert_false(have_matrices(f));
    assert_int_equal(publisher_stats(f->publisher).produced, 10);
    assert_int_equal(publisher_stats(f->publisher).left_out, 3);
    rd_kafka_mock_broker_set_up(embedded_cluster(f->embedded), FIXTURE_BROKER);
}

/* The one message of a partition, by a plain client. */
static rd_kafka_message_t *consume_one(const struct kafka_config *config, rd_kafka_t **rk)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    char text[256];
    rd_kafka_topic_partition_list_t *const all = rd_kafka_topic_partition_list_new(3);

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, text, 256), 0);
    assert_int_equal(rd_kafka_conf_set(conf, "group.id", "test", text, 256), 0);
    *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    assert_non_null(*rk);
    (void)rd_kafka_poll_set_consumer(*rk);
    for (int32_t i = 0; i < config->partitions; i++) {
        rd_kafka_topic_partition_list_add(all, config->market_topic, i)->offset = 0;
    }
    assert_int_equal(rd_kafka_assign(*rk, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
    return rd_kafka_consumer_poll(*rk, FIXTURE_TIMEOUT_MS);
}

static void assert_header(const rd_kafka_message_t *message, const char *name, const char *want)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value;
    size_t len;

    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, name, &value, &len), 0);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(value, want, len);
}

static void a_message_is_keyed_by_symbol_and_says_type_and_times(void **state)
{
    struct kafka_fixture *const f = *state;
    rd_kafka_t *rk;

    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 1);
    const struct moment now = { .mono_ns = clock_mono_ns(), .utc_ns = 1700000000000000009 };
    while (publisher_step(f->publisher, now) != PUBLISHER_IDLE) {
    }
    fixture_flush(f);
    rd_kafka_message_t *const message = consume_one(&f->config, &rk);
    assert_non_null(message);
    assert_int_equal(message->key_len, 7);
    assert_memory_equal(message->key, "BTC/USD", 7);
    assert_header(message, "type", "delta");
    assert_header(message, "recv_ns", "1700000000000000002");
    assert_header(message, "pub_ns", "1700000000000000009");
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(rk);
}

static void one_turn_takes_at_most_a_batch_of_each_ring(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    fixture_push_deltas(f, 0, 1, MANY);
    fixture_push_deltas(f, 1, 1, 1);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BUSY);
    assert_int_equal(publisher_stats(f->publisher).produced, PUBLISHER_BATCH + 1);
}

static void a_full_queue_keeps_the_records_in_their_ring(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry limit = { .key = "queue.buffering.max.messages", .value = "10" };
    struct source *const source = fixture_source(&f->config);

    fixture_set(f, &limit);
    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_push_deltas(f, 0, 1, MANY);
    step_until(f->publisher, PUBLISHER_BLOCKED);
    assert_in_range(publisher_stats(f->publisher).produced, 1, 10);
    assert_true(publisher_stats(f->publisher).queue_full > 0);
    rd_kafka_mock_broker_set_up(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_flush(f);
    fixture_expect_deltas(source, 1, MANY);
    source->ops->destroy(source);
}

static void push_alive(struct kafka_fixture *f, uint64_t seq, bool ends)
{
    struct event event = { .kind = EVENT_ALIVE,
                           .venue = sample_delta().venue,
                           .session = sample_delta().session,
                           .seq = seq,
                           .mono_ns = clock_mono_ns(),
                           .ends = ends,
                           .reason = "" };
    fixture_push(f, 0, &event);
}

static uint64_t produced(struct kafka_fixture *f)
{
    return publisher_stats(f->publisher).produced;
}

/* Else it would begin anew each time the queue has room for one, and never end. */
static void a_round_of_alives_goes_on_where_kafka_took_no_more(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry limit = { .key = "queue.buffering.max.messages", .value = "2" };

    fixture_set(f, &limit);
    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    for (uint32_t i = 0; i < 3; i++) {
        starts_use(&f->publisher->voices[0].starts, i);
    }
    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    push_alive(f, 1, false);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BLOCKED);
    }
    assert_int_equal(produced(f), 2);
    rd_kafka_mock_broker_set_up(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).delivered, 3);
}

/* The time is the test's own, so that nothing hangs on how fast it is. */
static void step_at(struct kafka_fixture *f, int64_t ms)
{
    const struct moment now = { .mono_ns = ms * NS_PER_MS, .utc_ns = clock_moment().utc_ns };

    (void)publisher_step(f->publisher, now);
}

static void rounds_of_alives_come_once_a_second(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    const int64_t ms = clock_mono_ns() / NS_PER_MS;
    push_alive(f, 1, false);
    step_at(f, ms);
    assert_int_equal(produced(f), 1);
    push_alive(f, 2, false);
    step_at(f, ms + 799);
    assert_int_equal(produced(f), 1);
    push_alive(f, 3, false); /* a bit early, so the one behind it is expected after two seconds */
    step_at(f, ms + 800);
    assert_int_equal(produced(f), 2);
    push_alive(f, 4, false);
    step_at(f, ms + 1799);
    assert_int_equal(produced(f), 2);
    push_alive(f, 5, true); /* nobody is to wait for an end */
    step_at(f, ms + 1799);
    assert_int_equal(produced(f), 3);
    push_alive(f, 6, false);
    step_at(f, ms + 1799);
    assert_int_equal(produced(f), 4);
}

/* An error that is about this message alone, and that no retry helps against. */
static const rd_kafka_resp_err_t final_error = RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE;

static void a_failed_delivery_asks_the_feed_for_that_book(void **state)
{
    struct kafka_fixture *const f = *state;
    struct event event = fixture_delta(1);

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      final_error);
    event.instrument = 4095;
    fixture_push(f, 1, &event);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).failed, 1);
    assert_true(feedback_take_any(&f->feedbacks[1]));
    assert_int_equal(feedback_take(&f->feedbacks[1], 4095), 1);
    assert_false(feedback_take_any(&f->feedbacks[0]));
}

/* As Kafka 4.1 answers to the first messages of a partition that it has taken later ones of. */
static void what_brokers_say_to_have_already_is_sent_whole(void **state)
{
    struct kafka_fixture *const f = *state;
    struct event event = fixture_delta(1);
    struct stderr_capture capture;

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    event.instrument = 7;
    fixture_push(f, 1, &event);
    stderr_capture_begin(&capture);
    fixture_flush(f);
    assert_non_null(strstr(stderr_capture_end(&capture), "its book is sent whole"));
    assert_int_equal(publisher_stats(f->publisher).failed, 0);
    assert_true(feedback_take_any(&f->feedbacks[1]));
    assert_int_equal(feedback_take(&f->feedbacks[1], 7), 1);
}

static void a_failed_snapshot_is_asked_for_with_all_it_stood_for(void **state)
{
    struct kafka_fixture *const f = *state;
    struct event snapshot = sample_snapshot();

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      final_error);
    snapshot.conflated = 5;
    fixture_push(f, 0, &snapshot);
    fixture_flush(f);
    assert_int_equal(feedback_take(&f->feedbacks[0], snapshot.instrument), 6);
}

static void conflated_events_and_late_deltas_are_counted(void **state)
{
    struct kafka_fixture *const f = *state;
    struct event late = sample_delta(), on_time = sample_delta(), snapshot = sample_snapshot();

    on_time.recv_ns = clock_now_ns() + FIXTURE_TIMEOUT_MS * NS_PER_MS; /* whatever the load */
    snapshot.conflated = 5;
    fixture_publish(f);
    fixture_push(f, 0, &late);
    fixture_push(f, 0, &on_time);
    fixture_push(f, 0, &snapshot);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).conflated, 5);
    assert_int_equal(publisher_stats(f->publisher).late, 1);
}

/* Pushes a book of each venue, the second one refused by the brokers. */
static void refuse_one(struct kafka_fixture *f, rd_kafka_resp_err_t code)
{
    struct event event = fixture_delta(1);

    event.instrument = 7;
    fixture_push(f, 0, &event);
    fixture_flush(f);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1, code);
    event.conflated = 2;
    fixture_push(f, 1, &event);
    while (publisher_stats(f->publisher).failed == 0) {
        (void)publisher_step(f->publisher, clock_moment());
    }
}

static void a_refused_topic_is_tried_again_and_gets_every_book_anew(void **state)
{
    struct kafka_fixture *const f = *state;
    struct stderr_capture capture;

    fixture_publish(f);
    stderr_capture_begin(&capture);
    refuse_one(f, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_false(feedback_take_any(&f->feedbacks[1])); /* it would be refused again */
    fixture_push_deltas(f, 0, 2, 3);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BLOCKED);
    assert_int_equal(publisher_stats(f->publisher).produced, 2);
    fixture_flush(f);
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(publisher_stats(f->publisher).delivered, 3);
    assert_int_equal(feedback_take(&f->feedbacks[0], 7), 1);
    assert_int_equal(feedback_take(&f->feedbacks[1], 7), 3);
    assert_int_equal(count_of(text,
                              "topic market-data takes no messages: Broker: Topic authorization "
                              "failed; grant this user the ACL Write on topic market-data"),
                     1);
    assert_int_equal(
        count_of(text, "topic market-data takes messages again; its 3 books are sent whole"), 1);
}

static void a_message_too_large_for_the_broker_names_its_book_and_waits(void **state)
{
    struct kafka_fixture *const f = *state;
    struct stderr_capture capture;

    fixture_publish(f);
    stderr_capture_begin(&capture);
    refuse_one(f, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    const char *const text = stderr_capture_end(&capture);
    assert_false(feedback_take_any(&f->feedbacks[1]));
    assert_int_equal(count_of(text,
                              " bytes for kraken BTC/USD was refused: Broker: Message size too "
                              "large; a smaller publish_depth"),
                     1);
    fixture_push_deltas(f, 0, 2, 3);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).delivered, 3);
}

/* The cluster says so in its list of topics, and a producer that knows that refuses at once. */
static void a_topic_that_vanishes_and_comes_back_crashes_nothing(void **state)
{
    struct kafka_fixture *const f = *state;
    struct stderr_capture capture;

    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 1);
    fixture_flush(f);
    stderr_capture_begin(&capture);
    rd_kafka_mock_topic_set_error(embedded_cluster(f->embedded), "market-data",
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    fixture_push_deltas(f, 0, 2, 2);
    while (publisher_stats(f->publisher).failed == 0) {
        (void)publisher_step(f->publisher, clock_moment());
    }
    fixture_push_deltas(f, 0, 3, MANY);
    const int rc = publisher_flush(f->publisher, GONE_MS);
    rd_kafka_mock_topic_set_error(embedded_cluster(f->embedded), "market-data",
                                  RD_KAFKA_RESP_ERR_NO_ERROR);
    fixture_flush(f);
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(rc, ARB_ELIMIT);
    assert_int_equal(count_of(text, "topic market-data is not there any more"), 1);
    assert_int_equal(count_of(text, "topic market-data takes messages again; its 1 books are sent"),
                     1);
    assert_true(feedback_take_any(&f->feedbacks[0]));
}

static void look_at_topics(struct kafka_fixture *f, unsigned known)
{
    struct kafka_topics *const topics = &f->publisher->outbox.link.topics;

    topics->known[KAFKA_MARKET] = known;
    topics->next_ns = 0;
    fixture_flush(f);
}

/* As one that a broker makes by itself, with its own number of them. */
static void a_topic_that_is_another_one_with_fewer_partitions_is_said(void **state)
{
    struct kafka_fixture *const f = *state;
    struct stderr_capture capture;

    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 1);
    fixture_flush(f);
    stderr_capture_begin(&capture);
    look_at_topics(f, 2);
    look_at_topics(f, 3);
    look_at_topics(f, 4);
    fixture_flush(f);
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(count_of(text, "level=warn"), 1);
    assert_int_equal(count_of(text, "topic market-data has 3 partitions, it had 4 and partitions "
                                    "in [kafka] is 3: it was deleted and made anew"),
                     1);
}

static void one_topic_that_is_refused_does_not_hold_up_the_other(void **state)
{
    struct kafka_fixture *const f = *state;
    const struct opportunity sent = sample_opportunity();
    struct stderr_capture capture;

    fixture_publish(f);
    stderr_capture_begin(&capture);
    refuse_one(f, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    fixture_push_deltas(f, 0, 2, 2);
    memcpy(ring_reserve(&f->opportunities, sizeof(sent)), &sent, sizeof(sent));
    ring_commit(&f->opportunities);
    (void)publisher_step(f->publisher, clock_moment());
    (void)stderr_capture_end(&capture);
    assert_int_equal(publisher_stats(f->publisher).produced, 3);
}

static void the_partition_is_that_of_the_key(void **state)
{
    struct kafka_fixture *const f = *state;
    rd_kafka_t *rk;

    fixture_publish(f);
    assert_int_equal(publisher_partitions(f->publisher), 0);
    fixture_push_deltas(f, 0, 1, 1);
    fixture_flush(f);
    assert_int_equal(publisher_partitions(f->publisher), 3);
    rd_kafka_message_t *const message = consume_one(&f->config, &rk);
    assert_non_null(message);
    assert_int_equal(message->partition, partition_of("BTC/USD", 3));
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(rk);
}

static void a_dead_producer_is_replaced(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    fixture_push_deltas(f, 0, 1, 1);
    while (publisher_stats(f->publisher).failed == 0) {
        (void)publisher_step(f->publisher, clock_moment());
    }
    assert_true(feedback_take_any(&f->feedbacks[0]));
    fixture_push_deltas(f, 0, 2, 2);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).delivered, 1);
}

static void a_message_that_is_too_large_does_not_stop_the_others(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry limit = { .key = "message.max.bytes", .value = "1000" };
    static const struct arb_level levels[100];
    struct event large = sample_snapshot();

    large.bids = levels;
    large.n_bids = 100;
    fixture_set(f, &limit);
    fixture_publish(f);
    fixture_push(f, 0, &large);
    fixture_push_deltas(f, 0, 1, 1);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).refused, 1);
    assert_int_equal(publisher_stats(f->publisher).delivered, 1);
    assert_false(feedback_take_any(&f->feedbacks[0]));
}

/* The next event of the source, which is `kind`, has this state and names that event before it. */
static void expect_event(struct source *source, enum event_kind kind, enum arb_book_state state,
                         uint64_t prev_seq)
{
    const struct event *const event = fixture_next(source, FIXTURE_TIMEOUT_MS);

    assert_non_null(event);
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->state, state);
    assert_int_equal(event->prev_seq, prev_seq);
}

/* Refused at once, for librdkafka has a limit of its own: the copy on the bus is LIVE before. */
static void a_book_of_which_a_message_is_too_large_is_stale_on_the_bus(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry limit = { .key = "message.max.bytes", .value = "1000" };
    static const struct arb_level levels[100];
    struct source *const source = fixture_source(&f->config);
    struct event event = sample_snapshot();

    assert_int_equal(last_words_create(&f->words[0], &f->feedbacks[0]), ARB_OK);
    fixture_set(f, &limit);
    fixture_publish(f);
    event.seq = 7;
    event.prev_seq = 0;
    fixture_push(f, 0, &event);
    event.seq = 8;
    event.prev_seq = 7;
    event.bids = levels;
    event.n_bids = 100;
    fixture_push(f, 0, &event);
    fixture_flush(f);
    (void)publisher_step(f->publisher, clock_moment());
    fixture_push_deltas(f, 0, 9, 10); /* behind what nobody has: left out */
    event.seq = 12;
    event.n_bids = 1;
    fixture_push(f, 0, &event);
    fixture_flush(f);
    expect_event(source, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 0);
    expect_event(source, EVENT_STATUS, ARB_BOOK_STALE, 8);
    expect_event(source, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 9);
    source->ops->destroy(source);
    last_words_destroy(f->words[0]);
}

enum { FORMER_PARTITIONS = 1 };

/* As if the topic had had fewer partitions until now. */
static void grow(const struct kafka_fixture *f)
{
    f->publisher->n_known = FORMER_PARTITIONS;
}

static void push_snapshot(struct kafka_fixture *f, uint64_t seq)
{
    struct event event = sample_snapshot();

    event.seq = seq;
    event.prev_seq = seq - 1;
    fixture_push(f, 0, &event);
}

/* Two readers: of the partition that it leaves, and of the others. */
static void a_book_that_moves_is_stale_in_the_partition_it_leaves(void **state)
{
    struct kafka_fixture *const f = *state;
    const uint32_t hash = partition_hash(arb_bytes_of(sample_snapshot().info->symbol));
    const uint32_t left = partition_at(hash, FORMER_PARTITIONS), other = partition_at(hash, 3);
    struct source *const source = fixture_source(&f->config);
    char why[64];

    assert_int_not_equal(left, other);
    assert_int_equal(last_words_create(&f->words[0], &f->feedbacks[0]), ARB_OK);
    fixture_publish(f);
    push_snapshot(f, 4);
    fixture_flush(f);
    expect_event(source, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 3);
    grow(f);
    assert_false(feedback_take_any(&f->feedbacks[0]));
    fixture_push_deltas(f, 0, 5, 6); /* on the way when the topic grew: left out */
    fixture_flush(f);
    assert_true(feedback_take_any(&f->feedbacks[0]));
    assert_int_equal(feedback_take(&f->feedbacks[0], sample_snapshot().instrument), 1);
    push_snapshot(f, 7);
    fixture_flush(f);
    assert_int_equal(publisher_stats(f->publisher).delivered, 3);
    (void)snprintf(why, sizeof(why), "moved to partition %u", other);
    for (int i = 0; i < 2; i++) { /* in either order */
        const struct event *const event = fixture_next(source, FIXTURE_TIMEOUT_MS);
        assert_non_null(event);
        const bool is_last_word = event->kind == EVENT_STATUS;
        assert_int_equal(event->partition, is_last_word ? left : other);
        assert_int_equal(event->state, is_last_word ? ARB_BOOK_STALE : ARB_BOOK_LIVE);
        assert_int_equal(event->seq, is_last_word ? 5 : 7);
        assert_int_equal(event->prev_seq, is_last_word ? 4 : 5);
        assert_string_equal(event->reason, is_last_word ? why : "");
    }
    source->ops->destroy(source);
    last_words_destroy(f->words[0]);
}

/* Venue 0 has one that leaves partition 0, venue 1 one that stays there. */
static void a_venue_is_alive_where_its_books_are(void **state)
{
    struct kafka_fixture *const f = *state;
    struct arb_instrument info = *sample_snapshot().info;
    struct event event = sample_snapshot();
    uint64_t n = 0;

    do {
        (void)snprintf(info.symbol, sizeof(info.symbol), "A%llu/USD", (unsigned long long)n++);
    } while (partition_of(info.symbol, 3) != 0);
    event.info = &info;
    fixture_publish(f);
    push_alive(f, 1, false);
    push_snapshot(f, 4);
    fixture_push(f, 1, &event);
    fixture_flush(f);
    struct voice *const voices = f->publisher->voices;
    starts_use(&voices[0].starts, 0);
    starts_put(&voices[0].starts, sample_snapshot().instrument, 0, 7);
    grow(f);
    fixture_flush(f);
    assert_false(starts_is_used(&voices[0].starts, 0));
    assert_int_equal(starts_from(&voices[0].starts, 0), -1);
    assert_true(feedback_take_any(&f->feedbacks[0]));
    assert_true(starts_is_used(&voices[1].starts, 0));
    assert_int_equal(starts_from(&voices[1].starts, 0), 1); /* behind the word of venue 0 */
    assert_false(feedback_take_any(&f->feedbacks[1]));
}

/* Else that partition would stay with what it heard before. */
static void a_last_word_that_is_lost_is_said_again(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);
    struct stderr_capture capture;

    assert_int_equal(last_words_create(&f->words[0], &f->feedbacks[0]), ARB_OK);
    fixture_publish(f);
    push_snapshot(f, 4);
    fixture_flush(f);
    expect_event(source, EVENT_SNAPSHOT, ARB_BOOK_LIVE, 3);
    grow(f);
    stderr_capture_begin(&capture);
    rd_kafka_mock_push_request_errors(embedded_cluster(f->embedded), FIXTURE_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    fixture_flush(f);
    step_until(f->publisher, PUBLISHER_IDLE);
    fixture_flush(f);
    (void)stderr_capture_end(&capture);
    expect_event(source, EVENT_STATUS, ARB_BOOK_STALE, 5); /* behind the one that was lost */
    source->ops->destroy(source);
    last_words_destroy(f->words[0]);
}

/* By the broker, later: the same. */
static void a_book_of_which_the_broker_refuses_a_message_is_stale_on_the_bus(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);
    struct stderr_capture capture;

    assert_int_equal(last_words_create(&f->words[1], &f->feedbacks[1]), ARB_OK);
    fixture_publish(f);
    stderr_capture_begin(&capture);
    refuse_one(f, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    fixture_flush(f);
    (void)stderr_capture_end(&capture);
    const struct event *event;
    do {
        event = fixture_next(source, FIXTURE_TIMEOUT_MS);
        assert_non_null(event);
    } while (event->kind != EVENT_STATUS);
    assert_int_equal(event->state, ARB_BOOK_STALE);
    assert_string_equal(event->reason,
                        "Kafka refused a message of it as too large: see publish_depth");
    source->ops->destroy(source);
    last_words_destroy(f->words[1]);
}

static void nothing_is_lost_while_no_broker_can_be_reached(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *source;

    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 10);
    assert_int_equal(publisher_step(f->publisher, clock_moment()), PUBLISHER_BLOCKED);
    assert_int_equal(publisher_stats(f->publisher).produced, 0);
    rd_kafka_mock_broker_set_up(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_flush(f);
    source = fixture_source(&f->config);
    fixture_expect_deltas(source, 1, 10);
    source->ops->destroy(source);
}

static void a_flush_without_a_broker_ends_at_its_deadline(void **state)
{
    struct kafka_fixture *const f = *state;

    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 1);
    assert_int_equal(publisher_flush(f->publisher, 100), ARB_ELIMIT);
}

static void stopping_the_thread_delivers_what_is_in_the_rings(void **state)
{
    struct kafka_fixture *const f = *state;

    fixture_publish(f);
    assert_int_equal(publisher_start(f->publisher, NULL), ARB_OK);
    fixture_push_deltas(f, 0, 1, MANY);
    fixture_push_deltas(f, 1, 1, MANY);
    assert_int_equal(publisher_stop(f->publisher, FIXTURE_TIMEOUT_MS), ARB_OK);
    assert_int_equal(publisher_stats(f->publisher).delivered, 2 * MANY);
}

static void stopping_does_not_wait_for_brokers_that_never_answered(void **state)
{
    struct kafka_fixture *const f = *state;

    rd_kafka_mock_broker_set_down(embedded_cluster(f->embedded), FIXTURE_BROKER);
    fixture_publish(f);
    fixture_push_deltas(f, 0, 1, 1);
    assert_int_equal(publisher_start(f->publisher, NULL), ARB_OK);
    const int64_t start_ns = clock_mono_ns();
    assert_int_equal(publisher_stop(f->publisher, FIXTURE_TIMEOUT_MS), ARB_ELIMIT);
    assert_true(clock_mono_ns() - start_ns < FIXTURE_TIMEOUT_MS / 2 * NS_PER_MS);
}

static void a_parked_thread_wakes_for_a_record(void **state)
{
    struct kafka_fixture *const f = *state;
    struct source *const source = fixture_source(&f->config);

    fixture_publish(f);
    assert_int_equal(publisher_start(f->publisher, NULL), ARB_OK);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        fixture_push_deltas(f, 0, seq, seq);
        fixture_expect_deltas(source, seq, seq);
    }
    assert_int_equal(publisher_stop(f->publisher, FIXTURE_TIMEOUT_MS), ARB_OK);
    source->ops->destroy(source);
}

static void a_setting_that_librdkafka_refuses_is_named_with_its_line(void **state)
{
    struct kafka_fixture *const f = *state;
    struct config_entry wrong = { .key = "linger.mss", .value = "5", .line = 12 };
    const struct publisher_config config = { .kafka = &f->config, .waker = &f->waker };
    struct err err = { 0 };
    struct publisher *publisher;

    fixture_set(f, &wrong);
    assert_int_equal(publisher_create(&publisher, &config, &err), ARB_EINVAL);
    assert_string_equal(err.text, "line 12: [kafka] rdkafka.linger.mss = 5: No such configuration "
                                  "property: \"linger.mss\"");
}

#define KAFKA_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KAFKA_TEST(events_arrive_in_order),
        KAFKA_TEST(everything_produced_is_delivered),
        KAFKA_TEST(an_opportunity_arrives_as_it_was),
        KAFKA_TEST(a_matrix_arrives_where_its_key_belongs),
        KAFKA_TEST(matrices_wait_for_all_else),
        KAFKA_TEST(matrices_that_kafka_does_not_take_are_left_out),
        KAFKA_TEST(a_message_is_keyed_by_symbol_and_says_type_and_times),
        KAFKA_TEST(one_turn_takes_at_most_a_batch_of_each_ring),
        KAFKA_TEST(a_full_queue_keeps_the_records_in_their_ring),
        KAFKA_TEST(a_round_of_alives_goes_on_where_kafka_took_no_more),
        KAFKA_TEST(rounds_of_alives_come_once_a_second),
        KAFKA_TEST(a_failed_delivery_asks_the_feed_for_that_book),
        KAFKA_TEST(what_brokers_say_to_have_already_is_sent_whole),
        KAFKA_TEST(a_failed_snapshot_is_asked_for_with_all_it_stood_for),
        KAFKA_TEST(conflated_events_and_late_deltas_are_counted),
        KAFKA_TEST(a_refused_topic_is_tried_again_and_gets_every_book_anew),
        KAFKA_TEST(a_message_too_large_for_the_broker_names_its_book_and_waits),
        KAFKA_TEST(a_topic_that_vanishes_and_comes_back_crashes_nothing),
        KAFKA_TEST(a_topic_that_is_another_one_with_fewer_partitions_is_said),
        KAFKA_TEST(one_topic_that_is_refused_does_not_hold_up_the_other),
        KAFKA_TEST(the_partition_is_that_of_the_key),
        KAFKA_TEST(a_dead_producer_is_replaced),
        KAFKA_TEST(a_message_that_is_too_large_does_not_stop_the_others),
        KAFKA_TEST(a_book_of_which_a_message_is_too_large_is_stale_on_the_bus),
        KAFKA_TEST(a_book_of_which_the_broker_refuses_a_message_is_stale_on_the_bus),
        KAFKA_TEST(a_book_that_moves_is_stale_in_the_partition_it_leaves),
        KAFKA_TEST(a_venue_is_alive_where_its_books_are),
        KAFKA_TEST(a_last_word_that_is_lost_is_said_again),
        KAFKA_TEST(nothing_is_lost_while_no_broker_can_be_reached),
        KAFKA_TEST(a_flush_without_a_broker_ends_at_its_deadline),
        KAFKA_TEST(stopping_the_thread_delivers_what_is_in_the_rings),
        KAFKA_TEST(stopping_does_not_wait_for_brokers_that_never_answered),
        KAFKA_TEST(a_parked_thread_wakes_for_a_record),
        KAFKA_TEST(a_setting_that_librdkafka_refuses_is_named_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
