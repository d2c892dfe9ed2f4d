/*
 * outlet.h - where a venue's events go: a ring with one consumer behind it, or a function.
 *
 * When the ring is full the book is marked, and as soon as there is room one snapshot (or
 * status) from the host's book replaces everything unsent: memory is bounded and the newest
 * wins. The outlet links each event to the one the consumer really got before it.
 */
#ifndef ARB_OUTLET_H
#define ARB_OUTLET_H

#include "book/event.h"
#include "bus/feedback.h"
#include "bus/ring.h"

/* A consumer in the same thread: replay, tests. */
typedef void outlet_fn(void *context, const struct event *event);

struct outlet {
    struct ring *ring; /* or NULL, then `fn` */
    outlet_fn *fn;
    void *context;
    struct feedback *feedback; /* of the consumer, or NULL */
    bool periodic;             /* wants periodic snapshots (late joiners) */
    uint64_t *last_seq;        /* [ARB_INSTRUMENTS_MAX] what the consumer got last */
    uint64_t *behind;          /* [ARB_INSTRUMENTS_MAX] events that a snapshot has to replace */
    uint32_t n_behind;         /* books with such events */
    uint64_t conflated;        /* events that a later snapshot replaced, of all books */
    int64_t alive_ns;          /* when the consumer is told again that the venue is watched, mono */
};

int outlet_init_ring(struct outlet *outlet, struct ring *ring, struct feedback *feedback,
                     bool periodic);
int outlet_init_fn(struct outlet *outlet, outlet_fn *fn, void *context);
void outlet_fini(struct outlet *outlet);

/*
 * Sends an event, or marks its book. False when it was marked. The event that ends this says
 * in `conflated` how many it stands for; that and `prev_seq` are set here, for each outlet anew.
 */
bool outlet_send(struct outlet *outlet, struct event *event);

/*
 * Sends an event that is of no book. False: not now, the ring is full. Nothing is marked.
 */
bool outlet_tell(struct outlet *outlet, const struct event *event);

/* Marks a book of which `n` events, at least one, were lost behind the outlet. */
void outlet_lost(struct outlet *outlet, uint32_t instrument, uint64_t n);

#endif /* ARB_OUTLET_H */
