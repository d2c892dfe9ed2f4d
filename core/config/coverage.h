/*
 * coverage.h - which instruments can be compared: those that two exchanges have.
 *
 * From the configuration alone. What a pattern stands for is in the venue's catalog, so a pattern
 * counts for every symbol it covers, and two patterns for whatever both may cover.
 */
#ifndef ARB_COVERAGE_H
#define ARB_COVERAGE_H

#include "config/config.h"

/* What is looked at. */
struct coverage_scope {
    uint32_t exchanges;   /* bit i stands for exchange i */
    char *const *symbols; /* these symbols and patterns; borrowed */
    unsigned n_symbols;   /* 0: all */
};

enum { COVERAGE_TEXT_MAX = 512, COVERAGE_SHOWN_MAX = 6, COVERAGE_NOTE_MAX = 1400 };

struct coverage {
    unsigned n_symbols; /* named one by one, each counted once */
    unsigned n_lone;    /* of these, on one exchange only */
    unsigned n_patterns;
    unsigned n_silent;              /* exchanges that name nothing, and may have anything */
    bool may_meet;                  /* two exchanges have an instrument in common, or may have */
    char lone[COVERAGE_TEXT_MAX];   /* "BTC/USD (kraken), ETH/EUR (kraken) and 3 more"; or "" */
    char quotes[COVERAGE_TEXT_MAX]; /* "USD and USDT (BTC, ETH), ..." that never meet; or "" */
};

/* A disabled exchange counts too: another host may publish its books. */
struct coverage_scope coverage_all(const struct config *config);

void coverage_find(const struct config *config, const struct coverage_scope *scope,
                   struct coverage *coverage);

/* What coverage_find() says in may_meet, and nothing else: quickly where it is true. */
bool coverage_may_meet(const struct config *config, const struct coverage_scope *scope);

/* True when an exchange in the scope has something that the symbol or pattern stands for, or may.
 */
bool coverage_may_have(const struct config *config, uint32_t exchanges, const char *wanted);

/* What there is to say of it, as one sentence each; "" where there is nothing. */
struct coverage_notes {
    char few[COVERAGE_NOTE_MAX]; /* exchanges: less than two are known to a strategy */
    char lone[COVERAGE_NOTE_MAX];
    char quotes[COVERAGE_NOTE_MAX];
};

void coverage_note(const struct config *config, struct coverage_notes *notes);

#endif /* ARB_COVERAGE_H */
