/*
 * instruments.h - which instruments a feed serves: those named one by one at once, those that
 * match a pattern when the venue's catalog is known.
 *
 * Entries never move and never change once handed out: plugins, events and other threads
 * keep pointers to them.
 */
#ifndef ARB_INSTRUMENTS_H
#define ARB_INSTRUMENTS_H

#include "arbspot/host.h"
#include "arbspot/symbols.h"
#include "config/config.h"

struct instruments {
    struct arb_instrument *list; /* [ARB_INSTRUMENTS_MAX] */
    bool *listed;                /* [ARB_INSTRUMENTS_MAX] the last catalog named it, or one since */
    bool *listed_next;           /* [ARB_INSTRUMENTS_MAX] the one under way does */
    uint32_t n;
    uint32_t n_handed; /* the plugin knows these */
    struct arb_symbol_map *by_symbol;
    const struct config *config;
    const struct exchange_config *exchange;
};

int instruments_init(struct instruments *set, const struct config *config,
                     const struct exchange_config *exchange);
void instruments_fini(struct instruments *set);

bool instruments_have_patterns(const struct instruments *set);

/* Adds the symbols named one by one. */
int instruments_add_named(struct instruments *set);

/*
 * Takes one row of the catalog: adds the instrument when a pattern wants it. Returns its
 * index, or ARB_NO_INSTRUMENT when nobody asked for it or there is no room.
 */
uint32_t instruments_list(struct instruments *set, const struct arb_listing *listing);

/* The catalog is complete: what no row of it named is not listed any more. */
void instruments_end_catalog(struct instruments *set);

#endif /* ARB_INSTRUMENTS_H */
