#include "plugin/plugins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "config/file_check.h"
#include "plugin/options.h"

enum { HEADING_MAX = 64 };

static void cut_last_part(char *path)
{
    char *const slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
}

void plugin_prefix(char *out, size_t cap)
{
    const ssize_t len = readlink("/proc/self/exe", out, cap - 1);

    if (len <= 0) {
        (void)snprintf(out, cap, ".."); /* fits */
        return;
    }
    out[len] = '\0';
    cut_last_part(out);
    cut_last_part(out);
}

void plugin_dirs_init(struct plugin_dirs *dirs, const char *plugin_dir)
{
    static const char *const places[PLUGIN_PLACES] = { "plugins", ARBSPOT_PLUGIN_SUBDIR };
    char prefix[PLUGIN_PATH_MAX / 2];

    memset(dirs, 0, sizeof(*dirs));
    if (plugin_dir != NULL) {
        dirs->dirs[0] = plugin_dir;
        return;
    }
    plugin_prefix(prefix, sizeof(prefix));
    for (size_t i = 0; i < PLUGIN_PLACES; i++) {
        struct arb_text text = arb_text_over(dirs->text[i], sizeof(dirs->text[i]));
        arb_text_add(&text, "%s/%s", prefix, places[i]);
        dirs->dirs[i] = dirs->text[i];
    }
}

/* "kraken.so" is a file here, although it has no slash. */
static bool is_file_name(const char *text)
{
    const size_t len = strlen(text);
    return strchr(text, '/') != NULL || (len > 3 && strcmp(text + len - 3, ".so") == 0);
}

int plugin_load_named(struct plugin *plugin, const char *what, uint32_t kind, struct err *err)
{
    struct plugin_dirs dirs;
    struct err why = { .rc = ARB_OK };
    char path[PLUGIN_PATH_MAX];

    if (is_file_name(what)) {
        return plugin_load(plugin, what, kind, err);
    }
    plugin_dirs_init(&dirs, NULL);
    const int rc = plugin_find(what, dirs.dirs, path, sizeof(path), &why);
    return rc == ARB_OK ? plugin_load(plugin, path, kind, err)
                        : err_set(err, rc, "%s: give a path, such as ./%.64s.so", why.text, what);
}

/* What the sections of exchanges and strategies have in common. */
struct wanted {
    uint32_t kind;
    const char *name;
    const char *plugin;
    const struct config_entry *options;
    unsigned line, plugin_line;
};

static int find_and_load(const struct wanted *wanted, const struct plugin_dirs *dirs,
                         struct plugin *plugin, struct err *err)
{
    char path[PLUGIN_PATH_MAX];
    struct err why = { .rc = ARB_OK };

    int rc = plugin_find(wanted->plugin, dirs->dirs, path, sizeof(path), &why);
    if (rc != ARB_OK) {
        return err_set(err, rc, "%s: set plugin_dir, or give a path", why.text);
    }
    rc = plugin_load(plugin, path, wanted->kind, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = options_check_table(&plugin->desc, err);
    if (rc != ARB_OK) {
        (void)err_prefix(err, "%s: ", path); /* returns the rc it was given */
    }
    return rc;
}

static bool try_options(const struct wanted *wanted, const char *heading,
                        const struct plugin *plugin, struct problems *problems)
{
    void *const scratch = calloc(1, plugin->desc.instance_size);

    if (scratch == NULL) {
        problem_add(problems, wanted->line, heading, NULL, "no memory for an instance of %zu bytes",
                    plugin->desc.instance_size);
        return false;
    }
    const int rc =
        options_apply(&plugin->desc, wanted->options, heading, wanted->line, scratch, problems);
    free(scratch);
    return rc == ARB_OK;
}

/* True when it was loaded and takes its options. */
static bool load_one(const struct wanted *wanted, const struct plugin_dirs *dirs,
                     struct plugin *plugin, struct problems *problems)
{
    char heading[HEADING_MAX];
    struct arb_text text = arb_text_over(heading, sizeof(heading));
    struct err err = { .rc = ARB_OK };

    arb_text_add(&text, "%s:%s", plugin_kind_name(wanted->kind), wanted->name);
    if (find_and_load(wanted, dirs, plugin, &err) != ARB_OK) {
        problem_add(problems, wanted->plugin_line != 0 ? wanted->plugin_line : wanted->line,
                    heading, "plugin", "%s", err.text);
        return false;
    }
    return try_options(wanted, heading, plugin, problems);
}

static struct wanted wanted_by_exchange(const struct exchange_config *e)
{
    return (struct wanted){ ARB_KIND_EXCHANGE, e->name, e->plugin,
                            e->options,        e->line, e->plugin_line };
}

static struct wanted wanted_by_strategy(const struct strategy_config *s)
{
    return (struct wanted){ ARB_KIND_STRATEGY, s->name, s->plugin,
                            s->options,        s->line, s->plugin_line };
}

/* Said once, and not of every plugin that is looked for there. */
static bool is_dir_good(const struct config *config, struct problems *problems)
{
    const char *const dir = config->host.plugin_dir;
    struct err err = { .rc = ARB_OK };

    if (dir != NULL && file_check_folder(dir, &err) != ARB_OK) {
        problem_add(problems, config->host.plugin_dir_line, "host", "plugin_dir", "%s", err.text);
    }
    /* A value that was reported is none: then nobody knows where to look. */
    return err.rc == ARB_OK && (dir != NULL || config->host.plugin_dir_line == 0);
}

/* False for a name without a folder to look it up in, and when what names it was reported. */
static bool can_be_found(const char *plugin, bool has_dir)
{
    return plugin != NULL && (has_dir || strchr(plugin, '/') != NULL);
}

static void load_all(const struct config *config, struct plugins *plugins,
                     struct problems *problems)
{
    struct plugin_dirs dirs;

    const bool has_dir = is_dir_good(config, problems);

    plugin_dirs_init(&dirs, config->host.plugin_dir);
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        const struct wanted wanted = wanted_by_exchange(&config->exchanges[i]);
        if (config->exchanges[i].enabled && can_be_found(wanted.plugin, has_dir)) {
            plugins->has_exchange[i] = load_one(&wanted, &dirs, &plugins->exchanges[i], problems);
        }
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        const struct wanted wanted = wanted_by_strategy(&config->strategies[i]);
        if (config->strategies[i].enabled && can_be_found(wanted.plugin, has_dir)) {
            plugins->has_strategy[i] = load_one(&wanted, &dirs, &plugins->strategies[i], problems);
        }
    }
}

int plugins_load(const struct config *config, struct plugins *plugins, struct problems *problems)
{
    const unsigned n_before = problems->n;

    memset(plugins, 0, sizeof(*plugins));
    /* One more than needed, so that none is not mistaken for no memory. */
    plugins->exchanges = calloc(config->n_exchanges + 1, sizeof(*plugins->exchanges));
    plugins->strategies = calloc(config->n_strategies + 1, sizeof(*plugins->strategies));
    if (plugins->exchanges == NULL || plugins->strategies == NULL) {
        problem_add(problems, 0, NULL, NULL, "no memory for the plugins");
        return ARB_ENOMEM;
    }
    load_all(config, plugins, problems);
    return problems->n == n_before ? ARB_OK : ARB_EINVAL;
}

void plugins_fini(struct plugins *plugins)
{
    free(plugins->exchanges);
    free(plugins->strategies);
    memset(plugins, 0, sizeof(*plugins));
}
