/*
 * tern.c - the exchange of the plugin author's guide: what `arbspot new tern` wrote, gone through
 * from the top. The guide has the exchange's documentation.
 */
#include <arbspot/answers.h>
#include <arbspot/catalog.h>
#include <arbspot/digits_crc.h>

struct tern_session {
    const char *ws_url, *rest_url; /* options */
    struct arb_limits limits;      /* options, too: the members of the plan that mostly are */
    const struct arb_exchange_env *env;
    struct arb_draft draft;                            /* of the book being read */
    struct arb_digits_crc digits[ARB_INSTRUMENTS_MAX]; /* the text of each book's best levels */
};

/* -- the plan ----------------------------------------------------------------------------- */

static int tern_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                     struct arb_plan *plan)
{
    struct tern_session *const self = instance;

    (void)host;
    self->env = env;
    plan->loss_detection = ARB_LOSS_SEQUENCE;         /* "seq" grows by one */
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;      /* "all": true, after joining */
    plan->checksum_levels = 3;                        /* "crc" covers so many a side */
    plan->unknown_delete = ARB_UNKNOWN_DELETE_DESYNC; /* only what is there is deleted */
    plan->liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;   /* pings that are answered */
    plan->catalog = ARB_CATALOG_HTTP;                 /* GET /markets */
    plan->opens_per_10s = 5;                          /* connections, over all of the exchange */
    arb_plan_limit(plan, &self->limits);              /* what the options say */
    plan->idle_ms = plan->heartbeat_ms + 2 * plan->heartbeat_wait_ms;
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

static int tern_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct tern_session *const self = instance;
    struct arb_text *const text = &request->text;

    switch (ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "%s", self->ws_url);
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        arb_text_add(text, "{\"op\":\"%s\",\"books\":[",
                     ask->what == ARB_ASK_SUBSCRIBE ? "join" : "leave");
        arb_ask_names(ask, self->env, text);
        arb_text_add(text, "]}");
        return ARB_OK;
    case ARB_ASK_HEARTBEAT:
        arb_text_add(text, "{\"op\":\"ping\"}");
        return ARB_OK;
    case ARB_ASK_CATALOG:
        arb_text_add(text, "%s/markets", self->rest_url);
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

/* BTC/USD is btc-usd. */
static int tern_spell(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "-", true, name);
}

/* -- messages ----------------------------------------------------------------------------- */

/* The CRC-32 of "100.5:2:100.6:1:100.4:1:...": best bid, best ask, second bid, and so on. */
static int tern_checksum(void *instance, const struct arb_book_event *event,
                         const struct arb_book *book, uint32_t *checksum)
{
    static const struct arb_digits_style style = { .n_levels = 3,
                                                   .order = ARB_DIGITS_BY_LEVEL,
                                                   .between = ':',
                                                   .has_point = true,
                                                   .is_short = true };
    struct tern_session *const self = instance;
    const uint32_t i = event->instrument;

    *checksum = arb_digits_crc(&self->digits[i], &style, &self->env->instruments[i], event, book);
    return ARB_OK;
}

/* The book starts over, so its text does. */
static void tern_reset(void *instance, uint32_t instrument)
{
    struct tern_session *const self = instance;
    memset(&self->digits[instrument], 0, sizeof(self->digits[instrument]));
}

/* A whole book or its changes; the reader stands behind `name`. All members are needed. */
static int read_book(struct tern_session *self, struct arb_host *host, struct arb_json *json,
                     struct arb_bytes name)
{
    enum { ALL = 63 };
    struct arb_draft *const draft = &self->draft;
    bool is_whole = false;
    uint64_t crc = 0;
    const struct arb_json_field fields[] = {
        /* in the order that the exchange writes them */
        { "all", ARB_JSON_BOOL, &is_whole },
        { "seq", ARB_JSON_U64, &draft->event.last_seq },
        { "time", ARB_JSON_TIME, &draft->event.venue_ns },
        { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "asks", ARB_JSON_LEVELS, &draft->asks },
        { "crc", ARB_JSON_U64, &crc },
    };
    const uint32_t i = arb_instrument_find(self->env, name);

    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK; /* nobody asked for it, or it was left meanwhile */
    }
    arb_draft_begin(draft, self->env, i, ARB_BOOK_DELTA);
    const uint32_t seen = arb_json_members(json, fields, 6);
    if (!arb_json_end(json)) {
        return json->rc;
    }
    if (seen != ALL || crc > UINT32_MAX) {
        return ARB_EPROTO;
    }
    draft->event.kind = is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;
    draft->event.first_seq = draft->event.last_seq; /* each message has one number */
    draft->event.has_checksum = true;
    draft->event.checksum = (uint32_t)crc;
    return arb_draft_publish(host, draft);
}

/* What is no book: an answer, a refusal, a pong, or something that this plugin does not know. */
static int read_answer(struct tern_session *self, struct arb_host *host, struct arb_json *json)
{
    enum { JOINED = 1, LEFT = 2, ERROR = 4 };
    struct arb_bytes name = { "", 0 }, error = { "", 0 };
    const struct arb_json_field fields[] = {
        { "joined", ARB_JSON_TEXT, &name },
        { "left", ARB_JSON_TEXT, &name },
        { "error", ARB_JSON_TEXT, &error },
        { "market", ARB_JSON_TEXT, &name },
    };
    const uint32_t seen = arb_json_fields(json, fields, 4);

    if (!arb_json_end(json)) {
        return json->rc;
    }
    const uint32_t i = arb_instrument_find(self->env, name);
    if ((seen & ERROR) != 0) { /* without a market nobody is meant in particular */
        return arb_answered(host, i, 0, arb_is_among(error, "slow_down") ? ARB_LATER : ARB_REFUSED,
                            arb_refusal(error).text);
    }
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    return seen == JOINED || seen == LEFT
               ? arb_answered(host, i, 0, seen == LEFT ? ARB_LEFT : ARB_SUBSCRIBED, "")
               : ARB_EPROTO;
}

/* Every message about levels begins with its book's name. An error drops the connection. */
static int tern_on_message(void *instance, struct arb_host *host, uint32_t conn,
                           struct arb_message message)
{
    struct tern_session *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message)), again = json;
    struct arb_bytes name = { "", 0 };

    (void)conn;
    return arb_json_lead(&json, "book", &name) ? read_book(self, host, &json, name)
                                               : read_answer(self, host, &again);
}

/* -- the catalog -------------------------------------------------------------------------- */

/* What the exchange calls "post_only" and "closed" is a halt, as every other word is. */
static const struct arb_trading_word words[] = { { "open", ARB_TRADING_OPEN }, { NULL, 0 } };

/* One row; one that cannot be read is left out. */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    struct arb_bytes status = { "", 0 };
    const struct arb_json_field fields[] = {
        { "name", ARB_JSON_TEXT, &row.venue_symbol }, { "base", ARB_JSON_TEXT, &row.base },
        { "quote", ARB_JSON_TEXT, &row.quote },       { "tick", ARB_JSON_DECIMAL, &row.terms.tick },
        { "lot", ARB_JSON_DECIMAL, &row.terms.lot },  { "status", ARB_JSON_TEXT, &status },
    };

    (void)context;
    (void)arb_json_fields(&json, fields, 6);
    if (!arb_json_ok(&json) || row.venue_symbol.len == 0) {
        return ARB_OK;
    }
    row.trading = arb_trading_of(status, words);
    return arb_catalog_publish(host, &row);
}

/* The answer to ask() by HTTP, of which this exchange has the catalog alone. */
static int tern_on_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                          int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body);

    (void)instance, (void)ask;
    return status == 200 ? arb_catalog_read(host, &json, read_row, NULL) : ARB_EPROTO;
}

/* -- what the host is told ---------------------------------------------------------------- */

static const struct arb_option options[] = {
    ARB_OPTION_STRING("ws_url", struct tern_session, ws_url, "wss://tern.invalid/stream",
                      "WebSocket address."),
    ARB_OPTION_STRING("rest_url", struct tern_session, rest_url, "https://tern.invalid",
                      "REST address, without a slash at its end."),
    ARB_OPTION_INT("books_per_connection", struct tern_session, limits.books_per_conn, "20", 1, 20,
                   "Books subscribed on one connection before another is opened."),
    ARB_OPTION_INT("books_per_request", struct tern_session, limits.books_per_request, "10", 1, 10,
                   "Books named in one request."),
    ARB_OPTION_INT("requests_per_second", struct tern_session, limits.requests_per_second, "5", 1,
                   5, "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct tern_session, limits.heartbeat_ms, "15s", 1000, 60000,
                  "How often the exchange is pinged."),
    ARB_OPTION_MS("heartbeat_timeout", struct tern_session, limits.heartbeat_wait_ms, "10s", 1000,
                  60000, "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct tern_session, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = tern_init,
    .ask = tern_ask,
    .on_message = tern_on_message,
    .spell = tern_spell,
    .on_answer = tern_on_answer,
    .checksum = tern_checksum,
    .reset = tern_reset,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "tern",
    .version = "1.0.0",
    .description = "Tern order books over WebSocket",
    .instance_size = sizeof(struct tern_session),
    .ops = &ops,
    .taker_fee = "0.20%",
    .taker_fee_date = "2026-11-01",
    .facts_date = "2026-11-01",
};
