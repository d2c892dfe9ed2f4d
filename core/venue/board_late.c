#include "venue/board_state.h"

/* A step of UTC that is worth asking whether the machine slept. */
#define UTC_STEP_NS (100 * NS_PER_MS)

/* -- review ---------------------------------------------------------------------------- */

/* The leader's book may be late: one that is not takes over, or it is published as suspect. */
static void lead_fresh(struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    const uint32_t best = board_best_seat(board, i, book->leader);
    struct event event;

    if (best != NO_SEAT && verdict_of(board, best, i) == LAG_FRESH && has_reached(board, best, i)) {
        board_lead_whole(board, i, best);
    } else if (!book->is_doubtful) {
        board_lag_event(board, i, &event);
        board_publish(board, i, &event);
    }
}

/* Published LIVE: is it still, and how? */
static void review_live(struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    struct event event;

    switch ((enum lag_verdict)verdict_of(board, book->leader, i)) {
    case LAG_LATE:
        if (!board_hand_over(board, i, book->leader)) {
            board_publish_whole(board, i);
        }
        break;
    case LAG_DOUBTFUL:
        lead_fresh(board, i);
        break;
    case LAG_FRESH:
        if (book->is_doubtful) {
            board_lag_event(board, i, &event);
            board_publish(board, i, &event);
        }
        break;
    }
}

/* A verdict changed: what is published follows it. */
static void review(struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];

    if (book->leader == NO_SEAT || book->wait_ns != NEVER_NS) {
        return;
    }
    if (book->state == ARB_BOOK_LIVE) {
        review_live(board, i);
    } else if (book->state != ARB_BOOK_EMPTY) {
        const uint32_t best = board_best_seat(board, i, NO_SEAT);
        if (best != NO_SEAT) {
            board_lead_whole(board, i, best);
        }
    }
}

void board_judge(struct board *board, struct moment now, bool is_urgent)
{
    const bool is_changed = lag_judge(&board->lag, now.mono_ns, is_urgent);

    board->stats.worst_lag_ns = board->lag.worst_ns;
    for (uint32_t i = 0; is_changed && !board->is_closing && i < board->n; i++) {
        review(board, i);
    }
}

/* -- what the sessions learn ----------------------------------------------------------- */

/* How long the machine slept since the last turn. UTC is set after it, so a step is looked into. */
static int64_t slept_ns(struct board *board, struct moment now)
{
    const int64_t step_ns = now.utc_ns - now.mono_ns - board->utc_less_mono_ns;

    if (board->config.asleep_ns == NULL || (step_ns < UTC_STEP_NS && step_ns > -UTC_STEP_NS)) {
        return 0;
    }
    const int64_t before_ns = board->slept_ns;
    board->slept_ns = board->config.asleep_ns();
    board->utc_less_mono_ns += step_ns;
    return board->slept_ns - before_ns;
}

void board_on_arrival(struct board *board, struct moment now)
{
    board->now = now;
    if (board->config.max_lag_ns == 0 || board->turn_ns == NEVER_NS) {
        return;
    }
    const int64_t overdue_ns = now.mono_ns - board->turn_ns;
    const int64_t gap_ns = (overdue_ns < 0 ? 0 : overdue_ns) + slept_ns(board, now);
    if (gap_ns > board->config.max_lag_ns) {
        board->turn_ns = now.mono_ns; /* said once */
        lag_gap(&board->lag, now.mono_ns, gap_ns);
        board_judge(board, now, true);
    }
}

void board_on_date(struct board *board, struct board_line line, struct moment now, int64_t venue_ns)
{
    venue_clock_event(&board->clock, now.mono_ns, venue_ns);
    if (lag_date(&board->lag, line.seat, line.conn, now.mono_ns, venue_ns)) {
        board_judge(board, now, true);
    }
}

void board_on_ping(struct board *board, struct board_line line, struct moment now)
{
    lag_ping(&board->lag, line.seat, line.conn, now.mono_ns);
}

void board_on_message(struct board *board, struct board_line line, int64_t due_ns)
{
    lag_heard(&board->lag, line.seat, line.conn, due_ns);
}

void board_on_question(struct board *board, struct board_line line, struct moment now)
{
    lag_asked(&board->lag, line.seat, line.conn, now.mono_ns);
}

void board_on_round_trip(struct board *board, struct board_line line, struct moment now,
                         int64_t rtt_ns)
{
    venue_clock_round_trip(&board->clock, now.mono_ns, rtt_ns);
    lag_pong(&board->lag, line.seat, line.conn, now.mono_ns, rtt_ns);
}

void board_on_heartbeat(struct board *board, struct moment now, struct heartbeat heartbeat)
{
    venue_clock_heartbeat(&board->clock, now.mono_ns,
                          (struct venue_clock_answer){ heartbeat.asked_ns, heartbeat.received_ns,
                                                       heartbeat.answered_ns });
}

void board_on_connection(struct board *board, struct board_line line, bool is_up)
{
    lag_connection(&board->lag, line.seat, line.conn, is_up);
}

int64_t board_late_since_ns(const struct board *board, uint32_t seat)
{
    return lag_late_since_ns(&board->lag, seat);
}
