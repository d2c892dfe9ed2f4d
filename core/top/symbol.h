/*
 * symbol.h - of one symbol: what each two venues would pay, and the ladders of its books side by
 * side.
 */
#ifndef ARB_TOP_SYMBOL_H
#define ARB_TOP_SYMBOL_H

#include "top/pane.h"

/* Lines that the matrix would fill. */
uint32_t symbol_matrix_height(const struct pane_input *input);

/*
 * A row for each venue that one buys at, a column for each that one sells at, from
 * input->first_venue on: the net in basis points, with a '?' behind it where a fee is not known.
 */
void symbol_draw_matrix(struct page *page, struct page_area area, const struct pane_input *input,
                        struct listing_place place);

/* The book of input->venue first, then as many others as have room. */
void symbol_draw_ladders(struct page *page, struct page_area area, const struct pane_input *input,
                         struct listing_place place);

/* Levels of the longest side. */
uint32_t symbol_n_levels(const struct pane_input *input);

#endif /* ARB_TOP_SYMBOL_H */
