/*
 * net.h - what the WebSocket connections and the HTTP requests of one thread have in common.
 *
 * Every deadline is of the monotonic clock, so that setting the system's time closes no
 * connection.
 */
#ifndef ARB_IO_NET_H
#define ARB_IO_NET_H

#include <libwebsockets.h>

#include "io/addresses.h"
#include "io/outage.h"
#include "io/port.h"
#include "io/proxy.h"
#include "io/settings.h"
#include "io/tls.h"

enum {
    NET_LOOKUP_POLL_MS = 5, /* between two looks at a name resolution under way */
    NET_KILL_AGAIN_MS = 1,  /* see dial_kill() */
    NET_FAILURE_MAX = URL_ENDPOINT_MAX + OUTAGE_WHY_MAX + 16,
};

struct net {
    struct io_config config;
    const struct port_events *events;
    struct lws_context *lws;
    struct tls tls;
    struct proxy proxy;
    struct known_addresses known;
    struct outages outages;
    struct io_stats stats;
    char last_failure[NET_FAILURE_MAX]; /* which host, and why it is not connected; "": never */
    int64_t due_ns;                     /* when a connection or request next needs attention */
    int64_t busy_ns; /* when the first message of this turn was read; 0: none was */
};

/* Makes sure that connections and requests are looked at by `due_ns`. */
static inline void net_due_by(struct net *net, int64_t due_ns)
{
    net->due_ns = due_ns < net->due_ns ? due_ns : net->due_ns;
}

#endif /* ARB_IO_NET_H */
