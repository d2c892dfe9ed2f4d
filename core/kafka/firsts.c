#include "kafka/firsts.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

struct first {
    bool is_open;
    int64_t until_ns; /* mono: one is under way, and the others wait; 0: none is */
};

void firsts_forget(struct firsts *firsts)
{
    free(firsts->partitions);
    *firsts = (struct firsts){ 0 };
}

bool firsts_let(const struct firsts *firsts, uint32_t partition)
{
    if (partition >= firsts->n) {
        return true;
    }
    const struct first *const first = &firsts->partitions[partition];
    return first->is_open || first->until_ns == 0 || clock_mono_ns() >= first->until_ns;
}

static struct first *reach(struct firsts *firsts, uint32_t partition)
{
    if (partition >= firsts->n) {
        const uint32_t n = partition + 1;
        struct first *const grown = realloc(firsts->partitions, n * sizeof(*grown));
        if (grown == NULL) {
            return NULL;
        }
        memset(grown + firsts->n, 0, (n - firsts->n) * sizeof(*grown));
        firsts->partitions = grown;
        firsts->n = n;
    }
    return &firsts->partitions[partition];
}

void firsts_sent(struct firsts *firsts, uint32_t partition)
{
    struct first *const first = reach(firsts, partition);

    if (first != NULL && !first->is_open && first->until_ns == 0) {
        first->until_ns = clock_mono_ns() + FIRSTS_WAIT_MS * NS_PER_MS;
    }
}

void firsts_delivered(struct firsts *firsts, uint32_t partition)
{
    struct first *const first = reach(firsts, partition);

    if (first != NULL) {
        first->is_open = true;
    }
}

void firsts_failed(struct firsts *firsts, uint32_t partition)
{
    if (partition < firsts->n) {
        firsts->partitions[partition].until_ns = 0;
    }
}
