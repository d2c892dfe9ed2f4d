#include "bitstamp_venue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bitstamp_frames.h"
#include "venue_desk.h"
#include "util/clock.h"

enum {
    STREAM = 3,             /* of chance */
    CHANNELS_MAX = 1024,    /* per connection; one more closes it */
    CLIENT_FRAME_MAX = 512, /* bytes */
    CLOSE_TOO_BIG = 1009,
    TOP_LEVELS = 100, /* a side in order_book frames */
    PUBLISH_MIN_MS = 100,
    PUBLISH_MAX_MS = 140,
    CAPTURE_MIN_MS = 100, /* between two captures of the REST book; the last but one is served */
    CAPTURE_MAX_MS = 750,
};

enum channel { ORDER_BOOK = 1, DIFF_ORDER_BOOK = 2, LIVE_ORDERS = 4, SILENT = 8 };

struct channel_name {
    const char *prefix;
    uint8_t channel;
};

static const struct channel_name channel_names[] = {
    { "order_book_", ORDER_BOOK },    { "diff_order_book_", DIFF_ORDER_BOOK },
    { "detail_order_book_", SILENT }, { "live_orders_", LIVE_ORDERS },
    { "live_trades_", SILENT },
};
enum { N_CHANNEL_NAMES = sizeof(channel_names) / sizeof(channel_names[0]) };

struct client {
    uint8_t *channels;   /* by instrument: bits of enum channel, without SILENT */
    uint32_t n_channels; /* silent ones count each time they are asked for */
};

/* The book as it was at some time, for REST. */
struct capture {
    struct sim_book book;
    int64_t at_ns;
};

struct product {
    struct sim_book published;
    struct sim_book told; /* what the events of orders sent so far add up to */
    uint64_t n_order_events;
    char last_event_id[BITSTAMP_EVENT_ID_MAX];
    int64_t next_ns; /* no publication before this */
    bool is_planned; /* the agenda holds the next one */
    uint32_t n_subscribers;
    struct capture served, waiting;
    int64_t capture_ns; /* when `waiting` is served and the next one is taken */
};

struct bitstamp_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    struct product *products;
    struct client clients[SIM_CLIENTS_MAX];
};

static struct bitstamp_venue *bitstamp_of(struct sim_venue *venue)
{
    return (struct bitstamp_venue *)venue; /* its first member */
}

static void on_connect(struct sim_venue *venue, uint32_t id, int64_t now_ns)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    struct client *const client = &bitstamp->clients[id];

    (void)now_ns;
    client->channels = calloc(bitstamp->desk.config.instruments->n, sizeof(*client->channels));
    if (client->channels == NULL) {
        venue_desk_close(&bitstamp->desk, id, 1011, "out of memory");
    }
}

static void on_disconnect(struct sim_venue *venue, uint32_t id)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    struct client *const client = &bitstamp->clients[id];

    for (uint32_t i = 0; client->channels != NULL && i < bitstamp->desk.config.instruments->n;
         i++) {
        bitstamp->products[i].n_subscribers -= client->channels[i] != 0;
    }
    free(client->channels);
    *client = (struct client){ 0 };
    player_stop(&bitstamp->desk.player, id);
}

/* Sends an error that leaves the connection open. */
static void complain(struct bitstamp_venue *bitstamp, uint32_t id, const char *message)
{
    struct arb_text text = venue_desk_frame(&bitstamp->desk);
    bitstamp_put_error(&text, message);
    venue_desk_send(&bitstamp->desk, id, &text);
}

/* The kind of channel, or 0; `market` gets what follows the prefix. */
static uint8_t channel_of(const char *name, const char **market)
{
    for (size_t i = 0; i < N_CHANNEL_NAMES; i++) {
        const size_t len = strlen(channel_names[i].prefix);
        if (strncmp(name, channel_names[i].prefix, len) == 0 && name[len] != '\0') {
            *market = name + len;
            return channel_names[i].channel;
        }
    }
    return 0;
}

static uint32_t find_market(const struct bitstamp_venue *bitstamp, const char *market)
{
    const struct arb_bytes name = { market, strlen(market) };
    return arb_symbol_find(&bitstamp->desk.config.instruments->by_market, name);
}

/* Returns whether this is news. What has no frames to send is remembered as a number only. */
static bool enter(struct bitstamp_venue *bitstamp, uint32_t id, uint32_t instrument,
                  uint8_t channel)
{
    struct client *const client = &bitstamp->clients[id];

    if (instrument == ARB_NO_INSTRUMENT || channel == SILENT) {
        return true;
    }
    if (client->channels[instrument] & channel) {
        return false;
    }
    bitstamp->products[instrument].n_subscribers += client->channels[instrument] == 0;
    client->channels[instrument] |= channel;
    return true;
}

static void leave(struct bitstamp_venue *bitstamp, uint32_t id, uint32_t instrument,
                  uint8_t channel)
{
    struct client *const client = &bitstamp->clients[id];

    if (instrument == ARB_NO_INSTRUMENT || (client->channels[instrument] & channel) == 0) {
        return;
    }
    client->channels[instrument] &= (uint8_t)~channel;
    bitstamp->products[instrument].n_subscribers -= client->channels[instrument] == 0;
    client->n_channels--;
    if (client->n_channels == 0) {
        player_stop(&bitstamp->desk.player, id);
    }
}

static void subscribe(struct bitstamp_venue *bitstamp, uint32_t id, uint32_t instrument,
                      uint8_t channel, const char *name, int64_t now_ns)
{
    struct client *const client = &bitstamp->clients[id];
    struct arb_text text = venue_desk_frame(&bitstamp->desk);

    if (enter(bitstamp, id, instrument, channel) && ++client->n_channels > CHANNELS_MAX) {
        venue_desk_close(&bitstamp->desk, id, 0, "more than 1,024 channels");
        return;
    }
    bitstamp_put_event(&text, "bts:subscription_succeeded", name);
    venue_desk_send(&bitstamp->desk, id, &text);
    if (bitstamp->desk.config.tape != NULL) {
        player_start(&bitstamp->desk.player, id, now_ns);
    }
}

static void request_channel(struct bitstamp_venue *bitstamp, uint32_t id,
                            const struct bitstamp_request *request, int64_t now_ns)
{
    const char *market = NULL;
    const uint8_t channel = channel_of(request->channel, &market);

    if (!bitstamp_is_spelled_well(request->channel)) {
        complain(bitstamp, id, "Bad subscription string.");
    } else if (channel == 0) {
        complain(bitstamp, id, "Invalid channel provided.");
    } else if (request->event == BITSTAMP_SUBSCRIBE) {
        subscribe(bitstamp, id, find_market(bitstamp, market), channel, request->channel, now_ns);
    } else {
        struct arb_text text = venue_desk_frame(&bitstamp->desk);
        leave(bitstamp, id, find_market(bitstamp, market), channel);
        bitstamp_put_event(&text, "bts:unsubscription_succeeded", request->channel);
        venue_desk_send(&bitstamp->desk, id, &text);
    }
}

static void on_text(struct sim_venue *venue, uint32_t id, int64_t now_ns, struct arb_bytes message)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    struct bitstamp_request request;
    struct arb_text text = venue_desk_frame(&bitstamp->desk);

    if (bitstamp->clients[id].channels == NULL) {
        return; /* being closed for want of memory */
    }
    if (message.len > CLIENT_FRAME_MAX) {
        venue_desk_close(&bitstamp->desk, id, CLOSE_TOO_BIG, "read limited at 513 bytes");
    } else if (bitstamp_request_parse(&request, message) != ARB_OK) {
        complain(bitstamp, id, "Incorrect JSON format.");
    } else if (request.event == BITSTAMP_HEARTBEAT) {
        bitstamp_put_heartbeat(&text);
        venue_desk_send(&bitstamp->desk, id, &text);
    } else if (request.event == BITSTAMP_UNKNOWN_EVENT) {
        complain(bitstamp, id, "Bad subscription string.");
    } else {
        request_channel(bitstamp, id, &request, now_ns);
    }
}

static void capture(struct capture *capture, const struct sim_book *book, int64_t at_ns)
{
    sim_book_copy(&capture->book, book);
    capture->at_ns = at_ns;
}

static int64_t draw_capture_interval(struct bitstamp_venue *bitstamp)
{
    return prng_between(&bitstamp->desk.prng, CAPTURE_MIN_MS * NS_PER_MS,
                        CAPTURE_MAX_MS * NS_PER_MS);
}

/*
 * Takes the captures due up to now. Called before each publication and each answer, so that
 * every capture is the book as published at the time it carries.
 */
static void take_captures(struct bitstamp_venue *bitstamp, struct product *product, int64_t now_ns)
{
    const int64_t quiet_ns = 4 * CAPTURE_MAX_MS * NS_PER_MS;

    if (now_ns - product->capture_ns > quiet_ns) {
        product->capture_ns = now_ns - quiet_ns; /* what nobody asked for need not be made */
    }
    while (product->capture_ns <= now_ns) {
        const struct capture free_room = product->served;
        product->served = product->waiting;
        product->waiting = free_room;
        capture(&product->waiting, &product->published, product->capture_ns);
        product->capture_ns += draw_capture_interval(bitstamp);
    }
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

static void send_to_subscribers(struct bitstamp_venue *bitstamp, uint32_t instrument,
                                uint8_t channel, const struct arb_text *text)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        const struct client *const client = &bitstamp->clients[id];
        if (client->n_channels > 0 && (client->channels[instrument] & channel) != 0) {
            venue_desk_send(&bitstamp->desk, id, text);
        }
    }
}

static bool has_subscriber(const struct bitstamp_venue *bitstamp, uint32_t instrument,
                           uint8_t channel)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        const struct client *const client = &bitstamp->clients[id];
        if (client->n_channels > 0 && (client->channels[instrument] & channel) != 0) {
            return true;
        }
    }
    return false;
}

static void send_top(struct bitstamp_venue *bitstamp, uint32_t instrument,
                     const struct sim_book *book, int64_t now_ns)
{
    struct arb_text text = venue_desk_frame(&bitstamp->desk);
    const struct bitstamp_book frame = {
        .instrument = &bitstamp->desk.config.instruments->items[instrument],
        .bids = book->bids.levels,
        .asks = book->asks.levels,
        .n_bids = at_most(book->bids.n, TOP_LEVELS),
        .n_asks = at_most(book->asks.n, TOP_LEVELS),
        .at_ns = venue_desk_own_time_ns(&bitstamp->desk, now_ns),
    };
    if (!has_subscriber(bitstamp, instrument, ORDER_BOOK)) {
        return;
    }
    bitstamp_put_book(&text, "order_book_", NULL, &frame);
    send_to_subscribers(bitstamp, instrument, ORDER_BOOK, &text);
}

/* The venue spells a removed quantity in several ways. */
static const char *draw_zero(struct prng *prng)
{
    static const char *const zeros[] = { "0.00000000", "0", "0.00000", NULL };
    return zeros[prng_below(prng, sizeof(zeros) / sizeof(zeros[0]))];
}

static void send_diff(struct bitstamp_venue *bitstamp, uint32_t instrument,
                      const struct sim_book *book, int64_t now_ns)
{
    const struct sim_book *const was = &bitstamp->products[instrument].published;
    struct arb_text text = venue_desk_frame(&bitstamp->desk);

    if (!has_subscriber(bitstamp, instrument, DIFF_ORDER_BOOK)) {
        return;
    }
    const struct bitstamp_book frame = {
        .instrument = &bitstamp->desk.config.instruments->items[instrument],
        .bids = bitstamp->desk.changes[0],
        .asks = bitstamp->desk.changes[1],
        .n_bids = ladder_diff(&was->bids, &book->bids, UINT32_MAX, bitstamp->desk.changes[0]),
        .n_asks = ladder_diff(&was->asks, &book->asks, UINT32_MAX, bitstamp->desk.changes[1]),
        .at_ns = venue_desk_own_time_ns(&bitstamp->desk, now_ns),
    };
    if (frame.n_bids + frame.n_asks == 0) {
        return;
    }
    bitstamp_put_book(&text, "diff_order_book_", draw_zero(&bitstamp->desk.prng), &frame);
    send_to_subscribers(bitstamp, instrument, DIFF_ORDER_BOOK, &text);
}

static void tell(struct ladder *ladder, int64_t px, int64_t diff)
{
    const struct arb_level *const known = ladder_find(ladder, px);
    ladder_set(ladder, (struct arb_level){ px, (known == NULL ? 0 : known->qty) + diff });
}

/* What happens to one order, told to everybody who listens. */
static void send_order(struct bitstamp_venue *bitstamp, uint32_t instrument,
                       struct bitstamp_order *order)
{
    struct product *const product = &bitstamp->products[instrument];
    struct arb_text text = venue_desk_frame(&bitstamp->desk);

    memcpy(order->pre_event_id, product->last_event_id, sizeof(order->pre_event_id));
    bitstamp_event_id(order->event_id, order->at_ns, ++product->n_order_events);
    memcpy(product->last_event_id, order->event_id, sizeof(order->event_id));
    bitstamp_put_order(&text, order);
    send_to_subscribers(bitstamp, instrument, LIVE_ORDERS, &text);
}

/* Goes from one quantity to another at a price: `shrinks` picks the orders that lose. */
static void send_level_orders(struct bitstamp_venue *bitstamp, uint32_t instrument,
                              struct bitstamp_order order, int64_t was, bool shrinks)
{
    const struct bitstamp_split before =
        bitstamp_split(order.is_bid, (struct arb_level){ order.level.px, was });
    const struct bitstamp_split after = bitstamp_split(order.is_bid, order.level);
    struct sim_book *const book = &bitstamp->products[instrument].told;
    struct ladder *const told = order.is_bid ? &book->bids : &book->asks;

    for (uint32_t i = 0; i < BITSTAMP_SPLIT_MAX; i++) {
        if (before.qty[i] == after.qty[i] || (after.qty[i] < before.qty[i]) != shrinks) {
            continue;
        }
        order.id = after.ids[i];
        order.event = before.qty[i] == 0  ? "order_created"
                      : after.qty[i] == 0 ? "order_deleted"
                                          : "order_changed";
        order.level.qty = after.qty[i];
        tell(told, order.level.px, after.qty[i] - before.qty[i]);
        send_order(bitstamp, instrument, &order);
    }
}

static void send_side_orders(struct bitstamp_venue *bitstamp, uint32_t instrument,
                             struct bitstamp_order order, const struct sim_book *book, bool shrinks)
{
    const struct sim_book *const was = &bitstamp->products[instrument].published;
    const struct ladder *const before = order.is_bid ? &was->bids : &was->asks;
    const struct ladder *const after = order.is_bid ? &book->bids : &book->asks;
    struct arb_level *const changes = bitstamp->desk.changes[0];
    const uint32_t n = ladder_diff(before, after, UINT32_MAX, changes);

    for (uint32_t i = 0; i < n; i++) {
        const struct arb_level *const known = ladder_find(before, changes[i].px);
        order.level = changes[i];
        send_level_orders(bitstamp, instrument, order, known == NULL ? 0 : known->qty, shrinks);
    }
}

/* What goes, goes first on both sides: so no event crosses the book. */
static void send_orders(struct bitstamp_venue *bitstamp, uint32_t instrument,
                        const struct sim_book *book, int64_t now_ns)
{
    struct bitstamp_order order = { .instrument =
                                        &bitstamp->desk.config.instruments->items[instrument],
                                    .at_ns = venue_desk_own_time_ns(&bitstamp->desk, now_ns) };

    if (!has_subscriber(bitstamp, instrument, LIVE_ORDERS)) {
        return;
    }
    for (int shrinks = 1; shrinks >= 0; shrinks--) {
        order.is_bid = true;
        send_side_orders(bitstamp, instrument, order, book, shrinks == 1);
        order.is_bid = false;
        send_side_orders(bitstamp, instrument, order, book, shrinks == 1);
    }
}

static void publish(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];
    const struct sim_book *const book = sim_market_book(
        bitstamp->desk.config.market, bitstamp->desk.config.market_venue, instrument);

    take_captures(bitstamp, product, now_ns - 1);
    if (product->n_subscribers > 0) {
        send_top(bitstamp, instrument, book, now_ns);
        send_diff(bitstamp, instrument, book, now_ns);
        send_orders(bitstamp, instrument, book, now_ns);
    }
    sim_book_copy(&product->published, book);
    sim_book_copy(&product->told, book); /* or nobody listened */
    product->next_ns = now_ns + prng_between(&bitstamp->desk.prng, PUBLISH_MIN_MS * NS_PER_MS,
                                             PUBLISH_MAX_MS * NS_PER_MS);
    bitstamp->desk.config.outlet.published(bitstamp->desk.config.outlet.context, instrument,
                                           now_ns);
}

static void on_change(struct sim_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    struct product *const product = &bitstamp->products[instrument];

    if (product->is_planned) {
        return;
    }
    if (product->next_ns <= now_ns) {
        publish(bitstamp, instrument, now_ns);
        return;
    }
    const struct agenda_entry entry = { .at_ns = product->next_ns, .a = instrument };
    product->is_planned =
        agenda_add(&bitstamp->desk.agenda, entry) == ARB_OK; /* else the next change */
}

static int64_t next_ns(const struct sim_venue *venue)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    const int64_t agenda_ns = agenda_next_ns(&bitstamp->desk.agenda);
    const int64_t player_ns = player_next_ns(&bitstamp->desk.player);
    return agenda_ns < player_ns ? agenda_ns : player_ns;
}

/* Passes a recorded frame on when the client subscribed its channel. */
static void play(struct bitstamp_venue *bitstamp, int64_t now_ns)
{
    char name[BITSTAMP_CHANNEL_MAX];
    const char *market = NULL;
    uint32_t id;
    const struct tape_frame *const frame = player_take(&bitstamp->desk.player, now_ns, &id);

    if (frame == NULL || frame->channel.len >= sizeof(name)) {
        return;
    }
    memcpy(name, frame->channel.data, frame->channel.len);
    name[frame->channel.len] = '\0';
    const uint8_t channel = channel_of(name, &market);
    const uint32_t instrument = channel == 0 ? ARB_NO_INSTRUMENT : find_market(bitstamp, market);
    if (instrument != ARB_NO_INSTRUMENT &&
        (bitstamp->clients[id].channels[instrument] & channel) != 0) {
        bitstamp->desk.config.outlet.send(bitstamp->desk.config.outlet.context, id, frame->text);
    }
}

static void on_time(struct sim_venue *venue, int64_t now_ns)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);

    if (agenda_next_ns(&bitstamp->desk.agenda) > now_ns) {
        play(bitstamp, now_ns);
        return;
    }
    const struct agenda_entry due = agenda_take(&bitstamp->desk.agenda);
    bitstamp->products[due.a].is_planned = false;
    publish(bitstamp, due.a, due.at_ns);
}

static const struct sim_book *published(const struct sim_venue *venue, uint32_t instrument)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    return bitstamp->desk.config.market == NULL ? NULL : &bitstamp->products[instrument].published;
}

static const struct sim_book *told(const struct sim_venue *venue, uint32_t instrument)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    return bitstamp->desk.config.market == NULL ? NULL : &bitstamp->products[instrument].told;
}

static void put_captured_book(struct bitstamp_venue *bitstamp, struct arb_text *text,
                              uint32_t instrument, const char *query, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    take_captures(bitstamp, product, now_ns);
    const struct bitstamp_book book = {
        .instrument = &bitstamp->desk.config.instruments->items[instrument],
        .bids = product->served.book.bids.levels,
        .asks = product->served.book.asks.levels,
        .n_bids = product->served.book.bids.n,
        .n_asks = product->served.book.asks.n,
        .at_ns = venue_desk_own_time_ns(&bitstamp->desk, product->served.at_ns),
    };
    if (strcmp(query, "?group=2") == 0) {
        bitstamp_put_rest_orders(text, &book);
    } else {
        bitstamp_put_rest_book(text, &book);
    }
}

/* The market's name in "/api/v2/order_book/btcusd/", or "". */
static void market_in_path(const char *path, char *out, size_t cap)
{
    static const char prefix[] = "/api/v2/order_book/";
    const char *const name = path + sizeof(prefix) - 1;

    out[0] = '\0';
    if (strncmp(path, prefix, sizeof(prefix) - 1) == 0) {
        const size_t len = strcspn(name, "/");
        (void)snprintf(out, cap, "%.*s", len < cap ? (int)len : (int)cap, name);
    }
}

static bool is_path(const char *path, const char *want)
{
    const size_t len = strlen(want);
    return strncmp(path, want, len) == 0 && (path[len] == '\0' || strcmp(path + len, "/") == 0);
}

static int on_get(struct sim_venue *venue, const char *address, int64_t now_ns,
                  struct arb_bytes *body)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    const char *const query = address + strcspn(address, "?");
    char path[SIM_PATH_MAX];
    struct arb_text text = venue_desk_frame(&bitstamp->desk);
    char market[ARB_SYMBOL_MAX];
    const struct tape *const tape = bitstamp->desk.config.tape;
    int status = 200;

    (void)snprintf(path, sizeof(path), "%.*s",
                   (int)at_most((uint32_t)(query - address), SIM_PATH_MAX),
                   address); /* longer ones do not exist */
    const struct arb_bytes *const recorded = tape == NULL ? NULL : tape_body(tape, path);
    market_in_path(path, market, sizeof(market));
    const uint32_t instrument = find_market(bitstamp, market);
    if (recorded != NULL) {
        *body = *recorded;
        return status;
    }
    if (is_path(path, "/api/v2/markets")) {
        bitstamp_put_markets(&text, bitstamp->desk.config.instruments);
    } else if (is_path(path, "/api/v2/trading-pairs-info")) {
        bitstamp_put_trading_pairs(&text, bitstamp->desk.config.instruments);
    } else if (instrument != ARB_NO_INSTRUMENT && bitstamp->desk.config.market != NULL) {
        put_captured_book(bitstamp, &text, instrument, query, now_ns);
    } else {
        frame_puts(&text, "{\"status\": \"error\", \"reason\": \"Not found\"}");
        status = 404;
    }
    *body = frame_bytes(&text);
    return status;
}

static void destroy(struct sim_venue *venue)
{
    if (venue == NULL) {
        return;
    }
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        free(bitstamp->clients[id].channels);
    }
    for (uint32_t i = 0; bitstamp->products != NULL && i < bitstamp->desk.config.instruments->n;
         i++) {
        sim_book_fini(&bitstamp->products[i].published);
        sim_book_fini(&bitstamp->products[i].told);
        sim_book_fini(&bitstamp->products[i].served.book);
        sim_book_fini(&bitstamp->products[i].waiting.book);
    }
    venue_desk_fini(&bitstamp->desk);
    free(bitstamp->products);
    free(bitstamp);
}

static int init_product(struct bitstamp_venue *bitstamp, uint32_t instrument)
{
    const struct sim_venue_config *const config = &bitstamp->desk.config;
    struct product *const product = &bitstamp->products[instrument];

    if (sim_book_init(&product->published, config->depth) != ARB_OK ||
        sim_book_init(&product->told, config->depth) != ARB_OK ||
        sim_book_init(&product->served.book, config->depth) != ARB_OK ||
        sim_book_init(&product->waiting.book, config->depth) != ARB_OK) {
        return ARB_ENOMEM;
    }
    bitstamp_event_id(product->last_event_id, config->start_ns, 0);
    sim_book_copy(&product->published,
                  sim_market_book(config->market, config->market_venue, instrument));
    sim_book_copy(&product->told, &product->published);
    capture(&product->served, &product->published, config->start_ns - CAPTURE_MAX_MS * NS_PER_MS);
    capture(&product->waiting, &product->published, config->start_ns);
    product->capture_ns = config->start_ns + draw_capture_interval(bitstamp);
    return ARB_OK;
}

static size_t frame_cap(const struct sim_venue_config *config)
{
    const size_t n = config->instruments->n;
    const size_t changes = venue_desk_changes(config);

    return BITSTAMP_FRAME_BASE + n * BITSTAMP_MARKET_LEN +
           2 * changes * BITSTAMP_SPLIT_MAX * BITSTAMP_LEVEL_LEN;
}

static int allocate(struct bitstamp_venue *bitstamp)
{
    const size_t n = bitstamp->desk.config.instruments->n;
    int rc = ARB_OK;

    bitstamp->products = calloc(n, sizeof(*bitstamp->products));
    if (bitstamp->products == NULL) {
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; bitstamp->desk.config.market != NULL && i < n && rc == ARB_OK; i++) {
        rc = init_product(bitstamp, i);
    }
    return rc;
}

static const struct sim_venue_ops bitstamp_ops = {
    .name = "bitstamp",
    .on_connect = on_connect,
    .on_disconnect = on_disconnect,
    .on_text = on_text,
    .on_get = on_get,
    .on_change = on_change,
    .next_ns = next_ns,
    .on_time = on_time,
    .published = published,
    .told = told,
    .destroy = destroy,
};

int bitstamp_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                          struct err *err)
{
    struct bitstamp_venue *const bitstamp = calloc(1, sizeof(*bitstamp));
    if (bitstamp == NULL) {
        return err_set(err, ARB_ENOMEM, "bitstamp: no memory");
    }
    int rc = venue_desk_init(&bitstamp->desk, &bitstamp_ops, config, STREAM, frame_cap(config));
    if (rc == ARB_OK) {
        rc = allocate(bitstamp);
    }
    if (rc != ARB_OK) {
        destroy(&bitstamp->desk.venue);
        return err_set(err, rc, "bitstamp: no memory for %u instruments", config->instruments->n);
    }
    *venue = &bitstamp->desk.venue;
    return ARB_OK;
}
