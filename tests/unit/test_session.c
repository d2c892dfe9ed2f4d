#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static void test_utc_set_back_moves_no_timer(void **state)
{
    static const struct world_spec spec = { .options = { { "on_init", "timer 2 1000" },
                                                         { "on_timer", "resync 0 timer %" } } };
    struct world *const world = world_live(&spec);

    (void)state;
    world->now.utc_ns -= 3600 * NS_PER_S;
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 2);
    world_expect(world, "status 0 STALE timer 2\n"
                        "status 0 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD\n");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(test_missing_message_of_a_connection),
        cmocka_unit_test(test_utc_set_back_moves_no_timer),
        cmocka_unit_test(test_without_leaving_the_connection_is_dropped),
        cmocka_unit_test(test_subscribing_again_is_enough),
        cmocka_unit_test(test_books_are_spread_over_connections),
        cmocka_unit_test(test_requests_are_paced),
        cmocka_unit_test(test_token_comes_before_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
