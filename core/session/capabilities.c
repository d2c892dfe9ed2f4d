#include "session/capabilities.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/options.h"
#include "session/instance.h"
#include "session/plan.h"
#include "session/refused_calls.h"
#include "util/log.h"

enum { PROBE_TIME_NS = 1 /* no clock: the same answer every time */ };

const char *loss_detection_name(uint32_t loss_detection)
{
    static const char *const names[] = { "?",    "checksum",  "sequence",  "chain",
                                         "none", "stateless", "connection" };
    return names[loss_detection <= ARB_LOSS_CONNECTION ? loss_detection : 0];
}

const char *snapshot_source_name(uint32_t snapshot_source)
{
    static const char *const names[] = { "?", "stream", "http", "each" };
    return names[snapshot_source <= ARB_SNAPSHOT_EACH ? snapshot_source : 0];
}

const char *unknown_delete_name(uint32_t unknown_delete)
{
    static const char *const names[] = { "ignore", "desync" };
    return unknown_delete <= ARB_UNKNOWN_DELETE_DESYNC ? names[unknown_delete] : "?";
}

const char *liveness_name(uint32_t liveness)
{
    static const char *const names[] = { "transport", "server_heartbeat", "client_heartbeat" };
    return liveness <= ARB_LIVENESS_CLIENT_HEARTBEAT ? names[liveness] : "?";
}

static bool has_all_defaults(const struct arb_plugin *desc, const struct config_entry *setting)
{
    for (uint32_t i = 0; i < desc->n_options; i++) {
        const struct arb_option *const o = &desc->options[i];
        if (o->fallback == NULL && (setting == NULL || strcmp(o->name, setting->key) != 0)) {
            return false;
        }
    }
    return true;
}

static void write_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    va_list args;

    (void)host;
    va_start(args, fmt);
    log_vline(level, "inspect", fmt, args);
    va_end(args);
}

static int take_timer(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    (void)host, (void)delay_ms;
    return timer < ARB_TIMERS_MAX ? ARB_OK : ARB_EINVAL;
}

/* What init() is shown: nobody's instruments. */
struct surroundings {
    struct arb_instrument instruments[ARB_INSTRUMENTS_MAX];
    struct arb_symbol_map by_venue_symbol;
};

static int run_init(const struct plugin *plugin, void *self, const struct surroundings *around,
                    struct arb_plan *plan)
{
    struct arb_exchange_calls calls = {
        .base = { .size = sizeof(calls), .log = write_log, .timer_set = take_timer },
    };
    struct arb_host host = { .calls = &calls.base,
                             .now_ns = PROBE_TIME_NS,
                             .mono_ns = PROBE_TIME_NS };
    const struct arb_exchange_env env = { .size = (uint32_t)sizeof(env),
                                          .abi_major = ARB_ABI_MAJOR,
                                          .abi_minor = ARB_ABI_MINOR,
                                          .instruments = around->instruments,
                                          .by_venue_symbol = &around->by_venue_symbol };

    refused_calls_set(&calls);
    const int rc = plugin->exchange.init(self, &host, &env, plan);
    if (plugin->exchange.fini != NULL) {
        plugin->exchange.fini(self);
    }
    return rc;
}

static int probe(const struct plugin *plugin, const struct config_entry *setting, void *self,
                 struct arb_plan *plan)
{
    struct problems problems = { .out = stderr, .path = plugin->path };
    struct surroundings *const around = calloc(1, sizeof(*around));
    int rc = around == NULL ? ARB_ENOMEM : ARB_OK;

    if (rc == ARB_OK) {
        rc = options_apply(&plugin->desc, setting, "inspect", 0, self, &problems);
    }
    if (rc == ARB_OK) {
        rc = run_init(plugin, self, around, plan);
    }
    free(around);
    return rc;
}

int capabilities_probe(const struct plugin *plugin, const struct config_entry *setting,
                       struct arb_plan *plan, const char **rule)
{
    struct arb_plan filled;

    if (!has_all_defaults(&plugin->desc, setting)) {
        return ARB_ENOTSUP;
    }
    void *const self = instance_create(plugin->desc.instance_size);
    if (self == NULL) {
        return ARB_ENOMEM;
    }
    plan_set_defaults(&filled);
    const int rc = probe(plugin, setting, self, &filled);
    const bool is_whole = instance_is_whole(self, plugin->desc.instance_size);
    free(self);
    if (!is_whole) {
        *rule = instance_rule;
        return ARB_EPROTO;
    }
    if (rc != ARB_OK) {
        return rc == ARB_EPROTO || rc == ARB_ENOTSUP ? ARB_EINVAL : rc;
    }
    *rule = plan_rule(&filled, &plugin->exchange);
    if (*rule != NULL) {
        return ARB_EPROTO;
    }
    *plan = filled;
    return ARB_OK;
}
