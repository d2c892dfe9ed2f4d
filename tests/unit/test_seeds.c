#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"

enum { MARKETS = 1000, ANSWER_MS = 200, STEP_MS = 20, REFUSED_MS = 600000, VENUE_BUDGET = 10000 };

static const struct world_spec thousand = { .options = { { "source", "http" },
                                                         { "http_at_once", "16" },
                                                         { "http_per_10min", "10000" },
                                                         { "per_request", "100" } },
                                            .n_made = MARKETS };

static void first_deltas(struct world *world)
{
    char text[64];

    for (unsigned i = 0; i < MARKETS; i++) {
        (void)snprintf(text, sizeof(text), "delta %u 11 b91x1", i);
        world_say(world, text);
        world_forget(world);
    }
}

/* Time passes; each request is answered when it is ANSWER_MS old. Returns when all books live. */
static int64_t run_venue(struct world *world, int64_t ms, int status)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += STEP_MS) {
        while (world->n_requests > 0 &&
               world->now.mono_ns - world->request_ns[0] >= ANSWER_MS * NS_PER_MS) {
            world_answer(world, status, status == 200 ? "snap % 11 b80x1 a101x1" : "");
        }
        if (session_count_in_state(world->session, ARB_BOOK_LIVE) == MARKETS) {
            return at_ms;
        }
        world_wait(world, STEP_MS);
        world_forget(world);
    }
    return ms;
}

/* Refused for ten minutes: requests stay within the venue's budget, and all recover in a minute. */
static void refused_then_recovers(int status, const char *name)
{
    struct world *const world = world_connected(&thousand);

    first_deltas(world);
    (void)run_venue(world, REFUSED_MS, status);
    const uint32_t n_refused = world->n_fetched;
    assert_int_equal(0, session_count_in_state(world->session, ARB_BOOK_LIVE));
    const int64_t recovered_ms = run_venue(world, 120000, 200);
    print_message("%s for 10 minutes, %d markets: %u requests (budget %d); all recovered after "
                  "%" PRId64 " ms\n",
                  name, MARKETS, n_refused, VENUE_BUDGET, recovered_ms);
    assert_in_range(n_refused, 1, VENUE_BUDGET - 1);
    assert_int_equal(MARKETS, session_count_in_state(world->session, ARB_BOOK_LIVE));
    assert_in_range(recovered_ms, 1, 60000);
    world_destroy(world);
}

static void test_thousand_refused_as_too_many(void **state)
{
    (void)state;
    refused_then_recovers(429, "HTTP 429");
}

static void test_thousand_failed(void **state)
{
    (void)state;
    refused_then_recovers(500, "HTTP 500");
}

/* -- an answer that comes too late ------------------------------------------------------ */

/* Each message is a whole book; until the first one a book by HTTP is asked for. */
static const struct world_spec each = {
    .options = { { "source", "each" }, { "loss", "stateless" }, { "seam", "time" } },
    .symbols = { "BTC/USD" }
};

static struct world *world_with_a_seed_under_way(void)
{
    struct world *const world = world_connected(&each);

    world_say(world, "answered 0 0 subscribed -");
    world_run(world, 5000);
    world_expect(world, "> get https://fake/snap/BTC/USD\n");
    return world;
}

static void test_answer_to_a_book_that_is_served_is_taken(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=7");
    world_expect(world, "snapshot 0 LIVE b100x1 a101x1\n");
    world_destroy(world);
}

/* Nothing would tell of its changes. */
static void test_answer_without_the_connection_is_not_taken(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_close(world, 0, "gone");
    world_expect(world, "status 0 STALE gone\n");
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=7");
    world_expect(world, "");
    world_open(world, 0);
    world_say(world, "answered 0 0 subscribed -");
    world_run(world, 5000);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n"
                        "> get https://fake/snap/BTC/USD\n");
    world_destroy(world);
}

static void test_answer_on_a_connection_being_dropped_is_not_taken(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_say(world, "close 0 enough");
    world_forget(world);
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=7");
    world_expect(world, "");
    world_destroy(world);
}

static void test_answer_after_the_venue_ended_the_subscription_is_not_taken(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_say(world, "answered 0 0 left -");
    world_forget(world);
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=7");
    world_expect(world, "");
    world_destroy(world);
}

/* As good as none: without a pause it would be asked for again at once, and for ever. */
static void test_answer_without_a_snapshot_counts_as_none(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_answer(world, 200, "");
    world_run(world, 999);
    world_expect(world, "");
    world_run(world, 3001);
    world_expect(world, "> get https://fake/snap/BTC/USD\n");
    world_destroy(world);
}

static void test_later_for_nobody_in_an_answer_pauses_requests(void **state)
{
    struct world *const world = world_with_a_seed_under_way();

    (void)state;
    world_answer(world, 200, "answered - 0 later slow down");
    world_run(world, 999);
    world_expect(world, "");
    world_destroy(world);
}

/* The changes behind it would all look as if it had them. */
static void test_snapshot_dated_ahead_of_the_stream_is_refused(void **state)
{
    static const struct world_spec spec = {
        .options = { { "source", "http" }, { "loss", "none" }, { "seam", "time" } },
        .symbols = { "BTC/USD" }
    };
    struct world *const world = world_connected(&spec);

    (void)state;
    world_say(world, "answered 0 0 subscribed -");
    world_say(world, "delta 0 0 at=1000000000000 b100x1");
    world_say(world, "delta 0 0 at=1000000000001 b100x2");
    world_forget(world);
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=1010000000002");
    world_expect(world, "");
    world_run(world, 5000);
    world_expect(world, "> get https://fake/snap/BTC/USD\n");
    world_answer(world, 200, "snap % 0 b100x1 a101x1 at=1010000000001");
    world_expect(world, "snapshot 0 LIVE unverifiable b100x1 a101x1\n");
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_without_a_snapshot_counts_as_none),
        cmocka_unit_test(test_later_for_nobody_in_an_answer_pauses_requests),
        cmocka_unit_test(test_snapshot_dated_ahead_of_the_stream_is_refused),
        cmocka_unit_test(test_thousand_refused_as_too_many),
        cmocka_unit_test(test_thousand_failed),
        cmocka_unit_test(test_answer_to_a_book_that_is_served_is_taken),
        cmocka_unit_test(test_answer_without_the_connection_is_not_taken),
        cmocka_unit_test(test_answer_on_a_connection_being_dropped_is_not_taken),
        cmocka_unit_test(test_answer_after_the_venue_ended_the_subscription_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
