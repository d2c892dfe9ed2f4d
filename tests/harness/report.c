#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "util/harmless.h"

static void put_field(struct report *report, char before, const char *fmt, va_list args)
{
    char text[REPORT_LINE_MAX];
    const int len = vsnprintf(text, sizeof(text), fmt, args);

    (void)fputc(before, report->out);
    if (len > 0) {
        const size_t n = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
        (void)fwrite(text, 1, harmless_make(text, n), report->out); /* a gap would show as no end */
    }
}

__attribute__((format(printf, 2, 3))) static void put(struct report *report, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    put_field(report, '\t', fmt, args);
    va_end(args);
}

static void begin(struct report *report, enum report_kind kind)
{
    (void)fputc((char)kind, report->out);
}

static void end(struct report *report)
{
    (void)fputc('\n', report->out);
}

void report_pass(struct report *report, const char *name)
{
    begin(report, REPORT_PASS);
    put(report, "%s", name);
    end(report);
}

void report_fail(struct report *report, const char *name, const char *fmt, ...)
{
    va_list args;

    begin(report, REPORT_FAIL);
    put(report, "%s", name);
    va_start(args, fmt);
    put_field(report, '\t', fmt, args);
    va_end(args);
    end(report);
}

void report_skip(struct report *report, const char *name, const char *why)
{
    begin(report, REPORT_SKIP);
    put(report, "%s", name);
    put(report, "%s", why);
    end(report);
}

void report_detail(struct report *report, const char *fmt, ...)
{
    va_list args;

    begin(report, REPORT_DETAIL);
    va_start(args, fmt);
    put_field(report, '\t', fmt, args);
    va_end(args);
    end(report);
}

void report_note(struct report *report, const char *fmt, ...)
{
    va_list args;

    begin(report, REPORT_NOTE);
    va_start(args, fmt);
    put_field(report, '\t', fmt, args);
    va_end(args);
    end(report);
}

void report_times(struct report *report, const char *callback, const struct call_times *times)
{
    begin(report, REPORT_TIMES);
    put(report, "%s", callback);
    put(report, "%" PRIu64 " %" PRIu64 " %" PRIu64, times->n_calls, times->median_ns,
        times->max_ns);
    end(report);
}

void report_end(struct report *report)
{
    begin(report, REPORT_END);
    end(report);
}
