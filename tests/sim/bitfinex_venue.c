/*
 * Bitfinex, API v2, channel `book` with prices of five figures (`P0`), numbers (`SEQ_ALL`) and
 * checksums (`OB_CHECKSUM`): requests and figures. bitfinex_frames.h has the sources.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "bitfinex_frames.h"
#include "dialects.h"
#include "words.h"
#include "util/clock.h"

enum { BOOKS_MAX = 36 }; /* of a connection; the 37th is refused */

static void greet(struct common_venue *venue, uint32_t client, int64_t now_ns)
{
    struct arb_text text = common_text(venue);

    (void)now_ns;
    frame_puts(&text, "{\"event\":\"info\",\"version\":2,\"serverId\":\"fb5877a3-ded1-4754-b9bf-"
                      "fda9cc751d37\",\"platform\":{\"status\":1}}");
    common_send(venue, client, &text);
}

/* A whole number that was sent; 0: none. */
static uint64_t number_of(const cJSON *request, const char *key)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(request, key);
    const double limit = 9007199254740992.0; /* 2^53, as far as doubles are exact */

    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < limit
               ? (uint64_t)item->valuedouble
               : 0;
}

/* The request is repeated in the error. */
static void refuse(struct common_venue *venue, uint32_t client, const cJSON *request,
                   const char *error, uint64_t channel)
{
    static const char *const keys[] = { "channel", "symbol", "prec", "freq", "len" };
    const char *const symbol = words_text(request, "symbol");
    struct arb_text text = common_text(venue);

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (*words_text(request, keys[i]) != '\0') {
            arb_text_add(&text, "%s\"%s\":\"%.64s\"", text.len == 0 ? "{" : ",", keys[i],
                         words_text(request, keys[i]));
        }
    }
    arb_text_add(&text, "%s\"event\":\"error\",%s", text.len == 0 ? "{" : ",", error);
    if (channel != 0) {
        arb_text_add(&text, ",\"chanId\":%" PRIu64, channel);
    }
    if (*symbol != '\0') {
        arb_text_add(&text, ",\"pair\":\"%.64s\"", symbol + 1);
    }
    frame_puts(&text, "}");
    common_send(venue, client, &text);
}

/* Why it is refused, or NULL. Other precisions and lengths, which the venue has, are not modelled.
 */
static const char *fault_of(const cJSON *request, uint32_t instrument)
{
    return !words_are(request, "channel", "book") ? "\"msg\":\"channel: unknown\",\"code\":10300"
           : instrument == ARB_NO_INSTRUMENT      ? "\"msg\":\"symbol: invalid\",\"code\":10300"
           : !words_are(request, "prec", "P0")    ? "\"msg\":\"precision: invalid\",\"code\":10300"
           : !words_are(request, "len", "100")    ? "\"msg\":\"length: invalid\",\"code\":10300"
                                                  : NULL;
}

static void subscribe(struct common_venue *venue, uint32_t client, const cJSON *request,
                      int64_t now_ns)
{
    const struct instrument_list *const list = common_config(venue)->instruments;
    const uint32_t i = bitfinex_find(list, words_text(request, "symbol"));
    const char *const fault = fault_of(request, i);

    if (fault != NULL) {
        refuse(venue, client, request, fault, 0);
    } else if (common_channel_of(venue, client, i) != 0) {
        refuse(venue, client, request, "\"msg\":\"subscribe: dup\",\"code\":10301",
               common_channel_of(venue, client, i));
    } else if (common_subscriptions(venue, client) == BOOKS_MAX) {
        refuse(venue, client, request, "\"msg\":\"subscribe: limit\",\"code\":10305", 0);
    } else {
        (void)common_subscribe(venue, client, i, now_ns); /* the answer comes before the book */
    }
}

static void unsubscribe(struct common_venue *venue, uint32_t client, const cJSON *request)
{
    const uint64_t channel = number_of(request, "chanId");
    const uint32_t i = common_channel_book(common_config(venue)->instruments, channel);

    if (i == ARB_NO_INSTRUMENT || common_channel_of(venue, client, i) != channel || channel == 0) {
        refuse(venue, client, request, "\"msg\":\"unsubscribe: invalid\",\"code\":10400", channel);
        return;
    }
    struct arb_text text = common_text(venue);
    (void)common_unsubscribe(venue, client, i);
    arb_text_add(&text, "{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":%" PRIu64 "}",
                 channel);
    common_send(venue, client, &text);
}

static void configure(struct common_venue *venue, uint32_t client, const cJSON *request)
{
    struct arb_text text = common_text(venue);

    *common_flags(venue, client) = number_of(request, "flags");
    arb_text_add(&text, "{\"event\":\"conf\",\"status\":\"OK\",\"flags\":%" PRIu64 "}",
                 number_of(request, "flags"));
    common_send(venue, client, &text);
}

static void pong(struct common_venue *venue, uint32_t client, const cJSON *request, int64_t now_ns)
{
    struct arb_text text = common_text(venue);

    arb_text_add(&text, "{\"event\":\"pong\",\"ts\":%" PRId64 ",\"cid\":%" PRIu64 "}",
                 common_time_ns(venue, now_ns) / NS_PER_MS, number_of(request, "cid"));
    common_send(venue, client, &text);
}

static void carry_out(struct common_venue *venue, uint32_t client, const cJSON *request,
                      int64_t now_ns)
{
    const char *const event = words_text(request, "event");
    char error[96];

    if (strcmp(event, "conf") == 0) {
        configure(venue, client, request);
    } else if (strcmp(event, "subscribe") == 0) {
        subscribe(venue, client, request, now_ns);
    } else if (strcmp(event, "unsubscribe") == 0) {
        unsubscribe(venue, client, request);
    } else if (strcmp(event, "ping") == 0) {
        pong(venue, client, request, now_ns);
    } else {
        (void)snprintf(error, sizeof(error), "\"msg\":\"event: invalid (%.32s)\",\"code\":10000",
                       event);
        refuse(venue, client, request, error, 0);
    }
}

/* What is not JSON is not answered. */
static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);

    if (cJSON_IsObject(request)) {
        carry_out(venue, client, request, now_ns);
    }
    cJSON_Delete(request);
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    (void)now_ns;
    if (strcmp(path, "/v2/conf/pub:list:pair:exchange,pub:map:currency:sym") != 0) {
        arb_text_add(text, "Cannot GET /api%.128s", path);
        return 404;
    }
    bitfinex_put_catalog(common_config(venue)->instruments, text);
    return 200;
}

const struct dialect bitfinex_dialect = {
    .name = "bitfinex",
    .ws_path = "/ws/2",
    .rest_path = "/v2",
    .options = "",
    .period_ns = 0, /* F0: in real time */
    .depth = 100,
    .price_figures = 5,
    .opens_per_minute = 20, /* the documents allow so many to an address */
    .stream_has_whole = true,
    .level_by_level = true,
    .beat_ns = 15 * NS_PER_S,        /* the documents, probes, and recordings */
    .checksum_ns = 2500 * NS_PER_MS, /* probes */
    .stream = 17,
    .level_len = 80,
    .row_len = 64,
    .read = read_request,
    .put_book = bitfinex_put_book,
    .get = get,
    .put_book_beat = bitfinex_put_beat,
    .greet = greet,
    .put_answer = bitfinex_put_answer,
    .put_checksum = bitfinex_put_checksum,
    .role_of = bitfinex_role_of,
};
