/* One section for one process, how long until the next, and what a process says when it crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config_only.h"
#include "host/children.h"
#include "util/clock.h"
#include "util/crash.h"
#include "util/log.h"
#include "util/joinable.h"
#include "util/watch.h"

enum { TEXT_MAX = 4096 };

/* -- config_only -------------------------------------------------------------------------- */

struct sections {
    struct exchange_config exchanges[3];
    struct strategy_config strategies[2];
    struct config config;
};

static void make_sections(struct sections *s)
{
    *s = (struct sections){
        .exchanges = { { .name = "kraken", .enabled = true, .line = 10 },
                       { .name = "bitstamp", .enabled = true, .line = 20 },
                       { .name = "off", .enabled = false, .line = 30 } },
        .strategies = { { .name = "cross", .enabled = true, .source = SOURCE_KAFKA, .line = 40 },
                        { .name = "fast",
                          .enabled = true,
                          .source = SOURCE_DIRECT,
                          .line = 50,
                          .source_line = 52 } },
    };
    s->config = (struct config){ .path = "x.ini",
                                 .exchanges = s->exchanges,
                                 .strategies = s->strategies,
                                 .n_exchanges = 3,
                                 .n_strategies = 2 };
}

/* What is left of them, as "kraken bitstamp | cross", or what is wrong. */
static const char *only(const char *section, char text[TEXT_MAX])
{
    struct sections s;
    FILE *const out = fmemopen(text, TEXT_MAX, "w");
    struct problems problems = { .out = out, .path = "x.ini" };

    assert_non_null(out);
    make_sections(&s);
    const bool is_good = config_only(&s.config, section, &problems);
    assert_int_equal(is_good, problems.n == 0);
    for (unsigned i = 0; i < 3 && is_good; i++) {
        (void)fprintf(out, "%s", s.exchanges[i].enabled ? s.exchanges[i].name : "-");
    }
    for (unsigned i = 0; i < 2 && is_good; i++) {
        (void)fprintf(out, " %s", s.strategies[i].enabled ? s.strategies[i].name : "-");
    }
    (void)fputc('\0', out);
    (void)fclose(out);
    return text;
}

static void one_section_is_left(void **state)
{
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(only("exchange:kraken", text), "kraken-- - -");
    assert_string_equal(only("exchange:bitstamp", text), "-bitstamp- - -");
    assert_string_equal(only("strategy:cross", text), "--- cross -");
}

static void what_cannot_run_alone_is_refused(void **state)
{
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(only("exchange:krakn", text),
                        "x.ini: --only exchange:krakn: no such section; did you mean 'kraken'?\n");
    assert_string_equal(only("strategy:kraken", text),
                        "x.ini: --only strategy:kraken: no such section\n");
    assert_string_equal(
        only("kraken", text),
        "x.ini: --only kraken: takes exchange:NAME or strategy:NAME, as the sections "
        "are called\n");
    assert_string_equal(only("exchange:off", text),
                        "x.ini:30: [exchange:off] enabled: this is all that is to run, and it is "
                        "'no'\n");
    assert_string_equal(only("strategy:fast", text),
                        "x.ini:52: [strategy:fast] source: 'direct' reads the exchanges of its own "
                        "process, and --only leaves it none: use source = kafka\n");
}

/* -- children ------------------------------------------------------------------------------ */

static void each_death_in_a_row_doubles_the_wait_up_to_a_minute(void **state)
{
    static const int64_t wanted_s[] = { 1, 2, 4, 8, 16, 32, 60, 60 };

    (void)state;
    for (uint32_t i = 0; i < sizeof(wanted_s) / sizeof(*wanted_s); i++) {
        assert_int_equal(children_delay_ns(i + 1), wanted_s[i] * NS_PER_S);
    }
    assert_int_equal(children_delay_ns(UINT32_MAX), 60 * NS_PER_S);
}

/* -- crash --------------------------------------------------------------------------------- */

static struct watch_subject subject;

static void divide(void)
{
    (void)raise(SIGFPE);
}

static int depth_max = INT32_MAX; /* read each time: for all the compiler knows, it ends */

/* Until the stack is full; not a tail call, and with something on it. */
static int recurse(int depth)
{
    volatile char room[1024];

    room[0] = (char)depth;
    return depth < *(volatile int *)&depth_max ? recurse(depth + 1) + room[0] : 0;
}

static void overflow(void)
{
    depth_max = recurse(0);
}

static char *volatile nowhere = (char *)(uintptr_t)64;

static void touch_nowhere(void)
{
    *nowhere = 1;
}

static void end(void)
{
    exit(7);
}

enum { CODE_BYTES = 1024 /* from touch_nowhere() on, enough for it with what sanitizers add */ };

struct crash {
    void (*fn)(void);
    bool is_in_plugin;
    bool is_of_plugin;   /* in no callback, but its code */
    const char *section; /* that the process runs alone; or NULL */
};

static void crash_in_thread(void *context)
{
    static struct watch_mark mark;
    const struct crash *const crash = context;

    watch_here = &mark;
    if (crash->is_in_plugin) {
        watch_enter(&subject, "on_message()", (struct arb_bytes){ "{\"a\"\n}", 6 });
    }
    crash->fn();
}

static void crash_here(const struct crash *crash, int said)
{
    static const struct rlimit no_core = { 0, 0 };
    struct joinable thread = { 0 };

    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)dup2(said, STDERR_FILENO);
    watch_subject_init(&subject, "venue=acme", "acme");
    if (crash->section != NULL) {
        log_set_section(crash->section);
    }
    if (crash->is_of_plugin) {
        crash_know_code("other", 64, 128);
        crash_know_code("acme", (uintptr_t)crash->fn, (uintptr_t)crash->fn + CODE_BYTES);
    }
    crash_open();
    crash_expect_exit();
    (void)joinable_start(&thread, crash_in_thread, (void *)(uintptr_t)crash);
    (void)joinable_join(&thread, NEVER_NS);
    _exit(0);
}

/* What it says; returns how the process ended. */
static int status_of(const struct crash *crash, char text[TEXT_MAX])
{
    int ends[2], status = 0;

    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        crash_here(crash, ends[1]);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ends[1]);
    const ssize_t len = read(ends[0], text, TEXT_MAX - 1);
    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(ends[0]);
    return status;
}

static const char *without_time(const char *text)
{
    const char *const rest = strchr(text, ' ');

    assert_non_null(rest);
    return rest + 1;
}

/* The line behind its time; the process ends by `number`. */
static const char *line_of(const struct crash *crash, int number, char text[TEXT_MAX])
{
    const int status = status_of(crash, text);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
    return without_time(text);
}

static void crash_names_plugin_callback_input_and_signal(void **state)
{
    const struct crash segv = { .fn = touch_nowhere, .is_in_plugin = true },
                       fpe = { .fn = divide, .is_in_plugin = true },
                       gave_up = { .fn = abort, .is_in_plugin = true };
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(
        line_of(&segv, SIGSEGV, text),
        "level=error venue=acme msg=\"on_message() of plugin acme crashed: SIGSEGV, it "
        "used memory that is not its own; its input begins: {\\\"a\\\"?}\"\n");
    assert_string_equal(
        line_of(&fpe, SIGFPE, text),
        "level=error venue=acme msg=\"on_message() of plugin acme crashed: SIGFPE, it "
        "divided by zero or by something like it; its input begins: {\\\"a\\\"?}\"\n");
    assert_string_equal(
        line_of(&gave_up, SIGABRT, text),
        "level=error venue=acme msg=\"on_message() of plugin acme crashed: SIGABRT, it "
        "gave up by abort() or an assertion; its input begins: {\\\"a\\\"?}\"\n");
}

static void full_stack_can_still_be_told(void **state)
{
    const struct crash deep = { .fn = overflow, .is_in_plugin = true };
    char text[TEXT_MAX];

    (void)state;
    assert_non_null(strstr(line_of(&deep, SIGSEGV, text), "plugin acme crashed: SIGSEGV"));
}

static void crash_of_our_own_blames_no_plugin(void **state)
{
    const struct crash ours = { .fn = abort }, of_one = { .fn = abort, .section = "exchange:acme" };
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(line_of(&ours, SIGABRT, text),
                        "level=error msg=\"crashed outside of any plugin: SIGABRT, it gave up by "
                        "abort() or an assertion\"\n");
    assert_string_equal(line_of(&of_one, SIGABRT, text),
                        "level=error section=exchange:acme msg=\"crashed outside of any plugin: "
                        "SIGABRT, it gave up by abort() or an assertion\"\n");
}

static void thread_of_a_plugin_is_its_own(void **state)
{
    const struct crash theirs = { .fn = touch_nowhere, .is_of_plugin = true },
                       elsewhere = { .fn = abort, .is_of_plugin = true };
    char text[TEXT_MAX];

    (void)state;
    assert_string_equal(line_of(&theirs, SIGSEGV, text),
                        "level=error msg=\"a thread of plugin acme crashed, and a plugin has none: "
                        "SIGSEGV, it used memory that is not its own\"\n");
    assert_non_null(strstr(line_of(&elsewhere, SIGABRT, text), "crashed outside of any plugin: "));
}

static void speak(void)
{
    log_line(ARB_INFO, NULL, "running");
    log_line(ARB_INFO, "kafka=publisher", "produced");
    log_line(ARB_INFO, "venue=acme", "live");
    log_line(ARB_INFO, "strategy=acme", "live");
    _exit(0);
}

static const char *next_line(const char **text)
{
    const char *const line = without_time(*text);

    *text = strchr(line, '\n') + 1;
    return line;
}

static void expect_line(const char **text, const char *want)
{
    const char *const line = next_line(text);

    assert_int_equal(strcspn(line, "\n"), strlen(want));
    assert_memory_equal(line, want, strlen(want));
}

static void lines_of_a_process_say_which_section_it_runs(void **state)
{
    const struct crash none = { .fn = speak, .section = "exchange:acme" };
    char buffer[TEXT_MAX];
    const char *text = buffer;

    (void)state;
    assert_int_equal(status_of(&none, buffer), 0);
    expect_line(&text, "level=info section=exchange:acme msg=\"running\"");
    expect_line(&text, "level=info section=exchange:acme kafka=publisher msg=\"produced\"");
    expect_line(&text, "level=info venue=acme msg=\"live\"");
    expect_line(&text, "level=info strategy=acme msg=\"live\"");
    assert_string_equal(text, "");
}

static void exit_in_a_callback_is_a_crash(void **state)
{
    const struct crash inside = { .fn = end, .is_in_plugin = true }, outside = { .fn = end };
    char text[TEXT_MAX];

    (void)state;
    int status = status_of(&inside, text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(
        without_time(text),
        "level=error venue=acme msg=\"on_message() of plugin acme called exit(7): a "
        "plugin has no business to end the process; its input begins: "
        "{\\\"a\\\"?}\"\n");
    status = status_of(&outside, text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_string_equal(text, "");
}

/* time() may show a second that the log is past: it lags by some milliseconds. */
static time_t seconds_now(void)
{
    return (time_t)(clock_now_ns() / NS_PER_S);
}

static void time_is_as_of_other_lines(void **state)
{
    const struct crash ours = { .fn = abort };
    char text[TEXT_MAX], now[32], later[32];
    struct tm utc;

    (void)state;
    time_t seconds = seconds_now();
    (void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S.", gmtime_r(&seconds, &utc));
    (void)line_of(&ours, SIGABRT, text);
    seconds = seconds_now();
    (void)strftime(later, sizeof(later), "%Y-%m-%dT%H:%M:%S.", gmtime_r(&seconds, &utc));
    assert_true(strncmp(text, now, strlen(now)) >= 0);
    assert_true(strncmp(text, later, strlen(later)) <= 0);
    assert_int_equal(strcspn(text, " "), strlen("2026-08-01T02:54:53.266327Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_section_is_left),
        cmocka_unit_test(what_cannot_run_alone_is_refused),
        cmocka_unit_test(each_death_in_a_row_doubles_the_wait_up_to_a_minute),
        cmocka_unit_test(crash_names_plugin_callback_input_and_signal),
        cmocka_unit_test(full_stack_can_still_be_told),
        cmocka_unit_test(crash_of_our_own_blames_no_plugin),
        cmocka_unit_test(thread_of_a_plugin_is_its_own),
        cmocka_unit_test(lines_of_a_process_say_which_section_it_runs),
        cmocka_unit_test(exit_in_a_callback_is_a_crash),
        cmocka_unit_test(time_is_as_of_other_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
