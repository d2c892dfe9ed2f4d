/* What is missing for too long is said once, and once that it is over; and why, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/clock.h"
#include "util/quiet.h"
#include "venue/venue_quiet.h"

enum { LIMIT_S = 60, WHY_MAX = 512 };

static enum quiet_news look(struct quiet *quiet, bool is_missing, int64_t at_s)
{
    return quiet_look(quiet, is_missing, at_s * NS_PER_S, LIMIT_S * NS_PER_S);
}

static void one_word_at_the_limit_and_one_at_the_end(void **state)
{
    struct quiet quiet = { 0 };

    (void)state;
    assert_int_equal(look(&quiet, true, 100), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 159), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 160), QUIET_BEGINS);
    assert_int_equal(quiet_seconds(&quiet, 160 * NS_PER_S), 60);
    assert_int_equal(look(&quiet, true, 1000), QUIET_NONE);
    assert_int_equal(look(&quiet, false, 1001), QUIET_ENDS);
    assert_int_equal(quiet_seconds(&quiet, 1001 * NS_PER_S), 901);
    assert_int_equal(look(&quiet, false, 1002), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 2000), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 2060), QUIET_BEGINS);
}

static void what_comes_back_in_time_is_not_said(void **state)
{
    struct quiet quiet = { 0 };

    (void)state;
    assert_int_equal(look(&quiet, true, 100), QUIET_NONE);
    assert_int_equal(look(&quiet, false, 159), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 160), QUIET_NONE);
    assert_int_equal(look(&quiet, true, 219), QUIET_NONE);
}

static void without_a_limit_nothing_is_said(void **state)
{
    struct quiet quiet = { 0 };

    (void)state;
    assert_int_equal(quiet_look(&quiet, true, 0, 0), QUIET_NONE);
    assert_int_equal(quiet_look(&quiet, true, 1000 * NS_PER_S, 0), QUIET_NONE);
    assert_int_equal(quiet_look(&quiet, false, 2000 * NS_PER_S, 0), QUIET_NONE);
}

static void expect_why(const struct venue_quiet *quiet, const char *want)
{
    char buffer[WHY_MAX];
    struct arb_text out = arb_text_over(buffer, sizeof(buffer));

    venue_quiet_explain(quiet, &out);
    assert_string_equal(buffer, want);
}

static void first_step_that_was_not_taken_is_the_reason(void **state)
{
    struct venue_quiet quiet = { .standing = { .n_sessions = 1 }, .connection = "", .reason = "" };

    (void)state;
    expect_why(&quiet, "not connected: no attempt has ended yet");
    quiet.connection = "cannot reach venue: refused";
    expect_why(&quiet, "not connected: cannot reach venue: refused");
    quiet.standing.n_up = 1;
    expect_why(&quiet,
               "connected, but no instrument is known: the venue's catalog has not come, or "
               "has none of `symbols`");
    quiet.standing.n_books = 3;
    quiet.n_unusable = 3;
    quiet.reason = "unknown pair";
    expect_why(&quiet, "connected, but no subscription is accepted; last reason: unknown pair");
    quiet.standing.n_asked = 3;
    quiet.reason = "";
    expect_why(&quiet, "connected, but the venue answers no subscription");
    quiet.standing.n_asked = quiet.n_unusable = 0;
    quiet.standing.n_accepted = 3;
    expect_why(&quiet, "subscribed, but no snapshot has come");
    quiet.n_stale = 2;
    quiet.n_unusable = 1;
    quiet.reason = "crossed";
    expect_why(&quiet, "subscribed, but 2 books are STALE and 1 UNUSABLE; last reason: crossed");
    quiet.standing.n_disabled = 1;
    expect_why(&quiet, "its plugin was disabled, as was said then");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_at_the_limit_and_one_at_the_end),
        cmocka_unit_test(what_comes_back_in_time_is_not_said),
        cmocka_unit_test(without_a_limit_nothing_is_said),
        cmocka_unit_test(first_step_that_was_not_taken_is_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
