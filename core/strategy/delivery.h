/*
 * delivery.h - completes what a strategy published, and hands it to the bus.
 *
 * To the strategy's terms come the names, the run and sequence, and for each leg how old the
 * book was and which event it stood at. When the ring is full the opportunity is dropped and
 * counted; a gap in the strategy's sequence tells consumers that one is missing.
 */
#ifndef ARB_DELIVERY_H
#define ARB_DELIVERY_H

#include "wire/opportunity.h"
#include "bus/ring.h"
#include "strategy/market.h"
#include "util/clock.h"
#include "util/log.h"

/* Takes an opportunity in the runner's thread. */
typedef void delivery_fn(void *context, const struct opportunity *opportunity);

/* The first block is set by the owner, the rest starts as zero. */
struct delivery {
    const char *who;      /* "strategy=NAME", for log lines */
    const char *strategy; /* the section's name, in ARB_SYMBOL_MAX bytes */
    uint64_t session;
    struct ring *ring; /* gets each opportunity as one struct opportunity; or NULL */
    delivery_fn *fn;   /* called with each opportunity; or NULL */
    void *context;     /* of fn */

    uint64_t n;       /* delivered, those dropped included */
    uint64_t dropped; /* because the ring was full */
    uint64_t n_alive; /* times it was said that the strategy runs */
    int64_t alive_ns; /* when that is said again, mono */
    struct log_limit drop_limit;
};

/* What made the strategy publish: only a market's way to an opportunity has a latency. */
enum delivery_cause { BY_MARKET = 1, BY_TIMER = 2 };

/* Says that the strategy runs, once a second; at its end for the last time. */
void delivery_alive(struct delivery *delivery, struct moment now, bool ends);

/* Delivers `terms`, published at the moment `detect` about books that `market` has shown. */
void delivery_send(struct delivery *delivery, const struct market *market,
                   const struct arb_opportunity *terms, enum delivery_cause cause,
                   struct moment detect);

#endif /* ARB_DELIVERY_H */
