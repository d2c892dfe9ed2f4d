/*
 * Binance spot, Binance.US and USD-M perpetuals: public order books as diffs with a REST book.
 * README.md has the venue's rules and where they are written down.
 */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/levels.h"

/* A REST book costs by its levels: this is five sixths of what an address may ask in a minute. */
enum { LEVELS_PER_MINUTE = 100000 };

/* What follows from the market and the region that an instance serves. */
static const struct binance_place {
    const char *ws_url, *rest_url, *catalog_query;
    uint32_t loss;
} spot = { "wss://data-stream.binance.vision", "https://data-api.binance.vision/api/v3",
           "?showPermissionSets=false", ARB_LOSS_SEQUENCE },
  us = { "wss://stream.binance.us:9443", "https://api.binance.us/api/v3", "", ARB_LOSS_SEQUENCE },
  usdm = { "wss://fstream.binance.com/public", "https://fapi.binance.com/fapi/v1", "",
           ARB_LOSS_CHAIN };

struct binance {
    const char *market, *region, *ws_url, *rest_url; /* options */
    int64_t snapshot_levels;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    const struct binance_place *place;
    struct arb_bytes stream; /* of the event in hand; empty: it tells none */
    struct arb_draft draft;  /* of the book in hand */
};

/* Streams are named in lower case, everything else in upper case. */
static void add_request(const struct binance *self, const struct arb_ask *ask,
                        struct arb_text *text)
{
    const struct arb_ask_form stream = { "\"", "@depth@100ms\"" };
    const bool is_leave = ask->what == ARB_ASK_UNSUBSCRIBE;

    arb_text_add(text, "{\"method\":\"%s\",\"params\":[", is_leave ? "UNSUBSCRIBE" : "SUBSCRIBE");
    const size_t begin = text->len;
    arb_ask_list(ask, self->env, stream, text);
    arb_text_lower(text->data + begin);
    arb_text_add(text, "],\"id\":%llu}", (unsigned long long)arb_ask_id(ask));
}

static int binance_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct binance *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s/stream", self->ws_url);
    } else if (arb_ask_is_books(ask)) {
        add_request(self, ask, text);
    } else if (ask->what == ARB_ASK_HEARTBEAT) { /* nothing else is answered whenever asked */
        arb_text_add(text, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":%llu}",
                     (unsigned long long)arb_ask_id(ask));
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/exchangeInfo%s", self->rest_url, self->place->catalog_query);
    } else if (ask->what == ARB_ASK_SNAPSHOT) {
        arb_text_add(text, "%s/depth?symbol=%s&limit=%lld", self->rest_url,
                     self->env->instruments[ask->instruments[0]].venue_symbol,
                     (long long)self->snapshot_levels);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* Without a catalog. "BTC/USDT-PERP" is BTCUSDT as well. */
static int binance_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const int rc = arb_symbol_spell(info, "", false, name);

    (void)instance;
    name[strcspn(name, "-")] = '\0';
    return rc;
}

/* "btcusdt@depth@100ms" is of BTCUSDT. */
static bool is_of_stream(const struct binance *self, uint32_t i)
{
    const char *const name = self->env->instruments[i].venue_symbol;
    const size_t len = strlen(name);

    return self->stream.len == 0 || (self->stream.len > len && self->stream.data[len] == '@' &&
                                     strncasecmp(self->stream.data, name, len) == 0);
}

/* Another stream's event has another name. `json` has been entered. */
static int on_diff(struct binance *self, struct arb_host *host, uint32_t i, struct arb_json *json)
{
    struct arb_draft *const draft = &self->draft;

    arb_draft_begin(draft, self->env, i, ARB_BOOK_DELTA);
    if (!arb_draft_diff(draft, json, ARB_JSON_MS)) {
        return json->rc;
    }
    if ((self->place->loss == ARB_LOSS_CHAIN && draft->event.prev_seq == 0) ||
        !is_of_stream(self, i)) {
        draft->bids.rc = ARB_EPROTO;
    }
    return arb_draft_publish(host, draft);
}

static int on_event(struct binance *self, struct arb_host *host, uint32_t conn,
                    struct arb_json *json)
{
    struct arb_bytes symbol = { "", 0 }, name = { "", 0 };
    const struct arb_json_field field = { "e", ARB_JSON_TEXT, &name };

    (void)arb_json_lead(json, "s", &symbol); /* else it is nobody's */
    const uint32_t i = arb_instrument_find(self->env, symbol);
    if (i != ARB_NO_INSTRUMENT) {
        return on_diff(self, host, i, json);
    }
    (void)arb_json_members(json, &field, 1);
    return arb_json_ok(json) && arb_bytes_are(name, "serverShutdown")
               ? arb_ws_renew(host, conn, "the venue announced that the server shuts down")
               : json->rc;
}

/* An answer to a request, or an event that no stream is named with. */
static int on_bare(struct binance *self, struct arb_host *host, uint32_t conn, struct arb_json json)
{
    enum { EVENT = 1, CODE = 4, ERROR = 8 };
    struct arb_json whole = json, error = json;
    struct arb_bytes name;
    uint64_t id = 0;
    int64_t code;
    const struct arb_json_field fields[] = { { "e", ARB_JSON_TEXT, &name },
                                             { "id", ARB_JSON_U64, &id },
                                             { "code", ARB_JSON_I64, &code },
                                             { "error", ARB_JSON_ANY, &error } };
    const uint32_t seen = arb_json_fields(&json, fields, 4);

    if (!arb_json_end(&json)) {
        return json.rc;
    }
    if ((seen & EVENT) != 0) {
        return on_event(self, host, conn, &whole);
    }
    if ((seen & (CODE | ERROR)) != 0) { /* {"code":2,"msg":"..."} */
        return arb_refused_ask(host, arb_number_of_id(id), ARB_REFUSED,
                               arb_reason_of(error, "msg"));
    }
    return arb_number_of_id(id) == 0 ? ARB_EPROTO : arb_answered_id(host, id);
}

static int binance_message(void *instance, struct arb_host *host, uint32_t conn,
                           struct arb_message message)
{
    struct binance *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message)), whole = json;

    self->stream = arb_bytes_of("");
    (void)arb_json_lead(&json, "stream", &self->stream);
    if (!arb_json_enter_rest(&json, "data")) {
        return on_bare(self, host, conn, whole);
    }
    const int rc = on_event(self, host, conn, &json);
    return rc == ARB_OK && !arb_json_rest(&json) ? json.rc : rc;
}

static int on_snapshot(struct binance *self, struct arb_host *host, uint32_t i,
                       struct arb_json *json)
{
    struct arb_draft *const draft = &self->draft;
    const struct arb_json_field fields[] = {
        { "lastUpdateId", ARB_JSON_U64, &draft->event.last_seq },
        { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "asks", ARB_JSON_LEVELS, &draft->asks },
        { "E", ARB_JSON_MS, &draft->event.venue_ns }, /* only perpetuals date it */
    };

    arb_draft_begin(draft, self->env, i, ARB_BOOK_SNAPSHOT);
    const bool is_whole = (arb_json_fields(json, fields, 4) & 7) == 7;
    if (!arb_json_end(json) || !is_whole || draft->event.last_seq == 0) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    return arb_draft_publish(host, draft);
}

static int read_filter(void *context, struct arb_json *json)
{
    struct arb_catalog_row *const row = context;
    struct arb_bytes name = { "", 0 };
    struct arb_order_terms terms = row->terms;
    struct arb_decimal min_notional = terms.min_notional;
    const struct arb_json_field fields[] = {
        { "filterType", ARB_JSON_TEXT, &name },
        { "tickSize", ARB_JSON_DECIMAL, &terms.tick },
        { "stepSize", ARB_JSON_DECIMAL, &terms.lot },
        { "minQty", ARB_JSON_DECIMAL, &terms.min_qty },
        { "minNotional", ARB_JSON_DECIMAL, &min_notional },
        { "notional", ARB_JSON_DECIMAL, &min_notional }, /* of perpetuals */
    };

    (void)arb_json_fields(json, fields, 6);
    if (arb_bytes_are(name, "PRICE_FILTER")) {
        row->terms.tick = terms.tick;
    } else if (arb_bytes_are(name, "LOT_SIZE")) {
        row->terms.lot = terms.lot;
        row->terms.min_qty = terms.min_qty;
    } else if (arb_is_among(name, "NOTIONAL MIN_NOTIONAL")) {
        row->terms.min_notional = min_notional;
    }
    return json->rc;
}

/* A row that cannot be read is left out. Spot pairs are no contracts, and some contracts expire. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes status = { "", 0 }, contract = { "", 0 };
    struct arb_json filters = arb_json_over(arb_bytes_of("[]"));
    const struct arb_json_field fields[] = {
        { "symbol", ARB_JSON_TEXT, &row.venue_symbol },
        { "status", ARB_JSON_TEXT, &status },
        { "baseAsset", ARB_JSON_TEXT, &row.base },
        { "quoteAsset", ARB_JSON_TEXT, &row.quote },
        { "filters", ARB_JSON_ANY, &filters },
        { "contractType", ARB_JSON_TEXT, &contract },
    };

    (void)context;
    if (!arb_catalog_fields(&row, &json, fields, 6) ||
        arb_json_each(&filters, read_filter, &row) != ARB_OK) {
        return ARB_OK;
    }
    row.trading = arb_bytes_are(status, "TRADING")       ? ARB_TRADING_OPEN
                  : arb_bytes_are(status, "CANCEL_ONLY") ? ARB_TRADING_LIMITED
                                                         : ARB_TRADING_HALTED;
    row.is_perpetual = contract.len > 0;
    if (row.is_perpetual && !arb_bytes_are(contract, "PERPETUAL")) {
        return ARB_OK;
    }
    return arb_catalog_publish(host, &row);
}

static int binance_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                          int status, struct arb_bytes body)
{
    static const struct arb_catalog_form form = { .rows = { "symbols" }, .read = read_row };
    struct arb_json json = arb_json_over(body);
    const bool is_book = ask->what == ARB_ASK_SNAPSHOT;

    if (status == 429 || status == 418 || status == 403) {
        return ARB_ELATER; /* 403: too many for the firewall */
    }
    if (status != 200 && is_book && arb_says(body, "-1121")) {
        return arb_answered(host, ask->instruments[0], 0, ARB_REFUSED, "invalid symbol (-1121)");
    }
    if (!is_book) {
        return arb_catalog_answer(&form, instance, host, status, body);
    }
    return status == 200 ? on_snapshot(instance, host, ask->instruments[0], &json) : ARB_EPROTO;
}

static int binance_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                        struct arb_plan *plan)
{
    struct binance *const self = instance;
    const bool is_usdm = strcmp(self->market, "usdm") == 0, is_us = strcmp(self->region, "us") == 0;

    if (is_usdm && is_us) {
        arb_log(host, ARB_ERROR, "region = us has no perpetuals: use market = spot");
        return ARB_EREJECTED;
    }
    self->env = env;
    self->place = is_usdm ? &usdm : is_us ? &us : &spot;
    self->ws_url = arb_option_or(self->ws_url, self->place->ws_url);
    self->rest_url = arb_option_or(self->rest_url, self->place->rest_url);
    if (is_usdm && self->snapshot_levels > 1000) {
        self->snapshot_levels = 1000; /* the most there are */
    }
    plan->loss_detection = self->place->loss;
    plan->snapshot_source = ARB_SNAPSHOT_HTTP;
    plan->seam = ARB_SEAM_SEQUENCE;
    plan->seed_levels = (uint32_t)self->snapshot_levels;
    plan->catalog = ARB_CATALOG_HTTP;
    plan->is_listed_only = true;
    plan->http_per_min = LEVELS_PER_MINUTE / plan->seed_levels;
    plan->books_per_request = 50;
    plan->requests_per_second = 3; /* of 5 frames, among them pings and pongs */
    plan->opens_per_10min = 250;   /* of 300 in 5 minutes that are allowed to an address */
    arb_plan_pinged(plan, &self->limits);
    return ARB_OK;
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("market", struct binance, market, "spot", "spot|usdm",
                    "usdm: USD-M perpetuals, named BTC/USDT-PERP."),
    ARB_OPTION_ENUM("region", struct binance, region, "global", "global|us",
                    "us: Binance.US, a venue of its own, spot only."),
    ARB_OPTION_STRING("ws_url", struct binance, ws_url, "",
                      "WebSocket address up to /stream; empty takes the venue's."),
    ARB_OPTION_STRING("rest_url", struct binance, rest_url, "",
                      "REST address with its version, /api/v3; empty takes the venue's."),
    ARB_OPTION_INT_OF("snapshot_levels", struct binance, snapshot_levels, "5000", "500|1000|5000",
                      "Levels a side that are known; usdm has 1000 at most."),
    ARB_OPTION_INT("pairs_per_connection", struct binance, limits.books_per_conn, "200", 1, 1024,
                   "Pairs subscribed on one connection before another is opened."),
    ARB_OPTION_MS("heartbeat", struct binance, limits.heartbeat_ms, "20s", 1000, 600000,
                  "How often the venue is asked for a sign of life."),
    ARB_OPTION_MS("heartbeat_timeout", struct binance, limits.heartbeat_wait_ms, "10s", 1000, 60000,
                  "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct binance, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct binance, limits.catalog_age_ms, "5m", 60000, 86400000,
                  "How often the list of pairs is read, and with it which ones trade."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = binance_init,
    .ask = binance_ask,
    .on_message = binance_message,
    .spell = binance_spell,
    .on_answer = binance_answer,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "binance",
    .version = "1.0.0",
    .description = "Binance spot and USD-M perpetual order books over WebSocket and REST",
    .instance_size = sizeof(struct binance),
    .ops = &ops,
    .taker_fee = "0.10%",
    .taker_fee_date = "2026-07-26",
    .facts_date = "2026-07-21",
};
