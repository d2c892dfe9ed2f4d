/*
 * orders.h - single orders summed to price levels, for feeds that tell of each order.
 *
 * Finds an order by its id in constant time, and keeps the levels that the orders make. Belongs
 * into the instance, one for each book; zeroed memory is empty, arb_orders_fini() frees it.
 *
 * A call that fails changes nothing. What is returned is valid until the next call that changes the
 * orders.
 */
#ifndef ARB_ORDERS_H
#define ARB_ORDERS_H

#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_ORDERS_MAX = 1 << 18,    /* of one book; with more it cannot be followed */
    ARB_ORDERS_SLOTS_MIN = 1024, /* a power of two, as ARB_ORDERS_MAX is */
    ARB_ORDERS_LEVELS_MIN = 256,
};

struct arb_order {
    uint64_t id; /* 0: a free slot */
    int64_t px, qty;
    bool is_bid;
    bool is_hidden; /* known, but in no level */
    uint16_t mark;  /* the plugin's own */
    uint32_t reserved;
};

/* The levels of one side, worst first. None has a quantity of 0. */
struct arb_orders_side {
    struct arb_level *levels;
    uint32_t n, cap;
};

/* Open addressing, at most half full. To see all orders walk over `slots`, leaving out free ones.
 */
struct arb_orders {
    struct arb_order *slots;
    uint32_t n, n_slots;
    struct arb_orders_side bids, asks;
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

static inline int arb_orders_count_in(struct arb_orders *orders, const struct arb_order *order)
{
    struct arb_orders_side *const side = order->is_bid ? &orders->bids : &orders->asks;
    return order->is_hidden ? ARB_OK
                            : arb_orders_level_add(side, order->is_bid, order->px, order->qty);
}

/* What was counted in can be taken out, and then be counted in again: neither fails. */
static inline void arb_orders_count_out(struct arb_orders *orders, const struct arb_order *order)
{
    struct arb_orders_side *const side = order->is_bid ? &orders->bids : &orders->asks;
    if (!order->is_hidden) {
        (void)arb_orders_level_add(side, order->is_bid, order->px, -order->qty);
    }
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
 * ARB_ELIMIT: too many orders or levels. ARB_ERANGE: the sum at its price does not fit. ARB_ENOMEM.
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
    arb_orders_count_out(orders, &before); /* a free slot counts 0 */
    rc = arb_orders_count_in(orders, order);
    if (rc != ARB_OK) {
        (void)arb_orders_count_in(orders, &before); /* its place is still there */
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
    arb_orders_count_out(orders, slot);
    arb_orders_close_hole(orders, (uint32_t)(slot - orders->slots));
    orders->n--;
    return true;
}

/* Forgets all orders and keeps the memory. */
static inline void arb_orders_clear(struct arb_orders *orders)
{
    if (orders->n > 0) {
        memset(orders->slots, 0, orders->n_slots * sizeof(*orders->slots));
    }
    orders->n = 0;
    orders->bids.n = 0;
    orders->asks.n = 0;
}

static inline void arb_orders_fini(struct arb_orders *orders)
{
    free(orders->slots);
    free(orders->bids.levels);
    free(orders->asks.levels);
    memset(orders, 0, sizeof(*orders));
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_ORDERS_H */
