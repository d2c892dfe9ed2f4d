/*
 * abi_sizes.h - the least size of each struct that crosses between host and plugin.
 *
 * A struct that carries its size may be larger or smaller than the host's own, but never smaller
 * than the first minor of this major had it: up to the last member without which it says nothing.
 * What the sender does not know keeps the default that the receiver has set before.
 */
#ifndef ARB_ABI_SIZES_H
#define ARB_ABI_SIZES_H

#include <string.h>

#include "arbspot/exchange.h"
#include "arbspot/strategy.h"

/* Where `member` ends. */
#define ABI_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

#define ABI_LEAST_PLUGIN ABI_UP_TO(struct arb_plugin, ops)
#define ABI_LEAST_EXCHANGE_OPS ABI_UP_TO(struct arb_exchange_ops, on_message)
#define ABI_LEAST_STRATEGY_OPS ABI_UP_TO(struct arb_strategy_ops, on_market)
#define ABI_LEAST_BOOK_EVENT ABI_UP_TO(struct arb_book_event, n_asks)
#define ABI_LEAST_LISTING ABI_UP_TO(struct arb_listing, venue_symbol)
#define ABI_LEAST_MISS ABI_UP_TO(struct arb_miss, legs)
#define ABI_LEAST_OPPORTUNITY ABI_UP_TO(struct arb_opportunity, net_ppm)

/* What a minor appends may not move what is needed. */
_Static_assert(ABI_LEAST_PLUGIN == 64, "part of the ABI");
_Static_assert(ABI_LEAST_EXCHANGE_OPS == 32, "part of the ABI");
_Static_assert(ABI_LEAST_STRATEGY_OPS == 24, "part of the ABI");
_Static_assert(ABI_LEAST_BOOK_EVENT == 72, "part of the ABI");
_Static_assert(ABI_LEAST_LISTING == 24, "part of the ABI");
_Static_assert(ABI_LEAST_MISS == 192, "part of the ABI");
_Static_assert(ABI_LEAST_OPPORTUNITY == 464, "part of the ABI");

/* Copies what both sides know; the rest of `own` keeps what the caller has preset. */
static inline void abi_copy(void *own, size_t own_size, const void *theirs, size_t their_size)
{
    memcpy(own, theirs, their_size < own_size ? their_size : own_size);
}

#endif /* ARB_ABI_SIZES_H */
