/*
 * quote.h - values in quotes: "like this" or 'like this', a mark inside written twice.
 */
#ifndef ARB_QUOTE_H
#define ARB_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "arbspot/types.h"

bool quote_is_mark(char c);

/* The length of the quoted text that `text` begins with, marks included; 0: it is not closed. */
size_t quote_len(struct arb_bytes text);

/* Writes what stands between the marks, terminated; `out` has room for the quoted text. */
void quote_open(struct arb_bytes quoted, char *out);

#endif /* ARB_QUOTE_H */
