#include "config/asset_notes.h"

#include <string.h>

#include "arbspot/text.h"
#include "config/symbol_list.h"

enum { TEXT_MAX = 96, NOTE_MAX = 256 };

/* One side of a symbol or a pattern. */
static bool is_side(const char *side, size_t len, const char *asset)
{
    char pattern[ARB_SYMBOL_MAX] = { 0 };

    memcpy(pattern, side, len);
    return symbol_matches(pattern, asset);
}

static bool is_traded(const struct exchange_config *exchange, const char *asset, bool as_quote)
{
    for (unsigned i = 0; i < exchange->n_symbols; i++) {
        const char *const symbol = exchange->symbols[i];
        const char *const quote = symbol + strcspn(symbol, "/") + 1;
        if (is_side(symbol, (size_t)(quote - 1 - symbol), asset) ||
            (as_quote && is_side(quote, strlen(quote), asset))) {
            return true;
        }
    }
    return false;
}

static int note(struct config *config, const struct exchange_config *exchange, const char *word,
                const struct asset_term *term)
{
    char heading[TEXT_MAX], key[TEXT_MAX], text[NOTE_MAX];
    struct arb_text heading_text = arb_text_over(heading, sizeof(heading));
    struct arb_text key_text = arb_text_over(key, sizeof(key));
    struct arb_text whole = arb_text_over(text, sizeof(text));

    arb_text_add(&heading_text, "exchange:%s", exchange->name);
    arb_text_add(&key_text, "%s.%s", word, term->asset);
    arb_text_add(&whole,
                 "no symbol of this section %s %s, so nothing looks at it: assets are named as in "
                 "symbols",
                 strcmp(word, "inventory") == 0 ? "has" : "begins with", term->asset);
    return config_add_note(
        config,
        &(struct config_note){ .section = heading, .key = key, .text = text, .line = term->line });
}

static int note_terms(struct config *config, const struct exchange_config *exchange,
                      const char *word, const struct asset_term *terms)
{
    const bool as_quote = strcmp(word, "inventory") == 0;
    int rc = ARB_OK;

    for (const struct asset_term *t = terms; t != NULL && rc == ARB_OK; t = t->next) {
        rc = is_traded(exchange, t->asset, as_quote) ? ARB_OK : note(config, exchange, word, t);
    }
    return rc;
}

int assets_note(struct config *config)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < config->n_exchanges && rc == ARB_OK; i++) {
        const struct exchange_config *const exchange = &config->exchanges[i];
        if (exchange->n_symbols == 0) {
            continue; /* another host has the list, or it was complained about */
        }
        rc = note_terms(config, exchange, "inventory", exchange->inventory);
        if (rc == ARB_OK) {
            rc = note_terms(config, exchange, "withdrawal", exchange->withdrawals);
        }
    }
    return rc;
}
