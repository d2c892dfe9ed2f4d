/*
 * Kraken, WebSocket v2: requests and figures. kraken_frames.h spells, kraken_books.h has the books.
 */
#include "kraken_venue.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/json.h"

#include "kraken_books.h"
#include "kraken_frames.h"
#include "util/clock.h"

enum { WANTS_CATALOG = 1 }; /* common_flags() */

/* A request, and whose it is. */
struct question {
    struct common_venue *venue;
    uint32_t client;
    const struct kraken_request *request;
    int64_t now_ns;
};

/* `symbol` NULL: it is not about one. */
static void refuse(const struct question *question, const char *symbol, const char *error)
{
    struct arb_text text = common_text(question->venue);

    kraken_put_error(&text, question->request, symbol, error,
                     common_time_ns(question->venue, question->now_ns));
    common_send(question->venue, question->client, &text);
}

/* `symbol` NULL: of the catalog. */
static void acknowledge(const struct question *question, const char *symbol)
{
    struct arb_text text = common_text(question->venue);

    kraken_put_ack(&text, question->request, symbol,
                   common_time_ns(question->venue, question->now_ns));
    common_send(question->venue, question->client, &text);
}

static void subscribe_book(const struct question *question, uint32_t i, const char *symbol)
{
    struct common_venue *const venue = question->venue;

    if (common_has(venue, question->client, i)) {
        refuse(question, symbol, "Already subscribed");
        return;
    }
    acknowledge(question, symbol);
    common_begin_beats(venue, question->client, question->now_ns);
    if (question->request->snapshot) {
        (void)common_subscribe(venue, question->client, i, question->now_ns);
    } else {
        (void)common_follow(venue, question->client, i, question->now_ns);
    }
    *common_kinds(venue, question->client, i) = kraken_kind_of(question->request->depth);
}

static void unsubscribe_book(const struct question *question, uint32_t i, const char *symbol)
{
    struct common_venue *const venue = question->venue;

    if (kraken_depth_of(*common_kinds(venue, question->client, i)) != question->request->depth) {
        /* A refused unsubscribe names the other method. Source: python-kraken-sdk
         * tests/spot/test_spot_websocket.py, against the live venue. */
        struct kraken_request named = *question->request;
        named.method_name = "subscribe";
        refuse(&(struct question){ venue, question->client, &named, question->now_ns }, symbol,
               "Subscription Not Found");
        return;
    }
    (void)common_unsubscribe(venue, question->client, i);
    acknowledge(question, symbol);
}

/* Only spellings that need no escape come back in a refusal. */
static void refuse_unknown_pair(const struct question *question, const char *symbol)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/.-_";
    char error[96];

    if (symbol == NULL || strlen(symbol) >= ARB_SYMBOL_MAX ||
        symbol[strspn(symbol, plain)] != '\0') {
        refuse(question, NULL, "Currency pair not in ISO 4217-A3 format");
        return;
    }
    (void)snprintf(error, sizeof(error), "Currency pair not supported %s", symbol);
    refuse(question, symbol, error);
}

static uint32_t find_pair(const struct common_venue *venue, struct arb_bytes symbol)
{
    return arb_symbol_find(&common_config(venue)->instruments->by_symbol, symbol);
}

static void request_pair(const struct question *question, const char *symbol)
{
    const uint32_t i = find_pair(question->venue, arb_bytes_of(symbol == NULL ? "" : symbol));

    if (i == ARB_NO_INSTRUMENT) {
        refuse_unknown_pair(question, symbol);
    } else if (question->request->method == KRAKEN_SUBSCRIBE) {
        subscribe_book(question, i, symbol);
    } else {
        unsubscribe_book(question, i, symbol);
    }
}

/* Why the request is refused as a whole, or NULL. */
static const char *fault_of(const struct common_venue *venue, const struct kraken_request *request)
{
    const struct tape *const tape = common_config(venue)->tape;
    const int64_t recorded = tape == NULL ? 0 : tape->depth;

    if (request->depth < 0) {
        return "Subscription book depth must be an integer";
    }
    if (kraken_depth_index(request->depth) < 0 || (recorded != 0 && request->depth != recorded)) {
        return "Subscription depth not supported";
    }
    return request->symbols == NULL ? "Symbol(s) not found" : NULL;
}

static void request_books(const struct question *question)
{
    const char *const fault = fault_of(question->venue, question->request);
    const cJSON *symbol;

    if (fault != NULL) {
        refuse(question, NULL, fault);
        return;
    }
    cJSON_ArrayForEach(symbol, question->request->symbols)
    {
        request_pair(question, cJSON_GetStringValue(symbol));
    }
}

static void request_catalog(const struct question *question)
{
    struct common_venue *const venue = question->venue;
    const struct instrument_list *const list = common_config(venue)->instruments;
    const bool is_wanted = question->request->method == KRAKEN_SUBSCRIBE;

    acknowledge(question, NULL);
    *common_flags(venue, question->client) = is_wanted ? WANTS_CATALOG : 0;
    if (is_wanted) {
        common_begin_beats(venue, question->client, question->now_ns);
    }
    if (is_wanted && question->request->snapshot) {
        struct arb_text text = common_text(venue);
        kraken_put_instruments(&text, "snapshot", list->items, kraken_statuses(venue), list->n);
        common_send(venue, question->client, &text);
    }
}

static void carry_out(const struct question *question)
{
    const struct kraken_request *const request = question->request;

    if (request->method == KRAKEN_PING) {
        struct arb_text text = common_text(question->venue);
        kraken_put_pong(&text, request, common_time_ns(question->venue, question->now_ns));
        common_send(question->venue, question->client, &text);
    } else if (request->method == KRAKEN_UNKNOWN_METHOD) {
        refuse(question, NULL, "Unsupported method");
    } else if (strcmp(request->channel, "book") == 0) {
        request_books(question);
    } else if (strcmp(request->channel, "instrument") == 0) {
        request_catalog(question);
    } else {
        refuse(question, NULL, "Unsupported channel");
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    struct kraken_request request;
    const struct question question = { venue, client, &request, now_ns };

    if (kraken_request_parse(&request, message) != ARB_OK) {
        request = (struct kraken_request){ .method = KRAKEN_UNKNOWN_METHOD };
        refuse(&question, NULL, "Malformed request");
        return;
    }
    carry_out(&question);
    kraken_request_fini(&request);
}

static void greet(struct common_venue *venue, uint32_t client, int64_t now_ns)
{
    struct arb_text text = common_text(venue);

    (void)now_ns;
    /* Above 2^53, as at the venue. */
    kraken_put_status(&text, "online", prng_next(common_chance(venue)) >> 2 | UINT64_C(1) << 60);
    common_send(venue, client, &text);
}

static void put_heartbeat(struct common_venue *venue, uint32_t client, uint64_t nth, int64_t at_ns,
                          struct arb_text *text)
{
    (void)venue, (void)client, (void)nth, (void)at_ns; /* all are alike */
    kraken_put_heartbeat(text);
}

/* The venue has no REST market data here: plugins do not use it. */
static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    (void)venue, (void)path, (void)now_ns;
    frame_puts(text, "{\"error\":[\"EGeneral:Unknown method\"]}");
    return 404;
}

static bool hears(struct common_venue *venue, uint32_t client, struct arb_bytes channel)
{
    const uint32_t i = find_pair(venue, channel);
    return i != ARB_NO_INSTRUMENT && common_has(venue, client, i);
}

/*
 * In v1 the venue announces ends of subscriptions that nobody asked for (docs.kraken.com,
 * spot-websocket-v1/subscriptionstatus); in v2 the like reads as an acknowledgement.
 */
static void end_subscription(struct common_venue *venue, uint32_t client, uint32_t i,
                             int64_t now_ns)
{
    const struct kraken_request request = {
        .method = KRAKEN_UNSUBSCRIBE,
        .method_name = "unsubscribe",
        .depth = kraken_depth_of(*common_kinds(venue, client, i)),
    };
    const struct question question = { venue, client, &request, now_ns };

    unsubscribe_book(&question, i, common_config(venue)->instruments->items[i].symbol);
}

void kraken_venue_set_pair_status(struct sim_venue *sim_venue, uint32_t i, const char *status)
{
    struct common_venue *const venue = common_of(sim_venue);
    const char **const statuses = kraken_statuses(venue);
    struct arb_text text = common_text(venue);

    assert(statuses != NULL);
    statuses[i] = status;
    kraken_put_instruments(&text, "update", &common_config(venue)->instruments->items[i], &status,
                           1);
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        if (*common_flags(venue, id) == WANTS_CATALOG) {
            common_send(venue, id, &text);
        }
    }
}

static const struct dialect kraken_dialect = {
    .name = "kraken",
    .stream_has_whole = true,
    .beat_ns = NS_PER_S,
    .beats_when_asked = true, /* from the first accepted subscription on, whatever becomes of it */
    .stream = 2,
    .level_len = KRAKEN_LEVEL_LEN,
    .row_len = KRAKEN_PAIR_LEN,
    .read = read_request,
    .put_book = kraken_put_whole,
    .get = get,
    .put_beat = put_heartbeat,
    .greet = greet,
    .hears = hears,
    .end_subscription = end_subscription,
    .own_books = &kraken_own_books,
};

int kraken_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                        struct err *err)
{
    return common_venue_create(venue, &kraken_dialect, config, err);
}
