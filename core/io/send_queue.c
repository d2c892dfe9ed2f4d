#include "io/send_queue.h"

#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "io/io.h"
#include "util/clock.h"

void send_queue_init(struct send_queue *queue, uint32_t rate)
{
    *queue = (struct send_queue){ .gap_ns = rate == 0 ? 0 : NS_PER_S / rate };
}

int send_queue_push(struct send_queue *queue, struct arb_bytes text)
{
    if (queue->n == IO_SEND_QUEUE_MAX || text.len > SEND_LEN_MAX) {
        return ARB_ELIMIT;
    }
    struct send_item *item = malloc(sizeof(*item) + LWS_PRE + text.len);
    if (item == NULL) {
        return ARB_ENOMEM;
    }
    item->next = NULL;
    item->len = text.len;
    memcpy(item->bytes + LWS_PRE, text.data, text.len);
    if (queue->last == NULL) {
        queue->first = item;
    } else {
        queue->last->next = item;
    }
    queue->last = item;
    queue->n++;
    return ARB_OK;
}

static struct send_item *pop(struct send_queue *queue)
{
    struct send_item *item = queue->first;

    if (item != NULL) {
        queue->first = item->next;
        queue->last = item->next == NULL ? NULL : queue->last;
        queue->n--;
    }
    return item;
}

struct send_item *send_queue_take(struct send_queue *queue, int64_t now_ns)
{
    if (queue->first == NULL || now_ns < queue->next_ns) {
        return NULL;
    }
    queue->next_ns = now_ns + queue->gap_ns;
    return pop(queue);
}

int64_t send_queue_due(const struct send_queue *queue)
{
    return queue->first == NULL ? INT64_MAX : queue->next_ns;
}

uint32_t send_queue_clear(struct send_queue *queue)
{
    const uint32_t n = queue->n;

    while (queue->first != NULL) {
        free(pop(queue));
    }
    return n;
}
