#include "static_checks.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "elf_symbols.h"
#include "plugin/options.h"
#include "session/capabilities.h"
#include "watch.h"

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
    "__errno_location",
    "libdeflate_crc32",
    "libdeflate_adler32",
};

/*
 * The run-times of sanitizers, and that of C++: exceptions, operators new and delete, the types of
 * classes and the library's containers, strings and functions that throw. What is named after
 * streams, files, threads, clocks or the environment is not among them: see `cxx_parts`.
 */
static const char *const allowed_prefixes[] = { "__asan_",
                                                "__ubsan_",
                                                "__tsan_",
                                                "__lsan_",
                                                "__sanitizer_",
                                                "__cxa_",
                                                "__gxx_personality_",
                                                "_Unwind_",
                                                "__dynamic_cast",
                                                "_Znw",
                                                "_Zna",
                                                "_Zdl",
                                                "_Zda",
                                                "_ZTVN10__cxxabi",
                                                "_ZSt",
                                                "_ZNSt",
                                                "_ZNKSt",
                                                "_ZNSa",
                                                "_ZNKSa",
                                                "_ZNSs",
                                                "_ZNKSs",
                                                "_ZTISt",
                                                "_ZTVSt",
                                                "_ZTSSt",
                                                "_ZTINSt",
                                                "_ZTVNSt",
                                                "_ZTSNSt" };

/* Parts of mangled names of the C++ library that reach outside. */
static const char *const cxx_parts[] = {
    "stream",
    "filebuf",
    "filesystem",
    "thread",
    "chrono",
    "mutex",
    "condition_variable",
    "future",
    "random_device",
    "locale",
    "_ZSt4c",
    "ios_base",
    "atomic_wait",
    "async",
    "ZNSi",
    "ZNSo",
    "getenv",
    "system_category",
    "exit",
};

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

static bool has_allowed_prefix(const char *name)
{
    for (size_t i = 0; i < sizeof(cxx_parts) / sizeof(*cxx_parts); i++) {
        if (strncmp(name, "_Z", 2) == 0 && strstr(name, cxx_parts[i]) != NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(allowed_prefixes) / sizeof(*allowed_prefixes); i++) {
        if (strncmp(name, allowed_prefixes[i], strlen(allowed_prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof(allowed_imports) / sizeof(*allowed_imports); i++) {
        if (is_function(name, allowed_imports[i])) {
            return true;
        }
    }
    return has_allowed_prefix(name);
}

/* Its headers make copies of their own functions visible, whatever the flags of a plugin are. */
static bool is_of_cxx_library(const char *name)
{
    static const char *const spaces[] = {
        "_ZSt",   "_ZNSt",  "_ZNKSt", "_ZNSa",   "_ZNKSa",  "_ZNSs",   "_ZNKSs", "_ZN9__gnu_cxx",
        "_ZTISt", "_ZTVSt", "_ZTSSt", "_ZTINSt", "_ZTVNSt", "_ZTSNSt", "_ZGVNSt"
    };

    for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
        if (strncmp(name, spaces[i], strlen(spaces[i])) == 0) {
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
    } else if (strncmp(name, odr_mark, strlen(odr_mark)) != 0 && !is_of_cxx_library(name)) {
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
                    "a plugin has no I/O, clock, thread or environment, but this one uses%s: the "
                    "host gives it the time (host->now_ns, host->mono_ns) and its options",
                    imports);
    } else {
        report_pass(report, "imports");
    }
    if (strangers.exports.len > 0 || !strangers.has_plugin) {
        report_fail(report, "exports",
                    "%s must be the only exported symbol, make static or hidden:%s",
                    ARB_PLUGIN_SYMBOL, exports);
    } else {
        report_pass(report, "exports");
    }
}

/* Do the plan and the callbacks fit together, with default options? */
static void check_plan(struct report *report, const struct plugin *plugin)
{
    struct arb_plan plan;
    const char *rule = NULL;

    watch_check("plan");
    const int rc = capabilities_probe(plugin, NULL, &plan, &rule);
    if (rc == ARB_OK) {
        report_pass(report, "plan");
    } else if (rule != NULL) {
        report_fail(report, "plan", "init() broke the rule that %s", rule);
    } else if (rc == ARB_ENOTSUP) {
        report_skip(report, "plan", "an option has no default");
    } else {
        report_fail(report, "plan", "init() failed: %s", arb_rc_text(rc));
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
    if (plugin->desc.kind == ARB_KIND_EXCHANGE) {
        check_plan(report, plugin);
    }
}
