/*
 * strategy.h - the strategy plugin interface: merged books in, opportunities out.
 *
 * A strategy sees every venue's book of one instrument side by side. The host drains
 * whatever is queued, applies it, and then calls on_market() once per instrument that
 * changed, so a slow strategy sees fewer, newer markets rather than a growing backlog.
 * All callbacks of an instance run on its own thread, never nested. Any result other
 * than ARB_OK drops what the callback recorded and disables the strategy.
 */
#ifndef ARB_STRATEGY_H
#define ARB_STRATEGY_H

#include "arbspot/abi.h"
#include "arbspot/host.h"
#include "arbspot/option.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct arb_venue {
    char name[ARB_SYMBOL_MAX]; /* the INI section's name, "kraken" */
    int64_t taker_fee_ppm;     /* of the notional; may be negative (a rebate) */
    uint64_t reserved[4];      /* zero; comes in arrays, so the stride is fixed for a MAJOR */
};

/*
 * What a venue demands of an order, in the instrument's units, and takes for it. What is not known
 * is 0, and demands nothing.
 */
struct arb_terms {
    int64_t tick;          /* prices are multiples of it */
    int64_t lot;           /* quantities are */
    int64_t min_qty;       /* no order is smaller */
    int64_t min_notional;  /* price times quantity is not less; in units of 10^-px_scale */
    int64_t taker_fee_ppm; /* of the notional; negative: a rebate */
    /*
     * What there is at the venue: the most base currency that can be sold, and the most quote
     * currency that can be spent. arb_most_of() reads them. 0: any; ARB_NOTHING: nothing.
     */
    int64_t most_base, most_quote;
    uint64_t reserved[1]; /* zero; comes in arrays, so the stride is fixed for a MAJOR */
};

enum { ARB_NOTHING = -1 };

/* As a limit that quantities and money are compared with; INT64_MAX: any. */
static inline int64_t arb_most_of(int64_t most)
{
    return most == 0 ? INT64_MAX : most < 0 ? 0 : most;
}

/* What it takes to carry an instrument's base currency away from a venue. */
struct arb_withdrawal {
    bool is_known; /* false: nobody says, and 0 would be a guess */
    uint8_t reserved[7];
    int64_t fee;      /* in units of the quantity, rounded up; INT64_MAX: does not fit */
    int64_t takes_ms; /* until it can be sold elsewhere */
    uint64_t more[2]; /* zero; comes in arrays, so the stride is fixed for a MAJOR */
};

/* One instrument on all its venues. Borrowed for the call. */
struct arb_market {
    uint32_t size;
    uint32_t instrument; /* stable index < env->instruments_max, for the strategy's own tables */
    const struct arb_instrument *info;
    uint32_t n_venues;                        /* at most ARB_VENUES_MAX */
    uint32_t changed;                         /* bit i set: venue i changed since the last call */
    const struct arb_venue *venues;           /* [n_venues], the same order for every instrument */
    const struct arb_book *books;             /* [n_venues]; look at .state and .trading first */
    const struct arb_terms *terms;            /* [n_venues] */
    const struct arb_withdrawal *withdrawals; /* [n_venues] */
    /*
     * 1: what begins with this instrument is for another member of the strategy's group to tell:
     * open nothing, and close what is open with ARB_CLOSE_HANDED_OVER. 0 without a group. When it
     * changes, the instrument is shown as changed.
     */
    uint32_t is_elsewhere;
    uint32_t reserved; /* zero */
};

enum arb_opportunity_event {
    ARB_OPPORTUNITY_OPEN = 1,   /* was not there before */
    ARB_OPPORTUNITY_UPDATE = 2, /* still there on other terms */
    ARB_OPPORTUNITY_CLOSE = 3,  /* gone; the terms are the last ones */
};

enum arb_close_reason {
    ARB_CLOSE_GONE = 1,     /* the prices moved: nothing is left after costs */
    ARB_CLOSE_NOT_LIVE = 2, /* a leg left LIVE, or its venue stopped matching */
    ARB_CLOSE_TOO_OLD = 3,  /* a leg is older than allowed */
    ARB_CLOSE_SHUTDOWN = 4, /* the strategy stops */
    /* By a host, never by a plugin: the strategy's process ended without closing it. */
    ARB_CLOSE_ABANDONED = 5,
    ARB_CLOSE_BELOW = 6,       /* it still pays, but not as much as is wanted */
    ARB_CLOSE_RESIZED = 7,     /* what is left is less than the venues accept, or than is allowed */
    ARB_CLOSE_HANDED_OVER = 8, /* arb_market.is_elsewhere of its first leg's instrument */
    ARB_CLOSE_MAX = 8,
};

enum {
    ARB_OPPORTUNITIES_MAX = 4096, /* that one callback may publish */
    ARB_LEGS_MAX = 6,
    ARB_CURVE_POINTS = 4,
};

enum arb_opportunity_flag {
    ARB_OPPORTUNITY_ABSURD = 1, /* it earns more than anybody leaves lying about: a wrong price? */
    /* What the first leg buys is carried to the venue of the second, which sells what arrives. */
    ARB_OPPORTUNITY_TRANSFER = 2,
};

enum arb_side {
    ARB_BUY = 1,  /* takes asks, and pays with the quote currency */
    ARB_SELL = 2, /* takes bids, and pays with the base currency */
};

/*
 * One order of an opportunity. Money of a leg is in the quote currency of its instrument, in units
 * of 10^-px_scale, rounded against us.
 */
struct arb_leg {
    uint32_t instrument; /* arb_market.instrument */
    uint32_t venue;      /* index into arb_market.venues */
    uint32_t side;       /* enum arb_side */
    uint32_t reserved;
    int64_t qty;
    int64_t limit_px; /* the worst price touched: a limit that fills `qty` */
    int64_t notional; /* of `qty`, at the prices of the book, before the fee */
    int64_t fee;      /* to take; negative: a rebate */
    uint64_t more[2]; /* zero; legs come in arrays, so the stride is fixed for a MAJOR */
};

/*
 * Orders to send at once, which together end with more of a currency than they began with. Copied
 * by the host, which adds names, times, ages, and the sequence numbers of the books as they were
 * shown.
 *
 * Money is in what the first leg pays with: the quote currency of its instrument in units of
 * 10^-px_scale when it buys, the base currency in units of 10^-qty_scale when it sells. Rounded
 * against us.
 */
struct arb_opportunity {
    uint32_t size;
    uint32_t event;  /* enum arb_opportunity_event */
    uint64_t id;     /* the strategy's choice; the same from OPEN to CLOSE */
    uint32_t reason; /* enum arb_close_reason; 0 unless CLOSE */
    uint32_t n_legs; /* 2 to ARB_LEGS_MAX; legs, venues and sides stay from OPEN to CLOSE */
    struct arb_leg legs[ARB_LEGS_MAX];
    int64_t cost, proceeds;     /* spent by the first leg, brought by the last, before fees */
    int64_t fees;               /* of all legs */
    int64_t gross, net;         /* proceeds - cost, and that minus fees */
    int64_t gross_ppm, net_ppm; /* relative to the cost */
    /* enum arb_verified of the levels that are taken: the weakest leg decides. 0: not said. */
    uint32_t verified;
    uint32_t flags; /* enum arb_opportunity_flag */
    /*
     * The net of a quarter, a half, three quarters and all of the size, each as much of it as the
     * venues accept. All 0: not said.
     */
    int64_t curve[ARB_CURVE_POINTS];
    /*
     * As much of the first leg, and its net, as rests on levels that are ARB_VERIFIED on all legs;
     * 0: none.
     */
    int64_t proven_qty, proven_net;
    /* With ARB_OPPORTUNITY_TRANSFER: of the base currency of the first leg, and how long it takes.
     */
    int64_t transfer_fee, transfer_ms;
};

/* Why books whose prices cross are no opportunity. */
enum arb_miss_reason {
    ARB_MISS_FEES = 1,       /* fees take all of it */
    ARB_MISS_BELOW = 2,      /* it pays, but not as much as is wanted */
    ARB_MISS_HYSTERESIS = 3, /* it would go on, and does not pay enough to begin */
    ARB_MISS_MINIMUM = 4,    /* what pays is less than the venues accept */
    ARB_MISS_CAP = 5,        /* what is allowed is less than they accept */
    ARB_MISS_PROOF = 6,      /* what is proven is less than they accept */
    ARB_MISS_AGE = 7,        /* a book is older than allowed */
    ARB_MISS_STATUS = 8,     /* a book is not LIVE, or its venue does not match orders */
    ARB_MISS_SUSPECT = 9,    /* a book may be late */
    ARB_MISS_LIMIT = 10,     /* there is no room for it, or its amounts do not fit */
    ARB_MISS_TRANSFER = 11,  /* what it takes to carry the base currency over is not known */
    ARB_MISS_MAX = 11,
};

enum {
    ARB_MISSES_MAX = 256, /* that are kept of one callback; further ones are counted */
};

/* One order of what was missed. */
struct arb_miss_leg {
    uint32_t instrument, venue, side; /* as of struct arb_leg */
    uint32_t reserved;
    int64_t px; /* the best price of the side that it takes */
};

/*
 * Orders that would earn something before fees, and are not published: the host counts them, and
 * shows them to whoever asks why. Cheap enough to be told each time. Copied.
 */
struct arb_miss {
    uint32_t size;
    uint32_t reason; /* enum arb_miss_reason */
    uint32_t n_legs; /* 2 to ARB_LEGS_MAX */
    uint32_t reserved;
    int64_t gross_ppm, net_ppm; /* of the first unit, before and after fees, relative to its cost */
    int64_t qty, net;           /* of what was weighed, as of the opportunity; 0: nothing was */
    struct arb_miss_leg legs[ARB_LEGS_MAX];
};

/* What the best `n_levels` of a side of this book are. */
static inline uint32_t arb_book_verified(const struct arb_book *book, uint32_t n_levels)
{
    const bool is_below = book->verified_levels > 0 && n_levels > book->verified_levels;
    return book->verified == ARB_VERIFIED && is_below ? (uint32_t)ARB_UNVERIFIABLE : book->verified;
}

struct arb_strategy_env {
    uint32_t size;
    uint16_t abi_major, abi_minor; /* the host's */
    uint32_t instruments_max;      /* arb_market.instrument stays below */
    uint32_t n_venues;
    const struct arb_venue *venues; /* owned by the host, valid until fini() returned */
};

enum arb_strategy_flag {
    /*
     * Its opportunities have legs of several instruments. Each member of a group is then shown all
     * of them, and opportunities are shared out by the instrument of the first leg: the plugin
     * looks at arb_market.is_elsewhere of it. Without the flag members see different instruments,
     * and a configuration that gives the strategy no instrument on two venues is refused.
     */
    ARB_STRATEGY_ACROSS = 1,
};

struct arb_strategy_ops {
    uint32_t size; /* sizeof(struct arb_strategy_ops) */
    /* Optional. Options are already stored in `self`. */
    int (*init)(void *self, struct arb_host *host, const struct arb_strategy_env *env);
    /* Required. */
    int (*on_market)(void *self, struct arb_host *host, const struct arb_market *market);
    /* Required with arb_timer_set(). */
    int (*on_timer)(void *self, struct arb_host *host, uint32_t timer);
    /* Optional. The host stops: close what is open. */
    int (*on_stop)(void *self, struct arb_host *host);
    /* Optional. Free what init() and later callbacks allocated; runs after a failed init() too. */
    void (*fini)(void *self);
    uint32_t flags;    /* enum arb_strategy_flag */
    uint32_t reserved; /* zero */
};

/* The table behind host->calls in a strategy plugin. Grows at the end only. */
struct arb_strategy_calls {
    struct arb_host_calls base;
    int (*opportunity)(struct arb_host *host, const struct arb_opportunity *opportunity);
    int (*market)(struct arb_host *host, uint32_t instrument, struct arb_market *market);
    int (*miss)(struct arb_host *host, const struct arb_miss *miss);
};

static inline const struct arb_strategy_calls *arb_strategy_calls_of(const struct arb_host *host)
{
    return (const struct arb_strategy_calls *)(const void *)host->calls;
}

static inline int arb_opportunity_publish(struct arb_host *host,
                                          const struct arb_opportunity *opportunity)
{
    return arb_strategy_calls_of(host)->opportunity(host, opportunity);
}

/*
 * Looks at any instrument, in timers too; `changed` is 0. ARB_EINVAL: on_market() has not shown it
 * yet. Borrowed for the callback.
 */
static inline int arb_market_view(struct arb_host *host, uint32_t instrument,
                                  struct arb_market *market)
{
    market->size = (uint32_t)sizeof(*market);
    return arb_strategy_calls_of(host)->market(host, instrument, market);
}

static inline int arb_miss_tell(struct arb_host *host, const struct arb_miss *miss)
{
    return arb_strategy_calls_of(host)->miss(host, miss);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_STRATEGY_H */
