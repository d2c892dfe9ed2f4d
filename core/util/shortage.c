#include "util/shortage.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arbspot/abi.h"

#define NO_THREADS                                                                                 \
    "the system gives no more threads: raise the limit of processes (ulimit -u, or pids of the "   \
    "container), or free memory"

const char *shortage_words(int error)
{
    return error == EMFILE ? "this process is out of file descriptors: raise its limit (ulimit -n)"
           : error == ENFILE ? "the system is out of file descriptors: raise fs.file-max"
           : error == EAGAIN ? NO_THREADS
                             : strerror(error);
}

const char *shortage_of_files(unsigned n)
{
    int fds[SHORTAGE_PROBE_MAX], error = 0;
    unsigned n_open = 0;

    assert(n <= SHORTAGE_PROBE_MAX);
    while (n_open < n && error == 0) {
        fds[n_open] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        error = fds[n_open] < 0 ? errno : 0;
        n_open += error == 0;
    }
    while (n_open > 0) {
        (void)close(fds[--n_open]);
    }
    return error == EMFILE || error == ENFILE ? shortage_words(error) : NULL;
}

static void *wait_for_word(void *context)
{
    while (sem_wait(context) != 0) { /* only a signal ends it early */
    }
    return NULL;
}

const char *shortage_of_threads(unsigned n)
{
    pthread_t threads[SHORTAGE_PROBE_MAX];
    unsigned n_made = 0;
    sem_t word;

    assert(n <= SHORTAGE_PROBE_MAX);
    (void)sem_init(&word, 0, 0); /* valid arguments: cannot fail */
    while (n_made < n && pthread_create(&threads[n_made], NULL, wait_for_word, &word) == 0) {
        n_made++;
    }
    for (unsigned i = 0; i < n_made; i++) {
        (void)sem_post(&word); /* far from overflow */
    }
    for (unsigned i = 0; i < n_made; i++) {
        (void)pthread_join(threads[i], NULL); /* a thread of ours, joined once: cannot fail */
    }
    (void)sem_destroy(&word);
    return n_made < n ? NO_THREADS : shortage_of_files(n);
}

int shortage_no_thread(const char *what, struct err *err)
{
    return err_set(err, ARB_ENOMEM, "no thread %s: " NO_THREADS, what);
}

int shortage_start_thread(pthread_t *thread, void *(*run)(void *context), void *context,
                          const char *what, struct err *err)
{
    return pthread_create(thread, NULL, run, context) == 0 ? ARB_OK : shortage_no_thread(what, err);
}
