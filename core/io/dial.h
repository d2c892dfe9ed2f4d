/*
 * dial.h - one attempt to reach a host: look its name up, and try one address after another.
 *
 * A WebSocket connection and an HTTP request each own one. An address that refuses, or that stays
 * silent for its share of the time, is passed over; through a proxy it is the proxy's addresses
 * that are tried. libwebsockets carries the dial as its user data from dial_connect() until
 * dial_detach(); afterwards what libwebsockets still has to say about that socket is ignored.
 */
#ifndef ARB_DIAL_H
#define ARB_DIAL_H

#include <libwebsockets.h>

#include "io/addresses.h"
#include "io/lookup.h"
#include "io/net.h"
#include "io/url.h"

enum {
    DIAL_WHY_MAX = 192,
    DIAL_SUMMARY_MAX = OUTAGE_WHY_MAX,
    DIAL_SHARES_MAX = 5, /* an address has at least this part of the time for all */
};

/* The index of the protocol in the context's table, and its name there. */
enum dial_kind { DIAL_WS = 0, DIAL_HTTP = 1 };
#define DIAL_WS_NAME "ws"
#define DIAL_HTTP_NAME "http"

enum dial_progress { DIAL_PENDING = 1, DIAL_READY = 2, DIAL_FAILED = 3 };

/* How far the address has come that is being tried. */
enum dial_stage {
    DIAL_TCP = 1,
    DIAL_TLS = 2,      /* and before that the proxy */
    DIAL_ASKED = 3,    /* the request is on its way */
    DIAL_ANSWERED = 4, /* the host has spoken; whatever it said, no other address would say else */
};

struct dial {
    enum dial_kind kind;
    const char *method; /* of HTTP: "GET"; NULL asks for a WebSocket */
    struct url url;
    struct lookup *lookup;     /* under way, or NULL */
    struct address_list found; /* in the order in which they are tried */
    unsigned next_address;     /* of those found */
    unsigned patience;         /* attempts in a row that failed with silence at an address */
    struct lws *wsi;           /* from dial_connect() to dial_detach(), or NULL */
    enum dial_stage stage;
    int64_t due_ns;         /* when the address being tried is passed over */
    bool is_late;           /* it was, and is being closed for that */
    bool was_late;          /* one of this attempt was */
    bool is_closing;        /* dial_kill() was called, or dial_kill_silent() */
    char why[DIAL_WHY_MAX]; /* why it failed or is being closed; "" when nothing did */
    char reasons[ADDRESSES_MAX][DIAL_WHY_MAX]; /* of those tried and passed over */
};

/* Starts a lookup, unless the host is an address already. */
void dial_begin(struct dial *dial, struct net *net);

/* Tells how the lookup stands. DIAL_FAILED: see `why`. */
enum dial_progress dial_poll(struct dial *dial, struct net *net);

/* True when the lookup found addresses that were not tried yet. */
bool dial_has_address(const struct dial *dial);

/*
 * The share of one address in the time for all, `whole_ms`: all of it when there is no other, less
 * the more there are, but not less than a DIAL_SHARES_MAX-th. After an attempt that failed with
 * silence the shares double, so a link that is merely slow is not cut off for ever.
 */
int64_t dial_share_ms(const struct dial *dial, int64_t whole_ms);

/*
 * Connects to the next address, which has its share of `whole_ms` until `due_ns`. Not to be called
 * from a callback of libwebsockets.
 */
int dial_connect(struct dial *dial, struct net *net, int64_t whole_ms);

/* The TCP connection stands: what comes next is the proxy, if one is used, and TLS. */
void dial_has_tcp(struct dial *dial, struct net *net, int fd);

/* The host answered as it should: this address is tried first next time. */
void dial_has_worked(struct dial *dial, struct net *net);

/*
 * The address has failed, see `why`. True when the next one is to be tried in the same attempt:
 * there is one, nobody wants the dial closed, the host itself has not answered, and no request that
 * must not be made twice was sent.
 */
bool dial_pass_over(struct dial *dial, struct net *net);

/* Why the attempt failed, at each address, in an order that does not depend on that of the tries.
 */
void dial_summary(const struct dial *dial, const struct net *net, char text[DIAL_SUMMARY_MAX]);

/*
 * Closes the socket soon, without a WebSocket goodbye, and remembers the first reason given.
 * Is to be repeated until libwebsockets reports the end: a step of its handshake may replace
 * the timer that does the closing.
 */
void dial_kill(struct dial *dial, const char *why);

/* The same because of a limit in time: "idle for 10 s". */
void dial_kill_late(struct dial *dial, const char *what, int64_t limit_ms);

/* The same because the address being tried has not answered until `due_ns`, after `limit_ms`. */
void dial_kill_silent(struct dial *dial, int64_t limit_ms);

/* The same because `what` found no room, for the reason `rc` of inbox_append(). */
void dial_kill_full(struct dial *dial, int rc, const char *what);

/* The socket, or -1. */
int dial_fd(const struct dial *dial);

/* Forgets the socket, which libwebsockets is closing. */
void dial_detach(struct dial *dial);

/* Gives up whatever is under way without a socket, and forgets what was found. */
void dial_fini(struct dial *dial);

/* Sets `why` when nobody did: from the proxy, the TLS failure, or what libwebsockets says. */
void dial_explain(struct dial *dial, const struct tls *tls, const char *text, size_t len);

#endif /* ARB_DIAL_H */
