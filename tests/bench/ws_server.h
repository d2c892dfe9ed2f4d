/*
 * ws_server.h - a venue made of libwebsockets alone: TLS WebSockets on loopback that get the same
 * update by turns, with the time at which each was written.
 *
 * Two connections play exchanges: they are answered with a snapshot when they subscribe a book. A
 * third is whatever the first is to be compared with. The first and the third get updates.
 */
#ifndef ARB_BENCH_WS_SERVER_H
#define ARB_BENCH_WS_SERVER_H

#include <stdatomic.h>

#include "arbspot/types.h"
#include "tls.h"

enum ws_peer { WS_OURS = 0, WS_OTHER, WS_BARE, WS_PEERS };

enum { WS_SHOTS_MAX = 8192 }; /* updates for one peer */

/* What they ask for: wss://127.0.0.1:PORT/PATH. */
extern const char *const ws_paths[WS_PEERS];

/* Texts are borrowed. */
struct ws_server_config {
    const struct tls_identity *identity;
    struct arb_bytes snapshots[2]; /* of WS_OURS and WS_OTHER */
    struct arb_bytes updates[2];   /* sent in turn */
    size_t n_shots;                /* updates for each of the two peers, at most WS_SHOTS_MAX */
    /* True when `n` updates have reached their end: only one is under way at a time. */
    bool (*have_arrived)(void *context, size_t n);
    void *context;
};

struct ws_server;

/* On the main thread, as every libwebsockets context: see io.h. */
int ws_server_create(struct ws_server **server, const struct ws_server_config *config,
                     struct err *err);
void ws_server_destroy(struct ws_server *server);
int ws_server_port(const struct ws_server *server);

/* One turn of its thread: the network, then an update if it is time for one. */
void ws_server_step(struct ws_server *server);

/* Any thread: ends a waiting step; lets the updates begin; all of them were written. */
void ws_server_wake(struct ws_server *server);
void ws_server_fire(struct ws_server *server);
bool ws_server_is_done(const struct ws_server *server);

/* Any thread: when update `shot` for a peer was given to libwebsockets, monotonic. */
int64_t ws_server_sent_ns(const struct ws_server *server, enum ws_peer peer, size_t shot);

#endif /* ARB_BENCH_WS_SERVER_H */
