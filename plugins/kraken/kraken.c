/*
 * Kraken spot, public order books. See README.md for the venue's rules and where they are
 * written down.
 */
#include "kraken.h"

#include <stdlib.h>

static const struct arb_digits_style checksum_style = { .n_levels = 10,
                                                        .order = ARB_DIGITS_ASKS_BIDS };

static const struct arb_trading_word trading_words[] = {
    { "online", ARB_TRADING_OPEN },         { "cancel_only", ARB_TRADING_LIMITED },
    { "post_only", ARB_TRADING_LIMITED },   { "limit_only", ARB_TRADING_LIMITED },
    { "reduce_only", ARB_TRADING_LIMITED }, /* all others are halts */
};

/* -- what both protocols share ------------------------------------------------------------ */

void kraken_begin(struct kraken *self, uint32_t instrument, enum arb_book_kind kind)
{
    arb_draft_begin(&self->draft, self->env, instrument, kind);
    self->draft.event.max_depth = (uint32_t)self->depth;
}

int kraken_publish(struct kraken *self, struct arb_host *host)
{
    if (arb_draft_rc(&self->draft) == ARB_OK) {
        arb_digits_learn(&self->digits[self->draft.event.instrument], &self->draft);
    }
    return arb_draft_publish(host, &self->draft);
}

enum arb_trading kraken_trading(struct arb_bytes status)
{
    return arb_trading_of(status, trading_words, sizeof(trading_words) / sizeof(*trading_words));
}

/* The status of a pair, or with ARB_ALL_INSTRUMENTS of the venue. */
int kraken_system(struct arb_host *host, uint32_t instrument, struct arb_bytes status)
{
    char text[ARB_SYMBOL_MAX];

    arb_bytes_copy(status, text, sizeof(text));
    return arb_trading_set(host, instrument, kraken_trading(status), text);
}

/*
 * One that names nobody may be of `instrument`, and is asked again. Who is subscribed already gets
 * no snapshot, so the subscription is left and taken anew.
 */
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error)
{
    const uint32_t i = arb_instrument_find(self->env, name);
    const bool is_later = name.len == 0 || arb_is_about_rate(error);

    if (i != ARB_NO_INSTRUMENT && arb_says(error, "already subscribed")) {
        return arb_book_resync(host, i, "refused by the venue: already subscribed");
    }
    return arb_refused(host, i, 0, is_later ? ARB_LATER : ARB_REFUSED, error);
}

/* The pairs of a request: "BTC/USD","ETH/USD" */
void kraken_names(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text)
{
    for (uint32_t i = 0; i < ask->n_instruments; i++) {
        arb_text_add(text, "%s\"%s\"", i == 0 ? "" : ",",
                     self->env->instruments[ask->instruments[i]].venue_symbol);
    }
}

/* -- callbacks ---------------------------------------------------------------------------- */

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
    const bool is_v1 = ((const struct kraken *)instance)->is_v1;
    const int len =
        snprintf(name, ARB_SYMBOL_MAX, "%s/%s", is_v1 ? kraken_v1_asset(info->base) : info->base,
                 is_v1 ? kraken_v1_asset(info->quote) : info->quote);
    return len < ARB_SYMBOL_MAX ? ARB_OK : ARB_ELIMIT;
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
    plan->opens_per_10s = 2; /* the venue bans who opens 150 in ten minutes */
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

static int kraken_on_checksum(void *instance, const struct arb_book_event *event,
                              const struct arb_book *book, uint32_t *checksum)
{
    struct kraken *const self = instance;
    const uint32_t i = event->instrument;

    *checksum =
        arb_digits_crc(&self->digits[i], &checksum_style, &self->env->instruments[i], event, book);
    return ARB_OK;
}

static void kraken_reset(void *instance, uint32_t instrument)
{
    struct kraken *const self = instance;
    memset(&self->digits[instrument], 0, sizeof(*self->digits));
}

static void kraken_fini(void *instance)
{
    struct kraken *const self = instance;
    free(self->digits);
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
    .checksum = kraken_on_checksum,
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
