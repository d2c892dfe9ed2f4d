/*
 * json.h - a forward-only JSON reader for frames: no allocation, numbers as text.
 *
 * The reader walks the text once. Errors stick: after the first one every call returns
 * false, so a plugin reads straight on and asks arb_json_ok() once.
 *
 *     struct arb_json json = arb_json_over(frame);
 *     struct arb_bytes key, symbol = {0};
 *     arb_json_object(&json);
 *     while (arb_json_key(&json, &key)) {
 *         if (arb_bytes_are(key, "symbol")) arb_json_string(&json, &symbol);
 *         else                              arb_json_skip(&json);
 *     }
 *     if (!arb_json_end(&json)) return ARB_EPROTO;
 *
 * Shorter: a table of members, see fields.h.
 *
 * Each value must be consumed, by reading or by skipping it. Strings come as they stand in
 * the text, escapes unresolved, and borrow from it. Nesting is limited to ARB_JSON_DEPTH_MAX.
 */
#ifndef ARB_JSON_H
#define ARB_JSON_H

#include <string.h>

#include "arbspot/time.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ARB_JSON_DEPTH_MAX = 64 };

struct arb_json {
    const char *at;
    const char *end;
    int rc;     /* ARB_OK, or the first error: it sticks */
    bool fresh; /* just behind an opening bracket: no comma expected */
};

static inline struct arb_json arb_json_over(struct arb_bytes text)
{
    struct arb_json json;
    json.at = text.data;
    json.end = text.data + text.len;
    json.rc = ARB_OK;
    json.fresh = false;
    return json;
}

static inline struct arb_bytes arb_bytes_of(const char *text)
{
    struct arb_bytes bytes;
    bytes.data = text;
    bytes.len = strlen(text);
    return bytes;
}

/* True when `bytes` are the text `want`, terminator not counted. */
static inline bool arb_bytes_are(struct arb_bytes bytes, const char *want)
{
    return bytes.len == strlen(want) && memcmp(bytes.data, want, bytes.len) == 0;
}

static inline bool arb_bytes_equal(struct arb_bytes a, struct arb_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool arb_bytes_begin(struct arb_bytes bytes, const char *prefix)
{
    const size_t len = strlen(prefix);
    return bytes.len >= len && memcmp(bytes.data, prefix, len) == 0;
}

/* Takes `prefix` off the text when it begins with it. */
static inline bool arb_bytes_cut(struct arb_bytes *text, const char *prefix)
{
    const size_t len = strlen(prefix);

    if (!arb_bytes_begin(*text, prefix)) {
        return false;
    }
    text->data += len;
    text->len -= len;
    return true;
}

static inline bool arb_json_ok(const struct arb_json *json)
{
    return json->rc == ARB_OK;
}

/* Records an error, unless there is one, and moves to the end so that nothing more is read. */
static inline bool arb_json_fail(struct arb_json *json, int rc)
{
    if (json->rc == ARB_OK) {
        json->rc = rc;
    }
    json->at = json->end;
    return false;
}

/* Goes back to `at`, before a value, where there was no error yet. */
static inline void arb_json_back(struct arb_json *json, const char *at)
{
    json->at = at;
    json->rc = ARB_OK;
    json->fresh = false; /* a bracket that was expected and is not there is not entered */
}

/* The next character that is not white space, or 0 at the end; it stays unread. */
static inline char arb_json_peek(struct arb_json *json)
{
    if (json->at < json->end && (unsigned char)*json->at > ' ') {
        return *json->at; /* the rule on the wire */
    }
    while (json->at < json->end) {
        const char c = *json->at;
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
            return c;
        }
        json->at++;
    }
    return 0;
}

static inline bool arb_json_take(struct arb_json *json, char want)
{
    if (json->at < json->end && *json->at == want) {
        json->at++; /* no white space before it: the rule on the wire */
        return true;
    }
    if (arb_json_peek(json) != want) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    json->at++;
    return true;
}

/*
 * Consumes `len` bytes when the text goes on with exactly these. For frames whose spelling
 * is known: a plugin may jump over a usual prefix and fall back to reading it when false.
 * Only between the tokens of one bracket level does the reader stay in step by itself.
 */
static inline bool arb_json_literal(struct arb_json *json, const char *literal, size_t len)
{
    if ((size_t)(json->end - json->at) < len || memcmp(json->at, literal, len) != 0) {
        return false;
    }
    json->at += len;
    return true;
}

/* Enters an object; then call arb_json_key() until it is false. */
static inline bool arb_json_object(struct arb_json *json)
{
    json->fresh = true;
    return arb_json_take(json, '{');
}

/* Enters an array; then call arb_json_next() until it is false. */
static inline bool arb_json_array(struct arb_json *json)
{
    json->fresh = true;
    return arb_json_take(json, '[');
}

/* Moves to the next member or element, or behind the closing bracket and returns false. */
static inline bool arb_json_advance(struct arb_json *json, char close)
{
    const bool fresh = json->fresh;
    const char c = arb_json_peek(json);

    json->fresh = false;
    if (c == close) {
        json->at++;
        return false;
    }
    if (fresh) {
        return c != 0 || arb_json_fail(json, ARB_EPROTO);
    }
    if (c != ',') {
        return arb_json_fail(json, ARB_EPROTO);
    }
    json->at++;
    return true;
}

/* True when the array goes on: read the element. */
static inline bool arb_json_next(struct arb_json *json)
{
    return arb_json_advance(json, ']');
}

/* Marks in each byte of eight, the lowest one for sure, what plain text has not: " \ and control.
 */
static inline uint64_t arb_json_marks(uint64_t eight)
{
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    const uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');

    return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
            ((eight - ones * 0x20) & ~eight)) &
           high;
}

/* Moves over plain text, eight bytes at a time where the machine is little endian. */
static inline const char *arb_json_plain(const char *p, const char *end)
{
    while (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && end - p >= 8) {
        uint64_t eight;
        memcpy(&eight, p, 8);
        const uint64_t marks = arb_json_marks(eight);
        if (marks != 0) {
            return p + __builtin_ctzll(marks) / 8;
        }
        p += 8;
    }
    return p;
}

/* Reads a string as it stands between its quotes. Control characters are refused. */
static inline bool arb_json_string(struct arb_json *json, struct arb_bytes *out)
{
    if (!arb_json_take(json, '"')) {
        return false;
    }
    const char *const start = json->at;
    const char *p = arb_json_plain(start, json->end);
    for (; p < json->end; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c == '"') {
            out->data = start;
            out->len = (size_t)(p - start);
            json->at = p + 1;
            return true;
        }
        if (c < 0x20 || (c == '\\' && (++p == json->end || (unsigned char)*p < 0x20))) {
            break; /* which escape it is nobody checks who compares bytes */
        }
    }
    return arb_json_fail(json, ARB_EPROTO);
}

/* True when the object goes on: `key` is read and the value is next. */
static inline bool arb_json_key(struct arb_json *json, struct arb_bytes *key)
{
    return arb_json_advance(json, '}') && arb_json_string(json, key) && arb_json_take(json, ':');
}

/* Consumes `"name":` when the text goes on with exactly this, without white space. */
static inline bool arb_json_is_key(struct arb_json *json, const char *name)
{
    const size_t len = strlen(name);
    const char *const at = json->at;

    if ((size_t)(json->end - at) < len + 3 || at[0] != '"' || memcmp(at + 1, name, len) != 0 ||
        at[len + 1] != '"' || at[len + 2] != ':') {
        return false;
    }
    json->at += len + 3;
    return true;
}

static inline const char *arb_json_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* The end of the number at `p` by RFC 8259, or NULL. */
static inline const char *arb_json_number_end(const char *p, const char *end)
{
    p += p < end && *p == '-';
    const char *from = p;
    p = arb_json_digits(p, end);
    if (p == from || (*from == '0' && p - from > 1)) {
        return NULL;
    }
    if (p < end && *p == '.') {
        from = ++p;
        p = arb_json_digits(p, end);
        if (p == from) {
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '-' || *p == '+');
        from = p;
        p = arb_json_digits(p, end);
        return p == from ? NULL : p;
    }
    return p;
}

/* Reads a number as its text. */
static inline bool arb_json_number(struct arb_json *json, struct arb_bytes *out)
{
    (void)arb_json_peek(json);
    const char *const end = arb_json_number_end(json->at, json->end);
    if (end == NULL) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    out->data = json->at;
    out->len = (size_t)(end - json->at);
    json->at = end;
    return true;
}

/* How many of eight bytes, from the lowest on, are digits. */
static inline unsigned arb_json_count_digits(uint64_t eight)
{
    const uint64_t ones = UINT64_MAX / 255;
    const uint64_t others =
        ((eight & ones * 0xF0) | ((eight + ones * 6) & ones * 0xF0) >> 4) ^ ones * 0x33;

    return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
}

/* Eight digits as a number; false when one of them is none. For little endian machines. */
static inline bool arb_json_eight(const char *p, uint64_t *value)
{
    uint64_t eight;

    memcpy(&eight, p, 8);
    if (arb_json_count_digits(eight) < 8) {
        return false;
    }
    *value = arb_digits_of_eight(eight);
    return true;
}

/* Adds the digits at `p` to a number, which wraps when they are too many, and returns their end. */
static inline const char *arb_json_digits_add(const char *p, const char *end, uint64_t *value)
{
    uint64_t sum = *value;

    for (; p < end; p++) {
        const unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit > 9) {
            break;
        }
        sum = sum * 10 + digit;
    }
    *value = sum;
    return p;
}

/* Reads a non-negative whole number, bare or as a string of digits ("1618677695291295"). */
static inline bool arb_json_u64(struct arb_json *json, uint64_t *out)
{
    const bool quoted = arb_json_peek(json) == '"';
    const char *const start = json->at + quoted;
    uint64_t value = 0;
    const char *const safe = json->end - start > 19 ? start + 19 : json->end; /* that always fit */
    const bool has_eight = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && json->end - start >= 8 &&
                           arb_json_eight(start, &value);
    const char *p = arb_json_digits_add(start + (has_eight ? 8 : 0), safe, &value);

    for (; p < json->end && *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value)) {
            return arb_json_fail(json, ARB_ERANGE);
        }
    }
    if (p == start || (quoted && (p == json->end || *p != '"'))) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (!quoted && p < json->end && (*p == '.' || *p == 'e' || *p == 'E')) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    json->at = p + quoted;
    *out = value;
    return true;
}

/* Reads a whole number that may be negative, bare or as a string ("-17"). */
static inline bool arb_json_i64(struct arb_json *json, int64_t *out)
{
    struct arb_json rest = *json;
    const bool quoted = arb_json_peek(&rest) == '"';
    uint64_t value = 0;

    rest.at += quoted;
    const bool negative = arb_json_literal(&rest, "-", 1);
    const char *const digits = rest.at;
    if (digits == rest.end || *digits < '0' || *digits > '9') {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (!arb_json_u64(&rest, &value)) {
        return arb_json_fail(json, rest.rc);
    }
    if (quoted && !arb_json_literal(&rest, "\"", 1)) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return arb_json_fail(json, ARB_ERANGE);
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    json->at = rest.at;
    return true;
}

/* Consumes `word`, a literal such as "true". */
static inline bool arb_json_word(struct arb_json *json, const char *word)
{
    (void)arb_json_peek(json);
    return arb_json_literal(json, word, strlen(word)) || arb_json_fail(json, ARB_EPROTO);
}

static inline bool arb_json_bool(struct arb_json *json, bool *out)
{
    *out = arb_json_peek(json) == 't';
    return arb_json_word(json, *out ? "true" : "false");
}

/* Skips a string, number, word, or the opening of a nested value. */
static inline bool arb_json_skip_scalar(struct arb_json *json)
{
    struct arb_bytes ignored;

    switch (arb_json_peek(json)) {
    case '"':
        return arb_json_string(json, &ignored);
    case 't':
        return arb_json_word(json, "true");
    case 'f':
        return arb_json_word(json, "false");
    case 'n':
        return arb_json_word(json, "null");
    default:
        return arb_json_number(json, &ignored);
    }
}

/* Skips one value of any kind, however nested. Iterative: the nesting is the venue's. */
static inline bool arb_json_skip(struct arb_json *json)
{
    uint64_t objects = 0; /* bit 0: is the innermost bracket an object? */
    unsigned depth = 0;
    struct arb_bytes key;

    do {
        const char c = arb_json_peek(json);
        if (c == '{' || c == '[') {
            if (depth == ARB_JSON_DEPTH_MAX) {
                return arb_json_fail(json, ARB_ELIMIT);
            }
            objects = objects << 1 | (c == '{');
            depth++;
            json->at++;
            json->fresh = true;
        } else if (!arb_json_skip_scalar(json)) {
            return false;
        }
        while (depth > 0 && !(objects & 1 ? arb_json_key(json, &key) : arb_json_next(json))) {
            if (!arb_json_ok(json)) {
                return false;
            }
            objects >>= 1;
            depth--;
        }
    } while (depth > 0);
    return arb_json_ok(json);
}

/* True when all went well and nothing but white space is left. */
static inline bool arb_json_end(struct arb_json *json)
{
    (void)arb_json_peek(json);
    return json->at == json->end ? arb_json_ok(json) : arb_json_fail(json, ARB_EPROTO);
}

/* What to return where the text is not what it has to be: what is wrong with it, or ARB_EPROTO. */
static inline int arb_json_trouble(const struct arb_json *json)
{
    return json->rc == ARB_OK ? ARB_EPROTO : json->rc;
}

/* -- decimals ----------------------------------------------------------------------------- */

/* The digits of a plain decimal, and how many of them stand behind the point. */
struct arb_json_plain {
    const char *end;
    uint64_t value;
    unsigned n_digits;
    unsigned fraction;
};

static inline struct arb_json_plain arb_json_plain_decimal(const char *p, const char *end)
{
    struct arb_json_plain plain = { NULL, 0, 0, 0 };
    const char *const point = arb_json_digits_add(p, end, &plain.value);

    plain.end = point;
    plain.n_digits = (unsigned)(point - p);
    if (point > p && point < end && *point == '.') {
        plain.end = arb_json_digits_add(point + 1, end, &plain.value);
        plain.fraction = (unsigned)(plain.end - point - 1);
        plain.n_digits += plain.fraction;
    }
    return plain;
}

/* The careful way: an exponent, more than 18 digits, trailing zeros beyond the scale. */
static inline bool arb_json_decimal_slow(struct arb_json *json, bool quoted, unsigned scale,
                                         int64_t *out, uint8_t *digits)
{
    struct arb_bytes text = { NULL, 0 };
    uint8_t fraction = 0;

    if (!(quoted ? arb_json_string(json, &text) : arb_json_number(json, &text))) {
        return false;
    }
    const int rc = arb_decimal_parse(text, scale, out, &fraction);
    if (rc != ARB_OK) {
        return arb_json_fail(json, rc == ARB_EINVAL ? ARB_EPROTO : rc);
    }
    *digits = *digits > fraction ? *digits : fraction;
    return true;
}

/*
 * Reads a non-negative decimal, bare or quoted, into units of 10^-scale. `digits` is raised
 * to the number of fractional digits as written. ARB_ERANGE when the value does not fit
 * exactly, ARB_EPROTO when it is negative or no number.
 */
static inline bool arb_json_decimal(struct arb_json *json, unsigned scale, int64_t *out,
                                    uint8_t *digits)
{
    const bool quoted = arb_json_peek(json) == '"';
    const struct arb_json_plain plain = arb_json_plain_decimal(json->at + quoted, json->end);
    const char last = plain.end < json->end ? *plain.end : 0;
    const bool ended = quoted ? last == '"' : last == ',' || last == '}' || last == ']';

    if (ended && plain.n_digits - 1 < 18 && plain.fraction <= scale && plain.end[-1] != '.' &&
        !__builtin_mul_overflow((int64_t)plain.value, arb_pow10(scale - plain.fraction), out)) {
        *digits = *digits > plain.fraction ? *digits : (uint8_t)plain.fraction;
        json->at = plain.end + quoted;
        return true;
    }
    return arb_json_decimal_slow(json, quoted, scale, out, digits);
}

/*
 * The whole part alone is more than int64_t holds at this scale. Not with "e-": such a number is
 * mostly one too small for the scale.
 */
static inline bool arb_json_is_beyond(struct arb_bytes text, unsigned scale)
{
    const char *const point = (const char *)memchr(text.data, '.', text.len);
    const size_t len = point == NULL ? text.len : (size_t)(point - text.data);
    const struct arb_bytes whole = { text.data, len };
    int64_t value = 0;
    const int rc = arb_decimal_parse(whole, 0, &value, NULL);
    return memchr(text.data, '-', text.len) == NULL &&
           (rc == ARB_ERANGE || (rc == ARB_OK && value > INT64_MAX / arb_pow10(scale)));
}

#define ARB_PX_BEYOND INT64_MAX

/*
 * Like arb_json_decimal(), but a price too high for the scale (922 million at scale 10) reads as
 * ARB_PX_BEYOND. Real books hold asks at ten billion dollars that nobody means.
 */
static inline bool arb_json_price(struct arb_json *json, unsigned scale, int64_t *out,
                                  uint8_t *digits)
{
    const char *const before = json->at;
    struct arb_bytes text = { NULL, 0 };

    if (arb_json_decimal(json, scale, out, digits)) {
        return true;
    }
    if (json->rc != ARB_ERANGE) {
        return false;
    }
    arb_json_back(json, before);
    if (!(arb_json_peek(json) == '"' ? arb_json_string(json, &text)
                                     : arb_json_number(json, &text)) ||
        !arb_json_is_beyond(text, scale)) {
        return arb_json_fail(json, ARB_ERANGE);
    }
    *out = ARB_PX_BEYOND;
    return true;
}

/* Where levels go, and what they are read with. Levels at ARB_PX_BEYOND are left out. */
struct arb_levels {
    struct arb_level *levels;
    uint32_t n;
    uint32_t max;
    uint32_t n_beyond; /* how many were left out */
    uint8_t px_scale, qty_scale;
    uint8_t px_digits, qty_digits; /* the most seen so far: start at 0 */
    int rc;                        /* what was wrong with them, when a table of members read them */
};

static inline void arb_levels_keep(struct arb_levels *out)
{
    const bool is_beyond = out->levels[out->n].px == ARB_PX_BEYOND;
    out->n_beyond += is_beyond;
    out->n += !is_beyond;
}

static inline struct arb_level *arb_levels_more(struct arb_json *json, struct arb_levels *out)
{
    if (out->n == out->max) {
        (void)arb_json_fail(json, ARB_ELIMIT);
        return NULL;
    }
    return &out->levels[out->n];
}

/* Reads [[price, quantity, ...], ...], appending; what follows the quantity is skipped. */
static inline bool arb_json_level_pairs(struct arb_json *json, struct arb_levels *out)
{
    arb_json_array(json);
    while (arb_json_next(json)) {
        struct arb_level *const level = arb_levels_more(json, out);
        if (level == NULL || !arb_json_array(json) || !arb_json_next(json) ||
            !arb_json_price(json, out->px_scale, &level->px, &out->px_digits) ||
            !arb_json_next(json) ||
            !arb_json_decimal(json, out->qty_scale, &level->qty, &out->qty_digits)) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        while (arb_json_next(json)) {
            arb_json_skip(json);
        }
        arb_levels_keep(out);
    }
    return arb_json_ok(json);
}

/* Reads {"qty": 2, "price": 1, ...}: members in any order, and others between them. */
static inline bool arb_json_level_object(struct arb_json *json, const char *px_key,
                                         const char *qty_key, struct arb_levels *out)
{
    struct arb_level *const level = &out->levels[out->n];
    unsigned seen = 0;
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, px_key)) {
            seen |= 1;
            arb_json_price(json, out->px_scale, &level->px, &out->px_digits);
        } else if (arb_bytes_are(key, qty_key)) {
            seen |= 2;
            arb_json_decimal(json, out->qty_scale, &level->qty, &out->qty_digits);
        } else {
            arb_json_skip(json);
        }
    }
    return seen == 3 ? arb_json_ok(json) : arb_json_fail(json, ARB_EPROTO);
}

/*
 * Reads `price, quantity, ...]` of an array whose first elements have been read, appending: a level
 * that says first which side it is of, ["sell", "0.00001306", "660.5"].
 */
static inline bool arb_json_level_rest(struct arb_json *json, struct arb_levels *out)
{
    struct arb_level *const level = arb_levels_more(json, out);

    if (level == NULL || !arb_json_next(json) ||
        !arb_json_price(json, out->px_scale, &level->px, &out->px_digits) || !arb_json_next(json) ||
        !arb_json_decimal(json, out->qty_scale, &level->qty, &out->qty_digits)) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    arb_levels_keep(out);
    while (arb_json_next(json)) {
        arb_json_skip(json);
    }
    return arb_json_ok(json);
}

/* Reads [{"price": 1, "qty": 2, ...}, ...], appending; the member names are given. */
static inline bool arb_json_level_objects(struct arb_json *json, const char *px_key,
                                          const char *qty_key, struct arb_levels *out)
{
    arb_json_array(json);
    while (arb_json_next(json)) {
        if (arb_levels_more(json, out) == NULL ||
            !arb_json_level_object(json, px_key, qty_key, out)) {
            return false;
        }
        arb_levels_keep(out);
    }
    return arb_json_ok(json);
}

/*
 * Reads [[price, quantity, ...], ...] or [{"price": 1, "qty": 2, ...}, ...], appending: the first
 * element decides. Fails with ARB_ERANGE, ARB_ELIMIT or ARB_EPROTO in json->rc.
 */
static inline bool arb_levels_read(struct arb_json *json, struct arb_levels *out)
{
    const char *const before = json->at;

    if (!arb_json_array(json)) {
        return false;
    }
    const bool are_objects = arb_json_peek(json) == '{';
    json->at = before;
    return are_objects ? arb_json_level_objects(json, "price", "qty", out)
                       : arb_json_level_pairs(json, out);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_JSON_H */
