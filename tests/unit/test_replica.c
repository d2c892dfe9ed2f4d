/* One copy of a book: when it is LIVE, and that it is nothing else after a loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book_text.h"
#include "consumer/replica.h"
#include "feed_stub.h"

struct world {
    struct replica replica;
    struct arb_consumer_counts counts;
    struct feed_stub feed;
    char seen[1024];
};

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(ARB_OK, replica_init(&world->replica));
    feed_stub_init(&world->feed, "ask_inc", "BTC/USD");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    feed_stub_fini(&world->feed);
    replica_fini(&world->replica);
    free(world);
    return 0;
}

static void apply(struct world *world, struct event event)
{
    (void)replica_apply(&world->replica, &world->counts, &event); /* counted: the tests look */
}

static const char *seen(struct world *world)
{
    struct arb_text text = arb_text_over(world->seen, sizeof(world->seen));
    const struct arb_book view = replica_view(&world->replica);

    describe_book(&text, &view);
    assert_true(arb_text_fits(&text));
    return world->seen + 1; /* behind the blank */
}

static void replica_is_empty_and_halted_at_first(void **state)
{
    assert_string_equal("EMPTY/halted#0 |", seen(*state));
}

static void snapshot_replaces_the_book(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    apply(world, feed_stub_quote(&world->feed, 90, 95));
    assert_string_equal("LIVE/open#2 90x1 | 95x1", seen(world));
}

static void empty_snapshot_is_live_and_has_checksum_zero(void **state)
{
    struct world *const world = *state;
    const struct event event = feed_stub_snapshot(&world->feed);

    assert_int_equal(0, event.crc);
    apply(world, event);
    assert_string_equal("LIVE/open#1 |", seen(world));
}

static void deltas_set_and_remove_levels(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    apply(world, feed_stub_set_ask(&world->feed, 101, 0));
    apply(world, feed_stub_set_ask(&world->feed, 103, 4));
    assert_string_equal("LIVE/open#4 99x7 100x1 | 103x4", seen(world));
}

static void delta_before_any_snapshot_is_left_out(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    assert_string_equal("EMPTY/halted#0 |", seen(world));
    assert_int_equal(1, world->counts.awaiting);
}

static void lost_delta_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    (void)feed_stub_set_bid(&world->feed, 99, 7); /* lost */
    apply(world, feed_stub_set_bid(&world->feed, 98, 7));
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.gaps);
}

static void one_loss_is_one_gap(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    (void)feed_stub_set_bid(&world->feed, 99, 7); /* lost */
    apply(world, feed_stub_set_bid(&world->feed, 98, 7));
    apply(world, feed_stub_set_bid(&world->feed, 97, 7));
    assert_int_equal(1, world->counts.gaps);
    assert_int_equal(1, world->counts.awaiting);
}

static void snapshot_heals_a_gap(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    (void)feed_stub_set_bid(&world->feed, 99, 7); /* lost */
    apply(world, feed_stub_set_bid(&world->feed, 98, 7));
    apply(world, feed_stub_snapshot(&world->feed));
    apply(world, feed_stub_set_bid(&world->feed, 97, 1));
    assert_string_equal("LIVE/open#5 97x1 98x7 99x7 100x1 | 101x1", seen(world));
}

static void event_that_links_to_an_older_one_is_in_sequence(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.seq = 6; /* numbers 2 to 6 went to other consumers */
    struct event event = feed_stub_set_bid(&world->feed, 99, 7);
    event.prev_seq = 1;
    apply(world, event);
    assert_string_equal("LIVE/open#7 99x7 100x1 | 101x1", seen(world));
}

static void repeated_delta_is_ignored(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    const struct event delta = feed_stub_set_bid(&world->feed, 99, 7);
    apply(world, delta);
    apply(world, delta);
    assert_string_equal("LIVE/open#2 99x7 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.duplicates);
}

static void repeated_snapshot_does_not_take_the_book_back(void **state)
{
    struct world *const world = *state;
    const struct arb_level bid = { 100, 1 }, ask = { 101, 1 };
    struct event snapshot = feed_stub_quote(&world->feed, 100, 101);

    apply(world, snapshot);
    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    snapshot.bids = &bid;
    snapshot.asks = &ask;
    apply(world, snapshot);
    assert_string_equal("LIVE/open#2 99x7 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.duplicates);
}

static void snapshot_of_a_new_session_starts_a_new_sequence(void **state)
{
    struct world *const world = *state;

    world->feed.seq = 40;
    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.session = 2;
    world->feed.seq = 0;
    apply(world, feed_stub_quote(&world->feed, 90, 95));
    apply(world, feed_stub_set_bid(&world->feed, 89, 1));
    assert_string_equal("LIVE/open#2 89x1 90x1 | 95x1", seen(world));
}

static void delta_of_a_new_session_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.session = 2;
    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
}

/* The last batch of a run that died may be behind the first message of its successor. */
static void snapshot_of_a_session_that_is_over_is_left_out(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    struct feed_stub dead;
    feed_stub_init(&dead, "kraken", "BTC/USD");
    world->feed.session = 2;
    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    apply(world, feed_stub_quote(&dead, 90, 95));
    feed_stub_fini(&dead);
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.gaps);
    assert_int_equal(1, world->counts.duplicates);
}

static void live_status_of_a_new_session_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.session = 2;
    apply(world, feed_stub_status(&world->feed, ARB_BOOK_LIVE, ARB_TRADING_OPEN));
    assert_string_equal("STALE/open#2 100x1 | 101x1", seen(world));
}

static void status_takes_the_book_out_of_live_and_keeps_its_levels(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    apply(world, feed_stub_status(&world->feed, ARB_BOOK_STALE, ARB_TRADING_OPEN));
    assert_string_equal("STALE/open#2 100x1 | 101x1", seen(world));
}

static void status_changes_trading_of_a_live_book(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    apply(world, feed_stub_status(&world->feed, ARB_BOOK_LIVE, ARB_TRADING_LIMITED));
    assert_string_equal("LIVE/limited#2 100x1 | 101x1", seen(world));
}

static void status_cannot_make_a_book_live_without_snapshot(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_status(&world->feed, ARB_BOOK_LIVE, ARB_TRADING_OPEN));
    assert_string_equal("SYNCING/open#1 |", seen(world));
}

static void status_cannot_make_a_stale_replica_live(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    (void)feed_stub_set_bid(&world->feed, 99, 7); /* lost */
    apply(world, feed_stub_set_bid(&world->feed, 98, 7));
    apply(world, feed_stub_status(&world->feed, ARB_BOOK_LIVE, ARB_TRADING_LIMITED));
    assert_string_equal("STALE/limited#4 100x1 | 101x1", seen(world));
}

static void status_after_a_loss_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    (void)feed_stub_set_bid(&world->feed, 99, 7); /* lost */
    apply(world, feed_stub_status(&world->feed, ARB_BOOK_LIVE, ARB_TRADING_OPEN));
    assert_string_equal("STALE/open#3 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.gaps);
}

static void snapshot_of_another_checksum_is_stale(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    event.crc ^= 1;
    apply(world, event);
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.crc_mismatches);
}

static void checksum_zero_is_compared_like_any_other(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    event.crc = 0;
    apply(world, event);
    assert_int_equal(1, world->counts.crc_mismatches);
}

static void delta_of_another_checksum_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    struct event event = feed_stub_set_bid(&world->feed, 99, 7);
    event.crc ^= 0x80000000U;
    apply(world, event);
    apply(world, feed_stub_set_bid(&world->feed, 98, 7));
    assert_string_equal("STALE/open#2 99x7 100x1 | 101x1", seen(world));
}

static void snapshot_of_too_many_levels_is_stale(void **state)
{
    struct world *const world = *state;
    struct arb_level *const levels = calloc(ARB_EVENT_LEVELS_MAX + 1, sizeof(*levels));
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    assert_non_null(levels);
    event.bids = levels;
    event.n_bids = ARB_EVENT_LEVELS_MAX + 1;
    apply(world, event);
    free(levels);
    assert_int_equal(1, world->counts.failed);
    assert_int_equal(ARB_BOOK_STALE, world->replica.view.state);
}

static void event_of_an_unknown_kind_is_left_out(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    event.kind = 9;
    apply(world, event);
    assert_string_equal("EMPTY/halted#0 |", seen(world));
    assert_int_equal(1, world->counts.not_ours);
}

static void delta_in_other_units_makes_the_book_stale(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.info.px_scale++;
    apply(world, feed_stub_set_bid(&world->feed, 99, 7));
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
    assert_int_equal(1, world->counts.gaps);
}

static void snapshot_brings_its_units(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->feed, 100, 101));
    world->feed.info.px_scale++;
    apply(world, feed_stub_quote(&world->feed, 1000, 1010));
    apply(world, feed_stub_set_bid(&world->feed, 990, 7));
    assert_string_equal("LIVE/open#3 990x7 1000x1 | 1010x1", seen(world));
}

static void book_whose_message_says_stale_is_not_live(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    event.state = ARB_BOOK_STALE;
    apply(world, event);
    assert_string_equal("STALE/open#1 100x1 | 101x1", seen(world));
}

static void replaced_messages_are_counted_once(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->feed, 100, 101);

    event.conflated = 7;
    apply(world, event);
    apply(world, event);
    assert_int_equal(7, world->counts.conflated);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replica_is_empty_and_halted_at_first),
        TEST(snapshot_replaces_the_book),
        TEST(empty_snapshot_is_live_and_has_checksum_zero),
        TEST(deltas_set_and_remove_levels),
        TEST(delta_before_any_snapshot_is_left_out),
        TEST(lost_delta_makes_the_book_stale),
        TEST(one_loss_is_one_gap),
        TEST(snapshot_heals_a_gap),
        TEST(event_that_links_to_an_older_one_is_in_sequence),
        TEST(repeated_delta_is_ignored),
        TEST(repeated_snapshot_does_not_take_the_book_back),
        TEST(snapshot_of_a_new_session_starts_a_new_sequence),
        TEST(delta_of_a_new_session_makes_the_book_stale),
        TEST(snapshot_of_a_session_that_is_over_is_left_out),
        TEST(live_status_of_a_new_session_makes_the_book_stale),
        TEST(status_takes_the_book_out_of_live_and_keeps_its_levels),
        TEST(status_changes_trading_of_a_live_book),
        TEST(status_cannot_make_a_book_live_without_snapshot),
        TEST(status_cannot_make_a_stale_replica_live),
        TEST(status_after_a_loss_makes_the_book_stale),
        TEST(snapshot_of_another_checksum_is_stale),
        TEST(checksum_zero_is_compared_like_any_other),
        TEST(delta_of_another_checksum_makes_the_book_stale),
        TEST(snapshot_of_too_many_levels_is_stale),
        TEST(event_of_an_unknown_kind_is_left_out),
        TEST(delta_in_other_units_makes_the_book_stale),
        TEST(snapshot_brings_its_units),
        TEST(book_whose_message_says_stale_is_not_live),
        TEST(replaced_messages_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
