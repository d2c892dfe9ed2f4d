/*
 * send_queue.h - what waits to be written to one connection: bounded, first in, first out.
 *
 * How often a venue wants to hear from us is the session's business; here everything goes out as
 * soon as the socket takes it.
 */
#ifndef ARB_SEND_QUEUE_H
#define ARB_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arbspot/exchange.h"

struct send_item {
    struct send_item *next;
    size_t len;
    bool is_binary;
    unsigned char bytes[]; /* LWS_PRE bytes for the frame header, then the message */
};

/* Zeroed memory is an empty queue. */
struct send_queue {
    struct send_item *first, *last;
    uint32_t n;
};

static inline bool send_queue_is_empty(const struct send_queue *queue)
{
    return queue->first == NULL;
}

/* Copies a message. ARB_ELIMIT: IO_SEND_QUEUE_MAX messages wait, or it is over IO_SEND_MAX. */
int send_queue_push(struct send_queue *queue, struct arb_message message);

/* Takes the first message out; the caller frees it. NULL: none waits. */
struct send_item *send_queue_take(struct send_queue *queue);

/* Drops everything and returns how many messages that were. */
uint32_t send_queue_clear(struct send_queue *queue);

#endif /* ARB_SEND_QUEUE_H */
