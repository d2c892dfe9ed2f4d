/*
 * fnv.h - a short number for a text. FNV-1a, 64 bits: quick, and no secret.
 */
#ifndef ARB_FNV_H
#define ARB_FNV_H

#include <stdint.h>

static inline uint64_t fnv_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return hash;
}

#endif /* ARB_FNV_H */
