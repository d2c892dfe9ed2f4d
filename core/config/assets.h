/*
 * assets.h - what an [exchange:NAME] section says of single assets: what lies there
 * (`inventory.BTC = 2.5`), and what it takes to withdraw them (`withdrawal.BTC = 0.0005, 30m`).
 */
#ifndef ARB_ASSETS_H
#define ARB_ASSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "arbspot/types.h"

#define WITHDRAWAL_WANTED                                                                          \
    "what is taken for it in the asset and how long it is on the way, at most 30d, such as "       \
    "0.0005, 30m"
#define ASSET_WANTED "write the asset in capitals, as in symbols: inventory.BTC, withdrawal.BTC"

struct asset_term {
    const char *asset;
    struct arb_decimal amount; /* what lies there, or is taken; 0 is nothing */
    int64_t takes_ms;          /* of a withdrawal */
    unsigned line;
    struct asset_term *next;
};

/* What is said of the asset, or NULL. */
const struct asset_term *asset_term_of(const struct asset_term *terms, const char *asset);

/* "BTC" and not "btc": letters as symbols have them. */
bool asset_is_name(const char *text);

/* Reads "0.0005, 30m" into amount and takes_ms. ARB_EINVAL: it is no such thing. */
int asset_read_withdrawal(const char *text, struct asset_term *out);

#endif /* ARB_ASSETS_H */
