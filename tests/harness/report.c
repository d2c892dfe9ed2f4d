#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void report_pass(struct report *report, const char *name)
{
    report->n_passed++;
    (void)printf("PASS %s\n", name);
}

void report_fail(struct report *report, const char *name, const char *fmt, ...)
{
    va_list args;

    report->n_failed++;
    (void)printf("FAIL %s: ", name);
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

bool report_end(const struct report *report)
{
    (void)printf("%u passed, %u failed\n", report->n_passed, report->n_failed);
    return report->n_failed == 0;
}
