/*
 * A session of a host that is too slow: books that are given up and taken up again, whole books of
 * which only the newest is read, subscriptions that ramp up, and nobody who is blamed for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"

static const char why[] = "shed: this machine is too slow for 2 books";

static void shed(struct world *world, uint32_t i)
{
    session_shed(world->session, i, world->now, why);
    (void)world_turn(world);
}

static void unshed(struct world *world, uint32_t i)
{
    session_shed(world->session, i, world->now, NULL);
    (void)world_turn(world);
}

static struct world *both_live(const struct world_spec *spec)
{
    struct world *const world = world_live(spec);

    world_say(world, "snap 1 10 b1x1 a2x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 1));
    world_forget(world);
    return world;
}

/* -- books that are given up ------------------------------------------------------------ */

static void shed_book_is_left_and_says_why(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 1);
    world_expect(world, "status 1 UNUSABLE shed: this machine is too slow for 2 books\n"
                        "> send 0 leave 0 ETH/USD\n");
    assert_true(session_is_shed(world->session, 1));
    world_say(world, "answered 1 0 left -");
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

static void what_still_comes_of_a_shed_book_is_ignored(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 1);
    world_forget(world);
    world_say(world, "delta 1 11 first=11 b1x2;snap 1 20 b1x1 a2x1;resync 1 odd;reject 1 -3");
    world_expect(world, "");
    world_destroy(world);
}

static void shed_book_stays_so_on_the_next_connection(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 1);
    world_forget(world);
    world_close(world, 0, "closed");
    world_open(world, 0);
    world_expect(world, "status 0 STALE closed\n"
                        "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void book_that_is_taken_up_again_is_subscribed(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 1);
    world_say(world, "answered 1 0 left -");
    world_forget(world);
    unshed(world, 1);
    world_expect(world, "status 1 SYNCING subscribing\n"
                        "> send 0 sub 0 ETH/USD\n");
    world_say(world, "snap 1 30 b1x1 a2x1");
    world_expect(world, "snapshot 1 LIVE b1x1 a2x1\n");
    world_destroy(world);
}

/* The venue still has to say that it was left: only then it is subscribed. */
static void book_that_is_being_left_is_subscribed_afterwards(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 1);
    world_forget(world);
    unshed(world, 1);
    world_expect(world, "status 1 SYNCING subscribing\n");
    world_say(world, "answered 1 0 left -");
    world_expect(world, "> send 0 sub 0 ETH/USD\n");
    world_destroy(world);
}

/* Where nothing can be left the connection stays all the same. */
static void shedding_never_drops_the_connection(void **state)
{
    struct world *const world =
        both_live(&(struct world_spec){ .options = { { "without", "hello leave" } } });

    (void)state;
    shed(world, 1);
    world_expect(world, "status 1 UNUSABLE shed: this machine is too slow for 2 books\n");
    world_say(world, "delta 1 11 first=11 b1x2");
    world_say(world, "snap 1 20 b1x1 a2x1");
    world_run(world, 3600000);
    world_expect(world, "");
    world_destroy(world);
}

static void venue_that_does_not_confirm_the_leaving_is_not_blamed(void **state)
{
    struct world *const world = both_live(&(struct world_spec){ 0 });

    (void)state;
    shed(world, 0);
    shed(world, 1);
    world_forget(world);
    world_run(world, 600000);
    world_expect(world, "");
    world_destroy(world);
}

/* -- whole books ------------------------------------------------------------------------ */

static const struct world_spec whole_books = { .options = { { "loss", "stateless" },
                                                            { "source", "each" } } };

static struct world *skipping(void)
{
    struct world *const world = world_create(&whole_books);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_say(world, "snap 0 1 at=1000000000 b1x1 a2x1;snap 1 1 at=1000000000 b1x1 a2x1");
    world_forget(world);
    session_set_load(world->session, (struct session_load){ .skips = true });
    return world;
}

static void newest_of_each_book_is_read(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world_say(world, "snap 0 2 at=1100000000 b1x2 a2x2");
    world_say(world, "snap 1 2 at=1100000000 b1x3 a2x3");
    world_say(world, "snap 0 3 at=1200000000 b1x4 a2x4");
    world_expect(world, "");
    (void)world_turn(world);
    world_expect(world, "snapshot 0 LIVE b1x4 a2x4\n"
                        "snapshot 1 LIVE b1x3 a2x3\n");
    assert_int_equal(session_stats(world->session).skipped, 1);
    assert_int_equal(session_held_since_ns(world->session), NEVER_NS);
    world_destroy(world);
}

/* As long as more waits it is taken in first; but not for ever. */
static void what_waits_is_taken_in_first(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world->is_behind = true;
    world_say(world, "snap 0 2 at=1100000000 b1x2 a2x2");
    world_say(world, "snap 1 2 at=1100000000 b1x3 a2x3");
    assert_true(world_wait(world, 99) <= 0); /* the next turn is wanted at once */
    world_expect(world, "");
    (void)world_wait(world, 1);
    world_expect(world, "snapshot 0 LIVE b1x2 a2x2\n");
    world->is_behind = false;
    (void)world_turn(world);
    world_expect(world, "snapshot 1 LIVE b1x3 a2x3\n");
    world_destroy(world);
}

static void other_messages_are_read_at_once(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world_say(world, "trading 0 2 closed");
    world_expect(world, "status 0 LIVE unknown closed\n");
    world_destroy(world);
}

static void what_is_held_goes_with_its_connection(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world_say(world, "snap 0 2 at=1100000000 b1x2 a2x2");
    world_close(world, 0, "closed");
    world_open(world, 0);
    world_forget(world);
    (void)world_turn(world);
    world_expect(world, "");
    world_destroy(world);
}

static void what_is_held_goes_with_its_book(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world_say(world, "snap 0 2 at=1100000000 b1x2 a2x2");
    shed(world, 0);
    world_say(world, "snap 0 3 at=1200000000 b1x2 a2x2");
    world_forget(world);
    (void)world_turn(world);
    world_expect(world, "");
    world_destroy(world);
}

/* What is held when the measure ends is not read behind what is newer. */
static void nothing_is_overtaken_when_skipping_ends(void **state)
{
    struct world *const world = skipping();

    (void)state;
    world_say(world, "snap 0 2 at=1100000000 b1x2 a2x2");
    session_set_load(world->session, (struct session_load){ 0 });
    world_say(world, "snap 0 3 at=1200000000 b1x3 a2x3");
    world_expect(world, "");
    (void)world_turn(world);
    world_expect(world, "snapshot 0 LIVE b1x3 a2x3\n");
    world_say(world, "snap 0 4 at=1300000000 b1x4 a2x4");
    world_expect(world, "snapshot 0 LIVE b1x4 a2x4\n");
    world_destroy(world);
}

/* -- subscriptions ramp up -------------------------------------------------------------- */

enum { RAMP = 100 };

/* How many books were asked for since the last look. */
static unsigned n_asked(struct world *world)
{
    unsigned n = 0;

    for (const char *at = world->buffer; (at = strstr(at, "> send 0 sub ")) != NULL; at++) {
        n++;
    }
    world_forget(world);
    return n;
}

static struct world *opened(uint32_t n)
{
    const struct world_spec spec = { .n_made = n, .options = { { "per_request", "1" } } };
    struct world *const world = world_create(&spec);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    return world;
}

static void serve(struct world *world, uint32_t i)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "snap %u 1 b1x1 a2x1", i);
    world_say(world, text);
}

static void hundred_are_asked_for_at_once(void **state)
{
    struct world *const exact = opened(RAMP);
    struct world *const more = opened(RAMP + 1);

    (void)state;
    assert_int_equal(n_asked(exact), RAMP);
    assert_int_equal(n_asked(more), RAMP);
    world_destroy(exact);
    world_destroy(more);
}

/* Each that is served makes room for two. */
static void more_are_asked_for_as_they_are_served(void **state)
{
    struct world *const world = opened(1000);
    uint32_t served = 0, asked = n_asked(world);

    (void)state;
    while (served < asked) {
        for (const uint32_t end = asked; served < end; served++) {
            serve(world, served);
        }
        asked += n_asked(world);
        assert_true(asked - served <= RAMP + served);
    }
    assert_int_equal(asked, 1000);
    world_destroy(world);
}

static void nothing_is_asked_for_while_the_host_is_behind(void **state)
{
    struct world *const world = opened(300);

    (void)state;
    assert_int_equal(n_asked(world), RAMP);
    session_set_load(world->session, (struct session_load){ .is_behind = true });
    for (uint32_t i = 0; i < RAMP; i++) {
        serve(world, i);
    }
    world_run(world, 60000);
    assert_int_equal(n_asked(world), 0);
    session_set_load(world->session, (struct session_load){ 0 });
    (void)world_turn(world);
    assert_int_equal(n_asked(world), RAMP);
    world_destroy(world);
}

/* -- nobody is blamed ------------------------------------------------------------------- */

static void answer_that_may_wait_in_the_socket_is_waited_for(void **state)
{
    struct world *const world = world_create(&(struct world_spec){ 0 });

    (void)state;
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    world_open(world, 0);
    world_forget(world);
    world->is_behind = true;
    world_run(world, 600000);
    world_expect(world, "");
    world->is_behind = false;
    world_run(world, 5000);
    world_expect(world, "status 0 STALE the venue did not answer\n"
                        "status 1 STALE the venue did not answer\n"
                        "status 0 SYNCING resync\n"
                        "status 1 SYNCING resync\n"
                        "> send 0 leave 0 BTC/USD ETH/USD\n");
    world_destroy(world);
}

static void heartbeat_that_may_wait_in_the_socket_is_waited_for(void **state)
{
    struct world *const world =
        both_live(&(struct world_spec){ .options = { { "beat_ms", "60000" } } });

    (void)state;
    world->is_behind = true;
    world_run(world, 100000);
    world_expect(world, "> send 0 beat\n");
    world->is_behind = false;
    world_run(world, 100);
    world_expect(world, "> close 0 the venue does not answer heartbeats\n");
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shed_book_is_left_and_says_why),
        cmocka_unit_test(what_still_comes_of_a_shed_book_is_ignored),
        cmocka_unit_test(shed_book_stays_so_on_the_next_connection),
        cmocka_unit_test(book_that_is_taken_up_again_is_subscribed),
        cmocka_unit_test(book_that_is_being_left_is_subscribed_afterwards),
        cmocka_unit_test(shedding_never_drops_the_connection),
        cmocka_unit_test(venue_that_does_not_confirm_the_leaving_is_not_blamed),
        cmocka_unit_test(newest_of_each_book_is_read),
        cmocka_unit_test(what_waits_is_taken_in_first),
        cmocka_unit_test(other_messages_are_read_at_once),
        cmocka_unit_test(what_is_held_goes_with_its_connection),
        cmocka_unit_test(what_is_held_goes_with_its_book),
        cmocka_unit_test(nothing_is_overtaken_when_skipping_ends),
        cmocka_unit_test(hundred_are_asked_for_at_once),
        cmocka_unit_test(more_are_asked_for_as_they_are_served),
        cmocka_unit_test(nothing_is_asked_for_while_the_host_is_behind),
        cmocka_unit_test(answer_that_may_wait_in_the_socket_is_waited_for),
        cmocka_unit_test(heartbeat_that_may_wait_in_the_socket_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
