#include "kafka/publisher.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/settings.h"
#include "kafka/topics.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/digits.h"

enum {
    PARK_MS = 50,    /* delivery reports wait this long at most */
    BLOCKED_MS = 10, /* pause before the next try; a delivery report ends it */
    FAIL_MS = 1000,  /* between attempts to replace a dead producer */
    ABSENT_MS = 500, /* at the end, for brokers that never answered */
};

/*
 * What comes back with the delivery report of a book's message. An opportunity has none: nobody
 * can send it again.
 */
struct origin {
    uint16_t venue; /* counted from 1; 0: an opportunity */
    uint16_t instrument;
    uint32_t n_messages; /* of the book that are lost with it: those it replaced, and itself */
};

_Static_assert(sizeof(struct origin) == sizeof(void *), "an origin travels as the opaque");
_Static_assert(PUBLISHER_VENUES_MAX < UINT16_MAX, "an origin holds any venue");
_Static_assert(ARB_INSTRUMENTS_MAX <= UINT16_MAX, "an origin holds any instrument");

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
    struct publisher_venue *venues;
    struct ring **opportunities;
    unsigned n_venues, n_opportunities;
    unsigned first_venue; /* whose turn it is to be first */
    struct waker *waker;
    char *text; /* room for the largest message the rings can hold */
    struct log_limit failed_limit, refused_limit;
    _Atomic uint64_t produced, delivered, failed, refused, queue_full, bytes, conflated, late;
    pthread_t thread;
    bool is_started;
    int stop_timeout_ms, stop_rc; /* handed over by `stopping` and by the join */
    _Atomic bool stopping;
};

/* A message ready to go. */
struct message {
    const char *topic; /* by name: a handle made at start would let the broker create the topic */
    const char *type;
    const char *key;
    size_t len; /* of publisher.text */
    int64_t recv_ns, pub_ns;
    struct origin origin;
};

static struct origin origin_of(unsigned venue, const struct event *event)
{
    const uint64_t n = event->conflated + 1;
    return (struct origin){ .venue = (uint16_t)(venue + 1),
                            .instrument = (uint16_t)event->instrument,
                            .n_messages = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX };
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
    if (origin.venue != 0) {
        feedback_raise(p->venues[origin.venue - 1].feedback, origin.instrument, origin.n_messages);
    }
}

static void note_delivery(struct publisher *p, struct origin origin)
{
    count(&p->delivered, 1);
    if (origin.venue != 0) {
        count(&p->conflated, origin.n_messages - 1);
    }
}

static void note_failure(struct publisher *p, const rd_kafka_message_t *message)
{
    uint64_t suppressed;

    count(&p->failed, 1);
    ask_again(p, origin_unpack(message->_private));
    if (log_limit_pass(&p->failed_limit, clock_now_ns(), &suppressed)) {
        log_line(ARB_WARN, p->client.who, "a message could not be delivered: %s (and %llu before)",
                 rd_kafka_err2str(message->err), (unsigned long long)suppressed);
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_client *const client = opaque;
    struct publisher *const p = client->owner;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_delivery(p, origin_unpack(message->_private));
        kafka_client_is_up(client);
    } else {
        note_failure(p, message);
    }
}

static void link_close(struct link *link)
{
    kafka_topics_fini(&link->topics);
    if (link->rk != NULL) {
        rd_kafka_destroy(link->rk);
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

    p->relink_ns = now_ns + FAIL_MS * NS_PER_MS;
    if (link_open(&fresh, p, &err) != ARB_OK) {
        log_line(ARB_ERROR, p->client.who, "no new producer: %s", err.text);
        return;
    }
    (void)rd_kafka_purge(p->link.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_poll(p->link.rk, 0);
    link_close(&p->link);
    p->link = fresh;
    p->client.is_fatal = false;
    log_line(ARB_INFO, p->client.who, "made a new producer");
}

static rd_kafka_resp_err_t hand_over(struct publisher *p, const struct message *m)
{
    char recv[DIGITS_DECIMAL_MAX], pub[DIGITS_DECIMAL_MAX];
    const size_t recv_len = (size_t)(digits_write_i64(recv, m->recv_ns) - recv);
    const size_t pub_len = (size_t)(digits_write_i64(pub, m->pub_ns) - pub);
    /* With F_COPY the key is only read, in spite of its type. */
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = m->topic },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = RD_KAFKA_PARTITION_UA },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)m->key, strlen(m->key) } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { p->text, m->len } },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = origin_pack(m->origin) },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "type", m->type, -1 } },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "recv_ns", recv, (ssize_t)recv_len } },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "pub_ns", pub, (ssize_t)pub_len } },
    };
    rd_kafka_error_t *const error =
        rd_kafka_produceva(p->link.rk, parts, sizeof(parts) / sizeof(*parts));
    if (error == NULL) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

/* Sending it again would fail again: the message is counted, and the log says what would help. */
static void note_refusal(struct publisher *p, const struct message *m, rd_kafka_resp_err_t code)
{
    uint64_t suppressed;

    count(&p->refused, 1);
    if (log_limit_pass(&p->refused_limit, clock_now_ns(), &suppressed)) {
        log_line(
            ARB_ERROR, p->client.who,
            "a message of %zu bytes for %s was refused: %s (and %llu before); a smaller depth or "
            "a larger rdkafka.message.max.bytes would help",
            m->len, m->key, rd_kafka_err2str(code), (unsigned long long)suppressed);
    }
}

/* False when the message has to be kept for later. */
static bool produce(struct publisher *p, const struct message *m)
{
    const rd_kafka_resp_err_t code = hand_over(p, m);

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
        note_refusal(p, m, code);
        return true;
    }
}

/* A snapshot may well be of a book that has not changed for long. */
static bool is_late(const struct event *event, int64_t now_ns)
{
    return event->kind == EVENT_DELTA && now_ns - event->recv_ns > PUBLISHER_LATE_MS * NS_PER_MS;
}

static bool produce_event(struct publisher *p, unsigned venue, const struct event *event,
                          int64_t now_ns)
{
    const struct message message = {
        .topic = p->config->market_topic,
        .type = event_kind_name(event->kind),
        .key = event->info->symbol,
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

static bool produce_opportunity(struct publisher *p, const struct opportunity *o, int64_t now_ns)
{
    const struct message message = {
        .topic = p->config->opportunity_topic,
        .type = "opportunity",
        .key = o->info.symbol,
        .len = wire_write_opportunity(o, now_ns, p->text),
        .recv_ns = o->buy.recv_ns > o->sell.recv_ns ? o->buy.recv_ns : o->sell.recv_ns,
        .pub_ns = now_ns,
    };
    return produce(p, &message);
}

/* With the ring empty: what the venue cannot say itself. */
static enum publisher_turn say_last_words(struct publisher *p, unsigned venue, int64_t now_ns)
{
    struct last_words *const words = p->venues[venue].words;

    for (const struct event *event; (event = last_words_next(words, now_ns)) != NULL;) {
        if (!produce_event(p, venue, event, now_ns)) {
            return PUBLISHER_BLOCKED;
        }
        last_words_note(words, event);
    }
    return PUBLISHER_IDLE;
}

static bool pass_on(struct publisher *p, unsigned venue, const struct event *event, int64_t now_ns)
{
    struct last_words *const words = p->venues[venue].words;
    const struct event *const passed = last_words_pass(words, event);

    if (passed == NULL) {
        return true;
    }
    if (!produce_event(p, venue, passed, now_ns)) {
        return false;
    }
    last_words_note(words, passed);
    return true;
}

static enum publisher_turn drain_venue(struct publisher *p, unsigned venue, int64_t now_ns)
{
    struct ring *const ring = p->venues[venue].ring;

    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        void *const record = ring_peek(ring, &len);
        if (record == NULL) {
            return say_last_words(p, venue, now_ns);
        }
        if (!pass_on(p, venue, event_record_read(record), now_ns)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

static enum publisher_turn drain_opportunities(struct publisher *p, struct ring *ring,
                                               int64_t now_ns)
{
    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        const struct opportunity *const opportunity = ring_peek(ring, &len);
        if (opportunity == NULL) {
            return PUBLISHER_IDLE;
        }
        if (!produce_opportunity(p, opportunity, now_ns)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

/* Opportunities first: they are few and cannot be made anew. */
static enum publisher_turn drain(struct publisher *p, int64_t now_ns)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_opportunities && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_opportunities(p, p->opportunities[i], now_ns);
        turn = one > turn ? one : turn;
    }
    for (unsigned i = 0; i < p->n_venues && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_venue(p, (p->first_venue + i) % p->n_venues, now_ns);
        turn = one > turn ? one : turn;
    }
    p->first_venue = p->n_venues == 0 ? 0 : (p->first_venue + 1) % p->n_venues;
    return turn;
}

enum publisher_turn publisher_step(struct publisher *p, int64_t now_ns)
{
    (void)rd_kafka_poll(p->link.rk, 0); /* the number of events served does not matter */
    if (p->client.is_fatal && now_ns >= p->relink_ns) {
        relink(p, now_ns);
    }
    if (p->client.is_fatal || !kafka_topics_step(&p->link.topics, now_ns)) {
        return PUBLISHER_BLOCKED;
    }
    return drain(p, now_ns);
}

/* What step() says until it says idle, or the time is over. */
static enum publisher_turn drain_until(struct publisher *p, int64_t deadline_ns)
{
    enum publisher_turn turn = publisher_step(p, clock_now_ns());

    while (turn != PUBLISHER_IDLE && clock_mono_ns() < deadline_ns) {
        if (turn == PUBLISHER_BLOCKED) {
            (void)rd_kafka_poll(p->link.rk, BLOCKED_MS);
        }
        turn = publisher_step(p, clock_now_ns());
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

/* Where no broker ever answered there is none to wait for. */
static int last_flush(struct publisher *p)
{
    const int limit_ms = p->stop_timeout_ms;
    const int first_ms = limit_ms < ABSENT_MS ? limit_ms : ABSENT_MS;
    const int rc = publisher_flush(p, first_ms);

    if (rc == ARB_OK || !kafka_topics_have_answer(&p->link.topics)) {
        return rc;
    }
    return publisher_flush(p, limit_ms - first_ms);
}

static void *run(void *context)
{
    struct publisher *const p = context;

    /* Pairs with the release in publisher_stop(): the timeout is then set. */
    while (!atomic_load_explicit(&p->stopping, memory_order_acquire)) {
        const enum publisher_turn turn = publisher_step(p, clock_now_ns());
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

static int copy_config(struct publisher *p, const struct publisher_config *config)
{
    p->config = config->kafka;
    p->waker = config->waker;
    p->n_venues = config->n_venues;
    p->n_opportunities = config->n_opportunities;
    p->venues = calloc((size_t)config->n_venues + 1, sizeof(*p->venues));
    p->opportunities = calloc((size_t)config->n_opportunities + 1, sizeof(*p->opportunities));
    p->text = malloc(text_cap(config));
    if (p->venues == NULL || p->opportunities == NULL || p->text == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_venues; i++) {
        p->venues[i] = config->venues[i];
    }
    for (unsigned i = 0; i < config->n_opportunities; i++) {
        p->opportunities[i] = config->opportunities[i];
    }
    return ARB_OK;
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
    p->client.who = "kafka=publisher";
    p->client.owner = p;
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
    link_close(&p->link);
    free(p->text);
    free(p->opportunities);
    free(p->venues);
    free(p);
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
