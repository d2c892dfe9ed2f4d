/* A session and the venue's catalog: when it is asked for, what is believed, who is subscribed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/state.h"
#include "stderr_capture.h"
#include "session_world.h"

#define TEN_ROWS                                                                                   \
    "list BTC/USD XBT 1 1 8;list ETH/USD ETH 1 2 8;list C/USD C 1 0 0;list D/USD D 1 0 0;"         \
    "list E/USD E 1 0 0;list F/USD F 1 0 0;list G/USD G 1 0 0;list H/USD H 1 0 0;"                 \
    "list I/USD I 1 0 0;list J/USD J 1 0 0;end"
#define FOUR_ROWS "list C/USD C 1 0 0;list D/USD D 1 0 0;list E/USD E 1 0 0;list F/USD F 1 0 0;end"

enum { DAY_MS = 86400000 };

static const struct world_spec by_http = { .options = { { "catalog", "http" }, { "listed", "on" } },
                                           .symbols = { "BTC/USD" },
                                           .scale = 8 };
static const struct world_spec in_stream = {
    .options = { { "catalog", "stream" }, { "listed", "on" } }, .symbols = { "BTC/USD" }, .scale = 8
};
static const struct world_spec not_binding = { .options = { { "catalog", "http" } },
                                               .symbols = { "BTC/USD" },
                                               .scale = 8 };

/* Started, and connected where `is_up`. */
static struct world *started(const struct world_spec *spec, bool is_up)
{
    struct world *const world = world_create(spec);

    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    if (is_up) {
        world_open(world, 0);
    }
    return world;
}

/* The catalog of ten rows came by HTTP, BTC/USD is LIVE; what that told is forgotten. */
static struct world *listed(void)
{
    struct world *const world = started(&by_http, true);

    world_answer(world, 200, TEN_ROWS);
    world_say(world, "snap 0 10 b100x1 a101x1");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_forget(world);
    return world;
}

static void nothing_is_subscribed_before_the_catalog(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_expect(world, "> open 0\n"
                        "> get https://fake/catalog\n");
    world_answer(world, 200, TEN_ROWS);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 XBT\n");
    world_destroy(world);
}

/* Of the snapshot that the book would be repeated with; 0: it says none. */
static int64_t lot_now(const struct world *world)
{
    struct event event;

    live_book_whole(&world->session->books[0].live, session_rules(world->session), &event);
    assert_int_equal(event.kind, EVENT_SNAPSHOT);
    return event.terms == NULL ? 0 : event.terms->lot.units;
}

static void terms_come_with_snapshots_as_the_catalog_last_had_them(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_answer(world, 200, "list BTC/USD XBT 1 1 8 lot=5;end");
    world_forget(world);
    world_say(world, "snap 0 10 b100x1 a101x1");
    world_say(world, "delta 0 11 b100x2");
    world_expect(world, "snapshot 0 LIVE lot=5 b100x1 a101x1\n"
                        "delta 0 LIVE b100x2\n");
    world_run(world, DAY_MS);
    world_answer(world, 200, "list BTC/USD XBT 1 1 8 lot=7;end");
    assert_int_equal(lot_now(world), 7);
    world_run(world, DAY_MS);
    world_answer(world, 200, "list BTC/USD XBT 1 1 8;end");
    assert_int_equal(lot_now(world), 0);
    world_destroy(world);
}

static void failed_answer_is_asked_again_in_a_minute(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_forget(world);
    world_answer(world, 500, "");
    world_turn(world);
    world_expect(world, "status 0 SYNCING unknown subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "answered 0 0 subscribed -;snap 0 1 b1x1 a2x1");
    world_forget(world);
    world_wait(world, 59999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> get https://fake/catalog\n");
    world_destroy(world);
}

static void empty_catalog_is_none(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_expect(world, "> get https://fake/catalog\n");
    world_answer(world, 200, "end");
    world_expect(world, "");
    assert_int_equal(ARB_BOOK_LIVE, world_state(world, 0));
    world_wait(world, 60000);
    world_expect(world, "> get https://fake/catalog\n");
    world_answer(world, 200, "end");
    world_expect(world, ""); /* not believed the second time either */
    world_destroy(world);
}

static void pair_whose_name_cannot_be_written_down_is_left_out(void **state)
{
    static const struct world_spec spec = { .options = { { "catalog", "http" } },
                                            .symbols = { "*/USD" } };
    struct world *const world = started(&spec, true);

    (void)state;
    world_forget(world);
    world_answer(world, 200, "list #C/USD C 1 0 0;list D=/USD D 1 0 0;list E/USD E 1 0 0;end");
    world_turn(world);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 E\n");
    world_destroy(world);
}

static void answer_without_an_end_is_none(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list C/USD C 1 0 0");
    world_expect(world, "");
    world_wait(world, 59999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> get https://fake/catalog\n");
    world_destroy(world);
}

static void far_fewer_rows_are_believed_the_second_time(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_answer(world, 200, FOUR_ROWS);
    world_expect(world, "> get https://fake/catalog\n");
    world_wait(world, 60000);
    world_expect(world, "> get https://fake/catalog\n");
    world_answer(world, 200, FOUR_ROWS);
    world_expect(world, "status 0 UNUSABLE the venue does not list this symbol\n");
    world_destroy(world);
}

/* A whole catalog in between takes the suspicion away: few rows are doubted once more. */
static void whole_catalog_clears_the_suspicion(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_answer(world, 200, FOUR_ROWS);
    world_wait(world, 60000);
    world_answer(world, 200, TEN_ROWS);
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, FOUR_ROWS);
    world_expect(world, "");
    world_destroy(world);
}

/* Five of ten are half: not far fewer. */
static void half_the_rows_are_believed_at_once(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list K/USD K 1 0 0;" FOUR_ROWS);
    world_expect(world, "status 0 UNUSABLE the venue does not list this symbol\n");
    world_destroy(world);
}

static void catalog_is_renewed_at_its_age(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS - 1);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> get https://fake/catalog\n");
    world_answer(world, 200, TEN_ROWS);
    world_wait(world, DAY_MS - 1);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> get https://fake/catalog\n");
    world_destroy(world);
}

static void stream_that_does_not_answer_is_asked_again_later_each_time(void **state)
{
    static const int64_t delays_ms[] = { 5000, 10000, 20000, 40000, 60000, 60000 };
    struct world *const world = started(&in_stream, true);

    (void)state;
    world_expect(world, "> open 0\n"
                        "> send 0 catalog\n");
    for (size_t i = 0; i < sizeof(delays_ms) / sizeof(*delays_ms); i++) {
        world_wait(world, 5000); /* for the answer */
        world_say(world, "answered 0 0 subscribed -;snap 0 1 b1x1 a2x1");
        world_forget(world);
        world_wait(world, delays_ms[i] - 1);
        world_expect(world, "");
        world_wait(world, 1);
        world_expect(world, "> send 0 catalog\n");
    }
    world_destroy(world);
}

static void stream_that_is_too_busy_is_asked_later(void **state)
{
    struct world *const world = started(&in_stream, true);

    (void)state;
    world_forget(world);
    world_say(world, "answered - 0 later slow down");
    world_turn(world);
    world_expect(world, "status 0 SYNCING unknown subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "answered 0 0 subscribed -;snap 0 1 b1x1 a2x1");
    world_forget(world);
    world_wait(world, 4999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> send 0 catalog\n");
    world_destroy(world);
}

static void refusal_for_rate_is_asked_again_in_a_minute(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 429, "");
    world_expect(world, "");
    world_wait(world, 59999);
    world_expect(world, "");
    world_wait(world, 1);
    world_expect(world, "> get https://fake/catalog\n");
    world_destroy(world);
}

static void stream_is_asked_with_each_connection(void **state)
{
    struct world *const world = started(&in_stream, true);

    (void)state;
    world_say(world, TEN_ROWS);
    world_close(world, 0, "lost");
    world_forget(world);
    world_wait(world, DAY_MS);
    world_expect(world, "");
    world_open(world, 0);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 catalog\n"
                        "> send 0 sub 0 XBT\n");
    world_destroy(world);
}

static void unlisted_symbol_is_subscribed_when_it_is_listed(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_forget(world);
    world_answer(world, 200, "list ETH/USD ETH 1 2 8;end");
    world_expect(world, "status 0 UNUSABLE the venue does not list this symbol\n");
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list BTC/USD BTC/USD 1 1 8;end");
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_destroy(world);
}

static void unlisted_symbol_waits_for_its_connection(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_answer(world, 200, "list ETH/USD ETH 1 2 8;end");
    world_close(world, 0, "lost");
    world_forget(world);
    world_open(world, 0);
    world_expect(world, ""); /* it is still not listed */
    world_destroy(world);
}

static void symbol_that_is_unlisted_and_listed_again(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list K/USD K 1 0 0;" FOUR_ROWS);
    world_expect(world, "status 0 UNUSABLE the venue does not list this symbol\n");
    world_say(world, "snap 0 12 b1x1 a2x1");
    world_expect(world, ""); /* what still comes for it is not taken */
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, TEN_ROWS);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 XBT\n");
    world_destroy(world);
}

/* Where any subscription is taken, nobody waits; until the catalog came, trading is not known. */
static void not_binding_catalog_holds_up_nothing(void **state)
{
    struct world *const world = started(&not_binding, true);

    (void)state;
    world_expect(world, "> open 0\n"
                        "> get https://fake/catalog\n"
                        "status 0 SYNCING unknown subscribing\n"
                        "> send 0 sub 0 BTC/USD\n");
    world_say(world, "snap 0 1 b100x1 a101x1");
    world_expect(world, "snapshot 0 LIVE unknown b100x1 a101x1\n");
    world_answer(world, 200, "list BTC/USD BTC/USD 1 1 8;end");
    world_expect(world, "status 0 LIVE listed so by the venue\n");
    world_destroy(world);
}

static void not_binding_catalog_leaves_the_answer_to_the_venue(void **state)
{
    struct world *const world = started(&not_binding, true);

    (void)state;
    world_say(world, "snap 0 1 b100x1 a101x1");
    world_forget(world);
    world_answer(world, 200, "list ETH/USD ETH 1 2 8;end");
    world_expect(world, "status 0 LIVE not in the catalog: the venue's answer decides\n");
    world_say(world, "answered 0 0 refused no such pair");
    world_expect(world, "status 0 UNUSABLE no such pair\n");
    world_destroy(world);
}

static void trading_is_what_the_catalog_says(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list BTC/USD XBT 4 1 8;" FOUR_ROWS);
    world_expect(world, "status 0 LIVE halted listed so by the venue\n");
    world_destroy(world);
}

/* Rows of a catalog that was not believed say nothing once one is. */
static void rows_of_a_failed_catalog_are_forgotten(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_answer(world, 200, "list BTC/USD XBT 1 1 8"); /* no end */
    world_wait(world, 60000);
    world_forget(world);
    world_answer(world, 200, "list K/USD K 1 0 0;" FOUR_ROWS);
    world_expect(world, "status 0 UNUSABLE the venue does not list this symbol\n");
    world_destroy(world);
}

static void digits_beyond_the_scale_make_it_unusable(void **state)
{
    struct world *const world = started(&by_http, true);

    (void)state;
    world_forget(world);
    world_answer(world, 200, "list BTC/USD BTC/USD 1 9 8;end");
    world_expect(world, "status 0 UNUSABLE set px_scale >= 9, qty_scale >= 8 in "
                        "[instrument:BTC/USD]\n");
    world_destroy(world);
}

static void more_digits_than_before_make_it_unusable(void **state)
{
    struct world *const world = listed();

    (void)state;
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list BTC/USD XBT 1 8 8;" FOUR_ROWS);
    world_expect(world, "");
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list BTC/USD XBT 1 8 9;" FOUR_ROWS);
    world_expect(world, "status 0 UNUSABLE set px_scale >= 8, qty_scale >= 9 in "
                        "[instrument:BTC/USD]\n");
    world_wait(world, DAY_MS);
    world_forget(world);
    world_answer(world, 200, "list BTC/USD XBT 1 1 8;" FOUR_ROWS);
    world_expect(world, "status 0 SYNCING subscribing\n"
                        "> send 0 sub 0 XBT\n");
    world_destroy(world);
}

/* "HTTP 200" alone says nothing of what is wrong. */
static void failed_catalog_says_what_was_wrong(void **state)
{
    static const struct {
        int status;
        const char *body, *says;
    } rows[] = {
        { 200, "fail -5",
          "the catalog could not be had: an answer came (HTTP 200, 7 bytes) that "
          "the plugin refused, " },
        { 301, "",
          "the catalog could not be had: HTTP 301, and redirects are not followed: "
          "configure the URL it leads to" },
        { 404, "", "the catalog could not be had: HTTP 404; next try" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world *const world = started(&by_http, true);
        struct stderr_capture capture;
        stderr_capture_begin(&capture);
        world_answer(world, rows[i].status, rows[i].body);
        assert_int_equal(1, count_of(stderr_capture_end(&capture), rows[i].says));
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_catalog_says_what_was_wrong),
        cmocka_unit_test(nothing_is_subscribed_before_the_catalog),
        cmocka_unit_test(terms_come_with_snapshots_as_the_catalog_last_had_them),
        cmocka_unit_test(failed_answer_is_asked_again_in_a_minute),
        cmocka_unit_test(empty_catalog_is_none),
        cmocka_unit_test(pair_whose_name_cannot_be_written_down_is_left_out),
        cmocka_unit_test(answer_without_an_end_is_none),
        cmocka_unit_test(far_fewer_rows_are_believed_the_second_time),
        cmocka_unit_test(whole_catalog_clears_the_suspicion),
        cmocka_unit_test(half_the_rows_are_believed_at_once),
        cmocka_unit_test(catalog_is_renewed_at_its_age),
        cmocka_unit_test(stream_that_does_not_answer_is_asked_again_later_each_time),
        cmocka_unit_test(stream_that_is_too_busy_is_asked_later),
        cmocka_unit_test(refusal_for_rate_is_asked_again_in_a_minute),
        cmocka_unit_test(stream_is_asked_with_each_connection),
        cmocka_unit_test(unlisted_symbol_is_subscribed_when_it_is_listed),
        cmocka_unit_test(unlisted_symbol_waits_for_its_connection),
        cmocka_unit_test(symbol_that_is_unlisted_and_listed_again),
        cmocka_unit_test(not_binding_catalog_holds_up_nothing),
        cmocka_unit_test(not_binding_catalog_leaves_the_answer_to_the_venue),
        cmocka_unit_test(trading_is_what_the_catalog_says),
        cmocka_unit_test(rows_of_a_failed_catalog_are_forgotten),
        cmocka_unit_test(digits_beyond_the_scale_make_it_unusable),
        cmocka_unit_test(more_digits_than_before_make_it_unusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
