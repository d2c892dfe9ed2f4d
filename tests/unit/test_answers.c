/* What venues say in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/answers.h"
#include "host_stub.h"

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

static void expect_answer(const struct host_stub *stub, uint32_t whom, bool by_number,
                          uint32_t outcome, const char *why)
{
    assert_int_equal(stub->n_answers, 1);
    assert_int_equal(stub->answered, whom);
    assert_int_equal(stub->by_number, by_number);
    assert_int_equal(stub->outcome, outcome);
    assert_string_equal(stub->why, why);
}

static void refusal_is_told_of_whom_it_means(void **state)
{
    static const char why[] = "refused by the venue: no";
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_refused(&stub.host, 5, ARB_LATER, bytes("no")), ARB_OK);
    expect_answer(&stub, 5, false, ARB_LATER, why);
    host_stub_init(&stub);
    assert_int_equal(arb_refused_ask(&stub.host, 1, ARB_REFUSED, bytes("no")), ARB_OK);
    expect_answer(&stub, 1, true, ARB_REFUSED, why);
    host_stub_init(&stub);
    stub.rc = ARB_ELIMIT;
    assert_int_equal(arb_refused_ask(&stub.host, 0, ARB_REFUSED, bytes("no")), ARB_ELIMIT);
    expect_answer(&stub, ARB_NO_INSTRUMENT, false, ARB_REFUSED, why);
    assert_int_equal(arb_refusal_outcome(bytes("Too many requests")), ARB_LATER);
    assert_int_equal(arb_refusal_outcome(bytes("no")), ARB_REFUSED);
}

static void acknowledgement_is_told_unless_it_is_nobodys(void **state)
{
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_acknowledged(&stub.host, ARB_NO_INSTRUMENT, false), ARB_OK);
    assert_int_equal(stub.n_answers, 0);
    assert_int_equal(arb_acknowledged(&stub.host, 0, false), ARB_OK);
    expect_answer(&stub, 0, false, ARB_SUBSCRIBED, "");
    host_stub_init(&stub);
    assert_int_equal(arb_acknowledged(&stub.host, 3, true), ARB_OK);
    expect_answer(&stub, 3, false, ARB_LEFT, "");
}

static void acknowledgement_may_be_a_word(void **state)
{
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_acknowledged_by(&stub.host, 3, bytes("channel-conn-count")), ARB_OK);
    assert_int_equal(arb_acknowledged_by(&stub.host, ARB_NO_INSTRUMENT, bytes("subscribe")),
                     ARB_OK);
    assert_int_equal(stub.n_answers, 0);
    assert_int_equal(arb_acknowledged_by(&stub.host, 3, bytes("subscribe")), ARB_OK);
    expect_answer(&stub, 3, false, ARB_SUBSCRIBED, "");
    host_stub_init(&stub);
    assert_int_equal(arb_acknowledged_by(&stub.host, 3, bytes("unsubscribe")), ARB_OK);
    expect_answer(&stub, 3, false, ARB_LEFT, "");
}

static void an_id_tells_the_request_and_what_it_was(void **state)
{
    const struct arb_ask in = { .what = ARB_ASK_SUBSCRIBE, .number = UINT32_MAX };
    const struct arb_ask out = { .what = ARB_ASK_UNSUBSCRIBE, .number = 7 };
    struct host_stub stub;

    (void)state;
    assert_true(arb_ask_id(&in) == UINT64_C(2) * UINT32_MAX);
    assert_true(arb_ask_id(&out) == 15);
    host_stub_init(&stub);
    assert_int_equal(arb_answered_id(&stub.host, arb_ask_id(&in)), ARB_OK);
    expect_answer(&stub, UINT32_MAX, true, ARB_SUBSCRIBED, "");
    host_stub_init(&stub);
    assert_int_equal(arb_answered_id(&stub.host, arb_ask_id(&out)), ARB_OK);
    expect_answer(&stub, 7, true, ARB_LEFT, "");
    assert_int_equal(arb_number_of_id(UINT64_C(2) * UINT32_MAX + 1), UINT32_MAX);
    assert_int_equal(arb_number_of_id(UINT64_C(2) * UINT32_MAX + 2), 0);
    assert_int_equal(arb_number_of_id(1), 0);
}

static void number_of_a_request_is_read_bare_or_quoted(void **state)
{
    static const struct {
        const char *text;
        uint32_t number;
    } cases[] = {
        { "17", 17 },        { "\"17\"", 17 }, { "\"4294967295\"", UINT32_MAX },
        { "4294967296", 0 }, { "\"17x\"", 0 }, { "\"\"", 0 },
        { "-1", 0 },         { "", 0 },        { "null", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(arb_number_of(arb_json_over(bytes(cases[i].text))), cases[i].number);
    }
}

static void reason_is_a_member_or_none_is_given(void **state)
{
    (void)state;
    assert_true(arb_bytes_are(
        arb_reason_of(arb_json_over(bytes("{\"code\":2,\"msg\":\"bad\"}")), "msg"), "bad"));
    assert_true(arb_bytes_are(arb_reason_of(arb_json_over(bytes("{\"msg\":2}")), "msg"),
                              "no reason given"));
    assert_true(arb_bytes_are(arb_reason_of(arb_json_over(bytes("17")), "msg"), "no reason given"));
}

static void first_book_that_a_text_names_is_found(void **state)
{
    static const struct {
        const char *text;
        uint32_t instrument;
    } cases[] = {
        { "FOO-USD is not a valid product", 0 },
        { "channel:books,instId:BAR-USD doesn't exist, nor FOO-USD", 1 },
        { "[\"BAR-USD\"]", 1 },
        { "BAR-USD", 1 },
        { "BAR-USDT", ARB_NO_INSTRUMENT },
        { " , ", ARB_NO_INSTRUMENT },
        { "", ARB_NO_INSTRUMENT },
    };
    static struct arb_symbol_map map;
    const struct arb_exchange_env env = { .by_venue_symbol = &map };

    (void)state;
    assert_int_equal(arb_symbol_put(&map, bytes("FOO-USD"), 0), ARB_OK);
    assert_int_equal(arb_symbol_put(&map, bytes("BAR-USD"), 1), ARB_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(arb_instrument_in(&env, bytes(cases[i].text)), cases[i].instrument);
    }
}

static void book_is_the_one_of_its_whole_name(void **state)
{
    static const struct arb_instrument instruments[] = { { .venue_symbol = "FOO-USD" },
                                                         { .venue_symbol = "BAR-USD" } };
    const struct arb_exchange_env env = { .instruments = instruments };

    (void)state;
    assert_true(arb_instrument_is(&env, 1, bytes("BAR-USD")));
    assert_false(arb_instrument_is(&env, 1, bytes("FOO-USD")));
    assert_false(arb_instrument_is(&env, 1, bytes("BAR-USDT")));
    assert_false(arb_instrument_is(&env, 1, bytes("BAR-US")));
    assert_false(arb_instrument_is(&env, 1, bytes("")));
}

static void refusal_in_words_is_of_the_book_that_they_name(void **state)
{
    static struct arb_symbol_map map;
    const struct arb_exchange_env env = { .by_venue_symbol = &map };
    struct host_stub stub;

    (void)state;
    assert_int_equal(arb_symbol_put(&map, bytes("FOO-USD"), 4), ARB_OK);
    host_stub_init(&stub);
    assert_int_equal(arb_refused_in_words(&stub.host, &env, bytes("FOO-USD is none")), ARB_OK);
    expect_answer(&stub, 4, false, ARB_REFUSED, "refused by the venue: FOO-USD is none");
    host_stub_init(&stub);
    assert_int_equal(arb_refused_in_words(&stub.host, &env, bytes("rate limit")), ARB_OK);
    expect_answer(&stub, ARB_NO_INSTRUMENT, false, ARB_LATER, "refused by the venue: rate limit");
}

static void kind_of_a_message_has_its_words(void **state)
{
    (void)state;
    assert_int_equal(arb_kind_of(bytes("snapshot")), ARB_BOOK_SNAPSHOT);
    assert_int_equal(arb_kind_of(bytes("update")), ARB_BOOK_DELTA);
    assert_int_equal(arb_kind_of(bytes("delta")), ARB_BOOK_DELTA);
    assert_int_equal(arb_kind_of(bytes("Snapshot")), 0);
    assert_int_equal(arb_kind_of(bytes("")), 0);
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
        cmocka_unit_test(refusal_is_told_of_whom_it_means),
        cmocka_unit_test(acknowledgement_is_told_unless_it_is_nobodys),
        cmocka_unit_test(acknowledgement_may_be_a_word),
        cmocka_unit_test(an_id_tells_the_request_and_what_it_was),
        cmocka_unit_test(number_of_a_request_is_read_bare_or_quoted),
        cmocka_unit_test(reason_is_a_member_or_none_is_given),
        cmocka_unit_test(first_book_that_a_text_names_is_found),
        cmocka_unit_test(book_is_the_one_of_its_whole_name),
        cmocka_unit_test(refusal_in_words_is_of_the_book_that_they_name),
        cmocka_unit_test(kind_of_a_message_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
