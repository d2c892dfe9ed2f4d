#include "session/instruments.h"

#include <stdlib.h>
#include <string.h>

#include "config/symbol_list.h"

int instruments_init(struct instruments *set, const struct config *config,
                     const struct exchange_config *exchange)
{
    *set = (struct instruments){ .config = config, .exchange = exchange };
    set->list = calloc(ARB_INSTRUMENTS_MAX, sizeof(*set->list));
    set->listed = calloc(ARB_INSTRUMENTS_MAX, sizeof(*set->listed));
    set->listed_next = calloc(ARB_INSTRUMENTS_MAX, sizeof(*set->listed_next));
    set->by_symbol = calloc(1, sizeof(*set->by_symbol));
    if (set->list == NULL || set->listed == NULL || set->listed_next == NULL ||
        set->by_symbol == NULL) {
        instruments_fini(set);
        return ARB_ENOMEM;
    }
    return ARB_OK;
}

void instruments_fini(struct instruments *set)
{
    free(set->list);
    free(set->listed);
    free(set->listed_next);
    free(set->by_symbol);
    *set = (struct instruments){ 0 };
}

bool instruments_have_patterns(const struct instruments *set)
{
    for (unsigned i = 0; i < set->exchange->n_symbols; i++) {
        if (symbol_is_pattern(set->exchange->symbols[i])) {
            return true;
        }
    }
    return false;
}

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

static void copy_name(char *to, const char *from, size_t len)
{
    const size_t n = len < ARB_SYMBOL_MAX ? len : ARB_SYMBOL_MAX - 1;
    memcpy(to, from, n);
    to[n] = '\0';
}

static const char *configured_venue_symbol(const struct instrument_config *section,
                                           const char *exchange)
{
    const struct config_entry *entry = section == NULL ? NULL : section->venue_symbols;
    for (; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key, exchange) == 0) {
            return entry->value;
        }
    }
    return NULL;
}

static struct arb_instrument describe(const struct instruments *set, const char *symbol,
                                      const char *listed_as)
{
    const struct instrument_config *const section = config_instrument(set->config, symbol);
    const char *const configured = configured_venue_symbol(section, set->exchange->name);
    const char *const venue_symbol = configured != NULL ? configured : listed_as;
    const char *const slash = strchr(symbol, '/');
    const size_t base_len = slash == NULL ? strlen(symbol) : (size_t)(slash - symbol);
    struct arb_instrument info = { 0 };

    copy_name(info.symbol, symbol, strlen(symbol));
    copy_name(info.base, symbol, base_len);
    copy_name(info.quote, slash == NULL ? "" : slash + 1, slash == NULL ? 0 : strlen(slash + 1));
    copy_name(info.venue_symbol, venue_symbol, strlen(venue_symbol));
    info.px_scale = section != NULL ? section->px_scale : set->config->host.px_scale;
    info.qty_scale = section != NULL ? section->qty_scale : set->config->host.qty_scale;
    return info;
}

static uint32_t add(struct instruments *set, const char *symbol, const char *listed_as)
{
    if (set->n == ARB_INSTRUMENTS_MAX || arb_symbol_put(set->by_symbol, bytes_of(symbol), set->n)) {
        return ARB_NO_INSTRUMENT;
    }
    set->list[set->n] = describe(set, symbol, listed_as);
    return set->n++;
}

int instruments_add_named(struct instruments *set)
{
    for (unsigned i = 0; i < set->exchange->n_symbols; i++) {
        const char *const symbol = set->exchange->symbols[i];
        if (symbol_is_pattern(symbol) ||
            arb_symbol_find(set->by_symbol, bytes_of(symbol)) != ARB_NO_INSTRUMENT) {
            continue;
        }
        if (add(set, symbol, "") == ARB_NO_INSTRUMENT) {
            return ARB_ELIMIT;
        }
    }
    return ARB_OK;
}

static bool wanted_by_pattern(const struct instruments *set, const char *symbol)
{
    for (unsigned i = 0; i < set->exchange->n_symbols; i++) {
        if (symbol_is_pattern(set->exchange->symbols[i]) &&
            symbol_matches(set->exchange->symbols[i], symbol)) {
            return true;
        }
    }
    return false;
}

uint32_t instruments_list(struct instruments *set, const struct arb_listing *listing)
{
    uint32_t i = arb_symbol_find(set->by_symbol, bytes_of(listing->symbol));

    if (i == ARB_NO_INSTRUMENT && wanted_by_pattern(set, listing->symbol)) {
        i = add(set, listing->symbol, listing->venue_symbol);
    }
    if (i != ARB_NO_INSTRUMENT) {
        set->listed[i] = set->listed_next[i] = true;
    }
    return i;
}

void instruments_end_catalog(struct instruments *set)
{
    for (uint32_t i = 0; i < set->n; i++) {
        set->listed[i] = set->listed_next[i];
        set->listed_next[i] = false;
    }
}
