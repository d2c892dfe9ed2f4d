/*
 * results.h - what the checks said (report.h), collected.
 */
#ifndef ARB_HARNESS_RESULTS_H
#define ARB_HARNESS_RESULTS_H

#include <stdbool.h>

#include "report.h"

struct result {
    enum report_kind kind;
    char *line;       /* what the texts point into */
    const char *name; /* of the check or the callback; "" where there is none */
    const char *text; /* why, or what; "" where there is none */
    struct call_times times;
};

/* Zeroed memory is ready. */
struct results {
    const char *plugin; /* borrowed */
    struct result *list;
    size_t n, cap;
    unsigned n_passed, n_failed, n_skipped;
    bool has_end; /* all was said */
};

/* Takes `line`, which free() frees, without its end. False: no memory, or no line of a report. */
bool results_take(struct results *results, char *line);
/* Adds a failure that no check reported itself. */
bool results_fail(struct results *results, const char *name, const char *why);
void results_fini(struct results *results);

/* True for the result of a check: passed, failed or skipped. */
bool result_is_check(const struct result *result);
/* The first of the details right before a check, or `i` itself. */
size_t results_first_detail(const struct results *results, size_t i);

#endif /* ARB_HARNESS_RESULTS_H */
