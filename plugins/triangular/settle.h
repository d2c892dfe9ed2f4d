/*
 * settle.h - the money of a cycle: rounded against us, in what its first leg pays with.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "chain.h"

/* Fills in the legs and the sums of `terms`. False: amounts do not fit, or the cost is nothing. */
bool settle(const struct chain *chain, const struct chain_fill *fill,
            struct arb_opportunity *terms);

/* Then: what parts of the size earn, and how much of it is proven. */
void settle_parts(const struct chain *chain, struct arb_opportunity *terms);

#endif /* SETTLE_H */
