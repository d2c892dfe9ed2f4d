/*
 * instruments.h - the pairs a simulated market trades: names, digits and a starting price.
 *
 * Prices and quantities of the simulator are integers in units of 10^-px_digits and
 * 10^-qty_digits: the last digit the venue shows is the tick and the lot.
 */
#ifndef ARB_SIM_INSTRUMENTS_H
#define ARB_SIM_INSTRUMENTS_H

#include "arbspot/symbols.h"
#include "util/err.h"

enum { SIM_DIGITS_MAX = 15 }; /* px_digits and qty_digits of a generated pair together */

struct sim_instrument {
    char symbol[ARB_SYMBOL_MAX]; /* "BTC/USD", as Kraken spells it */
    char base[ARB_SYMBOL_MAX];
    char quote[ARB_SYMBOL_MAX];
    char market[ARB_SYMBOL_MAX]; /* "btcusd", as Bitstamp spells it */
    uint8_t px_digits, qty_digits;
    int64_t start_px;
    bool is_first_with_base, is_first_with_quote; /* so that catalogs name each asset once */
};

/* Zeroed memory is an empty list. */
struct instrument_list {
    struct sim_instrument *items;
    uint32_t n;
    struct arb_symbol_map by_symbol, by_market, assets;
};

/*
 * Fills an empty list from "BTC/USD,ETH/USD" or from a number: then the well-known pairs come
 * first and T0001/USD and so on follow. Pairs without a known price get digits and a price
 * by their name. Fails with ARB_EINVAL or ARB_ELIMIT.
 */
int instrument_list_parse(struct instrument_list *list, const char *text, struct err *err);

/* Appends one pair by its symbol, "BTC/USD", with digits and a price by its name. */
int instrument_list_add(struct instrument_list *list, const char *symbol, struct err *err);

void instrument_list_fini(struct instrument_list *list);

#endif /* ARB_SIM_INSTRUMENTS_H */
