/* Marks of threads, and what the watchdog makes of them. No thread, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "host/watchdog.h"
#include "stderr_capture.h"
#include "util/clock.h"

enum { N_MARKS = 2, TOLD_MAX = 256 };

/* Two threads that the test plays, and what the owner was told. */
struct world {
    struct watch_mark marks[N_MARKS];
    struct watch_subject subjects[N_MARKS];
    struct watchdog *watchdog;
    int64_t now_ns;
    char told[TOLD_MAX];
    struct stderr_capture capture;
};

static void tell(struct world *world, const char *what, unsigned i, const char *callback)
{
    const size_t len = strlen(world->told);
    const int n = snprintf(world->told + len, TOLD_MAX - len, "%s %u %s;", what, i, callback);

    assert_in_range(n, 1, TOLD_MAX - len - 1);
}

static void on_hang(void *context, unsigned i, const char *callback)
{
    tell(context, "hangs", i, callback);
}

static void on_return(void *context, unsigned i)
{
    tell(context, "back", i, "");
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));
    assert_non_null(world);
    const struct watch_mark *const marks[N_MARKS] = { &world->marks[0], &world->marks[1] };
    const struct watchdog_config config = {
        .marks = marks, .n = N_MARKS, .hangs = on_hang, .is_back = on_return, .context = world
    };

    watch_subject_init(&world->subjects[0], "venue=acme", "acme");
    watch_subject_init(&world->subjects[1], "strategy=s", "clever");
    assert_int_equal(watchdog_create(&world->watchdog, &config), ARB_OK);
    world->now_ns = 1000 * NS_PER_S;
    watchdog_step(world->watchdog, world->now_ns);
    stderr_capture_begin(&world->capture);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    watch_here = NULL;
    watchdog_destroy(world->watchdog);
    free(world);
    return 0;
}

static void enter(struct world *world, unsigned i, const char *callback, const char *input)
{
    watch_here = &world->marks[i];
    watch_enter(&world->subjects[i], callback, (struct arb_bytes){ input, strlen(input) });
}

static void leave(struct world *world, unsigned i)
{
    watch_here = &world->marks[i];
    watch_leave();
}

static void pass_ms(struct world *world, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += WATCHDOG_STEP_MS) {
        world->now_ns += WATCHDOG_STEP_MS * NS_PER_MS;
        watchdog_step(world->watchdog, world->now_ns);
    }
}

/* One look at which it is seen where it is. */
static void look(struct world *world)
{
    pass_ms(world, WATCHDOG_STEP_MS);
}

/* The lines without their times. */
static void expect_log(struct world *world, const char *wanted)
{
    const char *const text = stderr_capture_end(&world->capture);
    char got[sizeof(world->capture.text)] = "";

    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *const rest = strchr(line, ' ') + 1;
        (void)strncat(got, rest, (size_t)(strchr(rest, '\n') + 1 - rest));
    }
    assert_string_equal(got, wanted);
}

static void quick_callbacks_are_nothing_to_say(void **state)
{
    struct world *const world = *state;

    for (int i = 0; i < 400; i++) {
        enter(world, 0, "on_message()", "{}");
        look(world);
        leave(world, 0);
        enter(world, 0, "on_message()", "{}"); /* before the next look: another one */
        look(world);
        leave(world, 0);
    }
    expect_log(world, "");
    assert_string_equal(world->told, "");
}

static void time_between_callbacks_does_not_count(void **state)
{
    struct world *const world = *state;

    enter(world, 0, "on_message()", "{}");
    leave(world, 0);
    pass_ms(world, 10 * WATCHDOG_HANG_MS);
    expect_log(world, "");
    assert_string_equal(world->told, "");
}

static void slow_one_is_said_when_it_has_returned(void **state)
{
    struct world *const world = *state;

    enter(world, 0, "on_message()", "{\"a\":\n1}\x80");
    look(world);
    pass_ms(world, 1000);
    leave(world, 0);
    look(world);
    expect_log(world, "level=warn venue=acme msg=\"on_message() of plugin acme took 1.0 s; its "
                      "input begins: {\\\"a\\\":?1}?\"\n");
    assert_string_equal(world->told, "");
}

static void limit_of_slow_is_exact_in_looks(void **state)
{
    struct world *const world = *state;

    enter(world, 0, "on_timer()", "");
    look(world);
    pass_ms(world, WATCHDOG_SLOW_MS);
    leave(world, 0);
    look(world);
    enter(world, 1, "on_market()", "");
    look(world);
    pass_ms(world, WATCHDOG_SLOW_MS + WATCHDOG_STEP_MS);
    leave(world, 1);
    look(world);
    expect_log(world, "level=warn strategy=s msg=\"on_market() of plugin clever took 0.3 s\"\n");
}

static void repeated_slow_ones_are_counted(void **state)
{
    struct world *const world = *state;

    for (int i = 0; i < 25; i++) {
        enter(world, 0, "on_timer()", "");
        look(world);
        pass_ms(world, 500);
        leave(world, 0);
        look(world);
    }
    const char *const text = stderr_capture_end(&world->capture);
    assert_int_equal(count_of(text, "\n"), 2);
    assert_non_null(strstr(text, " (18 more like this not shown)"));
}

static void hanging_is_said_at_once_and_to_the_owner(void **state)
{
    struct world *const world = *state;

    enter(world, 1, "on_market()", "BTC/USD");
    look(world);
    pass_ms(world, WATCHDOG_HANG_MS - WATCHDOG_STEP_MS);
    assert_string_equal(world->told, "");
    assert_false(watchdog_says_hanging(world->watchdog, 1));
    look(world);
    assert_string_equal(world->told, "hangs 1 on_market();");
    assert_true(watchdog_says_hanging(world->watchdog, 1));
    assert_false(watchdog_says_hanging(world->watchdog, 0));
    pass_ms(world, 2000);
    assert_string_equal(world->told, "hangs 1 on_market();");
    expect_log(world, "level=error strategy=s msg=\"on_market() of plugin clever hangs: it has not "
                      "returned for 5 s; its input begins: BTC/USD\"\n");
}

static void return_is_said_too(void **state)
{
    struct world *const world = *state;

    enter(world, 0, "init()", "");
    look(world);
    pass_ms(world, 7000);
    leave(world, 0);
    enter(world, 0, "ask()", ""); /* goes on at once */
    look(world);
    assert_false(watchdog_says_hanging(world->watchdog, 0));
    assert_string_equal(world->told, "hangs 0 init();back 0 ;");
    expect_log(world,
               "level=error venue=acme msg=\"init() of plugin acme hangs: it has not returned "
               "for 5 s\"\n"
               "level=warn venue=acme msg=\"init() of plugin acme has returned after 7 s\"\n");
}

/* The process was stopped, or the machine slept. */
static void time_without_looks_does_not_count(void **state)
{
    struct world *const world = *state;

    enter(world, 0, "on_message()", "{}");
    look(world);
    world->now_ns += 3600 * NS_PER_S;
    watchdog_step(world->watchdog, world->now_ns);
    pass_ms(world, WATCHDOG_SLOW_MS - 2 * WATCHDOG_STEP_MS);
    leave(world, 0);
    look(world);
    expect_log(world, "");
    assert_string_equal(world->told, "");
}

/* -- looking at a mark ------------------------------------------------------------------- */

static void callback_that_goes_on_keeps_subject_and_input(void **state)
{
    struct world *const world = *state;
    struct watch_view view;

    enter(world, 0, "on_message()", "{\"bids\":[]}");
    leave(world, 0);
    assert_false(watch_look(&world->marks[0], &view));
    watch_enter_next("checksum()");
    assert_true(watch_look(&world->marks[0], &view));
    assert_string_equal(view.callback, "checksum()");
    assert_string_equal(view.subject.plugin, "acme");
    assert_string_equal(view.input, "{\"bids\":[]}");
    leave(world, 0);
    expect_log(world, "");
}

static void input_is_cut_and_made_harmless(void **state)
{
    struct world *const world = *state;
    struct watch_view view;
    char long_input[2 * WATCH_INPUT_MAX + 1];
    char wanted[WATCH_INPUT_MAX + 1];

    memset(long_input, 'x', sizeof(long_input) - 1);
    memcpy(long_input, "\x1b[31m\x7f\xff", 7);
    long_input[sizeof(long_input) - 1] = '\0';
    memset(wanted, 'x', sizeof(wanted) - 1);
    memcpy(wanted, "?[31m??", 7);
    wanted[sizeof(wanted) - 1] = '\0';
    enter(world, 0, "on_message()", long_input);
    assert_true(watch_look(&world->marks[0], &view));
    assert_string_equal(view.input, wanted);
    expect_log(world, "");
}

static void memory_that_is_gone_does_no_harm(void **state)
{
    struct world *const world = *state;
    struct watch_view view;
    const size_t len = 4096;
    char *const page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(page, MAP_FAILED);
    watch_here = &world->marks[0];
    watch_enter((const struct watch_subject *)(const void *)page, "on_message()",
                (struct arb_bytes){ page, len });
    assert_int_equal(munmap(page, len), 0);
    assert_true(watch_look(&world->marks[0], &view));
    assert_string_equal(view.subject.who, "?");
    assert_string_equal(view.subject.plugin, "?");
    assert_string_equal(view.input, "");
    expect_log(world, "");
}

static void thread_without_a_mark_notes_nothing(void **state)
{
    struct world *const world = *state;

    watch_here = NULL;
    watch_enter(&world->subjects[0], "on_message()", (struct arb_bytes){ "", 0 });
    watch_enter_next("checksum()");
    watch_leave();
    assert_int_equal(watch_count(&world->marks[0]), 0);
    expect_log(world, "");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(quick_callbacks_are_nothing_to_say),
        WORLD_TEST(time_between_callbacks_does_not_count),
        WORLD_TEST(slow_one_is_said_when_it_has_returned),
        WORLD_TEST(limit_of_slow_is_exact_in_looks),
        WORLD_TEST(repeated_slow_ones_are_counted),
        WORLD_TEST(hanging_is_said_at_once_and_to_the_owner),
        WORLD_TEST(return_is_said_too),
        WORLD_TEST(time_without_looks_does_not_count),
        WORLD_TEST(callback_that_goes_on_keeps_subject_and_input),
        WORLD_TEST(input_is_cut_and_made_harmless),
        WORLD_TEST(memory_that_is_gone_does_no_harm),
        WORLD_TEST(thread_without_a_mark_notes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
