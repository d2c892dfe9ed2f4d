/*
 * origin.h - of what a message was, as it comes back with the report of its delivery.
 *
 * It travels through librdkafka in place of a pointer, so that nothing has to be kept for messages
 * that are under way. An opportunity has none: nobody can send it again.
 */
#ifndef ARB_ORIGIN_H
#define ARB_ORIGIN_H

#include "book/event.h"
#include "kafka/topics.h"
#include "wire/wire.h"

/* What the message does to its book on the topic. */
enum origin_kind {
    ORIGIN_CHANGES = 0,
    ORIGIN_IS_WHOLE = 1,
    ORIGIN_IS_DOWN = 2,
    ORIGIN_LEAVES = 3, /* the partition, for another */
};

struct origin {
    uint16_t venue;           /* counted from 1; 0: of a strategy */
    uint16_t instrument;      /* or one that no book has: the venue, or the strategy, is alive */
    uint32_t kind : 2;        /* enum origin_kind */
    uint32_t n_messages : 30; /* of the book that are lost with it: those it replaced, and itself */
};

/* Of an event of a venue's book. Venues are counted from 0 here. */
void *origin_of_event(unsigned venue, const struct event *event);

/* Of the last word about the book in a partition that it leaves. */
void *origin_of_leaving(unsigned venue, uint32_t instrument);

/* Of the word that a venue, or a strategy, is alive. */
void *origin_of_alive(unsigned venue);
void *origin_of_strategy(void);

struct origin origin_unpack(const void *opaque);

/* Whether the message was of a venue's book. */
bool origin_is_of_book(struct origin origin);

enum kafka_topic origin_topic(const void *opaque);

/* How this process is named in its alive messages, for people: "MACHINE/PROCESS". */
void origin_host(char out[WIRE_HOST_MAX]);

#endif /* ARB_ORIGIN_H */
