#include "open_table.h"

enum { SLOT_MASK = SLOTS - 1 };

static uint32_t key_of(const struct arb_opportunity *terms)
{
    const struct arb_leg *const legs = terms->legs;
    return legs[BUY].instrument << 8 | legs[BUY].venue << 4 | legs[SELL].venue;
}

static uint32_t home_of(uint32_t key)
{
    return key * 2654435769U >> (32 - SLOT_BITS); /* Fibonacci hashing */
}

/* The slot that holds the legs of `terms`, or the free one where they would go. */
static uint32_t find_slot(const struct open_table *table, const struct arb_opportunity *terms)
{
    const uint32_t key = key_of(terms);
    uint32_t i = home_of(key);

    while (table->slots[i] != 0 && key_of(&table->list[table->slots[i] - 1].terms) != key) {
        i = (i + 1) & SLOT_MASK;
    }
    return i;
}

struct opening *open_table_find(struct open_table *table, const struct arb_opportunity *terms)
{
    const uint16_t place = table->slots[find_slot(table, terms)];
    return place == 0 ? NULL : &table->list[place - 1];
}

struct opening *open_table_add(struct open_table *table, const struct arb_opportunity *terms)
{
    if (table->n == OPEN_MAX) {
        return NULL;
    }
    struct opening *const opening = &table->list[table->n];
    table->slots[find_slot(table, terms)] = (uint16_t)(table->n + 1);
    table->n++;
    table->n_of[terms->legs[BUY].instrument]++;
    *opening = (struct opening){ .terms = *terms };
    return opening;
}

/* Moves up what was pushed behind the slot, so that no search ends too early. */
static void free_slot(struct open_table *table, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & SLOT_MASK; table->slots[i] != 0; i = (i + 1) & SLOT_MASK) {
        const uint32_t home = home_of(key_of(&table->list[table->slots[i] - 1].terms));
        if (((i - home) & SLOT_MASK) >= ((i - hole) & SLOT_MASK)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = 0;
}

void open_table_remove(struct open_table *table, struct opening *gone)
{
    const struct opening *const last = &table->list[table->n - 1];

    free_slot(table, find_slot(table, &gone->terms));
    table->n_of[gone->terms.legs[BUY].instrument]--;
    if (gone != last) {
        table->slots[find_slot(table, &last->terms)] = (uint16_t)(gone - table->list + 1);
        *gone = *last;
    }
    table->n--;
}
