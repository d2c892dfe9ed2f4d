#include "session/subscriptions.h"

#include "session/books.h"
#include "session/requests.h"

enum { RAMP_MIN = 100 }; /* books that are asked for at once on a connection that is fresh */

static const char unanswered[] = "the venue did not answer";

static struct subscription *sub_of(struct session *session, uint32_t i, uint32_t channel)
{
    return &session->books[i].subs[channel];
}

static bool is_pending(uint32_t state)
{
    return state == SUB_WANTED || state == SUB_LEAVE_WANTED;
}

/* The venue has yet to answer, or to send its snapshot. */
static bool is_open(uint32_t state)
{
    return state == SUB_ASKED || state == SUB_ACKED;
}

static bool is_leaving(uint32_t state)
{
    return state >= SUB_LEAVE_WANTED;
}

/*
 * What is asked for at once grows with every answer, and not while the host is behind: so a
 * connection that comes back adds load only as fast as it is seen to be carried.
 */
static void count_open(struct session *session, struct session_conn *conn, uint32_t before,
                       uint32_t after)
{
    conn->n_open += is_open(after);
    conn->n_open -= is_open(before);
    if (!is_open(before) || is_open(after)) {
        return;
    }
    if (after == SUB_ON && !session->load.is_behind && conn->ramp < ARB_INSTRUMENTS_MAX) {
        conn->ramp++;
    }
    if (conn->n_pending > 0 && conn->n_open <= conn->ramp / 2) {
        due_by(session, DUE_SUBSCRIPTIONS, 0);
    }
}

static void set_state(struct session *session, uint32_t i, uint32_t channel, enum sub_state state,
                      int64_t due_ns)
{
    struct subscription *const sub = sub_of(session, i, channel);
    struct session_conn *const conn = &session->conns[session->books[i].conn];

    conn->n_pending -= is_pending(sub->state);
    conn->n_pending += is_pending(state);
    if (channel == 0) {
        count_open(session, conn, sub->state, state);
    }
    sub->state = (uint8_t)state;
    sub->due_ns = due_ns;
    due_by(session, DUE_SUBSCRIPTIONS, is_pending(state) ? 0 : due_ns);
}

static void set_wanted(struct session *session, uint32_t i, uint32_t channel)
{
    set_state(session, i, channel, SUB_WANTED, NEVER_NS);
}

static uint32_t first_of(const struct session *session, uint32_t conn)
{
    return conn * session->books_per_conn;
}

static uint32_t end_of(const struct session *session, uint32_t conn)
{
    const uint64_t end = ((uint64_t)conn + 1) * session->books_per_conn;
    return end < session->instruments.n ? (uint32_t)end : session->instruments.n;
}

static void set_served(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    struct subscription *const sub = sub_of(session, i, channel);

    sub->unanswered = sub->pauses = 0;
    session->conns[session->books[i].conn].is_served = true;
    set_state(session, i, channel, SUB_ON, NEVER_NS);
    if (!sub->was_on) {
        sub->was_on = true;
        live_book_served(&session->books[i].live, now.mono_ns);
    }
    if (channel == 0 && session->rules.source != ARB_SNAPSHOT_STREAM) {
        due_by(session, DUE_SEEDS, live_book_seed_due_ns(&session->books[i].live, &session->rules));
    }
}

/* -- connections ---------------------------------------------------------------------- */

void subscriptions_add(struct session *session, uint32_t i, struct moment now)
{
    if (!session->conns[session->books[i].conn].is_up || session->books[i].is_barred ||
        session->books[i].is_shed) {
        return;
    }
    session->books[i].seed.attempt = 0;
    books_await(session, i, now, "subscribing");
    for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
        set_wanted(session, i, channel);
    }
}

void subscriptions_open(struct session *session, uint32_t conn, struct moment now)
{
    session->conns[conn].cursor = first_of(session, conn);
    session->conns[conn].ramp = RAMP_MIN;
    for (uint32_t i = first_of(session, conn); i < end_of(session, conn); i++) {
        subscriptions_add(session, i, now);
    }
}

void subscriptions_close(struct session *session, uint32_t conn)
{
    for (uint32_t i = first_of(session, conn); i < end_of(session, conn); i++) {
        for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
            set_state(session, i, channel, SUB_NONE, NEVER_NS);
            *sub_of(session, i, channel) = (struct subscription){ .due_ns = NEVER_NS };
        }
    }
}

/* -- sending -------------------------------------------------------------------------- */

/* Some books of one connection whose subscriptions are in the same state. */
struct batch {
    uint32_t conn, channel, state;
    uint32_t room; /* books that may be asked for */
    uint32_t n;
    uint32_t list[256];
};

/* How many books may be asked for besides those that are. */
static uint32_t room_of(const struct session *session, const struct session_conn *conn)
{
    if (session->is_unpaced) {
        return ARB_INSTRUMENTS_MAX;
    }
    return session->load.is_behind || conn->n_open >= conn->ramp ? 0 : conn->ramp - conn->n_open;
}

/* The next pending subscription from the cursor on, and all like it that fit one request. */
static void collect(struct session *session, struct batch *batch)
{
    struct session_conn *const conn = &session->conns[batch->conn];
    const uint32_t first = first_of(session, batch->conn), end = end_of(session, batch->conn);
    const uint32_t limit = session->plan.books_per_request;
    uint32_t max = limit < 256 ? limit : 256;

    for (uint32_t k = 0; k < end - first && batch->n < max; k++) {
        const uint32_t i = first + (conn->cursor - first + k) % (end - first);
        for (uint32_t channel = 0; channel < session->plan.channels && batch->n < max; channel++) {
            const struct subscription *const sub = sub_of(session, i, channel);
            const bool is_like =
                sub->state == batch->state && channel == batch->channel && !sub->is_alone;
            if (!is_pending(sub->state) || (batch->n > 0 && !is_like) ||
                (sub->state == SUB_WANTED && batch->n >= batch->room)) {
                continue;
            }
            max = sub->is_alone ? 1 : max;
            batch->state = sub->state;
            batch->channel = channel;
            batch->list[batch->n++] = i;
        }
    }
    if (batch->n > 0) {
        conn->cursor = batch->list[batch->n - 1] + 1;
    }
}

static bool may_send(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];

    if (session->is_unpaced) {
        return true;
    }
    if (now.mono_ns < conn->send_ns) {
        due_by(session, DUE_SUBSCRIPTIONS, conn->send_ns);
        return false;
    }
    if (!rate_take(&conn->hourly, now.mono_ns)) {
        session->stats.sends_refused++;
        due_by(session, DUE_SUBSCRIPTIONS, rate_due_ns(&conn->hourly, now.mono_ns));
        return false;
    }
    if (session->plan.requests_per_second > 0) {
        conn->send_ns = now.mono_ns + NS_PER_S / session->plan.requests_per_second;
    }
    return true;
}

static void on_sent(struct session *session, const struct batch *batch, uint32_t number,
                    struct moment now)
{
    const bool is_leave = batch->state == SUB_LEAVE_WANTED;
    const int64_t due_ns = now.mono_ns + session->plan.answer_ms * NS_PER_MS;

    for (uint32_t k = 0; k < batch->n; k++) {
        set_state(session, batch->list[k], batch->channel, is_leave ? SUB_LEAVING : SUB_ASKED,
                  due_ns);
        sub_of(session, batch->list[k], batch->channel)->number = number;
        sub_of(session, batch->list[k], batch->channel)->is_left = false;
    }
}

/* The plugin cannot spell it: what it cannot leave needs a new connection. */
static void on_unspelled(struct session *session, const struct batch *batch, struct moment now)
{
    for (uint32_t k = 0; k < batch->n; k++) {
        set_state(session, batch->list[k], batch->channel, SUB_NONE, NEVER_NS);
    }
    if (batch->state == SUB_LEAVE_WANTED && !session->books[batch->list[0]].is_shed) {
        request_close(session, batch->conn, "resync");
        return;
    }
    for (uint32_t k = 0; k < batch->n && batch->channel == 0; k++) {
        if (session->books[batch->list[k]].is_shed) {
            continue; /* it keeps coming, and is not looked at */
        }
        books_refused(session, batch->list[k], now, "the plugin cannot spell its subscription",
                      UNUSABLE_RETRY_NS);
    }
}

static void send_batch(struct session *session, struct batch *batch, struct moment now)
{
    struct arb_ask ask =
        request_ask(session, batch->state == SUB_WANTED ? ARB_ASK_SUBSCRIBE : ARB_ASK_UNSUBSCRIBE);
    int rc;

    ask.conn = batch->conn;
    ask.channel = batch->channel;
    ask.attempt = sub_of(session, batch->list[0], batch->channel)->unanswered;
    ask.instruments = batch->list;
    do {
        ask.n_instruments = batch->n;
        rc = request_send(session, &ask);
        batch->n = rc == ARB_ELIMIT && batch->n > 1 ? batch->n / 2 : batch->n;
    } while (rc == ARB_ELIMIT && ask.n_instruments > 1);
    if (rc == ARB_OK) {
        on_sent(session, batch, ask.number, now);
    } else {
        on_unspelled(session, batch, now);
    }
}

static void pump(struct session *session, uint32_t c, struct moment now)
{
    struct session_conn *const conn = &session->conns[c];

    while (conn->is_up && !conn->is_doomed && conn->n_pending > 0) {
        struct batch batch = { .conn = c, .room = room_of(session, conn) };
        const uint32_t cursor = conn->cursor;
        collect(session, &batch);
        if (batch.n == 0 || !may_send(session, c, now)) {
            conn->cursor = cursor;
            return;
        }
        send_batch(session, &batch, now);
    }
}

/* -- answers -------------------------------------------------------------------------- */

static void on_subscribed(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    const struct subscription *const sub = sub_of(session, i, channel);
    const bool waits = channel == 0 && session->rules.source == ARB_SNAPSHOT_STREAM &&
                       session->books[i].live.state != ARB_BOOK_LIVE;

    if (is_leaving(sub->state) || sub->state == SUB_ON) {
        return; /* late, or once more */
    }
    if (waits) {
        set_state(session, i, channel, SUB_ACKED,
                  now.mono_ns + session->plan.answer_ms * NS_PER_MS);
    } else {
        set_served(session, i, channel, now);
    }
}

static void pause_sub(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    struct subscription *const sub = sub_of(session, i, channel);
    const int64_t delay_ns = backoff_ns(++sub->pauses, BACKOFF_MAX_NS);

    set_state(session, i, channel, is_leaving(sub->state) ? SUB_LEAVE_PAUSED : SUB_PAUSED,
              now.mono_ns + delay_ns);
}

/* It was left in order to be subscribed anew, or for good. */
static void end_leaving(struct session *session, uint32_t i, uint32_t channel)
{
    if (session->books[i].is_shed) {
        set_state(session, i, channel, SUB_NONE, NEVER_NS);
    } else {
        sub_of(session, i, channel)->is_left = true;
        set_wanted(session, i, channel);
    }
}

/* Left, or was never in: either way it can be subscribed. */
static void on_left(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    const uint32_t state = sub_of(session, i, channel)->state;

    if (channel == 0) {
        newest_drop(&session->newest, i);
    }
    if (is_leaving(state)) {
        end_leaving(session, i, channel);
    } else if (state != SUB_ASKED && state != SUB_ACKED && state != SUB_ON) {
        return;
    } else if (channel == 0) {
        set_state(session, i, channel, SUB_NONE, NEVER_NS);
        books_damaged(session, i, now, "the venue ended the subscription");
    } else {
        pause_sub(session, i, channel, now);
    }
}

static void on_refused(struct session *session, uint32_t i, uint32_t channel, struct moment now,
                       const char *why)
{
    const uint32_t state = sub_of(session, i, channel)->state;

    if (is_leaving(state)) {
        end_leaving(session, i, channel);
    } else if (state == SUB_NONE) {
        return; /* refused before */
    } else if (channel == 0) {
        set_state(session, i, channel, SUB_NONE, NEVER_NS);
        books_refused(session, i, now, why, UNUSABLE_RETRY_NS);
    } else {
        log_line(ARB_WARN, session->who, "channel %u of %s: %s", channel,
                 session->instruments.list[i].symbol, why);
        set_state(session, i, channel, SUB_PAUSED, now.mono_ns + UNUSABLE_RETRY_NS);
    }
}

void subscriptions_answered(struct session *session, uint32_t i, uint32_t channel,
                            enum arb_outcome outcome, struct moment now, const char *why)
{
    const uint32_t state = sub_of(session, i, channel)->state;

    switch (outcome) {
    case ARB_SUBSCRIBED:
        on_subscribed(session, i, channel, now);
        break;
    case ARB_LEFT:
        on_left(session, i, channel, now);
        break;
    case ARB_LATER:
        if (state == SUB_ASKED || state == SUB_LEAVING) {
            pause_sub(session, i, channel, now);
        }
        break;
    case ARB_REFUSED:
        on_refused(session, i, channel, now, why);
        break;
    }
}

static bool is_asked_by(const struct subscription *sub, uint32_t number)
{
    return sub->number == number && (sub->state == SUB_ASKED || sub->state == SUB_LEAVING);
}

/* Does the request ask for several books? Then nothing tells which of them is refused. */
static bool has_many(struct session *session, uint32_t number)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < session->instruments.n && n < 2; i++) {
        for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
            n += is_asked_by(sub_of(session, i, channel), number);
        }
    }
    return n > 1;
}

void subscriptions_answered_ask(struct session *session, uint32_t number, enum arb_outcome outcome,
                                struct moment now, const char *why)
{
    const bool is_split = outcome == ARB_REFUSED && has_many(session, number);

    if (is_split) {
        log_line(ARB_WARN, session->who, "asking for each book alone, since together: %s", why);
    }
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
            struct subscription *const sub = sub_of(session, i, channel);
            if (!is_asked_by(sub, number)) {
                continue;
            }
            if (is_split && sub->state == SUB_ASKED) {
                sub->is_alone = true;
                set_wanted(session, i, channel);
            } else {
                subscriptions_answered(session, i, channel, outcome, now, why);
            }
        }
    }
}

void subscriptions_later(struct session *session, uint32_t conn, struct moment now)
{
    for (uint32_t i = first_of(session, conn); i < end_of(session, conn); i++) {
        for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
            subscriptions_answered(session, i, channel, ARB_LATER, now, "");
        }
    }
}

bool subscriptions_is_elsewhere(const struct session *session, uint32_t i)
{
    return session->current_conn != ARB_NO_CONN && session->books[i].conn != session->current_conn;
}

bool subscriptions_take(struct session *session, const struct arb_book_event *event,
                        struct moment now)
{
    const uint32_t channel = event->kind == ARB_BOOK_TOP && session->plan.channels > 1 ? 1 : 0;
    const struct subscription *const sub = sub_of(session, event->instrument, channel);
    const bool is_stream = session->rules.source == ARB_SNAPSHOT_STREAM;
    /* A change may still be of the subscription before; the second channel is never left. */
    const bool is_proof = !is_stream || channel > 0 || event->kind == ARB_BOOK_SNAPSHOT;

    if (subscriptions_is_elsewhere(session, event->instrument)) {
        return false; /* its own connection says what becomes of it */
    }
    const struct session_book *const book = &session->books[event->instrument];
    if (book->is_barred || book->is_shed ||
        (is_stream && (is_leaving(sub->state) || sub->is_left))) {
        return false; /* a late snapshot as well: its subscription ends, or has ended */
    }
    if (session->current_conn == ARB_NO_CONN && !subscriptions_is_on(session, event->instrument)) {
        return false; /* by HTTP, where no change would follow: it proves no subscription */
    }
    if (sub->state != SUB_ON && !is_leaving(sub->state) && is_proof) {
        set_served(session, event->instrument, channel, now);
    }
    return true;
}

bool subscriptions_is_on(const struct session *session, uint32_t i)
{
    const struct session_book *const book = &session->books[i];
    return book->subs[0].state == SUB_ON && !session->conns[book->conn].is_doomed;
}

/* -- resyncs and deadlines ------------------------------------------------------------ */

void subscriptions_resync(struct session *session, uint32_t i, struct moment now)
{
    const struct subscription *const sub = sub_of(session, i, 0);
    const uint32_t state = sub->state;
    const bool is_stream = session->rules.source == ARB_SNAPSHOT_STREAM;
    const bool is_known = state != SUB_NONE && state != SUB_WANTED && state != SUB_PAUSED;
    const bool is_overdue = state == SUB_ASKED && sub->due_ns == NEVER_NS;

    if (!session->conns[session->books[i].conn].is_up || session->books[i].is_shed) {
        return; /* the connection subscribes it, or nothing does */
    }
    session->stats.resyncs++;
    books_await(session, i, now, "resync");
    if (is_stream && is_known && session->plan.resubscribe == ARB_RESUBSCRIBE_LEAVE_FIRST) {
        set_state(session, i, 0, SUB_LEAVE_WANTED, NEVER_NS);
    } else if (is_stream || !is_known || is_overdue ||
               session->plan.resubscribe == ARB_RESUBSCRIBE_AT_ONCE) {
        set_wanted(session, i, 0);
    }
    for (uint32_t channel = 1; channel < session->plan.channels; channel++) {
        if (sub_of(session, i, channel)->state == SUB_NONE) {
            set_wanted(session, i, channel);
        }
    }
}

static bool has_live_book(const struct session *session, uint32_t conn)
{
    for (uint32_t i = first_of(session, conn); i < end_of(session, conn); i++) {
        if (session->books[i].live.state == ARB_BOOK_LIVE) {
            return true;
        }
    }
    return false;
}

static void on_unanswered(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    struct subscription *const sub = sub_of(session, i, channel);
    const uint32_t conn = session->books[i].conn;

    if (session->load.is_behind || port_is_behind(&session->port, session, conn)) {
        sub->due_ns = now.mono_ns + session->plan.answer_ms * NS_PER_MS; /* it may be in there */
        return;
    }
    sub->unanswered++;
    sub->due_ns = NEVER_NS;
    if (session->books[i].is_shed) {
        set_state(session, i, channel, SUB_NONE, NEVER_NS);
    } else if (channel > 0) {
        session_warn(session, now,
                     "channel %u of %s: the venue did not answer, or the plugin does not tell it "
                     "with arb_answered(); asked again",
                     channel, session->instruments.list[i].symbol);
        pause_sub(session, i, channel, now); /* the book does not rest on it */
    } else if (sub->unanswered >= UNANSWERED_MAX && !has_live_book(session, conn)) {
        request_close(session, conn, "the venue answers no requests");
    } else {
        books_damaged(session, i, now, unanswered);
    }
}

static void on_due(struct session *session, uint32_t i, uint32_t channel, struct moment now)
{
    const uint32_t state = sub_of(session, i, channel)->state;

    if (state == SUB_PAUSED) {
        set_wanted(session, i, channel);
    } else if (state == SUB_LEAVE_PAUSED) {
        set_state(session, i, channel, SUB_LEAVE_WANTED, NEVER_NS);
    } else {
        on_unanswered(session, i, channel, now);
    }
}

void subscriptions_shed(struct session *session, uint32_t i)
{
    for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
        const uint32_t state = sub_of(session, i, channel)->state;
        if (state == SUB_ASKED || state == SUB_ACKED || state == SUB_ON) {
            set_state(session, i, channel, SUB_LEAVE_WANTED, NEVER_NS);
        } else if (!is_leaving(state)) {
            set_state(session, i, channel, SUB_NONE, NEVER_NS);
        }
    }
}

void subscriptions_unshed(struct session *session, uint32_t i, struct moment now)
{
    if (!session->conns[session->books[i].conn].is_up || session->books[i].is_barred) {
        return;
    }
    books_await(session, i, now, "subscribing");
    for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
        if (!is_leaving(sub_of(session, i, channel)->state)) { /* else it is left first */
            set_wanted(session, i, channel);
        }
    }
}

uint32_t subscriptions_n_asked(const struct session *session)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < session->instruments.n; i++) {
        const uint32_t state = session->books[i].subs[0].state;
        n += is_open(state) || state == SUB_ON;
    }
    return n;
}

void subscriptions_on_turn(struct session *session, struct moment now)
{
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        for (uint32_t channel = 0; channel < session->plan.channels; channel++) {
            if (sub_of(session, i, channel)->due_ns <= now.mono_ns) {
                on_due(session, i, channel, now);
            }
            due_by(session, DUE_SUBSCRIPTIONS, sub_of(session, i, channel)->due_ns);
        }
    }
    for (uint32_t conn = 0; conn < session->n_conns; conn++) {
        pump(session, conn, now);
    }
}
