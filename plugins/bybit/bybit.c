/* Bybit spot, public order books, API v5. README.md has the venue's rules and where they are from.
 */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/levels.h"

/* Each site has hosts and a list of pairs of its own. */
static const struct arb_region regions[] = {
    { "global", "wss://stream.bybit.com", "https://api.bybit.com" },
    { "eu", "wss://stream.bybit.eu", "https://api.bybit.eu" },
    { "tr", "wss://stream.bybit.tr", "https://api.bybit.tr" },
    { "kz", "wss://stream.bybit.kz", "https://api.bybit.kz" },
    { "ge", "wss://stream.bybitgeorgia.ge", "https://api.bybitgeorgia.ge" },
    { "id", "wss://stream.bybit.id", "https://api.bybit.id" },
    { "jp", "wss://stream.manepa.jp", "https://api.manepa.jp" },
    { "testnet", "wss://stream-testnet.bybit.com", "https://api-testnet.bybit.com" },
};

static const struct arb_trading_word words[] = { { "Trading", ARB_TRADING_OPEN }, { NULL, 0 } };

struct bybit {
    const char *region_name, *ws_url, *rest_url, *gaps; /* options */
    int64_t depth;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    const struct arb_region *region;
    char topic[24];         /* "\"orderbook.50.": what a pair's name stands behind in a request */
    struct arb_draft draft; /* of the book in hand */
};

static int bybit_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                      struct arb_plan *plan)
{
    struct bybit *const self = instance;
    struct arb_text topic = arb_text_over(self->topic, sizeof(self->topic));
    const bool is_best = self->depth == 1, is_counted = strcmp(self->gaps, "resync") == 0;

    (void)host;
    self->env = env;
    self->region = arb_region_of(regions, self->region_name);
    arb_text_add(&topic, "\"orderbook.%u.", (unsigned)self->depth);
    plan->loss_detection = is_best      ? ARB_LOSS_STATELESS
                           : is_counted ? ARB_LOSS_SEQUENCE
                                        : ARB_LOSS_NONE;
    plan->snapshot_source = is_best ? ARB_SNAPSHOT_EACH : ARB_SNAPSHOT_STREAM;
    plan->depth = (uint32_t)self->depth;
    plan->opens_per_10min = 450; /* of 500 in 5 minutes that are allowed to an address */
    plan->catalog = ARB_CATALOG_HTTP;
    plan->is_listed_only = true; /* what stops trading leaves the list, and is silent from then */
    arb_plan_pinged(plan, &self->limits);
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

static int bybit_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct bybit *const self = instance;
    const struct arb_ask_form form = { self->topic, "\"" };
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s/v5/public/spot", arb_option_or(self->ws_url, self->region->ws));
    } else if (arb_ask_is_books(ask)) {
        arb_ask_op(ask, self->env, "req_id", form, text);
    } else if (ask->what == ARB_ASK_HEARTBEAT) {
        arb_text_add(text, "{\"req_id\":\"%u\",\"op\":\"ping\"}", ask->number);
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/v5/market/instruments-info?category=spot",
                     arb_option_or(self->rest_url, self->region->rest));
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* -- messages ----------------------------------------------------------------------------- */

/* What is not in it is empty. */
struct bybit_message {
    struct arb_bytes topic, type, op, words;
    struct arb_json data, id;
    int64_t sent_ns;
    bool is_success;
};

/* Another channel, and another depth, is of no book. */
static uint32_t find_book(const struct bybit *self, struct arb_bytes topic)
{
    return arb_bytes_cut(&topic, self->topic + 1) ? arb_instrument_find(self->env, topic)
                                                  : ARB_NO_INSTRUMENT;
}

/* What is wrong with a book, unless it is not even JSON, costs this book only. */
static int on_book(struct bybit *self, struct arb_host *host, uint32_t i, struct bybit_message *m)
{
    enum { NEEDED = 1 | 2 | 4 | 8 };
    struct arb_draft *const draft = &self->draft;
    struct arb_bytes name;
    int64_t number = 0;
    const struct arb_json_field fields[] = { { "s", ARB_JSON_TEXT, &name },
                                             { "b", ARB_JSON_LEVELS, &draft->bids },
                                             { "a", ARB_JSON_LEVELS, &draft->asks },
                                             { "u", ARB_JSON_I64, &number } };
    const uint32_t kind = arb_kind_of(m->type);

    arb_draft_begin(draft, self->env, i, (enum arb_book_kind)kind);
    const uint32_t seen = arb_json_fields(&m->data, fields, 4);
    if (!arb_json_ok(&m->data)) {
        return m->data.rc;
    }
    if (seen != NEEDED || number <= 0 || m->sent_ns == 0 || kind == 0 ||
        !arb_instrument_is(self->env, i, name) || (kind == ARB_BOOK_DELTA && self->depth == 1)) {
        return arb_book_reject(host, i, ARB_EPROTO);
    }
    draft->event.max_depth = (uint32_t)self->depth;
    draft->event.last_seq = (uint64_t)number;
    draft->event.venue_ns = m->sent_ns;
    return arb_draft_publish(host, draft);
}

/*
 * One topic that is no good refuses the whole request. A book that the venue has subscribed already
 * sends no snapshot for it, so it is left first.
 */
static int on_refusal(const struct bybit *self, struct arb_host *host, uint32_t number,
                      struct arb_bytes text)
{
    const uint32_t i = find_book(self, arb_word_after(text, "topic:"));

    if (i != ARB_NO_INSTRUMENT && arb_says(text, "already subscribed")) {
        return arb_book_resync(host, i, arb_refusal(text).text);
    }
    return number > 0 ? arb_refused_ask(host, number, arb_refusal_outcome(text), text)
                      : arb_refused(host, i, arb_refusal_outcome(text), text);
}

/* Only `success` tells. One without a number of ours is nobody's, and a pong is nothing. */
static int on_reply(const struct bybit *self, struct arb_host *host, const struct bybit_message *m)
{
    const bool is_left = arb_bytes_are(m->op, "unsubscribe");
    const uint32_t number = arb_number_of(m->id);

    if (!m->is_success) {
        return on_refusal(self, host, number, m->words);
    }
    return number > 0 && (is_left || arb_bytes_are(m->op, "subscribe"))
               ? arb_answered_ask(host, number, is_left ? ARB_LEFT : ARB_SUBSCRIBED, "")
               : ARB_OK;
}

static int bybit_message(void *instance, struct arb_host *host, uint32_t conn,
                         struct arb_message message)
{
    enum { TOPIC = 1, OP = 16, SUCCESS = 32 };
    struct bybit *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct bybit_message m = { .data = arb_json_over(arb_bytes_of("{}")),
                               .id = arb_json_over(arb_bytes_of("")) };
    const struct arb_json_field fields[] = {
        { "topic", ARB_JSON_TEXT, &m.topic },   { "ts", ARB_JSON_MS, &m.sent_ns },
        { "type", ARB_JSON_TEXT, &m.type },     { "data", ARB_JSON_ANY, &m.data },
        { "op", ARB_JSON_TEXT, &m.op },         { "success", ARB_JSON_BOOL, &m.is_success },
        { "ret_msg", ARB_JSON_TEXT, &m.words }, { "req_id", ARB_JSON_ANY, &m.id },
    };
    const uint32_t seen = arb_json_fields(&json, fields, 8);

    (void)conn;
    if (!arb_json_end(&json)) {
        return json.rc;
    }
    if ((seen & TOPIC) == 0) {
        return (seen & SUCCESS) != 0 ? on_reply(self, host, &m)
               : (seen & OP) != 0    ? ARB_OK
                                     : ARB_EPROTO;
    }
    const uint32_t i = find_book(self, m.topic);
    return i == ARB_NO_INSTRUMENT ? ARB_OK : on_book(self, host, i, &m);
}

/* Books begin with it, and answers do not. */
static uint32_t bybit_book_of(void *instance, struct arb_message message)
{
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct arb_bytes topic;

    return arb_json_literal(&json, "{\"topic\":", 9) && arb_json_string(&json, &topic)
               ? find_book(instance, topic)
               : ARB_NO_INSTRUMENT;
}

/* -- catalog ------------------------------------------------------------------------------ */

/* A row that cannot be read is left out. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes status = { "", 0 };
    struct arb_json lot = arb_json_over(arb_bytes_of("{}")), price = lot;
    const struct arb_json_field fields[] = {
        { "symbol", ARB_JSON_TEXT, &row.venue_symbol }, { "baseCoin", ARB_JSON_TEXT, &row.base },
        { "quoteCoin", ARB_JSON_TEXT, &row.quote },     { "status", ARB_JSON_TEXT, &status },
        { "lotSizeFilter", ARB_JSON_ANY, &lot },        { "priceFilter", ARB_JSON_ANY, &price },
    };
    const struct arb_json_field of_lot[] = { { "basePrecision", ARB_JSON_DECIMAL, &row.terms.lot },
                                             { "minOrderQty", ARB_JSON_DECIMAL,
                                               &row.terms.min_qty },
                                             { "minOrderAmt", ARB_JSON_DECIMAL,
                                               &row.terms.min_notional } },
                                of_price = { "tickSize", ARB_JSON_DECIMAL, &row.terms.tick };

    (void)context;
    if (!arb_catalog_fields(&row, &json, fields, 6)) {
        return ARB_OK;
    }
    (void)arb_json_fields(&price, &of_price, 1); /* without them the digits stay unknown */
    (void)arb_json_fields(&lot, of_lot, 3);
    row.trading = arb_trading_of(status, words);
    return arb_catalog_publish(host, &row);
}

static int bybit_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                        int status, struct arb_bytes body)
{
    static const struct arb_catalog_form form = {
        .code = "retCode", .passing = "10006 10018", .rows = { "result", "list" }, .read = read_row
    };

    (void)ask;
    return status == 403 ? ARB_ELATER /* the firewall's word for too often */
                         : arb_catalog_answer(&form, instance, host, status, body);
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("region", struct bybit, region_name, "global",
                    "global|eu|tr|kz|ge|id|jp|testnet",
                    "Where the account is: hosts, pairs and fees differ."),
    ARB_OPTION_INT_OF(
        "depth", struct bybit, depth, "50", "1|50|200|1000",
        "Levels a side, sent each 10, 20, 100 or 200 ms; 1 is a whole book each time."),
    ARB_OPTION_ENUM(
        "gaps", struct bybit, gaps, "resync", "resync|ignore",
        "What a jump of the update number is: a lost update, or nothing; then no update "
        "is proven."),
    ARB_OPTION_STRING("ws_url", struct bybit, ws_url, "",
                      "WebSocket address up to /v5; empty: the region's."),
    ARB_OPTION_STRING("rest_url", struct bybit, rest_url, "",
                      "REST address up to /v5; empty: the region's."),
    ARB_OPTION_INT("pairs_per_connection", struct bybit, limits.books_per_conn, "50", 1, 450,
                   "Pairs subscribed on one connection; their names may have 21,000 characters."),
    ARB_OPTION_INT("pairs_per_request", struct bybit, limits.books_per_request, "10", 1, 10,
                   "Pairs named in one request; the venue takes 10."),
    ARB_OPTION_INT("requests_per_second", struct bybit, limits.requests_per_second, "10", 1, 100,
                   "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct bybit, limits.heartbeat_ms, "20s", 1000, 60000,
                  "How often the venue is pinged; it recommends 20 s."),
    ARB_OPTION_MS("heartbeat_timeout", struct bybit, limits.heartbeat_wait_ms, "10s", 1000, 60000,
                  "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct bybit, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct bybit, limits.catalog_age_ms, "5m", 10000, 86400000,
                  "How often the list of pairs is read, and with it which ones trade."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = bybit_init,
    .ask = bybit_ask,
    .on_message = bybit_message,
    .spell = arb_spell_joined,
    .on_answer = bybit_answer,
    .book_of = bybit_book_of,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "bybit",
    .version = "1.0.0",
    .description = "Bybit spot order books over WebSocket, every update proven by its number",
    .instance_size = sizeof(struct bybit),
    .ops = &ops,
    .taker_fee = "0.10%",
    .taker_fee_date = "2026-07-23",
    .facts_date = "2026-07-26",
};
