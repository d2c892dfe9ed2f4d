/* Callbacks and what becomes of what they ask for, connections, timers, the catalog, outlets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book/silence.h"
#include "venue/venue_clock.h"
#include "feed_world.h"

static const struct world_spec usual = { .scale = 8 };
static const struct world_spec one_book = { .symbols = { "BTC/USD" } };

/* -- all or nothing ------------------------------------------------------------------- */

static void failed_callback_leaves_nothing_behind(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_answer(world, 1,
                 "delta 0 11 b99x5;send 0 hello;get 3 /x;timer 1 100;trading 1 3 x;"
                 "resync 0 y;refuse 1 z;bind 1 0;list A/B ab 1 1 1;end;fail -4");
    world_expect(world, "");
    assert_int_equal(feed_book(world->feed, 0).n_bids, 1);
    assert_int_equal(feed_book(world->feed, 0).seq, 10);
    assert_int_equal(feed_stats(world->feed)->rejected, 1);
    world_wait(world, 200);
    world_expect(world, "");
    world_destroy(world);
}

static void connection_opened_by_a_failed_callback_does_not_exist(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_answer(world, 1, "open 5;fail -4");
    world_answer(world, 1, "send 5 hello");
    assert_true(feed_is_disabled(world->feed)); /* the plugin broke a rule */
    world_destroy(world);
}

static void requests_are_carried_out_in_order(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "send 0 a;delta 0 11 b99x5;get 7 https://x/y;open 1;send 1 b;close 1 done");
    world_expect(world, "> send 0 a\ndelta 0 LIVE #3<2 b99x5\n> get 7 https://x/y\n"
                        "> open 1 wss://fake\n> send 1 b\n> close 1 done\n");
    world_destroy(world);
}

static void protocol_error_drops_the_connection_and_its_books(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "fail -4");
    world_expect(world, "status 0 STALE #3<2 the venue sent what its protocol does not allow\n"
                        "status 1 STALE #2<1 the venue sent what its protocol does not allow\n"
                        "> close 0 protocol error\n");
    world_destroy(world);
}

static void messages_of_a_doomed_connection_are_ignored(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_say(world, "fail -5");
    world_forget(world);
    world_say(world, "snap 0 11 b100x1 a101x1;send 0 x");
    world_expect(world, "");
    assert_int_equal(feed_stats(world->feed)->frames, 2);
    feed_on_close(world->feed, 0, world->now_ns, "dropped");
    feed_on_open(world->feed, 0, world->now_ns);
    world_forget(world);
    world_say(world, "snap 0 11 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE #6<5 b100x1 a101x1\n");
    world_destroy(world);
}

static void error_without_a_connection_concerns_no_book(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_answer(world, 1, "fail -4");
    world_expect(world, "");
    assert_int_equal(world_state(world, 0), ARB_BOOK_LIVE);
    world_destroy(world);
}

/* What is told when the feed is given up. */
static const char disabled_text[] = "status 0 UNUSABLE #3<2 the exchange was disabled\n"
                                    "status 1 UNUSABLE #2<1 the exchange was disabled\n"
                                    "> close 0 the exchange was disabled\n";

static void expect_disabled_by(const char *message)
{
    struct world *const world = world_live(&usual);

    world_say(world, message);
    world_expect(world, disabled_text);
    assert_true(feed_is_disabled(world->feed));
    world_say(world, "snap 0 20 b100x1 a101x1");
    world_answer(world, 1, "snap 0 20 b100x1 a101x1");
    world_wait(world, 1000000);
    world_expect(world, "");
    world_destroy(world);
}

static void broken_rule_disables_the_feed(void **state)
{
    (void)state;
    expect_disabled_by("delta 0 11 b0x1");
    expect_disabled_by("delta 2 11 b1x1");
    expect_disabled_by("delta 0 11 b99x1;timer 64 5;fail -4");
}

static void rejection_disables_the_feed(void **state)
{
    (void)state;
    expect_disabled_by("send 0 never sent;fail -7");
}

static void unexpected_result_disables_the_feed(void **state)
{
    (void)state;
    expect_disabled_by("fail -1");
    expect_disabled_by("fail -99");
    expect_disabled_by("fail 1");
}

static void checksum_without_its_callback_disables_the_feed(void **state)
{
    static const struct world_spec without = { .without_checksum = true };
    struct world *const world = world_live(&without);

    (void)state;
    world_say(world, "delta 0 11 b99x1 sum=201");
    world_expect(world, disabled_text);
    world_destroy(world);
}

static void nothing_is_due_once_a_feed_is_disabled(void **state)
{
    struct world *const world = world_live(&usual);
    const int64_t later_ns = world->now_ns + 60 * NS_PER_S;

    (void)state;
    world_say(world, "timer 3 50");
    world_say(world, "fail -1");
    assert_true(feed_is_disabled(world->feed));
    assert_true(feed_on_turn(world->feed, later_ns) > later_ns); /* or its thread spins */
    world_destroy(world);
}

/* -- starting ------------------------------------------------------------------------- */

static void expect_start_fails(const struct world_spec *spec, int rc, const char *word)
{
    struct world *const world = world_create(spec);

    assert_int_equal(feed_start(world->feed, world->now_ns, &world->err), rc);
    assert_non_null(strstr(world->err.text, word));
    assert_true(feed_is_disabled(world->feed));
    world_expect(world, "");
    world_destroy(world);
}

static void failed_init_is_reported_and_asks_for_nothing(void **state)
{
    static const struct world_spec failing = { .options = { { "on_init", "open 0;fail -7" } } };
    static const struct world_spec breaking = { .options = { { "on_init", "open 0;open 64" } } };

    (void)state;
    expect_start_fails(&failing, ARB_EREJECTED, "init() of fake failed (-7)");
    expect_start_fails(&breaking, ARB_EINVAL, "the connection must be below ARB_CONNS_MAX");
}

static int declares_nothing(void *instance, struct arb_host *host,
                            const struct arb_exchange_env *env)
{
    (void)instance;
    (void)host;
    (void)env;
    return ARB_OK;
}

static void plugin_without_capabilities_is_refused(void **state)
{
    struct arb_exchange_ops ops = fake_ops;
    struct arb_plugin desc = fake_plugin;
    const struct world_spec spec = { .desc = &desc };

    (void)state;
    ops.init = declares_nothing;
    desc.ops = &ops;
    expect_start_fails(&spec, ARB_EINVAL, "declared no capabilities");
}

static void outlets_have_a_limit(void **state)
{
    struct world *const world = world_create(&usual);
    unsigned n = 1;

    (void)state;
    while (feed_add_outlet(world->feed, &world->outlet) == ARB_OK) {
        n++;
        assert_in_range(n, 1, 100);
    }
    assert_int_equal(n, ARB_VENUES_MAX + 1);
    world_destroy(world);
}

/* -- connections ---------------------------------------------------------------------- */

static void close_marks_only_the_books_of_its_connection(void **state)
{
    static const struct world_spec two = { .options = { { "on_init", "open 0;open 1" },
                                                        { "on_add", "bind % %" } } };
    struct world *const world = world_live(&two);

    (void)state;
    feed_on_open(world->feed, 1, world->now_ns);
    world_expect(world, "status 1 SYNCING #1<0 subscribing\n");
    feed_on_close(world->feed, 1, world->now_ns, "gone");
    world_expect(world, "status 1 STALE #2<1 gone\n");
    assert_int_equal(world_state(world, 0), ARB_BOOK_LIVE);
    world_destroy(world);
}

static void reopened_connection_syncs_its_books_anew(void **state)
{
    static const struct world_spec spec = { .options = { { "on_open", "send 0 subscribe" },
                                                         { "on_close", "timer 1 5" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_live(&spec);

    (void)state;
    feed_on_close(world->feed, 0, world->now_ns, "gone");
    world_expect(world, "status 0 STALE #3<2 gone\n");
    world_wait(world, 1000000); /* nothing is resynced while the connection is down */
    world_expect(world, "");
    feed_on_open(world->feed, 0, world->now_ns);
    world_expect(world, "status 0 SYNCING #4<3 subscribing\n> send 0 subscribe\n");
    world_destroy(world);
}

static void close_of_a_connection_that_is_not_up_is_ignored(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    feed_on_close(world->feed, 3, world->now_ns, "never was up");
    feed_on_close(world->feed, ARB_CONNS_MAX, world->now_ns, "no such connection");
    feed_on_open(world->feed, ARB_CONNS_MAX, world->now_ns);
    feed_on_message(world->feed, ARB_CONNS_MAX, world->now_ns, (struct arb_bytes){ "", 0 });
    world_expect(world, "");
    world_destroy(world);
}

static void stop_leaves_every_book_stale(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    feed_stop(world->feed, world->now_ns, "shutdown");
    world_expect(world, "status 0 STALE #3<2 shutdown\nstatus 1 STALE #2<1 shutdown\n");
    assert_int_equal(feed_count_in_state(world->feed, ARB_BOOK_STALE), 2);
    world_destroy(world);
}

/* -- timers --------------------------------------------------------------------------- */

static const struct world_spec ticking = { .options = { { "on_timer", "send 0 tick %" } } };

static void timer_fires_once_when_due(void **state)
{
    struct world *const world = world_live(&ticking);

    (void)state;
    world_say(world, "timer 7 50");
    assert_int_equal(world_wait(world, 49), 1);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> send 0 tick 7\n");
    world_wait(world, 1000);
    world_expect(world, "");
    world_destroy(world);
}

static void timer_is_replaced_and_cancelled(void **state)
{
    struct world *const world = world_live(&ticking);

    (void)state;
    world_say(world, "timer 1 50;timer 1 80;timer 2 50;timer 2 0");
    world_wait(world, 79);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> send 0 tick 1\n");
    world_destroy(world);
}

/* The turn has looked at timer 0 already when timer 1 sets it. */
static void timer_set_by_a_later_timer_is_not_overslept(void **state)
{
    static const struct world_spec chained = { .options = { { "on_timer", "timer 0 10" } } };
    struct world *const world = world_live(&chained);

    (void)state;
    world_say(world, "timer 1 5");
    assert_int_equal(world_wait(world, 5), 10);
    world_destroy(world);
}

static void timer_set_by_a_resync_is_not_overslept(void **state)
{
    static const struct world_spec chained = { .options = { { "on_resync", "timer 0 10" } },
                                               .symbols = { "BTC/USD" } };
    struct world *const world = world_connected(&chained);

    (void)state;
    world_say(world, "snap 0 1 b102x1 a101x1"); /* crossed: resynced after 5 s */
    world_wait(world, 5000);
    assert_int_equal(world_wait(world, 0), 10);
    world_destroy(world);
}

/* -- periodic snapshots --------------------------------------------------------------- */

static void periodic_snapshots_are_spread_over_the_interval(void **state)
{
    static const struct world_spec periodic = { .snapshot_interval_ms = 10000 };
    struct world *const world = world_live(&periodic);

    (void)state;
    world_say(world, "snap 1 5 b5x1 a6x1");
    world_forget(world);
    world_wait(world, 0);
    world_wait(world, 4999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "snapshot 1 LIVE #3<2 b5x1 a6x1\n");
    world_wait(world, 5000);
    world_expect(world, "snapshot 0 LIVE #3<2 b100x1 a101x1\n");
    world_destroy(world);
}

static void book_that_is_not_live_repeats_its_status(void **state)
{
    static const struct world_spec periodic = { .snapshot_interval_ms = 1000,
                                                .symbols = { "BTC/USD" } };
    struct world *const world = world_connected(&periodic);

    (void)state;
    world_wait(world, 0);
    world_wait(world, 1000);
    world_expect(world, "status 0 SYNCING #2<1 subscribing\n");
    world_destroy(world);
}

static void long_sleep_brings_no_burst(void **state)
{
    static const struct world_spec periodic = { .snapshot_interval_ms = 1000,
                                                .symbols = { "BTC/USD" } };
    struct world *const world = world_live(&periodic);

    (void)state;
    world_wait(world, 0);
    world_wait(world, 20000);
    world_expect(world, "snapshot 0 LIVE #3<2 b100x1 a101x1\n");
    world_destroy(world);
}

/* -- catalog -------------------------------------------------------------------------- */

static const struct world_spec patterned = { .symbols = { "*/USD", "DOT/EUR" }, .scale = 4 };

static void pattern_takes_the_listings_that_match(void **state)
{
    struct world *const world = world_connected(&patterned);

    (void)state;
    assert_int_equal(feed_n_instruments(world->feed), 1);
    world_answer(world, 1,
                 "list BTC/USD btcusd 1 2 4;list BTC/EUR btceur 1 2 4;"
                 "list ETH/USD ethusd 3 2 4;list DOT/EUR doteur 1 2 4;end");
    world_expect(world, "status 1 SYNCING #1<0 subscribing\n"
                        "status 2 SYNCING #1<0 halted subscribing\n");
    assert_int_equal(feed_n_instruments(world->feed), 3);
    assert_string_equal(feed_instrument(world->feed, 2)->venue_symbol, "ethusd");
    assert_string_equal(feed_instrument(world->feed, 2)->base, "ETH");
    world_destroy(world);
}

static void repeated_catalog_adds_only_what_is_new(void **state)
{
    struct world *const world = world_connected(&patterned);

    (void)state;
    world_answer(world, 1, "list BTC/USD btcusd 1 2 4;list DOT/EUR doteur 1 2 4;end");
    world_forget(world);
    world_answer(world, 1,
                 "list BTC/USD btcusd 1 2 4;list DOT/EUR doteur 1 2 4;"
                 "list ETH/USD ethusd 1 2 4;end");
    world_expect(world, "status 2 SYNCING #1<0 subscribing\n");
    world_destroy(world);
}

static void named_symbol_that_is_not_listed_is_unusable(void **state)
{
    struct world *const world = world_connected(&usual);

    (void)state;
    world_answer(world, 1, "list BTC/USD btcusd 1 2 8;end");
    world_expect(world, "status 1 UNUSABLE #2<1 the venue does not list this symbol\n");
    world_destroy(world);
}

static void symbol_that_a_later_catalog_lacks_is_unusable(void **state)
{
    struct world *const world = world_live(&usual);

    (void)state;
    world_answer(world, 1, "list BTC/USD btcusd 1 2 8;list ETH/USD ethusd 1 2 8;end");
    world_expect(world, "");
    world_answer(world, 1, "list ETH/USD ethusd 1 2 8;end");
    world_expect(world, "status 0 UNUSABLE #3<2 the venue does not list this symbol\n");
    world_destroy(world);
}

static void listing_with_more_digits_than_the_scale_is_unusable(void **state)
{
    struct world *const world = world_connected(&patterned);

    (void)state;
    world_answer(world, 1, "list DOT/EUR doteur 1 4 5");
    world_expect(world, "status 0 UNUSABLE #2<1 set px_scale >= 4, qty_scale >= 5 in "
                        "[instrument:DOT/EUR]\n");
    world_destroy(world);
}

static void listing_of_unknown_digits_is_taken(void **state)
{
    struct world *const world = world_connected(&patterned);

    (void)state;
    world_answer(world, 1, "list DOT/EUR doteur 2 255 255");
    world_expect(world, "status 0 SYNCING #2<1 limited listed so by the venue\n");
    world_destroy(world);
}

/* -- silence -------------------------------------------------------------------------- */

static const struct world_spec watched = { .max_age_ms = 5000, .symbols = { "BTC/USD" } };

/* `n` changes, a tenth of a second apart. */
static void be_busy(struct world *world, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        world_wait(world, 100);
        world_say(world, i % 2 == 0 ? "delta 0 11 b100x2" : "delta 0 11 b100x1");
    }
    world_forget(world);
}

static void busy_book_that_falls_silent_is_resynced(void **state)
{
    struct world *const world = world_live(&watched);

    (void)state;
    be_busy(world, SILENCE_BUSY_MIN);
    world_wait(world, 5000);
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_wait(world, 1001);
    assert_int_equal(ARB_BOOK_SYNCING, world_state(world, 0));
    assert_int_equal(1, feed_stats(world->feed)->resyncs);
    world_destroy(world);
}

static void quiet_book_is_left_alone(void **state)
{
    struct world *const world = world_live(&watched);

    (void)state;
    be_busy(world, SILENCE_BUSY_MIN - 2); /* the snapshot counts as well */
    world_wait(world, 60000);
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_destroy(world);
}

static void book_found_quiet_is_asked_once(void **state)
{
    struct world *const world = world_live(&watched);

    (void)state;
    be_busy(world, SILENCE_BUSY_MIN);
    world_wait(world, 5000);
    world_wait(world, 1001);
    world_say(world, "snap 0 12 b100x1 a101x1");
    world_wait(world, 60000);
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    assert_int_equal(1, feed_stats(world->feed)->resyncs);
    world_destroy(world);
}

/* -- the venue's clock ---------------------------------------------------------------- */

/* As many messages as an estimate takes; the venue's clock is 1 s ahead, the way takes 1 ms. */
static void tell_time(struct world *world, const char *kind)
{
    char message[128];

    feed_on_round_trip(world->feed, 0, world->now_ns, 2 * NS_PER_MS);
    for (unsigned i = 0; i < VENUE_CLOCK_EVENTS_MIN; i++) {
        (void)snprintf(message, sizeof(message), "%s 0 11 b100x%u a101x1 at=%" PRId64, kind, 2 + i,
                       world->now_ns - NS_PER_MS + NS_PER_S);
        world_say(world, message);
    }
    feed_on_round_trip(world->feed, 0, world->now_ns, 2 * NS_PER_MS);
    world_forget(world);
}

static void events_carry_the_clock_of_the_venue(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    tell_time(world, "delta");
    world_say(world, "delta 0 12 b100x1");
    feed_on_close(world->feed, 0, world->now_ns, "gone");
    world_expect(world, "delta 0 LIVE #35<34 clock=1000000000+-1400001 b100x1\n"
                        "status 0 STALE #36<35 clock=1000000000+-1400001 gone\n");
    world_destroy(world);
}

/* It shows when the book changed last. */
static void snapshot_in_a_stream_tells_nothing_of_the_clock(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    tell_time(world, "snap");
    assert_false(arb_clock_is_known(feed_book(world->feed, 0).clock));
    world_destroy(world);
}

static void snapshot_sent_each_time_tells_of_the_clock(void **state)
{
    static const struct world_spec each = { .options = { { "source", "each" } },
                                            .symbols = { "BTC/USD" } };
    struct world *const world = world_live(&each);

    (void)state;
    tell_time(world, "snap");
    assert_int_equal(feed_book(world->feed, 0).clock.offset_ns, NS_PER_S);
    world_destroy(world);
}

static void clock_is_forgotten_when_nothing_comes(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    tell_time(world, "delta");
    world_wait(world, 60000);
    assert_false(arb_clock_is_known(feed_book(world->feed, 0).clock));
    world_destroy(world);
}

static void round_trip_of_a_connection_that_is_down_is_ignored(void **state)
{
    struct world *const world = world_live(&one_book);

    (void)state;
    feed_on_close(world->feed, 0, world->now_ns, "gone");
    feed_on_round_trip(world->feed, 0, world->now_ns, 2 * NS_PER_MS);
    feed_on_round_trip(world->feed, ARB_CONNS_MAX, world->now_ns, 2 * NS_PER_MS);
    feed_on_open(world->feed, 0, world->now_ns);
    world_say(world, "snap 0 10 b100x1 a101x1");
    for (unsigned i = 0; i < VENUE_CLOCK_EVENTS_MIN; i++) {
        world_say(world, "delta 0 11 b100x2 at=1");
    }
    world_wait(world, 5000);
    assert_false(arb_clock_is_known(feed_book(world->feed, 0).clock));
    world_destroy(world);
}

/* -- outlets -------------------------------------------------------------------------- */

static void each_outlet_has_a_chain_of_its_own(void **state)
{
    static const struct world_spec periodic = { .snapshot_interval_ms = 1000,
                                                .symbols = { "BTC/USD" } };
    struct world *const world = world_create(&periodic);
    struct outlet quiet;

    (void)state;
    assert_int_equal(outlet_init_fn(&quiet, world_on_event, world), ARB_OK);
    quiet.periodic = false;
    assert_int_equal(feed_add_outlet(world->feed, &quiet), ARB_OK);
    assert_int_equal(feed_start(world->feed, world->now_ns, &world->err), ARB_OK);
    feed_on_open(world->feed, 0, world->now_ns);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_forget(world);
    world_wait(world, 0);
    world_wait(world, 1000);
    world_say(world, "delta 0 11 b100x2");
    world_expect(world, "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
                        "delta 0 LIVE #4<2 b100x2\ndelta 0 LIVE #4<3 b100x2\n");
    world_destroy(world);
    outlet_fini(&quiet);
}

static void failed_delivery_is_healed_by_a_snapshot(void **state)
{
    struct feedback *const feedback = calloc(1, sizeof(*feedback));
    struct world *const world = world_live(&one_book);

    (void)state;
    assert_non_null(feedback);
    world->outlet.feedback = feedback;
    feedback_raise(feedback, 0, 1);
    feedback_raise(feedback, 0, 1);
    world_wait(world, 0);
    world_expect(world, "snapshot 0 LIVE #3<2 conflated=2 b100x1 a101x1\n");
    world_wait(world, 1000);
    world_expect(world, "");
    world_destroy(world);
    free(feedback);
}

/* Reads all events of a ring into the world's log. */
static void drain(struct world *world, struct ring *ring)
{
    size_t len = 0;
    for (void *record = ring_peek(ring, &len); record != NULL; record = ring_peek(ring, &len)) {
        world_on_event(world, event_record_read(record));
        ring_release(ring);
    }
}

static void full_ring_is_healed_by_one_snapshot(void **state)
{
    struct world *const world = world_create(&one_book);
    struct ring ring;
    struct outlet narrow;

    (void)state;
    assert_int_equal(ring_init(&ring, 0, NULL), ARB_OK);
    assert_int_equal(outlet_init_ring(&narrow, &ring, NULL, false), ARB_OK);
    assert_int_equal(feed_add_outlet(world->feed, &narrow), ARB_OK);
    assert_int_equal(feed_start(world->feed, world->now_ns, &world->err), ARB_OK);
    feed_on_open(world->feed, 0, world->now_ns);
    world_say(world, "snap 0 10 b100x1 a101x1");
    while (narrow.n_behind == 0) {
        world_say(world, "delta 0 11 b100x2");
    }
    world_say(world, "delta 0 12 b99x7");
    assert_int_equal(world_wait(world, 0), 2); /* comes back soon while the ring is full */
    world_forget(world);
    drain(world, &ring);
    world_forget(world);
    const uint64_t last_got = narrow.last_seq[0];
    world_wait(world, 2);
    drain(world, &ring);
    assert_non_null(strstr(world->buffer, "snapshot 0 LIVE"));
    assert_non_null(strstr(world->buffer, "b99x7 b100x2 a101x1\n"));
    assert_int_equal(narrow.n_behind, 0);
    assert_true(narrow.last_seq[0] > last_got);
    world_destroy(world);
    outlet_fini(&narrow);
    ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_callback_leaves_nothing_behind),
        cmocka_unit_test(connection_opened_by_a_failed_callback_does_not_exist),
        cmocka_unit_test(requests_are_carried_out_in_order),
        cmocka_unit_test(protocol_error_drops_the_connection_and_its_books),
        cmocka_unit_test(messages_of_a_doomed_connection_are_ignored),
        cmocka_unit_test(error_without_a_connection_concerns_no_book),
        cmocka_unit_test(broken_rule_disables_the_feed),
        cmocka_unit_test(rejection_disables_the_feed),
        cmocka_unit_test(unexpected_result_disables_the_feed),
        cmocka_unit_test(checksum_without_its_callback_disables_the_feed),
        cmocka_unit_test(nothing_is_due_once_a_feed_is_disabled),
        cmocka_unit_test(failed_init_is_reported_and_asks_for_nothing),
        cmocka_unit_test(plugin_without_capabilities_is_refused),
        cmocka_unit_test(outlets_have_a_limit),
        cmocka_unit_test(close_marks_only_the_books_of_its_connection),
        cmocka_unit_test(reopened_connection_syncs_its_books_anew),
        cmocka_unit_test(close_of_a_connection_that_is_not_up_is_ignored),
        cmocka_unit_test(stop_leaves_every_book_stale),
        cmocka_unit_test(timer_fires_once_when_due),
        cmocka_unit_test(timer_is_replaced_and_cancelled),
        cmocka_unit_test(timer_set_by_a_later_timer_is_not_overslept),
        cmocka_unit_test(timer_set_by_a_resync_is_not_overslept),
        cmocka_unit_test(periodic_snapshots_are_spread_over_the_interval),
        cmocka_unit_test(book_that_is_not_live_repeats_its_status),
        cmocka_unit_test(long_sleep_brings_no_burst),
        cmocka_unit_test(pattern_takes_the_listings_that_match),
        cmocka_unit_test(repeated_catalog_adds_only_what_is_new),
        cmocka_unit_test(named_symbol_that_is_not_listed_is_unusable),
        cmocka_unit_test(symbol_that_a_later_catalog_lacks_is_unusable),
        cmocka_unit_test(listing_with_more_digits_than_the_scale_is_unusable),
        cmocka_unit_test(listing_of_unknown_digits_is_taken),
        cmocka_unit_test(busy_book_that_falls_silent_is_resynced),
        cmocka_unit_test(quiet_book_is_left_alone),
        cmocka_unit_test(book_found_quiet_is_asked_once),
        cmocka_unit_test(events_carry_the_clock_of_the_venue),
        cmocka_unit_test(snapshot_in_a_stream_tells_nothing_of_the_clock),
        cmocka_unit_test(snapshot_sent_each_time_tells_of_the_clock),
        cmocka_unit_test(clock_is_forgotten_when_nothing_comes),
        cmocka_unit_test(round_trip_of_a_connection_that_is_down_is_ignored),
        cmocka_unit_test(each_outlet_has_a_chain_of_its_own),
        cmocka_unit_test(failed_delivery_is_healed_by_a_snapshot),
        cmocka_unit_test(full_ring_is_healed_by_one_snapshot),
    };
    log_set_level((enum arb_log_level)0); /* silent: what is logged is no part of these tests */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
