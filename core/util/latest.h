/*
 * latest.h - hands the newest of something from one thread to another, neither of which waits.
 *
 * There are three of them in an array of the caller's: the one that is written, the one that is
 * read, and one between them. What is not taken in time is replaced by what is newer.
 */
#ifndef ARB_LATEST_H
#define ARB_LATEST_H

#include <stdatomic.h>
#include <stdbool.h>

enum { LATEST_SLOTS = 3, LATEST_IS_NEW = 4 };

struct latest {
    _Atomic unsigned between; /* a slot, and LATEST_IS_NEW until it is taken */
    unsigned written;         /* the writer's */
    unsigned read;            /* the reader's */
};

static inline void latest_init(struct latest *latest)
{
    atomic_init(&latest->between, 1);
    latest->written = 0;
    latest->read = 2;
}

/* By the writer: slot `written` is done; it goes on with another one. */
static inline void latest_give(struct latest *latest)
{
    /* Pairs with latest_take(), both ways: a slot that comes back is no longer read. */
    latest->written = atomic_exchange_explicit(&latest->between, latest->written | LATEST_IS_NEW,
                                               memory_order_acq_rel) &
                      ~(unsigned)LATEST_IS_NEW;
}

/* By the reader: slot `read` is what was given last. False: that is what it was before. */
static inline bool latest_take(struct latest *latest)
{
    if ((atomic_load_explicit(&latest->between, memory_order_relaxed) & LATEST_IS_NEW) == 0) {
        return false;
    }
    latest->read = atomic_exchange_explicit(&latest->between, latest->read, memory_order_acq_rel) &
                   ~(unsigned)LATEST_IS_NEW; /* pairs with latest_give() */
    return true;
}

#endif /* ARB_LATEST_H */
