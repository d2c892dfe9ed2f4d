/*
 * detail.h - all that is known of one row, as sentences that are broken at the width of a page.
 */
#ifndef ARB_TOP_DETAIL_H
#define ARB_TOP_DETAIL_H

#include "arbspot/text.h"
#include "top/page.h"
#include "top/snapshot.h"

enum { DETAIL_MAX = 4096 /* bytes, terminator included */ };

/* Lines with ends between them. */
void detail_of_trouble(const struct view_trouble_row *trouble, struct moment now,
                       struct arb_text *out);
void detail_of_find(const struct view_opportunity_row *find, struct moment now,
                    struct arb_text *out);

/*
 * Writes the lines of a text from line `first` on, each broken between words where it is too long.
 * Returns how many lines all of it takes.
 */
uint32_t detail_draw(struct page *page, struct page_area area, const char *text, uint32_t first);

#endif /* ARB_TOP_DETAIL_H */
