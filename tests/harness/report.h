/*
 * report.h - one line per check, and the count at the end.
 */
#ifndef ARB_HARNESS_REPORT_H
#define ARB_HARNESS_REPORT_H

#include <stdbool.h>

/* Zeroed memory is ready. */
struct report {
    unsigned n_passed, n_failed;
};

/* Both are given the name of the check, such as "golden subscribe.script". */
void report_pass(struct report *report, const char *name);
void report_fail(struct report *report, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints "N passed, N failed"; true when nothing failed. */
bool report_end(const struct report *report);

#endif /* ARB_HARNESS_REPORT_H */
