#include "cmd/setup_fees.h"

#include <stdio.h>

enum { HEADING_MAX = 64, NOTE_MAX = 256 };

static const char key[] = "taker_fee";

/* An exchange that runs elsewhere, or that only a strategy reads of, has its plugin not loaded. */
static int load_elsewhere(const struct config *config, const struct exchange_config *exchange,
                          struct plugin *plugin, struct err *err)
{
    struct plugin_dirs dirs;
    char path[PLUGIN_PATH_MAX];

    plugin_dirs_init(&dirs, config->host.plugin_dir);
    const int rc = plugin_find(exchange->plugin, dirs.dirs, path, sizeof(path), err);
    return rc == ARB_OK ? plugin_load(plugin, path, ARB_KIND_EXCHANGE, err) : rc;
}

/* ARB_ENOMEM: there is no room for the note. */
static int take(struct config *config, struct exchange_config *exchange, const char *heading,
                const struct arb_plugin *desc)
{
    char text[NOTE_MAX];
    const struct config_note note = {
        .section = heading, .key = key, .text = text, .line = exchange->taker_fee_line
    };

    (void)fee_read(desc->taker_fee, &exchange->taker_fee_ppm); /* checked when it was loaded */
    (void)snprintf(text, sizeof(text),
                   "the default is %.32s, which a new account pays as of %.16s; yours may be "
                   "another",
                   desc->taker_fee, desc->taker_fee_date);
    return config_add_note(config, &note);
}

static void take_default(struct config *config, struct exchange_config *exchange,
                         const char *heading, const struct arb_plugin *desc,
                         struct problems *problems)
{
    if (desc->taker_fee == NULL) {
        problem_add(problems, exchange->taker_fee_line, heading, key,
                    "its plugin %.64s tells no fee: give yours, such as 0.26%%", desc->name);
    } else if (take(config, exchange, heading, desc) != ARB_OK) {
        problem_add(problems, exchange->taker_fee_line, heading, key, "memory is exhausted");
    }
}

/* What keeps the plugin of an exchange that is enabled from being loaded was reported. */
static void settle(struct config *config, struct exchange_config *exchange,
                   const struct plugin *loaded, struct problems *problems)
{
    struct plugin elsewhere = { 0 };
    struct err err = { .rc = ARB_OK };
    char heading[HEADING_MAX];

    (void)snprintf(heading, sizeof(heading), "exchange:%s", exchange->name); /* fits */
    if (loaded != NULL) {
        take_default(config, exchange, heading, &loaded->desc, problems);
    } else if (exchange->enabled || exchange->plugin == NULL) {
        return;
    } else if (load_elsewhere(config, exchange, &elsewhere, &err) == ARB_OK) {
        take_default(config, exchange, heading, &elsewhere.desc, problems);
    } else {
        problem_add(problems, exchange->taker_fee_line, heading, key,
                    "the default is what its plugin tells, and %s: give your fee, such as 0.26%%",
                    err.text);
    }
}

/* A complaint about a fee that was given stands in a line of its own. */
static void name_fee(const struct exchange_config *exchange, const struct arb_plugin *desc,
                     struct problems *problems)
{
    char heading[HEADING_MAX];

    (void)snprintf(heading, sizeof(heading), "exchange:%s", exchange->name); /* fits */
    problem_extend(problems, exchange->line, heading, key,
                   "; a new account pays %s as of %s, yours may be another", desc->taker_fee,
                   desc->taker_fee_date);
}

void setup_fees(struct config *config, const struct plugins *plugins, struct problems *problems)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        struct exchange_config *const exchange = &config->exchanges[i];
        const struct plugin *const plugin =
            plugins->has_exchange[i] ? &plugins->exchanges[i] : NULL;

        if (exchange->fees.is_default) {
            settle(config, exchange, plugin, problems);
        } else if (plugin != NULL && plugin->desc.taker_fee != NULL) {
            name_fee(exchange, &plugin->desc, problems);
        }
    }
}
