/*
 * The published window of a large book against an oracle that cuts the whole book before and after
 * each change, and copies that only see what is published.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "stderr_capture.h"
#include "venue/window.h"
#include "wire/wire.h"

enum {
    STEPS = 4000, /* of each depth and seed */
    PRICES = 60,  /* that a side of the random book may have */
    BATCH_MAX = 6,
    MID = 1000,
    TEXT_MAX = 1024,
    LARGE = 50000, /* levels a side */
};

static const struct arb_instrument instrument = {
    .symbol = "BTC/USD", .base = "BTC", .quote = "USD", .px_scale = 2, .qty_scale = 8
};
static const struct event_venue venue = { .name = "fake" };

/* The host's book, and a copy made of what is published. */
struct world {
    struct windows windows;
    struct book book, copy;
    char text[TEXT_MAX]; /* what was published last */
};

static void create(struct world *w, uint32_t depth)
{
    *w = (struct world){ .text = "" };
    assert_int_equal(windows_init(&w->windows, depth, "venue=fake", &instrument), ARB_OK);
    assert_int_equal(book_init(&w->book, 0), ARB_OK);
    assert_int_equal(book_init(&w->copy, 0), ARB_OK);
}

static void destroy(struct world *w)
{
    windows_fini(&w->windows);
    book_fini(&w->book);
    book_fini(&w->copy);
}

/* -- the oracle ------------------------------------------------------------------------ */

/* The best levels of a side, which are the last. */
static void expect_side(const struct book_side *copy, const struct book_side *whole, uint32_t depth)
{
    const uint32_t n = depth != 0 && whole->n > depth ? depth : whole->n;

    assert_int_equal(copy->n, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(book_side_begin(copy)[i].px, book_side_begin(whole)[whole->n - n + i].px);
        assert_int_equal(book_side_begin(copy)[i].qty,
                         book_side_begin(whole)[whole->n - n + i].qty);
    }
}

static void expect_window(const struct world *w, uint32_t depth)
{
    const struct book_side *const bids = &w->copy.bids, *const asks = &w->copy.asks;

    expect_side(bids, &w->book.bids, depth);
    expect_side(asks, &w->book.asks, depth);
    assert_int_equal(
        windows_crc(&w->windows, 0, &w->book),
        event_book_crc(book_side_begin(bids), bids->n, book_side_begin(asks), asks->n));
}

static bool is_same(const struct book_side *a, const struct book_side *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(book_side_begin(a), book_side_begin(b),
                                                a->n * sizeof(struct arb_level)) == 0);
}

static void copy_side(struct book_side *to, const struct book_side *from)
{
    to->first = to->n = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        assert_int_equal(book_side_set(to, &book_side_begin(from)[i]), ARB_OK);
    }
}

/* -- a consumer ------------------------------------------------------------------------ */

static void set_all(struct book_side *side, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        assert_true(book_side_set(side, &levels[i]) >= ARB_OK);
    }
}

static void apply(struct book *copy, const struct event *event)
{
    if (event->kind == EVENT_SNAPSHOT) {
        book_clear(copy);
    }
    if (event->kind != EVENT_STATUS) {
        set_all(&copy->bids, event->bids, event->n_bids);
        set_all(&copy->asks, event->asks, event->n_asks);
    }
}

static void write_side(struct world *w, char name, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n && n < 20; i++) {
        const size_t len = strlen(w->text);
        (void)snprintf(w->text + len, TEXT_MAX - len, " %c%dx%d", name, (int)levels[i].px,
                       (int)levels[i].qty);
    }
}

/* Lets the event of the book through, and gives it to the copy; true when there was one. */
static bool pass(struct world *w, struct event *event)
{
    w->text[0] = '\0';
    event->state = ARB_BOOK_LIVE;
    event->info = &instrument;
    event->venue = &venue;
    event->reason = "";
    if (!windows_pass(&w->windows, 0, &w->book, event)) {
        return false;
    }
    (void)snprintf(w->text, sizeof(w->text), "%s", event_kind_name(event->kind));
    write_side(w, 'b', event->bids, event->n_bids);
    write_side(w, 'a', event->asks, event->n_asks);
    apply(&w->copy, event);
    return true;
}

static bool pass_snapshot(struct world *w)
{
    struct event event = { .kind = EVENT_SNAPSHOT,
                           .bids = book_side_begin(&w->book.bids),
                           .asks = book_side_begin(&w->book.asks),
                           .n_bids = w->book.bids.n,
                           .n_asks = w->book.asks.n };
    return pass(w, &event);
}

/* Levels of one delta. */
struct batch {
    struct arb_level bids[BATCH_MAX], asks[BATCH_MAX];
    uint32_t n_bids, n_asks;
};

static bool pass_delta(struct world *w, const struct batch *batch)
{
    struct event event = { .kind = EVENT_DELTA,
                           .bids = batch->bids,
                           .asks = batch->asks,
                           .n_bids = batch->n_bids,
                           .n_asks = batch->n_asks };

    set_all(&w->book.bids, batch->bids, batch->n_bids);
    set_all(&w->book.asks, batch->asks, batch->n_asks);
    return pass(w, &event);
}

/* -- one change at a time -------------------------------------------------------------- */

static bool set_bid(struct world *w, int64_t px, int64_t qty)
{
    const struct batch batch = { .bids = { { .px = px, .qty = qty } }, .n_bids = 1 };
    return pass_delta(w, &batch);
}

static bool set_ask(struct world *w, int64_t px, int64_t qty)
{
    const struct batch batch = { .asks = { { .px = px, .qty = qty } }, .n_asks = 1 };
    return pass_delta(w, &batch);
}

/* Bids 10 to 6 and asks 11 to 15, of which three a side are published. */
static void create_five(struct world *w)
{
    create(w, 3);
    for (int64_t i = 0; i < 5; i++) {
        set_all(&w->book.bids, &(struct arb_level){ .px = 10 - i, .qty = 1 }, 1);
        set_all(&w->book.asks, &(struct arb_level){ .px = 11 + i, .qty = 1 }, 1);
    }
    assert_true(pass_snapshot(w));
    assert_string_equal(w->text, "snapshot b8x1 b9x1 b10x1 a13x1 a12x1 a11x1");
}

static void a_change_inside_is_told_as_it_is(void **state)
{
    struct world w;

    (void)state;
    create_five(&w);
    assert_true(set_bid(&w, 8, 2));
    assert_string_equal(w.text, "delta b8x2");
    assert_true(set_ask(&w, 13, 2));
    assert_string_equal(w.text, "delta a13x2");
    destroy(&w);
}

static void a_change_below_is_not_told(void **state)
{
    struct world w;

    (void)state;
    create_five(&w);
    assert_false(set_bid(&w, 7, 2));
    assert_false(set_bid(&w, 5, 2));
    assert_false(set_bid(&w, 6, 0));
    assert_false(set_ask(&w, 14, 2));
    assert_false(set_ask(&w, 16, 2));
    assert_false(set_ask(&w, 14, 0));
    destroy(&w);
}

static void what_is_removed_lets_the_next_one_in(void **state)
{
    struct world w;

    (void)state;
    create_five(&w);
    assert_true(set_bid(&w, 10, 0));
    assert_string_equal(w.text, "delta b10x0 b7x1");
    assert_true(set_ask(&w, 13, 0));
    assert_string_equal(w.text, "delta a13x0 a14x1");
    destroy(&w);
}

static void what_comes_in_pushes_the_last_one_out(void **state)
{
    struct world w;

    (void)state;
    create_five(&w);
    assert_true(set_bid(&w, 11, 5));
    assert_string_equal(w.text, "delta b11x5 b8x0");
    assert_true(set_ask(&w, 10, 5));
    assert_string_equal(w.text, "delta a10x5 a13x0");
    destroy(&w);
}

static void one_that_goes_and_one_that_comes_below_trade_places(void **state)
{
    struct world w;
    const struct batch batch = { .bids = { { .px = 9 }, { .px = 8, .qty = 4 }, { .px = 7 } },
                                 .n_bids = 3 };

    (void)state;
    create_five(&w);
    assert_true(pass_delta(&w, &batch));
    assert_string_equal(w.text, "delta b9x0 b8x4 b6x1");
    expect_window(&w, 3);
    destroy(&w);
}

/* As many levels as are published, one more, and back: both sides of the boundary. */
static void a_book_grows_over_the_window_and_back(void **state)
{
    struct world w;

    (void)state;
    create(&w, 2);
    assert_true(set_bid(&w, 10, 1));
    assert_string_equal(w.text, "delta b10x1");
    assert_true(set_bid(&w, 8, 1));
    assert_string_equal(w.text, "delta b8x1");
    assert_true(set_bid(&w, 9, 1));
    assert_string_equal(w.text, "delta b9x1 b8x0");
    assert_false(set_bid(&w, 7, 1));
    assert_true(set_bid(&w, 10, 0));
    assert_string_equal(w.text, "delta b10x0 b8x1");
    assert_true(set_bid(&w, 9, 0));
    assert_string_equal(w.text, "delta b9x0 b7x1");
    assert_true(set_bid(&w, 8, 0));
    assert_string_equal(w.text, "delta b8x0");
    assert_true(set_bid(&w, 7, 0));
    assert_string_equal(w.text, "delta b7x0");
    destroy(&w);
}

/* A full window: what is set below it was never in. */
static void one_below_a_full_window_is_not_told(void **state)
{
    struct world w;

    (void)state;
    create(&w, 1);
    assert_true(set_bid(&w, 10, 1));
    assert_false(set_bid(&w, 9, 1));
    assert_false(set_bid(&w, 8, 1));
    destroy(&w);
}

static void a_proof_that_changes_below_is_told_without_levels(void **state)
{
    struct world w;
    const struct arb_level low = { .px = 7, .qty = 2 };
    struct event event = {
        .kind = EVENT_DELTA, .bids = &low, .n_bids = 1, .verified = ARB_SUSPECT
    };

    (void)state;
    create_five(&w);
    assert_true(pass(&w, &event));
    assert_string_equal(w.text, "delta");
    event =
        (struct event){ .kind = EVENT_DELTA, .bids = &low, .n_bids = 1, .verified = ARB_SUSPECT };
    assert_false(pass(&w, &event));
    destroy(&w);
}

static void a_status_passes(void **state)
{
    struct world w;
    struct event event = { .kind = EVENT_STATUS };

    (void)state;
    create_five(&w);
    assert_true(pass(&w, &event));
    assert_string_equal(w.text, "status");
    assert_true(windows_show(&w.windows, 0, &w.book, &event));
    destroy(&w);
}

static void who_looks_or_fell_behind_sees_the_window(void **state)
{
    struct world w;
    struct event event = { .kind = EVENT_SNAPSHOT };

    (void)state;
    create_five(&w);
    assert_true(windows_show(&w.windows, 0, &w.book, &event));
    book_clear(&w.copy);
    apply(&w.copy, &event);
    expect_window(&w, 3);
    struct arb_book view = { .bids = book_side_begin(&w.book.bids),
                             .asks = book_side_begin(&w.book.asks),
                             .n_bids = 5,
                             .n_asks = 2 };
    windows_view(&w.windows, 0, &view);
    assert_int_equal(view.n_bids, 3);
    assert_int_equal(view.bids[0].px, 8);
    assert_int_equal(view.n_asks, 2);
    assert_ptr_equal(view.asks, book_side_begin(&w.book.asks));
    destroy(&w);
}

/* -- at random ------------------------------------------------------------------------- */

/* Near the edge of the window more often than far from it; the book thins out and fills up. */
static struct arb_level draw_level(struct chance *chance, bool is_bid, uint32_t fill)
{
    const int64_t away = 1 + (int64_t)chance_below(chance, PRICES);
    const bool is_set = chance_below(chance, 100) < fill;

    return (struct arb_level){ .px = is_bid ? MID - away : MID + away,
                               .qty = is_set ? 1 + (int64_t)chance_below(chance, 3) : 0 };
}

static struct batch draw_batch(struct chance *chance, uint32_t fill)
{
    struct batch batch = { .n_bids = chance_below(chance, BATCH_MAX + 1),
                           .n_asks = chance_below(chance, BATCH_MAX + 1) };

    for (uint32_t i = 0; i < BATCH_MAX; i++) {
        batch.bids[i] = draw_level(chance, true, fill);
        batch.asks[i] = draw_level(chance, false, fill);
    }
    return batch;
}

/* Another session's book takes over by the difference of the two. */
static bool take_over(struct world *w, struct chance *chance, uint32_t fill)
{
    struct arb_level changes[2][2 * PRICES];
    struct book other;
    struct event event = { .kind = EVENT_DELTA, .bids = changes[0], .asks = changes[1] };

    assert_int_equal(book_init(&other, 0), ARB_OK);
    copy_side(&other.bids, &w->book.bids);
    copy_side(&other.asks, &w->book.asks);
    for (uint32_t i = 0; i < 3; i++) {
        const struct batch batch = draw_batch(chance, fill);
        set_all(&other.bids, batch.bids, batch.n_bids);
        set_all(&other.asks, batch.asks, batch.n_asks);
    }
    event.n_bids = book_side_diff(&w->book.bids, &other.bids, changes[0]);
    event.n_asks = book_side_diff(&w->book.asks, &other.asks, changes[1]);
    copy_side(&w->book.bids, &other.bids);
    copy_side(&w->book.asks, &other.asks);
    book_fini(&other);
    return pass(w, &event);
}

static bool step(struct world *w, struct chance *chance, uint32_t fill)
{
    const uint32_t what = chance_below(chance, 40);
    const struct batch batch = draw_batch(chance, fill);

    if (what == 0) {
        return pass_snapshot(w);
    }
    return what == 1 ? take_over(w, chance, fill) : pass_delta(w, &batch);
}

/* Every step is told exactly when the window changed, and the copy is the window after it. */
static void run(uint32_t depth, uint64_t seed)
{
    struct chance chance = { seed };
    struct world w;
    struct book before;
    uint32_t n_told = 0, n_hidden = 0;

    create(&w, depth);
    assert_int_equal(book_init(&before, 0), ARB_OK);
    assert_true(pass_snapshot(&w));
    for (uint32_t i = 0; i < STEPS; i++) {
        copy_side(&before.bids, &w.copy.bids);
        copy_side(&before.asks, &w.copy.asks);
        const bool is_told = step(&w, &chance, i / 500 % 2 == 0 ? 60 : 15);
        expect_window(&w, depth);
        if (!is_told) {
            assert_true(is_same(&before.bids, &w.copy.bids));
            assert_true(is_same(&before.asks, &w.copy.asks));
        }
        n_told += is_told;
        n_hidden += !is_told;
    }
    assert_true(n_told > STEPS / 4);
    assert_true(depth == 0 || depth > PRICES / 2 || n_hidden > 0);
    book_fini(&before);
    destroy(&w);
}

static void copies_are_the_window_at_every_step(void **state)
{
    static const uint32_t depths[] = { 1, 2, 3, 5, 10, 11, 20, 40, PRICES, 0 };

    (void)state;
    for (uint32_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            print_message("depth %u seed %u\n", depths[i], (unsigned)seed);
            run(depths[i], seed);
        }
    }
}

/* -- what is too large for a message --------------------------------------------------- */

static void fill_large(struct book *book, uint32_t n)
{
    struct arb_level *const levels = malloc(n * sizeof(*levels));

    assert_non_null(levels);
    for (uint32_t side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < n; i++) {
            levels[i] = (struct arb_level){ .px = side == 0 ? 6000000 - i : 6000001 + (int64_t)i,
                                            .qty = 123456789 + i };
        }
        assert_int_equal(book_side_replace(side == 0 ? &book->bids : &book->asks, levels, n),
                         ARB_OK);
    }
    free(levels);
}

static size_t message_len(const struct event *event)
{
    char *const text = malloc(wire_event_bound(event));

    assert_non_null(text);
    const size_t len = wire_write_event(event, 1, text);
    free(text);
    return len;
}

static void a_snapshot_is_cut_to_a_message(void **state)
{
    struct world w;
    struct event event = { .kind = EVENT_SNAPSHOT, .px_digits = 2, .qty_digits = 8 };
    struct stderr_capture log;

    (void)state;
    create(&w, 0);
    fill_large(&w.book, LARGE);
    stderr_capture_begin(&log);
    assert_true(pass(&w, &event));
    const uint32_t depth = event.n_bids;
    assert_int_equal(event.n_asks, depth);
    assert_in_range(message_len(&event), WIRE_MESSAGE_MAX * 9 / 10, WIRE_MESSAGE_MAX * 31 / 32);
    expect_window(&w, depth);
    assert_true(set_bid(&w, 6000000, 0)); /* rightly maintained too */
    expect_window(&w, depth);
    assert_false(set_bid(&w, 6000000 - LARGE, 1));
    assert_true(pass_snapshot(&w));
    const char *const text = stderr_capture_end(&log);
    const char *const line = strstr(text, "the book of BTC/USD has 50000 bids and 50000 asks");
    assert_non_null(line);
    assert_null(strstr(line + 1, "the book of BTC/USD")); /* said once */
    destroy(&w);
}

/* It grows by deltas, which are small: the next snapshot shows that it has to be cut. */
static void one_that_outgrows_a_message_is_cut_for_everybody(void **state)
{
    struct world w;
    struct event event = { .kind = EVENT_SNAPSHOT, .px_digits = 2, .qty_digits = 8 };

    (void)state;
    create(&w, 0);
    fill_large(&w.book, 10);
    assert_true(pass_snapshot(&w));
    assert_true(windows_show(&w.windows, 0, &w.book, &event));
    fill_large(&w.book, LARGE);
    assert_false(windows_show(&w.windows, 0, &w.book, &event));
    assert_true(pass(&w, &event));
    assert_in_range(event.n_bids, 10000, LARGE - 1);
    assert_true(windows_show(&w.windows, 0, &w.book, &event));
    const uint32_t depth = event.n_bids;
    fill_large(&w.book, depth + 1);
    assert_true(windows_show(&w.windows, 0, &w.book, &event));
    assert_int_equal(event.n_bids, depth); /* as the others have it */
    assert_true(pass_snapshot(&w));
    expect_window(&w, depth + 1); /* all get it, so it may be larger again */
    destroy(&w);
}

/* So many levels are set at once. */
static struct event set_many(struct world *w, struct book *changes, uint32_t n_bids,
                             uint32_t n_asks)
{
    struct event event = { .kind = EVENT_DELTA, .n_bids = n_bids, .n_asks = n_asks };

    fill_large(changes, n_bids + n_asks);
    event.bids = book_side_begin(&changes->bids) + n_asks; /* the best of them */
    event.asks = book_side_begin(&changes->asks) + n_bids;
    set_all(&w->book.bids, event.bids, n_bids);
    set_all(&w->book.asks, event.asks, n_asks);
    assert_true(pass(w, &event));
    return event;
}

static void a_delta_that_is_too_large_is_a_snapshot(void **state)
{
    static const struct {
        uint32_t depth, n_before, n_bids, n_asks;
        enum event_kind kind;
    } cases[] = {
        { 0, 0, 9000, 9000, EVENT_DELTA },
        { 0, 0, 10000, 10000, EVENT_SNAPSHOT }, /* for a message */
        { 20000, 30000, WINDOW_CHANGES_MAX, WINDOW_CHANGES_MAX, EVENT_DELTA },
        /* For the room there is. */
        { 20000, 30000, WINDOW_CHANGES_MAX + 1, 0, EVENT_SNAPSHOT },
        { 20000, 30000, 0, WINDOW_CHANGES_MAX + 1, EVENT_SNAPSHOT },
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct world w;
        struct book changes;
        create(&w, cases[i].depth);
        fill_large(&w.book, cases[i].n_before);
        assert_true(pass_snapshot(&w));
        assert_int_equal(book_init(&changes, 0), ARB_OK);
        const struct event event = set_many(&w, &changes, cases[i].n_bids, cases[i].n_asks);
        assert_int_equal(event.kind, cases[i].kind);
        assert_true(message_len(&event) <= WIRE_MESSAGE_MAX);
        expect_window(&w, w.windows.windows[0].depth);
        book_fini(&changes);
        destroy(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_inside_is_told_as_it_is),
        cmocka_unit_test(a_change_below_is_not_told),
        cmocka_unit_test(what_is_removed_lets_the_next_one_in),
        cmocka_unit_test(what_comes_in_pushes_the_last_one_out),
        cmocka_unit_test(one_that_goes_and_one_that_comes_below_trade_places),
        cmocka_unit_test(a_book_grows_over_the_window_and_back),
        cmocka_unit_test(one_below_a_full_window_is_not_told),
        cmocka_unit_test(a_proof_that_changes_below_is_told_without_levels),
        cmocka_unit_test(a_status_passes),
        cmocka_unit_test(who_looks_or_fell_behind_sees_the_window),
        cmocka_unit_test(copies_are_the_window_at_every_step),
        cmocka_unit_test(a_snapshot_is_cut_to_a_message),
        cmocka_unit_test(one_that_outgrows_a_message_is_cut_for_everybody),
        cmocka_unit_test(a_delta_that_is_too_large_is_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
