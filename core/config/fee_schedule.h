/*
 * fee_schedule.h - what a venue takes of a taker, by the volume that was traded in 30 days.
 *
 *   0.40%                                     whatever the volume
 *   0.40%, 10000: 0.35%, 100000: -0.01%       0.35% from a volume of 10000 on, and so forth
 *   default                                   what the exchange's plugin tells
 */
#ifndef ARB_FEE_SCHEDULE_H
#define ARB_FEE_SCHEDULE_H

#include <stdbool.h>

#include "arbspot/types.h"
#include "util/err.h"

enum {
    FEE_MAX_PPM = 100000, /* nobody pays a tenth: a fee above, or a rebate, is a slipped point */
    FEE_TIERS_MAX = 32,
};

/* The shares that a fee may be, to follow "is not" or "give". */
#define FEE_WANTED "a share from -10% to 10%, such as 0.26%, 26bp or 2600ppm"

struct fee_tier {
    struct arb_decimal from; /* the least volume; 0 of the first tier, and ascending */
    int64_t fee_ppm;         /* negative: a rebate */
};

struct fee_schedule {
    struct fee_tier tiers[FEE_TIERS_MAX];
    unsigned n;      /* 0: nothing is known */
    bool is_default; /* then nothing else is there */
};

/* One share. ARB_EINVAL: it is none, or not one that a fee may be. */
int fee_read(const char *text, int64_t *fee_ppm);

/* ARB_EINVAL with a sentence that repeats what is wrong. */
int fee_schedule_read(const char *text, struct fee_schedule *out, struct err *err);

/* The fee at a volume; 0 when nothing is known. */
int64_t fee_schedule_at(const struct fee_schedule *schedule, struct arb_decimal volume);

#endif /* ARB_FEE_SCHEDULE_H */
