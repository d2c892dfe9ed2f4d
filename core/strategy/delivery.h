/*
 * delivery.h - completes what a strategy published, and hands it to the bus.
 *
 * To the strategy's terms come the names, the run and sequence, and for each leg how old the
 * book was and which event it stood at. When the ring is full an UPDATE is dropped and counted; a
 * gap in the strategy's sequence tells consumers that one is missing. An OPEN or a CLOSE waits for
 * room, in this order: first what is over, then what is there.
 *
 * It also says once a second that the strategy runs, and begins a new run when nobody can have
 * heard that for too long.
 */
#ifndef ARB_DELIVERY_H
#define ARB_DELIVERY_H

#include "wire/matrix.h"
#include "wire/opportunity.h"
#include "bus/ring.h"
#include "bus/tenure.h"
#include "strategy/market.h"
#include "strategy/openings.h"
#include "strategy/survival.h"
#include "strategy/waiting.h"
#include "util/clock.h"
#include "util/log.h"

/* Takes an opportunity in the runner's thread. */
typedef void delivery_fn(void *context, const struct opportunity *opportunity);

/*
 * Whether another run of the strategy still has open what `opportunity` opens. It is opened when
 * that is over.
 */
typedef bool delivery_is_taken_fn(const void *host, const struct opportunity *opportunity);

/* The first block is set by the owner, the rest starts as zero. */
struct delivery {
    const char *who;      /* "strategy=NAME", for log lines */
    const char *strategy; /* the section's name, in ARB_SYMBOL_MAX bytes */
    uint64_t session;
    struct tenure *tenure; /* of the run, kept up to date; or NULL: nobody else closes anything */
    delivery_is_taken_fn *is_taken; /* or NULL: never */
    const void *host;               /* for it */
    struct ring *ring;              /* gets each opportunity as one struct opportunity; or NULL */
    delivery_fn *fn;                /* called with each opportunity; or NULL */
    delivery_fn *rest_fn;           /* called with what is left of one; or NULL */
    void *context;                  /* of fn */
    struct waiting *waiting;        /* those that cannot be told yet */
    struct ring *displays;          /* gets matrices, each as one struct matrix; or NULL */

    uint64_t n_matrices, n_left_out; /* shown; and not, because their ring was full */
    uint64_t n;                      /* delivered, those dropped included */
    uint64_t dropped;                /* because the ring was full */
    uint64_t seq;                    /* of the run's last opportunity */
    uint64_t n_alive;                /* times it was said that this run is there */
    int64_t said_ns;                 /* when it was for the last time, mono; 0: never */
    uint32_t n_over;                 /* runs before this one */
    int64_t retry_ns;                /* when those that wait are looked at again, mono */
    unsigned next_waiting;           /* and from which on */
    uint64_t n_unheld;               /* told although they had to wait, for want of room */
    struct openings openings;
    struct survival *survival; /* told of what opens; or NULL */
    struct log_limit drop_limit, unheld_limit;
};

/* A record of it, up to its last leg. False: the ring has no room. */
bool delivery_put(struct ring *ring, const struct opportunity *opportunity);

/* What made the strategy publish: only a market's way to an opportunity has a latency. */
enum delivery_cause { BY_MARKET = 1, BY_TIMER = 2 };

/*
 * To be called often, when the strategy was shown all that has changed in `market`: says that it
 * runs, and opens what could not be opened before, with the ages and proofs of now.
 */
void delivery_look(struct delivery *delivery, const struct market *market, struct moment now);

/* Says what is left of an opportunity, see survival.h. */
void delivery_send_rest(struct delivery *delivery, const struct opportunity *opportunity,
                        struct moment now);

/*
 * Says why an opportunity was none, and that this reason was given `n` times. False: the publisher
 * is behind, and this need not wait for it.
 */
bool delivery_send_miss(struct delivery *delivery, const struct market *market,
                        const struct arb_miss *miss, uint64_t n, struct moment now);

/*
 * Shows a matrix, whose strategy and session it fills in. False: displays are behind, and nobody
 * else is to wait for them.
 */
bool delivery_show(struct delivery *delivery, struct matrix *matrix);

/* Says what waits to be closed, as far as there is room; true: some of it still waits. */
bool delivery_owes(struct delivery *delivery, const struct market *market, struct moment now);

/* Says that it does not run any more. */
void delivery_end(struct delivery *delivery, struct moment now);

/* Delivers `terms`, published at the moment `detect` about books that `market` has shown. */
void delivery_send(struct delivery *delivery, const struct market *market,
                   const struct arb_opportunity *terms, enum delivery_cause cause,
                   struct moment detect);

#endif /* ARB_DELIVERY_H */
