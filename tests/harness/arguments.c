#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "usage.h"
#include "util/log.h"
#include "util/output.h"

enum { SECONDS_MAX = 86400, THIN_MAX = 1000 };

static int complain(const char *what)
{
    (void)fprintf(stderr, "arbspot-harness: %s; see --help\n", what);
    return ARB_EINVAL;
}

static int read_number(const char *text, uint64_t *value)
{
    int64_t number = 0;
    if (arb_decimal_parse((struct arb_bytes){ text, strlen(text) }, 0, &number, NULL) != ARB_OK) {
        return complain("a number is not one");
    }
    *value = (uint64_t)number;
    return ARB_OK;
}

static int add_symbols(struct arguments *arguments, char *list)
{
    for (char *symbol; (symbol = strsep(&list, ",")) != NULL;) {
        if (arguments->n_symbols == SCRIPT_SYMBOLS_MAX || *symbol == '\0' ||
            strlen(symbol) >= ARB_SYMBOL_MAX) {
            return complain("--symbols takes up to 64 names like BTC/USD");
        }
        arguments->symbols[arguments->n_symbols++] = symbol;
    }
    return ARB_OK;
}

/* Cuts "key=value" in two; NULL when it is not that. */
static char *cut_pair(char *text)
{
    char *const equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return NULL;
    }
    *equals = '\0';
    return equals + 1;
}

static int add_set(struct arguments *arguments, char *text)
{
    const char *const value = cut_pair(text);
    struct config_entry *const entry = &arguments->sets[arguments->n_sets];

    if (value == NULL || arguments->n_sets == SETS_MAX) {
        return complain("--set takes key=value, up to 32 times");
    }
    *entry = (struct config_entry){ .key = text, .value = value };
    if (arguments->n_sets++ > 0) {
        entry[-1].next = entry;
    }
    return ARB_OK;
}

static int add_expectation(struct arguments *arguments, char *text)
{
    const char *const value = cut_pair(text);

    if (value == NULL || arguments->n_expectations == EXPECTATIONS_MAX ||
        !replay_has_counter(text)) {
        return complain("--expect takes COUNTER=NUMBER, a counter of the closing line");
    }
    struct expectation *const slot = &arguments->expectations[arguments->n_expectations++];
    slot->name = text;
    return read_number(value, &slot->value);
}

static int add_text(const char **texts, unsigned *n, const char *text)
{
    if (*n == INSTRUMENT_LIST_MAX) {
        return complain("--scale and --venue-symbol can be given up to 64 times");
    }
    texts[(*n)++] = text;
    return ARB_OK;
}

static int read_seconds(const char *text, uint64_t *seconds)
{
    const int rc = read_number(text, seconds);
    if (rc == ARB_OK && (*seconds == 0 || *seconds > SECONDS_MAX)) {
        return complain("--limit and --fuzz take 1 to 86400 seconds");
    }
    return rc;
}

static int read_format(struct arguments *arguments, const char *text)
{
    arguments->format = format_named(text);
    return arguments->format == NULL ? complain("--format is table, junit or json") : ARB_OK;
}

static int read_mutations(struct arguments *arguments, const char *text)
{
    uint64_t n = 0;
    const int rc = read_number(text, &n);
    if (rc == ARB_OK && n > UINT32_MAX) {
        return complain("--mutations is too large");
    }
    arguments->plan.mutations = (unsigned)n;
    return rc;
}

static int read_thin(struct arguments *arguments, const char *text)
{
    uint64_t n = 0;
    const int rc = read_number(text, &n);
    if (rc == ARB_OK && (n == 0 || n > THIN_MAX)) {
        return complain("--thin is 1 to 1000");
    }
    arguments->plan.thin = (unsigned)n;
    return rc;
}

static int set_mode(struct arguments *arguments, enum mode mode)
{
    if (arguments->mode != MODE_STATIC && arguments->mode != mode) {
        return complain("--golden, --recording and --record exclude each other");
    }
    arguments->mode = mode;
    return ARB_OK;
}

static _Noreturn void help(void)
{
    (void)fputs(usage_text, stdout);
    exit(output_settle("arbspot-harness") ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* What is about the run and its report rather than about the plugin. */
static int take_run_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'u':
        arguments->is_update = true;
        return ARB_OK;
    case 'n':
        arguments->is_hostile = false;
        return ARB_OK;
    case 'm':
        return read_mutations(arguments, optarg);
    case 't':
        return read_thin(arguments, optarg);
    case 'S':
        return read_number(optarg, &arguments->plan.seed);
    case 'l':
        return read_seconds(optarg, &arguments->limit_s);
    case 'z':
        return read_seconds(optarg, &arguments->fuzz_s);
    case 'f':
        return read_format(arguments, optarg);
    case 'O':
        arguments->output = optarg;
        return ARB_OK;
    case 'v':
        log_set_level(ARB_INFO);
        return ARB_OK;
    case 'h':
        help();
    default:
        return ARB_EINVAL; /* getopt_long() said why */
    }
}

static int take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'g':
        return set_mode(arguments, MODE_GOLDEN);
    case 'r':
        return set_mode(arguments, MODE_RECORDING);
    case 'R':
        return set_mode(arguments, MODE_RECORD);
    case 'i':
        arguments->into = optarg;
        return ARB_OK;
    case 'F':
        return read_number(optarg, &arguments->first);
    case 's':
        return add_symbols(arguments, optarg);
    case 'o':
        return add_set(arguments, optarg);
    case 'e':
        return add_expectation(arguments, optarg);
    case 'd':
        return read_number(optarg, &arguments->drop);
    case 'c':
        return add_text(arguments->overrides.scales, &arguments->overrides.n_scales, optarg);
    case 'y':
        return add_text(arguments->overrides.names, &arguments->overrides.n_names, optarg);
    default:
        return take_run_option(arguments, option);
    }
}

static int check_arguments(struct arguments *arguments, char **words, int n_words)
{
    if (n_words == 0) {
        return complain("no plugin is named");
    }
    arguments->plugin = words[0];
    arguments->files = words + 1;
    arguments->n_files = (size_t)n_words - 1;
    if ((arguments->mode == MODE_STATIC) != (arguments->n_files == 0)) {
        return complain(
            "--golden, --recording and --record need files, and files need one of them");
    }
    const bool is_recorded = arguments->mode == MODE_RECORDING || arguments->mode == MODE_RECORD;
    if (is_recorded != (arguments->n_symbols > 0)) {
        return complain("--recording and --record need --symbols, which belongs to them");
    }
    if (arguments->mode == MODE_RECORD && (arguments->drop > 0 || arguments->n_expectations > 0)) {
        return complain("--drop and --expect belong to --recording");
    }
    if (arguments->mode != MODE_RECORD && (arguments->first > 0 || arguments->into != NULL)) {
        return complain("--first and --into belong to --record");
    }
    if (arguments->mode != MODE_GOLDEN && arguments->fuzz_s > 0) {
        return complain("--fuzz belongs to --golden");
    }
    return ARB_OK;
}

int arguments_read(struct arguments *arguments, int argc, char **argv)
{
    static const struct option longs[] = {
        { "golden", no_argument, NULL, 'g' },
        { "recording", no_argument, NULL, 'r' },
        { "update", no_argument, NULL, 'u' },
        { "symbols", required_argument, NULL, 's' },
        { "set", required_argument, NULL, 'o' },
        { "expect", required_argument, NULL, 'e' },
        { "drop", required_argument, NULL, 'd' },
        { "mutations", required_argument, NULL, 'm' },
        { "thin", required_argument, NULL, 't' },
        { "seed", required_argument, NULL, 'S' },
        { "no-hostile", no_argument, NULL, 'n' },
        { "scale", required_argument, NULL, 'c' },
        { "venue-symbol", required_argument, NULL, 'y' },
        { "limit", required_argument, NULL, 'l' },
        { "verbose", no_argument, NULL, 'v' },
        { "record", no_argument, NULL, 'R' },
        { "into", required_argument, NULL, 'i' },
        { "first", required_argument, NULL, 'F' },
        { "fuzz", required_argument, NULL, 'z' },
        { "format", required_argument, NULL, 'f' },
        { "output", required_argument, NULL, 'O' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int rc = ARB_OK;

    for (int option; rc == ARB_OK && (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        rc = take_option(arguments, option);
    }
    return rc != ARB_OK ? rc : check_arguments(arguments, argv + optind, argc - optind);
}
