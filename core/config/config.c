#include "config/config.h"

#include <string.h>

#include "config/pool.h"

const char *const config_term_keys[N_TERMS] = { "taker_fee", "tick", "lot", "min_qty",
                                                "min_notional" };

void config_fini(struct config *config)
{
    pool_destroy(config->memory);
    memset(config, 0, sizeof(*config));
}

uint32_t config_publish_depth(const struct config *config, const struct exchange_config *exchange)
{
    return (uint32_t)(exchange->publish_depth_line != 0 ? exchange->publish_depth
                                                        : config->host.publish_depth);
}

const struct exchange_config *config_exchange(const struct config *config, const char *name)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (strcmp(config->exchanges[i].name, name) == 0) {
            return &config->exchanges[i];
        }
    }
    return NULL;
}

const struct instrument_config *config_instrument(const struct config *config, const char *symbol)
{
    for (unsigned i = 0; i < config->n_instruments; i++) {
        if (strcmp(config->instruments[i].symbol, symbol) == 0) {
            return &config->instruments[i];
        }
    }
    return NULL;
}

static const char *copy_text(struct pool *pool, const char *text)
{
    return pool_text(pool, (struct arb_bytes){ .data = text, .len = strlen(text) });
}

int config_add_note(struct config *config, const struct config_note *note)
{
    struct config_note **at = &config->notes;
    struct config_note *const added = pool_alloc(config->memory, sizeof(*added));

    if (added == NULL) {
        return ARB_ENOMEM;
    }
    added->section = copy_text(config->memory, note->section);
    added->key = copy_text(config->memory, note->key);
    added->text = copy_text(config->memory, note->text);
    added->line = note->line;
    if (added->section == NULL || added->key == NULL || added->text == NULL) {
        return ARB_ENOMEM;
    }
    while (*at != NULL && (*at)->line <= note->line) {
        at = &(*at)->next;
    }
    added->next = *at;
    *at = added;
    return ARB_OK;
}

const struct venue_term *config_venue_term(const struct instrument_config *instrument,
                                           enum config_term term, const char *exchange)
{
    const struct venue_term *found = instrument->terms[term];

    while (found != NULL && strcmp(found->exchange, exchange) != 0) {
        found = found->next;
    }
    return found;
}
