/* Which of a plugin's lines are written, and what is said of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "stderr_capture.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/repeats.h"

enum { SAID_MAX = 8192 };

static struct repeats repeats;
static struct stderr_capture capture;

static int begin(void **state)
{
    (void)state;
    memset(&repeats, 0, sizeof(repeats));
    stderr_capture_begin(&capture);
    return 0;
}

static __attribute__((format(printf, 3, 4))) void say(int64_t at_s, enum arb_log_level level,
                                                      const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    repeats_log(&repeats, at_s * NS_PER_S, level, "venue=test", fmt, args);
    va_end(args);
}

/* A format that is made while the program runs; it asks for no arguments. */
static void say_any(int64_t at_s, const char *fmt, ...)
{
    va_list none;

    va_start(none, fmt);
    repeats_log(&repeats, at_s * NS_PER_S, ARB_WARN, "venue=test", fmt, none);
    va_end(none);
}

/* The messages alone, one a line. */
static void expect_said(const char *want)
{
    static char said[SAID_MAX];
    struct arb_text out = arb_text_over(said, sizeof(said));

    for (const char *at = stderr_capture_end(&capture); (at = strstr(at, "msg=\"")) != NULL;) {
        at += strlen("msg=\"");
        arb_text_add(&out, "%.*s\n", (int)strcspn(at, "\""), at);
    }
    assert_string_equal(said, want);
}

static void flood_of_one_line_hides_no_other(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        say(5, ARB_WARN, "flood");
    }
    say(5, ARB_WARN, "another");
    say(14, ARB_WARN, "flood");
    say(15, ARB_WARN, "flood");
    say(25, ARB_WARN, "flood");
    expect_said("flood\nanother\nflood (1000 more like this not shown)\nflood\n");
}

static void lines_of_one_place_with_other_texts_are_limited_together(void **state)
{
    (void)state;
    for (int i = 0; i < REPEATS_OF_PLACE + 2; i++) {
        say(5, ARB_WARN, "price %d", i);
    }
    say(5, ARB_WARN, "price of %d", 1);
    say(15, ARB_WARN, "price %d", 77);
    expect_said("price 0\nprice 1\nprice 2\nprice 3\nprice 4\nprice 5\nprice 6\nprice 7\n"
                "price of 1\nprice 77 (2 more like this not shown)\n");
}

static void lines_that_are_not_written_do_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        say(5, ARB_DEBUG, "line");
    }
    say(5, ARB_INFO, "line");
    expect_said("line\n");
}

static void formats_without_end_are_limited_too(void **state)
{
    char fmt[16];

    (void)state;
    for (int i = 0; i < REPEATS_OF_ALL + 3; i++) {
        (void)snprintf(fmt, sizeof(fmt), "%d", i);
        say_any(1, fmt);
    }
    say(11, ARB_WARN, "last");
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(count_of(text, "\"199\"") + count_of(text, "\"200\""), 1);
    assert_int_equal(count_of(text, "\"last (3 more like this not shown)\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(flood_of_one_line_hides_no_other, begin),
        cmocka_unit_test_setup(lines_of_one_place_with_other_texts_are_limited_together, begin),
        cmocka_unit_test_setup(lines_that_are_not_written_do_not_count, begin),
        cmocka_unit_test_setup(formats_without_end_are_limited_too, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
