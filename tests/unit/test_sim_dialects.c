#include "sim_client.h"

#include "dialects.h"
#include "fault_frame.h"
#include "util/clock.h"

enum { TEXT_MAX = 1 << 14, DEPTH = 10 };

/* One client of one venue, and all that it is told. */
struct fixture {
    struct instrument_list *instruments;
    struct world *world;
    int64_t now_ns;
    char told[TEXT_MAX]; /* a line each */
    size_t len;
};

static void tell(struct fixture *fixture, const char *data, size_t len)
{
    assert_true(fixture->len + len + 2 < TEXT_MAX);
    memcpy(fixture->told + fixture->len, data, len);
    fixture->len += len;
    fixture->told[fixture->len++] = '\n';
    fixture->told[fixture->len] = '\0';
}

static void on_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes text)
{
    (void)venue;
    (void)client;
    tell(context, text.data, text.len);
}

static void on_close(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why)
{
    (void)venue;
    (void)client;
    (void)code;
    tell(context, why, strlen(why));
}

static void open_fixture(struct fixture *fixture, const char *venue)
{
    *fixture = (struct fixture){ .instruments = test_instruments("BTC/USD,DOGE/USD") };
    struct world_config config =
        test_world(fixture->instruments,
                   (struct world_outlet){ .send = on_send, .close = on_close, .context = fixture });
    config.n_venues = 1;
    config.venues[0] = venue;
    config.depth = DEPTH;
    fixture->now_ns = config.start_ns;
    assert_int_equal(world_create(&fixture->world, &config, NULL), ARB_OK);
    test_connect(fixture->world, 0, fixture->now_ns);
}

static void close_fixture(struct fixture *fixture)
{
    world_destroy(fixture->world);
    test_instruments_free(fixture->instruments);
}

static void say(struct fixture *fixture, const char *text)
{
    test_say(fixture->world, 0, fixture->now_ns, text);
}

static void run_ms(struct fixture *fixture, int64_t ms)
{
    fixture->now_ns += ms * NS_PER_MS;
    world_advance(fixture->world, fixture->now_ns);
}

/* Whatever has been told since the last time. */
static void expect(struct fixture *fixture, const char *told)
{
    assert_string_equal(fixture->told, told);
    fixture->told[0] = '\0';
    fixture->len = 0;
}

static void expect_answer(struct fixture *fixture, const char *path, int status, const char *body)
{
    struct sim_venue *const model = world_venue(fixture->world, 0);
    struct arb_bytes bytes;

    assert_int_equal(model->ops->on_get(model, path, fixture->now_ns, &bytes), status);
    tell(fixture, bytes.data, bytes.len);
    fixture->told[fixture->len - 1] = '\0'; /* no line */
    expect(fixture, body);
}

/* How many of `n` requests are answered with 200, one after the other. */
static int n_served(struct fixture *fixture, const char *path, int n)
{
    struct sim_venue *const model = world_venue(fixture->world, 0);
    struct arb_bytes bytes;
    int served = 0;

    for (int i = 0; i < n; i++) {
        served += model->ops->on_get(model, path, fixture->now_ns, &bytes) == 200;
    }
    return served;
}

/* An address opens 300 connections in five minutes. */
static void expect_300_connections(const char *venue)
{
    struct fixture fixture;

    open_fixture(&fixture, venue);
    struct sim_venue *const model = world_venue(fixture.world, 0);
    for (int i = 1; i < 300; i++) {
        model->ops->on_disconnect(model, 0);
        test_connect(fixture.world, 0, fixture.now_ns);
    }
    expect(&fixture, "");
    model->ops->on_disconnect(model, 0);
    test_connect(fixture.world, 0, fixture.now_ns + 300 * NS_PER_S - 1);
    expect(&fixture, "too many connections\n");
    model->ops->on_disconnect(model, 0);
    test_connect(fixture.world, 0, fixture.now_ns + 300 * NS_PER_S);
    expect(&fixture, "");
    close_fixture(&fixture);
}

static void expect_role(const struct instrument_list *list, const char *frame, uint32_t role)
{
    uint32_t instrument = ARB_NO_INSTRUMENT;

    assert_int_equal(dialects_role_of(list, arb_bytes_of(frame), &instrument), role);
    assert_int_equal(instrument, role == FRAME_OTHER ? ARB_NO_INSTRUMENT : 1);
}

/* -- binance ------------------------------------------------------------------------------- */

static void binance_answers_requests(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "binance");
    say(&fixture, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusd@depth@100ms\","
                  "\"foousd@depth@100ms\"],\"id\":8}");
    say(&fixture, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusd@depth@100ms\"],\"id\":9}");
    say(&fixture, "{\"method\":\"SUBSCRIBE\",\"params\":[\"BTC/USD\"],\"id\":10}");
    say(&fixture, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusd@depth@100ms\"],\"id\":\"a\"}");
    say(&fixture, "{\"method\"");
    expect(&fixture,
           "{\"result\":null,\"id\":8}\n"
           "{\"result\":null,\"id\":9}\n"
           "{\"error\":{\"code\":2,\"msg\":\"Invalid request: invalid stream\"},\"id\":10}\n"
           "{\"code\":2,\"msg\":\"Invalid request: request ID must be an unsigned integer\"}\n"
           "{\"code\":3,\"msg\":\"Invalid JSON: expected value at line 1 column 1\"}\n");
    run_ms(&fixture, 900);
    expect(&fixture, ""); /* it has left */
    say(&fixture, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":11}");
    expect(&fixture, "too many requests\n");
    close_fixture(&fixture);
}

static void binance_goes_on_from_the_rest_book(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "binance");
    say(&fixture, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusd@depth@100ms\"],\"id\":8}");
    expect(&fixture, "{\"result\":null,\"id\":8}\n");
    expect_answer(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=1", 200,
                  "{\"lastUpdateId\":839541,\"bids\":[[\"63001.50000000\","
                  "\"0.02897200\"]],\"asks\":[[\"63005.80000000\",\"0.00753250\"]]}");
    expect_answer(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=5000", 200,
                  "{\"lastUpdateId\":839541,\"bids\":[[\"63001.50000000\","
                  "\"0.02897200\"],[\"63000.80000000\",\"0.00485396\"],"
                  "[\"62998.40000000\",\"0.01450034\"],[\"62997.40000000\","
                  "\"0.01638862\"],[\"62996.60000000\",\"0.00966476\"],"
                  "[\"62995.40000000\",\"0.01765012\"],[\"62994.60000000\","
                  "\"0.02989166\"],[\"62993.00000000\",\"0.00332325\"],"
                  "[\"62991.00000000\",\"0.00379411\"],[\"62990.40000000\","
                  "\"0.00380583\"]],\"asks\":[[\"63005.80000000\",\"0.00753250\"],"
                  "[\"63006.00000000\",\"0.31343540\"],[\"63008.40000000\","
                  "\"0.02845440\"],[\"63008.50000000\",\"0.01576975\"],"
                  "[\"63010.10000000\",\"0.02974384\"],[\"63011.00000000\","
                  "\"0.01657706\"],[\"63011.30000000\",\"0.05091130\"],"
                  "[\"63011.50000000\",\"0.01203182\"],[\"63013.40000000\","
                  "\"0.02481508\"],[\"63014.70000000\",\"0.01504526\"]]}");
    expect_answer(&fixture, "/api/v3/depth?symbol=FOOUSD&limit=5000", 400,
                  "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    run_ms(&fixture, 250);
    expect(&fixture, "{\"stream\":\"btcusd@depth@100ms\",\"data\":{\"e\":\"depthUpdate\","
                     "\"E\":1785552832100,\"s\":\"BTCUSD\",\"U\":839542,\"u\":839542,"
                     "\"b\":[[\"63000.80000000\",\"0.02796914\"],[\"62999.70000000\","
                     "\"0.00273053\"],[\"62993.00000000\",\"0.01931779\"],"
                     "[\"62990.40000000\",\"0.00000000\"]],\"a\":[[\"63007.40000000\","
                     "\"0.00206816\"],[\"63014.70000000\",\"0.00000000\"]]}}\n"
                     "{\"stream\":\"btcusd@depth@100ms\",\"data\":{\"e\":\"depthUpdate\","
                     "\"E\":1785552832200,\"s\":\"BTCUSD\",\"U\":839543,\"u\":839546,\"b\":[],"
                     "\"a\":[[\"63007.80000000\",\"0.01768921\"],[\"63009.60000000\","
                     "\"0.02160779\"],[\"63011.50000000\",\"0.00000000\"],"
                     "[\"63013.40000000\",\"0.00000000\"]]}}\n");
    close_fixture(&fixture);
}

static void binance_lists_pairs(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "binance");
    expect_answer(&fixture, "/api/v3/exchangeInfo?showPermissionSets=false", 200,
                  "{\"timezone\":\"UTC\",\"serverTime\":1785552832000,"
                  "\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\","
                  "\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":6000}],"
                  "\"exchangeFilters\":[],\"symbols\":[{\"symbol\":\"BTCUSD\","
                  "\"status\":\"TRADING\",\"baseAsset\":\"BTC\",\"baseAssetPrecision\":8,"
                  "\"quoteAsset\":\"USD\",\"quotePrecision\":8,\"quoteAssetPrecision\":8,"
                  "\"baseCommissionPrecision\":8,\"quoteCommissionPrecision\":8,"
                  "\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\","
                  "\"STOP_LOSS_LIMIT\",\"TAKE_PROFIT_LIMIT\"],\"icebergAllowed\":true,"
                  "\"ocoAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,"
                  "\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":false,"
                  "\"filters\":[{\"filterType\":\"PRICE_FILTER\","
                  "\"minPrice\":\"0.10000000\",\"maxPrice\":\"1000000.00000000\","
                  "\"tickSize\":\"0.10000000\"},{\"filterType\":\"PERCENT_PRICE\","
                  "\"multiplierUp\":\"5\",\"multiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                  "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00000001\","
                  "\"maxQty\":\"90000000.00000000\",\"stepSize\":\"0.00000001\"}]},"
                  "{\"symbol\":\"DOGEUSD\",\"status\":\"TRADING\",\"baseAsset\":\"DOGE\","
                  "\"baseAssetPrecision\":8,\"quoteAsset\":\"USD\",\"quotePrecision\":8,"
                  "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                  "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\","
                  "\"LIMIT_MAKER\",\"MARKET\",\"STOP_LOSS_LIMIT\",\"TAKE_PROFIT_LIMIT\"],"
                  "\"icebergAllowed\":true,\"ocoAllowed\":true,"
                  "\"quoteOrderQtyMarketAllowed\":true,\"isSpotTradingAllowed\":true,"
                  "\"isMarginTradingAllowed\":false,"
                  "\"filters\":[{\"filterType\":\"PRICE_FILTER\","
                  "\"minPrice\":\"0.00000010\",\"maxPrice\":\"1000000.00000000\","
                  "\"tickSize\":\"0.00000010\"},{\"filterType\":\"PERCENT_PRICE\","
                  "\"multiplierUp\":\"5\",\"multiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                  "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00000001\","
                  "\"maxQty\":\"90000000.00000000\",\"stepSize\":\"0.00000001\"}]}]}");
    close_fixture(&fixture);
}

/* 24 books of 250 are the 6,000 of a minute. */
static void binance_weighs_requests(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "binance");
    assert_int_equal(n_served(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=5000", 30), 24);
    expect_answer(&fixture, "/api/v3/exchangeInfo", 429,
                  "{\"code\":-1003,\"msg\":\"Too much request weight used; current limit is 6000 "
                  "request weight per 1 MINUTE. Please use WebSocket Streams for live updates to "
                  "avoid polling the API.\"}");
    run_ms(&fixture, 60000);
    assert_int_equal(n_served(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=1000", 130), 120);
    run_ms(&fixture, 60000);
    assert_int_equal(n_served(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=500", 250), 240);
    close_fixture(&fixture);
}

static void binance_has_diffs_for_faults(void **state)
{
    struct instrument_list *const list = test_instruments("BTC/USD,DOGE/USD");
    (void)state;

    expect_role(list,
                "{\"stream\":\"dogeusd@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,"
                "\"s\":\"DOGEUSD\",\"U\":2,\"u\":2,\"b\":[],\"a\":[]}}",
                FRAME_BOOK);
    expect_role(list, "{\"result\":null,\"id\":8}", FRAME_OTHER);
    test_instruments_free(list);
}

static void binance_limits_connections(void **state)
{
    (void)state;
    expect_300_connections("binance");
}

/* -- gemini -------------------------------------------------------------------------------- */

static void gemini_answers_requests(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "gemini");
    say(&fixture, "{\"id\":8,\"method\":\"ping\"}");
    say(&fixture, "{\"id\":10,\"method\":\"subscribe\",\"params\":[\"btcusd@depth@100ms\","
                  "\"foousd@depth@100ms\"]}");
    say(&fixture, "{\"id\":11,\"method\":\"unsubscribe\",\"params\":[\"btcusd@depth@100ms\"]}");
    say(&fixture, "{\"id\":\"a\",\"method\":\"foo\"}");
    say(&fixture, "{");
    run_ms(&fixture, 900);
    expect(&fixture,
           "{\"id\":8,\"status\":200}\n"
           "{\"id\":10,\"status\":400,\"error\":{\"code\":-1013,\"msg\":\"Invalid stream name: "
           "foousd@depth@100ms\"}}\n"
           "{\"id\":11,\"status\":200}\n"
           "{\"id\":\"a\",\"status\":400,\"error\":{\"code\":-1020,\"msg\":\"Unsupported "
           "operation\"}}\n"
           "{\"id\":null,\"status\":400,\"error\":{\"code\":-1020,\"msg\":\"Unsupported "
           "operation\"}}\n");
    close_fixture(&fixture);
}

/* One comes before the answer, the other behind it; then what changes. */
static void gemini_begins_with_the_book(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "gemini");
    say(&fixture, "{\"id\":10,\"method\":\"subscribe\",\"params\":[\"btcusd@depth@100ms\","
                  "\"dogeusd@depth@100ms\"]}");
    run_ms(&fixture, 180);
    expect(&fixture, "{\"e\":\"depthUpdate\",\"E\":1785552832000000000,\"s\":\"dogeusd\","
                     "\"U\":1764527605176522,\"u\":1764527605176522,\"b\":[[\"0.1242846\","
                     "\"28510.9462399000\"],[\"0.1242841\",\"12884.4753188900\"],"
                     "[\"0.1242799\",\"14628.2372860700\"],[\"0.1242756\","
                     "\"8494.4533518300\"],[\"0.1242722\",\"11224.2656376600\"],"
                     "[\"0.1242690\",\"10208.6207411300\"],[\"0.1242651\","
                     "\"13950.5728277100\"],[\"0.1242633\",\"13394.9651765800\"],"
                     "[\"0.1242604\",\"1383.5764933300\"],[\"0.1242603\","
                     "\"42617.5334401000\"]],\"a\":[[\"0.1242901\",\"14006.6521124700\"],"
                     "[\"0.1242948\",\"10847.5541600100\"],[\"0.1242971\","
                     "\"5892.8803176300\"],[\"0.1242986\",\"8188.2597080700\"],"
                     "[\"0.1243001\",\"13401.4497641100\"],[\"0.1243031\","
                     "\"3665.9127659100\"],[\"0.1243052\",\"15199.7191996700\"],"
                     "[\"0.1243098\",\"33833.4425361000\"],[\"0.1243110\","
                     "\"150814.1534177000\"],[\"0.1243144\",\"6258.0013495800\"]]}\n"
                     "{\"id\":10,\"status\":200}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832000000000,\"s\":\"btcusd\","
                     "\"U\":1764527605264019,\"u\":1764527605264019,\"b\":[[\"63001.50000\","
                     "\"0.0289720000\"],[\"63000.80000\",\"0.0048539600\"],[\"62998.40000\","
                     "\"0.0145003400\"],[\"62997.40000\",\"0.0163886200\"],[\"62996.60000\","
                     "\"0.0096647600\"],[\"62995.40000\",\"0.0176501200\"],[\"62994.60000\","
                     "\"0.0298916600\"],[\"62993.00000\",\"0.0033232500\"],[\"62991.00000\","
                     "\"0.0037941100\"],[\"62990.40000\",\"0.0038058300\"]],"
                     "\"a\":[[\"63005.80000\",\"0.0075325000\"],[\"63006.00000\","
                     "\"0.3134354000\"],[\"63008.40000\",\"0.0284544000\"],[\"63008.50000\","
                     "\"0.0157697500\"],[\"63010.10000\",\"0.0297438400\"],[\"63011.00000\","
                     "\"0.0165770600\"],[\"63011.30000\",\"0.0509113000\"],[\"63011.50000\","
                     "\"0.0120318200\"],[\"63013.40000\",\"0.0248150800\"],[\"63014.70000\","
                     "\"0.0150452600\"]]}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832100000000,\"s\":\"btcusd\","
                     "\"U\":1764527605264019,\"u\":1764527605264024,\"b\":[[\"63000.80000\","
                     "\"0.0279691400\"],[\"62999.70000\",\"0.0027305300\"],[\"62993.00000\","
                     "\"0.0193177900\"],[\"62990.40000\",\"0.0000000000\"]],"
                     "\"a\":[[\"63007.40000\",\"0.0020681600\"],[\"63014.70000\","
                     "\"0.0000000000\"]]}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832100000000,\"s\":\"dogeusd\","
                     "\"U\":1764527605176522,\"u\":1764527605176525,\"b\":[[\"0.1242841\","
                     "\"15076.8991267300\"],[\"0.1242788\",\"13799.1571216600\"],"
                     "[\"0.1242633\",\"3826.9282418900\"],[\"0.1242603\",\"0.0000000000\"]],"
                     "\"a\":[]}\n");
    close_fixture(&fixture);
}

static void gemini_lists_pairs(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "gemini");
    expect_answer(&fixture, "/v1/symbols/details/all", 200,
                  "[{\"symbol\":\"BTCUSD\",\"base_currency\":\"BTC\","
                  "\"quote_currency\":\"USD\",\"tick_size\":1E-8,\"quote_increment\":0.1,"
                  "\"min_order_size\":\"0.00001\",\"status\":\"open\","
                  "\"wrap_enabled\":false,\"product_type\":\"spot\","
                  "\"contract_type\":\"vanilla\",\"contract_price_currency\":\"USD\"},"
                  "{\"symbol\":\"DOGEUSD\",\"base_currency\":\"DOGE\","
                  "\"quote_currency\":\"USD\",\"tick_size\":1E-8,"
                  "\"quote_increment\":1E-7,\"min_order_size\":\"0.00001\","
                  "\"status\":\"open\",\"wrap_enabled\":false,\"product_type\":\"spot\","
                  "\"contract_type\":\"vanilla\",\"contract_price_currency\":\"USD\"}]");
    assert_int_equal(n_served(&fixture, "/v1/symbols/details/all", 130), 119); /* of 120 a minute */
    close_fixture(&fixture);
}

static void gemini_has_books_and_changes_for_faults(void **state)
{
    struct instrument_list *const list = test_instruments("BTC/USD,DOGE/USD");
    (void)state;

    expect_role(list,
                "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"dogeusd\",\"U\":12,\"u\":12,\"b\":[],"
                "\"a\":[]}",
                FRAME_SNAPSHOT);
    expect_role(list,
                "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"dogeusd\",\"U\":12,\"u\":13,\"b\":[],"
                "\"a\":[]}",
                FRAME_BOOK);
    expect_role(list, "{\"id\":8,\"status\":200}", FRAME_OTHER);
    test_instruments_free(list);
}

static void gemini_limits_connections(void **state)
{
    (void)state;
    expect_300_connections("gemini");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binance_answers_requests),
        cmocka_unit_test(binance_goes_on_from_the_rest_book),
        cmocka_unit_test(binance_lists_pairs),
        cmocka_unit_test(binance_weighs_requests),
        cmocka_unit_test(binance_has_diffs_for_faults),
        cmocka_unit_test(binance_limits_connections),
        cmocka_unit_test(gemini_answers_requests),
        cmocka_unit_test(gemini_begins_with_the_book),
        cmocka_unit_test(gemini_lists_pairs),
        cmocka_unit_test(gemini_has_books_and_changes_for_faults),
        cmocka_unit_test(gemini_limits_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
