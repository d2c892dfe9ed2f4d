/*
 * Spread matrices as messages, and what pairs of venues earn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/json.h"
#include "wire/wire.h"

enum { TEXT_MAX = WIRE_MATRIX_MAX + 1 };

static const int64_t pub_ns = 1795847445496;

static struct matrix two_venues(int64_t ask, int64_t bid)
{
    struct matrix matrix = { .strategy = "x",
                             .session = 0xabc,
                             .info = { .symbol = "BTC/USD",
                                       .base = "BTC",
                                       .quote = "USD",
                                       .px_scale = 3,
                                       .qty_scale = 8 },
                             .made_ns = 1795847445495,
                             .n_instruments = 3,
                             .n_venues = 2 };

    for (unsigned i = 0; i < 2; i++) {
        matrix.venues[i] = (struct matrix_venue){ .session = 7,
                                                  .seq = 21 + i,
                                                  .age_ns = -1,
                                                  .state = ARB_BOOK_LIVE,
                                                  .trading = ARB_TRADING_OPEN };
        (void)snprintf(matrix.venues[i].name, ARB_SYMBOL_MAX, "%s", i == 0 ? "askinc" : "bidex");
    }
    matrix.venues[0].ask = (struct arb_level){ ask, ask > 0 };
    matrix.venues[1].bid = (struct arb_level){ bid, bid > 0 };
    return matrix;
}

/* -- what pairs earn ----------------------------------------------------------------------------
 */

/* Buying at the first venue and selling at the second, "gross net", or "?". */
static void expect_edge(const struct matrix *matrix, const char *want)
{
    const struct matrix_edge edge = matrix_edge(matrix, 0, 1);
    char text[64] = "?";

    if (edge.is_known) {
        (void)snprintf(text, sizeof(text), "%lld %lld", (long long)edge.gross_ppm,
                       (long long)edge.net_ppm);
    } else {
        assert_int_equal(edge.gross_ppm | edge.net_ppm, 0);
    }
    assert_string_equal(text, want);
}

static struct matrix with_fees(struct matrix matrix, int64_t buy_ppm, int64_t sell_ppm)
{
    matrix.venues[0].fee_ppm = buy_ppm;
    matrix.venues[1].fee_ppm = sell_ppm;
    return matrix;
}

static void an_edge_is_of_the_first_unit_and_rounded_down(void **state)
{
    static const struct {
        int64_t ask, bid, buy_ppm, sell_ppm;
        const char *want;
    } cases[] = {
        { 1000000, 1000000, 0, 0, "0 0" },
        { 1000000, 1000001, 0, 0, "1 1" },
        { 1000000, 999999, 0, 0, "-1 -1" },
        { 3000000, 3000001, 0, 0, "0 0" },   /* a third */
        { 3000000, 2999999, 0, 0, "-1 -1" }, /* less than nothing is not nothing */
        { 1000000, 1010000, 2600, 3000, "10000 4370" },
        { 1000000, 1000000, 2600, 3000, "0 -5600" },
        { 1000000, 1000000, -100, -50, "0 150" }, /* rebates */
        { 1, 1, 1000000, 1000000, "0 -2000000" }, /* all of it */
        { INT64_MAX, INT64_MAX, 2600, 2600, "0 -5200" },
        { INT64_MAX, 1, 2600, 2600, "-1000000 -1002600" },
        { 1, 9223372036855, 0, 0, "9223372036854000000 9223372036854000000" },
        { 1, 9223372036856, 0, 0, "?" }, /* does not fit */
        { 1, 9223372036855, 0, -1, "?" },
        { 0, 5, 0, 0, "?" },
        { 5, 0, 0, 0, "?" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct matrix matrix =
            with_fees(two_venues(cases[i].ask, cases[i].bid), cases[i].buy_ppm, cases[i].sell_ppm);
        expect_edge(&matrix, cases[i].want);
    }
}

static void a_venue_earns_nothing_with_itself(void **state)
{
    struct matrix matrix = two_venues(100, 200);

    (void)state;
    matrix.venues[0].bid = (struct arb_level){ 90, 1 };
    assert_false(matrix_edge(&matrix, 0, 0).is_known);
    assert_false(matrix_edge(&matrix, 1, 0).is_known); /* nobody asks there */
    assert_true(matrix_edge(&matrix, 0, 1).is_known);
}

/* -- messages -----------------------------------------------------------------------------------
 */

static struct matrix sample(void)
{
    struct matrix matrix = with_fees(two_venues(63000500, 63010000), 2600, -50);

    matrix.venues[0].bid = (struct arb_level){ 63000000, 150000000 };
    matrix.venues[0].ask.qty = 2030996;
    matrix.venues[0].verified = ARB_VERIFIED;
    matrix.venues[0].age_ns = 12345000;
    matrix.venues[1].verified = ARB_UNVERIFIABLE;
    matrix.venues[1].trading = ARB_TRADING_LIMITED;
    matrix.venues[1].age_ns = 0;
    matrix.venues[2] = (struct matrix_venue){ .name = "dead",
                                              .session = 0xffff,
                                              .age_ns = -1,
                                              .state = ARB_BOOK_STALE,
                                              .trading = ARB_TRADING_HALTED };
    matrix.n_venues = 3;
    return matrix;
}

static const char sample_text[] =
    "{\"v\":2,\"type\":\"matrix\",\"strategy\":\"x\",\"session\":\"0000000000000abc\","
    "\"symbol\":\"BTC/USD\",\"scale\":[3,8],\"instruments\":3,\"venues\":["
    "{\"venue\":\"askinc\",\"state\":\"LIVE\",\"trading\":\"open\",\"fee_bps\":\"26.00\","
    "\"seq\":21,\"session\":\"0000000000000007\",\"verified\":\"verified\",\"age_ms\":\"12.345\","
    "\"bid\":[\"63000\",\"1.5\"],\"ask\":[\"63000.5\",\"0.02030996\"]},"
    "{\"venue\":\"bidex\",\"state\":\"LIVE\",\"trading\":\"limited\",\"fee_bps\":\"-0.50\","
    "\"seq\":22,\"session\":\"0000000000000007\",\"verified\":\"unverifiable\","
    "\"age_ms\":\"0.000\",\"bid\":[\"63010\",\"0.00000001\"]},"
    "{\"venue\":\"dead\",\"state\":\"STALE\",\"trading\":\"halted\",\"fee_bps\":\"0.00\","
    "\"seq\":0,\"session\":\"000000000000ffff\"}],"
    "\"gross_bps\":[[null,\"1.50\",null],[null,null,null],[null,null,null]],"
    "\"net_bps\":[[null,\"-24.00\",null],[null,null,null],[null,null,null]],"
    "\"made_ns\":1795847445495,\"pub_ns\":1795847445496}";

static const char *written(const struct matrix *matrix, char text[TEXT_MAX])
{
    text[wire_write_matrix(matrix, pub_ns, text)] = '\0';
    return text;
}

static void a_message_says_all_of_it(void **state)
{
    const struct matrix matrix = sample();
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(written(&matrix, text), sample_text);
}

static void a_message_reads_back(void **state)
{
    const struct matrix matrix = sample();
    struct matrix got;
    int64_t got_ns = 0;

    (void)state;
    assert_int_equal(wire_read_matrix(arb_bytes_of(sample_text), &got, &got_ns), ARB_OK);
    assert_memory_equal(&got, &matrix, sizeof(got));
    assert_int_equal(got_ns, pub_ns);
}

static void only_a_matrix_is_one(void **state)
{
    struct opportunity opportunity;
    int64_t got_ns;

    (void)state;
    assert_true(wire_is_matrix(arb_bytes_of(sample_text)));
    assert_false(wire_is_matrix(arb_bytes_of("{\"v\":2,\"type\":\"matrix\",\"strategy\"")));
    assert_false(
        wire_is_matrix(arb_bytes_of("{\"v\":2,\"type\":\"survival\",\"strategy\":\"x\"}")));
    assert_false(wire_is_survival(arb_bytes_of(sample_text)));
    assert_int_equal(wire_read_opportunity(arb_bytes_of(sample_text), &opportunity, &got_ns),
                     ARB_EPROTO);
    assert_int_equal(wire_read_survival(arb_bytes_of(sample_text), &opportunity, &got_ns),
                     ARB_EPROTO);
}

/* The sample with the first `from` replaced. */
static int read_with(const char *from, const char *to)
{
    static char text[2 * sizeof(sample_text)];
    const char *const at = strstr(sample_text, from);
    struct matrix got;
    int64_t got_ns;

    assert_non_null(at);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sample_text), sample_text, to,
                   at + strlen(from));
    return wire_read_matrix(arb_bytes_of(text), &got, &got_ns);
}

static void what_is_damaged_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        int rc;
    } cases[] = {
        { "\"v\":2", "\"v\":3", ARB_ENOTSUP },
        { "\"v\":2,", "", ARB_EPROTO },
        { "\"type\":\"matrix\"", "\"type\":\"opportunity\"", ARB_EPROTO },
        { ",\"session\":\"0000000000000abc\"", "", ARB_EPROTO },
        { "\"scale\":[3,8],", "", ARB_EPROTO },
        { "\"scale\":[3,8],", "\"scale\":[3,19],", ARB_ERANGE },
        { "\"symbol\":\"BTC/USD\"", "\"symbol\":\"BTC\"", ARB_EPROTO },
        { "\"instruments\":3", "\"instruments\":-3", ARB_EPROTO },
        { "\"instruments\":3", "\"instruments\":4294967296", ARB_ERANGE },
        { "\"state\":\"LIVE\",", "", ARB_EPROTO },
        { "\"state\":\"LIVE\"", "\"state\":\"STALE\"", ARB_EPROTO }, /* and it has a price */
        { "\"trading\":\"open\"", "\"trading\":\"?\"", ARB_EPROTO },
        { "\"fee_bps\":\"26.00\"", "\"fee_bps\":\"10000.00\"", ARB_OK },
        { "\"fee_bps\":\"26.00\"", "\"fee_bps\":\"10000.01\"", ARB_ERANGE },
        { "\"fee_bps\":\"26.00\"", "\"fee_bps\":\"-10000.00\"", ARB_OK },
        { "\"fee_bps\":\"26.00\"", "\"fee_bps\":\"-10000.01\"", ARB_ERANGE },
        { "\"age_ms\":\"12.345\"", "\"age_ms\":\"-0.001\"", ARB_ERANGE },
        { "[\"63000\",\"1.5\"]", "[\"63000\"]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[\"63000\",\"1.5\",\"1\"]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[\"0\",\"1.5\"]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[\"63000\",\"0\"]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[\"-63000\",\"1.5\"]", ARB_EPROTO },
        { "[\"63000\",\"1.5\"]", "[\"63000.0001\",\"1.5\"]", ARB_ERANGE },
        { "[\"63000\",\"1.5\"]", "\"63000\"", ARB_EPROTO },
        { "\"made_ns\":1795847445495", "\"made_ns\":9223372036854775808", ARB_ERANGE },
        { "\"pub_ns\":1795847445496}", "\"pub_ns\":1795847445496", ARB_EPROTO },
        { "\"pub_ns\":1795847445496}", "\"pub_ns\":1795847445496,\"pub_ns\":1}", ARB_EPROTO },
        { "\"pub_ns\":1795847445496}", "\"pub_ns\":1795847445496,\"later\":[{}]}", ARB_OK },
        { "\"gross_bps\":[[null", "\"gross_bps\":[[", ARB_EPROTO },
        { "\"gross_bps\":[[null", "\"gross_bps\":[[\"9\"", ARB_OK }, /* for others */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (read_with(cases[i].from, cases[i].to) != cases[i].rc) {
            fail_msg("%s for %s: %d", cases[i].to, cases[i].from,
                     read_with(cases[i].from, cases[i].to));
        }
    }
}

static void a_part_of_a_message_is_none(void **state)
{
    struct matrix got;
    int64_t got_ns;

    (void)state;
    for (size_t len = 0; len < sizeof(sample_text) - 1; len++) {
        assert_int_not_equal(
            wire_read_matrix((struct arb_bytes){ sample_text, len }, &got, &got_ns), ARB_OK);
    }
}

static struct matrix full(uint32_t n_venues)
{
    struct matrix matrix = two_venues(1, INT64_MAX / 1000000);

    memset(matrix.strategy, 1, ARB_SYMBOL_MAX - 1);
    memset(matrix.info.symbol, 1, ARB_SYMBOL_MAX - 1);
    matrix.info.symbol[1] = '/';
    matrix.made_ns = INT64_MIN;
    matrix.n_instruments = UINT32_MAX;
    matrix.n_venues = n_venues;
    for (uint32_t i = 0; i < n_venues; i++) {
        struct matrix_venue *const venue = &matrix.venues[i];
        *venue = (struct matrix_venue){ .session = UINT64_MAX,
                                        .seq = UINT64_MAX,
                                        .bid = { INT64_MAX / 1000000, INT64_MAX },
                                        .ask = { 1, INT64_MAX },
                                        .fee_ppm = -1000000,
                                        .age_ns = INT64_MAX,
                                        .state = ARB_BOOK_LIVE,
                                        .trading = ARB_TRADING_UNKNOWN,
                                        .verified = ARB_UNVERIFIABLE };
        memset(venue->name, 1, ARB_SYMBOL_MAX - 1);
    }
    return matrix;
}

static void the_longest_message_keeps_its_bound(void **state)
{
    const struct matrix matrix = full(ARB_VENUES_MAX);
    char text[TEXT_MAX];
    struct matrix got;
    int64_t got_ns;

    (void)state;
    assert_in_range(strlen(written(&matrix, text)), 1, WIRE_MATRIX_MAX);
    assert_int_equal(wire_read_matrix(arb_bytes_of(text), &got, &got_ns), ARB_ERANGE); /* made_ns */
}

static void more_venues_than_there_may_be_are_refused(void **state)
{
    struct matrix matrix = full(ARB_VENUES_MAX), got;
    char text[TEXT_MAX], more[2 * TEXT_MAX];
    int64_t got_ns;

    (void)state;
    matrix.made_ns = 1;
    assert_int_equal(wire_read_matrix(arb_bytes_of(written(&matrix, text)), &got, &got_ns), ARB_OK);
    assert_int_equal(got.n_venues, ARB_VENUES_MAX);
    const char *const end = strstr(text, "],\"gross_bps\"");
    (void)snprintf(more, sizeof(more),
                   "%.*s,{\"venue\":\"x\",\"state\":\"EMPTY\",\"trading\":\"open\",\"fee_bps\":"
                   "\"0\",\"seq\":0,\"session\":\"0000000000000000\"}%s",
                   (int)(end - text), text, end);
    assert_int_equal(wire_read_matrix(arb_bytes_of(more), &got, &got_ns), ARB_ELIMIT);
}

static void a_record_ends_with_its_venues(void **state)
{
    struct matrix matrix = two_venues(1, 1);

    (void)state;
    assert_int_equal(matrix_len(&matrix),
                     offsetof(struct matrix, venues) + 2 * sizeof(struct matrix_venue));
    matrix.n_venues = ARB_VENUES_MAX;
    assert_int_equal(matrix_len(&matrix), sizeof(matrix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edge_is_of_the_first_unit_and_rounded_down),
        cmocka_unit_test(a_venue_earns_nothing_with_itself),
        cmocka_unit_test(a_message_says_all_of_it),
        cmocka_unit_test(a_message_reads_back),
        cmocka_unit_test(only_a_matrix_is_one),
        cmocka_unit_test(what_is_damaged_is_refused),
        cmocka_unit_test(a_part_of_a_message_is_none),
        cmocka_unit_test(the_longest_message_keeps_its_bound),
        cmocka_unit_test(more_venues_than_there_may_be_are_refused),
        cmocka_unit_test(a_record_ends_with_its_venues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
