#include "venue/board_state.h"

/* -- who leads ------------------------------------------------------------------------- */

uint32_t board_best_seat(const struct board *board, uint32_t i, uint32_t but)
{
    uint32_t best = NO_SEAT;

    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        if (seat != but && is_live_on(board, seat, i) &&
            (best == NO_SEAT ||
             live_progress_is_ahead(&book_of(board, seat, i)->at, &book_of(board, best, i)->at))) {
            best = seat;
        }
    }
    return best;
}

static void lead_by_difference(struct board *board, uint32_t i, uint32_t to)
{
    struct board_book *const book = &board->books[i];
    const struct live_book *const own = book_of(board, to, i);
    struct live_changes changes;
    struct event event;
    const bool is_small = live_book_difference(&book_of(board, book->leader, i)->book, &own->book,
                                               board->changes, &changes);

    board->stats.takeovers++;
    book->leader = to;
    if (is_small) {
        live_book_delta(own, board->seats[to].rules, &changes, &event);
        board_publish(board, i, &event);
    } else {
        board_publish_whole(board, i);
    }
}

void board_lead_whole(struct board *board, uint32_t i, uint32_t to)
{
    board->stats.takeovers += board->books[i].state == ARB_BOOK_LIVE;
    board->books[i].leader = to;
    board_publish_whole(board, i);
}

/*
 * From now on the book stays LIVE without a leader who is, for as long as patience lasts. It is not
 * longer when the lost leader's session goes meanwhile.
 */
static void begin_wait(struct board *board, uint32_t i)
{
    if (board->books[i].wait_ns == NEVER_NS) {
        board->books[i].wait_ns = board->waits_ns = WAIT_BEGINS;
    }
}

bool board_hand_over(struct board *board, uint32_t i, uint32_t lost)
{
    const uint32_t best = board->is_closing ? NO_SEAT : board_best_seat(board, i, lost);

    if (best == NO_SEAT) {
        return false;
    }
    if (has_reached(board, best, i)) {
        board_lead_whole(board, i, best);
    } else {
        begin_wait(board, i);
    }
    return true;
}

/* -- sessions that are gone ------------------------------------------------------------ */

/* A session that has the book: the one that is furthest, else any, or NO_SEAT. */
static uint32_t find_heir(const struct board *board, uint32_t i)
{
    uint32_t heir = board_best_seat(board, i, NO_SEAT);

    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX && heir == NO_SEAT; seat++) {
        heir = has_book(board, seat, i) ? seat : NO_SEAT;
    }
    return heir;
}

void board_replace_leader(struct board *board, uint32_t i, struct moment now, const char *why)
{
    struct board_book *const book = &board->books[i];

    if (book->state == ARB_BOOK_EMPTY) {
        book->leader = NO_SEAT; /* nothing was said that would have to be taken back */
        return;
    }
    book->leader = find_heir(board, i);
    if (book->leader == NO_SEAT) {
        board_publish_abandoned(board, i, now, why);
    } else if (book->state != ARB_BOOK_LIVE || !board_hand_over(board, i, NO_SEAT)) {
        board_publish_whole(board, i);
    }
}

/* -- events ---------------------------------------------------------------------------- */

static void on_leader(struct board *board, uint32_t i, struct event *event)
{
    const struct board_book *const book = &board->books[i];
    const bool is_lost = book->state == ARB_BOOK_LIVE && event->state != ARB_BOOK_LIVE;

    if (!is_lost || !board_hand_over(board, i, book->leader)) {
        board_publish(board, i, event);
    }
}

/* What another session says matters when it is further, or when the leader has nothing to say. */
static void on_other(struct board *board, uint32_t i, uint32_t from, const struct event *event)
{
    const struct board_book *const book = &board->books[i];

    if (event->state != ARB_BOOK_LIVE) {
        return;
    }
    if (book->state != ARB_BOOK_LIVE) {
        board_lead_whole(board, i, from);
    } else if (live_progress_is_ahead(&book_of(board, from, i)->at, &book->at) &&
               verdict_of(board, from, i) <= verdict_of(board, book->leader, i)) {
        lead_by_difference(board, i, from);
    } else if (book->is_doubtful && verdict_of(board, from, i) == LAG_FRESH &&
               has_reached(board, from, i)) {
        board_lead_whole(board, i, from);
    } else {
        board->stats.copies++;
    }
}

/* LIVE without a leader: the first session that has come far enough, the lost one included. */
static void on_any(struct board *board, uint32_t i, uint32_t from, const struct event *event)
{
    if (event->state == ARB_BOOK_LIVE) {
        if (has_reached(board, from, i)) {
            board_lead_whole(board, i, from);
        }
    } else if (board_best_seat(board, i, NO_SEAT) == NO_SEAT) {
        board_publish_whole(board, i); /* nobody left to wait for */
    }
}

/* LIVE for its session, and late: that is what there is to say, unless it was said. */
static void on_late(struct board *board, uint32_t i, uint32_t from)
{
    const struct board_book *const book = &board->books[i];

    if (book->leader == from && book->state != ARB_BOOK_STALE && book->wait_ns == NEVER_NS) {
        board_publish_whole(board, i);
    }
}

void board_event(struct board *board, uint32_t seat, uint32_t instrument, struct event *event)
{
    const uint32_t i = board->seats[seat].to_board[instrument];

    if (i == ARB_NO_INSTRUMENT) {
        return; /* board_enter() said that there is no room */
    }
    struct board_book *const book = &board->books[i];
    if (book->leader == NO_SEAT) {
        book->leader = seat;
    }
    if (board->lag.n_unfresh > 0 && event->state == ARB_BOOK_LIVE && is_late(board, seat, i)) {
        on_late(board, i, seat);
    } else if (book->wait_ns != NEVER_NS) {
        on_any(board, i, seat, event);
    } else if (book->leader == seat) {
        on_leader(board, i, event);
    } else {
        on_other(board, i, seat, event);
    }
}

/* -- waits ----------------------------------------------------------------------------- */

/*
 * No other session caught up with what was published before the wait was over. Those that call the
 * book LIVE all the same are asked for a new snapshot of it.
 */
static void end_wait(struct board *board, uint32_t i, struct moment now)
{
    static const char why[] =
        "the connection that was ahead is gone, and this one did not catch up";
    const struct board_config *const config = &board->config;
    struct board_book *const book = &board->books[i];

    book->wait_ns = NEVER_NS;
    if (!is_live_on(board, book->leader, i)) {
        board_publish_whole(board, i); /* its status */
    }
    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        if (is_live_on(board, seat, i)) {
            config->distrust(config->context, seat, board->seats[seat].to_session[i], now, why);
        }
    }
}

static void run_wait(struct board *board, uint32_t i, struct moment now)
{
    struct board_book *const book = &board->books[i];

    if (book->wait_ns == WAIT_BEGINS) {
        book->wait_ns = now.mono_ns + BOARD_PATIENCE_NS;
    }
    if (book->wait_ns <= now.mono_ns) {
        end_wait(board, i, now); /* which may begin another */
    } else if (book->wait_ns < board->waits_ns) {
        board->waits_ns = book->wait_ns;
    }
}

int64_t board_run_waits(struct board *board, struct moment now)
{
    if (now.mono_ns >= board->waits_ns) {
        board->waits_ns = NEVER_NS;
        for (uint32_t i = 0; i < board->n; i++) {
            run_wait(board, i, now);
        }
    }
    return board->waits_ns;
}
