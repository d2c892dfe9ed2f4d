/*
 * file.h - whole files in memory.
 */
#ifndef ARB_HARNESS_FILE_H
#define ARB_HARNESS_FILE_H

#include "arbspot/types.h"
#include "util/err.h"

/* Reads a file of at most `max` bytes; the caller frees `*data`, which is terminated. */
int file_read(const char *path, size_t max, char **data, size_t *len, struct err *err);

/* Replaces a file; where it cannot be written whole, the one that was there stays. */
int file_write(const char *path, struct arb_bytes data, struct err *err);

#endif /* ARB_HARNESS_FILE_H */
