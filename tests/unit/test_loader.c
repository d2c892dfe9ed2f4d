/* test_loader.c - good plugins load, all others are refused with their reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <link.h>

#include <cmocka.h>

#include "plugin/abi_sizes.h"
#include "plugin/loader.h"
#include "plugin/options.h"
#include "plugin/plugins.h"
#include "plugin/trial.h"

#define FIXTURE(name_) ARBSPOT_FIXTURES "/" name_ ".so"

static void good_plugin_loads(void **state)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };

    (void)state;
    assert_int_equal(plugin_load(&plugin, FIXTURE("good"), ARB_KIND_EXCHANGE, &err), ARB_OK);
    assert_string_equal(err.text, "");
    assert_string_equal(plugin.desc.name, "fixture");
    assert_string_equal(plugin.desc.version, "1.2");
    assert_int_equal(plugin.path[0], '/');
    assert_non_null(plugin.exchange.fini);
    assert_null(plugin.exchange.on_timer);
    assert_null(plugin.strategy.on_market);
    assert_int_equal(options_check_table(&plugin.desc, &err), ARB_OK);
}

static void one_file_may_be_loaded_twice(void **state)
{
    struct plugin first, second;

    (void)state;
    assert_int_equal(plugin_load(&first, FIXTURE("good"), 0, NULL), ARB_OK);
    assert_int_equal(plugin_load(&second, FIXTURE("good"), 0, NULL), ARB_OK);
    assert_ptr_equal(first.desc.ops, second.desc.ops);
}

static void callbacks_behind_the_plugins_size_are_absent(void **state)
{
    struct plugin plugin;

    (void)state;
    assert_int_equal(plugin_load(&plugin, FIXTURE("least"), 0, NULL), ARB_OK);
    assert_non_null(plugin.exchange.on_message);
    assert_null(plugin.exchange.fini);
}

static void check_refusal(const char *path, uint32_t kind, int rc, const char *reason)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };
    char wanted[ERR_TEXT_MAX];

    assert_int_equal(plugin_load(&plugin, path, kind, &err), rc);
    assert_true(snprintf(wanted, sizeof(wanted), "%s: %s", path, reason) > 0);
    assert_string_equal(err.text, wanted);
}

static void bad_files_are_refused_with_their_reason(void **state)
{
    (void)state;
    check_refusal(FIXTURE("absent"), 0, ARB_EINVAL, "No such file or directory");
    check_refusal("/", 0, ARB_EINVAL, "not a file");
    check_refusal(ARBSPOT_ETC "/arbspot.ini", 0, ARB_EINVAL,
                  "is no shared object: it does not start as an ELF file");
    check_refusal("/dev/null", 0, ARB_EINVAL, "not a file");
    check_refusal(FIXTURE("not_a_plugin"), 0, ARB_EINVAL,
                  "exports no symbol arb_plugin: it is not an arbspot plugin, or lacks "
                  "ARB_PLUGIN_EXPORT");
    check_refusal(FIXTURE("too_small"), 0, ARB_EINVAL,
                  "its arb_plugin has only 4 bytes: it is not an arbspot plugin, or does not start "
                  "with ARB_PLUGIN_HEADER");
    check_refusal(FIXTURE("overlong"), 0, ARB_EINVAL,
                  "its arb_plugin has only 96 bytes: it is not an arbspot plugin, or does not "
                  "start with ARB_PLUGIN_HEADER");
    check_refusal(FIXTURE("bad_magic"), 0, ARB_EINVAL,
                  "its arb_plugin does not start with the magic number 0x31425241 but with "
                  "0x12345678: it is not an arbspot plugin, or does not start with "
                  "ARB_PLUGIN_HEADER");
    check_refusal(FIXTURE("missing_callback"), 0, ARB_EINVAL,
                  "lacks the callback ask(), which every plugin of kind exchange has: set .ask in "
                  "the table of callbacks");
    check_refusal(FIXTURE("short_callbacks"), 0, ARB_EINVAL,
                  "its callbacks claim a size of 24 bytes: set .size = sizeof(struct "
                  "arb_exchange_ops)");
    check_refusal(FIXTURE("good"), ARB_KIND_STRATEGY, ARB_EINVAL,
                  "is a plugin of kind exchange, but one of kind strategy is needed here: it "
                  "belongs in a section [exchange:NAME]");
    check_refusal(FIXTURE("exits_when_loaded"), 0, ARB_EINVAL,
                  "ends the process that loads it (it exits): the file is damaged, or its "
                  "constructors are at fault");
}

static void other_abi_is_refused_with_both_versions(void **state)
{
    (void)state;
    check_refusal(FIXTURE("older_major"), 0, ARB_ENOTSUP,
                  "was built for ABI 1.0, this host speaks 2.0: rebuild the plugin against this "
                  "host's SDK");
    check_refusal(FIXTURE("other_major"), 0, ARB_ENOTSUP,
                  "was built for ABI 3.0, this host speaks 2.0: rebuild the plugin against this "
                  "host's SDK");
    check_refusal(FIXTURE("newer_minor"), 0, ARB_ENOTSUP,
                  "was built for ABI 2.1, this host speaks 2.0: update the host, or rebuild the "
                  "plugin against this host's SDK");
}

static void plugin_in_cpp_loads(void **state)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };

    (void)state;
    (void)plugin_load(&plugin, FIXTURE("in_cpp"), ARB_KIND_EXCHANGE, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(options_check_table(&plugin.desc, &err), ARB_OK);
    assert_int_equal(plugin.desc.n_options, 1);
}

static void pointers_that_leave_the_plugin_are_not_followed(void **state)
{
    static const char beyond[] =
        "points outside the plugin, or is not terminated within 4096 bytes";
    char reason[200];

    (void)state;
    (void)snprintf(reason, sizeof(reason), "is damaged: its name %s", beyond);
    check_refusal(FIXTURE("name_nowhere"), 0, ARB_EINVAL, reason);
    (void)snprintf(reason, sizeof(reason), "is damaged: its description %s", beyond);
    check_refusal(FIXTURE("description_nowhere"), 0, ARB_EINVAL, reason);
    (void)snprintf(reason, sizeof(reason), "is damaged: its fee or one of its dates %s", beyond);
    check_refusal(FIXTURE("fee_nowhere"), 0, ARB_EINVAL, reason);
    (void)snprintf(reason, sizeof(reason), "is damaged: its table of callbacks %s", beyond);
    check_refusal(FIXTURE("callbacks_nowhere"), 0, ARB_EINVAL, reason);
    check_refusal(FIXTURE("options_nowhere"), 0, ARB_EINVAL,
                  "claims 2 options, which reach beyond the plugin: have ARB_PLUGIN_OPTIONS count "
                  "the table");
    check_refusal(FIXTURE("option_text_nowhere"), 0, ARB_EINVAL,
                  "is damaged: option 1 of the 2 it claims has a text outside the plugin, or not "
                  "terminated within 4096 bytes: have ARB_PLUGIN_OPTIONS count the table");
    check_refusal(FIXTURE("callback_is_data"), 0, ARB_EINVAL,
                  "is damaged: its callback ask() is no code of the plugin");
}

static void tables_of_options_that_claim_too_many_are_refused(void **state)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };

    (void)state;
    check_refusal(FIXTURE("many_options_too_many"), 0, ARB_EINVAL,
                  "claims 200 options, which reach beyond the plugin: have ARB_PLUGIN_OPTIONS "
                  "count the table");
    check_refusal(FIXTURE("countless_options"), 0, ARB_EINVAL,
                  "has 4294967295 options, at most 200 are allowed");
    check_refusal(FIXTURE("uncounted_options"), 0, ARB_EINVAL,
                  "names 0 options and a table: set both with ARB_PLUGIN_OPTIONS");
    check_refusal(FIXTURE("no_options_but_a_number"), 0, ARB_EINVAL,
                  "names 2 options and no table: set both with ARB_PLUGIN_OPTIONS");
    /* What stands behind the table is the compiler's choice, but it is no option. */
    if (plugin_load(&plugin, FIXTURE("some_options_too_many"), 0, &err) == ARB_OK) {
        assert_int_equal(options_check_table(&plugin.desc, &err), ARB_EINVAL);
    }
    assert_string_not_equal(err.text, "");
}

static void instance_smaller_than_its_options_is_refused(void **state)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };

    (void)state;
    assert_int_equal(plugin_load(&plugin, FIXTURE("small_instance"), 0, &err), ARB_OK);
    assert_int_equal(options_check_table(&plugin.desc, &err), ARB_EINVAL);
    assert_string_equal(err.text,
                        "its option 'mode' ends behind the instance: set .instance_size = "
                        "sizeof() of the struct it is in");
}

/* The bytes of a plugin that is good. */
struct image {
    char *data;
    size_t len;
};

static struct image read_image(const char *path)
{
    FILE *const in = fopen(path, "rb");
    struct image image = { .data = NULL };

    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    image.len = (size_t)ftell(in);
    rewind(in);
    image.data = malloc(image.len);
    assert_non_null(image.data);
    assert_int_equal(fread(image.data, 1, image.len, in), image.len);
    assert_int_equal(fclose(in), 0);
    return image;
}

static void write_image(const char *path, struct image image)
{
    FILE *const out = fopen(path, "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(image.data, 1, image.len, out), image.len);
    assert_int_equal(fclose(out), 0);
}

/* A file of its own each time: the dynamic linker knows files by their number. */
static const char *load_image(struct image image, struct err *err)
{
    char path[] = ARBSPOT_FIXTURES "/damaged-XXXXXX";
    struct plugin plugin;
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_image(path, image);
    *err = (struct err){ .rc = ARB_OK };
    (void)plugin_load(&plugin, path, 0, err);
    assert_int_equal(unlink(path), 0);
    return err->text;
}

static void check_cut(struct image whole, size_t len)
{
    struct err err;
    const char *const text = load_image((struct image){ .data = whole.data, .len = len }, &err);

    assert_int_equal(err.rc, ARB_EINVAL);
    assert_non_null(strstr(text, ": is cut short: "));
}

static void plugins_cut_short_are_refused(void **state)
{
    static const char *const paths[] = { FIXTURE("good"), FIXTURE("in_cpp"), ARBSPOT_CROSS_VENUE };
    enum { CUTS = 40 };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct image whole = read_image(paths[i]);
        for (size_t cut = 0; cut < CUTS; cut++) {
            check_cut(whole, whole.len * cut / CUTS);
        }
        check_cut(whole, whole.len - 1);
        free(whole.data);
    }
}

static void plugin_whose_end_is_blank_is_refused(void **state)
{
    const struct image image = read_image(FIXTURE("good"));
    struct err err;

    (void)state;
    memset(image.data + image.len / 4, 0, image.len - image.len / 4);
    assert_non_null(strstr(load_image(image, &err), ": ends the process that loads it ("));
    free(image.data);
}

static void files_for_other_machines_are_refused(void **state)
{
    const struct image image = read_image(FIXTURE("good"));
    ElfW(Ehdr) *const head = (ElfW(Ehdr) *)(void *)image.data;
    const ElfW(Ehdr) good = *head;
    struct err err;

    (void)state;
    head->e_machine = EM_S390;
    assert_non_null(strstr(load_image(image, &err), ": is made for another kind of machine"));
    *head = good;
    head->e_type = ET_EXEC;
    assert_non_null(strstr(load_image(image, &err), ": is no shared object: link it with -shared"));
    *head = good;
    head->e_phnum = 0;
    assert_non_null(strstr(load_image(image, &err), ": is damaged: it has 0 program headers"));
    *head = good;
    head->e_shoff = UINTPTR_MAX;
    assert_non_null(strstr(load_image(image, &err), ": is damaged: its headers name no possible"));
    free(image.data);
}

static int on_market(void *self, struct arb_host *host, const struct arb_market *market)
{
    (void)self;
    (void)host;
    (void)market;
    return ARB_OK;
}

static const struct arb_strategy_ops strategy_ops = { .size = sizeof(strategy_ops),
                                                      .on_market = on_market };

static struct arb_plugin good_strategy(void)
{
    return (struct arb_plugin){ ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
                                .name = "s",
                                .version = "1",
                                .description = "d",
                                .instance_size = 8,
                                .ops = &strategy_ops };
}

static void check_descriptor(const struct arb_plugin *desc, const char *reason)
{
    struct plugin plugin;
    struct err err = { .rc = ARB_OK };

    assert_int_equal(plugin_accept(&plugin, desc, 0, &err),
                     reason[0] == '\0' ? ARB_OK : ARB_EINVAL);
    assert_string_equal(err.text, reason);
}

static void strategy_needs_only_on_market(void **state)
{
    const struct arb_plugin desc = good_strategy();

    (void)state;
    check_descriptor(&desc, "");
}

static void older_descriptor_is_filled_with_zeros(void **state)
{
    struct arb_plugin desc = good_strategy();

    (void)state;
    desc.n_options = 1; /* is behind the size, so it is not read */
    desc.size = ABI_LEAST_PLUGIN;
    check_descriptor(&desc, "");
}

static void longer_descriptor_is_cut(void **state)
{
    struct {
        struct arb_plugin known;
        uint64_t more[4];
    } desc = { .known = good_strategy(), .more = { 1, 2, 3, 4 } };

    (void)state;
    desc.known.size = sizeof(desc);
    check_descriptor(&desc.known, "");
}

static void insane_sizes_are_refused(void **state)
{
    static const uint32_t sizes[] = {
        0, 8, 16, 63, ABI_LEAST_PLUGIN - 8, ABI_LEAST_PLUGIN + 1, PLUGIN_STRUCT_MAX + 8, UINT32_MAX
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct arb_plugin desc = good_strategy();
        char reason[200];
        desc.size = sizes[i];
        assert_true(snprintf(reason, sizeof(reason),
                             "its descriptor claims a size of %u bytes: start it with "
                             "ARB_PLUGIN_HEADER",
                             sizes[i]) > 0);
        check_descriptor(&desc, reason);
    }
}

static void insane_sizes_of_callbacks_are_refused(void **state)
{
    static const uint32_t sizes[] = {
        0,         4, ABI_LEAST_STRATEGY_OPS - 8, ABI_LEAST_STRATEGY_OPS + 1, PLUGIN_STRUCT_MAX + 8,
        UINT32_MAX
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct arb_strategy_ops ops = { .size = sizes[i], .on_market = on_market };
        struct arb_plugin desc = good_strategy();
        char reason[200];
        desc.ops = &ops;
        assert_true(snprintf(reason, sizeof(reason),
                             "its callbacks claim a size of %u bytes: set .size = sizeof(struct "
                             "arb_strategy_ops)",
                             sizes[i]) > 0);
        check_descriptor(&desc, reason);
    }
}

static void incomplete_descriptors_are_refused(void **state)
{
    static const struct arb_strategy_ops empty = { .size = sizeof(empty) };
    struct arb_plugin desc = good_strategy();

    (void)state;
    desc.kind = 3;
    check_descriptor(&desc, "is of kind 3, which this host does not know: start its descriptor "
                            "with ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE)");
    desc = good_strategy();
    desc.version = NULL;
    check_descriptor(&desc, "has no version: set .version");
    desc = good_strategy();
    desc.description = "";
    check_descriptor(&desc, "has no description: set .description");
    desc = good_strategy();
    desc.ops = NULL;
    check_descriptor(&desc, "has no callbacks: set .ops");
    desc.ops = &empty;
    check_descriptor(&desc,
                     "lacks the callback on_market(), which every plugin of kind strategy has: set "
                     ".on_market in the table of callbacks");
}

/* A descriptor that says this of fee and dates; NULL: nothing. */
static void check_facts(const char *fee, const char *fee_date, const char *facts_date,
                        const char *reason)
{
    struct arb_plugin desc = good_strategy();

    desc.taker_fee = fee;
    desc.taker_fee_date = fee_date;
    desc.facts_date = facts_date;
    check_descriptor(&desc, reason);
}

static void fee_and_dates_are_what_they_look_like(void **state)
{
    static const char *const bad_fees[] = { "", "0.4", "11%", "-11%", "0.4 %x", "free" };
    static const char *const bad_dates[] = { "",        "2026",       "2026-00",     "2026-13",
                                             "2026-8",  "2026-08-",   "2026-08-00",  "2026-08-32",
                                             "2026/08", "2026-08-1x", "2026-08-311", "20260-08" };

    (void)state;
    check_facts("0.40%", "2026-01", "2026-12", "");
    check_facts("-10%", "2026-08-01", "2026-08-31", "");
    check_facts(NULL, NULL, "2026-08-31", "");
    for (size_t i = 0; i < sizeof(bad_fees) / sizeof(bad_fees[0]); i++) {
        check_facts(bad_fees[i], "2026-08", NULL,
                    "its taker_fee is no share such as 0.26% or 26bp");
    }
    for (size_t i = 0; i < sizeof(bad_dates) / sizeof(bad_dates[0]); i++) {
        check_facts("10bp", bad_dates[i], NULL,
                    "its taker_fee_date is no date such as 2026-08-31 or 2026-08");
        check_facts(NULL, NULL, bad_dates[i],
                    "its facts_date is no date such as 2026-08-31 or 2026-08");
    }
}

static void fee_and_its_date_come_together(void **state)
{
    static const char reason[] = "has one of .taker_fee and .taker_fee_date: a fee without its "
                                 "date, or a date without a fee, helps nobody";

    (void)state;
    check_facts("10bp", NULL, NULL, reason);
    check_facts(NULL, "2026-08", NULL, reason);
}

static void names_are_short_and_plain(void **state)
{
    static const char *const bad[] = {
        NULL, "", "Kraken", "a-b", "a b", "a/b", "abcdefghijklmnopqrstuvwxyz012345"
    };
    struct arb_plugin desc = good_strategy();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        desc.name = bad[i];
        check_descriptor(&desc, "its name is not 1 to 31 small letters, digits and '_'");
    }
    desc.name = "abcdefghijklmnopqrstuvwxyz01_34";
    check_descriptor(&desc, "");
}

static void instance_size_is_limited(void **state)
{
    struct arb_plugin desc = good_strategy();

    (void)state;
    desc.instance_size = 0;
    check_descriptor(&desc, "asks for an instance of 0 bytes: set .instance_size to 1 to 67108864");
    desc.instance_size = PLUGIN_INSTANCE_MAX;
    check_descriptor(&desc, "");
    desc.instance_size = (size_t)PLUGIN_INSTANCE_MAX + 1;
    check_descriptor(&desc,
                     "asks for an instance of 67108865 bytes: set .instance_size to 1 to 67108864");
}

static void names_are_searched_in_order(void **state)
{
    static const char *const dirs[] = { "/nonexistent", ARBSPOT_FIXTURES, NULL };
    char path[PLUGIN_PATH_MAX];
    struct err err = { .rc = ARB_OK };

    (void)state;
    assert_int_equal(plugin_find("good", dirs, path, sizeof(path), &err), ARB_OK);
    assert_string_equal(path, FIXTURE("good"));
    assert_int_equal(plugin_find("./x/y.so", dirs, path, sizeof(path), &err), ARB_OK);
    assert_string_equal(path, "./x/y.so");
    assert_int_equal(plugin_find("krakn", dirs, path, sizeof(path), &err), ARB_EINVAL);
    assert_string_equal(err.text, "there is no krakn.so in /nonexistent, " ARBSPOT_FIXTURES);
    const char *const endless[] = { "/proc/self/fd/nowhere", "endless", NULL };
    (void)unlink("endless");
    assert_int_equal(symlink("endless", "endless"), 0);
    assert_int_equal(plugin_find("good", endless, path, sizeof(path), &err), ARB_EINVAL);
    assert_string_equal(err.text, "good.so cannot be looked for in endless: "
                                  "Too many levels of symbolic links");
    assert_int_equal(unlink("endless"), 0);
    assert_int_equal(plugin_find("./x/y.so", dirs, path, 8, &err), ARB_ELIMIT);
}

static void all_plugins_of_a_configuration_are_tried(void **state)
{
    struct config_entry bad = { "depth", "26", 11, NULL, NULL };
    struct exchange_config exchanges[] = {
        { .name = "one", .enabled = true, .plugin = "good", .line = 10, .options = &bad },
        { .name = "two", .enabled = false, .plugin = "absent", .line = 20 },
        { .name = "three", .enabled = true, .plugin = "broken_options", .line = 30 },
    };
    struct strategy_config strategies[] = {
        { .name = "s", .enabled = true, .plugin = "good", .line = 40, .plugin_line = 41 },
    };
    const struct config config = { .host = { .plugin_dir = ARBSPOT_FIXTURES },
                                   .exchanges = exchanges,
                                   .strategies = strategies,
                                   .n_exchanges = 3,
                                   .n_strategies = 1 };
    struct plugins plugins;
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);
    struct problems problems = { .out = out, .path = "f" };

    (void)state;
    assert_non_null(out);
    assert_int_equal(plugins_load(&config, &plugins, &problems), ARB_EINVAL);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text,
                        "f:11: [exchange:one] depth: '26' is not one of 10, 25, 100\n"
                        "f:30: [exchange:three] plugin: " FIXTURE(
                            "broken_options") ": its option 'depth' "
                                              "has a fallback that its own limits refuse\n"
                                              "f:41: [strategy:s] plugin: " FIXTURE(
                                                  "good") ": is a plugin of kind exchange, but "
                                                          "one of kind strategy is needed here: it "
                                                          "belongs in a section [exchange:NAME]\n");
    assert_string_equal(plugins.exchanges[0].desc.name, "fixture");
    assert_null(plugins.exchanges[1].handle);
    plugins_fini(&plugins);
    free(text);
}

/* -- trial --------------------------------------------------------------------------------- */

static void sleep_a_little(void *context, int fd)
{
    const struct timespec pause = { .tv_sec = 1, .tv_nsec = 100000000 };

    (void)context, (void)fd;
    (void)nanosleep(&pause, NULL); /* shorter is fine */
}

static void loop(void *context, int fd)
{
    (void)context, (void)fd;
    for (volatile int i = 0;; i = 1 - i) {
    }
}

static bool is_late(trial_act *act, struct trial_limit limit)
{
    static struct trial trial;

    assert_int_equal(trial_call(&trial, act, NULL, limit), ARB_OK);
    return trial.is_late;
}

/* Time in which others had the machine does not count, up to a limit of its own. */
static void trial_is_judged_by_the_time_that_it_worked(void **state)
{
    (void)state;
    assert_false(is_late(sleep_a_little, (struct trial_limit){ .cpu_s = 1, .wall_s = 60 }));
    assert_true(is_late(sleep_a_little, (struct trial_limit){ .cpu_s = 60, .wall_s = 0 }));
    assert_true(is_late(loop, (struct trial_limit){ .cpu_s = 1, .wall_s = 60 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_plugin_loads),
        cmocka_unit_test(one_file_may_be_loaded_twice),
        cmocka_unit_test(callbacks_behind_the_plugins_size_are_absent),
        cmocka_unit_test(bad_files_are_refused_with_their_reason),
        cmocka_unit_test(other_abi_is_refused_with_both_versions),
        cmocka_unit_test(plugin_in_cpp_loads),
        cmocka_unit_test(pointers_that_leave_the_plugin_are_not_followed),
        cmocka_unit_test(tables_of_options_that_claim_too_many_are_refused),
        cmocka_unit_test(instance_smaller_than_its_options_is_refused),
        cmocka_unit_test(plugins_cut_short_are_refused),
        cmocka_unit_test(plugin_whose_end_is_blank_is_refused),
        cmocka_unit_test(files_for_other_machines_are_refused),
        cmocka_unit_test(strategy_needs_only_on_market),
        cmocka_unit_test(older_descriptor_is_filled_with_zeros),
        cmocka_unit_test(longer_descriptor_is_cut),
        cmocka_unit_test(insane_sizes_are_refused),
        cmocka_unit_test(insane_sizes_of_callbacks_are_refused),
        cmocka_unit_test(incomplete_descriptors_are_refused),
        cmocka_unit_test(fee_and_dates_are_what_they_look_like),
        cmocka_unit_test(fee_and_its_date_come_together),
        cmocka_unit_test(names_are_short_and_plain),
        cmocka_unit_test(instance_size_is_limited),
        cmocka_unit_test(names_are_searched_in_order),
        cmocka_unit_test(all_plugins_of_a_configuration_are_tried),
        cmocka_unit_test(trial_is_judged_by_the_time_that_it_worked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
