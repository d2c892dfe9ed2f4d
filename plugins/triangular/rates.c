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

int64_t rate_fee_log_of(struct rate rate)
{
    const int64_t one = log2_of(PPM);

    return rate.is_buy ? one - log2_of((uint64_t)(PPM + rate.fee_ppm))
                       : log2_of((uint64_t)(PPM - rate.fee_ppm)) - one;
}

int64_t rate_log_of(struct rate rate)
{
    const int64_t px = log2_of((uint64_t)rate.px) - log2_of((uint64_t)arb_pow10(rate.px_scale));

    return rate_fee_log_of(rate) + (rate.is_buy ? -px : px);
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

/* The product of the rates, and numerator / denominator, over what both are divided by. */
struct comparison {
    struct wide product, other;
};

static struct comparison compare(const struct rate *rates, unsigned n, int64_t numerator,
                                 int64_t denominator)
{
    struct comparison both = { .product = { { (uint64_t)denominator } },
                               .other = { { (uint64_t)numerator } } };

    for (unsigned i = 0; i < n; i++) {
        struct wide *const px = rates[i].is_buy ? &both.other : &both.product;
        struct wide *const unit = rates[i].is_buy ? &both.product : &both.other;
        multiply(px, rates[i].px);
        multiply(px, PPM + (rates[i].is_buy ? rates[i].fee_ppm : -rates[i].fee_ppm));
        multiply(unit, arb_pow10(rates[i].px_scale));
        multiply(unit, PPM);
    }
    return both;
}

bool rates_exceed(const struct rate *rates, unsigned n, int64_t numerator, int64_t denominator)
{
    const struct comparison both = compare(rates, n, numerator, denominator);
    return is_greater(&both.product, &both.other);
}

/* -- what a unit earns --------------------------------------------------------------------------
 */

static int64_t spent_of(const struct rate *first)
{
    return PPM + (first->is_buy ? first->fee_ppm : 0);
}

static bool earns(const struct rate *rates, unsigned n, int64_t ppm)
{
    const int64_t spent = spent_of(rates);

    if (spent + ppm <= 0) {
        return true; /* not even all of it is lost */
    }
    const struct comparison both = compare(rates, n, spent + ppm, spent);
    return !is_greater(&both.other, &both.product);
}

/* What becomes of `value`, about. False on overflow. */
static bool go_through(const struct rate *rate, arb_uint128 *value)
{
    const uint64_t px = (uint64_t)rate->px, unit = (uint64_t)arb_pow10(rate->px_scale);
    const uint64_t factor = (uint64_t)(PPM + (rate->is_buy ? rate->fee_ppm : -rate->fee_ppm));
    arb_uint128 exact;

    if (__builtin_mul_overflow(*value, rate->is_buy ? unit : px, &exact) ||
        __builtin_mul_overflow(exact / (rate->is_buy ? px : unit),
                               rate->is_buy ? (uint64_t)PPM : factor, &exact)) {
        return false;
    }
    *value = exact / (rate->is_buy ? factor : (uint64_t)PPM);
    return true;
}

/* Close to it; 0 where the numbers do not allow it. */
static int64_t estimate(const struct rate *rates, unsigned n)
{
    enum { ONE_BITS = 60, KEPT_BITS = 40 };
    const int64_t spent = spent_of(rates);
    arb_uint128 value = (arb_uint128)1 << ONE_BITS;

    for (unsigned i = 0; i < n; i++) {
        if (!go_through(&rates[i], &value)) {
            return 0;
        }
    }
    const arb_uint128 kept = value >> (ONE_BITS - KEPT_BITS);
    const arb_uint128 back = kept * (uint64_t)spent >> KEPT_BITS;
    return kept >> 64 != 0 || back > (uint64_t)RATES_PPM_MAX ? 0 : (int64_t)back - spent;
}

/* From the estimate on in steps that double, until it lies between two; then halving. */
int64_t rates_ppm(const struct rate *rates, unsigned n)
{
    const int64_t start = estimate(rates, n);
    int64_t step = 1, low, high; /* it earns the one, and not the other */

    if (earns(rates, n, start)) {
        for (low = start; low + step <= RATES_PPM_MAX && earns(rates, n, low + step); step *= 2) {
            low += step;
        }
        high = low + step <= RATES_PPM_MAX ? low + step : RATES_PPM_MAX + 1;
    } else {
        for (high = start; !earns(rates, n, high - step); step *= 2) {
            high -= step;
        }
        low = high - step;
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        const bool is_earned = earns(rates, n, middle);
        low = is_earned ? middle : low;
        high = is_earned ? high : middle;
    }
    return low;
}
