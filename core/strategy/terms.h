/*
 * terms.h - what a venue demands of an order, in the units of an instrument.
 *
 * A venue states decimals of any scale; strategies count in the instrument's. A step that is finer
 * than the instrument's unit becomes the smallest multiple of it that units can express, a minimum
 * is rounded up, and what does not fit is INT64_MAX: no order is large enough.
 */
#ifndef ARB_STRATEGY_TERMS_H
#define ARB_STRATEGY_TERMS_H

#include "arbspot/strategy.h"
#include "config/config.h"

/* An exchange as strategies see it. */
struct arb_venue venue_as_configured(const struct exchange_config *exchange);

struct arb_terms terms_in_units(const struct arb_order_terms *terms,
                                const struct arb_instrument *info, int64_t taker_fee_ppm);

/*
 * What counts of an instrument at a venue: what `own`, its section or NULL, says of that venue, and
 * for the rest what the venue told and the fee of the venue's section.
 */
struct arb_terms terms_that_count(const struct arb_venue *venue,
                                  const struct instrument_config *own,
                                  const struct arb_order_terms *told,
                                  const struct arb_instrument *info);

/*
 * What the exchange's section says of the instrument's assets: what lies there, rounded down, and
 * what it takes to withdraw the base currency, rounded up. `exchange` may be NULL, which says
 * nothing.
 */
void terms_add_inventory(struct arb_terms *terms, const struct exchange_config *exchange,
                         const struct arb_instrument *info);
struct arb_withdrawal terms_withdrawal(const struct exchange_config *exchange,
                                       const struct arb_instrument *info);

#endif /* ARB_STRATEGY_TERMS_H */
