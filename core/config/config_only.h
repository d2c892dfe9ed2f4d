/*
 * config_only.h - a configuration of which one process runs one section.
 */
#ifndef ARB_CONFIG_ONLY_H
#define ARB_CONFIG_ONLY_H

#include "config/config.h"

/*
 * Disables all exchanges and strategies but `section`, "exchange:kraken". What the others say, such
 * as their fees, stays known to strategies. False, with a problem that says why, when there is no
 * such section, it is disabled, or it cannot run by itself.
 */
bool config_only(struct config *config, const char *section, struct problems *problems);

#endif /* ARB_CONFIG_ONLY_H */
