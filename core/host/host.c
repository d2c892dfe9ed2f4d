#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

#include "arbspot/text.h"
#include "host/host_parts.h"
#include "host/host_watch.h"
#include "util/log.h"

enum {
    STOP_MS = 2000,  /* for the venues' threads, then for the strategies' */
    FINI_MS = 2000,  /* for what plugins clean up with */
    FLUSH_MS = 5000, /* for the last messages at the end */
    MISSED_MAX = 512,
};

int host_create(struct host **out, const struct host_setup *setup, struct err *err)
{
    struct host *const host = calloc(1, sizeof(*host));

    if (host == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the host");
    }
    host->config = setup->config;
    host->plugins = setup->plugins;
    host->wish = (struct last_run_wish){ setup->is_end_asked, setup->context };
    *out = host;
    return host_parts_create(host, err);
}

/* One whose plugin hangs in init() is not waited for: the watchdog has said so, or says so yet. */
static int wait_for_venue(const struct host *host, unsigned i, struct err *err)
{
    static const struct timespec look = { .tv_nsec = 1 * NS_PER_MS };
    const struct venue_thread *const venue = &host->venues[i];

    while (venue_thread_stage(venue) == VENUE_NOT_STARTED && !host_is_end_asked(host) &&
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
    if (rc == ARB_OK && host->web != NULL) {
        rc = host_web_start(host->web, err);
    }
    return rc == ARB_OK ? start_venues(host, err) : rc;
}

/* " missed: fees=12 minimum=3", or nothing. */
static const char *put_missed(const struct runner_stats *stats, char text[MISSED_MAX])
{
    struct arb_text out = arb_text_over(text, MISSED_MAX);

    for (uint32_t reason = 1; reason <= ARB_MISS_MAX; reason++) {
        if (stats->missed[reason] > 0) {
            arb_text_add(&out, "%s %s=%llu", out.len == 0 ? " missed:" : "",
                         miss_reason_name(reason), (unsigned long long)stats->missed[reason]);
        }
    }
    return text;
}

void host_log_stats(const struct host *host)
{
    const struct publisher_stats kafka = publisher_stats(host->publisher);

    log_line(ARB_INFO, "kafka=publisher",
             "produced=%llu delivered=%llu failed=%llu refused=%llu queue_full=%llu bytes=%llu "
             "conflated=%llu late=%llu left_out=%llu",
             (unsigned long long)kafka.produced, (unsigned long long)kafka.delivered,
             (unsigned long long)kafka.failed, (unsigned long long)kafka.refused,
             (unsigned long long)kafka.queue_full, (unsigned long long)kafka.bytes,
             (unsigned long long)kafka.conflated, (unsigned long long)kafka.late,
             (unsigned long long)kafka.left_out);
    for (unsigned i = 0; i < host->n_strategies; i++) {
        struct runner_stats stats;
        char who[2 * ARB_SYMBOL_MAX], missed[MISSED_MAX];
        runner_stats_read(host->strategies[i].runner, &stats);
        (void)snprintf(who, sizeof(who), "strategy=%s", host->strategies[i].config->name);
        log_line(
            ARB_INFO, who,
            "markets=%llu opportunities=%llu dropped=%llu books=%llu live=%llu gaps=%llu "
            "crc_mismatches=%llu duplicates=%llu matrices=%llu left_out=%llu%s",
            (unsigned long long)stats.markets, (unsigned long long)stats.opportunities,
            (unsigned long long)stats.dropped, (unsigned long long)stats.market.n_books,
            (unsigned long long)stats.market.n_live, (unsigned long long)stats.market.books.gaps,
            (unsigned long long)stats.market.books.crc_mismatches,
            (unsigned long long)stats.market.books.duplicates, (unsigned long long)stats.matrices,
            (unsigned long long)stats.left_out, put_missed(&stats, missed));
    }
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

int host_stop(struct host *host)
{
    rivals_ask_to_stop(host->rivals); /* without brokers they take a second */
    abandoned_ask_to_stop(host->abandoned);
    stop_venues(host);
    stop_strategies(host);
    if (!host_web_stop(host->web, clock_mono_ns() + STOP_MS * NS_PER_MS)) {
        log_line(ARB_ERROR, "web", "left behind: its thread does not end");
        host->has_left_threads = true;
    }
    rivals_stop(host->rivals);
    abandoned_stop(host->abandoned);
    const bool was_publishing = host->is_publishing;
    host->is_publishing = false;
    return was_publishing ? publisher_stop(host->publisher, FLUSH_MS) : ARB_OK;
}

/* All but its runner. */
static void destroy_strategy(struct strategy_part *part)
{
    if (part->source != NULL) {
        part->source->ops->destroy(part->source);
    }
    if (part->has_ring) {
        ring_fini(&part->opportunities);
    }
    if (part->has_display) {
        ring_fini(&part->displays);
    }
    if (part->has_waker) {
        waker_fini(&part->waker);
    }
    if (part->tap != NULL) {
        host_web_tap_fini(part->tap);
    }
}

bool host_has_given_up(const struct host *host)
{
    return atomic_load_explicit(&host->has_given_up, memory_order_relaxed);
}

/* Whatever calls a plugin's fini(). */
static void destroy_plugged(void *context)
{
    struct host *const host = context;

    watch_here = &host->mark;
    for (unsigned i = 0; i < host->n_strategies; i++) {
        runner_destroy(host->strategies[i].runner);
    }
    for (unsigned i = 0; i < host->n_venues; i++) {
        venue_thread_fini(&host->venues[i]);
    }
}

/* By a thread that can be left behind. False: it was. */
static bool destroy_in_time(struct host *host)
{
    watch_here = NULL;
    if (joinable_start(&host->fini, destroy_plugged, host) != ARB_OK) {
        destroy_plugged(host); /* without a thread for it, that takes as long as it takes */
        watch_here = NULL;
        return true;
    }
    const bool has_ended = joinable_join(&host->fini, clock_mono_ns() + FINI_MS * NS_PER_MS);
    if (!has_ended) {
        log_left(NULL, &host->mark);
    }
    return has_ended;
}

bool host_destroy(struct host *host)
{
    if (host == NULL) {
        return true;
    }
    if (host->has_left_threads) {
        return false;
    }
    host_web_destroy(host->web);
    rivals_destroy(host->rivals);
    abandoned_destroy(host->abandoned);
    publisher_destroy(host->publisher);
    if (!destroy_in_time(host)) {
        return false;
    }
    for (unsigned i = 0; i < host->n_strategies; i++) {
        destroy_strategy(&host->strategies[i]);
    }
    watchdog_destroy(host->watchdog); /* not before: a fini() may be slow */
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
    return true;
}
