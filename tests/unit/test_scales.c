/* test_scales.c - which scale an instrument gets, when it is decided, and what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/scales.h"
#include "stderr_capture.h"

enum { UNKNOWN = ARB_DIGITS_UNKNOWN, N_SYMBOLS = 50 };

struct world {
    struct exchange_config exchanges[3];
    struct instrument_config instrument;
    struct config config;
    char folder[32], path[64];
    struct scales *scales;
};

static char *one_pattern[] = { "*/USD" };
static char *one_symbol[] = { "BTC/USD" };

static int world_begin(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    if (world == NULL) {
        return -1;
    }
    world->exchanges[0] = (struct exchange_config){
        .name = "a", .enabled = true, .symbols = one_pattern, .n_symbols = 1
    };
    world->exchanges[1] = (struct exchange_config){
        .name = "b", .enabled = true, .symbols = one_symbol, .n_symbols = 1
    };
    world->exchanges[2] =
        (struct exchange_config){ .name = "off", .symbols = one_pattern, .n_symbols = 1 };
    world->config = (struct config){ .host = { .px_scale = UNKNOWN, .qty_scale = UNKNOWN },
                                     .exchanges = world->exchanges,
                                     .n_exchanges = 3,
                                     .instruments = &world->instrument };
    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/scales-XXXXXX");
    if (mkdtemp(world->folder) == NULL) {
        return -1;
    }
    (void)snprintf(world->path, sizeof(world->path), "%s/scales", world->folder);
    *state = world;
    return 0;
}

static int world_end(void **state)
{
    struct world *const world = *state;
    char lock[80];

    scales_destroy(world->scales);
    (void)snprintf(lock, sizeof(lock), "%s.lock", world->path);
    (void)unlink(lock);
    (void)unlink(world->path);
    assert_int_equal(rmdir(world->folder), 0); /* no temporary file is left */
    free(world);
    return 0;
}

static struct scales *create(struct world *world)
{
    struct scales *scales = NULL;
    struct err err = { .rc = ARB_OK };

    if (scales_create(&scales, &world->config, &err) != ARB_OK) {
        fail_msg("%s", err.text);
    }
    return scales;
}

static void check(struct scales *scales, const char *symbol, unsigned px, unsigned qty)
{
    struct scale_pair scale = { 99, 99 };

    assert_true(scales_decide(scales, symbol, 0, &scale));
    assert_int_equal(scale.px, px);
    assert_int_equal(scale.qty, qty);
}

static void write_file(const struct world *world, const char *text)
{
    FILE *const file = fopen(world->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void check_file(const struct world *world, const char *wanted)
{
    char text[4096];
    FILE *const file = fopen(world->path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, wanted);
}

static void known_markets_have_the_documented_scales(void **state)
{
    static const uint8_t cases[][4] = {
        { 1, 8, 3, 8 },
        { 2, 8, 4, 8 },
        { 0, 8, 2, 8 },
        { 8, 5, 10, 5 },
        { 10, 5, 10, 5 },
        { 8, 0, 10, 2 },
        { UNKNOWN, UNKNOWN, 10, 8 },
        { UNKNOWN, 0, 10, 2 },
        { 0, UNKNOWN, 2, 8 },
        { 9, 4, 10, 5 },
        { 11, 6, 11, 6 },
        { 18, 18, 18, 18 },
        { 19, 254, 18, 18 },
    };
    const struct world *const world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct scale_pair scale =
            scales_of(&world->config, "BTC/USD", cases[i][0], cases[i][1]);
        assert_int_equal(scale.px, cases[i][2]);
        assert_int_equal(scale.qty, cases[i][3]);
    }
}

static void no_digits_are_beyond_the_scale(void **state)
{
    const struct world *const world = *state;

    for (unsigned digits = 0; digits < UNKNOWN; digits++) {
        const struct scale_pair scale =
            scales_of(&world->config, "X/Y", (uint8_t)digits, (uint8_t)digits);
        const unsigned least = digits < ARB_SCALE_MAX ? digits : ARB_SCALE_MAX;
        assert_in_range(scale.px, least, ARB_SCALE_MAX);
        assert_in_range(scale.qty, least, ARB_SCALE_MAX);
    }
}

static void finest_of_the_venues_counts_in_any_order(void **state)
{
    struct world *const world = *state;
    struct scales *const other = create(world);

    world->scales = create(world);
    scales_report(world->scales, "a", "BTC/USD", 1, 8);
    scales_report(world->scales, "b", "BTC/USD", 2, UNKNOWN);
    scales_report(world->scales, "off", "BTC/USD", 9, 9);
    scales_report(world->scales, "stranger", "BTC/USD", 9, 9);
    scales_report(other, "b", "BTC/USD", 2, UNKNOWN);
    scales_report(other, "a", "BTC/USD", 1, 8);
    scales_reported_all(world->scales, "a");
    scales_reported_all(world->scales, "b");
    scales_reported_all(other, "b");
    scales_reported_all(other, "a");
    check(world->scales, "BTC/USD", 4, 8);
    check(other, "BTC/USD", 4, 8);
    scales_report(other, "a", "BTC/USD", 12, 12); /* too late */
    check(other, "BTC/USD", 4, 8);
    scales_destroy(other);
}

static void only_those_that_want_the_symbol_are_waited_for(void **state)
{
    struct world *const world = *state;
    struct scale_pair scale;

    world->scales = create(world);
    scales_reported_all(world->scales, "a");
    check(world->scales, "ETH/USD", 10, 8);
    check(world->scales, "ETH/EUR", 10, 8);
    assert_false(scales_decide(world->scales, "BTC/USD", 0, &scale));
    scales_reported_all(world->scales, "b");
    check(world->scales, "BTC/USD", 10, 8);
}

static void nothing_is_waited_for_where_catalogs_have_no_say(void **state)
{
    struct world *const world = *state;
    struct scale_pair scale;

    world->config.host.scales_file = world->path;
    write_file(world, "BTC/USD 7 6\n");
    world->scales = create(world);
    check(world->scales, "BTC/USD", 7, 6);
    world->config.host.px_scale = 3;
    assert_false(scales_decide(world->scales, "ETH/USD", 0, &scale));
    world->config.host.qty_scale = 4;
    check(world->scales, "ETH/USD", 3, 4);
    check_file(world, "BTC/USD 7 6\nETH/USD 3 4\n");
}

static void patience_ends_to_the_nanosecond(void **state)
{
    struct world *const world = *state;
    struct scale_pair scale;

    world->scales = create(world);
    scales_report(world->scales, "a", "BTC/USD", 1, 8);
    assert_false(scales_decide(world->scales, "BTC/USD", -5, &scale));
    assert_false(scales_decide(world->scales, "BTC/USD", SCALES_PATIENCE_NS - 6, &scale));
    assert_true(scales_decide(world->scales, "BTC/USD", SCALES_PATIENCE_NS - 5, &scale));
    assert_int_equal(scale.px, 3);
}

static void configuration_overrides_each_alone(void **state)
{
    struct world *const world = *state;
    const struct scale_pair of_host = { 6, UNKNOWN };

    world->instrument =
        (struct instrument_config){ .symbol = "BTC/USD", .px_scale = UNKNOWN, .qty_scale = 3 };
    world->config.n_instruments = 1;
    struct scale_pair scale = scales_of(&world->config, "BTC/USD", 1, 8);
    assert_int_equal(scale.px, 3);
    assert_int_equal(scale.qty, 3);
    world->config.host.px_scale = of_host.px;
    scale = scales_of(&world->config, "ETH/USD", 1, 8);
    assert_int_equal(scale.px, 6);
    assert_int_equal(scale.qty, 8);
}

static void two_hosts_share_a_file_and_the_first_decides(void **state)
{
    struct world *const world = *state;

    world->config.host.scales_file = world->path;
    write_file(world, "# ours\n\nPEPE/USD 10 5 ; fine");
    world->scales = create(world);
    struct scales *const second = create(world);
    scales_report(world->scales, "a", "ETH/USD", 2, 8);
    scales_report(second, "a", "ETH/USD", 5, 8);
    scales_reported_all(world->scales, "a");
    scales_reported_all(second, "a");
    check(world->scales, "ETH/USD", 4, 8);
    check(second, "ETH/USD", 4, 8);
    check(second, "PEPE/USD", 10, 5);
    check_file(world, "# ours\n\nPEPE/USD 10 5 ; fine\nETH/USD 4 8\n");
    scales_destroy(second);
}

static void configuration_wins_over_the_file_with_a_word(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->config.host.scales_file = world->path;
    world->config.host.px_scale = 6;
    write_file(world, "ETH/USD 4 8\n");
    world->scales = create(world);
    scales_reported_all(world->scales, "a");
    stderr_capture_begin(&capture);
    check(world->scales, "ETH/USD", 6, 8);
    check(world->scales, "ETH/USD", 6, 8);
    const char *const log = stderr_capture_end(&capture);
    assert_int_equal(count_of(log, "level=warn"), 1);
    assert_int_equal(count_of(log, "ETH/USD: the configuration's scales 6 and 8 win over 4 and 8"),
                     1);
    check_file(world, "ETH/USD 4 8\n");
}

static void broken_lines_are_told_with_their_place(void **state)
{
    static const char *const lines[] = { "BTC/USD 4",    "BTC/USD 4 8 1", "BTC/USD 19 8",
                                         "BTCUSD 4 8",   "BTC/USD 4 -8",  "btc/usd 4 8",
                                         "BTC/USD 4 008" };
    struct world *const world = *state;
    char text[128], place[96];

    world->config.host.scales_file = world->path;
    (void)snprintf(place, sizeof(place), "%s:2: ", world->path);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct err err = { .rc = ARB_OK };
        (void)snprintf(text, sizeof(text), "# scales\n%s\n", lines[i]);
        write_file(world, text);
        assert_int_equal(scales_create(&world->scales, &world->config, &err), ARB_EINVAL);
        assert_memory_equal(err.text, place, strlen(place));
    }
    assert_null(world->scales);
}

static void folder_that_is_missing_is_an_error_at_start(void **state)
{
    struct world *const world = *state;
    struct err err = { .rc = ARB_OK };

    world->config.host.scales_file = "/nonexistent/scales";
    assert_int_equal(scales_create(&world->scales, &world->config, &err), ARB_EINVAL);
    assert_string_equal(err.text, "scales_file /nonexistent/scales: its lock cannot be opened: "
                                  "No such file or directory");
}

static void expect_no_file(struct world *world)
{
    struct err err = { .rc = ARB_OK };
    char text[160];

    (void)snprintf(text, sizeof(text),
                   "scales_file %s is no regular file: name one, or one that is not there yet",
                   world->path);
    assert_int_equal(scales_create(&world->scales, &world->config, &err), ARB_EINVAL);
    assert_string_equal(err.text, text);
}

/* A pipe that nobody writes to is not waited for either. */
static void what_is_no_regular_file_is_refused(void **state)
{
    static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full" };
    struct world *const world = *state;

    world->config.host.scales_file = world->path;
    (void)unlink(world->path);
    assert_int_equal(mkfifo(world->path, 0600), 0);
    expect_no_file(world);
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        assert_int_equal(unlink(world->path), 0);
        assert_int_equal(symlink(devices[i], world->path), 0);
        expect_no_file(world);
    }
}

/* Whoever holds the lock for long is no host: the scales are decided without the file. */
static void file_that_stays_locked_is_not_waited_for(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;
    char lock[sizeof(world->path) + 8];

    world->config.host.scales_file = world->path;
    write_file(world, "");
    world->scales = create(world);
    assert_true(snprintf(lock, sizeof(lock), "%s.lock", world->path) > 0);
    const int fd = open(lock, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    scales_report(world->scales, "a", "ETH/USD", 2, 8);
    scales_reported_all(world->scales, "a");
    stderr_capture_begin(&capture);
    check(world->scales, "ETH/USD", 4, 8);
    const char *const log = stderr_capture_end(&capture);
    assert_int_equal(count_of(log, "scales are decided but not remembered: "), 1);
    assert_int_equal(count_of(log, "another program holds its lock"), 1);
    assert_int_equal(close(fd), 0);
    check_file(world, "");
}

/* One process runs "a", another "b"; both look into the folder. */
static void processes_share_what_their_catalogs_say(void **state)
{
    struct world *const world = *state;
    struct exchange_config others[3];
    struct config other = world->config;
    struct scales *scales = NULL;
    struct err err = { .rc = ARB_OK };
    struct scale_pair scale;
    char path[64];

    world->exchanges[1].is_elsewhere = true;
    world->exchanges[1].enabled = false;
    memcpy(others, world->exchanges, sizeof(others));
    others[0].is_elsewhere = others[1].enabled = true;
    others[1].is_elsewhere = others[0].enabled = false;
    world->config.host.family_dir = other.host.family_dir = world->folder;
    other.exchanges = others;
    world->scales = create(world);
    assert_int_equal(scales_create(&scales, &other, &err), ARB_OK);

    scales_report(world->scales, "a", "BTC/USD", 1, 8);
    scales_report(world->scales, "a", "ETH/USD", 2, UNKNOWN);
    scales_reported_all(world->scales, "a");
    check(world->scales, "ETH/USD", 4, 8); /* "b" does not want it */
    assert_false(scales_decide(world->scales, "BTC/USD", 0, &scale));
    scales_report(scales, "b", "BTC/USD", 6, 4);
    assert_false(scales_decide(scales, "BTC/USD", 0, &scale)); /* its own is not complete */
    scales_reported_all(scales, "b");
    check(scales, "BTC/USD", 8, 8);
    assert_false(scales_decide(world->scales, "BTC/USD", 0, &scale)); /* it looked just now */
    assert_true(scales_decide(world->scales, "BTC/USD", 100000000, &scale));
    assert_int_equal(scale.px, 8);
    assert_int_equal(scale.qty, 8);
    scales_destroy(scales);
    for (const char *name = "a\0b\0"; *name != '\0'; name += 2) {
        (void)snprintf(path, sizeof(path), "%s/%s.catalog", world->folder, name);
        assert_int_equal(unlink(path), 0);
    }
}

static void one_that_runs_alone_waits_for_nobody_elsewhere(void **state)
{
    struct world *const world = *state;

    world->exchanges[1].is_elsewhere = true;
    world->exchanges[1].enabled = false;
    world->scales = create(world);
    scales_report(world->scales, "a", "BTC/USD", 1, 8);
    scales_reported_all(world->scales, "a");
    check(world->scales, "BTC/USD", 3, 8);
}

static void file_that_breaks_later_is_left_alone(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->config.host.scales_file = world->path;
    world->scales = create(world);
    write_file(world, "oops\n");
    scales_reported_all(world->scales, "a");
    stderr_capture_begin(&capture);
    check(world->scales, "ETH/USD", 10, 8);
    assert_int_equal(count_of(stderr_capture_end(&capture), "decided but not remembered"), 1);
    check_file(world, "oops\n");
}

static void *report_and_decide(void *context)
{
    struct scales *const scales = context;
    struct scale_pair scale;
    char symbol[ARB_SYMBOL_MAX];

    for (unsigned i = 0; i < N_SYMBOLS; i++) {
        (void)snprintf(symbol, sizeof(symbol), "S%u/USD", i);
        scales_report(scales, "a", symbol, 2, 8);
    }
    scales_reported_all(scales, "a");
    for (unsigned i = 0; i < N_SYMBOLS; i++) {
        (void)snprintf(symbol, sizeof(symbol), "S%u/USD", i);
        if (!scales_decide(scales, symbol, 0, &scale) || scale.px != 4 || scale.qty != 8) {
            return scales;
        }
    }
    return NULL;
}

static void threads_agree(void **state)
{
    struct world *const world = *state;
    struct scales *objects[2];
    pthread_t threads[4];

    world->config.host.scales_file = world->path;
    objects[0] = create(world);
    objects[1] = create(world);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, report_and_decide, objects[i % 2]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    scales_destroy(objects[0]);
    scales_destroy(objects[1]);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_markets_have_the_documented_scales),
        TEST(no_digits_are_beyond_the_scale),
        TEST(finest_of_the_venues_counts_in_any_order),
        TEST(only_those_that_want_the_symbol_are_waited_for),
        TEST(nothing_is_waited_for_where_catalogs_have_no_say),
        TEST(patience_ends_to_the_nanosecond),
        TEST(configuration_overrides_each_alone),
        TEST(two_hosts_share_a_file_and_the_first_decides),
        TEST(configuration_wins_over_the_file_with_a_word),
        TEST(broken_lines_are_told_with_their_place),
        TEST(folder_that_is_missing_is_an_error_at_start),
        TEST(what_is_no_regular_file_is_refused),
        TEST(file_that_stays_locked_is_not_waited_for),
        TEST(processes_share_what_their_catalogs_say),
        TEST(one_that_runs_alone_waits_for_nobody_elsewhere),
        TEST(file_that_breaks_later_is_left_alone),
        TEST(threads_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
