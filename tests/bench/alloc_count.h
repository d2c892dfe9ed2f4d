/*
 * alloc_count.h - how often this thread has asked for memory.
 *
 * The executable's own malloc() family stands in front of the C library's, for its libraries
 * and plugins too.
 */
#ifndef ARB_BENCH_ALLOC_COUNT_H
#define ARB_BENCH_ALLOC_COUNT_H

#include <stdint.h>

/* Calls of malloc(), calloc() and realloc() by the calling thread so far. */
uint64_t alloc_count(void);

#endif /* ARB_BENCH_ALLOC_COUNT_H */
