/*
 * wire_samples.h - events and opportunities for the tests of the bus: one of each kind, and
 * seeded random ones that reach every limit.
 */
#ifndef ARB_WIRE_SAMPLES_H
#define ARB_WIRE_SAMPLES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

/* xorshift64: the same events for the same seed, everywhere. */
static inline uint64_t sample_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static inline uint64_t sample_below(uint64_t *seed, uint64_t limit)
{
    return sample_random(seed) % limit;
}

/* Non-negative, of every magnitude. */
static inline int64_t sample_i64(uint64_t *seed)
{
    const unsigned shift = (unsigned)sample_below(seed, 63);
    return (int64_t)(sample_random(seed) >> 1 >> shift);
}

static const struct event_venue sample_venue = { "kraken" };
static const struct arb_instrument sample_instrument = {
    .symbol = "BTC/USD", .base = "BTC", .quote = "USD", .px_scale = 10, .qty_scale = 8
};

static inline struct event sample_delta(void)
{
    static const struct arb_level bids[] = { { 630050000000000, 207265551 },
                                             { 630049000000000, 0 } };
    static const struct arb_level asks[] = { { 630060000000000, 100000 } };
    return (struct event){ .kind = EVENT_DELTA,
                           .state = ARB_BOOK_LIVE,
                           .trading = ARB_TRADING_OPEN,
                           .verified = ARB_VERIFIED,
                           .px_digits = 1,
                           .qty_digits = 8,
                           .crc = 3735928559,
                           .n_bids = 2,
                           .n_asks = 1,
                           .venue = &sample_venue,
                           .info = &sample_instrument,
                           .session = UINT64_C(0x0123456789abcdef),
                           .seq = 42,
                           .prev_seq = 41,
                           .venue_ns = 1700000000000000001,
                           .recv_ns = 1700000000000000002,
                           .bids = bids,
                           .asks = asks,
                           .reason = "" };
}

static inline struct event sample_snapshot(void)
{
    static const struct arb_level bids[] = { { 10000000000, 100000000 },
                                             { 15000000000, 250000000 } };
    static const struct arb_level asks[] = { { 30000000000, 100000000 },
                                             { 20000000000, 50000000 } };
    struct event event = sample_delta();

    event.kind = EVENT_SNAPSHOT;
    event.bids = bids;
    event.asks = asks;
    event.n_bids = event.n_asks = 2;
    event.qty_digits = ARB_DIGITS_UNKNOWN;
    return event;
}

static inline struct event sample_status(const char *reason)
{
    struct event event = sample_delta();

    event.kind = EVENT_STATUS;
    event.state = ARB_BOOK_STALE;
    event.trading = ARB_TRADING_HALTED;
    event.verified = ARB_SUSPECT;
    event.n_bids = event.n_asks = 0;
    event.crc = 0;
    event.reason = reason;
    event.reason_len = (uint32_t)strlen(reason);
    return event;
}

static inline struct opportunity sample_opportunity(void)
{
    return (struct opportunity){
        .terms = { .size = sizeof(struct arb_opportunity),
                   .event = ARB_OPPORTUNITY_OPEN,
                   .id = 0x2a,
                   .n_legs = 2,
                   .legs = { { .side = ARB_BUY,
                               .qty = 50000000,
                               .limit_px = 630050000000000,
                               .notional = 315025000000000,
                               .fee = 63005000000 },
                             { .side = ARB_SELL,
                               .qty = 50000000,
                               .limit_px = 631000000000000,
                               .notional = 315500000000000,
                               .fee = 63100000000 } },
                   .cost = 315025000000000,
                   .proceeds = 315500000000000,
                   .fees = 126105000000,
                   .gross = 475000000000,
                   .net = 348895000000,
                   .gross_ppm = 1507,
                   .net_ppm = 1107 },
        .strategy = "spot",
        .session = UINT64_C(0xfedcba9876543210),
        .seq = 7,
        .legs = { { .venue = "kraken",
                    .info = sample_instrument,
                    .session = 1,
                    .seq = 42,
                    .venue_ns = 1700000000000000000,
                    .recv_ns = 1700000000000500000,
                    .age_ns = 623456 },
                  { .venue = "bitstamp",
                    .info = sample_instrument,
                    .session = 2,
                    .seq = 43,
                    .venue_ns = 1700000000000000000,
                    .recv_ns = 1700000000001000000,
                    .age_ns = 123456 } },
        .detect_ns = 1700000000001123456,
        .latency_ns = 12300,
    };
}

/* Dollars to bitcoin, to ether, to dollars: what the second leg pays with, the first has brought.
 */
static inline struct opportunity sample_cycle(void)
{
    static const struct arb_instrument eth_btc = {
        .symbol = "ETH/BTC", .base = "ETH", .quote = "BTC", .px_scale = 8, .qty_scale = 6
    };
    static const struct arb_instrument eth_usd = {
        .symbol = "ETH/USD", .base = "ETH", .quote = "USD", .px_scale = 4, .qty_scale = 8
    };
    struct opportunity o = sample_opportunity();

    o.terms.n_legs = 3;
    o.terms.legs[1] = (struct arb_leg){
        .side = ARB_BUY, .qty = 10000000, .limit_px = 4900000, .notional = 49000000, .fee = 98000
    };
    o.terms.legs[2] = (struct arb_leg){ .side = ARB_SELL,
                                        .qty = 1000000000,
                                        .limit_px = 31600000,
                                        .notional = 316000000,
                                        .fee = -632000 };
    o.legs[2] = o.legs[1];
    o.legs[1].info = eth_btc;
    o.legs[2].info = eth_usd;
    return o;
}

#endif /* ARB_WIRE_SAMPLES_H */
