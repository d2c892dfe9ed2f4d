/*
 * bitstamp_books.h - what the files of Bitstamp's model share: its books, and what has been shown
 * of them.
 *
 *   bitstamp_venue.c   requests, paths, and what the common model has to know of the venue
 *   bitstamp_books.c   the moments at which books are shown, and the channel order_book_
 *   bitstamp_diffs.c   the channel diff_order_book_
 *   bitstamp_orders.c  the channel live_orders_
 *   bitstamp_rest.c    the books of GET order_book/{market}/
 */
#ifndef ARB_SIM_BITSTAMP_BOOKS_H
#define ARB_SIM_BITSTAMP_BOOKS_H

#include "bitstamp_frames.h"
#include "common_own.h"

/* Bits of common_kinds(). */
enum bitstamp_channel { ORDER_BOOK = 1, DIFF_ORDER_BOOK = 2, LIVE_ORDERS = 4 };

/* A channel's frames are at least some time apart. */
struct bitstamp_stream {
    struct sim_book shown; /* by the last one */
    int64_t shown_ns;
    int64_t next_ns; /* none before this */
    bool is_planned;
};

/* The market's book at some time, with the ids that were used up by then. */
struct bitstamp_state {
    struct sim_book book;
    struct bitstamp_retired retired;
    int64_t at_ns; /* of REST books */
};

/*
 * One book. All channels and REST show the one market, each at moments of its own; all moments lie
 * on whole microseconds, and one that is dated equal to a REST book is contained in it. So whoever
 * follows the venue's rule (drop what is not newer than the seed) has, from the first diff behind
 * the seed on, the book that the diff was made of.
 */
struct bitstamp_product {
    struct bitstamp_state now; /* the market after its last change */
    struct bitstamp_stream top, diff;
    /* Prices at which a REST book differs from the last diff that was made since then and given
     * out. The next diff names them all, changed or not: it mends whoever was seeded within its
     * window. */
    struct sim_book pending;
    struct sim_book told; /* what the events of orders sent so far add up to, while they are sent */
    bool is_telling;
    uint64_t n_order_events;
    char last_event_id[BITSTAMP_EVENT_ID_MAX];
    struct bitstamp_state made, cached; /* REST books: the origin's newest, and the edge's */
    bool is_made_served;                /* somebody has the newest one, or the edge */
    int64_t cached_ns;                  /* since when the edge has its one */
};

/* What common_own() keeps. */
struct bitstamp_books {
    uint32_t n;
    struct sim_book room; /* no book: its levels are room for what one diff names, or less */
    struct bitstamp_product products[];
};

/* -- bitstamp_books.c ---------------------------------------------------------------------- */

extern const struct own_books bitstamp_own_books;

struct bitstamp_product *bitstamp_product(const struct common_venue *venue, uint32_t instrument);
/* What is in it lasts until it is asked for again. */
const struct sim_book *bitstamp_room(const struct common_venue *venue);
/* A frame of the book, without levels. */
struct bitstamp_book bitstamp_frame(const struct common_venue *venue, uint32_t instrument,
                                    int64_t now_ns);

/* -- bitstamp_diffs.c ---------------------------------------------------------------------- */

/* The window ends: whoever follows diffs is told what is different. */
void bitstamp_send_diff(struct common_venue *venue, uint32_t instrument, int64_t now_ns);
/* A REST book is given out: prices at which it differs from the last diff's book are pending. */
void bitstamp_note_pending(const struct common_venue *venue, struct bitstamp_product *product,
                           const struct sim_book *made);
/* Does a REST book differ from the present one in what a diff sent at once would not tell? */
bool bitstamp_is_untold(const struct common_venue *venue, const struct bitstamp_product *product,
                        const struct sim_book *made);

/* -- bitstamp_orders.c --------------------------------------------------------------------- */

/* The market moves on; whoever follows orders is told how. */
void bitstamp_follow_market(struct common_venue *venue, uint32_t instrument, int64_t now_ns);

/* -- bitstamp_rest.c ----------------------------------------------------------------------- */

/* Both must have been made for the same depth. */
void bitstamp_state_copy(struct bitstamp_state *to, const struct bitstamp_state *from);

void bitstamp_make_rest_book(struct common_venue *venue, uint32_t instrument, int64_t now_ns);
/* At the end of a window: does the newest one, which nobody has yet, differ from the book in what
 * its reader would never be told? */
bool bitstamp_rest_book_misleads(const struct common_venue *venue, uint32_t instrument);
/* Answers GET with "" or a query that begins with "?". */
void bitstamp_put_rest(struct common_venue *venue, uint32_t instrument, const char *query,
                       int64_t now_ns, struct arb_text *text);

#endif /* ARB_SIM_BITSTAMP_BOOKS_H */
