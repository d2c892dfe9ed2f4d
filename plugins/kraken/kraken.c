/*
 * Kraken spot, public order books: WebSocket API v2, where the `instrument` channel is the catalog,
 * and what v1 has in common with it. README.md has the rules and where they are written down.
 */
#include "arbspot/catalog.h"

#include "kraken.h"

static const struct arb_digits_style best_ten = { .n_levels = 10, .order = ARB_DIGITS_ASKS_BIDS };

const struct arb_trading_word kraken_words[] = {
    { "online", ARB_TRADING_OPEN },         { "cancel_only", ARB_TRADING_LIMITED },
    { "post_only", ARB_TRADING_LIMITED },   { "limit_only", ARB_TRADING_LIMITED },
    { "reduce_only", ARB_TRADING_LIMITED }, { NULL, ARB_TRADING_HALTED },
};

int kraken_publish(struct kraken *self, struct arb_host *host)
{
    self->draft.event.max_depth = (uint32_t)self->depth;
    return arb_digits_publish(host, &self->digits[self->draft.event.instrument], &self->draft);
}

/* A refusal without a name is asked again: it may be of the `instrument` channel. */
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error)
{
    const uint32_t i = arb_instrument_find(self->env, name);

    if (i != ARB_NO_INSTRUMENT && arb_says(error, "already subscribed")) {
        return arb_book_resync(host, i, arb_refusal(error).text); /* or there is no snapshot */
    }
    if (i != ARB_NO_INSTRUMENT && arb_says(error, "subscription not found")) {
        return arb_refused(host, i, ARB_LEFT, error); /* only leaving is answered so */
    }
    return arb_refused(host, i, name.len == 0 ? ARB_LATER : arb_refusal_outcome(error), error);
}

/* -- requests ----------------------------------------------------------------------------- */

static void ask_v2(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text)
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

static int kraken_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct kraken *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s",
                     arb_option_or(self->url,
                                   self->is_v1 ? "wss://ws.kraken.com" : "wss://ws.kraken.com/v2"));
    } else if (!self->is_v1) {
        ask_v2(self, ask, text);
    } else if (arb_ask_is_books(ask)) {
        kraken_v1_subscription(self, ask, text);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* -- messages ----------------------------------------------------------------------------- */

/* What an element of `data` is read with. */
struct reading {
    struct kraken *self;
    struct arb_host *host;
    uint32_t kind; /* enum arb_book_kind, or 0 */
};

/* What is wrong with a book, unless it is not even JSON, costs this book only. */
static int read_book(void *context, struct arb_json *json)
{
    enum { NEEDED = 1 | 2 | 4, TIME = 8 };
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
    arb_draft_begin(draft, in->self->env, i, (enum arb_book_kind)in->kind);
    const uint32_t seen = arb_json_members(json, fields, 4);
    if (!arb_json_ok(json)) {
        return json->rc;
    }
    if ((seen & NEEDED) != NEEDED || checksum > UINT32_MAX || /* it could be wrong unnoticed */
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
    if (in->kind != ARB_BOOK_SNAPSHOT) {
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
    uint64_t depth;
    bool is_success;
};

static int on_data(struct reading *in, struct message *m)
{
    struct arb_json pairs;
    const struct arb_json_field field = { "pairs", ARB_JSON_ANY, &pairs };

    in->kind = arb_kind_of(m->type);
    if (arb_bytes_are(m->channel, "book")) {
        return in->kind != 0 ? arb_json_each(&m->data, read_book, in) : ARB_EPROTO;
    }
    if (arb_bytes_are(m->channel, "status")) {
        return arb_json_each(&m->data, read_status, in);
    }
    if (!arb_bytes_are(m->channel, "instrument")) {
        return ARB_OK;
    }
    const bool has_pairs = arb_json_fields(&m->data, &field, 1) != 0;
    const int rc = has_pairs ? arb_json_each(&pairs, read_pair, in) : m->data.rc;
    return rc == ARB_OK && in->kind == ARB_BOOK_SNAPSHOT ? arb_catalog_end(in->host) : rc;
}

static int on_answer(const struct reading *in, uint32_t conn, const struct message *m)
{
    static const char leave[] =
        "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"instrument\"}}";
    const struct arb_bytes name = m->symbol.len > 0 ? m->symbol : arb_last_word_with(m->error, '/');
    const uint32_t i = arb_instrument_find(in->self->env, name);
    int rc = ARB_OK;

    if (m->is_success) {
        return m->depth == (uint64_t)in->self->depth
                   ? arb_acknowledged_by(in->host, i, m->method)
                   : ARB_EPROTO; /* its books would be cut elsewhere */
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
    enum { CHANNEL = 1, DATA = 4, METHOD = 8, ERROR = 16 | 32 };
    struct message m = { .depth = (uint64_t)in->self->depth,
                         .result = arb_json_over(arb_bytes_of("{}")) };
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &m.channel }, { "type", ARB_JSON_TEXT, &m.type },
        { "data", ARB_JSON_ANY, &m.data },        { "method", ARB_JSON_TEXT, &m.method },
        { "error", ARB_JSON_TEXT, &m.error },     { "Error", ARB_JSON_TEXT, &m.error },
        { "symbol", ARB_JSON_TEXT, &m.symbol },   { "success", ARB_JSON_BOOL, &m.is_success },
        { "result", ARB_JSON_ANY, &m.result },
    };
    const struct arb_json_field of_result[] = { { "symbol", ARB_JSON_TEXT, &m.symbol },
                                                { "depth", ARB_JSON_U64, &m.depth } };
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
    (void)arb_json_fields(&m.result, of_result, 2);
    return on_answer(in, conn, &m);
}

static int on_message_v2(struct reading *in, uint32_t conn, struct arb_bytes text)
{
    static const char usual[] = "{\"channel\":\"book\",\"type\":\"update\",\"data\":";
    struct arb_json json = arb_json_over(text);

    if (!arb_json_literal(&json, usual, sizeof(usual) - 1)) { /* most begin so */
        return read_other(in, conn, &json);
    }
    const int rc = arb_json_each(&json, read_book, in);
    return rc == ARB_OK && !arb_json_rest(&json) ? json.rc : rc;
}

static int kraken_message(void *instance, struct arb_host *host, uint32_t conn,
                          struct arb_message message)
{
    const struct arb_bytes text = arb_message_bytes(message);
    struct reading in = { instance, host, ARB_BOOK_DELTA };

    return in.self->is_v1 ? kraken_v1_message(in.self, host, text) : on_message_v2(&in, conn, text);
}

static int kraken_checksum(void *instance, const struct arb_book_event *event,
                           const struct arb_book *book, uint32_t *checksum)
{
    struct kraken *const self = instance;
    const struct arb_instrument *const info = &self->env->instruments[event->instrument];
    *checksum = arb_digits_crc(&self->digits[event->instrument], &best_ten, info, event, book);
    return ARB_OK;
}

static void kraken_reset(void *instance, uint32_t instrument)
{
    memset(&((struct kraken *)instance)->digits[instrument], 0, sizeof(struct arb_digits_crc));
}

static int kraken_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                       struct arb_plan *plan)
{
    struct kraken *const self = instance;

    self->env = env;
    self->is_v1 = strcmp(self->protocol, "v1") == 0;
    if (self->is_v1 && env->wants_catalog) {
        arb_log(host, ARB_ERROR, "protocol = v1 has no catalog: name the symbols one by one");
        return ARB_EREJECTED;
    }
    plan->loss_detection = ARB_LOSS_CHECKSUM;
    plan->checksum_levels = best_ten.n_levels;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->resubscribe = ARB_RESUBSCRIBE_LEAVE_FIRST; /* one snapshot for each subscription */
    plan->time_order = ARB_TIME_NOT_BACK;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->beat_ms = 1000;
    plan->heartbeat_ms = self->is_v1 ? 0 : 10000; /* for its dates, see arb_heartbeat_times() */
    plan->catalog = self->is_v1 ? ARB_CATALOG_NONE : ARB_CATALOG_STREAM;
    plan->depth = (uint32_t)self->depth;
    plan->opens_per_10min = 120; /* the venue bans who opens 150 */
    arb_plan_limit(plan, &self->limits);
    return ARB_OK;
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("url", struct kraken, url, "",
                      "WebSocket address; empty takes the venue's for the protocol."),
    ARB_OPTION_ENUM("protocol", struct kraken, protocol, "v2", "v2|v1",
                    "v1 is frozen at the venue and kept for old recordings."),
    ARB_OPTION_INT_OF("depth", struct kraken, depth, "25", "10|25|100|500|1000",
                      "Levels a side; the checksum covers the best 10 whatever the depth."),
    ARB_OPTION_INT("pairs_per_connection", struct kraken, limits.books_per_conn, "200", 1, 1000,
                   "Pairs subscribed on one connection before another is opened."),
    ARB_OPTION_INT("pairs_per_request", struct kraken, limits.books_per_request, "100", 1, 250,
                   "Pairs named in one subscribe request."),
    ARB_OPTION_INT("requests_per_second", struct kraken, limits.requests_per_second, "20", 1, 1000,
                   "Requests a second on one connection."),
    ARB_OPTION_MS("idle_timeout", struct kraken, limits.idle_ms, "10s", 2000, 600000,
                  "Reconnect after this long without any frame; heartbeats come every second."),
    ARB_OPTION_MS("ack_timeout", struct kraken, limits.answer_ms, "5s", 1000, 60000,
                  "How long a request or a snapshot may take before it is asked for again."),
    ARB_OPTION_BOOL("tokenized", struct kraken, tokenized, "no",
                    "Ask for the catalog with tokenized assets (xStocks) in it."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = kraken_init,
    .ask = kraken_ask,
    .on_message = kraken_message,
    .spell = kraken_spell,
    .checksum = kraken_checksum,
    .reset = kraken_reset,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "kraken",
    .version = "2.0.0",
    .description = "Kraken spot order books over WebSocket, every update proven by checksum",
    .instance_size = sizeof(struct kraken),
    .ops = &ops,
    .taker_fee = "0.80%",
    .taker_fee_date = "2026-07-26",
    .facts_date = "2026-08",
};
