/*
 * ws_client.h - WebSocket connections that are kept up: attempts, watchdog, messages.
 *
 * A part of struct io, owned by its thread. What the handler asks for from within a callback
 * is only noted; sockets are opened and closed later, when libwebsockets is not in the middle
 * of one.
 */
#ifndef ARB_WS_CLIENT_H
#define ARB_WS_CLIENT_H

#include <libwebsockets.h>

#include "arbspot/host.h"
#include "arbspot/types.h"
#include "io/io.h"
#include "util/log.h"

struct dial;
struct io;
struct ws_conn;

struct ws_client {
    struct ws_conn *conns[IO_CONNS_MAX]; /* by the handler's number, or NULL */
    struct log_limit lost_log;
};

/*
 * Declares a connection. ARB_EINVAL: a URL that is not wss://, or the number is taken. That of a
 * connection given up is free when its socket is gone.
 */
int ws_client_open(struct io *io, uint32_t conn, const struct arb_ws_spec *spec);
int ws_client_send(struct io *io, uint32_t conn, struct arb_bytes text);
void ws_client_close(struct io *io, uint32_t conn, const char *why);
void ws_client_give_up(struct io *io, uint32_t conn, const char *why);

/* Does what is due on every connection and tells io_due_by() when to come again. */
void ws_client_due(struct io *io, int64_t now_ns);

/* Frees the connections, after the context of libwebsockets is gone. */
void ws_client_fini(struct io *io);

/* What libwebsockets says about the socket of one of our dials. Non-zero closes it. */
int ws_client_event(struct io *io, struct dial *dial, enum lws_callback_reasons reason,
                    struct arb_bytes in);

#endif /* ARB_WS_CLIENT_H */
