/*
 * A session and its subscriptions: how many requests an hour, and books that need two channels, of
 * which one may be served and the other not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"

/* -- requests an hour ----------------------------------------------------------------- */

/*
 * The hour slides in parts of three minutes and is rounded up. The world begins 100 s into such a
 * part, so what is sent then has left the hour 3,680 s later.
 */
enum { LEFT_THE_HOUR_MS = 3680000 };

#define RESYNC_1                                                                                   \
    "status 1 STALE odd\n"                                                                         \
    "status 1 SYNCING resync\n"

static const struct world_spec three_an_hour = {
    .options = { { "per_hour", "3" }, { "per_request", "1" }, { "at_once", "on" } }
};

/* Both books are LIVE, at the price of two requests. */
static struct world *both_live(const struct world_spec *spec)
{
    struct world *const world = world_live(spec);

    world_say(world, "snap 1 10 b1x1 a2x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 1));
    world_forget(world);
    return world;
}

/* BTC/USD asks for a request more, and gets it; it is LIVE again. */
static void resync_0(struct world *world)
{
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_forget(world);
}

static void request_at_the_hourly_limit_is_sent(void **state)
{
    struct world *const world = both_live(&three_an_hour);

    (void)state;
    resync_0(world);
    world_destroy(world);
}

static void request_above_the_hourly_limit_waits(void **state)
{
    struct world *const world = both_live(&three_an_hour);

    (void)state;
    resync_0(world);
    world_say(world, "resync 1 odd");
    world_expect(world, RESYNC_1);
    world_run(world, LEFT_THE_HOUR_MS - 1);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* Two requests at the start, one after half an hour: so they leave the hour. */
static void hour_slides(void **state)
{
    struct world *const world = both_live(&three_an_hour);

    (void)state;
    world_run(world, 1800000);
    resync_0(world);
    world_say(world, "resync 1 odd");
    world_expect(world, RESYNC_1);
    world_run(world, LEFT_THE_HOUR_MS - 1800000);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_say(world, "snap 1 12 b1x1 a2x1");
    world_forget(world);
    world_run(world, 100000);
    resync_0(world);
    world_say(world, "resync 1 odd");
    world_expect(world, RESYNC_1);
    world_run(world, 1699999); /* 1,800 s begin a part: that one leaves after 3,680 s as well */
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

static void leaving_counts_as_well(void **state)
{
    static const struct world_spec spec = { .options = { { "per_hour", "3" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "resync 0 odd");
    world_say(world, "answered 0 0 left -");
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n"
                        "> send 0 sub 0 BTC/USD\n"
                        "snapshot 0 LIVE b100x1 a101x1\n");
    world_run(world, 60000);
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n");
    world_destroy(world);
}

/* It is left and not asked for yet: nothing would follow a snapshot that comes so late. */
static void snapshot_between_leaving_and_subscribing_is_of_no_use(void **state)
{
    static const struct world_spec spec = { .options = { { "per_hour", "2" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "resync 0 odd");
    world_say(world, "answered 0 0 left -");
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_run(world, LEFT_THE_HOUR_MS);
    world_say(world, "snap 0 13 b100x2 a101x1");
    world_expect(world, "> send 0 sub 0 BTC/USD\n"
                        "snapshot 0 LIVE b100x2 a101x1\n");
    world_destroy(world);
}

/* One request for two books counts once. */
static void books_of_one_request_count_once(void **state)
{
    static const struct world_spec spec = { .options = { { "per_hour", "1" } } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_expect(world, "> open 0\n"
                        "status 0 SYNCING subscribing\n"
                        "status 1 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD ETH/USD\n");
    world_destroy(world);
}

/* A venue that counts by address counts on when we come back. */
static void connection_that_is_back_has_no_hour_of_its_own(void **state)
{
    static const struct world_spec spec = { .options = { { "per_hour", "2" },
                                                         { "per_request", "1" } } };
    struct world *const world = both_live(&spec);

    (void)state;
    world_close(world, 0, "closed");
    world_open(world, 0);
    world_expect(world, "status 0 STALE closed\n"
                        "status 1 STALE closed\n"
                        "status 0 SYNCING subscribing\n"
                        "status 1 SYNCING subscribing\n");
    world_run(world, LEFT_THE_HOUR_MS - 1);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 0 BTC/USD\n"
                        "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* What another run has sent is not known. */
static void session_that_starts_again_has_the_whole_hour(void **state)
{
    static const struct world_spec spec = { .options = { { "per_hour", "1" } } };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct world *const world = world_create(&spec);
        assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
        world_forget(world);
        world_open(world, 0);
        world_expect(world, "status 0 SYNCING subscribing\n"
                            "status 1 SYNCING subscribing\n"
                            "> send 0 sub 0 BTC/USD ETH/USD\n");
        world_destroy(world);
    }
}

static void connections_have_an_hour_each(void **state)
{
    static const struct world_spec spec = {
        .options = { { "per_hour", "1" }, { "per_conn", "1" }, { "at_once", "on" } }
    };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_forget(world);
    world_open(world, 0);
    world_open(world, 1);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n"
                        "status 1 SYNCING subscribing\n"
                        "> send 1 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* Heartbeats are no subscriptions: they neither count nor wait. */
static void heartbeats_go_on_above_the_limit(void **state)
{
    static const struct world_spec spec = {
        .options = { { "per_hour", "2" }, { "per_request", "1" }, { "beat_ms", "15000" } }
    };
    struct world *const world = both_live(&spec);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        world_run(world, 15000);
        world_expect(world, "> send 0 beat\n");
        world_say(world, "answered - 0 subscribed pong");
    }
    world_destroy(world);
}

/* -- two channels --------------------------------------------------------------------- */

static const struct world_spec two_channels = { .options = { { "channels", "2" } },
                                                .symbols = { "BTC/USD" } };

/* Served on both channels, with a book. */
static struct world *both_served(const struct world_spec *spec)
{
    struct world *const world = world_live(spec);

    world_say(world, "answered 0 1 subscribed -");
    world_expect(world, "");
    return world;
}

static void each_channel_has_a_request_of_its_own(void **state)
{
    static const struct world_spec spec = { .options = { { "channels", "2" } } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_expect(world, "> open 0\n"
                        "status 0 SYNCING subscribing\n"
                        "status 1 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD ETH/USD\n"
                        "> send 0 sub 1 BTC/USD ETH/USD\n");
    world_destroy(world);
}

/* The first channel makes the book; nothing waits for the other. */
static void book_is_live_before_its_second_channel_is(void **state)
{
    struct world *const world = world_connected(&two_channels);

    (void)state;
    world_say(world, "answered 0 0 subscribed -");
    world_expect(world, "");
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_destroy(world);
}

static void channels_that_are_both_acknowledged_are_asked_no_more(void **state)
{
    struct world *const world = both_served(&two_channels);

    (void)state;
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

/* An acknowledgement of the other channel is none of this one. */
static void second_channels_acknowledgement_makes_no_book(void **state)
{
    struct world *const world = world_connected(&two_channels);

    (void)state;
    world_say(world, "answered 0 1 subscribed -");
    world_run(world, 4999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_destroy(world);
}

/* The book does not rest on the second channel: it is asked for after 1 s, then after 2 s. */
static void unanswered_second_channel_leaves_the_book_alone(void **state)
{
    struct world *const world = world_live(&two_channels);

    (void)state;
    world_run(world, 5999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_run(world, 6999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_destroy(world);
}

/* What comes on the second channel acknowledges it, and not the first. */
static void best_levels_acknowledge_the_second_channel(void **state)
{
    static const struct world_spec spec = { .options = { { "channels", "2" }, { "at_once", "on" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_connected(&spec);

    (void)state;
    world_say(world, "top 0 10 b100x1 a101x1");
    world_run(world, 5000);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_forget(world);
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

static void refused_second_channel_leaves_the_book_alone(void **state)
{
    struct world *const world = world_live(&two_channels);

    (void)state;
    world_say(world, "answered 0 1 refused no such channel");
    world_run(world, 299999);
    world_expect(world, "");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_destroy(world);
}

/* The acknowledged one is kept, and not asked for again. */
static void refused_first_channel_makes_the_book_unusable(void **state)
{
    struct world *const world = world_connected(&two_channels);

    (void)state;
    world_say(world, "answered 0 1 subscribed -");
    world_say(world, "answered 0 0 refused no such pair");
    world_expect(world, "status 0 UNUSABLE no such pair\n");
    world_run(world, 299999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_destroy(world);
}

/* The one is put off for a second; the other's deadline is what it was. */
static void channels_are_put_off_one_by_one(void **state)
{
    struct world *const world = world_connected(&two_channels);

    (void)state;
    world_say(world, "answered 0 1 subscribed -;answered 0 0 later slow down");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_forget(world);
    world_run(world, 60000);
    world_expect(world, "");
    world_destroy(world);
}

static void resync_leaves_the_first_channel_only(void **state)
{
    struct world *const world = both_served(&two_channels);

    (void)state;
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_say(world, "answered 0 0 left -");
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_run(world, 60000);
    world_expect(world, "");
    world_destroy(world);
}

/* The answer to the leaving of one channel says nothing about the other. */
static void leaving_is_answered_channel_by_channel(void **state)
{
    struct world *const world = both_served(&two_channels);

    (void)state;
    world_say(world, "resync 0 odd");
    world_forget(world);
    world_say(world, "answered 0 1 left -");
    world_expect(world, "");
    world_say(world, "answered 0 0 refused not subscribed");
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_run(world, 1000);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_destroy(world);
}

/* Ended by the venue: the second is asked for after a pause, the first costs the book. */
static void channels_that_the_venue_ends(void **state)
{
    struct world *const world = both_served(&two_channels);

    (void)state;
    world_say(world, "answered 0 1 left bye");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_say(world, "answered 0 1 subscribed -");
    world_say(world, "answered 0 0 left bye");
    world_expect(world, "status 0 STALE the venue ended the subscription\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void both_channels_are_asked_for_on_the_next_connection(void **state)
{
    struct world *const world = both_served(&two_channels);

    (void)state;
    world_close(world, 0, "closed");
    world_open(world, 0);
    world_expect(world, "status 0 STALE closed\n"
                        "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n"
                        "> send 0 sub 1 BTC/USD\n");
    world_destroy(world);
}

/* Without a connection nothing is overdue; on the next one pauses are short again. */
static void second_channel_starts_over_with_the_connection(void **state)
{
    struct world *const world = world_live(&two_channels);

    (void)state;
    world_run(world, 6000);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_close(world, 0, "closed");
    world_expect(world, "status 0 STALE closed\n");
    world_run(world, 60000);
    world_expect(world, "");
    world_open(world, 0);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_forget(world);
    world_run(world, 5999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_destroy(world);
}

/* Only what is unanswered may be meant by an answer that names no book. */
static void later_for_nobody_spares_the_served_channel(void **state)
{
    struct world *const world = world_live(&two_channels);

    (void)state;
    world_say(world, "answered - 0 later too many");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 1 BTC/USD\n");
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_at_the_hourly_limit_is_sent),
        cmocka_unit_test(request_above_the_hourly_limit_waits),
        cmocka_unit_test(hour_slides),
        cmocka_unit_test(leaving_counts_as_well),
        cmocka_unit_test(snapshot_between_leaving_and_subscribing_is_of_no_use),
        cmocka_unit_test(books_of_one_request_count_once),
        cmocka_unit_test(connection_that_is_back_has_no_hour_of_its_own),
        cmocka_unit_test(session_that_starts_again_has_the_whole_hour),
        cmocka_unit_test(connections_have_an_hour_each),
        cmocka_unit_test(heartbeats_go_on_above_the_limit),
        cmocka_unit_test(each_channel_has_a_request_of_its_own),
        cmocka_unit_test(book_is_live_before_its_second_channel_is),
        cmocka_unit_test(channels_that_are_both_acknowledged_are_asked_no_more),
        cmocka_unit_test(second_channels_acknowledgement_makes_no_book),
        cmocka_unit_test(unanswered_second_channel_leaves_the_book_alone),
        cmocka_unit_test(best_levels_acknowledge_the_second_channel),
        cmocka_unit_test(refused_second_channel_leaves_the_book_alone),
        cmocka_unit_test(refused_first_channel_makes_the_book_unusable),
        cmocka_unit_test(channels_are_put_off_one_by_one),
        cmocka_unit_test(resync_leaves_the_first_channel_only),
        cmocka_unit_test(leaving_is_answered_channel_by_channel),
        cmocka_unit_test(channels_that_the_venue_ends),
        cmocka_unit_test(both_channels_are_asked_for_on_the_next_connection),
        cmocka_unit_test(second_channel_starts_over_with_the_connection),
        cmocka_unit_test(later_for_nobody_spares_the_served_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
