/*
 * offsets.h - notices that a topic begins anew, by what its brokers number delivered messages with.
 *
 * Offsets of a partition only grow, unless the topic was deleted and made again, or its broker lost
 * the end of it.
 */
#ifndef ARB_OFFSETS_H
#define ARB_OFFSETS_H

#include "arbspot/types.h"

/* Zeroed memory knows no partition. */
struct offsets {
    int64_t *last; /* [n] of the last message delivered, -1: none yet */
    unsigned n;
};

void offsets_fini(struct offsets *offsets);

/* Begins anew with so many partitions. Without memory for them nothing is noticed. */
void offsets_reset(struct offsets *offsets, unsigned n);

/* A message was delivered; an offset below 0 is unknown. True when it is behind an earlier one. */
bool offsets_go_back(struct offsets *offsets, int32_t partition, int64_t offset);

#endif /* ARB_OFFSETS_H */
