/*
 * scales_share.h - what the exchanges of one host know of digits, where each is a process of its
 * own.
 *
 * Scales follow from the catalogs of all exchanges that want a symbol. In one process they are told
 * to one table; apart, each writes what its own catalog says into a file of a folder that they
 * share, one line `BTC/USD 1 8` per symbol, and reads those of the others.
 */
#ifndef ARB_SCALES_SHARE_H
#define ARB_SCALES_SHARE_H

#include <stdbool.h>
#include <stdio.h>

#include "arbspot/types.h"
#include "session/scale_pair.h"
#include "util/err.h"

/* A file that the others see once it is closed: never half of one. */
struct scales_share {
    FILE *out;
    char path[256], partial[264];
};

int scales_share_begin(struct scales_share *share, const char *dir, const char *exchange,
                       struct err *err);
void scales_share_add(struct scales_share *share, const char *symbol, struct scale_pair digits);
int scales_share_end(struct scales_share *share, struct err *err);

/* The file of another exchange, or NULL as long as there is none. Close it by fclose(). */
FILE *scales_share_open(const char *dir, const char *exchange);

/* Its next line; false at the end, or at what is no line of ours. */
bool scales_share_next(FILE *in, char symbol[ARB_SYMBOL_MAX], struct scale_pair *digits);

#endif /* ARB_SCALES_SHARE_H */
