/*
 * market.h - the generated market: seeded, exact, without a clock of its own.
 *
 * Each instrument has a fair price that walks at random. Every venue keeps a book around that
 * price plus an offset of its own. Now and then an offset jumps so far that buying at one venue
 * and selling at the other pays after both fees; some time later it returns. Each tick changes
 * one book of one venue by a few levels, a jump by many. A book never crosses itself.
 */
#ifndef ARB_SIM_MARKET_H
#define ARB_SIM_MARKET_H

#include "instruments.h"
#include "ladder.h"

enum {
    MARKET_RATE_MAX = 1000, /* ticks per second, instrument and venue */
    MARKET_DEPTH_MIN = 10,
};

struct sim_market_config {
    const struct instrument_list *instruments; /* borrowed for the market's life */
    uint64_t seed;
    int64_t start_ns;
    uint32_t n_venues;
    uint32_t depth;              /* levels a side that each venue holds */
    int64_t rate_per_s;          /* ticks per instrument and venue */
    int64_t divergence_every_ms; /* on average, per instrument; 0: never */
    int64_t divergence_fees_ppm; /* both fees together: a divergence exceeds them clearly */
};

struct market_tick {
    int64_t at_ns;
    uint32_t venue, instrument;
};

struct sim_market;

/* Every book is full from the start. */
int sim_market_create(struct sim_market **market, const struct sim_market_config *config,
                      struct err *err);
void sim_market_destroy(struct sim_market *market);

/* When the next tick is due. */
int64_t sim_market_next_ns(const struct sim_market *market);

/* Carries out the next thing due. True when it changed a book; then `tick` says which. */
bool sim_market_run(struct sim_market *market, struct market_tick *tick);

/* The book a venue holds now; valid until the next sim_market_run(). */
const struct sim_book *sim_market_book(const struct sim_market *market, uint32_t venue,
                                       uint32_t instrument);

#endif /* ARB_SIM_MARKET_H */
