/* WebSocket API v2: requests, books, and the `instrument` channel, which is the catalog. */
#include "kraken.h"

#include "arbspot/catalog.h"

void kraken_v2_ask(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text)
{
    if (ask->what == ARB_ASK_CATALOG) { /* with each pair's status */
        arb_text_add(text,
                     "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\","
                     "\"snapshot\":true%s}}",
                     self->tokenized ? ",\"include_tokenized_assets\":true" : "");
    } else if (ask->what == ARB_ASK_HEARTBEAT) {
        arb_text_add(text, "{\"method\":\"ping\",\"req_id\":%u}", ask->number);
    } else if (arb_ask_is_books(ask)) {
        arb_text_add(text,
                     "{\"method\":\"%s\",\"params\":{\"channel\":\"book\",\"depth\":%lld,%s"
                     "\"symbol\":[",
                     arb_ask_word(ask), (long long)self->depth,
                     ask->what == ARB_ASK_SUBSCRIBE ? "\"snapshot\":true," : "");
        arb_ask_names(ask, self->env, text);
        arb_text_add(text, "]}}");
    }
}

/* What an element of `data` is read with. */
struct reading {
    struct kraken *self;
    struct arb_host *host;
    enum arb_book_kind kind;
};

/* What is wrong with a book, unless it is not even JSON, costs this book only. */
static int read_book(void *context, struct arb_json *json)
{
    enum { CHECKSUM = 4, TIME = 8 };
    const struct reading *const in = context;
    struct arb_draft *const draft = &in->self->draft;
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
    const uint32_t i = arb_instrument_find(in->self->env, symbol);
    if (i == ARB_NO_INSTRUMENT) {
        (void)arb_json_members(json, fields, 0);
        return json->rc;
    }
    arb_draft_begin(draft, in->self->env, i, in->kind);
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
    return kraken_publish(in->self, in->host);
}

static int read_pair(void *context, struct arb_json *json)
{
    const struct reading *const in = context;
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes status = { "", 0 };
    const struct arb_json_field fields[] = {
        { "symbol", ARB_JSON_TEXT, &row.venue_symbol },
        { "status", ARB_JSON_TEXT, &status },
        { "price_precision", ARB_JSON_U64, &row.px_digits },
        { "qty_precision", ARB_JSON_U64, &row.qty_digits },
        { "price_increment", ARB_JSON_DECIMAL, &row.terms.tick },
        { "qty_increment", ARB_JSON_DECIMAL, &row.terms.lot },
        { "qty_min", ARB_JSON_DECIMAL, &row.terms.min_qty },
        { "cost_min", ARB_JSON_DECIMAL, &row.terms.min_notional }
    };

    if (arb_json_fields(json, fields, 8) == 0) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(in->self->env, row.venue_symbol);
    if (in->kind == ARB_BOOK_DELTA) {
        return i == ARB_NO_INSTRUMENT ? ARB_OK : arb_trading_say(in->host, i, status, kraken_words);
    }
    row.symbol = row.venue_symbol;
    if (i != ARB_NO_INSTRUMENT) { /* one configured by the venue's own symbol keeps its name */
        row.symbol = arb_bytes_of(in->self->env->instruments[i].symbol);
    }
    row.trading = arb_trading_of(status, kraken_words);
    return arb_catalog_publish(in->host, &row);
}

static int read_status(void *context, struct arb_json *json)
{
    const struct reading *const in = context;
    struct arb_bytes system;
    const struct arb_json_field field = { "system", ARB_JSON_TEXT, &system };

    return arb_json_fields(json, &field, 1) == 0
               ? json->rc
               : arb_trading_say(in->host, ARB_ALL_INSTRUMENTS, system, kraken_words);
}

/* A message that is not the usual update. What is not in it is empty. */
struct message {
    struct arb_bytes channel, type, method, error, symbol;
    struct arb_json data, result;
    bool is_success;
};

static int on_data(struct reading *in, struct message *m)
{
    const bool is_snapshot = arb_bytes_are(m->type, "snapshot");
    struct arb_json pairs;
    const struct arb_json_field field = { "pairs", ARB_JSON_ANY, &pairs };

    in->kind = is_snapshot ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;
    if (arb_bytes_are(m->channel, "book")) {
        const bool is_known = is_snapshot || arb_bytes_are(m->type, "update");
        return is_known ? arb_json_each(&m->data, read_book, in) : ARB_EPROTO;
    }
    if (arb_bytes_are(m->channel, "status")) {
        return arb_json_each(&m->data, read_status, in);
    }
    if (!arb_bytes_are(m->channel, "instrument")) {
        return ARB_OK;
    }
    const bool has_pairs = arb_json_fields(&m->data, &field, 1) != 0;
    const int rc = has_pairs ? arb_json_each(&pairs, read_pair, in) : m->data.rc;
    return rc == ARB_OK && is_snapshot ? arb_catalog_end(in->host) : rc;
}

static int on_answer(const struct reading *in, uint32_t conn, const struct message *m)
{
    static const char leave[] =
        "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"instrument\"}}";
    const struct arb_bytes name = m->symbol.len > 0 ? m->symbol : arb_last_word_with(m->error, '/');
    const uint32_t i = arb_instrument_find(in->self->env, name);
    int rc = ARB_OK;

    if (m->is_success) {
        return arb_acknowledged(in->host, i, arb_bytes_are(m->method, "unsubscribe"));
    }
    if (name.len == 0 && arb_says(m->error, "already subscribed")) { /* to `instrument` */
        rc = arb_ws_send(in->host, conn, leave, strlen(leave));
    }
    return rc != ARB_OK ? rc : kraken_refused(in->self, in->host, name, m->error);
}

/* One that is not dated, or not ours, tells nothing. */
static int on_pong(const struct reading *in, uint32_t conn, struct arb_json *json)
{
    uint64_t number = 0;
    int64_t received_ns = 0, answered_ns = 0;
    const struct arb_json_field fields[] = { { "req_id", ARB_JSON_U64, &number },
                                             { "time_in", ARB_JSON_TIME, &received_ns },
                                             { "time_out", ARB_JSON_TIME, &answered_ns } };

    return arb_json_fields(json, fields, 3) != 7 || number > UINT32_MAX
               ? ARB_OK
               : arb_heartbeat_times(in->host, conn, (uint32_t)number, received_ns, answered_ns);
}

static int read_other(struct reading *in, uint32_t conn, struct arb_json *json)
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
    struct arb_json again = *json;
    const uint32_t seen = arb_json_fields(json, fields, 9);

    if (!arb_json_end(json)) {
        return json->rc;
    }
    if ((seen & CHANNEL) != 0) {
        return (seen & DATA) != 0 ? on_data(in, &m) : ARB_OK; /* a heartbeat has none */
    }
    if ((seen & (METHOD | ERROR)) == 0) {
        return ARB_EPROTO;
    }
    if (arb_bytes_are(m.method, "pong")) {
        return on_pong(in, conn, &again);
    }
    if ((seen & RESULT) != 0 && arb_json_peek(&m.result) == '{') {
        (void)arb_json_lead(&m.result, "symbol", &m.symbol);
    }
    return on_answer(in, conn, &m);
}

int kraken_v2_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                      struct arb_bytes text)
{
    static const char usual[] = "{\"channel\":\"book\",\"type\":\"update\",\"data\":";
    struct reading in = { self, host, ARB_BOOK_DELTA };
    struct arb_json json = arb_json_over(text);

    if (!arb_json_literal(&json, usual, sizeof(usual) - 1)) { /* most begin so */
        return read_other(&in, conn, &json);
    }
    const int rc = arb_json_each(&json, read_book, &in);
    return rc == ARB_OK && !arb_json_rest(&json) ? json.rc : rc;
}
