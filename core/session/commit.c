#include "session/commit.h"

#include "session/books.h"
#include "session/catalog.h"
#include "session/conns.h"
#include "session/promises.h"
#include "session/requests.h"
#include "session/subscriptions.h"

static void commit_timer(struct session *session, const struct effect *effect, struct moment now)
{
    session->timers[effect->id] =
        effect->value == 0 ? NEVER_NS : now.mono_ns + effect->value * NS_PER_MS;
    session->timer_delays_ms[effect->id] = effect->value;
}

/* The venue does not say whom it means: whatever is not answered may be it. */
static void answered_nobody(struct session *session, const struct effect *effect, struct moment now)
{
    const bool is_later = effect->value == ARB_LATER;

    session_warn(session, now, "the venue: %s", effect->text.data);
    if (is_later && session->current_conn == ARB_NO_CONN) {
        budget_pause_http(session->budget, now.mono_ns, 0);
    }
    if (is_later && session->current_conn != ARB_NO_CONN) {
        subscriptions_later(session, session->current_conn, now);
    }
    if (is_later && session->catalog.is_asked && session->plan.catalog == ARB_CATALOG_STREAM) {
        catalog_failed(session, now, effect->text.data);
    }
}

static void commit_answered(struct session *session, const struct effect *effect, struct moment now)
{
    if (effect->id == ARB_NO_INSTRUMENT) {
        answered_nobody(session, effect, now);
    } else if (!subscriptions_is_elsewhere(session, effect->id)) {
        subscriptions_answered(session, effect->id, effect->channel,
                               (enum arb_outcome)effect->value, now, effect->text.data);
    }
}

static void commit_send(struct session *session, const struct effect *effect)
{
    const struct arb_message message = { effect->text.data, effect->text.len, effect->value == 1 };
    const int rc = session->port.ops->ws_send(session->port.context, session, effect->id, message);

    if (rc != ARB_OK) {
        log_line(ARB_ERROR, session->who, "not sent, %s: %.200s", arb_rc_text(rc),
                 effect->text.data);
    }
}

static void commit_renew(struct session *session, const struct effect *effect)
{
    if (session->sink->wants_replacement != NULL) {
        session->sink->wants_replacement(session->sink_context, effect->text.data);
    } else {
        request_close(session, effect->id, effect->text.data);
    }
}

static bool is_doomed(const struct session *session)
{
    return session->current_conn != ARB_NO_CONN && session->conns[session->current_conn].is_doomed;
}

static void commit_book(struct session *session, const struct effect *effect, struct moment now)
{
    if (!is_doomed(session) && subscriptions_take(session, &effect->book, now)) {
        promises_note(session, &effect->book, now);
        books_event(session, &effect->book, now);
    }
}

static void commit_one(struct session *session, const struct effect *effect, struct moment now)
{
    switch ((enum effect_kind)effect->kind) {
    case EFFECT_BOOK:
        commit_book(session, effect, now);
        break;
    case EFFECT_CONN_SEQ:
        conns_seq(session, effect->id, effect->seq, now);
        break;
    case EFFECT_HEARTBEAT:
        conns_dated(session, effect, now);
        break;
    case EFFECT_TIMER:
        commit_timer(session, effect, now);
        break;
    case EFFECT_ANSWERED:
        commit_answered(session, effect, now);
        break;
    case EFFECT_ANSWERED_ASK:
        subscriptions_answered_ask(session, effect->id, (enum arb_outcome)effect->value, now,
                                   effect->text.data);
        break;
    case EFFECT_LISTING:
        catalog_row(session, &effect->listing, now);
        break;
    case EFFECT_CATALOG_END:
        catalog_end(session, now);
        break;
    case EFFECT_TRADING:
        books_trading(session, effect->id, (uint8_t)effect->value, now, effect->text.data);
        break;
    case EFFECT_REJECT:
        books_rejected(session, effect->id, now, effect->value == 1, effect->text.data);
        break;
    case EFFECT_RESYNC:
        books_damaged(session, effect->id, now, effect->text.data);
        break;
    case EFFECT_SEND:
        commit_send(session, effect);
        break;
    case EFFECT_CLOSE:
        request_close(session, effect->id, effect->text.data);
        break;
    case EFFECT_RENEW:
        commit_renew(session, effect);
        break;
    }
}

void session_commit(struct session *session, struct moment now)
{
    const struct effect *effect = effects_first(&session->effects);

    /* What the callbacks on the way do may end it: their plugin is disabled. */
    for (; effect != NULL && effects_intruder(&session->effects) == NULL;
         effect = effects_next(&session->effects, effect)) {
        if (session->trace != NULL) {
            session->trace->effect(session->trace->context, effect);
        }
        commit_one(session, effect, now);
    }
}
