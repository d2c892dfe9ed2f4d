/* test_expand.c - what written values stand for, and that no message repeats what may be secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/expand.h"

enum { TEXT_MAX = 1024 };

/* A folder with files for the values that name one. */
static char folder[] = "/tmp/arbspot-expand-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *data, size_t len)
{
    FILE *const file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void put(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* "[text]", behind its origin if it has one, or the error; the folder is written as DIR. */
static const char *expanded(const char *raw)
{
    static char out[TEXT_MAX];
    char place_of_folder[sizeof(folder) + 1];
    struct pool *const pool = pool_create();
    const struct expand_place place = { .pool = pool, .folder = place_of_folder };
    struct expanded value;
    struct err err = { .rc = ARB_OK };

    assert_non_null(pool);
    (void)snprintf(place_of_folder, sizeof(place_of_folder), "%s/", folder);
    if (expand(&place, raw, &value, &err) == ARB_OK) {
        (void)snprintf(out, sizeof(out), "%s[%s]", value.origin == NULL ? "" : value.origin,
                       value.text);
    } else {
        const char *const at = strstr(err.text, folder);
        (void)snprintf(out, sizeof(out), "%.*s%s%s", at == NULL ? TEXT_MAX : (int)(at - err.text),
                       err.text, at == NULL ? "" : "DIR", at == NULL ? "" : at + strlen(folder));
    }
    pool_destroy(pool);
    return out;
}

static void plain_text_stands_for_itself(void **state)
{
    (void)state;
    assert_string_equal(expanded("wss://h:1/a?b=c"), "[wss://h:1/a?b=c]");
    assert_string_equal(expanded("a 'quote' and \"another\""), "[a 'quote' and \"another\"]");
    assert_string_equal(expanded("me@home"), "[me@home]");
}

static void quotes_are_taken_off(void **state)
{
    (void)state;
    assert_string_equal(expanded("\" a ; # b \""), "[ a ; # b ]");
    assert_string_equal(expanded("'#S3cret'"), "[#S3cret]");
    assert_string_equal(expanded("\"say \"\"so\"\" 'now'\""), "[say \"so\" 'now']");
    assert_string_equal(expanded("'it''s \"it\"'"), "[it's \"it\"]");
    assert_string_equal(expanded("\"\""), "[]");
    assert_string_equal(expanded("'@file'"), "[@file]");
    assert_string_equal(expanded("\"@file\""), "[@file]");
    assert_string_equal(expanded("\"a\\n\""), "[a\\n]");
}

static void broken_quotes_are_refused(void **state)
{
    static const char wanted[] =
        "text behind the closing quote, or none: a quoted value has one line";

    (void)state;
    assert_string_equal(expanded("\"a"), wanted);
    assert_string_equal(expanded("\""), wanted);
    assert_string_equal(expanded("\"a\" b"), wanted);
    assert_string_equal(expanded("\"a\"\""), wanted);
    assert_string_equal(expanded("'a\""), wanted);
}

static void environment_is_put_in(void **state)
{
    (void)state;
    assert_int_equal(setenv("EXPAND_A", "one", 1), 0);
    assert_int_equal(setenv("EXPAND_B2", " t;#wo ", 1), 0);
    assert_string_equal(expanded("${EXPAND_A}"), "what ${EXPAND_A} gives[one]");
    assert_string_equal(expanded("${EXPAND_B2}"), "what ${EXPAND_B2} gives[ t;#wo ]");
    assert_string_equal(expanded("a${EXPAND_B2}b${EXPAND_A}c"),
                        "what ${EXPAND_B2} gives[a t;#wo bonec]");
    assert_string_equal(expanded("\"x ${EXPAND_A} \""), "what ${EXPAND_A} gives[x one ]");
    assert_string_equal(expanded("'${EXPAND_A}'"), "[${EXPAND_A}]");
}

static void a_dollar_is_mostly_itself(void **state)
{
    (void)state;
    assert_int_equal(setenv("EXPAND_A", "one", 1), 0);
    assert_string_equal(expanded("$"), "[$]");
    assert_string_equal(expanded("pa$$word$EXPAND_A$"), "[pa$$word$EXPAND_A$]");
    assert_string_equal(expanded("$${EXPAND_A}"), "[${EXPAND_A}]");
    assert_string_equal(expanded("$$${EXPAND_A}"), "[$${EXPAND_A}]");
    assert_string_equal(expanded("\"$${\""), "[${]");
}

static void nothing_is_put_in_twice(void **state)
{
    (void)state;
    assert_int_equal(setenv("EXPAND_A", "${EXPAND_C}", 1), 0);
    assert_int_equal(setenv("EXPAND_C", "never", 1), 0);
    assert_int_equal(setenv("EXPAND_AT", "@file", 1), 0);
    assert_int_equal(setenv("EXPAND_QUOTED", "\"a\"", 1), 0);
    put("dollar", "${EXPAND_C}\n");
    assert_string_equal(expanded("${EXPAND_A}"), "what ${EXPAND_A} gives[${EXPAND_C}]");
    assert_string_equal(expanded("${EXPAND_AT}"), "what ${EXPAND_AT} gives[@file]");
    assert_string_equal(expanded("${EXPAND_QUOTED}"), "what ${EXPAND_QUOTED} gives[\"a\"]");
    assert_string_equal(expanded("@dollar"), "what @dollar holds[${EXPAND_C}]");
}

static void what_the_environment_lacks_is_named(void **state)
{
    static const char bad_name[] = "between ${ and } stands the name of a variable, letters, "
                                   "digits and '_': write $${ where ${ is meant as it stands";

    (void)state;
    assert_int_equal(unsetenv("EXPAND_NONE"), 0);
    assert_int_equal(setenv("EXPAND_EMPTY", "", 1), 0);
    assert_int_equal(setenv("EXPAND_LINES", "geheim\n", 1), 0);
    assert_string_equal(
        expanded("${EXPAND_NONE}"),
        "${EXPAND_NONE} is not set: the environment of arbspot has no such variable");
    assert_string_equal(
        expanded("a${EXPAND_EMPTY}"),
        "${EXPAND_EMPTY} is empty: the environment of arbspot has it without a value");
    assert_string_equal(
        expanded("${EXPAND_LINES}"),
        "what ${EXPAND_LINES} gives has a line break or another control character in it");
    assert_string_equal(expanded("${EXPAND_A"),
                        "a '${' without its '}': close it, or write $${ for ${");
    assert_string_equal(expanded("${}"), bad_name);
    assert_string_equal(expanded("${1A}"), bad_name);
    assert_string_equal(expanded("${A-B}"), bad_name);
}

static void names_of_variables_have_a_limit(void **state)
{
    char name[66], raw[80], wanted[160];

    (void)state;
    memset(name, 'A', sizeof(name));
    name[64] = '\0';
    assert_int_equal(setenv(name, "x", 1), 0);
    (void)snprintf(raw, sizeof(raw), "${%s}", name);
    (void)snprintf(wanted, sizeof(wanted), "what ${%s} gives[x]", name);
    assert_string_equal(expanded(raw), wanted);
    name[64] = 'A';
    name[65] = '\0';
    (void)snprintf(raw, sizeof(raw), "${%s}", name);
    assert_string_equal(expanded(raw), "the name of a variable has at most 64 bytes");
}

static void files_are_read(void **state)
{
    char absolute[300];

    (void)state;
    put("secret", " s;#3 \n");
    put("bare", "x");
    put("dos", "x\r\n");
    put("with blank", "y\n");
    put("pem", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n");
    (void)snprintf(absolute, sizeof(absolute), "@%s", path_of("bare"));
    assert_string_equal(expanded("@secret"), "what @secret holds[ s;#3 ]");
    assert_string_equal(expanded("@bare"), "what @bare holds[x]");
    assert_string_equal(expanded("@dos"), "what @dos holds[x]");
    assert_string_equal(expanded("@with blank"), "what @with blank holds[y]");
    assert_string_equal(expanded("@pem"),
                        "what @pem holds[-----BEGIN KEY-----\nabc\n-----END KEY-----]");
    assert_non_null(strstr(expanded(absolute), "/bare holds[x]"));
    assert_int_equal(setenv("EXPAND_DIR", folder, 1), 0);
    assert_string_equal(expanded("@${EXPAND_DIR}/bare"), "what @${EXPAND_DIR}/bare holds[x]");
}

static void files_that_hold_no_value_are_refused(void **state)
{
    static const char lines[] = "the file DIR/lines has more than one line, or a control "
                                "character: a value is one line, or a certificate or key in PEM";

    (void)state;
    put("empty", "");
    put("newline", "\n");
    write_file("nul", "a\0b", 3);
    put("lines", "geheim\n\n");
    assert_int_equal(mkdir(path_of("folder"), 0700), 0);
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    assert_string_equal(expanded("@empty"),
                        "the file DIR/empty is empty: its first line is to be the value");
    assert_string_equal(expanded("@newline"),
                        "the file DIR/newline is empty: its first line is to be the value");
    assert_string_equal(expanded("@nul"),
                        "the file DIR/nul has a NUL byte in it: it is not a text");
    assert_string_equal(expanded("@lines"), lines);
    assert_string_equal(expanded("@folder"),
                        "the file DIR/folder is a folder or a device: name a file");
    assert_string_equal(expanded("@pipe"),
                        "the file DIR/pipe is a folder or a device: name a file");
    assert_string_equal(expanded("@none"),
                        "the file DIR/none cannot be read: No such file or directory; a value that "
                        "begins with '@' and means no file is put in quotes");
    assert_string_equal(expanded("@"), "'@' is followed by the name of a file: put the value in "
                                       "quotes if that is not meant");
}

static void files_have_a_limit(void **state)
{
    char *const data = malloc(EXPAND_FILE_MAX + 1);

    (void)state;
    assert_non_null(data);
    memset(data, 'a', EXPAND_FILE_MAX + 1);
    write_file("large", data, EXPAND_FILE_MAX);
    assert_non_null(strstr(expanded("@large"), "what @large holds[aaa"));
    write_file("large", data, EXPAND_FILE_MAX + 1);
    assert_string_equal(expanded("@large"),
                        "the file DIR/large is larger than 65536 bytes: is this the right one?");
    free(data);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {
        "dollar", "secret",  "bare", "dos",   "with blank", "pem",
        "empty",  "newline", "nul",  "lines", "pipe",       "large"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        (void)unlink(path_of(names[i])); /* a test that failed left some out */
    }
    (void)rmdir(path_of("folder"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stands_for_itself),
        cmocka_unit_test(quotes_are_taken_off),
        cmocka_unit_test(broken_quotes_are_refused),
        cmocka_unit_test(environment_is_put_in),
        cmocka_unit_test(a_dollar_is_mostly_itself),
        cmocka_unit_test(nothing_is_put_in_twice),
        cmocka_unit_test(what_the_environment_lacks_is_named),
        cmocka_unit_test(names_of_variables_have_a_limit),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(files_that_hold_no_value_are_refused),
        cmocka_unit_test(files_have_a_limit),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
