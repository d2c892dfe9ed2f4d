/* arbspot run: the host. */
#include "cmd/cmd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/ending.h"
#include "cmd/isolate.h"
#include "cmd/printing.h"
#include "cmd/setup.h"
#include "config/coverage.h"
#include "host/heart.h"
#include "host/host.h"
#include "util/crash.h"
#include "util/log.h"

enum {
    STATS_INTERVAL_MS = 60000,
    START_LIMIT_MS = 6000,   /* to end while still starting: in its init() a plugin may hang */
    LIMIT_MS = 20000,        /* for all of the end: longer than its parts may take together */
    PARENT_LIMIT_MS = 25000, /* with children, which have their own */
};

static const char usage[] =
    "Usage: arbspot run -c FILE [OPTION]...\n"
    "\n"
    "Keeps the order books of the configured exchanges, publishes them to Kafka and runs the\n"
    "strategies, until SIGINT, SIGTERM, SIGQUIT or SIGHUP. Logs to stderr.\n"
    "`arbspot log` shows opportunities.\n"
    "\n"
    "  -c, --config FILE   the INI file\n"
    "  -p, --print         also print opportunities on stdout, as `arbspot log` does\n"
    "  -B, --brief         likewise, as `arbspot log --brief` does: one line each\n"
    "  -o, --only SECTION  run exchange:NAME or strategy:NAME alone; [host] isolate = yes does so\n"
    "                      with each of them\n"
    "  -b, --brokers LIST  the Kafka brokers, or `embedded`, instead of those in the file\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 stopped cleanly, 1 failed or not everything could be delivered at the\n"
    "end, 78 the configuration is not good, 64 wrong usage.\n";

static enum arb_log_level level_of(const char *name)
{
    static const char *const names[] = { "", "error", "warn", "info", "debug" };
    for (int level = ARB_ERROR; level <= ARB_DEBUG; level++) {
        if (strcmp(name, names[level]) == 0) {
            return (enum arb_log_level)level;
        }
    }
    return ARB_INFO;
}

static void wait_for_end(const struct host *host, const struct ending *ending)
{
    while (!ending_wait(ending, STATS_INTERVAL_MS)) {
        host_log_stats(host);
    }
}

static int stop(struct host *host)
{
    log_line(ARB_INFO, NULL, "stopping");
    const int rc = host_stop(host);
    host_log_stats(host);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, NULL, "not everything was delivered in time");
    }
    return rc;
}

static int start_all(struct host *host, struct printing *printing, const struct config *config,
                     enum printing_what prints, struct err *err)
{
    const int rc = printing_start(printing, &config->kafka, prints, err);
    return rc == ARB_OK ? host_start(host, err) : rc;
}

static bool is_end_asked(const void *ending)
{
    return ending_is_asked(ending);
}

static int create_host(struct host **host, struct config *config, const struct plugins *plugins,
                       const struct ending *ending, struct err *err)
{
    const struct host_setup setup = {
        .config = config, .plugins = plugins, .is_end_asked = is_end_asked, .context = ending
    };
    return host_create(host, &setup, err);
}

/* From its start to its end. */
static int run_created(struct host *host, const struct config *config, enum printing_what prints,
                       struct ending *ending)
{
    struct printing printing = { 0 };
    struct err err = { 0 };

    crash_expect_exit();
    int rc = start_all(host, &printing, config, prints, &err);
    ending_set_limit(ending, LIMIT_MS);
    if (rc == ARB_OK) {
        log_line(ARB_INFO, NULL, "running %s", config->path);
        wait_for_end(host, ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    if (stop(host) != ARB_OK || host_has_given_up(host)) {
        rc = ARB_ELIMIT;
    }
    return printing_stop(&printing) ? rc : ARB_ELIMIT;
}

/* Returns how the command ends. */
static int give_up_creating(const struct err *err)
{
    if (err->text[0] == '\0') {
        log_line(ARB_INFO, NULL, "stopping before anything was started");
        return ARB_OK;
    }
    log_line(ARB_ERROR, NULL, "cannot start: %s", err->text);
    return err->rc;
}

static int run_host(struct config *config, const struct plugins *plugins, enum printing_what prints,
                    struct ending *ending)
{
    struct host *host = NULL;
    struct err err = { 0 };

    crash_expect_exit(); /* of an init(); again when all libraries are in use */
    int rc = create_host(&host, config, plugins, ending, &err);
    rc = rc == ARB_OK ? run_created(host, config, prints, ending) : give_up_creating(&err);
    if (!host_destroy(host)) {
        _exit(CMD_FAILED); /* what the threads that are left use cannot be freed */
    }
    return rc == ARB_OK ? CMD_OK : CMD_FAILED;
}

static int run(struct config *config, const struct plugins *plugins, enum printing_what prints)
{
    struct ending *ending = NULL;
    struct err err = { 0 };
    int status = CMD_FAILED;

    if (ending_open(&ending, config->host.isolate ? PARENT_LIMIT_MS : START_LIMIT_MS, &err) ==
        ARB_OK) {
        status = config->host.isolate ? isolate_run(config, prints, ending)
                                      : run_host(config, plugins, prints, ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    ending_close(ending);
    return status;
}

struct arguments {
    const char *path;
    const char *only, *brokers; /* or NULL */
    enum printing_what prints;
};

/* The broker inside another host has that one's needs, see embedded_attach(). */
static void use_brokers(struct kafka_config *kafka, const char *brokers)
{
    static struct config_entry fetch_wait = { .key = "fetch.wait.max.ms", .value = "1" };

    if (strcmp(kafka->brokers, "embedded") == 0) {
        fetch_wait.next = kafka->rdkafka;
        kafka->rdkafka = &fetch_wait;
    }
    kafka->brokers = brokers;
}

/* A process among others, which have to agree on scales. */
static void join_family(struct host_config *host)
{
    static char scales_file[PATH_MAX];

    host->family_dir = heart_family();
    if (host->family_dir != NULL && host->scales_file == NULL &&
        snprintf(scales_file, sizeof(scales_file), "%s/scales", host->family_dir) <
            (int)sizeof(scales_file)) {
        host->scales_file = scales_file;
    }
}

/* Once, by the process that all others come from. */
static void log_notes(const struct config *config)
{
    for (const struct config_note *n = config->notes; n != NULL; n = n->next) {
        log_line(ARB_WARN, NULL, "%s:%u: [%s] %s: %s", config->path, n->line, n->section, n->key,
                 n->text);
    }
}

static void log_coverage(const struct config *config)
{
    struct coverage_notes notes;

    coverage_note(config, &notes);
    if (notes.few[0] != '\0') {
        log_line(ARB_INFO, NULL, "%s", notes.few);
    }
    if (notes.lone[0] != '\0') {
        log_line(ARB_INFO, NULL, "%s", notes.lone);
    }
    if (notes.quotes[0] != '\0') {
        log_line(ARB_WARN, NULL, "%s", notes.quotes);
    }
}

static int load_and_run(const struct arguments *a)
{
    struct setup setup;
    struct config *const config = &setup.config;
    int status = CONFIG_EXIT;

    if (setup_load(&setup, a->path, a->only) == 0) {
        log_set_level(level_of(config->host.log_level));
        if (heart_family() == NULL) {
            log_notes(config);
        }
        if (a->only == NULL) {
            log_coverage(config);
        } else {
            log_set_section(a->only);
        }
        join_family(&config->host);
        config->host.isolate = config->host.isolate && a->only == NULL;
        if (a->brokers != NULL) {
            use_brokers(&config->kafka, a->brokers);
        }
        status = run(config, &setup.plugins, a->prints);
    }
    setup_fini(&setup);
    return status;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'p':
        a->prints = PRINT_ALL;
        break;
    case 'B':
        a->prints = PRINT_OPENS;
        break;
    case 'o':
        a->only = value;
        break;
    case 'b':
        a->brokers = value;
        break;
    default:
        a->path = value;
    }
    return true;
}

static const char *lacks(const void *arguments)
{
    return ((const struct arguments *)arguments)->path == NULL ? "no configuration given" : NULL;
}

int cmd_run(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "print", no_argument, NULL, 'p' },
                                             { "only", required_argument, NULL, 'o' },
                                             { "brokers", required_argument, NULL, 'b' },
                                             { "brief", no_argument, NULL, 'B' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = {
        .command = "run", .usage = usage, .options = options, .take = take, .lacks = lacks
    };
    struct arguments arguments = { 0 };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status : load_and_run(&arguments);
}
