#include "venue/venue_thread.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "util/clock.h"
#include "util/log.h"

enum { WAIT_MS = 1000, CLOCK_TEXT_MAX = 96 };

/* -- the lines' requests go to the io ------------------------------------------------- */

static int to_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    return io_ws_open(((struct venue_thread *)context)->io, conn, spec);
}

static int to_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    return io_ws_send(((struct venue_thread *)context)->io, conn, text);
}

static void to_ws_close(void *context, uint32_t conn, const char *why)
{
    io_ws_close(((struct venue_thread *)context)->io, conn, why);
}

static void to_ws_give_up(void *context, uint32_t conn, const char *why)
{
    io_ws_give_up(((struct venue_thread *)context)->io, conn, why);
}

static int to_http_get(void *context, uint32_t request, const char *url)
{
    return io_http_get(((struct venue_thread *)context)->io, request, url);
}

static const struct feed_io_ops feed_io = {
    .ws_open = to_ws_open,
    .ws_send = to_ws_send,
    .ws_close = to_ws_close,
    .ws_give_up = to_ws_give_up,
    .http_get = to_http_get,
};

/* -- what the io brings goes to the lines --------------------------------------------- */

static void on_open(void *context, uint32_t conn, int64_t now_ns)
{
    lines_on_open(((struct venue_thread *)context)->lines, conn, now_ns);
}

static void on_message(void *context, uint32_t conn, int64_t now_ns, struct arb_bytes message)
{
    lines_on_message(((struct venue_thread *)context)->lines, conn, now_ns, message);
}

static void on_close(void *context, uint32_t conn, int64_t now_ns, const char *why)
{
    lines_on_close(((struct venue_thread *)context)->lines, conn, now_ns, why);
}

static void on_http(void *context, uint32_t request, int64_t now_ns, int status,
                    struct arb_bytes body)
{
    lines_on_http(((struct venue_thread *)context)->lines, request, now_ns, status, body);
}

static void on_suspect(void *context, uint32_t conn, int64_t now_ns)
{
    lines_on_suspect(((struct venue_thread *)context)->lines, conn, now_ns);
}

static void on_round_trip(void *context, uint32_t conn, int64_t now_ns, int64_t rtt_ns)
{
    lines_on_round_trip(((struct venue_thread *)context)->lines, conn, now_ns, rtt_ns);
}

/* Says how many books are live whenever that changed, once a second at most. */
static void log_live(struct venue_thread *venue, int64_t now_ns)
{
    if (now_ns < venue->look_ns) {
        return;
    }
    venue->look_ns = now_ns + NS_PER_S;
    const struct board *const board = lines_board(venue->lines);
    const uint32_t n_live = board_count_in_state(board, ARB_BOOK_LIVE);
    if (n_live != venue->n_live) {
        log_line(ARB_INFO, venue->who, "%u of %u books are live", n_live, board_n_books(board));
        venue->n_live = n_live;
    }
}

static int64_t on_turn(void *context, int64_t now_ns)
{
    struct venue_thread *const venue = context;
    const int64_t next_ns = lines_on_turn(venue->lines, now_ns);

    log_live(venue, now_ns);
    return next_ns < venue->look_ns ? next_ns : venue->look_ns;
}

static const struct io_handler io_handler = {
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
    .on_http = on_http,
    .on_suspect = on_suspect,
    .on_round_trip = on_round_trip,
    .on_turn = on_turn,
};

/* -- life ----------------------------------------------------------------------------- */

static int create_lines(struct venue_thread *venue, const struct venue_thread_config *config,
                        struct err *err)
{
    const struct feed_config feed = {
        .plugin = config->plugin,
        .exchange = config->exchange,
        .config = config->config,
        .session = config->session,
        .snapshot_interval_ms = config->config->host.snapshot_interval_ms,
        .io = &feed_io,
        .io_context = venue,
    };
    return lines_create(&venue->lines, &feed, err);
}

int venue_thread_init(struct venue_thread *venue, const struct venue_thread_config *config,
                      struct err *err)
{
    const struct exchange_config *const exchange = config->exchange;
    const char *const ca_file =
        exchange->ca_file != NULL ? exchange->ca_file : config->config->host.ca_file;

    (void)snprintf(venue->who, sizeof(venue->who), "feed=%s", exchange->name);
    const struct io_config io = { .who = venue->who, .ca_file = ca_file, .seed = config->session };
    const int rc = io_create(&venue->io, &io, &io_handler, venue, err);
    return rc != ARB_OK ? rc : create_lines(venue, config, err);
}

int venue_thread_add_ring(struct venue_thread *venue, struct waker *waker, size_t len,
                          struct ring **ring)
{
    const unsigned i = venue->n_outlets;
    const bool is_publisher = i == 0;

    if (i == VENUE_OUTLETS_MAX) {
        return ARB_ELIMIT;
    }
    int rc = ring_init(&venue->rings[i], len, waker);
    if (rc == ARB_OK) {
        rc = outlet_init_ring(&venue->outlets[i], &venue->rings[i],
                              is_publisher ? &venue->feedback : NULL, is_publisher);
    }
    if (rc == ARB_OK) {
        rc = lines_add_outlet(venue->lines, &venue->outlets[i]);
    }
    venue->n_outlets++;
    *ring = &venue->rings[i];
    return rc;
}

static void *run(void *context)
{
    struct venue_thread *const venue = context;

    (void)pthread_setname_np(pthread_self(), "venue"); /* for people who look at threads */
    while (!atomic_load_explicit(&venue->stops, memory_order_relaxed)) {
        if (io_step(venue->io, WAIT_MS) != ARB_OK) {
            log_line(ARB_ERROR, venue->who, "the network loop failed; this exchange stops");
            break;
        }
    }
    lines_stop(venue->lines, clock_now_ns(), "the host stops");
    return NULL;
}

int venue_thread_start(struct venue_thread *venue, struct err *err)
{
    const int rc = lines_start(venue->lines, clock_now_ns(), err);
    if (rc != ARB_OK) {
        return rc;
    }
    if (pthread_create(&venue->thread, NULL, run, venue) != 0) {
        return err_set(err, ARB_ENOMEM, "%s: no thread to be had", venue->who);
    }
    venue->is_running = true;
    return ARB_OK;
}

/* Over all consumers of this venue's books. */
static uint64_t count_conflated(const struct venue_thread *venue)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < venue->n_outlets; i++) {
        n += venue->outlets[i].conflated;
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

/* The closing account; the thread is gone, so its numbers are ours to read. */
static void log_stats(const struct venue_thread *venue)
{
    const struct feed_stats stats = lines_stats(venue->lines);
    const struct board_stats *const lines = board_stats(lines_board(venue->lines));
    const struct feed_stats *const s = &stats;
    char buffer[CLOCK_TEXT_MAX];
    struct arb_text clock = arb_text_over(buffer, sizeof(buffer));

    put_clock(&clock, board_clock(lines_board(venue->lines)));
    log_line(ARB_INFO, venue->who,
             "frames=%llu rejected=%llu updates=%llu snapshots=%llu verified=%llu mismatched=%llu "
             "crossed=%llu unknown_deletes=%llu resyncs=%llu refused=%llu conflated=%llu "
             "copies=%llu takeovers=%llu replaced=%llu %s",
             (unsigned long long)s->frames, (unsigned long long)s->rejected,
             (unsigned long long)s->updates, (unsigned long long)s->snapshots,
             (unsigned long long)s->verified, (unsigned long long)s->mismatched,
             (unsigned long long)s->crossed, (unsigned long long)s->unknown_deletes,
             (unsigned long long)s->resyncs, (unsigned long long)s->refused,
             (unsigned long long)count_conflated(venue), (unsigned long long)lines->copies,
             (unsigned long long)lines->takeovers, (unsigned long long)lines_replaced(venue->lines),
             buffer);
}

void venue_thread_stop(struct venue_thread *venue)
{
    if (!venue->is_running) {
        return;
    }
    atomic_store_explicit(&venue->stops, true, memory_order_relaxed);
    io_wake(venue->io);
    (void)pthread_join(venue->thread, NULL); /* fails only for a thread that is none */
    venue->is_running = false;
    log_stats(venue);
}

void venue_thread_fini(struct venue_thread *venue)
{
    io_destroy(venue->io);
    lines_destroy(venue->lines);
    for (unsigned i = 0; i < venue->n_outlets; i++) {
        outlet_fini(&venue->outlets[i]);
        ring_fini(&venue->rings[i]);
    }
    venue->io = NULL;
    venue->lines = NULL;
    venue->n_outlets = 0;
}
