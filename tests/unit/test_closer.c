#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kafka/closer.h"
#include "stderr_capture.h"
#include "util/clock.h"

enum { SHORT_MS = 50, LONG_MS = 20000, STATUS = 7 };

/* Closing takes until somebody posts. */
struct slow {
    sem_t may_end, has_ended;
};

static void close_slowly(void *context)
{
    struct slow *const slow = context;

    (void)sem_wait(&slow->may_end);
    (void)sem_post(&slow->has_ended);
}

static void close_at_once(void *context)
{
    *(int *)context += 1;
}

static void what_closes_in_time_has_closed(void **state)
{
    int n = 0;

    (void)state;
    assert_int_equal(closer_run(close_at_once, &n, LONG_MS), ARB_OK);
    assert_int_equal(n, 1);
}

/*
 * In a child, because a process that left something behind ends in another way. The child's call
 * ends after it was left, which frees what the two threads share: the sanitizer looks at that.
 */
static int leave_something_behind(void)
{
    struct slow slow;
    const int64_t begin_ns = clock_mono_ns();

    (void)sem_init(&slow.may_end, 0, 0);
    (void)sem_init(&slow.has_ended, 0, 0);
    if (closer_run(close_slowly, &slow, SHORT_MS) != ARB_ELIMIT) {
        return 1;
    }
    if (clock_mono_ns() - begin_ns < SHORT_MS * NS_PER_MS) {
        return 2;
    }
    (void)sem_post(&slow.may_end);
    (void)sem_wait(&slow.has_ended);
    return STATUS;
}

static void fail_loudly(void)
{
    (void)!write(STDERR_FILENO, "exit handler\n", 13);
}

static void what_does_not_close_is_left_behind_and_the_process_ends_at_once(void **state)
{
    struct stderr_capture capture;
    int status = 0;

    (void)state;
    stderr_capture_begin(&capture);
    const pid_t child = fork();
    if (child == 0) {
        (void)atexit(fail_loudly); /* as a library's, from before */
        exit(leave_something_behind());
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    const char *const text = stderr_capture_end(&capture);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_string_equal(text, "");
}

static rd_kafka_t *open_client(struct kafka_client *client, enum kafka_role role)
{
    const struct kafka_config config = { .brokers = "127.0.0.1:1" };
    struct err err = { 0 };
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk;

    assert_int_equal(kafka_conf_create(&conf, role, &config, client, &err), ARB_OK);
    assert_int_equal(kafka_open(&rk, conf, client, &err), ARB_OK);
    return rk;
}

static void clients_of_both_kinds_close_without_a_broker(void **state)
{
    struct kafka_client client = { .who = "kafka=test" };
    const int64_t begin_ns = clock_mono_ns();

    (void)state;
    assert_true(kafka_close(open_client(&client, KAFKA_PRODUCER), KAFKA_PRODUCER, &client));
    assert_true(kafka_close(open_client(&client, KAFKA_CONSUMER), KAFKA_CONSUMER, &client));
    assert_true(clock_mono_ns() - begin_ns < 2 * CLOSER_LIMIT_MS * NS_PER_MS);
    assert_false(client.is_left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_closes_in_time_has_closed),
        cmocka_unit_test(what_does_not_close_is_left_behind_and_the_process_ends_at_once),
        cmocka_unit_test(clients_of_both_kinds_close_without_a_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
