/*
 * opportunity.h - an opportunity with everything the host knows about it: the strategy's
 * terms, the names, and for each leg how old the book was and which event it stood at.
 *
 * A leg has two ages. `age_ns` counts from the receipt of the book's last event, by one clock.
 * `venue_age_ns` counts from when the venue says that it made that event, its clock corrected by
 * what is known of it: it includes the transit time, and is as uncertain as clock.error_ns says.
 */
#ifndef ARB_OPPORTUNITY_H
#define ARB_OPPORTUNITY_H

#include "arbspot/strategy.h"

struct opportunity_leg {
    char venue[ARB_SYMBOL_MAX];
    struct arb_instrument info;
    uint64_t session; /* of the book's events */
    uint64_t seq;     /* the book's last event when the strategy looked */
    int64_t venue_ns;
    int64_t recv_ns;
    int64_t age_ns;           /* detect_ns - recv_ns */
    struct arb_clock clock;   /* of the venue; not known, too, when it gave no time */
    int64_t venue_age_ns;     /* never less than age_ns; 0 when the clock is not known */
    uint32_t verified;        /* enum arb_verified of the book; 0: not said, as of a CLOSE */
    uint32_t n_levels;        /* levels that the limit reaches */
    uint32_t verified_levels; /* with ARB_VERIFIED: so many are; 0: all of them */
};

/* Sums of quantities over time. */
__extension__ typedef __int128 opportunity_wide;

/* Of one that is over: how it was from its OPEN to its CLOSE. */
struct opportunity_life {
    bool is_known; /* who closes it saw all of it */
    int64_t duration_ns;
    int64_t peak_net;
    int64_t mean_qty; /* of the first leg, each as long as it stood */
};

/* Nobody looks later at what is left: a message that says so is damaged. */
#define SURVIVAL_DELAY_MAX_NS INT64_C(86400000000000)

/* What was left of one some time after it opened, see strategy/survival.h. */
struct opportunity_rest {
    int64_t delay_ns;  /* so long after it was to be looked at; 0: there is nothing said of it */
    int64_t waited_ns; /* and so long after it was */
    bool is_latency;   /* the delay is the venues' own */
    bool is_known;     /* all books were LIVE then; else nobody knows, and the rest is 0 */
    int64_t qty;       /* of the first leg, at the published limits, where all legs have as much */
    int64_t net;       /* at the prices of then, fees included */
};

/* Why there was none, and how often that was said up to this time. */
struct opportunity_miss {
    uint32_t reason; /* enum arb_miss_reason; 0: there is one */
    uint64_t n;      /* since the strategy started */
};

struct opportunity {
    struct arb_opportunity terms;
    char strategy[ARB_SYMBOL_MAX]; /* the INI section's name */
    uint64_t session; /* of this run of this strategy: with the id it names one opportunity */
    uint64_t seq;     /* counts this strategy's opportunities, from 1 */
    /*
     * Not 0: there is no opportunity, the strategy only says that it runs, at this time of the
     * host's monotonic clock. Of the rest only strategy, session, seq and `ends` count.
     */
    int64_t alive_ns;
    bool ends;          /* and that is its last word */
    int64_t detect_ns;  /* when the strategy said so */
    int64_t latency_ns; /* detect_ns - receive time of the event that led to it */
    struct opportunity_life life;
    struct opportunity_rest rest; /* with a delay, all else is as when it opened */
    /*
     * With a reason, the terms have the legs with the best prices as limits, gross_ppm and net_ppm
     * of the first unit, and of what was weighed the first quantity and the net.
     */
    struct opportunity_miss miss;
    struct opportunity_leg legs[ARB_LEGS_MAX]; /* last, so that a record ends with its legs */
};

/* Bytes of it up to its last leg: what a record in a ring has. */
size_t opportunity_len(const struct opportunity *opportunity);

/* The currency that money is in, and its scale; of the message's key, the symbol. */
const char *opportunity_currency(const struct opportunity *opportunity);
unsigned opportunity_scale(const struct opportunity *opportunity);
const char *opportunity_symbol(const struct opportunity *opportunity);

/* When the newest of the books that it is of was received. */
int64_t opportunity_recv_ns(const struct opportunity *opportunity);

/* The same orders: legs of the same books and sides. */
bool opportunity_is_same_place(const struct opportunity *a, const struct opportunity *b);

/* The leg's venue_age_ns when the rest of it is filled in. */
int64_t opportunity_venue_age(const struct opportunity_leg *leg, int64_t detect_ns);

const char *opportunity_event_name(uint32_t event); /* "open" */
const char *close_reason_name(uint32_t reason);     /* "gone" */
const char *miss_reason_name(uint32_t reason);      /* "fees" */
const char *side_name(uint32_t side);               /* "buy" */

#endif /* ARB_OPPORTUNITY_H */
