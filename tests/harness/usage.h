/*
 * usage.h - what `--help` prints.
 */
#ifndef ARB_HARNESS_USAGE_H
#define ARB_HARNESS_USAGE_H

extern const char usage_text[];

#endif /* ARB_HARNESS_USAGE_H */
