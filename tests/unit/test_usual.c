/*
 * JSON in the usual spelling: what each reader takes, where it stands then, and that it leaves all
 * else. Every text is cut at every byte, in memory of the exact length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/usual.h"
#include "chance.h"

enum { LEVELS_MAX = 3, REFUSED = -1, ROUNDS = 100000 };

/* Reads at the beginning of a text; returns how many bytes it took, or REFUSED. */
typedef int reader(const char *p, const char *end);

static int taken(const char *p, const char *stop)
{
    return stop == NULL ? REFUSED : (int)(stop - p);
}

static int read_exactly(reader *read, const char *text, size_t len)
{
    char *const exact = malloc(len + (len == 0));

    assert_non_null(exact);
    memcpy(exact, text, len);
    const int n = read(exact, exact + len);
    free(exact);
    return n;
}

struct usual_case {
    const char *text;
    int taken;
};

/* Cut anywhere before what it took, nothing more than that is taken. */
static void expect_taken(reader *read, const struct usual_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int want = cases[i].taken;
        const int got = read_exactly(read, cases[i].text, strlen(cases[i].text));
        if (got != want) {
            fail_msg("%s: %d, not %d", cases[i].text, got, want);
        }
        for (size_t len = 0; len < strlen(cases[i].text); len++) {
            assert_true(read_exactly(read, cases[i].text, len) <= (int)len);
        }
    }
}

#define EXPECT_TAKEN(read, cases) expect_taken(read, cases, sizeof(cases) / sizeof((cases)[0]))

/* -- numbers --------------------------------------------------------------------------- */

static int64_t value;
static uint8_t digits;

static int read_decimal(const char *p, const char *end)
{
    value = 0;
    digits = 0;
    return taken(p, arb_usual_decimal(p, end, 4, &value, &digits));
}

static int read_whole(const char *p, const char *end)
{
    value = 0;
    digits = 0;
    return taken(p, arb_usual_decimal(p, end, 0, &value, &digits));
}

static void decimals_have_at_most_18_digits_and_fit_the_scale(void **state)
{
    static const struct usual_case cases[] = {
        { "0", 1 },
        { "1.5,", 3 },
        { "1.0005\"", 6 },
        { "1.00050", REFUSED }, /* is for who knows that the last one counts for nothing */
        { "1.", REFUSED },
        { ".5", REFUSED },
        { "-1", REFUSED },
        { "1e5", 1 }, /* what stands behind is for the caller to see */
        { "1.5.5", 3 },
        { "\"1\"", REFUSED },
        { "922337203685477", 15 },
        { "922337203685477.5807", REFUSED }, /* fits, but has 19 digits */
        { "922337203685478", REFUSED },
        { "99999999999999.999", 18 },
        { "12345678/", 8 },
        { "12345678:", 8 },
        { "", REFUSED },
    };
    static const struct usual_case whole[] = {
        { "999999999999999999", 18 },
        { "1000000000000000000", REFUSED },
        { "18446744073709551617", REFUSED }, /* would wrap to 1 */
        { "1.5", REFUSED },
        { "1.0", REFUSED },
    };

    (void)state;
    EXPECT_TAKEN(read_decimal, cases);
    EXPECT_TAKEN(read_whole, whole);
}

static void decimals_read_as_arb_decimal_parse_reads_them(void **state)
{
    struct chance chance = chance_init(__func__, 1);
    unsigned n_taken = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        char text[64];
        const unsigned scale = chance_below(&chance, ARB_SCALE_MAX + 1);
        const unsigned fraction = chance_below(&chance, 12);
        const uint64_t unit = (uint64_t)arb_pow10(fraction);
        const uint64_t number = chance_next(&chance) >> chance_below(&chance, 64);
        const int len =
            snprintf(text, sizeof(text), "%llu%s%0*llu", (unsigned long long)(number / unit),
                     fraction > 0 ? "." : "", (int)fraction, (unsigned long long)(number % unit));
        const size_t n = (size_t)len - (fraction == 0); /* %0*llu of 0 is a digit too many */
        int64_t got = 0, want = 0;
        uint8_t got_digits = 3, want_digits = 0;
        const char *const stop = arb_usual_decimal(text, text + n, scale, &got, &got_digits);
        const int rc = arb_decimal_parse((struct arb_bytes){ text, n }, scale, &want, &want_digits);
        if (stop != NULL) {
            assert_true(stop == text + n && rc == ARB_OK && got == want);
            assert_int_equal(got_digits, want_digits > 3 ? want_digits : 3);
            n_taken++;
        }
    }
    assert_true(n_taken > ROUNDS / 3);
}

static void digits_stay_what_they_were_when_fewer_are_seen_or_it_is_refused(void **state)
{
    static const char text[] = "1.25";
    int64_t out = 0;
    uint8_t most = 1;

    (void)state;
    assert_non_null(arb_usual_decimal(text, text + 3, 2, &out, &most));
    assert_int_equal(most, 1);
    assert_null(arb_usual_decimal(text, text + 4, 1, &out, &most));
    assert_int_equal(most, 1);
    assert_non_null(arb_usual_decimal(text, text + 4, 2, &out, &most));
    assert_int_equal(most, 2);
}

static uint64_t whole_number;

static int read_u64(const char *p, const char *end)
{
    return taken(p, arb_usual_u64(p, end, &whole_number));
}

static void whole_numbers_end_at_a_quote_or_a_mark(void **state)
{
    static const struct usual_case cases[] = {
        { "0,", 1 },
        { "7}", 1 },
        { "7]", REFUSED },
        { "7 ,", REFUSED },
        { "7", REFUSED },
        { "7.0,", REFUSED },
        { "7e0,", REFUSED },
        { "-7,", REFUSED },
        { ",", REFUSED },
        { "\"\",", REFUSED },
        { "\"7\"", 3 },
        { "\"7,", REFUSED },
        { "7\",", REFUSED },
        { "\"7 \"", REFUSED },
        { "12345678,", 8 },
        { "1234567/,", REFUSED },
        { "1234567:,", REFUSED },
        { "999999999999999999,", 18 },
        { "1000000000000000000,", REFUSED },
        { "\"999999999999999999\"", 20 },
        { "\"1000000000000000000\"", REFUSED },
        { "18446744073709551617,", REFUSED },
        { "", REFUSED },
    };

    (void)state;
    EXPECT_TAKEN(read_u64, cases);
    assert_int_equal(read_exactly(read_u64, "123456789012345678,", 19), 18);
    assert_true(whole_number == 123456789012345678);
    assert_int_equal(read_exactly(read_u64, "1234567890123456789,", 20), REFUSED);
    assert_true(whole_number == 123456789012345678); /* stays */
}

/* -- texts and times ------------------------------------------------------------------- */

static struct arb_bytes found;

static int read_text(const char *p, const char *end)
{
    return taken(p, arb_usual_text(p, end, &found));
}

static void texts_have_no_escapes_and_no_control_characters(void **state)
{
    static const struct usual_case cases[] = {
        { "\"\"", 2 },
        { "\"a\"b", 3 },
        { "\"1234567\"", 9 },
        { "\"12345678\"", 10 },
        { "\"123456789\"", 11 },
        { "\"\x20\x7e\x7f\x80\xff\"", 7 },
        { "\"\x20\x7e\x7f\x80\xff and some more\"", 21 },
        { "\"a\x1f\"", REFUSED },
        { "\"a\x1f and some more\"", REFUSED },
        { "\"a\\\"b\"", REFUSED },
        { "\"a\\\" and some more\"", REFUSED },
        { "\"open", REFUSED },
        { "\"open, and longer", REFUSED },
        { "a\"", REFUSED },
        { "\"", REFUSED },
        { "", REFUSED },
    };

    (void)state;
    EXPECT_TAKEN(read_text, cases);
    assert_int_equal(read_exactly(read_text, "\"BTC\\\"", 6), REFUSED);
    static const char text[] = "\"BTC/USD\",";
    assert_int_equal(read_text(text, text + 10), 9);
    assert_true(found.data == text + 1 && found.len == 7);
}

/* Wherever it stands among the eight bytes that are looked at together. */
static void every_byte_at_every_place_is_seen(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 24; at++) {
        for (unsigned c = 0; c < 256; c++) {
            char text[32];
            memset(text, 'x', sizeof(text));
            text[0] = text[25] = '"';
            text[1 + at] = (char)c;
            const int want = c == '"' ? (int)at + 2 : c < 0x20 || c == '\\' ? REFUSED : 26;
            assert_int_equal(read_exactly(read_text, text, 26), want);
        }
    }
}

static int read_time(const char *p, const char *end)
{
    return taken(p, arb_usual_time(p, end, &value));
}

static void times_have_microseconds(void **state)
{
    static const struct usual_case cases[] = {
        { "\"2026-08-01T02:54:53.266327Z\",", 29 },
        { "\"2026-08-01T02:54:53.266327Z", REFUSED },
        { "\"2026-08-01T02:54:53.266327Z,\"", REFUSED },
        { "2026-08-01T02:54:53.266327Z\"\"", REFUSED },
        { "\"2026-08-01T02:54:53.266327000Z\"", REFUSED },
        { "\"2026-08-01T02:54:53Z\"       ", REFUSED },
        { "\"2026-13-01T02:54:53.266327Z\"", REFUSED },
        { "", REFUSED },
    };

    (void)state;
    EXPECT_TAKEN(read_time, cases);
    assert_int_equal(read_exactly(read_time, cases[0].text, 29), 29);
    assert_true(value == 1785552893266327000);
}

static int read_literal(const char *p, const char *end)
{
    return taken(p, arb_usual_literal(p, end, "{\"qty\":", 7));
}

static void literals_are_all_of_their_bytes(void **state)
{
    static const struct usual_case cases[] = { { "{\"qty\":", 7 },
                                               { "{\"qty\":1", 7 },
                                               { "{\"qty\"", REFUSED },
                                               { "{\"qty\";", REFUSED },
                                               { "", REFUSED } };

    (void)state;
    EXPECT_TAKEN(read_literal, cases);
}

/* -- sides of a book ------------------------------------------------------------------- */

static struct arb_level room[LEVELS_MAX];
static struct arb_levels side;

static int read_side(const char *p, const char *end)
{
    side = (struct arb_levels){ .levels = room,
                                .n = 9,
                                .max = LEVELS_MAX,
                                .n_beyond = 9,
                                .px_scale = 2,
                                .qty_scale = 1,
                                .rc = ARB_ELIMIT };
    return taken(p, arb_usual_levels(p, end, &side));
}

static void sides_are_lists_of_levels_of_one_spelling(void **state)
{
    static const struct usual_case cases[] = {
        { "[],", 2 },
        { "[[\"1\",\"2\"]],", 11 },
        { "[[\"1\",\"2\",\"1616.5\"]]", 20 },
        { "[[\"1\",\"2\",\"16\"],[\"1\",\"2\"],[\"1\",\"2\",\"\"]]", 39 },
        { "[[\"1\",\"2\",\"0\",\"16\"],[\"1\",\"2\",\"\",\"\",\"\"]]", 39 },
        { "[[\"1\",\"2\",\"0\",16]]", REFUSED },
        { "[[\"1\",\"2\",\"0\",]]", REFUSED },
        { "[[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"]]", REFUSED },
        { "[{\"price\":1,\"qty\":2}]", 21 },
        { "[{\"price\":1,\"qty\":2},{\"price\":1.25,\"qty\":2.5}]}", 46 },
        { "[{\"price\":1,\"qty\":2},{\"price\":1,\"qty\":2},{\"price\":1,\"qty\":2}]", 61 },
        { "[[\"1\",\"2\"],{\"price\":1,\"qty\":2}]", REFUSED },
        { "[{\"price\":1,\"qty\":2},[\"1\",\"2\"]]", REFUSED },
        { "[{\"price\":1,\"qty\":2},]", REFUSED },
        { "[{\"price\":1,\"qty\":2}}", REFUSED },
        { "[{\"price\":1,\"qty\":2}", REFUSED },
        { "[{\"price\":1,\"qty\":2,\"n\":1}]", REFUSED },
        { "[{\"qty\":2,\"price\":1}]", REFUSED },
        { "[{\"price\":1.255,\"qty\":2}]", REFUSED },
        { "[{\"price\":1,\"qty\":2.55}]", REFUSED },
        { "[{\"price\":999999999999999999,\"qty\":2}]", REFUSED },
        { "[[\"1\",\"2\",3]]", REFUSED },
        { "[[\"1\",\"2\",\"a\\\"b\"]]", REFUSED },
        { "[[\"1\"]]", REFUSED },
        { "[[1,2]]", REFUSED },
        { "[ [\"1\",\"2\"]]", REFUSED },
        { "[ ]", REFUSED },
        { "null", REFUSED },
        { "{}", REFUSED },
        { "", REFUSED },
    };

    (void)state;
    EXPECT_TAKEN(read_side, cases);
}

static void side_has_its_levels_and_the_most_digits(void **state)
{
    static const char text[] = "[[\"1.25\",\"3\"],[\"2\",\"4.5\"]]";

    (void)state;
    assert_int_equal(read_exactly(read_side, text, strlen(text)), (int)strlen(text));
    assert_true(side.n == 2 && side.n_beyond == 0 && side.rc == ARB_OK);
    assert_true(side.px_digits == 2 && side.qty_digits == 1);
    assert_true(room[0].px == 125 && room[0].qty == 30);
    assert_true(room[1].px == 200 && room[1].qty == 45);
}

static void what_is_no_list_leaves_the_side_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(read_exactly(read_side, "null", 4), REFUSED);
    assert_true(side.n == 9 && side.n_beyond == 9 && side.rc == ARB_ELIMIT);
}

static void refused_side_has_no_digits(void **state)
{
    static const char text[] = "[[\"1.25\",\"3\"],[\"2\",\"4.5\",6]]";

    (void)state;
    assert_int_equal(read_exactly(read_side, text, strlen(text)), REFUSED);
    assert_true(side.px_digits == 0 && side.qty_digits == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_have_at_most_18_digits_and_fit_the_scale),
        cmocka_unit_test(decimals_read_as_arb_decimal_parse_reads_them),
        cmocka_unit_test(digits_stay_what_they_were_when_fewer_are_seen_or_it_is_refused),
        cmocka_unit_test(whole_numbers_end_at_a_quote_or_a_mark),
        cmocka_unit_test(texts_have_no_escapes_and_no_control_characters),
        cmocka_unit_test(every_byte_at_every_place_is_seen),
        cmocka_unit_test(times_have_microseconds),
        cmocka_unit_test(literals_are_all_of_their_bytes),
        cmocka_unit_test(sides_are_lists_of_levels_of_one_spelling),
        cmocka_unit_test(side_has_its_levels_and_the_most_digits),
        cmocka_unit_test(what_is_no_list_leaves_the_side_as_it_is),
        cmocka_unit_test(refused_side_has_no_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
