/* What keeps a strategy from finding anything is said once, and that it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "stderr_capture.h"
#include "strategy/attention.h"

enum { LIMIT_S = 10, SAID_MAX = 4096, UTC_S = 1000000 };

static bool explain(struct source *source, char *why, size_t cap)
{
    (void)source;
    (void)snprintf(why, cap, "no broker");
    return true;
}

static const struct source_ops ops = { .explain = explain };
static struct source source = { .ops = &ops };
static const struct event_venue kraken = { "kraken" };
static struct attention attention;
static struct stderr_capture capture;

static int begin(void **state)
{
    (void)state;
    attention = (struct attention){ .who = "strategy=test", .limit_ns = LIMIT_S * NS_PER_S };
    stderr_capture_begin(&capture);
    return 0;
}

/* Level and message alone, one a line. */
static void expect_said(const char *want)
{
    static char said[SAID_MAX];
    struct arb_text out = arb_text_over(said, sizeof(said));

    for (const char *at = stderr_capture_end(&capture); (at = strstr(at, "level=")) != NULL; at++) {
        const char *const message = strstr(at, "msg=\"") + strlen("msg=\"");
        arb_text_add(&out, "%.*s: %.*s\n", (int)strcspn(at + 6, " "), at + 6,
                     (int)strcspn(message, "\""), message);
    }
    assert_string_equal(said, want);
}

/* Seconds in each of which this many events come. */
static void pass(struct market_stats *stats, int64_t from_s, int64_t to_s, uint64_t n_events)
{
    for (int64_t s = from_s; s < to_s; s++) {
        stats->events += n_events;
        attention_look(&attention, stats, &source, s * NS_PER_S);
    }
}

static void nothing_that_comes_is_said_with_its_reason(void **state)
{
    struct market_stats stats = { .n_books = 1, .n_live = 1 };

    (void)state;
    pass(&stats, 1, 10, 1);
    pass(&stats, 10, 30, 0);
    pass(&stats, 30, 40, 1);
    expect_said("warn: nothing has come for 10 s: no broker\n"
                "info: something comes again, after 20 s\n");
}

static void books_that_are_not_live_are_said(void **state)
{
    struct market_stats stats = { .n_books = 2, .n_live = 0 };

    (void)state;
    pass(&stats, 1, 20, 1);
    stats.n_live = 2;
    pass(&stats, 20, 30, 1);
    expect_said("warn: none of 2 books is live for 10 s, although messages come: their hosts say "
                "that they are not, or are silent; look at their logs\n"
                "info: 2 books are live again, after 19 s\n");
}

/* Alive messages of a host whose clock is so far from ours, each this long under way. */
static void hear(int64_t from_s, int64_t to_s, int64_t ahead_ms, int64_t way_ms)
{
    struct market_stats stats = { .n_books = 1, .n_live = 1 };

    for (int64_t s = from_s; s < to_s; s++) {
        const struct moment now = { .mono_ns = s * NS_PER_S, .utc_ns = (UTC_S + s) * NS_PER_S };
        const struct event event = { .kind = EVENT_ALIVE,
                                     .venue = &kraken,
                                     .reason = "machine/7",
                                     .recv_ns = now.utc_ns - (ahead_ms + way_ms) * NS_PER_MS };
        attention_alive(&attention, &event, now);
        stats.events = (uint64_t)s;
        attention_look(&attention, &stats, &source, now.mono_ns);
    }
}

static void clock_that_is_ahead_is_named_with_the_figure(void **state)
{
    (void)state;
    hear(1, 30, 60000, 100);
    hear(30, 50, 0, 100);
    expect_said("warn: the clock of this machine is 60.1 s ahead of that of machine/7, which "
                "publishes kraken: its books look so much older, so what is too old for it "
                "(max_age) is left out; set both clocks right (NTP)\n"
                "info: the clocks of this machine and of machine/7 agree again, after 27 s\n");
}

static void clock_that_is_behind_is_named_too(void **state)
{
    (void)state;
    hear(1, 9, -2500, 0); /* it does not wait for `silence`: waiting mends no clock */
    expect_said(
        "warn: the clock of this machine is 2.5 s behind that of machine/7, which publishes "
        "kraken: its books look so much newer, so none is ever too old for it (max_age); "
        "set both clocks right (NTP)\n");
}

static void two_seconds_are_no_reason_to_speak(void **state)
{
    (void)state;
    hear(1, 30, 2000, 0);
    hear(30, 60, -2000, 0);
    expect_said("");
}

/* One that is fast tells that the clocks agree. */
static void slow_way_is_no_clock(void **state)
{
    (void)state;
    for (int64_t s = 1; s < 60; s += 2) {
        hear(s, s + 1, 0, 5000);
        hear(s + 1, s + 2, 0, 10);
    }
    expect_said("");
}

static void who_does_not_want_to_know_is_told_nothing(void **state)
{
    struct market_stats stats = { 0 };

    (void)state;
    attention.limit_ns = 0;
    hear(1, 30, 60000, 0);
    pass(&stats, 30, 100, 0);
    expect_said("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_that_comes_is_said_with_its_reason, begin),
        cmocka_unit_test_setup(books_that_are_not_live_are_said, begin),
        cmocka_unit_test_setup(clock_that_is_ahead_is_named_with_the_figure, begin),
        cmocka_unit_test_setup(clock_that_is_behind_is_named_too, begin),
        cmocka_unit_test_setup(two_seconds_are_no_reason_to_speak, begin),
        cmocka_unit_test_setup(slow_way_is_no_clock, begin),
        cmocka_unit_test_setup(who_does_not_want_to_know_is_told_nothing, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
