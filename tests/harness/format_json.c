/*
 * JSON: one object with the checks, the notes and the times of the callbacks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "util/json_text.h"

static void put_string(FILE *out, const char *text)
{
    const size_t len = strlen(text);
    char *const escaped = malloc(len * JSON_TEXT_GROWTH + 1);

    (void)fputc('"', out);
    if (escaped != NULL) {
        const char *const end = json_text_write(escaped, (struct arb_bytes){ text, len });
        (void)fwrite(escaped, 1, (size_t)(end - escaped), out);
    }
    (void)fputc('"', out);
    free(escaped);
}

/* What stands before the next member of a list. */
static void put_comma(FILE *out, bool *is_first)
{
    (void)fputs(*is_first ? "\n    " : ",\n    ", out);
    *is_first = false;
}

static void put_details(FILE *out, const struct results *results, size_t i)
{
    const size_t first = results_first_detail(results, i);

    (void)fputs(", \"details\": [", out);
    for (size_t k = first; k < i; k++) {
        (void)fputs(k == first ? "" : ", ", out);
        put_string(out, results->list[k].text);
    }
    (void)fputc(']', out);
}

static const char *outcome_name(enum report_kind kind)
{
    return kind == REPORT_PASS ? "pass" : kind == REPORT_FAIL ? "fail" : "skip";
}

static void put_check(FILE *out, const struct results *results, size_t i)
{
    const struct result *const check = &results->list[i];

    (void)fputs("{\"name\": ", out);
    put_string(out, check->name);
    (void)fprintf(out, ", \"result\": \"%s\"", outcome_name(check->kind));
    if (check->kind != REPORT_PASS) {
        (void)fputs(", \"text\": ", out);
        put_string(out, check->text);
    }
    if (check->kind == REPORT_FAIL) {
        put_details(out, results, i);
    }
    (void)fputc('}', out);
}

static void put_times(FILE *out, const struct result *result)
{
    (void)fputs("{\"name\": ", out);
    put_string(out, result->name);
    (void)fprintf(out,
                  ", \"calls\": %" PRIu64 ", \"median_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64 "}",
                  result->times.n_calls, result->times.median_ns, result->times.max_ns);
}

static void put_checks(FILE *out, const struct results *results)
{
    bool is_first = true;

    (void)fputs("  \"checks\": [", out);
    for (size_t i = 0; i < results->n; i++) {
        if (result_is_check(&results->list[i])) {
            put_comma(out, &is_first);
            put_check(out, results, i);
        }
    }
    (void)fputs("],\n", out);
}

static void put_notes(FILE *out, const struct results *results)
{
    bool is_first = true;

    (void)fputs("  \"notes\": [", out);
    for (size_t i = 0; i < results->n; i++) {
        if (results->list[i].kind == REPORT_NOTE) {
            put_comma(out, &is_first);
            put_string(out, results->list[i].text);
        }
    }
    (void)fputs("],\n", out);
}

static void put_callbacks(FILE *out, const struct results *results)
{
    bool is_first = true;

    (void)fputs("  \"callbacks\": [", out);
    for (size_t i = 0; i < results->n; i++) {
        if (results->list[i].kind == REPORT_TIMES) {
            put_comma(out, &is_first);
            put_times(out, &results->list[i]);
        }
    }
    (void)fputs("]\n", out);
}

static void json_end(FILE *out, const struct results *results)
{
    (void)fputs("{\n  \"plugin\": ", out);
    put_string(out, results->plugin);
    (void)fprintf(out, ",\n  \"passed\": %u,\n  \"failed\": %u,\n  \"skipped\": %u,\n",
                  results->n_passed, results->n_failed, results->n_skipped);
    put_checks(out, results);
    put_notes(out, results);
    put_callbacks(out, results);
    (void)fputs("}\n", out);
}

const struct format format_json = { "json", NULL, json_end };
