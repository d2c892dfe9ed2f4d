/*
 * OKX, API v5, channel `books`. Shapes and rules as in plugins/okx/README.md, where their sources
 * are; the frames are spelled like the recordings of tests/data.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "arbspot/decimal.h"
#include "dialects.h"
#include "frame_role.h"
#include "words.h"
#include "util/clock.h"

static void put_arg(struct arb_text *text, const struct sim_instrument *instrument)
{
    arb_text_add(text, "{\"channel\":\"books\",\"instId\":\"%s-%s\"}", instrument->base,
                 instrument->quote);
}

/* Numbers have no zeros behind. How many orders a level has, no simulated market knows. */
static void put_levels(struct arb_text *text, const struct sim_instrument *instrument,
                       const struct arb_level *levels, uint32_t n)
{
    char px[ARB_DECIMAL_TEXT_MAX], qty[ARB_DECIMAL_TEXT_MAX];

    for (uint32_t i = 0; i < n; i++) {
        const unsigned n_px = arb_decimal_write(levels[i].px, instrument->px_digits, 0, px);
        const unsigned n_qty = arb_decimal_write(levels[i].qty, instrument->qty_digits, 0, qty);
        arb_text_add(text, "%s[\"%.*s\",\"%.*s\",\"0\",\"%d\"]", i == 0 ? "" : ",", (int)n_px, px,
                     (int)n_qty, qty, levels[i].qty != 0);
    }
}

static void put_book(const struct book_words *words, struct arb_text *text)
{
    frame_puts(text, "{\"arg\":");
    put_arg(text, words->instrument);
    frame_puts(text, words->is_whole ? ",\"action\":\"snapshot\",\"data\":[{\"asks\":["
                                     : ",\"action\":\"update\",\"data\":[{\"asks\":[");
    put_levels(text, words->instrument, words->asks, words->n_asks);
    frame_puts(text, "],\"bids\":[");
    put_levels(text, words->instrument, words->bids, words->n_bids);
    arb_text_add(text, "],\"ts\":\"%" PRId64 "\",\"checksum\":0,\"seqId\":%" PRIu64,
                 words->at_ns / NS_PER_MS, words->number);
    if (words->is_whole) {
        frame_puts(text, ",\"prevSeqId\":-1}]}");
    } else {
        arb_text_add(text, ",\"prevSeqId\":%" PRIu64 "}]}", words->previous);
    }
}

static void put_answer(struct arb_text *text, const cJSON *request, const char *op,
                       const cJSON *arg)
{
    arb_text_add(text, "{\"id\":\"%s\",\"event\":\"%s\",\"arg\":{\"channel\":\"%s\",",
                 words_text(request, "id"), op, words_text(arg, "channel"));
    arb_text_add(text, "\"instId\":\"%s\"},\"connId\":\"a4d3ae55\"}", words_text(arg, "instId"));
}

static void refuse(struct common_venue *venue, uint32_t client, const cJSON *request,
                   const cJSON *arg)
{
    struct arb_text text = common_text(venue);

    arb_text_add(&text,
                 "{\"id\":\"%s\",\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong URL or "
                 "channel:%s,instId:%s doesn't exist. Please use the correct URL, channel and "
                 "parameters referring to API document.\",\"connId\":\"a4d3ae55\"}",
                 words_text(request, "id"), words_text(arg, "channel"), words_text(arg, "instId"));
    common_send(venue, client, &text);
}

static void carry_out(struct common_venue *venue, uint32_t client, const cJSON *request,
                      const cJSON *arg, int64_t now_ns)
{
    const char *const op = words_text(request, "op");
    const bool is_catalog = words_are(arg, "channel", "instruments");
    const uint32_t i =
        common_find(common_config(venue)->instruments, arb_bytes_of(words_text(arg, "instId")));

    if (!is_catalog && (i == ARB_NO_INSTRUMENT || !words_are(arg, "channel", "books"))) {
        refuse(venue, client, request, arg);
        return;
    }
    struct arb_text text = common_text(venue);
    put_answer(&text, request, op, arg);
    common_send(venue, client, &text);
    if (!is_catalog && words_are(request, "op", "subscribe")) {
        (void)common_subscribe(venue, client, i, now_ns); /* again: the answer is the same */
    } else if (!is_catalog) {
        (void)common_unsubscribe(venue, client, i);
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    if (arb_bytes_are(message, "ping")) {
        struct arb_text text = common_text(venue);
        frame_puts(&text, "pong");
        common_send(venue, client, &text);
        return;
    }
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);
    const cJSON *arg;
    cJSON_ArrayForEach(arg, cJSON_GetObjectItemCaseSensitive(request, "args"))
    {
        carry_out(venue, client, request, arg, now_ns);
    }
    cJSON_Delete(request);
}

static void put_row(struct arb_text *text, const struct sim_instrument *instrument)
{
    arb_text_add(text,
                 "{\"baseCcy\":\"%s\",\"instId\":\"%s-%s\",\"instType\":\"SPOT\",\"lotSz\":\"",
                 instrument->base, instrument->base, instrument->quote);
    frame_decimal(text, 1, instrument->qty_digits);
    frame_puts(text, "\",\"minSz\":\"");
    frame_least(text, instrument->min_qty, instrument->qty_digits);
    arb_text_add(text, "\",\"quoteCcy\":\"%s\",\"state\":\"live\",\"tickSz\":\"",
                 instrument->quote);
    frame_decimal(text, 1, instrument->px_digits);
    frame_puts(text, "\"}");
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;

    (void)now_ns;
    if (!words_begin(path, "/api/v5/public/instruments?instType=SPOT")) {
        frame_puts(text, "{\"code\":\"404\",\"data\":[],\"msg\":\"not found\"}");
        return 404;
    }
    frame_puts(text, "{\"code\":\"0\",\"data\":[");
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "" : ",");
        put_row(text, &list->items[i]);
    }
    frame_puts(text, "],\"msg\":\"\"}");
    return 200;
}

static uint32_t role_of(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument)
{
    if (!words_start(frame, "{\"arg\":{\"channel\":\"books\",\"instId\":\"")) {
        return FRAME_OTHER;
    }
    *instrument = common_find(list, words_quoted(frame, "\"instId\":\""));
    return words_have(frame, "\"action\":\"snapshot\"") ? FRAME_SNAPSHOT : FRAME_BOOK;
}

const struct dialect okx_dialect = {
    .name = "okx",
    .ws_path = "/ws/v5/public",
    .rest_path = "/api/v5",
    .options = "",
    .period_ns = 100 * NS_PER_MS, /* the documents say so of `books` */
    .depth = 400,
    .opens_per_10s = 30,
    .requests_per_second = 10, /* the documents allow 480 an hour */
    .numbers_jump = true,
    .stream_has_whole = true,
    .stream = 11,
    .level_len = 80,
    .row_len = 256,
    .read = read_request,
    .put_book = put_book,
    .get = get,
    .role_of = role_of,
};
