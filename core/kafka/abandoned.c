#include "kafka/abandoned.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/origin.h"
#include "kafka/reader.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    WAIT_MS = 100,
    TAIL = 20000, /* records: most of one partition may be matrices */
};

static const char who[] = "kafka=abandoned";

struct abandoned {
    struct abandoned_config config;
    char host[WIRE_HOST_MAX];
    const char *names[CONFIG_STRATEGIES_MAX + 1];
    struct kafka_reader *words, *opportunities;
    struct wire_event decoded; /* without room for levels: a word has none */
    pthread_mutex_t lock;      /* of claims, which strategies ask too */
    struct claims *claims;
    pthread_t thread;
    bool is_started;
    _Atomic bool stops; /* no data depends on it */
};

static void hear_words(struct abandoned *a)
{
    struct kafka_record record;
    int wait_ms = WAIT_MS;

    while (kafka_reader_next(a->words, wait_ms, &record)) {
        wait_ms = 0;
        if (!record.is_history && wire_is_alive(record.value) &&
            wire_read_event(record.value, &a->decoded) == ARB_OK) {
            (void)pthread_mutex_lock(&a->lock);
            claims_hear(a->claims, &a->decoded, clock_mono_ns());
            (void)pthread_mutex_unlock(&a->lock);
        }
    }
}

static void hear_opportunities(struct abandoned *a)
{
    struct kafka_record record;
    struct opportunity opportunity;
    int64_t pub_ns;

    while (kafka_reader_next(a->opportunities, 0, &record)) {
        if (!wire_is_matrix(record.value) && !wire_is_miss(record.value) &&
            wire_read_opportunity(record.value, &opportunity, &pub_ns) == ARB_OK) {
            (void)pthread_mutex_lock(&a->lock);
            claims_take(a->claims, &opportunity, clock_mono_ns());
            (void)pthread_mutex_unlock(&a->lock);
        }
    }
}

/* False: there is none, or no room in the ring yet. */
static bool close_next(struct abandoned *a)
{
    const int64_t now_ns = clock_mono_ns();
    const struct opportunity *const dead = claims_next_dead(a->claims, now_ns);
    struct opportunity *const record =
        dead == NULL ? NULL : ring_reserve(a->config.ring, opportunity_len(dead));

    if (record == NULL) {
        return false;
    }
    memcpy(record, dead, opportunity_len(dead));
    claims_closed(a->claims, dead, now_ns);
    record->terms.event = ARB_OPPORTUNITY_CLOSE;
    record->terms.reason = ARB_CLOSE_ABANDONED;
    record->seq++;
    record->detect_ns = clock_now_ns();
    record->latency_ns = 0;
    ring_commit(a->config.ring);
    return true;
}

/* The lock is let go after each: strategies that are about to open something wait for it. */
static bool close_one(struct abandoned *a)
{
    (void)pthread_mutex_lock(&a->lock);
    const bool has_closed = close_next(a);
    (void)pthread_mutex_unlock(&a->lock);
    return has_closed;
}

static void close_dead(struct abandoned *a)
{
    unsigned n = 0;

    while (close_one(a)) {
        n++;
    }
    if (n > 0) {
        log_line(ARB_INFO, who, "closed %u opportunities that runs which are gone left open", n);
    }
}

bool abandoned_is_taken(struct abandoned *a, const struct opportunity *opportunity)
{
    (void)pthread_mutex_lock(&a->lock);
    const bool is_taken = claims_is_taken(a->claims, opportunity, clock_mono_ns());
    (void)pthread_mutex_unlock(&a->lock);
    return is_taken;
}

static bool stops(const struct abandoned *a)
{
    return atomic_load_explicit(&a->stops, memory_order_relaxed);
}

static void *run(void *context)
{
    struct abandoned *const a = context;

    (void)pthread_setname_np(pthread_self(), "abandoned"); /* for people who look at threads */
    while (!stops(a)) {
        hear_words(a);
        if (!stops(a)) { /* without brokers each may take a second */
            hear_opportunities(a);
            if (kafka_reader_is_caught_up(a->opportunities)) {
                close_dead(a);
            }
        }
    }
    return NULL;
}

/* -- life ------------------------------------------------------------------------------ */

static int prepare(struct abandoned *a, const struct abandoned_config *config)
{
    a->config = *config;
    (void)pthread_mutex_init(&a->lock, NULL); /* cannot fail on Linux */
    origin_host(a->host);
    for (unsigned i = 0; i < config->n_strategies; i++) {
        a->names[i] = config->strategies[i].name;
    }
    a->claims = claims_create(config->strategies, config->n_strategies, a->host);
    return a->claims == NULL ? ARB_ENOMEM : ARB_OK;
}

static int open_readers(struct abandoned *a, struct err *err)
{
    struct kafka_reader_config reader = { .kafka = a->config.kafka,
                                          .topic = a->config.kafka->market_topic,
                                          .start = KAFKA_FROM_END,
                                          .keys = a->names,
                                          .n_keys = a->config.n_strategies,
                                          .is_patient = true,
                                          .who = who };
    const int rc = kafka_reader_create(&a->words, &reader, err);

    if (rc != ARB_OK) {
        return rc;
    }
    reader.topic = a->config.kafka->opportunity_topic;
    reader.start = KAFKA_FROM_TAIL;
    reader.n_tail = TAIL;
    reader.n_keys = 0;
    return kafka_reader_create(&a->opportunities, &reader, err);
}

int abandoned_create(struct abandoned **out, const struct abandoned_config *config, struct err *err)
{
    struct abandoned *const a = calloc(1, sizeof(*a));
    int rc = a == NULL ? ARB_ENOMEM : prepare(a, config);

    if (rc != ARB_OK) {
        abandoned_destroy(a);
        return err_set(err, rc, "no memory to look after opportunities that were left open");
    }
    rc = open_readers(a, err);
    if (rc != ARB_OK) {
        abandoned_destroy(a);
        return rc;
    }
    *out = a;
    return ARB_OK;
}

int abandoned_start(struct abandoned *a, struct err *err)
{
    const int rc = shortage_start_thread(&a->thread, run, a, "to look after opportunities", err);
    a->is_started = rc == ARB_OK;
    return rc;
}

void abandoned_ask_to_stop(struct abandoned *a)
{
    if (a != NULL) {
        atomic_store_explicit(&a->stops, true, memory_order_relaxed);
        kafka_reader_wake(a->words);
    }
}

void abandoned_stop(struct abandoned *a)
{
    if (a != NULL && a->is_started) {
        abandoned_ask_to_stop(a);
        (void)pthread_join(a->thread, NULL); /* a thread of ours: cannot fail */
        a->is_started = false;
    }
}

void abandoned_destroy(struct abandoned *a)
{
    if (a == NULL) {
        return;
    }
    abandoned_stop(a);
    kafka_reader_destroy(a->words);
    kafka_reader_destroy(a->opportunities);
    claims_destroy(a->claims);
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
}
