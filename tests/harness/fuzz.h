/*
 * fuzz.h - damaged variants of the scripts' messages, for as long as somebody wants to wait.
 */
#ifndef ARB_HARNESS_FUZZ_H
#define ARB_HARNESS_FUZZ_H

#include "report.h"
#include "siege.h"

/*
 * Goes on for `seconds`; the inputs and their order depend on the seed alone. The first one that is
 * not survived (siege.h) ends it and is written to PLUGIN.crash in this folder.
 */
void fuzz_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                size_t n_scripts, const struct siege_plan *plan, uint64_t seconds);

#endif /* ARB_HARNESS_FUZZ_H */
