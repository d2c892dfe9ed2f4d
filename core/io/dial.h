/*
 * dial.h - one attempt to reach a host: look its name up, connect, shake hands.
 *
 * A WebSocket connection and an HTTP request each own one. libwebsockets carries the dial as
 * its user data from dial_connect() until dial_detach(); afterwards what libwebsockets still
 * has to say about that socket is ignored.
 */
#ifndef ARB_DIAL_H
#define ARB_DIAL_H

#include <libwebsockets.h>

#include "io/lookup.h"
#include "io/tls.h"
#include "io/url.h"

enum { DIAL_WHY_MAX = 192 };

/* The index of the protocol in the context's table, and its name there. */
enum dial_kind { DIAL_WS = 0, DIAL_HTTP = 1 };
#define DIAL_WS_NAME "ws"
#define DIAL_HTTP_NAME "http"

enum dial_progress { DIAL_PENDING = 1, DIAL_READY = 2, DIAL_FAILED = 3 };

struct dial {
    enum dial_kind kind;
    const char *method; /* of HTTP: "GET"; NULL asks for a WebSocket */
    struct url url;
    struct lookup *lookup; /* under way, or NULL */
    struct lookup_answer found;
    unsigned next_address;  /* of those found */
    struct lws *wsi;        /* from dial_connect() to dial_detach(), or NULL */
    bool has_tcp;           /* the host answered; what fails now is TLS or above */
    bool is_closing;        /* dial_kill() was called */
    char why[DIAL_WHY_MAX]; /* why it failed or is being closed; "" when nothing did */
};

/* Starts a lookup, unless the host is an address already. */
void dial_begin(struct dial *dial);

/* Tells how the lookup stands. DIAL_FAILED: see `why`. */
enum dial_progress dial_poll(struct dial *dial);

/* True when the lookup found addresses that were not tried yet. */
bool dial_has_address(const struct dial *dial);

/* Connects to the next address. Not to be called from a callback of libwebsockets. */
int dial_connect(struct dial *dial, struct lws_context *context);

/*
 * Closes the socket soon, without a WebSocket goodbye, and remembers the first reason given.
 * Is to be repeated until libwebsockets reports the end: a step of its handshake may replace
 * the timer that does the closing.
 */
void dial_kill(struct dial *dial, const char *why);

/* The same because of a limit in time: "idle for 10 s". */
void dial_kill_late(struct dial *dial, const char *what, int64_t limit_ms);

/* The same because `what` found no room, for the reason `rc` of inbox_append(). */
void dial_kill_full(struct dial *dial, int rc, const char *what);

/* The socket, or -1. */
int dial_fd(const struct dial *dial);

/* Forgets the socket, which libwebsockets is closing. */
void dial_detach(struct dial *dial);

/* Gives up whatever is under way without a socket, and forgets what was found. */
void dial_fini(struct dial *dial);

/* Sets `why` when nobody did: from the TLS failure, else from what libwebsockets says. */
void dial_explain(struct dial *dial, const struct tls *tls, const char *text, size_t len);

#endif /* ARB_DIAL_H */
