/*
 * port.h - the network as a session sees it: what it asks for, and what it is told.
 *
 * An owner, a session, names its connections and requests by numbers of its own; whatever happens
 * names the owner it happens to, so nothing is renumbered on the way. The real network is io.h;
 * replay, harness and simulation are others.
 *
 * Everything is for one thread.
 */
#ifndef ARB_IO_PORT_H
#define ARB_IO_PORT_H

#include "arbspot/exchange.h"
#include "util/clock.h"

/* A connection that is kept up. */
struct ws_spec {
    int64_t idle_ms;   /* dropped when nothing that proves life comes for so long; 0: default */
    bool pong_is_life; /* the answer to a ping proves it too */
};

/* Texts are terminated, and copied. */
struct http_spec {
    uint32_t method; /* enum arb_method */
    const char *url;
    const char *headers; /* "Name: value\r\n", each */
    struct arb_bytes body;
};

struct http_answer {
    int status;             /* 0: no answer; then the body is the reason, as text */
    int64_t retry_after_ms; /* as the venue asked for; 0: it did not */
    struct arb_bytes body;
};

/* What an owner asks for. `context` is the port's. */
struct port_ops {
    /*
     * Wants the connection up from now on. Each time it may be tried, on_dial() asks where to; the
     * answer is ws_dial(), at once or later. ARB_ELIMIT: too many.
     */
    int (*ws_open)(void *context, void *owner, uint32_t conn, const struct ws_spec *spec);
    /* A URL that is none counts as a failed attempt. */
    void (*ws_dial)(void *context, void *owner, uint32_t conn, const char *url);
    /* Dropped, with a count, when the connection is down. */
    int (*ws_send)(void *context, void *owner, uint32_t conn, struct arb_message message);
    /* Drops the connection; it is tried again. on_close() comes later, never from within. */
    void (*ws_close)(void *context, void *owner, uint32_t conn, const char *why);
    /* Drops it for good. */
    void (*ws_give_up)(void *context, void *owner, uint32_t conn, const char *why);
    /* `request` is the owner's; on_answer() comes later, once, never from within. */
    int (*http)(void *context, void *owner, uint32_t request, const struct http_spec *spec);
    /*
     * Optional. True while bytes of the connection wait to be read: what did not come may be among
     * them, so nobody is to be blamed for it.
     */
    bool (*ws_is_behind)(void *context, void *owner, uint32_t conn);
    /* Drops everything of an owner, who is told nothing more. */
    void (*forget)(void *context, void *owner);
};

struct port {
    const struct port_ops *ops;
    void *context;
};

static inline bool port_is_behind(const struct port *port, void *owner, uint32_t conn)
{
    return port->ops->ws_is_behind != NULL && port->ops->ws_is_behind(port->context, owner, conn);
}

/* What an owner is told. Never nested, never from within port_ops. */
struct port_events {
    void (*on_dial)(void *owner, uint32_t conn, struct moment now);
    void (*on_open)(void *owner, uint32_t conn, struct moment now);
    /* One whole message; `now` is when its last bytes were read. */
    void (*on_message)(void *owner, uint32_t conn, struct moment now, struct arb_message message);
    /* Only after an on_open(). `why` is for the log: "idle for 10 s", "closed by the venue (1006)".
     */
    void (*on_close)(void *owner, uint32_t conn, struct moment now, const char *why);
    void (*on_answer)(void *owner, uint32_t request, struct moment now,
                      const struct http_answer *answer);
    /* Nothing came for half the idle limit, and a ping was not answered. */
    void (*on_suspect)(void *owner, uint32_t conn, struct moment now);
    /* Optional. A ping is to go out; those before it may still be unanswered. */
    void (*on_ping)(void *owner, uint32_t conn, struct moment now);
    /* How long a ping and its pong took together: this ping and all before it are answered. */
    void (*on_round_trip)(void *owner, uint32_t conn, struct moment now, int64_t rtt_ns);
};

#endif /* ARB_IO_PORT_H */
