/*
 * held.h - deltas of one book, kept in arrival order until the snapshot comes that they continue.
 */
#ifndef ARB_HELD_H
#define ARB_HELD_H

#include "arbspot/types.h"
#include "util/clock.h"

enum { LIVE_HELD_BYTES_MAX = 4 << 20 /* deltas of one book that wait for its snapshot */ };

/* Deltas in arrival order, waiting for a snapshot. */
struct live_held {
    char *data;
    size_t len, cap;
    int64_t first_venue_ns; /* of the first one; 0: none, or it has no time */
    uint64_t last_seq;      /* of the last one */
    int64_t last_venue_ns;
};

/* One delta held; its levels stand behind it, bids first. */
struct held_delta {
    struct arb_book_event event;
    struct moment recv;
};

/* Makes room for one more. What went wrong, or NULL. */
const char *held_reserve(struct live_held *held, const struct arb_book_event *event);

/* Copies a delta behind the others; there is room for it. */
void held_put(struct live_held *held, const struct arb_book_event *event, struct moment now);

/* The delta held at `at`, which moves behind it. Its levels are borrowed. */
struct held_delta held_read(const struct live_held *held, size_t *at);

/* Drops them all and keeps the memory. */
void held_drop(struct live_held *held);

#endif /* ARB_HELD_H */
