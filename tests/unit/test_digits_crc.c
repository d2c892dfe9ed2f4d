/* The checksum over digits, against the venues' published examples and spelled out texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/digits_crc.h"

enum { SIDE_MAX = 12 };

/* A book whose sides stand best first in JSON, at given scales. */
struct sample {
    struct arb_instrument info;
    struct arb_digits_crc crc;
    struct arb_level read[SIDE_MAX], bids[SIDE_MAX], asks[SIDE_MAX];
    struct arb_book book;
    struct arb_book_event event;
};

static uint32_t read_side(struct sample *s, const char *text, struct arb_level *worst_first)
{
    struct arb_levels levels = arb_levels_over(s->read, SIDE_MAX, &s->info);
    struct arb_json json = arb_json_over((struct arb_bytes){ text, strlen(text) });

    assert_true(arb_levels_read(&json, &levels));
    for (uint32_t i = 0; i < levels.n; i++) {
        worst_first[i] = s->read[levels.n - 1 - i];
    }
    s->event.px_digits =
        levels.px_digits > s->event.px_digits ? levels.px_digits : s->event.px_digits;
    s->event.qty_digits =
        levels.qty_digits > s->event.qty_digits ? levels.qty_digits : s->event.qty_digits;
    return levels.n;
}

static void set(struct sample *s, const char *asks, const char *bids)
{
    s->event.px_digits = s->event.qty_digits = 0;
    s->book.asks = s->asks;
    s->book.bids = s->bids;
    s->book.n_asks = read_side(s, asks, s->asks);
    s->book.n_bids = read_side(s, bids, s->bids);
    s->event.n_asks = s->book.n_asks;
    s->event.n_bids = s->book.n_bids;
}

static struct sample *sample_new(uint8_t px_scale, uint8_t qty_scale)
{
    struct sample *const s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->info.px_scale = px_scale;
    s->info.qty_scale = qty_scale;
    return s;
}

static uint32_t checksum(struct sample *s, const struct arb_digits_style *style)
{
    return arb_digits_crc(&s->crc, style, &s->info, &s->event, &s->book);
}

static uint32_t crc_of(const char *text)
{
    return arb_crc32(0, text, strlen(text));
}

static const struct arb_digits_style ten = { .n_levels = 10, .order = ARB_DIGITS_ASKS_BIDS };

static const char v2_asks[] =
    "[[45285.2,0.00100000],[45286.4,1.54571953],[45286.6,1.54571109],[45289.6,1.54560911],"
    "[45290.2,0.15890660],[45291.8,1.54553491],[45294.7,0.04454749],[45296.1,0.35380000],"
    "[45297.5,0.09945542],[45299.5,0.18772827]]";
static const char v2_bids[] =
    "[[45283.5,0.10000000],[45283.4,1.54582015],[45282.1,0.10000000],[45281.0,0.10000000],"
    "[45280.3,1.54592586],[45279.0,0.07990000],[45277.6,0.03310103],[45277.5,0.30000000],"
    "[45277.3,1.54602737],[45276.6,0.15445238]]";

static const char v1_asks[] =
    "[[\"0.05005\",\"0.00000500\"],[\"0.05010\",\"0.00000500\"],[\"0.05015\",\"0.00000500\"],"
    "[\"0.05020\",\"0.00000500\"],[\"0.05025\",\"0.00000500\"],[\"0.05030\",\"0.00000500\"],"
    "[\"0.05035\",\"0.00000500\"],[\"0.05040\",\"0.00000500\"],[\"0.05045\",\"0.00000500\"],"
    "[\"0.05050\",\"0.00000500\"]]";
static const char v1_bids[] =
    "[[\"0.05000\",\"0.00000500\"],[\"0.04995\",\"0.00000500\"],[\"0.04990\",\"0.00000500\"],"
    "[\"0.04980\",\"0.00000500\"],[\"0.04975\",\"0.00000500\"],[\"0.04970\",\"0.00000500\"],"
    "[\"0.04965\",\"0.00000500\"],[\"0.04960\",\"0.00000500\"],[\"0.04955\",\"0.00000500\"],"
    "[\"0.04950\",\"0.00000500\"]]";

static void published_examples_match_at_any_scale(void **state)
{
    (void)state;
    for (uint8_t scale = 8; scale <= 10; scale++) {
        struct sample *const s = sample_new(scale, scale);
        set(s, v2_asks, v2_bids);
        assert_int_equal(checksum(s, &ten), 3310070434U);
        assert_int_equal(checksum(s, &ten), 3310070434U);
        set(s, v1_asks, v1_bids);
        assert_int_equal(checksum(s, &ten), 974947235U);
        set(s, v2_asks, v2_bids);
        assert_int_equal(checksum(s, &ten), 3310070434U);
        free(s);
    }
}

static void each_style_has_its_text(void **state)
{
    static const struct {
        struct arb_digits_style style;
        const char *text;
    } cases[] = {
        { { 2, ARB_DIGITS_ASKS_BIDS, 0, false }, "3005310101504" },
        { { 2, ARB_DIGITS_BIDS_ASKS, 0, false }, "1504300531010" },
        { { 2, ARB_DIGITS_ASKS_BIDS, ':', true }, "3.00:0.5:3.10:1.0:1.50:0.4" },
        { { 2, ARB_DIGITS_BIDS_ASKS, ':', true }, "1.50:0.4:3.00:0.5:3.10:1.0" },
        { { 2, ARB_DIGITS_BY_LEVEL, ':', true }, "1.50:0.4:3.00:0.5:3.10:1.0" },
        { { 3, ARB_DIGITS_BY_LEVEL, ':', true }, "1.50:0.4:3.00:0.5:3.10:1.0:3.20:7.0" },
        { { 1, ARB_DIGITS_BY_LEVEL, 0, false }, "15043005" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sample *const s = sample_new(4, 3);
        set(s, "[[3.00,0.5],[3.10,1.0],[3.20,7.0]]", "[[1.50,0.4]]");
        const uint32_t want = crc_of(cases[i].text);
        assert_int_equal(checksum(s, &cases[i].style), want);
        free(s);
    }
}

static void an_empty_side_has_no_separator(void **state)
{
    const struct arb_digits_style style = { 5, ARB_DIGITS_ASKS_BIDS, ':', true };
    struct sample *const s = sample_new(2, 2);

    (void)state;
    set(s, "[]", "[]");
    assert_int_equal(checksum(s, &style), 0);
    set(s, "[[2.5,1]]", "[]");
    assert_int_equal(checksum(s, &style), crc_of("2.5:1"));
    set(s, "[[2.5,1]]", "[[2,3]]");
    assert_int_equal(checksum(s, &style), crc_of("2.5:1:2.0:3"));
    set(s, "[]", "[[2,3]]");
    assert_int_equal(checksum(s, &style), crc_of("2:3"));
    free(s);
}

/* Whatever the text before was, the next one is as if nothing had been kept. */
static void kept_texts_do_not_change_the_result(void **state)
{
    static const char *const asks[] = {
        "[[3.00,0.5],[3.10,1.0]]",
        "[[3.00,0.5],[3.05,2.5],[3.10,1.0]]",
        "[[3.10,1.0]]",
        "[[3.00,0.7],[3.10,1.0]]",
        "[[2.90,0.7],[3.00,0.7]]",
        "[]",
    };
    enum { N = sizeof(asks) / sizeof(*asks) };

    (void)state;
    for (size_t i = 0; i < N * N; i++) {
        struct sample *const kept = sample_new(4, 3), *const fresh = sample_new(4, 3);
        set(kept, asks[i / N], "[[1.50,0.4]]");
        (void)checksum(kept, &ten);
        set(kept, asks[i % N], "[[1.50,0.4]]");
        set(fresh, asks[i % N], "[[1.50,0.4]]");
        assert_int_equal(checksum(kept, &ten), checksum(fresh, &ten));
        free(kept);
        free(fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_match_at_any_scale),
        cmocka_unit_test(each_style_has_its_text),
        cmocka_unit_test(an_empty_side_has_no_separator),
        cmocka_unit_test(kept_texts_do_not_change_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
