/*
 * catalog.h - one row of a venue's catalog, from JSON text to the host.
 *
 * A venue lists hundreds of pairs, and now and then one that nobody can name: a row without a
 * usable name is left out, and the others are published all the same.
 */
#ifndef ARB_CATALOG_H
#define ARB_CATALOG_H

#include <string.h>

#include "arbspot/answers.h"
#include "arbspot/decimal.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A row as read. The texts are as in JSON ("BTC\/USD" is "BTC/USD") and borrowed; a zeroed one is
 * empty.
 */
struct arb_catalog_row {
    struct arb_bytes symbol;       /* canonical; empty: made of base and quote */
    struct arb_bytes venue_symbol; /* empty: the same as the symbol */
    struct arb_bytes base, quote;  /* needed without a symbol only */
    bool is_any_case;              /* the symbol is in capitals, whatever these are in */
    bool is_perpetual;             /* no symbol: BTC and USD are BTC/USD-PERP, not the pair */
    /* Of an order. Where the tick or the lot is not given, it is one unit of the last digit. */
    struct arb_order_terms terms;
    /* Fractional digits of prices and quantities; too many: those of tick and lot. */
    uint64_t px_digits, qty_digits;
    enum arb_trading trading;
};

/*
 * Appends text to the name in `name` (ARB_SYMBOL_MAX bytes, terminated) and resolves "\/", the one
 * escape that names have. False for blanks, quotes, other escapes, anything but ASCII, and for more
 * than fits.
 */
static inline bool arb_catalog_add(char *name, struct arb_bytes text)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] == '/') {
            i++;
        }
        const char c = text.data[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || len + 1 == ARB_SYMBOL_MAX) {
            return false;
        }
        name[len++] = c;
        name[len] = '\0';
    }
    return true;
}

/* "BTC/USD": something on either side of a slash. */
static inline bool arb_catalog_is_pair(const char *symbol)
{
    const char *const slash = strchr(symbol, '/');
    return slash != NULL && slash != symbol && slash[1] != '\0';
}

static inline bool arb_catalog_symbol(const struct arb_catalog_row *row, char *symbol)
{
    const struct arb_bytes slash = { "/", 1 };

    if (row->symbol.len > 0) {
        return arb_catalog_add(symbol, row->symbol) && arb_catalog_is_pair(symbol);
    }
    return row->base.len > 0 && row->quote.len > 0 && arb_catalog_add(symbol, row->base) &&
           arb_catalog_add(symbol, slash) && arb_catalog_add(symbol, row->quote) &&
           arb_catalog_add(symbol, arb_bytes_of(row->is_perpetual ? "-PERP" : ""));
}

/* The digits that are said, or those of the step, which is made of them where it is not known. */
static inline uint8_t arb_catalog_digits(uint64_t digits, struct arb_decimal *step)
{
    if (digits <= ARB_SCALE_MAX && step->units == 0) {
        step->units = 1;
        step->scale = (uint8_t)digits;
    }
    return digits <= ARB_SCALE_MAX ? (uint8_t)digits
           : step->units > 0       ? step->scale
                                   : (uint8_t)ARB_DIGITS_UNKNOWN;
}

/*
 * Publishes a row. One whose name does not fit, is empty, or has other characters than names have
 * is left out, with ARB_OK: so nothing but the host's own errors come back.
 */
static inline int arb_catalog_publish(struct arb_host *host, const struct arb_catalog_row *row)
{
    char symbol[ARB_SYMBOL_MAX] = "", venue_symbol[ARB_SYMBOL_MAX] = "";
    struct arb_listing listing;

    if (!arb_catalog_symbol(row, symbol) || !arb_catalog_add(venue_symbol, row->venue_symbol)) {
        return ARB_OK;
    }
    if (row->is_any_case) {
        arb_text_upper(symbol);
    }
    memset(&listing, 0, sizeof(listing));
    listing.size = (uint32_t)sizeof(listing);
    listing.trading = (uint32_t)row->trading;
    listing.symbol = symbol;
    listing.venue_symbol = venue_symbol[0] == '\0' ? symbol : venue_symbol;
    listing.terms = row->terms;
    listing.px_digits = arb_catalog_digits(row->px_digits, &listing.terms.tick);
    listing.qty_digits = arb_catalog_digits(row->qty_digits, &listing.terms.lot);
    return arb_listing_publish(host, &listing);
}

/*
 * Reads a row by a table of its members. False: it is to be left out, for it cannot be read, or has
 * no venue_symbol.
 */
static inline bool arb_catalog_fields(const struct arb_catalog_row *row, struct arb_json *json,
                                      const struct arb_json_field *fields, unsigned n)
{
    (void)arb_json_fields(json, fields, n);
    return arb_json_ok(json) && row->venue_symbol.len > 0;
}

/*
 * Reads a catalog that is an array of rows, each by `read`, which publishes it, and ends it. A row
 * that `read` finds something wrong with is left out with ARB_OK: its reader is its own. `context`
 * is whatever `read` needs, such as the instance.
 */
static inline int arb_catalog_read(struct arb_host *host, struct arb_json *json,
                                   int (*read)(void *context, struct arb_host *host,
                                               struct arb_json row),
                                   void *context)
{
    struct arb_json row;
    int rc = ARB_OK;

    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json) && arb_json_later(json, &row)) {
        rc = read(context, host, row);
    }
    if (rc == ARB_OK) {
        rc = arb_json_end(json) ? arb_catalog_end(host) : json->rc;
    }
    return rc;
}

/*
 * The object that a catalog comes in: {"retCode":0,"result":{"list":[...]}} has the code "retCode",
 * and its rows are in "result", "list".
 */
struct arb_catalog_form {
    const char *code; /* a whole number, bare or quoted: 0 when all is well; NULL: there is none */
    const char *passing; /* codes with which to ask again after a pause, blanks between; or NULL */
    const char *rows[2]; /* the members that lead to the rows; the second one may be NULL */
    int (*read)(void *context, struct arb_host *host, struct arb_json row);
};

/* Reads what answered ARB_ASK_CATALOG: such an object, with rows as arb_catalog_read() has them. */
static inline int arb_catalog_answer(const struct arb_catalog_form *form, void *context,
                                     struct arb_host *host, int status, struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body), rows = json, outer;
    int64_t code = form->code == NULL ? 0 : -1;
    char text[24];
    const struct arb_json_field fields[] = { { form->rows[0], ARB_JSON_ANY, &rows },
                                             { form->code, ARB_JSON_I64, &code } };
    const struct arb_json_field inner = { form->rows[1], ARB_JSON_ANY, &rows };

    bool is_good = (arb_json_fields(&json, fields, form->code == NULL ? 1 : 2) & 1) != 0;
    is_good = arb_json_end(&json) && is_good && status == 200 && code == 0;
    (void)snprintf(text, sizeof(text), "%lld", (long long)code);
    if (form->passing != NULL && arb_is_among(arb_bytes_of(text), form->passing)) {
        return ARB_ELATER;
    }
    if (is_good && inner.name != NULL) {
        outer = rows;
        is_good = arb_json_fields(&outer, &inner, 1) == 1;
    }
    return is_good ? arb_catalog_read(host, &rows, form->read, context) : ARB_EPROTO;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_CATALOG_H */
