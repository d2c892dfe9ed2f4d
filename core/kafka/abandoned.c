#include "kafka/abandoned.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/origin.h"
#include "kafka/reader.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    WAIT_MS = 100,
    RUNS_MAX = 256,  /* of all strategies, heard of lately */
    OPEN_MAX = 4096, /* more are not looked after */
};

#define HEARD_NS (2 * NS_PER_S)    /* a run that is heard of less often is not sure to be there */
#define DEAD_NS (3500 * NS_PER_MS) /* and is not there */

#define HANDOVER_NS NS_PER_S /* until what another one wrote has surely been read */

static const char who[] = "kafka=abandoned";

/* One run of a strategy. */
struct run {
    unsigned strategy; /* which of ours has its name */
    uint64_t session;
    int64_t heard_ns; /* mono; 0: it has ended */
    bool is_named;    /* the log said that it is there beside ours */
};

/* What is open, as it was last told. */
struct opening {
    unsigned strategy;
    int64_t ours_since_ns; /* mono: it is ours to close since then; 0: it is not */
    struct opportunity last;
};

struct abandoned {
    struct abandoned_config config;
    struct abandoned_strategy *strategies;
    const char **names;
    struct kafka_reader *words, *opportunities;
    struct wire_event decoded; /* without room for levels: a word has none */
    struct run runs[RUNS_MAX];
    unsigned n_runs;
    char host[WIRE_HOST_MAX]; /* how we are named in our words */
    struct opening *open;     /* [OPEN_MAX] */
    unsigned n_open;
    int64_t echo_ns, sure_since_ns; /* our own last word came back; they do since then, mono */
    pthread_t thread;
    bool is_started;
    _Atomic bool stops; /* no data depends on it */
};

/* Which of ours has the name; n_strategies: none. */
static unsigned find_strategy(const struct abandoned *a, const char *name)
{
    unsigned i = 0;

    while (i < a->config.n_strategies && strcmp(a->strategies[i].name, name) != 0) {
        i++;
    }
    return i;
}

static uint64_t session_of(const struct abandoned *a, unsigned strategy)
{
    return tenure_session(a->strategies[strategy].tenure);
}

/* -- which runs there are -------------------------------------------------------------- */

static struct run *find_run(struct abandoned *a, uint64_t session)
{
    for (unsigned i = 0; i < a->n_runs; i++) {
        if (a->runs[i].session == session) {
            return &a->runs[i];
        }
    }
    return NULL;
}

static bool is_dead(const struct run *run, int64_t now_ns)
{
    return run == NULL || run->heard_ns == 0 || now_ns - run->heard_ns >= DEAD_NS;
}

/* A place for a run that was not heard of before; those of the dead are free. */
static struct run *new_run(struct abandoned *a, int64_t now_ns)
{
    for (unsigned i = 0; i < a->n_runs; i++) {
        if (is_dead(&a->runs[i], now_ns)) {
            return &a->runs[i];
        }
    }
    return a->n_runs < RUNS_MAX ? &a->runs[a->n_runs++] : NULL;
}

static void note_echo(struct abandoned *a, int64_t now_ns)
{
    if (now_ns - a->echo_ns > HEARD_NS) {
        a->sure_since_ns = now_ns;
    }
    a->echo_ns = now_ns;
}

/* An earlier run of ours may still be heard. */
static void note_double(const struct abandoned *a, struct run *run, const char *host)
{
    const struct abandoned_strategy *const ours = &a->strategies[run->strategy];

    if (ours->has_group || run->is_named || strcmp(host, a->host) == 0) {
        return;
    }
    run->is_named = true;
    log_line(ARB_WARN, who,
             "strategy %s is run by %s too, so each opportunity is there twice; stop one of them, "
             "or give both the same `group`",
             ours->name, host);
}

static void take_word(struct abandoned *a, const struct wire_event *word, int64_t now_ns)
{
    const unsigned strategy = find_strategy(a, word->venue.name);
    struct run *run = find_run(a, word->event.session);

    if (!word->alive.is_of_strategy || strategy == a->config.n_strategies) {
        return;
    }
    if (run == NULL) {
        run = new_run(a, now_ns);
        if (run == NULL) {
            return;
        }
        *run = (struct run){ .strategy = strategy, .session = word->event.session };
    }
    run->heard_ns = word->event.ends ? 0 : now_ns;
    if (run->session == session_of(a, strategy)) {
        tenure_echo(a->strategies[strategy].tenure, word->event.mono_ns);
        note_echo(a, now_ns);
    } else if (!word->event.ends) {
        note_double(a, run, word->alive.host);
    }
}

static void hear_words(struct abandoned *a)
{
    struct kafka_record record;
    int wait_ms = WAIT_MS;

    while (kafka_reader_next(a->words, wait_ms, &record)) {
        wait_ms = 0;
        if (!record.is_history && wire_is_alive(record.value) &&
            wire_read_event(record.value, &a->decoded) == ARB_OK) {
            take_word(a, &a->decoded, clock_mono_ns());
        }
    }
}

/* -- what is open ---------------------------------------------------------------------- */

static struct opening *find_open(struct abandoned *a, const struct opportunity *o)
{
    for (unsigned i = 0; i < a->n_open; i++) {
        if (a->open[i].last.session == o->session && a->open[i].last.terms.id == o->terms.id) {
            return &a->open[i];
        }
    }
    return NULL;
}

static void forget(struct abandoned *a, struct opening *opening)
{
    *opening = a->open[--a->n_open];
}

static void take_opportunity(struct abandoned *a, const struct opportunity *o)
{
    const unsigned strategy = find_strategy(a, o->strategy);
    struct opening *opening;

    if (strategy == a->config.n_strategies) {
        return;
    }
    opening = find_open(a, o);
    if (o->terms.event == ARB_OPPORTUNITY_CLOSE) {
        if (opening != NULL) {
            forget(a, opening);
        }
        return;
    }
    if (opening == NULL && a->n_open < OPEN_MAX) {
        opening = &a->open[a->n_open++];
    }
    if (opening != NULL) {
        *opening = (struct opening){ .strategy = strategy, .last = *o };
    }
}

static void hear_opportunities(struct abandoned *a)
{
    struct kafka_record record;
    struct opportunity opportunity;
    int64_t pub_ns;

    while (kafka_reader_next(a->opportunities, 0, &record)) {
        if (wire_read_opportunity(record.value, &opportunity, &pub_ns) == ARB_OK) {
            take_opportunity(a, &opportunity);
        }
    }
}

/* -- what is to be closed -------------------------------------------------------------- */

/* Of those that are alive the eldest acts; ours is one of them. */
static bool is_ours_to_close(const struct abandoned *a, unsigned strategy, int64_t now_ns)
{
    for (unsigned i = 0; i < a->n_runs; i++) {
        if (a->runs[i].strategy == strategy && !is_dead(&a->runs[i], now_ns) &&
            a->runs[i].session < session_of(a, strategy)) {
            return false;
        }
    }
    return true;
}

static bool close_one(struct abandoned *a, struct opening *opening)
{
    struct opportunity *const record = ring_reserve(a->config.ring, sizeof(*record));

    if (record == NULL) {
        return false;
    }
    *record = opening->last;
    record->terms.event = ARB_OPPORTUNITY_CLOSE;
    record->terms.reason = ARB_CLOSE_ABANDONED;
    record->seq++;
    record->detect_ns = clock_now_ns();
    record->latency_ns = 0;
    ring_commit(a->config.ring);
    forget(a, opening);
    return true;
}

/*
 * Those of our run are for itself to close. Not at once: whoever was the eldest before us may just
 * have closed it.
 */
static bool is_due(struct abandoned *a, struct opening *opening, int64_t now_ns)
{
    if (opening->last.session == session_of(a, opening->strategy) ||
        !is_dead(find_run(a, opening->last.session), now_ns) ||
        !is_ours_to_close(a, opening->strategy, now_ns)) {
        opening->ours_since_ns = 0;
        return false;
    }
    if (opening->ours_since_ns == 0) {
        opening->ours_since_ns = now_ns;
    }
    return now_ns - opening->ours_since_ns >= HANDOVER_NS;
}

static void close_dead(struct abandoned *a, int64_t now_ns)
{
    unsigned n = 0;

    for (unsigned i = 0; i < a->n_open;) {
        struct opening *const opening = &a->open[i];
        if (!is_due(a, opening, now_ns) || !close_one(a, opening)) {
            i++;
        } else {
            n++; /* and the last of them is in its place */
        }
    }
    if (n > 0) {
        log_line(ARB_INFO, who, "closed %u opportunities that runs which are gone left open", n);
    }
}

static void judge(struct abandoned *a, int64_t now_ns)
{
    if (a->n_open > 0 && a->echo_ns != 0 && now_ns - a->echo_ns <= HEARD_NS &&
        now_ns - a->sure_since_ns >= DEAD_NS && kafka_reader_is_caught_up(a->opportunities)) {
        close_dead(a, now_ns);
    }
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
            judge(a, clock_mono_ns());
        }
    }
    return NULL;
}

/* -- life ------------------------------------------------------------------------------ */

static int prepare(struct abandoned *a, const struct abandoned_config *config)
{
    a->config = *config;
    origin_host(a->host);
    a->strategies = calloc((size_t)config->n_strategies + 1, sizeof(*a->strategies));
    a->names = calloc((size_t)config->n_strategies + 1, sizeof(*a->names));
    a->open = calloc(OPEN_MAX, sizeof(*a->open));
    if (a->strategies == NULL || a->names == NULL || a->open == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        a->strategies[i] = config->strategies[i];
        a->names[i] = config->strategies[i].name;
    }
    return ARB_OK;
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
    free(a->open);
    free((void *)a->names);
    free(a->strategies);
    free(a);
}
