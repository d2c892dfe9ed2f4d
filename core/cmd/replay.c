/*
 * arbspot replay: recordings through a plugin, market-data messages on stdout.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"
#include "cmd/cmd.h"
#include "replay/replay.h"

enum { SYMBOLS_MAX = 256, SETS_MAX = 32, PX_SCALE = 10, QTY_SCALE = 8 };

static const char usage[] =
    "usage: arbspot replay --plugin FILE.so --symbols A,B [--set key=value]... RECORDING...\n"
    "\n"
    "Replays recordings (cryptofeed text, crossbook .cbcap) through a plugin on the recorded\n"
    "clock. Prints the market-data messages as JSON lines on stdout and one closing line on\n"
    "stderr. Exit 1 when a book was wrong and not healed by the end.\n"
    "\n"
    "  --plugin FILE     the exchange plugin\n"
    "  --symbols A,B     canonical symbols, such as BTC/USD\n"
    "  --set key=value   an option of the plugin, as in the INI; may be repeated\n";

struct arguments {
    const char *plugin;
    char *symbols[SYMBOLS_MAX];
    unsigned n_symbols;
    struct config_entry sets[SETS_MAX];
    unsigned n_sets;
};

/* Where the messages go. */
struct printer {
    char *text;
    size_t cap;
    bool failed;
};

static void print_event(void *context, const struct event *event)
{
    struct printer *const printer = context;
    const size_t need = wire_event_bound(event) + 1;

    if (need > printer->cap) {
        char *const text = realloc(printer->text, 2 * need);
        if (text == NULL) {
            printer->failed = true;
            return;
        }
        printer->text = text;
        printer->cap = 2 * need;
    }
    /* Published when received: a replay has no other clock. */
    const size_t len = wire_write_event(event, event->recv_ns, printer->text);
    printer->text[len] = '\n';
    printer->failed |= fwrite(printer->text, 1, len + 1, stdout) != len + 1;
}

static int add_symbols(struct arguments *arguments, char *list)
{
    char *rest = list;
    for (char *symbol; (symbol = strsep(&rest, ",")) != NULL;) {
        if (arguments->n_symbols == SYMBOLS_MAX || *symbol == '\0' ||
            strlen(symbol) >= ARB_SYMBOL_MAX || strchr(symbol, '/') == NULL) {
            (void)fprintf(stderr, "arbspot replay: --symbols takes at most %d names like BTC/USD\n",
                          SYMBOLS_MAX);
            return ARB_EINVAL;
        }
        arguments->symbols[arguments->n_symbols++] = symbol;
    }
    return ARB_OK;
}

static int add_set(struct arguments *arguments, char *set)
{
    char *const equals = strchr(set, '=');

    if (equals == NULL || equals == set || arguments->n_sets == SETS_MAX) {
        (void)fprintf(stderr, "arbspot replay: --set takes key=value, at most %d times\n",
                      SETS_MAX);
        return ARB_EINVAL;
    }
    *equals = '\0';
    struct config_entry *const entry = &arguments->sets[arguments->n_sets];
    *entry = (struct config_entry){ .key = set, .value = equals + 1 };
    if (arguments->n_sets > 0) {
        arguments->sets[arguments->n_sets - 1].next = entry;
    }
    arguments->n_sets++;
    return ARB_OK;
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option longs[] = { { "plugin", required_argument, NULL, 'p' },
                                           { "symbols", required_argument, NULL, 's' },
                                           { "set", required_argument, NULL, 'o' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
    int rc = ARB_OK, option;

    while (rc == ARB_OK && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (option) {
        case 'p':
            arguments->plugin = optarg;
            break;
        case 's':
            rc = add_symbols(arguments, optarg);
            break;
        case 'o':
            rc = add_set(arguments, optarg);
            break;
        case 'h':
            (void)fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            rc = ARB_EINVAL;
        }
    }
    if (rc == ARB_OK &&
        (arguments->plugin == NULL || arguments->n_symbols == 0 || optind == argc)) {
        (void)fputs(usage, stderr);
        rc = ARB_EINVAL;
    }
    return rc;
}

/* One logfmt line; true when every book is right at the end. */
static bool print_summary(const struct feed *feed)
{
    const struct feed_stats *const s = feed_stats(feed);
    const uint32_t n_live = feed_count_in_state(feed, ARB_BOOK_LIVE);
    const uint32_t n = feed_n_instruments(feed);

    (void)fprintf(stderr,
                  "frames=%llu updates=%llu snapshots=%llu verified=%llu mismatched=%llu "
                  "crossed=%llu unknown_deletes=%llu resyncs=%llu rejected=%llu live=%u books=%u\n",
                  (unsigned long long)s->frames, (unsigned long long)s->updates,
                  (unsigned long long)s->snapshots, (unsigned long long)s->verified,
                  (unsigned long long)s->mismatched, (unsigned long long)s->crossed,
                  (unsigned long long)s->unknown_deletes, (unsigned long long)s->resyncs,
                  (unsigned long long)s->rejected, n_live, n);
    return n_live == n && !feed_is_disabled(feed);
}

static int run(struct replay *replay, const struct feed_config *config, struct err *err)
{
    struct printer printer = { 0 };
    struct outlet outlet;
    bool is_right = false;
    int rc = feed_create(&replay->feed, config, err);

    if (rc != ARB_OK) {
        return rc;
    }
    rc = outlet_init_fn(&outlet, print_event, &printer);
    if (rc == ARB_OK) {
        rc = feed_add_outlet(replay->feed, &outlet);
    }
    if (rc == ARB_OK) {
        rc = feed_start(replay->feed, replay_start_ns(replay), err);
    }
    while (rc == ARB_OK && replay_step(replay)) {
        /* record after record */
    }
    if (rc == ARB_OK) {
        is_right = print_summary(replay->feed) && !printer.failed && fflush(stdout) == 0;
    }
    feed_destroy(replay->feed);
    outlet_fini(&outlet);
    free(printer.text);
    return rc == ARB_OK && !is_right ? ARB_EPROTO : rc;
}

static int run_recording(const struct recording *recording, const struct feed_config *config,
                         struct err *err)
{
    struct replay *const replay = malloc(sizeof(*replay));
    struct feed_config with_replay = *config;

    if (replay == NULL || replay_init(replay, recording) != ARB_OK) {
        free(replay);
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    with_replay.io_context = replay;
    const int rc = run(replay, &with_replay, err);
    replay_fini(replay);
    free(replay);
    return rc;
}

static int replay_files(struct arguments *arguments, char **files, struct err *err)
{
    struct plugin plugin;
    struct recording recording = { 0 };
    int rc = plugin_load(&plugin, arguments->plugin, ARB_KIND_EXCHANGE, err);

    for (; rc == ARB_OK && *files != NULL; files++) {
        rc = recording_add(&recording, *files, err);
    }
    if (rc == ARB_OK) {
        const struct config config = { .path = "command line",
                                       .host = { .px_scale = PX_SCALE, .qty_scale = QTY_SCALE } };
        struct exchange_config exchange = { .symbols = arguments->symbols,
                                            .n_symbols = arguments->n_symbols,
                                            .options =
                                                arguments->n_sets > 0 ? arguments->sets : NULL };
        (void)snprintf(exchange.name, sizeof(exchange.name), "%s", plugin.desc.name);
        const struct feed_config feed = { .plugin = &plugin,
                                          .exchange = &exchange,
                                          .config = &config,
                                          .session = 1, /* the same bytes each time */
                                          .io = &replay_io };
        recording_sort(&recording);
        rc = run_recording(&recording, &feed, err);
    }
    recording_fini(&recording);
    return rc;
}

int cmd_replay(int argc, char **argv)
{
    static struct arguments arguments; /* large, and needed once */
    struct err err = { 0 };

    if (read_arguments(argc, argv, &arguments) != ARB_OK) {
        return CMD_USAGE;
    }
    const int rc = replay_files(&arguments, argv + optind, &err);
    if (rc != ARB_OK && err.text[0] != '\0') {
        (void)fprintf(stderr, "arbspot replay: %s\n", err.text);
    }
    return rc == ARB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
