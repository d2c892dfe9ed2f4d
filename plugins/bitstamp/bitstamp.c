/*
 * Bitstamp spot, public order books. See README.md for the venue's rules and where they are
 * written down.
 */
#include "bitstamp.h"

enum {
    TOP_LEVELS = 100,         /* a side in order_book frames */
    CONN_CHANNELS_MAX = 1024, /* the venue closes a connection silently at one more */
    HTTP_PER_10MIN = 8000,    /* of 10,000 that are allowed to an address */
    HTTP_OK = 200,
    GROUP_BY_PRICE = 1, /* of a REST book */
    GROUP_NONE = 2,     /* single orders, with their ids */
};

/* What the names of a mode's channels begin with, and what comes on each; the first makes books. */
static const struct bitstamp_mode {
    const char *name, *channels[2];
    uint32_t kinds[2], loss;
} modes[] = {
    { "order_book", { "order_book_" }, { ARB_BOOK_SNAPSHOT }, ARB_LOSS_STATELESS },
    { "diff",
      { "diff_order_book_", "order_book_" },
      { ARB_BOOK_DELTA, ARB_BOOK_TOP },
      ARB_LOSS_NONE },
    { "orders", { "live_orders_" }, { 0 }, ARB_LOSS_CHAIN },
};

static int bitstamp_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                         struct arb_plan *plan)
{
    struct bitstamp *const self = instance;
    const struct bitstamp_mode *mode = modes;
    (void)host;

    while (strcmp(mode->name, self->mode_name) != 0) {
        mode++; /* the host takes no other names */
    }
    const bool is_top = mode->loss == ARB_LOSS_STATELESS;
    self->env = env;
    self->mode = mode;
    self->n_channels = mode->channels[1] != NULL && self->cross_check ? 2 : 1;
    plan->loss_detection = mode->loss;
    plan->snapshot_source = is_top ? ARB_SNAPSHOT_EACH : ARB_SNAPSHOT_HTTP;
    plan->time_order = mode->loss == ARB_LOSS_NONE ? ARB_TIME_NOT_BACK : ARB_TIME_NONE;
    plan->seam = ARB_SEAM_TIME;
    plan->quiet_ms = is_top ? 2000 : 3000; /* order_book sends nothing at subscription */
    plan->depth = is_top ? TOP_LEVELS : 0;
    plan->liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;
    plan->heartbeat_ms = (uint32_t)self->heartbeat_ms;
    plan->heartbeat_wait_ms = (uint32_t)self->heartbeat_wait_ms;
    plan->idle_ms = (uint32_t)(self->heartbeat_ms + 2 * self->heartbeat_wait_ms);
    plan->requests_per_second = (uint32_t)self->requests_per_second;
    plan->answer_ms = (uint32_t)self->ack_timeout_ms;
    plan->resubscribe = ARB_RESUBSCRIBE_AT_ONCE;
    plan->http_at_once = 8;
    plan->http_per_10min = HTTP_PER_10MIN;
    plan->catalog = ARB_CATALOG_HTTP;
    plan->catalog_age_ms = (uint32_t)self->catalog_age_ms;
    plan->is_listed_only = true;
    plan->channels = self->n_channels;
    plan->books_per_conn = CONN_CHANNELS_MAX / self->n_channels;
    if (plan->books_per_conn > self->markets_per_connection) {
        plan->books_per_conn = (uint32_t)self->markets_per_connection;
    }
    return mode->loss == ARB_LOSS_CHAIN ? bitstamp_orders_init(self) : ARB_OK;
}

static int bitstamp_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct bitstamp *const self = instance;
    struct arb_text *const text = &request->text;
    const char *const market =
        ask->n_instruments == 0 ? "" : self->env->instruments[ask->instruments[0]].venue_symbol;

    switch (ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "%s", self->ws_url);
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        arb_text_add(text, "{\"event\":\"bts:%s\",\"data\":{\"channel\":\"%s%s\"}}",
                     ask->what == ARB_ASK_SUBSCRIBE ? "subscribe" : "unsubscribe",
                     self->mode->channels[ask->channel], market);
        return ARB_OK;
    case ARB_ASK_HEARTBEAT:
        arb_text_add(text, "{\"event\":\"bts:heartbeat\"}");
        return ARB_OK;
    case ARB_ASK_CATALOG:
        arb_text_add(text, "%s/markets/", self->rest_url);
        return ARB_OK;
    case ARB_ASK_SNAPSHOT: /* the edge keeps it for a second, for those who ask the same */
        arb_text_add(text, "%s/order_book/%s/?group=%u&nonce=%u", self->rest_url, market,
                     self->orders == NULL ? GROUP_BY_PRICE : GROUP_NONE, (unsigned)ask->number);
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

static int bitstamp_spell(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "", true, name);
}

/* A book made of levels, from a frame or from REST. */
static int on_book(struct bitstamp *self, struct arb_host *host, uint32_t i, struct arb_json json,
                   uint32_t kind)
{
    const struct arb_instrument *const info = &self->env->instruments[i];
    struct arb_levels bids = arb_levels_over(self->bids, ARB_EVENT_LEVELS_MAX, info);
    struct arb_levels asks = arb_levels_over(self->asks, ARB_EVENT_LEVELS_MAX, info);
    const bool is_top = kind == ARB_BOOK_TOP || self->mode->loss == ARB_LOSS_STATELESS;
    struct arb_book_event event = { .instrument = i, .kind = kind };
    uint64_t made = 0;
    struct arb_bytes key;

    arb_json_object(&json);
    while (arb_json_key(&json, &key)) {
        if (arb_bytes_are(key, "bids")) {
            arb_levels_read(&json, &bids);
        } else if (arb_bytes_are(key, "asks")) {
            arb_levels_read(&json, &asks);
        } else if (arb_bytes_are(key, "microtimestamp")) {
            arb_json_u64(&json, &made);
        } else {
            arb_json_skip(&json);
        }
    }
    if (!arb_json_end(&json) || !bitstamp_is_time(made)) {
        return arb_levels_trouble(host, i, arb_json_ok(&json) ? ARB_EPROTO : json.rc);
    }
    arb_levels_drop_zero(&bids); /* some markets list a bid at price 0 */
    event.venue_ns = bitstamp_venue_ns(made);
    if (self->mode->loss == ARB_LOSS_STATELESS) {
        event.last_seq = made; /* no number for diffs: two may be of one microsecond */
    }
    event.max_depth = is_top ? TOP_LEVELS : 0;
    return arb_levels_publish(host, &event, &bids, &asks);
}

static bool contains(struct arb_bytes text, const char *word)
{
    return memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* It seldom says which request it means: then it is only logged, or slows all of them down. */
static int on_error(struct arb_host *host, uint32_t i, uint32_t channel, struct arb_json data)
{
    struct arb_bytes text = { "no reason given", 15 };
    const struct arb_json_field field = { "message", ARB_JSON_TEXT, &text };
    char why[100];

    (void)arb_json_fields(&data, &field, 1); /* without one it is not told */
    const bool is_rate = contains(text, "ate limit") || contains(text, "oo many");
    (void)snprintf(why, sizeof(why), "refused by the venue: %.*s",
                   (int)(text.len < 70 ? text.len : 70), text.data);
    return arb_answered(host, i, channel, is_rate ? ARB_LATER : ARB_REFUSED, why);
}

/* Of which market and channel a message is; ARB_NO_INSTRUMENT: none of ours. */
static uint32_t find_channel(const struct bitstamp *self, struct arb_bytes name, uint32_t *channel)
{
    for (*channel = self->n_channels; (*channel)-- > 0;) {
        const char *const prefix = self->mode->channels[*channel];
        const size_t len = strlen(prefix);
        if (name.len > len && memcmp(name.data, prefix, len) == 0) {
            const struct arb_bytes market = { name.data + len, name.len - len };
            return arb_instrument_find(self->env, market);
        }
    }
    *channel = 0;
    return ARB_NO_INSTRUMENT;
}

static int bitstamp_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct bitstamp *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct bitstamp_event event = { .data = json };
    struct arb_bytes name = { "", 0 };
    const struct arb_json_field fields[] = {
        { "event", ARB_JSON_TEXT, &event.name },
        { "channel", ARB_JSON_TEXT, &name },
        { "data", ARB_JSON_ANY, &event.data },
        { "event_id", ARB_JSON_TEXT, &event.id },
        { "pre_event_id", ARB_JSON_TEXT, &event.previous_id },
        { "order_source", ARB_JSON_TEXT, &event.source },
    };
    uint32_t channel;

    const uint32_t seen = arb_json_fields(&json, fields, sizeof(fields) / sizeof(*fields));
    if (!arb_json_end(&json) || (seen & 1) == 0) {
        return arb_json_ok(&json) ? ARB_EPROTO : json.rc;
    }
    const uint32_t i = find_channel(self, name, &channel);
    if (arb_bytes_are(event.name, "bts:request_reconnect")) {
        return arb_ws_renew(host, conn, "the venue asked for a reconnect");
    }
    if (arb_bytes_are(event.name, "bts:error")) {
        return on_error(host, i, channel, event.data);
    }
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    const bool is_left = arb_bytes_are(event.name, "bts:unsubscription_succeeded");
    if (is_left || arb_bytes_are(event.name, "bts:subscription_succeeded")) {
        return arb_answered(host, i, channel, is_left ? ARB_LEFT : ARB_SUBSCRIBED, "");
    }
    if (self->orders != NULL) {
        return bitstamp_orders_event(self, host, i, &event);
    }
    return arb_bytes_are(event.name, "data")
               ? on_book(self, host, i, event.data, self->mode->kinds[channel])
               : ARB_OK;
}

/* A row that cannot be read is left out. */
static int on_row(struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .trading = ARB_TRADING_HALTED };
    struct arb_bytes trading = { "", 0 };
    uint64_t px_digits = ARB_DIGITS_UNKNOWN, qty_digits = ARB_DIGITS_UNKNOWN;
    const struct arb_json_field fields[] = {
        { "name", ARB_JSON_TEXT, &row.symbol },
        { "market_symbol", ARB_JSON_TEXT, &row.venue_symbol },
        { "url_symbol", ARB_JSON_TEXT, &row.venue_symbol }, /* its name of old */
        { "trading", ARB_JSON_TEXT, &trading },
        { "counter_decimals", ARB_JSON_U64, &px_digits },
        { "base_decimals", ARB_JSON_U64, &qty_digits },
    };

    (void)arb_json_fields(&json, fields, sizeof(fields) / sizeof(*fields));
    if (!arb_json_ok(&json) || row.symbol.len == 0 || row.venue_symbol.len == 0) {
        return ARB_OK;
    }
    row.px_digits = px_digits > ARB_SCALE_MAX ? ARB_DIGITS_UNKNOWN : (uint8_t)px_digits;
    row.qty_digits = qty_digits > ARB_SCALE_MAX ? ARB_DIGITS_UNKNOWN : (uint8_t)qty_digits;
    if (arb_bytes_are(trading, "Enabled")) {
        row.trading = ARB_TRADING_OPEN;
    }
    return arb_catalog_publish(host, &row);
}

static int on_catalog(struct arb_host *host, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body), row;
    int rc = ARB_OK;

    arb_json_array(&json);
    while (rc == ARB_OK && arb_json_next(&json) && arb_json_later(&json, &row)) {
        rc = on_row(host, row);
    }
    if (rc == ARB_OK) {
        rc = arb_json_end(&json) ? arb_catalog_end(host) : json.rc;
    }
    return rc;
}

static int bitstamp_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                           int status, struct arb_bytes body)
{
    struct bitstamp *const self = instance;

    /* {"response_code": "400.002", ...}: its HTTP status is not written down. */
    if (body.len < 1024 && (contains(body, "\"400.002\"") || contains(body, "\"400.067\""))) {
        return ARB_ELATER;
    }
    if (status != HTTP_OK) {
        return ARB_EPROTO; /* 404: there is no such market */
    }
    if (ask->what == ARB_ASK_CATALOG) {
        return on_catalog(host, body);
    }
    return self->orders != NULL
               ? bitstamp_orders_seed(self, host, ask->instruments[0], body)
               : on_book(self, host, ask->instruments[0], arb_json_over(body), ARB_BOOK_SNAPSHOT);
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("ws_url", struct bitstamp, ws_url, "wss://ws.bitstamp.net",
                      "WebSocket address."),
    ARB_OPTION_STRING("rest_url", struct bitstamp, rest_url, "https://www.bitstamp.net/api/v2",
                      "REST address, without a slash at its end."),
    ARB_OPTION_ENUM("mode", struct bitstamp, mode_name, "order_book", "order_book|diff|orders",
                    "order_book: best 100 levels, heals itself; diff: whole book, a loss shows "
                    "within seconds; orders: whole book, a loss shows at once."),
    ARB_OPTION_BOOL("cross_check", struct bitstamp, cross_check, "on",
                    "With mode = diff: compare each book with the venue's order_book frames."),
    ARB_OPTION_INT("markets_per_connection", struct bitstamp, markets_per_connection, "500", 1,
                   1024, "Markets subscribed on one connection; the venue allows 1,024 channels."),
    ARB_OPTION_INT("requests_per_second", struct bitstamp, requests_per_second, "100", 1, 1000,
                   "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct bitstamp, heartbeat_ms, "15s", 1000, 60000,
                  "How often the venue is asked for a sign of life."),
    ARB_OPTION_MS("heartbeat_timeout", struct bitstamp, heartbeat_wait_ms, "10s", 1000, 60000,
                  "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct bitstamp, ack_timeout_ms, "5s", 1000, 60000,
                  "How long a subscription or a REST book may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct bitstamp, catalog_age_ms, "4m", 10000, 86400000,
                  "How often the market list is read, and with it which markets trade."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = bitstamp_init,
    .ask = bitstamp_ask,
    .on_message = bitstamp_message,
    .spell = bitstamp_spell,
    .on_answer = bitstamp_answer,
    .reset = bitstamp_orders_reset,
    .fini = bitstamp_orders_fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "bitstamp",
    .version = "1.0.0",
    .description = "Bitstamp spot order books over WebSocket and REST",
    .instance_size = sizeof(struct bitstamp),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
