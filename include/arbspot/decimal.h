/*
 * decimal.h - decimal text to scaled integers and back, exactly or not at all.
 *
 * Nothing here rounds and nothing passes through a double: a value that does not fit the
 * scale is refused with ARB_ERANGE.
 */
#ifndef ARB_DECIMAL_H
#define ARB_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arbspot/abi.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_DECIMAL_TEXT_MAX = 24, /* longest text of an int64_t with a point, terminator included */
};

/* The number that eight digits are, the lowest byte being the first; a byte of 0 is a 0 too. */
static inline uint64_t arb_digits_of_eight(uint64_t eight)
{
    const uint64_t ones = UINT64_MAX / 255;

    eight = (eight & ones * 0x0F) * 10 + ((eight & ones * 0x0F) >> 8); /* pairs, in every second */
    eight = (eight & UINT64_C(0x00FF00FF00FF00FF)) * 100 +
            ((eight >> 16) & UINT64_C(0x00FF00FF00FF00FF));
    eight = (eight & UINT64_C(0x0000FFFF0000FFFF)) * 10000 +
            ((eight >> 32) & UINT64_C(0x0000FFFF0000FFFF));
    return eight & UINT32_MAX;
}

/* 10^exponent for exponent <= ARB_SCALE_MAX. */
static inline int64_t arb_pow10(unsigned exponent)
{
    static const int64_t powers[ARB_SCALE_MAX + 1] = { 1,
                                                       10,
                                                       100,
                                                       1000,
                                                       10000,
                                                       100000,
                                                       1000000,
                                                       10000000,
                                                       100000000,
                                                       1000000000,
                                                       10000000000,
                                                       100000000000,
                                                       1000000000000,
                                                       10000000000000,
                                                       100000000000000,
                                                       1000000000000000,
                                                       10000000000000000,
                                                       100000000000000000,
                                                       1000000000000000000 };
    return powers[exponent];
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 arb_uint128;
#endif

/*
 * value / 10^exponent for value <= 2^63 and exponent <= ARB_SCALE_MAX, by a multiplication, since a
 * division costs more than printing the number. With d = 10^exponent and l bits in d - 1, the
 * factor is 2^(63 + l) / d, rounded up: too large by less than 1, which adds less than 2^63 * d to
 * a product that is compared in steps of 2^(63 + l).
 */
static inline uint64_t arb_div_pow10(uint64_t value, unsigned exponent)
{
    static const struct {
        uint64_t factor;
        unsigned shift; /* of the upper half of the product: l - 1 */
    } by[ARB_SCALE_MAX] = {
        { UINT64_C(0xcccccccccccccccd), 3 },  { UINT64_C(0xa3d70a3d70a3d70b), 6 },
        { UINT64_C(0x83126e978d4fdf3c), 9 },  { UINT64_C(0xd1b71758e219652c), 13 },
        { UINT64_C(0xa7c5ac471b478424), 16 }, { UINT64_C(0x8637bd05af6c69b6), 19 },
        { UINT64_C(0xd6bf94d5e57a42bd), 23 }, { UINT64_C(0xabcc77118461cefd), 26 },
        { UINT64_C(0x89705f4136b4a598), 29 }, { UINT64_C(0xdbe6fecebdedd5bf), 33 },
        { UINT64_C(0xafebff0bcb24aaff), 36 }, { UINT64_C(0x8cbccc096f5088cc), 39 },
        { UINT64_C(0xe12e13424bb40e14), 43 }, { UINT64_C(0xb424dc35095cd810), 46 },
        { UINT64_C(0x901d7cf73ab0acda), 49 }, { UINT64_C(0xe69594bec44de15c), 53 },
        { UINT64_C(0xb877aa3236a4b44a), 56 }, { UINT64_C(0x9392ee8e921d5d08), 59 }
    };
    if (exponent == 0) {
        return value;
    }
#ifdef __SIZEOF_INT128__
    const arb_uint128 product = (arb_uint128)value * by[exponent - 1].factor;
    return (uint64_t)(product >> 64) >> by[exponent - 1].shift;
#else
    return value / (uint64_t)arb_pow10(exponent);
#endif
}

/* How many decimal digits it has. */
static inline unsigned arb_uint_len(uint64_t value)
{
    const uint64_t odd = value | 1; /* has as many, and 0 has one */
    const unsigned n = (64 - (unsigned)__builtin_clzll(odd)) * 1233 >> 12; /* bits times lg 2 */

    return n + (n > ARB_SCALE_MAX ? odd / 10 >= (uint64_t)arb_pow10(ARB_SCALE_MAX)
                                  : odd >= (uint64_t)arb_pow10(n));
}

/* Writes `value` in decimal without a terminator; returns the length, at most 20. */
static inline unsigned arb_uint_write(uint64_t value, char *out)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    const unsigned n = arb_uint_len(value);
    char *p = out + n;

    while (value >= 100) {
        const uint64_t rest = value / 100;
        p -= 2;
        memcpy(p, pairs + 2 * (value - 100 * rest), 2);
        value = rest;
    }
    if (value >= 10) {
        memcpy(out, pairs + 2 * value, 2);
    } else {
        *out = (char)('0' + value);
    }
    return n;
}

/* Reads "e-08" and the like from `*at` up to `end`; an exponent beyond 99 is out of range. */
static inline int arb_decimal_exponent(const char **at, const char *end, int *exponent)
{
    const char *p = *at + 1;
    const bool negative = p < end && *p == '-';
    int value = 0;

    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (p == end) {
        return ARB_EINVAL;
    }
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (*p - '0');
        if (value > 99) {
            return ARB_ERANGE;
        }
    }
    *exponent = negative ? -value : value;
    *at = p;
    return ARB_OK;
}

/* Multiplies by 10^shift, or divides when that leaves no remainder. */
static inline int arb_decimal_shift(int64_t value, int shift, int64_t *out)
{
    if (value == 0) {
        *out = 0;
        return ARB_OK;
    }
    if (shift > ARB_SCALE_MAX || shift < -ARB_SCALE_MAX) {
        return ARB_ERANGE;
    }
    if (shift >= 0) {
        if (__builtin_mul_overflow(value, arb_pow10((unsigned)shift), &value)) {
            return ARB_ERANGE;
        }
        *out = value;
        return ARB_OK;
    }
    const int64_t divisor = arb_pow10((unsigned)-shift);
    if (value % divisor != 0) {
        return ARB_ERANGE;
    }
    *out = value / divisor;
    return ARB_OK;
}

/* The digits from `p` up to `end`, among which a point may stand, as one number. */
static inline int arb_decimal_digits(const char *p, const char *end, int64_t *out)
{
    int64_t value = 0;

    for (; p < end; p++) {
        if (*p != '.' && (__builtin_mul_overflow(value, 10, &value) ||
                          __builtin_add_overflow(value, (int64_t)(*p - '0'), &value))) {
            return ARB_ERANGE;
        }
    }
    *out = value;
    return ARB_OK;
}

/* The end of the digits at `p`, among which one point may stand; `*point` is behind it, or NULL. */
static inline const char *arb_decimal_scan(const char *p, const char *end, const char **point)
{
    *point = NULL;
    for (; p < end; p++) {
        if (*p == '.' && *point == NULL) {
            *point = p + 1;
        } else if (*p < '0' || *p > '9') {
            break;
        }
    }
    return p;
}

/*
 * Parses an unsigned decimal such as "45283.50" or "1e-08" into units of 10^-scale, where
 * scale <= ARB_SCALE_MAX. `digits`, unless NULL, gets the number of digits behind the
 * point as written. Fails with ARB_EINVAL on any other text (a sign, a blank, nothing)
 * and with ARB_ERANGE when the value does not fit or has non-zero digits beyond the scale.
 */
static inline int arb_decimal_parse(struct arb_bytes text, unsigned scale, int64_t *out,
                                    uint8_t *digits)
{
    if (text.len == 0) {
        return ARB_EINVAL; /* and may have no data at all */
    }
    const char *const end = text.data + text.len, *point = NULL;
    const char *p = arb_decimal_scan(text.data, end, &point);
    const char *last = p;
    int64_t value = 0;
    int exponent = 0, rc = ARB_OK;

    if (p - text.data == (point != NULL)) {
        return ARB_EINVAL; /* not one digit */
    }
    const int fraction = point == NULL ? 0 : (int)(p - point);
    while (point != NULL && last > point && last[-1] == '0') {
        last--; /* zeros that only pad must not overflow */
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        rc = arb_decimal_exponent(&p, end, &exponent);
    }
    if (rc != ARB_OK || p != end) {
        return rc != ARB_OK ? rc : ARB_EINVAL;
    }
    rc = arb_decimal_digits(text.data, last, &value);
    if (rc == ARB_OK) {
        const int kept = point == NULL ? 0 : (int)(last - point);
        rc = arb_decimal_shift(value, (int)scale - kept + exponent, out);
    }
    if (rc == ARB_OK && digits != NULL) {
        *digits = (uint8_t)(fraction < ARB_DIGITS_UNKNOWN ? fraction : ARB_DIGITS_UNKNOWN);
    }
    return rc;
}

/* Parses a decimal of any scale, for which it is as small as can be: {0, 0} for what is none. */
static inline struct arb_decimal arb_decimal_of(struct arb_bytes text)
{
    struct arb_decimal decimal = { 0, 0, { 0 } };
    int rc = ARB_ERANGE;

    for (unsigned scale = 0; scale <= ARB_SCALE_MAX && rc == ARB_ERANGE; scale++) {
        rc = arb_decimal_parse(text, scale, &decimal.units, NULL);
        decimal.scale = (uint8_t)scale;
    }
    if (rc != ARB_OK || decimal.units == 0) {
        decimal.units = decimal.scale = 0;
    }
    return decimal;
}

/*
 * How many fractional digits the multiples of an increment need: 2 for "0.01", 8 for "1e-08", 0 for
 * "1", "10" and "1.0". ARB_DIGITS_UNKNOWN for 0, for more than ARB_SCALE_MAX digits, and for what
 * is no number.
 */
static inline uint8_t arb_digits_of_increment(struct arb_bytes text)
{
    const struct arb_decimal increment = arb_decimal_of(text);
    return increment.units == 0 ? (uint8_t)ARB_DIGITS_UNKNOWN : increment.scale;
}

/*
 * Writes `value` >= 0, in units of 10^-scale, as decimal text without a terminator and
 * returns its length, at most ARB_DECIMAL_TEXT_MAX - 1. With `digits` fractional digits
 * when that loses nothing, else (and for ARB_DIGITS_UNKNOWN) with as few as are needed.
 */
static inline unsigned arb_decimal_write(int64_t value, unsigned scale, unsigned digits, char *out)
{
    char reversed[ARB_DECIMAL_TEXT_MAX + ARB_SCALE_MAX];
    uint64_t rest = (uint64_t)value;
    unsigned fraction = scale, n = 0;

    if (digits < scale && rest % (uint64_t)arb_pow10(scale - digits) == 0) {
        rest /= (uint64_t)arb_pow10(scale - digits);
        fraction = digits;
    } else if (digits != scale) {
        for (; fraction > 0 && rest % 10 == 0; fraction--) {
            rest /= 10;
        }
    }
    const bool has_point = fraction > 0;
    for (; fraction > 0; fraction--, rest /= 10) {
        reversed[n++] = (char)('0' + rest % 10);
    }
    if (has_point) {
        reversed[n++] = '.';
    }
    do {
        reversed[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    for (unsigned i = 0; i < n; i++) {
        out[i] = reversed[n - 1 - i];
    }
    return n;
}

/*
 * Writes it as JavaScript prints it: with as few digits as are needed, and what is below 1e-6 with
 * an exponent, "1.5e-7". `value` is above 0; else as arb_decimal_write().
 */
static inline unsigned arb_decimal_write_js(int64_t value, unsigned scale, char *out)
{
    const unsigned n = arb_uint_len((uint64_t)value);

    if (n + 6 > scale) {
        return arb_decimal_write(value, scale, ARB_DIGITS_UNKNOWN, out);
    }
    unsigned len = arb_decimal_write(value, n - 1, ARB_DIGITS_UNKNOWN, out);
    out[len++] = 'e';
    out[len++] = '-';
    return len + arb_uint_write(scale - n + 1, out + len);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_DECIMAL_H */
