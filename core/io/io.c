#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/dial.h"
#include "io/http_client.h"
#include "io/lws_log.h"
#include "io/net.h"
#include "io/ws_client.h"
#include "util/shortage.h"

enum {
    BUFFER_LEN = 64 << 10,  /* messages up to this long are delivered without copying */
    FDS_MAX = 512,          /* connections, requests, the wake-up, and sockets being closed */
    HEADERS_MAX = 16 << 10, /* of an HTTP answer; content delivery networks are talkative */
    WAIT_MAX_MS = 60000,
    CONTEXT_FILES = 4, /* that libwebsockets opens for a context */
    LOAD_LOOK_MS = 10,
    LOST_MS = 1000, /* a step that took so much longer than it was to wait */
};

struct io {
    struct net net;
    struct ws_client ws;
    struct http_client http;
    io_turn *on_turn;
    void *context;               /* of on_turn() */
    lws_sorted_usec_list_t wake; /* ends the wait in libwebsockets */
    int64_t turn_ns;             /* when the next turn is wanted */
    int64_t stepped_ns;          /* when the last step had read what there was */
    int64_t load_look_ns;        /* when the sockets are asked again how much waits in them */
    struct io_load load;
    bool is_destroying; /* nothing is reported any more */
    char who[64];
    char ca_file[4096];
};

const struct io_config io_config_defaults = {
    .who = NULL,
    .ca_file = NULL,
    .proxy = NULL,
    .idle_ms = 30000,
    .ping_ms = 10000,
    .round_trip_ms = 5000,
    .connect_timeout_ms = 10000,
    .backoff_min_ms = 1000,
    .backoff_max_ms = 60000,
    .http_timeout_ms = 10000,
    .seed = 0,
};

static int add_headers(struct io *io, struct lws *wsi, struct dial *dial, unsigned char **at,
                       size_t len)
{
    static const unsigned char name[] = "arbspot";
    unsigned char *const end = *at + len;

    if (lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_USER_AGENT, name, sizeof(name) - 1, at,
                                     end) != 0) {
        return -1;
    }
    return dial->kind == DIAL_HTTP
               ? http_client_add_headers(&io->http, dial, at, (size_t)(end - *at))
               : 0;
}

static int pass_on(struct io *io, struct dial *dial, enum lws_callback_reasons reason,
                   struct arb_bytes in)
{
    return dial->kind == DIAL_WS ? ws_client_event(&io->ws, dial, reason, in)
                                 : http_client_event(&io->http, dial, reason, in);
}

/*
 * All that libwebsockets has to say, for either protocol. Some of it arrives at the first
 * protocol whatever the socket speaks, so the dial tells which it is.
 */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct io *io = lws_context_user(lws_get_context(wsi));
    struct dial *dial = lws_get_opaque_user_data(wsi);

    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION) {
        return dial == NULL ? 1 : tls_verdict(user, (int)len, dial->url.host);
    }
    if (dial == NULL || io->is_destroying) {
        return 0;
    }
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE: /* misnamed: the TCP connection stands */
        dial_has_tcp(dial, &io->net, (int)lws_get_socket_fd(wsi));
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        dial->stage = DIAL_ASKED;
        return add_headers(io, wsi, dial, in, len);
    default:
        break;
    }
    if (dial->wsi != wsi) {
        return 0; /* dial_connect() has not returned; it reports by its result */
    }
    return pass_on(io, dial, reason, (struct arb_bytes){ in, in == NULL ? 0 : len });
}

static const struct lws_protocols protocols[] = {
    [DIAL_WS] = { .name = DIAL_WS_NAME, .callback = on_event, .rx_buffer_size = BUFFER_LEN },
    [DIAL_HTTP] = { .name = DIAL_HTTP_NAME, .callback = on_event, .rx_buffer_size = BUFFER_LEN },
    { 0 },
};

static void set_default(int64_t *value, int64_t fallback)
{
    *value = *value == 0 ? fallback : *value;
}

static int copy_text(const char **field, char *copy, size_t cap, struct err *err)
{
    if (*field == NULL) {
        return ARB_OK;
    }
    const int n = snprintf(copy, cap, "%s", *field);
    if (n < 0 || (size_t)n >= cap) {
        return err_set(err, ARB_ELIMIT, "longer than %zu bytes: \"%.40s...\"", cap - 1, *field);
    }
    *field = copy;
    return ARB_OK;
}

static int copy_config(struct io *io, const struct io_config *config, struct err *err)
{
    struct io_config *c = &io->net.config;

    *c = *config;
    set_default(&c->idle_ms, io_config_defaults.idle_ms);
    set_default(&c->ping_ms, io_config_defaults.ping_ms);
    set_default(&c->round_trip_ms, io_config_defaults.round_trip_ms);
    set_default(&c->connect_timeout_ms, io_config_defaults.connect_timeout_ms);
    set_default(&c->backoff_min_ms, io_config_defaults.backoff_min_ms);
    set_default(&c->backoff_max_ms, io_config_defaults.backoff_max_ms);
    set_default(&c->http_timeout_ms, io_config_defaults.http_timeout_ms);
    if (c->backoff_min_ms < 0 || c->backoff_max_ms < c->backoff_min_ms) {
        return err_set(err, ARB_EINVAL, "the largest backoff is below the smallest");
    }
    const int rc = copy_text(&c->who, io->who, sizeof(io->who), err);
    return rc != ARB_OK ? rc : copy_text(&c->ca_file, io->ca_file, sizeof(io->ca_file), err);
}

static struct lws_context *create_context(struct io *io)
{
    const int64_t longest_ms = io->net.config.connect_timeout_ms > io->net.config.http_timeout_ms
                                   ? io->net.config.connect_timeout_ms
                                   : io->net.config.http_timeout_ms;
    const unsigned beyond_s = (unsigned)(longest_ms / 1000 + 5);
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = io,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .provided_client_ssl_ctx = io->net.tls.ctx,
        .gid = -1, /* stay who we are */
        .uid = -1,
        .pt_serv_buf_size = BUFFER_LEN,
        .max_http_header_data = HEADERS_MAX,
        /* Else tables for every descriptor the process may ever open: a billion in containers. */
        .fd_limit_per_thread = FDS_MAX,
        .timeout_secs = beyond_s, /* our own are exact and come first */
        .connect_timeout_secs = beyond_s,
        /*
         * An empty proxy keeps libwebsockets from taking one out of the environment, and from using
         * its own CONNECT; see tunnel.h.
         */
        .http_proxy_address = "",
    };

    lws_log_take();
    return lws_create_context(&info);
}

static int init(struct io *io, const struct io_config *config, struct err *err)
{
    int rc = copy_config(io, config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    io->ws.net = &io->net;
    rc = http_client_init(&io->http, &io->net);
    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory for the HTTP queue");
    }
    rc = proxy_init(&io->net.proxy, io->net.config.proxy, err);
    if (rc != ARB_OK) {
        return err_prefix(err, "proxy: ");
    }
    rc = tls_init(&io->net.tls, io->net.config.ca_file, err);
    if (rc != ARB_OK) {
        return rc;
    }
    io->net.lws = create_context(io);
    if (io->net.lws == NULL) {
        const char *const lacking = shortage_of_files(CONTEXT_FILES);
        return err_set(err, ARB_ENOMEM, "no network context: %s",
                       lacking != NULL ? lacking : "libwebsockets gives none, memory is short");
    }
    return ARB_OK;
}

int io_create(struct io **io, const struct io_config *config, const struct port_events *events,
              io_turn *on_turn, void *context, struct err *err)
{
    struct io *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for an I/O context");
    }
    made->net.events = events;
    made->on_turn = on_turn;
    made->context = context;
    const int rc = init(made, config, err);
    if (rc != ARB_OK) {
        io_destroy(made);
        return rc;
    }
    *io = made;
    return ARB_OK;
}

void io_destroy(struct io *io)
{
    if (io == NULL) {
        return;
    }
    io->is_destroying = true;
    if (io->net.lws != NULL) {
        lws_sul_cancel(&io->wake);
        lws_context_destroy(io->net.lws);
    }
    ws_client_fini(&io->ws);
    http_client_fini(&io->http);
    tls_fini(&io->net.tls);
    free(io);
}

/* Turns */

/*
 * Ending the wait is all the timer is for. It stays armed: should it fall due inside
 * lws_service() before that gets to wait, nothing else would end the wait.
 */
static void on_wake(lws_sorted_usec_list_t *sul)
{
    struct io *const io = lws_container_of(sul, struct io, wake);
    lws_sul_schedule(io->net.lws, 0, sul, on_wake, LWS_US_PER_MS + 900);
}

static int64_t wait_ns(const struct io *io, int wait_ms, int64_t now_ns)
{
    const int64_t limit_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
    const int64_t due_ns = io->net.due_ns < io->turn_ns ? io->net.due_ns : io->turn_ns;
    const int64_t limit_ns = limit_ms * NS_PER_MS;

    /* A deadline may be as early or as late as it likes. */
    return due_ns <= now_ns ? 0 : due_ns - now_ns < limit_ns ? due_ns - now_ns : limit_ns;
}

/*
 * libwebsockets ignores the timeout it is given: it waits for its next timer, in whole
 * milliseconds rounded down. A timer set to whole milliseconds and most of another makes it
 * wait exactly that many, where a plain one would make it spin through the last fraction.
 */
static int service(struct io *io, int64_t wait)
{
    if (wait <= 0) {
        return lws_service(io->net.lws, -1); /* looks once and does not wait */
    }
    const lws_usec_t ms = (wait + NS_PER_MS - 1) / NS_PER_MS;
    lws_sul_schedule(io->net.lws, 0, &io->wake, on_wake, ms * LWS_US_PER_MS + 900);
    return lws_service(io->net.lws, 0);
}

static void run_due(struct io *io)
{
    const int64_t now_ns = clock_mono_ns();

    if (now_ns >= io->net.due_ns) {
        io->net.due_ns = INT64_MAX;
        ws_client_due(&io->ws, now_ns);
        http_client_due(&io->http, now_ns);
    }
}

/*
 * What the last message of a turn waited is no less than the turn took; what is still in a socket
 * waits longer. While there is anything, every turn looks: else the moment at which a socket is
 * empty is missed, which is all that tells a busy host from one that is too slow.
 */
static void look_at_load(struct io *io, int64_t waited_ns)
{
    const int64_t now_ns = clock_mono_ns();
    const int64_t turn_ns = io->net.busy_ns == 0 ? 0 : now_ns - io->net.busy_ns;
    const int64_t lost_ns = io->stepped_ns == 0 ? 0 : now_ns - io->stepped_ns - waited_ns;

    io->net.busy_ns = 0;
    io->stepped_ns = now_ns;
    if (lost_ns > LOST_MS * NS_PER_MS) {
        ws_client_excuse(&io->ws, lost_ns);
    }
    if (now_ns < io->load_look_ns && io->load.unread == 0) {
        return;
    }
    io->load_look_ns = now_ns + LOAD_LOOK_MS * NS_PER_MS;
    io->load = ws_client_load(&io->ws, now_ns);
    io->load.lag_ns = io->load.lag_ns > turn_ns ? io->load.lag_ns : turn_ns;
}

static void give_turn(struct io *io)
{
    io->turn_ns = io->on_turn(io->context, clock_moment());
}

int io_step(struct io *io, int wait_ms)
{
    const int64_t wait = wait_ns(io, wait_ms, clock_mono_ns());
    const int rc = service(io, wait);

    look_at_load(io, wait);
    run_due(io);
    give_turn(io);
    return rc < 0 ? ARB_ELIMIT : ARB_OK;
}

void io_wake(struct io *io)
{
    lws_cancel_service(io->net.lws);
}

/* The port */

static int port_ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    struct io *io = context;
    return ws_client_open(&io->ws, (struct ws_name){ owner, conn }, spec);
}

static void port_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    struct io *io = context;
    ws_client_dial(&io->ws, (struct ws_name){ owner, conn }, url);
}

static int port_ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    struct io *io = context;
    return ws_client_send(&io->ws, (struct ws_name){ owner, conn }, message);
}

static void port_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    struct io *io = context;
    ws_client_close(&io->ws, (struct ws_name){ owner, conn }, why);
}

static void port_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    struct io *io = context;
    ws_client_give_up(&io->ws, (struct ws_name){ owner, conn }, why);
}

static bool port_ws_is_behind(void *context, void *owner, uint32_t conn)
{
    struct io *io = context;
    return ws_client_is_behind(&io->ws, (struct ws_name){ owner, conn });
}

static int port_http(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    struct io *io = context;
    return http_client_ask(&io->http, owner, request, spec);
}

static void port_forget(void *context, void *owner)
{
    struct io *io = context;
    ws_client_forget(&io->ws, owner);
    http_client_forget(&io->http, owner);
}

static const struct port_ops port_ops = {
    .ws_open = port_ws_open,
    .ws_dial = port_ws_dial,
    .ws_send = port_ws_send,
    .ws_close = port_ws_close,
    .ws_give_up = port_ws_give_up,
    .http = port_http,
    .ws_is_behind = port_ws_is_behind,
    .forget = port_forget,
};

struct port io_port(struct io *io)
{
    return (struct port){ .ops = &port_ops, .context = io };
}

struct io_load io_load(const struct io *io)
{
    return io->load;
}

const struct io_stats *io_stats(const struct io *io)
{
    return &io->net.stats;
}

const char *io_last_failure(const struct io *io)
{
    return io->net.last_failure;
}
