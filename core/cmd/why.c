/* arbspot why: what a strategy says of the best pair of venues for one instrument. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/attach.h"
#include "cmd/ending.h"
#include "cmd/setup.h"
#include "cmd/why_report.h"
#include "kafka/kafka_source.h"
#include "strategy/terms.h"
#include "util/harmless.h"
#include "util/output.h"

enum {
    TURN_MS = 10,
    DURATION_MS = 5000,
    START_MS = 2000,
};

static const char usage[] =
    "Usage: arbspot why SYMBOL -c FILE [OPTION]...\n"
    "\n"
    "Runs a strategy of the configuration for some seconds beside the host, on what Kafka has, "
    "and\n"
    "prints what it says of SYMBOL, such as BTC/USD: every venue's best prices, how old the books\n"
    "are, the best pair of venues before and after fees, why that is an opportunity or none, and\n"
    "how often each reason was given meanwhile, with the last example (of cycles through SYMBOL,\n"
    "too). It publishes nothing, and takes fees and limits from FILE.\n"
    "\n"
    "  -c, --config FILE      the INI file of the host\n"
    "  -b, --brokers LIST     read from these Kafka brokers instead of the file's\n"
    "  -s, --strategy NAME    the section [strategy:NAME]; otherwise the first that is enabled\n"
    "  -d, --duration TIME    how long, such as 500ms or 1m; otherwise 5s\n"
    "  -h, --help             this text\n"
    "\n"
    "Interrupted, it prints what is known so far. Exit status: 0 done, 1 no venue has the\n"
    "instrument, or stdout could not be written to, 78 bad configuration, 64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    const char *strategy, *symbol;
    int64_t duration_ms;
};

/* What is made for it, in this order. */
struct session {
    struct setup setup;
    unsigned strategy; /* of setup.config */
    struct arb_venue venues[CONFIG_EXCHANGES_MAX];
    struct source *source;
    struct runner *runner;
    struct ending *ending;
    struct why why;
};

/* -- what is to be run --------------------------------------------------------------------- */

/* NULL, or what is wrong. */
static const char *find_strategy(const struct config *config, const char *name, unsigned *found)
{
    for (unsigned i = 0; i < config->n_strategies; i++) {
        const struct strategy_config *const strategy = &config->strategies[i];
        if (name == NULL ? strategy->enabled : strcmp(strategy->name, name) == 0) {
            *found = i;
            return strategy->enabled ? NULL : "that strategy is not enabled";
        }
    }
    return name == NULL ? "the configuration enables no strategy"
                        : "the configuration has no such strategy";
}

static void put_venues(struct session *session)
{
    const struct config *const config = &session->setup.config;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        session->venues[i] = venue_as_configured(&config->exchanges[i]);
    }
    session->why.venues = session->venues;
    session->why.n_venues = config->n_exchanges;
}

static int make_runner(struct session *session, struct err *err)
{
    const struct config *const config = &session->setup.config;
    struct problems problems = { .out = stderr, .path = config->path };
    const struct runner_config runner = { .strategy = &config->strategies[session->strategy],
                                          .plugin =
                                              &session->setup.plugins.strategies[session->strategy],
                                          .venues = session->venues,
                                          .n_venues = config->n_exchanges,
                                          .config = config,
                                          .source = session->source,
                                          .fn = why_on_opportunity,
                                          .miss_fn = why_on_miss,
                                          .context = &session->why,
                                          .session = 1,
                                          .now = clock_moment() };
    return runner_create(&session->runner, &runner, &problems, err);
}

static int make(struct session *session, struct err *err)
{
    int rc = ending_open(&session->ending, ATTACH_LIMIT_MS, err);

    if (rc == ARB_OK) {
        rc = kafka_source_create(&session->source, &session->setup.config.kafka,
                                 (struct kafka_source_group){ 0 }, err);
    }
    return rc == ARB_OK ? make_runner(session, err) : rc;
}

static void end(struct session *session)
{
    runner_destroy(session->runner);
    if (session->source != NULL) {
        session->source->ops->destroy(session->source);
    }
    ending_close(session->ending);
}

/* -- running it ---------------------------------------------------------------------------- */

static bool has_all_books(struct session *session)
{
    const struct market_stats *const stats = market_stats(runner_market(session->runner));
    return stats->n_books > 0 && stats->n_live == stats->n_books;
}

/* At first books are still being read, and what is said of them is of its own start. */
static void look_for(struct session *session, int64_t duration_ms)
{
    const int64_t begin_ns = clock_mono_ns(), end_ns = begin_ns + duration_ms * NS_PER_MS;
    const int64_t patience_ns =
        (duration_ms < 2 * START_MS ? duration_ms / 2 : START_MS) * NS_PER_MS;
    bool has_begun = false;

    while (clock_mono_ns() < end_ns && !output_is_gone(STDOUT_FILENO) &&
           !ending_wait(session->ending, TURN_MS)) {
        runner_step(session->runner, clock_moment());
        if (!has_begun) {
            has_begun = has_all_books(session) || clock_mono_ns() - begin_ns >= patience_ns;
            why_begin(&session->why);
        }
    }
}

static int report(struct session *session)
{
    struct market *const market = runner_market(session->runner);
    char why[ATTACH_WHY_MAX] = "";

    if (!why_print(&session->why, market, clock_moment(), stdout)) {
        (void)session->source->ops->explain(session->source, why,
                                            sizeof(why)); /* all of it is said */
        (void)fprintf(stderr,
                      "arbspot why: no venue has %s: of %u instruments that were heard of none is "
                      "named so%s%s\n",
                      session->why.symbol, market_n_instruments(market), why[0] == '\0' ? "" : "; ",
                      why);
        return CMD_FAILED;
    }
    return fflush(stdout) == 0 ? CMD_OK : CMD_FAILED;
}

static int run(struct session *session, const struct arguments *a)
{
    struct err err = { .rc = ARB_OK };
    int status = CONFIG_EXIT;

    put_venues(session);
    if (make(session, &err) == ARB_OK) {
        look_for(session, a->duration_ms);
        status = report(session);
    } else {
        harmless_line(stderr, "arbspot why: %s", err.text);
    }
    end(session);
    return status;
}

static int why(struct session *session, const struct arguments *a)
{
    struct config *const config = &session->setup.config;

    if (setup_load(&session->setup, a->from.config, NULL) > 0) {
        return CONFIG_EXIT;
    }
    const char *const problem = find_strategy(config, a->strategy, &session->strategy);
    if (problem != NULL) {
        (void)fprintf(stderr, "arbspot why: %s%s%s\n", a->strategy == NULL ? "" : a->strategy,
                      a->strategy == NULL ? "" : ": ", problem);
        return CONFIG_EXIT;
    }
    if (a->from.brokers != NULL) {
        config->kafka.brokers = a->from.brokers;
    }
    return attach_is_reachable(&a->from, &config->kafka) ? run(session, a) : CMD_USAGE;
}

/* -- the command line ---------------------------------------------------------------------- */

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 's':
        a->strategy = value;
        return true;
    case 'd':
        return attach_read_duration(value, &a->duration_ms);
    default:
        return attach_take(&a->from, option, value);
    }
}

static const char *lacks(const void *arguments)
{
    return ((const struct arguments *)arguments)->from.config != NULL ? NULL : "needs -c";
}

int cmd_why(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },   { "brokers", required_argument, NULL, 'b' },
        { "strategy", required_argument, NULL, 's' }, { "duration", required_argument, NULL, 'd' },
        { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "why",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "a duration from 100ms to 24h",
                                                .lacks = lacks,
                                                .operand = "SYMBOL",
                                                .operands_min = 1,
                                                .operands_max = 1 };
    struct arguments arguments = { .from.command = "why", .duration_ms = DURATION_MS };
    int status = arguments_read(&spec, &arguments, argc, argv);

    if (status != ARGUMENTS_READ) {
        return status;
    }
    struct session *const session = calloc(1, sizeof(*session));
    if (session == NULL) {
        (void)fputs("arbspot why: no memory\n", stderr);
        return CMD_FAILED;
    }
    session->why.symbol = argv[optind];
    status = why(session, &arguments);
    setup_fini(&session->setup);
    free(session);
    return status;
}
