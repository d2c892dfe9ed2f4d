#include "session/capabilities.h"

#include <stdlib.h>
#include <string.h>

#include "session/effects.h"
#include "plugin/options.h"

enum { PROBE_TIME_NS = 1 /* no clock: the same answer every time */ };

const char *loss_detection_name(uint32_t loss_detection)
{
    static const char *const names[] = {
        "?", "checksum", "sequence", "chain", "none", "stateless"
    };
    return names[loss_detection <= ARB_LOSS_STATELESS ? loss_detection : 0];
}

const char *snapshot_source_name(uint32_t snapshot_source)
{
    static const char *const names[] = { "?", "stream", "http", "each" };
    return names[snapshot_source <= ARB_SNAPSHOT_EACH ? snapshot_source : 0];
}

const char *unknown_delete_name(uint32_t unknown_delete)
{
    static const char *const names[] = { "?", "ignore", "desync" };
    return names[unknown_delete <= ARB_UNKNOWN_DELETE_DESYNC ? unknown_delete : 0];
}

const char *liveness_name(uint32_t liveness)
{
    static const char *const names[] = { "?", "server_heartbeat", "client_heartbeat", "transport" };
    return names[liveness <= ARB_LIVENESS_TRANSPORT ? liveness : 0];
}

static bool has_all_defaults(const struct arb_plugin *desc, const struct config_entry *setting)
{
    for (const struct arb_option *o = desc->options; o != NULL && o->name != NULL; o++) {
        if (o->fallback == NULL && (setting == NULL || strcmp(o->name, setting->key) != 0)) {
            return false;
        }
    }
    return true;
}

static int take_declared(const struct effects *effects, struct arb_capabilities *caps)
{
    const struct effect *effect = effects_first(effects);

    while (effect != NULL && effect->kind != EFFECT_DECLARE) {
        effect = effects_next(effects, effect);
    }
    if (effect == NULL) {
        return ARB_EPROTO;
    }
    *caps = effect->caps;
    return ARB_OK;
}

static int probe(const struct plugin *plugin, const struct config_entry *setting, void *self,
                 struct effects *effects)
{
    struct problems problems = { .out = stderr, .path = plugin->path };
    struct arb_instrument *const room = calloc(ARB_INSTRUMENTS_MAX, sizeof(*room));
    const struct arb_exchange_env env = { .size = (uint32_t)sizeof(env),
                                          .abi_major = ARB_ABI_MAJOR,
                                          .abi_minor = ARB_ABI_MINOR,
                                          .instruments = room };
    int rc = room == NULL ? ARB_ENOMEM : ARB_OK;

    if (rc == ARB_OK) {
        rc = options_apply(&plugin->desc, setting, "inspect", 0, self, &problems);
    }
    if (rc == ARB_OK) {
        effects_begin(effects, PROBE_TIME_NS);
        rc = plugin->exchange.init(self, &effects->host, &env);
        if (plugin->exchange.fini != NULL) {
            plugin->exchange.fini(self);
        }
    }
    free(room);
    return rc;
}

int capabilities_probe(const struct plugin *plugin, const struct config_entry *setting,
                       struct arb_capabilities *caps)
{
    struct effects effects;

    if (!has_all_defaults(&plugin->desc, setting)) {
        return ARB_ENOTSUP;
    }
    int rc = effects_init(&effects, "inspect");
    void *const self = calloc(1, plugin->desc.instance_size);
    if (rc == ARB_OK && self != NULL) {
        rc = probe(plugin, setting, self, &effects);
    } else {
        rc = ARB_ENOMEM;
    }
    if (rc == ARB_OK) {
        rc = take_declared(&effects, caps);
    }
    free(self);
    effects_fini(&effects);
    return rc;
}
