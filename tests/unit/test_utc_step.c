/*
 * The clock of the day is set back, or forward, by an hour while a session waits for something: it
 * comes neither early nor late, since all that is decided is decided by the monotonic clock.
 *
 * Each row of the table is a test for each step: it arranges what is waited for, sets the clock,
 * and compares what is told up to a millisecond before it is due, and then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"

#define HOUR_NS (3600 * NS_PER_S)
#define RESYNCED                                                                                   \
    "status 0 SYNCING resync\n"                                                                    \
    "> send 0 sub 0 BTC/USD\n"
#define ONE_BOOK .symbols = { "BTC/USD" }
#define LISTED "list BTC/USD BTC/USD 1 0 0;end"

enum { NAME_MAX_LEN = 96 };

struct waiting {
    const char *name; /* of what is waited for */
    struct world_spec spec;
    void (*arrange)(struct world *world); /* of a session that was started and is not connected */
    int64_t due_ms;
    const char *want;
};

/* -- what is waited for --------------------------------------------------------------- */

static void connect_it(struct world *world)
{
    world_open(world, 0);
    world_forget(world);
}

static void make_live(struct world *world)
{
    connect_it(world);
    world_say(world, "snap 0 10 b100x1 a101x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_forget(world);
}

/* The second resync in a row waits for a second. */
static void resync_again(struct world *world)
{
    make_live(world);
    world_say(world, "resync 0 odd");
    world_say(world, "snap 0 10 b100x1 a101x1;resync 0 odd");
    assert_int_equal(ARB_BOOK_STALE, world_state(world, 0));
    world_forget(world);
}

static void refuse(struct world *world)
{
    connect_it(world);
    world_say(world, "answered 0 0 refused no such pair");
    world_forget(world);
}

static void put_off(struct world *world)
{
    connect_it(world);
    world_say(world, "answered 0 0 later slow down");
    world_forget(world);
}

static void resync_by_leaving(struct world *world)
{
    make_live(world);
    world_say(world, "resync 0 odd");
    world_forget(world);
}

/* It may be crossed for as long as the message takes that uncrosses it. */
static void cross(struct world *world)
{
    make_live(world);
    world_say(world, "delta 0 11 b101x1");
    assert_int_equal(ARB_BOOK_STALE, world_state(world, 0));
    world_forget(world);
}

/* A level of the book differs from the best ones that the venue shows. */
static void contradict(struct world *world)
{
    make_live(world);
    world_say(world, "top 0 11 b100x7 a101x1");
    world_forget(world);
}

static void be_busy(struct world *world)
{
    char text[32];

    make_live(world);
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(text, sizeof(text), "delta 0 %u b99x1", 11 + i);
        world_say(world, text);
    }
    world_forget(world);
}

static void send_heartbeat(struct world *world)
{
    make_live(world);
    world_run(world, 15000);
    world_expect(world, "> send 0 beat\n");
}

/* Subscribed to a stream that gets its books by HTTP. */
static void subscribe(struct world *world)
{
    connect_it(world);
    world_say(world, "answered 0 0 subscribed -");
    world_forget(world);
}

static void ask_for_a_seed(struct world *world)
{
    subscribe(world);
    world_say(world, "delta 0 11 b99x1");
    world_expect(world, "> get https://fake/snap/BTC/USD\n");
}

static void fail_a_seed(struct world *world)
{
    ask_for_a_seed(world);
    world_answer(world, 404, "");
    world_expect(world, "");
}

/* Too old to meet what is held. */
static void get_an_old_seed(struct world *world)
{
    ask_for_a_seed(world);
    world_answer(world, 200, "snap % 5 b80x1 a101x1");
    world_expect(world, "");
}

static void ask_too_often(struct world *world)
{
    const struct http_answer answer = { .status = 429, .body = { "", 0 }, .retry_after_ms = 7000 };

    ask_for_a_seed(world);
    world_answer_with(world, &answer);
    world_expect(world, "");
}

static void list_it(struct world *world)
{
    world_answer(world, 200, LISTED);
    world_forget(world);
}

static void fail_the_catalog(struct world *world)
{
    world_answer(world, 404, "");
    world_forget(world);
}

static void nothing_more(struct world *world)
{
    world_forget(world);
}

static void dial(struct world *world)
{
    session_events.on_dial(world->session, 0, world->now);
}

static void fail_the_token(struct world *world)
{
    dial(world);
    world_expect(world, "> open 0\n"
                        "> get https://fake/token\n");
    world_answer(world, 404, "");
}

/* One connection in 10 s, and a half for the part that has begun. */
static void dial_twice(struct world *world)
{
    world_forget(world);
    dial(world);
    dial(world);
    world_expect(world, "> dial 0 wss://fake/0/0\n");
}

static void ask_twice_in_ten_minutes(struct world *world)
{
    fail_a_seed(world);
    world_run(world, 1000);
    world_expect(world, ""); /* it would be time, were it allowed */
}

/* -- the table ------------------------------------------------------------------------ */

#define BY_HTTP                                                                                    \
    { "source", "http" },                                                                          \
    {                                                                                              \
        "at_once", "on"                                                                            \
    }
#define QUIET_HTTP                                                                                 \
    { "source", "http" },                                                                          \
    {                                                                                              \
        "seam", "time"                                                                             \
    }

static const struct waiting table[] = {
    { "resync", { .options = { { "at_once", "on" } }, ONE_BOOK }, resync_again, 1000, RESYNCED },
    { "refused book", { ONE_BOOK }, refuse, 300000, RESYNCED },
    { "book put off", { ONE_BOOK }, put_off, 1000, "> send 0 sub 0 BTC/USD\n" },
    { "answer to a subscription",
      { .options = { { "at_once", "on" } }, ONE_BOOK },
      connect_it,
      5000,
      "status 0 STALE the venue did not answer\n" RESYNCED },
    { "answer to a leaving",
      { ONE_BOOK },
      resync_by_leaving,
      5000,
      "status 0 STALE the venue did not answer\n" },
    { "next request of a second",
      { .options = { { "per_request", "1" }, { "per_second", "2" } } },
      connect_it,
      500,
      "> send 0 sub 0 ETH/USD\n" },
    { "next request of an hour",
      { .options = { { "per_request", "1" }, { "per_hour", "1" }, { "answer_ms", "1000000" } } },
      make_live,
      3680000,
      "> send 0 sub 0 ETH/USD\n" },
    { "crossed book",
      { .options = { { "at_once", "on" } }, ONE_BOOK },
      cross,
      5000,
      "status 0 STALE crossed for too long\n" RESYNCED },
    { "contradicted level",
      { .options = { { "loss", "none" } }, ONE_BOOK },
      contradict,
      3000,
      "delta 0 LIVE unverifiable b100x7\n" },
    { "frozen book",
      { .options = { { "loss", "none" }, { "at_once", "on" } }, ONE_BOOK, .max_age_ms = 30000 },
      be_busy,
      31000,
      "status 0 STALE silent for longer than max_age, after it was busy\n" RESYNCED },
    { "heartbeat",
      { .options = { { "beat_ms", "15000" } }, ONE_BOOK },
      make_live,
      15000,
      "> send 0 beat\n" },
    { "answer to a heartbeat",
      { .options = { { "beat_ms", "15000" } }, ONE_BOOK },
      send_heartbeat,
      10000,
      "> close 0 the venue does not answer heartbeats\n" },
    { "seed of a quiet market",
      { .options = { QUIET_HTTP }, ONE_BOOK },
      subscribe,
      3000,
      "> get https://fake/snap/BTC/USD\n" },
    { "seed after a failure",
      { .options = { BY_HTTP }, ONE_BOOK },
      fail_a_seed,
      1000,
      "> get https://fake/snap/BTC/USD\n" },
    { "seed after an old one",
      { .options = { BY_HTTP }, ONE_BOOK },
      get_an_old_seed,
      1000,
      "> get https://fake/snap/BTC/USD\n" },
    { "seed without an answer",
      { .options = { BY_HTTP }, ONE_BOOK },
      ask_for_a_seed,
      61000,
      "> get https://fake/snap/BTC/USD\n" },
    { "seed after a pause of all requests",
      { .options = { BY_HTTP }, ONE_BOOK },
      ask_too_often,
      7000,
      "> get https://fake/snap/BTC/USD\n" },
    { "next request of ten minutes",
      { .options = { BY_HTTP, { "http_per_10min", "1" } }, ONE_BOOK },
      ask_twice_in_ten_minutes,
      619000,
      "> get https://fake/snap/BTC/USD\n" },
    { "catalog of a day ago",
      { .options = { { "catalog", "http" } }, ONE_BOOK },
      list_it,
      86400000,
      "> get https://fake/catalog\n" },
    { "catalog after a failure",
      { .options = { { "catalog", "http" } }, ONE_BOOK },
      fail_the_catalog,
      60000,
      "> get https://fake/catalog\n" },
    { "catalog without an answer",
      { .options = { { "catalog", "http" } }, ONE_BOOK },
      nothing_more,
      120000,
      "> get https://fake/catalog\n" },
    { "catalog of the stream without an answer",
      { .options = { { "catalog", "stream" }, { "answer_ms", "8000" }, { "listed", "on" } },
        ONE_BOOK },
      connect_it,
      8000,
      "status 0 SYNCING unknown subscribing\n"
      "> send 0 sub 0 BTC/USD\n" },
    { "token after a failure",
      { .options = { { "token", "on" } }, ONE_BOOK },
      fail_the_token,
      1000,
      "> get https://fake/token\n" },
    { "next connection",
      { .options = { { "opens", "1" } }, ONE_BOOK },
      dial_twice,
      10500,
      "> dial 0 wss://fake/0/1\n" },
    { "timer of the plugin",
      { .options = { { "on_init", "timer 2 1000" }, { "on_timer", "send 0 timer %" } }, ONE_BOOK },
      make_live,
      1000,
      "> send 0 timer 2\n" },
};

enum { N_ROWS = sizeof(table) / sizeof(*table), N_STEPS = 3 };

/* -- tests ---------------------------------------------------------------------------- */

struct trial {
    const struct waiting *row;
    int64_t step_ns;
    char name[NAME_MAX_LEN];
};

static void nothing_is_early_or_late(void **state)
{
    const struct trial *const trial = *state;
    struct world *const world = world_create(&trial->row->spec);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    trial->row->arrange(world);
    world->now.utc_ns += trial->step_ns;
    world_run(world, trial->row->due_ms - 1);
    world_expect(world, "");
    world_run(world, 1);
    world_expect(world, trial->row->want);
    world_destroy(world);
}

int main(void)
{
    static const struct {
        const char *name;
        int64_t ns;
    } steps[N_STEPS] = { { "no step", 0 },
                         { "an hour back", -HOUR_NS },
                         { "an hour on", HOUR_NS } };
    static struct trial trials[N_ROWS * N_STEPS];
    struct CMUnitTest tests[N_ROWS * N_STEPS];

    for (size_t i = 0; i < N_ROWS * N_STEPS; i++) {
        struct trial *const trial = &trials[i];
        trial->row = &table[i / N_STEPS];
        trial->step_ns = steps[i % N_STEPS].ns;
        (void)snprintf(trial->name, sizeof(trial->name), "%s, %s", trial->row->name,
                       steps[i % N_STEPS].name);
        tests[i] = (struct CMUnitTest){ .name = trial->name,
                                        .test_func = nothing_is_early_or_late,
                                        .initial_state = trial };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
