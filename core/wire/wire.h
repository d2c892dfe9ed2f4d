/*
 * wire.h - events and opportunities as the JSON messages of the topics, and back.
 *
 * Market data of schema version 1, opportunities of version 2 (1 is read as well), described in
 * docs/messages.md and in share/arbspot/schema. Prices, quantities and
 * money are decimal strings, times are integer UTC nanoseconds. A reader ignores members it
 * does not know and refuses another `v`.
 */
#ifndef ARB_WIRE_H
#define ARB_WIRE_H

#include "book/event.h"
#include "wire/matrix.h"
#include "wire/opportunity.h"

/* The most bytes wire_write_event() may need for this event. */
size_t wire_event_bound(const struct event *event);

/*
 * What brokers and librdkafka accept unless somebody configured them, a million bytes, less what is
 * sent around a message: key, headers, lengths.
 */
enum { WIRE_MESSAGE_MAX = 990000 };

/* How many of the best levels a side of this snapshot a message of `len` bytes has room for. */
uint32_t wire_depth_within(const struct event *snapshot, size_t len);

/* Writes one message without terminator, at most wire_event_bound() bytes; returns its length. */
size_t wire_write_event(const struct event *event, int64_t pub_ns, char *out);

enum {
    WIRE_HOST_MAX = 80,   /* bytes, terminator included: a machine's name and a process id */
    WIRE_ALIVE_MAX = 768, /* both names escaped at worst */
};

/* What an alive message says beside its event. */
struct wire_alive {
    bool
        is_of_strategy; /* event.venue is the name of a strategy, and the session one of its runs */
    int64_t from; /* the offset from where its partition has every book of the venue; -1: unknown */
    char host[WIRE_HOST_MAX]; /* who publishes the venue, for people */
};

/* Writes one message without terminator, at most WIRE_ALIVE_MAX bytes; returns its length. */
size_t wire_write_alive(const struct event *event, const struct wire_alive *alive, int64_t pub_ns,
                        char *out);

/* Tells an alive message of ours by how it begins: for those who read a topic for these alone. */
bool wire_is_alive(struct arb_bytes json);

/* A decoded market-data message. Names are copied; levels are in the caller's storage. */
struct wire_event {
    struct event event; /* venue and info point to the members below; an alive has no info */
    struct event_venue venue;
    struct arb_instrument info;
    struct arb_order_terms terms; /* event.terms points here */
    int64_t pub_ns;
    char reason[EVENT_REASON_MAX];
    struct wire_alive alive;
    struct arb_level *levels; /* given by the caller, levels_max entries: bids, then asks */
    uint32_t levels_max;
};

/*
 * Reads one message. ARB_EPROTO: not ours or damaged; ARB_ENOTSUP: another version;
 * ARB_ELIMIT: more levels than there is room for; ARB_ERANGE: a number that does not fit.
 */
int wire_read_event(struct arb_bytes json, struct wire_event *out);

enum { WIRE_OPPORTUNITY_MAX = 8192 }; /* every name escaped at worst */

/* Writes one message without terminator, at most WIRE_OPPORTUNITY_MAX bytes; returns its length. */
size_t wire_write_opportunity(const struct opportunity *opportunity, int64_t pub_ns, char *out);

/*
 * Reads one message, of version 2 or 1; errors as wire_read_event(). What is not on the wire is
 * zero: the indices of instruments and venues, of version 1 the fee of each leg. Latency has a
 * resolution of 100 ns.
 */
int wire_read_opportunity(struct arb_bytes json, struct opportunity *out, int64_t *pub_ns);

/*
 * The same for what was left of one: opportunity->rest, with what names it and its legs. Of what is
 * not on the wire nothing is read.
 */
size_t wire_write_survival(const struct opportunity *opportunity, int64_t pub_ns, char *out);
int wire_read_survival(struct arb_bytes json, struct opportunity *out, int64_t *pub_ns);

/* Tells such a message of ours by how it begins. */
bool wire_is_survival(struct arb_bytes json);

/* The same for why there was none: opportunity->miss. */
size_t wire_write_miss(const struct opportunity *opportunity, int64_t pub_ns, char *out);
int wire_read_miss(struct arb_bytes json, struct opportunity *out, int64_t *pub_ns);
bool wire_is_miss(struct arb_bytes json);

/*
 * The key of all matrices, so that they share a partition: who shows them reads it alone.
 */
#define WIRE_MATRIX_KEY "matrix"

enum { WIRE_MATRIX_MAX = 24 * 1024 }; /* every name escaped at worst */

/*
 * The same for a matrix, at most WIRE_MATRIX_MAX bytes. What a reader has is without what pairs of
 * venues earn: see matrix_edge().
 */
size_t wire_write_matrix(const struct matrix *matrix, int64_t pub_ns, char *out);
int wire_read_matrix(struct arb_bytes json, struct matrix *out, int64_t *pub_ns);
bool wire_is_matrix(struct arb_bytes json);

#endif /* ARB_WIRE_H */
