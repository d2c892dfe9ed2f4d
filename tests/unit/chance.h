/*
 * chance.h - random numbers for property tests: seeded, printed, repeatable.
 *
 * A failing run is repeated with ARBSPOT_SEED set to the seed it printed.
 */
#ifndef ARB_CHANCE_H
#define ARB_CHANCE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct chance {
    uint64_t state;
};

/* Starts with the seed from the environment, else with `seed`, and says which. */
static inline struct chance chance_init(const char *test, uint64_t seed)
{
    const char *const wanted = getenv("ARBSPOT_SEED");

    if (wanted != NULL) {
        seed = strtoull(wanted, NULL, 10);
    }
    printf("%s: seed %" PRIu64 "\n", test, seed);
    return (struct chance){ .state = seed };
}

/* splitmix64 */
static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    return (uint32_t)(chance_next(chance) % limit);
}

/* Non-negative, of every magnitude. */
static inline int64_t chance_i64(struct chance *chance)
{
    const unsigned shift = 1 + chance_below(chance, 63);
    return (int64_t)(chance_next(chance) >> shift);
}

#endif /* ARB_CHANCE_H */
