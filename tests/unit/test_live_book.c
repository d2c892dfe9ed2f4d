/* What becomes of a venue's events: when a book is LIVE, what is damage, what is proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live_world.h"

#define SEED "snap #10 t=100 b100x1 a101x1;"

static const struct live_rules plain = { .loss = ARB_LOSS_NONE, .source = ARB_SNAPSHOT_STREAM };
static const struct live_rules numbered = { .loss = ARB_LOSS_SEQUENCE,
                                            .source = ARB_SNAPSHOT_STREAM };
static const struct live_rules chained = { .loss = ARB_LOSS_CHAIN, .source = ARB_SNAPSHOT_STREAM };
static const struct live_rules summed = {
    .loss = ARB_LOSS_CHECKSUM, .source = ARB_SNAPSHOT_STREAM, .checksum_levels = 10, .depth = 10
};
static const struct live_rules each = { .loss = ARB_LOSS_STATELESS, .source = ARB_SNAPSHOT_EACH };
static const struct live_rules http_numbered = { .loss = ARB_LOSS_SEQUENCE,
                                                 .source = ARB_SNAPSHOT_HTTP,
                                                 .seam = ARB_SEAM_SEQUENCE,
                                                 .unknown_delete = ARB_UNKNOWN_DELETE_DESYNC };
static const struct live_rules http_chained = { .loss = ARB_LOSS_CHAIN,
                                                .source = ARB_SNAPSHOT_HTTP,
                                                .seam = ARB_SEAM_SEQUENCE };
static const struct live_rules chained_by_time = { .loss = ARB_LOSS_CHAIN,
                                                   .source = ARB_SNAPSHOT_HTTP,
                                                   .seam = ARB_SEAM_TIME,
                                                   .quiet_ns = 3 * NS_PER_S };
static const struct live_rules by_time = { .loss = ARB_LOSS_NONE,
                                           .source = ARB_SNAPSHOT_HTTP,
                                           .seam = ARB_SEAM_TIME,
                                           .time_order = ARB_TIME_NOT_BACK,
                                           .unknown_delete = ARB_UNKNOWN_DELETE_DESYNC,
                                           .quiet_ns = 3 * NS_PER_S };

/* -- snapshots and deltas in the stream ------------------------------------------------- */

static void snapshot_makes_a_book_live(void **state)
{
    (void)state;
    live_world_run(&numbered, "snap #10 b99x2 a101x1 b100x1 a103x4",
                   "snapshot LIVE verified b99x2 b100x1 a103x4 a101x1\n");
}

static void empty_snapshot_proves_nothing_until_the_next_one(void **state)
{
    (void)state;
    live_world_run(&numbered, "snap #10;delta #11 b100x1;snap #12 b100x1;delta #13 a101x1",
                   "snapshot LIVE unverifiable\n"
                   "delta LIVE unverifiable b100x1\n"
                   "delta LIVE verified\n"
                   "delta LIVE verified a101x1\n");
    live_world_run(&numbered, "snap #10 b100x1", "snapshot LIVE verified b100x1\n");
    live_world_run(&numbered, "snap #10 beyond=1", "snapshot LIVE verified\n");
}

static void empty_snapshot_is_proven_by_documents_and_by_its_checksum(void **state)
{
    static const struct live_rules told = { .loss = ARB_LOSS_SEQUENCE,
                                            .source = ARB_SNAPSHOT_STREAM,
                                            .has_empty_books = true };

    (void)state;
    live_world_run(&told, "snap #10;" SEED "snap #11",
                   "snapshot LIVE verified\n"
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "snapshot LIVE verified\n");
    live_world_run(&summed, "snap sum=0;snap b100x1 a101x1 sum=201;snap sum=0",
                   "snapshot LIVE verified\n"
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "snapshot LIVE verified\n");
}

static void empty_snapshot_of_a_book_with_levels_is_damage_at_first(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "snap #11;await;snap #12;snap #13",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE the book had levels, and its snapshot has none\n"
                   "status SYNCING waiting\n"
                   "snapshot LIVE unverifiable\n"
                   "delta LIVE unverifiable\n");
    live_world_run(&numbered, SEED "delta #11 b102x1;snap #12",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "status STALE crossed\n"
                   "damaged status STALE the book had levels, and its snapshot has none\n");
}

static void empty_whole_book_is_unverifiable_and_heals(void **state)
{
    (void)state;
    live_world_run(&each, "snap t=1 b100x1 a101x1;snap t=2;snap t=3 b100x1 a101x1",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "snapshot LIVE unverifiable\n"
                   "snapshot LIVE verified b100x1 a101x1\n");
}

static void deltas_before_the_snapshot_in_the_stream_are_dropped(void **state)
{
    (void)state;
    live_world_run(&numbered, "delta #12 b99x9;" SEED, "snapshot LIVE verified b100x1 a101x1\n");
}

static void delta_is_published_as_it_came(void **state)
{
    (void)state;
    live_world_run(&plain, SEED "delta b100x3 a102x5 b99x1 a102x0",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x3 b99x1 a102x5 a102x0\n");
}

static void cut_levels_are_published_as_removed(void **state)
{
    (void)state;
    live_world_run(&plain,
                   "snap b97x1 b98x1 b99x1 a101x1 a102x1 a103x1 max=2;delta b100x1 a101x3 max=2",
                   "snapshot LIVE unverifiable b98x1 b99x1 a102x1 a101x1\n"
                   "delta LIVE unverifiable b100x1 b98x0 a101x3\n");
}

static void small_difference_of_a_further_snapshot_is_a_delta(void **state)
{
    (void)state;
    live_world_run(&numbered,
                   "snap #10 b98x1 b99x1 b100x1 a101x1 a102x1 a103x1;"
                   "snap #11 b97x5 b99x1 b100x1 a101x2 a102x1 a103x1;"
                   "snap #12 b97x5 b99x1 b100x1 a101x2 a102x1 a103x1",
                   "snapshot LIVE verified b98x1 b99x1 b100x1 a103x1 a102x1 a101x1\n"
                   "delta LIVE verified b97x5 b98x0 a101x2\n"
                   "delta LIVE verified\n");
}

static void difference_of_more_than_half_the_book_is_a_snapshot(void **state)
{
    (void)state;
    live_world_run(&numbered,
                   "snap #10 b99x1 b100x1 a101x1 a102x1;snap #11 b99x2 b100x2 a101x2 a102x1",
                   "snapshot LIVE verified b99x1 b100x1 a102x1 a101x1\n"
                   "snapshot LIVE verified b99x2 b100x2 a102x1 a101x2\n");
}

static void snapshot_in_the_stream_may_start_lower_and_earlier(void **state)
{
    static const struct live_rules ordered = { .loss = ARB_LOSS_SEQUENCE,
                                               .source = ARB_SNAPSHOT_STREAM,
                                               .time_order = ARB_TIME_NOT_BACK };
    (void)state;
    live_world_run(&ordered, SEED "snap #3 t=50 b100x1 a101x1;delta #4 t=50 b100x2",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified\n"
                   "delta LIVE verified b100x2\n");
}

static void book_that_was_left_takes_no_delta(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "leave;delta #11 b100x2;await;delta #12 b100x3;" SEED,
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "status STALE left\nstatus SYNCING waiting\n"
                   "snapshot LIVE verified b100x1 a101x1\n");
}

static void state_that_was_told_is_not_told_again(void **state)
{
    (void)state;
    live_world_run(&numbered, "leave;leave;await;await",
                   "status STALE left\nstatus SYNCING waiting\n");
}

/* -- numbers ---------------------------------------------------------------------------- */

static void event_that_follows_by_number_is_verified(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "delta #11 b100x2;delta #12-15 b100x3;delta #16-17 b100x4",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified b100x2\n"
                   "delta LIVE verified b100x3\n"
                   "delta LIVE verified b100x4\n");
}

static void missing_number_is_damage(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "delta #11-13 b100x2;delta #20 b100x3",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified b100x2\n"
                   "damaged status STALE an event was lost: 14 expected, 20 came\n");
}

static void first_of_several_numbers_counts(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "delta #12-20 b100x2",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE an event was lost: 11 expected, 12 came\n");
}

static void event_that_overlaps_the_one_before_is_damage(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "delta #11-13 b100x2;delta #13-15 b100x3",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified b100x2\n"
                   "damaged status STALE an event overlaps the one before: 14 expected, 13 came\n");
    live_world_run(&numbered, SEED "delta #1-11 b100x2",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE an event overlaps the one before: 11 expected, 1 came\n");
}

static void number_that_goes_back_is_damage(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "delta #9 b100x2",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE the venue's sequence went back\n");
}

static void repeated_event_is_ignored_and_counted(void **state)
{
    struct live_world *const world = live_world_create(&numbered);

    (void)state;
    live_world_say(world, SEED "delta #11 b100x2;delta #11 b100x2;delta #12 b100x3");
    live_world_expect(world, "snapshot LIVE verified b100x1 a101x1\n"
                             "delta LIVE verified b100x2\n"
                             "delta LIVE verified b100x3\n");
    assert_int_equal(world->room.counts.repeated, 1);
    assert_int_equal(world->room.counts.updates, 2);
    live_world_destroy(world);
}

static void event_without_a_number_proves_nothing_nor_does_the_next(void **state)
{
    (void)state;
    /* How many were lost before #20 nobody can tell, so neither does #21: a snapshot does. */
    live_world_run(&numbered,
                   SEED "delta b100x2;delta #20 b100x3;delta #21 b100x4;"
                        "snap #21 b100x4 a101x1;delta #22 b100x5",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "delta LIVE unverifiable b100x3\n"
                   "delta LIVE unverifiable b100x4\n"
                   "delta LIVE verified\n"
                   "delta LIVE verified b100x5\n");
}

static void snapshot_without_a_number_proves_nothing(void **state)
{
    (void)state;
    live_world_run(&numbered, "snap b100x1 a101x1;delta #20 b100x3;delta #22 b100x4",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x3\n"
                   "damaged status STALE an event was lost: 21 expected, 22 came\n");
}

static void number_that_goes_back_is_damage_where_none_is_promised(void **state)
{
    (void)state;
    live_world_run(&plain, SEED "delta #13 b100x2;delta #12 b100x3",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "damaged status STALE the venue's sequence went back\n");
}

static void event_that_names_the_one_before_is_verified(void **state)
{
    (void)state;
    live_world_run(&chained, SEED "delta #7<10 b100x2;delta #8<7 b100x3;delta #8<7 b100x3",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified b100x2\n"
                   "delta LIVE verified b100x3\n");
}

static void event_that_names_another_before_is_damage(void **state)
{
    (void)state;
    live_world_run(&chained, SEED "delta #12<11 b100x2",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE an event does not follow the one before: it names 11, and "
                   "10 is the last\n");
}

static void event_that_names_none_before_proves_nothing(void **state)
{
    (void)state;
    live_world_run(&chained, SEED "delta #12 b100x2;delta b100x3;delta #14<9 b100x4;delta #15<14",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "delta LIVE unverifiable b100x3\n"
                   "delta LIVE unverifiable b100x4\n"
                   "delta LIVE unverifiable\n");
}

/* -- checksums -------------------------------------------------------------------------- */

static void event_is_verified_by_its_own_checksum_only(void **state)
{
    struct live_world *const world = live_world_create(&summed);

    (void)state;
    live_world_say(world, "snap b100x1 a101x1;delta b100x2 sum=201;delta b100x3;snap b99x1 sum=99");
    live_world_expect(world, "snapshot LIVE unverifiable b100x1 a101x1\n"
                             "delta LIVE verified b100x2\n"
                             "delta LIVE unverifiable b100x3\n"
                             "snapshot LIVE verified b99x1\n");
    assert_int_equal(world->room.counts.verified, 2);
    live_world_destroy(world);
}

static void checksum_feed_without_checksums_is_unverifiable(void **state)
{
    (void)state;
    live_world_run(&summed, SEED "delta #11 b81x1",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b81x1\n");
}

static void checksum_over_the_best_levels_proves_only_these(void **state)
{
    static const struct live_rules part = { .loss = ARB_LOSS_CHECKSUM,
                                            .source = ARB_SNAPSHOT_STREAM,
                                            .checksum_levels = 10 };
    (void)state;
    live_world_run(&part, "snap b100x1 a101x1 sum=201;delta b99x1",
                   "snapshot LIVE verified top=10 b100x1 a101x1\n"
                   "delta LIVE unverifiable b99x1\n");
}

static void checksum_that_does_not_match_is_damage(void **state)
{
    struct live_world *const world = live_world_create(&summed);

    (void)state;
    live_world_say(world, "snap sum=1;await");
    live_world_say(world, "snap b100x1 a101x1 sum=201;delta b99x1 sum=999");
    live_world_expect(world, "damaged status STALE the venue's checksum does not match\n"
                             "status SYNCING waiting\n"
                             "snapshot LIVE verified b100x1 a101x1\n"
                             "damaged status STALE the venue's checksum does not match\n");
    assert_int_equal(world->room.counts.mismatched, 2);
    live_world_destroy(world);
}

static int fail_checksum(void *self, const struct arb_book_event *event,
                         const struct arb_book *book, uint32_t *checksum)
{
    (void)self, (void)event, (void)book, (void)checksum;
    return ARB_ENOMEM;
}

static void checksum_that_fails_is_no_mismatch(void **state)
{
    struct live_world *const world = live_world_create(&summed);

    (void)state;
    world->rules.checksum = fail_checksum;
    live_world_say(world, "snap b100x1 a101x1 sum=201");
    live_world_expect(world, "damaged status STALE the plugin's checksum() failed, nothing was "
                             "compared: no memory\n");
    assert_int_equal(world->room.counts.mismatched, 0);
    live_world_destroy(world);
}

static void mismatch_of_a_book_with_a_price_beyond_the_scale_says_so(void **state)
{
    (void)state;
    live_world_run(&summed, "snap b100x1 a101x1 beyond=1 sum=999",
                   "damaged status STALE a price does not fit the scale, and the checksum covers "
                   "it\n");
    live_world_run(&summed,
                   "snap b100x1 a101x1 sum=201;delta b99x1 beyond=1 sum=201;delta b98x1 sum=999",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE verified b99x1\n"
                   "damaged status STALE a price does not fit the scale, and the checksum covers "
                   "it\n");
}

/* -- whole books ------------------------------------------------------------------------ */

static void whole_book_is_verified(void **state)
{
    (void)state;
    live_world_run(&each, "snap t=1 b100x1 a101x1;snap t=2 b100x1 a101x1",
                   "snapshot LIVE verified b100x1 a101x1\ndelta LIVE verified\n");
}

static void whole_book_that_is_not_newer_is_ignored(void **state)
{
    struct live_world *const world = live_world_create(&each);

    (void)state;
    live_world_say(world, "snap t=70000 b100x1 a101x1");
    live_world_forget(world);
    live_world_say(world, "snap t=70000 b100x2 a101x1;snap t=10000 b100x3 a101x1");
    live_world_expect(world, "");
    assert_int_equal(world->room.counts.repeated, 2);
    live_world_destroy(world);
}

static void whole_book_of_much_earlier_shows_that_the_last_date_was_wrong(void **state)
{
    (void)state;
    live_world_run(&each,
                   "snap t=70000 b100x1 a101x1;snap t=9999 b100x2 a101x1;snap t=9999 b100x2 a101x1",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "damaged status STALE the venue's time went back\n"
                   "snapshot LIVE verified b100x2 a101x1\n");
}

static void whole_book_after_a_reset_may_be_of_any_time(void **state)
{
    (void)state;
    live_world_run(&each, "snap t=70000 b100x1 a101x1;await;snap t=69999 b100x2 a101x1",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "status SYNCING waiting\n"
                   "snapshot LIVE verified b100x2 a101x1\n");
}

static void crossed_whole_book_is_not_replaced_by_an_older_one(void **state)
{
    (void)state;
    live_world_run(&each, "snap t=10 b102x1 a101x1;snap t=9 b100x1 a101x1;snap t=11 b100x1 a101x1",
                   "status STALE crossed\n"
                   "snapshot LIVE verified b100x1 a101x1\n");
}

/* -- the order of time ------------------------------------------------------------------ */

static void time_that_goes_back_is_damage_where_it_tells_the_order(void **state)
{
    static const struct live_rules ordered = { .loss = ARB_LOSS_NONE,
                                               .source = ARB_SNAPSHOT_STREAM,
                                               .time_order = ARB_TIME_NOT_BACK };
    (void)state;
    live_world_run(&ordered, SEED "delta t=100 b100x2;delta b100x3;delta t=100 b100x4;delta t=99",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "delta LIVE unverifiable b100x3\n"
                   "delta LIVE unverifiable b100x4\n"
                   "damaged status STALE the venue's time went back\n");
    live_world_run(&ordered, "snap t=100 b100x1 a101x1;delta t=99 b100x2;delta t=98",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "damaged status STALE the venue's time went back\n");
    live_world_run(&plain, SEED "delta t=99 b100x2",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n");
}

/* -- deletions -------------------------------------------------------------------------- */

static void unknown_deletion_is_counted(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, SEED "delta b55x0 a200x0");
    live_world_expect(world, "snapshot LIVE unverifiable b100x1 a101x1\n"
                             "delta LIVE unverifiable b55x0 a200x0\n");
    assert_int_equal(world->room.counts.unknown_deletes, 2);
    live_world_destroy(world);
}

static void unknown_deletion_is_damage_where_the_venue_has_none(void **state)
{
    static const struct live_rules strict = { .loss = ARB_LOSS_NONE,
                                              .source = ARB_SNAPSHOT_STREAM,
                                              .unknown_delete = ARB_UNKNOWN_DELETE_DESYNC };
    (void)state;
    live_world_run(&strict, SEED "delta b55x0",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "damaged status STALE a level was deleted that the book does not hold\n");
}

/* -- the seam, by numbers --------------------------------------------------------------- */

static void held_deltas_behind_the_snapshot_are_applied_to_it(void **state)
{
    struct live_world *const world = live_world_create(&http_numbered);

    (void)state;
    live_world_say(world, "delta #9 b90x9;delta #10-11 b91x9;delta #12 a101x0 a102x3;"
                          "snap #10 b80x1 a101x1;delta #13 b80x2");
    live_world_expect(world, "snapshot LIVE verified b80x1 b91x9 a102x3\n"
                             "delta LIVE verified b80x2\n");
    assert_int_equal(world->book.last_seq, 13);
    live_world_destroy(world);
}

static void snapshot_behind_all_deltas_held_is_unverifiable_until_a_link_fits(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "delta #9 b90x9;delta #10 b91x9;snap #10 b80x1 a101x1;delta #10 b91x9;"
                   "delta #8 b91x8;delta #11 b80x2;delta #12 b80x3",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b80x2\n"
                   "delta LIVE verified b80x3\n");
}

static void snapshot_that_nothing_was_held_for_is_met_afterwards(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "snap #10 b80x1 a101x1;delta #9 b79x0;delta #10-11 b80x2",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b80x2\n");
    live_world_run(&http_numbered, "snap #10 b80x1 a101x1;delta #12 b80x2",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "damaged status STALE an event was lost: 11 expected, 12 came\n");
}

static void overlap_is_for_the_first_delta_behind_a_snapshot_by_http(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "snap #10 b80x1 a101x1;delta #9-11 b80x2;delta #11-12 b80x3",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b80x2\n"
                   "damaged status STALE an event overlaps the one before: 12 expected, 11 came\n");
    live_world_run(&http_numbered, "delta #9-11 b80x2;delta #11-12 b80x3",
                   "damaged status STALE an event overlaps the one before: 12 expected, 11 came\n");
}

static void stream_that_stays_behind_the_snapshot_is_damage(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "snap #10 b80x1 a101x1;wait 60000;delta #5 b81x1;wait 1;delta #10 b80x1;"
                   "delta #6 b82x1",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "damaged status STALE the stream stays behind the snapshot\n");
    live_world_run(&by_time,
                   "delta t=90;snap t=100 b80x1 a101x1;wait 60001;delta t=100 b81x1;delta t=99",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "damaged status STALE the stream stays behind the snapshot\n");
}

static void number_that_goes_back_behind_the_seam_is_damage(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "snap #10 b80x1 a101x1;delta #11 b80x2;delta #9 b80x3",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b80x2\n"
                   "damaged status STALE the venue's sequence went back\n");
}

static void snapshot_older_than_the_deltas_held_is_refused_and_they_stay(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "delta #12 b90x9;snap #10 b80x1 a101x1;delta #13 b91x9;snap #11 b80x1 a101x1",
                   "refused older than the first change held\n"
                   "snapshot LIVE verified b80x1 b90x9 b91x9 a101x1\n");
}

static void held_delta_that_was_lost_is_damage_at_once(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "delta #11 b91x1;delta #13 b93x3;snap #10 b80x1 a101x1",
                   "damaged status STALE an event was lost: 12 expected, 13 came\n");
}

static void held_deltas_out_of_order_are_damage(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "delta #11 b91x1;delta #12 b92x1;delta #11 b93x3",
                   "damaged status STALE the venue's sequence went back\n");
    live_world_run(&http_chained, "delta #11<10 b91x1;delta #13<12 b93x3",
                   "damaged status STALE an event does not follow the one before: it names 12, and "
                   "11 is the last\n");
    live_world_run(&by_time, "delta t=11 b91x1;delta t=11 b91x2;delta t=10 b91x3",
                   "damaged status STALE the venue's time went back\n");
}

static void held_delta_that_comes_twice_is_held_once(void **state)
{
    struct live_world *const world = live_world_create(&http_numbered);

    (void)state;
    live_world_say(world, "delta #11 b91x1;delta #11 b91x1;snap #10 b80x1 a101x1");
    live_world_expect(world, "snapshot LIVE verified b80x1 b91x1 a101x1\n");
    assert_int_equal(world->room.counts.repeated, 1);
    assert_int_equal(world->room.counts.updates, 1);
    live_world_destroy(world);
}

static void held_delta_without_a_number_proves_nothing(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "delta #11 b91x1;delta b92x1;snap #10 b80x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 b91x1 b92x1 a101x1\n");
}

static void held_deltas_are_used_once(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "delta #11 b92x9;snap #10 b80x1 a101x1;leave;await;snap #11 b80x1 a101x1",
                   "snapshot LIVE verified b80x1 b92x9 a101x1\n"
                   "status STALE left\nstatus SYNCING waiting\n"
                   "snapshot LIVE unverifiable b80x1 a101x1\n");
}

/* The change that shows a gap is not held, but a snapshot of before it would lack it. */
static void snapshot_of_before_a_change_that_came_is_refused(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "snap #10 b80x1 a101x1;delta #12-13 b81x1;await;snap #12 b80x1 a101x1;"
                   "snap #13 b81x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "damaged status STALE an event was lost: 11 expected, 12 came\n"
                   "status SYNCING waiting\n"
                   "refused older than a change that came before\n"
                   "snapshot LIVE unverifiable b81x1 a101x1\n");
}

/*
 * One that came too late is held, and ends before the change that showed it missing. That counts
 * once, as the number may be none: the next snapshot is asked for after it.
 */
static void snapshot_of_before_a_change_that_came_is_refused_with_a_late_one_held(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "snap #10 b80x1 a101x1;delta #12-13 b81x1;await;delta #11 b79x1;"
                   "snap #10 b80x1 a101x1;snap #10 b80x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "damaged status STALE an event was lost: 11 expected, 12 came\n"
                   "status SYNCING waiting\n"
                   "refused older than a change that came before\n"
                   "snapshot LIVE verified b79x1 b80x1 a101x1\n");
}

/* Of the same venue's sessions the one that is further leads. */
static void undated_snapshot_is_as_new_as_the_changes_in_it(void **state)
{
    struct live_world *const world = live_world_create(&http_numbered);

    (void)state;
    live_world_say(world, "delta #11 t=5 b81x1;snap #11 b81x1 a101x1");
    assert_int_equal(world->book.at.venue_ns, 5 * NS_PER_MS);
    live_world_destroy(world);
}

static void snapshot_by_http_shows_what_was_known_when_it_was_asked_for(void **state)
{
    struct live_world *const world = live_world_create(&http_numbered);
    const int64_t now_ns = world->now.mono_ns;

    (void)state;
    live_book_asked(&world->book, now_ns - 1);
    live_world_say(world, "snap #10 b81x1 a101x1");
    assert_int_equal(world->book.known_ns, now_ns - 1);
    live_world_say(world, "delta #11 b81x2");
    assert_int_equal(world->book.known_ns, world->now.mono_ns);
    live_world_say(world, "leave;await;snap #12 b81x1 a101x1"); /* asked for before that */
    assert_int_equal(world->book.known_ns, 0);
    live_world_destroy(world);
}

/* The venue may count anew on each. */
static void new_subscription_forgets_the_numbers_of_the_one_before(void **state)
{
    struct live_world *const world = live_world_create(&http_numbered);

    (void)state;
    live_world_say(world, "snap #10 b80x1 a101x1;delta #11 b81x1;leave;await");
    live_book_served(&world->book, world->now.mono_ns);
    live_world_say(world, "snap #3 b80x1 a101x1");
    assert_int_equal(world->book.state, ARB_BOOK_LIVE);
    live_world_destroy(world);
}

static void unknown_deletion_at_the_seam_is_normal_and_behind_it_is_not(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "delta #10-11 b55x0;snap #10 b80x1 a101x1;delta #12 b55x0",
                   "snapshot LIVE verified b80x1 a101x1\n"
                   "damaged status STALE a level was deleted that the book does not hold\n");
    live_world_run(&http_numbered, "snap #10 b80x1 a101x1;delta #11 b55x0",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b55x0\n");
    live_world_run(&http_numbered, "delta #11 b55x0;delta #12 b56x0;snap #10 b80x1 a101x1",
                   "damaged status STALE a level was deleted that the book does not hold\n");
}

static void seeded_book_is_cut(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "delta #11 b90x9 b91x9 max=2;snap #10 b79x1 b80x1 a101x1 a102x1 a103x1 max=2",
                   "snapshot LIVE verified b90x9 b91x9 a102x1 a101x1\n");
}

static void snapshot_by_http_is_of_no_use_to_a_book_that_was_left(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "leave;snap #10 b80x1 a101x1", "status STALE left\n");
}

static void further_snapshot_by_http_is_a_new_one_unless_it_is_older(void **state)
{
    (void)state;
    live_world_run(&http_numbered,
                   "snap #10 b80x1 a101x1;delta #11 b80x2;snap #10 b80x1 a101x1;delta #12 b80x3;"
                   "snap #14 b80x5 a101x1;delta #13 b80x4;delta #14-15 b80x6",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b80x2\n"
                   "delta LIVE verified b80x3\n"
                   "delta LIVE unverifiable b80x5\n"
                   "delta LIVE verified b80x6\n");
}

static void checksums_of_held_deltas_are_compared(void **state)
{
    static const struct live_rules http_summed = { .loss = ARB_LOSS_CHECKSUM,
                                                   .source = ARB_SNAPSHOT_HTTP,
                                                   .seam = ARB_SEAM_SEQUENCE,
                                                   .checksum_levels = 10,
                                                   .depth = 10 };
    (void)state;
    live_world_run(&http_summed,
                   "delta #11 b90x9 sum=191;delta #12 b91x9 sum=192;snap #10 b80x1 a101x1",
                   "snapshot LIVE verified b80x1 b90x9 b91x9 a101x1\n");
    live_world_run(&http_summed,
                   "delta #11 b90x9 sum=190;delta #12 b91x9 sum=192;snap #10 b80x1 a101x1",
                   "damaged status STALE the venue's checksum does not match\n");
}

static void held_deltas_have_a_limit(void **state)
{
    static const char delta[] = "delta b1x1 b2x1 b3x1 b4x1 b5x1 b6x1 b7x1 b8x1 b9x1 b10x1 b11x1 "
                                "b12x1 b13x1 b14x1 b15x1 b16x1 b17x1 b18x1 b19x1 b20x1 b21x1";
    struct live_world *const world = live_world_create(&by_time);
    unsigned n = 0;

    (void)state;
    for (; world->log.len == 0; n++) {
        assert_in_range(n, 0, LIVE_HELD_BYTES_MAX / (21 * sizeof(struct arb_level)));
        live_world_say(world, delta);
    }
    live_world_expect(world, "damaged status STALE too many deltas arrived before the snapshot\n");
    assert_in_range(world->book.held.cap, 1, LIVE_HELD_BYTES_MAX);
    assert_int_equal(world->room.counts.held_dropped, 1);
    live_world_destroy(world);
}

/* -- the seam, by links ----------------------------------------------------------------- */

static void chain_is_met_by_the_event_that_the_snapshot_names(void **state)
{
    (void)state;
    live_world_run(&http_chained,
                   "delta #7<3 b90x1;delta #5<7 b91x1;delta #8<5 b92x1;snap #5 b80x1 a101x1",
                   "snapshot LIVE verified b80x1 b92x1 a101x1\n");
    live_world_run(&http_chained, "delta #7<3 b90x1;delta #9<7 b91x1;snap #3 b80x1 a101x1",
                   "snapshot LIVE verified b80x1 b90x1 b91x1 a101x1\n");
    live_world_run(&http_chained, "snap #3 b80x1 a101x1;delta #3<2 b90x1;delta #4<3 b91x1",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE verified b91x1\n");
}

static void chain_that_is_not_met_is_refused(void **state)
{
    (void)state;
    live_world_run(&http_chained, "delta #7<6 b90x1;snap #3 b80x1 a101x1",
                   "refused older than the first change held\n");
}

static void chain_is_met_within_an_event_of_several_changes(void **state)
{
    (void)state;
    live_world_run(&http_chained, "delta #7-9<6 b90x1;delta #10-12<9 b91x1;snap #8 b80x1 a101x1",
                   "snapshot LIVE verified b80x1 b90x1 b91x1 a101x1\n");
}

static void chain_without_a_number_in_common_is_met_by_time(void **state)
{
    (void)state;
    live_world_run(&chained_by_time,
                   "delta #7<6 t=10 b90x1;delta #8<7 t=20 b91x1;delta #9<8 t=30 b92x1;"
                   "snap t=20 b80x1 a101x1;delta #10<9 t=40 b80x2",
                   "snapshot LIVE unverifiable b80x1 b92x1 a101x1\n"
                   "delta LIVE verified b80x2\n");
    live_world_run(&chained_by_time, "delta #7<6 t=30 b90x1;snap #99 t=20 b80x1 a101x1",
                   "refused older than the first change held\n");
}

/*
 * A snapshot of a quiet market names no event, so nothing shows that the first one behind it is the
 * next. Those behind that one are linked, which shows a loss and proves no book.
 */
#define QUIET_SEED "wait 3000;ask;wait 1000;snap t=10 b80x1 a101x1;"
#define QUIET_BOOK "snapshot LIVE unverifiable b80x1 a101x1\n"

static void chain_behind_a_quiet_snapshot_is_unverifiable(void **state)
{
    (void)state;
    live_world_run(&chained_by_time,
                   QUIET_SEED "delta #7<6 t=20 b80x2;wait 3600000;delta #8<7 t=30 b80x3",
                   QUIET_BOOK "delta LIVE unverifiable b80x2\n"
                              "delta LIVE unverifiable b80x3\n");
    live_world_run(&chained_by_time, QUIET_SEED "delta #7<6 t=20 b80x2;delta #9<8 t=30 b80x3",
                   QUIET_BOOK "delta LIVE unverifiable b80x2\n"
                              "damaged status STALE an event does not follow the one before: it "
                              "names 8, and 7 is the last\n");
}

#define NEXT_SEED "delta #7<6 t=20 b80x2;leave;await;delta #8<7 t=30 b81x1;delta #9<8 t=40 b80x3;"
#define NEXT_BOOK                                                                                  \
    "delta LIVE unverifiable b80x2\n"                                                              \
    "status STALE left\n"                                                                          \
    "status SYNCING waiting\n"

/* One that names an event, and one that is newer than an event that was held. */
static void next_snapshot_ends_what_the_quiet_one_left_unproven(void **state)
{
    (void)state;
    live_world_run(&chained_by_time,
                   QUIET_SEED NEXT_SEED "snap #9 t=40 b80x3 a101x1;delta #10<9 t=50 b80x4",
                   QUIET_BOOK NEXT_BOOK "snapshot LIVE unverifiable b80x3 a101x1\n"
                                        "delta LIVE verified b80x4\n");
    live_world_run(&chained_by_time,
                   QUIET_SEED NEXT_SEED "snap t=30 b81x1 a101x1;delta #10<9 t=50 b80x4",
                   QUIET_BOOK NEXT_BOOK "snapshot LIVE unverifiable b80x3 b81x1 a101x1\n"
                                        "delta LIVE verified b80x4\n");
}

/* -- the seam, by time ------------------------------------------------------------------ */

static void snapshot_not_older_than_the_first_delta_held_is_taken(void **state)
{
    (void)state;
    live_world_run(&by_time,
                   "delta t=10 b90x1;delta t=20 b91x1;delta t=30 b92x1;snap t=10 b80x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 b91x1 b92x1 a101x1\n");
    live_world_run(&by_time, "delta t=10 b90x1;snap t=9 b80x1 a101x1",
                   "refused older than the first change held\n");
}

static void deltas_not_newer_than_the_snapshot_are_dropped_behind_it(void **state)
{
    (void)state;
    live_world_run(&by_time,
                   "delta t=10 b90x1;snap t=30 b80x1 a101x1;delta t=20 b55x0;delta t=30 b55x0;"
                   "delta t=31 b80x2;delta t=30 b80x3",
                   "snapshot LIVE unverifiable b80x1 a101x1\n"
                   "delta LIVE unverifiable b80x2\n"
                   "damaged status STALE the venue's time went back\n");
}

/* A diff of 0.3 s deletes what a snapshot made within these 0.3 s has lost already. */
static void snapshot_made_within_the_time_of_a_diff_is_live(void **state)
{
    struct live_world *const world = live_world_create(&by_time);

    (void)state;
    live_world_say(world, "delta t=200 b99x5 b98x1 a101x1;snap t=450 b99x5 a101x1;"
                          "delta t=490 b98x0;delta t=700 b98x1");
    live_world_expect(world, "snapshot LIVE unverifiable b99x5 a101x1\n"
                             "delta LIVE unverifiable b98x0\n"
                             "delta LIVE unverifiable b98x1\n");
    assert_int_equal(world->room.counts.unknown_deletes, 1);
    live_world_destroy(world);
    live_world_run(&by_time,
                   "delta t=200 b99x5 b98x1;delta t=490 b98x0;delta t=700 b97x1;"
                   "snap t=450 b99x5 a101x1",
                   "snapshot LIVE unverifiable b97x1 b99x5 a101x1\n");
}

static void snapshot_of_a_quiet_market_is_taken(void **state)
{
    (void)state;
    live_world_run(&by_time, "wait 3000;ask;snap t=5 b80x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 a101x1\n");
    live_world_run(&by_time, "wait 2999;ask;wait 5000;snap t=5 b80x1 a101x1",
                   "refused no change has come that it could be compared with\n");
    live_world_run(&by_time, "wait 5000;snap t=5 b80x1 a101x1",
                   "refused no change has come that it could be compared with\n");
}

static void deltas_that_come_while_a_quiet_snapshot_is_on_its_way_are_applied(void **state)
{
    (void)state;
    live_world_run(&by_time,
                   "wait 3000;ask;wait 10;delta t=9 b90x1;wait 10;delta t=10 b91x1;"
                   "snap t=8 b80x1 a101x1",
                   "snapshot LIVE unverifiable b80x1 b90x1 b91x1 a101x1\n");
}

static void market_is_not_quiet_with_an_event_shortly_before_the_asking(void **state)
{
    (void)state;
    live_world_run(&by_time,
                   "wait 100;top t=7 b80x1 a101x1;wait 2999;ask;wait 1;snap t=8 b80x1 a101x1",
                   "refused no change has come that it could be compared with\n");
    live_world_run(
        &by_time,
        "wait 100;top t=7 b80x1 a101x1;wait 3000;ask;wait 1;top t=7;snap t=8 b80x1 a101x1",
        "snapshot LIVE unverifiable b80x1 a101x1\n");
    live_world_run(&by_time, "delta t=9 b90x1;wait 3000;ask;snap t=8 b80x1 a101x1",
                   "refused older than the first change held\n");
}

static void asking_again_starts_over(void **state)
{
    (void)state;
    live_world_run(&by_time,
                   "wait 1000;ask;wait 10;snap t=8 b80x1 a101x1;wait 2000;ask;wait 10;"
                   "snap t=9 b80x1 a101x1",
                   "refused no change has come that it could be compared with\n"
                   "snapshot LIVE unverifiable b80x1 a101x1\n");
}

/* -- crossed ---------------------------------------------------------------------------- */

static void crossed_book_is_stale_until_the_next_event_uncrosses_it(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, SEED "delta b101x1;delta b101x0 b102x1 a101x0 a103x1;wait 10000");
    live_world_expect(world, "snapshot LIVE unverifiable b100x1 a101x1\n"
                             "status STALE crossed\n"
                             "snapshot LIVE unverifiable b100x1 b102x1 a103x1\n");
    assert_int_equal(world->room.counts.crossed, 1);
    live_world_destroy(world);
}

static void book_crossed_by_two_events_is_damaged(void **state)
{
    (void)state;
    live_world_run(&plain, SEED "delta b102x1;delta b103x1",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "status STALE crossed\n"
                   "damaged status STALE crossed for more than one message\n");
}

static void book_that_stays_crossed_is_damaged(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, SEED "delta b102x1");
    live_world_forget(world);
    assert_int_equal(live_book_due_ns(&world->book) - world->now.mono_ns, 5 * NS_PER_S);
    live_world_say(world, "wait 4999");
    live_world_expect(world, "");
    live_world_say(world, "wait 1");
    live_world_expect(world, "damaged status STALE crossed for too long\n");
    assert_int_equal(live_book_due_ns(&world->book), NEVER_NS);
    live_world_destroy(world);
}

static void crossed_book_waits_while_orders_do_not_match(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, SEED "trading 4 1;delta b102x1");
    live_world_forget(world);
    live_world_say(world, "delta b103x1;wait 9000;wait 9000;trading 1 1;wait 4999");
    live_world_expect(world, "status STALE trading\n");
    live_world_say(world, "wait 1");
    live_world_expect(world, "damaged status STALE crossed for too long\n");
    live_world_destroy(world);
}

static void book_crossed_by_two_events_is_damaged_where_trading_is_unknown(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, SEED "trading 2 1");
    live_world_forget(world);
    live_world_say(world, "delta b102x1;delta b103x1");
    live_world_expect(world, "status STALE trading=2 crossed\n"
                             "damaged status STALE trading=2 crossed for more than one message\n");
    live_world_destroy(world);
}

static void crossed_seed_is_not_live(void **state)
{
    (void)state;
    live_world_run(&http_numbered, "snap #10 b102x1 a101x1;delta #11 b102x0",
                   "status STALE crossed\nsnapshot LIVE verified a101x1\n");
}

/* -- a second channel ------------------------------------------------------------------- */

static const struct live_rules two_channels = { .loss = ARB_LOSS_NONE,
                                                .source = ARB_SNAPSHOT_STREAM };

static void level_that_stays_different_is_healed(void **state)
{
    struct live_world *const world = live_world_create(&two_channels);

    (void)state;
    live_world_say(world, "snap t=100 b99x1 b100x1 a101x1");
    live_world_forget(world);
    live_world_say(world, "top t=200 max=100 b99x1 a101x3 a102x1;wait 2999;"
                          "top t=300 max=100 b99x1 a101x3 a102x1");
    live_world_expect(world, "");
    live_world_say(world, "wait 1;delta b98x1");
    live_world_expect(world, "delta LIVE unverifiable b100x0 a101x3 a102x1\n"
                             "delta LIVE unverifiable b98x1\n");
    assert_int_equal(world->room.counts.healed, 3);
    live_world_destroy(world);
}

/* For a while it was as the frame shows it: nothing was lost. */
static void level_that_a_delta_names_is_not_healed(void **state)
{
    (void)state;
    live_world_run(&two_channels,
                   SEED "top t=200 b100x2 a101x1;delta t=201 b100x2;delta t=202 b100x1;wait 9000",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "delta LIVE unverifiable b100x2\n"
                   "delta LIVE unverifiable b100x1\n");
}

static void healed_book_is_unverifiable_until_the_next_proof(void **state)
{
    (void)state;
    live_world_run(&numbered, SEED "top t=200 b100x1 a101x2;wait 3000;delta #11 b99x1",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "delta LIVE unverifiable a101x2\n"
                   "delta LIVE verified b99x1\n");
}

static void frame_not_newer_than_the_snapshot_says_nothing(void **state)
{
    (void)state;
    live_world_run(&two_channels, SEED "top t=100 b100x9 a101x9;wait 9000",
                   "snapshot LIVE unverifiable b100x1 a101x1\n");
}

static void frame_that_is_not_sorted_says_nothing(void **state)
{
    (void)state;
    live_world_run(&two_channels, SEED "top t=200 b99x1 b100x9 a101x9;wait 9000",
                   "snapshot LIVE unverifiable b100x1 a101x1\n");
}

static void frame_makes_no_book_live(void **state)
{
    (void)state;
    live_world_run(&two_channels, "top t=200 b100x1 a101x1", "");
    live_world_run(&by_time, "top t=200 b100x1 a101x1;wait 9000", "");
}

static void newer_frame_heals_a_crossed_book_at_once(void **state)
{
    struct live_world *const world = live_world_create(&two_channels);

    (void)state;
    live_world_say(world, "snap t=100 b97x1 b98x1 b99x1 a101x1 a102x1;delta t=200 b101x2");
    live_world_forget(world);
    live_world_say(world, "top t=200 max=2 b101x2 b99x1 a102x1;");
    live_world_expect(world, "");
    live_world_say(world, "top t=201 max=2 b101x2 b98x1 a102x1;");
    live_world_expect(world, "snapshot LIVE unverifiable b97x1 b98x1 b101x2 a102x1\n");
    assert_int_equal(world->room.counts.healed, 2);
    live_world_destroy(world);
}

static void crossed_book_waits_for_the_next_frame_where_there_are_some(void **state)
{
    (void)state;
    live_world_run(&two_channels,
                   SEED "top t=101 b100x1 a101x1;wait 10000;delta t=200 b102x1;delta t=300 b103x1;"
                        "top t=301 b103x1 a104x1",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "status STALE crossed\n"
                   "snapshot LIVE unverifiable b103x1 a104x1\n");
    live_world_run(&two_channels,
                   SEED "top t=101 b100x1 a101x1;wait 10001;delta t=200 b102x1;delta t=300 b103x1",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "status STALE crossed\n"
                   "damaged status STALE crossed for more than one message\n");
    live_world_run(&two_channels,
                   SEED "top t=101 b100x1 a101x1;delta t=200 b102x1;delta t=300 b103x1;wait 5000",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "status STALE crossed\n"
                   "damaged status STALE crossed for too long\n");
}

static void unsorted_frame_does_not_heal_a_crossed_book(void **state)
{
    (void)state;
    live_world_run(&two_channels, SEED "delta t=200 b102x1;top t=300 b99x1 b100x1 a104x1",
                   "snapshot LIVE unverifiable b100x1 a101x1\n"
                   "status STALE crossed\n");
}

/* -- trading, progress, views ----------------------------------------------------------- */

static void stricter_of_pair_and_venue_holds(void **state)
{
    (void)state;
    live_world_run(&numbered,
                   SEED
                   "trading 1 3;trading 4 3;trading 4 1;trading 2 1;delta #11 b100x2;trading 1 1",
                   "snapshot LIVE verified b100x1 a101x1\n"
                   "status LIVE trading=3 trading\n"
                   "status LIVE trading=4 trading\n"
                   "status LIVE trading=2 trading\n"
                   "delta LIVE trading=2 verified b100x2\n"
                   "status LIVE trading\n");
}

static void progress_counts_events_of_one_time(void **state)
{
    struct live_world *const world = live_world_create(&plain);

    (void)state;
    live_world_say(world, "snap t=100 b100x1 a101x1;delta t=100 b99x1;delta t=90 b98x1");
    assert_int_equal(world->book.at.venue_ns, 100 * NS_PER_MS);
    assert_int_equal(world->book.at.nth, 2);
    live_world_say(world, "delta t=101 b97x1");
    assert_int_equal(world->book.at.venue_ns, 101 * NS_PER_MS);
    assert_int_equal(world->book.at.nth, 0);
    live_world_destroy(world);
}

/* -- snapshots that show a part of the book --------------------------------------------- */

static const struct live_rules part = { .loss = ARB_LOSS_SEQUENCE,
                                        .source = ARB_SNAPSHOT_HTTP,
                                        .seam = ARB_SEAM_SEQUENCE,
                                        .unknown_delete = ARB_UNKNOWN_DELETE_DESYNC,
                                        .seed_levels = 3 };

static void levels_beyond_what_a_full_side_shows_are_kept_out(void **state)
{
    (void)state;
    live_world_run(&part,
                   "snap #10 b98x1 b99x1 b100x1 a101x1 a102x1 a103x1;"
                   "delta #11 b97x5 b98x2 b96x0 a103x2 a104x5;delta #12 b97x5 a102x3;"
                   "delta #13 b97x1 a104x1",
                   "snapshot LIVE unverifiable b98x1 b99x1 b100x1 a103x1 a102x1 a101x1\n"
                   "delta LIVE verified b98x2 a103x2\n"
                   "delta LIVE verified a102x3\n"
                   "delta LIVE verified\n");
}

static void side_that_is_not_full_is_shown_whole(void **state)
{
    (void)state;
    live_world_run(&part, "snap #10 b99x1 b100x1 a101x1 a102x1 a103x1;delta #11 b97x5 a104x5",
                   "snapshot LIVE unverifiable b99x1 b100x1 a103x1 a102x1 a101x1\n"
                   "delta LIVE verified b97x5\n");
}

static void deltas_held_for_a_part_are_kept_to_it(void **state)
{
    (void)state;
    live_world_run(&part,
                   "delta #11 b97x5 b99x4 a104x5;"
                   "snap #10 b98x1 b99x1 b100x1 a101x1 a102x1 a103x1",
                   "snapshot LIVE verified b98x1 b99x4 b100x1 a103x1 a102x1 a101x1\n");
}

static void next_snapshot_shows_another_part(void **state)
{
    (void)state;
    live_world_run(&part,
                   "snap #10 b98x1 b99x1 b100x1 a101x1;leave;await;"
                   "snap #20 b88x1 b89x1 b90x1 a91x1 a92x1 a93x1;delta #21 b88x2 a94x1;leave;await;"
                   "snap #30 b88x1 a91x1;delta #31 b70x1 a99x1",
                   "snapshot LIVE unverifiable b98x1 b99x1 b100x1 a101x1\n"
                   "status STALE left\nstatus SYNCING waiting\n"
                   "snapshot LIVE unverifiable b88x1 b89x1 b90x1 a93x1 a92x1 a91x1\n"
                   "delta LIVE verified b88x2\n"
                   "status STALE left\nstatus SYNCING waiting\n"
                   "snapshot LIVE unverifiable b88x1 a91x1\n"
                   "delta LIVE verified b70x1 a99x1\n");
}

static void book_that_runs_out_of_known_levels_is_damaged(void **state)
{
    static const struct live_rules eight = { .loss = ARB_LOSS_SEQUENCE,
                                             .source = ARB_SNAPSHOT_HTTP,
                                             .seam = ARB_SEAM_SEQUENCE,
                                             .seed_levels = 8 };

    (void)state;
    live_world_run(
        &eight,
        "snap #10 b1x1 b2x1 b3x1 b4x1 b5x1 b6x1 b7x1 b8x1 a9x1;"
        "delta #11 b8x0 b7x0 b6x0 b5x0 b4x0 b3x0 a9x0;delta #12 b2x0",
        "snapshot LIVE unverifiable b1x1 b2x1 b3x1 b4x1 b5x1 b6x1 b7x1 b8x1 a9x1\n"
        "delta LIVE verified b8x0 b7x0 b6x0 b5x0 b4x0 b3x0 a9x0\n"
        "damaged status STALE the market comes near the end of what its snapshot showed\n");
    live_world_run(
        &eight,
        "snap #10 b1x1 a2x1 a3x1 a4x1 a5x1 a6x1 a7x1 a8x1 a9x1;"
        "delta #11 a2x0 a3x0 a4x0 a5x0 a6x0 a7x0 a8x0",
        "snapshot LIVE unverifiable b1x1 a9x1 a8x1 a7x1 a6x1 a5x1 a4x1 a3x1 a2x1\n"
        "damaged status STALE the market comes near the end of what its snapshot showed\n");
}

static void view_of_a_book_that_is_not_live_is_suspect(void **state)
{
    struct live_world *const world = live_world_create(&numbered);
    struct event event;

    (void)state;
    live_world_say(world, SEED);
    assert_int_equal(live_book_view(&world->book, &world->rules).verified, ARB_VERIFIED);
    live_book_whole(&world->book, &world->rules, &event);
    assert_int_equal(event.kind, EVENT_SNAPSHOT);
    live_world_say(world, "leave");
    assert_int_equal(live_book_view(&world->book, &world->rules).verified, ARB_SUSPECT);
    live_book_whole(&world->book, &world->rules, &event);
    assert_int_equal(event.kind, EVENT_STATUS);
    live_world_destroy(world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(snapshot_makes_a_book_live),
    cmocka_unit_test(empty_snapshot_proves_nothing_until_the_next_one),
    cmocka_unit_test(empty_snapshot_is_proven_by_documents_and_by_its_checksum),
    cmocka_unit_test(empty_snapshot_of_a_book_with_levels_is_damage_at_first),
    cmocka_unit_test(empty_whole_book_is_unverifiable_and_heals),
    cmocka_unit_test(deltas_before_the_snapshot_in_the_stream_are_dropped),
    cmocka_unit_test(delta_is_published_as_it_came),
    cmocka_unit_test(cut_levels_are_published_as_removed),
    cmocka_unit_test(small_difference_of_a_further_snapshot_is_a_delta),
    cmocka_unit_test(difference_of_more_than_half_the_book_is_a_snapshot),
    cmocka_unit_test(snapshot_in_the_stream_may_start_lower_and_earlier),
    cmocka_unit_test(book_that_was_left_takes_no_delta),
    cmocka_unit_test(state_that_was_told_is_not_told_again),
    cmocka_unit_test(event_that_follows_by_number_is_verified),
    cmocka_unit_test(missing_number_is_damage),
    cmocka_unit_test(first_of_several_numbers_counts),
    cmocka_unit_test(event_that_overlaps_the_one_before_is_damage),
    cmocka_unit_test(number_that_goes_back_is_damage),
    cmocka_unit_test(repeated_event_is_ignored_and_counted),
    cmocka_unit_test(event_without_a_number_proves_nothing_nor_does_the_next),
    cmocka_unit_test(snapshot_without_a_number_proves_nothing),
    cmocka_unit_test(number_that_goes_back_is_damage_where_none_is_promised),
    cmocka_unit_test(event_that_names_the_one_before_is_verified),
    cmocka_unit_test(event_that_names_another_before_is_damage),
    cmocka_unit_test(event_that_names_none_before_proves_nothing),
    cmocka_unit_test(event_is_verified_by_its_own_checksum_only),
    cmocka_unit_test(checksum_feed_without_checksums_is_unverifiable),
    cmocka_unit_test(checksum_over_the_best_levels_proves_only_these),
    cmocka_unit_test(checksum_that_does_not_match_is_damage),
    cmocka_unit_test(checksum_that_fails_is_no_mismatch),
    cmocka_unit_test(mismatch_of_a_book_with_a_price_beyond_the_scale_says_so),
    cmocka_unit_test(whole_book_is_verified),
    cmocka_unit_test(whole_book_that_is_not_newer_is_ignored),
    cmocka_unit_test(whole_book_of_much_earlier_shows_that_the_last_date_was_wrong),
    cmocka_unit_test(whole_book_after_a_reset_may_be_of_any_time),
    cmocka_unit_test(crossed_whole_book_is_not_replaced_by_an_older_one),
    cmocka_unit_test(time_that_goes_back_is_damage_where_it_tells_the_order),
    cmocka_unit_test(unknown_deletion_is_counted),
    cmocka_unit_test(unknown_deletion_is_damage_where_the_venue_has_none),
    cmocka_unit_test(held_deltas_behind_the_snapshot_are_applied_to_it),
    cmocka_unit_test(snapshot_behind_all_deltas_held_is_unverifiable_until_a_link_fits),
    cmocka_unit_test(snapshot_that_nothing_was_held_for_is_met_afterwards),
    cmocka_unit_test(overlap_is_for_the_first_delta_behind_a_snapshot_by_http),
    cmocka_unit_test(stream_that_stays_behind_the_snapshot_is_damage),
    cmocka_unit_test(number_that_goes_back_behind_the_seam_is_damage),
    cmocka_unit_test(snapshot_older_than_the_deltas_held_is_refused_and_they_stay),
    cmocka_unit_test(held_delta_that_was_lost_is_damage_at_once),
    cmocka_unit_test(held_deltas_out_of_order_are_damage),
    cmocka_unit_test(held_delta_that_comes_twice_is_held_once),
    cmocka_unit_test(held_delta_without_a_number_proves_nothing),
    cmocka_unit_test(held_deltas_are_used_once),
    cmocka_unit_test(snapshot_of_before_a_change_that_came_is_refused),
    cmocka_unit_test(snapshot_of_before_a_change_that_came_is_refused_with_a_late_one_held),
    cmocka_unit_test(undated_snapshot_is_as_new_as_the_changes_in_it),
    cmocka_unit_test(snapshot_by_http_shows_what_was_known_when_it_was_asked_for),
    cmocka_unit_test(new_subscription_forgets_the_numbers_of_the_one_before),
    cmocka_unit_test(unknown_deletion_at_the_seam_is_normal_and_behind_it_is_not),
    cmocka_unit_test(seeded_book_is_cut),
    cmocka_unit_test(snapshot_by_http_is_of_no_use_to_a_book_that_was_left),
    cmocka_unit_test(further_snapshot_by_http_is_a_new_one_unless_it_is_older),
    cmocka_unit_test(checksums_of_held_deltas_are_compared),
    cmocka_unit_test(held_deltas_have_a_limit),
    cmocka_unit_test(chain_is_met_by_the_event_that_the_snapshot_names),
    cmocka_unit_test(chain_that_is_not_met_is_refused),
    cmocka_unit_test(chain_is_met_within_an_event_of_several_changes),
    cmocka_unit_test(chain_without_a_number_in_common_is_met_by_time),
    cmocka_unit_test(chain_behind_a_quiet_snapshot_is_unverifiable),
    cmocka_unit_test(next_snapshot_ends_what_the_quiet_one_left_unproven),
    cmocka_unit_test(snapshot_not_older_than_the_first_delta_held_is_taken),
    cmocka_unit_test(deltas_not_newer_than_the_snapshot_are_dropped_behind_it),
    cmocka_unit_test(snapshot_made_within_the_time_of_a_diff_is_live),
    cmocka_unit_test(snapshot_of_a_quiet_market_is_taken),
    cmocka_unit_test(deltas_that_come_while_a_quiet_snapshot_is_on_its_way_are_applied),
    cmocka_unit_test(market_is_not_quiet_with_an_event_shortly_before_the_asking),
    cmocka_unit_test(asking_again_starts_over),
    cmocka_unit_test(crossed_book_is_stale_until_the_next_event_uncrosses_it),
    cmocka_unit_test(book_crossed_by_two_events_is_damaged),
    cmocka_unit_test(book_that_stays_crossed_is_damaged),
    cmocka_unit_test(crossed_book_waits_while_orders_do_not_match),
    cmocka_unit_test(book_crossed_by_two_events_is_damaged_where_trading_is_unknown),
    cmocka_unit_test(crossed_seed_is_not_live),
    cmocka_unit_test(level_that_stays_different_is_healed),
    cmocka_unit_test(level_that_a_delta_names_is_not_healed),
    cmocka_unit_test(healed_book_is_unverifiable_until_the_next_proof),
    cmocka_unit_test(frame_not_newer_than_the_snapshot_says_nothing),
    cmocka_unit_test(frame_that_is_not_sorted_says_nothing),
    cmocka_unit_test(frame_makes_no_book_live),
    cmocka_unit_test(newer_frame_heals_a_crossed_book_at_once),
    cmocka_unit_test(crossed_book_waits_for_the_next_frame_where_there_are_some),
    cmocka_unit_test(unsorted_frame_does_not_heal_a_crossed_book),
    cmocka_unit_test(stricter_of_pair_and_venue_holds),
    cmocka_unit_test(progress_counts_events_of_one_time),
    cmocka_unit_test(view_of_a_book_that_is_not_live_is_suspect),
    cmocka_unit_test(levels_beyond_what_a_full_side_shows_are_kept_out),
    cmocka_unit_test(side_that_is_not_full_is_shown_whole),
    cmocka_unit_test(deltas_held_for_a_part_are_kept_to_it),
    cmocka_unit_test(next_snapshot_shows_another_part),
    cmocka_unit_test(book_that_runs_out_of_known_levels_is_damaged),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
