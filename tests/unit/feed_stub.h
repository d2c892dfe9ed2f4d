/*
 * feed_stub.h - a feed for tests: one book of one venue, telling about itself as a feed would.
 *
 * Each call changes the stub's own book and returns the event that says so, with the right
 * checksum and sequence. Events borrow from the stub until the next call.
 */
#ifndef ARB_FEED_STUB_H
#define ARB_FEED_STUB_H

#include <assert.h>
#include <stdio.h>

#include "book/book.h"
#include "book/event.h"

struct feed_stub {
    struct event_venue venue;
    struct arb_instrument info;
    struct book book;
    struct arb_level level; /* of the last delta */
    uint64_t session, seq;
    int64_t recv_ns; /* of the next event */
};

static inline void feed_stub_init(struct feed_stub *stub, const char *venue, const char *symbol)
{
    *stub = (struct feed_stub){ .session = 1, .info = { .px_scale = 2 } };
    (void)snprintf(stub->venue.name, sizeof(stub->venue.name), "%s", venue);
    (void)snprintf(stub->info.symbol, sizeof(stub->info.symbol), "%s", symbol);
    const int rc = book_init(&stub->book, 0);
    assert(rc == 0);
}

static inline void feed_stub_fini(struct feed_stub *stub)
{
    book_fini(&stub->book);
}

/* The next event, without levels. */
static inline struct event feed_stub_event(struct feed_stub *stub, enum event_kind kind)
{
    const struct book_side *const bids = &stub->book.bids, *const asks = &stub->book.asks;

    stub->seq++;
    return (struct event){
        .kind = kind,
        .state = ARB_BOOK_LIVE,
        .trading = ARB_TRADING_OPEN,
        .verified = ARB_VERIFIED,
        .crc = event_book_crc(book_side_begin(bids), bids->n, book_side_begin(asks), asks->n),
        .venue = &stub->venue,
        .info = &stub->info,
        .session = stub->session,
        .seq = stub->seq,
        .prev_seq = stub->seq - 1,
        .recv_ns = stub->recv_ns,
        .reason = "",
    };
}

static inline struct event feed_stub_snapshot(struct feed_stub *stub)
{
    struct event event = feed_stub_event(stub, EVENT_SNAPSHOT);

    event.bids = book_side_begin(&stub->book.bids);
    event.asks = book_side_begin(&stub->book.asks);
    event.n_bids = stub->book.bids.n;
    event.n_asks = stub->book.asks.n;
    return event;
}

/* A snapshot of one bid and one ask of one unit each. */
static inline struct event feed_stub_quote(struct feed_stub *stub, int64_t bid, int64_t ask)
{
    book_clear(&stub->book);
    (void)book_side_set(&stub->book.bids, &(struct arb_level){ .px = bid, .qty = 1 });
    (void)book_side_set(&stub->book.asks, &(struct arb_level){ .px = ask, .qty = 1 });
    return feed_stub_snapshot(stub);
}

static inline struct event feed_stub_set_bid(struct feed_stub *stub, int64_t px, int64_t qty)
{
    stub->level = (struct arb_level){ .px = px, .qty = qty };
    (void)book_side_set(&stub->book.bids, &stub->level);
    struct event event = feed_stub_event(stub, EVENT_DELTA);
    event.bids = &stub->level;
    event.n_bids = 1;
    return event;
}

static inline struct event feed_stub_set_ask(struct feed_stub *stub, int64_t px, int64_t qty)
{
    stub->level = (struct arb_level){ .px = px, .qty = qty };
    (void)book_side_set(&stub->book.asks, &stub->level);
    struct event event = feed_stub_event(stub, EVENT_DELTA);
    event.asks = &stub->level;
    event.n_asks = 1;
    return event;
}

/* The venue's word that it is watched, said at `mono_ns`. */
static inline struct event feed_stub_alive(const struct feed_stub *stub, int64_t mono_ns)
{
    return (struct event){ .kind = EVENT_ALIVE,
                           .venue = &stub->venue,
                           .session = stub->session,
                           .seq = 1,
                           .mono_ns = mono_ns,
                           .boot = 1,
                           .reason = "" };
}

static inline struct event feed_stub_status(struct feed_stub *stub, enum arb_book_state state,
                                            enum arb_trading trading)
{
    struct event event = feed_stub_event(stub, EVENT_STATUS);

    event.state = state;
    event.trading = (uint8_t)trading;
    event.crc = 0;
    return event;
}

#endif /* ARB_FEED_STUB_H */
