/*
 * consumer.h - a consumer that trusts nothing: it keeps its own books from the events alone and
 * remembers the first thing that was wrong with them.
 *
 * A book said to be LIVE must have positive prices and quantities, must not be crossed, must
 * have the checksum the event names, be no deeper than the plugin's plan says, and its events must
 * be numbered without a gap.
 */
#ifndef ARB_HARNESS_CONSUMER_H
#define ARB_HARNESS_CONSUMER_H

#include "book/book.h"
#include "book/event.h"

enum { FLAW_MAX = 256 };

struct consumer {
    struct book *books;  /* [ARB_INSTRUMENTS_MAX] */
    uint64_t *seqs;      /* [ARB_INSTRUMENTS_MAX] of the last event */
    uint32_t depth;      /* levels a side that a book may have; 0: any number */
    char flaw[FLAW_MAX]; /* "" as long as all is well */
};

int consumer_init(struct consumer *consumer);
void consumer_fini(struct consumer *consumer);

void consumer_take(struct consumer *consumer, const struct event *event);

#endif /* ARB_HARNESS_CONSUMER_H */
