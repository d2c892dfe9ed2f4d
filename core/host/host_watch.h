/*
 * host_watch.h - what a host does about callbacks that do not return.
 */
#ifndef ARB_HOST_WATCH_H
#define ARB_HOST_WATCH_H

#include "host/host_state.h"

/* Starts the watchdog, over this thread and all those of venues and strategies there may be. */
int host_watch_start(struct host *host, struct err *err);

/* Ends this process as anybody would who asked for it; see ending.h. */
void host_ask_for_the_end(void);

#endif /* ARB_HOST_WATCH_H */
