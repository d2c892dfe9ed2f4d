#include "util/boot.h"
#include "venue/board_state.h"

#include <stdio.h>
#include <string.h>

#define FEEDBACK_LOOK_NS (100 * NS_PER_MS) /* how often a failed delivery is looked for */
#define CATCH_UP_NS (2 * NS_PER_MS)        /* while a ring is full */

/* -- sending --------------------------------------------------------------------------- */

static const char *why_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return lag_why(&board->lag, seat, conn_of(board, seat, i));
}

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
                           .boot = boot_id(),
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
static void greet(struct board *board, struct outlet *outlet)
{
    if (outlet->alive_ns == 0) {
        (void)say_alive(board, outlet, board->now.mono_ns); /* else the next turn says it */
    }
}

/* A full one marks the book by itself. */
static void send_to(struct board *board, struct outlet *outlet, struct event *event)
{
    greet(board, outlet);
    (void)outlet_send(outlet, event);
}

static void send_to_all(struct board *board, struct event *event)
{
    if (is_any_mute(board)) {
        lose_for_all(board, event);
        return;
    }
    /* The publisher was added first and is told last: what a strategy sees is more urgent. */
    for (uint32_t o = board->n_outlets; o-- > 0;) {
        send_to(board, board->outlets[o], event);
    }
}

/* What may be late can be relied on as little as what is late. */
static void doubt(struct event *event)
{
    event->verified = ARB_SUSPECT;
    event->verified_levels = 0;
}

void board_lag_event(const struct board *board, uint32_t i, struct event *event)
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
        board_lag_event(board, i, event);
        return;
    }
    live_book_whole(book_of(board, leader, i), board->seats[leader].rules, event);
    if (verdict_of(board, leader, i) == LAG_DOUBTFUL) {
        doubt(event);
    }
}

void board_publish(struct board *board, uint32_t i, struct event *event)
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
    if (event->state != ARB_BOOK_LIVE && event->reason_len > 0) {
        (void)snprintf(board->last_reason, sizeof(board->last_reason), "%s", event->reason);
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
    send_to_all(board, event);
}

void board_publish_whole(struct board *board, uint32_t i)
{
    struct event event;

    whole_event(board, i, &event);
    board_publish(board, i, &event);
}

static void send_whole(struct board *board, uint32_t i, struct outlet *outlet)
{
    if (can_send_whole(&board->books[i])) {
        struct event event;
        whole_event(board, i, &event);
        const struct live_book *const own = book_of(board, board->books[i].leader, i);
        if (!windows_show(&board->windows, i, &own->book, &event)) {
            board_publish(board, i, &event); /* makes it smaller for everybody */
            return;
        }
        stamp(board, i, own->recv, &own->book, &event);
        send_to(board, outlet, &event);
    }
}

void board_publish_abandoned(struct board *board, uint32_t i, struct moment now, const char *why)
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

/* -- turns ----------------------------------------------------------------------------- */

static void send_periodic(struct board *board, uint32_t i)
{
    if (board->books[i].state == ARB_BOOK_EMPTY || is_any_mute(board)) {
        return;
    }
    for (uint32_t o = 0; o < board->n_outlets; o++) {
        if (board->outlets[o]->periodic) {
            send_whole(board, i, board->outlets[o]);
        }
    }
}

int64_t board_run_snapshots(struct board *board, int64_t now_ns)
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

int64_t board_run_outlets(struct board *board, int64_t now_ns)
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
        greet(board, outlet);
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

void board_conflate(struct board *board, bool conflates)
{
    board->conflates = conflates;
}
