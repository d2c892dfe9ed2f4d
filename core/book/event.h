/*
 * event.h - what travels from a venue to everybody else: one change of one book.
 *
 * The same event goes over a ring inside the process and, as JSON (wire.h), over Kafka; a
 * consumer cannot tell which way it came.
 *
 * Sequence: every event of a book has its own `seq`; `prev_seq` is the seq of the event this
 * consumer was sent before it. A delta whose prev_seq is not the last seq seen was lost
 * on the way: wait for a snapshot. A new session starts a new sequence; of two sessions the
 * greater one is newer. What a venue demands of orders comes with each snapshot.
 *
 * A book is LIVE only as long as somebody watches it: each venue says once a second that its
 * session is alive, and what was heard of it counts for consumer/lease.h's LEASE_NS.
 */
#ifndef ARB_EVENT_H
#define ARB_EVENT_H

#include "arbspot/types.h"

enum event_kind {
    EVENT_SNAPSHOT = 1, /* the whole book; it is LIVE */
    EVENT_DELTA = 2,    /* levels to set, or with quantity 0 to remove, in order; stays LIVE */
    EVENT_STATUS = 3,   /* the state or the trading status changed; no levels */
    /* These are of no book; `info` is NULL. */
    EVENT_ALIVE = 4, /* the venue is still watched; `mono_ns`, `ends` and the venue count */
    /* Never on a topic: of `partition`, by who reads it. */
    EVENT_LOST = 5,     /* it is no longer read */
    EVENT_OURS = 6,     /* what begins with its instruments is for us to tell, */
    EVENT_NOT_OURS = 7, /* or for somebody else, though it is read on */
};

enum {
    EVENT_REASON_MAX = 128, /* bytes, terminator included */
    EVENT_CRC_LEVELS = 10,  /* levels a side that event.crc covers */
};

/* One venue as the host knows it. Immutable, outlives every event. */
struct event_venue {
    char name[ARB_SYMBOL_MAX];
};

/* Borrowed from whoever delivers it; levels and reason stand behind it in the same record. */
struct event {
    uint32_t kind;                 /* enum event_kind */
    uint32_t state;                /* enum arb_book_state after this event */
    uint8_t trading;               /* enum arb_trading */
    uint8_t verified;              /* enum arb_verified */
    uint8_t px_digits, qty_digits; /* to print with; ARB_DIGITS_UNKNOWN for as few as needed */
    uint32_t crc;        /* event_book_crc() of the book after this event; 0 in a status */
    uint32_t instrument; /* the venue's own index */
    uint32_t n_bids, n_asks;
    uint32_t reason_len;      /* of a status, without terminator */
    uint32_t verified_levels; /* a side, that `verified` holds for; 0: all */
    uint32_t partition;       /* of the topic it was read from; 0 inside a process */
    bool is_history;          /* was in the topic when reading began: says nothing of the present */
    bool ends;                /* EVENT_ALIVE: the last one of the session */
    const struct event_venue *venue;
    const struct arb_instrument *info;
    uint64_t session;
    uint64_t seq, prev_seq;
    uint64_t conflated; /* events of this book that this one replaced, unsent or undelivered */
    int64_t venue_ns;
    int64_t recv_ns; /* EVENT_ALIVE off a topic: when it was published, by the host's UTC; else 0 */
    int64_t mono_ns; /* EVENT_ALIVE: when it was made, by the host's monotonic clock */
    uint64_t boot;   /* EVENT_ALIVE: from which start of which machine that counts; 0: not said */
    struct arb_clock clock;       /* of the venue, when the event was made */
    const struct arb_level *bids; /* snapshot: worst first, as in a book; delta: in order */
    const struct arb_level *asks;
    const struct arb_order_terms *terms; /* snapshot: what the venue demands; NULL: not known */
    const char *reason; /* terminated; "" unless a status; EVENT_ALIVE off a topic: the host */
};

/*
 * CRC-32 (IEEE 802.3) over the best EVENT_CRC_LEVELS bids, then asks, each side from the
 * worst of them to the best, each level as price and quantity in little-endian int64 of the
 * instrument's scale. Any consumer can recompute it from its own copy of the book.
 */
uint32_t event_book_crc(const struct arb_level *bids, uint32_t n_bids, const struct arb_level *asks,
                        uint32_t n_asks);

/* Bytes of a record that holds the event with its levels and reason. */
size_t event_record_len(const struct event *event);

/* Writes event, levels and reason into `record`, which has event_record_len() bytes, 8-aligned. */
void event_record_write(const struct event *event, void *record);

/* The event in a record; sets its pointers to what stands behind it. */
const struct event *event_record_read(void *record);

const char *event_kind_name(uint32_t kind);   /* "snapshot" */
const char *book_state_name(uint32_t state);  /* "LIVE" */
const char *trading_name(uint32_t trading);   /* "open" */
const char *verified_name(uint32_t verified); /* "verified" */

#endif /* ARB_EVENT_H */
