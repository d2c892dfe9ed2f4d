/*
 * server.h - the network side of the simulator: real TLS WebSockets and HTTPS on loopback.
 *
 * One port per venue; a WebSocket is accepted on any path, GET on the same port is answered by
 * the venue's model. One thread: the caller's, in server_step().
 */
#ifndef ARB_SIM_SERVER_H
#define ARB_SIM_SERVER_H

#include "fault.h"
#include "tls.h"
#include "world.h"

enum {
    SERVER_REQUEST_MAX = 1 << 20, /* bytes of one message from a client; a longer one drops it */
};

struct server_config {
    uint32_t n_venues;
    const char *venues[ARB_VENUES_MAX];  /* borrowed */
    int ports[ARB_VENUES_MAX];           /* 0: any free one */
    const struct tls_identity *identity; /* borrowed */
};

struct server;

int server_create(struct server **server, const struct server_config *config, struct err *err);
/* Closes all connections. The world must still be there. NULL is accepted. */
void server_destroy(struct server *server);

/* What the world is given as its outlet. */
struct world_outlet server_outlet(struct server *server);

/* The world clients are connected to; set once, before the first step. */
void server_attach(struct server *server, struct world *world);

/* What the fault layer is given as its sink. */
struct fault_sink server_fault_sink(struct server *server);

/* From now on frames and answers pass through this layer, borrowed; set once. */
void server_attach_faults(struct server *server, struct fault_layer *faults);

/* The port a venue is served at. */
int server_port(const struct server *server, uint32_t venue);

/* One turn: moves the world up to now, then waits for the network, at most `wait_ms`. */
int server_step(struct server *server, int wait_ms);

#endif /* ARB_SIM_SERVER_H */
