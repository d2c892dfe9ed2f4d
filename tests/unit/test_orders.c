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

/* -- orders being matched ----------------------------------------------------------------- */

static void put(struct arb_orders *orders, struct arb_order order)
{
    assert_int_equal(arb_orders_put(orders, &order), ARB_OK);
}

static const struct arb_order taker = {
    .id = 9, .px = 12, .qty = 5, .is_bid = true, .is_told = true
};

static void parked_order_is_in_no_level_until_nothing_crosses(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2 });
    assert_int_equal(arb_orders_park(&orders, taker, 100), ARB_OK);
    assert_int_equal(arb_orders_settle(&orders, 99), ARB_OK);
    assert_null(arb_orders_best(&orders, true));
    assert_true(arb_orders_remove(&orders, 1));
    assert_int_equal(arb_orders_settle(&orders, 99), ARB_OK);
    assert_int_equal(arb_orders_qty_at(&orders, true, 12), 5);
    arb_orders_fini(&orders);
}

static void parked_order_rests_when_its_time_is_over(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2, .is_told = true });
    assert_int_equal(arb_orders_park(&orders, taker, 100), ARB_OK);
    assert_int_equal(arb_orders_settle(&orders, 100), ARB_OK);
    assert_int_equal(arb_orders_qty_at(&orders, true, 12), 5);
    assert_int_equal(arb_orders_uncross(&orders), 0); /* both were told of */
    arb_orders_fini(&orders);
}

static void order_that_crosses_nothing_is_not_parked(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 13, .qty = 2 });
    assert_int_equal(arb_orders_park(&orders, taker, 100), ARB_OK);
    assert_int_equal(orders.n_parked, 0);
    assert_int_equal(arb_orders_qty_at(&orders, true, 12), 5);
    arb_orders_fini(&orders);
}

static void no_more_orders_are_parked_than_there_is_room_for(void **state)
{
    struct arb_orders orders = { 0 };
    struct arb_order order = taker;
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2 });
    for (order.id = 100; order.id <= 100 + ARB_ORDERS_PARKED_MAX; order.id++) {
        assert_int_equal(arb_orders_park(&orders, order, 100), ARB_OK);
    }
    assert_int_equal(orders.n_parked, ARB_ORDERS_PARKED_MAX);
    assert_int_equal(arb_orders_qty_at(&orders, true, 12), 5); /* one too many: it crosses */
    arb_orders_fini(&orders);
}

/* -- orders that are gone ----------------------------------------------------------------- */

static void order_of_a_snapshot_goes_when_one_that_was_told_of_crosses(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2 });
    put(&orders, (struct arb_order){ .id = 2, .px = 12, .qty = 2 });
    put(&orders, (struct arb_order){ .id = 3, .px = 13, .qty = 2 });
    put(&orders, taker);
    assert_int_equal(arb_orders_uncross(&orders), 2);
    assert_null(arb_orders_find(&orders, 1));
    assert_null(arb_orders_find(&orders, 2));
    assert_int_equal(arb_orders_best(&orders, false)->px, 13);
    assert_int_equal(arb_orders_best(&orders, true)->px, 12);
    arb_orders_fini(&orders);
}

static void of_a_crossed_snapshot_the_side_with_fewer_orders_goes(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 5, .px = 10, .qty = 2 });
    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2, .is_bid = true });
    put(&orders, (struct arb_order){ .id = 2, .px = 12, .qty = 2, .is_bid = true });
    assert_int_equal(arb_orders_uncross(&orders), 1);
    assert_null(arb_orders_find(&orders, 5));
    arb_orders_fini(&orders);
}

static void of_two_orders_that_cross_the_older_goes(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 5, .px = 10, .qty = 2 });
    put(&orders, (struct arb_order){ .id = 1, .px = 11, .qty = 2, .is_bid = true });
    assert_int_equal(arb_orders_uncross(&orders), 1);
    assert_null(arb_orders_find(&orders, 1));
    arb_orders_fini(&orders);
}

/* -- to and from the plugin --------------------------------------------------------------- */

static const struct arb_instrument info = { .symbol = "BTC/USD", .px_scale = 2, .qty_scale = 3 };

static int read_text(struct arb_orders *orders, const char *text, bool is_bid)
{
    struct arb_json json = arb_json_over((struct arb_bytes){ text, strlen(text) });
    (void)arb_orders_read(&json, orders, &info, is_bid);
    return json.rc;
}

static void read_orders_are_summed_and_those_without_a_price_are_known(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    assert_int_equal(
        read_text(&orders, "[[\"1.5\",\"2\",\"7\"],[1.50,0.25,8,0],[\"0\",\"1\",\"9\"]]", true),
        ARB_OK);
    assert_int_equal(orders.n, 3);
    assert_int_equal(orders.bids.n, 1);
    assert_int_equal(arb_orders_qty_at(&orders, true, 150), 2250);
    assert_int_equal(orders.px_digits, 2);
    assert_int_equal(orders.qty_digits, 2);
    arb_orders_fini(&orders);
}

static void order_without_an_id_or_beyond_the_scale_is_refused(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    assert_int_equal(read_text(&orders, "[[\"1.5\",\"2\"]]", true), ARB_EPROTO);
    assert_int_equal(read_text(&orders, "[[\"1.5\",\"2\",\"0\"]]", true), ARB_EPROTO);
    assert_int_equal(read_text(&orders, "[[\"1.555\",\"2\",\"7\"]]", true), ARB_ERANGE);
    assert_int_equal(read_text(&orders, "[[\"1e18\",\"2\",\"7\"]]", true), ARB_ERANGE);
    assert_int_equal(read_text(&orders, "[[\"1e18\",\"2\",\"7\"]]", false), ARB_OK);
    assert_int_equal(orders.asks.n, 0);
    arb_orders_fini(&orders);
}

static char told[256];

static int tell(struct arb_host *host, const struct arb_book_event *event)
{
    struct arb_text text = arb_text_over(told, sizeof(told));
    (void)host;

    for (uint32_t i = 0; i < event->n_bids; i++) {
        arb_text_add(&text, "bid %d %d ", (int)event->bids[i].px, (int)event->bids[i].qty);
    }
    for (uint32_t i = 0; i < event->n_asks; i++) {
        arb_text_add(&text, "ask %d %d ", (int)event->asks[i].px, (int)event->asks[i].qty);
    }
    return ARB_OK;
}

static const char *publish(struct arb_orders *orders, enum arb_book_kind kind)
{
    static const struct arb_exchange_calls calls = { .base = { .size = sizeof(calls) },
                                                     .book = tell };
    struct arb_host host = { .calls = &calls.base };
    struct arb_book_event event = { .size = sizeof(event), .kind = (uint32_t)kind };

    assert_int_equal(arb_orders_publish(&host, &event, orders), ARB_OK);
    return told;
}

static void published_is_the_whole_and_then_what_changed(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    put(&orders, (struct arb_order){ .id = 1, .px = 10, .qty = 2, .is_bid = true });
    put(&orders, (struct arb_order){ .id = 2, .px = 10, .qty = 3, .is_bid = true });
    put(&orders, (struct arb_order){ .id = 3, .px = 12, .qty = 4 });
    assert_string_equal(publish(&orders, ARB_BOOK_SNAPSHOT), "bid 10 5 ask 12 4 ");
    assert_string_equal(publish(&orders, ARB_BOOK_DELTA), "");
    put(&orders, (struct arb_order){ .id = 2, .px = 9, .qty = 3, .is_bid = true });
    put(&orders, (struct arb_order){ .id = 4, .px = 13, .qty = 4 });
    assert_true(arb_orders_remove(&orders, 4)); /* there and gone: nothing changed */
    assert_true(arb_orders_remove(&orders, 3));
    assert_string_equal(publish(&orders, ARB_BOOK_DELTA), "bid 10 2 bid 9 3 ask 12 0 ");
    arb_orders_fini(&orders);
}

static void held_events_are_kept_in_order_up_to_their_limit(void **state)
{
    struct arb_orders orders = { 0 };
    (void)state;

    for (uint64_t time = 0; time < ARB_ORDERS_HELD_MAX; time++) {
        const struct arb_order_event event = { .time = time };
        assert_int_equal(arb_orders_hold(&orders, &event), ARB_OK);
    }
    const struct arb_order_event event = { .time = 1 };
    assert_int_equal(arb_orders_hold(&orders, &event), ARB_ELIMIT);
    arb_orders_clear(&orders);
    assert_int_equal(orders.n_held, ARB_ORDERS_HELD_MAX);
    assert_int_equal(orders.held[ARB_ORDERS_HELD_MAX - 1].time, ARB_ORDERS_HELD_MAX - 1);
    arb_orders_fini(&orders);
}

static void links_differ_and_no_text_is_none(void **state)
{
    (void)state;
    assert_int_equal(arb_orders_link((struct arb_bytes){ NULL, 0 }), 0);
    assert_int_equal(arb_orders_link((struct arb_bytes){ "a", 1 }), UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(arb_orders_link((struct arb_bytes){ "ab", 2 }) !=
                arb_orders_link((struct arb_bytes){ "ba", 2 }));
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
        cmocka_unit_test(parked_order_is_in_no_level_until_nothing_crosses),
        cmocka_unit_test(parked_order_rests_when_its_time_is_over),
        cmocka_unit_test(order_that_crosses_nothing_is_not_parked),
        cmocka_unit_test(no_more_orders_are_parked_than_there_is_room_for),
        cmocka_unit_test(order_of_a_snapshot_goes_when_one_that_was_told_of_crosses),
        cmocka_unit_test(of_a_crossed_snapshot_the_side_with_fewer_orders_goes),
        cmocka_unit_test(of_two_orders_that_cross_the_older_goes),
        cmocka_unit_test(read_orders_are_summed_and_those_without_a_price_are_known),
        cmocka_unit_test(order_without_an_id_or_beyond_the_scale_is_refused),
        cmocka_unit_test(published_is_the_whole_and_then_what_changed),
        cmocka_unit_test(held_events_are_kept_in_order_up_to_their_limit),
        cmocka_unit_test(links_differ_and_no_text_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
