/*
 * report.h - what was proven and measured, as a table for people or one JSON object.
 *
 * A table appears line by line as the figures come in; the JSON object is written as it goes,
 * too, and is whole after report_end().
 */
#ifndef ARB_BENCH_REPORT_H
#define ARB_BENCH_REPORT_H

#include <stdio.h>

#include "detection.h"
#include "latency.h"
#include "steps.h"

enum { REPORT_AIMS_MAX = 64 };

/* A figure that ought to be at most so much. */
struct aim {
    char what[96];
    double value, limit;
};

/* Of the JSON object, in order; each is there, if empty. */
enum report_list { LIST_DATASETS = 0, LIST_PATHS, LIST_DETECTION, LIST_AIMS };

struct report {
    FILE *out;
    bool is_json;
    unsigned n_datasets, n_paths;
    enum report_list list; /* of the JSON object: which one is open */
    struct aim aims[REPORT_AIMS_MAX];
    unsigned n_aims;
};

void report_begin(struct report *report);

/* What a data set showed before anything was timed. */
void report_proof(struct report *report, const struct dataset_spec *spec,
                  const struct proof *proof);

/* The figures of the data set proven last. */
void report_steps(struct report *report, const struct steps_result *result);

/* A way through the program, and the same way with libraries alone. */
struct path_figures {
    const char *name; /* "kafka" */
    const char *what; /* what is measured, and what it is measured against */
    struct quantiles ours, bare;
    struct quantiles inside; /* the part of ours from the host's receive time on; n 0: not known */
};
void report_path(struct report *report, const struct path_figures *figures);

/* What looking for opportunities costs, and how that grows. */
void report_detection(struct report *report, const struct detection *detection);

/* Says at the end whether `value` is at most `limit`. */
void report_aim(struct report *report, double value, double limit, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

void report_end(struct report *report);

#endif /* ARB_BENCH_REPORT_H */
