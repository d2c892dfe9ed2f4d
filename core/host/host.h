/*
 * host.h - the whole pipeline: builds the parts from a configuration, starts them, and stops
 * them in the direction of the data.
 *
 *   venue threads -> rings -> publisher -> Kafka -> strategies -> ring -> publisher -> Kafka
 *
 * Belongs to the main thread.
 */
#ifndef ARB_HOST_INTERNAL_H
#define ARB_HOST_INTERNAL_H

#include <stdbool.h>

#include "config/config.h"
#include "plugin/plugins.h"
#include "util/err.h"

struct host;

struct host_setup {
    struct config *config;
    const struct plugins *plugins;
    /* Whether the process was asked to end; looked at in every wait of the start. */
    bool (*is_end_asked)(const void *context);
    const void *context;
};

/*
 * Creates all parts and starts none. What the configuration names is borrowed and must outlive
 * the host; an embedded broker's address replaces config->kafka.brokers. ARB_ELIMIT without a word
 * in `err`: it was asked to end meanwhile. After a failure call host_destroy() all the same.
 */
int host_create(struct host **host, const struct host_setup *setup, struct err *err);

/*
 * Starts the threads. After a failure call host_stop() and host_destroy() all the same. One that is
 * asked to end meanwhile is no failure: it does not wait for the venues.
 */
int host_start(struct host *host, struct err *err);

/* Logs what went through since the start. */
void host_log_stats(const struct host *host);

/*
 * Stops every thread and delivers what is under way. ARB_ELIMIT: not all within the deadline.
 * Threads that do not end, because a plugin does not return, are left behind, and the log says who.
 */
int host_stop(struct host *host);

/* True when it asked its own process to end, by SIGTERM: another host publishes its venues. */
bool host_has_given_up(const struct host *host);

/*
 * NULL is accepted. False: threads are left behind, of host_stop() or of a fini() that does not
 * return. What they use cannot be freed: the process has to end by _exit().
 */
bool host_destroy(struct host *host);

#endif /* ARB_HOST_INTERNAL_H */
