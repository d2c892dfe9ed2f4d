#include "session/books.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENCE_LOOK_NS (1 * NS_PER_S)
/* Dated further ahead of the venue's clock than any jitter: a damaged date. */
#define AHEAD_MAX_NS (60 * NS_PER_S)
/* A snapshot is dated when it is made: no later than what the stream shows, but for two clocks. */
#define SNAPSHOT_AHEAD_MAX_NS (10 * NS_PER_S)

enum { FAR_IN_A_ROW = 8 };

static const char far_ahead[] = "dated minutes ahead of the venue's clock: damaged";

static void tell(struct session *session, uint32_t i, struct event *event)
{
    event->instrument = i;
    session->sink->event(session->sink_context, i, event);
}

static void resync_at(struct session *session, uint32_t i, int64_t mono_ns)
{
    session->books[i].resync_ns = mono_ns;
    due_by(session, DUE_BOOKS, mono_ns);
}

void books_leave(struct session *session, uint32_t i, enum arb_book_state state, struct moment now,
                 const char *why)
{
    struct event event;

    session->books[i].resync_ns = NEVER_NS;
    if (live_book_leave(&session->books[i].live, &session->rules, state, now, why, &event)) {
        tell(session, i, &event);
    }
}

void books_await(struct session *session, uint32_t i, struct moment now, const char *why)
{
    struct session_book *const book = &session->books[i];
    struct event event;

    book->resync_ns = NEVER_NS;
    if (session->plugin->exchange.reset != NULL) {
        watch_enter_next("reset()");
        effects_enter(&session->effects, "reset()");
        session->plugin->exchange.reset(session->self, i);
        effects_end(&session->effects);
        watch_leave();
    }
    if (live_book_await(&book->live, &session->rules, now, why, &event)) {
        tell(session, i, &event);
    }
    book->seed.not_before_ns = 0;
    if (session->rules.source != ARB_SNAPSHOT_STREAM) {
        due_by(session, DUE_SEEDS, live_book_seed_due_ns(&book->live, &session->rules));
    }
}

/* Damaged before, and the resync for it is still to come? */
static bool awaits_resync(const struct session_book *book)
{
    return book->resync_ns != NEVER_NS && !book->live.is_crossed &&
           (book->live.state == ARB_BOOK_STALE || book->live.state == ARB_BOOK_UNUSABLE);
}

void books_damaged(struct session *session, uint32_t i, struct moment now, const char *why)
{
    struct session_book *const book = &session->books[i];
    const bool was_live = book->live.state == ARB_BOOK_LIVE;

    if (awaits_resync(book) || book->is_shed) {
        return; /* a further complaint is no further attempt */
    }
    if (was_live && now.mono_ns - book->live.live_since_ns >= RESYNC_FORGIVEN_NS) {
        book->attempts = 0;
    }
    if (book->attempts == RESYNC_ATTEMPTS_MAX) {
        book->attempts = 0;
        books_leave(session, i, ARB_BOOK_UNUSABLE, now, why);
        resync_at(session, i, now.mono_ns + UNUSABLE_RETRY_NS);
    } else {
        books_leave(session, i, ARB_BOOK_STALE, now, why);
        resync_at(session, i, now.mono_ns + backoff_ns(book->attempts, BACKOFF_MAX_NS));
        book->attempts++;
    }
    session_warn(session, now, "%s is %s: %s", session->instruments.list[i].symbol,
                 book_state_name(book->live.state), why);
}

void books_refused(struct session *session, uint32_t i, struct moment now, const char *why,
                   int64_t retry_ns)
{
    session->stats.refused++;
    books_leave(session, i, ARB_BOOK_UNUSABLE, now, why);
    if (retry_ns != NEVER_NS) {
        resync_at(session, i, now.mono_ns + retry_ns);
    }
    log_line(ARB_ERROR, session->who, "%s cannot be had: %s", session->instruments.list[i].symbol,
             why);
}

void books_rejected(struct session *session, uint32_t i, struct moment now, bool is_scale,
                    const char *why)
{
    const struct arb_instrument *const info = &session->instruments.list[i];
    char text[EVENT_REASON_MAX];

    if (is_scale) {
        (void)snprintf(text, sizeof(text),
                       "a number does not fit px_scale %u, qty_scale %u: set them in "
                       "[instrument:%s]",
                       info->px_scale, info->qty_scale, info->symbol);
        why = text;
    }
    books_damaged(session, i, now, why);
}

void books_trading(struct session *session, uint32_t i, uint8_t trading, struct moment now,
                   const char *why)
{
    struct event event;
    const uint32_t first = i == ARB_ALL_INSTRUMENTS ? 0 : i;
    const uint32_t end = i == ARB_ALL_INSTRUMENTS ? session->instruments.n : i + 1;

    if (i == ARB_ALL_INSTRUMENTS) {
        session->venue_trading = trading;
    }
    for (uint32_t k = first; k < end; k++) {
        struct live_book *const live = &session->books[k].live;
        const uint8_t pair = i == ARB_ALL_INSTRUMENTS ? live->pair_trading : trading;
        if (live_book_set_trading(live, &session->rules, pair, session->venue_trading, now, why,
                                  &event)) {
            tell(session, k, &event);
        }
    }
}

static bool is_far_ahead(int64_t offset_ns, int64_t of_ns)
{
    int64_t ahead_ns;
    return __builtin_sub_overflow(offset_ns, of_ns, &ahead_ns) ? offset_ns > of_ns
                                                               : ahead_ns > AHEAD_MAX_NS;
}

static void refer_to(struct session *session, int64_t offset_ns, uint32_t i)
{
    session->has_time_reference = true;
    session->time_reference_ns = offset_ns;
    session->time_witness = i;
    session->n_ahead = session->n_behind = 0;
}

/* Of what was refused, or went with its connection, nothing is in a book. */
static bool is_in_use(const struct session *session, uint32_t i)
{
    const struct live_book *const live = i == ARB_NO_INSTRUMENT ? NULL : &session->books[i].live;

    return live != NULL &&
           (live->state == ARB_BOOK_LIVE || live->state == ARB_BOOK_SYNCING || live->is_crossed);
}

void books_forget_time(struct session *session)
{
    session->has_time_reference = session->has_time_reference && !session->is_time_confirmed &&
                                  is_in_use(session, session->time_witness);
}

/*
 * No date is believed before two in a row agree. Of two that do not, the later one is taken for the
 * damaged one: a book that is asked for again in vain costs less than one that nothing is newer
 * than. The next date is compared with this one, whichever it was.
 */
static bool is_later_of_two(struct session *session, const struct arb_book_event *event,
                            int64_t offset_ns, struct moment now)
{
    const int64_t before_ns = session->time_reference_ns;
    const uint32_t witness = session->time_witness;
    const bool is_ahead = is_far_ahead(offset_ns, before_ns);
    const bool is_behind = is_far_ahead(before_ns, offset_ns);

    session->is_time_confirmed = !is_ahead && !is_behind;
    if (!session->is_time_confirmed || offset_ns > before_ns) {
        refer_to(session, offset_ns, is_ahead ? ARB_NO_INSTRUMENT : event->instrument);
    }
    if (is_behind && is_in_use(session, witness)) {
        books_damaged(session, witness, now, far_ahead);
    }
    return is_ahead;
}

/*
 * A frame far ahead of time would make every later one look old. What is ahead is told by the
 * venue's own times on our monotonic clock. A reference that was itself damaged is given up for
 * several events in a row far below it, since one alone may be the damaged one, and for several in
 * a row far above: then it was our clock that stood still, as in a machine that slept.
 */
static bool is_ahead_of_reference(struct session *session, uint32_t i, int64_t offset_ns)
{
    const bool is_ahead = is_far_ahead(offset_ns, session->time_reference_ns);
    const bool is_behind = is_far_ahead(session->time_reference_ns, offset_ns);

    session->n_ahead = is_ahead ? session->n_ahead + 1 : 0;
    session->n_behind = is_behind ? session->n_behind + 1 : 0;
    if ((is_ahead && session->n_ahead < FAR_IN_A_ROW) ||
        (is_behind && session->n_behind < FAR_IN_A_ROW)) {
        return is_ahead;
    }
    if (is_behind || offset_ns > session->time_reference_ns) {
        refer_to(session, offset_ns, i);
    }
    return false;
}

static bool is_from_the_future(struct session *session, const struct arb_book_event *event,
                               struct moment now)
{
    const int64_t offset_ns = event->venue_ns - now.mono_ns;

    if (!session->has_time_reference) {
        session->is_time_confirmed = false;
        refer_to(session, offset_ns, event->instrument);
        return false;
    }
    return session->is_time_confirmed ? is_ahead_of_reference(session, event->instrument, offset_ns)
                                      : is_later_of_two(session, event, offset_ns, now);
}

/* Dated by the venue as it was sent? A snapshot may show a book as it was long before. */
static bool tells_time(const struct session *session, const struct arb_book_event *event)
{
    return event->venue_ns > 0 &&
           (event->kind != ARB_BOOK_SNAPSHOT || session->rules.source == ARB_SNAPSHOT_EACH);
}

static void note_told(struct session_book *book)
{
    if (book->live.state == ARB_BOOK_LIVE) {
        book->resync_ns = NEVER_NS;
        book->seed.attempt = 0;
    }
}

static void seed_refused(struct session *session, uint32_t i, struct moment now)
{
    struct seed *const seed = &session->books[i].seed;

    seed->attempt++;
    session->stats.seeds_failed++;
    seed->not_before_ns = now.mono_ns + backoff_ns(seed->attempt, BUDGET_PAUSE_MAX_NS);
    due_by(session, DUE_SEEDS, seed->not_before_ns);
}

static void act(struct session *session, uint32_t i, struct moment now, struct live_result *result)
{
    struct session_book *const book = &session->books[i];

    switch (result->outcome) {
    case LIVE_TOLD:
        tell(session, i, &result->event);
        note_told(book);
        break;
    case LIVE_DAMAGED:
        books_damaged(session, i, now, result->why);
        break;
    case LIVE_SEED_REFUSED:
        seed_refused(session, i, now);
        break;
    case LIVE_NOTHING:
        if (book->live.state == ARB_BOOK_SYNCING && session->rules.source != ARB_SNAPSHOT_STREAM) {
            due_by(session, DUE_SEEDS, live_book_seed_due_ns(&book->live, &session->rules));
        }
        break;
    }
    due_by(session, DUE_BOOKS, live_book_due_ns(&book->live));
}

/* Changes dated before it would all look as if they were in it. */
static bool is_dated_ahead_of_stream(const struct session *session, int64_t venue_ns,
                                     struct moment now)
{
    return session->has_time_reference && session->is_time_confirmed && venue_ns > 0 &&
           venue_ns - now.mono_ns > session->time_reference_ns + SNAPSHOT_AHEAD_MAX_NS;
}

static void refuse_date(struct session *session, const struct arb_book_event *event,
                        struct moment now)
{
    const bool is_seed = session->rules.source == ARB_SNAPSHOT_HTTP &&
                         session->books[event->instrument].live.state == ARB_BOOK_SYNCING;
    if (is_seed) {
        seed_refused(session, event->instrument, now);
    } else {
        books_damaged(session, event->instrument, now, far_ahead);
    }
}

void books_event(struct session *session, const struct arb_book_event *event, struct moment now)
{
    struct live_result result;

    if (tells_time(session, event)) {
        if (is_from_the_future(session, event, now)) {
            books_damaged(session, event->instrument, now, far_ahead);
            return;
        }
        if (session->is_time_confirmed && session->current_conn != ARB_NO_CONN) {
            session->sink->date(session->sink_context, session->current_conn, now, event->venue_ns);
        }
    }
    if (event->kind == ARB_BOOK_SNAPSHOT && !tells_time(session, event) &&
        is_dated_ahead_of_stream(session, event->venue_ns, now)) {
        refuse_date(session, event, now);
        return;
    }
    live_book_apply(&session->books[event->instrument].live, &session->rules, &session->room, event,
                    now, &result);
    act(session, event->instrument, now, &result);
}

/* A frozen book behind a living connection: a fresh snapshot tells. */
static void look_for_silence(struct session *session, struct moment now)
{
    if (session->rules.max_age_ns == 0) {
        return;
    }
    if (now.mono_ns >= session->silence_ns) {
        session->silence_ns = now.mono_ns + SILENCE_LOOK_NS;
        for (uint32_t i = 0; i < session->instruments.n; i++) {
            if (live_book_is_frozen(&session->books[i].live, &session->rules, now.mono_ns)) {
                books_damaged(session, i, now, "silent for longer than max_age, after it was busy");
            }
        }
    }
    due_by(session, DUE_BOOKS, session->silence_ns);
}

void books_on_turn(struct session *session, struct moment now)
{
    struct live_result result;

    for (uint32_t i = 0; i < session->instruments.n; i++) {
        struct live_book *const live = &session->books[i].live;
        if (live_book_due_ns(live) <= now.mono_ns) {
            live_book_on_time(live, &session->rules, &session->room, now, &result);
            act(session, i, now, &result);
        }
        due_by(session, DUE_BOOKS, live_book_due_ns(live));
        due_by(session, DUE_BOOKS, session->books[i].resync_ns);
    }
    look_for_silence(session, now);
}

bool books_next_resync(struct session *session, uint32_t *i, struct moment now)
{
    for (; *i < session->instruments.n; (*i)++) {
        if (session->books[*i].resync_ns <= now.mono_ns) {
            session->books[*i].resync_ns = NEVER_NS;
            return true;
        }
    }
    return false;
}

int books_init(struct session *session)
{
    session->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*session->books));
    if (session->books == NULL) {
        return ARB_ENOMEM;
    }
    int rc = live_room_init(&session->room);
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX && rc == ARB_OK; i++) {
        rc = live_book_init(&session->books[i].live);
        session->books[i].resync_ns = NEVER_NS;
        for (uint32_t channel = 0; channel < ARB_CHANNELS_MAX; channel++) {
            session->books[i].subs[channel].due_ns = NEVER_NS;
        }
    }
    return rc;
}

void books_fini(struct session *session)
{
    for (uint32_t i = 0; session->books != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        live_book_fini(&session->books[i].live);
    }
    live_room_fini(&session->room);
    free(session->books);
    session->books = NULL;
}
