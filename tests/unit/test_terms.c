/* What a venue demands, in an instrument's units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "strategy/terms.h"

#define D(units_, scale_)                                                                          \
    {                                                                                              \
        .units = (units_), .scale = (scale_)                                                       \
    }

static const struct arb_instrument info = { .px_scale = 2, .qty_scale = 3 };

struct step_case {
    struct arb_decimal given;
    int64_t tick, lot, min_qty, min_notional; /* all of `given` */
};

static void decimals_become_units(void **state)
{
    static const struct step_case cases[] = {
        { D(0, 0), 0, 0, 0, 0 },
        { D(1, 0), 100, 1000, 1000, 100 },
        { D(5, 2), 5, 50, 50, 5 },
        { D(25, 3), 5, 25, 25, 3 }, /* 2.5 cents: each second multiple is whole */
        { D(1, 4), 1, 1, 1, 1 },    /* finer than a unit: any unit will do */
        { D(15, 4), 3, 3, 2, 1 },   /* 0.0015: twice it is three units of quantity */
        { D(1000001, 4), 1000001, 1000001, 100001, 10001 },
        { D(INT64_MAX, 0), INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
        { D(INT64_MAX / 1000, 0), INT64_MAX / 1000 * 100, INT64_MAX / 1000 * 1000,
          INT64_MAX / 1000 * 1000, INT64_MAX / 1000 * 100 },
        { D(INT64_MAX / 1000 + 1, 0), (INT64_MAX / 1000 + 1) * 100, INT64_MAX, INT64_MAX,
          (INT64_MAX / 1000 + 1) * 100 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct arb_decimal d = cases[i].given;
        const struct arb_order_terms order = { d, d, d, d };
        const struct arb_terms got = terms_in_units(&order, &info, -7);
        assert_int_equal(got.tick, cases[i].tick);
        assert_int_equal(got.lot, cases[i].lot);
        assert_int_equal(got.min_qty, cases[i].min_qty);
        assert_int_equal(got.min_notional, cases[i].min_notional);
        assert_int_equal(got.taker_fee_ppm, -7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_become_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
