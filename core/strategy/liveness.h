/*
 * liveness.h - says how many of a strategy's books are LIVE, whenever that has changed and stands.
 *
 * At the start it also says since when. Fewer than before is a warning, with what is known of why.
 */
#ifndef ARB_LIVENESS_H
#define ARB_LIVENESS_H

#include "strategy/market.h"
#include "util/clock.h"
#include "util/log.h"

#define LIVENESS_STANDS_NS NS_PER_S /* so long a number has to stand before it is said */

/* Zeroed memory is ready, with `who` and `started_ns` set. One thread. */
struct liveness {
    const char *who;    /* "strategy=NAME" */
    int64_t started_ns; /* mono */
    uint64_t n_books, n_live;
    int64_t since_ns;
    bool is_said, has_fallen;
    uint64_t said_live;
    struct log_limit limit; /* of warnings */
};

void liveness_look(struct liveness *liveness, const struct market *market, int64_t now_ns);

#endif /* ARB_LIVENESS_H */
