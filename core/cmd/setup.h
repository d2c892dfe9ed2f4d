/*
 * setup.h - everything a configuration names, read and verified: what `check` looks at and
 * `run` starts with.
 */
#ifndef ARB_SETUP_H
#define ARB_SETUP_H

#include "config/config.h"
#include "plugin/plugins.h"

struct setup {
    struct config config;
    struct plugins plugins;
};

/*
 * Reads the file, loads its plugins, tries their options and the Kafka settings. All problems
 * go to stderr, in the order of the file. Returns how many; fini either way. `only` is the section
 * that is wanted, see config_only.h, or NULL.
 */
unsigned setup_load(struct setup *setup, const char *path, const char *only);
void setup_fini(struct setup *setup);

#endif /* ARB_SETUP_H */
