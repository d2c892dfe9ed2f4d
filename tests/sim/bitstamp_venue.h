/*
 * bitstamp_venue.h - a model of Bitstamp's WebSocket v2 and HTTP API v2, market data only.
 *
 * It stands on common_venue.h, and keeps books of its own: each channel of a book shows it at
 * moments of its own. As at the real venue a subscription is acknowledged without checking that
 * the market exists, no book comes before the next change, and the REST book is up to 1.75 s old.
 */
#ifndef ARB_SIM_BITSTAMP_VENUE_H
#define ARB_SIM_BITSTAMP_VENUE_H

#include "sim_venue.h"

/* `config` is copied, what it points to is borrowed for the life of the model. */
int bitstamp_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                          struct err *err);

#endif /* ARB_SIM_BITSTAMP_VENUE_H */
