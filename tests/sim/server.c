#include "server.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "send_line.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    MIN_WAIT_US = 1500, /* below 1 ms poll() would not sleep; what falls due is done together */
    PING_AFTER_S = 54,  /* as Bitstamp does */
    HANGUP_AFTER_S = 80,
    HEADERS_LEN_MAX = 2048,
    NO_CLIENT = SIM_CLIENTS_MAX,
};

#define SLOW_READER_NS (3 * NS_PER_S)
#define TRICKLE_NS (2 * NS_PER_S)
#define FLUSH_NS (NS_PER_S / 2) /* for what waits when a trickle ends */

static const lws_retry_bo_t ping_policy = {
    .secs_since_valid_ping = PING_AFTER_S,
    .secs_since_valid_hangup = HANGUP_AFTER_S,
};

struct connection {
    struct lws *wsi; /* NULL: free */
    struct send_line line;
    int64_t reads_at_ns;       /* until then nothing is read; 0: it is */
    int64_t trickles_until_ns; /* until then byte by byte */
    char *request;             /* a message that came in parts */
    size_t request_len;
    bool is_closing;
    uint16_t close_code; /* 0: without a word */
    char close_why[64];
};

/* One venue's port. */
struct desk {
    struct server *server;
    uint32_t venue;
    const char *name;
    char who[48]; /* for the log */
    struct lws_vhost *vhost;
    SSL_CTX *tls; /* the vhost's */
    int port;
    struct connection connections[SIM_CLIENTS_MAX];
};

struct server {
    struct lws_context *context;
    struct world *world;
    struct fault_layer *faults; /* NULL: nothing goes wrong */
    const struct tls_identity *identity;
    lws_sorted_usec_list_t timer;
    uint32_t n_desks;
    struct desk *desks;
};

/* What libwebsockets keeps for each connection, zeroed. */
struct session {
    uint32_t client_plus_one; /* 0 for HTTP and before the WebSocket is up */
    int status;               /* of the HTTP answer */
    uint32_t retry_after_s;   /* its header, 0: none */
    unsigned char *body;      /* LWS_PRE bytes of room, then an HTTP answer to be written */
    size_t body_len;
};

static struct desk *desk_of(struct lws *wsi)
{
    return lws_get_vhost_user(lws_get_vhost(wsi));
}

static struct sim_venue *model_of(const struct desk *desk)
{
    return world_venue(desk->server->world, desk->venue);
}

static void begin_close(struct connection *connection, uint16_t code, const char *why)
{
    connection->is_closing = true;
    connection->close_code = code;
    (void)snprintf(connection->close_why, sizeof(connection->close_why), "%s", why);
    send_line_clear(&connection->line);
    if (code == 0) {
        /* A client that does not read would never become writable. */
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    } else {
        lws_callback_on_writable(connection->wsi);
    }
}

static void on_world_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                           const char *why)
{
    struct server *const server = context;
    struct connection *const connection = &server->desks[venue].connections[client];

    if (connection->wsi != NULL && !connection->is_closing) {
        begin_close(connection, code, why);
    }
}

static void send_to(struct server *server, uint32_t venue, uint32_t client, struct arb_bytes frame,
                    enum send_manner manner)
{
    struct desk *const desk = &server->desks[venue];
    struct connection *const connection = &desk->connections[client];

    if (connection->wsi == NULL || connection->is_closing) {
        return;
    }
    if (manner == SEND_USUALLY && connection->trickles_until_ns > clock_now_ns()) {
        manner = SEND_BY_BYTE;
    }
    if (send_line_add(&connection->line, frame, manner) != ARB_OK) {
        log_line(ARB_WARN, desk->who, "client %u reads too slowly: %zu bytes wait, dropping it",
                 client, connection->line.len);
        begin_close(connection, 0, "too slow");
        return;
    }
    lws_callback_on_writable(connection->wsi);
}

static void on_world_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct server *const server = context;

    if (server->faults != NULL) {
        fault_send(server->faults, venue, client, frame, 0);
    } else {
        send_to(server, venue, client, frame, SEND_USUALLY);
    }
}

/* -- faults of the transport ---------------------------------------------------------- */

static void stop_reading(struct connection *connection, int64_t duration_ns)
{
    connection->reads_at_ns = clock_now_ns() + duration_ns;
    (void)lws_rx_flow_control(connection->wsi, 0); /* fails only for what is no WebSocket */
    lws_set_timer_usecs(connection->wsi, duration_ns / 1000);
}

/* Reads nothing meanwhile: libwebsockets would put its pong into the middle of a frame. */
static void begin_trickle(struct connection *connection)
{
    connection->trickles_until_ns = clock_now_ns() + TRICKLE_NS;
    stop_reading(connection, TRICKLE_NS + FLUSH_NS);
}

static enum send_manner manner_of(uint32_t kind)
{
    switch ((enum fault_kind)kind) {
    case FAULT_FRAGMENTS:
        return SEND_IN_FRAGMENTS;
    case FAULT_COMPRESSED:
        return SEND_AS_COMPRESSED;
    case FAULT_TORN:
        return SEND_TORN;
    default:
        return SEND_USUALLY;
    }
}

static void on_fault_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                          struct fault_mark mark)
{
    struct server *const server = context;
    struct connection *const connection = &server->desks[venue].connections[client];

    if (connection->wsi != NULL && mark.transport == FAULT_SLOW_READER) {
        stop_reading(connection, SLOW_READER_NS);
    } else if (connection->wsi != NULL && mark.transport == FAULT_TRICKLE) {
        begin_trickle(connection);
    }
    send_to(server, venue, client, frame, manner_of(mark.transport));
}

static void on_fault_tls(void *context, uint32_t venue, uint32_t kind)
{
    static const enum tls_face faces[N_FAULT_KINDS] = { [FAULT_TLS_REFUSED] = TLS_REFUSAL,
                                                        [FAULT_TLS_EXPIRED] = TLS_EXPIRED,
                                                        [FAULT_TLS_STRANGER] = TLS_STRANGER };
    const struct server *const server = context;
    const struct desk *const desk = &server->desks[venue];

    if (tls_show(desk->tls, server->identity, faces[kind]) != ARB_OK) {
        log_line(ARB_ERROR, desk->who, "OpenSSL does not take another certificate");
    }
}

static void on_fault_applied(void *context, const struct fault *fault)
{
    const struct server *const server = context;
    log_line(ARB_INFO, server->desks[fault->venue].who, "fault: %s", fault_infos[fault->kind].help);
}

/* What was slow at this connection goes on as it should, when it is time. */
static void on_tick(struct lws *wsi, struct session *session)
{
    struct connection *const connection = &desk_of(wsi)->connections[session->client_plus_one - 1];
    const int64_t now_ns = clock_now_ns();

    if (connection->reads_at_ns != 0 && connection->reads_at_ns <= now_ns) {
        connection->reads_at_ns = 0;
        (void)lws_rx_flow_control(wsi, 1);
    } else if (connection->reads_at_ns != 0) {
        lws_set_timer_usecs(wsi, (connection->reads_at_ns - now_ns) / 1000);
    }
    if (connection->trickles_until_ns <= now_ns) {
        send_line_hurry(&connection->line);
    }
    lws_callback_on_writable(wsi);
}

struct world_outlet server_outlet(struct server *server)
{
    return (
        struct world_outlet){ .send = on_world_send, .close = on_world_close, .context = server };
}

static void on_fault_end(void *context, uint32_t venue, uint32_t client, uint32_t instrument)
{
    struct server *const server = context;
    struct sim_venue *const model = model_of(&server->desks[venue]);

    if (model->ops->end_subscription != NULL) {
        model->ops->end_subscription(model, client, instrument, clock_now_ns());
    }
}

struct fault_sink server_fault_sink(struct server *server)
{
    return (struct fault_sink){ .send = on_fault_send,
                                .close = on_world_close,
                                .applied = on_fault_applied,
                                .tls = on_fault_tls,
                                .end = on_fault_end,
                                .context = server };
}

void server_attach_faults(struct server *server, struct fault_layer *faults)
{
    server->faults = faults;
}

static uint32_t free_client(const struct desk *desk)
{
    uint32_t id = 0;
    while (id < SIM_CLIENTS_MAX && desk->connections[id].wsi != NULL) {
        id++;
    }
    return id;
}

/* Returns what a libwebsockets callback returns: non-zero drops the connection. */
static int on_established(struct lws *wsi, struct session *session)
{
    struct desk *const desk = desk_of(wsi);
    const uint32_t client = free_client(desk);

    if (client == NO_CLIENT) {
        log_line(ARB_WARN, desk->who, "more than %d clients: the last one is refused",
                 SIM_CLIENTS_MAX);
        return -1;
    }
    desk->connections[client] = (struct connection){ .wsi = wsi };
    session->client_plus_one = client + 1;
    log_line(ARB_INFO, desk->who, "client %u connected", client);
    struct sim_venue *const model = model_of(desk);
    model->ops->on_connect(model, client, clock_now_ns());
    return 0;
}

static void on_closed(struct lws *wsi, struct session *session)
{
    struct desk *const desk = desk_of(wsi);

    if (session->client_plus_one == 0) {
        return;
    }
    const uint32_t client = session->client_plus_one - 1;
    struct connection *const connection = &desk->connections[client];
    struct sim_venue *const model = model_of(desk);
    model->ops->on_disconnect(model, client);
    if (desk->server->faults != NULL) {
        fault_on_disconnect(desk->server->faults, desk->venue, client);
    }
    send_line_clear(&connection->line);
    free(connection->request);
    *connection = (struct connection){ 0 };
    session->client_plus_one = 0;
    log_line(ARB_INFO, desk->who, "client %u disconnected", client);
}

/* Ends the connection from within a callback: its return value does it. */
static int finish_close(struct connection *connection)
{
    if (connection->close_code != 0) {
        char why[sizeof(connection->close_why)];
        memcpy(why, connection->close_why, sizeof(why));
        lws_close_reason(connection->wsi, (enum lws_close_status)connection->close_code,
                         (unsigned char *)why, strlen(why));
    }
    return -1;
}

static int on_received(struct lws *wsi, struct session *session, const char *data, size_t len)
{
    struct desk *const desk = desk_of(wsi);
    const uint32_t client = session->client_plus_one - 1;
    struct connection *const connection = &desk->connections[client];
    const size_t total = connection->request_len + len;
    char *const request =
        total > SERVER_REQUEST_MAX ? NULL : realloc(connection->request, total + 1);

    if (request == NULL) {
        log_line(ARB_WARN, desk->who, "client %u sent a message of %zu bytes, dropping it", client,
                 total);
        return -1;
    }
    memcpy(request + connection->request_len, data, len);
    connection->request = request;
    connection->request_len = total;
    if (lws_remaining_packet_payload(wsi) > 0 || !lws_is_final_fragment(wsi)) {
        return 0;
    }
    connection->request_len = 0;
    const struct arb_bytes text = { request, total };
    struct sim_venue *const model = model_of(desk);
    if (desk->server->faults == NULL ||
        fault_request(desk->server->faults, desk->venue, client, text)) {
        model->ops->on_text(model, client, clock_now_ns(), text);
    }
    return connection->is_closing ? finish_close(connection) : 0;
}

static int on_writable(struct lws *wsi, struct session *session)
{
    struct connection *const connection = &desk_of(wsi)->connections[session->client_plus_one - 1];

    if (connection->is_closing) {
        return finish_close(connection);
    }
    switch (send_line_write(&connection->line, wsi)) {
    case SEND_DONE:
        return 0;
    case SEND_MORE:
        lws_callback_on_writable(wsi);
        return 0;
    case SEND_LATER:
        lws_set_timer_usecs(wsi, SEND_TICK_US);
        return 0;
    default:
        return -1;
    }
}

/* Keeps a copy of the answer until the connection takes it. */
static int keep_body(struct session *session, struct arb_bytes body)
{
    free(session->body);
    session->body = malloc(LWS_PRE + body.len);
    if (session->body == NULL) {
        return -1;
    }
    memcpy(session->body + LWS_PRE, body.data, body.len);
    session->body_len = body.len;
    return 0;
}

/* Puts the path together with its query, which comes in parts. */
static void put_address(struct lws *wsi, const char *path, char *address, size_t cap)
{
    struct arb_text text = arb_text_over(address, cap);
    char part[SIM_PATH_MAX];

    arb_text_add(&text, "%s", path);
    for (int i = 0; lws_hdr_copy_fragment(wsi, part, sizeof(part), WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++) {
        arb_text_add(&text, "%s%s", i == 0 ? "?" : "&", part);
    }
}

static int add_retry_after(struct lws *wsi, uint32_t seconds, unsigned char **at,
                           unsigned char *end)
{
    char value[16];
    const int len = snprintf(value, sizeof(value), "%u", seconds);

    return seconds == 0 ? 0
                        : lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_RETRY_AFTER,
                                                       (unsigned char *)value, len, at, end);
}

static int write_headers(struct lws *wsi, const struct session *session)
{
    unsigned char headers[LWS_PRE + HEADERS_LEN_MAX];
    unsigned char *const start = headers + LWS_PRE, *at = start;
    unsigned char *const end = headers + sizeof(headers) - 1;

    if (lws_add_http_common_headers(wsi, (unsigned int)session->status, "application/json",
                                    session->body_len, &at, end) != 0 ||
        add_retry_after(wsi, session->retry_after_s, &at, end) != 0 ||
        lws_finalize_write_http_header(wsi, start, &at, end) != 0) {
        return -1;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_http(struct lws *wsi, struct session *session, const char *path)
{
    struct desk *const desk = desk_of(wsi);
    struct sim_venue *const model = model_of(desk);
    struct fault_answer answer = { 0 };
    char address[SIM_PATH_MAX];

    put_address(wsi, path, address, sizeof(address));
    answer.status = model->ops->on_get(model, address, clock_now_ns(), &answer.body);
    if (desk->server->faults != NULL) {
        fault_answer(desk->server->faults, desk->venue, path, &answer);
    }
    session->status = answer.status;
    session->retry_after_s = answer.retry_after_s;
    if (keep_body(session, answer.body) != 0) {
        return -1;
    }
    if (answer.delay_ns > 0) {
        lws_set_timer_usecs(wsi, answer.delay_ns / 1000);
        return 0;
    }
    return write_headers(wsi, session);
}

static int on_http_writable(struct lws *wsi, struct session *session)
{
    if (session->body == NULL) {
        return 0;
    }
    const int n = lws_write(wsi, session->body + LWS_PRE, session->body_len, LWS_WRITE_HTTP_FINAL);
    const bool written = n >= (int)session->body_len;
    free(session->body);
    session->body = NULL;
    if (!written) {
        return -1;
    }
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static void drop_body(struct session *session)
{
    if (session != NULL) {
        free(session->body);
        session->body = NULL;
    }
}

static int on_timer_of(struct lws *wsi, struct session *session)
{
    if (session->client_plus_one == 0) {
        return write_headers(wsi, session); /* of an answer that was late */
    }
    on_tick(wsi, session);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(wsi, user);
    case LWS_CALLBACK_RECEIVE:
        return on_received(wsi, user, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(wsi, user);
    case LWS_CALLBACK_CLOSED:
        on_closed(wsi, user);
        return 0;
    case LWS_CALLBACK_HTTP:
        return on_http(wsi, user, in);
    case LWS_CALLBACK_TIMER:
        return on_timer_of(wsi, user);
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        ((struct desk *)lws_get_vhost_user(in))->tls = user;
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_http_writable(wsi, user);
    case LWS_CALLBACK_CLOSED_HTTP:
        drop_body(user);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "venue",
      .callback = on_event,
      .per_session_data_size = sizeof(struct session),
      .rx_buffer_size = 4096 },
    { .name = NULL },
};

static int open_desk(struct server *server, uint32_t venue, const struct server_config *config,
                     struct err *err)
{
    struct desk *const desk = &server->desks[venue];
    const struct tls_identity *const identity = config->identity;

    desk->server = server;
    desk->venue = venue;
    desk->name = config->venues[venue];
    (void)snprintf(desk->who, sizeof(desk->who), "venue=%s", desk->name);
    const struct lws_context_creation_info info = {
        .port = config->ports[venue],
        .iface = "127.0.0.1",
        .protocols = protocols,
        .vhost_name = config->venues[venue],
        .user = desk,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_IPV6,
        .retry_and_idle_policy = &ping_policy,
        .server_ssl_cert_mem = identity->server_certs[TLS_HONEST],
        .server_ssl_cert_mem_len = (unsigned int)strlen(identity->server_certs[TLS_HONEST]),
        .server_ssl_private_key_mem = identity->server_key,
        .server_ssl_private_key_mem_len = (unsigned int)strlen(identity->server_key),
    };
    desk->vhost = lws_create_vhost(server->context, &info);
    desk->port = desk->vhost == NULL ? -1 : lws_get_vhost_listen_port(desk->vhost);
    if (desk->port <= 0) {
        return err_set(err, ARB_EINVAL, "%s: port %d cannot be listened on; is it taken?",
                       desk->name, config->ports[venue]);
    }
    return ARB_OK;
}

int server_create(struct server **out, const struct server_config *config, struct err *err)
{
    struct server *const server = calloc(1, sizeof(*server));
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    int rc = ARB_OK;

    if (server == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the server");
    }
    server->identity = config->identity;
    lws_set_log_level(LLL_ERR, NULL);
    server->desks = calloc(config->n_venues, sizeof(*server->desks));
    server->context = lws_create_context(&info);
    if (server->desks == NULL || server->context == NULL) {
        server_destroy(server);
        return err_set(err, ARB_ENOMEM, "libwebsockets could not start");
    }
    for (uint32_t i = 0; i < config->n_venues && rc == ARB_OK; i++) {
        rc = open_desk(server, i, config, err);
        server->n_desks = i + 1;
    }
    if (rc != ARB_OK) {
        server_destroy(server);
        return rc;
    }
    *out = server;
    return ARB_OK;
}

void server_destroy(struct server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->context != NULL) {
        lws_context_destroy(server->context); /* reports each connection as closed */
    }
    free(server->desks);
    free(server);
}

void server_attach(struct server *server, struct world *world)
{
    server->world = world;
}

int server_port(const struct server *server, uint32_t venue)
{
    return server->desks[venue].port;
}

/*
 * Being woken is all the timer is for. It must stay armed: should it fall due before
 * lws_service() gets to wait, nothing else would end that wait.
 */
static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct server *const server = lws_container_of(timer, struct server, timer);
    lws_sul_schedule(server->context, 0, timer, on_timer, MIN_WAIT_US);
}

static int64_t wait_us(const struct server *server, int wait_ms)
{
    const int64_t longest = (int64_t)wait_ms * 1000;
    const int64_t world_ns = world_next_ns(server->world);
    const int64_t fault_ns = server->faults == NULL ? INT64_MAX : fault_next_ns(server->faults);
    const int64_t next_ns = world_ns < fault_ns ? world_ns : fault_ns;
    const int64_t until = next_ns == INT64_MAX ? longest : (next_ns - clock_now_ns()) / 1000;

    if (until > longest) {
        return longest;
    }
    return until < MIN_WAIT_US ? MIN_WAIT_US : until;
}

int server_step(struct server *server, int wait_ms)
{
    if (server->faults != NULL) {
        fault_advance(server->faults, clock_now_ns());
    }
    world_advance(server->world, clock_now_ns());
    lws_sul_schedule(server->context, 0, &server->timer, on_timer, wait_us(server, wait_ms));
    return lws_service(server->context, 0) < 0 ? ARB_EINVAL : ARB_OK;
}
