/* What venues say in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/answers.h"

static struct arb_bytes bytes(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

static void words_are_found_in_any_case_from_a_words_beginning(void **state)
{
    (void)state;
    assert_true(arb_says(bytes("rate limit"), "rate"));
    assert_true(arb_says(bytes("Exceeded msg RATE"), "rate"));
    assert_true(arb_says(bytes("EAPI:Rate limit"), "rate"));
    assert_false(arb_says(bytes("corporate"), "rate"));
    assert_false(arb_says(bytes("rat"), "rate"));
    assert_false(arb_says(bytes(""), "rate"));
    assert_true(arb_is_about_rate(bytes("Too many requests")));
    assert_false(arb_is_about_rate(bytes("Currency pair not supported")));
}

static void copy_takes_what_fits(void **state)
{
    char out[4] = "xyz";

    (void)state;
    arb_bytes_copy(bytes("abcdef"), out, sizeof(out));
    assert_string_equal(out, "abc");
    arb_bytes_copy(bytes("abc"), out, sizeof(out));
    assert_string_equal(out, "abc");
    arb_bytes_copy((struct arb_bytes){ NULL, 0 }, out, 1);
    assert_string_equal(out, "");
}

static void last_word_counts_with_its_mark(void **state)
{
    (void)state;
    assert_int_equal(arb_last_word_with(bytes("not found BTC/USD"), '/').len, 7);
    assert_int_equal(arb_last_word_with(bytes("BTC/USD"), '/').len, 7);
    assert_int_equal(arb_last_word_with(bytes("BTC/USD not found"), '/').len, 0);
    assert_int_equal(arb_last_word_with(bytes("ends with a blank "), '/').len, 0);
    assert_int_equal(arb_last_word_with((struct arb_bytes){ NULL, 0 }, '/').len, 0);
    assert_string_equal(arb_refusal(bytes("no")).text, "refused by the venue: no");
}

static void expect_word(struct arb_bytes text, const char *want)
{
    const struct arb_bytes word = arb_word_after(text, "instId:");

    assert_int_equal(word.len, strlen(want));
    assert_true(word.len == 0 || memcmp(word.data, want, word.len) == 0);
}

static void word_after_a_mark_ends_at_a_blank_or_a_comma(void **state)
{
    (void)state;
    expect_word(bytes("channel:books,instId:FOO-USD doesn't exist, nor instId:B"), "FOO-USD");
    expect_word(bytes("instId:FOO-USD,channel:books doesn't exist"), "FOO-USD");
    expect_word(bytes("instId:F"), "F");
    expect_word(bytes("instId: F"), "");
    expect_word(bytes("instId:"), "");
    expect_word(bytes("instId"), "");
    expect_word((struct arb_bytes){ NULL, 0 }, "");
}

static void word_is_among_those_of_a_list(void **state)
{
    (void)state;
    assert_true(arb_is_among(bytes("60014"), "60014 50011"));
    assert_true(arb_is_among(bytes("50011"), "60014 50011"));
    assert_true(arb_is_among(bytes("50011"), "50011"));
    assert_false(arb_is_among(bytes("5001"), "60014 50011"));
    assert_false(arb_is_among(bytes("500111"), "60014 50011"));
    assert_false(arb_is_among(bytes("60014 50011"), "60014 50011"));
    assert_false(arb_is_among(bytes(""), "60014  50011 "));
    assert_false(arb_is_among((struct arb_bytes){ NULL, 0 }, "60014"));
    assert_false(arb_is_among(bytes("60014"), ""));
}

static void an_unknown_word_is_a_halt(void **state)
{
    static const struct arb_trading_word words[] = { { "online", ARB_TRADING_OPEN },
                                                     { "post_only", ARB_TRADING_LIMITED },
                                                     { NULL, ARB_TRADING_HALTED } };

    (void)state;
    assert_int_equal(arb_trading_of(bytes("online"), words), ARB_TRADING_OPEN);
    assert_int_equal(arb_trading_of(bytes("post_only"), words), ARB_TRADING_LIMITED);
    assert_int_equal(arb_trading_of(bytes("onlin"), words), ARB_TRADING_HALTED);
    assert_int_equal(arb_trading_of((struct arb_bytes){ NULL, 0 }, words), ARB_TRADING_HALTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_in_any_case_from_a_words_beginning),
        cmocka_unit_test(copy_takes_what_fits),
        cmocka_unit_test(last_word_counts_with_its_mark),
        cmocka_unit_test(word_after_a_mark_ends_at_a_blank_or_a_comma),
        cmocka_unit_test(word_is_among_those_of_a_list),
        cmocka_unit_test(an_unknown_word_is_a_halt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
