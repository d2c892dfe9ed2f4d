/* OKX spot, public order books, API v5. README.md has the venue's rules and where they are from. */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/digits_crc.h"

/* Each region has hosts and a list of instruments of its own. */
static const struct arb_region regions[] = {
    { "global", "wss://ws.okx.com:8443/ws/v5/public", "https://www.okx.com/api/v5" },
    { "eea", "wss://wseea.okx.com:8443/ws/v5/public", "https://eea.okx.com/api/v5" },
    { "us", "wss://wsus.okx.com:8443/ws/v5/public", "https://us.okx.com/api/v5" },
};

/* The channels that need no login, and all with the same messages: recordings have another one. */
static const struct okx_feed {
    uint32_t depth, loss, source;
    const char *channel, *alike;
} feeds[] = {
    { 400, ARB_LOSS_CHAIN, ARB_SNAPSHOT_STREAM, "books", "books books-l2-tbt" },
    { 5, ARB_LOSS_STATELESS, ARB_SNAPSHOT_EACH, "books5", "books5" },
    { 1, ARB_LOSS_STATELESS, ARB_SNAPSHOT_EACH, "bbo-tbt", "bbo-tbt" },
};

static const struct arb_trading_word words[] = { { "live", ARB_TRADING_OPEN }, { NULL, 0 } };

struct okx {
    const char *region_name, *ws_url, *rest_url; /* options */
    int64_t depth;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    const struct arb_region *region;
    const struct okx_feed *feed;
    char before_name[48];   /* {"channel":"books","instId":", as a request has it */
    struct arb_draft draft; /* of the book in hand */
};

static int okx_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                    struct arb_plan *plan)
{
    struct okx *const self = instance;
    struct arb_text before = arb_text_over(self->before_name, sizeof(self->before_name));

    (void)host;
    self->env = env;
    self->region = arb_region_of(regions, self->region_name);
    self->feed = &feeds[self->depth == 400 ? 0 : self->depth == 5 ? 1 : 2];
    arb_text_add(&before, "{\"channel\":\"%s\",\"instId\":\"", self->feed->channel);
    plan->loss_detection = self->feed->loss;
    plan->snapshot_source = self->feed->source;
    plan->depth = self->feed->depth;
    plan->opens_per_10s = 3;       /* 3 a second are allowed to an address */
    plan->requests_per_hour = 470; /* of 480, for HELLO counts too */
    plan->catalog = ARB_CATALOG_HTTP;
    arb_plan_pinged(plan, &self->limits);
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

static int okx_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct okx *const self = instance;
    const struct arb_ask_form form = { self->before_name, "\"}" };
    struct arb_text *const text = &request->text;

    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(text, "%s", arb_option_or(self->ws_url, self->region->ws));
    } else if (ask->what == ARB_ASK_HELLO && ask->conn == 0) { /* tells when a state changes */
        arb_text_add(text, "{\"op\":\"subscribe\",\"args\":"
                           "[{\"channel\":\"instruments\",\"instType\":\"SPOT\"}]}");
    } else if (arb_ask_is_books(ask)) {
        arb_ask_op(ask, self->env, "id", form, text);
    } else if (ask->what == ARB_ASK_HEARTBEAT) {
        arb_text_add(text, "ping");
    } else if (ask->what == ARB_ASK_CATALOG) {
        arb_text_add(text, "%s/public/instruments?instType=SPOT",
                     arb_option_or(self->rest_url, self->region->rest));
    }
    return text->len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* -- books -------------------------------------------------------------------------------- */

/* A message, and what it is read with. What is not in it is empty. */
struct okx_message {
    struct okx *self;
    struct arb_host *host;
    uint32_t instrument;
    uint32_t kind; /* enum arb_book_kind, or 0 */
    struct arb_json arg, data, id;
    struct arb_bytes channel, action, event, code, words;
};

/*
 * What is wrong with a book, unless it is not even JSON, costs this book only. A number that
 * repeats says that nothing changed; until 2022 there were checksums instead of numbers.
 */
static int read_book(void *context, struct arb_json *json)
{
    const struct okx_message *const m = context;
    struct arb_draft *const draft = &m->self->draft;
    struct arb_book_event *const event = &draft->event;
    struct arb_bytes name = arb_bytes_of(m->self->env->instruments[m->instrument].venue_symbol);
    int64_t checksum = 0, number = -1, previous = -2;
    const struct arb_json_field fields[] = {
        { "asks", ARB_JSON_LEVELS, &draft->asks }, { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "ts", ARB_JSON_MS, &event->venue_ns },   { "checksum", ARB_JSON_I64, &checksum },
        { "seqId", ARB_JSON_I64, &number },        { "prevSeqId", ARB_JSON_I64, &previous },
        { "instId", ARB_JSON_TEXT, &name }, /* of whole books alone */
    };

    arb_draft_begin(draft, m->self->env, m->instrument, (enum arb_book_kind)m->kind);
    const uint32_t seen = arb_json_fields(json, fields, 7);
    if (!arb_json_ok(json)) {
        return json->rc;
    }
    const bool is_linked = number >= 0 && previous >= (m->kind == ARB_BOOK_DELTA ? 0 : -1),
               is_empty = draft->bids.n + draft->asks.n == 0;
    const bool is_sound = is_linked ? number != previous || is_empty : checksum != 0;
    if ((seen & 3) != 3 || event->venue_ns == 0 ||
        !arb_instrument_is(m->self->env, m->instrument, name) ||
        (m->self->feed->loss == ARB_LOSS_CHAIN && !is_sound)) {
        return arb_book_reject(m->host, m->instrument, ARB_EPROTO);
    }
    event->max_depth = m->self->feed->depth;
    event->last_seq = is_linked ? (uint64_t)number + 1 : 0; /* theirs begin with 0 */
    event->prev_seq = is_linked ? (uint64_t)previous + 1 : 0;
    event->has_checksum = checksum != 0;
    event->checksum = (uint32_t)checksum;
    return arb_draft_publish(m->host, draft);
}

/* Of recordings only. */
static int okx_checksum(void *instance, const struct arb_book_event *event,
                        const struct arb_book *book, uint32_t *checksum)
{
    static const struct arb_digits_style style = { .n_levels = 25,
                                                   .order = ARB_DIGITS_BY_LEVEL,
                                                   .between = ':',
                                                   .has_point = true,
                                                   .is_short = true };
    const struct okx *const self = instance;

    *checksum = arb_digits_crc_once(&style, self->env, event, book);
    return ARB_OK;
}

/* -- messages ----------------------------------------------------------------------------- */

/* Reads an `arg`. What cannot be read, and another channel, is of no book. */
static uint32_t find_book(const struct okx *self, struct arb_json arg, struct arb_bytes *channel)
{
    struct arb_bytes name = { "", 0 };
    const struct arb_json_field fields[] = { { "channel", ARB_JSON_TEXT, channel },
                                             { "instId", ARB_JSON_TEXT, &name } };

    (void)arb_json_fields(&arg, fields, 2);
    return arb_is_among(*channel, self->feed->alike) ? arb_instrument_find(self->env, name)
                                                     : ARB_NO_INSTRUMENT;
}

static int read_state(void *context, struct arb_json *json)
{
    const struct okx_message *const m = context;
    struct arb_bytes name, state;
    const struct arb_json_field fields[] = { { "instId", ARB_JSON_TEXT, &name },
                                             { "state", ARB_JSON_TEXT, &state } };

    if (arb_json_fields(json, fields, 2) != 3) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(m->self->env, name);
    return i == ARB_NO_INSTRUMENT ? ARB_OK : arb_trading_say(m->host, i, state, words);
}

static int on_data(struct okx_message *m)
{
    if (arb_bytes_are(m->channel, "instruments")) {
        return arb_json_each(&m->data, read_state, m);
    }
    if (m->instrument == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    const bool is_each = m->self->feed->source == ARB_SNAPSHOT_EACH;
    m->kind = is_each ? ARB_BOOK_SNAPSHOT : arb_kind_of(m->action);
    return m->kind != 0 ? arb_json_each(&m->data, read_book, m) : ARB_EPROTO;
}

/* Errors that pass: asked too often, or the venue is busy. */
static const char passing[] = "60014 63999 50001 50004 50011 50013 50026";

static int on_error(const struct okx_message *m)
{
    const enum arb_outcome outcome = arb_is_among(m->code, passing) ? ARB_LATER : ARB_REFUSED;
    const uint32_t i = arb_instrument_in(m->self->env, m->words);

    return i == ARB_NO_INSTRUMENT
               ? arb_refused_ask(m->host, arb_number_of(m->id), outcome, m->words)
               : arb_refused(m->host, i, outcome, m->words);
}

static int on_event(const struct okx_message *m, uint32_t conn)
{
    if (arb_bytes_are(m->event, "error")) {
        return on_error(m);
    }
    if (arb_bytes_are(m->event, "notice") && arb_bytes_are(m->code, "64008")) {
        return arb_ws_renew(m->host, conn, "the venue upgrades its service");
    }
    return arb_acknowledged_by(m->host, m->instrument, m->event);
}

static int okx_message(void *instance, struct arb_host *host, uint32_t conn,
                       struct arb_message message)
{
    enum { NEEDED = 1 | 2, EVENT = 8 };
    const struct arb_json none = arb_json_over(arb_bytes_of(""));
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct okx_message m = { .self = instance, .host = host, .arg = none, .id = none };
    const struct arb_json_field fields[] = {
        { "arg", ARB_JSON_ANY, &m.arg },        { "data", ARB_JSON_ANY, &m.data },
        { "action", ARB_JSON_TEXT, &m.action }, { "event", ARB_JSON_TEXT, &m.event },
        { "code", ARB_JSON_TEXT, &m.code },     { "msg", ARB_JSON_TEXT, &m.words },
        { "id", ARB_JSON_ANY, &m.id },
    };

    if (arb_bytes_are(arb_message_bytes(message), "pong")) {
        return ARB_OK;
    }
    const uint32_t seen = arb_json_fields(&json, fields, 7);
    if (!arb_json_end(&json)) {
        return json.rc;
    }
    m.instrument = find_book(m.self, m.arg, &m.channel);
    if ((seen & EVENT) != 0) {
        return on_event(&m, conn);
    }
    return (seen & NEEDED) == NEEDED ? on_data(&m) : ARB_EPROTO;
}

/* Books begin with it, and answers do not. */
static uint32_t okx_book_of(void *instance, struct arb_message message)
{
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct arb_bytes channel = { "", 0 };

    return arb_json_literal(&json, "{\"arg\":", 7) ? find_book(instance, json, &channel)
                                                   : ARB_NO_INSTRUMENT;
}

/* -- catalog ------------------------------------------------------------------------------ */

/* A row that cannot be read is left out; what is announced has no sizes yet. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes state = { "", 0 };
    const struct arb_json_field fields[] = {
        { "baseCcy", ARB_JSON_TEXT, &row.base },
        { "instId", ARB_JSON_TEXT, &row.venue_symbol },
        { "quoteCcy", ARB_JSON_TEXT, &row.quote },
        { "state", ARB_JSON_TEXT, &state },
        { "lotSz", ARB_JSON_DECIMAL, &row.terms.lot },
        { "tickSz", ARB_JSON_DECIMAL, &row.terms.tick },
        { "minSz", ARB_JSON_DECIMAL, &row.terms.min_qty },
    };

    (void)context;
    if (!arb_catalog_fields(&row, &json, fields, 7)) {
        return ARB_OK;
    }
    row.trading = arb_trading_of(state, words);
    return arb_catalog_publish(host, &row);
}

static int okx_answer(void *instance, struct arb_host *host, const struct arb_ask *ask, int status,
                      struct arb_bytes body)
{
    static const struct arb_catalog_form form = {
        .code = "code", .passing = passing, .rows = { "data" }, .read = read_row
    };

    (void)ask;
    return arb_catalog_answer(&form, instance, host, status, body);
}

static const struct arb_option options[] = {
    ARB_OPTION_ENUM("region", struct okx, region_name, "global", "global|eea|us",
                    "Where the account is: hosts, pairs and fees differ."),
    ARB_OPTION_INT_OF("depth", struct okx, depth, "400", "1|5|400",
                      "Levels a side; 400 proves each update, 1 and 5 are whole books."),
    ARB_OPTION_STRING("ws_url", struct okx, ws_url, "", "WebSocket URL; empty: the region's."),
    ARB_OPTION_STRING("rest_url", struct okx, rest_url, "",
                      "REST address, without a slash at its end; empty: the region's."),
    ARB_OPTION_INT("pairs_per_connection", struct okx, limits.books_per_conn, "25", 1, 1000,
                   "Pairs subscribed on one connection; the venue recommends less than 30."),
    ARB_OPTION_INT("pairs_per_request", struct okx, limits.books_per_request, "25", 1, 500,
                   "Pairs named in one subscribe request."),
    ARB_OPTION_INT("requests_per_second", struct okx, limits.requests_per_second, "3", 1, 100,
                   "Requests a second on one connection; the venue allows 480 an hour."),
    ARB_OPTION_MS("heartbeat", struct okx, limits.heartbeat_ms, "20s", 1000, 29000,
                  "How often the venue is pinged; it closes what is silent for 30 s."),
    ARB_OPTION_MS("heartbeat_timeout", struct okx, limits.heartbeat_wait_ms, "10s", 1000, 60000,
                  "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct okx, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
    ARB_OPTION_MS("catalog_age", struct okx, limits.catalog_age_ms, "10m", 10000, 86400000,
                  "How often the list of pairs is read; states are told at once besides."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = okx_init,
    .ask = okx_ask,
    .on_message = okx_message,
    .spell = arb_spell_dashed,
    .on_answer = okx_answer,
    .checksum = okx_checksum,
    .book_of = okx_book_of,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "okx",
    .version = "1.0.0",
    .description = "OKX spot order books over WebSocket, every update proven by its link",
    .instance_size = sizeof(struct okx),
    .ops = &ops,
    .taker_fee = "0.10%",
    .taker_fee_date = "2026-07-26",
    .facts_date = "2026-08",
};
