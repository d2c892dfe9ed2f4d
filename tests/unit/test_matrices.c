/*
 * When matrices are due, and what is in them. A matrix is shown as text: "BTC/USD t=5 of 1:", then
 * for each venue its state, prices and quantities, proof, age and fee.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "feed_stub.h"
#include "strategy/matrices.h"

enum { EVERY_MS = 500, TEXT_MAX = 4096, INSTRUMENTS = 3 };

static const struct arb_venue venues[] = { { .name = "askinc", .taker_fee_ppm = 2600 },
                                           { .name = "bidex", .taker_fee_ppm = -50 },
                                           { .name = "never", .taker_fee_ppm = 1 } };

struct world {
    struct market *market;
    struct matrices matrices;
    struct feed_stub a, b, other;
    char text[TEXT_MAX];
};

static int64_t at(int64_t ms)
{
    return 100 * NS_PER_S + ms * NS_PER_MS;
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));
    const struct market_config config = { .venues = venues, .n_venues = 3, .who = "strategy=t" };

    assert_non_null(world);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    assert_int_equal(ARB_OK, matrices_init(&world->matrices, EVERY_MS * NS_PER_MS, 3));
    feed_stub_init(&world->a, "askinc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    feed_stub_init(&world->other, "bidex", "ETH/USD");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    feed_stub_fini(&world->other);
    matrices_fini(&world->matrices);
    market_destroy(world->market);
    free(world);
    return 0;
}

/* As the runner does it; whoever says something is alive. */
static void tell(struct world *world, struct event event, int64_t ms)
{
    const struct event word = { .kind = EVENT_ALIVE,
                                .venue = event.venue,
                                .session = event.session,
                                .seq = 1,
                                .mono_ns = at(ms),
                                .boot = 1,
                                .reason = "" };
    struct arb_market changed;

    if (event.kind != EVENT_LOST) {
        market_apply(world->market, &word, at(ms));
    }
    market_apply(world->market, &event, at(ms));
    while (market_changed(world->market, &changed)) {
        matrices_see(&world->matrices, &changed, at(ms));
    }
}

static void add_level(struct arb_text *out, char side, const struct arb_level *level)
{
    arb_text_add(out, " %c=%lldx%lld", side, (long long)level->px, (long long)level->qty);
}

static void add_matrix(struct arb_text *out, const struct matrix *matrix)
{
    arb_text_add(out, "%s t=%lld of %u:", matrix->info.symbol,
                 (long long)(matrix->made_ns / NS_PER_MS), matrix->n_instruments);
    for (uint32_t i = 0; i < matrix->n_venues; i++) {
        const struct matrix_venue *const venue = &matrix->venues[i];
        arb_text_add(out, " %s %llu#%llu %s %s", venue->name, (unsigned long long)venue->session,
                     (unsigned long long)venue->seq, book_state_name(venue->state),
                     trading_name(venue->trading));
        add_level(out, 'b', &venue->bid);
        add_level(out, 'a', &venue->ask);
        arb_text_add(out, " %s %lld %lld;", verified_name(venue->verified),
                     (long long)(venue->age_ns < 0 ? -1 : venue->age_ns / NS_PER_MS),
                     (long long)venue->fee_ppm);
    }
    arb_text_add(out, "\n");
}

/* All that are due, as text. */
static const char *due(struct world *world, int64_t ms)
{
    struct arb_text out = arb_text_over(world->text, sizeof(world->text));
    const struct moment now = { .mono_ns = at(ms), .utc_ns = ms * NS_PER_MS };
    struct matrix matrix;
    uint32_t instrument;

    while (matrices_next(&world->matrices, now.mono_ns, &instrument)) {
        if (matrices_make(&world->matrices, world->market, instrument, now, &matrix)) {
            add_matrix(&out, &matrix);
        }
    }
    return world->text;
}

static bool is_due(struct world *world, int64_t ms)
{
    return due(world, ms)[0] != '\0';
}

static void a_matrix_has_all_venues_that_are_heard_of(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    tell(world, feed_stub_quote(&world->b, 103, 104), 0);
    assert_string_equal(due(world, 0),
                        "BTC/USD t=0 of 1: askinc 1#1 LIVE open b=100x1 a=101x1 verified 0 2600; "
                        "bidex 1#1 LIVE open b=103x1 a=104x1 verified 0 -50;\n");
}

static void the_first_one_is_due_at_once(void **state)
{
    struct world *const world = *state;

    assert_int_equal(matrices_due_ns(&world->matrices), NEVER_NS);
    assert_false(is_due(world, 1000000));
    tell(world, feed_stub_quote(&world->a, 100, 101), 7);
    assert_int_equal(matrices_due_ns(&world->matrices), at(7));
    assert_false(is_due(world, 6));
    assert_true(is_due(world, 7));
    assert_false(is_due(world, 7));
}

static void a_change_waits_for_its_time(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    tell(world, feed_stub_set_bid(&world->a, 99, 1), 1); /* behind the best */
    assert_int_equal(matrices_due_ns(&world->matrices), at(10000));
    tell(world, feed_stub_set_bid(&world->a, 100, 2), 2);
    assert_int_equal(matrices_due_ns(&world->matrices), at(EVERY_MS));
    tell(world, feed_stub_set_bid(&world->a, 100, 3), 3);
    assert_false(is_due(world, EVERY_MS - 1));
    assert_string_equal(due(world, EVERY_MS), /* with what was behind it, too */
                        "BTC/USD t=500 of 1: askinc 1#4 LIVE open b=100x3 a=101x1 verified 497 "
                        "2600;\n");
}

static void a_change_after_that_time_is_due_at_once(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    tell(world, feed_stub_set_bid(&world->a, 100, 2), EVERY_MS);
    assert_true(is_due(world, EVERY_MS));
    tell(world, feed_stub_set_bid(&world->a, 100, 3), 2 * EVERY_MS + 1);
    assert_true(is_due(world, 2 * EVERY_MS + 1));
}

static struct event with(struct event event, uint8_t trading, uint8_t verified)
{
    event.trading = trading;
    event.verified = verified;
    return event;
}

/* Each of these alone is one. */
static void what_is_a_change(void **state)
{
    struct world *const world = *state;
    int64_t ms = 0;

    tell(world, feed_stub_quote(&world->a, 100, 101), ms);
    assert_true(is_due(world, ms));
    tell(world, feed_stub_quote(&world->a, 100, 101), ms += EVERY_MS); /* said once more */
    assert_false(is_due(world, ms));
    tell(world, feed_stub_quote(&world->a, 100, 102), ms += EVERY_MS);
    assert_true(is_due(world, ms));
    tell(world, feed_stub_quote(&world->a, 99, 102), ms += EVERY_MS);
    assert_true(is_due(world, ms));
    tell(world, feed_stub_set_bid(&world->a, 99, 5), ms += EVERY_MS);
    assert_true(is_due(world, ms));
    tell(world, with(feed_stub_set_bid(&world->a, 99, 5), ARB_TRADING_HALTED, ARB_VERIFIED),
         ms += EVERY_MS);
    assert_true(is_due(world, ms));
    tell(world, with(feed_stub_set_bid(&world->a, 99, 5), ARB_TRADING_HALTED, ARB_SUSPECT),
         ms += EVERY_MS);
    assert_true(is_due(world, ms));
    tell(world, feed_stub_quote(&world->b, 1, 2), ms += EVERY_MS); /* of another venue */
    assert_true(is_due(world, ms));
}

static void a_quiet_one_is_said_again(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    assert_false(is_due(world, 9999));
    assert_true(is_due(world, 10000));
    assert_false(is_due(world, 19999));
    assert_true(is_due(world, 20000));
}

static void a_book_that_is_not_live_has_no_price(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    struct event down = feed_stub_event(&world->a, EVENT_STATUS);
    down.state = ARB_BOOK_STALE;
    down.verified = ARB_SUSPECT;
    tell(world, down, EVERY_MS);
    assert_string_equal(due(world, EVERY_MS),
                        "BTC/USD t=500 of 1: askinc 1#2 STALE open b=0x0 a=0x0 suspect 0 2600;\n");
}

/* Its host is silent, and the book itself says nothing of it. */
static void a_host_that_is_silent_has_no_prices(void **state)
{
    struct world *const world = *state;
    struct arb_market changed;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    (void)market_on_time(world->market, at(60000));
    while (market_changed(world->market, &changed)) {
        matrices_see(&world->matrices, &changed, at(5000));
    }
    assert_string_equal(
        due(world, 5000),
        "BTC/USD t=5000 of 1: askinc 1#1 STALE open b=0x0 a=0x0 suspect -1 2600;\n");
}

static void a_side_without_levels_has_no_price(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    tell(world, feed_stub_set_bid(&world->a, 100, 0), EVERY_MS);
    assert_string_equal(
        due(world, EVERY_MS),
        "BTC/USD t=500 of 1: askinc 1#2 LIVE open b=0x0 a=101x1 verified 0 2600;\n");
}

/* Of a group: another member hears of them from now on. */
static void what_is_not_heard_of_any_more_is_left_to_others(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    tell(world, feed_stub_quote(&world->other, 5, 6), 0);
    assert_true(is_due(world, 0));
    tell(world, (struct event){ .kind = EVENT_LOST, .partition = 0 }, EVERY_MS);
    assert_string_equal(due(world, EVERY_MS), "");
    assert_false(is_due(world, 60000));
    assert_int_equal(matrices_due_ns(&world->matrices), NEVER_NS);
    tell(world, feed_stub_quote(&world->other, 5, 6), 60000); /* and is ours again */
    assert_string_equal(due(world, 60000),
                        "ETH/USD t=60000 of 1: bidex 1#2 LIVE open b=5x1 a=6x1 verified 0 -50;\n");
}

static void the_one_that_waits_longest_comes_first(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    tell(world, feed_stub_quote(&world->other, 5, 6), 1);
    assert_string_equal(due(world, 1),
                        "BTC/USD t=1 of 1: askinc 1#1 LIVE open b=100x1 a=101x1 verified 1 2600;\n"
                        "ETH/USD t=1 of 2: bidex 1#1 LIVE open b=5x1 a=6x1 verified 0 -50;\n");
    tell(world, feed_stub_set_bid(&world->other, 5, 2), 600);
    tell(world, feed_stub_set_bid(&world->a, 100, 2), 700);
    uint32_t instrument = 9;
    assert_true(matrices_next(&world->matrices, at(800), &instrument));
    assert_int_equal(instrument, 0); /* both were due at 501 */
}

static void what_was_put_off_comes_when_it_may(void **state)
{
    struct world *const world = *state;

    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_true(is_due(world, 0));
    matrices_put_off(&world->matrices, 0);
    assert_false(is_due(world, EVERY_MS - 1));
    assert_true(is_due(world, EVERY_MS));
    assert_false(is_due(world, 2 * EVERY_MS));
}

static void without_a_time_none_are_made(void **state)
{
    struct world *const world = *state;
    uint32_t instrument;

    matrices_fini(&world->matrices);
    assert_int_equal(matrices_init(&world->matrices, 0, 3), ARB_OK);
    tell(world, feed_stub_quote(&world->a, 100, 101), 0);
    assert_false(matrices_next(&world->matrices, at(0), &instrument));
    assert_int_equal(matrices_due_ns(&world->matrices), NEVER_NS);
}

int main(void)
{
#define MATRICES_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MATRICES_TEST(a_matrix_has_all_venues_that_are_heard_of),
        MATRICES_TEST(the_first_one_is_due_at_once),
        MATRICES_TEST(a_change_waits_for_its_time),
        MATRICES_TEST(a_change_after_that_time_is_due_at_once),
        MATRICES_TEST(what_is_a_change),
        MATRICES_TEST(a_quiet_one_is_said_again),
        MATRICES_TEST(a_book_that_is_not_live_has_no_price),
        MATRICES_TEST(a_host_that_is_silent_has_no_prices),
        MATRICES_TEST(a_side_without_levels_has_no_price),
        MATRICES_TEST(what_is_not_heard_of_any_more_is_left_to_others),
        MATRICES_TEST(the_one_that_waits_longest_comes_first),
        MATRICES_TEST(what_was_put_off_comes_when_it_may),
        MATRICES_TEST(without_a_time_none_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
