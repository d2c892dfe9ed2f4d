/* Bitfinex, public order books, API v2. README.md has the venue's rules and where they are from. */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/digits_crc.h"

enum { CHANNELS_MAX = 36 }; /* on one connection; the venue refuses more */

/* A subscription of one connection. */
struct channel {
    uint64_t id; /* 0: free */
    uint32_t instrument;
};

struct bitfinex {
    const char *ws_url, *rest_url; /* options */
    int64_t depth;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
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
    plan->beat_ms = 15000;   /* each channel has heartbeats of its own */
    plan->opens_per_10s = 3; /* 20 in a minute are allowed to an address */
    plan->catalog = ARB_CATALOG_HTTP;
    plan->has_empty_books = true;
    plan->is_listed_only = true; /* what the venue calls AMP is not what others do */
    plan->depth = (uint32_t)self->depth;
    arb_plan_limit(plan, &self->limits);
    return ARB_OK;
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

/* What is over was its book's: one that is still served by it cannot go on. */
static int end_channel(struct arb_host *host, struct channel *channel)
{
    struct arb_book book;
    const int rc = channel->id == 0 ? ARB_OK : arb_book_view(host, channel->instrument, &book);
    const bool is_served = channel->id != 0 && rc == ARB_OK && book.state == ARB_BOOK_LIVE;

    channel->id = 0;
    return is_served
               ? arb_book_resync(host, channel->instrument, "its channel was given anew, unasked")
               : rc;
}

/* What the id and the instrument had before is over, unless they had each other. */
static int keep_channel(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                        struct channel given)
{
    struct channel *place = NULL;
    int rc = given.id == 0 ? ARB_EPROTO : ARB_OK;

    for (unsigned k = CHANNELS_MAX; rc == ARB_OK && k-- > 0;) {
        struct channel *const channel = &self->channels[conn][k];
        const bool is_id = channel->id == given.id,
                   is_book = channel->instrument == given.instrument;
        if (channel->id == 0 || is_id || is_book) {
            rc = is_id && is_book ? ARB_OK : end_channel(host, channel);
            place = channel;
        }
    }
    if (rc == ARB_OK && place != NULL) {
        *place = given;
    }
    return place == NULL ? ARB_EPROTO : rc;
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
                     "\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"%d\"}",
                     self->env->instruments[ask->instruments[0]].venue_symbol, (int)self->depth);
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

/* -- books -------------------------------------------------------------------------------- */

/* [price, count, +-amount], an ask below 0. Without orders the level is gone. */
static int read_level(void *context, struct arb_json *json)
{
    struct arb_draft *const draft = context;
    struct arb_json px, amount;
    uint64_t n_orders;
    const struct arb_json_field fields[] = { { "price", ARB_JSON_ANY, &px },
                                             { "count", ARB_JSON_U64, &n_orders },
                                             { "amount", ARB_JSON_ANY, &amount } };

    if (arb_json_elements(json, fields, 3) != 7) {
        return arb_json_trouble(json);
    }
    const bool is_ask = arb_json_literal(&amount, "-", 1);
    struct arb_levels *const side = is_ask ? &draft->asks : &draft->bids;
    struct arb_level *const level = arb_levels_more(json, side);
    if (level == NULL) {
        return json->rc;
    }
    if (!arb_json_price(&px, side->px_scale, &level->px, &side->px_digits) ||
        !arb_json_decimal(&amount, side->qty_scale, &level->qty, &side->qty_digits) ||
        level->qty == 0) { /* which would have no side */
        return arb_json_ok(&px) ? arb_json_trouble(&amount) : px.rc;
    }
    level->qty = n_orders == 0 ? 0 : level->qty;
    arb_levels_keep(side);
    return ARB_OK;
}

/*
 * A whole book is an array of levels, and a change is one. A checksum is of the book as the events
 * before left it: an event of its own, which changes nothing. Damage costs this book only.
 */
static int on_book(struct bitfinex *self, struct arb_host *host, uint32_t instrument,
                   struct arb_json json, bool is_checksum)
{
    struct arb_draft *const draft = &self->draft;
    struct arb_json ahead = json;
    int64_t checksum = 0;
    const bool is_whole = !is_checksum && arb_json_array(&ahead) && arb_json_peek(&ahead) != 0 &&
                          (*ahead.at == '[' || *ahead.at == ']');

    arb_draft_begin(draft, self->env, instrument, is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    draft->event.max_depth = (uint32_t)self->depth;
    draft->event.has_checksum = is_checksum;
    if (is_checksum) {
        draft->bids.rc = arb_json_i64(&json, &checksum) ? ARB_OK : ARB_EPROTO;
    } else {
        draft->bids.rc =
            is_whole ? arb_json_each(&json, read_level, draft) : read_level(draft, &json);
    }
    draft->event.checksum = (uint32_t)checksum;
    return arb_draft_publish(host, draft);
}

/* Best bid, best ask, second bid, ...; the longer side goes on alone. */
static int bitfinex_checksum(void *instance, const struct arb_book_event *event,
                             const struct arb_book *book, uint32_t *checksum)
{
    static const struct arb_digits_style style = { .n_levels = 25,
                                                   .order = ARB_DIGITS_BY_LEVEL,
                                                   .between = ':',
                                                   .has_point = true,
                                                   .is_js = true,
                                                   .has_minus = true };
    const struct bitfinex *const self = instance;

    *checksum = arb_digits_crc_once(&style, self->env, event, book);
    return ARB_OK;
}

/*
 * [channel, book, number], [channel, "hb", number] or [channel, "cs", checksum, number]. All of
 * them are numbered, those of a channel that was left as well.
 */
static int on_array(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    struct arb_json json)
{
    enum { BOOK = 1 | 2 | 4, WORD = BOOK | 8 };
    struct arb_bytes word = { "", 0 };
    struct arb_json second, third, fourth;
    uint64_t id, number;
    const struct arb_json_field fields[] = { { "channel", ARB_JSON_U64, &id },
                                             { "book or word", ARB_JSON_ANY, &second },
                                             { "number or checksum", ARB_JSON_ANY, &third },
                                             { "number", ARB_JSON_ANY, &fourth } };
    const uint32_t seen = arb_json_elements(&json, fields, 4);

    if (!arb_json_end(&json) || (seen & BOOK) != BOOK) {
        return ARB_EPROTO;
    }
    const bool is_book = arb_json_peek(&second) != '"' || !arb_json_string(&second, &word);
    const bool is_short = is_book || arb_bytes_are(word, "hb");
    if (!(is_short || seen == WORD) || !arb_json_u64(is_short ? &third : &fourth, &number)) {
        return ARB_EPROTO;
    }
    const int rc = arb_conn_seq(host, conn, number);
    const struct channel *const channel = find_channel(self, conn, id, ARB_NO_INSTRUMENT);
    const bool is_checksum = arb_bytes_are(word, "cs");
    if (rc != ARB_OK || channel == NULL || !(is_book || is_checksum)) {
        return rc;
    }
    return on_book(self, host, channel->instrument, is_checksum ? third : second, is_checksum);
}

/* -- events ------------------------------------------------------------------------------- */

/* What is not in it is empty, or 0. */
struct message {
    struct bitfinex *self;
    struct arb_host *host;
    uint32_t conn, instrument;
    struct arb_bytes event, channel, symbol, pair, precision, words, status;
    uint64_t id, len, code, version;
    struct arb_json platform;
};

/* The first one of a connection tells its version and whether the platform works. */
static int on_info(struct message *m, bool has_platform)
{
    uint64_t works = 0;
    const struct arb_json_field field = { "status", ARB_JSON_U64, &works };

    if (m->version != 0) {
        memset(m->self->channels[m->conn], 0, sizeof(m->self->channels[m->conn]));
    }
    if (has_platform && arb_json_fields(&m->platform, &field, 1) != 1) {
        return ARB_EPROTO;
    }
    if (m->code == 20051) {
        return arb_ws_renew(m->host, m->conn, "the venue restarts its servers");
    }
    if (m->code == 20061) { /* nothing trades before the next connection says so */
        return arb_ws_close(m->host, m->conn, "the maintenance is over, its books start over");
    }
    if (works == 1 && m->code != 20060) {
        return arb_trading_set(m->host, ARB_ALL_INSTRUMENTS, ARB_TRADING_OPEN, "operative");
    }
    return has_platform || m->code == 20060
               ? arb_trading_set(m->host, ARB_ALL_INSTRUMENTS, ARB_TRADING_HALTED, "maintenance")
               : ARB_OK;
}

static int on_subscribed(const struct message *m)
{
    if (!arb_bytes_are(m->channel, "book") || m->instrument == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    if (m->len != (uint64_t)m->self->depth || !arb_bytes_are(m->precision, "P0") ||
        !arb_bytes_are(m->pair, m->self->env->instruments[m->instrument].venue_symbol + 1)) {
        return ARB_EPROTO; /* nobody asked for that */
    }
    const struct channel given = { m->id, m->instrument };
    const int rc = keep_channel(m->self, m->host, m->conn, given);
    return rc == ARB_OK ? arb_acknowledged(m->host, m->instrument, false) : rc;
}

/* What concerns a channel that was given. "Not ready" passes. */
static int on_channel(const struct message *m, bool is_error)
{
    struct channel *const channel = find_channel(m->self, m->conn, m->id, ARB_NO_INSTRUMENT);
    const uint32_t of_channel = channel == NULL ? ARB_NO_INSTRUMENT : channel->instrument;

    if (is_error) {
        const bool has_name = m->instrument != ARB_NO_INSTRUMENT;
        return arb_refused(m->host, has_name ? m->instrument : of_channel,
                           m->code == 11000 ? ARB_LATER : ARB_REFUSED, m->words);
    }
    if (channel != NULL) {
        channel->id = 0; /* what still comes of it is of no book */
    }
    return arb_acknowledged(m->host, of_channel, true);
}

static int on_event(struct bitfinex *self, struct arb_host *host, uint32_t conn,
                    struct arb_json json)
{
    enum { EVENT = 1, PLATFORM = 2 };
    struct message m = { .self = self, .host = host, .conn = conn };
    const struct arb_json_field fields[] = {
        { "event", ARB_JSON_TEXT, &m.event },     { "platform", ARB_JSON_ANY, &m.platform },
        { "channel", ARB_JSON_TEXT, &m.channel }, { "chanId", ARB_JSON_U64, &m.id },
        { "symbol", ARB_JSON_TEXT, &m.symbol },   { "msg", ARB_JSON_TEXT, &m.words },
        { "code", ARB_JSON_U64, &m.code },        { "version", ARB_JSON_U64, &m.version },
        { "status", ARB_JSON_TEXT, &m.status },   { "pair", ARB_JSON_TEXT, &m.pair },
        { "prec", ARB_JSON_TEXT, &m.precision },  { "len", ARB_JSON_U64, &m.len },
    };
    const uint32_t seen = arb_json_fields(&json, fields, sizeof(fields) / sizeof(*fields));

    if (!arb_json_end(&json) || (seen & EVENT) == 0) {
        return ARB_EPROTO;
    }
    m.instrument = arb_instrument_find(self->env, m.symbol);
    if (arb_bytes_are(m.event, "subscribed")) {
        return on_subscribed(&m);
    }
    const bool is_error = arb_bytes_are(m.event, "error");
    if (is_error && m.code == 10301) {
        return ARB_OK; /* "already subscribed" comes before the answer that it repeats */
    }
    if (is_error || arb_bytes_are(m.event, "unsubscribed")) {
        return on_channel(&m, is_error);
    }
    if (arb_bytes_are(m.event, "info")) {
        return on_info(&m, (seen & PLATFORM) != 0);
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

/* -- names -------------------------------------------------------------------------------- */

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

/* The venue's own names of the currencies of a pair, and what others call them. */
struct pair {
    struct arb_bytes own[2], names[2];
};

/* "BTCUSD", or "DOGE:USD" where one of the names has not three letters. False: neither. */
static bool split(struct arb_bytes text, struct pair *pair)
{
    const char *const colon = memchr(text.data, ':', text.len);
    const size_t len = colon == NULL ? 3 : (size_t)(colon - text.data);
    const size_t skipped = len + (colon != NULL);

    if (colon == NULL && text.len != 6) {
        return false;
    }
    pair->own[0] = pair->names[0] = (struct arb_bytes){ text.data, len };
    pair->own[1] = pair->names[1] = (struct arb_bytes){ text.data + skipped, text.len - skipped };
    return true;
}

/* [the venue's name, what others call it]: "UST" is "USDt". */
static int read_alias(void *context, struct arb_json *json)
{
    struct pair *const pair = context;
    struct arb_bytes own, name;
    const struct arb_json_field fields[] = { { "own", ARB_JSON_TEXT, &own },
                                             { "name", ARB_JSON_TEXT, &name } };

    if (arb_json_elements(json, fields, 2) != 3) {
        return arb_json_trouble(json);
    }
    for (unsigned k = 0; k < 2; k++) {
        pair->names[k] = arb_bytes_equal(own, pair->own[k]) ? name : pair->names[k];
    }
    return ARB_OK;
}

struct catalog {
    struct arb_host *host;
    struct arb_json pairs, aliases;
};

static int read_pair(void *context, struct arb_json *json)
{
    const struct catalog *const catalog = context;
    struct arb_json aliases = catalog->aliases;
    struct arb_bytes text;
    struct pair pair;
    char venue_symbol[ARB_SYMBOL_MAX];

    if (!arb_json_string(json, &text)) {
        return json->rc;
    }
    const int n = snprintf(venue_symbol, sizeof(venue_symbol), "t%.*s", (int)text.len, text.data);
    if (n >= (int)sizeof(venue_symbol) || !split(text, &pair)) {
        return ARB_OK;
    }
    if (arb_json_each(&aliases, read_alias, &pair) != ARB_OK) {
        return ARB_EPROTO;
    }
    if (arb_bytes_begin(text, "TEST") || arb_bytes_begin(pair.names[0], "TEST")) {
        return ARB_OK; /* markets without money */
    }
    const struct arb_catalog_row row = { .base = pair.names[0],
                                         .quote = pair.names[1],
                                         .is_any_case = true, /* "USDt" */
                                         .venue_symbol = arb_bytes_of(venue_symbol),
                                         .px_digits = UINT64_MAX, /* it depends on the price */
                                         .qty_digits = 8,
                                         .trading = ARB_TRADING_OPEN };
    return arb_catalog_publish(catalog->host, &row);
}

/* [[pair, ...], [alias, ...]] */
static int bitfinex_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                           int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body), more;
    struct catalog catalog = { .host = host };
    const struct arb_json_field fields[] = { { "pairs", ARB_JSON_ANY, &catalog.pairs },
                                             { "aliases", ARB_JSON_ANY, &catalog.aliases },
                                             { "more", ARB_JSON_ANY, &more } };

    (void)instance, (void)ask;
    if (status != 200 || arb_json_elements(&json, fields, 3) != 3 || !arb_json_end(&json)) {
        return ARB_EPROTO;
    }
    const int rc = arb_json_each(&catalog.pairs, read_pair, &catalog);
    return rc == ARB_OK ? arb_catalog_end(host) : rc;
}

static const struct arb_option options[] = {
    ARB_OPTION_INT_OF("depth", struct bitfinex, depth, "100", "25|100|250", "Levels a side."),
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
