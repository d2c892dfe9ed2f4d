#include "kraken_frames.h"

#include <libdeflate.h>
#include <string.h>

#include "arbspot/decimal.h"

const uint32_t kraken_depths[KRAKEN_DEPTHS] = { 10, 25, 100, 500, 1000 };

static const struct level_style level_style = { "{\"price\":", ",\"qty\":", "}", "," };

enum {
    PROCESSING_NS = 40000, /* between the time_in and the time_out of an answer */
    DEPTH_DEFAULT = 10,
};

int kraken_depth_index(int64_t depth)
{
    for (int i = 0; i < KRAKEN_DEPTHS; i++) {
        if (kraken_depths[i] == depth) {
            return i;
        }
    }
    return -1;
}

/* Without point and leading zeros the wire text of a number is its integer in last digits. */
static void put_tokens(struct arb_text *text, const struct ladder *side)
{
    for (uint32_t i = 0; i < side->n && i < KRAKEN_CHECKSUM_LEVELS; i++) {
        frame_decimal(text, side->levels[i].px, 0);
        frame_decimal(text, side->levels[i].qty, 0);
    }
}

uint32_t kraken_checksum(const struct sim_book *book)
{
    char buffer[4 * KRAKEN_CHECKSUM_LEVELS * ARB_DECIMAL_TEXT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    put_tokens(&text, &book->asks);
    put_tokens(&text, &book->bids);
    return libdeflate_crc32(0, text.data, text.len);
}

static uint32_t method_of(const char *name)
{
    if (strcmp(name, "subscribe") == 0) {
        return KRAKEN_SUBSCRIBE;
    }
    if (strcmp(name, "unsubscribe") == 0) {
        return KRAKEN_UNSUBSCRIBE;
    }
    return strcmp(name, "ping") == 0 ? KRAKEN_PING : KRAKEN_UNKNOWN_METHOD;
}

static const char *string_of(const cJSON *object, const char *key)
{
    const char *const text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text == NULL ? "" : text;
}

/* True when the number is a whole one that a double holds exactly. */
static bool whole_number(const cJSON *item, int64_t *out)
{
    const double limit = 9007199254740992.0; /* 2^53 */

    if (!cJSON_IsNumber(item) || !(item->valuedouble > -limit && item->valuedouble < limit)) {
        return false;
    }
    const int64_t value = (int64_t)item->valuedouble;
    if ((double)value != item->valuedouble) {
        return false;
    }
    *out = value;
    return true;
}

static void read_params(struct kraken_request *out, const cJSON *params)
{
    const cJSON *const depth = cJSON_GetObjectItemCaseSensitive(params, "depth");
    const cJSON *const symbols = cJSON_GetObjectItemCaseSensitive(params, "symbol");
    const cJSON *const snapshot = cJSON_GetObjectItemCaseSensitive(params, "snapshot");

    out->channel = string_of(params, "channel");
    out->symbols = cJSON_IsArray(symbols) ? symbols : NULL;
    out->snapshot = !cJSON_IsFalse(snapshot);
    out->depth = DEPTH_DEFAULT;
    if (depth != NULL && !whole_number(depth, &out->depth)) {
        out->depth = -1;
    }
}

int kraken_request_parse(struct kraken_request *request, struct arb_bytes text)
{
    cJSON *const root = cJSON_ParseWithLength(text.data, text.len);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return ARB_EPROTO;
    }
    *request = (struct kraken_request){ .root = root, .method_name = string_of(root, "method") };
    request->method = method_of(request->method_name);
    request->has_req_id =
        whole_number(cJSON_GetObjectItemCaseSensitive(root, "req_id"), &request->req_id);
    read_params(request, cJSON_GetObjectItemCaseSensitive(root, "params"));
    return ARB_OK;
}

void kraken_request_fini(struct kraken_request *request)
{
    cJSON_Delete(request->root);
    request->root = NULL;
}

void kraken_put_status(struct arb_text *text, const char *system, uint64_t connection_id)
{
    arb_text_add(text,
                 "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\","
                 "\"system\":\"%s\",\"api_version\":\"v2\",\"connection_id\":%llu}]}",
                 system, (unsigned long long)connection_id);
}

void kraken_put_heartbeat(struct arb_text *text)
{
    frame_puts(text, "{\"channel\":\"heartbeat\"}");
}

/* Appends the times and the request's number, and closes the answer. */
static void put_answer_end(struct arb_text *text, const struct kraken_request *request,
                           int64_t now_ns)
{
    frame_puts(text, ",\"time_in\":\"");
    frame_time(text, now_ns);
    frame_puts(text, "\",\"time_out\":\"");
    frame_time(text, now_ns + PROCESSING_NS);
    frame_puts(text, "\"");
    if (request->has_req_id) {
        arb_text_add(text, ",\"req_id\":%lld", (long long)request->req_id);
    }
    frame_puts(text, "}");
}

void kraken_put_pong(struct arb_text *text, const struct kraken_request *request, int64_t now_ns)
{
    frame_puts(text, "{\"method\":\"pong\"");
    put_answer_end(text, request, now_ns);
}

static void put_book_result(struct arb_text *text, const struct kraken_request *request,
                            const char *symbol)
{
    arb_text_add(text, "\"channel\":\"book\",\"depth\":%lld,", (long long)request->depth);
    if (request->method == KRAKEN_SUBSCRIBE) {
        arb_text_add(text, "\"snapshot\":%s,", request->snapshot ? "true" : "false");
    }
    arb_text_add(text, "\"symbol\":\"%s\"", symbol);
}

static void put_instrument_result(struct arb_text *text, const struct kraken_request *request)
{
    frame_puts(text, "\"channel\":\"instrument\"");
    if (request->method == KRAKEN_SUBSCRIBE) {
        arb_text_add(text,
                     ",\"snapshot\":%s,"
                     "\"warnings\":[\"tick_size is deprecated, use price_increment\"]",
                     request->snapshot ? "true" : "false");
    }
}

void kraken_put_ack(struct arb_text *text, const struct kraken_request *request, const char *symbol,
                    int64_t now_ns)
{
    arb_text_add(text, "{\"method\":\"%s\",\"result\":{", request->method_name);
    if (symbol != NULL) {
        put_book_result(text, request, symbol);
    } else {
        put_instrument_result(text, request);
    }
    frame_puts(text, "},\"success\":true");
    put_answer_end(text, request, now_ns);
}

void kraken_put_error(struct arb_text *text, const struct kraken_request *request,
                      const char *symbol, const char *error, int64_t now_ns)
{
    const bool known = request->method != KRAKEN_UNKNOWN_METHOD;

    arb_text_add(text, "{\"error\":\"%s\"", error);
    if (known) {
        arb_text_add(text, ",\"method\":\"%s\"", request->method_name);
    }
    frame_puts(text, ",\"success\":false");
    if (symbol != NULL) {
        arb_text_add(text, ",\"symbol\":\"%s\"", symbol);
    }
    put_answer_end(text, request, now_ns);
}

static void put_asset(struct arb_text *text, const char *id)
{
    const bool first = text->data[text->len - 1] == '[';
    arb_text_add(text,
                 "%s{\"id\":\"%s\",\"status\":\"enabled\",\"precision\":10,"
                 "\"precision_display\":5,\"borrowable\":false,\"collateral_value\":0.00}",
                 first ? "" : ",", id);
}

static void put_assets(struct arb_text *text, const struct sim_instrument *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].is_first_with_base) {
            put_asset(text, items[i].base);
        }
        if (items[i].is_first_with_quote) {
            put_asset(text, items[i].quote);
        }
    }
}

/* Bare, with an exponent below 0.0001. */
static void put_least(struct arb_text *text, int64_t qty, unsigned digits)
{
    for (; qty != 0 && digits > 0 && qty % 10 == 0; digits--) {
        qty /= 10;
    }
    if (qty > 0 && qty < 10 && digits > 4) {
        arb_text_add(text, "%de-%02u", (int)qty, digits);
    } else {
        frame_least(text, qty, digits);
    }
}

static void put_pair(struct arb_text *text, const struct sim_instrument *item, const char *status)
{
    arb_text_add(text,
                 "{\"symbol\":\"%s\",\"base\":\"%s\",\"quote\":\"%s\",\"status\":\"%s\","
                 "\"qty_precision\":%u,\"qty_increment\":",
                 item->symbol, item->base, item->quote, status, item->qty_digits);
    frame_increment(text, item->qty_digits);
    arb_text_add(text, ",\"price_precision\":%u,\"cost_precision\":5,\"marginable\":false,",
                 item->px_digits);
    frame_puts(text, "\"has_index\":true,\"cost_min\":");
    frame_decimal(text, item->min_value, 2);
    frame_puts(text, ",\"tick_size\":");
    frame_increment(text, item->px_digits);
    frame_puts(text, ",\"price_increment\":");
    frame_increment(text, item->px_digits);
    frame_puts(text, ",\"qty_min\":");
    put_least(text, item->min_qty, item->qty_digits);
    frame_puts(text, "}");
}

void kraken_put_instruments(struct arb_text *text, const char *type,
                            const struct sim_instrument *items, const char *const *statuses,
                            uint32_t n)
{
    arb_text_add(text, "{\"channel\":\"instrument\",\"type\":\"%s\",\"data\":{\"assets\":[", type);
    put_assets(text, items, n);
    frame_puts(text, "],\"pairs\":[");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) {
            frame_puts(text, ",");
        }
        put_pair(text, &items[i], statuses == NULL ? "online" : statuses[i]);
    }
    frame_puts(text, "]}}");
}

void kraken_put_book(struct arb_text *text, const struct kraken_book_frame *frame)
{
    arb_text_add(text,
                 "{\"channel\":\"book\",\"type\":\"%s\",\"data\":[{\"symbol\":\"%s\",\"bids\":[",
                 frame->type, frame->instrument->symbol);
    frame_levels(text, &level_style, frame->instrument, frame->bids, frame->n_bids);
    frame_puts(text, "],\"asks\":[");
    frame_levels(text, &level_style, frame->instrument, frame->asks, frame->n_asks);
    arb_text_add(text, "],\"checksum\":%u,\"timestamp\":\"", frame->checksum);
    frame_time(text, frame->changed_ns);
    frame_puts(text, "\"}]}");
}
