/*
 * venue_clock.h - how far a venue's clock is from ours, and how sure that is.
 *
 * A change that the venue dates `venue_ns` reaches us at `recv_ns`, some time d later. With
 * offset = the venue's clock - ours:
 *
 *     recv_ns - venue_ns = d - offset
 *
 * Nothing arrives before it is sent, so d >= 0. And the fastest of many changes goes one way
 * while a ping goes two, so for that one d <= r, the fastest round trip. With m the smallest
 * difference of the last half minute:
 *
 *     -m <= offset <= -m + r
 *
 * The estimate is the middle. Its error is half the width, in which also is what two clocks may
 * have drifted apart since. This takes the venue at its word that it dates what it sends when it
 * sends it: one that does so t earlier seems up to t further behind than it is. When a clock is
 * set, ours or theirs, the estimate may be wrong until the window has passed, half a minute.
 *
 * Fixed memory, no clock of its own, a few nanoseconds for a change that tells nothing new.
 */
#ifndef ARB_VENUE_CLOCK_H
#define ARB_VENUE_CLOCK_H

#include "arbspot/types.h"

enum {
    VENUE_CLOCK_BUCKETS = 8,
    VENUE_CLOCK_EVENTS_MIN = 32, /* in the window; the fastest of fewer need not be fast */
    VENUE_CLOCK_DRIFT_PPM = 100, /* two clocks of quartz that nobody corrects */
};

#define VENUE_CLOCK_BUCKET_NS (INT64_C(4) * 1000000000)
/* Dated further ahead of us than any clock goes wrong: damaged. One such would hide all others. */
#define VENUE_CLOCK_AHEAD_MAX_NS (INT64_C(3600) * 1000000000)

/* What was seen in some seconds. */
struct venue_clock_bucket {
    int64_t lag_ns; /* the smallest recv_ns - venue_ns; INT64_MAX: none */
    int64_t rtt_ns; /* the smallest round trip; INT64_MAX: none */
    uint64_t n_events;
};

/* Zeroed memory is ready. */
struct venue_clock {
    struct arb_clock estimate;
    bool is_measuring; /* a round trip was seen: without one nothing can be said */
    unsigned now;      /* the bucket in use; those before it are older, round the array */
    int64_t ends_ns;   /* when its time is over */
    struct venue_clock_bucket buckets[VENUE_CLOCK_BUCKETS];
};

/* A ping and its pong took `rtt_ns` together. */
void venue_clock_round_trip(struct venue_clock *clock, int64_t now_ns, int64_t rtt_ns);

/* Time went by: what is too old is forgotten. */
void venue_clock_turn(struct venue_clock *clock, int64_t now_ns);

/* For venue_clock_event(), below. */
void venue_clock_learn(struct venue_clock *clock, int64_t recv_ns, int64_t lag_ns);

/* A change came that the venue dates `venue_ns` > 0. */
static inline void venue_clock_event(struct venue_clock *clock, int64_t recv_ns, int64_t venue_ns)
{
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];

    if (!clock->is_measuring) {
        return;
    }
    const int64_t lag_ns = recv_ns - venue_ns;
    const bool is_in_time =
        recv_ns < clock->ends_ns && recv_ns >= clock->ends_ns - VENUE_CLOCK_BUCKET_NS;
    if (is_in_time && lag_ns >= bucket->lag_ns) {
        bucket->n_events++;
    } else {
        venue_clock_learn(clock, recv_ns, lag_ns);
    }
}

#endif /* ARB_VENUE_CLOCK_H */
