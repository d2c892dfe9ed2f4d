#include "kafka/offsets.h"

#include <stdlib.h>

void offsets_fini(struct offsets *offsets)
{
    free(offsets->last);
    *offsets = (struct offsets){ 0 };
}

void offsets_reset(struct offsets *offsets, unsigned n)
{
    if (n != offsets->n) {
        offsets_fini(offsets);
        offsets->last = malloc(n * sizeof(*offsets->last));
        offsets->n = offsets->last == NULL ? 0 : n;
    }
    for (unsigned i = 0; i < offsets->n; i++) {
        offsets->last[i] = -1;
    }
}

bool offsets_go_back(struct offsets *offsets, int32_t partition, int64_t offset)
{
    if (offset < 0 || partition < 0 || (unsigned)partition >= offsets->n) {
        return false;
    }
    const bool go_back = offset <= offsets->last[partition];
    offsets->last[partition] = offset;
    return go_back;
}
