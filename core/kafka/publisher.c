#include "kafka/publisher.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arbspot/json.h"
#include "kafka/closer.h"
#include "kafka/gate.h"
#include "kafka/offsets.h"
#include "kafka/partition.h"
#include "kafka/places.h"
#include "kafka/refusal.h"
#include "kafka/settings.h"
#include "kafka/starts.h"
#include "kafka/topics.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/digits.h"

enum {
    PARK_MS = 50,       /* delivery reports wait this long at most */
    BLOCKED_MS = 10,    /* pause before the next try; a delivery report ends it */
    FAIL_MS = 1000,     /* until a dead producer is replaced, and twice as long each time … */
    FAIL_MAX_MS = 8000, /* … that its successor died before it delivered anything */
    ABSENT_MS = 500,    /* at the end, for brokers that never answered */
    HUSH_MS = 1000,     /* between two words on what was refused: they may be refused too */
};

/* What the message does to its book on the topic. */
enum origin_kind { ORIGIN_CHANGES = 0, ORIGIN_IS_WHOLE = 1, ORIGIN_IS_DOWN = 2 };

#define ORIGIN_MESSAGES_MAX ((UINT32_C(1) << 30) - 1)

/*
 * What comes back with the delivery report of a venue's message. An opportunity has none: nobody
 * can send it again.
 */
struct origin {
    uint16_t venue;           /* counted from 1; 0: of a strategy */
    uint16_t instrument;      /* or NO_BOOK: it says that the venue, or the strategy, is alive */
    uint32_t kind : 2;        /* enum origin_kind */
    uint32_t n_messages : 30; /* of the book that are lost with it: those it replaced, and itself */
};

#define NO_BOOK UINT16_MAX

_Static_assert(sizeof(struct origin) == sizeof(void *), "an origin travels as the opaque");
_Static_assert(PUBLISHER_VENUES_MAX < UINT16_MAX, "an origin holds any venue");
_Static_assert(ARB_INSTRUMENTS_MAX <= NO_BOOK, "an origin holds any instrument");

/* What the publisher knows of a venue beside its ring. */
struct voice {
    int64_t hush_ns;         /* mono: before, it is not said that something was refused */
    struct starts starts;    /* where consumers begin to read of it */
    struct event_venue name; /* of `alive`, which refers to it */
    struct event alive;      /* the last time; session 0: never */
};

/* One connection to the brokers. A new one is made when librdkafka gives up. */
struct link {
    rd_kafka_t *rk;
    struct kafka_topics topics;
};

struct publisher {
    const struct kafka_config *config;
    struct kafka_client client;
    struct link link;
    int64_t relink_ns; /* not before */
    int fail_ms;       /* between the next two replacements */
    bool has_left;     /* a producer did not close, and may still refer to `client` */
    struct gate gates[KAFKA_TOPICS];
    struct places *places;
    unsigned n_known;       /* partitions of the market topic when it was last seen; 0: never */
    bool is_gone;           /* it was seen, and is not there */
    struct offsets offsets; /* of that topic */
    _Atomic unsigned n_partitions; /* for other threads */
    struct publisher_venue *venues;
    struct voice *voices; /* [n_venues] */
    char host[WIRE_HOST_MAX];
    struct ring **opportunities;
    unsigned n_venues, n_opportunities;
    unsigned first_venue; /* whose turn it is to be first */
    struct waker *waker;
    char *text; /* room for the largest message the rings can hold */
    struct log_limit failed_limit, refused_limit, relink_limit;
    _Atomic uint64_t produced, delivered, failed, refused, queue_full, bytes, conflated, late;
    pthread_t thread;
    bool is_started;
    int stop_timeout_ms, stop_rc; /* handed over by `stopping` and by the join */
    _Atomic bool stopping;
};

/* A message ready to go. */
struct message {
    enum kafka_topic topic;
    uint32_t hash; /* of the key: decides the partition */
    const char *type;
    const char *key;
    const char *venue; /* "": an opportunity */
    size_t len;        /* of publisher.text */
    int64_t recv_ns, pub_ns;
    struct origin origin;
};

static enum origin_kind kind_of(const struct event *event)
{
    if (event->kind == EVENT_SNAPSHOT) {
        return ORIGIN_IS_WHOLE;
    }
    return event->state == ARB_BOOK_LIVE ? ORIGIN_CHANGES : ORIGIN_IS_DOWN;
}

static struct origin origin_of(unsigned venue, const struct event *event)
{
    const uint64_t n = event->conflated + 1;
    const uint32_t n_messages = n < ORIGIN_MESSAGES_MAX ? (uint32_t)n : ORIGIN_MESSAGES_MAX;

    return (struct origin){ .venue = (uint16_t)(venue + 1),
                            .instrument = (uint16_t)event->instrument,
                            .kind = kind_of(event),
                            .n_messages = n_messages & ORIGIN_MESSAGES_MAX };
}

static bool is_of_book(struct origin origin)
{
    return origin.venue != 0 && origin.instrument != NO_BOOK;
}

static void *origin_pack(struct origin origin)
{
    void *opaque;
    memcpy(&opaque, &origin, sizeof(opaque));
    return opaque;
}

static struct origin origin_unpack(const void *opaque)
{
    struct origin origin;
    memcpy(&origin, &opaque, sizeof(origin));
    return origin;
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    (void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void ask_again(const struct publisher *p, struct origin origin)
{
    if (is_of_book(origin)) {
        feedback_raise(p->venues[origin.venue - 1].feedback, origin.instrument, origin.n_messages);
    }
}

/* Not at once: it would fare the same. */
static void ask_later(struct publisher *p, struct origin origin)
{
    if (is_of_book(origin)) {
        places_owe(p->places, origin.venue - 1U, origin.instrument, origin.n_messages);
    }
}

/* What consumers have of the book must not stay LIVE. */
static void close_refused(const struct publisher *p, struct origin origin, rd_kafka_resp_err_t code)
{
    if (is_of_book(origin)) {
        last_words_refused(p->venues[origin.venue - 1].words, origin.instrument,
                           refusal_is_of_size(code)
                               ? "Kafka refused a message of it as too large: see publish_depth"
                               : "Kafka refused a message of it");
    }
}

static enum kafka_topic topic_of(struct origin origin)
{
    return origin.venue == 0 && origin.instrument != NO_BOOK ? KAFKA_OPPORTUNITIES : KAFKA_MARKET;
}

/* What was on the topic is gone, or nobody knows: consumers need every book anew. */
static void send_all_whole(struct publisher *p, const char *why)
{
    const unsigned n = places_raise_all(p->places);

    offsets_reset(&p->offsets, p->n_known);
    for (unsigned i = 0; i < p->n_venues; i++) {
        starts_reset(&p->voices[i].starts);
    }
    log_line(ARB_INFO, p->client.who, "topic %s %s; its %u books are sent whole",
             p->config->market_topic, why, n);
}

static void note_open(struct publisher *p, enum kafka_topic topic)
{
    p->fail_ms = FAIL_MS;
    if (topic == KAFKA_MARKET) {
        send_all_whole(p, "takes messages again");
    } else {
        log_line(ARB_INFO, p->client.who, "topic %s takes messages again",
                 kafka_topic_name(p->config, topic));
    }
}

/* The book is found from there on, or is not needed. */
static void note_start(struct starts *starts, struct origin origin,
                       const rd_kafka_message_t *message)
{
    if (origin.kind == ORIGIN_IS_DOWN) {
        starts_drop(starts, origin.instrument);
    } else if (origin.kind == ORIGIN_IS_WHOLE && message->offset >= 0) {
        starts_put(starts, origin.instrument, (uint32_t)message->partition, message->offset);
    }
}

static void note_delivery(struct publisher *p, const rd_kafka_message_t *message)
{
    const struct origin origin = origin_unpack(message->_private);
    const enum kafka_topic topic = topic_of(origin);

    count(&p->delivered, 1);
    if (gate_delivered(&p->gates[topic])) {
        note_open(p, topic);
    }
    if (topic == KAFKA_MARKET) {
        if (offsets_go_back(&p->offsets, message->partition, message->offset)) {
            send_all_whole(p, "begins anew"); /* between two looks at it */
        }
    }
    if (is_of_book(origin)) {
        count(&p->conflated, origin.n_messages - 1);
        note_start(&p->voices[origin.venue - 1U].starts, origin, message);
    }
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
static void say_refused(struct publisher *p, const struct refused *refused)
{
    const struct refusal refusal = { .act = REFUSED_WRITE,
                                     .code = refused->code,
                                     .topic = kafka_topic_name(p->config, refused->topic) };
    char text[REFUSAL_MAX];
    uint64_t suppressed;

    if (log_limit_pass(&p->refused_limit, clock_mono_ns(), &suppressed)) {
        log_line(ARB_ERROR, p->client.who,
                 "a %smessage of %zu bytes for %s%s%.*s was refused: %s (%llu more like this not "
                 "shown)",
                 refused->is_by_broker ? "request with a " : "", refused->len, refused->venue,
                 refused->venue[0] == '\0' ? "" : " ", (int)refused->key.len, refused->key.data,
                 refusal_text(text, &refusal), (unsigned long long)suppressed);
    }
}

static void say_failed(struct publisher *p, enum kafka_topic topic, rd_kafka_resp_err_t code)
{
    const struct refusal refusal = { .act = REFUSED_WRITE,
                                     .code = code,
                                     .topic = kafka_topic_name(p->config, topic) };
    char text[REFUSAL_MAX];
    uint64_t suppressed;

    if (log_limit_pass(&p->failed_limit, clock_mono_ns(), &suppressed)) {
        log_line(ARB_WARN, p->client.who,
                 "a message could not be delivered: %s%s%s (%llu more like this not shown)",
                 refusal_text(text, &refusal),
                 p->client.reason[0] == '\0' ? "" : "; the last trouble with a connection was: ",
                 p->client.reason, (unsigned long long)suppressed);
    }
}

static void note_topic_refused(struct publisher *p, enum kafka_topic topic,
                               rd_kafka_resp_err_t code)
{
    const int64_t now_ns = clock_mono_ns();

    gate_refused(&p->gates[topic], code, now_ns);
    kafka_topics_urge(&p->link.topics, now_ns);
}

static void note_failure(struct publisher *p, const rd_kafka_message_t *message)
{
    const struct origin origin = origin_unpack(message->_private);
    const enum kafka_topic topic = topic_of(origin);

    count(&p->failed, 1);
    if (refusal_is_of_topic(message->err)) {
        ask_later(p, origin);
        note_topic_refused(p, topic, message->err);
    } else if (refusal_is_of_size(message->err)) {
        const struct refused refused = {
            .len = message->len,
            .key = { message->key, message->key_len },
            .venue = origin.venue == 0 ? "" : places_venue(p->places, origin.venue - 1U),
            .topic = topic,
            .code = message->err,
            .is_by_broker = true,
        };
        ask_later(p, origin);
        close_refused(p, origin, message->err);
        say_refused(p, &refused);
    } else {
        ask_again(p, origin);
        say_failed(p, topic, message->err);
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_client *const client = opaque;
    struct publisher *const p = client->owner;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_client_is_up(client);
        note_delivery(p, message);
    } else {
        note_failure(p, message);
    }
}

static void link_close(struct link *link, struct publisher *p)
{
    kafka_topics_fini(&link->topics);
    if (link->rk != NULL && !kafka_close(link->rk, KAFKA_PRODUCER, &p->client)) {
        p->has_left = true;
    }
    *link = (struct link){ 0 };
}

static int link_open(struct link *link, struct publisher *p, struct err *err)
{
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(&conf, KAFKA_PRODUCER, p->config, &p->client, err);

    if (rc != ARB_OK) {
        return rc;
    }
    *link = (struct link){ 0 };
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rc = kafka_open(&link->rk, KAFKA_PRODUCER, conf, err);
    if (rc != ARB_OK) {
        return rc;
    }
    kafka_topics_init(&link->topics, link->rk, p->config, &p->client);
    return ARB_OK;
}

/* What the dead producer still held is reported as failed, and so asked for again. */
static void relink(struct publisher *p, int64_t now_ns)
{
    struct link fresh;
    struct err err = { 0 };
    uint64_t suppressed;

    p->relink_ns = now_ns + p->fail_ms * NS_PER_MS;
    p->fail_ms = 2 * p->fail_ms < FAIL_MAX_MS ? 2 * p->fail_ms : FAIL_MAX_MS;
    if (link_open(&fresh, p, &err) != ARB_OK) {
        log_line(ARB_ERROR, p->client.who, "no new producer: %s", err.text);
        return;
    }
    (void)rd_kafka_purge(p->link.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_poll(p->link.rk, 0);
    link_close(&p->link, p);
    p->link = fresh;
    p->client.is_fatal = false;
    atomic_store_explicit(&p->client.is_left, false, memory_order_relaxed); /* the new one is not */
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        gate_try(&p->gates[i], now_ns);
    }
    if (log_limit_pass(&p->relink_limit, now_ns, &suppressed)) {
        log_line(ARB_INFO, p->client.who, "made a new producer (%llu more like this not shown)",
                 (unsigned long long)suppressed);
    }
}

static rd_kafka_headers_t *make_headers(const struct message *m)
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
static rd_kafka_resp_err_t hand_over(struct publisher *p, const struct message *m)
{
    const unsigned n_partitions = kafka_topics_partitions(&p->link.topics, m->topic);
    rd_kafka_headers_t *const headers = make_headers(m);
    /* By name: a handle made at start would let the broker create the topic. */
    const char *const topic = kafka_topic_name(p->config, m->topic);
    /* With F_COPY the key is only read, in spite of its type. */
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION,
          .u.i32 = (int32_t)partition_at(m->hash, n_partitions) },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)m->key, strlen(m->key) } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { p->text, m->len } },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = origin_pack(m->origin) },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    rd_kafka_error_t *const error =
        rd_kafka_produceva(p->link.rk, parts, sizeof(parts) / sizeof(*parts));
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    return code;
}

/* The message is counted and dropped. */
static void note_refusal(struct publisher *p, const struct message *m, rd_kafka_resp_err_t code)
{
    const struct refused refused = { .len = m->len,
                                     .key = arb_bytes_of(m->key),
                                     .venue = m->venue,
                                     .topic = m->topic,
                                     .code = code };
    count(&p->refused, 1);
    close_refused(p, m->origin, code);
    say_refused(p, &refused);
}

/* False when the message has to be kept for later. */
static bool take_answer(struct publisher *p, const struct message *m, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        count(&p->produced, 1);
        count(&p->bytes, m->len);
        return true;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        count(&p->queue_full, 1);
        return false;
    case RD_KAFKA_RESP_ERR__FATAL:
        p->client.is_fatal = true;
        return false;
    default:
        break;
    }
    if (refusal_is_of_topic(code)) {
        note_topic_refused(p, m->topic, code);
        return false;
    }
    note_refusal(p, m, code);
    return true;
}

static bool produce(struct publisher *p, const struct message *m)
{
    return take_answer(p, m, hand_over(p, m));
}

/* Whether the topic takes messages. True has to be followed by one: it may be a trial. */
static bool may_send(struct publisher *p, enum kafka_topic topic, int64_t mono_ns)
{
    return !p->client.is_fatal && kafka_topics_partitions(&p->link.topics, topic) > 0 &&
           gate_lets(&p->gates[topic], mono_ns);
}

/* A snapshot may well be of a book that has not changed for long. */
static bool is_late(const struct event *event, int64_t now_ns)
{
    return event->kind == EVENT_DELTA && now_ns - event->recv_ns > PUBLISHER_LATE_MS * NS_PER_MS;
}

static bool produce_opportunity(struct publisher *p, const struct opportunity *o, int64_t now_ns)
{
    const struct message message = {
        .topic = KAFKA_OPPORTUNITIES,
        .hash = partition_hash(arb_bytes_of(o->info.symbol)),
        .type = "opportunity",
        .key = o->info.symbol,
        .venue = "",
        .len = wire_write_opportunity(o, now_ns, p->text),
        .recv_ns = o->buy.recv_ns > o->sell.recv_ns ? o->buy.recv_ns : o->sell.recv_ns,
        .pub_ns = now_ns,
    };
    return produce(p, &message);
}

/* The partition of the market topic to which the keys with that hash belong. */
static uint32_t market_partition(const struct publisher *p, uint32_t hash)
{
    return partition_at(hash, kafka_topics_partitions(&p->link.topics, KAFKA_MARKET));
}

/* Says in one partition that the venue is alive. */
static bool say_alive(struct publisher *p, unsigned venue, uint32_t partition, int64_t now_ns)
{
    const struct voice *const voice = &p->voices[venue];
    struct wire_alive alive = { .from = starts_from(&voice->starts, partition) };

    memcpy(alive.host, p->host, sizeof(alive.host));
    const struct message message = {
        .topic = KAFKA_MARKET,
        .hash = partition, /* a number below theirs is its own partition */
        .type = event_kind_name(EVENT_ALIVE),
        .key = voice->name.name,
        .venue = voice->name.name,
        .len = wire_write_alive(&voice->alive, &alive, now_ns, p->text),
        .recv_ns = now_ns,
        .pub_ns = now_ns,
        .origin = { .venue = (uint16_t)(venue + 1), .instrument = NO_BOOK, .n_messages = 1 },
    };
    return produce(p, &message);
}

/* The first message of a venue in a partition is that it is alive. */
static bool enter_partition(struct publisher *p, unsigned venue, uint32_t partition, int64_t now_ns)
{
    struct voice *const voice = &p->voices[venue];

    if (voice->alive.session == 0 || starts_is_used(&voice->starts, partition)) {
        return true;
    }
    if (!say_alive(p, venue, partition, now_ns)) {
        return false;
    }
    starts_use(&voice->starts, partition); /* without memory it is said again */
    return true;
}

static bool produce_event(struct publisher *p, unsigned venue, const struct event *event,
                          int64_t now_ns)
{
    const uint32_t hash = places_note(p->places, venue, event);

    if (!enter_partition(p, venue, market_partition(p, hash), now_ns)) {
        return false;
    }
    const struct message message = {
        .topic = KAFKA_MARKET,
        .hash = hash,
        .type = event_kind_name(event->kind),
        .key = event->info->symbol,
        .venue = event->venue->name,
        .len = wire_write_event(event, now_ns, p->text),
        .recv_ns = event->recv_ns,
        .pub_ns = now_ns,
        .origin = origin_of(venue, event),
    };
    if (!produce(p, &message)) {
        return false;
    }
    count(&p->late, is_late(event, now_ns));
    return true;
}

/* Says in every partition of the venue, and in its own, where other hosts listen, that it is alive.
 */
static bool produce_alive(struct publisher *p, unsigned venue, const struct event *event,
                          int64_t now_ns)
{
    struct voice *const voice = &p->voices[venue];

    voice->name = *event->venue;
    voice->alive = *event;
    voice->alive.venue = &voice->name;
    const uint32_t own = market_partition(p, partition_hash(arb_bytes_of(voice->name.name)));
    for (uint32_t i = 0; i < voice->starts.n_partitions; i++) {
        if (i != own && starts_is_used(&voice->starts, i) && !say_alive(p, venue, i, now_ns)) {
            return false;
        }
    }
    if (!say_alive(p, venue, own, now_ns)) {
        return false;
    }
    starts_use(&voice->starts, own);
    return true;
}

static bool produce_any(struct publisher *p, unsigned venue, const struct event *event,
                        int64_t now_ns)
{
    return event->kind == EVENT_ALIVE ? produce_alive(p, venue, event, now_ns)
                                      : produce_event(p, venue, event, now_ns);
}

/* A venue is not said to be alive while something was lost that it has not sent anew. */
static bool is_hollow(const struct publisher *p, unsigned venue, const struct event *event)
{
    return event->kind == EVENT_ALIVE && !event->ends &&
           feedback_is_raised(p->venues[venue].feedback);
}

static bool send_now(struct publisher *p, unsigned venue, const struct event *event,
                     struct moment now)
{
    return may_send(p, KAFKA_MARKET, now.mono_ns) && produce_any(p, venue, event, now.utc_ns);
}

/* With the ring empty: what the venue cannot say itself. */
static enum publisher_turn say_last_words(struct publisher *p, unsigned venue, struct moment now)
{
    struct last_words *const words = p->venues[venue].words;

    for (const struct event *event; (event = last_words_next(words, now.utc_ns)) != NULL;) {
        if (!send_now(p, venue, event, now)) {
            return PUBLISHER_BLOCKED;
        }
        last_words_note(words, event);
    }
    return PUBLISHER_IDLE;
}

/* Of which books something was refused. */
static bool say_what_was_refused(struct publisher *p, unsigned venue, struct moment now)
{
    struct last_words *const words = p->venues[venue].words;
    struct voice *const voice = &p->voices[venue];

    if (now.mono_ns < voice->hush_ns) {
        return true;
    }
    for (const struct event *event; (event = last_words_next_refused(words, now.utc_ns)) != NULL;) {
        if (!send_now(p, venue, event, now)) {
            return false;
        }
        last_words_note(words, event);
        voice->hush_ns = now.mono_ns + HUSH_MS * NS_PER_MS;
    }
    return true;
}

static bool pass_on(struct publisher *p, unsigned venue, const struct event *event,
                    struct moment now)
{
    struct last_words *const words = p->venues[venue].words;
    const struct event *const passed = last_words_pass(words, event);

    if (passed == NULL || is_hollow(p, venue, passed)) {
        return true;
    }
    if (!send_now(p, venue, passed, now)) {
        return false;
    }
    last_words_note(words, passed);
    return true;
}

static enum publisher_turn drain_venue(struct publisher *p, unsigned venue, struct moment now)
{
    struct ring *const ring = p->venues[venue].ring;

    if (!say_what_was_refused(p, venue, now)) {
        return PUBLISHER_BLOCKED;
    }
    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        void *const record = ring_peek(ring, &len);
        if (record == NULL) {
            return say_last_words(p, venue, now);
        }
        if (!pass_on(p, venue, event_record_read(record), now)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

/* In one partition of the market topic that is the strategy's: there others listen. */
static bool produce_strategy_alive(struct publisher *p, const struct opportunity *o, int64_t now_ns)
{
    struct event_venue name;
    struct wire_alive alive = { .is_of_strategy = true, .from = -1 };
    const struct event event = { .kind = EVENT_ALIVE,
                                 .venue = &name,
                                 .session = o->session,
                                 .seq = o->seq,
                                 .mono_ns = o->alive_ns,
                                 .ends = o->ends };

    memcpy(name.name, o->strategy, sizeof(name.name));
    memcpy(alive.host, p->host, sizeof(alive.host));
    const struct message message = { .topic = KAFKA_MARKET,
                                     .hash = partition_hash(arb_bytes_of(name.name)),
                                     .type = event_kind_name(EVENT_ALIVE),
                                     .key = name.name,
                                     .venue = "",
                                     .len = wire_write_alive(&event, &alive, now_ns, p->text),
                                     .recv_ns = now_ns,
                                     .pub_ns = now_ns,
                                     .origin = { .instrument = NO_BOOK } };
    return produce(p, &message);
}

/* What a strategy says, in the topic that it is for. Its word holds up no opportunity. */
static bool pass_on_opportunity(struct publisher *p, const struct opportunity *o, struct moment now)
{
    if (o->alive_ns != 0) {
        return !may_send(p, KAFKA_MARKET, now.mono_ns) || produce_strategy_alive(p, o, now.utc_ns);
    }
    return may_send(p, KAFKA_OPPORTUNITIES, now.mono_ns) && produce_opportunity(p, o, now.utc_ns);
}

static enum publisher_turn drain_opportunities(struct publisher *p, struct ring *ring,
                                               struct moment now)
{
    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        const struct opportunity *const opportunity = ring_peek(ring, &len);
        if (opportunity == NULL) {
            return PUBLISHER_IDLE;
        }
        if (!pass_on_opportunity(p, opportunity, now)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

static enum publisher_turn drain_all_opportunities(struct publisher *p, struct moment now)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_opportunities && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_opportunities(p, p->opportunities[i], now);
        turn = one > turn ? one : turn;
    }
    return turn;
}

static enum publisher_turn drain_all_venues(struct publisher *p, struct moment now)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_venues && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_venue(p, (p->first_venue + i) % p->n_venues, now);
        turn = one > turn ? one : turn;
    }
    p->first_venue = p->n_venues == 0 ? 0 : (p->first_venue + 1) % p->n_venues;
    return turn;
}

/*
 * Opportunities first: they are few and cannot be made anew. One topic that takes nothing does not
 * hold up the other.
 */
static enum publisher_turn drain(struct publisher *p, struct moment now)
{
    const enum publisher_turn opportunities = drain_all_opportunities(p, now);
    const enum publisher_turn venues = drain_all_venues(p, now);

    return opportunities > venues ? opportunities : venues;
}

static void note_gone(struct publisher *p, int64_t mono_ns)
{
    p->is_gone = true;
    gate_try(&p->gates[KAFKA_MARKET], mono_ns); /* whoever makes it anew: all books go first */
    log_line(ARB_WARN, p->client.who,
             "topic %s is not there any more, or this user may not see it; waiting for it",
             p->config->market_topic);
}

static void note_other_count(struct publisher *p, unsigned n)
{
    if (p->n_known > 0 && !p->is_gone) {
        const unsigned n_moved = places_raise_moved(p->places, p->n_known, n);
        log_line(
            ARB_INFO, p->client.who,
            "topic %s has %u partitions instead of %u; %u books are sent whole in their new one",
            p->config->market_topic, n, p->n_known, n_moved);
    }
    for (unsigned i = 0; i < p->n_venues; i++) {
        starts_reset(&p->voices[i].starts); /* books are elsewhere */
    }
    p->n_known = n;
    atomic_store_explicit(&p->n_partitions, n, memory_order_relaxed);
    offsets_reset(&p->offsets, n);
}

/* Takes note of what became of the market topic. */
static void note_partitions(struct publisher *p, int64_t mono_ns)
{
    const unsigned n = kafka_topics_partitions(&p->link.topics, KAFKA_MARKET);

    if (n > 0) {
        if (n != p->n_known) {
            note_other_count(p, n);
        }
        p->is_gone = false;
    } else if (p->n_known > 0 && !p->is_gone && kafka_topics_have_answer(&p->link.topics)) {
        note_gone(p, mono_ns);
    }
}

enum publisher_turn publisher_step(struct publisher *p, struct moment now)
{
    (void)rd_kafka_poll(p->link.rk, 0); /* the number of events served does not matter */
    if (p->client.is_fatal && now.mono_ns >= p->relink_ns) {
        relink(p, now.mono_ns);
    }
    if (p->client.is_fatal) {
        return PUBLISHER_BLOCKED;
    }
    kafka_topics_step(&p->link.topics, now.mono_ns);
    note_partitions(p, now.mono_ns);
    places_step(p->places, now.mono_ns);
    return kafka_topics_have_answer(&p->link.topics) ? drain(p, now) : PUBLISHER_BLOCKED;
}

/* What step() says until it says idle, or the time is over. */
static enum publisher_turn drain_until(struct publisher *p, int64_t deadline_ns)
{
    enum publisher_turn turn = publisher_step(p, clock_moment());

    while (turn != PUBLISHER_IDLE && clock_mono_ns() < deadline_ns) {
        if (turn == PUBLISHER_BLOCKED) {
            (void)rd_kafka_poll(p->link.rk, BLOCKED_MS);
        }
        turn = publisher_step(p, clock_moment());
    }
    return turn;
}

int publisher_flush(struct publisher *p, int timeout_ms)
{
    const int64_t deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    const enum publisher_turn turn = drain_until(p, deadline_ns);
    const int64_t left_ms = (deadline_ns - clock_mono_ns()) / NS_PER_MS;
    const rd_kafka_resp_err_t code = rd_kafka_flush(p->link.rk, left_ms > 0 ? (int)left_ms : 0);

    return turn == PUBLISHER_IDLE && code == RD_KAFKA_RESP_ERR_NO_ERROR ? ARB_OK : ARB_ELIMIT;
}

static bool is_idle(void *context)
{
    struct publisher *const p = context;
    size_t len;

    for (unsigned i = 0; i < p->n_opportunities; i++) {
        if (ring_peek(p->opportunities[i], &len) != NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_venues; i++) {
        if (ring_peek(p->venues[i].ring, &len) != NULL || last_words_are_due(p->venues[i].words)) {
            return false;
        }
    }
    return !atomic_load_explicit(&p->stopping, memory_order_acquire);
}

/* Whether waiting for deliveries may still bring any. */
static bool is_worth_waiting(const struct publisher *p)
{
    if (p->client.is_fatal || p->client.is_unreachable ||
        !kafka_topics_have_answer(&p->link.topics)) {
        return false;
    }
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        if (kafka_topics_partitions(&p->link.topics, i) == 0 || p->gates[i].is_shut) {
            return false;
        }
    }
    return true;
}

/* Where no broker answers, or a topic is refused, there is nothing to wait for. */
static int last_flush(struct publisher *p)
{
    const int limit_ms = p->stop_timeout_ms;
    const int first_ms = limit_ms < ABSENT_MS ? limit_ms : ABSENT_MS;
    const int rc = publisher_flush(p, first_ms);

    return rc == ARB_OK || !is_worth_waiting(p) ? rc : publisher_flush(p, limit_ms - first_ms);
}

static void *run(void *context)
{
    struct publisher *const p = context;

    /* Pairs with the release in publisher_stop(): the timeout is then set. */
    while (!atomic_load_explicit(&p->stopping, memory_order_acquire)) {
        const enum publisher_turn turn = publisher_step(p, clock_moment());
        if (turn == PUBLISHER_IDLE) {
            waker_park(p->waker, PARK_MS, is_idle, p);
        } else if (turn == PUBLISHER_BLOCKED) {
            (void)rd_kafka_poll(p->link.rk, BLOCKED_MS);
        }
    }
    p->stop_rc = last_flush(p);
    return NULL;
}

int publisher_start(struct publisher *p, struct err *err)
{
    assert(!p->is_started);
    atomic_store_explicit(&p->stopping, false, memory_order_relaxed);
    if (pthread_create(&p->thread, NULL, run, p) != 0) {
        return err_set(err, ARB_ENOMEM, "the publisher's thread could not be started");
    }
    p->is_started = true;
    return ARB_OK;
}

int publisher_stop(struct publisher *p, int timeout_ms)
{
    assert(p->is_started);
    p->stop_timeout_ms = timeout_ms;
    atomic_store_explicit(&p->stopping, true, memory_order_release);
    waker_wake(p->waker);
    (void)pthread_join(p->thread, NULL); /* a thread of ours, joined once: cannot fail */
    p->is_started = false;
    return p->stop_rc;
}

/* The longest message that can come out of a record of a ring. */
static size_t message_bound(const struct ring *ring)
{
    const size_t levels = ring_record_max(ring) / sizeof(struct arb_level);
    const struct event largest = {
        .n_bids = levels < ARB_EVENT_LEVELS_MAX ? (uint32_t)levels : ARB_EVENT_LEVELS_MAX,
        .n_asks = levels < ARB_EVENT_LEVELS_MAX ? 0 : ARB_EVENT_LEVELS_MAX,
        .reason_len = EVENT_REASON_MAX,
    };
    return wire_event_bound(&largest);
}

static size_t text_cap(const struct publisher_config *config)
{
    size_t cap = WIRE_OPPORTUNITY_MAX;

    for (unsigned i = 0; i < config->n_venues; i++) {
        const size_t bound = message_bound(config->venues[i].ring);
        cap = bound > cap ? bound : cap;
    }
    return cap;
}

static struct places *create_places(const struct publisher_config *config)
{
    struct feedback *feedbacks[PUBLISHER_VENUES_MAX];

    for (unsigned i = 0; i < config->n_venues; i++) {
        feedbacks[i] = config->venues[i].feedback;
    }
    return places_create(feedbacks, config->n_venues);
}

static int copy_config(struct publisher *p, const struct publisher_config *config)
{
    p->config = config->kafka;
    p->waker = config->waker;
    p->n_venues = config->n_venues;
    p->n_opportunities = config->n_opportunities;
    p->venues = calloc((size_t)config->n_venues + 1, sizeof(*p->venues));
    p->opportunities = calloc((size_t)config->n_opportunities + 1, sizeof(*p->opportunities));
    p->text = malloc(text_cap(config));
    p->voices = calloc((size_t)config->n_venues + 1, sizeof(*p->voices));
    if (p->voices == NULL || p->venues == NULL || p->opportunities == NULL || p->text == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_venues; i++) {
        p->venues[i] = config->venues[i];
    }
    p->places = create_places(config);
    if (p->places == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_opportunities; i++) {
        p->opportunities[i] = config->opportunities[i];
    }
    return ARB_OK;
}

/* For people who look who publishes a venue. */
static void name_host(char out[WIRE_HOST_MAX])
{
    char machine[WIRE_HOST_MAX / 2] = "unknown";

    (void)gethostname(machine, sizeof(machine) - 1); /* then it stays so, or is cut */
    (void)snprintf(out, WIRE_HOST_MAX, "%s/%ld", machine, (long)getpid());
}

int publisher_create(struct publisher **out, const struct publisher_config *config, struct err *err)
{
    assert(config->n_venues <= PUBLISHER_VENUES_MAX);
    struct publisher *const p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the publisher");
    }
    int rc = copy_config(p, config);
    if (rc != ARB_OK) {
        publisher_destroy(p);
        return err_set(err, rc, "no memory for the publisher");
    }
    name_host(p->host);
    p->client.who = "kafka=publisher";
    p->client.owner = p;
    p->fail_ms = FAIL_MS;
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        p->gates[i] =
            (struct gate){ .topic = kafka_topic_name(p->config, i), .who = p->client.who };
    }
    rc = link_open(&p->link, p, err);
    if (rc != ARB_OK) {
        publisher_destroy(p);
        return rc;
    }
    *out = p;
    return ARB_OK;
}

void publisher_destroy(struct publisher *p)
{
    if (p == NULL) {
        return;
    }
    assert(!p->is_started);
    link_close(&p->link, p);
    places_destroy(p->places);
    offsets_fini(&p->offsets);
    free(p->text);
    free(p->opportunities);
    for (unsigned i = 0; p->voices != NULL && i < p->n_venues; i++) {
        starts_fini(&p->voices[i].starts);
    }
    free(p->voices);
    free(p->venues);
    if (!p->has_left) {
        free(p);
    }
}

struct publisher_stats publisher_stats(const struct publisher *p)
{
    return (struct publisher_stats){
        .produced = atomic_load_explicit(&p->produced, memory_order_relaxed),
        .delivered = atomic_load_explicit(&p->delivered, memory_order_relaxed),
        .failed = atomic_load_explicit(&p->failed, memory_order_relaxed),
        .refused = atomic_load_explicit(&p->refused, memory_order_relaxed),
        .queue_full = atomic_load_explicit(&p->queue_full, memory_order_relaxed),
        .bytes = atomic_load_explicit(&p->bytes, memory_order_relaxed),
        .conflated = atomic_load_explicit(&p->conflated, memory_order_relaxed),
        .late = atomic_load_explicit(&p->late, memory_order_relaxed),
    };
}

unsigned publisher_partitions(const struct publisher *p)
{
    return atomic_load_explicit(&p->n_partitions, memory_order_relaxed);
}
