/*
 * siege.h - hostile input against a plugin, and whether it recovers.
 *
 * Each message of a script is delivered in its place, but damaged. Whatever it does, nothing
 * may crash, no wrong book may be called LIVE, the exchange must not be disabled; and once
 * the connections have been reopened and the venue says what the script says before its
 * first `live`, the same books must be LIVE as without the attack.
 */
#ifndef ARB_HARNESS_SIEGE_H
#define ARB_HARNESS_SIEGE_H

#include "plugin/loader.h"
#include "report.h"
#include "script.h"

struct siege_plan {
    uint64_t seed;
    unsigned mutations; /* random variants of each message */
};

/* Runs every kind of attack with every script that has a `live` line. */
void siege_checks(struct report *report, const struct plugin *plugin, const struct script *scripts,
                  size_t n_scripts, const struct siege_plan *plan);

#endif /* ARB_HARNESS_SIEGE_H */
