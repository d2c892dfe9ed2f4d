#include "host/host_watch.h"

#include <signal.h>
#include <unistd.h>

#include "host/heart.h"
#include "util/log.h"

static struct venue_thread *venue_of_mark(struct host *host, unsigned i)
{
    return i >= FIRST_VENUE_MARK && i < FIRST_VENUE_MARK + host->config->n_exchanges
               ? &host->venues[i - FIRST_VENUE_MARK]
               : NULL;
}

void host_ask_for_the_end(void)
{
    (void)kill(getpid(), SIGTERM); /* ours: cannot fail */
}

static void on_hang(void *context, unsigned i, const char *callback)
{
    const struct host *const host = context;
    struct venue_thread *const venue = venue_of_mark(context, i);

    if (venue != NULL) {
        venue_thread_hangs(venue, callback);
    }
    if (host->config->host.family_dir != NULL) {
        log_line(ARB_INFO, NULL, "this process ends, so that another can take its place");
        host_ask_for_the_end();
    }
}

static void on_beat(void *context)
{
    struct host *const host = context;

    if (!host->is_orphan && !heart_beat()) {
        host->is_orphan = true;
        log_line(ARB_ERROR, NULL, "the process that started this one has gone");
        host_ask_for_the_end();
    }
}

static void on_return(void *context, unsigned i)
{
    struct venue_thread *const venue = venue_of_mark(context, i);

    if (venue != NULL) {
        venue_thread_is_back(venue);
    }
}

/* The places of all threads there may be, so that none comes or goes while it looks. */
int host_watch_start(struct host *host, struct err *err)
{
    const struct watch_mark *marks[WATCHDOG_MARKS_MAX];
    struct watchdog_config config = {
        .marks = marks, .hangs = on_hang, .is_back = on_return, .context = host
    };

    if (host->config->host.family_dir != NULL) {
        config.beat = on_beat;
    }
    marks[config.n++] = &host->mark;
    for (unsigned i = 0; i < host->config->n_exchanges; i++) {
        marks[config.n++] = &host->venues[i].mark;
    }
    for (unsigned i = 0; i < host->config->n_strategies; i++) {
        marks[config.n++] = &host->strategies[i].mark;
    }
    watch_here = &host->mark;
    const int rc = watchdog_create(&host->watchdog, &config);
    return rc == ARB_OK ? watchdog_start(host->watchdog, err)
                        : err_set(err, rc, "no memory for the watchdog");
}
