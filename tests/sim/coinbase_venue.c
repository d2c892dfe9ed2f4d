/*
 * Coinbase, Advanced Trade, channel `level2`. Shapes and rules as in plugins/coinbase/README.md,
 * where their sources are; the frames are spelled like the recordings of tests/data. Pairs against
 * USDC, whose books are those against USD, are not in it.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>

#include "dialects.h"
#include "frame_role.h"
#include "words.h"
#include "util/clock.h"

enum { HAS_HEARTBEATS = 1 }; /* of a client's flags */

#define CHANGED_BEFORE_NS (30 * NS_PER_MS)        /* recorded: 0.03 to 0.9 s before the message */
#define ANSWER_AFTER_NS (60 * NS_PER_MS)          /* recorded: 20 to 30 ms behind the whole book */
#define RUNNING_FOR_NS (INT64_C(534308232148689)) /* the venue's program, when ours begins */

static void put_head(struct arb_text *text, const char *channel, uint64_t nth, int64_t at_ns)
{
    arb_text_add(text, "{\"channel\":\"%s\",\"timestamp\":\"", channel);
    frame_time_short(text, at_ns, 'T');
    arb_text_add(text, "Z\",\"sequence_num\":%" PRIu64 ",\"events\":[{", nth);
}

static void put_side(const struct book_words *words, const char *side,
                     const struct arb_level *levels, uint32_t n, struct arb_text *text)
{
    char data[128];
    struct arb_text open = arb_text_over(data, sizeof(data));
    const struct level_style style = { data, "\",\"new_quantity\":\"", "\"}", "," };

    arb_text_add(&open, "{\"side\":\"%s\",\"event_time\":\"", side);
    frame_time_short(&open, words->at_ns - CHANGED_BEFORE_NS, 'T');
    frame_puts(&open, "Z\",\"price_level\":\"");
    frame_short_levels(text, &style, words->instrument, levels, n);
}

static void put_book(const struct book_words *words, struct arb_text *text)
{
    put_head(text, "l2_data", words->nth, words->at_ns);
    arb_text_add(text, "\"type\":\"%s\",\"product_id\":\"%s-%s\",\"updates\":[",
                 words->is_whole ? "snapshot" : "update", words->instrument->base,
                 words->instrument->quote);
    put_side(words, "bid", words->bids, words->n_bids, text);
    frame_puts(text, words->n_bids > 0 && words->n_asks > 0 ? "," : "");
    put_side(words, "offer", words->asks, words->n_asks, text);
    frame_puts(text, "]}]}");
}

/* Everything that the client has subscribed, whatever it asked last. */
static void put_list(struct common_venue *venue, uint32_t client, uint64_t nth, int64_t at_ns,
                     struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;
    const bool has_heartbeats = *common_flags(venue, client) == HAS_HEARTBEATS;
    const char *before = has_heartbeats ? ",\"level2\":[" : "\"level2\":[";
    bool has_books = false;

    put_head(text, "subscriptions", nth, at_ns);
    frame_puts(text, "\"subscriptions\":{");
    frame_puts(text, has_heartbeats ? "\"heartbeats\":[\"heartbeats\"]" : "");
    for (uint32_t i = 0; i < list->n; i++) {
        if (common_has(venue, client, i)) {
            arb_text_add(text, "%s\"%s-%s\"", before, list->items[i].base, list->items[i].quote);
            before = ",";
            has_books = true;
        }
    }
    frame_puts(text, has_books ? "]}}]}" : "}}]}");
}

/* "m=" is how long the program has been running, and the counter its whole seconds. */
static void put_beat(struct common_venue *venue, uint32_t client, uint64_t nth, int64_t at_ns,
                     struct arb_text *text)
{
    const int64_t running_ns = at_ns - common_config(venue)->start_ns + RUNNING_FOR_NS;

    if (*common_flags(venue, client) != HAS_HEARTBEATS) {
        return;
    }
    put_head(text, "heartbeats", nth, at_ns);
    frame_puts(text, "\"current_time\":\"");
    frame_time_short(text, at_ns, ' ');
    arb_text_add(text, " +0000 UTC m=+%" PRId64 ".%09" PRId64 "\",\"heartbeat_counter\":%" PRId64,
                 running_ns / NS_PER_S, running_ns % NS_PER_S, running_ns / NS_PER_S);
    frame_puts(text, "}]}");
}

static void send_list(struct common_venue *venue, uint32_t client, int64_t now_ns)
{
    struct arb_text text = common_text(venue);

    put_list(venue, client, common_count(venue, client), common_time_ns(venue, now_ns), &text);
    common_send(venue, client, &text);
}

/* Errors have no number. */
static void refuse(struct common_venue *venue, uint32_t client)
{
    struct arb_text text = common_text(venue);

    frame_puts(&text, "{\"type\":\"error\",\"message\":\"authentication failure\"}");
    common_send(venue, client, &text);
}

/* A pair that there is not is left out of the list, and nothing else is said of it. */
static bool change_books(struct common_venue *venue, uint32_t client, const cJSON *request,
                         int64_t now_ns)
{
    const bool is_coming = words_are(request, "type", "subscribe");
    bool is_new = false;
    const cJSON *name;

    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(request, "product_ids"))
    {
        const char *const text = cJSON_GetStringValue(name);
        const uint32_t i =
            common_find(common_config(venue)->instruments, arb_bytes_of(text == NULL ? "" : text));
        if (i == ARB_NO_INSTRUMENT) {
            continue;
        }
        if (is_coming) {
            is_new = common_subscribe(venue, client, i, now_ns) || is_new;
        } else {
            (void)common_unsubscribe(venue, client, i); /* the list is the same either way */
        }
    }
    return is_new;
}

static void carry_out(struct common_venue *venue, uint32_t client, const cJSON *request,
                      int64_t now_ns)
{
    const bool is_coming = words_are(request, "type", "subscribe");

    if (!is_coming && !words_are(request, "type", "unsubscribe")) {
        refuse(venue, client);
    } else if (words_are(request, "channel", "heartbeats")) {
        *common_flags(venue, client) = is_coming ? HAS_HEARTBEATS : 0;
        send_list(venue, client, now_ns);
    } else if (!words_are(request, "channel", "level2")) {
        refuse(venue, client);
    } else if (change_books(venue, client, request, now_ns)) {
        common_answer_late(venue, client, now_ns + ANSWER_AFTER_NS);
    } else {
        send_list(venue, client, now_ns);
    }
}

static void read_request(struct common_venue *venue, uint32_t client, struct arb_bytes message,
                         int64_t now_ns)
{
    cJSON *const request = cJSON_ParseWithLength(message.data, message.len);

    carry_out(venue, client, request, now_ns);
    cJSON_Delete(request);
}

static void put_row(struct arb_text *text, const struct sim_instrument *instrument)
{
    const char *const base = instrument->base, *const quote = instrument->quote;

    arb_text_add(text, "{\"id\":\"%s-%s\",\"base_currency\":\"%s\",\"quote_currency\":\"%s\"", base,
                 quote, base, quote);
    frame_puts(text, ",\"quote_increment\":\"");
    frame_decimal(text, 1, instrument->px_digits);
    frame_puts(text, "\",\"base_increment\":\"");
    frame_decimal(text, 1, instrument->qty_digits);
    arb_text_add(text, "\",\"display_name\":\"%s/%s\",\"min_market_funds\":\"", base, quote);
    frame_least(text, instrument->min_value, 2);
    frame_puts(text, "\",\"margin_enabled\":false,\"post_only\":false,\"limit_only\":false,"
                     "\"cancel_only\":false,\"status\":\"online\",\"status_message\":\"\","
                     "\"trading_disabled\":false,\"fx_stablecoin\":false,"
                     "\"max_slippage_percentage\":\"0.02000000\",\"auction_mode\":false,"
                     "\"high_bid_limit_percentage\":\"\"}");
}

static int get(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text)
{
    const struct instrument_list *const list = common_config(venue)->instruments;

    (void)now_ns;
    if (strcmp(path, "/products") != 0) {
        frame_puts(text, "{\"message\":\"NotFound\"}");
        return 404;
    }
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "[" : ",");
        put_row(text, &list->items[i]);
    }
    frame_puts(text, "]");
    return 200;
}

static uint32_t role_of(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument)
{
    if (!words_start(frame, "{\"channel\":\"l2_data\",\"timestamp\":\"")) {
        return FRAME_OTHER;
    }
    *instrument = common_find(list, words_quoted(frame, "\"product_id\":\""));
    return words_have(frame, "\"type\":\"snapshot\"") ? FRAME_SNAPSHOT : FRAME_BOOK;
}

const struct dialect coinbase_dialect = {
    .name = "coinbase",
    .ws_path = "",
    .rest_path = "",
    .options = "",
    .period_ns = 50 * NS_PER_MS, /* recorded: mostly 50 ms apart */
    .opens_per_10s = 80,         /* the documents say eight a second, of both */
    .requests_per_second = 8,
    .requests_of_address = true,
    .stream_has_whole = true,
    .empty_once_in = 2, /* recorded: 4 of 10 updates are empty */
    .beat_ns = NS_PER_S,
    .stream = 12,
    .level_len = 192,
    .row_len = 640,
    .read = read_request,
    .put_book = put_book,
    .get = get,
    .put_beat = put_beat,
    .put_late_answer = put_list,
    .role_of = role_of,
};
