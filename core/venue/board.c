#include "venue/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_SEAT = BOARD_SEATS_MAX, OUTLETS_MAX = ARB_VENUES_MAX + 1 };

#define FEEDBACK_LOOK_NS (100 * NS_PER_MS) /* how often a failed delivery is looked for */
#define CATCH_UP_NS (2 * NS_PER_MS)        /* while a ring is full */
#define WAIT_BEGINS INT64_MIN              /* the next turn brings the time to count from */

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
    struct live_progress at; /* of what is published */
    int64_t recv_ns;         /* likewise, mono */
    int64_t wait_ns; /* LIVE without a leader who is, until then; WAIT_BEGINS; NEVER_NS: no */
};

struct board {
    struct event_venue venue;
    struct venue_clock clock;
    struct board_config config;
    struct seat seats[BOARD_SEATS_MAX];
    uint32_t n_seats;
    struct arb_instrument *instruments; /* [ARB_INSTRUMENTS_MAX] never move: events point here */
    struct board_book *books;           /* [ARB_INSTRUMENTS_MAX] */
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
    struct arb_level *changes; /* [2 * LIVE_CHANGES_MAX] of a takeover; NULL with one seat */
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

static bool is_live_on(const struct board *board, uint32_t seat, uint32_t i)
{
    return has_book(board, seat, i) && book_of(board, seat, i)->state == ARB_BOOK_LIVE;
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
        event->crc = event_book_crc(book_side_begin(&levels->bids), levels->bids.n,
                                    book_side_begin(&levels->asks), levels->asks.n);
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

static bool is_any_mute(const struct board *board)
{
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        if (is_mute(board->outlets[o])) {
            return true;
        }
    }
    return false;
}

static void send_to_all(struct board *board, struct event *event)
{
    if (is_any_mute(board)) {
        lose_for_all(board, event);
        return;
    }
    /* The publisher was added first and is told last: what a strategy sees is more urgent. */
    for (uint32_t o = board->n_outlets; o-- > 0;) {
        (void)outlet_send(board->outlets[o], event); /* a full one marks the book by itself */
    }
}

/* Tells everybody what the leader says. */
static void publish(struct board *board, uint32_t i, struct event *event)
{
    struct board_book *const book = &board->books[i];
    const struct live_book *const own = book_of(board, book->leader, i);

    book->state = event->state;
    book->trading = event->trading;
    book->at = own->at;
    book->recv_ns = own->recv.mono_ns;
    book->wait_ns = NEVER_NS;
    if (board->n_outlets == 0) {
        return;
    }
    stamp(board, i, own->recv, &own->book, event);
    send_to_all(board, event);
}

static void whole_event(const struct board *board, uint32_t i, struct event *event)
{
    const uint32_t leader = board->books[i].leader;
    live_book_whole(book_of(board, leader, i), board->seats[leader].rules, event);
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
    send_to_all(board, &event);
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
    } else if (live_progress_is_ahead(&book_of(board, from, i)->at, &book->at)) {
        lead_by_difference(board, i, from);
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
    if (book->wait_ns != NEVER_NS) {
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

    for (uint32_t o = 0; o < board->n_outlets; o++) {
        struct outlet *const outlet = board->outlets[o];
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

void board_on_date(struct board *board, struct moment now, int64_t venue_ns)
{
    venue_clock_event(&board->clock, now.mono_ns, venue_ns);
}

void board_on_round_trip(struct board *board, struct moment now, int64_t rtt_ns)
{
    venue_clock_round_trip(&board->clock, now.mono_ns, rtt_ns);
}

int64_t board_on_turn(struct board *board, struct moment now)
{
    venue_clock_turn(&board->clock, now.mono_ns);
    const int64_t waits_ns = run_waits(board, now);
    const int64_t snapshots_ns = run_snapshots(board, now.mono_ns);
    const int64_t outlets_ns = run_outlets(board, now.mono_ns);
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

int board_create(struct board **out, const struct board_config *config)
{
    struct board *const board = calloc(1, sizeof(*board));

    if (board == NULL || init_books(board) != ARB_OK) {
        board_destroy(board);
        return ARB_ENOMEM;
    }
    (void)snprintf(board->venue.name, sizeof(board->venue.name), "%s", config->name);
    board->config = *config;
    board->config.name = board->venue.name;
    board->waits_ns = NEVER_NS;
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
        rc = init_seat(&board->seats[free], rules);
    }
    if (rc != ARB_OK) {
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
    }
    view.state = book->state;
    view.trading = book->trading;
    return view;
}

bool board_can_replace(const struct board *board, uint32_t seat, uint32_t other)
{
    bool has_any = false;

    for (uint32_t i = 0; i < board->n; i++) {
        const bool is_live = is_live_on(board, seat, i);
        if (!is_live && is_live_on(board, other, i)) {
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
