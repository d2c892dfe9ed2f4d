/*
 * curves.h - how much of opportunities is left after which time, on average: a curve for each
 * strategy, venue that is bought at, and venue that is sold at.
 *
 * Each opportunity counts as the share of its net that was left, at most all of it, at least as
 * much lost. Of an opportunity with more legs than two the venues of the first and the last count.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_CURVES_H
#define ARB_VIEW_CURVES_H

#include "view/items.h"
#include "view/rows.h"

enum { CURVES_MAX = 1024 }; /* further ones are left out, and counted */

struct curve;

/* Zeroed memory is ready, with `items` set. */
struct curves {
    struct items *items;
    struct curve *list[CURVES_MAX]; /* [n], in the order in which they were heard of */
    uint32_t n;
    uint64_t n_left_out;
};

void curves_fini(struct curves *curves);

/* Takes in one message, see wire_read_survival(). */
void curves_take(struct curves *curves, const struct opportunity *opportunity);

/* Asserts i < curves->n. */
const struct view_survival_row *curves_at(const struct curves *curves, uint32_t i);

#endif /* ARB_VIEW_CURVES_H */
