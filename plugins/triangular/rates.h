/*
 * rates.h - what one unit of money becomes in a leg: as a logarithm to be added up quickly, and as
 * factors to be compared exactly.
 */
#ifndef RATES_H
#define RATES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOG_BITS = 40,  /* logarithms to base 2 are in units of 2^-40 */
    LOG_ERROR = 2,  /* log2_of() is below the true value by less than so many units */
    RATE_ERROR = 4, /* rate_log_of() is off by less, either way: two are added, two taken away */
};

/* The logarithm of value > 0. */
int64_t log2_of(uint64_t value);

/* One leg at one price. Price and what the fee leaves are above 0. */
struct rate {
    bool is_buy;
    unsigned px_scale;
    int64_t px, fee_ppm;
};

int64_t rate_log_of(struct rate rate);

/* What the fee has of that; off by less than 2 * LOG_ERROR. */
int64_t rate_fee_log_of(struct rate rate);

/*
 * Whether the product of the rates is above numerator / denominator, both above 0. Exact, whatever
 * the numbers are; n is at most 4.
 */
bool rates_exceed(const struct rate *rates, unsigned n, int64_t numerator, int64_t denominator);

/* What rates_ppm() says at most. */
#define RATES_PPM_MAX INT64_C(1000000000000)

/*
 * What a unit sent through all of them earns, in millionths of its cost and rounded down; of the
 * cost the first one's fee is no part, if it buys.
 */
int64_t rates_ppm(const struct rate *rates, unsigned n);

#endif /* RATES_H */
