/* What is left of an opportunity some time after it opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "feed_stub.h"
#include "strategy/survival.h"

enum { NOW_MS = 1000000 };

static const struct arb_venue venues[] = { { .name = "ask_inc", .taker_fee_ppm = 1000 },
                                           { .name = "bidex", .taker_fee_ppm = 2000 } };
static const struct survival_delays three = { .delays_ms = { 10, 100, 50 }, .n = 3 };

struct world {
    struct survival survival;
    struct market *market;
    struct feed_stub a, b; /* BTC/USD on both venues */
    struct opportunity opportunity;
    char text[2048];
};

static void apply(struct world *w, struct event event)
{
    market_apply(w->market, &event, NOW_MS * NS_PER_MS);
}

/* Bought at 100.00 and 101.00 on the one, sold at 110.00 on the other. */
static void open_it(struct world *w)
{
    w->opportunity = (struct opportunity){
        .terms = { .event = ARB_OPPORTUNITY_OPEN,
                   .id = 5,
                   .n_legs = 2,
                   .legs = { { .venue = 0, .side = ARB_BUY, .qty = 10, .limit_px = 10100 },
                             { .venue = 1, .side = ARB_SELL, .qty = 10, .limit_px = 11000 } },
                   .net = 9000 },
    };
    survival_open(&w->survival, &w->opportunity, NOW_MS * NS_PER_MS);
}

static int set_up(void **state)
{
    static const struct market_config config = { .venues = venues, .n_venues = 2, .who = "t" };
    struct world *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    assert_int_equal(market_create(&w->market, &config), ARB_OK);
    feed_stub_init(&w->a, "ask_inc", "BTC/USD");
    feed_stub_init(&w->b, "bidex", "BTC/USD");
    apply(w, feed_stub_alive(&w->a, NOW_MS * NS_PER_MS));
    apply(w, feed_stub_alive(&w->b, NOW_MS * NS_PER_MS));
    apply(w, feed_stub_quote(&w->a, 9000, 10000));
    apply(w, feed_stub_quote(&w->b, 11000, 12000));
    apply(w, feed_stub_set_ask(&w->a, 10000, 4));
    apply(w, feed_stub_set_ask(&w->a, 10100, 8));
    apply(w, feed_stub_set_bid(&w->b, 11000, 20));
    w->survival.delays = &three;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const w = *state;

    feed_stub_fini(&w->a);
    feed_stub_fini(&w->b);
    market_destroy(w->market);
    free(w);
    return 0;
}

/* "10 ms after 12: 10 left, net 9000; " of each that is due. */
static const char *due(struct world *w, int64_t after_ms)
{
    const struct moment now = { .mono_ns = (NOW_MS + after_ms) * NS_PER_MS, .utc_ns = 7 };
    struct arb_text text = arb_text_over(w->text, sizeof(w->text));
    struct opportunity o;

    while (survival_next(&w->survival, w->market, now, &o)) {
        assert_int_equal(o.detect_ns, 7);
        assert_int_equal(o.terms.id, 5);
        arb_text_add(&text, "%lld%s after %lld: ", (long long)(o.rest.delay_ns / NS_PER_MS),
                     o.rest.is_latency ? " (latency)" : "",
                     (long long)(o.rest.waited_ns / NS_PER_MS));
        arb_text_add(&text, o.rest.is_known ? "%lld left, net %lld; " : "unknown%.0lld%.0lld; ",
                     (long long)o.rest.qty, (long long)o.rest.net);
    }
    return w->text;
}

/* 4 at 100.00 and 6 at 101.00 cost 1006.00, and 1.01 to take; 1100.00 come back, less 2.20. */
static void all_of_it_is_left(void **state)
{
    struct world *const w = *state;

    open_it(w);
    assert_int_equal(survival_due_ns(&w->survival), (NOW_MS + 10) * NS_PER_MS);
    assert_string_equal(due(w, 9), "");
    assert_string_equal(due(w, 10), "10 after 10: 10 left, net 9079; ");
    assert_int_equal(survival_due_ns(&w->survival), (NOW_MS + 50) * NS_PER_MS);
    assert_string_equal(due(w, 120), "100 after 120: 10 left, net 9079; "
                                     "50 after 120: 10 left, net 9079; ");
    assert_int_equal(survival_due_ns(&w->survival), NEVER_NS);
}

/* The leg that has least decides, and what is worse than the limits does not count. */
static void as_much_is_left_as_all_legs_have(void **state)
{
    struct world *const w = *state;

    open_it(w);
    apply(w, feed_stub_set_bid(&w->b, 11000, 3));
    apply(w, feed_stub_set_bid(&w->b, 10999, 50));
    assert_string_equal(due(w, 10), "10 after 10: 3 left, net 2904; ");
    apply(w, feed_stub_set_ask(&w->a, 10000, 0));
    apply(w, feed_stub_set_ask(&w->a, 10100, 2));
    assert_string_equal(due(w, 50), "50 after 50: 2 left, net 1735; ");
    apply(w, feed_stub_set_ask(&w->a, 10100, 0));
    assert_string_equal(due(w, 100), "100 after 100: 0 left, net 0; ");
}

static void better_prices_earn_more(void **state)
{
    struct world *const w = *state;

    open_it(w);
    apply(w, feed_stub_set_bid(&w->b, 11100, 10));
    assert_string_equal(due(w, 10), "10 after 10: 10 left, net 10077; ");
}

static void of_a_book_that_is_not_live_nobody_knows(void **state)
{
    struct world *const w = *state;
    struct event event = feed_stub_event(&w->b, EVENT_STATUS);

    open_it(w);
    event.state = ARB_BOOK_STALE;
    apply(w, event);
    assert_string_equal(due(w, 10), "10 after 10: unknown; ");
}

/* The slower leg's newest message was made 30 ms before it came. */
static void latency_is_that_of_the_slower_leg(void **state)
{
    static const struct survival_delays latency = { .at_latency = true };
    struct world *const w = *state;

    w->survival.delays = &latency;
    open_it(w); /* clocks are not known */
    assert_int_equal(survival_due_ns(&w->survival), NEVER_NS);
    for (unsigned i = 0; i < 2; i++) {
        w->opportunity.legs[i].clock = (struct arb_clock){ 0, 1 };
        w->opportunity.legs[i].age_ns = 5 * NS_PER_MS;
        w->opportunity.legs[i].venue_age_ns = (i == 0 ? 35 : 10) * NS_PER_MS;
    }
    survival_open(&w->survival, &w->opportunity, NOW_MS * NS_PER_MS);
    assert_string_equal(due(w, 30), "30 (latency) after 30: 10 left, net 9079; ");
}

static void more_than_can_be_watched_are_counted(void **state)
{
    struct world *const w = *state;

    for (unsigned i = 0; i < SURVIVAL_WATCHED_MAX + 2; i++) {
        open_it(w);
    }
    assert_int_equal(w->survival.n, SURVIVAL_WATCHED_MAX);
    assert_int_equal(w->survival.n_left_out, 2);
}

/* Dollars to bitcoin at 100.00, bitcoin to dollars at 110.00 on the same venue: three legs of one.
 */
static void cycle_counts_what_the_last_leg_brings(void **state)
{
    struct world *const w = *state;

    open_it(w);
    w->survival.n = 0;
    w->opportunity.terms.n_legs = 3;
    w->opportunity.terms.legs[2] = w->opportunity.terms.legs[1];
    w->opportunity.terms.legs[1].limit_px = 10500; /* a leg between: its money is passed on */
    survival_open(&w->survival, &w->opportunity, NOW_MS * NS_PER_MS);
    assert_string_equal(due(w, 10), "10 after 10: 10 left, net 9079; ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_it_is_left),
        TEST(as_much_is_left_as_all_legs_have),
        TEST(better_prices_earn_more),
        TEST(of_a_book_that_is_not_live_nobody_knows),
        TEST(latency_is_that_of_the_slower_leg),
        TEST(more_than_can_be_watched_are_counted),
        TEST(cycle_counts_what_the_last_leg_brings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
