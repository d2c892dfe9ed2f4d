#include "kafka_path.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/embedded.h"
#include "kafka/settings.h"
#include "kafka/publisher.h"
#include "kafka/kafka_source.h"
#include "kafka/topics.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/digits.h"

enum {
    SLICE = 1000, /* messages, one a millisecond */
    SLICES = 4,   /* of each way */
    COUNTED = SLICES * SLICE,
    RING_LEN = 1 << 20,
    MESSAGE_MAX = 16384,
    POLL_MS = 100,
    OFFSETS_MS = 5000,
    WAIT_S = 30, /* for topics, the first message, the last message */
};

struct message {
    char *text;
    size_t len;
};

/* The bare way, made before the clock runs. */
struct bare {
    struct kafka_client out_client, in_client;
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *topic;
    struct message *messages; /* [n_messages] */
    size_t n_messages;
    const char *key;
};

/* What one end received since it was told to count. */
struct counter {
    struct latency latency;
    _Atomic uint64_t n;      /* received at all */
    _Atomic int64_t from_ns; /* older messages do not count */
};

struct rig {
    struct embedded *embedded;
    struct kafka_config kafka;
    struct stage stage;
    const struct script *script;
    size_t at; /* the next frame of the script */
    struct outlet outlet;
    struct ring ring;
    struct waker waker;
    struct feedback feedback;
    bool has_waker, has_ring;
    struct publisher *publisher;
    bool has_publisher_thread;
    struct source *source;
    struct bare bare;
    struct counter ours_in, bare_in;
    pthread_t ours_thread, bare_thread;
    bool has_ours_thread, has_bare_thread;
    _Atomic bool stops;
};

/* -- receiving ------------------------------------------------------------------------ */

static void count(struct counter *counter, int64_t sent_ns)
{
    const int64_t now_ns = clock_now_ns();

    if (sent_ns >= atomic_load_explicit(&counter->from_ns, memory_order_acquire)) {
        latency_add(&counter->latency, now_ns - sent_ns);
    }
    (void)atomic_fetch_add_explicit(&counter->n, 1, memory_order_release);
}

static void *read_ours(void *context)
{
    struct rig *const rig = context;

    while (!atomic_load_explicit(&rig->stops, memory_order_relaxed)) {
        const struct event *const event = rig->source->ops->next(rig->source, POLL_MS);
        if (event != NULL && event->kind == EVENT_DELTA) {
            count(&rig->ours_in, event->recv_ns);
        }
    }
    return NULL;
}

/* The time is in a header, as in the messages of the program. */
static bool sent_at(const rd_kafka_message_t *message, int64_t *ns)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;

    return message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, "recv_ns", &value, &len) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           arb_decimal_parse((struct arb_bytes){ value, len }, 0, ns, NULL) == ARB_OK;
}

static void *read_bare(void *context)
{
    struct rig *const rig = context;
    int64_t sent_ns;

    while (!atomic_load_explicit(&rig->stops, memory_order_relaxed)) {
        rd_kafka_message_t *const message = rd_kafka_consumer_poll(rig->bare.consumer, POLL_MS);
        if (message == NULL) {
            continue;
        }
        if (sent_at(message, &sent_ns)) {
            count(&rig->bare_in, sent_ns);
        }
        rd_kafka_message_destroy(message);
    }
    return NULL;
}

/* -- sending -------------------------------------------------------------------------- */

/* A message says when its frame came: the session's UTC is the real one here. */
static void send_ours(struct rig *rig)
{
    const struct script *const script = rig->script;

    if (rig->at == script->n) {
        stage_rewind(&rig->stage, script->begin);
        rig->at = 0;
    }
    const struct moment now = { .mono_ns = rig->stage.replay->now_ns, .utc_ns = clock_now_ns() };
    session_events.on_message(rig->stage.session, 0, now, script->frames[rig->at++]);
}

static void send_bare(struct rig *rig)
{
    struct bare *const bare = &rig->bare;
    const struct message *const message = &bare->messages[rig->at++ % bare->n_messages];
    char now[DIGITS_DECIMAL_MAX];
    const ssize_t now_len = digits_write_i64(now, clock_now_ns()) - now;
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = bare->topic },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY,
          .u.mem = { (void *)(uintptr_t)bare->key, strlen(bare->key) } },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { message->text, message->len } },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "type", "delta", -1 } },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "recv_ns", now, now_len } },
        { .vtype = RD_KAFKA_VTYPE_HEADER, .u.header = { "pub_ns", now, now_len } },
    };
    rd_kafka_error_t *const error =
        rd_kafka_produceva(bare->producer, parts, sizeof(parts) / sizeof(*parts));
    if (error != NULL) {
        rd_kafka_error_destroy(error); /* the message is missed at the end */
    }
    (void)rd_kafka_poll(bare->producer, 0);
}

static void pause_until(int64_t mono_ns)
{
    const struct timespec until = { .tv_sec = mono_ns / NS_PER_S, .tv_nsec = mono_ns % NS_PER_S };
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void send_slice(struct rig *rig, void (*send)(struct rig *rig))
{
    int64_t next_ns = clock_mono_ns();

    rig->at = rig->script->n; /* the books start over, off the clock */
    for (int i = 0; i < SLICE; i++) {
        send(rig);
        next_ns += NS_PER_MS;
        pause_until(next_ns);
    }
}

/* -- set up --------------------------------------------------------------------------- */

/* Keeps the messages of the script, as the publisher would write them. */
static void keep_message(void *context, const struct event *event)
{
    struct bare *const bare = context;
    char text[MESSAGE_MAX];

    if (event->kind != EVENT_DELTA || wire_event_bound(event) > sizeof(text)) {
        return;
    }
    struct message *const message = &bare->messages[bare->n_messages];
    message->len = wire_write_event(event, event->recv_ns, text);
    message->text = malloc(message->len);
    if (message->text != NULL) {
        memcpy(message->text, text, message->len);
        bare->n_messages++;
    }
}

static int keep_messages(struct rig *rig, struct dataset *dataset, struct err *err)
{
    struct bare *const bare = &rig->bare;
    struct outlet outlet;
    struct stage stage = { 0 };

    bare->messages = calloc(rig->script->n, sizeof(*bare->messages));
    if (bare->messages == NULL || outlet_init_fn(&outlet, keep_message, bare) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for messages");
    }
    int rc = stage_init(&stage, dataset, &outlet, err);
    if (rc == ARB_OK) {
        stage_rewind(&stage, rig->script->begin);
        for (size_t i = 0; i < rig->script->n && bare->n_messages < rig->script->n; i++) {
            stage_say(&stage, &rig->script->frames[i]);
        }
    }
    stage_fini(&stage);
    outlet_fini(&outlet);
    if (rc == ARB_OK && bare->n_messages == 0) {
        rc = err_set(err, ARB_EPROTO, "kafka: the script makes no message");
    }
    return rc;
}

static int make_broker(struct rig *rig, const char *brokers, struct err *err)
{
    const char *address;

    rig->kafka = (struct kafka_config){ .brokers = brokers,
                                        .market_topic = "arbspot-bench",
                                        .opportunity_topic = "arbspot-bench-bare",
                                        .partitions = 1,
                                        .replication = 1 };
    if (brokers != NULL) {
        return ARB_OK;
    }
    const int rc = embedded_start(&rig->embedded, &address, err);
    return rc == ARB_OK ? embedded_attach(rig->embedded, &rig->kafka, err) : rc;
}

static int make_ring(struct rig *rig, struct err *err)
{
    rig->has_waker = waker_init(&rig->waker) == ARB_OK;
    rig->has_ring = rig->has_waker && ring_init(&rig->ring, RING_LEN, &rig->waker) == ARB_OK;
    if (!rig->has_ring ||
        outlet_init_ring(&rig->outlet, &rig->ring, &rig->feedback, false) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for a ring");
    }
    return ARB_OK;
}

/* The publisher creates both topics. */
static int make_publisher(struct rig *rig, struct err *err)
{
    const struct publisher_venue venue = { .ring = &rig->ring, .feedback = &rig->feedback };
    const struct publisher_config config = {
        .kafka = &rig->kafka, .venues = &venue, .n_venues = 1, .waker = &rig->waker
    };
    const int64_t end_ns = clock_mono_ns() + WAIT_S * NS_PER_S;
    int rc = publisher_create(&rig->publisher, &config, err);

    while (rc == ARB_OK && publisher_step(rig->publisher, clock_moment()) == PUBLISHER_BLOCKED) {
        if (clock_mono_ns() > end_ns) {
            return err_set(err, ARB_EINVAL, "no Kafka broker at %s", rig->kafka.brokers);
        }
        pause_until(clock_mono_ns() + NS_PER_MS);
    }
    return rc;
}

static int open_bare_producer(struct rig *rig, struct err *err)
{
    struct bare *const bare = &rig->bare;
    rd_kafka_conf_t *conf;

    bare->out_client.who = "kafka=bare";
    int rc = kafka_conf_create(&conf, KAFKA_PRODUCER, &rig->kafka, &bare->out_client, err);
    if (rc == ARB_OK) {
        rc = kafka_open(&bare->producer, conf, &bare->out_client, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    bare->topic = rd_kafka_topic_new(bare->producer, rig->kafka.opportunity_topic, NULL);
    return bare->topic == NULL ? err_set(err, ARB_EINVAL, "no bare topic") : ARB_OK;
}

/* From the end on, as it is now. */
static int assign_bare(struct rig *rig, struct err *err)
{
    const char *const topic = rig->kafka.opportunity_topic;
    rd_kafka_topic_partition_list_t *const list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *const one = rd_kafka_topic_partition_list_add(list, topic, 0);
    int64_t low, high;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rig->bare.consumer, topic, 0, &low, &high, OFFSETS_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        one->offset = high;
        code = rd_kafka_assign(rig->bare.consumer, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "%s: %s", topic, rd_kafka_err2str(code));
}

static int open_bare_consumer(struct rig *rig, struct err *err)
{
    struct bare *const bare = &rig->bare;
    rd_kafka_conf_t *conf;
    char text[ERR_TEXT_MAX];

    bare->in_client.who = "kafka=bare";
    int rc = kafka_conf_create(&conf, KAFKA_CONSUMER, &rig->kafka, &bare->in_client, err);
    if (rc != ARB_OK) {
        return rc;
    }
    /* librdkafka wants a name even from a consumer that is in no group. */
    (void)rd_kafka_conf_set(conf, "group.id", "arbspot-bench", text, sizeof(text));
    rc = kafka_open(&bare->consumer, conf, &bare->in_client, err);
    if (rc != ARB_OK) {
        return rc;
    }
    (void)rd_kafka_poll_set_consumer(bare->consumer);
    return assign_bare(rig, err);
}

static int make_parts(struct rig *rig, const char *brokers, struct dataset *dataset,
                      struct err *err)
{
    int rc = make_broker(rig, brokers, err);

    if (!latency_init(&rig->ours_in.latency, COUNTED) ||
        !latency_init(&rig->bare_in.latency, COUNTED)) {
        return err_set(err, ARB_ENOMEM, "no memory for samples");
    }
    rig->bare.key = dataset->symbols[0];
    if (rc == ARB_OK) {
        rc = keep_messages(rig, dataset, err);
    }
    if (rc == ARB_OK) {
        rc = make_ring(rig, err);
    }
    if (rc == ARB_OK) {
        rc = stage_init(&rig->stage, dataset, &rig->outlet, err);
    }
    if (rc == ARB_OK) {
        rc = make_publisher(rig, err);
    }
    if (rc == ARB_OK) {
        rc = kafka_source_create(&rig->source, &rig->kafka, (struct kafka_source_group){ 0 }, err);
    }
    if (rc == ARB_OK) {
        rc = open_bare_producer(rig, err);
    }
    return rc == ARB_OK ? open_bare_consumer(rig, err) : rc;
}

static void drop_bare(struct bare *bare)
{
    if (bare->topic != NULL) {
        rd_kafka_topic_destroy(bare->topic);
    }
    if (bare->producer != NULL) {
        rd_kafka_destroy(bare->producer);
    }
    if (bare->consumer != NULL) {
        rd_kafka_destroy(bare->consumer);
    }
    for (size_t i = 0; i < bare->n_messages; i++) {
        free(bare->messages[i].text);
    }
    free(bare->messages);
}

static void drop_parts(struct rig *rig)
{
    if (rig->source != NULL) {
        rig->source->ops->destroy(rig->source);
    }
    drop_bare(&rig->bare);
    publisher_destroy(rig->publisher);
    stage_fini(&rig->stage);
    outlet_fini(&rig->outlet);
    if (rig->has_ring) {
        ring_fini(&rig->ring);
    }
    if (rig->has_waker) {
        waker_fini(&rig->waker);
    }
    embedded_stop(rig->embedded);
    latency_fini(&rig->ours_in.latency);
    latency_fini(&rig->bare_in.latency);
}

/* -- run ------------------------------------------------------------------------------ */

static int start(struct rig *rig, struct err *err)
{
    const int rc = publisher_start(rig->publisher, err);

    rig->has_publisher_thread = rc == ARB_OK;
    rig->has_ours_thread = pthread_create(&rig->ours_thread, NULL, read_ours, rig) == 0;
    rig->has_bare_thread = pthread_create(&rig->bare_thread, NULL, read_bare, rig) == 0;
    if (rc == ARB_OK && (!rig->has_ours_thread || !rig->has_bare_thread)) {
        return err_set(err, ARB_ENOMEM, "no thread to be had");
    }
    return rc;
}

static void stop(struct rig *rig)
{
    atomic_store_explicit(&rig->stops, true, memory_order_relaxed);
    if (rig->has_ours_thread) {
        (void)pthread_join(rig->ours_thread, NULL);
    }
    if (rig->has_bare_thread) {
        (void)pthread_join(rig->bare_thread, NULL);
    }
    if (rig->has_publisher_thread) {
        (void)publisher_stop(rig->publisher, POLL_MS); /* nobody reads what would be left */
    }
}

/* Sends until something arrives; then what is still under way is left behind by the clock. */
static int warm_up(struct rig *rig, struct counter *counter, void (*send)(struct rig *rig),
                   struct err *err)
{
    const int64_t end_ns = clock_mono_ns() + WAIT_S * NS_PER_S;

    atomic_store_explicit(&counter->from_ns, INT64_MAX, memory_order_release);
    while (atomic_load_explicit(&counter->n, memory_order_acquire) == 0) {
        if (clock_mono_ns() > end_ns) {
            return err_set(err, ARB_EPROTO, "kafka: no message arrived");
        }
        send(rig);
        pause_until(clock_mono_ns() + 10 * NS_PER_MS);
    }
    send_slice(rig, send);
    atomic_store_explicit(&counter->from_ns, clock_now_ns(), memory_order_release);
    return ARB_OK;
}

/* After the readers were joined. */
static int check_all_arrived(const struct rig *rig, struct err *err)
{
    const size_t ours = rig->ours_in.latency.n, bare = rig->bare_in.latency.n;
    return ours == COUNTED && bare == COUNTED
               ? ARB_OK
               : err_set(err, ARB_EPROTO, "kafka: %zu and %zu messages arrived of %d", ours, bare,
                         COUNTED);
}

static int run(struct rig *rig, struct err *err)
{
    rig->at = rig->script->n;
    int rc = warm_up(rig, &rig->ours_in, send_ours, err);

    if (rc == ARB_OK) {
        rc = warm_up(rig, &rig->bare_in, send_bare, err);
    }
    for (int i = 0; i < SLICES && rc == ARB_OK; i++) {
        send_slice(rig, send_ours);
        send_slice(rig, send_bare);
    }
    return rc;
}

int kafka_path_measure(struct path_figures *figures, const char *brokers, struct dataset *dataset,
                       const struct script *script, struct err *err)
{
    struct rig *const rig = calloc(1, sizeof(*rig));

    if (rig == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    rig->script = script;
    int rc = make_parts(rig, brokers, dataset, err);
    if (rc == ARB_OK) {
        rc = start(rig, err);
    }
    if (rc == ARB_OK) {
        rc = run(rig, err);
    }
    if (rc == ARB_OK) {
        pause_until(clock_mono_ns() + NS_PER_S); /* for the last ones */
    }
    stop(rig);
    if (rc == ARB_OK) {
        rc = check_all_arrived(rig, err);
    }
    if (rc == ARB_OK) {
        *figures = (struct path_figures){
            .name = "kafka",
            .what =
                "session event -> ring -> publisher -> broker -> kafka_source, against librdkafka "
                "alone",
            .ours = latency_quantiles(&rig->ours_in.latency),
            .bare = latency_quantiles(&rig->bare_in.latency),
        };
    }
    drop_parts(rig);
    free(rig);
    return rc;
}
