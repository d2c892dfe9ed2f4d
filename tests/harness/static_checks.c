#include "static_checks.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "elf_symbols.h"
#include "plugin/options.h"

enum { LIST_MAX = 512 };

/* Memory, text and arithmetic: what a pure function may need. */
static const char *const allowed_imports[] = {
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "memchr",
    "memrchr",
    "memmem",
    "mempcpy",
    "bcmp",
    "strlen",
    "strnlen",
    "strcmp",
    "strncmp",
    "strcasecmp",
    "strncasecmp",
    "strchr",
    "strrchr",
    "strchrnul",
    "strstr",
    "strcasestr",
    "strspn",
    "strcspn",
    "strpbrk",
    "strsep",
    "strdup",
    "strndup",
    "strtol",
    "strtoul",
    "strtoll",
    "strtoull",
    "snprintf",
    "vsnprintf",
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "aligned_alloc",
    "free",
    "qsort",
    "bsearch",
    "tolower",
    "toupper",
    "isalnum",
    "isalpha",
    "isdigit",
    "isxdigit",
    "isspace",
    "isupper",
    "islower",
    "__ctype_b_loc",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "__stack_chk_fail",
    "__assert_fail",
    "abort",
    "libdeflate_crc32",
    "libdeflate_adler32",
};

/* The run-times of sanitizers. */
static const char *const allowed_prefixes[] = { "__asan_", "__ubsan_", "__tsan_", "__lsan_",
                                                "__sanitizer_" };

/* AddressSanitizer adds a symbol to each exported object to find duplicates. */
static const char odr_mark[] = "__odr_asan.";

/* Compares with the checked variant too: __memcpy_chk is memcpy. */
static bool is_function(const char *name, const char *function)
{
    const size_t len = strlen(function);

    if (strcmp(name, function) == 0) {
        return true;
    }
    return strncmp(name, "__", 2) == 0 && strncmp(name + 2, function, len) == 0 &&
           strcmp(name + 2 + len, "_chk") == 0;
}

static bool is_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof(allowed_imports) / sizeof(*allowed_imports); i++) {
        if (is_function(name, allowed_imports[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(allowed_prefixes) / sizeof(*allowed_prefixes); i++) {
        if (strncmp(name, allowed_prefixes[i], strlen(allowed_prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Symbols that should not be there. */
struct strangers {
    struct arb_text imports, exports;
    bool has_plugin;
};

static void look_at(void *context, const char *name, bool is_import)
{
    struct strangers *const strangers = context;

    if (is_import) {
        if (!is_allowed(name)) {
            arb_text_add(&strangers->imports, " %s", name);
        }
    } else if (strcmp(name, ARB_PLUGIN_SYMBOL) == 0) {
        strangers->has_plugin = true;
    } else if (strncmp(name, odr_mark, strlen(odr_mark)) != 0) {
        arb_text_add(&strangers->exports, " %s", name);
    }
}

static void check_symbols(struct report *report, const struct plugin *plugin)
{
    char imports[LIST_MAX], exports[LIST_MAX];
    struct err err = { .rc = ARB_OK };
    struct strangers strangers = { .imports = arb_text_over(imports, sizeof(imports)),
                                   .exports = arb_text_over(exports, sizeof(exports)) };

    if (elf_symbols(plugin->path, look_at, &strangers, &err) != ARB_OK) {
        report_fail(report, "symbols", "%s", err.text);
        return;
    }
    if (strangers.imports.len > 0) {
        report_fail(report, "imports",
                    "a plugin has no I/O, clock, thread or environment, but this one uses%s",
                    imports);
    } else {
        report_pass(report, "imports");
    }
    if (strangers.exports.len > 0 || !strangers.has_plugin) {
        report_fail(report, "exports", "%s must be the only symbol, make static:%s",
                    ARB_PLUGIN_SYMBOL, exports);
    } else {
        report_pass(report, "exports");
    }
}

void static_checks(struct report *report, const struct plugin *plugin)
{
    struct err err = { .rc = ARB_OK };

    if (options_check_table(&plugin->desc, &err) != ARB_OK) {
        report_fail(report, "options", "%s", err.text);
    } else {
        report_pass(report, "options");
    }
    check_symbols(report, plugin);
}
