/*
 * pool.h - memory for what is built once and freed all at once, such as a configuration.
 */
#ifndef ARB_POOL_H
#define ARB_POOL_H

#include <stddef.h>

#include "arbspot/types.h"

struct pool;

/* Returns NULL when memory is exhausted. */
struct pool *pool_create(void);

/* Frees the pool and everything allocated from it. NULL is accepted. */
void pool_destroy(struct pool *pool);

/* Zeroed memory, aligned for any type. Returns NULL when memory is exhausted. */
void *pool_alloc(struct pool *pool, size_t len);

/* A terminated copy. Returns NULL when memory is exhausted. */
char *pool_text(struct pool *pool, struct arb_bytes text);

#endif /* ARB_POOL_H */
