#include "alloc_count.h"

#include <stdlib.h>

/* glibc's names for what is replaced here; it exports them for this purpose. */
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t n, size_t len);
void *__libc_realloc(void *memory, size_t len);

/* malloc() has no argument that could carry an owner, so the count belongs to the thread. */
static _Thread_local uint64_t n_calls;

uint64_t alloc_count(void)
{
    return n_calls;
}

void *malloc(size_t len)
{
    n_calls++;
    return __libc_malloc(len);
}

void *calloc(size_t n, size_t len)
{
    n_calls++;
    return __libc_calloc(n, len);
}

void *realloc(void *memory, size_t len)
{
    n_calls++;
    return __libc_realloc(memory, len);
}
