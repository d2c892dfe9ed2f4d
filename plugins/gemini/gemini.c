/*
 * Gemini, public order books: the current feed, and the archived one, Market Data v2, which is kept
 * for old recordings. README.md has the venue's rules and where they are from.
 */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/levels.h"

enum { V2_HEARTBEATS_MS = 5000 };

#define PASS_NS INT64_C(10000000000) /* a stream that stays behind its book so long began anew */

static const struct arb_trading_word words[] = { { "open", ARB_TRADING_OPEN },
                                                 { "limit_only", ARB_TRADING_LIMITED },
                                                 { "post_only", ARB_TRADING_LIMITED },
                                                 { "cancel_only", ARB_TRADING_LIMITED },
                                                 { NULL, 0 } };

struct gemini {
    const char *protocol, *ws_url, *rest_url; /* options */
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    bool is_v2;             /* it names pairs in upper case, the current feed in lower */
    struct arb_draft draft; /* of the book in hand */
    /* Until when (mono) a frame may be part of the whole book before it; 0: a change came. */
    int64_t pass_until_ns[ARB_INSTRUMENTS_MAX];
};

static void plan_v2(struct arb_plan *plan)
{
    plan->loss_detection = ARB_LOSS_NONE;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->beat_ms = V2_HEARTBEATS_MS;
    plan->idle_ms = V2_HEARTBEATS_MS + plan->heartbeat_wait_ms;
    plan->heartbeat_ms = 0;
    plan->resubscribe = ARB_RESUBSCRIBE_AT_ONCE; /* leaving is not acknowledged either */
    plan->is_listed_only = true;
}

static int gemini_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                       struct arb_plan *plan)
{
    struct gemini *const self = instance;

    (void)host;
    self->env = env;
    self->is_v2 = strcmp(self->protocol, "v2") == 0;
    plan->loss_detection = ARB_LOSS_SEQUENCE;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->opens_per_10min = 250; /* of 300 in 5 minutes */
    plan->http_per_min = 100;    /* of 120 */
    plan->catalog = ARB_CATALOG_HTTP;
    arb_plan_pinged(plan, &self->limits);
    if (self->is_v2) {
        plan_v2(plan);
    }
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

static int gemini_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    static const struct arb_ask_form stream = { "\"", "@depth@100ms\"" };
    const struct gemini *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s",
                     arb_option_or(self->ws_url, self->is_v2 ? "wss://api.gemini.com/v2/marketdata"
                                                             : "wss://ws.gemini.com/?snapshot=-1"));
    } else if (ask->what == ARB_ASK_SUBSCRIBE && self->is_v2) {
        arb_text_add(text, "{\"type\":\"subscribe\",\"subscriptions\":"
                           "[{\"name\":\"l2\",\"symbols\":[");
        arb_ask_names(ask, self->env, text);
        arb_text_add(text, "]}]}");
    } else if (arb_ask_is_books(ask) && !self->is_v2) {
        arb_text_add(text, "{\"id\":%llu,\"method\":\"%s\",\"params\":[",
                     (unsigned long long)arb_ask_id(ask), arb_ask_word(ask));
        arb_ask_list(ask, self->env, stream, text);
        arb_text_add(text, "]}");
    } else if (ask->what == ARB_ASK_HEARTBEAT) {
        arb_text_add(text, "{\"id\":%llu,\"method\":\"ping\"}",
                     (unsigned long long)arb_ask_id(ask));
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/symbols/details/all", self->rest_url);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

static void set_case(const struct gemini *self, char *name)
{
    if (self->is_v2) {
        arb_text_upper(name);
    } else {
        arb_text_lower(name);
    }
}

/* Without a catalog. "BTC/GUSD-PERP" is btcgusdperp. */
static int gemini_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const int rc = arb_symbol_spell(info, "", false, name);
    char *const dash = strchr(name, '-');

    if (dash != NULL) {
        memmove(dash, dash + 1, strlen(dash));
    }
    set_case(instance, name);
    return rc;
}

/* -- the current feed --------------------------------------------------------------------- */

/*
 * `json` has been entered. U is the u before, so a frame with changes has a smaller one. Those of a
 * whole book are equal; that it is awaited is looked at too, lest one without changes empties it.
 */
static int on_depth(struct gemini *self, struct arb_host *host, uint32_t i, struct arb_json *json)
{
    struct arb_draft *const draft = &self->draft;
    struct arb_book_event *const event = &draft->event;
    struct arb_book book;

    arb_draft_begin(draft, self->env, i, ARB_BOOK_DELTA);
    const bool is_diff = arb_draft_diff(draft, json, ARB_JSON_NS);
    if (!arb_json_end(json) || !is_diff) {
        return json->rc;
    }
    if (arb_draft_rc(draft) != ARB_OK) {
        return arb_draft_publish(host, draft);
    }
    const int rc = arb_book_view(host, i, &book);
    if (rc != ARB_OK) {
        return rc;
    }
    const bool is_awaited = book.state == ARB_BOOK_SYNCING;
    if (!is_awaited && host->mono_ns <= self->pass_until_ns[i] && event->last_seq < book.seq &&
        event->venue_ns <= book.venue_ns) {
        return ARB_OK; /* part of the snapshot before it */
    }
    const bool is_whole = is_awaited && event->first_seq == event->last_seq;
    event->kind = is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;
    event->first_seq = is_whole ? 0 : event->first_seq + 1;
    if (is_whole || event->last_seq != book.seq) { /* a repeat changes nothing */
        self->pass_until_ns[i] = is_whole ? host->mono_ns + PASS_NS : 0;
    }
    return arb_draft_publish(host, draft);
}

/* An id that is no number is none of ours. */
static int on_reply(struct arb_host *host, struct arb_json json)
{
    enum { STATUS = 2, SERVED = 200 };
    struct arb_json error = arb_json_over(arb_bytes_of("")), own = error;
    uint64_t id = 0, status = 0;
    const struct arb_json_field fields[] = { { "id", ARB_JSON_ANY, &own },
                                             { "status", ARB_JSON_U64, &status },
                                             { "error", ARB_JSON_ANY, &error } };
    const uint32_t seen = arb_json_fields(&json, fields, 3);

    if (!arb_json_end(&json) || (seen & STATUS) == 0) {
        return arb_json_trouble(&json);
    }
    if (!arb_json_u64(&own, &id)) {
        id = 0;
    }
    if (status == SERVED) {
        return arb_answered_id(host, id);
    }
    return arb_refused_ask(host, arb_number_of_id(id),
                           status == 429 || status >= 500 ? ARB_LATER : ARB_REFUSED,
                           arb_reason_of(error, "msg")); /* {"code":-1013,"msg":"..."} */
}

static int on_current(struct gemini *self, struct arb_host *host, struct arb_json json)
{
    const struct arb_json whole = json;
    struct arb_bytes symbol;

    if (!arb_json_lead(&json, "s", &symbol)) {
        return on_reply(host, whole);
    }
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (i != ARB_NO_INSTRUMENT) {
        return on_depth(self, host, i, &json);
    }
    return arb_json_rest(&json) ? ARB_OK : json.rc;
}

/* -- the archived feed -------------------------------------------------------------------- */

/* The whole book comes with trades in its message, changes come without; nothing numbers them. */
static int on_archived(struct gemini *self, struct arb_host *host, struct arb_json json)
{
    enum { TYPE = 1, CHANGES = 4, TRADES = 8, RESULT = 16 };
    struct arb_draft *const draft = &self->draft;
    struct arb_bytes type = { "", 0 }, symbol = { "", 0 }, result, reason = { "", 0 };
    struct arb_json changes, trades;
    const struct arb_json_field fields[] = {
        { "type", ARB_JSON_TEXT, &type },      { "symbol", ARB_JSON_TEXT, &symbol },
        { "changes", ARB_JSON_ANY, &changes }, { "trades", ARB_JSON_ANY, &trades },
        { "result", ARB_JSON_TEXT, &result },  { "reason", ARB_JSON_TEXT, &reason },
    };
    const uint32_t seen = arb_json_fields(&json, fields, 6),
                   i = arb_instrument_find(self->env, symbol);

    if (!arb_json_end(&json) || (seen & (TYPE | RESULT)) == 0) {
        return arb_json_trouble(&json);
    }
    if ((seen & TYPE) == 0) { /* {"reason":"NoValidTradingPairs","result":"error"} */
        return arb_refused_in_words(host, self->env, reason);
    }
    if (!arb_bytes_are(type, "l2_updates") || i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    arb_draft_begin(draft, self->env, i, (seen & TRADES) != 0 ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    draft->bids.rc =
        (seen & CHANGES) != 0 ? arb_json_each(&changes, arb_draft_change, draft) : ARB_EPROTO;
    return arb_draft_publish(host, draft);
}

static int gemini_message(void *instance, struct arb_host *host, uint32_t conn,
                          struct arb_message message)
{
    struct gemini *const self = instance;
    const struct arb_json json = arb_json_over(arb_message_bytes(message));

    (void)conn;
    return self->is_v2 ? on_archived(self, host, json) : on_current(self, host, json);
}

/* -- catalog ------------------------------------------------------------------------------ */

/* A row that cannot be read is left out. `tick_size` is the step of quantities. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    char name[ARB_SYMBOL_MAX] = "";
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes symbol = { "", 0 }, status = symbol, product = symbol, contract = symbol;
    const struct arb_json_field fields[] = {
        { "symbol", ARB_JSON_TEXT, &symbol },
        { "base_currency", ARB_JSON_TEXT, &row.base },
        { "quote_currency", ARB_JSON_TEXT, &row.quote },
        { "tick_size", ARB_JSON_DECIMAL, &row.terms.lot },
        { "quote_increment", ARB_JSON_DECIMAL, &row.terms.tick },
        { "min_order_size", ARB_JSON_DECIMAL, &row.terms.min_qty },
        { "status", ARB_JSON_TEXT, &status },
        { "product_type", ARB_JSON_TEXT, &product },
        { "contract_type", ARB_JSON_TEXT, &contract },
    };

    (void)arb_json_fields(&json, fields, 9);
    row.is_perpetual = arb_bytes_are(product, "swap") && arb_bytes_are(contract, "linear");
    const bool is_pair = product.len == 0 || arb_bytes_are(product, "spot");
    if (!arb_json_ok(&json) || symbol.len == 0 || !arb_catalog_add(name, symbol) ||
        !(is_pair || row.is_perpetual)) {
        return ARB_OK;
    }
    set_case(context, name);
    row.venue_symbol = arb_bytes_of(name);
    row.trading = arb_trading_of(status, words);
    return arb_catalog_publish(host, &row);
}

static int gemini_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                         int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body);

    (void)ask;
    return status == 200 ? arb_catalog_read(host, &json, read_row, instance) : ARB_EPROTO;
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("protocol", struct gemini, protocol, "current", "current|v2",
                    "current: a lost change shows; v2: the archived feed, it does not."),
    ARB_OPTION_STRING("ws_url", struct gemini, ws_url, "",
                      "WebSocket URL, with ?snapshot=-1 for the current feed; empty: the venue's."),
    ARB_OPTION_STRING("rest_url", struct gemini, rest_url, "https://api.gemini.com/v1",
                      "REST address, without a slash at its end."),
    ARB_OPTION_INT("pairs_per_connection", struct gemini, limits.books_per_conn, "100", 1, 1000,
                   "Pairs subscribed on one connection before another is opened."),
    ARB_OPTION_INT("pairs_per_request", struct gemini, limits.books_per_request, "25", 1, 200,
                   "Pairs named in one subscribe request."),
    ARB_OPTION_INT("requests_per_second", struct gemini, limits.requests_per_second, "5", 1, 100,
                   "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct gemini, limits.heartbeat_ms, "20s", 1000, 60000,
                  "How often the venue is pinged; v2 sends heartbeats of its own."),
    ARB_OPTION_MS("heartbeat_timeout", struct gemini, limits.heartbeat_wait_ms, "10s", 1000, 60000,
                  "How long a sign of life may be late before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct gemini, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct gemini, limits.catalog_age_ms, "5m", 60000, 86400000,
                  "How often the list of pairs is read, and with it which ones trade."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = gemini_init,
    .ask = gemini_ask,
    .on_message = gemini_message,
    .spell = gemini_spell,
    .on_answer = gemini_answer,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "gemini",
    .version = "1.0.0",
    .description = "Gemini spot and perpetual order books over WebSocket",
    .instance_size = sizeof(struct gemini),
    .ops = &ops,
    .taker_fee = "1.20%",
    .taker_fee_date = "2026-10-10",
    .facts_date = "2026-10",
};
