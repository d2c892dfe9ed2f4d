/* Bitstamp spot, public order books. README.md has the venue's rules and where they are from. */
#include "bitstamp.h"

enum { TOP_LEVELS = 100 };         /* a side in order_book frames */
enum { CONN_CHANNELS_MAX = 1024 }; /* the venue closes a connection silently at one more */

/* What the names of a mode's channels begin with; the first one makes books, of what comes on it.
 */
static const struct bitstamp_mode {
    const char *name, *channels[2];
    uint32_t kind, loss;
} modes[] = {
    { "order_book", { "order_book_" }, ARB_BOOK_SNAPSHOT, ARB_LOSS_STATELESS },
    { "diff", { "diff_order_book_", "order_book_" }, ARB_BOOK_DELTA, ARB_LOSS_NONE },
    { "orders", { "live_orders_" }, ARB_BOOK_DELTA, ARB_LOSS_CHAIN },
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
    arb_plan_pinged(plan, &self->limits);
    plan->resubscribe = ARB_RESUBSCRIBE_AT_ONCE;
    plan->http_at_once = 8;
    plan->http_per_10min = 8000; /* of 10,000 that are allowed to an address */
    plan->catalog = ARB_CATALOG_HTTP;
    plan->is_listed_only = true;
    plan->channels = self->n_channels;
    if (plan->books_per_conn > CONN_CHANNELS_MAX / self->n_channels) {
        plan->books_per_conn = CONN_CHANNELS_MAX / self->n_channels;
    }
    return mode->loss == ARB_LOSS_CHAIN ? bitstamp_orders_init(self) : ARB_OK;
}

static int bitstamp_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct bitstamp *const self = instance;
    struct arb_text *const text = &request->text;
    const char *const market =
        ask->n_instruments == 0 ? "" : self->env->instruments[ask->instruments[0]].venue_symbol;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s", self->ws_url);
    } else if (arb_ask_is_books(ask)) {
        arb_text_add(text, "{\"event\":\"bts:%s\",\"data\":{\"channel\":\"%s%s\"}}",
                     arb_ask_word(ask), self->mode->channels[ask->channel], market);
    } else if (ask->what == ARB_ASK_HEARTBEAT) {
        arb_text_add(text, "{\"event\":\"bts:heartbeat\"}");
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/markets/", self->rest_url);
    } else if (ask->what == ARB_ASK_SNAPSHOT) { /* the edge keeps it for a second */
        arb_text_add(text, "%s/order_book/%s/?group=%u&nonce=%u", self->rest_url, market,
                     self->orders == NULL ? 1U : 2U, (unsigned)ask->number); /* levels, or orders */
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

static int bitstamp_spell(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "", true, name);
}

/* A book made of levels: from REST, or the `data` of a frame. */
static int on_book(struct bitstamp *self, struct arb_host *host, uint32_t i, struct arb_bytes text,
                   uint32_t kind, bool is_frame)
{
    enum { SIDES = 4 | 8 };
    struct arb_draft *const draft = &self->draft;
    struct arb_json json = arb_json_over(text);
    const bool is_stateless = self->mode->loss == ARB_LOSS_STATELESS;
    uint64_t seconds;
    const struct arb_json_field fields[] = {
        { "timestamp", ARB_JSON_U64, &seconds },
        { "microtimestamp", ARB_JSON_US, &draft->event.venue_ns },
        { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "asks", ARB_JSON_LEVELS, &draft->asks },
    };

    arb_draft_begin(draft, self->env, i, (enum arb_book_kind)kind);
    (void)(is_frame && arb_json_enter(&json, "data")); /* without it nothing is left to read */
    const uint32_t seen = arb_json_fields(&json, fields, 4);
    const bool is_read = is_frame ? arb_json_rest(&json) : arb_json_end(&json);
    const int rc = is_read ? arb_draft_rc(draft) : json.rc;
    if (rc != ARB_OK || draft->event.venue_ns == 0 || (seen & SIDES) != SIDES) {
        return arb_levels_trouble(host, i, rc != ARB_OK ? rc : ARB_EPROTO);
    }
    arb_levels_drop_zero(&draft->bids); /* some markets list a bid at price 0 */
    draft->event.max_depth = kind == ARB_BOOK_TOP || is_stateless ? TOP_LEVELS : 0;
    return arb_draft_publish(host, draft);
}

/* It seldom says which request it means: then it is only logged, or slows all of them down. */
static int on_error(struct arb_host *host, uint32_t i, uint32_t channel, struct arb_json data)
{
    const struct arb_bytes text = arb_reason_of(data, "message");
    return arb_answered(host, i, channel, arb_refusal_outcome(text), arb_refusal(text).text);
}

/* Of which market and channel a message is; ARB_NO_INSTRUMENT: none of ours. */
static uint32_t find_channel(const struct bitstamp *self, struct arb_bytes name, uint32_t *channel)
{
    for (*channel = self->n_channels; (*channel)-- > 0;) {
        if (arb_bytes_cut(&name, self->mode->channels[*channel])) {
            return arb_instrument_find(self->env, name);
        }
    }
    *channel = 0;
    return ARB_NO_INSTRUMENT;
}

static int bitstamp_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct bitstamp *const self = instance;
    const struct arb_bytes text = arb_message_bytes(message);
    struct arb_json json = arb_json_over(text);
    struct bitstamp_event event = { .data = json };
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &event.channel },
        { "event", ARB_JSON_TEXT, &event.name },
        { "data", ARB_JSON_ANY, &event.data },
        { "event_id", ARB_JSON_TEXT, &event.id },
        { "pre_event_id", ARB_JSON_TEXT, &event.previous_id },
        { "order_source", ARB_JSON_TEXT, &event.source },
    };
    const bool is_usual = arb_json_tail(&json, fields, 2) && arb_bytes_are(event.name, "data");
    uint32_t channel,
        i = is_usual ? find_channel(self, event.channel, &channel) : ARB_NO_INSTRUMENT;

    if (i == ARB_NO_INSTRUMENT) { /* else the book is read once, with what its end says */
        const uint32_t seen = arb_json_fields(&json, fields, 6);
        if (!arb_json_end(&json) || (seen & 2) == 0) {
            return arb_json_ok(&json) ? ARB_EPROTO : json.rc;
        }
        i = find_channel(self, event.channel, &channel);
    }
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
               ? on_book(self, host, i, text, channel > 0 ? ARB_BOOK_TOP : self->mode->kind, true)
               : ARB_OK;
}

/* The end of a frame names its market. */
static uint32_t bitstamp_book_of(void *instance, struct arb_message message)
{
    struct bitstamp *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct arb_bytes name = { "", 0 }, event = { "", 0 };
    const struct arb_json_field fields[] = {
        { "channel", ARB_JSON_TEXT, &name },
        { "event", ARB_JSON_TEXT, &event },
    };
    uint32_t channel;

    return arb_json_tail(&json, fields, 2) && arb_bytes_are(event, "data")
               ? find_channel(self, name, &channel)
               : ARB_NO_INSTRUMENT;
}

/* A row that cannot be read is left out. */
static int on_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes trading = { "", 0 };
    const struct arb_json_field fields[] = {
        { "name", ARB_JSON_TEXT, &row.symbol },
        { "market_symbol", ARB_JSON_TEXT, &row.venue_symbol },
        { "url_symbol", ARB_JSON_TEXT, &row.venue_symbol }, /* its name of old */
        { "trading", ARB_JSON_TEXT, &trading },
        { "counter_decimals", ARB_JSON_U64, &row.px_digits },
        { "base_decimals", ARB_JSON_U64, &row.qty_digits },
        { "minimum_order_value", ARB_JSON_DECIMAL, &row.terms.min_notional },
    };

    (void)context;
    if (!arb_catalog_fields(&row, &json, fields, 7) || row.symbol.len == 0) {
        return ARB_OK;
    }
    row.trading = arb_bytes_are(trading, "Enabled") ? ARB_TRADING_OPEN : ARB_TRADING_HALTED;
    return arb_catalog_publish(host, &row);
}

static int bitstamp_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                           int status, struct arb_bytes body)
{
    struct bitstamp *const self = instance;
    struct arb_json json = arb_json_over(body);

    /* {"response_code": "400.002", ...}: its HTTP status is not written down. */
    if (body.len < 1024 && (arb_says(body, "400.002\"") || arb_says(body, "400.067\""))) {
        return ARB_ELATER;
    }
    if (status != 200) {
        return ARB_EPROTO; /* 404: there is no such market */
    }
    if (ask->what == ARB_ASK_CATALOG) {
        return arb_catalog_read(host, &json, on_row, NULL);
    }
    return self->orders != NULL
               ? bitstamp_orders_seed(self, host, ask->instruments[0], body)
               : on_book(self, host, ask->instruments[0], body, ARB_BOOK_SNAPSHOT, false);
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("ws_url", struct bitstamp, ws_url, "wss://ws.bitstamp.net", "WebSocket URL."),
    ARB_OPTION_STRING("rest_url", struct bitstamp, rest_url, "https://www.bitstamp.net/api/v2",
                      "REST address, without a slash at its end."),
    ARB_OPTION_ENUM("mode", struct bitstamp, mode_name, "order_book", "order_book|diff|orders",
                    "order_book: best 100; diff, orders: all, a loss shows in seconds, at once."),
    ARB_OPTION_BOOL("cross_check", struct bitstamp, cross_check, "on",
                    "With mode = diff: compare each book with the venue's order_book frames."),
    ARB_OPTION_INT("markets_per_connection", struct bitstamp, limits.books_per_conn, "500", 1, 1024,
                   "Markets subscribed on one connection; the venue allows 1,024 channels."),
    ARB_OPTION_INT("requests_per_second", struct bitstamp, limits.requests_per_second, "100", 1,
                   1000, "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct bitstamp, limits.heartbeat_ms, "15s", 1000, 60000,
                  "How often the venue is asked for a sign of life."),
    ARB_OPTION_MS("heartbeat_timeout", struct bitstamp, limits.heartbeat_wait_ms, "10s", 1000,
                  60000, "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct bitstamp, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a REST book may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct bitstamp, limits.catalog_age_ms, "4m", 10000, 86400000,
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
    .book_of = bitstamp_book_of,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "bitstamp",
    .version = "1.0.0",
    .description = "Bitstamp spot order books over WebSocket and REST",
    .instance_size = sizeof(struct bitstamp),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
    .taker_fee = "0.40%",
    .taker_fee_date = "2026-09",
    .facts_date = "2026-09-15",
};
