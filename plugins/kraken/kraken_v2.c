/*
 * WebSocket API v2. Data messages have `channel`, answers have `method`; the order of members is
 * not fixed, but in the usual one a message is read as it comes.
 */
#include "kraken.h"

#include "arbspot/catalog.h"

int kraken_v2_ask(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text)
{
    const bool is_in = ask->what == ARB_ASK_SUBSCRIBE;

    switch (ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "wss://ws.kraken.com/v2");
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        arb_text_add(text, "{\"method\":\"%s\",\"params\":{\"channel\":\"book\",\"depth\":%lld,%s",
                     is_in ? "subscribe" : "unsubscribe", (long long)self->depth,
                     is_in ? "\"snapshot\":true,\"symbol\":[" : "\"symbol\":[");
        kraken_names(self, ask, text);
        arb_text_add(text, "]}}");
        return ARB_OK;
    case ARB_ASK_CATALOG: /* every pair with its precisions and its trading status */
        arb_text_add(text,
                     "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\","
                     "\"snapshot\":true%s}}",
                     self->tokenized ? ",\"include_tokenized_assets\":true" : "");
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

/* A message being read. What is not in it is empty. */
struct message {
    struct arb_bytes channel, type, method, error, symbol;
    struct arb_json data, result;
    bool is_success;
};

/* -- data: read one element, fail `json` to end the reading -------------------------------- */

/* What is wrong with a book, unless it is not even JSON, costs this book only. */
static int read_book(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     enum arb_book_kind kind)
{
    enum { CHECKSUM = 4, TIME = 8 };
    struct arb_draft *const draft = &self->draft;
    struct arb_bytes symbol;
    uint64_t checksum = 0;
    const struct arb_json_field fields[] = {
        { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "asks", ARB_JSON_LEVELS, &draft->asks },
        { "checksum", ARB_JSON_U64, &checksum },
        { "timestamp", ARB_JSON_TIME, &draft->event.venue_ns },
    };

    if (!arb_json_lead(json, "symbol", &symbol)) {
        return ARB_EPROTO;
    }
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (i == ARB_NO_INSTRUMENT) {
        (void)arb_json_members(json, fields, 0);
        return json->rc;
    }
    kraken_begin(self, i, kind);
    const uint32_t seen = arb_json_members(json, fields, 4);
    if (!arb_json_ok(json)) {
        return json->rc;
    }
    if ((seen & CHECKSUM) == 0 || checksum > UINT32_MAX || /* it could be wrong unnoticed */
        ((seen & TIME) != 0 && draft->event.venue_ns == 0)) {
        draft->asks.rc = ARB_EPROTO;
    }
    draft->event.checksum = (uint32_t)checksum;
    draft->event.has_checksum = true;
    return kraken_publish(self, host);
}

static int read_pair(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     enum arb_book_kind kind)
{
    struct arb_catalog_row row = { .px_digits = ARB_DIGITS_UNKNOWN,
                                   .qty_digits = ARB_DIGITS_UNKNOWN };
    struct arb_bytes status = { "", 0 };
    const struct arb_json_field fields[] = { { "symbol", ARB_JSON_TEXT, &row.venue_symbol },
                                             { "status", ARB_JSON_TEXT, &status },
                                             { "price_precision", ARB_JSON_U64, &row.px_digits },
                                             { "qty_precision", ARB_JSON_U64, &row.qty_digits } };

    if (arb_json_fields(json, fields, 4) == 0) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(self->env, row.venue_symbol);
    if (kind == ARB_BOOK_DELTA) {
        return i == ARB_NO_INSTRUMENT ? ARB_OK : kraken_system(host, i, status);
    }
    row.symbol = row.venue_symbol;
    if (i != ARB_NO_INSTRUMENT) { /* one configured by the venue's own symbol keeps its name */
        row.symbol.data = self->env->instruments[i].symbol;
        row.symbol.len = strlen(row.symbol.data);
    }
    row.trading = kraken_trading(status);
    return arb_catalog_publish(host, &row);
}

static int read_status(struct kraken *self, struct arb_host *host, struct arb_json *json,
                       enum arb_book_kind kind)
{
    struct arb_bytes system;
    const struct arb_json_field fields[] = { { "system", ARB_JSON_TEXT, &system } };

    (void)self;
    (void)kind;
    return arb_json_fields(json, fields, 1) == 0 ? json->rc
                                                 : kraken_system(host, ARB_ALL_INSTRUMENTS, system);
}

typedef int read_element_fn(struct kraken *self, struct arb_host *host, struct arb_json *json,
                            enum arb_book_kind kind);

static int read_each(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     read_element_fn *read, enum arb_book_kind kind)
{
    int rc = ARB_OK;

    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json)) {
        rc = read(self, host, json, kind);
    }
    return rc != ARB_OK ? rc : json->rc;
}

static int read_instruments(struct kraken *self, struct arb_host *host, struct arb_json *json,
                            enum arb_book_kind kind)
{
    struct arb_json pairs;
    const struct arb_json_field fields[] = { { "pairs", ARB_JSON_ANY, &pairs } };
    const uint32_t seen = arb_json_fields(json, fields, 1);
    const int rc = seen == 0 ? json->rc : read_each(self, host, &pairs, read_pair, kind);

    return rc != ARB_OK || kind == ARB_BOOK_DELTA ? rc : arb_catalog_end(host);
}

static int read_data(struct kraken *self, struct arb_host *host, struct message *m)
{
    const enum arb_book_kind kind =
        arb_bytes_are(m->type, "snapshot") ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;

    if (arb_bytes_are(m->channel, "book")) {
        const bool is_known = kind == ARB_BOOK_SNAPSHOT || arb_bytes_are(m->type, "update");
        return is_known ? read_each(self, host, &m->data, read_book, kind) : ARB_EPROTO;
    }
    if (arb_bytes_are(m->channel, "instrument")) {
        return read_instruments(self, host, &m->data, kind);
    }
    if (arb_bytes_are(m->channel, "status")) {
        return read_each(self, host, &m->data, read_status, kind);
    }
    return ARB_OK;
}

/* -- answers ------------------------------------------------------------------------------ */

/* Some refusals name the pair only at the end of their sentence. */
static struct arb_bytes name_in(const struct message *m)
{
    const struct arb_bytes none = { "", 0 };
    size_t at = m->error.len;

    if (m->symbol.len > 0 || m->error.len == 0) {
        return m->symbol;
    }
    while (at > 0 && m->error.data[at - 1] != ' ') {
        at--;
    }
    const struct arb_bytes last = { m->error.data + at, m->error.len - at };
    return last.len > 0 && memchr(last.data, '/', last.len) != NULL ? last : none;
}

static int on_answer(struct kraken *self, struct arb_host *host, uint32_t conn,
                     const struct message *m)
{
    static const char leave[] =
        "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"instrument\"}}";
    const struct arb_bytes name = name_in(m);
    const uint32_t i = arb_instrument_find(self->env, name);
    int rc = ARB_OK;

    if (m->is_success) {
        const bool has_left = arb_bytes_are(m->method, "unsubscribe");
        return i == ARB_NO_INSTRUMENT
                   ? ARB_OK /* another channel's */
                   : arb_answered(host, i, 0, has_left ? ARB_LEFT : ARB_SUBSCRIBED, "");
    }
    if (name.len == 0 && arb_says(m->error, "already subscribed")) { /* to `instrument` */
        rc = arb_ws_send(host, conn, leave, strlen(leave));
    }
    return rc != ARB_OK ? rc : kraken_refused(self, host, name, m->error);
}

/* A message of any kind, its members in any order. */
static int read_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                        struct arb_json *json)
{
    enum { CHANNEL = 1, DATA = 4, METHOD = 8, ERROR = 16 | 32, RESULT = 256 };
    struct message m = { .is_success = false };
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &m.channel }, { "type", ARB_JSON_TEXT, &m.type },
        { "data", ARB_JSON_ANY, &m.data },        { "method", ARB_JSON_TEXT, &m.method },
        { "error", ARB_JSON_TEXT, &m.error },     { "Error", ARB_JSON_TEXT, &m.error },
        { "symbol", ARB_JSON_TEXT, &m.symbol },   { "success", ARB_JSON_BOOL, &m.is_success },
        { "result", ARB_JSON_ANY, &m.result },
    };
    const uint32_t seen = arb_json_fields(json, fields, 9);

    if (!arb_json_end(json)) {
        return json->rc;
    }
    if ((seen & CHANNEL) != 0) { /* a heartbeat has no data */
        return (seen & DATA) != 0 ? read_data(self, host, &m) : ARB_OK;
    }
    if ((seen & (METHOD | ERROR)) == 0 || arb_bytes_are(m.method, "pong")) {
        return (seen & METHOD) != 0 ? ARB_OK : ARB_EPROTO;
    }
    if ((seen & RESULT) != 0 && arb_json_peek(&m.result) == '{') {
        (void)arb_json_lead(&m.result, "symbol", &m.symbol);
    }
    return on_answer(self, host, conn, &m);
}

int kraken_v2_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                      struct arb_bytes msg)
{
    static const char usual[] = "{\"channel\":\"book\",\"type\":\"update\",\"data\":";
    struct arb_json json = arb_json_over(msg);

    if (!arb_json_literal(&json, usual, sizeof(usual) - 1)) {
        return read_message(self, host, conn, &json);
    }
    const int rc = read_each(self, host, &json, read_book, ARB_BOOK_DELTA); /* most are such */
    return rc == ARB_OK && !arb_json_rest(&json) ? json.rc : rc;
}
