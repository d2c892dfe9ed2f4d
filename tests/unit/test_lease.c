/* How long what was heard of a venue counts. Two clocks: the host's begins at HOST_NS, ours at 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumer/lease.h"
#include "util/boot.h"

#define MS INT64_C(1000000)
#define HOST_NS (INT64_C(777777) * MS)
#define DAY_MS INT64_C(86400000)

static const struct event_venue venue = { "kraken" };

/* Said at `said_ms` by a host on that start of a machine, heard at `heard_ms` here. */
static bool hear_from(struct lease *lease, uint64_t boot, uint64_t session, int64_t said_ms,
                      int64_t heard_ms)
{
    const struct event event = { .kind = EVENT_ALIVE,
                                 .venue = &venue,
                                 .session = session,
                                 .mono_ns = HOST_NS + said_ms * MS,
                                 .boot = boot };
    return lease_take(lease, &event, heard_ms * MS);
}

static bool hear(struct lease *lease, uint64_t session, int64_t said_ms, int64_t heard_ms)
{
    return hear_from(lease, 1, session, said_ms, heard_ms);
}

static bool hear_book(struct lease *lease, uint64_t session, int64_t heard_ms)
{
    const struct event event = { .kind = EVENT_DELTA, .venue = &venue, .session = session };
    return lease_take(lease, &event, heard_ms * MS);
}

static bool hear_end(struct lease *lease, uint64_t session, int64_t heard_ms)
{
    const struct event event = { .kind = EVENT_ALIVE,
                                 .venue = &venue,
                                 .session = session,
                                 .mono_ns = HOST_NS,
                                 .boot = 1,
                                 .ends = true };
    return lease_take(lease, &event, heard_ms * MS);
}

static void assert_ends(const struct lease *lease, uint64_t session, int64_t ms)
{
    assert_true(lease_holds(lease, session, ms * MS - 1));
    assert_false(lease_holds(lease, session, ms * MS));
}

static void nothing_heard_is_not_alive(void **state)
{
    const struct lease lease = { 0 };

    (void)state;
    assert_false(lease_holds(&lease, 0, 0));
    assert_false(lease_holds(&lease, 7, 1));
}

static void a_word_counts_for_three_seconds(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    assert_true(hear(&lease, 7, 1000, 50));
    assert_ends(&lease, 7, 3050);
    assert_true(hear(&lease, 7, 2000, 1050));
    assert_ends(&lease, 7, 4050);
    assert_false(lease_holds(&lease, 8, 1050 * MS));
}

/* Who joins between two words need not wait for the next one. */
static void a_book_counts_until_the_first_word(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    assert_true(hear_book(&lease, 7, 50));
    assert_ends(&lease, 7, 1550);
    assert_true(hear_book(&lease, 7, 1000));
    assert_ends(&lease, 7, 1550);
    (void)hear(&lease, 7, 1000, 1100);
    assert_ends(&lease, 7, 4100);
    (void)hear_book(&lease, 7, 4200);
    assert_false(lease_holds(&lease, 7, 4200 * MS));
}

/* It was said so much earlier than it was heard as the fastest way does not explain. */
static void a_late_word_counts_for_less(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    (void)hear(&lease, 7, 2000, 3050); /* two seconds late, less what clocks may have drifted */
    assert_true(lease_holds(&lease, 7, 4050 * MS));
    assert_false(lease_holds(&lease, 7, 4051 * MS));
    (void)hear(&lease, 7, 3000, 8050); /* five seconds late */
    assert_false(lease_holds(&lease, 7, 8050 * MS));
    (void)hear(&lease, 7, 9000, 8051);
    assert_true(lease_holds(&lease, 7, 11040 * MS));
}

/* The first was slow, as the second shows: what the first is worth was overrated, once. */
static void the_fastest_is_the_measure(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 900);
    (void)hear(&lease, 7, 2000, 1050);
    assert_ends(&lease, 7, 4050);
    (void)hear(&lease, 7, 3000, 2900);
    assert_true(lease_holds(&lease, 7, 5050 * MS));
    assert_false(lease_holds(&lease, 7, 5051 * MS));
}

/* A host's clock that runs 200 ppm slow falls 17 s behind in a day, and is no reason. */
static void clocks_may_drift_apart(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    for (int64_t ms = 1000; ms <= DAY_MS; ms += 1000) {
        (void)hear(&lease, 7, ms - ms / 5000, ms);
        assert_true(lease_holds(&lease, 7, (ms + 2990) * MS));
    }
}

/* But a lag of half a minute stays one for an hour. */
static void a_lag_is_not_forgotten(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 0, 1);
    for (int64_t ms = 1000; ms <= DAY_MS / 24; ms += 1000) {
        (void)hear(&lease, 7, ms, ms + 30000);
        assert_false(lease_holds(&lease, 7, (ms + 30000) * MS));
    }
}

static void history_makes_nobody_alive(void **state)
{
    struct lease lease = { 0 };
    const struct event event = {
        .kind = EVENT_ALIVE, .venue = &venue, .session = 7, .mono_ns = HOST_NS, .is_history = true
    };

    (void)state;
    assert_true(lease_take(&lease, &event, MS));
    assert_false(lease_holds(&lease, 7, MS));
}

/* Books that are read again are as they were then. */
static void what_is_read_again_is_not_of_the_present(void **state)
{
    struct lease lease = { 0 };
    const struct event past = { .kind = EVENT_DELTA, .session = 7, .is_history = true };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    (void)hear_book(&lease, 7, 60);
    assert_ends(&lease, 7, 3050);
    assert_true(lease_take(&lease, &past, 70 * MS));
    assert_false(lease_holds(&lease, 7, 70 * MS));
    (void)hear_book(&lease, 7, 80);
    assert_ends(&lease, 7, 3050); /* the word was heard before */
    (void)hear(&lease, 7, 2000, 1050);
    assert_ends(&lease, 7, 4050);
}

static void the_end_is_at_once(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    assert_true(hear_end(&lease, 7, 60));
    assert_false(lease_holds(&lease, 7, 60 * MS));
}

static void a_newer_session_counts_from_its_first_word(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    assert_true(hear_book(&lease, 8, 60));
    assert_false(lease_holds(&lease, 7, 60 * MS));
    assert_false(lease_holds(&lease, 8, 60 * MS));
    assert_true(hear(&lease, 8, 1030, 80));
    assert_false(hear_book(&lease, 7, 80));
    assert_ends(&lease, 8, 3080);
    assert_false(hear(&lease, 7, 2000, 90));
    assert_ends(&lease, 8, 3080);
}

/* Who was held up while a host died and another one came and died hears the latter's words late. */
static void a_newer_session_of_the_same_clock_is_late_from_its_first_word(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    (void)hear(&lease, 8, 4000, 14000);
    (void)hear_book(&lease, 8, 14000);
    (void)hear(&lease, 8, 5000, 14001);
    assert_false(lease_holds(&lease, 8, 14001 * MS));
    (void)hear(&lease, 8, 14500, 14502); /* it lives after all: 952 ms are more than the fastest */
    assert_true(lease_holds(&lease, 8, 16500 * MS));
}

/* A clock that is not known: its first word tells nothing, words that come all at once neither. */
static void a_newer_session_of_another_clock_has_to_keep_pace(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    (void)hear_from(&lease, 2, 8, -500000, 14000);
    assert_false(lease_holds(&lease, 8, 14000 * MS));
    (void)hear_book(&lease, 8, 14000);
    assert_false(lease_holds(&lease, 8, 14000 * MS));
    (void)hear_from(&lease, 2, 8, -499000, 14499);
    assert_false(lease_holds(&lease, 8, 14499 * MS));
    (void)hear_from(&lease, 2, 8, -498000, 14999);
    assert_ends(&lease, 8, 17999);
}

/* Hosts that do not say it: each session's clock is another. */
static void a_host_that_does_not_say_its_start_has_to_keep_pace_too(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear_from(&lease, 0, 7, 1000, 50);
    assert_ends(&lease, 7, 3050); /* the first that was ever heard */
    (void)hear_from(&lease, 0, 8, 1500, 550);
    assert_false(lease_holds(&lease, 8, 550 * MS));
    (void)hear_from(&lease, 0, 8, 2500, 1550);
    assert_ends(&lease, 8, 4550);
}

/* A host that ran for a moment beside another does not silence it. */
static void the_older_session_returns_when_the_newer_is_gone(void **state)
{
    struct lease lease = { 0 };

    (void)state;
    (void)hear(&lease, 7, 1000, 50);
    (void)hear(&lease, 8, 1010, 60);
    assert_false(hear(&lease, 7, 2000, 3059));
    assert_false(hear_book(&lease, 7, 3059));
    assert_true(hear_book(&lease, 7, 3060));
    assert_false(lease_holds(&lease, 7, 3060 * MS));
    assert_true(hear(&lease, 7, 4010, 3060));
    assert_ends(&lease, 7, 6060);

    (void)hear(&lease, 9, 4950, 4000);
    (void)hear_end(&lease, 9, 4100);
    assert_false(hear_end(&lease, 7, 4200));
    assert_true(hear(&lease, 7, 5250, 4300));
    assert_true(lease_holds(&lease, 7, 4300 * MS));
}

static void numbers_of_a_message_may_be_anything(void **state)
{
    static const int64_t numbers[] = { INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX };
    enum { N = sizeof(numbers) / sizeof(*numbers) };

    (void)state;
    for (unsigned i = 0; i < N * N * N; i++) {
        struct lease lease = { 0 };
        const unsigned at[] = { i % N, i / N % N, i / N / N };
        for (unsigned k = 0; k < 3; k++) {
            const struct event event = { .kind = EVENT_ALIVE, .mono_ns = numbers[at[k]] };
            const int64_t now_ns = INT64_C(5000) * MS * (k + 1);
            assert_true(lease_take(&lease, &event, now_ns));
            assert_false(lease_holds(&lease, 0, now_ns + LEASE_NS));
        }
    }
}

static void each_partition_has_a_lease(void **state)
{
    struct leases leases = { 0 };

    (void)state;
    struct lease *const last = leases_at(&leases, LEASE_PARTITIONS_MAX - 1);
    assert_non_null(last);
    assert_true(hear(last, 7, 0, 0));
    assert_false(lease_holds(leases_at(&leases, 0), 7, 0));
    assert_true(lease_holds(leases_at(&leases, LEASE_PARTITIONS_MAX - 1), 7, 0));
    assert_null(leases_at(&leases, LEASE_PARTITIONS_MAX));
    leases_fini(&leases);
}

/* Any two looks at it are of one start; a kernel with /proc tells. */
static void a_start_of_the_machine_has_a_name(void **state)
{
    (void)state;
    assert_true(boot_id() != 0);
    assert_true(boot_id() == boot_id());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_heard_is_not_alive),
        cmocka_unit_test(a_word_counts_for_three_seconds),
        cmocka_unit_test(a_book_counts_until_the_first_word),
        cmocka_unit_test(a_late_word_counts_for_less),
        cmocka_unit_test(the_fastest_is_the_measure),
        cmocka_unit_test(clocks_may_drift_apart),
        cmocka_unit_test(a_lag_is_not_forgotten),
        cmocka_unit_test(history_makes_nobody_alive),
        cmocka_unit_test(what_is_read_again_is_not_of_the_present),
        cmocka_unit_test(the_end_is_at_once),
        cmocka_unit_test(a_newer_session_counts_from_its_first_word),
        cmocka_unit_test(a_newer_session_of_the_same_clock_is_late_from_its_first_word),
        cmocka_unit_test(a_newer_session_of_another_clock_has_to_keep_pace),
        cmocka_unit_test(a_host_that_does_not_say_its_start_has_to_keep_pace_too),
        cmocka_unit_test(the_older_session_returns_when_the_newer_is_gone),
        cmocka_unit_test(numbers_of_a_message_may_be_anything),
        cmocka_unit_test(each_partition_has_a_lease),
        cmocka_unit_test(a_start_of_the_machine_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
