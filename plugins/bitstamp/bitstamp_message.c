/*
 * Messages of WebSocket API v2. A book's `data` often comes before the `channel` that says
 * whose it is, so the channel is looked up from the end of the message first.
 */
#include "bitstamp.h"

#include <stdio.h>

enum { TAIL_LEN = 128 /* where the channel stands when it comes last */ };

#define AHEAD_MAX_NS (INT64_C(300) * 1000000000)

static const char diff_prefix[] = "diff_order_book_";
static const char top_prefix[] = "order_book_";

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

int bitstamp_publish(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     struct book_text *book, enum arb_book_kind kind)
{
    drop_free_levels(&book->bids);
    drop_free_levels(&book->asks);
    const struct arb_book_event event = {
        .size = (uint32_t)sizeof(event),
        .instrument = instrument,
        .kind = (uint32_t)kind,
        .max_depth = self->is_diff ? 0 : TOP_LEVELS,
        .seq = book->microtimestamp,
        .venue_ns = (int64_t)(book->microtimestamp % (INT64_MAX / 1000)) * 1000,
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
static bool is_from_the_future(const struct book_text *book, int64_t now_ns)
{
    return book->microtimestamp > (uint64_t)((now_ns + AHEAD_MAX_NS) / 1000);
}

static int on_diff(struct bitstamp *self, struct arb_host *host, uint32_t i, struct book_text *book)
{
    struct market *const market = &self->markets[i];

    if (book->microtimestamp < market->last_event) {
        return arb_book_resync(host, i, "the venue's microtimestamp went back");
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

static int take_book(struct bitstamp *self, struct arb_host *host, uint32_t i,
                     struct book_text *book)
{
    if (is_from_the_future(book, host->now_ns)) {
        arb_log(host, ARB_WARN, "a frame is dated minutes ahead: damaged, or our clock is wrong");
        return ARB_EPROTO;
    }
    return self->is_diff ? on_diff(self, host, i, book) : on_top(self, host, i, book);
}

static int on_book(struct bitstamp *self, struct arb_host *host, uint32_t i, struct arb_json *json)
{
    struct book_text book = bitstamp_book_for(self, i);

    if (!bitstamp_read_book(json, &book)) {
        return bitstamp_number_trouble(self, host, i, json->rc);
    }
    return take_book(self, host, i, &book);
}

/* -- envelopes ------------------------------------------------------------------------ */

struct envelope {
    struct arb_bytes event, channel;
    struct arb_json data;
    bool has_data;
};

/* The market of a book channel, or nothing. */
static struct arb_bytes market_of(struct arb_bytes channel)
{
    const size_t diff_len = strlen(diff_prefix), top_len = strlen(top_prefix);
    struct arb_bytes none = { "", 0 };

    if (channel.len > diff_len && memcmp(channel.data, diff_prefix, diff_len) == 0) {
        return (struct arb_bytes){ channel.data + diff_len, channel.len - diff_len };
    }
    if (channel.len > top_len && memcmp(channel.data, top_prefix, top_len) == 0) {
        return (struct arb_bytes){ channel.data + top_len, channel.len - top_len };
    }
    return none;
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
        } else {
            arb_json_skip(&json);
        }
    }
    return arb_json_end(&json);
}

static int on_subscribed(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    if (i == ARB_NO_INSTRUMENT || self->markets[i].subscribed) {
        return ARB_OK; /* a second acknowledgement does not disturb the stream */
    }
    self->markets[i].subscribed = true;
    bitstamp_await_seed(self, i, host->now_ns);
    return ARB_OK;
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

static int on_envelope(struct bitstamp *self, struct arb_host *host, uint32_t conn,
                       struct envelope *envelope)
{
    const struct arb_bytes event = envelope->event;
    const uint32_t i = bitstamp_find(self, market_of(envelope->channel));

    if (arb_bytes_are(event, "data") && envelope->has_data) {
        return i == ARB_NO_INSTRUMENT ? ARB_OK : on_book(self, host, i, &envelope->data);
    }
    if (arb_bytes_are(event, "bts:subscription_succeeded")) {
        return on_subscribed(self, host, i);
    }
    if (arb_bytes_are(event, "bts:request_reconnect")) {
        return arb_ws_close(host, conn, "the venue asked for a reconnect");
    }
    if (arb_bytes_are(event, "bts:error")) {
        return on_error(host, envelope, i);
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
    const uint32_t i = bitstamp_find(self, market_of(guessed));

    if (i != ARB_NO_INSTRUMENT) {
        struct arb_json json = arb_json_over(msg);
        struct one_pass pass = read_in_one_pass(self, i, &json, guessed);
        if (arb_json_ok(&json) && pass.is_data && pass.has_channel) {
            return take_book(self, host, i, &pass.book);
        }
    }
    struct envelope envelope = { .event = { "", 0 }, .channel = { "", 0 } };
    if (!read_envelope(msg, &envelope)) {
        return ARB_EPROTO;
    }
    return on_envelope(self, host, conn, &envelope);
}
