#include "io/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_internal.h"
#include "util/clock.h"
#include "util/log.h"

enum { READ_LEN = 64 << 10 };

_Static_assert(offsetof(struct http_slot, dial) == 0, "a dial leads back to its slot");

/* Frees the slot for the next request, then reports: the handler may ask for another. */
static void finish(struct io *io, struct http_slot *slot, int status, struct arb_bytes body)
{
    dial_detach(&slot->dial);
    dial_fini(&slot->dial);
    slot->state = HTTP_FREE;
    io_due_by(io, 0);
    if (status == 0) {
        io->stats.http_failed++;
    } else {
        io->stats.http_ok++;
    }
    io->handler->on_http(io->context, slot->request, clock_now_ns(), status, body);
}

static void finish_failed(struct io *io, struct http_slot *slot)
{
    char why[DIAL_WHY_MAX];

    (void)snprintf(why, sizeof(why), "%s", slot->dial.why);
    finish(io, slot, 0, (struct arb_bytes){ why, strlen(why) });
}

static void finish_answered(struct io *io, struct http_slot *slot)
{
    finish(io, slot, slot->status, (struct arb_bytes){ slot->body.data, slot->body.len });
}

static void attempt_failed(struct io *io, struct http_slot *slot, const char *text, size_t len)
{
    dial_explain(&slot->dial, &io->tls, text, len);
    if (!slot->dial.has_tcp && !slot->dial.is_closing && dial_has_address(&slot->dial)) {
        dial_detach(&slot->dial);
        slot->state = HTTP_LOOKUP;
        io_due_by(io, 0);
        return;
    }
    finish_failed(io, slot);
}

static void connect_next(struct io *io, struct http_slot *slot)
{
    slot->state = HTTP_ANSWER;
    io_due_by(io, slot->due_ns);
    if (dial_connect(&slot->dial, io->lws) != ARB_OK) {
        attempt_failed(io, slot, "", 0);
    }
}

/* True when the request is given up, for taking too long or because it cannot end well. */
static bool is_given_up(struct io *io, struct http_slot *slot, int64_t now_ns)
{
    if (now_ns >= slot->due_ns) {
        dial_kill_late(&slot->dial, "no answer within", io->config.http_timeout_ms);
    }
    return slot->dial.is_closing;
}

static void due_lookup(struct io *io, struct http_slot *slot, int64_t now_ns)
{
    const enum dial_progress progress = dial_poll(&slot->dial);

    if (progress == DIAL_READY) {
        connect_next(io, slot);
    } else if (progress == DIAL_FAILED || is_given_up(io, slot, now_ns)) {
        finish_failed(io, slot);
    } else {
        io_due_by(io, now_ns + IO_LOOKUP_POLL_MS * NS_PER_MS);
    }
}

static void due_answer(struct io *io, struct http_slot *slot, int64_t now_ns)
{
    if (is_given_up(io, slot, now_ns)) {
        dial_kill(&slot->dial, "");
        io_due_by(io, now_ns + IO_KILL_AGAIN_MS * NS_PER_MS);
    } else {
        io_due_by(io, slot->due_ns);
    }
}

static void start(struct io *io, struct http_slot *slot, int64_t now_ns)
{
    struct http_request *request = &io->http.queue[io->http.first];

    io->http.first = (io->http.first + 1) % IO_HTTP_QUEUE_MAX;
    io->http.n--;
    slot->request = request->id;
    slot->status = 0;
    slot->body.len = 0;
    slot->due_ns = now_ns + io->config.http_timeout_ms * NS_PER_MS;
    slot->state = HTTP_LOOKUP;
    (void)url_parse(&slot->dial.url, "https", request->url, NULL); /* was accepted when queued */
    free(request->url);
    dial_begin(&slot->dial);
}

static void slot_due(struct io *io, struct http_slot *slot, int64_t now_ns)
{
    if (slot->state == HTTP_FREE && io->http.n > 0) {
        start(io, slot, now_ns);
    }
    if (slot->state == HTTP_LOOKUP) {
        due_lookup(io, slot, now_ns);
    } else if (slot->state == HTTP_ANSWER) {
        due_answer(io, slot, now_ns);
    }
}

/* What libwebsockets reports */

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

static void on_gone(struct io *io, struct http_slot *slot, const char *text, size_t len)
{
    if (slot->status != 0) {
        static const char cut_short[] = "closed before the answer was complete";
        dial_kill(&slot->dial, cut_short); /* the socket is closing; this only says why */
    }
    attempt_failed(io, slot, text, len);
}

int http_client_event(struct io *io, struct dial *dial, enum lws_callback_reasons reason,
                      struct arb_bytes in)
{
    struct http_slot *slot = (struct http_slot *)dial; /* its first member */

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        slot->status = (int)lws_http_client_http_response(slot->dial.wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_more(slot->dial.wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return on_body(slot, in);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        finish_answered(io, slot);
        return -1; /* or it would be kept for a next request that never comes */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY: /* of a socket that neither of the two was reported for */
        on_gone(io, slot, in.data, in.len);
        return 0;
    default:
        return 0;
    }
}

/* What the handler asks for */

int http_client_init(struct http_client *http)
{
    *http = (struct http_client){ 0 };
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        http->slots[i].dial.kind = DIAL_HTTP;
    }
    http->queue = calloc(IO_HTTP_QUEUE_MAX, sizeof(*http->queue));
    return http->queue == NULL ? ARB_ENOMEM : ARB_OK;
}

int http_client_get(struct io *io, uint32_t request, const char *url)
{
    struct http_client *http = &io->http;
    struct url parsed;
    struct err err;

    if (http->n == IO_HTTP_QUEUE_MAX) {
        return ARB_ELIMIT;
    }
    const int rc = url_parse(&parsed, "https", url, &err);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, io->config.who, "%s", err.text); /* the caller has no sentence */
        return rc;
    }
    char *copy = strdup(url);
    if (copy == NULL) {
        return ARB_ENOMEM;
    }
    http->queue[(http->first + http->n) % IO_HTTP_QUEUE_MAX] =
        (struct http_request){ request, copy };
    http->n++;
    io_due_by(io, 0);
    return ARB_OK;
}

void http_client_due(struct io *io, int64_t now_ns)
{
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        slot_due(io, &io->http.slots[i], now_ns);
    }
}

void http_client_fini(struct http_client *http)
{
    for (; http->n > 0; http->n--) {
        free(http->queue[http->first].url);
        http->first = (http->first + 1) % IO_HTTP_QUEUE_MAX;
    }
    for (size_t i = 0; i < IO_HTTP_PARALLEL; i++) {
        dial_fini(&http->slots[i].dial);
        inbox_fini(&http->slots[i].body);
    }
    free(http->queue);
    http->queue = NULL;
}
