/*
 * http_client.h - HTTPS requests: a bounded queue, a few at once, each on its own connection.
 *
 * Pipelining and keep-alive of libwebsockets' client are fragile and stay off; a snapshot now
 * and then does not need them. A part of an io, owned by its thread.
 */
#ifndef ARB_HTTP_CLIENT_H
#define ARB_HTTP_CLIENT_H

#include <libwebsockets.h>

#include "io/dial.h"
#include "io/inbox.h"
#include "io/net.h"
#include "io/port.h"

enum http_state {
    HTTP_FREE = 0,
    HTTP_LOOKUP = 1, /* the name is being resolved */
    HTTP_ANSWER = 2, /* connecting, asking, reading */
};

struct http_request;

struct http_slot {
    struct dial dial; /* first, so that the dial leads back to its slot */
    enum http_state state;
    struct http_request *request; /* unless free */
    bool is_forgotten;            /* nothing is reported */
    size_t n_sent;                /* of the request's body */
    int status;                   /* 0 until the answer's head is there */
    int64_t retry_after_ms;
    int64_t due_ns; /* when to give up */
    struct inbox body;
};

struct http_client {
    struct net *net;
    struct http_slot slots[IO_HTTP_PARALLEL];
    struct http_request **queue; /* ring of IO_HTTP_QUEUE_MAX */
    uint32_t first, n;
};

int http_client_init(struct http_client *http, struct net *net);

/*
 * Queues a request. ARB_EINVAL: not an https URL, or headers that are not whole lines. ARB_ELIMIT:
 * IO_HTTP_QUEUE_MAX are waiting, or it is too long.
 */
int http_client_ask(struct http_client *http, void *owner, uint32_t request,
                    const struct http_spec *spec);
void http_client_forget(struct http_client *http, const void *owner);

/* Starts what may start, ends what took too long; tells net_due_by() when to come again. */
void http_client_due(struct http_client *http, int64_t now_ns);

/* Frees everything, after the context of libwebsockets is gone. */
void http_client_fini(struct http_client *http);

/* Writes the request's own headers at `*at`, where `room` bytes are free. Non-zero: no room. */
int http_client_add_headers(struct http_client *http, struct dial *dial, unsigned char **at,
                            size_t room);

/* What libwebsockets says about the socket of one of our dials. Non-zero closes it. */
int http_client_event(struct http_client *http, struct dial *dial, enum lws_callback_reasons reason,
                      struct arb_bytes in);

#endif /* ARB_HTTP_CLIENT_H */
