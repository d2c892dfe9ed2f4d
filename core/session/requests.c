#include "session/requests.h"

#include <stdlib.h>
#include <string.h>

#define GIVE_UP_NS (60 * NS_PER_S) /* for an answer that the port should have timed out before */

/* Behind each text: where it has changed, the plugin wrote beyond what it was given. */
static const char margin[] = "a text ends in front of it";

enum {
    BODY_AT = REQUEST_TEXT_MAX + sizeof(margin),
    HEADERS_AT = BODY_AT + REQUEST_TEXT_MAX + sizeof(margin),
    MEMORY_BYTES = HEADERS_AT + REQUEST_HEADERS_MAX + sizeof(margin),
};

static const size_t margins_at[] = { REQUEST_TEXT_MAX, BODY_AT + REQUEST_TEXT_MAX,
                                     HEADERS_AT + REQUEST_HEADERS_MAX };

int request_memory_init(struct session *session)
{
    session->request_memory = malloc(MEMORY_BYTES);
    if (session->request_memory == NULL) {
        return ARB_ENOMEM;
    }
    for (size_t i = 0; i < sizeof(margins_at) / sizeof(*margins_at); i++) {
        memcpy(session->request_memory + margins_at[i], margin, sizeof(margin));
    }
    return ARB_OK;
}

void request_memory_fini(struct session *session)
{
    free(session->request_memory);
    free(session->calls);
    session->request_memory = NULL;
    session->calls = NULL;
}

struct arb_ask request_ask(struct session *session, enum arb_ask_what what)
{
    session->last_number = session->last_number == INT32_MAX ? 1 : session->last_number + 1;
    return (struct arb_ask){ .size = (uint32_t)sizeof(struct arb_ask),
                             .what = (uint32_t)what,
                             .conn = ARB_NO_CONN,
                             .number = session->last_number,
                             .now_ns = session->effects.host.now_ns };
}

static struct arb_request empty_request(struct session *session)
{
    char *const memory = session->request_memory;

    return (struct arb_request){
        .size = (uint32_t)sizeof(struct arb_request),
        .text = arb_text_over(memory, REQUEST_TEXT_MAX),
        .headers = arb_text_over(memory + HEADERS_AT, REQUEST_HEADERS_MAX),
        .body = arb_text_over(memory + BODY_AT, REQUEST_TEXT_MAX),
    };
}

static bool fits(const struct arb_request *request)
{
    return arb_text_fits(&request->text) && arb_text_fits(&request->headers) &&
           arb_text_fits(&request->body);
}

/* -- what ask() may not do ------------------------------------------------------------- */

static bool is_over(const struct arb_text *text, const char *data, size_t cap)
{
    return text->data == data && text->cap == cap && text->len < cap;
}

static bool are_over_memory(const struct session *session, const struct arb_request *request)
{
    const char *const memory = session->request_memory;

    return is_over(&request->text, memory, REQUEST_TEXT_MAX) &&
           is_over(&request->headers, memory + HEADERS_AT, REQUEST_HEADERS_MAX) &&
           is_over(&request->body, memory + BODY_AT, REQUEST_TEXT_MAX);
}

static bool has_margins(const struct session *session)
{
    for (size_t i = 0; i < sizeof(margins_at) / sizeof(*margins_at); i++) {
        if (memcmp(session->request_memory + margins_at[i], margin, sizeof(margin)) != 0) {
            return false;
        }
    }
    return true;
}

static const char *need_rule(const struct session *session, uint32_t what)
{
    if (what == ARB_ASK_SUBSCRIBE) {
        return "it spells no ARB_ASK_SUBSCRIBE, without which no book is served";
    }
    return what == ARB_ASK_HEARTBEAT && session->plan.heartbeat_ms > 0
               ? "it spells no ARB_ASK_HEARTBEAT, which plan.heartbeat_ms needs"
               : NULL;
}

/* What is left by a call that returned `rc` is looked at before it is used. */
static const char *spelled_rule(const struct session *session, const struct arb_request *request,
                                uint32_t what, int rc)
{
    if (!has_margins(session)) {
        return "it wrote beyond the memory of a text: arb_text_add() knows where that ends";
    }
    if (!are_over_memory(session, request)) {
        return "it changed where a text of the request lies: the memory is the host's, and "
               "arb_text_add() writes there";
    }
    return rc == ARB_ENOTSUP ? need_rule(session, what) : NULL;
}

/* -- ask() ----------------------------------------------------------------------------- */

/* The mark stays until what it left was looked at: a crash over that is the plugin's. */
static int call_ask(struct session *session, const struct arb_ask *ask, struct arb_request *request)
{
    static const struct arb_bytes no_input = { "", 0 };

    *request = empty_request(session);
    watch_enter(&session->subject, "ask()", no_input);
    effects_enter(&session->effects, "ask()");
    const int rc = session->plugin->exchange.ask(session->self, ask, request);
    effects_end(&session->effects);
    const char *const rule = spelled_rule(session, request, ask->what, rc);
    watch_leave();
    if (session->ask_rule == NULL) {
        session->ask_rule = rule;
    }
    return rc;
}

int request_spell(struct session *session, const struct arb_ask *ask, struct arb_request *request)
{
    const int rc = call_ask(session, ask, request);

    if (effects_intruder(&session->effects) != NULL || session->ask_rule != NULL) {
        return rc == ARB_ENOTSUP ? rc : ARB_EINVAL; /* it is disabled on this turn */
    }
    if (rc == ARB_OK && !fits(request)) {
        return ARB_ELIMIT;
    }
    if (rc != ARB_OK && rc != ARB_ENOTSUP) {
        log_line(ARB_ERROR, session->who, "the plugin could not spell request %u: %s", ask->what,
                 arb_rc_text(rc));
    }
    if (rc == ARB_OK && session->trace != NULL) {
        session->trace->request(session->trace->context, ask, request);
    }
    return rc;
}

void request_close(struct session *session, uint32_t conn, const char *why)
{
    if (session->conns[conn].is_up && !session->conns[conn].is_doomed) {
        session->conns[conn].is_doomed = true;
        session->port.ops->ws_close(session->port.context, session, conn, why);
    }
}

int request_send(struct session *session, const struct arb_ask *ask)
{
    struct arb_request request;
    const int rc = request_spell(session, ask, &request);

    if (rc != ARB_OK) {
        return rc;
    }
    session->stats.requests++;
    const struct arb_message message = { request.text.data, request.text.len, request.is_binary };
    return session->port.ops->ws_send(session->port.context, session, ask->conn, message);
}

static struct http_call *free_call(struct session *session)
{
    for (uint32_t i = 0; i < session->n_calls; i++) {
        if (session->calls[i].number == 0) {
            return &session->calls[i];
        }
    }
    const uint32_t n = session->n_calls == 0 ? 16 : 2 * session->n_calls;
    struct http_call *const calls = realloc(session->calls, n * sizeof(*calls));
    if (calls == NULL) {
        return NULL;
    }
    for (uint32_t i = session->n_calls; i < n; i++) {
        calls[i] = (struct http_call){ .number = 0 };
    }
    session->calls = calls;
    struct http_call *const call = &calls[session->n_calls];
    session->n_calls = n;
    return call;
}

int request_fetch(struct session *session, const struct arb_ask *ask, struct moment now)
{
    struct arb_request request;
    struct http_call *const call = free_call(session);
    int rc = call == NULL ? ARB_ENOMEM : request_spell(session, ask, &request);

    if (rc != ARB_OK) {
        return rc;
    }
    const struct http_spec spec = { .method = request.method,
                                    .url = request.text.data,
                                    .headers = request.headers.data,
                                    .body = { request.body.data, request.body.len } };
    rc = session->port.ops->http(session->port.context, session, ask->number, &spec);
    if (rc == ARB_OK) {
        session->stats.requests++;
        *call = (struct http_call){ .number = ask->number,
                                    .what = ask->what,
                                    .instrument = ask->n_instruments > 0 ? ask->instruments[0] : 0,
                                    .conn = ask->conn,
                                    .attempt = ask->attempt,
                                    .give_up_ns = now.mono_ns + GIVE_UP_NS };
    }
    return rc;
}

bool request_take(struct session *session, uint32_t number, struct http_call *call)
{
    for (uint32_t i = 0; i < session->n_calls; i++) {
        if (number != 0 && session->calls[i].number == number) {
            *call = session->calls[i];
            session->calls[i].number = 0;
            return true;
        }
    }
    return false;
}

bool request_take_overdue(struct session *session, int64_t mono_ns, struct http_call *call)
{
    for (uint32_t i = 0; i < session->n_calls; i++) {
        if (session->calls[i].number != 0 && session->calls[i].give_up_ns <= mono_ns) {
            return request_take(session, session->calls[i].number, call);
        }
    }
    return false;
}

int64_t request_overdue_ns(const struct session *session)
{
    int64_t due_ns = NEVER_NS;

    for (uint32_t i = 0; i < session->n_calls; i++) {
        if (session->calls[i].number != 0 && session->calls[i].give_up_ns < due_ns) {
            due_ns = session->calls[i].give_up_ns;
        }
    }
    return due_ns;
}
