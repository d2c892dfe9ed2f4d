#include "bitstamp_frames.h"

#include <stdio.h>
#include <string.h>

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

void bitstamp_put_rest_book(struct arb_text *text, const struct bitstamp_book *book)
{
    arb_text_add(text, "{\"timestamp\": \"%lld\", \"microtimestamp\": \"%lld\", \"bids\": [",
                 (long long)(book->at_ns / NS_PER_S), (long long)(book->at_ns / 1000));
    frame_levels(text, &rest_style, book->instrument, book->bids, book->n_bids);
    frame_puts(text, "], \"asks\": [");
    frame_levels(text, &rest_style, book->instrument, book->asks, book->n_asks);
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
                     "\"counter_decimals\": %u, \"minimum_order_value\": \"10\", "
                     "\"trading\": \"Enabled\", \"instant_order_counter_decimals\": %u, "
                     "\"market_type\": \"SPOT\"}",
                     i == 0 ? "" : ", ", item->symbol, item->market, item->base, item->qty_digits,
                     item->quote, item->px_digits, item->px_digits);
    }
    frame_puts(text, "]");
}

void bitstamp_put_trading_pairs(struct arb_text *text, const struct instrument_list *list)
{
    frame_puts(text, "[");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct sim_instrument *const item = &list->items[i];
        arb_text_add(text,
                     "%s{\"base_decimals\": %u, \"minimum_order\": \"10.0 %s\", \"name\": \"%s\", "
                     "\"counter_decimals\": %u, \"trading\": \"Enabled\", \"url_symbol\": \"%s\", "
                     "\"description\": \"%s / %s\"}",
                     i == 0 ? "" : ", ", item->qty_digits, item->quote, item->symbol,
                     item->px_digits, item->market, item->base, item->quote);
    }
    frame_puts(text, "]");
}
