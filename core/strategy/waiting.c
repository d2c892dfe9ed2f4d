#include "strategy/waiting.h"

/* Or n: it is not there. */
static unsigned find(const struct waiting *waiting, uint64_t id)
{
    unsigned i = 0;

    while (i < waiting->n && waiting->entries[i].terms.id != id) {
        i++;
    }
    return i;
}

bool waiting_has(const struct waiting *waiting, uint64_t id)
{
    return find(waiting, id) < waiting->n;
}

bool waiting_put(struct waiting *waiting, const struct opportunity *opportunity)
{
    const unsigned i = find(waiting, opportunity->terms.id);

    if (i == WAITING_MAX) {
        return false;
    }
    waiting->entries[i] = *opportunity;
    waiting->n = i == waiting->n ? i + 1 : waiting->n;
    return true;
}

void waiting_drop(struct waiting *waiting, uint64_t id)
{
    const unsigned i = find(waiting, id);

    if (i < waiting->n) {
        waiting->entries[i] = waiting->entries[--waiting->n];
    }
}
