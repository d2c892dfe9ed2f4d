/*
 * window.h - how much of a book is published: its best levels, and rightly maintained.
 *
 * The host keeps each book whole. What goes out is the window, the best `depth` levels a side, and
 * every event says exactly what became of the window: a level that moves in from below it is in
 * the delta, one that is pushed out is removed by it, and what happens below is not told.
 *
 * The window before an event need not be kept. Levels that the event does not name are in the book
 * before and after it, so the price of the worst level published, the edge, tells which of them
 * were in. What moved in or out lies between the two edges: a change of k levels looks at no more
 * than k levels there, however large the book is.
 *
 * No message may be larger than brokers accept by default. A book that would be is cut further,
 * to what there is room for; a delta that would be is sent as a snapshot.
 */
#ifndef ARB_WINDOW_H
#define ARB_WINDOW_H

#include "book/book.h"
#include "book/event.h"

enum { WINDOW_CHANGES_MAX = 8192 }; /* a side of a cut book; more of them go as a snapshot */

/* Of one book. An edge orders as prices do on its side, the better the greater. */
struct window {
    int64_t bids_edge, asks_edge; /* of the worst level published; INT64_MIN: there is room below */
    uint32_t depth;               /* levels a side */
    bool is_cut;                  /* the book has levels that are not published */
    bool is_said;                 /* the log has it that the book is too large for a message */
    struct window_told {          /* published last; without levels only a change of it is told */
        uint32_t state, verified_levels;
        uint8_t trading, verified;
    } told;
};

/* Of all books of a board. */
struct windows {
    struct window *windows;                   /* [ARB_INSTRUMENTS_MAX] */
    const struct arb_instrument *instruments; /* likewise, borrowed */
    const char *who;                          /* for the log, borrowed */
    uint32_t depth;                           /* as configured; UINT32_MAX: all levels */
    struct arb_level *changes;                /* [2 * WINDOW_CHANGES_MAX] bids, then asks */
};

/* `depth` 0: all levels. */
int windows_init(struct windows *windows, uint32_t depth, const char *who,
                 const struct arb_instrument *instruments);
void windows_fini(struct windows *windows);

/*
 * Makes an event of the book, which every consumer is about to get, one of its window; `book` is
 * the book after it. False: nothing of it is to be told.
 */
bool windows_pass(struct windows *windows, uint32_t i, const struct book *book,
                  struct event *event);

/*
 * Makes an event that stands for the whole book one of the window as it was published last, for a
 * single consumer. False: that has become too large for a message, so all consumers need a smaller
 * one, and a snapshot through windows_pass() makes it.
 */
bool windows_show(const struct windows *windows, uint32_t i, const struct book *book,
                  struct event *event);

/* The part of the book that is published, for who only looks. */
void windows_view(const struct windows *windows, uint32_t i, struct arb_book *view);

/* event_book_crc() of that part. */
uint32_t windows_crc(const struct windows *windows, uint32_t i, const struct book *book);

#endif /* ARB_WINDOW_H */
