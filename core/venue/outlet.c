#include "venue/outlet.h"

#include <stdlib.h>

#include "arbspot/abi.h"

static int outlet_init(struct outlet *outlet)
{
    outlet->last_seq = calloc(ARB_INSTRUMENTS_MAX, sizeof(*outlet->last_seq));
    outlet->behind = calloc(ARB_INSTRUMENTS_MAX, sizeof(*outlet->behind));
    if (outlet->last_seq == NULL || outlet->behind == NULL) {
        outlet_fini(outlet);
        return ARB_ENOMEM;
    }
    return ARB_OK;
}

int outlet_init_ring(struct outlet *outlet, struct ring *ring, struct feedback *feedback,
                     bool periodic)
{
    *outlet = (struct outlet){ .ring = ring, .feedback = feedback, .periodic = periodic };
    return outlet_init(outlet);
}

int outlet_init_fn(struct outlet *outlet, outlet_fn *fn, void *context)
{
    *outlet = (struct outlet){ .fn = fn, .context = context, .periodic = true };
    return outlet_init(outlet);
}

void outlet_fini(struct outlet *outlet)
{
    free(outlet->last_seq);
    free(outlet->behind);
    *outlet = (struct outlet){ 0 };
}

static bool deliver(struct outlet *outlet, const struct event *event)
{
    if (outlet->ring == NULL) {
        outlet->fn(outlet->context, event);
        return true;
    }
    void *const record = ring_reserve(outlet->ring, event_record_len(event));
    if (record == NULL) {
        return false;
    }
    event_record_write(event, record);
    ring_commit(outlet->ring);
    return true;
}

bool outlet_tell(struct outlet *outlet, const struct event *event)
{
    return deliver(outlet, event);
}

/* While a book is behind, only what stands for its whole state may be sent. */
static bool heals(const struct event *event)
{
    return event->kind == EVENT_SNAPSHOT ||
           (event->kind == EVENT_STATUS && event->state != ARB_BOOK_LIVE);
}

void outlet_lost(struct outlet *outlet, uint32_t instrument, uint64_t n)
{
    outlet->n_behind += outlet->behind[instrument] == 0;
    outlet->behind[instrument] += n;
    outlet->conflated += n;
}

bool outlet_send(struct outlet *outlet, struct event *event)
{
    const uint32_t i = event->instrument;

    event->prev_seq = outlet->last_seq[i];
    event->conflated = outlet->behind[i];
    if ((outlet->behind[i] > 0 && !heals(event)) || !deliver(outlet, event)) {
        outlet_lost(outlet, i, 1);
        return false;
    }
    outlet->n_behind -= outlet->behind[i] > 0;
    outlet->behind[i] = 0;
    outlet->last_seq[i] = event->seq;
    return true;
}
