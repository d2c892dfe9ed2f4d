#include "open_table.h"

enum { SLOT_MASK = SLOTS - 1 };

/* What tells a leg from others. */
static uint32_t key_of(const struct arb_leg *leg)
{
    return leg->instrument << 6 | leg->venue << 2 | leg->side;
}

_Static_assert(ARB_VENUES_MAX <= 16 && ARB_SELL < 4 && ARB_INSTRUMENTS_MAX <= 1 << 26,
               "a key packs them");

static uint32_t home_of(const struct arb_opportunity *terms)
{
    uint32_t hash = 0;

    for (uint32_t i = 0; i < terms->n_legs; i++) {
        hash = (hash ^ key_of(&terms->legs[i])) * 2654435769U; /* Fibonacci hashing */
        hash ^= hash >> 15;
    }
    return hash * 2654435769U >> (32 - SLOT_BITS);
}

static bool has_same_legs(const struct arb_opportunity *a, const struct arb_opportunity *b)
{
    uint32_t i = 0;

    while (i < a->n_legs && key_of(&a->legs[i]) == key_of(&b->legs[i])) {
        i++;
    }
    return i == a->n_legs && a->n_legs == b->n_legs;
}

/* The slot that holds the legs of `terms`, or the free one where they would go. */
static uint32_t find_slot(const struct open_table *table, const struct arb_opportunity *terms)
{
    uint32_t i = home_of(terms);

    while (table->slots[i] != 0 && !has_same_legs(&table->list[table->slots[i] - 1].terms, terms)) {
        i = (i + 1) & SLOT_MASK;
    }
    return i;
}

static void count_legs(struct open_table *table, const struct arb_opportunity *terms, int step)
{
    for (uint32_t i = 0; i < terms->n_legs; i++) {
        uint16_t *const n = &table->n_of[terms->legs[i].instrument % ARB_INSTRUMENTS_MAX];
        *n = (uint16_t)(*n + step);
    }
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
    count_legs(table, terms, 1);
    *opening = (struct opening){ .terms = *terms };
    return opening;
}

/* Moves up what was pushed behind the slot, so that no search ends too early. */
static void free_slot(struct open_table *table, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & SLOT_MASK; table->slots[i] != 0; i = (i + 1) & SLOT_MASK) {
        const uint32_t home = home_of(&table->list[table->slots[i] - 1].terms);
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

    count_legs(table, &gone->terms, -1);
    free_slot(table, find_slot(table, &gone->terms));
    if (gone != last) {
        table->slots[find_slot(table, &last->terms)] = (uint16_t)(gone - table->list + 1);
        *gone = *last;
    }
    table->n--;
}
