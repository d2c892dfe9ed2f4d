/* arbspot run: the host. */
#include "cmd/cmd.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/follow.h"
#include "cmd/setup.h"
#include "host/host.h"
#include "util/clock.h"
#include "util/log.h"

enum { STATS_INTERVAL_S = 60, PRINT_WAIT_MS = 200 };

#define SAME_SIGNAL_NS (500 * NS_PER_MS)

static const char usage[] =
    "Usage: arbspot run -c FILE [--print]\n"
    "\n"
    "Keeps the order books of the configured exchanges, publishes them to Kafka and runs the\n"
    "strategies, until SIGINT or SIGTERM. Logs to stderr. `arbspot log` shows opportunities.\n"
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

static int64_t stopping_since_ns; /* set before the handler that reads it is installed */

/*
 * A second signal does not wait for a clean end. What follows the first at once is the same
 * wish: wrappers pass a signal on that the terminal sent to the whole group.
 */
static void exit_at_once(int signal_number)
{
    (void)signal_number;
    if (clock_mono_ns() - stopping_since_ns > SAME_SIGNAL_NS) {
        _exit(CMD_FAILED);
    }
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
    stopping_since_ns = clock_mono_ns();
    (void)signal(SIGINT, exit_at_once);
    (void)signal(SIGTERM, exit_at_once);
    (void)pthread_sigmask(SIG_UNBLOCK, ending, NULL);
}

/* Prints opportunities while the main thread waits; reads Kafka like any other consumer. */
struct printing {
    struct follow *follow;
    pthread_t thread;
    _Atomic bool stops; /* no data depends on it */
};

static void *print_opportunities(void *context)
{
    struct printing *const printing = context;
    while (!atomic_load_explicit(&printing->stops, memory_order_relaxed) &&
           follow_step(printing->follow, PRINT_WAIT_MS)) {
        /* message after message */
    }
    return NULL;
}

static int printing_start(struct printing *printing, const struct config *config, struct err *err)
{
    /* An embedded broker has no past, so nothing can be missed while the reader attaches. */
    const struct follow_config follow = { .kafka = &config->kafka,
                                          .from_beginning = config->kafka.is_embedded };
    const int rc = follow_create(&printing->follow, &follow, err);

    if (rc != ARB_OK) {
        return rc;
    }
    if (pthread_create(&printing->thread, NULL, print_opportunities, printing) != 0) {
        follow_destroy(printing->follow);
        printing->follow = NULL;
        return err_set(err, ARB_ENOMEM, "no thread to print with");
    }
    return ARB_OK;
}

static void printing_stop(struct printing *printing)
{
    if (printing->follow != NULL) {
        atomic_store_explicit(&printing->stops, true, memory_order_relaxed);
        (void)pthread_join(printing->thread, NULL);
        follow_destroy(printing->follow);
    }
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

static int start_all(struct host *host, struct printing *printing, const struct config *config,
                     bool prints, struct err *err)
{
    const int rc = prints ? printing_start(printing, config, err) : ARB_OK;
    return rc == ARB_OK ? host_start(host, err) : rc;
}

static int run(struct config *config, const struct plugins *plugins, bool prints)
{
    struct host *host = NULL;
    struct printing printing = { 0 };
    struct err err = { 0 };
    sigset_t ending;

    block_signals(&ending);
    int rc = host_create(&host, config, plugins, &err);
    if (rc == ARB_OK) {
        rc = start_all(host, &printing, config, prints, &err);
    }
    if (rc == ARB_OK) {
        log_line(ARB_INFO, NULL, "running %s", config->path);
        wait_for_end(host, &ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    if (host != NULL && stop(host, &ending) != ARB_OK) {
        rc = ARB_ELIMIT;
    }
    printing_stop(&printing);
    host_destroy(host);
    return rc == ARB_OK ? CMD_OK : CMD_FAILED;
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
