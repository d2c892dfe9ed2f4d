/* arbspot inspect: what is this plugin, and what can be configured? */
#include "cmd/cmd.h"

#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/modes.h"
#include "plugin/options.h"
#include "plugin/plugins.h"
#include "session/capabilities.h"
#include "util/harmless.h"

static const char usage[] =
    "Usage: arbspot inspect PLUGIN\n"
    "\n"
    "Loads a plugin and prints what it says of itself, the options it takes, and of an exchange\n"
    "what its feed can prove, in each of its modes.\n"
    "PLUGIN is a file such as ./kraken.so, or a name such as kraken that is looked up where\n"
    "`arbspot run` looks without plugin_dir.\n"
    "\n"
    "  -h, --help  this text\n"
    "\n"
    "Exit status: 0 the plugin is good, 1 it is refused, 64 wrong usage.\n";

static void print_callbacks(const struct plugin *plugin, bool present)
{
    unsigned n = 0;

    for (const struct plugin_callback *c = plugin_callbacks(plugin->desc.kind); c->name != NULL;
         c++) {
        if (plugin_has(plugin, c) == present) {
            (void)printf("%s%s", n++ == 0 ? "" : " ", c->name);
        }
    }
    (void)printf("%s\n", n == 0 ? "none" : "");
}

/* Clears `are_good` when the plan breaks a rule. */
static void print_mode(void *are_good, const struct mode *mode)
{
    const struct arb_plan *const plan = &mode->plan;

    if (mode->rc != ARB_OK) {
        harmless_line(stdout, "  %-12s%s%s", mode->value, mode_trouble(mode),
                      mode->rc == ARB_EPROTO ? mode->rule : "");
        *(bool *)are_good = *(bool *)are_good && mode->rc != ARB_EPROTO;
        return;
    }
    harmless_line(stdout, "  %-12s%-10s %-9u %-9s %-15s %-6u %s", mode->value,
                  loss_detection_name(plan->loss_detection), plan->checksum_levels,
                  snapshot_source_name(plan->snapshot_source),
                  unknown_delete_name(plan->unknown_delete), plan->depth,
                  liveness_name(plan->liveness));
}

/* Levels of 0: no checksum, and a depth of 0: the whole book. False: a plan breaks a rule. */
static bool print_capabilities(const struct plugin *plugin)
{
    const struct arb_option *const option = modes_find(plugin);
    bool are_good = true;

    (void)printf("what the feed can prove, with defaults:\n");
    harmless_line(stdout, "  %-12s%-10s %-9s %-9s %-15s %-6s %s",
                  option == NULL ? "" : option->name, "loss", "checksum", "snapshot",
                  "unknown delete", "depth", "liveness");
    modes_each(plugin, option, print_mode, &are_good);
    return are_good;
}

/* What the plugin says of it; that of the user's account is in the configuration. */
static void print_facts(const struct arb_plugin *desc)
{
    if (desc->taker_fee != NULL) {
        (void)printf("  taker fee  %s for a new account, as of %s; yours may be another\n",
                     desc->taker_fee, desc->taker_fee_date);
    }
    if (desc->facts_date != NULL) {
        (void)printf("  facts      as of %s\n", desc->facts_date);
    }
}

static bool print_plugin(const struct plugin *plugin)
{
    const struct arb_plugin *const desc = &plugin->desc;

    harmless_line(stdout, "%s %s: %s", desc->name, desc->version, desc->description);
    harmless_line(stdout, "  file       %s", plugin->path);
    (void)printf("  kind       %s\n", plugin_kind_name(desc->kind));
    (void)printf("  ABI        %u.%u, this host speaks %d.%d\n", desc->abi_major, desc->abi_minor,
                 ARB_ABI_MAJOR, ARB_ABI_MINOR);
    (void)printf("  instance   %zu bytes\n", desc->instance_size);
    print_facts(desc);
    (void)printf("  callbacks  ");
    print_callbacks(plugin, true);
    (void)printf("  absent     ");
    print_callbacks(plugin, false);
    (void)printf("%s\n", desc->n_options == 0 ? "no options" : "options:");
    options_print(desc, stdout);
    return desc->kind != ARB_KIND_EXCHANGE || print_capabilities(plugin);
}

static int inspect(const char *what)
{
    struct err err = { .rc = ARB_OK };
    struct plugin plugin;

    if (plugin_load_named(&plugin, what, 0, &err) != ARB_OK) {
        harmless_line(stderr, "arbspot: %s", err.text);
        return CMD_FAILED;
    }
    if (options_check_table(&plugin.desc, &err) != ARB_OK) {
        harmless_line(stderr, "arbspot: %s: %s", what, err.text);
        return CMD_FAILED;
    }
    return print_plugin(&plugin) ? CMD_OK : CMD_FAILED;
}

int cmd_inspect(int argc, char **argv)
{
    static const struct option options[] = { { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = { .command = "inspect",
                                                .usage = usage,
                                                .options = options,
                                                .operand = "PLUGIN",
                                                .operands_min = 1,
                                                .operands_max = 1 };
    const int status = arguments_read(&spec, NULL, argc, argv);

    return status != ARGUMENTS_READ ? status : inspect(argv[optind]);
}
