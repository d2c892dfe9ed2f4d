/*
 * arbspot-harness: tries one plugin without any I/O. See the usage text below.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "golden.h"
#include "leaks.h"
#include "plugin/plugins.h"
#include "replays.h"
#include "siege.h"
#include "static_checks.h"
#include "util/log.h"
#include "util/output.h"
#include "watch.h"

enum {
    SETS_MAX = 32,
    OVERRIDES_MAX = 64,
    EXIT_USAGE = 64,
    MUTATIONS = 100,
    LIMIT_S_MAX = 86400,
};

static const char usage[] =
    "Usage: arbspot-harness PLUGIN [--golden SCRIPT...] [--update]\n"
    "       arbspot-harness PLUGIN --recording FILE... --symbols A,B [--set key=value]...\n"
    "\n"
    "Tries an exchange plugin behind the real session, without network, threads or clock. Prints\n"
    "PASS or FAIL for each check and exits 1 when one failed. PLUGIN is a file such as\n"
    "./kraken.so, or a name such as kraken that is looked up as `arbspot inspect` does.\n"
    "\n"
    "Always checked: the option table, the plan, that the plugin exports one symbol and imports\n"
    "nothing that does I/O; a crash or an endless loop is named. With scripts: each against\n"
    "the golden text beside it, leaks, and hostile input in place of each message. With\n"
    "recordings: that every book is LIVE at the end, that two replays agree, and that a damaged\n"
    "recording is survived.\n"
    "\n"
    "  --golden           the files are scripts; NAME.script is compared with NAME.golden\n"
    "  --update           write the golden files instead; read them before keeping them\n"
    "  --recording        the files are recordings (cryptofeed text, crossbook .cbcap)\n"
    "  --symbols A,B      canonical symbols in the recordings\n"
    "  --set key=value    an option of the plugin\n"
    "  --scale SYM=P,Q    digits of price and quantity; else as the catalog says, or 10 and 8\n"
    "  --venue-symbol SYM=NAME   the venue's own name of a symbol\n"
    "  --expect name=N    a counter's value at the end; `live=N` replaces \"all of them\"\n"
    "  --drop N           leave out the N-th message of the recording\n"
    "  --mutations N      random variants of each message of a script (100)\n"
    "  --seed S           of all that is random (1)\n"
    "  --no-hostile       leave out hostile input\n"
    "  --limit SECONDS    that a callback may take (20)\n"
    "  --verbose          show the session's log\n"
    "  -h, --help         this text\n"
    "\n"
    "A script has one command a line:\n"
    "  # a comment\n"
    "  option depth = 10                an option of the plugin\n"
    "  symbols BTC/USD, */EUR           names and patterns\n"
    "  scale BTC/USD 2 8                digits of price and quantity; else as the catalog says\n"
    "  venue-symbol BTC/USD XBT/USD     the venue's own name of a symbol\n"
    "  clock -3600                      UTC jumps by so many seconds; nothing else does\n"
    "  at 1.5                           the clock: seconds since the start\n"
    "  open 0                           connection 0 is up\n"
    "  message 0 TEXT                   a frame arrives; @FILE:7 takes the 7th record of a\n"
    "                                   recording, by a path from the script\n"
    "  http PART 200 TEXT               answers the request whose URL contains PART; 0: no answer\n"
    "  http PART 429 retry-after 30 TEXT   and says when to ask again, in seconds\n"
    "  close 0 reason                   the connection is down\n"
    "  live                             every book has to be LIVE here; the lines before the "
    "first\n"
    "                                   one bring all books up and are repeated after attacks\n";

enum mode { MODE_STATIC = 0, MODE_GOLDEN, MODE_RECORDING };

struct arguments {
    enum mode mode;
    const char *plugin;
    char **files;
    size_t n_files;
    bool is_update, is_hostile;
    char *symbols[SCRIPT_SYMBOLS_MAX];
    unsigned n_symbols;
    struct config_entry sets[SETS_MAX];
    unsigned n_sets;
    struct expectation expectations[EXPECTATIONS_MAX];
    size_t n_expectations;
    uint64_t drop; /* 0: none */
    uint64_t limit_s;
    const char *scales[OVERRIDES_MAX], *names[OVERRIDES_MAX];
    unsigned n_scales, n_names;
    struct siege_plan plan;
};

/* -- arguments ------------------------------------------------------------------------ */

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
    if (*n == OVERRIDES_MAX) {
        return complain("--scale and --venue-symbol can be given up to 64 times");
    }
    texts[(*n)++] = text;
    return ARB_OK;
}

static int read_limit(struct arguments *arguments, const char *text)
{
    const int rc = read_number(text, &arguments->limit_s);
    if (rc == ARB_OK && (arguments->limit_s == 0 || arguments->limit_s > LIMIT_S_MAX)) {
        return complain("--limit takes 1 to 86400 seconds");
    }
    return rc;
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

static int set_mode(struct arguments *arguments, enum mode mode)
{
    if (arguments->mode != MODE_STATIC && arguments->mode != mode) {
        return complain("--golden and --recording exclude each other");
    }
    arguments->mode = mode;
    return ARB_OK;
}

static int take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'g':
        return set_mode(arguments, MODE_GOLDEN);
    case 'r':
        return set_mode(arguments, MODE_RECORDING);
    case 'u':
        arguments->is_update = true;
        return ARB_OK;
    case 's':
        return add_symbols(arguments, optarg);
    case 'o':
        return add_set(arguments, optarg);
    case 'e':
        return add_expectation(arguments, optarg);
    case 'd':
        return read_number(optarg, &arguments->drop);
    case 'm':
        return read_mutations(arguments, optarg);
    case 'S':
        return read_number(optarg, &arguments->plan.seed);
    case 'n':
        arguments->is_hostile = false;
        return ARB_OK;
    case 'c':
        return add_text(arguments->scales, &arguments->n_scales, optarg);
    case 'y':
        return add_text(arguments->names, &arguments->n_names, optarg);
    case 'l':
        return read_limit(arguments, optarg);
    case 'v':
        log_set_level(ARB_INFO);
        return ARB_OK;
    case 'h':
        (void)fputs(usage, stdout);
        exit(output_settle("arbspot-harness") ? EXIT_SUCCESS : EXIT_FAILURE);
    default:
        return ARB_EINVAL; /* getopt_long() said why */
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
        return complain("--golden and --recording need files, and files need one of them");
    }
    if ((arguments->mode == MODE_RECORDING) != (arguments->n_symbols > 0)) {
        return complain("--symbols belongs to --recording");
    }
    return ARB_OK;
}

static int read_arguments(struct arguments *arguments, int argc, char **argv)
{
    static const struct option longs[] = {
        { "golden", no_argument, NULL, 'g' },      { "recording", no_argument, NULL, 'r' },
        { "update", no_argument, NULL, 'u' },      { "symbols", required_argument, NULL, 's' },
        { "set", required_argument, NULL, 'o' },   { "expect", required_argument, NULL, 'e' },
        { "drop", required_argument, NULL, 'd' },  { "mutations", required_argument, NULL, 'm' },
        { "seed", required_argument, NULL, 'S' },  { "no-hostile", no_argument, NULL, 'n' },
        { "scale", required_argument, NULL, 'c' }, { "venue-symbol", required_argument, NULL, 'y' },
        { "limit", required_argument, NULL, 'l' }, { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },        { NULL, 0, NULL, 0 },
    };
    int rc = ARB_OK;

    for (int option; rc == ARB_OK && (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        rc = take_option(arguments, option);
    }
    return rc != ARB_OK ? rc : check_arguments(arguments, argv + optind, argc - optind);
}

/* -- instruments ---------------------------------------------------------------------- */

static int apply_overrides(const struct arguments *arguments, const char *exchange,
                           struct instrument_list *list, struct err *err)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < arguments->n_scales && rc == ARB_OK; i++) {
        rc = instrument_list_scale_text(list, arguments->scales[i], err);
    }
    for (unsigned i = 0; i < arguments->n_names && rc == ARB_OK; i++) {
        rc = instrument_list_name_text(list, exchange, arguments->names[i], err);
    }
    return rc;
}

/* -- scripts -------------------------------------------------------------------------- */

static void try_scripts(struct report *report, const struct plugin *plugin,
                        const struct arguments *arguments, const struct script *scripts)
{
    for (size_t i = 0; i < arguments->n_files; i++) {
        golden_check(report, plugin, &scripts[i], arguments->is_update);
    }
    if (arguments->is_update) {
        return;
    }
    leaks_check(report, plugin, scripts, arguments->n_files);
    if (arguments->is_hostile) {
        siege_checks(report, plugin, scripts, arguments->n_files, &arguments->plan);
    }
}

static int run_scripts(struct report *report, const struct plugin *plugin,
                       const struct arguments *arguments, struct err *err)
{
    struct script *const scripts = calloc(arguments->n_files, sizeof(*scripts));
    int rc = scripts == NULL ? err_set(err, ARB_ENOMEM, "no memory") : ARB_OK;

    for (size_t i = 0; i < arguments->n_files && rc == ARB_OK; i++) {
        rc = script_load(&scripts[i], arguments->files[i], plugin->desc.name, err);
        if (rc == ARB_OK) {
            rc = apply_overrides(arguments, plugin->desc.name, &scripts[i].instruments, err);
            script_set_config(&scripts[i]);
        }
    }
    if (rc == ARB_OK) {
        try_scripts(report, plugin, arguments, scripts);
    }
    for (size_t i = 0; scripts != NULL && i < arguments->n_files; i++) {
        script_fini(&scripts[i]);
    }
    free(scripts);
    return rc;
}

/* -- recordings ----------------------------------------------------------------------- */

static int drop_message(struct recording *recording, uint64_t n, struct err *err)
{
    for (size_t i = 0; i < recording->n; i++) {
        if (recording->records[i].kind == RECORD_MESSAGE && --n == 0) {
            memmove(&recording->records[i], &recording->records[i + 1],
                    (recording->n - i - 1) * sizeof(recording->records[0]));
            recording->n--;
            return ARB_OK;
        }
    }
    return err_set(err, ARB_EINVAL, "--drop: there are not that many messages");
}

static int replay(struct report *report, const struct plugin *plugin, struct arguments *arguments,
                  struct recording *recording, struct err *err)
{
    static struct instrument_list instruments; /* large, and needed once */
    struct config config;
    struct exchange_config exchange = { .symbols = arguments->symbols,
                                        .n_symbols = arguments->n_symbols };
    const struct replay_plan plan = { .config = &config,
                                      .exchange = &exchange,
                                      .recording = recording,
                                      .expectations = arguments->expectations,
                                      .n_expectations = arguments->n_expectations,
                                      .is_hostile = arguments->is_hostile,
                                      .seed = arguments->plan.seed };
    const int rc = apply_overrides(arguments, plugin->desc.name, &instruments, err);

    if (rc == ARB_OK) {
        instrument_list_config(&instruments, "command line", &config);
        (void)snprintf(exchange.name, sizeof(exchange.name), "%s", plugin->desc.name);
        exchange.options = arguments->n_sets > 0 ? arguments->sets : NULL;
        replay_checks(report, plugin, &plan);
    }
    return rc;
}

static int run_recordings(struct report *report, const struct plugin *plugin,
                          struct arguments *arguments, struct err *err)
{
    struct recording recording = { 0 };
    int rc = ARB_OK;

    for (size_t i = 0; i < arguments->n_files && rc == ARB_OK; i++) {
        rc = recording_add(&recording, arguments->files[i], err);
    }
    recording_sort(&recording);
    if (rc == ARB_OK && arguments->drop > 0) {
        rc = drop_message(&recording, arguments->drop, err);
    }
    if (rc == ARB_OK && recording.n == 0) {
        rc = err_set(err, ARB_EINVAL, "the recordings are empty");
    }
    if (rc == ARB_OK) {
        rc = replay(report, plugin, arguments, &recording, err);
    }
    recording_fini(&recording);
    return rc;
}

static int run(struct report *report, struct arguments *arguments, struct err *err)
{
    static struct plugin plugin; /* large, and needed until the end */
    int rc = plugin_load_named(&plugin, arguments->plugin, 0, err);

    if (rc != ARB_OK) {
        return rc;
    }
    report_pass(report, "the plugin loads");
    watch_plugin(&plugin);
    static_checks(report, &plugin);
    if (arguments->mode != MODE_STATIC && plugin.desc.kind != ARB_KIND_EXCHANGE) {
        return err_set(err, ARB_EINVAL, "scripts and recordings are for exchange plugins");
    }
    if (arguments->mode == MODE_GOLDEN) {
        rc = run_scripts(report, &plugin, arguments, err);
    } else if (arguments->mode == MODE_RECORDING) {
        rc = run_recordings(report, &plugin, arguments, err);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static struct watch watch;
    static struct arguments arguments = { .is_hostile = true,
                                          .limit_s = WATCH_LIMIT_S,
                                          .plan = { .seed = 1, .mutations = MUTATIONS } };
    struct report report = { 0 };
    struct err err = { .rc = ARB_OK };

    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* what passed stands there even after a crash */
    log_set_level((enum arb_log_level)0);   /* hostile input would fill pages: nothing at all */
    if (read_arguments(&arguments, argc, argv) != ARB_OK) {
        return EXIT_USAGE;
    }
    watch_start(&watch, (unsigned)arguments.limit_s);
    if (run(&report, &arguments, &err) != ARB_OK) {
        report_fail(&report, "harness", "%s", err.text);
    }
    const bool has_passed = report_end(&report);
    return output_settle("arbspot-harness") && has_passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
