/*
 * view.h - what displays show of everything that runs: host, troubles, venues, books, spread
 * matrices, opportunities and their survival, from book events and from the messages of strategies.
 *
 * No sockets and no threads: its owner feeds it, steps it, and writes a frame for each display when
 * that is ready for one. A frame has what is newer than what that display has, so a slow one is
 * given less often all that has changed. What is shown changes at most five times a second,
 * whatever the market does. Frames are described in docs/view.md, rows for displays of our own in
 * rows.h.
 *
 * One owner: any thread, one at a time. Memory is bounded by the market's limits and those of
 * finds.h, curves.h and troubles.h.
 */
#ifndef ARB_VIEW_H
#define ARB_VIEW_H

#include "bus/source.h"
#include "strategy/attention.h"
#include "util/err.h"
#include "view/curves.h"
#include "view/finds.h"
#include "view/troubles.h"
#include "view/venues.h"

enum {
    VIEW_EVERY_MS = 200,  /* between two steps that change what is shown */
    VIEW_STEP_MAX = 4096, /* events that one step takes in */
    VIEW_WISH_MAX = ARB_SYMBOL_MAX,
};

struct view_config {
    /* Venues, their fees and what counts of instruments; borrowed. NULL: learned from the bus. */
    const struct config *config;
    struct source *source; /* borrowed as long as the view lives */
    bool is_host;          /* the source is in the process that watches the venues */
    const char *name;      /* of the machine, borrowed for the call */
    const char *version;   /* of arbspot, likewise */
    struct moment now;
};

/* The book whose levels a display asks for. Zeroed: none. */
struct view_wish {
    char venue[VIEW_WISH_MAX];
    char symbol[VIEW_WISH_MAX];
    uint64_t since; /* what view_write_frame() returned when it got them last; 0: it has none */
};

struct view;

/* ARB_ENOMEM; ARB_ELIMIT: the configuration has more venues than ARB_VENUES_MAX. */
int view_create(struct view **view, const struct view_config *config, struct err *err);
void view_destroy(struct view *view); /* NULL is accepted */

/*
 * Takes in what the source has, without waiting, and changes what is shown when it is time. True:
 * the source has more, so call again soon.
 */
bool view_step(struct view *view, struct moment now);

/* What strategies tell, see wire.h. */
void view_on_opportunity(struct view *view, const struct opportunity *opportunity);
void view_on_survival(struct view *view, const struct opportunity *opportunity);
void view_on_matrix(struct view *view, const struct matrix *matrix);

/* Closes what nobody looks after any more, see finds.h. */
void view_abandon(struct view *view, find_is_left_fn *fn, void *context, struct moment now);

/* Once a second or when something has changed. Without it nothing is known of brokers. */
void view_on_links(struct view *view, const struct view_links *links);

/* Of the last change; 0: nothing has been shown yet. */
uint64_t view_version(const struct view *view);

/*
 * Mono: when anything was heard last of a venue, 0: never. As long as a host lives that is once a
 * second.
 */
int64_t view_heard_ns(const struct view *view);

/* Whether a frame has something in it. `wish` may be NULL. */
bool view_has_news(const struct view *view, uint64_t since, const struct view_wish *wish);

/*
 * Adds a frame of what is newer than `since`; 0, or what lies too far back: all there is. Returns
 * the version it is of, which counts when the display has taken the frame. When memory lacks,
 * out->has_failed.
 */
uint64_t view_write_frame(struct view *view, uint64_t since, const struct view_wish *wish,
                          struct moment now, struct text_buffer *out);

/* -- the same as rows: valid until the next call of what is above but for view_write_frame() ----
 */

const struct view_host_row *view_host(const struct view *view);

uint32_t view_n_troubles(const struct view *view);
const struct view_trouble_row *view_trouble(const struct view *view, uint32_t i);

uint32_t view_n_venues(const struct view *view);
/* NULL: that one is not shown. */
const struct view_venue_row *view_venue(const struct view *view, uint32_t venue);

uint32_t view_n_instruments(const struct view *view);
/* NULL: the venue has no such book. */
const struct view_book_row *view_book(const struct view *view, uint32_t instrument, uint32_t venue);
/* NULL: fewer than two venues have it. */
const struct view_matrix_row *view_matrix(const struct view *view, uint32_t instrument);

void view_each_opportunity(const struct view *view, find_fn *fn, void *context);

uint32_t view_n_survivals(const struct view *view);
const struct view_survival_row *view_survival(const struct view *view, uint32_t i);

/* False: there is no such book. */
bool view_ladder(struct view *view, const struct view_wish *wish, struct view_ladder *out);

#endif /* ARB_VIEW_H */
