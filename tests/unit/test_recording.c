/* Recordings in all formats: what is read, in which order, and what is said of broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "replay/recording.h"

enum { PATH_LEN = 64, DUMP_MAX = 4096 };

static const char cryptofeed[] =
    "configuration: {\"x\": 1}\n"
    "wss://venue/v1 <-> 1618678132.368463\n"
    "wss://venue/v1 <- 1618678132.5: {\"event\":\"subscribe\"}\n"
    "1618678133.25: {\"a\": \"b: c\"}\n"
    "https://venue/book?x=1 -> 1618678134.0: {\"bids\":[]} header: {'Date': 'x'}\n"
    "\n"
    "1618678135.123456789: []\n";

static const char cbcap[] = "CBCAP1 kraken BTC/USD 1000000000000\n"
                            "5000 5\nhello\n"
                            "5007 0\n\n"
                            "6000 9\nwor\nld 1 \n";

/* A file in memory that is read through its path. */
static int memory_file(const char *text, size_t len, char path[PATH_LEN])
{
    const int file = memfd_create("recording", 0);

    assert_true(file >= 0);
    assert_true(write(file, text, len) == (ssize_t)len);
    (void)snprintf(path, PATH_LEN, "/proc/self/fd/%d", file);
    return file;
}

/* Adds a text as if it were a file. */
static int add(struct recording *recording, const char *text, size_t len, struct err *err)
{
    char path[PATH_LEN];
    const int file = memory_file(text, len, path);
    const int rc = recording_add(recording, path, err);

    (void)close(file);
    return rc;
}

static void dump_record(struct arb_text *out, const struct record *record)
{
    static const char *const kinds[] = { "?", "open", "sent", "message", "http" };

    arb_text_add(out, "%lld %s [%.*s] %.*s\n", (long long)record->ns, kinds[record->kind],
                 (int)record->url.len, record->url.len == 0 ? "" : record->url.data,
                 (int)record->data.len, record->data.len == 0 ? "" : record->data.data);
}

static void expect_records(const struct recording *recording, const char *want)
{
    char buffer[DUMP_MAX];
    struct arb_text out = arb_text_over(buffer, sizeof(buffer));

    for (size_t i = 0; i < recording->n; i++) {
        dump_record(&out, &recording->records[i]);
    }
    assert_string_equal(buffer, want);
}

/* What is said of a file, behind its path. */
static void expect_refused(const char *text, int rc, const char *want)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    assert_int_equal(add(&recording, text, strlen(text), &err), rc);
    assert_int_equal(recording.n, 0);
    assert_int_equal(recording.n_files, 0);
    assert_string_equal(err.text + strcspn(err.text, ":"), want);
    recording_fini(&recording);
}

/* -- formats -------------------------------------------------------------------------- */

static void cryptofeed_text_is_read(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, cryptofeed, strlen(cryptofeed), &err), ARB_OK);
    expect_records(&recording,
                   "1618678132368463000 open [wss://venue/v1] \n"
                   "1618678132500000000 sent [wss://venue/v1] {\"event\":\"subscribe\"}\n"
                   "1618678133250000000 message [] {\"a\": \"b: c\"}\n"
                   "1618678134000000000 http [https://venue/book?x=1] {\"bids\":[]}\n"
                   "1618678135123456789 message [] []\n");
    recording_fini(&recording);
}

/* The text with every line end of `from` replaced, and all but these bytes kept. */
static size_t with_cr(const char *from, char *to)
{
    size_t n = 0;

    for (; *from != '\0'; from++) {
        if (*from == '\n') {
            to[n++] = '\r';
        }
        to[n++] = *from;
    }
    return n;
}

/* What a file with the line ends of Windows holds is what the same file with LF holds. */
static void expect_same_with_cr(const char *text)
{
    char crlf[DUMP_MAX], buffer[DUMP_MAX];
    struct recording with = { 0 }, without = { 0 };
    struct arb_text dump = arb_text_over(buffer, sizeof(buffer));
    struct err err = { 0 };
    const size_t len = with_cr(text, crlf);

    assert_int_equal(add(&without, text, strlen(text), &err), ARB_OK);
    for (size_t i = 0; i < without.n; i++) {
        dump_record(&dump, &without.records[i]);
    }
    assert_int_equal(add(&with, crlf, len, &err), ARB_OK);
    expect_records(&with, buffer);
    assert_int_equal(add(&with, crlf, len - 2, &err), ARB_OK); /* the last line lacks its end */
    assert_int_equal(with.n, 2 * without.n);
    recording_fini(&with);
    recording_fini(&without);
}

static void lines_may_end_with_cr_and_lf(void **state)
{
    (void)state;
    expect_same_with_cr(cryptofeed);
    expect_same_with_cr("CBCAP1 kraken BTC/USD 1000000000000\n5000 5\nhello\n5007 0\n\n");
}

static void last_line_needs_no_line_end(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, cryptofeed, strlen(cryptofeed) - 1, &err), ARB_OK);
    assert_int_equal(recording.n, 5);
    recording_fini(&recording);
}

static void cbcap_is_read_on_the_clock_of_its_head(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, cbcap, strlen(cbcap), &err), ARB_OK);
    expect_records(&recording, "1000000000000 message [] hello\n"
                               "1000000000007 message [] \n"
                               "1000000001000 message [] wor\nld 1 \n");
    recording_fini(&recording);
}

static const char bare[] = "{\"a\": \"b: c\"}\n\n[1]\n{}";

static void frames_without_times_come_1_ms_apart(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, bare, strlen(bare), &err), ARB_OK);
    recording_sort(&recording);
    expect_records(&recording, "1000000000 message [] {\"a\": \"b: c\"}\n"
                               "1001000000 message [] [1]\n"
                               "1002000000 message [] {}\n");
    recording_fini(&recording);
}

static void blanks_may_stand_before_frames_without_times(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, "\r\n \t[1] \n", 9, &err), ARB_OK);
    expect_records(&recording, "1000000000 message []  \t[1] \n");
    recording_fini(&recording);
}

static void empty_file_has_no_records(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, "", 0, &err), ARB_OK);
    recording_sort(&recording);
    expect_records(&recording, "");
    recording_fini(&recording);
}

/* -- order ---------------------------------------------------------------------------- */

static void files_are_merged_by_time(void **state)
{
    static const char first[] = "5.0: a\n7.0: b\n7.0: c\n", second[] = "4.0: d\n7.0: e\n6.0: f\n";
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, first, strlen(first), &err), ARB_OK);
    assert_int_equal(add(&recording, second, strlen(second), &err), ARB_OK);
    recording_sort(&recording);
    expect_records(&recording, "4000000000 message [] d\n5000000000 message [] a\n"
                               "6000000000 message [] f\n7000000000 message [] b\n"
                               "7000000000 message [] c\n7000000000 message [] e\n");
    recording_fini(&recording);
}

static void broken_file_leaves_those_before_untouched(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(add(&recording, "5.0: a\n", 7, &err), ARB_OK);
    assert_int_equal(add(&recording, "6.0: b\nbroken\n", 14, &err), ARB_EINVAL);
    expect_records(&recording, "5000000000 message [] a\n");
    recording_fini(&recording);
}

static void expect_not_merged(const char *first, const char *second)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    assert_int_equal(add(&recording, first, strlen(first), &err), ARB_OK);
    assert_int_equal(add(&recording, second, strlen(second), &err), ARB_EINVAL);
    assert_string_equal(err.text + strcspn(err.text, ":"),
                        ": of two recordings one has no times, so that nobody knows which frame "
                        "comes first; give the one alone");
    assert_int_equal(recording.n, 1);
    recording_fini(&recording);
}

static void frames_without_times_are_not_merged(void **state)
{
    (void)state;
    expect_not_merged("{}\n", "{}\n");
    expect_not_merged("{}\n", "5.0: a\n");
    expect_not_merged("5.0: a\n", "{}\n");
}

/* -- broken files --------------------------------------------------------------------- */

static void broken_line_is_named(void **state)
{
    static const char what[] = ":3: neither `TIME: frame` nor `URL <-> TIME`: not a recording that "
                               "this program reads (cryptofeed text, crossbook .cbcap, one JSON "
                               "frame a line)";

    (void)state;
    expect_refused("1.0: a\n\nno time here\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\n-3.0: c\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\n1.0000000001: beyond nanoseconds\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\nwss://x\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\nwss://x <-> soon\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\nhttps://x => 3.0: c\n", ARB_EINVAL, what);
    expect_refused("1.0: a\n2.0: b\nhttps://x -> 3.0 c\n", ARB_EINVAL, what);
}

static void broken_frame_without_time_is_named(void **state)
{
    static const char what[] = ":2: not one whole JSON value; where no times are given, each line "
                               "has to be one frame";

    (void)state;
    expect_refused("{}\npong\n", ARB_EINVAL, what);
    expect_refused("[]\n{\"cut\": [1,\n", ARB_EINVAL, what);
    expect_refused("{}\n{} {}\n", ARB_EINVAL, what);
    expect_refused("{}\n5.0: {}\n", ARB_EINVAL, what);
}

static void what_is_packed_is_refused(void **state)
{
    (void)state;
    expect_refused("\x1f\x8b\x08", ARB_EINVAL, ": packed by gzip; unpack it first (gunzip)");
}

static void broken_cbcap_head_is_told(void **state)
{
    static const char what[] = ":1: a cbcap file starts `CBCAP1 venue symbol unix_ns`";

    (void)state;
    expect_refused("CBCAP1 ", ARB_EINVAL, what);
    expect_refused("CBCAP1 kraken BTC/USD\n", ARB_EINVAL, what);
    expect_refused("CBCAP1 kraken BTC/USD now\n", ARB_EINVAL, what);
    expect_refused("CBCAP1 kraken BTC/USD 99999999999999999999\n", ARB_EINVAL, what);
}

static void broken_cbcap_record_is_named_by_its_byte(void **state)
{
    (void)state;
    expect_refused("CBCAP1 k B 0\n1 1\na\nx 1\nb\n", ARB_EINVAL,
                   ": byte 19: not a `<ns> <length>` record");
    expect_refused("CBCAP1 k B 0\n1 2\na", ARB_EINVAL, ": byte 13: not a `<ns> <length>` record");
    expect_refused("CBCAP1 k B 0\n1 9223372036854775807\na", ARB_EINVAL,
                   ": byte 13: not a `<ns> <length>` record");
}

static void cbcap_frame_must_end_where_its_length_says(void **state)
{
    (void)state;
    expect_refused("CBCAP1 k B 0\n1 1\nab\n2 1\nc\n", ARB_EINVAL,
                   ": byte 13: not a `<ns> <length>` record");
}

static void cbcap_times_that_overflow_are_refused(void **state)
{
    (void)state;
    expect_refused("CBCAP1 k B 9223372036854775807\n1 1\na\n2 1\nb\n", ARB_EINVAL,
                   ": byte 31: not a `<ns> <length>` record");
    /* The year 2100 is the last moment there is. */
    expect_refused("CBCAP1 k B 4102444800000000000\n1 1\na\n2 1\nb\n", ARB_EINVAL,
                   ": byte 37: not a `<ns> <length>` record");
}

static void what_is_not_a_file_is_refused(void **state)
{
    struct recording recording = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(recording_add(&recording, "/nonexistent/file", &err), ARB_EINVAL);
    assert_string_equal(err.text, "/nonexistent/file: No such file or directory");
    assert_int_equal(recording_add(&recording, "/tmp", &err), ARB_EINVAL);
    assert_string_equal(err.text, "/tmp: a folder, not a recording: name its files");
    assert_int_equal(recording_add(&recording, "/dev/null", &err), ARB_EINVAL);
    assert_string_equal(err.text, "/dev/null: not a regular file");
    assert_true(recording_add(&recording, "/", &err) != ARB_OK);
    assert_int_equal(recording.n_files, 0);
    recording_fini(&recording);
}

/* Reads every truncation; memory of exact size lets the sanitizer watch. */
static void truncate_everywhere(const char *text)
{
    for (size_t len = 0; len <= strlen(text); len++) {
        struct recording recording = { 0 };
        struct err err = { 0 };
        const int rc = add(&recording, text, len, &err);
        assert_true(rc == ARB_OK || (rc == ARB_EINVAL && recording.n == 0));
        recording_sort(&recording);
        recording_fini(&recording);
    }
}

static void no_truncation_crashes(void **state)
{
    (void)state;
    truncate_everywhere(cryptofeed);
    truncate_everywhere(cbcap);
    truncate_everywhere(bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cryptofeed_text_is_read),
        cmocka_unit_test(lines_may_end_with_cr_and_lf),
        cmocka_unit_test(last_line_needs_no_line_end),
        cmocka_unit_test(cbcap_is_read_on_the_clock_of_its_head),
        cmocka_unit_test(frames_without_times_come_1_ms_apart),
        cmocka_unit_test(blanks_may_stand_before_frames_without_times),
        cmocka_unit_test(empty_file_has_no_records),
        cmocka_unit_test(files_are_merged_by_time),
        cmocka_unit_test(frames_without_times_are_not_merged),
        cmocka_unit_test(broken_file_leaves_those_before_untouched),
        cmocka_unit_test(broken_line_is_named),
        cmocka_unit_test(broken_frame_without_time_is_named),
        cmocka_unit_test(what_is_packed_is_refused),
        cmocka_unit_test(broken_cbcap_head_is_told),
        cmocka_unit_test(broken_cbcap_record_is_named_by_its_byte),
        cmocka_unit_test(cbcap_frame_must_end_where_its_length_says),
        cmocka_unit_test(cbcap_times_that_overflow_are_refused),
        cmocka_unit_test(what_is_not_a_file_is_refused),
        cmocka_unit_test(no_truncation_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
