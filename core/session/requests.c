#include "session/requests.h"

#include <stdlib.h>

#define GIVE_UP_NS (60 * NS_PER_S) /* for an answer that the port should have timed out before */

int request_memory_init(struct session *session)
{
    session->request_memory = malloc(2 * (size_t)REQUEST_TEXT_MAX + REQUEST_HEADERS_MAX);
    return session->request_memory == NULL ? ARB_ENOMEM : ARB_OK;
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
    char *const text = session->request_memory;
    char *const body = text + REQUEST_TEXT_MAX;

    return (struct arb_request){
        .size = (uint32_t)sizeof(struct arb_request),
        .text = arb_text_over(text, REQUEST_TEXT_MAX),
        .headers = arb_text_over(body + REQUEST_TEXT_MAX, REQUEST_HEADERS_MAX),
        .body = arb_text_over(body, REQUEST_TEXT_MAX),
    };
}

static bool fits(const struct arb_request *request)
{
    return arb_text_fits(&request->text) && arb_text_fits(&request->headers) &&
           arb_text_fits(&request->body);
}

int request_spell(struct session *session, const struct arb_ask *ask, struct arb_request *request)
{
    static const struct arb_bytes no_input = { "", 0 };

    *request = empty_request(session);
    watch_enter(&session->subject, "ask()", no_input);
    effects_enter(&session->effects, "ask()");
    const int rc = session->plugin->exchange.ask(session->self, ask, request);
    effects_end(&session->effects);
    watch_leave();
    if (effects_intruder(&session->effects) != NULL) {
        return ARB_EINVAL; /* the exchange is disabled on this turn */
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
