/*
 * matrix_text.h - the latest spread matrix of each instrument, and how people are shown one.
 */
#ifndef ARB_MATRIX_TEXT_H
#define ARB_MATRIX_TEXT_H

#include <stdio.h>

#include "wire/matrix.h"

enum { MATRIX_LATEST_MAX = ARB_INSTRUMENTS_MAX };

/* Zeroed memory is ready. */
struct matrix_latest {
    uint32_t n;
    uint64_t n_left_out;                       /* for want of room */
    struct matrix matrices[MATRIX_LATEST_MAX]; /* by strategy and symbol, sorted */
};

/* Takes one in, and gives where it is; NULL: it is left out. */
const struct matrix *matrix_latest_put(struct matrix_latest *latest, const struct matrix *matrix);

/* Whether every run that was heard of has told of as many instruments as it says it has. */
bool matrix_latest_is_whole(const struct matrix_latest *latest);

bool matrix_latest_has(const struct matrix_latest *latest, const char *symbol);

/*
 * A table for people, of 80 columns up to eight venues: what is above nothing has a plus sign, what
 * is not known is a dot.
 */
void matrix_print(const struct matrix *matrix, FILE *out);

#endif /* ARB_MATRIX_TEXT_H */
