/*
 * web.h - a listener for browsers and scrapers: HTTP, and a WebSocket that carries frames.
 *
 * It knows what a connection may do and nothing of what is shown. Everything runs on the thread
 * that calls web_step(), callbacks too. Nothing grows with what clients do or leave undone:
 * connections, WebSockets and bytes have limits, and what is beyond them is refused and counted.
 *
 * A client that is slow gets fewer frames and never a queue of them. With each frame goes a ping;
 * the next frame is made when its pong says that the client has read this one.
 *
 * Like every user of libwebsockets: call web_create() on the main thread, before any thread that
 * uses it is started.
 */
#ifndef ARB_WEB_H
#define ARB_WEB_H

#include "arbspot/types.h"
#include "util/err.h"
#include "util/text_buffer.h"
#include "web/wish.h"

enum {
    WEB_CLIENTS = 64,      /* WebSockets at once, unless configured */
    WEB_CLIENTS_MAX = 128, /* that can be configured */
    WEB_CONNECTIONS = 256, /* of all kinds at once */
    WEB_FRAME_MS = 200,    /* between two frames of one client, at least */
    WEB_ROUTES_MAX = 16,
    WEB_MESSAGE_MAX = 512,     /* bytes of a message from a client */
    WEB_MESSAGES_MAX = 10,     /* of them within a second */
    WEB_HEADERS_MS = 5000,     /* from a connection's begin to the end of its first request */
    WEB_IDLE_MS = 15000,       /* from an answer to the end of the next request */
    WEB_STALLED_MS = 30000,    /* without taking a byte of what is written, or reading it */
    WEB_BODIES_MAX = 16 << 20, /* bytes of answers that wait for slow readers, together */
};

/* Why something was refused. Connections end with it, except of those with an HTTP answer. */
enum web_refusal {
    WEB_TOO_MANY_CONNECTIONS = 0,
    WEB_TOO_MANY_CLIENTS = 1, /* WebSockets */
    WEB_BAD_HOST = 2,
    WEB_BAD_ORIGIN = 3,
    WEB_BAD_TOKEN = 4,
    WEB_BAD_PATH = 5,
    WEB_BAD_METHOD = 6,
    WEB_BAD_REQUEST = 7, /* not HTTP as it is spoken here, headers too long, or ended half-way */
    WEB_SLOW_REQUEST = 8,
    WEB_BAD_MESSAGE = 9, /* too long, too many, binary, or none that there is */
    WEB_STALLED = 10,
    WEB_NO_ROOM = 11, /* too many bytes wait for slow readers, or memory lacks */
    N_WEB_REFUSALS = 12,
};

struct web_ask {
    struct arb_bytes query;  /* decoded, parts separated by '&' */
    struct arb_bytes accept; /* the header; empty: none */
};

/* Filled in by a route; before that: 200, the route's own type, an empty text. */
struct web_answer {
    unsigned status;
    const char *content_type; /* static text */
    struct text_buffer *text;
};

struct web_route {
    const char *path;
    const char *content_type;
    void (*answer)(void *context, const struct web_ask *ask, struct web_answer *answer);
};

/*
 * Adds a frame of what is newer than `since` (0: all) to `out` and returns the version it is of;
 * adds nothing where there is nothing new.
 */
typedef uint64_t web_write(void *context, uint64_t since, const struct web_wish *wish,
                           struct text_buffer *out);

/* Texts are borrowed while web_create() runs; the token is not kept. */
struct web_config {
    const char *listen;   /* "127.0.0.1:9464", see util/listen_address.h */
    const char *token;    /* NULL: none, at a loopback address only */
    uint32_t clients_max; /* 0: WEB_CLIENTS */
    void *context;        /* of what is called */
    const struct web_route
        *routes; /* [n_routes], live as long as the listener; beside the page's */
    uint32_t n_routes;
    web_write *write;
    /*
     * Times for tests; 0: those above.
     */
    int64_t headers_ms, idle_ms, stalled_ms;
};

struct web_stats {
    uint64_t connections; /* accepted, ever */
    uint64_t requests;    /* answered, ever; WebSockets not counted */
    uint64_t clients;     /* WebSockets, ever */
    uint64_t frames;      /* written */
    uint64_t conflated;   /* frames not written since the one before was not yet read */
    uint64_t bytes;       /* of frames and answers, written */
    uint64_t refused[N_WEB_REFUSALS];
    uint32_t n_connections, n_clients; /* at present */
    uint64_t waiting_bytes;            /* of answers that wait for slow readers, at present */
};

struct web;

/*
 * Listens. ARB_EINVAL: the address, the token, or that the port is in use, with a sentence.
 */
int web_create(struct web **web, const struct web_config *config, struct err *err);
/* Closes all connections. NULL is accepted. */
void web_destroy(struct web *web);

/* One turn: waits for the network, at most `timeout_ms`, and does what is due. */
void web_step(struct web *web, int timeout_ms);

/* Makes a web_step() that waits return. From any thread. */
void web_wake(struct web *web);

/* Of the thread that calls web_step(). */
struct web_stats web_stats(const struct web *web);

/* "stalled": a word of letters and '_'. */
const char *web_refusal_name(enum web_refusal refusal);

/* Where it listens, "http://127.0.0.1:9464/"; lives as long as `web`. */
const char *web_url(const struct web *web);

#endif /* ARB_WEB_H */
