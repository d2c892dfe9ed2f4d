/*
 * trial.h - one plugin through all checks that the command line asks for.
 */
#ifndef ARB_HARNESS_TRIAL_H
#define ARB_HARNESS_TRIAL_H

#include "arguments.h"
#include "times.h"

/* An error: the rest could not be tried. The watch (watch.h) was started. */
int trial(struct report *report, struct arguments *arguments, struct times *times, struct err *err);

#endif /* ARB_HARNESS_TRIAL_H */
