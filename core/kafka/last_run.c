#include "kafka/last_run.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "kafka/closer.h"
#include "kafka/ends.h"
#include "kafka/refusal.h"
#include "kafka/settings.h"
#include "kafka/topics.h"
#include "wire/wire.h"
#include "util/clock.h"

/*
 * More than one message of each partition is read: hosts may share a topic, each with venues of
 * its own, and what a host produced last may be behind the first messages of its successor.
 */
enum {
    TAIL_MAX = 1000, /* messages of each partition; offsets without a message count too */
    PARTITIONS_MAX = 10000,
    LEVELS_MAX = 2 * ARB_EVENT_LEVELS_MAX,
    LOOK_MS = 100,  /* between looks for the brokers; metadata waits by itself */
    ENDS_MS = 2000, /* for where the partitions end, before that is asked again */
};

#define RANDOM_BITS 30 /* of nanoseconds: about a second */

struct tail_reader {
    struct kafka_client client;
    rd_kafka_t *rk;
    const char *topic;
    int64_t deadline_ns; /* monotonic */
    struct last_run_wish wish;
    int64_t *ends; /* [n_partitions] the offset behind the last message, 0 once it was met */
    int n_partitions, n_open;
    struct wire_event decoded;
    uint64_t greatest;
};

/* An end that is asked for is a deadline that has passed. */
static int left_ms(const struct tail_reader *t, int most_ms)
{
    if (t->wish.is_end_asked != NULL && t->wish.is_end_asked(t->wish.context)) {
        return 0;
    }
    const int64_t left = (t->deadline_ns - clock_mono_ns()) / NS_PER_MS;
    return left <= 0 ? 0 : left < most_ms ? (int)left : most_ms;
}

static int too_late(const struct tail_reader *t, struct err *err)
{
    return err_set(err, ARB_ELIMIT, "no answer in time from %s%s%s", t->client.brokers,
                   t->client.reason[0] == '\0' ? "" : ": ", t->client.reason);
}

/* The trouble with a connection, which the client notes, says more. */
static void note_reason(struct tail_reader *t, rd_kafka_resp_err_t code)
{
    if (t->client.reason[0] == '\0') {
        (void)snprintf(t->client.reason, sizeof(t->client.reason), "%s", rd_kafka_err2str(code));
    }
}

/* A consumer that says when a partition has no more, and that is in no group. */
static int open_client(struct tail_reader *t, const struct kafka_config *config, struct err *err)
{
    rd_kafka_conf_t *conf;
    char text[ERR_TEXT_MAX];
    int rc = kafka_conf_create(&conf, KAFKA_CONSUMER, config, &t->client, err);

    if (rc != ARB_OK) {
        return rc;
    }
    if (rd_kafka_conf_set(conf, "group.id", "arbspot", text, sizeof(text)) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof(text)) !=
            RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ARB_EINVAL, "librdkafka: %s", text);
    }
    rc = kafka_open(&t->rk, conf, &t->client, err);
    if (rc == ARB_OK) {
        (void)rd_kafka_poll_set_consumer(t->rk); /* fails for producers only */
    }
    return rc;
}

/* Lets librdkafka report what goes wrong, before anything is assigned. */
static void serve(struct tail_reader *t, int timeout_ms)
{
    rd_kafka_message_t *const message = rd_kafka_consumer_poll(t->rk, timeout_ms);

    if (message != NULL) {
        rd_kafka_message_destroy(message);
    }
}

static int count_partitions(struct tail_reader *t, struct err *err)
{
    int n = kafka_partition_count(t->rk, t->topic, NULL);

    while (n < 0 && left_ms(t, LOOK_MS) > 0) {
        serve(t, left_ms(t, LOOK_MS));
        n = kafka_partition_count(t->rk, t->topic, NULL);
    }
    if (n < 0) {
        return too_late(t, err);
    }
    t->n_partitions = n < PARTITIONS_MAX ? n : PARTITIONS_MAX;
    t->ends = calloc((size_t)t->n_partitions + 1, sizeof(*t->ends));
    return t->ends == NULL ? err_set(err, ARB_ENOMEM, "no memory for partitions") : ARB_OK;
}

/*
 * Notes the ends, and moves each partition back from there. What is before the first message that
 * is kept, librdkafka reads as the beginning; a partition that holds nothing reports its end.
 */
static void take_ends(struct tail_reader *t, rd_kafka_topic_partition_list_t *tails)
{
    for (int i = 0; i < tails->cnt; i++) {
        rd_kafka_topic_partition_t *const tail = &tails->elems[i];
        t->ends[tail->partition] = tail->offset;
        t->n_open += tail->offset > 0;
        tail->offset = tail->offset > TAIL_MAX ? tail->offset - TAIL_MAX : 0;
    }
}

static int find_tails(struct tail_reader *t, rd_kafka_topic_partition_list_t *tails,
                      struct err *err)
{
    if (t->n_partitions == 0) {
        return ARB_OK;
    }
    rd_kafka_topic_partition_list_add_range(tails, t->topic, 0, t->n_partitions - 1);
    while (left_ms(t, ENDS_MS) > 0) {
        const rd_kafka_resp_err_t code = ends_find(t->rk, tails, left_ms(t, ENDS_MS));
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_ends(t, tails);
            return ARB_OK;
        }
        note_reason(t, code);
        serve(t, left_ms(t, LOOK_MS));
    }
    return too_late(t, err);
}

static void close_tail(struct tail_reader *t, int32_t partition)
{
    if (t->ends[partition] != 0) {
        t->ends[partition] = 0;
        t->n_open--;
    }
}

/* What is not ours, or damaged, says nothing about runs. */
static void take_message(struct tail_reader *t, const rd_kafka_message_t *message)
{
    const struct arb_bytes value = { message->payload, message->len };
    const int64_t end = t->ends[message->partition];

    if (value.len > 0 && wire_read_event(value, &t->decoded) == ARB_OK &&
        !t->decoded.alive.is_of_strategy && /* numbered otherwise */
        t->decoded.event.session > t->greatest && t->decoded.event.session <= LAST_RUN_MAX) {
        t->greatest = t->decoded.event.session;
    }
    if (message->offset + 1 >= end) {
        close_tail(t, message->partition);
    }
}

static int take_error(struct tail_reader *t, const rd_kafka_message_t *message, struct err *err)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        close_tail(t, message->partition);
        return ARB_OK;
    }
    note_reason(t, message->err);
    if (message->err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        return ARB_OK; /* librdkafka tries again until the deadline */
    }
    const struct refusal refusal = { .act = REFUSED_READ, .code = message->err, .topic = t->topic };
    char text[REFUSAL_MAX];
    return err_set(err, ARB_EINVAL, "%s may not be read: %s", t->topic,
                   refusal_text(text, &refusal));
}

static int read_tails(struct tail_reader *t, struct err *err)
{
    int rc = ARB_OK;

    while (rc == ARB_OK && t->n_open > 0) {
        const int wait_ms = left_ms(t, LOOK_MS);
        if (wait_ms == 0) {
            return too_late(t, err);
        }
        rd_kafka_message_t *const message = rd_kafka_consumer_poll(t->rk, wait_ms);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_message(t, message);
        } else {
            rc = take_error(t, message, err);
        }
        rd_kafka_message_destroy(message);
    }
    return rc;
}

static int read_topic(struct tail_reader *t, struct err *err)
{
    int rc = count_partitions(t, err);

    if (rc != ARB_OK) {
        return rc;
    }
    rd_kafka_topic_partition_list_t *const tails =
        rd_kafka_topic_partition_list_new(t->n_partitions);
    rc = find_tails(t, tails, err);
    if (rc == ARB_OK && t->n_open > 0) {
        const rd_kafka_resp_err_t code = rd_kafka_assign(t->rk, tails);
        rc = code == RD_KAFKA_RESP_ERR_NO_ERROR
                 ? read_tails(t, err)
                 : err_set(err, ARB_EINVAL, "%s: %s", t->topic, rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(tails);
    return rc;
}

static void destroy(struct tail_reader *t)
{
    if (t->rk != NULL) {
        (void)rd_kafka_assign(t->rk, NULL); /* nothing to do if that fails */
        if (!kafka_close(t->rk, KAFKA_CONSUMER, &t->client)) {
            return; /* its callbacks may still use `t` */
        }
    }
    free(t->decoded.levels);
    free(t->ends);
    free(t);
}

static struct tail_reader *create(const struct kafka_config *config, int timeout_ms)
{
    struct tail_reader *const t = calloc(1, sizeof(*t));

    if (t == NULL) {
        return NULL;
    }
    t->client.who = "kafka=last_run";
    t->client.is_quiet = true; /* the caller says it, in one line */
    t->topic = config->market_topic;
    t->deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    t->decoded.levels_max = LEVELS_MAX;
    t->decoded.levels = malloc(LEVELS_MAX * sizeof(*t->decoded.levels));
    if (t->decoded.levels == NULL) {
        free(t);
        return NULL;
    }
    return t;
}

int last_run_read(const struct kafka_config *config, int timeout_ms, struct last_run_wish wish,
                  uint64_t *greatest, struct err *err)
{
    struct tail_reader *const t = create(config, timeout_ms);

    *greatest = 0;
    if (t == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a message");
    }
    t->wish = wish;
    int rc = open_client(t, config, err);
    if (rc == ARB_OK) {
        rc = read_topic(t, err);
    }
    *greatest = t->greatest;
    destroy(t);
    return rc;
}

uint64_t last_run_next(const struct next_run *next)
{
    const uint64_t clock = next->clock_ns > 0 ? (uint64_t)next->clock_ns : 0;
    const uint64_t random = next->random & ((UINT64_C(1) << RANDOM_BITS) - 1);

    assert(next->greatest <= LAST_RUN_MAX);
    return (clock > next->greatest ? clock : next->greatest) + 1 + random;
}
