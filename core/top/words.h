/*
 * words.h - times, prices and shares as short texts for columns.
 *
 * Each writes at most WORDS_MAX bytes, terminator included, and returns `out`.
 */
#ifndef ARB_TOP_WORDS_H
#define ARB_TOP_WORDS_H

#include <stdint.h>

#include "arbspot/types.h"
#include "util/clock.h"

enum { WORDS_MAX = 32 };

/* "0.4s", "59s", "3m05s", "2h03m", "5d04h"; what has not been yet is "0.0s". */
const char *words_age(int64_t ns, char *out);

/* "0.04ms", "12.3ms", "4.5s"; below 0: how much too early. */
const char *words_lag(int64_t ns, char *out);

/* Of a point in time by UTC, 0 being "-". `now` is a moment of the clock by which it was told. */
const char *words_since(int64_t utc_ms, struct moment now, char *out);

/* "12:03:04", of UTC. */
const char *words_time(int64_t utc_ns, char *out);

/* An exact decimal with as few digits as it needs. */
const char *words_decimal(int64_t value, unsigned scale, char *out);

/* Of a level: "-" where there is none. */
const char *words_price(const struct arb_level *level, unsigned scale, char *out);
const char *words_quantity(const struct arb_level *level, unsigned scale, char *out);

/* Millionths as hundredths of a percent: "-12.34". */
const char *words_bps(int64_t ppm, char *out);

/* Millionths as percent: "93". */
const char *words_percent(int64_t ppm, char *out);

/* 1234567 as "1,234,567". */
const char *words_count(uint64_t n, char *out);

#endif /* ARB_TOP_WORDS_H */
