/*
 * venues.h - the rows of venues: how much comes of each, how late, by whose clock, and whether
 * anybody watches it.
 *
 * Rates and delays are those of the last whole second. A delay is the receipt of an event by its
 * host less the time the venue gave it, that venue's clock corrected by what its host knows of it.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_VENUES_H
#define ARB_VIEW_VENUES_H

#include "view/books.h"

enum { VENUES_LAGS_MAX = 256 }; /* of the last events in a second: the median is of these */

struct view_venue {
    struct view_venue_row row;
    struct item *item; /* NULL: it is not shown */
    bool is_heard;
    bool was_alive;
    bool has_ended; /* by its host's last word */
    uint64_t session;
    struct arb_clock clock;
    uint64_t n_events; /* in the second under way */
    uint32_t n_lags;
    int64_t lags_ns[VENUES_LAGS_MAX];
    int64_t lagged_ns;                /* mono: when row.lag_ns was found */
    char last_trouble[VIEW_TEXT_MAX]; /* and when it began */
    int64_t last_trouble_ms;
};

/* Zeroed memory is ready, with the first three set. */
struct view_venues {
    const struct market *market;
    struct items *items;
    const struct config *config; /* or NULL */
    struct view_venue venues[ARB_VENUES_MAX];
    int64_t second_ns;     /* mono: when the second under way ends; 0: none has begun */
    uint64_t n_events;     /* of all venues in it, */
    uint64_t events_per_s; /* and in the one before */
};

/* Takes note of an event that is no history, behind market_apply(). */
void view_venues_hear(struct view_venues *venues, const struct event *event);

void view_venues_step(struct view_venues *venues, const struct view_books_count *counts,
                      struct moment now);

/* That is what it was about last. */
void view_venues_note(struct view_venues *venues, uint32_t venue,
                      const struct view_trouble_row *trouble);

/* NULL: it is not shown, because it is not enabled and was not heard of. */
const struct view_venue_row *view_venues_at(const struct view_venues *venues, uint32_t venue);

#endif /* ARB_VIEW_VENUES_H */
