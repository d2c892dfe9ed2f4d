/*
 * live.h - the WebSockets: frames to clients, one at a time, and the little that clients say.
 *
 * Functions return what a callback of libwebsockets returns: non-zero ends the connection.
 */
#ifndef ARB_WEB_LIVE_H
#define ARB_WEB_LIVE_H

#include "web/state.h"

void live_open(struct conn *conn);
void live_close(struct conn *conn);
int live_receive(struct conn *conn, struct arb_bytes part);
void live_pong(struct conn *conn, struct arb_bytes payload);
int live_write(struct conn *conn);

/* Looks after a client: to be called WEB_FRAME_MS apart, outside of callbacks. */
void live_tick(struct conn *conn, int64_t now_ns);

#endif /* ARB_WEB_LIVE_H */
