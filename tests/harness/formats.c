#include "formats.h"

#include <inttypes.h>
#include <string.h>

/* -- the table ------------------------------------------------------------------------ */

static void table_heard(FILE *out, const struct result *result)
{
    switch (result->kind) {
    case REPORT_PASS:
        (void)fprintf(out, "PASS %s\n", result->name);
        break;
    case REPORT_FAIL:
        (void)fprintf(out, "FAIL %s: %s\n", result->name, result->text);
        break;
    case REPORT_SKIP:
        (void)fprintf(out, "SKIP %s: %s\n", result->name, result->text);
        break;
    case REPORT_DETAIL:
        (void)fprintf(out, "  %s\n", result->text);
        break;
    case REPORT_NOTE:
        (void)fprintf(out, "NOTE %s\n", result->text);
        break;
    case REPORT_TIMES:
        (void)fprintf(
            out, "NOTE %s(): %" PRIu64 " calls, median %" PRIu64 " ns, at most %" PRIu64 " ns\n",
            result->name, result->times.n_calls, result->times.median_ns, result->times.max_ns);
        break;
    case REPORT_END:
        break;
    }
}

static void table_end(FILE *out, const struct results *results)
{
    (void)fprintf(out, "%u passed, %u failed", results->n_passed, results->n_failed);
    if (results->n_skipped > 0) {
        (void)fprintf(out, ", %u skipped", results->n_skipped);
    }
    (void)fputc('\n', out);
}

const struct format format_table = { "table", table_heard, table_end };

/* -- by name -------------------------------------------------------------------------- */

const struct format *format_named(const char *name)
{
    static const struct format *const formats[] = { &format_table, &format_junit, &format_json };

    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}
