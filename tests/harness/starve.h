/*
 * starve.h - does a plugin survive that there is no memory?
 */
#ifndef ARB_HARNESS_STARVE_H
#define ARB_HARNESS_STARVE_H

#include "plugin/loader.h"
#include "report.h"
#include "script.h"

/*
 * Runs each script again and again; each time another allocation of the plugin fails. It may answer
 * with any error, or do without; it must not crash, break a rule or publish a wrong book.
 */
void starve_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                  size_t n_scripts);

#endif /* ARB_HARNESS_STARVE_H */
