/*
 * advice.h - what helps a plugin whose book is not LIVE, by the reason that the host gives.
 */
#ifndef ARB_HARNESS_ADVICE_H
#define ARB_HARNESS_ADVICE_H

#include "arbspot/exchange.h"

/* A sentence for the author, or NULL: the reason says it already. */
const char *advice_for(const char *reason, uint32_t state, const struct arb_plan *plan);

#endif /* ARB_HARNESS_ADVICE_H */
