/*
 * watchdog.h - notices callbacks of plugins that take long, or do not return.
 *
 * Looks at the marks of all threads (watch.h) every WATCHDOG_STEP_MS. How long a callback has been
 * running is counted in these looks: threads need not read a clock, and time in which the whole
 * process stood still does not count. So it is exact to a look or two, and never too long.
 *
 *   longer than WATCHDOG_SLOW_MS: one line when it has returned, few of them,
 *   longer than WATCHDOG_HANG_MS: one line at once, and the owner is told; one when it returns.
 */
#ifndef ARB_WATCHDOG_H
#define ARB_WATCHDOG_H

#include "config/config.h"
#include "util/err.h"
#include "util/watch.h"

enum {
    WATCHDOG_STEP_MS = 25,
    WATCHDOG_SLOW_MS = 250,
    WATCHDOG_HANG_MS = 5000,
    WATCHDOG_MARKS_MAX = CONFIG_EXCHANGES_MAX + CONFIG_STRATEGIES_MAX + 1, /* threads */
};

struct watchdog_config {
    const struct watch_mark *const *marks; /* [n], the array is copied */
    unsigned n;
    /* Called by the watchdog's thread, with the mark's index. Each may be NULL. */
    void (*hangs)(void *context, unsigned i, const char *callback);
    void (*is_back)(void *context, unsigned i);
    void (*beat)(void *context); /* every HEART_BEAT_MS; or NULL */
    void *context;
};

struct watchdog;

int watchdog_create(struct watchdog **watchdog, const struct watchdog_config *config);

/* One look. For tests, and for the thread. */
void watchdog_step(struct watchdog *watchdog, int64_t mono_ns);

int watchdog_start(struct watchdog *watchdog, struct err *err);

/* True between the two calls about this mark. Any thread. */
bool watchdog_says_hanging(const struct watchdog *watchdog, unsigned i);

/* Ends the thread if there is one. NULL is accepted. */
void watchdog_destroy(struct watchdog *watchdog);

#endif /* ARB_WATCHDOG_H */
