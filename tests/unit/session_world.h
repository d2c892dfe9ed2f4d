/*
 * session_world.h - a session with a fake venue, told in text what happens and telling in text what
 * it does: one line for each thing asked of the network ("> send 0 sub 0 BTC/USD") and each event
 * ("delta 0 LIVE #3<2 b100x1").
 */
#ifndef ARB_SESSION_WORLD_H
#define ARB_SESSION_WORLD_H

#include "arbspot/text.h"
#include "fake_venue.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    WORLD_LOG_MAX = 262144,
    WORLD_OPTIONS_MAX = 12,
    WORLD_REQUESTS_MAX = 4096,
    WORLD_SYMBOLS_MAX = 1024
};

/* What a test wants other than the defaults: BTC/USD and ETH/USD, on one connection. */
struct world_spec {
    const char *options[WORLD_OPTIONS_MAX][2]; /* of fake_venue, ends with NULL */
    const char *symbols[8];                    /* ends with NULL; none: the two */
    uint32_t n_made;                           /* instead: this many, A0/USD, A1/USD ... */
    struct budget *budget;                     /* shared with another world, or NULL */
    const struct arb_plugin *desc;             /* NULL: fake_plugin */
    const struct port *port;                   /* NULL: what is asked of it is told */
    int64_t max_age_ms, max_lag_ms;
    uint8_t scale;
    bool without_checksum, without_trace, is_unpaced;
};

struct world {
    struct plugin plugin;
    struct exchange_config exchange;
    struct config config;
    char *symbols[WORLD_SYMBOLS_MAX];
    char made[WORLD_SYMBOLS_MAX][16];
    struct config_entry entries[WORLD_OPTIONS_MAX];
    struct session *session;
    struct moment now;
    uint64_t seqs[ARB_INSTRUMENTS_MAX];     /* of events told, by instrument */
    uint32_t requests[WORLD_REQUESTS_MAX];  /* by HTTP, unanswered: their numbers, oldest first */
    int64_t request_ns[WORLD_REQUESTS_MAX]; /* when each was made (mono) */
    uint32_t n_requests;
    uint32_t n_fetched; /* requests by HTTP ever made */
    bool is_behind;     /* bytes wait in every socket */
    bool shows_dues;    /* what the venue owes is in the log */
    uint32_t n_dates;   /* of the venue, told to the sink */
    struct err err;
    struct arb_text log;
    char buffer[WORLD_LOG_MAX];
};

/* -- what it tells -------------------------------------------------------------------- */

static inline void world_levels(struct arb_text *log, char side, const struct arb_level *levels,
                                uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(log, " %c%" PRId64 "x%" PRId64, side, levels[i].px, levels[i].qty);
    }
}

/* What is usual (open, verified) is left out. */
static inline void world_on_event(void *context, uint32_t instrument, struct event *event)
{
    struct world *const world = context;
    struct arb_text *const log = &world->log;

    world->seqs[instrument]++;
    arb_text_add(log, "%s %u %s", event_kind_name(event->kind), instrument,
                 book_state_name(event->state));
    if (event->trading != ARB_TRADING_OPEN) {
        arb_text_add(log, " %s", trading_name(event->trading));
    }
    if (event->kind != EVENT_STATUS && event->verified != ARB_VERIFIED) {
        arb_text_add(log, " %s", verified_name(event->verified));
    }
    if (event->verified_levels > 0) {
        arb_text_add(log, " top=%u", event->verified_levels);
    }
    if (event->terms != NULL) {
        arb_text_add(log, " lot=%" PRId64, event->terms->lot.units);
    }
    world_levels(log, 'b', event->bids, event->n_bids);
    world_levels(log, 'a', event->asks, event->n_asks);
    arb_text_add(log, "%s%s\n", event->reason_len > 0 ? " " : "",
                 event->reason_len > 0 ? event->reason : "");
}

static inline int world_on_instrument(void *context, uint32_t instrument,
                                      const struct arb_instrument *info,
                                      const struct live_book *book)
{
    (void)context;
    (void)instrument;
    (void)info;
    (void)book;
    return ARB_OK;
}

static inline void world_on_date(void *context, uint32_t conn, struct moment now, int64_t venue_ns)
{
    ((struct world *)context)->n_dates++;
    (void)conn;
    (void)now;
    (void)venue_ns;
}

static inline void world_on_round_trip(void *context, uint32_t conn, struct moment now,
                                       int64_t rtt_ns)
{
    (void)context;
    (void)conn;
    (void)now;
    (void)rtt_ns;
}

static inline void world_on_heartbeat(void *context, struct moment now, struct heartbeat heartbeat)
{
    arb_text_add(&((struct world *)context)->log,
                 "> heartbeat %" PRId64 " ms ago: %" PRId64 " to %" PRId64 "\n",
                 (now.mono_ns - heartbeat.asked_ns) / NS_PER_MS, heartbeat.received_ns,
                 heartbeat.answered_ns);
}

static inline void world_on_came(void *context, uint32_t conn, struct moment now, int64_t due_ns)
{
    struct world *const world = context;

    if (world->shows_dues && due_ns == NEVER_NS) {
        arb_text_add(&world->log, "> came %d\n", (int)conn);
    } else if (world->shows_dues) {
        arb_text_add(&world->log, "> came %d, the next within %" PRId64 " ms\n", (int)conn,
                     (due_ns - now.mono_ns) / NS_PER_MS);
    }
}

static inline void world_on_asked(void *context, uint32_t conn, struct moment now)
{
    struct world *const world = context;

    if (world->shows_dues) {
        assert_int_equal(now.mono_ns, world->now.mono_ns);
        arb_text_add(&world->log, "> asked %u\n", conn);
    }
}

static inline void world_on_replacement(void *context, const char *why)
{
    arb_text_add(&((struct world *)context)->log, "> replace: %s\n", why);
}

static const struct session_sink world_sink = { .instrument = world_on_instrument,
                                                .event = world_on_event,
                                                .date = world_on_date,
                                                .round_trip = world_on_round_trip,
                                                .heartbeat = world_on_heartbeat,
                                                .came = world_on_came,
                                                .asked = world_on_asked,
                                                .wants_replacement = world_on_replacement };

static inline int world_ws_open(void *context, void *owner, uint32_t conn,
                                const struct ws_spec *spec)
{
    (void)owner;
    (void)spec;
    arb_text_add(&((struct world *)context)->log, "> open %u\n", conn);
    return ARB_OK;
}

static inline void world_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    (void)owner;
    arb_text_add(&((struct world *)context)->log, "> dial %u %s\n", conn, url);
}

static inline int world_ws_send(void *context, void *owner, uint32_t conn,
                                struct arb_message message)
{
    (void)owner;
    arb_text_add(&((struct world *)context)->log, "> send %u %.*s\n", conn, (int)message.len,
                 message.data);
    return ARB_OK;
}

static inline void world_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    arb_text_add(&((struct world *)context)->log, "> close %u %s\n", conn, why);
}

static inline void world_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    arb_text_add(&((struct world *)context)->log, "> give up %u %s\n", conn, why);
}

static inline int world_http(void *context, void *owner, uint32_t request,
                             const struct http_spec *spec)
{
    struct world *const world = context;

    (void)owner;
    assert_in_range(world->n_requests, 0, WORLD_REQUESTS_MAX - 1);
    world->request_ns[world->n_requests] = world->now.mono_ns;
    world->requests[world->n_requests++] = request;
    world->n_fetched++;
    arb_text_add(&world->log, "> %s %s\n", spec->method == ARB_GET ? "get" : "post", spec->url);
    return ARB_OK;
}

static inline bool world_ws_is_behind(void *context, void *owner, uint32_t conn)
{
    (void)owner;
    (void)conn;
    return ((struct world *)context)->is_behind;
}

static inline void world_forget_owner(void *context, void *owner)
{
    (void)context;
    (void)owner;
}

static const struct port_ops world_port = {
    .ws_open = world_ws_open,
    .ws_dial = world_ws_dial,
    .ws_send = world_ws_send,
    .ws_close = world_ws_close,
    .ws_give_up = world_ws_give_up,
    .http = world_http,
    .ws_is_behind = world_ws_is_behind,
    .forget = world_forget_owner,
};

/* -- life ----------------------------------------------------------------------------- */

static inline void world_configure(struct world *world, const struct world_spec *spec)
{
    static const char *const usual[] = { "BTC/USD", "ETH/USD", NULL };
    const char *const *const symbols = spec->symbols[0] == NULL ? usual : spec->symbols;

    (void)snprintf(world->exchange.name, sizeof(world->exchange.name), "fake");
    world->config.path = "test.ini";
    world->config.host.px_scale = world->config.host.qty_scale = spec->scale;
    for (uint32_t i = 0; i < spec->n_made; i++) {
        (void)snprintf(world->made[i], sizeof(world->made[i]), "A%u/USD", i);
        world->symbols[world->exchange.n_symbols++] = world->made[i];
    }
    for (unsigned i = 0; spec->n_made == 0 && symbols[i] != NULL; i++) {
        world->symbols[i] = (char *)(uintptr_t)symbols[i]; /* only read */
        world->exchange.n_symbols++;
    }
    world->exchange.symbols = world->symbols;
    world->exchange.max_age_ms = spec->max_age_ms;
    world->exchange.max_lag_ms = spec->max_lag_ms;
    for (unsigned i = 0; i < WORLD_OPTIONS_MAX && spec->options[i][0] != NULL; i++) {
        world->entries[i] = (struct config_entry){ .key = spec->options[i][0],
                                                   .value = spec->options[i][1],
                                                   .next = world->exchange.options };
        world->exchange.options = &world->entries[i];
    }
}

/* Everything but session_start(); `trace` sees what the session does, or NULL. */
static inline struct world *world_create_traced(const struct world_spec *spec,
                                                const struct session_trace *trace)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
    world->now = (struct moment){ .mono_ns = 1000 * NS_PER_S, .utc_ns = 2000000 * NS_PER_S };
    world_configure(world, spec);
    assert_int_equal(ARB_OK,
                     plugin_accept(&world->plugin, spec->desc == NULL ? &fake_plugin : spec->desc,
                                   ARB_KIND_EXCHANGE, &world->err));
    world->plugin.exchange.checksum =
        spec->without_checksum ? NULL : world->plugin.exchange.checksum;
    const struct port told = { &world_port, world };
    const struct session_config config = { .plugin = &world->plugin,
                                           .exchange = &world->exchange,
                                           .config = &world->config,
                                           .port = spec->port == NULL ? told : *spec->port,
                                           .sink = &world_sink,
                                           .sink_context = world,
                                           .budget = spec->budget,
                                           .trace = trace,
                                           .is_unpaced = spec->is_unpaced };
    assert_int_equal(ARB_OK, session_create(&world->session, &config, &world->err));
    return world;
}

static inline struct world *world_create(const struct world_spec *spec)
{
    return world_create_traced(spec, NULL);
}

/* Compares what was told since the last time. */
static inline void world_expect(struct world *world, const char *want)
{
    assert_true(arb_text_fits(&world->log));
    assert_string_equal(world->buffer, want);
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
}

static inline void world_forget(struct world *world)
{
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
}

static inline void world_destroy(struct world *world)
{
    session_destroy(world->session);
    free(world);
}

/* -- what happens --------------------------------------------------------------------- */

static inline void world_open(struct world *world, uint32_t conn)
{
    session_events.on_open(world->session, conn, world->now);
}

static inline void world_close(struct world *world, uint32_t conn, const char *why)
{
    session_events.on_close(world->session, conn, world->now, why);
}

static inline void world_say_on(struct world *world, uint32_t conn, const char *message)
{
    session_events.on_message(world->session, conn, world->now,
                              (struct arb_message){ message, strlen(message), false });
}

/* A message on connection 0. */
static inline void world_say(struct world *world, const char *message)
{
    world_say_on(world, 0, message);
}

/* Answers the oldest request by HTTP. */
static inline void world_answer_with(struct world *world, const struct http_answer *answer)
{
    assert_true(world->n_requests > 0);
    const uint32_t request = world->requests[0];
    world->n_requests--;
    memmove(world->requests, world->requests + 1, world->n_requests * sizeof(*world->requests));
    memmove(world->request_ns, world->request_ns + 1,
            world->n_requests * sizeof(*world->request_ns));
    session_events.on_answer(world->session, request, world->now, answer);
}

static inline void world_answer(struct world *world, int status, const char *body)
{
    const struct http_answer answer = { .status = status, .body = { body, strlen(body) } };
    world_answer_with(world, &answer);
}

/* A turn; returns after how many milliseconds the session wants the next, at most a day. */
static inline int64_t world_turn(struct world *world)
{
    const int64_t next_ns = session_on_turn(world->session, world->now);
    const int64_t day_ns = world->now.mono_ns + INT64_C(86400) * NS_PER_S;

    return ((next_ns < day_ns ? next_ns : day_ns) - world->now.mono_ns) / NS_PER_MS;
}

/* A turn `ms` later. */
static inline int64_t world_wait(struct world *world, int64_t ms)
{
    world->now.mono_ns += ms * NS_PER_MS;
    world->now.utc_ns += ms * NS_PER_MS;
    return world_turn(world);
}

/* Every turn that the session wants within the next `ms`. */
static inline void world_run(struct world *world, int64_t ms)
{
    const int64_t end_ns = world->now.mono_ns + ms * NS_PER_MS;

    for (int64_t wait_ms = world_turn(world); world->now.mono_ns + wait_ms * NS_PER_MS < end_ns;) {
        wait_ms = world_wait(world, wait_ms > 0 ? wait_ms : 1);
    }
    world_wait(world, (end_ns - world->now.mono_ns) / NS_PER_MS);
}

static inline uint32_t world_state(const struct world *world, uint32_t instrument)
{
    return session_book(world->session, instrument).state;
}

/* Started and connected; what that told is forgotten. */
static inline struct world *world_connected(const struct world_spec *spec)
{
    struct world *const world = world_create(spec);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_forget(world);
    return world;
}

/* Connected, with BTC/USD LIVE at 100x1 to 101x1. */
static inline struct world *world_live(const struct world_spec *spec)
{
    struct world *const world = world_connected(spec);

    world_say(world, "snap 0 10 b100x1 a101x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_forget(world);
    return world;
}

#endif /* ARB_SESSION_WORLD_H */
