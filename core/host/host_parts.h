/*
 * host_parts.h - makes all that a host consists of.
 */
#ifndef ARB_HOST_PARTS_H
#define ARB_HOST_PARTS_H

#include "host/host_state.h"

/* In zeroed memory with config and plugins set; what was made is destroyed with the host. */
int host_parts_create(struct host *host, struct err *err);

#endif /* ARB_HOST_PARTS_H */
