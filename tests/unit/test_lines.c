/* One venue over several lines: whose word counts, and how a line is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "venue/lines.h"
#include "feed_world.h"

/* The first connection of each line. */
enum { A = 0, B = ARB_CONNS_MAX, C = 2 * ARB_CONNS_MAX };
/* Request 3 of the first line, in slot 0, and of the second, in slot 1. */
enum { REQUEST_OF_LINE_1 = 4 * ARB_REQUESTS_MAX + 3, REQUEST_OF_LINE_2 = 9 * ARB_REQUESTS_MAX + 3 };

struct venue_world {
    struct world *world;
    struct lines *lines;
};

static void connect(struct venue_world *v, uint32_t conn)
{
    lines_on_open(v->lines, conn, v->world->now_ns);
}

static void say(struct venue_world *v, uint32_t conn, const char *message)
{
    lines_on_message(v->lines, conn, v->world->now_ns,
                     (struct arb_bytes){ message, strlen(message) });
}

static void lose(struct venue_world *v, uint32_t conn)
{
    lines_on_close(v->lines, conn, v->world->now_ns, "lost");
}

static int64_t wait_ms(struct venue_world *v, int64_t ms)
{
    v->world->now_ns += ms * NS_PER_MS;
    return (lines_on_turn(v->lines, v->world->now_ns) - v->world->now_ns) / NS_PER_MS;
}

/* Connected, with no book yet; what that told is forgotten. */
static struct venue_world *create(const struct world_spec *spec, int64_t connections,
                                  int64_t age_ms)
{
    struct venue_world *const v = calloc(1, sizeof(*v));
    struct feed_config config;

    assert_non_null(v);
    v->world = world_prepare(spec, &config);
    v->world->exchange.connections = connections;
    v->world->exchange.connection_age_ms = age_ms;
    assert_int_equal(lines_create(&v->lines, &config, &v->world->err), ARB_OK);
    assert_int_equal(lines_add_outlet(v->lines, &v->world->outlet), ARB_OK);
    assert_int_equal(lines_start(v->lines, v->world->now_ns, &v->world->err), ARB_OK);
    connect(v, A);
    if (connections == 2) {
        connect(v, B);
    }
    world_forget(v->world);
    return v;
}

static const struct world_spec usual = { .symbols = { "BTC/USD" } };

/* Both lines LIVE at venue time 5; the first event was the first line's. */
static struct venue_world *create_both_live(const struct world_spec *spec)
{
    struct venue_world *const v = create(spec, 2, 0);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    say(v, B, "snap 0 1 at=5 b100x1 a101x1");
    world_forget(v->world);
    return v;
}

static void destroy(struct venue_world *v)
{
    lines_destroy(v->lines);
    outlet_fini(&v->world->outlet);
    free(v->world);
    free(v);
}

static void each_line_has_connections_of_its_own(void **state)
{
    (void)state;
    struct venue_world *const v = calloc(1, sizeof(*v));
    struct feed_config config;

    assert_non_null(v);
    v->world = world_prepare(&usual, &config);
    v->world->exchange.connections = 2;
    assert_int_equal(lines_create(&v->lines, &config, &v->world->err), ARB_OK);
    assert_int_equal(lines_start(v->lines, v->world->now_ns, &v->world->err), ARB_OK);
    world_expect(v->world, "> open 0 wss://fake\n"
                           "> open 64 wss://fake\n");
    destroy(v);
}

static void second_copy_is_dropped(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x2");
    say(v, B, "delta 0 2 at=6 b100x2");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n");
    assert_int_equal(board_stats(lines_board(v->lines))->copies, 2); /* its snapshot too */
    destroy(v);
}

static void line_that_is_ahead_takes_the_lead(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, B, "delta 0 2 at=6 b100x2");
    say(v, A, "delta 0 2 at=6 b100x2");
    say(v, A, "delta 0 3 at=7 b100x3");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n"
                           "delta 0 LIVE #4<3 b100x3\n");
    destroy(v);
}

/* Events with one time are told apart by their number. */
static void events_of_one_time_are_counted(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x2");
    say(v, B, "delta 0 2 at=6 b100x2");
    say(v, B, "delta 0 3 at=6 b100x3");
    say(v, A, "delta 0 3 at=6 b100x3");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n"
                           "delta 0 LIVE #4<3 b100x3\n");
    destroy(v);
}

static void difference_covers_what_the_leader_had_not_seen(void **state)
{
    (void)state;
    struct venue_world *const v = create(&usual, 2, 0);

    say(v, A, "snap 0 1 at=5 b97x1 b98x1 b99x1 b100x1 a101x1 a102x1 a103x1 a104x1");
    say(v, B, "snap 0 2 at=7 b97x1 b98x1 b99x1 b100x2 a101x1 a102x1 a103x1 a105x1");
    world_expect(v->world,
                 "snapshot 0 LIVE #2<1 b97x1 b98x1 b99x1 b100x1 a104x1 a103x1 a102x1 a101x1\n"
                 "delta 0 LIVE #3<2 b100x2 a105x1 a104x0\n");
    destroy(v);
}

static void without_times_the_leader_leads(void **state)
{
    (void)state;
    struct venue_world *const v = create(&usual, 2, 0);

    say(v, A, "snap 0 1 b100x1 a101x1");
    say(v, B, "snap 0 1 b100x1 a101x1");
    world_forget(v->world);
    say(v, A, "delta 0 2 b100x2");
    say(v, B, "delta 0 2 b100x2");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n");
    destroy(v);
}

static void lost_leader_is_followed_without_stale(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    lose(v, A);
    say(v, B, "delta 0 2 at=6 b100x2");
    world_expect(v->world, "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
                           "delta 0 LIVE #4<3 b100x2\n");
    destroy(v);
}

/* One line was pinged, the other brought the changes, and both are of one venue. */
static void what_the_lines_taught_of_the_clock_outlives_them(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    lines_on_round_trip(v->lines, B, v->world->now_ns, 2 * NS_PER_MS);
    for (unsigned i = 0; i < VENUE_CLOCK_EVENTS_MIN; i++) {
        say(v, A, "delta 0 2 at=6 b100x2");
    }
    lines_on_round_trip(v->lines, B, v->world->now_ns, 2 * NS_PER_MS);
    lines_on_round_trip(v->lines, C, v->world->now_ns, 1); /* there is no such line */
    say(v, B, "delta 0 2 at=6 b100x2");
    world_forget(v->world);
    lose(v, A);
    world_expect(v->world, "snapshot 0 LIVE #35<34 clock=-999998999994+-1400001 b100x2 a101x1\n");
    destroy(v);
}

static void damaged_leader_is_followed_without_stale(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x7 sum=999");
    world_expect(v->world, "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
                           "> send 0 resync 0\n");
    destroy(v);
}

static void line_that_is_behind_is_waited_for(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x2;delta 0 3 at=7 b100x3");
    world_forget(v->world);
    lose(v, A);
    say(v, B, "delta 0 2 at=6 b100x2");
    world_expect(v->world, "");
    say(v, B, "delta 0 3 at=7 b100x3");
    world_expect(v->world, "snapshot 0 LIVE #5<4 b100x3 a101x1\n");
    destroy(v);
}

static void line_that_stays_behind_has_to_prove_its_book(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x2");
    world_forget(v->world);
    lose(v, A);
    (void)wait_ms(v, BOARD_PATIENCE_NS / NS_PER_MS);
    world_expect(v->world, "status 0 STALE #4<3 lost\n");
    (void)wait_ms(v, 1);
    world_expect(v->world, "> send 64 resync 0\n");
    say(v, B, "snap 0 2 at=6 b100x2 a101x1");
    world_expect(v->world, "snapshot 0 LIVE #5<4 b100x2 a101x1\n");
    destroy(v);
}

static void book_that_nobody_has_is_stale(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    lose(v, B);
    world_expect(v->world, "");
    lose(v, A);
    world_expect(v->world, "status 0 STALE #3<2 lost\n");
    destroy(v);
}

static void last_line_lost_while_waited_for_is_stale(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, A, "delta 0 2 at=6 b100x2");
    world_forget(v->world);
    lose(v, A);
    lose(v, B);
    world_expect(v->world, "status 0 STALE #4<3 lost\n");
    destroy(v);
}

static void stopping_is_stale_at_once(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    lines_stop(v->lines, v->world->now_ns, "the end");
    world_expect(v->world, "status 0 STALE #3<2 the end\n");
    destroy(v);
}

static void line_that_asks_is_replaced_without_stale(void **state)
{
    (void)state;
    struct venue_world *const v = create(&usual, 1, 0);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1;renew 0 asked for");
    world_forget(v->world);
    (void)wait_ms(v, 0);
    world_expect(v->world, "> open 64 wss://fake\n");
    connect(v, B);
    (void)wait_ms(v, 20);
    say(v, A, "delta 0 2 at=6 b100x2");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n");
    say(v, B, "snap 0 1 at=6 b100x2 a101x1");
    (void)wait_ms(v, 20);
    world_expect(v->world, "> close 0 replaced by another connection\n"
                           "snapshot 0 LIVE #4<3 b100x2 a101x1\n");
    say(v, A, "delta 0 3 at=7 b100x7");
    say(v, B, "delta 0 2 at=7 b100x3");
    world_expect(v->world, "delta 0 LIVE #5<4 b100x3\n");
    assert_int_equal(lines_replaced(v->lines), 1);
    destroy(v);
}

static void line_of_age_is_replaced(void **state)
{
    (void)state;
    struct venue_world *const v = create(&usual, 1, 60000);

    (void)wait_ms(v, 59999);
    world_expect(v->world, "status 0 STALE #2<1 no snapshot came\n");
    (void)wait_ms(v, 1);
    assert_non_null(strstr(v->world->buffer, "> open 64 wss://fake\n"));
    destroy(v);
}

static void suspected_line_is_replaced(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    lines_on_suspect(v->lines, B, v->world->now_ns);
    (void)wait_ms(v, 0);
    world_expect(v->world, "> open 128 wss://fake\n");
    connect(v, C);
    say(v, C, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 20);
    world_expect(v->world, "> close 64 replaced by another connection\n");
    destroy(v);
}

static void line_that_came_back_by_itself_needs_no_replacement(void **state)
{
    (void)state;
    struct venue_world *const v = create_both_live(&usual);

    say(v, B, "renew 0 asked for");
    lose(v, B);
    (void)wait_ms(v, 0);
    world_expect(v->world, "");
    destroy(v);
}

static void replacement_that_gets_no_books_is_given_up(void **state)
{
    (void)state;
    struct venue_world *const v = create(&usual, 1, 0);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1;renew 0 asked for");
    (void)wait_ms(v, 0);
    world_forget(v->world);
    (void)wait_ms(v, 119990);
    world_expect(v->world, "");
    (void)wait_ms(v, 10);
    world_expect(v->world, "> close 64 could not get the books\n");
    say(v, A, "delta 0 2 at=6 b100x2");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n");
    assert_true(wait_ms(v, 1) > 0); /* or its thread spins */
    destroy(v);
}

static void assert_requested(const struct venue_world *v, uint32_t request)
{
    char want[64];

    (void)snprintf(want, sizeof(want), "> get %u https://fake\n", request);
    assert_non_null(strstr(v->world->buffer, want));
}

static void answer_for_a_line_that_is_gone_is_dropped(void **state)
{
    (void)state;
    static const struct world_spec asking = { .symbols = { "BTC/USD" },
                                              .options = { { "on_open", "get 3 https://fake" } } };
    static const char answer[] = "delta 0 9 at=9 b100x9";
    struct venue_world *const v = create(&asking, 1, 0);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1;renew 0 asked for");
    (void)wait_ms(v, 0);
    connect(v, B);
    say(v, B, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 20);
    assert_requested(v, REQUEST_OF_LINE_2);
    world_forget(v->world);
    lines_on_http(v->lines, REQUEST_OF_LINE_1, v->world->now_ns, 200,
                  (struct arb_bytes){ answer, strlen(answer) });
    world_expect(v->world, "");
    lines_on_http(v->lines, REQUEST_OF_LINE_2, v->world->now_ns, 200,
                  (struct arb_bytes){ answer, strlen(answer) });
    world_expect(v->world, "delta 0 LIVE #4<3 b100x9\n");
    destroy(v);
}

/* A fresh line may list its instruments in another order. */
static void books_are_matched_by_symbol(void **state)
{
    (void)state;
    static const struct world_spec listing = {
        .symbols = { "*/USD" },
        .options = { { "on_init", "open 0" }, { "on_add", "bind % 0" } },
    };
    struct venue_world *const v = create(&listing, 2, 0);

    say(v, A, "list X/USD X 1 0 0;list Y/USD Y 1 0 0;end");
    say(v, B, "list Y/USD Y 1 0 0;list X/USD X 1 0 0;end");
    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    say(v, B, "snap 1 1 at=5 b100x1 a101x1");
    world_forget(v->world);
    say(v, B, "delta 1 2 at=6 b100x2");
    world_expect(v->world, "delta 0 LIVE #3<2 b100x2\n");
    destroy(v);
}

/* Or the board would go on asking a line that is no more. */
static void line_that_cannot_be_made_is_not_on_the_board(void **state)
{
    (void)state;
    static const struct world_spec wrong = { .options = { { "loss", "nonsense" } } };
    struct feed_config config;
    struct world *const world = world_prepare(&wrong, &config);
    uint32_t line = 0;

    assert_int_equal(board_create(&config.board, "fake", 1, 0), ARB_OK);
    assert_int_equal(feed_create(&world->feed, &config, &world->err), ARB_EINVAL);
    world->exchange.options = NULL;
    assert_int_equal(feed_create(&world->feed, &config, &world->err), ARB_OK);
    assert_int_equal(board_add_line(config.board, NULL, &line), ARB_OK);
    assert_int_equal(line, 1); /* the second */
    world_destroy(world);
    board_destroy(config.board);
}

static void late_joiners_get_the_leaders_book(void **state)
{
    (void)state;
    static const struct world_spec periodic = { .symbols = { "BTC/USD" },
                                                .snapshot_interval_ms = 1000 };
    struct venue_world *const v = create_both_live(&periodic);

    (void)wait_ms(v, 0);
    say(v, B, "delta 0 2 at=6 b100x2");
    world_forget(v->world);
    (void)wait_ms(v, 1000);
    world_expect(v->world, "snapshot 0 LIVE #4<3 b100x2 a101x1\n");
    destroy(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_has_connections_of_its_own),
        cmocka_unit_test(second_copy_is_dropped),
        cmocka_unit_test(line_that_is_ahead_takes_the_lead),
        cmocka_unit_test(events_of_one_time_are_counted),
        cmocka_unit_test(difference_covers_what_the_leader_had_not_seen),
        cmocka_unit_test(without_times_the_leader_leads),
        cmocka_unit_test(lost_leader_is_followed_without_stale),
        cmocka_unit_test(what_the_lines_taught_of_the_clock_outlives_them),
        cmocka_unit_test(damaged_leader_is_followed_without_stale),
        cmocka_unit_test(line_that_is_behind_is_waited_for),
        cmocka_unit_test(line_that_stays_behind_has_to_prove_its_book),
        cmocka_unit_test(book_that_nobody_has_is_stale),
        cmocka_unit_test(last_line_lost_while_waited_for_is_stale),
        cmocka_unit_test(stopping_is_stale_at_once),
        cmocka_unit_test(line_that_asks_is_replaced_without_stale),
        cmocka_unit_test(line_of_age_is_replaced),
        cmocka_unit_test(suspected_line_is_replaced),
        cmocka_unit_test(line_that_came_back_by_itself_needs_no_replacement),
        cmocka_unit_test(replacement_that_gets_no_books_is_given_up),
        cmocka_unit_test(answer_for_a_line_that_is_gone_is_dropped),
        cmocka_unit_test(books_are_matched_by_symbol),
        cmocka_unit_test(line_that_cannot_be_made_is_not_on_the_board),
        cmocka_unit_test(late_joiners_get_the_leaders_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
