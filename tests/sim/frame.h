/*
 * frame.h - the pieces of text that venue frames are made of, written into a bounded builder.
 *
 * Numbers come out with exactly the instrument's digits, trailing zeros included, because venues'
 * checksums are made of that text; frame_short_levels() is for venues that write none.
 */
#ifndef ARB_SIM_FRAME_H
#define ARB_SIM_FRAME_H

#include "arbspot/text.h"
#include "instruments.h"
#include "ladder.h"

/* Appends bytes as they are. */
void frame_put(struct arb_text *text, const char *data, size_t len);
void frame_puts(struct arb_text *text, const char *string);

/* Appends `value`, in units of the last digit, with `digits` fractional digits. */
void frame_decimal(struct arb_text *text, int64_t value, unsigned digits);
/* With zeros up to `least` fractional digits when there are fewer. */
void frame_padded(struct arb_text *text, int64_t value, unsigned digits, unsigned least);

/* Appends "2026-08-02T03:35:50.983359Z", without quotes. */
void frame_time(struct arb_text *text, int64_t ns);

/* Likewise with nanoseconds, without zeros at the end, without T and Z: as Go writes times. */
void frame_time_short(struct arb_text *text, int64_t ns, char between);

/* Likewise, with as few digits as it takes: a least quantity or value in a catalog. */
void frame_least(struct arb_text *text, int64_t value, unsigned digits);

/* Appends the unit of the last digit as the venues' catalogs spell it: 0.1, 0.0001, 1e-05. */
void frame_increment(struct arb_text *text, unsigned digits);

/* How a venue spells one level: {"price":1.0,"qty":2.0} or ["1.0","2.0"]. */
struct level_style {
    const char *open, *between, *close, *separator;
};

/* Appends levels, separators between them and no brackets around. */
void frame_levels(struct arb_text *text, const struct level_style *style,
                  const struct sim_instrument *instrument, const struct arb_level *levels,
                  uint32_t n);

/* Likewise, with zeros up to so many fractional digits where the instrument has fewer. */
struct padded_style {
    struct level_style style;
    unsigned px_least, qty_least;
    bool is_short; /* instead: without zeros at the end */
};
void frame_padded_levels(struct arb_text *text, const struct padded_style *padded,
                         const struct sim_instrument *instrument, const struct arb_level *levels,
                         uint32_t n);
/* Likewise, numbers without zeros at the end of their fraction. */
void frame_short_levels(struct arb_text *text, const struct level_style *style,
                        const struct sim_instrument *instrument, const struct arb_level *levels,
                        uint32_t n);

/* The finished frame. It must have fitted: buffers are sized for the largest one. */
struct arb_bytes frame_bytes(const struct arb_text *text);

#endif /* ARB_SIM_FRAME_H */
