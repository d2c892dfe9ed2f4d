/*
 * arbspot replay: recordings through a plugin, market-data messages on stdout.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/cmd.h"
#include "cmd/replay_print.h"
#include "cmd/replay_venues.h"
#include "config/instrument_list.h"
#include "plugin/plugins.h"
#include "replay/replay.h"
#include "util/harmless.h"
#include "venue/lone_session.h"

enum { SYMBOLS_MAX = 256, SETS_MAX = 32 };

static const char usage[] =
    "Usage: arbspot replay --plugin PLUGIN --symbols A,B [--set key=value]... RECORDING...\n"
    "       arbspot replay --config FILE EXCHANGE=RECORDING...\n"
    "\n"
    "Replays recordings (cryptofeed text, crossbook .cbcap, one JSON frame a line) through a\n"
    "plugin on the recorded clock; frames without times come 1 ms apart. Prints the market-data\n"
    "messages as JSON lines on stdout and one closing line on stderr. Exit 1 when a book was\n"
    "wrong and not healed by the end.\n"
    "\n"
    "With --config, recordings of several exchanges of an INI are replayed at once, in the order\n"
    "of arrival, and the strategies see them: opportunities, and what was left of them later,\n"
    "stand between the messages, as JSON lines too. Everything stays in this process; Kafka is\n"
    "not asked.\n"
    "\n"
    "  --plugin PLUGIN   the exchange plugin, a file such as ./kraken.so or a name such as kraken\n"
    "  --symbols A,B     canonical symbols, such as BTC/USD\n"
    "  --set key=value   an option of the plugin, as in the INI; may be repeated\n"
    "  --scale SYM=P,Q   digits of price and quantity; else as the catalog says, or 10 and 8\n"
    "  --venue-symbol SYM=NAME   the venue's own name of a symbol\n"
    "  --config FILE     the INI file; each of its exchanges may have several recordings\n"
    "  -h, --help        this text\n";

struct arguments {
    const char *config; /* NULL: one plugin, with what else stands here */
    const char *plugin;
    char *symbols[SYMBOLS_MAX];
    unsigned n_symbols;
    struct config_entry sets[SETS_MAX];
    unsigned n_sets;
    struct instrument_texts overrides;
};

static bool add_symbols(struct arguments *arguments, char *list)
{
    char *rest = list;
    for (char *symbol; (symbol = strsep(&rest, ",")) != NULL;) {
        if (arguments->n_symbols == SYMBOLS_MAX || *symbol == '\0' ||
            strlen(symbol) >= ARB_SYMBOL_MAX || strchr(symbol, '/') == NULL) {
            harmless_line(stderr,
                          "arbspot replay: --symbols takes at most %d names like BTC/USD, and '%s' "
                          "is one more or none",
                          (int)SYMBOLS_MAX, symbol);
            return false;
        }
        arguments->symbols[arguments->n_symbols++] = symbol;
    }
    return true;
}

static bool add_set(struct arguments *arguments, char *set)
{
    char *const equals = strchr(set, '=');

    if (equals == NULL || equals == set || arguments->n_sets == SETS_MAX) {
        (void)fprintf(stderr, "arbspot replay: --set takes key=value, at most %d times\n",
                      SETS_MAX);
        return false;
    }
    *equals = '\0';
    struct config_entry *const entry = &arguments->sets[arguments->n_sets];
    *entry = (struct config_entry){ .key = set, .value = equals + 1 };
    if (arguments->n_sets > 0) {
        arguments->sets[arguments->n_sets - 1].next = entry;
    }
    arguments->n_sets++;
    return true;
}

static bool add_text(const char **texts, unsigned *n, const char *text)
{
    if (*n == INSTRUMENT_LIST_MAX) {
        (void)fprintf(stderr, "arbspot replay: --scale and --venue-symbol: at most %d times\n",
                      INSTRUMENT_LIST_MAX);
        return false;
    }
    texts[(*n)++] = text;
    return true;
}

/* Without short forms: -c, elsewhere the configuration, would be guessed. */
enum option_id {
    OPTION_PLUGIN = ARGUMENTS_LONG,
    OPTION_SYMBOLS,
    OPTION_SET,
    OPTION_SCALE,
    OPTION_VENUE_SYMBOL,
    OPTION_CONFIG,
};

static bool take(void *context, int option, char *value)
{
    struct arguments *const arguments = context;

    switch ((enum option_id)option) {
    case OPTION_PLUGIN:
        arguments->plugin = value;
        return true;
    case OPTION_SYMBOLS:
        return add_symbols(arguments, value);
    case OPTION_SET:
        return add_set(arguments, value);
    case OPTION_SCALE:
        return add_text(arguments->overrides.scales, &arguments->overrides.n_scales, value);
    case OPTION_VENUE_SYMBOL:
        return add_text(arguments->overrides.names, &arguments->overrides.n_names, value);
    case OPTION_CONFIG:
        arguments->config = value;
        return true;
    }
    return false;
}

static bool has_parts(const struct arguments *arguments)
{
    return arguments->plugin != NULL || arguments->n_symbols > 0 || arguments->n_sets > 0 ||
           arguments->overrides.n_scales > 0 || arguments->overrides.n_names > 0;
}

static const char *lacks(const void *context)
{
    const struct arguments *const arguments = context;

    if (arguments->config != NULL) {
        return has_parts(arguments)
                   ? "with --config plugins, symbols and all else stand in the file"
                   : NULL;
    }
    if (arguments->plugin == NULL) {
        return "no plugin given: --plugin kraken";
    }
    return arguments->n_symbols == 0 ? "no symbols given: --symbols BTC/USD" : NULL;
}

/* -- one session on a board of its own ------------------------------------------------- */

static int start(struct replay *replay, struct board *board, struct outlet *outlet, struct err *err)
{
    int rc = lone_session_sit(replay->session, board);

    if (rc == ARB_OK) {
        rc = board_add_outlet(board, outlet);
    }
    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory");
    }
    return session_start(replay->session, moment_at(replay_start_ns(replay)), err);
}

/* Prints every event of the recording. */
static int play(struct replay *replay, struct board *board, struct err *err)
{
    struct replay_printer printer = { 0 };
    struct outlet outlet = { 0 };
    bool is_right = false;
    int rc = outlet_init_fn(&outlet, replay_print_event, &printer);

    if (rc == ARB_OK) {
        rc = start(replay, board, &outlet, err);
    }
    while (rc == ARB_OK && !printer.failed && replay_step(replay)) {
        /* record after record */
    }
    if (rc == ARB_OK) {
        is_right =
            replay_print_summary(replay->session, "") && !printer.failed && fflush(stdout) == 0;
        replay_print_absent(replay, &printer);
    }
    outlet_fini(&outlet);
    replay_printer_fini(&printer);
    return rc == ARB_OK && !is_right ? ARB_EPROTO : rc;
}

static int run(struct replay *replay, const struct session_config *config, struct err *err)
{
    /* One session alone never has another to distrust. */
    const struct board_config board_config = { .name = config->exchange->name,
                                               .run = 1 /* the same bytes each time */ };
    struct session_config with_board = *config;
    struct board *board = NULL;

    if (board_create(&board, &board_config) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    with_board.port = replay_port(replay);
    with_board.sink_context = board;
    int rc = session_create(&replay->session, &with_board, err);
    if (rc == ARB_OK) {
        rc = play(replay, board, err);
        session_destroy(replay->session);
    }
    board_destroy(board);
    return rc;
}

static int run_recording(const struct recording *recording, const struct session_config *config,
                         struct err *err)
{
    struct replay *const replay = malloc(sizeof(*replay));

    if (replay == NULL || replay_init(replay, recording) != ARB_OK) {
        free(replay);
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    const int rc = run(replay, config, err);
    replay_fini(replay);
    free(replay);
    return rc;
}

static int replay_recording(const struct plugin *plugin, struct arguments *arguments,
                            const struct recording *recording, struct err *err)
{
    static struct instrument_list instruments; /* large, and needed once */
    struct config config;
    struct exchange_config exchange = { .symbols = arguments->symbols,
                                        .n_symbols = arguments->n_symbols,
                                        .options = arguments->n_sets > 0 ? arguments->sets : NULL };
    const struct session_config session = { .plugin = plugin,
                                            .exchange = &exchange,
                                            .config = &config,
                                            .sink = &lone_session_sink,
                                            .is_unpaced = true };
    const int rc = instrument_list_add(&instruments, plugin->desc.name, &arguments->overrides, err);

    if (rc != ARB_OK) {
        return rc;
    }
    instrument_list_config(&instruments, "command line", &config);
    (void)snprintf(exchange.name, sizeof(exchange.name), "%s", plugin->desc.name);
    return run_recording(recording, &session, err);
}

static int replay_files(struct arguments *arguments, char **files, struct err *err)
{
    struct plugin plugin;
    struct recording recording = { 0 };
    int rc = plugin_load_named(&plugin, arguments->plugin, ARB_KIND_EXCHANGE, err);

    for (; rc == ARB_OK && *files != NULL; files++) {
        rc = recording_add(&recording, *files, err);
    }
    if (rc == ARB_OK) {
        recording_sort(&recording);
        rc = replay_recording(&plugin, arguments, &recording, err);
    }
    recording_fini(&recording);
    return rc;
}

int cmd_replay(int argc, char **argv)
{
    static const struct option options[] = { { "plugin", required_argument, NULL, OPTION_PLUGIN },
                                             { "symbols", required_argument, NULL, OPTION_SYMBOLS },
                                             { "set", required_argument, NULL, OPTION_SET },
                                             { "scale", required_argument, NULL, OPTION_SCALE },
                                             { "venue-symbol", required_argument, NULL,
                                               OPTION_VENUE_SYMBOL },
                                             { "config", required_argument, NULL, OPTION_CONFIG },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = { .command = "replay",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .lacks = lacks,
                                                .operand = "RECORDING",
                                                .operands_min = 1,
                                                .operands_max = INT_MAX };
    static struct arguments arguments; /* large, and needed once */
    const int status = arguments_read(&spec, &arguments, argc, argv);
    struct err err = { 0 };

    if (status != ARGUMENTS_READ) {
        return status;
    }
    if (arguments.config != NULL) {
        return replay_venues(arguments.config, argv + optind);
    }
    const int rc = replay_files(&arguments, argv + optind, &err);
    if (rc != ARB_OK && err.text[0] != '\0') {
        harmless_line(stderr, "arbspot replay: %s", err.text);
    }
    return rc == ARB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
