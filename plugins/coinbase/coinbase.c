/*
 * Coinbase, public order books: the feed of Advanced Trade, and that of Coinbase Exchange, which
 * shows the same books. README.md has the venue's rules and where they are from.
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

/* What is read of a message, and what it is read with. */
struct reading {
    struct coinbase *self;
    struct arb_host *host;
    uint32_t conn;
    int64_t venue_ns;
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
    plan->beat_ms = 1000;
    plan->opens_per_10s = 4; /* with one request a second on each: an address may send 8 */
    plan->catalog = ARB_CATALOG_HTTP;
    arb_plan_limit(plan, &self->limits);
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

/* Of Exchange nothing says whose subscription ended, so a resync takes another connection. */
static int coinbase_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct coinbase *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s",
                     arb_option_or(self->ws_url, self->is_advanced
                                                     ? "wss://advanced-trade-ws.coinbase.com"
                                                     : "wss://ws-feed.exchange.coinbase.com"));
    } else if (ask->what == ARB_ASK_HELLO && self->is_advanced) {
        arb_text_add(text, "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}");
    } else if (ask->what == ARB_ASK_SUBSCRIBE ||
               (ask->what == ARB_ASK_UNSUBSCRIBE && self->is_advanced)) {
        arb_text_add(text, "{\"type\":\"%s\",\"product_ids\":[", arb_ask_word(ask));
        arb_ask_names(ask, self->env, text);
        arb_text_add(text, self->is_advanced ? "],\"channel\":\"level2\"}"
                                             : "],\"channels\":[\"level2_batch\",\"heartbeat\"]}");
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
    const int rc = arb_spell_dashed(instance, info, name);
    const bool is_shared = self->is_advanced && strcmp(info->quote, "USDC") == 0 &&
                           !arb_is_among(arb_bytes_of(info->base), "USDT EURC");

    if (rc == ARB_OK && is_shared) {
        name[strlen(name) - 1] = '\0';
    }
    return rc;
}

/* -- books -------------------------------------------------------------------------------- */

/* {"side":"bid","event_time":"...","price_level":"21921.73","new_quantity":"0.06317902"} */
static int read_level(void *context, struct arb_json *json)
{
    struct arb_json ahead = *json;
    struct arb_bytes side = { "", 0 };

    (void)arb_json_lead(&ahead, "side", &side); /* without one it is on no side */
    struct arb_levels *const levels = arb_draft_side(context, side);
    if (levels == NULL) {
        return ARB_EPROTO;
    }
    if (arb_levels_more(json, levels) != NULL &&
        arb_json_level_object(json, "price_level", "new_quantity", levels)) {
        arb_levels_keep(levels);
    }
    return json->rc;
}

/* Reads the changes of a book and publishes them; what is wrong with them costs this book only. */
static int publish_changes(const struct reading *in, struct arb_json changes,
                           int (*read)(void *context, struct arb_json *json))
{
    struct arb_draft *const draft = &in->self->draft;

    draft->event.venue_ns = in->venue_ns;
    draft->bids.rc = arb_json_each(&changes, read, draft);
    return arb_draft_publish(in->host, draft);
}

static int read_event(void *context, struct arb_json *json)
{
    const struct reading *const in = context;
    struct arb_bytes type, name;
    struct arb_json updates;
    const struct arb_json_field fields[] = { { "type", ARB_JSON_TEXT, &type },
                                             { "product_id", ARB_JSON_TEXT, &name },
                                             { "updates", ARB_JSON_ANY, &updates } };

    if (arb_json_fields(json, fields, 3) != 7 || arb_kind_of(type) == 0) {
        return arb_json_trouble(json);
    }
    const uint32_t i = arb_instrument_find(in->self->env, name);
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    arb_draft_begin(&in->self->draft, in->self->env, i, (enum arb_book_kind)arb_kind_of(type));
    return publish_changes(in, updates, read_level);
}

/* -- answers ------------------------------------------------------------------------------ */

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

static void relist(struct coinbase *self, uint8_t from, uint8_t to)
{
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        self->listed[i] = self->listed[i] == from ? to : self->listed[i];
    }
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
        return arb_json_trouble(json);
    }
    (void)arb_json_fields(&lists, &inner, 1); /* without it there are none */
    relist(self, (uint8_t)(in->conn + 1), BEFORE);
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
        return arb_refused_in_words(in->host, in->self->env, message);
    }
    const bool is_books = arb_bytes_are(channel, "l2_data"),
               is_list = arb_bytes_are(channel, "subscriptions");
    if (is_books || is_list ? (seen & NEEDED) != NEEDED || in->venue_ns == 0
                            : (seen & (CHANNEL | TYPE)) == 0) {
        return ARB_EPROTO;
    }
    if ((seen & NUMBER) != 0 && number == 0) {        /* a connection begins */
        relist(in->self, (uint8_t)(in->conn + 1), 0); /* what was listed was so before it */
    }
    const int rc = (seen & NUMBER) != 0 ? arb_conn_seq(in->host, in->conn, number) : ARB_OK;
    return rc != ARB_OK || !(is_books || is_list)
               ? rc
               : arb_json_each(&events, is_books ? read_event : read_list, in);
}

/* -- the feed of Coinbase Exchange: level2_batch. Nothing numbers its changes ------------- */

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
        return arb_json_trouble(json);
    }
    if (arb_bytes_are(type, "l2update")) {
        arb_draft_begin(draft, in->self->env, i, ARB_BOOK_DELTA);
        return publish_changes(in, changes, arb_draft_change);
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
        return arb_json_trouble(json);
    }
    const struct arb_bytes words = reason.len > 0 ? reason : message;
    return arb_bytes_are(type, "error") ? arb_refused_in_words(in->host, in->self->env, words)
                                        : ARB_OK;
}

static int coinbase_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct reading in = { .self = instance, .host = host, .conn = conn };
    struct arb_json json = arb_json_over(arb_message_bytes(message));

    return in.self->is_advanced ? on_advanced(&in, &json) : on_exchange(&in, &json);
}

/* -- catalog ------------------------------------------------------------------------------ */

static const struct arb_trading_word states[] = { { "online", ARB_TRADING_OPEN }, { NULL, 0 } };

/* A row that cannot be read is left out. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes status = { "", 0 };
    bool is_post = false, is_limit = false, is_cancel = false, is_disabled = false,
         is_auction = false;
    const struct arb_json_field fields[] = {
        { "id", ARB_JSON_TEXT, &row.venue_symbol },
        { "base_currency", ARB_JSON_TEXT, &row.base },
        { "quote_currency", ARB_JSON_TEXT, &row.quote },
        { "quote_increment", ARB_JSON_DECIMAL, &row.terms.tick },
        { "base_increment", ARB_JSON_DECIMAL, &row.terms.lot },
        { "min_market_funds", ARB_JSON_DECIMAL, &row.terms.min_notional },
        { "post_only", ARB_JSON_BOOL, &is_post },
        { "limit_only", ARB_JSON_BOOL, &is_limit },
        { "cancel_only", ARB_JSON_BOOL, &is_cancel },
        { "status", ARB_JSON_TEXT, &status },
        { "trading_disabled", ARB_JSON_BOOL, &is_disabled },
        { "auction_mode", ARB_JSON_BOOL, &is_auction },
    };

    (void)context;
    if (!arb_catalog_fields(&row, &json, fields, 12)) {
        return ARB_OK;
    }
    row.trading = is_disabled || is_auction ? ARB_TRADING_HALTED : arb_trading_of(status, states);
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
