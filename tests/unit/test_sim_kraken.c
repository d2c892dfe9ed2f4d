#include "sim_client.h"

#include "kraken_frames.h"
#include "kraken_venue.h"
#include "util/clock.h"

enum { KRAKEN = 0, TEXT_MAX = 1 << 16 };

/* One client of the Kraken model that keeps one book and all short answers. */
struct fixture {
    struct instrument_list *instruments;
    struct world *world;
    int64_t now_ns;
    struct naive_book *book;
    size_t depth;
    bool truncates;
    size_t n_snapshots, n_updates, n_mismatches, n_heartbeats;
    size_t n_levels;        /* in the last snapshot, as it came */
    char answers[TEXT_MAX]; /* everything but books and heartbeats, a line each */
    size_t answers_len;
};

static void keep_answer(struct fixture *fixture, struct arb_bytes frame)
{
    assert_true(fixture->answers_len + frame.len + 2 < TEXT_MAX);
    memcpy(fixture->answers + fixture->answers_len, frame.data, frame.len);
    fixture->answers_len += frame.len;
    fixture->answers[fixture->answers_len++] = '\n';
    fixture->answers[fixture->answers_len] = '\0';
}

static void on_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes text)
{
    struct fixture *const fixture = context;
    const struct naive_kraken_frame frame = naive_kraken(fixture->book, text);

    assert_int_equal(venue, KRAKEN);
    assert_int_equal(client, 0);
    if (!frame.is_book) {
        const bool is_heartbeat = text.len == 23;
        fixture->n_heartbeats += is_heartbeat;
        if (!is_heartbeat) {
            keep_answer(fixture, text);
        }
        return;
    }
    if (frame.is_snapshot) {
        fixture->n_levels = fixture->book->bids.n + fixture->book->asks.n;
    }
    if (fixture->truncates) {
        naive_cut(&fixture->book->bids, fixture->depth);
        naive_cut(&fixture->book->asks, fixture->depth);
    }
    fixture->n_snapshots += frame.is_snapshot;
    fixture->n_updates += !frame.is_snapshot;
    fixture->n_mismatches += naive_crc(fixture->book) != frame.checksum;
}

static void on_close(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why)
{
    (void)context;
    (void)venue;
    (void)client;
    fail_msg("closed with %u: %s", code, why);
}

static void open_fixture(struct fixture *fixture, uint32_t market_depth, size_t depth)
{
    *fixture = (struct fixture){ .depth = depth, .truncates = true };
    fixture->instruments = test_instruments("BTC/USD,ETH/USD");
    fixture->book = calloc(1, sizeof(*fixture->book));
    assert_non_null(fixture->book);
    naive_clear(fixture->book);
    struct world_config config =
        test_world(fixture->instruments,
                   (struct world_outlet){ .send = on_send, .close = on_close, .context = fixture });
    config.depth = market_depth;
    fixture->now_ns = config.start_ns;
    assert_int_equal(world_create(&fixture->world, &config, NULL), ARB_OK);
    test_connect(fixture->world, KRAKEN, fixture->now_ns);
    fixture->answers_len = 0; /* the status is looked at by a test of its own */
}

static void close_fixture(struct fixture *fixture)
{
    world_destroy(fixture->world);
    test_instruments_free(fixture->instruments);
    free(fixture->book);
}

static void say(struct fixture *fixture, const char *text)
{
    test_say(fixture->world, KRAKEN, fixture->now_ns, text);
}

static void run_ms(struct fixture *fixture, int64_t ms)
{
    fixture->now_ns += ms * NS_PER_MS;
    world_advance(fixture->world, fixture->now_ns);
}

static void say_book(struct fixture *fixture, const char *method, size_t depth)
{
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "{\"method\":\"%s\",\"params\":{\"channel\":\"book\",\"symbol\":[\"BTC/USD\"],"
                   "\"depth\":%zu}}",
                   method, depth);
    say(fixture, text);
}

static void fill(struct ladder *side, const int64_t *px, const int64_t *qty)
{
    for (size_t i = 0; i < KRAKEN_CHECKSUM_LEVELS; i++) {
        ladder_set(side, (struct arb_level){ px[i], qty[i] });
    }
}

static void checksum_of_the_documented_book(void **state)
{
    static const int64_t asks[] = { 452852, 452864, 452866, 452896, 452902,
                                    452918, 452947, 452961, 452975, 452995 };
    static const int64_t ask_qty[] = { 100000,    154571953, 154571109, 154560911, 15890660,
                                       154553491, 4454749,   35380000,  9945542,   18772827 };
    static const int64_t bids[] = { 452835, 452834, 452821, 452810, 452803,
                                    452790, 452776, 452775, 452773, 452766 };
    static const int64_t bid_qty[] = { 10000000, 154582015, 10000000, 10000000,  154592586,
                                       7990000,  3310103,   30000000, 154602737, 15445238 };
    struct sim_book book;
    (void)state;

    assert_int_equal(sim_book_init(&book, 10), ARB_OK);
    fill(&book.asks, asks, ask_qty);
    fill(&book.bids, bids, bid_qty);
    assert_int_equal(kraken_checksum(&book), 3310070434U);
    sim_book_fini(&book);
}

static void prove_checksums(size_t depth, uint32_t market_depth)
{
    struct fixture fixture;

    open_fixture(&fixture, market_depth, depth);
    say_book(&fixture, "subscribe", depth);
    run_ms(&fixture, 240000);
    assert_int_equal(fixture.n_mismatches, 0);
    assert_int_equal(fixture.n_snapshots, 1);
    assert_true(fixture.n_updates > 1000);
    const struct sim_venue *const model = world_venue(fixture.world, KRAKEN);
    const struct sim_book *const published = model->ops->published(model, 0);
    const struct sim_instrument *const item = &world_instruments(fixture.world, KRAKEN)->items[0];
    assert_true(naive_equals(&fixture.book->bids, &published->bids, item, depth));
    assert_true(naive_equals(&fixture.book->asks, &published->asks, item, depth));
    close_fixture(&fixture);
}

static void naive_client_proves_every_checksum_at_depth_10(void **state)
{
    (void)state;
    prove_checksums(10, 100);
}

static void naive_client_proves_every_checksum_at_depth_25(void **state)
{
    (void)state;
    prove_checksums(25, 100);
}

static void naive_client_proves_every_checksum_at_depth_100(void **state)
{
    (void)state;
    prove_checksums(100, 150);
}

static void naive_client_proves_every_checksum_at_depth_1000(void **state)
{
    (void)state;
    prove_checksums(1000, 1100);
}

static void snapshot_is_as_deep_as_it_was_asked_for(void **state)
{
    static const size_t depths[] = { 10, 25 };
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 100);
    for (size_t i = 0; i < 2; i++) {
        say_book(&fixture, "subscribe", depths[i]);
        run_ms(&fixture, 1000);
        say_book(&fixture, "unsubscribe", depths[i]);
        assert_int_equal(fixture.n_levels, 2 * depths[i]);
    }
    close_fixture(&fixture);
}

static void client_that_wants_no_snapshot_gets_updates_only(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    say(&fixture, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\","
                  "\"symbol\":[\"BTC/USD\"],\"snapshot\":false}}");
    run_ms(&fixture, 1000);
    assert_int_equal(fixture.n_snapshots, 0);
    assert_true(fixture.n_updates > 0);
    close_fixture(&fixture);
}

static void client_that_never_truncates_fails_checksums(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    fixture.truncates = false;
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 20000);
    assert_true(fixture.n_mismatches > 0);
    close_fixture(&fixture);
}

static void resubscription_brings_a_fresh_snapshot_each_time(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 25);
    for (int i = 0; i < 50; i++) {
        say_book(&fixture, "subscribe", 25);
        run_ms(&fixture, 500);
        say_book(&fixture, "unsubscribe", 25);
        run_ms(&fixture, 300);
    }
    assert_int_equal(fixture.n_snapshots, 50);
    assert_int_equal(fixture.n_mismatches, 0);
    close_fixture(&fixture);
}

static void no_update_follows_an_unsubscription(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 1000);
    say_book(&fixture, "unsubscribe", 10);
    const size_t n_updates = fixture.n_updates;
    run_ms(&fixture, 1000);
    assert_int_equal(fixture.n_updates, n_updates);
    close_fixture(&fixture);
}

static void venue_ends_a_subscription_by_itself(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 25);
    struct sim_venue *const model = world_venue(fixture.world, KRAKEN);
    say_book(&fixture, "subscribe", 25);
    run_ms(&fixture, 1000);
    const size_t n_updates = fixture.n_updates;
    fixture.answers_len = 0;
    model->ops->end_subscription(model, 0, 0, fixture.now_ns);
    model->ops->end_subscription(model, 0, 0, fixture.now_ns); /* there is none any more */
    run_ms(&fixture, 1000);
    assert_string_equal(fixture.answers,
                        "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"book\","
                        "\"depth\":25,\"symbol\":\"BTC/USD\"},\"success\":true,"
                        "\"time_in\":\"2026-08-01T02:53:53.000000Z\","
                        "\"time_out\":\"2026-08-01T02:53:53.000040Z\"}\n");
    assert_int_equal(fixture.n_updates, n_updates);
    say_book(&fixture, "subscribe", 25);
    run_ms(&fixture, 1000);
    assert_int_equal(fixture.n_snapshots, 2);
    close_fixture(&fixture);
}

static void hasty_resubscriptions_share_one_snapshot(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    for (int i = 0; i < 4; i++) {
        say_book(&fixture, "subscribe", 10);
        say_book(&fixture, "unsubscribe", 10);
    }
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 1000);
    assert_int_equal(fixture.n_snapshots, 1);
    close_fixture(&fixture);
}

/* A snapshot comes after 20 to 40 ms, so most of the first ones are due before the second ones. */
static void snapshot_of_an_ended_subscription_does_not_come(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    for (int i = 0; i < 10; i++) {
        say_book(&fixture, "subscribe", 10);
        run_ms(&fixture, 19);
        say_book(&fixture, "unsubscribe", 10);
        say_book(&fixture, "subscribe", 10);
        run_ms(&fixture, 19);
        say_book(&fixture, "unsubscribe", 10);
    }
    assert_int_equal(fixture.n_snapshots, 0);
    assert_int_equal(fixture.n_updates, 0);
    close_fixture(&fixture);
}

#define TIMES                                                                                      \
    "\"time_in\":\"2026-08-01T02:53:52.000000Z\",\"time_out\":\"2026-08-01T02:53:52.000040Z\""

static void answers_read_as_the_venue_writes_them(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 25);
    say(&fixture, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\","
                  "\"symbol\":[\"BTC/USD\",\"ETH/USD\",\"FOO/USD\"],\"depth\":25},\"req_id\":1}");
    say_book(&fixture, "subscribe", 25);
    say_book(&fixture, "subscribe", 27);
    say_book(&fixture, "unsubscribe", 10);
    say_book(&fixture, "unsubscribe", 25);
    say(&fixture, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\","
                  "\"symbol\":[\"BTC/USD\"],\"depth\":\"25\"}}");
    say(&fixture, "{\"method\":\"ping\",\"req_id\":101}");
    assert_string_equal(
        fixture.answers,
        "{\"method\":\"subscribe\",\"result\":{\"channel\":\"book\",\"depth\":25,"
        "\"snapshot\":true,\"symbol\":\"BTC/USD\"},\"success\":true," TIMES ",\"req_id\":1}\n"
        "{\"method\":\"subscribe\",\"result\":{\"channel\":\"book\",\"depth\":25,"
        "\"snapshot\":true,\"symbol\":\"ETH/USD\"},\"success\":true," TIMES ",\"req_id\":1}\n"
        "{\"error\":\"Currency pair not supported FOO/USD\",\"method\":\"subscribe\","
        "\"success\":false,\"symbol\":\"FOO/USD\"," TIMES ",\"req_id\":1}\n"
        "{\"error\":\"Already subscribed\",\"method\":\"subscribe\",\"success\":false,"
        "\"symbol\":\"BTC/USD\"," TIMES "}\n"
        "{\"error\":\"Subscription depth not supported\",\"method\":\"subscribe\","
        "\"success\":false," TIMES "}\n"
        "{\"error\":\"Subscription Not Found\",\"method\":\"subscribe\",\"success\":false,"
        "\"symbol\":\"BTC/USD\"," TIMES "}\n"
        "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"book\",\"depth\":25,"
        "\"symbol\":\"BTC/USD\"},\"success\":true," TIMES "}\n"
        "{\"error\":\"Subscription book depth must be an integer\",\"method\":\"subscribe\","
        "\"success\":false," TIMES "}\n"
        "{\"method\":\"pong\"," TIMES ",\"req_id\":101}\n");
    close_fixture(&fixture);
}

static void garbage_is_refused_and_the_connection_stays(void **state)
{
    static const char *const garbage[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"method\":7}",
        "{\"method\":\"subscribe\"}",
        "{\"method\":\"subscribe\",\"params\":[1]}",
        "{\"method\":\"subscribe\",\"params\":{\"channel\":"
        "\"book\",\"symbol\":[\"a\\\"b\",7,null],\"depth\":10}}"
    };
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        fixture.answers_len = 0;
        say(&fixture, garbage[i]);
        assert_non_null(strstr(fixture.answers, "\"success\":false"));
    }
    close_fixture(&fixture);
}

static void catalog_names_digits_and_follows_a_status(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    say(&fixture, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\"}}");
    assert_non_null(strstr(fixture.answers, "\"symbol\":\"BTC/USD\",\"base\":\"BTC\",\"quote\":"
                                            "\"USD\",\"status\":\"online\",\"qty_precision\":8,"
                                            "\"qty_increment\":1e-08,\"price_precision\":1"));
    fixture.answers_len = 0;
    kraken_venue_set_pair_status(world_venue(fixture.world, KRAKEN), 1, "cancel_only");
    assert_non_null(strstr(fixture.answers, "\"type\":\"update\""));
    assert_non_null(
        strstr(fixture.answers, "\"ETH\",\"quote\":\"USD\",\"status\":\"cancel_only\""));
    close_fixture(&fixture);
}

static void heartbeat_ticks_each_second_after_the_first_subscription(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    run_ms(&fixture, 3000);
    assert_int_equal(fixture.n_heartbeats, 0);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 5500);
    assert_int_equal(fixture.n_heartbeats, 5);
    close_fixture(&fixture);
}

static void heartbeat_of_a_client_ends_with_it(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    struct sim_venue *const model = world_venue(fixture.world, KRAKEN);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 500);
    model->ops->on_disconnect(model, 0);
    test_connect(fixture.world, KRAKEN, fixture.now_ns);
    run_ms(&fixture, 5000);
    assert_int_equal(fixture.n_heartbeats, 0);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 5500);
    assert_int_equal(fixture.n_heartbeats, 5);
    close_fixture(&fixture);
}

/* The next client's heartbeat begins before the one that its predecessor would have got. */
static void heartbeat_of_a_client_is_not_the_next_ones(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100, 10);
    struct sim_venue *const model = world_venue(fixture.world, KRAKEN);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 500);
    model->ops->on_disconnect(model, 0);
    test_connect(fixture.world, KRAKEN, fixture.now_ns);
    say_book(&fixture, "subscribe", 10);
    run_ms(&fixture, 999);
    assert_int_equal(fixture.n_heartbeats, 0);
    run_ms(&fixture, 1);
    assert_int_equal(fixture.n_heartbeats, 1);
    close_fixture(&fixture);
}

static void status_comes_first_with_an_id_beyond_doubles(void **state)
{
    struct fixture fixture;
    const char *id;
    (void)state;

    open_fixture(&fixture, 100, 10);
    id = strstr(fixture.answers, "\"connection_id\":");
    assert_non_null(strstr(fixture.answers, "{\"channel\":\"status\",\"type\":\"update\""));
    assert_non_null(id);
    assert_true(strtoull(id + 16, NULL, 10) > UINT64_C(1) << 53);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_of_the_documented_book),
        cmocka_unit_test(naive_client_proves_every_checksum_at_depth_10),
        cmocka_unit_test(naive_client_proves_every_checksum_at_depth_25),
        cmocka_unit_test(naive_client_proves_every_checksum_at_depth_100),
        cmocka_unit_test(naive_client_proves_every_checksum_at_depth_1000),
        cmocka_unit_test(snapshot_is_as_deep_as_it_was_asked_for),
        cmocka_unit_test(client_that_wants_no_snapshot_gets_updates_only),
        cmocka_unit_test(client_that_never_truncates_fails_checksums),
        cmocka_unit_test(resubscription_brings_a_fresh_snapshot_each_time),
        cmocka_unit_test(no_update_follows_an_unsubscription),
        cmocka_unit_test(venue_ends_a_subscription_by_itself),
        cmocka_unit_test(hasty_resubscriptions_share_one_snapshot),
        cmocka_unit_test(snapshot_of_an_ended_subscription_does_not_come),
        cmocka_unit_test(answers_read_as_the_venue_writes_them),
        cmocka_unit_test(garbage_is_refused_and_the_connection_stays),
        cmocka_unit_test(catalog_names_digits_and_follows_a_status),
        cmocka_unit_test(heartbeat_ticks_each_second_after_the_first_subscription),
        cmocka_unit_test(heartbeat_of_a_client_ends_with_it),
        cmocka_unit_test(heartbeat_of_a_client_is_not_the_next_ones),
        cmocka_unit_test(status_comes_first_with_an_id_beyond_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
