/*
 * ring_source.h - the events of venues in the same process, as a source.
 *
 * Each ring has one venue behind it; the rings are read in turn, so that a busy venue does not
 * hold up the others.
 */
#ifndef ARB_RING_SOURCE_H
#define ARB_RING_SOURCE_H

#include "bus/last_words.h"
#include "bus/ring.h"
#include "bus/source.h"

enum {
    RING_SOURCE_RINGS_MAX = ARB_VENUES_MAX, /* one for each venue */
};

/* A venue's ring, and what is said for the venue when it hangs; or NULL. */
struct ring_source_venue {
    struct ring *ring;
    struct last_words *words;
};

/*
 * Reads the event records of venues[0 .. n), whose rings' waker is `waker`. The array is copied;
 * all else is borrowed until the source is destroyed. ARB_EINVAL: n above the limit; ARB_ENOMEM.
 */
int ring_source_create(struct source **source, const struct ring_source_venue *venues, unsigned n,
                       struct waker *waker);

#endif /* ARB_RING_SOURCE_H */
