/*
 * ring_source.h - the events of venues in the same process, as a source.
 *
 * Each ring has one venue behind it; the rings are read in turn, so that a busy venue does not
 * hold up the others.
 */
#ifndef ARB_RING_SOURCE_H
#define ARB_RING_SOURCE_H

#include "bus/ring.h"
#include "bus/source.h"

enum {
    RING_SOURCE_RINGS_MAX = ARB_VENUES_MAX, /* one for each venue */
};

/*
 * Reads the event records of rings[0 .. n), whose waker is `waker`. Rings and waker are
 * borrowed until the source is destroyed. ARB_EINVAL: n above the limit; ARB_ENOMEM.
 */
int ring_source_create(struct source **source, struct ring *const *rings, unsigned n,
                       struct waker *waker);

#endif /* ARB_RING_SOURCE_H */
