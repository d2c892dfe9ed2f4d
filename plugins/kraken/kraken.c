/* Kraken spot, public order books. README.md has the venue's rules and where they are from. */
#include "kraken.h"

#include <stdlib.h>

static const struct arb_digits_style checksum_style = { .n_levels = 10,
                                                        .order = ARB_DIGITS_ASKS_BIDS };

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
    const struct arb_why why = arb_refusal(error);
    const bool is_later = name.len == 0 || arb_is_about_rate(error);

    if (i != ARB_NO_INSTRUMENT && arb_says(error, "already subscribed")) {
        return arb_book_resync(host, i, why.text); /* or there is no snapshot */
    }
    if (i != ARB_NO_INSTRUMENT && arb_says(error, "subscription not found")) {
        return arb_answered(host, i, 0, ARB_LEFT, why.text); /* only leaving is answered so */
    }
    return arb_answered(host, i, 0, is_later ? ARB_LATER : ARB_REFUSED, why.text);
}

static int kraken_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct kraken *const self = instance;

    if (ask->what == ARB_ASK_CONNECT && self->url[0] != '\0') {
        arb_text_add(&request->text, "%s", self->url);
        return ARB_OK;
    }
    return self->is_v1 ? kraken_v1_ask(self, ask, &request->text)
                       : kraken_v2_ask(self, ask, &request->text);
}

static int kraken_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const struct kraken *const self = instance;
    return self->is_v1 ? kraken_v1_spell(info, name) : arb_symbol_spell(info, "/", false, name);
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
    plan->checksum_levels = checksum_style.n_levels;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->resubscribe = ARB_RESUBSCRIBE_LEAVE_FIRST; /* one snapshot for each subscription */
    plan->time_order = ARB_TIME_NOT_BACK;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->catalog = self->is_v1 ? ARB_CATALOG_NONE : ARB_CATALOG_STREAM;
    plan->depth = (uint32_t)self->depth;
    plan->books_per_conn = (uint32_t)self->pairs_per_connection;
    plan->books_per_request = (uint32_t)self->pairs_per_request;
    plan->requests_per_second = (uint32_t)self->requests_per_second;
    plan->opens_per_10min = 120; /* the venue bans who opens 150 */
    plan->idle_ms = (uint32_t)self->idle_timeout_ms;
    plan->answer_ms = (uint32_t)self->ack_timeout_ms;
    self->digits = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->digits));
    return self->digits == NULL ? ARB_ENOMEM : ARB_OK;
}

static int kraken_on_message(void *instance, struct arb_host *host, uint32_t conn,
                             struct arb_message message)
{
    struct kraken *const self = instance;
    const struct arb_bytes msg = arb_message_bytes(message);
    return self->is_v1 ? kraken_v1_message(self, host, msg)
                       : kraken_v2_message(self, host, conn, msg);
}

static int kraken_checksum(void *instance, const struct arb_book_event *event,
                           const struct arb_book *book, uint32_t *checksum)
{
    struct kraken *const self = instance;
    const struct arb_instrument *const info = &self->env->instruments[event->instrument];
    *checksum =
        arb_digits_crc(&self->digits[event->instrument], &checksum_style, info, event, book);
    return ARB_OK;
}

static void kraken_reset(void *instance, uint32_t instrument)
{
    memset(&((struct kraken *)instance)->digits[instrument], 0, sizeof(struct arb_digits_crc));
}

static void kraken_fini(void *instance)
{
    free(((struct kraken *)instance)->digits);
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("url", struct kraken, url, "",
                      "WebSocket address; empty takes the venue's for the protocol."),
    ARB_OPTION_ENUM("protocol", struct kraken, protocol, "v2", "v2|v1",
                    "v1 is frozen at the venue and kept for old recordings."),
    ARB_OPTION_INT_OF("depth", struct kraken, depth, "25", "10|25|100|500|1000",
                      "Levels a side; the checksum covers the best 10 whatever the depth."),
    ARB_OPTION_INT("pairs_per_connection", struct kraken, pairs_per_connection, "200", 1, 1000,
                   "Pairs subscribed on one connection before another is opened."),
    ARB_OPTION_INT("pairs_per_request", struct kraken, pairs_per_request, "100", 1, 250,
                   "Pairs named in one subscribe request."),
    ARB_OPTION_INT("requests_per_second", struct kraken, requests_per_second, "20", 1, 1000,
                   "Requests a second on one connection."),
    ARB_OPTION_MS("idle_timeout", struct kraken, idle_timeout_ms, "10s", 2000, 600000,
                  "Reconnect after this long without any frame; heartbeats come every second."),
    ARB_OPTION_MS("ack_timeout", struct kraken, ack_timeout_ms, "5s", 1000, 60000,
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
    .fini = kraken_fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "kraken",
    .version = "2.0.0",
    .description = "Kraken spot order books over WebSocket, every update proven by checksum",
    .instance_size = sizeof(struct kraken),
    .ops = &ops,
};
