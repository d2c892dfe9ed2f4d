/*
 * What ThreadSanitizer has to be told of librdkafka, which is not built with it. Compiled into
 * every executable that has librdkafka in it, and into ThreadSanitizer builds only.
 *
 * librdkafka uses glibc's thrd_create() and mtx_lock(), which ThreadSanitizer does not know: it
 * crashes in a thread it did not see begin, and misses what the locks order. Defined in the
 * executable, these take precedence over glibc's for every library, and do what glibc does
 * in calls it does know.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mtx_t is a POSIX mutex");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a cnd_t is a POSIX condition");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "a thrd_t is a POSIX thread");

struct call {
    thrd_start_t function;
    void *argument;
};

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

static void *run(void *context)
{
    const struct call call = *(struct call *)context;

    free(context);
    return (void *)(intptr_t)call.function(call.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct call *const call = malloc(sizeof(*call));

    if (call == NULL) {
        return thrd_nomem;
    }
    *call = (struct call){ function, argument };
    const int error = pthread_create(thread, NULL, run, call);
    if (error != 0) {
        free(call);
    }
    return result_of(error);
}

int thrd_join(thrd_t thread, int *result)
{
    void *value = NULL;
    const int error = pthread_join(thread, &value);

    if (result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return result_of(error);
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes); /* cannot fail in glibc */
    if ((type & mtx_recursive) != 0) {
        (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    }
    const int error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
    (void)pthread_mutex_destroy((pthread_mutex_t *)mutex); /* no way to report it */
}

int cnd_init(cnd_t *condition)
{
    return result_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
    return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                  const struct timespec *restrict until)
{
    return result_of(
        pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void cnd_destroy(cnd_t *condition)
{
    (void)pthread_cond_destroy((pthread_cond_t *)condition); /* no way to report it */
}

/*
 * Its atomic reference counts and its pthread_rwlock_t are invisible too, so that every free() of
 * a message, and every lock created under a write lock, looks like a race with its next use: what
 * it calls by itself, and the memory of its own locks, is not looked at.
 * See https://github.com/google/sanitizers/wiki/ThreadSanitizerSuppressions
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librdkafka.so\n"
           "race:^mtx_\n"
           "race:^cnd_\n";
}
