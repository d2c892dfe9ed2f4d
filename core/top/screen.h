/*
 * screen.h - what `arbspot top` shows and how it answers keys, without a terminal: rows in, a page
 * of characters out.
 *
 * The overview has what is wrong, venues, opportunities, books, and the log; a symbol's page its
 * books, the matrix, ladders and survival. One of them has the focus: keys go to it, and it gets
 * the room that others do not need. A chosen row stays chosen wherever it moves.
 *
 * One owner: any thread, one at a time.
 */
#ifndef ARB_TOP_SCREEN_H
#define ARB_TOP_SCREEN_H

#include "top/screen_state.h"

void screen_init(struct screen *screen, struct moment now);
void screen_fini(struct screen *screen);

/* False: whoever pressed it wants to leave. */
bool screen_key(struct screen *screen, const struct screen_input *input, int key);

/* Mono: when a page says something else though nothing has come: that nothing has come. */
int64_t screen_silent_at(const struct screen *screen, int64_t heard_ns);

/* Fills a page of that width and height. */
void screen_draw(struct screen *screen, const struct screen_input *input, struct page *page,
                 struct page_area size);

#endif /* ARB_TOP_SCREEN_H */
