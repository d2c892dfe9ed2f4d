/*
 * outlet.h - where a feed's events go: a ring with one consumer behind it, or a function.
 *
 * When the ring is full the book is marked, and as soon as there is room one snapshot (or
 * status) from the host's book replaces everything unsent: memory is bounded and the newest
 * wins. The outlet links each event to the one the consumer really got before it.
 */
#ifndef ARB_OUTLET_H
#define ARB_OUTLET_H

#include "bus/event.h"
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
    bool *behind;              /* [ARB_INSTRUMENTS_MAX] has to be sent a snapshot */
    uint32_t n_behind;
    uint64_t conflated; /* events that a later snapshot replaced */
};

int outlet_init_ring(struct outlet *outlet, struct ring *ring, struct feedback *feedback,
                     bool periodic);
int outlet_init_fn(struct outlet *outlet, outlet_fn *fn, void *context);
void outlet_fini(struct outlet *outlet);

/* Sends an event, or marks its book. False when it was marked. */
bool outlet_send(struct outlet *outlet, const struct event *event);

#endif /* ARB_OUTLET_H */
