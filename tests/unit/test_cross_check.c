/* A book against the frames of a second channel: which levels are to be set right, and when. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "book/cross_check.h"

enum { LEVELS_MAX = 1024, LOG_MAX = 16384, WHOLE = 1000 };

/* A book, what is known of it, and what was to be healed in text: " b100x0 a101x3". */
struct bench {
    struct cross_check check;
    struct book book;
    int64_t now_ns;
    struct arb_text log;
    char buffer[LOG_MAX];
    struct arb_level bids[LEVELS_MAX], asks[LEVELS_MAX];
};

/* "b100x1 a101x2": the levels of each side, in the order they stand in. */
static struct arb_book_event levels_of(struct bench *bench, const char *text)
{
    struct arb_book_event event = { .kind = ARB_BOOK_TOP,
                                    .bids = bench->bids,
                                    .asks = bench->asks };
    char *end = NULL;

    for (const char *at = text; *at != '\0'; at = *end == ' ' ? end + 1 : end) {
        struct arb_level level = { .px = strtoll(at + 1, &end, 10) };
        level.qty = strtoll(end + 1, &end, 10);
        if (*at == 'b') {
            bench->bids[event.n_bids++] = level;
        } else {
            bench->asks[event.n_asks++] = level;
        }
    }
    return event;
}

static struct bench *bench_create(const char *levels)
{
    struct bench *const bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    bench->now_ns = 1000 * NS_PER_S;
    bench->log = arb_text_over(bench->buffer, sizeof(bench->buffer));
    assert_int_equal(book_init(&bench->book, 0), ARB_OK);
    const struct arb_book_event event = levels_of(bench, levels);
    assert_int_equal(book_side_replace(&bench->book.bids, event.bids, event.n_bids), ARB_OK);
    assert_int_equal(book_side_replace(&bench->book.asks, event.asks, event.n_asks), ARB_OK);
    return bench;
}

static void bench_destroy(struct bench *bench)
{
    cross_check_fini(&bench->check);
    book_fini(&bench->book);
    free(bench);
}

static void tell(struct bench *bench, const struct arb_level *heal, uint32_t n_bids,
                 uint32_t n_asks)
{
    for (uint32_t i = 0; i < n_bids + n_asks; i++) {
        arb_text_add(&bench->log, " %c%" PRId64 "x%" PRId64, i < n_bids ? 'b' : 'a', heal[i].px,
                     heal[i].qty);
    }
}

/* A frame of at most `limit` levels, `ms` after what was before. */
static void frame(struct bench *bench, int64_t ms, uint32_t limit, const char *levels)
{
    const struct arb_book_event event = levels_of(bench, levels);
    struct arb_level heal[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n_bids = 0, n_asks = 0;

    bench->now_ns += ms * NS_PER_MS;
    assert_int_equal(cross_check_frame(&bench->check, &bench->book, &event, limit, bench->now_ns,
                                       heal, &n_bids, &n_asks),
                     ARB_OK);
    tell(bench, heal, n_bids, n_asks);
}

static void pass(struct bench *bench, int64_t ms)
{
    struct arb_level heal[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n_bids = 0, n_asks = 0;

    bench->now_ns += ms * NS_PER_MS;
    cross_check_time(&bench->check, &bench->book, bench->now_ns, heal, &n_bids, &n_asks);
    tell(bench, heal, n_bids, n_asks);
}

static void set_bid(struct bench *bench, int64_t px, int64_t qty)
{
    const struct arb_level level = { .px = px, .qty = qty };
    assert_int_equal(book_side_set(&bench->book.bids, &level), ARB_OK);
}

static int64_t due_in_ms(const struct bench *bench)
{
    return (cross_check_due_ns(&bench->check) - bench->now_ns) / NS_PER_MS;
}

static void expect(struct bench *bench, const char *want)
{
    assert_string_equal(bench->buffer, want);
    bench->log = arb_text_over(bench->buffer, sizeof(bench->buffer));
}

/* -- patience --------------------------------------------------------------------------- */

static void frame_like_the_book_has_nothing_to_heal(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x2 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x1 b99x2 a101x1");
    assert_int_equal(cross_check_due_ns(&bench->check), NEVER_NS);
    assert_null(bench->check.list);
    frame(bench, 10000, WHOLE, "b100x1 b99x2 a101x1");
    expect(bench, "");
    bench_destroy(bench);
}

static void each_kind_of_difference_is_healed_by_a_frame_in_time(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x2 b98x3 a101x1 a103x3");

    (void)state;
    frame(bench, 0, WHOLE, "b100x1 b98x4 a101x1 a102x2");
    expect(bench, "");
    frame(bench, 2999, WHOLE, "b100x1 b98x4 a101x1 a102x2");
    expect(bench, "");
    frame(bench, 1, WHOLE, "b100x1 b98x4 a101x1 a102x2");
    expect(bench, " b99x0 b98x4 a102x2 a103x0");
    assert_int_equal(bench->check.n, 0);
    bench_destroy(bench);
}

static void difference_is_healed_without_a_further_frame(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x1 a101x2");
    assert_int_equal(due_in_ms(bench), 3000);
    pass(bench, 2999);
    expect(bench, "");
    assert_int_equal(due_in_ms(bench), 1);
    pass(bench, 1);
    expect(bench, " a101x2");
    assert_int_equal(cross_check_due_ns(&bench->check), NEVER_NS);
    bench_destroy(bench);
}

/* What comes and goes between two deltas is told by none: it does not make a lost one good. */
static void difference_goes_on_when_the_frames_change_and_has_to_last(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x2 a101x1");
    frame(bench, 2500, WHOLE, "b100x3 a101x1");
    frame(bench, 500, WHOLE, "b100x3 a101x1");
    expect(bench, "");
    assert_int_equal(due_in_ms(bench), 500);
    pass(bench, 499);
    expect(bench, "");
    pass(bench, 1);
    expect(bench, " b100x3");
    bench_destroy(bench);
}

static void difference_of_a_level_that_changes_begins_again(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x9 a101x1");
    set_bid(bench, 100, 2);
    frame(bench, 2000, WHOLE, "b100x9 a101x1");
    frame(bench, 2999, WHOLE, "b100x9 a101x1");
    expect(bench, "");
    frame(bench, 1, WHOLE, "b100x9 a101x1");
    expect(bench, " b100x9");
    bench_destroy(bench);
}

static void difference_that_goes_away_is_forgotten(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x2 a101x1");
    frame(bench, 1000, WHOLE, "b100x1 a101x1");
    frame(bench, 1000, WHOLE, "b100x2 a101x1");
    frame(bench, 1000, WHOLE, "b100x2 a101x1");
    expect(bench, "");
    bench_destroy(bench);
}

static void level_that_changed_since_the_last_frame_is_not_healed_by_time(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x2 b99x2 a101x1");
    set_bid(bench, 100, 2);
    pass(bench, 3000);
    expect(bench, " b99x2");
    bench_destroy(bench);
}

static void forgotten_check_begins_again(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x2 a101x1");
    cross_check_forget(&bench->check);
    frame(bench, 3000, WHOLE, "b100x2 a101x1");
    expect(bench, "");
    bench_destroy(bench);
}

/* The book changed by a delta that names one bid. */
static void delta(struct bench *bench, int64_t px, int64_t qty)
{
    const struct arb_level level = { .px = px, .qty = qty };
    const struct arb_book_event event = { .kind = ARB_BOOK_DELTA, .n_bids = 1, .bids = &level };

    set_bid(bench, px, qty);
    cross_check_delta(&bench->check, &event);
}

/* It agreed with the frame for a while; then the venue itself said that it is different. */
static void level_that_a_delta_names_is_above_suspicion(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 a100x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x2 b99x2 a100x2 a101x1");
    delta(bench, 100, 2);
    delta(bench, 100, 1);
    assert_int_equal(bench->check.n, 2);
    frame(bench, 3000, WHOLE, "b100x2 b99x2 a100x2 a101x1");
    expect(bench, " b99x2 a100x2");
    bench_destroy(bench);
}

/* No further frame came, so the latest one is lost or late: only the next one tells. */
static void frame_that_the_book_has_left_heals_nothing_by_time(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x1 b99x2 a101x1");
    delta(bench, 100, 5);
    assert_int_equal(due_in_ms(bench), 3000);
    pass(bench, 3000);
    expect(bench, "");
    assert_int_equal(cross_check_due_ns(&bench->check), NEVER_NS);
    pass(bench, 3000);
    expect(bench, "");
    frame(bench, 0, WHOLE, "b100x5 b99x2 a101x1");
    expect(bench, " b99x2");
    bench_destroy(bench);
}

/* What leaves the frame and comes back is no sign of another state; nor is what it does not show.
 */
static void book_that_is_as_the_frame_shows_it_has_not_left_it(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 b98x1 a101x1");

    (void)state;
    frame(bench, 0, 2, "b100x1 b99x2 a101x1");
    delta(bench, 100, 5);
    delta(bench, 100, 1);
    delta(bench, 98, 5);
    pass(bench, 3000);
    expect(bench, " b99x2");
    bench_destroy(bench);
}

static void next_frame_is_believed_again(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 a101x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x1 b99x2 a101x1");
    delta(bench, 100, 5);
    pass(bench, 3000);
    frame(bench, 0, WHOLE, "b100x5 b99x3 a101x1");
    assert_int_equal(due_in_ms(bench), 1000);
    pass(bench, 1000);
    expect(bench, " b99x3");
    bench_destroy(bench);
}

/* -- what a frame shows ----------------------------------------------------------------- */

static void levels_behind_a_full_frame_are_not_compared(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 b98x1 a101x1");

    (void)state;
    frame(bench, 0, 2, "b100x1 b99x1 a101x1");
    frame(bench, 3000, 2, "b100x1 b99x1 a101x1");
    expect(bench, "");
    frame(bench, 0, 3, "b100x1 b99x1 a101x1");
    frame(bench, 3000, 3, "b100x1 b99x1 a101x1");
    expect(bench, " b98x0");
    bench_destroy(bench);
}

static void empty_side_of_a_frame_shows_that_there_is_none(void **state)
{
    struct bench *const bench = bench_create("b100x1 a101x1");

    (void)state;
    frame(bench, 0, 2, "a101x1");
    frame(bench, 3000, 2, "a101x1");
    expect(bench, " b100x0");
    bench_destroy(bench);
}

static void what_is_known_of_a_level_stays_known_while_it_is_hidden(void **state)
{
    struct bench *const bench = bench_create("b100x1 b99x1 b98x1 a101x1");

    (void)state;
    frame(bench, 0, 2, "b100x1 b98x1 a101x1");
    set_bid(bench, 102, 1);
    frame(bench, 2000, 2, "b102x1 b100x1 a101x1");
    assert_int_equal(cross_check_due_ns(&bench->check), NEVER_NS);
    pass(bench, 1000);
    expect(bench, "");
    set_bid(bench, 102, 0);
    frame(bench, 1000, 2, "b100x1 b98x1 a101x1");
    expect(bench, " b99x0");
    bench_destroy(bench);
}

static void frame_that_is_not_sorted_is_refused(void **state)
{
    static const char *const frames[] = { "b99x1 b100x1 a101x1", "b100x1 b100x1 a101x1",
                                          "b100x1 a102x1 a101x1", "b100x1 a101x1 a101x2" };
    struct bench *const bench = bench_create("b100x1 a101x1");
    struct arb_level heal[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n_bids = 0, n_asks = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
        const struct arb_book_event event = levels_of(bench, frames[i]);
        assert_int_equal(cross_check_frame(&bench->check, &bench->book, &event, WHOLE,
                                           bench->now_ns, heal, &n_bids, &n_asks),
                         ARB_EPROTO);
    }
    assert_int_equal(bench->check.n, 0);
    bench_destroy(bench);
}

/* -- the limit -------------------------------------------------------------------------- */

/* Bids from `best` downwards with quantity 2, where the book has 1. */
static void many_bids(struct bench *bench, int64_t ms, int64_t best, unsigned n, const char *more)
{
    char text[8192];
    struct arb_text levels = arb_text_over(text, sizeof(text));

    for (unsigned i = 0; i < n; i++) {
        arb_text_add(&levels, "b%" PRId64 "x2 ", best - (int64_t)i);
    }
    arb_text_add(&levels, "%s", more);
    assert_true(arb_text_fits(&levels));
    frame(bench, ms, WHOLE, text);
}

static void level_that_differed_before_keeps_its_place_among_many_that_begin_to(void **state)
{
    struct bench *const bench = bench_create("b100x1 a10001x1");

    (void)state;
    frame(bench, 0, WHOLE, "b100x9 a10001x1");
    many_bids(bench, 1000, 9999, CROSS_CHECK_SUSPECTS_MAX, "b100x9 a10001x1");
    assert_int_equal(bench->check.n, CROSS_CHECK_SUSPECTS_MAX);
    frame(bench, 2000, WHOLE, "b100x9 a10001x1");
    expect(bench, " b100x9");
    bench_destroy(bench);
}

static void level_that_begins_to_differ_finds_no_place_among_many(void **state)
{
    struct bench *const bench = bench_create("b100x1 a10001x1");

    (void)state;
    many_bids(bench, 0, 9999, CROSS_CHECK_SUSPECTS_MAX, "b100x9 a10001x1");
    frame(bench, 3000, WHOLE, "b100x9 a10001x1");
    expect(bench, "");
    bench_destroy(bench);
}

static void all_places_are_healed_at_once(void **state)
{
    struct bench *const bench = bench_create("a10001x1");

    (void)state;
    many_bids(bench, 0, 9999, CROSS_CHECK_SUSPECTS_MAX, "a10001x1");
    pass(bench, 3000);
    assert_int_equal(bench->check.n, 0);
    assert_int_equal(bench->log.len, CROSS_CHECK_SUSPECTS_MAX * strlen(" b9999x2"));
    bench_destroy(bench);
}

/* Levels that found no place differed when the frame came: they are no sign of another state. */
static void frame_with_more_than_there_are_places_for_heals_by_time(void **state)
{
    struct bench *const bench = bench_create("a10001x1");

    (void)state;
    many_bids(bench, 0, 9999, CROSS_CHECK_SUSPECTS_MAX, "b100x9 a10001x1");
    pass(bench, 3000);
    assert_int_equal(bench->log.len, CROSS_CHECK_SUSPECTS_MAX * strlen(" b9999x2"));
    many_bids(bench, 0, 9999, CROSS_CHECK_SUSPECTS_MAX, "b100x9 a10001x1");
    delta(bench, 99, 1);
    bench->log = arb_text_over(bench->buffer, sizeof(bench->buffer));
    pass(bench, 3000);
    expect(bench, "");
    bench_destroy(bench);
}

/* Adds levels from `best` on, downwards (bids) or upwards, of every second price. */
static void add_levels(struct arb_text *levels, char side, int64_t best, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const int64_t px = side == 'b' ? best - 2 * (int64_t)i : best + 2 * (int64_t)i;
        arb_text_add(levels, "%s%c%" PRId64 "x1", levels->len == 0 ? "" : " ", side, px);
    }
}

/* While the market moved on, all that told of it was lost: 100 levels a side are there, 100 not. */
static void book_without_one_level_that_is_right_is_healed_at_once(void **state)
{
    enum { EACH = 100 };
    char text[2][8192];
    struct arb_text before = arb_text_over(text[0], sizeof(text[0]));
    struct arb_text after = arb_text_over(text[1], sizeof(text[1]));

    (void)state;
    add_levels(&before, 'b', 5001, EACH);
    add_levels(&before, 'a', 5003, EACH);
    add_levels(&after, 'b', 5000, EACH);
    add_levels(&after, 'a', 5002, EACH);
    assert_true(arb_text_fits(&before) && arb_text_fits(&after));
    struct bench *const bench = bench_create(text[0]);
    frame(bench, 0, WHOLE, text[1]);
    assert_int_equal(bench->check.n, 4 * EACH);
    pass(bench, 3000);
    assert_int_equal(bench->check.n, 0);
    assert_int_equal(bench->log.len, 4 * EACH * strlen(" b5000x1"));
    bench_destroy(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_like_the_book_has_nothing_to_heal),
        cmocka_unit_test(each_kind_of_difference_is_healed_by_a_frame_in_time),
        cmocka_unit_test(difference_is_healed_without_a_further_frame),
        cmocka_unit_test(difference_goes_on_when_the_frames_change_and_has_to_last),
        cmocka_unit_test(difference_of_a_level_that_changes_begins_again),
        cmocka_unit_test(difference_that_goes_away_is_forgotten),
        cmocka_unit_test(level_that_changed_since_the_last_frame_is_not_healed_by_time),
        cmocka_unit_test(forgotten_check_begins_again),
        cmocka_unit_test(level_that_a_delta_names_is_above_suspicion),
        cmocka_unit_test(frame_that_the_book_has_left_heals_nothing_by_time),
        cmocka_unit_test(book_that_is_as_the_frame_shows_it_has_not_left_it),
        cmocka_unit_test(next_frame_is_believed_again),
        cmocka_unit_test(levels_behind_a_full_frame_are_not_compared),
        cmocka_unit_test(empty_side_of_a_frame_shows_that_there_is_none),
        cmocka_unit_test(what_is_known_of_a_level_stays_known_while_it_is_hidden),
        cmocka_unit_test(frame_that_is_not_sorted_is_refused),
        cmocka_unit_test(level_that_differed_before_keeps_its_place_among_many_that_begin_to),
        cmocka_unit_test(level_that_begins_to_differ_finds_no_place_among_many),
        cmocka_unit_test(all_places_are_healed_at_once),
        cmocka_unit_test(frame_with_more_than_there_are_places_for_heals_by_time),
        cmocka_unit_test(book_without_one_level_that_is_right_is_healed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
