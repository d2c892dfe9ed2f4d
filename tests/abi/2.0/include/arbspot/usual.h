/*
 * usual.h - JSON as venues mostly spell it, read in few steps. Used by fields.h.
 *
 * No white space, no escapes, numbers of at most 18 digits, levels as {"price":1,"qty":2} or
 * ["1","2",...]. Each function reads at `p` and returns what stands behind, or NULL when the text
 * is spelled in another way, is damaged, or ends too soon for reading eight bytes at once: json.h
 * then reads it from the same place, and says what is wrong with it.
 */
#ifndef ARB_USUAL_H
#define ARB_USUAL_H

#include "arbspot/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is called with constants is to be compiled for them. */
#define ARB_USUAL static inline __attribute__((always_inline))

/* Moves over exactly these bytes. */
ARB_USUAL const char *arb_usual_literal(const char *p, const char *end, const char *text,
                                        size_t len)
{
    return (size_t)(end - p) >= len && memcmp(p, text, len) == 0 ? p + len : NULL;
}

/* Adds digits to a number, eight at once as long as there are as many. */
ARB_USUAL const char *arb_usual_digits(const char *p, const char *end, uint64_t *value)
{
    uint64_t eight;

    while (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && end - p >= 8 && arb_json_eight(p, &eight)) {
        *value = *value * 100000000 + eight;
        p += 8;
    }
    return arb_json_digits_add(p, end, value);
}

/*
 * As arb_json_decimal(), without the quotes. In front of the point there are few digits, as many
 * as in the price before: a loop over them is foreseen.
 */
ARB_USUAL const char *arb_usual_decimal(const char *p, const char *end, unsigned scale,
                                        int64_t *out, uint8_t *digits)
{
    uint64_t value = 0;
    unsigned fraction = 0;
    const char *const point = arb_json_digits_add(p, end, &value);
    const char *stop = point;

    if (point < end && *point == '.') {
        stop = arb_usual_digits(point + 1, end, &value);
        fraction = (unsigned)(stop - point - 1);
    }
    if (point == p || stop == point + 1 || (size_t)(stop - p) > 18 || fraction > scale ||
        __builtin_mul_overflow((int64_t)value, arb_pow10(scale - fraction), out)) {
        return NULL;
    }
    *digits = *digits > fraction ? *digits : (uint8_t)fraction;
    return stop;
}

/* A whole number, bare or in quotes. */
ARB_USUAL const char *arb_usual_u64(const char *p, const char *end, uint64_t *out)
{
    const bool quoted = p < end && *p == '"';
    const char *const start = p + quoted;
    uint64_t value = 0;
    const char *const stop = arb_usual_digits(start, end, &value);

    if (stop == start || stop - start > 18 || stop == end ||
        (quoted ? *stop != '"' : *stop != ',' && *stop != '}')) {
        return NULL;
    }
    *out = value;
    return stop + quoted;
}

ARB_USUAL const char *arb_usual_text(const char *p, const char *end, struct arb_bytes *out)
{
    if (p == end || *p != '"') {
        return NULL;
    }
    const char *quote = arb_json_plain(p + 1, end);
    while (quote < end && *quote != '"' && *quote != '\\' && (unsigned char)*quote >= 0x20) {
        quote++; /* the last ones of a text */
    }
    if (quote == end || *quote != '"') {
        return NULL;
    }
    out->data = p + 1;
    out->len = (size_t)(quote - p - 1);
    return quote + 1;
}

/* With microseconds. */
ARB_USUAL const char *arb_usual_time(const char *p, const char *end, int64_t *ns)
{
    if (end - p < 29 || p[0] != '"' || p[28] != '"' || !arb_time_from_usual(p + 1, ns)) {
        return NULL;
    }
    return p + 29;
}

/* -- sides of a book ---------------------------------------------------------------------- */

/* The most fractional digits seen, apart from the levels: those may overlap anything. */
struct arb_usual_seen {
    uint8_t px, qty;
};

/* {"price":1,"qty":2} */
ARB_USUAL const char *arb_usual_object(const char *p, const char *end,
                                       const struct arb_levels *levels, struct arb_level *level,
                                       struct arb_usual_seen *seen)
{
    p = arb_usual_literal(p, end, "{\"price\":", 9);
    if (p != NULL) {
        p = arb_usual_decimal(p, end, levels->px_scale, &level->px, &seen->px);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, ",\"qty\":", 7);
    }
    if (p != NULL) {
        p = arb_usual_decimal(p, end, levels->qty_scale, &level->qty, &seen->qty);
    }
    return p == NULL ? NULL : arb_usual_literal(p, end, "}", 1);
}

/* ["1","2"] and ["1","2","3","4"]: of texts behind, a time or a count, nothing is read */
ARB_USUAL const char *arb_usual_pair(const char *p, const char *end,
                                     const struct arb_levels *levels, struct arb_level *level,
                                     struct arb_usual_seen *seen)
{
    struct arb_bytes behind;

    p = arb_usual_literal(p, end, "[\"", 2);
    if (p != NULL) {
        p = arb_usual_decimal(p, end, levels->px_scale, &level->px, &seen->px);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, "\",\"", 3);
    }
    if (p != NULL) {
        p = arb_usual_decimal(p, end, levels->qty_scale, &level->qty, &seen->qty);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, "\"", 1);
    }
    while (p != NULL && p < end && *p == ',') {
        p = arb_usual_text(p + 1, end, &behind);
    }
    return p == NULL ? NULL : arb_usual_literal(p, end, "]", 1);
}

/* Reads the levels at `p`, one at least, and the bracket behind them. */
ARB_USUAL const char *arb_usual_list(const char *p, const char *end, struct arb_levels *levels,
                                     bool are_objects)
{
    struct arb_usual_seen seen = { levels->px_digits, levels->qty_digits };
    uint32_t n = 0;

    for (;; p++) {
        struct arb_level level;
        p = n == levels->max ? NULL
            : are_objects    ? arb_usual_object(p, end, levels, &level, &seen)
                             : arb_usual_pair(p, end, levels, &level, &seen);
        if (p == NULL || p == end || level.px == ARB_PX_BEYOND) {
            return NULL;
        }
        levels->levels[n++] = level;
        if (*p != ',') {
            break;
        }
    }
    levels->n = n;
    levels->px_digits = seen.px;
    levels->qty_digits = seen.qty;
    return *p == ']' ? p + 1 : NULL;
}

/* A whole side. */
static inline const char *arb_usual_levels(const char *p, const char *end,
                                           struct arb_levels *levels)
{
    if (end - p < 2 || *p != '[') {
        return NULL; /* and the levels stay as they are, as `null` leaves them */
    }
    levels->n = levels->n_beyond = 0;
    levels->rc = ARB_OK;
    if (p[1] == ']') {
        return p + 2;
    }
    return p[1] == '{' ? arb_usual_list(p + 1, end, levels, true)
                       : arb_usual_list(p + 1, end, levels, false);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_USUAL_H */
