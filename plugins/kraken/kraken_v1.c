/*
 * WebSocket API v1. Book messages are arrays, [channel, {...}, "book-1000", "XBT/USD"], where a
 * change of both sides comes as two objects. The pair stands last, so it is read from the
 * end first: levels cannot be read without knowing their scale.
 */
#include "kraken.h"

/* The string in front of the closing bracket, or nothing. */
static struct arb_bytes last_string(struct arb_bytes msg)
{
    const char *end = msg.data + msg.len;
    struct arb_bytes none = { "", 0 };

    while (end > msg.data && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == ']')) {
        end--;
    }
    if (end == msg.data || end[-1] != '"') {
        return none;
    }
    const char *const close = end - 1;
    const char *const open = memrchr(msg.data, '"', (size_t)(close - msg.data));
    return open == NULL ? none : (struct arb_bytes){ open + 1, (size_t)(close - open - 1) };
}

/* Reads "364907839": the checksum comes as text. */
static void read_checksum(struct arb_json *json, struct book_frame *frame)
{
    uint64_t checksum = 0;

    if (arb_json_u64(json, &checksum) && checksum > UINT32_MAX) {
        arb_json_fail(json, ARB_EPROTO);
    }
    frame->checksum = (uint32_t)checksum;
    frame->has_checksum = true;
}

static void read_sides(struct arb_json *json, struct book_frame *frame, bool *is_snapshot)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        const bool is_whole = key.len == 2 && key.data[1] == 's';
        if (key.len == 0 || key.len > 2 || (key.len == 2 && !is_whole)) {
            arb_json_skip(json);
        } else if (key.data[0] == 'a') {
            *is_snapshot = is_whole;
            arb_json_level_pairs(json, &frame->asks);
        } else if (key.data[0] == 'b') {
            *is_snapshot = is_whole;
            arb_json_level_pairs(json, &frame->bids);
        } else if (key.data[0] == 'c') {
            read_checksum(json, frame);
        } else {
            arb_json_skip(json);
        }
    }
}

static int read_book(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     uint32_t instrument)
{
    struct book_frame frame = kraken_frame_for(self, instrument);
    bool is_snapshot = false;

    arb_json_array(json);
    while (arb_json_next(json)) {
        if (arb_json_peek(json) == '{') {
            read_sides(json, &frame, &is_snapshot);
        } else {
            arb_json_skip(json);
        }
    }
    if (!arb_json_end(json)) {
        return kraken_number_trouble(self, host, instrument, json->rc);
    }
    if (!is_snapshot && !frame.has_checksum) {
        return ARB_EPROTO; /* only snapshots come without */
    }
    return kraken_publish(self, host, &frame, is_snapshot ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
}

struct notice {
    struct arb_bytes event, status, pair, error;
};

static int on_notice(struct kraken *self, struct arb_host *host, const struct notice *notice)
{
    const uint32_t i = kraken_find(self, notice->pair);
    char text[ARB_SYMBOL_MAX] = "";

    if (arb_bytes_are(notice->event, "systemStatus")) {
        memcpy(text, notice->status.data,
               notice->status.len < sizeof(text) ? notice->status.len : sizeof(text) - 1);
        return arb_trading_set(host, ARB_ALL_INSTRUMENTS, kraken_trading(notice->status), text);
    }
    if (!arb_bytes_are(notice->event, "subscriptionStatus")) {
        return ARB_OK; /* heartbeat, pong */
    }
    if (arb_bytes_are(notice->status, "error")) {
        return kraken_refuse(self, host, notice->pair, notice->error);
    }
    if (i != ARB_NO_INSTRUMENT && arb_bytes_are(notice->status, "unsubscribed") &&
        self->pairs[i].sub == SUB_LEAVING) {
        return kraken_subscribe_again(self, host, i);
    }
    return ARB_OK;
}

static int read_notice(struct kraken *self, struct arb_host *host, struct arb_json *json)
{
    struct notice notice = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "event")) {
            arb_json_string(json, &notice.event);
        } else if (arb_bytes_are(key, "status")) {
            arb_json_string(json, &notice.status);
        } else if (arb_bytes_are(key, "pair")) {
            arb_json_string(json, &notice.pair);
        } else if (arb_bytes_are(key, "errorMessage")) {
            arb_json_string(json, &notice.error);
        } else {
            arb_json_skip(json);
        }
    }
    return arb_json_end(json) ? on_notice(self, host, &notice) : json->rc;
}

int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg)
{
    struct arb_json json = arb_json_over(msg);

    if (arb_json_peek(&json) == '{') {
        return read_notice(self, host, &json);
    }
    const uint32_t i = kraken_find(self, last_string(msg));
    if (i != ARB_NO_INSTRUMENT) {
        return read_book(self, host, &json, i);
    }
    /* Not one of ours; still it has to be JSON, or the stream is damaged. */
    return arb_json_skip(&json) && arb_json_end(&json) ? ARB_OK : ARB_EPROTO;
}
