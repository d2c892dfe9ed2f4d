/*
 * Bitstamp spot, public order books. See README.md for the venue's rules and where they are
 * written down.
 */
#include "bitstamp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUEST_MAX = 256 /* the venue closes on 512 bytes and more */ };

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

uint32_t bitstamp_find(const struct bitstamp *self, struct arb_bytes name)
{
    return arb_symbol_find(&self->by_name, name);
}

/* "BTC/USD" is "btcusd" at the venue. */
static void name_market(const struct arb_instrument *info, char *name)
{
    size_t n = 0;

    if (info->venue_symbol[0] != '\0') {
        (void)snprintf(name, ARB_SYMBOL_MAX, "%s", info->venue_symbol);
        return;
    }
    for (const char *p = info->symbol; *p != '\0'; p++) {
        if (*p != '/') {
            name[n++] = (char)tolower((unsigned char)*p);
        }
    }
    name[n] = '\0';
}

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int subscribe_channel(struct bitstamp *self, struct arb_host *host, uint32_t i,
                             const char *prefix, struct subscription *sub)
{
    char buffer[REQUEST_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));
    int64_t *const sent_by_ns = &self->sent_by_ns[self->markets[i].conn];

    *sent_by_ns = later_of(*sent_by_ns, host->now_ns) + NS_PER_S / self->requests_per_second;
    sub->is_on = false;
    sub->ack_by_ns = *sent_by_ns + self->ack_timeout_ms * NS_PER_MS;
    arb_text_add(&text, "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"%s%s\"}}", prefix,
                 self->markets[i].name);
    return arb_text_fits(&text) ? arb_ws_send(host, self->markets[i].conn, text.data, text.len)
                                : ARB_ELIMIT;
}

static bool is_cross_checked(const struct bitstamp *self)
{
    return self->feed == CHANNEL_DIFF && self->cross_check;
}

static int subscribe_check(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    return subscribe_channel(self, host, i, "order_book_", &self->markets[i].check);
}

static int subscribe(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct subscription *const sub = &self->markets[i].sub;

    if (self->feed == CHANNEL_ORDERS) {
        return subscribe_channel(self, host, i, "live_orders_", sub);
    }
    if (self->feed == CHANNEL_TOP) {
        return subscribe_channel(self, host, i, "order_book_", sub);
    }
    const int rc = subscribe_channel(self, host, i, "diff_order_book_", sub);
    return rc == ARB_OK && is_cross_checked(self) ? subscribe_check(self, host, i) : rc;
}

void bitstamp_await_seed(struct bitstamp *self, uint32_t i, int64_t now_ns)
{
    struct market *const market = &self->markets[i];

    market->seed = SEED_WAITING;
    market->first_diff = 0;
    market->waiting_since_ns = now_ns;
    market->ask_at_ns = now_ns;
    market->suspects.n = 0;
    bitstamp_orders_reset(&market->orders, false);
}

int bitstamp_damaged(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     const char *why)
{
    struct market *const market = &self->markets[instrument];

    market->seed = SEED_IDLE; /* the host answers with resync() when it is time */
    market->suspects.n = 0;
    bitstamp_orders_reset(&market->orders, false);
    return arb_book_resync(host, instrument, why);
}

static int open_connections(struct bitstamp *self, struct arb_host *host, uint32_t n)
{
    const struct arb_ws_spec spec = {
        .size = (uint32_t)sizeof(spec),
        .idle_ms = (uint32_t)(self->heartbeat_ms + 2 * self->heartbeat_timeout_ms),
        .send_rate = (uint32_t)self->requests_per_second,
        .url = self->ws_url,
    };
    for (; self->n_conns < n; self->n_conns++) {
        if (self->n_conns == ARB_CONNS_MAX) {
            arb_log(host, ARB_ERROR,
                    "more than %d connections needed: raise markets_per_connection", ARB_CONNS_MAX);
            return ARB_ELIMIT;
        }
        const int rc = arb_ws_open(host, self->n_conns, &spec);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    return ARB_OK;
}

/*
 * The venue acknowledges a channel that does not exist and then stays silent for ever, so
 * markets are subscribed only after a look at the catalog (or after it could not be had).
 */
int bitstamp_start_markets(struct bitstamp *self, struct arb_host *host)
{
    const uint32_t most = is_cross_checked(self) ? CONN_CHANNELS_MAX / 2 : CONN_CHANNELS_MAX;
    const uint32_t wanted = (uint32_t)self->markets_per_connection;
    const uint32_t per_conn = wanted < most ? wanted : most;
    int rc = open_connections(self, host, (self->n_markets + per_conn - 1) / per_conn);

    for (uint32_t i = 0; i < self->n_markets && rc == ARB_OK; i++) {
        struct market *const market = &self->markets[i];
        if (market->conn == ARB_CONNS_MAX) {
            market->conn = i / per_conn;
            rc = arb_book_bind(host, i, market->conn);
            if (rc == ARB_OK && self->open[market->conn] && market->listed) {
                rc = subscribe(self, host, i);
            }
        }
    }
    return rc;
}

static enum channel_kind feed_of(const char *mode)
{
    if (strcmp(mode, "orders") == 0) {
        return CHANNEL_ORDERS;
    }
    return strcmp(mode, "diff") == 0 ? CHANNEL_DIFF : CHANNEL_TOP;
}

static enum arb_loss_detection loss_detection_of(enum channel_kind feed)
{
    if (feed == CHANNEL_ORDERS) {
        return ARB_LOSS_CHAIN;
    }
    return feed == CHANNEL_DIFF ? ARB_LOSS_NONE : ARB_LOSS_STATELESS;
}

static int bitstamp_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env)
{
    struct bitstamp *const self = instance;

    self->env = env;
    self->feed = feed_of(self->mode);
    self->markets = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->markets));
    if (self->markets == NULL) {
        return ARB_ENOMEM;
    }
    const struct arb_capabilities caps = {
        .size = (uint32_t)sizeof(caps),
        .loss_detection = (uint32_t)loss_detection_of(self->feed),
        .snapshot_source = self->feed == CHANNEL_TOP ? ARB_SNAPSHOT_EACH : ARB_SNAPSHOT_HTTP,
        .unknown_delete = ARB_UNKNOWN_DELETE_DESYNC,
        .liveness = ARB_LIVENESS_CLIENT_HEARTBEAT,
        .depth = self->feed == CHANNEL_TOP ? TOP_LEVELS : 0,
    };
    int rc = arb_declare(host, &caps);
    if (rc == ARB_OK) {
        rc = bitstamp_ask_catalog(self, host);
    }
    return rc == ARB_OK ? arb_timer_set(host, TIMER_TICK, TICK_MS) : rc;
}

static int bitstamp_add_instruments(void *instance, struct arb_host *host, uint32_t first,
                                    uint32_t count)
{
    struct bitstamp *const self = instance;

    for (uint32_t i = first; i < first + count; i++) {
        struct market *const market = &self->markets[i];
        name_market(&self->env->instruments[i], market->name);
        market->conn = ARB_CONNS_MAX; /* not placed yet */
        market->listed = true;        /* until the catalog says otherwise */
        market->seed = SEED_IDLE;
        const struct arb_bytes name = { market->name, strlen(market->name) };
        const int rc = arb_symbol_put(&self->by_name, name, i);
        if (rc != ARB_OK) {
            return rc;
        }
        self->n_markets = i + 1;
    }
    return self->catalog_known ? bitstamp_start_markets(self, host) : ARB_OK;
}

static int bitstamp_on_open(void *instance, struct arb_host *host, uint32_t conn)
{
    struct bitstamp *const self = instance;
    int rc = ARB_OK;

    self->open[conn] = true;
    self->beat_at_ns[conn] = host->now_ns + self->heartbeat_ms * NS_PER_MS;
    self->answer_by_ns[conn] = 0;
    self->sent_by_ns[conn] = host->now_ns;
    for (uint32_t i = 0; i < self->n_markets && rc == ARB_OK; i++) {
        if (self->markets[i].conn == conn && self->markets[i].listed) {
            rc = subscribe(self, host, i);
        }
    }
    return rc;
}

static int bitstamp_on_close(void *instance, struct arb_host *host, uint32_t conn)
{
    struct bitstamp *const self = instance;
    (void)host;
    self->open[conn] = false;
    for (uint32_t i = 0; i < self->n_markets; i++) {
        if (self->markets[i].conn == conn) {
            self->markets[i].sub = self->markets[i].check = (struct subscription){ 0 };
            self->markets[i].seed = SEED_IDLE; /* an answer still on its way is of no use */
            self->markets[i].last_event = 0;
            self->markets[i].suspects.n = 0;
            bitstamp_orders_reset(&self->markets[i].orders, true);
        }
    }
    return ARB_OK;
}

static int bitstamp_on_message(void *instance, struct arb_host *host, uint32_t conn,
                               struct arb_bytes msg)
{
    struct bitstamp *const self = instance;
    self->answer_by_ns[conn] = 0; /* any frame is a sign of life */
    return bitstamp_message(self, host, conn, msg);
}

static int bitstamp_on_http(void *instance, struct arb_host *host, uint32_t request, int status,
                            struct arb_bytes body)
{
    return bitstamp_http(instance, host, request, status, body);
}

/* A quiet market sends nothing, so life is proven by asking. */
static int beat(struct bitstamp *self, struct arb_host *host, uint32_t conn)
{
    static const char request[] = "{\"event\":\"bts:heartbeat\"}";

    if (self->answer_by_ns[conn] != 0 && host->now_ns >= self->answer_by_ns[conn]) {
        self->answer_by_ns[conn] = 0;
        return arb_ws_close(host, conn, "the heartbeat was not answered");
    }
    if (host->now_ns < self->beat_at_ns[conn]) {
        return ARB_OK;
    }
    self->beat_at_ns[conn] = host->now_ns + self->heartbeat_ms * NS_PER_MS;
    self->answer_by_ns[conn] = host->now_ns + self->heartbeat_timeout_ms * NS_PER_MS;
    return arb_ws_send(host, conn, request, strlen(request));
}

static bool is_overdue(const struct subscription *sub, int64_t now_ns)
{
    return !sub->is_on && sub->ack_by_ns != 0 && now_ns >= sub->ack_by_ns;
}

/* Subscriptions that nobody answered: the host asks again for a book, later and later. */
static int chase_acks(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];

    if (market->conn == ARB_CONNS_MAX || !self->open[market->conn]) {
        return ARB_OK;
    }
    if (is_overdue(&market->sub, host->now_ns)) {
        market->sub.ack_by_ns = 0;
        return arb_book_resync(host, i, "the subscription was not acknowledged");
    }
    return is_overdue(&market->check, host->now_ns) ? subscribe_check(self, host, i) : ARB_OK;
}

/* What time alone brings about in the books. */
static int tick_books(struct bitstamp *self, struct arb_host *host)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < self->n_markets && rc == ARB_OK; i++) {
        rc = chase_acks(self, host, i);
        if (rc != ARB_OK) {
            return rc;
        }
        if (self->feed == CHANNEL_ORDERS) {
            rc = bitstamp_orders_tick(self, host, i);
        } else if (is_cross_checked(self)) {
            rc = bitstamp_check_tick(self, host, i);
        }
    }
    return rc;
}

static int bitstamp_on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct bitstamp *const self = instance;
    int rc = arb_timer_set(host, timer, TICK_MS);

    for (uint32_t conn = 0; conn < self->n_conns && rc == ARB_OK; conn++) {
        rc = self->open[conn] ? beat(self, host, conn) : ARB_OK;
    }
    if (rc == ARB_OK && host->now_ns >= self->catalog_at_ns) {
        rc = bitstamp_ask_catalog(self, host);
    }
    if (rc == ARB_OK) {
        rc = tick_books(self, host);
    }
    return rc == ARB_OK ? bitstamp_ask_seeds(self, host) : rc;
}

/* The stream goes on; what is missing is a new seed. */
static int bitstamp_resync(void *instance, struct arb_host *host, uint32_t instrument)
{
    struct bitstamp *const self = instance;
    struct market *const market = &self->markets[instrument];

    if (!market->listed) {
        return arb_book_refused(host, instrument, "the venue does not list this market");
    }
    market->last_event = 0;
    if (!market->sub.is_on) {
        return subscribe(self, host, instrument);
    }
    bitstamp_await_seed(self, instrument, host->now_ns);
    return ARB_OK;
}

static void bitstamp_fini(void *instance)
{
    struct bitstamp *const self = instance;
    for (uint32_t i = 0; i < self->n_markets; i++) {
        bitstamp_orders_fini(&self->markets[i].orders);
    }
    free(self->markets);
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("ws_url", struct bitstamp, ws_url, "wss://ws.bitstamp.net",
                      "WebSocket address."),
    ARB_OPTION_STRING("rest_url", struct bitstamp, rest_url, "https://www.bitstamp.net/api/v2",
                      "REST address, without a slash at its end."),
    ARB_OPTION_ENUM("mode", struct bitstamp, mode, "order_book", "order_book|diff|orders",
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
    ARB_OPTION_MS("heartbeat_timeout", struct bitstamp, heartbeat_timeout_ms, "10s", 1000, 60000,
                  "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct bitstamp, ack_timeout_ms, "5s", 1000, 60000,
                  "How long a subscription may stay unanswered before it is asked for again."),
    ARB_OPTION_END,
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = bitstamp_init,
    .add_instruments = bitstamp_add_instruments,
    .on_open = bitstamp_on_open,
    .on_message = bitstamp_on_message,
    .on_close = bitstamp_on_close,
    .on_http = bitstamp_on_http,
    .on_timer = bitstamp_on_timer,
    .resync = bitstamp_resync,
    .fini = bitstamp_fini,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "bitstamp",
    .version = "1.0.0",
    .description = "Bitstamp spot order books over WebSocket and REST",
    .instance_size = sizeof(struct bitstamp),
    .options = options,
    .ops = &ops,
};
