/*
 * leaks.h - does an instance give back what it took?
 */
#ifndef ARB_HARNESS_LEAKS_H
#define ARB_HARNESS_LEAKS_H

#include "plugin/loader.h"
#include "report.h"
#include "script.h"

/*
 * Runs each script many times over and watches the heap. In a build with AddressSanitizer,
 * whose allocator keeps no such figures, its leak check at exit does the work.
 */
void leaks_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                 size_t n_scripts);

#endif /* ARB_HARNESS_LEAKS_H */
