/*
 * digits.h - numbers as decimal text, fast: eight digits at a time, no terminator.
 *
 * For the encoders on the data path, where printing numbers is most of the work. Every
 * function returns the position behind what it wrote.
 */
#ifndef ARB_DIGITS_H
#define ARB_DIGITS_H

#include <stdint.h>
#include <string.h>

#include "arbspot/decimal.h"

enum {
    DIGITS_U64_MAX = 20,     /* bytes of the longest uint64_t */
    DIGITS_DECIMAL_MAX = 22, /* with a point and a sign */
    DIGITS_CHUNK = 8,        /* digits that fit 32-bit arithmetic */
};

#define DIGITS_CHUNK_UNIT UINT64_C(100000000)

/* The two digits of `value` < 100. */
static inline void digits_put_pair(char *out, uint32_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + (size_t)value * 2, 2);
}

/* The eight digits of `value` < 10^8. The four pairs do not wait for one another. */
static inline void digits_put_chunk(char *out, uint32_t value)
{
    const uint32_t high = value / 10000, low = value % 10000;

    digits_put_pair(out, high / 100);
    digits_put_pair(out + 2, high % 100);
    digits_put_pair(out + 4, low / 100);
    digits_put_pair(out + 6, low % 100);
}

/* The last `n` digits of `value`, with leading zeros. */
static inline char *digits_put(char *out, uint64_t value, unsigned n)
{
    char *const end = out + n;

    for (; n > DIGITS_CHUNK; n -= DIGITS_CHUNK, value /= DIGITS_CHUNK_UNIT) {
        digits_put_chunk(out + n - DIGITS_CHUNK, (uint32_t)(value % DIGITS_CHUNK_UNIT));
    }
    uint32_t rest = (uint32_t)(value % DIGITS_CHUNK_UNIT);
    for (; n >= 2; n -= 2, rest /= 100) {
        digits_put_pair(out + n - 2, rest % 100);
    }
    if (n == 1) {
        out[0] = (char)('0' + rest % 10);
    }
    return end;
}

static inline char *digits_write_u64(char *out, uint64_t value)
{
    return digits_put(out, value, arb_uint_len(value));
}

static inline char *digits_write_i64(char *out, int64_t value)
{
    if (value < 0) {
        *out++ = '-';
        return digits_write_u64(out, 0 - (uint64_t)value);
    }
    return digits_write_u64(out, (uint64_t)value);
}

/* Sixteen lower-case hexadecimal digits. */
static inline char *digits_write_hex(char *out, uint64_t value)
{
    for (unsigned i = 0; i < 16; i++) {
        out[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    }
    return out + 16;
}

/* `value` with a point in front of its last `fraction` digits. */
static inline char *digits_write_point(char *out, uint64_t value, unsigned fraction)
{
    if (fraction == 0) {
        return digits_write_u64(out, value);
    }
    const uint64_t unit = (uint64_t)arb_pow10(fraction);
    const uint64_t whole = arb_div_pow10(value, fraction);
    out = digits_write_u64(out, whole);
    *out++ = '.';
    return digits_put(out, value - whole * unit, fraction);
}

/*
 * The same text as arb_decimal_write(): `value` in units of 10^-scale with `digits`
 * fractional digits when that loses nothing, else with as few as are needed.
 */
static inline char *digits_write_decimal(char *out, uint64_t value, unsigned scale, unsigned digits)
{
    if (digits == scale) {
        return digits_write_point(out, value, scale);
    }
    if (digits < scale) {
        const uint64_t unit = (uint64_t)arb_pow10(scale - digits);
        const uint64_t rounded = arb_div_pow10(value, scale - digits);
        if (rounded * unit == value) {
            return digits_write_point(out, rounded, digits);
        }
    }
    for (; scale > 0 && value % 10 == 0; scale--) {
        value /= 10;
    }
    return digits_write_point(out, value, scale);
}

static inline char *digits_write_signed(char *out, int64_t value, unsigned scale, unsigned digits)
{
    if (value < 0) {
        *out++ = '-';
        return digits_write_decimal(out, 0 - (uint64_t)value, scale, digits);
    }
    return digits_write_decimal(out, (uint64_t)value, scale, digits);
}

/* The same as a text, in at least DIGITS_DECIMAL_MAX + 1 bytes, which are returned. */
static inline const char *digits_text(int64_t value, unsigned scale, unsigned digits, char *out)
{
    *digits_write_signed(out, value, scale, digits) = '\0';
    return out;
}

#endif /* ARB_DIGITS_H */
