/*
 * venue_clock.h - how far a venue's clock is from ours, and how sure that is.
 *
 * A change that the venue dates `venue_ns` reaches us at `mono_ns`, some time d later. With
 * offset = the venue's clock - our monotonic one:
 *
 *     mono_ns - venue_ns = d - offset
 *
 * Nothing arrives before it is sent, so d >= 0. With m the smallest difference of the last half
 * minute, the offset is not below -m. That is certain.
 *
 * From above an answer limits it that says when the venue received what it answers: that was not
 * before we asked, so the offset is not above the smallest `received_ns - asked_ns` of the last
 * half minute. Where a venue dates its answers this is certain too, whatever waits wherever; what
 * it takes for granted is that the venue has one clock. Limits that contradict each other, as when
 * it was set, say nothing.
 *
 * Other dates than those that we caused limit nothing from above; what does is how long the fastest
 * change
 * can have taken. One way is not longer than both, so it took no longer than a usual round trip r,
 * but for what it waited that pings do not: behind other changes, or since it was dated. Where
 * changes wait they do so unevenly, and the fastest less than the usual one: with M the smallest
 * difference ever, and u the usual one of the last half minute, u - M is what is seen of that.
 * Twice as much is allowed for what is not.
 *
 *     -m <= offset <= -m + r + 2 (u - M)
 *
 * The estimate is the middle. Its error is half the width, in which also is what two clocks may
 * have drifted apart since. So the error grows with whatever is seen to wait, on either way, and
 * with nothing to be seen it is half a round trip. This assumes that the venue's queue was empty at
 * least once since the connection is up. If instead every change is dated the same time t too
 * early, and pings are answered at once, the venue's clock is estimated up to t behind the truth.
 * When that clock is set, the estimate may be wrong until the window has passed, half a minute.
 * Ours, being monotonic, cannot be set; the host's UTC comes in only where somebody asks for the
 * estimate.
 *
 * The two clocks count from different days, so differences are kept relative to that of the first
 * change.
 *
 * Fixed memory, no clock of its own, a few nanoseconds for a change that tells nothing new.
 */
#ifndef ARB_VENUE_CLOCK_H
#define ARB_VENUE_CLOCK_H

#include "arbspot/types.h"
#include "util/clock.h"

enum {
    VENUE_CLOCK_BUCKETS = 8,
    VENUE_CLOCK_EVENTS_MIN = 32, /* in the window; the fastest of fewer need not be fast */
    VENUE_CLOCK_PINGS_MIN = 2,   /* likewise */
    VENUE_CLOCK_SEEN_MIN = 4,    /* buckets with changes: those of one moment wait for one thing */
    VENUE_CLOCK_DRIFT_PPM = 100, /* two clocks of quartz that nobody corrects */
};

#define VENUE_CLOCK_BUCKET_NS (4 * NS_PER_S)
/*
 * Dated further ahead of the first change than any clock goes wrong: damaged. One such would hide
 * all others. VENUE_CLOCK_EVENTS_MIN of them within a bucket are the truth, and the first was not.
 */
#define VENUE_CLOCK_AHEAD_MAX_NS (3600 * NS_PER_S)
/* Further behind there is nothing to be learned, and sums might not fit. */
#define VENUE_CLOCK_BEHIND_MAX_NS (INT64_MAX / 4)

__extension__ typedef __int128 venue_clock_sum;

/* What was seen in some seconds. */
struct venue_clock_bucket {
    int64_t lag_ns; /* the smallest reference_ns - (venue_ns - mono_ns); INT64_MAX: none */
    int64_t top_ns; /* the smallest (received_ns - asked_ns) - reference_ns; INT64_MAX: none */
    uint64_t n_events, n_rtts;
    venue_clock_sum lags_ns, rtts_ns;
};

/* Zeroed memory is ready. */
struct venue_clock {
    struct arb_clock relative; /* the estimate, less reference_ns */
    int64_t reference_ns;      /* venue_ns - mono_ns of the first change */
    uint32_t n_ahead;          /* changes in this bucket that seemed damaged */
    bool is_measuring;         /* a round trip was seen: without one nothing can be said */
    unsigned now;              /* the bucket in use; those before it are older, round the array */
    int64_t ends_ns;           /* when its time is over */
    int64_t past_ns;           /* the smallest of all before, and drift since; see has_past */
    bool has_past;
    struct venue_clock_bucket buckets[VENUE_CLOCK_BUCKETS];
};

/* A ping and its pong took `rtt_ns` together. */
void venue_clock_round_trip(struct venue_clock *clock, int64_t mono_ns, int64_t rtt_ns);

/* What was asked at `asked_ns` (mono) was received and answered when the venue's clock said so. */
struct venue_clock_answer {
    int64_t asked_ns, received_ns, answered_ns; /* 0 < received_ns <= answered_ns */
};
void venue_clock_heartbeat(struct venue_clock *clock, int64_t mono_ns,
                           struct venue_clock_answer answer);

/* Time went by: what is too old is forgotten. */
void venue_clock_turn(struct venue_clock *clock, int64_t mono_ns);

/* How the venue's clock stands against the host's UTC. */
struct arb_clock venue_clock_estimate(const struct venue_clock *clock, struct moment now);

/* For venue_clock_event(), below. */
void venue_clock_learn(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns);

/* Relative to the first change. False: it does not fit, so the date is none. */
static inline bool venue_clock_lag(const struct venue_clock *clock, int64_t mono_ns,
                                   int64_t venue_ns, int64_t *lag_ns)
{
    return !__builtin_sub_overflow(clock->reference_ns, venue_ns - mono_ns, lag_ns);
}

/* A change came that the venue dates `venue_ns` > 0; `mono_ns` >= 0. */
static inline void venue_clock_event(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns)
{
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    int64_t lag_ns;

    if (!clock->is_measuring) {
        return;
    }
    if (mono_ns < clock->ends_ns && venue_clock_lag(clock, mono_ns, venue_ns, &lag_ns) &&
        lag_ns >= bucket->lag_ns) {
        bucket->n_events++;
        bucket->lags_ns += lag_ns;
    } else {
        venue_clock_learn(clock, mono_ns, venue_ns);
    }
}

#endif /* ARB_VENUE_CLOCK_H */
