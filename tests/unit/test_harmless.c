/* What a terminal would obey does not reach one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/harmless.h"

static void expect_made(const char *text, const char *want)
{
    char got[128];
    const size_t len = strlen(text);

    memcpy(got, text, len);
    got[harmless_make(got, len)] = '\0';
    assert_string_equal(got, want);
}

static void what_is_readable_stays(void **state)
{
    (void)state;
    expect_made("", "");
    expect_made(" ~ BTC/USD \"x\" \\", " ~ BTC/USD \"x\" \\");
    expect_made("\xc2\xa0 caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", /* U+00A0 is no C1 */
                "\xc2\xa0 caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void control_characters_become_question_marks(void **state)
{
    (void)state;
    expect_made("a\x1b[2Jb\x01\x1f\n\r\tc", "a?[2Jb?????c");
    expect_made("\x7f~", "?~");
    expect_made("\xc2\x80|\xc2\x9b"
                "31m|\xc2\x9f|\xc2\xa0",
                "?|?31m|?|\xc2\xa0");
}

static void what_turns_or_ends_lines_becomes_question_marks(void **state)
{
    (void)state;
    expect_made("\xe2\x80\xa7|\xe2\x80\xa8|\xe2\x80\xae|\xe2\x80\xaf", /* U+2027 to U+202F */
                "\xe2\x80\xa7|?|?|\xe2\x80\xaf");
    expect_made("\xe2\x81\xa5|\xe2\x81\xa6|\xe2\x81\xa9|\xe2\x81\xaa", /* U+2065 to U+206A */
                "\xe2\x81\xa5|?|?|\xe2\x81\xaa");
    expect_made("\xd8\x9c|\xe2\x80\x8d|\xe2\x80\x8e|\xe2\x80\x8f", "?|\xe2\x80\x8d|?|?");
}

static void what_is_no_utf8_becomes_question_marks(void **state)
{
    (void)state;
    expect_made("\x9b|\xff|\xc2|", "?|?|?|");
    expect_made("\xc0\x9b|\xe0\x82\x9b", "??|???"); /* C1 in forms that are too long */
    expect_made("\xed\xa0\x80|\xf4\x90\x80\x80", "???|????");
    expect_made("\xe2\x82", "??"); /* cut */
}

/* What a function prints into a file. */
static const char *printed(bool (*print)(FILE *out))
{
    static char text[2 * HARMLESS_LINE_MAX];
    FILE *const out = fmemopen(text, sizeof(text), "w");

    assert_non_null(out);
    assert_true(print(out));
    assert_int_equal(fclose(out), 0);
    return text;
}

static bool print_line(FILE *out)
{
    harmless_line(out, "%s=%d", "a\nb\x1b", 7);
    return true;
}

static bool print_long_line(FILE *out)
{
    harmless_line(out, "%*d", HARMLESS_LINE_MAX, 1);
    return true;
}

static void a_line_is_one_line(void **state)
{
    (void)state;
    assert_string_equal(printed(print_line), "a?b?=7\n");
    const char *const text = printed(print_long_line);
    assert_int_equal(strcspn(text, "\n"), HARMLESS_LINE_MAX - 2);
    assert_int_equal(strlen(text), HARMLESS_LINE_MAX - 1);
}

static bool print_json(FILE *out)
{
    static const char json[] = "{\"a\":\"\x7f\xc2\x9b\xe2\x80\xae\xff\",\r\n\t\"b\":\"\x1b\"}";
    return harmless_json(out, (struct arb_bytes){ json, sizeof(json) - 1 });
}

static void json_keeps_its_meaning_on_one_line(void **state)
{
    (void)state;
    assert_string_equal(printed(print_json),
                        "{\"a\":\"\\u007f\\u009b\\u202e?\",   \"b\":\"\\u001b\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_readable_stays),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(what_turns_or_ends_lines_becomes_question_marks),
        cmocka_unit_test(what_is_no_utf8_becomes_question_marks),
        cmocka_unit_test(a_line_is_one_line),
        cmocka_unit_test(json_keeps_its_meaning_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
