#include "sim_client.h"

#include <stdio.h>
#include <unistd.h>

#include "player.h"
#include "reel.h"
#include "util/clock.h"

enum { PATH_LEN = 64 };

/* A file that is there until the test ends. */
struct scratch {
    char path[PATH_LEN];
};

static void write_scratch(struct scratch *scratch, const char *text)
{
    (void)snprintf(scratch->path, sizeof(scratch->path), "/tmp/sim-recording-XXXXXX");
    const int fd = mkstemp(scratch->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

/* Puts the length of each payload in front of it, as .cbcap wants. */
static void put_record(char *out, size_t cap, long long at_ns, const char *payload)
{
    const size_t len = strlen(out);
    (void)snprintf(out + len, cap - len, "%lld %zu\n%s\n", at_ns, strlen(payload), payload);
}

#define BOOK(type, px)                                                                             \
    "{\"channel\":\"book\",\"type\":\"" type "\",\"data\":[{\"symbol\":\"BTC/USD\","               \
    "\"bids\":[{\"price\":" px ",\"qty\":0.25000000}],\"asks\":[],\"checksum\":1}]}"
#define KRAKEN_ACK(method)                                                                         \
    "{\"method\":\"" method "\",\"result\":{\"channel\":\"book\",\"depth\":25,"                    \
    "\"symbol\":\"BTC/USD\"},\"success\":true}"

static void write_cbcap(struct scratch *scratch)
{
    char text[4096] = "CBCAP1 kraken BTC/USD 1785641750295158100\n";

    put_record(text, sizeof(text), 1000000000, "{\"channel\":\"heartbeat\"}");
    put_record(text, sizeof(text), 1000000000, KRAKEN_ACK("subscribe"));
    put_record(text, sizeof(text), 2000000000, BOOK("snapshot", "63388.7"));
    put_record(text, sizeof(text), 2500000000, BOOK("update", "63388.8"));
    put_record(text, sizeof(text), 2600000000, KRAKEN_ACK("unsubscribe"));
    put_record(text, sizeof(text), 2700000000, BOOK("update", "63388.9"));
    put_record(text, sizeof(text), 3000000000, BOOK("snapshot", "63389.0"));
    write_scratch(scratch, text);
}

static struct tape *load(const char *venue, struct scratch *scratch)
{
    struct tape *const recording = calloc(1, sizeof(*recording));
    char *const paths[] = { scratch->path };
    struct err err = { 0 };

    assert_non_null(recording);
    if (tape_load(recording, venue, paths, 1, &err) != ARB_OK) {
        fail_msg("%s", err.text);
    }
    return recording;
}

static void unload(struct tape *recording, const struct scratch *scratch)
{
    tape_fini(recording);
    free(recording);
    assert_int_equal(unlink(scratch->path), 0);
}

static void cbcap_keeps_books_and_leaves_out_what_follows_an_unsubscription(void **state)
{
    struct scratch scratch;
    (void)state;

    write_cbcap(&scratch);
    struct tape *const recording = load("kraken", &scratch);
    assert_int_equal(recording->n_frames, 3);
    assert_int_equal(recording->frames[0].at_ns, 0);
    assert_int_equal(recording->frames[1].at_ns, 500000000);
    assert_int_equal(recording->frames[2].at_ns, 1000000000);
    assert_int_equal(recording->depth, 25);
    assert_int_equal(recording->instruments.items[0].px_digits, 1);
    assert_int_equal(recording->instruments.items[0].qty_digits, 8);
    unload(recording, &scratch);
}

static const char cryptofeed_text[] =
    "configuration: {\"l2_book\":[\"KNC-EUR\",\"BTC-USD\"],\"trades\":[\"BTC-USD\"]}\n"
    "wss://ws.bitstamp.net/ <-> 1617654351.706686\n"
    "wss://ws.bitstamp.net/ <- 1617654352.1: {\"event\":\"bts:subscribe\"}\n"
    "https://www.bitstamp.net/api/v2/order_book/knceur -> 1617654357.5: {\"timestamp\": \"1\", "
    "\"bids\": [[\"2.92173\", \"433.8780\"]]} header: {}\n"
    "1617654358.25: {\"event\":\"bts:subscription_succeeded\",\"channel\":"
    "\"diff_order_book_knceur\",\"data\":{}}\n"
    "1617654359.75: {\"data\":{},\"channel\":\"diff_order_book_knceur\",\"event\":\"data\"}\n"
    "1617654360: {\"data\":{}, \"channel\": \"diff_order_book_btcusd\", \"event\": \"data\"}\n";

static void cryptofeed_gives_pairs_digits_bodies_and_frames(void **state)
{
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, cryptofeed_text);
    struct tape *const recording = load("bitstamp", &scratch);
    assert_int_equal(recording->instruments.n, 2);
    assert_string_equal(recording->instruments.items[0].symbol, "KNC/EUR");
    assert_int_equal(recording->instruments.items[0].px_digits, 5);
    assert_int_equal(recording->instruments.items[0].qty_digits, 4);
    assert_int_equal(recording->n_frames, 2);
    assert_int_equal(recording->frames[1].at_ns, 250000000);
    const struct arb_bytes *const body = tape_body(recording, "/api/v2/order_book/knceur/");
    assert_non_null(body);
    assert_memory_equal(body->data + body->len - 3, "]]}", 3);
    assert_null(tape_body(recording, "/api/v2/order_book/"));
    unload(recording, &scratch);
}

static void damaged_files_are_refused(void **state)
{
    static const char *const damaged[] = {
        "",
        "CBCAP1 bitstamp BTC/USD 1\n",
        "CBCAP1 kraken BTC/USD 1\n12 999999\n{}\n",
        "CBCAP1 kraken BTC/USD 1\nnonsense\n",
        "CBCAP1 kraken BTC/USD 1\n",
        "CBCAP1 kraken btc 1\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct tape *const recording = calloc(1, sizeof(*recording));
        struct scratch scratch;
        write_scratch(&scratch, damaged[i]);
        char *const paths[] = { scratch.path };
        assert_non_null(recording);
        assert_true(tape_load(recording, "kraken", paths, 1, NULL) != ARB_OK);
        assert_int_equal(unlink(scratch.path), 0);
        free(recording);
    }
}

struct collected {
    size_t n_books, n_others;
};

static void collect(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct collected *const collected = context;
    (void)venue;
    (void)client;
    if (memmem(frame.data, frame.len, "\"channel\":\"book\",\"type\"", 23) != NULL ||
        memmem(frame.data, frame.len, "\"event\":\"data\"", 14) != NULL) {
        collected->n_books++;
    } else {
        collected->n_others++;
    }
}

static void ignore_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                         const char *why)
{
    (void)context;
    (void)venue;
    (void)client;
    (void)code;
    (void)why;
}

static const char subscribe_25[] =
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\",\"symbol\":[\"BTC/USD\"],"
    "\"depth\":25}}";
static const char subscribe_10[] =
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\",\"symbol\":[\"BTC/USD\"],"
    "\"depth\":10}}";

static struct world *open_player(const char *venue, struct tape *recording,
                                 struct collected *collected, int64_t speed_percent)
{
    const struct world_config config = {
        .instruments = &recording->instruments,
        .tape = recording,
        .speed_percent = speed_percent,
        .n_venues = 1,
        .venues = { venue },
        .outlet = { collect, ignore_close, collected },
    };
    struct world *world;
    assert_int_equal(world_create(&world, &config, NULL), ARB_OK);
    test_connect(world, 0, 0);
    return world;
}

static void recording_starts_at_the_subscription_in_its_own_time(void **state)
{
    struct collected collected = { 0 };
    struct scratch scratch;
    (void)state;

    write_cbcap(&scratch);
    struct tape *const recording = load("kraken", &scratch);
    struct world *const world = open_player("kraken", recording, &collected, 200);
    world_advance(world, 5 * NS_PER_S);
    assert_int_equal(collected.n_books, 0);
    test_say(world, 0, 5 * NS_PER_S, subscribe_25);
    world_advance(world, 5 * NS_PER_S + (PLAYER_DELAY_MS + 249) * NS_PER_MS);
    assert_int_equal(collected.n_books, 1);
    world_advance(world, 5 * NS_PER_S + (PLAYER_DELAY_MS + 250) * NS_PER_MS);
    assert_int_equal(collected.n_books, 2);
    world_advance(world, 5 * NS_PER_S + (PLAYER_DELAY_MS + 500) * NS_PER_MS);
    assert_int_equal(collected.n_books, 3);
    world_destroy(world);
    unload(recording, &scratch);
}

static void only_the_recorded_depth_can_be_subscribed(void **state)
{
    struct collected collected = { 0 };
    struct scratch scratch;
    (void)state;

    write_cbcap(&scratch);
    struct tape *const recording = load("kraken", &scratch);
    struct world *const world = open_player("kraken", recording, &collected, 0);
    test_say(world, 0, 0, subscribe_10);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 0);
    test_say(world, 0, 0, subscribe_25);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 3);
    world_destroy(world);
    unload(recording, &scratch);
}

static const char subscribe_knceur[] =
    "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"diff_order_book_knceur\"}}";
static const char unsubscribe_knceur[] =
    "{\"event\":\"bts:unsubscribe\",\"data\":{\"channel\":\"diff_order_book_knceur\"}}";
static const char subscribe_orders[] =
    "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"live_orders_knceur\"}}";

static void recorded_frames_go_to_who_has_their_channel(void **state)
{
    struct collected collected = { 0 };
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, cryptofeed_text);
    struct tape *const recording = load("bitstamp", &scratch);
    struct world *const world = open_player("bitstamp", recording, &collected, 100);
    test_say(world, 0, 0, subscribe_orders); /* another channel of the same book */
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 0);
    test_say(world, 0, PLAYER_DELAY_MS * NS_PER_MS, subscribe_knceur);
    world_advance(world, 10 * NS_PER_S); /* the first frame is over, the other is not KNC/EUR's */
    assert_int_equal(collected.n_books, 0);
    world_destroy(world);
    unload(recording, &scratch);
}

static void recording_begins_anew_for_who_left_everything(void **state)
{
    struct collected collected = { 0 };
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, cryptofeed_text);
    struct tape *const recording = load("bitstamp", &scratch);
    struct world *const world = open_player("bitstamp", recording, &collected, 100);
    test_say(world, 0, 0, subscribe_knceur);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS - 1);
    assert_int_equal(collected.n_books, 0);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 1);
    test_say(world, 0, NS_PER_S, unsubscribe_knceur);
    test_say(world, 0, NS_PER_S, subscribe_knceur);
    world_advance(world, 2 * NS_PER_S);
    assert_int_equal(collected.n_books, 2);
    assert_int_equal(collected.n_others, 3);
    world_destroy(world);
    unload(recording, &scratch);
}

static void assert_status(struct world *world, const char *path, int want)
{
    struct sim_venue *const model = world_venue(world, 0);
    struct arb_bytes body;

    assert_int_equal(model->ops->on_get(model, path, 0, &body), want);
    assert_int_equal(memmem(body.data, body.len, "433.8780", 8) != NULL, want == 200);
}

static void recorded_books_are_answered_and_no_others(void **state)
{
    struct collected collected = { 0 };
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, cryptofeed_text);
    struct tape *const recording = load("bitstamp", &scratch);
    struct world *const world = open_player("bitstamp", recording, &collected, 100);
    assert_status(world, "/api/v2/order_book/knceur/", 200);
    assert_status(world, "/api/v2/order_book/knceur?group=2&nonce=7", 200);
    assert_status(world, "/api/v2/order_book/btcusd/", 404);
    assert_null(world_venue(world, 0)->ops->published(world_venue(world, 0), 0));
    assert_null(world_venue(world, 0)->ops->told(world_venue(world, 0), 0));
    world_destroy(world);
    unload(recording, &scratch);
}

/* -- replay --------------------------------------------------------------------------- */

#define TWO_CONNECTIONS                                                                            \
    "configuration: {}\n"                                                                          \
    "wss://ws.example.com/ <-> 100\n"                                                              \
    "wss://ws.example.com/ <- 100.1: {\"op\":\"subscribe\"}\n"                                     \
    "https://api.example.com/v1/depth?m=a -> 100.15: {\"a\":1}\n"                                  \
    "100.25: one\n"                                                                                \
    "100.75: two\n"                                                                                \
    "https://api.example.com/v1/depth?m=a -> 101: {\"a\":2}\n"                                     \
    "https://api.example.com/v1/depth?m=b -> 101: {\"b\":1}\n"                                     \
    "wss://ws.example.com/ <-> 102\n"                                                              \
    "wss://ws.example.com/ <-> 102.5\n"                                                            \
    "103: three\n"                                                                                 \
    "102.9: four\n"

static struct reel *load_reel(const struct scratch *scratches, size_t n)
{
    struct reel *const reel = calloc(1, sizeof(*reel));
    char paths[4][PATH_LEN];
    char *list[4];
    struct err err = { 0 };

    assert_non_null(reel);
    for (size_t i = 0; i < n; i++) {
        memcpy(paths[i], scratches[i].path, PATH_LEN);
        list[i] = paths[i];
    }
    if (reel_load(reel, list, n, &err) != ARB_OK) {
        fail_msg("%s", err.text);
    }
    return reel;
}

static void unload_reel(struct reel *reel, const struct scratch *scratches, size_t n)
{
    reel_fini(reel);
    free(reel);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(unlink(scratches[i].path), 0);
    }
}

static void assert_answer(const struct reel *reel, const char *address, size_t nth,
                          const char *want)
{
    const struct reel_answer *const answer = reel_answer_to(reel, address, nth);

    if (want == NULL) {
        assert_null(answer);
        return;
    }
    assert_non_null(answer);
    assert_int_equal(answer->body.len, strlen(want));
    assert_memory_equal(answer->body.data, want, answer->body.len);
}

static void answers_follow_each_other_and_the_last_one_stays(void **state)
{
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, TWO_CONNECTIONS);
    struct reel *const reel = load_reel(&scratch, 1);
    assert_answer(reel, "/v1/depth?m=a", 0, "{\"a\":1}");
    assert_answer(reel, "/v1/depth?m=a", 1, "{\"a\":2}");
    assert_answer(reel, "/v1/depth?m=a", 7, "{\"a\":2}");
    assert_answer(reel, "/v1/depth/?m=b", 0, "{\"b\":1}");
    assert_answer(reel, "/v1/depth?m=b", 1, "{\"b\":1}");
    assert_answer(reel, "/v1/depth?m=a&nonce=1", 1, "{\"a\":2}");
    assert_answer(reel, "/v1/depth", 2, "{\"b\":1}");
    assert_answer(reel, "/v1/", 0, NULL);
    assert_answer(reel, "", 0, NULL);
    unload_reel(reel, &scratch, 1);
}

/* Everything a replaying venue does, a line each. */
struct stage {
    struct world *world;
    int64_t start_ns, now_ns;
    char log[1024];
};

static void log_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct stage *const stage = context;
    const size_t len = strlen(stage->log);
    (void)snprintf(stage->log + len, sizeof(stage->log) - len, "%lld %u.%u %.*s\n",
                   (long long)((stage->now_ns - stage->start_ns) / NS_PER_MS), venue, client,
                   (int)frame.len, frame.data);
}

static void log_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                      const char *why)
{
    struct stage *const stage = context;
    const size_t len = strlen(stage->log);
    (void)why;
    (void)snprintf(stage->log + len, sizeof(stage->log) - len, "%lld %u.%u close %u\n",
                   (long long)((stage->now_ns - stage->start_ns) / NS_PER_MS), venue, client, code);
}

static void open_stage(struct stage *stage, const struct reel *reel,
                       const struct instrument_list *none, int64_t speed_percent)
{
    *stage = (struct stage){ .start_ns = NS_PER_S, .now_ns = NS_PER_S };
    const struct world_config config = {
        .instruments = none,
        .reel = reel,
        .speed_percent = speed_percent,
        .n_venues = 1,
        .venues = { "replay" },
        .start_ns = NS_PER_S,
        .outlet = { .send = log_send, .close = log_close, .context = stage },
    };
    assert_int_equal(world_create(&stage->world, &config, NULL), ARB_OK);
}

static void enter(struct stage *stage, uint32_t client)
{
    struct sim_venue *const model = world_venue(stage->world, 0);
    model->ops->on_connect(model, client, stage->now_ns);
}

static void leave(struct stage *stage, uint32_t client)
{
    struct sim_venue *const model = world_venue(stage->world, 0);
    model->ops->on_disconnect(model, client);
}

static void run_until(struct stage *stage, int64_t ms)
{
    const int64_t end_ns = stage->start_ns + ms * NS_PER_MS;

    while (world_next_ns(stage->world) <= end_ns) {
        stage->now_ns = world_next_ns(stage->world);
        world_advance(stage->world, stage->now_ns);
    }
    stage->now_ns = end_ns;
}

static void clients_get_the_recorded_connections_in_turn(void **state)
{
    const struct instrument_list none = { 0 };
    struct scratch scratch;
    struct stage stage;
    (void)state;

    write_scratch(&scratch, TWO_CONNECTIONS);
    struct reel *const reel = load_reel(&scratch, 1);
    open_stage(&stage, reel, &none, 100);
    run_until(&stage, 1000);
    enter(&stage, 0);
    test_say(stage.world, 0, stage.now_ns, "whatever");
    run_until(&stage, 10000);
    leave(&stage, 0);
    enter(&stage, 5);
    run_until(&stage, 20000);
    enter(&stage, 0);
    run_until(&stage, 20500);
    leave(&stage, 0);
    run_until(&stage, 30000);
    assert_string_equal(stage.log, "1250 0.0 one\n"
                                   "1750 0.0 two\n"
                                   "3000 0.0 close 0\n"
                                   "10500 0.5 three\n"
                                   "10500 0.5 four\n"
                                   "20250 0.0 one\n");
    world_destroy(stage.world);
    unload_reel(reel, &scratch, 1);
}

static void files_are_connections_by_their_time_and_at_their_speed(void **state)
{
    static const char *const texts[] = { "wss://a.example.com/ <-> 200\n201: late\n",
                                         "CBCAP1 any X/Y 100000000000\n7 5\nearly\n" };
    const struct instrument_list none = { 0 };
    struct scratch scratches[2];
    struct stage stage;
    (void)state;

    write_scratch(&scratches[0], texts[0]);
    write_scratch(&scratches[1], texts[1]);
    struct reel *const reel = load_reel(scratches, 2);
    open_stage(&stage, reel, &none, 200);
    enter(&stage, 0);
    enter(&stage, 1);
    run_until(&stage, 10000);
    assert_string_equal(stage.log, "250 0.0 early\n500 0.1 late\n");
    world_destroy(stage.world);
    unload_reel(reel, scratches, 2);
}

static int get_of(struct stage *stage, const char *path, const char *want)
{
    struct sim_venue *const model = world_venue(stage->world, 0);
    struct arb_bytes body;
    const int status = model->ops->on_get(model, path, stage->now_ns, &body);

    assert_int_equal(body.len, strlen(want));
    assert_memory_equal(body.data, want, body.len);
    return status;
}

static void questions_are_answered_as_recorded(void **state)
{
    const struct instrument_list none = { 0 };
    struct scratch scratch;
    struct stage stage;
    (void)state;

    write_scratch(&scratch, TWO_CONNECTIONS);
    struct reel *const reel = load_reel(&scratch, 1);
    open_stage(&stage, reel, &none, 0);
    assert_int_equal(get_of(&stage, "/v1/depth?m=a", "{\"a\":1}"), 200);
    assert_int_equal(get_of(&stage, "/v1/depth?m=b", "{\"b\":1}"), 200);
    assert_int_equal(get_of(&stage, "/v1/depth?m=a", "{\"a\":2}"), 200);
    assert_int_equal(get_of(&stage, "/v1/depth?m=a", "{\"a\":2}"), 200);
    assert_int_equal(get_of(&stage, "/v2", "{\"error\":\"not in the recording\"}"), 404);
    world_destroy(stage.world);
    unload_reel(reel, &scratch, 1);
}

static void recording_of_nothing_is_refused(void **state)
{
    static const char *const texts[] = { "",
                                         "configuration: {}\n",
                                         "wss://a/ <-> 1\n",
                                         "wss://a/ <- 1: {}\n",
                                         "CBCAP1 any X/Y 1\n",
                                         "nonsense\n" };
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct reel *const reel = calloc(1, sizeof(*reel));
        struct scratch scratch;
        write_scratch(&scratch, texts[i]);
        char *const paths[] = { scratch.path };
        assert_non_null(reel);
        assert_int_equal(reel_load(reel, paths, 1, NULL), ARB_EINVAL);
        assert_int_equal(unlink(scratch.path), 0);
        free(reel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbcap_keeps_books_and_leaves_out_what_follows_an_unsubscription),
        cmocka_unit_test(cryptofeed_gives_pairs_digits_bodies_and_frames),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(recording_starts_at_the_subscription_in_its_own_time),
        cmocka_unit_test(only_the_recorded_depth_can_be_subscribed),
        cmocka_unit_test(recorded_frames_go_to_who_has_their_channel),
        cmocka_unit_test(recording_begins_anew_for_who_left_everything),
        cmocka_unit_test(recorded_books_are_answered_and_no_others),
        cmocka_unit_test(answers_follow_each_other_and_the_last_one_stays),
        cmocka_unit_test(clients_get_the_recorded_connections_in_turn),
        cmocka_unit_test(files_are_connections_by_their_time_and_at_their_speed),
        cmocka_unit_test(questions_are_answered_as_recorded),
        cmocka_unit_test(recording_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
