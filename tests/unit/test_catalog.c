/* Rows of a catalog: what is published, and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/catalog.h"
#include "host_stub.h"

#define LONGEST "ABCDEFGHIJKLMNOPQRSTUVWXYZA/USD" /* ARB_SYMBOL_MAX - 1 */

struct row_case {
    const char *symbol, *venue_symbol, *base, *quote;
    const char *want, *want_venue; /* NULL: left out */
};

static struct arb_bytes bytes_of(const char *text)
{
    return text == NULL ? (struct arb_bytes){ NULL, 0 } : (struct arb_bytes){ text, strlen(text) };
}

static void expect_row(const struct row_case *c)
{
    const struct arb_catalog_row row = { .symbol = bytes_of(c->symbol),
                                         .venue_symbol = bytes_of(c->venue_symbol),
                                         .base = bytes_of(c->base),
                                         .quote = bytes_of(c->quote),
                                         .px_digits = 2,
                                         .qty_digits = ARB_DIGITS_UNKNOWN,
                                         .trading = ARB_TRADING_LIMITED };
    struct host_stub stub;

    host_stub_init(&stub);
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_int_equal(stub.n_listings, c->want != NULL);
    if (c->want != NULL) {
        assert_string_equal(stub.symbol, c->want);
        assert_string_equal(stub.venue_symbol, c->want_venue);
        assert_int_equal(stub.listing.size, sizeof(stub.listing));
        assert_int_equal(stub.listing.trading, ARB_TRADING_LIMITED);
        assert_int_equal(stub.listing.px_digits, 2);
        assert_int_equal(stub.listing.qty_digits, ARB_DIGITS_UNKNOWN);
    }
}

static void rows_with_a_name_are_published(void **state)
{
    static const struct row_case cases[] = {
        { "BTC/USD", NULL, NULL, NULL, "BTC/USD", "BTC/USD" },
        { "BTC/USD", "btcusd", "X", "Y", "BTC/USD", "btcusd" },
        { "BTC\\/USD", "BTC\\/USD", NULL, NULL, "BTC/USD", "BTC/USD" },
        { NULL, "BTC-USD", "BTC", "USD", "BTC/USD", "BTC-USD" },
        { "", "", "1INCH", "USD", "1INCH/USD", "1INCH/USD" },
        { "AAPLx/USD", NULL, NULL, NULL, "AAPLx/USD", "AAPLx/USD" },
        { LONGEST, NULL, NULL, NULL, LONGEST, LONGEST },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_row(&cases[i]);
    }
}

static void rows_without_a_usable_name_are_left_out(void **state)
{
    static const struct row_case cases[] = {
        { NULL, NULL, NULL, NULL, NULL, NULL },
        { NULL, "BTC-USD", "BTC", NULL, NULL, NULL },
        { NULL, "BTC-USD", NULL, "USD", NULL, NULL },
        { "BTCUSD", NULL, NULL, NULL, NULL, NULL },
        { "/USD", NULL, NULL, NULL, NULL, NULL },
        { "BTC/", NULL, NULL, NULL, NULL, NULL },
        { "BTC /USD", NULL, NULL, NULL, NULL, NULL },
        { "BTC/USD", "btc usd", NULL, NULL, NULL, NULL },
        { "B\\u0054C/USD", NULL, NULL, NULL, NULL, NULL },
        { "BTC/USD\\", NULL, NULL, NULL, NULL, NULL },
        { "BTC/\xe2\x82\xac", NULL, NULL, NULL, NULL, NULL },
        { "BTC/\x7f", NULL, NULL, NULL, NULL, NULL },
        { LONGEST "T", NULL, NULL, NULL, NULL, NULL },
        { "BTC/USD", LONGEST "T", NULL, NULL, NULL, NULL },
        { NULL, NULL, "ABCDEFGHIJKLMNOPQRSTUVWXYZAB", "USD", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_row(&cases[i]);
    }
}

struct step_case {
    uint64_t digits;
    struct arb_decimal step;
    uint8_t want_digits;
    struct arb_decimal want_step;
};

/* Of prices and of quantities alike. */
static void expect_step(const struct step_case *c)
{
    const struct arb_catalog_row row = { .symbol = bytes_of("BTC/USD"),
                                         .terms = { .tick = c->step, .lot = c->step },
                                         .px_digits = c->digits,
                                         .qty_digits = c->digits,
                                         .trading = ARB_TRADING_OPEN };
    struct host_stub stub;

    host_stub_init(&stub);
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_int_equal(stub.listing.px_digits, c->want_digits);
    assert_int_equal(stub.listing.qty_digits, c->want_digits);
    assert_int_equal(stub.listing.terms.tick.units, c->want_step.units);
    assert_int_equal(stub.listing.terms.tick.scale, c->want_step.scale);
    assert_memory_equal(&stub.listing.terms.lot, &stub.listing.terms.tick, sizeof(c->step));
}

static void digits_and_steps_follow_from_each_other(void **state)
{
    static const struct step_case cases[] = {
        { UINT64_MAX, { .units = 5, .scale = 2 }, 2, { .units = 5, .scale = 2 } },
        { 4, { .units = 5, .scale = 2 }, 4, { .units = 5, .scale = 2 } },
        { ARB_SCALE_MAX, { 0 }, ARB_SCALE_MAX, { .units = 1, .scale = ARB_SCALE_MAX } },
        { ARB_SCALE_MAX + 1, { 0 }, ARB_DIGITS_UNKNOWN, { 0 } },
        { 0, { 0 }, 0, { .units = 1, .scale = 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_step(&cases[i]);
    }
}

static void error_of_the_host_is_returned(void **state)
{
    const struct arb_catalog_row row = { .symbol = bytes_of("BTC/USD"),
                                         .trading = ARB_TRADING_OPEN };
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    stub.rc = ARB_ELIMIT;
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_ELIMIT);
}

static int read_row(void *context, struct arb_host *host, struct arb_json json)
{
    struct arb_catalog_row row = { .trading = ARB_TRADING_OPEN };
    const struct arb_json_field fields[] = { { "s", ARB_JSON_TEXT, &row.symbol },
                                             { "d", ARB_JSON_U64, &row.px_digits } };

    (void)context;
    return arb_json_fields(&json, fields, 2) == 0 ? ARB_OK : arb_catalog_publish(host, &row);
}

static void row_needs_the_venues_name_for_it(void **state)
{
    static const struct {
        const char *text;
        bool is_read;
    } cases[] = {
        { "{\"s\":\"BTC-USD\",\"d\":2}", true },   { "{\"s\":\"BTC-USD\"}", true },
        { "{\"s\":\"\",\"d\":2}", false },         { "{\"d\":2}", false },
        { "{\"s\":\"BTC-USD\",\"d\":[]}", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = arb_json_over(arb_bytes_of(cases[i].text));
        struct arb_catalog_row row = { .px_digits = 0 };
        const struct arb_json_field fields[] = { { "s", ARB_JSON_TEXT, &row.venue_symbol },
                                                 { "d", ARB_JSON_U64, &row.px_digits } };
        assert_int_equal(arb_catalog_fields(&row, &json, fields, 2), cases[i].is_read);
    }
}

static void catalog_ends_only_when_it_is_whole(void **state)
{
    static const struct {
        const char *text;
        int rc;
        unsigned n_rows, n_catalogs;
    } cases[] = {
        { "[]", ARB_OK, 0, 1 },
        { "[{\"s\":\"A/B\",\"d\":2},{\"s\":17},{\"s\":\"C/D\",\"d\":19}]", ARB_OK, 2, 1 },
        { "[{\"s\":\"A/B\"}", ARB_EPROTO, 1, 0 },
        { "[{\"s\":\"A/B\"}] x", ARB_EPROTO, 1, 0 },
        { "{}", ARB_EPROTO, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = arb_json_over(arb_bytes_of(cases[i].text));
        struct host_stub stub;
        host_stub_init(&stub);
        assert_int_equal(arb_catalog_read(&stub.host, &json, read_row, NULL), cases[i].rc);
        assert_int_equal(stub.n_listings, cases[i].n_rows);
        assert_int_equal(stub.n_catalogs, cases[i].n_catalogs);
        if (cases[i].n_rows == 2) {
            assert_int_equal(stub.listing.px_digits, ARB_DIGITS_UNKNOWN); /* 19 is too many */
        }
    }
}

static void perpetual_is_not_the_pair_of_its_name(void **state)
{
    struct arb_catalog_row row = { .base = bytes_of("BTC"),
                                   .quote = bytes_of("USDT"),
                                   .venue_symbol = bytes_of("BTCUSDT"),
                                   .is_perpetual = true };
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_string_equal(stub.symbol, "BTC/USDT-PERP");
    assert_string_equal(stub.venue_symbol, "BTCUSDT");
    row.base = bytes_of("ABCDEFGHIJKLMNOPQRSTUV"); /* one too long */
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_int_equal(stub.n_listings, 1);
}

static void symbol_is_in_capitals_where_that_is_asked_for(void **state)
{
    struct arb_catalog_row row = { .base = bytes_of("xAUt"),
                                   .quote = bytes_of("USDt"),
                                   .venue_symbol = bytes_of("tXAUT:UST") };
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_string_equal(stub.symbol, "xAUt/USDt");
    row.is_any_case = true;
    assert_int_equal(arb_catalog_publish(&stub.host, &row), ARB_OK);
    assert_string_equal(stub.symbol, "XAUT/USDT");
    assert_string_equal(stub.venue_symbol, "tXAUT:UST");
}

static void expect_answer(const struct arb_catalog_form *form, int status, const char *text, int rc,
                          unsigned n_rows)
{
    struct host_stub stub;

    host_stub_init(&stub);
    assert_int_equal(arb_catalog_answer(form, NULL, &stub.host, status, arb_bytes_of(text)), rc);
    assert_int_equal(stub.n_listings, n_rows);
    assert_int_equal(stub.n_catalogs, rc == ARB_OK);
}

static void catalog_is_read_out_of_its_object(void **state)
{
    static const struct arb_catalog_form form = {
        .code = "code", .passing = "7 10006", .rows = { "result", "list" }, .read = read_row
    };
    static const struct {
        const char *text;
        int status, rc;
        unsigned n_rows;
    } cases[] = {
        { "{\"code\":0,\"result\":{\"list\":[{\"s\":\"A/B\"}]},\"more\":1}", 200, ARB_OK, 1 },
        { "{\"result\":{\"more\":1,\"list\":[]},\"code\":\"0\"}", 200, ARB_OK, 0 },
        { "{\"code\":0,\"result\":{\"list\":[]}}", 201, ARB_EPROTO, 0 },
        { "{\"code\":1,\"result\":{\"list\":[]}}", 200, ARB_EPROTO, 0 },
        { "{\"code\":10006}", 200, ARB_ELATER, 0 },
        { "{\"code\":\"7\",\"result\":{}}", 500, ARB_ELATER, 0 },
        { "{\"code\":1000,\"result\":{}}", 200, ARB_EPROTO, 0 },
        { "{\"code\":\"no\",\"result\":{\"list\":[]}}", 200, ARB_EPROTO, 0 },
        { "{\"result\":{\"list\":[]}}", 200, ARB_EPROTO, 0 },
        { "{\"code\":0,\"result\":{\"rows\":[]}}", 200, ARB_EPROTO, 0 },
        { "{\"code\":0,\"result\":[]}", 200, ARB_EPROTO, 0 },
        { "{\"code\":0,\"result\":{\"list\":{}}}", 200, ARB_EPROTO, 0 },
        { "{\"code\":0}", 200, ARB_EPROTO, 0 },
        { "{\"code\":0,\"result\":{\"list\":[]}} x", 200, ARB_EPROTO, 0 },
        { "", 200, ARB_EPROTO, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_answer(&form, cases[i].status, cases[i].text, cases[i].rc, cases[i].n_rows);
    }
}

static void catalog_without_a_code_needs_its_rows_only(void **state)
{
    static const struct arb_catalog_form form = { .rows = { "rows" }, .read = read_row };

    (void)state;
    expect_answer(&form, 200, "{\"zone\":\"UTC\",\"rows\":[{\"s\":\"A/B\"}]}", ARB_OK, 1);
    expect_answer(&form, 404, "{\"rows\":[]}", ARB_EPROTO, 0);
    expect_answer(&form, 200, "{\"code\":0}", ARB_EPROTO, 0);
    expect_answer(&form, 200, "[]", ARB_EPROTO, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_with_a_name_are_published),
        cmocka_unit_test(rows_without_a_usable_name_are_left_out),
        cmocka_unit_test(digits_and_steps_follow_from_each_other),
        cmocka_unit_test(error_of_the_host_is_returned),
        cmocka_unit_test(row_needs_the_venues_name_for_it),
        cmocka_unit_test(catalog_ends_only_when_it_is_whole),
        cmocka_unit_test(perpetual_is_not_the_pair_of_its_name),
        cmocka_unit_test(symbol_is_in_capitals_where_that_is_asked_for),
        cmocka_unit_test(catalog_is_read_out_of_its_object),
        cmocka_unit_test(catalog_without_a_code_needs_its_rows_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
