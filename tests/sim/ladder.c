#include "ladder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int ladder_init(struct ladder *ladder, uint32_t cap, bool highest_first)
{
    *ladder = (struct ladder){ .cap = cap, .highest_first = highest_first };
    ladder->levels = calloc(cap, sizeof(*ladder->levels));
    return ladder->levels == NULL ? ARB_ENOMEM : ARB_OK;
}

int sim_book_init(struct sim_book *book, uint32_t cap)
{
    *book = (struct sim_book){ 0 };
    if (ladder_init(&book->bids, cap, true) != ARB_OK ||
        ladder_init(&book->asks, cap, false) != ARB_OK) {
        sim_book_fini(book);
        return ARB_ENOMEM;
    }
    return ARB_OK;
}

void sim_book_fini(struct sim_book *book)
{
    free(book->bids.levels);
    free(book->asks.levels);
    *book = (struct sim_book){ 0 };
}

static void ladder_copy(struct ladder *to, const struct ladder *from)
{
    assert(from->n <= to->cap);
    memcpy(to->levels, from->levels, from->n * sizeof(*to->levels));
    to->n = from->n;
}

void sim_book_copy(struct sim_book *to, const struct sim_book *from)
{
    ladder_copy(&to->bids, &from->bids);
    ladder_copy(&to->asks, &from->asks);
}

uint32_t ladder_position(const struct ladder *ladder, int64_t px)
{
    uint32_t low = 0, high = ladder->n;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ladder_is_better(ladder, ladder->levels[middle].px, px)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct arb_level *ladder_find(const struct ladder *ladder, int64_t px)
{
    const uint32_t at = ladder_position(ladder, px);
    return at < ladder->n && ladder->levels[at].px == px ? &ladder->levels[at] : NULL;
}

static void remove_at(struct ladder *ladder, uint32_t at)
{
    ladder->n--;
    memmove(&ladder->levels[at], &ladder->levels[at + 1],
            (ladder->n - at) * sizeof(*ladder->levels));
}

static void insert_at(struct ladder *ladder, uint32_t at, struct arb_level level)
{
    if (ladder->n == ladder->cap) {
        if (at == ladder->cap) {
            return; /* worse than all of a full ladder */
        }
        ladder->n--;
    }
    memmove(&ladder->levels[at + 1], &ladder->levels[at],
            (ladder->n - at) * sizeof(*ladder->levels));
    ladder->levels[at] = level;
    ladder->n++;
}

void ladder_set(struct ladder *ladder, struct arb_level level)
{
    const uint32_t at = ladder_position(ladder, level.px);
    const bool held = at < ladder->n && ladder->levels[at].px == level.px;

    if (level.qty == 0) {
        if (held) {
            remove_at(ladder, at);
        }
    } else if (held) {
        ladder->levels[at].qty = level.qty;
    } else {
        insert_at(ladder, at, level);
    }
}

uint32_t ladder_diff(const struct ladder *was, const struct ladder *is, uint32_t depth,
                     struct arb_level *out)
{
    const uint32_t n_was = was->n < depth ? was->n : depth;
    const uint32_t n_is = is->n < depth ? is->n : depth;
    uint32_t i = 0, j = 0, n = 0;

    while (i < n_was || j < n_is) {
        const struct arb_level *const old = &was->levels[i], *const now = &is->levels[j];
        if (j == n_is || (i < n_was && ladder_is_better(was, old->px, now->px))) {
            if (ladder_find(is, old->px) == NULL) {
                out[n++] = (struct arb_level){ .px = old->px, .qty = 0 };
            }
            i++;
        } else if (i == n_was || old->px != now->px) {
            out[n++] = *now;
            j++;
        } else {
            if (old->qty != now->qty) {
                out[n++] = *now;
            }
            i++;
            j++;
        }
    }
    return n;
}
