/*
 * http_client.h - HTTPS GETs: a bounded queue, a few at once, each on a connection of its own.
 *
 * Pipelining and keep-alive of libwebsockets' client are fragile and stay off; a snapshot now
 * and then does not need them. A part of struct io, owned by its thread.
 */
#ifndef ARB_HTTP_CLIENT_H
#define ARB_HTTP_CLIENT_H

#include <libwebsockets.h>

#include "io/dial.h"
#include "io/inbox.h"
#include "io/io.h"

enum http_state {
    HTTP_FREE = 0,
    HTTP_LOOKUP = 1, /* the name is being resolved */
    HTTP_ANSWER = 2, /* connecting, asking, reading */
};

struct http_slot {
    struct dial dial; /* first, so that the dial leads back to its slot */
    enum http_state state;
    uint32_t request;
    int status;     /* 0 until the answer's head is there */
    int64_t due_ns; /* when to give up */
    struct inbox body;
};

struct http_request {
    uint32_t id;
    char *url;
};

struct http_client {
    struct http_slot slots[IO_HTTP_PARALLEL];
    struct http_request *queue; /* ring of IO_HTTP_QUEUE_MAX */
    uint32_t first, n;
};

int http_client_init(struct http_client *http);

/* Queues a GET. ARB_EINVAL: not an https URL. ARB_ELIMIT: IO_HTTP_QUEUE_MAX are waiting. */
int http_client_get(struct io *io, uint32_t request, const char *url);

/* Starts what may start, ends what took too long; tells io_due_by() when to come again. */
void http_client_due(struct io *io, int64_t now_ns);

/* Frees everything, after the context of libwebsockets is gone. */
void http_client_fini(struct http_client *http);

/* What libwebsockets says about the socket of one of our dials. Non-zero closes it. */
int http_client_event(struct io *io, struct dial *dial, enum lws_callback_reasons reason,
                      struct arb_bytes in);

#endif /* ARB_HTTP_CLIENT_H */
