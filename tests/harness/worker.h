/*
 * worker.h - runs the checks in a process of its own, so that there is a report however the plugin
 * ends it: by a crash, by exit(), for lack of memory.
 */
#ifndef ARB_HARNESS_WORKER_H
#define ARB_HARNESS_WORKER_H

#include <signal.h>

#include "results.h"
#include "util/err.h"

struct worker {
    unsigned limit_s; /* so long it may be stopped (SIGSTOP), then it is told WORKER_STOPPED */
    /* In the other process. */
    void (*work)(struct report *report, void *context);
    void *work_context;
    /* Here, for each line, as soon as it was said. */
    void (*heard)(const struct result *result, void *context);
    void *heard_context;
};

/* For who was stopped: it has to say so, and end. */
enum { WORKER_STOPPED = SIGUSR1 };

/*
 * Runs the work and collects what it says. Where it did not come to its end, that is a failure
 * among the results. An error: it could not even be started, or there is no memory.
 */
int worker_run(const struct worker *worker, struct results *results, struct err *err);

#endif /* ARB_HARNESS_WORKER_H */
