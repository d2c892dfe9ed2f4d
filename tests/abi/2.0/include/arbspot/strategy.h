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

/* One instrument on all its venues. Borrowed for the call. */
struct arb_market {
    uint32_t size;
    uint32_t instrument; /* stable index < env->instruments_max, for the strategy's own tables */
    const struct arb_instrument *info;
    uint32_t n_venues;              /* at most ARB_VENUES_MAX */
    uint32_t changed;               /* bit i set: venue i changed since the last call */
    const struct arb_venue *venues; /* [n_venues], the same order for every instrument */
    const struct arb_book *books;   /* [n_venues]; look at .state and .trading first */
};

enum arb_opportunity_event {
    ARB_OPPORTUNITY_OPEN = 1,   /* was not there before */
    ARB_OPPORTUNITY_UPDATE = 2, /* still there on other terms */
    ARB_OPPORTUNITY_CLOSE = 3,  /* gone; the terms are the last ones */
};

enum arb_close_reason {
    ARB_CLOSE_GONE = 1,     /* the prices moved */
    ARB_CLOSE_NOT_LIVE = 2, /* a leg left LIVE, or its venue stopped matching */
    ARB_CLOSE_TOO_OLD = 3,  /* a leg is older than allowed */
    ARB_CLOSE_SHUTDOWN = 4, /* the strategy stops */
    /* By a host, never by a plugin: the strategy's process ended without closing it. */
    ARB_CLOSE_ABANDONED = 5,
};

enum {
    ARB_OPPORTUNITIES_MAX = 4096, /* that one callback may publish */
};

/*
 * Buy `qty` on one venue, sell it on another. Copied by the host, which adds names, times,
 * leg ages, and the sequence numbers of both books as on_market() showed them.
 * Money is in the quote currency, in units of 10^-px_scale, rounded against us.
 */
struct arb_opportunity {
    uint32_t size;
    uint32_t event;                 /* enum arb_opportunity_event */
    uint64_t id;                    /* the strategy's choice; the same from OPEN to CLOSE */
    uint32_t instrument;            /* arb_market.instrument */
    uint32_t buy_venue, sell_venue; /* index into arb_market.venues */
    uint32_t reason;                /* enum arb_close_reason; 0 unless CLOSE */
    int64_t qty;
    int64_t buy_px, sell_px;    /* worst prices touched: limits that fill `qty` */
    int64_t cost, proceeds;     /* of `qty`, before fees */
    int64_t fees;               /* both taker fees */
    int64_t gross, net;         /* proceeds - cost, and that minus fees */
    int64_t gross_ppm, net_ppm; /* relative to the cost */
    /* enum arb_verified of the levels that `qty` takes: the weaker leg decides. 0: not said. */
    uint32_t verified;
    uint32_t reserved;
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
};

/* The table behind host->calls in a strategy plugin. Grows at the end only. */
struct arb_strategy_calls {
    struct arb_host_calls base;
    int (*opportunity)(struct arb_host *host, const struct arb_opportunity *opportunity);
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

#ifdef __cplusplus
}
#endif

#endif /* ARB_STRATEGY_H */
