/*
 * truth.h - what was really so: when the published books of two venues crossed, whether that paid
 * and why not, and the final books, as JSON lines. Of Bitstamp that are the books of the one
 * channel in question.
 *
 * A divergence of (buy, sell) exists exactly while there is a quantity that both venues take as an
 * order and that earns more than min_net: of the lots and not below the minimums of both, in
 * quantity and in value, each at the prices of its own book, and
 *
 *     what its bids bring * (1 - fee)  >  what its asks cost * (1 + fee + min_net)
 *
 * over the TRUTH_DEPTH best levels, in exact integers. Each further unit earns less than the one
 * before, so if any quantity does, the smallest that both venues take does: it is all that is
 * looked at, and no walk to the best size is needed. Transfers and balances are not looked at.
 *
 * A crossing exists while the best bid is above the best ask, and there is no divergence. It says
 * why: "fees", not even the first unit earns anything; "below", it does, but not more than min_net;
 * "minimum", it does, and the smallest order does not, or there is not so much.
 *
 * Each is written when it closes or is followed by another, or at the end with "open_at_exit":
 * true, and says whose book opened it. The first line has what the market is made by: "life_ms",
 * how long what diverges lasts on average (see market.h), and the fees; those behind it say what
 * each venue takes as an order of each pair.
 */
#ifndef ARB_SIM_TRUTH_H
#define ARB_SIM_TRUTH_H

#include <stdio.h>

#include "instruments.h"
#include "ladder.h"

enum {
    TRUTH_BOOK_LEVELS = 10, /* are written */
    TRUTH_DEPTH = 25,       /* are looked at: as many as the written configuration has of Kraken */
};

struct truth_config {
    /* Borrowed: pairs in their finest digits, and as each venue has them; NULL: just so. */
    const struct instrument_list *instruments;
    const struct instrument_list *of_venue[ARB_VENUES_MAX];
    uint32_t n_venues;
    const char *venues[ARB_VENUES_MAX]; /* borrowed */
    int64_t fees_ppm[ARB_VENUES_MAX];
    int64_t min_net_ppm; /* of the cost */
    uint64_t seed;       /* named in the first line */
    int64_t start_ns;
    int64_t life_ms; /* named likewise */
    FILE *out;       /* borrowed; NULL writes nothing */
};

struct truth;

int truth_create(struct truth **truth, const struct truth_config *config, struct err *err);
void truth_destroy(struct truth *truth);

/* A venue published a book, in its own digits: opens and closes what it has with all the others. */
void truth_on_book(struct truth *truth, uint32_t venue, uint32_t instrument,
                   const struct sim_book *book, int64_t now_ns);

/* Writes the top of every book as last published. */
void truth_write_books(struct truth *truth, int64_t now_ns);

/* Writes what is still open. Returns ARB_EINVAL when any line could not be written. */
int truth_finish(struct truth *truth, int64_t now_ns, struct err *err);

/* Divergences opened so far. */
uint64_t truth_count(const struct truth *truth);

#endif /* ARB_SIM_TRUTH_H */
