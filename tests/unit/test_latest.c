/* The newest of something goes from one thread to another, whole. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/latest.h"

enum { LEN = 64, N = 200000 };

struct world {
    struct latest latest;
    uint32_t slots[LATEST_SLOTS][LEN];
};

static void give(struct world *world, uint32_t number)
{
    for (unsigned i = 0; i < LEN; i++) {
        world->slots[world->latest.written][i] = number;
    }
    latest_give(&world->latest);
}

static void the_newest_is_taken_and_once(void **state)
{
    struct world world = { .slots = { { 0 } } };

    (void)state;
    latest_init(&world.latest);
    assert_false(latest_take(&world.latest));
    assert_int_equal(world.slots[world.latest.read][0], 0);
    give(&world, 1);
    give(&world, 2);
    assert_true(latest_take(&world.latest));
    assert_int_equal(world.slots[world.latest.read][0], 2);
    assert_false(latest_take(&world.latest));
    give(&world, 3);
    give(&world, 4);
    give(&world, 5);
    assert_int_equal(world.slots[world.latest.read][0], 2); /* stays until another is taken */
    assert_true(latest_take(&world.latest));
    assert_int_equal(world.slots[world.latest.read][0], 5);
}

static void *give_all(void *context)
{
    for (uint32_t number = 1; number <= N; number++) {
        give(context, number);
    }
    return NULL;
}

static void what_is_read_is_never_written_on(void **state)
{
    static struct world world;
    pthread_t thread;
    uint32_t last = 0;

    (void)state;
    latest_init(&world.latest);
    assert_int_equal(pthread_create(&thread, NULL, give_all, &world), 0);
    while (last < N) {
        if (!latest_take(&world.latest)) {
            continue;
        }
        const uint32_t *const slot = world.slots[world.latest.read];
        assert_true(slot[0] > last);
        last = slot[0];
        for (unsigned i = 1; i < LEN; i++) {
            assert_int_equal(slot[i], last);
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_is_taken_and_once),
        cmocka_unit_test(what_is_read_is_never_written_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
