/*
 * plan.h - an exchange plugin's constants of its venue: what they are when it says nothing, and
 * whether what it says fits together.
 */
#ifndef ARB_PLAN_H
#define ARB_PLAN_H

#include "arbspot/exchange.h"

/* Sets `size` and the defaults that exchange.h documents: what init() gets. */
void plan_set_defaults(struct arb_plan *plan);

/*
 * The first rule that the plan breaks, as half a sentence behind "the rule that", or NULL. `ops`
 * are the plugin's callbacks, some of which a plan asks for.
 */
const char *plan_rule(const struct arb_plan *plan, const struct arb_exchange_ops *ops);

#endif /* ARB_PLAN_H */
