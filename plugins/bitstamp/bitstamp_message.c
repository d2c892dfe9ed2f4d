/*
 * Messages of WebSocket API v2. A book's `data` often comes before the `channel` that says
 * whose it is, so the channel is looked up from the end of the message first.
 */
#include "bitstamp.h"

#include <stdio.h>

enum { TAIL_LEN = 128 /* where the channel stands when it comes last */ };

#define AHEAD_MAX_NS (INT64_C(300) * 1000000000)

struct channel_prefix {
    const char *text;
    enum channel_kind kind;
};

static const struct channel_prefix channel_prefixes[] = {
    { "order_book_", CHANNEL_TOP },
    { "diff_order_book_", CHANNEL_DIFF },
    { "live_orders_", CHANNEL_ORDERS },
};
enum { N_CHANNEL_PREFIXES = sizeof(channel_prefixes) / sizeof(channel_prefixes[0]) };

/* -- books ---------------------------------------------------------------------------- */

struct book_text bitstamp_book_for(struct bitstamp *self, uint32_t instrument)
{
    const struct arb_instrument *const info = &self->env->instruments[instrument];
    struct book_text book = { .bids = { .levels = self->bids,
                                        .max = FRAME_LEVELS_MAX,
                                        .px_scale = info->px_scale,
                                        .qty_scale = info->qty_scale } };
    book.asks = book.bids;
    book.asks.levels = self->asks;
    return book;
}

bool bitstamp_read_book(struct arb_json *json, struct book_text *book)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "bids")) {
            arb_json_level_pairs(json, &book->bids);
        } else if (arb_bytes_are(key, "asks")) {
            arb_json_level_pairs(json, &book->asks);
        } else if (arb_bytes_are(key, "microtimestamp")) {
            arb_json_u64(json, &book->microtimestamp);
        } else {
            arb_json_skip(json);
        }
    }
    if (book->bids.n_beyond > 0) {
        return arb_json_fail(json, ARB_ERANGE); /* it is the best bid: not to be left out */
    }
    return arb_json_ok(json) && (book->microtimestamp != 0 || arb_json_fail(json, ARB_EPROTO));
}

/* Some markets list a bid at price 0. */
static void drop_free_levels(struct arb_levels *side)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < side->n; i++) {
        if (side->levels[i].px > 0) {
            side->levels[n++] = side->levels[i];
        }
    }
    side->n = n;
}

static uint8_t more(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

int64_t bitstamp_venue_ns(uint64_t microtimestamp)
{
    return (int64_t)(microtimestamp % (INT64_MAX / 1000)) * 1000;
}

int bitstamp_publish(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     struct book_text *book, enum arb_book_kind kind)
{
    drop_free_levels(&book->bids);
    drop_free_levels(&book->asks);
    const struct arb_book_event event = {
        .size = (uint32_t)sizeof(event),
        .instrument = instrument,
        .kind = (uint32_t)kind,
        .max_depth = self->feed == CHANNEL_TOP ? TOP_LEVELS : 0,
        .seq = book->microtimestamp,
        .venue_ns = bitstamp_venue_ns(book->microtimestamp),
        .bids = book->bids.levels,
        .asks = book->asks.levels,
        .n_bids = book->bids.n,
        .n_asks = book->asks.n,
        .px_digits = more(book->bids.px_digits, book->asks.px_digits),
        .qty_digits = more(book->bids.qty_digits, book->asks.qty_digits),
    };
    return arb_book_publish(host, &event);
}

/* A number that does not fit concerns its own market only; anything else the whole message. */
int bitstamp_number_trouble(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                            int rc)
{
    char why[128];

    if (rc != ARB_ERANGE) {
        return rc;
    }
    (void)snprintf(why, sizeof(why), "a number does not fit: change the scales in [instrument:%s]",
                   self->env->instruments[instrument].symbol);
    return arb_book_resync(host, instrument, why);
}

/*
 * A frame far ahead of time would make every later one look old. Clocks differ by less than
 * this, so the frame is damaged.
 */
bool bitstamp_is_from_the_future(struct arb_host *host, uint64_t microtimestamp)
{
    if (microtimestamp <= (uint64_t)((host->now_ns + AHEAD_MAX_NS) / 1000)) {
        return false;
    }
    arb_log(host, ARB_WARN, "a frame is dated minutes ahead: damaged, or our clock is wrong");
    return true;
}

static uint64_t mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 32;
}

static uint64_t mix_side(uint64_t digest, const struct arb_levels *side)
{
    digest = mix(digest, side->n);
    for (uint32_t i = 0; i < side->n; i++) {
        digest = mix(mix(digest, (uint64_t)side->levels[i].px), (uint64_t)side->levels[i].qty);
    }
    return digest;
}

/*
 * A diff that changes the same levels to the same quantities at the same microsecond as the last
 * one is that one again. What it deletes is gone already, which is no damage. Nothing is hidden:
 * applied right behind itself a diff changes nothing.
 */
static bool is_repeated(struct market *market, const struct book_text *book)
{
    const uint64_t digest = mix_side(mix_side(0, &book->bids), &book->asks);
    const bool is_same = book->microtimestamp == market->last_event && digest == market->last_diff;

    market->last_diff = digest;
    return is_same;
}

static int on_diff(struct bitstamp *self, struct arb_host *host, uint32_t i, struct book_text *book)
{
    struct market *const market = &self->markets[i];

    if (book->microtimestamp < market->last_event) {
        return arb_book_resync(host, i, "the venue's microtimestamp went back");
    }
    if (is_repeated(market, book)) {
        return ARB_OK;
    }
    market->last_event = book->microtimestamp;
    if (market->seed != SEED_IDLE && market->first_diff == 0) {
        market->first_diff = book->microtimestamp;
    }
    return bitstamp_publish(self, host, i, book, ARB_BOOK_DELTA);
}

static int on_top(struct bitstamp *self, struct arb_host *host, uint32_t i, struct book_text *book)
{
    struct market *const market = &self->markets[i];

    if (book->microtimestamp <= market->last_event) {
        return ARB_OK; /* not newer than what we have */
    }
    market->last_event = book->microtimestamp;
    market->seed = SEED_IDLE; /* the frame is the whole book: no seed needed any more */
    return bitstamp_publish(self, host, i, book, ARB_BOOK_SNAPSHOT);
}

/* Acknowledged, or proven by a frame. A further acknowledgement does not disturb the stream. */
static void note_subscribed(struct bitstamp *self, struct arb_host *host, struct channel channel)
{
    struct market *const market = &self->markets[channel.market];

    if (channel.kind != self->feed) {
        market->check.is_on = market->check.is_on || channel.kind == CHANNEL_TOP;
    } else if (!market->sub.is_on) {
        market->sub.is_on = true;
        bitstamp_await_seed(self, channel.market, host->now_ns);
    }
}

static int take_book(struct bitstamp *self, struct arb_host *host, struct channel channel,
                     struct book_text *book)
{
    if (bitstamp_is_from_the_future(host, book->microtimestamp)) {
        return ARB_EPROTO;
    }
    note_subscribed(self, host, channel);
    if (channel.kind == CHANNEL_TOP && self->feed == CHANNEL_DIFF && self->cross_check) {
        return bitstamp_check_frame(self, host, channel.market, book);
    }
    if (channel.kind != self->feed) {
        return ARB_OK; /* not subscribed, so none of our business */
    }
    return channel.kind == CHANNEL_DIFF ? on_diff(self, host, channel.market, book)
                                        : on_top(self, host, channel.market, book);
}

static int on_book(struct bitstamp *self, struct arb_host *host, struct channel channel,
                   struct arb_json *json)
{
    struct book_text book = bitstamp_book_for(self, channel.market);

    if (!bitstamp_read_book(json, &book)) {
        return bitstamp_number_trouble(self, host, channel.market, json->rc);
    }
    return take_book(self, host, channel, &book);
}

/* -- envelopes ------------------------------------------------------------------------ */

struct envelope {
    struct arb_bytes event, channel;
    struct arb_bytes links[2]; /* event_id, pre_event_id */
    struct arb_json data;
    bool has_data;
};

/* What a channel carries, and for which market. */
static struct channel channel_of(const struct bitstamp *self, struct arb_bytes name)
{
    for (size_t i = 0; i < N_CHANNEL_PREFIXES; i++) {
        const size_t len = strlen(channel_prefixes[i].text);
        if (name.len > len && memcmp(name.data, channel_prefixes[i].text, len) == 0) {
            const struct arb_bytes market = { name.data + len, name.len - len };
            return (struct channel){ channel_prefixes[i].kind, bitstamp_find(self, market) };
        }
    }
    return (struct channel){ CHANNEL_OTHER, ARB_NO_INSTRUMENT };
}

/* The channel as it stands near the end of most messages; a guess that the reading confirms. */
static struct arb_bytes guess_channel(struct arb_bytes msg)
{
    static const char key[] = "\"channel\":";
    const size_t tail_len = msg.len < TAIL_LEN ? msg.len : TAIL_LEN;
    const char *const end = msg.data + msg.len;
    const char *p = memmem(end - tail_len, tail_len, key, strlen(key));
    struct arb_bytes channel = { "", 0 };

    if (p == NULL) {
        return channel;
    }
    struct arb_json json =
        arb_json_over((struct arb_bytes){ p + strlen(key), (size_t)(end - p) - strlen(key) });
    return arb_json_string(&json, &channel) ? channel : (struct arb_bytes){ "", 0 };
}

static void note_data(struct arb_json *json, struct envelope *envelope)
{
    envelope->data = *json;
    envelope->has_data = true;
    arb_json_skip(json);
}

static bool read_envelope(struct arb_bytes msg, struct envelope *envelope)
{
    struct arb_json json = arb_json_over(msg);
    struct arb_bytes key;

    arb_json_object(&json);
    while (arb_json_key(&json, &key)) {
        if (arb_bytes_are(key, "event")) {
            arb_json_string(&json, &envelope->event);
        } else if (arb_bytes_are(key, "channel")) {
            arb_json_string(&json, &envelope->channel);
        } else if (arb_bytes_are(key, "data")) {
            note_data(&json, envelope);
        } else if (arb_bytes_are(key, "event_id") && arb_json_peek(&json) == '"') {
            arb_json_string(&json, &envelope->links[0]);
        } else if (arb_bytes_are(key, "pre_event_id") && arb_json_peek(&json) == '"') {
            arb_json_string(&json, &envelope->links[1]);
        } else {
            arb_json_skip(&json);
        }
    }
    return arb_json_end(&json);
}

static int on_error(struct arb_host *host, const struct envelope *envelope, uint32_t i)
{
    struct arb_json json = envelope->data;
    struct arb_bytes key, text = { "no reason given", 15 };
    char why[128];

    if (envelope->has_data && arb_json_peek(&json) == '{') {
        arb_json_object(&json);
        while (arb_json_key(&json, &key)) {
            if (arb_bytes_are(key, "message") && arb_json_peek(&json) == '"') {
                arb_json_string(&json, &text);
            } else {
                arb_json_skip(&json);
            }
        }
    }
    (void)snprintf(why, sizeof(why), "refused by the venue: %.*s",
                   (int)(text.len < 90 ? text.len : 90), text.data);
    if (i != ARB_NO_INSTRUMENT) {
        return arb_book_refused(host, i, why);
    }
    arb_log(host, ARB_WARN, "%s", why); /* it seldom says which request it means */
    return ARB_OK;
}

/* 0: no event of an order. */
static enum order_event_kind order_event_kind_of(struct arb_bytes event)
{
    if (arb_bytes_are(event, "order_created")) {
        return ORDER_CREATED;
    }
    if (arb_bytes_are(event, "order_changed")) {
        return ORDER_CHANGED;
    }
    return arb_bytes_are(event, "order_deleted") ? ORDER_DELETED : ORDER_NONE;
}

/* A message of a channel that carries data. */
static int on_data(struct bitstamp *self, struct arb_host *host, struct channel channel,
                   struct envelope *envelope)
{
    const enum order_event_kind kind = order_event_kind_of(envelope->event);

    if (channel.market == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    if (channel.kind != CHANNEL_ORDERS) {
        return kind == ORDER_NONE ? on_book(self, host, channel, &envelope->data) : ARB_EPROTO;
    }
    if (self->feed != CHANNEL_ORDERS || kind == ORDER_NONE) {
        return ARB_OK;
    }
    note_subscribed(self, host, channel);
    return bitstamp_order_event(self, host, channel.market, kind, &envelope->data, envelope->links);
}

static int on_envelope(struct bitstamp *self, struct arb_host *host, uint32_t conn,
                       struct envelope *envelope)
{
    const struct arb_bytes event = envelope->event;
    const struct channel channel = channel_of(self, envelope->channel);
    const bool is_data = arb_bytes_are(event, "data") || order_event_kind_of(event) != ORDER_NONE;

    if (is_data && envelope->has_data) {
        return on_data(self, host, channel, envelope);
    }
    if (arb_bytes_are(event, "bts:subscription_succeeded")) {
        if (channel.market != ARB_NO_INSTRUMENT) {
            note_subscribed(self, host, channel);
        }
        return ARB_OK;
    }
    if (arb_bytes_are(event, "bts:request_reconnect")) {
        return arb_ws_renew(host, conn, "the venue asked for a reconnect");
    }
    if (arb_bytes_are(event, "bts:error")) {
        return on_error(host, envelope,
                        channel.kind == self->feed ? channel.market : ARB_NO_INSTRUMENT);
    }
    return event.len > 0 ? ARB_OK : ARB_EPROTO; /* heartbeats, trades and the like */
}

/* A book message read in one pass, its market known beforehand. */
struct one_pass {
    struct book_text book;
    bool is_data, has_channel;
};

static struct one_pass read_in_one_pass(struct bitstamp *self, uint32_t i, struct arb_json *json,
                                        struct arb_bytes guessed)
{
    struct one_pass pass = { .book = bitstamp_book_for(self, i) };
    struct arb_bytes key, text = { "", 0 };

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "data") && arb_json_peek(json) == '{') {
            bitstamp_read_book(json, &pass.book);
        } else if (arb_bytes_are(key, "event")) {
            pass.is_data = arb_json_string(json, &text) && arb_bytes_are(text, "data");
        } else if (arb_bytes_are(key, "channel")) {
            pass.has_channel = arb_json_string(json, &text) && text.data == guessed.data;
        } else {
            arb_json_skip(json);
        }
    }
    (void)arb_json_end(json);
    return pass;
}

int bitstamp_message(struct bitstamp *self, struct arb_host *host, uint32_t conn,
                     struct arb_bytes msg)
{
    const struct arb_bytes guessed = guess_channel(msg);
    const struct channel channel = channel_of(self, guessed);

    if (channel.market != ARB_NO_INSTRUMENT && channel.kind != CHANNEL_ORDERS) {
        struct arb_json json = arb_json_over(msg);
        struct one_pass pass = read_in_one_pass(self, channel.market, &json, guessed);
        if (arb_json_ok(&json) && pass.is_data && pass.has_channel) {
            return take_book(self, host, channel, &pass.book);
        }
    }
    struct envelope envelope = { .event = { "", 0 },
                                 .channel = { "", 0 },
                                 .links = { { "", 0 }, { "", 0 } } };
    if (!read_envelope(msg, &envelope)) {
        return ARB_EPROTO;
    }
    return on_envelope(self, host, conn, &envelope);
}
