/* Error sentences and log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stderr_capture.h"
#include "util/err.h"
#include "util/log.h"

enum { LONG = 3000 };

static const int64_t second_ns = 1000000000;

/* -- err ------------------------------------------------------------------------------ */

static void sentence_and_code_are_kept(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_int_equal(err_set(&err, ARB_ELIMIT, "%s: %d is too many", "x.ini:7", 9), ARB_ELIMIT);
    assert_int_equal(err.rc, ARB_ELIMIT);
    assert_string_equal(err.text, "x.ini:7: 9 is too many");
}

static void prefix_goes_in_front(void **state)
{
    struct err err = { 0 };

    (void)state;
    (void)err_set(&err, ARB_EINVAL, "not a file");
    assert_int_equal(err_prefix(&err, "%s: ", "a.so"), ARB_EINVAL);
    assert_string_equal(err.text, "a.so: not a file");
}

static void nobody_may_want_to_know(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ARB_ENOMEM, "lost"), ARB_ENOMEM);
    assert_true(err_prefix(NULL, "lost") != ARB_OK);
}

static void long_sentences_are_cut(void **state)
{
    char text[LONG];
    struct err err = { 0 };

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)err_set(&err, ARB_EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    (void)err_prefix(&err, "where: ");
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    assert_memory_equal(err.text, "where: xxx", 10);
    (void)err_prefix(&err, "%s", text); /* no room for both: the sentence stays */
    assert_memory_equal(err.text, "where: xxx", 10);
}

/* -- log ------------------------------------------------------------------------------ */

/* The line behind its time. */
static const char *behind_time(const char *line)
{
    const char *const blank = strchr(line, ' ');
    assert_non_null(blank);
    return blank + 1;
}

static void line_is_logfmt(void **state)
{
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    log_line(ARB_WARN, "feed=x", "%d books", 3);
    const char *const line = stderr_capture_end(&capture);
    assert_string_equal(behind_time(line), "level=warn feed=x msg=\"3 books\"\n");
    assert_int_equal(strcspn(line, " "), strlen("2026-08-01T02:54:53.266327Z"));
}

static void host_itself_needs_no_subject(void **state)
{
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    log_line(ARB_ERROR, NULL, "up");
    assert_string_equal(behind_time(stderr_capture_end(&capture)), "level=error msg=\"up\"\n");
}

static void text_from_outside_cannot_break_the_line(void **state)
{
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    log_line(ARB_INFO, NULL, "%s",
             "a\"b\\c\nlevel=error\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xff\xc3\xa9");
    assert_string_equal(behind_time(stderr_capture_end(&capture)),
                        "level=info msg=\"a\\\"b\\\\c?level=error?[31m????\xc3\xa9\"\n");
}

static void long_line_is_cut_and_ends(void **state)
{
    struct stderr_capture capture;
    char text[LONG];

    (void)state;
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    stderr_capture_begin(&capture);
    log_line(ARB_INFO, "feed=x", "%s", text);
    const char *const line = stderr_capture_end(&capture);
    const size_t len = strlen(line);
    assert_in_range(len, 1000, 2048);
    assert_string_equal(line + len - 4, "\\\"\"\n");
}

static void details_are_left_out_until_asked_for(void **state)
{
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    log_line(ARB_DEBUG, NULL, "hidden");
    log_set_level(ARB_DEBUG);
    log_line(ARB_DEBUG, NULL, "shown");
    log_set_level(ARB_ERROR);
    log_line(ARB_WARN, NULL, "hidden");
    log_set_level(ARB_INFO);
    assert_string_equal(behind_time(stderr_capture_end(&capture)), "level=debug msg=\"shown\"\n");
}

static void limit_lets_one_through_and_counts_the_rest(void **state)
{
    struct log_limit limit = { 0 };
    uint64_t suppressed = 99;

    (void)state;
    assert_true(log_limit_pass(&limit, 100 * second_ns, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limit_pass(&limit, 100 * second_ns, &suppressed));
    assert_false(log_limit_pass(&limit, 110 * second_ns - 1, &suppressed));
    assert_true(log_limit_pass(&limit, 110 * second_ns, &suppressed));
    assert_int_equal(suppressed, 2);
    assert_true(log_limit_pass(&limit, 120 * second_ns, &suppressed));
    assert_int_equal(suppressed, 0);
}

static void lines_go_elsewhere_but_for_raw_ones(void **state)
{
    struct stderr_capture capture;
    char text[256] = "";
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    stderr_capture_begin(&capture);
    log_divert(fds[1]);
    log_line(ARB_WARN, "venue=kraken", "on the way");
    log_raw("raw\n", 4);
    log_divert(0);
    log_line(ARB_WARN, NULL, "back");
    const char *const got = stderr_capture_end(&capture);
    assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
    assert_non_null(strstr(text, "level=warn venue=kraken msg=\"on the way\"\n"));
    assert_null(strstr(text, "raw"));
    assert_memory_equal(got, "raw\n", 4);
    assert_non_null(strstr(got, "level=warn msg=\"back\"\n"));
    assert_null(strstr(got, "on the way"));
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_and_code_are_kept),
        cmocka_unit_test(prefix_goes_in_front),
        cmocka_unit_test(nobody_may_want_to_know),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(line_is_logfmt),
        cmocka_unit_test(host_itself_needs_no_subject),
        cmocka_unit_test(text_from_outside_cannot_break_the_line),
        cmocka_unit_test(long_line_is_cut_and_ends),
        cmocka_unit_test(details_are_left_out_until_asked_for),
        cmocka_unit_test(limit_lets_one_through_and_counts_the_rest),
        cmocka_unit_test(lines_go_elsewhere_but_for_raw_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
