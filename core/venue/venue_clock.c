#include "venue/venue_clock.h"

#define WINDOW_NS (VENUE_CLOCK_BUCKETS * VENUE_CLOCK_BUCKET_NS)

static void clear(struct venue_clock_bucket *bucket)
{
    *bucket = (struct venue_clock_bucket){ .lag_ns = INT64_MAX, .top_ns = INT64_MAX };
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

/* All that was seen in the window. */
static struct venue_clock_bucket sum_up(const struct venue_clock *clock)
{
    struct venue_clock_bucket sum = { .lag_ns = INT64_MAX };

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        const struct venue_clock_bucket *const bucket = &clock->buckets[i];
        sum.n_events += bucket->n_events;
        sum.n_rtts += bucket->n_rtts;
        sum.lags_ns += bucket->lags_ns;
        sum.rtts_ns += bucket->rtts_ns;
    }
    return sum;
}

/* The offset is neither below nor above. */
struct bounds {
    int64_t low_ns, high_ns;
};

/* Each bucket limits the offset from below, and from above where answers were dated. */
static struct bounds certain_bounds(const struct venue_clock *clock)
{
    struct bounds bounds = { INT64_MIN, INT64_MAX };

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        const struct venue_clock_bucket *const bucket = bucket_before(clock, i);
        if (bucket->lag_ns != INT64_MAX && -bucket->lag_ns - drift_ns(i) > bounds.low_ns) {
            bounds.low_ns = -bucket->lag_ns - drift_ns(i);
        }
        if (bucket->top_ns != INT64_MAX && bucket->top_ns + drift_ns(i) < bounds.high_ns) {
            bounds.high_ns = bucket->top_ns + drift_ns(i);
        }
    }
    return bounds;
}

/* The change that was fastest of all took no longer than this. */
static int64_t likely_high_ns(const struct venue_clock *clock, int64_t slowest_ns)
{
    int64_t least_lag_ns = INT64_MAX, high_ns = 0;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        const int64_t lag_ns = bucket_before(clock, i)->lag_ns;
        if (lag_ns < least_lag_ns) {
            least_lag_ns = lag_ns;
            high_ns = slowest_ns - lag_ns + drift_ns(i);
        }
    }
    return high_ns;
}

/* The smallest lag of all, the past's included, and what the clocks may have drifted since. */
static int64_t least_ever_ns(const struct venue_clock *clock)
{
    int64_t least_ns = clock->has_past ? clock->past_ns : INT64_MAX;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        const int64_t lag_ns = bucket_before(clock, i)->lag_ns;
        if (lag_ns != INT64_MAX && lag_ns + drift_ns(i) < least_ns) {
            least_ns = lag_ns + drift_ns(i);
        }
    }
    return least_ns;
}

/* How long the fastest change can have taken; more than half of all time: it is not known. */
static int64_t slowest_ns(const struct venue_clock *clock, const struct venue_clock_bucket *sum)
{
    const venue_clock_sum rtt_ns = sum->rtts_ns / (venue_clock_sum)sum->n_rtts;
    const venue_clock_sum lag_ns = sum->lags_ns / (venue_clock_sum)sum->n_events;
    const venue_clock_sum waits_ns = lag_ns - least_ever_ns(clock);
    const venue_clock_sum total_ns = rtt_ns + 1 + (waits_ns > 0 ? 2 * (waits_ns + 1) : 0); /* up */

    return total_ns > VENUE_CLOCK_BEHIND_MAX_NS ? INT64_MAX : (int64_t)total_ns;
}

static bool has_seen_enough(const struct venue_clock *clock, const struct venue_clock_bucket *sum)
{
    unsigned n_seen = 0;

    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        n_seen += clock->buckets[i].n_events > 0;
    }
    return sum->n_rtts >= VENUE_CLOCK_PINGS_MIN && sum->n_events >= VENUE_CLOCK_EVENTS_MIN &&
           n_seen >= VENUE_CLOCK_SEEN_MIN;
}

/* False: nothing is known of it. */
static bool find_bounds(const struct venue_clock *clock, struct bounds *bounds)
{
    const struct venue_clock_bucket sum = sum_up(clock);

    *bounds = certain_bounds(clock);
    if (bounds->high_ns != INT64_MAX) {
        return bounds->low_ns <= bounds->high_ns;
    }
    if (!has_seen_enough(clock, &sum)) {
        return false;
    }
    const int64_t longest_ns = slowest_ns(clock, &sum);
    if (longest_ns != INT64_MAX) {
        bounds->high_ns = likely_high_ns(clock, longest_ns);
    }
    return longest_ns != INT64_MAX;
}

/* Of the offset from clock->reference_ns. */
static struct arb_clock estimate(const struct venue_clock *clock)
{
    struct bounds bounds;

    if (!find_bounds(clock, &bounds)) {
        return (struct arb_clock){ 0 };
    }
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
    clock->has_past = false;
    clock->ends_ns = mono_ns + VENUE_CLOCK_BUCKET_NS;
}

/* The dates of changes no longer count; round trips do. */
static void forget_changes(struct venue_clock *clock)
{
    for (unsigned i = 0; i < VENUE_CLOCK_BUCKETS; i++) {
        clock->buckets[i].lag_ns = clock->buckets[i].top_ns = INT64_MAX;
        clock->buckets[i].n_events = 0;
        clock->buckets[i].lags_ns = 0;
    }
    clock->has_past = false;
    clock->n_ahead = 0;
}

/* The oldest bucket leaves the window: what it says of the smallest lag is kept. */
static void keep_past(struct venue_clock *clock)
{
    const int64_t lag_ns = bucket_before(clock, VENUE_CLOCK_BUCKETS - 1)->lag_ns;

    clock->past_ns += clock->has_past ? drift_ns(0) : 0;
    if (lag_ns != INT64_MAX) {
        const int64_t then_ns = lag_ns + drift_ns(VENUE_CLOCK_BUCKETS);
        clock->past_ns = clock->has_past && clock->past_ns < then_ns ? clock->past_ns : then_ns;
        clock->has_past = true;
    }
}

static void advance(struct venue_clock *clock, int64_t mono_ns)
{
    if (clock->ends_ns == 0 || mono_ns >= clock->ends_ns + WINDOW_NS) {
        start_over(clock, mono_ns);
    }
    while (mono_ns >= clock->ends_ns) {
        keep_past(clock);
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
    bucket->n_rtts++;
    bucket->rtts_ns += rtt_ns;
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

    if (sum_up(clock).n_events == 0) {
        clock->has_past = false;
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

/* False: the date tells nothing. */
static bool take_date(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns)
{
    int64_t lag_ns;

    advance(clock, mono_ns);
    if (is_damaged(clock, mono_ns, venue_ns) ||
        !venue_clock_lag(clock, mono_ns, venue_ns, &lag_ns)) {
        return false;
    }
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    bucket->lag_ns = lag_ns < bucket->lag_ns ? lag_ns : bucket->lag_ns;
    bucket->n_events++;
    bucket->lags_ns += lag_ns;
    return true;
}

void venue_clock_learn(struct venue_clock *clock, int64_t mono_ns, int64_t venue_ns)
{
    if (take_date(clock, mono_ns, venue_ns)) {
        clock->relative = estimate(clock);
    }
}

void venue_clock_heartbeat(struct venue_clock *clock, int64_t mono_ns,
                           struct venue_clock_answer answer)
{
    int64_t lag_ns;

    if (!clock->is_measuring || !take_date(clock, mono_ns, answer.answered_ns)) {
        return;
    }
    struct venue_clock_bucket *const bucket = &clock->buckets[clock->now];
    if (venue_clock_lag(clock, answer.asked_ns, answer.received_ns, &lag_ns)) {
        const int64_t drifted_ns = (mono_ns - answer.asked_ns) / 1000000 * VENUE_CLOCK_DRIFT_PPM;
        const int64_t top_ns = drifted_ns - lag_ns;
        bucket->top_ns = top_ns < bucket->top_ns ? top_ns : bucket->top_ns;
    }
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
