#include "ws_server.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

enum {
    FRAME_MAX = 16384,
    PATH_LEN_MAX = 64,
    WAIT_US = 1900, /* libwebsockets rounds down to 1 ms, and would spin for less */
};

#define PERIOD_NS NS_PER_MS /* between updates, of which every other is for the same peer */

const char *const ws_paths[WS_PEERS] = { "/ours", "/other", "/bare" };

/* What is to be written to a peer next. */
struct outgoing {
    struct lws *wsi;
    struct arb_bytes text; /* len 0: nothing */
    bool is_shot;
    bool wants_catalog; /* before the text */
};

struct ws_server {
    struct ws_server_config config;
    struct lws_context *context;
    struct lws_vhost *vhost;
    lws_sorted_usec_list_t timer;
    struct outgoing peers[WS_PEERS];
    size_t n_shots[WS_PEERS];
    bool is_bare_next; /* the next update is for WS_BARE */
    int64_t next_ns;
    _Atomic bool may_fire, is_done;
    _Atomic int64_t sent_ns[WS_PEERS][WS_SHOTS_MAX];
    unsigned char frame[LWS_PRE + FRAME_MAX];
};

static struct ws_server *server_of(struct lws *wsi)
{
    return lws_get_vhost_user(lws_get_vhost(wsi));
}

static int peer_of(const struct ws_server *server, const struct lws *wsi)
{
    int peer = 0;
    while (peer < WS_PEERS && server->peers[peer].wsi != wsi) {
        peer++;
    }
    return peer;
}

static int on_established(struct ws_server *server, struct lws *wsi)
{
    char path[PATH_LEN_MAX];

    if (lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) <= 0) {
        return -1;
    }
    for (int i = 0; i < WS_PEERS; i++) {
        if (strcmp(path, ws_paths[i]) == 0) {
            server->peers[i] = (struct outgoing){ .wsi = wsi };
            return 0;
        }
    }
    return -1;
}

static void send_to(struct outgoing *peer, struct arb_bytes text, bool is_shot)
{
    peer->text = text;
    peer->is_shot = is_shot;
    (void)lws_callback_on_writable(peer->wsi);
}

static bool has(const char *text, size_t len, const char *part)
{
    return memmem(text, len, part, strlen(part)) != NULL;
}

/* Any request for a book or for the catalog is granted; the rest does not matter here. */
static void on_request(struct ws_server *server, struct lws *wsi, const char *text, size_t len)
{
    const int peer = peer_of(server, wsi);

    if (peer < WS_BARE && has(text, len, "\"channel\":\"book\"")) {
        send_to(&server->peers[peer], server->config.snapshots[peer], false);
    } else if (peer < WS_BARE && has(text, len, "\"channel\":\"instrument\"")) {
        server->peers[peer].wants_catalog = true;
        (void)lws_callback_on_writable(wsi);
    }
}

static int write_text(struct ws_server *server, struct lws *wsi, struct arb_bytes text)
{
    memcpy(server->frame + LWS_PRE, text.data, text.len);
    return lws_write(wsi, server->frame + LWS_PRE, text.len, LWS_WRITE_TEXT) < (int)text.len ? -1
                                                                                             : 0;
}

static int write_catalog(struct ws_server *server, struct outgoing *peer)
{
    static const char catalog[] =
        "{\"channel\":\"instrument\",\"type\":\"snapshot\",\"data\":{\"assets\":[],\"pairs\":[{"
        "\"symbol\":\"BTC/USD\",\"base\":\"BTC\",\"quote\":\"USD\",\"status\":\"online\","
        "\"qty_precision\":8,\"price_precision\":1}]}}";

    peer->wants_catalog = false;
    if (peer->text.len > 0) {
        (void)lws_callback_on_writable(peer->wsi);
    }
    return write_text(server, peer->wsi, (struct arb_bytes){ catalog, strlen(catalog) });
}

/* The clock is read last before, and the text laid out before that. */
static int on_writable(struct ws_server *server, struct lws *wsi)
{
    const int i = peer_of(server, wsi);
    if (i != WS_PEERS && server->peers[i].wants_catalog) {
        return write_catalog(server, &server->peers[i]);
    }
    if (i == WS_PEERS || server->peers[i].text.len == 0) {
        return 0;
    }
    struct outgoing *const peer = &server->peers[i];
    const size_t len = peer->text.len;
    memcpy(server->frame + LWS_PRE, peer->text.data, len);
    peer->text.len = 0;
    if (peer->is_shot) {
        atomic_store_explicit(&server->sent_ns[i][server->n_shots[i]++], clock_mono_ns(),
                              memory_order_relaxed);
    }
    return lws_write(wsi, server->frame + LWS_PRE, len, LWS_WRITE_TEXT) < (int)len ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(server_of(wsi), wsi);
    case LWS_CALLBACK_RECEIVE:
        on_request(server_of(wsi), wsi, in, len);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(server_of(wsi), wsi);
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "venue", .callback = on_event, .rx_buffer_size = 4096 },
    { .name = NULL },
};

static int listen_on_loopback(struct ws_server *server, struct err *err)
{
    const struct tls_identity *const identity = server->config.identity;
    const struct lws_context_creation_info info = {
        .port = 0,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .vhost_name = "bench",
        .user = server,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_IPV6,
        .server_ssl_cert_mem = identity->server_certs[TLS_HONEST],
        .server_ssl_cert_mem_len = (unsigned int)strlen(identity->server_certs[TLS_HONEST]),
        .server_ssl_private_key_mem = identity->server_key,
        .server_ssl_private_key_mem_len = (unsigned int)strlen(identity->server_key),
    };
    server->vhost = lws_create_vhost(server->context, &info);
    return server->vhost == NULL ? err_set(err, ARB_EINVAL, "no port on loopback") : ARB_OK;
}

int ws_server_create(struct ws_server **out, const struct ws_server_config *config, struct err *err)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    struct ws_server *const server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a server");
    }
    server->config = *config;
    lws_set_log_level(LLL_ERR, NULL);
    server->context = lws_create_context(&info);
    const int rc = server->context == NULL
                       ? err_set(err, ARB_ENOMEM, "libwebsockets gives no context")
                       : listen_on_loopback(server, err);
    if (rc != ARB_OK) {
        ws_server_destroy(server);
        return rc;
    }
    *out = server;
    return ARB_OK;
}

void ws_server_destroy(struct ws_server *server)
{
    if (server != NULL && server->context != NULL) {
        lws_context_destroy(server->context);
    }
    free(server);
}

int ws_server_port(const struct ws_server *server)
{
    return lws_get_vhost_listen_port(server->vhost);
}

static bool is_time_to_fire(const struct ws_server *server, int64_t now_ns)
{
    const size_t n_shots = server->n_shots[WS_OURS] + server->n_shots[WS_BARE];

    return atomic_load_explicit(&server->may_fire, memory_order_acquire) &&
           now_ns >= server->next_ns &&
           server->config.have_arrived(server->config.context, n_shots);
}

/* One update for one peer; each peer sees both updates in turn. */
static void fire(struct ws_server *server, int64_t now_ns)
{
    const enum ws_peer peer = server->is_bare_next ? WS_BARE : WS_OURS;
    const size_t shot = server->n_shots[peer];

    if (server->n_shots[WS_BARE] == server->config.n_shots) {
        atomic_store_explicit(&server->is_done, true, memory_order_release);
        return;
    }
    server->next_ns = now_ns + PERIOD_NS;
    server->is_bare_next = !server->is_bare_next;
    send_to(&server->peers[peer], server->config.updates[shot % 2], true);
}

/* Being woken is all the timer is for; it stays armed, lest lws_service() never return. */
static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct ws_server *const server = lws_container_of(timer, struct ws_server, timer);
    lws_sul_schedule(server->context, 0, timer, on_timer, WAIT_US);
}

void ws_server_step(struct ws_server *server)
{
    const int64_t now_ns = clock_mono_ns();

    if (is_time_to_fire(server, now_ns)) {
        fire(server, now_ns);
    }
    lws_sul_schedule(server->context, 0, &server->timer, on_timer, WAIT_US);
    (void)lws_service(server->context, 0);
}

void ws_server_wake(struct ws_server *server)
{
    lws_cancel_service(server->context);
}

void ws_server_fire(struct ws_server *server)
{
    atomic_store_explicit(&server->may_fire, true, memory_order_release);
}

bool ws_server_is_done(const struct ws_server *server)
{
    return atomic_load_explicit(&server->is_done, memory_order_acquire);
}

int64_t ws_server_sent_ns(const struct ws_server *server, enum ws_peer peer, size_t shot)
{
    return atomic_load_explicit(&server->sent_ns[peer][shot], memory_order_relaxed);
}
