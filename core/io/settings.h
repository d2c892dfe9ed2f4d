/*
 * settings.h - limits, settings and counters of one thread's network: what all its parts share.
 */
#ifndef ARB_IO_SETTINGS_H
#define ARB_IO_SETTINGS_H

#include <stdint.h>

#include "arbspot/types.h"

enum {
    IO_MESSAGE_MAX = 16 << 20,        /* bytes of one reassembled message or HTTP answer */
    IO_SEND_QUEUE_MAX = 4096,         /* messages waiting to be sent on one connection */
    IO_SEND_MAX = 1 << 20,            /* bytes of one message, or of the body of a request */
    IO_CONNS_MAX = 4 * ARB_CONNS_MAX, /* several sessions of one venue share an io */
    IO_HTTP_PARALLEL = 16,            /* requests under way at once; the rest waits */
    IO_HTTP_QUEUE_MAX = 2 * ARB_INSTRUMENTS_MAX,
    IO_HTTP_HEADERS_MAX = 8 << 10, /* bytes of the headers given with a request */
};

struct io_config {
    const char *who;     /* for the log: "exchange=kraken" */
    const char *ca_file; /* PEM to trust instead of the system's store, or NULL */
    const char *proxy;   /* as proxy_url.h reads it; NULL: none, and whoever expects one is told */
    int64_t idle_ms;     /* default for ws_spec.idle_ms == 0 */
    int64_t ping_ms;     /* a WebSocket ping after this much silence: is anybody there? */
    int64_t round_trip_ms;      /* and one this often whatever comes, for on_round_trip() */
    int64_t connect_timeout_ms; /* TCP, TLS and HTTP handshakes together; see dial_connect() */
    int64_t backoff_min_ms,
        backoff_max_ms; /* between attempts; jittered; reset after a minute up */
    int64_t http_timeout_ms;
    uint64_t seed; /* of the jitter */
};

/* How far the thread is behind what the kernel has received for its WebSocket connections. */
struct io_load {
    int64_t lag_ns;  /* something that is processed now had come so long ago, at least */
    int64_t busy_ns; /* a socket was not found empty for so long */
    uint64_t unread; /* bytes that wait in the sockets */
};

struct io_stats {
    uint64_t connects, connect_failures, disconnects;
    uint64_t messages, bytes;
    uint64_t sent, send_dropped;
    uint64_t http_ok, http_failed;
};

#endif /* ARB_IO_SETTINGS_H */
