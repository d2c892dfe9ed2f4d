/*
 * trial.h - opens a shared object for the first time where it can do no harm.
 *
 * The dynamic linker believes what a file says: a damaged table of symbols, or a constructor that
 * crashes, ends the process that opens it. So a child of this process opens it first.
 */
#ifndef ARB_TRIAL_H
#define ARB_TRIAL_H

#include "util/err.h"

/*
 * ARB_EINVAL when opening the object ends its process or takes longer than 10 s. What dlopen()
 * itself refuses is not judged here: the caller's own attempt gets the reason.
 */
int trial_open(const char *path, struct err *err);

#endif /* ARB_TRIAL_H */
