#include "top/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 16 };

void snapshot_fini(struct snapshot *snapshot)
{
    free(snapshot->troubles);
    free(snapshot->venues);
    free(snapshot->books);
    free(snapshot->finds);
    free(snapshot->survivals);
    *snapshot = (struct snapshot){ .n_books = 0 };
}

/* One more row of `len` bytes, zeroed. */
static void *add(struct snapshot *snapshot, void **rows, uint32_t *n, uint32_t *room, size_t len)
{
    if (*n == *room) {
        const uint32_t more = *room == 0 ? ROOM_MIN : 2 * *room;
        void *const grown = realloc(*rows, more * len);
        if (grown == NULL) {
            snapshot->is_cut = true;
            return NULL;
        }
        *rows = grown;
        *room = more;
    }
    char *const row = (char *)*rows + *n * len;
    memset(row, 0, len);
    ++*n;
    return row;
}

struct view_trouble_row *snapshot_add_trouble(struct snapshot *s)
{
    void *rows = s->troubles;
    void *const row = add(s, &rows, &s->n_troubles, &s->room_troubles, sizeof(*s->troubles));
    s->troubles = rows;
    return row;
}

struct view_venue_row *snapshot_add_venue(struct snapshot *s)
{
    void *rows = s->venues;
    void *const row = add(s, &rows, &s->n_venues, &s->room_venues, sizeof(*s->venues));
    s->venues = rows;
    return row;
}

struct view_book_row *snapshot_add_book(struct snapshot *s)
{
    void *rows = s->books;
    void *const row = add(s, &rows, &s->n_books, &s->room_books, sizeof(*s->books));
    s->books = rows;
    return row;
}

struct view_opportunity_row *snapshot_add_find(struct snapshot *s)
{
    void *rows = s->finds;
    void *const row = add(s, &rows, &s->n_finds, &s->room_finds, sizeof(*s->finds));
    s->finds = rows;
    return row;
}

struct view_survival_row *snapshot_add_survival(struct snapshot *s)
{
    void *rows = s->survivals;
    void *const row = add(s, &rows, &s->n_survivals, &s->room_survivals, sizeof(*s->survivals));
    s->survivals = rows;
    return row;
}

static void take_troubles(struct snapshot *snapshot, const struct view *view)
{
    for (uint32_t i = 0; i < view_n_troubles(view); i++) {
        struct view_trouble_row *const row = snapshot_add_trouble(snapshot);
        if (row != NULL) {
            *row = *view_trouble(view, i);
        }
    }
}

static void take_venues(struct snapshot *snapshot, const struct view *view)
{
    for (uint32_t i = 0; i < view_n_venues(view); i++) {
        const struct view_venue_row *const venue = view_venue(view, i);
        struct view_venue_row *const row = venue == NULL ? NULL : snapshot_add_venue(snapshot);
        if (row != NULL) {
            *row = *venue;
        }
    }
}

static void take_ladder(struct snapshot *snapshot, struct view *view,
                        const struct view_book_row *book)
{
    struct view_wish wish = { .since = 0 };

    if (snapshot->n_ladders == ARB_VENUES_MAX || strcmp(book->symbol, snapshot->wish.symbol) != 0) {
        return;
    }
    (void)snprintf(wish.venue, sizeof(wish.venue), "%s", book->venue);
    (void)snprintf(wish.symbol, sizeof(wish.symbol), "%s", book->symbol);
    if (view_ladder(view, &wish, &snapshot->ladders[snapshot->n_ladders])) {
        snapshot->n_ladders++;
    }
}

static void take_matrix(struct snapshot *snapshot, const struct view_matrix_row *matrix)
{
    if (matrix != NULL && strcmp(matrix->matrix.info.symbol, snapshot->wish.symbol) == 0) {
        snapshot->matrix = *matrix;
        snapshot->has_matrix = true;
    }
}

static int compare_books(const void *a, const void *b)
{
    const struct view_book_row *const x = a, *const y = b;
    const int order = strcmp(x->symbol, y->symbol);

    return order != 0 ? order : strcmp(x->venue, y->venue);
}

static void take_books(struct snapshot *snapshot, struct view *view)
{
    for (uint32_t i = 0; i < view_n_instruments(view); i++) {
        take_matrix(snapshot, view_matrix(view, i));
        for (uint32_t k = 0; k < view_n_venues(view); k++) {
            const struct view_book_row *const book = view_book(view, i, k);
            struct view_book_row *const row = book == NULL ? NULL : snapshot_add_book(snapshot);
            if (row != NULL) {
                *row = *book;
                take_ladder(snapshot, view, row);
            }
        }
    }
    if (snapshot->n_books > 0) {
        qsort(snapshot->books, snapshot->n_books, sizeof(*snapshot->books), compare_books);
    }
}

static bool take_find(void *context, const struct view_opportunity_row *find)
{
    struct view_opportunity_row *const row = snapshot_add_find(context);

    if (row != NULL) {
        *row = *find;
    }
    return row != NULL;
}

static void take_survivals(struct snapshot *snapshot, const struct view *view)
{
    for (uint32_t i = 0; i < view_n_survivals(view); i++) {
        const struct view_survival_row *const survival = view_survival(view, i);
        struct view_survival_row *const row = snapshot_add_survival(snapshot);
        if (row != NULL) {
            *row = *survival;
        }
    }
}

void snapshot_take(struct snapshot *snapshot, struct view *view, const struct snapshot_wish *wish,
                   struct moment now)
{
    snapshot->n_troubles = snapshot->n_venues = snapshot->n_books = 0;
    snapshot->n_finds = snapshot->n_survivals = snapshot->n_ladders = 0;
    snapshot->has_matrix = snapshot->is_cut = false;
    snapshot->wish = *wish;
    snapshot->taken = now;
    snapshot->heard_ns = view_heard_ns(view);
    snapshot->host = *view_host(view);
    take_troubles(snapshot, view);
    take_venues(snapshot, view);
    take_books(snapshot, view);
    view_each_opportunity(view, take_find, snapshot);
    take_survivals(snapshot, view);
}
