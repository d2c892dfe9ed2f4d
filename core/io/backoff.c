#include "io/backoff.h"

#include <assert.h>

enum { DOUBLINGS_MAX = 32 }; /* beyond any configured maximum */

/* splitmix64: good enough to spread attempts, and any seed will do. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t step_ms(const struct backoff *backoff)
{
    int64_t step = backoff->min_ms;
    for (uint32_t i = 0; i < backoff->failures && step < backoff->max_ms; i++) {
        step = step > backoff->max_ms / 2 ? backoff->max_ms : step * 2;
    }
    return step;
}

void backoff_init(struct backoff *backoff, int64_t min_ms, int64_t max_ms, uint64_t seed)
{
    assert(min_ms > 0 && min_ms <= max_ms);
    *backoff = (struct backoff){ .min_ms = min_ms, .max_ms = max_ms, .random = seed };
}

int64_t backoff_next_ms(struct backoff *backoff)
{
    const int64_t step = step_ms(backoff);
    const uint64_t spread = (uint64_t)(step / 4) + 1;

    if (backoff->failures < DOUBLINGS_MAX) {
        backoff->failures++;
    }
    return step - (int64_t)(next_random(&backoff->random) % spread);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->failures = 0;
}
