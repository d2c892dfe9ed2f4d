/* arbspot check: would `arbspot run` start with this configuration? */
#include "cmd/cmd.h"

#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/setup.h"
#include "config/coverage.h"
#include "config/symbol_list.h"
#include "util/harmless.h"

static const char usage[] =
    "Usage: arbspot check -c FILE\n"
    "\n"
    "Reads the configuration and the files it names, loads its plugins and runs their init(), and\n"
    "prints every problem with its line. Connects to nothing.\n"
    "\n"
    "  -c, --config FILE  the INI file\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 the configuration is good, 78 it is not, 64 wrong usage.\n";

/* What the configuration would start. */
struct totals {
    unsigned exchanges, strategies, symbols, patterns;
};

static void count_symbols(const struct exchange_config *exchange, struct totals *totals)
{
    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        if (symbol_is_pattern(exchange->symbols[i])) {
            totals->patterns++;
        } else {
            totals->symbols++;
        }
    }
}

static struct totals count(const struct config *config)
{
    struct totals totals = { 0 };

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (config->exchanges[i].enabled) {
            totals.exchanges++;
            count_symbols(&config->exchanges[i], &totals);
        }
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        totals.strategies += config->strategies[i].enabled ? 1 : 0;
    }
    return totals;
}

static void print_count(const char *separator, unsigned n, const char *one, const char *many)
{
    (void)printf("%s%u %s", separator, n, n == 1 ? one : many);
}

static void print_totals(const char *path, const struct totals *totals)
{
    (void)printf("%s: ok: ", path);
    print_count("", totals->exchanges, "exchange", "exchanges");
    print_count(", ", totals->symbols, "symbol", "symbols");
    if (totals->patterns > 0) {
        print_count(", ", totals->patterns, "pattern", "patterns");
    }
    print_count(", ", totals->strategies, "strategy", "strategies");
    (void)printf("\n");
}

static void print_notes(const char *path, const struct config *config)
{
    struct coverage_notes notes;

    for (const struct config_note *n = config->notes; n != NULL; n = n->next) {
        harmless_line(stdout, "%s:%u: note: [%s] %s: %s", path, n->line, n->section, n->key,
                      n->text);
    }
    coverage_note(config, &notes);
    if (notes.few[0] != '\0') {
        (void)printf("%s: note: %s\n", path, notes.few);
    }
    if (notes.lone[0] != '\0') {
        (void)printf("%s: note: %s\n", path, notes.lone);
    }
    if (notes.quotes[0] != '\0') {
        (void)printf("%s: note: %s\n", path, notes.quotes);
    }
}

static int check(const char *path)
{
    struct setup setup;
    const unsigned n_problems = setup_load(&setup, path, NULL);

    if (n_problems == 0) {
        const struct totals totals = count(&setup.config);
        print_totals(path, &totals);
        print_notes(path, &setup.config);
    }
    setup_fini(&setup);
    return n_problems == 0 ? CMD_OK : CONFIG_EXIT;
}

static bool take(void *path, int option, char *value)
{
    (void)option; /* there is one */
    *(const char **)path = value;
    return true;
}

static const char *lacks(const void *path)
{
    return *(const char *const *)path == NULL ? "no configuration given" : NULL;
}

int cmd_check(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = {
        .command = "check", .usage = usage, .options = options, .take = take, .lacks = lacks
    };
    const char *path = NULL;
    const int status = arguments_read(&spec, &path, argc, argv);

    return status != ARGUMENTS_READ ? status : check(path);
}
