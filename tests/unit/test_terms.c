/* What a venue demands, in an instrument's units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arbspot/text.h"
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

/* "tick lot min_qty min_notional fee". */
static void check_counts(const char *venue_name, const struct instrument_config *own,
                         const char *wanted)
{
    static const struct arb_order_terms told = { D(5, 2), D(1, 3), D(2, 0), D(7, 0) };
    struct arb_venue venue = { .taker_fee_ppm = 2600 };
    char data[128];
    struct arb_text text = arb_text_over(data, sizeof(data)),
                    name = arb_text_over(venue.name, sizeof(venue.name));

    arb_text_add(&name, "%s", venue_name);
    const struct arb_terms got = terms_that_count(&venue, own, &told, &info);
    arb_text_add(&text, "%lld %lld %lld %lld %lldppm", (long long)got.tick, (long long)got.lot,
                 (long long)got.min_qty, (long long)got.min_notional, (long long)got.taker_fee_ppm);
    assert_string_equal(data, wanted);
}

static void what_the_section_says_counts_and_nothing_else_changes(void **state)
{
    static struct venue_term of_other = { .exchange = "other", .decimal = D(9, 0) };
    static struct venue_term of_x = { .exchange = "x", .next = &of_other, .decimal = D(3, 2) };
    static struct venue_term fee = { .exchange = "x", .taker_fee_ppm = -100 };
    static struct venue_term free_of_charge = { .exchange = "x" };
    static const struct {
        struct instrument_config own;
        const char *of_x, *of_other;
    } cases[] = {
        { { .px_scale = 0 }, "5 1 2000 700 2600ppm", "5 1 2000 700 2600ppm" },
        { { .terms[TERM_TICK] = &of_x }, "3 1 2000 700 2600ppm", "900 1 2000 700 2600ppm" },
        { { .terms[TERM_LOT] = &of_x }, "5 30 2000 700 2600ppm", "5 9000 2000 700 2600ppm" },
        { { .terms[TERM_MIN_QTY] = &of_x }, "5 1 30 700 2600ppm", "5 1 9000 700 2600ppm" },
        { { .terms[TERM_MIN_NOTIONAL] = &of_x }, "5 1 2000 3 2600ppm", "5 1 2000 900 2600ppm" },
        { { .terms[TERM_TAKER_FEE] = &fee }, "5 1 2000 700 -100ppm", "5 1 2000 700 2600ppm" },
        { { .terms = { &free_of_charge, &free_of_charge, &free_of_charge, &free_of_charge,
                       &free_of_charge } },
          "0 0 0 0 0ppm",
          "5 1 2000 700 2600ppm" },
    };

    (void)state;
    check_counts("x", NULL, "5 1 2000 700 2600ppm");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        check_counts("x", &cases[i].own, cases[i].of_x);
        check_counts("other", &cases[i].own, cases[i].of_other);
    }
}

static void what_lies_there_is_rounded_down_and_a_withdrawal_up(void **state)
{
    static const struct {
        struct arb_decimal given;
        int64_t most_base, most_quote, fee;
    } cases[] = {
        { D(0, 0), ARB_NOTHING, ARB_NOTHING, 0 },
        { D(25, 1), 2500, 250, 2500 },
        { D(19999, 4), 1999, 199, 2000 },
        { D(9, 4), ARB_NOTHING, ARB_NOTHING, 1 },
        { D(1, 3), 1, ARB_NOTHING, 1 },
        { D(INT64_MAX, 0), INT64_MAX, INT64_MAX, INT64_MAX },
    };
    const struct arb_instrument btc = {
        .base = "BTC", .quote = "USD", .px_scale = 2, .qty_scale = 3
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct asset_term usd = { .asset = "USD", .amount = cases[i].given };
        struct asset_term both = {
            .asset = "BTC", .amount = cases[i].given, .takes_ms = 5, .next = &usd
        };
        const struct exchange_config exchange = { .inventory = &both, .withdrawals = &both };
        struct arb_terms terms = { .lot = 1 };
        terms_add_inventory(&terms, &exchange, &btc);
        const struct arb_withdrawal got = terms_withdrawal(&exchange, &btc);
        assert_int_equal(terms.most_base, cases[i].most_base);
        assert_int_equal(terms.most_quote, cases[i].most_quote);
        assert_true(got.is_known);
        assert_int_equal(got.fee, cases[i].fee);
        assert_int_equal(got.takes_ms, 5);
    }
}

static void what_nobody_says_is_unlimited_and_a_withdrawal_unknown(void **state)
{
    struct asset_term eth = { .asset = "ETH" };
    const struct exchange_config of_other = { .inventory = &eth, .withdrawals = &eth };
    const struct exchange_config *const sections[] = { NULL, &of_other };
    const struct arb_instrument btc = { .base = "BTC", .quote = "USD" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct arb_terms terms = { .lot = 1 };
        terms_add_inventory(&terms, sections[i], &btc);
        assert_int_equal(arb_most_of(terms.most_base), INT64_MAX);
        assert_int_equal(arb_most_of(terms.most_quote), INT64_MAX);
        assert_false(terms_withdrawal(sections[i], &btc).is_known);
    }
    assert_int_equal(arb_most_of(ARB_NOTHING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_become_units),
        cmocka_unit_test(what_the_section_says_counts_and_nothing_else_changes),
        cmocka_unit_test(what_lies_there_is_rounded_down_and_a_withdrawal_up),
        cmocka_unit_test(what_nobody_says_is_unlimited_and_a_withdrawal_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
