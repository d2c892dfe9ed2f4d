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

/* A time before the bucket in use: our own clock was set back, and nothing seen before counts. */
static void start_over(struct venue_clock *clock, int64_t now_ns)
{
    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        clear(&clock->buckets[i]);
    }
    clock->ends_ns = now_ns + VENUE_CLOCK_BUCKET_NS;
}

static void advance(struct venue_clock *clock, int64_t now_ns)
{
    if (now_ns < clock->ends_ns - VENUE_CLOCK_BUCKET_NS || now_ns >= clock->ends_ns + WINDOW_NS) {
        start_over(clock, now_ns);
    }
    while (now_ns >= clock->ends_ns) {
        clock->now = (clock->now + 1) % VENUE_CLOCK_BUCKETS;
        clear(&clock->buckets[clock->now]);
        clock->ends_ns += VENUE_CLOCK_BUCKET_NS;
    }
}

void venue_clock_round_trip(struct venue_clock *clock, int64_t now_ns, int64_t rtt_ns)
{
    clock->is_measuring = true;
    advance(clock, now_ns);
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    bucket->rtt_ns = rtt_ns < bucket->rtt_ns ? rtt_ns : bucket->rtt_ns;
    clock->estimate = estimate(clock);
}

void venue_clock_turn(struct venue_clock *clock, int64_t now_ns)
{
    if (clock->is_measuring &&
        (now_ns >= clock->ends_ns || now_ns < clock->ends_ns - VENUE_CLOCK_BUCKET_NS)) {
        advance(clock, now_ns);
        clock->estimate = estimate(clock);
    }
}

void venue_clock_learn(struct venue_clock *clock, int64_t recv_ns, int64_t lag_ns)
{
    if (lag_ns < -VENUE_CLOCK_AHEAD_MAX_NS) {
        return;
    }
    advance(clock, recv_ns);
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    bucket->lag_ns = lag_ns < bucket->lag_ns ? lag_ns : bucket->lag_ns;
    bucket->n_events++;
    clock->estimate = estimate(clock);
}
