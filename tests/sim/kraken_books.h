/*
 * kraken_books.h - the books of Kraken's model: each client chooses a depth, and is told of what
 * changes within it, with the checksum of the book, as the market changes.
 */
#ifndef ARB_SIM_KRAKEN_BOOKS_H
#define ARB_SIM_KRAKEN_BOOKS_H

#include "common_own.h"

extern const struct own_books kraken_own_books;

/* The bit in common_kinds() that stands for one of kraken_depths. */
uint8_t kraken_kind_of(int64_t depth);
/* The depth that a client subscribed; 0: it did not. */
uint32_t kraken_depth_of(uint8_t kinds);

/* A whole book, as deep as the client subscribed it. */
void kraken_put_whole(const struct book_words *words, struct arb_text *text);

/* The trading status of each pair, by instrument; literals. NULL while a recording is played: all
 * are online. */
const char **kraken_statuses(const struct common_venue *venue);

#endif /* ARB_SIM_KRAKEN_BOOKS_H */
