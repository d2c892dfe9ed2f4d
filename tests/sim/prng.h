/*
 * prng.h - the simulator's only source of chance: splitmix64, seeded, the same everywhere.
 *
 * Each part draws from a stream of its own, so that what a client asks for never changes what
 * the market does.
 */
#ifndef ARB_SIM_PRNG_H
#define ARB_SIM_PRNG_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state;
};

/* A stream of its own for every `stream` of one seed. */
static inline struct prng prng_seeded(uint64_t seed, uint64_t stream)
{
    return (struct prng){ .state = seed ^ (stream * UINT64_C(0xd1342543de82ef95)) };
}

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 <= result < n. The bias of the plain remainder is below 2^-32 for the small n used here. */
static inline int64_t prng_below(struct prng *prng, int64_t n)
{
    assert(n > 0);
    return (int64_t)(prng_next(prng) % (uint64_t)n);
}

/* from <= result <= to. */
static inline int64_t prng_between(struct prng *prng, int64_t from, int64_t to)
{
    return from + prng_below(prng, to - from + 1);
}

/* True once in `n` times. */
static inline bool prng_once_in(struct prng *prng, int64_t n)
{
    return prng_below(prng, n) == 0;
}

#endif /* ARB_SIM_PRNG_H */
