#include "sim_client.h"

#include "fault_frame.h"
#include "util/clock.h"

enum { BITSTAMP = 1, TEXT_MAX = 1 << 16, HELD_MAX = 4096 };

/* One client of the Bitstamp model. */
struct fixture {
    struct instrument_list *instruments;
    struct world *world;
    int64_t now_ns;
    struct naive_book *book;
    bool holds; /* keep diffs until the REST book is there */
    cJSON *held[HELD_MAX];
    size_t n_held, n_frames;
    int64_t last_us, shortest_us;
    int close_code;
    bool is_closed;
    char answers[TEXT_MAX]; /* everything but books, a line each */
    size_t answers_len;
};

static void apply_frame(struct fixture *fixture, const cJSON *frame)
{
    const char *const channel =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "channel"));

    if (strncmp(channel, "order_book_", 11) == 0) {
        naive_clear(fixture->book);
    }
    (void)naive_bitstamp(fixture->book, cJSON_GetObjectItemCaseSensitive(frame, "data"));
}

static int64_t stamp_of(const cJSON *data)
{
    return strtoll(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "microtimestamp")),
                   NULL, 10);
}

static void on_book(struct fixture *fixture, cJSON *frame)
{
    const int64_t us = stamp_of(cJSON_GetObjectItemCaseSensitive(frame, "data"));

    if (fixture->last_us != 0 && us - fixture->last_us < fixture->shortest_us) {
        fixture->shortest_us = us - fixture->last_us;
    }
    fixture->last_us = us;
    fixture->n_frames++;
    if (fixture->holds) {
        assert_true(fixture->n_held < HELD_MAX);
        fixture->held[fixture->n_held++] = frame;
        return;
    }
    apply_frame(fixture, frame);
    cJSON_Delete(frame);
}

static void on_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes text)
{
    struct fixture *const fixture = context;
    cJSON *const frame = cJSON_ParseWithLength(text.data, text.len);

    assert_int_equal(venue, BITSTAMP);
    assert_int_equal(client, 0);
    assert_non_null(frame);
    const char *const event =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "event"));
    if (strcmp(event, "data") == 0) {
        on_book(fixture, frame);
        return;
    }
    cJSON_Delete(frame);
    assert_true(fixture->answers_len + text.len + 2 < TEXT_MAX);
    memcpy(fixture->answers + fixture->answers_len, text.data, text.len);
    fixture->answers_len += text.len;
    fixture->answers[fixture->answers_len++] = '\n';
    fixture->answers[fixture->answers_len] = '\0';
}

static void on_close(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why)
{
    struct fixture *const fixture = context;
    (void)venue;
    (void)client;
    (void)why;
    fixture->is_closed = true;
    fixture->close_code = code;
}

static void open_fixture(struct fixture *fixture, uint32_t depth)
{
    *fixture = (struct fixture){ .shortest_us = INT64_MAX };
    fixture->instruments = test_instruments("BTC/USD,ETH/USD");
    fixture->book = calloc(1, sizeof(*fixture->book));
    assert_non_null(fixture->book);
    naive_clear(fixture->book);
    struct world_config config =
        test_world(fixture->instruments,
                   (struct world_outlet){ .send = on_send, .close = on_close, .context = fixture });
    config.depth = depth;
    fixture->now_ns = config.start_ns;
    assert_int_equal(world_create(&fixture->world, &config, NULL), ARB_OK);
    test_connect(fixture->world, BITSTAMP, fixture->now_ns);
}

static void close_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->n_held; i++) {
        cJSON_Delete(fixture->held[i]);
    }
    world_destroy(fixture->world);
    test_instruments_free(fixture->instruments);
    free(fixture->book);
}

static void run_ms(struct fixture *fixture, int64_t ms)
{
    fixture->now_ns += ms * NS_PER_MS;
    world_advance(fixture->world, fixture->now_ns);
}

static void say(struct fixture *fixture, const char *text)
{
    test_say(fixture->world, BITSTAMP, fixture->now_ns, text);
}

static void say_channel(struct fixture *fixture, const char *event, const char *channel)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "{\"event\":\"%s\",\"data\":{\"channel\":\"%s\"}}", event,
                   channel);
    say(fixture, text);
}

static int get(struct fixture *fixture, const char *path, struct arb_bytes *body)
{
    struct sim_venue *const model = world_venue(fixture->world, BITSTAMP);
    return model->ops->on_get(model, path, fixture->now_ns, body);
}

/* The naive book is what the venue has shown in this feed. */
static void assert_equals_shown(const struct fixture *fixture, uint32_t feed, size_t depth)
{
    const struct sim_venue *const model = world_venue(fixture->world, BITSTAMP);
    const struct sim_book *const shown = model->ops->shown(model, 0, feed);
    const struct sim_instrument *const item =
        &world_instruments(fixture->world, BITSTAMP)->items[0];

    assert_true(naive_equals(&fixture->book->bids, &shown->bids, item, depth));
    assert_true(naive_equals(&fixture->book->asks, &shown->asks, item, depth));
}

static void order_book_frames_are_the_top_100_shown(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 130);
    say_channel(&fixture, "bts:subscribe", "order_book_btcusd");
    for (int i = 0; i < 300; i++) {
        run_ms(&fixture, 200);
        assert_equals_shown(&fixture, FAULT_AT_ORDER_BOOK, 100);
    }
    assert_true(fixture.n_frames > 300);
    close_fixture(&fixture);
}

static void assert_shortest(const char *channel, int64_t least_us, int64_t most_us)
{
    struct fixture fixture;

    open_fixture(&fixture, 100);
    say_channel(&fixture, "bts:subscribe", channel);
    run_ms(&fixture, 60000);
    assert_true(fixture.n_frames > 180);
    assert_in_range(fixture.shortest_us, least_us, most_us);
    close_fixture(&fixture);
}

static void diffs_are_at_least_323_ms_apart(void **state)
{
    (void)state;
    assert_shortest("diff_order_book_btcusd", 323000, 325300);
}

static void order_book_frames_are_at_least_79_ms_apart(void **state)
{
    (void)state;
    assert_shortest("order_book_btcusd", 79000, 85000);
}

static void no_frame_comes_at_subscription(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100);
    run_ms(&fixture, 1000);
    say_channel(&fixture, "bts:subscribe", "order_book_btcusd");
    assert_int_equal(fixture.n_frames, 0);
    close_fixture(&fixture);
}

/* Makes the naive book the REST one; returns its time. */
static int64_t seed(struct fixture *fixture, const char *path)
{
    struct arb_bytes body;
    assert_int_equal(get(fixture, path, &body), 200);
    cJSON *const root = cJSON_ParseWithLength(body.data, body.len);

    naive_clear(fixture->book);
    const int64_t seed_us = naive_bitstamp(fixture->book, root);
    cJSON_Delete(root);
    return seed_us;
}

/* Applies the held diffs by the venue's rule; returns how many that were. */
static size_t apply_held(struct fixture *fixture, int64_t seed_us)
{
    size_t n = 0;

    for (size_t i = 0; i < fixture->n_held; i++) {
        if (stamp_of(cJSON_GetObjectItemCaseSensitive(fixture->held[i], "data")) > seed_us) {
            apply_frame(fixture, fixture->held[i]);
            n++;
        }
    }
    return n;
}

static void rest_book_and_diffs_make_the_book_of_the_last_diff(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100);
    fixture.holds = true;
    say_channel(&fixture, "bts:subscribe", "diff_order_book_btcusd");
    run_ms(&fixture, 3000);
    const int64_t seed_us = seed(&fixture, "/api/v2/order_book/btcusd/");
    run_ms(&fixture, 700);
    assert_true(apply_held(&fixture, seed_us) > 0);
    fixture.holds = false;
    for (int i = 0; i < 3000; i++) {
        assert_equals_shown(&fixture, FAULT_AT_DIFF, 100);
        run_ms(&fixture, 100);
    }
    /* Deletions of levels that were never held, and the book is right. */
    assert_in_range(fixture.book->unknown_deletes, 1, 30);
    close_fixture(&fixture);
}

static void rest_books_lie_inside_windows_and_the_next_diff_mends_them(void **state)
{
    struct fixture fixture;
    size_t n_inside = 0;
    char path[96];
    (void)state;

    open_fixture(&fixture, 100);
    fixture.holds = true;
    say_channel(&fixture, "bts:subscribe", "diff_order_book_btcusd");
    run_ms(&fixture, 1000);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(path, sizeof(path), "/api/v2/order_book/btcusd/?group=1&nonce=%d", i);
        const int64_t seed_us = seed(&fixture, path);
        const size_t n_unknown = fixture.book->unknown_deletes;
        run_ms(&fixture, 700);
        assert_true(apply_held(&fixture, seed_us) > 0);
        assert_equals_shown(&fixture, FAULT_AT_DIFF, 100);
        n_inside += fixture.book->unknown_deletes > n_unknown;
        run_ms(&fixture, 317); /* or all seeds lie at like places */
    }
    assert_in_range(n_inside, 100, 200);
    close_fixture(&fixture);
}

static void rest_book_is_at_most_1750_ms_old(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100);
    for (int i = 0; i < 200; i++) {
        run_ms(&fixture, 333);
        const int64_t seed_us = seed(&fixture, "/api/v2/order_book/btcusd/");
        assert_in_range(fixture.now_ns / 1000 - seed_us, 0, 1750010);
    }
    close_fixture(&fixture);
}

static void edge_keeps_a_rest_book_for_a_second_and_a_nonce_gets_past_it(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100);
    run_ms(&fixture, 3000);
    const int64_t first_us = seed(&fixture, "/api/v2/order_book/btcusd/?group=1");
    run_ms(&fixture, 999);
    assert_int_equal(seed(&fixture, "/api/v2/order_book/btcusd/?group=1"), first_us);
    const int64_t fresh_us = seed(&fixture, "/api/v2/order_book/btcusd/?group=1&nonce=7");
    assert_true(fresh_us > first_us);
    run_ms(&fixture, 1);
    assert_true(seed(&fixture, "/api/v2/order_book/btcusd/?group=1") >= fresh_us);
    close_fixture(&fixture);
}

static void removed_levels_are_spelled_in_several_ways(void **state)
{
    struct fixture fixture;
    size_t n_plain = 0, n_long = 0;
    (void)state;

    open_fixture(&fixture, 100);
    fixture.holds = true;
    say_channel(&fixture, "bts:subscribe", "diff_order_book_btcusd");
    run_ms(&fixture, 20000);
    for (size_t i = 0; i < fixture.n_held; i++) {
        char *const text = cJSON_PrintUnformatted(fixture.held[i]);
        n_plain += strstr(text, ",\"0\"]") != NULL;
        n_long += strstr(text, ",\"0.00000000\"]") != NULL;
        cJSON_free(text);
    }
    assert_true(n_plain > 0);
    assert_true(n_long > 0);
    close_fixture(&fixture);
}

static void answers_read_as_the_venue_writes_them(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, 100);
    say_channel(&fixture, "bts:subscribe", "order_book_btcusd");
    say_channel(&fixture, "bts:subscribe", "order_book_btcusd");
    say_channel(&fixture, "bts:subscribe", "order_book_fooxyz-perp");
    say_channel(&fixture, "bts:subscribe", "order_book_BTCUSD");
    say_channel(&fixture, "bts:subscribe", "order_book_btc/usd");
    say_channel(&fixture, "bts:subscribe", "nonsense_btcusd");
    say_channel(&fixture, "bts:unsubscribe", "order_book_btcusd");
    say(&fixture, "{\"event\":\"bts:heartbeat\"}");
    say(&fixture, "not json");
    assert_string_equal(
        fixture.answers,
        "{\"event\":\"bts:subscription_succeeded\",\"channel\":\"order_book_btcusd\",\"data\":{}}\n"
        "{\"event\":\"bts:subscription_succeeded\",\"channel\":\"order_book_btcusd\",\"data\":{}}\n"
        "{\"event\":\"bts:subscription_succeeded\",\"channel\":\"order_book_fooxyz-perp\","
        "\"data\":{}}\n"
        "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,"
        "\"message\":\"Bad subscription string.\"}}\n"
        "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,"
        "\"message\":\"Bad subscription string.\"}}\n"
        "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,"
        "\"message\":\"Invalid channel provided.\"}}\n"
        "{\"event\":\"bts:unsubscription_succeeded\",\"channel\":\"order_book_btcusd\","
        "\"data\":{}}\n"
        "{\"event\":\"bts:heartbeat\",\"channel\":\"\",\"data\":{\"status\":\"success\"}}\n"
        "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,"
        "\"message\":\"Incorrect JSON format.\"}}\n");
    assert_false(fixture.is_closed);
    close_fixture(&fixture);
}

static void frame_of_512_bytes_is_read_and_513_close_with_1009(void **state)
{
    struct fixture fixture;
    char text[514];
    (void)state;

    open_fixture(&fixture, 100);
    memset(text, ' ', sizeof(text));
    text[512] = '\0';
    say(&fixture, text);
    assert_false(fixture.is_closed);
    text[512] = ' ';
    text[513] = '\0';
    say(&fixture, text);
    assert_true(fixture.is_closed);
    assert_int_equal(fixture.close_code, 1009);
    close_fixture(&fixture);
}

static void channel_1025_closes_without_a_word(void **state)
{
    struct fixture fixture;
    char channel[64];
    (void)state;

    open_fixture(&fixture, 100);
    for (int i = 0; i < 1024; i++) {
        (void)snprintf(channel, sizeof(channel), "order_book_m%d", i);
        fixture.answers_len = 0;
        say_channel(&fixture, "bts:subscribe", channel);
    }
    assert_false(fixture.is_closed);
    say_channel(&fixture, "bts:subscribe", "order_book_btcusd");
    assert_true(fixture.is_closed);
    assert_int_equal(fixture.close_code, 0);
    close_fixture(&fixture);
}

static void catalog_names_markets_and_decimals(void **state)
{
    struct fixture fixture;
    struct arb_bytes body;
    (void)state;

    open_fixture(&fixture, 100);
    assert_int_equal(get(&fixture, "/api/v2/markets/", &body), 200);
    cJSON *const markets = cJSON_ParseWithLength(body.data, body.len);
    assert_int_equal(cJSON_GetArraySize(markets), 2);
    const cJSON *const first = cJSON_GetArrayItem(markets, 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(first, "market_symbol")),
                        "btcusd");
    assert_int_equal(cJSON_GetObjectItem(first, "counter_decimals")->valueint, 2);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(first, "minimum_order_value")),
                        "10.00");
    cJSON_Delete(markets);
    assert_int_equal(get(&fixture, "/api/v2/trading-pairs-info/", &body), 200);
    close_fixture(&fixture);
}

static void unknown_paths_are_not_found(void **state)
{
    static const char *const paths[] = { "/",
                                         "",
                                         "/api/v2/order_book/",
                                         "/api/v2/order_book/foo/",
                                         "/api/v2/ticker/btcusd/",
                                         "/api/v1/markets/" };
    struct fixture fixture;
    struct arb_bytes body;
    (void)state;

    open_fixture(&fixture, 100);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(get(&fixture, paths[i], &body), 404);
    }
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_book_frames_are_the_top_100_shown),
        cmocka_unit_test(diffs_are_at_least_323_ms_apart),
        cmocka_unit_test(order_book_frames_are_at_least_79_ms_apart),
        cmocka_unit_test(no_frame_comes_at_subscription),
        cmocka_unit_test(rest_book_and_diffs_make_the_book_of_the_last_diff),
        cmocka_unit_test(rest_books_lie_inside_windows_and_the_next_diff_mends_them),
        cmocka_unit_test(rest_book_is_at_most_1750_ms_old),
        cmocka_unit_test(edge_keeps_a_rest_book_for_a_second_and_a_nonce_gets_past_it),
        cmocka_unit_test(removed_levels_are_spelled_in_several_ways),
        cmocka_unit_test(answers_read_as_the_venue_writes_them),
        cmocka_unit_test(frame_of_512_bytes_is_read_and_513_close_with_1009),
        cmocka_unit_test(channel_1025_closes_without_a_word),
        cmocka_unit_test(catalog_names_markets_and_decimals),
        cmocka_unit_test(unknown_paths_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
