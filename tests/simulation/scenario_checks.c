#include "session/state.h"
#include "scenario_internal.h"

static const char *venue_name(const struct scenario *s, const struct side *side)
{
    return s->venues[side->venue].name;
}

static void judge(struct scenario *s, struct side *side, struct side_session *session, uint32_t i,
                  const struct arb_book *book)
{
    struct oracle *const oracle = &session->oracles[i];
    const struct book_hash hash = oracle_hash_of(book, oracle->proof.levels);
    const uint32_t before = oracle->verdict;
    if (session->is_healed) {
        oracle_heal(oracle, &hash);
    }
    const enum oracle_verdict verdict = oracle_judge(oracle, book, &hash, s->now_ns);

    s->totals->checks++;
    if (verdict == ORACLE_WRONG) {
        scenario_violate(s, "%s %s is LIVE, %s and not the venue's book (versions %u to %u)",
                         venue_name(s, side), scenario_symbol(s, i), verified_name(book->verified),
                         oracle->first, oracle->last);
    }
    if (verdict != ORACLE_RIGHT && verdict != before) {
        s->totals->unseen += verdict == ORACLE_UNSEEN;
        s->totals->unseen_deep += verdict == ORACLE_UNSEEN_DEEP;
        scenario_tell(s, "%s %s: a loss that cannot be seen", venue_name(s, side),
                      scenario_symbol(s, i));
    }
}

/* Grows with everything that is done to get the book. */
static uint64_t attempts_of(const struct session_book *book)
{
    uint64_t n = book->attempts + book->seed.attempt;

    for (uint32_t channel = 0; channel < ARB_CHANNELS_MAX; channel++) {
        n += (uint64_t)book->subs[channel].number + book->subs[channel].pauses;
    }
    return n;
}

/* What is awaited comes, or is asked for again. */
static void check_patience(struct scenario *s, struct side *side, struct side_session *session,
                           const struct session_book *book, uint32_t i)
{
    const uint64_t attempts = attempts_of(book);

    if (book->live.state != ARB_BOOK_SYNCING || session->states[i] != ARB_BOOK_SYNCING ||
        session->attempts[i] != attempts) {
        session->asked_ns[i] = s->now_ns;
        session->attempts[i] = attempts;
    }
    if (s->now_ns - session->asked_ns[i] > side->synced_within_ns) {
        scenario_violate(s, "%s %s is SYNCING for more than %d s", venue_name(s, side),
                         scenario_symbol(s, i), (int)(side->synced_within_ns / NS_PER_S));
    }
}

static bool is_refused(const struct scenario *s, const struct side *side, uint32_t client,
                       uint32_t instrument)
{
    const struct fault_channel channel = { side->venue, client, instrument, side->stream };
    return fault_is_refused(s->faults, &channel);
}

/* What the venue said it ended does not stay LIVE, nor does what it never began. */
static void check_ended(struct scenario *s, struct side *side, struct side_session *session,
                        uint32_t i)
{
    if (session->ended_ns[i] != 0 && s->now_ns - session->ended_ns[i] > ENDED_WITHIN_NS) {
        scenario_violate(s, "%s %s is LIVE and the venue ended or refused its subscription",
                         venue_name(s, side), scenario_symbol(s, i));
    }
}

/* A date far ahead may be shown until another frame of the session tells what time it is. */
static void check_date(struct scenario *s, struct side *side, struct side_session *session,
                       uint32_t i, int64_t venue_ns)
{
    if (venue_ns <= s->now_ns + AHEAD_NS) {
        session->ahead_since[i] = 0;
    } else if (session->ahead_since[i] == 0) {
        session->ahead_since[i] = session->n_clean + 1;
    } else if (session->n_clean + 1 > session->ahead_since[i]) {
        scenario_violate(s, "%s %s is LIVE and dated ahead of the venue's clock",
                         venue_name(s, side), scenario_symbol(s, i));
    }
}

static void check_live(struct scenario *s, struct side *side, struct side_session *session,
                       const struct session_book *own, uint32_t i)
{
    const struct arb_book book = live_book_view(&own->live, session_rules(session->session));
    const uint32_t slot = (uint32_t)(session - side->sessions);

    if (session->states[i] != ARB_BOOK_LIVE) {
        scenario_tell(s, "%s %s is LIVE on session %u", venue_name(s, side), scenario_symbol(s, i),
                      session->number);
        oracle_begin_live(&session->oracles[i], side->has_seeds);
    }
    if (!link_is_up(side->link, slot, own->conn)) {
        scenario_violate(s, "%s %s is LIVE without a connection", venue_name(s, side),
                         scenario_symbol(s, i));
    }
    judge(s, side, session, i, &book);
    check_date(s, side, session, i, book.venue_ns);
    const uint32_t client = link_client_of(slot, own->conn);
    if (session->ended_ns[i] == 0 && is_refused(s, side, client, i)) {
        session->ended_ns[i] = s->now_ns;
    }
    check_ended(s, side, session, i);
}

static void check_book(struct scenario *s, struct side *side, struct side_session *session,
                       uint32_t n)
{
    const struct session_book *const own = &session->session->books[n];
    const uint32_t i = scenario_instrument(s, session_instrument(session->session, n)->symbol);

    if (own->live.state == ARB_BOOK_LIVE) {
        check_live(s, side, session, own, i);
    } else {
        session->ended_ns[i] = 0;
        session->ahead_since[i] = 0;
        session->oracles[i].judged = 0;
    }
    check_patience(s, side, session, own, i);
    session->states[i] = own->live.state;
}

static void begin_session(struct scenario *s, struct side *side, uint32_t slot, uint32_t seat)
{
    struct side_session *const session = &side->sessions[slot];

    *session = (struct side_session){ .session = venue_session(side->at_host, seat),
                                      .number = venue_number(side->at_host, seat) };
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        oracle_init(&session->oracles[i], &side->versions[i], &side->proof);
    }
}

/* Did a second channel set levels right in this step? */
static void note_healing(struct side_session *session)
{
    const uint64_t healed = session_stats(session->session).books.healed;

    session->is_healed = healed > session->healed;
    session->healed = healed;
}

/* Until it asks for something it has no slot, and nothing to look at. */
static void check_session(struct scenario *s, struct side *side, uint32_t seat)
{
    struct session *const own = venue_session(side->at_host, seat);
    const uint32_t slot = own == NULL ? LINK_SLOTS_MAX : link_slot_of(side->link, own);

    if (slot == LINK_SLOTS_MAX) {
        return;
    }
    struct side_session *const session = &side->sessions[slot];
    if (session->number != venue_number(side->at_host, seat)) {
        begin_session(s, side, slot, seat);
    }
    note_healing(session);
    for (uint32_t n = 0; n < session_n_instruments(own); n++) {
        check_book(s, side, session, n);
    }
    if (session_is_disabled(own)) {
        scenario_violate(s, "%s disabled itself", venue_name(s, side));
    }
}

static void check_sessions(struct scenario *s, struct side *side)
{
    for (uint32_t slot = 0; slot < LINK_SLOTS_MAX; slot++) {
        struct side_session *const session = &side->sessions[slot];
        if (session->session != NULL && link_slot_of(side->link, session->session) != slot) {
            *session = (struct side_session){ 0 };
        }
    }
    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        check_session(s, side, seat);
    }
}

/* A book may be LIVE without a session that has it, but not for long. */
static void check_leader(struct scenario *s, struct side *side, uint32_t i,
                         const struct arb_book *book)
{
    if (book->state != ARB_BOOK_LIVE || book->n_bids + book->n_asks > 0) {
        side->alone_ns[i] = 0;
    } else if (side->alone_ns[i] == 0) {
        side->alone_ns[i] = s->now_ns;
    } else if (s->now_ns - side->alone_ns[i] > BOARD_PATIENCE_NS) {
        scenario_violate(s, "%s %s is LIVE and no session has it", venue_name(s, side),
                         scenario_symbol(s, i));
    }
}

/*
 * The venue's books come in their order. Where each loss shows, what is published is one of them,
 * whichever session it is of.
 */
static void check_order(struct scenario *s, struct side *side, uint32_t i,
                        const struct arb_book *book)
{
    const struct versions *const versions = &side->versions[i];

    if (!side->has_order || book->n_bids + book->n_asks == 0) {
        return;
    }
    const uint32_t version = versions_find(versions, oracle_hash_of(book, 0).whole, side->shown[i]);
    if (version == versions->n) {
        scenario_violate(s, "%s %s is LIVE and what it was before version %u", venue_name(s, side),
                         scenario_symbol(s, i), side->shown[i]);
    } else {
        side->shown[i] = version;
    }
}

/* What is published as LIVE never goes back to what the venue said before. */
static void check_published(struct scenario *s, struct side *side, uint32_t i)
{
    const struct board *const board = scenario_board(side);
    const struct arb_book book = board_view(board, side->book_of[i]);

    if (book.state == ARB_BOOK_LIVE) {
        check_order(s, side, i, &book);
    }
    if (book.state != ARB_BOOK_LIVE) {
        side->published_ns[i] = 0;
        side->shown[i] = 0;
    } else if (book.venue_ns != 0) {
        if (book.venue_ns < side->published_ns[i]) {
            scenario_violate(s, "%s %s is LIVE and went back in time", venue_name(s, side),
                             scenario_symbol(s, i));
        }
        side->published_ns[i] = book.venue_ns;
    }
    check_leader(s, side, i, &book);
    ledger_fill(&side->ledgers[i],
                (struct ledger_entry){ .seq = board_seq(board, side->book_of[i]),
                                       .hash = oracle_hash_of(&book, 0).whole,
                                       .state = book.state,
                                       .trading = book.trading,
                                       .verified = book.verified,
                                       .verified_levels = book.verified_levels });
}

static int64_t world_ns(int64_t mono_ns)
{
    return mono_ns == NEVER_NS ? NEVER_NS : mono_ns + SIMULATION_BOOT_NS;
}

static void remember_states(const struct scenario *s, const struct side *side, bool *was_live)
{
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        was_live[i] = scenario_state(side, i) == ARB_BOOK_LIVE;
    }
}

static void check_states(struct scenario *s, const struct side *side, const bool *was_live,
                         const char *why)
{
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        if (was_live[i] && scenario_state(side, i) != ARB_BOOK_LIVE) {
            scenario_violate(s, "%s %s left LIVE when %s", venue_name(s, side),
                             scenario_symbol(s, i), why);
        }
    }
}

/* A turn, in which no book may leave LIVE for a session that is replaced. */
static void take_turn(struct scenario *s, struct side *side)
{
    const uint64_t n_replaced = venue_replaced(side->at_host);
    bool was_live[SIMULATION_INSTRUMENTS_MAX];

    remember_states(s, side, was_live);
    side->due_ns = world_ns(venue_on_turn(side->at_host, scenario_moment(s)));
    if (n_replaced < venue_replaced(side->at_host)) {
        check_states(s, side, was_live, "its session was replaced");
    }
    s->totals->replaced += venue_replaced(side->at_host) - n_replaced;
}

void scenario_after_step(struct scenario *s, struct side *side)
{
    take_turn(s, side);
    s->totals->steps++;
    check_sessions(s, side);
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        if (side->is_on_board[i]) {
            check_published(s, side, i);
        }
    }
}

/* Everything due is done first: what happens in the turn behind the step is the step's doing. */
void scenario_step_utc(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        scenario_after_step(s, &s->sides[venue]);
    }
    s->utc_offset_ns += s->utc_step_ns;
    s->utc_step_at_ns = NEVER_NS;
    s->totals->clock_steps++;
    scenario_tell(s, "the host's UTC is set by %d s", (int)(s->utc_step_ns / NS_PER_S));
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        struct side *const side = &s->sides[venue];
        side->resyncs = venue_stats(side->at_host).resyncs;
        bool was_live[SIMULATION_INSTRUMENTS_MAX];
        remember_states(s, side, was_live);
        scenario_after_step(s, side);
        check_states(s, side, was_live, "UTC was set");
    }
}

void scenario_check_undamaged(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues && s->n_faults == 0 && s->utc_offset_ns != 0;
         venue++) {
        const struct side *const side = &s->sides[venue];
        if (venue_stats(side->at_host).resyncs != side->resyncs) {
            scenario_violate(s, "%s resyncs books and nothing was damaged; UTC was set",
                             venue_name(s, side));
        }
    }
}

/* What can be noticed in time was. */
static bool is_noticed(const struct oracle *oracle)
{
    return oracle->verdict != ORACLE_UNSEEN || oracle->proof.patience_ns == 0;
}

/* LIVE, or, after the venue refused it, given up for a while as the documentation says. */
static bool is_book_healed(const struct side *side, const struct side_session *session, uint32_t i)
{
    return (session->states[i] == ARB_BOOK_LIVE && session->ended_ns[i] == 0 &&
            is_noticed(&session->oracles[i])) ||
           (session->states[i] == ARB_BOOK_UNUSABLE && side->is_refused[i]);
}

static bool is_published_healed(const struct side *side, uint32_t i)
{
    const uint32_t state = scenario_state(side, i);
    const bool is_open =
        side->is_on_board[i] &&
        board_view(scenario_board(side), side->book_of[i]).trading == ARB_TRADING_OPEN;
    return (state == ARB_BOOK_LIVE && is_open) ||
           (state == ARB_BOOK_UNUSABLE && side->is_refused[i]);
}

/* The first session on which the book is not, or NULL. */
static const struct side_session *find_unhealed(const struct side *side, uint32_t i)
{
    for (uint32_t slot = 0; slot < LINK_SLOTS_MAX; slot++) {
        const struct side_session *const session = &side->sessions[slot];
        if (session->session != NULL && !is_book_healed(side, session, i)) {
            return session;
        }
    }
    return NULL;
}

/* In its own words. */
static const char *reason_of(const struct scenario *s, const struct side_session *session,
                             uint32_t i)
{
    for (uint32_t n = 0; n < session_n_instruments(session->session); n++) {
        if (scenario_instrument(s, session_instrument(session->session, n)->symbol) == i) {
            return session->session->books[n].live.reason;
        }
    }
    return "not there";
}

bool scenario_is_healed(const struct scenario *s)
{
    bool are_all = true;

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            are_all = are_all && is_published_healed(&s->sides[venue], i) &&
                      find_unhealed(&s->sides[venue], i) == NULL;
        }
    }
    return are_all;
}

void scenario_report_unhealed(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const struct side *const side = &s->sides[venue];
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            const struct side_session *const session = find_unhealed(side, i);
            if (!is_published_healed(side, i)) {
                scenario_violate(
                    s, "%s %s is not published as LIVE and open %d s after the last fault",
                    venue_name(s, side), scenario_symbol(s, i), (int)(HEALED_WITHIN_NS / NS_PER_S));
            }
            if (session != NULL) {
                scenario_violate(
                    s, "%s %s is still %s on session %u (%s) %d s after the last fault",
                    venue_name(s, side), scenario_symbol(s, i), book_state_name(session->states[i]),
                    session->number, reason_of(s, session, i), (int)(HEALED_WITHIN_NS / NS_PER_S));
            }
        }
    }
}
