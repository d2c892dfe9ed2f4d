#include "bus/ring.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arbspot/abi.h"

enum { RING_MIN = 4096 };

/* In front of each record. The length counts the payload; a pad fills the rest of the ring. */
struct record {
    uint32_t len;
    uint32_t is_pad;
};

static size_t footprint(size_t len)
{
    return sizeof(struct record) + ((len + 7) & ~(size_t)7);
}

int waker_init(struct waker *waker)
{
    atomic_init(&waker->parked, false);
    waker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return waker->fd < 0 ? ARB_ENOMEM : ARB_OK;
}

void waker_fini(struct waker *waker)
{
    if (waker->fd >= 0) {
        (void)close(waker->fd);
        waker->fd = -1;
    }
}

void waker_wake(struct waker *waker)
{
    const uint64_t one = 1;
    (void)!write(waker->fd, &one, sizeof(one)); /* full means: awake already */
}

void waker_park(struct waker *waker, int timeout_ms, bool (*idle)(void *context), void *context)
{
    struct pollfd readable = { .fd = waker->fd, .events = POLLIN };
    uint64_t count;

    /* One order with ring_commit() and ring_peek(): it sees the flag or idle() the record. */
    atomic_store_explicit(&waker->parked, true, memory_order_seq_cst);
    if (idle(context)) {
        (void)poll(&readable, 1, timeout_ms);
    }
    atomic_store_explicit(&waker->parked, false, memory_order_relaxed);
    (void)!read(waker->fd, &count, sizeof(count));
}

int ring_init(struct ring *ring, size_t len, struct waker *waker)
{
    size_t rounded = RING_MIN;

    while (rounded < len) {
        rounded *= 2;
    }
    ring->data = aligned_alloc(CACHE_LINE, rounded);
    if (ring->data == NULL) {
        return ARB_ENOMEM;
    }
    ring->len = rounded;
    ring->waker = waker;
    ring->tail_seen = ring->head_seen = ring->reserved = 0;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return ARB_OK;
}

void ring_fini(struct ring *ring)
{
    free(ring->data);
    ring->data = NULL;
}

size_t ring_record_max(const struct ring *ring)
{
    /* A record may have to be preceded by a pad of almost its own length. */
    return ring->len / 2 - sizeof(struct record);
}

static struct record *record_at(const struct ring *ring, size_t position)
{
    return (struct record *)(void *)(ring->data + (position & (ring->len - 1)));
}

static bool has_room(struct ring *ring, size_t head, size_t need)
{
    if (ring->len - (head - ring->tail_seen) >= need) {
        return true;
    }
    /* Pairs with the release in ring_release(): what it freed may be overwritten. */
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return ring->len - (head - ring->tail_seen) >= need;
}

void *ring_reserve(struct ring *ring, size_t len)
{
    const size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    const size_t to_end = ring->len - (head & (ring->len - 1));
    const size_t need = footprint(len);
    const size_t pad = to_end < need ? to_end : 0;

    if (len > ring_record_max(ring) || !has_room(ring, head, pad + need)) {
        return NULL;
    }
    if (pad > 0) {
        *record_at(ring, head) =
            (struct record){ .len = (uint32_t)(pad - sizeof(struct record)), .is_pad = 1 };
    }
    struct record *const record = record_at(ring, head + pad);
    *record = (struct record){ .len = (uint32_t)len };
    ring->reserved = pad + need;
    return record + 1;
}

void ring_commit(struct ring *ring)
{
    const size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    assert(ring->reserved > 0);
    /* Pairs with the load in ring_peek(); stronger than release for the sake of waker_park(). */
    atomic_store_explicit(&ring->head, head + ring->reserved, memory_order_seq_cst);
    ring->reserved = 0;
    if (ring->waker != NULL && atomic_load_explicit(&ring->waker->parked, memory_order_seq_cst)) {
        waker_wake(ring->waker);
    }
}

void *ring_peek(struct ring *ring, size_t *len)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (;;) {
        if (tail == ring->head_seen) {
            ring->head_seen = atomic_load_explicit(&ring->head, memory_order_seq_cst);
            if (tail == ring->head_seen) {
                return NULL;
            }
        }
        struct record *const record = record_at(ring, tail);
        if (!record->is_pad) {
            *len = record->len;
            return record + 1;
        }
        tail += footprint(record->len);
        atomic_store_explicit(&ring->tail, tail, memory_order_release);
    }
}

void ring_release(struct ring *ring)
{
    const size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    assert(tail != ring->head_seen);
    /* Pairs with the acquire in has_room(). */
    atomic_store_explicit(&ring->tail, tail + footprint(record_at(ring, tail)->len),
                          memory_order_release);
}
