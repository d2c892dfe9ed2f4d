#include "sim_client.h"

#include "truth.h"
#include "util/clock.h"

enum { KRAKEN = 0, BITSTAMP = 1, GAPS_MAX = 4096, LINE_LEN_MAX = 1 << 14 };

static void ignore_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                         const char *why)
{
    (void)context;
    (void)venue;
    (void)client;
    (void)code;
    (void)why;
}

static void ignore_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    (void)context;
    (void)venue;
    (void)client;
    (void)frame;
}

/* A running FNV-1a over every byte sent. */
struct digest {
    uint64_t hash;
    size_t n_frames, n_snapshots;
};

static void add_to_digest(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct digest *const digest = context;

    digest->hash = (digest->hash ^ (venue << 8 | client)) * UINT64_C(1099511628211);
    for (size_t i = 0; i < frame.len; i++) {
        digest->hash = (digest->hash ^ (unsigned char)frame.data[i]) * UINT64_C(1099511628211);
    }
    digest->n_frames++;
    digest->n_snapshots += memmem(frame.data, frame.len, "\"snapshot\",\"data\"", 17) != NULL;
}

static const char subscribe_kraken[] =
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\",\"symbol\":[\"BTC/USD\"],"
    "\"depth\":1000}}";
static const char subscribe_bitstamp[] =
    "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"order_book_btcusd\"}}";
static const char subscribe_diffs[] =
    "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"diff_order_book_btcusd\"}}";

static struct digest digest_of(uint64_t seed, int64_t step_ms)
{
    struct instrument_list *const instruments = test_instruments("BTC/USD,ETH/USD");
    struct digest digest = { 0 };
    struct world_config config = test_world(
        instruments,
        (struct world_outlet){ .send = add_to_digest, .close = ignore_close, .context = &digest });
    struct world *world;

    config.seed = seed;
    assert_int_equal(world_create(&world, &config, NULL), ARB_OK);
    test_connect(world, KRAKEN, config.start_ns);
    test_connect(world, BITSTAMP, config.start_ns);
    test_say(world, KRAKEN, config.start_ns, subscribe_kraken);
    test_say(world, BITSTAMP, config.start_ns, subscribe_bitstamp);
    test_say(world, BITSTAMP, config.start_ns, subscribe_diffs);
    for (int64_t ms = 0; ms <= 20000; ms += step_ms) {
        world_advance(world, config.start_ns + ms * NS_PER_MS);
    }
    world_destroy(world);
    test_instruments_free(instruments);
    assert_true(digest.n_frames > 500);
    return digest;
}

static void same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    assert_true(digest_of(42, 100).hash == digest_of(42, 100).hash);
}

static void length_of_the_steps_does_not_matter(void **state)
{
    (void)state;
    assert_true(digest_of(42, 1).hash == digest_of(42, 1000).hash);
}

static void another_seed_gives_other_bytes(void **state)
{
    (void)state;
    assert_true(digest_of(42, 100).hash != digest_of(43, 100).hash);
}

/* An interval during which buying at one venue and selling at the other paid, or why it did not. */
struct interval {
    const char *what; /* as the truth says it; NULL: the books did not cross */
    int64_t open_ns, close_ns, peak_ppm;
};

struct observer {
    struct naive_book *books[2];
    struct interval open[2]; /* by buying venue */
    struct interval closed[2][GAPS_MAX];
    size_t n_closed[2];
};

static void observe_frame(void *context, uint32_t venue, uint32_t client, struct arb_bytes text)
{
    struct observer *const observer = context;
    struct naive_book *const book = observer->books[venue];
    (void)client;

    if (venue == KRAKEN) {
        (void)naive_kraken(book, text);
        return;
    }
    cJSON *const frame = cJSON_ParseWithLength(text.data, text.len);
    const cJSON *const data = cJSON_GetObjectItemCaseSensitive(frame, "data");
    if (cJSON_GetObjectItemCaseSensitive(data, "bids") != NULL) {
        naive_clear(book);
        (void)naive_bitstamp(book, data);
    }
    cJSON_Delete(frame);
}

__extension__ typedef __int128 wide;

/* Price times quantity of the best levels, in 10^-18; -1: there is not so much. */
static wide naive_worth(const struct naive_side *side, int64_t qty)
{
    wide worth = 0;

    for (size_t i = 0; i < side->n && qty > 0; i++) {
        const int64_t taken = side->levels[i].qty_value < qty ? side->levels[i].qty_value : qty;
        worth += (wide)side->levels[i].px_value * taken;
        qty -= taken;
    }
    return qty > 0 ? -1 : worth;
}

/*
 * Of BTC/USD, Kraken takes no less than 0.0002 and 0.50 USD, Bitstamp no less than 10 USD: 26 bp at
 * Kraken, 30 bp at Bitstamp. Tries one quantity after the other.
 */
static bool some_order_pays(const struct observer *observer, uint32_t buy)
{
    static const int64_t fees_ppm[] = { 2600, 3000 };
    static const wide least[] = { (wide)500000000 * 1000000000,
                                  (wide)10 * 1000000000 * 1000000000 };
    const struct naive_side *const bids = &observer->books[1 - buy]->bids;
    const struct naive_side *const asks = &observer->books[buy]->asks;

    for (int64_t qty = 20000; qty < 40000; qty++) {
        const wide paid = naive_worth(asks, qty), earned = naive_worth(bids, qty);
        if (paid >= least[buy] && earned >= least[1 - buy] &&
            earned * (1000000 - fees_ppm[1 - buy]) > paid * (1000000 + fees_ppm[buy])) {
            return true;
        }
    }
    return false;
}

/* The first unit's, in extended precision. */
static int64_t first_ppm(const struct observer *observer, uint32_t buy, bool *pays)
{
    static const long double fees[] = { 0.0026L, 0.0030L };
    const int64_t px = observer->books[buy]->asks.levels[0].px_value;
    const long double bid =
        (long double)observer->books[1 - buy]->bids.levels[0].px_value * (1 - fees[1 - buy]);
    const long double ask = (long double)px * (1 + fees[buy]);

    *pays = bid > ask;
    return (int64_t)((bid - ask) / (long double)px * 1000000 + (*pays ? 1e-9L : -1e-9L));
}

/* The rule once more. */
static const char *observe(const struct observer *observer, uint32_t buy, int64_t *ppm)
{
    const struct naive_side *const bids = &observer->books[1 - buy]->bids;
    const struct naive_side *const asks = &observer->books[buy]->asks;
    bool pays;

    if (bids->n == 0 || asks->n == 0 || bids->levels[0].px_value <= asks->levels[0].px_value) {
        return NULL;
    }
    *ppm = first_ppm(observer, buy, &pays);
    if (!pays) {
        return "\"why\":\"fees\"";
    }
    return some_order_pays(observer, buy) ? "\"divergence\"" : "\"why\":\"minimum\"";
}

static void observe_gap(struct observer *observer, uint32_t buy, int64_t now_ns)
{
    struct interval *const open = &observer->open[buy];
    int64_t ppm = 0;
    const char *const what = observe(observer, buy, &ppm);

    if (what == open->what) {
        open->peak_ppm = ppm > open->peak_ppm ? ppm : open->peak_ppm;
        return;
    }
    if (open->what != NULL) {
        open->close_ns = now_ns;
        assert_true(observer->n_closed[buy] < GAPS_MAX);
        observer->closed[buy][observer->n_closed[buy]++] = *open;
    }
    *open = (struct interval){ .what = what, .open_ns = now_ns, .peak_ppm = ppm };
}

static int64_t number_after(const char *text, const char *key)
{
    const char *const at = strstr(text, key);
    assert_non_null(at);
    return strtoll(at + strlen(key), NULL, 10);
}

/* Compares the truth's lines of one direction with what was observed. */
static void compare(FILE *truth, const struct observer *observer, uint32_t buy, size_t n_of[3])
{
    char line[LINE_LEN_MAX];
    const char *const want = buy == KRAKEN ? "\"buy\":\"kraken\"" : "\"buy\":\"bitstamp\"";
    size_t n = 0;

    rewind(truth);
    while (fgets(line, sizeof(line), truth) != NULL) {
        if (strstr(line, want) == NULL || strstr(line, "open_at_exit") != NULL) {
            continue;
        }
        assert_true(n < observer->n_closed[buy]);
        const struct interval *const seen = &observer->closed[buy][n++];
        assert_non_null(strstr(line, seen->what));
        assert_true(number_after(line, "\"open_ns\":") == seen->open_ns);
        assert_true(number_after(line, "\"close_ns\":") == seen->close_ns);
        assert_int_equal(number_after(line, "\"peak_net_ppm\":"), seen->peak_ppm);
    }
    assert_int_equal(n, observer->n_closed[buy]);
    for (size_t i = 0; i < n; i++) {
        const char *const what = observer->closed[buy][i].what;
        n_of[strstr(what, "fees") != NULL ? 1 : strstr(what, "minimum") != NULL ? 2 : 0]++;
    }
}

static void truth_is_what_a_perfectly_informed_client_sees(void **state)
{
    struct instrument_list *const instruments = test_instruments("BTC/USD");
    struct observer *const observer = calloc(1, sizeof(*observer));
    FILE *const truth = tmpfile();
    struct world *world;
    size_t n_of[3] = { 0 };
    (void)state;

    assert_non_null(observer);
    assert_non_null(truth);
    observer->books[0] = calloc(1, sizeof(*observer->books[0]));
    observer->books[1] = calloc(1, sizeof(*observer->books[1]));
    naive_clear(observer->books[0]);
    naive_clear(observer->books[1]);
    struct world_config config = test_world(
        instruments,
        (struct world_outlet){ .send = observe_frame, .close = ignore_close, .context = observer });
    config.truth_out = truth;
    config.divergence_every_ms = 1000;
    assert_int_equal(world_create(&world, &config, NULL), ARB_OK);
    test_connect(world, KRAKEN, config.start_ns);
    test_connect(world, BITSTAMP, config.start_ns);
    test_say(world, KRAKEN, config.start_ns, subscribe_kraken);
    test_say(world, BITSTAMP, config.start_ns, subscribe_bitstamp);
    for (int64_t now_ns = config.start_ns; now_ns < config.start_ns + 120 * NS_PER_S;
         now_ns = world_next_ns(world)) {
        world_advance(world, now_ns);
        observe_gap(observer, KRAKEN, now_ns);
        observe_gap(observer, BITSTAMP, now_ns);
    }
    assert_int_equal(truth_finish(world_truth(world), config.start_ns + 120 * NS_PER_S, NULL),
                     ARB_OK);
    compare(truth, observer, KRAKEN, n_of);
    compare(truth, observer, BITSTAMP, n_of);
    assert_true(n_of[0] > 20 && n_of[1] > 10 && n_of[2] > 10);
    world_destroy(world);
    (void)fclose(truth);
    free(observer->books[0]);
    free(observer->books[1]);
    free(observer);
    test_instruments_free(instruments);
}

static void set_best(struct sim_book *book, int64_t bid, int64_t ask)
{
    book->bids.n = book->asks.n = 0;
    ladder_set(&book->bids, (struct arb_level){ bid, 100000000 });
    ladder_set(&book->asks, (struct arb_level){ ask, 100000000 });
}

/* Two venues without fees: what one has to sell at 10000 is wanted at 10100 by the other. */
struct stage {
    struct instrument_list *pairs, *of_venue[2];
    struct truth_config config;
    struct sim_book book;
};

static void open_stage(struct stage *stage)
{
    *stage = (struct stage){ .pairs = test_instruments("BTC/USD") };
    for (size_t i = 0; i < 2; i++) {
        stage->of_venue[i] = test_instruments("BTC/USD");
    }
    stage->config = (struct truth_config){
        .instruments = stage->pairs,
        .of_venue = { stage->of_venue[0], stage->of_venue[1] },
        .n_venues = 2,
        .venues = { "kraken", "bitstamp" },
    };
    assert_int_equal(sim_book_init(&stage->book, 10), ARB_OK);
}

static void close_stage(struct stage *stage)
{
    sim_book_fini(&stage->book);
    test_instruments_free(stage->pairs);
    for (size_t i = 0; i < 2; i++) {
        test_instruments_free(stage->of_venue[i]);
    }
}

/* Whether so much on either side is a divergence. */
static bool diverges(struct stage *stage, int64_t wanted, int64_t offered)
{
    struct truth *truth;

    assert_int_equal(truth_create(&truth, &stage->config, NULL), ARB_OK);
    stage->book.bids.n = stage->book.asks.n = 0;
    ladder_set(&stage->book.bids, (struct arb_level){ 9000, 1 });
    ladder_set(&stage->book.asks, (struct arb_level){ 10000, offered });
    truth_on_book(truth, 0, 0, &stage->book, 1);
    stage->book.bids.n = stage->book.asks.n = 0;
    ladder_set(&stage->book.bids, (struct arb_level){ 10100, wanted });
    ladder_set(&stage->book.asks, (struct arb_level){ 11000, 1 });
    truth_on_book(truth, 1, 0, &stage->book, 2);
    const bool does = truth_count(truth) > 0;
    truth_destroy(truth);
    return does;
}

static void an_order_is_not_below_the_least_quantity_of_either_venue(void **state)
{
    struct stage stage;
    (void)state;

    open_stage(&stage);
    assert_true(diverges(&stage, 1, 1));
    stage.of_venue[0]->items[0].min_qty = 5;
    stage.of_venue[1]->items[0].min_qty = 7;
    assert_true(diverges(&stage, 7, 7));
    assert_false(diverges(&stage, 6, 7));
    assert_false(diverges(&stage, 7, 6));
    stage.of_venue[0]->items[0].min_qty = 8;
    assert_false(diverges(&stage, 7, 7));
    assert_true(diverges(&stage, 8, 8));
    close_stage(&stage);
}

/* 100.00 at one, 101.00 at the other, quantities in 10^-8. */
static void an_order_is_not_below_the_least_value_of_either_venue(void **state)
{
    struct stage stage;
    (void)state;

    open_stage(&stage);
    stage.of_venue[0]->items[0].min_value = 1000; /* 10.00 */
    assert_true(diverges(&stage, 10000000, 10000000));
    assert_false(diverges(&stage, 10000000, 9999999));
    stage.of_venue[0]->items[0].min_value = 0;
    stage.of_venue[1]->items[0].min_value = 1010; /* of what is sold there */
    assert_true(diverges(&stage, 10000000, 10000000));
    assert_false(diverges(&stage, 9999999, 10000000));
    stage.of_venue[1]->items[0].min_value = 1011;
    assert_false(diverges(&stage, 10000000, 10000000));
    close_stage(&stage);
}

static void an_order_is_of_whole_lots_of_both_venues(void **state)
{
    struct stage stage;
    (void)state;

    open_stage(&stage);
    stage.of_venue[1]->items[0].qty_digits = 6;
    assert_true(diverges(&stage, 1, 100));
    assert_false(diverges(&stage, 1, 99));
    stage.of_venue[0]->items[0].min_qty = 101;
    assert_true(diverges(&stage, 2, 200));
    assert_false(diverges(&stage, 2, 199));
    assert_false(diverges(&stage, 1, 200));
    close_stage(&stage);
}

static void an_order_has_to_earn_more_than_min_net(void **state)
{
    struct stage stage;
    (void)state;

    open_stage(&stage);
    stage.config.min_net_ppm = 9999;
    assert_true(diverges(&stage, 5, 5));
    stage.config.min_net_ppm = 10000;
    assert_false(diverges(&stage, 5, 5));
    close_stage(&stage);
}

static void exact_break_even_is_no_divergence_and_one_tick_more_is(void **state)
{
    struct instrument_list *const instruments = test_instruments("BTC/USD");
    const struct truth_config config = {
        .instruments = instruments,
        .n_venues = 2,
        .venues = { "kraken", "bitstamp" },
        .fees_ppm = { 2000, 2000 },
    };
    struct truth *truth;
    struct sim_book book;
    (void)state;

    assert_int_equal(truth_create(&truth, &config, NULL), ARB_OK);
    assert_int_equal(sim_book_init(&book, 10), ARB_OK);
    set_best(&book, 900000, 998000);
    truth_on_book(truth, 0, 0, &book, 1);
    set_best(&book, 1002000, 1100000); /* 998000 * 1.002 = 1002000 * 0.998 */
    truth_on_book(truth, 1, 0, &book, 2);
    assert_int_equal(truth_count(truth), 0);
    set_best(&book, 1002001, 1100000);
    truth_on_book(truth, 1, 0, &book, 3);
    assert_int_equal(truth_count(truth), 1);
    sim_book_fini(&book);
    truth_destroy(truth);
    test_instruments_free(instruments);
}

static void divergence_still_open_at_the_end_says_so(void **state)
{
    struct instrument_list *const instruments = test_instruments("BTC/USD");
    struct instrument_list *const own = test_instruments("BTC/USD");
    char text[1024] = "";
    FILE *const out = fmemopen(text, sizeof(text), "w");
    const struct truth_config config = {
        .instruments = instruments,
        .of_venue = { NULL, own },
        .n_venues = 2,
        .venues = { "kraken", "bitstamp" },
        .seed = 9,
        .start_ns = 5,
        .out = out,
    };
    struct truth *truth;
    struct sim_book book;
    (void)state;

    own->items[0].min_qty = 2;
    own->items[0].min_value = 1050;
    assert_int_equal(truth_create(&truth, &config, NULL), ARB_OK);
    assert_int_equal(sim_book_init(&book, 10), ARB_OK);
    set_best(&book, 9000, 10000);
    truth_on_book(truth, 0, 0, &book, 1);
    set_best(&book, 10100, 11000);
    truth_on_book(truth, 1, 0, &book, 2);
    assert_int_equal(truth_finish(truth, 7, NULL), ARB_OK);
    (void)fclose(out);
    assert_string_equal(text,
                        "{\"kind\":\"run\",\"simulated\":true,\"seed\":9,\"start_ns\":5,"
                        "\"life_ms\":0,\"min_net_ppm\":0,"
                        "\"fees_ppm\":{\"kraken\":0,\"bitstamp\":0}}\n"
                        "{\"kind\":\"terms\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                        "\"tick\":\"0.01\",\"lot\":\"0.00000001\",\"min_qty\":\"0\","
                        "\"min_notional\":\"0\"}\n"
                        "{\"kind\":\"terms\",\"venue\":\"bitstamp\",\"symbol\":\"BTC/USD\","
                        "\"tick\":\"0.01\",\"lot\":\"0.00000001\",\"min_qty\":\"0.00000002\","
                        "\"min_notional\":\"10.5\"}\n"
                        "{\"kind\":\"divergence\",\"symbol\":\"BTC/USD\",\"buy\":\"kraken\","
                        "\"sell\":\"bitstamp\",\"open_ns\":2,\"close_ns\":7,\"peak_net_ppm\":10000,"
                        "\"opened_by\":\"bitstamp\",\"open_at_exit\":true}\n");
    sim_book_fini(&book);
    truth_destroy(truth);
    test_instruments_free(instruments);
    test_instruments_free(own);
}

static void subscribe_all(struct world *world, const struct instrument_list *list, int64_t now_ns)
{
    cJSON *const root = cJSON_CreateObject();
    cJSON *const params = cJSON_AddObjectToObject(root, "params");
    cJSON *const symbols = cJSON_AddArrayToObject(params, "symbol");

    (void)cJSON_AddStringToObject(root, "method", "subscribe");
    (void)cJSON_AddStringToObject(params, "channel", "book");
    for (uint32_t i = 0; i < list->n; i++) {
        cJSON_AddItemToArray(symbols, cJSON_CreateString(list->items[i].symbol));
    }
    char *const text = cJSON_PrintUnformatted(root);
    test_say(world, KRAKEN, now_ns, text);
    cJSON_free(text);
    cJSON_Delete(root);
}

static void thousand_instruments_all_get_their_snapshot(void **state)
{
    struct instrument_list *const instruments = test_instruments("1000");
    struct digest digest = { 0 };
    const struct world_config config = test_world(
        instruments,
        (struct world_outlet){ .send = add_to_digest, .close = ignore_close, .context = &digest });
    struct world *world;
    (void)state;

    assert_int_equal(world_create(&world, &config, NULL), ARB_OK);
    test_connect(world, KRAKEN, config.start_ns);
    subscribe_all(world, instruments, config.start_ns);
    world_advance(world, config.start_ns + NS_PER_S / 10);
    assert_int_equal(digest.n_snapshots, 1000);
    world_destroy(world);
    test_instruments_free(instruments);
}

/* Of about 4,000: what (1 - 1/400)^t gives, give or take three times the root of p (1 - p) / n. */
static void what_diverges_decays_as_is_said(void **state)
{
    struct instrument_list *const instruments = test_instruments("XRP/USD");
    struct world_config config = test_world(
        instruments, (struct world_outlet){ .send = ignore_send, .close = ignore_close });
    FILE *const truth = tmpfile();
    char line[LINE_LEN_MAX];
    int n = 0, n_lasting[3] = { 0 };
    struct world *world;
    (void)state;

    config.truth_out = truth;
    config.divergence_every_ms = 100;
    config.rate_per_s = 1;
    assert_int_equal(world_create(&world, &config, NULL), ARB_OK);
    world_advance(world, config.start_ns + 8000 * NS_PER_S);
    rewind(truth);
    while (fgets(line, sizeof(line), truth) != NULL) {
        if (strstr(line, "\"divergence\"") != NULL && strstr(line, "by\":\"kraken\"") != NULL) {
            const int64_t life_ms =
                (number_after(line, "\"close_ns\":") - number_after(line, "\"open_ns\":")) /
                NS_PER_MS;
            n++;
            n_lasting[0] += life_ms > 50;
            n_lasting[1] += life_ms > 400;
            n_lasting[2] += life_ms > 1000;
        }
    }
    assert_true(n > 3900);
    assert_in_range(n_lasting[0] * 1000 / n, 882 - 16, 882 + 16);
    assert_in_range(n_lasting[1] * 1000 / n, 367 - 23, 367 + 23);
    assert_in_range(n_lasting[2] * 1000 / n, 82 - 14, 82 + 14);
    world_destroy(world);
    (void)fclose(truth);
    test_instruments_free(instruments);
}

static void books_stay_full_positive_and_uncrossed(void **state)
{
    struct instrument_list *const instruments = test_instruments("20");
    const struct sim_market_config config = {
        .instruments = instruments,
        .seed = 3,
        .n_venues = 2,
        .depth = 50,
        .rate_per_s = 100,
        .divergence_every_ms = 200,
        .fees_ppm = { 2600, 3000 },
    };
    struct sim_market *market;
    struct market_tick tick;
    (void)state;

    assert_int_equal(sim_market_create(&market, &config, NULL), ARB_OK);
    while (sim_market_next_ns(market) < 20 * NS_PER_S) {
        sim_market_run(market, &tick);
        const struct sim_book *const book = sim_market_book(market, tick.venue, tick.instrument);
        assert_int_equal(book->bids.n, 50);
        assert_int_equal(book->asks.n, 50);
        assert_true(book->bids.levels[0].px < book->asks.levels[0].px);
        assert_true(book->bids.levels[49].px > 0);
    }
    sim_market_destroy(market);
    test_instruments_free(instruments);
}

static void instruments_that_cannot_be_are_refused(void **state)
{
    static const char *const wrong[] = { "",
                                         "0",
                                         "4097",
                                         "BTCUSD",
                                         "BTC/USD,",
                                         "btc/usd",
                                         "BTC/USD,BTC/USD",
                                         "BTC/USD ETH/USD",
                                         "/USD",
                                         "BTC/",
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF/USD" };
    (void)state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct instrument_list *const list = calloc(1, sizeof(*list));
        assert_non_null(list);
        assert_true(instrument_list_parse(list, wrong[i], NULL) != ARB_OK);
        test_instruments_free(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes),
        cmocka_unit_test(length_of_the_steps_does_not_matter),
        cmocka_unit_test(another_seed_gives_other_bytes),
        cmocka_unit_test(truth_is_what_a_perfectly_informed_client_sees),
        cmocka_unit_test(exact_break_even_is_no_divergence_and_one_tick_more_is),
        cmocka_unit_test(an_order_is_not_below_the_least_quantity_of_either_venue),
        cmocka_unit_test(an_order_is_not_below_the_least_value_of_either_venue),
        cmocka_unit_test(an_order_is_of_whole_lots_of_both_venues),
        cmocka_unit_test(an_order_has_to_earn_more_than_min_net),
        cmocka_unit_test(divergence_still_open_at_the_end_says_so),
        cmocka_unit_test(thousand_instruments_all_get_their_snapshot),
        cmocka_unit_test(what_diverges_decays_as_is_said),
        cmocka_unit_test(books_stay_full_positive_and_uncrossed),
        cmocka_unit_test(instruments_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
