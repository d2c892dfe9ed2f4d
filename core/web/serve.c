#include "web/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/lws_log.h"
#include "util/shortage.h"
#include "web/answer.h"
#include "web/listener.h"
#include "web/live.h"
#include "web/state.h"

enum {
    OWN_FDS = 16,      /* beside connections: the listener, the wake-up, sockets being closed */
    CONTEXT_FILES = 4, /* that libwebsockets opens for a context */
    ACCEPTS_MAX = 64,  /* in a row, before others get their turn */
    LOOK_MS = 100,     /* between two looks at what is late */
    WAIT_MAX_MS = 60000,
    LWS_PATIENCE_S = 60, /* of libwebsockets itself: our limits are exact and come first */
};

/* -- connections ---------------------------------------------------------------------- */

static struct conn *free_conn(struct web *web)
{
    for (uint32_t i = 0; i < WEB_CONNECTIONS; i++) {
        if (web->conns[i].wsi == NULL) {
            return &web->conns[i];
        }
    }
    return NULL;
}

static void take(struct web *web, int fd)
{
    struct conn *const conn = free_conn(web);

    if (conn == NULL) {
        web_refuse(web, WEB_TOO_MANY_CONNECTIONS);
        (void)close(fd); /* nothing was written */
        return;
    }
    struct lws *const wsi = lws_adopt_socket_vhost(web->vhost, fd); /* closes it when it fails */
    if (wsi == NULL) {
        web_refuse(web, WEB_NO_ROOM);
        return;
    }
    *conn = (struct conn){
        .web = web, .wsi = wsi, .stage = CONN_ASKS, .deadline_ns = clock_mono_ns() + web->headers_ns
    };
    lws_set_opaque_user_data(wsi, conn);
    web->stats.n_connections++;
}

/* Out of descriptors or memory: the listener would be readable for ever. */
static void pause_accepting(struct web *web)
{
    web_refuse(web, WEB_NO_ROOM);
    web->is_pausing = true;
    (void)lws_rx_flow_control(web->listener, 0); /* fails for what is no listener */
}

static int accept_all(struct web *web)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        const int fd = listener_accept(web->listener_fd);
        if (fd >= 0) {
            web->stats.connections++;
            take(web, fd);
        } else if (errno == EAGAIN) {
            return 0;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(web);
            return 0;
        }
    }
    return 0;
}

static void forget(struct conn *conn)
{
    if (conn->stage == CONN_ASKS) {
        web_refuse(conn->web, WEB_BAD_REQUEST);
    }
    answer_forget(conn);
    conn->web->stats.n_connections--;
    conn->wsi = NULL;
}

/* -- what libwebsockets says ----------------------------------------------------------- */

static int on_http_event(struct conn *conn, enum lws_callback_reasons reason, struct arb_bytes in)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return answer_request(conn);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return answer_upgrade(conn, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return answer_go_on(conn);
    case LWS_CALLBACK_HTTP_BODY:
        return -1; /* no request of ours has one */
    default:
        return 0;
    }
}

static int on_live_event(struct conn *conn, enum lws_callback_reasons reason, struct arb_bytes in)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        live_open(conn);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return live_receive(conn, in);
    case LWS_CALLBACK_RECEIVE_PONG:
        live_pong(conn, in);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return live_write(conn);
    case LWS_CALLBACK_CLOSED:
        live_close(conn);
        return 0;
    default:
        return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct web *const web = lws_context_user(lws_get_context(wsi));
    struct conn *const conn = lws_get_opaque_user_data(wsi);
    /* Of an upgrade it is a terminated text, without its length. */
    const bool is_text = reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE;
    const struct arb_bytes bytes = { in, in == NULL ? 0 : is_text ? strlen(in) : len };

    (void)user;
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        return accept_all(web);
    }
    if (conn == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        forget(conn);
        return 0;
    }
    const int rc = on_http_event(conn, reason, bytes);
    return rc != 0 ? rc : on_live_event(conn, reason, bytes);
}

static const struct lws_protocols protocols[] = {
    { .name = "arbspot", .callback = on_event, .rx_buffer_size = WEB_MESSAGE_MAX },
    { 0 },
};

/* -- beginning and end ----------------------------------------------------------------- */

static struct lws_context *create_context(struct web *web)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .user = web,
        .vhost_name = "arbspot",
        .gid = -1, /* stay who we are */
        .uid = -1,
        .headers = answer_headers, /* of answers that are not ours */
        .server_string = "arbspot",
        .max_http_header_data = WEB_HEADERS_MAX,
        .max_http_header_pool = WEB_CONNECTIONS, /* so that nobody waits for somebody slow */
        .fd_limit_per_thread = WEB_CONNECTIONS + OWN_FDS,
        .timeout_secs = LWS_PATIENCE_S,
        .keepalive_timeout = LWS_PATIENCE_S,
        .timeout_secs_ah_idle = LWS_PATIENCE_S,
    };

    lws_log_take();
    return lws_create_context(&info);
}

static int adopt_listener(struct web *web, struct err *err)
{
    const lws_sock_file_fd_type fd = { .filefd = web->listener_fd };

    web->listener = lws_adopt_descriptor_vhost(web->vhost, LWS_ADOPT_RAW_FILE_DESC, fd,
                                               protocols[0].name, NULL);
    return web->listener != NULL
               ? ARB_OK
               : err_set(err, ARB_ENOMEM, "libwebsockets does not take the listening socket");
}

static int64_t ns_or(int64_t ms, int64_t usual_ms)
{
    return (ms == 0 ? usual_ms : ms) * NS_PER_MS;
}

static int copy_config(struct web *web, const struct web_config *config, struct err *err)
{
    if (config->n_routes > WEB_ROUTES_MAX || config->clients_max > WEB_CLIENTS_MAX) {
        return err_set(err, ARB_ELIMIT, "more than %d routes, or more than %d clients",
                       (int)WEB_ROUTES_MAX, (int)WEB_CLIENTS_MAX);
    }
    if (config->n_routes > 0) {
        memcpy(web->routes, config->routes, config->n_routes * sizeof(*web->routes));
    }
    web->n_routes = config->n_routes;
    web->context = config->context;
    web->write = config->write;
    web->clients_max = config->clients_max == 0 ? WEB_CLIENTS : config->clients_max;
    web->headers_ns = ns_or(config->headers_ms, WEB_HEADERS_MS);
    web->idle_ns = ns_or(config->idle_ms, WEB_IDLE_MS);
    web->stalled_ns = ns_or(config->stalled_ms, WEB_STALLED_MS);
    web->listener_fd = -1;
    web->tick = 1;
    return ARB_OK;
}

static int open_listener(struct web *web, const struct web_config *config, struct err *err)
{
    struct listen_address address;
    char text[LISTEN_TEXT_MAX];

    int rc = listen_address_parse(&address, config->listen, err);
    if (rc == ARB_OK) {
        rc = access_init(&web->access, &address, config->token, err);
    }
    if (rc == ARB_OK) {
        rc = listener_open(&address, &web->listener_fd, err);
    }
    if (rc == ARB_OK) {
        access_set_port(&web->access, address.port);
        listen_address_text(&address, text);
        (void)snprintf(web->url, sizeof(web->url), "http://%s/", text);
    }
    return rc;
}

static int init(struct web *web, const struct web_config *config, struct err *err)
{
    int rc = copy_config(web, config, err);

    if (rc == ARB_OK) {
        rc = open_listener(web, config, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    web->lws = create_context(web);
    web->vhost = web->lws == NULL ? NULL : lws_get_vhost_by_name(web->lws, "arbspot");
    if (web->vhost == NULL) {
        const char *const lacking = shortage_of_files(CONTEXT_FILES);
        return err_set(err, ARB_ENOMEM, "no network context: %s",
                       lacking != NULL ? lacking : "libwebsockets gives none, memory is short");
    }
    return adopt_listener(web, err);
}

int web_create(struct web **web, const struct web_config *config, struct err *err)
{
    struct web *const made = calloc(1, sizeof(*made));

    if (made == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a web listener");
    }
    const int rc = init(made, config, err);
    if (rc != ARB_OK) {
        web_destroy(made);
        return rc;
    }
    *web = made;
    return ARB_OK;
}

void web_destroy(struct web *web)
{
    if (web == NULL) {
        return;
    }
    if (web->lws != NULL) {
        lws_sul_cancel(&web->wake);
        lws_context_destroy(web->lws);
    }
    if (web->listener == NULL && web->listener_fd >= 0) {
        (void)close(web->listener_fd); /* else libwebsockets did; nothing was written */
    }
    text_buffer_fini(&web->own);
    text_buffer_fini(&web->shared);
    free(web);
}

/* -- turns ----------------------------------------------------------------------------- */

static void end_if_late(struct conn *conn, int64_t now_ns)
{
    if (conn->wsi == NULL || now_ns < conn->deadline_ns) {
        return;
    }
    if (conn->stage == CONN_ASKS) {
        web_refuse(conn->web, WEB_SLOW_REQUEST);
    } else if (conn->stage == CONN_TAKES) {
        web_refuse(conn->web, WEB_STALLED);
    }
    conn_drop(conn);
}

static void look_after_all(struct web *web, int64_t now_ns)
{
    web->look_ns = now_ns + LOOK_MS * NS_PER_MS;
    for (uint32_t i = 0; i < WEB_CONNECTIONS; i++) {
        end_if_late(&web->conns[i], now_ns);
    }
    if (web->is_pausing) {
        web->is_pausing = false;
        (void)lws_rx_flow_control(web->listener, 1); /* fails for what is no listener */
    }
}

/* Turns keep their distance: those that were late are not made up for. */
static void tick(struct web *web, int64_t now_ns)
{
    web->tick_ns = now_ns + WEB_FRAME_MS * NS_PER_MS;
    web->tick++;
    for (uint32_t i = 0; i < WEB_CONNECTIONS; i++) {
        if (web->conns[i].wsi != NULL && web->conns[i].stage == CONN_LIVE) {
            live_tick(&web->conns[i], now_ns);
        }
    }
}

/* Ending the wait is all the timer is for, see io.c. */
static void on_wake(lws_sorted_usec_list_t *sul)
{
    struct web *const web = lws_container_of(sul, struct web, wake);
    lws_sul_schedule(web->lws, 0, sul, on_wake, LWS_US_PER_MS + 900);
}

static int64_t wait_ms(const struct web *web, int timeout_ms, int64_t now_ns)
{
    const int64_t due_ns = web->tick_ns < web->look_ns ? web->tick_ns : web->look_ns;
    const int64_t limit_ms = timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS;

    if (web->stats.n_connections == 0 && !web->is_pausing) {
        return limit_ms;
    }
    const int64_t due_ms = due_ns <= now_ns ? 0 : (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
    return due_ms < limit_ms ? due_ms : limit_ms;
}

void web_step(struct web *web, int timeout_ms)
{
    const int64_t ms = wait_ms(web, timeout_ms, clock_mono_ns());

    if (ms > 0) {
        lws_sul_schedule(web->lws, 0, &web->wake, on_wake, ms * LWS_US_PER_MS + 900);
    }
    (void)lws_service(web->lws, ms > 0 ? 0 : -1); /* what fails shows as connections that end */
    const int64_t now_ns = clock_mono_ns();
    if (now_ns >= web->look_ns) {
        look_after_all(web, now_ns);
    }
    if (now_ns >= web->tick_ns) {
        tick(web, now_ns);
    }
}

void web_wake(struct web *web)
{
    lws_cancel_service(web->lws);
}

struct web_stats web_stats(const struct web *web)
{
    return web->stats;
}

const char *web_refusal_name(enum web_refusal refusal)
{
    static const char *const names[N_WEB_REFUSALS] = {
        [WEB_TOO_MANY_CONNECTIONS] = "connections",
        [WEB_TOO_MANY_CLIENTS] = "clients",
        [WEB_BAD_HOST] = "host",
        [WEB_BAD_ORIGIN] = "origin",
        [WEB_BAD_TOKEN] = "token",
        [WEB_BAD_PATH] = "path",
        [WEB_BAD_METHOD] = "method",
        [WEB_BAD_REQUEST] = "request",
        [WEB_SLOW_REQUEST] = "slow_request",
        [WEB_BAD_MESSAGE] = "message",
        [WEB_STALLED] = "stalled",
        [WEB_NO_ROOM] = "no_room",
    };
    return names[refusal];
}

const char *web_url(const struct web *web)
{
    return web->url;
}
