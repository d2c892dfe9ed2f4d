/* test_options.c - configured values into an instance, by the plugin's own table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/options.h"

struct instance {
    const char *url;
    const char *relay;
    int64_t count;
    int64_t depth;
    bool fast;
    int64_t wait_ms;
    int64_t fee_ppm;
    const char *mode;
};

static const struct arb_option table[] = {
    ARB_OPTION_STRING("url", struct instance, url, "wss://default", "Where to connect."),
    ARB_OPTION_STRING("relay", struct instance, relay, "", "Whom to ask on the way."),
    ARB_OPTION_INT("count", struct instance, count, NULL, 1, 9, "How many."),
    ARB_OPTION_INT_OF("depth", struct instance, depth, "25", "10|25|100", "Levels a side."),
    ARB_OPTION_BOOL("fast", struct instance, fast, "no", "Hurry."),
    ARB_OPTION_MS("wait", struct instance, wait_ms, "1.5s", 0, 60000, "How long to wait."),
    ARB_OPTION_PPM("fee", struct instance, fee_ppm, "0.26%", 0, 10000, "What it costs."),
    ARB_OPTION_ENUM("mode", struct instance, mode, "full", "full|diff", "Which feed to read."),
};

enum { N_OPTIONS = sizeof(table) / sizeof(table[0]) };

static struct arb_plugin plugin_with(const struct arb_option *options, uint32_t n_options)
{
    return (struct arb_plugin){ ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE), .name = "thing",
                                .instance_size = sizeof(struct instance), .options = options,
                                .n_options = n_options };
}

/* Applies entries to a zeroed instance and compares the problems. */
static struct instance apply(const struct config_entry *entries, const char *wanted)
{
    const struct arb_plugin desc = plugin_with(table, N_OPTIONS);
    struct instance instance = { .url = NULL };
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);
    struct problems problems = { .out = out, .path = "f" };

    assert_non_null(out);
    const int rc = options_apply(&desc, entries, "exchange:x", 3, &instance, &problems);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, wanted);
    assert_int_equal(rc, wanted[0] == '\0' ? ARB_OK : ARB_EINVAL);
    free(text);
    return instance;
}

static void fallbacks_fill_what_is_not_given(void **state)
{
    const struct config_entry count = { "count", "3", 4, NULL, NULL };
    const struct instance instance = apply(&count, "");

    (void)state;
    assert_string_equal(instance.url, "wss://default");
    assert_int_equal(instance.count, 3);
    assert_int_equal(instance.depth, 25);
    assert_false(instance.fast);
    assert_int_equal(instance.wait_ms, 1500);
    assert_int_equal(instance.fee_ppm, 2600);
    assert_string_equal(instance.mode, "full");
}

static void given_values_replace_fallbacks(void **state)
{
    struct config_entry e[] = {
        { "url", "wss://other", 4, &e[1], NULL }, { "count", "9", 5, &e[2], NULL },
        { "depth", "100", 6, &e[3], NULL },       { "fast", "yes", 7, &e[4], NULL },
        { "wait", "1m", 8, &e[5], NULL },         { "fee", "1bp", 9, &e[6], NULL },
        { "mode", "diff", 10, NULL, NULL },
    };
    const struct instance instance = apply(e, "");

    (void)state;
    assert_ptr_equal(instance.url, e[0].value); /* borrowed, as documented */
    assert_int_equal(instance.count, 9);
    assert_int_equal(instance.depth, 100);
    assert_true(instance.fast);
    assert_int_equal(instance.wait_ms, 60000);
    assert_int_equal(instance.fee_ppm, 100);
    assert_string_equal(instance.mode, "diff");
}

static void a_value_that_was_put_in_is_not_repeated(void **state)
{
    struct config_entry e[] = { { "depth", "geheim", 7, &e[1], "what ${D} gives" },
                                { "count", "3", 8, NULL, NULL } };

    (void)state;
    (void)apply(e, "f:7: [exchange:x] depth: what ${D} gives is not one of 10, 25, 100\n");
}

static void every_problem_has_its_line(void **state)
{
    struct config_entry e[] = {
        { "depht", "25", 4, &e[1], NULL },   { "taker_fe", "0.4%", 5, &e[2], NULL },
        { "whatever", "1", 6, &e[3], NULL }, { "depth", "26", 7, &e[4], NULL },
        { "wait", "61s", 8, &e[5], NULL },   { "fee", "-1bp", 9, &e[6], NULL },
        { "mode", "half", 10, &e[7], NULL }, { "fast", "2", 11, NULL, NULL },
    };
    const struct instance instance =
        apply(e, "f:4: [exchange:x] depht: unknown key; did you mean 'depth'?\n"
                 "f:5: [exchange:x] taker_fe: unknown key; did you mean 'taker_fee'?\n"
                 "f:6: [exchange:x] whatever: unknown key; `arbspot inspect` lists the options of "
                 "the plugin thing\n"
                 "f:7: [exchange:x] depth: '26' is not one of 10, 25, 100\n"
                 "f:8: [exchange:x] wait: '61s' is not a duration from 0 to 1m, such as 250ms, "
                 "5s or 2m\n"
                 "f:9: [exchange:x] fee: '-1bp' is not a share from 0 to 1%, such as 0.26%, "
                 "26bp or 2600ppm\n"
                 "f:10: [exchange:x] mode: 'half' is not one of full, diff\n"
                 "f:11: [exchange:x] fast: '2' is not yes or no\n"
                 "f:3: [exchange:x] count: missing; the plugin thing requires it: How many.\n");

    (void)state;
    assert_int_equal(instance.depth, 0); /* a bad value leaves the member alone */
}

static void plugin_without_options_takes_none(void **state)
{
    const struct arb_plugin desc = plugin_with(NULL, 0);
    const struct config_entry entry = { "depth", "25", 4, NULL, NULL };
    FILE *const nowhere = fopen("/dev/null", "w");
    struct problems problems = { .out = nowhere, .path = "f" };

    (void)state;
    assert_non_null(nowhere);
    assert_int_equal(options_check_table(&desc, NULL), ARB_OK);
    assert_int_equal(options_apply(&desc, NULL, "exchange:x", 3, NULL, &problems), ARB_OK);
    assert_int_equal(options_apply(&desc, &entry, "exchange:x", 3, NULL, &problems), ARB_EINVAL);
    assert_int_equal(fclose(nowhere), 0);
}

static void an_entry_without_a_value_is_neither_missing_nor_told(void **state)
{
    static const struct arb_option required = { .name = "url",
                                                .type = ARB_OPT_STRING,
                                                .help = "where" };
    const struct arb_plugin desc = plugin_with(&required, 1);
    const struct config_entry entry = { .key = "url", .line = 4 };
    const char *member = NULL;
    struct problems problems = { .out = stderr, .path = "f" };

    (void)state;
    assert_int_equal(options_apply(&desc, &entry, "exchange:x", 3, &member, &problems), ARB_EINVAL);
    assert_int_equal(problems.n, 0);
    assert_null(member);
}

static void table_is_printed_for_people(void **state)
{
    const struct arb_plugin desc = plugin_with(table, N_OPTIONS);
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    (void)state;
    assert_non_null(out);
    options_print(&desc, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "  url = wss://default\n"
                              "      text\n"
                              "      Where to connect.\n"
                              "  relay = (empty)\n"
                              "      text\n"
                              "      Whom to ask on the way.\n"
                              "  count = (required)\n"
                              "      whole number, 1..9\n"
                              "      How many.\n"
                              "  depth = 25\n"
                              "      whole number, 10|25|100\n"
                              "      Levels a side.\n"
                              "  fast = no\n"
                              "      yes or no\n"
                              "      Hurry.\n"
                              "  wait = 1.5s\n"
                              "      duration, 0..1m\n"
                              "      How long to wait.\n"
                              "  fee = 0.26%\n"
                              "      share, 0..1%\n"
                              "      What it costs.\n"
                              "  mode = full\n"
                              "      word, full|diff\n"
                              "      Which feed to read.\n");
    free(text);
}

static void good_table_passes(void **state)
{
    const struct arb_plugin desc = plugin_with(table, N_OPTIONS);

    (void)state;
    assert_int_equal(options_check_table(&desc, NULL), ARB_OK);
}

static void broken_tables_are_refused_with_a_reason(void **state)
{
    static const struct {
        struct arb_option option;
        const char *reason;
    } cases[] = {
        { ARB_OPTION_INT("Depth", struct instance, depth, "1", 0, 9, "h"),
          "its option number 1 has a bad name: 1 to 31 small letters, digits and '_' are allowed" },
        { ARB_OPTION_INT("taker_fee", struct instance, depth, "1", 0, 9, "h"),
          "its option 'taker_fee' is a key of the host itself: rename it" },
        { { .name = "a", .help = "h", .type = 7 }, "its option 'a' is of an unknown type" },
        { { .name = "a", .help = "h", .type = 0 }, "its option 'a' is of an unknown type" },
        { ARB_OPTION_INT("a", struct instance, depth, "1", 0, 9, NULL),
          "its option 'a' has no help" },
        { { .name = "a", .help = "h", .type = ARB_OPT_STRING, .offset = sizeof(struct instance) },
          "its option 'a' ends behind the instance: set .instance_size = sizeof() of the struct it "
          "is in" },
        { { .name = "a", .help = "h", .type = ARB_OPT_STRING, .offset = 4 },
          "its option 'a' has an offset where a member of its type cannot be: the macros of "
          "option.h compare the types" },
        { { .name = "a", .help = "h", .type = ARB_OPT_STRING, .offset = UINT32_MAX },
          "its option 'a' ends behind the instance: set .instance_size = sizeof() of the struct it "
          "is in" },
        { ARB_OPTION_INT("a", struct instance, depth, "1", 2, 1, "h"),
          "its option 'a' has a min above its max" },
        { ARB_OPTION_INT("a", struct instance, depth, "0", 1, 9, "h"),
          "its option 'a' has a fallback that its own limits refuse" },
        { ARB_OPTION_MS("a", struct instance, wait_ms, "1", 0, 9, "h"),
          "its option 'a' has a fallback that its own limits refuse" },
        { ARB_OPTION_ENUM("a", struct instance, mode, "x", NULL, "h"),
          "its option 'a' has no choices" },
        { ARB_OPTION_ENUM("a", struct instance, mode, "x", "y|z", "h"),
          "its option 'a' has a fallback that its own limits refuse" },
        { ARB_OPTION_ENUM("a", struct instance, mode, "x", "x||z", "h"),
          "its option 'a' has an empty or overlong choice" },
        { ARB_OPTION_INT_OF("a", struct instance, depth, "1", "1|two", "h"),
          "its option 'a' has a choice that is not a whole number" },
        { { .name = "a", .help = "h", .type = ARB_OPT_BOOL, .choices = "a|b" },
          "its option 'a' has choices, which only words and whole numbers have" },
        { { .name = "a", .help = "h", .type = ARB_OPT_STRING, .reserved = { 0, 1 } },
          "its option 'a' has reserved fields that are not zero" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct arb_plugin desc = plugin_with(&cases[i].option, 1);
        struct err err = { .rc = ARB_OK };
        assert_int_equal(options_check_table(&desc, &err), ARB_EINVAL);
        assert_string_equal(err.text, cases[i].reason);
    }
}

/* A flag of one byte, beside a number of eight. */
static int check_two(size_t number, size_t flag, struct err *err)
{
    const struct arb_option options[] = {
        { .name = "number",
          .help = "h",
          .type = ARB_OPT_INT,
          .max = 9,
          .offset = (uint32_t)number },
        { .name = "flag", .help = "h", .type = ARB_OPT_BOOL, .offset = (uint32_t)flag }
    };
    const struct arb_plugin desc = plugin_with(options, 2);

    *err = (struct err){ .rc = ARB_OK };
    return options_check_table(&desc, err);
}

static void two_options_do_not_share_a_byte(void **state)
{
    static const char shared[] = "its option 'flag' is stored where an option before it is: give "
                                 "each a member of its own type";
    struct err err;

    (void)state;
    assert_int_equal(check_two(8, 7, &err), ARB_OK);
    assert_int_equal(check_two(8, 8, &err), ARB_EINVAL);
    assert_string_equal(err.text, shared);
    assert_int_equal(check_two(8, 15, &err), ARB_EINVAL);
    assert_string_equal(err.text, shared);
    assert_int_equal(check_two(8, 16, &err), ARB_OK);
}

static void name_that_is_there_twice_is_refused(void **state)
{
    const struct arb_option options[] = { table[0], table[1], table[0] };
    const struct arb_plugin desc = plugin_with(options, 3);
    struct err err = { .rc = ARB_OK };

    (void)state;
    assert_int_equal(options_check_table(&desc, &err), ARB_EINVAL);
    assert_string_equal(err.text, "its option 'url' is there twice");
}

static void empty_text_has_its_fallback_and_a_word_its_region(void **state)
{
    static const struct arb_region regions[] = { { "a", "wss://a", "https://a" },
                                                 { "b", "wss://b", "https://b" } };

    (void)state;
    assert_string_equal(arb_option_or("", "theirs"), "theirs");
    assert_string_equal(arb_option_or("ours", "theirs"), "ours");
    assert_ptr_equal(arb_region_of(regions, "a"), &regions[0]);
    assert_ptr_equal(arb_region_of(regions, "b"), &regions[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_fill_what_is_not_given),
        cmocka_unit_test(given_values_replace_fallbacks),
        cmocka_unit_test(a_value_that_was_put_in_is_not_repeated),
        cmocka_unit_test(every_problem_has_its_line),
        cmocka_unit_test(plugin_without_options_takes_none),
        cmocka_unit_test(an_entry_without_a_value_is_neither_missing_nor_told),
        cmocka_unit_test(table_is_printed_for_people),
        cmocka_unit_test(good_table_passes),
        cmocka_unit_test(broken_tables_are_refused_with_a_reason),
        cmocka_unit_test(two_options_do_not_share_a_byte),
        cmocka_unit_test(name_that_is_there_twice_is_refused),
        cmocka_unit_test(empty_text_has_its_fallback_and_a_word_its_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
