/*
 * sim_feed.h - a real plugin behind the real feed, connected to a venue of the simulator without
 * sockets: one thread, a clock that the test moves, and frames that the test may lose.
 */
#ifndef ARB_TEST_SIM_FEED_H
#define ARB_TEST_SIM_FEED_H

#include <inttypes.h>
#include <stdio.h>

#include "session/feed.h"
#include "sim_client.h"
#include "util/clock.h"
#include "util/log.h"

enum { FEED_FRAMES_MAX = 4096, FEED_REQUESTS_MAX = 16, FEED_ENTRIES_MAX = 4 };

struct sim_feed {
    struct instrument_list *instruments;
    struct world *world;
    struct feed *feed;
    struct config config;
    struct exchange_config exchange;
    struct config_entry entries[FEED_ENTRIES_MAX];
    int64_t now_ns, turn_ns;
    bool wants_open, wants_close;
    char *frames[FEED_FRAMES_MAX]; /* on their way to the feed */
    size_t n_frames;
    struct {
        uint32_t request;
        char path[SIM_PATH_MAX];
    } requests[FEED_REQUESTS_MAX];
    size_t n_requests;
    /* Whether a frame gets lost on its way; or NULL. */
    bool (*loses)(void *context, const char *frame);
    void *context;
};

static inline void sim_feed_on_frame(void *context, uint32_t venue, uint32_t client,
                                     struct arb_bytes text)
{
    struct sim_feed *const sim = context;
    (void)venue, (void)client;
    assert_true(sim->n_frames < FEED_FRAMES_MAX);
    sim->frames[sim->n_frames++] = strndup(text.data, text.len);
}

static inline void sim_feed_on_end(void *context, uint32_t venue, uint32_t client, uint16_t code,
                                   const char *why)
{
    (void)venue, (void)client, (void)code, (void)why;
    ((struct sim_feed *)context)->wants_close = true;
}

static inline int sim_feed_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    (void)spec;
    assert_int_equal(conn, 0);
    ((struct sim_feed *)context)->wants_open = true;
    return ARB_OK;
}

static inline int sim_feed_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    struct sim_feed *const sim = context;
    struct sim_venue *const model = world_venue(sim->world, 0);
    (void)conn;
    model->ops->on_text(model, 0, sim->now_ns, text);
    return ARB_OK;
}

static inline void sim_feed_ws_close(void *context, uint32_t conn, const char *why)
{
    (void)conn, (void)why;
    ((struct sim_feed *)context)->wants_close = true;
}

static inline int sim_feed_http_get(void *context, uint32_t request, const char *url)
{
    struct sim_feed *const sim = context;
    assert_true(sim->n_requests < FEED_REQUESTS_MAX);
    sim->requests[sim->n_requests].request = request;
    (void)snprintf(sim->requests[sim->n_requests++].path, SIM_PATH_MAX, "%s",
                   strstr(url, "/api/v2"));
    return ARB_OK;
}

static inline void sim_feed_connect(struct sim_feed *sim)
{
    struct sim_venue *const model = world_venue(sim->world, 0);

    if (sim->wants_close) {
        model->ops->on_disconnect(model, 0);
        feed_on_close(sim->feed, 0, sim->now_ns, "closed");
        sim->wants_open = true;
        sim->wants_close = false;
    }
    if (sim->wants_open) {
        sim->wants_open = false;
        model->ops->on_connect(model, 0, sim->now_ns);
        feed_on_open(sim->feed, 0, sim->now_ns);
    }
}

static inline void sim_feed_deliver(struct sim_feed *sim)
{
    for (size_t i = 0; i < sim->n_frames; i++) { /* more may come meanwhile */
        char *const frame = sim->frames[i];
        if (sim->loses == NULL || !sim->loses(sim->context, frame)) {
            feed_on_message(sim->feed, 0, sim->now_ns, (struct arb_bytes){ frame, strlen(frame) });
        }
        free(frame);
    }
    sim->n_frames = 0;
    for (; sim->n_requests > 0; sim->n_requests--) {
        struct sim_venue *const model = world_venue(sim->world, 0);
        struct arb_bytes body;
        const int status =
            model->ops->on_get(model, sim->requests[sim->n_requests - 1].path, sim->now_ns, &body);
        feed_on_http(sim->feed, sim->requests[sim->n_requests - 1].request, sim->now_ns, status,
                     body);
    }
}

/* Carries out what is due next, at its time. */
static inline void sim_feed_step(struct sim_feed *sim)
{
    const int64_t world_ns = world_next_ns(sim->world);

    sim->now_ns = world_ns < sim->turn_ns ? world_ns : sim->turn_ns;
    world_advance(sim->world, sim->now_ns);
    sim_feed_connect(sim);
    sim_feed_deliver(sim);
    sim->turn_ns = feed_on_turn(sim->feed, sim->now_ns);
    if (sim->turn_ns <= sim->now_ns) {
        sim->turn_ns = sim->now_ns + 1;
    }
}

static inline bool sim_feed_side_is_true(const struct ladder *want, const struct arb_level *have,
                                         uint32_t n, const struct sim_instrument *item)
{
    bool same = n >= want->n;
    for (uint32_t i = 0; same && i < want->n; i++) {
        const struct arb_level *const level = &have[n - 1 - i];
        same = level->px == want->levels[i].px * arb_pow10(10U - item->px_digits) &&
               level->qty == want->levels[i].qty * arb_pow10(8U - item->qty_digits);
    }
    return same;
}

/*
 * Whether the best 100 levels a side of the feed's first book are what the venue has published.
 * The market holds no more; what the feed has behind them, no frame of the venue speaks of.
 */
static inline bool sim_feed_is_true(const struct sim_feed *sim)
{
    const struct sim_venue *const model = world_venue(sim->world, 0);
    const struct sim_book *const want = model->ops->published(model, 0);
    const struct arb_book have = feed_book(sim->feed, 0);
    const struct sim_instrument *const item = &sim->instruments->items[0];

    return sim_feed_side_is_true(&want->bids, have.bids, have.n_bids, item) &&
           sim_feed_side_is_true(&want->asks, have.asks, have.n_asks, item);
}

/* Likewise, and that it has nothing else. */
static inline bool sim_feed_is_whole(const struct sim_feed *sim)
{
    const struct sim_venue *const model = world_venue(sim->world, 0);
    const struct sim_book *const want = model->ops->published(model, 0);
    const struct arb_book have = feed_book(sim->feed, 0);

    return sim_feed_is_true(sim) && have.n_bids == want->bids.n && have.n_asks == want->asks.n;
}

/* One Bitstamp, BTC/USD; `options` are pairs of key and value, ending with NULL. */
static inline struct sim_feed *sim_feed_create(const struct plugin *plugin,
                                               const char *const *options, uint64_t seed)
{
    static const struct feed_io_ops io = { .ws_open = sim_feed_ws_open,
                                           .ws_send = sim_feed_ws_send,
                                           .ws_close = sim_feed_ws_close,
                                           .http_get = sim_feed_http_get };
    static char symbol[] = "BTC/USD";
    static char *symbols[] = { symbol };
    struct sim_feed *const sim = calloc(1, sizeof(*sim));

    assert_non_null(sim);
    sim->instruments = test_instruments(symbol);
    struct world_config world =
        test_world(sim->instruments, (struct world_outlet){ .send = sim_feed_on_frame,
                                                            .close = sim_feed_on_end,
                                                            .context = sim });
    world.n_venues = 1;
    world.venues[0] = "bitstamp";
    world.seed = seed;
    world.divergence_every_ms = 0;
    sim->now_ns = sim->turn_ns = world.start_ns;
    assert_int_equal(world_create(&sim->world, &world, NULL), ARB_OK);
    sim->config = (struct config){ .path = "test", .host = { .px_scale = 10, .qty_scale = 8 } };
    sim->exchange =
        (struct exchange_config){ .name = "bitstamp", .symbols = symbols, .n_symbols = 1 };
    for (size_t i = 0; options[2 * i] != NULL; i++) {
        sim->entries[i] = (struct config_entry){ .key = options[2 * i],
                                                 .value = options[2 * i + 1],
                                                 .next = sim->exchange.options };
        sim->exchange.options = &sim->entries[i];
    }
    const struct feed_config config = { .plugin = plugin,
                                        .exchange = &sim->exchange,
                                        .config = &sim->config,
                                        .session = 1,
                                        .io = &io,
                                        .io_context = sim };
    assert_int_equal(feed_create(&sim->feed, &config, NULL), ARB_OK);
    assert_int_equal(feed_start(sim->feed, sim->now_ns, NULL), ARB_OK);
    return sim;
}

static inline void sim_feed_destroy(struct sim_feed *sim)
{
    feed_destroy(sim->feed);
    for (size_t i = 0; i < sim->n_frames; i++) {
        free(sim->frames[i]);
    }
    world_destroy(sim->world);
    test_instruments_free(sim->instruments);
    free(sim);
}

#endif /* ARB_TEST_SIM_FEED_H */
