/*
 * Objects read by a table of members: the fast way gives what the careful one gives, whatever the
 * text. The careful one alone is the oracle: its own rules are tested in test_json.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/fields.h"
#include "chance.h"
#include "fields_outcome.h"

enum { TEXT_MAX = 4096, TEXTS = 4000, MUTANTS = 12 };

static struct arb_json reader(const char *text)
{
    return arb_json_over(arb_bytes_of(text));
}

/* In memory of the exact length, so that the sanitizer sees any byte read too many. */
static uint32_t expect_same(const char *data, size_t len, const struct way *way)
{
    struct outcome fast, careful;
    char *const exact = malloc(len + (len == 0));
    const struct arb_bytes text = { exact, len };

    assert_non_null(exact);
    memcpy(exact, data, len);
    outcome_fast(&fast, text, way);
    outcome_careful(&careful, text, way);
    if (!outcome_is_same(&fast, &careful)) {
        fail_msg("members %u to %u of %.*s: seen %x, rc %d, not %x, %d", way->skip,
                 way->skip + way->n, (int)len, data, fast.seen, fast.json.rc, careful.seen,
                 careful.json.rc);
    }
    free(exact);
    return fast.seen;
}

static const struct way whole_table = { 0, OUTCOME_FIELDS, 4, 8 };

/* -- texts by chance ------------------------------------------------------------------- */

struct writer {
    struct chance *chance;
    size_t len;
    char data[TEXT_MAX];
};

static void add(struct writer *w, const char *text)
{
    const size_t len = strlen(text);

    assert_true(w->len + len < TEXT_MAX);
    memcpy(w->data + w->len, text, len + 1);
    w->len += len;
}

static bool one_in(struct writer *w, uint32_t n)
{
    return chance_below(w->chance, n) == 0;
}

static const char *one_of(struct writer *w, const char *const *texts, size_t n)
{
    return texts[chance_below(w->chance, (uint32_t)n)];
}

/* Mostly what comes first. */
static void add_mostly(struct writer *w, const char *usual, const char *const *others, size_t n)
{
    add(w, one_in(w, 12) ? one_of(w, others, n) : usual);
}

#define ADD_MOSTLY(w, usual, others)                                                               \
    add_mostly(w, usual, others, sizeof(others) / sizeof(*(others)))

static void add_digits(struct writer *w, unsigned n)
{
    while (n-- > 0) {
        const char digit[] = { (char)('0' + chance_below(w->chance, 10)), '\0' };
        add(w, digit);
    }
}

/* Mostly a few digits, with a point; now and then some that are too many for a number or scale. */
static void add_decimal(struct writer *w)
{
    static const char *const tails[] = { "e5", "E-03", "e-11", "00", ".", "e", "000000000000" };

    add_digits(w, 1 + chance_below(w->chance, one_in(w, 8) ? 24 : 6));
    if (!one_in(w, 4)) {
        add(w, ".");
        add_digits(w, chance_below(w->chance, one_in(w, 10) ? 19 : 6));
    }
    ADD_MOSTLY(w, "", tails);
}

static void add_object_level(struct writer *w)
{
    static const char *const fronts[] = { "{ \"price\":", "{\"price\": \"", "{\"qty\":1,\"price\":",
                                          "{\"a\":[1],\"price\":", "{\"pric\":" };
    static const char *const middles[] = { ",\"qty\": ", ", \"qty\":", "\",\"qty\":", "}",
                                           ",\"q\":" };
    static const char *const ends[] = { ",\"n\":7}", " }", "]", "", "}}", ",}" };

    ADD_MOSTLY(w, "{\"price\":", fronts);
    add_decimal(w);
    ADD_MOSTLY(w, ",\"qty\":", middles);
    add_decimal(w);
    ADD_MOSTLY(w, "}", ends);
}

static void add_pair_level(struct writer *w)
{
    static const char *const fronts[] = { "[ \"", "[", "[[\"", "[\"\\u0031" };
    static const char *const middles[] = { "\", \"", ",\"", "\",", "\"", "\",null,\"" };
    static const char *const ends[] = {
        "\",\"1616.12\"]", "\",\"a\\\"b\"]", "\",7,[]]", "\" ]", "]", "\",]",
        "\",\"open",       "\",\"\"]"
    };

    ADD_MOSTLY(w, "[\"", fronts);
    add_decimal(w);
    ADD_MOSTLY(w, "\",\"", middles);
    add_decimal(w);
    add(w, one_in(w, 3) ? one_of(w, ends, sizeof(ends) / sizeof(*ends)) : "\"]");
}

static void add_side(struct writer *w)
{
    static const char *const others[] = { "null", "7", "\"x\"", "{\"a\":[1]}", "true",
                                          "",     "[", "[,]",   "[] " };
    static const char *const commas[] = { " , ", ",,", "", "] , [" };
    const uint32_t n = chance_below(w->chance, OUTCOME_LEVELS_MAX + 2);
    const bool are_objects = one_in(w, 2);

    if (one_in(w, 10)) {
        add(w, one_of(w, others, sizeof(others) / sizeof(*others)));
        return;
    }
    add(w, "[");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) {
            ADD_MOSTLY(w, ",", commas);
        }
        (one_in(w, 20) ? !are_objects : are_objects) ? add_object_level(w) : add_pair_level(w);
    }
    add(w, "]");
}

static void add_text(struct writer *w)
{
    static const char *const texts[] = {
        "\"\"",         "\"BTC/USD\"", "\"a much longer text, of words\"",
        "\"a\\\"b\"",   "\"\\\\\"",    "\"\x01\"",
        "\"\xc3\xa9\"", "null",        "\"open",
        "\"\\",         "7",           "\"seven77\""
    };
    add(w, one_of(w, texts, sizeof(texts) / sizeof(*texts)));
}

static void add_number(struct writer *w)
{
    static const char *const others[] = { "null",
                                          "-1",
                                          "\"1",
                                          "1\"",
                                          "1e5",
                                          "1.0",
                                          "\"\"",
                                          "[]",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "\"18446744073709551616\"",
                                          "truth",
                                          "" };
    const bool is_quoted = one_in(w, 3);

    if (one_in(w, 6)) {
        add(w, one_of(w, others, sizeof(others) / sizeof(*others)));
        return;
    }
    add(w, is_quoted ? "\"" : "");
    add_digits(w, 1 + chance_below(w->chance, one_in(w, 3) ? 20 : 10));
    add(w, is_quoted ? "\"" : "");
}

static void add_time(struct writer *w)
{
    static const char *const others[] = { "\"2026-08-01T02:54:53Z\"",
                                          "\"2026-08-01T02:54:53.123456789Z\"",
                                          "\"2026-02-29T02:54:53.266327Z\"",
                                          "\"1999-08-01T02:54:53.266327Z\"",
                                          "\"2026-08-01T02:54:53.266327\\\"",
                                          "\"2026-08-01T02:54:53.26632\\u5a\"",
                                          "\"soon\"",
                                          "null",
                                          "7",
                                          "\"\"",
                                          "" };

    ADD_MOSTLY(w, "\"2026-08-01T02:54:53.266327Z\"", others);
}

static void add_other(struct writer *w)
{
    static const char *const texts[] = {
        "true",  "false", "-3", "null", "{\"a\":1,\"bids\":[]}", "[1,[2]]", "\"x\"",
        "1.5e3", "tru",   "{",  "nul"
    };
    add(w, one_of(w, texts, sizeof(texts) / sizeof(*texts)));
}

static void add_member(struct writer *w, unsigned i)
{
    static const char *const names[] = { "symbol",    "bids", "asks",    "checksum",
                                         "timestamp", "word", "number",  "change",
                                         "truth",     "any",  "symbols", "ask" };
    static const char *const colons[] = { " :", ": ", "", "::" };
    static void (*const values[])(struct writer *) = { add_text,  add_side, add_side,   add_number,
                                                       add_time,  add_text, add_number, add_number,
                                                       add_other, add_other };
    enum { N = sizeof(names) / sizeof(*names) };

    add(w, "\"");
    add(w, names[i % N]);
    add(w, "\"");
    ADD_MOSTLY(w, ":", colons);
    (i % N < OUTCOME_FIELDS && !one_in(w, 30) ? values[i % N] : add_other)(w);
}

/* Members in the table's order, but some twice, some elsewhere, and some missing. */
static void add_object(struct writer *w)
{
    static const char *const commas[] = { " ,", ", ", ",\n", ",,", "", ",\"x\":null," };
    static const char *const ends[] = { " }", ",}", "", "]", "}}", "} ", "},\"symbol\":\"B\"}" };
    static const char *const fronts[] = { " {", "{ ", "{,", "[", "", "{}" };
    unsigned at = 0;

    ADD_MOSTLY(w, "{", fronts);
    for (bool is_first = true; at < OUTCOME_FIELDS + 2; is_first = false) {
        if (!is_first) {
            ADD_MOSTLY(w, ",", commas);
        }
        add_member(w, one_in(w, 15) ? chance_below(w->chance, 12) : at);
        at += one_in(w, 15) ? 0 : one_in(w, 5) ? 2 : 1;
        if (one_in(w, 10)) {
            break;
        }
    }
    ADD_MOSTLY(w, "}", ends);
}

static void mutate(struct writer *w)
{
    static const char marks[] = "{}[]\",:\\.eE-+0179ntf \t\n\x01\x7f\xff";
    const size_t at = chance_below(w->chance, (uint32_t)w->len);
    const size_t n = 1 + chance_below(w->chance, one_in(w, 4) ? 20 : 2);
    const size_t cut = n < w->len - at ? n : w->len - at;

    switch (chance_below(w->chance, 3)) {
    case 0: /* without some bytes */
        memmove(w->data + at, w->data + at + cut, w->len - at - cut);
        w->len -= cut;
        break;
    case 1: /* some bytes twice */
        memmove(w->data + at + cut, w->data + at, w->len - at);
        w->len += cut;
        break;
    default:
        w->data[at] = marks[chance_below(w->chance, sizeof(marks) - 1)];
        break;
    }
}

static struct way way_by(struct chance *chance)
{
    struct way way = whole_table;

    way.px_scale = (uint8_t)chance_below(chance, 12);
    way.qty_scale = (uint8_t)chance_below(chance, 9);
    if (chance_below(chance, 2) == 0) {
        way.skip = chance_below(chance, OUTCOME_FIELDS);
        way.n = chance_below(chance, OUTCOME_FIELDS + 1 - way.skip);
    }
    return way;
}

static void fast_and_careful_reading_agree(void **state)
{
    struct chance chance = chance_init(__func__, 1);
    static struct writer w, mutant;
    unsigned n_read = 0;

    (void)state;
    for (int i = 0; i < TEXTS; i++) {
        const struct way way = way_by(&chance);
        w.chance = &chance;
        w.len = 0;
        add_object(&w);
        n_read += expect_same(w.data, w.len, &way) != 0;
        for (int k = 0; k < MUTANTS && w.len > 0; k++) {
            mutant = w;
            mutate(&mutant);
            (void)expect_same(mutant.data, mutant.len, &way);
        }
    }
    assert_true(n_read > TEXTS / 20); /* many are not JSON, but not too many */
}

static void texts_cut_at_every_byte_are_read_alike(void **state)
{
    struct chance chance = chance_init(__func__, 2);
    static struct writer w;

    (void)state;
    for (int i = 0; i < TEXTS / 8; i++) {
        const struct way way = way_by(&chance);
        w.chance = &chance;
        w.len = 0;
        add_object(&w);
        for (size_t len = 0; len < w.len; len++) {
            (void)expect_same(w.data, len, &way);
        }
    }
}

/* -- single rules ---------------------------------------------------------------------- */

static const char usual[] =
    "{\"symbol\":\"BTC/USD\",\"bids\":[{\"price\":1.5,\"qty\":2}],\"asks\":[[\"2.25\",\"3\"]],"
    "\"checksum\":3310070434,\"timestamp\":\"2026-08-01T02:54:53.266327Z\",\"word\":\"a\"}";

/* So that the comparison is of two ways indeed. */
static void usual_text_is_read_to_its_end_by_the_fast_reader(void **state)
{
    struct outcome out;
    struct arb_json_field fields[OUTCOME_FIELDS];
    uint32_t seen = 0;

    (void)state;
    outcome_begin(&out, arb_bytes_of(usual), &whole_table);
    outcome_table(&out, fields);
    arb_json_object(&out.json);
    assert_true(arb_json_members_usual(&out.json, fields, OUTCOME_FIELDS, &seen));
    assert_int_equal(seen, 63);
    assert_true(arb_json_end(&out.json));
    assert_true(arb_bytes_are(out.symbol, "BTC/USD") && arb_bytes_are(out.word, "a"));
    assert_true(out.checksum == 3310070434 && out.ns == 1785552893266327000);
    assert_true(out.bids.n == 1 && out.bids.rc == ARB_OK && out.bids.n_beyond == 0);
    assert_true(out.bid_levels[0].px == 15000 && out.bid_levels[0].qty == 200000000);
    assert_true(out.asks.n == 1 && out.asks.px_digits == 2 && out.asks.qty_digits == 0);
    assert_true(out.ask_levels[0].px == 22500 && out.ask_levels[0].qty == 300000000);
}

/* Each text with each number of the first fields, at two scales. */
static void texts_at_the_edges_are_read_alike(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "{\"symbol\"",
        "{\"symbol\":",
        "{\"symbol\":\"",
        "{\"symbol\":\"A\"",
        "{\"symbol\":\"A\"}",
        "{\"symbol\":\"A\",}",
        "{,\"symbol\":\"A\"}",
        "{\"symbol\":\"A\"\"bids\":[]}",
        "{\"symbol\":\"A\",\"symbol\":\"B\"}",
        "{\"symbol\":null,\"bids\":null,\"asks\":null,\"checksum\":null,\"timestamp\":null}",
        "{\"bids\":[],\"asks\":[]}",
        "{\"bids\":[],\"bids\":null}",
        "{\"bids\":[[\"1\",\"2\"]],\"bids\":[],\"asks\":[]}",
        "{\"bids\":[[\"1.5\",\"2\"]],\"bids\":[[\"1\",\"2\"]]}",
        "{\"bids\":[[\"x\",\"2\"]],\"bids\":[[\"1\",\"2\"]]}",
        "{\"bids\":[[\"1\",\"2\"]],\"bids\":[[\"1\",\"x\"]]}",
        "{\"bids\":7,\"asks\":[[\"1\",\"2\"]]}",
        "{\"bids\":\"x\",\"asks\":[[\"1\",\"2\"]]}",
        "{\"bids\":[[\"1\",\"2\"],{\"price\":1,\"qty\":2}]}",
        "{\"bids\":[{\"price\":1,\"qty\":2},[\"1\",\"2\"]]}",
        "{\"bids\":[[\"1\",\"2\"],]}",
        "{\"bids\":[[\"1\",\"2\"]",
        "{\"bids\":[[\"1\",\"2\"]]",
        "{\"bids\":[[\"1\",\"2\"]] }",
        "{\"bids\":[[\"1\",\"2\"]]]",
        "{\"bids\":[[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"]]}",
        "{\"bids\":[[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"],[\"1\",\"2\"]]}",
        "{\"asks\":[[\"922337203685477.5807\",\"2\"],[\"922337203685477.5808\",\"2\"]]}",
        "{\"asks\":[[\"922337203685478\",\"2\"],[\"999999999999999999\",\"2\"]]}",
        "{\"asks\":[{\"price\":922337203685478,\"qty\":2},{\"price\":1e15,\"qty\":2}]}",
        "{\"asks\":[[\"1e-5\",\"2\"]]}",
        "{\"asks\":[[\"1.00001\",\"2\"]]}",
        "{\"asks\":[[\"1.00000\",\"2\"]]}",
        "{\"asks\":[[\"1\",\"2\"]],\"bids\":[[\"1\",\"2\"]]}",
        "{\"asks\":[[\"18446744073709551617\",\"2\"],[\"1\",\"18446744073709551617\"]]}",
        "{\"asks\":[[\"1.\",\"2\"]],\"bids\":[{\"price\":1.,\"qty\":2}]}",
        "{\"checksum\":999999999999999999}",
        "{\"checksum\":1000000000000000000}",
        "{\"checksum\":18446744073709551615}",
        "{\"checksum\":18446744073709551616}",
        "{\"checksum\":\"18446744073709551616\"}",
        "{\"checksum\":000000000000000000001}",
        "{\"checksum\":1",
        "{\"checksum\":1.5}",
        "{\"checksum\":\"1}",
        "{\"checksum\":1\"}",
        "{\"word\":\"a\",\"number\":1,\"change\":-1,\"truth\":true,\"any\":[{}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        for (unsigned k = 0; k < 2 * (OUTCOME_FIELDS + 1); k++) {
            const uint8_t scale = k % 2 == 0 ? 4 : 0;
            const struct way way = { 0, k / 2, scale, scale };
            (void)expect_same(texts[i], strlen(texts[i]), &way);
        }
    }
}

static void side_of_null_leaves_the_levels_as_they_are(void **state)
{
    struct outcome out;

    (void)state;
    outcome_fast(&out, arb_bytes_of("{\"bids\":null,\"asks\":[]}"), &whole_table);
    assert_int_equal(out.seen, 4);
    assert_true(out.bids.n == 1 && out.bids.n_beyond == 7 && out.bids.rc == ARB_ELATER);
    assert_true(out.asks.n == 0 && out.asks.n_beyond == 0 && out.asks.rc == ARB_OK);
}

/* Of whatever type: what comes behind it is read. */
static void side_that_is_none_does_not_damage_its_object(void **state)
{
    static const char *const sides[] = { "7", "\"x\"", "true", "{}", "{\"a\":[1]}", "[7]", "[[]]" };

    (void)state;
    for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
        char text[128];
        struct outcome out;
        (void)snprintf(text, sizeof(text), "{\"bids\":%s,\"checksum\":5}", sides[i]);
        outcome_fast(&out, arb_bytes_of(text), &whole_table);
        assert_int_equal(out.seen, 10);
        assert_true(arb_json_end(&out.json));
        assert_int_equal(out.bids.rc, ARB_EPROTO);
        assert_int_equal(out.checksum, 5);
        (void)snprintf(text, sizeof(text), "{\"bids\":%s\"checksum\":5}", sides[i]);
        outcome_fast(&out, arb_bytes_of(text), &whole_table);
        assert_int_equal(out.json.rc, ARB_EPROTO);
    }
}

static void table_that_is_too_long_is_refused_behind_a_lead_too(void **state)
{
    struct arb_json_field fields[ARB_JSON_FIELDS_MAX + 1];
    struct arb_json json = reader("{\"s\":\"A\",\"n\":1}");
    struct arb_bytes lead = { NULL, 0 };
    uint64_t n = 0;

    (void)state;
    for (unsigned i = 0; i <= ARB_JSON_FIELDS_MAX; i++) {
        fields[i] = (struct arb_json_field){ "n", ARB_JSON_U64, &n };
    }
    assert_true(arb_json_lead(&json, "s", &lead));
    assert_int_equal(arb_json_members(&json, fields, ARB_JSON_FIELDS_MAX + 1), 0);
    assert_int_equal(json.rc, ARB_EINVAL);
    assert_int_equal(n, 0);
}

/* -- a lead ---------------------------------------------------------------------------- */

/* A text is there or is not, whether it is looked for in the first place or behind others. */
static void lead_that_is_no_text_is_none_wherever_it_stands(void **state)
{
    static const char *const values[] = { "null", "7", "[\"A\"]", "{\"s\":\"A\"}", "true" };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(values) / sizeof(*values); i++) {
        char text[64];
        struct arb_bytes lead = { NULL, 0 };
        uint64_t n = 0;
        const struct arb_json_field field = { "n", ARB_JSON_U64, &n };
        (void)snprintf(text, sizeof(text), i % 2 == 0 ? "{\"s\":%s,\"n\":7}" : "{\"n\":7,\"s\":%s}",
                       values[i / 2]);
        struct arb_json json = reader(text);
        assert_false(arb_json_lead(&json, "s", &lead));
        assert_null(lead.data);
        assert_int_equal(arb_json_members(&json, &field, 1), 1);
        assert_true(arb_json_end(&json));
        assert_int_equal(n, 7);
    }
}

static void members_behind_a_lead_are_read_in_either_spelling(void **state)
{
    static const char *const texts[] = { "{\"s\":\"A\",\"n\":7}", "{\"s\":\"A\" ,\"n\":7}",
                                         "{\"s\":\"A\",\"x\":[],\"n\":7}",
                                         "{\"s\": \"A\",\"n\":\"7\"}",
                                         "{\"x\":\"s\",\"n\":7,\"s\":\"A\"}" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct arb_json json = reader(texts[i]);
        struct arb_bytes lead = { NULL, 0 };
        uint64_t n = 0;
        const struct arb_json_field field = { "n", ARB_JSON_U64, &n };
        assert_true(arb_json_lead(&json, "s", &lead) && arb_bytes_are(lead, "A"));
        assert_int_equal(arb_json_members(&json, &field, 1), 1);
        assert_true(arb_json_end(&json) && n == 7);
    }
}

static void nothing_but_a_comma_stands_behind_a_lead(void **state)
{
    static const char *const texts[] = { "{\"s\":\"A\" \"n\":7}", "{\"s\":\"A\";\"n\":7}",
                                         "{\"s\":\"A\"\"n\":7}",  "{\"s\":\"A\",,\"n\":7}",
                                         "{\"s\":\"A\"",          "{\"s\":\"A\"," };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct arb_json json = reader(texts[i]);
        struct arb_bytes lead = { NULL, 0 };
        uint64_t n = 0;
        const struct arb_json_field field = { "n", ARB_JSON_U64, &n };
        assert_true(arb_json_lead(&json, "s", &lead));
        assert_int_equal(arb_json_members(&json, &field, 1), 0);
        assert_int_equal(json.rc, ARB_EPROTO);
        assert_int_equal(n, 0);
    }
}

/* Nothing is left for the members when the lead is all there is. */
static void lead_may_be_the_only_member(void **state)
{
    struct arb_json json = reader("{\"s\":\"A\"}");
    struct arb_bytes lead = { NULL, 0 };
    uint64_t n = 0;
    const struct arb_json_field field = { "n", ARB_JSON_U64, &n };

    (void)state;
    assert_true(arb_json_lead(&json, "s", &lead));
    assert_int_equal(arb_json_members(&json, &field, 1), 0);
    assert_true(arb_json_end(&json));
}

/* -- a tail ---------------------------------------------------------------------------- */

struct tail {
    struct arb_bytes channel, event;
};

static bool read_tail(struct arb_bytes text, struct tail *tail)
{
    const struct arb_json_field texts[] = { { "channel", ARB_JSON_TEXT, &tail->channel },
                                            { "event", ARB_JSON_TEXT, &tail->event } };
    const struct arb_json json = arb_json_over(text);

    return arb_json_tail(&json, texts, 2);
}

/* False when it is no JSON. */
static bool read_whole(struct arb_bytes text, struct tail *tail, uint32_t *seen)
{
    const struct arb_json_field texts[] = { { "channel", ARB_JSON_TEXT, &tail->channel },
                                            { "event", ARB_JSON_TEXT, &tail->event } };
    struct arb_json json = arb_json_over(text);

    *seen = arb_json_fields(&json, texts, 2);
    return arb_json_end(&json);
}

static void tail_is_found_in_the_usual_spelling_only(void **state)
{
    static const struct {
        const char *text;
        bool is_there;
    } cases[] = {
        { "{\"data\":{\"a\":[1]},\"channel\":\"c\",\"event\":\"data\"}", true },
        { "{\"data\":\"x\\\"\",\"channel\":\"\",\"event\":\"\"}", true },
        { "{\"event\":\"old\",\"channel\":\"c\",\"event\":\"data\"}", true },
        { "{\"channel\":\"c\",\"event\":\"data\"}", false }, /* nothing before it: not the usual */
        { "{\"data\":1,\"event\":\"data\",\"channel\":\"c\"}", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\":\"data\"} ", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\":\"data\" }", false },
        { "{\"data\":1,\"channel\":\"c\", \"event\":\"data\"}", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\": \"data\"}", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\":\"da\\\"ta\"}", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\":\"data\\\\\"}", false },
        { "{\"data\":1,\"channel\":\"c\",\"event\":7}", false },
        { "{\"data\":1,\"channel\":\"c\",\"xevent\":\"data\"}", false },
        { "{\"data\":1,\"channel\":7,\"event\":\"data\"}", false },
        { "{\"a\":{\"data\":1,\"channel\":\"c\",\"event\":\"data\"}}", false },
        { "{\"a\":\"b,\\\"channel\\\":\\\"c\\\",\\\"event\\\":\\\"data\\\"\"}", false },
        { "{\"a\":\",\\\"channel\\\":\\\"c\",\"event\":\"data\"}", false },
        { "\"event\":\"data\"}", false },
        { "event\":\"data\"}", false },
        { ":\"data\"}", false },
        { "\"}", false },
        { "}", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const size_t len = strlen(cases[i].text);
        char *const exact = malloc(len + (len == 0));
        struct tail tail;
        assert_non_null(exact);
        memcpy(exact, cases[i].text, len);
        if (read_tail((struct arb_bytes){ exact, len }, &tail) != cases[i].is_there) {
            fail_msg("%s", cases[i].text);
        }
        free(exact);
    }
}

static void add_tail_member(struct writer *w)
{
    static const char *const names[] = { "channel",    "event",
                                         "data",       "x\\\"event",
                                         ",\\\"event", "xchannel",
                                         "event\\\\",  "{\\\"a\\\":1,\\\"channel" };
    static const char *const values[] = { "\"data\"",
                                          "\"c\"",
                                          "\"\"",
                                          "7",
                                          "null",
                                          "\"\\\\\"",
                                          "\"a\\\",\\\"event\\\":\\\"data\"",
                                          "\"\\\"event\\\":\\\"data\\\"}\"",
                                          "{\"x\":1,\"channel\":\"n\",\"event\":\"data\"}",
                                          "[\"event\"]",
                                          "\",\"",
                                          "\":\"" };
    static const char *const colons[] = { " :", ": " };

    add(w, "\"");
    add(w, one_of(w, names, one_in(w, 3) ? sizeof(names) / sizeof(*names) : 3));
    add(w, "\"");
    ADD_MOSTLY(w, ":", colons);
    add(w, one_of(w, values, one_in(w, 3) ? sizeof(values) / sizeof(*values) : 3));
}

static void add_tail_object(struct writer *w)
{
    static const char *const ends[] = { " }", "}}", "}\n" };

    add(w, "{");
    for (uint32_t n = 1 + chance_below(w->chance, 4); n > 0; n--) {
        add_tail_member(w);
        add(w, n > 1 ? "," : "");
    }
    if (one_in(w, 2)) {
        add(w, ",\"channel\":\"c\",\"event\":\"data\"");
    }
    ADD_MOSTLY(w, "}", ends);
}

/* Of a text that is JSON. */
static bool expect_tail_as_read(const struct writer *w)
{
    char *const exact = malloc(w->len);
    const struct arb_bytes text = { exact, w->len };
    struct tail tail, whole;
    uint32_t seen = 0;

    assert_non_null(exact);
    memcpy(exact, w->data, w->len);
    const bool is_there = read_tail(text, &tail);
    const bool counts = is_there && read_whole(text, &whole, &seen);
    if (counts && (seen != 3 || !same_bytes(tail.channel, whole.channel) ||
                   !same_bytes(tail.event, whole.event))) {
        fail_msg("%.*s", (int)w->len, w->data);
    }
    free(exact);
    return counts;
}

static void tail_is_what_reading_all_of_it_finds(void **state)
{
    struct chance chance = chance_init(__func__, 3);
    static struct writer w;
    unsigned n_found = 0;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        w.chance = &chance;
        w.len = 0;
        add_tail_object(&w);
        for (uint32_t n = chance_below(&chance, 3); n > 0 && w.len > 1; n--) {
            mutate(&w);
        }
        n_found += w.len > 0 && expect_tail_as_read(&w);
    }
    assert_true(n_found > 5000);
}

/* -- one member ------------------------------------------------------------------------ */

static void member_is_entered_wherever_it_stands_and_the_rest_skipped(void **state)
{
    static const struct {
        const char *text;
        bool is_there, is_read, is_whole;
    } cases[] = {
        { "{\"m\":\"A\"}", true, true, true },
        { "{\"x\":{\"m\":\"B\"},\"m\":\"A\",\"y\":[]}", true, true, true },
        { "{\"m\":\"A\",\"m\":\"B\"}", true, true, true },
        { "{\"m\":7}", true, false, false },
        { "{\"m\":\"A\",}", true, true, false },
        { "{\"m\":\"A\"", true, true, false },
        { "{\"m\":\"A\"}{}", true, true, false },
        { "{}", false, false, false },
        { "{\"x\":}", false, false, false },
        { "[]", false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        struct arb_bytes text = { "", 0 };
        assert_int_equal(arb_json_enter(&json, "m"), cases[i].is_there);
        if (cases[i].is_there) {
            assert_int_equal(arb_json_string(&json, &text), cases[i].is_read);
            assert_int_equal(arb_json_rest(&json), cases[i].is_whole);
            assert_true(arb_bytes_are(text, cases[i].is_read ? "A" : ""));
        }
    }
}

static void member_is_entered_behind_the_one_that_leads(void **state)
{
    static const struct {
        const char *text, *lead;
        bool is_there;
    } cases[] = {
        { "{\"s\":\"L\",\"m\":\"A\"}", "L", true },
        { "{\"m\":\"A\",\"s\":\"L\"}", "L", true },
        { "{\"m\":\"A\"}", "", true },
        { "{\"s\":5,\"m\":\"A\"}", "", true },
        { "{\"s\":\"L\",\"x\":{\"m\":\"A\"}}", "L", false },
        { "[\"s\",\"m\"]", "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        struct arb_bytes lead = { "", 0 }, text = { "", 0 };
        (void)arb_json_lead(&json, "s", &lead);
        assert_int_equal(arb_json_enter_rest(&json, "m"), cases[i].is_there);
        assert_true(arb_bytes_are(lead, cases[i].lead));
        if (cases[i].is_there) {
            assert_true(arb_json_string(&json, &text) && arb_bytes_are(text, "A"));
            assert_true(arb_json_rest(&json));
        }
    }
}

static void microseconds_are_a_time_or_none(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        int rc;
    } cases[] = {
        { "{\"m\":\"1767225600100001\"}", INT64_C(1767225600100001000), ARB_OK },
        { "{\"m\":1767225600100001}", INT64_C(1767225600100001000), ARB_OK },
        { "{ \"m\" : 1767225600100001 }", INT64_C(1767225600100001000), ARB_OK },
        { "{\"m\":9223372036854775}", INT64_C(9223372036854775000), ARB_OK },
        { "{\"m\":9223372036854776}", 0, ARB_OK },
        { "{ \"m\":9223372036854776}", 0, ARB_OK },
        { "{\"m\":0}", 0, ARB_OK },
        { "{\"m\":-1}", 0, ARB_EPROTO },
        { "{\"m\":\"x\"}", 0, ARB_EPROTO },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        int64_t ns = 7;
        const struct arb_json_field fields[] = { { "m", ARB_JSON_US, &ns } };
        (void)arb_json_fields(&json, fields, 1);
        assert_int_equal(json.rc, cases[i].rc);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void milliseconds_are_a_time_or_none(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        int rc;
    } cases[] = {
        { "{\"m\":\"1767225600101\"}", INT64_C(1767225600101000000), ARB_OK },
        { "{\"m\":1767225600101}", INT64_C(1767225600101000000), ARB_OK },
        { "{ \"m\" : 1767225600101 }", INT64_C(1767225600101000000), ARB_OK },
        { "{\"m\":9223372036854}", INT64_C(9223372036854000000), ARB_OK },
        { "{\"m\":9223372036855}", 0, ARB_OK },
        { "{ \"m\":\"9223372036855\"}", 0, ARB_OK },
        { "{\"m\":0}", 0, ARB_OK },
        { "{\"m\":-1}", 0, ARB_EPROTO },
        { "{\"m\":\"x\"}", 0, ARB_EPROTO },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        int64_t ns = 7;
        const struct arb_json_field fields[] = { { "m", ARB_JSON_MS, &ns } };
        (void)arb_json_fields(&json, fields, 1);
        assert_int_equal(json.rc, cases[i].rc);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void nanoseconds_are_a_time_or_none(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        int rc;
    } cases[] = {
        { "{\"n\":1767225600101000000}", INT64_C(1767225600101000000), ARB_OK },
        { "{ \"n\" : \"17\" }", 17, ARB_OK },
        { "{\"n\":9223372036854775807}", INT64_MAX, ARB_OK },
        { "{\"n\":9223372036854775808}", 0, ARB_OK },
        { "{\"n\":0}", 0, ARB_OK },
        { "{\"n\":-1}", 0, ARB_EPROTO },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        int64_t ns = 7;
        const struct arb_json_field fields[] = { { "n", ARB_JSON_NS, &ns } };
        (void)arb_json_fields(&json, fields, 1);
        assert_int_equal(json.rc, cases[i].rc);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void decimal_is_read_exactly_or_is_none(void **state)
{
    static const struct {
        const char *text;
        int64_t units;
        uint8_t scale;
        int rc;
    } cases[] = {
        { "{\"s\":\"0.01\"}", 1, 2, ARB_OK },
        { "{ \"s\" : \"1E-8\" }", 1, 8, ARB_OK },
        { "{\"s\":\"10.50\"}", 105, 1, ARB_OK },
        { "{\"s\":0.050}", 5, 2, ARB_OK },
        { "{\"s\":1e-08}", 1, 8, ARB_OK },
        { "{\"s\":5}", 5, 0, ARB_OK },
        { "{\"s\":\"x\"}", 0, 0, ARB_OK },
        { "{\"s\":\"0.00\"}", 0, 0, ARB_OK },
        { "{\"s\":-0.01}", 0, 0, ARB_OK },
        { "{\"s\":\"0.0000000000000000001\"}", 0, 0, ARB_OK },
        { "{\"s\":\"99999999999999999999\"}", 0, 0, ARB_OK },
        { "{\"s\":null}", 7, 7, ARB_OK },
        { "{\"s\":[]}", 0, 0, ARB_OK },
        { "{\"s\":0.01x}", 1, 2, ARB_EPROTO },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        struct arb_decimal value = { .units = 7, .scale = 7 };
        const struct arb_json_field fields[] = { { "s", ARB_JSON_DECIMAL, &value } };
        (void)arb_json_fields(&json, fields, 1);
        assert_int_equal(json.rc, cases[i].rc);
        assert_int_equal(value.units, cases[i].units);
        assert_int_equal(value.scale, cases[i].scale);
    }
}

/* 7 and "before" are what stood there before. */
static void array_is_read_by_the_places_of_its_elements(void **state)
{
    static const struct {
        const char *text;
        uint32_t seen;
        int rc;
        uint64_t number;
        const char *word;
    } cases[] = {
        { "[1,\"a\"]", 3, ARB_OK, 1, "a" },
        { "[ \"1\" , \"a\" ]", 3, ARB_OK, 1, "a" },
        { "[1,\"a\",[2],{\"b\":3}]", 3, ARB_OK, 1, "a" },
        { "[1]", 1, ARB_OK, 1, "before" },
        { "[]", 0, ARB_OK, 7, "before" },
        { "[1,null]", 0, ARB_EPROTO, 1, "before" },
        { "[1,2]", 0, ARB_EPROTO, 1, "before" },
        { "[1,\"a\",x]", 0, ARB_EPROTO, 1, "a" },
        { "[1,\"a\"", 0, ARB_EPROTO, 1, "a" },
        { "[18446744073709551616,\"a\"]", 0, ARB_ERANGE, 7, "before" },
        { "{}", 0, ARB_EPROTO, 7, "before" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        uint64_t number = 7;
        struct arb_bytes word = arb_bytes_of("before");
        const struct arb_json_field fields[] = { { "number", ARB_JSON_U64, &number },
                                                 { "word", ARB_JSON_TEXT, &word } };
        assert_int_equal(arb_json_elements(&json, fields, 2), cases[i].seen);
        assert_int_equal(json.rc, cases[i].rc);
        assert_true(number == cases[i].number && arb_bytes_are(word, cases[i].word));
    }
}

static void null_is_an_element_as_any_other(void **state)
{
    struct arb_json json = reader("[null]"), any = reader("");
    const struct arb_json_field field = { "any", ARB_JSON_ANY, &any };

    (void)state;
    assert_int_equal(arb_json_elements(&json, &field, 1), 1);
    assert_true(arb_json_end(&json) && arb_json_word(&any, "null") && arb_json_end(&any));
}

static void table_of_places_that_is_too_long_is_refused(void **state)
{
    struct arb_json_field fields[ARB_JSON_FIELDS_MAX + 1];
    uint64_t numbers[ARB_JSON_FIELDS_MAX + 1] = { 0 };
    struct arb_json json = reader("[1,2]");

    (void)state;
    for (unsigned i = 0; i <= ARB_JSON_FIELDS_MAX; i++) {
        fields[i] = (struct arb_json_field){ "number", ARB_JSON_U64, &numbers[i] };
    }
    assert_int_equal(arb_json_elements(&json, fields, ARB_JSON_FIELDS_MAX), 3);
    json = reader("[1,2]");
    assert_int_equal(arb_json_elements(&json, fields, ARB_JSON_FIELDS_MAX + 1), 0);
    assert_int_equal(json.rc, ARB_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_and_careful_reading_agree),
        cmocka_unit_test(texts_cut_at_every_byte_are_read_alike),
        cmocka_unit_test(usual_text_is_read_to_its_end_by_the_fast_reader),
        cmocka_unit_test(texts_at_the_edges_are_read_alike),
        cmocka_unit_test(side_of_null_leaves_the_levels_as_they_are),
        cmocka_unit_test(side_that_is_none_does_not_damage_its_object),
        cmocka_unit_test(table_that_is_too_long_is_refused_behind_a_lead_too),
        cmocka_unit_test(lead_that_is_no_text_is_none_wherever_it_stands),
        cmocka_unit_test(members_behind_a_lead_are_read_in_either_spelling),
        cmocka_unit_test(nothing_but_a_comma_stands_behind_a_lead),
        cmocka_unit_test(lead_may_be_the_only_member),
        cmocka_unit_test(tail_is_found_in_the_usual_spelling_only),
        cmocka_unit_test(tail_is_what_reading_all_of_it_finds),
        cmocka_unit_test(member_is_entered_wherever_it_stands_and_the_rest_skipped),
        cmocka_unit_test(member_is_entered_behind_the_one_that_leads),
        cmocka_unit_test(microseconds_are_a_time_or_none),
        cmocka_unit_test(milliseconds_are_a_time_or_none),
        cmocka_unit_test(nanoseconds_are_a_time_or_none),
        cmocka_unit_test(decimal_is_read_exactly_or_is_none),
        cmocka_unit_test(array_is_read_by_the_places_of_its_elements),
        cmocka_unit_test(null_is_an_element_as_any_other),
        cmocka_unit_test(table_of_places_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
