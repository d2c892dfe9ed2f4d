/*
 * feed_world.h - a feed with a fake venue, told in text what happens and telling in text what it
 * does: one line for each request of the plugin ("> send 0 hello") and each event
 * ("delta 0 LIVE #3<2 b100x1").
 */
#ifndef ARB_FEED_WORLD_H
#define ARB_FEED_WORLD_H

#include "arbspot/text.h"
#include "fake_venue.h"
#include "session/feed.h"
#include "util/clock.h"
#include "util/log.h"

enum { WORLD_LOG_MAX = 65536, WORLD_OPTIONS_MAX = 8 };

/* What a test wants other than the defaults: one connection, BTC/USD and ETH/USD on it. */
struct world_spec {
    const char *options[WORLD_OPTIONS_MAX][2]; /* of fake_venue, ends with NULL */
    const char *symbols[4];                    /* ends with NULL; none: the two */
    const struct arb_plugin *desc;             /* NULL: fake_plugin */
    int64_t snapshot_interval_ms;
    int64_t max_age_ms;
    uint8_t scale;
    bool without_resync, without_checksum;
};

struct world {
    struct plugin plugin;
    struct config config;
    struct exchange_config exchange;
    struct config_entry entries[WORLD_OPTIONS_MAX];
    char *symbols[4];
    struct feed *feed;
    struct outlet outlet;
    int64_t now_ns;
    struct arb_text log;
    char buffer[WORLD_LOG_MAX];
    struct err err;
};

/* -- telling -------------------------------------------------------------------------- */

static inline void world_levels(struct arb_text *log, char side, const struct arb_level *levels,
                                uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(log, " %c%" PRId64 "x%" PRId64, side, levels[i].px, levels[i].qty);
    }
}

/* What is usual (open, verified) is left out. */
static inline void world_on_event(void *context, const struct event *event)
{
    struct arb_text *const log = &((struct world *)context)->log;

    arb_text_add(log, "%s %u %s #%" PRIu64 "<%" PRIu64, event_kind_name(event->kind),
                 event->instrument, book_state_name(event->state), event->seq, event->prev_seq);
    if (event->trading != ARB_TRADING_OPEN) {
        arb_text_add(log, " %s", trading_name(event->trading));
    }
    if (event->kind != EVENT_STATUS && event->verified != ARB_VERIFIED) {
        arb_text_add(log, " %s", verified_name(event->verified));
    }
    if (event->verified_levels > 0) {
        arb_text_add(log, " top=%u", event->verified_levels);
    }
    if (event->conflated > 0) {
        arb_text_add(log, " conflated=%" PRIu64, event->conflated);
    }
    if (arb_clock_is_known(event->clock)) {
        arb_text_add(log, " clock=%" PRId64 "+-%" PRId64, event->clock.offset_ns,
                     event->clock.error_ns);
    }
    world_levels(log, 'b', event->bids, event->n_bids);
    world_levels(log, 'a', event->asks, event->n_asks);
    arb_text_add(log, "%s%s\n", event->reason_len > 0 ? " " : "", event->reason);
}

static inline int world_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    arb_text_add(&((struct world *)context)->log, "> open %u %s\n", conn, spec->url);
    return ARB_OK;
}

static inline int world_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    arb_text_add(&((struct world *)context)->log, "> send %u %.*s\n", conn, (int)text.len,
                 text.data);
    return ARB_OK;
}

static inline void world_ws_close(void *context, uint32_t conn, const char *why)
{
    arb_text_add(&((struct world *)context)->log, "> close %u %s\n", conn, why);
}

static inline int world_http_get(void *context, uint32_t request, const char *url)
{
    arb_text_add(&((struct world *)context)->log, "> get %u %s\n", request, url);
    return ARB_OK;
}

/* -- life ----------------------------------------------------------------------------- */

static inline void world_configure(struct world *world, const struct world_spec *spec)
{
    static const char *const usual[] = { "BTC/USD", "ETH/USD", NULL };
    const char *const *const symbols = spec->symbols[0] == NULL ? usual : spec->symbols;

    (void)snprintf(world->exchange.name, sizeof(world->exchange.name), "fake");
    world->config.path = "test.ini";
    world->config.host.px_scale = world->config.host.qty_scale = spec->scale;
    for (unsigned i = 0; symbols[i] != NULL; i++) {
        world->symbols[i] = (char *)(uintptr_t)symbols[i]; /* only read */
        world->exchange.n_symbols++;
    }
    world->exchange.symbols = world->symbols;
    world->exchange.max_age_ms = spec->max_age_ms;
    for (unsigned i = 0; i < WORLD_OPTIONS_MAX && spec->options[i][0] != NULL; i++) {
        world->entries[i] = (struct config_entry){ .key = spec->options[i][0],
                                                   .value = spec->options[i][1],
                                                   .next = world->exchange.options };
        world->exchange.options = &world->entries[i];
    }
}

/* Everything but a feed, which `config` describes. */
static inline struct world *world_prepare(const struct world_spec *spec, struct feed_config *config)
{
    static const struct feed_io_ops io = { .ws_open = world_ws_open,
                                           .ws_send = world_ws_send,
                                           .ws_close = world_ws_close,
                                           .http_get = world_http_get };
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
    world->now_ns = 1000 * NS_PER_S;
    world_configure(world, spec);
    assert_int_equal(ARB_OK,
                     plugin_accept(&world->plugin, spec->desc == NULL ? &fake_plugin : spec->desc,
                                   ARB_KIND_EXCHANGE, &world->err));
    world->plugin.exchange.resync = spec->without_resync ? NULL : world->plugin.exchange.resync;
    world->plugin.exchange.checksum =
        spec->without_checksum ? NULL : world->plugin.exchange.checksum;
    *config = (struct feed_config){ .plugin = &world->plugin,
                                    .exchange = &world->exchange,
                                    .config = &world->config,
                                    .session = 7,
                                    .snapshot_interval_ms = spec->snapshot_interval_ms,
                                    .io = &io,
                                    .io_context = world };
    assert_int_equal(ARB_OK, outlet_init_fn(&world->outlet, world_on_event, world));
    return world;
}

/* Everything but feed_start(). */
static inline struct world *world_create(const struct world_spec *spec)
{
    struct feed_config config;
    struct world *const world = world_prepare(spec, &config);

    assert_int_equal(ARB_OK, feed_create(&world->feed, &config, &world->err));
    assert_int_equal(ARB_OK, feed_add_outlet(world->feed, &world->outlet));
    return world;
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
    feed_destroy(world->feed);
    outlet_fini(&world->outlet);
    free(world);
}

/* -- what happens --------------------------------------------------------------------- */

/* A message on connection 0. */
static inline void world_say(struct world *world, const char *message)
{
    feed_on_message(world->feed, 0, world->now_ns, (struct arb_bytes){ message, strlen(message) });
}

static inline void world_answer(struct world *world, uint32_t request, const char *body)
{
    feed_on_http(world->feed, request, world->now_ns, 200,
                 (struct arb_bytes){ body, strlen(body) });
}

/* A turn `ms` later; returns after how many milliseconds the feed wants the next. */
static inline int64_t world_wait(struct world *world, int64_t ms)
{
    world->now_ns += ms * NS_PER_MS;
    return (feed_on_turn(world->feed, world->now_ns) - world->now_ns) / NS_PER_MS;
}

static inline uint32_t world_state(const struct world *world, uint32_t instrument)
{
    return feed_book(world->feed, instrument).state;
}

/* Started and connected; what that told is forgotten. */
static inline struct world *world_connected(const struct world_spec *spec)
{
    struct world *const world = world_create(spec);

    assert_int_equal(ARB_OK, feed_start(world->feed, world->now_ns, &world->err));
    feed_on_open(world->feed, 0, world->now_ns);
    world_forget(world);
    return world;
}

/* Connected, with BTC/USD LIVE at 100x1 to 101x1; its last event was #2. */
static inline struct world *world_live(const struct world_spec *spec)
{
    struct world *const world = world_connected(spec);

    world_say(world, "snap 0 10 b100x1 a101x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_forget(world);
    return world;
}

#endif /* ARB_FEED_WORLD_H */
