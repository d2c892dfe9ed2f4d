/*
 * instruments.h - the pairs a simulated market trades: names, digits and a starting price.
 *
 * Prices and quantities of the simulator are integers in units of 10^-px_digits and
 * 10^-qty_digits: the last digit a venue shows is its tick and its lot, as it is with most real
 * pairs. A list as it is parsed has the finest digits of all venues; venue_terms.h makes one of it
 * for each venue.
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
    int64_t min_qty;   /* no order is smaller; 0: any */
    int64_t min_value; /* no order is worth less, in hundredths of the quote currency; 0: any */
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
