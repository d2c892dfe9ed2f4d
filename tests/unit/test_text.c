/* The bounded text builder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"

enum { CAP = 8, GUARD = 0x5a };

/* A builder over CAP bytes with a guard behind them. */
struct guarded {
    char data[CAP + 1];
    struct arb_text text;
};

static void begin(struct guarded *guarded)
{
    guarded->data[CAP] = GUARD;
    guarded->text = arb_text_over(guarded->data, CAP);
}

static void new_text_is_empty_and_terminated(void **state)
{
    struct guarded guarded;

    (void)state;
    begin(&guarded);
    assert_string_equal(guarded.text.data, "");
    assert_true(arb_text_fits(&guarded.text));
}

static void pieces_are_appended(void **state)
{
    struct guarded guarded;

    (void)state;
    begin(&guarded);
    arb_text_add(&guarded.text, "%s-%d", "ab", 7);
    arb_text_add(&guarded.text, "c");
    assert_string_equal(guarded.text.data, "ab-7c");
    assert_int_equal(guarded.text.len, 5);
}

static void text_of_the_whole_capacity_fits(void **state)
{
    struct guarded guarded;

    (void)state;
    begin(&guarded);
    arb_text_add(&guarded.text, "1234567");
    assert_true(arb_text_fits(&guarded.text));
    assert_string_equal(guarded.text.data, "1234567");
    assert_int_equal(guarded.data[CAP], GUARD);
}

static void piece_that_does_not_fit_is_left_out_whole(void **state)
{
    struct guarded guarded;

    (void)state;
    begin(&guarded);
    arb_text_add(&guarded.text, "123");
    arb_text_add(&guarded.text, "45678");
    assert_false(arb_text_fits(&guarded.text));
    assert_string_equal(guarded.text.data, "123");
    assert_int_equal(guarded.text.len, 3);
    assert_int_equal(guarded.data[CAP], GUARD);
}

static void truncation_is_remembered_when_later_pieces_fit(void **state)
{
    struct guarded guarded;

    (void)state;
    begin(&guarded);
    arb_text_add(&guarded.text, "12345678");
    arb_text_add(&guarded.text, "9");
    assert_false(arb_text_fits(&guarded.text));
}

static void capacity_of_one_holds_the_empty_text_only(void **state)
{
    char data[1];
    struct arb_text text = arb_text_over(data, sizeof(data));

    (void)state;
    arb_text_add(&text, "%s", "");
    assert_true(arb_text_fits(&text));
    arb_text_add(&text, "x");
    assert_false(arb_text_fits(&text));
    assert_string_equal(text.data, "");
}

static void letters_change_their_case_and_all_else_stays(void **state)
{
    char text[] = "@AZaz[`{ \xc3\x84-1";

    (void)state;
    arb_text_lower(text);
    assert_string_equal(text, "@azaz[`{ \xc3\x84-1");
    arb_text_upper(text);
    assert_string_equal(text, "@AZAZ[`{ \xc3\x84-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_text_is_empty_and_terminated),
        cmocka_unit_test(pieces_are_appended),
        cmocka_unit_test(text_of_the_whole_capacity_fits),
        cmocka_unit_test(piece_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(truncation_is_remembered_when_later_pieces_fit),
        cmocka_unit_test(capacity_of_one_holds_the_empty_text_only),
        cmocka_unit_test(letters_change_their_case_and_all_else_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
