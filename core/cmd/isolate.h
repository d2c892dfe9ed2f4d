/*
 * isolate.h - `run` with [host] isolate = yes: one process for each exchange and each strategy.
 *
 * This one runs none of them. It has what they share, an embedded broker, and prints opportunities
 * where it is asked to.
 */
#ifndef ARB_ISOLATE_H
#define ARB_ISOLATE_H

#include "cmd/ending.h"
#include "cmd/printing.h"
#include "config/config.h"

/* Until it is asked to end; returns the exit status. An embedded broker's address goes to `config`.
 */
int isolate_run(struct config *config, enum printing_what prints, const struct ending *ending);

#endif /* ARB_ISOLATE_H */
