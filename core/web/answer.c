#include "web/answer.h"

#include <string.h>

#include "arbspot/json.h"
#include "arbspot/text.h"
#include "web/page.h"
#include "web/request.h"

enum {
    HEAD_MAX = 2048,   /* bytes of an answer's headers */
    SMALL_MAX = 1024,  /* bytes of a body that goes with them */
    PIECE_MAX = 16384, /* bytes of a larger one that are written at once */
};

/* The one behind the i-th, linked as libwebsockets wants it. */
#define HEADER(i_, name_, value_)                                                                  \
    {                                                                                              \
        &answer_headers[(i_) + 1], NULL, name_ ":", value_                                         \
    }

const struct lws_protocol_vhost_options answer_headers[] = {
    HEADER(0, "content-security-policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
           "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    HEADER(1, "x-content-type-options", "nosniff"),
    HEADER(2, "referrer-policy", "no-referrer"),
    HEADER(3, "cross-origin-resource-policy", "same-origin"),
    { NULL, NULL, "cache-control:", "no-store" },
};

static const char plain[] = "text/plain; charset=utf-8";

struct reply {
    unsigned status;
    const char *content_type;
    struct arb_bytes body;    /* lives until it is written */
    const char *name, *value; /* one more header; NULL: none */
    const char *cookie;       /* that the browser shall keep; NULL: none */
    bool closes;
    bool is_head; /* the body's length is told, and no body */
};

static const char *phrase_of(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 303:
        return "See Other";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Other";
    }
}

static void add_head(struct arb_text *text, const struct reply *reply)
{
    arb_text_add(text, "HTTP/1.1 %u %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n",
                 reply->status, phrase_of(reply->status), reply->content_type, reply->body.len);
    for (const struct lws_protocol_vhost_options *header = answer_headers; header != NULL;
         header = header->next) {
        arb_text_add(text, "%s %s\r\n", header->name, header->value);
    }
    if (reply->name != NULL) {
        arb_text_add(text, "%s: %s\r\n", reply->name, reply->value);
    }
    if (reply->cookie != NULL) {
        arb_text_add(text, "set-cookie: %s; Path=/; HttpOnly; SameSite=Strict\r\n", reply->cookie);
    }
    arb_text_add(text, "%s\r\n", reply->closes ? "connection: close\r\n" : "");
}

static int write_bytes(struct conn *conn, char *bytes, size_t len, enum lws_write_protocol kind)
{
    if (lws_write(conn->wsi, (unsigned char *)bytes, len, kind) < (int)len) {
        return -1;
    }
    conn->web->stats.bytes += len;
    return 0;
}

/* The answer is written; what comes next is another request, or nothing. */
static int finish(struct conn *conn)
{
    answer_forget(conn);
    if (conn->closes) {
        conn->stage = CONN_ENDS;
        return -1;
    }
    conn->stage = CONN_RESTS;
    conn->deadline_ns = clock_mono_ns() + conn->web->idle_ns;
    return lws_http_transaction_completed(conn->wsi) != 0 ? -1 : 0;
}

static int send_reply(struct conn *conn, const struct reply *reply)
{
    char bytes[LWS_PRE + HEAD_MAX + SMALL_MAX];
    struct arb_text text = arb_text_over(bytes + LWS_PRE, HEAD_MAX);
    const bool is_small = reply->body.len <= SMALL_MAX && !reply->is_head;

    add_head(&text, reply);
    if (!arb_text_fits(&text)) {
        return -1;
    }
    if (is_small && reply->body.len > 0) {
        memcpy(text.data + text.len, reply->body.data, reply->body.len);
        text.len += reply->body.len;
    }
    conn->web->stats.requests++;
    conn->closes = reply->closes;
    if (write_bytes(conn, text.data, text.len, LWS_WRITE_HTTP_HEADERS) != 0) {
        return -1;
    }
    if (is_small || reply->is_head) {
        return finish(conn);
    }
    conn->rest = reply->body.data;
    conn->n_rest = reply->body.len;
    conn->stage = CONN_TAKES;
    conn->deadline_ns = clock_mono_ns() + conn->web->stalled_ns;
    lws_callback_on_writable(conn->wsi);
    return 0;
}

int answer_go_on(struct conn *conn)
{
    char bytes[LWS_PRE + PIECE_MAX];
    const size_t len = conn->n_rest < PIECE_MAX ? conn->n_rest : PIECE_MAX;
    const bool is_last = len == conn->n_rest;

    if (conn->stage != CONN_TAKES) {
        return 0;
    }
    memcpy(bytes + LWS_PRE, conn->rest, len);
    conn->rest += len;
    conn->n_rest -= len;
    conn->deadline_ns = clock_mono_ns() + conn->web->stalled_ns;
    if (write_bytes(conn, bytes + LWS_PRE, len, is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) !=
        0) {
        return -1;
    }
    if (is_last) {
        return finish(conn);
    }
    lws_callback_on_writable(conn->wsi);
    return 0;
}

void answer_forget(struct conn *conn)
{
    conn->web->stats.waiting_bytes -= conn->body.cap;
    text_buffer_fini(&conn->body);
    conn->rest = NULL;
    conn->n_rest = 0;
}

/* -- refusals ------------------------------------------------------------------------- */

static int refuse(struct conn *conn, enum web_refusal refusal, const struct reply *reply)
{
    web_refuse(conn->web, refusal);
    return send_reply(conn, reply);
}

static struct reply refusal_of(unsigned status, const char *text, const struct request *request)
{
    return (struct reply){ .status = status,
                           .content_type = plain,
                           .body = arb_bytes_of(text),
                           .closes = true,
                           .is_head = request->method == REQUEST_HEAD };
}

static int refuse_method(struct conn *conn, const struct request *request)
{
    struct reply reply = refusal_of(405, "only GET and HEAD\n", request);

    reply.name = "allow";
    reply.value = "GET, HEAD";
    return refuse(conn, WEB_BAD_METHOD, &reply);
}

static int refuse_token(struct conn *conn, const struct request *request)
{
    struct reply reply =
        refusal_of(401,
                   "a token is needed: open /?token=TOKEN once in this browser, or send the header "
                   "Authorization: Bearer TOKEN\n",
                   request);

    reply.name = "www-authenticate";
    reply.value = "Bearer realm=\"arbspot\"";
    return refuse(conn, WEB_BAD_TOKEN, &reply);
}

static int refuse_verdict(struct conn *conn, enum access_verdict verdict,
                          const struct request *request)
{
    switch (verdict) {
    case ACCESS_BAD_HOST: {
        const struct reply reply = refusal_of(
            403, "this is served to the names of this machine only: localhost, 127.0.0.1\n",
            request);
        return refuse(conn, WEB_BAD_HOST, &reply);
    }
    case ACCESS_BAD_ORIGIN: {
        const struct reply reply =
            refusal_of(403, "only the page of this very address may open a WebSocket\n", request);
        return refuse(conn, WEB_BAD_ORIGIN, &reply);
    }
    default:
        return refuse_token(conn, request);
    }
}

static int refuse_path(struct conn *conn, const struct request *request)
{
    const struct reply reply = refusal_of(404, "there is nothing of that name\n", request);
    return refuse(conn, WEB_BAD_PATH, &reply);
}

/* -- what is served ------------------------------------------------------------------- */

/* The token leaves the address line, where it would be seen and kept, for a cookie. */
static int log_in(struct conn *conn, const struct request *request)
{
    return send_reply(conn, &(struct reply){ .status = 303,
                                             .content_type = plain,
                                             .body = arb_bytes_of("go on to /\n"),
                                             .name = "location",
                                             .value = "/",
                                             .cookie = conn->web->access.cookie,
                                             .is_head = request->method == REQUEST_HEAD });
}

static const char *type_of(const char *path)
{
    const char *const dot = strrchr(path, '.');

    return dot == NULL                 ? plain
           : strcmp(dot, ".html") == 0 ? "text/html; charset=utf-8"
           : strcmp(dot, ".css") == 0  ? "text/css; charset=utf-8"
                                       : "text/javascript; charset=utf-8";
}

static const struct page_file *find_file(struct arb_bytes path)
{
    const bool is_page = arb_bytes_are(path, "/");

    if (!is_page && !arb_bytes_cut(&path, "/")) {
        return NULL;
    }
    for (const struct page_file *file = page_files; file->path != NULL; file++) {
        const bool is_index = strcmp(file->path, "index.html") == 0;
        if (is_index ? is_page : arb_bytes_are(path, file->path)) {
            return file;
        }
    }
    return NULL;
}

static const struct web_route *find_route(const struct web *web, struct arb_bytes path)
{
    for (uint32_t i = 0; i < web->n_routes; i++) {
        if (arb_bytes_are(path, web->routes[i].path)) {
            return &web->routes[i];
        }
    }
    return NULL;
}

static int send_file(struct conn *conn, const struct page_file *file, const struct request *request)
{
    return send_reply(conn, &(struct reply){ .status = 200,
                                             .content_type = type_of(file->path),
                                             .body = { (const char *)file->text, file->len },
                                             .is_head = request->method == REQUEST_HEAD });
}

static int send_route(struct conn *conn, const struct web_route *route,
                      const struct request *request)
{
    const struct web_ask ask = { .query = request->access.query, .accept = request->accept };
    struct web_answer answer = { .status = 200,
                                 .content_type = route->content_type,
                                 .text = &conn->body };
    struct web *const web = conn->web;

    route->answer(web->context, &ask, &answer);
    web->stats.waiting_bytes += conn->body.cap;
    /* What is small does not wait. */
    if (conn->body.has_failed ||
        (conn->body.len > SMALL_MAX && web->stats.waiting_bytes > WEB_BODIES_MAX)) {
        answer_forget(conn);
        const struct reply reply =
            refusal_of(503, "too many readers are slow: try again\n", request);
        return refuse(conn, WEB_NO_ROOM, &reply);
    }
    return send_reply(conn, &(struct reply){ .status = answer.status,
                                             .content_type = answer.content_type,
                                             .body = { conn->body.data, conn->body.len },
                                             .is_head = request->method == REQUEST_HEAD });
}

static int serve(struct conn *conn, const struct request *request)
{
    const struct page_file *const file = find_file(request->path);
    const struct web_route *const route = find_route(conn->web, request->path);

    return file != NULL    ? send_file(conn, file, request)
           : route != NULL ? send_route(conn, route, request)
                           : refuse_path(conn, request);
}

int answer_request(struct conn *conn)
{
    struct request request;

    request_read(&request, conn->wsi, false);
    if (request.method == REQUEST_OTHER) {
        return refuse_method(conn, &request);
    }
    const enum access_verdict verdict = access_check(&conn->web->access, &request.access);
    switch (verdict) {
    case ACCESS_GRANTED:
        return serve(conn, &request);
    case ACCESS_LOGIN:
        return log_in(conn, &request);
    default:
        return refuse_verdict(conn, verdict, &request);
    }
}

int answer_upgrade(struct conn *conn, struct arb_bytes protocol)
{
    struct web *const web = conn->web;
    struct request request;

    request_read(&request, conn->wsi, true);
    const enum access_verdict verdict = access_check(&web->access, &request.access);
    if (request.method != REQUEST_GET) {
        return refuse_method(conn, &request);
    }
    if (verdict != ACCESS_GRANTED) {
        return refuse_verdict(conn, verdict, &request);
    }
    if (!arb_bytes_are(request.path, "/live") || !arb_bytes_are(protocol, "websocket")) {
        return refuse_path(conn, &request);
    }
    if (web->stats.n_clients >= web->clients_max) {
        const struct reply reply = refusal_of(
            503, "too many dashboards are open: close one, or raise max_clients\n", &request);
        return refuse(conn, WEB_TOO_MANY_CLIENTS, &reply);
    }
    return 0;
}
