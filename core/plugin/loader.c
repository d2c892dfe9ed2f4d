#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "plugin/abi_sizes.h"
#include "plugin/elf_file.h"
#include "plugin/facts.h"
#include "plugin/object.h"
#include "plugin/trial.h"
#include "util/crash.h"

_Static_assert(PLUGIN_PATH_MAX >= PATH_MAX, "realpath() writes up to PATH_MAX bytes");

static const struct plugin_callback exchange_callbacks[] = {
    { "init", offsetof(struct arb_exchange_ops, init), true },
    { "ask", offsetof(struct arb_exchange_ops, ask), true },
    { "on_message", offsetof(struct arb_exchange_ops, on_message), true },
    { "spell", offsetof(struct arb_exchange_ops, spell), false },
    { "on_answer", offsetof(struct arb_exchange_ops, on_answer), false },
    { "checksum", offsetof(struct arb_exchange_ops, checksum), false },
    { "reset", offsetof(struct arb_exchange_ops, reset), false },
    { "on_timer", offsetof(struct arb_exchange_ops, on_timer), false },
    { "fini", offsetof(struct arb_exchange_ops, fini), false },
    { "book_of", offsetof(struct arb_exchange_ops, book_of), false },
    { NULL, 0, false },
};

static const struct plugin_callback strategy_callbacks[] = {
    { "init", offsetof(struct arb_strategy_ops, init), false },
    { "on_market", offsetof(struct arb_strategy_ops, on_market), true },
    { "on_timer", offsetof(struct arb_strategy_ops, on_timer), false },
    { "on_stop", offsetof(struct arb_strategy_ops, on_stop), false },
    { "fini", offsetof(struct arb_strategy_ops, fini), false },
    { NULL, 0, false },
};

const struct plugin_callback *plugin_callbacks(uint32_t kind)
{
    static const struct plugin_callback none[] = { { NULL, 0, false } };

    switch (kind) {
    case ARB_KIND_EXCHANGE:
        return exchange_callbacks;
    case ARB_KIND_STRATEGY:
        return strategy_callbacks;
    default:
        return none;
    }
}

const char *plugin_kind_name(uint32_t kind)
{
    switch (kind) {
    case ARB_KIND_EXCHANGE:
        return "exchange";
    case ARB_KIND_STRATEGY:
        return "strategy";
    default:
        return "unknown";
    }
}

static uintptr_t callback_of(const struct plugin *plugin, const struct plugin_callback *callback)
{
    const char *const ops = plugin->desc.kind == ARB_KIND_EXCHANGE
                                ? (const char *)&plugin->exchange
                                : (const char *)&plugin->strategy;
    uintptr_t address = 0;

    memcpy(&address, ops + callback->offset, sizeof(address));
    return address;
}

bool plugin_has(const struct plugin *plugin, const struct plugin_callback *callback)
{
    return callback_of(plugin, callback) != 0;
}

/* Whole pointers, so that copying part of a struct never copies part of a member. */
static bool is_struct_size(uint32_t size, size_t least)
{
    return size >= least && size <= PLUGIN_STRUCT_MAX && size % sizeof(void *) == 0;
}

/* A plugin under examination. */
struct candidate {
    struct plugin *plugin;
    const struct object *object; /* where its pointers lead; NULL: anywhere, it is the host's own */
};

static bool has(const struct candidate *candidate, const void *at, size_t len)
{
    return candidate->object == NULL || object_has(candidate->object, at, len);
}

/* True for a NULL, which the checks of the members judge. */
static bool has_text(const struct candidate *candidate, const char *text)
{
    return candidate->object == NULL || text == NULL ||
           object_has_text(candidate->object, text, PLUGIN_TEXT_MAX);
}

static int refuse_pointer(const char *what, struct err *err)
{
    return err_set(err, ARB_EINVAL,
                   "is damaged: its %s points outside the plugin, or is not terminated within %d "
                   "bytes",
                   what, (int)PLUGIN_TEXT_MAX);
}

static int check_head(const struct arb_plugin *head, struct err *err)
{
    if (head->magic != ARB_ABI_MAGIC) {
        return err_set(err, ARB_EINVAL,
                       "its %s does not start with the magic number 0x%08x but with 0x%08x: "
                       "it is not an arbspot plugin, or does not start with ARB_PLUGIN_HEADER",
                       ARB_PLUGIN_SYMBOL, ARB_ABI_MAGIC, head->magic);
    }
    if (head->abi_major != ARB_ABI_MAJOR) {
        return err_set(err, ARB_ENOTSUP,
                       "was built for ABI %u.%u, this host speaks %d.%d: rebuild the plugin "
                       "against this host's SDK",
                       head->abi_major, head->abi_minor, ARB_ABI_MAJOR, ARB_ABI_MINOR);
    }
    if (head->abi_minor > ARB_ABI_MINOR) {
        return err_set(err, ARB_ENOTSUP,
                       "was built for ABI %u.%u, this host speaks %d.%d: update the host, or "
                       "rebuild the plugin against this host's SDK",
                       head->abi_major, head->abi_minor, ARB_ABI_MAJOR, ARB_ABI_MINOR);
    }
    if (!is_struct_size(head->size, ABI_LEAST_PLUGIN)) {
        return err_set(err, ARB_EINVAL,
                       "its descriptor claims a size of %u bytes: start it with ARB_PLUGIN_HEADER",
                       head->size);
    }
    return ARB_OK;
}

static int check_kind(uint32_t kind, uint32_t wanted, struct err *err)
{
    if (kind != ARB_KIND_EXCHANGE && kind != ARB_KIND_STRATEGY) {
        return err_set(err, ARB_EINVAL,
                       "is of kind %u, which this host does not know: start its descriptor with "
                       "ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE)",
                       kind);
    }
    if (wanted != 0 && kind != wanted) {
        return err_set(err, ARB_EINVAL,
                       "is a plugin of kind %s, but one of kind %s is needed here: it belongs in a "
                       "section [%s:NAME]",
                       plugin_kind_name(kind), plugin_kind_name(wanted), plugin_kind_name(kind));
    }
    return ARB_OK;
}

bool plugin_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const size_t len = name == NULL ? 0 : strnlen(name, PLUGIN_NAME_MAX);

    return len > 0 && len < PLUGIN_NAME_MAX && strspn(name, allowed) == len;
}

static int check_name(const char *name, struct err *err)
{
    if (!plugin_is_name(name)) {
        return err_set(err, ARB_EINVAL, "its name is not 1 to %d small letters, digits and '_'",
                       (int)PLUGIN_NAME_MAX - 1);
    }
    return ARB_OK;
}

static int check_members(const struct arb_plugin *desc, struct err *err)
{
    const int rc = check_name(desc->name, err);

    if (rc != ARB_OK) {
        return rc;
    }
    if (desc->version == NULL || desc->version[0] == '\0') {
        return err_set(err, ARB_EINVAL, "has no version: set .version");
    }
    if (desc->description == NULL || desc->description[0] == '\0') {
        return err_set(err, ARB_EINVAL, "has no description: set .description");
    }
    if (desc->instance_size == 0 || desc->instance_size > PLUGIN_INSTANCE_MAX) {
        return err_set(err, ARB_EINVAL,
                       "asks for an instance of %zu bytes: set .instance_size to 1 to %d",
                       desc->instance_size, (int)PLUGIN_INSTANCE_MAX);
    }
    if (desc->ops == NULL) {
        return err_set(err, ARB_EINVAL, "has no callbacks: set .ops");
    }
    return facts_check(desc, err);
}

static bool has_option_texts(const struct candidate *candidate, const struct arb_option *option)
{
    return has_text(candidate, option->name) && has_text(candidate, option->fallback) &&
           has_text(candidate, option->help) && has_text(candidate, option->choices);
}

/* Whether the table can be read; what stands in it is judged by options_check_table(). */
static int check_options(const struct candidate *candidate, struct err *err)
{
    const struct arb_plugin *const desc = &candidate->plugin->desc;

    if ((desc->options == NULL) != (desc->n_options == 0)) {
        return err_set(err, ARB_EINVAL,
                       "names %u options and %s table: set both with ARB_PLUGIN_OPTIONS",
                       desc->n_options, desc->options == NULL ? "no" : "a");
    }
    if (desc->n_options > PLUGIN_OPTIONS_MAX) {
        return err_set(err, ARB_EINVAL, "has %u options, at most %d are allowed", desc->n_options,
                       (int)PLUGIN_OPTIONS_MAX);
    }
    if (desc->n_options > 0 &&
        !has(candidate, desc->options, desc->n_options * sizeof(*desc->options))) {
        return err_set(err, ARB_EINVAL,
                       "claims %u options, which reach beyond the plugin: have ARB_PLUGIN_OPTIONS "
                       "count the table",
                       desc->n_options);
    }
    for (uint32_t i = 0; i < desc->n_options; i++) {
        if (!has_option_texts(candidate, &desc->options[i])) {
            return err_set(
                err, ARB_EINVAL,
                "is damaged: option %u of the %u it claims has a text outside the "
                "plugin, or not terminated within %d bytes: have ARB_PLUGIN_OPTIONS count "
                "the table",
                i + 1, desc->n_options, (int)PLUGIN_TEXT_MAX);
        }
    }
    return ARB_OK;
}

static int check_texts(const struct candidate *candidate, struct err *err)
{
    const struct arb_plugin *const desc = &candidate->plugin->desc;

    if (!has_text(candidate, desc->name)) {
        return refuse_pointer("name", err);
    }
    if (!has_text(candidate, desc->version)) {
        return refuse_pointer("version", err);
    }
    if (!has_text(candidate, desc->description)) {
        return refuse_pointer("description", err);
    }
    const bool has_facts = has_text(candidate, desc->taker_fee) &&
                           has_text(candidate, desc->taker_fee_date) &&
                           has_text(candidate, desc->facts_date);
    return has_facts ? ARB_OK : refuse_pointer("fee or one of its dates", err);
}

static int refuse_ops_size(const struct plugin *plugin, uint32_t size, struct err *err)
{
    return err_set(err, ARB_EINVAL,
                   "its callbacks claim a size of %u bytes: set .size = sizeof(struct arb_%s_ops)",
                   size, plugin_kind_name(plugin->desc.kind));
}

static int copy_ops(const struct candidate *candidate, struct err *err)
{
    struct plugin *const plugin = candidate->plugin;
    const bool is_exchange = plugin->desc.kind == ARB_KIND_EXCHANGE;
    uint32_t size = 0;

    if (!has(candidate, plugin->desc.ops, sizeof(size))) {
        return refuse_pointer("table of callbacks", err);
    }
    memcpy(&size, plugin->desc.ops, sizeof(size));
    if (!is_struct_size(size, is_exchange ? ABI_LEAST_EXCHANGE_OPS : ABI_LEAST_STRATEGY_OPS) ||
        !has(candidate, plugin->desc.ops, size)) {
        return refuse_ops_size(plugin, size, err);
    }
    if (is_exchange) {
        abi_copy(&plugin->exchange, sizeof(plugin->exchange), plugin->desc.ops, size);
    } else {
        abi_copy(&plugin->strategy, sizeof(plugin->strategy), plugin->desc.ops, size);
    }
    return ARB_OK;
}

static int check_callback(const struct candidate *candidate, const struct plugin_callback *callback,
                          struct err *err)
{
    const uintptr_t address = callback_of(candidate->plugin, callback);

    if (address == 0) {
        return callback->is_required
                   ? err_set(
                         err, ARB_EINVAL,
                         "lacks the callback %s(), which every plugin of kind %s has: set .%s in "
                         "the table of callbacks",
                         callback->name, plugin_kind_name(candidate->plugin->desc.kind),
                         callback->name)
                   : ARB_OK;
    }
    if (candidate->object != NULL && !object_has_code(candidate->object, address)) {
        return err_set(err, ARB_EINVAL, "is damaged: its callback %s() is no code of the plugin",
                       callback->name);
    }
    return ARB_OK;
}

static int accept_ops(const struct candidate *candidate, struct err *err)
{
    int rc = copy_ops(candidate, err);

    for (const struct plugin_callback *c = plugin_callbacks(candidate->plugin->desc.kind);
         rc == ARB_OK && c->name != NULL; c++) {
        rc = check_callback(candidate, c, err);
    }
    return rc;
}

static int accept(const struct candidate *candidate, const struct arb_plugin *desc, uint32_t kind,
                  struct err *err)
{
    struct plugin *const plugin = candidate->plugin;

    int rc = check_head(desc, err);
    if (rc != ARB_OK) {
        return rc;
    }
    memset(&plugin->desc, 0, sizeof(plugin->desc));
    memset(&plugin->exchange, 0, sizeof(plugin->exchange));
    memset(&plugin->strategy, 0, sizeof(plugin->strategy));
    abi_copy(&plugin->desc, sizeof(plugin->desc), desc, desc->size);
    rc = check_kind(plugin->desc.kind, kind, err);
    if (rc == ARB_OK) {
        rc = check_texts(candidate, err);
    }
    if (rc == ARB_OK) {
        rc = check_members(&plugin->desc, err);
    }
    if (rc == ARB_OK) {
        rc = check_options(candidate, err);
    }
    return rc == ARB_OK ? accept_ops(candidate, err) : rc;
}

int plugin_accept(struct plugin *plugin, const struct arb_plugin *desc, uint32_t kind,
                  struct err *err)
{
    const struct candidate candidate = { .plugin = plugin };
    return accept(&candidate, desc, kind, err);
}

static int resolve(struct plugin *plugin, const char *path, struct err *err)
{
    struct stat status;

    if (realpath(path, plugin->path) == NULL || stat(plugin->path, &status) != 0) {
        return err_set(err, ARB_EINVAL, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return err_set(err, ARB_EINVAL, "not a file");
    }
    return ARB_OK;
}

/* dlerror() repeats the path, which stands in front of the sentence anyway. */
static const char *reason(const struct plugin *plugin)
{
    const char *const text = dlerror();
    const size_t len = strlen(plugin->path);

    if (text == NULL) {
        return "the dynamic linker gives no reason";
    }
    return strncmp(text, plugin->path, len) == 0 && strncmp(text + len, ": ", 2) == 0
               ? text + len + 2
               : text;
}

/* What helps against the reasons that are the plugin's own. */
static const char *cure(const char *text)
{
    if (strstr(text, "cannot open shared object file") != NULL) {
        return ": install that library where the dynamic linker looks, or link it statically";
    }
    if (strstr(text, "undefined symbol") != NULL) {
        return ": link the plugin with -Wl,-z,defs, which names what it lacks";
    }
    return "";
}

/*
 * Finds the descriptor. The size of the symbol is known to the linker: what is smaller than the
 * frozen head, or than it claims itself, must not be read.
 */
static int find_descriptor(void *handle, const struct object *object,
                           const struct arb_plugin **desc, struct err *err)
{
    const struct arb_plugin *const found = dlsym(handle, ARB_PLUGIN_SYMBOL);
    Dl_info info;
    void *extra = NULL;

    /* A library that the plugin needs may have such a symbol, too. */
    if (found == NULL || !object_has(object, found, 1)) {
        return err_set(err, ARB_EINVAL,
                       "exports no symbol %s: it is not an arbspot plugin, or lacks "
                       "ARB_PLUGIN_EXPORT",
                       ARB_PLUGIN_SYMBOL);
    }
    if (dladdr1(found, &info, &extra, RTLD_DL_SYMENT) == 0 || extra == NULL) {
        return err_set(err, ARB_EINVAL, "the dynamic linker does not know its %s",
                       ARB_PLUGIN_SYMBOL);
    }
    const size_t size = ((const ElfW(Sym) *)extra)->st_size;
    if (size < PLUGIN_FROZEN || !object_has(object, found, size) ||
        (found->magic == ARB_ABI_MAGIC && size < found->size)) {
        return err_set(err, ARB_EINVAL,
                       "its %s has only %zu bytes: it is not an arbspot plugin, or does not start "
                       "with ARB_PLUGIN_HEADER",
                       ARB_PLUGIN_SYMBOL, size);
    }
    *desc = found;
    return ARB_OK;
}

/* So that a crash of its threads has a name. */
static void tell_code(const struct plugin *plugin, const struct object *object)
{
    for (unsigned i = 0; i < object->n; i++) {
        if ((object->segments[i].flags & PF_X) != 0) {
            crash_know_code(plugin->desc.name, object->segments[i].begin, object->segments[i].end);
        }
    }
}

static int open_and_accept(struct plugin *plugin, uint32_t kind, struct err *err)
{
    const struct arb_plugin *desc = NULL;
    struct object object;

    /* Never closed: callbacks, strings and option tables of the plugin are in use until exit. */
    plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (plugin->handle == NULL) {
        const char *const text = reason(plugin);
        return err_set(err, ARB_EINVAL, "%s%s", text, cure(text));
    }
    if (!object_init(&object, plugin->handle)) {
        return err_set(err, ARB_EINVAL, "the dynamic linker does not tell where it is");
    }
    const struct candidate candidate = { .plugin = plugin, .object = &object };
    const int rc = find_descriptor(plugin->handle, &object, &desc, err);
    const int accepted = rc == ARB_OK ? accept(&candidate, desc, kind, err) : rc;
    if (accepted == ARB_OK) {
        tell_code(plugin, &object);
    }
    return accepted;
}

int plugin_load(struct plugin *plugin, const char *path, uint32_t kind, struct err *err)
{
    memset(plugin, 0, sizeof(*plugin));
    int rc = resolve(plugin, path, err);
    if (rc == ARB_OK) {
        rc = elf_file_check(plugin->path, err);
    }
    if (rc == ARB_OK) {
        rc = trial_open(plugin->path, err);
    }
    if (rc == ARB_OK) {
        rc = open_and_accept(plugin, kind, err);
    }
    if (rc != ARB_OK) {
        (void)err_prefix(err, "%s: ", path); /* returns the rc it was given */
    }
    return rc;
}

static int set_not_found(const char *name, const char *const *dirs, struct err *err)
{
    char data[ERR_TEXT_MAX];
    struct arb_text list = arb_text_over(data, sizeof(data));

    for (const char *separator = ""; *dirs != NULL; dirs++, separator = ", ") {
        arb_text_add(&list, "%s%s", separator, *dirs);
    }
    return err_set(err, ARB_EINVAL, "there is no %.64s.so in %s", name, data);
}

/* Writes DIR/NAME.so and tells whether there is such a file; else errno says why not. */
static bool is_there(char *path, size_t cap, const char *dir, const char *name)
{
    struct arb_text text = arb_text_over(path, cap);

    arb_text_add(&text, "%s/%s.so", dir, name);
    errno = ENAMETOOLONG;
    return arb_text_fits(&text) && access(path, F_OK) == 0;
}

int plugin_find(const char *name, const char *const *dirs, char *path, size_t cap, struct err *err)
{
    if (strchr(name, '/') != NULL) {
        struct arb_text text = arb_text_over(path, cap);
        arb_text_add(&text, "%s", name);
        return arb_text_fits(&text)
                   ? ARB_OK
                   : err_set(err, ARB_ELIMIT, "the path is longer than %zu bytes", cap - 1);
    }
    for (const char *const *dir = dirs; *dir != NULL; dir++) {
        if (is_there(path, cap, *dir, name)) {
            return ARB_OK;
        }
        if (errno != ENOENT && errno != ENOTDIR) {
            return err_set(err, ARB_EINVAL, "%.64s.so cannot be looked for in %s: %s", name, *dir,
                           strerror(errno));
        }
    }
    return set_not_found(name, dirs, err);
}
