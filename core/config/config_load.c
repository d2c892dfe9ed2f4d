#include "config/config_load.h"

#include <string.h>

#include "config/asset_notes.h"
#include "config/config_check.h"
#include "config/config_store.h"
#include "config/instrument_notes.h"
#include "config/symbol_list.h"

enum {
    SCALE_INHERITED = ARB_DIGITS_UNKNOWN, /* of an instrument, until [host] is read */
    HEADING_SHOWN_MAX = INI_READER_SECTION_MAX,
};

static void complain(struct config_builder *b, const struct ini_section *section, const char *fmt,
                     ...) __attribute__((format(printf, 3, 4)));

static void complain(struct config_builder *b, const struct ini_section *section, const char *fmt,
                     ...)
{
    va_list args;

    va_start(args, fmt);
    problem_vadd(b->problems, section->line, section->name, NULL, fmt, args);
    va_end(args);
}

static void complain_unknown(struct config_builder *b, const struct ini_section *section)
{
    const char *words[N_SECTION_KINDS + 1] = { NULL };
    char word[HEADING_SHOWN_MAX + 1];

    for (size_t i = 0; i < N_SECTION_KINDS; i++) {
        words[i] = config_sections[i].word;
    }
    struct arb_text text = arb_text_over(word, sizeof(word));
    arb_text_add(&text, "%.*s", (int)strcspn(section->name, ":"), section->name);
    const char *const near = nearest_word(word, words);
    if (near != NULL) {
        complain(b, section, "unknown section; did you mean '%s'?", near);
    } else {
        complain(b, section,
                 "unknown section; there are [host], [kafka], [web], [instrument:SYMBOL], "
                 "[exchange:NAME] and [strategy:NAME]");
    }
}

/* What stands behind the colon, "" when there is none. */
static const char *name_of(const struct ini_section *section)
{
    const char *const colon = strchr(section->name, ':');
    return colon == NULL ? "" : colon + 1;
}

/* Says what is wrong with a heading of a known kind, or returns true. */
static bool is_heading_good(struct config_builder *b, const struct config_section *kind,
                            const struct ini_section *section)
{
    struct err err = { .rc = ARB_OK };

    if (!kind->is_named) {
        if (strcmp(section->name, kind->word) != 0) {
            complain(b, section, "this section takes no name: write [%s]", kind->word);
        }
        return strcmp(section->name, kind->word) == 0;
    }
    if (name_of(section)[0] == '\0') {
        complain(b, section, "this section needs a name, like [%s]", kind->example);
        return false;
    }
    if (kind == &config_sections[SECTION_INSTRUMENT]) {
        if (symbol_check(name_of(section), false, &err) != ARB_OK) {
            complain(b, section, "%s", err.text);
        }
        return err.rc == ARB_OK;
    }
    if (!config_is_name(name_of(section))) {
        complain(b, section, "a name has 1 to %d small letters, digits, '_' and '-', like [%s]",
                 (int)CONFIG_NAME_MAX - 1, kind->example);
        return false;
    }
    return true;
}

static bool is_first(struct config_builder *b, const struct ini_section *all,
                     const struct ini_section *section)
{
    while (strcmp(all->name, section->name) != 0) {
        all = all->next;
    }
    if (all != section) {
        complain(b, section, "this section is already in line %u: merge the two", all->line);
    }
    return all == section;
}

static void set_name(char *out, size_t cap, const char *name)
{
    struct arb_text text = arb_text_over(out, cap);
    arb_text_add(&text, "%s", name); /* fits: the heading is good */
}

static void *add_instrument(struct config *config, const struct ini_section *section)
{
    struct instrument_config *const instrument = &config->instruments[config->n_instruments++];

    set_name(instrument->symbol, sizeof(instrument->symbol), name_of(section));
    instrument->line = section->line;
    instrument->px_scale = SCALE_INHERITED;
    instrument->qty_scale = SCALE_INHERITED;
    return instrument;
}

static void *add_exchange(struct config *config, const struct ini_section *section)
{
    struct exchange_config *const exchange = &config->exchanges[config->n_exchanges++];

    set_name(exchange->name, sizeof(exchange->name), name_of(section));
    exchange->line = section->line;
    exchange->plugin = exchange->name;
    return exchange;
}

static void *add_strategy(struct config *config, const struct ini_section *section)
{
    struct strategy_config *const strategy = &config->strategies[config->n_strategies++];

    set_name(strategy->name, sizeof(strategy->name), name_of(section));
    strategy->line = section->line;
    strategy->plugin = strategy->name;
    return strategy;
}

/* The struct that a section fills. */
static void *add_target(struct config *config, const struct config_section *kind,
                        const struct ini_section *section)
{
    switch (kind - config_sections) {
    case SECTION_HOST:
        return &config->host;
    case SECTION_KAFKA:
        return &config->kafka;
    case SECTION_WEB:
        return &config->web;
    case SECTION_INSTRUMENT:
        return add_instrument(config, section);
    case SECTION_EXCHANGE:
        return add_exchange(config, section);
    default:
        return add_strategy(config, section);
    }
}

static void take_section(struct config_builder *b, const struct ini_section *all,
                         const struct ini_section *section, unsigned *n_of_kind)
{
    const struct config_section *const kind = config_section_of(section->name);

    if (kind == NULL) {
        complain_unknown(b, section);
        return;
    }
    if (!is_heading_good(b, kind, section) || !is_first(b, all, section)) {
        return;
    }
    unsigned *const n = &n_of_kind[kind - config_sections];
    if (*n == kind->n_max) {
        complain(b, section, "more than %u [%s:...] sections: spread them over several processes",
                 kind->n_max, kind->word);
        return;
    }
    (*n)++;
    config_store_section(b, kind->keys, section, add_target(b->config, kind, section));
}

/* A section that is not in the file has its fallbacks, and lacks what is required. */
static void take_absent(struct config_builder *b, enum config_section_kind kind, void *target)
{
    const struct ini_section absent = { .name = config_sections[kind].word };
    config_store_section(b, config_sections[kind].keys, &absent, target);
}

static unsigned count_sections(const struct ini_section *section, const char *prefix)
{
    unsigned n = 0;

    for (; section != NULL; section = section->next) {
        n += strncmp(section->name, prefix, strlen(prefix)) == 0 ? 1 : 0;
    }
    return n;
}

static int allocate(struct config_builder *b, const struct ini_section *all)
{
    struct config *const c = b->config;

    c->instruments =
        pool_alloc(b->pool, count_sections(all, "instrument:") * sizeof(*c->instruments));
    c->exchanges = pool_alloc(b->pool, count_sections(all, "exchange:") * sizeof(*c->exchanges));
    c->strategies = pool_alloc(b->pool, count_sections(all, "strategy:") * sizeof(*c->strategies));
    return c->instruments == NULL || c->exchanges == NULL || c->strategies == NULL ? ARB_ENOMEM
                                                                                   : ARB_OK;
}

static void inherit_scales(struct config *config)
{
    for (unsigned i = 0; i < config->n_instruments; i++) {
        struct instrument_config *const instrument = &config->instruments[i];
        if (instrument->px_scale == SCALE_INHERITED) {
            instrument->px_scale = config->host.px_scale;
        }
        if (instrument->qty_scale == SCALE_INHERITED) {
            instrument->qty_scale = config->host.qty_scale;
        }
    }
}

static void settle_fees(struct config *config)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        struct exchange_config *const exchange = &config->exchanges[i];
        exchange->taker_fee_ppm = fee_schedule_at(&exchange->fees, exchange->volume_30d);
    }
}

static int build(struct config_builder *b, const struct ini_section *all)
{
    unsigned n_of_kind[N_SECTION_KINDS] = { 0 };

    const int rc = allocate(b, all);
    if (rc != ARB_OK) {
        return rc;
    }
    for (const struct ini_section *section = all; section != NULL; section = section->next) {
        take_section(b, all, section, n_of_kind);
    }
    if (n_of_kind[SECTION_HOST] == 0) {
        take_absent(b, SECTION_HOST, &b->config->host);
    }
    if (n_of_kind[SECTION_KAFKA] == 0) {
        take_absent(b, SECTION_KAFKA, &b->config->kafka);
    }
    if (n_of_kind[SECTION_WEB] == 0) {
        take_absent(b, SECTION_WEB, &b->config->web);
    }
    inherit_scales(b->config);
    settle_fees(b->config);
    b->config->kafka.silence_ms = b->config->host.silence_ms;
    config_check(b->config, b->problems);
    if (b->rc == ARB_OK) {
        b->rc = assets_note(b->config);
    }
    return b->rc == ARB_OK ? instruments_note(b->config) : b->rc;
}

/* The path up to its last slash. */
static struct arb_bytes folder_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return (struct arb_bytes){ .data = path,
                               .len = slash == NULL ? 0 : (size_t)(slash - path) + 1 };
}

static int load(struct config *config, const char *path, struct problems *problems)
{
    struct pool *const pool = pool_create();
    struct ini_section *sections = NULL;

    if (pool == NULL) {
        return ARB_ENOMEM;
    }
    config->memory = pool;
    config->path = pool_text(pool, (struct arb_bytes){ .data = path, .len = strlen(path) });
    struct config_builder builder = { .config = config,
                                      .pool = pool,
                                      .problems = problems,
                                      .folder = pool_text(pool, folder_of(path)) };
    if (config->path == NULL || builder.folder == NULL) {
        return ARB_ENOMEM;
    }
    const int rc = ini_reader_load(path, pool, &sections, problems);
    return rc == ARB_OK ? build(&builder, sections) : rc;
}

int config_load(struct config *config, const char *path, struct problems *problems)
{
    const unsigned n_before = problems->n;

    memset(config, 0, sizeof(*config));
    config->host.px_scale = ARB_DIGITS_UNKNOWN; /* until a key says otherwise */
    config->host.qty_scale = ARB_DIGITS_UNKNOWN;
    problems_hold(problems);
    if (load(config, path, problems) == ARB_ENOMEM) {
        problem_add(problems, 0, NULL, NULL, "memory is exhausted");
    }
    problems_release(problems);
    return problems->n == n_before ? ARB_OK : ARB_EINVAL;
}
