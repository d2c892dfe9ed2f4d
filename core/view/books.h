/*
 * books.h - the rows of all books, and what each two venues would pay for an instrument, made from
 * a market when something of them has changed.
 *
 * Fees of venues that are configured are those of the market's terms. Those of others are learned
 * from the matrices that strategies publish, each for one instrument.
 *
 * One owner: the thread of the view. Memory is taken when a book is first heard of, and bounded by
 * the market's limits.
 */
#ifndef ARB_VIEW_BOOKS_H
#define ARB_VIEW_BOOKS_H

#include "strategy/market.h"
#include "util/clock.h"
#include "view/items.h"
#include "view/rows.h"

struct view_instrument;

/* Of one venue. */
struct view_books_count {
    uint32_t n_books, n_live;
    uint32_t n_suspect; /* of those that are LIVE */
};

struct view_books {
    struct market *market;
    struct items *items;
    uint32_t n_configured; /* the first venues of the market */
    struct view_instrument *instruments[MARKET_INSTRUMENTS_MAX];
    uint32_t n;
    struct view_books_count counts[ARB_VENUES_MAX];
    uint64_t n_left_out; /* for want of memory */
};

/* Zeroed memory is ready, with the first three set. */
void view_books_fini(struct view_books *books);

/* Takes note of an event of a book, behind market_apply(). */
void view_books_hear(struct view_books *books, const struct event *event);

/* Takes the fees of venues from a matrix that a strategy published. */
void view_books_learn(struct view_books *books, const struct matrix *matrix);

/* Makes the rows of what has changed in the market. */
void view_books_step(struct view_books *books);

/* NULL: it was not heard of. Asserts venue < ARB_VENUES_MAX. */
const struct view_book_row *view_books_at(const struct view_books *books, uint32_t instrument,
                                          uint32_t venue);
const struct view_matrix_row *view_books_matrix(const struct view_books *books,
                                                uint32_t instrument);

/* The version of the book's item; 0: it was not heard of. */
uint64_t view_books_version(const struct view_books *books, uint32_t instrument, uint32_t venue);

/* The levels of a book that was heard of, as it is. */
void view_books_ladder(const struct view_books *books, uint32_t instrument, uint32_t venue,
                       struct view_ladder *out);

/* The first book of a venue that is LIVE and suspect, or else that is not LIVE; NULL: none is. */
const struct view_book_row *view_books_find(const struct view_books *books, uint32_t venue,
                                            bool is_suspect);

#endif /* ARB_VIEW_BOOKS_H */
