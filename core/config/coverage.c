#include "config/coverage.h"

#include <string.h>

#include "arbspot/text.h"
#include "config/symbol_list.h"

enum { PAIRS_MAX = 64, SIDE_MAX = ARB_SYMBOL_MAX };

/* Two quotes in which one asset is traded, each on exchanges that do not have the other. */
struct quote_pair {
    char one[SIDE_MAX], other[SIDE_MAX]; /* in the order of the alphabet */
    char bases[128];
    unsigned n_bases;
};

struct finding {
    const struct config *config;
    struct coverage *coverage;
    struct arb_text lone;
    struct quote_pair pairs[PAIRS_MAX];
    unsigned n_pairs;
};

/* Most of thousands of symbols differ in their first letter, which is looked at quickly. */
static bool covers(const char *wanted, const char *symbol)
{
    const bool can = wanted[0] == symbol[0] || wanted[0] == '*' || wanted[0] == '?';
    return can && symbol_matches(wanted, symbol);
}

static bool has(const struct exchange_config *exchange, const char *symbol)
{
    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        if (covers(exchange->symbols[i], symbol)) {
            return true;
        }
    }
    return false;
}

static bool is_lone(const struct finding *f, unsigned owner, const char *symbol)
{
    for (unsigned i = 0; i < f->config->n_exchanges; i++) {
        if (i != owner && has(&f->config->exchanges[i], symbol)) {
            return false;
        }
    }
    return true;
}

/* True where the symbol stands in an exchange's list in front of this one. */
static bool is_counted(const struct finding *f, unsigned owner, const char *symbol)
{
    for (unsigned i = 0; i < owner; i++) {
        const struct exchange_config *const exchange = &f->config->exchanges[i];
        for (unsigned j = 0; j < exchange->n_symbols; j++) {
            if (strcmp(exchange->symbols[j], symbol) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* -- quotes ---------------------------------------------------------------------------- */

static size_t base_len(const char *symbol)
{
    return strcspn(symbol, "/");
}

static bool has_base(const char *symbol, const char *of)
{
    const size_t len = base_len(of);
    return base_len(symbol) == len && memcmp(symbol, of, len) == 0;
}

static struct quote_pair *pair_of(struct finding *f, const char *one, const char *other)
{
    for (unsigned i = 0; i < f->n_pairs; i++) {
        if (strcmp(f->pairs[i].one, one) == 0 && strcmp(f->pairs[i].other, other) == 0) {
            return &f->pairs[i];
        }
    }
    if (f->n_pairs == PAIRS_MAX) {
        return NULL; /* nobody reads more */
    }
    struct quote_pair *const pair = &f->pairs[f->n_pairs++];
    *pair = (struct quote_pair){ .n_bases = 0 };
    (void)snprintf(pair->one, sizeof(pair->one), "%s", one);
    (void)snprintf(pair->other, sizeof(pair->other), "%s", other);
    return pair;
}

static bool lists_base(const struct quote_pair *pair, const char *base, size_t len)
{
    const char *at = pair->bases;

    while (*at != '\0') {
        const size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, base, len) == 0) {
            return true;
        }
        at += word + strspn(at + word, ", ");
    }
    return false;
}

static void add_pair(struct finding *f, const char *symbol, const char *other)
{
    const char *const quote = symbol + base_len(symbol) + 1;
    const char *const other_quote = other + base_len(other) + 1;
    const bool is_sorted = strcmp(quote, other_quote) < 0;
    struct quote_pair *const pair =
        pair_of(f, is_sorted ? quote : other_quote, is_sorted ? other_quote : quote);
    const size_t len = base_len(symbol);

    if (pair == NULL || lists_base(pair, symbol, len)) {
        return;
    }
    pair->n_bases++;
    if (pair->n_bases <= COVERAGE_SHOWN_MAX / 2) {
        const size_t used = strlen(pair->bases);
        struct arb_text text = arb_text_over(pair->bases + used, sizeof(pair->bases) - used);
        arb_text_add(&text, "%s%.*s", used == 0 ? "" : ", ", (int)len, symbol);
    }
}

/* The same asset, in other quotes, on exchanges behind this one. */
static void find_quotes(struct finding *f, unsigned owner, const char *symbol)
{
    for (unsigned i = owner + 1; i < f->config->n_exchanges; i++) {
        const struct exchange_config *const exchange = &f->config->exchanges[i];
        for (unsigned j = 0; j < exchange->n_symbols; j++) {
            const char *const other = exchange->symbols[j];
            if (!symbol_is_pattern(other) && has_base(other, symbol) && is_lone(f, i, other)) {
                add_pair(f, symbol, other);
            }
        }
    }
}

/* -- instruments ----------------------------------------------------------------------- */

static void add_lone(struct finding *f, const struct exchange_config *exchange, const char *symbol)
{
    if (f->coverage->n_lone++ < COVERAGE_SHOWN_MAX) {
        arb_text_add(&f->lone, "%s%s (%s)", f->lone.len == 0 ? "" : ", ", symbol, exchange->name);
    }
}

static void look_at(struct finding *f, unsigned owner, const char *symbol)
{
    if (is_counted(f, owner, symbol)) {
        return;
    }
    f->coverage->n_symbols++;
    if (is_lone(f, owner, symbol)) {
        add_lone(f, &f->config->exchanges[owner], symbol);
        find_quotes(f, owner, symbol);
    } else {
        f->coverage->may_meet = true;
    }
}

/* Whether two patterns may stand for one symbol, as far as their quotes tell. */
static bool may_both_cover(const char *one, const char *other)
{
    const char *const quote = one + base_len(one) + 1;
    const char *const other_quote = other + base_len(other) + 1;

    return symbol_is_pattern(quote) || symbol_is_pattern(other_quote) ||
           strcmp(quote, other_quote) == 0;
}

static bool meets_pattern(const struct finding *f, unsigned owner, const char *pattern)
{
    for (unsigned i = 0; i < owner; i++) {
        const struct exchange_config *const exchange = &f->config->exchanges[i];
        for (unsigned j = 0; j < exchange->n_symbols; j++) {
            if (symbol_is_pattern(exchange->symbols[j]) &&
                may_both_cover(exchange->symbols[j], pattern)) {
                return true;
            }
        }
    }
    return false;
}

static void look_at_exchange(struct finding *f, unsigned owner)
{
    const struct exchange_config *const exchange = &f->config->exchanges[owner];

    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        const char *const symbol = exchange->symbols[i];
        if (symbol_is_pattern(symbol)) {
            f->coverage->n_patterns++;
            f->coverage->may_meet |= meets_pattern(f, owner, symbol);
        } else {
            look_at(f, owner, symbol);
        }
    }
}

static void write_more(struct arb_text *text, unsigned n, unsigned n_shown)
{
    if (n > n_shown) {
        arb_text_add(text, " and %u more", n - n_shown);
    }
}

static void write_quotes(const struct finding *f, char out[COVERAGE_TEXT_MAX])
{
    struct arb_text text = arb_text_over(out, COVERAGE_TEXT_MAX);

    for (unsigned i = 0; i < f->n_pairs && i < COVERAGE_SHOWN_MAX / 2; i++) {
        const struct quote_pair *const pair = &f->pairs[i];
        arb_text_add(&text, "%s%s and %s (%s", i == 0 ? "" : ", ", pair->one, pair->other,
                     pair->bases);
        write_more(&text, pair->n_bases, COVERAGE_SHOWN_MAX / 2);
        arb_text_add(&text, ")");
    }
    write_more(&text, f->n_pairs, COVERAGE_SHOWN_MAX / 2);
}

void coverage_find(const struct config *config, struct coverage *coverage)
{
    struct finding f = { .config = config, .coverage = coverage };

    *coverage = (struct coverage){ .n_exchanges = config->n_exchanges };
    f.lone = arb_text_over(coverage->lone, sizeof(coverage->lone));
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        look_at_exchange(&f, i);
        /* Nobody says what it has: a host elsewhere may publish anything of it. */
        coverage->may_meet |= config->exchanges[i].n_symbols == 0;
    }
    write_more(&f.lone, coverage->n_lone, COVERAGE_SHOWN_MAX);
    write_quotes(&f, coverage->quotes);
}

static bool has_strategy(const struct config *config)
{
    for (unsigned i = 0; i < config->n_strategies; i++) {
        if (config->strategies[i].enabled) {
            return true;
        }
    }
    return false;
}

/* That of source = direct alone is refused, see config_check.c. */
static void note_few(const struct config *config, struct coverage_notes *notes)
{
    struct arb_text few = arb_text_over(notes->few, sizeof(notes->few));

    if (config->n_exchanges < 2 && has_strategy(config)) {
        arb_text_add(&few,
                     "%s exchange is configured, and there is nothing to compare%s here; others "
                     "must come over Kafka, and their fee needs an [exchange:NAME] section with "
                     "enabled = no",
                     config->n_exchanges == 0 ? "no" : "only one",
                     config->n_exchanges == 0 ? "" : " it with");
    }
}

void coverage_note(const struct config *config, struct coverage_notes *notes)
{
    struct arb_text lone = arb_text_over(notes->lone, sizeof(notes->lone));
    struct arb_text quotes = arb_text_over(notes->quotes, sizeof(notes->quotes));
    struct coverage coverage;

    note_few(config, notes);
    coverage_find(config, &coverage);
    if (config->n_exchanges < 2) {
        return; /* of one, everything is alone */
    }
    if (coverage.n_lone > 0) {
        arb_text_add(&lone,
                     "%u of %u instruments are on one exchange only, and compared with none: %s",
                     coverage.n_lone, coverage.n_symbols, coverage.lone);
    }
    if (coverage.n_lone > 0 && coverage.n_patterns > 0) {
        arb_text_add(&lone, "; what patterns stand for is in the venues' catalogs and not counted");
    }
    if (coverage.quotes[0] != '\0') {
        arb_text_add(&quotes,
                     "quotes that never meet: %s: a price in one is not compared with a price in "
                     "the other",
                     coverage.quotes);
    }
}
