#include "top/words.h"

#include <stdio.h>
#include <string.h>

#include "util/digits.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, PPM_PER_PERCENT = 10000 };

static const char *two(char *out, int64_t whole, const char *unit, int64_t rest)
{
    (void)snprintf(out, WORDS_MAX, "%lld%c%02lld%c", (long long)whole, unit[0], (long long)rest,
                   unit[1]); /* fits: 300 years are 106751 days */
    return out;
}

const char *words_age(int64_t ns, char *out)
{
    const int64_t age_ns = ns < 0 ? 0 : ns;
    const int64_t s = age_ns / NS_PER_S;

    if (s < 10) {
        (void)snprintf(out, WORDS_MAX, "%lld.%llds", (long long)s,
                       (long long)(age_ns % NS_PER_S / (NS_PER_S / 10)));
        return out;
    }
    if (s < MINUTE_S) {
        (void)snprintf(out, WORDS_MAX, "%llds", (long long)s);
        return out;
    }
    if (s < HOUR_S) {
        return two(out, s / MINUTE_S, "ms", s % MINUTE_S);
    }
    return s < DAY_S ? two(out, s / HOUR_S, "hm", s % HOUR_S / MINUTE_S)
                     : two(out, s / DAY_S, "dh", s % DAY_S / HOUR_S);
}

const char *words_lag(int64_t ns, char *out)
{
    const uint64_t size_ns = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    const uint64_t us = size_ns / 1000;
    const char *const sign = ns < 0 ? "-" : "";

    if (size_ns >= (uint64_t)NS_PER_S) {
        (void)snprintf(out, WORDS_MAX, "%s%llu.%02llus", sign, (unsigned long long)(us / 1000000),
                       (unsigned long long)(us / 10000 % 100));
    } else if (us >= 10000) {
        (void)snprintf(out, WORDS_MAX, "%s%llu.%llums", sign, (unsigned long long)(us / 1000),
                       (unsigned long long)(us / 100 % 10));
    } else {
        (void)snprintf(out, WORDS_MAX, "%s%llu.%02llums", sign, (unsigned long long)(us / 1000),
                       (unsigned long long)(us / 10 % 100));
    }
    return out;
}

const char *words_since(int64_t utc_ms, struct moment now, char *out)
{
    int64_t ns;

    if (utc_ms == 0 || __builtin_mul_overflow(utc_ms, NS_PER_MS, &ns) ||
        __builtin_sub_overflow(now.utc_ns, ns, &ns)) {
        return strcpy(out, "-");
    }
    return words_age(ns, out);
}

const char *words_time(int64_t utc_ns, char *out)
{
    const int64_t s = utc_ns / NS_PER_S % DAY_S;
    const int64_t of_day = s < 0 ? s + DAY_S : s;

    (void)snprintf(out, WORDS_MAX, "%02d:%02d:%02d", (int)(of_day / HOUR_S),
                   (int)(of_day / MINUTE_S % 60), (int)(of_day % 60));
    return out;
}

const char *words_decimal(int64_t value, unsigned scale, char *out)
{
    if (scale > ARB_SCALE_MAX) {
        return strcpy(out, "?");
    }
    return digits_text(value, scale, ARB_DIGITS_UNKNOWN, out);
}

static const char *of_level(const struct arb_level *level, int64_t value, unsigned scale, char *out)
{
    return level->px <= 0 ? strcpy(out, "-") : words_decimal(value, scale, out);
}

const char *words_price(const struct arb_level *level, unsigned scale, char *out)
{
    return of_level(level, level->px, scale, out);
}

const char *words_quantity(const struct arb_level *level, unsigned scale, char *out)
{
    return of_level(level, level->qty, scale, out);
}

const char *words_bps(int64_t ppm, char *out)
{
    return digits_text(ppm, 2, 2, out);
}

const char *words_percent(int64_t ppm, char *out)
{
    (void)snprintf(out, WORDS_MAX, "%lld", (long long)(ppm / PPM_PER_PERCENT));
    return out;
}

const char *words_count(uint64_t n, char *out)
{
    char digits[DIGITS_U64_MAX + 1];
    char *at = out;

    *digits_write_u64(digits, n) = '\0';
    const size_t len = strlen(digits);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}
