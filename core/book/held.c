#include "book/held.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct held_delta) % _Alignof(struct arb_level) == 0, "levels are aligned");

const char *held_reserve(struct live_held *held, const struct arb_book_event *event)
{
    const size_t n_levels = (size_t)event->n_bids + event->n_asks;
    const size_t need = held->len + sizeof(struct held_delta) + n_levels * sizeof(struct arb_level);

    if (need > LIVE_HELD_BYTES_MAX) {
        return "too many deltas arrived before the snapshot";
    }
    if (need > held->cap) {
        const size_t cap = 2 * need < LIVE_HELD_BYTES_MAX ? 2 * need : LIVE_HELD_BYTES_MAX;
        char *const data = realloc(held->data, cap);
        if (data == NULL) {
            return "no memory to hold deltas";
        }
        held->data = data;
        held->cap = cap;
    }
    return NULL;
}

static char *put_levels(char *at, const struct arb_level *levels, uint32_t n)
{
    if (n > 0) {
        memcpy(at, levels, n * sizeof(*levels));
    }
    return at + n * sizeof(*levels);
}

void held_put(struct live_held *held, const struct arb_book_event *event, struct moment now)
{
    const struct held_delta delta = { .event = *event, .recv = now };
    char *at = held->data + held->len;

    memcpy(at, &delta, sizeof(delta));
    at = put_levels(at + sizeof(delta), event->bids, event->n_bids);
    at = put_levels(at, event->asks, event->n_asks);
    if (held->len == 0) {
        held->first_venue_ns = event->venue_ns;
    }
    held->len = (size_t)(at - held->data);
    held->last_seq = event->last_seq;
    held->last_venue_ns = event->venue_ns;
}

struct held_delta held_read(const struct live_held *held, size_t *at)
{
    struct held_delta delta;

    memcpy(&delta, held->data + *at, sizeof(delta));
    *at += sizeof(delta);
    delta.event.bids = (const struct arb_level *)(const void *)(held->data + *at);
    delta.event.asks = delta.event.bids + delta.event.n_bids;
    *at += ((size_t)delta.event.n_bids + delta.event.n_asks) * sizeof(struct arb_level);
    return delta;
}

void held_drop(struct live_held *held)
{
    held->len = 0;
    held->first_venue_ns = held->last_venue_ns = 0;
    held->last_seq = 0;
}
