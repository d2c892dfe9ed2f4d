/*
 * watch.h - which callback of which plugin a thread is in, for others to look at.
 *
 * A plugin may crash, or never return. Then nobody can ask the thread: so it leaves a mark before
 * each callback, a few relaxed stores, and takes it away behind it. The watchdog reads the marks of
 * all threads, and a thread that crashes reads its own.
 *
 * What a thread is doing belongs to the thread: whoever makes one gives it a mark by watch_here,
 * and code that calls plugins need not be handed it. Without a mark, nothing is noted.
 */
#ifndef ARB_WATCH_H
#define ARB_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arbspot/types.h"

enum {
    WATCH_WHO_MAX = ARB_SYMBOL_MAX + 32, /* terminators included */
    WATCH_PLUGIN_MAX = ARB_SYMBOL_MAX,
    WATCH_INPUT_MAX = 64, /* bytes of the input that are looked at */
};

/* Who calls a plugin. Whoever does keeps one, unchanged, for as long as it calls. */
struct watch_subject {
    char who[WATCH_WHO_MAX]; /* "venue=kraken" */
    char plugin[WATCH_PLUGIN_MAX];
};

void watch_subject_init(struct watch_subject *subject, const char *who, const char *plugin);

/* Zeroed memory is ready. Written by its thread. */
struct watch_mark {
    _Atomic uint32_t count;         /* odd: in a callback */
    _Atomic(const char *) callback; /* "on_message()", for ever there */
    _Atomic(const struct watch_subject *) subject;
    _Atomic(const char *) input;
    _Atomic size_t input_len;
};

/* The mark of the running thread, or NULL. */
extern _Thread_local struct watch_mark *watch_here;

static inline void watch_count_up(struct watch_mark *mark)
{
    const uint32_t count = atomic_load_explicit(&mark->count, memory_order_relaxed);
    /* Pairs with watch_count(): who sees it sees what the thread was given, too. */
    atomic_store_explicit(&mark->count, count + 1, memory_order_release);
}

/* Before a callback. `input` is what it reads, and stays until the callback has returned. */
static inline void watch_enter(const struct watch_subject *subject, const char *callback,
                               struct arb_bytes input)
{
    struct watch_mark *const mark = watch_here;

    if (mark != NULL) {
        atomic_store_explicit(&mark->callback, callback, memory_order_relaxed);
        atomic_store_explicit(&mark->subject, subject, memory_order_relaxed);
        atomic_store_explicit(&mark->input, input.data, memory_order_relaxed);
        atomic_store_explicit(&mark->input_len, input.len, memory_order_relaxed);
        watch_count_up(mark);
    }
}

/* Before a callback that goes on with what the one before has read. */
static inline void watch_enter_next(const char *callback)
{
    struct watch_mark *const mark = watch_here;

    if (mark != NULL) {
        atomic_store_explicit(&mark->callback, callback, memory_order_relaxed);
        watch_count_up(mark);
    }
}

/* When it has returned. */
static inline void watch_leave(void)
{
    if (watch_here != NULL) {
        watch_count_up(watch_here);
    }
}

/* How many times it was entered or left. Any thread. */
static inline uint32_t watch_count(const struct watch_mark *mark)
{
    return atomic_load_explicit(&mark->count, memory_order_acquire); /* of watch_count_up() */
}

static inline bool watch_is_inside(uint32_t count)
{
    return count % 2 == 1;
}

/* A mark in words. */
struct watch_view {
    const char *callback; /* "on_message()" */
    struct watch_subject subject;
    char input[WATCH_INPUT_MAX + 1]; /* what is not printable ASCII as '?'; "": there is none */
};

/*
 * Any thread, also from a signal handler. The thread may return meanwhile and take away what its
 * mark leads to: then this reads something else, or nothing, and does no harm. False: it is in no
 * callback, or has left it.
 */
bool watch_look(const struct watch_mark *mark, struct watch_view *view);

#endif /* ARB_WATCH_H */
