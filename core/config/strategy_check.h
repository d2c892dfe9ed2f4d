/*
 * strategy_check.h - whether a strategy can find anything in what it is shown.
 *
 * What it is shown is decided by its source, `venues` and `symbols`; what it needs of that, by its
 * reach: two exchanges with an instrument in common, or several instruments on any.
 */
#ifndef ARB_STRATEGY_CHECK_H
#define ARB_STRATEGY_CHECK_H

#include "config/config.h"

/*
 * Of the strategies that are enabled and whose reach is known. Adds a problem for each that is sure
 * to find nothing, and a note for each name in its lists that has no effect.
 */
void strategy_check(struct config *config, struct problems *problems);

#endif /* ARB_STRATEGY_CHECK_H */
