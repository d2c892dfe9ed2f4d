#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "util/clock.h"
#include "venue/venue_clock.h"

enum { WINDOW_S = 32, EVENTS_PER_S = 50, PINGS_EVERY_S = 5 };

#define START_NS (INT64_C(1700000000) * NS_PER_S)
#define BOOT_NS (3 * NS_PER_S) /* the monotonic clock counts from somewhere else */

/* A venue far away: what is true, and what the estimator makes of it. */
struct world {
    struct venue_clock clock;
    struct chance chance;
    struct moment now;         /* as our clocks have it */
    int64_t offset_ns;         /* the truth: the venue's clock - our UTC */
    int64_t drift_ppm;         /* how fast the truth changes */
    int64_t delay_ns;          /* one way, at least */
    uint32_t jitter_ns;        /* and up to so much more; the usual is much less than the most */
    unsigned n_wrong, n_known; /* estimates that exclude the truth, and all */
};

static struct world world_at(int64_t offset_ns)
{
    return (struct world){ .now = { .mono_ns = BOOT_NS, .utc_ns = START_NS },
                           .offset_ns = offset_ns,
                           .delay_ns = 5 * NS_PER_MS };
}

static struct arb_clock estimate(const struct world *world)
{
    return venue_clock_estimate(&world->clock, world->now);
}

static void pass(struct world *world, int64_t ns)
{
    world->now.mono_ns += ns;
    world->now.utc_ns += ns;
}

static int64_t delay_ns(struct world *world)
{
    const uint32_t limit =
        world->jitter_ns == 0 ? 1 : 1 + chance_below(&world->chance, world->jitter_ns);
    return world->delay_ns + chance_below(&world->chance, limit);
}

static bool holds(const struct world *world)
{
    const struct arb_clock clock = estimate(world);
    return arb_clock_is_known(clock) && world->offset_ns >= clock.offset_ns - clock.error_ns &&
           world->offset_ns <= clock.offset_ns + clock.error_ns;
}

static void event(struct world *world)
{
    const int64_t sent_ns = world->now.utc_ns - delay_ns(world);

    venue_clock_event(&world->clock, world->now.mono_ns, sent_ns + world->offset_ns);
    if (arb_clock_is_known(estimate(world))) {
        world->n_known++;
        world->n_wrong += !holds(world);
    }
}

static void ping(struct world *world)
{
    venue_clock_round_trip(&world->clock, world->now.mono_ns, delay_ns(world) + delay_ns(world));
}

/* A second with changes all along, which our clock shows as a second. */
static void run_second(struct world *world)
{
    for (int i = 0; i < EVENTS_PER_S; i++) {
        pass(world, NS_PER_S / EVENTS_PER_S);
        world->offset_ns += NS_PER_S / EVENTS_PER_S / 1000000 * world->drift_ppm;
        event(world);
    }
    venue_clock_turn(&world->clock, world->now.mono_ns);
}

static void run_s(struct world *world, int seconds)
{
    for (int s = 0; s < seconds; s++) {
        if (s % PINGS_EVERY_S == 0) {
            ping(world);
        }
        run_second(world);
    }
}

static void assert_right(const struct world *world)
{
    if (!holds(world)) {
        fail_msg("the offset is %" PRId64 " ns, the estimate %" PRId64 " +- %" PRId64,
                 world->offset_ns, estimate(world).offset_ns, estimate(world).error_ns);
    }
}

static void clock_says_nothing_without_a_round_trip(void **state)
{
    (void)state;
    struct world world = world_at(0);

    for (int s = 0; s < WINDOW_S; s++) {
        run_second(&world);
    }
    assert_false(arb_clock_is_known(estimate(&world)));
}

static void clock_says_nothing_without_changes(void **state)
{
    (void)state;
    struct world world = world_at(0);

    ping(&world);
    assert_false(arb_clock_is_known(estimate(&world)));
}

static void clock_says_nothing_of_too_few_changes(void **state)
{
    (void)state;
    struct world world = world_at(0);

    ping(&world);
    for (int i = 0; i < VENUE_CLOCK_EVENTS_MIN - 1; i++) {
        event(&world);
    }
    ping(&world);
    assert_false(arb_clock_is_known(estimate(&world)));
    event(&world);
    ping(&world);
    assert_true(arb_clock_is_known(estimate(&world)));
}

/* Delays of 5 ms and no jitter: the middle is exact, the error one way and some drift. */
static void clock_finds_a_constant_offset(void **state)
{
    (void)state;
    struct world world = world_at(-250 * NS_PER_MS);

    run_s(&world, WINDOW_S);
    assert_right(&world);
    assert_int_equal(world.n_wrong, 0);
    assert_in_range(estimate(&world).error_ns, 5 * NS_PER_MS, 7 * NS_PER_MS);
}

static void clock_tells_a_known_offset_of_zero_from_an_unknown_one(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    assert_true(arb_clock_is_known(estimate(&world)));
    assert_right(&world);
}

/* All the time may be spent on one way: the truth is then at the very edge. */
static void clock_allows_for_a_way_that_takes_all_of_the_round_trip(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = 10 * NS_PER_MS;
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    run_second(&world);
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    assert_right(&world);
}

static void clock_allows_for_a_way_that_takes_no_time(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = 0;
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    run_second(&world);
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    assert_right(&world);
}

static void clock_follows_a_venue_that_runs_fast(void **state)
{
    (void)state;
    struct world world = world_at(NS_PER_S);

    world.drift_ppm = VENUE_CLOCK_DRIFT_PPM;
    run_s(&world, 10 * WINDOW_S);
    assert_true(world.n_known > 0);
    assert_int_equal(world.n_wrong, 0);
}

static void clock_follows_a_venue_that_runs_slow(void **state)
{
    (void)state;
    struct world world = world_at(NS_PER_S);

    world.drift_ppm = -VENUE_CLOCK_DRIFT_PPM;
    run_s(&world, 10 * WINDOW_S);
    assert_true(world.n_known > 0);
    assert_int_equal(world.n_wrong, 0);
}

/* On a short way, where the allowance for drift is most of the error. */
static void clock_follows_drift_on_a_short_way(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = 1000;
    world.drift_ppm = -VENUE_CLOCK_DRIFT_PPM;
    run_s(&world, 10 * WINDOW_S);
    assert_int_equal(world.n_wrong, 0);
}

/* What it said last of a venue that runs fast has to hold until it says something else. */
static void clock_allows_for_drift_while_nothing_comes(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = NS_PER_MS;
    venue_clock_round_trip(&world.clock, world.now.mono_ns, NS_PER_MS);
    run_second(&world);
    venue_clock_round_trip(&world.clock, world.now.mono_ns, NS_PER_MS);
    for (int s = 0; s < WINDOW_S / 2; s++) {
        pass(&world, NS_PER_S);
        world.offset_ns += NS_PER_S / 1000000 * VENUE_CLOCK_DRIFT_PPM;
        venue_clock_turn(&world.clock, world.now.mono_ns);
        assert_right(&world);
    }
    assert_true(arb_clock_is_known(estimate(&world)));
}

static void clock_is_right_under_any_jitter(void **state)
{
    (void)state;
    struct chance chance = chance_init("clock_is_right_under_any_jitter", 1);

    for (int i = 0; i < 100; i++) {
        struct world world = world_at(chance_below(&chance, 2000) * NS_PER_MS - NS_PER_S);
        world.chance.state = chance_next(&chance);
        world.delay_ns = 1 + chance_below(&chance, 100 * NS_PER_MS);
        world.jitter_ns = chance_below(&chance, 500 * NS_PER_MS);
        world.drift_ppm = (int64_t)chance_below(&chance, 100) - 50;
        run_s(&world, 2 * WINDOW_S);
        assert_true(world.n_known > 0);
        if (world.n_wrong > 0) {
            fail_msg("%u of %u are wrong: delay %" PRId64 " ns, jitter %u ns", world.n_wrong,
                     world.n_known, world.delay_ns, world.jitter_ns);
        }
    }
}

/* The lag falls: the new smallest one holds at once. */
static void clock_follows_a_venue_that_is_set_ahead_at_once(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    world.offset_ns = NS_PER_S;
    event(&world);
    assert_right(&world);
}

static void clock_forgets_a_venue_that_was_set_back_after_a_window(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    world.offset_ns = -NS_PER_S;
    run_s(&world, WINDOW_S);
    assert_right(&world);
}

/* A step of the system clock moves the estimate by just as much, at once and both ways. */
static void assert_step_is_followed(int64_t step_ns)
{
    struct world world = world_at(NS_PER_S);

    run_s(&world, WINDOW_S);
    const struct arb_clock before = estimate(&world);
    world.now.utc_ns += step_ns;
    world.offset_ns -= step_ns;
    const struct arb_clock after = estimate(&world);
    assert_true(arb_clock_is_known(after));
    assert_true(after.offset_ns == before.offset_ns - step_ns);
    assert_true(after.error_ns == before.error_ns);
    run_s(&world, WINDOW_S);
    assert_right(&world);
    assert_int_equal(world.n_wrong, 0);
}

static void clock_follows_when_ours_is_set_back(void **state)
{
    (void)state;
    assert_step_is_followed(-3600 * NS_PER_S);
}

static void clock_follows_when_ours_is_set_ahead(void **state)
{
    (void)state;
    assert_step_is_followed(3600 * NS_PER_S);
}

static void clock_forgets_what_came_before_a_long_sleep(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    pass(&world, 100 * NS_PER_S);
    event(&world);
    assert_false(arb_clock_is_known(estimate(&world)));
    run_s(&world, PINGS_EVERY_S);
    assert_right(&world);
}

/* How far ahead of the first change a date may be. */
static void assert_ahead_counts(int64_t ahead_ns, bool counts)
{
    struct world world = world_at(0);

    run_s(&world, PINGS_EVERY_S);
    const struct arb_clock before = estimate(&world);
    venue_clock_event(&world.clock, world.now.mono_ns,
                      world.now.utc_ns - world.delay_ns + ahead_ns);
    assert_true((estimate(&world).offset_ns != before.offset_ns) == counts);
}

static void clock_takes_a_date_as_far_ahead_as_clocks_go_wrong(void **state)
{
    (void)state;
    assert_ahead_counts(VENUE_CLOCK_AHEAD_MAX_NS, true);
}

static void clock_ignores_a_date_further_ahead(void **state)
{
    (void)state;
    assert_ahead_counts(VENUE_CLOCK_AHEAD_MAX_NS + 1, false);
}

static void clock_recovers_from_a_first_date_that_was_wrong(void **state)
{
    (void)state;
    struct world world = world_at(0);

    ping(&world);
    venue_clock_event(&world.clock, world.now.mono_ns, 1);
    run_s(&world, PINGS_EVERY_S);
    assert_right(&world);
    assert_int_equal(world.n_wrong, 0);
}

static void clock_is_unknown_again_once_the_venue_is_quiet(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    pass(&world, (WINDOW_S + 1) * NS_PER_S);
    venue_clock_turn(&world.clock, world.now.mono_ns);
    assert_false(arb_clock_is_known(estimate(&world)));
}

static void clock_is_unknown_again_once_no_pong_comes(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, PINGS_EVERY_S);
    for (int s = 0; s < WINDOW_S; s++) {
        run_second(&world);
    }
    assert_false(arb_clock_is_known(estimate(&world)));
}

static void clock_ignores_a_date_that_no_clock_shows(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    venue_clock_event(&world.clock, world.now.mono_ns, INT64_MAX);
    venue_clock_event(&world.clock, world.now.mono_ns, 1);
    assert_right(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_says_nothing_without_a_round_trip),
        cmocka_unit_test(clock_says_nothing_without_changes),
        cmocka_unit_test(clock_says_nothing_of_too_few_changes),
        cmocka_unit_test(clock_finds_a_constant_offset),
        cmocka_unit_test(clock_tells_a_known_offset_of_zero_from_an_unknown_one),
        cmocka_unit_test(clock_allows_for_a_way_that_takes_all_of_the_round_trip),
        cmocka_unit_test(clock_allows_for_a_way_that_takes_no_time),
        cmocka_unit_test(clock_follows_a_venue_that_runs_fast),
        cmocka_unit_test(clock_follows_a_venue_that_runs_slow),
        cmocka_unit_test(clock_follows_drift_on_a_short_way),
        cmocka_unit_test(clock_allows_for_drift_while_nothing_comes),
        cmocka_unit_test(clock_is_right_under_any_jitter),
        cmocka_unit_test(clock_follows_a_venue_that_is_set_ahead_at_once),
        cmocka_unit_test(clock_forgets_a_venue_that_was_set_back_after_a_window),
        cmocka_unit_test(clock_follows_when_ours_is_set_back),
        cmocka_unit_test(clock_follows_when_ours_is_set_ahead),
        cmocka_unit_test(clock_forgets_what_came_before_a_long_sleep),
        cmocka_unit_test(clock_takes_a_date_as_far_ahead_as_clocks_go_wrong),
        cmocka_unit_test(clock_ignores_a_date_further_ahead),
        cmocka_unit_test(clock_recovers_from_a_first_date_that_was_wrong),
        cmocka_unit_test(clock_is_unknown_again_once_the_venue_is_quiet),
        cmocka_unit_test(clock_is_unknown_again_once_no_pong_comes),
        cmocka_unit_test(clock_ignores_a_date_that_no_clock_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
