/*
 * attacks.h - every kind of hostile input against a plugin, and whether it recovers (siege.h).
 */
#ifndef ARB_HARNESS_ATTACKS_H
#define ARB_HARNESS_ATTACKS_H

#include "report.h"
#include "siege.h"

/* Runs every kind of attack with every script that has a `live` line. */
void attack_checks(struct report *report, const struct plugin *plugin, const struct script *scripts,
                   size_t n_scripts, const struct siege_plan *plan);

#endif /* ARB_HARNESS_ATTACKS_H */
