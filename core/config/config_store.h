/*
 * config_store.h - puts the entries of one section into its struct, by the section's table.
 */
#ifndef ARB_CONFIG_STORE_H
#define ARB_CONFIG_STORE_H

#include "config/config_keys.h"
#include "config/ini_reader.h"

/* What building a configuration needs at every step. */
struct config_builder {
    struct config *config;
    struct pool *pool;
    struct problems *problems;
    const char *folder; /* of the file, with its slash; "" for the current one */
    int rc;             /* ARB_OK, or ARB_ENOMEM */
};

/*
 * Stores entries and fallbacks into `target`. Problems are added: unknown and repeated keys, bad
 * values, required keys that are missing.
 */
void config_store_section(struct config_builder *builder, const struct config_key *keys,
                          const struct ini_section *section, void *target);

#endif /* ARB_CONFIG_STORE_H */
