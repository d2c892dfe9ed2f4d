/*
 * JUnit XML: one suite, a test case for each check. What is no check is a property or stands in
 * the text of the suite.
 */
#include <inttypes.h>
#include <string.h>

#include "formats.h"
#include "util/harmless.h"

/* XML has no way to write some characters, not even escaped. */
static bool is_for_xml(uint32_t code)
{
    return !harmless_is_not(code) && code != 0xfffe && code != 0xffff;
}

static void put_char(FILE *out, const char *at, struct harmless_char c)
{
    switch (c.code) {
    case '&':
        (void)fputs("&amp;", out);
        break;
    case '<':
        (void)fputs("&lt;", out);
        break;
    case '>':
        (void)fputs("&gt;", out);
        break;
    case '"':
        (void)fputs("&quot;", out);
        break;
    default:
        (void)fwrite(at, 1, c.len, out);
    }
}

static void put_text(FILE *out, const char *text)
{
    struct arb_bytes rest = { text, strlen(text) };

    while (rest.len > 0) {
        const struct harmless_char c = harmless_next(rest);
        const size_t len = c.len == 0 ? 1 : c.len;
        if (c.len == 0 || !is_for_xml(c.code)) {
            (void)fputc('?', out);
        } else {
            put_char(out, rest.data, c);
        }
        rest.data += len;
        rest.len -= len;
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, " %s=\"", name);
    put_text(out, text);
    (void)fputc('"', out);
}

static void put_property(FILE *out, const char *callback, const char *what, uint64_t value)
{
    (void)fputs("      <property name=\"", out);
    put_text(out, callback);
    (void)fprintf(out, ".%s\" value=\"%" PRIu64 "\"/>\n", what, value);
}

static void put_properties(FILE *out, const struct results *results)
{
    (void)fputs("    <properties>\n", out);
    for (size_t i = 0; i < results->n; i++) {
        const struct result *const result = &results->list[i];
        if (result->kind == REPORT_TIMES) {
            put_property(out, result->name, "calls", result->times.n_calls);
            put_property(out, result->name, "median_ns", result->times.median_ns);
            put_property(out, result->name, "max_ns", result->times.max_ns);
        }
    }
    (void)fputs("    </properties>\n", out);
}

static void put_outcome(FILE *out, const struct results *results, size_t i)
{
    const struct result *const check = &results->list[i];

    (void)fputs(check->kind == REPORT_FAIL ? "      <failure" : "      <skipped", out);
    put_attribute(out, "message", check->text);
    if (check->kind != REPORT_FAIL) {
        (void)fputs("/>\n", out);
        return;
    }
    (void)fputc('>', out);
    for (size_t k = results_first_detail(results, i); k < i; k++) {
        put_text(out, results->list[k].text);
        (void)fputc('\n', out);
    }
    (void)fputs("</failure>\n", out);
}

static void put_case(FILE *out, const struct results *results, size_t i)
{
    const struct result *const check = &results->list[i];

    (void)fputs("    <testcase", out);
    put_attribute(out, "classname", results->plugin);
    put_attribute(out, "name", check->name);
    if (check->kind == REPORT_PASS) {
        (void)fputs("/>\n", out);
        return;
    }
    (void)fputs(">\n", out);
    put_outcome(out, results, i);
    (void)fputs("    </testcase>\n", out);
}

static void put_notes(FILE *out, const struct results *results)
{
    (void)fputs("    <system-out>", out);
    for (size_t i = 0; i < results->n; i++) {
        if (results->list[i].kind == REPORT_NOTE) {
            put_text(out, results->list[i].text);
            (void)fputc('\n', out);
        }
    }
    (void)fputs("</system-out>\n", out);
}

static void junit_end(FILE *out, const struct results *results)
{
    const unsigned n = results->n_passed + results->n_failed + results->n_skipped;

    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", out);
    put_attribute(out, "name", results->plugin);
    (void)fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n", n,
                  results->n_failed, results->n_skipped);
    put_properties(out, results);
    for (size_t i = 0; i < results->n; i++) {
        if (result_is_check(&results->list[i])) {
            put_case(out, results, i);
        }
    }
    put_notes(out, results);
    (void)fputs("  </testsuite>\n</testsuites>\n", out);
}

const struct format format_junit = { "junit", NULL, junit_end };
