#include "host/host_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/direct_source.h"
#include "host/host_watch.h"
#include "kafka/kafka_source.h"
#include "kafka/last_run.h"
#include "strategy/terms.h"
#include "util/clock.h"
#include "util/fnv.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    OPPORTUNITY_RING = 1 << 20, /* bytes */
    DISPLAY_RING = 1 << 18,     /* likewise: some hundred matrices */
    LAST_RUN_MS = 5000,         /* for the brokers to say what was published last */
};

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
        host->names[i] = venue_as_configured(exchange);
        if (exchange->enabled) {
            rc = create_venue(host, i, err);
        }
    }
    return rc;
}

/* -- strategies ----------------------------------------------------------------------- */

static int create_direct_source(struct host *host, struct strategy_part *part)
{
    const int rc = waker_init(&part->waker);

    part->has_waker = rc == ARB_OK;
    return rc == ARB_OK
               ? direct_source_create(&part->source, &part->waker, host->venues, host->n_venues,
                                      (size_t)host->config->host.ring_bytes)
               : rc;
}

/* Its opportunities have legs in several partitions. */
static bool is_across(const struct host *host, const struct strategy_part *part)
{
    const size_t i = (size_t)(part->config - host->config->strategies);
    return (host->plugins->strategies[i].strategy.flags & ARB_STRATEGY_ACROSS) != 0;
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
    const struct kafka_source_group group = { .group = part->config->group,
                                              .reads_all = is_across(host, part) };
    return kafka_source_create(&part->source, &host->config->kafka, group, err);
}

/* Of this run of this strategy: no other strategy has it, nor has this one in another run. */
static uint64_t strategy_session(uint64_t run, const char *name)
{
    return run ^ fnv_of(name);
}

/* Another host may publish a venue of ours, or does, and its strategies are at work. */
static bool is_held(const void *context)
{
    const struct host *const host = context;

    for (unsigned i = 0; i < host->n_venues; i++) {
        if (atomic_load_explicit(&host->venues[i].feedbacks[0].is_mute, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* Another run of the strategy has it open. */
static bool is_taken(const void *context, const struct opportunity *opportunity)
{
    const struct host *const host = context;
    return host->abandoned != NULL && abandoned_is_taken(host->abandoned, opportunity);
}

static int create_runner(struct host *host, unsigned i, struct strategy_part *part, struct err *err)
{
    struct problems problems = { .out = stderr, .path = host->config->path };
    const struct runner_config config = { .strategy = part->config,
                                          .plugin = &host->plugins->strategies[i],
                                          .venues = host->names,
                                          .n_venues = host->config->n_exchanges,
                                          .config = host->config,
                                          .source = part->source,
                                          .is_shared =
                                              part->config->group != NULL && is_across(host, part),
                                          .ring = &part->opportunities,
                                          .displays = part->has_display ? &part->displays : NULL,
                                          .fn = part->tap != NULL ? host_web_tell : NULL,
                                          .rest_fn = part->tap != NULL ? host_web_tell : NULL,
                                          .context = part->tap,
                                          .session = tenure_session(&part->tenure),
                                          .tenure = host->embedded == NULL ? &part->tenure : NULL,
                                          .now = clock_moment(),
                                          .silence_ns = host->config->host.silence_ms * NS_PER_MS,
                                          .mark = &part->mark,
                                          .is_held = is_held,
                                          .is_taken = is_taken,
                                          .host = host };
    return runner_create(&part->runner, &config, &problems, err);
}

/* They have a ring of their own, so that they take no room from opportunities. */
static int create_display(struct host *host, struct strategy_part *part, struct err *err)
{
    if (part->config->matrix_ms == 0) {
        return ARB_OK;
    }
    const int rc = ring_init(&part->displays, DISPLAY_RING, &host->publisher_waker);
    part->has_display = rc == ARB_OK;
    return rc == ARB_OK
               ? ARB_OK
               : err_set(err, rc, "[strategy:%s]: no memory for its matrices", part->config->name);
}

/* In a family of processes none of them sees everything: `arbspot web` does. */
static bool has_dashboard(const struct host *host)
{
    return host->config->web.listen != NULL && host->config->host.family_dir == NULL;
}

static int create_tap(struct host *host, struct strategy_part *part, struct err *err)
{
    part->tap = &host->taps[part - host->strategies];
    return host_web_tap_init(part->tap, part->config->name, &part->tenure) == ARB_OK
               ? ARB_OK
               : err_set(err, ARB_ENOMEM, "[strategy:%s]: no memory for the dashboard's ring",
                         part->config->name);
}

static int create_strategy(struct host *host, unsigned i, struct err *err)
{
    struct strategy_part *const part = &host->strategies[host->n_strategies++];

    part->config = &host->config->strategies[i];
    tenure_begin(&part->tenure, strategy_session(host->run, part->config->name));
    int rc = create_source(host, part, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = ring_init(&part->opportunities, OPPORTUNITY_RING, &host->publisher_waker);
    if (rc != ARB_OK) {
        return err_set(err, rc, "[strategy:%s]: no memory for its ring", part->config->name);
    }
    part->has_ring = true;
    rc = create_display(host, part, err);
    if (rc == ARB_OK && has_dashboard(host)) {
        rc = create_tap(host, part, err);
    }
    return rc == ARB_OK ? create_runner(host, i, part, err) : rc;
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
    log_line(ARB_INFO, "kafka=last_run",
             "waiting up to %d s for Kafka at %s, to learn which run of a host was the last",
             LAST_RUN_MS / 1000, host->config->kafka.brokers);
    if (last_run_read(&host->config->kafka, LAST_RUN_MS, host->wish, &greatest, &err) != ARB_OK &&
        !host_is_end_asked(host)) {
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
    struct ring *opportunities[CONFIG_STRATEGIES_MAX + 1], *displays[CONFIG_STRATEGIES_MAX];
    unsigned n_displays = 0;

    for (unsigned i = 0; i < host->n_venues; i++) {
        venues[i] = (struct publisher_venue){ .ring = &host->venues[i].rings[0],
                                              .feedback = &host->venues[i].feedbacks[0],
                                              .words = host->venues[i].words[0] };
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        opportunities[i] = &host->strategies[i].opportunities;
        if (host->strategies[i].has_display) {
            displays[n_displays++] = &host->strategies[i].displays;
        }
    }
    opportunities[host->n_strategies] = &host->abandoned_ring;
    const struct publisher_config config = { .kafka = &host->config->kafka,
                                             .venues = venues,
                                             .opportunities = opportunities,
                                             .n_venues = host->n_venues,
                                             .n_opportunities = host->n_strategies + 1,
                                             .displays = displays,
                                             .n_displays = n_displays,
                                             .waker = &host->publisher_waker };
    return publisher_create(&host->publisher, &config, err);
}

/* Behind the publisher, which it asks for brokers, and all strategies. */
static int create_web(struct host *host, struct err *err)
{
    const struct host_web_config config = { .config = host->config,
                                            .venues = host->venues,
                                            .n_venues = host->n_venues,
                                            .taps = host->taps,
                                            .n_taps = host->n_strategies,
                                            .publisher = host->publisher };

    return has_dashboard(host) ? host_web_create(&host->web, &config, err) : ARB_OK;
}

static void give_up(void *context)
{
    struct host *const host = context;

    atomic_store_explicit(&host->has_given_up, true, memory_order_relaxed);
    host_ask_for_the_end();
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
    struct claims_strategy strategies[CONFIG_STRATEGIES_MAX];
    const struct abandoned_config config = { .kafka = &host->config->kafka,
                                             .strategies = strategies,
                                             .n_strategies = host->n_strategies,
                                             .ring = &host->abandoned_ring };

    if (host->embedded != NULL) {
        return ARB_OK; /* nobody who used this broker before can have left anything in it */
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        struct strategy_part *const part = &host->strategies[i];
        strategies[i] = (struct claims_strategy){ .name = part->config->name,
                                                  .tenure = &part->tenure,
                                                  .has_group = part->config->group != NULL };
    }
    return host->n_strategies == 0 ? ARB_OK : abandoned_create(&host->abandoned, &config, err);
}

/* -- all of it ---------------------------------------------------------------------------- */

/* One place more than needed, so that none is not mistaken for no memory. */
static int make_room(struct host *host, struct err *err)
{
    host->venues = calloc(host->config->n_exchanges + 1, sizeof(*host->venues));
    host->strategies = calloc(host->config->n_strategies + 1, sizeof(*host->strategies));
    return host->venues != NULL && host->strategies != NULL
               ? ARB_OK
               : err_set(err, ARB_ENOMEM, "no memory for the exchanges and strategies");
}

/* Numbers the run; the rest is of no use to a host that has been asked to end meanwhile. */
static int number(struct host *host)
{
    host->run = number_run(host);
    return host_is_end_asked(host) ? ARB_ELIMIT : ARB_OK;
}

int host_parts_create(struct host *host, struct err *err)
{
    int rc = waker_init(&host->publisher_waker);
    if (rc != ARB_OK) {
        return err_set(err, rc, "no queue for the publisher: %s", shortage_words(errno));
    }
    host->has_waker = true;
    rc = make_room(host, err);
    if (rc == ARB_OK) {
        rc = host_watch_start(host, err);
    }
    if (rc == ARB_OK) {
        rc = create_broker(host, err);
    }
    if (rc == ARB_OK) {
        rc = number(host);
    }
    if (rc == ARB_OK) {
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
        rc = create_web(host, err);
    }
    if (rc == ARB_OK) {
        rc = create_rivals(host, err);
    }
    return rc == ARB_OK ? create_abandoned(host, err) : rc;
}
