#include "session/conns.h"

#include <inttypes.h>
#include <stdio.h>

#include "session/books.h"
#include "session/requests.h"
#include "session/subscriptions.h"

#define BEHIND_LOOK_NS (100 * NS_PER_MS)

int conns_need(struct session *session, uint32_t n)
{
    const struct ws_spec spec = { .idle_ms = session->plan.idle_ms,
                                  .pong_is_life =
                                      session->plan.liveness == ARB_LIVENESS_TRANSPORT };

    for (; session->n_conns < n; session->n_conns++) {
        const int rc = session->n_conns == ARB_CONNS_MAX
                           ? ARB_ELIMIT
                           : session->port.ops->ws_open(session->port.context, session,
                                                        session->n_conns, &spec);
        if (rc != ARB_OK) {
            log_line(ARB_ERROR, session->who, "connection %u cannot be had: %s", session->n_conns,
                     arb_rc_text(rc));
            return rc;
        }
        struct session_conn *const conn = &session->conns[session->n_conns];
        *conn = (struct session_conn){ .is_wanted = true,
                                       .beat_ns = NEVER_NS,
                                       .answer_by_ns = NEVER_NS };
        rate_init(&conn->hourly, session->plan.requests_per_hour, 3600 * NS_PER_S);
        session->effects.n_conns = session->n_conns + 1;
    }
    return ARB_OK;
}

/* -- where to ------------------------------------------------------------------------- */

static void ask_token(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];
    struct arb_ask ask = request_ask(session, ARB_ASK_TOKEN);

    if (conn->is_token_asked) {
        return; /* the answer, or the lack of one, goes on */
    }
    if (now.mono_ns < conn->token_not_before_ns ||
        !budget_take_http(session->budget, now.mono_ns)) {
        const int64_t due_ns = budget_look_ns(session->budget, now.mono_ns);
        due_by(session, DUE_CONNS,
               due_ns > conn->token_not_before_ns ? due_ns : conn->token_not_before_ns);
        return;
    }
    ask.conn = c;
    ask.attempt = conn->token_attempt;
    conn->is_token_asked = request_fetch(session, &ask, now) == ARB_OK;
    if (!conn->is_token_asked) {
        budget_http_done(session->budget, false);
        conns_token(session, c, false, now);
    }
}

static void answer_dial(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];
    struct arb_ask ask = request_ask(session, ARB_ASK_CONNECT);
    struct arb_request request;

    if (session->plan.needs_token && !conn->has_token) {
        ask_token(session, c, now);
        return;
    }
    if (!session->is_unpaced && !budget_take_open(session->budget, now.mono_ns)) {
        due_by(session, DUE_CONNS, budget_open_due_ns(session->budget, now.mono_ns));
        return;
    }
    ask.conn = c;
    ask.attempt = conn->dials++;
    conn->wants_dial = conn->has_token = false;
    const bool is_spelled = request_spell(session, &ask, &request) == ARB_OK;
    session->port.ops->ws_dial(session->port.context, session, c,
                               is_spelled ? request.text.data : "");
}

void conns_dial(struct session *session, uint32_t conn, struct moment now)
{
    session->conns[conn].wants_dial = true;
    answer_dial(session, conn, now);
}

void conns_token(struct session *session, uint32_t c, bool is_good, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];

    conn->is_token_asked = false;
    conn->has_token = is_good;
    conn->token_attempt = is_good ? 0 : conn->token_attempt + 1;
    conn->token_not_before_ns = now.mono_ns + backoff_ns(conn->token_attempt, BACKOFF_MAX_NS);
    due_by(session, DUE_CONNS, conn->token_not_before_ns);
}

/* -- up and down ---------------------------------------------------------------------- */

static void say_hello(struct session *session, uint32_t conn)
{
    struct arb_ask ask = request_ask(session, ARB_ASK_HELLO);

    ask.conn = conn;
    (void)request_send(session, &ask); /* most venues have none */
}

void conns_opened(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];

    conn->is_up = true;
    conn->is_doomed = conn->wants_dial = conn->has_seq = false;
    conn->dials = 0;
    conn->send_ns = now.mono_ns + session->plan.settle_ms * NS_PER_MS;
    conn->is_served = false;
    conn->answer_by_ns = NEVER_NS;
    conn->beat = 0;
    books_forget_time(session);
    conn->beat_ns = session->plan.heartbeat_ms == 0
                        ? NEVER_NS
                        : now.mono_ns + session->plan.heartbeat_ms * NS_PER_MS;
    due_by(session, DUE_CONNS, conn->beat_ns);
    say_hello(session, c);
    subscriptions_open(session, c, now);
}

void conns_stale(struct session *session, uint32_t conn, struct moment now, const char *why)
{
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        const struct session_book *const book = &session->books[i];
        if (book->conn == conn && book->live.state != ARB_BOOK_EMPTY && !book->is_barred &&
            !book->is_shed) {
            books_leave(session, i, ARB_BOOK_STALE, now, why); /* on_open subscribes anew */
        }
    }
}

void conns_closed(struct session *session, uint32_t c, struct moment now, const char *why)
{
    struct session_conn *const conn = &session->conns[c];

    conn->is_up = conn->has_token = false;
    conn->beat_ns = conn->answer_by_ns = NEVER_NS;
    subscriptions_close(session, c);
    newest_drop_conn(&session->newest, c);
    conns_stale(session, c, now, why);
    if (c == 0 && session->plan.catalog == ARB_CATALOG_STREAM) {
        session->catalog.is_asked = false; /* asked for again with the next connection */
    }
}

void conns_distrust(struct session *session, uint32_t c, struct moment now, const char *stale_why,
                    const char *close_why)
{
    struct session_conn *const conn = &session->conns[c];

    if (conn->is_up && !conn->is_doomed) {
        conns_stale(session, c, now, stale_why);
        request_close(session, c, close_why);
    }
}

void conns_seq(struct session *session, uint32_t c, uint64_t seq, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];
    const bool is_next = !conn->has_seq || seq == conn->seq + 1;
    char why[EVENT_REASON_MAX];

    if (!is_next) {
        (void)snprintf(why, sizeof(why),
                       "message %" PRIu64 " of the connection is missing: %" PRIu64 " came",
                       conn->seq + 1, seq);
        conns_distrust(session, c, now, why, why);
    }
    conn->has_seq = true;
    conn->seq = seq;
    session->room.is_numbered = is_next;
}

void conns_give_up(struct session *session, const char *why)
{
    for (uint32_t conn = 0; conn < session->n_conns; conn++) {
        session->port.ops->ws_give_up(session->port.context, session, conn, why);
    }
}

/* -- is anybody there ----------------------------------------------------------------- */

void conns_came(struct session *session, uint32_t c, struct moment now)
{
    const int64_t beat_ns = session->plan.beat_ms * NS_PER_MS;
    const bool has_beat = c != ARB_NO_CONN && beat_ns > 0 && session->conns[c].is_served;

    if (c != ARB_NO_CONN) {
        session->conns[c].answer_by_ns = NEVER_NS;
    }
    if (session->sink->came != NULL) {
        session->sink->came(session->sink_context, c, now,
                            has_beat ? now.mono_ns + beat_ns : NEVER_NS);
    }
}

void conns_dated(struct session *session, const struct effect *effect, struct moment now)
{
    const struct session_conn *const conn = &session->conns[effect->id];

    if (conn->beat != 0 && conn->beat == effect->value) {
        session->sink->heartbeat(session->sink_context, now,
                                 (struct heartbeat){ conn->beaten_ns, effect->heartbeat.received_ns,
                                                     effect->heartbeat.answered_ns });
    }
}

static void tell_asked(const struct session *session, uint32_t c, struct moment now)
{
    if (session->sink->asked != NULL) {
        session->sink->asked(session->sink_context, c, now);
    }
}

static void run_heartbeat(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];
    struct arb_ask ask;

    if (!conn->is_up || conn->is_doomed) {
        return;
    }
    if (conn->answer_by_ns <= now.mono_ns && port_is_behind(&session->port, session, c)) {
        conn->answer_by_ns = now.mono_ns + BEHIND_LOOK_NS; /* the answer may be in there */
    } else if (conn->answer_by_ns <= now.mono_ns) {
        conn->answer_by_ns = NEVER_NS;
        request_close(session, c, "the venue does not answer heartbeats");
    } else if (conn->beat_ns <= now.mono_ns) {
        conn->beat_ns = now.mono_ns + session->plan.heartbeat_ms * NS_PER_MS;
        /* Else one before is still unanswered, or the venue's own heartbeats tell. */
        if (conn->answer_by_ns == NEVER_NS &&
            session->plan.liveness != ARB_LIVENESS_SERVER_HEARTBEAT) {
            conn->answer_by_ns = now.mono_ns + session->plan.heartbeat_wait_ms * NS_PER_MS;
            tell_asked(session, c, now);
        }
        ask = request_ask(session, ARB_ASK_HEARTBEAT);
        ask.conn = c;
        conn->beat = ask.number;
        conn->beaten_ns = now.mono_ns;
        (void)request_send(session, &ask); /* a failure shows as silence */
    }
    due_by(session, DUE_CONNS, conn->beat_ns);
    due_by(session, DUE_CONNS, conn->answer_by_ns);
}

void conns_on_turn(struct session *session, struct moment now)
{
    for (uint32_t conn = 0; conn < session->n_conns; conn++) {
        run_heartbeat(session, conn, now);
        if (session->conns[conn].wants_dial) {
            answer_dial(session, conn, now);
        }
    }
}
