/*
 * backoff.h - how long to wait before the next attempt: doubling, bounded, jittered.
 *
 * Pure: no clock, and the same seed gives the same delays.
 */
#ifndef ARB_BACKOFF_H
#define ARB_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t min_ms, max_ms;
    uint64_t random;   /* state of the generator */
    uint32_t failures; /* since the start or the last reset */
};

/* Needs 0 < min_ms <= max_ms. Different seeds keep connections from retrying in step. */
void backoff_init(struct backoff *backoff, int64_t min_ms, int64_t max_ms, uint64_t seed);

/*
 * Counts a failure and returns the delay before the next attempt: a random time between
 * three quarters of the step and the step, where the steps are min, 2 min, 4 min ... max.
 */
int64_t backoff_next_ms(struct backoff *backoff);

/* Starts again at the smallest step. */
void backoff_reset(struct backoff *backoff);

#endif /* ARB_BACKOFF_H */
