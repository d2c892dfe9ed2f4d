/*
 * my_venue.c - an exchange plugin of arbspot, whole and working, for a venue that does not exist.
 *
 * Go through it from the top, and where a comment says HERE put your venue in the place of this
 * made-up protocol, in which each message is a JSON text:
 *
 *   {"op":"subscribe","id":7,"books":["BTC-USD"]}    what we ask; "unsubscribe" looks the same
 *   {"re":7,"done":"subscribe"}                      the answer, or this one:
 *   {"re":7,"refused":"no such book"}
 *   {"book":"BTC-USD","type":"snapshot","n":41,"ms":1767225600000,
 *    "bids":[["100.5","2"]],"asks":[["100.6","1"]]}  first the whole book
 *   {"book":"BTC-USD","type":"change","n":42,...}    then its changes, numbered without gaps; a
 *                                                    quantity of 0 deletes a level
 *   {"op":"ping"}, {"op":"pong"}                     when nothing else happens
 *
 * The host decides when something is asked, and repeats what gets no answer; it keeps the books
 * and checks their numbers. A plugin spells and reads: it has no socket, thread, clock or file.
 */
#include <arbspot/answers.h>
#include <arbspot/catalog.h>
#include <arbspot/levels.h>

/*
 * One instance, zeroed at first; the options are in it before init() runs. All state is here, for
 * two instances may run side by side. HERE: what your protocol has to remember.
 */
struct my_venue_session {
    const char *ws_url, *rest_url; /* options */
    struct arb_limits limits;      /* options, too: the members of the plan that mostly are */
    const struct arb_exchange_env *env;
    struct arb_draft draft; /* of the book being read */
};

/* -- the plan ----------------------------------------------------------------------------- */

/*
 * Says what the venue is like; exchange.h explains each member and has the defaults. HERE: how a
 * lost update shows, where a book comes from, and the limits that the venue's documents name.
 */
static int my_venue_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                         struct arb_plan *plan)
{
    struct my_venue_session *const self = instance;

    (void)host;
    self->env = env;
    plan->loss_detection = ARB_LOSS_SEQUENCE;         /* "n" grows by one */
    plan->snapshot_source = ARB_SNAPSHOT_STREAM;      /* comes first after subscribing */
    plan->unknown_delete = ARB_UNKNOWN_DELETE_DESYNC; /* only what is there is deleted */
    plan->liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;   /* pings that are answered */
    plan->catalog = ARB_CATALOG_HTTP;                 /* for patterns, and for the scales */
    plan->depth = 0;                                  /* levels a side; 0: the whole book */
    plan->opens_per_10s = 5;                          /* connections, over all of the venue */
    arb_plan_limit(plan, &self->limits);              /* what the options say */
    plan->idle_ms = plan->heartbeat_ms + 2 * plan->heartbeat_wait_ms;
    return ARB_OK;
}

/* -- requests ----------------------------------------------------------------------------- */

/*
 * Spells one request. HERE: the URL of a connection, and the frames that subscribe and leave.
 * `number` comes back with the answer. What the venue does not have is ARB_ENOTSUP.
 */
static int my_venue_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct my_venue_session *const self = instance;
    struct arb_text *const text = &request->text;

    switch (ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "%s", self->ws_url);
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        arb_text_add(text, "{\"op\":\"%s\",\"id\":%u,\"books\":[",
                     ask->what == ARB_ASK_SUBSCRIBE ? "subscribe" : "unsubscribe", ask->number);
        arb_ask_names(ask, self->env, text);
        arb_text_add(text, "]}");
        return ARB_OK;
    case ARB_ASK_HEARTBEAT:
        arb_text_add(text, "{\"op\":\"ping\"}");
        return ARB_OK;
    case ARB_ASK_CATALOG:
        arb_text_add(text, "%s/books", self->rest_url);
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

/* HERE: how the venue spells a pair that its catalog did not name, BTC/USD as BTC-USD. */
static int my_venue_spell(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "-", false, name);
}

/* -- messages ----------------------------------------------------------------------------- */

/*
 * A snapshot or a change; the reader stands behind `name`. HERE: the names of the members, and
 * what the venue gives of numbers, times and checksums; leave 0 what it does not.
 */
static int read_book(struct my_venue_session *self, struct arb_host *host, struct arb_json *json,
                     struct arb_bytes name)
{
    enum { NEEDED = 1 | 2 | 8 | 16 };
    struct arb_draft *const draft = &self->draft;
    struct arb_bytes type = { "", 0 };
    const struct arb_json_field fields[] = {
        /* in the order that the venue writes them */
        { "type", ARB_JSON_TEXT, &type },
        { "n", ARB_JSON_U64, &draft->event.last_seq },
        { "ms", ARB_JSON_MS, &draft->event.venue_ns },
        { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "asks", ARB_JSON_LEVELS, &draft->asks },
    };
    const uint32_t i = arb_instrument_find(self->env, name);

    if (i == ARB_NO_INSTRUMENT) {
        return ARB_OK; /* nobody asked for it, or it was left meanwhile */
    }
    arb_draft_begin(draft, self->env, i, ARB_BOOK_DELTA);
    const uint32_t seen = arb_json_members(json, fields, 5);
    if (!arb_json_end(json)) {
        return json->rc;
    }
    const bool is_snapshot = arb_bytes_are(type, "snapshot");
    if ((seen & NEEDED) != NEEDED || (!is_snapshot && !arb_bytes_are(type, "change"))) {
        return ARB_EPROTO;
    }
    draft->event.kind = is_snapshot ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;
    draft->event.first_seq = draft->event.last_seq; /* each message has one number */
    return arb_draft_publish(host, draft);
}

/*
 * The answer to a subscription, or to the leaving of one. HERE: how the venue refuses, and which
 * refusals pass by themselves.
 */
static int read_answer(struct arb_host *host, struct arb_json *json)
{
    enum { RE = 1, DONE = 2, REFUSED = 4 };
    uint64_t number = 0;
    struct arb_bytes done = { "", 0 }, why = { "", 0 };
    const struct arb_json_field fields[] = {
        { "re", ARB_JSON_U64, &number },
        { "done", ARB_JSON_TEXT, &done },
        { "refused", ARB_JSON_TEXT, &why },
    };
    const uint32_t seen = arb_json_fields(json, fields, 3);

    if (!arb_json_end(json)) {
        return json->rc;
    }
    if (seen == (RE | DONE)) {
        const bool is_left = arb_bytes_are(done, "unsubscribe");
        return arb_answered_ask(host, (uint32_t)number, is_left ? ARB_LEFT : ARB_SUBSCRIBED, "");
    }
    if (seen == (RE | REFUSED)) {
        return arb_answered_ask(host, (uint32_t)number,
                                arb_is_about_rate(why) ? ARB_LATER : ARB_REFUSED,
                                arb_refusal(why).text);
    }
    return ARB_OK; /* a pong, or something that this plugin does not know */
}

/*
 * One whole message. An error drops the connection, and the host comes back: so nothing is ever
 * guessed. HERE: how to tell one kind of message from another.
 */
static int my_venue_on_message(void *instance, struct arb_host *host, uint32_t conn,
                               struct arb_message message)
{
    struct my_venue_session *const self = instance;
    struct arb_json json = arb_json_over(arb_message_bytes(message)), again = json;
    struct arb_bytes name = { "", 0 };

    (void)conn;
    return arb_json_lead(&json, "book", &name) ? read_book(self, host, &json, name)
                                               : read_answer(host, &again);
}

/* -- the catalog -------------------------------------------------------------------------- */

/*
 * One row, {"name":"BTC-USD","base":"BTC","quote":"USD","price_digits":2,"size_digits":8,
 * "trades":true}. One that cannot be read is left out. HERE: its members; without a catalog remove
 * this part, plan->catalog and ARB_ASK_CATALOG.
 */
static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .px_digits = UINT64_MAX, .qty_digits = UINT64_MAX };
    bool trades = false;
    const struct arb_json_field fields[] = {
        { "name", ARB_JSON_TEXT, &row.venue_symbol },
        { "base", ARB_JSON_TEXT, &row.base },
        { "quote", ARB_JSON_TEXT, &row.quote },
        { "price_digits", ARB_JSON_U64, &row.px_digits },
        { "size_digits", ARB_JSON_U64, &row.qty_digits },
        { "trades", ARB_JSON_BOOL, &trades },
    };

    (void)context;
    (void)arb_json_fields(&json, fields, 6);
    if (!arb_json_ok(&json) || row.venue_symbol.len == 0) {
        return ARB_OK;
    }
    row.trading = trades ? ARB_TRADING_OPEN : ARB_TRADING_HALTED;
    return arb_catalog_publish(host, &row);
}

/* The answer to ask() by HTTP, of which this venue has the catalog alone. */
static int my_venue_on_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                              int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body);

    (void)instance, (void)ask;
    return status == 200 ? arb_catalog_read(host, &json, read_row, NULL) : ARB_EPROTO;
}

/* -- what the host is told ---------------------------------------------------------------- */

/*
 * The keys that a section of the INI may have besides the host's own: name, member, default, range,
 * and one sentence for `arbspot inspect`. HERE: addresses first, so that tests can give others.
 */
static const struct arb_option options[] = {
    ARB_OPTION_STRING("ws_url", struct my_venue_session, ws_url, "wss://feed.invalid",
                      "WebSocket address."),
    ARB_OPTION_STRING("rest_url", struct my_venue_session, rest_url, "https://api.invalid",
                      "REST address, without a slash at its end."),
    ARB_OPTION_INT("books_per_connection", struct my_venue_session, limits.books_per_conn, "50", 1,
                   1000, "Books subscribed on one connection before another is opened."),
    ARB_OPTION_INT("books_per_request", struct my_venue_session, limits.books_per_request, "10", 1,
                   100, "Books named in one request."),
    ARB_OPTION_INT("requests_per_second", struct my_venue_session, limits.requests_per_second, "5",
                   1, 100, "Requests a second on one connection."),
    ARB_OPTION_MS("heartbeat", struct my_venue_session, limits.heartbeat_ms, "15s", 1000, 60000,
                  "How often the venue is pinged."),
    ARB_OPTION_MS("heartbeat_timeout", struct my_venue_session, limits.heartbeat_wait_ms, "10s",
                  1000, 60000, "How long it may take to answer before the connection is given up."),
    ARB_OPTION_MS("ack_timeout", struct my_venue_session, limits.answer_ms, "5s", 1000, 60000,
                  "How long a subscription or a snapshot may stay unanswered."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = my_venue_init,
    .ask = my_venue_ask,
    .on_message = my_venue_on_message,
    .spell = my_venue_spell,
    .on_answer = my_venue_on_answer,
};

/*
 * The one symbol that a plugin exports. HERE: a line about it, and for people what a new account
 * pays to take liquidity, since when that is known, and when the venue's documents were read:
 *     .taker_fee = "0.10%", .taker_fee_date = "2026-08-31", .facts_date = "2026-08-31",
 */
ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    ARB_PLUGIN_OPTIONS(options),
    .name = "my_venue",
    .version = "0.1.0",
    .description = "my_venue order books over WebSocket",
    .instance_size = sizeof(struct my_venue_session),
    .ops = &ops,
};
