/*
 * Kraken spot, public order books. See README.md for the venue's rules and where they are
 * written down.
 */
#include "kraken.h"

#include <stdio.h>
#include <stdlib.h>

enum { REQUEST_MAX = 16384 };

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

#define V2_URL "wss://ws.kraken.com/v2"
#define V1_URL "wss://ws.kraken.com"

/* -- symbols -------------------------------------------------------------------------- */

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

/* v1 kept the venue's old codes for two assets. */
static const char *v1_asset(const char *asset)
{
    if (strcmp(asset, "BTC") == 0) {
        return "XBT";
    }
    return strcmp(asset, "DOGE") == 0 ? "XDG" : asset;
}

static void name_pair(const struct kraken *self, const struct arb_instrument *info, char *name)
{
    if (info->venue_symbol[0] != '\0') {
        (void)snprintf(name, ARB_SYMBOL_MAX, "%s", info->venue_symbol);
    } else if (self->is_v1) {
        (void)snprintf(name, ARB_SYMBOL_MAX, "%.14s/%.14s", v1_asset(info->base),
                       v1_asset(info->quote));
    } else {
        (void)snprintf(name, ARB_SYMBOL_MAX, "%s", info->symbol);
    }
}

uint32_t kraken_find(const struct kraken *self, struct arb_bytes name)
{
    return arb_symbol_find(&self->by_name, name);
}

enum arb_trading kraken_trading(struct arb_bytes status)
{
    if (arb_bytes_are(status, "online")) {
        return ARB_TRADING_OPEN;
    }
    if (arb_bytes_are(status, "cancel_only") || arb_bytes_are(status, "post_only") ||
        arb_bytes_are(status, "limit_only") || arb_bytes_are(status, "reduce_only")) {
        return ARB_TRADING_LIMITED;
    }
    return ARB_TRADING_HALTED; /* maintenance, delisted, and whatever is new */
}

/* -- requests ------------------------------------------------------------------------- */

static void add_request_head(const struct kraken *self, struct arb_text *text, const char *method)
{
    if (self->is_v1) {
        arb_text_add(text,
                     "{\"event\":\"%s\",\"subscription\":{\"name\":\"book\",\"depth\":%lld},"
                     "\"pair\":[",
                     method, (long long)self->depth);
    } else {
        arb_text_add(text,
                     "{\"method\":\"%s\",\"params\":{\"channel\":\"book\",\"depth\":%lld,%s"
                     "\"symbol\":[",
                     method, (long long)self->depth,
                     strcmp(method, "subscribe") == 0 ? "\"snapshot\":true," : "");
    }
}

static int send_request(struct kraken *self, struct arb_host *host, uint32_t conn,
                        struct arb_text *text)
{
    int64_t *const sent_by_ns = &self->sent_by_ns[conn];

    *sent_by_ns = (*sent_by_ns > host->now_ns ? *sent_by_ns : host->now_ns) +
                  NS_PER_S / self->requests_per_second;
    arb_text_add(text, self->is_v1 ? "]}" : "]}}");
    return arb_text_fits(text) ? arb_ws_send(host, conn, text->data, text->len) : ARB_ELIMIT;
}

/* Before its request is sent, which may have to wait for others. */
static void await_answer(const struct kraken *self, struct pair *pair, enum sub_state sub,
                         int64_t now_ns)
{
    const int64_t sent_by_ns = self->sent_by_ns[pair->conn];

    pair->sub = sub;
    pair->answer_by_ns =
        (sent_by_ns > now_ns ? sent_by_ns : now_ns) + self->ack_timeout_ms * NS_PER_MS;
}

static int request_one(struct kraken *self, struct arb_host *host, uint32_t i, const char *method)
{
    char buffer[REQUEST_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    add_request_head(self, &text, method);
    arb_text_add(&text, "\"%s\"", self->pairs[i].name);
    return send_request(self, host, self->pairs[i].conn, &text);
}

/* Subscribes the pairs of one connection that are not subscribed yet, many in a request. */
static int subscribe_missing(struct kraken *self, struct arb_host *host, uint32_t conn)
{
    char buffer[REQUEST_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));
    int64_t n = 0;
    int rc = ARB_OK;

    for (uint32_t i = 0; i < self->n_pairs && rc == ARB_OK; i++) {
        struct pair *const pair = &self->pairs[i];
        if (pair->conn != conn || pair->sub != SUB_NONE) {
            continue;
        }
        if (n == 0) {
            text = arb_text_over(buffer, sizeof(buffer));
            add_request_head(self, &text, "subscribe");
        }
        arb_text_add(&text, "%s\"%s\"", n == 0 ? "" : ",", pair->name);
        await_answer(self, pair, SUB_ASKED, host->now_ns);
        if (++n == self->pairs_per_request) {
            rc = send_request(self, host, conn, &text);
            n = 0;
        }
    }
    return rc == ARB_OK && n > 0 ? send_request(self, host, conn, &text) : rc;
}

int kraken_subscribe_again(struct kraken *self, struct arb_host *host, uint32_t instrument)
{
    await_answer(self, &self->pairs[instrument], SUB_ASKED, host->now_ns);
    return request_one(self, host, instrument, "subscribe");
}

/* The reference channel names every pair with its precisions and its trading status. */
static int subscribe_instruments(struct kraken *self, struct arb_host *host, uint32_t conn)
{
    static const char request[] =
        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\",\"snapshot\":true}}";
    return self->is_v1 || conn != 0 ? ARB_OK : arb_ws_send(host, conn, request, strlen(request));
}

/* -- books ---------------------------------------------------------------------------- */

struct book_frame kraken_frame_for(struct kraken *self, uint32_t instrument)
{
    const struct arb_instrument *const info = &self->env->instruments[instrument];
    const struct arb_levels none = { .max = FRAME_LEVELS_MAX,
                                     .px_scale = info->px_scale,
                                     .qty_scale = info->qty_scale };
    struct book_frame frame = { .bids = none, .asks = none, .instrument = instrument };

    frame.bids.levels = self->bids;
    frame.asks.levels = self->asks;
    return frame;
}

static uint8_t most(uint8_t a, uint8_t b, uint8_t c)
{
    const uint8_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

/* The digits are the pair's precision; what a message does not show is known from before. */
static void learn_digits(struct pair *pair, const struct book_frame *frame)
{
    const uint8_t px = most(frame->bids.px_digits, frame->asks.px_digits, pair->px_digits);
    const uint8_t qty = most(frame->bids.qty_digits, frame->asks.qty_digits, pair->qty_digits);

    if (px != pair->px_digits || qty != pair->qty_digits) {
        pair->px_digits = px;
        pair->qty_digits = qty;
        pair->bids.n = pair->asks.n = 0; /* their texts were written with the old digits */
    }
}

/* A price of 0 is a damaged message, not a free lunch; negative ones were not read. */
static bool has_free_level(const struct arb_levels *side)
{
    for (uint32_t i = 0; i < side->n; i++) {
        if (side->levels[i].px == 0) {
            return true;
        }
    }
    return false;
}

/* A number that does not fit concerns its own pair only; anything else the whole message. */
int kraken_number_trouble(struct kraken *self, struct arb_host *host, uint32_t instrument, int rc)
{
    char why[128];

    if (rc != ARB_ERANGE || instrument == ARB_NO_INSTRUMENT) {
        return rc;
    }
    if (self->pairs[instrument].sub == SUB_LEAVING) {
        return ARB_OK; /* what comes until the acknowledgement is of no use anyway */
    }
    self->pairs[instrument].sub = SUB_ASKED;
    (void)snprintf(why, sizeof(why), "a number does not fit: change the scales in [instrument:%s]",
                   self->env->instruments[instrument].symbol);
    return arb_book_resync(host, instrument, why);
}

/*
 * An update that comes behind a newer one of the same level takes the book back to where it was,
 * and the checksum, which is of that time too, matches. Only the time tells.
 */
static int resync_late(struct kraken *self, struct arb_host *host, uint32_t instrument)
{
    self->pairs[instrument].sub = SUB_ASKED;
    return arb_book_resync(host, instrument, "the venue's time went back");
}

int kraken_publish(struct kraken *self, struct arb_host *host, const struct book_frame *frame,
                   enum arb_book_kind kind)
{
    struct pair *const pair = &self->pairs[frame->instrument];

    if (has_free_level(&frame->bids) || has_free_level(&frame->asks)) {
        return ARB_EPROTO;
    }
    if (frame->bids.n_beyond > 0) { /* unlike an ask up there, it is not to be left out */
        return kraken_number_trouble(self, host, frame->instrument, ARB_ERANGE);
    }
    if (pair->sub == SUB_LEAVING) {
        return ARB_OK; /* a late snapshot as well: its subscription is about to end */
    }
    if (kind == ARB_BOOK_SNAPSHOT) {
        pair->sub = SUB_LIVE;
        pair->answer_by_ns = 0;
        pair->unanswered = 0;
        pair->px_digits = pair->qty_digits = 0; /* the venue may have changed its precision */
        pair->updated_ns = pair->book_ns = 0;
    } else if (pair->sub != SUB_LIVE) {
        return ARB_OK; /* between unsubscribing and the next snapshot */
    } else if (frame->venue_ns != 0 && frame->venue_ns < pair->updated_ns) {
        return resync_late(self, host, frame->instrument);
    } else {
        pair->updated_ns = frame->venue_ns != 0 ? frame->venue_ns : pair->updated_ns;
    }
    learn_digits(pair, frame);
    if (frame->venue_ns > pair->book_ns) {
        pair->book_ns = frame->venue_ns;
    }
    const struct arb_book_event event = {
        .size = (uint32_t)sizeof(event),
        .instrument = frame->instrument,
        .kind = (uint32_t)kind,
        .max_depth = (uint32_t)self->depth,
        .seq = ++pair->seq,
        .venue_ns = frame->venue_ns == 0 ? 0 : pair->book_ns,
        .bids = self->bids,
        .asks = self->asks,
        .n_bids = frame->bids.n,
        .n_asks = frame->asks.n,
        .has_checksum = frame->has_checksum,
        .checksum = frame->checksum,
        .px_digits = pair->px_digits,
        .qty_digits = pair->qty_digits,
    };
    return arb_book_publish(host, &event);
}

int kraken_refuse(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                  struct arb_bytes why)
{
    const uint32_t i = kraken_find(self, name);
    char text[128];

    (void)snprintf(text, sizeof(text), "refused by the venue: %.*s",
                   (int)(why.len < 90 ? why.len : 90), why.data);
    if (i == ARB_NO_INSTRUMENT) {
        arb_log(host, ARB_WARN, "%s", text);
        return ARB_OK;
    }
    self->pairs[i].answer_by_ns = 0;
    return arb_book_refused(host, i, text);
}

/* -- callbacks ------------------------------------------------------------------------ */

static int open_connections(struct kraken *self, struct arb_host *host, uint32_t n)
{
    const struct arb_ws_spec spec = {
        .size = (uint32_t)sizeof(spec),
        .idle_ms = (uint32_t)self->idle_timeout_ms,
        .send_rate = (uint32_t)self->requests_per_second,
        .url = self->url[0] != '\0' ? self->url : (self->is_v1 ? V1_URL : V2_URL),
    };
    for (; self->n_conns < n; self->n_conns++) {
        if (self->n_conns == ARB_CONNS_MAX) {
            arb_log(host, ARB_ERROR, "more than %d connections needed: raise pairs_per_connection",
                    ARB_CONNS_MAX);
            return ARB_ELIMIT;
        }
        const int rc = arb_ws_open(host, self->n_conns, &spec);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    return ARB_OK;
}

static int kraken_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env)
{
    struct kraken *const self = instance;
    const struct arb_capabilities caps = {
        .size = (uint32_t)sizeof(caps),
        .loss_detection = ARB_LOSS_CHECKSUM,
        .snapshot_source = ARB_SNAPSHOT_STREAM,
        .unknown_delete = ARB_UNKNOWN_DELETE_IGNORE,
        .liveness = ARB_LIVENESS_SERVER_HEARTBEAT,
        .checksum_levels = CHECKSUM_LEVELS,
        .depth = (uint32_t)self->depth,
    };

    self->env = env;
    self->is_v1 = strcmp(self->protocol, "v1") == 0;
    if (self->is_v1 && env->wants_catalog) {
        arb_log(host, ARB_ERROR, "protocol = v1 has no catalog: name the symbols one by one");
        return ARB_EREJECTED;
    }
    self->pairs = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->pairs));
    if (self->pairs == NULL) {
        return ARB_ENOMEM;
    }
    int rc = arb_declare(host, &caps);
    if (rc == ARB_OK) {
        rc = arb_timer_set(host, TIMER_TICK, TICK_MS);
    }
    return rc != ARB_OK ? rc : open_connections(self, host, 1);
}

static int kraken_add_instruments(void *instance, struct arb_host *host, uint32_t first,
                                  uint32_t count)
{
    struct kraken *const self = instance;
    const uint32_t per_conn = (uint32_t)self->pairs_per_connection;
    int rc = open_connections(self, host, (first + count + per_conn - 1) / per_conn);

    for (uint32_t i = first; i < first + count && rc == ARB_OK; i++) {
        struct pair *const pair = &self->pairs[i];
        name_pair(self, &self->env->instruments[i], pair->name);
        pair->conn = i / per_conn;
        pair->sub = SUB_NONE;
        rc = arb_symbol_put(&self->by_name, bytes_of(pair->name), i);
        if (rc == ARB_OK) {
            rc = arb_book_bind(host, i, pair->conn);
        }
        self->n_pairs = i + 1;
    }
    for (uint32_t conn = 0; conn < self->n_conns && rc == ARB_OK; conn++) {
        rc = self->open[conn] ? subscribe_missing(self, host, conn) : ARB_OK;
    }
    return rc;
}

static int kraken_on_open(void *instance, struct arb_host *host, uint32_t conn)
{
    struct kraken *const self = instance;
    self->open[conn] = true;
    self->sent_by_ns[conn] = host->now_ns;
    const int rc = subscribe_instruments(self, host, conn);
    return rc != ARB_OK ? rc : subscribe_missing(self, host, conn);
}

static int kraken_on_close(void *instance, struct arb_host *host, uint32_t conn)
{
    struct kraken *const self = instance;
    (void)host;
    self->open[conn] = false;
    for (uint32_t i = 0; i < self->n_pairs; i++) {
        if (self->pairs[i].conn == conn) {
            self->pairs[i].sub = SUB_NONE;
            self->pairs[i].answer_by_ns = 0;
            self->pairs[i].unanswered = 0;
        }
    }
    return ARB_OK;
}

static bool has_live_pair(const struct kraken *self, uint32_t conn)
{
    for (uint32_t i = 0; i < self->n_pairs; i++) {
        if (self->pairs[i].conn == conn && self->pairs[i].sub == SUB_LIVE) {
            return true;
        }
    }
    return false;
}

/* The host asks again for the pair, later and later; what else works is left alone. */
static int on_unanswered(struct kraken *self, struct arb_host *host, uint32_t instrument)
{
    struct pair *const pair = &self->pairs[instrument];

    pair->answer_by_ns = 0;
    if (++pair->unanswered >= UNANSWERED_MAX && !has_live_pair(self, pair->conn)) {
        return arb_ws_close(host, pair->conn, "the venue answers no requests");
    }
    return arb_book_resync(host, instrument, "the venue did not answer");
}

static int kraken_on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct kraken *const self = instance;
    int rc = arb_timer_set(host, timer, TICK_MS);

    for (uint32_t i = 0; i < self->n_pairs && rc == ARB_OK; i++) {
        const int64_t by_ns = self->pairs[i].answer_by_ns;
        rc = by_ns != 0 && host->now_ns >= by_ns ? on_unanswered(self, host, i) : ARB_OK;
    }
    return rc;
}

static int kraken_on_message(void *instance, struct arb_host *host, uint32_t conn,
                             struct arb_bytes msg)
{
    struct kraken *const self = instance;
    (void)conn; /* messages name their pair */
    return self->is_v1 ? kraken_v1_message(self, host, msg) : kraken_v2_message(self, host, msg);
}

/* The venue sends one snapshot per subscription, so leave first; the ack leads back in. */
static int kraken_resync(void *instance, struct arb_host *host, uint32_t instrument)
{
    struct kraken *const self = instance;
    await_answer(self, &self->pairs[instrument], SUB_LEAVING, host->now_ns);
    return request_one(self, host, instrument, "unsubscribe");
}

static int kraken_on_checksum(void *instance, uint32_t instrument, const struct arb_book *book,
                              uint32_t *checksum)
{
    struct kraken *const self = instance;
    *checksum =
        kraken_checksum(&self->pairs[instrument], &self->env->instruments[instrument], book);
    return ARB_OK;
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
    ARB_OPTION_END,
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = kraken_init,
    .add_instruments = kraken_add_instruments,
    .on_open = kraken_on_open,
    .on_message = kraken_on_message,
    .on_close = kraken_on_close,
    .on_timer = kraken_on_timer,
    .resync = kraken_resync,
    .checksum = kraken_on_checksum,
    .fini = kraken_fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "kraken",
    .version = "1.0.0",
    .description = "Kraken spot order books over WebSocket, every update proven by checksum",
    .instance_size = sizeof(struct kraken),
    .options = options,
    .ops = &ops,
};
