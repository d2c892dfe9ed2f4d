#include "detection_feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "arbspot/decimal.h"

enum { BIDS = 0, ASKS = 1, SEED = 88172645, PX_SCALE = 10 };

#define MIDDLE INT64_C(600000000000000) /* 60,000 in units of 10^-10 */
#define TICK_PARTS 600000               /* of a price */
#define LEVEL_QTY INT64_C(10000000)
#define PPM INT64_C(1000000)

static uint64_t below(struct feed *feed, uint64_t limit)
{
    feed->seed ^= feed->seed << 13;
    feed->seed ^= feed->seed >> 7;
    feed->seed ^= feed->seed << 17;
    return feed->seed % limit;
}

static int64_t off(int64_t middle, int64_t ppm)
{
    return middle + middle / PPM * ppm;
}

/* Is it one coin in the other? */
static bool is_cross_rate(const struct feed_size *size, uint32_t instrument)
{
    return size->shape == SHAPE_TRIANGLES
               ? instrument % TRIANGLE == TRIANGLE - 1
               : size->shape == SHAPE_UNRELATED && instrument == TRIANGLE - 1;
}

/*
 * Both coins of a triangle cost the same. Where it is to pay, one costs so much more in the other
 * that this is more than the spreads of three instruments, and less than their higher fees.
 */
static int64_t middle_of(const struct feed_size *size, uint32_t instrument)
{
    if (!is_cross_rate(size, instrument)) {
        return MIDDLE;
    }
    const int64_t one = arb_pow10(PX_SCALE);
    return size->scene == SCENE_APART ? one : off(one, 2200);
}

/*
 * Apart, and in cycles, the first venue has the best prices on both sides. Else it sells for less
 * than the second one buys for, and no other price meets any.
 */
static int64_t best_px(const struct feed_size *size, uint32_t book, int side)
{
    const uint32_t venue = book % size->n_venues;
    const int64_t middle = middle_of(size, book / size->n_venues);

    if (size->shape == SHAPE_PAIRS && size->scene != SCENE_APART && venue <= 1) {
        const bool is_crossing_side = side == (venue == 0 ? ASKS : BIDS);
        const int64_t away = is_crossing_side ? -200 : 1000;
        return off(middle, side == ASKS ? away : -away);
    }
    const int64_t away = (int64_t)venue * (middle / TICK_PARTS);
    return side == ASKS ? off(middle, 500) + away : off(middle, -500) - away;
}

static int64_t draw_qty(struct feed *feed)
{
    return LEVEL_QTY + (int64_t)below(feed, (uint64_t)LEVEL_QTY);
}

static void fill_book(struct feed *feed, uint32_t book)
{
    for (int side = BIDS; side <= ASKS; side++) {
        const int64_t best = best_px(&feed->size, book, side), tick = best / TICK_PARTS;
        for (int64_t i = 0; i < FEED_LEVELS; i++) {
            const int64_t px = best + (side == ASKS ? i : -i) * tick;
            feed->books[book].sides[side][FEED_LEVELS - 1 - i] =
                (struct arb_level){ px, draw_qty(feed) };
        }
    }
}

static void name_instrument(const struct feed_size *size, uint32_t i, struct arb_instrument *out)
{
    const bool is_cross = is_cross_rate(size, i);
    const uint32_t first = i - i % TRIANGLE;

    (void)snprintf(out->base, ARB_SYMBOL_MAX, "C%u", is_cross ? first : i);
    (void)snprintf(out->quote, ARB_SYMBOL_MAX, "USD");
    if (is_cross) {
        (void)snprintf(out->quote, ARB_SYMBOL_MAX, "C%u", first + 1);
    }
    (void)snprintf(out->symbol, ARB_SYMBOL_MAX, "%.15s/%.15s", out->base, out->quote);
}

static uint32_t crc_of(const struct feed_book *book)
{
    return event_book_crc(book->sides[BIDS], FEED_LEVELS, book->sides[ASKS], FEED_LEVELS);
}

int feed_init(struct feed *feed, const struct feed_size *size)
{
    const uint32_t n_books = size->n_instruments * size->n_venues;

    feed->size = *size;
    feed->seed = SEED;
    feed->instruments = calloc(size->n_instruments, sizeof(*feed->instruments));
    feed->books = calloc(n_books, sizeof(*feed->books));
    if (feed->instruments == NULL || feed->books == NULL) {
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < size->n_venues; i++) {
        feed->venues[i].taker_fee_ppm = size->scene == SCENE_CROSSING ? 100 : 1000;
        (void)snprintf(feed->venues[i].name, ARB_SYMBOL_MAX, "venue%u", i);
        (void)snprintf(feed->names[i].name, ARB_SYMBOL_MAX, "venue%u", i);
    }
    for (uint32_t i = 0; i < size->n_instruments; i++) {
        feed->instruments[i] = (struct arb_instrument){ .px_scale = PX_SCALE, .qty_scale = 8 };
        name_instrument(size, i, &feed->instruments[i]);
    }
    for (uint32_t i = 0; i < n_books; i++) {
        fill_book(feed, i);
    }
    return ARB_OK;
}

void feed_fini(struct feed *feed)
{
    free(feed->instruments);
    free(feed->books);
}

/* Of either kind, without levels. */
static struct event event_of(const struct feed *feed, uint32_t book, int64_t now_ns)
{
    return (struct event){ .state = ARB_BOOK_LIVE,
                           .trading = ARB_TRADING_OPEN,
                           .verified = ARB_VERIFIED,
                           .venue = &feed->names[book % feed->size.n_venues],
                           .info = &feed->instruments[book / feed->size.n_venues],
                           .session = 1,
                           .recv_ns = now_ns,
                           .reason = "" };
}

struct event feed_snapshot(struct feed *feed, uint32_t book, int64_t now_ns)
{
    struct feed_book *const its = &feed->books[book];
    struct event event = event_of(feed, book, now_ns);

    event.kind = EVENT_SNAPSHOT;
    event.seq = ++its->seq;
    event.crc = crc_of(its);
    event.bids = its->sides[BIDS];
    event.asks = its->sides[ASKS];
    event.n_bids = event.n_asks = FEED_LEVELS;
    return event;
}

struct event feed_alive(const struct feed *feed, uint32_t venue, int64_t now_ns)
{
    return (struct event){ .kind = EVENT_ALIVE,
                           .venue = &feed->names[venue],
                           .session = 1,
                           .seq = 1,
                           .mono_ns = now_ns,
                           .boot = 1,
                           .reason = "" };
}

uint32_t feed_n_crossing(const struct feed_size *size)
{
    if (size->scene != SCENE_CROSSING) {
        return 0;
    }
    return size->shape == SHAPE_PAIRS       ? size->n_instruments
           : size->shape == SHAPE_TRIANGLES ? size->n_instruments / TRIANGLE
                                            : 1;
}

void feed_draw(struct feed *feed)
{
    const struct feed_size *const size = &feed->size;
    const uint32_t n_changing = size->shape == SHAPE_UNRELATED ? TRIANGLE : size->n_instruments;
    const uint32_t n_books = n_changing * size->n_venues;

    for (uint32_t i = 0; i < FEED_UPDATES; i++) {
        const uint32_t book = (uint32_t)below(feed, n_books);
        const bool is_ask = below(feed, 2) == 1;
        struct feed_book *const its = &feed->books[book];
        struct arb_level *const level =
            &its->sides[is_ask ? ASKS : BIDS][FEED_LEVELS - 1 - 2 * below(feed, 2)];
        level->qty = draw_qty(feed);
        feed->updates[i] = (struct feed_update){
            .level = *level, .seq = ++its->seq, .book = book, .crc = crc_of(its), .is_ask = is_ask
        };
    }
}

struct event feed_event(const struct feed *feed, const struct feed_update *update, int64_t now_ns)
{
    struct event event = event_of(feed, update->book, now_ns);

    event.kind = EVENT_DELTA;
    event.seq = update->seq;
    event.prev_seq = update->seq - 1;
    event.crc = update->crc;
    if (update->is_ask) {
        event.asks = &update->level;
        event.n_asks = 1;
    } else {
        event.bids = &update->level;
        event.n_bids = 1;
    }
    return event;
}
