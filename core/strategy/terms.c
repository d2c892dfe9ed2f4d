#include "strategy/terms.h"

#include <stdio.h>

#include "arbspot/decimal.h"

struct arb_venue venue_as_configured(const struct exchange_config *exchange)
{
    struct arb_venue venue = { .taker_fee_ppm = exchange->taker_fee_ppm };

    (void)snprintf(venue.name, sizeof(venue.name), "%s", exchange->name);
    return venue;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t grown(struct arb_decimal decimal, unsigned scale)
{
    int64_t units;

    return __builtin_mul_overflow(decimal.units, arb_pow10(scale - decimal.scale), &units)
               ? INT64_MAX
               : units;
}

/* Multiples of units / unit that are whole are those of units / gcd(units, unit). */
static int64_t step_in(struct arb_decimal step, unsigned scale)
{
    if (step.scale <= scale) {
        return grown(step, scale);
    }
    return step.units / gcd(step.units, arb_pow10(step.scale - scale));
}

static int64_t minimum_in(struct arb_decimal minimum, unsigned scale)
{
    if (minimum.scale <= scale) {
        return grown(minimum, scale);
    }
    const int64_t unit = arb_pow10(minimum.scale - scale);
    return minimum.units / unit + (minimum.units % unit > 0);
}

struct arb_terms terms_in_units(const struct arb_order_terms *terms,
                                const struct arb_instrument *info, int64_t taker_fee_ppm)
{
    return (struct arb_terms){ .tick = step_in(terms->tick, info->px_scale),
                               .lot = step_in(terms->lot, info->qty_scale),
                               .min_qty = minimum_in(terms->min_qty, info->qty_scale),
                               .min_notional = minimum_in(terms->min_notional, info->px_scale),
                               .taker_fee_ppm = taker_fee_ppm };
}

/* Puts in the place of what was told what `own` says, if it does. */
static void replace(const struct instrument_config *own, enum config_term term, const char *venue,
                    struct arb_decimal *told)
{
    const struct venue_term *const said = config_venue_term(own, term, venue);

    if (said != NULL) {
        *told = said->decimal;
    }
}

struct arb_terms terms_that_count(const struct arb_venue *venue,
                                  const struct instrument_config *own,
                                  const struct arb_order_terms *told,
                                  const struct arb_instrument *info)
{
    struct arb_order_terms terms = *told;

    if (own == NULL) {
        return terms_in_units(&terms, info, venue->taker_fee_ppm);
    }
    const struct venue_term *const fee = config_venue_term(own, TERM_TAKER_FEE, venue->name);
    replace(own, TERM_TICK, venue->name, &terms.tick);
    replace(own, TERM_LOT, venue->name, &terms.lot);
    replace(own, TERM_MIN_QTY, venue->name, &terms.min_qty);
    replace(own, TERM_MIN_NOTIONAL, venue->name, &terms.min_notional);
    return terms_in_units(&terms, info, fee == NULL ? venue->taker_fee_ppm : fee->taker_fee_ppm);
}
