#include "venue/venue_clock.h"

#define WINDOW_NS (VENUE_CLOCK_BUCKETS * VENUE_CLOCK_BUCKET_NS)

static void clear(struct venue_clock_bucket *bucket)
{
    *bucket = (struct venue_clock_bucket){ .lag_ns = INT64_MAX, .rtt_ns = INT64_MAX };
}

/* The bucket that is `i` before the one in use. */
static const struct venue_clock_bucket *bucket_before(const struct venue_clock *clock, unsigned i)
{
    return &clock->buckets[(clock->now + VENUE_CLOCK_BUCKETS - i) % VENUE_CLOCK_BUCKETS];
}

/* How far clocks may drift apart from that bucket's beginning to the end of the one in use. */
static int64_t drift_ns(unsigned i)
{
    return (i + 1) * VENUE_CLOCK_BUCKET_NS / 1000000 * VENUE_CLOCK_DRIFT_PPM;
}

/* The smallest round trip of the window, or INT64_MAX. */
static int64_t fastest_rtt_ns(const struct venue_clock *clock)
{
    int64_t rtt_ns = INT64_MAX;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        rtt_ns = clock->buckets[i].rtt_ns < rtt_ns ? clock->buckets[i].rtt_ns : rtt_ns;
    }
    return rtt_ns;
}

static uint64_t count_events(const struct venue_clock *clock)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        n += clock->buckets[i].n_events;
    }
    return n;
}

/* The offset is neither below nor above. */
struct bounds {
    int64_t low_ns, high_ns;
};

/* Each bucket limits the offset from below; the change that was fastest of all does from above. */
static struct bounds find_bounds(const struct venue_clock *clock, int64_t rtt_ns)
{
    struct bounds bounds = { INT64_MIN, 0 };
    int64_t least_lag_ns = INT64_MAX;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        const int64_t lag_ns = bucket_before(clock, i)->lag_ns;
        if (lag_ns == INT64_MAX) {
            continue;
        }
        const int64_t low_ns = -lag_ns - drift_ns(i);
        bounds.low_ns = low_ns > bounds.low_ns ? low_ns : bounds.low_ns;
        if (lag_ns < least_lag_ns) {
            least_lag_ns = lag_ns;
            bounds.high_ns = rtt_ns - lag_ns + drift_ns(i);
        }
    }
    return bounds;
}

/* Of the offset from clock->reference_ns. */
static struct arb_clock estimate(const struct venue_clock *clock)
{
    const int64_t rtt_ns = fastest_rtt_ns(clock);

    if (rtt_ns == INT64_MAX || count_events(clock) < VENUE_CLOCK_EVENTS_MIN) {
        return (struct arb_clock){ 0 };
    }
    const struct bounds bounds = find_bounds(clock, rtt_ns);
    const int64_t half_ns = (bounds.high_ns - bounds.low_ns) / 2;
    return (struct arb_clock){
        .offset_ns = bounds.low_ns + half_ns, .error_ns = half_ns + 1, /* rounded up, and never 0 */
    };
}

/* Nothing seen before counts. */
static void start_over(struct venue_clock *clock, int64_t mono_ns)
{
    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        clear(&clock->buckets[i]);
    }
    clock->n_ahead = 0;
    clock->ends_ns = mono_ns + VENUE_CLOCK_BUCKET_NS;
}

/* The dates of changes no longer count; round trips do. */
static void forget_changes(struct venue_clock *clock)
{
    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        clock->buckets[i].lag_ns = INT64_MAX;
        clock->buckets[i].n_events = 0;
    }
    clock->n_ahead = 0;
}

static void advance(struct venue_clock *clock, int64_t mono_ns)
{
    if (clock->ends_ns == 0 || mono_ns >= clock->ends_ns + WINDOW_NS) {
        start_over(clock, mono_ns);
    }
    while (mono_ns >= clock->ends_ns) {
        clock->now = (clock->now + 1) % VENUE_CLOCK_BUCKETS;
        clear(&clock->buckets[clock->now]);
        clock->ends_ns += VENUE_CLOCK_BUCKET_NS;
        clock->n_ahead = 0;
    }
}

void venue_clock_round_trip(struct venue_clock *clock, int64_t mono_ns, int64_t rtt_ns)
{
    clock->is_measuring = true;
    advance(clock, mono_ns);
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    bucket->rtt_ns = rtt_ns < bucket->rtt_ns ? rtt_ns : bucket->rtt_ns;
    clock->relative = estimate(clock);
}

void venue_clock_turn(struct venue_clock *clock, int64_t mono_ns)
{
    if (clock->is_measuring && mono_ns >= clock->ends_ns) {
        advance(clock, mono_ns);
        clock->relative = estimate(clock);
    }
}

/*
 * Is the date so far ahead that it must be damaged? Not when there is nothing to compare it with,
 * and not when many are: then the venue's clock was set, or the one it is compared with was wrong.
 */
static bool is_damaged(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns)
{
    int64_t lag_ns;

    if (count_events(clock) == 0) {
        clock->reference_ns = venue_ns - mono_ns;
        return false;
    }
    if (!venue_clock_lag(clock, mono_ns, venue_ns, &lag_ns)) {
        return true;
    }
    if (lag_ns >= -VENUE_CLOCK_AHEAD_MAX_NS) {
        return lag_ns > VENUE_CLOCK_BEHIND_MAX_NS;
    }
    if (++clock->n_ahead < VENUE_CLOCK_EVENTS_MIN) {
        return true;
    }
    forget_changes(clock);
    clock->reference_ns = venue_ns - mono_ns;
    return false;
}

void venue_clock_learn(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns)
{
    int64_t lag_ns;

    advance(clock, mono_ns);
    if (is_damaged(clock, mono_ns, venue_ns) ||
        !venue_clock_lag(clock, mono_ns, venue_ns, &lag_ns)) {
        return;
    }
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    bucket->lag_ns = lag_ns < bucket->lag_ns ? lag_ns : bucket->lag_ns;
    bucket->n_events++;
    clock->relative = estimate(clock);
}

struct arb_clock venue_clock_estimate(const struct venue_clock *clock, struct moment now)
{
    struct arb_clock sum = clock->relative;

    if (!arb_clock_is_known(sum) ||
        __builtin_add_overflow(sum.offset_ns, clock->reference_ns, &sum.offset_ns) ||
        __builtin_add_overflow(sum.offset_ns, now.mono_ns - now.utc_ns, &sum.offset_ns)) {
        return (struct arb_clock){ 0 };
    }
    return sum;
}
