/*
 * diagnosis.h - finds out what is wrong: with the ways that messages come on, with venues, with
 * their books, with clocks.
 *
 * Where one fault explains others, only that one is told: of a venue that is silent not that its
 * books are not LIVE, of brokers that are gone not that venues are silent and nothing can be read.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_DIAGNOSIS_H
#define ARB_VIEW_DIAGNOSIS_H

#include "strategy/attention.h"
#include "view/curves.h"
#include "view/finds.h"
#include "view/troubles.h"
#include "view/venues.h"

#define DIAGNOSIS_HOLDS_NS (3 * NS_PER_S) /* what is mended sooner is not told */

/* What was left out, and until when that is told. */
struct diagnosis_left_out {
    uint64_t n;
    int64_t until_ns; /* mono */
};

enum { DIAGNOSIS_LEFT_OUT_N = 4 };

/* Zeroed memory is ready, with the pointers set; all of them are read, but for the last two. */
struct diagnosis {
    bool is_host; /* venues are heard of without brokers */
    const struct market *market;
    const struct view_books *books;
    const struct attention *attention;
    const struct view_links *links;
    const struct finds *finds;
    const struct curves *curves;
    struct view_venues *venues; /* which trouble each of them had last */
    struct troubles *troubles;
    struct diagnosis_left_out left_out[DIAGNOSIS_LEFT_OUT_N];
};

void diagnosis_step(struct diagnosis *diagnosis, struct moment now);

#endif /* ARB_VIEW_DIAGNOSIS_H */
