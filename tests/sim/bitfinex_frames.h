/*
 * bitfinex_frames.h - how Bitfinex spells books, its answer to a subscription, and its catalog.
 *
 * Shapes and rules as in plugins/bitfinex/README.md, where their sources are; the frames are
 * spelled like the recordings of tests/data.
 */
#ifndef ARB_SIM_BITFINEX_FRAMES_H
#define ARB_SIM_BITFINEX_FRAMES_H

#include "common_venue.h"

/* A client's `flags`. */
enum {
    BITFINEX_NUMBERS = 65536, /* SEQ_ALL */
    BITFINEX_CHECKSUMS = 131072,
};

/* The instrument whose symbol this is, "tBTCUSD", "tDOGE:USD"; or ARB_NO_INSTRUMENT. */
uint32_t bitfinex_find(const struct instrument_list *list, const char *symbol);

void bitfinex_put_book(const struct book_words *words, struct arb_text *text);
void bitfinex_put_beat(const struct book_words *words, struct arb_text *text);
/* Nothing for a client that did not ask for them. */
void bitfinex_put_checksum(const struct book_words *words, struct arb_text *text);
void bitfinex_put_answer(const struct book_words *words, struct arb_text *text);
/* All pairs, and what the venue calls others' currencies. */
void bitfinex_put_catalog(const struct instrument_list *list, struct arb_text *text);

uint32_t bitfinex_role_of(const struct instrument_list *list, struct arb_bytes frame,
                          uint32_t *instrument);

#endif /* ARB_SIM_BITFINEX_FRAMES_H */
