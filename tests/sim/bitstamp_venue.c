#include "bitstamp_venue.h"

#include <string.h>

#include "bitstamp_books.h"
#include "common_venue.h"
#include "words.h"

enum {
    CHANNELS_MAX = 1024,    /* per connection; one more closes it */
    CLIENT_FRAME_MAX = 512, /* bytes */
    CLOSE_TOO_BIG = 1009,
    SILENT = 8, /* a channel without frames, beside enum bitstamp_channel */
};

struct channel_name {
    const char *prefix;
    uint8_t kind;
};

static const struct channel_name channel_names[] = {
    { "order_book_", ORDER_BOOK },    { "diff_order_book_", DIFF_ORDER_BOOK },
    { "detail_order_book_", SILENT }, { "live_orders_", LIVE_ORDERS },
    { "live_trades_", SILENT },
};
enum { N_CHANNEL_NAMES = sizeof(channel_names) / sizeof(channel_names[0]) };

/* A channel may be of a market that there is not. */
struct channel {
    uint8_t kind; /* enum bitstamp_channel, or SILENT; 0: it is none */
    uint32_t instrument;
};

static uint32_t find_market(const struct common_venue *venue, struct arb_bytes name)
{
    return arb_symbol_find(&common_config(venue)->instruments->by_market, name);
}

static struct channel channel_of(const struct common_venue *venue, struct arb_bytes name)
{
    for (size_t i = 0; i < N_CHANNEL_NAMES; i++) {
        const size_t len = strlen(channel_names[i].prefix);
        if (words_start(name, channel_names[i].prefix) && name.len > len) {
            const struct arb_bytes market = { name.data + len, name.len - len };
            return (struct channel){ channel_names[i].kind, find_market(venue, market) };
        }
    }
    return (struct channel){ 0, ARB_NO_INSTRUMENT };
}

/* -- requests ------------------------------------------------------------------------------ */

/* Sends an error that leaves the connection open. */
static void complain(struct common_venue *venue, uint32_t client, const char *message)
{
    struct arb_text text = common_text(venue);
    bitstamp_put_error(&text, message);
    common_send(venue, client, &text);
}

static void answer(struct common_venue *venue, uint32_t client, const char *event,
                   const char *channel)
{
    struct arb_text text = common_text(venue);
    bitstamp_put_event(&text, event, channel);
    common_send(venue, client, &text);
}

static bool has_frames(const struct channel *channel)
{
    return channel->instrument != ARB_NO_INSTRUMENT && channel->kind != SILENT;
}

static bool has_subscribed(struct common_venue *venue, uint32_t client,
                           const struct channel *channel)
{
    return has_frames(channel) &&
           (*common_kinds(venue, client, channel->instrument) & channel->kind) != 0;
}

/* How many channels a client has; what has no frames to send is remembered as a number only. */
static uint64_t *n_channels(struct common_venue *venue, uint32_t client)
{
    return common_flags(venue, client);
}

static void enter(struct common_venue *venue, uint32_t client, const struct channel *channel,
                  int64_t now_ns)
{
    if (has_subscribed(venue, client, channel)) {
        return;
    }
    if (has_frames(channel)) {
        (void)common_subscribe(venue, client, channel->instrument, now_ns); /* perhaps again */
        *common_kinds(venue, client, channel->instrument) |= channel->kind;
    }
    ++*n_channels(venue, client);
}

static void leave(struct common_venue *venue, uint32_t client, const struct channel *channel)
{
    if (!has_subscribed(venue, client, channel)) {
        return;
    }
    uint8_t *const kinds = common_kinds(venue, client, channel->instrument);
    *kinds &= (uint8_t)~channel->kind;
    if (*kinds == 0) {
        (void)common_unsubscribe(venue, client, channel->instrument); /* it was subscribed */
    }
    --*n_channels(venue, client);
}

static void request_channel(struct common_venue *venue, uint32_t client,
                            const struct bitstamp_request *request, int64_t now_ns)
{
    const struct channel channel = channel_of(venue, arb_bytes_of(request->channel));

    if (!bitstamp_is_spelled_well(request->channel)) {
        complain(venue, client, "Bad subscription string.");
    } else if (channel.kind == 0) {
        complain(venue, client, "Invalid channel provided.");
    } else if (request->event == BITSTAMP_UNSUBSCRIBE) {
        leave(venue, client, &channel);
        answer(venue, client, "bts:unsubscription_succeeded", request->channel);
    } else {
        enter(venue, client, &channel, now_ns);
        if (*n_channels(venue, client) > CHANNELS_MAX) {
            common_close(venue, client, 0, "more than 1,024 channels");
            return;
        }
        answer(venue, client, "bts:subscription_succeeded", request->channel);
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    struct bitstamp_request request;

    if (message.len > CLIENT_FRAME_MAX) {
        common_close(venue, client, CLOSE_TOO_BIG, "read limited at 513 bytes");
    } else if (bitstamp_request_parse(&request, message) != ARB_OK) {
        complain(venue, client, "Incorrect JSON format.");
    } else if (request.event == BITSTAMP_HEARTBEAT) {
        struct arb_text text = common_text(venue);
        bitstamp_put_heartbeat(&text);
        common_send(venue, client, &text);
    } else if (request.event == BITSTAMP_UNKNOWN_EVENT) {
        complain(venue, client, "Bad subscription string.");
    } else {
        request_channel(venue, client, &request, now_ns);
    }
}

static bool hears(struct common_venue *venue, uint32_t client, struct arb_bytes name)
{
    const struct channel channel = channel_of(venue, name);
    return has_subscribed(venue, client, &channel);
}

/* -- REST ---------------------------------------------------------------------------------- */

/* Up to the query, and without a slash at the end. */
static struct arb_bytes plain_path(const char *path)
{
    const size_t len = strcspn(path, "?");
    return (struct arb_bytes){ path, len - (len > 0 && path[len - 1] == '/') };
}

/* The name in "/api/v2/order_book/btcusd"; empty: the path has none. */
static struct arb_bytes market_in(struct arb_bytes plain)
{
    static const char before[] = "/api/v2/order_book/";
    return words_start(plain, before) ? words_behind(plain, before) : arb_bytes_of("");
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const struct sim_venue_config *const config = common_config(venue);
    const struct arb_bytes plain = plain_path(path);
    const uint32_t instrument = find_market(venue, market_in(plain));

    if (arb_bytes_are(plain, "/api/v2/markets")) {
        bitstamp_put_markets(text, config->instruments);
    } else if (arb_bytes_are(plain, "/api/v2/trading-pairs-info")) {
        bitstamp_put_trading_pairs(text, config->instruments);
    } else if (instrument != ARB_NO_INSTRUMENT && config->market != NULL) {
        bitstamp_put_rest(venue, instrument, path + strcspn(path, "?"), now_ns, text);
    } else {
        frame_puts(text, "{\"status\": \"error\", \"reason\": \"Not found\"}");
        return 404;
    }
    return 200;
}

int bitstamp_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                          struct err *err)
{
    static const struct dialect dialect = {
        .name = "bitstamp",
        .stream = 3,
        .level_len = BITSTAMP_SPLIT_MAX * BITSTAMP_LEVEL_LEN, /* as orders */
        .row_len = BITSTAMP_MARKET_LEN,
        .read = read_request,
        .get = get,
        .hears = hears,
        .own_books = &bitstamp_own_books,
    };
    return common_venue_create(venue, &dialect, config, err);
}
