#include "venue/board_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void board_close(struct board *board)
{
    board->is_closing = true;
}

/* -- sessions -------------------------------------------------------------------------- */

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

void board_leave(struct board *board, uint32_t seat, struct moment now, const char *why)
{
    free_seat(&board->seats[seat]);
    lag_leave(&board->lag, seat, now.mono_ns);
    board->n_seats--;
    for (uint32_t i = 0; i < board->n; i++) {
        if (board->books[i].leader == seat) {
            board_replace_leader(board, i, now, why);
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

/* -- turns ----------------------------------------------------------------------------- */

int64_t board_on_turn(struct board *board, struct moment now)
{
    board_on_arrival(board, now);
    venue_clock_turn(&board->clock, now.mono_ns);
    board_judge(board, now, false);
    const int64_t waits_ns = board_run_waits(board, now);
    const int64_t snapshots_ns = board_run_snapshots(board, now.mono_ns);
    const int64_t outlets_ns = board_run_outlets(board, now.mono_ns);
    const int64_t next_ns = snapshots_ns < outlets_ns ? snapshots_ns : outlets_ns;

    board->turn_ns = waits_ns < next_ns ? waits_ns : next_ns;
    return board->turn_ns;
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

const char *board_last_reason(const struct board *board)
{
    return board->last_reason;
}
