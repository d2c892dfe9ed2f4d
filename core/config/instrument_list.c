#include "config/instrument_list.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/decimal.h"

static struct instrument_config *entry_of(struct instrument_list *list, const char *symbol)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (strcmp(list->configs[i].symbol, symbol) == 0) {
            return &list->configs[i];
        }
    }
    if (list->n == INSTRUMENT_LIST_MAX || symbol[0] == '\0' || strlen(symbol) >= ARB_SYMBOL_MAX) {
        return NULL;
    }
    struct instrument_config *const entry = &list->configs[list->n++];
    *entry = (struct instrument_config){ .px_scale = ARB_DIGITS_UNKNOWN,
                                         .qty_scale = ARB_DIGITS_UNKNOWN };
    (void)snprintf(entry->symbol, sizeof(entry->symbol), "%s", symbol);
    return entry;
}

int instrument_list_scale(struct instrument_list *list, const char *symbol, int64_t px, int64_t qty)
{
    struct instrument_config *const entry = entry_of(list, symbol);

    if (entry == NULL || px < 0 || px > ARB_SCALE_MAX || qty < 0 || qty > ARB_SCALE_MAX) {
        return ARB_EINVAL;
    }
    entry->px_scale = (uint8_t)px;
    entry->qty_scale = (uint8_t)qty;
    return ARB_OK;
}

int instrument_list_name(struct instrument_list *list, const char *exchange, const char *symbol,
                         const char *venue_symbol)
{
    struct instrument_config *const entry = entry_of(list, symbol);

    if (entry == NULL || venue_symbol[0] == '\0' || strlen(venue_symbol) >= ARB_SYMBOL_MAX) {
        return ARB_EINVAL;
    }
    const size_t i = (size_t)(entry - list->configs);
    (void)snprintf(list->texts[i], sizeof(list->texts[i]), "%s", venue_symbol);
    list->names[i] = (struct config_entry){ .key = exchange, .value = list->texts[i] };
    entry->venue_symbols = &list->names[i];
    return ARB_OK;
}

/* The symbol before "="; what is behind it, or NULL. */
static const char *cut_symbol(const char *text, char symbol[ARB_SYMBOL_MAX])
{
    const char *const equals = strchr(text, '=');

    if (equals == NULL || equals - text >= ARB_SYMBOL_MAX) {
        return NULL;
    }
    (void)snprintf(symbol, ARB_SYMBOL_MAX, "%.*s", (int)(equals - text), text);
    return equals + 1;
}

static int parse_digits(const char *text, size_t len, int64_t *digits)
{
    return arb_decimal_parse((struct arb_bytes){ text, len }, 0, digits, NULL);
}

static int add_scale(struct instrument_list *list, const char *text, struct err *err)
{
    char symbol[ARB_SYMBOL_MAX];
    int64_t px = -1, qty = -1;
    const char *const pair = cut_symbol(text, symbol);
    const char *const comma = pair == NULL ? NULL : strchr(pair, ',');

    if (comma == NULL || parse_digits(pair, (size_t)(comma - pair), &px) != ARB_OK ||
        parse_digits(comma + 1, strlen(comma + 1), &qty) != ARB_OK ||
        instrument_list_scale(list, symbol, px, qty) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "--scale %s: it takes SYMBOL=PRICE,QUANTITY, 0 to %d each",
                       text, (int)ARB_SCALE_MAX);
    }
    return ARB_OK;
}

static int add_name(struct instrument_list *list, const char *exchange, const char *text,
                    struct err *err)
{
    char symbol[ARB_SYMBOL_MAX];
    const char *const name = cut_symbol(text, symbol);

    if (name == NULL || instrument_list_name(list, exchange, symbol, name) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "--venue-symbol %s: it takes SYMBOL=NAME", text);
    }
    return ARB_OK;
}

int instrument_list_add(struct instrument_list *list, const char *exchange,
                        const struct instrument_texts *texts, struct err *err)
{
    int rc = ARB_OK;

    for (unsigned i = 0; i < texts->n_scales && rc == ARB_OK; i++) {
        rc = add_scale(list, texts->scales[i], err);
    }
    for (unsigned i = 0; i < texts->n_names && rc == ARB_OK; i++) {
        rc = add_name(list, exchange, texts->names[i], err);
    }
    return rc;
}

void instrument_list_config(struct instrument_list *list, const char *path, struct config *config)
{
    *config = (struct config){ .path = path,
                               .host = { .px_scale = ARB_DIGITS_UNKNOWN,
                                         .qty_scale = ARB_DIGITS_UNKNOWN },
                               .instruments = list->configs,
                               .n_instruments = list->n };
}
