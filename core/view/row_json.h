/*
 * row_json.h - rows as the JSON that docs/view.md describes: item_write_fn's of items.h.
 *
 * Whatever came from outside is escaped. None writes more than ITEM_TEXT_MAX bytes.
 */
#ifndef ARB_VIEW_ROW_JSON_H
#define ARB_VIEW_ROW_JSON_H

#include "view/rows.h"

char *write_host(char *at, const void *row);        /* struct view_host_row */
char *write_trouble(char *at, const void *row);     /* struct view_trouble_row */
char *write_venue(char *at, const void *row);       /* struct view_venue_row */
char *write_book(char *at, const void *row);        /* struct view_book_row */
char *write_matrix(char *at, const void *row);      /* struct view_matrix_row */
char *write_opportunity(char *at, const void *row); /* struct view_opportunity_row */
char *write_survival(char *at, const void *row);    /* struct view_survival_row */
char *write_ladder(char *at, const void *row);      /* struct view_ladder */

#endif /* ARB_VIEW_ROW_JSON_H */
