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

bool waiting_drop(struct waiting *waiting, uint64_t id)
{
    const unsigned i = find(waiting, id);

    if (i == waiting->n) {
        return false;
    }
    waiting->entries[i] = waiting->entries[--waiting->n];
    return true;
}
