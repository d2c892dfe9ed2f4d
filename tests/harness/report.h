/*
 * report.h - what the checks say, line by line, to whoever collects it (results.h).
 *
 * The plugin runs in a process of its own (worker.h), so what is said goes through a pipe: a letter
 * for its kind, then its fields behind tabs. Whatever is harmful in a field is replaced, tabs and
 * line ends among it.
 */
#ifndef ARB_HARNESS_REPORT_H
#define ARB_HARNESS_REPORT_H

#include <stdint.h>
#include <stdio.h>

enum { REPORT_LINE_MAX = 4096 /* bytes of a field; what is longer is cut */ };

enum report_kind {
    REPORT_PASS = 'P',   /* name */
    REPORT_FAIL = 'F',   /* name, why */
    REPORT_SKIP = 'S',   /* name, why */
    REPORT_DETAIL = 'D', /* text: a line of the check whose result comes next */
    REPORT_NOTE = 'N',   /* text: a fact, never a verdict */
    REPORT_TIMES = 'T',  /* callback, numbers: see struct call_times */
    REPORT_END = 'E',    /* all was said */
};

struct report {
    FILE *out; /* line by line: what was said stands there even after a crash */
};

/* How long one callback took, in nanoseconds. */
struct call_times {
    uint64_t n_calls, median_ns, max_ns;
};

/* All are given the name of the check, such as "golden subscribe.script". */
void report_pass(struct report *report, const char *name);
void report_fail(struct report *report, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void report_skip(struct report *report, const char *name, const char *why);

void report_detail(struct report *report, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void report_note(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_times(struct report *report, const char *callback, const struct call_times *times);
void report_end(struct report *report);

#endif /* ARB_HARNESS_REPORT_H */
