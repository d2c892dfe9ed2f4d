/*
 * joinable.h - a thread that is not waited for longer than the caller has time.
 *
 * One that does not end, because a plugin does not return, is left behind: it keeps what it uses
 * until the process ends, and nothing of that may be freed.
 */
#ifndef ARB_JOINABLE_H
#define ARB_JOINABLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory is a thread that was never started. */
struct joinable {
    pthread_t id;
    void (*run)(void *context);
    void *context;
    bool is_started;
    _Atomic bool has_ended; /* released by the thread's last act, acquired before it is joined */
};

/* ARB_ENOMEM: no thread to be had. */
int joinable_start(struct joinable *thread, void (*run)(void *context), void *context);

/* False: it has not ended by `deadline_ns` (mono). True: it has, or was never started. */
bool joinable_join(struct joinable *thread, int64_t deadline_ns);

#endif /* ARB_JOINABLE_H */
