/* Several sessions of one venue on one board: whose word counts, with books and no session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/feedback.h"
#include "venue/board.h"

enum { INSTRUMENT = 7 /* as each session counts */, TEXT_MAX = 4096, A = 0, B = 1 };

#define START_NS (1000 * NS_PER_S)

static const struct arb_instrument info = {
    .symbol = "BTC/USD", .base = "BTC", .quote = "USD", .px_scale = 2, .qty_scale = 2
};
static const struct live_rules rules = { .loss = ARB_LOSS_SEQUENCE };

struct world {
    struct board *board;
    struct outlet outlet;
    struct feedback feedback;
    struct live_book books[BOARD_SEATS_MAX];
    struct moment now;
    unsigned n_alive;    /* times the outlet was told that the venue is watched, */
    struct event alive;  /* and how the last time */
    char text[TEXT_MAX]; /* what the outlet got and whom the board distrusts */
    size_t len;
    bool shows_why;   /* reasons too */
    bool is_large;    /* no text of what follows */
    uint32_t crc;     /* of the last event */
    uint32_t n_other; /* levels of the last one that a second outlet got */
};

/* As the machine has it for the board: how long it slept so far. */
static int64_t asleep_ns;

static int64_t on_asleep(void)
{
    return asleep_ns;
}

static void note(struct world *w, const char *line)
{
    w->len += (size_t)snprintf(w->text + w->len, TEXT_MAX - w->len, "%s", line);
    assert_true(w->len < TEXT_MAX);
}

static void on_event(void *context, const struct event *event)
{
    struct world *const w = context;
    char line[128];

    if (event->kind == EVENT_ALIVE) {
        w->n_alive++;
        w->alive = *event;
        return;
    }
    assert_true(w->n_alive > 0); /* the first thing heard is that there is somebody, … */
    assert_int_not_equal(0, w->alive.mono_ns); /* … and since when */
    w->crc = event->crc;
    if (w->is_large) {
        return;
    }
    (void)snprintf(line, sizeof(line), "%s %s #%u<%u", event_kind_name(event->kind),
                   book_state_name(event->state), (unsigned)event->seq, (unsigned)event->prev_seq);
    note(context, line);
    for (uint32_t i = 0; i < event->n_bids; i++) {
        (void)snprintf(line, sizeof(line), " b%dx%d", (int)event->bids[i].px,
                       (int)event->bids[i].qty);
        note(context, line);
    }
    if (event->state == ARB_BOOK_LIVE && event->verified == ARB_SUSPECT) {
        note(context, " suspect");
    }
    if (((struct world *)context)->shows_why && event->reason_len > 0) {
        note(context, ": ");
        note(context, event->reason);
    }
    note(context, "\n");
}

static void count_levels(void *context, const struct event *event)
{
    if (event->kind != EVENT_ALIVE) {
        ((struct world *)context)->n_other = event->n_bids + event->n_asks;
    }
}

static void distrust(void *context, uint32_t seat, uint32_t instrument, struct moment now,
                     const char *why)
{
    char line[64];

    (void)now;
    (void)why;
    (void)snprintf(line, sizeof(line), "distrust %u %u\n", seat, instrument);
    note(context, line);
}

static void expect(struct world *w, const char *text)
{
    assert_string_equal(w->text, text);
    w->text[0] = '\0';
    w->len = 0;
}

static void set_bid(struct world *w, uint32_t seat, int64_t qty)
{
    const struct arb_level level = { .px = 100, .qty = qty };
    assert_int_equal(book_side_set(&w->books[seat].book.bids, &level), ARB_OK);
}

/* Tells the board what the session's book says of itself. */
static void tell(struct world *w, uint32_t seat, struct event event)
{
    board_event(w->board, seat, INSTRUMENT, &event);
}

static void tell_whole(struct world *w, uint32_t seat)
{
    struct event event;

    live_book_whole(&w->books[seat], &rules, &event);
    tell(w, seat, event);
}

/* The session's book is LIVE, at this time of the venue. */
static void snapshot(struct world *w, uint32_t seat, int64_t venue_ns, int64_t qty)
{
    struct live_book *const book = &w->books[seat];

    set_bid(w, seat, qty);
    book->state = ARB_BOOK_LIVE;
    book->at = (struct live_progress){ .venue_ns = venue_ns };
    book->recv = w->now;
    book->known_ns = w->now.mono_ns;
    tell_whole(w, seat);
}

static void delta(struct world *w, uint32_t seat, int64_t venue_ns, int64_t qty)
{
    struct live_book *const book = &w->books[seat];
    const struct arb_level level = { .px = 100, .qty = qty };
    struct event event;

    set_bid(w, seat, qty);
    book->at = (struct live_progress){ .venue_ns = venue_ns };
    book->recv = w->now;
    live_book_event(book, &rules, EVENT_DELTA, &event);
    event.bids = &level;
    event.n_bids = 1;
    tell(w, seat, event);
}

static void lose(struct world *w, uint32_t seat)
{
    w->books[seat].state = ARB_BOOK_STALE;
    tell_whole(w, seat);
}

static int64_t turn_after(struct world *w, int64_t ns)
{
    w->now.mono_ns += ns;
    w->now.utc_ns += ns;
    return board_on_turn(w->board, w->now);
}

static struct world *create_with(uint32_t n_seats, struct board_config config)
{
    struct world *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    config.name = "fake";
    config.run = 1;
    config.distrust = distrust;
    config.context = w;
    w->now = (struct moment){ .mono_ns = START_NS, .utc_ns = 2 * START_NS };
    assert_int_equal(board_create(&w->board, &config), ARB_OK);
    assert_int_equal(outlet_init_fn(&w->outlet, on_event, w), ARB_OK);
    w->outlet.feedback = &w->feedback;
    assert_int_equal(board_add_outlet(w->board, &w->outlet), ARB_OK);
    board_on_arrival(w->board, w->now);
    for (uint32_t i = 0; i < n_seats; i++) {
        uint32_t seat = BOARD_SEATS_MAX;
        assert_int_equal(live_book_init(&w->books[i]), ARB_OK);
        assert_int_equal(board_sit(w->board, &rules, &seat), ARB_OK);
        assert_int_equal(seat, i);
        assert_int_equal(board_enter(w->board, i, INSTRUMENT, &info, &w->books[i]), ARB_OK);
    }
    return w;
}

static struct world *create(uint32_t n_seats, int64_t snapshot_interval_ns)
{
    return create_with(n_seats,
                       (struct board_config){ .snapshot_interval_ns = snapshot_interval_ns });
}

/* Both LIVE at the venue's time 5, the first one leads; what that told is forgotten. */
static struct world *create_both_live(void)
{
    struct world *const w = create(2, 0);

    snapshot(w, A, 5, 1);
    snapshot(w, B, 5, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    return w;
}

static void destroy(struct world *w)
{
    board_destroy(w->board);
    outlet_fini(&w->outlet);
    for (uint32_t i = 0; i < BOARD_SEATS_MAX; i++) {
        live_book_fini(&w->books[i]);
    }
    free(w);
}

static void second_copy_is_dropped(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    delta(w, A, 6, 2);
    delta(w, B, 6, 2);
    expect(w, "delta LIVE #2<1 b100x2\n");
    assert_int_equal(board_stats(w->board)->copies, 2); /* its snapshot too */
    destroy(w);
}

/* Levels that both have, so that a change is less than the whole book. */
static void deepen(struct world *w, uint32_t seat)
{
    for (int64_t px = 90; px < 99; px++) {
        const struct arb_level level = { .px = px, .qty = 1 };
        assert_int_equal(book_side_set(&w->books[seat].book.bids, &level), ARB_OK);
    }
}

static void session_that_is_ahead_takes_the_lead_by_the_difference(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    deepen(w, A);
    deepen(w, B);
    delta(w, B, 6, 2);
    delta(w, A, 6, 2);
    expect(w, "delta LIVE #2<1 b100x2\n");
    assert_int_equal(board_stats(w->board)->takeovers, 1);
    destroy(w);
}

/* The best three of ten bids: 100, 98 and 97. */
static struct world *create_with_window(void)
{
    struct world *const w = create_with(
        2, (struct board_config){ .publish_depth = 3, .snapshot_interval_ns = NS_PER_S });

    deepen(w, A);
    deepen(w, B);
    snapshot(w, A, 5, 1);
    snapshot(w, B, 5, 1);
    expect(w, "snapshot LIVE #1<0 b97x1 b98x1 b100x1\n");
    return w;
}

static uint32_t window_crc(const struct world *w, uint32_t seat)
{
    const struct book_side *const bids = &w->books[seat].book.bids;
    return event_book_crc(book_side_begin(bids) + bids->n - 3, 3, NULL, 0);
}

static void takeover_is_told_of_the_window(void **state)
{
    (void)state;
    struct world *const w = create_with_window();
    struct book_side *const bids = &w->books[B].book.bids;

    assert_int_equal(book_side_set(bids, &(struct arb_level){ .px = 98 }), ARB_OK);
    delta(w, B, 6, 1);
    expect(w, "delta LIVE #2<1 b98x0 b96x1\n");
    assert_int_equal(w->crc, window_crc(w, B));
    lose(w, B);
    lose(w, A);
    expect(w, "status STALE #3<2\n");
    snapshot(w, A, 7, 1);
    expect(w, "snapshot LIVE #4<3 b97x1 b98x1 b100x1\n");
    assert_int_equal(w->crc, window_crc(w, A));
    destroy(w);
}

static void repeated_and_looked_at_is_the_window(void **state)
{
    (void)state;
    struct world *const w = create_with_window();

    (void)turn_after(w, 0);
    (void)turn_after(w, NS_PER_S);
    expect(w, "snapshot LIVE #2<1 b97x1 b98x1 b100x1\n");
    assert_int_equal(w->crc, window_crc(w, A));
    assert_int_equal(board_view(w->board, 0).n_bids, 3);
    assert_int_equal(board_view(w->board, 0).bids[0].px, 97);
    destroy(w);
}

/* The number of the event is not spent, and who takes over is as far as what was not told. */
static void below_the_window_nothing_is_told(void **state)
{
    (void)state;
    struct world *const w = create_with_window();
    struct live_book *const book = &w->books[A];
    const struct arb_level low = { .px = 90 };
    struct event event;

    assert_int_equal(book_side_set(&book->book.bids, &low), ARB_OK);
    book->at = (struct live_progress){ .venue_ns = 6 };
    live_book_event(book, &rules, EVENT_DELTA, &event);
    event.bids = &low;
    event.n_bids = 1;
    tell(w, A, event);
    expect(w, "");
    assert_int_equal(book_side_set(&w->books[B].book.bids, &low), ARB_OK);
    delta(w, B, 6, 1);
    expect(w, "");
    delta(w, A, 7, 2);
    expect(w, "delta LIVE #2<1 b100x2\n");
    destroy(w);
}

/* It grew by deltas; the repetition shows that it has to be cut, and everybody gets that. */
static void book_that_outgrows_a_message_is_cut_for_everybody(void **state)
{
    (void)state;
    struct world *const w = create(1, NS_PER_S);
    struct book_side *const bids = &w->books[A].book.bids;
    struct outlet other;

    assert_int_equal(outlet_init_fn(&other, count_levels, w), ARB_OK);
    other.periodic = false;
    assert_int_equal(board_add_outlet(w->board, &other), ARB_OK);
    snapshot(w, A, 5, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    for (uint32_t i = 1; i < ARB_EVENT_LEVELS_MAX; i++) {
        assert_int_equal(
            book_side_set(bids, &(struct arb_level){ .px = INT64_MAX - i, .qty = INT64_MAX }),
            ARB_OK);
    }
    (void)turn_after(w, 0);
    w->is_large = true;
    (void)turn_after(w, NS_PER_S);
    (void)turn_after(w, NS_PER_S);
    /* All of them, then those that fit; only the first outlet wants another one. */
    assert_in_range(w->n_other, 19000, ARB_EVENT_LEVELS_MAX - 1);
    assert_int_equal(board_seq(w->board, 0), 3);
    outlet_fini(&other);
    destroy(w);
}

static void lost_leader_is_followed_by_one_as_far(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    lose(w, A);
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    lose(w, B);
    expect(w, "status STALE #3<2\n");
    destroy(w);
}

static void book_waits_for_one_that_is_behind(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    delta(w, A, 6, 2);
    expect(w, "delta LIVE #2<1 b100x2\n");
    lose(w, A);
    expect(w, "");
    assert_int_equal(board_view(w->board, 0).state, ARB_BOOK_LIVE);
    assert_int_equal(board_view(w->board, 0).n_bids, 0);
    delta(w, B, 6, 2);
    expect(w, "snapshot LIVE #3<2 b100x2\n");
    destroy(w);
}

static void patience_ends_with_a_proof_asked_for(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    delta(w, A, 6, 2);
    lose(w, A);
    expect(w, "delta LIVE #2<1 b100x2\n");
    (void)turn_after(w, 0);
    (void)turn_after(w, BOARD_PATIENCE_NS - 1);
    expect(w, "");
    (void)turn_after(w, 1);
    expect(w, "status STALE #3<2\ndistrust 1 7\n");
    destroy(w);
}

/* The wait is measured by the clock that nobody sets. */
static void patience_is_monotonic(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    delta(w, A, 6, 2);
    lose(w, A);
    expect(w, "delta LIVE #2<1 b100x2\n");
    (void)turn_after(w, 0);
    w->now.utc_ns += 3600 * NS_PER_S;
    (void)turn_after(w, 1);
    expect(w, "");
    w->now.utc_ns -= 7200 * NS_PER_S;
    (void)turn_after(w, BOARD_PATIENCE_NS);
    expect(w, "status STALE #3<2\ndistrust 1 7\n");
    destroy(w);
}

static void patience_is_no_longer_when_the_lost_leader_leaves(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    delta(w, A, 6, 2);
    lose(w, A);
    expect(w, "delta LIVE #2<1 b100x2\n");
    (void)turn_after(w, 0);
    (void)turn_after(w, BOARD_PATIENCE_NS - 1);
    board_leave(w->board, A, w->now, "replaced");
    (void)turn_after(w, 0);
    expect(w, "");
    (void)turn_after(w, 1);
    expect(w, "distrust 1 7\n");
    destroy(w);
}

/* How many events each had since its own snapshot tells nothing. */
static void undated_session_does_not_take_the_lead(void **state)
{
    (void)state;
    struct world *const w = create(2, 0);

    snapshot(w, A, 0, 1);
    snapshot(w, B, 0, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    w->books[B].at.nth = 9;
    tell_whole(w, B);
    expect(w, "");
    destroy(w);
}

/* What was asked for before the published event came may be of before it. */
static void undated_book_is_as_far_as_when_it_was_asked_for(void **state)
{
    (void)state;
    struct world *const w = create(2, 0);

    snapshot(w, A, 5, 1);
    (void)turn_after(w, NS_PER_MS);
    snapshot(w, B, 0, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    w->books[B].known_ns = w->now.mono_ns - NS_PER_MS - 1;
    lose(w, A);
    expect(w, "");
    snapshot(w, A, 5, 1);
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    w->books[B].known_ns = w->now.mono_ns;
    lose(w, A);
    expect(w, "snapshot LIVE #3<2 b100x1\n");
    destroy(w);
}

static void nobody_takes_over_once_closed(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    board_close(w->board);
    lose(w, A);
    expect(w, "status STALE #2<1\n");
    destroy(w);
}

static void leaving_leader_is_followed(void **state)
{
    (void)state;
    struct world *const w = create_both_live();

    board_leave(w->board, A, w->now, "replaced");
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    board_leave(w->board, B, w->now, "gone");
    expect(w, "status STALE #3<2\n");
    destroy(w);
}

/* Whoever sits there next is somebody else. */
static void seat_is_free_again_before_anything_was_said(void **state)
{
    (void)state;
    struct world *const w = create(1, 0);
    uint32_t seat = BOARD_SEATS_MAX;

    tell_whole(w, A);
    board_leave(w->board, A, w->now, "gone");
    assert_int_equal(board_view(w->board, 0).n_bids, 0);
    assert_int_equal(board_sit(w->board, &rules, &seat), ARB_OK);
    assert_int_equal(seat, A);
    destroy(w);
}

static void board_has_so_many_seats(void **state)
{
    (void)state;
    struct world *const w = create(BOARD_SEATS_MAX, 0);
    uint32_t seat = 0;

    assert_int_equal(board_sit(w->board, &rules, &seat), ARB_ELIMIT);
    destroy(w);
}

static void replacement_has_all_that_is_live(void **state)
{
    (void)state;
    struct world *const w = create(2, 0);

    assert_false(board_can_replace(w->board, B, A)); /* has nothing */
    snapshot(w, A, 5, 1);
    assert_false(board_can_replace(w->board, B, A));
    snapshot(w, B, 5, 1);
    assert_true(board_can_replace(w->board, B, A));
    destroy(w);
}

static void books_are_repeated(void **state)
{
    (void)state;
    struct world *const w = create(1, NS_PER_S);

    snapshot(w, A, 5, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    (void)turn_after(w, 0);
    (void)turn_after(w, NS_PER_S - 1);
    expect(w, "");
    (void)turn_after(w, 1);
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    destroy(w);
}

/* That the greeting comes first, on_event() looks at. */
static void who_no_longer_stands_by_greets_before_it_repeats(void **state)
{
    (void)state;
    struct world *const w = create(1, NS_PER_S);

    atomic_store(&w->feedback.is_mute, true);
    snapshot(w, A, 5, 1);
    (void)turn_after(w, 0);
    atomic_store(&w->feedback.is_mute, false);
    (void)turn_after(w, NS_PER_S);
    expect(w, "snapshot LIVE #2<0 b100x1\n");
    assert_int_equal(1, w->n_alive);
    destroy(w);
}

static void failed_delivery_is_replaced_by_a_snapshot(void **state)
{
    (void)state;
    struct world *const w = create(1, 0);

    snapshot(w, A, 5, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    feedback_raise(&w->feedback, 0, 3);
    (void)turn_after(w, 0);
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    destroy(w);
}

static void board_says_once_a_second_that_it_is_there(void **state)
{
    (void)state;
    struct world *const w = create(1, 0);

    assert_true(turn_after(w, 0) <= START_NS + BOARD_ALIVE_NS);
    assert_int_equal(1, w->n_alive);
    assert_string_equal("fake", w->alive.venue->name);
    assert_int_equal(1, w->alive.session);
    assert_int_equal(1, w->alive.seq);
    assert_int_equal(START_NS, w->alive.mono_ns);
    assert_false(w->alive.ends);
    (void)turn_after(w, BOARD_ALIVE_NS - 1);
    assert_int_equal(1, w->n_alive);
    assert_int_equal(START_NS + BOARD_ALIVE_NS, turn_after(w, 0));
    (void)turn_after(w, 1);
    assert_int_equal(2, w->n_alive);
    assert_int_equal(2, w->alive.seq);
    destroy(w);
}

/* A delivery failed, and there is nothing yet that replaces it: silence says so. */
static void who_lacks_something_is_not_told(void **state)
{
    (void)state;
    struct world *const w = create(2, 0);

    snapshot(w, A, 5, 1);
    snapshot(w, B, 4, 1);
    (void)turn_after(w, 0);
    assert_int_equal(1, w->n_alive);
    lose(w, A); /* the book stays LIVE for a while, without anybody to take it from */
    feedback_raise(&w->feedback, 0, 1);
    (void)turn_after(w, BOARD_PATIENCE_NS - 1);
    w->outlet.alive_ns = w->now.mono_ns;
    (void)turn_after(w, 0);
    assert_int_equal(1, w->n_alive);
    snapshot(w, B, 6, 1);
    (void)turn_after(w, 0);
    assert_int_equal(2, w->n_alive);
    destroy(w);
}

static void board_says_that_it_ends(void **state)
{
    (void)state;
    struct world *const w = create(1, 0);

    board_end(w->board, w->now);
    assert_int_equal(1, w->n_alive);
    assert_true(w->alive.ends);
    destroy(w);
}

/* -- what arrives late ------------------------------------------------------------------ */

#define MAX_LAG_NS (2 * NS_PER_S)

/* Connected and on time, each book LIVE; the first leads. */
static struct world *create_timely(uint32_t n_seats)
{
    struct world *const w = create_with(
        n_seats, (struct board_config){ .max_lag_ns = MAX_LAG_NS, .asleep_ns = on_asleep });

    for (uint32_t seat = 0; seat < n_seats; seat++) {
        board_on_connection(w->board, (struct board_line){ seat, 0 }, true);
        board_on_round_trip(w->board, (struct board_line){ seat, 0 }, w->now, NS_PER_MS);
        snapshot(w, seat, 5, 1);
    }
    (void)turn_after(w, 0);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    return w;
}

static void ask(struct world *w, uint32_t seat)
{
    board_on_ping(w->board, (struct board_line){ seat, 0 }, w->now);
}

/* The newest ping is answered. */
static void answer(struct world *w, uint32_t seat)
{
    board_on_round_trip(w->board, (struct board_line){ seat, 0 }, w->now, 0);
}

/* Turns come in time. */
static void pass(struct world *w, int64_t ns)
{
    for (int64_t end_ns = w->now.mono_ns + ns; w->now.mono_ns < end_ns;) {
        const int64_t left_ns = end_ns - w->now.mono_ns;
        (void)turn_after(w, left_ns < 100 * NS_PER_MS ? left_ns : 100 * NS_PER_MS);
    }
}

static void late_book_is_stale_until_it_is_fresh(void **state)
{
    (void)state;
    struct world *const w = create_timely(1);

    w->shows_why = true;
    ask(w, A);
    pass(w, MAX_LAG_NS + 50 * NS_PER_MS);
    expect(w, "status LIVE #2<1 suspect: what arrives may be 1.1 s old (max_lag 2s): pings are "
              "answered late or not at all\n"
              "status STALE #3<2: what arrives may be 2.0 s old (max_lag 2s): pings are answered "
              "late or not at all\n");
    delta(w, A, 6, 2);
    delta(w, A, 7, 3);
    expect(w, "");
    assert_int_equal(board_count_in_state(w->board, ARB_BOOK_STALE), 1);
    answer(w, A);
    pass(w, NS_PER_S + 100 * NS_PER_MS);
    expect(w, "snapshot LIVE #4<3 b100x3\n");
    assert_int_equal(board_stats(w->board)->worst_lag_ns / NS_PER_MS, 2050);
    destroy(w);
}

static void doubtful_book_is_live_and_suspect(void **state)
{
    (void)state;
    struct world *const w = create_timely(1);

    ask(w, A);
    pass(w, MAX_LAG_NS / 2 + 50 * NS_PER_MS);
    delta(w, A, 6, 2);
    expect(w, "status LIVE #2<1 suspect\ndelta LIVE #3<2 b100x2 suspect\n");
    answer(w, A);
    pass(w, NS_PER_S + 100 * NS_PER_MS);
    delta(w, A, 7, 3);
    expect(w, "status LIVE #4<3\ndelta LIVE #5<4 b100x3\n");
    destroy(w);
}

static void session_on_time_takes_over_from_one_that_may_be_late(void **state)
{
    (void)state;
    struct world *const w = create_timely(2);

    ask(w, A);
    pass(w, MAX_LAG_NS / 2 + 50 * NS_PER_MS);
    expect(w, "snapshot LIVE #2<1 b100x1\n");
    delta(w, A, 6, 2); /* it is further, and may be late */
    pass(w, MAX_LAG_NS / 2);
    delta(w, A, 7, 3); /* and it is late */
    expect(w, "");
    delta(w, B, 6, 2);
    expect(w, "delta LIVE #3<2 b100x2\n");
    destroy(w);
}

/* Behind when the leader became doubtful, and as far a little later. */
static void session_on_time_takes_over_when_it_is_as_far(void **state)
{
    (void)state;
    struct world *const w = create_timely(2);

    delta(w, A, 6, 2);
    ask(w, A);
    pass(w, MAX_LAG_NS / 2 + 50 * NS_PER_MS);
    expect(w, "delta LIVE #2<1 b100x2\nstatus LIVE #3<2 suspect\n");
    delta(w, B, 6, 2);
    expect(w, "snapshot LIVE #4<3 b100x2\n");
    destroy(w);
}

static void first_session_on_time_ends_it(void **state)
{
    (void)state;
    struct world *const w = create_timely(2);

    ask(w, A);
    ask(w, B);
    pass(w, MAX_LAG_NS + 50 * NS_PER_MS);
    expect(w, "status LIVE #2<1 suspect\nstatus STALE #3<2\n");
    answer(w, B);
    pass(w, NS_PER_S + 100 * NS_PER_MS);
    expect(w, "snapshot LIVE #4<3 b100x1\n");
    assert_true(board_late_since_ns(w->board, A) < w->now.mono_ns - NS_PER_S);
    assert_true(board_late_since_ns(w->board, B) == NEVER_NS);
    destroy(w);
}

static void book_that_comes_late_is_stale(void **state)
{
    (void)state;
    struct world *const w = create_with(1, (struct board_config){ .max_lag_ns = MAX_LAG_NS });

    board_on_connection(w->board, (struct board_line){ A, 0 }, true);
    board_on_round_trip(w->board, (struct board_line){ A, 0 }, w->now, MAX_LAG_NS + 1);
    pass(w, NS_PER_MS);
    snapshot(w, A, 5, 1);
    expect(w, "status STALE #1<0\n");
    destroy(w);
}

static void late_book_is_not_repeated_as_live(void **state)
{
    (void)state;
    struct world *const w = create_with(
        1, (struct board_config){ .max_lag_ns = MAX_LAG_NS, .snapshot_interval_ns = NS_PER_S });

    board_on_connection(w->board, (struct board_line){ A, 0 }, true);
    snapshot(w, A, 5, 1);
    (void)turn_after(w, 0);
    board_on_round_trip(w->board, (struct board_line){ A, 0 }, w->now, MAX_LAG_NS + 1);
    pass(w, NS_PER_S + NS_PER_MS);
    expect(w, "snapshot LIVE #1<0 b100x1\nstatus STALE #2<1\nstatus STALE #3<2\n");
    destroy(w);
}

/* The turn was due within 100 ms: feedback is looked for so often. */
static void nothing_is_live_after_a_gap_before_an_answer(void **state)
{
    (void)state;
    struct world *const w = create_timely(1);

    w->shows_why = true;
    w->now.mono_ns += MAX_LAG_NS + 100 * NS_PER_MS;
    w->now.utc_ns += MAX_LAG_NS + 100 * NS_PER_MS;
    board_on_arrival(w->board, w->now);
    expect(w, "");
    w->now.mono_ns++;
    board_on_arrival(w->board, w->now);
    delta(w, A, 6, 2);
    expect(w, "status STALE #2<1: this host did not run for 2.0 s: it is not known yet that "
              "what arrives is on time\n");
    pass(w, 2 * NS_PER_S);
    expect(w, "");
    ask(w, A);
    answer(w, A);
    pass(w, NS_PER_S + 100 * NS_PER_MS);
    expect(w, "snapshot LIVE #3<2 b100x2\n");
    destroy(w);
}

/* The monotonic clock leaves out what a machine sleeps; UTC is set behind it. */
static void assert_after_step(int64_t slept_ns, const char *want)
{
    struct world *const w = create_timely(1);

    w->now.utc_ns += NS_PER_S;
    board_on_arrival(w->board, w->now);
    w->now.utc_ns += 3600 * NS_PER_S;
    asleep_ns += slept_ns;
    board_on_arrival(w->board, w->now);
    expect(w, want);
    destroy(w);
}

static void nothing_is_live_after_the_machine_slept(void **state)
{
    (void)state;
    assert_after_step(3600 * NS_PER_S, "status STALE #2<1\n");
}

static void a_step_of_utc_alone_changes_nothing(void **state)
{
    (void)state;
    assert_after_step(0, "");
}

static void replacement_is_as_far_as_patience_bridges(void **state)
{
    (void)state;
    struct world *const w = create(2, 0);

    snapshot(w, B, NS_PER_S, 1);
    snapshot(w, A, NS_PER_S + BOARD_PATIENCE_NS + 1, 1);
    assert_false(board_can_replace(w->board, B, A));
    snapshot(w, B, NS_PER_S + 1, 1);
    assert_true(board_can_replace(w->board, B, A));
    destroy(w);
}

/* What is late on the old one is wanted all the same. */
static void replacement_has_what_is_late_too(void **state)
{
    (void)state;
    struct world *const w = create_timely(2);

    ask(w, A);
    pass(w, MAX_LAG_NS + 50 * NS_PER_MS);
    assert_true(board_can_replace(w->board, B, A));
    assert_false(board_can_replace(w->board, A, B));
    lose(w, B);
    assert_false(board_can_replace(w->board, B, A));
    destroy(w);
}

/* -- a host that is behind -------------------------------------------------------------- */

static void changes_are_sent_as_one_book_while_the_host_is_behind(void **state)
{
    struct world *const w = create(1, 0);

    (void)state;
    snapshot(w, A, 5, 1);
    (void)turn_after(w, 0);
    expect(w, "snapshot LIVE #1<0 b100x1\n");
    board_conflate(w->board, true);
    delta(w, A, 6, 2);
    delta(w, A, 7, 3);
    (void)turn_after(w, BOARD_CONFLATE_NS - 1);
    expect(w, "");
    assert_int_equal(w->outlet.conflated, 2);
    (void)turn_after(w, 1);
    expect(w, "snapshot LIVE #4<1 b100x3\n");
    board_conflate(w->board, false);
    delta(w, A, 8, 4);
    expect(w, "delta LIVE #5<4 b100x4\n");
    destroy(w);
}

static void loss_is_told_at_once_while_the_host_is_behind(void **state)
{
    struct world *const w = create(1, 0);

    (void)state;
    snapshot(w, A, 5, 1);
    board_conflate(w->board, true);
    delta(w, A, 6, 2);
    lose(w, A);
    expect(w, "snapshot LIVE #1<0 b100x1\n"
              "status STALE #3<1\n");
    snapshot(w, A, 7, 3);
    expect(w, "snapshot LIVE #4<3 b100x3\n");
    destroy(w);
}

/* What is not sent when it ends is sent with the next turn. */
static void nothing_is_kept_back_when_the_host_has_caught_up(void **state)
{
    struct world *const w = create(1, 0);

    (void)state;
    snapshot(w, A, 5, 1);
    (void)turn_after(w, 0);
    board_conflate(w->board, true);
    delta(w, A, 6, 2);
    board_conflate(w->board, false);
    (void)turn_after(w, 1);
    expect(w, "snapshot LIVE #1<0 b100x1\n"
              "snapshot LIVE #3<1 b100x2\n");
    destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_sent_as_one_book_while_the_host_is_behind),
        cmocka_unit_test(loss_is_told_at_once_while_the_host_is_behind),
        cmocka_unit_test(nothing_is_kept_back_when_the_host_has_caught_up),
        cmocka_unit_test(second_copy_is_dropped),
        cmocka_unit_test(session_that_is_ahead_takes_the_lead_by_the_difference),
        cmocka_unit_test(takeover_is_told_of_the_window),
        cmocka_unit_test(repeated_and_looked_at_is_the_window),
        cmocka_unit_test(below_the_window_nothing_is_told),
        cmocka_unit_test(book_that_outgrows_a_message_is_cut_for_everybody),
        cmocka_unit_test(lost_leader_is_followed_by_one_as_far),
        cmocka_unit_test(book_waits_for_one_that_is_behind),
        cmocka_unit_test(patience_ends_with_a_proof_asked_for),
        cmocka_unit_test(patience_is_monotonic),
        cmocka_unit_test(patience_is_no_longer_when_the_lost_leader_leaves),
        cmocka_unit_test(undated_session_does_not_take_the_lead),
        cmocka_unit_test(undated_book_is_as_far_as_when_it_was_asked_for),
        cmocka_unit_test(nobody_takes_over_once_closed),
        cmocka_unit_test(leaving_leader_is_followed),
        cmocka_unit_test(seat_is_free_again_before_anything_was_said),
        cmocka_unit_test(board_has_so_many_seats),
        cmocka_unit_test(replacement_has_all_that_is_live),
        cmocka_unit_test(books_are_repeated),
        cmocka_unit_test(who_no_longer_stands_by_greets_before_it_repeats),
        cmocka_unit_test(failed_delivery_is_replaced_by_a_snapshot),
        cmocka_unit_test(board_says_once_a_second_that_it_is_there),
        cmocka_unit_test(who_lacks_something_is_not_told),
        cmocka_unit_test(board_says_that_it_ends),
        cmocka_unit_test(late_book_is_stale_until_it_is_fresh),
        cmocka_unit_test(doubtful_book_is_live_and_suspect),
        cmocka_unit_test(session_on_time_takes_over_from_one_that_may_be_late),
        cmocka_unit_test(session_on_time_takes_over_when_it_is_as_far),
        cmocka_unit_test(first_session_on_time_ends_it),
        cmocka_unit_test(book_that_comes_late_is_stale),
        cmocka_unit_test(late_book_is_not_repeated_as_live),
        cmocka_unit_test(nothing_is_live_after_a_gap_before_an_answer),
        cmocka_unit_test(nothing_is_live_after_the_machine_slept),
        cmocka_unit_test(a_step_of_utc_alone_changes_nothing),
        cmocka_unit_test(replacement_is_as_far_as_patience_bridges),
        cmocka_unit_test(replacement_has_what_is_late_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
