#include "strategy/ring_source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "arbspot/abi.h"
#include "util/clock.h"

struct ring_source {
    struct source base; /* first: the handle leads back here */
    struct waker *waker;
    struct ring *held; /* its oldest record is lent out by next(), or NULL */
    unsigned n;
    unsigned turn; /* the ring to look at first */
    struct ring_source_venue venues[RING_SOURCE_RINGS_MAX];
};

static void release_held(struct ring_source *self)
{
    if (self->held != NULL) {
        ring_release(self->held);
        self->held = NULL;
    }
}

/* The next event of one venue, or what is said in its place. */
static const struct event *poll_venue(struct ring_source *self,
                                      const struct ring_source_venue *venue)
{
    size_t len;

    for (void *record; (record = ring_peek(venue->ring, &len)) != NULL; ring_release(venue->ring)) {
        assert(len >= sizeof(struct event));
        const struct event *const event = last_words_pass(venue->words, event_record_read(record));
        if (event != NULL) {
            self->held = venue->ring;
            return event;
        }
    }
    return last_words_next(venue->words, clock_now_ns());
}

/* Looks at every ring once. */
static const struct event *poll_rings(struct ring_source *self)
{
    for (unsigned i = 0; i < self->n; i++) {
        const struct ring_source_venue *const venue = &self->venues[self->turn];
        self->turn = (self->turn + 1) % self->n;
        const struct event *const event = poll_venue(self, venue);
        if (event != NULL) {
            last_words_note(venue->words, event);
            return event;
        }
    }
    return NULL;
}

static bool are_rings_empty(void *context)
{
    struct ring_source *const self = context;
    size_t len;

    for (unsigned i = 0; i < self->n; i++) {
        if (ring_peek(self->venues[i].ring, &len) != NULL ||
            last_words_are_due(self->venues[i].words)) {
            return false;
        }
    }
    return true;
}

static const struct event *next(struct source *source, int timeout_ms)
{
    struct ring_source *const self = (struct ring_source *)source;

    release_held(self);
    const struct event *const event = poll_rings(self);
    if (event != NULL || timeout_ms == 0) {
        return event;
    }
    waker_park(self->waker, timeout_ms, are_rings_empty, self);
    return poll_rings(self);
}

static void wake(struct source *source)
{
    waker_wake(((struct ring_source *)source)->waker);
}

static bool explain(struct source *source, char *why, size_t cap)
{
    (void)source;
    (void)snprintf(why, cap, "no exchange of this process has a word to say: look at its lines");
    return false;
}

static void destroy(struct source *source)
{
    struct ring_source *const self = (struct ring_source *)source;

    release_held(self);
    free(self);
}

static const struct source_ops ops = {
    .next = next, .wake = wake, .explain = explain, .destroy = destroy
};

int ring_source_create(struct source **source, const struct ring_source_venue *venues, unsigned n,
                       struct waker *waker)
{
    if (n > RING_SOURCE_RINGS_MAX) {
        return ARB_EINVAL;
    }
    struct ring_source *const self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return ARB_ENOMEM;
    }
    self->base.ops = &ops;
    self->waker = waker;
    self->n = n;
    for (unsigned i = 0; i < n; i++) {
        self->venues[i] = venues[i];
    }
    *source = &self->base;
    return ARB_OK;
}
