/* Who closes what a dead run left open, and what nobody opens meanwhile. Times are in ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "kafka/claim_table.h"
#include "kafka/claims.h"
#include "stderr_capture.h"

enum { OURS = 50, ELDER = 20, YOUNGER = 90, PLACES = ARB_OPPORTUNITIES_MAX, NAMES = 600 };

struct world {
    struct tenure tenure, other_tenure;
    struct claims *claims;
    struct stderr_capture capture;
};

static void make_claims(struct world *world, bool has_group)
{
    const struct claims_strategy strategies[] = {
        { .name = "other", .tenure = &world->other_tenure, .has_group = has_group },
        { .name = "cross", .tenure = &world->tenure, .has_group = has_group },
    };

    claims_destroy(world->claims);
    world->claims = claims_create(strategies, 2, "here/1");
    assert_non_null(world->claims);
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    tenure_begin(&world->tenure, OURS);
    tenure_begin(&world->other_tenure, OURS + 1);
    make_claims(world, true);
    stderr_capture_begin(&world->capture);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    (void)stderr_capture_end(&world->capture);
    claims_destroy(world->claims);
    free(world);
    return 0;
}

static void hear_of(struct world *world, const char *strategy, const char *host, uint64_t session,
                    int64_t ms)
{
    struct wire_event word = {
        .event = { .kind = EVENT_ALIVE, .session = session, .mono_ns = ms * NS_PER_MS },
        .alive = { .is_of_strategy = true }
    };

    (void)strcpy(word.venue.name, strategy); /* fits */
    (void)strcpy(word.alive.host, host);
    claims_hear(world->claims, &word, ms * NS_PER_MS);
}

static void hear_from(struct world *world, const char *host, uint64_t session, int64_t ms)
{
    hear_of(world, "cross", host, session, ms);
}

static void hear(struct world *world, uint64_t session, int64_t ms)
{
    hear_from(world, session == OURS ? "here/1" : "there/2", session, ms);
}

/* Words of ours alone, once a second. */
static void live(struct world *world, int64_t from_ms, int64_t to_ms)
{
    for (int64_t ms = from_ms; ms <= to_ms; ms += 1000) {
        hear(world, OURS, ms);
        (void)claims_next_dead(world->claims, ms * NS_PER_MS);
    }
}

static struct opportunity make(uint64_t session, uint64_t id, const char *symbol, uint32_t event)
{
    struct opportunity o = { .session = session,
                             .terms = { .event = event, .id = id, .n_legs = 2 } };

    (void)strcpy(o.strategy, "cross");
    for (unsigned i = 0; i < 2; i++) {
        o.terms.legs[i].side = i == 0 ? ARB_BUY : ARB_SELL;
        (void)strcpy(o.legs[i].info.symbol, symbol);
        (void)strcpy(o.legs[i].venue, i == 0 ? "a" : "b");
    }
    return o;
}

static void take(struct world *world, uint64_t session, uint64_t id, uint32_t event)
{
    const struct opportunity o = make(session, id, "BTC/USD", event);

    claims_take(world->claims, &o, 0);
}

/* The id of what is closed at this time, or 0. */
static uint64_t close_next(struct world *world, int64_t ms)
{
    const struct opportunity *const dead = claims_next_dead(world->claims, ms * NS_PER_MS);
    const uint64_t id = dead == NULL ? 0 : dead->terms.id;

    if (dead != NULL) {
        claims_closed(world->claims, dead, ms * NS_PER_MS);
    }
    return id;
}

static bool is_taken(struct world *world, const char *symbol, int64_t ms)
{
    const struct opportunity o = make(OURS, 99, symbol, ARB_OPPORTUNITY_OPEN);
    return claims_is_taken(world->claims, &o, ms * NS_PER_MS);
}

static void what_the_dead_left_is_closed_once(void **state)
{
    struct world *const world = *state;

    hear(world, ELDER, 0);
    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    take(world, ELDER, 8, ARB_OPPORTUNITY_OPEN);
    take(world, ELDER, 8, ARB_OPPORTUNITY_CLOSE);
    take(world, OURS, 7, ARB_OPPORTUNITY_OPEN); /* for ourselves to close */
    live(world, 0, 4000);
    assert_int_equal(close_next(world, 4400), 0); /* dead, and not yet surely nobody else's */
    live(world, 5000, 5000);
    assert_int_equal(close_next(world, 5100), 7);
    assert_int_equal(close_next(world, 5100), 0);
}

static void another_one_closes_before_us(void **state)
{
    struct world *const world = *state;

    take(world, YOUNGER, 7, ARB_OPPORTUNITY_OPEN);
    for (int64_t ms = 0; ms <= 9000; ms += 1000) {
        hear(world, ELDER, ms);
        hear(world, OURS, ms);
        assert_int_equal(close_next(world, ms), 0);
    }
    hear(world, OURS, 10000);
    hear(world, OURS, 12000);
    assert_int_equal(close_next(world, 12600), 0); /* now it is ours, */
    hear(world, OURS, 13000);
    assert_int_equal(close_next(world, 13700), 7); /* but what it wrote may not be read yet */
}

static void whoever_hears_nothing_closes_nothing(void **state)
{
    struct world *const world = *state;

    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    live(world, 0, 2000);
    assert_int_equal(close_next(world, 60000), 0);
    live(world, 60000, 63000); /* and waits until the others could have been heard */
    assert_int_equal(close_next(world, 63400), 0);
    live(world, 64000, 65000);
    assert_int_equal(close_next(world, 65000), 7);
}

/* Its words are in another partition. */
static void who_hears_another_strategy_does_not_know_of_this_one(void **state)
{
    struct world *const world = *state;

    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    for (int64_t ms = 5000; ms <= 20000; ms += 1000) {
        hear_of(world, "other", "here/1", OURS + 1, ms);
        assert_int_equal(close_next(world, ms), 0);
        assert_true(is_taken(world, "ETH/USD", ms));
    }
    live(world, 20000, 24000);
    assert_int_equal(close_next(world, 24400), 0);
    live(world, 25000, 26000);
    assert_int_equal(close_next(world, 26000), 7);
}

static void a_run_of_ours_that_is_over_is_like_any_other(void **state)
{
    struct world *const world = *state;

    take(world, OURS, 7, ARB_OPPORTUNITY_OPEN);
    live(world, 0, 5000);
    assert_int_equal(close_next(world, 5000), 0);
    tenure_begin(&world->tenure, YOUNGER);
    for (int64_t ms = 6000; ms <= 9000; ms += 1000) {
        hear_from(world, "here/1", YOUNGER, ms);
        assert_int_equal(close_next(world, ms), 0);
    }
    hear_from(world, "here/1", YOUNGER, 10000);
    assert_int_equal(close_next(world, 10100), 7);
    assert_null(strstr(stderr_capture_end(&world->capture), "is run by"));
    stderr_capture_begin(&world->capture);
}

static void echoes_tell_the_tenure(void **state)
{
    struct world *const world = *state;

    hear(world, ELDER, 500);
    assert_false(tenure_is_over(&world->tenure, 0, 9000 * NS_PER_MS)); /* nothing came back yet */
    hear(world, OURS, 1000);
    assert_false(tenure_is_over(&world->tenure, 0, 3900 * NS_PER_MS));
    assert_true(tenure_is_over(&world->tenure, 0, 4000 * NS_PER_MS));
}

static void nobody_opens_what_another_has_open(void **state)
{
    struct world *const world = *state;

    live(world, 1000, 3000);
    hear(world, ELDER, 3000);
    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    take(world, OURS, 8, ARB_OPPORTUNITY_OPEN);
    assert_true(is_taken(world, "BTC/USD", 3100));
    assert_false(is_taken(world, "ETH/USD", 3100));
    live(world, 4000, 18000);
    assert_true(is_taken(world, "BTC/USD", 18000));
    assert_false(is_taken(world, "BTC/USD", 18200)); /* whoever had to close it never will */
    live(world, 19000, 19000);
    take(world, ELDER, 9, ARB_OPPORTUNITY_OPEN);
    assert_true(is_taken(world, "BTC/USD", 19000));
    take(world, ELDER, 9, ARB_OPPORTUNITY_CLOSE);
    assert_false(is_taken(world, "BTC/USD", 19000));
}

/* What was said of it stands in another ring than what is opened next, and may be written later. */
static void what_we_close_is_taken_until_that_has_come_back(void **state)
{
    struct world *const world = *state;

    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    live(world, 1000, 6000);
    assert_int_equal(close_next(world, 6000), 7);
    assert_true(is_taken(world, "BTC/USD", 6100));
    take(world, ELDER, 7, ARB_OPPORTUNITY_CLOSE);
    assert_false(is_taken(world, "BTC/USD", 6200));
}

static void an_end_that_never_comes_back_is_said_again(void **state)
{
    struct world *const world = *state;

    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    live(world, 1000, 6000);
    assert_int_equal(close_next(world, 6000), 7);
    live(world, 7000, 40000);
    assert_int_equal(close_next(world, 40900), 0);
    live(world, 41000, 41000);
    assert_int_equal(close_next(world, 41000), 7);
    assert_int_equal(close_next(world, 41000), 0);
}

/* Of a run that was cut off: it was under way when another one closed it. */
static void what_comes_behind_the_end_is_not_closed_again(void **state)
{
    struct world *const world = *state;

    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    take(world, ELDER, 7, ARB_OPPORTUNITY_CLOSE);
    take(world, ELDER, 7, ARB_OPPORTUNITY_UPDATE);
    live(world, 1000, 9000);
    assert_int_equal(close_next(world, 9000), 0);
    assert_false(is_taken(world, "BTC/USD", 9000));
    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN); /* what begins is to end */
    live(world, 10000, 12000);
    assert_int_equal(close_next(world, 12000), 7);
}

/* It does not know yet what the others have open. */
static void who_has_just_come_to_a_group_opens_nothing(void **state)
{
    struct world *const world = *state;

    assert_true(is_taken(world, "BTC/USD", 8000));
    hear(world, OURS, 8100);
    assert_true(is_taken(world, "BTC/USD", 9000));
    assert_false(is_taken(world, "BTC/USD", 9100));
    make_claims(world, false);
    assert_false(is_taken(world, "BTC/USD", 8000));
}

/* --- as many as there can be --- */

static struct opportunity make_at(uint64_t session, unsigned place, uint32_t event)
{
    char symbol[ARB_SYMBOL_MAX];

    (void)snprintf(symbol, sizeof(symbol), "C%u/USD", place);
    return make(session, place + 1, symbol, event);
}

static void take_at(struct world *world, unsigned place, uint32_t event)
{
    const struct opportunity o = make_at(ELDER, place, event);
    claims_take(world->claims, &o, 0);
}

static unsigned count_taken(struct world *world, int64_t ms)
{
    unsigned n = 0;

    for (unsigned i = 0; i < PLACES; i++) {
        const struct opportunity o = make_at(OURS, i, ARB_OPPORTUNITY_OPEN);
        n += claims_is_taken(world->claims, &o, ms * NS_PER_MS);
    }
    return n;
}

static void all_that_one_can_have_open_is_taken_over_at_once(void **state)
{
    struct world *const world = *state;
    static unsigned n_closed[PLACES + 1];

    for (unsigned i = 0; i < PLACES; i++) {
        take_at(world, i, ARB_OPPORTUNITY_OPEN);
        take_at(world, i, ARB_OPPORTUNITY_UPDATE);
    }
    live(world, 1000, 6000);
    assert_int_equal(count_taken(world, 6000), PLACES);
    for (uint64_t id; (id = close_next(world, 6000)) != 0;) {
        n_closed[id]++;
    }
    for (unsigned i = 0; i < PLACES; i++) {
        assert_int_equal(n_closed[i + 1], 1);
    }
    assert_int_equal(count_taken(world, 6100), PLACES);
    for (unsigned i = 0; i < PLACES; i++) {
        take_at(world, i, ARB_OPPORTUNITY_CLOSE);
        take_at(world, i, ARB_OPPORTUNITY_UPDATE); /* late */
    }
    assert_int_equal(count_taken(world, 6200), 0);
    live(world, 7000, 9000);
    assert_int_equal(close_next(world, 9000), 0);
}

static void what_is_beyond_the_room_is_counted_and_said(void **state)
{
    struct world *const world = *state;

    for (unsigned i = 0; i < CLAIMS_MAX + 2; i++) {
        take_at(world, i, ARB_OPPORTUNITY_OPEN);
    }
    assert_int_equal(claims_left_out(world->claims), 2);
    take_at(world, 0, ARB_OPPORTUNITY_UPDATE); /* is there already */
    take_at(world, 0, ARB_OPPORTUNITY_CLOSE);
    take_at(world, CLAIMS_MAX, ARB_OPPORTUNITY_UPDATE);
    assert_int_equal(claims_left_out(world->claims), 2);
    assert_non_null(strstr(stderr_capture_end(&world->capture),
                           "65536 opportunities are open in all, and there is room for 65536"));
    stderr_capture_begin(&world->capture);
}

/* Whether the table gives exactly what is open there. */
static void expect_at(struct claim_table *table, const bool *is_open, unsigned place)
{
    struct opportunity o = make_at(0, place, ARB_OPPORTUNITY_OPEN);
    unsigned n = 0, n_open = 0;

    for (struct claim *i = NULL; (i = claim_table_next_at(table, 1, &o, i)) != NULL;) {
        n += opportunity_is_same_place(i->last, &o);
    }
    for (unsigned session = 1; session <= 3; session++) {
        o.session = session;
        assert_int_equal(claim_table_find(table, &o) != NULL, is_open[place * 4 + session]);
        n_open += is_open[place * 4 + session];
    }
    assert_int_equal(n, n_open);
}

/* Against a plain list: three runs that have the same open. */
static void any_order_of_openings_is_found(void **state)
{
    struct claim_table *const table = calloc(1, sizeof(*table));
    struct chance chance = chance_init("claims", 7);
    static bool is_open[NAMES * 4];

    (void)state;
    assert_non_null(table);
    for (unsigned i = 0; i < 60000; i++) {
        const unsigned place = chance_below(&chance, NAMES);
        const unsigned session = 1 + chance_below(&chance, 3);
        const struct opportunity o = make_at(session, place, ARB_OPPORTUNITY_OPEN);
        struct claim *const claim = claim_table_find(table, &o);
        bool *const is_there = &is_open[place * 4 + session];
        if (chance_below(&chance, 2) == 0) {
            assert_non_null(claim_table_put(table, 1, &o));
            *is_there = true;
        } else if (claim != NULL) {
            claim_table_remove(table, claim);
            *is_there = false;
        }
        expect_at(table, is_open, place);
    }
    claim_table_fini(table);
    free(table);
}

/* Of a cycle all legs count. */
static void other_legs_are_another_opportunity(void **state)
{
    struct world *const world = *state;
    struct opportunity o = make(ELDER, 7, "BTC/USD", ARB_OPPORTUNITY_OPEN);

    o.terms.n_legs = 3;
    o.terms.legs[2].side = ARB_SELL;
    (void)strcpy(o.legs[2].info.symbol, "ETH/USD");
    (void)strcpy(o.legs[2].venue, "c");
    live(world, 1000, 3000);
    hear(world, ELDER, 3000);
    claims_take(world->claims, &o, 0);
    assert_true(claims_is_taken(world->claims, &o, 3100 * NS_PER_MS));
    struct opportunity other = o;
    (void)strcpy(other.legs[2].venue, "d");
    assert_false(claims_is_taken(world->claims, &other, 3100 * NS_PER_MS));
    other = o;
    (void)strcpy(other.legs[2].info.symbol, "LTC/USD");
    assert_false(claims_is_taken(world->claims, &other, 3100 * NS_PER_MS));
    other = o;
    other.terms.legs[2].side = ARB_BUY;
    assert_false(claims_is_taken(world->claims, &other, 3100 * NS_PER_MS));
    other = o;
    other.terms.n_legs = 2;
    assert_false(claims_is_taken(world->claims, &other, 3100 * NS_PER_MS));
}

/* It was stopped: others of the group may have opened it, and that is not read yet. */
static void who_does_not_hear_itself_opens_nothing(void **state)
{
    struct world *const world = *state;

    hear(world, OURS, 1000);
    assert_false(is_taken(world, "BTC/USD", 3000));
    assert_true(is_taken(world, "BTC/USD", 3001));
    hear(world, OURS, 3002);
    assert_true(is_taken(world, "BTC/USD", 3003)); /* what others wrote may still come */
    hear(world, OURS, 4000);
    assert_true(is_taken(world, "BTC/USD", 4001));
    assert_false(is_taken(world, "BTC/USD", 4002));
    make_claims(world, false);
    hear(world, OURS, 1000);
    assert_false(is_taken(world, "BTC/USD", 9000));
}

static void without_a_group_each_has_its_own(void **state)
{
    struct world *const world = *state;

    make_claims(world, false);
    hear(world, ELDER, 1000);
    take(world, ELDER, 7, ARB_OPPORTUNITY_OPEN);
    assert_false(is_taken(world, "BTC/USD", 1100));
    assert_true(is_taken(world, "BTC/USD", 5000)); /* it is gone, and will be closed */
    assert_non_null(strstr(stderr_capture_end(&world->capture), "is run by there/2 too"));
    stderr_capture_begin(&world->capture);
}

#define CLAIMS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIMS_TEST(what_the_dead_left_is_closed_once),
        CLAIMS_TEST(another_one_closes_before_us),
        CLAIMS_TEST(whoever_hears_nothing_closes_nothing),
        CLAIMS_TEST(who_hears_another_strategy_does_not_know_of_this_one),
        CLAIMS_TEST(a_run_of_ours_that_is_over_is_like_any_other),
        CLAIMS_TEST(echoes_tell_the_tenure),
        CLAIMS_TEST(nobody_opens_what_another_has_open),
        CLAIMS_TEST(what_we_close_is_taken_until_that_has_come_back),
        CLAIMS_TEST(an_end_that_never_comes_back_is_said_again),
        CLAIMS_TEST(what_comes_behind_the_end_is_not_closed_again),
        CLAIMS_TEST(who_has_just_come_to_a_group_opens_nothing),
        CLAIMS_TEST(all_that_one_can_have_open_is_taken_over_at_once),
        CLAIMS_TEST(what_is_beyond_the_room_is_counted_and_said),
        cmocka_unit_test(any_order_of_openings_is_found),
        CLAIMS_TEST(other_legs_are_another_opportunity),
        CLAIMS_TEST(who_does_not_hear_itself_opens_nothing),
        CLAIMS_TEST(without_a_group_each_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
