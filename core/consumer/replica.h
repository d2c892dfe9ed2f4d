/*
 * replica.h - one book, rebuilt from its events and proven right: see arbspot/consumer.h.
 *
 * Knows nothing of names and of other hosts: which events are of this book, which session counts
 * and whether it is alive (lease.h), and whether its scale suits others, is the owner's to say.
 */
#ifndef ARB_REPLICA_H
#define ARB_REPLICA_H

#include "arbspot/consumer.h"
#include "book/book.h"
#include "book/event.h"

struct replica {
    struct book book;
    struct arb_book view;         /* without the levels, which move: see replica_view() */
    uint64_t session;             /* of the last event that was taken */
    uint8_t px_scale, qty_scale;  /* of the last snapshot */
    struct arb_order_terms terms; /* likewise; all 0: not known */
    bool is_heard;                /* session and view.seq are of an event that was taken */
};

/* Starts EMPTY, and halted as long as nobody said that it is open. */
int replica_init(struct replica *replica);
void replica_fini(struct replica *replica);

/* Takes an event in and counts it; returns what became of it. */
enum arb_verdict replica_apply(struct replica *replica, struct arb_consumer_counts *counts,
                               const struct event *event);

/* An event of it was left out: it is STALE until the next snapshot. */
void replica_lose(struct replica *replica);

/* It is no longer followed: when that begins anew, nothing that was seen before matters. */
void replica_forget(struct replica *replica);

/* The book as it is now; its levels stay where they are until the next event. */
struct arb_book replica_view(const struct replica *replica);

/* What a view shows when the book's host is no longer alive. */
static inline void replica_view_lapse(struct arb_book *view)
{
    if (view->state == ARB_BOOK_LIVE) {
        view->state = ARB_BOOK_STALE;
        view->verified = ARB_SUSPECT;
    }
}

static inline bool replica_is_live(const struct replica *replica)
{
    return replica->view.state == ARB_BOOK_LIVE;
}

#endif /* ARB_REPLICA_H */
