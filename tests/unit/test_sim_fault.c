#include "sim_client.h"

#include "fault.h"
#include "fault_frame.h"
#include "util/clock.h"

enum { LOG_MAX = 4096 };

/* A layer in front of a sink that writes down what arrives. */
struct rig {
    struct instrument_list *instruments;
    struct fault_layer *layer;
    char log[LOG_MAX];
};

static const char *fault_name(uint32_t kind)
{
    return kind == 0 ? "" : fault_infos[kind].name;
}

static void note(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                 struct fault_mark mark)
{
    struct rig *const rig = context;
    const size_t len = strlen(rig->log);
    const bool is_whole = mark.verdict == FAULT_CLEAN;

    (void)venue;
    (void)snprintf(rig->log + len, sizeof(rig->log) - len, "%u:%llu%s%s%s ", client,
                   (unsigned long long)mark.tag, is_whole ? "" : "!",
                   mark.transport == 0 ? "" : "/", fault_name(mark.transport));
    (void)frame;
}

static void note_text(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                      struct fault_mark mark)
{
    struct rig *const rig = context;
    const size_t len = strlen(rig->log);

    (void)venue;
    (void)client;
    (void)mark;
    (void)snprintf(rig->log + len, sizeof(rig->log) - len, "%.*s\n", (int)frame.len, frame.data);
}

static void note_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                       const char *why)
{
    struct rig *const rig = context;
    const size_t len = strlen(rig->log);
    (void)venue;
    (void)why;
    (void)snprintf(rig->log + len, sizeof(rig->log) - len, "close %u:%u ", client, code);
}

static void note_tls(void *context, uint32_t venue, uint32_t kind)
{
    struct rig *const rig = context;
    const size_t len = strlen(rig->log);
    (void)snprintf(rig->log + len, sizeof(rig->log) - len, "tls %u:%s ", venue, fault_name(kind));
}

static void note_end(void *context, uint32_t venue, uint32_t client, uint32_t instrument)
{
    struct rig *const rig = context;
    const size_t len = strlen(rig->log);
    (void)venue;
    (void)snprintf(rig->log + len, sizeof(rig->log) - len, "end %u:%u ", client, instrument);
}

static struct fault_config config_of(const struct instrument_list *instruments)
{
    return (struct fault_config){ .instruments = instruments,
                                  .n_venues = 2,
                                  .venues = { "kraken", "bitstamp" },
                                  .feeds = { FAULT_AT_KRAKEN, FAULT_AT_BITSTAMP },
                                  .has_transport = true,
                                  .has_requests = true };
}

static struct rig *rig_with(const char *spec, const struct fault_sink *ops)
{
    struct rig *const rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    rig->instruments = test_instruments("BTC/USD,ETH/USD");
    const struct fault_config config = config_of(rig->instruments);
    struct fault_sink sink = *ops;
    struct fault_plan plan;
    struct err err = { .rc = ARB_OK };

    sink.context = rig;
    assert_int_equal(fault_plan_parse(&plan, spec, &config, &err), ARB_OK);
    assert_int_equal(fault_layer_create(&rig->layer, &config, &plan, &sink, 0), ARB_OK);
    fault_advance(rig->layer, 0);
    return rig;
}

static struct rig *rig_create(const char *spec)
{
    const struct fault_sink sink = {
        .send = note, .close = note_close, .tls = note_tls, .end = note_end
    };
    return rig_with(spec, &sink);
}

/* Writes texts down, not tags. */
static struct rig *rig_of_texts(const char *spec)
{
    const struct fault_sink sink = { .send = note_text, .close = note_close, .end = note_end };
    return rig_with(spec, &sink);
}

static void rig_destroy(struct rig *rig)
{
    fault_layer_destroy(rig->layer);
    test_instruments_free(rig->instruments);
    free(rig);
}

/* Kraken sends an update of one pair to client 0. */
static void send_update(struct rig *rig, const char *symbol, uint64_t tag)
{
    char text[256];
    const int len =
        snprintf(text, sizeof(text),
                 "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"%s\","
                 "\"bids\":[{\"price\":100.5,\"qty\":1.25}],\"asks\":[],"
                 "\"checksum\":12,\"timestamp\":\"2026-08-01T02:54:53.266327Z\"}]}",
                 symbol);
    fault_send(rig->layer, 0, 0, (struct arb_bytes){ text, (size_t)len }, tag);
}

static void dropped_frame_does_not_arrive(void **state)
{
    struct rig *const rig = rig_create("kraken:drop=ETH/USD");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "ETH/USD", 2);
    send_update(rig, "ETH/USD", 3);
    assert_string_equal(rig->log, "0:1 0:3 ");
    rig_destroy(rig);
}

static void duplicated_frame_arrives_twice(void **state)
{
    struct rig *const rig = rig_create("kraken:duplicate");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "BTC/USD", 2);
    assert_string_equal(rig->log, "0:1 0:1 0:2 ");
    rig_destroy(rig);
}

static void reordered_frame_arrives_behind_the_next_of_its_book(void **state)
{
    struct rig *const rig = rig_create("kraken:reorder=BTC/USD");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "ETH/USD", 2);
    send_update(rig, "BTC/USD", 3);
    send_update(rig, "BTC/USD", 4);
    assert_string_equal(rig->log, "0:2 0:3 0:1 0:4 ");
    rig_destroy(rig);
}

static void stalled_connection_catches_up_in_order(void **state)
{
    struct rig *const rig = rig_create("kraken:stall");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "ETH/USD", 2);
    assert_string_equal(rig->log, "");
    assert_int_equal(fault_next_ns(rig->layer), 2 * NS_PER_S);
    fault_advance(rig->layer, 2 * NS_PER_S);
    send_update(rig, "BTC/USD", 3);
    assert_string_equal(rig->log, "0:1 0:2 0:3 ");
    rig_destroy(rig);
}

static void hung_connection_forgets_when_it_is_given_up(void **state)
{
    struct rig *const rig = rig_create("kraken:hang");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    fault_on_disconnect(rig->layer, 0, 0);
    send_update(rig, "BTC/USD", 2);
    assert_string_equal(rig->log, "0:2 ");
    rig_destroy(rig);
}

static void silent_book_leaves_the_others_alone(void **state)
{
    struct rig *const rig = rig_create("kraken:silent=BTC/USD");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "ETH/USD", 2);
    send_update(rig, "BTC/USD", 3);
    fault_advance(rig->layer, 3 * NS_PER_S);
    send_update(rig, "BTC/USD", 4);
    assert_string_equal(rig->log, "0:2 0:4 ");
    rig_destroy(rig);
}

/* Bitstamp sends a frame of one channel of BTC/USD to client 0. */
static void send_of_channel(struct rig *rig, const char *head, const char *channel, uint64_t tag)
{
    char text[256];
    const int len = snprintf(text, sizeof(text),
                             "{\"data\":{\"%s\":\"1\"},\"channel\":\"%sbtcusd\"}", head, channel);
    fault_send(rig->layer, 1, 0, (struct arb_bytes){ text, (size_t)len }, tag);
}

static void silent_channel_leaves_the_others_of_its_book_alone(void **state)
{
    struct rig *const rig = rig_create("bitstamp:silent");

    (void)state;
    send_of_channel(rig, "id", "live_orders_", 1);
    send_of_channel(rig, "timestamp", "order_book_", 2);
    send_of_channel(rig, "timestamp", "diff_order_book_", 3);
    send_of_channel(rig, "id", "live_orders_", 4);
    assert_string_equal(rig->log, "0:2 0:3 ");
    rig_destroy(rig);
}

/* Bitstamp acknowledges diff_order_book_btcusd to a client, or sends a frame of it. */
static void acknowledge(struct rig *rig, uint32_t client, uint64_t tag)
{
    static const char text[] = "{\"event\":\"bts:subscription_succeeded\","
                               "\"channel\":\"diff_order_book_btcusd\",\"data\":{}}";
    fault_send(rig->layer, 1, client, (struct arb_bytes){ text, sizeof(text) - 1 }, tag);
}

static void send_diff(struct rig *rig, uint32_t client, uint64_t tag)
{
    static const char text[] = "{\"data\":{\"timestamp\":\"1\"},"
                               "\"channel\":\"diff_order_book_btcusd\"}";
    fault_send(rig->layer, 1, client, (struct arb_bytes){ text, sizeof(text) - 1 }, tag);
}

static bool is_refused(const struct rig *rig, uint32_t client)
{
    return fault_is_refused(rig->layer, &(struct fault_channel){ 1, client, 0, FAULT_AT_DIFF });
}

static void refused_client_gets_nothing_until_it_subscribes_again(void **state)
{
    struct rig *const rig = rig_create("bitstamp:refuse@1s");

    (void)state;
    acknowledge(rig, 1, 1);
    fault_advance(rig->layer, NS_PER_S);
    acknowledge(rig, 0, 2);
    send_diff(rig, 0, 3);
    send_diff(rig, 1, 4);
    assert_true(is_refused(rig, 0));
    assert_false(is_refused(rig, 1));
    acknowledge(rig, 0, 5);
    send_diff(rig, 0, 6);
    assert_false(is_refused(rig, 0));
    assert_string_equal(rig->log, "1:1 0:2! 1:4 0:5 0:6 ");
    rig_destroy(rig);
}

static void refusal_of_a_second_request_ends_nothing(void **state)
{
    struct rig *const rig = rig_create("bitstamp:refuse@1s");

    (void)state;
    acknowledge(rig, 0, 1);
    fault_advance(rig->layer, NS_PER_S);
    acknowledge(rig, 0, 2);
    send_diff(rig, 0, 3);
    assert_false(is_refused(rig, 0));
    assert_string_equal(rig->log, "0:1 0:2! 0:3 ");
    rig_destroy(rig);
}

static void refusal_on_the_next_connection_counts(void **state)
{
    struct rig *const rig = rig_create("bitstamp:refuse@1s");

    (void)state;
    acknowledge(rig, 0, 1);
    fault_on_disconnect(rig->layer, 1, 0);
    fault_advance(rig->layer, NS_PER_S);
    acknowledge(rig, 0, 2);
    send_diff(rig, 0, 3);
    assert_true(is_refused(rig, 0));
    fault_on_disconnect(rig->layer, 1, 0);
    assert_false(is_refused(rig, 0));
    assert_string_equal(rig->log, "0:1 0:2! ");
    rig_destroy(rig);
}

static void fault_of_the_transport_is_left_to_it(void **state)
{
    struct rig *const rig = rig_create("kraken:torn=ETH/USD,kraken:fragments");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    send_update(rig, "ETH/USD", 2);
    send_update(rig, "BTC/USD", 3);
    assert_string_equal(rig->log, "0:1/fragments 0:2/torn 0:3 ");
    rig_destroy(rig);
}

static void fault_of_tls_ends_by_itself(void **state)
{
    struct rig *const rig = rig_create("kraken:tls_expired@1s");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    fault_advance(rig->layer, NS_PER_S);
    assert_string_equal(rig->log, "0:1 tls 0:tls_expired close 0:1001 ");
    assert_int_equal(fault_next_ns(rig->layer), 3 * NS_PER_S);
    fault_advance(rig->layer, 3 * NS_PER_S);
    assert_string_equal(rig->log, "0:1 tls 0:tls_expired close 0:1001 tls 0: ");
    rig_destroy(rig);
}

static void driver_without_transport_is_spared_its_faults(void **state)
{
    struct instrument_list *const list = test_instruments("BTC/USD,ETH/USD");
    struct fault_config config = config_of(list);
    struct prng prng = prng_seeded(1, 1);
    struct fault_plan plan;

    (void)state;
    config.has_transport = false;
    assert_int_equal(fault_plan_parse(&plan, "kraken:torn", &config, NULL), ARB_EINVAL);
    for (int i = 0; i < 1000; i++) {
        assert_in_range(fault_draw(&prng, &config).kind, 1, N_FAULTS_OF_FRAMES - 1);
    }
    test_instruments_free(list);
}

static void fault_waits_for_its_time(void **state)
{
    struct rig *const rig = rig_create("kraken:drop@1.5s,kraken:close@2s");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    assert_int_equal(fault_next_ns(rig->layer), 3 * NS_PER_S / 2);
    fault_advance(rig->layer, 2 * NS_PER_S);
    send_update(rig, "BTC/USD", 2);
    assert_string_equal(rig->log, "0:1 close 0:1001 ");
    rig_destroy(rig);
}

/* Every fault of a frame, one after another, and what of it the sink gets. */
static void damage_all(struct rig *rig)
{
    static const char spec[] = "kraken:corrupt,kraken:checksum,kraken:cut,kraken:range";
    const struct fault_config config = config_of(rig->instruments);
    const struct fault_sink sink = { .send = note_text, .close = note_close, .context = rig };
    struct fault_plan plan;

    assert_int_equal(fault_plan_parse(&plan, spec, &config, NULL), ARB_OK);
    fault_layer_destroy(rig->layer);
    assert_int_equal(fault_layer_create(&rig->layer, &config, &plan, &sink, 0), ARB_OK);
    fault_advance(rig->layer, 0);
    rig->log[0] = '\0';
    for (uint64_t tag = 0; tag < 4; tag++) {
        send_update(rig, "BTC/USD", tag);
    }
}

static void equal_seeds_damage_alike(void **state)
{
    struct rig *const rig = rig_create("");
    char first[LOG_MAX];

    (void)state;
    damage_all(rig);
    memcpy(first, rig->log, sizeof(first));
    damage_all(rig);
    assert_string_equal(rig->log, first);
    assert_non_null(strstr(first, "\"checksum\":13"));
    assert_non_null(strstr(first, "{\"price\":123456789012345678901234567890,"));
    rig_destroy(rig);
}

/* A frame to client 0. */
static void send_text(struct rig *rig, uint32_t venue, const char *text)
{
    fault_send(rig->layer, venue, 0, (struct arb_bytes){ text, strlen(text) }, 1);
}

/* A request of client 0; true when the venue gets it. */
static bool ask(struct rig *rig, const char *text)
{
    return fault_request(rig->layer, 0, 0, (struct arb_bytes){ text, strlen(text) });
}

/* What becomes of the answer 200 `body` to GET `path` of Bitstamp. */
static struct fault_answer answer_to(struct rig *rig, const char *path, const char *body)
{
    struct fault_answer answer = { .status = 200, .body = { body, strlen(body) } };
    fault_answer(rig->layer, 1, path, &answer);
    return answer;
}

static void assert_body(struct fault_answer answer, const char *want)
{
    assert_int_equal(answer.body.len, strlen(want));
    assert_memory_equal(answer.body.data, want, answer.body.len);
}

#define BOOK_PATH "/api/v2/order_book/btcusd/"
#define ASK_BOOKS                                                                                  \
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\",\"symbol\":[\"BTC/USD\","          \
    "\"ETH/USD\"],\"depth\":10}}"
#define ASK_CATALOG                                                                                \
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"instrument\"},\"req_id\":3}"
#define CATALOG_ASKED                                                                              \
    "{\"method\":\"subscribe\",\"result\":{\"channel\":\"instrument\",\"snapshot\":true},"         \
    "\"success\":true}"
#define CATALOG(pairs)                                                                             \
    "{\"channel\":\"instrument\",\"type\":\"snapshot\",\"data\":{\"assets\":[],\"pairs\":[" pairs  \
    "]}}"
#define PAIR(name) "{\"symbol\":\"" name "\",\"status\":\"online\"}"

static void orphan_deletion_names_a_level_nobody_holds(void **state)
{
    struct rig *const rig = rig_of_texts("bitstamp:orphan_deletion,bitstamp:orphan_deletion");

    (void)state;
    send_text(rig, 1,
              "{\"data\":{\"timestamp\":\"1\",\"bids\":[[\"100.25\",\"1\"]],\"asks\":[]},"
              "\"channel\":\"diff_order_book_btcusd\"}");
    send_text(rig, 1,
              "{\"data\":{\"timestamp\":\"1\",\"bids\":[],\"asks\":[[\"100\",\"1\"]]},"
              "\"channel\":\"diff_order_book_btcusd\"}");
    assert_string_equal(rig->log,
                        "{\"data\":{\"timestamp\":\"1\",\"bids\":[[\"0.01\",\"0.00000000\"],"
                        "[\"100.25\",\"1\"]],\"asks\":[]},"
                        "\"channel\":\"diff_order_book_btcusd\"}\n"
                        "{\"data\":{\"timestamp\":\"1\",\"bids\":[[\"1\",\"0.00000000\"]],"
                        "\"asks\":[[\"100\",\"1\"]]},\"channel\":\"diff_order_book_btcusd\"}\n");
    rig_destroy(rig);
}

static void orphan_deletion_leaves_the_frame_as_good_as_it_was(void **state)
{
    struct rig *const rig = rig_create("bitstamp:orphan_deletion");

    (void)state;
    send_text(rig, 1,
              "{\"data\":{\"timestamp\":\"1\",\"bids\":[[\"100.25\",\"1\"]],\"asks\":[]},"
              "\"channel\":\"diff_order_book_btcusd\"}");
    assert_string_equal(rig->log, "0:1 ");
    rig_destroy(rig);
}

static void phantom_stands_in_the_first_gap_of_a_rest_book(void **state)
{
    static const char body[] = "{\"bids\": [[\"100.5\", \"1.0\"], [\"100.4\", \"2.0\"], "
                               "[\"100.2\", \"3.0\"]], \"asks\": [[\"100.6\", \"1.5\"], "
                               "[\"100.8\", \"2.5\"]]}";
    static const char in_bids[] = "{\"bids\": [[\"100.5\", \"1.0\"], [\"100.4\", \"2.0\"], "
                                  "[\"100.3\", \"2.0\"], [\"100.2\", \"3.0\"]], \"asks\": "
                                  "[[\"100.6\", \"1.5\"], [\"100.8\", \"2.5\"]]}";
    static const char in_asks[] = "{\"bids\": [[\"100.5\", \"1.0\"], [\"100.4\", \"2.0\"], "
                                  "[\"100.2\", \"3.0\"]], \"asks\": [[\"100.6\", \"1.5\"], "
                                  "[\"100.7\", \"1.5\"], [\"100.8\", \"2.5\"]]}";
    const struct arb_bytes bytes = { body, strlen(body) };
    char buffer[512];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));
    (void)state;

    assert_true(frame_with_phantom(bytes, "\"bids\":", &text));
    assert_string_equal(text.data, in_bids);
    text = arb_text_over(buffer, sizeof(buffer));
    assert_true(frame_with_phantom(bytes, "\"asks\":", &text));
    assert_string_equal(text.data, in_asks);
}

static void phantom_is_in_one_answer(void **state)
{
    static const char body[] = "{\"bids\": [[\"9\", \"1\"], [\"7\", \"1\"]], "
                               "\"asks\": [[\"11\", \"1\"], [\"13\", \"1\"]]}";
    struct rig *const rig = rig_create("bitstamp:phantom");
    (void)state;

    assert_body(answer_to(rig, "/api/v2/markets/", "[]"), "[]");
    assert_true(answer_to(rig, BOOK_PATH, body).body.len > strlen(body));
    assert_body(answer_to(rig, BOOK_PATH, body), body);
    rig_destroy(rig);
}

static void phantom_order_has_an_id_of_its_own(void **state)
{
    static const char body[] = "{\"asks\": [[\"100.6\", \"1.5\", \"77\"], "
                               "[\"100.6\", \"2.5\", \"78\"], [\"100.8\", \"2.5\", \"79\"]]}";
    char buffer[512];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));
    (void)state;

    assert_true(frame_with_phantom((struct arb_bytes){ body, strlen(body) }, "\"asks\":", &text));
    assert_string_equal(text.data, "{\"asks\": [[\"100.6\", \"1.5\", \"77\"], "
                                   "[\"100.6\", \"2.5\", \"78\"], [\"100.7\", \"2.5\", \"1\"], "
                                   "[\"100.8\", \"2.5\", \"79\"]]}");
}

static void book_without_a_gap_gets_no_phantom(void **state)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "{\"asks\":",
        "{\"asks\": []}",
        "{\"asks\": [[\"1\", \"2\"]]}",
        "{\"asks\": [[\"1\", \"2\"], [\"2\", \"2\"]]}",
        "{\"asks\": [[\"1\", \"2",
    };
    char buffer[512];
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct arb_text text = arb_text_over(buffer, sizeof(buffer));
        assert_false(frame_with_phantom((struct arb_bytes){ bodies[i], strlen(bodies[i]) },
                                        "\"asks\":", &text));
    }
}

static void assert_outage(const char *spec, int status, uint32_t retry_after_s, const char *body)
{
    struct rig *const rig = rig_create(spec);

    fault_advance(rig->layer, 500 * NS_PER_MS);
    const struct fault_answer book = answer_to(rig, BOOK_PATH, "{}");
    assert_int_equal(book.status, status);
    assert_int_equal(book.retry_after_s, retry_after_s);
    assert_body(book, body);
    assert_int_equal(answer_to(rig, "/api/v2/markets/", "[]").status, status);
    fault_advance(rig->layer, 5 * NS_PER_S - 1);
    assert_int_equal(answer_to(rig, BOOK_PATH, "{}").retry_after_s, retry_after_s > 0);
    fault_advance(rig->layer, 5 * NS_PER_S);
    assert_int_equal(answer_to(rig, BOOK_PATH, "{}").status, 200);
    rig_destroy(rig);
}

static void rest_is_away_for_5_s(void **state)
{
    static const char rate[] =
        "{\"response_code\":\"400.002\","
        "\"response_explanation\":\"Request rejected due to exceeded rate limit.\"}";
    (void)state;
    assert_outage("bitstamp:rest_429", 429, 0, "<html>Too many requests</html>");
    assert_outage("bitstamp:rest_retry_after", 429, 5, rate);
    assert_outage("bitstamp:rest_rate_error", 400, 0, rate);
    assert_outage("bitstamp:rest_down", 502, 0,
                  "{\"status\": \"error\", \"reason\": \"unavailable\"}");
}

static void catalog_of_bitstamp_comes_empty_or_without_a_market_once(void **state)
{
    static const char catalog[] = "[{\"name\": \"BTC/USD\", \"market_symbol\": \"btcusd\"}, "
                                  "{\"name\": \"ETH/USD\", \"market_symbol\": \"ethusd\"}]";
    struct rig *const rig = rig_create("bitstamp:catalog_empty,bitstamp:catalog_lacks=BTC/USD,"
                                       "bitstamp:catalog_lacks=ETH/USD");
    (void)state;

    assert_body(answer_to(rig, BOOK_PATH, "{}"), "{}");
    assert_body(answer_to(rig, "/api/v2/markets/", catalog), "[]");
    assert_body(answer_to(rig, "/api/v2/markets/", catalog),
                "[{\"name\": \"ETH/USD\", \"market_symbol\": \"ethusd\"}]");
    assert_body(answer_to(rig, "/api/v2/markets/", catalog),
                "[{\"name\": \"BTC/USD\", \"market_symbol\": \"btcusd\"}]");
    assert_body(answer_to(rig, "/api/v2/markets/", catalog), catalog);
    rig_destroy(rig);
}

static void catalog_of_kraken_comes_empty_or_without_a_pair_once(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:catalog_empty,kraken:catalog_lacks=ETH/USD");

    (void)state;
    for (int i = 0; i < 3; i++) {
        send_text(rig, 0, CATALOG(PAIR("BTC/USD") "," PAIR("ETH/USD")));
    }
    assert_string_equal(rig->log, CATALOG("") "\n" CATALOG(PAIR("BTC/USD")) "\n" CATALOG(
                                      PAIR("BTC/USD") "," PAIR("ETH/USD")) "\n");
    rig_destroy(rig);
}

static void lost_catalog_is_neither_acknowledged_nor_sent(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:catalog_lost");

    (void)state;
    for (int i = 0; i < 2; i++) {
        send_text(rig, 0, CATALOG_ASKED);
        send_text(rig, 0, CATALOG(PAIR("BTC/USD")));
    }
    assert_string_equal(rig->log, CATALOG_ASKED "\n" CATALOG(PAIR("BTC/USD")) "\n");
    rig_destroy(rig);
}

#define RATE_REFUSAL(pair)                                                                         \
    "{\"error\":\"Exceeded msg "                                                                   \
    "rate\",\"method\":\"subscribe\",\"success\":false,\"symbol\":\"" pair                         \
    "\",\"time_in\":\"1970-01-01T00:00:00.000000Z\",\"time_out\":\"1970-01-01T00:00:00.000040Z\"}" \
    "\n"

static void rate_refusal_names_each_pair_of_the_request(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:rate_pair=ETH/USD");

    (void)state;
    assert_true(ask(rig, "{\"method\":\"ping\"}"));
    assert_true(ask(rig, ASK_CATALOG));
    assert_false(ask(rig, ASK_BOOKS));
    assert_true(ask(rig, ASK_BOOKS));
    assert_string_equal(rig->log, RATE_REFUSAL("BTC/USD") RATE_REFUSAL("ETH/USD"));
    rig_destroy(rig);
}

static void request_over_the_rate_is_dropped_and_nobody_named(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:rate_request");

    (void)state;
    assert_true(ask(rig, "{\"method\":\"ping\"}"));
    assert_true(ask(rig, "no request at all"));
    assert_false(ask(rig, ASK_CATALOG));
    assert_true(ask(rig, ASK_CATALOG));
    assert_string_equal(rig->log, "{\"Error\":\"Exceeded msg rate\"}\n");
    rig_destroy(rig);
}

static void refused_unsubscription_names_the_other_method(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:refuse_unsubscribe");

    (void)state;
    send_text(rig, 0,
              "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"book\",\"depth\":10,"
              "\"symbol\":\"BTC/USD\"},\"success\":true}");
    assert_string_equal(rig->log, "{\"error\":\"Subscription Not Found\",\"method\":\"subscribe\","
                                  "\"success\":false,\"symbol\":\"BTC/USD\"}\n");
    rig_destroy(rig);
}

static void subscription_that_the_venue_ends_is_ended_when_nothing_is_being_sent(void **state)
{
    struct rig *const rig = rig_create("kraken:venue_unsubscribe=ETH/USD");

    (void)state;
    fault_advance(rig->layer, NS_PER_S);
    send_update(rig, "BTC/USD", 1);
    assert_true(fault_next_ns(rig->layer) == INT64_MAX);
    send_update(rig, "ETH/USD", 2);
    assert_string_equal(rig->log, "0:1 0:2 ");
    assert_int_equal(fault_next_ns(rig->layer), NS_PER_S);
    fault_advance(rig->layer, NS_PER_S);
    assert_string_equal(rig->log, "0:1 0:2 end 0:1 ");
    fault_advance(rig->layer, 2 * NS_PER_S);
    assert_string_equal(rig->log, "0:1 0:2 end 0:1 ");
    rig_destroy(rig);
}

static void subscription_of_a_client_that_went_is_not_ended(void **state)
{
    struct rig *const rig = rig_create("kraken:venue_unsubscribe");

    (void)state;
    send_update(rig, "BTC/USD", 1);
    fault_on_disconnect(rig->layer, 0, 0);
    fault_advance(rig->layer, NS_PER_S);
    assert_string_equal(rig->log, "0:1 ");
    rig_destroy(rig);
}

static void odd_statuses_come_to_all_who_are_connected(void **state)
{
    struct rig *const rig = rig_of_texts("kraken:status_empty@1s,kraken:maintenance_notice@2s");

    (void)state;
    send_text(rig, 0, "{}");
    fault_advance(rig->layer, 2 * NS_PER_S);
    assert_string_equal(
        rig->log,
        "{}\n{\"channel\":\"status\",\"type\":\"update\",\"data\":[]}\n"
        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\","
        "\"system\":\"online\",\"api_version\":\"v2\",\"connection_id\":11278137170445206000,"
        "\"upcoming_maintenance\":[{\"expected_start_utc\":\"2026-10-06T12:00:00Z\","
        "\"phase\":\"announced\",\"affected\":[[\"spot\"],[]]}],\"emergency\":[]}]}\n");
    rig_destroy(rig);
}

static void driver_without_requests_is_spared_their_faults(void **state)
{
    struct instrument_list *const list = test_instruments("BTC/USD,ETH/USD");
    struct fault_config config = config_of(list);
    struct prng prng = prng_seeded(1, 1);
    struct fault_plan plan;

    (void)state;
    config.has_requests = false;
    assert_int_equal(fault_plan_parse(&plan, "kraken:rate_pair", &config, NULL), ARB_EINVAL);
    for (int i = 0; i < 1000; i++) {
        assert_false(fault_infos[fault_draw(&prng, &config).kind].needs_requests);
    }
    test_instruments_free(list);
}

static void text_of_a_plan_is_read(void **state)
{
    struct instrument_list *const list = test_instruments("BTC/USD,ETH/USD");
    const struct fault_config config = config_of(list);
    struct fault_plan plan;

    (void)state;
    assert_int_equal(fault_plan_parse(&plan,
                                      "kraken:drop@5s,bitstamp:request_reconnect=ETH/USD@250ms",
                                      &config, NULL),
                     ARB_OK);
    assert_int_equal(plan.n, 2);
    assert_int_equal(plan.faults[0].kind, FAULT_DROP);
    assert_int_equal(plan.faults[0].instrument, ARB_NO_INSTRUMENT);
    assert_int_equal(plan.faults[0].at_ns, 5 * NS_PER_S);
    assert_int_equal(plan.faults[1].kind, FAULT_RECONNECT);
    assert_int_equal(plan.faults[1].venue, 1);
    assert_int_equal(plan.faults[1].instrument, 1);
    assert_int_equal(plan.faults[1].at_ns, 250 * NS_PER_MS);
    assert_int_equal(fault_plan_parse(&plan, "random:seed=7,every=3s", &config, NULL), ARB_OK);
    assert_int_equal(plan.seed, 7);
    assert_int_equal(plan.every_ns, 3 * NS_PER_S);
    test_instruments_free(list);
}

static void impossible_plans_are_refused(void **state)
{
    static const char *const specs[] = {
        "drop",
        "binance:drop",
        "kraken:drap",
        "kraken:future",
        "bitstamp:checksum",
        "kraken:drop@soon",
        "kraken:drop=DOGE/USD",
        "random:every=0",
        "random:seed=x",
        "random:hourly",
    };
    struct instrument_list *const list = test_instruments("BTC/USD,ETH/USD");
    const struct fault_config config = config_of(list);
    struct fault_plan plan;

    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        assert_int_equal(fault_plan_parse(&plan, specs[i], &config, NULL), ARB_EINVAL);
    }
    test_instruments_free(list);
}

/* A date that the host can count, and one beyond all that it can. */
static void damaged_date_is_one_of_two(void **state)
{
    static const struct arb_bytes frame = { "\"microtimestamp\":\"1785552832000000\"", 35 };
    struct prng prng = prng_seeded(1, 1);
    char text[256];
    unsigned n_of[2] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct arb_text out = arb_text_over(text, sizeof(text));
        assert_true(frame_far_future(&prng, frame, &out));
        assert_true(text[18] == '8' || text[18] == '9');
        n_of[text[18] - '8']++;
        text[18] = '1';
        assert_string_equal(text, frame.data);
    }
    assert_in_range(n_of[0], 30, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_frame_does_not_arrive),
        cmocka_unit_test(duplicated_frame_arrives_twice),
        cmocka_unit_test(damaged_date_is_one_of_two),
        cmocka_unit_test(reordered_frame_arrives_behind_the_next_of_its_book),
        cmocka_unit_test(stalled_connection_catches_up_in_order),
        cmocka_unit_test(hung_connection_forgets_when_it_is_given_up),
        cmocka_unit_test(silent_book_leaves_the_others_alone),
        cmocka_unit_test(silent_channel_leaves_the_others_of_its_book_alone),
        cmocka_unit_test(refused_client_gets_nothing_until_it_subscribes_again),
        cmocka_unit_test(refusal_of_a_second_request_ends_nothing),
        cmocka_unit_test(refusal_on_the_next_connection_counts),
        cmocka_unit_test(fault_of_the_transport_is_left_to_it),
        cmocka_unit_test(fault_of_tls_ends_by_itself),
        cmocka_unit_test(driver_without_transport_is_spared_its_faults),
        cmocka_unit_test(fault_waits_for_its_time),
        cmocka_unit_test(equal_seeds_damage_alike),
        cmocka_unit_test(orphan_deletion_names_a_level_nobody_holds),
        cmocka_unit_test(orphan_deletion_leaves_the_frame_as_good_as_it_was),
        cmocka_unit_test(phantom_stands_in_the_first_gap_of_a_rest_book),
        cmocka_unit_test(phantom_is_in_one_answer),
        cmocka_unit_test(phantom_order_has_an_id_of_its_own),
        cmocka_unit_test(book_without_a_gap_gets_no_phantom),
        cmocka_unit_test(rest_is_away_for_5_s),
        cmocka_unit_test(catalog_of_bitstamp_comes_empty_or_without_a_market_once),
        cmocka_unit_test(catalog_of_kraken_comes_empty_or_without_a_pair_once),
        cmocka_unit_test(lost_catalog_is_neither_acknowledged_nor_sent),
        cmocka_unit_test(rate_refusal_names_each_pair_of_the_request),
        cmocka_unit_test(request_over_the_rate_is_dropped_and_nobody_named),
        cmocka_unit_test(refused_unsubscription_names_the_other_method),
        cmocka_unit_test(subscription_that_the_venue_ends_is_ended_when_nothing_is_being_sent),
        cmocka_unit_test(subscription_of_a_client_that_went_is_not_ended),
        cmocka_unit_test(odd_statuses_come_to_all_who_are_connected),
        cmocka_unit_test(driver_without_requests_is_spared_their_faults),
        cmocka_unit_test(text_of_a_plan_is_read),
        cmocka_unit_test(impossible_plans_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
