/*
 * publisher_venue.h - a venue as the publisher is given it.
 */
#ifndef ARB_PUBLISHER_VENUE_H
#define ARB_PUBLISHER_VENUE_H

#include "bus/feedback.h"
#include "bus/last_words.h"
#include "bus/ring.h"

enum {
    PUBLISHER_VENUES_MAX = 256,
    PUBLISHER_LATE_MS = 100,
};

/* One venue's ring of event records, and how to ask that venue for a snapshot. */
struct publisher_venue {
    struct ring *ring;
    struct feedback *feedback;
    struct last_words *words; /* for when the venue hangs; or NULL */
};

#endif /* ARB_PUBLISHER_VENUE_H */
