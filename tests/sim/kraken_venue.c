#include "kraken_venue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kraken_frames.h"
#include "venue_desk.h"
#include "util/clock.h"

enum {
    STREAM = 2, /* of chance */
    SNAPSHOT_DELAY_MIN_MS = 20,
    SNAPSHOT_DELAY_MAX_MS = 40,
    REPEAT_EVERY = 100, /* updates: one level is named twice, the last one counts */
    NO_DEPTH = KRAKEN_DEPTHS,
};

enum what { HEARTBEAT = 1, SNAPSHOT = 2 };

/* One client's interest in one book. */
struct subscription {
    int64_t snapshot_ns; /* when the snapshot goes out; 0: it went out, updates flow */
    uint8_t depth;       /* index into kraken_depths, or NO_DEPTH */
};

struct client {
    bool is_connected, wants_catalog;
    int64_t heartbeat_ns; /* the next one; 0 before the first subscription */
    uint32_t n_books;
    struct subscription *books; /* by instrument */
};

/* The book as every subscriber knows it, and who they are. */
struct product {
    struct sim_book published;
    int64_t changed_ns;
    uint32_t checksum;
    uint32_t n_subscribers[KRAKEN_DEPTHS];
};

struct kraken_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    struct product *products;
    const char **statuses; /* by instrument; literals */
    struct client clients[SIM_CLIENTS_MAX];
};

static struct kraken_venue *kraken_of(struct sim_venue *venue)
{
    return (struct kraken_venue *)venue; /* its first member */
}

static void on_connect(struct sim_venue *venue, uint32_t id, int64_t now_ns)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct client *const client = &kraken->clients[id];
    struct arb_text text = venue_desk_frame(&kraken->desk);
    const uint32_t n = kraken->desk.config.instruments->n;

    (void)now_ns;
    client->is_connected = true;
    client->books = calloc(n, sizeof(*client->books));
    if (client->books == NULL) {
        venue_desk_close(&kraken->desk, id, 1011, "out of memory");
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        client->books[i].depth = NO_DEPTH;
    }
    /* Above 2^53, as at the venue. */
    kraken_put_status(&text, "online", prng_next(&kraken->desk.prng) >> 2 | UINT64_C(1) << 60);
    venue_desk_send(&kraken->desk, id, &text);
}

static void forget_book(struct kraken_venue *kraken, struct client *client, uint32_t instrument)
{
    struct subscription *const book = &client->books[instrument];
    if (book->depth == NO_DEPTH) {
        return;
    }
    kraken->products[instrument].n_subscribers[book->depth]--;
    *book = (struct subscription){ .depth = NO_DEPTH };
    client->n_books--;
}

static void on_disconnect(struct sim_venue *venue, uint32_t id)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct client *const client = &kraken->clients[id];

    for (uint32_t i = 0; client->books != NULL && i < kraken->desk.config.instruments->n; i++) {
        forget_book(kraken, client, i);
    }
    free(client->books);
    *client = (struct client){ 0 };
    player_stop(&kraken->desk.player, id);
}

/* The heartbeat ticks from the first accepted subscription on, whatever becomes of it. */
static void start_heartbeat(struct kraken_venue *kraken, uint32_t id, int64_t now_ns)
{
    struct client *const client = &kraken->clients[id];
    if (client->heartbeat_ns != 0) {
        return;
    }
    client->heartbeat_ns = now_ns + NS_PER_S;
    venue_desk_plan(
        &kraken->desk, id,
        (struct agenda_entry){ .at_ns = client->heartbeat_ns, .what = HEARTBEAT, .a = id });
}

static void refuse(struct kraken_venue *kraken, uint32_t id, const struct kraken_request *request,
                   const char *error, int64_t now_ns)
{
    struct arb_text text = venue_desk_frame(&kraken->desk);
    kraken_put_error(&text, request, NULL, error, venue_desk_own_time_ns(&kraken->desk, now_ns));
    venue_desk_send(&kraken->desk, id, &text);
}

static void refuse_symbol(struct kraken_venue *kraken, uint32_t id,
                          const struct kraken_request *request, const char *symbol,
                          const char *error, int64_t now_ns)
{
    struct arb_text text = venue_desk_frame(&kraken->desk);
    kraken_put_error(&text, request, symbol, error, venue_desk_own_time_ns(&kraken->desk, now_ns));
    venue_desk_send(&kraken->desk, id, &text);
}

static void acknowledge(struct kraken_venue *kraken, uint32_t id,
                        const struct kraken_request *request, const char *symbol, int64_t now_ns)
{
    struct arb_text text = venue_desk_frame(&kraken->desk);
    kraken_put_ack(&text, request, symbol, venue_desk_own_time_ns(&kraken->desk, now_ns));
    venue_desk_send(&kraken->desk, id, &text);
}

/* Plays the recording, or lets the snapshot follow, or lets updates flow at once. */
static void start_book(struct kraken_venue *kraken, uint32_t id, uint32_t instrument, bool snapshot,
                       int64_t now_ns)
{
    struct subscription *const book = &kraken->clients[id].books[instrument];
    if (kraken->desk.config.tape != NULL) {
        player_start(&kraken->desk.player, id, now_ns);
        return;
    }
    if (snapshot) {
        book->snapshot_ns =
            now_ns + prng_between(&kraken->desk.prng, SNAPSHOT_DELAY_MIN_MS * NS_PER_MS,
                                  SNAPSHOT_DELAY_MAX_MS * NS_PER_MS);
        venue_desk_plan(
            &kraken->desk, id,
            (struct agenda_entry){
                .at_ns = book->snapshot_ns, .what = SNAPSHOT, .a = id, .b = instrument });
    }
}

static void subscribe_book(struct kraken_venue *kraken, uint32_t id,
                           const struct kraken_request *request, uint32_t instrument,
                           int64_t now_ns)
{
    struct client *const client = &kraken->clients[id];
    struct subscription *const book = &client->books[instrument];
    const char *const symbol = kraken->desk.config.instruments->items[instrument].symbol;

    if (book->depth != NO_DEPTH) {
        refuse_symbol(kraken, id, request, symbol, "Already subscribed", now_ns);
        return;
    }
    book->depth = (uint8_t)kraken_depth_index(request->depth);
    client->n_books++;
    kraken->products[instrument].n_subscribers[book->depth]++;
    acknowledge(kraken, id, request, symbol, now_ns);
    start_heartbeat(kraken, id, now_ns);
    start_book(kraken, id, instrument, request->snapshot, now_ns);
}

static void unsubscribe_book(struct kraken_venue *kraken, uint32_t id,
                             const struct kraken_request *request, uint32_t instrument,
                             int64_t now_ns)
{
    struct client *const client = &kraken->clients[id];
    const char *const symbol = kraken->desk.config.instruments->items[instrument].symbol;

    if (client->books[instrument].depth != kraken_depth_index(request->depth)) {
        /* A refused unsubscribe names the other method. Source: python-kraken-sdk
         * tests/spot/test_spot_websocket.py, against the live venue. */
        struct kraken_request named = *request;
        named.method_name = "subscribe";
        refuse_symbol(kraken, id, &named, symbol, "Subscription Not Found", now_ns);
        return;
    }
    forget_book(kraken, client, instrument);
    if (client->n_books == 0) {
        player_stop(&kraken->desk.player, id);
    }
    acknowledge(kraken, id, request, symbol, now_ns);
}

/* Only spellings that need no escape come back in a refusal. */
static void refuse_unknown_pair(struct kraken_venue *kraken, uint32_t id,
                                const struct kraken_request *request, const char *symbol,
                                int64_t now_ns)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/.-_";
    char error[96];

    if (symbol == NULL || strlen(symbol) >= ARB_SYMBOL_MAX ||
        symbol[strspn(symbol, plain)] != '\0') {
        refuse(kraken, id, request, "Currency pair not in ISO 4217-A3 format", now_ns);
        return;
    }
    (void)snprintf(error, sizeof(error), "Currency pair not supported %s", symbol);
    refuse_symbol(kraken, id, request, symbol, error, now_ns);
}

static void request_symbol(struct kraken_venue *kraken, uint32_t id,
                           const struct kraken_request *request, const char *symbol, int64_t now_ns)
{
    const struct arb_bytes name = { symbol, symbol == NULL ? 0 : strlen(symbol) };
    const uint32_t instrument = arb_symbol_find(&kraken->desk.config.instruments->by_symbol, name);

    if (instrument == ARB_NO_INSTRUMENT) {
        refuse_unknown_pair(kraken, id, request, symbol, now_ns);
    } else if (request->method == KRAKEN_SUBSCRIBE) {
        subscribe_book(kraken, id, request, instrument, now_ns);
    } else {
        unsubscribe_book(kraken, id, request, instrument, now_ns);
    }
}

/* Why the request is refused as a whole, or NULL. */
static const char *book_refusal(const struct kraken_venue *kraken,
                                const struct kraken_request *request)
{
    const int64_t recorded = kraken->desk.config.tape == NULL ? 0 : kraken->desk.config.tape->depth;

    if (request->depth < 0) {
        return "Subscription book depth must be an integer";
    }
    if (kraken_depth_index(request->depth) < 0 || (recorded != 0 && request->depth != recorded)) {
        return "Subscription depth not supported";
    }
    return request->symbols == NULL ? "Symbol(s) not found" : NULL;
}

static void request_book(struct kraken_venue *kraken, uint32_t id,
                         const struct kraken_request *request, int64_t now_ns)
{
    const char *const refusal = book_refusal(kraken, request);
    const cJSON *symbol;

    if (refusal != NULL) {
        refuse(kraken, id, request, refusal, now_ns);
        return;
    }
    cJSON_ArrayForEach(symbol, request->symbols)
    {
        request_symbol(kraken, id, request, cJSON_GetStringValue(symbol), now_ns);
    }
}

static void request_catalog(struct kraken_venue *kraken, uint32_t id,
                            const struct kraken_request *request, int64_t now_ns)
{
    const struct instrument_list *const list = kraken->desk.config.instruments;
    struct arb_text text = venue_desk_frame(&kraken->desk);

    acknowledge(kraken, id, request, NULL, now_ns);
    kraken->clients[id].wants_catalog = request->method == KRAKEN_SUBSCRIBE;
    if (request->method == KRAKEN_UNSUBSCRIBE) {
        return;
    }
    start_heartbeat(kraken, id, now_ns);
    if (request->snapshot) {
        kraken_put_instruments(&text, "snapshot", list->items, kraken->statuses, list->n);
        venue_desk_send(&kraken->desk, id, &text);
    }
}

static void answer(struct kraken_venue *kraken, uint32_t id, const struct kraken_request *request,
                   int64_t now_ns)
{
    struct arb_text text = venue_desk_frame(&kraken->desk);

    if (request->method == KRAKEN_PING) {
        kraken_put_pong(&text, request, venue_desk_own_time_ns(&kraken->desk, now_ns));
        venue_desk_send(&kraken->desk, id, &text);
    } else if (request->method == KRAKEN_UNKNOWN_METHOD) {
        refuse(kraken, id, request, "Unsupported method", now_ns);
    } else if (strcmp(request->channel, "book") == 0) {
        request_book(kraken, id, request, now_ns);
    } else if (strcmp(request->channel, "instrument") == 0) {
        request_catalog(kraken, id, request, now_ns);
    } else {
        refuse(kraken, id, request, "Unsupported channel", now_ns);
    }
}

static void on_text(struct sim_venue *venue, uint32_t id, int64_t now_ns, struct arb_bytes message)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct kraken_request request;

    if (kraken->clients[id].books == NULL) {
        return; /* being closed for want of memory */
    }
    if (kraken_request_parse(&request, message) != ARB_OK) {
        request = (struct kraken_request){ .method = KRAKEN_UNKNOWN_METHOD };
        refuse(kraken, id, &request, "Malformed request", now_ns);
        return;
    }
    answer(kraken, id, &request, now_ns);
    kraken_request_fini(&request);
}

/* The venue has no REST market data here: plugins do not use it. */
static int on_get(struct sim_venue *venue, const char *path, int64_t now_ns, struct arb_bytes *body)
{
    static const char none[] = "{\"error\":[\"EGeneral:Unknown method\"]}";
    (void)venue;
    (void)path;
    (void)now_ns;
    *body = (struct arb_bytes){ none, sizeof(none) - 1 };
    return 404;
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

static void send_snapshot(struct kraken_venue *kraken, uint32_t id, uint32_t instrument)
{
    const struct product *const product = &kraken->products[instrument];
    const uint32_t depth = kraken_depths[kraken->clients[id].books[instrument].depth];
    const struct kraken_book_frame frame = {
        .type = "snapshot",
        .instrument = &kraken->desk.config.instruments->items[instrument],
        .bids = product->published.bids.levels,
        .asks = product->published.asks.levels,
        .n_bids = at_most(product->published.bids.n, depth),
        .n_asks = at_most(product->published.asks.n, depth),
        .checksum = product->checksum,
        .changed_ns = venue_desk_own_time_ns(&kraken->desk, product->changed_ns),
    };
    struct arb_text text = venue_desk_frame(&kraken->desk);

    kraken_put_book(&text, &frame);
    venue_desk_send(&kraken->desk, id, &text);
}

/*
 * Brings the levels of one side out of price order and, now and then, names the first of them
 * twice, as the venue does: only applying them in array order gives the right book.
 */
static uint32_t disorder(struct prng *prng, struct arb_level *levels, uint32_t n)
{
    if (n == 0) {
        return 0;
    }
    const uint32_t other = (uint32_t)prng_below(prng, n);
    const struct arb_level first = levels[0];
    levels[0] = levels[other];
    levels[other] = first;
    if (!prng_once_in(prng, REPEAT_EVERY)) {
        return n;
    }
    levels[n] = levels[0];
    levels[0].qty = levels[n].qty + prng_between(prng, 1, 1000);
    return n + 1;
}

static void send_to_subscribers(struct kraken_venue *kraken, uint32_t instrument, uint32_t depth,
                                const struct arb_text *text)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        const struct client *const client = &kraken->clients[id];
        if (client->n_books > 0 && client->books[instrument].depth == depth &&
            client->books[instrument].snapshot_ns == 0) {
            venue_desk_send(&kraken->desk, id, text);
        }
    }
}

/* Tells the subscribers of one depth what changed for them, if anything did. */
static void send_update(struct kraken_venue *kraken, uint32_t instrument,
                        const struct sim_book *now, uint32_t depth)
{
    const struct product *const product = &kraken->products[instrument];
    const uint32_t levels = kraken_depths[depth];
    struct kraken_book_frame frame = {
        .type = "update",
        .instrument = &kraken->desk.config.instruments->items[instrument],
        .bids = kraken->desk.changes[0],
        .asks = kraken->desk.changes[1],
        .checksum = product->checksum,
        .changed_ns = venue_desk_own_time_ns(&kraken->desk, product->changed_ns),
    };
    struct arb_text text = venue_desk_frame(&kraken->desk);

    frame.n_bids =
        ladder_diff(&product->published.bids, &now->bids, levels, kraken->desk.changes[0]);
    frame.n_asks =
        ladder_diff(&product->published.asks, &now->asks, levels, kraken->desk.changes[1]);
    if (frame.n_bids + frame.n_asks == 0) {
        return;
    }
    frame.n_bids = disorder(&kraken->desk.prng, kraken->desk.changes[0], frame.n_bids);
    frame.n_asks = disorder(&kraken->desk.prng, kraken->desk.changes[1], frame.n_asks);
    kraken_put_book(&text, &frame);
    send_to_subscribers(kraken, instrument, depth, &text);
}

static void on_change(struct sim_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct product *const product = &kraken->products[instrument];
    const struct sim_book *const now =
        sim_market_book(kraken->desk.config.market, kraken->desk.config.market_venue, instrument);

    product->changed_ns = now_ns;
    product->checksum = kraken_checksum(now);
    for (uint32_t depth = 0; depth < KRAKEN_DEPTHS; depth++) {
        if (product->n_subscribers[depth] > 0) {
            send_update(kraken, instrument, now, depth);
        }
    }
    sim_book_copy(&product->published, now);
    kraken->desk.config.outlet.published(kraken->desk.config.outlet.context, instrument, now_ns);
}

static int64_t next_ns(const struct sim_venue *venue)
{
    const struct kraken_venue *const kraken = (const struct kraken_venue *)venue;
    const int64_t agenda_ns = agenda_next_ns(&kraken->desk.agenda);
    const int64_t player_ns = player_next_ns(&kraken->desk.player);
    return agenda_ns < player_ns ? agenda_ns : player_ns;
}

static void send_heartbeat(struct kraken_venue *kraken, uint32_t id, int64_t due_ns)
{
    struct client *const client = &kraken->clients[id];
    struct arb_text text = venue_desk_frame(&kraken->desk);

    if (client->heartbeat_ns != due_ns) {
        return; /* of an earlier client with this number */
    }
    kraken_put_heartbeat(&text);
    venue_desk_send(&kraken->desk, id, &text);
    client->heartbeat_ns = 0;
    start_heartbeat(kraken, id, due_ns);
}

static void snapshot_due(struct kraken_venue *kraken, uint32_t id, uint32_t instrument,
                         int64_t due_ns)
{
    const struct client *const client = &kraken->clients[id];
    if (client->books == NULL || client->books[instrument].snapshot_ns != due_ns) {
        return; /* unsubscribed in the meantime */
    }
    client->books[instrument].snapshot_ns = 0;
    send_snapshot(kraken, id, instrument);
}

static void play(struct kraken_venue *kraken, int64_t now_ns)
{
    uint32_t id;
    const struct tape_frame *const frame = player_take(&kraken->desk.player, now_ns, &id);

    if (frame == NULL) {
        return;
    }
    const uint32_t instrument =
        arb_symbol_find(&kraken->desk.config.instruments->by_symbol, frame->channel);
    if (instrument != ARB_NO_INSTRUMENT &&
        kraken->clients[id].books[instrument].depth != NO_DEPTH) {
        kraken->desk.config.outlet.send(kraken->desk.config.outlet.context, id, frame->text);
    }
}

static void on_time(struct sim_venue *venue, int64_t now_ns)
{
    struct kraken_venue *const kraken = kraken_of(venue);

    if (agenda_next_ns(&kraken->desk.agenda) > now_ns) {
        play(kraken, now_ns);
        return;
    }
    const struct agenda_entry due = agenda_take(&kraken->desk.agenda);
    if (due.what == HEARTBEAT) {
        send_heartbeat(kraken, due.a, due.at_ns);
    } else {
        snapshot_due(kraken, due.a, due.b, due.at_ns);
    }
}

static const struct sim_book *published(const struct sim_venue *venue, uint32_t instrument)
{
    const struct kraken_venue *const kraken = (const struct kraken_venue *)venue;
    return kraken->desk.config.market == NULL ? NULL : &kraken->products[instrument].published;
}

static const struct sim_book *shown(const struct sim_venue *venue, uint32_t instrument,
                                    uint32_t feed)
{
    (void)feed; /* there is one */
    return published(venue, instrument);
}

/*
 * In v1 the venue announces ends of subscriptions that nobody asked for (docs.kraken.com,
 * spot-websocket-v1/subscriptionstatus); in v2 the like reads as an acknowledgement.
 */
static void end_subscription(struct sim_venue *venue, uint32_t id, uint32_t instrument,
                             int64_t now_ns)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct client *const client = &kraken->clients[id];

    if (client->books == NULL || client->books[instrument].depth == NO_DEPTH) {
        return;
    }
    const struct kraken_request request = {
        .method = KRAKEN_UNSUBSCRIBE,
        .method_name = "unsubscribe",
        .depth = kraken_depths[client->books[instrument].depth],
    };
    unsubscribe_book(kraken, id, &request, instrument, now_ns);
}

static void destroy(struct sim_venue *venue)
{
    if (venue == NULL) {
        return;
    }
    struct kraken_venue *const kraken = kraken_of(venue);
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        free(kraken->clients[id].books);
    }
    for (uint32_t i = 0; kraken->products != NULL && i < kraken->desk.config.instruments->n; i++) {
        sim_book_fini(&kraken->products[i].published);
    }
    venue_desk_fini(&kraken->desk);
    free(kraken->products);
    free(kraken->statuses);
    free(kraken);
}

void kraken_venue_set_pair_status(struct sim_venue *venue, uint32_t instrument, const char *status)
{
    struct kraken_venue *const kraken = kraken_of(venue);
    struct arb_text text = venue_desk_frame(&kraken->desk);

    kraken->statuses[instrument] = status;
    kraken_put_instruments(&text, "update", &kraken->desk.config.instruments->items[instrument],
                           &status, 1);
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        if (kraken->clients[id].wants_catalog) {
            venue_desk_send(&kraken->desk, id, &text);
        }
    }
}

static int init_products(struct kraken_venue *kraken)
{
    const struct sim_venue_config *const config = &kraken->desk.config;
    int rc = ARB_OK;

    for (uint32_t i = 0; i < config->instruments->n && rc == ARB_OK; i++) {
        struct product *const product = &kraken->products[i];
        kraken->statuses[i] = "online";
        if (config->market != NULL) {
            rc = sim_book_init(&product->published, config->depth);
        }
        if (config->market != NULL && rc == ARB_OK) {
            sim_book_copy(&product->published,
                          sim_market_book(config->market, config->market_venue, i));
            product->changed_ns = config->start_ns;
            product->checksum = kraken_checksum(&product->published);
        }
    }
    return rc;
}

static size_t frame_cap(const struct sim_venue_config *config)
{
    const size_t n = config->instruments->n;
    const size_t changes = venue_desk_changes(config);

    return KRAKEN_FRAME_BASE + n * KRAKEN_PAIR_LEN + 2 * changes * KRAKEN_LEVEL_LEN;
}

static int allocate(struct kraken_venue *kraken)
{
    const size_t n = kraken->desk.config.instruments->n;

    kraken->products = calloc(n, sizeof(*kraken->products));
    kraken->statuses = calloc(n, sizeof(*kraken->statuses));
    if (kraken->products == NULL || kraken->statuses == NULL) {
        return ARB_ENOMEM;
    }
    return init_products(kraken);
}

static const struct sim_venue_ops kraken_ops = {
    .name = "kraken",
    .on_connect = on_connect,
    .on_disconnect = on_disconnect,
    .on_text = on_text,
    .on_get = on_get,
    .on_change = on_change,
    .next_ns = next_ns,
    .on_time = on_time,
    .published = published,
    .shown = shown,
    .end_subscription = end_subscription,
    .destroy = destroy,
};

int kraken_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                        struct err *err)
{
    struct kraken_venue *const kraken = calloc(1, sizeof(*kraken));
    if (kraken == NULL) {
        return err_set(err, ARB_ENOMEM, "kraken: no memory");
    }
    int rc = venue_desk_init(&kraken->desk, &kraken_ops, config, STREAM, frame_cap(config));
    if (rc == ARB_OK) {
        rc = allocate(kraken);
    }
    if (rc != ARB_OK) {
        destroy(&kraken->desk.venue);
        return err_set(err, rc, "kraken: no memory for %u instruments", config->instruments->n);
    }
    *venue = &kraken->desk.venue;
    return ARB_OK;
}
