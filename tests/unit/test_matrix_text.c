/*
 * Spread matrices as people read them, and which of them are the latest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/matrix_text.h"

static struct matrix named(const char *symbol, const char *strategy, uint64_t session)
{
    struct matrix matrix = { .session = session, .n_instruments = 2, .n_venues = 0 };

    (void)snprintf(matrix.info.symbol, ARB_SYMBOL_MAX, "%s", symbol);
    (void)snprintf(matrix.strategy, ARB_SYMBOL_MAX, "%s", strategy);
    return matrix;
}

static struct matrix_latest *new_latest(void)
{
    struct matrix_latest *const latest = calloc(1, sizeof(*latest));

    assert_non_null(latest);
    return latest;
}

static void put(struct matrix_latest *latest, const char *symbol, const char *strategy,
                uint64_t session)
{
    const struct matrix matrix = named(symbol, strategy, session);
    const struct matrix *const at = matrix_latest_put(latest, &matrix);

    assert_non_null(at);
    assert_memory_equal(at, &matrix, sizeof(matrix));
}

static void the_latest_of_each_strategy_and_symbol_counts(void **state)
{
    struct matrix_latest *const latest = new_latest();
    static const char *const want[] = { "A/B x", "C/D x", "C/D y" };
    char got[2 * ARB_SYMBOL_MAX];

    (void)state;
    put(latest, "C/D", "y", 1);
    put(latest, "C/D", "x", 2);
    put(latest, "A/B", "x", 2);
    put(latest, "C/D", "y", 3);
    assert_int_equal(latest->n, 3);
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(got, sizeof(got), "%s %s", latest->matrices[i].info.symbol,
                       latest->matrices[i].strategy);
        assert_string_equal(got, want[i]);
    }
    assert_int_equal(latest->matrices[2].session, 3);
    assert_true(matrix_latest_has(latest, "A/B"));
    assert_false(matrix_latest_has(latest, "A/C"));
    free(latest);
}

static void all_are_there_when_each_run_has_told_of_all(void **state)
{
    struct matrix_latest *const latest = new_latest();

    (void)state;
    assert_false(matrix_latest_is_whole(latest));
    put(latest, "A/B", "x", 1);
    assert_false(matrix_latest_is_whole(latest));
    put(latest, "C/D", "x", 1);
    assert_true(matrix_latest_is_whole(latest));
    put(latest, "C/D", "y", 2);
    assert_false(matrix_latest_is_whole(latest));
    put(latest, "A/B", "y", 2);
    assert_true(matrix_latest_is_whole(latest));
    free(latest);
}

static void there_is_room_for_so_many(void **state)
{
    struct matrix_latest *const latest = new_latest();
    char symbol[ARB_SYMBOL_MAX];

    (void)state;
    for (unsigned i = 0; i < MATRIX_LATEST_MAX; i++) {
        (void)snprintf(symbol, sizeof(symbol), "%08u/X", i);
        put(latest, symbol, "x", 1);
    }
    const struct matrix more = named("more/X", "x", 1);
    assert_null(matrix_latest_put(latest, &more));
    assert_int_equal(latest->n_left_out, 1);
    put(latest, "00000003/X", "x", 1); /* which it has */
    free(latest);
}

static const char *printed(const struct matrix *matrix)
{
    static char text[8192];
    FILE *const out = fmemopen(text, sizeof(text), "w");

    assert_non_null(out);
    matrix_print(matrix, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void put_venue(struct matrix *matrix, const char *name, int64_t bid, int64_t ask)
{
    struct matrix_venue *const venue = &matrix->venues[matrix->n_venues++];

    *venue = (struct matrix_venue){ .bid = { bid, bid > 0 },
                                    .ask = { ask, ask > 0 },
                                    .age_ns = 550260000,
                                    .state = ARB_BOOK_LIVE,
                                    .trading = ARB_TRADING_OPEN,
                                    .verified = ARB_VERIFIED };
    (void)snprintf(venue->name, ARB_SYMBOL_MAX, "%s", name);
}

static void a_matrix_is_a_table(void **state)
{
    struct matrix matrix = named("BTC/USD", "x", 1);

    (void)state;
    matrix.info.px_scale = 2;
    matrix.made_ns = INT64_C(1795847445495) * 1000000;
    put_venue(&matrix, "kraken", 9999000, 10000000);
    put_venue(&matrix, "bit\033stamp.net", 10010000, 10011000);
    put_venue(&matrix, "dear", 1, INT64_MAX);
    put_venue(&matrix, "gone", 0, 0);
    matrix.venues[0].fee_ppm = 2600;
    matrix.venues[1].fee_ppm = -3000;
    matrix.venues[1].trading = ARB_TRADING_LIMITED;
    matrix.venues[3].state = ARB_BOOK_STALE;
    matrix.venues[3].trading = ARB_TRADING_HALTED;
    matrix.venues[3].verified = ARB_SUSPECT;
    matrix.venues[3].age_ns = -1;
    assert_string_equal(printed(&matrix),
                        "BTC/USD  net in bps, by x at 06:30:45.495 UTC\n"
                        "buy\\sell   kraken bit?stam     dear     gone\n"
                        "kraken          .   +14.03   -10026        .\n"
                        "bit?stam    -7.96        . -9970.00        .\n"
                        "dear       -10000   -10000        .        .\n"
                        "gone            .        .        .        .\n"
                        "VENUE          BOOK     PROOF     BID     ASK                   "
                        "ALIVE ms  FEE bps\n"
                        "kraken         LIVE     verified  99990   100000                "
                        "550.2     26.00\n"
                        "bit?stamp.net  limited  verified  100100  100110                "
                        "550.2     -30.00\n"
                        "dear           LIVE     verified  0.01    92233720368547758.07  "
                        "550.2     0.00\n"
                        "gone           STALE    suspect   -       -                     -  "
                        "       0.00\n");
}

static void a_wide_number_loses_its_fraction(void **state)
{
    struct matrix matrix = named("A/B", "x", 1);

    (void)state;
    put_venue(&matrix, "cheap", 0, 1);
    put_venue(&matrix, "dear", 100, 0);
    put_venue(&matrix, "dearer", 1000000, 0);
    put_venue(&matrix, "dearest", INT64_MAX, 0);
    const char *const text = printed(&matrix);
    assert_non_null(strstr(text, "\ncheap           .  +990000    large        .\n"));
}

static void eight_venues_fit_eighty_columns(void **state)
{
    struct matrix matrix = named("BTC/USD", "x", 1);

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        put_venue(&matrix, "of_eight", 1 + i, 1000 + i);
    }
    for (const char *at = printed(&matrix), *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        assert_in_range(end - at, 1, 80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_of_each_strategy_and_symbol_counts),
        cmocka_unit_test(all_are_there_when_each_run_has_told_of_all),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(a_matrix_is_a_table),
        cmocka_unit_test(a_wide_number_loses_its_fraction),
        cmocka_unit_test(eight_venues_fit_eighty_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
