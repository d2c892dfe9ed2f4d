/*
 * amounts.h - exact amounts of money: wide enough, and rounded on purpose only.
 */
#ifndef AMOUNTS_H
#define AMOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arbspot/decimal.h"

/* Products of a price, a quantity and a fee do not fit 64 bits. */
__extension__ typedef __int128 int128;

enum { PPM = 1000000 };

/* Rounding, exact for values below zero too; unit > 0. */

static inline int128 divide_up(int128 value, int128 unit)
{
    return value / unit + (value % unit > 0 ? 1 : 0);
}

static inline int128 divide_down(int128 value, int128 unit)
{
    return value / unit - (value % unit < 0 ? 1 : 0);
}

/* False when it does not fit. */
static inline bool narrow(int128 value, int64_t *out)
{
    if (value < INT64_MIN || value > INT64_MAX) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

/* The fee on an exact notional, in units of 10^-px_scale, rounded up. False on overflow. */
static inline bool fee_of(int128 notional, unsigned qty_scale, int64_t fee_ppm, int64_t *fee)
{
    int128 exact;

    return !__builtin_mul_overflow(notional, (int128)fee_ppm, &exact) &&
           narrow(divide_up(exact, (int128)arb_pow10(qty_scale) * PPM), fee);
}

/*
 * The most that is allowed, in units of 10^-scale, rounded down so that it does not grow by that.
 * INT64_MAX: any, which is what units of 0 mean.
 */
static inline int64_t most_in_units(struct arb_decimal most, unsigned scale)
{
    int64_t units;

    if (most.units == 0) {
        return INT64_MAX;
    }
    if (most.scale > scale) {
        return most.units / arb_pow10(most.scale - scale);
    }
    return __builtin_mul_overflow(most.units, arb_pow10(scale - most.scale), &units) ? INT64_MAX
                                                                                     : units;
}

/* Compared before rounding to ppm, so that a threshold of 0 keeps the smallest profit. */
static inline bool earns_more_than(int64_t threshold_ppm, int64_t net, int64_t cost)
{
    return (int128)net * PPM > (int128)threshold_ppm * cost;
}

/* Reads what an option allows at most; empty: any. False: it is no amount above 0. */
static inline bool read_most(const char *text, struct arb_decimal *most)
{
    *most = arb_decimal_of((struct arb_bytes){ text, strlen(text) });
    return text[0] == '\0' || most->units > 0;
}

#endif /* AMOUNTS_H */
