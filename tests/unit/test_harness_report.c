/* The harness's report: what is said goes through a pipe and comes out in three formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats.h"
#include "times.h"

/* What a plugin's author may write into any text: quotes, markup, control characters, no UTF-8. */
#define HOSTILE "a\"b'<&>\\\t\n\x1b[2J\x7f\xff\xc2\x85\xef\xbf\xbf\xe2\x82\xac"

static void say_all(struct report *report)
{
    static const struct call_times times = { .n_calls = 3, .median_ns = 20, .max_ns = 30 };

    report_pass(report, "one");
    report_note(report, "a note of %s", HOSTILE);
    report_detail(report, "- %s", HOSTILE);
    report_detail(report, "+ got");
    report_fail(report, "two " HOSTILE, "differs: %s", HOSTILE);
    report_skip(report, "three", "nothing to try");
    report_times(report, "on_message", &times);
    report_end(report);
}

/* What `say` said, collected; the caller frees it. */
static struct results heard(void (*say)(struct report *report))
{
    struct results results = { .plugin = "a<b>\"" };
    char *text = NULL;
    size_t len = 0;
    struct report report = { .out = open_memstream(&text, &len) };

    say(&report);
    assert_int_equal(fclose(report.out), 0);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
        assert_true(results_take(&results, strdup(line)));
    }
    free(text);
    return results;
}

static void expect(const struct format *format, void (*say)(struct report *report),
                   const char *want)
{
    struct results results = heard(say);
    char *got = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&got, &len);

    for (size_t i = 0; format->heard != NULL && i < results.n; i++) {
        format->heard(out, &results.list[i]);
    }
    format->end(out, &results);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(got, want);
    free(got);
    results_fini(&results);
}

#define HARMLESS "a\"b'<&>\\???[2J???\xef\xbf\xbf\xe2\x82\xac"

static void table_has_one_line_for_each(void **state)
{
    (void)state;
    expect(&format_table, say_all,
           "PASS one\n"
           "NOTE a note of " HARMLESS "\n"
           "  - " HARMLESS "\n"
           "  + got\n"
           "FAIL two " HARMLESS ": differs: " HARMLESS "\n"
           "SKIP three: nothing to try\n"
           "NOTE on_message(): 3 calls, median 20 ns, at most 30 ns\n"
           "1 passed, 1 failed, 1 skipped\n");
}

#define IN_XML "a&quot;b'&lt;&amp;&gt;\\???[2J????\xe2\x82\xac"

static void junit_escapes_what_xml_cannot_hold(void **state)
{
    (void)state;
    expect(&format_junit, say_all,
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<testsuites>\n"
           "  <testsuite name=\"a&lt;b&gt;&quot;\" tests=\"3\" failures=\"1\" errors=\"0\" "
           "skipped=\"1\">\n"
           "    <properties>\n"
           "      <property name=\"on_message.calls\" value=\"3\"/>\n"
           "      <property name=\"on_message.median_ns\" value=\"20\"/>\n"
           "      <property name=\"on_message.max_ns\" value=\"30\"/>\n"
           "    </properties>\n"
           "    <testcase classname=\"a&lt;b&gt;&quot;\" name=\"one\"/>\n"
           "    <testcase classname=\"a&lt;b&gt;&quot;\" name=\"two " IN_XML "\">\n"
           "      <failure message=\"differs: " IN_XML "\">- " IN_XML "\n"
           "+ got\n"
           "</failure>\n"
           "    </testcase>\n"
           "    <testcase classname=\"a&lt;b&gt;&quot;\" name=\"three\">\n"
           "      <skipped message=\"nothing to try\"/>\n"
           "    </testcase>\n"
           "    <system-out>a note of " IN_XML "\n"
           "</system-out>\n"
           "  </testsuite>\n"
           "</testsuites>\n");
}

#define IN_JSON "a\\\"b'<&>\\\\???[2J???\xef\xbf\xbf\xe2\x82\xac"

static void json_is_one_object(void **state)
{
    (void)state;
    expect(&format_json, say_all,
           "{\n"
           "  \"plugin\": \"a<b>\\\"\",\n"
           "  \"passed\": 1,\n"
           "  \"failed\": 1,\n"
           "  \"skipped\": 1,\n"
           "  \"checks\": [\n"
           "    {\"name\": \"one\", \"result\": \"pass\"},\n"
           "    {\"name\": \"two " IN_JSON "\", \"result\": \"fail\", \"text\": "
           "\"differs: " IN_JSON "\", \"details\": [\"- " IN_JSON "\", \"+ got\"]},\n"
           "    {\"name\": \"three\", \"result\": \"skip\", \"text\": \"nothing to try\"}],\n"
           "  \"notes\": [\n"
           "    \"a note of " IN_JSON "\"],\n"
           "  \"callbacks\": [\n"
           "    {\"name\": \"on_message\", \"calls\": 3, \"median_ns\": 20, \"max_ns\": 30}]\n"
           "}\n");
}

static void say_nothing(struct report *report)
{
    report_end(report);
}

static void nothing_is_told_in_every_format(void **state)
{
    (void)state;
    expect(&format_table, say_nothing, "0 passed, 0 failed\n");
    expect(&format_json, say_nothing,
           "{\n  \"plugin\": \"a<b>\\\"\",\n  \"passed\": 0,\n  \"failed\": 0,\n"
           "  \"skipped\": 0,\n  \"checks\": [],\n  \"notes\": [],\n  \"callbacks\": []\n}\n");
}

static void what_is_no_line_of_a_report_is_refused(void **state)
{
    struct results results = { 0 };

    (void)state;
    assert_false(results_take(&results, strdup("")));
    assert_false(results_take(&results, strdup("X\tname")));
    assert_false(results_take(&results, strdup("PASS name")));
    assert_false(results_take(&results, strdup("T\ton_message\t1 2")));
    assert_int_equal(results.n, 0);
    results_fini(&results);
}

/* -- times ---------------------------------------------------------------------------- */

static struct result *only_times(struct results *results)
{
    return results->n == 2 && results->list[0].kind == REPORT_TIMES ? &results->list[0] : NULL;
}

static void say_odd(struct report *report)
{
    struct times times = { 0 };

    times_add(&times, TIMES_ON_TIMER, 30);
    times_add(&times, TIMES_ON_TIMER, 10);
    times_add(&times, TIMES_ON_TIMER, 20);
    times_tell(&times, report);
    times_fini(&times);
    report_end(report);
}

static void say_even_and_extreme(struct report *report)
{
    struct times times = { 0 };

    times_add(&times, TIMES_FINI, INT64_MAX);
    times_add(&times, TIMES_FINI, -1);
    times_tell(&times, report);
    times_fini(&times);
    report_end(report);
}

static void median_is_the_one_in_the_middle(void **state)
{
    struct results odd = heard(say_odd), even = heard(say_even_and_extreme);

    (void)state;
    assert_non_null(only_times(&odd));
    assert_string_equal(only_times(&odd)->text, "3 20 30");
    assert_string_equal(only_times(&odd)->name, "on_timer");
    assert_non_null(only_times(&even));
    assert_string_equal(only_times(&even)->text, "2 0 9223372036854775807");
    results_fini(&odd);
    results_fini(&even);
}

enum { MANY = 5000 }; /* more than the first room for times */

static void say_many(struct report *report)
{
    struct times times = { 0 };

    for (int64_t i = 1; i <= MANY; i++) {
        times_add(&times, TIMES_ASK, i);
    }
    times_tell(&times, report);
    times_fini(&times);
    report_end(report);
}

static void room_for_times_grows(void **state)
{
    struct results many = heard(say_many);

    (void)state;
    assert_non_null(only_times(&many));
    assert_string_equal(only_times(&many)->text, "5000 2500 5000");
    results_fini(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_one_line_for_each),
        cmocka_unit_test(junit_escapes_what_xml_cannot_hold),
        cmocka_unit_test(json_is_one_object),
        cmocka_unit_test(nothing_is_told_in_every_format),
        cmocka_unit_test(what_is_no_line_of_a_report_is_refused),
        cmocka_unit_test(median_is_the_one_in_the_middle),
        cmocka_unit_test(room_for_times_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
