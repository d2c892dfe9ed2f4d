/*
 * loader.h - opens plugins, and says precisely why not.
 *
 * A plugin is opened once (RTLD_NOW | RTLD_LOCAL, by absolute path) and stays until the
 * process ends; one descriptor serves many instances. What the loader hands out is its own
 * copy of the plugin's structs, zero-filled behind what the plugin knows.
 */
#ifndef ARB_LOADER_H
#define ARB_LOADER_H

#include "arbspot/exchange.h"
#include "arbspot/strategy.h"
#include "util/err.h"

enum {
    PLUGIN_PATH_MAX = 4096,
    PLUGIN_NAME_MAX = 32,                   /* bytes, terminator included */
    PLUGIN_STRUCT_MAX = 4096,               /* bytes of a descriptor or a table of callbacks */
    PLUGIN_INSTANCE_MAX = 64 * 1024 * 1024, /* bytes of an instance */
    PLUGIN_OPTIONS_MAX = 200,               /* of one plugin */
    PLUGIN_TEXT_MAX = 4096,                 /* bytes of a text in a descriptor */
    PLUGIN_FROZEN = offsetof(struct arb_plugin, name), /* the head that never changes */
};

struct plugin {
    char path[PLUGIN_PATH_MAX];
    struct arb_plugin desc;
    struct arb_exchange_ops exchange; /* by kind, the other zeroed */
    struct arb_strategy_ops strategy;
    void *handle;
};

/*
 * Loads the plugin at `path`. ARB_EINVAL: not a plugin, cut short, damaged or incomplete;
 * ARB_ENOTSUP: another ABI. No pointer of it is followed that leads outside the shared object.
 * `kind` 0 accepts any.
 */
int plugin_load(struct plugin *plugin, const char *path, uint32_t kind, struct err *err);

/* Finds `name`: a path when it has a slash, else DIR/name.so, where DIR is searched in order. What
 * would help where it is not found, the caller knows. */
int plugin_find(const char *name, const char *const *dirs, char *path, size_t cap, struct err *err);

/* Checks a descriptor that is already in memory (what plugin_load() does after dlsym). */
int plugin_accept(struct plugin *plugin, const struct arb_plugin *desc, uint32_t kind,
                  struct err *err);

/* 1 to 31 small letters, digits and '_'; NULL is none. */
bool plugin_is_name(const char *name);

/* One member of a table of callbacks. */
struct plugin_callback {
    const char *name;
    uint32_t offset;
    bool is_required;
};

/* The callbacks of a kind, ending with a NULL name; an empty list for an unknown kind. */
const struct plugin_callback *plugin_callbacks(uint32_t kind);

/* True when the plugin, which was accepted, has the callback. */
bool plugin_has(const struct plugin *plugin, const struct plugin_callback *callback);

/* "exchange", "strategy"; "unknown" for anything else. */
const char *plugin_kind_name(uint32_t kind);

#endif /* ARB_LOADER_H */
