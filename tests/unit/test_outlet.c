/* What a consumer that falls behind is sent, and what is kept from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "venue/outlet.h"

enum { BOOK = 5, OTHER_BOOK = 6, FILL_MAX = 1000 };

struct setting {
    struct ring ring;
    struct outlet outlet;
    uint64_t seq;
};

static int set_up(void **state)
{
    struct setting *const setting = aligned_alloc(CACHE_LINE, sizeof(*setting));

    assert_non_null(setting);
    *setting = (struct setting){ .seq = 0 };
    assert_int_equal(ring_init(&setting->ring, 0, NULL), ARB_OK);
    assert_int_equal(outlet_init_ring(&setting->outlet, &setting->ring, NULL, true), ARB_OK);
    *state = setting;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *const setting = *state;

    outlet_fini(&setting->outlet);
    ring_fini(&setting->ring);
    free(setting);
    return 0;
}

/* The book's next event. */
static bool send(struct setting *setting, uint32_t book, enum event_kind kind, uint32_t state)
{
    struct event event = { .kind = (uint32_t)kind,
                           .state = state,
                           .instrument = book,
                           .seq = ++setting->seq,
                           .reason = "" };
    return outlet_send(&setting->outlet, &event);
}

static bool send_delta(struct setting *setting)
{
    return send(setting, BOOK, EVENT_DELTA, ARB_BOOK_LIVE);
}

/* Sends deltas until the ring is full: the last one did not fit. Returns the last that did. */
static uint64_t fill(struct setting *setting)
{
    while (send_delta(setting)) {
        assert_true(setting->seq < FILL_MAX);
    }
    return setting->seq - 1;
}

/*
 * Reads everything, checks the chain from `*prev_seq` on, which becomes the last event's seq, and
 * returns how many events were replaced by those that came.
 */
static uint64_t drain(struct setting *setting, uint64_t *prev_seq)
{
    uint64_t conflated = 0;
    size_t len = 0;
    for (void *record = ring_peek(&setting->ring, &len); record != NULL;
         record = ring_peek(&setting->ring, &len)) {
        const struct event *const event = event_record_read(record);
        assert_true(event->prev_seq == *prev_seq);
        *prev_seq = event->seq;
        conflated += event->conflated;
        ring_release(&setting->ring);
    }
    return conflated;
}

static void events_are_linked_to_the_one_before(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    assert_true(send_delta(setting) && send_delta(setting) && send_delta(setting));
    (void)drain(setting, &seen);
    assert_int_equal(seen, 3);
}

static void books_have_chains_of_their_own(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    assert_true(send_delta(setting));
    (void)drain(setting, &seen);
    assert_true(send(setting, OTHER_BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    seen = 0;
    (void)drain(setting, &seen);
    assert_int_equal(seen, 2);
}

static void full_ring_puts_the_book_behind(void **state)
{
    struct setting *const setting = *state;

    (void)fill(setting);
    assert_int_equal(setting->outlet.behind[BOOK], 1);
    assert_int_equal(setting->outlet.n_behind, 1);
    assert_int_equal(setting->outlet.conflated, 1);
    assert_false(send_delta(setting));
    assert_int_equal(setting->outlet.n_behind, 1);
    assert_int_equal(setting->outlet.conflated, 2);
}

static void deltas_are_withheld_while_behind_even_when_there_is_room(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    (void)fill(setting);
    (void)drain(setting, &seen);
    assert_false(send_delta(setting));
    assert_false(send(setting, BOOK, EVENT_STATUS, ARB_BOOK_LIVE));
    assert_int_equal(setting->outlet.n_behind, 1);
}

static void other_books_are_not_withheld(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    (void)fill(setting);
    (void)drain(setting, &seen);
    assert_true(send(setting, OTHER_BOOK, EVENT_DELTA, ARB_BOOK_LIVE));
}

static void snapshot_heals_and_keeps_the_chain(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    const uint64_t last = fill(setting);
    (void)drain(setting, &seen);
    assert_int_equal(seen, last);
    assert_false(send_delta(setting));
    assert_true(send(setting, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    assert_int_equal(setting->outlet.n_behind, 0);
    assert_true(send_delta(setting));
    (void)drain(setting, &seen); /* the snapshot names `last` as its predecessor */
    assert_int_equal(seen, setting->seq);
}

static void status_of_a_book_that_is_not_live_heals(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    (void)fill(setting);
    (void)drain(setting, &seen);
    assert_true(send(setting, BOOK, EVENT_STATUS, ARB_BOOK_STALE));
    assert_int_equal(setting->outlet.n_behind, 0);
    (void)drain(setting, &seen);
    assert_int_equal(seen, setting->seq);
}

static void snapshot_that_does_not_fit_leaves_the_book_behind(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    const uint64_t last = fill(setting);
    assert_false(send(setting, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    (void)drain(setting, &seen);
    assert_int_equal(seen, last);
    assert_true(send(setting, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    (void)drain(setting, &seen);
    assert_int_equal(seen, setting->seq);
}

static void snapshot_says_how_many_events_it_replaces(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    (void)fill(setting); /* one did not fit */
    assert_int_equal(drain(setting, &seen), 0);
    assert_false(send_delta(setting));
    assert_true(send(setting, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    assert_int_equal(drain(setting, &seen), 2);
    assert_true(send_delta(setting));
    assert_int_equal(drain(setting, &seen), 0);
}

static void loss_behind_the_outlet_is_replaced_like_any_other(void **state)
{
    struct setting *const setting = *state;
    uint64_t seen = 0;

    assert_true(send_delta(setting) && send_delta(setting) && send_delta(setting));
    (void)drain(setting, &seen);
    outlet_lost(&setting->outlet, BOOK, 3);
    assert_int_equal(setting->outlet.n_behind, 1);
    assert_false(send_delta(setting));
    assert_true(send(setting, BOOK, EVENT_SNAPSHOT, ARB_BOOK_LIVE));
    assert_int_equal(setting->outlet.n_behind, 0);
    assert_int_equal(drain(setting, &seen), 4);
    assert_int_equal(setting->outlet.conflated, 4);
}

static void count_event(void *context, const struct event *event)
{
    (void)event;
    ++*(unsigned *)context;
}

static void function_gets_every_event(void **state)
{
    struct outlet outlet;
    unsigned n = 0;

    (void)state;
    assert_int_equal(outlet_init_fn(&outlet, count_event, &n), ARB_OK);
    for (uint64_t seq = 1; seq <= FILL_MAX; seq++) {
        struct event event = { .kind = EVENT_DELTA, .seq = seq, .reason = "" };
        assert_true(outlet_send(&outlet, &event));
    }
    assert_int_equal(n, FILL_MAX);
    outlet_fini(&outlet);
    outlet_fini(&outlet); /* zeroed by the first */
}

#define OUTLET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTLET_TEST(events_are_linked_to_the_one_before),
        OUTLET_TEST(books_have_chains_of_their_own),
        OUTLET_TEST(full_ring_puts_the_book_behind),
        OUTLET_TEST(deltas_are_withheld_while_behind_even_when_there_is_room),
        OUTLET_TEST(other_books_are_not_withheld),
        OUTLET_TEST(snapshot_heals_and_keeps_the_chain),
        OUTLET_TEST(status_of_a_book_that_is_not_live_heals),
        OUTLET_TEST(snapshot_that_does_not_fit_leaves_the_book_behind),
        OUTLET_TEST(snapshot_says_how_many_events_it_replaces),
        OUTLET_TEST(loss_behind_the_outlet_is_replaced_like_any_other),
        cmocka_unit_test(function_gets_every_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
