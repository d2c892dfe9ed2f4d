#include "session/seeds.h"

#include "session/requests.h"
#include "session/subscriptions.h"

#define RETRY_MAX_NS (30 * NS_PER_S)

void seeds_answered(struct session *session, uint32_t i, bool is_good, struct moment now,
                    const char *why)
{
    struct seed *const seed = &session->books[i].seed;
    const bool is_refused = seed->not_before_ns > now.mono_ns;
    const bool is_empty =
        is_good && !is_refused && session->books[i].live.state == ARB_BOOK_SYNCING;

    seed->is_asked = false;
    live_book_asked(&session->books[i].live, 0);
    if (!is_good || is_empty) {
        session_warn(session, now, "no snapshot of %s: %s", session->instruments.list[i].symbol,
                     is_empty ? "there was none in the answer" : why);
        session->stats.seeds_failed++;
        seed->attempt++;
        seed->not_before_ns = now.mono_ns + backoff_ns(seed->attempt, RETRY_MAX_NS);
    }
    due_by(session, DUE_SEEDS, 0);
}

/* When it may be asked for; NEVER_NS: it need not be. */
static int64_t due_at(const struct session *session, uint32_t i, int64_t mono_ns)
{
    const struct session_book *const book = &session->books[i];

    if (book->live.state != ARB_BOOK_SYNCING || book->seed.is_asked ||
        !subscriptions_is_on(session, i)) {
        return NEVER_NS;
    }
    if (live_book_wants_seed(&book->live, &session->rules, mono_ns)) {
        return book->seed.not_before_ns;
    }
    const int64_t quiet_ns = live_book_seed_due_ns(&book->live, &session->rules);
    return quiet_ns > book->seed.not_before_ns ? quiet_ns : book->seed.not_before_ns;
}

/* Where every event is a whole book, it only matters while the market is quiet. */
static void give_up_seeds(struct session *session)
{
    session->has_no_seeds = true;
    if (session->rules.source == ARB_SNAPSHOT_HTTP) {
        log_line(ARB_ERROR, session->who,
                 "no book will be LIVE: its plan says ARB_SNAPSHOT_HTTP, and ask() does not spell "
                 "ARB_ASK_SNAPSHOT");
    }
}

static void fetch(struct session *session, uint32_t i, struct moment now)
{
    struct session_book *const book = &session->books[i];
    struct arb_ask ask = request_ask(session, ARB_ASK_SNAPSHOT);

    ask.instruments = &i;
    ask.n_instruments = 1;
    ask.attempt = book->seed.attempt;
    const int rc = request_fetch(session, &ask, now);
    if (rc == ARB_OK) {
        session->stats.seeds++;
        book->seed.is_asked = true;
        live_book_asked(&book->live, now.mono_ns);
        return;
    }
    budget_http_done(session->budget, true); /* the venue has no part in it */
    if (rc == ARB_ENOTSUP) {
        give_up_seeds(session);
    } else {
        seeds_answered(session, i, false, now, "it could not be asked for");
    }
}

void seeds_on_turn(struct session *session, struct moment now)
{
    if (session->rules.source == ARB_SNAPSHOT_STREAM) {
        return;
    }
    for (uint32_t i = 0; i < session->instruments.n && !session->has_no_seeds; i++) {
        const int64_t due_ns = due_at(session, i, now.mono_ns);
        if (due_ns > now.mono_ns) {
            due_by(session, DUE_SEEDS, due_ns);
        } else if (session->is_unpaced || budget_take_http(session->budget, now.mono_ns)) {
            fetch(session, i, now);
        } else {
            due_by(session, DUE_SEEDS, budget_look_ns(session->budget, now.mono_ns));
            return;
        }
    }
}
