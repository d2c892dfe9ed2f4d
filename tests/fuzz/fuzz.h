/*
 * fuzz.h - what every fuzz target has: the entry point that libFuzzer calls, and a way to fail.
 */
#ifndef ARB_FUZZ_H
#define ARB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Says what does not hold and ends the run; libFuzzer keeps the input. */
static inline void fuzz_fail(const char *what, const char *detail)
{
    fprintf(stderr, "fuzz: %s: %s\n", what, detail);
    abort();
}

/* A copy that ends where its memory ends, so that reading past it is noticed. */
static inline struct arb_bytes fuzz_copy(const char *text, size_t len)
{
    char *const data = malloc(len + (len == 0));

    if (data == NULL) {
        exit(EXIT_FAILURE);
    }
    if (len > 0) {
        memcpy(data, text, len);
    }
    return (struct arb_bytes){ data, len };
}

static inline void fuzz_free(struct arb_bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

#endif /* ARB_FUZZ_H */
