/*
 * cycles.h - which cycles of three and four instruments there are, and which of them an instrument
 * is part of.
 *
 * Currencies are the corners of a graph, instruments its edges. A leg is an edge with a direction,
 * a cycle is a row of legs that ends in the currency it began with and passes each other one once.
 * An instrument adds its cycles when it is entered, so that a change of its books needs no search.
 */
#ifndef CYCLES_H
#define CYCLES_H

#include "arbspot/strategy.h"
#include "arbspot/symbols.h"

enum {
    CYCLE_LEGS_MAX = 4,
    CYCLES_MAX = 1 << 20, /* further ones are left out, and counted */
    STARTS_MAX = 16,
    LEG_IDS = 2 * ARB_INSTRUMENTS_MAX,
};

/* A cycle, as a leg has it in its list: they are read one after another when its books change. */
struct cycle {
    uint16_t others[CYCLE_LEGS_MAX - 1]; /* the legs that follow, around to the one before */
    uint8_t n;                           /* legs, with the leg itself */
    uint8_t start;                       /* which of them is the first; 0: the leg itself */
};

_Static_assert(sizeof(struct cycle) == 8, "eight of them in a cache line");

struct cycle_list {
    struct cycle *list;
    uint32_t n, capacity;
};

/* An instrument; `ends` are its base and its quote currency. */
struct edge {
    uint16_t ends[2];
    uint16_t next[2]; /* the next edge at this end, plus one; 0: there is none */
    bool is_known;    /* entered, though perhaps not in the graph */
};

/* Zeroed before init. */
struct cycles {
    uint32_t max_legs, n_starts; /* the currencies below n_starts are those to start with */
    bool has_one_conversion;     /* only cycles of three with two of those are entered */
    uint32_t n;                  /* cycles, each of them once */
    uint32_t n_edges;            /* in the graph */
    uint64_t n_refused;
    struct arb_symbol_map currencies;
    struct edge edges[ARB_INSTRUMENTS_MAX];
    uint16_t first_edge[ARB_INSTRUMENTS_MAX]; /* by currency, plus one */
    uint16_t n_at[ARB_INSTRUMENTS_MAX];       /* edges, by currency */
    uint16_t near[ARB_INSTRUMENTS_MAX]; /* scratch: next to the edge that is entered, plus one */
    struct cycle_list lists[LEG_IDS];   /* by leg */
};

static inline uint32_t leg_id(uint32_t instrument, uint32_t side)
{
    return 2 * instrument + (side == ARB_SELL);
}

static inline uint32_t leg_instrument(uint32_t leg)
{
    return leg / 2;
}

static inline uint32_t leg_side(uint32_t leg)
{
    return leg % 2 == 0 ? (uint32_t)ARB_BUY : (uint32_t)ARB_SELL;
}

struct cycles_wanted {
    const char *starts; /* currencies, separated by commas */
    uint32_t max_legs;
    bool has_one_conversion; /* one leg changes two of `starts`, the others trade one coin */
};

/* ARB_EINVAL: `starts` has none, more than STARTS_MAX, or one that is too long. */
int cycles_init(struct cycles *cycles, const struct cycles_wanted *wanted);
void cycles_fini(struct cycles *cycles);

/*
 * Enters an instrument with all its cycles; does nothing with one that is known. False: it is
 * known. Perpetuals have no cycles, for who buys one has no coin to sell.
 */
bool cycles_enter(struct cycles *cycles, uint32_t instrument, const struct arb_instrument *info);

/* The legs of a cycle in the list of `leg`, from its first one on. */
static inline void cycle_legs(const struct cycle *cycle, uint32_t leg, uint32_t *legs)
{
    for (uint32_t i = 0; i < cycle->n; i++) {
        const uint32_t at = (cycle->start + i) % cycle->n;
        legs[i] = at == 0 ? leg : cycle->others[at - 1];
    }
}

/* Cuts the next word off a list with commas and blanks. False: there is none left. */
bool next_word(const char **list, struct arb_bytes *word);

#endif /* CYCLES_H */
