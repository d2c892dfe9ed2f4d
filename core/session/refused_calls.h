/*
 * refused_calls.h - the host's calls where none but log and timers is allowed, as in init().
 */
#ifndef ARB_REFUSED_CALLS_H
#define ARB_REFUSED_CALLS_H

#include "arbspot/exchange.h"

/* Sets every call behind `base` to one that does nothing and returns ARB_ENOTSUP. */
void refused_calls_set(struct arb_exchange_calls *calls);

#endif /* ARB_REFUSED_CALLS_H */
