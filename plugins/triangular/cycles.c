#include "cycles.h"

#include <stdlib.h>

enum { BASE = 0, QUOTE = 1 };

_Static_assert(LEG_IDS <= UINT16_MAX + 1, "a leg id has 16 bits");

bool next_word(const char **list, struct arb_bytes *word)
{
    static const char separators[] = ", \t";
    const char *const begin = *list + strspn(*list, separators);

    *word = (struct arb_bytes){ begin, strcspn(begin, separators) };
    *list = begin + word->len;
    return word->len > 0;
}

/* Currencies are in capitals, as symbols are. */
static bool is_currency(struct arb_bytes word)
{
    size_t i = 0;

    while (i < word.len && !(word.data[i] >= 'a' && word.data[i] <= 'z')) {
        i++;
    }
    return i == word.len;
}

int cycles_init(struct cycles *cycles, const struct cycles_wanted *wanted)
{
    const char *starts = wanted->starts;
    struct arb_bytes word;

    cycles->has_one_conversion = wanted->has_one_conversion;
    cycles->max_legs = wanted->has_one_conversion ? 3 : wanted->max_legs;
    while (next_word(&starts, &word)) {
        if (cycles->n_starts == STARTS_MAX || !is_currency(word) ||
            arb_symbol_put(&cycles->currencies, word, cycles->n_starts) != ARB_OK ||
            cycles->currencies.n == cycles->n_starts) { /* it was named before */
            return ARB_EINVAL;
        }
        cycles->n_starts = cycles->currencies.n;
    }
    return cycles->n_starts > 0 ? ARB_OK : ARB_EINVAL;
}

void cycles_fini(struct cycles *cycles)
{
    for (uint32_t leg = 0; leg < LEG_IDS; leg++) {
        free(cycles->lists[leg].list);
    }
}

/* -- the graph ----------------------------------------------------------------------------------
 */

/* Its number, or ARB_NO_INSTRUMENT when there is no room. */
static uint32_t currency_of(struct cycles *cycles, const char *name)
{
    const struct arb_bytes text = { name, strnlen(name, ARB_SYMBOL_MAX) };
    const uint32_t known = arb_symbol_find(&cycles->currencies, text);
    const uint32_t number = cycles->currencies.n;

    if (known != ARB_NO_INSTRUMENT) {
        return known;
    }
    return arb_symbol_put(&cycles->currencies, text, number) == ARB_OK ? number : ARB_NO_INSTRUMENT;
}

/* Which end of the edge the currency is. */
static unsigned end_of(const struct edge *edge, uint32_t currency)
{
    return edge->ends[BASE] == currency ? BASE : QUOTE;
}

static uint32_t other_end(const struct edge *edge, uint32_t currency)
{
    return edge->ends[!end_of(edge, currency)];
}

/* Edges at a currency are counted from one; 0 ends them. */
static uint32_t next_edge(const struct cycles *cycles, uint32_t edge, uint32_t currency)
{
    const struct edge *const it = &cycles->edges[edge - 1];
    return it->next[end_of(it, currency)];
}

static void attach(struct cycles *cycles, uint32_t instrument, unsigned end)
{
    struct edge *const edge = &cycles->edges[instrument];
    const uint32_t currency = edge->ends[end];

    edge->next[end] = cycles->first_edge[currency];
    cycles->first_edge[currency] = (uint16_t)(instrument + 1);
    cycles->n_at[currency]++;
}

/* -- cycles -------------------------------------------------------------------------------------
 */

/* Edge i leads from corner i to the next one, the last one to the first corner. */
struct ring {
    uint32_t edges[CYCLE_LEGS_MAX], corners[CYCLE_LEGS_MAX];
    uint32_t n;
};

/* False: there is no memory. */
static bool append(struct cycle_list *list, struct cycle cycle)
{
    if (list->n == list->capacity) {
        const uint32_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        struct cycle *const grown = realloc(list->list, capacity * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        list->list = grown;
        list->capacity = capacity;
    }
    list->list[list->n++] = cycle;
    return true;
}

static void enter_cycle(struct cycles *cycles, const uint32_t *legs, uint32_t n)
{
    bool is_entered = cycles->n < CYCLES_MAX;

    for (uint32_t i = 0; i < n && is_entered; i++) {
        struct cycle cycle = { .n = (uint8_t)n, .start = (uint8_t)((n - i) % n) };
        for (uint32_t k = 1; k < n; k++) {
            cycle.others[k - 1] = (uint16_t)legs[(i + k) % n];
        }
        is_entered = append(&cycles->lists[legs[i]], cycle);
    }
    cycles->n += is_entered;
    cycles->n_refused += !is_entered;
}

/* Who has the base sells it. */
static uint32_t leg_from(const struct cycles *cycles, uint32_t edge, uint32_t currency)
{
    const unsigned end = end_of(&cycles->edges[edge], currency);
    return leg_id(edge, end == BASE ? ARB_SELL : ARB_BUY);
}

/* The corner to start at; n: there is none. */
static uint32_t start_of(const struct cycles *cycles, const struct ring *ring)
{
    uint32_t best = cycles->n_starts, at = ring->n;

    for (uint32_t i = 0; i < ring->n; i++) {
        if (ring->corners[i] < best) {
            best = ring->corners[i];
            at = i;
        }
    }
    return at;
}

static bool is_wanted(const struct cycles *cycles, const struct ring *ring)
{
    uint32_t n_starts = 0;

    for (uint32_t i = 0; i < ring->n; i++) {
        n_starts += ring->corners[i] < cycles->n_starts;
    }
    return cycles->has_one_conversion ? n_starts == 2 : n_starts > 0;
}

/* Both ways around. */
static void enter_ring(struct cycles *cycles, const struct ring *ring)
{
    const uint32_t n = ring->n, start = start_of(cycles, ring);
    uint32_t forth[CYCLE_LEGS_MAX], back[CYCLE_LEGS_MAX];

    if (!is_wanted(cycles, ring)) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t to = (start + i) % n, from = (start + n - i) % n;
        forth[i] = leg_from(cycles, ring->edges[to], ring->corners[to]);
        back[i] = leg_from(cycles, ring->edges[(from + n - 1) % n], ring->corners[from]);
    }
    enter_cycle(cycles, forth, n);
    enter_cycle(cycles, back, n);
}

/* With each edge that leads from the last corner back to the first one. */
static void close_ring(struct cycles *cycles, struct ring *ring)
{
    const uint32_t first = ring->corners[0], last = ring->corners[ring->n - 1];

    for (uint32_t e = cycles->first_edge[first]; e != 0; e = next_edge(cycles, e, first)) {
        if (other_end(&cycles->edges[e - 1], first) == last) {
            ring->edges[ring->n - 1] = e - 1;
            enter_ring(cycles, ring);
        }
    }
}

/* One more corner, which lies next to the first one. The ring has three so far. */
static void add_fourth(struct cycles *cycles, struct ring *ring, uint16_t mark)
{
    const uint32_t third = ring->corners[2];

    for (uint32_t e = cycles->first_edge[third]; e != 0; e = next_edge(cycles, e, third)) {
        const uint32_t fourth = other_end(&cycles->edges[e - 1], third);
        if (fourth != ring->corners[0] && fourth != ring->corners[1] &&
            cycles->near[fourth] == mark) {
            ring->edges[2] = e - 1;
            ring->corners[3] = fourth;
            ring->n = 4;
            close_ring(cycles, ring);
        }
    }
}

static void add_third(struct cycles *cycles, struct ring *ring, uint16_t mark)
{
    const uint32_t second = ring->corners[1];

    for (uint32_t e = cycles->first_edge[second]; e != 0; e = next_edge(cycles, e, second)) {
        const uint32_t third = other_end(&cycles->edges[e - 1], second);
        if (third == ring->corners[0]) {
            continue;
        }
        ring->edges[1] = e - 1;
        ring->corners[2] = third;
        ring->n = 3;
        if (cycles->near[third] == mark) {
            close_ring(cycles, ring);
        }
        if (cycles->max_legs >= 4) {
            add_fourth(cycles, ring, mark);
        }
    }
}

/* All cycles with this edge. They begin at its end with fewer edges, which is searched most. */
static void enter_all(struct cycles *cycles, uint32_t instrument)
{
    const struct edge *const edge = &cycles->edges[instrument];
    const bool is_quote_less = cycles->n_at[edge->ends[QUOTE]] < cycles->n_at[edge->ends[BASE]];
    const uint32_t first = edge->ends[is_quote_less ? QUOTE : BASE];
    const uint16_t mark = (uint16_t)(instrument + 1);
    struct ring ring = { .edges = { instrument }, .corners = { first, other_end(edge, first) } };

    for (uint32_t e = cycles->first_edge[first]; e != 0; e = next_edge(cycles, e, first)) {
        cycles->near[other_end(&cycles->edges[e - 1], first)] = mark;
    }
    add_third(cycles, &ring, mark);
}

static bool is_perpetual(const struct arb_instrument *info)
{
    static const char ending[] = "-PERP";
    const size_t len = strnlen(info->symbol, ARB_SYMBOL_MAX), end = sizeof(ending) - 1;

    return len > end && memcmp(info->symbol + len - end, ending, end) == 0;
}

bool cycles_enter(struct cycles *cycles, uint32_t instrument, const struct arb_instrument *info)
{
    struct edge *const edge = &cycles->edges[instrument];

    if (edge->is_known) {
        return false;
    }
    edge->is_known = true;
    const uint32_t base = currency_of(cycles, info->base), quote = currency_of(cycles, info->quote);
    if (base == ARB_NO_INSTRUMENT || quote == ARB_NO_INSTRUMENT || base == quote ||
        is_perpetual(info)) {
        return true;
    }
    edge->ends[BASE] = (uint16_t)base;
    edge->ends[QUOTE] = (uint16_t)quote;
    attach(cycles, instrument, BASE);
    attach(cycles, instrument, QUOTE);
    cycles->n_edges++;
    enter_all(cycles, instrument);
    return true;
}
