/*
 * detection_feed.h - many instruments on many venues, and updates of them as events.
 *
 * An update changes the quantity of the best or the third level of one book; prices stay, so that
 * any number of updates leaves the question the same. Which book comes next is random, in an order
 * that is the same in each run. Checksums are right: the market takes each event in.
 */
#ifndef ARB_BENCH_DETECTION_FEED_H
#define ARB_BENCH_DETECTION_FEED_H

#include "arbspot/strategy.h"
#include "book/event.h"
#include "util/err.h"

enum {
    FEED_LEVELS = 10, /* a side */
    FEED_UPDATES = 4096,
};

enum scene {
    SCENE_APART = 0, /* no venue's bid is above another one's ask; no cycle pays either */
    SCENE_FEES,      /* one is, or of each triangle one pays, and the fees take all of it */
    SCENE_CROSSING,  /* likewise, and it pays after fees */
    N_SCENES,
};

enum shape {
    SHAPE_PAIRS = 0, /* coins against one currency: there are no cycles */
    SHAPE_TRIANGLES, /* each three instruments make a triangle: two coins, and one in the other */
    SHAPE_UNRELATED, /* one triangle and coins that are in no cycle; only the triangle changes */
    N_SHAPES,
};

enum { TRIANGLE = 3 }; /* instruments of one */

struct feed_size {
    uint32_t n_venues, n_instruments; /* of triangles a multiple of three */
    enum scene scene;
    enum shape shape;
};

/* What a venue shows, worst first. */
struct feed_book {
    struct arb_level sides[2][FEED_LEVELS]; /* bids, asks */
    uint64_t seq;
};

/* As little of an event as can be, so that the list of them leaves the caches to the market. */
struct feed_update {
    struct arb_level level;
    uint64_t seq;
    uint32_t book; /* instrument * n_venues + venue */
    uint32_t crc;
    bool is_ask;
};

struct feed {
    struct feed_size size;
    struct arb_venue venues[ARB_VENUES_MAX]; /* for the market, with fees */
    struct event_venue names[ARB_VENUES_MAX];
    struct arb_instrument *instruments; /* [n_instruments] */
    struct feed_book *books;            /* [n_instruments][n_venues] */
    struct feed_update updates[FEED_UPDATES];
    uint64_t seed;
};

/* How many opportunities there are where prices cross. */
uint32_t feed_n_crossing(const struct feed_size *size);

/* Zeroed memory may be finished. ARB_ENOMEM. */
int feed_init(struct feed *feed, const struct feed_size *size);
void feed_fini(struct feed *feed);

/* The whole of a book. */
struct event feed_snapshot(struct feed *feed, uint32_t book, int64_t now_ns);

/* What the venue's host says once a second. */
struct event feed_alive(const struct feed *feed, uint32_t venue, int64_t now_ns);

/* Draws the next updates. Each has to be taken in, in order. */
void feed_draw(struct feed *feed);

/* Borrows from the feed. */
struct event feed_event(const struct feed *feed, const struct feed_update *update, int64_t now_ns);

#endif /* ARB_BENCH_DETECTION_FEED_H */
