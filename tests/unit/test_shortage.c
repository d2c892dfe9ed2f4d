/* What has run out is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arbspot/abi.h"
#include "util/shortage.h"

static const char no_files[] =
    "this process is out of file descriptors: raise its limit (ulimit -n)";

/* Lets so many more be opened than are open, which are all below the first that is free. */
static struct rlimit leave_descriptors(unsigned n)
{
    const int first = dup(STDERR_FILENO);
    struct rlimit before, limit;

    assert_int_equal(close(first), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){ .rlim_cur = (rlim_t)first + n, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static void descriptors_are_missed_when_there_are_too_few(void **state)
{
    (void)state;
    const struct rlimit before = leave_descriptors(3);
    assert_null(shortage_of_files(3));
    assert_string_equal(shortage_of_files(4), no_files);
    assert_null(shortage_of_files(3)); /* it gave back what it took */
    assert_string_equal(shortage_of_threads(4), no_files);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_null(shortage_of_files(SHORTAGE_PROBE_MAX));
}

static void threads_that_can_be_had_are_not_missed(void **state)
{
    (void)state;
    assert_null(shortage_of_threads(0));
    assert_null(shortage_of_threads(SHORTAGE_PROBE_MAX));
}

static void *run(void *context)
{
    *(int *)context += 1;
    return NULL;
}

static void thread_is_started(void **state)
{
    struct err err = { 0 };
    pthread_t thread;
    int n = 0;

    (void)state;
    assert_int_equal(shortage_start_thread(&thread, run, &n, "for a test", &err), ARB_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(n, 1);
}

static void what_has_run_out_has_plain_words(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_string_equal(shortage_words(EMFILE), no_files);
    assert_string_equal(shortage_words(ENFILE),
                        "the system is out of file descriptors: raise fs.file-max");
    assert_string_equal(shortage_words(EACCES), "Permission denied");
    assert_int_equal(shortage_no_thread("for a test", &err), ARB_ENOMEM);
    assert_string_equal(
        err.text, "no thread for a test: the system gives no more threads: raise the limit of "
                  "processes (ulimit -u, or pids of the container), or free memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_missed_when_there_are_too_few),
        cmocka_unit_test(threads_that_can_be_had_are_not_missed),
        cmocka_unit_test(thread_is_started),
        cmocka_unit_test(what_has_run_out_has_plain_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
