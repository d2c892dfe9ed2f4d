/*
 * plugins.h - every plugin that a configuration names, loaded and its options verified.
 *
 * `arbspot check` and `arbspot run` load through here, so what check accepts, run starts.
 */
#ifndef ARB_PLUGINS_H
#define ARB_PLUGINS_H

#include "config/config.h"
#include "plugin/loader.h"

/* Parallel to config->exchanges and config->strategies; zeroed where a section is disabled. */
struct plugins {
    struct plugin *exchanges;
    struct plugin *strategies;
    /* Loaded, and its options are good. */
    bool has_exchange[CONFIG_EXCHANGES_MAX], has_strategy[CONFIG_STRATEGIES_MAX];
};

/*
 * Loads the plugins of all enabled sections and tries their options on a scratch instance.
 * Problems are added with their lines. Returns ARB_OK without new ones; fini either way.
 */
int plugins_load(const struct config *config, struct plugins *plugins, struct problems *problems);

/* Frees the structs. The shared objects stay until the process ends. */
void plugins_fini(struct plugins *plugins);

/* The folder above the one of the running executable; ".." if the system does not tell. */
void plugin_prefix(char *out, size_t cap);

enum { PLUGIN_PLACES = 2 };

/* Where plugins are looked up by name. */
struct plugin_dirs {
    char text[PLUGIN_PLACES][PLUGIN_PATH_MAX];
    const char *dirs[PLUGIN_PLACES + 1]; /* NULL-terminated; into `text`, or `plugin_dir` */
};

/*
 * `plugin_dir` alone when it is not NULL, else the folders that belong to this executable: the
 * one of a build tree and the one of an installation.
 */
void plugin_dirs_init(struct plugin_dirs *dirs, const char *plugin_dir);

/*
 * Loads what a command line names: a file such as ./kraken.so, or a name such as kraken that is
 * looked up where `arbspot run` looks without plugin_dir. See plugin_load().
 */
int plugin_load_named(struct plugin *plugin, const char *what, uint32_t kind, struct err *err);

#endif /* ARB_PLUGINS_H */
