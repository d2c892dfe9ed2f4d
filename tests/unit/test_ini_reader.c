/* test_ini_reader.c - sections and entries with their true lines, whatever the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "config/ini_reader.h"

/* What came of a text: the problems, then the sections as they were read. */
struct outcome {
    char *text;
    size_t len;
    unsigned n_problems;
};

static void print_sections(const struct ini_section *section, FILE *out)
{
    for (; section != NULL; section = section->next) {
        (void)fprintf(out, "%u [%s]\n", section->line, section->name);
        for (const struct ini_entry *e = section->entries; e != NULL; e = e->next) {
            (void)fprintf(out, "%u+%u %s='%s'%s\n", e->line, e->n_lines - 1, e->key, e->value,
                          e->is_refused ? " refused" : "");
        }
    }
}

static struct outcome read_bytes(const char *data, size_t len)
{
    struct outcome outcome = { .text = NULL };
    FILE *const out = open_memstream(&outcome.text, &outcome.len);
    struct problems problems = { .out = out, .path = "f" };
    struct pool *const pool = pool_create();
    struct ini_section *sections = NULL;

    assert_non_null(out);
    assert_non_null(pool);
    assert_int_equal(ini_reader_parse((struct arb_bytes){ .data = data, .len = len }, pool,
                                      &sections, &problems),
                     ARB_OK);
    print_sections(sections, out);
    outcome.n_problems = problems.n;
    (void)fclose(out);
    pool_destroy(pool);
    return outcome;
}

static void check(const char *data, size_t len, const char *wanted)
{
    const struct outcome outcome = read_bytes(data, len);
    assert_string_equal(outcome.text, wanted);
    free(outcome.text);
}

static void check_text(const char *text, const char *wanted)
{
    check(text, strlen(text), wanted);
}

static void entries_know_their_lines(void **state)
{
    (void)state;
    check_text("\n"
               "; comment\n"
               "[host]\n"
               "a = 1\n"
               "\n"
               "  b=two words  ; comment\n"
               "c = x;y#z\n"
               "d =\n"
               "[exchange:kraken] # comment\n"
               "e = a = b",
               "3 [host]\n"
               "4+0 a='1'\n"
               "6+0 b='two words'\n"
               "7+0 c='x;y#z'\n"
               "8+0 d=''\n"
               "9 [exchange:kraken]\n"
               "10+0 e='a = b'\n");
}

static void quotes_keep_blanks_and_comment_marks(void **state)
{
    (void)state;
    check_text("[s]\n"
               "a = \"#S3cret ; x \"\n"
               "  b=' ;\t''# ' \t; comment \"\n"
               "c = it's \"so\" ; comment\n"
               "d = \"\"\n"
               "e = \"x = [y]\"\t# comment\n"
               "f = '\"'\n"
               "g = x \"a ; comment\n"
               "; h = \"\n"
               "[exchange:x] ; = \"\n"
               "i = 1\n",
               "1 [s]\n"
               "2+0 a='\"#S3cret ; x \"'\n"
               "3+0 b='' ;\t''# ''\n"
               "4+0 c='it's \"so\"'\n"
               "5+0 d='\"\"'\n"
               "6+0 e='\"x = [y]\"'\n"
               "7+0 f=''\"''\n"
               "8+0 g='x \"a'\n"
               "10 [exchange:x]\n"
               "11+0 i='1'\n");
}

static void broken_quotes_are_refused_with_what_continues_them(void **state)
{
    (void)state;
    check_text("[s]\n"
               "a = \"open ; no comment\n"
               "  goes on\n"
               "b = 'it''\n"
               "c = \"two\" words\n"
               "d = \"x\";no comment\n"
               "e = \"ends\"\"\n"
               "f = 1\n",
               "f:2: [s] a: the quote that begins the value is not closed in its line\n"
               "f:4: [s] b: the quote that begins the value is not closed in its line\n"
               "f:5: [s] c: text behind the closing quote: a mark inside quotes is written twice\n"
               "f:6: [s] d: text behind the closing quote: a mark inside quotes is written twice\n"
               "f:7: [s] e: the quote that begins the value is not closed in its line\n"
               "1 [s]\n"
               "2+0 a='' refused\n"
               "4+0 b='' refused\n"
               "5+0 c='' refused\n"
               "6+0 d='' refused\n"
               "7+0 e='' refused\n"
               "8+0 f='1'\n");
    check_text("a = \"x\n"
               "[s]\n"
               "b c = \"x\n",
               "f:1: the quote that begins the value is not closed in its line\n"
               "f:3: [s]: the quote that begins the value is not closed in its line\n"
               "2 [s]\n");
}

static void a_comment_behind_a_value_is_known(void **state)
{
    const char text[] = "[s]\na = b #c\nb = \"b\" #c\nc = b#c\nd = b\n  c ;d\ne = 1\n";
    static const bool wanted[] = { true, false, false, true, false };
    struct problems problems = { .out = stderr, .path = "f" };
    struct pool *const pool = pool_create();
    struct ini_section *sections = NULL;
    size_t i = 0;

    (void)state;
    assert_int_equal(ini_reader_parse((struct arb_bytes){ .data = text, .len = sizeof(text) - 1 },
                                      pool, &sections, &problems),
                     ARB_OK);
    for (const struct ini_entry *e = sections->entries; e != NULL; e = e->next) {
        assert_int_equal(e->has_comment, wanted[i++]);
    }
    assert_int_equal(i, sizeof(wanted) / sizeof(*wanted));
    pool_destroy(pool);
}

static void long_quoted_values_arrive_whole(void **state)
{
    enum { N = 1000 };
    char text[N + 64], wanted[N + 64], inside[N + 1];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        inside[i] = " ;#\tab"[i % 6]; /* inih splits lines at 199 bytes and trims the pieces */
    }
    inside[N] = '\0';
    (void)snprintf(text, sizeof(text), "[s]\nk = \"%s\"\n", inside);
    (void)snprintf(wanted, sizeof(wanted), "1 [s]\n2+0 k='\"%s\"'\n", inside);
    check_text(text, wanted);
}

static void indented_line_continues_a_value(void **state)
{
    (void)state;
    check_text("[s]\n"
               "list = A/B, ; one\n"
               "\tC/D,\n"
               "\n"
               "  # comment\n"
               "  E/F\n"
               "list2 =\n"
               "  G/H\n"
               "  [::1]:1\n"
               "  [t]\n",
               "1 [s]\n"
               "2+2 list='A/B, C/D, E/F'\n"
               "7+2 list2='G/H [::1]:1'\n"
               "10 [t]\n");
}

static void crlf_and_bom_are_no_part_of_the_text(void **state)
{
    (void)state;
    check_text("\xEF\xBB\xBF[s]\r\na = 1\r\n", "1 [s]\n2+0 a='1'\n");
}

static void empty_text_has_no_sections(void **state)
{
    (void)state;
    check_text("", "");
    check_text("\n", "");
    check_text("\xEF\xBB\xBF", "");
    check_text("\xEF\xBB", "f:1: neither [section] nor key = value\n");
}

static void bad_lines_are_all_reported(void **state)
{
    (void)state;
    check_text("a = 1\n"
               "   continued\n"
               "[s]\n"
               "   nothing to continue\n"
               "just text\n"
               "   more of it\n"
               "url: wss://host\n"
               "wss://host = 1\n"
               "= 1\n"
               "[t\n"
               "x = 1\n"
               "[]\n"
               "[u] x\n"
               "[v]\n"
               "y = 2\n",
               "f:1: a key before any section: put a heading such as [host] above it\n"
               "f:4: [s]: an indented line without '=' continues the value above it, and there is "
               "none\n"
               "f:5: [s]: neither [section] nor key = value\n"
               "f:7: [s]: neither [section] nor key = value\n"
               "f:8: [s]: a key consists of letters, digits, '_', '-' and '.': write key = value\n"
               "f:9: [s]: a key consists of letters, digits, '_', '-' and '.': write key = value\n"
               "f:10: a section's heading ends with ']', like [host]\n"
               "f:12: a section's name has 1 to 48 bytes\n"
               "f:13: a section's heading ends with ']', like [host]\n"
               "3 [s]\n"
               "14 [v]\n"
               "15+0 y='2'\n");
}

static void control_bytes_are_refused(void **state)
{
    static const char text[] = "[s]\na = 1\0\nb = \x1b[0m\nc = 1\rd = 2\ne = \x7f\nf = \xC3\xA9\n";

    (void)state;
    check(text, sizeof(text) - 1,
          "f:2: [s]: a NUL byte: this is not a text file, or it is UTF-16; save it as UTF-8\n"
          "f:3: [s]: a control character: remove it\n"
          "f:4: [s]: a control character: remove it\n"
          "f:5: [s]: a control character: remove it\n"
          "1 [s]\n"
          "6+0 f='\xC3\xA9'\n");
}

/* `head`, then `n` times 'x', then `tail`. The caller frees it. */
static char *stretched(const char *head, size_t n, const char *tail)
{
    const size_t head_len = strlen(head), cap = head_len + n + strlen(tail) + 1;
    char *const text = malloc(cap);

    assert_non_null(text);
    memset(text, 'x', cap);
    memcpy(text, head, head_len);
    memcpy(text + head_len + n, tail, strlen(tail) + 1);
    return text;
}

static unsigned count_problems(const char *head, size_t n, const char *tail)
{
    char *const text = stretched(head, n, tail);
    const struct outcome outcome = read_bytes(text, strlen(text));

    free(outcome.text);
    free(text);
    return outcome.n_problems;
}

static void limits_refuse_one_more(void **state)
{
    (void)state;
    assert_int_equal(count_problems("[", INI_READER_SECTION_MAX, "]\na = 1\n"), 0);
    assert_int_equal(count_problems("[", INI_READER_SECTION_MAX + 1, "]\na = 1\n"), 1);
    assert_int_equal(count_problems("[s]\n", INI_READER_KEY_MAX, "=1\n"), 0);
    assert_int_equal(count_problems("[s]\n", INI_READER_KEY_MAX + 1, "=1\n"), 1);
    assert_int_equal(count_problems("[s]\na=", INI_READER_LINE_MAX - 2, "\n"), 0);
    assert_int_equal(count_problems("[s]\na=", INI_READER_LINE_MAX - 1, "\n"), 1);
}

static char *repeated(const char *head, const char *piece, size_t n)
{
    const size_t head_len = strlen(head), piece_len = strlen(piece);
    char *const text = malloc(head_len + piece_len * n + 1);

    assert_non_null(text);
    memcpy(text, head, head_len);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + head_len + i * piece_len, piece, piece_len);
    }
    text[head_len + n * piece_len] = '\0';
    return text;
}

static unsigned count_problems_repeated(const char *head, const char *piece, size_t n)
{
    char *const text = repeated(head, piece, n);
    const struct outcome outcome = read_bytes(text, strlen(text));

    free(outcome.text);
    free(text);
    return outcome.n_problems;
}

static void numbers_of_sections_and_keys_are_limited(void **state)
{
    (void)state;
    assert_int_equal(count_problems_repeated("", "[s]\n", INI_READER_SECTIONS_MAX), 0);
    assert_int_equal(count_problems_repeated("", "[s]\n", INI_READER_SECTIONS_MAX + 1), 1);
    assert_int_equal(count_problems_repeated("[s]\n", "a=1\n", INI_READER_ENTRIES_MAX), 0);
    assert_int_equal(count_problems_repeated("[s]\n", "a=1\n", INI_READER_ENTRIES_MAX + 1), 1);
}

static void value_over_many_lines_is_limited(void **state)
{
    enum { LINES = INI_READER_VALUE_MAX / 8 - 1 }; /* each adds eight with the joining blank */

    (void)state;
    assert_int_equal(count_problems_repeated("[s]\na = 12345678\n", " BTC/USD\n", LINES), 0);
    assert_int_equal(count_problems_repeated("[s]\na = 123456789\n", " BTC/USD\n", LINES), 1);
}

static void marks_that_cannot_be_split_are_refused(void **state)
{
    char *const text = repeated("[s]\na = x", "#", 1000);

    (void)state;
    check_text(text, "f:2: [s]: more than 100 of ';' and '#' in a row: shorten the value\n"
                     "1 [s]\n");
    free(text);
}

/* xorshift64: the same on every machine. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t first_seed(void)
{
    const char *const given = getenv("ARBSPOT_TEST_SEED");
    const uint64_t seed = given == NULL ? 20260101 : strtoull(given, NULL, 10);

    print_message("ARBSPOT_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed == 0 ? 1 : seed;
}

enum { FUZZ_ROUNDS = 3000, FUZZ_LEN_MAX = 700 };

/* Fills `out` with bytes that mean something to an INI reader, and a few that do not. */
static void fill(char *out, size_t len, uint64_t *seed)
{
    static const char alphabet[] = "[]=;#:\n\n\n\r \t \xEF\xBB\xBF\0\x01"
                                   "aaabbb,/";
    for (size_t i = 0; i < len; i++) {
        out[i] = alphabet[next_random(seed) % (sizeof(alphabet) - 1)];
    }
}

static void any_bytes_are_read_or_reported(void **state)
{
    uint64_t seed = first_seed();
    char data[FUZZ_LEN_MAX];

    (void)state;
    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        const size_t len = next_random(&seed) % sizeof(data);
        fill(data, len, &seed);
        const struct outcome outcome = read_bytes(data, len);
        free(outcome.text);
    }
}

/* A value that needs several pieces, without a comment in it and without blanks at its ends. */
static void fill_value(char *out, size_t len, uint64_t *seed)
{
    static const char alphabet[] = "abcdefgh[]=:;#,\"'\\    \t";

    for (size_t i = 0; i < len; i++) {
        out[i] = alphabet[next_random(seed) % (sizeof(alphabet) - 1)];
        if (i > 0 && (out[i - 1] == ' ' || out[i - 1] == '\t') && strchr(";#", out[i]) != NULL) {
            out[i] = 'x';
        }
    }
    out[0] = 'x';
    out[len - 1] = 'x';
}

static void long_values_come_through_unchanged(void **state)
{
    uint64_t seed = first_seed();
    char value[FUZZ_LEN_MAX], text[FUZZ_LEN_MAX + 32], wanted[FUZZ_LEN_MAX + 32];

    (void)state;
    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        const size_t len = 2 + next_random(&seed) % (sizeof(value) - 3);
        fill_value(value, len, &seed);
        value[len] = '\0';
        assert_true(snprintf(text, sizeof(text), "[s]\nkey = %s\n", value) > 0);
        assert_true(snprintf(wanted, sizeof(wanted), "1 [s]\n2+0 key='%s'\n", value) > 0);
        check_text(text, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_know_their_lines),
        cmocka_unit_test(quotes_keep_blanks_and_comment_marks),
        cmocka_unit_test(broken_quotes_are_refused_with_what_continues_them),
        cmocka_unit_test(a_comment_behind_a_value_is_known),
        cmocka_unit_test(long_quoted_values_arrive_whole),
        cmocka_unit_test(indented_line_continues_a_value),
        cmocka_unit_test(crlf_and_bom_are_no_part_of_the_text),
        cmocka_unit_test(empty_text_has_no_sections),
        cmocka_unit_test(bad_lines_are_all_reported),
        cmocka_unit_test(control_bytes_are_refused),
        cmocka_unit_test(limits_refuse_one_more),
        cmocka_unit_test(numbers_of_sections_and_keys_are_limited),
        cmocka_unit_test(value_over_many_lines_is_limited),
        cmocka_unit_test(marks_that_cannot_be_split_are_refused),
        cmocka_unit_test(any_bytes_are_read_or_reported),
        cmocka_unit_test(long_values_come_through_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
