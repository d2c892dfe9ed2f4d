/*
 * pane.h - the lists that a screen is made of: which rows each has, what stands in their columns,
 * how they are sorted.
 *
 * Nothing here changes anything; a pane is a table of functions.
 */
#ifndef ARB_TOP_PANE_H
#define ARB_TOP_PANE_H

#include "top/listing.h"
#include "top/log_lines.h"
#include "top/snapshot.h"

enum pane_id {
    PANE_TROUBLES = 0,
    PANE_VENUES,
    PANE_FINDS,
    PANE_BOOKS,
    PANE_SIDES, /* the books of one symbol, */
    PANE_MATRIX,
    PANE_LADDER,
    PANE_SURVIVAL,
    PANE_LOG,
    N_PANES,
};

/* What panes are made of; all borrowed. */
struct pane_input {
    const struct snapshot *snapshot;
    const struct log_lines *log;
    struct moment now; /* UTC as the snapshot had it, and gone on by the monotonic clock */
    char symbol[ARB_SYMBOL_MAX]; /* that is drilled into; "": none */
    char venue[ARB_SYMBOL_MAX];  /* whose book of it is chosen */
    uint32_t first_venue;        /* of the matrix: the first that one sells at which is shown */
};

/* Some of the rows that there are, in an order. */
struct pane_rows {
    const struct pane_input *input;
    uint32_t n;
    const uint32_t *at; /* [n] */
};

struct pane {
    const struct listing_column *columns;
    unsigned n_columns;
    listing_cell_fn *cell; /* its context is a struct pane_rows */
    const char *empty;
    bool is_bare;
    const char *const *sorts; /* names of its orders, the first one as they come; ends with NULL */
    uint32_t (*n)(const struct pane_input *input);
    /* Which one it is, whatever stands above it. */
    uint64_t (*id)(const struct pane_input *input, uint32_t i);
    /* Whether it is of the list at all; NULL: all are. */
    bool (*belongs)(const struct pane_input *input, uint32_t i);
    /* Texts by which it is found, with line ends between them; NULL: it cannot be filtered. */
    void (*find_text)(const struct pane_input *input, uint32_t i, char *out);
    /* Ascending; of an order but the first. */
    int64_t (*sort_key)(const struct pane_input *input, uint32_t i, unsigned sort);
};

enum { PANE_FIND_MAX = 512 /* bytes that find_text() writes, terminator included */ };

/* Their listings are made by pane_listing() but for the matrix and the ladders. */
extern const struct pane pane_troubles, pane_venues, pane_finds, pane_books, pane_sides,
    pane_survival, pane_log;

/* NULL: that one is no list of rows. */
const struct pane *pane_of(enum pane_id id);

/* Borrows `rows`. */
struct listing pane_listing(const struct pane *pane, const struct pane_rows *rows);

/* Sorts and filters into `at`, which has room for pane->n(input). Returns how many rows it gave. */
struct pane_pick {
    const char *filter; /* small letters; "": all */
    unsigned sort;
};
uint32_t pane_pick(const struct pane *pane, const struct pane_input *input, struct pane_pick pick,
                   uint32_t *at);

#endif /* ARB_TOP_PANE_H */
