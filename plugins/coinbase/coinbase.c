/*
 * Coinbase, public order books: the feed of Advanced Trade and that of Coinbase Exchange, which
 * show the same books. README.md has the venue's rules and where they are from.
 */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/levels.h"

struct coinbase {
    const char *feed, *ws_url, *rest_url; /* options */
    struct arb_limits limits;
    bool is_advanced;
    const struct arb_exchange_env *env;
    struct arb_draft draft; /* of the book in hand */
    /* The connection whose last list of subscriptions names the book, plus one; 0: none does. */
    uint8_t listed[ARB_INSTRUMENTS_MAX];
};

static int coinbase_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                         struct arb_plan *plan)
{
    struct coinbase *const self = instance;

    (void)host;
    self->env = env;
    self->is_advanced = strcmp(self->feed, "advanced") == 0;
    plan->loss_detection = self->is_advanced ? ARB_LOSS_CONNECTION : ARB_LOSS_NONE;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->opens_per_10s = 4; /* with one request a second on each: an address may send 8 */
    plan->catalog = ARB_CATALOG_HTTP;
    arb_plan_limit(plan, &self->limits);
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

static void spell_books(const struct coinbase *self, const struct arb_ask *ask,
                        struct arb_text *text)
{
    arb_text_add(text, "{\"type\":\"%s\",\"product_ids\":[",
                 ask->what == ARB_ASK_SUBSCRIBE ? "subscribe" : "unsubscribe");
    arb_ask_names(ask, self->env, text);
    arb_text_add(text, self->is_advanced ? "],\"channel\":\"level2\"}"
                                         : "],\"channels\":[\"level2_batch\",\"heartbeat\"]}");
}

/* Of Exchange nothing says whose subscription ended, so a resync takes another connection. */
static int coinbase_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct coinbase *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s",
                     self->ws_url[0] != '\0' ? self->ws_url
                     : self->is_advanced     ? "wss://advanced-trade-ws.coinbase.com"
                                             : "wss://ws-feed.exchange.coinbase.com");
    } else if (ask->what == ARB_ASK_HELLO && self->is_advanced) {
        arb_text_add(text, "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}");
    } else if (ask->what == ARB_ASK_SUBSCRIBE ||
               (ask->what == ARB_ASK_UNSUBSCRIBE && self->is_advanced)) {
        spell_books(self, ask, text);
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/products", self->rest_url);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/*
 * Advanced Trade has one book for BTC-USD and BTC-USDC, and calls it BTC-USD. The stablecoins in
 * the list have books of their own against USDC.
 */
static int coinbase_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const struct coinbase *const self = instance;
    const int rc = arb_symbol_spell(info, "-", false, name);
    const bool is_shared = self->is_advanced && strcmp(info->quote, "USDC") == 0 &&
                           !arb_is_among(arb_bytes_of(info->base), "USDT EURC");

    if (rc == ARB_OK && is_shared) {
        name[strlen(name) - 1] = '\0';
    }
    return rc;
}

/* -- books -------------------------------------------------------------------------------- */

/* What is read of a message, and what it is read with. */
struct reading {
    struct coinbase *self;
    struct arb_host *host;
    uint32_t conn;
    int64_t venue_ns;
};

static struct arb_levels *side_of(struct arb_draft *draft, struct arb_bytes side)
{
    if (arb_bytes_are(side, "bid") || arb_bytes_are(side, "buy")) {
        return &draft->bids;
    }
    return arb_bytes_are(side, "offer") || arb_bytes_are(side, "sell") ? &draft->asks : NULL;
}

/* {"side":"bid","event_time":"...","price_level":"21921.73","new_quantity":"0.06317902"} */
static int read_level(void *context, struct arb_json *json)
{
    struct arb_json ahead = *json;
    struct arb_bytes side = { "", 0 };

    (void)arb_json_lead(&ahead, "side", &side); /* without one it is on no side */
    struct arb_levels *const levels = side_of(context, side);
    if (levels == NULL) {
        return ARB_EPROTO;
    }
    if (arb_levels_more(json, levels) != NULL &&
        arb_json_level_object(json, "price_level", "new_quantity", levels)) {
        arb_levels_keep(levels);
    }
    return json->rc;
}

/* ["sell","0.00001306","660.5"] */
static int read_change(void *context, struct arb_json *json)
{
    struct arb_bytes side = { "", 0 };

    arb_json_array(json);
    if (arb_json_next(json)) {
        arb_json_string(json, &side);
    }
    struct arb_levels *const levels = side_of(context, side);
    if (levels == NULL) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    (void)arb_json_level_rest(json, levels); /* the reader knows */
    return json->rc;
}

/* Reads the changes of a book and publishes them; what is wrong with them costs this book only. */
static int on_changes(const struct reading *in, struct arb_json changes,
                      int (*read)(void *context, struct arb_json *json))
{
    struct arb_draft *const draft = &in->self->draft;

    draft->event.venue_ns = in->venue_ns;
    draft->bids.rc = arb_json_each(&changes, read, draft);
    return arb_draft_publish(in->host, draft);
}

static int read_event(void *context, struct arb_json *json)
{
    enum { ALL = 1 | 2 | 4 };
    const struct reading *const in = context;
    struct arb_bytes type, name;
    struct arb_json updates;
    const struct arb_json_field fields[] = { { "type", ARB_JSON_TEXT, &type },
                                             { "product_id", ARB_JSON_TEXT, &name },
                                             { "updates", ARB_JSON_ANY, &updates } };

    if (arb_json_fields(json, fields, 3) != ALL) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    const uint32_t i = arb_instrument_find(in->self->env, name);
    const bool is_snapshot = arb_bytes_are(type, "snapshot");
    if (!is_snapshot && !arb_bytes_are(type, "update")) {
        return ARB_EPROTO;
    }
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    arb_draft_begin(&in->self->draft, in->self->env, i,
                    is_snapshot ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    return on_changes(in, updates, read_level);
}

/* -- answers ------------------------------------------------------------------------------ */

/* The first word that is the name of a book: "FOO-USD is not a valid product". */
static uint32_t find_named(const struct coinbase *self, struct arb_bytes text)
{
    uint32_t i = ARB_NO_INSTRUMENT;

    while (i == ARB_NO_INSTRUMENT && text.len > 0) {
        struct arb_bytes word = { text.data, 0 };
        while (word.len < text.len && memchr(" ,:;.'\"[]()\\", word.data[word.len], 12) == NULL) {
            word.len++;
        }
        i = arb_instrument_find(self->env, word);
        text.data += word.len + (word.len < text.len);
        text.len -= word.len + (word.len < text.len);
    }
    return i;
}

static int on_error(const struct reading *in, struct arb_bytes message, struct arb_bytes reason)
{
    const struct arb_bytes text = reason.len > 0 ? reason : message;
    const struct arb_why why = arb_refusal(text);

    return arb_answered(in->host, find_named(in->self, text), 0,
                        arb_is_about_rate(text) ? ARB_LATER : ARB_REFUSED, why.text);
}

static int read_name(void *context, struct arb_json *json)
{
    const struct reading *const in = context;
    struct arb_bytes name;

    if (!arb_json_string(json, &name)) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(in->self->env, name);
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    in->self->listed[i] = (uint8_t)(in->conn + 1);
    return arb_answered(in->host, i, 0, ARB_SUBSCRIBED, "");
}

/*
 * {"subscriptions":{"heartbeats":["heartbeats"],"level2":["BTC-USD"]}}: all that there are on the
 * connection. What the list before named and this one does not was left.
 */
static int read_list(void *context, struct arb_json *json)
{
    const struct reading *const in = context;
    struct coinbase *const self = in->self;
    struct arb_json lists, names = arb_json_over(arb_bytes_of("[]"));
    const struct arb_json_field outer = { "subscriptions", ARB_JSON_ANY, &lists },
                                inner = { "level2", ARB_JSON_ANY, &names };
    enum { BEFORE = ARB_CONNS_MAX + 1 };

    if (arb_json_fields(json, &outer, 1) != 1) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    (void)arb_json_fields(&lists, &inner, 1); /* without it there are none */
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        self->listed[i] = self->listed[i] == in->conn + 1 ? BEFORE : self->listed[i];
    }
    int rc = arb_json_ok(&lists) ? arb_json_each(&names, read_name, context) : lists.rc;
    for (uint32_t i = 0; rc == ARB_OK && i < ARB_INSTRUMENTS_MAX; i++) {
        if (self->listed[i] == BEFORE) {
            self->listed[i] = 0;
            rc = arb_answered(in->host, i, 0, ARB_LEFT, "");
        }
    }
    return rc;
}

/* -- messages ----------------------------------------------------------------------------- */

/* The numbers of a connection begin with 0: what is listed was so on the one before. */
static void forget_lists(struct coinbase *self, uint32_t conn)
{
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        self->listed[i] = self->listed[i] == conn + 1 ? 0 : self->listed[i];
    }
}

static int on_advanced(struct reading *in, struct arb_json *json)
{
    enum { CHANNEL = 1, NUMBER = 4, NEEDED = CHANNEL | NUMBER | 8, TYPE = 16 };
    struct arb_bytes channel = { "", 0 }, type = { "", 0 }, message = { "", 0 };
    uint64_t number = 0;
    struct arb_json events;
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &channel },    { "timestamp", ARB_JSON_TIME, &in->venue_ns },
        { "sequence_num", ARB_JSON_U64, &number }, { "events", ARB_JSON_ANY, &events },
        { "type", ARB_JSON_TEXT, &type },          { "message", ARB_JSON_TEXT, &message },
    };
    const uint32_t seen = arb_json_fields(json, fields, 6);

    if (!arb_json_end(json)) {
        return json->rc;
    }
    if (arb_bytes_are(type, "error")) {
        return on_error(in, message, arb_bytes_of(""));
    }
    const bool is_books = arb_bytes_are(channel, "l2_data"),
               is_list = arb_bytes_are(channel, "subscriptions");
    if (is_books || is_list ? (seen & NEEDED) != NEEDED || in->venue_ns == 0
                            : (seen & (CHANNEL | TYPE)) == 0) {
        return ARB_EPROTO;
    }
    if ((seen & NUMBER) != 0 && number == 0) {
        forget_lists(in->self, in->conn);
    }
    const int rc = (seen & NUMBER) != 0 ? arb_conn_seq(in->host, in->conn, number) : ARB_OK;
    return rc != ARB_OK || !(is_books || is_list)
               ? rc
               : arb_json_each(&events, is_books ? read_event : read_list, in);
}

/* `json` has been entered. What is left out of it costs the book a resync. */
static int on_exchange_book(struct reading *in, uint32_t i, struct arb_json *json)
{
    enum { TYPE = 1, SIDES = 4 | 8 };
    struct arb_draft *const draft = &in->self->draft;
    struct arb_bytes type = { "", 0 }, name;
    struct arb_json changes = arb_json_over(arb_bytes_of(""));
    const struct arb_json_field fields[] = {
        { "type", ARB_JSON_TEXT, &type },          { "product_id", ARB_JSON_TEXT, &name },
        { "asks", ARB_JSON_LEVELS, &draft->asks }, { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "changes", ARB_JSON_ANY, &changes },     { "time", ARB_JSON_TIME, &in->venue_ns },
    };

    arb_draft_begin(draft, in->self->env, i, ARB_BOOK_SNAPSHOT);
    const uint32_t seen = arb_json_members(json, fields, 6);
    if (!arb_json_end(json) || (seen & TYPE) == 0) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    if (arb_bytes_are(type, "l2update")) {
        arb_draft_begin(draft, in->self->env, i, ARB_BOOK_DELTA);
        return on_changes(in, changes, read_change);
    }
    if (!arb_bytes_are(type, "snapshot")) {
        return ARB_OK; /* a heartbeat */
    }
    if ((seen & SIDES) != SIDES) {
        return arb_book_reject(in->host, i, ARB_EPROTO);
    }
    draft->event.venue_ns = in->venue_ns;
    return arb_draft_publish(in->host, draft);
}

/* Lists of subscriptions do not name channels as they were asked for: snapshots answer. */
static int on_exchange(struct reading *in, struct arb_json *json)
{
    struct arb_bytes name = { "", 0 }, type, message = { "", 0 }, reason = { "", 0 };
    const struct arb_json_field fields[] = { { "type", ARB_JSON_TEXT, &type },
                                             { "message", ARB_JSON_TEXT, &message },
                                             { "reason", ARB_JSON_TEXT, &reason } };

    (void)arb_json_lead(json, "product_id", &name); /* else it is no book's */
    const uint32_t i = arb_instrument_find(in->self->env, name);
    if (i != ARB_NO_INSTRUMENT) {
        return on_exchange_book(in, i, json);
    }
    const uint32_t seen = arb_json_members(json, fields, 3);
    if (!arb_json_end(json) || (seen & 1) == 0) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    return arb_bytes_are(type, "error") ? on_error(in, message, reason) : ARB_OK;
}

static int coinbase_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct reading in = { .self = instance, .host = host, .conn = conn };
    struct arb_json json = arb_json_over(arb_message_bytes(message));

    return in.self->is_advanced ? on_advanced(&in, &json) : on_exchange(&in, &json);
}

/* -- catalog ------------------------------------------------------------------------------ */

static const struct arb_trading_word words[] = { { "online", ARB_TRADING_OPEN }, { NULL, 0 } };

/* A row that cannot be read is left out. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = 0 };
    struct arb_bytes tick = { "", 0 }, lot = { "", 0 }, status = { "", 0 };
    bool is_post = false, is_limit = false, is_cancel = false, is_disabled = false,
         is_auction = false;
    const struct arb_json_field fields[] = {
        { "id", ARB_JSON_TEXT, &row.venue_symbol },
        { "base_currency", ARB_JSON_TEXT, &row.base },
        { "quote_currency", ARB_JSON_TEXT, &row.quote },
        { "quote_increment", ARB_JSON_TEXT, &tick },
        { "base_increment", ARB_JSON_TEXT, &lot },
        { "post_only", ARB_JSON_BOOL, &is_post },
        { "limit_only", ARB_JSON_BOOL, &is_limit },
        { "cancel_only", ARB_JSON_BOOL, &is_cancel },
        { "status", ARB_JSON_TEXT, &status },
        { "trading_disabled", ARB_JSON_BOOL, &is_disabled },
        { "auction_mode", ARB_JSON_BOOL, &is_auction },
    };

    (void)context;
    (void)arb_json_fields(&json, fields, 11);
    if (!arb_json_ok(&json) || row.venue_symbol.len == 0) {
        return ARB_OK;
    }
    row.px_digits = arb_digits_of_increment(tick);
    row.qty_digits = arb_digits_of_increment(lot);
    row.trading = is_disabled || is_auction ? ARB_TRADING_HALTED : arb_trading_of(status, words);
    if (row.trading == ARB_TRADING_OPEN && (is_post || is_limit || is_cancel)) {
        row.trading = ARB_TRADING_LIMITED;
    }
    return arb_catalog_publish(host, &row);
}

static int coinbase_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                           int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body);

    (void)instance, (void)ask;
    return status == 200 ? arb_catalog_read(host, &json, read_row, NULL) : ARB_EPROTO;
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("feed", struct coinbase, feed, "advanced", "advanced|exchange",
                    "advanced proves each update; exchange has no numbers."),
    ARB_OPTION_STRING("ws_url", struct coinbase, ws_url, "", "WebSocket URL; empty: the feed's."),
    ARB_OPTION_STRING("rest_url", struct coinbase, rest_url, "https://api.exchange.coinbase.com",
                      "REST address of the list of pairs, without a slash at its end."),
    ARB_OPTION_INT("pairs_per_connection", struct coinbase, limits.books_per_conn, "10", 1, 1000,
                   "Pairs subscribed on one connection; a lost message costs all of them."),
    ARB_OPTION_INT("pairs_per_request", struct coinbase, limits.books_per_request, "1", 1, 100,
                   "Pairs named in one request; of exchange, a wrong one spoils it for all."),
    ARB_OPTION_INT("requests_per_second", struct coinbase, limits.requests_per_second, "1", 1, 100,
                   "Requests a second on one connection; an address may send 8."),
    ARB_OPTION_MS("idle_timeout", struct coinbase, limits.idle_ms, "10s", 2000, 60000,
                  "Reconnect after so long without any message; heartbeats come each second."),
    ARB_OPTION_MS("ack_timeout", struct coinbase, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct coinbase, limits.catalog_age_ms, "5m", 10000, 86400000,
                  "How often the list of pairs is read, and with it which ones trade."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = coinbase_init,
    .ask = coinbase_ask,
    .on_message = coinbase_message,
    .spell = coinbase_spell,
    .on_answer = coinbase_answer,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "coinbase",
    .version = "1.0.0",
    .description = "Coinbase order books over WebSocket: Advanced Trade, or Exchange level2_batch",
    .instance_size = sizeof(struct coinbase),
    .ops = &ops,
    .taker_fee = "0.60%", /* not certain: see README.md */
    .taker_fee_date = "2026-07-26",
    .facts_date = "2026-10",
};
