#include "util/joinable.h"

#include <assert.h>

#include "arbspot/abi.h"
#include "util/clock.h"
#include "util/crash.h"

#define LOOK_NS (1 * NS_PER_MS)

static void *run(void *context)
{
    struct joinable *const thread = context;
    char second_stack[CRASH_STACK_LEN]; /* far from where the first one overflows */
    stack_t before;

    crash_use_stack(second_stack, &before);
    thread->run(thread->context);
    crash_give_stack_back(&before);
    atomic_store_explicit(&thread->has_ended, true, memory_order_release);
    return NULL;
}

int joinable_start(struct joinable *thread, void (*fn)(void *context), void *context)
{
    assert(!thread->is_started);
    thread->run = fn;
    thread->context = context;
    atomic_store_explicit(&thread->has_ended, false, memory_order_relaxed);
    if (pthread_create(&thread->id, NULL, run, thread) != 0) {
        return ARB_ENOMEM;
    }
    thread->is_started = true;
    return ARB_OK;
}

bool joinable_join(struct joinable *thread, int64_t deadline_ns)
{
    const struct timespec look = { .tv_nsec = LOOK_NS };

    if (!thread->is_started) {
        return true;
    }
    while (!atomic_load_explicit(&thread->has_ended, memory_order_acquire)) {
        if (clock_mono_ns() >= deadline_ns) {
            return false;
        }
        (void)nanosleep(&look, NULL); /* shorter is fine */
    }
    (void)pthread_join(thread->id, NULL); /* a thread of ours, joined once: cannot fail */
    thread->is_started = false;
    return true;
}
