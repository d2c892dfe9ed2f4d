#include "top/screen_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/symbol.h"

unsigned screen_panes(enum screen_kind kind, enum pane_id panes[SCREEN_PANES_MAX])
{
    static const enum pane_id overview[] = { PANE_TROUBLES, PANE_VENUES, PANE_FINDS, PANE_BOOKS,
                                             PANE_LOG };
    static const enum pane_id symbol[] = { PANE_TROUBLES, PANE_SIDES,    PANE_MATRIX,
                                           PANE_LADDER,   PANE_SURVIVAL, PANE_LOG };

    if (kind == SCREEN_SYMBOL) {
        memcpy(panes, symbol, sizeof(symbol));
        return sizeof(symbol) / sizeof(*symbol);
    }
    memcpy(panes, overview, sizeof(overview));
    return sizeof(overview) / sizeof(*overview);
}

/* By the monotonic clock time goes on, whatever the system's clock is set to. */
static struct moment gone_on(struct moment taken, struct moment now)
{
    if (taken.mono_ns == 0) {
        return now;
    }
    return (struct moment){ .mono_ns = now.mono_ns,
                            .utc_ns = taken.utc_ns + (now.mono_ns - taken.mono_ns) };
}

struct pane_input screen_pane_input(const struct screen *screen, const struct screen_input *input)
{
    struct pane_input pane = { .snapshot = input->snapshot,
                               .log = input->log,
                               .now = gone_on(input->snapshot->taken, input->now),
                               .first_venue = screen->first_venue };

    memcpy(pane.symbol, screen->symbol, sizeof(pane.symbol));
    memcpy(pane.venue, screen->venue, sizeof(pane.venue));
    return pane;
}

/* False: no memory, and nothing is shown of it. */
static bool make_room(struct screen_choice *choice, uint32_t n)
{
    if (n > choice->room) {
        uint32_t *const at = realloc(choice->at, n * sizeof(*at));
        if (at == NULL) {
            return false;
        }
        choice->at = at;
        choice->room = n;
    }
    return true;
}

/* Rows that are in a list: the same one, wherever it is; if it is gone, what is in its place. */
static void find_again(struct screen_choice *choice, const struct pane *pane,
                       const struct pane_input *input)
{
    for (uint32_t i = 0; choice->is_set && i < choice->n; i++) {
        if (pane->id(input, choice->at[i]) == choice->id) {
            choice->row = i;
            return;
        }
    }
    if (choice->row >= choice->n) {
        choice->row = choice->n > 0 ? choice->n - 1 : 0;
    }
}

/* A matrix and ladders have rows, but no list of them. */
static uint32_t n_of_drawn(const struct pane_input *input, enum pane_id id)
{
    return id == PANE_LADDER ? symbol_n_levels(input) : symbol_matrix_height(input) - 1;
}

void screen_pick(struct screen *screen, const struct pane_input *input, enum pane_id id)
{
    struct screen_choice *const choice = &screen->choices[id];
    const struct pane *const pane = pane_of(id);

    if (pane == NULL) {
        choice->n = n_of_drawn(input, id);
        choice->row = choice->row < choice->n ? choice->row : choice->n > 0 ? choice->n - 1 : 0;
        return;
    }
    choice->n =
        make_room(choice, pane->n(input))
            ? pane_pick(pane, input,
                        (struct pane_pick){ .filter = screen->filter, .sort = choice->sort },
                        choice->at)
            : 0;
    find_again(choice, pane, input);
}

void screen_choose(struct screen *screen, const struct pane_input *input, enum pane_id id,
                   uint32_t row)
{
    struct screen_choice *const choice = &screen->choices[id];
    const struct pane *const pane = pane_of(id);

    if (choice->n == 0) {
        return;
    }
    choice->row = row < choice->n ? row : choice->n - 1;
    choice->is_set = choice->row > 0 || id == PANE_SIDES; /* on top it stays on top */
    choice->id = pane == NULL ? 0 : pane->id(input, choice->at[choice->row]);
}

bool screen_chosen(struct screen *screen, const struct pane_input *input, enum pane_id id,
                   uint32_t *at)
{
    screen_pick(screen, input, id);
    const struct screen_choice *const choice = &screen->choices[id];
    if (choice->n == 0) {
        return false;
    }
    *at = choice->at[choice->row];
    return true;
}

bool screen_detailed(const struct screen *screen, const struct pane_input *input, uint32_t *at)
{
    const struct pane *const pane = pane_of(screen->detail);

    for (uint32_t i = 0; i < pane->n(input); i++) {
        if (pane->id(input, i) == screen->detail_id) {
            *at = i;
            return true;
        }
    }
    return false;
}

const char *screen_sort_name(const struct screen *screen, enum pane_id id)
{
    const struct pane *const pane = pane_of(id);

    return pane == NULL || pane->sorts[1] == NULL ? "" : pane->sorts[screen->choices[id].sort];
}
