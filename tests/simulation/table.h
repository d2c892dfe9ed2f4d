/*
 * table.h - how long it takes from a fault until nobody trades on the book any more.
 */
#ifndef ARB_SIMULATION_TABLE_H
#define ARB_SIMULATION_TABLE_H

#include "scenario.h"

/* Runs scenarios with one fault each and prints a line for each fault and feed that has it. */
int table_print(const struct scenario_options *options, uint64_t scenarios_each,
                struct totals *totals, struct err *err);

#endif /* ARB_SIMULATION_TABLE_H */
