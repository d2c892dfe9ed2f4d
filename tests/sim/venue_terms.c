#include "venue_terms.h"

#include <string.h>

#include "arbspot/decimal.h"

enum { NO_MIN = 0, SMALL = 5 };

/* -- fees ---------------------------------------------------------------------------------- */

/* Kraken Pro, spot, as of 2026-07-09 (kraken.com fee schedule, read 2026-07-26). */
static const struct fee_step kraken_fees[] = {
    { 0, 8000 },       { 2500, 6000 },     { 10000, 3800 },   { 25000, 3500 },   { 50000, 3000 },
    { 100000, 2500 },  { 250000, 2200 },   { 500000, 2000 },  { 1000000, 1800 }, { 2500000, 1500 },
    { 5000000, 1200 }, { 10000000, 1000 }, { 50000000, 900 },
};
/* ccxt 4.5.84, bitstamp.js; the first one as of 2026-09. */
static const struct fee_step bitstamp_fees[] = {
    { 0, 4000 },        { 10000, 3000 },    { 100000, 2000 },    { 500000, 1800 },
    { 1500000, 1600 },  { 5000000, 1200 },  { 20000000, 1000 },  { 50000000, 800 },
    { 100000000, 600 }, { 250000000, 500 }, { 1000000000, 300 },
};
/* Regular and VIP by volume alone, as of 2026-07-26; the first steps take the same. */
static const struct fee_step binance_fees[] = {
    { 0, 1000 },        { 20000000, 600 },  { 75000000, 520 },   { 150000000, 310 },
    { 400000000, 290 }, { 800000000, 280 }, { 2000000000, 250 }, { 4000000000, 230 },
};
/* The published table of Coinbase Exchange, as of 2026-07-26. */
static const struct fee_step coinbase_fees[] = {
    { 0, 6000 },        { 10000, 4000 },    { 50000, 2500 },
    { 100000, 2000 },   { 1000000, 1800 },  { 15000000, 1600 },
    { 75000000, 1000 }, { 250000000, 600 }, { 400000000, 400 },
};
/* Of these no volumes are known to us: what a new account pays, as the plugins have it. */
static const struct fee_step bitfinex_fees[] = { { 0, 0 } };
static const struct fee_step bybit_fees[] = { { 0, 1000 } };
static const struct fee_step gemini_fees[] = { { 0, 12000 } };
static const struct fee_step okx_fees[] = { { 0, 1000 } };
static const struct fee_step no_fees[] = { { 0, 0 } };

struct venue {
    const char *name;
    const struct fee_step *fees;
    uint32_t n_fees;
    int64_t min_value; /* of any order, in hundredths of the quote currency */
    bool has_min_qty;
};

#define FEES(of) of##_fees, sizeof(of##_fees) / sizeof(of##_fees[0])

/*
 * Least values: Kraken's cost_min and Coinbase's min_market_funds as in the rows of their
 * documents, Bitstamp's minimum_order_value as its /markets/ has it, Binance's MIN_NOTIONAL as
 * recorded in October 2021, Bybit's minOrderAmt as in its documents. OKX and Gemini have none, and
 * of Bitfinex the catalog says nothing.
 */
static const struct venue venues[] = {
    { "kraken", FEES(kraken), 50, true },     { "bitstamp", FEES(bitstamp), 1000, false },
    { "binance", FEES(binance), 1000, true }, { "bitfinex", FEES(bitfinex), NO_MIN, false },
    { "bybit", FEES(bybit), 500, true },      { "coinbase", FEES(coinbase), 100, false },
    { "gemini", FEES(gemini), NO_MIN, true }, { "okx", FEES(okx), NO_MIN, true },
};
enum { N_VENUES = sizeof(venues) / sizeof(venues[0]) };

static const struct venue *find_venue(const char *name)
{
    for (size_t i = 0; i < N_VENUES; i++) {
        if (strcmp(venues[i].name, name) == 0) {
            return &venues[i];
        }
    }
    return NULL;
}

const struct fee_step *venue_fees(const char *name, uint32_t *n)
{
    const struct venue *const venue = find_venue(name);

    *n = venue == NULL ? 1 : venue->n_fees;
    return venue == NULL ? no_fees : venue->fees;
}

int64_t venue_fee_ppm(const char *name, int64_t volume)
{
    uint32_t n;
    const struct fee_step *const fees = venue_fees(name, &n);

    while (n > 1 && fees[n - 1].volume > volume) {
        n--;
    }
    return fees[n - 1].fee_ppm;
}

/* -- orders -------------------------------------------------------------------------------- */

/* The least quantity is in units of 10^-8 of the base currency. */
struct known_terms {
    const char *venue, *symbol;
    uint8_t px_digits, qty_digits;
    int64_t min_qty;
};

static const struct known_terms known_terms[] = {
    /* GET /0/public/AssetPairs of 2021-04-17: pair_decimals, lot_decimals, ordermin. */
    { "kraken", "BTC/USD", 1, 8, 20000 },
    { "kraken", "ETH/USD", 2, 8, 500000 },
    { "kraken", "XRP/USD", 5, 8, 2000000000 },
    { "kraken", "LTC/USD", 2, 8, 5000000 },
    { "kraken", "ADA/USD", 6, 8, 2500000000 },
    { "kraken", "DOGE/USD", 7, 8, 5000000000 },
    { "kraken", "LINK/USD", 5, 8, 50000000 },
    { "kraken", "BTC/EUR", 1, 8, 20000 },
    /* GET /api/v2/trading-pairs-info/ of 2022-01-05: counter_decimals, base_decimals. */
    { "bitstamp", "BTC/USD", 2, 8, NO_MIN },
    { "bitstamp", "ETH/USD", 2, 8, NO_MIN },
    { "bitstamp", "XRP/USD", 5, 8, NO_MIN },
    { "bitstamp", "LTC/USD", 2, 8, NO_MIN },
    { "bitstamp", "ADA/USD", 5, 8, NO_MIN },
    { "bitstamp", "LINK/USD", 2, 8, NO_MIN },
    { "bitstamp", "BTC/EUR", 2, 8, NO_MIN },
    /* GET /api/v3/exchangeInfo of 2021-10-12: tickSize, stepSize and minQty, of the pair in USDT.
     */
    { "binance", "BTC/USD", 2, 5, 1000 },
    { "binance", "ETH/USD", 2, 4, 10000 },
    { "binance", "XRP/USD", 4, 0, 100000000 },
    { "binance", "SOL/USD", 2, 2, 1000000 },
    { "binance", "LTC/USD", 1, 3, 100000 },
    { "binance", "ADA/USD", 3, 1, 10000000 },
    { "binance", "DOGE/USD", 4, 0, 100000000 },
    { "binance", "LINK/USD", 2, 2, 1000000 },
    { "binance", "BTC/EUR", 2, 5, 1000 },
    { "binance", "SHIB/USD", 8, 0, 100000000 },
    /* The row of GET /v5/market/instruments-info in its documents, of BTCUSDT; prices as recorded
       in August 2026. */
    { "bybit", "BTC/USD", 1, 6, 1100 },
    /* GET /products of 2021-04-17: quote_increment, base_increment. */
    { "coinbase", "BTC/USD", 2, 8, NO_MIN },
    { "coinbase", "ETH/USD", 2, 8, NO_MIN },
    { "coinbase", "LTC/USD", 2, 8, NO_MIN },
    { "coinbase", "ADA/USD", 4, 2, NO_MIN },
    { "coinbase", "LINK/USD", 5, 2, NO_MIN },
    { "coinbase", "BTC/EUR", 2, 8, NO_MIN },
    /* GET /v1/symbols/details of 2021-06-24: quote_increment, tick_size, min_order_size. */
    { "gemini", "BTC/USD", 2, 8, 1000 },
    { "gemini", "ETH/USD", 2, 6, 100000 },
    { "gemini", "LTC/USD", 2, 5, 1000000 },
    { "gemini", "LINK/USD", 5, 6, 10000000 },
    { "gemini", "DOGE/USD", 5, 6, 10000000 },
    { "gemini", "BTC/EUR", 2, 8, 1000 },
    /* GET /api/v5/public/instruments of 2022-05-13: tickSz, lotSz, minSz, of the pair in USDT. */
    { "okx", "BTC/USD", 1, 8, 1000 },
    { "okx", "ETH/USD", 2, 6, 100000 },
    { "okx", "XRP/USD", 5, 6, 100000000 },
    { "okx", "SOL/USD", 3, 6, 1000000 },
    { "okx", "LTC/USD", 2, 6, 1000000 },
    { "okx", "ADA/USD", 5, 4, 100000000 },
    { "okx", "DOGE/USD", 6, 6, 1000000000 },
    { "okx", "LINK/USD", 3, 6, 10000000 },
    { "okx", "SHIB/USD", 8, 0, INT64_C(5000000000000) },
};
enum { N_KNOWN_TERMS = sizeof(known_terms) / sizeof(known_terms[0]), MIN_QTY_DIGITS = 8 };

static const struct known_terms *find_terms(const char *venue, const char *symbol)
{
    for (size_t i = 0; i < N_KNOWN_TERMS; i++) {
        if (strcmp(known_terms[i].venue, venue) == 0 &&
            strcmp(known_terms[i].symbol, symbol) == 0) {
            return &known_terms[i];
        }
    }
    return NULL;
}

/* Of pairs that no recording names: a power of ten that is worth at most SMALL, as is usual. */
static int64_t invent_min_qty(const struct sim_instrument *item)
{
    const unsigned digits = (unsigned)item->px_digits + item->qty_digits;
    const int64_t most = SMALL * arb_pow10(digits) / item->start_px;
    int64_t qty = 1;

    while (qty <= most / 10) {
        qty *= 10;
    }
    return qty;
}

static uint8_t at_most(uint8_t digits, uint8_t most)
{
    return digits < most ? digits : most;
}

static void take_terms(struct sim_instrument *item, const struct known_terms *terms)
{
    const uint8_t px_digits = at_most(terms->px_digits, item->px_digits);

    item->start_px /= arb_pow10((unsigned)(item->px_digits - px_digits));
    item->px_digits = px_digits;
    item->qty_digits = at_most(terms->qty_digits, item->qty_digits);
    item->min_qty = terms->min_qty / arb_pow10((unsigned)(MIN_QTY_DIGITS - item->qty_digits));
}

void venue_terms_apply(struct sim_instrument *item, const char *name)
{
    const struct venue *const venue = find_venue(name);
    const struct known_terms *const terms = find_terms(name, item->symbol);

    if (venue == NULL) {
        return;
    }
    item->min_value = venue->min_value;
    if (terms != NULL) {
        take_terms(item, terms);
    } else {
        item->min_qty = venue->has_min_qty ? invent_min_qty(item) : NO_MIN;
    }
}

int venue_terms_list(struct instrument_list *list, const struct instrument_list *pairs,
                     const char *venue, struct err *err)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < pairs->n && rc == ARB_OK; i++) {
        rc = instrument_list_add(list, pairs->items[i].symbol, err);
        if (rc == ARB_OK) {
            venue_terms_apply(&list->items[i], venue);
        }
    }
    return rc;
}
