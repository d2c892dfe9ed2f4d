/*
 * listing.h - rows in columns, of which a narrow place keeps those that matter most.
 *
 * A column is as wide as its title and the cells that are in sight, and at least so wide as it asks
 * for, so that it does not jump about. Where that is too much, the column of the greatest rank
 * goes first. A number is cut only when it stands alone in a place that is too narrow for it.
 */
#ifndef ARB_TOP_LISTING_H
#define ARB_TOP_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "top/page.h"

enum { LISTING_COLUMNS_MAX = 24, LISTING_CELL_MAX = 640 };

struct listing_column {
    const char *title;
    uint8_t width;     /* at least */
    uint8_t width_max; /* texts are cut there; 0: never */
    uint8_t rank;      /* 0 stays longest */
    bool is_right;     /* a number */
    bool fills; /* takes what is left, and gives way in width before columns go; the last one */
};

/* Writes one cell, which is "" before, in LISTING_CELL_MAX bytes. Returns how it looks. */
typedef enum page_style listing_cell_fn(const void *context, uint32_t row, unsigned column,
                                        char *out);

struct listing {
    const struct listing_column *columns; /* [n_columns], of which the first has the pane's name */
    unsigned n_columns;
    uint32_t n_rows;
    listing_cell_fn *cell;
    const void *context; /* of cell() */
    const char *empty;   /* instead of rows when there are none */
    bool is_bare;        /* without a line of titles */
};

/* Which of its rows are shown, from `first` on. */
struct listing_place {
    uint32_t first;
    uint32_t chosen; /* a row; UINT32_MAX: none */
    bool is_focused;
};

/* Lines that it would fill. */
uint32_t listing_height(const struct listing *listing);

/* Rows that fit an area of that height. */
uint32_t listing_rows(const struct listing *listing, unsigned height);

void listing_draw(struct page *page, struct page_area area, const struct listing *listing,
                  struct listing_place place);

#endif /* ARB_TOP_LISTING_H */
