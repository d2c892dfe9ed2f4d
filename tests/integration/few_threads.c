/*
 * few_threads.c - preloaded into a program: a system that has only so many threads to give.
 *
 * FEW_THREADS says how many there may be beside the first one: then pthread_create() and
 * thrd_create(), which librdkafka uses, fail as they do when the limit of the user or of the
 * container is reached.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* What a thread was to run. */
struct order {
    void *(*run)(void *);
    thrd_start_t run_c11;
    void *argument;
};

static _Atomic long n_threads;

static void *carry_out(void *context)
{
    const struct order order = *(const struct order *)context;
    void *result = NULL;

    free(context);
    if (order.run != NULL) {
        result = order.run(order.argument);
    } else {
        (void)order.run_c11(order.argument);
    }
    (void)atomic_fetch_sub(&n_threads, 1);
    return result;
}

static int make(pthread_t *thread, const pthread_attr_t *attributes, const struct order *wanted)
{
    void *const symbol = dlsym(RTLD_NEXT, "pthread_create");
    const char *const limit = getenv("FEW_THREADS");
    struct order *const order = malloc(sizeof(*order));
    create *real = NULL;

    memcpy(&real, &symbol, sizeof(real)); /* the way POSIX has for data that is a function */
    if (order != NULL &&
        atomic_fetch_add(&n_threads, 1) < strtol(limit == NULL ? "1000" : limit, NULL, 10)) {
        *order = *wanted;
        if (real(thread, attributes, carry_out, order) == 0) {
            return 0;
        }
    }
    (void)atomic_fetch_sub(&n_threads, 1);
    free(order);
    return EAGAIN;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*run)(void *), void *restrict argument)
{
    return make(thread, attributes, &(struct order){ .run = run, .argument = argument });
}

/* Nobody asks for a C11 thread's result here. */
int thrd_create(thrd_t *thread, thrd_start_t run, void *argument)
{
    return make(thread, NULL, &(struct order){ .run_c11 = run, .argument = argument }) == 0
               ? thrd_success
               : thrd_error;
}
