/* arbspot run: the host. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"
#include "util/log.h"

enum { STATS_INTERVAL_S = 60 };

static const char usage[] =
    "Usage: arbspot run -c FILE\n"
    "\n"
    "Keeps the order books of the configured exchanges, publishes them to Kafka and runs the\n"
    "strategies, until SIGINT or SIGTERM. Logs to stderr. `arbspot log` shows opportunities.\n"
    "\n"
    "  -c, --config FILE  the INI file\n"
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

/* The second signal does not wait for a clean end. */
static void exit_at_once(int signal_number)
{
    (void)signal_number;
    _exit(CMD_FAILED);
}

/* Signals are taken by the main thread only; threads inherit the mask. */
static void block_signals(sigset_t *ending)
{
    (void)sigemptyset(ending);
    (void)sigaddset(ending, SIGINT);
    (void)sigaddset(ending, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a closed socket is an error code, not an end */
}

static void unblock_signals(const sigset_t *ending)
{
    (void)signal(SIGINT, exit_at_once);
    (void)signal(SIGTERM, exit_at_once);
    (void)pthread_sigmask(SIG_UNBLOCK, ending, NULL);
}

static void wait_for_end(const struct host *host, const sigset_t *ending)
{
    const struct timespec interval = { .tv_sec = STATS_INTERVAL_S };

    while (sigtimedwait(ending, NULL, &interval) < 0) {
        host_log_stats(host);
    }
}

static int stop(struct host *host, const sigset_t *ending)
{
    log_line(ARB_INFO, NULL, "stopping");
    unblock_signals(ending);
    const int rc = host_stop(host);
    host_log_stats(host);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, NULL, "not everything was delivered in time");
    }
    return rc;
}

static int run(struct config *config, const struct plugins *plugins)
{
    struct host *host = NULL;
    struct err err = { 0 };
    sigset_t ending;

    block_signals(&ending);
    int rc = host_create(&host, config, plugins, &err);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
        return CMD_FAILED;
    }
    rc = host_start(host, &err);
    if (rc == ARB_OK) {
        log_line(ARB_INFO, NULL, "running %s", config->path);
        wait_for_end(host, &ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    const int stop_rc = stop(host, &ending);
    host_destroy(host);
    return rc == ARB_OK && stop_rc == ARB_OK ? CMD_OK : CMD_FAILED;
}

static int load_and_run(const char *path)
{
    struct problems problems = { .out = stderr, .path = path };
    struct config config;
    struct plugins plugins;
    int status = CONFIG_EXIT;

    problems_hold(&problems);
    (void)config_load(&config, path, &problems);
    (void)plugins_load(&config, &plugins, &problems);
    problems_release(&problems);
    if (problems.n == 0) {
        log_set_level(level_of(config.host.log_level));
        status = run(&config, &plugins);
    }
    plugins_fini(&plugins);
    config_fini(&config);
    return status;
}

int cmd_run(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    const char *path = NULL;

    for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return CMD_OK;
        default:
            return CMD_USAGE; /* getopt_long() said why */
        }
    }
    if (path == NULL || optind != argc) {
        (void)fputs(usage, stderr);
        return CMD_USAGE;
    }
    return load_and_run(path);
}
