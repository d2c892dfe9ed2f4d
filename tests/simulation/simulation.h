/*
 * simulation.h - what the parts of the simulation test share: limits, scales and results.
 */
#ifndef ARB_SIMULATION_H
#define ARB_SIMULATION_H

#include "exchanges.h"

enum {
    SIMULATION_PX_SCALE = 10,
    SIMULATION_QTY_SCALE = 8,
    SIMULATION_VENUES_MAX = 2,
    SIMULATION_INSTRUMENTS_MAX = 4,
    SIMULATION_SNAPSHOT_MS = 1000, /* how often books are repeated on the bus */
    SIMULATION_CHECKED_DIFF = FAULT_AT_DIFF | FAULT_AT_ORDER_BOOK, /* Bitstamp, cross-check on */
};

struct span {
    uint32_t from, to;
};

/* What scenarios add up to. */
struct totals {
    uint64_t scenarios, steps, faults, violations;
    uint64_t unseen;      /* losses a feed gave no means to see; said so by `unverifiable` */
    uint64_t unseen_deep; /* losses below the levels that a checksum covers */
    uint64_t takeovers;   /* books that another session leads from then on, LIVE all the time */
    uint64_t replaced;    /* sessions */
    uint64_t clock_steps;
    uint64_t opportunities, checks;
    uint64_t of_exchange[EXCHANGES_MAX]; /* scenarios that have it */
};

/* One fault at one book, and what came of it on the bus; times are virtual, -1: never. */
struct reaction {
    uint32_t kind;     /* enum fault_kind */
    uint32_t feeds;    /* bits of enum fault_feed */
    int64_t stale_ns;  /* from the fault until nobody trades on the book any more */
    int64_t healed_ns; /* from the fault until it may be traded on again */
};
typedef void reaction_fn(void *context, const struct reaction *reaction);

#endif /* ARB_SIMULATION_H */
