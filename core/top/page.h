/*
 * page.h - what a terminal is to show: characters and how they look, before anybody draws them.
 *
 * Only printable ASCII gets on a page, whatever is put there: a character of another kind, or bytes
 * that are none, show as one '?'. What does not fit is cut, and the cut shows as '~'.
 *
 * One owner: any thread, one at a time.
 */
#ifndef ARB_TOP_PAGE_H
#define ARB_TOP_PAGE_H

#include <stdint.h>

enum { PAGE_WIDTH_MAX = 512, PAGE_HEIGHT_MAX = 256 /* what is beyond stays empty */ };

/* Where there are no colours each of them still has a look, or words that say the same. */
enum page_style {
    PAGE_PLAIN = 0,
    PAGE_DIM,
    PAGE_STRONG,
    PAGE_HEAD,   /* of a pane, */
    PAGE_FOCUS,  /* and of the one that keys go to */
    PAGE_CHOSEN, /* the row that Enter opens */
    PAGE_GOOD,
    PAGE_WARN,
    PAGE_BAD,
    PAGE_LOUD, /* what must not be overlooked */
};

/* Large: not for the stack. Zeroed memory is a page of no size. */
struct page {
    unsigned width, height;
    char text[PAGE_HEIGHT_MAX][PAGE_WIDTH_MAX];
    uint8_t styles[PAGE_HEIGHT_MAX][PAGE_WIDTH_MAX]; /* enum page_style */
};

/* Of a page; what lies outside of it is left out. */
struct page_area {
    unsigned row, column, height, width;
};

/* Blanks all of it. */
void page_clear(struct page *page, unsigned width, unsigned height);

/* Text in the first row of the area, from its left, or up to its right end. */
void page_put(struct page *page, struct page_area area, enum page_style style, const char *text);
void page_put_right(struct page *page, struct page_area area, enum page_style style,
                    const char *text);

/* Changes how all of the area looks, whatever is in it. */
void page_paint(struct page *page, struct page_area area, enum page_style style);

/* How many columns a text takes on a page. */
unsigned page_text_width(const char *text);

/* Blanks all of it, so that nothing is seen of what was there. */
void page_fill(struct page *page, struct page_area area, enum page_style style);

/* One row as text, without blanks at its end, in PAGE_WIDTH_MAX + 1 bytes, which are returned. */
const char *page_line(const struct page *page, unsigned row, char *out);

#endif /* ARB_TOP_PAGE_H */
