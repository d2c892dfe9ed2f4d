#include "venue/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "venue/window.h"

enum { NO_SEAT = BOARD_SEATS_MAX, OUTLETS_MAX = ARB_VENUES_MAX + 1 };

#define FEEDBACK_LOOK_NS (100 * NS_PER_MS) /* how often a failed delivery is looked for */
#define CATCH_UP_NS (2 * NS_PER_MS)        /* while a ring is full */
#define WAIT_BEGINS INT64_MIN              /* the next turn brings the time to count from */

/* A step of UTC that is worth asking whether the machine slept. */
#define UTC_STEP_NS (100 * NS_PER_MS)

_Static_assert((int)LAG_SEATS_MAX == (int)BOARD_SEATS_MAX, "a seat is a session in both");

/* One session: its books, and the two ways to name them. */
struct seat {
    const struct live_rules *rules; /* or NULL: free */
    const struct live_book **books; /* [ARB_INSTRUMENTS_MAX] by the board's index; NULL: has none */
    uint32_t *to_session;           /* [ARB_INSTRUMENTS_MAX] likewise */
    uint32_t *to_board;             /* [ARB_INSTRUMENTS_MAX] by the session's index */
};

struct board_book {
    uint64_t seq;            /* of the last event sent */
    uint32_t state;          /* as published */
    uint32_t leader;         /* or NO_SEAT */
    uint8_t trading;         /* as published */
    bool is_doubtful;        /* LIVE, and published as suspect for what comes may be late */
    struct live_progress at; /* of what is published */
    int64_t recv_ns;         /* likewise, mono */
    int64_t wait_ns; /* LIVE without a leader who is, until then; WAIT_BEGINS; NEVER_NS: no */
};

struct board {
    struct lag lag;
    struct event_venue venue;
    struct venue_clock clock;
    struct moment now; /* of the last arrival or turn */
    int64_t turn_ns;   /* when the turn was to come that has not come yet; NEVER_NS: none was */
    int64_t utc_less_mono_ns, slept_ns; /* as of the last turn */
    struct board_config config;
    struct seat seats[BOARD_SEATS_MAX];
    uint32_t n_seats;
    struct arb_instrument *instruments; /* [ARB_INSTRUMENTS_MAX] never move: events point here */
    struct board_book *books;           /* [ARB_INSTRUMENTS_MAX] */
    struct windows windows;             /* what is published of them */
    struct arb_symbol_map *by_symbol;
    uint32_t n;
    struct outlet *outlets[OUTLETS_MAX];
    uint32_t n_outlets;
    bool is_mute;     /* at the last turn: another host publishes the venue */
    uint64_t n_alive; /* times it was said that the venue is watched */
    int64_t snapshot_next_ns;
    uint32_t snapshot_cursor;
    int64_t waits_ns; /* no book's wait ends before */
    bool is_closing;
    bool conflates;        /* see board_conflate() */
    int64_t conflated_ns;  /* when the outlets got last what was conflated */
    char who[ARB_SYMBOL_MAX + 8]; /* for the log */
    struct arb_level *changes;    /* [2 * LIVE_CHANGES_MAX] of a takeover; NULL with one seat */
    struct board_stats stats;
};

/* -- a session's books ----------------------------------------------------------------- */

static const struct live_book *book_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->seats[seat].books[i];
}

static bool has_book(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->seats[seat].rules != NULL && book_of(board, seat, i) != NULL;
}

static uint32_t conn_of(const struct board *board, uint32_t seat, uint32_t i)
{
    const struct board_config *const config = &board->config;

    return config->conn_of == NULL
               ? 0
               : config->conn_of(config->context, seat, board->seats[seat].to_session[i]);
}

/* enum lag_verdict of what the session's book is made of. */
static uint32_t verdict_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->lag.n_unfresh == 0 ? (uint32_t)LAG_FRESH
                                     : lag_verdict(&board->lag, seat, conn_of(board, seat, i));
}

static const char *why_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return lag_why(&board->lag, seat, conn_of(board, seat, i));
}

static bool is_late(const struct board *board, uint32_t seat, uint32_t i)
{
    return verdict_of(board, seat, i) == LAG_LATE;
}

/* As its session has it, late or not. */
static bool is_whole_on(const struct board *board, uint32_t seat, uint32_t i)
{
    return has_book(board, seat, i) && book_of(board, seat, i)->state == ARB_BOOK_LIVE;
}

static bool is_live_on(const struct board *board, uint32_t seat, uint32_t i)
{
    return is_whole_on(board, seat, i) && !is_late(board, seat, i);
}

/* Would publishing the session's book take nothing back? */
static bool has_reached(const struct board *board, uint32_t seat, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    const struct live_book *const own = book_of(board, seat, i);

    return own->at.venue_ns == 0 ? own->recv.mono_ns >= book->recv_ns
                                 : own->at.venue_ns >= book->at.venue_ns;
}

/* The seat that is furthest with this book LIVE, or NO_SEAT. */
static uint32_t best_seat(const struct board *board, uint32_t i, uint32_t but)
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

/* -- sending --------------------------------------------------------------------------- */

/* `at` is when the event came, `levels` the book after it. */
static void stamp(struct board *board, uint32_t i, struct moment at, const struct book *levels,
                  struct event *event)
{
    event->instrument = i;
    event->venue = &board->venue;
    event->info = &board->instruments[i];
    event->partition = 0;
    event->is_history = false;
    event->session = board->config.run;
    event->clock = venue_clock_estimate(&board->clock, at);
    event->seq = ++board->books[i].seq;
    if (event->kind != EVENT_STATUS) {
        event->crc = windows_crc(&board->windows, i, levels);
    }
}

/* Does another host publish the venue? */
static bool is_mute(const struct outlet *outlet)
{
    return outlet->feedback != NULL &&
           atomic_load_explicit(&outlet->feedback->is_mute, memory_order_relaxed);
}

/* What is not said is told as a whole later. */
static void lose_for_all(struct board *board, const struct event *event)
{
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        outlet_lost(board->outlets[o], event->instrument, 1);
    }
}

static struct event alive_event(struct board *board, int64_t now_ns, bool ends)
{
    return (struct event){ .kind = EVENT_ALIVE,
                           .venue = &board->venue,
                           .session = board->config.run,
                           .seq = ++board->n_alive,
                           .mono_ns = now_ns,
                           .ends = ends,
                           .reason = "" };
}

static void say_end(struct board *board, int64_t now_ns)
{
    const struct event event = alive_event(board, now_ns, true);

    for (uint32_t o = 0; o < board->n_outlets; o++) {
        board->outlets[o]->alive_ns = 0;
        (void)outlet_tell(board->outlets[o], &event); /* else its consumers wait for the lease */
    }
}

/* Whoever has all there is hears that it is still true. */
static bool say_alive(struct board *board, struct outlet *outlet, int64_t now_ns)
{
    if (now_ns < outlet->alive_ns) {
        return true;
    }
    const struct event event = alive_event(board, now_ns, false);
    if (!outlet_tell(outlet, &event)) {
        return false;
    }
    outlet->alive_ns = now_ns + BOARD_ALIVE_NS;
    return true;
}

static bool is_any_mute(const struct board *board)
{
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        if (is_mute(board->outlets[o])) {
            return true;
        }
    }
    return false;
}

/* The first thing a consumer hears is that there is somebody. */
static void greet(struct board *board, struct outlet *outlet, int64_t now_ns)
{
    if (outlet->alive_ns == 0) {
        (void)say_alive(board, outlet, now_ns); /* else the next turn says it */
    }
}

/* `now_ns` is mono. */
static void send_to_all(struct board *board, struct event *event, int64_t now_ns)
{
    if (is_any_mute(board)) {
        lose_for_all(board, event);
        return;
    }
    /* The publisher was added first and is told last: what a strategy sees is more urgent. */
    for (uint32_t o = board->n_outlets; o-- > 0;) {
        greet(board, board->outlets[o], now_ns);
        (void)outlet_send(board->outlets[o], event); /* a full one marks the book by itself */
    }
}

/* What may be late can be relied on as little as what is late. */
static void doubt(struct event *event)
{
    event->verified = ARB_SUSPECT;
    event->verified_levels = 0;
}

/* A status with the reason why the leader's book is late, doubtful, or fresh again. */
static void lag_event(const struct board *board, uint32_t i, struct event *event)
{
    const uint32_t leader = board->books[i].leader;

    live_book_event(book_of(board, leader, i), board->seats[leader].rules, EVENT_STATUS, event);
    event->recv_ns = board->now.utc_ns;
    event->reason = why_of(board, leader, i);
    event->reason_len = (uint32_t)strlen(event->reason);
    if (is_late(board, leader, i)) {
        event->state = ARB_BOOK_STALE;
        doubt(event);
    }
}

static void whole_event(const struct board *board, uint32_t i, struct event *event)
{
    const uint32_t leader = board->books[i].leader;

    if (is_whole_on(board, leader, i) && is_late(board, leader, i)) {
        lag_event(board, i, event);
        return;
    }
    live_book_whole(book_of(board, leader, i), board->seats[leader].rules, event);
    if (verdict_of(board, leader, i) == LAG_DOUBTFUL) {
        doubt(event);
    }
}

/* Tells everybody what the leader says. */
static void publish(struct board *board, uint32_t i, struct event *event)
{
    struct board_book *const book = &board->books[i];
    const struct live_book *const own = book_of(board, book->leader, i);
    const bool stays_live = book->state == ARB_BOOK_LIVE && event->state == ARB_BOOK_LIVE;

    book->is_doubtful = false;
    if (board->lag.n_unfresh > 0 && event->state == ARB_BOOK_LIVE &&
        verdict_of(board, book->leader, i) == LAG_DOUBTFUL) {
        book->is_doubtful = true;
        doubt(event);
    }
    book->state = event->state;
    book->trading = event->trading;
    book->at = own->at;
    book->recv_ns = own->recv.mono_ns;
    book->wait_ns = NEVER_NS;
    if (board->n_outlets == 0 || !windows_pass(&board->windows, i, &own->book, event)) {
        return;
    }
    if (board->conflates && stays_live && event->kind != EVENT_STATUS) {
        book->seq++;
        event->instrument = i;
        lose_for_all(board, event);
        return;
    }
    stamp(board, i, own->recv, &own->book, event);
    send_to_all(board, event, own->recv.mono_ns);
}

static void publish_whole(struct board *board, uint32_t i)
{
    struct event event;

    whole_event(board, i, &event);
    publish(board, i, &event);
}

/* Waiting for a leader there is nothing to take the levels from; it does not last. */
static bool can_send_whole(const struct board_book *book)
{
    return book->leader != NO_SEAT && book->wait_ns == NEVER_NS;
}

static void send_whole(struct board *board, uint32_t i, struct outlet *outlet)
{
    if (can_send_whole(&board->books[i])) {
        struct event event;
        whole_event(board, i, &event);
        const struct live_book *const own = book_of(board, board->books[i].leader, i);
        if (!windows_show(&board->windows, i, &own->book, &event)) {
            publish(board, i, &event); /* makes it smaller for everybody */
            return;
        }
        stamp(board, i, own->recv, &own->book, &event);
        (void)outlet_send(outlet, &event);
    }
}

/* No session has this book any more. */
static void publish_abandoned(struct board *board, uint32_t i, struct moment now, const char *why)
{
    struct board_book *const book = &board->books[i];
    struct event event = { .kind = EVENT_STATUS,
                           .state = ARB_BOOK_STALE,
                           .trading = book->trading,
                           .verified = ARB_SUSPECT,
                           .px_digits = ARB_DIGITS_UNKNOWN,
                           .qty_digits = ARB_DIGITS_UNKNOWN,
                           .recv_ns = now.utc_ns,
                           .reason = why,
                           .reason_len = (uint32_t)strlen(why) };

    book->state = ARB_BOOK_STALE;
    book->wait_ns = NEVER_NS;
    stamp(board, i, now, NULL, &event);
    send_to_all(board, &event, now.mono_ns);
}

/* -- who leads ------------------------------------------------------------------------- */

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
        publish(board, i, &event);
    } else {
        publish_whole(board, i);
    }
}

static void lead_whole(struct board *board, uint32_t i, uint32_t to)
{
    board->stats.takeovers += board->books[i].state == ARB_BOOK_LIVE;
    board->books[i].leader = to;
    publish_whole(board, i);
}

/* From now on the book stays LIVE without a leader who is, for as long as patience lasts. */
static void begin_wait(struct board *board, uint32_t i)
{
    board->books[i].wait_ns = board->waits_ns = WAIT_BEGINS;
}

/* Seat `lost` no longer leads. True when the book can stay LIVE all the same. */
static bool hand_over(struct board *board, uint32_t i, uint32_t lost)
{
    const uint32_t best = board->is_closing ? NO_SEAT : best_seat(board, i, lost);

    if (best == NO_SEAT) {
        return false;
    }
    if (has_reached(board, best, i)) {
        lead_whole(board, i, best);
    } else {
        begin_wait(board, i);
    }
    return true;
}

static void on_leader(struct board *board, uint32_t i, struct event *event)
{
    const struct board_book *const book = &board->books[i];
    const bool is_lost = book->state == ARB_BOOK_LIVE && event->state != ARB_BOOK_LIVE;

    if (!is_lost || !hand_over(board, i, book->leader)) {
        publish(board, i, event);
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
        lead_whole(board, i, from);
    } else if (live_progress_is_ahead(&book_of(board, from, i)->at, &book->at) &&
               verdict_of(board, from, i) <= verdict_of(board, book->leader, i)) {
        lead_by_difference(board, i, from);
    } else if (book->is_doubtful && verdict_of(board, from, i) == LAG_FRESH &&
               has_reached(board, from, i)) {
        lead_whole(board, i, from);
    } else {
        board->stats.copies++;
    }
}

/* LIVE without a leader: the first session that has come far enough, the lost one included. */
static void on_any(struct board *board, uint32_t i, uint32_t from, const struct event *event)
{
    if (event->state == ARB_BOOK_LIVE) {
        if (has_reached(board, from, i)) {
            lead_whole(board, i, from);
        }
    } else if (best_seat(board, i, NO_SEAT) == NO_SEAT) {
        publish_whole(board, i); /* nobody left to wait for */
    }
}

/* LIVE for its session, and late: that is what there is to say, unless it was said. */
static void on_late(struct board *board, uint32_t i, uint32_t from)
{
    const struct board_book *const book = &board->books[i];

    if (book->leader == from && book->state != ARB_BOOK_STALE && book->wait_ns == NEVER_NS) {
        publish_whole(board, i);
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

/* Nobody was as far in time. Those who are LIVE all the same have to prove it by a new snapshot. */
static void end_wait(struct board *board, uint32_t i, struct moment now)
{
    static const char why[] = "another connection was further, and is gone";
    const struct board_config *const config = &board->config;
    struct board_book *const book = &board->books[i];

    book->wait_ns = NEVER_NS;
    if (!is_live_on(board, book->leader, i)) {
        publish_whole(board, i); /* its status */
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

static int64_t run_waits(struct board *board, struct moment now)
{
    if (now.mono_ns >= board->waits_ns) {
        board->waits_ns = NEVER_NS;
        for (uint32_t i = 0; i < board->n; i++) {
            run_wait(board, i, now);
        }
    }
    return board->waits_ns;
}

/* -- what arrives late ----------------------------------------------------------------- */

/* The leader's book may be late: one that is not takes over, or it is published as suspect. */
static void lead_fresh(struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    const uint32_t best = best_seat(board, i, book->leader);
    struct event event;

    if (best != NO_SEAT && verdict_of(board, best, i) == LAG_FRESH && has_reached(board, best, i)) {
        lead_whole(board, i, best);
    } else if (!book->is_doubtful) {
        lag_event(board, i, &event);
        publish(board, i, &event);
    }
}

/* Published LIVE: is it still, and how? */
static void review_live(struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    struct event event;

    switch ((enum lag_verdict)verdict_of(board, book->leader, i)) {
    case LAG_LATE:
        if (!hand_over(board, i, book->leader)) {
            publish_whole(board, i);
        }
        break;
    case LAG_DOUBTFUL:
        lead_fresh(board, i);
        break;
    case LAG_FRESH:
        if (book->is_doubtful) {
            lag_event(board, i, &event);
            publish(board, i, &event);
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
        const uint32_t best = best_seat(board, i, NO_SEAT);
        if (best != NO_SEAT) {
            lead_whole(board, i, best);
        }
    }
}

static void judge(struct board *board, struct moment now, bool is_urgent)
{
    const bool is_changed = lag_judge(&board->lag, now.mono_ns, is_urgent);

    board->stats.worst_lag_ns = board->lag.worst_ns;
    for (uint32_t i = 0; is_changed && !board->is_closing && i < board->n; i++) {
        review(board, i);
    }
}

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
        judge(board, now, true);
    }
}

void board_on_date(struct board *board, struct board_line line, struct moment now, int64_t venue_ns)
{
    venue_clock_event(&board->clock, now.mono_ns, venue_ns);
    if (lag_date(&board->lag, line.seat, line.conn, now.mono_ns, venue_ns)) {
        judge(board, now, true);
    }
}

void board_on_ping(struct board *board, struct board_line line, struct moment now)
{
    lag_ping(&board->lag, line.seat, line.conn, now.mono_ns);
}

void board_on_round_trip(struct board *board, struct board_line line, struct moment now,
                         int64_t rtt_ns)
{
    venue_clock_round_trip(&board->clock, now.mono_ns, rtt_ns);
    lag_pong(&board->lag, line.seat, line.conn, now.mono_ns, rtt_ns);
}

void board_on_connection(struct board *board, struct board_line line, bool is_up)
{
    lag_connection(&board->lag, line.seat, line.conn, is_up);
}

int64_t board_late_since_ns(const struct board *board, uint32_t seat)
{
    return lag_late_since_ns(&board->lag, seat);
}

/* -- turns ----------------------------------------------------------------------------- */

static void send_periodic(struct board *board, uint32_t i)
{
    for (uint32_t o = 0; !board->is_mute && o < board->n_outlets; o++) {
        if (board->outlets[o]->periodic && board->books[i].state != ARB_BOOK_EMPTY) {
            send_whole(board, i, board->outlets[o]);
        }
    }
}

/* Repeats the books one after another, spread over the interval. */
static int64_t run_snapshots(struct board *board, int64_t now_ns)
{
    if (board->config.snapshot_interval_ns == 0 || board->n == 0) {
        return NEVER_NS;
    }
    const int64_t step_ns = board->config.snapshot_interval_ns / board->n;
    if (board->snapshot_next_ns == 0) {
        board->snapshot_next_ns = now_ns + step_ns;
    }
    for (uint32_t sent = 0; sent < board->n && board->snapshot_next_ns <= now_ns; sent++) {
        board->snapshot_cursor = (board->snapshot_cursor + 1) % board->n;
        send_periodic(board, board->snapshot_cursor);
        board->snapshot_next_ns += step_ns;
    }
    if (board->snapshot_next_ns <= now_ns) {
        board->snapshot_next_ns = now_ns + step_ns; /* asleep for long: no burst */
    }
    return board->snapshot_next_ns;
}

static void take_feedback(struct board *board, struct outlet *outlet)
{
    if (outlet->feedback == NULL || !feedback_take_any(outlet->feedback)) {
        return;
    }
    for (uint32_t i = 0; i < board->n; i++) {
        const uint64_t n_lost = feedback_take(outlet->feedback, i);
        if (n_lost > 0) {
            outlet_lost(outlet, i, n_lost);
        }
    }
}

/* Sends what replaces the events that did not fit. */
static bool catch_up(struct board *board, struct outlet *outlet)
{
    take_feedback(board, outlet);
    for (uint32_t i = 0; i < board->n && outlet->n_behind > 0; i++) {
        if (outlet->behind[i] > 0 && can_send_whole(&board->books[i])) {
            send_whole(board, i, outlet);
            if (outlet->behind[i] > 0) {
                return false; /* still full */
            }
        }
    }
    return outlet->n_behind == 0;
}

static void listen_to_feedback(struct board *board, int64_t now_ns)
{
    const bool was_mute = board->is_mute;

    board->is_mute = is_any_mute(board);
    if (board->is_mute && !was_mute && board->n_alive > 0) {
        say_end(board, now_ns);
    }
}

static int64_t run_outlets(struct board *board, int64_t now_ns)
{
    int64_t next_ns = now_ns + FEEDBACK_LOOK_NS;

    listen_to_feedback(board, now_ns);
    if (board->is_mute) {
        return next_ns;
    }
    if (board->conflates && now_ns < board->conflated_ns + BOARD_CONFLATE_NS) {
        return board->conflated_ns + BOARD_CONFLATE_NS;
    }
    board->conflated_ns = now_ns;
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        struct outlet *const outlet = board->outlets[o];
        greet(board, outlet, now_ns);
        if (!catch_up(board, outlet) || !say_alive(board, outlet, now_ns)) {
            next_ns = now_ns + CATCH_UP_NS;
        } else if (outlet->alive_ns < next_ns) {
            next_ns = outlet->alive_ns;
        }
    }
    return next_ns;
}

void board_end(struct board *board, struct moment now)
{
    if (!is_any_mute(board)) {
        say_end(board, now.mono_ns);
    }
}

int64_t board_on_turn(struct board *board, struct moment now)
{
    board_on_arrival(board, now);
    venue_clock_turn(&board->clock, now.mono_ns);
    judge(board, now, false);
    const int64_t waits_ns = run_waits(board, now);
    const int64_t snapshots_ns = run_snapshots(board, now.mono_ns);
    const int64_t outlets_ns = run_outlets(board, now.mono_ns);
    const int64_t next_ns = snapshots_ns < outlets_ns ? snapshots_ns : outlets_ns;

    board->turn_ns = waits_ns < next_ns ? waits_ns : next_ns;
    return board->turn_ns;
}

/* -- life ------------------------------------------------------------------------------ */

static int init_books(struct board *board, uint32_t publish_depth)
{
    board->instruments = calloc(ARB_INSTRUMENTS_MAX, sizeof(*board->instruments));
    board->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*board->books));
    board->by_symbol = calloc(1, sizeof(*board->by_symbol));
    return board->instruments == NULL || board->books == NULL || board->by_symbol == NULL
               ? ARB_ENOMEM
               : windows_init(&board->windows, publish_depth, board->who, board->instruments);
}

int board_create(struct board **out, const struct board_config *config)
{
    struct board *const board = calloc(1, sizeof(*board));

    if (board == NULL || init_books(board, config->publish_depth) != ARB_OK) {
        board_destroy(board);
        return ARB_ENOMEM;
    }
    (void)snprintf(board->venue.name, sizeof(board->venue.name), "%s", config->name);
    board->config = *config;
    board->config.name = board->venue.name;
    board->waits_ns = board->turn_ns = NEVER_NS;
    (void)snprintf(board->who, sizeof(board->who), "venue=%s", board->venue.name);
    lag_init(&board->lag, board->who, config->max_lag_ns);
    board->slept_ns = config->asleep_ns == NULL ? 0 : config->asleep_ns();
    *out = board;
    return ARB_OK;
}

static void free_seat(struct seat *seat)
{
    free((void *)seat->books);
    free(seat->to_session);
    free(seat->to_board);
    *seat = (struct seat){ 0 };
}

void board_destroy(struct board *board)
{
    if (board == NULL) {
        return;
    }
    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        free_seat(&board->seats[seat]);
    }
    lag_fini(&board->lag);
    windows_fini(&board->windows);
    free(board->instruments);
    free(board->books);
    free(board->by_symbol);
    free(board->changes);
    free(board);
}

int board_add_outlet(struct board *board, struct outlet *outlet)
{
    if (board->n_outlets == OUTLETS_MAX) {
        return ARB_ELIMIT;
    }
    board->outlets[board->n_outlets++] = outlet;
    return ARB_OK;
}

static int init_seat(struct seat *seat, const struct live_rules *rules)
{
    seat->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*seat->books));
    seat->to_session = malloc(ARB_INSTRUMENTS_MAX * sizeof(*seat->to_session));
    seat->to_board = malloc(ARB_INSTRUMENTS_MAX * sizeof(*seat->to_board));
    if (seat->books == NULL || seat->to_session == NULL || seat->to_board == NULL) {
        free_seat(seat);
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        seat->to_board[i] = seat->to_session[i] = ARB_NO_INSTRUMENT;
    }
    seat->rules = rules;
    return ARB_OK;
}

/* Room for the difference of two books, which one session alone never needs. */
static int init_changes(struct board *board)
{
    if (board->n_seats > 0 && board->changes == NULL) {
        board->changes = malloc(2 * (size_t)LIVE_CHANGES_MAX * sizeof(*board->changes));
        return board->changes == NULL ? ARB_ENOMEM : ARB_OK;
    }
    return ARB_OK;
}

int board_sit(struct board *board, const struct live_rules *rules, uint32_t *seat)
{
    uint32_t free = 0;

    while (free < BOARD_SEATS_MAX && board->seats[free].rules != NULL) {
        free++;
    }
    if (free == BOARD_SEATS_MAX) {
        return ARB_ELIMIT;
    }
    int rc = init_changes(board);
    if (rc == ARB_OK) {
        rc = lag_sit(&board->lag, free);
    }
    if (rc == ARB_OK) {
        rc = init_seat(&board->seats[free], rules);
    }
    if (rc != ARB_OK) {
        lag_leave(&board->lag, free, 0);
        return rc;
    }
    board->n_seats++;
    *seat = free;
    return ARB_OK;
}

/* A session that has the book: the one that is furthest, else any, or NO_SEAT. */
static uint32_t find_heir(const struct board *board, uint32_t i)
{
    uint32_t heir = best_seat(board, i, NO_SEAT);

    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX && heir == NO_SEAT; seat++) {
        heir = has_book(board, seat, i) ? seat : NO_SEAT;
    }
    return heir;
}

/* The session that led book `i` is gone. */
static void replace_leader(struct board *board, uint32_t i, struct moment now, const char *why)
{
    struct board_book *const book = &board->books[i];

    if (book->state == ARB_BOOK_EMPTY) {
        book->leader = NO_SEAT; /* nothing was said that would have to be taken back */
        return;
    }
    book->leader = find_heir(board, i);
    if (book->leader == NO_SEAT) {
        publish_abandoned(board, i, now, why);
    } else if (book->state != ARB_BOOK_LIVE || !hand_over(board, i, NO_SEAT)) {
        publish_whole(board, i);
    }
}

void board_leave(struct board *board, uint32_t seat, struct moment now, const char *why)
{
    free_seat(&board->seats[seat]);
    lag_leave(&board->lag, seat, now.mono_ns);
    board->n_seats--;
    for (uint32_t i = 0; i < board->n; i++) {
        if (board->books[i].leader == seat) {
            replace_leader(board, i, now, why);
        }
    }
}

static uint32_t find_or_add(struct board *board, const struct arb_instrument *info)
{
    const struct arb_bytes symbol = { info->symbol, strlen(info->symbol) };
    const uint32_t found = arb_symbol_find(board->by_symbol, symbol);

    if (found != ARB_NO_INSTRUMENT) {
        return found;
    }
    if (board->n == ARB_INSTRUMENTS_MAX ||
        arb_symbol_put(board->by_symbol, symbol, board->n) != ARB_OK) {
        return ARB_NO_INSTRUMENT;
    }
    board->instruments[board->n] = *info;
    board->books[board->n] = (struct board_book){
        .state = ARB_BOOK_EMPTY, .leader = NO_SEAT, .trading = ARB_TRADING_OPEN, .wait_ns = NEVER_NS
    };
    return board->n++;
}

int board_enter(struct board *board, uint32_t seat, uint32_t instrument,
                const struct arb_instrument *info, const struct live_book *book)
{
    const uint32_t i = find_or_add(board, info);

    if (i == ARB_NO_INSTRUMENT) {
        return ARB_ELIMIT;
    }
    board->seats[seat].books[i] = book;
    board->seats[seat].to_session[i] = instrument;
    board->seats[seat].to_board[instrument] = i;
    return ARB_OK;
}

void board_conflate(struct board *board, bool conflates)
{
    board->conflates = conflates;
}

void board_close(struct board *board)
{
    board->is_closing = true;
}

/* -- look ------------------------------------------------------------------------------ */

uint32_t board_n_books(const struct board *board)
{
    return board->n;
}

uint32_t board_state(const struct board *board, uint32_t book)
{
    return board->books[book].state;
}

uint64_t board_seq(const struct board *board, uint32_t book)
{
    return board->books[book].seq;
}

uint32_t board_count_in_state(const struct board *board, enum arb_book_state state)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < board->n; i++) {
        n += board->books[i].state == (uint32_t)state;
    }
    return n;
}

struct arb_book board_view(const struct board *board, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    struct arb_book view = { 0 };

    if (can_send_whole(book)) {
        view = live_book_view(book_of(board, book->leader, i), board->seats[book->leader].rules);
        windows_view(&board->windows, i, &view);
    }
    view.state = book->state;
    view.trading = book->trading;
    return view;
}

/* So far in time that what is missing to what is published comes while it is waited for? */
static bool is_nearly_as_far(const struct board *board, uint32_t seat, uint32_t i)
{
    const struct board_book *const book = &board->books[i];

    return book->state != ARB_BOOK_LIVE || has_reached(board, seat, i) ||
           (book_of(board, seat, i)->at.venue_ns > 0 &&
            book->at.venue_ns - book_of(board, seat, i)->at.venue_ns <= BOARD_PATIENCE_NS);
}

bool board_can_replace(const struct board *board, uint32_t seat, uint32_t other)
{
    bool has_any = false;

    for (uint32_t i = 0; i < board->n; i++) {
        const bool is_live = is_live_on(board, seat, i);
        if ((!is_live || !is_nearly_as_far(board, seat, i)) && is_whole_on(board, other, i)) {
            return false;
        }
        has_any = has_any || is_live;
    }
    return has_any;
}

struct arb_clock board_clock(const struct board *board, struct moment now)
{
    return venue_clock_estimate(&board->clock, now);
}

const struct board_stats *board_stats(const struct board *board)
{
    return &board->stats;
}
