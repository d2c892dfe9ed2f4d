/*
 * answer.h - answers of HTTP: the page, routes, and refusals.
 *
 * Functions return what a callback of libwebsockets returns: non-zero ends the connection.
 */
#ifndef ARB_WEB_ANSWER_H
#define ARB_WEB_ANSWER_H

#include "web/state.h"

/* The headers of every answer, in the form that libwebsockets adds to its own. */
extern const struct lws_protocol_vhost_options answer_headers[];

/* A request has arrived. */
int answer_request(struct conn *conn);

/* Somebody wants a WebSocket. 0: he gets it; else he was told why not, and the connection ends. */
int answer_upgrade(struct conn *conn, struct arb_bytes protocol);

/* The connection takes more. */
int answer_go_on(struct conn *conn);

/* The answer will not be taken. */
void answer_forget(struct conn *conn);

#endif /* ARB_WEB_ANSWER_H */
