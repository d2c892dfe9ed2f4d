/*
 * Gemini, the current feed, `@depth@100ms` with `?snapshot=-1`. Shapes and rules as in
 * plugins/gemini/README.md, where their sources are; nothing marks a book as whole but that its two
 * numbers are equal, and it comes before the answer or behind it.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "dialects.h"
#include "frame_role.h"
#include "words.h"
#include "util/clock.h"

/* Numbers are as large as the venue's, which are beyond 50 bits. */
static const uint64_t FIRST_NUMBER = UINT64_C(1764527605000000);

static void put_book(const struct book_words *words, struct arb_text *text)
{
    /* More digits than a pair has: BTC/USD has 2 and 8, and is recorded so. */
    static const struct padded_style style = { .style = { "[\"", "\",\"", "\"]", "," },
                                               .px_least = 5,
                                               .qty_least = 10 };
    const uint64_t from = words->is_whole ? words->number : words->previous;

    arb_text_add(text, "{\"e\":\"depthUpdate\",\"E\":%" PRId64 ",\"s\":\"%s\"", words->at_ns,
                 words->instrument->market);
    arb_text_add(text, ",\"U\":%" PRIu64 ",\"u\":%" PRIu64 ",\"b\":[", FIRST_NUMBER + from,
                 FIRST_NUMBER + words->number);
    frame_padded_levels(text, &style, words->instrument, words->bids, words->n_bids);
    frame_puts(text, "],\"a\":[");
    frame_padded_levels(text, &style, words->instrument, words->asks, words->n_asks);
    frame_puts(text, "]}");
}

/* -- requests ------------------------------------------------------------------------------ */

static void answer(struct common_venue *venue, uint32_t client, struct arb_bytes id,
                   const char *rest)
{
    struct arb_text text = common_text(venue);

    frame_puts(&text, "{\"id\":");
    frame_put(&text, id.data, id.len);
    arb_text_add(&text, ",%s}", rest);
    common_send(venue, client, &text);
}

static void refuse_stream(struct common_venue *venue, uint32_t client, struct arb_bytes id,
                          const char *name)
{
    char rest[256];
    struct arb_text text = arb_text_over(rest, sizeof(rest));

    arb_text_add(&text,
                 "\"status\":400,\"error\":{\"code\":-1013,\"msg\":\"Invalid stream name: "
                 "%.100s\"}",
                 name);
    answer(venue, client, id, rest);
}

/* Names in upper case are taken as well. */
static uint32_t stream_of(const struct instrument_list *list, const char *name)
{
    const size_t len = strcspn(name, "@");

    return strcmp(name + len, "@depth@100ms") == 0
               ? common_find(list, (struct arb_bytes){ name, len })
               : ARB_NO_INSTRUMENT;
}

/* The first name that is none, or NULL. */
static const char *wrong_name(const struct instrument_list *list, const cJSON *names)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        const char *const text = cJSON_GetStringValue(name);
        if (text == NULL || stream_of(list, text) == ARB_NO_INSTRUMENT) {
            return text == NULL ? "" : text;
        }
    }
    return NULL;
}

/* Some books come before the answer: whose number is even. */
static void subscribe(struct common_venue *venue, uint32_t client, uint32_t i, int64_t now_ns)
{
    if (common_subscribe(venue, client, i, now_ns) && common_whole(venue, i).number % 2 == 0) {
        common_tell_whole(venue, client, i);
    }
}

static void carry_out(struct common_venue *venue, uint32_t client, const cJSON *request,
                      int64_t now_ns)
{
    const bool is_leave = words_are(request, "method", "unsubscribe");
    const cJSON *name;

    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(request, "params"))
    {
        const uint32_t i = stream_of(common_config(venue)->instruments, name->valuestring);
        if (is_leave) {
            (void)common_unsubscribe(venue, client, i);
        } else {
            subscribe(venue, client, i, now_ns);
        }
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);
    const cJSON *const names = cJSON_GetObjectItemCaseSensitive(request, "params");
    const struct arb_bytes id = words_value(message, "\"id\":", "null");
    const char *const wrong = wrong_name(common_config(venue)->instruments, names);
    const bool is_about_books =
        words_are(request, "method", "subscribe") || words_are(request, "method", "unsubscribe");

    if (is_about_books && (wrong != NULL || cJSON_GetArraySize(names) == 0)) {
        refuse_stream(venue, client, id, wrong == NULL ? "" : wrong); /* and so all of them */
    } else if (is_about_books) {
        carry_out(venue, client, request, now_ns);
        answer(venue, client, id, "\"status\":200");
    } else if (words_are(request, "method", "ping")) {
        answer(venue, client, id, "\"status\":200");
    } else {
        answer(venue, client, id,
               "\"status\":400,\"error\":{\"code\":-1020,\"msg\":\"Unsupported operation\"}");
    }
    cJSON_Delete(request);
}

/* -- REST ---------------------------------------------------------------------------------- */

/* Bare, with an exponent from seven digits on. */
static void put_step(struct arb_text *text, unsigned digits)
{
    if (digits > 6) {
        arb_text_add(text, "1E-%u", digits);
    } else {
        frame_decimal(text, 1, digits);
    }
}

static void put_row(struct arb_text *text, const struct sim_instrument *instrument)
{
    arb_text_add(text,
                 "{\"symbol\":\"%s%s\",\"base_currency\":\"%s\",\"quote_currency\":\"%s\","
                 "\"tick_size\":",
                 instrument->base, instrument->quote, instrument->base, instrument->quote);
    put_step(text, instrument->qty_digits);
    frame_puts(text, ",\"quote_increment\":");
    put_step(text, instrument->px_digits);
    frame_puts(text, ",\"min_order_size\":\"");
    frame_least(text, instrument->min_qty, instrument->qty_digits);
    arb_text_add(text,
                 "\",\"status\":\"open\",\"wrap_enabled\":false,"
                 "\"product_type\":\"spot\",\"contract_type\":\"vanilla\","
                 "\"contract_price_currency\":\"%s\"}",
                 instrument->quote);
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;

    if (!common_may_get(venue, 1, now_ns)) {
        frame_puts(text, "{\"result\":\"error\",\"reason\":\"RateLimit\",\"message\":\"Requests "
                         "were made too frequently\"}");
        return 429;
    }
    if (strcmp(path, "/v1/symbols/details/all") != 0) {
        frame_puts(text, "{\"result\":\"error\",\"reason\":\"EndpointNotFound\",\"message\":\"API "
                         "entry point not found\"}");
        return 404;
    }
    frame_puts(text, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "" : ",");
        put_row(text, &list->items[i]);
    }
    frame_puts(text, "]");
    return 200;
}

static uint32_t role_of(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument)
{
    const struct arb_bytes from = words_value(frame, "\"U\":", "");
    const struct arb_bytes to = words_value(frame, "\"u\":", "");

    if (!words_start(frame, "{\"e\":\"depthUpdate\",")) {
        return FRAME_OTHER;
    }
    *instrument = common_find(list, words_quoted(frame, "\"s\":\""));
    return from.len == to.len && memcmp(from.data, to.data, to.len) == 0 ? FRAME_SNAPSHOT
                                                                         : FRAME_BOOK;
}

const struct dialect gemini_dialect = {
    .name = "gemini",
    .ws_path = "/?snapshot=-1",
    .rest_path = "/v1",
    .options = "",
    .period_ns = 100 * NS_PER_MS, /* as the stream's name says */
    .opens_per_5min = 300,
    .requests_per_second = 0, /* a weight of 7,000 in ten seconds; of what a request has, nothing */
    .weight_per_minute = 120,
    .numbers_jump = true,
    .stream_has_whole = true,
    .stream = 22,
    .level_len = 80,
    .row_len = 512,
    .read = read_request,
    .put_book = put_book,
    .get = get,
    .role_of = role_of,
};
