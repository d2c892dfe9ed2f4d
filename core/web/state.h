/*
 * state.h - what the parts of the listener share: connections and what becomes of them.
 *
 * Of one thread, the one that calls web_step().
 */
#ifndef ARB_WEB_STATE_H
#define ARB_WEB_STATE_H

#include <libwebsockets.h>

#include "util/clock.h"
#include "web/access.h"
#include "web/web.h"

enum {
    WEB_HEADERS_MAX = 8 << 10 /* bytes of a request's headers: cookies of others are among them */
};

enum conn_stage {
    CONN_ASKS = 1,  /* its first request is not complete */
    CONN_TAKES = 2, /* takes an answer */
    CONN_RESTS = 3, /* may ask again */
    CONN_LIVE = 4,  /* a WebSocket */
    CONN_ENDS = 5,  /* nothing that happens to it counts any more */
};

/* The WebSocket of a connection. */
struct live {
    struct web_wish wish;
    uint64_t since;      /* the version of its last frame */
    uint64_t tick;       /* in which it got its last frame */
    uint64_t n_pings;    /* the number of the last one */
    bool is_due;         /* a frame is to be written, if there is news */
    bool is_in_flight;   /* a frame was written, and its pong is missing */
    bool owes_ping;      /* the ping behind a frame is not written yet */
    int64_t progress_ns; /* when it last took something, or had nothing to take */
    uint64_t acked;      /* bytes it had taken then */
    int64_t second_ns;   /* when the present second of its bytes began */
    uint64_t received;   /* bytes it had sent then */
    int64_t messages_ns; /* when the present second of its messages began */
    unsigned n_messages; /* since then */
    size_t message_len;  /* of a message that comes in parts */
    char message[WEB_MESSAGE_MAX];
};

struct conn {
    struct web *web;
    struct lws *wsi; /* NULL: free */
    enum conn_stage stage;
    int64_t deadline_ns;     /* when it ends for what it does not do; NEVER_NS: never */
    bool closes;             /* when its answer is written */
    struct text_buffer body; /* of an answer that was made for it */
    const char *rest;        /* [n_rest]: what is left of an answer */
    size_t n_rest;
    struct live live;
};

struct web {
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lws *listener; /* NULL: the socket is not in its hands */
    int listener_fd;
    lws_sorted_usec_list_t wake; /* ends the wait in libwebsockets */
    struct access access;
    struct web_route routes[WEB_ROUTES_MAX];
    uint32_t n_routes;
    void *context;
    web_write *write;
    uint32_t clients_max;
    int64_t headers_ns, idle_ns, stalled_ns;
    bool is_pausing;           /* no descriptors: nothing is accepted until the next look */
    uint64_t tick;             /* counts frames' turns */
    int64_t tick_ns, look_ns;  /* when the next are due */
    struct text_buffer own;    /* a frame for one client, behind LWS_PRE bytes */
    struct text_buffer shared; /* likewise, for all that have the same and wish nothing */
    uint64_t shared_tick, shared_since, shared_version;
    struct web_stats stats;
    char url[LISTEN_TEXT_MAX + 16];
    struct conn conns[WEB_CONNECTIONS];
};

static inline void web_refuse(struct web *web, enum web_refusal refusal)
{
    web->stats.refused[refusal]++;
}

/* Ends a connection outside of its own callbacks, without a word. */
static inline void conn_drop(struct conn *conn)
{
    conn->stage = CONN_ENDS;
    conn->deadline_ns = NEVER_NS;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

#endif /* ARB_WEB_STATE_H */
