/*
 * time.h - the spellings of time that venues use, as UTC nanoseconds since 1970.
 */
#ifndef ARB_TIME_H
#define ARB_TIME_H

#include "arbspot/decimal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a count of microseconds since 1970 can be a time at all. */
static inline bool arb_time_is_us(uint64_t us)
{
    return us > 0 && us <= INT64_MAX / 1000;
}

/* For what arb_time_is_us(). */
static inline int64_t arb_time_from_us(uint64_t us)
{
    return (int64_t)us * 1000;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, year >= 1970. */
static inline int64_t arb_time_days(unsigned year, unsigned month, unsigned day)
{
    const unsigned y = month <= 2 ? year - 1 : year; /* years start in March: leap days come last */
    const unsigned m = month <= 2 ? month + 9 : month - 3;
    return (int64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Days of a month that exists. */
static inline unsigned arb_time_month_days(unsigned year, unsigned month)
{
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2) {
        return leap ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Reads two digits; a value above 99 means that one was none. */
static inline unsigned arb_time_two(const char *p)
{
    const unsigned ten = (unsigned)(unsigned char)p[0] - '0';
    const unsigned one = (unsigned)(unsigned char)p[1] - '0';
    return ten > 9 || one > 9 ? 10000 : ten * 10 + one;
}

/*
 * Reads "2026-08-01T02:54:53.266327Z": RFC 3339 in UTC with up to nine fractional digits, or
 * none. ARB_EINVAL for anything else.
 */
static inline int arb_time_from_rfc3339(struct arb_bytes text, int64_t *ns)
{
    const char *const p = text.data;
    int64_t fraction = 0;

    if (text.len < 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' ||
        p[16] != ':' || p[text.len - 1] != 'Z') {
        return ARB_EINVAL;
    }
    const unsigned year = arb_time_two(p) * 100 + arb_time_two(p + 2), month = arb_time_two(p + 5);
    const unsigned day = arb_time_two(p + 8), hour = arb_time_two(p + 11);
    const unsigned minute = arb_time_two(p + 14), second = arb_time_two(p + 17);
    if (year < 1970 || year > 2261 || month - 1 > 11 || day == 0 ||
        (day > 28 && day > arb_time_month_days(year, month)) || hour > 23 || minute > 59 ||
        second > 60) {
        return ARB_EINVAL;
    }
    if (text.len > 20 && (p[19] != '.' || text.len == 21 || text.len > 30)) {
        return ARB_EINVAL;
    }
    for (size_t i = 20; i + 1 < text.len; i++) {
        const unsigned digit = (unsigned)(unsigned char)p[i] - '0';
        if (digit > 9) {
            return ARB_EINVAL;
        }
        fraction = fraction * 10 + (int64_t)digit;
    }
    fraction *= arb_pow10(text.len == 20 ? 9 : (unsigned)(30 - text.len));
    const int64_t seconds =
        arb_time_days(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
    *ns = seconds * 1000000000 + fraction;
    return ARB_OK;
}

/*
 * Eight bytes as their difference to the pattern `form`, in which '0' stands for a digit; `sums`
 * has for each byte what carries into its high bit when it is none (0x76), or another mark (0x7f).
 */
static inline bool arb_time_is_like(const char *p, const char *form, uint64_t sums,
                                    uint64_t *digits)
{
    uint64_t text, zero;

    memcpy(&text, p, 8);
    memcpy(&zero, form, 8);
    *digits = text ^ zero;
    return (((*digits + sums) | *digits) & UINT64_C(0x8080808080808080)) == 0;
}

/* Reads the 27 bytes of a time with microseconds in this century, as arb_time_from_rfc3339(). */
static inline bool arb_time_from_usual(const char *p, int64_t *ns)
{
    const uint64_t pairs = UINT64_C(0x76767F76767F7676), six = UINT64_C(0x7F7676767676767F);
    uint64_t date, clock, us;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || p[0] != '2' || p[1] != '0' || p[10] != 'T' ||
        !arb_time_is_like(p + 2, "00-00-00", pairs, &date) ||
        !arb_time_is_like(p + 11, "00:00:00", pairs, &clock) ||
        !arb_time_is_like(p + 19, ".000000Z", six, &us)) {
        return false;
    }
    date = date * 10 + (date >> 8); /* pairs of digits, in bytes 0, 3 and 6 */
    clock = clock * 10 + (clock >> 8);
    const unsigned year = 2000 + (unsigned)(date & 255), month = (unsigned)(date >> 24 & 255);
    const unsigned day = (unsigned)(date >> 48 & 255), hour = (unsigned)(clock & 255);
    const unsigned minute = (unsigned)(clock >> 24 & 255), second = (unsigned)(clock >> 48 & 255);
    if (month - 1 > 11 || day == 0 || (day > 28 && day > arb_time_month_days(year, month)) ||
        hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    const int64_t seconds =
        arb_time_days(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
    *ns = seconds * 1000000000 + (int64_t)arb_digits_of_eight(us << 8) * 1000;
    return true;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_TIME_H */
