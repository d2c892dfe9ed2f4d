/*
 * finds.h - the opportunities that are open, and those that closed last, with what was left of
 * each.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_FINDS_H
#define ARB_VIEW_FINDS_H

#include "util/clock.h"
#include "view/items.h"
#include "view/rows.h"

enum {
    FINDS_OPEN_MAX = 1024,  /* the one that opened first gives way, and is counted */
    FINDS_CLOSED_MAX = 200, /* likewise, and is not */
};

struct find;

/* In the order of their opening, or of their closing. */
struct find_list {
    struct find *first, *last;
    uint32_t n;
};

/* Zeroed memory is ready, with `items` set. */
struct finds {
    struct items *items;
    struct find_list open, closed;
    uint64_t n_left_out;
};

void finds_fini(struct finds *finds);

/* Takes in one that opened, changed or closed. A word that only says that a strategy runs is none.
 */
void finds_take(struct finds *finds, const struct opportunity *opportunity);

/* Takes in what was left of one some time after it opened. One that is not known is left out. */
void finds_take_left(struct finds *finds, const struct opportunity *opportunity);

/*
 * Closes those that are open and of which `fn` says that nobody looks after them, as abandoned.
 * Whatever is heard of one later counts all the same.
 */
typedef bool find_is_left_fn(void *context, const struct opportunity *opportunity);
void finds_abandon(struct finds *finds, find_is_left_fn *fn, void *context, struct moment now);

/*
 * Calls `fn` for each: those that are open, the newest first, then those that closed, likewise.
 * Ends when `fn` returns false.
 */
typedef bool find_fn(void *context, const struct view_opportunity_row *row);
void finds_each(const struct finds *finds, find_fn *fn, void *context);

#endif /* ARB_VIEW_FINDS_H */
