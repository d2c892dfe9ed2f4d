/* The order book against a naive model: a sorted list that shifts everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "book/book.h"
#include "chance.h"

enum {
    RUNS = 400,      /* of each property, each with its own range of prices */
    STEPS = 500,     /* changes in one run */
    MODEL_MAX = 256, /* more than any range of prices used */
    DEEP = 1000,
    DRIFTS = 20000,
};

/* -- the model ------------------------------------------------------------------------ */

/* Sorted worst first, like a side. */
struct model {
    struct arb_level levels[MODEL_MAX];
    uint32_t n;
    bool ascending;
};

static bool is_worse(const struct model *model, int64_t a, int64_t b)
{
    return model->ascending ? a < b : a > b;
}

static uint32_t model_rank(const struct model *model, int64_t px)
{
    uint32_t rank = 0;
    while (rank < model->n && is_worse(model, model->levels[rank].px, px)) {
        rank++;
    }
    return rank;
}

static void model_set(struct model *model, const struct arb_level *level)
{
    const uint32_t rank = model_rank(model, level->px);
    struct arb_level *const at = &model->levels[rank];
    const bool known = rank < model->n && at->px == level->px;

    if (known) {
        memmove(at, at + 1, (model->n - rank - 1) * sizeof(*at));
        model->n--;
    }
    if (level->qty != 0) {
        assert_true(model->n < MODEL_MAX);
        memmove(at + 1, at, (model->n - rank) * sizeof(*at));
        *at = *level;
        model->n++;
    }
}

static bool model_has(const struct model *model, int64_t px)
{
    const uint32_t rank = model_rank(model, px);
    return rank < model->n && model->levels[rank].px == px;
}

static void model_cut(struct model *model, uint32_t depth)
{
    if (depth > 0 && model->n > depth) {
        memmove(model->levels, model->levels + (model->n - depth), depth * sizeof(*model->levels));
        model->n = depth;
    }
}

static void expect_side(const struct book_side *side, const struct model *model)
{
    assert_int_equal(side->n, model->n);
    assert_true(side->first + side->n <= side->cap);
    assert_true(model->n == 0 || memcmp(book_side_begin(side), model->levels,
                                        model->n * sizeof(*model->levels)) == 0);
}

/* -- random changes ------------------------------------------------------------------- */

/* One side of a book and its model. */
struct pair {
    struct book book;
    struct book_side *side;
    struct model model;
    uint32_t n_prices;
};

static void pair_init(struct pair *pair, struct chance *chance)
{
    const bool is_bid = chance_below(chance, 2) == 0;

    assert_int_equal(book_init(&pair->book, chance_below(chance, 6)), ARB_OK);
    pair->side = is_bid ? &pair->book.bids : &pair->book.asks;
    pair->model = (struct model){ .ascending = is_bid };
    pair->n_prices = 1 + chance_below(chance, MODEL_MAX - 1);
}

static struct arb_level random_level(struct pair *pair, struct chance *chance)
{
    return (struct arb_level){ .px = 1 + chance_below(chance, pair->n_prices),
                               .qty = chance_below(chance, 3) };
}

static void change_level(struct pair *pair, struct chance *chance)
{
    const struct arb_level level = random_level(pair, chance);
    const bool is_unknown_delete = level.qty == 0 && !model_has(&pair->model, level.px);

    assert_int_equal(book_side_set(pair->side, &level), is_unknown_delete ? 1 : ARB_OK);
    model_set(&pair->model, &level);
}

static void cut(struct pair *pair, struct chance *chance)
{
    const uint32_t depth = chance_below(chance, pair->n_prices);
    const uint32_t before = pair->model.n;

    model_cut(&pair->model, depth);
    assert_int_equal(book_side_cut(pair->side, depth), before - pair->model.n);
}

static void replace(struct pair *pair, struct chance *chance)
{
    struct arb_level levels[MODEL_MAX];
    const uint32_t n = chance_below(chance, pair->n_prices + 1);

    pair->model.n = 0;
    for (uint32_t i = 0; i < n; i++) {
        levels[i] = random_level(pair, chance);
        model_set(&pair->model, &levels[i]);
    }
    assert_int_equal(book_side_replace(pair->side, levels, n), ARB_OK);
}

static void random_step(struct pair *pair, struct chance *chance)
{
    switch (chance_below(chance, 40)) {
    case 0:
        replace(pair, chance);
        break;
    case 1:
    case 2:
        cut(pair, chance);
        break;
    default:
        change_level(pair, chance);
    }
    expect_side(pair->side, &pair->model);
}

static void random_changes_leave_what_the_model_has(void **state)
{
    struct chance chance = chance_init(__func__, 21);

    (void)state;
    for (int run = 0; run < RUNS; run++) {
        struct pair pair;
        pair_init(&pair, &chance);
        for (int i = 0; i < STEPS; i++) {
            random_step(&pair, &chance);
        }
        book_fini(&pair.book);
    }
}

static void difference_turns_one_side_into_the_other(void **state)
{
    struct chance chance = chance_init(__func__, 22);
    struct arb_level changes[2 * MODEL_MAX];

    (void)state;
    for (int run = 0; run < 10 * RUNS; run++) {
        struct pair from, to;
        pair_init(&from, &chance);
        pair_init(&to, &chance);
        to.n_prices = from.n_prices;
        to.model.ascending = from.model.ascending;
        to.side = from.model.ascending ? &to.book.bids : &to.book.asks;
        replace(&from, &chance);
        replace(&to, &chance);
        const uint32_t n = book_side_diff(from.side, to.side, changes);
        assert_true(n <= from.model.n + to.model.n);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(i == 0 || is_worse(&to.model, changes[i - 1].px, changes[i].px));
            assert_int_equal(book_side_set(from.side, &changes[i]), ARB_OK);
        }
        expect_side(from.side, &to.model);
        book_fini(&from.book);
        book_fini(&to.book);
    }
}

static void equal_sides_have_no_difference(void **state)
{
    static const struct arb_level levels[] = { { 10, 1 }, { 9, 2 } };
    struct arb_level changes[4];
    struct book a, b;

    (void)state;
    assert_int_equal(book_init(&a, 0) | book_init(&b, 7), ARB_OK);
    assert_int_equal(book_side_diff(&a.bids, &b.bids, changes), 0);
    assert_int_equal(book_side_replace(&a.bids, levels, 2), ARB_OK);
    assert_int_equal(book_side_replace(&b.bids, levels, 2), ARB_OK);
    assert_int_equal(book_side_diff(&a.bids, &b.bids, changes), 0);
    book_fini(&a);
    book_fini(&b);
}

/* -- single rules --------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct book *const book = calloc(1, sizeof(*book));

    *state = book;
    return book == NULL || book_init(book, 0) != ARB_OK;
}

static int tear_down(void **state)
{
    book_fini(*state);
    free(*state);
    return 0;
}

static int set(struct book_side *side, int64_t px, int64_t qty)
{
    return book_side_set(side, &(struct arb_level){ .px = px, .qty = qty });
}

static void best_bid_is_the_highest_and_best_ask_the_lowest(void **state)
{
    struct book *const book = *state;

    assert_null(book_side_best(&book->bids));
    for (int64_t px = 1; px <= 3; px++) {
        assert_int_equal(set(&book->bids, px, 1) | set(&book->asks, 10 * px, 1), ARB_OK);
    }
    assert_int_equal(book_side_best(&book->bids)->px, 3);
    assert_int_equal(book_side_best(&book->asks)->px, 10);
}

static void book_is_crossed_when_bid_reaches_ask(void **state)
{
    struct book *const book = *state;

    assert_false(book_is_crossed(book));
    assert_int_equal(set(&book->bids, 5, 1), ARB_OK);
    assert_false(book_is_crossed(book));
    assert_int_equal(set(&book->asks, 6, 1), ARB_OK);
    assert_false(book_is_crossed(book));
    assert_int_equal(set(&book->asks, 5, 1), ARB_OK);
    assert_true(book_is_crossed(book));
}

static void cut_levels_stay_readable_in_front(void **state)
{
    struct book_side *const bids = &((struct book *)*state)->bids;

    for (int64_t px = 1; px <= 5; px++) {
        assert_int_equal(set(bids, px, 1), ARB_OK);
    }
    assert_int_equal(book_side_cut(bids, 5), 0);
    assert_int_equal(book_side_cut(bids, 0), 0);
    assert_int_equal(book_side_cut(bids, 3), 2);
    assert_int_equal(book_side_begin(bids)[-1].px, 2);
    assert_int_equal(book_side_begin(bids)[-2].px, 1);
}

static void last_of_equal_prices_wins_in_a_snapshot(void **state)
{
    static const struct arb_level levels[] = { { 5, 1 }, { 7, 2 }, { 5, 3 }, { 7, 0 } };
    struct book_side *const bids = &((struct book *)*state)->bids;

    assert_int_equal(book_side_replace(bids, levels, 4), ARB_OK);
    assert_int_equal(bids->n, 1);
    assert_int_equal(book_side_best(bids)->qty, 3);
}

static void clear_empties_both_sides(void **state)
{
    struct book *const book = *state;

    assert_int_equal(set(&book->bids, 5, 1) | set(&book->asks, 6, 1), ARB_OK);
    book_clear(book);
    assert_int_equal(book->bids.n + book->asks.n, 0);
    assert_null(book_side_best(&book->asks));
}

static void side_grows_to_its_limit_and_no_further(void **state)
{
    struct book_side *const bids = &((struct book *)*state)->bids;

    for (int64_t px = 1; px <= ARB_EVENT_LEVELS_MAX; px++) {
        assert_int_equal(set(bids, px, 1), ARB_OK);
    }
    assert_int_equal(set(bids, ARB_EVENT_LEVELS_MAX + 1, 1), ARB_ELIMIT);
    assert_int_equal(set(bids, 7, 2), ARB_OK); /* known levels still change */
    assert_int_equal(set(bids, 7, 0), ARB_OK);
    assert_int_equal(set(bids, ARB_EVENT_LEVELS_MAX + 1, 1), ARB_OK);
    assert_int_equal(bids->n, ARB_EVENT_LEVELS_MAX);
    assert_int_equal(bids->cap, ARB_EVENT_LEVELS_MAX);
}

static void snapshot_of_the_limit_fits_and_a_larger_one_does_not(void **state)
{
    struct book_side *const asks = &((struct book *)*state)->asks;
    struct arb_level *const levels = calloc(ARB_EVENT_LEVELS_MAX + 1, sizeof(*levels));

    assert_non_null(levels);
    for (uint32_t i = 0; i <= ARB_EVENT_LEVELS_MAX; i++) {
        levels[i] = (struct arb_level){ .px = 1 + i, .qty = 1 };
    }
    assert_int_equal(book_side_replace(asks, levels, ARB_EVENT_LEVELS_MAX), ARB_OK);
    assert_int_equal(asks->n, ARB_EVENT_LEVELS_MAX);
    assert_int_equal(book_side_replace(asks, levels, ARB_EVENT_LEVELS_MAX + 1), ARB_ELIMIT);
    assert_int_equal(asks->n, 0);
    free(levels);
}

/* -- room at both ends ---------------------------------------------------------------- */

static void fill_deep(struct book_side *bids)
{
    for (int64_t px = 0; px < DEEP; px++) {
        assert_int_equal(set(bids, DRIFTS + px, 1), ARB_OK);
    }
}

/* How many of the insertions found their end of the array full: each moves all levels. */
static void rising_price_seldom_moves_the_whole_side(void **state)
{
    struct book_side *const bids = &((struct book *)*state)->bids;
    unsigned n_full = 0;

    fill_deep(bids);
    for (int64_t i = 0; i < DRIFTS; i++) {
        n_full += bids->first + bids->n == bids->cap;
        assert_int_equal(set(bids, DRIFTS + DEEP + i, 1), ARB_OK);
        assert_int_equal(book_side_cut(bids, DEEP), 1);
    }
    assert_in_range(n_full, 0, DRIFTS / 100);
}

static void falling_price_seldom_moves_the_whole_side(void **state)
{
    struct book_side *const bids = &((struct book *)*state)->bids;
    unsigned n_full = 0;

    fill_deep(bids);
    for (int64_t i = 0; i < DRIFTS; i++) {
        n_full += bids->first == 0;
        assert_int_equal(set(bids, DRIFTS + DEEP - 1 - i, 0), ARB_OK);
        assert_int_equal(set(bids, DRIFTS - 1 - i, 1), ARB_OK);
    }
    assert_in_range(n_full, 0, DRIFTS / 100);
}

static void drifting_side_does_not_grow(void **state)
{
    struct book_side *const bids = &((struct book *)*state)->bids;

    fill_deep(bids);
    for (int64_t i = 0; i < DRIFTS; i++) {
        assert_int_equal(set(bids, DRIFTS + DEEP + i, 1), ARB_OK);
        assert_int_equal(book_side_cut(bids, DEEP), 1);
    }
    assert_in_range(bids->cap, DEEP, 4 * DEEP);
}

#define BOOK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_leave_what_the_model_has),
        cmocka_unit_test(difference_turns_one_side_into_the_other),
        cmocka_unit_test(equal_sides_have_no_difference),
        BOOK_TEST(best_bid_is_the_highest_and_best_ask_the_lowest),
        BOOK_TEST(book_is_crossed_when_bid_reaches_ask),
        BOOK_TEST(cut_levels_stay_readable_in_front),
        BOOK_TEST(last_of_equal_prices_wins_in_a_snapshot),
        BOOK_TEST(clear_empties_both_sides),
        BOOK_TEST(side_grows_to_its_limit_and_no_further),
        BOOK_TEST(snapshot_of_the_limit_fits_and_a_larger_one_does_not),
        BOOK_TEST(rising_price_seldom_moves_the_whole_side),
        BOOK_TEST(falling_price_seldom_moves_the_whole_side),
        BOOK_TEST(drifting_side_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
