/*
 * allocations.h - the plugin's own calls of the allocator are counted, and one fails when asked to.
 *
 * The plugin, and the library of C++ if it brought one, have the addresses of malloc() and the
 * like in tables that the loader filled; other functions are put in there. Nobody else's calls
 * are touched, and it works with a sanitizer too. The tables are of the whole process, so there is
 * one count.
 */
#ifndef ARB_HARNESS_ALLOCATIONS_H
#define ARB_HARNESS_ALLOCATIONS_H

#include "plugin/loader.h"

/* Once, after the plugin was loaded. False: the tables cannot be read or written. */
bool allocations_watch(const struct plugin *plugin);

/* Counts from 1 again; the call with the number `fails`, unless it is 0, gets no memory. */
void allocations_begin(uint64_t fails);
/* How many there were; from here on none fails. */
uint64_t allocations_end(void);

#endif /* ARB_HARNESS_ALLOCATIONS_H */
