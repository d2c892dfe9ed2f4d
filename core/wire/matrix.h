/*
 * matrix.h - what it earns to buy an instrument at one venue and to sell it at another, for each
 * two venues, by their best prices and after their fees: for displays, so also what does not pay.
 */
#ifndef ARB_MATRIX_H
#define ARB_MATRIX_H

#include "arbspot/strategy.h"

/* One venue. A book that is not LIVE has no prices. */
struct matrix_venue {
    char name[ARB_SYMBOL_MAX];
    uint64_t session, seq; /* of the book's last event */
    struct arb_level bid;  /* the best; all 0: there is none */
    struct arb_level ask;  /* likewise */
    int64_t fee_ppm;       /* to take; negative: a rebate */
    int64_t age_ns;        /* since its host said last that it watches the book; -1: it is silent */
    uint32_t state, trading; /* of the book */
    uint32_t verified;       /* enum arb_verified of its best levels */
    uint32_t reserved;
};

struct matrix {
    char strategy[ARB_SYMBOL_MAX]; /* whose host made it: the INI section's name */
    uint64_t session;              /* of its run */
    struct arb_instrument info;    /* symbol, currencies, scales */
    int64_t made_ns;
    int64_t pub_ns;         /* of one that came as a message; else 0 */
    uint32_t n_instruments; /* that the run makes matrices of: who has heard so many has all */
    uint32_t n_venues;      /* that were heard of */
    struct matrix_venue venues[ARB_VENUES_MAX]; /* last, so that a record ends with its venues */
};

/* Of the first unit, in millionths of what it costs before fees, rounded down. */
struct matrix_edge {
    bool is_known; /* both prices are there, and the numbers fit */
    int64_t gross_ppm, net_ppm;
};

/* Bytes of it up to its last venue: what a record in a ring has. */
size_t matrix_len(const struct matrix *matrix);

/* Between a venue and itself nothing is known. */
struct matrix_edge matrix_edge(const struct matrix *matrix, uint32_t buy, uint32_t sell);

#endif /* ARB_MATRIX_H */
