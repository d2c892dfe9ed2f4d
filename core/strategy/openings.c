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

static uint64_t place_of(const struct arb_opportunity *terms)
{
    uint64_t place = terms->n_legs;

    for (uint32_t i = 0; i < terms->n_legs; i++) {
        const struct arb_leg *const leg = &terms->legs[i];
        place = (place ^ leg->instrument) * UINT64_C(0x100000001B3);
        place = (place ^ (leg->venue << 2 | leg->side)) * UINT64_C(0x100000001B3);
    }
    return place;
}

/* Beyond OPENINGS_MAX nobody knows what is open. */
const char *openings_broken_rule(const struct openings *openings,
                                 const struct arb_opportunity *terms)
{
    const struct opening *const opening = &openings->slots[find(openings, terms->id)];
    const bool is_open = opening->run != 0;

    if (terms->event == ARB_OPPORTUNITY_OPEN) {
        return is_open ? "an id that is open is not opened again" : NULL;
    }
    if (!is_open) {
        return openings->n < OPENINGS_MAX ? "only an id that is open is updated or closed" : NULL;
    }
    return opening->place == place_of(terms) ? NULL
                                             : "legs, venues and sides stay from OPEN to CLOSE";
}

/* NULL: there is no room, and nobody asks which run it was. */
static struct opening *keep(struct openings *openings, unsigned slot, uint64_t id, uint32_t run,
                            int64_t mono_ns)
{
    struct opening *const opening = &openings->slots[slot];

    if (opening->run == 0) {
        if (openings->n == OPENINGS_MAX) {
            return NULL;
        }
        openings->n++;
    }
    if (opening->run != run) { /* a life of its own */
        *opening = (struct opening){
            .id = id, .run = run, .since_ns = mono_ns, .until_ns = mono_ns, .peak_net = INT64_MIN
        };
    }
    return opening;
}

/* The quantity that it had stood until now. */
static void pass(struct opening *opening, int64_t mono_ns)
{
    opening->qty_time += (opportunity_wide)opening->qty * (mono_ns - opening->until_ns);
    opening->until_ns = mono_ns;
}

static void note(struct opening *opening, const struct arb_opportunity *terms, int64_t mono_ns)
{
    pass(opening, mono_ns);
    opening->place = place_of(terms);
    opening->qty = terms->legs[0].qty;
    opening->peak_net = terms->net > opening->peak_net ? terms->net : opening->peak_net;
}

static struct opportunity_life life_of(struct opening *opening, int64_t mono_ns)
{
    const int64_t duration_ns = mono_ns - opening->since_ns;

    pass(opening, mono_ns);
    return (struct opportunity_life){
        .is_known = true,
        .duration_ns = duration_ns,
        .peak_net = opening->peak_net,
        .mean_qty = duration_ns > 0 ? (int64_t)(opening->qty_time / duration_ns) : opening->qty,
    };
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

uint32_t openings_say(struct openings *openings, const struct arb_opportunity *terms, uint32_t run,
                      int64_t mono_ns, struct opportunity_life *life)
{
    const unsigned slot = find(openings, terms->id);
    const uint32_t opened_in = openings->slots[slot].run;
    const bool is_of_another = opened_in != 0 && opened_in != run;

    if (terms->event != ARB_OPPORTUNITY_CLOSE) {
        struct opening *const opening = keep(openings, slot, terms->id, run, mono_ns);
        if (opening != NULL) {
            note(opening, terms, mono_ns);
        }
        return is_of_another ? ARB_OPPORTUNITY_OPEN : terms->event;
    }
    if (opened_in != 0) {
        *life = life_of(&openings->slots[slot], mono_ns);
        give_up(openings, slot);
    }
    return is_of_another ? 0 : terms->event;
}
