#include "strategy/openings.h"

#include <stddef.h>

#include "arbspot/strategy.h"

/* Ids may be anything, so they are scattered. */
static unsigned home_of(uint64_t id)
{
    return (unsigned)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) % OPENINGS_SLOTS;
}

static unsigned after(unsigned slot)
{
    return (slot + 1) % OPENINGS_SLOTS;
}

/* Where the id is, or the free slot where it belongs. */
static unsigned find(const struct openings *openings, uint64_t id)
{
    unsigned slot = home_of(id);

    while (openings->slots[slot].run != 0 && openings->slots[slot].id != id) {
        slot = after(slot);
    }
    return slot;
}

static void keep(struct openings *openings, unsigned slot, uint64_t id, uint32_t run)
{
    if (openings->slots[slot].run == 0) {
        if (openings->n == OPENINGS_MAX) {
            return;
        }
        openings->n++;
    }
    openings->slots[slot] = (struct opening){ .id = id, .run = run };
}

/* Those behind it move up, so that each is still found from its home on. */
static void give_up(struct openings *openings, unsigned gap)
{
    openings->slots[gap].run = 0;
    openings->n--;
    for (unsigned slot = after(gap); openings->slots[slot].run != 0; slot = after(slot)) {
        const struct opening moved = openings->slots[slot];
        openings->slots[slot].run = 0;
        openings->slots[find(openings, moved.id)] = moved;
    }
}

uint32_t openings_say(struct openings *openings, uint64_t id, uint32_t event, uint32_t run)
{
    const unsigned slot = find(openings, id);
    const uint32_t opened_in = openings->slots[slot].run;
    const bool is_of_another = opened_in != 0 && opened_in != run;

    if (event != ARB_OPPORTUNITY_CLOSE) {
        keep(openings, slot, id, run);
        return is_of_another ? ARB_OPPORTUNITY_OPEN : event;
    }
    if (opened_in != 0) {
        give_up(openings, slot);
    }
    return is_of_another ? 0 : event;
}
