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

/* Reads 1 to 16 digits, eight at once; something stands behind them. */
ARB_USUAL const char *arb_usual_digits(const char *p, const char *end, uint64_t *value, unsigned *n)
{
    uint64_t eight;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || end - p < 9) {
        return NULL;
    }
    memcpy(&eight, p, 8);
    *n = arb_json_count_digits(eight);
    if (*n == 0) {
        return NULL;
    }
    *value = arb_json_eight_of(eight << (64 - 8 * *n));
    if (*n < 8 || p[8] < '0' || p[8] > '9') {
        return p + *n;
    }
    if (end - p < 17) {
        return NULL;
    }
    memcpy(&eight, p + 8, 8);
    const unsigned more = arb_json_count_digits(eight);
    *value = *value * (uint64_t)arb_pow10(more) + arb_json_eight_of(eight << (64 - 8 * more));
    *n += more;
    return p + *n;
}

/* As arb_json_decimal(), without the quotes. */
ARB_USUAL const char *arb_usual_decimal(const char *p, const char *end, unsigned scale,
                                        int64_t *out, uint8_t *digits)
{
    uint64_t whole = 0, part = 0;
    unsigned n = 0, fraction = 0;

    p = arb_usual_digits(p, end, &whole, &n);
    if (p == NULL) {
        return NULL;
    }
    if (*p == '.') {
        p = arb_usual_digits(p + 1, end, &part, &fraction);
    }
    if (p == NULL || n + fraction > 18 || fraction > scale ||
        __builtin_mul_overflow((int64_t)whole, arb_pow10(scale), out) ||
        __builtin_add_overflow(*out, (int64_t)part * arb_pow10(scale - fraction), out)) {
        return NULL;
    }
    *digits = *digits > fraction ? *digits : (uint8_t)fraction;
    return p;
}

/* A whole number, bare or in quotes. */
ARB_USUAL const char *arb_usual_u64(const char *p, const char *end, uint64_t *out)
{
    const bool quoted = p < end && *p == '"';
    uint64_t value = 0;
    unsigned n = 0;

    p = arb_usual_digits(p + quoted, end, &value, &n);
    if (p == NULL || n == 16 || (quoted ? *p != '"' : *p != ',' && *p != '}')) {
        return NULL;
    }
    *out = value;
    return p + quoted;
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

/* "2026-08-01T02:54:53.266327Z": as it is printed, with microseconds. */
ARB_USUAL const char *arb_usual_time(const char *p, const char *end, int64_t *ns)
{
    const struct arb_bytes text = { p + 1, 27 };

    if (end - p < 29 || p[0] != '"' || p[28] != '"' || arb_time_from_rfc3339(text, ns) != ARB_OK) {
        return NULL;
    }
    return p + 29;
}

/* -- sides of a book ---------------------------------------------------------------------- */

/* {"price":1,"qty":2} */
ARB_USUAL const char *arb_usual_object(const char *p, const char *end, struct arb_levels *out,
                                       struct arb_level *level)
{
    p = arb_usual_literal(p, end, "{\"price\":", 9);
    if (p != NULL) {
        p = arb_usual_decimal(p, end, out->px_scale, &level->px, &out->px_digits);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, ",\"qty\":", 7);
    }
    if (p != NULL) {
        p = arb_usual_decimal(p, end, out->qty_scale, &level->qty, &out->qty_digits);
    }
    return p == NULL ? NULL : arb_usual_literal(p, end, "}", 1);
}

/* ["1","2"] and ["1","2","3"], the third one of which is a time */
ARB_USUAL const char *arb_usual_pair(const char *p, const char *end, struct arb_levels *out,
                                     struct arb_level *level)
{
    struct arb_bytes time;

    p = arb_usual_literal(p, end, "[\"", 2);
    if (p != NULL) {
        p = arb_usual_decimal(p, end, out->px_scale, &level->px, &out->px_digits);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, "\",\"", 3);
    }
    if (p != NULL) {
        p = arb_usual_decimal(p, end, out->qty_scale, &level->qty, &out->qty_digits);
    }
    if (p != NULL) {
        p = arb_usual_literal(p, end, "\"", 1);
    }
    if (p != NULL && p < end && *p == ',') {
        p = arb_usual_text(p + 1, end, &time);
    }
    return p == NULL ? NULL : arb_usual_literal(p, end, "]", 1);
}

/* Reads the levels at `p`, one at least, and the bracket behind them. */
ARB_USUAL const char *arb_usual_list(const char *p, const char *end, struct arb_levels *out,
                                     bool are_objects)
{
    for (;;) {
        struct arb_level *const level = &out->levels[out->n];
        if (out->n == out->max) {
            return NULL;
        }
        p = are_objects ? arb_usual_object(p, end, out, level) : arb_usual_pair(p, end, out, level);
        if (p == NULL || p == end || level->px == ARB_PX_BEYOND) {
            return NULL;
        }
        out->n++;
        if (*p != ',') {
            return *p == ']' ? p + 1 : NULL;
        }
        p++;
    }
}

/* A whole side; `levels` is as it was when it is not the usual one. */
static inline const char *arb_usual_levels(const char *p, const char *end,
                                           struct arb_levels *levels)
{
    struct arb_levels out = *levels;

    out.n = out.n_beyond = 0;
    out.rc = ARB_OK;
    if (end - p < 2 || *p != '[') {
        return NULL;
    }
    if (p[1] == ']') {
        p += 2;
    } else {
        p = p[1] == '{' ? arb_usual_list(p + 1, end, &out, true)
                        : arb_usual_list(p + 1, end, &out, false);
    }
    if (p != NULL) {
        *levels = out;
    }
    return p;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_USUAL_H */
