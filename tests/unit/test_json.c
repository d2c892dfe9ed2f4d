/*
 * The frame reader against cJSON: what it reads is what cJSON reads, what it accepts cJSON
 * accepts. Texts lie in buffers of their exact size, so that the sanitizer sees any byte read
 * too many.
 *
 * The reader is looser than cJSON where it says so: escapes are not checked (strings come as
 * they stand). It is stricter in the nesting limit, in control characters and in white space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "arbspot/fields.h"
#include "arbspot/text.h"
#include "chance.h"
#include "json_oracle.h"
#include "util/json_text.h"

enum {
    DOCUMENT_MAX = 8192,
    DOCUMENTS = 3000,
    MUTATIONS = 40, /* of each document */
    DEPTH_MAX = 6,
    STRING_MAX = 512,
    LEVELS_MAX = 3,
};

/* -- exact buffers -------------------------------------------------------------------- */

/* A copy that ends where the memory ends. */
static struct arb_bytes exact_copy(const char *text, size_t len)
{
    char *const data = malloc(len + (len == 0));

    assert_non_null(data);
    memcpy(data, text, len);
    return (struct arb_bytes){ data, len };
}

static void exact_free(struct arb_bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

/* Reads one whole value and the end: the reader's verdict on a document. */
static int verdict_on(const char *text, size_t len)
{
    const struct arb_bytes bytes = exact_copy(text, len);
    struct arb_json json = arb_json_over(bytes);

    arb_json_skip(&json);
    arb_json_end(&json);
    exact_free(bytes);
    return json.rc;
}

static int verdict(const char *text)
{
    return verdict_on(text, strlen(text));
}

/* -- random documents ----------------------------------------------------------------- */

static const char *one_of(struct chance *chance, const char *const *texts, uint32_t n)
{
    return texts[chance_below(chance, n)];
}

static void add_blanks(struct chance *chance, struct arb_text *out)
{
    static const char *const blanks[] = { "", "", "", "", " ", "\n", "\t", "\r\n", "   " };
    arb_text_add(out, "%s", one_of(chance, blanks, 9));
}

static void add_string(struct chance *chance, struct arb_text *out)
{
    static const char *const pieces[] = { "a",   "price", "\\\"",    "\\\\",     "\\/",
                                          "\\b", "\\n",   "\\t",     "{",        "]",
                                          ",",   ":",     "\\u00e9", "\xc3\xa9", "\\u20AC",
                                          " ",   "\x7f",  "BTC/USD" };
    const uint32_t n = chance_below(chance, 6);

    arb_text_add(out, "\"");
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(out, "%s", one_of(chance, pieces, 18));
    }
    arb_text_add(out, "\"");
}

static void add_number(struct chance *chance, struct arb_text *out)
{
    static const char *const fractions[] = { "", "", ".0", ".5", ".00000001", ".25000" };
    static const char *const exponents[] = { "", "", "", "e5", "E-8", "e+02" };

    arb_text_add(out, "%s%lld", chance_below(chance, 4) == 0 ? "-" : "",
                 (long long)chance_i64(chance));
    arb_text_add(out, "%s", one_of(chance, fractions, 6));
    arb_text_add(out, "%s", one_of(chance, exponents, 6));
}

static void add_scalar(struct chance *chance, struct arb_text *out)
{
    static const char *const words[] = { "true", "false", "null" };

    switch (chance_below(chance, 3)) {
    case 0:
        add_string(chance, out);
        break;
    case 1:
        add_number(chance, out);
        break;
    default:
        arb_text_add(out, "%s", one_of(chance, words, 3));
    }
}

/* Calls itself for what is nested, `depth` levels at most. */
static void add_value(struct chance *chance, struct arb_text *out, unsigned depth)
{
    const bool is_object = chance_below(chance, 2) == 0;
    const uint32_t n = chance_below(chance, 5);

    add_blanks(chance, out);
    if (depth == 0 || chance_below(chance, 3) == 0) {
        add_scalar(chance, out);
        add_blanks(chance, out);
        return;
    }
    arb_text_add(out, is_object ? "{" : "[");
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(out, "%s", i == 0 ? "" : ",");
        add_blanks(chance, out);
        if (is_object) {
            add_string(chance, out);
            add_blanks(chance, out);
            arb_text_add(out, ":");
        }
        add_value(chance, out, depth - 1);
    }
    add_blanks(chance, out);
    arb_text_add(out, is_object ? "}" : "]");
    add_blanks(chance, out);
}

/* A document that fits `buffer`. */
static struct arb_text random_document(struct chance *chance, char buffer[DOCUMENT_MAX])
{
    struct arb_text text;

    do {
        text = arb_text_over(buffer, DOCUMENT_MAX);
        add_value(chance, &text, DEPTH_MAX);
    } while (!arb_text_fits(&text));
    return text;
}

/* -- the same values ------------------------------------------------------------------ */

static void same_string(struct arb_bytes raw, const char *want)
{
    char text[STRING_MAX];

    assert_int_equal(json_text_read(raw, text, sizeof(text), NULL), ARB_OK);
    assert_string_equal(text, want);
}

static void same_number(struct arb_bytes raw, double want)
{
    char text[STRING_MAX];

    assert_true(raw.len < sizeof(text));
    memcpy(text, raw.data, raw.len);
    text[raw.len] = '\0';
    const double value = strtod(text, NULL);
    assert_memory_equal(&value, &want, sizeof(value));
}

static void same_scalar(struct arb_json *json, const cJSON *want)
{
    struct arb_bytes raw = { NULL, 0 };
    bool truth = false;

    if (cJSON_IsString(want)) {
        assert_true(arb_json_string(json, &raw));
        same_string(raw, want->valuestring);
    } else if (cJSON_IsNumber(want)) {
        assert_true(arb_json_number(json, &raw));
        same_number(raw, want->valuedouble);
    } else if (cJSON_IsBool(want)) {
        assert_true(arb_json_bool(json, &truth));
        assert_int_equal(truth, cJSON_IsTrue(want));
    } else {
        assert_true(arb_json_word(json, "null"));
    }
}

/* Walks both readings of one value in step; calls itself for what is nested. */
static void same_value(struct arb_json *json, const cJSON *want)
{
    const cJSON *child = want->child;
    struct arb_bytes key = { NULL, 0 };

    if (cJSON_IsObject(want)) {
        assert_true(arb_json_object(json));
        for (; arb_json_key(json, &key); child = child->next) {
            assert_non_null(child);
            same_string(key, child->string);
            same_value(json, child);
        }
    } else if (cJSON_IsArray(want)) {
        assert_true(arb_json_array(json));
        for (; arb_json_next(json); child = child->next) {
            assert_non_null(child);
            same_value(json, child);
        }
    } else {
        same_scalar(json, want);
    }
    assert_null(child);
    assert_true(arb_json_ok(json));
}

static void valid_documents_read_as_cjson_reads_them(void **state)
{
    struct chance chance = chance_init(__func__, 11);
    char buffer[DOCUMENT_MAX];

    (void)state;
    for (int i = 0; i < DOCUMENTS; i++) {
        const struct arb_text text = random_document(&chance, buffer);
        cJSON *const want = cJSON_ParseWithOpts(text.data, NULL, 1);
        assert_non_null(want);
        const struct arb_bytes bytes = exact_copy(text.data, text.len);
        struct arb_json json = arb_json_over(bytes);
        same_value(&json, want);
        assert_true(arb_json_end(&json));
        exact_free(bytes);
        cJSON_Delete(want);
    }
}

static void valid_documents_are_skipped_whole(void **state)
{
    struct chance chance = chance_init(__func__, 12);
    char buffer[DOCUMENT_MAX];

    (void)state;
    for (int i = 0; i < DOCUMENTS; i++) {
        const struct arb_text text = random_document(&chance, buffer);
        assert_int_equal(verdict_on(text.data, text.len), ARB_OK);
    }
}

/* -- damaged documents ---------------------------------------------------------------- */

/* Changes, drops, doubles or cuts at a random byte. */
static size_t mutate(struct chance *chance, char *text, size_t len)
{
    static const char *const others[] = { "\"", "\\", "{",    "}",    "[",   "]", ",",
                                          ":",  "0",  "1",    ".",    "e",   "-", "t",
                                          "n",  " ",  "\x1f", "\xff", "\x01" };
    const size_t at = chance_below(chance, (uint32_t)len);

    switch (chance_below(chance, 5)) {
    case 0:
        memmove(text + at, text + at + 1, len - at - 1);
        return len - 1;
    case 1:
        memmove(text + at + 1, text + at, len - at);
        return len + 1;
    case 2:
        return at;
    case 3:
        text[at] = '\0';
        return len;
    default:
        text[at] = one_of(chance, others, 19)[0];
        return len;
    }
}

static void damaged_document_is_accepted_only_if_cjson_accepts_it(void **state)
{
    struct chance chance = chance_init(__func__, 13);
    char buffer[DOCUMENT_MAX], damaged[DOCUMENT_MAX + 4];
    unsigned n_accepted = 0;

    (void)state;
    for (int i = 0; i < DOCUMENTS * MUTATIONS; i++) {
        const struct arb_text text = random_document(&chance, buffer);
        size_t len = text.len;
        memcpy(damaged, text.data, len);
        for (uint32_t k = 1 + chance_below(&chance, 3); k > 0 && len > 0; k--) {
            len = mutate(&chance, damaged, len);
        }
        damaged[len] = '\0';
        if (verdict_on(damaged, len) == ARB_OK) {
            n_accepted++;
            assert_int_equal(strlen(damaged), len); /* no NUL is ever part of JSON */
            if (!oracle_accepts(damaged) && !oracle_is_narrower(damaged)) {
                fail_msg("accepted, but not JSON: %s", damaged);
            }
        }
    }
    assert_in_range(n_accepted, DOCUMENTS, DOCUMENTS * MUTATIONS); /* the test has a grip */
}

static void no_truncation_of_a_document_is_accepted(void **state)
{
    static const char text[] = "{\"a\":[1.5e-3,\"x\\\"\\u00e9\",true,false,null,{},[]],\"b\":-0}";

    (void)state;
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(verdict_on(text, len), ARB_EPROTO);
    }
    assert_int_equal(verdict(text), ARB_OK);
}

static void text_behind_the_value_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("1 \t\r\n"), ARB_OK);
    assert_int_equal(verdict("1 1"), ARB_EPROTO);
    assert_int_equal(verdict("{}}"), ARB_EPROTO);
    assert_int_equal(verdict("truex"), ARB_EPROTO);
    assert_int_equal(verdict_on("1\0", 2), ARB_EPROTO);
    assert_int_equal(verdict_on("1\0garbage", 9), ARB_EPROTO);
}

static void numbers_follow_rfc_8259(void **state)
{
    static const char *const valid[] = { "0", "-0", "10", "1.5", "1e5", "1E+5", "1.0e-5" };
    static const char *const invalid[] = { "01",  "-",   "+1",  ".5",  "1.",  "1.e5", "1e",
                                           "1e+", "--1", "-01", "0x1", "1_0", "NaN",  "Infinity" };
    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
        assert_int_equal(verdict(valid[i]), ARB_OK);
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
        assert_int_equal(verdict(invalid[i]), ARB_EPROTO);
    }
}

static void punctuation_out_of_place_is_refused(void **state)
{
    static const char *const texts[] = { "",
                                         "[1,]",
                                         "[,1]",
                                         "[1 2]",
                                         "[1}",
                                         "{]",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "{\"a\",1}",
                                         "{1:1}",
                                         "{,}",
                                         "]",
                                         "}",
                                         ",",
                                         ":",
                                         "[",
                                         "{",
                                         "{\"a\":1,}",
                                         "{\"a\":1 \"b\":2}" };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_int_equal(verdict(texts[i]), ARB_EPROTO);
    }
}

static void control_characters_in_strings_are_refused(void **state)
{
    (void)state;
    assert_int_equal(verdict("\"a\x1f\""), ARB_EPROTO);
    assert_int_equal(verdict("\"a\n\""), ARB_EPROTO);
    assert_int_equal(verdict("\"a\\\n\""), ARB_EPROTO);
    assert_int_equal(verdict_on("\"a\\\0\"", 5), ARB_EPROTO);
    assert_int_equal(verdict("\"a\x20\x7f\""), ARB_OK);
}

/* A string of `len` plain characters, of which the one at `at` is replaced by `stop`. */
static void expect_string_stops(size_t len, size_t at, char stop)
{
    char text[STRING_MAX];
    struct arb_bytes string = { NULL, 0 };

    text[0] = '"';
    memset(text + 1, 0x80 + (int)at, len);
    text[1 + len] = '"';
    text[1 + at] = stop;
    const struct arb_bytes bytes = exact_copy(text, len + 2);
    struct arb_json json = arb_json_over(bytes);
    const bool is_string = arb_json_string(&json, &string);
    assert_int_equal(is_string, stop == '"');
    assert_true(!is_string || string.len == at);
    exact_free(bytes);
}

/* Of every length, so that whatever is done several bytes at a time meets each remainder. */
static void string_ends_at_its_first_quote_or_control_character(void **state)
{
    (void)state;
    for (size_t len = 0; len < 64; len++) {
        for (size_t at = 0; at <= len; at++) {
            expect_string_stops(len, at, '"');
            expect_string_stops(len, at, '\x1f');
            expect_string_stops(len, at, '\0');
        }
    }
}

/* -- limits --------------------------------------------------------------------------- */

/* `n` arrays and objects inside each other. */
static void nest(struct arb_text *text, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        arb_text_add(text, i % 3 == 0 ? "{\"a\":" : "[");
    }
    arb_text_add(text, "0");
    for (unsigned i = n; i-- > 0;) {
        arb_text_add(text, i % 3 == 0 ? "}" : "]");
    }
}

static int verdict_on_nesting(unsigned n)
{
    char buffer[DOCUMENT_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    nest(&text, n);
    return verdict(text.data);
}

static void nesting_is_limited_to_64(void **state)
{
    (void)state;
    assert_int_equal(ARB_JSON_DEPTH_MAX, 64);
    assert_int_equal(verdict_on_nesting(63), ARB_OK);
    assert_int_equal(verdict_on_nesting(64), ARB_OK);
    assert_int_equal(verdict_on_nesting(65), ARB_ELIMIT);
    assert_int_equal(verdict_on_nesting(500), ARB_ELIMIT);
}

static __attribute__((noinline)) struct arb_json json_over(const char *text)
{
    return arb_json_over((struct arb_bytes){ text, strlen(text) });
}

static void first_error_sticks(void **state)
{
    struct arb_json json = json_over("[99999999999999999999, 1, {\"a\": \"b\"}]");
    struct arb_bytes bytes = { NULL, 0 };
    uint64_t number = 0;
    int64_t value = 0;
    uint8_t digits = 0;
    bool truth = false;

    (void)state;
    arb_json_array(&json);
    arb_json_next(&json);
    assert_false(arb_json_u64(&json, &number));
    assert_int_equal(json.rc, ARB_ERANGE);
    assert_false(arb_json_array(&json) || arb_json_object(&json) || arb_json_next(&json));
    assert_false(arb_json_key(&json, &bytes) || arb_json_string(&json, &bytes));
    assert_false(arb_json_number(&json, &bytes) || arb_json_u64(&json, &number));
    assert_false(arb_json_decimal(&json, 8, &value, &digits) || arb_json_bool(&json, &truth));
    assert_false(arb_json_word(&json, "null") || arb_json_skip(&json) || arb_json_end(&json));
    assert_int_equal(json.rc, ARB_ERANGE);
}

static void literal_is_consumed_only_when_it_is_there(void **state)
{
    struct arb_json json = json_over("{\"channel\":1}");

    (void)state;
    assert_false(arb_json_literal(&json, "{\"chanmel\":", 11));
    assert_false(arb_json_literal(&json, "{\"channel\":1}!", 14));
    assert_true(arb_json_ok(&json));
    assert_true(arb_json_literal(&json, "{\"channel\":", 11));
    assert_int_equal(arb_json_peek(&json), '1');
}

static void bool_is_one_of_two_words(void **state)
{
    static const char *const wrong[] = { "1", "\"true\"", "tru", "True", "null", "" };
    bool truth = false;

    (void)state;
    struct arb_json json = json_over(" true");
    assert_true(arb_json_bool(&json, &truth) && truth);
    json = json_over("false");
    assert_true(arb_json_bool(&json, &truth) && !truth);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        json = json_over(wrong[i]);
        assert_false(arb_json_bool(&json, &truth));
    }
}

/* -- numbers -------------------------------------------------------------------------- */

struct u64_case {
    const char *text;
    int rc;
    uint64_t value;
};

static void expect_u64(const struct u64_case *c)
{
    const struct arb_bytes bytes = exact_copy(c->text, strlen(c->text));
    struct arb_json json = arb_json_over(bytes);
    uint64_t value = 0;
    const bool ok = arb_json_u64(&json, &value) && arb_json_end(&json);

    if (ok != (c->rc == ARB_OK) || json.rc != c->rc || (ok && value != c->value)) {
        fail_msg("%s: rc %d, value %llu", c->text, json.rc, (unsigned long long)value);
    }
    exact_free(bytes);
}

static void u64_is_read_bare_and_quoted_up_to_its_limit(void **state)
{
    static const struct u64_case cases[] = {
        { "0", ARB_OK, 0 },
        { "\"0\"", ARB_OK, 0 },
        { "18446744073709551615", ARB_OK, UINT64_MAX },
        { "\"18446744073709551615\"", ARB_OK, UINT64_MAX },
        { "18446744073709551616", ARB_ERANGE, 0 },
        { "\"18446744073709551616\"", ARB_ERANGE, 0 },
        { "18446744073709551620", ARB_ERANGE, 0 },
        { "99999999999999999999999999", ARB_ERANGE, 0 },
        { "", ARB_EPROTO, 0 },
        { "\"\"", ARB_EPROTO, 0 },
        { "\"", ARB_EPROTO, 0 },
        { "\"1", ARB_EPROTO, 0 },
        { "-1", ARB_EPROTO, 0 },
        { "\"-1\"", ARB_EPROTO, 0 },
        { "1.0", ARB_EPROTO, 0 },
        { "1e3", ARB_EPROTO, 0 },
        { "\"1.0\"", ARB_EPROTO, 0 },
        { "\" 1\"", ARB_EPROTO, 0 },
        { "\"1 \"", ARB_EPROTO, 0 },
        { "null", ARB_EPROTO, 0 },
        { "12a", ARB_EPROTO, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_u64(&cases[i]);
    }
}

static void u64_reads_what_printf_wrote(void **state)
{
    struct chance chance = chance_init(__func__, 15);

    (void)state;
    for (int i = 0; i < 20 * DOCUMENTS; i++) {
        const bool quoted = chance_below(&chance, 2) == 0;
        const uint64_t value = chance_next(&chance) >> chance_below(&chance, 64);
        char text[STRING_MAX];
        (void)snprintf(text, sizeof(text), quoted ? "\"%llu\"" : "%llu", (unsigned long long)value);
        expect_u64(&(struct u64_case){ .text = text, .rc = ARB_OK, .value = value });
    }
}

struct i64_case {
    const char *text;
    int rc;
    int64_t value;
};

static void i64_is_read_bare_and_quoted_up_to_its_limits(void **state)
{
    static const struct i64_case cases[] = {
        { "0", ARB_OK, 0 },
        { "-0", ARB_OK, 0 },
        { " \"-17\"", ARB_OK, -17 },
        { "9223372036854775807", ARB_OK, INT64_MAX },
        { "\"9223372036854775807\"", ARB_OK, INT64_MAX },
        { "-9223372036854775808", ARB_OK, INT64_MIN },
        { "\"-9223372036854775808\"", ARB_OK, INT64_MIN },
        { "9223372036854775808", ARB_ERANGE, 0 },
        { "-9223372036854775809", ARB_ERANGE, 0 },
        { "-99999999999999999999999", ARB_ERANGE, 0 },
        { "", ARB_EPROTO, 0 },
        { "-", ARB_EPROTO, 0 },
        { "\"-", ARB_EPROTO, 0 },
        { "\"-1", ARB_EPROTO, 0 },
        { "\"\"", ARB_EPROTO, 0 },
        { "--1", ARB_EPROTO, 0 },
        { "+1", ARB_EPROTO, 0 },
        { "-\"1\"", ARB_EPROTO, 0 },
        { "- 1", ARB_EPROTO, 0 },
        { "-1.0", ARB_EPROTO, 0 },
        { "\"1.0\"", ARB_EPROTO, 0 },
        { "1e3", ARB_EPROTO, 0 },
        { "true", ARB_EPROTO, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct arb_bytes bytes = exact_copy(cases[i].text, strlen(cases[i].text));
        struct arb_json json = arb_json_over(bytes);
        int64_t value = 0;
        const bool ok = arb_json_i64(&json, &value) && arb_json_end(&json);
        if (ok != (cases[i].rc == ARB_OK) || json.rc != cases[i].rc || value != cases[i].value) {
            fail_msg("%s: rc %d, value %lld", cases[i].text, json.rc, (long long)value);
        }
        exact_free(bytes);
    }
}

/* Reads the element of a one-element array, bare or quoted. */
static int read_decimal(const char *text, bool quoted, unsigned scale, int64_t *value,
                        uint8_t *digits)
{
    char buffer[STRING_MAX];
    const int len = snprintf(buffer, sizeof(buffer), quoted ? "[\"%s\"]" : "[%s]", text);
    const struct arb_bytes bytes = exact_copy(buffer, (size_t)len);
    struct arb_json json = arb_json_over(bytes);

    arb_json_array(&json);
    arb_json_next(&json);
    arb_json_decimal(&json, scale, value, digits);
    arb_json_next(&json);
    arb_json_end(&json);
    exact_free(bytes);
    return json.rc;
}

static void random_decimal(struct chance *chance, char text[STRING_MAX])
{
    const unsigned scale = chance_below(chance, ARB_SCALE_MAX + 1);
    const unsigned len = arb_decimal_write(chance_i64(chance), scale, scale, text);

    (void)snprintf(text + len, STRING_MAX - len, "%s%s",
                   scale > 0 && chance_below(chance, 3) == 0 ? "000" : "",
                   chance_below(chance, 4) == 0 ? "e-3" : "");
}

static void decimals_read_as_decimal_parse_reads_them(void **state)
{
    struct chance chance = chance_init(__func__, 14);
    char text[STRING_MAX];

    (void)state;
    for (int i = 0; i < 20 * DOCUMENTS; i++) {
        const unsigned scale = chance_below(&chance, ARB_SCALE_MAX + 1);
        const bool quoted = chance_below(&chance, 2) == 0;
        int64_t want = 0, value = 0;
        uint8_t want_digits = 0, digits = 0;
        random_decimal(&chance, text);
        const int rc =
            arb_decimal_parse((struct arb_bytes){ text, strlen(text) }, scale, &want, &want_digits);
        assert_int_equal(read_decimal(text, quoted, scale, &value, &digits), rc);
        if (rc == ARB_OK) {
            assert_true(value == want);
            assert_int_equal(digits, want_digits);
        }
    }
}

static void decimal_raises_the_digits_and_never_lowers_them(void **state)
{
    int64_t value = 0;
    uint8_t digits = 3;

    (void)state;
    assert_int_equal(read_decimal("1.5", false, 8, &value, &digits), ARB_OK);
    assert_int_equal(digits, 3);
    assert_int_equal(read_decimal("1.50000", true, 8, &value, &digits), ARB_OK);
    assert_int_equal(digits, 5);
    assert_int_equal(read_decimal("1e-07", false, 8, &value, &digits), ARB_OK);
    assert_int_equal(digits, 5);
}

static void decimal_that_is_negative_or_no_number_is_a_protocol_error(void **state)
{
    static const char *const texts[] = { "-1", "-0.0", "x", "", "1 1", "1..2" };
    int64_t value = 0;
    uint8_t digits = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_int_equal(read_decimal(texts[i], true, 8, &value, &digits), ARB_EPROTO);
        assert_int_equal(read_decimal(texts[i], false, 8, &value, &digits), ARB_EPROTO);
    }
    assert_int_equal(read_decimal("null", false, 8, &value, &digits), ARB_EPROTO);
    assert_int_equal(read_decimal("{}", false, 8, &value, &digits), ARB_EPROTO);
    assert_int_equal(read_decimal("1.", false, 8, &value, &digits), ARB_EPROTO); /* is not JSON */
    assert_int_equal(read_decimal("1.", true, 8, &value, &digits), ARB_OK);
    assert_int_equal(value, 100000000);
}

/* -- objects by table ------------------------------------------------------------------ */

/* One member of each type. */
struct members {
    struct arb_bytes text;
    uint64_t u64;
    int64_t i64;
    bool truth;
    struct arb_json any;
};

/* Reads an object and the end behind it; `seen` is written as it was returned. */
static int read_members(struct arb_json *json, struct members *to, uint32_t *seen)
{
    const struct arb_json_field fields[] = {
        { "text", ARB_JSON_TEXT, &to->text }, { "u64", ARB_JSON_U64, &to->u64 },
        { "i64", ARB_JSON_I64, &to->i64 },    { "truth", ARB_JSON_BOOL, &to->truth },
        { "any", ARB_JSON_ANY, &to->any },
    };
    *seen = arb_json_fields(json, fields, 5);
    arb_json_end(json);
    return json->rc;
}

static void members_come_in_any_order(void **state)
{
    struct arb_json json =
        json_over("{\"x\":[{}],\"any\": [1,{\"y\":2}] ,\"truth\":true,\"i64\":\"-3\","
                  "\"z\":null,\"u64\":\"7\",\"text\":\"BTC\"} ");
    struct members members = { .u64 = 0 };
    uint32_t seen = 0;
    uint64_t one = 0;

    (void)state;
    assert_int_equal(read_members(&json, &members, &seen), ARB_OK);
    assert_int_equal(seen, 31);
    assert_true(arb_bytes_are(members.text, "BTC") && members.u64 == 7 && members.i64 == -3);
    assert_true(members.truth);
    assert_true(arb_json_array(&members.any) && arb_json_next(&members.any));
    assert_true(arb_json_u64(&members.any, &one) && one == 1 && arb_json_next(&members.any));
    assert_true(arb_json_skip(&members.any) && !arb_json_next(&members.any));
    assert_true(arb_json_end(&members.any));
}

static void members_that_are_not_there_or_null_stay_as_they_are(void **state)
{
    struct arb_json json = json_over("{\"u64\":null,\"any\":null,\"text\":\"\"}");
    struct arb_json empty = json_over("{}");
    struct members members = { .u64 = 5, .i64 = 6 };
    uint32_t seen = 9;

    (void)state;
    assert_int_equal(read_members(&json, &members, &seen), ARB_OK);
    assert_int_equal(seen, 1);
    assert_true(members.u64 == 5 && members.i64 == 6 && members.text.len == 0);
    assert_int_equal(read_members(&empty, &members, &seen), ARB_OK);
    assert_int_equal(seen, 0);
}

static void member_that_comes_twice_is_the_last_one(void **state)
{
    struct arb_json json = json_over("{\"u64\":1,\"u64\":2}");
    struct members members = { .u64 = 5 };
    uint32_t seen = 0;

    (void)state;
    assert_int_equal(read_members(&json, &members, &seen), ARB_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(members.u64, 2);
}

static void members_of_another_type_are_errors(void **state)
{
    static const struct members_case {
        const char *text;
        int rc;
    } cases[] = {
        { "{\"text\":1}", ARB_EPROTO },
        { "{\"text\":{}}", ARB_EPROTO },
        { "{\"u64\":-1}", ARB_EPROTO },
        { "{\"u64\":\"x\"}", ARB_EPROTO },
        { "{\"u64\":18446744073709551616}", ARB_ERANGE },
        { "{\"i64\":[]}", ARB_EPROTO },
        { "{\"truth\":\"true\"}", ARB_EPROTO },
        { "{\"any\":nul}", ARB_EPROTO },
        { "{\"any\":[1}", ARB_EPROTO },
        { "{\"text\":\"BTC\",\"other\":}", ARB_EPROTO },
        { "[]", ARB_EPROTO },
        { "null", ARB_EPROTO },
        { "{\"u64\":1", ARB_EPROTO },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = json_over(cases[i].text);
        struct members members = { .u64 = 0 };
        uint32_t seen = 9;
        assert_int_equal(read_members(&json, &members, &seen), cases[i].rc);
        assert_int_equal(seen, 0);
    }
}

static void what_stood_before_an_error_was_read(void **state)
{
    struct arb_json json = json_over("{\"text\":\"BTC\",\"u64\":-1}");
    struct members members = { .u64 = 0 };
    uint32_t seen = 9;

    (void)state;
    assert_int_equal(read_members(&json, &members, &seen), ARB_EPROTO);
    assert_true(arb_bytes_are(members.text, "BTC"));
}

static void table_of_more_than_32_members_or_an_unknown_type_is_refused(void **state)
{
    struct arb_json_field fields[ARB_JSON_FIELDS_MAX + 1];
    struct arb_json json = json_over("{\"m\":1}"), other = json_over("{\"m\":1}");
    uint64_t value = 0;

    (void)state;
    for (unsigned i = 0; i <= ARB_JSON_FIELDS_MAX; i++) {
        fields[i] = (struct arb_json_field){ i == 31 ? "m" : "x", ARB_JSON_U64, &value };
    }
    assert_int_equal(arb_json_fields(&json, fields, ARB_JSON_FIELDS_MAX), UINT32_C(1) << 31);
    assert_int_equal(arb_json_fields(&other, fields, ARB_JSON_FIELDS_MAX + 1), 0);
    assert_int_equal(other.rc, ARB_EINVAL);
    other = json_over("{\"m\":1}");
    fields[31].type = 0;
    assert_int_equal(arb_json_fields(&other, fields, ARB_JSON_FIELDS_MAX), 0);
    assert_int_equal(other.rc, ARB_EINVAL);
}

/* -- levels --------------------------------------------------------------------------- */

typedef bool read_levels_fn(struct arb_json *json, struct arb_levels *out);

static bool read_objects(struct arb_json *json, struct arb_levels *out)
{
    return arb_json_level_objects(json, "price", "qty", out);
}

struct levels_case {
    const char *text;
    int rc;
    uint32_t n;
    struct arb_level last; /* when n > 0 */
};

/* Reads at scales 2 and 1 with room for LEVELS_MAX. */
static void expect_levels(const struct levels_case *c, read_levels_fn *read)
{
    struct arb_level levels[LEVELS_MAX];
    struct arb_levels out = { .levels = levels, .max = LEVELS_MAX, .px_scale = 2, .qty_scale = 1 };
    const struct arb_bytes bytes = exact_copy(c->text, strlen(c->text));
    struct arb_json json = arb_json_over(bytes);
    const bool ok = read(&json, &out) && arb_json_end(&json);

    exact_free(bytes);
    if (ok != (c->rc == ARB_OK) || json.rc != c->rc || (ok && out.n != c->n)) {
        fail_msg("%s: rc %d, %u levels", c->text, json.rc, out.n);
    }
    if (ok && c->n > 0) {
        assert_true(levels[c->n - 1].px == c->last.px && levels[c->n - 1].qty == c->last.qty);
    }
}

static void level_pairs_are_read_by_their_rules(void **state)
{
    static const struct levels_case cases[] = {
        { "[]", ARB_OK, 0, { 0, 0 } },
        { "[[1.25,3]]", ARB_OK, 1, { 125, 30 } },
        { "[[\"1.25\",\"0.0\"]]", ARB_OK, 1, { 125, 0 } },
        { " [ [ 1 , 2 ] , [ \"3\" , 4 ] ] ", ARB_OK, 2, { 300, 40 } },
        { "[[1,2,\"1618\",{\"a\":[]},null]]", ARB_OK, 1, { 100, 20 } },
        { "[[1,2],[3,4],[5,6]]", ARB_OK, 3, { 500, 60 } },
        { "[[1,2],[3,4],[5,6],[7,8]]", ARB_ELIMIT, 0, { 0, 0 } },
        { "[[]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[1,2]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1,\"qty\":2}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1,null]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[true,1]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[[1],2]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1,-2]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1.255,2]]", ARB_ERANGE, 0, { 0, 0 } },
        { "[[1,2.25]]", ARB_ERANGE, 0, { 0, 0 } },
        { "[[1,2,]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1,2]", ARB_EPROTO, 0, { 0, 0 } },
        { "{}", ARB_EPROTO, 0, { 0, 0 } },
        { "null", ARB_EPROTO, 0, { 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_levels(&cases[i], arb_json_level_pairs);
    }
}

static void level_objects_are_read_by_their_rules(void **state)
{
    static const struct levels_case cases[] = {
        { "[]", ARB_OK, 0, { 0, 0 } },
        { "[{\"price\":1.25,\"qty\":3}]", ARB_OK, 1, { 125, 30 } },
        { "[{\"qty\":\"3\",\"price\":\"1.25\"}]", ARB_OK, 1, { 125, 30 } },
        { "[{\"x\":[{}],\"price\":1,\"y\":null,\"qty\":2}]", ARB_OK, 1, { 100, 20 } },
        { "[{\"price\":1,\"qty\":2},{\"price\":1,\"qty\":2},{\"price\":3,\"qty\":4}]",
          ARB_OK,
          3,
          { 300, 40 } },
        { "[{\"price\":1,\"qty\":2},{\"price\":1,\"qty\":2},{\"price\":1,\"qty\":2},{}]",
          ARB_ELIMIT,
          0,
          { 0, 0 } },
        { "[{}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"qty\":1}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1,\"price\":2}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"Price\":1,\"qty\":2}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":null,\"qty\":2}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1,\"qty\":[2]}]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1,2]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[1]", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1.255,\"qty\":2}]", ARB_ERANGE, 0, { 0, 0 } },
        { "[{\"price\":1,\"qty\":2}", ARB_EPROTO, 0, { 0, 0 } },
        { "[{\"price\":1,\"qty\":2}]]", ARB_EPROTO, 0, { 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        expect_levels(&cases[i], read_objects);
    }
}

static void levels_append_and_note_the_most_digits(void **state)
{
    struct arb_level levels[LEVELS_MAX];
    struct arb_levels out = { .levels = levels, .max = LEVELS_MAX, .px_scale = 8, .qty_scale = 8 };
    struct arb_json json = json_over("[[1.250,3.5]]"), more = json_over("[[2.5,4.00]]");

    (void)state;
    assert_true(arb_json_level_pairs(&json, &out) && arb_json_level_pairs(&more, &out));
    assert_int_equal(out.n, 2);
    assert_int_equal(out.px_digits, 3);
    assert_int_equal(out.qty_digits, 2);
}

/* Asks that nobody means stand in real books; they do not spoil the rest. */
static void levels_too_high_for_the_scale_are_left_out(void **state)
{
    static const struct levels_case pairs[] = {
        { "[[1,2],[99999999999999999999,2]]", ARB_OK, 1, { 100, 20 } },
        { "[[\"92233720368547759\",2],[\"1\",2]]", ARB_OK, 1, { 100, 20 } },
        { "[[99999999999999999999,2]]", ARB_OK, 0, { 0, 0 } },
        { "[[1,2],[3,4],[99999999999999999999,2],[5,6]]", ARB_OK, 3, { 500, 60 } },
        { "[[-99999999999999999999,2]]", ARB_EPROTO, 0, { 0, 0 } },
        { "[[1,99999999999999999999]]", ARB_ERANGE, 0, { 0, 0 } },
        { "[[0.001,2]]", ARB_ERANGE, 0, { 0, 0 } },
        { "[[1e-2,2],[1e30,2]]", ARB_OK, 1, { 1, 20 } },
        { "[[1e-3,2]]", ARB_ERANGE, 0, { 0, 0 } }, /* too small is not too high */
        { "[[\"1e-30\",2]]", ARB_ERANGE, 0, { 0, 0 } },
    };
    static const struct levels_case object = {
        "[{\"price\":99999999999999999999,\"qty\":1},{\"qty\":2,\"price\":1}]",
        ARB_OK,
        1,
        { 100, 20 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        expect_levels(&pairs[i], arb_json_level_pairs);
    }
    expect_levels(&object, read_objects);
}

static void truncated_levels_are_never_read_past_their_end(void **state)
{
    static const char pairs[] = "[[1.25,\"3.5\",[{}]],[\"1\",2]]";
    static const char objects[] = "[{\"price\":1.25,\"x\":{\"y\":[]},\"qty\":\"3.5\"}]";
    char cut[STRING_MAX];

    (void)state;
    for (size_t len = 0; len < strlen(pairs); len++) {
        (void)snprintf(cut, sizeof(cut), "%.*s", (int)len, pairs);
        expect_levels(&(struct levels_case){ .text = cut, .rc = ARB_EPROTO }, arb_json_level_pairs);
    }
    for (size_t len = 0; len < strlen(objects); len++) {
        (void)snprintf(cut, sizeof(cut), "%.*s", (int)len, objects);
        expect_levels(&(struct levels_case){ .text = cut, .rc = ARB_EPROTO }, read_objects);
    }
}

static struct arb_json reader(const char *text)
{
    return arb_json_over(arb_bytes_of(text));
}

static void lead_is_found_wherever_it_stands(void **state)
{
    static const char *const texts[] = { "{\"s\":\"A\",\"n\":7}", "{\"n\":7,\"s\":\"A\"}",
                                         " { \"n\" : 7 , \"s\" : \"A\" } " };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct arb_json json = reader(texts[i]);
        struct arb_bytes lead = { NULL, 0 };
        uint64_t n = 0;
        const struct arb_json_field field = { "n", ARB_JSON_U64, &n };
        assert_true(arb_json_lead(&json, "s", &lead) && arb_bytes_are(lead, "A"));
        assert_int_equal(arb_json_members(&json, &field, 1), 1);
        assert_true(arb_json_end(&json));
        assert_int_equal(n, 7);
    }
    static const char *const none[] = { "{}", "{\"n\":7}", "{\"s\":1}", "[]", "{\"s\"", "" };
    for (size_t i = 0; i < 6; i++) {
        struct arb_json json = reader(none[i]);
        struct arb_bytes lead = { NULL, 0 };
        assert_false(arb_json_lead(&json, "s", &lead));
    }
}

static int sum(void *context, struct arb_json *json)
{
    uint64_t n = 0;

    if (!arb_json_u64(json, &n)) {
        return json->rc;
    }
    *(uint64_t *)context += n;
    return n == 9 ? ARB_ELATER : ARB_OK;
}

static void each_element_is_read_until_one_says_no(void **state)
{
    static const struct {
        const char *text;
        uint64_t total;
        int rc;
    } cases[] = { { "[]", 0, ARB_OK },           { "[1,2,3]", 6, ARB_OK },
                  { "[1,9,3]", 10, ARB_ELATER }, { "[1,true]", 1, ARB_EPROTO },
                  { "[1", 1, ARB_EPROTO },       { "{}", 0, ARB_EPROTO } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        uint64_t total = 0;
        assert_int_equal(arb_json_each(&json, sum, &total), cases[i].rc);
        assert_int_equal(total, cases[i].total);
    }
}

static void rest_is_skipped_to_the_end(void **state)
{
    struct arb_json json = reader("{\"a\":1,\"b\":[2],\"c\":{}}");
    struct arb_bytes key;
    uint64_t n = 0;

    (void)state;
    assert_true(arb_json_object(&json) && arb_json_key(&json, &key) && arb_json_u64(&json, &n));
    assert_true(arb_json_rest(&json));
    json = reader("{\"a\":1} x");
    assert_true(arb_json_object(&json));
    assert_false(arb_json_rest(&json));
}

static void a_time_that_is_none_reads_as_zero(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        int rc;
    } cases[] = {
        { "{\"t\":\"2026-08-01T02:54:53.266327Z\"}", 1785552893266327000, ARB_OK },
        { "{\"t\":\"2026-08-01T02:54:53Z\"}", 1785552893000000000, ARB_OK },
        { "{\"t\":\"soon\"}", 0, ARB_OK },
        { "{\"t\":\"\"}", 0, ARB_OK },
        { "{\"t\":\"2026-08-01T02:54:53.26632700000000000000000000Z\"}", 0, ARB_OK },
        { "{\"t\":17}", 0, ARB_EPROTO },
        { "{\"t\":\"2026-08-01T02:54:53", 0, ARB_EPROTO },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = reader(cases[i].text);
        int64_t ns = 17;
        const struct arb_json_field field = { "t", ARB_JSON_TIME, &ns };
        (void)arb_json_fields(&json, &field, 1);
        assert_int_equal(json.rc, cases[i].rc);
        assert_true(ns == cases[i].ns);
    }
}

static void prefix_is_cut_off(void **state)
{
    struct arb_bytes text = arb_bytes_of("order_book_btcusd");

    (void)state;
    assert_false(arb_bytes_cut(&text, "diff_"));
    assert_true(arb_bytes_cut(&text, "order_book_") && arb_bytes_are(text, "btcusd"));
    assert_false(arb_bytes_cut(&text, "btcusdt"));
    assert_true(arb_bytes_cut(&text, "btcusd") && text.len == 0);
}

static void texts_are_equal_in_length_and_bytes(void **state)
{
    const struct arb_bytes text = arb_bytes_of("btcusd"), none = { NULL, 0 };

    (void)state;
    assert_true(arb_bytes_equal(text, arb_bytes_of("btcusd")));
    assert_false(arb_bytes_equal(text, arb_bytes_of("btcusd_")));
    assert_false(arb_bytes_equal(text, arb_bytes_of("btceur")));
    assert_true(arb_bytes_equal(none, arb_bytes_of("")));
    assert_false(arb_bytes_equal(none, text));
    assert_true(arb_bytes_begin(text, "btc") && arb_bytes_begin(text, "btcusd"));
    assert_false(arb_bytes_begin(text, "btcusdt"));
    assert_false(arb_bytes_begin(text, "eth"));
    assert_false(arb_bytes_begin(none, "b"));
}

static void trouble_is_the_error_or_of_the_protocol(void **state)
{
    struct arb_json json = arb_json_over(arb_bytes_of("{}"));

    (void)state;
    assert_int_equal(arb_json_trouble(&json), ARB_EPROTO);
    (void)arb_json_fail(&json, ARB_ELIMIT);
    assert_int_equal(arb_json_trouble(&json), ARB_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lead_is_found_wherever_it_stands),
        cmocka_unit_test(each_element_is_read_until_one_says_no),
        cmocka_unit_test(rest_is_skipped_to_the_end),
        cmocka_unit_test(a_time_that_is_none_reads_as_zero),
        cmocka_unit_test(prefix_is_cut_off),
        cmocka_unit_test(texts_are_equal_in_length_and_bytes),
        cmocka_unit_test(trouble_is_the_error_or_of_the_protocol),
        cmocka_unit_test(valid_documents_read_as_cjson_reads_them),
        cmocka_unit_test(valid_documents_are_skipped_whole),
        cmocka_unit_test(damaged_document_is_accepted_only_if_cjson_accepts_it),
        cmocka_unit_test(no_truncation_of_a_document_is_accepted),
        cmocka_unit_test(text_behind_the_value_is_refused),
        cmocka_unit_test(numbers_follow_rfc_8259),
        cmocka_unit_test(punctuation_out_of_place_is_refused),
        cmocka_unit_test(control_characters_in_strings_are_refused),
        cmocka_unit_test(string_ends_at_its_first_quote_or_control_character),
        cmocka_unit_test(nesting_is_limited_to_64),
        cmocka_unit_test(first_error_sticks),
        cmocka_unit_test(literal_is_consumed_only_when_it_is_there),
        cmocka_unit_test(bool_is_one_of_two_words),
        cmocka_unit_test(u64_is_read_bare_and_quoted_up_to_its_limit),
        cmocka_unit_test(u64_reads_what_printf_wrote),
        cmocka_unit_test(i64_is_read_bare_and_quoted_up_to_its_limits),
        cmocka_unit_test(members_come_in_any_order),
        cmocka_unit_test(members_that_are_not_there_or_null_stay_as_they_are),
        cmocka_unit_test(member_that_comes_twice_is_the_last_one),
        cmocka_unit_test(members_of_another_type_are_errors),
        cmocka_unit_test(what_stood_before_an_error_was_read),
        cmocka_unit_test(table_of_more_than_32_members_or_an_unknown_type_is_refused),
        cmocka_unit_test(decimals_read_as_decimal_parse_reads_them),
        cmocka_unit_test(decimal_raises_the_digits_and_never_lowers_them),
        cmocka_unit_test(decimal_that_is_negative_or_no_number_is_a_protocol_error),
        cmocka_unit_test(level_pairs_are_read_by_their_rules),
        cmocka_unit_test(level_objects_are_read_by_their_rules),
        cmocka_unit_test(levels_append_and_note_the_most_digits),
        cmocka_unit_test(levels_too_high_for_the_scale_are_left_out),
        cmocka_unit_test(truncated_levels_are_never_read_past_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
