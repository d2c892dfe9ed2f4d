/* Which instruments have a pair of venues that crosses, and what finding that out costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tops.h"

enum { VENUES = 8, INSTRUMENTS = 5, ROUNDS = 200000 };

/* Each book has one level a side, or none. */
struct world {
    struct tops tops;
    struct arb_level bids[INSTRUMENTS][VENUES], asks[INSTRUMENTS][VENUES];
    struct arb_book books[INSTRUMENTS][VENUES];
    struct arb_terms terms[VENUES];
    uint64_t seed;
};

static int64_t below(struct world *w, uint64_t limit)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (int64_t)(w->seed % limit);
}

static struct world *create(int64_t threshold_ppm)
{
    const struct arb_strategy_env env = { .size = sizeof(env),
                                          .instruments_max = INSTRUMENTS,
                                          .n_venues = VENUES };
    struct world *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->seed = 88172645463325252;
    assert_int_equal(tops_init(&w->tops, &env, threshold_ppm), ARB_OK);
    return w;
}

static void destroy(struct world *w)
{
    tops_fini(&w->tops);
    free(w);
}

static void put(struct world *w, uint32_t i, uint32_t venue, int64_t bid, int64_t ask)
{
    w->bids[i][venue] = (struct arb_level){ bid, 1 };
    w->asks[i][venue] = (struct arb_level){ ask, 1 };
    w->books[i][venue] = (struct arb_book){ .state = ARB_BOOK_LIVE,
                                            .trading = ARB_TRADING_OPEN,
                                            .verified = ARB_VERIFIED,
                                            .n_bids = bid > 0,
                                            .n_asks = ask > 0,
                                            .bids = &w->bids[i][venue],
                                            .asks = &w->asks[i][venue] };
}

static bool show(struct world *w, uint32_t i, uint32_t changed)
{
    const struct arb_market market = { .size = sizeof(market),
                                       .instrument = i,
                                       .n_venues = VENUES,
                                       .changed = changed,
                                       .books = w->books[i],
                                       .terms = w->terms };
    return tops_may_cross(&w->tops, &market);
}

static bool does_pair_cross(const struct world *w, uint32_t i, uint32_t buy, uint32_t sell)
{
    const struct arb_book *const asks = &w->books[i][buy], *const bids = &w->books[i][sell];

    return asks->n_asks > 0 && bids->n_bids > 0 && book_is_tradable(asks) &&
           book_is_tradable(bids) &&
           arb_bid_at(bids, 0)->px * (PPM - w->terms[sell].taker_fee_ppm) >
               arb_ask_at(asks, 0)->px *
                   (PPM + w->terms[buy].taker_fee_ppm + w->tops.threshold_ppm);
}

/* Does any venue's bid, after fees, exceed any venue's ask? One of its own counts as well. */
static bool crosses(const struct world *w, uint32_t i)
{
    bool is_any = false;

    for (uint32_t buy = 0; buy < VENUES; buy++) {
        for (uint32_t sell = 0; sell < VENUES; sell++) {
            const bool is_one = does_pair_cross(w, i, buy, sell);
            assert_int_equal(is_one, tops_pair_crosses(&w->tops, i, buy, sell));
            is_any = is_any || is_one;
        }
    }
    return is_any;
}

/* What the first unit earns between two venues; INT64_MIN: one has no price. */
static int64_t earned(const struct world *w, uint32_t i, uint32_t buy, uint32_t sell)
{
    const struct arb_book *const asks = &w->books[i][buy], *const bids = &w->books[i][sell];

    if (asks->n_asks == 0 || bids->n_bids == 0 || !book_is_tradable(asks) ||
        !book_is_tradable(bids)) {
        return INT64_MIN;
    }
    return arb_bid_at(bids, 0)->px * (PPM - w->terms[sell].taker_fee_ppm) -
           arb_ask_at(asks, 0)->px * (PPM + w->terms[buy].taker_fee_ppm + w->tops.threshold_ppm);
}

static void nearest_is_best_of_all(const struct world *w, uint32_t i)
{
    const struct tops_pair nearest = tops_nearest(&w->tops, i);
    int64_t best = INT64_MIN;

    for (uint32_t pair = 0; pair < VENUES * VENUES; pair++) {
        const uint32_t buy = pair / VENUES, sell = pair % VENUES;
        const int64_t one = buy == sell ? INT64_MIN : earned(w, i, buy, sell);
        best = one > best ? one : best;
    }
    if (best == INT64_MIN) {
        return; /* there is no pair: whatever is said has no prices */
    }
    assert_int_not_equal(nearest.buy, nearest.sell);
    assert_int_equal(earned(w, i, nearest.buy, nearest.sell), best);
}

/* Before fees, of books that count. */
static bool do_prices_cross(const struct world *w, uint32_t i)
{
    int64_t bid = INT64_MIN, ask = INT64_MAX;

    for (uint32_t venue = 0; venue < VENUES; venue++) {
        const struct arb_book *const book = &w->books[i][venue];
        if (book_is_tradable(book) && book->n_bids > 0 && arb_bid_at(book, 0)->px > bid) {
            bid = arb_bid_at(book, 0)->px;
        }
        if (book_is_tradable(book) && book->n_asks > 0 && arb_ask_at(book, 0)->px < ask) {
            ask = arb_ask_at(book, 0)->px;
        }
    }
    return bid > ask;
}

static void draw(struct world *w, uint32_t i, uint32_t venue)
{
    const int64_t middle = 100000 + below(w, 400);
    struct arb_book *const book = &w->books[i][venue];

    put(w, i, venue, below(w, 20) == 0 ? 0 : middle - 100, below(w, 20) == 0 ? 0 : middle + 100);
    book->state = below(w, 30) == 0 ? ARB_BOOK_STALE : ARB_BOOK_LIVE;
    book->trading = below(w, 30) == 0 ? ARB_TRADING_HALTED : ARB_TRADING_OPEN;
    book->verified = below(w, 30) == 0 ? ARB_SUSPECT : ARB_VERIFIED;
}

static void answer_is_that_of_all_pairs(int64_t threshold_ppm)
{
    struct world *const w = create(threshold_ppm);
    unsigned n_crossing = 0, n_prices_crossing = 0;

    for (uint32_t venue = 0; venue < VENUES; venue++) {
        w->terms[venue].taker_fee_ppm = below(w, 1000) - 200;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t i = (uint32_t)below(w, INSTRUMENTS);
        const uint32_t changed = (uint32_t)below(w, (1U << VENUES) - 1) + 1;
        for (uint32_t venue = 0; venue < VENUES; venue++) {
            if ((changed & 1U << venue) != 0) {
                draw(w, i, venue);
            }
        }
        const bool got = show(w, i, changed);
        assert_int_equal(got, crosses(w, i));
        nearest_is_best_of_all(w, i);
        assert_int_equal(tops_prices_cross(&w->tops, i), do_prices_cross(w, i));
        n_prices_crossing += tops_prices_cross(&w->tops, i);
        n_crossing += got;
    }
    assert_in_range(n_crossing, ROUNDS / 20, ROUNDS - ROUNDS / 20);
    assert_in_range(n_prices_crossing, ROUNDS / 20, ROUNDS - ROUNDS / 20);
    destroy(w);
}

static void pairs_that_cross_are_found(void **state)
{
    (void)state;
    answer_is_that_of_all_pairs(0);
    answer_is_that_of_all_pairs(500);
    answer_is_that_of_all_pairs(-500);
}

/* However many venues there are: all are looked at only when the best one gets worse. */
static void change_of_another_venue_looks_at_no_other(void **state)
{
    struct world *const w = create(0);

    (void)state;
    for (uint32_t venue = 0; venue < VENUES; venue++) {
        put(w, 0, venue, 100 - venue, 110 + venue);
        assert_false(show(w, 0, 1U << venue));
    }
    w->tops.n_scans = 0;
    for (int64_t k = 0; k < 1000; k++) {
        put(w, 0, VENUES - 1, 90 + k % 10, 120 - k % 10);
        assert_false(show(w, 0, 1U << (VENUES - 1)));
        put(w, 0, 0, 100 + k % 2, 110);
        (void)show(w, 0, 1);
    }
    assert_int_equal(w->tops.n_scans, 499); /* the best bid fell from 101 to 100 */
    destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_that_cross_are_found),
        cmocka_unit_test(change_of_another_venue_looks_at_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
