#include "session/scales.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/symbol_list.h"
#include "session/scales_file.h"
#include "session/scales_share.h"
#include "util/log.h"

enum {
    BUCKETS = 4096, /* a power of two */
    SYMBOLS_MAX = ARB_INSTRUMENTS_MAX * CONFIG_EXCHANGES_MAX,
    LINE_LEN_MAX = ARB_SYMBOL_MAX + 16,
    PX_DIGITS_ROOM = 10, /* room for finer ticks up to here, see scales.h */
    QTY_DIGITS_ROOM = 5,
    DIGITS_SPARE = 2,
    PX_SCALE_BLIND = 10, /* where no venue's digits are known */
    QTY_SCALE_BLIND = 8,
};

#define LOOK_NS INT64_C(100000000) /* for the catalogs of other processes */

static const struct scale_pair unknown = { ARB_DIGITS_UNKNOWN, ARB_DIGITS_UNKNOWN };

struct entry {
    char symbol[ARB_SYMBOL_MAX];
    struct scale_pair digits;     /* the finest reported */
    struct scale_pair own;        /* of these, by exchanges of this process */
    struct scale_pair remembered; /* of the scales_file */
    struct scale_pair scale;      /* once decided */
    uint32_t wanted_by;           /* a bit per enabled exchange of the configuration */
    bool is_asked, is_decided;
    int64_t asked_ns;
    struct entry *next, *next_in_bucket;
};

struct scales {
    pthread_mutex_t mutex; /* over everything below */
    const struct config *config;
    struct scales_file file; /* path NULL: there is none */
    uint32_t reported;       /* exchanges whose catalog is complete */
    int64_t look_ns;         /* when to look for catalogs of other processes again */
    unsigned n_entries;
    struct entry *first;
    struct entry *buckets[BUCKETS];
    struct log_limit file_limit;
};

static uint8_t finer(uint8_t a, uint8_t b)
{
    if (a == ARB_DIGITS_UNKNOWN || b == ARB_DIGITS_UNKNOWN) {
        return a == ARB_DIGITS_UNKNOWN ? b : a;
    }
    return a > b ? a : b;
}

static struct scale_pair finer_pair(struct scale_pair a, struct scale_pair b)
{
    return (struct scale_pair){ finer(a.px, b.px), finer(a.qty, b.qty) };
}

static uint8_t scale_for(uint8_t digits, unsigned room, uint8_t blind)
{
    unsigned scale = (unsigned)digits + DIGITS_SPARE;

    if (digits == ARB_DIGITS_UNKNOWN) {
        return blind;
    }
    scale = scale < room ? scale : room;
    scale = scale > digits ? scale : digits;
    return (uint8_t)(scale < ARB_SCALE_MAX ? scale : ARB_SCALE_MAX);
}

static struct scale_pair scale_of_digits(struct scale_pair digits)
{
    return (struct scale_pair){ scale_for(digits.px, PX_DIGITS_ROOM, PX_SCALE_BLIND),
                                scale_for(digits.qty, QTY_DIGITS_ROOM, QTY_SCALE_BLIND) };
}

static struct scale_pair configured(const struct config *config, const char *symbol)
{
    const struct instrument_config *const section = config_instrument(config, symbol);

    return section != NULL ? (struct scale_pair){ section->px_scale, section->qty_scale }
                           : (struct scale_pair){ config->host.px_scale, config->host.qty_scale };
}

static uint8_t first_known(uint8_t a, uint8_t b)
{
    return a != ARB_DIGITS_UNKNOWN ? a : b;
}

static struct scale_pair pair_or(struct scale_pair first, struct scale_pair second)
{
    return (struct scale_pair){ first_known(first.px, second.px),
                                first_known(first.qty, second.qty) };
}

struct scale_pair scales_of(const struct config *config, const char *symbol, uint8_t px_digits,
                            uint8_t qty_digits)
{
    return pair_or(configured(config, symbol),
                   scale_of_digits((struct scale_pair){ px_digits, qty_digits }));
}

static bool wants(const struct exchange_config *exchange, const char *symbol)
{
    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        if (symbol_matches(exchange->symbols[i], symbol)) {
            return true;
        }
    }
    return false;
}

static uint32_t wanted_by(const struct config *config, const char *symbol)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        const struct exchange_config *const exchange = &config->exchanges[i];
        const bool is_elsewhere = exchange->is_elsewhere && config->host.family_dir != NULL;
        if ((exchange->enabled || is_elsewhere) && wants(exchange, symbol)) {
            mask |= UINT32_C(1) << i;
        }
    }
    return mask;
}

/* 0 for an exchange that the configuration does not have. */
static uint32_t bit_of(const struct config *config, const char *exchange)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (strcmp(config->exchanges[i].name, exchange) == 0) {
            return UINT32_C(1) << i;
        }
    }
    return 0;
}

static struct entry **bucket_of(struct scales *scales, const char *symbol)
{
    uint32_t hash = 5381;

    for (; *symbol != '\0'; symbol++) {
        hash = hash * 33 + (unsigned char)*symbol;
    }
    return &scales->buckets[hash % BUCKETS];
}

/* NULL when memory or the limit of symbols is exhausted, or the symbol is too long. */
static struct entry *add_entry(struct scales *scales, struct entry **bucket, const char *symbol)
{
    if (scales->n_entries == SYMBOLS_MAX || strlen(symbol) >= ARB_SYMBOL_MAX) {
        return NULL;
    }
    struct entry *const entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->symbol, symbol, strlen(symbol));
    entry->digits = entry->own = entry->remembered = unknown;
    entry->wanted_by = wanted_by(scales->config, symbol);
    entry->next = scales->first;
    entry->next_in_bucket = *bucket;
    scales->first = *bucket = entry;
    scales->n_entries++;
    return entry;
}

static struct entry *entry_of(struct scales *scales, const char *symbol)
{
    struct entry **const bucket = bucket_of(scales, symbol);

    for (struct entry *entry = *bucket; entry != NULL; entry = entry->next_in_bucket) {
        if (strcmp(entry->symbol, symbol) == 0) {
            return entry;
        }
    }
    return add_entry(scales, bucket, symbol);
}

/* Before any line is taken: what is remembered stays when one is broken. */
static int check_lines(const struct scales_file *file, struct err *err)
{
    struct scales_line line = { .next = 0 };
    int rc = scales_file_next(file, &line, err);

    while (rc == ARB_OK && line.symbol[0] != '\0') {
        rc = scales_file_next(file, &line, err);
    }
    return rc;
}

/* The first line of a symbol is the one that counts. */
static int take_lines(struct scales *scales, struct err *err)
{
    struct scales_line line = { .next = 0 };

    while (scales_file_next(&scales->file, &line, err) == ARB_OK && line.symbol[0] != '\0') {
        struct entry *const entry = entry_of(scales, line.symbol);
        if (entry == NULL) {
            return err_set(err, ARB_ELIMIT, "scales_file %s: no room for its symbols",
                           scales->file.path);
        }
        if (entry->remembered.px == ARB_DIGITS_UNKNOWN) {
            entry->remembered = line.scale;
        }
    }
    return ARB_OK;
}

/* Reads the file again. */
static int recall(struct scales *scales, struct err *err)
{
    int rc = scales_file_read(&scales->file, err);

    if (rc == ARB_OK) {
        rc = check_lines(&scales->file, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    for (struct entry *entry = scales->first; entry != NULL; entry = entry->next) {
        entry->remembered = unknown;
    }
    return take_lines(scales, err);
}

static int open_file(struct scales *scales, struct err *err)
{
    const char *const path = scales->config->host.scales_file;

    if (path == NULL) {
        return ARB_OK;
    }
    const int rc = scales_file_open(&scales->file, path, err);
    return rc == ARB_OK ? recall(scales, err) : rc;
}

int scales_create(struct scales **scales, const struct config *config, struct err *err)
{
    struct scales *const created = calloc(1, sizeof(*created));

    if (created == NULL) {
        return err_set(err, ARB_ENOMEM, "scales: memory is exhausted");
    }
    (void)pthread_mutex_init(&created->mutex, NULL); /* cannot fail in glibc */
    created->config = config;
    const int rc = open_file(created, err);
    if (rc != ARB_OK) {
        scales_destroy(created);
        return rc;
    }
    *scales = created;
    return ARB_OK;
}

void scales_destroy(struct scales *scales)
{
    if (scales == NULL) {
        return;
    }
    while (scales->first != NULL) {
        struct entry *const entry = scales->first;
        scales->first = entry->next;
        free(entry);
    }
    scales_file_close(&scales->file);
    (void)pthread_mutex_destroy(&scales->mutex); /* nobody holds it */
    free(scales);
}

void scales_report(struct scales *scales, const char *exchange, const char *symbol,
                   uint8_t px_digits, uint8_t qty_digits)
{
    const uint32_t bit = bit_of(scales->config, exchange);

    /* Rows that nobody wants would only fill the table. */
    if ((wanted_by(scales->config, symbol) & bit) == 0) {
        return;
    }
    (void)pthread_mutex_lock(&scales->mutex); /* fails for mutexes in a bad state only */
    struct entry *const entry = entry_of(scales, symbol);
    if (entry != NULL) {
        const struct scale_pair digits = { px_digits, qty_digits };
        entry->own = finer_pair(entry->own, digits);
        entry->digits = finer_pair(entry->digits, digits);
    }
    (void)pthread_mutex_unlock(&scales->mutex);
}

/* -- catalogs of other processes ----------------------------------------------------------- */

/* Where each exchange is a process of its own, the others wait for this. */
static int share_catalog(const struct scales *scales, const char *exchange, struct err *err)
{
    const char *const dir = scales->config->host.family_dir;
    struct scales_share share;

    if (dir == NULL) {
        return ARB_OK;
    }
    const int rc = scales_share_begin(&share, dir, exchange, err);
    if (rc != ARB_OK) {
        return rc;
    }
    for (const struct entry *entry = scales->first; entry != NULL; entry = entry->next) {
        scales_share_add(&share, entry->symbol, entry->own);
    }
    return scales_share_end(&share, err);
}

void scales_reported_all(struct scales *scales, const char *exchange)
{
    struct err err = { .rc = ARB_OK };

    (void)pthread_mutex_lock(&scales->mutex);
    scales->reported |= bit_of(scales->config, exchange);
    const int rc = share_catalog(scales, exchange, &err);
    (void)pthread_mutex_unlock(&scales->mutex);
    if (rc != ARB_OK) {
        log_line(ARB_WARN, NULL, "what the catalog of %s says of digits is not shared: %s",
                 exchange, err.text);
    }
}

static void take_catalog(struct scales *scales, unsigned i)
{
    const struct exchange_config *const exchange = &scales->config->exchanges[i];
    FILE *const in = scales_share_open(scales->config->host.family_dir, exchange->name);
    char symbol[ARB_SYMBOL_MAX];
    struct scale_pair digits;

    if (in == NULL) {
        return;
    }
    while (scales_share_next(in, symbol, &digits)) {
        struct entry *const entry = entry_of(scales, symbol);
        if (entry != NULL) {
            entry->digits = finer_pair(entry->digits, digits);
        }
    }
    (void)fclose(in);
    scales->reported |= UINT32_C(1) << i;
}

/* Those that have not reported yet. */
static void take_catalogs(struct scales *scales, int64_t mono_ns)
{
    const struct config *const config = scales->config;

    if (config->host.family_dir == NULL || mono_ns < scales->look_ns) {
        return;
    }
    scales->look_ns = mono_ns + LOOK_NS;
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (config->exchanges[i].is_elsewhere && (scales->reported >> i & 1) == 0) {
            take_catalog(scales, i);
        }
    }
}

/* -- decisions ----------------------------------------------------------------------------- */

/* True when no catalog has a say. */
static bool is_given(const struct scales *scales, const struct entry *entry)
{
    const struct scale_pair given =
        pair_or(configured(scales->config, entry->symbol), entry->remembered);

    return given.px != ARB_DIGITS_UNKNOWN && given.qty != ARB_DIGITS_UNKNOWN;
}

static bool is_ready(const struct scales *scales, const struct entry *entry, int64_t mono_ns)
{
    return is_given(scales, entry) || (entry->wanted_by & ~scales->reported) == 0 ||
           (entry->is_asked && mono_ns - entry->asked_ns >= SCALES_PATIENCE_NS);
}

static bool is_due(const struct scales *scales, const struct entry *entry, int64_t mono_ns)
{
    return !entry->is_decided && (entry->is_asked || entry->wanted_by != 0) &&
           is_ready(scales, entry, mono_ns);
}

static void warn_conflict(const struct entry *entry, const char *path)
{
    const struct scale_pair had = entry->remembered, has = entry->scale;

    if (had.px != ARB_DIGITS_UNKNOWN && (had.px != has.px || had.qty != has.qty)) {
        log_line(ARB_WARN, NULL,
                 "%s: the configuration's scales %u and %u win over %u and %u in %s", entry->symbol,
                 has.px, has.qty, had.px, had.qty, path);
    }
}

static void decide(struct scales *scales, struct entry *entry)
{
    const struct scale_pair rule = pair_or(entry->remembered, scale_of_digits(entry->digits));

    entry->scale = pair_or(configured(scales->config, entry->symbol), rule);
    entry->is_decided = true;
    warn_conflict(entry, scales->config->host.scales_file);
}

/* Decides all that can be decided. `lines` has room for each, or is NULL. */
static size_t decide_due(struct scales *scales, int64_t mono_ns, char *lines)
{
    size_t len = 0;

    for (struct entry *entry = scales->first; entry != NULL; entry = entry->next) {
        if (!is_due(scales, entry, mono_ns)) {
            continue;
        }
        decide(scales, entry);
        if (lines != NULL && entry->remembered.px == ARB_DIGITS_UNKNOWN) {
            len += (size_t)snprintf(lines + len, LINE_LEN_MAX, "%s %u %u\n", entry->symbol,
                                    entry->scale.px, entry->scale.qty);
        }
    }
    return len;
}

/* With the file locked: what another host decided meanwhile goes first. */
static int decide_with_file(struct scales *scales, int64_t mono_ns, struct err *err)
{
    int rc = recall(scales, err);

    if (rc != ARB_OK) {
        return rc;
    }
    char *const lines = malloc((size_t)scales->n_entries * LINE_LEN_MAX);
    if (lines == NULL) {
        return err_set(err, ARB_ENOMEM, "scales: memory is exhausted");
    }
    const size_t len = decide_due(scales, mono_ns, lines);
    if (len > 0) {
        rc = scales_file_append(&scales->file, lines, len, err);
    }
    free(lines);
    return rc;
}

static void decide_and_remember(struct scales *scales, int64_t mono_ns)
{
    struct err err = { .rc = ARB_OK };

    if (scales->file.path != NULL && scales_file_lock(&scales->file, &err) == ARB_OK) {
        (void)decide_with_file(scales, mono_ns, &err); /* err says */
        scales_file_unlock(&scales->file);
    }
    if (err.rc != ARB_OK) {
        log_limited(&scales->file_limit, mono_ns, ARB_WARN, NULL,
                    "scales are decided but not remembered: %s", err.text);
    }
    (void)decide_due(scales, mono_ns, NULL); /* all that the file did not get to */
}

bool scales_decide(struct scales *scales, const char *symbol, int64_t mono_ns,
                   struct scale_pair *scale)
{
    bool is_decided = false;

    (void)pthread_mutex_lock(&scales->mutex);
    struct entry *const entry = entry_of(scales, symbol);
    if (entry != NULL && !entry->is_asked) {
        entry->is_asked = true;
        entry->asked_ns = mono_ns;
    }
    take_catalogs(scales, mono_ns);
    if (entry != NULL && is_due(scales, entry, mono_ns)) {
        decide_and_remember(scales, mono_ns);
    }
    if (entry != NULL && entry->is_decided) {
        *scale = entry->scale;
        is_decided = true;
    }
    (void)pthread_mutex_unlock(&scales->mutex);
    return is_decided;
}
