/*
 * formats.h - a report as a table for people, as JUnit XML and as JSON for machines.
 */
#ifndef ARB_HARNESS_FORMATS_H
#define ARB_HARNESS_FORMATS_H

#include "results.h"

struct format {
    const char *name;
    /* Writes one result as soon as it is there; NULL: all is written at the end. */
    void (*heard)(FILE *out, const struct result *result);
    void (*end)(FILE *out, const struct results *results);
};

/* NULL: there is no such format. */
const struct format *format_named(const char *name);

extern const struct format format_table, format_junit, format_json;

#endif /* ARB_HARNESS_FORMATS_H */
