#include "plugin/options.h"

#include <stdalign.h>
#include <string.h>

#include "config/config_keys.h"
#include "util/harmless.h"

enum {
    TEXT_MAX = 256, /* of a description in a message */
    SHOWN_MAX = 60, /* bytes of a bad value that are repeated in a message */
};

/* Where the table ends. */
static const struct arb_option *options_end(const struct arb_plugin *desc)
{
    return desc->n_options == 0 ? desc->options : desc->options + desc->n_options;
}

static struct value_rule rule_of(const struct arb_option *option)
{
    return (struct value_rule){
        .type = option->type, .min = option->min, .max = option->max, .choices = option->choices
    };
}

struct member {
    size_t size, align;
};

static struct member member_of(uint32_t type)
{
    switch (type) {
    case ARB_OPT_BOOL:
        return (struct member){ sizeof(bool), alignof(bool) };
    case ARB_OPT_STRING:
    case ARB_OPT_ENUM:
        return (struct member){ sizeof(const char *), alignof(const char *) };
    default:
        return (struct member){ sizeof(int64_t), alignof(int64_t) };
    }
}

/* What is wrong with the choices of an option, or NULL. */
static const char *bad_choices(const struct arb_option *option)
{
    const struct value_rule any = { .type = ARB_OPT_INT, .min = INT64_MIN, .max = INT64_MAX };
    const char *choices = option->choices;
    struct arb_bytes word;
    struct value value;
    char text[TEXT_MAX];

    if (choices == NULL) {
        return option->type == ARB_OPT_ENUM ? "has no choices" : NULL;
    }
    if (option->type != ARB_OPT_ENUM && option->type != ARB_OPT_INT) {
        return "has choices, which only words and whole numbers have";
    }
    while (value_next_choice(&choices, &word)) {
        if (word.len == 0 || word.len >= sizeof(text)) {
            return "has an empty or overlong choice";
        }
        memcpy(text, word.data, word.len);
        text[word.len] = '\0';
        if (option->type == ARB_OPT_INT && value_read(&any, text, &value) != ARB_OK) {
            return "has a choice that is not a whole number";
        }
    }
    return NULL;
}

static bool is_good_name(const char *name)
{
    return name != NULL && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0' &&
           name[0] != '\0' && strlen(name) < PLUGIN_NAME_MAX;
}

static bool is_host_key(uint32_t kind, const char *name)
{
    const char *names[CONFIG_KEYS_MAX];
    const unsigned n = config_host_keys(plugin_kind_name(kind), names, CONFIG_KEYS_MAX);

    for (unsigned i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_first(const struct arb_option *options, const struct arb_option *option)
{
    while (strcmp(options->name, option->name) != 0) {
        options++;
    }
    return options == option;
}

static bool is_range_empty(const struct arb_option *option)
{
    const bool is_number =
        option->type == ARB_OPT_INT || option->type == ARB_OPT_MS || option->type == ARB_OPT_PPM;
    return is_number && option->min > option->max;
}

static bool is_reserved_zero(const struct arb_option *option)
{
    return option->reserved[0] == 0 && option->reserved[1] == 0;
}

static bool is_fallback_good(const struct arb_option *option)
{
    const struct value_rule rule = rule_of(option);
    struct value value;

    return option->fallback == NULL || value_read(&rule, option->fallback, &value) == ARB_OK;
}

static bool is_inside(const struct arb_plugin *desc, const struct arb_option *option)
{
    return (size_t)option->offset + member_of(option->type).size <= desc->instance_size;
}

static bool shares_bytes(const struct arb_option *a, const struct arb_option *b)
{
    const uint64_t a_begin = a->offset, b_begin = b->offset;

    return a_begin < b_begin + member_of(b->type).size &&
           b_begin < a_begin + member_of(a->type).size;
}

/* Is it stored where one before it is? Then the last of the two values is both. */
static bool is_shared(const struct arb_option *options, const struct arb_option *option)
{
    while (options != option && !shares_bytes(options, option)) {
        options++;
    }
    return options != option;
}

/* What is wrong with one option, or NULL. Its name is good. */
static const char *bad_option(const struct arb_plugin *desc, const struct arb_option *option)
{
    if (!is_first(desc->options, option)) {
        return "is there twice";
    }
    if (is_host_key(desc->kind, option->name)) {
        return "is a key of the host itself: rename it";
    }
    if (value_type_name(option->type) == NULL || option->type > ARB_OPT_ENUM) {
        return "is of an unknown type";
    }
    if (option->help == NULL || option->help[0] == '\0') {
        return "has no help";
    }
    if (!is_inside(desc, option)) {
        return "ends behind the instance: set .instance_size = sizeof() of the struct it is in";
    }
    if (option->offset % member_of(option->type).align != 0) {
        return "has an offset where a member of its type cannot be: the macros of option.h compare "
               "the types";
    }
    if (is_shared(desc->options, option)) {
        return "is stored where an option before it is: give each a member of its own type";
    }
    if (is_range_empty(option)) {
        return "has a min above its max";
    }
    const char *const bad = bad_choices(option);
    if (bad != NULL) {
        return bad;
    }
    if (!is_fallback_good(option)) {
        return "has a fallback that its own limits refuse";
    }
    return is_reserved_zero(option) ? NULL : "has reserved fields that are not zero";
}

int options_check_table(const struct arb_plugin *desc, struct err *err)
{
    unsigned n = 0;

    for (const struct arb_option *o = desc->options; o != options_end(desc); o++) {
        n++;
        if (!is_good_name(o->name)) {
            return err_set(err, ARB_EINVAL,
                           "its option number %u has a bad name: 1 to %d small letters, digits "
                           "and '_' are allowed",
                           n, (int)PLUGIN_NAME_MAX - 1);
        }
        const char *const bad = bad_option(desc, o);
        if (bad != NULL) {
            return err_set(err, ARB_EINVAL, "its option '%s' %s", o->name, bad);
        }
    }
    return ARB_OK;
}

/* What options_apply() needs at every step. */
struct applying {
    const struct arb_plugin *desc;
    const struct config_entry *entries;
    const char *section;
    unsigned section_line;
    void *self;
    struct problems *problems;
};

static void store(const struct arb_option *option, const struct value *value, void *self)
{
    char *const member = (char *)self + option->offset;

    switch (option->type) {
    case ARB_OPT_BOOL:
        memcpy(member, &value->flag, sizeof(value->flag));
        break;
    case ARB_OPT_STRING:
    case ARB_OPT_ENUM:
        memcpy(member, &value->text, sizeof(value->text));
        break;
    default:
        memcpy(member, &value->number, sizeof(value->number));
        break;
    }
}

static const struct config_entry *find_entry(const struct config_entry *entry, const char *name)
{
    while (entry != NULL && strcmp(entry->key, name) != 0) {
        entry = entry->next;
    }
    return entry;
}

static void apply_entry(const struct applying *a, const struct arb_option *option,
                        const struct config_entry *entry)
{
    const struct value_rule rule = rule_of(option);
    struct value value = { .number = 0 };
    char data[TEXT_MAX];
    struct arb_text wanted = arb_text_over(data, sizeof(data));

    if (value_read(&rule, entry->value, &value) == ARB_OK) {
        store(option, &value, a->self);
        return;
    }
    value_describe(&rule, &wanted);
    if (entry->origin != NULL) {
        problem_add(a->problems, entry->line, a->section, entry->key, "%s is not %s", entry->origin,
                    data);
    } else {
        problem_add(a->problems, entry->line, a->section, entry->key, "'%.*s' is not %s",
                    (int)SHOWN_MAX, entry->value, data);
    }
}

static void apply_fallback(const struct applying *a, const struct arb_option *option)
{
    const struct value_rule rule = rule_of(option);
    struct value value = { .number = 0 };

    if (option->fallback == NULL) {
        problem_add(a->problems, a->section_line, a->section, option->name,
                    "missing; the plugin %s requires it: %s", a->desc->name, option->help);
    } else if (value_read(&rule, option->fallback, &value) == ARB_OK) {
        store(option, &value, a->self); /* options_check_table() saw to it that it reads */
    }
}

/* Suggests among the plugin's own names and the host's, whose misspellings end here too. */
static const char *suggest(const struct applying *a, const char *key)
{
    const char *names[PLUGIN_OPTIONS_MAX + CONFIG_KEYS_MAX + 1];
    unsigned n = config_host_keys(a->section, names, CONFIG_KEYS_MAX);

    for (const struct arb_option *o = a->desc->options;
         o != options_end(a->desc) && n < PLUGIN_OPTIONS_MAX + CONFIG_KEYS_MAX; o++) {
        names[n++] = o->name;
    }
    names[n] = NULL;
    return nearest_word(key, names);
}

static const struct arb_option *find_option(const struct arb_plugin *desc, const char *name)
{
    for (const struct arb_option *o = desc->options; o != options_end(desc); o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

static void refuse_unknown(const struct applying *a, const struct config_entry *entry)
{
    const char *const near = suggest(a, entry->key);

    if (near != NULL) {
        problem_add(a->problems, entry->line, a->section, entry->key,
                    "unknown key; did you mean '%s'?", near);
    } else {
        problem_add(a->problems, entry->line, a->section, entry->key,
                    "unknown key; `arbspot inspect` lists the options of the plugin %s",
                    a->desc->name);
    }
}

int options_apply(const struct arb_plugin *desc, const struct config_entry *entries,
                  const char *section, unsigned section_line, void *self, struct problems *problems)
{
    const struct applying a = { desc, entries, section, section_line, self, problems };
    const unsigned n_before = problems->n;
    bool has_unread = false;

    for (const struct config_entry *e = entries; e != NULL; e = e->next) {
        const struct arb_option *const option = find_option(desc, e->key);
        if (option == NULL) {
            refuse_unknown(&a, e);
        } else if (e->value == NULL) {
            has_unread = true;
        } else {
            apply_entry(&a, option, e);
        }
    }
    for (const struct arb_option *o = desc->options; o != options_end(desc); o++) {
        if (find_entry(entries, o->name) == NULL) {
            apply_fallback(&a, o);
        }
    }
    return problems->n == n_before && !has_unread ? ARB_OK : ARB_EINVAL;
}

static const char *shown_fallback(const struct arb_option *option)
{
    if (option->fallback == NULL) {
        return "(required)";
    }
    return option->fallback[0] == '\0' ? "(empty)" : option->fallback;
}

static void print_option(const struct arb_option *option, FILE *out)
{
    const struct value_rule rule = rule_of(option);
    char data[TEXT_MAX];
    struct arb_text range = arb_text_over(data, sizeof(data));

    value_describe_range(&rule, &range);
    harmless_line(out, "  %s = %s", option->name, shown_fallback(option));
    harmless_line(out, "      %s%s%s", value_type_name(option->type), range.len == 0 ? "" : ", ",
                  data);
    harmless_line(out, "      %s", option->help);
}

void options_print(const struct arb_plugin *desc, FILE *out)
{
    for (const struct arb_option *o = desc->options; o != options_end(desc); o++) {
        print_option(o, out);
    }
}
