#include "socket_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generated.h"
#include "venue/venue_thread.h"
#include "strategy/ring_source.h"
#include "strategy/runner.h"
#include "util/clock.h"
#include "ws_client.h"
#include "ws_server.h"

enum {
    WARM_UP = 200, /* updates of each peer that are not counted */
    COUNTED = 2000,
    SHOTS = WARM_UP + COUNTED,
    RING_LEN = 1 << 20,
    FRAME_MAX = 4096,
    LEVELS = 10, /* a side of both books */
    WAIT_S = 20, /* for what takes a fraction of a second */
    LOOK_MS = 1,
    DIR_MAX = 64,
};

/* What one end has received. */
struct receiver {
    struct ws_server *server;
    enum ws_peer peer;
    _Atomic size_t n;
    struct latency latency;
};

/* A temporary directory with the certificate authority of this run. */
struct trust {
    struct tls_identity identity;
    char dir[DIR_MAX], ca_file[DIR_MAX + 16], ca_key[DIR_MAX + 16];
};

struct frames {
    char text[4][FRAME_MAX];
    struct arb_bytes snapshots[2], updates[2];
};

struct rig {
    struct trust trust;
    struct frames frames;
    struct plugin kraken, cross_venue;
    struct config config;
    struct config_entry exchange_options[2][3], strategy_options[1];
    char urls[2][64];
    char *symbols[1];
    struct exchange_config exchanges[2];
    struct strategy_config strategy;
    struct arb_venue names[2];
    struct ws_server *server;
    struct ws_client *client;
    struct venue_thread venues[2];
    struct waker waker;
    struct source *source;
    struct runner *runner;
    struct receiver ours, bare;
    struct latency inside; /* of ours: from the io's receive time to the opportunity */
    pthread_t server_thread, client_thread;
    bool has_server_thread, has_client_thread, has_waker;
    _Atomic bool stops;
};

/* -- frames --------------------------------------------------------------------------- */

static int fill_book(struct sim_book *book, int64_t best_bid, int64_t best_ask)
{
    const int rc = sim_book_init(book, LEVELS + 1);

    for (int64_t i = 0; i < LEVELS && rc == ARB_OK; i++) {
        ladder_set(&book->bids, (struct arb_level){ best_bid - 10 * i, 10000000 + i });
        ladder_set(&book->asks, (struct arb_level){ best_ask + 10 * i, 10000000 + i });
    }
    return rc;
}

static struct arb_bytes write_frame(char *text, const char *type, const struct arb_level *asks,
                                    uint32_t n_asks, const struct sim_book *after)
{
    const bool is_snapshot = strcmp(type, "snapshot") == 0;
    const struct generated_frame frame = { .type = type,
                                           .bids = after->bids.levels,
                                           .n_bids = is_snapshot ? after->bids.n : 0,
                                           .asks = asks,
                                           .n_asks = n_asks };
    struct arb_text out = arb_text_over(text, FRAME_MAX);

    generated_put(&out, &frame, after);
    return (struct arb_bytes){ out.data, out.len };
}

/*
 * The books touch nowhere: the first venue's bids are low. Its update brings an ask that is 2 %
 * below the other venue's bids, the next takes it away: an opportunity opens and closes.
 */
static int write_frames(struct frames *frames)
{
    static const struct arb_level cheap = { 620000, 5000000 }, gone = { 620000, 0 };
    struct sim_book ours = { 0 }, other = { 0 };
    int rc = fill_book(&ours, 610000, 634000);

    if (rc == ARB_OK) {
        rc = fill_book(&other, 633000, 634000);
    }
    if (rc == ARB_OK) {
        frames->snapshots[WS_OURS] =
            write_frame(frames->text[0], "snapshot", ours.asks.levels, ours.asks.n, &ours);
        frames->snapshots[WS_OTHER] =
            write_frame(frames->text[1], "snapshot", other.asks.levels, other.asks.n, &other);
        const struct arb_level worst = ours.asks.levels[LEVELS - 1];
        const struct arb_level back[] = { gone, worst };
        ladder_set(&ours.asks, cheap);
        frames->updates[0] = write_frame(frames->text[2], "update", &cheap, 1, &ours);
        ladder_set(&ours.asks, gone);
        frames->updates[1] = write_frame(frames->text[3], "update", back, 2, &ours);
    }
    sim_book_fini(&ours);
    sim_book_fini(&other);
    return rc;
}

/* -- arrivals ------------------------------------------------------------------------- */

static void note_arrival(struct receiver *receiver)
{
    const int64_t now_ns = clock_mono_ns();
    const size_t shot = atomic_load_explicit(&receiver->n, memory_order_relaxed);

    if (shot >= WARM_UP && shot < SHOTS) {
        latency_add(&receiver->latency,
                    now_ns - ws_server_sent_ns(receiver->server, receiver->peer, shot));
    }
    atomic_store_explicit(&receiver->n, shot + 1, memory_order_release);
}

/* Opened or closed: each update does one of the two. */
static void on_opportunity(void *context, const struct opportunity *opportunity)
{
    struct rig *const rig = context;

    if (atomic_load_explicit(&rig->ours.n, memory_order_relaxed) >= WARM_UP) {
        latency_add(&rig->inside, opportunity->latency_ns);
    }
    note_arrival(&rig->ours);
}

static void on_bare_message(void *context)
{
    note_arrival(context);
}

/* Called by the server: one update is under way at a time, so that none catches up with another. */
static bool have_arrived(void *context, size_t n)
{
    struct rig *const rig = context;
    return atomic_load_explicit(&rig->ours.n, memory_order_acquire) +
               atomic_load_explicit(&rig->bare.n, memory_order_acquire) ==
           n;
}

/* -- set up --------------------------------------------------------------------------- */

static int make_trust(struct trust *trust, struct err *err)
{
    (void)snprintf(trust->dir, sizeof(trust->dir), "/tmp/arbspot-bench-XXXXXX");
    if (mkdtemp(trust->dir) == NULL) {
        trust->dir[0] = '\0';
        return err_set(err, ARB_EINVAL, "no directory in /tmp for a certificate");
    }
    (void)snprintf(trust->ca_file, sizeof(trust->ca_file), "%s/ca.pem", trust->dir);
    (void)snprintf(trust->ca_key, sizeof(trust->ca_key), "%s/ca.key", trust->dir);
    return tls_identity_init(&trust->identity, trust->dir, err);
}

static void drop_trust(struct trust *trust)
{
    tls_identity_fini(&trust->identity);
    if (trust->dir[0] != '\0') {
        (void)unlink(trust->ca_key); /* whatever is left is in /tmp */
        (void)unlink(trust->ca_file);
        (void)rmdir(trust->dir);
    }
}

static int load_plugins(struct rig *rig, const char *plugin_dir, struct err *err)
{
    const char *const dirs[] = { plugin_dir, NULL };
    char path[PLUGIN_PATH_MAX];
    int rc = plugin_find("kraken", dirs, path, sizeof(path), err);

    if (rc == ARB_OK) {
        rc = plugin_load(&rig->kraken, path, ARB_KIND_EXCHANGE, err);
    }
    if (rc == ARB_OK) {
        rc = plugin_find("cross_venue", dirs, path, sizeof(path), err);
    }
    return rc == ARB_OK ? plugin_load(&rig->cross_venue, path, ARB_KIND_STRATEGY, err) : rc;
}

static void configure_exchange(struct rig *rig, int i)
{
    struct config_entry *const options = rig->exchange_options[i];

    (void)snprintf(rig->urls[i], sizeof(rig->urls[i]), "wss://127.0.0.1:%d%s",
                   ws_server_port(rig->server), ws_paths[i]);
    options[0] = (struct config_entry){ .key = "url", .value = rig->urls[i], .next = &options[1] };
    options[1] = (struct config_entry){ .key = "depth", .value = "10", .next = &options[2] };
    options[2] = (struct config_entry){ .key = "idle_timeout", .value = "600s" };
    rig->exchanges[i] = (struct exchange_config){
        .symbols = rig->symbols, .n_symbols = 1, .connections = 1, .options = options
    };
    (void)snprintf(rig->exchanges[i].name, sizeof(rig->exchanges[i].name), "venue%d", i);
    rig->names[i].taker_fee_ppm = 2600;
    (void)snprintf(rig->names[i].name, sizeof(rig->names[i].name), "venue%d", i);
}

static void configure(struct rig *rig)
{
    static char symbol[] = "BTC/USD";

    rig->symbols[0] = symbol;
    rig->config = (struct config){
        .path = "bench",
        .host = { .px_scale = 10, .qty_scale = 8, .ca_file = rig->trust.ca_file },
    };
    configure_exchange(rig, 0);
    configure_exchange(rig, 1);
    rig->strategy_options[0] = (struct config_entry){ .key = "max_age", .value = "0s" };
    rig->strategy = (struct strategy_config){ .name = "bench", .options = rig->strategy_options };
}

static int make_venues(struct rig *rig, struct err *err)
{
    struct ring_source_venue venues[2];
    int rc = waker_init(&rig->waker);

    rig->has_waker = rc == ARB_OK;
    for (int i = 0; i < 2 && rc == ARB_OK; i++) {
        const struct venue_thread_config config = {
            .config = &rig->config, .exchange = &rig->exchanges[i], .plugin = &rig->kraken, .run = 1
        };
        unsigned outlet = 0;
        rc = venue_thread_init(&rig->venues[i], &config, err);
        if (rc == ARB_OK) {
            rc = venue_thread_add_ring(&rig->venues[i], &rig->waker, RING_LEN, &outlet);
        }
        venues[i] = (struct ring_source_venue){ &rig->venues[i].rings[outlet],
                                                rig->venues[i].words[outlet] };
    }
    return rc != ARB_OK ? rc : ring_source_create(&rig->source, venues, 2, &rig->waker);
}

static int make_runner(struct rig *rig, struct err *err)
{
    struct problems problems = { .out = stderr, .path = rig->config.path };
    const struct runner_config config = { .strategy = &rig->strategy,
                                          .plugin = &rig->cross_venue,
                                          .venues = rig->names,
                                          .n_venues = 2,
                                          .source = rig->source,
                                          .fn = on_opportunity,
                                          .context = rig,
                                          .session = 1,
                                          .now = clock_moment() };
    return runner_create(&rig->runner, &config, &problems, err);
}

static int make_server(struct rig *rig, struct err *err)
{
    const struct ws_server_config config = {
        .identity = &rig->trust.identity,
        .snapshots = { rig->frames.snapshots[0], rig->frames.snapshots[1] },
        .updates = { rig->frames.updates[0], rig->frames.updates[1] },
        .n_shots = SHOTS,
        .have_arrived = have_arrived,
        .context = rig,
    };
    const int rc = ws_server_create(&rig->server, &config, err);

    rig->ours.server = rig->bare.server = rig->server;
    rig->ours.peer = WS_OURS;
    rig->bare.peer = WS_BARE;
    return rc;
}

static int make_client(struct rig *rig, struct err *err)
{
    const struct ws_client_config config = { .ca_file = rig->trust.ca_file,
                                             .port = ws_server_port(rig->server),
                                             .path = ws_paths[WS_BARE],
                                             .on_message = on_bare_message,
                                             .context = &rig->bare };
    return ws_client_create(&rig->client, &config, err);
}

/* Everything that has a libwebsockets context comes into being here, before any thread. */
static int make_parts(struct rig *rig, const char *plugin_dir, struct err *err)
{
    int rc = write_frames(&rig->frames);

    if (rc != ARB_OK || !latency_init(&rig->ours.latency, COUNTED) ||
        !latency_init(&rig->bare.latency, COUNTED) || !latency_init(&rig->inside, COUNTED)) {
        return err_set(err, ARB_ENOMEM, "no memory for frames and samples");
    }
    rc = make_trust(&rig->trust, err);
    if (rc == ARB_OK) {
        rc = load_plugins(rig, plugin_dir, err);
    }
    if (rc == ARB_OK) {
        rc = make_server(rig, err);
    }
    if (rc == ARB_OK) {
        rc = make_client(rig, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    configure(rig);
    rc = make_venues(rig, err);
    return rc == ARB_OK ? make_runner(rig, err) : rc;
}

/* -- run ------------------------------------------------------------------------------ */

static void *serve(void *context)
{
    struct rig *const rig = context;
    while (!atomic_load_explicit(&rig->stops, memory_order_relaxed)) {
        ws_server_step(rig->server);
    }
    return NULL;
}

static void *receive(void *context)
{
    struct rig *const rig = context;
    while (!atomic_load_explicit(&rig->stops, memory_order_relaxed)) {
        ws_client_step(rig->client);
    }
    return NULL;
}

static int start(struct rig *rig, struct err *err)
{
    rig->has_server_thread = pthread_create(&rig->server_thread, NULL, serve, rig) == 0;
    rig->has_client_thread = pthread_create(&rig->client_thread, NULL, receive, rig) == 0;
    if (!rig->has_server_thread || !rig->has_client_thread) {
        return err_set(err, ARB_ENOMEM, "no thread to be had");
    }
    int rc = runner_start(rig->runner, err);
    for (int i = 0; i < 2 && rc == ARB_OK; i++) {
        rc = venue_thread_start(&rig->venues[i], err);
    }
    return rc;
}

static void stop(struct rig *rig)
{
    (void)venue_thread_stop(&rig->venues[0], NEVER_NS);
    (void)venue_thread_stop(&rig->venues[1], NEVER_NS);
    if (rig->runner != NULL) {
        (void)runner_stop(rig->runner, NEVER_NS);
    }
    atomic_store_explicit(&rig->stops, true, memory_order_relaxed);
    if (rig->has_server_thread) {
        ws_server_wake(rig->server);
        (void)pthread_join(rig->server_thread, NULL);
    }
    if (rig->has_client_thread) {
        ws_client_wake(rig->client);
        (void)pthread_join(rig->client_thread, NULL);
    }
}

static void drop_parts(struct rig *rig)
{
    runner_destroy(rig->runner);
    if (rig->source != NULL) {
        rig->source->ops->destroy(rig->source);
    }
    venue_thread_fini(&rig->venues[0]);
    venue_thread_fini(&rig->venues[1]);
    ws_client_destroy(rig->client);
    ws_server_destroy(rig->server);
    if (rig->has_waker) {
        waker_fini(&rig->waker);
    }
    drop_trust(&rig->trust);
    latency_fini(&rig->ours.latency);
    latency_fini(&rig->bare.latency);
    latency_fini(&rig->inside);
}

static bool are_all_connected(const struct rig *rig)
{
    struct runner_stats stats;

    runner_stats_read(rig->runner, &stats);
    return stats.market.books.snapshots >= 2 && ws_client_is_open(rig->client);
}

static bool have_all_arrived(const struct rig *rig)
{
    return ws_server_is_done(rig->server) &&
           atomic_load_explicit(&rig->ours.n, memory_order_acquire) >= SHOTS &&
           atomic_load_explicit(&rig->bare.n, memory_order_acquire) >= SHOTS;
}

static bool wait_until(const struct rig *rig, bool (*is_so)(const struct rig *rig))
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * NS_PER_MS };
    const int64_t end_ns = clock_mono_ns() + WAIT_S * NS_PER_S;

    while (!is_so(rig)) {
        if (clock_mono_ns() >= end_ns) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static int fire(struct rig *rig, struct err *err)
{
    if (!wait_until(rig, are_all_connected)) {
        return err_set(err, ARB_EPROTO, "socket: the books did not come up");
    }
    ws_server_fire(rig->server);
    if (!wait_until(rig, have_all_arrived)) {
        return err_set(err, ARB_EPROTO, "socket: %zu opportunities and %zu messages of %d",
                       rig->ours.n, rig->bare.n, SHOTS);
    }
    return rig->ours.n == SHOTS
               ? ARB_OK
               : err_set(err, ARB_EPROTO, "socket: %zu opportunities from %d updates", rig->ours.n,
                         SHOTS);
}

int socket_path_measure(struct path_figures *figures, const char *plugin_dir, struct err *err)
{
    struct rig *const rig = calloc(1, sizeof(*rig));

    if (rig == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    int rc = make_parts(rig, plugin_dir, err);
    if (rc == ARB_OK) {
        rc = start(rig, err);
    }
    if (rc == ARB_OK) {
        rc = fire(rig, err);
    }
    stop(rig);
    if (rc == ARB_OK) {
        *figures = (struct path_figures){
            .name = "socket",
            .what = "lws_write of a TLS server -> opportunity, against -> a bare client's callback",
            .ours = latency_quantiles(&rig->ours.latency),
            .bare = latency_quantiles(&rig->bare.latency),
            .inside = latency_quantiles(&rig->inside),
        };
    }
    drop_parts(rig);
    free(rig);
    return rc;
}
