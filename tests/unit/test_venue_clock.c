#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

/* Changes in as many stretches of time as are needed, so many in all. */
static void spread_events(struct world *world, int n)
{
    event(world);
    for (int i = 2; i < VENUE_CLOCK_SEEN_MIN; i++) {
        pass(world, VENUE_CLOCK_BUCKET_NS);
        event(world);
    }
    pass(world, VENUE_CLOCK_BUCKET_NS);
    for (int i = VENUE_CLOCK_SEEN_MIN; i <= n; i++) {
        event(world);
    }
}

static void clock_says_nothing_of_too_few_changes(void **state)
{
    (void)state;
    struct world world = world_at(0);

    ping(&world);
    ping(&world);
    spread_events(&world, VENUE_CLOCK_EVENTS_MIN - 1);
    ping(&world);
    assert_false(arb_clock_is_known(estimate(&world)));
    event(&world);
    ping(&world);
    assert_true(arb_clock_is_known(estimate(&world)));
}

/* All of one moment may have waited for one thing. */
static void clock_says_nothing_of_changes_that_came_together(void **state)
{
    (void)state;
    struct world world = world_at(0);

    ping(&world);
    ping(&world);
    for (int i = 0; i < 100; i++) {
        event(&world);
    }
    for (int i = 2; i < VENUE_CLOCK_SEEN_MIN; i++) {
        pass(&world, VENUE_CLOCK_BUCKET_NS);
        event(&world);
    }
    assert_false(arb_clock_is_known(estimate(&world)));
    pass(&world, VENUE_CLOCK_BUCKET_NS);
    event(&world);
    assert_true(arb_clock_is_known(estimate(&world)));
}

static void clock_says_nothing_of_too_few_round_trips(void **state)
{
    (void)state;
    struct world world = world_at(0);

    for (int i = 1; i < VENUE_CLOCK_PINGS_MIN; i++) {
        ping(&world);
    }
    spread_events(&world, VENUE_CLOCK_EVENTS_MIN);
    assert_false(arb_clock_is_known(estimate(&world)));
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
    spread_events(&world, VENUE_CLOCK_EVENTS_MIN);
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    assert_right(&world);
}

static void clock_allows_for_a_way_that_takes_no_time(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = 0;
    venue_clock_round_trip(&world.clock, world.now.mono_ns, 10 * NS_PER_MS);
    spread_events(&world, VENUE_CLOCK_EVENTS_MIN);
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
    spread_events(&world, VENUE_CLOCK_EVENTS_MIN);
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
    run_s(&world, 4 * PINGS_EVERY_S);
    assert_right(&world);
}

/* How far ahead of the first change a date may be. */
static void assert_ahead_counts(int64_t ahead_ns, bool counts)
{
    struct world world = world_at(0);

    run_s(&world, 4 * PINGS_EVERY_S);
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
    run_s(&world, 4 * PINGS_EVERY_S);
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

/* Every change waits, and no ping: only what came before shows it. */
static void clock_remembers_how_fast_a_change_can_be(void **state)
{
    (void)state;
    struct world world = world_at(0);

    world.delay_ns = 100000;
    run_s(&world, WINDOW_S);
    for (int s = 0; s < 2 * WINDOW_S; s++) {
        world.delay_ns = 100000;
        if (s % PINGS_EVERY_S == 0) {
            ping(&world);
        }
        world.delay_ns = 20 * NS_PER_MS;
        run_second(&world);
    }
    assert_true(world.n_known > 0);
    assert_int_equal(world.n_wrong, 0);
}

/* -- under load ------------------------------------------------------------------------ */

enum { LOADED_PENDING_MAX = 4096, LOADED_WORLDS = 300, LOADED_S = 100, LOADED_CHECK_EVERY = 8 };

/* What was sent and has not been read. */
struct packet {
    int64_t at_ns;    /* when it is read, by our clock */
    int64_t value_ns; /* the venue's date, or the round trip */
    bool is_pong;
    struct venue_clock_answer answer; /* of a pong */
};

/*
 * A venue and a way to it where all that can wait does: changes are dated, then wait behind others
 * for their turn to be sent, go over one way, and wait until this machine reads them. Pings go over
 * another way, and their pongs wait behind the changes, or pass them all.
 */
struct loaded {
    struct world world;    /* its mono_ns is the time, its offset_ns the truth */
    int64_t offset_ns;     /* of the venue's clock from our monotonic one, at the start */
    int64_t out_ns, in_ns; /* the least that each way takes */
    uint32_t gap_ns;       /* between changes, the mean */
    uint32_t work_ns;      /* for sending one, the mean; 0: none */
    uint32_t noise_ns;     /* on each way, and in this machine; 0: none */
    int64_t hold_ns;       /* how much too early each change is dated, all along */
    bool pongs_pass, dates_pongs;
    int64_t free_ns; /* when the venue has sent all that waits */
    int64_t came_ns; /* what is read keeps its order */
    int64_t next_ns; /* the next change */
    struct packet pending[LOADED_PENDING_MAX];
    size_t n_pending;
    uint64_t n_checks;
    int64_t worst_error_ns; /* in the second half */
};

/* Often less than `mean`, now and then many times as much; 0 for 0. */
static int64_t draw_ns(struct loaded *l, uint32_t mean)
{
    uint64_t bits = chance_next(&l->world.chance);
    int64_t ns = mean == 0 ? 0 : chance_below(&l->world.chance, mean);

    for (; (bits & 3) == 3 && ns < NS_PER_S; bits >>= 2) {
        ns *= 3;
    }
    return ns;
}

static int64_t drifted_ns(const struct loaded *l, int64_t mono_ns)
{
    return l->offset_ns + (mono_ns - BOOT_NS) / 1000000 * l->world.drift_ppm;
}

static void travel(struct loaded *l, int64_t sent_ns, int64_t value_ns, bool is_pong)
{
    const int64_t came_ns = sent_ns + l->in_ns + draw_ns(l, l->noise_ns);
    const int64_t read_ns =
        is_pong && l->pongs_pass ? came_ns : (came_ns > l->came_ns ? came_ns : l->came_ns);

    assert_true(l->n_pending < LOADED_PENDING_MAX);
    l->came_ns = read_ns > l->came_ns ? read_ns : l->came_ns;
    l->pending[l->n_pending++] = (struct packet){ .at_ns = read_ns + draw_ns(l, l->noise_ns / 4),
                                                  .value_ns = value_ns,
                                                  .is_pong = is_pong };
}

static int64_t wait_turn(struct loaded *l, int64_t ns)
{
    l->free_ns = (l->free_ns > ns ? l->free_ns : ns) + draw_ns(l, l->work_ns);
    return l->free_ns;
}

static void make_change(struct loaded *l)
{
    const int64_t date_ns = l->next_ns + drifted_ns(l, l->next_ns) - l->hold_ns;

    travel(l, wait_turn(l, l->next_ns), date_ns, false);
    l->next_ns += 1 + draw_ns(l, l->gap_ns);
}

static void make_ping(struct loaded *l, int64_t ns)
{
    const int64_t came_ns = ns + l->out_ns + draw_ns(l, l->noise_ns);
    const int64_t sent_ns = l->pongs_pass ? came_ns : wait_turn(l, came_ns);

    travel(l, sent_ns, ns, true);
    struct packet *const pong = &l->pending[l->n_pending - 1];
    pong->value_ns = pong->at_ns - ns;
    pong->answer = (struct venue_clock_answer){ ns, came_ns + drifted_ns(l, came_ns),
                                                sent_ns + drifted_ns(l, sent_ns) };
}

static int by_time(const void *a, const void *b)
{
    const int64_t a_ns = ((const struct packet *)a)->at_ns,
                  b_ns = ((const struct packet *)b)->at_ns;
    return (a_ns > b_ns) - (a_ns < b_ns);
}

static void check(struct loaded *l)
{
    struct world *const world = &l->world;
    const struct arb_clock clock = estimate(world);

    world->offset_ns = drifted_ns(l, world->now.mono_ns) + world->now.mono_ns - world->now.utc_ns;
    l->n_checks++;
    if (!arb_clock_is_known(clock)) {
        return;
    }
    world->n_known++;
    world->n_wrong += !holds(world);
    if (world->now.mono_ns > BOOT_NS + LOADED_S * NS_PER_S / 2 &&
        clock.error_ns > l->worst_error_ns) {
        l->worst_error_ns = clock.error_ns;
    }
}

static void read_until(struct loaded *l, int64_t end_ns)
{
    size_t i = 0;

    qsort(l->pending, l->n_pending, sizeof(*l->pending), by_time);
    for (; i < l->n_pending && l->pending[i].at_ns < end_ns; i++) {
        const struct packet *const packet = &l->pending[i];
        pass(&l->world, packet->at_ns - l->world.now.mono_ns);
        if (packet->is_pong) {
            venue_clock_round_trip(&l->world.clock, packet->at_ns, packet->value_ns);
            if (l->dates_pongs) {
                venue_clock_heartbeat(&l->world.clock, packet->at_ns, packet->answer);
            }
        } else {
            venue_clock_event(&l->world.clock, packet->at_ns, packet->value_ns);
        }
        if (i % LOADED_CHECK_EVERY == 0) {
            check(l);
        }
    }
    l->n_pending -= i;
    memmove(l->pending, l->pending + i, l->n_pending * sizeof(*l->pending));
}

/* Load comes and goes; at first there is none, so that once the queue was short. */
static void run_loaded_second(struct loaded *l, int64_t begin_ns)
{
    const uint32_t work_ns = l->work_ns;
    const uint32_t load = begin_ns == BOOT_NS ? 0 : 1 + chance_below(&l->world.chance, 4) / 3;

    l->work_ns = work_ns * load;
    while (l->next_ns < begin_ns + NS_PER_S / 2) {
        make_change(l);
    }
    make_ping(l, begin_ns + NS_PER_S / 2 - chance_below(&l->world.chance, 1000000));
    while (l->next_ns < begin_ns + NS_PER_S) {
        make_change(l);
    }
    l->work_ns = work_ns;
    read_until(l, begin_ns + NS_PER_S);
    venue_clock_turn(&l->world.clock, l->world.now.mono_ns);
}

static void run_loaded(struct loaded *l)
{
    l->next_ns = BOOT_NS;
    for (int64_t s = 0; s < LOADED_S; s++) {
        run_loaded_second(l, BOOT_NS + s * NS_PER_S);
    }
}

/* From a machine of its own next door to the other side of the earth. */
static int64_t draw_way_ns(struct chance *chance)
{
    return (int64_t)(10000 + chance_below(chance, 10000)) << chance_below(chance, 13);
}

static void draw_loaded(struct loaded *l, struct chance *chance)
{
    memset(l, 0, sizeof(*l));
    l->world = world_at(0);
    l->world.chance.state = chance_next(chance);
    l->world.drift_ppm = (int64_t)chance_below(chance, 201) - 100;
    l->offset_ns = START_NS - BOOT_NS + chance_below(chance, 2000) * NS_PER_MS - NS_PER_S;
    l->out_ns = draw_way_ns(chance);
    l->in_ns = draw_way_ns(chance);
    l->gap_ns = 4000000 << chance_below(chance, 5);
    l->work_ns = l->gap_ns / 16 * chance_below(chance, 13);
    l->noise_ns = chance_below(chance, 2) << chance_below(chance, 25);
    l->pongs_pass = chance_below(chance, 2) == 0;
}

/* The truth is inside, always, and something is said nearly always. */
static void assert_truth_is_inside(const struct loaded *l, int i)
{
    if (l->world.n_wrong > 0) {
        fail_msg("world %d: %u of %u are wrong: ways of %" PRId64 " and %" PRId64
                 " ns, a change each %u ns takes %u ns, noise %u ns, pongs %s, drift %" PRId64,
                 i, l->world.n_wrong, l->world.n_known, l->out_ns, l->in_ns, l->gap_ns, l->work_ns,
                 l->noise_ns, l->pongs_pass ? "pass" : "wait", l->world.drift_ppm);
    }
    assert_true(l->world.n_known * UINT64_C(4) > l->n_checks * 3);
}

static void clock_is_right_whatever_waits(void **state)
{
    (void)state;
    struct chance chance = chance_init("clock_is_right_whatever_waits", 1);
    struct loaded *const l = malloc(sizeof(*l));

    assert_non_null(l);
    for (int i = 0; i < LOADED_WORLDS; i++) {
        draw_loaded(l, &chance);
        run_loaded(l);
        assert_truth_is_inside(l, i);
    }
    free(l);
}

/* Also where all changes are dated too early by the same time, which nothing else would show. */
static void clock_is_certain_where_answers_are_dated(void **state)
{
    (void)state;
    struct chance chance = chance_init("clock_is_certain_where_answers_are_dated", 1);
    struct loaded *const l = malloc(sizeof(*l));

    assert_non_null(l);
    for (int i = 0; i < LOADED_WORLDS; i++) {
        draw_loaded(l, &chance);
        l->dates_pongs = true;
        l->hold_ns = chance_below(&chance, 1000000000);
        run_loaded(l);
        assert_truth_is_inside(l, i);
    }
    free(l);
}

/* Answers that contradict each other, as of two clocks: nothing is said. */
static void clock_says_nothing_of_answers_that_contradict_each_other(void **state)
{
    (void)state;
    struct world world = world_at(0);

    run_s(&world, WINDOW_S);
    assert_true(arb_clock_is_known(estimate(&world)));
    venue_clock_heartbeat(&world.clock, world.now.mono_ns,
                          (struct venue_clock_answer){ world.now.mono_ns, START_NS, START_NS });
    assert_false(arb_clock_is_known(estimate(&world)));
}

/* Where nothing waits, the error is half the round trip and what the clocks drift. */
static void clock_is_exact_where_nothing_waits(void **state)
{
    (void)state;
    struct chance chance = chance_init("clock_is_exact_where_nothing_waits", 1);
    struct loaded *const l = malloc(sizeof(*l));

    assert_non_null(l);
    for (int i = 0; i < 20; i++) {
        memset(l, 0, sizeof(*l));
        l->world = world_at(0);
        l->world.chance.state = chance_next(&chance);
        l->offset_ns = START_NS - BOOT_NS + 250 * NS_PER_MS;
        l->out_ns = draw_way_ns(&chance);
        l->in_ns = draw_way_ns(&chance);
        l->gap_ns = 20000000;
        run_loaded(l);
        assert_int_equal(l->world.n_wrong, 0);
        assert_true(l->world.n_known * UINT64_C(5) > l->n_checks * 4);
        assert_in_range(l->worst_error_ns, 1, (l->out_ns + l->in_ns) / 2 + 5 * NS_PER_MS);
    }
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_says_nothing_without_a_round_trip),
        cmocka_unit_test(clock_says_nothing_without_changes),
        cmocka_unit_test(clock_says_nothing_of_too_few_changes),
        cmocka_unit_test(clock_says_nothing_of_changes_that_came_together),
        cmocka_unit_test(clock_says_nothing_of_too_few_round_trips),
        cmocka_unit_test(clock_finds_a_constant_offset),
        cmocka_unit_test(clock_tells_a_known_offset_of_zero_from_an_unknown_one),
        cmocka_unit_test(clock_allows_for_a_way_that_takes_all_of_the_round_trip),
        cmocka_unit_test(clock_allows_for_a_way_that_takes_no_time),
        cmocka_unit_test(clock_follows_a_venue_that_runs_fast),
        cmocka_unit_test(clock_follows_a_venue_that_runs_slow),
        cmocka_unit_test(clock_follows_drift_on_a_short_way),
        cmocka_unit_test(clock_allows_for_drift_while_nothing_comes),
        cmocka_unit_test(clock_is_right_under_any_jitter),
        cmocka_unit_test(clock_remembers_how_fast_a_change_can_be),
        cmocka_unit_test(clock_is_right_whatever_waits),
        cmocka_unit_test(clock_is_certain_where_answers_are_dated),
        cmocka_unit_test(clock_says_nothing_of_answers_that_contradict_each_other),
        cmocka_unit_test(clock_is_exact_where_nothing_waits),
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
