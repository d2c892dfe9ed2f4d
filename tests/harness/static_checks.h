/*
 * static_checks.h - what can be said of a plugin without calling it.
 */
#ifndef ARB_HARNESS_STATIC_CHECKS_H
#define ARB_HARNESS_STATIC_CHECKS_H

#include "plugin/loader.h"
#include "report.h"

/*
 * Its option table is sound, it exports arb_plugin alone, and all it imports is free of I/O,
 * clocks, threads and environment.
 */
void static_checks(struct report *report, const struct plugin *plugin);

#endif /* ARB_HARNESS_STATIC_CHECKS_H */
