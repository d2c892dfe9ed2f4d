#include "kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/closer.h"
#include "kafka/ends.h"
#include "kafka/partition.h"
#include "kafka/refusal.h"
#include "kafka/settings.h"
#include "kafka/topics.h"
#include "kafka/unsaid.h"
#include "util/clock.h"

enum {
    OFFSETS_TIMEOUT_MS = 2000, /* for one look-up of offsets */
    RETRY_MS = 500,            /* between looks for the topic */
    GROWTH_MS = 5000,          /* between looks for more partitions of it */
    SEEK_TIMEOUT_MS = 1000,
    TAIL_RECORDS = 200, /* a broker in a process of ours gives some thousand a second, not more */
    PARTITIONS_MAX = 10000,
    REPORTS_MAX = 1000, /* in one call */
    PATIENCE_MS = 500,  /* between two answers of the brokers to one that is patient */
};

/* To read again what takes longer is worse than to wait for what will be repeated. */
#define AGAIN_NS (2 * NS_PER_S)
#define CATCH_UP_NS (500 * NS_PER_MS) /* what was the end so long ago is no longer */
/* Nor what was so long ago for one who reads only every PATIENCE_MS, and meets the end never. */
#define PATIENT_CATCH_UP_NS (3 * PATIENCE_MS * NS_PER_MS)

/* What is known of a partition that is read. */
struct place {
    bool is_taken;     /* it is this reader's */
    bool is_lost;      /* it is given away: the caller has not been told yet */
    bool is_gained;    /* likewise, to one that reads nothing */
    bool is_caught_up; /* what comes is of the present */
    int64_t lowest;    /* offset read so far; INT64_MAX: none was */
    int64_t end;       /* of the partition, 0: not known, */
    int64_t end_at_ns; /* when it was looked at */
};

struct kafka_reader {
    struct kafka_client client;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;     /* the consumer's, to wake it */
    rd_kafka_message_t *message; /* lent to the caller */
    char topic[KAFKA_TOPIC_MAX];
    enum kafka_start start;
    int n_tail;
    bool has_group, is_idle, is_patient;
    bool has_news; /* a partition may have come or gone that the caller has not been told of */
    const char *const *keys; /* [n_keys] of the partitions to read; 0: all */
    unsigned n_keys;
    bool is_assigned;
    bool is_closing;
    bool was_absent;      /* the topic came into being later: everything in it is of the present */
    int64_t next_try_ns;  /* monotonic */
    struct place *places; /* [n_places] by partition */
    int32_t n_places;
    int n_partitions;                         /* of the topic, as far as was seen */
    struct leaders_missing missing;           /* of these, when it was looked at last */
    int64_t n_past;                           /* records of the past that were read, */
    int64_t past_ns, past_last_ns;            /* in what time, until when, mono */
    rd_kafka_topic_partition_list_t *revoked; /* to be given up at the next call, or NULL */
};

/* -- partitions ------------------------------------------------------------------------ */

static bool has_room(struct kafka_reader *r, int32_t n)
{
    if (n <= r->n_places) {
        return true;
    }
    struct place *const grown = realloc(r->places, (size_t)n * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    memset(grown + r->n_places, 0, (size_t)(n - r->n_places) * sizeof(*grown));
    r->places = grown;
    r->n_places = n;
    return true;
}

/* False: no memory, so nobody could say what is of the present. */
static bool take(struct kafka_reader *r, int32_t partition)
{
    if (!has_room(r, partition + 1)) {
        return false;
    }
    r->places[partition] = (struct place){ .is_taken = true,
                                           .is_gained = r->is_idle,
                                           .is_caught_up = r->was_absent,
                                           .lowest = INT64_MAX };
    r->has_news = r->has_news || r->is_idle;
    return true;
}

/*
 * The end as it is now, as a number: "the end" would be looked up later and miss what is between.
 */
static bool start_at_end(const struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    return partitions->cnt == 0 ||
           ends_find(r->rk, partitions, OFFSETS_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Fills in where to start. False when the brokers did not say. */
static bool find_start(const struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    if (r->start == KAFKA_FROM_END && !r->was_absent) {
        return start_at_end(r, partitions);
    }
    for (int i = 0; i < partitions->cnt; i++) {
        partitions->elems[i].offset = r->start == KAFKA_FROM_BEGINNING || r->was_absent
                                          ? RD_KAFKA_OFFSET_BEGINNING
                                          : RD_KAFKA_OFFSET_TAIL(r->n_tail);
    }
    return true;
}

static bool take_all(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *partitions)
{
    bool all = true;

    for (int i = 0; i < partitions->cnt; i++) {
        all = take(r, partitions->elems[i].partition) && all;
    }
    return all;
}

static int32_t count_taken(const struct kafka_reader *r)
{
    int32_t n = 0;

    for (int32_t i = 0; i < r->n_places; i++) {
        n += r->places[i].is_taken;
    }
    return n;
}

/* Is the partition one of the keys', among `n`? */
static bool is_wanted(const struct kafka_reader *r, int partition, int n)
{
    for (unsigned i = 0; i < r->n_keys; i++) {
        if (partition_of(r->keys[i], (unsigned)n) == (unsigned)partition) {
            return true;
        }
    }
    return r->n_keys == 0;
}

/* Without a group: reads partitions `first` to `n` - 1 beside those that are read already. */
static void assign_from(struct kafka_reader *r, int first, int n)
{
    rd_kafka_topic_partition_list_t *const partitions = rd_kafka_topic_partition_list_new(n);

    r->n_partitions = n;
    for (int i = first; i < n; i++) {
        if (is_wanted(r, i, n)) {
            rd_kafka_topic_partition_list_add(partitions, r->topic, i);
        }
    }
    if (take_all(r, partitions) && find_start(r, partitions)) {
        rd_kafka_error_t *const error = rd_kafka_incremental_assign(r->rk, partitions);
        r->is_assigned = error == NULL;
        if (error != NULL) {
            rd_kafka_error_destroy(error); /* the next look for the topic tries again */
        }
    }
    rd_kafka_topic_partition_list_destroy(partitions);
}

/* A partition that comes to be while the topic is read has no past; keys may be elsewhere. */
static void look_for_more(struct kafka_reader *r, int n)
{
    const int known = r->n_partitions;

    if (n <= known) {
        return;
    }
    log_line(ARB_INFO, r->client.who, "topic %s has %d partitions instead of %d", r->topic, n,
             known);
    r->was_absent = true;
    if (r->n_keys > 0) {
        (void)rd_kafka_assign(r->rk, NULL); /* nothing to do if that fails */
        memset(r->places, 0, (size_t)r->n_places * sizeof(*r->places));
    }
    assign_from(r, r->n_keys > 0 ? 0 : known, n);
}

static void look_for_topic(struct kafka_reader *r)
{
    const int n = kafka_partition_count(r->rk, r->topic, &r->missing);

    r->next_try_ns = clock_mono_ns() + (r->is_assigned ? GROWTH_MS : RETRY_MS) * NS_PER_MS;
    if (n < 0 || n > PARTITIONS_MAX) {
        return;
    }
    kafka_client_is_up(&r->client);
    if (r->is_assigned) {
        look_for_more(r, n);
    } else if (n > 0) {
        assign_from(r, 0, n);
    } else if (!r->was_absent) {
        r->was_absent = true;
        log_line(ARB_INFO, r->client.who, "topic %s does not exist yet; waiting for it", r->topic);
    }
}

/* -- a group shares them out ----------------------------------------------------------- */

static bool is_cooperative(rd_kafka_t *rk)
{
    return strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") == 0;
}

static void drop_error(rd_kafka_error_t *error)
{
    if (error != NULL) {
        rd_kafka_error_destroy(error); /* librdkafka then joins the group again by itself */
    }
}

static void start_nowhere(rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
    }
}

static void assign(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *partitions)
{
    if (is_cooperative(r->rk)) {
        drop_error(rd_kafka_incremental_assign(r->rk, partitions));
    } else {
        (void)rd_kafka_assign(r->rk, partitions);
    }
}

static void say_given(const struct kafka_reader *r, int n)
{
    if (n > 0) {
        log_line(ARB_INFO, r->client.who,
                 "the group gives it partitions of topic %s to look after: %d more, %d in all",
                 r->topic, n, (int)count_taken(r));
    }
}

/* What is fetched before they are paused, if anything, is dropped. */
static void gain_idle(struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    (void)take_all(r, partitions); /* whom there is no memory for nobody looks after */
    start_nowhere(partitions);
    assign(r, partitions);
    (void)rd_kafka_pause_partitions(r->rk, partitions);
    say_given(r, partitions->cnt);
}

static void gain(struct kafka_reader *r, rd_kafka_topic_partition_list_t *partitions)
{
    if (!take_all(r, partitions) || !find_start(r, partitions)) {
        log_line(ARB_WARN, r->client.who, "no offsets to start from; beginning at the end of %s",
                 r->topic);
        start_nowhere(partitions);
    }
    assign(r, partitions);
    say_given(r, partitions->cnt);
}

/* They are given up when the caller was told of each, and had the time to act. */
static void begin_to_lose(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *partitions)
{
    r->revoked = rd_kafka_topic_partition_list_copy(partitions);
    for (int i = 0; i < partitions->cnt; i++) {
        const int32_t partition = partitions->elems[i].partition;
        if (partition < r->n_places && r->places[partition].is_taken) {
            r->places[partition] = (struct place){ .is_lost = true };
            r->has_news = true;
        }
    }
    if (partitions->cnt > 0) {
        log_line(ARB_INFO, r->client.who,
                 "the group gives partitions of topic %s to another member, or deals them out "
                 "anew: %d less, %d are left",
                 r->topic, partitions->cnt, (int)count_taken(r));
    }
}

static void end_losing(struct kafka_reader *r)
{
    rd_kafka_topic_partition_list_t *const revoked = r->revoked;

    if (revoked == NULL) {
        return;
    }
    r->revoked = NULL;
    if (is_cooperative(r->rk)) {
        drop_error(rd_kafka_incremental_unassign(r->rk, revoked));
    } else {
        (void)rd_kafka_assign(r->rk, NULL); /* nothing to do if that fails */
    }
    rd_kafka_topic_partition_list_destroy(revoked);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    const struct kafka_client *const client = opaque;
    struct kafka_reader *const r = client->owner;

    (void)rk;
    end_losing(r);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && r->is_idle) {
        gain_idle(r, partitions);
    } else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        gain(r, partitions);
    } else {
        begin_to_lose(r, partitions);
    }
    if (r->is_closing) {
        end_losing(r); /* nobody is left to be told */
    }
}

/* Tells of the next partition that came or goes; false: there is none. */
static bool tell_news(struct kafka_reader *r, struct kafka_record *record)
{
    for (int32_t i = 0; r->has_news && i < r->n_places; i++) {
        struct place *const place = &r->places[i];
        if (place->is_lost || place->is_gained) {
            *record = (struct kafka_record){ .topic = r->topic,
                                             .partition = i,
                                             .is_lost = place->is_lost,
                                             .is_gained = place->is_gained };
            place->is_lost = place->is_gained = false;
            return true;
        }
    }
    r->has_news = false;
    return false;
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

    if (rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
        return err_set(err, ARB_EINVAL, "%s", text);
    }
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

/*
 * Who reads nothing loses nothing by a change of the group but what goes to others, unless the
 * configuration wants something else.
 */
static int set_idle(rd_kafka_conf_t *conf, struct err *err)
{
    static const char key[] = "partition.assignment.strategy", usual[] = "range,roundrobin";
    char text[ERR_TEXT_MAX];
    size_t len = sizeof(text);

    if (rd_kafka_conf_get(conf, key, text, &len) != RD_KAFKA_CONF_OK || strcmp(text, usual) != 0) {
        return ARB_OK;
    }
    return rd_kafka_conf_set(conf, key, "cooperative-sticky", text, sizeof(text)) ==
                   RD_KAFKA_CONF_OK
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "%s", text);
}

/* Whatever the configuration says: that is for those who are in a hurry. */
static int set_patience(rd_kafka_conf_t *conf, struct err *err)
{
    char text[ERR_TEXT_MAX], wait_ms[sizeof("500")];

    (void)snprintf(wait_ms, sizeof(wait_ms), "%d", PATIENCE_MS); /* fits */
    if (rd_kafka_conf_set(conf, "fetch.wait.max.ms", wait_ms, text, sizeof(text)) !=
            RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "fetch.min.bytes", "100000", text, sizeof(text)) !=
            RD_KAFKA_CONF_OK) {
        return err_set(err, ARB_EINVAL, "%s", text);
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
    if (rc == ARB_OK && config->is_idle) {
        rc = set_idle(conf, err);
    }
    if (rc == ARB_OK && config->is_patient) {
        rc = set_patience(conf, err);
    }
    if (rc != ARB_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    rc = kafka_open(&r->rk, conf, &r->client, err);
    if (rc != ARB_OK) {
        return rc;
    }
    (void)rd_kafka_poll_set_consumer(r->rk); /* fails for producers only */
    r->queue = rd_kafka_queue_get_consumer(r->rk);
    return config->group == NULL ? ARB_OK : subscribe(r, err);
}

int kafka_reader_create(struct kafka_reader **out, const struct kafka_reader_config *config,
                        struct err *err)
{
    struct kafka_reader *const r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a Kafka consumer");
    }
    r->client.who = config->who;
    r->client.owner = r;
    r->start = config->start;
    r->n_tail = config->n_tail == 0 ? TAIL_RECORDS : config->n_tail;
    r->has_group = config->group != NULL;
    r->is_patient = config->is_patient;
    r->is_idle = config->is_idle;
    r->keys = config->keys;
    r->n_keys = config->n_keys;
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
    r->is_closing = true;
    if (r->rk != NULL) {
        end_losing(r);
        if (!kafka_close(r->rk, KAFKA_CONSUMER, &r->client)) {
            return; /* its callbacks may still use `r` */
        }
    }
    free(r->places);
    free(r);
}

static void note_error(struct kafka_reader *r, const rd_kafka_message_t *message)
{
    char text[REFUSAL_MAX], words[KAFKA_REASON_MAX];
    const struct refusal refusal = {
        .act = REFUSED_READ,
        .code = message->err,
        .topic = r->topic,
        .words = unsaid(r->client.config, rd_kafka_message_errstr(message), words, sizeof(words))
    };

    if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED && !r->has_group) {
        return; /* librdkafka looks for a coordinator all the same */
    }
    log_limited(&r->client.limit, clock_mono_ns(), ARB_WARN, r->client.who, "reading %s: %s",
                r->topic, refusal_text(text, &refusal));
}

/* -- reading --------------------------------------------------------------------------- */

/*
 * Was the record there before the reader had caught up? It has when it met the end, or on a busy
 * partition, which may have none to meet, when a record comes that is behind what was the end half
 * a second ago at most, or for a patient reader a little longer.
 */
static bool is_history(const struct kafka_reader *r, const rd_kafka_message_t *message)
{
    struct place *const place = &r->places[message->partition];
    const int64_t now_ns = clock_mono_ns();
    int64_t low, high;

    if (place->is_caught_up) {
        return false;
    }
    if (place->end > 0 && message->offset >= place->end &&
        now_ns - place->end_at_ns <= (r->is_patient ? PATIENT_CATCH_UP_NS : CATCH_UP_NS)) {
        place->is_caught_up = true;
        return false;
    }
    /* The end as of the last answer of the broker: asks nobody. */
    if (message->offset >= place->end &&
        rd_kafka_get_watermark_offsets(r->rk, r->topic, message->partition, &low, &high) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        high > 0) {
        place->end = high;
        place->end_at_ns = now_ns;
    }
    return true;
}

/* What librdkafka reports instead of a record. */
static void take_report(struct kafka_reader *r, const rd_kafka_message_t *message)
{
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_error(r, message);
    } else if (message->partition < r->n_places) {
        r->places[message->partition].is_caught_up = true;
    }
}

/* The next message, or NULL. */
static rd_kafka_message_t *poll_message(struct kafka_reader *r, int timeout_ms)
{
    for (int i = 0; i < REPORTS_MAX; i++) {
        rd_kafka_message_t *const message = rd_kafka_consumer_poll(r->rk, timeout_ms);
        if (message == NULL || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return message;
        }
        take_report(r, message);
        rd_kafka_message_destroy(message);
        timeout_ms = 0;
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

/* How fast the past can be read shows in how fast it was. */
static void note_past(struct kafka_reader *r, int64_t now_ns)
{
    if (r->n_past++ > 0) {
        r->past_ns += now_ns - r->past_last_ns;
    }
    r->past_last_ns = now_ns;
}

static bool is_worth_reading_again(const struct kafka_reader *r, int64_t n_records)
{
    const int64_t took_ns = r->past_ns > NS_PER_MS ? r->past_ns : NS_PER_MS;
    return n_records / (r->n_past + 1) <= AGAIN_NS / took_ns;
}

static void describe(struct kafka_reader *r, struct kafka_record *record)
{
    struct place *const place = &r->places[r->message->partition];

    *record = (struct kafka_record){ .value = { r->message->payload, r->message->len },
                                     .topic = r->topic,
                                     .partition = r->message->partition,
                                     .offset = r->message->offset,
                                     .is_history = is_history(r, r->message) };
    place->lowest = record->offset < place->lowest ? record->offset : place->lowest;
    if (record->is_history) {
        note_past(r, clock_mono_ns());
    }
}

static bool read_on(struct kafka_reader *r, int timeout_ms, struct kafka_record *record)
{
    r->message = poll_message(r, timeout_ms);
    if (tell_news(r, record)) { /* a message that came along is somebody else's by then */
        give_back(r);
        return true;
    }
    if (r->message == NULL || r->is_idle || r->message->partition >= r->n_places) {
        return false;
    }
    kafka_client_is_up(&r->client);
    describe(r, record);
    return true;
}

bool kafka_reader_next(struct kafka_reader *r, int timeout_ms, struct kafka_record *record)
{
    give_back(r);
    if (tell_news(r, record)) {
        return true;
    }
    end_losing(r);
    if (!r->is_assigned) {
        wait_for_topic(r, timeout_ms);
        if (!r->is_assigned) {
            return false;
        }
    } else if (!r->has_group && !r->client.is_down && clock_mono_ns() >= r->next_try_ns) {
        look_for_topic(r);
    }
    return read_on(r, timeout_ms, record);
}

void kafka_reader_begin_at(struct kafka_reader *r, int32_t partition, int64_t offset)
{
    if (partition >= r->n_places || !r->places[partition].is_taken || offset < 0 ||
        offset >= r->places[partition].lowest ||
        !is_worth_reading_again(r, r->places[partition].lowest - offset)) {
        return;
    }
    rd_kafka_topic_partition_list_t *const list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->topic, partition)->offset = offset;
    drop_error(rd_kafka_seek_partitions(r->rk, list, SEEK_TIMEOUT_MS));
    if (list->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) { /* else the next word tries again */
        r->places[partition] = (struct place){ .is_taken = true, .lowest = offset };
    }
    rd_kafka_topic_partition_list_destroy(list);
}

bool kafka_reader_is_caught_up(const struct kafka_reader *r)
{
    if (!r->is_assigned) {
        return r->was_absent;
    }
    for (int32_t i = 0; i < r->n_places; i++) {
        if (r->places[i].is_taken && !r->places[i].is_caught_up) {
            return false;
        }
    }
    return true;
}

struct leaders_missing kafka_reader_missing(const struct kafka_reader *r)
{
    return r->missing;
}

bool kafka_reader_explain(const struct kafka_reader *r, struct arb_text *out)
{
    const int32_t n = count_taken(r);

    if (r->client.is_down) {
        arb_text_add(out, "no Kafka broker can be reached at %s (%s)", r->client.brokers,
                     r->client.reason[0] == '\0' ? "no reason given" : r->client.reason);
    } else if (!r->is_assigned && r->was_absent) {
        arb_text_add(out, "there is no topic %s at %s", r->topic, r->client.brokers);
    } else if (!r->is_assigned) {
        arb_text_add(out, "topic %s is still being looked for at %s", r->topic, r->client.brokers);
    } else if (n == 0 && r->has_group) {
        arb_text_add(out,
                     "its group has given it no partition of topic %s: the group has more members "
                     "than the topic has partitions, or is not yet agreed",
                     r->topic);
    } else if (n == 0) {
        arb_text_add(out, "topic %s has no partition that can be read", r->topic);
    } else {
        arb_text_add(out, "nothing is written to topic %s at %s (%d partitions are read)", r->topic,
                     r->client.brokers, (int)n);
        return false;
    }
    return true;
}

enum kafka_reach kafka_reader_reach(const struct kafka_reader *r)
{
    if (r->client.is_down) {
        return KAFKA_UNREACHABLE;
    }
    return r->is_assigned || r->was_absent ? KAFKA_REACHED : KAFKA_REACH_UNKNOWN;
}

void kafka_reader_wake(struct kafka_reader *r)
{
    rd_kafka_queue_yield(r->queue);
}
