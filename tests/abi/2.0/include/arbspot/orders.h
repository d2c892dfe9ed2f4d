/*
 * orders.h - single orders summed to price levels, for feeds that tell of each order.
 *
 * Finds an order by its id in constant time, keeps the levels that the orders make, and knows which
 * of them changed. Belongs into the instance, one for each book; zeroed memory is empty,
 * arb_orders_fini() frees it. What is returned is valid until the next call that changes the
 * orders.
 *
 * Two things that such feeds have in common are helped with. An order that takes liquidity is often
 * announced before those that it takes: arb_orders_park() keeps it out of the levels meanwhile. A
 * snapshot may hold orders that are gone: arb_orders_uncross() takes them out when they show.
 */
#ifndef ARB_ORDERS_H
#define ARB_ORDERS_H

#include <stdlib.h>
#include <string.h>

#include "arbspot/exchange.h"
#include "arbspot/json.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_ORDERS_MAX = 1 << 18,    /* of one book; with more it cannot be followed */
    ARB_ORDERS_SLOTS_MIN = 1024, /* a power of two, as ARB_ORDERS_MAX is */
    ARB_ORDERS_LEVELS_MIN = 64,
    ARB_ORDERS_PARKED_MAX = 16, /* orders of one book that are matched at a time */
    ARB_ORDERS_HELD_MIN = 64,
    ARB_ORDERS_HELD_MAX = 1 << 16, /* events of one book that wait for its snapshot */
};

struct arb_order {
    uint64_t id; /* 0: a free slot */
    int64_t px, qty;
    bool is_bid;
    bool is_hidden; /* known, but in no level */
    bool is_told;   /* an event told of it; else only a snapshot did */
    uint8_t reserved[5];
};

enum arb_order_kind { ARB_ORDER_CREATED = 1, ARB_ORDER_CHANGED = 2, ARB_ORDER_DELETED = 3 };

/* What happened to an order. */
struct arb_order_event {
    struct arb_order order; /* as it is afterwards */
    uint64_t time;          /* by the venue's clock, in the plugin's unit */
    uint32_t kind;          /* enum arb_order_kind */
    bool is_trade;          /* its price is that of the trade */
    uint8_t reserved[3];
};

/* The levels of one side, worst first. None has a quantity of 0. */
struct arb_orders_side {
    struct arb_level *levels;
    uint32_t n, cap;
};

struct arb_orders_parked {
    uint64_t id;
    uint64_t until; /* by the clock that arb_orders_settle() is given */
};

/* Open addressing, at most half full. */
struct arb_orders {
    struct arb_order *slots;
    uint32_t n, n_slots;
    struct arb_orders_side bids, asks;
    struct arb_orders_side
        were[2];     /* asks, bids: levels that changed, with what they were before */
    bool is_tracked; /* changes are noted */
    bool is_lost;    /* there was no memory to note one */
    uint8_t px_digits,
        qty_digits; /* the most that arb_orders_read() saw; the plugin may raise it */
    uint32_t n_parked;
    struct arb_orders_parked parked[ARB_ORDERS_PARKED_MAX];
    struct arb_order_event *held; /* in order; arb_orders_clear() leaves them, set n_held to 0 */
    uint32_t n_held, held_cap;
};

/* -- levels ------------------------------------------------------------------------------- */

static inline const struct arb_orders_side *arb_orders_side_of(const struct arb_orders *orders,
                                                               bool is_bid)
{
    return is_bid ? &orders->bids : &orders->asks;
}

/* The best level of one side, or NULL. */
static inline const struct arb_level *arb_orders_best(const struct arb_orders *orders, bool is_bid)
{
    const struct arb_orders_side *const side = arb_orders_side_of(orders, is_bid);
    return side->n == 0 ? NULL : &side->levels[side->n - 1];
}

/* Where the level at `px` is, or where it would go. */
static inline uint32_t arb_orders_place(const struct arb_orders_side *side, bool is_bid, int64_t px)
{
    uint32_t low = 0, high = side->n;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int64_t at = side->levels[middle].px;
        if (is_bid ? at < px : at > px) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The sum of all orders at a price that are not hidden; 0 without any. */
static inline int64_t arb_orders_qty_at(const struct arb_orders *orders, bool is_bid, int64_t px)
{
    const struct arb_orders_side *const side = arb_orders_side_of(orders, is_bid);
    const uint32_t at = arb_orders_place(side, is_bid, px);
    return at < side->n && side->levels[at].px == px ? side->levels[at].qty : 0;
}

/* A price that would trade with the best level of the other side. */
static inline bool arb_orders_crosses(const struct arb_orders *orders, bool is_bid, int64_t px)
{
    const struct arb_level *const best = arb_orders_best(orders, !is_bid);
    return best != NULL && (is_bid ? px >= best->px : px <= best->px);
}

static inline int arb_orders_side_grow(struct arb_orders_side *side)
{
    const uint32_t cap = side->cap == 0 ? (uint32_t)ARB_ORDERS_LEVELS_MIN : 2 * side->cap;

    if (side->n == ARB_EVENT_LEVELS_MAX) {
        return ARB_ELIMIT;
    }
    struct arb_level *const levels =
        (struct arb_level *)realloc(side->levels, cap * sizeof(*side->levels));
    if (levels == NULL) {
        return ARB_ENOMEM;
    }
    side->levels = levels;
    side->cap = cap;
    return ARB_OK;
}

static inline int arb_orders_level_insert(struct arb_orders_side *side, uint32_t at,
                                          struct arb_level level)
{
    const int rc = side->n < side->cap ? ARB_OK : arb_orders_side_grow(side);

    if (rc == ARB_OK) {
        struct arb_level *const to = &side->levels[at];
        memmove(to + 1, to, (side->n - at) * sizeof(*to));
        *to = level;
        side->n++;
    }
    return rc;
}

/* A level is about to change: what it is now, unless that is noted already. */
static inline void arb_orders_note(struct arb_orders *orders, bool is_bid, int64_t px)
{
    struct arb_orders_side *const were = &orders->were[is_bid];
    const struct arb_level level = { px, arb_orders_qty_at(orders, is_bid, px) };

    for (uint32_t i = 0; i < were->n; i++) {
        if (were->levels[i].px == px) {
            return;
        }
    }
    if (arb_orders_level_insert(were, were->n, level) != ARB_OK) {
        orders->is_lost = true;
    }
}

/* Adds to the sum at a price, or takes away what was added before. */
static inline int arb_orders_level_add(struct arb_orders_side *side, bool is_bid, int64_t px,
                                       int64_t qty)
{
    const uint32_t at = arb_orders_place(side, is_bid, px);
    struct arb_level *const level = side->levels + at;
    const struct arb_level added = { px, qty };
    int64_t sum = 0;

    if (at == side->n || level->px != px) {
        return qty == 0 ? ARB_OK : arb_orders_level_insert(side, at, added);
    }
    if (__builtin_add_overflow(level->qty, qty, &sum)) {
        return ARB_ERANGE;
    }
    level->qty = sum;
    if (sum == 0) {
        memmove(level, level + 1, (--side->n - at) * sizeof(*level));
    }
    return ARB_OK;
}

static inline int arb_orders_count(struct arb_orders *orders, const struct arb_order *order,
                                   int64_t qty)
{
    struct arb_orders_side *const side = order->is_bid ? &orders->bids : &orders->asks;

    if (order->is_hidden || qty == 0) {
        return ARB_OK;
    }
    if (orders->is_tracked) {
        arb_orders_note(orders, order->is_bid, order->px);
    }
    return arb_orders_level_add(side, order->is_bid, order->px, qty);
}

/* -- orders ------------------------------------------------------------------------------- */

/* Ids of a venue grow in steps, so they are spread over the slots. */
static inline uint32_t arb_orders_home(const struct arb_orders *orders, uint64_t id)
{
    return (uint32_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (orders->n_slots - 1);
}

/* The slot that holds `id`, or the free one where it would go. */
static inline struct arb_order *arb_orders_slot(const struct arb_orders *orders, uint64_t id)
{
    uint32_t i = arb_orders_home(orders, id);

    while (orders->slots[i].id != 0 && orders->slots[i].id != id) {
        i = (i + 1) & (orders->n_slots - 1);
    }
    return &orders->slots[i];
}

/* The order, or NULL. */
static inline const struct arb_order *arb_orders_find(const struct arb_orders *orders, uint64_t id)
{
    if (orders->n == 0 || id == 0) {
        return NULL;
    }
    const struct arb_order *const order = arb_orders_slot(orders, id);
    return order->id == 0 ? NULL : order;
}

static inline int arb_orders_grow(struct arb_orders *orders)
{
    struct arb_order *const old = orders->slots;
    const uint32_t n_old = orders->n_slots;
    const uint32_t n_slots = n_old == 0 ? (uint32_t)ARB_ORDERS_SLOTS_MIN : 2 * n_old;
    struct arb_order *const slots = (struct arb_order *)calloc(n_slots, sizeof(*slots));

    if (slots == NULL) {
        return ARB_ENOMEM;
    }
    orders->slots = slots;
    orders->n_slots = n_slots;
    for (uint32_t i = 0; i < n_old; i++) {
        if (old[i].id != 0) {
            *arb_orders_slot(orders, old[i].id) = old[i];
        }
    }
    free(old);
    return ARB_OK;
}

/* Room for one more order. */
static inline int arb_orders_reserve(struct arb_orders *orders)
{
    if (orders->n == ARB_ORDERS_MAX) {
        return ARB_ELIMIT;
    }
    return 2 * (orders->n + 1) > orders->n_slots ? arb_orders_grow(orders) : ARB_OK;
}

/*
 * Enters an order, or replaces the one with its id, which is not 0; its quantity is not below 0.
 * Fails without a change: ARB_ELIMIT, too many orders or levels; ARB_ERANGE, the sum at its price
 * does not fit; ARB_ENOMEM.
 */
static inline int arb_orders_put(struct arb_orders *orders, const struct arb_order *order)
{
    const struct arb_order *const known = arb_orders_find(orders, order->id);
    int rc = known == NULL ? arb_orders_reserve(orders) : ARB_OK;

    if (rc != ARB_OK) {
        return rc;
    }
    struct arb_order *const slot = arb_orders_slot(orders, order->id);
    const struct arb_order before = *slot;
    (void)arb_orders_count(orders, &before, -before.qty); /* it is there, so this cannot fail */
    rc = arb_orders_count(orders, order, order->qty);
    if (rc != ARB_OK) {
        (void)arb_orders_count(orders, &before, before.qty); /* its place is still there */
        return rc;
    }
    *slot = *order;
    orders->n += before.id == 0;
    return ARB_OK;
}

/* Later slots move back into the hole, so what was removed leaves no trace that slows anything. */
static inline void arb_orders_close_hole(struct arb_orders *orders, uint32_t hole)
{
    const uint32_t mask = orders->n_slots - 1;

    for (uint32_t i = (hole + 1) & mask; orders->slots[i].id != 0; i = (i + 1) & mask) {
        const uint32_t distance = (i - arb_orders_home(orders, orders->slots[i].id)) & mask;
        if (distance >= ((i - hole) & mask)) { /* it may stand in the hole */
            orders->slots[hole] = orders->slots[i];
            hole = i;
        }
    }
    memset(&orders->slots[hole], 0, sizeof(orders->slots[hole]));
}

/* Removes an order. False: there is none with this id. */
static inline bool arb_orders_remove(struct arb_orders *orders, uint64_t id)
{
    if (arb_orders_find(orders, id) == NULL) {
        return false;
    }
    const struct arb_order *const slot = arb_orders_slot(orders, id);
    (void)arb_orders_count(orders, slot, -slot->qty); /* it is there, so this cannot fail */
    arb_orders_close_hole(orders, (uint32_t)(slot - orders->slots));
    orders->n--;
    return true;
}

/* Forgets all orders and keeps the memory. Changes are not noted until arb_orders_track(). */
static inline void arb_orders_clear(struct arb_orders *orders)
{
    if (orders->n > 0) {
        memset(orders->slots, 0, orders->n_slots * sizeof(*orders->slots));
    }
    orders->n = 0;
    orders->n_parked = 0;
    orders->bids.n = 0;
    orders->asks.n = 0;
    orders->were[0].n = 0;
    orders->were[1].n = 0;
    orders->is_lost = false;
    orders->is_tracked = false;
}

static inline void arb_orders_fini(struct arb_orders *orders)
{
    free(orders->slots);
    free(orders->bids.levels);
    free(orders->asks.levels);
    free(orders->were[0].levels);
    free(orders->were[1].levels);
    free(orders->held);
    memset(orders, 0, sizeof(*orders));
}

/* Keeps an event for when the snapshot comes. ARB_ELIMIT: too many; ARB_ENOMEM. */
static inline int arb_orders_hold(struct arb_orders *orders, const struct arb_order_event *event)
{
    if (orders->n_held == ARB_ORDERS_HELD_MAX) {
        return ARB_ELIMIT;
    }
    if (orders->n_held == orders->held_cap) {
        const uint32_t cap =
            orders->held_cap == 0 ? (uint32_t)ARB_ORDERS_HELD_MIN : 2 * orders->held_cap;
        struct arb_order_event *const held =
            (struct arb_order_event *)realloc(orders->held, cap * sizeof(*orders->held));
        if (held == NULL) {
            return ARB_ENOMEM;
        }
        orders->held = held;
        orders->held_cap = cap;
    }
    orders->held[orders->n_held++] = *event;
    return ARB_OK;
}

/* -- orders being matched ----------------------------------------------------------------- */

/*
 * Enters an order, and where it crosses the other side keeps it out of the levels until it crosses
 * no longer, or until `until`. When too many are parked the book is crossed.
 */
static inline int arb_orders_park(struct arb_orders *orders, struct arb_order order, uint64_t until)
{
    const struct arb_order *const known = arb_orders_find(orders, order.id);
    const bool was_hidden = known != NULL && known->is_hidden;

    if (!was_hidden && !order.is_hidden && order.qty > 0 &&
        orders->n_parked < ARB_ORDERS_PARKED_MAX &&
        arb_orders_crosses(orders, order.is_bid, order.px)) {
        orders->parked[orders->n_parked].id = order.id;
        orders->parked[orders->n_parked].until = until;
        orders->n_parked++;
        order.is_hidden = true;
    }
    order.is_hidden = order.is_hidden || was_hidden;
    return arb_orders_put(orders, &order);
}

static inline bool arb_orders_is_done(const struct arb_orders *orders,
                                      const struct arb_order *order,
                                      const struct arb_orders_parked *parked, uint64_t now)
{
    return now >= parked->until || !arb_orders_crosses(orders, order->is_bid, order->px);
}

/* Time went by, or orders changed: what is left of parked orders may come to rest. */
static inline int arb_orders_settle(struct arb_orders *orders, uint64_t now)
{
    const uint32_t n = orders->n_parked;
    int rc = ARB_OK;

    orders->n_parked = 0;
    for (uint32_t k = 0; k < n; k++) {
        const struct arb_orders_parked parked = orders->parked[k];
        const struct arb_order *const known = arb_orders_find(orders, parked.id);
        if (known == NULL || !known->is_hidden) {
            continue;
        }
        if (!arb_orders_is_done(orders, known, &parked, now)) {
            orders->parked[orders->n_parked++] = parked;
            continue;
        }
        struct arb_order order = *known;
        order.is_hidden = false;
        rc = rc == ARB_OK ? arb_orders_put(orders, &order) : rc;
    }
    return rc;
}

/* -- orders that are gone ----------------------------------------------------------------- */

/* The orders of one side that cross the other. */
struct arb_orders_crossing {
    uint32_t n;
    uint64_t oldest; /* the lowest id of one that no event told of; 0: none */
};

static inline struct arb_orders_crossing arb_orders_crossing_of(const struct arb_orders *orders,
                                                                bool is_bid)
{
    struct arb_orders_crossing crossing = { 0, 0 };

    for (uint32_t i = 0; i < orders->n_slots; i++) {
        const struct arb_order *const order = &orders->slots[i];
        if (order->id == 0 || order->is_bid != is_bid || order->is_hidden || order->qty == 0 ||
            !arb_orders_crosses(orders, is_bid, order->px)) {
            continue;
        }
        crossing.n++;
        if (!order->is_told && (crossing.oldest == 0 || order->id < crossing.oldest)) {
            crossing.oldest = order->id;
        }
    }
    return crossing;
}

static inline bool arb_orders_are_crossed(const struct arb_orders *orders)
{
    const struct arb_level *const bid = arb_orders_best(orders, true);
    return bid != NULL && arb_orders_crosses(orders, true, bid->px);
}

/*
 * Orders at rest that cross would have been matched. Takes out those that no event told of, on the
 * side where fewer cross, until the book is not crossed or all that cross were told of. Returns how
 * many.
 */
static inline uint32_t arb_orders_uncross(struct arb_orders *orders)
{
    uint32_t n = 0;

    while (arb_orders_are_crossed(orders)) {
        const struct arb_orders_crossing bids = arb_orders_crossing_of(orders, true);
        const struct arb_orders_crossing asks = arb_orders_crossing_of(orders, false);
        const bool are_bids_wrong =
            bids.n < asks.n || (bids.n == asks.n && bids.oldest < asks.oldest);
        const bool takes_bid = asks.oldest == 0 || (bids.oldest != 0 && are_bids_wrong);
        if (!arb_orders_remove(orders, takes_bid ? bids.oldest : asks.oldest)) {
            break;
        }
        n++;
    }
    return n;
}

/* -- to and from the plugin --------------------------------------------------------------- */

/* A market order has no price, and what is beyond the scale nobody means: neither is in a level. */
static inline bool arb_orders_is_price(int64_t px)
{
    return px > 0 && px != ARB_PX_BEYOND;
}

/* Reads [[price, quantity, id, ...], ...] of one side; the ids are whole numbers above 0. */
static inline bool arb_orders_read(struct arb_json *json, struct arb_orders *orders,
                                   const struct arb_instrument *info, bool is_bid)
{
    arb_json_array(json);
    while (arb_json_next(json)) {
        struct arb_order order;
        memset(&order, 0, sizeof(order));
        order.is_bid = is_bid;
        if (!arb_json_array(json) || !arb_json_next(json) ||
            !arb_json_price(json, info->px_scale, &order.px, &orders->px_digits) ||
            !arb_json_next(json) ||
            !arb_json_decimal(json, info->qty_scale, &order.qty, &orders->qty_digits) ||
            !arb_json_next(json) || !arb_json_u64(json, &order.id) || order.id == 0) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        while (arb_json_next(json)) {
            arb_json_skip(json);
        }
        if (is_bid && order.px == ARB_PX_BEYOND) {
            return arb_json_fail(json, ARB_ERANGE); /* it is the best bid: not to be left out */
        }
        order.is_hidden = !arb_orders_is_price(order.px);
        const int rc = arb_orders_put(orders, &order);
        if (rc != ARB_OK) {
            return arb_json_fail(json, rc);
        }
    }
    return arb_json_ok(json);
}

/*
 * Such feeds often name each event and the one before it by a text: a number to put in their place,
 * as last_seq and prev_seq. 0 for no text.
 */
static inline uint64_t arb_orders_link(struct arb_bytes text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    }
    return text.len == 0 ? 0 : hash | (hash == 0);
}

/* From here on changes are noted, for arb_orders_publish(). */
static inline void arb_orders_track(struct arb_orders *orders)
{
    orders->is_tracked = true;
    orders->is_lost = false;
    orders->were[0].n = 0;
    orders->were[1].n = 0;
}

/* Leaves the levels that are not what they were, with what they are. */
static inline void arb_orders_keep_changed(struct arb_orders *orders, bool is_bid)
{
    struct arb_orders_side *const were = &orders->were[is_bid];
    uint32_t n = 0;

    for (uint32_t i = 0; i < were->n; i++) {
        const struct arb_level level = { were->levels[i].px,
                                         arb_orders_qty_at(orders, is_bid, were->levels[i].px) };
        if (level.qty != were->levels[i].qty) {
            were->levels[n++] = level;
        }
    }
    were->n = n;
}

/*
 * Publishes `event` with all levels when it is a snapshot, else with those that changed since the
 * last time, if any, and tracks changes from then on. ARB_ENOMEM: not all changes are known.
 */
static inline int arb_orders_publish(struct arb_host *host, struct arb_book_event *event,
                                     struct arb_orders *orders)
{
    const bool is_whole = event->kind == ARB_BOOK_SNAPSHOT;

    if (orders->is_lost && !is_whole) {
        return ARB_ENOMEM;
    }
    arb_orders_keep_changed(orders, true);
    arb_orders_keep_changed(orders, false);
    const struct arb_orders_side *const bids = is_whole ? &orders->bids : &orders->were[1];
    const struct arb_orders_side *const asks = is_whole ? &orders->asks : &orders->were[0];
    event->bids = bids->levels;
    event->asks = asks->levels;
    event->n_bids = bids->n;
    event->n_asks = asks->n;
    event->px_digits = orders->px_digits;
    event->qty_digits = orders->qty_digits;
    const int rc = arb_book_publish(host, event);
    arb_orders_track(orders);
    return rc;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_ORDERS_H */
