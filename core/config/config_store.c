#include "config/config_store.h"

#include <stdarg.h>
#include <string.h>

#include "config/expand.h"
#include "config/fee_schedule.h"
#include "config/nearest.h"
#include "config/symbol_list.h"
#include "util/token.h"

enum {
    SHOWN_MAX = 60, /* bytes of a bad value that are repeated in a message */
    DESCRIPTION_MAX = 256,
    NOTE_MAX = 256,    /* bytes of a note, terminator included */
    OWN_NAMES_MAX = 6, /* symbols that are noted one by one: nobody reads more */
};

/* One entry on its way into the struct. */
struct item {
    struct config_builder *builder;
    const struct config_key *key;
    const struct ini_section *section;
    const struct ini_entry *entry;
    struct expanded value; /* what the entry's text stands for */
    void *target;
};

static void complain(const struct item *item, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(const struct item *item, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    problem_vadd(item->builder->problems, item->entry->line, item->section->name, item->entry->key,
                 fmt, args);
    va_end(args);
}

static void add_note(const struct item *item, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add_note(const struct item *item, const char *fmt, ...)
{
    char text[NOTE_MAX];
    const struct config_note note = { .section = item->section->name,
                                      .key = item->entry->key,
                                      .text = text,
                                      .line = item->entry->line };
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args); /* a cut sentence still helps */
    va_end(args);
    if (config_add_note(item->builder->config, &note) != ARB_OK) {
        item->builder->rc = ARB_ENOMEM;
    }
}

/* What would do, to follow "is not" or "give". */
static void describe(const struct config_key *key, struct arb_text *out)
{
    if (key->wanted != NULL) {
        arb_text_add(out, "%s", key->wanted);
    } else {
        value_describe(&key->rule, out);
    }
}

static void complain_value(const struct item *item)
{
    char data[DESCRIPTION_MAX];
    struct arb_text wanted = arb_text_over(data, sizeof(data));

    describe(item->key, &wanted);
    if (item->value.origin != NULL) {
        complain(item, "%s is not %s", item->value.origin, wanted.data);
    } else {
        complain(item, "'%.*s' is not %s", (int)SHOWN_MAX, item->value.text, wanted.data);
    }
}

static void put(const struct item *item, const void *value, size_t len)
{
    memcpy((char *)item->target + item->key->offset, value, len);
}

/* `text` lives in the pool, or is NULL when that is exhausted. */
static void put_text(const struct item *item, const char *text)
{
    if (text == NULL) {
        item->builder->rc = ARB_ENOMEM;
        return;
    }
    put(item, &text, sizeof(text));
}

/* The path as it counts from the file's folder, or NULL when memory is exhausted. */
static const char *whole_path(const struct item *item, const char *path)
{
    const char *const folder = path[0] == '/' ? "" : item->builder->folder;
    const size_t cap = strlen(folder) + strlen(path) + 1;
    char *const whole = pool_alloc(item->builder->pool, cap);

    if (whole != NULL) {
        struct arb_text text = arb_text_over(whole, cap);
        arb_text_add(&text, "%s%s", folder, path);
    }
    return whole;
}

static void put_path(const struct item *item, const char *path)
{
    put_text(item, whole_path(item, path));
}

static void put_plugin(const struct item *item, const char *plugin)
{
    if (strchr(plugin, '/') != NULL) {
        put_path(item, plugin);
    } else {
        put_text(item, plugin);
    }
}

/* Blanks behind the commas are for people. */
static void put_brokers(const struct item *item, const char *value)
{
    const struct arb_bytes whole = { .data = value, .len = strlen(value) };
    char *const copy = pool_text(item->builder->pool, whole);
    size_t n = 0;

    if (copy == NULL) {
        item->builder->rc = ARB_ENOMEM;
        return;
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (*p != ' ' && *p != '\t') {
            copy[n++] = *p;
        }
    }
    copy[n] = '\0';
    if (item->key->is_valid(copy)) {
        put_text(item, copy);
    } else {
        complain_value(item);
    }
}

/* Of a value that no message may repeat, it is said as a whole. */
static void refuse_symbol(void *context, const char *text)
{
    const struct item *const item = context;

    if (item->value.origin == NULL) {
        complain(item, "%s", text);
    }
}

static void note_own_names(const struct item *item, const struct symbol_list *list)
{
    char usual[ARB_SYMBOL_MAX];
    unsigned n = 0;

    for (unsigned i = 0; i < list->n && n < OWN_NAMES_MAX; i++) {
        if (symbol_is_venues_own(list->symbols[i], usual)) {
            n++;
            add_note(item, "write %s for %s: a venue's own names are translated", usual,
                     list->symbols[i]);
        }
    }
}

static void put_symbols(struct item *item, const char *value)
{
    const struct symbol_list_reader reader = { .refuse = refuse_symbol, .context = item };
    struct symbol_list list = { .symbols = NULL, .n = 0 };

    const int rc = symbol_list_read(value, item->builder->pool, &list, &reader);
    if (rc != ARB_OK && item->value.origin != NULL) {
        complain(item, "%s is not a list of symbols such as BTC/USD, ETH/USD, each once",
                 item->value.origin);
    }
    put(item, &list.symbols, sizeof(list.symbols));
    memcpy((char *)item->target + item->key->n_offset, &list.n, sizeof(list.n));
    note_own_names(item, &list);
}

/* Files of librdkafka, which would look for them where the program was started. */
static bool names_file(const struct item *item)
{
    static const char prefix[] = "rdkafka.ssl.", suffix[] = ".location";
    const char *const key = item->entry->key, *const value = item->value.text;
    const size_t len = strlen(key);

    return strncmp(key, prefix, sizeof(prefix) - 1) == 0 && len > sizeof(suffix) &&
           strcmp(key + len + 1 - sizeof(suffix), suffix) == 0 && value[0] != '\0' &&
           strcmp(value, "probe") != 0 && strcmp(value, "dynamic") != 0;
}

/* Appends, so that the order of the file stays. */
static void append_entry(const struct item *item, const char *value)
{
    struct config_entry *const added = pool_alloc(item->builder->pool, sizeof(*added));
    struct config_entry *head = NULL;

    if (added == NULL) {
        item->builder->rc = ARB_ENOMEM;
        return;
    }
    added->key = item->entry->key + strlen(item->key->name);
    added->value = value;
    added->origin = item->value.origin;
    added->line = item->entry->line;
    memcpy(&head, (char *)item->target + item->key->offset, sizeof(head));
    if (head == NULL) {
        put(item, &added, sizeof(added));
        return;
    }
    while (head->next != NULL) {
        head = head->next;
    }
    head->next = added;
}

static void put_entry(const struct item *item)
{
    const char *const value =
        names_file(item) ? whole_path(item, item->value.text) : item->value.text;

    if (value == NULL) {
        item->builder->rc = ARB_ENOMEM;
    } else {
        append_entry(item, value);
    }
}

/* A schedule's fault is one of its parts, and of a value that no message may repeat, the whole. */
static void put_fees(struct item *item, const char *value)
{
    struct fee_schedule fees;
    struct err err = { .rc = ARB_OK };

    const int rc = fee_schedule_read(value, &fees, &err);
    if (rc == ARB_OK) {
        put(item, &fees, sizeof(fees));
    } else if (item->value.origin != NULL) {
        complain_value(item);
    } else {
        complain(item, "%s", err.text);
    }
}

/* Appends, so that the order of the file stays. */
static void put_term(const struct item *item, const struct value *value)
{
    struct venue_term *const added = pool_alloc(item->builder->pool, sizeof(*added));
    struct venue_term *head = NULL, **end = &head;

    if (added == NULL) {
        item->builder->rc = ARB_ENOMEM;
        return;
    }
    added->exchange = item->entry->key + strlen(item->key->name);
    added->taker_fee_ppm = value->number;
    added->decimal = value->decimal;
    added->line = item->entry->line;
    memcpy(&head, (char *)item->target + item->key->offset, sizeof(head));
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = added;
    put(item, &head, sizeof(head));
}

/* Appends, so that the order of the file stays. */
static void append_asset(const struct item *item, struct asset_term term)
{
    struct asset_term *const added = pool_alloc(item->builder->pool, sizeof(*added));
    struct asset_term *head = NULL, **end = &head;

    if (added == NULL) {
        item->builder->rc = ARB_ENOMEM;
        return;
    }
    *added = term;
    memcpy(&head, (char *)item->target + item->key->offset, sizeof(head));
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = added;
    put(item, &head, sizeof(head));
}

static void put_asset(const struct item *item, const struct value *value)
{
    struct asset_term term = { .asset = item->entry->key + strlen(item->key->name),
                               .amount = value->decimal,
                               .line = item->entry->line };

    if (!asset_is_name(term.asset)) {
        complain(item, "'%.*s' is no asset: " ASSET_WANTED, (int)SHOWN_MAX, term.asset);
    } else if (item->key->store == STORE_WITHDRAWALS &&
               asset_read_withdrawal(value->text, &term) != ARB_OK) {
        complain_value(item);
    } else {
        append_asset(item, term);
    }
}

/*
 * What stands in the file is read by everybody who is shown it, and what others than its owner may
 * read is no secret.
 */
static void put_token(const struct item *item)
{
    struct err err = { .rc = ARB_OK };

    if (item->value.origin == NULL) {
        complain(item, "a token does not stand here, where it is read by whoever is shown this "
                       "file: write it into a file that only its owner may read and give "
                       "token = @FILE, or token = ${NAME} out of the environment");
    } else if (item->value.is_open) {
        complain(item, "%s may be read by others than the owner of the file: chmod 600 it",
                 item->value.origin);
    } else if (token_check(item->value.text, &err) != ARB_OK) {
        complain(item, "%s %s", item->value.origin, err.text);
    } else {
        put_text(item, item->value.text);
    }
}

/* Stores a value that was read by its rule. */
static void put_value(struct item *item, const struct value *value)
{
    switch (item->key->store) {
    case STORE_TEXT:
        put_text(item, value->text);
        break;
    case STORE_PATH:
        put_path(item, value->text);
        break;
    case STORE_PLUGIN:
        put_plugin(item, value->text);
        break;
    case STORE_BROKERS:
        put_brokers(item, value->text);
        break;
    case STORE_SYMBOLS:
        put_symbols(item, value->text);
        break;
    case STORE_NUMBER:
        put(item, &value->number, sizeof(value->number));
        break;
    case STORE_SMALL:
        put(item, &(uint8_t){ (uint8_t)value->number }, sizeof(uint8_t)); /* the rule limits it */
        break;
    case STORE_FLAG:
        put(item, &value->flag, sizeof(value->flag));
        break;
    case STORE_CHOICE:
        put(item, &(uint32_t){ (uint32_t)value->number }, sizeof(uint32_t));
        break;
    case STORE_ENTRIES:
        put_entry(item);
        break;
    case STORE_DECIMAL:
        put(item, &value->decimal, sizeof(value->decimal));
        break;
    case STORE_FEES:
        put_fees(item, value->text);
        break;
    case STORE_TERMS:
        put_term(item, value);
        break;
    case STORE_INVENTORY:
    case STORE_WITHDRAWALS:
        put_asset(item, value);
        break;
    case STORE_TOKEN:
        put_token(item);
        break;
    }
}

static void put_line(const struct item *item)
{
    if (item->key->line_offset != 0) {
        memcpy((char *)item->target + item->key->line_offset, &item->entry->line,
               sizeof(item->entry->line));
    }
}

static void put_origin(const struct item *item)
{
    if (item->key->origin_offset != 0) {
        memcpy((char *)item->target + item->key->origin_offset, &item->value.origin,
               sizeof(item->value.origin));
    }
}

static bool is_list(const struct config_key *key)
{
    return key->is_list || key->store == STORE_SYMBOLS || key->store == STORE_BROKERS ||
           key->store == STORE_FEES;
}

/* The text that was written, without quotes and with what it names put in; false: reported. */
static bool read_text(struct item *item)
{
    const struct expand_place place = { .pool = item->builder->pool,
                                        .folder = item->builder->folder };
    struct err err = { .rc = ARB_OK };

    if (item->entry->value[0] == '\0') {
        complain(item, "the value is missing; one that begins with '#' or ';' is put in quotes");
        return false;
    }
    const int rc = expand(&place, item->entry->value, &item->value, &err);
    if (rc == ARB_ENOMEM) {
        item->builder->rc = rc;
    } else if (rc != ARB_OK) {
        complain(item, "%s", err.text);
    } else if (item->value.text[0] == '\0' && item->key->store != STORE_ENTRIES) {
        complain(item, "the value is missing");
        return false;
    }
    return rc == ARB_OK;
}

/*
 * For a value that was reported: what depends on it shall not be reported too, so the fallback
 * stands in, and an entry is there without a value.
 */
static void store_nothing(struct item *item)
{
    struct value value = { .number = 0 };

    if (item->key->store == STORE_ENTRIES) {
        if (item->key->keeps_unread) {
            append_entry(item, NULL);
        }
    } else if (item->key->store == STORE_PLUGIN) {
        put(item, &(const char *){ NULL }, sizeof(const char *));
    } else if (item->key->fallback != NULL &&
               value_read(&item->key->rule, item->key->fallback, &value) == ARB_OK) {
        put_value(item, &value);
    }
}

/* What stands behind a blank and a comment's mark may have been meant as part of it. */
static void note_comment(const struct item *item)
{
    static const char *const secrets[] = { "password", "secret", "key", "token" };
    static const char suffix[] = ".location"; /* of a file, and no secret */
    const char *const key = item->entry->key;
    const size_t len = strlen(key);
    const bool is_file =
        len >= sizeof(suffix) && strcmp(key + len + 1 - sizeof(suffix), suffix) == 0;

    if (!item->entry->has_comment || item->value.origin != NULL || is_file) {
        return;
    }
    for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
        if (strcasestr(key, secrets[i]) != NULL) {
            add_note(item, "a comment stands behind this value; quote it if it belongs to it");
            return;
        }
    }
}

static void store_text(struct item *item)
{
    struct value value = { .number = 0 };

    if (value_read(&item->key->rule, item->value.text, &value) != ARB_OK ||
        (item->key->store == STORE_TEXT && item->key->is_valid != NULL &&
         !item->key->is_valid(value.text))) {
        complain_value(item);
        store_nothing(item);
    } else {
        put_value(item, &value);
        put_origin(item);
        note_comment(item);
    }
}

static void store_item(struct item *item)
{
    put_line(item);
    if (item->entry->is_refused) {
        store_nothing(item);
    } else if (item->entry->n_lines > 1 && !is_list(item->key)) {
        complain(item, "this value has one line, but the indented line below continues it: "
                       "remove the indentation or write key = value");
        store_nothing(item);
    } else if (read_text(item)) {
        store_text(item);
    } else {
        store_nothing(item);
    }
}

static bool key_covers(const struct config_key *key, const char *name)
{
    if (config_key_is_prefix(key)) {
        const size_t len = strlen(key->name);
        return strncmp(key->name, name, len) == 0 && name[len] != '\0';
    }
    return strcmp(key->name, name) == 0;
}

static const struct config_key *find_key(const struct config_key *keys, const char *name)
{
    while (keys->name != NULL && !key_covers(keys, name)) {
        keys++;
    }
    return keys->name == NULL ? NULL : keys;
}

static const struct ini_entry *find_entry(const struct ini_section *section, const char *key)
{
    const struct ini_entry *entry = section->entries;

    while (entry != NULL && strcmp(entry->key, key) != 0) {
        entry = entry->next;
    }
    return entry;
}

/* "tick." for "tik.kraken" and for "tick" alone; NULL when nothing is near. */
static const char *nearest_term(const struct ini_section *section, const char *name)
{
    const char *names[CONFIG_KEYS_MAX + 1] = { NULL };
    char word[INI_READER_KEY_MAX + 2];
    struct arb_text text = arb_text_over(word, sizeof(word));
    size_t n = 0;

    for (const struct config_key *key = config_section_of(section->name)->keys;
         key->name != NULL && n < CONFIG_KEYS_MAX; key++) {
        if (key->store == STORE_TERMS) {
            names[n++] = key->name;
        }
    }
    arb_text_add(&text, "%.*s.", (int)strcspn(name, "."), name);
    return nearest_word(word, names);
}

static void complain_unknown(const struct item *item)
{
    const char *names[CONFIG_KEYS_MAX + 1] = { NULL };

    (void)config_host_keys(item->section->name, names, CONFIG_KEYS_MAX);
    const char *const near = nearest_word(item->entry->key, names);
    const char *const term = nearest_term(item->section, item->entry->key);
    if (near != NULL) {
        complain(item, "unknown key; did you mean '%s'?", near);
    } else if (term != NULL) {
        const char *const dot = strchr(item->entry->key, '.');
        complain(item, "unknown key; did you mean '%s%s'?", term,
                 dot == NULL || dot[1] == '\0' ? "EXCHANGE" : dot + 1);
    } else {
        complain(item, "unknown key; remove it");
    }
}

static void store_entries(struct item *item, const struct config_key *keys)
{
    for (item->entry = item->section->entries; item->entry != NULL;
         item->entry = item->entry->next) {
        const struct ini_entry *const first = find_entry(item->section, item->entry->key);
        item->key = find_key(keys, item->entry->key);
        if (first != item->entry) {
            complain(item, "already given in line %u: keep one of them", first->line);
        } else if (item->key == NULL) {
            complain_unknown(item);
        } else {
            store_item(item);
        }
    }
}

static void store_fallback(const struct item *item)
{
    const struct ini_entry entry = { .key = item->key->name,
                                     .value = item->key->fallback,
                                     .n_lines = 1 };
    struct item fallback = *item;

    fallback.entry = &entry;
    store_item(&fallback);
}

static void complain_missing(const struct item *item)
{
    const struct ini_entry entry = { .key = item->key->name, .line = item->section->line };
    char data[DESCRIPTION_MAX];
    struct arb_text wanted = arb_text_over(data, sizeof(data));
    struct item missing = *item;

    describe(item->key, &wanted);
    missing.entry = &entry;
    complain(&missing, "missing; give %s", wanted.data);
}

static void store_rest(struct item *item, const struct config_key *keys)
{
    for (item->key = keys; item->key->name != NULL; item->key++) {
        if (find_entry(item->section, item->key->name) != NULL) {
            continue;
        }
        if (item->key->is_required) {
            complain_missing(item);
        } else if (item->key->fallback != NULL) {
            store_fallback(item);
        }
    }
}

void config_store_section(struct config_builder *builder, const struct config_key *keys,
                          const struct ini_section *section, void *target)
{
    struct item item = { .builder = builder, .section = section, .target = target };

    store_entries(&item, keys);
    store_rest(&item, keys);
}
