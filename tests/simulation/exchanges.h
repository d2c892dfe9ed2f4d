/*
 * exchanges.h - the venues that scenarios are about, by number: two whose models are their own,
 * then dialects of tests/sim, with how their plugins are set up here.
 */
#ifndef ARB_SIMULATION_EXCHANGES_H
#define ARB_SIMULATION_EXCHANGES_H

#include "oracle.h"

enum {
    EXCHANGES_MAX = 8,
    EXCHANGE_KRAKEN = 0,
    EXCHANGE_BITSTAMP = 1,
    EXCHANGES_FIRST_DIALECT = 2,
    EXCHANGE_OPTIONS_MAX = 5,
};

struct exchange_option {
    const char *key, *value;
};

/* What a scenario has to know of a dialect. */
struct exchange_dialect {
    const char *name;
    uint32_t depth;        /* levels a side that the channel shows; 0: all */
    uint32_t deep_once_in; /* scenarios, whose market is deeper than that; with `depth` */
    int64_t silence_ns;    /* a connection that hangs is given up within */
    bool has_seeds;        /* books come by HTTP */
    bool has_dates;        /* of changes: else nothing tells that one is late */
    struct oracle_proof proof;
    struct exchange_option options[EXCHANGE_OPTIONS_MAX]; /* up to the first without a key */
};

uint32_t exchanges_count(void);
/* "kraken", or NULL behind the last one. */
const char *exchange_name(uint32_t exchange);
/* By name, or exchanges_count(). */
uint32_t exchange_find(const char *name);
/* NULL for Kraken and Bitstamp. */
const struct exchange_dialect *exchange_dialect_of(uint32_t exchange);

#endif /* ARB_SIMULATION_EXCHANGES_H */
