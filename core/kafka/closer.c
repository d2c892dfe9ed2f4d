#define _DEFAULT_SOURCE /* on_exit */
#include "kafka/closer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arbspot/abi.h"
#include "util/clock.h"
#include "util/crash.h"
#include "util/shortage.h"

/* Shared by the two threads; the last one to leave frees it. */
struct errand {
    void (*close)(void *context);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done, is_left; /* under the lock */
};

static struct errand *errand_create(void (*close)(void *context), void *context)
{
    struct errand *const errand = calloc(1, sizeof(*errand));
    pthread_condattr_t attributes;

    if (errand == NULL) {
        return NULL;
    }
    errand->close = close;
    errand->context = context;
    /* None of these can fail with valid arguments on Linux. */
    (void)pthread_mutex_init(&errand->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&errand->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return errand;
}

static void errand_destroy(struct errand *errand)
{
    if (errand == NULL) {
        return;
    }
    (void)pthread_cond_destroy(&errand->changed);
    (void)pthread_mutex_destroy(&errand->lock);
    free(errand);
}

static void *run(void *context)
{
    struct errand *const errand = context;

    errand->close(errand->context);
    (void)pthread_mutex_lock(&errand->lock);
    errand->is_done = true;
    const bool is_left = errand->is_left;
    (void)pthread_cond_signal(&errand->changed);
    (void)pthread_mutex_unlock(&errand->lock);
    if (is_left) {
        errand_destroy(errand);
    }
    return NULL;
}

static bool wait_for(struct errand *errand, int limit_ms)
{
    const struct timespec end = clock_timeout(limit_ms);
    int rc = 0;

    (void)pthread_mutex_lock(&errand->lock);
    while (!errand->is_done && rc == 0) {
        rc = pthread_cond_timedwait(&errand->changed, &errand->lock, &end);
    }
    const bool is_done = errand->is_done;
    errand->is_left = !is_done;
    (void)pthread_mutex_unlock(&errand->lock);
    return is_done;
}

static void end_at_once(int status, void *context)
{
    (void)context;
    crash_judge_exit(status);
    (void)fflush(NULL); /* nowhere left to report to */
    _exit(status);
}

/* Exit handlers run last in, first out: this one keeps the libraries from taking themselves apart.
 */
static void expect_sudden_end(void)
{
    static atomic_flag is_arranged = ATOMIC_FLAG_INIT; /* process-wide, as the end of it is */

    if (!atomic_flag_test_and_set(&is_arranged)) {
        (void)on_exit(end_at_once, NULL); /* without room for it the usual end has to do */
    }
}

int closer_run(void (*close)(void *context), void *context, int limit_ms)
{
    struct errand *const errand = errand_create(close, context);
    pthread_t thread;

    if (errand == NULL || pthread_create(&thread, NULL, run, errand) != 0) {
        errand_destroy(errand);
        expect_sudden_end();
        return ARB_ENOMEM;
    }
    if (!wait_for(errand, limit_ms)) {
        (void)pthread_detach(thread);
        expect_sudden_end();
        return ARB_ELIMIT;
    }
    (void)pthread_join(thread, NULL);
    errand_destroy(errand);
    return ARB_OK;
}

static void close_producer(void *context)
{
    rd_kafka_destroy(context);
}

/* Leaves the group first, if it is in one; nothing to do if that fails. */
static void close_consumer(void *context)
{
    (void)rd_kafka_consumer_close(context);
    rd_kafka_destroy_flags(context, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool kafka_close(rd_kafka_t *rk, enum kafka_role role, struct kafka_client *client)
{
    const int rc =
        closer_run(role == KAFKA_CONSUMER ? close_consumer : close_producer, rk, CLOSER_LIMIT_MS);
    struct err err;

    if (rc == ARB_OK) {
        return true;
    }
    atomic_store_explicit(&client->is_left, true, memory_order_relaxed);
    (void)(rc == ARB_ENOMEM
               ? shortage_no_thread("to close them", &err)
               : err_set(&err, rc, "they do not close within %d s", CLOSER_LIMIT_MS / 1000));
    log_line(ARB_WARN, client->who,
             "the connections to Kafka at %s are left behind: %s; they end with the process, and "
             "nothing is lost by that",
             client->brokers, err.text);
    return false;
}
