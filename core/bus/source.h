/*
 * source.h - a stream of book events for one consumer: a ring of this process, or Kafka.
 */
#ifndef ARB_SOURCE_H
#define ARB_SOURCE_H

#include "book/event.h"

/* Owned by one consumer thread; only wake() may be called from another. */
struct source {
    const struct source_ops *ops;
};

struct source_ops {
    /*
     * The next event, or NULL when none came within `timeout_ms` (0: do not wait). It is
     * borrowed until the next call. venue and info live as long as the source.
     */
    const struct event *(*next)(struct source *source, int timeout_ms);
    /* Makes a waiting next() return NULL soon. Any thread. */
    void (*wake)(struct source *source);
    /*
     * Optional. Why nothing comes, in words that go on from a colon; by the consumer's thread.
     * True: nothing can; false: nobody may have something to say.
     */
    bool (*explain)(struct source *source, char *why, size_t cap);
    /* Frees the source. */
    void (*destroy)(struct source *source);
};

#endif /* ARB_SOURCE_H */
