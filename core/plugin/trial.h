/*
 * trial.h - does for the first time where it can do no harm what a plugin may make a mess of.
 *
 * The dynamic linker believes what a file says: a damaged table of symbols, or a constructor that
 * crashes, ends the process that opens it. A callback may crash too, or never return. So a child of
 * this process does it first.
 */
#ifndef ARB_TRIAL_H
#define ARB_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

/* What has to be done, and told to the caller's process through `fd`. */
typedef void trial_act(void *context, int fd);

enum { TRIAL_SAID_MAX = 16 * 1024 }; /* bytes of what is told; the rest is lost */

struct trial {
    char said[TRIAL_SAID_MAX]; /* terminated */
    bool is_late;              /* it did not end in time */
    const char *ended; /* how it ended its process: "Segmentation fault"; NULL: it did not */
};

/* On a busy machine a child that works gets little of the time that passes. */
struct trial_limit {
    unsigned cpu_s;
    unsigned wall_s; /* of one that waits for something */
};

/* Does it in a child that has so long. Not while other threads run. ARB_ENOMEM: no child. */
int trial_call(struct trial *trial, trial_act *act, void *context, struct trial_limit limit);

/*
 * ARB_EINVAL when opening the object ends its process or takes too long. What dlopen()
 * itself refuses is not judged here: the caller's own attempt gets the reason.
 */
int trial_open(const char *path, struct err *err);

#endif /* ARB_TRIAL_H */
