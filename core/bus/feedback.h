/*
 * feedback.h - how the publisher's side tells a feed what to send.
 *
 * A delivery that failed for good leaves a hole on the topic. The publisher raises the
 * book's count; the feed's thread sees it on its next turn and sends a snapshot.
 *
 * As long as another host publishes the venue, the feed is mute: it keeps its books and tells
 * nobody. Afterwards it sends all of them.
 */
#ifndef ARB_FEEDBACK_H
#define ARB_FEEDBACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arbspot/types.h"

struct feedback {
    _Atomic bool is_mute;                         /* no data depends on it */
    _Atomic bool any;                             /* released after `wanted`, acquired before it */
    _Atomic uint64_t wanted[ARB_INSTRUMENTS_MAX]; /* messages of the book that were lost */
};

/* Publisher's thread: `n` messages more were lost, at least one. */
static inline void feedback_raise(struct feedback *feedback, uint32_t instrument, uint64_t n)
{
    (void)atomic_fetch_add_explicit(&feedback->wanted[instrument], n, memory_order_relaxed);
    atomic_store_explicit(&feedback->any, true, memory_order_release);
}

/* Publisher's side: consumers may lack something of every book. */
static inline void feedback_raise_all(struct feedback *feedback)
{
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        (void)atomic_fetch_add_explicit(&feedback->wanted[i], 1, memory_order_relaxed);
    }
    atomic_store_explicit(&feedback->any, true, memory_order_release);
}

/* Was something raised that the feed has not seen yet? */
static inline bool feedback_is_raised(const struct feedback *feedback)
{
    return atomic_load_explicit(&feedback->any, memory_order_relaxed);
}

/* Feed's thread: true once after something was raised. */
static inline bool feedback_take_any(struct feedback *feedback)
{
    return atomic_load_explicit(&feedback->any, memory_order_relaxed) &&
           atomic_exchange_explicit(&feedback->any, false, memory_order_acquire);
}

/* How many messages of the book were lost since the last call. */
static inline uint64_t feedback_take(struct feedback *feedback, uint32_t instrument)
{
    return atomic_exchange_explicit(&feedback->wanted[instrument], 0, memory_order_relaxed);
}

#endif /* ARB_FEEDBACK_H */
