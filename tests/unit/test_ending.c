/* How a command is asked to end: each case is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/ending.h"
#include "util/clock.h"

enum {
    LONG_MS = 10000,
    SHORT_MS = 300,
    ECHO_MS = 20,   /* well within what counts as the same wish */
    APART_MS = 200, /* well beyond */
    ASKED = 7,      /* exit status of a child that ends as it is asked to */
    FORCED = 1,     /* CMD_FAILED */
    NOT_ASKED = 9,
};

struct child {
    pid_t pid;
    int said; /* a byte comes when it is ready, another when it was asked */
};

static void say(int fd)
{
    assert_int_equal(write(fd, ".", 1), 1);
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS };
    (void)nanosleep(&time, NULL);
}

/* Asked, it goes on for `busy_ms`, then ends. */
static void live(int fd, int limit_ms, int64_t busy_ms)
{
    struct ending *ending = NULL;
    struct err err = { 0 };

    if (ending_open(&ending, limit_ms, &err) != ARB_OK) {
        _exit(NOT_ASKED);
    }
    say(fd);
    if (!ending_wait(ending, LONG_MS) || !ending_is_asked(ending)) {
        _exit(NOT_ASKED);
    }
    say(fd);
    sleep_ms(busy_ms);
    ending_close(ending);
    _exit(ASKED);
}

static void hear(const struct child *child)
{
    char byte;
    assert_int_equal(read(child->said, &byte, 1), 1);
}

static struct child start(int limit_ms, int64_t busy_ms)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        live(ends[1], limit_ms, busy_ms);
    }
    (void)close(ends[1]);
    const struct child child = { pid, ends[0] };
    hear(&child);
    return child;
}

static int end(const struct child *child)
{
    int status = 0;

    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    (void)close(child->said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void each_of_the_signals_asks(void **state)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        const struct child child = start(LONG_MS, 0);
        assert_int_equal(kill(child.pid, signals[i]), 0);
        assert_int_equal(end(&child), ASKED);
    }
}

static void second_one_ends_at_once(void **state)
{
    const struct child child = start(2 * LONG_MS, LONG_MS);

    (void)state;
    (void)kill(child.pid, SIGTERM);
    hear(&child);
    sleep_ms(APART_MS);
    (void)kill(child.pid, SIGINT);
    assert_int_equal(end(&child), FORCED);
}

static void echo_is_the_same_wish(void **state)
{
    const struct child child = start(LONG_MS, APART_MS);

    (void)state;
    (void)kill(child.pid, SIGTERM);
    hear(&child);
    sleep_ms(ECHO_MS);
    (void)kill(child.pid, SIGTERM);
    assert_int_equal(end(&child), ASKED);
}

static void limit_ends_who_does_not(void **state)
{
    const struct child child = start(SHORT_MS, LONG_MS);
    const int64_t before_ns = clock_mono_ns();

    (void)state;
    (void)kill(child.pid, SIGTERM);
    assert_int_equal(end(&child), FORCED);
    assert_true(clock_mono_ns() - before_ns >= SHORT_MS * NS_PER_MS);
}

static void limit_counts_from_the_signal(void **state)
{
    const struct child child = start(SHORT_MS, 0);

    (void)state;
    sleep_ms(SHORT_MS + APART_MS);
    (void)kill(child.pid, SIGTERM);
    assert_int_equal(end(&child), ASKED);
}

static void hangup_that_was_ignored_stays_so(void **state)
{
    (void)state;
    (void)signal(SIGHUP, SIG_IGN); /* the child inherits it */
    const struct child child = start(2 * LONG_MS, LONG_MS);
    (void)signal(SIGHUP, SIG_DFL);
    (void)kill(child.pid, SIGHUP);
    struct pollfd asked = { .fd = child.said, .events = POLLIN };
    assert_int_equal(poll(&asked, 1, APART_MS), 0);
    (void)kill(child.pid, SIGTERM);
    hear(&child); /* so that was the first one */
    sleep_ms(APART_MS);
    (void)kill(child.pid, SIGTERM);
    assert_int_equal(end(&child), FORCED);
}

static void nothing_is_asked_without_a_signal(void **state)
{
    struct ending *ending = NULL;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ending_open(&ending, LONG_MS, &err), ARB_OK);
    assert_false(ending_wait(ending, ECHO_MS));
    assert_false(ending_is_asked(ending));
    ending_close(ending);
    ending_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_the_signals_asks),
        cmocka_unit_test(second_one_ends_at_once),
        cmocka_unit_test(echo_is_the_same_wish),
        cmocka_unit_test(limit_ends_who_does_not),
        cmocka_unit_test(limit_counts_from_the_signal),
        cmocka_unit_test(hangup_that_was_ignored_stays_so),
        cmocka_unit_test(nothing_is_asked_without_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
