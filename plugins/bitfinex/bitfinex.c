/* Bitfinex, public order books, API v2. README.md has the venue's rules and where they are from. */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/digits_crc.h"
#include "arbspot/orders.h"

enum {
    CHANNELS_MAX = 36,         /* on one connection; the venue refuses more */
    CHECKSUM_ENTRIES_MAX = 25, /* a side */
    ENTRY_TEXT_MAX = 48,       /* two numbers, and what stands behind each */
};

/* A subscription of one connection. */
struct channel {
    uint64_t id; /* 0: free */
    uint32_t instrument;
};

struct bitfinex {
    const char *ws_url, *rest_url, *mode_name; /* options */
    int64_t depth;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    struct arb_orders *orders; /* [ARB_INSTRUMENTS_MAX] with mode = orders, else NULL */
    struct channel channels[ARB_CONNS_MAX][CHANNELS_MAX];
    struct arb_draft draft; /* of the book in hand */
};

static int bitfinex_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                         struct arb_plan *plan)
{
    struct bitfinex *const self = instance;

    (void)host;
    self->env = env;
    plan->loss_detection = ARB_LOSS_CONNECTION;
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->opens_per_10s = 3; /* 20 in a minute are allowed to an address */
    plan->catalog = ARB_CATALOG_HTTP;
    plan->is_listed_only = true; /* what the venue calls AMP is not what others do */
    if (strcmp(self->mode_name, "orders") == 0) {
        self->orders = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->orders));
        if (self->orders == NULL) {
            return ARB_ENOMEM;
        }
    }
    plan->depth = (uint32_t)self->depth; /* so many orders are at most so many levels */
    arb_plan_limit(plan, &self->limits);
    return ARB_OK;
}

static void bitfinex_fini(void *instance)
{
    struct bitfinex *const self = instance;

    for (uint32_t i = 0; self->orders != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        arb_orders_fini(&self->orders[i]);
    }
    free(self->orders);
}

/* -- subscriptions ------------------------------------------------------------------------ */

/* The channel with this id, or of this instrument: the first that matches, or NULL. */
static struct channel *find_channel(struct bitfinex *self, uint32_t conn, uint64_t id,
                                    uint32_t instrument)
{
    struct channel *const channels = self->channels[conn];

    for (unsigned k = 0; k < CHANNELS_MAX; k++) {
        if (channels[k].id != 0 && (channels[k].id == id || channels[k].instrument == instrument)) {
            return &channels[k];
        }
    }
    return NULL;
}

static int keep_channel(struct bitfinex *self, uint32_t conn, uint64_t id, uint32_t instrument)
{
    struct channel *channel = self->channels[conn];

    for (struct channel *old; (old = find_channel(self, conn, id, instrument)) != NULL;) {
        old->id = 0;
    }
    for (unsigned k = 0; k + 1 < CHANNELS_MAX && channel->id != 0; k++) {
        channel++;
    }
    if (channel->id != 0 || id == 0) {
        return ARB_EPROTO;
    }
    *channel = (struct channel){ id, instrument };
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
        const struct channel *const channel = find_channel(self, ask->conn, 0, ask->instruments[0]);
        if (channel != NULL) { /* else nothing but a new connection ends it */
            arb_text_add(text, "{\"event\":\"unsubscribe\",\"chanId\":%llu}",
                         (unsigned long long)channel->id);
        }
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/conf/pub:list:pair:exchange,pub:map:currency:sym", self->rest_url);
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* Three letters each need nothing between them. Other names of its own the catalog has. */
static int bitfinex_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const char *const base = strcmp(info->base, "USDT") == 0 ? "UST" : info->base;
    const char *const quote = strcmp(info->quote, "USDT") == 0 ? "UST" : info->quote;
    const bool is_short = strlen(base) == 3 && strlen(quote) == 3;
    struct arb_text text = arb_text_over(name, ARB_SYMBOL_MAX);

    (void)instance;
    arb_text_add(&text, "t%s%s%s", base, is_short ? "" : ":", quote);
    return arb_text_fits(&text) ? ARB_OK : ARB_ELIMIT;
}

/* -- books -------------------------------------------------------------------------------- */

/* An array of a channel. */
struct frame {
    uint64_t channel, seq;
    uint32_t instrument;
    struct arb_bytes word;   /* "hb", "cs"; empty: a book */
    struct arb_json payload; /* of a book, or behind the word */
};

/* An entry as it stands there: of a level, or of an order. */
struct entry {
    uint64_t number; /* how many orders, or which */
    int64_t px, qty;
    bool is_bid;
};

/*
 * Reads [price, count, +-amount], or [order, price, +-amount]. Exponents are as in JSON. An amount
 * of 0 has no side.
 */
static bool read_entry(struct arb_json *json, const struct arb_instrument *info, bool is_order,
                       struct arb_book_event *event, struct entry *entry)
{
    struct arb_json values[4]; /* the last is for what may be appended one day */
    unsigned n = 0;

    arb_json_array(json);
    for (; arb_json_next(json); n++) {
        values[n < 3 ? n : 3] = *json;
        arb_json_skip(json);
    }
    if (!arb_json_ok(json) || n < 3) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    entry->is_bid = arb_json_peek(&values[2]) != '-';
    (void)arb_json_literal(&values[2], "-", 1);
    if (!arb_json_u64(&values[!is_order], &entry->number) ||
        !arb_json_price(&values[is_order], info->px_scale, &entry->px, &event->px_digits) ||
        !arb_json_decimal(&values[2], info->qty_scale, &entry->qty, &event->qty_digits)) {
        const int of_px = values[is_order].rc, of_qty = values[2].rc;
        return arb_json_fail(json, of_px != ARB_OK    ? of_px
                                   : of_qty != ARB_OK ? of_qty
                                                      : ARB_EPROTO);
    }
    return entry->qty > 0 || arb_json_fail(json, ARB_EPROTO);
}

/* A level of P0. Without orders it is gone. */
static bool take_level(struct bitfinex *self, struct arb_json *json, uint32_t i)
{
    struct arb_draft *const draft = &self->draft;
    struct entry entry;

    if (!read_entry(json, &self->env->instruments[i], false, &draft->event, &entry)) {
        return false;
    }
    struct arb_levels *const side = entry.is_bid ? &draft->bids : &draft->asks;
    struct arb_level *const level = arb_levels_more(json, side);
    if (level == NULL) {
        return false;
    }
    *level = (struct arb_level){ entry.px, entry.number == 0 ? 0 : entry.qty };
    arb_levels_keep(side);
    return true;
}

/* An order of R0. Without a price it is gone. A bid beyond the scale is not to be left out. */
static bool take_order(struct bitfinex *self, struct arb_json *json, uint32_t i)
{
    struct arb_orders *const orders = &self->orders[i];
    struct entry entry;

    if (!read_entry(json, &self->env->instruments[i], true, &self->draft.event, &entry)) {
        return false;
    }
    if (entry.px == 0) {
        (void)arb_orders_remove(orders, entry.number);
        return true;
    }
    const struct arb_order order = { .id = entry.number,
                                     .px = entry.px,
                                     .qty = entry.qty,
                                     .is_bid = entry.is_bid,
                                     .is_hidden = !arb_orders_is_price(entry.px) };
    const int rc = order.id == 0                     ? ARB_EPROTO
                   : order.is_bid && order.is_hidden ? ARB_ERANGE
                                                     : arb_orders_put(orders, &order);
    return rc == ARB_OK || arb_json_fail(json, rc);
}

/* A whole book is an array of entries, and a change is one. Damage costs this book only. */
static int on_book(struct bitfinex *self, struct arb_host *host, struct frame *frame)
{
    bool (*const take)(struct bitfinex *, struct arb_json *, uint32_t) =
        self->orders == NULL ? take_level : take_order;
    struct arb_book_event *const event = &self->draft.event;
    struct arb_json *const json = &frame->payload, ahead = *json;
    const uint32_t i = frame->instrument;

    const bool is_whole = arb_json_array(&ahead) && arb_json_peek(&ahead) != 0 &&
                          (*ahead.at == '[' || *ahead.at == ']');
    arb_draft_begin(&self->draft, self->env, i, is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    event->max_depth = (uint32_t)self->depth;
    if (is_whole && self->orders != NULL) {
        arb_orders_clear(&self->orders[i]);
    }
    if (is_whole) {
        arb_json_array(json);
        while (arb_json_next(json) && take(self, json, i)) {
        }
    } else {
        (void)take(self, json, i);
    }
    self->draft.asks.rc = json->rc;
    if (self->orders == NULL || json->rc != ARB_OK) {
        return arb_draft_publish(host, &self->draft);
    }
    struct arb_orders *const orders = &self->orders[i];
    orders->px_digits = arb_digits_most(orders->px_digits, event->px_digits, 0);
    orders->qty_digits = arb_digits_most(orders->qty_digits, event->qty_digits, 0);
    event->size = (uint32_t)sizeof(*event);
    event->n_beyond = 0;
    return arb_orders_publish(host, event, orders);
}

/* It is of the book as the events before left it: an event of its own, which changes nothing. */
static int on_checksum(struct bitfinex *self, struct arb_host *host, struct frame *frame)
{
    int64_t checksum = 0;

    if (!arb_json_i64(&frame->payload, &checksum)) {
        return arb_book_reject(host, frame->instrument, ARB_EPROTO);
    }
    arb_draft_begin(&self->draft, self->env, frame->instrument, ARB_BOOK_DELTA);
    self->draft.event.max_depth = (uint32_t)self->depth;
    self->draft.event.has_checksum = true;
    self->draft.event.checksum = (uint32_t)checksum;
    return arb_draft_publish(host, &self->draft);
}

/* -- the checksum ------------------------------------------------------------------------- */

/* The best entries of one side, best first; without orders the numbers are not used. */
struct ranks {
    struct entry entries[CHECKSUM_ENTRIES_MAX];
    uint32_t n;
};

/* Orders at one price are in the order of their ids. */
static bool is_better(const struct entry *a, const struct entry *b)
{
    return a->px == b->px ? a->number < b->number : a->is_bid == (a->px > b->px);
}

static void rank(struct ranks *ranks, const struct entry *entry)
{
    uint32_t at = ranks->n;

    ranks->n += at < CHECKSUM_ENTRIES_MAX;
    for (; at > 0 && is_better(entry, &ranks->entries[at - 1]); at--) {
        if (at < CHECKSUM_ENTRIES_MAX) {
            ranks->entries[at] = ranks->entries[at - 1];
        }
    }
    if (at < CHECKSUM_ENTRIES_MAX) {
        ranks->entries[at] = *entry;
    }
}

static void rank_orders(const struct arb_orders *orders, struct ranks sides[2])
{
    for (uint32_t k = 0; k < orders->n_slots; k++) {
        const struct arb_order *const order = &orders->slots[k];
        const struct entry entry = { order->id, order->px, order->qty, order->is_bid };
        if (order->id != 0) {
            rank(&sides[order->is_bid ? 0 : 1], &entry);
        }
    }
}

static void rank_levels(const struct arb_book *book, struct ranks sides[2])
{
    for (uint32_t k = 0; k < CHECKSUM_ENTRIES_MAX; k++) {
        if (k < book->n_bids) {
            const struct arb_level *const bid = arb_bid_at(book, k);
            sides[0].entries[sides[0].n++] = (struct entry){ 0, bid->px, bid->qty, true };
        }
        if (k < book->n_asks) {
            const struct arb_level *const ask = arb_ask_at(book, k);
            sides[1].entries[sides[1].n++] = (struct entry){ 0, ask->px, ask->qty, false };
        }
    }
}

/* As JavaScript prints it, which is as the venue sends it: what is below 1e-6 has an exponent. */
static uint32_t write_number(int64_t value, unsigned scale, char *text)
{
    const unsigned n = arb_uint_len((uint64_t)value);

    if (n + 6 > scale) {
        return arb_decimal_write(value, scale, ARB_DIGITS_UNKNOWN, text);
    }
    uint32_t len = arb_decimal_write(value, n - 1, ARB_DIGITS_UNKNOWN, text);
    text[len++] = 'e';
    text[len++] = '-';
    return len + arb_uint_write(scale - n + 1, text + len);
}

static uint32_t write_entry(const struct bitfinex *self, const struct arb_instrument *info,
                            const struct entry *entry, char *text)
{
    uint32_t len = self->orders == NULL ? write_number(entry->px, info->px_scale, text)
                                        : arb_uint_write(entry->number, text);
    text[len++] = ':';
    if (!entry->is_bid) {
        text[len++] = '-';
    }
    len += write_number(entry->qty, info->qty_scale, text + len);
    text[len++] = ':';
    return len;
}

/* Best bid, best ask, second bid, ...; the longer side goes on alone. */
static int bitfinex_checksum(void *instance, const struct arb_book_event *event,
                             const struct arb_book *book, uint32_t *checksum)
{
    const struct bitfinex *const self = instance;
    struct ranks sides[2] = { { .n = 0 }, { .n = 0 } };
    char text[2 * CHECKSUM_ENTRIES_MAX * ENTRY_TEXT_MAX];
    uint32_t len = 0;

    if (self->orders == NULL) {
        rank_levels(book, sides);
    } else {
        rank_orders(&self->orders[event->instrument], sides);
    }
    for (uint32_t k = 0; k < 2 * CHECKSUM_ENTRIES_MAX; k++) {
        if (k / 2 < sides[k % 2].n) {
            len += write_entry(self, &self->env->instruments[event->instrument],
                               &sides[k % 2].entries[k / 2], text + len);
        }
    }
    *checksum = arb_crc32(0, text, len - (len > 0));
    return ARB_OK;
}

/* -- messages ----------------------------------------------------------------------------- */

/*
 * [channel, book, number], [channel, "hb", number] or [channel, "cs", checksum, number]. All of
 * them are numbered, those of a channel that was left as well.
 */
static int on_array(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    struct arb_json json)
{
    struct frame frame = { .word = { "", 0 } };

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
    const struct channel *const channel =
        find_channel(self, conn, frame.channel, ARB_NO_INSTRUMENT);
    if (rc != ARB_OK || channel == NULL) {
        return rc;
    }
    frame.instrument = channel->instrument;
    if (frame.word.len == 0) {
        return on_book(self, host, &frame);
    }
    return arb_bytes_are(frame.word, "cs") ? on_checksum(self, host, &frame) : ARB_OK;
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
    const struct channel *const channel = find_channel(self, conn, m->id, ARB_NO_INSTRUMENT);

    if (m->code == 10301) {
        return ARB_OK;
    }
    if (i == ARB_NO_INSTRUMENT && channel != NULL) {
        i = channel->instrument;
    }
    return arb_answered(host, i, 0, m->code == 11000 ? ARB_LATER : ARB_REFUSED,
                        arb_refusal(m->words).text);
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
    struct channel *const channel = find_channel(self, conn, id, ARB_NO_INSTRUMENT);

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

/* -- catalog ------------------------------------------------------------------------------ */

/* The rows are [pair, ...], the aliases [[the venue's name, what others call it], ...]. */
struct catalog {
    struct arb_host *host;
    struct arb_json aliases;
};

/* What others call a currency, in capitals as everybody writes them: "UST" is "USDt". */
static bool find_name(const struct catalog *catalog, struct arb_bytes own, char *name)
{
    struct arb_json json = catalog->aliases;
    struct arb_bytes venue = { "", 0 }, alias = { "", 0 }, found = own;

    arb_json_array(&json);
    while (arb_json_next(&json)) {
        const bool is_pair = arb_json_array(&json) && arb_json_next(&json) &&
                             arb_json_string(&json, &venue) && arb_json_next(&json) &&
                             arb_json_string(&json, &alias);
        while (is_pair && arb_json_next(&json)) {
            arb_json_skip(&json);
        }
        if (is_pair && venue.len == own.len && memcmp(venue.data, own.data, own.len) == 0) {
            found = alias;
        } else if (!is_pair) {
            (void)arb_json_fail(&json, ARB_EPROTO);
        }
    }
    arb_bytes_copy(found, name, ARB_SYMBOL_MAX);
    for (; *name != '\0'; name++) {
        *name = (char)(*name >= 'a' && *name <= 'z' ? *name - ('a' - 'A') : *name);
    }
    return arb_json_ok(&json);
}

/* "BTCUSD", or "DOGE:USD" where one of the names has not three letters. False: neither. */
static bool split_pair(struct arb_bytes pair, struct arb_bytes *base, struct arb_bytes *quote)
{
    const char *const colon = memchr(pair.data, ':', pair.len);
    const size_t len = colon == NULL ? 3 : (size_t)(colon - pair.data);
    const size_t skipped = len + (colon != NULL);

    *base = (struct arb_bytes){ pair.data, len };
    *quote = (struct arb_bytes){ pair.data + skipped, pair.len - skipped };
    return colon != NULL || pair.len == 6;
}

static int read_pair(void *context, struct arb_json *json)
{
    const struct catalog *const catalog = context;
    struct arb_bytes pair, base, quote;
    char venue_symbol[ARB_SYMBOL_MAX], base_name[ARB_SYMBOL_MAX], quote_name[ARB_SYMBOL_MAX];

    if (!arb_json_string(json, &pair)) {
        return json->rc;
    }
    const int n = snprintf(venue_symbol, sizeof(venue_symbol), "t%.*s", (int)pair.len, pair.data);
    if (n >= (int)sizeof(venue_symbol) || !split_pair(pair, &base, &quote)) {
        return ARB_OK;
    }
    if (!find_name(catalog, base, base_name) || !find_name(catalog, quote, quote_name)) {
        return ARB_EPROTO;
    }
    if (strncmp(venue_symbol, "tTEST", 5) == 0 || strncmp(base_name, "TEST", 4) == 0) {
        return ARB_OK; /* markets without money */
    }
    const struct arb_catalog_row row = { .base = arb_bytes_of(base_name),
                                         .quote = arb_bytes_of(quote_name),
                                         .venue_symbol = arb_bytes_of(venue_symbol),
                                         .px_digits = UINT64_MAX, /* it depends on the price */
                                         .qty_digits = 8,
                                         .trading = ARB_TRADING_OPEN };
    return arb_catalog_publish(catalog->host, &row);
}

static int bitfinex_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                           int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body), pairs;
    struct catalog catalog = { .host = host };

    (void)instance, (void)ask;
    arb_json_array(&json);
    const bool is_whole = arb_json_next(&json) && arb_json_later(&json, &pairs) &&
                          arb_json_next(&json) && arb_json_later(&json, &catalog.aliases) &&
                          !arb_json_next(&json) && arb_json_end(&json);
    if (status != 200 || !is_whole) {
        return ARB_EPROTO;
    }
    const int rc = arb_json_each(&pairs, read_pair, &catalog);
    return rc == ARB_OK ? arb_catalog_end(host) : rc;
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
                   CHANNELS_MAX, "Pairs subscribed on one connection; the venue documents 25."),
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
    .fini = bitfinex_fini,
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
