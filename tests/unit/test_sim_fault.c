#include "sim_client.h"

#include "fault.h"
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

static struct fault_config config_of(const struct instrument_list *instruments)
{
    return (struct fault_config){ .instruments = instruments,
                                  .n_venues = 2,
                                  .venues = { "kraken", "bitstamp" },
                                  .feeds = { FAULT_AT_KRAKEN, FAULT_AT_BITSTAMP },
                                  .has_transport = true };
}

static struct rig *rig_create(const char *spec)
{
    struct rig *const rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    rig->instruments = test_instruments("BTC/USD,ETH/USD");
    const struct fault_config config = config_of(rig->instruments);
    const struct fault_sink sink = {
        .send = note, .close = note_close, .tls = note_tls, .context = rig
    };
    struct fault_plan plan;
    struct err err = { .rc = ARB_OK };

    assert_int_equal(fault_plan_parse(&plan, spec, &config, &err), ARB_OK);
    assert_int_equal(fault_layer_create(&rig->layer, &config, &plan, &sink, 0), ARB_OK);
    fault_advance(rig->layer, 0);
    return rig;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_frame_does_not_arrive),
        cmocka_unit_test(duplicated_frame_arrives_twice),
        cmocka_unit_test(reordered_frame_arrives_behind_the_next_of_its_book),
        cmocka_unit_test(stalled_connection_catches_up_in_order),
        cmocka_unit_test(hung_connection_forgets_when_it_is_given_up),
        cmocka_unit_test(silent_book_leaves_the_others_alone),
        cmocka_unit_test(silent_channel_leaves_the_others_of_its_book_alone),
        cmocka_unit_test(fault_of_the_transport_is_left_to_it),
        cmocka_unit_test(fault_of_tls_ends_by_itself),
        cmocka_unit_test(driver_without_transport_is_spared_its_faults),
        cmocka_unit_test(fault_waits_for_its_time),
        cmocka_unit_test(equal_seeds_damage_alike),
        cmocka_unit_test(text_of_a_plan_is_read),
        cmocka_unit_test(impossible_plans_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
