/*
 * Binance spot, combined streams `@depth@100ms` on a REST book. Shapes and rules as in
 * plugins/binance/README.md, where their sources are; the frames and the rows of the catalog are
 * spelled like the recordings of tests/data.
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "dialects.h"
#include "frame_role.h"
#include "words.h"
#include "util/clock.h"

/* All prices and amounts have as many, whatever the pair has. */
enum { DIGITS = 8 };

static const struct padded_style level_style = { .style = { "[\"", "\",\"", "\"]", "," },
                                                 .px_least = DIGITS,
                                                 .qty_least = DIGITS };

static void put_sides(const struct book_words *words, const char *bids, const char *asks,
                      struct arb_text *text)
{
    frame_puts(text, bids);
    frame_padded_levels(text, &level_style, words->instrument, words->bids, words->n_bids);
    frame_puts(text, asks);
    frame_padded_levels(text, &level_style, words->instrument, words->asks, words->n_asks);
}

static void put_book(const struct book_words *words, struct arb_text *text)
{
    arb_text_add(text, "{\"stream\":\"%s@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",",
                 words->instrument->market);
    arb_text_add(text, "\"E\":%" PRId64 ",\"s\":\"%s%s\",\"U\":%" PRIu64 ",\"u\":%" PRIu64,
                 words->at_ns / NS_PER_MS, words->instrument->base, words->instrument->quote,
                 words->previous + 1, words->number);
    put_sides(words, ",\"b\":[", "],\"a\":[", text);
    frame_puts(text, "]}}");
}

/* -- requests ------------------------------------------------------------------------------ */

static void answer(struct common_venue *venue, uint32_t client, const char *head,
                   struct arb_bytes id)
{
    struct arb_text text = common_text(venue);

    arb_text_add(&text, "%s,\"id\":", head);
    frame_put(&text, id.data, id.len);
    frame_puts(&text, "}");
    common_send(venue, client, &text);
}

static void refuse(struct common_venue *venue, uint32_t client, const char *whole)
{
    struct arb_text text = common_text(venue);

    frame_puts(&text, whole);
    common_send(venue, client, &text);
}

/* The stream need not exist. */
static bool is_stream(const char *name)
{
    const char *p = name;

    while (isalnum((unsigned char)*p) || *p == '@' || *p == '_' || *p == '!') {
        p++;
    }
    return *p == '\0' && strchr(name, '@') != NULL;
}

static bool are_streams(const cJSON *names)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        if (!cJSON_IsString(name) || !is_stream(name->valuestring)) {
            return false;
        }
    }
    return cJSON_GetArraySize(names) > 0;
}

/* The book that is called so, in lower case; what does not exist is acknowledged and silent. */
static uint32_t stream_of(const struct instrument_list *list, const char *name)
{
    const struct arb_bytes market = { name, strcspn(name, "@") };

    return strcmp(name + market.len, "@depth@100ms") == 0
               ? arb_symbol_find(&list->by_market, market)
               : ARB_NO_INSTRUMENT;
}

static void carry_out(struct common_venue *venue, uint32_t client, const cJSON *request,
                      int64_t now_ns)
{
    const bool is_leave = words_are(request, "method", "UNSUBSCRIBE");
    const cJSON *name;
    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(request, "params"))
    {
        const uint32_t i = stream_of(common_config(venue)->instruments, name->valuestring);
        if (i != ARB_NO_INSTRUMENT && is_leave) {
            (void)common_unsubscribe(venue, client, i);
        } else if (i != ARB_NO_INSTRUMENT) {
            (void)common_subscribe(venue, client, i, now_ns); /* again: the answer is the same */
        }
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);
    const struct arb_bytes id = words_value(message, "\"id\":", "");
    const cJSON *const names = cJSON_GetObjectItemCaseSensitive(request, "params");

    if (request == NULL) {
        refuse(venue, client,
               "{\"code\":3,\"msg\":\"Invalid JSON: expected value at line 1 column 1\"}");
    } else if (id.len == 0 || !isdigit((unsigned char)id.data[0])) {
        refuse(venue, client,
               "{\"code\":2,\"msg\":\"Invalid request: request ID must be an unsigned integer\"}");
    } else if (words_are(request, "method", "LIST_SUBSCRIPTIONS")) {
        answer(venue, client, "{\"result\":[]", id); /* clients need to know that it is answered */
    } else if (!words_are(request, "method", "SUBSCRIBE") &&
               !words_are(request, "method", "UNSUBSCRIBE")) {
        refuse(venue, client,
               "{\"code\":2,\"msg\":\"Invalid request: unknown variant, expected one of "
               "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, "
               "`GET_PROPERTY` at line 1 column 28\"}");
    } else if (!are_streams(names)) {
        answer(venue, client, "{\"error\":{\"code\":2,\"msg\":\"Invalid request: invalid stream\"}",
               id);
    } else {
        answer(venue, client, "{\"result\":null", id);
        carry_out(venue, client, request, now_ns);
    }
    cJSON_Delete(request);
}

/* -- REST ---------------------------------------------------------------------------------- */

static void put_row(struct arb_text *text, const struct sim_instrument *instrument)
{
    arb_text_add(text,
                 "{\"symbol\":\"%s%s\",\"status\":\"TRADING\",\"baseAsset\":\"%s\","
                 "\"baseAssetPrecision\":8,\"quoteAsset\":\"%s\",\"quotePrecision\":8,"
                 "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                 "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\","
                 "\"MARKET\",\"STOP_LOSS_LIMIT\",\"TAKE_PROFIT_LIMIT\"],\"icebergAllowed\":true,"
                 "\"ocoAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,"
                 "\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":false,\"filters\":["
                 "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"",
                 instrument->base, instrument->quote, instrument->base, instrument->quote);
    frame_padded(text, 1, instrument->px_digits, DIGITS);
    frame_puts(text, "\",\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"");
    frame_padded(text, 1, instrument->px_digits, DIGITS);
    frame_puts(text, "\"},{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"5\","
                     "\"multiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                     "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"");
    frame_padded(text, instrument->min_qty, instrument->qty_digits, DIGITS);
    frame_puts(text, "\",\"maxQty\":\"90000000.00000000\",\"stepSize\":\"");
    frame_padded(text, 1, instrument->qty_digits, DIGITS);
    frame_puts(text, "\"},{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"");
    frame_padded(text, instrument->min_value, 2, DIGITS);
    frame_puts(text, "\",\"applyToMarket\":true,\"avgPriceMins\":5}]}");
}

static int get_catalog(struct common_venue *venue, int64_t now_ns, struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;

    arb_text_add(text,
                 "{\"timezone\":\"UTC\",\"serverTime\":%" PRId64
                 ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\","
                 "\"intervalNum\":1,\"limit\":6000}],\"exchangeFilters\":[],\"symbols\":[",
                 common_time_ns(venue, now_ns) / NS_PER_MS);
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "" : ",");
        put_row(text, &list->items[i]);
    }
    frame_puts(text, "]}");
    return 200;
}

static int get_book(struct common_venue *venue, const char *path, uint32_t limit,
                    struct arb_text *text)
{
    const uint32_t i =
        common_find(common_config(venue)->instruments, words_query(path, "&symbol="));

    if (i == ARB_NO_INSTRUMENT) {
        frame_puts(text, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
        return 400;
    }
    struct book_words words = common_whole(venue, i);
    words.n_bids = words.n_bids < limit ? words.n_bids : limit;
    words.n_asks = words.n_asks < limit ? words.n_asks : limit;
    arb_text_add(text, "{\"lastUpdateId\":%" PRIu64, words.number);
    put_sides(&words, ",\"bids\":[", "],\"asks\":[", text);
    frame_puts(text, "]}");
    return 200;
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const bool is_book = words_begin(path, "/api/v3/depth?");
    const uint32_t asked = (uint32_t)strtoul(words_query(path, "&limit=").data, NULL, 10);
    const uint32_t limit = asked == 0 ? 100 : asked < 5000 ? asked : 5000;
    const uint32_t weight = !is_book ? 20 : limit > 1000 ? 250 : limit > 500 ? 50 : 25;

    if (!common_may_get(venue, weight, now_ns)) {
        frame_puts(text, "{\"code\":-1003,\"msg\":\"Too much request weight used; current limit is "
                         "6000 request weight per 1 MINUTE. Please use WebSocket Streams for live "
                         "updates to avoid polling the API.\"}");
        return 429;
    }
    if (is_book) {
        return get_book(venue, path, limit, text);
    }
    return words_begin(path, "/api/v3/exchangeInfo") ? get_catalog(venue, now_ns, text) : 404;
}

static uint32_t role_of(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument)
{
    if (!words_start(frame, "{\"stream\":\"") || !words_have(frame, "\"e\":\"depthUpdate\"")) {
        return FRAME_OTHER;
    }
    *instrument = common_find(list, words_quoted(frame, "\"s\":\""));
    return FRAME_BOOK;
}

const struct dialect binance_dialect = {
    .name = "binance",
    .ws_path = "",
    .rest_path = "/api/v3",
    .options = "",
    .period_ns = 100 * NS_PER_MS, /* as the stream's name says */
    .opens_per_5min = 300,
    .requests_per_second = 5,
    .weight_per_minute = 6000,
    .numbers_jump = true,
    .stream = 21,
    .level_len = 80,
    .row_len = 1024,
    .read = read_request,
    .put_book = put_book,
    .get = get,
    .role_of = role_of,
};
