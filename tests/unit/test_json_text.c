#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "arbspot/abi.h"
#include "util/json_text.h"

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

static void assert_written(const char *text, const char *want)
{
    char got[256];

    *json_text_write(got, bytes_of(text)) = '\0';
    assert_string_equal(got, want);
}

static void assert_read(const char *text, const char *want)
{
    char got[256];

    assert_int_equal(json_text_read(bytes_of(text), got, sizeof(got), NULL), ARB_OK);
    assert_string_equal(got, want);
}

static void assert_read_fails(const char *text, int rc)
{
    char got[8];

    assert_int_equal(json_text_read(bytes_of(text), got, sizeof(got), NULL), rc);
}

static void write_escapes_quotes_backslashes_and_controls(void **state)
{
    (void)state;
    assert_written("a \"b\" \\ \n\x1f", "a \\\"b\\\" \\\\ \\u000a\\u001f");
    /* What a terminal would obey, or turn round; U+00A0 is neither. */
    assert_written("\x7f \xc2\x9b \xc2\xa0 \xe2\x80\xae \xe2\x80\xa8",
                   "\\u007f \\u009b \xc2\xa0 \\u202e \\u2028");
}

static void write_keeps_utf8(void **state)
{
    (void)state;
    assert_written("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
                   "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void write_replaces_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    assert_written("\x80", "?");
    assert_written("\xc0\xaf", "??");           /* overlong */
    assert_written("\xed\xa0\x80", "???");      /* a surrogate */
    assert_written("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
    assert_written("a\xe2\x82", "a??");         /* cut */
}

static void read_resolves_every_escape(void **state)
{
    (void)state;
    assert_read("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    assert_read("\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac");
}

static void read_refuses_broken_escapes(void **state)
{
    (void)state;
    assert_read_fails("\\", ARB_EPROTO);
    assert_read_fails("\\x", ARB_EPROTO);
    assert_read_fails("\\u12", ARB_EPROTO);
    assert_read_fails("\\u12g4", ARB_EPROTO);
    assert_read_fails("\\u0000", ARB_EPROTO);
    assert_read_fails("\\ud83d", ARB_EPROTO);
}

static void read_fills_the_buffer_to_the_last_byte(void **state)
{
    char got[4];
    size_t len = 0;

    (void)state;
    assert_int_equal(json_text_read(bytes_of("abc"), got, sizeof(got), &len), ARB_OK);
    assert_int_equal(len, 3);
    assert_int_equal(json_text_read(bytes_of("abcd"), got, sizeof(got), &len), ARB_ELIMIT);
    assert_int_equal(json_text_read(bytes_of("ab\\u00e9"), got, sizeof(got), &len), ARB_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_escapes_quotes_backslashes_and_controls),
        cmocka_unit_test(write_keeps_utf8),
        cmocka_unit_test(write_replaces_bytes_that_are_not_utf8),
        cmocka_unit_test(read_resolves_every_escape),
        cmocka_unit_test(read_refuses_broken_escapes),
        cmocka_unit_test(read_fills_the_buffer_to_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
