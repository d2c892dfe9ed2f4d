/*
 * ws_client.h - WebSocket connections that are kept up: attempts, watchdog, messages.
 *
 * A part of an io, owned by its thread. What an owner asks for from within an event is only noted;
 * sockets are opened and closed later, when libwebsockets is not in the middle of one.
 */
#ifndef ARB_WS_CLIENT_H
#define ARB_WS_CLIENT_H

#include <libwebsockets.h>

#include "arbspot/exchange.h"
#include "io/dial.h"
#include "io/net.h"
#include "io/port.h"
#include "util/log.h"

struct ws_conn;

struct ws_client {
    struct net *net;
    struct ws_conn *conns[IO_CONNS_MAX]; /* in no order; NULL: free */
    struct log_limit lost_log;
};

/* A connection by the name its owner gave it. */
struct ws_name {
    void *owner;
    uint32_t conn;
};

/*
 * Declares a connection. ARB_EINVAL: it is there already. The name of one that was given up is free
 * when its socket is gone.
 */
int ws_client_open(struct ws_client *ws, struct ws_name name, const struct ws_spec *spec);
void ws_client_dial(struct ws_client *ws, struct ws_name name, const char *url);
int ws_client_send(struct ws_client *ws, struct ws_name name, struct arb_message message);
void ws_client_close(struct ws_client *ws, struct ws_name name, const char *why);
void ws_client_give_up(struct ws_client *ws, struct ws_name name, const char *why);
void ws_client_forget(struct ws_client *ws, const void *owner);

/* True while bytes of it wait to be read. */
bool ws_client_is_behind(struct ws_client *ws, struct ws_name name);

/* The thread did not run for so long: nobody's silence counts for that time. */
void ws_client_excuse(struct ws_client *ws, int64_t lost_ns);

/* Looks at every socket: what waits in it, and for how long. */
struct io_load ws_client_load(struct ws_client *ws, int64_t now_ns);

/* Does what is due on every connection and tells net_due_by() when to come again. */
void ws_client_due(struct ws_client *ws, int64_t now_ns);

/* Frees the connections, after the context of libwebsockets is gone. */
void ws_client_fini(struct ws_client *ws);

/* What libwebsockets says about the socket of one of our dials. Non-zero closes it. */
int ws_client_event(struct ws_client *ws, struct dial *dial, enum lws_callback_reasons reason,
                    struct arb_bytes in);

#endif /* ARB_WS_CLIENT_H */
