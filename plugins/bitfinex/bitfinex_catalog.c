/* The venue's names of pairs: its catalog, with what others call its currencies, and without it. */
#include "arbspot/answers.h"
#include "arbspot/catalog.h"

#include "bitfinex.h"

/* Three letters each need nothing between them. Other names of its own the catalog has. */
int bitfinex_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const char *const base = strcmp(info->base, "USDT") == 0 ? "UST" : info->base;
    const char *const quote = strcmp(info->quote, "USDT") == 0 ? "UST" : info->quote;
    const bool is_short = strlen(base) == 3 && strlen(quote) == 3;
    struct arb_text text = arb_text_over(name, ARB_SYMBOL_MAX);

    (void)instance;
    arb_text_add(&text, "t%s%s%s", base, is_short ? "" : ":", quote);
    return arb_text_fits(&text) ? ARB_OK : ARB_ELIMIT;
}

/* The rows are [pair, ...], the aliases [[the venue's name, what others call it], ...]. */
struct catalog {
    struct arb_host *host;
    struct arb_json aliases;
};

/* What others call a currency, in capitals as everybody writes them: "UST" is "USDt". */
static bool find_name(const struct catalog *catalog, struct arb_bytes own, char *name)
{
    struct arb_json json = catalog->aliases;
    struct arb_bytes venue = { "", 0 }, alias = { "", 0 }, found = own;

    arb_json_array(&json);
    while (arb_json_next(&json)) {
        const bool is_pair = arb_json_array(&json) && arb_json_next(&json) &&
                             arb_json_string(&json, &venue) && arb_json_next(&json) &&
                             arb_json_string(&json, &alias);
        while (is_pair && arb_json_next(&json)) {
            arb_json_skip(&json);
        }
        if (is_pair && venue.len == own.len && memcmp(venue.data, own.data, own.len) == 0) {
            found = alias;
        } else if (!is_pair) {
            (void)arb_json_fail(&json, ARB_EPROTO);
        }
    }
    arb_bytes_copy(found, name, ARB_SYMBOL_MAX);
    arb_text_upper(name);
    return arb_json_ok(&json);
}

/* "BTCUSD", or "DOGE:USD" where one of the names has not three letters. False: neither. */
static bool split_pair(struct arb_bytes pair, struct arb_bytes *base, struct arb_bytes *quote)
{
    const char *const colon = memchr(pair.data, ':', pair.len);
    const size_t len = colon == NULL ? 3 : (size_t)(colon - pair.data);
    const size_t skipped = len + (colon != NULL);

    *base = (struct arb_bytes){ pair.data, len };
    *quote = (struct arb_bytes){ pair.data + skipped, pair.len - skipped };
    return colon != NULL || pair.len == 6;
}

static int read_pair(void *context, struct arb_json *json)
{
    const struct catalog *const catalog = context;
    struct arb_bytes pair, base, quote;
    char venue_symbol[ARB_SYMBOL_MAX], base_name[ARB_SYMBOL_MAX], quote_name[ARB_SYMBOL_MAX];

    if (!arb_json_string(json, &pair)) {
        return json->rc;
    }
    const int n = snprintf(venue_symbol, sizeof(venue_symbol), "t%.*s", (int)pair.len, pair.data);
    if (n >= (int)sizeof(venue_symbol) || !split_pair(pair, &base, &quote)) {
        return ARB_OK;
    }
    if (!find_name(catalog, base, base_name) || !find_name(catalog, quote, quote_name)) {
        return ARB_EPROTO;
    }
    if (strncmp(venue_symbol, "tTEST", 5) == 0 || strncmp(base_name, "TEST", 4) == 0) {
        return ARB_OK; /* markets without money */
    }
    const struct arb_catalog_row row = { .base = arb_bytes_of(base_name),
                                         .quote = arb_bytes_of(quote_name),
                                         .venue_symbol = arb_bytes_of(venue_symbol),
                                         .px_digits = UINT64_MAX, /* it depends on the price */
                                         .qty_digits = 8,
                                         .trading = ARB_TRADING_OPEN };
    return arb_catalog_publish(catalog->host, &row);
}

int bitfinex_answer(void *instance, struct arb_host *host, const struct arb_ask *ask, int status,
                    struct arb_bytes body)
{
    struct arb_json json = arb_json_over(body), pairs;
    struct catalog catalog = { .host = host };

    (void)instance, (void)ask;
    arb_json_array(&json);
    const bool is_whole = arb_json_next(&json) && arb_json_later(&json, &pairs) &&
                          arb_json_next(&json) && arb_json_later(&json, &catalog.aliases) &&
                          !arb_json_next(&json) && arb_json_end(&json);
    if (status != 200 || !is_whole) {
        return ARB_EPROTO;
    }
    const int rc = arb_json_each(&pairs, read_pair, &catalog);
    return rc == ARB_OK ? arb_catalog_end(host) : rc;
}
