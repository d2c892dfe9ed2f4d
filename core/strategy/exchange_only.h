/*
 * exchange_only.h - the host calls that make no sense in a strategy.
 */
#ifndef ARB_EXCHANGE_ONLY_H
#define ARB_EXCHANGE_ONLY_H

#include "arbspot/host.h"

/* Sets every call that is for exchange plugins to one that returns ARB_ENOTSUP. */
void exchange_only_refuse(struct arb_host_ops *ops);

#endif /* ARB_EXCHANGE_ONLY_H */
