/*
 * The market catalog, and the REST order books that seed a diff stream.
 *
 * A REST book is 0.1 to 2.6 s old when it arrives. It may seed a diff stream only when it is
 * not older than the first diff received, or when it was asked for so long after the
 * subscription that it cannot be older than that.
 */
#include "bitstamp.h"

#include <stdio.h>

#define NS_PER_S INT64_C(1000000000)
#define QUIET_NS (3 * NS_PER_S)    /* no diff for so long: the market is quiet */
#define TOP_SEED_NS (2 * NS_PER_S) /* order_book mode: no frame for so long */
#define SEED_RETRY_NS (1 * NS_PER_S)
#define CATALOG_RETRY_NS (60 * NS_PER_S)
#define CATALOG_REFRESH_NS (24 * 3600 * NS_PER_S) /* decimals and listings change over time */

enum {
    URL_MAX = 512,
    HTTP_OK = 200,
    GROUP_BY_PRICE = 1,
    GROUP_NONE = 2, /* single orders, with their ids */
};

/* -- catalog -------------------------------------------------------------------------- */

int bitstamp_ask_catalog(struct bitstamp *self, struct arb_host *host)
{
    char url[URL_MAX];
    struct arb_text text = arb_text_over(url, sizeof(url));

    arb_text_add(&text, "%s/markets/", self->rest_url);
    self->catalog_at_ns = host->now_ns + CATALOG_REFRESH_NS;
    return arb_text_fits(&text) ? arb_http_get(host, REQUEST_CATALOG, url) : ARB_ELIMIT;
}

struct row {
    struct arb_bytes name, market, trading;
    uint64_t base_decimals, counter_decimals;
};

static void read_row(struct arb_json *json, struct row *row)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "name")) {
            arb_json_string(json, &row->name);
        } else if (arb_bytes_are(key, "market_symbol") || arb_bytes_are(key, "url_symbol")) {
            arb_json_string(json, &row->market);
        } else if (arb_bytes_are(key, "trading")) {
            arb_json_string(json, &row->trading);
        } else if (arb_bytes_are(key, "base_decimals")) {
            arb_json_u64(json, &row->base_decimals);
        } else if (arb_bytes_are(key, "counter_decimals")) {
            arb_json_u64(json, &row->counter_decimals);
        } else {
            arb_json_skip(json);
        }
    }
}

static bool copy_text(char *to, struct arb_bytes from)
{
    if (from.len == 0 || from.len >= ARB_SYMBOL_MAX) {
        return false;
    }
    memcpy(to, from.data, from.len);
    to[from.len] = '\0';
    return true;
}

/* JSON may write "BTC\/USD". */
static void drop_backslashes(char *text)
{
    char *to = text;
    for (; *text != '\0'; text++) {
        if (*text != '\\') {
            *to++ = *text;
        }
    }
    *to = '\0';
}

static uint8_t digits_of(uint64_t decimals)
{
    return decimals < ARB_DIGITS_UNKNOWN ? (uint8_t)decimals : ARB_DIGITS_UNKNOWN;
}

static int publish_row(struct bitstamp *self, struct arb_host *host, const struct row *row)
{
    char symbol[ARB_SYMBOL_MAX], market[ARB_SYMBOL_MAX];
    const uint32_t i = bitstamp_find(self, row->market);

    if (!copy_text(symbol, row->name) || !copy_text(market, row->market)) {
        return ARB_OK; /* a row without a name is of no use to anybody */
    }
    drop_backslashes(symbol);
    if (symbol[0] == '\0') {
        return ARB_OK; /* nothing but backslashes */
    }
    if (i != ARB_NO_INSTRUMENT) {
        self->markets[i].listed = true;
    }
    const struct arb_listing listing = {
        .size = (uint32_t)sizeof(listing),
        .trading = arb_bytes_are(row->trading, "Enabled") ? ARB_TRADING_OPEN : ARB_TRADING_HALTED,
        .symbol = i == ARB_NO_INSTRUMENT ? symbol : self->env->instruments[i].symbol,
        .venue_symbol = market,
        .px_digits = digits_of(row->counter_decimals),
        .qty_digits = digits_of(row->base_decimals),
    };
    return arb_listing_publish(host, &listing);
}

static int read_catalog(struct bitstamp *self, struct arb_host *host, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body);
    int rc = ARB_OK;

    for (uint32_t i = 0; i < self->n_markets; i++) {
        self->markets[i].listed = false;
    }
    arb_json_array(&json);
    while (rc == ARB_OK && arb_json_next(&json)) {
        struct row row = { .base_decimals = ARB_DIGITS_UNKNOWN,
                           .counter_decimals = ARB_DIGITS_UNKNOWN };
        read_row(&json, &row);
        if (arb_json_ok(&json)) {
            rc = publish_row(self, host, &row);
        }
    }
    if (rc != ARB_OK || !arb_json_end(&json)) {
        return rc != ARB_OK ? rc : json.rc;
    }
    return arb_catalog_end(host);
}

static bool is_connected(const struct bitstamp *self)
{
    bool any = false;
    for (uint32_t conn = 0; conn < self->n_conns; conn++) {
        any = any || self->open[conn];
    }
    return any;
}

/* Where nothing answers at all, the connections tell: one line for one outage. */
static void log_no_catalog(const struct bitstamp *self, struct arb_host *host, int status)
{
    arb_log(host, status == 0 && !is_connected(self) ? ARB_DEBUG : ARB_WARN,
            "the market catalog could not be had (HTTP %d): markets are unchecked, next try in a "
            "minute",
            status);
}

static int on_catalog(struct bitstamp *self, struct arb_host *host, int status,
                      struct arb_bytes body)
{
    const int rc = status == HTTP_OK ? read_catalog(self, host, body) : ARB_EPROTO;

    if (rc == ARB_EPROTO || rc == ARB_ERANGE) {
        self->catalog_at_ns = host->now_ns + CATALOG_RETRY_NS;
        log_no_catalog(self, host, status);
        for (uint32_t i = 0; i < self->n_markets; i++) {
            self->markets[i].listed = true;
        }
    } else if (rc != ARB_OK) {
        return rc;
    }
    self->catalog_known = true;
    return bitstamp_start_markets(self, host);
}

/* -- order books ---------------------------------------------------------------------- */

static int ask_seed(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];
    char url[URL_MAX];
    struct arb_text text = arb_text_over(url, sizeof(url));

    market->seed = SEED_ASKED;
    market->asked_when_quiet = market->first_diff == 0;
    arb_text_add(&text, "%s/order_book/%s/?group=%d", self->rest_url, market->name,
                 self->feed == CHANNEL_ORDERS ? GROUP_NONE : GROUP_BY_PRICE);
    return arb_text_fits(&text) ? arb_http_get(host, i, url) : ARB_ELIMIT;
}

static bool is_due(const struct bitstamp *self, const struct market *market, int64_t now_ns)
{
    const int64_t waited_ns = now_ns - market->waiting_since_ns;

    if (market->seed != SEED_WAITING || now_ns < market->ask_at_ns) {
        return false;
    }
    return self->feed == CHANNEL_TOP ? waited_ns >= TOP_SEED_NS
                                     : market->first_diff != 0 || waited_ns >= QUIET_NS;
}

int bitstamp_ask_seeds(struct bitstamp *self, struct arb_host *host)
{
    int rc = ARB_OK;
    for (uint32_t i = 0; i < self->n_markets && rc == ARB_OK; i++) {
        if (is_due(self, &self->markets[i], host->now_ns)) {
            rc = ask_seed(self, host, i);
        }
    }
    return rc;
}

int bitstamp_ask_again(struct bitstamp *self, struct arb_host *host, uint32_t i, const char *why)
{
    self->markets[i].seed = SEED_WAITING;
    self->markets[i].ask_at_ns = host->now_ns + SEED_RETRY_NS;
    arb_log(host, ARB_DEBUG, "order book of %s asked for again: %s", self->markets[i].name, why);
    return ARB_OK;
}

bool bitstamp_may_seed(const struct bitstamp *self, const struct market *market, uint64_t made)
{
    if (self->feed == CHANNEL_TOP) {
        return made > market->last_event;
    }
    /* Events of orders carry whole milliseconds: what was before the first may be as old. */
    const uint64_t slack = self->feed == CHANNEL_ORDERS ? 1000 : 0;
    return market->asked_when_quiet || made >= market->first_diff + slack;
}

static int on_seed(struct bitstamp *self, struct arb_host *host, uint32_t i, int status,
                   struct arb_bytes body)
{
    struct market *const market = &self->markets[i];
    struct book_text book = bitstamp_book_for(self, i);
    struct arb_json json = arb_json_over(body);

    if (market->seed != SEED_ASKED) {
        return ARB_OK; /* the connection went down, or a frame made it superfluous */
    }
    if (status != HTTP_OK) {
        return bitstamp_ask_again(self, host, i, "no answer");
    }
    if (self->feed == CHANNEL_ORDERS) {
        return bitstamp_orders_seed(self, host, i, &json);
    }
    if (!bitstamp_read_book(&json, &book) || !arb_json_end(&json)) {
        return json.rc == ARB_ERANGE ? bitstamp_number_trouble(self, host, i, json.rc)
                                     : bitstamp_ask_again(self, host, i, "the answer is damaged");
    }
    if (!bitstamp_may_seed(self, market, book.microtimestamp)) {
        return bitstamp_ask_again(self, host, i, "older than the first diff");
    }
    market->seed = SEED_IDLE;
    market->seed_stamp = book.microtimestamp;
    if (self->feed == CHANNEL_TOP) {
        market->last_event = book.microtimestamp; /* a frame made before it is not newer */
    }
    return bitstamp_publish(self, host, i, &book, ARB_BOOK_SNAPSHOT);
}

int bitstamp_http(struct bitstamp *self, struct arb_host *host, uint32_t request, int status,
                  struct arb_bytes body)
{
    if (request == REQUEST_CATALOG) {
        return on_catalog(self, host, status, body);
    }
    return request < self->n_markets ? on_seed(self, host, request, status, body) : ARB_EINVAL;
}
