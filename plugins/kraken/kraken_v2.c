/*
 * WebSocket API v2. Data messages have `channel`, answers have `method`; the order of members
 * is not fixed, but the usual one lets a message be read in one pass.
 */
#include "kraken.h"

#include "arbspot/time.h"

/* -- book ----------------------------------------------------------------------------- */

/* The members of one element of a book message's `data`, as far as they have to wait. */
struct element {
    struct book_frame frame;
    struct arb_json bids, asks; /* where they stand, when they came before the symbol */
    bool bids_wait, asks_wait;
    bool has_symbol;
    struct arb_bytes timestamp;
};

static bool read_levels(struct arb_json *json, struct arb_levels *levels)
{
    return arb_json_level_objects(json, "price", "qty", levels);
}

static void read_or_wait(struct arb_json *json, const struct element *element,
                         struct arb_levels *levels, struct arb_json *later, bool *waits)
{
    if (element->has_symbol && element->frame.instrument != ARB_NO_INSTRUMENT) {
        read_levels(json, levels);
        return;
    }
    *later = *json;
    *waits = true;
    arb_json_skip(json);
}

static void read_symbol(struct kraken *self, struct arb_json *json, struct element *element)
{
    struct arb_bytes symbol = { NULL, 0 };

    if (!arb_json_string(json, &symbol)) {
        return;
    }
    const uint32_t i = kraken_find(self, symbol);
    element->has_symbol = true;
    if (i != ARB_NO_INSTRUMENT) {
        struct book_frame frame = kraken_frame_for(self, i);
        if (element->frame.has_checksum) { /* it came before the symbol */
            frame.has_checksum = true;
            frame.checksum = element->frame.checksum;
        }
        element->frame = frame;
    }
}

static void read_member(struct kraken *self, struct arb_json *json, struct arb_bytes key,
                        struct element *element)
{
    uint64_t checksum = 0;

    if (arb_bytes_are(key, "symbol")) {
        read_symbol(self, json, element);
    } else if (arb_bytes_are(key, "bids")) {
        read_or_wait(json, element, &element->frame.bids, &element->bids, &element->bids_wait);
    } else if (arb_bytes_are(key, "asks")) {
        read_or_wait(json, element, &element->frame.asks, &element->asks, &element->asks_wait);
    } else if (arb_bytes_are(key, "checksum")) {
        if (arb_json_u64(json, &checksum) && checksum > UINT32_MAX) {
            arb_json_fail(json, ARB_EPROTO);
        }
        element->frame.checksum = (uint32_t)checksum;
        element->frame.has_checksum = true;
    } else if (arb_bytes_are(key, "timestamp")) {
        arb_json_string(json, &element->timestamp);
    } else {
        arb_json_skip(json);
    }
}

/* Reads what stood before the symbol. Its own reader, since the message's has moved on. */
static int read_waiting(struct element *element)
{
    if (element->bids_wait && !read_levels(&element->bids, &element->frame.bids)) {
        return element->bids.rc;
    }
    if (element->asks_wait && !read_levels(&element->asks, &element->frame.asks)) {
        return element->asks.rc;
    }
    return ARB_OK;
}

static int finish_element(struct kraken *self, struct arb_host *host, struct element *element,
                          enum arb_book_kind kind)
{
    struct book_frame *const frame = &element->frame;

    if (!element->has_symbol) {
        return ARB_EPROTO;
    }
    if (frame->instrument == ARB_NO_INSTRUMENT) {
        return ARB_OK; /* somebody else's pair */
    }
    const int rc = read_waiting(element);
    if (rc != ARB_OK) {
        return kraken_number_trouble(self, host, frame->instrument, rc);
    }
    if (!frame->has_checksum) {
        return ARB_EPROTO; /* without it the book could be wrong unnoticed */
    }
    if (element->timestamp.len > 0 &&
        arb_time_from_rfc3339(element->timestamp, &frame->venue_ns) != ARB_OK) {
        return ARB_EPROTO;
    }
    return kraken_publish(self, host, frame, kind);
}

static int read_element(struct kraken *self, struct arb_host *host, struct arb_json *json,
                        enum arb_book_kind kind)
{
    struct element element;
    struct arb_bytes key;

    element.frame.instrument = ARB_NO_INSTRUMENT;
    element.frame.has_checksum = false;
    element.bids_wait = element.asks_wait = element.has_symbol = false;
    element.timestamp.len = 0;
    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        read_member(self, json, key, &element);
    }
    if (!arb_json_ok(json)) {
        return kraken_number_trouble(self, host, element.frame.instrument, json->rc);
    }
    return finish_element(self, host, &element, kind);
}

static int read_book(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     struct arb_bytes type)
{
    const bool is_snapshot = arb_bytes_are(type, "snapshot");
    int rc = ARB_OK;

    if (!is_snapshot && !arb_bytes_are(type, "update")) {
        return ARB_EPROTO;
    }
    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json)) {
        rc = read_element(self, host, json, is_snapshot ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    }
    return rc != ARB_OK ? rc : (json->rc == ARB_ERANGE ? ARB_OK : json->rc);
}

/* -- the usual update ------------------------------------------------------------------- */

/* Consumes `text`, a literal, when it is next. */
#define IS_NEXT(json, text) arb_json_literal(json, text, sizeof(text) - 1)

static bool read_usual_levels(struct arb_json *json, struct arb_levels *levels)
{
    if (IS_NEXT(json, "]")) {
        return true;
    }
    do {
        struct arb_level *const level = arb_levels_more(json, levels);
        if (level == NULL || !IS_NEXT(json, "{\"price\":") ||
            !arb_json_price(json, levels->px_scale, &level->px, &levels->px_digits) ||
            !IS_NEXT(json, ",\"qty\":") ||
            !arb_json_decimal(json, levels->qty_scale, &level->qty, &levels->qty_digits) ||
            !IS_NEXT(json, "}")) {
            return false;
        }
        arb_levels_keep(levels);
    } while (IS_NEXT(json, ","));
    return IS_NEXT(json, "]");
}

/* Reads what is left of the message as the time it was made: its shape says where it ends. */
static bool read_usual_end(struct arb_json *json, int64_t *ns)
{
    static const char end[] = "\"}]}";
    const size_t end_len = sizeof(end) - 1, left = (size_t)(json->end - json->at);

    if (left < end_len || memcmp(json->end - end_len, end, end_len) != 0) {
        return false;
    }
    return arb_time_from_rfc3339((struct arb_bytes){ json->at, left - end_len }, ns) == ARB_OK;
}

/*
 * Reads an update of one of our books as long as it is spelled as the venue does, which takes
 * half the time of reading member by member. False, with nothing done: read it the other way,
 * which also says what is wrong.
 */
static bool read_usual_update(struct kraken *self, struct arb_bytes msg, struct book_frame *frame)
{
    struct arb_json json = arb_json_over(msg);
    struct arb_bytes symbol;
    uint64_t checksum = 0;

    if (!IS_NEXT(&json, "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":") ||
        !arb_json_string(&json, &symbol)) {
        return false;
    }
    const uint32_t i = kraken_find(self, symbol);
    if (i == ARB_NO_INSTRUMENT) {
        return false;
    }
    *frame = kraken_frame_for(self, i);
    if (!IS_NEXT(&json, ",\"bids\":[") || !read_usual_levels(&json, &frame->bids) ||
        !IS_NEXT(&json, ",\"asks\":[") || !read_usual_levels(&json, &frame->asks) ||
        !IS_NEXT(&json, ",\"checksum\":") || !arb_json_u64(&json, &checksum) ||
        checksum > UINT32_MAX || !IS_NEXT(&json, ",\"timestamp\":\"") ||
        !read_usual_end(&json, &frame->venue_ns)) {
        return false;
    }
    frame->checksum = (uint32_t)checksum;
    frame->has_checksum = true;
    return true;
}

/* -- instrument ----------------------------------------------------------------------- */

static void copy_text(char *to, struct arb_bytes from)
{
    const size_t len = from.len < ARB_SYMBOL_MAX ? from.len : ARB_SYMBOL_MAX - 1;
    memcpy(to, from.data, len);
    to[len] = '\0';
}

struct reference {
    struct arb_bytes symbol, status;
    uint64_t px_digits, qty_digits;
};

static void read_reference(struct arb_json *json, struct reference *pair)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "symbol")) {
            arb_json_string(json, &pair->symbol);
        } else if (arb_bytes_are(key, "status")) {
            arb_json_string(json, &pair->status);
        } else if (arb_bytes_are(key, "price_precision")) {
            arb_json_u64(json, &pair->px_digits);
        } else if (arb_bytes_are(key, "qty_precision")) {
            arb_json_u64(json, &pair->qty_digits);
        } else {
            arb_json_skip(json);
        }
    }
}

static uint8_t digits_of(uint64_t digits)
{
    return digits < ARB_DIGITS_UNKNOWN ? (uint8_t)digits : ARB_DIGITS_UNKNOWN;
}

static int publish_reference(struct kraken *self, struct arb_host *host,
                             const struct reference *pair, bool is_snapshot)
{
    char symbol[ARB_SYMBOL_MAX], status[ARB_SYMBOL_MAX];
    const uint32_t i = kraken_find(self, pair->symbol);
    const enum arb_trading trading = kraken_trading(pair->status);

    copy_text(symbol, pair->symbol);
    copy_text(status, pair->status);
    if (!is_snapshot) {
        return i == ARB_NO_INSTRUMENT ? ARB_OK : arb_trading_set(host, i, trading, status);
    }
    const struct arb_listing listing = {
        .size = (uint32_t)sizeof(listing),
        .trading = (uint32_t)trading,
        /* A pair that the configuration names by the venue's own symbol keeps its name. */
        .symbol = i == ARB_NO_INSTRUMENT ? symbol : self->env->instruments[i].symbol,
        .venue_symbol = symbol,
        .px_digits = digits_of(pair->px_digits),
        .qty_digits = digits_of(pair->qty_digits),
    };
    return arb_listing_publish(host, &listing);
}

static int read_pairs(struct kraken *self, struct arb_host *host, struct arb_json *json,
                      bool is_snapshot)
{
    int rc = ARB_OK;

    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json)) {
        struct reference pair = { .symbol = { "", 0 },
                                  .status = { "", 0 },
                                  .px_digits = ARB_DIGITS_UNKNOWN,
                                  .qty_digits = ARB_DIGITS_UNKNOWN };
        read_reference(json, &pair);
        if (arb_json_ok(json) && pair.symbol.len > 0 && pair.symbol.len < ARB_SYMBOL_MAX) {
            rc = publish_reference(self, host, &pair, is_snapshot);
        }
    }
    return rc;
}

static int read_instrument(struct kraken *self, struct arb_host *host, struct arb_json *json,
                           struct arb_bytes type)
{
    const bool is_snapshot = arb_bytes_are(type, "snapshot");
    struct arb_bytes key;
    int rc = ARB_OK;

    arb_json_object(json);
    while (rc == ARB_OK && arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "pairs")) {
            rc = read_pairs(self, host, json, is_snapshot);
        } else {
            arb_json_skip(json);
        }
    }
    if (rc != ARB_OK || !arb_json_ok(json)) {
        return rc != ARB_OK ? rc : json->rc;
    }
    return is_snapshot ? arb_catalog_end(host) : ARB_OK;
}

/* -- status --------------------------------------------------------------------------- */

static int read_status(struct arb_host *host, struct arb_json *json)
{
    struct arb_bytes key, system = { "", 0 };
    char text[ARB_SYMBOL_MAX];

    arb_json_array(json);
    while (arb_json_next(json)) {
        arb_json_object(json);
        while (arb_json_key(json, &key)) {
            if (arb_bytes_are(key, "system")) {
                arb_json_string(json, &system);
            } else {
                arb_json_skip(json);
            }
        }
    }
    if (!arb_json_ok(json) || system.len == 0) {
        return ARB_EPROTO;
    }
    copy_text(text, system);
    return arb_trading_set(host, ARB_ALL_INSTRUMENTS, kraken_trading(system), text);
}

/* -- envelopes ------------------------------------------------------------------------ */

struct envelope {
    struct arb_bytes channel, type, method, error, symbol;
    struct arb_json data; /* where it stands, when it came before channel or type */
    bool data_waits, has_success, success;
};

static int read_data(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     const struct envelope *envelope)
{
    if (arb_bytes_are(envelope->channel, "book")) {
        return read_book(self, host, json, envelope->type);
    }
    if (arb_bytes_are(envelope->channel, "instrument")) {
        return read_instrument(self, host, json, envelope->type);
    }
    if (arb_bytes_are(envelope->channel, "status")) {
        return read_status(host, json);
    }
    return arb_json_skip(json) ? ARB_OK : json->rc; /* a channel nobody asked for */
}

/* The symbol and channel of an answer's `result`. */
static void read_result(struct arb_json *json, struct envelope *envelope)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "symbol")) {
            arb_json_string(json, &envelope->symbol);
        } else {
            arb_json_skip(json);
        }
    }
}

static int read_envelope_member(struct kraken *self, struct arb_host *host, struct arb_json *json,
                                struct arb_bytes key, struct envelope *envelope)
{
    if (arb_bytes_are(key, "channel")) {
        arb_json_string(json, &envelope->channel);
    } else if (arb_bytes_are(key, "type")) {
        arb_json_string(json, &envelope->type);
    } else if (arb_bytes_are(key, "data")) {
        if (envelope->channel.len > 0 && envelope->type.len > 0) {
            return read_data(self, host, json, envelope);
        }
        envelope->data = *json;
        envelope->data_waits = true;
        arb_json_skip(json);
    } else if (arb_bytes_are(key, "method")) {
        arb_json_string(json, &envelope->method);
    } else if (arb_bytes_are(key, "success")) {
        envelope->has_success = arb_json_bool(json, &envelope->success);
    } else if (arb_bytes_are(key, "error") || arb_bytes_are(key, "Error")) {
        arb_json_string(json, &envelope->error);
    } else if (arb_bytes_are(key, "symbol")) {
        arb_json_string(json, &envelope->symbol);
    } else if (arb_bytes_are(key, "result") && arb_json_peek(json) == '{') {
        read_result(json, envelope);
    } else {
        arb_json_skip(json);
    }
    return ARB_OK;
}

/* Some refusals name the pair only at the end of their sentence. */
static struct arb_bytes pair_in(const struct envelope *envelope)
{
    const struct arb_bytes error = envelope->error;
    size_t at = error.len;

    if (envelope->symbol.len > 0) {
        return envelope->symbol;
    }
    while (at > 0 && error.data[at - 1] != ' ') {
        at--;
    }
    return (struct arb_bytes){ error.data + at, error.len - at };
}

static int on_answer(struct kraken *self, struct arb_host *host, const struct envelope *envelope)
{
    const struct arb_bytes name = pair_in(envelope);
    const uint32_t i = kraken_find(self, name);

    /* Left, or was never in: either way the pair can be subscribed now. */
    if (arb_bytes_are(envelope->method, "unsubscribe") && i != ARB_NO_INSTRUMENT) {
        return self->pairs[i].sub == SUB_LEAVING ? kraken_subscribe_again(self, host, i) : ARB_OK;
    }
    if (envelope->has_success && envelope->success) {
        return ARB_OK;
    }
    return kraken_refuse(self, host, name, envelope->error);
}

static int read_any_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg)
{
    static const struct arb_bytes none = { "", 0 };
    struct envelope envelope;
    struct arb_json json = arb_json_over(msg);
    struct arb_bytes key;
    int rc = ARB_OK;

    envelope.channel = envelope.type = envelope.method = envelope.error = envelope.symbol = none;
    envelope.data_waits = envelope.has_success = envelope.success = false;
    arb_json_object(&json);
    while (rc == ARB_OK && arb_json_key(&json, &key)) {
        rc = read_envelope_member(self, host, &json, key, &envelope);
    }
    if (rc == ARB_OK && !arb_json_end(&json) && json.rc != ARB_ERANGE) {
        rc = json.rc;
    }
    if (rc == ARB_OK && envelope.data_waits && envelope.channel.len > 0) {
        rc = read_data(self, host, &envelope.data, &envelope);
    }
    if (rc != ARB_OK || envelope.channel.len > 0) {
        return rc;
    }
    if (envelope.method.len > 0 || envelope.error.len > 0) {
        return arb_bytes_are(envelope.method, "pong") ? ARB_OK : on_answer(self, host, &envelope);
    }
    return ARB_EPROTO;
}

int kraken_v2_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg)
{
    struct book_frame usual;

    if (read_usual_update(self, msg, &usual)) {
        return kraken_publish(self, host, &usual, ARB_BOOK_DELTA);
    }
    return read_any_message(self, host, msg);
}
