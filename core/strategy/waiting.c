#include "strategy/waiting.h"

#include <stddef.h>
#include <string.h>

enum { SLOT_MASK = WAITING_SLOTS - 1 };

_Static_assert((WAITING_SLOTS & SLOT_MASK) == 0, "a power of two");
_Static_assert(WAITING_MAX < UINT16_MAX, "a slot holds a position plus one");

/* Ids may be anything, so they are scattered. */
static unsigned home_of(uint64_t id)
{
    return (unsigned)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & SLOT_MASK;
}

static uint64_t id_in(const struct waiting *waiting, unsigned slot)
{
    return waiting->entries[waiting->slots[slot] - 1].terms.id;
}

/* Where the id is, or the free slot where it belongs. */
static unsigned find_slot(const struct waiting *waiting, uint64_t id)
{
    unsigned slot = home_of(id);

    while (waiting->slots[slot] != 0 && id_in(waiting, slot) != id) {
        slot = (slot + 1) & SLOT_MASK;
    }
    return slot;
}

/* Moves up what was pushed behind the slot, so that no search ends too early. */
static void free_slot(struct waiting *waiting, unsigned hole)
{
    for (unsigned i = (hole + 1) & SLOT_MASK; waiting->slots[i] != 0; i = (i + 1) & SLOT_MASK) {
        if (((i - home_of(id_in(waiting, i))) & SLOT_MASK) >= ((i - hole) & SLOT_MASK)) {
            waiting->slots[hole] = waiting->slots[i];
            hole = i;
        }
    }
    waiting->slots[hole] = 0;
}

static bool is_close(const struct opportunity *opportunity)
{
    return opportunity->terms.event == ARB_OPPORTUNITY_CLOSE;
}

const struct opportunity *waiting_find(const struct waiting *waiting, uint64_t id)
{
    if (waiting->n == 0) {
        return NULL; /* as nearly always */
    }
    const unsigned place = waiting->slots[find_slot(waiting, id)];
    return place == 0 ? NULL : &waiting->entries[place - 1];
}

bool waiting_put(struct waiting *waiting, const struct opportunity *opportunity)
{
    const unsigned slot = find_slot(waiting, opportunity->terms.id);

    if (waiting->slots[slot] == 0) {
        if (waiting->n == WAITING_MAX) {
            return false;
        }
        waiting->slots[slot] = (uint16_t)++waiting->n;
    } else {
        waiting->n_closes -= is_close(&waiting->entries[waiting->slots[slot] - 1]);
    }
    memcpy(&waiting->entries[waiting->slots[slot] - 1], opportunity, opportunity_len(opportunity));
    waiting->n_closes += is_close(opportunity);
    return true;
}

bool waiting_drop(struct waiting *waiting, uint64_t id)
{
    if (waiting_find(waiting, id) == NULL) {
        return false;
    }
    const unsigned slot = find_slot(waiting, id);
    struct opportunity *const gone = &waiting->entries[waiting->slots[slot] - 1];
    const struct opportunity *const last = &waiting->entries[waiting->n - 1];

    waiting->n_closes -= is_close(gone);
    free_slot(waiting, slot);
    if (gone != last) {
        waiting->slots[find_slot(waiting, last->terms.id)] =
            (uint16_t)(gone - waiting->entries + 1);
        memcpy(gone, last, opportunity_len(last));
    }
    waiting->n--;
    return true;
}
