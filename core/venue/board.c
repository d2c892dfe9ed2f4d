#include "venue/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/feed_internal.h"
#include "util/clock.h"

enum { NO_LINE = BOARD_LINES_MAX, OUTLETS_MAX = ARB_VENUES_MAX + 1 };

#define FEEDBACK_LOOK_NS (100 * NS_PER_MS) /* how often a failed delivery is looked for */
#define CATCH_UP_NS (2 * NS_PER_MS)        /* while a ring is full */

/* One line and the two ways to name its books. */
struct line {
    struct feed *feed;  /* or NULL: free */
    uint32_t *to_board; /* [ARB_INSTRUMENTS_MAX] by the feed's index */
    uint32_t *to_feed;  /* [ARB_INSTRUMENTS_MAX] by the board's */
};

struct board_book {
    uint64_t seq;       /* of the last event sent */
    uint32_t state;     /* as published */
    uint32_t leader;    /* or NO_LINE */
    uint8_t trading;    /* as published */
    struct progress at; /* of what is published */
    int64_t recv_ns;    /* likewise */
    int64_t wait_ns;    /* LIVE without a leader who is, until then; NEVER_NS: no */
};

struct board {
    struct event_venue venue;
    struct venue_clock clock;
    uint64_t session;
    struct line lines[BOARD_LINES_MAX];
    uint32_t n_lines;
    struct arb_instrument *instruments; /* [ARB_INSTRUMENTS_MAX] never move: events point here */
    struct board_book *books;           /* [ARB_INSTRUMENTS_MAX] */
    struct arb_symbol_map *by_symbol;
    uint32_t n;
    struct outlet *outlets[OUTLETS_MAX];
    uint32_t n_outlets;
    int64_t snapshot_interval_ns; /* 0: none */
    int64_t snapshot_next_ns;
    uint32_t snapshot_cursor;
    int64_t waits_ns; /* no book's wait ends before */
    bool is_closing;
    struct arb_level *changes; /* [2 * CHANGES_MAX] of a takeover; NULL with one line */
    struct board_stats stats;
};

/* -- a line's books -------------------------------------------------------------------- */

static const struct feed_book *book_of(const struct line *line, uint32_t i)
{
    return &line->feed->books[line->to_feed[i]];
}

static bool has_book(const struct line *line, uint32_t i)
{
    return line->feed != NULL && line->to_feed[i] != ARB_NO_INSTRUMENT;
}

static bool is_live_on(const struct line *line, uint32_t i)
{
    return has_book(line, i) && book_of(line, i)->state == ARB_BOOK_LIVE;
}

static bool is_ahead(const struct progress *a, const struct progress *b)
{
    return a->venue_ns > b->venue_ns || (a->venue_ns == b->venue_ns && a->nth > b->nth);
}

/* Would publishing the line's book take nothing back? */
static bool has_reached(const struct board *board, const struct line *line, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    const struct feed_book *const own = book_of(line, i);

    return own->at.venue_ns == 0 ? own->recv_ns >= book->recv_ns
                                 : own->at.venue_ns >= book->at.venue_ns;
}

/* The line that is furthest with this book LIVE, or NO_LINE. */
static uint32_t best_line(const struct board *board, uint32_t i, uint32_t but)
{
    uint32_t best = NO_LINE;

    for (uint32_t l = 0; l < BOARD_LINES_MAX; l++) {
        if (l != but && is_live_on(&board->lines[l], i) &&
            (best == NO_LINE ||
             is_ahead(&book_of(&board->lines[l], i)->at, &book_of(&board->lines[best], i)->at))) {
            best = l;
        }
    }
    return best;
}

/* -- sending --------------------------------------------------------------------------- */

static void stamp(struct board *board, uint32_t i, const struct book *levels, struct event *event)
{
    event->instrument = i;
    event->venue = &board->venue;
    event->info = &board->instruments[i];
    event->session = board->session;
    event->clock = board->clock.estimate;
    event->seq = ++board->books[i].seq;
    if (event->kind != EVENT_STATUS) {
        event->crc = event_book_crc(book_side_begin(&levels->bids), levels->bids.n,
                                    book_side_begin(&levels->asks), levels->asks.n);
    }
}

static void send_to_all(struct board *board, const struct event *event)
{
    /* The publisher was added first and is told last: what a strategy sees is more urgent. */
    for (uint32_t o = board->n_outlets; o-- > 0;) {
        (void)outlet_send(board->outlets[o], event); /* a full one marks the book by itself */
    }
}

/* Tells everybody what the leader says. */
static void publish(struct board *board, uint32_t i, struct event *event)
{
    struct board_book *const book = &board->books[i];
    const struct feed_book *const own = book_of(&board->lines[book->leader], i);

    book->state = event->state;
    book->trading = event->trading;
    book->at = own->at;
    book->recv_ns = own->recv_ns;
    book->wait_ns = NEVER_NS;
    if (board->n_outlets == 0) {
        return;
    }
    stamp(board, i, &own->book, event);
    send_to_all(board, event);
}

static struct event whole_event(const struct board *board, uint32_t i)
{
    const struct line *const line = &board->lines[board->books[i].leader];
    return sync_whole_event(line->feed, line->to_feed[i]);
}

static void publish_whole(struct board *board, uint32_t i)
{
    struct event event = whole_event(board, i);
    publish(board, i, &event);
}

/* Waiting for a leader there is nothing to take the levels from; it does not last. */
static bool can_send_whole(const struct board_book *book)
{
    return book->leader != NO_LINE && book->wait_ns == NEVER_NS;
}

static void send_whole(struct board *board, uint32_t i, struct outlet *outlet)
{
    if (can_send_whole(&board->books[i])) {
        struct event event = whole_event(board, i);
        stamp(board, i, &book_of(&board->lines[board->books[i].leader], i)->book, &event);
        (void)outlet_send(outlet, &event);
    }
}

/* No line has this book any more. */
static void publish_abandoned(struct board *board, uint32_t i, int64_t now_ns, const char *why)
{
    struct board_book *const book = &board->books[i];
    struct event event = { .kind = EVENT_STATUS,
                           .state = ARB_BOOK_STALE,
                           .trading = book->trading,
                           .verified = ARB_SUSPECT,
                           .px_digits = ARB_DIGITS_UNKNOWN,
                           .qty_digits = ARB_DIGITS_UNKNOWN,
                           .recv_ns = now_ns,
                           .reason = why,
                           .reason_len = (uint32_t)strlen(why) };

    book->state = ARB_BOOK_STALE;
    book->wait_ns = NEVER_NS;
    stamp(board, i, NULL, &event);
    send_to_all(board, &event);
}

/* -- who leads ------------------------------------------------------------------------- */

static void lead_by_difference(struct board *board, uint32_t i, uint32_t to)
{
    struct board_book *const book = &board->books[i];
    const struct line *const line = &board->lines[to];
    struct event event = sync_event_of(line->feed, line->to_feed[i], EVENT_DELTA);
    const bool is_small = sync_difference(&book_of(&board->lines[book->leader], i)->book,
                                          &book_of(line, i)->book, board->changes, &event);

    board->stats.takeovers++;
    book->leader = to;
    if (is_small) {
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

/* Line `lost` no longer leads. True when the book can stay LIVE all the same. */
static bool hand_over(struct board *board, uint32_t i, uint32_t lost, int64_t now_ns)
{
    struct board_book *const book = &board->books[i];
    const uint32_t best = board->is_closing ? NO_LINE : best_line(board, i, lost);

    if (best == NO_LINE) {
        return false;
    }
    if (has_reached(board, &board->lines[best], i)) {
        lead_whole(board, i, best);
        return true;
    }
    book->wait_ns = now_ns + BOARD_PATIENCE_NS;
    board->waits_ns = book->wait_ns < board->waits_ns ? book->wait_ns : board->waits_ns;
    return true;
}

static void on_leader(struct board *board, uint32_t i, struct event *event)
{
    const struct board_book *const book = &board->books[i];
    const bool is_lost = book->state == ARB_BOOK_LIVE && event->state != ARB_BOOK_LIVE;

    if (!is_lost || !hand_over(board, i, book->leader, event->recv_ns)) {
        publish(board, i, event);
    }
}

/* What another line says matters when it is further, or when the leader has nothing to say. */
static void on_other(struct board *board, uint32_t i, uint32_t from, const struct event *event)
{
    const struct board_book *const book = &board->books[i];

    if (event->state != ARB_BOOK_LIVE) {
        return;
    }
    if (book->state != ARB_BOOK_LIVE) {
        lead_whole(board, i, from);
    } else if (is_ahead(&book_of(&board->lines[from], i)->at, &book->at)) {
        lead_by_difference(board, i, from);
    } else {
        board->stats.copies++;
    }
}

/* LIVE without a leader: the first line that has come far enough, the lost one included. */
static void on_any(struct board *board, uint32_t i, uint32_t from, const struct event *event)
{
    if (event->state == ARB_BOOK_LIVE) {
        if (has_reached(board, &board->lines[from], i)) {
            lead_whole(board, i, from);
        }
    } else if (best_line(board, i, NO_LINE) == NO_LINE) {
        publish_whole(board, i); /* nobody left to wait for */
    }
}

void board_event(struct board *board, uint32_t line, struct event *event)
{
    const uint32_t i = board->lines[line].to_board[event->instrument];

    if (i == ARB_NO_INSTRUMENT) {
        return; /* board_enter() said that there is no room */
    }
    struct board_book *const book = &board->books[i];
    if (book->leader == NO_LINE) {
        book->leader = line;
    }
    if (book->wait_ns != NEVER_NS) {
        on_any(board, i, line, event);
    } else if (book->leader == line) {
        on_leader(board, i, event);
    } else {
        on_other(board, i, line, event);
    }
}

/* Nobody was as far in time. Those who are LIVE all the same have to prove it by a new snapshot. */
static void end_wait(struct board *board, uint32_t i)
{
    static const char why[] = "another connection was further, and is gone";
    struct board_book *const book = &board->books[i];
    const bool leader_is_live = is_live_on(&board->lines[book->leader], i);

    book->wait_ns = NEVER_NS;
    if (!leader_is_live) {
        publish_whole(board, i); /* its status */
    }
    for (uint32_t l = 0; l < BOARD_LINES_MAX; l++) {
        if (is_live_on(&board->lines[l], i)) {
            sync_damaged(board->lines[l].feed, board->lines[l].to_feed[i], why);
        }
    }
}

static int64_t run_waits(struct board *board, int64_t now_ns)
{
    if (now_ns < board->waits_ns) {
        return board->waits_ns;
    }
    board->waits_ns = NEVER_NS;
    for (uint32_t i = 0; i < board->n; i++) {
        if (board->books[i].wait_ns <= now_ns) {
            end_wait(board, i);
        } else if (board->books[i].wait_ns < board->waits_ns) {
            board->waits_ns = board->books[i].wait_ns;
        }
    }
    return board->waits_ns;
}

/* -- turns ----------------------------------------------------------------------------- */

static void send_periodic(struct board *board, uint32_t i)
{
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        if (board->outlets[o]->periodic && board->books[i].state != ARB_BOOK_EMPTY) {
            send_whole(board, i, board->outlets[o]);
        }
    }
}

/* Repeats the books one after another, spread over the interval. */
static int64_t run_snapshots(struct board *board, int64_t now_ns)
{
    if (board->snapshot_interval_ns == 0 || board->n == 0) {
        return NEVER_NS;
    }
    const int64_t step_ns = board->snapshot_interval_ns / board->n;
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

static int64_t run_outlets(struct board *board, int64_t now_ns)
{
    bool all_sent = true;
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        all_sent = catch_up(board, board->outlets[o]) && all_sent;
    }
    return all_sent ? now_ns + FEEDBACK_LOOK_NS : now_ns + CATCH_UP_NS;
}

void board_on_date(struct board *board, int64_t recv_ns, int64_t venue_ns)
{
    venue_clock_event(&board->clock, recv_ns, venue_ns);
}

void board_on_round_trip(struct board *board, int64_t now_ns, int64_t rtt_ns)
{
    venue_clock_round_trip(&board->clock, now_ns, rtt_ns);
}

int64_t board_on_turn(struct board *board, int64_t now_ns)
{
    venue_clock_turn(&board->clock, now_ns);
    const int64_t waits_ns = run_waits(board, now_ns);
    const int64_t snapshots_ns = run_snapshots(board, now_ns);
    const int64_t outlets_ns = run_outlets(board, now_ns);
    const int64_t next_ns = snapshots_ns < outlets_ns ? snapshots_ns : outlets_ns;

    return waits_ns < next_ns ? waits_ns : next_ns;
}

/* -- life ------------------------------------------------------------------------------ */

static int init_books(struct board *board)
{
    board->instruments = calloc(ARB_INSTRUMENTS_MAX, sizeof(*board->instruments));
    board->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*board->books));
    board->by_symbol = calloc(1, sizeof(*board->by_symbol));
    return board->instruments == NULL || board->books == NULL || board->by_symbol == NULL
               ? ARB_ENOMEM
               : ARB_OK;
}

int board_create(struct board **out, const char *name, uint64_t session,
                 int64_t snapshot_interval_ns)
{
    struct board *const board = calloc(1, sizeof(*board));

    if (board == NULL || init_books(board) != ARB_OK) {
        board_destroy(board);
        return ARB_ENOMEM;
    }
    (void)snprintf(board->venue.name, sizeof(board->venue.name), "%s", name);
    board->session = session;
    board->snapshot_interval_ns = snapshot_interval_ns;
    board->waits_ns = NEVER_NS;
    *out = board;
    return ARB_OK;
}

static void free_line(struct line *line)
{
    free(line->to_board);
    free(line->to_feed);
    *line = (struct line){ 0 };
}

void board_destroy(struct board *board)
{
    if (board == NULL) {
        return;
    }
    for (uint32_t l = 0; l < BOARD_LINES_MAX; l++) {
        free_line(&board->lines[l]);
    }
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

static int init_line(struct line *line, struct feed *feed)
{
    line->to_board = malloc(ARB_INSTRUMENTS_MAX * sizeof(*line->to_board));
    line->to_feed = malloc(ARB_INSTRUMENTS_MAX * sizeof(*line->to_feed));
    if (line->to_board == NULL || line->to_feed == NULL) {
        free_line(line);
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        line->to_board[i] = line->to_feed[i] = ARB_NO_INSTRUMENT;
    }
    line->feed = feed;
    return ARB_OK;
}

int board_add_line(struct board *board, struct feed *feed, uint32_t *number)
{
    uint32_t l = 0;

    while (l < BOARD_LINES_MAX && board->lines[l].feed != NULL) {
        l++;
    }
    if (l == BOARD_LINES_MAX) {
        return ARB_ELIMIT;
    }
    if (board->n_lines > 0 && board->changes == NULL) {
        board->changes = malloc(2 * (size_t)CHANGES_MAX * sizeof(*board->changes));
        if (board->changes == NULL) {
            return ARB_ENOMEM;
        }
    }
    const int rc = init_line(&board->lines[l], feed);
    board->n_lines += rc == ARB_OK;
    *number = l;
    return rc;
}

/* The line that led book `i` is gone. */
static void replace_leader(struct board *board, uint32_t i, int64_t now_ns, const char *why)
{
    struct board_book *const book = &board->books[i];
    uint32_t other = best_line(board, i, NO_LINE);

    for (uint32_t l = 0; l < BOARD_LINES_MAX && other == NO_LINE; l++) {
        other = has_book(&board->lines[l], i) ? l : NO_LINE;
    }
    book->leader = other;
    if (other == NO_LINE) {
        publish_abandoned(board, i, now_ns, why);
    } else if (book->state != ARB_BOOK_LIVE || !hand_over(board, i, NO_LINE, now_ns)) {
        publish_whole(board, i);
    }
}

void board_drop_line(struct board *board, const struct feed *feed, int64_t now_ns, const char *why)
{
    const uint32_t l = feed->line;

    free_line(&board->lines[l]);
    board->n_lines--;
    for (uint32_t i = 0; i < board->n; i++) {
        if (board->books[i].leader == l && board->books[i].state != ARB_BOOK_EMPTY) {
            replace_leader(board, i, now_ns, why);
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
        .state = ARB_BOOK_EMPTY, .leader = NO_LINE, .trading = ARB_TRADING_OPEN, .wait_ns = NEVER_NS
    };
    return board->n++;
}

int board_enter(struct board *board, uint32_t line, uint32_t instrument,
                const struct arb_instrument *info)
{
    const uint32_t i = find_or_add(board, info);

    if (i == ARB_NO_INSTRUMENT) {
        return ARB_ELIMIT;
    }
    board->lines[line].to_board[instrument] = i;
    board->lines[line].to_feed[i] = instrument;
    return ARB_OK;
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
        const struct line *const line = &board->lines[book->leader];
        view = sync_view(line->feed, line->to_feed[i]);
    }
    view.state = book->state;
    view.trading = book->trading;
    return view;
}

bool board_can_replace(const struct board *board, const struct feed *fresh, const struct feed *old)
{
    const struct line *const to = &board->lines[fresh->line];
    const struct line *const from = &board->lines[old->line];
    bool has_any = false;

    for (uint32_t i = 0; i < board->n; i++) {
        const bool is_live = is_live_on(to, i);
        if (!is_live && is_live_on(from, i)) {
            return false;
        }
        has_any = has_any || is_live;
    }
    return has_any;
}

const struct event_venue *board_venue(const struct board *board)
{
    return &board->venue;
}

struct arb_clock board_clock(const struct board *board)
{
    return board->clock.estimate;
}

const struct board_stats *board_stats(const struct board *board)
{
    return &board->stats;
}
