/* simulation: many seeded scenarios in one thread, without sockets and without waiting. */
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "table.h"
#include "util/log.h"

enum { EXIT_USAGE = 64, TABLE_SCENARIOS = 40 };

static const char help[] =
    "simulation: sessions, books, bus and strategies against simulated venues, with faults\n"
    "\n"
    "Usage: simulation [option]...\n"
    "  --scenarios N     how many (default 300)\n"
    "  --seed N          of the first one; each next has one more (default 1)\n"
    "  --venue NAME      only this venue\n"
    "  --until-caught    end at the first violation\n"
    "  --plugins DIR     where the plugins are (default: beside the build's bin)\n"
    "  --table           per fault, the time until its book is not LIVE on the bus\n"
    "  --verbose         faults, states and the log\n";

struct arguments {
    struct scenario_options scenario;
    uint64_t n;
    const char *plugin_dir;
    bool until_caught, wants_table, wants_help;
};

static bool read_number(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return end != text && *end == '\0';
}

static bool read_arguments(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        { "scenarios", required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 's' },
        { "venue", required_argument, NULL, 'V' },
        { "until-caught", no_argument, NULL, 'u' },
        { "plugins", required_argument, NULL, 'p' },
        { "table", no_argument, NULL, 't' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    bool is_right = true;

    for (int id; is_right && (id = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (id) {
        case 'n':
            is_right = read_number(optarg, &arguments->n);
            break;
        case 's':
            is_right = read_number(optarg, &arguments->scenario.seed);
            break;
        case 'V':
            arguments->scenario.venue = optarg;
            is_right = exchange_find(optarg) < exchanges_count();
            break;
        case 'p':
            arguments->plugin_dir = optarg;
            break;
        case 'u':
            arguments->until_caught = true;
            break;
        case 't':
            arguments->wants_table = true;
            break;
        case 'v':
            arguments->scenario.is_verbose = true;
            break;
        default:
            arguments->wants_help = id == 'h';
            is_right = id == 'h';
        }
    }
    return is_right && optind == argc;
}

static int load(struct plugin *plugin, const char *dir, const char *name, uint32_t kind,
                struct err *err)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof(path), "%s/%s.so", dir, name);

    return n < 0 || (size_t)n >= sizeof(path)
               ? err_set(err, ARB_EINVAL, "%s: the path is too long", dir)
               : plugin_load(plugin, path, kind, err);
}

static int load_all(struct scenario_plugins *plugins, const char *dir, struct err *err)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < exchanges_count() && rc == ARB_OK; i++) {
        rc = load(&plugins->exchanges[i], dir, exchange_name(i), ARB_KIND_EXCHANGE, err);
    }
    return rc == ARB_OK ? load(&plugins->cross_venue, dir, "cross_venue", ARB_KIND_STRATEGY, err)
                        : rc;
}

static void print_replay(const struct arguments *arguments, uint64_t seed)
{
    (void)printf("replay: simulation --scenarios 1 --seed %" PRIu64 "%s%s --verbose\n", seed,
                 arguments->scenario.venue == NULL ? "" : " --venue ",
                 arguments->scenario.venue == NULL ? "" : arguments->scenario.venue);
}

static int run(const struct arguments *arguments, struct totals *totals, struct err *err)
{
    struct scenario_options options = arguments->scenario;
    int rc = ARB_OK;

    for (uint64_t i = 0; i < arguments->n && rc == ARB_OK; i++) {
        const uint64_t before = totals->violations;
        options.seed = arguments->scenario.seed + i;
        rc = scenario_run(&options, totals, err);
        if (totals->violations > before) {
            print_replay(arguments, options.seed);
            if (arguments->until_caught) {
                break;
            }
        }
    }
    return rc;
}

static void print_exchanges(const struct totals *totals)
{
    for (uint32_t i = 0; i < exchanges_count(); i++) {
        (void)printf("%s%s=%" PRIu64, i == 0 ? "" : " ", exchange_name(i), totals->of_exchange[i]);
    }
    (void)putchar('\n');
}

static void print_totals(const struct totals *totals)
{
    print_exchanges(totals);
    (void)printf("checks=%" PRIu64 " opportunities=%" PRIu64 " unseen=%" PRIu64
                 " unseen_deep=%" PRIu64 " takeovers=%" PRIu64 " replaced=%" PRIu64
                 " clock_steps=%" PRIu64 "\n",
                 totals->checks, totals->opportunities, totals->unseen, totals->unseen_deep,
                 totals->takeovers, totals->replaced, totals->clock_steps);
    (void)printf("scenarios=%" PRIu64 " steps=%" PRIu64 " faults=%" PRIu64 " violations=%" PRIu64
                 "\n",
                 totals->scenarios, totals->steps, totals->faults, totals->violations);
}

int main(int argc, char **argv)
{
    static struct scenario_plugins plugins; /* 40 KB of paths */
    struct arguments arguments = { .n = 300, .plugin_dir = SIMULATION_PLUGINS };
    struct totals totals = { 0 };
    struct err err = { .rc = ARB_OK };

    arguments.scenario.seed = 1;
    arguments.scenario.plugins = &plugins;
    if (!read_arguments(&arguments, argc, argv) || arguments.wants_help) {
        (void)fputs(help, arguments.wants_help ? stdout : stderr);
        return arguments.wants_help ? EXIT_SUCCESS : EXIT_USAGE;
    }
    /* Errors of the sessions are what the faults are for. */
    log_set_level(arguments.scenario.is_verbose ? ARB_DEBUG : (enum arb_log_level)0);
    int rc = load_all(&plugins, arguments.plugin_dir, &err);
    if (rc == ARB_OK && arguments.wants_table) {
        rc = table_print(&arguments.scenario, TABLE_SCENARIOS, &totals, &err);
    } else if (rc == ARB_OK) {
        rc = run(&arguments, &totals, &err);
    }
    if (rc != ARB_OK) {
        (void)fprintf(stderr, "simulation: %s\n", err.text);
        return EXIT_FAILURE;
    }
    print_totals(&totals);
    return totals.violations == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
