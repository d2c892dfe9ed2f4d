#include "bitstamp_books.h"

#include <string.h>

static const struct ladder *side_of(const struct sim_book *book, bool is_bid)
{
    return is_bid ? &book->bids : &book->asks;
}

/* What the events sent so far add up to, with one more. */
static void tell(struct bitstamp_product *product, const struct bitstamp_order *order, int64_t diff)
{
    struct ladder *const told = order->is_bid ? &product->told.bids : &product->told.asks;
    const int64_t px = order->level.px;

    ladder_set(told, (struct arb_level){ px, ladder_qty(told, px) + diff });
}

/* What happens to one order, told to everybody who listens. */
static void send_order(struct common_venue *venue, uint32_t instrument,
                       struct bitstamp_order *order)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    struct arb_text text = common_text(venue);

    memcpy(order->pre_event_id, product->last_event_id, sizeof(order->pre_event_id));
    bitstamp_event_id(order->event_id, order->at_ns, ++product->n_order_events);
    memcpy(product->last_event_id, order->event_id, sizeof(order->event_id));
    bitstamp_put_order(&text, order);
    common_send_heard(venue, instrument, LIVE_ORDERS, &text);
}

static const char *event_of(int64_t before, int64_t after)
{
    return before == 0 ? "order_created" : after == 0 ? "order_deleted" : "order_changed";
}

/* Goes from one quantity to another at a price: `shrinks` picks the orders that lose. */
static void send_level(struct common_venue *venue, uint32_t instrument, struct bitstamp_order order,
                       int64_t was, bool shrinks)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    struct bitstamp_retired *const all = &product->now.retired;
    uint64_t retired = bitstamp_retired_at(all, order.is_bid, order.level.px);
    const struct bitstamp_split before =
        bitstamp_split(order.is_bid, (struct arb_level){ order.level.px, was }, retired);
    const struct bitstamp_split after = bitstamp_split(order.is_bid, order.level, retired);

    for (uint32_t i = 0; i < BITSTAMP_SPLIT_MAX; i++) {
        if (before.qty[i] == after.qty[i] || (after.qty[i] < before.qty[i]) != shrinks) {
            continue;
        }
        order.id = after.ids[i];
        order.event = event_of(before.qty[i], after.qty[i]);
        order.level.qty = after.qty[i];
        tell(product, &order, after.qty[i] - before.qty[i]);
        send_order(venue, instrument, &order);
        retired = after.qty[i] == 0 ? bitstamp_retire(retired, i) : retired;
    }
    bitstamp_retired_set(all, order.is_bid, order.level.px, retired);
}

static void send_side(struct common_venue *venue, uint32_t instrument, struct bitstamp_order order,
                      const struct ladder *after, bool shrinks)
{
    const struct ladder *const before =
        side_of(&bitstamp_product(venue, instrument)->now.book, order.is_bid);
    struct arb_level *const changes = bitstamp_room(venue)->bids.levels;
    const uint32_t n = ladder_diff(before, after, UINT32_MAX, changes);

    for (uint32_t i = 0; i < n; i++) {
        order.level = changes[i];
        send_level(venue, instrument, order, ladder_qty(before, changes[i].px), shrinks);
    }
}

/* What goes, goes first on both sides: so no event crosses the book. */
static void send_orders(struct common_venue *venue, uint32_t instrument,
                        const struct sim_book *book, int64_t now_ns)
{
    struct bitstamp_order order = {
        .instrument = &common_config(venue)->instruments->items[instrument],
        .at_ns = common_time_ns(venue, now_ns),
    };

    for (int shrinks = 1; shrinks >= 0; shrinks--) {
        order.is_bid = true;
        send_side(venue, instrument, order, &book->bids, shrinks == 1);
        order.is_bid = false;
        send_side(venue, instrument, order, &book->asks, shrinks == 1);
    }
}

/* For more prices at which ids are used up. */
static void make_room(struct bitstamp_product *product)
{
    const struct sim_book *const prices = &product->now.retired.prices;

    if (prices->bids.n > prices->bids.cap / 2 || prices->asks.n > prices->asks.cap / 2) {
        bitstamp_retired_forget(&product->now.retired, &product->now.book);
    }
}

/*
 * Orders are told as they change the book, without a window. Source: `diff_` runs about 300 ms
 * behind `live_orders` (tickvault docs/venues.md, 2026-08).
 */
void bitstamp_follow_market(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    const struct sim_book *const book = common_market(venue, instrument);
    const bool is_heard = common_is_heard(venue, instrument, LIVE_ORDERS);

    if (is_heard) {
        sim_book_copy(&product->told, &product->now.book);
        make_room(product);
        product->is_telling = true;
        send_orders(venue, instrument, book, now_ns);
        product->is_telling = false;
    }
    sim_book_copy(&product->now.book, book);
    if (is_heard) {
        common_publish(venue, instrument, book, now_ns);
    }
}
