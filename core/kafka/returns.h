/*
 * returns.h - what comes back to the publisher: what became of its messages and of the market
 * topic, and which books have to be sent anew for it.
 */
#ifndef ARB_RETURNS_H
#define ARB_RETURNS_H

#include "kafka/outbox.h"

struct publisher;

/* The outbox tells a `struct publisher`. */
extern const struct outbox_owner returns_owner;

/* Takes note of what became of the market topic. */
void returns_note_partitions(struct publisher *publisher, int64_t mono_ns);

#endif /* ARB_RETURNS_H */
