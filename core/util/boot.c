#include "util/boot.h"

#include <stdatomic.h>
#include <stdio.h>

#include "util/fnv.h"

enum { ID_MAX = 64 };

/* The kernel's random number of this start, "4bf85e58-...", cut to 64 bits of it. */
static uint64_t read_id(void)
{
    char text[ID_MAX] = "";
    FILE *const file = fopen("/proc/sys/kernel/random/boot_id", "re");
    uint64_t id = 0;

    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof(text), file) != NULL) {
        id = fnv_of(text);
    }
    (void)fclose(file); /* only read from */
    return id;
}

uint64_t boot_id(void)
{
    static _Atomic uint64_t known; /* the same for every thread that reads it */
    uint64_t id = atomic_load_explicit(&known, memory_order_relaxed);

    if (id == 0) {
        id = read_id();
        atomic_store_explicit(&known, id, memory_order_relaxed);
    }
    return id;
}
