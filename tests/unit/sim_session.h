/*
 * sim_session.h - a real plugin behind the real session, connected to a venue of the simulator
 * without sockets: one thread, a clock that the test moves, and frames that the test may lose.
 */
#ifndef ARB_TEST_SIM_SESSION_H
#define ARB_TEST_SIM_SESSION_H

#include <inttypes.h>
#include <stdio.h>

#include "session/session.h"
#include "fault.h"
#include "sim_client.h"
#include "util/clock.h"
#include "util/log.h"

enum { SESSION_FRAMES_MAX = 4096, SESSION_REQUESTS_MAX = 16, SESSION_ENTRIES_MAX = 4 };

struct sim_session {
    struct instrument_list *instruments;
    struct world *world;
    struct session *session;
    struct config config;
    struct exchange_config exchange;
    struct config_entry entries[SESSION_ENTRIES_MAX];
    int64_t now_ns, turn_ns;
    bool wants_dial, wants_open, wants_close;
    uint32_t stream;                  /* enum fault_feed: what the books are made of */
    char *frames[SESSION_FRAMES_MAX]; /* on their way to the session */
    size_t n_frames;
    struct {
        uint32_t request;
        char path[SIM_PATH_MAX];
    } requests[SESSION_REQUESTS_MAX];
    size_t n_requests;
    /* Whether a frame gets lost on its way; or NULL. */
    bool (*loses)(void *context, const char *frame);
    void *context;
};

/* Nobody listens: tests look at the book. */
static inline int sim_session_on_instrument(void *context, uint32_t instrument,
                                            const struct arb_instrument *info,
                                            const struct live_book *book)
{
    (void)context, (void)instrument, (void)info, (void)book;
    return ARB_OK;
}

static inline void sim_session_on_event(void *context, uint32_t instrument, struct event *event)
{
    (void)context, (void)instrument, (void)event;
}

static inline void sim_session_on_date(void *context, struct moment now, int64_t venue_ns)
{
    (void)context, (void)now, (void)venue_ns;
}

static inline void sim_session_on_round_trip(void *context, struct moment now, int64_t rtt_ns)
{
    (void)context, (void)now, (void)rtt_ns;
}

static const struct session_sink sim_session_sink = {
    .instrument = sim_session_on_instrument,
    .event = sim_session_on_event,
    .date = sim_session_on_date,
    .round_trip = sim_session_on_round_trip,
};

static inline void sim_session_on_frame(void *context, uint32_t venue, uint32_t client,
                                        struct arb_bytes text)
{
    struct sim_session *const sim = context;
    (void)venue, (void)client;
    assert_true(sim->n_frames < SESSION_FRAMES_MAX);
    sim->frames[sim->n_frames++] = strndup(text.data, text.len);
}

static inline void sim_session_on_end(void *context, uint32_t venue, uint32_t client, uint16_t code,
                                      const char *why)
{
    (void)venue, (void)client, (void)code, (void)why;
    ((struct sim_session *)context)->wants_close = true;
}

/* The tests' exchanges need one connection, and never leave it. */
static inline int sim_session_open(void *context, void *owner, uint32_t conn,
                                   const struct ws_spec *spec)
{
    (void)owner, (void)spec;
    assert_int_equal(conn, 0);
    ((struct sim_session *)context)->wants_dial = true;
    return ARB_OK;
}

static inline void sim_session_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    (void)owner, (void)conn, (void)url;
    ((struct sim_session *)context)->wants_open = true;
}

static inline int sim_session_send(void *context, void *owner, uint32_t conn,
                                   struct arb_message message)
{
    struct sim_session *const sim = context;
    struct sim_venue *const model = world_venue(sim->world, 0);
    (void)owner, (void)conn;
    model->ops->on_text(model, 0, sim->now_ns, arb_message_bytes(message));
    return ARB_OK;
}

static inline void sim_session_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner, (void)conn, (void)why;
    ((struct sim_session *)context)->wants_close = true;
}

static inline int sim_session_http(void *context, void *owner, uint32_t request,
                                   const struct http_spec *spec)
{
    struct sim_session *const sim = context;
    (void)owner;
    assert_true(sim->n_requests < SESSION_REQUESTS_MAX);
    sim->requests[sim->n_requests].request = request;
    (void)snprintf(sim->requests[sim->n_requests++].path, SIM_PATH_MAX, "%s",
                   strstr(spec->url, "/api/v2"));
    return ARB_OK;
}

static inline void sim_session_forget(void *context, void *owner)
{
    (void)context, (void)owner;
}

static inline void sim_session_connect(struct sim_session *sim)
{
    struct sim_venue *const model = world_venue(sim->world, 0);

    if (sim->wants_close) {
        sim->wants_close = false;
        sim->wants_dial = true;
        model->ops->on_disconnect(model, 0);
        session_events.on_close(sim->session, 0, moment_at(sim->now_ns), "closed");
    }
    if (sim->wants_dial) {
        sim->wants_dial = false;
        session_events.on_dial(sim->session, 0, moment_at(sim->now_ns));
    }
    if (sim->wants_open) {
        sim->wants_open = false;
        model->ops->on_connect(model, 0, sim->now_ns);
        session_events.on_open(sim->session, 0, moment_at(sim->now_ns));
    }
}

static inline void sim_session_answer(struct sim_session *sim)
{
    struct sim_venue *const model = world_venue(sim->world, 0);

    while (sim->n_requests > 0) {
        const uint32_t request = sim->requests[--sim->n_requests].request;
        struct http_answer answer = { 0 };
        answer.status = model->ops->on_get(model, sim->requests[sim->n_requests].path, sim->now_ns,
                                           &answer.body);
        session_events.on_answer(sim->session, request, moment_at(sim->now_ns), &answer);
    }
}

static inline void sim_session_deliver(struct sim_session *sim)
{
    for (size_t i = 0; i < sim->n_frames; i++) { /* more may come meanwhile */
        char *const frame = sim->frames[i];
        if (sim->loses == NULL || !sim->loses(sim->context, frame)) {
            const struct arb_message message = { frame, strlen(frame), false };
            session_events.on_message(sim->session, 0, moment_at(sim->now_ns), message);
        }
        free(frame);
    }
    sim->n_frames = 0;
    sim_session_answer(sim);
}

/* Carries out what is due next, at its time. */
static inline void sim_session_step(struct sim_session *sim)
{
    const int64_t world_ns = world_next_ns(sim->world);

    sim->now_ns = world_ns < sim->turn_ns ? world_ns : sim->turn_ns;
    world_advance(sim->world, sim->now_ns);
    sim_session_connect(sim);
    sim_session_deliver(sim);
    sim->turn_ns = session_on_turn(sim->session, moment_at(sim->now_ns));
    if (sim->turn_ns <= sim->now_ns) {
        sim->turn_ns = sim->now_ns + 1;
    }
}

static inline bool sim_session_side_is_true(const struct ladder *want, const struct arb_level *have,
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
 * Whether the best 100 levels a side of the session's first book are what its channel has shown.
 * The market holds no more; what the session has behind them, no frame of the venue speaks of.
 */
static inline bool sim_session_is_true(const struct sim_session *sim)
{
    const struct sim_venue *const model = world_venue(sim->world, 0);
    const struct sim_book *const want = model->ops->shown(model, 0, sim->stream);
    const struct arb_book have = session_book(sim->session, 0);
    const struct sim_instrument *const item = &sim->instruments->items[0];

    return sim_session_side_is_true(&want->bids, have.bids, have.n_bids, item) &&
           sim_session_side_is_true(&want->asks, have.asks, have.n_asks, item);
}

/* Likewise, and that it has nothing else. */
static inline bool sim_session_is_whole(const struct sim_session *sim)
{
    const struct sim_venue *const model = world_venue(sim->world, 0);
    const struct sim_book *const want = model->ops->shown(model, 0, sim->stream);
    const struct arb_book have = session_book(sim->session, 0);

    return sim_session_is_true(sim) && have.n_bids == want->bids.n && have.n_asks == want->asks.n;
}

/*
 * One Bitstamp, BTC/USD; `options` are pairs of key and value, the mode first, ending
 * with NULL.
 */
static inline struct sim_session *sim_session_create(const struct plugin *plugin,
                                                     const char *const *options, uint64_t seed)
{
    static const struct port_ops ops = { .ws_open = sim_session_open,
                                         .ws_dial = sim_session_dial,
                                         .ws_send = sim_session_send,
                                         .ws_close = sim_session_close,
                                         .ws_give_up = sim_session_close,
                                         .http = sim_session_http,
                                         .forget = sim_session_forget };
    static char symbol[] = "BTC/USD";
    static char *symbols[] = { symbol };
    struct sim_session *const sim = calloc(1, sizeof(*sim));

    assert_non_null(sim);
    sim->instruments = test_instruments(symbol);
    struct world_config world =
        test_world(sim->instruments, (struct world_outlet){ .send = sim_session_on_frame,
                                                            .close = sim_session_on_end,
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
    sim->stream = strcmp(options[1], "orders") == 0 ? FAULT_AT_ORDERS : FAULT_AT_DIFF;
    for (size_t i = 0; options[2 * i] != NULL; i++) {
        sim->entries[i] = (struct config_entry){ .key = options[2 * i],
                                                 .value = options[2 * i + 1],
                                                 .next = sim->exchange.options };
        sim->exchange.options = &sim->entries[i];
    }
    const struct session_config config = { .plugin = plugin,
                                           .exchange = &sim->exchange,
                                           .config = &sim->config,
                                           .port = { &ops, sim },
                                           .sink = &sim_session_sink };
    assert_int_equal(session_create(&sim->session, &config, NULL), ARB_OK);
    assert_int_equal(session_start(sim->session, moment_at(sim->now_ns), NULL), ARB_OK);
    return sim;
}

static inline void sim_session_destroy(struct sim_session *sim)
{
    session_destroy(sim->session);
    for (size_t i = 0; i < sim->n_frames; i++) {
        free(sim->frames[i]);
    }
    world_destroy(sim->world);
    test_instruments_free(sim->instruments);
    free(sim);
}

#endif /* ARB_TEST_SIM_SESSION_H */
