#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/abi_sizes.h"
#include "session/state.h"
#include "stderr_capture.h"
#include "session_world.h"

static const struct world_spec usual = { 0 };

/* Nothing of the callback is carried out, and nothing is listened to afterwards. */
static void test_broken_rule_disables(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b99x1;delta 7 11 b100x1");
    world_expect(world, "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_say(world, "snap 0 12 b1x1 a2x1");
    world_expect(world, "");
    world_destroy(world);
}

static void test_failure_for_good_disables(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b99x1;fail -2147483647");
    world_expect(world, "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_destroy(world);
}

/* Nothing of the callback is carried out; what the dropped connection still brings is ignored. */
static void test_protocol_error_drops_the_connection(void **state)
{
    struct world *const world = world_live(&usual);
    char text[64];

    (void)state;
    (void)snprintf(text, sizeof(text), "delta 0 11 b99x1;fail %d", ARB_EPROTO);
    world_say(world, text);
    world_expect(world, "status 0 STALE the venue sent what its protocol does not allow\n"
                        "status 1 STALE the venue sent what its protocol does not allow\n"
                        "> close 0 protocol error\n");
    world_say(world, "snap 0 12 b1x1 a2x1");
    world_expect(world, "");
    world_close(world, 0, "closed");
    world_expect(world, "status 0 STALE closed\nstatus 1 STALE closed\n");
    world_open(world, 0);
    world_expect(world, "status 0 SYNCING subscribing\nstatus 1 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD ETH/USD\n");
    world_destroy(world);
}

static void test_price_of_zero_costs_one_book(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b0x1");
    world_expect(world, "status 0 STALE a price is not positive, or a quantity negative\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    assert_false(session_is_disabled(world->session));
    world_destroy(world);
}

static void test_negative_quantity_costs_one_book(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "delta 0 11 b100x-1");
    world_expect(world, "status 0 STALE a price is not positive, or a quantity negative\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    assert_false(session_is_disabled(world->session));
    world_destroy(world);
}

/* The book is UNUSABLE, and is asked for again in five minutes. */
static void test_refused_while_subscribing(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "answered 1 0 refused no such pair");
    world_expect(world, "status 1 UNUSABLE no such pair\n");
    world_run(world, 299999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "status 1 SYNCING resync\n"
                        "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

static void test_left_unasked(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "answered 0 0 left bye");
    world_expect(world, "status 0 STALE the venue ended the subscription\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void test_later_pauses(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "answered 1 0 later slow");
    world_expect(world, "");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* A snapshot of the subscription that ends is not taken. */
static void test_refused_while_leaving_subscribes(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_say(world, "snap 0 12 b1x1 a2x1");
    world_expect(world, "");
    world_say(world, "answered 0 0 refused not subscribed");
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 12 b1x1 a2x1");
    world_expect(world, "snapshot 0 LIVE b1x1 a2x1\n");
    world_destroy(world);
}

static void test_unanswered_is_stale(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_run(world, 4999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 1 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD ETH/USD\n");
    world_destroy(world);
}

static void test_missing_message_of_a_connection(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "connseq 0 5");
    world_expect(world, "");
    world_say(world, "connseq 0 6");
    world_expect(world, "");
    world_say(world, "connseq 0 8");
    world_expect(world, "status 0 STALE message 7 of the connection is missing: 8 came\n"
                        "status 1 STALE message 7 of the connection is missing: 8 came\n"
                        "> close 0 message 7 of the connection is missing: 8 came\n");
    world_destroy(world);
}

/* Only what comes in a numbered message is proven, and only behind its number. */
static void test_numbers_of_a_connection_prove_its_books(void **state)
{
    static const struct world_spec numbered = { .options = { { "loss", "connection" } } };
    struct world *const world = world_connected(&numbered);

    (void)state;
    world_say(world, "connseq 0 5;snap 0 0 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_say(world, "connseq 0 6;delta 0 0 b99x1");
    world_expect(world, "delta 0 LIVE b99x1\n");
    world_say(world, "delta 0 0 b98x1");
    world_expect(world, "delta 0 LIVE unverifiable b98x1\n");
    world_say(world, "connseq 0 7;delta 0 0 b97x1");
    world_expect(world, "delta 0 LIVE b97x1\n");
    world_say(world, "delta 0 0 b96x1;connseq 0 8");
    world_expect(world, "delta 0 LIVE unverifiable b96x1\n");
    world_say(world, "connseq 0 10;delta 0 0 b95x1");
    world_expect(world, "status 0 STALE message 9 of the connection is missing: 10 came\n"
                        "status 1 STALE message 9 of the connection is missing: 10 came\n"
                        "> close 0 message 9 of the connection is missing: 10 came\n");
    world_destroy(world);
}

static void test_without_leaving_the_connection_is_dropped(void **state)
{
    static const struct world_spec spec = { .options = { { "without", "hello leave" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> close 0 resync\n");
    world_destroy(world);
}

static void test_subscribing_again_is_enough(void **state)
{
    static const struct world_spec spec = { .options = { { "at_once", "on" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "resync 0 odd");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void test_books_are_spread_over_connections(void **state)
{
    static const struct world_spec spec = { .options = { { "per_conn", "1" } } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_expect(world, "> open 0\n"
                        "> open 1\n");
    world_open(world, 0);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_open(world, 1);
    world_expect(world, "status 1 SYNCING subscribing\n"
                        "> send 1 sub 0 ETH/USD\n");
    world_destroy(world);
}

static void test_requests_are_paced(void **state)
{
    static const struct world_spec spec = { .options = { { "per_request", "1" },
                                                         { "per_second", "2" } } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_expect(world, "> open 0\n");
    world_open(world, 0);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "status 1 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_run(world, 499);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* A refused token is asked for again. */
static void test_token_comes_before_the_connection(void **state)
{
    static const struct world_spec spec = { .options = { { "token", "on" } } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_expect(world, "> open 0\n");
    session_events.on_dial(world->session, 0, world->now);
    world_expect(world, "> get https://fake/token\n");
    world_answer(world, 500, "");
    world_expect(world, "");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "> get https://fake/token\n");
    world_answer(world, 200, "");
    world_turn(world);
    world_expect(world, "> dial 0 wss://fake/0/0\n");
    world_destroy(world);
}

/* -- dates ---------------------------------------------------------------------------- */

/* A delta that the venue dates `s` seconds after some second of its clock. */
static void say_dated(struct world *world, unsigned seq, int64_t s)
{
    char text[96];

    (void)snprintf(text, sizeof(text), "delta 0 %u at=%lld b99x%u", seq,
                   (long long)((100000000 + s) * NS_PER_S), seq);
    world_say(world, text);
}

static void test_event_of_the_far_future_costs_its_book(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    say_dated(world, 11, 0);
    say_dated(world, 12, 60);
    world_expect(world, "delta 0 LIVE b99x11\n"
                        "delta 0 LIVE b99x12\n");
    say_dated(world, 13, 121); /* what was dated a minute ahead is the reference since */
    world_expect(world, "status 0 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_destroy(world);
}

/* The reference stays what it was: what comes at its time is neither ahead nor behind. */
static void test_one_absurd_date_resets_nothing(void **state)
{
    static const struct world_spec spec = { .options = { { "loss", "none" } } };
    struct world *const world = world_live(&spec);
    uint32_t seq = 11;

    (void)state;
    say_dated(world, seq++, 0);
    for (uint32_t round = 0; round < 20; round++) {
        world_forget(world);
        say_dated(world, seq++, 0);
        say_dated(world, seq++, round % 2 == 0 ? -90 : -80000000); /* damaged, and in the past */
        say_dated(world, seq++, 59);
        say_dated(world, seq++, 0);
        assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    }
    world_forget(world);
    say_dated(world, seq, 120);
    world_expect(world, "status 0 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_destroy(world);
}

/* Eight in a row tell that the reference was the damaged one. */
static void test_reference_that_was_damaged_is_given_up(void **state)
{
    static const struct world_spec spec = { .options = { { "loss", "none" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    say_dated(world, 11, 0);
    say_dated(world, 12, 0);
    for (uint32_t seq = 13; seq < 20; seq++) {
        say_dated(world, seq, -3600);
    }
    world_forget(world);
    say_dated(world, 20, -3600); /* the eighth */
    say_dated(world, 21, -3540); /* a minute ahead of it */
    world_expect(world, "delta 0 LIVE unverifiable b99x20\n"
                        "delta 0 LIVE unverifiable b99x21\n");
    say_dated(world, 22, 0);
    world_expect(world, "status 0 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_destroy(world);
}

/* Our monotonic clock stood still: everything is ahead, and the eighth is believed. */
static void test_clock_that_slept_is_found_out(void **state)
{
    static const struct world_spec spec = { .options = { { "at_once", "on" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    say_dated(world, 11, 0);
    say_dated(world, 12, 0);
    for (uint32_t seq = 13; seq < 20; seq++) {
        say_dated(world, seq, 3600);
        assert_int_not_equal(ARB_BOOK_LIVE, world_state(world, 0));
    }
    world_wait(world, 1000);
    world_say(world, "snap 0 19 b100x1 a101x1");
    world_forget(world);
    say_dated(world, 20, 3600);
    world_expect(world, "delta 0 LIVE b99x20\n");
    world_destroy(world);
}

/* A delta of the other book, dated so many seconds after the same second. */
static void say_other_dated(struct world *world, unsigned seq, int64_t s)
{
    char text[96];

    (void)snprintf(text, sizeof(text), "delta 1 %u at=%lld b1x%u", seq,
                   (long long)((100000000 + s) * NS_PER_S), seq);
    world_say(world, text);
}

/* Both books LIVE, and nothing has been dated yet. */
static struct world *world_undated(void)
{
    struct world *const world = world_live(&usual);

    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    return world;
}

static void test_first_date_of_all_is_not_believed_before_another_agrees(void **state)
{
    struct world *const world = world_undated();

    (void)state;
    say_dated(world, 11, 2000000000); /* decades ahead */
    assert_int_equal(world->n_dates, 0);
    say_other_dated(world, 11, 0);
    assert_int_equal(world->n_dates, 0);
    say_other_dated(world, 12, 60);
    assert_int_equal(world->n_dates, 1);
    world_expect(world, "delta 0 LIVE b99x11\n"
                        "status 0 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "delta 1 LIVE b1x11\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n"
                        "delta 1 LIVE b1x12\n");
    say_other_dated(world, 13, 121);
    world_expect(world, "status 1 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 leave 0 ETH/USD\n");
    world_destroy(world);
}

/* Whichever of the two was damaged, the third agrees with the later one or begins anew. */
static void test_later_of_two_dates_that_do_not_agree_costs_its_book(void **state)
{
    struct world *const world = world_undated();

    (void)state;
    say_dated(world, 11, 0);
    say_other_dated(world, 11, 61);
    world_expect(world, "delta 0 LIVE b99x11\n"
                        "status 1 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 leave 0 ETH/USD\n");
    say_dated(world, 12, 61);
    say_dated(world, 13, 121);
    world_expect(world, "delta 0 LIVE b99x12\n"
                        "delta 0 LIVE b99x13\n");
    world_destroy(world);
}

static void test_book_that_was_asked_for_again_is_not_blamed_for_its_date_again(void **state)
{
    struct world *const world = world_undated();

    (void)state;
    say_dated(world, 11, 0);
    say_other_dated(world, 11, 61);
    world_forget(world);
    say_dated(world, 12, 0);
    world_expect(world, "delta 0 LIVE b99x12\n");
    world_destroy(world);
}

/* Two books on a connection each, of which the second one is still to be opened. */
static struct world *world_of_two_connections(void)
{
    static const struct world_spec spec = { .options = { { "per_conn", "1" } } };
    struct world *const world = world_create(&spec);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_say_on(world, 0, "answered 0 0 subscribed;snap 0 10 b100x1 a101x1");
    return world;
}

static void open_the_second(struct world *world)
{
    world_open(world, 1);
    world_say_on(world, 1, "answered 1 0 subscribed;snap 1 10 b1x1 a2x1");
    world_forget(world);
}

/* It is asked for again with the next connection, not before. */
static void test_book_that_went_with_its_connection_is_not_blamed_for_its_date(void **state)
{
    struct world *const world = world_of_two_connections();

    (void)state;
    open_the_second(world);
    say_dated(world, 11, 2000000000);
    world_close(world, 0, "gone");
    world_forget(world);
    world_say_on(world, 1, "delta 1 11 at=100000000000000000 b1x2");
    world_expect(world, "delta 1 LIVE b1x2\n");
    world_destroy(world);
}

static void test_date_that_nothing_confirmed_outlives_a_connection_that_opens(void **state)
{
    struct world *const world = world_of_two_connections();

    (void)state;
    say_dated(world, 11, 2000000000);
    open_the_second(world);
    world_say_on(world, 1, "delta 1 11 at=100000000000000000 b1x2");
    world_expect(world, "status 0 STALE dated minutes ahead of the venue's clock: damaged\n"
                        "delta 1 LIVE b1x2\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
    world_destroy(world);
}

static void test_date_that_was_confirmed_counts_until_a_connection_opens(void **state)
{
    struct world *const world = world_of_two_connections();

    (void)state;
    say_dated(world, 11, 0);
    say_dated(world, 12, 0);
    open_the_second(world);
    world_say_on(world, 1, "delta 1 11 at=200000000000000000 b1x2");
    world_expect(world, "delta 1 LIVE b1x2\n");
    world_destroy(world);
}

/* -- silence -------------------------------------------------------------------------- */

static const struct world_spec aging = { .options = { { "loss", "none" }, { "at_once", "on" } },
                                         .max_age_ms = 30000 };

/* LIVE, after so many events at one moment. */
static struct world *after_events(unsigned n)
{
    struct world *const world = world_live(&aging);

    for (unsigned i = 1; i < n; i++) {
        say_dated(world, 10 + i, 0);
    }
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    return world;
}

/* It was never damaged, nor was another: the look for silent books needs no other reason. */
static void test_busy_book_that_falls_silent_is_asked_for(void **state)
{
    struct world *const world = after_events(10);

    (void)state;
    world_run(world, 30000);
    world_expect(world, "");
    world_run(world, 1000);
    world_expect(world, "status 0 STALE silent for longer than max_age, after it was busy\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

/* The venue repeats the book's last event as long as nothing changes. */
static void test_book_that_says_that_it_has_not_changed_is_not_silent(void **state)
{
    static const struct world_spec spec = { .options = { { "loss", "chain" }, { "at_once", "on" } },
                                            .max_age_ms = 30000 };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    for (unsigned i = 0; i < 10; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "delta 0 %u prev=%u b100x%u", 11 + i, 10 + i, 2 + i);
        world_say(world, text);
    }
    world_forget(world);
    for (unsigned i = 0; i < 4; i++) {
        world_run(world, 29000);
        world_say(world, "delta 0 20 prev=20");
    }
    world_expect(world, "");
    world_run(world, 31000);
    world_expect(world, "status 0 STALE silent for longer than max_age, after it was busy\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void test_book_that_was_never_busy_may_be_silent(void **state)
{
    struct world *const world = after_events(9);

    (void)state;
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

/* A venue that serves it again with nothing but the book has said enough. */
static void test_book_that_was_asked_for_may_be_silent_from_then_on(void **state)
{
    struct world *const world = after_events(10);

    (void)state;
    world_run(world, 31000);
    world_say(world, "snap 0 30 b100x1 a101x1");
    world_forget(world);
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

/* -- heartbeats ----------------------------------------------------------------------- */

static void test_heartbeats_are_asked_and_answered(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "15000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    for (unsigned i = 0; i < 3; i++) {
        world_run(world, i == 0 ? 14999 : 4999);
        world_expect(world, "");
        world_run(world, 1);
        world_expect(world, "> send 0 beat\n");
        world_run(world, 9999);
        world_expect(world, "");
        world_say(world, "answered - 0 subscribed whatever comes proves that somebody is there");
        world_run(world, 1);
        world_expect(world, "");
    }
    world_destroy(world);
}

static void test_what_the_venue_owes_is_told(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "15000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    world->shows_dues = true;
    world_run(world, 15000);
    world_expect(world, "> asked 0\n> send 0 beat\n");
    world_say(world, "answered - 0 subscribed anything");
    world_expect(world, "> came 0\n");
    world_destroy(world);
}

/* One that has a rhythm of its own owes no answer besides. */
static void test_the_rhythm_of_a_venue_is_told(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "15000" },
                                                         { "rhythm_ms", "20000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    world->shows_dues = true;
    world_say(world, "answered - 0 subscribed anything");
    world_expect(world, "> came 0, the next within 20000 ms\n");
    world_run(world, 15000);
    world_expect(world, "> send 0 beat\n");
    world_destroy(world);
}

/* Before a book is served a venue may have no reason to say anything. */
static void test_the_rhythm_counts_once_a_book_is_served(void **state)
{
    static const struct world_spec spec = { .options = { { "rhythm_ms", "20000" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_forget(world);
    world->shows_dues = true;
    world_say(world, "answered - 0 subscribed anything");
    world_expect(world, "> came 0\n");
    world_say(world, "snap 0 10 b1x1 a2x1");
    world_forget(world);
    world_say(world, "answered - 0 subscribed anything");
    world_expect(world, "> came 0, the next within 20000 ms\n");
    world_close(world, 0, "gone");
    world_open(world, 0);
    world_forget(world);
    world_say(world, "answered - 0 subscribed anything");
    world_expect(world, "> came 0\n");
    world_destroy(world);
}

static void test_a_connection_settles_before_anything_is_subscribed(void **state)
{
    static const struct world_spec spec = { .options = { { "settle_ms", "1000" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_create(&spec);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_forget(world);
    world_open(world, 0);
    world_forget(world);
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void say_answered(struct world *world, uint32_t number)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "dated 0 %" PRIu32 " 1000 1001", number);
    world_say(world, text);
}

/* Of the last one that was asked for on that connection, and of no other. */
static void test_a_dated_heartbeat_is_told_with_when_it_was_asked_for(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "5000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    say_answered(world, 0); /* there was none */
    world_run(world, 5000);
    world_run(world, 20);
    const uint32_t beat = world->session->conns[0].beat;
    world_forget(world);
    say_answered(world, beat - 1);
    say_answered(world, beat + 1);
    world_expect(world, "");
    say_answered(world, beat);
    world_expect(world, "> heartbeat 20 ms ago: 1000 to 1001\n");
    world_run(world, 4980);
    world_forget(world);
    say_answered(world, beat);
    world_expect(world, "");
    world_close(world, 0, "gone");
    world_open(world, 0);
    world_forget(world);
    say_answered(world, beat + 1);
    world_expect(world, "");
    world_destroy(world);
}

static void test_unanswered_heartbeat_drops_the_connection(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "15000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    world_run(world, 15000);
    world_expect(world, "> send 0 beat\n");
    world_run(world, 9999);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, "> close 0 the venue does not answer heartbeats\n");
    world_run(world, 60000); /* a connection that is being dropped is asked nothing */
    world_expect(world, "");
    world_destroy(world);
}

/* -- requests without an answer ------------------------------------------------------- */

static void test_third_unanswered_request_drops_a_dead_connection(void **state)
{
    static const struct world_spec spec = { .symbols = { "BTC/USD" },
                                            .options = { { "at_once", "on" } } };
    struct world *const world = world_connected(&spec);

    (void)state;
    world_wait(world, 5000);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_wait(world, 5000);
    world_expect(world, "status 0 STALE the venue did not answer\n");
    world_wait(world, 1000);
    world_expect(world, "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_wait(world, 5000);
    world_expect(world, "> close 0 the venue answers no requests\n");
    world_destroy(world);
}

static void test_third_unanswered_request_spares_a_living_connection(void **state)
{
    static const struct world_spec spec = { .options = { { "at_once", "on" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_wait(world, 5000);
    world_wait(world, 5000);
    world_wait(world, 1000);
    world_expect(world, "status 1 STALE the venue did not answer\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 sub 0 ETH/USD\n"
                        "status 1 STALE the venue did not answer\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 sub 0 ETH/USD\n");
    world_wait(world, 5000);
    world_expect(world, "status 1 STALE the venue did not answer\n");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_destroy(world);
}

/* -- answers that name no book -------------------------------------------------------- */

/* Whatever waits for an answer may be meant, what is served is not. */
static void test_later_for_nobody_pauses_what_is_unanswered(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "answered - 0 later too many");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_say(world, "answered - 0 later too many");
    world_run(world, 1998);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

static void test_refusal_for_nobody_changes_nothing(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "answered - 0 refused bad request");
    world_expect(world, "");
    world_destroy(world);
}

/* Keeps the number of the first request, which a venue would quote in its answer. */
struct numbers {
    uint32_t first, second;
};

static void keep_number(void *context, const struct arb_ask *ask, const struct arb_request *request)
{
    struct numbers *const numbers = context;

    (void)request;
    if (ask->what == ARB_ASK_SUBSCRIBE) {
        *(numbers->first == 0 ? &numbers->first : &numbers->second) = ask->number;
    }
}

static void ignore_effect(void *context, const struct effect *effect)
{
    (void)context;
    (void)effect;
}

static void ignore_refusal(void *context, const char *callback, int rc, const char *broken)
{
    (void)context;
    (void)callback;
    (void)rc;
    (void)broken;
}

static void say_number(struct world *world, uint32_t number, const char *outcome)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "answerask %u %s", number, outcome);
    world_say(world, text);
}

static void test_answer_by_number_means_its_request(void **state)
{
    static const struct world_spec spec = { .options = { { "per_request", "1" } } };
    struct numbers numbers = { 0 };
    const struct session_trace trace = { .effect = ignore_effect,
                                         .request = keep_number,
                                         .refusal = ignore_refusal,
                                         .context = &numbers };
    struct world *const world = world_create_traced(&spec, &trace);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_forget(world);
    say_number(world, numbers.second + 1000, "refused nobody asked");
    world_expect(world, "");
    say_number(world, numbers.second, "refused no such pair");
    world_expect(world, "status 1 UNUSABLE no such pair\n");
    say_number(world, numbers.second, "refused once more");
    world_expect(world, "");
    say_number(world, numbers.first, "later slow down");
    world_run(world, 1001);
    world_expect(world, "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

/* Nothing tells which of the books is refused: each is asked for by itself, once and for all. */
static void test_refused_request_for_two_books_is_split(void **state)
{
    static const struct world_spec spec = { .symbols = { "BTC/USD", "ETH/USD" } };
    struct numbers numbers = { 0 };
    const struct session_trace trace = { .effect = ignore_effect,
                                         .request = keep_number,
                                         .refusal = ignore_refusal,
                                         .context = &numbers };
    struct world *const world = world_create_traced(&spec, &trace);

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_forget(world);
    say_number(world, numbers.first, "refused no such pair");
    world_expect(world, "> send 0 sub 0 BTC/USD\n"
                        "> send 0 sub 0 ETH/USD\n");
    say_number(world, numbers.second, "refused no such pair");
    world_expect(world, "status 1 UNUSABLE no such pair\n");
    world_destroy(world);
}

/* A book by HTTP is not left for a resync; still what nobody answered is asked for again. */
static void test_unanswered_book_by_http_is_asked_for_again(void **state)
{
    static const struct world_spec spec = { .options = { { "source", "http" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_connected(&spec);

    (void)state;
    world_forget(world);
    world_run(world, 5000);
    world_run(world, 2000);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

/* Whatever the venue says of it there, its own connection is the one that brings its changes. */
static void test_book_takes_nothing_from_another_connection(void **state)
{
    struct world *const world = world_of_two_connections();

    (void)state;
    open_the_second(world);
    world_say_on(world, 1, "snap 0 12 b5x1 a6x1;answered 0 0 refused no such pair");
    world_expect(world, "");
    world_close(world, 0, "gone");
    world_say_on(world, 1, "answered 0 0 subscribed;snap 0 13 b5x1 a6x1");
    world_expect(world, "status 0 STALE gone\n");
    world_destroy(world);
}

static void test_further_heartbeats_do_not_put_off_the_deadline(void **state)
{
    static const struct world_spec spec = { .options = { { "beat_ms", "5000" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world_say(world, "snap 1 10 b1x1 a2x1");
    world_forget(world);
    world_run(world, 14999);
    world_expect(world, "> send 0 beat\n"
                        "> send 0 beat\n");
    world_run(world, 1);
    world_expect(world, "> close 0 the venue does not answer heartbeats\n");
    world_destroy(world);
}

/* -- plugins of another minor --------------------------------------------------------- */

/* Publishes an event that ends before its last member, as a plugin of a minor before does. */
static int on_short_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    static const struct arb_level bid = { .px = 100, .qty = 1 }, ask = { .px = 101, .qty = 1 };
    struct arb_book_event event = { .size = (uint32_t)strtoul(message.data, NULL, 10),
                                    .kind = ARB_BOOK_SNAPSHOT,
                                    .last_seq = 10,
                                    .bids = &bid,
                                    .asks = &ask,
                                    .n_bids = 1,
                                    .n_asks = 1 };

    (void)instance;
    (void)conn;
    memset((char *)&event + event.size, 0x5a, sizeof(event) - event.size); /* not to be read */
    return arb_book_publish(host, &event);
}

static struct world *short_world(uint32_t size)
{
    static struct arb_exchange_ops ops;
    static struct arb_plugin desc;
    char text[16];

    ops = fake_ops;
    ops.on_message = on_short_message;
    desc = fake_plugin;
    desc.ops = &ops;
    const struct world_spec spec = { .desc = &desc };
    struct world *const world = world_connected(&spec);
    (void)snprintf(text, sizeof(text), "%u", size);
    world_say(world, text);
    return world;
}

static void test_event_with_what_is_needed_is_taken(void **state)
{
    struct world *const world = short_world((uint32_t)ABI_LEAST_BOOK_EVENT);

    (void)state;
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_destroy(world);
}

static void test_event_one_member_shorter_breaks_a_rule(void **state)
{
    struct world *const world = short_world((uint32_t)offsetof(struct arb_book_event, n_asks));

    (void)state;
    world_expect(world, "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_destroy(world);
}

/* The venue is not to blame for what it was never asked. */
static void plugin_without_what_it_needs_is_named(void **state)
{
    static const struct {
        const char *without, *says;
    } rows[] = {
        { "hello beat", "the plugin broke a rule in ask(): it spells no ARB_ASK_HEARTBEAT, which "
                        "plan.heartbeat_ms needs" },
        { "hello sub", "the plugin broke a rule in ask(): it spells no ARB_ASK_SUBSCRIBE, without "
                       "which no book is served" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct world_spec spec = { .options = { { "without", rows[i].without },
                                                      { "beat_ms", "5000" } } };
        struct stderr_capture capture;
        stderr_capture_begin(&capture);
        struct world *const world = world_connected(&spec);
        world_run(world, 4999);
        assert_int_equal(i == 1, session_is_disabled(world->session));
        world_run(world, 1);
        assert_true(session_is_disabled(world->session));
        assert_int_equal(1, count_of(stderr_capture_end(&capture), rows[i].says));
        world_destroy(world);
    }
}

enum { WRITES_BEYOND, PUTS_ELSEWHERE, CLAIMS_MORE, N_MISDEEDS };

static int misdeed;

static int misdoing_ask(void *self, const struct arb_ask *ask, struct arb_request *request)
{
    const int rc = fake_ask(self, ask, request);

    if (ask->what == ARB_ASK_SUBSCRIBE) {
        switch (misdeed) {
        case WRITES_BEYOND:
            request->headers.data[request->headers.cap] = '!';
            break;
        case PUTS_ELSEWHERE:
            request->body.data = NULL;
            break;
        default:
            request->text.len = request->text.cap;
            break;
        }
    }
    return rc;
}

static void texts_of_a_request_stay_where_they_are(void **state)
{
    static const char beyond[] = "in ask(): it wrote beyond the memory of a text";
    static const char elsewhere[] = "in ask(): it changed where a text of the request lies";
    struct arb_exchange_ops ops = fake_ops;
    struct arb_plugin desc = fake_plugin;

    (void)state;
    ops.ask = misdoing_ask;
    desc.ops = &ops;
    for (misdeed = 0; misdeed < N_MISDEEDS; misdeed++) {
        const struct world_spec spec = { .desc = &desc };
        struct stderr_capture capture;
        stderr_capture_begin(&capture);
        struct world *const world = world_connected(&spec);
        const char *const said = stderr_capture_end(&capture);
        assert_int_equal(1, count_of(said, misdeed == WRITES_BEYOND ? beyond : elsewhere));
        assert_true(session_is_disabled(world->session));
        world_destroy(world);
    }
}

static const char promise[] =
    "100 changes of BTC/USD came; the plan of the plugin promises ARB_LOSS_CHECKSUM, and none had "
    "a checksum: set has_checksum";

static const char *say_changes(struct world *world, struct stderr_capture *capture, unsigned n)
{
    stderr_capture_begin(capture);
    for (unsigned i = 0; i < n; i++) {
        world_say(world, "delta 0 11 b99x1");
    }
    return stderr_capture_end(capture);
}

/* Once for a session, however many follow and whichever book has none. */
static void promise_that_is_not_kept_is_told_once(void **state)
{
    const struct world_spec spec = { .options = { { "loss", "checksum" },
                                                  { "checksum_levels", "10" } } };
    struct world *const world = world_live(&spec);
    struct stderr_capture capture;

    (void)state;
    assert_int_equal(0, count_of(say_changes(world, &capture, 99), promise));
    assert_int_equal(1, count_of(say_changes(world, &capture, 1), promise));
    assert_int_equal(0, count_of(say_changes(world, &capture, 300), promise));
    world_destroy(world);
}

static void promise_kept_once_is_believed(void **state)
{
    const struct world_spec spec = { .options = { { "loss", "checksum" },
                                                  { "checksum_levels", "10" } } };
    struct world *const world = world_live(&spec);
    struct stderr_capture capture;

    (void)state;
    world_say(world, "delta 0 11 sum=201 b99x1");
    assert_int_equal(0, count_of(say_changes(world, &capture, 300), promise));
    assert_int_equal(1, session_promise(world->session).n_kept);
    assert_int_equal(301, session_promise(world->session).n_changes);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugin_without_what_it_needs_is_named),
        cmocka_unit_test(promise_that_is_not_kept_is_told_once),
        cmocka_unit_test(promise_kept_once_is_believed),
        cmocka_unit_test(texts_of_a_request_stay_where_they_are),
        cmocka_unit_test(test_book_takes_nothing_from_another_connection),
        cmocka_unit_test(test_further_heartbeats_do_not_put_off_the_deadline),
        cmocka_unit_test(test_refused_request_for_two_books_is_split),
        cmocka_unit_test(test_unanswered_book_by_http_is_asked_for_again),
        cmocka_unit_test(test_broken_rule_disables),
        cmocka_unit_test(test_failure_for_good_disables),
        cmocka_unit_test(test_protocol_error_drops_the_connection),
        cmocka_unit_test(test_price_of_zero_costs_one_book),
        cmocka_unit_test(test_negative_quantity_costs_one_book),
        cmocka_unit_test(test_refused_while_subscribing),
        cmocka_unit_test(test_left_unasked),
        cmocka_unit_test(test_later_pauses),
        cmocka_unit_test(test_refused_while_leaving_subscribes),
        cmocka_unit_test(test_unanswered_is_stale),
        cmocka_unit_test(test_numbers_of_a_connection_prove_its_books),
        cmocka_unit_test(test_missing_message_of_a_connection),
        cmocka_unit_test(test_without_leaving_the_connection_is_dropped),
        cmocka_unit_test(test_subscribing_again_is_enough),
        cmocka_unit_test(test_books_are_spread_over_connections),
        cmocka_unit_test(test_requests_are_paced),
        cmocka_unit_test(test_token_comes_before_the_connection),
        cmocka_unit_test(test_event_of_the_far_future_costs_its_book),
        cmocka_unit_test(test_first_date_of_all_is_not_believed_before_another_agrees),
        cmocka_unit_test(test_later_of_two_dates_that_do_not_agree_costs_its_book),
        cmocka_unit_test(test_book_that_was_asked_for_again_is_not_blamed_for_its_date_again),
        cmocka_unit_test(test_book_that_went_with_its_connection_is_not_blamed_for_its_date),
        cmocka_unit_test(test_date_that_nothing_confirmed_outlives_a_connection_that_opens),
        cmocka_unit_test(test_date_that_was_confirmed_counts_until_a_connection_opens),
        cmocka_unit_test(test_one_absurd_date_resets_nothing),
        cmocka_unit_test(test_reference_that_was_damaged_is_given_up),
        cmocka_unit_test(test_clock_that_slept_is_found_out),
        cmocka_unit_test(test_busy_book_that_falls_silent_is_asked_for),
        cmocka_unit_test(test_book_that_says_that_it_has_not_changed_is_not_silent),
        cmocka_unit_test(test_book_that_was_never_busy_may_be_silent),
        cmocka_unit_test(test_book_that_was_asked_for_may_be_silent_from_then_on),
        cmocka_unit_test(test_heartbeats_are_asked_and_answered),
        cmocka_unit_test(test_what_the_venue_owes_is_told),
        cmocka_unit_test(test_the_rhythm_of_a_venue_is_told),
        cmocka_unit_test(test_the_rhythm_counts_once_a_book_is_served),
        cmocka_unit_test(test_a_connection_settles_before_anything_is_subscribed),
        cmocka_unit_test(test_a_dated_heartbeat_is_told_with_when_it_was_asked_for),
        cmocka_unit_test(test_unanswered_heartbeat_drops_the_connection),
        cmocka_unit_test(test_third_unanswered_request_drops_a_dead_connection),
        cmocka_unit_test(test_third_unanswered_request_spares_a_living_connection),
        cmocka_unit_test(test_later_for_nobody_pauses_what_is_unanswered),
        cmocka_unit_test(test_refusal_for_nobody_changes_nothing),
        cmocka_unit_test(test_answer_by_number_means_its_request),
        cmocka_unit_test(test_event_with_what_is_needed_is_taken),
        cmocka_unit_test(test_event_one_member_shorter_breaks_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
