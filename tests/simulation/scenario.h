/*
 * scenario.h - one seeded run: one or two venues, their feeds, the bus and everybody who reads it.
 *
 * A number decides everything: instruments, depths, modes, latencies, faults, who reads what
 * and when. After every call of a session its books are compared with the truth, and after every
 * read each consumer's copy with what the host said at that event.
 */
#ifndef ARB_SIMULATION_SCENARIO_H
#define ARB_SIMULATION_SCENARIO_H

#include "exchanges.h"
#include "plugin/loader.h"
#include "simulation.h"

struct scenario_plugins {
    struct plugin exchanges[EXCHANGES_MAX]; /* by their numbers */
    struct plugin cross_venue;
};

struct scenario_options {
    uint64_t seed;
    const struct scenario_plugins *plugins; /* borrowed */
    const char *venue;                      /* only this one; NULL: as drawn */
    uint32_t only_fault;                    /* enum fault_kind; 0: as drawn */
    uint32_t only_feeds;                    /* bits of enum fault_feed: the side that has it */
    bool is_verbose;
    reaction_fn *reaction; /* or NULL */
    void *context;         /* of it */
};

/* Adds to `totals`. ARB_EINVAL when it cannot run at all. Violations are printed to stdout. */
int scenario_run(const struct scenario_options *options, struct totals *totals, struct err *err);

#endif /* ARB_SIMULATION_SCENARIO_H */
