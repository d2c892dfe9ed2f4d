/*
 * config_check.h - what no single value can tell: whether the parts of a configuration fit.
 */
#ifndef ARB_CONFIG_CHECK_H
#define ARB_CONFIG_CHECK_H

#include "config/config.h"

/* Adds a problem for everything that contradicts itself or can have no effect. */
void config_check(const struct config *config, struct problems *problems);

#endif /* ARB_CONFIG_CHECK_H */
