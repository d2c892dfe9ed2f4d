#include "kafka/reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/closer.h"
#include "kafka/refusal.h"
#include "kafka/settings.h"
#include "kafka/topics.h"
#include "util/clock.h"

enum {
    OFFSETS_TIMEOUT_MS = 2000, /* for one look-up of offsets */
    RETRY_MS = 500,            /* between looks for the topic */
    TAIL_MAX = 50000,          /* records looked through where brokers cannot look up by time */
    PARTITIONS_MAX = 10000,
    REWIND_SLACK_MS = 2000, /* snapshots are spread over the interval, and clocks differ */
};

struct kafka_reader {
    struct kafka_client client;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;     /* the consumer's, to wake it */
    rd_kafka_message_t *message; /* lent to the caller */
    char topic[KAFKA_TOPIC_MAX];
    int64_t from_ms;  /* UTC; older records are of no interest; 0: all are */
    bool is_from_now; /* no rewinding at all */
    bool is_assigned;
    bool was_absent;     /* the topic came into being later: everything in it is new */
    int64_t next_try_ns; /* monotonic */
};

static bool ask_marks(const struct kafka_reader *r, const rd_kafka_topic_partition_t *partition,
                      int64_t *low, int64_t *high)
{
    return rd_kafka_query_watermark_offsets(r->rk, partition->topic, partition->partition, low,
                                            high, OFFSETS_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The end as it is now, as a number: "the end" would be looked up later and miss what is between.
 */
static bool start_at_end(const struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        int64_t low;
        if (!ask_marks(r, &partitions->elems[i], &low, &partitions->elems[i].offset)) {
            return false;
        }
    }
    return true;
}

/*
 * No record is as young as asked for, or the broker cannot tell (librdkafka's mock cluster):
 * start some way before the end; next() drops what is too old.
 */
static bool start_in_tail(const struct kafka_reader *r, rd_kafka_topic_partition_t *partition)
{
    int64_t low, high;

    if (!ask_marks(r, partition, &low, &high)) {
        return false;
    }
    partition->offset = high - low > TAIL_MAX ? high - TAIL_MAX : low;
    return true;
}

static bool start_at_time(const struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        partitions->elems[i].offset = r->from_ms;
    }
    if (rd_kafka_offsets_for_times(r->rk, partitions, OFFSETS_TIMEOUT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    for (int i = 0; i < partitions->cnt; i++) {
        rd_kafka_topic_partition_t *const partition = &partitions->elems[i];
        if (partition->err != RD_KAFKA_RESP_ERR_NO_ERROR ||
            (partition->offset < 0 && !start_in_tail(r, partition))) {
            return false;
        }
    }
    return true;
}

/* Fills in where to start. False when the brokers did not say. */
static bool find_start(const struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    if (r->from_ms == 0 || r->was_absent) {
        for (int i = 0; i < partitions->cnt; i++) {
            partitions->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
        }
        return true;
    }
    return r->is_from_now ? start_at_end(r, partitions) : start_at_time(r, partitions);
}

static void assign_all(struct kafka_reader *r, int n_partitions)
{
    rd_kafka_topic_partition_list_t *const partitions =
        rd_kafka_topic_partition_list_new(n_partitions);

    rd_kafka_topic_partition_list_add_range(partitions, r->topic, 0, n_partitions - 1);
    if (find_start(r, partitions)) {
        r->is_assigned = rd_kafka_assign(r->rk, partitions) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_destroy(partitions);
}

static void look_for_topic(struct kafka_reader *r)
{
    const int n = kafka_partition_count(r->rk, r->topic);

    r->next_try_ns = clock_mono_ns() + RETRY_MS * NS_PER_MS;
    if (n < 0 || n > PARTITIONS_MAX) {
        return;
    }
    kafka_client_is_up(&r->client);
    if (n > 0) {
        assign_all(r, n);
    } else if (!r->was_absent) {
        r->was_absent = true;
        log_line(ARB_INFO, r->client.who, "topic %s does not exist yet; waiting for it", r->topic);
    }
}

/* Both kinds of balancing, as the configured strategy asks. */
static void take_over(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions, bool is_taken)
{
    if (strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") == 0) {
        rd_kafka_error_t *const error = is_taken ? rd_kafka_incremental_assign(rk, partitions)
                                                 : rd_kafka_incremental_unassign(rk, partitions);
        if (error != NULL) {
            rd_kafka_error_destroy(error); /* librdkafka then rejoins the group by itself */
        }
        return;
    }
    (void)rd_kafka_assign(rk, is_taken ? partitions : NULL); /* likewise */
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_client *const client = opaque;
    const struct kafka_reader *const r = client->owner;
    const bool is_taken = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    if (is_taken && !find_start(r, partitions)) {
        log_line(ARB_WARN, client->who, "no offsets to start from; beginning at the end of %s",
                 r->topic);
        for (int i = 0; i < partitions->cnt; i++) {
            partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
        }
    }
    take_over(rk, partitions, is_taken);
}

static int subscribe(struct kafka_reader *r, struct err *err)
{
    rd_kafka_topic_partition_list_t *const topics = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(topics, r->topic, RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t code = rd_kafka_subscribe(r->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    r->is_assigned = true; /* from here on it is the brokers' to do */
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "topic %s: %s", r->topic, rd_kafka_err2str(code));
}

static int set_group(rd_kafka_conf_t *conf, const char *group, struct err *err)
{
    char text[ERR_TEXT_MAX];

    /* librdkafka wants a name even from a consumer that is in no group; it is never sent. */
    if (rd_kafka_conf_set(conf, "group.id", group == NULL ? "arbspot" : group, text,
                          sizeof(text)) != RD_KAFKA_CONF_OK) {
        return err_set(err, ARB_EINVAL, "group: %s", text);
    }
    if (group != NULL) {
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    }
    return ARB_OK;
}

static int open_consumer(struct kafka_reader *r, const struct kafka_reader_config *config,
                         struct err *err)
{
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(&conf, KAFKA_CONSUMER, config->kafka, &r->client, err);

    if (rc != ARB_OK) {
        return rc;
    }
    rc = set_group(conf, config->group, err);
    if (rc != ARB_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    rc = kafka_open(&r->rk, KAFKA_CONSUMER, conf, err);
    if (rc != ARB_OK) {
        return rc;
    }
    (void)rd_kafka_poll_set_consumer(r->rk); /* fails for producers only */
    r->queue = rd_kafka_queue_get_consumer(r->rk);
    return config->group == NULL ? ARB_OK : subscribe(r, err);
}

int64_t kafka_rewind_ms(int64_t snapshot_interval_ms)
{
    return snapshot_interval_ms + snapshot_interval_ms / 2 + REWIND_SLACK_MS;
}

static int64_t start_ms(int64_t rewind_ms)
{
    const int64_t now_ms = clock_now_ns() / NS_PER_MS;
    return rewind_ms < now_ms ? now_ms - rewind_ms : 0;
}

int kafka_reader_create(struct kafka_reader **out, const struct kafka_reader_config *config,
                        struct err *err)
{
    assert(config->rewind_ms >= 0);
    struct kafka_reader *const r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a Kafka consumer");
    }
    r->client.who = config->who;
    r->client.owner = r;
    r->is_from_now = config->rewind_ms == 0;
    r->from_ms = start_ms(config->rewind_ms);
    const int n = snprintf(r->topic, sizeof(r->topic), "%s", config->topic);
    if (n <= 0 || (size_t)n >= sizeof(r->topic)) {
        free(r);
        return err_set(err, ARB_EINVAL, "'%s' is not a name for a topic", config->topic);
    }
    const int rc = open_consumer(r, config, err);
    if (rc != ARB_OK) {
        kafka_reader_destroy(r);
        return rc;
    }
    *out = r;
    return ARB_OK;
}

static void give_back(struct kafka_reader *r)
{
    if (r->message != NULL) {
        rd_kafka_message_destroy(r->message);
        r->message = NULL;
    }
}

void kafka_reader_destroy(struct kafka_reader *r)
{
    if (r == NULL) {
        return;
    }
    give_back(r);
    if (r->queue != NULL) {
        rd_kafka_queue_destroy(r->queue);
    }
    if (r->rk != NULL && !kafka_close(r->rk, KAFKA_CONSUMER, &r->client)) {
        return; /* its callbacks may still use `r` */
    }
    free(r);
}

static void note_error(struct kafka_reader *r, const rd_kafka_message_t *message)
{
    const struct refusal refusal = { .act = REFUSED_READ,
                                     .code = message->err,
                                     .topic = r->topic,
                                     .words = rd_kafka_message_errstr(message) };
    char text[REFUSAL_MAX];
    uint64_t suppressed;

    if (log_limit_pass(&r->client.limit, clock_mono_ns(), &suppressed)) {
        log_line(ARB_WARN, r->client.who, "reading %s: %s (%llu more like this not shown)",
                 r->topic, refusal_text(text, &refusal), (unsigned long long)suppressed);
    }
}

static bool is_too_old(const struct kafka_reader *r, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    const int64_t time_ms = rd_kafka_message_timestamp(message, &type);
    return type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time_ms < r->from_ms && !r->is_from_now;
}

/* The next message of interest, or NULL. Old ones are dropped without waiting for more. */
static rd_kafka_message_t *poll_message(struct kafka_reader *r, int timeout_ms)
{
    for (int i = 0; i < TAIL_MAX; i++) {
        rd_kafka_message_t *const message = rd_kafka_consumer_poll(r->rk, timeout_ms);
        if (message == NULL) {
            return NULL;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && !is_too_old(r, message)) {
            return message;
        }
        const bool is_error = message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
        if (is_error) {
            note_error(r, message);
        }
        rd_kafka_message_destroy(message);
        if (is_error) {
            return NULL;
        }
    }
    return NULL;
}

/* While there is nothing to read: serves librdkafka, and wakes up for the next look. */
static void wait_for_topic(struct kafka_reader *r, int timeout_ms)
{
    const int64_t left_ms = (r->next_try_ns - clock_mono_ns()) / NS_PER_MS;

    if (left_ms <= 0) {
        look_for_topic(r);
    }
    if (!r->is_assigned) {
        rd_kafka_message_t *const message =
            rd_kafka_consumer_poll(r->rk, timeout_ms < left_ms ? timeout_ms
                                          : left_ms > 0        ? (int)left_ms
                                                               : 0);
        if (message != NULL) {
            rd_kafka_message_destroy(message); /* an error; on_error() says what matters */
        }
    }
}

bool kafka_reader_next(struct kafka_reader *r, int timeout_ms, struct kafka_record *record)
{
    give_back(r);
    if (!r->is_assigned) {
        wait_for_topic(r, timeout_ms);
        if (!r->is_assigned) {
            return false;
        }
    }
    r->message = poll_message(r, timeout_ms);
    if (r->message == NULL) {
        return false;
    }
    kafka_client_is_up(&r->client);
    *record = (struct kafka_record){
        .value = { r->message->payload, r->message->len },
        .topic = r->topic,
        .partition = r->message->partition,
        .offset = r->message->offset,
    };
    return true;
}

void kafka_reader_wake(struct kafka_reader *r)
{
    rd_kafka_queue_yield(r->queue);
}
