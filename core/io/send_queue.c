#include "io/send_queue.h"

#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "io/settings.h"

int send_queue_push(struct send_queue *queue, struct arb_message message)
{
    if (queue->n == IO_SEND_QUEUE_MAX || message.len > IO_SEND_MAX) {
        return ARB_ELIMIT;
    }
    struct send_item *item = malloc(sizeof(*item) + LWS_PRE + message.len);
    if (item == NULL) {
        return ARB_ENOMEM;
    }
    item->next = NULL;
    item->len = message.len;
    item->is_binary = message.is_binary;
    if (message.len > 0) {
        memcpy(item->bytes + LWS_PRE, message.data, message.len);
    }
    if (queue->last == NULL) {
        queue->first = item;
    } else {
        queue->last->next = item;
    }
    queue->last = item;
    queue->n++;
    return ARB_OK;
}

struct send_item *send_queue_take(struct send_queue *queue)
{
    struct send_item *item = queue->first;

    if (item != NULL) {
        queue->first = item->next;
        queue->last = item->next == NULL ? NULL : queue->last;
        queue->n--;
    }
    return item;
}

uint32_t send_queue_clear(struct send_queue *queue)
{
    const uint32_t n = queue->n;

    while (queue->first != NULL) {
        free(send_queue_take(queue));
    }
    return n;
}
