#include "agenda.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

enum { AGENDA_FIRST_CAP = 64 };

static bool is_before(const struct agenda_entry *x, const struct agenda_entry *y)
{
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns;
    }
    if (x->what != y->what) {
        return x->what < y->what;
    }
    return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static int grow(struct agenda *agenda)
{
    const size_t cap = agenda->cap == 0 ? AGENDA_FIRST_CAP : 2 * agenda->cap;
    struct agenda_entry *const entries = realloc(agenda->entries, cap * sizeof(*entries));
    if (entries == NULL) {
        return ARB_ENOMEM;
    }
    agenda->entries = entries;
    agenda->cap = cap;
    return ARB_OK;
}

int agenda_add(struct agenda *agenda, struct agenda_entry entry)
{
    if (agenda->n == agenda->cap) {
        const int rc = grow(agenda);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    size_t hole = agenda->n++;
    while (hole > 0 && is_before(&entry, &agenda->entries[(hole - 1) / 2])) {
        agenda->entries[hole] = agenda->entries[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    agenda->entries[hole] = entry;
    return ARB_OK;
}

/* The smaller child of `parent`, or `n` when it has none. */
static size_t first_child(const struct agenda *agenda, size_t parent)
{
    const size_t left = 2 * parent + 1, right = left + 1;
    if (left >= agenda->n) {
        return agenda->n;
    }
    return right < agenda->n && is_before(&agenda->entries[right], &agenda->entries[left]) ? right
                                                                                           : left;
}

struct agenda_entry agenda_take(struct agenda *agenda)
{
    assert(agenda->n > 0);
    const struct agenda_entry first = agenda->entries[0];
    const struct agenda_entry last = agenda->entries[--agenda->n];
    size_t hole = 0;

    for (size_t child = first_child(agenda, 0);
         child < agenda->n && is_before(&agenda->entries[child], &last);
         child = first_child(agenda, hole)) {
        agenda->entries[hole] = agenda->entries[child];
        hole = child;
    }
    if (agenda->n > 0) {
        agenda->entries[hole] = last;
    }
    return first;
}

void agenda_fini(struct agenda *agenda)
{
    free(agenda->entries);
    *agenda = (struct agenda){ 0 };
}
