#include "kafka/outbox.h"

#include <string.h>
#include <sys/types.h>

#include "arbspot/json.h"
#include "kafka/closer.h"
#include "kafka/partition.h"
#include "kafka/refusal.h"
#include "util/clock.h"
#include "util/digits.h"

enum {
    FAIL_MS = 1000,     /* until a dead producer is replaced, and twice as long each time … */
    FAIL_MAX_MS = 8000, /* … that its successor died before it delivered anything */
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    (void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* What was refused, in the words of the log. */
struct refused {
    size_t len;
    struct arb_bytes key;
    const char *venue; /* "": an opportunity */
    enum kafka_topic topic;
    rd_kafka_resp_err_t code;
    bool is_by_broker; /* which judges all messages of a request as one */
};

/* Sending it again would fail again: the log says which book it is, and what would help. */
static void say_refused(struct outbox *o, const struct refused *refused)
{
    const struct refusal refusal = { .act = REFUSED_WRITE,
                                     .code = refused->code,
                                     .topic = kafka_topic_name(o->config.kafka, refused->topic) };
    char text[REFUSAL_MAX];

    log_limited(&o->refused_limit, clock_mono_ns(), ARB_ERROR, o->client.who,
                "a %smessage of %zu bytes for %s%s%.*s was refused: %s",
                refused->is_by_broker ? "request with a " : "", refused->len, refused->venue,
                refused->venue[0] == '\0' ? "" : " ", (int)refused->key.len, refused->key.data,
                refusal_text(text, &refusal));
}

static void say_failed(struct outbox *o, enum kafka_topic topic, rd_kafka_resp_err_t code)
{
    const struct refusal refusal = { .act = REFUSED_WRITE,
                                     .code = code,
                                     .topic = kafka_topic_name(o->config.kafka, topic) };
    char text[REFUSAL_MAX];

    log_limited(&o->failed_limit, clock_mono_ns(), ARB_WARN, o->client.who,
                "a message could not be delivered: %s%s%s", refusal_text(text, &refusal),
                o->client.reason[0] == '\0' ? "" : "; the last trouble with a connection was: ",
                o->client.reason);
}

static void note_topic_refused(struct outbox *o, enum kafka_topic topic, rd_kafka_resp_err_t code)
{
    const int64_t now_ns = clock_mono_ns();

    gate_refused(&o->gates[topic], code, now_ns);
    kafka_topics_urge(&o->link.topics, now_ns);
}

static void note_delivery(struct outbox *o, const rd_kafka_message_t *message)
{
    const struct outbox_config *const c = &o->config;
    const struct outbox_receipt receipt = { .origin = message->_private,
                                            .partition = message->partition,
                                            .offset = message->offset };
    const enum kafka_topic topic = c->owner->topic_of(receipt.origin);

    count(&o->counts.delivered, 1);
    if (gate_delivered(&o->gates[topic])) {
        o->fail_ms = FAIL_MS;
        c->owner->opened(c->self, topic);
    }
    c->owner->delivered(c->self, &receipt);
}

static void note_failure(struct outbox *o, const rd_kafka_message_t *message)
{
    const struct outbox_config *const c = &o->config;
    const void *const origin = message->_private;
    const enum kafka_topic topic = c->owner->topic_of(origin);

    count(&o->counts.failed, 1);
    c->owner->failed(c->self, origin, message->err);
    if (refusal_is_of_topic(message->err)) {
        note_topic_refused(o, topic, message->err);
    } else if (refusal_is_of_size(message->err)) {
        const struct refused refused = {
            .len = message->len,
            .key = { message->key, message->key_len },
            .venue = c->owner->venue_of(c->self, origin),
            .topic = topic,
            .code = message->err,
            .is_by_broker = true,
        };
        say_refused(o, &refused);
    } else {
        say_failed(o, topic, message->err);
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_client *const client = opaque;
    struct outbox *const o = client->owner;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_client_is_up(client);
        note_delivery(o, message);
    } else {
        note_failure(o, message);
    }
}

static void link_close(struct outbox_link *link, struct outbox *o)
{
    kafka_topics_fini(&link->topics);
    if (link->rk != NULL && !kafka_close(link->rk, KAFKA_PRODUCER, &o->client)) {
        o->has_left = true;
    }
    *link = (struct outbox_link){ 0 };
}

static int link_open(struct outbox_link *link, struct outbox *o, struct err *err)
{
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(&conf, KAFKA_PRODUCER, o->config.kafka, &o->client, err);

    if (rc != ARB_OK) {
        return rc;
    }
    *link = (struct outbox_link){ 0 };
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rc = kafka_open(&link->rk, conf, &o->client, err);
    if (rc != ARB_OK) {
        return rc;
    }
    kafka_topics_init(&link->topics, link->rk, o->config.kafka, &o->client);
    return ARB_OK;
}

/* What the dead producer still held is reported as failed, and so asked for again. */
static void relink(struct outbox *o, int64_t now_ns)
{
    struct outbox_link fresh;
    struct err err = { 0 };

    o->relink_ns = now_ns + o->fail_ms * NS_PER_MS;
    o->fail_ms = 2 * o->fail_ms < FAIL_MAX_MS ? 2 * o->fail_ms : FAIL_MAX_MS;
    if (link_open(&fresh, o, &err) != ARB_OK) {
        log_line(ARB_ERROR, o->client.who, "no new producer: %s", err.text);
        return;
    }
    (void)rd_kafka_purge(o->link.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_poll(o->link.rk, 0);
    link_close(&o->link, o);
    o->link = fresh;
    o->client.is_fatal = false;
    atomic_store_explicit(&o->client.is_left, false, memory_order_relaxed); /* the new one is not */
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        gate_try(&o->gates[i], now_ns);
    }
    log_limited(&o->relink_limit, now_ns, ARB_INFO, o->client.who, "made a new producer");
}

static rd_kafka_headers_t *make_headers(const struct outbox_message *m)
{
    char recv[DIGITS_DECIMAL_MAX], pub[DIGITS_DECIMAL_MAX];
    const ssize_t recv_len = digits_write_i64(recv, m->recv_ns) - recv;
    const ssize_t pub_len = digits_write_i64(pub, m->pub_ns) - pub;
    rd_kafka_headers_t *const headers = rd_kafka_headers_new(3);

    /* These copy, and fail for headers that are in use only. */
    (void)rd_kafka_header_add(headers, "type", -1, m->type, -1);
    (void)rd_kafka_header_add(headers, "recv_ns", -1, recv, recv_len);
    (void)rd_kafka_header_add(headers, "pub_ns", -1, pub, pub_len);
    return headers;
}

/*
 * The headers are a list of ours: librdkafka takes it with the message, or leaves it to us. Headers
 * given one by one are freed twice by librdkafka 2.0.2 when it refuses the message.
 */
static rd_kafka_resp_err_t hand_over(struct outbox *o, const struct outbox_message *m)
{
    const unsigned n_partitions = kafka_topics_partitions(&o->link.topics, m->topic);
    rd_kafka_headers_t *const headers = make_headers(m);
    /* By name: a handle made at start would let the broker create the topic. */
    const char *const topic = kafka_topic_name(o->config.kafka, m->topic);
    /* With F_COPY the key and the text are only read, in spite of their types. */
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION,
          .u.i32 = (int32_t)partition_at(m->hash, n_partitions) },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)m->key, strlen(m->key) } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)m->text, m->len } },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = m->origin },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    rd_kafka_error_t *const error =
        rd_kafka_produceva(o->link.rk, parts, sizeof(parts) / sizeof(*parts));
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    return code;
}

/* The message is counted and dropped. */
static void note_refusal(struct outbox *o, const struct outbox_message *m, rd_kafka_resp_err_t code)
{
    const struct refused refused = { .len = m->len,
                                     .key = arb_bytes_of(m->key),
                                     .venue = m->venue,
                                     .topic = m->topic,
                                     .code = code };
    count(&o->counts.refused, 1);
    o->config.owner->refused(o->config.self, m->origin, code);
    say_refused(o, &refused);
}

/* False when the message has to be kept for later. */
static bool take_answer(struct outbox *o, const struct outbox_message *m, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        count(&o->counts.produced, 1);
        count(&o->counts.bytes, m->len);
        return true;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        count(&o->counts.queue_full, 1);
        return false;
    case RD_KAFKA_RESP_ERR__FATAL:
        o->client.is_fatal = true;
        return false;
    default:
        break;
    }
    if (refusal_is_of_topic(code)) {
        note_topic_refused(o, m->topic, code);
        return false;
    }
    note_refusal(o, m, code);
    return true;
}

bool outbox_send(struct outbox *o, const struct outbox_message *m)
{
    return take_answer(o, m, hand_over(o, m));
}

bool outbox_may_send(struct outbox *o, enum kafka_topic topic, int64_t mono_ns)
{
    return !o->client.is_fatal && kafka_topics_partitions(&o->link.topics, topic) > 0 &&
           gate_lets(&o->gates[topic], mono_ns);
}

void outbox_try(struct outbox *o, enum kafka_topic topic, int64_t mono_ns)
{
    gate_try(&o->gates[topic], mono_ns);
}

unsigned outbox_partitions(const struct outbox *o, enum kafka_topic topic)
{
    return kafka_topics_partitions(&o->link.topics, topic);
}

bool outbox_has_answer(const struct outbox *o)
{
    return kafka_topics_have_answer(&o->link.topics);
}

bool outbox_step(struct outbox *o, int64_t mono_ns)
{
    (void)rd_kafka_poll(o->link.rk, 0); /* the number of events served does not matter */
    if (o->client.is_fatal && mono_ns >= o->relink_ns) {
        relink(o, mono_ns);
    }
    if (o->client.is_fatal) {
        return false;
    }
    kafka_topics_step(&o->link.topics, mono_ns);
    return true;
}

void outbox_wait(struct outbox *o, int timeout_ms)
{
    (void)rd_kafka_poll(o->link.rk, timeout_ms); /* as in outbox_step() */
}

int outbox_flush(struct outbox *o, int timeout_ms)
{
    const rd_kafka_resp_err_t code = rd_kafka_flush(o->link.rk, timeout_ms);

    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? ARB_OK : ARB_ELIMIT;
}

bool outbox_is_worth_waiting(const struct outbox *o)
{
    if (o->client.is_fatal || o->client.is_unreachable || !outbox_has_answer(o)) {
        return false;
    }
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        if (outbox_partitions(o, i) == 0 || o->gates[i].is_shut) {
            return false;
        }
    }
    return true;
}

int outbox_init(struct outbox *o, const struct outbox_config *config, struct err *err)
{
    o->config = *config;
    o->client.who = config->who;
    o->client.owner = o;
    o->fail_ms = FAIL_MS;
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        o->gates[i] =
            (struct gate){ .topic = kafka_topic_name(config->kafka, i), .who = config->who };
    }
    return link_open(&o->link, o, err);
}

bool outbox_fini(struct outbox *o)
{
    link_close(&o->link, o);
    return !o->has_left;
}
