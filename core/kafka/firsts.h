/*
 * firsts.h - the first message of a producer in a partition goes alone.
 *
 * A partition that is as new as its topic may refuse a producer's first messages and take those
 * behind them, which were under way: brokers accept any sequence number from a producer that the
 * partition has not heard of. Sent again, the first ones then count as there, and are lost (seen
 * with Apache Kafka 4.1.0, once in five new topics). So the second message waits for the answer to
 * the first; not for long, as a partition without a leader must not hold up the others.
 */
#ifndef ARB_FIRSTS_H
#define ARB_FIRSTS_H

#include <stdbool.h>
#include <stdint.h>

enum { FIRSTS_WAIT_MS = 500 };

struct first;

/* Of one producer and topic. Zeroed memory is ready. */
struct firsts {
    struct first *partitions; /* [n] */
    uint32_t n;
};

/* Nothing was sent to any partition yet. Frees all memory, too. */
void firsts_forget(struct firsts *firsts);

/* Whether a message may go to the partition. Without memory all may. */
bool firsts_let(const struct firsts *firsts, uint32_t partition);

/* A message was handed over. */
void firsts_sent(struct firsts *firsts, uint32_t partition);

/* One was delivered there: all others may go. */
void firsts_delivered(struct firsts *firsts, uint32_t partition);

/* One was not: as long as none was, the next one is the first. */
void firsts_failed(struct firsts *firsts, uint32_t partition);

#endif /* ARB_FIRSTS_H */
