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

/* So that what lies there does not grow by being rounded. */
static int64_t most_in(const struct asset_term *term, unsigned scale)
{
    if (term == NULL) {
        return 0; /* any */
    }
    const int64_t units = term->amount.scale <= scale
                              ? grown(term->amount, scale)
                              : term->amount.units / arb_pow10(term->amount.scale - scale);
    return units == 0 ? ARB_NOTHING : units;
}

void terms_add_inventory(struct arb_terms *terms, const struct exchange_config *exchange,
                         const struct arb_instrument *info)
{
    if (exchange != NULL) {
        terms->most_base = most_in(asset_term_of(exchange->inventory, info->base), info->qty_scale);
        terms->most_quote =
            most_in(asset_term_of(exchange->inventory, info->quote), info->px_scale);
    }
}

struct arb_withdrawal terms_withdrawal(const struct exchange_config *exchange,
                                       const struct arb_instrument *info)
{
    const struct asset_term *const term =
        exchange == NULL ? NULL : asset_term_of(exchange->withdrawals, info->base);

    return term == NULL ? (struct arb_withdrawal){ .is_known = false }
                        : (struct arb_withdrawal){ .is_known = true,
                                                   .fee = minimum_in(term->amount, info->qty_scale),
                                                   .takes_ms = term->takes_ms };
}
