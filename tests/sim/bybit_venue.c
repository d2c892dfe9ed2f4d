/*
 * Bybit spot, API v5, topics `orderbook.50`. Shapes and rules as in plugins/bybit/README.md, where
 * their sources are; the frames are spelled like the recordings of tests/data.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "dialects.h"
#include "frame_role.h"
#include "words.h"
#include "util/clock.h"

#define CHANGED_BEFORE_MS 4 /* documented and recorded: 2 to 8 ms before the message */
#define TOPIC "orderbook.50."

enum {
    ARGS_MAX = 10,
    ENGINE_STEPS = 13, /* of `seq`, for one of `u`; recorded: 5 to 25 */
};

static void put_book(const struct book_words *words, struct arb_text *text)
{
    static const struct level_style style = { "[\"", "\",\"", "\"]", "," };
    const struct sim_instrument *const instrument = words->instrument;
    const int64_t at_ms = words->at_ns / NS_PER_MS;

    arb_text_add(text, "{\"topic\":\"" TOPIC "%s%s\",\"ts\":%" PRId64 ",\"type\":\"%s\",",
                 instrument->base, instrument->quote, at_ms,
                 words->is_whole ? "snapshot" : "delta");
    arb_text_add(text, "\"data\":{\"s\":\"%s%s\",\"b\":[", instrument->base, instrument->quote);
    frame_short_levels(text, &style, instrument, words->bids, words->n_bids);
    frame_puts(text, "],\"a\":[");
    frame_short_levels(text, &style, instrument, words->asks, words->n_asks);
    arb_text_add(text, "],\"u\":%" PRIu64 ",\"seq\":%" PRIu64 "},\"cts\":%" PRId64 "}",
                 words->number, words->number * ENGINE_STEPS, at_ms - CHANGED_BEFORE_MS);
}

/* A request without a number gets an answer without one. */
static void answer(struct common_venue *venue, uint32_t client, const cJSON *request,
                   const char *refusal)
{
    struct arb_text text = common_text(venue);
    const char *const id = words_text(request, "req_id"), *const op = words_text(request, "op");
    const char *const words = refusal[0] != '\0' ? refusal : strcmp(op, "ping") == 0 ? "pong" : op;

    arb_text_add(&text, "{\"success\":%s,\"ret_msg\":\"%s\",",
                 refusal[0] == '\0' ? "true" : "false", words);
    frame_puts(&text, "\"conn_id\":\"d9avrao7pl3bpiuoku0g-7tmms\",");
    if (id[0] != '\0') {
        arb_text_add(&text, "\"req_id\":\"%.64s\",", id);
    }
    arb_text_add(&text, "\"op\":\"%.64s\"}", op);
    common_send(venue, client, &text);
}

/* Whose book a topic is; ARB_NO_INSTRUMENT: there is none. */
static uint32_t book_of(struct common_venue *venue, const char *topic)
{
    return words_begin(topic, TOPIC)
               ? common_find(common_config(venue)->instruments, arb_bytes_of(topic + strlen(TOPIC)))
               : ARB_NO_INSTRUMENT;
}

/* What is wrong with the request, which is refused whole; stays empty when nothing is. */
static void find_fault(struct common_venue *venue, uint32_t client, const cJSON *request,
                       struct arb_text *fault)
{
    const cJSON *const args = cJSON_GetObjectItemCaseSensitive(request, "args");
    const bool is_coming = words_are(request, "op", "subscribe");
    const cJSON *arg;

    if (cJSON_GetArraySize(args) > ARGS_MAX) {
        arb_text_add(fault, "args size >10");
        return;
    }
    cJSON_ArrayForEach(arg, args)
    {
        const char *const text = cJSON_GetStringValue(arg), *const topic = text == NULL ? "" : text;
        const uint32_t i = book_of(venue, topic);
        if (i == ARB_NO_INSTRUMENT) {
            arb_text_add(fault, "error:handler not found,topic:%.64s", topic);
            return;
        }
        if (is_coming && common_has(venue, client, i)) {
            arb_text_add(fault, "error:already subscribed,topic:%.64s", topic);
            return;
        }
    }
}

static void change_books(struct common_venue *venue, uint32_t client, const cJSON *request,
                         int64_t now_ns)
{
    char words[128];
    struct arb_text fault = arb_text_over(words, sizeof(words));
    const cJSON *arg;

    find_fault(venue, client, request, &fault);
    answer(venue, client, request, words);
    if (fault.len > 0) {
        return;
    }
    cJSON_ArrayForEach(arg, cJSON_GetObjectItemCaseSensitive(request, "args"))
    {
        const uint32_t i = book_of(venue, cJSON_GetStringValue(arg));
        if (words_are(request, "op", "subscribe")) {
            (void)common_subscribe(venue, client, i, now_ns); /* named twice: once */
        } else {
            (void)common_unsubscribe(venue, client, i); /* the answer is the same */
        }
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);

    if (words_are(request, "op", "subscribe") || words_are(request, "op", "unsubscribe")) {
        change_books(venue, client, request, now_ns);
    } else {
        answer(venue, client, request, words_are(request, "op", "ping") ? "" : "error:invalid op");
    }
    cJSON_Delete(request);
}

static void put_row(struct arb_text *text, const struct sim_instrument *instrument)
{
    const char *const base = instrument->base, *const quote = instrument->quote;

    arb_text_add(text, "{\"symbolId\":9,\"symbol\":\"%s%s\",\"baseCoin\":\"%s\",", base, quote,
                 base);
    arb_text_add(text, "\"quoteCoin\":\"%s\",\"innovation\":\"0\",\"status\":\"Trading\",", quote);
    frame_puts(text, "\"marginTrading\":\"utaOnly\",\"stTag\":\"0\",\"lotSizeFilter\":{"
                     "\"basePrecision\":\"");
    frame_decimal(text, 1, instrument->qty_digits);
    frame_puts(text, "\",\"quotePrecision\":\"0.0000001\",\"minOrderQty\":\"");
    frame_least(text, instrument->min_qty, instrument->qty_digits);
    frame_puts(text, "\",\"maxOrderQty\":\"83\",\"minOrderAmt\":\"");
    frame_least(text, instrument->min_value, 2);
    frame_puts(text, "\",\"maxOrderAmt\":\"8000000\"},\"priceFilter\":{\"tickSize\":\"");
    frame_decimal(text, 1, instrument->px_digits);
    frame_puts(text, "\"},\"riskParameters\":{\"priceLimitRatioX\":\"0.005\","
                     "\"priceLimitRatioY\":\"0.01\"},\"symbolType\":\"\"}");
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;

    if (strcmp(path, "/v5/market/instruments-info?category=spot") != 0) {
        return 404; /* the documents show no such answer */
    }
    frame_puts(text, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\","
                     "\"list\":[");
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "" : ",");
        put_row(text, &list->items[i]);
    }
    arb_text_add(text, "]},\"retExtInfo\":{},\"time\":%" PRId64 "}",
                 common_time_ns(venue, now_ns) / NS_PER_MS);
    return 200;
}

static uint32_t role_of(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument)
{
    if (!words_start(frame, "{\"topic\":\"" TOPIC)) {
        return FRAME_OTHER;
    }
    *instrument = common_find(list, words_quoted(frame, "\"topic\":\"" TOPIC));
    return words_have(frame, "\"type\":\"snapshot\"") ? FRAME_SNAPSHOT : FRAME_BOOK;
}

const struct dialect bybit_dialect = {
    .name = "bybit",
    .ws_path = "",
    .rest_path = "",
    .options = "",
    .period_ns = 20 * NS_PER_MS, /* the documents say so of `orderbook.50` */
    .depth = 50,
    .opens_per_5min = 500,
    .stream_has_whole = true,
    .stream = 13,
    .level_len = 80,
    .row_len = 640,
    .read = read_request,
    .put_book = put_book,
    .get = get,
    .role_of = role_of,
};
