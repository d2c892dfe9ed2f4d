/* How old what arrives is: what counts as evidence, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "stderr_capture.h"
#include "venue/lag.h"
#include "venue/venue_clock.h"

enum { A = 0, B = 1 };

#define MAX_NS (2 * NS_PER_S)
#define HALF_NS (MAX_NS / 2)
#define START_NS (1000 * NS_PER_S)
#define OFFSET_NS (INT64_C(1700000000) * NS_PER_S) /* of the venue's clock */
#define STEP_NS (20 * NS_PER_MS)                   /* between changes */

/* A venue that sends a change each STEP_NS over each of its connections, and answers pings. */
struct world {
    struct lag lag;
    int64_t now_ns;
    int64_t offset_ns;
    int64_t late_ns;     /* how long a change takes */
    int64_t growing_ppm; /* of time: by how much that grows */
    int64_t rtt_ns;      /* 0: pings are not answered */
    bool pings;          /* once a second */
};

static struct world *create(int64_t max_ns)
{
    struct world *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->now_ns = START_NS;
    w->offset_ns = OFFSET_NS;
    lag_init(&w->lag, "venue=fake", max_ns);
    assert_int_equal(lag_sit(&w->lag, A), ARB_OK);
    lag_connection(&w->lag, A, 0, true);
    return w;
}

static void destroy(struct world *w)
{
    lag_fini(&w->lag);
    free(w);
}

static void turn(struct world *w)
{
    (void)lag_judge(&w->lag, w->now_ns, true);
}

static void change_on(struct world *w, uint32_t seat, uint32_t conn)
{
    if (lag_date(&w->lag, seat, conn, w->now_ns, w->now_ns + w->offset_ns - w->late_ns)) {
        turn(w);
    }
}

static void ask(struct world *w)
{
    lag_ping(&w->lag, A, 0, w->now_ns);
}

static void answer(struct world *w, int64_t rtt_ns)
{
    lag_pong(&w->lag, A, 0, w->now_ns, rtt_ns);
}

static void pass(struct world *w, int64_t ns)
{
    w->now_ns += ns;
    turn(w);
}

static void step(struct world *w)
{
    const bool is_full = (w->now_ns - START_NS) % NS_PER_S == 0;

    if (w->pings && is_full) {
        ask(w);
    }
    w->now_ns += STEP_NS;
    w->late_ns += STEP_NS / 1000000 * w->growing_ppm;
    change_on(w, A, 0);
    if (w->pings && is_full && w->rtt_ns > 0) {
        answer(w, w->rtt_ns);
    }
    turn(w);
}

static void run(struct world *w, int64_t ns)
{
    for (int64_t end_ns = w->now_ns + ns; w->now_ns < end_ns;) {
        step(w);
    }
}

static void expect(const struct world *w, enum lag_verdict want)
{
    assert_int_equal(lag_verdict(&w->lag, A, 0), want);
}

/* Changes at once, and pings answered within 20 ms. */
static struct world *create_busy(void)
{
    struct world *const w = create(MAX_NS);

    w->pings = true;
    w->rtt_ns = STEP_NS;
    run(w, 5 * NS_PER_S);
    expect(w, LAG_FRESH);
    return w;
}

/* -- dates ------------------------------------------------------------------------------ */

static void nothing_is_late_without_a_limit(void **state)
{
    (void)state;
    struct world *const w = create(0);

    change_on(w, A, 0);
    w->late_ns = 3600 * NS_PER_S;
    change_on(w, A, 0);
    pass(w, NS_PER_S);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* Of a venue that never answers a ping there is nothing to add. */
static void assert_verdict_of_lag(int64_t late_ns, enum lag_verdict want)
{
    struct world *const w = create(MAX_NS);

    run(w, NS_PER_S);
    w->late_ns = late_ns;
    w->now_ns += late_ns; /* it stood still, and goes on where it stood */
    change_on(w, A, 0);
    w->lag.least_at_ns = w->now_ns; /* the clocks did not drift */
    turn(w);
    expect(w, want);
    destroy(w);
}

static void lag_of_half_the_limit_is_fresh(void **state)
{
    (void)state;
    assert_verdict_of_lag(HALF_NS, LAG_FRESH);
}

static void lag_above_half_the_limit_is_doubtful(void **state)
{
    (void)state;
    assert_verdict_of_lag(HALF_NS + 1000000, LAG_DOUBTFUL);
}

static void lag_of_the_limit_is_doubtful(void **state)
{
    (void)state;
    assert_verdict_of_lag(MAX_NS, LAG_DOUBTFUL);
}

static void lag_above_the_limit_is_late(void **state)
{
    (void)state;
    assert_verdict_of_lag(MAX_NS + 1000000, LAG_LATE);
}

/* The fastest change may have taken as long as the fastest round trip. */
static void round_trip_counts_as_age(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    answer(w, 300 * NS_PER_MS);
    run(w, NS_PER_S);
    w->now_ns += 750 * NS_PER_MS;
    w->late_ns = 750 * NS_PER_MS;
    change_on(w, A, 0);
    expect(w, LAG_DOUBTFUL);
    assert_string_equal(lag_why(&w->lag, A, 0), "what arrives is 1.0 s old (max_lag 2s)");
    destroy(w);
}

static void lag_that_grows_is_noticed_at_once(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->growing_ppm = 500000;
    run(w, 2 * NS_PER_S - 2 * STEP_NS);
    expect(w, LAG_FRESH);
    run(w, NS_PER_S);
    expect(w, LAG_DOUBTFUL);
    run(w, 2 * NS_PER_S);
    expect(w, LAG_LATE);
    destroy(w);
}

/* Pings are answered at once all the while: it is the venue that is behind. */
static void lag_that_stays_is_late_for_an_hour(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->growing_ppm = 500000;
    run(w, 60 * NS_PER_S);
    w->growing_ppm = 0;
    for (int minute = 0; minute < 60; minute++) {
        run(w, 60 * NS_PER_S);
        expect(w, LAG_LATE);
    }
    destroy(w);
}

static void clocks_that_drift_apart_are_not_late(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    for (int i = 0; i < 12; i++) {
        w->growing_ppm = VENUE_CLOCK_DRIFT_PPM;
        run(w, 3600 * NS_PER_S);
        expect(w, LAG_FRESH);
    }
    destroy(w);
}

/* What comes once a while is not given up as long as nothing newer came. */
static void last_date_counts_while_nothing_comes(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->pings = false;
    w->now_ns += 5 * NS_PER_S;
    w->late_ns = 5 * NS_PER_S;
    change_on(w, A, 0);
    expect(w, LAG_LATE);
    for (int s = 0; s < 30; s++) {
        ask(w);
        answer(w, 0);
        pass(w, NS_PER_S);
    }
    expect(w, LAG_LATE);
    w->late_ns = 0;
    change_on(w, A, 0);
    pass(w, 0);
    pass(w, LAG_CALM_NS);
    expect(w, LAG_FRESH);
    destroy(w);
}

static void one_date_ahead_makes_nothing_late(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    for (int i = 0; i < 20; i++) {
        w->late_ns = -30 * NS_PER_S;
        change_on(w, A, 0);
        w->late_ns = 0;
        run(w, NS_PER_S);
        expect(w, LAG_FRESH);
    }
    destroy(w);
}

static void first_date_ahead_makes_nothing_late_for_long(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    w->late_ns = -30 * NS_PER_S;
    change_on(w, A, 0);
    w->late_ns = 0;
    run(w, 2 * NS_PER_S);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* -- a venue's clock that is set -------------------------------------------------------- */

static void venue_whose_clock_is_set_back_is_late_for_seconds_only(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->offset_ns -= 5 * NS_PER_S;
    run(w, NS_PER_S / 2);
    expect(w, LAG_LATE);
    run(w, 5 * NS_PER_S);
    expect(w, LAG_FRESH);
    w->growing_ppm = 500000; /* and lag still shows */
    run(w, 5 * NS_PER_S);
    expect(w, LAG_LATE);
    destroy(w);
}

static void venue_whose_clock_is_set_ahead_stays_fresh(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->offset_ns += 5 * NS_PER_S;
    for (int i = 0; i < 500; i++) {
        step(w);
        expect(w, LAG_FRESH);
    }
    w->growing_ppm = 500000;
    run(w, 5 * NS_PER_S);
    expect(w, LAG_LATE);
    destroy(w);
}

/* What stood still and goes on where it stood did not go back. */
static void venue_that_stood_still_was_not_set(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->now_ns += 5 * NS_PER_S;
    w->late_ns = 5 * NS_PER_S;
    run(w, 60 * NS_PER_S);
    expect(w, LAG_LATE);
    destroy(w);
}

/* Without pongs nothing shows that it does not wait. */
static void set_clock_is_believed_by_pongs_only(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    w->rtt_ns = 0;
    w->offset_ns -= 5 * NS_PER_S;
    run(w, 20 * NS_PER_S);
    expect(w, LAG_LATE);
    destroy(w);
}

/* -- pings ------------------------------------------------------------------------------ */

static void ping_unanswered_for_half_the_limit_is_fresh(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    ask(w);
    pass(w, HALF_NS);
    expect(w, LAG_FRESH);
    pass(w, 1);
    expect(w, LAG_DOUBTFUL);
    pass(w, MAX_NS - HALF_NS - 1);
    expect(w, LAG_DOUBTFUL);
    pass(w, 1);
    expect(w, LAG_LATE);
    assert_string_equal(lag_why(&w->lag, A, 0),
                        "what arrives may be 2.0 s old (max_lag 2s): pings are answered late or "
                        "not at all");
    destroy(w);
}

/* The oldest one counts, however many follow it. */
static void many_pings_unanswered_are_as_old_as_the_first(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    for (int i = 0; i < 3 * LAG_PINGS_MAX; i++) {
        ask(w);
        pass(w, MAX_NS / 20);
    }
    expect(w, LAG_LATE);
    answer(w, MAX_NS / 20); /* the last, and with it all */
    turn(w);
    pass(w, LAG_CALM_NS);
    expect(w, LAG_FRESH);
    destroy(w);
}

static void late_answer_says_how_late(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    answer(w, MAX_NS + 1);
    turn(w);
    expect(w, LAG_LATE);
    destroy(w);
}

static void venue_that_never_answered_is_doubtful_at_most(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    ask(w);
    pass(w, MAX_NS + 1);
    expect(w, LAG_DOUBTFUL);
    pass(w, LAG_NO_PONG_NS);
    pass(w, LAG_CALM_NS);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* The way is free again, and nothing came that had a date. */
static void prompt_answer_ends_what_waited_on_the_way(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    ask(w);
    pass(w, 5 * NS_PER_S);
    w->late_ns = 5 * NS_PER_S;
    change_on(w, A, 0);
    answer(w, 5 * NS_PER_S);
    turn(w);
    expect(w, LAG_LATE);
    ask(w);
    pass(w, STEP_NS);
    answer(w, STEP_NS);
    turn(w);
    pass(w, LAG_CALM_NS - 1);
    expect(w, LAG_LATE);
    pass(w, 1);
    expect(w, LAG_FRESH);
    assert_string_equal(lag_why(&w->lag, A, 0), "what arrives is fresh again");
    destroy(w);
}

static void calm_has_to_last(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    answer(w, MAX_NS + 1);
    turn(w);
    answer(w, STEP_NS);
    turn(w);
    pass(w, LAG_CALM_NS - 1);
    answer(w, HALF_NS + 1);
    turn(w);
    answer(w, STEP_NS);
    turn(w);
    pass(w, LAG_CALM_NS - 1);
    expect(w, LAG_LATE);
    pass(w, 1);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* -- silence ---------------------------------------------------------------------------- */

/* Pings are answered, and no message comes. */
static void assert_verdict_of_overdue(int64_t overdue_ns, enum lag_verdict want)
{
    struct world *const w = create(MAX_NS);

    lag_heard(&w->lag, A, 0, w->now_ns + 5 * NS_PER_S);
    w->now_ns += 5 * NS_PER_S + overdue_ns;
    ask(w);
    answer(w, 0);
    turn(w);
    expect(w, want);
    destroy(w);
}

static void silence_counts_from_when_something_was_due(void **state)
{
    (void)state;
    assert_verdict_of_overdue(0, LAG_FRESH);
    assert_verdict_of_overdue(HALF_NS, LAG_FRESH);
    assert_verdict_of_overdue(HALF_NS + 1, LAG_DOUBTFUL);
    assert_verdict_of_overdue(MAX_NS, LAG_DOUBTFUL);
    assert_verdict_of_overdue(MAX_NS + 1, LAG_LATE);
}

static void silence_of_a_venue_that_owes_nothing_is_fresh(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    pass(w, 3600 * NS_PER_S);
    expect(w, LAG_FRESH);
    lag_heard(&w->lag, A, 0, NEVER_NS);
    pass(w, 3600 * NS_PER_S);
    expect(w, LAG_FRESH);
    destroy(w);
}

static void question_makes_something_due_at_once(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    lag_heard(&w->lag, A, 0, w->now_ns + 60 * NS_PER_S);
    lag_asked(&w->lag, A, 0, w->now_ns);
    pass(w, MAX_NS / 2);
    lag_asked(&w->lag, A, 0, w->now_ns); /* the first is still owed */
    pass(w, MAX_NS / 2);
    expect(w, LAG_DOUBTFUL);
    pass(w, 1);
    expect(w, LAG_LATE);
    assert_string_equal(lag_why(&w->lag, A, 0),
                        "the venue is silent: what it owes is 2.0 s overdue (max_lag 2s)");
    destroy(w);
}

static void message_ends_silence(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    lag_asked(&w->lag, A, 0, w->now_ns);
    pass(w, MAX_NS + 1);
    lag_heard(&w->lag, A, 0, NEVER_NS);
    turn(w);
    expect(w, LAG_LATE); /* calm has to last */
    pass(w, LAG_CALM_NS);
    expect(w, LAG_FRESH);
    destroy(w);
}

static void another_connection_owes_nothing(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    lag_asked(&w->lag, A, 0, w->now_ns);
    lag_connection(&w->lag, A, 0, false);
    lag_connection(&w->lag, A, 0, true);
    pass(w, MAX_NS + 1);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* -- gaps ------------------------------------------------------------------------------- */

static void after_a_gap_a_ping_sent_before_proves_nothing(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    ask(w);
    w->now_ns += 30 * NS_PER_S;
    lag_gap(&w->lag, w->now_ns, 30 * NS_PER_S);
    turn(w);
    expect(w, LAG_LATE);
    assert_string_equal(lag_why(&w->lag, A, 0),
                        "this host did not run for 30.0 s: it is not known yet that what arrives "
                        "is on time");
    pass(w, STEP_NS);
    answer(w, STEP_NS + 1);
    turn(w);
    pass(w, LAG_CALM_NS);
    expect(w, LAG_LATE);
    ask(w);
    pass(w, STEP_NS);
    answer(w, STEP_NS);
    turn(w);
    pass(w, LAG_CALM_NS);
    expect(w, LAG_FRESH);
    destroy(w);
}

static void of_a_venue_without_pongs_a_fresh_date_ends_a_gap(void **state)
{
    (void)state;
    struct world *const w = create(MAX_NS);

    run(w, NS_PER_S);
    lag_gap(&w->lag, w->now_ns, 30 * NS_PER_S);
    turn(w);
    w->late_ns = 30 * NS_PER_S;
    run(w, NS_PER_S);
    expect(w, LAG_LATE);
    w->late_ns = 0;
    run(w, 2 * NS_PER_S);
    expect(w, LAG_FRESH);
    destroy(w);
}

/* -- sessions --------------------------------------------------------------------------- */

static void each_connection_is_judged_by_itself(void **state)
{
    (void)state;
    struct world *const w = create_busy();

    assert_int_equal(lag_sit(&w->lag, B), ARB_OK);
    lag_connection(&w->lag, B, 0, true);
    lag_connection(&w->lag, A, 3, true);
    w->late_ns = MAX_NS + NS_PER_S;
    change_on(w, A, 3);
    w->late_ns = 0;
    change_on(w, B, 0);
    turn(w);
    expect(w, LAG_FRESH);
    assert_int_equal(lag_verdict(&w->lag, A, 3), LAG_LATE);
    assert_int_equal(lag_verdict(&w->lag, B, 0), LAG_FRESH);
    assert_true(lag_late_since_ns(&w->lag, A) == w->now_ns);
    assert_true(lag_late_since_ns(&w->lag, B) == NEVER_NS);
    lag_connection(&w->lag, A, 3, false);
    turn(w);
    assert_int_equal(lag_verdict(&w->lag, A, 3), LAG_FRESH);
    assert_true(lag_late_since_ns(&w->lag, A) == NEVER_NS);
    lag_leave(&w->lag, B, w->now_ns);
    assert_int_equal(lag_verdict(&w->lag, B, 0), LAG_FRESH);
    destroy(w);
}

/* The lines without their times. */
static void expect_log(const char *log, const char *want)
{
    char text[2048];
    size_t len = 0;

    for (const char *line = log; *line != '\0';) {
        const char *const end = strchr(line, '\n');
        const char *const level = strstr(line, "level=");
        assert_non_null(end);
        assert_non_null(level);
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%.*s", (int)(end + 1 - level), level);
        assert_true(len < sizeof(text));
        line = end + 1;
    }
    text[len] = '\0';
    assert_string_equal(text, want);
}

static void lateness_is_logged_when_it_begins_and_ends(void **state)
{
    (void)state;
    struct stderr_capture capture;
    struct world *const w = create_busy();

    stderr_capture_begin(&capture);
    w->growing_ppm = 500000;
    run(w, 10 * NS_PER_S);
    w->growing_ppm = 0;
    w->late_ns = 0;
    run(w, 3 * NS_PER_S);
    expect_log(stderr_capture_end(&capture),
               "level=warn venue=fake msg=\"what arrives is 2.0 s old (max_lag 2s): the books of "
               "session 1 are STALE meanwhile; a slow link, a busy machine or the venue itself may "
               "be behind\"\n"
               "level=info venue=fake msg=\"what arrives over session 1 is late no more, after 6.6 "
               "s; it was up to 4.8 s old\"\n");
    assert_in_range(w->lag.worst_ns, 48 * NS_PER_S / 10, 5 * NS_PER_S);
    destroy(w);
}

/* Nobody is to be blamed, and it is the same for all sessions. */
static void gap_is_logged_once_and_so_is_each_end(void **state)
{
    (void)state;
    struct stderr_capture capture;
    struct world *const w = create_busy();

    assert_int_equal(lag_sit(&w->lag, B), ARB_OK);
    lag_connection(&w->lag, B, 0, true);
    stderr_capture_begin(&capture);
    w->now_ns += 30 * NS_PER_S;
    lag_gap(&w->lag, w->now_ns, 30 * NS_PER_S);
    turn(w);
    expect_log(stderr_capture_end(&capture),
               "level=warn venue=fake msg=\"this host did not run for 30.0 s: its books are STALE "
               "until it is known that what arrives is on time\"\n");
    stderr_capture_begin(&capture);
    ask(w);
    pass(w, STEP_NS);
    answer(w, STEP_NS);
    turn(w);
    pass(w, LAG_CALM_NS);
    expect_log(stderr_capture_end(&capture),
               "level=info venue=fake msg=\"what arrives over session 1 is on time, as is known "
               "after 1.0 s\"\n");
    destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_late_without_a_limit),
        cmocka_unit_test(lag_of_half_the_limit_is_fresh),
        cmocka_unit_test(lag_above_half_the_limit_is_doubtful),
        cmocka_unit_test(lag_of_the_limit_is_doubtful),
        cmocka_unit_test(lag_above_the_limit_is_late),
        cmocka_unit_test(round_trip_counts_as_age),
        cmocka_unit_test(lag_that_grows_is_noticed_at_once),
        cmocka_unit_test(lag_that_stays_is_late_for_an_hour),
        cmocka_unit_test(clocks_that_drift_apart_are_not_late),
        cmocka_unit_test(last_date_counts_while_nothing_comes),
        cmocka_unit_test(one_date_ahead_makes_nothing_late),
        cmocka_unit_test(first_date_ahead_makes_nothing_late_for_long),
        cmocka_unit_test(venue_whose_clock_is_set_back_is_late_for_seconds_only),
        cmocka_unit_test(venue_whose_clock_is_set_ahead_stays_fresh),
        cmocka_unit_test(venue_that_stood_still_was_not_set),
        cmocka_unit_test(set_clock_is_believed_by_pongs_only),
        cmocka_unit_test(ping_unanswered_for_half_the_limit_is_fresh),
        cmocka_unit_test(many_pings_unanswered_are_as_old_as_the_first),
        cmocka_unit_test(late_answer_says_how_late),
        cmocka_unit_test(venue_that_never_answered_is_doubtful_at_most),
        cmocka_unit_test(prompt_answer_ends_what_waited_on_the_way),
        cmocka_unit_test(calm_has_to_last),
        cmocka_unit_test(silence_counts_from_when_something_was_due),
        cmocka_unit_test(silence_of_a_venue_that_owes_nothing_is_fresh),
        cmocka_unit_test(question_makes_something_due_at_once),
        cmocka_unit_test(message_ends_silence),
        cmocka_unit_test(another_connection_owes_nothing),
        cmocka_unit_test(after_a_gap_a_ping_sent_before_proves_nothing),
        cmocka_unit_test(of_a_venue_without_pongs_a_fresh_date_ends_a_gap),
        cmocka_unit_test(gap_is_logged_once_and_so_is_each_end),
        cmocka_unit_test(each_connection_is_judged_by_itself),
        cmocka_unit_test(lateness_is_logged_when_it_begins_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
