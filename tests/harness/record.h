/*
 * record.h - a recording as a script and its golden text, to be read, cut and kept.
 *
 * The recording is played to the plugin behind the session as `--golden` has it, and what happened
 * becomes the script: connections open, messages and answers arrive, time passes.
 */
#ifndef ARB_HARNESS_RECORD_H
#define ARB_HARNESS_RECORD_H

#include "arguments.h"
#include "report.h"

/* Writes NAME.script and NAME.golden. An error: nothing came of it. */
int record(struct report *report, const struct plugin *plugin, const struct arguments *arguments,
           struct err *err);

#endif /* ARB_HARNESS_RECORD_H */
