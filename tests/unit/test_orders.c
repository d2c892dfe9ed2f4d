#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arbspot/orders.h"
#include "chance.h"

enum { IDS = 3000, PRICES = 40, STEPS = 200000 };

/* A second, slow account: every order by its id. */
struct account {
    struct arb_order orders[IDS + 1];
    uint32_t n;
};

static struct arb_order draw_order(struct chance *chance, uint64_t id)
{
    return (struct arb_order){ .id = id,
                               .px = 1 + (int64_t)chance_below(chance, PRICES),
                               .qty = (int64_t)chance_below(chance, 5),
                               .is_bid = chance_below(chance, 2) == 0,
                               .is_hidden = chance_below(chance, 8) == 0 };
}

static int64_t sum_at(const struct account *account, bool is_bid, int64_t px)
{
    int64_t sum = 0;
    for (uint32_t id = 1; id <= IDS; id++) {
        const struct arb_order *const order = &account->orders[id];
        sum += order->id != 0 && !order->is_hidden && order->is_bid == is_bid && order->px == px
                   ? order->qty
                   : 0;
    }
    return sum;
}

static void assert_side(const struct arb_orders *orders, const struct account *account, bool is_bid)
{
    const struct arb_orders_side *const side = arb_orders_side_of(orders, is_bid);
    uint32_t n = 0;

    for (int64_t i = 0; i < PRICES; i++) {
        const int64_t px = is_bid ? 1 + i : PRICES - i; /* worst first */
        const int64_t want = sum_at(account, is_bid, px);
        assert_int_equal(arb_orders_qty_at(orders, is_bid, px), want);
        if (want != 0) {
            assert_true(n < side->n);
            assert_int_equal(side->levels[n].px, px);
            assert_int_equal(side->levels[n++].qty, want);
        }
    }
    assert_int_equal(side->n, n);
}

static void step(struct arb_orders *orders, struct account *account, struct chance *chance)
{
    const uint64_t id = 1 + chance_below(chance, IDS);
    const bool is_known = account->orders[id].id != 0;

    if (chance_below(chance, 2) == 0) {
        account->orders[id] = draw_order(chance, id);
        account->n += !is_known;
        assert_int_equal(arb_orders_put(orders, &account->orders[id]), ARB_OK);
    } else {
        assert_int_equal(arb_orders_remove(orders, id), is_known);
        account->n -= is_known;
        account->orders[id].id = 0;
    }
    assert_int_equal(orders->n, account->n);
}

static void orders_and_levels_are_those_put_and_not_removed(void **state)
{
    static struct account account;
    struct arb_orders orders = { 0 };
    struct chance chance = { .state = 11 };
    (void)state;

    for (int i = 0; i < STEPS; i++) {
        step(&orders, &account, &chance);
        if (i % 1000 == 0) {
            assert_side(&orders, &account, true);
            assert_side(&orders, &account, false);
        }
    }
    for (uint64_t id = 1; id <= IDS; id++) {
        const struct arb_order *const order = arb_orders_find(&orders, id);
        assert_int_equal(order != NULL, account.orders[id].id != 0);
        assert_int_equal(order == NULL ? 0 : order->px, order == NULL ? 0 : account.orders[id].px);
    }
    arb_orders_fini(&orders);
}

static void put_fails_beyond_the_most_orders_and_not_before(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    for (uint64_t id = 1; id <= ARB_ORDERS_MAX; id++) {
        const struct arb_order order = { .id = id, .px = 1, .qty = 1 };
        assert_int_equal(arb_orders_put(&orders, &order), ARB_OK);
    }
    const struct arb_order known = { .id = ARB_ORDERS_MAX, .px = 1, .qty = 7 };
    const struct arb_order other = { .id = ARB_ORDERS_MAX + 1, .px = 1, .qty = 7 };
    assert_int_equal(arb_orders_put(&orders, &known), ARB_OK);
    assert_int_equal(arb_orders_put(&orders, &other), ARB_ELIMIT);
    assert_int_equal(arb_orders_qty_at(&orders, false, 1), ARB_ORDERS_MAX + 6);
    arb_orders_fini(&orders);
}

static void put_fails_beyond_the_most_levels_and_keeps_the_order_as_it_was(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    for (uint64_t id = 1; id <= ARB_EVENT_LEVELS_MAX; id++) {
        const struct arb_order order = { .id = id, .px = (int64_t)id, .qty = 1, .is_bid = true };
        assert_int_equal(arb_orders_put(&orders, &order), ARB_OK);
    }
    const struct arb_order other = {
        .id = ARB_EVENT_LEVELS_MAX + 1, .px = ARB_EVENT_LEVELS_MAX + 1, .qty = 1, .is_bid = true
    };
    assert_int_equal(arb_orders_put(&orders, &other), ARB_ELIMIT);
    assert_int_equal(orders.bids.n, ARB_EVENT_LEVELS_MAX);
    assert_int_equal(arb_orders_best(&orders, true)->px, ARB_EVENT_LEVELS_MAX);
    assert_null(arb_orders_find(&orders, other.id));
    arb_orders_fini(&orders);
}

static void put_whose_sum_does_not_fit_changes_nothing(void **state)
{
    const struct arb_order most = { .id = 1, .px = 5, .qty = INT64_MAX };
    const struct arb_order second = { .id = 2, .px = 6, .qty = 3 };
    const struct arb_order moved = { .id = 2, .px = 5, .qty = 1 };
    struct arb_orders orders = { 0 };
    (void)state;

    assert_int_equal(arb_orders_put(&orders, &most), ARB_OK);
    assert_int_equal(arb_orders_put(&orders, &second), ARB_OK);
    assert_int_equal(arb_orders_put(&orders, &moved), ARB_ERANGE);
    assert_int_equal(arb_orders_qty_at(&orders, false, 5), INT64_MAX);
    assert_int_equal(arb_orders_qty_at(&orders, false, 6), 3);
    assert_int_equal(arb_orders_find(&orders, 2)->px, 6);
    arb_orders_fini(&orders);
}

static void price_crosses_from_the_best_of_the_other_side_on(void **state)
{
    const struct arb_order bid = { .id = 1, .px = 10, .qty = 1, .is_bid = true };
    const struct arb_order ask = { .id = 2, .px = 12, .qty = 1 };
    const struct arb_order hidden = { .id = 3, .px = 11, .qty = 1, .is_hidden = true };
    struct arb_orders orders = { 0 };
    (void)state;

    assert_false(arb_orders_crosses(&orders, true, 12));
    assert_int_equal(arb_orders_put(&orders, &bid), ARB_OK);
    assert_int_equal(arb_orders_put(&orders, &ask), ARB_OK);
    assert_int_equal(arb_orders_put(&orders, &hidden), ARB_OK);
    assert_false(arb_orders_crosses(&orders, true, 11));
    assert_true(arb_orders_crosses(&orders, true, 12));
    assert_false(arb_orders_crosses(&orders, false, 11));
    assert_true(arb_orders_crosses(&orders, false, 10));
    arb_orders_fini(&orders);
}

static void cleared_orders_are_none(void **state)
{
    const struct arb_order order = { .id = 5, .px = 1, .qty = 1 };
    struct arb_orders orders = { 0 };
    (void)state;

    assert_null(arb_orders_find(&orders, 5));
    assert_false(arb_orders_remove(&orders, 5));
    assert_int_equal(arb_orders_put(&orders, &order), ARB_OK);
    arb_orders_clear(&orders);
    assert_null(arb_orders_find(&orders, 5));
    assert_null(arb_orders_best(&orders, false));
    assert_int_equal(orders.n, 0);
    arb_orders_fini(&orders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_and_levels_are_those_put_and_not_removed),
        cmocka_unit_test(put_fails_beyond_the_most_orders_and_not_before),
        cmocka_unit_test(put_fails_beyond_the_most_levels_and_keeps_the_order_as_it_was),
        cmocka_unit_test(put_whose_sum_does_not_fit_changes_nothing),
        cmocka_unit_test(price_crosses_from_the_best_of_the_other_side_on),
        cmocka_unit_test(cleared_orders_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
