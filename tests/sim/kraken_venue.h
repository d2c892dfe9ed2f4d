/*
 * kraken_venue.h - a model of Kraken's WebSocket v2, market data only.
 *
 * Books are published as they change. A client that subscribed gets its snapshot some tens of
 * milliseconds after the acknowledgement, as at the real venue: whoever subscribes and
 * unsubscribes faster than that sees acknowledgements without snapshots.
 */
#ifndef ARB_SIM_KRAKEN_VENUE_H
#define ARB_SIM_KRAKEN_VENUE_H

#include "sim_venue.h"

/* `config` is copied, what it points to is borrowed for the life of the model. */
int kraken_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                        struct err *err);

/* Changes a pair's status ("online", "cancel_only", ...), a literal, and tells who subscribed.
 * There must be a market. */
void kraken_venue_set_pair_status(struct sim_venue *venue, uint32_t instrument, const char *status);

#endif /* ARB_SIM_KRAKEN_VENUE_H */
