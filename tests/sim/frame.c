#include "frame.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "arbspot/decimal.h"
#include "util/clock.h"

void frame_put(struct arb_text *text, const char *data, size_t len)
{
    if (len >= text->cap - text->len) {
        text->truncated = true;
        return;
    }
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void frame_puts(struct arb_text *text, const char *string)
{
    frame_put(text, string, strlen(string));
}

void frame_decimal(struct arb_text *text, int64_t value, unsigned digits)
{
    char number[ARB_DECIMAL_TEXT_MAX];
    frame_put(text, number, arb_decimal_write(value, digits, digits, number));
}

void frame_padded(struct arb_text *text, int64_t value, unsigned digits, unsigned least)
{
    frame_decimal(text, value, digits);
    for (unsigned i = digits; i < least; i++) {
        frame_puts(text, i == 0 ? ".0" : "0");
    }
}

static void put_second(struct arb_text *text, int64_t ns, char between)
{
    const time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm utc;

    (void)gmtime_r(&seconds, &utc); /* cannot fail before the year 2^31 */
    arb_text_add(text, "%04d-%02d-%02d%c%02d:%02d:%02d", utc.tm_year + 1900, utc.tm_mon + 1,
                 utc.tm_mday, between, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

void frame_time(struct arb_text *text, int64_t ns)
{
    put_second(text, ns, 'T');
    arb_text_add(text, ".%06dZ", (int)(ns % NS_PER_S / 1000));
}

void frame_time_short(struct arb_text *text, int64_t ns, char between)
{
    char fraction[ARB_DECIMAL_TEXT_MAX];

    put_second(text, ns, between);
    const unsigned len = arb_decimal_write(ns % NS_PER_S, 9, 0, fraction);
    frame_put(text, fraction + 1, len - 1); /* without the 0 before the point */
}

void frame_least(struct arb_text *text, int64_t value, unsigned digits)
{
    char number[ARB_DECIMAL_TEXT_MAX];
    frame_put(text, number, arb_decimal_write(value, digits, 0, number));
}

void frame_increment(struct arb_text *text, unsigned digits)
{
    if (digits > 4) {
        arb_text_add(text, "1e-%02u", digits);
    } else {
        frame_decimal(text, 1, digits);
    }
}

static void put_number(struct arb_text *text, int64_t value, unsigned digits, unsigned least,
                       bool is_short)
{
    char number[ARB_DECIMAL_TEXT_MAX];

    if (is_short) {
        frame_put(text, number, arb_decimal_write(value, digits, 0, number));
    } else {
        frame_padded(text, value, digits, least);
    }
}

void frame_padded_levels(struct arb_text *text, const struct padded_style *padded,
                         const struct sim_instrument *instrument, const struct arb_level *levels,
                         uint32_t n)
{
    const struct level_style *const style = &padded->style;

    for (uint32_t i = 0; i < n; i++) {
        frame_puts(text, i == 0 ? "" : style->separator);
        frame_puts(text, style->open);
        put_number(text, levels[i].px, instrument->px_digits, padded->px_least, padded->is_short);
        frame_puts(text, style->between);
        put_number(text, levels[i].qty, instrument->qty_digits, padded->qty_least,
                   padded->is_short);
        frame_puts(text, style->close);
    }
}

void frame_levels(struct arb_text *text, const struct level_style *style,
                  const struct sim_instrument *instrument, const struct arb_level *levels,
                  uint32_t n)
{
    const struct padded_style padded = { .style = *style };

    frame_padded_levels(text, &padded, instrument, levels, n);
}

void frame_short_levels(struct arb_text *text, const struct level_style *style,
                        const struct sim_instrument *instrument, const struct arb_level *levels,
                        uint32_t n)
{
    const struct padded_style padded = { .style = *style, .is_short = true };

    frame_padded_levels(text, &padded, instrument, levels, n);
}

struct arb_bytes frame_bytes(const struct arb_text *text)
{
    assert(arb_text_fits(text));
    return (struct arb_bytes){ text->data, text->len };
}
