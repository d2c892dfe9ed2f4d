/*
 * Nobody closes an opportunity twice: a run of a strategy that others may take for dead is over,
 * and what the strategy says of it later is said anew or not at all. What goes into the ring is
 * kept as text: runs are A, B, C in their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "chance.h"
#include "feed_stub.h"
#include "stderr_capture.h"
#include "strategy/delivery.h"

enum { RING_BYTES = 1 << 20, TEXT_MAX = 4096, RUNS_MAX = 8, IDS = 4000 };

static const char name[ARB_SYMBOL_MAX] = "t";
static const struct arb_venue venues[] = { { .name = "askinc" }, { .name = "bidex" } };

struct world {
    struct market *market;
    struct feed_stub a, b;
    struct ring ring;
    struct tenure tenure;
    struct delivery delivery;
    struct waiting waiting;
    uint64_t runs[RUNS_MAX];
    unsigned n_runs;
    struct stderr_capture capture;
    char text[TEXT_MAX];
};

static void show(struct world *world)
{
    const struct event quotes[] = { feed_stub_quote(&world->a, 100, 101),
                                    feed_stub_quote(&world->b, 103, 104) };
    struct arb_market market;

    for (unsigned i = 0; i < 2; i++) {
        market_apply(world->market, &quotes[i], NS_PER_S);
    }
    (void)market_changed(world->market, &market); /* so that there is an instrument */
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));
    const struct market_config config = { .venues = venues, .n_venues = 2, .who = "strategy=t" };

    assert_non_null(world);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    assert_int_equal(ARB_OK, ring_init(&world->ring, RING_BYTES, NULL));
    feed_stub_init(&world->a, "askinc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    show(world);
    tenure_begin(&world->tenure, 77);
    world->delivery = (struct delivery){ .who = "strategy=t",
                                         .strategy = name,
                                         .session = 77,
                                         .tenure = &world->tenure,
                                         .ring = &world->ring,
                                         .waiting = &world->waiting };
    stderr_capture_begin(&world->capture);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    (void)stderr_capture_end(&world->capture);
    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    ring_fini(&world->ring);
    market_destroy(world->market);
    free(world);
    return 0;
}

static struct moment at(int64_t ms)
{
    return (struct moment){ .mono_ns = NS_PER_S + ms * NS_PER_MS, .utc_ns = ms * NS_PER_MS };
}

static void say(struct world *world, uint32_t event, uint64_t id, int64_t ms)
{
    const struct arb_opportunity terms = {
        .size = sizeof(terms),
        .event = event,
        .id = id,
        .n_legs = 2,
        .legs = { { .venue = 0, .side = ARB_BUY }, { .venue = 1, .side = ARB_SELL } },
    };

    delivery_send(&world->delivery, world->market, &terms, BY_MARKET, at(ms));
}

static char letter_of(struct world *world, uint64_t session)
{
    unsigned i = 0;

    while (i < world->n_runs && world->runs[i] != session) {
        i++;
    }
    assert_true(i < RUNS_MAX);
    world->runs[i] = session;
    world->n_runs = i == world->n_runs ? i + 1 : world->n_runs;
    return (char)('A' + i);
}

/* Empties the ring. */
static const char *said(struct world *world)
{
    struct arb_text out = arb_text_over(world->text, sizeof(world->text));
    size_t len;

    for (const struct opportunity *o; (o = ring_peek(&world->ring, &len)) != NULL;) {
        const char run = letter_of(world, o->session);
        if (o->alive_ns != 0) {
            arb_text_add(&out, "%c%s ", run, o->ends ? " ends" : "");
        } else {
            arb_text_add(&out, "%c:%llu %s %llu ", run, (unsigned long long)o->seq,
                         opportunity_event_name(o->terms.event), (unsigned long long)o->terms.id);
        }
        ring_release(&world->ring);
    }
    return world->text;
}

/* Says that it runs, and hears it, so often as a thread would. */
static void live(struct world *world, int64_t from_ms, int64_t to_ms)
{
    for (int64_t ms = from_ms; ms < to_ms; ms += 100) {
        delivery_look(&world->delivery, world->market, at(ms));
        tenure_echo(&world->tenure, world->delivery.said_ns);
    }
}

static void a_run_that_is_heard_goes_on(void **state)
{
    struct world *const world = *state;

    live(world, 0, 2500);
    say(world, ARB_OPPORTUNITY_OPEN, 5, 2500);
    say(world, ARB_OPPORTUNITY_UPDATE, 5, 2600);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 2700);
    live(world, 2700, 3100);
    assert_string_equal(said(world), "A A A A:1 open 5 A:2 update 5 A:3 close 5 A ");
}

static void one_that_was_stopped_closes_nothing_of_before(void **state)
{
    struct world *const world = *state;

    live(world, 0, 100);
    say(world, ARB_OPPORTUNITY_OPEN, 5, 200);
    say(world, ARB_OPPORTUNITY_OPEN, 6, 200);
    say(world, ARB_OPPORTUNITY_OPEN, 7, 200);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 3500); /* the first that it does when it goes on */
    say(world, ARB_OPPORTUNITY_UPDATE, 6, 3500);
    say(world, ARB_OPPORTUNITY_CLOSE, 6, 3600);
    say(world, ARB_OPPORTUNITY_OPEN, 8, 3600);
    delivery_look(&world->delivery, world->market, at(3600));
    assert_string_equal(said(world), "A A:1 open 5 A:2 open 6 A:3 open 7 A ends "
                                     "B:1 open 6 B:2 close 6 B:3 open 8 B ");
    assert_int_equal(world->delivery.n, 6);
    assert_int_equal(tenure_session(&world->tenure), world->runs[1]);
    assert_non_null(strstr(stderr_capture_end(&world->capture), "goes on as a new run"));
    stderr_capture_begin(&world->capture);
}

static void one_that_is_not_heard_is_over_too(void **state)
{
    struct world *const world = *state;

    live(world, 0, 1100);
    say(world, ARB_OPPORTUNITY_OPEN, 5, 1100);
    for (int64_t ms = 1200; ms < 4000; ms += 100) { /* no word comes back */
        delivery_look(&world->delivery, world->market, at(ms));
    }
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 4050);
    assert_string_equal(said(world), "A A A:1 open 5 A A A ends ");
    delivery_look(&world->delivery, world->market, at(4100));
    for (int64_t ms = 4200; ms < 9000; ms += 100) { /* that nothing is heard is known */
        delivery_look(&world->delivery, world->market, at(ms));
    }
    assert_string_equal(said(world), "B B B B B ");
    assert_int_equal(world->delivery.n_over, 1);
}

/* --- what another run still has open --- */

static bool taken; /* by another run; whatever it is */

static bool is_taken(const void *host, const struct opportunity *opportunity)
{
    (void)host;
    assert_string_equal(opportunity_symbol(opportunity), "BTC/USD");
    assert_string_equal(opportunity->legs[0].venue, "askinc");
    assert_string_equal(opportunity->legs[1].venue, "bidex");
    return taken;
}

static void what_another_has_open_is_opened_later(void **state)
{
    struct world *const world = *state;

    world->delivery.is_taken = is_taken;
    taken = true;
    say(world, ARB_OPPORTUNITY_OPEN, 5, 0);
    say(world, ARB_OPPORTUNITY_UPDATE, 5, 100); /* still */
    say(world, ARB_OPPORTUNITY_OPEN, 6, 100);
    say(world, ARB_OPPORTUNITY_CLOSE, 6, 200); /* gone before it was open */
    say(world, ARB_OPPORTUNITY_OPEN, 7, 200);
    live(world, 200, 400);
    assert_string_equal(said(world), "A ");
    taken = false;
    say(world, ARB_OPPORTUNITY_UPDATE, 7, 400);
    live(world, 500, 600);
    say(world, ARB_OPPORTUNITY_UPDATE, 5, 600);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 600);
    say(world, ARB_OPPORTUNITY_CLOSE, 7, 600);
    assert_string_equal(said(world), "A:1 open 7 A:2 open 5 A:3 update 5 A:4 close 5 A:5 close 7 ");
    assert_int_equal(world->waiting.n, 0);
}

static uint64_t seq_of_first_leg(struct world *world)
{
    size_t len;

    for (const struct opportunity *o; (o = ring_peek(&world->ring, &len)) != NULL;) {
        const uint64_t seq = o->alive_ns != 0 ? 0 : o->legs[0].seq;
        ring_release(&world->ring);
        if (seq != 0) {
            return seq;
        }
    }
    return 0;
}

/* A change of the book that leaves the terms as they are tells the strategy nothing. */
static void what_is_opened_later_is_of_the_books_of_then(void **state)
{
    struct world *const world = *state;

    world->delivery.is_taken = is_taken;
    taken = true;
    say(world, ARB_OPPORTUNITY_OPEN, 5, 0);
    const struct event event = feed_stub_set_bid(&world->a, 99, 1);
    struct arb_market market;
    market_apply(world->market, &event, NS_PER_S);
    assert_true(market_changed(world->market, &market));
    taken = false;
    delivery_look(&world->delivery, world->market, at(100));
    assert_int_equal(seq_of_first_leg(world), event.seq);
}

static void more_than_can_wait_are_opened_at_once(void **state)
{
    struct world *const world = *state;

    world->delivery.is_taken = is_taken;
    taken = true;
    for (uint64_t id = 0; id < WAITING_MAX + 1; id++) {
        say(world, ARB_OPPORTUNITY_OPEN, id, 0);
    }
    assert_string_equal(said(world), "A:1 open 8192 ");
    assert_int_equal(world->waiting.n, WAITING_MAX);
    assert_int_equal(world->delivery.n_unheld, 1);
    assert_non_null(strstr(stderr_capture_end(&world->capture), "a further one is told at once"));
    stderr_capture_begin(&world->capture);
}

/* --- what the publisher has no room for --- */

/* Takes in what was said; `state_of[id]` counts the opens and closes of one. */
struct heard {
    unsigned opens[ARB_OPPORTUNITIES_MAX], closes[ARB_OPPORTUNITIES_MAX];
    uint64_t seq;
};

static unsigned hear_all(struct world *world, struct heard *heard)
{
    unsigned n = 0;
    size_t len;

    for (const struct opportunity *o; (o = ring_peek(&world->ring, &len)) != NULL; n++) {
        if (o->alive_ns == 0) {
            assert_int_equal(o->seq, ++heard->seq); /* nothing was lost */
            heard->opens[o->terms.id] += o->terms.event == ARB_OPPORTUNITY_OPEN;
            heard->closes[o->terms.id] += o->terms.event == ARB_OPPORTUNITY_CLOSE;
        }
        ring_release(&world->ring);
    }
    return n;
}

/* Until nothing is said any more; the strategy's thread looks every 10 ms. */
static int64_t hear_until_silent(struct world *world, struct heard *heard, int64_t ms)
{
    for (unsigned n_silent = 0; n_silent < 60; ms += 10) {
        world->delivery.said_ns = at(ms).mono_ns;
        delivery_look(&world->delivery, world->market, at(ms));
        n_silent = hear_all(world, heard) == 0 ? n_silent + 1 : 0;
    }
    return ms;
}

static void expect_each(const unsigned *counts, unsigned n)
{
    for (unsigned i = 0; i < ARB_OPPORTUNITIES_MAX; i++) {
        assert_int_equal(counts[i], n);
    }
}

static void say_of_all(struct world *world, uint32_t event, int64_t ms)
{
    for (uint64_t id = 0; id < ARB_OPPORTUNITIES_MAX; id++) {
        say(world, event, id, ms);
    }
}

/* More than the ring holds, and all of them wait for another run. */
static void all_that_can_be_open_is_taken_over(void **state)
{
    struct world *const world = *state;
    static struct heard heard;

    world->delivery.tenure = NULL;
    world->delivery.is_taken = is_taken;
    taken = true;
    say_of_all(world, ARB_OPPORTUNITY_OPEN, 0);
    say_of_all(world, ARB_OPPORTUNITY_UPDATE, 10);
    int64_t ms = hear_until_silent(world, &heard, 20);
    assert_int_equal(heard.seq, 0);
    taken = false;
    ms = hear_until_silent(world, &heard, ms);
    expect_each(heard.opens, 1);
    expect_each(heard.closes, 0);
    say_of_all(world, ARB_OPPORTUNITY_CLOSE, ms);
    (void)hear_until_silent(world, &heard, ms);
    expect_each(heard.opens, 1);
    expect_each(heard.closes, 1);
    assert_int_equal(world->delivery.dropped + world->delivery.n_unheld, 0);
    assert_int_equal(world->waiting.n, 0);
}

static void fill_ring(struct world *world)
{
    for (uint64_t id = 100; world->waiting.n == 0; id++) {
        say(world, ARB_OPPORTUNITY_OPEN, id, 0);
    }
}

static void what_has_no_room_waits_and_is_closed_before_it_is_opened(void **state)
{
    struct world *const world = *state;

    world->delivery.tenure = NULL;
    say(world, ARB_OPPORTUNITY_OPEN, 5, 0);
    say(world, ARB_OPPORTUNITY_OPEN, 6, 0);
    fill_ring(world);
    say(world, ARB_OPPORTUNITY_OPEN, 8, 10);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 10);
    say(world, ARB_OPPORTUNITY_CLOSE, 6, 10);
    say(world, ARB_OPPORTUNITY_OPEN, 6, 10); /* again, before anybody heard that it had ended */
    say(world, ARB_OPPORTUNITY_OPEN, 9, 10);
    say(world, ARB_OPPORTUNITY_CLOSE, 9, 10); /* nobody heard of it */
    assert_true(delivery_owes(&world->delivery, world->market, at(10)));
    static struct heard heard;
    (void)hear_all(world, &heard);
    say(world, ARB_OPPORTUNITY_OPEN, 10, 20); /* there is room, and something is to be closed */
    assert_false(delivery_owes(&world->delivery, world->market, at(20)));
    assert_non_null(strstr(said(world), " close 5 "));
    heard.seq = world->delivery.seq;
    (void)hear_until_silent(world, &heard, 30);
    assert_int_equal(heard.opens[8], 1);
    assert_int_equal(heard.opens[9], 0);
    assert_int_equal(heard.opens[10], 1);
    assert_int_equal(heard.closes[6], 0);
}

/* Others close it as abandoned. */
static void what_waits_to_be_closed_ends_with_its_run(void **state)
{
    struct world *const world = *state;
    static struct heard heard;

    live(world, 0, 100);
    say(world, ARB_OPPORTUNITY_OPEN, 5, 100);
    fill_ring(world);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 200);
    (void)hear_all(world, &heard);
    delivery_look(&world->delivery, world->market, at(5000)); /* begins a new run */
    assert_null(strstr(said(world), "close 5"));
    assert_int_equal(world->waiting.n_closes, 0);
}

/* Against a plain list. */
static void any_order_of_waiting_is_kept(void **state)
{
    struct world *const world = *state;
    struct chance chance = chance_init("waiting", 7);
    static bool waits[IDS];
    unsigned n = 0;

    for (unsigned i = 0; i < 200000; i++) {
        const struct opportunity o = { .terms = { .id = chance_below(&chance, IDS) * 7919ULL } };
        bool *const is_there = &waits[o.terms.id / 7919];
        assert_int_equal(waiting_find(&world->waiting, o.terms.id) != NULL, *is_there);
        if (chance_below(&chance, 2) == 0) {
            assert_true(waiting_put(&world->waiting, &o));
            n += !*is_there;
            *is_there = true;
        } else {
            assert_int_equal(waiting_drop(&world->waiting, o.terms.id), *is_there);
            n -= *is_there;
            *is_there = false;
        }
        assert_int_equal(world->waiting.n, n);
    }
}

static void without_anybody_else_a_run_stays(void **state)
{
    struct world *const world = *state;

    world->delivery.tenure = NULL;
    delivery_look(&world->delivery, world->market, at(0));
    say(world, ARB_OPPORTUNITY_OPEN, 5, 100);
    say(world, ARB_OPPORTUNITY_CLOSE, 5, 90000);
    delivery_end(&world->delivery, at(90000));
    assert_string_equal(said(world), "A A:1 open 5 A:2 close 5 A ends ");
}

static uint32_t openings_say_id(struct openings *openings, uint64_t id, uint32_t event,
                                uint32_t run)
{
    const struct arb_opportunity terms = { .id = id, .event = event, .n_legs = 2 };
    struct opportunity_life life;

    return openings_say(openings, &terms, run, 0, &life);
}

/* Against a plain list: ids that come and go, in runs that end at random. */
static void any_order_of_ids_is_told_by_run(void **state)
{
    static struct openings openings;
    struct chance chance = chance_init("openings", 7);
    uint32_t opened_in[IDS] = { 0 }, run = 1;

    (void)state;
    for (unsigned i = 0; i < 400000; i++) {
        const unsigned id = chance_below(&chance, IDS);
        const uint32_t event = ARB_OPPORTUNITY_OPEN + chance_below(&chance, 3);
        const bool is_of_another = opened_in[id] != 0 && opened_in[id] != run;
        const uint32_t want = !is_of_another                   ? event
                              : event == ARB_OPPORTUNITY_CLOSE ? 0
                                                               : ARB_OPPORTUNITY_OPEN;
        assert_int_equal(openings_say_id(&openings, id, event, run), want);
        opened_in[id] = event == ARB_OPPORTUNITY_CLOSE ? 0 : run;
        run += chance_below(&chance, 5000) == 0 ? 1 : 0;
    }
}

static void more_than_can_be_kept_pass_as_they_are(void **state)
{
    static struct openings openings;

    (void)state;
    for (uint64_t id = 0; id < OPENINGS_MAX + 1; id++) {
        assert_int_equal(openings_say_id(&openings, id, ARB_OPPORTUNITY_OPEN, 1),
                         ARB_OPPORTUNITY_OPEN);
    }
    assert_int_equal(openings_say_id(&openings, OPENINGS_MAX, ARB_OPPORTUNITY_CLOSE, 2),
                     ARB_OPPORTUNITY_CLOSE);
    for (uint64_t id = 0; id < OPENINGS_MAX; id++) {
        assert_int_equal(openings_say_id(&openings, id, ARB_OPPORTUNITY_CLOSE, 2), 0);
    }
    assert_int_equal(openings.n, 0);
}

static void say_terms(struct openings *openings, uint32_t event, int64_t qty, int64_t net,
                      int64_t ms, struct opportunity_life *life)
{
    const struct arb_opportunity terms = {
        .id = 5, .event = event, .n_legs = 2, .legs = { { .qty = qty } }, .net = net
    };

    *life = (struct opportunity_life){ .is_known = false };
    assert_int_equal(openings_say(openings, &terms, 1, ms * NS_PER_MS, life), event);
    assert_int_equal(life->is_known, event == ARB_OPPORTUNITY_CLOSE);
}

/* 10 for 200 ms, 40 for 100 ms; the terms of the end are those of before. */
static void close_tells_how_long_it_was_and_how_good(void **state)
{
    static struct openings openings;
    struct opportunity_life life;

    (void)state;
    say_terms(&openings, ARB_OPPORTUNITY_OPEN, 10, 7, 1000, &life);
    say_terms(&openings, ARB_OPPORTUNITY_UPDATE, 40, 9, 1200, &life);
    say_terms(&openings, ARB_OPPORTUNITY_CLOSE, 40, 9, 1300, &life);
    assert_int_equal(life.duration_ns, 300 * NS_PER_MS);
    assert_int_equal(life.peak_net, 9);
    assert_int_equal(life.mean_qty, 20);
    say_terms(&openings, ARB_OPPORTUNITY_OPEN, 10, -7, 2000, &life); /* another life */
    say_terms(&openings, ARB_OPPORTUNITY_UPDATE, 20, -9, 2000, &life);
    say_terms(&openings, ARB_OPPORTUNITY_CLOSE, 20, -9, 2000, &life);
    assert_int_equal(life.duration_ns, 0);
    assert_int_equal(life.peak_net, -7);
    assert_int_equal(life.mean_qty, 20);
}

#define DELIVERY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DELIVERY_TEST(a_run_that_is_heard_goes_on),
        DELIVERY_TEST(one_that_was_stopped_closes_nothing_of_before),
        DELIVERY_TEST(one_that_is_not_heard_is_over_too),
        DELIVERY_TEST(what_another_has_open_is_opened_later),
        DELIVERY_TEST(what_is_opened_later_is_of_the_books_of_then),
        DELIVERY_TEST(more_than_can_wait_are_opened_at_once),
        DELIVERY_TEST(all_that_can_be_open_is_taken_over),
        DELIVERY_TEST(what_has_no_room_waits_and_is_closed_before_it_is_opened),
        DELIVERY_TEST(what_waits_to_be_closed_ends_with_its_run),
        DELIVERY_TEST(any_order_of_waiting_is_kept),
        DELIVERY_TEST(without_anybody_else_a_run_stays),
        cmocka_unit_test(close_tells_how_long_it_was_and_how_good),
        cmocka_unit_test(any_order_of_ids_is_told_by_run),
        cmocka_unit_test(more_than_can_be_kept_pass_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
