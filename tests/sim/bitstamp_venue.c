#include "bitstamp_venue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bitstamp_frames.h"
#include "fault_frame.h"
#include "venue_desk.h"
#include "util/clock.h"

enum {
    STREAM = 3,             /* of chance */
    CHANNELS_MAX = 1024,    /* per connection; one more closes it */
    CLIENT_FRAME_MAX = 512, /* bytes */
    CLOSE_TOO_BIG = 1009,
    TOP_LEVELS = 100, /* a side in order_book frames */
    /* Between order_book_ frames of btcusd: 79 to 150 ms, fresher than the diffs. Source: live
     * probe of 2026-09-15, nemanull/arbitrage-observatory docs/profiles/bitstamp/websocket.md. */
    TOP_MIN_US = 79000,
    TOP_MAX_US = 150000,
    /* What one diff collects. Source: ten neighbouring diffs of btcusd of 2026-08-24 (tickvault
     * docs/venues.md, sample of the same day) are 323,140 to 325,250 us apart. */
    WINDOW_MIN_US = 323000,
    WINDOW_MAX_US = 325300,
    /* A diff that deletes a level nobody holds, besides those a REST book explains. Source: three
     * in 327 diffs of a book that stayed right (tickvault docs/venues.md, 2026-08). */
    ORPHAN_EVERY = 109,
    ORPHAN_REACH = 16, /* ticks below the best bid that are tried for it */
    /* Between two REST books at the origin; see also EDGE_NS. With both, a book is up to 1.75 s
     * old; 30 recorded ones of 2021/22 were 0.07 to 2.56 s old on arrival. At most CAPTURES_MAX
     * fall into a window. */
    CAPTURE_MIN_MS = 110,
    CAPTURE_MAX_MS = 750,
    CAPTURES_MAX = 3,
    RETIRED_ROOM = 16, /* times the depth: prices remembered for the ids used up there */
};

_Static_assert(CAPTURES_MAX *CAPTURE_MIN_MS * 1000 > WINDOW_MAX_US, "no window has more of them");

/* The edge answers with the same book for this long; a nonce in the query gets past it. Source:
 * nemanull/arbitrage-observatory docs/profiles/bitstamp/rest.md, section 5. */
#define EDGE_NS NS_PER_S
#define US_NS INT64_C(1000)

/* What the agenda holds, in this order at equal times. */
enum what { DIFF = 1, TOP = 2, CAPTURE = 3 };

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
    struct bitstamp_retired retired;
    int64_t at_ns;
};

/*
 * One book and what has been shown of it. All channels and REST show the one market, each at
 * moments of its own; all moments lie on whole microseconds, and one that is dated equal to a REST
 * book is contained in it. So whoever follows the venue's rule (drop what is not newer than the
 * seed) has, from the first diff behind the seed on, the book that the diff was made of.
 */
struct product {
    struct sim_book current;   /* the market after its last change */
    struct sim_book published; /* as last shown to anybody, in whatever way */
    struct sim_book topped;    /* as of the last order_book_ frame */
    struct sim_book diffed;    /* as of the last diff: the next one starts from here */
    /* Prices at which a REST book differs from `diffed` that was made since then and given out. The
     * next diff names them all, changed or not: it mends whoever was seeded within its window. */
    struct sim_book pending;
    struct bitstamp_retired retired;
    struct sim_book told; /* what the events of orders sent so far add up to, while they are sent */
    bool is_telling;
    uint64_t n_order_events;
    char last_event_id[BITSTAMP_EVENT_ID_MAX];
    int64_t diff_ns, top_ns; /* nothing of the channel before this */
    int64_t diffed_ns;       /* of the last diff */
    bool is_diff_planned, is_top_planned;
    uint32_t n_subscribers;
    struct capture made, cached; /* REST books: the origin's newest, and the edge's */
    bool is_made_served;         /* somebody has the newest one, or the edge */
    int64_t cached_ns;           /* since when the edge has its one */
};

struct bitstamp_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    struct product *products;
    struct arb_level *diff[2]; /* room for what one diff names: bids, asks */
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

static void copy_retired(struct bitstamp_retired *to, const struct bitstamp_retired *from)
{
    sim_book_copy(&to->prices, &from->prices);
    to->floor = from->floor;
}

static void capture(struct capture *capture, const struct product *product, int64_t at_ns)
{
    sim_book_copy(&capture->book, &product->current);
    copy_retired(&capture->retired, &product->retired);
    capture->at_ns = at_ns;
}

static void copy_capture(struct capture *to, const struct capture *from)
{
    sim_book_copy(&to->book, &from->book);
    copy_retired(&to->retired, &from->retired);
    to->at_ns = from->at_ns;
}

/* `ns`, or the next whole microsecond: what is sent is dated in them. */
static int64_t whole_us(int64_t ns)
{
    return (ns + US_NS - 1) / US_NS * US_NS;
}

static void plan(struct bitstamp_venue *bitstamp, int64_t at_ns, enum what what,
                 uint32_t instrument)
{
    const struct agenda_entry entry = { .at_ns = at_ns, .what = what, .a = instrument };
    if (agenda_add(&bitstamp->desk.agenda, entry) != ARB_OK) {
        abort(); /* a simulator without memory has nothing to say */
    }
}

/* At the end of a microsecond: a REST book contains everything that is dated like it. */
static void plan_capture(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    const int64_t after_ns =
        prng_between(&bitstamp->desk.prng, CAPTURE_MIN_MS * NS_PER_MS, CAPTURE_MAX_MS * NS_PER_MS);
    plan(bitstamp, whole_us(now_ns + after_ns) + US_NS - 1, CAPTURE, instrument);
}

/* Everybody may know the book as it is now. */
static void show(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];
    const struct sim_outlet *const outlet = &bitstamp->desk.config.outlet;

    sim_book_copy(&product->published, &product->current);
    outlet->published(outlet->context, instrument, now_ns);
}

static int64_t qty_at(const struct ladder *ladder, int64_t px)
{
    const struct arb_level *const level = ladder_find(ladder, px);
    return level == NULL ? 0 : level->qty;
}

/*
 * REST books are generated inside the windows that diffs collect, not at their ends. Source: the
 * REST book dated ...488.755 and the first diff behind it, dated ...488.933, which deletes two
 * levels that the book has already lost (btcusd, 2026-08-24).
 */
static void make_capture(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    capture(&product->made, product, now_ns);
    product->is_made_served = false;
    show(bitstamp, instrument, now_ns);
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

static void send_top(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    const struct sim_book *const book = &bitstamp->products[instrument].current;
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

/* What a client of one side has to be told at the end of a window. */
static uint32_t diff_side(const struct ladder *diffed, const struct ladder *now,
                          const struct ladder *pending, struct arb_level *out)
{
    uint32_t n = ladder_diff(diffed, now, UINT32_MAX, out);

    for (uint32_t i = 0; i < pending->n; i++) {
        const int64_t px = pending->levels[i].px, qty = qty_at(now, px);
        if (qty == qty_at(diffed, px)) { /* or it is named already */
            out[n++] = (struct arb_level){ px, qty };
        }
    }
    return n;
}

/* Whether the end of the window would not tell that the side differs from a book made within. */
static bool is_untold(struct bitstamp_venue *bitstamp, const struct ladder *diffed,
                      const struct ladder *made, const struct ladder *now)
{
    struct arb_level *const changes = bitstamp->desk.changes[0];
    const uint32_t n = ladder_diff(made, now, UINT32_MAX, changes);

    for (uint32_t i = 0; i < n; i++) {
        if (qty_at(diffed, changes[i].px) == qty_at(now, changes[i].px)) {
            return true;
        }
    }
    return false;
}

/*
 * A diff names what is different at the end of its window. A REST book made within may hold what
 * came and went, or lack what went and came back: nobody would ever tell its reader. If somebody
 * has it, the diff names those prices as well; if nobody has it yet, it is made anew.
 */
static bool has_to_be_made_anew(struct bitstamp_venue *bitstamp, const struct product *product)
{
    const struct sim_book *const made = &product->made.book;

    return !product->is_made_served && product->made.at_ns > product->diffed_ns &&
           (is_untold(bitstamp, &product->diffed.bids, &made->bids, &product->current.bids) ||
            is_untold(bitstamp, &product->diffed.asks, &made->asks, &product->current.asks));
}

/* Now and then a bid that came and went within the window is named as well. */
static uint32_t add_orphan(struct bitstamp_venue *bitstamp, const struct product *product,
                           uint32_t n)
{
    const struct ladder *const bids = &product->current.bids;

    if (!prng_once_in(&bitstamp->desk.prng, ORPHAN_EVERY) || bids->n == 0) {
        return n;
    }
    for (int64_t ticks = 1; ticks <= ORPHAN_REACH && ticks < bids->levels[0].px; ticks++) {
        const int64_t px = bids->levels[0].px - ticks;
        if (qty_at(bids, px) == 0 && qty_at(&product->diffed.bids, px) == 0 &&
            qty_at(&product->pending.bids, px) == 0) {
            bitstamp->diff[0][n] = (struct arb_level){ px, 0 };
            return n + 1;
        }
    }
    return n;
}

static void send_diff(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    const struct product *const product = &bitstamp->products[instrument];
    struct arb_text text = venue_desk_frame(&bitstamp->desk);
    struct bitstamp_book frame = {
        .instrument = &bitstamp->desk.config.instruments->items[instrument],
        .bids = bitstamp->diff[0],
        .asks = bitstamp->diff[1],
        .n_bids = diff_side(&product->diffed.bids, &product->current.bids, &product->pending.bids,
                            bitstamp->diff[0]),
        .n_asks = diff_side(&product->diffed.asks, &product->current.asks, &product->pending.asks,
                            bitstamp->diff[1]),
        .at_ns = venue_desk_own_time_ns(&bitstamp->desk, now_ns),
    };

    if (frame.n_bids + frame.n_asks == 0) {
        return;
    }
    frame.n_bids = add_orphan(bitstamp, product, frame.n_bids);
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
    struct product *const product = &bitstamp->products[instrument];
    struct ladder *const told = order.is_bid ? &product->told.bids : &product->told.asks;
    uint64_t retired = bitstamp_retired_at(&product->retired, order.is_bid, order.level.px);
    const struct bitstamp_split before =
        bitstamp_split(order.is_bid, (struct arb_level){ order.level.px, was }, retired);
    const struct bitstamp_split after = bitstamp_split(order.is_bid, order.level, retired);

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
        retired = after.qty[i] == 0 ? bitstamp_retire(retired, i) : retired;
    }
    bitstamp_retired_set(&product->retired, order.is_bid, order.level.px, retired);
}

static void send_side_orders(struct bitstamp_venue *bitstamp, uint32_t instrument,
                             struct bitstamp_order order, const struct sim_book *book, bool shrinks)
{
    const struct sim_book *const was = &bitstamp->products[instrument].current;
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

/* Makes room for more prices. */
static void make_room(struct product *product)
{
    const struct sim_book *const prices = &product->retired.prices;

    if (prices->bids.n > prices->bids.cap / 2 || prices->asks.n > prices->asks.cap / 2) {
        bitstamp_retired_forget(&product->retired, &product->current);
    }
}

/* What goes, goes first on both sides: so no event crosses the book. */
static void send_orders(struct bitstamp_venue *bitstamp, uint32_t instrument,
                        const struct sim_book *book, int64_t now_ns)
{
    struct bitstamp_order order = { .instrument =
                                        &bitstamp->desk.config.instruments->items[instrument],
                                    .at_ns = venue_desk_own_time_ns(&bitstamp->desk, now_ns) };

    for (int shrinks = 1; shrinks >= 0; shrinks--) {
        order.is_bid = true;
        send_side_orders(bitstamp, instrument, order, book, shrinks == 1);
        order.is_bid = false;
        send_side_orders(bitstamp, instrument, order, book, shrinks == 1);
    }
}

/*
 * Orders are told as they change the book, without a window. Source: `diff_` runs about 300 ms
 * behind `live_orders` (tickvault docs/venues.md, 2026-08).
 */
static void follow_market(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];
    const struct sim_book *const book = sim_market_book(
        bitstamp->desk.config.market, bitstamp->desk.config.market_venue, instrument);

    if (product->n_subscribers == 0 || !has_subscriber(bitstamp, instrument, LIVE_ORDERS)) {
        sim_book_copy(&product->current, book);
        return;
    }
    sim_book_copy(&product->told, &product->current);
    make_room(product);
    product->is_telling = true;
    send_orders(bitstamp, instrument, book, now_ns);
    product->is_telling = false;
    sim_book_copy(&product->current, book);
    show(bitstamp, instrument, now_ns);
}

/* Windows follow each other without a pause: where the present one stands, nobody can tell. */
static void plan_diff(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    if (product->diff_ns <= now_ns) {
        product->diff_ns =
            whole_us(now_ns + prng_between(&bitstamp->desk.prng, 1, WINDOW_MAX_US * US_NS));
    }
    plan(bitstamp, product->diff_ns, DIFF, instrument);
    product->is_diff_planned = true;
}

static void plan_top(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    plan(bitstamp, product->top_ns <= now_ns ? whole_us(now_ns) : product->top_ns, TOP, instrument);
    product->is_top_planned = true;
}

static void on_change(struct sim_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_venue *const bitstamp = bitstamp_of(venue);
    const struct product *const product = &bitstamp->products[instrument];

    follow_market(bitstamp, instrument, now_ns);
    if (!product->is_diff_planned) {
        plan_diff(bitstamp, instrument, now_ns);
    }
    if (!product->is_top_planned) {
        plan_top(bitstamp, instrument, now_ns);
    }
}

static void publish_diff(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    if (product->n_subscribers > 0 && has_subscriber(bitstamp, instrument, DIFF_ORDER_BOOK)) {
        send_diff(bitstamp, instrument, now_ns);
    }
    const bool is_anew = has_to_be_made_anew(bitstamp, product);
    sim_book_copy(&product->diffed, &product->current);
    product->diffed_ns = now_ns;
    product->pending.bids.n = product->pending.asks.n = 0;
    product->is_diff_planned = false;
    product->diff_ns =
        now_ns + prng_between(&bitstamp->desk.prng, WINDOW_MIN_US, WINDOW_MAX_US) * US_NS;
    show(bitstamp, instrument, now_ns);
    if (is_anew) {
        make_capture(bitstamp, instrument, now_ns);
    }
}

static void publish_top(struct bitstamp_venue *bitstamp, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &bitstamp->products[instrument];

    if (product->n_subscribers > 0) {
        send_top(bitstamp, instrument, now_ns);
    }
    sim_book_copy(&product->topped, &product->current);
    product->is_top_planned = false;
    product->top_ns = now_ns + prng_between(&bitstamp->desk.prng, TOP_MIN_US, TOP_MAX_US) * US_NS;
    show(bitstamp, instrument, now_ns);
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
    if (due.what == DIFF) {
        publish_diff(bitstamp, due.a, due.at_ns);
    } else if (due.what == TOP) {
        publish_top(bitstamp, due.a, due.at_ns);
    } else {
        make_capture(bitstamp, due.a, due.at_ns);
        plan_capture(bitstamp, due.a, due.at_ns);
    }
}

static const struct sim_book *published(const struct sim_venue *venue, uint32_t instrument)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    return bitstamp->desk.config.market == NULL ? NULL : &bitstamp->products[instrument].published;
}

static const struct sim_book *told(const struct sim_venue *venue, uint32_t instrument)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    if (bitstamp->desk.config.market == NULL) {
        return NULL;
    }
    const struct product *const product = &bitstamp->products[instrument];
    return product->is_telling ? &product->told : &product->current;
}

static const struct sim_book *shown(const struct sim_venue *venue, uint32_t instrument,
                                    uint32_t feed)
{
    const struct bitstamp_venue *const bitstamp = (const struct bitstamp_venue *)venue;
    if (bitstamp->desk.config.market == NULL) {
        return NULL;
    }
    const struct product *const product = &bitstamp->products[instrument];
    return feed == FAULT_AT_ORDER_BOOK ? &product->topped
           : feed == FAULT_AT_DIFF     ? &product->diffed
                                       : told(venue, instrument);
}

/* Only the usual questions are answered from the edge. */
static bool is_usual(const char *query)
{
    static const char *const usual[] = { "", "?group=0", "?group=1", "?group=2" };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(query, usual[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void note_pending(struct bitstamp_venue *bitstamp, const struct ladder *diffed,
                         const struct ladder *made, struct ladder *pending)
{
    struct arb_level *const changes = bitstamp->desk.changes[0];
    const uint32_t n = ladder_diff(diffed, made, UINT32_MAX, changes);

    for (uint32_t i = 0; i < n; i++) {
        ladder_set(pending, (struct arb_level){ changes[i].px, 1 });
    }
}

/* The newest REST book is given out. */
static const struct capture *newest(struct bitstamp_venue *bitstamp, struct product *product)
{
    const struct sim_book *const made = &product->made.book;

    if (!product->is_made_served && product->made.at_ns > product->diffed_ns) {
        note_pending(bitstamp, &product->diffed.bids, &made->bids, &product->pending.bids);
        note_pending(bitstamp, &product->diffed.asks, &made->asks, &product->pending.asks);
    }
    product->is_made_served = true;
    return &product->made;
}

static const struct capture *captured(struct bitstamp_venue *bitstamp, struct product *product,
                                      const char *query, int64_t now_ns)
{
    if (!is_usual(query)) {
        return newest(bitstamp, product);
    }
    if (now_ns - product->cached_ns >= EDGE_NS) {
        copy_capture(&product->cached, newest(bitstamp, product));
        product->cached_ns = now_ns;
    }
    return &product->cached;
}

static void put_captured_book(struct bitstamp_venue *bitstamp, struct arb_text *text,
                              uint32_t instrument, const char *query, int64_t now_ns)
{
    const struct capture *const served =
        captured(bitstamp, &bitstamp->products[instrument], query, now_ns);
    const struct bitstamp_book book = {
        .instrument = &bitstamp->desk.config.instruments->items[instrument],
        .bids = served->book.bids.levels,
        .asks = served->book.asks.levels,
        .n_bids = served->book.bids.n,
        .n_asks = served->book.asks.n,
        .at_ns = venue_desk_own_time_ns(&bitstamp->desk, served->at_ns),
        .retired = &served->retired,
    };
    if (strstr(query, "group=2") != NULL) {
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

static void free_product(struct product *product)
{
    sim_book_fini(&product->current);
    sim_book_fini(&product->published);
    sim_book_fini(&product->topped);
    sim_book_fini(&product->diffed);
    sim_book_fini(&product->pending);
    sim_book_fini(&product->told);
    sim_book_fini(&product->retired.prices);
    sim_book_fini(&product->made.retired.prices);
    sim_book_fini(&product->cached.retired.prices);
    sim_book_fini(&product->made.book);
    sim_book_fini(&product->cached.book);
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
        free_product(&bitstamp->products[i]);
    }
    venue_desk_fini(&bitstamp->desk);
    free(bitstamp->diff[0]);
    free(bitstamp->diff[1]);
    free(bitstamp->products);
    free(bitstamp);
}

/* The books of a product that hold as many levels as the market. */
static int init_books(struct product *product, uint32_t depth)
{
    struct sim_book *const books[] = { &product->current,    &product->published,
                                       &product->topped,     &product->diffed,
                                       &product->told,       &product->made.book,
                                       &product->cached.book };

    for (size_t i = 0; i < sizeof(books) / sizeof(books[0]); i++) {
        if (sim_book_init(books[i], depth) != ARB_OK) {
            return ARB_ENOMEM;
        }
    }
    struct sim_book *const retired[] = { &product->retired.prices, &product->made.retired.prices,
                                         &product->cached.retired.prices };
    for (size_t i = 0; i < sizeof(retired) / sizeof(retired[0]); i++) {
        if (sim_book_init(retired[i], RETIRED_ROOM * depth) != ARB_OK) {
            return ARB_ENOMEM;
        }
    }
    /* Those of the last diff, and those of each REST book since. */
    return sim_book_init(&product->pending, (CAPTURES_MAX + 1) * depth);
}

static int init_product(struct bitstamp_venue *bitstamp, uint32_t instrument)
{
    const struct sim_venue_config *const config = &bitstamp->desk.config;
    struct product *const product = &bitstamp->products[instrument];

    if (init_books(product, config->depth) != ARB_OK) {
        return ARB_ENOMEM;
    }
    bitstamp_event_id(product->last_event_id, config->start_ns, 0);
    sim_book_copy(&product->current,
                  sim_market_book(config->market, config->market_venue, instrument));
    sim_book_copy(&product->published, &product->current);
    sim_book_copy(&product->topped, &product->current);
    sim_book_copy(&product->diffed, &product->current);
    capture(&product->made, product, config->start_ns);
    capture(&product->cached, product, config->start_ns);
    product->cached_ns = product->diffed_ns = config->start_ns;
    plan_capture(bitstamp, instrument, config->start_ns);
    return ARB_OK;
}

static size_t frame_cap(const struct sim_venue_config *config)
{
    const size_t n = config->instruments->n;
    const size_t changes = venue_desk_changes(config);

    return BITSTAMP_FRAME_BASE + n * BITSTAMP_MARKET_LEN +
           2 * changes * BITSTAMP_SPLIT_MAX * BITSTAMP_LEVEL_LEN; /* diffs name fewer */
}

static int allocate(struct bitstamp_venue *bitstamp)
{
    const size_t n = bitstamp->desk.config.instruments->n;
    int rc = ARB_OK;

    const size_t named = (CAPTURES_MAX + 2) * (size_t)bitstamp->desk.config.depth + 1;

    bitstamp->products = calloc(n, sizeof(*bitstamp->products));
    bitstamp->diff[0] = calloc(named, sizeof(*bitstamp->diff[0]));
    bitstamp->diff[1] = calloc(named, sizeof(*bitstamp->diff[1]));
    if (bitstamp->products == NULL || bitstamp->diff[0] == NULL || bitstamp->diff[1] == NULL) {
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
    .shown = shown,
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
