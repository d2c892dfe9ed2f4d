/* Events: the checksum any consumer can recompute, and the record in a ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book/event.h"
#include "chance.h"

enum { LEVELS_MAX = 25, ROUNDS = 2000, LEVEL_BYTES = 16 };

/* -- checksum ------------------------------------------------------------------------- */

/* CRC-32 bit by bit, as the standard writes it. */
static uint32_t slow_crc(uint32_t crc, const unsigned char *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
        }
    }
    return ~crc;
}

static void put_le64(unsigned char *out, int64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (unsigned char)((uint64_t)value >> 8 * i);
    }
}

/* The best ten of a side, from the worst of them, byte by byte. */
static uint32_t slow_side(uint32_t crc, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = n > EVENT_CRC_LEVELS ? n - EVENT_CRC_LEVELS : 0; i < n; i++) {
        unsigned char bytes[LEVEL_BYTES];
        put_le64(bytes, levels[i].px);
        put_le64(bytes + 8, levels[i].qty);
        crc = slow_crc(crc, bytes, sizeof(bytes));
    }
    return crc;
}

static void oracle_knows_the_check_value_of_the_standard(void **state)
{
    (void)state;
    assert_int_equal(slow_crc(0, (const unsigned char *)"123456789", 9), 0xcbf43926U);
}

static void empty_book_has_checksum_zero(void **state)
{
    (void)state;
    assert_int_equal(event_book_crc(NULL, 0, NULL, 0), 0);
}

/* Worked out with zlib, so that the definition cannot drift. */
static void known_book_has_its_known_checksum(void **state)
{
    static const struct arb_level bids[] = { { 99, 2 }, { 100, 1 } };
    static const struct arb_level asks[] = { { 101, 3 } };

    (void)state;
    assert_int_equal(event_book_crc(bids, 2, asks, 1), 0xf4366bfaU);
}

static void random_levels(struct chance *chance, struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (struct arb_level){ .px = chance_i64(chance), .qty = chance_i64(chance) };
    }
}

static void checksum_agrees_with_the_bitwise_oracle(void **state)
{
    struct chance chance = chance_init(__func__, 31);
    struct arb_level bids[LEVELS_MAX], asks[LEVELS_MAX];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t n_bids = chance_below(&chance, LEVELS_MAX + 1);
        const uint32_t n_asks = chance_below(&chance, LEVELS_MAX + 1);
        random_levels(&chance, bids, n_bids);
        random_levels(&chance, asks, n_asks);
        assert_int_equal(event_book_crc(bids, n_bids, asks, n_asks),
                         slow_side(slow_side(0, bids, n_bids), asks, n_asks));
    }
}

static void levels_behind_the_tenth_do_not_count(void **state)
{
    struct arb_level levels[EVENT_CRC_LEVELS + 1] = { { 1, 1 } };

    (void)state;
    const uint32_t crc = event_book_crc(levels, EVENT_CRC_LEVELS + 1, NULL, 0);
    levels[0].qty = 2;
    assert_int_equal(event_book_crc(levels, EVENT_CRC_LEVELS + 1, NULL, 0), crc);
    levels[1].qty = 2;
    assert_true(event_book_crc(levels, EVENT_CRC_LEVELS + 1, NULL, 0) != crc);
}

/* -- records -------------------------------------------------------------------------- */

static const struct event_venue venue = { "test" };
static const struct arb_instrument info = { .symbol = "BTC/USD" };

static struct event event_with(const struct arb_level *bids, uint32_t n_bids,
                               const struct arb_level *asks, uint32_t n_asks, const char *reason)
{
    return (struct event){ .kind = EVENT_DELTA,
                           .state = ARB_BOOK_LIVE,
                           .trading = ARB_TRADING_HALTED,
                           .verified = ARB_SUSPECT,
                           .px_digits = 3,
                           .qty_digits = 4,
                           .crc = 5,
                           .instrument = 6,
                           .n_bids = n_bids,
                           .n_asks = n_asks,
                           .reason_len = (uint32_t)strlen(reason),
                           .venue = &venue,
                           .info = &info,
                           .session = 7,
                           .seq = 9,
                           .prev_seq = 8,
                           .venue_ns = 10,
                           .recv_ns = 11,
                           .bids = bids,
                           .asks = asks,
                           .reason = reason };
}

/* Writes into memory of the exact size and reads back. */
static void expect_round_trip(const struct event *event)
{
    const size_t len = event_record_len(event);
    void *const record = malloc(len);

    assert_non_null(record);
    event_record_write(event, record);
    struct event got = *event_record_read(record);
    assert_true(event->n_bids == 0 ||
                memcmp(got.bids, event->bids, event->n_bids * LEVEL_BYTES) == 0);
    assert_true(event->n_asks == 0 ||
                memcmp(got.asks, event->asks, event->n_asks * LEVEL_BYTES) == 0);
    assert_string_equal(got.reason, event->reason);
    got.bids = event->bids;
    got.asks = event->asks;
    got.reason = event->reason;
    if (event->kind != EVENT_SNAPSHOT) {
        assert_null(got.terms); /* of no use to anybody */
        got.terms = event->terms;
    } else if (event->terms != NULL) {
        assert_memory_equal(got.terms, event->terms, sizeof(*got.terms));
        got.terms = event->terms;
    }
    assert_memory_equal(&got, event, sizeof(got));
    free(record);
}

static void record_gives_back_the_event(void **state)
{
    static const struct arb_level levels[] = { { 1, 2 }, { 3, 0 }, { INT64_MAX, INT64_MAX } };
    const struct event cases[] = {
        event_with(levels, 3, levels, 2, ""),     event_with(levels, 1, NULL, 0, ""),
        event_with(NULL, 0, levels, 3, "reason"), event_with(NULL, 0, NULL, 0, ""),
        event_with(NULL, 0, NULL, 0, "why not"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_round_trip(&cases[i]);
    }
}

static void record_of_a_snapshot_has_the_terms(void **state)
{
    static const struct arb_level levels[] = { { 1, 2 }, { 3, 4 } };
    static const struct arb_order_terms terms = { .tick = { .units = 1, .scale = 2 },
                                                  .min_notional = { .units = 5 } };
    struct event event = event_with(levels, 2, levels, 1, "why");

    (void)state;
    event.terms = &terms;
    expect_round_trip(&event);
    event.kind = EVENT_SNAPSHOT;
    expect_round_trip(&event);
    event.terms = NULL;
    expect_round_trip(&event);
}

static void values_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(event_kind_name(EVENT_STATUS), "status");
    assert_string_equal(book_state_name(ARB_BOOK_EMPTY), "EMPTY");
    assert_string_equal(book_state_name(ARB_BOOK_UNUSABLE), "UNUSABLE");
    assert_string_equal(trading_name(ARB_TRADING_OPEN), "open");
    assert_string_equal(trading_name(ARB_TRADING_UNKNOWN), "unknown");
    assert_string_equal(trading_name(ARB_TRADING_LIMITED), "limited");
    assert_string_equal(trading_name(ARB_TRADING_HALTED), "halted");
    assert_string_equal(verified_name(ARB_UNVERIFIABLE), "unverifiable");
}

static void values_without_a_name_are_question_marks(void **state)
{
    (void)state;
    assert_string_equal(event_kind_name(EVENT_LOST), "?");
    assert_string_equal(book_state_name(ARB_BOOK_UNUSABLE + 1), "?");
    assert_string_equal(trading_name(UINT32_MAX), "?");
    assert_string_equal(verified_name(0), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_knows_the_check_value_of_the_standard),
        cmocka_unit_test(empty_book_has_checksum_zero),
        cmocka_unit_test(known_book_has_its_known_checksum),
        cmocka_unit_test(checksum_agrees_with_the_bitwise_oracle),
        cmocka_unit_test(levels_behind_the_tenth_do_not_count),
        cmocka_unit_test(record_gives_back_the_event),
        cmocka_unit_test(record_of_a_snapshot_has_the_terms),
        cmocka_unit_test(values_have_their_names),
        cmocka_unit_test(values_without_a_name_are_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
