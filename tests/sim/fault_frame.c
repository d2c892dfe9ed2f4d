#include "fault_frame.h"

#include <ctype.h>
#include <string.h>

#include "frame.h"

static bool begins(struct arb_bytes frame, const char *head)
{
    const size_t len = strlen(head);
    return frame.len >= len && memcmp(frame.data, head, len) == 0;
}

/* What stands behind the first `key`; NULL data when there is none. */
static struct arb_bytes behind(struct arb_bytes frame, const char *key)
{
    const size_t len = strlen(key);
    const char *const at = frame.len < len ? NULL : memmem(frame.data, frame.len, key, len);

    if (at == NULL) {
        return (struct arb_bytes){ NULL, 0 };
    }
    return (struct arb_bytes){ at + len, (size_t)(frame.data + frame.len - at) - len };
}

/* The text up to the next quote. */
static struct arb_bytes quoted(struct arb_bytes text)
{
    const char *const end = text.data == NULL ? NULL : memchr(text.data, '"', text.len);
    return (struct arb_bytes){ text.data, end == NULL ? 0 : (size_t)(end - text.data) };
}

static uint32_t pair_of(const struct instrument_list *instruments, struct arb_bytes frame)
{
    return arb_symbol_find(&instruments->by_symbol, quoted(behind(frame, "\"symbol\":\"")));
}

static struct frame_subject pair_subject(const struct instrument_list *instruments,
                                         struct arb_bytes frame, enum frame_role role)
{
    return (struct frame_subject){ (uint32_t)role, FAULT_AT_KRAKEN, pair_of(instruments, frame) };
}

/* At Bitstamp the channel says what it is and for which market. */
static struct frame_subject channel_subject(const struct instrument_list *instruments,
                                            struct arb_bytes frame, enum frame_role role)
{
    static const struct {
        const char *prefix;
        enum fault_feed feed;
    } channels[] = {
        { "order_book_", FAULT_AT_ORDER_BOOK },
        { "diff_order_book_", FAULT_AT_DIFF },
        { "live_orders_", FAULT_AT_ORDERS },
    };
    const struct arb_bytes name = quoted(behind(frame, "\"channel\":\""));

    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        const size_t len = strlen(channels[i].prefix);
        if (begins(name, channels[i].prefix)) {
            const struct arb_bytes market = { name.data + len, name.len - len };
            return (struct frame_subject){ (uint32_t)role, channels[i].feed,
                                           arb_symbol_find(&instruments->by_market, market) };
        }
    }
    return (struct frame_subject){ FRAME_OTHER, 0, ARB_NO_INSTRUMENT };
}

struct frame_subject frame_subject_of(const struct instrument_list *instruments,
                                      struct arb_bytes frame)
{
    if (begins(frame, "{\"channel\":\"book\",\"type\":\"update\"")) {
        return pair_subject(instruments, frame, FRAME_BOOK);
    }
    if (begins(frame, "{\"channel\":\"book\",\"type\":\"snapshot\"")) {
        return pair_subject(instruments, frame, FRAME_SNAPSHOT);
    }
    if (begins(frame, "{\"method\":\"subscribe\",\"result\":{\"channel\":\"book\"")) {
        return pair_subject(instruments, frame, FRAME_SUBSCRIBED);
    }
    if (begins(frame, "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"book\"")) {
        return pair_subject(instruments, frame, FRAME_UNSUBSCRIBED);
    }
    if (begins(frame, "{\"data\":{\"timestamp\"") || begins(frame, "{\"data\":{\"id\"")) {
        return channel_subject(instruments, frame, FRAME_BOOK);
    }
    if (begins(frame, "{\"event\":\"bts:subscription_succeeded\"")) {
        return channel_subject(instruments, frame, FRAME_SUBSCRIBED);
    }
    return (struct frame_subject){ FRAME_OTHER, 0, ARB_NO_INSTRUMENT };
}

/* Writes the frame with frame.data[at .. at+len) replaced. */
static void replace(struct arb_bytes frame, const char *at, size_t len, struct arb_bytes by,
                    struct arb_text *out)
{
    const size_t before = (size_t)(at - frame.data);

    frame_put(out, frame.data, before);
    frame_put(out, by.data, by.len);
    frame_put(out, at + len, frame.len - before - len);
}

static void replace_char(struct arb_bytes frame, const char *at, char by, struct arb_text *out)
{
    replace(frame, at, 1, (struct arb_bytes){ &by, 1 }, out);
}

static size_t number_len(const char *number)
{
    return strspn(number, "0123456789."); /* a quote, a comma or a bracket follows */
}

bool frame_corrupt_digit(struct prng *prng, struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes levels = behind(frame, "\"bids\":[");
    const struct arb_bytes end = behind(frame, "\"checksum\"");
    const size_t len = levels.len - (end.data == NULL ? 0 : end.len);

    if (levels.data == NULL || len == 0) {
        return false;
    }
    const char *at = levels.data + prng_below(prng, (int64_t)len);
    while (at < levels.data + len && !isdigit((unsigned char)*at)) {
        at++;
    }
    if (at == levels.data + len) {
        return false;
    }
    replace_char(frame, at, (char)('0' + (*at - '0' + prng_between(prng, 1, 9)) % 10), out);
    return true;
}

bool frame_wrong_checksum(struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes number = behind(frame, "\"checksum\":");

    if (number.data == NULL) {
        return false;
    }
    const char *const last = number.data + number_len(number.data) - 1;
    replace_char(frame, last, (char)('0' + (*last - '0' + 1) % 10), out);
    return true;
}

bool frame_cut_short(struct prng *prng, struct arb_bytes frame, struct arb_text *out)
{
    frame_put(out, frame.data, (size_t)prng_between(prng, 1, (int64_t)frame.len - 1));
    return true;
}

/* The first price of one side, or nothing: a number at Kraken, a string at Bitstamp. */
static struct arb_bytes first_price(struct arb_bytes frame, const char *side)
{
    static const char object[] = "{\"price\":", array[] = "[\"";
    struct arb_bytes at = behind(frame, side);

    if (at.data == NULL || (!begins(at, object) && !begins(at, array))) {
        return (struct arb_bytes){ NULL, 0 };
    }
    at.data += begins(at, object) ? strlen(object) : strlen(array);
    return (struct arb_bytes){ at.data, number_len(at.data) };
}

/* The quantity behind a price. */
static struct arb_bytes quantity_behind(struct arb_bytes price)
{
    const char *at = price.data + price.len;
    at += strcspn(at, "0123456789");
    return (struct arb_bytes){ at, number_len(at) };
}

/* An ask that nobody could pay may be left out of a book, a bid or a quantity may not. */
static struct arb_bytes needed_number(struct arb_bytes frame)
{
    const struct arb_bytes amount = quoted(behind(frame, "\"amount_str\":\""));
    const struct arb_bytes bid = first_price(frame, "\"bids\":[");
    const struct arb_bytes ask = first_price(frame, "\"asks\":[");

    if (amount.data != NULL || bid.data != NULL) {
        return amount.data != NULL ? amount : bid;
    }
    return ask.data == NULL ? ask : quantity_behind(ask);
}

bool frame_out_of_range(struct arb_bytes frame, struct arb_text *out)
{
    static const struct arb_bytes huge = { "123456789012345678901234567890", 30 };
    const struct arb_bytes number = needed_number(frame);

    if (number.data == NULL) {
        return false;
    }
    replace(frame, number.data, number.len, huge, out);
    return true;
}

bool frame_far_future(struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes number = behind(frame, "\"microtimestamp\":\"");

    if (number.data == NULL) {
        return false;
    }
    replace_char(frame, number.data, '9', out); /* two centuries ahead */
    return true;
}

bool frame_crossed(struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes bid = first_price(frame, "\"bids\":[");
    const struct arb_bytes ask = first_price(frame, "\"asks\":[");

    if (bid.data == NULL || ask.data == NULL) {
        return false;
    }
    replace(frame, bid.data, bid.len, ask, out);
    return true;
}
