/*
 * Kraken spot, public order books: what both protocols have in common. README.md has the venue's
 * rules and where they are written down.
 */
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

static int kraken_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct kraken *const self = instance;
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s",
                     arb_option_or(self->url,
                                   self->is_v1 ? "wss://ws.kraken.com" : "wss://ws.kraken.com/v2"));
    } else if (!self->is_v1) {
        kraken_v2_ask(self, ask, text);
    } else if (arb_ask_is_books(ask)) {
        kraken_v1_subscription(self, ask, text);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

static int kraken_on_message(void *instance, struct arb_host *host, uint32_t conn,
                             struct arb_message message)
{
    struct kraken *const self = instance;
    const struct arb_bytes text = arb_message_bytes(message);

    return self->is_v1 ? kraken_v1_message(self, host, text)
                       : kraken_v2_message(self, host, conn, text);
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
    .on_message = kraken_on_message,
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
