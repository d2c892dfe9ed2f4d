/*
 * io_internal.h - what io.c, ws_client.c and http_client.c share.
 *
 * Two clocks: `now_ns` given to the handler is UTC; every deadline in here is of the
 * monotonic clock, so that setting the system's time closes no connection.
 */
#ifndef ARB_IO_INTERNAL_H
#define ARB_IO_INTERNAL_H

#include <libwebsockets.h>

#include "io/dial.h"
#include "io/http_client.h"
#include "io/io.h"
#include "io/outage.h"
#include "io/tls.h"
#include "io/ws_client.h"

enum {
    IO_LOOKUP_POLL_MS = 5, /* between two looks at a name resolution under way */
    IO_KILL_AGAIN_MS = 1,  /* see dial_kill() */
};

struct io {
    struct io_config config;
    const struct io_handler *handler;
    void *context; /* the handler's */
    struct lws_context *lws;
    struct tls tls;
    struct ws_client ws;
    struct http_client http;
    struct outages outages;
    struct io_stats stats;
    lws_sorted_usec_list_t wake; /* ends the wait in libwebsockets */
    int64_t due_ns;              /* when a connection or request next needs attention */
    int64_t turn_ns;             /* when the handler wants its next turn */
    bool is_destroying;          /* nothing is reported any more */
    char who[64];
    char ca_file[4096];
};

/* Makes sure that connections and requests are looked at by `due_ns`. */
static inline void io_due_by(struct io *io, int64_t due_ns)
{
    io->due_ns = due_ns < io->due_ns ? due_ns : io->due_ns;
}

#endif /* ARB_IO_INTERNAL_H */
