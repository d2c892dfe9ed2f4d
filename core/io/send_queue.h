/*
 * send_queue.h - what waits to be sent on one connection, and when the next may go.
 *
 * A rate of n a second means at least 1/n s between two messages: a token bucket of depth
 * one, so that no second ever sees more than n, however the venue counts its seconds.
 */
#ifndef ARB_SEND_QUEUE_H
#define ARB_SEND_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "arbspot/types.h"

enum { SEND_LEN_MAX = 1 << 20 }; /* bytes of one message; subscriptions are far shorter */

struct send_item {
    struct send_item *next;
    size_t len;
    unsigned char bytes[]; /* LWS_PRE bytes for the frame header, then the message */
};

struct send_queue {
    struct send_item *first, *last;
    uint32_t n;
    int64_t gap_ns;  /* between two messages; 0: no limit */
    int64_t next_ns; /* before which nothing goes out */
};

void send_queue_init(struct send_queue *queue, uint32_t rate);

/* Copies a message. ARB_ELIMIT: IO_SEND_QUEUE_MAX messages wait, or it is too long. */
int send_queue_push(struct send_queue *queue, struct arb_bytes text);

/* Takes the first message out if one may go now; the caller frees it. Else NULL. */
struct send_item *send_queue_take(struct send_queue *queue, int64_t now_ns);

/* When the next message may go: INT64_MAX with none waiting. */
int64_t send_queue_due(const struct send_queue *queue);

/* Drops everything and returns how many messages that were. */
uint32_t send_queue_clear(struct send_queue *queue);

#endif /* ARB_SEND_QUEUE_H */
