#include "top/pane.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"

struct ranked {
    int64_t key;
    uint32_t at;
};

const struct pane *pane_of(enum pane_id id)
{
    static const struct pane *const panes[N_PANES] = {
        [PANE_TROUBLES] = &pane_troubles, [PANE_VENUES] = &pane_venues,
        [PANE_FINDS] = &pane_finds,       [PANE_BOOKS] = &pane_books,
        [PANE_SIDES] = &pane_sides,       [PANE_SURVIVAL] = &pane_survival,
        [PANE_LOG] = &pane_log,
    };
    return panes[id];
}

struct listing pane_listing(const struct pane *pane, const struct pane_rows *rows)
{
    return (struct listing){ .columns = pane->columns,
                             .n_columns = pane->n_columns,
                             .n_rows = rows->n,
                             .cell = pane->cell,
                             .context = rows,
                             .empty = pane->empty,
                             .is_bare = pane->is_bare };
}

static bool is_wanted(const struct pane *pane, const struct pane_input *input, uint32_t i,
                      const char *filter)
{
    char text[PANE_FIND_MAX] = "";

    if (pane->belongs != NULL && !pane->belongs(input, i)) {
        return false;
    }
    if (filter[0] == '\0' || pane->find_text == NULL) {
        return true;
    }
    pane->find_text(input, i, text);
    arb_text_lower(text);
    return strstr(text, filter) != NULL;
}

/* Of equal keys the one that comes first stays first. */
static int compare(const void *a, const void *b)
{
    const struct ranked *const x = a, *const y = b;

    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* Without memory they stay as they come. */
static void sort(const struct pane *pane, const struct pane_input *input, unsigned by, uint32_t *at,
                 uint32_t n)
{
    struct ranked *const ranked = n == 0 ? NULL : malloc(n * sizeof(*ranked));

    if (ranked == NULL) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        ranked[i] = (struct ranked){ .key = pane->sort_key(input, at[i], by), .at = at[i] };
    }
    qsort(ranked, n, sizeof(*ranked), compare);
    for (uint32_t i = 0; i < n; i++) {
        at[i] = ranked[i].at;
    }
    free(ranked);
}

uint32_t pane_pick(const struct pane *pane, const struct pane_input *input, struct pane_pick pick,
                   uint32_t *at)
{
    const uint32_t n_all = pane->n(input);
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_all; i++) {
        if (is_wanted(pane, input, i, pick.filter)) {
            at[n++] = i;
        }
    }
    if (pick.sort > 0) {
        sort(pane, input, pick.sort, at, n);
    }
    return n;
}
