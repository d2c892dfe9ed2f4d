/*
 * WebSocket API v2. Data messages have `channel`, answers have `method`; the order of members is
 * not fixed, but the usual one lets an update be read in half the time.
 */
#include "kraken.h"

#include "arbspot/catalog.h"
#include "arbspot/time.h"

/* -- book --------------------------------------------------------------------------------- */

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

/* Reads the rest of the message as the time it was made: its shape says where it ends. */
static bool read_usual_end(const struct arb_json *json, int64_t *ns)
{
    const size_t left = (size_t)(json->end - json->at);
    return left > 4 && memcmp(json->end - 4, "\"}]}", 4) == 0 &&
           arb_time_from_rfc3339((struct arb_bytes){ json->at, left - 4 }, ns) == ARB_OK;
}

/* False, with nothing done, unless it is spelled as usual: then the other way says what is wrong.
 */
static bool read_usual_update(struct kraken *self, struct arb_bytes msg, struct frame *frame)
{
    struct arb_json json = arb_json_over(msg);
    struct arb_bytes symbol;
    uint64_t checksum = 0;

    if (!IS_NEXT(&json, "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":") ||
        !arb_json_string(&json, &symbol)) {
        return false;
    }
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (i == ARB_NO_INSTRUMENT) {
        return false;
    }
    kraken_frame_init(self, frame, i, ARB_BOOK_DELTA);
    if (!IS_NEXT(&json, ",\"bids\":[") || !read_usual_levels(&json, &frame->bids) ||
        !IS_NEXT(&json, ",\"asks\":[") || !read_usual_levels(&json, &frame->asks) ||
        !IS_NEXT(&json, ",\"checksum\":") || !arb_json_u64(&json, &checksum) ||
        checksum > UINT32_MAX || !IS_NEXT(&json, ",\"timestamp\":\"") ||
        !read_usual_end(&json, &frame->event.venue_ns)) {
        return false;
    }
    frame->event.checksum = (uint32_t)checksum;
    return true;
}

/* One book of the message. What is wrong with it, unless it is not even JSON, costs this book only.
 */
static int read_book(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     uint32_t kind)
{
    enum { SYMBOL = 1, BIDS = 2, ASKS = 4, CHECKSUM = 8, TIME = 16 };
    struct arb_bytes symbol, time;
    struct arb_json bids, asks;
    uint64_t checksum = 0;
    struct frame frame;
    const struct arb_json_field fields[] = {
        { "symbol", ARB_JSON_TEXT, &symbol },  { "bids", ARB_JSON_ANY, &bids },
        { "asks", ARB_JSON_ANY, &asks },       { "checksum", ARB_JSON_U64, &checksum },
        { "timestamp", ARB_JSON_TEXT, &time },
    };
    const uint32_t seen = arb_json_fields(json, fields, 5);

    if ((seen & SYMBOL) == 0) {
        return json->rc != ARB_OK ? json->rc : ARB_EPROTO;
    }
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    kraken_frame_init(self, &frame, i, kind);
    if ((seen & BIDS) != 0 && !arb_levels_read(&bids, &frame.bids)) {
        return kraken_damaged(host, i, bids.rc);
    }
    if ((seen & ASKS) != 0 && !arb_levels_read(&asks, &frame.asks)) {
        return kraken_damaged(host, i, asks.rc);
    }
    if ((seen & CHECKSUM) == 0 || checksum > UINT32_MAX || /* it could be wrong unnoticed */
        ((seen & TIME) != 0 && arb_time_from_rfc3339(time, &frame.event.venue_ns) != ARB_OK)) {
        return kraken_damaged(host, i, ARB_EPROTO);
    }
    frame.event.checksum = (uint32_t)checksum;
    return kraken_publish(self, host, &frame);
}

/* -- instrument, status ------------------------------------------------------------------- */

static int read_pair(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     uint32_t kind)
{
    struct arb_bytes symbol = { "", 0 }, status = { "", 0 };
    uint64_t px = ARB_DIGITS_UNKNOWN, qty = ARB_DIGITS_UNKNOWN;
    const struct arb_json_field fields[] = { { "symbol", ARB_JSON_TEXT, &symbol },
                                             { "status", ARB_JSON_TEXT, &status },
                                             { "price_precision", ARB_JSON_U64, &px },
                                             { "qty_precision", ARB_JSON_U64, &qty } };

    if (arb_json_fields(json, fields, 4) == 0) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (kind == ARB_BOOK_DELTA) {
        return i == ARB_NO_INSTRUMENT ? ARB_OK : kraken_system(host, i, status);
    }
    /* A pair that the configuration names by the venue's own symbol keeps its name. */
    const char *const known = i == ARB_NO_INSTRUMENT ? NULL : self->env->instruments[i].symbol;
    const struct arb_catalog_row row = {
        .symbol = known == NULL ? symbol : (struct arb_bytes){ known, strlen(known) },
        .venue_symbol = symbol,
        .px_digits = px < ARB_DIGITS_UNKNOWN ? (uint8_t)px : ARB_DIGITS_UNKNOWN,
        .qty_digits = qty < ARB_DIGITS_UNKNOWN ? (uint8_t)qty : ARB_DIGITS_UNKNOWN,
        .trading = kraken_trading(status),
    };
    return arb_catalog_publish(host, &row);
}

static int read_status(struct kraken *self, struct arb_host *host, struct arb_json *json,
                       uint32_t kind)
{
    struct arb_bytes system;
    const struct arb_json_field fields[] = { { "system", ARB_JSON_TEXT, &system } };

    (void)self;
    (void)kind;
    return arb_json_fields(json, fields, 1) == 0 ? json->rc
                                                 : kraken_system(host, ARB_ALL_INSTRUMENTS, system);
}

typedef int read_element_fn(struct kraken *self, struct arb_host *host, struct arb_json *json,
                            uint32_t kind);

static int read_each(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     read_element_fn *read, uint32_t kind)
{
    int rc = ARB_OK;

    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json)) {
        rc = read(self, host, json, kind);
    }
    return rc != ARB_OK ? rc : json->rc;
}

static int read_instruments(struct kraken *self, struct arb_host *host, struct arb_json *json,
                            uint32_t kind)
{
    struct arb_json pairs;
    const struct arb_json_field fields[] = { { "pairs", ARB_JSON_ANY, &pairs } };
    const uint32_t seen = arb_json_fields(json, fields, 1);
    const int rc = seen == 0 ? json->rc : read_each(self, host, &pairs, read_pair, kind);

    return rc != ARB_OK || kind == ARB_BOOK_DELTA ? rc : arb_catalog_end(host);
}

/* -- envelopes ---------------------------------------------------------------------------- */

struct envelope {
    struct arb_bytes channel, type, method, error, symbol;
    struct arb_json data, result;
    bool is_success;
};

/* Some refusals name the pair only at the end of their sentence. */
static struct arb_bytes name_in(const struct envelope *e)
{
    const struct arb_bytes none = { "", 0 };
    size_t at = e->error.len;

    if (e->symbol.len > 0 || e->error.len == 0) {
        return e->symbol;
    }
    while (at > 0 && e->error.data[at - 1] != ' ') {
        at--;
    }
    const struct arb_bytes last = { e->error.data + at, e->error.len - at };
    return last.len > 0 && memchr(last.data, '/', last.len) != NULL ? last : none;
}

static int on_answer(struct kraken *self, struct arb_host *host, uint32_t conn,
                     const struct envelope *e)
{
    static const char leave[] =
        "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"instrument\"}}";
    const struct arb_bytes name = name_in(e);
    const uint32_t i = arb_instrument_find(self->env, name);
    int rc = ARB_OK;

    if (e->is_success) {
        const bool has_left = arb_bytes_are(e->method, "unsubscribe");
        return i == ARB_NO_INSTRUMENT
                   ? ARB_OK /* another channel's */
                   : arb_answered(host, i, 0, has_left ? ARB_LEFT : ARB_SUBSCRIBED, "");
    }
    if (name.len == 0 && kraken_says(e->error, "already subscribed")) { /* to `instrument` */
        rc = arb_ws_send(host, conn, leave, strlen(leave));
    }
    return rc != ARB_OK ? rc : kraken_refused(self, host, name, e->error);
}

static int on_data(struct kraken *self, struct arb_host *host, struct envelope *e)
{
    const uint32_t kind = arb_bytes_are(e->type, "snapshot") ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;

    if (arb_bytes_are(e->channel, "book")) {
        if (kind == ARB_BOOK_DELTA && !arb_bytes_are(e->type, "update")) {
            return ARB_EPROTO;
        }
        return read_each(self, host, &e->data, read_book, kind);
    }
    if (arb_bytes_are(e->channel, "instrument")) {
        return read_instruments(self, host, &e->data, kind);
    }
    return arb_bytes_are(e->channel, "status") ? read_each(self, host, &e->data, read_status, kind)
                                               : ARB_OK;
}

int kraken_v2_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                      struct arb_bytes msg)
{
    enum { CHANNEL = 1, DATA = 4, METHOD = 8, ERROR = 16 | 32, RESULT = 256 };
    struct envelope e = { .is_success = false };
    struct arb_json json = arb_json_over(msg);
    struct frame usual;
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &e.channel }, { "type", ARB_JSON_TEXT, &e.type },
        { "data", ARB_JSON_ANY, &e.data },        { "method", ARB_JSON_TEXT, &e.method },
        { "error", ARB_JSON_TEXT, &e.error },     { "Error", ARB_JSON_TEXT, &e.error },
        { "symbol", ARB_JSON_TEXT, &e.symbol },   { "success", ARB_JSON_BOOL, &e.is_success },
        { "result", ARB_JSON_ANY, &e.result },
    };

    if (read_usual_update(self, msg, &usual)) {
        return kraken_publish(self, host, &usual);
    }
    const uint32_t seen = arb_json_fields(&json, fields, 9);
    if (!arb_json_end(&json)) {
        return json.rc;
    }
    if ((seen & CHANNEL) != 0) {
        return (seen & DATA) != 0 ? on_data(self, host, &e) : ARB_OK; /* a heartbeat has none */
    }
    if ((seen & (METHOD | ERROR)) == 0 || arb_bytes_are(e.method, "pong")) {
        return (seen & METHOD) != 0 ? ARB_OK : ARB_EPROTO;
    }
    if ((seen & RESULT) != 0 && arb_json_peek(&e.result) == '{') {
        (void)arb_json_fields(&e.result, &fields[6], 1); /* its symbol */
    }
    return on_answer(self, host, conn, &e);
}
