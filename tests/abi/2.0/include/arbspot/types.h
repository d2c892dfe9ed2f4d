/*
 * types.h - the vocabulary host and plugins share: numbers, levels, instruments, books.
 *
 * Prices and quantities are 64-bit integers in units of 10^-scale. The scale belongs to
 * the instrument and is the same on every venue that trades it, so two prices of one
 * instrument compare with `<`. Times are UTC nanoseconds since 1970.
 */
#ifndef ARB_TYPES_H
#define ARB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_INSTRUMENTS_MAX = 4096,   /* per exchange instance */
    ARB_VENUES_MAX = 16,          /* per instrument */
    ARB_SYMBOL_MAX = 32,          /* bytes, terminator included */
    ARB_SCALE_MAX = 18,           /* 10^18 is the largest power of ten in an int64_t */
    ARB_CONNS_MAX = 64,           /* connections per exchange instance */
    ARB_TIMERS_MAX = 64,          /* timers per instance */
    ARB_CHANNELS_MAX = 4,         /* that one book may need */
    ARB_EVENT_LEVELS_MAX = 65536, /* levels a side in one book event, and in one book */
    ARB_DIGITS_UNKNOWN = 255,
};

/* Borrowed bytes, not terminated. Valid until the callback that got them returns. */
struct arb_bytes {
    const char *data;
    size_t len;
};

/* One price level. A quantity of zero in a delta removes the level. */
struct arb_level {
    int64_t px;
    int64_t qty;
};

/* An exact decimal with a scale of its own: units * 10^-scale. */
struct arb_decimal {
    int64_t units; /* 0: not known, or none, where that is said */
    uint8_t scale; /* at most ARB_SCALE_MAX, as small as can be */
    uint8_t reserved[7];
};

/* What a venue demands of an order. What is not known is 0, and demands nothing. */
struct arb_order_terms {
    struct arb_decimal tick;         /* prices are multiples of it */
    struct arb_decimal lot;          /* quantities are */
    struct arb_decimal min_qty;      /* no order is smaller; in the base currency */
    struct arb_decimal min_notional; /* price times quantity is not less; in the quote currency */
};

/* One traded pair. Owned by the host, immutable, at a fixed address until fini() returned. */
struct arb_instrument {
    char symbol[ARB_SYMBOL_MAX];       /* canonical: "BTC/USD" */
    char base[ARB_SYMBOL_MAX];         /* "BTC" */
    char quote[ARB_SYMBOL_MAX];        /* "USD" */
    char venue_symbol[ARB_SYMBOL_MAX]; /* the venue's own name */
    uint8_t px_scale;
    uint8_t qty_scale;
    uint8_t reserved[14]; /* zero; comes in arrays, so the stride is fixed for a MAJOR */
};

/*
 * Whether orders can match now, from the loosest to the strictest: of two that hold at once, the
 * greater one counts. A book that is not OPEN is shown but never an opportunity.
 */
enum arb_trading {
    ARB_TRADING_OPEN = 1,
    ARB_TRADING_UNKNOWN = 2, /* the venue has a status for each pair and has not told it yet */
    ARB_TRADING_LIMITED = 3, /* cancel only, post only, reduce only, limit only */
    ARB_TRADING_HALTED = 4,  /* maintenance, auction, delisted, not yet open */
};

enum arb_book_kind {
    ARB_BOOK_SNAPSHOT = 1, /* replaces the whole book */
    ARB_BOOK_DELTA = 2,    /* changes single levels */
    /*
     * The best levels, as a second channel of the venue shows them. The host compares them with a
     * book made of deltas, and sets right what stays different: see exchange.h.
     */
    ARB_BOOK_TOP = 3,
};

/*
 * What an exchange plugin says about one book. Every pointer is borrowed for the call;
 * the host copies.
 *
 * Legal levels: a price > 0, a quantity >= 0 (0 in a delta removes the level). A level that is
 * not legal costs this book a resync, and nothing else.
 *
 * Levels of a delta are applied in array order, so the last of equal prices wins; those
 * of a snapshot may come in any order. After applying, each side is cut to `max_depth`.
 *
 * The three numbers are the venue's own; fill in what it gives and leave 0 what it does not. The
 * host checks the chain, splices snapshots, and decides what is proven: see exchange.h.
 */
struct arb_book_event {
    uint32_t size;       /* sizeof(struct arb_book_event) */
    uint32_t instrument; /* index into the instruments given to the plugin */
    uint32_t kind;       /* enum arb_book_kind */
    uint32_t max_depth;  /* levels a side to keep, or that a TOP shows at most; 0 for all */
    uint64_t first_seq;  /* of the changes in it, the first one's number; 0: the same as last_seq */
    uint64_t last_seq;   /* and the last one's; of a snapshot, the last change it contains */
    uint64_t prev_seq;   /* the last_seq of the event before, where the venue links events so */
    int64_t venue_ns;    /* when the venue sent it, by its own clock; 0 when not given */
    const struct arb_level *bids;
    const struct arb_level *asks;
    uint32_t n_bids;
    uint32_t n_asks;
    uint32_t n_beyond;  /* asks left out because their price is beyond the scale */
    uint32_t checksum;  /* of the venue, after this event; read only with has_checksum */
    bool has_checksum;  /* the host then calls checksum() and compares */
    uint8_t px_digits;  /* fractional digits of the venue's text, or ARB_DIGITS_UNKNOWN */
    uint8_t qty_digits; /* likewise */
    uint8_t reserved[5];
};

enum arb_book_state {
    ARB_BOOK_EMPTY = 0,    /* not subscribed yet */
    ARB_BOOK_SYNCING = 1,  /* subscribed; deltas held back, snapshot awaited */
    ARB_BOOK_LIVE = 2,     /* equals the venue's book as far as the venue lets anyone know */
    ARB_BOOK_STALE = 3,    /* was live; disconnected, crossed, or damaged: being resynced */
    ARB_BOOK_UNUSABLE = 4, /* given up for now: refused, unlisted, or resync kept failing */
};

/* How far an update could be proven right. */
enum arb_verified {
    ARB_VERIFIED =
        1, /* the venue's checksum or sequence covers it, or its best levels, and matched */
    ARB_UNVERIFIABLE = 2, /* the venue gives no means to notice a loss */
    ARB_SUSPECT = 3,      /* not LIVE, or something contradicts it: do not rely on it */
};

/*
 * How a venue's clock stands against the host's, as far as that can be told from outside: the
 * truth is within offset_ns - error_ns and offset_ns + error_ns.
 */
struct arb_clock {
    int64_t offset_ns; /* the venue's time minus the host's; below 0: the venue is behind */
    int64_t error_ns;  /* 0: nothing is known */
};

static inline bool arb_clock_is_known(struct arb_clock clock)
{
    return clock.error_ns > 0;
}

/*
 * A read-only book. Both sides are stored worst first, so the best level is the last
 * element; use arb_bid_at() and arb_ask_at(), which count from the best.
 */
struct arb_book {
    uint32_t state;   /* enum arb_book_state; trade on ARB_BOOK_LIVE only */
    uint32_t trading; /* enum arb_trading */
    uint32_t n_bids;
    uint32_t n_asks;
    const struct arb_level *bids;
    const struct arb_level *asks;
    uint64_t seq; /* in an exchange plugin the event's last_seq, in a strategy the bus sequence */
    int64_t venue_ns;  /* the venue's time of the last event, 0 when not given */
    int64_t recv_ns;   /* our time of the last event */
    uint32_t verified; /* enum arb_verified of the last event */
    /* With ARB_VERIFIED: so many levels a side are proven, those below are not; 0: all of them. */
    uint32_t verified_levels;
    struct arb_clock clock; /* of the venue, at the last event: what venue_ns is to be taken with */
    /*
     * In a strategy, by host->mono_ns: who publishes it said then that it watches the book, which
     * so was what is shown. A quiet book has no events, and is not old. 0: not said.
     */
    int64_t alive_ns;
    uint64_t reserved;
};

/* The i-th best bid, i < n_bids. */
static inline const struct arb_level *arb_bid_at(const struct arb_book *book, uint32_t i)
{
    return &book->bids[book->n_bids - 1 - i];
}

/* The i-th best ask, i < n_asks. */
static inline const struct arb_level *arb_ask_at(const struct arb_book *book, uint32_t i)
{
    return &book->asks[book->n_asks - 1 - i];
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_TYPES_H */
