/*
 * Kraken spot, public order books. See README.md for the venue's rules and where they are
 * written down.
 */
#include "kraken.h"

#include <stdlib.h>

/* -- what both protocols share ------------------------------------------------------------ */

void kraken_frame_init(struct kraken *self, struct frame *frame, uint32_t instrument, uint32_t kind)
{
    const struct arb_instrument *const info = &self->env->instruments[instrument];

    frame->event = (struct arb_book_event){ .instrument = instrument,
                                            .kind = kind,
                                            .max_depth = (uint32_t)self->depth,
                                            .has_checksum = true };
    frame->bids = arb_levels_over(self->bids, FRAME_LEVELS_MAX, info);
    frame->asks = arb_levels_over(self->asks, FRAME_LEVELS_MAX, info);
}

static uint8_t most(uint8_t a, uint8_t b, uint8_t c)
{
    const uint8_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

/* The digits are the pair's precision: what a message does not show is known from before. */
int kraken_publish(struct kraken *self, struct arb_host *host, struct frame *frame)
{
    struct pair *const pair = &self->pairs[frame->event.instrument];

    if (frame->event.kind == ARB_BOOK_SNAPSHOT) { /* the venue may have changed its precision */
        pair->px_digits = pair->qty_digits = 0;
    }
    pair->px_digits = most(pair->px_digits, frame->bids.px_digits, frame->asks.px_digits);
    pair->qty_digits = most(pair->qty_digits, frame->bids.qty_digits, frame->asks.qty_digits);
    frame->bids.px_digits = pair->px_digits;
    frame->bids.qty_digits = pair->qty_digits;
    return arb_levels_publish(host, &frame->event, &frame->bids, &frame->asks);
}

/* A message of one book that is JSON, but not what it should be. */
int kraken_damaged(struct arb_host *host, uint32_t instrument, int rc)
{
    return arb_book_reject(host, instrument, rc == ARB_ERANGE ? rc : ARB_EPROTO);
}

enum arb_trading kraken_trading(struct arb_bytes status)
{
    static const char *const limited[] = { "cancel_only", "post_only", "limit_only",
                                           "reduce_only" };

    for (unsigned i = 0; i < 4; i++) {
        if (arb_bytes_are(status, limited[i])) {
            return ARB_TRADING_LIMITED;
        }
    }
    /* maintenance, delisted, and every word that is not known */
    return arb_bytes_are(status, "online") ? ARB_TRADING_OPEN : ARB_TRADING_HALTED;
}

/* The status of a pair, or with ARB_ALL_INSTRUMENTS of the venue. */
int kraken_system(struct arb_host *host, uint32_t instrument, struct arb_bytes status)
{
    char text[ARB_SYMBOL_MAX];

    (void)snprintf(text, sizeof(text), "%.*s", (int)(status.len < sizeof(text) ? status.len : 31),
                   status.data);
    return arb_trading_set(host, instrument, kraken_trading(status), text);
}

/* True when the words, in lower case, stand in the text in any case, from a word's beginning on. */
bool kraken_says(struct arb_bytes error, const char *words)
{
    const size_t len = strlen(words);

    for (size_t i = 0; i + len <= error.len; i++) {
        const char before = i == 0 ? ' ' : (char)(error.data[i - 1] | 0x20);
        if ((before < 'a' || before > 'z') && strncasecmp(error.data + i, words, len) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A refusal for the rate is over soon, and one that names nobody may be of `instrument`: both are
 * asked again. Who is subscribed already gets no snapshot, so the subscription is left and taken
 * anew.
 */
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error)
{
    const uint32_t i = arb_instrument_find(self->env, name);
    const bool is_later = name.len == 0 || kraken_says(error, "rate");
    char why[128];

    (void)snprintf(why, sizeof(why), "refused by the venue: %.*s",
                   (int)(error.len < 90 ? error.len : 90), error.data);
    if (i != ARB_NO_INSTRUMENT && kraken_says(error, "already subscribed")) {
        return arb_book_resync(host, i, why);
    }
    if (i != ARB_NO_INSTRUMENT && kraken_says(error, "subscription not found")) {
        return arb_answered(host, i, 0, ARB_LEFT, why); /* only leaving is answered so */
    }
    return arb_answered(host, i, 0, is_later ? ARB_LATER : ARB_REFUSED, why);
}

/* -- requests ----------------------------------------------------------------------------- */

static void add_request(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text)
{
    const bool is_in = ask->what == ARB_ASK_SUBSCRIBE;

    arb_text_add(text,
                 self->is_v1
                     ? "{\"event\":\"%s\",\"subscription\":{\"name\":\"book\","
                       "\"depth\":%lld},\"pair\":["
                     : "{\"method\":\"%s\",\"params\":{\"channel\":\"book\",\"depth\":%lld,",
                 is_in ? "subscribe" : "unsubscribe", (long long)self->depth);
    if (!self->is_v1) {
        arb_text_add(text, "%s\"symbol\":[", is_in ? "\"snapshot\":true," : "");
    }
    for (uint32_t i = 0; i < ask->n_instruments; i++) {
        arb_text_add(text, "%s\"%s\"", i == 0 ? "" : ",",
                     self->env->instruments[ask->instruments[i]].venue_symbol);
    }
    arb_text_add(text, self->is_v1 ? "]}" : "]}}");
}

static int kraken_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct kraken *const self = instance;
    struct arb_text *const text = &request->text;

    switch (ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "%s%s", self->url[0] != '\0' ? self->url : "wss://ws.kraken.com",
                     self->url[0] != '\0' || self->is_v1 ? "" : "/v2");
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        add_request(self, ask, text);
        return ARB_OK;
    case ARB_ASK_CATALOG: /* every pair with its precisions and its trading status */
        arb_text_add(text,
                     "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\","
                     "\"snapshot\":true%s}}",
                     self->tokenized ? ",\"include_tokenized_assets\":true" : "");
        return self->is_v1 ? ARB_ENOTSUP : ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

/* v1 kept the venue's old codes for two assets. */
static const char *asset(const struct kraken *self, const char *name)
{
    if (self->is_v1 && strcmp(name, "BTC") == 0) {
        return "XBT";
    }
    return self->is_v1 && strcmp(name, "DOGE") == 0 ? "XDG" : name;
}

static int kraken_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const int len = snprintf(name, ARB_SYMBOL_MAX, "%s/%s", asset(instance, info->base),
                             asset(instance, info->quote));
    return len < ARB_SYMBOL_MAX ? ARB_OK : ARB_ELIMIT;
}

/* -- callbacks ---------------------------------------------------------------------------- */

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
    plan->checksum_levels = CHECKSUM_LEVELS;
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
    self->pairs = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->pairs));
    return self->pairs == NULL ? ARB_ENOMEM : ARB_OK;
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

    *checksum = kraken_checksum(&self->pairs[i], &self->env->instruments[i], event, book);
    return ARB_OK;
}

static void kraken_reset(void *instance, uint32_t instrument)
{
    struct kraken *const self = instance;
    self->pairs[instrument] = (struct pair){ .px_digits = 0 };
}

static void kraken_fini(void *instance)
{
    struct kraken *const self = instance;
    free(self->pairs);
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
