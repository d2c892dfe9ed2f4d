/*
 * truth.h - what was really so: every after-fee divergence between published books, and the
 * final books, as JSON lines. Of Bitstamp that are the books of the one channel in question.
 *
 * A divergence of (buy, sell) exists while best_bid(sell) * (1 - fee) > best_ask(buy) * (1 + fee),
 * compared exactly. It is written when it closes, or at the end with "open_at_exit": true.
 */
#ifndef ARB_SIM_TRUTH_H
#define ARB_SIM_TRUTH_H

#include <stdio.h>

#include "instruments.h"
#include "ladder.h"

enum { TRUTH_BOOK_LEVELS = 10 };

struct truth_config {
    const struct instrument_list *instruments; /* borrowed */
    uint32_t n_venues;
    const char *venues[ARB_VENUES_MAX]; /* borrowed */
    int64_t fees_ppm[ARB_VENUES_MAX];
    uint64_t seed; /* named in the first line */
    int64_t start_ns;
    FILE *out; /* borrowed; NULL writes nothing */
};

struct truth;

int truth_create(struct truth **truth, const struct truth_config *config, struct err *err);
void truth_destroy(struct truth *truth);

/* A venue published a book: opens and closes divergences with all the others. */
void truth_on_book(struct truth *truth, uint32_t venue, uint32_t instrument,
                   const struct sim_book *book, int64_t now_ns);

/* Writes the top of every book as last published. */
void truth_write_books(struct truth *truth, int64_t now_ns);

/* Writes what is still open. Returns ARB_EINVAL when any line could not be written. */
int truth_finish(struct truth *truth, int64_t now_ns, struct err *err);

/* Divergences opened so far. */
uint64_t truth_count(const struct truth *truth);

#endif /* ARB_SIM_TRUTH_H */
