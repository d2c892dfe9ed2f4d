#include "config/instrument_notes.h"

#include "arbspot/text.h"
#include "config/heading.h"
#include "config/symbol_list.h"

enum { KEY_MAX = 64, NOTE_MAX = 256 };

/* Certain only where the list is known; an exchange without a section was complained about. */
static bool is_unlisted(const struct exchange_config *exchange, const char *symbol)
{
    return exchange != NULL && exchange->n_symbols > 0 &&
           !symbol_matches_any(exchange->symbols, exchange->n_symbols, symbol);
}

static int note(struct config *config, const struct instrument_config *instrument, const char *word,
                const char *exchange, unsigned line)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);
    char key[KEY_MAX], text[NOTE_MAX];
    struct arb_text key_text = arb_text_over(key, sizeof(key));
    struct arb_text whole = arb_text_over(text, sizeof(text));

    if (!is_unlisted(config_exchange(config, exchange), instrument->symbol)) {
        return ARB_OK;
    }
    arb_text_add(&key_text, "%s.%s", word, exchange);
    arb_text_add(&whole, "[exchange:%s] does not list %s, so nothing looks at it", exchange,
                 instrument->symbol);
    return config_add_note(
        config,
        &(struct config_note){ .section = heading.text, .key = key, .text = text, .line = line });
}

static int note_terms(struct config *config, const struct instrument_config *instrument)
{
    int rc = ARB_OK;

    for (unsigned term = 0; term < N_TERMS; term++) {
        for (const struct venue_term *t = instrument->terms[term]; t != NULL && rc == ARB_OK;
             t = t->next) {
            rc = note(config, instrument, config_term_keys[term], t->exchange, t->line);
        }
    }
    return rc;
}

static int note_symbols(struct config *config, const struct instrument_config *instrument)
{
    int rc = ARB_OK;

    for (const struct config_entry *e = instrument->venue_symbols; e != NULL && rc == ARB_OK;
         e = e->next) {
        rc = note(config, instrument, "venue_symbol", e->key, e->line);
    }
    return rc;
}

int instruments_note(struct config *config)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < config->n_instruments && rc == ARB_OK; i++) {
        rc = note_terms(config, &config->instruments[i]);
        if (rc == ARB_OK) {
            rc = note_symbols(config, &config->instruments[i]);
        }
    }
    return rc;
}
