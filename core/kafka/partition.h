/*
 * partition.h - which partition of a topic a key belongs to.
 *
 * The choice is that of Java's clients (murmur2), so that a table or stream made by one of them
 * with the same key shares our partitions. It is made here and not by librdkafka, because a
 * partitioner that refuses a message is one of the places where librdkafka 2.0.2 frees memory
 * twice.
 */
#ifndef ARB_PARTITION_H
#define ARB_PARTITION_H

#include <string.h>

#include "arbspot/types.h"

/* The 31 bits of a key that decide. */
uint32_t partition_hash(struct arb_bytes key);

/* The partition of such a hash among `n_partitions`, which is not 0. */
static inline unsigned partition_at(uint32_t hash, unsigned n_partitions)
{
    return hash % n_partitions;
}

/* The partition of a key, a symbol for instance, among `n_partitions`, which is not 0. */
static inline unsigned partition_of(const char *key, unsigned n_partitions)
{
    return partition_at(partition_hash((struct arb_bytes){ key, strlen(key) }), n_partitions);
}

#endif /* ARB_PARTITION_H */
