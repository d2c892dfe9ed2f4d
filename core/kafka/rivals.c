#include "kafka/rivals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "consumer/lease.h"
#include "kafka/reader.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"
#include "wire/wire.h"

enum { WAIT_MS = 100 };

/* After that whoever has not answered is not there, or does not let anybody publish. */
#define NO_BROKERS_NS (5 * NS_PER_S)
/* Whoever is alive says so once a second. */
#define PATIENCE_NS (2 * NS_PER_S)
/* Consumers may think a little longer than we do that the other is alive. */
#define SLACK_NS (500 * NS_PER_MS)

static const char who[] = "kafka=rivals";

/* One venue, and the last of the others that was heard to publish it. */
struct watched {
    struct rivals_venue venue;
    uint64_t session;         /* of the other; 0: none was heard */
    char host[WIRE_HOST_MAX]; /* likewise */
    int64_t until_ns;         /* it is alive until then, mono; 0: it is not */
    int64_t heard_ns;         /* its last word */
    bool was_left_open;       /* what was there at the start says that it never ended */
    bool is_ours;             /* we publish the venue */
    bool is_named;            /* the other was, in the log */
};

struct rivals {
    struct rivals_config config;
    struct watched *venues; /* [n_venues] */
    const char **names;     /* likewise, for the reader */
    struct kafka_reader *reader;
    struct wire_event decoded;        /* without room for levels: a word has none */
    int64_t started_ns, caught_up_ns; /* mono; caught_up_ns is 0 before */
    bool has_given_up;
    bool is_started;
    pthread_t thread;
    _Atomic bool stops; /* no data depends on it */
};

/* -- what is heard --------------------------------------------------------------------- */

static struct watched *find(const struct rivals *rivals, const char *name)
{
    for (unsigned i = 0; i < rivals->config.n_venues; i++) {
        if (strcmp(rivals->venues[i].venue.name, name) == 0) {
            return &rivals->venues[i];
        }
    }
    return NULL;
}

static bool is_alive(const struct watched *venue, int64_t now_ns)
{
    return now_ns < venue->until_ns;
}

static void meet(struct watched *venue, const struct wire_event *word)
{
    if (venue->session != word->event.session) {
        venue->session = word->event.session;
        venue->is_named = false;
    }
    memcpy(venue->host, word->alive.host, sizeof(venue->host));
}

/* Of one that ended, or was alive before we came, nothing is left but how it went. */
static void take_word(struct rivals *rivals, const struct wire_event *word, bool is_history,
                      int64_t now_ns)
{
    struct watched *const venue = find(rivals, word->venue.name);

    if (venue == NULL || word->event.session == rivals->config.run) {
        return;
    }
    if (word->event.ends) {
        if (venue->session == word->event.session || is_history) {
            venue->until_ns = 0;
            venue->was_left_open = false;
        }
        return;
    }
    if (is_history) {
        meet(venue, word);
        venue->was_left_open = true;
    } else if (!is_alive(venue, now_ns) || word->event.session == venue->session ||
               word->event.session > venue->session) {
        meet(venue, word);
        venue->heard_ns = now_ns;
        venue->until_ns = now_ns + LEASE_NS;
    }
}

static void listen(struct rivals *rivals)
{
    struct kafka_record record;
    int wait_ms = WAIT_MS;

    while (kafka_reader_next(rivals->reader, wait_ms, &record)) {
        if (wire_is_alive(record.value) &&
            wire_read_event(record.value, &rivals->decoded) == ARB_OK) {
            take_word(rivals, &rivals->decoded, record.is_history, clock_mono_ns());
            return;
        }
        wait_ms = 0;
    }
}

/* -- what follows ---------------------------------------------------------------------- */

static void set_mute(const struct watched *venue, bool is_mute)
{
    atomic_store_explicit(&venue->venue.feedback->is_mute, is_mute, memory_order_relaxed);
}

/* How long to listen for the host that published the venue before. */
static int64_t patience_ns(const struct watched *venue)
{
    return venue->was_left_open ? PATIENCE_NS : 0;
}

static void begin(struct watched *venue, int64_t now_ns)
{
    venue->is_ours = true;
    venue->was_left_open = false;
    set_mute(venue, false);
    if (venue->is_named) {
        log_line(ARB_INFO, who,
                 "publishing %s from now on: %s, which published it, has not been heard of for "
                 "%lld ms",
                 venue->venue.name, venue->host,
                 (long long)((now_ns - venue->heard_ns) / NS_PER_MS));
        venue->is_named = false;
    }
}

/* Another host was first. */
static void give_way(struct rivals *rivals, struct watched *venue)
{
    set_mute(venue, true);
    venue->is_ours = false;
    if (venue->is_named || rivals->has_given_up) {
        return;
    }
    venue->is_named = true;
    if (rivals->config.stands_by) {
        log_line(ARB_INFO, who,
                 "standing by for %s: %s (session %016llx) publishes it, and this host (session "
                 "%016llx) takes over when it is no longer alive",
                 venue->venue.name, venue->host, (unsigned long long)venue->session,
                 (unsigned long long)rivals->config.run);
        return;
    }
    rivals->has_given_up = true;
    log_line(ARB_ERROR, who,
             "this host (session %016llx) stops: %s (session %016llx) publishes %s already, and "
             "consumers follow one host for each venue; stop that one first, or set [host] "
             "standby = yes to take over when it is gone",
             (unsigned long long)rivals->config.run, venue->host,
             (unsigned long long)venue->session, venue->venue.name);
    rivals->config.give_up(rivals->config.context);
}

/* We were first. */
static void insist(struct watched *venue)
{
    if (!venue->is_named) {
        venue->is_named = true;
        log_line(ARB_WARN, who,
                 "%s is published by %s (session %016llx) too, which is younger and has to stop; "
                 "until then consumers follow that one",
                 venue->venue.name, venue->host, (unsigned long long)venue->session);
    }
}

/* Consumers come back to us, and lack what was said meanwhile. */
static void go_on(struct watched *venue)
{
    log_line(ARB_INFO, who, "%s is published by this host alone again: %s has stopped",
             venue->venue.name, venue->host);
    venue->is_named = false;
    feedback_raise_all(venue->venue.feedback);
}

static void judge_ours(struct rivals *rivals, struct watched *venue, int64_t now_ns)
{
    if (!is_alive(venue, now_ns)) {
        if (venue->is_named && (venue->until_ns == 0 || now_ns >= venue->until_ns + SLACK_NS)) {
            go_on(venue);
        }
    } else if (venue->session < rivals->config.run) {
        give_way(rivals, venue);
    } else {
        insist(venue);
    }
}

static void judge_other(struct rivals *rivals, struct watched *venue, int64_t now_ns)
{
    const bool has_answer = rivals->caught_up_ns != 0;
    const int64_t since_ns = has_answer ? rivals->caught_up_ns : rivals->started_ns;
    const int64_t wait_ns = has_answer ? patience_ns(venue) : NO_BROKERS_NS;

    if (is_alive(venue, now_ns)) {
        give_way(rivals, venue);
    } else if (now_ns - since_ns >= wait_ns && !rivals->has_given_up) {
        begin(venue, now_ns);
    }
}

static void judge(struct rivals *rivals, int64_t now_ns)
{
    if (rivals->caught_up_ns == 0 && kafka_reader_is_caught_up(rivals->reader)) {
        rivals->caught_up_ns = now_ns;
    }
    for (unsigned i = 0; i < rivals->config.n_venues; i++) {
        struct watched *const venue = &rivals->venues[i];
        if (venue->is_ours) {
            judge_ours(rivals, venue, now_ns);
        } else {
            judge_other(rivals, venue, now_ns);
        }
    }
}

static void *run(void *context)
{
    struct rivals *const rivals = context;

    (void)pthread_setname_np(pthread_self(), "rivals"); /* for people who look at threads */
    while (!atomic_load_explicit(&rivals->stops, memory_order_relaxed)) {
        listen(rivals);
        judge(rivals, clock_mono_ns());
    }
    return NULL;
}

/* -- life ------------------------------------------------------------------------------ */

static int prepare(struct rivals *rivals, const struct rivals_config *config)
{
    rivals->config = *config;
    rivals->venues = calloc((size_t)config->n_venues + 1, sizeof(*rivals->venues));
    rivals->names = calloc((size_t)config->n_venues + 1, sizeof(*rivals->names));
    if (rivals->venues == NULL || rivals->names == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_venues; i++) {
        rivals->venues[i].venue = config->venues[i];
        rivals->names[i] = config->venues[i].name;
        set_mute(&rivals->venues[i], true);
    }
    return ARB_OK;
}

int rivals_create(struct rivals **out, const struct rivals_config *config, struct err *err)
{
    struct rivals *const rivals = calloc(1, sizeof(*rivals));
    int rc = rivals == NULL ? ARB_ENOMEM : prepare(rivals, config);

    if (rc != ARB_OK) {
        rivals_destroy(rivals);
        return err_set(err, rc, "no memory to look for other hosts");
    }
    const struct kafka_reader_config reader = { .kafka = config->kafka,
                                                .topic = config->kafka->market_topic,
                                                .start = KAFKA_FROM_TAIL,
                                                .keys = rivals->names,
                                                .n_keys = config->n_venues,
                                                .is_patient = true,
                                                .who = who };
    rc = kafka_reader_create(&rivals->reader, &reader, err);
    if (rc != ARB_OK) {
        rivals_destroy(rivals);
        return rc;
    }
    *out = rivals;
    return ARB_OK;
}

int rivals_start(struct rivals *rivals, struct err *err)
{
    rivals->started_ns = clock_mono_ns();
    const int rc =
        shortage_start_thread(&rivals->thread, run, rivals, "to look for other hosts", err);
    rivals->is_started = rc == ARB_OK;
    return rc;
}

void rivals_ask_to_stop(struct rivals *rivals)
{
    if (rivals != NULL) {
        atomic_store_explicit(&rivals->stops, true, memory_order_relaxed);
        kafka_reader_wake(rivals->reader);
    }
}

void rivals_stop(struct rivals *rivals)
{
    if (rivals != NULL && rivals->is_started) {
        rivals_ask_to_stop(rivals);
        (void)pthread_join(rivals->thread, NULL); /* a thread of ours: cannot fail */
        rivals->is_started = false;
    }
}

void rivals_destroy(struct rivals *rivals)
{
    if (rivals == NULL) {
        return;
    }
    rivals_stop(rivals);
    kafka_reader_destroy(rivals->reader);
    free((void *)rivals->names);
    free(rivals->venues);
    free(rivals);
}
