/*
 * snapshot.h - the rows of a view as they were at one moment, for whoever draws them while the view
 * goes on, or holds them still.
 *
 * One owner: any thread, one at a time. Memory is bounded by the view's limits.
 */
#ifndef ARB_TOP_SNAPSHOT_H
#define ARB_TOP_SNAPSHOT_H

#include "util/clock.h"
#include "view/view.h"

/* Whose matrix and ladders are wanted. Zeroed: none. */
struct snapshot_wish {
    char symbol[ARB_SYMBOL_MAX];
};

/* Zeroed memory is ready, and holds nothing. Each list is owned, with room for so many rows. */
struct snapshot {
    struct moment taken;
    int64_t heard_ns; /* view_heard_ns() */
    struct view_host_row host;
    uint32_t n_troubles, n_venues, n_books, n_finds, n_survivals;
    uint32_t room_troubles, room_venues, room_books, room_finds, room_survivals;
    struct view_trouble_row *troubles;
    struct view_venue_row *venues;
    struct view_book_row *books;        /* by symbol, then by venue */
    struct view_opportunity_row *finds; /* open ones first, the newest first */
    struct view_survival_row *survivals;
    bool is_cut; /* no memory for all of it */

    struct snapshot_wish wish; /* as it was, and what there is of it: */
    bool has_matrix;
    struct view_matrix_row matrix;
    uint32_t n_ladders;
    struct view_ladder ladders[ARB_VENUES_MAX];
};

void snapshot_fini(struct snapshot *snapshot);

/* Replaces what it holds, but keeps the memory. */
void snapshot_take(struct snapshot *snapshot, struct view *view, const struct snapshot_wish *wish,
                   struct moment now);

/* Room for one more row, zeroed, or NULL. A list of these: */
struct view_trouble_row *snapshot_add_trouble(struct snapshot *snapshot);
struct view_venue_row *snapshot_add_venue(struct snapshot *snapshot);
struct view_book_row *snapshot_add_book(struct snapshot *snapshot);
struct view_opportunity_row *snapshot_add_find(struct snapshot *snapshot);
struct view_survival_row *snapshot_add_survival(struct snapshot *snapshot);

#endif /* ARB_TOP_SNAPSHOT_H */
