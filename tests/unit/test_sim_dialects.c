/* What the venues of dialects.h say: whole answers, a whole book, and what follows it. */
#include "sim_client.h"

#include "dialects.h"
#include "fault_frame.h"
#include "util/clock.h"

enum { TEXT_MAX = 1 << 18, DEPTH = 10 };

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

static void open_with(struct fixture *fixture, const char *venue, const char *symbols)
{
    *fixture = (struct fixture){ .instruments = test_instruments(symbols) };
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

static void open_fixture(struct fixture *fixture, const char *venue)
{
    open_with(fixture, venue, "BTC/USD,DOGE/USD");
}

/* One of its own, for longer stories and other pairs. */
static struct fixture *new_fixture(const char *venue, const char *symbols)
{
    struct fixture *const fixture = malloc(sizeof(*fixture));

    assert_non_null(fixture);
    open_with(fixture, venue, symbols);
    return fixture;
}

static void close_fixture(struct fixture *fixture)
{
    world_destroy(fixture->world);
    test_instruments_free(fixture->instruments);
}

static void free_fixture(struct fixture *fixture)
{
    close_fixture(fixture);
    free(fixture);
}

static void forget(struct fixture *fixture)
{
    fixture->len = 0;
    fixture->told[0] = '\0';
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
    forget(fixture);
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

static void connect_again(struct fixture *fixture, int64_t now_ns)
{
    struct sim_venue *const model = world_venue(fixture->world, 0);

    model->ops->on_disconnect(model, 0);
    test_connect(fixture->world, 0, now_ns);
}

/* An address opens `n` connections in five minutes. */
static void expect_connections(const char *venue, int n)
{
    struct fixture fixture;

    open_fixture(&fixture, venue);
    for (int i = 1; i < n; i++) {
        connect_again(&fixture, fixture.now_ns);
    }
    expect(&fixture, "");
    connect_again(&fixture, fixture.now_ns + 300 * NS_PER_S - 1);
    expect(&fixture, "too many connections\n");
    connect_again(&fixture, fixture.now_ns + 300 * NS_PER_S);
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
                  "{\"lastUpdateId\":839541,\"bids\":[[\"62996.73000000\","
                  "\"0.02936000\"]],\"asks\":[[\"63003.11000000\","
                  "\"0.00928000\"]]}");
    expect_answer(&fixture, "/api/v3/depth?symbol=BTCUSD&limit=5000", 200,
                  "{\"lastUpdateId\":839541,\"bids\":[[\"62996.73000000\","
                  "\"0.02936000\"],[\"62995.44000000\",\"0.02036000\"],"
                  "[\"62993.46000000\",\"0.00564000\"],[\"62991.54000000\","
                  "\"0.02258000\"],[\"62989.56000000\",\"0.01722000\"],"
                  "[\"62988.93000000\",\"0.02834000\"],[\"62988.74000000\","
                  "\"0.03044000\"],[\"62986.91000000\",\"0.00651000\"],"
                  "[\"62986.76000000\",\"0.01621000\"],[\"62986.14000000\","
                  "\"0.02907000\"]],\"asks\":[[\"63003.11000000\","
                  "\"0.00928000\"],[\"63003.66000000\",\"0.05000000\"],"
                  "[\"63005.60000000\",\"0.00548000\"],[\"63007.63000000\","
                  "\"0.00085000\"],[\"63009.64000000\",\"0.02956000\"],"
                  "[\"63011.37000000\",\"0.01356000\"],[\"63012.33000000\","
                  "\"0.20550000\"],[\"63013.40000000\",\"0.00374000\"],"
                  "[\"63013.92000000\",\"0.02630000\"],[\"63016.34000000\","
                  "\"0.00782000\"]]}");
    expect_answer(&fixture, "/api/v3/depth?symbol=FOOUSD&limit=5000", 400,
                  "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    run_ms(&fixture, 250);
    expect(&fixture, "{\"stream\":\"btcusd@depth@100ms\","
                     "\"data\":{\"e\":\"depthUpdate\",\"E\":1785552832100,"
                     "\"s\":\"BTCUSD\",\"U\":839542,\"u\":839542,"
                     "\"b\":[[\"62995.44000000\",\"0.01472000\"],"
                     "[\"62994.08000000\",\"0.03061000\"],[\"62986.91000000\","
                     "\"0.01939000\"],[\"62986.14000000\",\"0.00000000\"]],"
                     "\"a\":[[\"63001.08000000\",\"0.02959000\"],"
                     "[\"63004.21000000\",\"0.02032000\"],[\"63013.92000000\","
                     "\"0.00000000\"],[\"63016.34000000\",\"0.00000000\"]]}}\n"
                     "{\"stream\":\"btcusd@depth@100ms\","
                     "\"data\":{\"e\":\"depthUpdate\",\"E\":1785552832200,"
                     "\"s\":\"BTCUSD\",\"U\":839543,\"u\":839546,\"b\":[],"
                     "\"a\":[[\"63003.26000000\",\"0.01463000\"],"
                     "[\"63007.13000000\",\"0.02137000\"],[\"63012.33000000\","
                     "\"0.00000000\"],[\"63013.40000000\",\"0.00000000\"]]}}\n");
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
                  "\"status\":\"TRADING\",\"baseAsset\":\"BTC\","
                  "\"baseAssetPrecision\":8,\"quoteAsset\":\"USD\","
                  "\"quotePrecision\":8,\"quoteAssetPrecision\":8,"
                  "\"baseCommissionPrecision\":8,"
                  "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\","
                  "\"LIMIT_MAKER\",\"MARKET\",\"STOP_LOSS_LIMIT\","
                  "\"TAKE_PROFIT_LIMIT\"],\"icebergAllowed\":true,"
                  "\"ocoAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,"
                  "\"isSpotTradingAllowed\":true,"
                  "\"isMarginTradingAllowed\":false,"
                  "\"filters\":[{\"filterType\":\"PRICE_FILTER\","
                  "\"minPrice\":\"0.01000000\","
                  "\"maxPrice\":\"1000000.00000000\","
                  "\"tickSize\":\"0.01000000\"},"
                  "{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"5\","
                  "\"multiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                  "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00001000\","
                  "\"maxQty\":\"90000000.00000000\","
                  "\"stepSize\":\"0.00001000\"},"
                  "{\"filterType\":\"MIN_NOTIONAL\","
                  "\"minNotional\":\"10.00000000\",\"applyToMarket\":true,"
                  "\"avgPriceMins\":5}]},{\"symbol\":\"DOGEUSD\","
                  "\"status\":\"TRADING\",\"baseAsset\":\"DOGE\","
                  "\"baseAssetPrecision\":8,\"quoteAsset\":\"USD\","
                  "\"quotePrecision\":8,\"quoteAssetPrecision\":8,"
                  "\"baseCommissionPrecision\":8,"
                  "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\","
                  "\"LIMIT_MAKER\",\"MARKET\",\"STOP_LOSS_LIMIT\","
                  "\"TAKE_PROFIT_LIMIT\"],\"icebergAllowed\":true,"
                  "\"ocoAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,"
                  "\"isSpotTradingAllowed\":true,"
                  "\"isMarginTradingAllowed\":false,"
                  "\"filters\":[{\"filterType\":\"PRICE_FILTER\","
                  "\"minPrice\":\"0.00010000\","
                  "\"maxPrice\":\"1000000.00000000\","
                  "\"tickSize\":\"0.00010000\"},"
                  "{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"5\","
                  "\"multiplierDown\":\"0.2\",\"avgPriceMins\":5},"
                  "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"1.00000000\","
                  "\"maxQty\":\"90000000.00000000\","
                  "\"stepSize\":\"1.00000000\"},"
                  "{\"filterType\":\"MIN_NOTIONAL\","
                  "\"minNotional\":\"10.00000000\",\"applyToMarket\":true,"
                  "\"avgPriceMins\":5}]}]}");
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
    expect_connections("binance", 300);
}

/* -- bybit --------------------------------------------------------------------------------- */

#define BYBIT_ID "\"conn_id\":\"d9avrao7pl3bpiuoku0g-7tmms\","

static void bybit_answers(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "bybit");
    say(&fixture, "{\"op\":\"subscribe\",\"args\":[\"orderbook.50.BTCUSD\"]}");
    say(&fixture, "{\"req_id\":\"2\",\"op\":\"subscribe\",\"args\":[\"orderbook.50.BTCUSD\"]}");
    say(&fixture, "{\"req_id\":\"3\",\"op\":\"subscribe\",\"args\":[\"orderbook.50.DOGEUSD\","
                  "\"orderbook.50.FOOUSD\"]}");
    say(&fixture, "{\"req_id\":\"4\",\"op\":\"subscribe\",\"args\":[1,2,3,4,5,6,7,8,9,10]}");
    say(&fixture, "{\"req_id\":\"5\",\"op\":\"subscribe\",\"args\":[1,2,3,4,5,6,7,8,9,10,11]}");
    say(&fixture, "{\"req_id\":\"6\",\"op\":\"unsubscribe\",\"args\":[\"orderbook.50.BTCUSD\"]}");
    say(&fixture, "{\"req_id\":\"7\",\"op\":\"ping\"}");
    say(&fixture, "{");
    run_ms(&fixture, 500);
    expect(&fixture,
           "{\"success\":true,\"ret_msg\":\"subscribe\"," BYBIT_ID "\"op\":\"subscribe\"}\n"
           "{\"success\":false,\"ret_msg\":\"error:already "
           "subscribed,topic:orderbook.50.BTCUSD\"," BYBIT_ID
           "\"req_id\":\"2\",\"op\":\"subscribe\"}\n"
           "{\"success\":false,\"ret_msg\":\"error:handler not "
           "found,topic:orderbook.50.FOOUSD\"," BYBIT_ID "\"req_id\":\"3\",\"op\":\"subscribe\"}\n"
           "{\"success\":false,\"ret_msg\":\"error:handler not found,topic:\"," BYBIT_ID
           "\"req_id\":\"4\",\"op\":\"subscribe\"}\n"
           "{\"success\":false,\"ret_msg\":\"args size >10\"," BYBIT_ID
           "\"req_id\":\"5\",\"op\":\"subscribe\"}\n"
           "{\"success\":true,\"ret_msg\":\"unsubscribe\"," BYBIT_ID
           "\"req_id\":\"6\",\"op\":\"unsubscribe\"}\n"
           "{\"success\":true,\"ret_msg\":\"pong\"," BYBIT_ID "\"req_id\":\"7\",\"op\":\"ping\"}\n"
           "{\"success\":false,\"ret_msg\":\"error:invalid op\"," BYBIT_ID "\"op\":\"\"}\n");
    close_fixture(&fixture);
}

static void bybit_book_and_what_changes(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "bybit");
    run_ms(&fixture, 1000);
    say(&fixture, "{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"orderbook.50.DOGEUSD\"]}");
    run_ms(&fixture, 60);
    expect(&fixture, "{\"success\":true,\"ret_msg\":\"subscribe\"," BYBIT_ID
                     "\"req_id\":\"1\",\"op\":\"subscribe\"}\n"
                     "{\"topic\":\"orderbook.50.DOGEUSD\",\"ts\":1785552832988,"
                     "\"type\":\"snapshot\",\"data\":{\"s\":\"DOGEUSD\","
                     "\"b\":[[\"0.1242972\",\"7436.15868686\"],[\"0.1242914\","
                     "\"13799.15712166\"],[\"0.1242908\",\"3002.7389487\"],"
                     "[\"0.1242885\",\"38810.0958177\"],[\"0.1242882\","
                     "\"9111.30767782\"],[\"0.1242872\",\"2455.67614585\"],"
                     "[\"0.1242848\",\"8870.95512748\"],[\"0.1242816\","
                     "\"10208.62074113\"],[\"0.1242777\",\"11465.30719553\"],"
                     "[\"0.1242759\",\"3826.92824189\"]],\"a\":[[\"0.1243028\","
                     "\"13117.99042984\"],[\"0.1243062\",\"12550.72455446\"],"
                     "[\"0.1243109\",\"13382.96675028\"],[\"0.1243173\","
                     "\"8979.25606011\"],[\"0.1243185\",\"9096.5325373\"],[\"0.124322\","
                     "\"157589.0877421\"],[\"0.1243233\",\"1127.13207576\"],"
                     "[\"0.1243257\",\"3601.38353306\"],[\"0.1243306\",\"242.01241891\"],"
                     "[\"0.1243308\",\"1562.69488284\"]],\"u\":929744,\"seq\":12086672},"
                     "\"cts\":1785552832984}\n"
                     "{\"topic\":\"orderbook.50.DOGEUSD\",\"ts\":1785552833055,"
                     "\"type\":\"delta\",\"data\":{\"s\":\"DOGEUSD\","
                     "\"b\":[[\"0.1242978\",\"4463.72972643\"],[\"0.1242972\",\"0\"],"
                     "[\"0.1242908\",\"2859.13903128\"]],\"a\":[],\"u\":929745,"
                     "\"seq\":12086685},\"cts\":1785552833051}\n");
    close_fixture(&fixture);
}

static void bybit_catalog(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "bybit");
    expect_answer(&fixture, "/v5/market/instruments-info?category=linear", 404, "");
    expect_answer(&fixture, "/v5/market/instruments-info?category=spot", 200,
                  "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\","
                  "\"list\":[{\"symbolId\":9,\"symbol\":\"BTCUSD\",\"baseCoin\":\"BTC\","
                  "\"quoteCoin\":\"USD\",\"innovation\":\"0\",\"status\":\"Trading\","
                  "\"marginTrading\":\"utaOnly\",\"stTag\":\"0\","
                  "\"lotSizeFilter\":{\"basePrecision\":\"0.000001\","
                  "\"quotePrecision\":\"0.0000001\",\"minOrderQty\":\"0.000011\","
                  "\"maxOrderQty\":\"83\",\"minOrderAmt\":\"5\","
                  "\"maxOrderAmt\":\"8000000\"},\"priceFilter\":{\"tickSize\":\"0.1\"},"
                  "\"riskParameters\":{\"priceLimitRatioX\":\"0.005\","
                  "\"priceLimitRatioY\":\"0.01\"},\"symbolType\":\"\"},{\"symbolId\":9,"
                  "\"symbol\":\"DOGEUSD\",\"baseCoin\":\"DOGE\",\"quoteCoin\":\"USD\","
                  "\"innovation\":\"0\",\"status\":\"Trading\","
                  "\"marginTrading\":\"utaOnly\",\"stTag\":\"0\","
                  "\"lotSizeFilter\":{\"basePrecision\":\"0.00000001\","
                  "\"quotePrecision\":\"0.0000001\",\"minOrderQty\":\"10\","
                  "\"maxOrderQty\":\"83\",\"minOrderAmt\":\"5\","
                  "\"maxOrderAmt\":\"8000000\"},"
                  "\"priceFilter\":{\"tickSize\":\"0.0000001\"},"
                  "\"riskParameters\":{\"priceLimitRatioX\":\"0.005\","
                  "\"priceLimitRatioY\":\"0.01\"},\"symbolType\":\"\"}]},"
                  "\"retExtInfo\":{},\"time\":1785552832000}");
    close_fixture(&fixture);
}

static void bybit_counts_connections(void **state)
{
    (void)state;
    expect_connections("bybit", 500);
}

/* -- coinbase ------------------------------------------------------------------------------ */

static void coinbase_answers(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "coinbase");
    say(&fixture, "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}");
    say(&fixture, "{\"type\":\"subscribe\",\"product_ids\":[\"FOO-USD\",7],"
                  "\"channel\":\"level2\"}");
    say(&fixture, "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":\"full\"}");
    say(&fixture, "{");
    run_ms(&fixture, 1000);
    say(&fixture, "{\"type\":\"unsubscribe\",\"channel\":\"heartbeats\"}");
    run_ms(&fixture, 2000);
    expect(&fixture,
           "{\"channel\":\"subscriptions\",\"timestamp\":\"2026-08-01T02:53:52Z\","
           "\"sequence_num\":0,"
           "\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"]}}]}\n"
           "{\"channel\":\"subscriptions\",\"timestamp\":\"2026-08-01T02:53:52Z\","
           "\"sequence_num\":1,"
           "\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"]}}]}\n"
           "{\"type\":\"error\",\"message\":\"authentication failure\"}\n"
           "{\"type\":\"error\",\"message\":\"authentication failure\"}\n"
           "{\"channel\":\"heartbeats\",\"timestamp\":\"2026-08-01T02:53:53Z\","
           "\"sequence_num\":2,"
           "\"events\":[{\"current_time\":\"2026-08-01 02:53:53 +0000 UTC m=+534309.232148689\","
           "\"heartbeat_counter\":534309}]}\n"
           "{\"channel\":\"subscriptions\",\"timestamp\":\"2026-08-01T02:53:53Z\","
           "\"sequence_num\":3,\"events\":[{\"subscriptions\":{}}]}\n");
    close_fixture(&fixture);
}

static const char coinbase_whole[] =
    "{\"channel\":\"l2_data\",\"timestamp\":\"2026-08-01T02:53:53.001Z\","
    "\"sequence_num\":1,\"events\":[{\"type\":\"snapshot\","
    "\"product_id\":\"DOGE-USD\",\"updates\":[{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242972\","
    "\"new_quantity\":\"7436.15868686\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242925\","
    "\"new_quantity\":\"132194.5585798\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242919\","
    "\"new_quantity\":\"3002.7389487\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242914\","
    "\"new_quantity\":\"9111.30767782\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242896\","
    "\"new_quantity\":\"38810.0958177\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242883\","
    "\"new_quantity\":\"2455.67614585\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242882\","
    "\"new_quantity\":\"8870.95512748\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242848\","
    "\"new_quantity\":\"11224.26563766\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242816\","
    "\"new_quantity\":\"11465.30719553\"},{\"side\":\"bid\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1242807\","
    "\"new_quantity\":\"78585.2640971\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243034\","
    "\"new_quantity\":\"13117.99042984\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243068\","
    "\"new_quantity\":\"12550.72455446\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243115\","
    "\"new_quantity\":\"13382.96675028\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243179\","
    "\"new_quantity\":\"8979.25606011\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243191\","
    "\"new_quantity\":\"9096.5325373\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243226\","
    "\"new_quantity\":\"157589.0877421\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243239\","
    "\"new_quantity\":\"1127.13207576\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243263\","
    "\"new_quantity\":\"3601.38353306\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243312\","
    "\"new_quantity\":\"242.01241891\"},{\"side\":\"offer\","
    "\"event_time\":\"2026-08-01T02:53:52.971Z\",\"price_level\":\"0.1243314\","
    "\"new_quantity\":\"1562.69488284\"}]}]}\n";

static void coinbase_book_and_what_changes(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "coinbase");
    run_ms(&fixture, 1000);
    say(&fixture, "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}");
    expect(&fixture, "{\"channel\":\"subscriptions\",\"timestamp\":\"2026-08-01T02:53:53Z\","
                     "\"sequence_num\":0,"
                     "\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"]}}]}\n");
    say(&fixture, "{\"type\":\"subscribe\",\"product_ids\":[\"DOGE-USD\",\"FOO-USD\"],"
                  "\"channel\":\"level2\"}");
    run_ms(&fixture, 50);
    expect(&fixture, coinbase_whole);
    run_ms(&fixture, 60);
    say(&fixture, "{\"type\":\"unsubscribe\",\"product_ids\":[\"DOGE-USD\"],"
                  "\"channel\":\"level2\"}");
    run_ms(&fixture, 890);
    expect(&fixture,
           "{\"channel\":\"l2_data\","
           "\"timestamp\":\"2026-08-01T02:53:53.055Z\",\"sequence_num\":2,"
           "\"events\":[{\"type\":\"update\",\"product_id\":\"DOGE-USD\","
           "\"updates\":[{\"side\":\"bid\","
           "\"event_time\":\"2026-08-01T02:53:53.025Z\","
           "\"price_level\":\"0.1242984\",\"new_quantity\":\"4463.72972643\"},"
           "{\"side\":\"bid\",\"event_time\":\"2026-08-01T02:53:53.025Z\","
           "\"price_level\":\"0.1242972\",\"new_quantity\":\"0\"},"
           "{\"side\":\"bid\",\"event_time\":\"2026-08-01T02:53:53.025Z\","
           "\"price_level\":\"0.1242919\","
           "\"new_quantity\":\"2859.13903128\"}]}]}\n"
           "{\"channel\":\"subscriptions\","
           "\"timestamp\":\"2026-08-01T02:53:53.06Z\",\"sequence_num\":3,"
           "\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"],"
           "\"level2\":[\"DOGE-USD\"]}}]}\n"
           "{\"channel\":\"l2_data\","
           "\"timestamp\":\"2026-08-01T02:53:53.105Z\",\"sequence_num\":4,"
           "\"events\":[{\"type\":\"update\",\"product_id\":\"DOGE-USD\","
           "\"updates\":[{\"side\":\"bid\","
           "\"event_time\":\"2026-08-01T02:53:53.075Z\","
           "\"price_level\":\"0.1242896\","
           "\"new_quantity\":\"1150.95908162\"}]}]}\n"
           "{\"channel\":\"subscriptions\","
           "\"timestamp\":\"2026-08-01T02:53:53.11Z\",\"sequence_num\":5,"
           "\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"]}}]}\n"
           "{\"channel\":\"heartbeats\",\"timestamp\":\"2026-08-01T02:53:54Z\","
           "\"sequence_num\":6,"
           "\"events\":[{\"current_time\":\"2026-08-01 02:53:54 +0000 UTC m=+534310.232148689\","
           "\"heartbeat_counter\":534310}]}\n");
    close_fixture(&fixture);
}

static void coinbase_catalog(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "coinbase");
    expect_answer(&fixture, "/currencies", 404, "{\"message\":\"NotFound\"}");
    expect_answer(&fixture, "/products", 200,
                  "[{\"id\":\"BTC-USD\",\"base_currency\":\"BTC\","
                  "\"quote_currency\":\"USD\",\"quote_increment\":\"0.01\","
                  "\"base_increment\":\"0.00000001\",\"display_name\":\"BTC/USD\","
                  "\"min_market_funds\":\"1\",\"margin_enabled\":false,"
                  "\"post_only\":false,\"limit_only\":false,\"cancel_only\":false,"
                  "\"status\":\"online\",\"status_message\":\"\","
                  "\"trading_disabled\":false,\"fx_stablecoin\":false,"
                  "\"max_slippage_percentage\":\"0.02000000\",\"auction_mode\":false,"
                  "\"high_bid_limit_percentage\":\"\"},{\"id\":\"DOGE-USD\","
                  "\"base_currency\":\"DOGE\",\"quote_currency\":\"USD\","
                  "\"quote_increment\":\"0.0000001\",\"base_increment\":\"0.00000001\","
                  "\"display_name\":\"DOGE/USD\",\"min_market_funds\":\"1\","
                  "\"margin_enabled\":false,\"post_only\":false,\"limit_only\":false,"
                  "\"cancel_only\":false,\"status\":\"online\",\"status_message\":\"\","
                  "\"trading_disabled\":false,\"fx_stablecoin\":false,"
                  "\"max_slippage_percentage\":\"0.02000000\",\"auction_mode\":false,"
                  "\"high_bid_limit_percentage\":\"\"}]");
    close_fixture(&fixture);
}

/* Eight a second, of all connections of an address. */
static void coinbase_counts_requests_of_an_address(void **state)
{
    static const char request[] = "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}";
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "coinbase");
    for (size_t i = 0; i < 16; i++) {
        if (i == 8) {
            run_ms(&fixture, 1000);
        }
        say(&fixture, request);
    }
    assert_null(strstr(fixture.told, "too many"));
    fixture.len = 0;
    connect_again(&fixture, fixture.now_ns);
    say(&fixture, request);
    expect(&fixture, "too many requests\n");
    close_fixture(&fixture);
}

/* -- bitfinex ------------------------------------------------------------------------------- */

#define BITFINEX_BOOK(symbol)                                                                      \
    "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"" symbol                           \
    "\",\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"100\"}"
#define BITFINEX_ERROR(symbol, error)                                                              \
    "{\"channel\":\"book\",\"symbol\":\"t" symbol                                                  \
    "\",\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"100\",\"event\":\"error\"," error                \
    ",\"pair\":\"" symbol "\"}\n"

static void bitfinex_answers_as_the_venue_does(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD");
    (void)state;

    say(fixture, "{\"event\":\"conf\",\"flags\":196608}");
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    say(fixture, BITFINEX_BOOK("tETHUSD"));
    say(fixture, "{\"event\":\"subscribe\",\"channel\":\"nope\",\"symbol\":\"tBTCUSD\"}");
    say(fixture, "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"tBTCUSD\","
                 "\"prec\":\"P9\",\"len\":\"100\"}");
    say(fixture, "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"tBTCUSD\","
                 "\"prec\":\"P0\",\"len\":\"7\"}");
    say(fixture, "{\"event\":\"unsubscribe\",\"chanId\":7}");
    say(fixture, "{\"event\":\"nope\"}");
    say(fixture, "{\"event\":\"ping\",\"cid\":1}");
    say(fixture, "nonsense");
    say(fixture, "{\"event\":\"unsubscribe\",\"chanId\":204800}");
    run_ms(fixture, 1000);
    assert_string_equal(
        fixture->told,
        "{\"event\":\"info\",\"version\":2,\"serverId\":\"fb5877a3-ded1-4754-b9bf-fda9cc751d37\","
        "\"platform\":{\"status\":1}}\n"
        "{\"event\":\"conf\",\"status\":\"OK\",\"flags\":196608}\n" /* */
        BITFINEX_ERROR("BTCUSD", "\"msg\":\"subscribe: dup\",\"code\":10301,\"chanId\":204800")
            BITFINEX_ERROR(
                "ETHUSD",
                "\"msg\":\"symbol: invalid\",\"code\":10300") "{\"channel\":\"nope\",\"symbol\":"
                                                              "\"tBTCUSD\",\"event\":\"error\","
                                                              "\"msg\":\"channel: "
                                                              "unknown\",\"code\":10300,\"pair\":"
                                                              "\"BTCUSD\"}\n"
                                                              "{\"channel\":\"book\",\"symbol\":"
                                                              "\"tBTCUSD\",\"prec\":\"P9\",\"len\":"
                                                              "\"100\","
                                                              "\"event\":\"error\",\"msg\":"
                                                              "\"precision: "
                                                              "invalid\",\"code\":10300,\"pair\":"
                                                              "\"BTCUSD\"}\n"
                                                              "{\"channel\":\"book\",\"symbol\":"
                                                              "\"tBTCUSD\",\"prec\":\"P0\",\"len\":"
                                                              "\"7\","
                                                              "\"event\":\"error\",\"msg\":"
                                                              "\"length: "
                                                              "invalid\",\"code\":10300,\"pair\":"
                                                              "\"BTCUSD\"}\n"
                                                              "{\"event\":\"error\",\"msg\":"
                                                              "\"unsubscribe: "
                                                              "invalid\",\"code\":10400,\"chanId\":"
                                                              "7}\n"
                                                              "{\"event\":\"error\",\"msg\":"
                                                              "\"event: invalid "
                                                              "(nope)\",\"code\":10000}\n"
                                                              "{\"event\":\"pong\",\"ts\":"
                                                              "1785552832000,\"cid\":1}\n"
                                                              "{\"event\":\"unsubscribed\","
                                                              "\"status\":\"OK\",\"chanId\":204800}"
                                                              "\n");
    free_fixture(fixture);
}

static void bitfinex_refuses_the_37th_book(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "50");
    char request[160];
    (void)state;

    for (int i = 1; i <= 36; i++) {
        (void)snprintf(request, sizeof(request), BITFINEX_BOOK("tT%04d:USD"), i);
        forget(fixture);
        say(fixture, request);
        assert_string_equal(fixture->told, "");
    }
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    assert_string_equal(fixture->told,
                        BITFINEX_ERROR("BTCUSD", "\"msg\":\"subscribe: limit\",\"code\":10305"));
    free_fixture(fixture);
}

static void bitfinex_closes_the_21st_connection_of_a_minute(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD");
    struct sim_venue *const model = world_venue(fixture->world, 0);
    (void)state;

    for (int i = 2; i <= 21; i++) {
        run_ms(fixture, 2990);
        model->ops->on_disconnect(model, 0);
        forget(fixture);
        test_connect(fixture->world, 0, fixture->now_ns);
        assert_int_equal(strncmp(fixture->told, "too", 3) == 0, i == 21);
    }
    assert_string_equal(fixture->told, "too many connections\n");
    free_fixture(fixture);
}

static void bitfinex_shows_a_book_level_by_level(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD");
    (void)state;

    forget(fixture);
    say(fixture, "{\"event\":\"conf\",\"flags\":196608}");
    forget(fixture);
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    run_ms(fixture, 200);
    expect(fixture, "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":204800,"
                    "\"symbol\":\"tBTCUSD\",\"prec\":\"P0\",\"freq\":\"F0\","
                    "\"len\":\"100\",\"pair\":\"BTCUSD\"}\n"
                    "[204800,[[62996,1,0.028972],[62995,1,0.00485396],[62993,1,"
                    "0.01450034],[62991,1,0.01638862],[62989,1,0.00966476],[62988,1,"
                    "0.04754178],[62986,1,0.01092319],[63004,1,-0.3209679],[63006,1,"
                    "-0.0284544],[63008,1,-0.01576975],[63010,1,-0.02974384],[63012,1,"
                    "-0.01657706],[63013,1,-0.0509113],[63014,1,-0.0368469],[63017,1,"
                    "-0.01504526]],1]\n"
                    "[204800,[62994,1,0.02391237],2]\n"
                    "[204800,[62988,1,0.02989166],3]\n"
                    "[204800,[62986,1,0.00711736],4]\n"
                    "[204800,[62984,1,0.01771819],5]\n"
                    "[204800,[62984,0,1],6]\n"
                    "[204800,[63017,0,-1],7]\n"
                    "[204800,[62994,1,0.05263479],8]\n"
                    "[204800,[63007,1,-0.00719126],9]\n"
                    "[204800,[63004,1,-0.0075325],10]\n"
                    "[204800,[63005,1,-0.00204312],11]\n");
    free_fixture(fixture);
}

/* As the venue has it, to be changed: how much of its prices is behind the point. */
static struct sim_instrument *first_pair(const struct fixture *fixture)
{
    return (struct sim_instrument *)(uintptr_t)&world_instruments(fixture->world, 0)->items[0];
}

static void bitfinex_spells_what_is_below_a_millionth_with_exponents(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "SHIB/USDT");
    struct sim_instrument *const pair = first_pair(fixture);
    (void)state;

    pair->px_digits = 11;
    say(fixture, BITFINEX_BOOK("tSHIB:UST"));
    run_ms(fixture, 45);
    assert_non_null(strstr(fixture->told, "[[0.000002219,1,2067.79348184],[0.0000022189,1,"));
    say(fixture, "{\"event\":\"unsubscribe\",\"chanId\":204800}");
    pair->px_digits = 12;
    forget(fixture);
    say(fixture, BITFINEX_BOOK("tSHIB:UST"));
    run_ms(fixture, 45);
    assert_non_null(strstr(fixture->told, "[[2.219e-7,1,2067.79348184],[2.2189e-7,1,"));
    free_fixture(fixture);
}

/* The book as a client keeps it that works with text alone. */
struct naive_bitfinex {
    struct naive_book book;
    unsigned long long number; /* of the last message */
    size_t n_checksums, n_beats;
};

static void naive_entry(struct naive_book *book, const char *px, int count, const char *amount)
{
    const bool is_ask = *amount == '-';
    const char *const qty = count == 0 ? "0" : amount + is_ask;

    naive_set(book, is_ask ? &book->asks : &book->bids, (struct arb_bytes){ px, strlen(px) },
              (struct arb_bytes){ qty, strlen(qty) });
}

/* The venue's sum, bit by bit. */
static int32_t naive_sum(const struct naive_book *book)
{
    char text[4096] = "";
    uint32_t crc = UINT32_MAX;
    size_t len = 0;

    for (size_t i = 0; i < 25; i++) {
        if (i < book->bids.n) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ":%s:%s",
                                    book->bids.levels[i].px, book->bids.levels[i].qty);
        }
        if (i < book->asks.n) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ":%s:-%s",
                                    book->asks.levels[i].px, book->asks.levels[i].qty);
        }
    }
    for (size_t i = 1; i < len; i++) {
        crc ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
        }
    }
    return (int32_t)~crc;
}

static void naive_line(struct naive_bitfinex *naive, const char *line)
{
    char px[NAIVE_TEXT_MAX], amount[NAIVE_TEXT_MAX];
    unsigned long long number = 0;
    int count = 0, checksum = 0;

    if (sscanf(line, "[204800,[%31[^],[],%d,%31[^],]],%llu]", px, &count, amount, &number) == 4) {
        naive_entry(&naive->book, px, count, amount);
    } else if (sscanf(line, "[204800,\"cs\",%d,%llu]", &checksum, &number) == 2) {
        assert_int_equal(checksum, naive_sum(&naive->book));
        naive->n_checksums++;
    } else if (sscanf(line, "[204800,\"hb\",%llu]", &number) == 1) {
        naive->n_beats++;
    } else if (*line == '[') {
        const char *at = line + strlen("[204800,[");
        for (; sscanf(at, "[%31[^],[],%d,%31[^],]]", px, &count, amount) == 3;
             at = strchr(at, ']') + 1 + (strchr(at, ']')[1] == ',')) {
            naive_entry(&naive->book, px, count, amount);
        }
        assert_int_equal(sscanf(at, "],%llu]", &number), 1);
    }
    assert_int_equal(number, *line == '[' ? naive->number + 1 : 0);
    naive->number += *line == '[';
}

static void bitfinex_numbers_sums_and_beats_follow_the_rules(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD");
    struct naive_bitfinex *const naive = calloc(1, sizeof(*naive));
    (void)state;

    assert_non_null(naive);
    naive_clear(&naive->book);
    say(fixture, "{\"event\":\"conf\",\"flags\":196608}");
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    run_ms(fixture, 61000);
    for (char *line = strtok(fixture->told, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        naive_line(naive, line);
    }
    assert_int_equal(naive->n_beats, 4);
    assert_in_range(naive->n_checksums, 20, 24); /* 2.5 s apart, or somewhat more */
    assert_int_equal(naive->book.unknown_deletes, 0);
    free(naive);
    free_fixture(fixture);
}

static void bitfinex_gives_a_channel_once_and_numbers_who_asks(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD");
    (void)state;

    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    run_ms(fixture, 45);
    assert_non_null(strstr(fixture->told, "\n[204800,[["));
    assert_null(strstr(fixture->told, "]],1]\n"));
    say(fixture, "{\"event\":\"unsubscribe\",\"chanId\":204800}");
    forget(fixture);
    run_ms(fixture, 1000);
    assert_string_equal(fixture->told, "");
    say(fixture, "{\"event\":\"unsubscribe\",\"chanId\":204800}");
    say(fixture, BITFINEX_BOOK("tBTCUSD"));
    run_ms(fixture, 45);
    assert_non_null(strstr(fixture->told, "\"code\":10400,\"chanId\":204800}\n"));
    assert_non_null(strstr(fixture->told, "\n[208896,[["));
    free_fixture(fixture);
}

static void bitfinex_lists_pairs_and_names(void **state)
{
    struct fixture *const fixture = new_fixture("bitfinex", "BTC/USD,DOGE/USD,ETH/USDT");
    (void)state;

    forget(fixture);
    expect_answer(fixture, "/v2/conf/pub:list:pair:exchange,pub:map:currency:sym", 200,
                  "[[\"BTCUSD\",\"DOGE:USD\",\"ETHUST\"],[[\"ALG\",\"ALGO\"],[\"AMP\",\"AMPL\"],"
                  "[\"IOT\",\"IOTA\"],[\"UDC\",\"USDC\"],[\"UST\",\"USDt\"]]]");
    expect_answer(fixture, "/v2/nope", 404, "Cannot GET /api/v2/nope");
    free_fixture(fixture);
}

static void expect_bitfinex_role(const char *frame, uint32_t role, uint32_t instrument)
{
    struct instrument_list *const list = test_instruments("BTC/USD,ETH/USD");
    const struct frame_subject subject =
        frame_subject_of(list, (struct arb_bytes){ frame, strlen(frame) });

    assert_int_equal(subject.role, role);
    assert_int_equal(subject.instrument, instrument);
    test_instruments_free(list);
}

static void bitfinex_books_are_known_by_their_channels(void **state)
{
    (void)state;
    expect_bitfinex_role("[204800,[[63000,1,0.5]],1]", FRAME_SNAPSHOT, 0);
    expect_bitfinex_role("[208897,[],1]", FRAME_SNAPSHOT, 1);
    expect_bitfinex_role("[208897,[63000,0,1],2]", FRAME_BOOK, 1);
    expect_bitfinex_role("[208898,[63000,0,1],2]", FRAME_OTHER, ARB_NO_INSTRUMENT);
    expect_bitfinex_role("[204800,\"hb\",3]", FRAME_OTHER, ARB_NO_INSTRUMENT);
    expect_bitfinex_role("[204800,\"cs\",-5,4]", FRAME_OTHER, ARB_NO_INSTRUMENT);
    expect_bitfinex_role("[204800,[", FRAME_OTHER, ARB_NO_INSTRUMENT);
    expect_bitfinex_role("[]", FRAME_OTHER, ARB_NO_INSTRUMENT);
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
    expect(&fixture, "{\"e\":\"depthUpdate\",\"E\":1785552832000000000,"
                     "\"s\":\"dogeusd\",\"U\":1764527605176522,"
                     "\"u\":1764527605176522,\"b\":[[\"0.12429\","
                     "\"124210.1925100000\"],[\"0.12428\",\"2523.9555350000\"],"
                     "[\"0.12427\",\"15575.8761330000\"],[\"0.12426\","
                     "\"13291.9493910000\"],[\"0.12425\",\"12410.9423520000\"],"
                     "[\"0.12424\",\"9047.0624410000\"],[\"0.12423\","
                     "\"11440.8322430000\"],[\"0.12422\",\"5661.9275800000\"],"
                     "[\"0.12421\",\"11179.8025810000\"],[\"0.12420\","
                     "\"86420.2739900000\"]],\"a\":[[\"0.12431\","
                     "\"1853.8385250000\"],[\"0.12432\",\"8401.9345590000\"],"
                     "[\"0.12433\",\"11838.5360050000\"],[\"0.12434\","
                     "\"15203.8217670000\"],[\"0.12435\",\"5798.1098350000\"],"
                     "[\"0.12436\",\"13901.0186490000\"],[\"0.12437\","
                     "\"7922.4095370000\"],[\"0.12438\",\"19941.5081300000\"],"
                     "[\"0.12439\",\"126034.5060700000\"],[\"0.12440\","
                     "\"14486.4121560000\"]]}\n"
                     "{\"id\":10,\"status\":200}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832000000000,"
                     "\"s\":\"btcusd\",\"U\":1764527605264019,"
                     "\"u\":1764527605264019,\"b\":[[\"62996.73000\","
                     "\"0.0289720000\"],[\"62995.44000\",\"0.0048539600\"],"
                     "[\"62993.46000\",\"0.0145003400\"],[\"62991.54000\","
                     "\"0.0163886200\"],[\"62989.56000\",\"0.0096647600\"],"
                     "[\"62988.93000\",\"0.0176501200\"],[\"62988.74000\","
                     "\"0.0298916600\"],[\"62986.91000\",\"0.0033232500\"],"
                     "[\"62986.76000\",\"0.0037941100\"],[\"62986.14000\","
                     "\"0.0038058300\"]],\"a\":[[\"63003.11000\","
                     "\"0.0075325000\"],[\"63003.66000\",\"0.3134354000\"],"
                     "[\"63005.60000\",\"0.0284544000\"],[\"63007.63000\","
                     "\"0.0157697500\"],[\"63009.64000\",\"0.0297438400\"],"
                     "[\"63011.37000\",\"0.0165770600\"],[\"63012.33000\","
                     "\"0.0509113000\"],[\"63013.40000\",\"0.0120318200\"],"
                     "[\"63013.92000\",\"0.0248150800\"],[\"63016.34000\","
                     "\"0.0150452600\"]]}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832100000000,"
                     "\"s\":\"btcusd\",\"U\":1764527605264019,"
                     "\"u\":1764527605264024,\"b\":[[\"62995.44000\","
                     "\"0.0279691400\"],[\"62994.08000\",\"0.0027305300\"],"
                     "[\"62986.91000\",\"0.0193177900\"],[\"62986.14000\","
                     "\"0.0000000000\"]],\"a\":[[\"63001.08000\","
                     "\"0.0160876700\"],[\"63004.21000\",\"0.0020681600\"],"
                     "[\"63013.92000\",\"0.0000000000\"],[\"63016.34000\","
                     "\"0.0000000000\"]]}\n"
                     "{\"e\":\"depthUpdate\",\"E\":1785552832100000000,"
                     "\"s\":\"dogeusd\",\"U\":1764527605176522,"
                     "\"u\":1764527605176525,\"b\":[[\"0.12428\","
                     "\"12479.8505810000\"],[\"0.12426\",\"13281.9553600000\"],"
                     "[\"0.12422\",\"12654.6197370000\"]],\"a\":[]}\n");
    close_fixture(&fixture);
}

static void gemini_lists_pairs(void **state)
{
    struct fixture fixture;
    (void)state;

    open_fixture(&fixture, "gemini");
    expect_answer(&fixture, "/v1/symbols/details/all", 200,
                  "[{\"symbol\":\"BTCUSD\",\"base_currency\":\"BTC\","
                  "\"quote_currency\":\"USD\",\"tick_size\":1E-8,"
                  "\"quote_increment\":0.01,\"min_order_size\":\"0.00001\","
                  "\"status\":\"open\",\"wrap_enabled\":false,"
                  "\"product_type\":\"spot\",\"contract_type\":\"vanilla\","
                  "\"contract_price_currency\":\"USD\"},"
                  "{\"symbol\":\"DOGEUSD\",\"base_currency\":\"DOGE\","
                  "\"quote_currency\":\"USD\",\"tick_size\":0.000001,"
                  "\"quote_increment\":0.00001,\"min_order_size\":\"0.1\","
                  "\"status\":\"open\",\"wrap_enabled\":false,"
                  "\"product_type\":\"spot\",\"contract_type\":\"vanilla\","
                  "\"contract_price_currency\":\"USD\"}]");
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
    expect_connections("gemini", 300);
}

/* -- okx ------------------------------------------------------------------------------------ */

static void okx_answers_as_the_venue_does(void **state)
{
    struct fixture *const fixture = new_fixture("okx", "BTC/USD");
    (void)state;

    say(fixture, "ping");
    say(fixture, "{\"id\":\"1\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\","
                 "\"instId\":\"BTC-USD\"},{\"channel\":\"books\",\"instId\":\"FOO-USD\"},"
                 "{\"channel\":\"nope\",\"instId\":\"BTC-USD\"}]}");
    say(fixture, "nonsense");
    say(fixture, "{\"id\":\"2\",\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"books\","
                 "\"instId\":\"BTC-USD\"}]}");
    run_ms(fixture, 1000);
    assert_string_equal(
        fixture->told,
        "pong\n"
        "{\"id\":\"1\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"books\","
        "\"instId\":\"BTC-USD\"},\"connId\":\"a4d3ae55\"}\n"
        "{\"id\":\"1\",\"event\":\"error\",\"code\":\"60018\","
        "\"msg\":\"Wrong URL or channel:books,instId:FOO-USD doesn't exist. Please use th"
        "e correct URL, channel and parameters referring to API document.\","
        "\"connId\":\"a4d3ae55\"}\n"
        "{\"id\":\"1\",\"event\":\"error\",\"code\":\"60018\","
        "\"msg\":\"Wrong URL or channel:nope,instId:BTC-USD doesn't exist. Please use the"
        " correct URL, channel and parameters referring to API document.\","
        "\"connId\":\"a4d3ae55\"}\n"
        "{\"id\":\"2\",\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"books\","
        "\"instId\":\"BTC-USD\"},\"connId\":\"a4d3ae55\"}\n");
    free_fixture(fixture);
}

static void okx_shows_a_whole_book_and_what_changes(void **state)
{
    struct fixture *const fixture = new_fixture("okx", "BTC/USD");
    (void)state;

    say(fixture, "{\"id\":\"1\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\","
                 "\"instId\":\"BTC-USD\"}]}");
    forget(fixture);
    run_ms(fixture, 250);
    expect(fixture, "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USD\"},"
                    "\"action\":\"snapshot\",\"data\":[{\"asks\":[[\"63001.3\","
                    "\"0.0075325\",\"0\",\"1\"],[\"63001.5\",\"0.3134354\",\"0\",\"1\"],"
                    "[\"63003.9\",\"0.0284544\",\"0\",\"1\"],[\"63004\",\"0.01576975\","
                    "\"0\",\"1\"],[\"63005.6\",\"0.02974384\",\"0\",\"1\"],[\"63006.5\","
                    "\"0.01657706\",\"0\",\"1\"],[\"63006.8\",\"0.0509113\",\"0\","
                    "\"1\"],[\"63007\",\"0.01203182\",\"0\",\"1\"],[\"63008.9\","
                    "\"0.02481508\",\"0\",\"1\"],[\"63010.2\",\"0.01504526\",\"0\","
                    "\"1\"]],\"bids\":[[\"62996.8\",\"0.028972\",\"0\",\"1\"],"
                    "[\"62996.1\",\"0.00485396\",\"0\",\"1\"],[\"62993.7\","
                    "\"0.01450034\",\"0\",\"1\"],[\"62992.7\",\"0.01638862\",\"0\","
                    "\"1\"],[\"62991.9\",\"0.00966476\",\"0\",\"1\"],[\"62990.7\","
                    "\"0.01765012\",\"0\",\"1\"],[\"62989.9\",\"0.02989166\",\"0\","
                    "\"1\"],[\"62988.3\",\"0.00332325\",\"0\",\"1\"],[\"62986.3\","
                    "\"0.00379411\",\"0\",\"1\"],[\"62985.7\",\"0.00380583\",\"0\","
                    "\"1\"]],\"ts\":\"1785552832000\",\"checksum\":0,\"seqId\":996255,"
                    "\"prevSeqId\":-1}]}\n"
                    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USD\"},"
                    "\"action\":\"update\",\"data\":[{\"asks\":[[\"63004.5\","
                    "\"0.00719126\",\"0\",\"1\"],[\"63010.2\",\"0\",\"0\",\"0\"]],"
                    "\"bids\":[[\"62994.9\",\"0.02872242\",\"0\",\"1\"],[\"62994.8\","
                    "\"0.02391237\",\"0\",\"1\"],[\"62990.7\",\"0\",\"0\",\"0\"],"
                    "[\"62985.7\",\"0\",\"0\",\"0\"]],\"ts\":\"1785552832100\","
                    "\"checksum\":0,\"seqId\":996256,\"prevSeqId\":996255}]}\n"
                    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USD\"},"
                    "\"action\":\"update\",\"data\":[{\"asks\":[[\"63001.5\",\"0\","
                    "\"0\",\"0\"],[\"63003.5\",\"0.00204312\",\"0\",\"1\"]],\"bids\":[],"
                    "\"ts\":\"1785552832200\",\"checksum\":0,\"seqId\":996258,"
                    "\"prevSeqId\":996256}]}\n");
    free_fixture(fixture);
}

static void okx_lists_instruments(void **state)
{
    struct fixture *const fixture = new_fixture("okx", "BTC/USD,SHIB/USDT");
    (void)state;

    expect_answer(fixture, "/api/v5/public/instruments?instType=SPOT", 200,
                  "{\"code\":\"0\",\"data\":[{\"baseCcy\":\"BTC\","
                  "\"instId\":\"BTC-USD\",\"instType\":\"SPOT\","
                  "\"lotSz\":\"0.00000001\",\"minSz\":\"0.00001\","
                  "\"quoteCcy\":\"USD\",\"state\":\"live\",\"tickSz\":\"0.1\"},"
                  "{\"baseCcy\":\"SHIB\",\"instId\":\"SHIB-USDT\","
                  "\"instType\":\"SPOT\",\"lotSz\":\"0.00000001\","
                  "\"minSz\":\"10\",\"quoteCcy\":\"USDT\",\"state\":\"live\","
                  "\"tickSz\":\"0.000001\"}],\"msg\":\"\"}");
    expect_answer(fixture, "/nope", 404, "{\"code\":\"404\",\"data\":[],\"msg\":\"not found\"}");
    free_fixture(fixture);
}

static void okx_closes_who_asks_eleven_times_in_a_second(void **state)
{
    struct fixture *const fixture = new_fixture("okx", "BTC/USD");
    (void)state;

    for (int i = 1; i <= 10; i++) {
        forget(fixture);
        say(fixture, "ping");
        assert_string_equal(fixture->told, "pong\n");
    }
    forget(fixture);
    say(fixture, "ping");
    assert_string_equal(fixture->told, "too many requests\n");
    free_fixture(fixture);
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
        cmocka_unit_test(bitfinex_answers_as_the_venue_does),
        cmocka_unit_test(bitfinex_refuses_the_37th_book),
        cmocka_unit_test(bitfinex_closes_the_21st_connection_of_a_minute),
        cmocka_unit_test(bitfinex_shows_a_book_level_by_level),
        cmocka_unit_test(bitfinex_spells_what_is_below_a_millionth_with_exponents),
        cmocka_unit_test(bitfinex_numbers_sums_and_beats_follow_the_rules),
        cmocka_unit_test(bitfinex_gives_a_channel_once_and_numbers_who_asks),
        cmocka_unit_test(bitfinex_lists_pairs_and_names),
        cmocka_unit_test(bitfinex_books_are_known_by_their_channels),
        cmocka_unit_test(bybit_answers),
        cmocka_unit_test(bybit_book_and_what_changes),
        cmocka_unit_test(bybit_catalog),
        cmocka_unit_test(bybit_counts_connections),
        cmocka_unit_test(coinbase_answers),
        cmocka_unit_test(coinbase_book_and_what_changes),
        cmocka_unit_test(coinbase_catalog),
        cmocka_unit_test(coinbase_counts_requests_of_an_address),
        cmocka_unit_test(gemini_answers_requests),
        cmocka_unit_test(gemini_begins_with_the_book),
        cmocka_unit_test(gemini_lists_pairs),
        cmocka_unit_test(gemini_has_books_and_changes_for_faults),
        cmocka_unit_test(gemini_limits_connections),
        cmocka_unit_test(okx_answers_as_the_venue_does),
        cmocka_unit_test(okx_shows_a_whole_book_and_what_changes),
        cmocka_unit_test(okx_lists_instruments),
        cmocka_unit_test(okx_closes_who_asks_eleven_times_in_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
