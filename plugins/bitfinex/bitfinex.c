/*
 * Bitfinex, public order books, API v2: the plan, subscriptions, messages. README.md has the
 * venue's rules and where they are from.
 */
#include "arbspot/answers.h"

#include "bitfinex.h"

static int bitfinex_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                         struct arb_plan *plan)
{
    struct bitfinex *const self = instance;

    (void)host;
    self->env = env;
    plan->loss_detection = ARB_LOSS_CONNECTION;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->beat_ms = 15000;   /* each channel has heartbeats of its own */
    plan->opens_per_10s = 3; /* 20 in a minute are allowed to an address */
    plan->catalog = ARB_CATALOG_HTTP;
    plan->is_listed_only = true;         /* what the venue calls AMP is not what others do */
    plan->depth = (uint32_t)self->depth; /* so many orders are at most so many levels */
    arb_plan_limit(plan, &self->limits);
    return strcmp(self->mode_name, "orders") == 0 ? bitfinex_orders_init(self) : ARB_OK;
}

/* -- subscriptions ------------------------------------------------------------------------ */

/* The channel with this id, or of this instrument: the first that matches, or NULL. */
static struct bitfinex_channel *find_channel(struct bitfinex *self, uint32_t conn, uint64_t id,
                                             uint32_t instrument)
{
    struct bitfinex_channel *const channels = self->channels[conn];

    for (unsigned k = 0; k < BITFINEX_CHANNELS_MAX; k++) {
        if (channels[k].id != 0 && (channels[k].id == id || channels[k].instrument == instrument)) {
            return &channels[k];
        }
    }
    return NULL;
}

static int keep_channel(struct bitfinex *self, uint32_t conn, uint64_t id, uint32_t instrument)
{
    struct bitfinex_channel *channel = self->channels[conn];

    for (struct bitfinex_channel *old; (old = find_channel(self, conn, id, instrument)) != NULL;) {
        old->id = 0;
    }
    for (unsigned k = 0; k + 1 < BITFINEX_CHANNELS_MAX && channel->id != 0; k++) {
        channel++;
    }
    if (channel->id != 0 || id == 0) {
        return ARB_EPROTO;
    }
    *channel = (struct bitfinex_channel){ id, instrument };
    return ARB_OK;
}

static int bitfinex_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    struct bitfinex *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s", self->ws_url);
    } else if (ask->what == ARB_ASK_HELLO) { /* checksums of books, and numbers on all arrays */
        arb_text_add(text, "{\"event\":\"conf\",\"flags\":%d}", 131072 + 65536);
    } else if (ask->what == ARB_ASK_SUBSCRIBE) {
        arb_text_add(text,
                     "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"%s\","
                     "\"prec\":\"%s\",\"freq\":\"F0\",\"len\":\"%d\"}",
                     self->env->instruments[ask->instruments[0]].venue_symbol,
                     self->orders == NULL ? "P0" : "R0", (int)self->depth);
    } else if (ask->what == ARB_ASK_UNSUBSCRIBE) {
        const struct bitfinex_channel *const channel =
            find_channel(self, ask->conn, 0, ask->instruments[0]);
        if (channel != NULL) { /* else nothing but a new connection ends it */
            arb_text_add(text, "{\"event\":\"unsubscribe\",\"chanId\":%llu}",
                         (unsigned long long)channel->id);
        }
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/conf/pub:list:pair:exchange,pub:map:currency:sym", self->rest_url);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* -- messages ----------------------------------------------------------------------------- */

/*
 * [channel, book, number], [channel, "hb", number] or [channel, "cs", checksum, number]. All of
 * them are numbered, those of a channel that was left as well.
 */
static int on_array(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    struct arb_json json)
{
    struct bitfinex_frame frame = { .word = { "", 0 } };

    arb_json_array(&json);
    bool is_whole =
        arb_json_next(&json) && arb_json_u64(&json, &frame.channel) && arb_json_next(&json);
    if (arb_json_peek(&json) == '"') {
        (void)arb_json_string(&json, &frame.word);
    }
    const bool is_beat = arb_bytes_are(frame.word, "hb");
    if (!is_beat) {
        is_whole = is_whole && (frame.word.len == 0 || arb_json_next(&json)) &&
                   arb_json_later(&json, &frame.payload);
    }
    is_whole = is_whole && arb_json_next(&json) && arb_json_u64(&json, &frame.seq);
    while (is_whole && arb_json_next(&json)) {
        arb_json_skip(&json); /* more may be appended one day */
    }
    if (!is_whole || !arb_json_end(&json)) {
        return ARB_EPROTO;
    }
    const int rc = arb_conn_seq(host, conn, frame.seq);
    const struct bitfinex_channel *const channel =
        find_channel(self, conn, frame.channel, ARB_NO_INSTRUMENT);
    if (rc != ARB_OK || channel == NULL) {
        return rc;
    }
    frame.instrument = channel->instrument;
    if (frame.word.len == 0) {
        return bitfinex_book(self, host, &frame);
    }
    return arb_bytes_are(frame.word, "cs") ? bitfinex_book_sum(self, host, &frame) : ARB_OK;
}

/* What is not in it is empty, or 0. */
struct message {
    struct arb_bytes event, channel, symbol, words, status;
    uint64_t id, code, version;
    struct arb_json platform;
};

/* The first one of a connection tells its version and whether the platform works. */
static int on_info(struct bitfinex *self, struct arb_host *host, uint32_t conn, struct message *m,
                   bool has_platform)
{
    uint64_t is_operative = 1;
    const struct arb_json_field fields[] = { { "status", ARB_JSON_U64, &is_operative } };

    if (m->version != 0) {
        memset(self->channels[conn], 0, sizeof(self->channels[conn]));
    }
    if (has_platform && arb_json_fields(&m->platform, fields, 1) != 1) {
        return ARB_EPROTO;
    }
    if (m->code == 20051) {
        return arb_ws_renew(host, conn, "the venue restarts its servers");
    }
    if (m->code == 20061) { /* nothing trades before the next connection says so */
        return arb_ws_close(host, conn, "the maintenance is over, its books start over");
    }
    if (!has_platform && m->code != 20060) {
        return ARB_OK;
    }
    const bool is_open = m->code != 20060 && is_operative == 1;
    return arb_trading_set(host, ARB_ALL_INSTRUMENTS,
                           is_open ? ARB_TRADING_OPEN : ARB_TRADING_HALTED,
                           is_open ? "operative" : "maintenance");
}

/* "Not ready" passes. "Already subscribed" comes before the answer that it repeats. */
static int on_error(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    const struct message *m, uint32_t i)
{
    const struct bitfinex_channel *const channel =
        find_channel(self, conn, m->id, ARB_NO_INSTRUMENT);

    if (m->code == 10301) {
        return ARB_OK;
    }
    if (i == ARB_NO_INSTRUMENT && channel != NULL) {
        i = channel->instrument;
    }
    return arb_refused(host, i, m->code == 11000 ? ARB_LATER : ARB_REFUSED, m->words);
}

static int on_subscribed(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                         const struct message *m, uint32_t i)
{
    if (!arb_bytes_are(m->channel, "book") || i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    const int rc = keep_channel(self, conn, m->id, i);
    return rc == ARB_OK ? arb_answered(host, i, 0, ARB_SUBSCRIBED, "") : rc;
}

static int on_unsubscribed(struct bitfinex *self, struct arb_host *host, uint32_t conn, uint64_t id)
{
    struct bitfinex_channel *const channel = find_channel(self, conn, id, ARB_NO_INSTRUMENT);

    if (channel == NULL) {
        return ARB_OK;
    }
    channel->id = 0; /* what still comes of it is of no book */
    return arb_answered(host, channel->instrument, 0, ARB_LEFT, "");
}

static int on_event(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    struct arb_json json)
{
    enum { EVENT = 1, PLATFORM = 2 };
    struct message m = { .id = 0 };
    const struct arb_json_field fields[] = {
        { "event", ARB_JSON_TEXT, &m.event },     { "platform", ARB_JSON_ANY, &m.platform },
        { "channel", ARB_JSON_TEXT, &m.channel }, { "chanId", ARB_JSON_U64, &m.id },
        { "symbol", ARB_JSON_TEXT, &m.symbol },   { "msg", ARB_JSON_TEXT, &m.words },
        { "code", ARB_JSON_U64, &m.code },        { "version", ARB_JSON_U64, &m.version },
        { "status", ARB_JSON_TEXT, &m.status },
    };
    const uint32_t seen = arb_json_fields(&json, fields, sizeof(fields) / sizeof(*fields));

    if (!arb_json_end(&json) || (seen & EVENT) == 0) {
        return ARB_EPROTO;
    }
    const uint32_t i = arb_instrument_find(self->env, m.symbol);
    if (arb_bytes_are(m.event, "subscribed")) {
        return on_subscribed(self, host, conn, &m, i);
    }
    if (arb_bytes_are(m.event, "unsubscribed")) {
        return on_unsubscribed(self, host, conn, m.id);
    }
    if (arb_bytes_are(m.event, "error")) {
        return on_error(self, host, conn, &m, i);
    }
    if (arb_bytes_are(m.event, "info")) {
        return on_info(self, host, conn, &m, (seen & PLATFORM) != 0);
    }
    return arb_bytes_are(m.event, "conf") && !arb_bytes_are(m.status, "OK")
               ? arb_ws_close(host, conn, "the venue does not number its messages")
               : ARB_OK;
}

static int bitfinex_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct arb_json json = arb_json_over(arb_message_bytes(message));

    return arb_json_peek(&json) == '[' ? on_array(instance, host, conn, json)
                                       : on_event(instance, host, conn, json);
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("mode", struct bitfinex, mode_name, "levels", "levels|orders",
                    "levels: prices of five figures; orders: each order with its exact price."),
    ARB_OPTION_INT_OF("depth", struct bitfinex, depth, "100", "25|100|250",
                      "Levels a side, or orders a side with mode = orders."),
    ARB_OPTION_STRING("ws_url", struct bitfinex, ws_url, "wss://api-pub.bitfinex.com/ws/2",
                      "WebSocket URL."),
    ARB_OPTION_STRING("rest_url", struct bitfinex, rest_url, "https://api-pub.bitfinex.com/v2",
                      "REST address, without a slash at its end."),
    ARB_OPTION_INT("pairs_per_connection", struct bitfinex, limits.books_per_conn, "25", 1,
                   BITFINEX_CHANNELS_MAX,
                   "Pairs subscribed on one connection; the venue documents 25."),
    ARB_OPTION_MS("idle_timeout", struct bitfinex, limits.idle_ms, "35s", 16000, 600000,
                  "Silence after which a connection is given up; heartbeats come every 15 s."),
    ARB_OPTION_MS("ack_timeout", struct bitfinex, limits.answer_ms, "30s", 1000, 120000,
                  "How long a subscription may stay unanswered; answers took up to 13 s."),
    ARB_OPTION_MS("catalog_age", struct bitfinex, limits.catalog_age_ms, "1h", 10000, 86400000,
                  "How often the list of pairs is read."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = bitfinex_init,
    .ask = bitfinex_ask,
    .on_message = bitfinex_message,
    .spell = bitfinex_spell,
    .on_answer = bitfinex_answer,
    .checksum = bitfinex_checksum,
    .fini = bitfinex_orders_fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "bitfinex",
    .version = "1.0.0",
    .description = "Bitfinex order books over WebSocket, proven by numbers and checksums",
    .instance_size = sizeof(struct bitfinex),
    .ops = &ops,
    .taker_fee = "0%",
    .taker_fee_date = "2025-12-17",
    .facts_date = "2026-09-22",
};
