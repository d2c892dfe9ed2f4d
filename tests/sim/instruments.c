#include "instruments.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "prng.h"

struct known_pair {
    const char *symbol;
    uint8_t px_digits, qty_digits;
    int64_t start_px;
};

static const struct known_pair known_pairs[] = {
    { "BTC/USD", 2, 8, 6300000 },  { "ETH/USD", 2, 8, 340000 },   { "XRP/USD", 5, 8, 52000 },
    { "SOL/USD", 3, 8, 152000 },   { "LTC/USD", 2, 8, 8450 },     { "ADA/USD", 6, 8, 451300 },
    { "DOGE/USD", 7, 8, 1243000 }, { "LINK/USD", 5, 8, 1432000 }, { "BTC/EUR", 2, 8, 5820000 },
    { "SHIB/USD", 10, 5, 245000 },
};
enum { N_KNOWN_PAIRS = sizeof(known_pairs) / sizeof(known_pairs[0]) };

static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isupper((unsigned char)text[i]) && !isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return len > 0;
}

static void put_market(struct sim_instrument *out)
{
    size_t n = 0;
    for (const char *p = out->symbol; *p != '\0'; p++) {
        if (*p != '/') {
            out->market[n++] = (char)tolower((unsigned char)*p);
        }
    }
}

static int put_names(struct sim_instrument *out, const char *symbol, struct err *err)
{
    const size_t len = strlen(symbol);
    const char *const slash = strchr(symbol, '/');

    if (slash == NULL || len >= ARB_SYMBOL_MAX || !is_name(symbol, (size_t)(slash - symbol)) ||
        !is_name(slash + 1, strlen(slash + 1))) {
        return err_set(err, ARB_EINVAL,
                       "instrument \"%.64s\": write BASE/QUOTE in capitals, as in BTC/USD", symbol);
    }
    memcpy(out->symbol, symbol, len);
    memcpy(out->base, symbol, (size_t)(slash - symbol));
    memcpy(out->quote, slash + 1, strlen(slash + 1));
    put_market(out);
    return ARB_OK;
}

/* 100,000 to 999,999 ticks: one tick is 1 to 10 ppm, as with most real pairs. */
static void invent_price(struct sim_instrument *out)
{
    const struct arb_bytes name = { out->symbol, strlen(out->symbol) };
    struct prng prng = prng_seeded(arb_symbol_hash(name), 0);

    out->px_digits = (uint8_t)prng_between(&prng, 1, 6);
    out->qty_digits = prng_once_in(&prng, 8) ? 5 : 8;
    out->start_px = prng_between(&prng, 100000, 999999);
}

static void put_price(struct sim_instrument *out)
{
    for (size_t i = 0; i < N_KNOWN_PAIRS; i++) {
        if (strcmp(known_pairs[i].symbol, out->symbol) == 0) {
            out->px_digits = known_pairs[i].px_digits;
            out->qty_digits = known_pairs[i].qty_digits;
            out->start_px = known_pairs[i].start_px;
            return;
        }
    }
    invent_price(out);
}

static int make_room(struct instrument_list *list)
{
    if (list->n == ARB_INSTRUMENTS_MAX) {
        return ARB_ELIMIT;
    }
    if ((list->n & (list->n - 1)) != 0) {
        return ARB_OK; /* room doubles at powers of two */
    }
    const size_t cap = list->n == 0 ? 1 : 2 * (size_t)list->n;
    struct sim_instrument *const items = realloc(list->items, cap * sizeof(*items));
    if (items == NULL) {
        return ARB_ENOMEM;
    }
    list->items = items;
    return ARB_OK;
}

/* False when the asset is known already; a full map only leaves it out. */
static bool is_new_asset(struct instrument_list *list, const char *id)
{
    const struct arb_bytes name = { id, strlen(id) };
    return arb_symbol_find(&list->assets, name) == ARB_NO_INSTRUMENT &&
           arb_symbol_put(&list->assets, name, 0) == ARB_OK;
}

int instrument_list_add(struct instrument_list *list, const char *symbol, struct err *err)
{
    struct sim_instrument added = { 0 };
    int rc = put_names(&added, symbol, err);

    if (rc != ARB_OK) {
        return rc;
    }
    const struct arb_bytes name = { added.symbol, strlen(added.symbol) };
    const struct arb_bytes market = { added.market, strlen(added.market) };
    if (arb_symbol_find(&list->by_symbol, name) != ARB_NO_INSTRUMENT ||
        arb_symbol_find(&list->by_market, market) != ARB_NO_INSTRUMENT) {
        return err_set(err, ARB_EINVAL, "instrument %s is named twice", added.symbol);
    }
    rc = make_room(list);
    if (rc != ARB_OK) {
        return err_set(err, rc, "no room for more than %u instruments", list->n);
    }
    put_price(&added);
    added.is_first_with_base = is_new_asset(list, added.base);
    added.is_first_with_quote = is_new_asset(list, added.quote);
    list->items[list->n] = added;
    (void)arb_symbol_put(&list->by_symbol, name, list->n); /* cannot fail: checked above */
    (void)arb_symbol_put(&list->by_market, market, list->n);
    list->n++;
    return ARB_OK;
}

static int add_numbered(struct instrument_list *list, unsigned long n, struct err *err)
{
    char name[ARB_SYMBOL_MAX];
    int rc = ARB_OK;

    if (n == 0 || n > ARB_INSTRUMENTS_MAX) {
        return err_set(err, ARB_ELIMIT, "the number of instruments must be from 1 to %d",
                       ARB_INSTRUMENTS_MAX);
    }
    for (unsigned long i = 0; i < n && rc == ARB_OK; i++) {
        if (i < N_KNOWN_PAIRS) {
            rc = instrument_list_add(list, known_pairs[i].symbol, err);
        } else {
            (void)snprintf(name, sizeof(name), "T%04lu/USD", i - N_KNOWN_PAIRS + 1);
            rc = instrument_list_add(list, name, err);
        }
    }
    return rc;
}

int instrument_list_parse(struct instrument_list *list, const char *text, struct err *err)
{
    char *end;
    char name[ARB_SYMBOL_MAX + 1];
    int rc = ARB_OK;
    const unsigned long n = strtoul(text, &end, 10);

    if (isdigit((unsigned char)text[0]) && *end == '\0') {
        return add_numbered(list, n, err);
    }
    for (const char *p = text; rc == ARB_OK && p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        p += strspn(p, " ");
        size_t len = strcspn(p, ",");
        while (len > 0 && p[len - 1] == ' ') {
            len--;
        }
        (void)snprintf(name, sizeof(name), "%.*s", len < ARB_SYMBOL_MAX ? (int)len : ARB_SYMBOL_MAX,
                       p); /* one byte over the limit is enough to be refused */
        rc = instrument_list_add(list, name, err);
    }
    return rc;
}

void instrument_list_fini(struct instrument_list *list)
{
    free(list->items);
    list->items = NULL;
    list->n = 0;
}
