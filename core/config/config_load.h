/*
 * config_load.h - reads the INI file and checks it.
 *
 * Reading is strict: unknown sections and keys, duplicates, and values that do not parse are
 * errors, all reported at once as `file:line: [section] key: what, and what would help`.
 */
#ifndef ARB_CONFIG_LOAD_H
#define ARB_CONFIG_LOAD_H

#include "config/config.h"

/* Reads and checks a file. Returns ARB_OK with zero new problems, else ARB_EINVAL; fini either way.
 */
int config_load(struct config *config, const char *path, struct problems *problems);

#endif /* ARB_CONFIG_LOAD_H */
