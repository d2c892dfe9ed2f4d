/*
 * io.h - one thread's network: WebSocket connections that are kept up, and HTTPS GETs.
 *
 * An io owns one libwebsockets context. Connections are declared once and then kept up for
 * ever: resolve, connect, TLS with verification and SNI, ping, idle watchdog, reconnect with
 * exponential backoff and jitter. Everything that happens is reported to the handler, on the
 * thread that calls io_step().
 *
 * libwebsockets touches process-wide OpenSSL state in io_create(): create every io, one after
 * another, on the main thread, before any of them is stepped.
 */
#ifndef ARB_IO_H
#define ARB_IO_H

#include "arbspot/host.h"
#include "util/err.h"

enum {
    IO_MESSAGE_MAX = 16 << 20, /* bytes of one reassembled message or HTTP body */
    IO_SEND_QUEUE_MAX = 4096,  /* messages waiting to be sent on one connection */
    IO_HTTP_PARALLEL = 4,      /* GETs under way at once; the rest waits */
    IO_HTTP_QUEUE_MAX = 2 * ARB_INSTRUMENTS_MAX,
    IO_CONNS_MAX = 4 * ARB_CONNS_MAX, /* several lines of one venue share an io */
};

/* Who is told. All callbacks come from io_step(), never nested. */
struct io_handler {
    void (*on_open)(void *context, uint32_t conn, int64_t now_ns);
    /* One whole text or binary message; `now_ns` is when its last bytes were read. */
    void (*on_message)(void *context, uint32_t conn, int64_t now_ns, struct arb_bytes message);
    /* Only after an on_open(). `why` is for the log: "idle for 10 s", "closed by the venue (1006)".
     */
    void (*on_close)(void *context, uint32_t conn, int64_t now_ns, const char *why);
    /* `status` 0: no answer; then the body is the reason, as text. */
    void (*on_http)(void *context, uint32_t request, int64_t now_ns, int status,
                    struct arb_bytes body);
    /* Optional. Nothing came for half the idle limit, and a ping was not answered. */
    void (*on_suspect)(void *context, uint32_t conn, int64_t now_ns);
    /* Optional. How long a ping and its pong took together, by the monotonic clock. */
    void (*on_round_trip)(void *context, uint32_t conn, int64_t now_ns, int64_t rtt_ns);
    /* Once per turn, after the network. Returns the UTC time at which it wants the next turn. */
    int64_t (*on_turn)(void *context, int64_t now_ns);
};

struct io_config {
    const char *who;            /* for the log: "feed=kraken" */
    const char *ca_file;        /* PEM to trust instead of the system's store, or NULL */
    int64_t idle_ms;            /* default for arb_ws_spec.idle_ms == 0 */
    int64_t ping_ms;            /* a WebSocket ping after this much silence: is anybody there? */
    int64_t round_trip_ms;      /* and one this often whatever comes, for on_round_trip() */
    int64_t connect_timeout_ms; /* for connecting and for the TLS and HTTP handshakes */
    int64_t backoff_min_ms,
        backoff_max_ms; /* between attempts; jittered; reset after a minute up */
    int64_t http_timeout_ms;
    uint64_t seed; /* of the jitter */
};

/* What 0 in a field of io_config means. */
extern const struct io_config io_config_defaults;

struct io_stats {
    uint64_t connects, connect_failures, disconnects;
    uint64_t messages, bytes;
    uint64_t sent, send_dropped;
    uint64_t http_ok, http_failed;
};

struct io;

int io_create(struct io **io, const struct io_config *config, const struct io_handler *handler,
              void *context, struct err *err);

/* Closes everything without further callbacks. NULL is accepted. */
void io_destroy(struct io *io);

/* One turn: waits for the network or the next deadline, at most `wait_ms`, and handles it. */
int io_step(struct io *io, int wait_ms);

/* Ends a waiting io_step(). The only call allowed from another thread. */
void io_wake(struct io *io);

/*
 * The four below are for the handler's thread. They fail with ARB_ELIMIT at a limit above, and
 * with ARB_EINVAL, after one line in the log, on a URL that is not wss:// or https://; what is
 * sent on a connection that is down is dropped and counted.
 */
int io_ws_open(struct io *io, uint32_t conn, const struct arb_ws_spec *spec);
int io_ws_send(struct io *io, uint32_t conn, struct arb_bytes text);
/* Drops the connection, after backoff it is tried again. on_close() comes in a later turn. */
void io_ws_close(struct io *io, uint32_t conn, const char *why);
/* Drops the connection for good: for a venue that wants nothing more of us. */
void io_ws_give_up(struct io *io, uint32_t conn, const char *why);
int io_http_get(struct io *io, uint32_t request, const char *url);

const struct io_stats *io_stats(const struct io *io);

#endif /* ARB_IO_H */
