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
#include "arbspot/text.h"
#include "chance.h"

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
        { { 2, ARB_DIGITS_ASKS_BIDS, 0, false, false, false, false }, "3005310101504" },
        { { 2, ARB_DIGITS_BIDS_ASKS, 0, false, false, false, false }, "1504300531010" },
        { { 2, ARB_DIGITS_ASKS_BIDS, ':', true, false, false, false },
          "3.00:0.5:3.10:1.0:1.50:0.4" },
        { { 2, ARB_DIGITS_BIDS_ASKS, ':', true, false, false, false },
          "1.50:0.4:3.00:0.5:3.10:1.0" },
        { { 2, ARB_DIGITS_BY_LEVEL, ':', true, false, false, false },
          "1.50:0.4:3.00:0.5:3.10:1.0" },
        { { 3, ARB_DIGITS_BY_LEVEL, ':', true, false, false, false },
          "1.50:0.4:3.00:0.5:3.10:1.0:3.20:7.0" },
        { { 1, ARB_DIGITS_BY_LEVEL, 0, false, false, false, false }, "15043005" },
        { { 3, ARB_DIGITS_BY_LEVEL, ':', true, true, false, false }, "1.5:0.4:3:0.5:3.1:1:3.2:7" },
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

/* Of a venue that writes no zeros at the end: numbers of one message differ in length. */
static void short_numbers_match_the_published_example(void **state)
{
    static const struct arb_digits_style style = {
        25, ARB_DIGITS_BY_LEVEL, ':', true, true, false, false
    };

    (void)state;
    for (uint8_t scale = 1; scale <= 10; scale++) {
        struct sample *const s = sample_new(scale, scale);
        set(s, "[[\"3366.8\",\"9\"],[\"3368\",\"8\"]]", "[[\"3366.1\",\"7\"],[\"3366\",\"6\"]]");
        assert_int_equal((int32_t)checksum(s, &style), -1881014294);
        free(s);
    }
    struct sample *const one_sided = sample_new(4, 0);
    set(one_sided, "[[\"0.0025\",\"20\"],[\"0.003\",\"1506\"]]", "[]");
    assert_int_equal((int32_t)checksum(one_sided, &style), 1483419732); /* recorded in 2022 */
    free(one_sided);
}

static void an_empty_side_has_no_separator(void **state)
{
    const struct arb_digits_style style = {
        5, ARB_DIGITS_ASKS_BIDS, ':', true, false, false, false
    };
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

/* -- walks: what is kept against a text spelled anew ------------------------------------- */

enum { WALK_MAX = 40, TEXT_MAX = 2 * ARB_DIGITS_LEVELS_MAX * ARB_DIGITS_TEXT_MAX };

/* A book that changes, worst first as the host has it, and what is kept of it. */
struct walk {
    struct chance *chance;
    const struct arb_digits_style *style;
    struct arb_instrument info;
    struct arb_digits_crc crc;
    struct arb_level bids[WALK_MAX], asks[WALK_MAX];
    uint32_t n_bids, n_asks;
    struct arb_book_event event;
    uint8_t px_digits, qty_digits; /* on the wire */
};

/* The number by the C library, with or without its point: digits only, and no zeros in front. */
static void spell_number(struct arb_text *out, int64_t value, unsigned scale, unsigned digits,
                         bool has_point)
{
    const unsigned long long units =
        digits <= scale ? (unsigned long long)value / (unsigned long long)arb_pow10(scale - digits)
                        : (unsigned long long)value * (unsigned long long)arb_pow10(digits - scale);

    if (!has_point || digits == 0) {
        arb_text_add(out, "%llu", units);
        return;
    }
    const unsigned long long one = (unsigned long long)arb_pow10(digits);
    arb_text_add(out, "%llu.%0*llu", units / one, (int)digits, units % one);
}

static void spell_level(struct arb_text *out, const struct walk *w, const struct arb_level *level,
                        bool is_bid)
{
    const char between[] = { w->style->between, '\0' };

    spell_number(out, level->px, w->info.px_scale, w->px_digits, w->style->has_point);
    arb_text_add(out, "%s%s", between, w->style->has_minus && !is_bid ? "-" : "");
    spell_number(out, level->qty, w->info.qty_scale, w->qty_digits, w->style->has_point);
    arb_text_add(out, "%s", between);
}

/* The i-th best of a side, when there is one that counts. */
static void spell_rank(struct arb_text *out, const struct walk *w, bool is_bid, uint32_t i)
{
    const uint32_t n = is_bid ? w->n_bids : w->n_asks;
    const struct arb_level *const side = is_bid ? w->bids : w->asks;

    if (i < n && i < w->style->n_levels) {
        spell_level(out, w, &side[n - 1 - i], is_bid);
    }
}

static uint32_t crc_anew(const struct walk *w)
{
    const bool is_by_level = w->style->order == ARB_DIGITS_BY_LEVEL;
    const bool bids_first = w->style->order != ARB_DIGITS_ASKS_BIDS;
    const uint32_t n = w->style->n_levels;
    char data[TEXT_MAX + 1];
    struct arb_text text = arb_text_over(data, sizeof(data));

    for (uint32_t i = 0; i < 2 * n; i++) {
        const bool is_first = is_by_level ? i % 2 == 0 : i < n;
        spell_rank(&text, w, is_first == bids_first, is_by_level ? i / 2 : i % n);
    }
    assert_true(arb_text_fits(&text));
    const size_t len = text.len - (text.len > 0 && w->style->between != 0);
    return ~arb_crc32_bytes(UINT32_MAX, (const unsigned char *)data, len);
}

static struct arb_book book_of(const struct walk *w)
{
    return (struct arb_book){
        .bids = w->bids, .asks = w->asks, .n_bids = w->n_bids, .n_asks = w->n_asks
    };
}

static void expect_as_anew(struct walk *w)
{
    const struct arb_book book = book_of(w);

    w->event.px_digits = w->px_digits;
    w->event.qty_digits = w->qty_digits;
    const uint32_t got = arb_digits_crc(&w->crc, w->style, &w->info, &w->event, &book);
    if (got != crc_anew(w)) {
        fail_msg("order %u, %u levels: %u bids, %u asks", w->style->order, w->style->n_levels,
                 w->n_bids, w->n_asks);
    }
    /* Asked again, nothing has changed. */
    assert_int_equal(arb_digits_crc(&w->crc, w->style, &w->info, &w->event, &book), got);
}

/* The least that so many digits show. */
static int64_t unit_of(unsigned scale, unsigned digits)
{
    return digits < scale ? arb_pow10(scale - digits) : 1;
}

static int64_t some_qty(struct walk *w)
{
    const int64_t unit = unit_of(w->info.qty_scale, w->qty_digits);
    return (1 + (int64_t)chance_below(w->chance, chance_below(w->chance, 2) == 0 ? 9 : 99999)) *
           unit;
}

/* Enters, replaces or removes one level of a side that is sorted from the worst to the best. */
static void set_level(struct walk *w, bool is_bid, int64_t px, int64_t qty)
{
    struct arb_level *const side = is_bid ? w->bids : w->asks;
    uint32_t *const n = is_bid ? &w->n_bids : &w->n_asks;
    uint32_t at = 0;

    while (at < *n && (is_bid ? side[at].px < px : side[at].px > px)) {
        at++;
    }
    const bool is_there = at < *n && side[at].px == px;
    if (qty == 0 && is_there) {
        memmove(&side[at], &side[at + 1], (--*n - at) * sizeof(*side));
    } else if (qty != 0 && (is_there || *n < WALK_MAX)) {
        if (!is_there) {
            memmove(&side[at + 1], &side[at], ((*n)++ - at) * sizeof(*side));
        }
        side[at] = (struct arb_level){ px, qty };
    }
}

/* A price of few, so that the same one comes back. */
static int64_t some_px(struct walk *w, bool is_bid)
{
    const int64_t unit = unit_of(w->info.px_scale, w->px_digits);
    const int64_t tick = chance_below(w->chance, 60);
    return (is_bid ? 999 - tick : 1000 + tick) * unit;
}

/* Removes the best of a side until so many are left. */
static void shrink(struct walk *w, bool is_bid, uint32_t left)
{
    uint32_t *const n = is_bid ? &w->n_bids : &w->n_asks;
    *n = *n < left ? *n : left;
}

/* With as many digits as it likes, and zeros beyond the scale too. */
static void snapshot(struct walk *w)
{
    memset(&w->event, 0, sizeof(w->event));
    w->event.kind = ARB_BOOK_SNAPSHOT;
    w->px_digits = (uint8_t)chance_below(w->chance, w->info.px_scale + 3U);
    w->qty_digits = (uint8_t)chance_below(w->chance, w->info.qty_scale + 3U);
    w->n_bids = w->n_asks = 0;
    for (uint32_t i = chance_below(w->chance, 3) * 20; i > 0; i--) {
        set_level(w, i % 2 == 0, some_px(w, i % 2 == 0), some_qty(w));
    }
    w->event.n_bids = w->n_bids;
    w->event.n_asks = w->n_asks;
    if (w->n_bids + w->n_asks == 0) { /* shows no digits */
        w->px_digits = w->crc.px_digits = w->crc.qty_digits = w->qty_digits = 0;
    }
}

static void step(struct walk *w)
{
    const bool is_bid = chance_below(w->chance, 2) == 0;

    switch (chance_below(w->chance, 60)) {
    case 0:
        snapshot(w);
        return;
    case 1:
        shrink(w, is_bid, 0);
        break;
    case 2:
        shrink(w, is_bid, 1);
        break;
    case 3: /* a reset of the plugin */
        memset(&w->crc, 0, sizeof(w->crc));
        break;
    default:
        for (uint32_t n = 1 + chance_below(w->chance, 4); n > 0; n--) {
            const bool is_gone = chance_below(w->chance, 3) == 0;
            const bool is_on_it = chance_below(w->chance, 5) == 0 ? !is_bid : is_bid;
            set_level(w, is_on_it, some_px(w, is_on_it), is_gone ? 0 : some_qty(w));
        }
    }
    w->event.kind = ARB_BOOK_DELTA;
    w->event.n_bids = 1;
}

static void walk_with(struct chance *chance, const struct arb_digits_style *style)
{
    struct walk *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->chance = chance;
    w->style = style;
    w->info.px_scale = 6;
    w->info.qty_scale = 8;
    snapshot(w);
    expect_as_anew(w);
    for (unsigned i = 0; i < 4000; i++) {
        step(w);
        expect_as_anew(w);
    }
    free(w);
}

static void walks_of_every_style_are_as_spelled_anew(void **state)
{
    static const uint32_t sizes[] = { 1, 2, 10, ARB_DIGITS_LEVELS_MAX };
    static const char marks[] = { 0, ':' };
    struct chance chance = chance_init(__func__, 1);

    (void)state;
    for (uint32_t i = 0; i < 4 * 3 * 2 * 2; i++) {
        const struct arb_digits_style style = { .n_levels = sizes[i % 4],
                                                .order = 1 + i / 4 % 3,
                                                .between = marks[i / 12 % 2],
                                                .has_point = i / 24 != 0 };
        walk_with(&chance, &style);
    }
}

/* One level on a side tells no direction: better ones that vanished leave nothing behind. */
static void a_side_of_one_level_forgets_those_before(void **state)
{
    static const char *const sides[] = {
        "[]",
        "[[1,1]]",
        "[[2,1]]",
        "[[3,1]]",
        "[[2,2]]",
        "[[3,1],[2,1]]",
        "[[3,1],[1,1]]",
        "[[2,1],[1,1]]",
        "[[3,1],[2,1],[1,1]]",
    };
    enum { N = sizeof(sides) / sizeof(*sides) };
    char asks[64];

    (void)state;
    for (size_t i = 0; i < N * N; i++) {
        struct sample *const s = sample_new(0, 0);
        set(s, "[[9,9]]", sides[i / N]);
        (void)checksum(s, &ten);
        set(s, "[[9,9]]", sides[i % N]);
        size_t len = (size_t)snprintf(asks, sizeof(asks), "99");
        for (uint32_t k = 0; k < s->book.n_bids; k++) {
            const struct arb_level *const level = arb_bid_at(&s->book, k);
            len += (size_t)snprintf(asks + len, sizeof(asks) - len, "%d%d", (int)level->px,
                                    (int)level->qty);
        }
        assert_int_equal(checksum(s, &ten), crc_of(asks));
        free(s);
    }
}

static void refill(struct walk *w, bool is_bid, int64_t best)
{
    shrink(w, is_bid, 0);
    for (int64_t i = 0; i < WALK_MAX; i++) {
        set_level(w, is_bid, is_bid ? best - i : best + i, INT64_MAX - i);
    }
}

/* Levels as long as can be, as many as can be, and all of them others: the room is enough. */
static void longest_texts_fit(void **state)
{
    const struct arb_digits_style style = {
        ARB_DIGITS_LEVELS_MAX, ARB_DIGITS_BY_LEVEL, ':', true, false, false, true
    };
    struct chance chance = chance_init(__func__, 2);
    struct walk *const w = calloc(1, sizeof(*w));

    (void)state;
    assert_non_null(w);
    w->chance = &chance;
    w->style = &style;
    w->info.px_scale = w->info.qty_scale = w->px_digits = w->qty_digits = ARB_SCALE_MAX;
    w->event.n_bids = 1;
    for (unsigned i = 0; i < 500; i++) {
        refill(w, i % 2 == 0, INT64_MAX - 1000 - (int64_t)chance_below(&chance, 500));
        expect_as_anew(w);
    }
    free(w);
}

/* As on a wire that pads with zeros what the scale does not have. */
static void zeros_beyond_the_scale_are_spelled(void **state)
{
    static const struct arb_digits_style styles[] = {
        { 5, ARB_DIGITS_ASKS_BIDS, ':', true, false, false, false },
        { 5, ARB_DIGITS_ASKS_BIDS, 0, false, false, false, false }
    };
    struct sample *const s = sample_new(1, 0), *const t = sample_new(1, 0);
    struct sample *const most = sample_new(18, 18);

    (void)state;
    set(s, "[[2.500,1.00]]", "[[2.000,30.00]]");
    assert_int_equal(checksum(s, &styles[0]), crc_of("2.500:1.00:2.000:30.00"));
    set(t, "[[2.500,1.00]]", "[[2.000,30.00]]");
    assert_int_equal(checksum(t, &styles[1]), crc_of("250010020003000"));
    set(most, "[[9.00000000000000000000000000,0.00000000000000000000000000]]",
        "[]"); /* more than there is room for */
    assert_int_equal(checksum(most, &styles[0]),
                     crc_of("9.000000000000000000000:0.000000000000000000000"));
    s->event.px_digits = s->event.qty_digits = ARB_DIGITS_UNKNOWN; /* as few as are needed */
    assert_int_equal(checksum(s, &styles[0]), crc_of("2.5:1:2:30"));
    free(s);
    free(t);
    free(most);
}

/* A message without levels shows no digits, so those before hold. */
static void event_without_levels_keeps_the_digits(void **state)
{
    struct sample *const s = sample_new(4, 3);

    (void)state;
    set(s, "[[3.00,0.50]]", "[[1.50,0.40]]");
    s->crc.px_digits = s->event.px_digits; /* as arb_digits_learn() notes them */
    s->crc.qty_digits = s->event.qty_digits;
    const uint32_t want = checksum(s, &ten);
    assert_int_equal(want, crc_of("3005015040"));
    s->event.n_bids = s->event.n_asks = 0;
    s->event.px_digits = s->event.qty_digits = ARB_DIGITS_UNKNOWN;
    assert_int_equal(checksum(s, &ten), want);
    free(s);
}

/* Asks with a minus, small numbers with an exponent, and nothing kept. */
static void javascript_numbers_and_a_minus_have_their_text(void **state)
{
    static const struct arb_digits_style style = { .n_levels = 2,
                                                   .order = ARB_DIGITS_BY_LEVEL,
                                                   .between = ':',
                                                   .has_point = true,
                                                   .is_js = true,
                                                   .has_minus = true };
    struct sample *const s = sample_new(9, 8);
    struct arb_instrument instruments[2] = { { .px_scale = 1 }, s->info };
    const struct arb_exchange_env env = { .instruments = instruments };

    (void)state;
    s->event.instrument = 1;
    set(s, "[[0.0000025,0.5],[3.10,1.0]]", "[[0.00000015,0.00000045]]");
    assert_int_equal(arb_digits_crc_once(&style, &env, &s->event, &s->book),
                     crc_of("1.5e-7:4.5e-7:0.0000025:-0.5:3.1:-1"));
    set(s, "[[3.10,1.0]]", "[]");
    assert_int_equal(arb_digits_crc_once(&style, &env, &s->event, &s->book), crc_of("3.1:-1"));
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_match_at_any_scale),
        cmocka_unit_test(each_style_has_its_text),
        cmocka_unit_test(short_numbers_match_the_published_example),
        cmocka_unit_test(an_empty_side_has_no_separator),
        cmocka_unit_test(kept_texts_do_not_change_the_result),
        cmocka_unit_test(walks_of_every_style_are_as_spelled_anew),
        cmocka_unit_test(a_side_of_one_level_forgets_those_before),
        cmocka_unit_test(longest_texts_fit),
        cmocka_unit_test(zeros_beyond_the_scale_are_spelled),
        cmocka_unit_test(event_without_levels_keeps_the_digits),
        cmocka_unit_test(javascript_numbers_and_a_minus_have_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
