/* When a book is LIVE and what its consumers are told, by way of a feed with a fake venue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feed_world.h"

enum { ATTEMPTS_MAX = 8, FORGIVEN_MS = 60000, PATIENCE_MS = 5000, RETRY_MS = 300000 };

static const struct world_spec usual = { .scale = 8 };
static const struct world_spec one_book = { .symbols = { "BTC/USD" } };
static const struct world_spec over_http = { .options = { { "source", "http" } } };
static const struct world_spec whole_books = { .options = { { "source", "each" },
                                                            { "loss", "stateless" } } };

#define RESYNC_0(seq, prev) "status 0 SYNCING #" #seq "<" #prev " resync\n> send 0 resync 0\n"

/* -- EMPTY, SYNCING, LIVE ------------------------------------------------------------- */

static void book_is_empty_until_its_connection_is_up(void **state)
{
    struct world *const world = world_create(&usual);

    (void)state;
    assert_int_equal(feed_start(world->feed, world->now_ns, &world->err), ARB_OK);
    world_expect(world, "> open 0 wss://fake\n");
    assert_int_equal(world_state(world, 0), ARB_BOOK_EMPTY);
    feed_on_open(world->feed, 0, world->now_ns);
    world_expect(world, "status 0 SYNCING #1<0 subscribing\nstatus 1 SYNCING #1<0 subscribing\n");
    world_destroy(world);
}

static void snapshot_makes_a_book_live(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_say(world, "snap 0 10 b99x2 a101x1 b100x1 a103x4");
    world_expect(world, "snapshot 0 LIVE #2<1 b99x2 b100x1 a103x4 a101x1\n");
    world_destroy(world);
}

static void delta_is_published_as_it_came(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b100x3 a102x5 b99x1 a102x0");
    world_expect(world, "delta 0 LIVE #3<2 b100x3 b99x1 a102x5 a102x0\n");
    world_destroy(world);
}

static void empty_snapshot_is_a_live_book(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_say(world, "snap 0 10");
    world_expect(world, "snapshot 0 LIVE #2<1\n");
    world_destroy(world);
}

static void stream_drops_deltas_before_the_snapshot(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_say(world, "delta 0 11 b99x9");
    world_expect(world, "");
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE #2<1 b100x1 a101x1\n");
    world_destroy(world);
}

static void snapshot_that_does_not_come_is_asked_for_again(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    world_wait(world, 29999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "status 0 STALE #2<1 no snapshot came\n");
    world_wait(world, 0);
    world_expect(world, RESYNC_0(3, 2));
    world_destroy(world);
}

/* -- snapshots over HTTP -------------------------------------------------------------- */

static void held_deltas_newer_than_the_snapshot_are_applied_to_it(void **state)
{
    struct world *const world = world_connected(&over_http);

    (void)state;
    world_say(world, "delta 0 9 b90x9");
    world_say(world, "delta 0 10 b91x9;delta 0 11 b92x9");
    world_say(world, "delta 0 12 a101x0 a102x3");
    world_expect(world, "");
    world_answer(world, 0, "snap 0 10 b80x1 a101x1");
    world_expect(world, "snapshot 0 LIVE #2<1 b80x1 b92x9 a102x3\n");
    assert_int_equal(feed_book(world->feed, 0).seq, 12);
    world_destroy(world);
}

static void held_deltas_are_used_once(void **state)
{
    struct world *const world = world_connected(&over_http);

    (void)state;
    world_say(world, "delta 0 11 b92x9");
    world_answer(world, 0, "snap 0 10 b80x1 a101x1");
    world_say(world, "resync 0 test");
    world_forget(world);
    world_answer(world, 0, "snap 0 10 b80x1 a101x1");
    world_expect(world, "snapshot 0 LIVE #5<4 b80x1 a101x1\n");
    world_destroy(world);
}

/* The answer may be ahead of the stream: what it already contains is not news. */
static void deltas_that_the_snapshot_contains_are_dropped_afterwards(void **state)
{
    static const struct world_spec strict = { .options = { { "source", "http" },
                                                           { "unknown", "desync" } } };
    struct world *const world = world_connected(&strict);

    (void)state;
    world_answer(world, 0, "snap 0 10 b80x1 a101x1");
    world_forget(world);
    world_say(world, "delta 0 9 b79x0");
    world_say(world, "delta 0 10 b78x0");
    world_expect(world, "");
    world_say(world, "delta 0 11 b80x5");
    world_expect(world, "delta 0 LIVE #3<2 b80x5\n");
    world_destroy(world);
}

static void sequence_that_goes_back_behind_the_snapshot_is_damage(void **state)
{
    struct world *const world = world_connected(&over_http);

    (void)state;
    world_answer(world, 0, "snap 0 10 b80x1 a101x1");
    world_say(world, "delta 0 11 b80x5");
    world_forget(world);
    world_say(world, "delta 0 9 b80x6");
    world_expect(world, "status 0 STALE #4<3 the venue's sequence went back\n" RESYNC_0(5, 4));
    world_destroy(world);
}

static void snapshot_without_held_deltas_is_ignored(void **state)
{
    struct world *const world = world_connected(&over_http);

    (void)state;
    world_say(world, "resync 0 once");
    world_say(world, "delta 0 11 b80x5");
    world_say(world, "resync 0 twice"); /* this one has to wait for its turn */
    world_forget(world);
    world_say(world, "delta 0 12 b80x6;snap 0 10 b100x1 a101x1");
    world_expect(world, "");
    assert_int_equal(world_state(world, 0), ARB_BOOK_STALE);
    world_destroy(world);
}

static void held_deltas_have_a_limit(void **state)
{
    static const char delta[] =
        "delta 0 5 b1x1 b2x1 b3x1 b4x1 b5x1 b6x1 b7x1 b8x1 b9x1 b10x1 b11x1 b12x1 b13x1 b14x1 "
        "b15x1 b16x1 b17x1 b18x1 b19x1 b20x1 b21x1 b22x1 b23x1 b24x1 b25x1 b26x1 b27x1 b28x1";
    struct world *const world = world_connected(&over_http);
    unsigned n = 0;

    (void)state;
    for (; world_state(world, 0) == ARB_BOOK_SYNCING && world->log.len == 0; n++) {
        assert_in_range(n, 0, 10000);
        world_say(world, delta);
    }
    assert_in_range(n, (4 << 20) / (29 * 16 + 32), (4 << 20) / (28 * 16) + 1);
    world_expect(
        world, "status 0 STALE #2<1 too many deltas arrived before the snapshot\n" RESYNC_0(3, 2));
    assert_int_equal(feed_stats(world->feed)->held_dropped, 1);
    world_destroy(world);
}

/* -- damage --------------------------------------------------------------------------- */

static void sequence_that_goes_back_is_damage(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 12 b100x2;delta 0 12 b100x3");
    world_expect(world, "delta 0 LIVE #3<2 b100x2\ndelta 0 LIVE #4<3 b100x3\n");
    world_say(world, "delta 0 11 b100x4");
    world_expect(world, "status 0 STALE #5<4 the venue's sequence went back\n" RESYNC_0(6, 5));
    world_destroy(world);
}

static void snapshot_older_than_a_live_book_is_damage(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "snap 0 9 b100x7 a101x7");
    world_expect(world, "status 0 STALE #3<2 the venue's sequence went back\n" RESYNC_0(4, 3));
    world_destroy(world);
}

static void resync_may_start_a_lower_sequence(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "resync 0 test");
    world_forget(world);
    world_say(world, "snap 0 3 b100x7 a101x7");
    world_expect(world, "snapshot 0 LIVE #5<4 b100x7 a101x7\n");
    world_destroy(world);
}

static void matching_checksum_is_counted(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b99x1 sum=201");
    world_expect(world, "delta 0 LIVE #3<2 b99x1\n");
    assert_int_equal(feed_stats(world->feed)->verified, 1);
    world_destroy(world);
}

static void event_without_proof_makes_its_book_unverifiable_until_the_next(void **state)
{
    (void)state;
    struct world *const world = world_connected(&(struct world_spec){ 0 });

    world_say(world, "snap 0 10 b100x1 a101x1 unproven");
    world_say(world, "delta 0 11 b100x2");
    world_expect(world, "snapshot 0 LIVE #2<1 unverifiable b100x1 a101x1\n"
                        "delta 0 LIVE #3<2 b100x2\n");
    world_destroy(world);
}

static void checksum_over_the_best_levels_proves_only_these(void **state)
{
    static const struct world_spec part = { .options = { { "loss", "checksum" },
                                                         { "checksum_levels", "10" } } };
    struct world *const world = world_live(&part);

    (void)state;
    world_say(world, "delta 0 11 b99x1 sum=201");
    world_expect(world, "delta 0 LIVE #3<2 top=10 b99x1\n");
    assert_int_equal(feed_book(world->feed, 0).verified_levels, 10);
    world_destroy(world);
}

static void checksum_mismatch_is_told_before_the_resync(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b99x1 sum=999");
    world_expect(world, "status 0 STALE #3<2 the venue's checksum does not match\n" RESYNC_0(4, 3));
    assert_int_equal(feed_stats(world->feed)->mismatched, 1);
    world_destroy(world);
}

static void snapshot_with_a_wrong_checksum_is_not_live(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_say(world, "snap 0 11 b99x1 sum=999");
    world_expect(world, "status 0 STALE #2<1 the venue's checksum does not match\n" RESYNC_0(3, 2));
    world_destroy(world);
}

static void plugin_without_resync_has_its_connection_dropped(void **state)
{
    static const struct world_spec without = { .without_resync = true };
    struct world *const world = world_live(&without);

    (void)state;
    world_say(world, "resync 0 test");
    world_expect(world, "status 0 STALE #3<2 test\nstatus 0 SYNCING #4<3 resync\n"
                        "> close 0 resync\n");
    world_destroy(world);
}

static void unknown_delete_is_normal_where_the_venue_says_so(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b55x0");
    world_expect(world, "delta 0 LIVE #3<2 b55x0\n");
    assert_int_equal(feed_stats(world->feed)->unknown_deletes, 1);
    world_destroy(world);
}

static void unknown_delete_is_damage_where_the_venue_says_so(void **state)
{
    static const struct world_spec strict = { .options = { { "unknown", "desync" } } };
    struct world *const world = world_live(&strict);

    (void)state;
    world_say(world, "delta 0 11 b55x0");
    world_expect(
        world,
        "status 0 STALE #3<2 a level was deleted that the book does not hold\n" RESYNC_0(4, 3));
    world_destroy(world);
}

/* -- attempts ------------------------------------------------------------------------- */

/* Damages a LIVE book and expects the resync `ms` later, not sooner. */
static void expect_resync_after(struct world *world, int64_t ms)
{
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_say(world, "resync 0 test");
    if (ms > 0) {
        assert_int_equal(world_state(world, 0), ARB_BOOK_STALE);
        world_wait(world, ms - 1);
        assert_int_equal(world_state(world, 0), ARB_BOOK_STALE);
        world_wait(world, 1);
    }
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    world_forget(world);
}

static void exhaust_attempts(struct world *world)
{
    static const int64_t delays_ms[ATTEMPTS_MAX] = {
        0, 1000, 2000, 4000, 8000, 16000, 32000, 60000
    };
    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        expect_resync_after(world, delays_ms[i]);
    }
}

static void resyncs_back_off_by_doubling_up_to_a_minute(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    exhaust_attempts(world);
    assert_int_equal(feed_stats(world->feed)->resyncs, ATTEMPTS_MAX);
    world_destroy(world);
}

static void book_is_unusable_after_the_last_attempt(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    exhaust_attempts(world);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_forget(world);
    world_say(world, "resync 0 test");
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    world_say(world, "delta 0 11 b100x2");
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    world_destroy(world);
}

static void unusable_book_is_tried_again_after_five_minutes(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    exhaust_attempts(world);
    world_say(world, "snap 0 10 b100x1 a101x1;resync 0 test");
    world_wait(world, RETRY_MS - 1);
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    world_wait(world, 1);
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    expect_resync_after(world, 0); /* with all its attempts */
    world_destroy(world);
}

static void attempts_are_forgiven_after_a_minute_live(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    expect_resync_after(world, 0);
    expect_resync_after(world, 1000);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_wait(world, FORGIVEN_MS);
    expect_resync_after(world, 0);
    world_destroy(world);
}

static void attempts_are_not_forgiven_sooner(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    expect_resync_after(world, 0);
    expect_resync_after(world, 1000);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_wait(world, FORGIVEN_MS - 1);
    expect_resync_after(world, 2000);
    world_destroy(world);
}

static void attempts_are_forgiven_when_a_long_live_book_is_crossed(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    expect_resync_after(world, 0);
    expect_resync_after(world, 1000);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_wait(world, FORGIVEN_MS);
    world_say(world, "delta 0 11 b105x1");
    world_say(world, "delta 0 12 b106x1");
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    world_destroy(world);
}

/* A plugin may complain with every message; only resyncs are attempts. */
static void complaints_while_a_resync_waits_are_no_attempts(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    expect_resync_after(world, 0);
    world_say(world, "resync 0 still wrong");
    for (unsigned i = 0; i < 2 * ATTEMPTS_MAX; i++) {
        world_say(world, "resync 0 still wrong");
        assert_int_equal(world_state(world, 0), ARB_BOOK_STALE);
    }
    world_wait(world, 1000);
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    world_destroy(world);
}

static void complaints_about_an_unusable_book_do_not_revive_it(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    exhaust_attempts(world);
    world_say(world, "snap 0 10 b100x1 a101x1;resync 0 test");
    world_say(world, "resync 0 still wrong");
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    world_destroy(world);
}

/* -- crossed -------------------------------------------------------------------------- */

static void crossed_book_is_stale_until_the_next_message_uncrosses_it(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b102x1");
    world_expect(world, "status 0 STALE #3<2 crossed\n");
    world_say(world, "delta 0 12 a101x0 a103x1");
    world_expect(world, "snapshot 0 LIVE #4<3 b100x1 b102x1 a103x1\n");
    assert_int_equal(feed_stats(world->feed)->crossed, 1);
    world_wait(world, 2 * PATIENCE_MS);
    world_expect(world, "");
    world_destroy(world);
}

static void equal_best_prices_are_crossed(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b101x1");
    world_expect(world, "status 0 STALE #3<2 crossed\n");
    world_destroy(world);
}

static void book_crossed_by_two_messages_is_resynced(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b102x1");
    world_forget(world);
    world_say(world, "delta 0 12 b103x1");
    world_expect(world, "status 0 STALE #4<3 crossed for more than one message\n" RESYNC_0(5, 4));
    world_destroy(world);
}

static void book_that_stays_crossed_is_resynced(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    world_say(world, "delta 0 11 b102x1");
    world_forget(world);
    world_wait(world, PATIENCE_MS - 1);
    world_expect(world, "");
    world_wait(world, 1);
    world_wait(world, 0);
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    world_destroy(world);
}

static void book_whose_snapshots_are_crossed_is_given_up(void **state)
{
    struct world *const world = world_connected(&one_book);

    (void)state;
    for (int i = 0; i < 100 && world_state(world, 0) != ARB_BOOK_UNUSABLE; i++) {
        world_say(world, "snap 0 10 b102x1 a101x1");
        world_wait(world, FORGIVEN_MS);
        world_wait(world, FORGIVEN_MS);
    }
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    assert_int_equal(feed_stats(world->feed)->resyncs, ATTEMPTS_MAX);
    world_destroy(world);
}

static void crossed_book_of_a_halted_pair_is_left_alone(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    world_say(world, "trading 0 3 maintenance");
    world_say(world, "delta 0 11 b102x1");
    world_forget(world);
    world_say(world, "delta 0 12 b103x1");
    world_wait(world, 2 * PATIENCE_MS);
    world_wait(world, 2 * PATIENCE_MS);
    world_expect(world, "");
    assert_int_equal(feed_stats(world->feed)->resyncs, 0);
    world_destroy(world);
}

static void book_still_crossed_when_its_pair_reopens_is_resynced(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    world_say(world, "trading 0 3 maintenance");
    world_say(world, "delta 0 11 b102x1");
    world_wait(world, 2 * PATIENCE_MS);
    world_say(world, "trading 0 1 online");
    world_wait(world, PATIENCE_MS);
    world_wait(world, 0);
    assert_int_equal(world_state(world, 0), ARB_BOOK_SYNCING);
    world_destroy(world);
}

/* -- what is published ---------------------------------------------------------------- */

static void truncation_publishes_the_levels_it_cuts(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_say(world, "snap 0 10 b97x1 b98x1 b99x1 a101x1 a102x1 a103x1 max=2");
    world_expect(world, "snapshot 0 LIVE #2<1 b98x1 b99x1 a102x1 a101x1\n");
    world_say(world, "delta 0 11 b100x1 a101x3 max=2");
    world_expect(world, "delta 0 LIVE #3<2 b100x1 b98x0 a101x3\n");
    world_destroy(world);
}

static void repeated_snapshot_becomes_the_difference(void **state)
{
    struct world *const world = world_connected(&whole_books);

    (void)state;
    world_say(world, "snap 0 10 b98x1 b99x1 b100x1 a101x1 a102x1 a103x1");
    world_forget(world);
    world_say(world, "snap 0 11 b97x5 b99x1 b100x1 a101x2 a102x1 a103x1");
    world_expect(world, "delta 0 LIVE #3<2 b97x5 b98x0 a101x2\n");
    world_say(world, "snap 0 12 b97x5 b99x1 b100x1 a101x2 a102x1 a103x1");
    world_expect(world, "delta 0 LIVE #4<3\n");
    world_destroy(world);
}

static void difference_larger_than_half_the_book_is_sent_as_a_snapshot(void **state)
{
    struct world *const world = world_connected(&whole_books);

    (void)state;
    world_say(world, "snap 0 10 b99x1 b100x1 a101x1 a102x1");
    world_forget(world);
    world_say(world, "snap 0 11 b99x2 b100x2 a101x2 a102x1");
    world_expect(world, "snapshot 0 LIVE #3<2 b99x2 b100x2 a102x1 a101x2\n");
    world_destroy(world);
}

static void updates_that_cannot_be_proven_say_so(void **state)
{
    static const struct world_spec unprovable = { .options = { { "loss", "none" } } };
    struct world *const world = world_live(&unprovable);

    (void)state;
    world_say(world, "delta 0 11 b100x3");
    world_expect(world, "delta 0 LIVE #3<2 unverifiable b100x3\n");
    world_destroy(world);
}

static void stricter_trading_status_of_pair_and_venue_holds(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "trading * 2 post_only");
    world_expect(world, "status 0 LIVE #3<2 limited post_only\n"
                        "status 1 SYNCING #2<1 limited post_only\n");
    world_say(world, "trading 0 3 auction");
    world_expect(world, "status 0 LIVE #4<3 halted auction\n");
    world_say(world, "trading * 1 online");
    world_expect(world, "status 1 SYNCING #3<2 online\n");
    world_say(world, "trading 0 1 online");
    world_expect(world, "status 0 LIVE #5<4 online\n");
    world_destroy(world);
}

static void unchanged_trading_status_is_not_repeated(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "trading 0 1 online;trading * 1 online");
    world_expect(world, "");
    world_destroy(world);
}

/* -- refusals ------------------------------------------------------------------------- */

static void refused_book_is_unusable_and_retried_rarely(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    world_say(world, "refuse 0 no such pair");
    world_expect(world, "status 0 UNUSABLE #3<2 no such pair\n");
    world_say(world, "delta 0 11 b100x2");
    world_wait(world, RETRY_MS - 1);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, RESYNC_0(4, 3));
    world_destroy(world);
}

static void delta_does_not_revive_a_book_refused_while_crossed(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b102x1");
    world_say(world, "refuse 0 no such pair");
    world_forget(world);
    world_say(world, "delta 0 12 b102x0");
    world_expect(world, "");
    assert_int_equal(world_state(world, 0), ARB_BOOK_UNUSABLE);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_is_empty_until_its_connection_is_up),
        cmocka_unit_test(snapshot_makes_a_book_live),
        cmocka_unit_test(delta_is_published_as_it_came),
        cmocka_unit_test(empty_snapshot_is_a_live_book),
        cmocka_unit_test(stream_drops_deltas_before_the_snapshot),
        cmocka_unit_test(snapshot_that_does_not_come_is_asked_for_again),
        cmocka_unit_test(held_deltas_newer_than_the_snapshot_are_applied_to_it),
        cmocka_unit_test(held_deltas_are_used_once),
        cmocka_unit_test(deltas_that_the_snapshot_contains_are_dropped_afterwards),
        cmocka_unit_test(sequence_that_goes_back_behind_the_snapshot_is_damage),
        cmocka_unit_test(snapshot_without_held_deltas_is_ignored),
        cmocka_unit_test(held_deltas_have_a_limit),
        cmocka_unit_test(sequence_that_goes_back_is_damage),
        cmocka_unit_test(snapshot_older_than_a_live_book_is_damage),
        cmocka_unit_test(resync_may_start_a_lower_sequence),
        cmocka_unit_test(matching_checksum_is_counted),
        cmocka_unit_test(event_without_proof_makes_its_book_unverifiable_until_the_next),
        cmocka_unit_test(checksum_over_the_best_levels_proves_only_these),
        cmocka_unit_test(checksum_mismatch_is_told_before_the_resync),
        cmocka_unit_test(snapshot_with_a_wrong_checksum_is_not_live),
        cmocka_unit_test(plugin_without_resync_has_its_connection_dropped),
        cmocka_unit_test(unknown_delete_is_normal_where_the_venue_says_so),
        cmocka_unit_test(unknown_delete_is_damage_where_the_venue_says_so),
        cmocka_unit_test(resyncs_back_off_by_doubling_up_to_a_minute),
        cmocka_unit_test(book_is_unusable_after_the_last_attempt),
        cmocka_unit_test(unusable_book_is_tried_again_after_five_minutes),
        cmocka_unit_test(attempts_are_forgiven_after_a_minute_live),
        cmocka_unit_test(attempts_are_not_forgiven_sooner),
        cmocka_unit_test(attempts_are_forgiven_when_a_long_live_book_is_crossed),
        cmocka_unit_test(complaints_while_a_resync_waits_are_no_attempts),
        cmocka_unit_test(complaints_about_an_unusable_book_do_not_revive_it),
        cmocka_unit_test(crossed_book_is_stale_until_the_next_message_uncrosses_it),
        cmocka_unit_test(equal_best_prices_are_crossed),
        cmocka_unit_test(book_crossed_by_two_messages_is_resynced),
        cmocka_unit_test(book_that_stays_crossed_is_resynced),
        cmocka_unit_test(book_whose_snapshots_are_crossed_is_given_up),
        cmocka_unit_test(crossed_book_of_a_halted_pair_is_left_alone),
        cmocka_unit_test(book_still_crossed_when_its_pair_reopens_is_resynced),
        cmocka_unit_test(truncation_publishes_the_levels_it_cuts),
        cmocka_unit_test(repeated_snapshot_becomes_the_difference),
        cmocka_unit_test(difference_larger_than_half_the_book_is_sent_as_a_snapshot),
        cmocka_unit_test(updates_that_cannot_be_proven_say_so),
        cmocka_unit_test(stricter_trading_status_of_pair_and_venue_holds),
        cmocka_unit_test(unchanged_trading_status_is_not_repeated),
        cmocka_unit_test(refused_book_is_unusable_and_retried_rarely),
        cmocka_unit_test(delta_does_not_revive_a_book_refused_while_crossed),
    };
    log_set_level((enum arb_log_level)0); /* silent: what is logged is no part of these tests */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
