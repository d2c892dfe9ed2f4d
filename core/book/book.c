#include "book/book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"

enum {
    LEVELS_MIN = 16,
    NEAR_BEST = 8, /* levels looked at one by one before searching: most changes are there */
};

/* Orders both sides alike: the greater key is the better level. Prices are never negative. */
static int64_t key_of(const struct book_side *side, int64_t px)
{
    return side->ascending ? px : -px;
}

static int side_init(struct book_side *side, bool ascending, uint32_t levels)
{
    *side = (struct book_side){ .ascending = ascending };
    if (levels > 0) {
        side->levels = malloc(levels * sizeof(*side->levels));
        if (side->levels == NULL) {
            return ARB_ENOMEM;
        }
        side->cap = levels;
    }
    return ARB_OK;
}

int book_init(struct book *book, uint32_t levels)
{
    int rc = side_init(&book->bids, true, levels);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = side_init(&book->asks, false, levels);
    if (rc != ARB_OK) {
        free(book->bids.levels);
    }
    return rc;
}

void book_fini(struct book *book)
{
    free(book->bids.levels);
    free(book->asks.levels);
    *book = (struct book){ 0 };
}

void book_clear(struct book *book)
{
    book->bids.first = book->bids.n = 0;
    book->asks.first = book->asks.n = 0;
}

/* Makes room at both ends: by moving to the middle when half is free, else by doubling. */
static int make_room(struct book_side *side)
{
    uint32_t cap = side->cap;

    if (side->n >= cap / 2) {
        cap = cap == 0 ? LEVELS_MIN : 2 * cap;
        cap = cap < ARB_EVENT_LEVELS_MAX ? cap : ARB_EVENT_LEVELS_MAX;
        if (cap <= side->n) {
            return ARB_ELIMIT;
        }
        struct arb_level *const levels = realloc(side->levels, cap * sizeof(*levels));
        if (levels == NULL) {
            return ARB_ENOMEM;
        }
        side->levels = levels;
        side->cap = cap;
    }
    const uint32_t first = (cap - side->n) / 2;
    memmove(side->levels + first, side->levels + side->first, side->n * sizeof(*side->levels));
    side->first = first;
    return ARB_OK;
}

/* How many levels are worse than `key`. */
static uint32_t rank_of(const struct book_side *side, int64_t key)
{
    const struct arb_level *const begin = book_side_begin(side);
    uint32_t high = side->n, low = 0;

    for (unsigned i = 0; i < NEAR_BEST && high > 0; i++, high--) {
        if (key_of(side, begin[high - 1].px) < key) {
            return high;
        }
    }
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (key_of(side, begin[middle].px) < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void remove_at(struct book_side *side, uint32_t rank)
{
    struct arb_level *const begin = side->levels + side->first;

    if (rank < side->n / 2) {
        memmove(begin + 1, begin, rank * sizeof(*begin));
        side->first++;
    } else {
        memmove(begin + rank, begin + rank + 1, (side->n - rank - 1) * sizeof(*begin));
    }
    side->n--;
}

static int insert_at(struct book_side *side, uint32_t rank, const struct arb_level *level)
{
    const bool at_end = rank >= side->n / 2;

    if (at_end ? side->first + side->n == side->cap : side->first == 0) {
        const int rc = make_room(side); /* even when the other end has some: it is far */
        if (rc != ARB_OK) {
            return rc;
        }
    }
    struct arb_level *begin = side->levels + side->first;
    if (at_end || side->first == 0) { /* the only free place may be at the end */
        memmove(begin + rank + 1, begin + rank, (side->n - rank) * sizeof(*begin));
    } else {
        begin--;
        memmove(begin, begin + 1, rank * sizeof(*begin));
        side->first--;
    }
    begin[rank] = *level;
    side->n++;
    return ARB_OK;
}

int book_side_set(struct book_side *side, const struct arb_level *level)
{
    const uint32_t rank = rank_of(side, key_of(side, level->px));
    struct arb_level *const at = rank < side->n ? side->levels + side->first + rank : NULL;
    const bool known = at != NULL && at->px == level->px;

    if (level->qty == 0) {
        if (!known) {
            return 1;
        }
        remove_at(side, rank);
        return ARB_OK;
    }
    if (known) {
        at->qty = level->qty;
        return ARB_OK;
    }
    return insert_at(side, rank, level);
}

uint32_t book_side_cut(struct book_side *side, uint32_t depth)
{
    if (depth == 0 || side->n <= depth) {
        return 0;
    }
    const uint32_t excess = side->n - depth;
    side->first += excess;
    side->n = depth;
    return excess;
}

static int reserve(struct book_side *side, uint32_t n)
{
    side->first = side->n = 0;
    if (n > ARB_EVENT_LEVELS_MAX) {
        return ARB_ELIMIT;
    }
    if (n > side->cap) {
        struct arb_level *const levels = realloc(side->levels, n * sizeof(*levels));
        if (levels == NULL) {
            return ARB_ENOMEM;
        }
        side->levels = levels;
        side->cap = n;
    }
    return ARB_OK;
}

/* Best first without zeroes or repetitions, which is how venues send snapshots? */
static bool is_strictly_best_first(const struct book_side *side, const struct arb_level *levels,
                                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].qty == 0 ||
            (i > 0 && key_of(side, levels[i - 1].px) <= key_of(side, levels[i].px))) {
            return false;
        }
    }
    return true;
}

int book_side_replace(struct book_side *side, const struct arb_level *levels, uint32_t n)
{
    int rc = reserve(side, n);

    if (rc == ARB_OK && is_strictly_best_first(side, levels, n)) {
        for (uint32_t i = 0; i < n; i++) {
            side->levels[n - 1 - i] = levels[i];
        }
        side->n = n;
        return ARB_OK;
    }
    for (uint32_t i = 0; i < n && rc >= ARB_OK; i++) {
        rc = book_side_set(side, &levels[i]);
    }
    return rc < ARB_OK ? rc : ARB_OK;
}

uint32_t book_side_diff(const struct book_side *from, const struct book_side *to,
                        struct arb_level *changes)
{
    const struct arb_level *const a = book_side_begin(from), *const b = book_side_begin(to);
    uint32_t i = 0, j = 0, n = 0;

    assert(from->ascending == to->ascending);
    while (i < from->n || j < to->n) {
        if (j == to->n || (i < from->n && key_of(from, a[i].px) < key_of(to, b[j].px))) {
            changes[n++] = (struct arb_level){ .px = a[i].px, .qty = 0 };
            i++;
        } else if (i == from->n || a[i].px != b[j].px) {
            changes[n++] = b[j];
            j++;
        } else {
            if (a[i].qty != b[j].qty) {
                changes[n++] = b[j];
            }
            i++;
            j++;
        }
    }
    return n;
}
