#include "config/pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Configurations have some hundred small pieces; one heap block each is fast enough. */
struct pool_block {
    struct pool_block *next;
    alignas(max_align_t) char data[];
};

struct pool {
    struct pool_block *blocks;
};

struct pool *pool_create(void)
{
    return calloc(1, sizeof(struct pool));
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    while (pool->blocks != NULL) {
        struct pool_block *const block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
    free(pool);
}

void *pool_alloc(struct pool *pool, size_t len)
{
    size_t block_len = 0;

    if (__builtin_add_overflow(sizeof(struct pool_block), len, &block_len)) {
        return NULL;
    }
    struct pool_block *const block = calloc(1, block_len);
    if (block == NULL) {
        return NULL;
    }
    block->next = pool->blocks;
    pool->blocks = block;
    return block->data;
}

char *pool_text(struct pool *pool, struct arb_bytes text)
{
    char *const copy = pool_alloc(pool, text.len + 1);
    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    return copy;
}
