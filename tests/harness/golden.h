/*
 * golden.h - runs a script and compares everything that happened with the file beside it.
 */
#ifndef ARB_HARNESS_GOLDEN_H
#define ARB_HARNESS_GOLDEN_H

#include "plugin/loader.h"
#include "report.h"
#include "script.h"

/* NAME.script is compared with NAME.golden; `is_update` writes that file instead. */
void golden_check(struct report *report, const struct plugin *plugin, const struct script *script,
                  bool is_update);

#endif /* ARB_HARNESS_GOLDEN_H */
