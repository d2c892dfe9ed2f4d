#include "tops.h"

#include <stdlib.h>
#include <string.h>

/* Nobody sells for less, nobody buys for more. */
static const struct top nothing = {
    .bid = -((int128)1 << 100), .ask = (int128)1 << 100, .bid_px = INT64_MIN, .ask_px = INT64_MAX
};

int tops_init(struct tops *tops, const struct arb_strategy_env *env, int64_t threshold_ppm)
{
    const size_t n = env->instruments_max, bests_len = (n + 1) * sizeof(*tops->bests);

    *tops = (struct tops){ .n_venues = env->n_venues, .threshold_ppm = threshold_ppm };
    tops->tops = calloc(n * (env->n_venues + 1), sizeof(*tops->tops));
    tops->bests = aligned_alloc(_Alignof(struct best_top), bests_len);
    if (tops->tops == NULL || tops->bests == NULL) {
        return ARB_ENOMEM;
    }
    memset(tops->bests, 0, bests_len);
    return ARB_OK;
}

void tops_fini(struct tops *tops)
{
    free(tops->tops);
    free(tops->bests);
}

/* Member by member: a struct that is copied just after it was written waits for that. */
static void write_top(const struct tops *tops, const struct arb_market *market, uint32_t venue,
                      struct top *top)
{
    const struct arb_book *const book = &market->books[venue];
    const int64_t fee_ppm = market->terms[venue].taker_fee_ppm;
    const bool is_tradable = book_is_tradable(book);

    if (is_tradable && book->n_bids > 0) {
        top->bid_px = arb_bid_at(book, 0)->px;
        top->bid = top->bid_px * ((int128)PPM - fee_ppm);
    } else {
        top->bid_px = nothing.bid_px;
        top->bid = nothing.bid;
    }
    if (is_tradable && book->n_asks > 0) {
        top->ask_px = arb_ask_at(book, 0)->px;
        top->ask = top->ask_px * ((int128)PPM + fee_ppm + tops->threshold_ppm);
    } else {
        top->ask_px = nothing.ask_px;
        top->ask = nothing.ask;
    }
}

static void scan(struct tops *tops, const struct top *own, struct best_top *best)
{
    uint32_t bid = 0, ask = 0, bid_px = 0, ask_px = 0;

    tops->n_scans++;
    for (uint32_t i = 1; i < tops->n_venues; i++) {
        bid = own[i].bid > own[bid].bid ? i : bid;
        ask = own[i].ask < own[ask].ask ? i : ask;
        bid_px = own[i].bid_px > own[bid_px].bid_px ? i : bid_px;
        ask_px = own[i].ask_px < own[ask_px].ask_px ? i : ask_px;
    }
    best->top.bid = own[bid].bid;
    best->top.ask = own[ask].ask;
    best->top.bid_px = own[bid_px].bid_px;
    best->top.ask_px = own[ask_px].ask_px;
    best->bid_of = (uint8_t)bid;
    best->ask_of = (uint8_t)ask;
    best->bid_px_of = (uint8_t)bid_px;
    best->ask_px_of = (uint8_t)ask_px;
}

static bool is_worse(const struct best_top *best, const struct top *top, uint32_t venue)
{
    return (best->bid_of == venue && top->bid < best->top.bid) ||
           (best->ask_of == venue && top->ask > best->top.ask) ||
           (best->bid_px_of == venue && top->bid_px < best->top.bid_px) ||
           (best->ask_px_of == venue && top->ask_px > best->top.ask_px);
}

static void take_better(struct best_top *best, const struct top *top, uint32_t venue)
{
    if (top->bid > best->top.bid) {
        best->top.bid = top->bid;
        best->bid_of = (uint8_t)venue;
    }
    if (top->ask < best->top.ask) {
        best->top.ask = top->ask;
        best->ask_of = (uint8_t)venue;
    }
    if (top->bid_px > best->top.bid_px) {
        best->top.bid_px = top->bid_px;
        best->bid_px_of = (uint8_t)venue;
    }
    if (top->ask_px < best->top.ask_px) {
        best->top.ask_px = top->ask_px;
        best->ask_px_of = (uint8_t)venue;
    }
}

/* All are looked at only when the best one got worse. */
static void update(struct tops *tops, const struct top *own, struct best_top *best, uint32_t venue)
{
    tops->n_updates++;
    if (is_worse(best, &own[venue], venue)) {
        scan(tops, own, best);
    } else {
        take_better(best, &own[venue], venue);
    }
}

static void begin(const struct tops *tops, struct top *own, struct best_top *best)
{
    for (uint32_t venue = 0; venue < tops->n_venues; venue++) {
        own[venue] = nothing;
    }
    best->top = nothing;
    best->is_seen = true;
}

bool tops_may_cross(struct tops *tops, const struct arb_market *market)
{
    const uint32_t i = market->instrument;
    struct top *const own = &tops->tops[(size_t)i * tops->n_venues];
    struct best_top *const best = &tops->bests[i];

    if (!best->is_seen) {
        begin(tops, own, best);
    }
    for (uint32_t rest = market->changed; rest != 0; rest &= rest - 1) {
        const uint32_t venue = (uint32_t)__builtin_ctz(rest);
        write_top(tops, market, venue, &own[venue]);
        update(tops, own, best, venue);
    }
    return best->top.bid > best->top.ask;
}

/* The best venue on both sides is no pair: another one takes one of its places. */
static struct tops_pair beside(const struct tops *tops, const struct top *own, uint32_t best)
{
    struct tops_pair nearest = { best, best };
    int128 most = nothing.bid;

    for (uint32_t i = 0; i < tops->n_venues; i++) {
        if (i != best && own[i].bid - own[best].ask > most) {
            most = own[i].bid - own[best].ask;
            nearest = (struct tops_pair){ best, i };
        }
        if (i != best && own[best].bid - own[i].ask > most) {
            most = own[best].bid - own[i].ask;
            nearest = (struct tops_pair){ i, best };
        }
    }
    return nearest;
}

struct tops_pair tops_nearest(const struct tops *tops, uint32_t instrument)
{
    const struct best_top *const best = &tops->bests[instrument];

    return best->bid_of != best->ask_of
               ? (struct tops_pair){ best->ask_of, best->bid_of }
               : beside(tops, &tops->tops[(size_t)instrument * tops->n_venues], best->bid_of);
}
