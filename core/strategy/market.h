/*
 * market.h - every instrument side by side on all venues, rebuilt from events.
 *
 * Each book is a replica (consumer/replica.h): LIVE only while it is proven to be the host's
 * book, and that host is alive (consumer/lease.h). Bad or foreign events are counted and left out;
 * none of them is an error of the caller.
 *
 * One owner: the thread of the strategy.
 */
#ifndef ARB_MARKET_H
#define ARB_MARKET_H

#include "arbspot/consumer.h"
#include "arbspot/strategy.h"
#include "arbspot/text.h"
#include "book/event.h"
#include "config/config.h"

enum {
    MARKET_INSTRUMENTS_MAX = ARB_INSTRUMENTS_MAX, /* over all venues; further ones are left out */
};

struct market_config {
    const struct arb_venue *venues; /* [n_venues], borrowed as long as the market lives */
    uint32_t n_venues;              /* at most ARB_VENUES_MAX */
    /*
     * Further venues take the next places when they are heard of, as long as there are some; their
     * fees are 0. False: their books are left out.
     */
    bool learns_venues;
    const char *who; /* "strategy=NAME", for log lines; borrowed */
    /* Whose sections of instruments count before what venues say; borrowed. NULL: none. */
    const struct config *config;
    uint32_t wanted_venues;      /* bit i: the books of venue i count; 0: those of all do */
    char *const *wanted_symbols; /* [n_wanted_symbols], as of config/symbol_list.h; borrowed */
    unsigned n_wanted_symbols;   /* 0: all symbols count */
    /* Whose instruments are looked after here is said by EVENT_OURS and EVENT_NOT_OURS; false:
     * those of all partitions that are read. */
    bool is_shared;
};

struct market_stats {
    uint64_t events; /* given to market_apply(); each is in one more count below */
    struct arb_consumer_counts books;
    uint64_t unknown_venues;  /* of a venue that is not in the list */
    uint64_t unwanted;        /* of a venue or an instrument that nobody wants */
    uint64_t scale_conflicts; /* of another scale than the instrument was first seen with */
    uint64_t refused;         /* of an instrument beyond the limit, or for which memory lacks */
    uint64_t n_books, n_live; /* books that were heard of, and how many of them are LIVE now */
};

/* One book as the strategy was last shown it. */
struct market_leg {
    const struct arb_book *book;
    uint64_t session;
    bool is_heard; /* its events come here, or came last */
};

struct market;

/* ARB_EINVAL: more venues than ARB_VENUES_MAX; ARB_ENOMEM. */
int market_create(struct market **market, const struct market_config *config);
void market_destroy(struct market *market);

/* Takes an event in that came at `now_ns`, mono, and marks what it changed. */
void market_apply(struct market *market, const struct event *event, int64_t now_ns);

/*
 * Marks the books whose hosts were not heard of for too long. Returns when to call it next, mono;
 * NEVER_NS: not before another event.
 */
int64_t market_on_time(struct market *market, int64_t now_ns);

/*
 * Hands out the next instrument that changed since it was handed out last, the longest
 * waiting first; false when there is none. The books are valid until the next market_apply().
 */
bool market_changed(struct market *market, struct arb_market *out);

/*
 * An instrument as it is, which may be handed out as changed later all the same. Asserts
 * instrument < market_n_instruments(). Valid as long.
 */
struct arb_market market_view(struct market *market, uint32_t instrument);

uint32_t market_n_instruments(const struct market *market);

/* Stays at its address. Asserts instrument < market_n_instruments(). */
const struct arb_instrument *market_instrument(const struct market *market, uint32_t instrument);
struct market_leg market_leg(const struct market *market, uint32_t instrument, uint32_t venue);

/* So many as were given, and those that were learned since. */
uint32_t market_n_venues(const struct market *market);

/* The place of a venue, or market_n_venues(). */
uint32_t market_find_venue(const struct market *market, const char *name);

/* The place of an instrument, or ARB_NO_INSTRUMENT: it was not heard of, or is left out. */
uint32_t market_find_instrument(const struct market *market, const char *symbol);

/*
 * When a host of the venue that is alive said last that it watches it, mono; 0: none is alive.
 * Asserts venue < market_n_venues(), as does the next.
 */
int64_t market_alive_ns(const struct market *market, uint32_t venue);
const struct arb_venue *market_venue(const struct market *market, uint32_t venue);

const struct market_stats *market_stats(const struct market *market);

/* Adds for each venue with books that are not LIVE why: "; kraken: 2 are STALE". */
void market_explain(const struct market *market, struct arb_text *text);

#endif /* ARB_MARKET_H */
