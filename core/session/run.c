#include <stdio.h>
#include <string.h>

#include "session/books.h"
#include "session/catalog.h"
#include "session/commit.h"
#include "session/conns.h"
#include "session/instance.h"
#include "session/instruments.h"
#include "session/requests.h"
#include "session/seeds.h"
#include "session/state.h"
#include "session/subscriptions.h"
#include "session/unpack.h"

enum {
    QUOTED_FRAME_MAX = 120, /* bytes of a bad frame that the log shows */
    HTTP_TEAPOT = 418,      /* how some venues say that an address is banned for a while */
    HTTP_TOO_MANY = 429,
    HTTP_UNAVAILABLE = 503,
    HELD_PER_TURN = 16, /* messages that are read before it is looked whether more came */
    HELD_WHILE_BEHIND = 1,
};

#define HELD_PATIENCE_NS (100 * NS_PER_MS)

static const struct arb_bytes no_bytes = { "", 0 };

/* -- callbacks ------------------------------------------------------------------------ */

static void disable(struct session *session, const char *why)
{
    static const char disabled[] = "the exchange was disabled";
    const struct moment now = { .mono_ns = session->effects.host.mono_ns,
                                .utc_ns = session->effects.host.now_ns };

    log_line(ARB_ERROR, session->who, "disabled: %s", why);
    session->is_disabled = true;
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        books_leave(session, i, ARB_BOOK_UNUSABLE, now, disabled);
    }
    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX; timer++) {
        session->timers[timer] = NEVER_NS;
    }
    conns_give_up(session, disabled);
}

static void disable_for(struct session *session, const char *callback, const char *rule)
{
    char why[256];

    (void)snprintf(why, sizeof(why), "the plugin broke a rule in %s: %s", callback, rule);
    disable(session, why);
}

/*
 * Disables a plugin that called the host where it may not, or broke a rule in ask(); true: it is
 * disabled.
 */
static bool is_expelled(struct session *session)
{
    const char *const intruder = effects_intruder(&session->effects);
    const char *const callback = intruder == NULL ? "ask()" : intruder;
    const char *const rule = intruder == NULL ? session->ask_rule : effects_intrusion;

    if (rule == NULL || session->is_disabled) {
        return session->is_disabled;
    }
    if (session->trace != NULL) {
        session->trace->refusal(session->trace->context, callback, ARB_EINVAL, rule);
    }
    disable_for(session, callback, rule);
    return true;
}

static void log_rejected(struct session *session, const char *callback, int rc,
                         struct arb_bytes input)
{
    const size_t len = input.len < QUOTED_FRAME_MAX ? input.len : QUOTED_FRAME_MAX;
    const int64_t now_ns = session->effects.host.mono_ns;

    if (input.len == 0) {
        log_limited(&session->frame_log, now_ns, ARB_WARN, session->who, "%s failed: %s", callback,
                    arb_rc_text(rc));
    } else {
        log_limited(&session->frame_log, now_ns, ARB_WARN, session->who,
                    "%s refused a message of %zu bytes, %s: %.*s", callback, input.len,
                    arb_rc_text(rc), (int)len, input.data);
    }
}

static bool is_venues_fault(int rc)
{
    return rc == ARB_EPROTO || rc == ARB_ERANGE || rc == ARB_ELIMIT;
}

/*
 * Acts on a callback's result: carries out what it recorded, or does what its error asks for.
 * Returns what the callback did, or ARB_EINVAL for a broken rule.
 */
static int finish(struct session *session, const char *callback, int rc, struct arb_bytes input,
                  struct moment now)
{
    const char *const broken = session->effects.broken;
    char why[256];

    effects_end(&session->effects);
    if (is_expelled(session)) {
        return ARB_EINVAL;
    }
    if (session->trace != NULL && (rc != ARB_OK || broken != NULL)) {
        session->trace->refusal(session->trace->context, callback, rc, broken);
    }
    if (broken != NULL) {
        disable_for(session, callback, broken);
        return ARB_EINVAL;
    }
    if (rc == ARB_OK) {
        session_commit(session, now);
        return is_expelled(session) ? ARB_EINVAL : ARB_OK;
    }
    if (is_venues_fault(rc) || rc == ARB_ELATER) {
        session->stats.rejected++;
        log_rejected(session, callback, rc, input);
    } else {
        (void)snprintf(why, sizeof(why),
                       "%s failed for good: %s; where it cannot read what came, a plugin returns "
                       "ARB_EPROTO",
                       callback, arb_rc_text(rc));
        disable(session, why);
    }
    return rc;
}

/* What a callback led to. */
static void follow_up(struct session *session, struct moment now)
{
    if (is_due(session, DUE_CONNS, now.mono_ns)) {
        conns_on_turn(session, now);
    }
    if (is_due(session, DUE_INSTRUMENTS, now.mono_ns)) {
        instruments_on_turn(session, now);
    }
    if (is_due(session, DUE_SUBSCRIPTIONS, now.mono_ns)) {
        subscriptions_on_turn(session, now);
    }
    if (is_due(session, DUE_SEEDS, now.mono_ns)) {
        seeds_on_turn(session, now);
    }
    if (is_due(session, DUE_BOOKS, now.mono_ns)) {
        books_on_turn(session, now);
        for (uint32_t i = 0; books_next_resync(session, &i, now); i++) {
            subscriptions_resync(session, i, now);
        }
        if (is_due(session, DUE_SUBSCRIPTIONS, now.mono_ns)) {
            subscriptions_on_turn(session, now);
        }
    }
    (void)is_expelled(session);
}

/* -- what the port tells -------------------------------------------------------------- */

static bool is_known(const struct session *session, uint32_t conn)
{
    return !session->is_disabled && conn < session->n_conns;
}

static void tell_connection(const struct session *session, uint32_t conn, struct moment now,
                            bool is_up)
{
    if (session->sink->connection != NULL) {
        session->sink->connection(session->sink_context, conn, now, is_up);
    }
}

static void on_dial(void *owner, uint32_t conn, struct moment now)
{
    struct session *const session = owner;

    if (is_known(session, conn)) {
        conns_dial(session, conn, now);
        (void)is_expelled(session);
    }
}

static void on_open(void *owner, uint32_t conn, struct moment now)
{
    struct session *const session = owner;

    if (!is_known(session, conn)) {
        return;
    }
    effects_set_time(&session->effects, now);
    tell_connection(session, conn, now, true);
    conns_opened(session, conn, now);
    if (conn == 0) {
        catalog_opened(session, now);
        if (is_due(session, DUE_CATALOG, now.mono_ns)) {
            catalog_on_turn(session, now);
        }
    }
    follow_up(session, now);
}

static int give_message(struct session *session, uint32_t conn, struct arb_message message)
{
    watch_enter(&session->subject, "on_message()", arb_message_bytes(message));
    const int rc =
        session->plugin->exchange.on_message(session->self, &session->effects.host, conn, message);
    watch_leave();
    return rc;
}

/* Gives the plugin what was packed in the message. */
static int read_packed(struct session *session, uint32_t conn, const struct arb_message *packed)
{
    struct arb_bytes text;
    const int rc = unpack((enum arb_packing)session->plan.packing, arb_message_bytes(*packed),
                          &session->unpacked, &text);
    const struct arb_message message = { .data = text.data, .len = text.len, .is_binary = true };

    return rc != ARB_OK ? rc : give_message(session, conn, message);
}

static int read_message(struct session *session, uint32_t conn, const struct arb_message *message)
{
    return message->is_binary && session->plan.packing != ARB_PACKING_NONE
               ? read_packed(session, conn, message)
               : give_message(session, conn, *message);
}

/* Held, or dropped: a whole book that a newer one may replace before it is read. */
static __attribute__((noinline)) bool is_held(struct session *session, uint32_t conn,
                                              struct moment now, const struct arb_message *message)
{
    const struct arb_exchange_ops *const ops = &session->plugin->exchange;

    if (ops->book_of == NULL || session->plan.loss_detection != ARB_LOSS_STATELESS) {
        return false;
    }
    watch_enter(&session->subject, "book_of()", arb_message_bytes(*message));
    effects_enter(&session->effects, "book_of()");
    const uint32_t i = ops->book_of(session->self, *message);
    effects_end(&session->effects);
    watch_leave();
    if (is_expelled(session)) {
        return true;
    }
    if (i >= session->instruments.n || session->books[i].conn != conn) {
        return false;
    }
    return session->books[i].is_shed ||
           newest_put(&session->newest, i, conn, now.mono_ns, *message);
}

static void on_message(void *owner, uint32_t conn, struct moment now, struct arb_message message)
{
    struct session *const session = owner;

    if (!is_known(session, conn) || session->conns[conn].is_doomed) {
        return;
    }
    const bool was_served = session->conns[conn].is_served;
    conns_came(session, conn, now);
    if (session->holds && is_held(session, conn, now, &message)) {
        return;
    }
    session->stats.frames++;
    session->current_conn = conn;
    effects_begin(&session->effects, now.mono_ns, now.utc_ns);
    const int rc = finish(session, "on_message()", read_message(session, conn, &message),
                          arb_message_bytes(message), now);
    if (is_venues_fault(rc)) {
        conns_distrust(session, conn, now, "the venue sent what its protocol does not allow",
                       "protocol error");
    }
    if (session->conns[conn].is_served && !was_served) {
        conns_came(session, conn, now); /* what is owed from here on */
    }
    session->current_conn = ARB_NO_CONN;
    session->room.is_numbered = false;
    follow_up(session, now);
}

/* -- what is held --------------------------------------------------------------------- */

static bool has_unread(struct session *session)
{
    for (uint32_t conn = 0; conn < session->n_conns; conn++) {
        if (port_is_behind(&session->port, session, conn)) {
            return true;
        }
    }
    return false;
}

/* First what waits is taken in, so that nothing is read that is replaced; but never for long. */
static uint32_t n_to_read(struct session *session, struct moment now)
{
    if (!has_unread(session)) {
        return HELD_PER_TURN;
    }
    return now.mono_ns - newest_since_ns(&session->newest) < HELD_PATIENCE_NS ? 0
                                                                              : HELD_WHILE_BEHIND;
}

static void read_held(struct session *session, struct moment now)
{
    struct arb_message message;
    uint32_t conn;

    if (session->newest.n == 0) {
        return;
    }
    session->holds = false;
    for (uint32_t n = n_to_read(session, now); n > 0; n--) {
        if (!newest_take(&session->newest, &conn, &message)) {
            break;
        }
        on_message(session, conn, now, message); /* what is held has a connection that is up */
    }
    session->holds = session->load.skips || session->newest.n > 0;
}

static void on_close(void *owner, uint32_t conn, struct moment now, const char *why)
{
    struct session *const session = owner;

    if (conn >= session->n_conns || !session->conns[conn].is_up) {
        return;
    }
    effects_set_time(&session->effects, now);
    conns_closed(session, conn, now, why);
    tell_connection(session, conn, now, false);
    if (session->sink->was_renewed != NULL) {
        session->sink->was_renewed(session->sink_context);
    }
    (void)is_expelled(session);
}

static void on_suspect(void *owner, uint32_t conn, struct moment now)
{
    struct session *const session = owner;

    (void)now;
    if (is_known(session, conn) && session->sink->wants_replacement != NULL) {
        session->sink->wants_replacement(session->sink_context,
                                         "silent, and a ping was not answered");
    }
}

static void on_round_trip(void *owner, uint32_t conn, struct moment now, int64_t rtt_ns)
{
    struct session *const session = owner;

    if (is_known(session, conn) && session->conns[conn].is_up) {
        session->sink->round_trip(session->sink_context, conn, now, rtt_ns);
    }
}

static void on_ping(void *owner, uint32_t conn, struct moment now)
{
    struct session *const session = owner;

    if (is_known(session, conn) && session->conns[conn].is_up && session->sink->ping != NULL) {
        session->sink->ping(session->sink_context, conn, now);
    }
}

/* -- answers by HTTP ------------------------------------------------------------------ */

static bool is_refusal_for_rate(int status)
{
    return status == HTTP_TOO_MANY || status == HTTP_TEAPOT || status == HTTP_UNAVAILABLE;
}

static int read_answer(struct session *session, const struct http_call *call,
                       const struct http_answer *answer, struct moment now)
{
    const struct arb_ask ask = { .size = (uint32_t)sizeof(ask),
                                 .what = call->what,
                                 .conn = call->conn,
                                 .attempt = call->attempt,
                                 .number = call->number,
                                 .n_instruments = call->what == ARB_ASK_SNAPSHOT,
                                 .instruments = &call->instrument };

    if (answer->status == 0) {
        return ARB_EPROTO; /* nothing came */
    }
    session->stats.frames++;
    effects_begin(&session->effects, now.mono_ns, now.utc_ns);
    watch_enter(&session->subject, "on_answer()", answer->body);
    const int rc = session->plugin->exchange.on_answer(session->self, &session->effects.host, &ask,
                                                       answer->status, answer->body);
    watch_leave();
    return finish(session, "on_answer()", rc, answer->body, now);
}

/*
 * "HTTP 429", or what the port says when nothing came; of an answer that is none, what is wrong
 * with it, for the plugin's result `rc`.
 */
static void put_reason(const struct http_answer *answer, int rc, char *why, size_t cap)
{
    if (answer->status / 100 == 2 && rc != ARB_OK) {
        (void)snprintf(why, cap, "an answer came (HTTP %d, %zu bytes) that the plugin refused, %s",
                       answer->status, answer->body.len, arb_rc_text(rc));
    } else if (answer->status / 100 == 3) {
        (void)snprintf(why, cap,
                       "HTTP %d, and redirects are not followed: configure the URL it leads to",
                       answer->status);
    } else if (answer->status != 0) {
        (void)snprintf(why, cap, "HTTP %d", answer->status);
    } else {
        (void)snprintf(why, cap, "%.*s", (int)(answer->body.len < 90 ? answer->body.len : 90),
                       answer->body.len == 0 ? "no answer" : answer->body.data);
    }
}

/* An answer, and what the plugin returned for it. */
struct answered {
    const struct http_answer *answer;
    int rc;
};

static void settle(struct session *session, const struct http_call *call,
                   const struct answered *answered, bool is_good, struct moment now)
{
    char why[EVENT_REASON_MAX];

    put_reason(answered->answer, answered->rc, why, sizeof(why));
    switch ((enum arb_ask_what)call->what) {
    case ARB_ASK_SNAPSHOT:
        seeds_answered(session, call->instrument, is_good, now, why);
        break;
    case ARB_ASK_CATALOG:
        if (!is_good) {
            catalog_failed(session, now, why);
        } else if (session->catalog.is_asked) { /* an answer without an end is none */
            catalog_endless(session, now);
        }
        break;
    case ARB_ASK_TOKEN:
        conns_token(session, call->conn, is_good, now);
        break;
    default:
        break;
    }
}

static void take_answer(struct session *session, const struct http_call *call,
                        const struct http_answer *answer, struct moment now)
{
    const int rc = read_answer(session, call, answer, now);
    const bool is_late = rc == ARB_ELATER || is_refusal_for_rate(answer->status);
    const bool is_good = rc == ARB_OK && !is_late && answer->status / 100 == 2;

    budget_http_done(session->budget, is_good);
    if (is_late) {
        budget_pause_http(session->budget, now.mono_ns, answer->retry_after_ms);
    }
    if (!session->is_disabled) {
        const struct answered answered = { answer, rc };
        settle(session, call, &answered, is_good, now);
        follow_up(session, now);
    }
}

static void on_answer(void *owner, uint32_t request, struct moment now,
                      const struct http_answer *answer)
{
    struct session *const session = owner;
    struct http_call call;

    if (!session->is_disabled && request_take(session, request, &call)) {
        conns_came(session, ARB_NO_CONN, now);
        take_answer(session, &call, answer, now);
    }
}

const struct port_events session_events = {
    .on_dial = on_dial,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
    .on_answer = on_answer,
    .on_suspect = on_suspect,
    .on_ping = on_ping,
    .on_round_trip = on_round_trip,
};

/* -- turns ---------------------------------------------------------------------------- */

static void run_timer(struct session *session, uint32_t timer, struct moment now)
{
    session->timers[timer] = NEVER_NS;
    effects_begin(&session->effects, now.mono_ns, now.utc_ns);
    watch_enter(&session->subject, "on_timer()", no_bytes);
    const int result =
        session->plugin->exchange.on_timer(session->self, &session->effects.host, timer);
    watch_leave();
    if (finish(session, "on_timer()", result, no_bytes, now) != ARB_OK && !session->is_disabled) {
        session->timers[timer] = now.mono_ns + session->timer_delays_ms[timer] * NS_PER_MS;
    }
}

static void run_timers(struct session *session, struct moment now)
{
    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX && !session->is_disabled; timer++) {
        if (session->timers[timer] <= now.mono_ns) {
            run_timer(session, timer, now);
        }
    }
}

static void give_up_overdue(struct session *session, struct moment now)
{
    static const struct http_answer none = { .body = { "no answer came", 14 } };
    struct http_call call;

    while (request_take_overdue(session, now.mono_ns, &call)) {
        take_answer(session, &call, &none, now);
    }
}

static int64_t next_ns(const struct session *session)
{
    int64_t next = session->newest.n > 0 ? 0 : request_overdue_ns(session);

    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX; timer++) {
        next = session->timers[timer] < next ? session->timers[timer] : next;
    }
    for (unsigned what = 0; what < N_DUES; what++) {
        next = session->due_ns[what] < next ? session->due_ns[what] : next;
    }
    return next;
}

int64_t session_on_turn(struct session *session, struct moment now)
{
    effects_set_time(&session->effects, now);
    if (session->is_disabled || session->is_stopping) {
        return NEVER_NS;
    }
    if (!session_is_in_bounds(session)) {
        char why[256];
        (void)snprintf(why, sizeof(why), "the plugin broke a rule: %s", instance_rule);
        disable(session, why);
        return NEVER_NS;
    }
    run_timers(session, now);
    read_held(session, now);
    give_up_overdue(session, now);
    if (is_due(session, DUE_CATALOG, now.mono_ns)) {
        catalog_on_turn(session, now);
    }
    follow_up(session, now);
    return session->is_disabled ? NEVER_NS : next_ns(session);
}

void session_distrust(struct session *session, uint32_t instrument, struct moment now,
                      const char *why)
{
    books_damaged(session, instrument, now, why);
}

/* -- when the host is behind ---------------------------------------------------------- */

void session_set_load(struct session *session, struct session_load load)
{
    if (session->load.is_behind && !load.is_behind) {
        due_by(session, DUE_SUBSCRIPTIONS, 0);
    }
    session->load = load;
    session->holds = load.skips || session->newest.n > 0;
}

void session_shed(struct session *session, uint32_t i, struct moment now, const char *why)
{
    struct session_book *const book = &session->books[i];

    if (book->is_shed == (why != NULL) || session->is_disabled || book->is_barred) {
        return;
    }
    effects_set_time(&session->effects, now);
    book->is_shed = why != NULL;
    if (book->is_shed) {
        newest_drop(&session->newest, i);
        subscriptions_shed(session, i);
        books_leave(session, i, ARB_BOOK_UNUSABLE, now, why);
    } else {
        subscriptions_unshed(session, i, now);
    }
}

bool session_is_shed(const struct session *session, uint32_t i)
{
    return session->books[i].is_shed;
}

int64_t session_held_since_ns(const struct session *session)
{
    return newest_since_ns(&session->newest);
}

uint32_t session_n_asked(const struct session *session)
{
    return subscriptions_n_asked(session);
}
