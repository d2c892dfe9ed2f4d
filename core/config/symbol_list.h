/*
 * symbol_list.h - `symbols = BTC/USD, ETH/USD, SOL/?`: canonical symbols and patterns.
 *
 * A symbol is BASE/QUOTE of capital letters, digits, '.', '_' and '-'. A pattern may also have
 * '*' for any text and '?' for any letter; neither matches the '/'.
 */
#ifndef ARB_SYMBOL_LIST_H
#define ARB_SYMBOL_LIST_H

#include <stdbool.h>

#include "arbspot/types.h"
#include "config/pool.h"
#include "util/err.h"

bool symbol_is_pattern(const char *symbol);

/* ARB_EINVAL with a sentence that says what is wrong with a symbol or, if allowed, a pattern. */
int symbol_check(const char *symbol, bool may_be_pattern, struct err *err);

/* True when `symbol` is the one that `wanted` names, or one that the pattern `wanted` covers. */
bool symbol_matches(const char *wanted, const char *symbol);

/* True when some symbol is one that both stand for; each is a symbol or a pattern. */
bool symbols_overlap(const char *one, const char *other);

/* True when one of the list does. */
bool symbol_matches_any(char *const *wanted, unsigned n, const char *symbol);

struct symbol_list {
    char **symbols;
    unsigned n;
};

/* Is told of each thing that is wrong, as a sentence. */
struct symbol_list_reader {
    void (*refuse)(void *context, const char *text);
    void *context;
};

/*
 * Splits text at commas and blanks, checks each symbol, and copies them into `pool`.
 * ARB_EINVAL: symbols are bad or listed twice, all of which were told, or the list is empty;
 * ARB_ELIMIT: more than ARB_INSTRUMENTS_MAX; ARB_ENOMEM.
 */
int symbol_list_read(const char *text, struct pool *pool, struct symbol_list *out,
                     const struct symbol_list_reader *reader);

/*
 * True when a side of the symbol is what a venue alone calls an asset, such as XBT; `usual` gets
 * the symbol as everyone writes it.
 */
bool symbol_is_venues_own(const char *symbol, char usual[ARB_SYMBOL_MAX]);

#endif /* ARB_SYMBOL_LIST_H */
