#include "venue/venue_thread.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"
#include "venue/venue_quiet.h"

enum { WAIT_MS = 1000, STATS_MS = 60000, PING_MS = 1000, CLOCK_TEXT_MAX = 96, WHY_MAX = 1024 };

static void say_none_live(const struct venue_thread *thread, int64_t now_ns)
{
    const struct board *const board = venue_board(thread->venue);
    const struct venue_quiet quiet = { .standing = venue_standing(thread->venue),
                                       .n_stale = board_count_in_state(board, ARB_BOOK_STALE),
                                       .n_unusable = board_count_in_state(board, ARB_BOOK_UNUSABLE),
                                       .connection = io_last_failure(thread->io),
                                       .reason = board_last_reason(board) };
    char buffer[WHY_MAX];
    struct arb_text why = arb_text_over(buffer, sizeof(buffer));

    venue_quiet_explain(&quiet, &why);
    log_line(ARB_WARN, thread->who, "no book is live for %lld s: %s",
             quiet_seconds(&thread->quiet, now_ns), buffer);
}

static void look_for_live(struct venue_thread *thread, int64_t now_ns)
{
    switch (quiet_look(&thread->quiet, thread->n_live == 0, now_ns, thread->silence_ns)) {
    case QUIET_BEGINS:
        say_none_live(thread, now_ns);
        break;
    case QUIET_ENDS:
        log_line(ARB_INFO, thread->who, "there are live books again, after %lld s",
                 quiet_seconds(&thread->quiet, now_ns));
        break;
    case QUIET_NONE:
        break;
    }
}

/* Says how many books are live whenever that changed, once a second at most. */
static void log_live(struct venue_thread *thread, struct moment now)
{
    if (now.mono_ns < thread->look_ns) {
        return;
    }
    thread->look_ns = now.mono_ns + NS_PER_S;
    const struct board *const board = venue_board(thread->venue);
    const uint32_t n_live = board_count_in_state(board, ARB_BOOK_LIVE);
    if (n_live != thread->n_live) {
        log_line(ARB_INFO, thread->who, "%u of %u books are live", n_live, board_n_books(board));
        thread->n_live = n_live;
    }
    look_for_live(thread, now.mono_ns);
}

static int64_t on_turn(void *context, struct moment now)
{
    struct venue_thread *const thread = context;
    venue_on_load(thread->venue, now, io_load(thread->io));
    const int64_t next_ns = venue_on_turn(thread->venue, now);

    log_live(thread, now);
    return next_ns < thread->look_ns ? next_ns : thread->look_ns;
}

/* -- life ----------------------------------------------------------------------------- */

static int create_venue(struct venue_thread *thread, const struct venue_thread_config *config,
                        struct err *err)
{
    const struct venue_config venue_config = {
        .plugin = config->plugin,
        .exchange = config->exchange,
        .config = config->config,
        .run = config->run,
        .snapshot_interval_ms = config->config->host.snapshot_interval_ms,
        .port = io_port(thread->io),
        .scales = config->scales,
        .asleep_ns = clock_asleep_ns,
    };
    return venue_create(&thread->venue, &venue_config, err);
}

/* Often enough to tell within max_lag; WebSocket's own pings, which no venue counts. 0: as usual.
 */
static int64_t round_trip_ms(int64_t max_lag_ms)
{
    return max_lag_ms / 2 < PING_MS ? max_lag_ms / 2 : PING_MS;
}

int venue_thread_init(struct venue_thread *thread, const struct venue_thread_config *config,
                      struct err *err)
{
    const struct exchange_config *const exchange = config->exchange;
    const char *const ca_file =
        exchange->ca_file != NULL ? exchange->ca_file : config->config->host.ca_file;

    (void)snprintf(thread->who, sizeof(thread->who), "venue=%s", exchange->name);
    thread->silence_ns = config->config->host.silence_ms * NS_PER_MS;
    const struct io_config io = { .who = thread->who,
                                  .ca_file = ca_file,
                                  .proxy = exchange->proxy,
                                  .round_trip_ms = round_trip_ms(exchange->max_lag_ms),
                                  .seed = config->run };
    const int rc = io_create(&thread->io, &io, &session_events, on_turn, thread, err);
    return rc != ARB_OK ? rc : create_venue(thread, config, err);
}

int venue_thread_add_ring(struct venue_thread *thread, struct waker *waker, size_t len,
                          unsigned *outlet)
{
    const unsigned i = thread->n_outlets;
    const bool is_publisher = i == 0;

    if (i == VENUE_OUTLETS_MAX) {
        return ARB_ELIMIT;
    }
    int rc = ring_init(&thread->rings[i], len, waker);
    if (rc == ARB_OK) {
        rc = outlet_init_ring(&thread->outlets[i], &thread->rings[i], &thread->feedbacks[i],
                              is_publisher);
    }
    if (rc == ARB_OK) {
        rc = last_words_create(&thread->words[i], &thread->feedbacks[i]);
    }
    if (rc == ARB_OK) {
        rc = venue_add_outlet(thread->venue, &thread->outlets[i]);
    }
    thread->n_outlets++;
    *outlet = i;
    return rc;
}

static bool start_venue(struct venue_thread *thread)
{
    const int rc = venue_start(thread->venue, clock_moment(), &thread->start_err);

    atomic_store_explicit(&thread->stage, rc == ARB_OK ? VENUE_STARTED : VENUE_FAILED,
                          memory_order_release);
    return rc == ARB_OK;
}

enum venue_stage venue_thread_stage(const struct venue_thread *thread)
{
    return (enum venue_stage)atomic_load_explicit(&thread->stage, memory_order_acquire);
}

void venue_thread_hangs(struct venue_thread *thread, const char *callback)
{
    for (unsigned i = 0; i < thread->n_outlets; i++) {
        last_words_ask(thread->words[i], callback);
        waker_wake(thread->rings[i].waker);
    }
}

void venue_thread_is_back(struct venue_thread *thread)
{
    for (unsigned i = 0; i < thread->n_outlets; i++) {
        last_words_end(thread->words[i]);
    }
}

/* Over all consumers of this venue's books. */
static uint64_t count_conflated(const struct venue_thread *thread)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < thread->n_outlets; i++) {
        n += thread->outlets[i].conflated;
    }
    return n;
}

/* "clock_offset_us=-250013 clock_error_us=431", or that it is not known. */
static void put_clock(struct arb_text *text, struct arb_clock clock)
{
    if (arb_clock_is_known(clock)) {
        arb_text_add(text, "clock_offset_us=%lld clock_error_us=%lld",
                     (long long)(clock.offset_ns / 1000), (long long)(clock.error_ns / 1000));
    } else {
        arb_text_add(text, "clock=unknown");
    }
}

/* By the thread itself, or when it is gone: then its numbers are ours to read. */
static void log_stats(const struct venue_thread *thread)
{
    const struct session_stats stats = venue_stats(thread->venue);
    const struct board_stats *const board = board_stats(venue_board(thread->venue));
    const struct session_stats *const s = &stats;
    const struct relief *const relief = venue_relief(thread->venue);
    char buffer[CLOCK_TEXT_MAX];
    struct arb_text clock = arb_text_over(buffer, sizeof(buffer));

    put_clock(&clock, board_clock(venue_board(thread->venue), clock_moment()));
    log_line(ARB_INFO, thread->who,
             "frames=%llu rejected=%llu updates=%llu snapshots=%llu verified=%llu mismatched=%llu "
             "crossed=%llu unknown_deletes=%llu resyncs=%llu refused=%llu conflated=%llu "
             "copies=%llu takeovers=%llu replaced=%llu worst_lag_ms=%lld "
             "worst_host_lag_ms=%lld skipped=%llu shed=%u %s",
             (unsigned long long)s->frames, (unsigned long long)s->rejected,
             (unsigned long long)s->books.updates, (unsigned long long)s->books.snapshots,
             (unsigned long long)s->books.verified, (unsigned long long)s->books.mismatched,
             (unsigned long long)s->books.crossed, (unsigned long long)s->books.unknown_deletes,
             (unsigned long long)s->resyncs, (unsigned long long)s->refused,
             (unsigned long long)count_conflated(thread), (unsigned long long)board->copies,
             (unsigned long long)board->takeovers,
             (unsigned long long)venue_replaced(thread->venue),
             (long long)(board->worst_lag_ns / NS_PER_MS),
             (long long)(relief->load.worst_ns / NS_PER_MS), (unsigned long long)s->skipped,
             relief_n_shed(relief), buffer);
}

static void run(void *context)
{
    struct venue_thread *const thread = context;

    (void)pthread_setname_np(pthread_self(), "venue"); /* for people who look at threads */
    watch_here = &thread->mark;
    if (!start_venue(thread)) {
        return;
    }
    int64_t stats_ns = clock_mono_ns() + STATS_MS * NS_PER_MS;
    while (!atomic_load_explicit(&thread->stops, memory_order_relaxed)) {
        if (io_step(thread->io, WAIT_MS) != ARB_OK) {
            log_line(ARB_ERROR, thread->who, "the network loop failed; this exchange stops");
            break;
        }
        if (clock_mono_ns() >= stats_ns) {
            stats_ns += STATS_MS * NS_PER_MS;
            log_stats(thread);
        }
    }
    venue_stop(thread->venue, clock_moment(), "the host stops");
}

int venue_thread_start(struct venue_thread *thread, struct err *err)
{
    const int rc = joinable_start(&thread->thread, run, thread);

    if (rc == ARB_OK) {
        return ARB_OK;
    }
    (void)shortage_no_thread("to be had", err);
    return err_prefix(err, "%s: ", thread->who);
}

void venue_thread_ask_to_stop(struct venue_thread *thread)
{
    if (thread->thread.is_started) {
        atomic_store_explicit(&thread->stops, true, memory_order_relaxed);
        io_wake(thread->io);
    }
}

bool venue_thread_stop(struct venue_thread *thread, int64_t deadline_ns)
{
    const bool was_started = thread->thread.is_started;

    venue_thread_ask_to_stop(thread);
    if (!joinable_join(&thread->thread, deadline_ns)) {
        return false;
    }
    if (was_started) {
        log_stats(thread);
    }
    return true;
}

void venue_thread_fini(struct venue_thread *thread)
{
    venue_destroy(thread->venue); /* its sessions have the io forget them */
    io_destroy(thread->io);
    for (unsigned i = 0; i < thread->n_outlets; i++) {
        outlet_fini(&thread->outlets[i]);
        ring_fini(&thread->rings[i]);
        last_words_destroy(thread->words[i]);
    }
    thread->io = NULL;
    thread->venue = NULL;
    thread->n_outlets = 0;
}
