/* arbspot run: the host. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/ending.h"
#include "cmd/printing.h"
#include "cmd/setup.h"
#include "host/host.h"
#include "util/log.h"

enum {
    STATS_INTERVAL_MS = 60000,
    START_LIMIT_MS = 6000, /* to end while still starting: in its init() a plugin may hang */
    LIMIT_MS = 20000,      /* for all of the end: longer than its parts may take together */
};

static const char usage[] =
    "Usage: arbspot run -c FILE [--print]\n"
    "\n"
    "Keeps the order books of the configured exchanges, publishes them to Kafka and runs the\n"
    "strategies, until SIGINT, SIGTERM, SIGQUIT or SIGHUP. Logs to stderr. `arbspot log` shows "
    "opportunities.\n"
    "\n"
    "  -c, --config FILE  the INI file\n"
    "  -p, --print        also print opportunities on stdout, as `arbspot log` does\n"
    "  -h, --help         this text\n"
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
                     bool prints, struct err *err)
{
    const int rc = prints ? printing_start(printing, &config->kafka, err) : ARB_OK;
    return rc == ARB_OK ? host_start(host, err) : rc;
}

static int run_host(struct config *config, const struct plugins *plugins, bool prints,
                    struct ending *ending)
{
    struct host *host = NULL;
    struct printing printing = { 0 };
    struct err err = { 0 };

    int rc = host_create(&host, config, plugins, &err);
    if (rc == ARB_OK) {
        rc = start_all(host, &printing, config, prints, &err);
    }
    ending_set_limit(ending, LIMIT_MS);
    if (rc == ARB_OK) {
        log_line(ARB_INFO, NULL, "running %s", config->path);
        wait_for_end(host, ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    if (host != NULL && (stop(host) != ARB_OK || host_has_given_up(host))) {
        rc = ARB_ELIMIT;
    }
    printing_stop(&printing);
    if (host != NULL && host_has_left_threads(host)) {
        _exit(CMD_FAILED); /* what they use cannot be freed */
    }
    host_destroy(host);
    return rc == ARB_OK ? CMD_OK : CMD_FAILED;
}

static int run(struct config *config, const struct plugins *plugins, bool prints)
{
    struct ending *ending = NULL;
    struct err err = { 0 };
    int status = CMD_FAILED;

    if (ending_open(&ending, START_LIMIT_MS, &err) == ARB_OK) {
        status = run_host(config, plugins, prints, ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    ending_close(ending);
    return status;
}

static int load_and_run(const char *path, bool prints)
{
    struct setup setup;
    int status = CONFIG_EXIT;

    if (setup_load(&setup, path) == 0) {
        log_set_level(level_of(setup.config.host.log_level));
        status = run(&setup.config, &setup.plugins, prints);
    }
    setup_fini(&setup);
    return status;
}

struct arguments {
    const char *path;
    bool prints;
};

static bool take(void *arguments, int option, const char *value)
{
    struct arguments *const a = arguments;

    if (option == 'p') {
        a->prints = true;
    } else {
        a->path = value;
    }
    return true;
}

static bool are_complete(const void *arguments)
{
    return ((const struct arguments *)arguments)->path != NULL;
}

int cmd_run(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "print", no_argument, NULL, 'p' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    static const struct arguments_spec spec = {
        .usage = usage, .options = options, .take = take, .are_complete = are_complete
    };
    struct arguments arguments = { 0 };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status : load_and_run(arguments.path, arguments.prints);
}
