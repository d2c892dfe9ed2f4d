#include "config/strategy_check.h"

#include <string.h>

#include "arbspot/text.h"
#include "config/coverage.h"
#include "config/heading.h"

enum { LIST_MAX = 256, NOTE_MAX = 512, LISTED_MAX = 6 };

/* One strategy, and what it may be shown. */
struct look {
    struct config *config;
    const struct strategy_config *strategy;
    struct heading heading;
    uint32_t there;    /* exchanges that its source has; bits as in strategy_config.venues */
    uint32_t shown;    /* of these, what `venues` lets through */
    unsigned n_needed; /* exchanges */
    struct problems *problems;
};

static unsigned count(uint32_t exchanges)
{
    unsigned n = 0;

    for (; exchanges != 0; exchanges &= exchanges - 1) {
        n++;
    }
    return n;
}

static uint32_t enabled_ones(const struct config *config)
{
    uint32_t enabled = 0;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        enabled |= config->exchanges[i].enabled ? 1U << i : 0;
    }
    return enabled;
}

/* "kraken, okx": the names behind the bits. */
static const char *names_of(const struct config *config, uint32_t exchanges, char out[LIST_MAX])
{
    struct arb_text text = arb_text_over(out, LIST_MAX);

    for (unsigned i = 0, n = 0; i < config->n_exchanges; i++) {
        if ((exchanges >> i & 1U) != 0 && n++ < LISTED_MAX) {
            arb_text_add(&text, "%s%s", n == 1 ? "" : ", ", config->exchanges[i].name);
        }
    }
    if (count(exchanges) > LISTED_MAX) {
        arb_text_add(&text, " and %u more", count(exchanges) - LISTED_MAX);
    }
    return out;
}

static void add_note(const struct look *l, unsigned line, const char *key, const char *text)
{
    const struct config_note note = {
        .section = l->heading.text, .key = key, .text = text, .line = line
    };

    if (config_add_note(l->config, &note) != ARB_OK) {
        problem_add(l->problems, line, l->heading.text, key, "memory is exhausted");
    }
}

/* -- exchanges --------------------------------------------------------------------------- */

/* The rules below say whether there is enough, or have said that there is not. */
static bool has_direct(const struct look *l)
{
    const unsigned n = count(l->there);

    if (l->strategy->source != SOURCE_DIRECT || n >= l->n_needed) {
        return true;
    }
    problem_add(l->problems, l->strategy->source_line, l->heading.text, "source",
                "'direct' reads the exchanges of this process, and %s: enable %s, or use source = "
                "kafka, which also reads those of other processes",
                n == 0 ? "none is enabled" : "only one is enabled, with nothing to compare it with",
                l->n_needed == 1 ? "one" : "two");
    return false;
}

static bool has_venues(const struct look *l)
{
    const uint32_t named = l->strategy->venues, absent = named & ~l->there;
    char names[LIST_MAX], text[NOTE_MAX];

    if (named == 0) {
        return true;
    }
    if (count(named) < l->n_needed) {
        problem_add(l->problems, l->strategy->venues_line, l->heading.text, "venues",
                    "there is nothing to compare %s with: name another exchange, or leave the key "
                    "out",
                    names_of(l->config, named, names));
        return false;
    }
    if (count(l->shown) < l->n_needed) {
        problem_add(l->problems, l->strategy->venues_line, l->heading.text, "venues",
                    "'direct' reads the exchanges of this process, and %s: enable what is named, "
                    "name others, or use source = kafka",
                    l->shown == 0 ? "none of these is enabled" : "only one of these is enabled");
        return false;
    }
    if (absent != 0) {
        struct arb_text note = arb_text_over(text, sizeof(text));
        arb_text_add(&note, "%s %s not enabled, and source = direct shows nothing of %s",
                     names_of(l->config, absent, names), count(absent) == 1 ? "is" : "are",
                     count(absent) == 1 ? "it" : "them");
        add_note(l, l->strategy->venues_line, "venues", text);
    }
    return true;
}

/* -- symbols ----------------------------------------------------------------------------- */

static bool is_unlisted(const struct look *l, unsigned i)
{
    return !coverage_may_have(l->config, l->shown, l->strategy->symbols[i]);
}

static unsigned count_unlisted(const struct look *l)
{
    unsigned n = 0;

    for (unsigned i = 0; i < l->strategy->n_symbols; i++) {
        n += is_unlisted(l, i) ? 1 : 0;
    }
    return n;
}

static void write_unlisted(const struct look *l, char out[LIST_MAX])
{
    struct arb_text text = arb_text_over(out, LIST_MAX);
    unsigned n = 0;

    for (unsigned i = 0; i < l->strategy->n_symbols; i++) {
        if (is_unlisted(l, i) && n++ < LISTED_MAX) {
            arb_text_add(&text, "%s%s", n == 1 ? "" : ", ", l->strategy->symbols[i]);
        }
    }
    if (n > LISTED_MAX) {
        arb_text_add(&text, " and %u more", n - LISTED_MAX);
    }
}

/* Whose lists are looked at, as the subject of a sentence. */
static const char *nobody(const struct look *l)
{
    return l->strategy->venues != 0               ? "none of its venues"
           : l->strategy->source == SOURCE_DIRECT ? "no exchange of this process"
                                                  : "no exchange";
}

/* Symbols and patterns that stand for nothing that an exchange has. */
static bool has_listed(const struct look *l)
{
    const unsigned n = l->shown == 0 ? 0 : count_unlisted(l);
    char list[LIST_MAX], text[NOTE_MAX];

    if (n == 0) {
        return true;
    }
    write_unlisted(l, list);
    if (n == l->strategy->n_symbols) {
        problem_add(l->problems, l->strategy->symbols_line, l->heading.text, "symbols",
                    "%s lists %s, so nothing is left to look at: name what they list, or leave the "
                    "key out",
                    nobody(l), list);
        return false;
    }
    struct arb_text note = arb_text_over(text, sizeof(text));
    arb_text_add(&note, "%s lists %s, so nothing is shown of %s", nobody(l), list,
                 n == 1 ? "it" : "them");
    add_note(l, l->strategy->symbols_line, "symbols", text);
    return true;
}

/* -- instruments in common --------------------------------------------------------------- */

/* Why there is nothing to compare, and what would help. */
struct lack {
    unsigned line;
    const char *key, *what, *advice;
};

static void complain(const struct look *l, const struct lack *lack,
                     const struct coverage_scope *scope)
{
    struct coverage found;

    coverage_find(l->config, scope, &found);
    problem_add(l->problems, lack->line, l->heading.text, lack->key,
                "there is nothing to compare, %s%s%s%s%s; %s", lack->what,
                found.lone[0] == '\0' ? "" : ": ", found.lone,
                found.quotes[0] == '\0' ? "" : "; quotes that never meet: ", found.quotes,
                lack->advice);
}

static bool have_common(const struct look *l)
{
    const struct coverage_scope all = { .exchanges = l->there };
    const struct lack lack = { l->strategy->line, NULL,
                               l->strategy->source == SOURCE_DIRECT
                                   ? "no two exchanges of this process have a symbol in common"
                                   : "no two exchanges have a symbol in common",
                               "list the same symbol on two of them" };

    if (!coverage_may_meet(l->config, &all)) {
        complain(l, &lack, &all);
        return false;
    }
    return true;
}

/* Of what `venues` and `symbols` let through. */
static void check_shown(const struct look *l)
{
    const struct strategy_config *const strategy = l->strategy;
    const struct coverage_scope scope = { l->shown, strategy->symbols, strategy->n_symbols };
    const struct lack by_symbols = { strategy->symbols_line, "symbols",
                                     "no two of its venues have one of these in common",
                                     "name a symbol that two of them list" };
    const struct lack by_venues = { strategy->venues_line, "venues",
                                    "no two of these have a symbol in common",
                                    "name two that list the same symbol" };

    if (!coverage_may_meet(l->config, &scope)) {
        complain(l, strategy->n_symbols > 0 ? &by_symbols : &by_venues, &scope);
    }
}

/* Of less than two the others are elsewhere, see coverage_notes. */
static void check_common(const struct look *l)
{
    if (l->config->n_exchanges >= 2 && have_common(l)) {
        check_shown(l);
    }
}

/* Its opportunities have legs of several instruments. */
static void check_several(const struct look *l)
{
    const struct coverage_scope scope = { .exchanges = l->shown,
                                          .symbols = l->strategy->symbols,
                                          .n_symbols = l->strategy->n_symbols };
    struct coverage coverage;

    coverage_find(l->config, &scope, &coverage);
    if (coverage.n_symbols == 1 && coverage.n_patterns + coverage.n_silent == 0) {
        problem_add(l->problems, l->strategy->line, l->heading.text, NULL,
                    "it is shown one instrument, and its opportunities have legs of several: list "
                    "more symbols");
    }
}

/* A list that was given and is empty was reported. */
static bool are_lists_read(const struct strategy_config *strategy)
{
    return (strategy->venues != 0 || strategy->venues_line == 0) &&
           (strategy->n_symbols > 0 || strategy->symbols_line == 0);
}

/* Its sessions end after 45 s, whatever the members ask for. */
static void note_slow_group(const struct look *l)
{
    if (l->strategy->group != NULL && strcmp(l->config->kafka.brokers, "embedded") == 0) {
        add_note(l, l->strategy->group_line, "group",
                 "the broker in this process takes up to 45 s to notice members that join or are "
                 "gone, and nothing is found meanwhile: share a strategy over Kafka, which takes "
                 "seconds");
    }
}

/* What keeps one rule from being kept would keep the next ones, too. */
static void check(const struct look *l)
{
    note_slow_group(l);
    if (!has_direct(l) || !has_venues(l) || !has_listed(l)) {
        return;
    }
    if (l->strategy->reach == REACH_ACROSS) {
        check_several(l);
    } else {
        check_common(l);
    }
}

void strategy_check(struct config *config, struct problems *problems)
{
    for (unsigned i = 0; i < config->n_strategies; i++) {
        const struct strategy_config *const strategy = &config->strategies[i];
        struct look look = { .config = config,
                             .strategy = strategy,
                             .heading = heading_of("strategy", strategy->name),
                             .there = strategy->source == SOURCE_DIRECT
                                          ? enabled_ones(config)
                                          : coverage_all(config).exchanges,
                             .n_needed = strategy->reach == REACH_ACROSS ? 1 : 2,
                             .problems = problems };
        look.shown = strategy->venues == 0 ? look.there : look.there & strategy->venues;
        if (strategy->enabled && strategy->reach != REACH_UNKNOWN && are_lists_read(strategy)) {
            check(&look);
        }
    }
}
