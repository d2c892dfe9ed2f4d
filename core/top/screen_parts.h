/*
 * screen_parts.h - what drawing a screen and its keys have in common. For screen.c and
 * screen_keys.c.
 */
#ifndef ARB_TOP_SCREEN_PARTS_H
#define ARB_TOP_SCREEN_PARTS_H

#include "top/screen_state.h"

enum { SCREEN_PANES_MAX = 6 };

/* The panes of a kind of screen, from the top; the result is how many. */
unsigned screen_panes(enum screen_kind kind, enum pane_id panes[SCREEN_PANES_MAX]);

struct pane_input screen_pane_input(const struct screen *screen, const struct screen_input *input);

/* Fills choice->at and ->n of a pane, and finds the chosen row again. */
void screen_pick(struct screen *screen, const struct pane_input *input, enum pane_id id);

/* That row is chosen from here on; what is beyond the end is the last one. */
void screen_choose(struct screen *screen, const struct pane_input *input, enum pane_id id,
                   uint32_t row);

/* The chosen row as an index of the snapshot's list. False: there is none. */
bool screen_chosen(struct screen *screen, const struct pane_input *input, enum pane_id id,
                   uint32_t *at);

/* The row that a detail is of. False: it is gone. */
bool screen_detailed(const struct screen *screen, const struct pane_input *input, uint32_t *at);

/* "by symbol"; "" where there is but one order. */
const char *screen_sort_name(const struct screen *screen, enum pane_id id);

#endif /* ARB_TOP_SCREEN_PARTS_H */
