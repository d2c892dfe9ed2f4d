/*
 * The orders of one market, found by id in constant time. Removal moves later slots back, so
 * there are no tombstones and a table that saw a million orders is as quick as a new one.
 */
#include "bitstamp.h"

#include <stdlib.h>

enum { SLOTS_MIN = 1024 };

_Static_assert((2 * ORDERS_MAX & (2 * ORDERS_MAX - 1)) == 0, "slots are a power of two");

/* Ids of a venue grow in steps, so they are spread over the table. */
static uint32_t home_of(const struct order_table *table, uint64_t id)
{
    return (uint32_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (table->n_slots - 1);
}

/* The slot that holds `id`, or the free one where it would go. */
static struct order *slot_of(const struct order_table *table, uint64_t id)
{
    uint32_t i = home_of(table, id);

    while (table->slots[i].id != 0 && table->slots[i].id != id) {
        i = (i + 1) & (table->n_slots - 1);
    }
    return &table->slots[i];
}

struct order *order_find(const struct order_table *table, uint64_t id)
{
    if (table->n == 0) {
        return NULL;
    }
    struct order *const order = slot_of(table, id);
    return order->id == 0 ? NULL : order;
}

static int grow(struct order_table *table)
{
    const struct order_table old = *table;
    const uint32_t n_slots = old.n_slots == 0 ? SLOTS_MIN : 2 * old.n_slots;
    struct order *const slots = calloc(n_slots, sizeof(*slots));

    if (slots == NULL) {
        return ARB_ENOMEM;
    }
    table->slots = slots;
    table->n_slots = n_slots;
    for (uint32_t i = 0; i < old.n_slots; i++) {
        if (old.slots[i].id != 0) {
            *slot_of(table, old.slots[i].id) = old.slots[i];
        }
    }
    free(old.slots);
    return ARB_OK;
}

int order_put(struct order_table *table, const struct order *order)
{
    struct order *const known = order_find(table, order->id);

    if (known != NULL) {
        *known = *order;
        return ARB_OK;
    }
    if (table->n == ORDERS_MAX) {
        return ARB_ELIMIT;
    }
    if (2 * (table->n + 1) > table->n_slots) {
        const int rc = grow(table);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    *slot_of(table, order->id) = *order;
    table->n++;
    return ARB_OK;
}

void order_remove(struct order_table *table, struct order *order)
{
    const uint32_t mask = table->n_slots - 1;
    uint32_t hole = (uint32_t)(order - table->slots);

    for (uint32_t i = (hole + 1) & mask; table->slots[i].id != 0; i = (i + 1) & mask) {
        const uint32_t distance = (i - home_of(table, table->slots[i].id)) & mask;
        if (distance >= ((i - hole) & mask)) { /* it may stand in the hole */
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = (struct order){ .id = 0 };
    table->n--;
}

void order_table_clear(struct order_table *table)
{
    if (table->n > 0) {
        memset(table->slots, 0, table->n_slots * sizeof(*table->slots));
        table->n = 0;
    }
}

void order_table_fini(struct order_table *table)
{
    free(table->slots);
    *table = (struct order_table){ 0 };
}
