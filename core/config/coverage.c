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
    const struct coverage_scope *scope;
    struct coverage *coverage;
    struct arb_text lone;
    struct quote_pair pairs[PAIRS_MAX];
    unsigned n_pairs;
};

static bool is_in(uint32_t exchanges, unsigned i)
{
    return (exchanges >> i & 1U) != 0;
}

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

/* True when the symbol or pattern may stand for something that is looked at. */
static bool is_wanted(const struct finding *f, const char *symbol)
{
    unsigned i = 0;

    while (i < f->scope->n_symbols && !symbols_overlap(f->scope->symbols[i], symbol)) {
        i++;
    }
    return f->scope->n_symbols == 0 || i < f->scope->n_symbols;
}

static bool is_lone(const struct finding *f, unsigned owner, const char *symbol)
{
    for (unsigned i = 0; i < f->config->n_exchanges; i++) {
        if (i != owner && is_in(f->scope->exchanges, i) && has(&f->config->exchanges[i], symbol)) {
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
        for (unsigned j = 0; is_in(f->scope->exchanges, i) && j < exchange->n_symbols; j++) {
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
        for (unsigned j = 0; is_in(f->scope->exchanges, i) && j < exchange->n_symbols; j++) {
            const char *const other = exchange->symbols[j];
            if (!symbol_is_pattern(other) && has_base(other, symbol) && is_wanted(f, other) &&
                is_lone(f, i, other)) {
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

static bool meets_pattern(const struct finding *f, unsigned owner, const char *pattern)
{
    for (unsigned i = 0; i < owner; i++) {
        const struct exchange_config *const exchange = &f->config->exchanges[i];
        for (unsigned j = 0; is_in(f->scope->exchanges, i) && j < exchange->n_symbols; j++) {
            if (symbol_is_pattern(exchange->symbols[j]) &&
                symbols_overlap(exchange->symbols[j], pattern)) {
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
        if (!is_wanted(f, symbol)) {
            continue;
        }
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

struct coverage_scope coverage_all(const struct config *config)
{
    struct coverage_scope all = { .exchanges = 0 };

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        all.exchanges |= 1U << i;
    }
    return all;
}

bool coverage_may_have(const struct config *config, uint32_t exchanges, const char *wanted)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        const struct exchange_config *const exchange = &config->exchanges[i];
        if (is_in(exchanges, i) && exchange->n_symbols == 0) {
            return true;
        }
        for (unsigned j = 0; is_in(exchanges, i) && j < exchange->n_symbols; j++) {
            if (symbols_overlap(wanted, exchange->symbols[j])) {
                return true;
            }
        }
    }
    return false;
}

/* True when the exchange has something in common with others. */
static bool meets(const struct finding *f, unsigned owner)
{
    const struct exchange_config *const exchange = &f->config->exchanges[owner];

    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        const char *const symbol = exchange->symbols[i];
        const bool found = symbol_is_pattern(symbol) ? meets_pattern(f, owner, symbol)
                                                     : !is_lone(f, owner, symbol);
        if (found && is_wanted(f, symbol)) {
            return true;
        }
    }
    return exchange->n_symbols == 0;
}

bool coverage_may_meet(const struct config *config, const struct coverage_scope *scope)
{
    const struct finding f = { .config = config, .scope = scope };

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (is_in(scope->exchanges, i) && meets(&f, i)) {
            return true;
        }
    }
    return false;
}

void coverage_find(const struct config *config, const struct coverage_scope *scope,
                   struct coverage *coverage)
{
    struct finding f = { .config = config, .scope = scope, .coverage = coverage };

    *coverage = (struct coverage){ .n_symbols = 0 };
    f.lone = arb_text_over(coverage->lone, sizeof(coverage->lone));
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (is_in(scope->exchanges, i)) {
            look_at_exchange(&f, i);
            /* Nobody says what it has: a host elsewhere may publish anything of it. */
            coverage->n_silent += config->exchanges[i].n_symbols == 0 ? 1 : 0;
        }
    }
    coverage->may_meet |= coverage->n_silent > 0;
    write_more(&f.lone, coverage->n_lone, COVERAGE_SHOWN_MAX);
    write_quotes(&f, coverage->quotes);
}

/* -- notes ----------------------------------------------------------------------------- */

static unsigned count_strategies(const struct config *config, bool across_too)
{
    unsigned n = 0;

    for (unsigned i = 0; i < config->n_strategies; i++) {
        const struct strategy_config *const strategy = &config->strategies[i];
        n += strategy->enabled && (across_too || strategy->reach != REACH_ACROSS) ? 1 : 0;
    }
    return n;
}

/* That of source = direct alone is refused, see strategy_check.h. */
static void note_few(const struct config *config, struct coverage_notes *notes)
{
    struct arb_text few = arb_text_over(notes->few, sizeof(notes->few));
    const bool is_none = config->n_exchanges == 0;

    if (config->n_exchanges < 2 && count_strategies(config, is_none) > 0) {
        arb_text_add(&few,
                     "%s exchange is configured, and there is nothing to %s here; others "
                     "must come over Kafka, and their fee needs an [exchange:NAME] section with "
                     "enabled = no",
                     is_none ? "no" : "only one", is_none ? "look at" : "compare it with");
    }
}

/* True unless all strategies have legs of several instruments, for which none is alone. */
static bool is_compared(const struct config *config)
{
    return count_strategies(config, true) == 0 || count_strategies(config, false) > 0;
}

void coverage_note(const struct config *config, struct coverage_notes *notes)
{
    struct arb_text lone = arb_text_over(notes->lone, sizeof(notes->lone));
    struct arb_text quotes = arb_text_over(notes->quotes, sizeof(notes->quotes));
    const struct coverage_scope all = coverage_all(config);
    struct coverage coverage;

    note_few(config, notes);
    if (config->n_exchanges < 2 || !is_compared(config)) {
        return; /* of one, everything is alone */
    }
    coverage_find(config, &all, &coverage);
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
