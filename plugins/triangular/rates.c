#include "rates.h"

#include "amounts.h"

/*
 * One bit for each squaring: what is above 2 after it has a 1. The mantissa has 64 bits and loses
 * less than 2^-63 of itself each time, which is 2^-62 of the logarithm in all; the rest of the
 * error is the bits that are not looked for.
 */
int64_t log2_of(uint64_t value)
{
    const int whole = 63 - __builtin_clzll(value);
    uint64_t mantissa = value << (63 - whole);
    int64_t log = whole;

    for (unsigned i = 0; i < LOG_BITS; i++) {
        const arb_uint128 square = (arb_uint128)mantissa * mantissa;
        const bool is_above = square >> 127 != 0;
        mantissa = (uint64_t)(square >> (is_above ? 64 : 63));
        log = 2 * log + is_above;
    }
    return log;
}

int64_t rate_log_of(struct rate rate)
{
    const int64_t px = log2_of((uint64_t)rate.px) - log2_of((uint64_t)arb_pow10(rate.px_scale));
    const int64_t one = log2_of(PPM);

    return rate.is_buy ? one - log2_of((uint64_t)(PPM + rate.fee_ppm)) - px
                       : px + log2_of((uint64_t)(PPM - rate.fee_ppm)) - one;
}

/* -- exactly ------------------------------------------------------------------------------------
 */

/* Four prices of 63 bits and fees of 21, or what stands against them, and one more fee. */
enum { LIMBS = 6 };
_Static_assert(4 * (63 + 21) + 22 <= 64 * LIMBS, "no product is larger");

/* A number without sign, the lowest limb first. */
struct wide {
    uint64_t limbs[LIMBS];
};

static void multiply(struct wide *wide, int64_t factor)
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < LIMBS; i++) {
        const arb_uint128 product = (arb_uint128)wide->limbs[i] * (uint64_t)factor + carry;
        wide->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
}

static bool is_greater(const struct wide *a, const struct wide *b)
{
    unsigned i = LIMBS - 1;

    while (i > 0 && a->limbs[i] == b->limbs[i]) {
        i--;
    }
    return a->limbs[i] > b->limbs[i];
}

bool rates_exceed(const struct rate *rates, unsigned n, int64_t numerator, int64_t denominator)
{
    struct wide above = { { (uint64_t)denominator } }, below = { { (uint64_t)numerator } };

    for (unsigned i = 0; i < n; i++) {
        struct wide *const px = rates[i].is_buy ? &below : &above;
        struct wide *const unit = rates[i].is_buy ? &above : &below;
        multiply(px, rates[i].px);
        multiply(px, PPM + (rates[i].is_buy ? rates[i].fee_ppm : -rates[i].fee_ppm));
        multiply(unit, arb_pow10(rates[i].px_scale));
        multiply(unit, PPM);
    }
    return is_greater(&above, &below);
}
