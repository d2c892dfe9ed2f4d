/*
 * market.h - the generated market: seeded, exact, without a clock of its own.
 *
 * Each instrument has a fair price that walks at random. Every venue keeps a book around that
 * price plus an offset of its own, in its own ticks and lots. Each tick changes one book of one
 * venue by a few levels, a jump by many. A book never crosses itself.
 *
 * Now and then the book of one venue jumps away from that of another one, at once, and some time
 * later returns, at once:
 *
 *   half of them    so far that buying at the one and selling at the other pays after both fees;
 *   a quarter       less far: the books cross, and fees would take all of it;
 *   a quarter       its near side leaves, and instead one level stands alone there that would pay,
 * but holds less than half of what the two venues take as an order.
 *
 * Of those that have lasted for t ms, one in MARKET_LIFE_MS ends within the next one, however large
 * t is: the share that lasts for t ms is (1 - 1 / MARKET_LIFE_MS) ^ t.
 */
#ifndef ARB_SIM_MARKET_H
#define ARB_SIM_MARKET_H

#include "instruments.h"
#include "ladder.h"

enum {
    MARKET_RATE_MAX = 1000, /* ticks per second, instrument and venue */
    MARKET_DEPTH_MIN = 10,
    MARKET_LIFE_MS = 400, /* on average */
};

struct sim_market_config {
    /* Borrowed for the market's life: the pairs in their finest digits, and those of each venue.
     * NULL: it has them as they are. */
    const struct instrument_list *instruments;
    const struct instrument_list *of_venue[ARB_VENUES_MAX];
    uint64_t seed;
    int64_t start_ns;
    uint32_t n_venues;
    uint32_t depth;              /* levels a side that each venue holds */
    int64_t rate_per_s;          /* ticks per instrument and venue */
    int64_t divergence_every_ms; /* on average, per instrument, from one to the next; 0: never */
    int64_t fees_ppm[ARB_VENUES_MAX];
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

/* Carries out the next thing due. It may have changed the book that `tick` names. */
void sim_market_run(struct sim_market *market, struct market_tick *tick);

/* The book a venue holds now, in units of its own digits; valid until the next sim_market_run(). */
const struct sim_book *sim_market_book(const struct sim_market *market, uint32_t venue,
                                       uint32_t instrument);

#endif /* ARB_SIM_MARKET_H */
