#include "bitstamp_frames.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "util/clock.h"

static const struct level_style stream_style = { "[\"", "\",\"", "\"]", "," };
static const struct level_style rest_style = { "[\"", "\", \"", "\"]", ", " };

static uint32_t event_of(const char *name)
{
    if (name == NULL) {
        return BITSTAMP_UNKNOWN_EVENT;
    }
    if (strcmp(name, "bts:subscribe") == 0) {
        return BITSTAMP_SUBSCRIBE;
    }
    if (strcmp(name, "bts:unsubscribe") == 0) {
        return BITSTAMP_UNSUBSCRIBE;
    }
    return strcmp(name, "bts:heartbeat") == 0 ? BITSTAMP_HEARTBEAT : BITSTAMP_UNKNOWN_EVENT;
}

int bitstamp_request_parse(struct bitstamp_request *request, struct arb_bytes text)
{
    cJSON *const root = cJSON_ParseWithLength(text.data, text.len);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return ARB_EPROTO;
    }
    const cJSON *const data = cJSON_GetObjectItemCaseSensitive(root, "data");
    const char *const channel =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "channel"));
    *request = (struct bitstamp_request){
        .event = event_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "event"))),
    };
    if (channel != NULL && strlen(channel) < sizeof(request->channel)) {
        memcpy(request->channel, channel, strlen(channel));
    }
    cJSON_Delete(root);
    return ARB_OK;
}

bool bitstamp_is_spelled_well(const char *channel)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    return channel[0] != '\0' && channel[strspn(channel, allowed)] == '\0';
}

void bitstamp_put_event(struct arb_text *text, const char *event, const char *channel)
{
    arb_text_add(text, "{\"event\":\"%s\",\"channel\":\"%s\",\"data\":{}}", event, channel);
}

void bitstamp_put_error(struct arb_text *text, const char *message)
{
    arb_text_add(text,
                 "{\"event\":\"bts:error\",\"channel\":\"\","
                 "\"data\":{\"code\":null,\"message\":\"%s\"}}",
                 message);
}

void bitstamp_put_heartbeat(struct arb_text *text)
{
    frame_puts(text,
               "{\"event\":\"bts:heartbeat\",\"channel\":\"\",\"data\":{\"status\":\"success\"}}");
}

static void put_diff_levels(struct arb_text *text, const struct bitstamp_book *book,
                            const char *zero, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) {
            frame_puts(text, ",");
        }
        if (levels[i].qty != 0 || zero == NULL) {
            frame_levels(text, &stream_style, book->instrument, &levels[i], 1);
            continue;
        }
        frame_puts(text, "[\"");
        frame_decimal(text, levels[i].px, book->instrument->px_digits);
        arb_text_add(text, "\",\"%s\"]", zero);
    }
}

void bitstamp_put_book(struct arb_text *text, const char *channel, const char *zero,
                       const struct bitstamp_book *book)
{
    arb_text_add(text, "{\"data\":{\"timestamp\":\"%lld\",\"microtimestamp\":\"%lld\",\"bids\":[",
                 (long long)(book->at_ns / NS_PER_S), (long long)(book->at_ns / 1000));
    put_diff_levels(text, book, zero, book->bids, book->n_bids);
    frame_puts(text, "],\"asks\":[");
    put_diff_levels(text, book, zero, book->asks, book->n_asks);
    arb_text_add(text, "]},\"channel\":\"%s%s\",\"event\":\"data\"}", channel,
                 book->instrument->market);
}

static void put_rest_head(struct arb_text *text, int64_t at_ns)
{
    arb_text_add(text, "{\"timestamp\": \"%lld\", \"microtimestamp\": \"%lld\", \"bids\": [",
                 (long long)(at_ns / NS_PER_S), (long long)(at_ns / 1000));
}

void bitstamp_put_rest_book(struct arb_text *text, const struct bitstamp_book *book)
{
    put_rest_head(text, book->at_ns);
    frame_levels(text, &rest_style, book->instrument, book->bids, book->n_bids);
    frame_puts(text, "], \"asks\": [");
    frame_levels(text, &rest_style, book->instrument, book->asks, book->n_asks);
    frame_puts(text, "]}");
}

enum { RETIRED_BITS = 20, RETIRED_SHIFT = 38 /* above all prices */ };

#define RETIRED_ENTRY (UINT64_C(1) << 60) /* above all places: an entry of 0 is an entry */

_Static_assert(BITSTAMP_SPLIT_MAX *RETIRED_BITS <= 60, "the places fit below RETIRED_ENTRY");

static uint64_t retired_at(uint64_t retired, uint64_t place)
{
    return retired >> (place * RETIRED_BITS) & ((1U << RETIRED_BITS) - 1);
}

uint64_t bitstamp_retire(uint64_t retired, uint32_t place)
{
    return retired + (UINT64_C(1) << (place * RETIRED_BITS));
}

static const struct ladder *prices_of(const struct bitstamp_retired *retired, bool is_bid)
{
    return is_bid ? &retired->prices.bids : &retired->prices.asks;
}

uint64_t bitstamp_retired_at(const struct bitstamp_retired *retired, bool is_bid, int64_t px)
{
    const struct arb_level *const entry = ladder_find(prices_of(retired, is_bid), px);
    return entry == NULL ? retired->floor : (uint64_t)entry->qty - RETIRED_ENTRY;
}

void bitstamp_retired_set(struct bitstamp_retired *retired, bool is_bid, int64_t px, uint64_t used)
{
    ladder_set(is_bid ? &retired->prices.bids : &retired->prices.asks,
               (struct arb_level){ px, (int64_t)(used + RETIRED_ENTRY) });
}

/* Of one side; returns the most that was used up in any place of a price now forgotten. */
static uint64_t forget_side(struct bitstamp_retired *retired, const struct sim_book *now,
                            bool is_bid)
{
    struct ladder *const prices = is_bid ? &retired->prices.bids : &retired->prices.asks;
    const struct ladder *const orders = is_bid ? &now->bids : &now->asks;
    uint64_t most = 0;

    for (uint32_t i = prices->n; i-- > 0;) {
        const int64_t px = prices->levels[i].px;
        for (uint64_t k = 0; ladder_find(orders, px) == NULL && k < BITSTAMP_SPLIT_MAX; k++) {
            const uint64_t used = retired_at(bitstamp_retired_at(retired, is_bid, px), k);
            most = used > most ? used : most;
        }
        if (ladder_find(orders, px) == NULL) {
            ladder_set(prices, (struct arb_level){ px, 0 });
        }
    }
    for (uint32_t i = 0; i < orders->n; i++) {
        const int64_t px = orders->levels[i].px;
        bitstamp_retired_set(retired, is_bid, px, bitstamp_retired_at(retired, is_bid, px));
    }
    return most;
}

void bitstamp_retired_forget(struct bitstamp_retired *retired, const struct sim_book *now)
{
    const uint64_t bids = forget_side(retired, now, true), asks = forget_side(retired, now, false);
    const uint64_t most = bids > asks ? bids : asks;

    while (retired_at(retired->floor, 0) < most) {
        for (uint32_t place = 0; place < BITSTAMP_SPLIT_MAX; place++) {
            retired->floor = bitstamp_retire(retired->floor, place);
        }
    }
}

struct bitstamp_split bitstamp_split(bool is_bid, struct arb_level level, uint64_t retired)
{
    const uint64_t mixed = (uint64_t)level.px * UINT64_C(0x9E3779B97F4A7C15);
    const uint64_t n = 1 + (mixed >> 40) % BITSTAMP_SPLIT_MAX;
    const int64_t part = level.qty / (int64_t)n;
    struct bitstamp_split split = { .qty = { level.qty - part * (int64_t)(n - 1) } };

    for (uint64_t i = 0; i < BITSTAMP_SPLIT_MAX; i++) {
        split.ids[i] = UINT64_C(1) << 50 | (uint64_t)level.px << 3 | i << 1 | (uint64_t)is_bid;
        split.ids[i] += retired_at(retired, i) << RETIRED_SHIFT;
        split.qty[i] = i == 0 ? split.qty[0] : i < n ? part : 0;
    }
    return split;
}

/* As seen at the venue: the time in the first half, counters in the second. */
void bitstamp_event_id(char *out, int64_t at_ns, uint64_t number)
{
    const uint64_t us = (uint64_t)at_ns / 1000;
    (void)snprintf(out, BITSTAMP_EVENT_ID_MAX, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(us >> 32),
                   (unsigned)(us >> 16 & 0xffff), (unsigned)(us & 0xffff), (unsigned)(number >> 48),
                   (unsigned long long)(number & 0xffffffffffffULL));
}

/* The numbers stand there as text and as what a double makes of them. */
static void put_both(struct arb_text *text, const char *name, int64_t value, unsigned digits)
{
    arb_text_add(text, ",\"%s\":%.8g,\"%s_str\":\"", name,
                 (double)value / (double)arb_pow10(digits), name);
    frame_decimal(text, value, (uint8_t)digits);
    frame_puts(text, "\"");
}

void bitstamp_put_order(struct arb_text *text, const struct bitstamp_order *order)
{
    const long long us = (long long)(order->at_ns / 1000);

    arb_text_add(text,
                 "{\"data\":{\"id\":%llu,\"id_str\":\"%llu\",\"order_type\":%d,\"order_subtype\":5,"
                 "\"datetime\":\"%lld\",\"microtimestamp\":\"%lld\"",
                 (unsigned long long)order->id, (unsigned long long)order->id, !order->is_bid,
                 us / 1000000, us);
    put_both(text, "amount", order->level.qty, order->instrument->qty_digits);
    put_both(text, "price", order->level.px, order->instrument->px_digits);
    arb_text_add(text,
                 ",\"is_liquidation\":false},\"channel\":\"live_orders_%s\",\"event\":\"%s\","
                 "\"event_id\":\"%s\",\"pre_event_id\":\"%s\",\"order_source\":\"orderbook\"}",
                 order->instrument->market, order->event, order->event_id, order->pre_event_id);
}

static void put_split_levels(struct arb_text *text, const struct bitstamp_book *book, bool is_bid)
{
    const struct arb_level *const levels = is_bid ? book->bids : book->asks;
    const uint32_t n_levels = is_bid ? book->n_bids : book->n_asks;
    const char *before = "";

    for (uint32_t i = 0; i < n_levels; i++) {
        const uint64_t retired =
            book->retired == NULL ? 0 : bitstamp_retired_at(book->retired, is_bid, levels[i].px);
        const struct bitstamp_split split = bitstamp_split(is_bid, levels[i], retired);
        for (uint32_t k = 0; k < BITSTAMP_SPLIT_MAX; k++) {
            if (split.qty[k] == 0) {
                continue;
            }
            arb_text_add(text, "%s[\"", before);
            frame_decimal(text, levels[i].px, book->instrument->px_digits);
            frame_puts(text, "\", \"");
            frame_decimal(text, split.qty[k], book->instrument->qty_digits);
            arb_text_add(text, "\", \"%llu\"]", (unsigned long long)split.ids[k]);
            before = ", ";
        }
    }
}

void bitstamp_put_rest_orders(struct arb_text *text, const struct bitstamp_book *book)
{
    put_rest_head(text, book->at_ns);
    put_split_levels(text, book, true);
    frame_puts(text, "], \"asks\": [");
    put_split_levels(text, book, false);
    frame_puts(text, "]}");
}

void bitstamp_put_markets(struct arb_text *text, const struct instrument_list *list)
{
    frame_puts(text, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct sim_instrument *const item = &list->items[i];
        arb_text_add(text,
                     "%s{\"name\": \"%s\", \"market_symbol\": \"%s\", \"base_currency\": \"%s\", "
                     "\"base_decimals\": %u, \"counter_currency\": \"%s\", "
                     "\"counter_decimals\": %u, \"minimum_order_value\": \"%d.%02d\", "
                     "\"trading\": \"Enabled\", \"instant_order_counter_decimals\": %u, "
                     "\"market_type\": \"SPOT\"}",
                     i == 0 ? "" : ", ", item->symbol, item->market, item->base, item->qty_digits,
                     item->quote, item->px_digits, (int)(item->min_value / 100),
                     (int)(item->min_value % 100), item->px_digits);
    }
    frame_puts(text, "]");
}

void bitstamp_put_trading_pairs(struct arb_text *text, const struct instrument_list *list)
{
    frame_puts(text, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct sim_instrument *const item = &list->items[i];
        arb_text_add(text,
                     "%s{\"base_decimals\": %u, \"minimum_order\": \"%d.%d %s\", \"name\": \"%s\", "
                     "\"counter_decimals\": %u, \"trading\": \"Enabled\", \"url_symbol\": \"%s\", "
                     "\"description\": \"%s / %s\"}",
                     i == 0 ? "" : ", ", item->qty_digits, (int)(item->min_value / 100),
                     (int)(item->min_value % 100 / 10), item->quote, item->symbol, item->px_digits,
                     item->market, item->base, item->quote);
    }
    frame_puts(text, "]");
}
