#include "sim_client.h"

#include <stdio.h>
#include <unistd.h>

#include "player.h"
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

static void cryptofeed_text_gives_pairs_digits_bodies_and_frames(void **state)
{
    static const char text[] =
        "configuration: {\"l2_book\":[\"KNC-EUR\",\"BTC-USD\"],\"trades\":[\"BTC-USD\"]}\n"
        "wss://ws.bitstamp.net/ <-> 1617654351.706686\n"
        "wss://ws.bitstamp.net/ <- 1617654352.1: {\"event\":\"bts:subscribe\"}\n"
        "https://www.bitstamp.net/api/v2/order_book/knceur -> 1617654357.5: {\"timestamp\": \"1\", "
        "\"bids\": [[\"2.92173\", \"433.8780\"]]} header: {}\n"
        "1617654358.25: {\"event\":\"bts:subscription_succeeded\",\"channel\":"
        "\"diff_order_book_knceur\",\"data\":{}}\n"
        "1617654359.75: {\"data\":{},\"channel\":\"diff_order_book_knceur\",\"event\":\"data\"}\n"
        "1617654360: {\"data\":{}, \"channel\": \"diff_order_book_btcusd\", \"event\": \"data\"}\n";
    struct scratch scratch;
    (void)state;

    write_scratch(&scratch, text);
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
    if (memmem(frame.data, frame.len, "\"channel\":\"book\",\"type\"", 23) != NULL) {
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

static struct world *open_player(struct tape *recording, struct collected *collected,
                                 int64_t speed_percent)
{
    const struct world_config config = {
        .instruments = &recording->instruments,
        .tape = recording,
        .speed_percent = speed_percent,
        .n_venues = 1,
        .venues = { "kraken" },
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
    struct world *const world = open_player(recording, &collected, 200);
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
    struct world *const world = open_player(recording, &collected, 0);
    test_say(world, 0, 0, subscribe_10);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 0);
    test_say(world, 0, 0, subscribe_25);
    world_advance(world, PLAYER_DELAY_MS * NS_PER_MS);
    assert_int_equal(collected.n_books, 3);
    world_destroy(world);
    unload(recording, &scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbcap_keeps_books_and_leaves_out_what_follows_an_unsubscription),
        cmocka_unit_test(cryptofeed_text_gives_pairs_digits_bodies_and_frames),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(recording_starts_at_the_subscription_in_its_own_time),
        cmocka_unit_test(only_the_recorded_depth_can_be_subscribed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
