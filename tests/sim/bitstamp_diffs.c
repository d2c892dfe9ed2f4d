#include "bitstamp_books.h"

enum {
    /* A diff that deletes a level nobody holds, besides those a REST book explains. Source: three
     * in 327 diffs of a book that stayed right (tickvault docs/venues.md, 2026-08). */
    ORPHAN_EVERY = 109,
    ORPHAN_REACH = 16, /* ticks below the best bid that are tried for it */
};

/* The venue spells a removed quantity in several ways. */
static const char *draw_zero(struct prng *prng)
{
    static const char *const zeros[] = { "0.00000000", "0", "0.00000", NULL };
    return zeros[prng_below(prng, sizeof(zeros) / sizeof(zeros[0]))];
}

/* What a client of one side has to be told at the end of a window. */
static uint32_t diff_side(const struct ladder *shown, const struct ladder *now,
                          const struct ladder *pending, struct arb_level *out)
{
    uint32_t n = ladder_diff(shown, now, UINT32_MAX, out);

    for (uint32_t i = 0; i < pending->n; i++) {
        const int64_t px = pending->levels[i].px, qty = ladder_qty(now, px);
        if (qty == ladder_qty(shown, px)) { /* or it is named already */
            out[n++] = (struct arb_level){ px, qty };
        }
    }
    return n;
}

/* Now and then a bid that came and went within the window is named as well. */
static uint32_t add_orphan(struct prng *prng, const struct bitstamp_product *product,
                           struct arb_level *named, uint32_t n)
{
    const struct ladder *const bids = &product->now.book.bids;

    if (!prng_once_in(prng, ORPHAN_EVERY) || bids->n == 0) {
        return n;
    }
    for (int64_t ticks = 1; ticks <= ORPHAN_REACH && ticks < bids->levels[0].px; ticks++) {
        const int64_t px = bids->levels[0].px - ticks;
        if (ladder_qty(bids, px) == 0 && ladder_qty(&product->diff.shown.bids, px) == 0 &&
            ladder_qty(&product->pending.bids, px) == 0) {
            named[n] = (struct arb_level){ px, 0 };
            return n + 1;
        }
    }
    return n;
}

void bitstamp_send_diff(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    const struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    const struct sim_book *const was = &product->diff.shown, *const is = &product->now.book;
    const struct sim_book *const room = bitstamp_room(venue);
    struct bitstamp_book frame = bitstamp_frame(venue, instrument, now_ns);
    struct arb_text text = common_text(venue);

    if (!common_is_heard(venue, instrument, DIFF_ORDER_BOOK)) {
        return;
    }
    frame.bids = room->bids.levels;
    frame.asks = room->asks.levels;
    frame.n_bids = diff_side(&was->bids, &is->bids, &product->pending.bids, room->bids.levels);
    frame.n_asks = diff_side(&was->asks, &is->asks, &product->pending.asks, room->asks.levels);
    if (frame.n_bids + frame.n_asks == 0) {
        return;
    }
    frame.n_bids = add_orphan(common_chance(venue), product, room->bids.levels, frame.n_bids);
    bitstamp_put_book(&text, "diff_order_book_", draw_zero(common_chance(venue)), &frame);
    common_send_heard(venue, instrument, DIFF_ORDER_BOOK, &text);
}

static void note_side(const struct ladder *shown, const struct ladder *made, struct ladder *pending,
                      struct arb_level *room)
{
    const uint32_t n = ladder_diff(shown, made, UINT32_MAX, room);

    for (uint32_t i = 0; i < n; i++) {
        ladder_set(pending, (struct arb_level){ room[i].px, 1 });
    }
}

void bitstamp_note_pending(const struct common_venue *venue, struct bitstamp_product *product,
                           const struct sim_book *made)
{
    const struct sim_book *const shown = &product->diff.shown;
    struct arb_level *const room = bitstamp_room(venue)->bids.levels;

    note_side(&shown->bids, &made->bids, &product->pending.bids, room);
    note_side(&shown->asks, &made->asks, &product->pending.asks, room);
}

static bool is_side_untold(const struct ladder *shown, const struct ladder *made,
                           const struct ladder *now, struct arb_level *room)
{
    const uint32_t n = ladder_diff(made, now, UINT32_MAX, room);

    for (uint32_t i = 0; i < n; i++) {
        if (ladder_qty(shown, room[i].px) == ladder_qty(now, room[i].px)) {
            return true;
        }
    }
    return false;
}

bool bitstamp_is_untold(const struct common_venue *venue, const struct bitstamp_product *product,
                        const struct sim_book *made)
{
    const struct sim_book *const shown = &product->diff.shown, *const now = &product->now.book;
    struct arb_level *const room = bitstamp_room(venue)->bids.levels;

    return is_side_untold(&shown->bids, &made->bids, &now->bids, room) ||
           is_side_untold(&shown->asks, &made->asks, &now->asks, room);
}
