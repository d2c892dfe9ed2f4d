#include "io/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"

enum {
    READ_LEN = 64 << 10,
    WRITE_LEN = 32 << 10,       /* of a body, at a time */
    RETRY_AFTER_MAX_S = 604800, /* a week: more is a venue's mistake, and taken as this */
};

/* Owns its texts: they follow it in memory. */
struct http_request {
    void *owner;
    uint32_t id;
    uint32_t method;
    const char *url;
    struct arb_bytes headers, body;
    char bytes[];
};

_Static_assert(offsetof(struct http_slot, dial) == 0, "a dial leads back to its slot");

static void count(struct http_client *http, int status)
{
    if (status == 0) {
        http->net->stats.http_failed++;
    } else {
        http->net->stats.http_ok++;
    }
}

/* Frees the slot for the next request, then reports: the owner may ask for another. */
static void finish(struct http_client *http, struct http_slot *slot,
                   const struct http_answer *answer)
{
    void *const owner = slot->request->owner;
    const uint32_t id = slot->request->id;

    dial_detach(&slot->dial);
    dial_fini(&slot->dial);
    free(slot->request);
    slot->request = NULL;
    slot->state = HTTP_FREE;
    net_due_by(http->net, 0);
    if (!slot->is_forgotten) {
        count(http, answer->status);
        http->net->events->on_answer(owner, id, clock_moment(), answer);
    }
}

static void finish_failed(struct http_client *http, struct http_slot *slot)
{
    char why[DIAL_SUMMARY_MAX];

    dial_summary(&slot->dial, http->net, why);
    finish(http, slot, &(struct http_answer){ .body = { why, strlen(why) } });
}

static void finish_answered(struct http_client *http, struct http_slot *slot)
{
    const struct http_answer answer = { .status = slot->status,
                                        .retry_after_ms = slot->retry_after_ms,
                                        .body = { slot->body.data, slot->body.len } };

    finish(http, slot, &answer);
}

static void attempt_failed(struct http_client *http, struct http_slot *slot, const char *text,
                           size_t len)
{
    dial_explain(&slot->dial, &http->net->tls, text, len);
    if (dial_pass_over(&slot->dial, http->net)) {
        dial_detach(&slot->dial);
        slot->state = HTTP_LOOKUP;
        net_due_by(http->net, 0);
        return;
    }
    finish_failed(http, slot);
}

static void connect_next(struct http_client *http, struct http_slot *slot)
{
    slot->state = HTTP_ANSWER;
    if (dial_connect(&slot->dial, http->net, http->net->config.http_timeout_ms) != ARB_OK) {
        attempt_failed(http, slot, "", 0);
        return;
    }
    if (!dial_has_address(&slot->dial)) {
        slot->dial.due_ns = slot->due_ns; /* the last one has what is left */
    }
    net_due_by(http->net, slot->dial.due_ns);
}

/*
 * With the request sent, what takes long may be the host's work. Half of what is left is for that,
 * the other half for the addresses that come after; all of it when nothing may come after.
 */
static void wait_for_answer(struct http_client *http, struct http_slot *slot)
{
    const int64_t now_ns = clock_mono_ns(), left_ns = slot->due_ns - now_ns;
    const bool is_last =
        slot->request->method == ARB_POST || !dial_has_address(&slot->dial) || left_ns <= 0;

    slot->dial.due_ns = is_last ? slot->due_ns : now_ns + left_ns / 2;
    net_due_by(http->net, slot->dial.due_ns);
}

/* True when the request is given up, for taking too long or because it cannot end well. */
static bool is_given_up(struct http_client *http, struct http_slot *slot, int64_t now_ns)
{
    const bool is_silent = slot->state == HTTP_ANSWER && slot->status == 0;

    if (now_ns >= slot->due_ns) {
        slot->dial.is_late = slot->dial.is_late || (is_silent && !slot->dial.is_closing);
        dial_kill_late(&slot->dial, "no answer within", http->net->config.http_timeout_ms);
    } else if (is_silent && now_ns >= slot->dial.due_ns) {
        dial_kill_silent(&slot->dial, http->net->config.http_timeout_ms);
    }
    return slot->dial.is_closing;
}

static void due_lookup(struct http_client *http, struct http_slot *slot, int64_t now_ns)
{
    if (is_given_up(http, slot, now_ns)) {
        finish_failed(http, slot);
        return;
    }
    switch (dial_poll(&slot->dial, http->net)) {
    case DIAL_PENDING:
        net_due_by(http->net, slot->due_ns);
        net_due_by(http->net, now_ns + NET_LOOKUP_POLL_MS * NS_PER_MS);
        break;
    case DIAL_FAILED:
        finish_failed(http, slot);
        break;
    case DIAL_READY:
        connect_next(http, slot);
        break;
    }
}

static void due_answer(struct http_client *http, struct http_slot *slot, int64_t now_ns)
{
    if (is_given_up(http, slot, now_ns)) {
        dial_kill(&slot->dial, "");
        net_due_by(http->net, now_ns + NET_KILL_AGAIN_MS * NS_PER_MS);
    } else {
        net_due_by(http->net, slot->status == 0 ? slot->dial.due_ns : slot->due_ns);
    }
}

static struct http_request *pop(struct http_client *http)
{
    struct http_request *request = http->queue[http->first];

    http->first = (http->first + 1) % IO_HTTP_QUEUE_MAX;
    http->n--;
    return request;
}

static void start(struct http_client *http, struct http_slot *slot, int64_t now_ns)
{
    slot->request = pop(http);
    slot->is_forgotten = false;
    slot->n_sent = 0;
    slot->status = 0;
    slot->retry_after_ms = 0;
    slot->body.len = 0;
    slot->due_ns = now_ns + http->net->config.http_timeout_ms * NS_PER_MS;
    slot->state = HTTP_LOOKUP;
    slot->dial.method = slot->request->method == ARB_POST ? "POST" : "GET";
    (void)url_parse(&slot->dial.url, "https", slot->request->url, NULL); /* accepted when queued */
    slot->dial.patience = 0;
    dial_begin(&slot->dial, http->net);
}

static void slot_due(struct http_client *http, struct http_slot *slot, int64_t now_ns)
{
    if (slot->state == HTTP_FREE && http->n > 0) {
        start(http, slot, now_ns);
    }
    if (slot->state == HTTP_LOOKUP) {
        due_lookup(http, slot, now_ns);
    } else if (slot->state == HTTP_ANSWER) {
        due_answer(http, slot, now_ns);
    }
}

/* What libwebsockets reports */

static int add_text(unsigned char **at, size_t *room, const char *text, size_t len)
{
    if (len > *room) {
        return -1;
    }
    if (len > 0) {
        memcpy(*at, text, len);
    }
    *at += len;
    *room -= len;
    return 0;
}

int http_client_add_headers(struct http_client *http, struct dial *dial, unsigned char **at,
                            size_t room)
{
    struct http_slot *slot = (struct http_slot *)dial; /* its first member */
    const struct http_request *request = slot->request;
    char length[48];

    wait_for_answer(http, slot);
    if (add_text(at, &room, request->headers.data, request->headers.len) != 0) {
        return -1;
    }
    if (request->method != ARB_POST) {
        return 0;
    }
    const int n = snprintf(length, sizeof(length), "Content-Length: %zu\r\n", request->body.len);
    if (add_text(at, &room, length, (size_t)n) != 0) {
        return -1;
    }
    if (request->body.len > 0) {
        slot->n_sent = 0;
        lws_client_http_body_pending(dial->wsi, 1);
        (void)lws_callback_on_writable(dial->wsi);
    }
    return 0;
}

/* Writes the next piece of the request's body. */
static int on_writable(struct http_slot *slot)
{
    unsigned char piece[LWS_PRE + WRITE_LEN];
    const struct arb_bytes body = slot->request->body;
    const size_t left = body.len - slot->n_sent, len = left < WRITE_LEN ? left : WRITE_LEN;
    const bool is_last = len == left;

    if (left == 0) {
        return 0;
    }
    memcpy(piece + LWS_PRE, body.data + slot->n_sent, len);
    slot->n_sent += len;
    if (is_last) {
        lws_client_http_body_pending(slot->dial.wsi, 0);
    }
    if (lws_write(slot->dial.wsi, piece + LWS_PRE, len,
                  is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) {
        dial_kill(&slot->dial, "cannot write to the connection");
        return -1;
    }
    if (!is_last) {
        (void)lws_callback_on_writable(slot->dial.wsi);
    }
    return 0;
}

/* Whole seconds; a date, which is the other form, is taken as no wish. */
static int64_t retry_after_ms(const char *text)
{
    int64_t seconds = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') {
            return 0;
        }
        seconds = seconds * 10 + (*at - '0');
        seconds = seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
    }
    return seconds * 1000;
}

static void on_head(struct http_client *http, struct http_slot *slot)
{
    struct lws *const wsi = slot->dial.wsi;
    char text[64];

    dial_has_worked(&slot->dial, http->net);
    slot->status = (int)lws_http_client_http_response(wsi);
    if (lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_HTTP_RETRY_AFTER) > 0) {
        slot->retry_after_ms = retry_after_ms(text);
    }
}

/* Asks libwebsockets to read; the body comes back as RECEIVE_CLIENT_HTTP_READ. */
static int read_more(struct lws *wsi)
{
    char buffer[LWS_PRE + READ_LEN];
    char *at = buffer + LWS_PRE;
    int len = READ_LEN;

    return lws_http_client_read(wsi, &at, &len) < 0 ? -1 : 0;
}

static int on_body(struct http_slot *slot, struct arb_bytes piece)
{
    const int rc = inbox_append(&slot->body, piece.data, piece.len);

    if (rc != ARB_OK) {
        dial_kill_full(&slot->dial, rc, "the answer");
        return -1;
    }
    return 0;
}

static void on_gone(struct http_client *http, struct http_slot *slot, const char *text, size_t len)
{
    if (slot->status != 0) {
        static const char cut_short[] = "closed before the answer was complete";
        dial_kill(&slot->dial, cut_short); /* the socket is closing; this only says why */
    }
    attempt_failed(http, slot, text, len);
}

int http_client_event(struct http_client *http, struct dial *dial, enum lws_callback_reasons reason,
                      struct arb_bytes in)
{
    struct http_slot *slot = (struct http_slot *)dial; /* its first member */

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        on_head(http, slot);
        return 0;
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return on_writable(slot);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_more(slot->dial.wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return on_body(slot, in);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        finish_answered(http, slot);
        return -1; /* or it would be kept for a next request that never comes */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY: /* of a socket that neither of the two was reported for */
        on_gone(http, slot, in.data, in.len);
        return 0;
    default:
        return 0;
    }
}

/* What owners ask for */

int http_client_init(struct http_client *http, struct net *net)
{
    *http = (struct http_client){ .net = net };
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        http->slots[i].dial.kind = DIAL_HTTP;
    }
    http->queue = calloc(IO_HTTP_QUEUE_MAX, sizeof(struct http_request *));
    return http->queue == NULL ? ARB_ENOMEM : ARB_OK;
}

/* "Name: value\r\n": a name, a colon, and nothing that could end the line early. */
static bool is_header_line(const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);

    if (colon == NULL || colon == line) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const bool is_allowed =
            (line[i] > ' ' && line[i] <= '~') || (line[i] == ' ' && line + i > colon);
        if (!is_allowed) {
            return false;
        }
    }
    return true;
}

static bool are_header_lines(const char *headers)
{
    while (*headers != '\0') {
        const char *end = strstr(headers, "\r\n");
        if (end == NULL || !is_header_line(headers, (size_t)(end - headers))) {
            return false;
        }
        headers = end + 2;
    }
    return true;
}

static const char *headers_of(const struct http_spec *spec)
{
    return spec->headers == NULL ? "" : spec->headers;
}

/* The caller has no sentence, so what is wrong is logged here. */
static int check(const struct http_client *http, const struct http_spec *spec)
{
    struct url parsed;
    struct err err;

    if (http->n == IO_HTTP_QUEUE_MAX || spec->body.len > IO_SEND_MAX ||
        strlen(headers_of(spec)) > IO_HTTP_HEADERS_MAX) {
        return ARB_ELIMIT;
    }
    if (url_parse(&parsed, "https", spec->url, &err) != ARB_OK) {
        log_line(ARB_ERROR, http->net->config.who, "%s", err.text);
        return ARB_EINVAL;
    }
    if (!are_header_lines(headers_of(spec))) { /* not shown: they may hold a secret */
        log_line(ARB_ERROR, http->net->config.who,
                 "the headers for %.80s are not lines of \"Name: value\", each ended by CR LF",
                 spec->url);
        return ARB_EINVAL;
    }
    return ARB_OK;
}

static struct http_request *request_create(const struct http_spec *spec)
{
    const size_t url_len = strlen(spec->url) + 1, headers_len = strlen(headers_of(spec));
    struct http_request *request =
        malloc(sizeof(*request) + url_len + headers_len + spec->body.len);

    if (request == NULL) {
        return NULL;
    }
    char *const headers = request->bytes + url_len, *const body = headers + headers_len;
    memcpy(request->bytes, spec->url, url_len);
    memcpy(headers, headers_of(spec), headers_len);
    if (spec->body.len > 0) {
        memcpy(body, spec->body.data, spec->body.len);
    }
    request->method = spec->method;
    request->url = request->bytes;
    request->headers = (struct arb_bytes){ headers, headers_len };
    request->body = (struct arb_bytes){ body, spec->body.len };
    return request;
}

int http_client_ask(struct http_client *http, void *owner, uint32_t id,
                    const struct http_spec *spec)
{
    const int rc = check(http, spec);

    if (rc != ARB_OK) {
        return rc;
    }
    struct http_request *request = request_create(spec);
    if (request == NULL) {
        return ARB_ENOMEM;
    }
    request->owner = owner;
    request->id = id;
    http->queue[(http->first + http->n) % IO_HTTP_QUEUE_MAX] = request;
    http->n++;
    net_due_by(http->net, 0);
    return ARB_OK;
}

/* Puts the others' requests back in their order. */
static void forget_queued(struct http_client *http, const void *owner)
{
    for (uint32_t left = http->n; left > 0; left--) {
        struct http_request *request = pop(http);
        if (request->owner == owner) {
            free(request);
        } else {
            http->queue[(http->first + http->n) % IO_HTTP_QUEUE_MAX] = request;
            http->n++;
        }
    }
}

void http_client_forget(struct http_client *http, const void *owner)
{
    forget_queued(http, owner);
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        struct http_slot *slot = &http->slots[i];
        if (slot->state != HTTP_FREE && slot->request->owner == owner) {
            slot->is_forgotten = true;
            dial_kill(&slot->dial, "its owner is gone");
        }
    }
    net_due_by(http->net, 0);
}

void http_client_due(struct http_client *http, int64_t now_ns)
{
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        slot_due(http, &http->slots[i], now_ns);
    }
}

void http_client_fini(struct http_client *http)
{
    while (http->n > 0) {
        free(pop(http));
    }
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        dial_fini(&http->slots[i].dial);
        inbox_fini(&http->slots[i].body);
        free(http->slots[i].request);
    }
    free(http->queue);
    http->queue = NULL;
}
