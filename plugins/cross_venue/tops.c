#include "tops.h"

#include <stdlib.h>

enum { BID = 0, ASK = 1 };

/* Nobody sells for less, nobody buys for more. */
static const struct top nothing = { .bid = -((int128)1 << 100), .ask = (int128)1 << 100 };

int tops_init(struct tops *tops, const struct arb_strategy_env *env, int64_t threshold_ppm)
{
    const size_t n = env->instruments_max;

    *tops = (struct tops){ .n_venues = env->n_venues, .threshold_ppm = threshold_ppm };
    tops->tops = calloc(n * (env->n_venues + 1), sizeof(*tops->tops));
    tops->bests = calloc(n + 1, 2 * sizeof(*tops->bests));
    tops->seen = calloc(n + 1, sizeof(*tops->seen));
    return tops->tops == NULL || tops->bests == NULL || tops->seen == NULL ? ARB_ENOMEM : ARB_OK;
}

void tops_fini(struct tops *tops)
{
    free(tops->tops);
    free(tops->bests);
    free(tops->seen);
}

static struct top top_of(const struct tops *tops, const struct arb_market *market, uint32_t venue)
{
    const struct arb_book *const book = &market->books[venue];
    const int64_t fee_ppm = market->terms[venue].taker_fee_ppm;
    struct top top = nothing;

    if (book_is_tradable(book) && book->n_bids > 0) {
        top.bid = arb_bid_at(book, 0)->px * ((int128)PPM - fee_ppm);
    }
    if (book_is_tradable(book) && book->n_asks > 0) {
        top.ask = arb_ask_at(book, 0)->px * ((int128)PPM + fee_ppm + tops->threshold_ppm);
    }
    return top;
}

static void scan(struct tops *tops, const struct top *own, uint8_t bests[2])
{
    tops->n_scans++;
    bests[BID] = bests[ASK] = 0;
    for (uint32_t i = 1; i < tops->n_venues; i++) {
        bests[BID] = own[i].bid > own[bests[BID]].bid ? (uint8_t)i : bests[BID];
        bests[ASK] = own[i].ask < own[bests[ASK]].ask ? (uint8_t)i : bests[ASK];
    }
}

/* All are looked at only when the best one got worse. */
static void set(struct tops *tops, struct top *own, uint8_t bests[2], uint32_t venue,
                struct top top)
{
    const bool is_worse = (bests[BID] == venue && top.bid < own[venue].bid) ||
                          (bests[ASK] == venue && top.ask > own[venue].ask);

    tops->n_updates++;
    own[venue] = top;
    if (is_worse) {
        scan(tops, own, bests);
        return;
    }
    bests[BID] = top.bid > own[bests[BID]].bid ? (uint8_t)venue : bests[BID];
    bests[ASK] = top.ask < own[bests[ASK]].ask ? (uint8_t)venue : bests[ASK];
}

bool tops_may_cross(struct tops *tops, const struct arb_market *market)
{
    const uint32_t i = market->instrument;
    struct top *const own = &tops->tops[(size_t)i * tops->n_venues];
    uint8_t *const bests = &tops->bests[2 * (size_t)i];

    if (tops->seen[i] == 0) {
        tops->seen[i] = 1;
        for (uint32_t venue = 0; venue < tops->n_venues; venue++) {
            own[venue] = nothing;
        }
    }
    for (uint32_t rest = market->changed; rest != 0; rest &= rest - 1) {
        const uint32_t venue = (uint32_t)__builtin_ctz(rest);
        set(tops, own, bests, venue, top_of(tops, market, venue));
    }
    return own[bests[BID]].bid > own[bests[ASK]].ask;
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
    const uint8_t *const bests = &tops->bests[2 * (size_t)instrument];

    return bests[BID] != bests[ASK]
               ? (struct tops_pair){ bests[ASK], bests[BID] }
               : beside(tops, &tops->tops[(size_t)instrument * tops->n_venues], bests[BID]);
}
