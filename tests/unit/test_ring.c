#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <pthread.h>
#include <string.h>
#include <cmocka.h>

#include "arbspot/abi.h"
#include "bus/ring.h"

enum {
    RING_LEN = 4096,
    THREADED_RECORDS = 200000,
    PAYLOAD_MAX = 500,
    PARK_MS = 1000,
};

static int set_up(void **state)
{
    static struct ring ring;
    *state = &ring;
    return ring_init(&ring, RING_LEN, NULL);
}

static int tear_down(void **state)
{
    ring_fini(*state);
    return 0;
}

/* A record whose length and bytes follow from its number, so that any damage shows. */
static size_t len_of(uint32_t number)
{
    return sizeof(number) + number * 7919U % PAYLOAD_MAX;
}

static bool push(struct ring *ring, uint32_t number)
{
    const size_t len = len_of(number);
    char *const record = ring_reserve(ring, len);

    if (record == NULL) {
        return false;
    }
    memset(record, (int)(number & 0x7f), len);
    memcpy(record, &number, sizeof(number));
    ring_commit(ring);
    return true;
}

/* False when the ring is empty. */
static bool pop(struct ring *ring, uint32_t number)
{
    size_t len = 0;
    const char *const record = ring_peek(ring, &len);
    uint32_t got;

    if (record == NULL) {
        return false;
    }
    memcpy(&got, record, sizeof(got));
    assert_int_equal(got, number);
    assert_int_equal(len, len_of(number));
    for (size_t i = sizeof(got); i < len; i++) {
        assert_int_equal(record[i], number & 0x7f);
    }
    ring_release(ring);
    return true;
}

static void an_empty_ring_has_nothing(void **state)
{
    size_t len;
    assert_null(ring_peek(*state, &len));
}

static void a_reserved_record_is_not_visible_before_its_commit(void **state)
{
    size_t len;

    assert_non_null(ring_reserve(*state, 8));
    assert_null(ring_peek(*state, &len));
    ring_commit(*state);
    assert_non_null(ring_peek(*state, &len));
    assert_int_equal(len, 8);
}

static void a_record_stays_until_it_is_released(void **state)
{
    size_t len;

    assert_true(push(*state, 1));
    assert_ptr_equal(ring_peek(*state, &len), ring_peek(*state, &len));
    assert_true(pop(*state, 1));
    assert_null(ring_peek(*state, &len));
}

static void records_are_aligned_whatever_their_length(void **state)
{
    for (size_t len = 0; len < 64; len++) {
        const void *const record = ring_reserve(*state, len);
        assert_non_null(record);
        assert_int_equal((uintptr_t)record % 8, 0);
        ring_commit(*state);
    }
}

static void the_largest_record_always_fits_into_an_empty_ring(void **state)
{
    struct ring *const ring = *state;
    size_t len;

    for (size_t before = 0; before < RING_LEN; before += 8) {
        assert_non_null(ring_reserve(ring, 0));
        ring_commit(ring);
        assert_non_null(ring_peek(ring, &len));
        ring_release(ring);
        assert_non_null(ring_reserve(ring, ring_record_max(ring)));
        ring_commit(ring);
        assert_non_null(ring_peek(ring, &len));
        assert_int_equal(len, ring_record_max(ring));
        ring_release(ring);
    }
}

static void more_than_the_largest_record_is_refused(void **state)
{
    assert_null(ring_reserve(*state, ring_record_max(*state) + 1));
}

static void a_full_ring_refuses_and_takes_again_after_a_release(void **state)
{
    uint32_t n = 0;

    while (push(*state, n)) {
        n++;
    }
    assert_true(n > 0);
    assert_false(push(*state, n));
    assert_true(pop(*state, 0));
    assert_true(pop(*state, 1));
    assert_true(push(*state, n));
    for (uint32_t i = 2; i <= n; i++) {
        assert_true(pop(*state, i));
    }
}

static void records_keep_order_and_content_over_many_wraps(void **state)
{
    uint32_t pushed = 0, popped = 0;

    while (popped < 20000) {
        while (push(*state, pushed)) {
            pushed++;
        }
        for (unsigned i = 0; i < 1 + popped % 5 && pop(*state, popped); i++) {
            popped++;
        }
    }
}

static void *produce(void *context)
{
    for (uint32_t i = 0; i < THREADED_RECORDS;) {
        if (push(context, i)) {
            i++;
        } else {
            (void)sched_yield();
        }
    }
    return NULL;
}

static bool is_empty(void *context)
{
    size_t len;
    return ring_peek(context, &len) == NULL;
}

static void two_threads_lose_nothing_and_keep_order(void **state)
{
    struct ring *const ring = *state;
    struct waker waker;
    pthread_t producer;

    assert_int_equal(waker_init(&waker), ARB_OK);
    ring->waker = &waker;
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    for (uint32_t i = 0; i < THREADED_RECORDS;) {
        if (pop(ring, i)) {
            i++;
        } else {
            waker_park(&waker, PARK_MS, is_empty, ring);
        }
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    ring->waker = NULL;
    waker_fini(&waker);
}

static bool says_idle(void *context)
{
    (void)context;
    return true;
}

static void a_wake_before_the_park_is_not_lost(void **state)
{
    struct waker waker;

    (void)state;
    assert_int_equal(waker_init(&waker), ARB_OK);
    waker_wake(&waker);
    waker_park(&waker, 60000, says_idle, NULL); /* the suite's limit fails it otherwise */
    waker_fini(&waker);
}

static void a_length_is_rounded_up_to_a_power_of_two(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, 5000, NULL), ARB_OK);
    assert_int_equal(ring.len, 8192);
    ring_fini(&ring);
}

#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST(an_empty_ring_has_nothing),
        RING_TEST(a_reserved_record_is_not_visible_before_its_commit),
        RING_TEST(a_record_stays_until_it_is_released),
        RING_TEST(records_are_aligned_whatever_their_length),
        RING_TEST(the_largest_record_always_fits_into_an_empty_ring),
        RING_TEST(more_than_the_largest_record_is_refused),
        RING_TEST(a_full_ring_refuses_and_takes_again_after_a_release),
        RING_TEST(records_keep_order_and_content_over_many_wraps),
        RING_TEST(two_threads_lose_nothing_and_keep_order),
        cmocka_unit_test(a_wake_before_the_park_is_not_lost),
        cmocka_unit_test(a_length_is_rounded_up_to_a_power_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
