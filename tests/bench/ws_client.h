/*
 * ws_client.h - the least that libwebsockets needs to receive over TLS: what the program's own
 * way is compared with.
 */
#ifndef ARB_BENCH_WS_CLIENT_H
#define ARB_BENCH_WS_CLIENT_H

#include <stdbool.h>

#include "util/err.h"

/* A whole message arrived. The client's thread. */
typedef void ws_client_fn(void *context);

struct ws_client_config {
    const char *ca_file;
    int port;
    const char *path;
    ws_client_fn *on_message;
    void *context;
};

struct ws_client;

/* Starts to connect. On the main thread, as every libwebsockets context: see io.h. */
int ws_client_create(struct ws_client **client, const struct ws_client_config *config,
                     struct err *err);
void ws_client_destroy(struct ws_client *client);

/* One turn of its thread. */
void ws_client_step(struct ws_client *client);

/* Any thread. */
void ws_client_wake(struct ws_client *client);
bool ws_client_is_open(const struct ws_client *client);

#endif /* ARB_BENCH_WS_CLIENT_H */
