/*
 * venue_terms.h - what the real venues ask for: taker fees by volume, and of an order of a pair its
 * tick, lot and minimums. Where they are from is said beside the numbers.
 */
#ifndef ARB_SIM_VENUE_TERMS_H
#define ARB_SIM_VENUE_TERMS_H

#include "instruments.h"

/* What a venue takes of a taker who has traded so much of the quote currency in 30 days. */
struct fee_step {
    int64_t volume, fee_ppm;
};

/* Lowest volume first, which is 0; of an unknown venue one step without a fee. */
const struct fee_step *venue_fees(const char *venue, uint32_t *n);
int64_t venue_fee_ppm(const char *venue, int64_t volume);

/*
 * Makes a pair one of this venue: digits of its tick and lot, minimums. An unknown venue leaves it
 * as it is. Digits never grow: the pair, as every venue has it, has the finest.
 */
void venue_terms_apply(struct sim_instrument *item, const char *venue);

/* Fills an empty list with the pairs of another one, as this venue has them. */
int venue_terms_list(struct instrument_list *list, const struct instrument_list *pairs,
                     const char *venue, struct err *err);

#endif /* ARB_SIM_VENUE_TERMS_H */
