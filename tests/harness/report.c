#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/harmless.h"

void report_pass(struct report *report, const char *name)
{
    report->n_passed++;
    harmless_line(stdout, "PASS %s", name);
}

void report_fail(struct report *report, const char *name, const char *fmt, ...)
{
    va_list args;

    report->n_failed++;
    (void)printf("FAIL %s: ", name);
    va_start(args, fmt);
    harmless_vline(stdout, fmt, args);
    va_end(args);
}

bool report_end(const struct report *report)
{
    (void)printf("%u passed, %u failed\n", report->n_passed, report->n_failed);
    return report->n_failed == 0;
}
