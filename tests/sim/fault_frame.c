#include "fault_frame.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "dialects.h"
#include "frame.h"
#include "words.h"

static uint32_t pair_of(const struct instrument_list *instruments, struct arb_bytes frame)
{
    return arb_symbol_find(&instruments->by_symbol, words_quoted(frame, "\"symbol\":\""));
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
    const struct arb_bytes name = words_quoted(frame, "\"channel\":\"");

    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        const size_t len = strlen(channels[i].prefix);
        if (words_start(name, channels[i].prefix)) {
            const struct arb_bytes market = { name.data + len, name.len - len };
            return (struct frame_subject){ (uint32_t)role, channels[i].feed,
                                           arb_symbol_find(&instruments->by_market, market) };
        }
    }
    return (struct frame_subject){ FRAME_OTHER, 0, ARB_NO_INSTRUMENT };
}

static struct frame_subject dialect_subject(const struct instrument_list *instruments,
                                            struct arb_bytes frame)
{
    struct frame_subject subject = { FRAME_OTHER, 0, ARB_NO_INSTRUMENT };

    subject.role = dialects_role_of(instruments, frame, &subject.instrument);
    subject.feed = subject.role == FRAME_OTHER ? 0 : FAULT_AT_DIALECT;
    return subject;
}

struct frame_subject frame_subject_of(const struct instrument_list *instruments,
                                      struct arb_bytes frame)
{
    if (words_start(frame, "{\"channel\":\"book\",\"type\":\"update\"")) {
        return pair_subject(instruments, frame, FRAME_BOOK);
    }
    if (words_start(frame, "{\"channel\":\"book\",\"type\":\"snapshot\"")) {
        return pair_subject(instruments, frame, FRAME_SNAPSHOT);
    }
    if (words_start(frame, "{\"method\":\"subscribe\",\"result\":{\"channel\":\"book\"")) {
        return pair_subject(instruments, frame, FRAME_SUBSCRIBED);
    }
    if (words_start(frame, "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"book\"")) {
        return pair_subject(instruments, frame, FRAME_UNSUBSCRIBED);
    }
    if (words_start(frame, "{\"method\":\"subscribe\",\"result\":{\"channel\":\"instrument\"")) {
        return (struct frame_subject){ FRAME_CATALOG_ASKED, FAULT_AT_KRAKEN, ARB_NO_INSTRUMENT };
    }
    if (words_start(frame, "{\"channel\":\"instrument\",\"type\":\"snapshot\"")) {
        return (struct frame_subject){ FRAME_CATALOG, FAULT_AT_KRAKEN, ARB_NO_INSTRUMENT };
    }
    if (words_start(frame, "{\"data\":{\"timestamp\"") || words_start(frame, "{\"data\":{\"id\"")) {
        return channel_subject(instruments, frame, FRAME_BOOK);
    }
    if (words_start(frame, "{\"event\":\"bts:subscription_succeeded\"")) {
        return channel_subject(instruments, frame, FRAME_SUBSCRIBED);
    }
    return dialect_subject(instruments, frame);
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
    const struct arb_bytes levels = words_behind(frame, "\"bids\":[");
    const struct arb_bytes end = words_behind(frame, "\"checksum\"");
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
    const struct arb_bytes number = words_behind(frame, "\"checksum\":");

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
    struct arb_bytes at = words_behind(frame, side);

    if (at.data == NULL || (!words_start(at, object) && !words_start(at, array))) {
        return (struct arb_bytes){ NULL, 0 };
    }
    at.data += words_start(at, object) ? strlen(object) : strlen(array);
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
    const struct arb_bytes amount = words_quoted(frame, "\"amount_str\":\"");
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

bool frame_far_future(struct prng *prng, struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes number = words_behind(frame, "\"microtimestamp\":\"");

    if (number.data == NULL) {
        return false;
    }
    /* Two centuries ahead; behind the year 2262 is no date that the host could count. */
    replace_char(frame, number.data, prng_once_in(prng, 2) ? '9' : '8', out);
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

static size_t fraction_digits(struct arb_bytes number)
{
    const char *const point = memchr(number.data, '.', number.len);
    return point == NULL ? 0 : number.len - (size_t)(point - number.data) - 1;
}

/* Nobody bids the smallest possible price. */
static void put_least(size_t digits, struct arb_text *out)
{
    if (digits > 0) {
        frame_puts(out, "0.");
    }
    for (size_t i = 1; i < digits; i++) {
        frame_puts(out, "0");
    }
    frame_puts(out, "1");
}

bool frame_with_orphan(struct arb_bytes frame, struct arb_text *out)
{
    const struct arb_bytes bids = words_behind(frame, "\"bids\":[");
    const struct arb_bytes bid = first_price(frame, "\"bids\":[");
    const struct arb_bytes px = bid.data != NULL ? bid : first_price(frame, "\"asks\":[");

    if (bids.data == NULL || px.data == NULL) {
        return false;
    }
    frame_put(out, frame.data, (size_t)(bids.data - frame.data));
    frame_puts(out, "[\"");
    put_least(fraction_digits(px), out);
    frame_puts(out, bid.data != NULL ? "\",\"0.00000000\"]," : "\",\"0.00000000\"]");
    frame_put(out, bids.data, bids.len);
    return true;
}

/* One row of a REST book. */
struct row {
    struct arb_bytes px, qty;
    bool has_id;
    const char *end; /* behind its bracket */
};

/* The row that begins in the text; false behind the last one. */
static bool read_row(struct arb_bytes text, struct row *row)
{
    const char *const open = text.data == NULL ? NULL : memchr(text.data, '[', text.len);
    const char *const close = text.data == NULL ? NULL : memchr(text.data, ']', text.len);

    if (open == NULL || close == NULL || close < open) {
        return false;
    }
    const struct arb_bytes inner = { open + 1, (size_t)(close - open) };
    const struct arb_bytes rest = words_behind(inner, "\"");
    row->px = words_to_quote(rest);
    row->qty = rest.len > row->px.len
                   ? words_to_quote(words_behind((struct arb_bytes){ rest.data + row->px.len + 1,
                                                                     rest.len - row->px.len - 1 },
                                                 "\""))
                   : (struct arb_bytes){ "", 0 };
    const char *const behind_qty = row->qty.data + row->qty.len + 1;
    row->has_id = row->qty.len > 0 && memchr(behind_qty, '"', (size_t)(close - behind_qty)) != NULL;
    row->end = close + 1;
    return row->px.len > 0 && row->qty.len > 0;
}

/* A price as an integer of last digits. */
static int64_t ticks_of(struct arb_bytes px)
{
    int64_t ticks = 0;
    return arb_decimal_parse(px, (unsigned)fraction_digits(px), &ticks, NULL) == ARB_OK ? ticks : 0;
}

static void put_phantom(const struct row *row, int64_t step, struct arb_text *out)
{
    frame_puts(out, ", [\"");
    frame_decimal(out, ticks_of(row->px) + step, (unsigned)fraction_digits(row->px));
    frame_puts(out, "\", \"");
    frame_put(out, row->qty.data, row->qty.len);
    frame_puts(out, row->has_id ? "\", \"1\"]" : "\"]");
}

/* It stands one tick behind the best row that leaves such a gap. */
bool frame_with_phantom(struct arb_bytes body, const char *key, struct arb_text *out)
{
    struct arb_bytes rows = words_behind(body, key);
    struct row row, next;
    const char *const list = rows.data == NULL ? NULL : memchr(rows.data, '[', rows.len);

    if (list == NULL) {
        return false;
    }
    rows = (struct arb_bytes){ list + 1, (size_t)(body.data + body.len - list) - 1 };
    for (bool is_row = read_row(rows, &row); is_row; row = next) {
        rows = (struct arb_bytes){ row.end, (size_t)(body.data + body.len - row.end) };
        is_row = read_row(rows, &next);
        const int64_t gap = is_row ? ticks_of(next.px) - ticks_of(row.px) : 0;
        if (gap > 1 || gap < -1) {
            frame_put(out, body.data, (size_t)(row.end - body.data));
            put_phantom(&row, gap > 0 ? 1 : -1, out);
            frame_put(out, rows.data, rows.len);
            return true;
        }
    }
    return false;
}

/* Where a catalog speaks of the market. */
static const char *place_in_catalog(const struct sim_instrument *instrument,
                                    struct arb_bytes catalog)
{
    const struct {
        const char *key, *name;
    } names[] = { { "\"market_symbol\": \"", instrument->market },
                  { "\"url_symbol\": \"", instrument->market },
                  { "{\"symbol\":\"", instrument->symbol } };
    char needle[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(needle, sizeof(needle), "%s%s\"", names[i].key, names[i].name);
        const struct arb_bytes rest = words_behind(catalog, needle);
        if (rest.data != NULL) {
            return rest.data;
        }
    }
    return NULL;
}

/* Entries of catalogs hold no further objects: they reach from brace to brace. */
bool frame_without_market(const struct sim_instrument *instrument, struct arb_bytes catalog,
                          struct arb_text *out)
{
    const char *const place = place_in_catalog(instrument, catalog);
    const char *const catalog_end = catalog.data + catalog.len;

    if (place == NULL) {
        return false;
    }
    const char *from = memrchr(catalog.data, '{', (size_t)(place - catalog.data));
    const char *to = memchr(place, '}', (size_t)(catalog_end - place));
    if (from == NULL || to == NULL) {
        return false;
    }
    to++;
    if (to < catalog_end && *to == ',') {
        to += 1 + strspn(to + 1, " "); /* a bracket follows at the latest */
    } else {
        while (from > catalog.data && (from[-1] == ' ' || from[-1] == ',')) {
            from--;
        }
    }
    frame_put(out, catalog.data, (size_t)(from - catalog.data));
    frame_put(out, to, (size_t)(catalog_end - to));
    return true;
}
