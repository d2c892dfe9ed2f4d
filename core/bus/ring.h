/*
 * ring.h - a bounded queue of variable-length records from one thread to one other.
 *
 * The producer reserves, writes in place and commits; the consumer peeks and releases.
 * Nothing blocks and nothing allocates after ring_init(). Records are 8-byte aligned and
 * contiguous. A full ring refuses: what then happens to the record is the producer's
 * decision (outlet.h conflates books).
 */
#ifndef ARB_RING_H
#define ARB_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CACHE_LINE = 64 };

/* Wakes one consumer that sleeps; shared by all rings which that consumer reads. */
struct waker {
    int fd;              /* eventfd; the consumer may poll it together with others */
    _Atomic bool parked; /* set by the consumer before it sleeps */
};

struct ring {
    char *data;
    size_t len; /* a power of two */
    struct waker *waker;
    alignas(CACHE_LINE) _Atomic size_t head; /* written by the producer: bytes committed */
    size_t tail_seen;                        /* producer's last look at tail */
    size_t reserved;                         /* producer: bytes of the record being written */
    alignas(CACHE_LINE) _Atomic size_t tail; /* written by the consumer: bytes released */
    size_t head_seen;                        /* consumer's last look at head */
};

int waker_init(struct waker *waker);
void waker_fini(struct waker *waker);

/* Wakes the consumer if it sleeps. Any thread. */
void waker_wake(struct waker *waker);

/*
 * The consumer sleeps until woken or for `timeout_ms`, unless `idle(context)` says after the
 * flag is up that there is something to do after all: that look closes the race.
 */
void waker_park(struct waker *waker, int timeout_ms, bool (*idle)(void *context), void *context);

/* `len` is rounded up to a power of two, at least 4096. `waker` may be NULL. */
int ring_init(struct ring *ring, size_t len, struct waker *waker);
void ring_fini(struct ring *ring);

/* Producer: room for one record of `len` bytes, or NULL when it does not fit now. */
void *ring_reserve(struct ring *ring, size_t len);

/* Producer: makes the reserved record visible and wakes the consumer. */
void ring_commit(struct ring *ring);

/* Consumer: the oldest record, or NULL when empty. It stays until ring_release(). */
void *ring_peek(struct ring *ring, size_t *len);
void ring_release(struct ring *ring);

/* The largest record that ring_reserve() can ever grant. */
size_t ring_record_max(const struct ring *ring);

#endif /* ARB_RING_H */
