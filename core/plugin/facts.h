/*
 * facts.h - what a plugin says of its venue's fee, and of how old its knowledge is.
 */
#ifndef ARB_FACTS_H
#define ARB_FACTS_H

#include "arbspot/abi.h"
#include "util/err.h"

/*
 * ARB_EINVAL: the fee is no share that the configuration would take, a date is none, or one of fee
 * and date is there without the other. What passes has digits and signs only, so it can be printed.
 */
int facts_check(const struct arb_plugin *desc, struct err *err);

#endif /* ARB_FACTS_H */
