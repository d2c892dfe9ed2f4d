/* Which books are given up, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"
#include "stderr_capture.h"
#include "venue/relief.h"

enum { BOOKS = 8 };

#define LOOK_NS (10 * NS_PER_MS)

static const char rest[] = "A6/USD", pattern[] = "A2/*";

/* A session with A0/USD to A7/USD; another exchange asks for A6/USD and all of A2. */
struct host {
    struct world *world;
    struct exchange_config exchanges[2];
    char *other[2];
    struct config config;
    struct relief relief;
    struct relief_venue venue;
};

static struct host *create(void)
{
    static const struct world_spec spec = { .n_made = BOOKS };
    const struct board_config board = { .name = "fake" };
    struct host *const h = calloc(1, sizeof(*h));

    assert_non_null(h);
    h->world = world_create(&spec);
    assert_int_equal(ARB_OK, session_start(h->world->session, h->world->now, &h->world->err));
    world_open(h->world, 0);
    for (uint32_t i = 0; i < BOOKS; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "snap %u 1 b1x1 a2x1", i);
        world_say(h->world, text);
    }
    world_forget(h->world);
    h->other[0] = (char *)(uintptr_t)pattern; /* only read */
    h->other[1] = (char *)(uintptr_t)rest;
    h->exchanges[0] = h->world->exchange;
    h->exchanges[0].enabled = h->exchanges[0].shed = true;
    h->exchanges[1] =
        (struct exchange_config){ .enabled = true, .symbols = h->other, .n_symbols = 2 };
    (void)snprintf(h->exchanges[1].name, sizeof(h->exchanges[1].name), "other");
    h->config = (struct config){ .exchanges = h->exchanges, .n_exchanges = 2 };
    assert_int_equal(ARB_OK, relief_init(&h->relief, &h->config, &h->exchanges[0], "venue=fake"));
    assert_int_equal(ARB_OK, board_create(&h->venue.board, &board));
    h->venue.sessions[0] = h->world->session;
    return h;
}

static void destroy(struct host *h)
{
    relief_fini(&h->relief);
    board_destroy(h->venue.board);
    world_destroy(h->world);
    free(h);
}

/* The host is as late as that, until it keeps `keep` books or for a minute. */
static void be_late(struct host *h, int64_t lag_ns, uint32_t keep)
{
    for (uint32_t i = 0; i < 6000 && BOOKS - relief_n_shed(&h->relief) != keep; i++) {
        h->world->now.mono_ns += LOOK_NS;
        relief_look(&h->relief, &h->venue, h->world->now, (struct io_load){ .lag_ns = lag_ns });
        (void)world_turn(h->world);
    }
}

static void be_on_time(struct host *h, int64_t ns)
{
    for (int64_t passed_ns = 0; passed_ns < ns; passed_ns += LOOK_NS) {
        h->world->now.mono_ns += LOOK_NS;
        relief_look(&h->relief, &h->venue, h->world->now, (struct io_load){ 0 });
        (void)world_turn(h->world);
    }
}

/* "01100001": which are given up. */
static void expect_shed(const struct host *h, const char *want)
{
    char shed[BOOKS + 1] = "";

    for (uint32_t i = 0; i < BOOKS; i++) {
        shed[i] = session_is_shed(h->world->session, i) ? '1' : '0';
    }
    assert_string_equal(shed, want);
}

static void books_of_no_other_exchange_go_first_from_the_end(void **state)
{
    struct host *const h = create();

    (void)state;
    be_late(h, 10 * NS_PER_S, 4);
    expect_shed(h, "00011101");
    be_late(h, 10 * NS_PER_S, 2);
    expect_shed(h, "11011101");
    be_late(h, 10 * NS_PER_S, 1);
    expect_shed(h, "11011111");
    destroy(h);
}

static void stable_set_is_said_in_one_line(void **state)
{
    struct host *const h = create();
    struct stderr_capture capture;

    (void)state;
    be_late(h, 10 * NS_PER_S, 1);
    stderr_capture_begin(&capture);
    be_on_time(h, 20 * NS_PER_S);
    const char *const text = stderr_capture_end(&capture);
    assert_non_null(strstr(text,
                           "level=warn venue=fake msg=\"this machine is too slow for 8 books: "
                           "it keeps 1, and 7 are UNUSABLE, those that are on no other "
                           "exchange first and then the last of the list: A0/USD, A1/USD, "
                           "A3/USD, A4/USD, A5/USD and 2 more; more are tried in 60 s; fewer "
                           "symbols or a faster machine would help\""));
    assert_int_equal(count_of(text, "\n"), 1);
    destroy(h);
}

static void all_come_back(void **state)
{
    struct host *const h = create();

    (void)state;
    be_late(h, 10 * NS_PER_S, 4);
    be_on_time(h, 200 * NS_PER_S);
    expect_shed(h, "00000000");
    assert_int_equal(relief_n_shed(&h->relief), 0);
    assert_false(relief_is_behind(&h->relief));
    destroy(h);
}

/* A session that replaces another keeps no more books than that. */
static void session_that_comes_later_sheds_the_same(void **state)
{
    struct host *const h = create();
    struct host *const later = create();

    (void)state;
    be_late(h, 10 * NS_PER_S, 4);
    h->venue.sessions[1] = later->world->session;
    be_on_time(h, 2 * NS_PER_S);
    expect_shed(later, "00011101");
    destroy(later);
    destroy(h);
}

static void nothing_is_given_up_with_shed_no(void **state)
{
    struct host *const h = create();

    (void)state;
    relief_fini(&h->relief);
    h->exchanges[0].shed = false;
    assert_int_equal(ARB_OK, relief_init(&h->relief, &h->config, &h->exchanges[0], "venue=fake"));
    be_late(h, 10 * NS_PER_S, 1);
    expect_shed(h, "00000000");
    assert_true(relief_is_behind(&h->relief));
    destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_of_no_other_exchange_go_first_from_the_end),
        cmocka_unit_test(stable_set_is_said_in_one_line),
        cmocka_unit_test(all_come_back),
        cmocka_unit_test(session_that_comes_later_sheds_the_same),
        cmocka_unit_test(nothing_is_given_up_with_shed_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
