/* Lines for readers that are slow or gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stderr_capture.h"
#include "util/log.h"
#include "util/output.h"

static const char line[] = "a line\n";

enum { LINE_LEN = sizeof(line) - 1, SMALL = 4096, ROOM = 65536 };

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, SMALL) >= SMALL);
}

static void close_pipe(const int ends[2])
{
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* Until nothing more goes in. */
static unsigned fill(const struct output *output)
{
    unsigned n = 0;

    while (n < ROOM && output_write(output, line, LINE_LEN)) {
        n++;
    }
    return n;
}

static void expect_line(int fd)
{
    char got[LINE_LEN];

    assert_int_equal(read(fd, got, sizeof(got)), LINE_LEN);
    assert_memory_equal(got, line, LINE_LEN);
}

static void full_pipe_takes_nothing_and_does_not_block(void **state)
{
    struct output output;
    char emptied[SMALL];
    int ends[2];

    (void)state;
    open_pipe(ends);
    output_open(&output, ends[1]);
    assert_in_range(fill(&output), 1, ROOM - 1);
    assert_false(output_wait(ends[1], 0));
    assert_int_equal(read(ends[0], emptied, sizeof(emptied)) > 0, 1);
    assert_true(output_write(&output, line, LINE_LEN));
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* its other users may wait */
    (void)close(output.fd);
    close_pipe(ends);
}

static void full_socket_takes_nothing_and_does_not_block(void **state)
{
    struct output output;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    output_open(&output, ends[1]);
    assert_in_range(fill(&output), 1, ROOM - 1);
    expect_line(ends[0]);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close_pipe(ends);
}

static void reader_that_has_gone_is_noticed_and_ends_nobody(void **state)
{
    struct output output;
    int ends[2], sockets[2];

    (void)state;
    output_prepare();
    open_pipe(ends);
    output_open(&output, ends[1]);
    assert_false(output_is_gone(ends[1]));
    (void)close(ends[0]);
    assert_true(output_is_gone(ends[1]));
    assert_true(output_wait(ends[1], 0));
    assert_false(output_write(&output, line, LINE_LEN));
    (void)close(output.fd);
    (void)close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    output_open(&output, sockets[1]);
    (void)close(sockets[0]);
    assert_false(output_write(&output, line, LINE_LEN));
    (void)close(sockets[1]);
}

static void files_are_written_to_as_they_are(void **state)
{
    struct output output;
    const int file = memfd_create("output", MFD_CLOEXEC);

    (void)state;
    output_open(&output, file);
    assert_int_equal(output.fd, file);
    assert_true(output_write(&output, line, LINE_LEN));
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    expect_line(file);
    (void)close(file);
}

/* What is written after `n_lost` lines found no room. */
static const char *log_behind_full_pipe(char text[SMALL], unsigned n_lost)
{
    const int original = dup(STDERR_FILENO);
    struct output filler;
    int ends[2];

    open_pipe(ends);
    output_open(&filler, ends[1]);
    (void)fill(&filler);
    (void)dup2(ends[1], STDERR_FILENO);
    log_open();
    for (unsigned i = 0; i < n_lost; i++) {
        log_line(ARB_INFO, NULL, "lost");
    }
    (void)!read(ends[0], text, SMALL);
    log_line(ARB_INFO, NULL, "first");
    log_line(ARB_INFO, NULL, "second");
    (void)dup2(original, STDERR_FILENO);
    log_open();
    const ssize_t len = read(ends[0], text, SMALL - 1);
    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(filler.fd);
    (void)close(original);
    close_pipe(ends);
    return text;
}

static void lost_lines_are_counted_once(void **state)
{
    char text[SMALL];
    const char *const said = log_behind_full_pipe(text, 3);

    (void)state;
    assert_int_equal(count_of(said, "\n"), 3);
    assert_non_null(strstr(said, " level=warn msg=\"3 lines are missing here: whoever reads stderr "
                                 "did not take them in time\"\n"));
    assert_null(strstr(said, "lost"));
    assert_true(strstr(said, "missing") < strstr(said, "first"));
    assert_true(strstr(said, "first") < strstr(said, "second"));
}

static void nothing_is_said_when_nothing_was_lost(void **state)
{
    char text[SMALL];

    (void)state;
    assert_int_equal(count_of(log_behind_full_pipe(text, 0), "\n"), 2);
}

/* The last word of a program that has written to what stands in for stdout; false: it failed. */
static bool settle(int fd, const char **said)
{
    static struct stderr_capture capture;
    const int original = dup(STDOUT_FILENO);

    (void)fflush(stdout); /* what cmocka has said */
    (void)dup2(fd, STDOUT_FILENO);
    (void)fputs(line, stdout);
    stderr_capture_begin(&capture);
    const bool is_written = output_settle("test");
    *said = stderr_capture_end(&capture);
    clearerr(stdout);
    (void)dup2(original, STDOUT_FILENO);
    __fpurge(stdout);
    (void)close(original);
    return is_written;
}

static void what_stdout_does_not_take_is_said_and_no_success(void **state)
{
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC), empty = open("/dev/null", O_WRONLY);
    const char *said;
    int ends[2];

    (void)state;
    assert_true(settle(empty, &said));
    assert_string_equal(said, "");
    assert_false(settle(full, &said));
    assert_string_equal(said, "test: stdout cannot be written to: No space left on device\n");
    open_pipe(ends);
    (void)close(ends[0]);
    output_prepare();
    assert_false(settle(ends[1], &said)); /* who has gone needs no word */
    assert_string_equal(said, "");
    (void)close(ends[1]);
    (void)close(full);
    (void)close(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_pipe_takes_nothing_and_does_not_block),
        cmocka_unit_test(full_socket_takes_nothing_and_does_not_block),
        cmocka_unit_test(reader_that_has_gone_is_noticed_and_ends_nobody),
        cmocka_unit_test(files_are_written_to_as_they_are),
        cmocka_unit_test(what_stdout_does_not_take_is_said_and_no_success),
        cmocka_unit_test(lost_lines_are_counted_once),
        cmocka_unit_test(nothing_is_said_when_nothing_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
