/*
 * sim_session.h - a real plugin behind a real session, connected to a venue of the simulator
 * without sockets: one thread, a clock that the test moves, and frames that the test may lose.
 */
#ifndef ARB_TEST_SIM_SESSION_H
#define ARB_TEST_SIM_SESSION_H

#include <inttypes.h>
#include <stdio.h>

#include "fault_frame.h"
#include "session/session.h"
#include "sim_client.h"
#include "util/clock.h"
#include "util/log.h"

enum { SIM_FRAMES_MAX = 4096, SIM_REQUESTS_MAX = 16, SIM_ENTRIES_MAX = 4 };

struct sim_session {
    struct instrument_list *instruments;
    struct world *world;
    struct session *session;
    struct config config;
    struct exchange_config exchange;
    struct config_entry entries[SIM_ENTRIES_MAX];
    uint32_t feed;     /* one bit of enum fault_feed: whose frames make the book */
    const char *makes; /* what the channel's name begins with, quoted: "\"live_orders_" */
    int64_t now_ns, turn_ns;
    bool wants_dial, wants_open, wants_close, is_open;
    bool is_within_window;        /* the book is a REST book, newer than the last diff */
    uint64_t n_verified;          /* events that claimed a proof */
    char *frames[SIM_FRAMES_MAX]; /* on their way to the session */
    size_t n_frames;
    struct {
        uint32_t request;
        char path[SIM_PATH_MAX];
    } requests[SIM_REQUESTS_MAX];
    size_t n_requests;
    /* Whether a frame gets lost on its way; or NULL. */
    bool (*loses)(void *context, const char *frame);
    void *context;
};

static inline struct sim_venue *sim_session_venue(const struct sim_session *sim)
{
    return world_venue(sim->world, 0);
}

/* -- what the venue does -------------------------------------------------------------- */

static inline void sim_session_on_frame(void *context, uint32_t venue, uint32_t client,
                                        struct arb_bytes text)
{
    struct sim_session *const sim = context;
    (void)venue, (void)client;
    assert_true(sim->n_frames < SIM_FRAMES_MAX);
    sim->frames[sim->n_frames++] = strndup(text.data, text.len);
}

static inline void sim_session_on_end(void *context, uint32_t venue, uint32_t client, uint16_t code,
                                      const char *why)
{
    (void)venue, (void)client, (void)code, (void)why;
    ((struct sim_session *)context)->wants_close = true;
}

/* -- what the session asks for -------------------------------------------------------- */

static inline int sim_session_ws_open(void *context, void *owner, uint32_t conn,
                                      const struct ws_spec *spec)
{
    (void)owner, (void)spec;
    assert_int_equal(conn, 0);
    ((struct sim_session *)context)->wants_dial = true;
    return ARB_OK;
}

static inline void sim_session_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    (void)owner, (void)conn, (void)url;
    ((struct sim_session *)context)->wants_open = true;
}

static inline int sim_session_ws_send(void *context, void *owner, uint32_t conn,
                                      struct arb_message message)
{
    struct sim_session *const sim = context;
    struct sim_venue *const model = sim_session_venue(sim);
    (void)owner, (void)conn;
    model->ops->on_text(model, 0, sim->now_ns, arb_message_bytes(message));
    return ARB_OK;
}

static inline void sim_session_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner, (void)conn, (void)why;
    ((struct sim_session *)context)->wants_close = true;
}

static inline void sim_session_ws_give_up(void *context, void *owner, uint32_t conn,
                                          const char *why)
{
    (void)context, (void)owner, (void)conn;
    fail_msg("the one connection is given up: %s", why);
}

static inline int sim_session_http(void *context, void *owner, uint32_t request,
                                   const struct http_spec *spec)
{
    struct sim_session *const sim = context;
    const char *const path = strstr(spec->url, "/api/v2");
    (void)owner;
    assert_non_null(path);
    assert_true(sim->n_requests < SIM_REQUESTS_MAX);
    sim->requests[sim->n_requests].request = request;
    (void)snprintf(sim->requests[sim->n_requests++].path, SIM_PATH_MAX, "%s", path);
    return ARB_OK;
}

static inline void sim_session_forget(void *context, void *owner)
{
    (void)context, (void)owner; /* the session's end is the simulation's */
}

static const struct port_ops sim_session_port = {
    .ws_open = sim_session_ws_open,
    .ws_dial = sim_session_ws_dial,
    .ws_send = sim_session_ws_send,
    .ws_close = sim_session_ws_close,
    .ws_give_up = sim_session_ws_give_up,
    .http = sim_session_http,
    .forget = sim_session_forget,
};

/* -- what the session tells ----------------------------------------------------------- */

static inline int sim_session_on_instrument(void *context, uint32_t instrument,
                                            const struct arb_instrument *info,
                                            const struct live_book *book)
{
    (void)context, (void)instrument, (void)info, (void)book;
    return ARB_OK;
}

static inline void sim_session_on_event(void *context, uint32_t instrument, struct event *event)
{
    (void)instrument;
    ((struct sim_session *)context)->n_verified += event->verified == ARB_VERIFIED;
}

static inline void sim_session_on_date(void *context, uint32_t conn, struct moment now, int64_t ns)
{
    (void)context, (void)conn, (void)now, (void)ns;
}

static const struct session_sink sim_session_sink = { .instrument = sim_session_on_instrument,
                                                      .event = sim_session_on_event,
                                                      .date = sim_session_on_date,
                                                      .round_trip = sim_session_on_date };

/* -- steps ---------------------------------------------------------------------------- */

static inline void sim_session_connect(struct sim_session *sim)
{
    struct sim_venue *const model = sim_session_venue(sim);
    const struct moment now = moment_at(sim->now_ns);

    if (sim->wants_close && sim->is_open) {
        model->ops->on_disconnect(model, 0);
        session_events.on_close(sim->session, 0, now, "closed");
        sim->wants_dial = true;
        sim->is_open = false;
    }
    sim->wants_close = false;
    if (sim->wants_dial) {
        sim->wants_dial = false;
        session_events.on_dial(sim->session, 0, now);
    }
    if (sim->wants_open) {
        sim->wants_open = false;
        sim->is_open = true;
        model->ops->on_connect(model, 0, sim->now_ns);
        session_events.on_open(sim->session, 0, now);
    }
}

static inline void sim_session_deliver_frame(struct sim_session *sim, const char *frame)
{
    if (strstr(frame, sim->makes) != NULL && strstr(frame, "\"microtimestamp\"") != NULL) {
        sim->is_within_window = false; /* lost or not: it is what the book ought to follow */
    }
    if (sim->loses == NULL || !sim->loses(sim->context, frame)) {
        session_events.on_message(
            sim->session, 0, moment_at(sim->now_ns),
            (struct arb_message){ .data = frame, .len = strlen(frame), .is_binary = false });
    }
}

/* The session may talk to the venue when it gets the answer: the body is copied before. */
static inline void sim_session_answer(struct sim_session *sim)
{
    struct sim_venue *const model = sim_session_venue(sim);
    const uint32_t request = sim->requests[0].request;
    const char *const path = sim->requests[0].path;
    struct http_answer answer = { 0 };

    answer.status = model->ops->on_get(model, path, sim->now_ns, &answer.body);
    char *const body = strndup(answer.body.data, answer.body.len);
    answer.body.data = body;
    sim->is_within_window =
        sim->is_within_window || (sim->feed == FAULT_AT_DIFF && strstr(path, "/order_book/"));
    sim->n_requests--;
    memmove(&sim->requests[0], &sim->requests[1], sim->n_requests * sizeof(sim->requests[0]));
    session_events.on_answer(sim->session, request, moment_at(sim->now_ns), &answer);
    free(body);
}

static inline void sim_session_deliver(struct sim_session *sim)
{
    for (size_t i = 0; i < sim->n_frames; i++) { /* more may come meanwhile */
        sim_session_deliver_frame(sim, sim->frames[i]);
        free(sim->frames[i]);
    }
    sim->n_frames = 0;
    while (sim->n_requests > 0) {
        sim_session_answer(sim);
    }
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

/* -- truth ---------------------------------------------------------------------------- */

static inline bool sim_session_is_live(const struct sim_session *sim)
{
    return session_n_instruments(sim->session) > 0 &&
           session_book(sim->session, 0).state == ARB_BOOK_LIVE;
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
 * Whether the best 100 levels a side of the session's book are what its channel has shown. The
 * market holds no more; what the session has behind them, no frame of the venue speaks of. A REST
 * book is made within the window of a diff, and is nothing that the channel has ever shown: until
 * the next diff it is taken for true.
 */
static inline bool sim_session_is_true(const struct sim_session *sim)
{
    const struct sim_venue *const model = sim_session_venue(sim);
    const struct sim_book *const want = model->ops->shown(model, 0, sim->feed);
    const struct arb_book have = session_book(sim->session, 0);
    const struct sim_instrument *const item = &world_instruments(sim->world, 0)->items[0];

    return sim->is_within_window ||
           (sim_session_side_is_true(&want->bids, have.bids, have.n_bids, item) &&
            sim_session_side_is_true(&want->asks, have.asks, have.n_asks, item));
}

/* Likewise, and that it has nothing else. */
static inline bool sim_session_is_whole(const struct sim_session *sim)
{
    const struct sim_venue *const model = sim_session_venue(sim);
    const struct sim_book *const want = model->ops->shown(model, 0, sim->feed);
    const struct arb_book have = session_book(sim->session, 0);

    return sim->is_within_window ||
           (sim_session_is_true(sim) && have.n_bids == want->bids.n && have.n_asks == want->asks.n);
}

/* Best first on either side: a price, or for bids its negative. */
static inline int64_t sim_session_key(bool is_bid, int64_t px)
{
    return is_bid ? -px : px;
}

/* The keys of those levels of a side that make sim_session_is_true() false; returns how many. */
static inline uint32_t sim_session_wrong_side(const struct sim_session *sim, bool is_bid,
                                              int64_t *keys, uint32_t room)
{
    const struct sim_venue *const model = sim_session_venue(sim);
    const struct sim_book *const shown = model->ops->shown(model, 0, sim->feed);
    const struct arb_book book = session_book(sim->session, 0);
    const struct sim_instrument *const item = &world_instruments(sim->world, 0)->items[0];
    const struct ladder *const want = is_bid ? &shown->bids : &shown->asks;
    const struct arb_level *const have = is_bid ? book.bids : book.asks;
    uint32_t left = is_bid ? book.n_bids : book.n_asks, n = 0;

    for (uint32_t i = 0; i < want->n; i++) {
        const int64_t px = want->levels[i].px * arb_pow10(10U - item->px_digits);
        const int64_t qty = want->levels[i].qty * arb_pow10(8U - item->qty_digits);
        const int64_t key = sim_session_key(is_bid, px);
        for (; left > 0 && sim_session_key(is_bid, have[left - 1].px) < key; left--) {
            assert_true(n < room);
            keys[n++] = sim_session_key(is_bid, have[left - 1].px);
        }
        const bool is_held = left > 0 && have[left - 1].px == px;
        if (!is_held || have[left - 1].qty != qty) {
            assert_true(n < room);
            keys[n++] = key;
        }
        left -= is_held;
    }
    return n;
}

/* -- life ----------------------------------------------------------------------------- */

static inline void sim_session_make_world(struct sim_session *sim, uint64_t seed)
{
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
}

/* `options` are pairs of key and value, ending with NULL. */
static inline void sim_session_configure(struct sim_session *sim, const char *const *options)
{
    sim->config = (struct config){ .path = "test", .host = { .px_scale = 10, .qty_scale = 8 } };
    for (size_t i = 0; options[2 * i] != NULL; i++) {
        assert_true(i < SIM_ENTRIES_MAX);
        sim->entries[i] = (struct config_entry){ .key = options[2 * i],
                                                 .value = options[2 * i + 1],
                                                 .next = sim->exchange.options };
        sim->exchange.options = &sim->entries[i];
    }
}

/* One Bitstamp, BTC/USD, whose book is made by one channel; options as above. */
static inline struct sim_session *sim_session_create(const struct plugin *plugin,
                                                     const char *const *options, uint64_t seed)
{
    static char symbol[] = "BTC/USD";
    static char *symbols[] = { symbol };
    struct sim_session *const sim = calloc(1, sizeof(*sim));

    assert_non_null(sim);
    const bool is_diff = strcmp(options[1], "diff") == 0; /* options begin with the mode */
    sim->feed = is_diff ? FAULT_AT_DIFF : FAULT_AT_ORDERS;
    sim->makes = is_diff ? "\"diff_order_book_" : "\"live_orders_";
    sim->instruments = test_instruments(symbol);
    sim_session_make_world(sim, seed);
    sim->exchange =
        (struct exchange_config){ .name = "bitstamp", .symbols = symbols, .n_symbols = 1 };
    sim_session_configure(sim, options);
    const struct session_config config = { .plugin = plugin,
                                           .exchange = &sim->exchange,
                                           .config = &sim->config,
                                           .number = 1,
                                           .port = { &sim_session_port, sim },
                                           .sink = &sim_session_sink,
                                           .sink_context = sim };
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
