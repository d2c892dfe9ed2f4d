#include "host/host.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/heart.h"
#include "host/watchdog.h"
#include "kafka/abandoned.h"
#include "kafka/embedded.h"
#include "kafka/last_run.h"
#include "kafka/publisher.h"
#include "kafka/rivals.h"
#include "kafka/kafka_source.h"
#include "venue/venue_thread.h"
#include "strategy/ring_source.h"
#include "strategy/runner.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    STOP_MS = 2000,             /* for the venues' threads, then for the strategies' */
    FLUSH_MS = 5000,            /* for the last messages at the end */
    OPPORTUNITY_RING = 1 << 20, /* bytes */
    LAST_RUN_MS = 5000,         /* for the brokers to say what was published last */
};

/* One strategy section with what brings it events and takes its opportunities. */
struct strategy_part {
    const struct strategy_config *config;
    struct waker waker; /* of its rings, when it reads this process directly */
    bool has_waker;
    struct source *source;
    struct ring opportunities;
    bool has_ring;
    struct runner *runner;
    struct watch_mark mark; /* of its thread */
};

/* The marks that the watchdog looks at, in this order: ours, of venues, of strategies. */
enum { OWN_MARK = 0, FIRST_VENUE_MARK = 1 };

struct host {
    struct config *config;
    const struct plugins *plugins;
    uint64_t run;          /* greater than that of every host that published here before */
    struct scales *scales; /* of all venues */
    struct embedded *embedded;
    struct waker publisher_waker;
    bool has_waker;
    struct publisher *publisher;
    bool is_publishing;
    struct ring abandoned_ring;
    bool has_abandoned_ring;
    struct abandoned *abandoned; /* or NULL: there are no strategies */
    struct rivals *rivals;       /* or NULL: nobody else can publish */
    _Atomic bool has_given_up;   /* no data depends on it */
    struct venue_thread *venues; /* [n_venues] */
    unsigned n_venues;
    struct strategy_part *strategies; /* [n_strategies] */
    unsigned n_strategies;
    struct arb_venue names[CONFIG_EXCHANGES_MAX]; /* what strategies know of the exchanges */
    struct watch_mark mark;                       /* of the main thread */
    struct watchdog *watchdog;
    bool is_orphan;        /* of the watchdog's thread */
    bool has_left_threads; /* that do not end: nothing may be freed */
};

/* -- callbacks that do not return ------------------------------------------------------- */

static struct venue_thread *venue_of_mark(struct host *host, unsigned i)
{
    return i >= FIRST_VENUE_MARK && i < FIRST_VENUE_MARK + host->config->n_exchanges
               ? &host->venues[i - FIRST_VENUE_MARK]
               : NULL;
}

/* Ends this process as anybody would who asked for it; see ending.h. */
static void ask_for_the_end(void)
{
    (void)kill(getpid(), SIGTERM); /* ours: cannot fail */
}

static void on_hang(void *context, unsigned i, const char *callback)
{
    const struct host *const host = context;
    struct venue_thread *const venue = venue_of_mark(context, i);

    if (venue != NULL) {
        venue_thread_hangs(venue, callback);
    }
    if (host->config->host.family_dir != NULL) {
        log_line(ARB_INFO, NULL, "this process ends, so that another can take its place");
        ask_for_the_end();
    }
}

static void on_beat(void *context)
{
    struct host *const host = context;

    if (!host->is_orphan && !heart_beat()) {
        host->is_orphan = true;
        log_line(ARB_ERROR, NULL, "the process that started this one has gone");
        ask_for_the_end();
    }
}

static void on_return(void *context, unsigned i)
{
    struct venue_thread *const venue = venue_of_mark(context, i);

    if (venue != NULL) {
        venue_thread_is_back(venue);
    }
}

/* The places of all threads there may be, so that none comes or goes while it looks. */
static int create_watchdog(struct host *host, struct err *err)
{
    const struct watch_mark *marks[WATCHDOG_MARKS_MAX];
    struct watchdog_config config = {
        .marks = marks, .hangs = on_hang, .is_back = on_return, .context = host
    };

    if (host->config->host.family_dir != NULL) {
        config.beat = on_beat;
    }
    marks[config.n++] = &host->mark;
    for (unsigned i = 0; i < host->config->n_exchanges; i++) {
        marks[config.n++] = &host->venues[i].mark;
    }
    for (unsigned i = 0; i < host->config->n_strategies; i++) {
        marks[config.n++] = &host->strategies[i].mark;
    }
    watch_here = &host->mark;
    const int rc = watchdog_create(&host->watchdog, &config);
    return rc == ARB_OK ? watchdog_start(host->watchdog, err)
                        : err_set(err, rc, "no memory for the watchdog");
}

static void log_left(const char *who, const struct watch_mark *mark)
{
    struct watch_view view;

    if (watch_look(mark, &view)) {
        log_line(ARB_ERROR, view.subject.who,
                 "left behind: %s of plugin %s does not return, all else is ended properly",
                 view.callback, view.subject.plugin);
    } else {
        log_line(ARB_ERROR, who,
                 "left behind: its thread does not end, all else is ended properly");
    }
}

/* -- exchanges ------------------------------------------------------------------------ */

static int create_venue(struct host *host, unsigned i, struct err *err)
{
    const struct venue_thread_config config = { .config = host->config,
                                                .exchange = &host->config->exchanges[i],
                                                .plugin = &host->plugins->exchanges[i],
                                                .run = host->run,
                                                .scales = host->scales };
    struct venue_thread *const venue = &host->venues[host->n_venues++];
    unsigned outlet;
    int rc = venue_thread_init(venue, &config, err);

    if (rc == ARB_OK) {
        rc = venue_thread_add_ring(venue, &host->publisher_waker,
                                   (size_t)host->config->host.ring_bytes, &outlet);
        if (rc != ARB_OK) {
            (void)err_set(err, rc, "%s: no memory for its ring", venue->who);
        }
    }
    return rc;
}

static int create_venues(struct host *host, struct err *err)
{
    int rc = scales_create(&host->scales, host->config, err);
    for (unsigned i = 0; i < host->config->n_exchanges && rc == ARB_OK; i++) {
        const struct exchange_config *const exchange = &host->config->exchanges[i];
        (void)snprintf(host->names[i].name, sizeof(host->names[i].name), "%s", exchange->name);
        host->names[i].taker_fee_ppm = exchange->taker_fee_ppm;
        if (exchange->enabled) {
            rc = create_venue(host, i, err);
        }
    }
    return rc;
}

/* -- strategies ----------------------------------------------------------------------- */

static int create_direct_source(struct host *host, struct strategy_part *part)
{
    struct ring_source_venue venues[CONFIG_EXCHANGES_MAX];
    int rc = waker_init(&part->waker);

    part->has_waker = rc == ARB_OK;
    for (unsigned i = 0; i < host->n_venues && rc == ARB_OK; i++) {
        struct venue_thread *const venue = &host->venues[i];
        unsigned outlet;
        rc = venue_thread_add_ring(venue, &part->waker, (size_t)host->config->host.ring_bytes,
                                   &outlet);
        if (rc == ARB_OK) {
            venues[i] = (struct ring_source_venue){ &venue->rings[outlet], venue->words[outlet] };
        }
    }
    return rc != ARB_OK ? rc
                        : ring_source_create(&part->source, venues, host->n_venues, &part->waker);
}

static int create_source(struct host *host, struct strategy_part *part, struct err *err)
{
    if (part->config->source == SOURCE_DIRECT) {
        const int rc = create_direct_source(host, part);
        const char *const lacking = rc == ARB_OK ? NULL : shortage_of_files(1);
        return rc == ARB_OK ? ARB_OK
                            : err_set(err, rc, "[strategy:%s]: no rings: %s", part->config->name,
                                      lacking != NULL ? lacking : "no memory");
    }
    return kafka_source_create(&part->source, &host->config->kafka, part->config->group, err);
}

/* Of this run of this strategy: no other strategy has it, nor has this one in another run. */
static uint64_t strategy_session(uint64_t run, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    return run ^ hash;
}

static int create_runner(struct host *host, unsigned i, struct strategy_part *part, struct err *err)
{
    struct problems problems = { .out = stderr, .path = host->config->path };
    const struct runner_config config = { .strategy = part->config,
                                          .plugin = &host->plugins->strategies[i],
                                          .venues = host->names,
                                          .n_venues = host->config->n_exchanges,
                                          .source = part->source,
                                          .ring = &part->opportunities,
                                          .session =
                                              strategy_session(host->run, part->config->name),
                                          .now = clock_moment(),
                                          .silence_ns = host->config->host.silence_ms * NS_PER_MS,
                                          .mark = &part->mark };
    return runner_create(&part->runner, &config, &problems, err);
}

static int create_strategy(struct host *host, unsigned i, struct err *err)
{
    struct strategy_part *const part = &host->strategies[host->n_strategies++];

    part->config = &host->config->strategies[i];
    int rc = create_source(host, part, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = ring_init(&part->opportunities, OPPORTUNITY_RING, &host->publisher_waker);
    if (rc != ARB_OK) {
        return err_set(err, rc, "[strategy:%s]: no memory for its ring", part->config->name);
    }
    part->has_ring = true;
    return create_runner(host, i, part, err);
}

static int create_strategies(struct host *host, struct err *err)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < host->config->n_strategies && rc == ARB_OK; i++) {
        rc = host->config->strategies[i].enabled ? create_strategy(host, i, err) : ARB_OK;
    }
    return rc;
}

/* -- Kafka ---------------------------------------------------------------------------- */

static int create_broker(struct host *host, struct err *err)
{
    const char *brokers = NULL;

    if (strcmp(host->config->kafka.brokers, "embedded") != 0) {
        return ARB_OK;
    }
    int rc = embedded_start(&host->embedded, &brokers, err);
    if (rc == ARB_OK) {
        rc = embedded_attach(host->embedded, &host->config->kafka, err);
    }
    if (rc == ARB_OK) {
        log_line(ARB_INFO, "kafka=embedded",
                 "broker in this process at %s; try: kcat -C -b %s -t %s", brokers, brokers,
                 host->config->kafka.market_topic);
    }
    return rc;
}

/* 0 when nothing was published before, or nobody can tell: a host starts without brokers too. */
static uint64_t last_run(const struct host *host)
{
    struct err err = { 0 };
    uint64_t greatest = 0;

    if (host->embedded != NULL) {
        return 0; /* it is empty */
    }
    if (last_run_read(&host->config->kafka, LAST_RUN_MS, &greatest, &err) != ARB_OK) {
        log_line(ARB_WARN, "kafka=last_run",
                 "which run of a host was the last could not be read from %s: %s; this one is "
                 "numbered by the clock, and ignored by consumers if the clock was set back since",
                 host->config->kafka.market_topic, err.text);
    }
    return greatest;
}

static uint64_t number_run(const struct host *host)
{
    struct next_run next = { .greatest = last_run(host), .clock_ns = clock_now_ns() };

    if (getrandom(&next.random, sizeof(next.random), GRND_NONBLOCK) != sizeof(next.random)) {
        next.random = (uint64_t)clock_mono_ns(); /* early in the boot of the machine */
    }
    return last_run_next(&next);
}

static int create_publisher(struct host *host, struct err *err)
{
    struct publisher_venue venues[CONFIG_EXCHANGES_MAX];
    struct ring *opportunities[CONFIG_STRATEGIES_MAX + 1];

    for (unsigned i = 0; i < host->n_venues; i++) {
        venues[i] = (struct publisher_venue){ .ring = &host->venues[i].rings[0],
                                              .feedback = &host->venues[i].feedbacks[0],
                                              .words = host->venues[i].words[0] };
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        opportunities[i] = &host->strategies[i].opportunities;
    }
    opportunities[host->n_strategies] = &host->abandoned_ring;
    const struct publisher_config config = { .kafka = &host->config->kafka,
                                             .venues = venues,
                                             .opportunities = opportunities,
                                             .n_venues = host->n_venues,
                                             .n_opportunities = host->n_strategies + 1,
                                             .waker = &host->publisher_waker };
    return publisher_create(&host->publisher, &config, err);
}

static void give_up(void *context)
{
    struct host *const host = context;

    atomic_store_explicit(&host->has_given_up, true, memory_order_relaxed);
    ask_for_the_end();
}

/* Whoever has the broker in the same process was there first. */
static int create_rivals(struct host *host, struct err *err)
{
    struct rivals_venue venues[CONFIG_EXCHANGES_MAX];
    const struct rivals_config config = { .kafka = &host->config->kafka,
                                          .venues = venues,
                                          .n_venues = host->n_venues,
                                          .run = host->run,
                                          .stands_by = host->config->host.standby,
                                          .give_up = give_up,
                                          .context = host };

    if (host->embedded != NULL || host->n_venues == 0) {
        return ARB_OK;
    }
    for (unsigned i = 0; i < host->n_venues; i++) {
        venues[i] = (struct rivals_venue){ .name = host->venues[i].who + sizeof("venue=") - 1,
                                           .feedback = &host->venues[i].feedbacks[0] };
    }
    return rivals_create(&host->rivals, &config, err);
}

static int create_abandoned(struct host *host, struct err *err)
{
    struct abandoned_strategy strategies[CONFIG_STRATEGIES_MAX];
    const struct abandoned_config config = { .kafka = &host->config->kafka,
                                             .strategies = strategies,
                                             .n_strategies = host->n_strategies,
                                             .ring = &host->abandoned_ring };

    if (host->embedded != NULL) {
        return ARB_OK; /* nobody who used this broker before can have left anything in it */
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        const struct strategy_config *const strategy = host->strategies[i].config;
        strategies[i] =
            (struct abandoned_strategy){ .name = strategy->name,
                                         .session = strategy_session(host->run, strategy->name),
                                         .has_group = strategy->group != NULL };
    }
    return host->n_strategies == 0 ? ARB_OK : abandoned_create(&host->abandoned, &config, err);
}

/* -- life ----------------------------------------------------------------------------- */

/* One place more than needed, so that none is not mistaken for no memory. */
static int make_room(struct host *host, struct err *err)
{
    host->venues = calloc(host->config->n_exchanges + 1, sizeof(*host->venues));
    host->strategies = calloc(host->config->n_strategies + 1, sizeof(*host->strategies));
    return host->venues != NULL && host->strategies != NULL
               ? ARB_OK
               : err_set(err, ARB_ENOMEM, "no memory for the exchanges and strategies");
}

static int create_parts(struct host *host, struct err *err)
{
    int rc = waker_init(&host->publisher_waker);
    if (rc != ARB_OK) {
        return err_set(err, rc, "no queue for the publisher: %s", shortage_words(errno));
    }
    host->has_waker = true;
    rc = make_room(host, err);
    if (rc == ARB_OK) {
        rc = create_watchdog(host, err);
    }
    if (rc == ARB_OK) {
        rc = create_broker(host, err);
    }
    if (rc == ARB_OK) {
        host->run = number_run(host);
        rc = create_venues(host, err);
    }
    if (rc == ARB_OK) {
        rc = create_strategies(host, err);
    }
    if (rc == ARB_OK) {
        rc = ring_init(&host->abandoned_ring, OPPORTUNITY_RING, &host->publisher_waker);
        host->has_abandoned_ring = rc == ARB_OK;
    }
    if (rc == ARB_OK) {
        rc = create_publisher(host, err);
    }
    if (rc == ARB_OK) {
        rc = create_rivals(host, err);
    }
    return rc == ARB_OK ? create_abandoned(host, err) : rc;
}

int host_create(struct host **out, struct config *config, const struct plugins *plugins,
                struct err *err)
{
    struct host *const host = calloc(1, sizeof(*host));

    if (host == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the host");
    }
    host->config = config;
    host->plugins = plugins;
    const int rc = create_parts(host, err);
    if (rc != ARB_OK) {
        host_destroy(host);
        return rc;
    }
    *out = host;
    return ARB_OK;
}

/* One whose plugin hangs in init() is not waited for: the watchdog has said so. */
static int wait_for_venue(const struct host *host, unsigned i, struct err *err)
{
    static const struct timespec look = { .tv_nsec = 1 * NS_PER_MS };
    const struct venue_thread *const venue = &host->venues[i];

    while (venue_thread_stage(venue) == VENUE_NOT_STARTED &&
           !watchdog_says_hanging(host->watchdog, FIRST_VENUE_MARK + i)) {
        (void)nanosleep(&look, NULL); /* shorter is fine */
    }
    if (venue_thread_stage(venue) == VENUE_FAILED) {
        *err = venue->start_err;
        return err->rc;
    }
    return ARB_OK;
}

static int start_venues(struct host *host, struct err *err)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < host->n_venues && rc == ARB_OK; i++) {
        rc = venue_thread_start(&host->venues[i], err);
    }
    for (unsigned i = 0; i < host->n_venues && rc == ARB_OK; i++) {
        rc = wait_for_venue(host, i, err);
    }
    return rc;
}

/* Consumers first, so that nothing waits in a ring longer than it has to. */
int host_start(struct host *host, struct err *err)
{
    int rc = publisher_start(host->publisher, err);

    host->is_publishing = rc == ARB_OK;
    if (rc == ARB_OK && host->rivals != NULL) {
        rc = rivals_start(host->rivals, err);
    }
    if (rc == ARB_OK && host->abandoned != NULL) {
        rc = abandoned_start(host->abandoned, err);
    }
    for (unsigned i = 0; i < host->n_strategies && rc == ARB_OK; i++) {
        rc = runner_start(host->strategies[i].runner, err);
    }
    return rc == ARB_OK ? start_venues(host, err) : rc;
}

void host_log_stats(const struct host *host)
{
    const struct publisher_stats kafka = publisher_stats(host->publisher);

    log_line(ARB_INFO, "kafka=publisher",
             "produced=%llu delivered=%llu failed=%llu refused=%llu queue_full=%llu bytes=%llu "
             "conflated=%llu late=%llu",
             (unsigned long long)kafka.produced, (unsigned long long)kafka.delivered,
             (unsigned long long)kafka.failed, (unsigned long long)kafka.refused,
             (unsigned long long)kafka.queue_full, (unsigned long long)kafka.bytes,
             (unsigned long long)kafka.conflated, (unsigned long long)kafka.late);
    for (unsigned i = 0; i < host->n_strategies; i++) {
        struct runner_stats stats;
        char who[2 * ARB_SYMBOL_MAX];
        runner_stats_read(host->strategies[i].runner, &stats);
        (void)snprintf(who, sizeof(who), "strategy=%s", host->strategies[i].config->name);
        log_line(ARB_INFO, who,
                 "markets=%llu opportunities=%llu dropped=%llu books=%llu live=%llu gaps=%llu "
                 "crc_mismatches=%llu duplicates=%llu",
                 (unsigned long long)stats.markets, (unsigned long long)stats.opportunities,
                 (unsigned long long)stats.dropped, (unsigned long long)stats.market.n_books,
                 (unsigned long long)stats.market.n_live,
                 (unsigned long long)stats.market.books.gaps,
                 (unsigned long long)stats.market.books.crc_mismatches,
                 (unsigned long long)stats.market.books.duplicates);
    }
}

/* All at once: those that end are not held up by one that hangs. */
static void stop_venues(struct host *host)
{
    const int64_t deadline_ns = clock_mono_ns() + STOP_MS * NS_PER_MS;

    for (unsigned i = 0; i < host->n_venues; i++) {
        venue_thread_ask_to_stop(&host->venues[i]);
    }
    for (unsigned i = 0; i < host->n_venues; i++) {
        struct venue_thread *const venue = &host->venues[i];
        if (!venue_thread_stop(venue, deadline_ns)) {
            log_left(venue->who, &venue->mark);
            venue_thread_hangs(venue, "a callback");
            host->has_left_threads = true;
        }
    }
}

static void stop_strategies(struct host *host)
{
    const int64_t deadline_ns = clock_mono_ns() + STOP_MS * NS_PER_MS;

    for (unsigned i = 0; i < host->n_strategies; i++) {
        runner_ask_to_stop(host->strategies[i].runner);
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        const struct strategy_part *const part = &host->strategies[i];
        if (!runner_stop(part->runner, deadline_ns)) {
            log_left(NULL, &part->mark);
            host->has_left_threads = true;
        }
    }
}

bool host_has_left_threads(const struct host *host)
{
    return host->has_left_threads;
}

int host_stop(struct host *host)
{
    rivals_ask_to_stop(host->rivals); /* without brokers they take a second */
    abandoned_ask_to_stop(host->abandoned);
    stop_venues(host);
    stop_strategies(host);
    rivals_stop(host->rivals);
    abandoned_stop(host->abandoned);
    const bool was_publishing = host->is_publishing;
    host->is_publishing = false;
    return was_publishing ? publisher_stop(host->publisher, FLUSH_MS) : ARB_OK;
}

static void destroy_strategy(struct strategy_part *part)
{
    runner_destroy(part->runner);
    if (part->source != NULL) {
        part->source->ops->destroy(part->source);
    }
    if (part->has_ring) {
        ring_fini(&part->opportunities);
    }
    if (part->has_waker) {
        waker_fini(&part->waker);
    }
}

bool host_has_given_up(const struct host *host)
{
    return atomic_load_explicit(&host->has_given_up, memory_order_relaxed);
}

void host_destroy(struct host *host)
{
    if (host == NULL) {
        return;
    }
    assert(!host->has_left_threads);
    rivals_destroy(host->rivals);
    abandoned_destroy(host->abandoned);
    publisher_destroy(host->publisher);
    for (unsigned i = 0; i < host->n_strategies; i++) {
        destroy_strategy(&host->strategies[i]);
    }
    for (unsigned i = 0; i < host->n_venues; i++) {
        venue_thread_fini(&host->venues[i]);
    }
    watchdog_destroy(host->watchdog); /* not before: a fini() may hang too */
    watch_here = NULL;
    scales_destroy(host->scales);
    embedded_stop(host->embedded);
    if (host->has_abandoned_ring) {
        ring_fini(&host->abandoned_ring);
    }
    if (host->has_waker) {
        waker_fini(&host->publisher_waker);
    }
    free(host->strategies);
    free(host->venues);
    free(host);
}
