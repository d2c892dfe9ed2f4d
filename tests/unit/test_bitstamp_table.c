#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bitstamp.h"
#include "chance.h"

enum { IDS = 3000, STEPS = 200000 };

static void found_are_those_put_and_not_removed(void **state)
{
    static int64_t want[IDS + 1]; /* quantity by id; 0: not there */
    struct order_table table = { 0 };
    struct chance chance = { .state = 11 };
    uint32_t n = 0;
    (void)state;

    for (int step = 0; step < STEPS; step++) {
        const uint64_t id = 1 + chance_below(&chance, IDS);
        if (chance_below(&chance, 2) == 0) {
            const struct order order = { .id = id, .qty = step + 1 };
            n += want[id] == 0;
            want[id] = order.qty;
            assert_int_equal(order_put(&table, &order), ARB_OK);
        } else if (want[id] != 0) {
            n--;
            want[id] = 0;
            order_remove(&table, order_find(&table, id));
        }
        assert_int_equal(table.n, n);
    }
    for (uint64_t id = 1; id <= IDS; id++) {
        const struct order *const order = order_find(&table, id);
        assert_int_equal(order == NULL ? 0 : order->qty, want[id]);
    }
    order_table_fini(&table);
}

static void table_is_full_at_its_limit_and_not_before(void **state)
{
    struct order_table table = { 0 };
    (void)state;

    for (uint64_t id = 1; id <= ORDERS_MAX; id++) {
        const struct order order = { .id = id };
        assert_int_equal(order_put(&table, &order), ARB_OK);
    }
    const struct order known = { .id = ORDERS_MAX, .qty = 7 }, new = { .id = ORDERS_MAX + 1 };
    assert_int_equal(order_put(&table, &known), ARB_OK);
    assert_int_equal(order_put(&table, &new), ARB_ELIMIT);
    assert_int_equal(order_find(&table, ORDERS_MAX)->qty, 7);
    order_table_fini(&table);
}

static void cleared_table_holds_nothing(void **state)
{
    const struct order order = { .id = 5 };
    struct order_table table = { 0 };
    (void)state;

    assert_null(order_find(&table, 5));
    assert_int_equal(order_put(&table, &order), ARB_OK);
    order_table_clear(&table);
    assert_null(order_find(&table, 5));
    assert_int_equal(table.n, 0);
    order_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_are_those_put_and_not_removed),
        cmocka_unit_test(table_is_full_at_its_limit_and_not_before),
        cmocka_unit_test(cleared_table_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
