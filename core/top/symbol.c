#include "top/symbol.h"

#include <stdio.h>
#include <string.h>

#include "top/words.h"
#include "util/digits.h"

enum { LADDER_GAP = 2 };

static const char not_yet[] = "it has not been looked at yet";

static bool is_of(const struct pane_input *input)
{
    return strcmp(input->snapshot->wish.symbol, input->symbol) == 0;
}

/* -- the matrix ---------------------------------------------------------------------------------
 */

/* NULL: there is none. */
static const struct view_matrix_row *matrix_of(const struct pane_input *input)
{
    return is_of(input) && input->snapshot->has_matrix ? &input->snapshot->matrix : NULL;
}

static uint32_t n_of_matrix(const struct pane_input *input)
{
    const struct view_matrix_row *const row = matrix_of(input);

    return row == NULL ? 0 : row->matrix.n_venues;
}

uint32_t symbol_matrix_height(const struct pane_input *input)
{
    const uint32_t n = n_of_matrix(input);
    return n == 0 ? 2 : n + 1;
}

static enum page_style edge_cell(const struct view_matrix_row *row, uint32_t buy, uint32_t sell,
                                 char *out)
{
    const uint32_t both = UINT32_C(1) << buy | UINT32_C(1) << sell;
    int64_t ppm;

    if (!view_edge(row, buy, sell, &ppm)) {
        (void)strcpy(out, buy == sell ? "." : "-");
        return PAGE_DIM;
    }
    (void)words_bps(ppm, out);
    if ((row->fees_known & both) != both) {
        (void)strcat(out, "?"); /* fits: a number is shorter than WORDS_MAX */
    }
    return ppm > 0 ? PAGE_GOOD : PAGE_PLAIN;
}

static enum page_style matrix_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_input *const input = context;
    const struct view_matrix_row *const matrix = matrix_of(input);
    char text[WORDS_MAX];

    switch (column) {
    case 0:
        (void)snprintf(out, LISTING_CELL_MAX, "buy %s", matrix->matrix.venues[row].name);
        return PAGE_STRONG;
    case 1:
        (void)snprintf(out, LISTING_CELL_MAX, "%s",
                       words_since(matrix->changed_ms[row], input->now, text));
        return PAGE_DIM;
    default:
        return edge_cell(matrix, row, column - 2 + input->first_venue, out);
    }
}

void symbol_draw_matrix(struct page *page, struct page_area area, const struct pane_input *input,
                        struct listing_place place)
{
    struct listing_column columns[ARB_VENUES_MAX + 2] = {
        { "NET BP, SELL AT:", .width = 16 }, { "AGE", .width = 5, .is_right = true, .rank = 40 }
    };
    struct listing listing = { .columns = columns,
                               .n_columns = 2,
                               .n_rows = n_of_matrix(input),
                               .cell = matrix_cell,
                               .context = input,
                               .empty = is_of(input) ? "fewer than two venues have a book of it"
                                                     : not_yet };

    for (uint32_t i = input->first_venue; i < listing.n_rows; i++) {
        columns[listing.n_columns] =
            (struct listing_column){ .title = matrix_of(input)->matrix.venues[i].name,
                                     .width = 8,
                                     .width_max = 31,
                                     .rank = (uint8_t)listing.n_columns,
                                     .is_right = true };
        listing.n_columns++;
    }
    listing_draw(page, area, &listing, place);
}

/* -- ladders ------------------------------------------------------------------------------------
 */

enum { L_BID_QTY, L_BID, L_ASK, L_ASK_QTY, N_LADDER_COLUMNS };

static uint32_t levels_of(const struct view_ladder *ladder)
{
    return ladder->n_bids > ladder->n_asks ? ladder->n_bids : ladder->n_asks;
}

uint32_t symbol_n_levels(const struct pane_input *input)
{
    uint32_t n = 0;

    for (uint32_t i = 0; is_of(input) && i < input->snapshot->n_ladders; i++) {
        const uint32_t levels = levels_of(&input->snapshot->ladders[i]);
        n = levels > n ? levels : n;
    }
    return n;
}

/* Digits behind the point that a number needs. */
static unsigned digits_of(int64_t value, unsigned scale)
{
    for (; scale > 0 && value % 10 == 0; scale--) {
        value /= 10;
    }
    return scale;
}

static unsigned most_digits(const struct arb_level *levels, uint32_t n, unsigned scale)
{
    unsigned most = 0;

    for (uint32_t i = 0; i < n; i++) {
        const unsigned digits = digits_of(levels[i].px, scale);
        most = digits > most ? digits : most;
    }
    return most;
}

/* With as many digits as the other prices of the side, so that points stand below one another. */
static void write_price(const struct view_ladder *ladder, bool is_bid, uint32_t row, char *out)
{
    const unsigned scale = ladder->book.px_scale;
    const struct arb_level *const levels = is_bid ? ladder->bids : ladder->asks;
    const uint32_t n = is_bid ? ladder->n_bids : ladder->n_asks;

    (void)digits_text(levels[row].px, scale, most_digits(levels, n, scale), out);
}

/* Levels beyond those that are proven are dim. */
static enum page_style ladder_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct view_ladder *const ladder = context;
    const struct view_book_row *const book = &ladder->book;
    const bool is_bid = column < L_ASK;
    const struct arb_level *const level = is_bid ? &ladder->bids[row] : &ladder->asks[row];

    if (row >= (is_bid ? ladder->n_bids : ladder->n_asks)) {
        return PAGE_PLAIN;
    }
    if (column == L_BID || column == L_ASK) {
        write_price(ladder, is_bid, row, out);
    } else {
        (void)words_quantity(level, book->qty_scale, out);
    }
    return book->verified_levels > 0 && row >= book->verified_levels ? PAGE_DIM : PAGE_PLAIN;
}

static unsigned longest(const struct view_ladder *ladder, unsigned column)
{
    char text[LISTING_CELL_MAX];
    unsigned longest = 8;

    for (uint32_t i = 0; i < levels_of(ladder); i++) {
        text[0] = '\0';
        (void)ladder_cell(ladder, i, column, text);
        const unsigned len = page_text_width(text);
        longest = len > longest ? len : longest;
    }
    return longest;
}

static void write_title(const struct view_ladder *ladder, const struct pane_input *input, char *out,
                        size_t cap)
{
    const struct view_book_row *const book = &ladder->book;
    char age[WORDS_MAX];

    (void)snprintf(out, cap, "%s %s, %s, %s old", book->venue, book_state_name(book->state),
                   verified_name(book->verified), words_since(book->changed_ms, input->now, age));
}

/* Returns how wide it is; 0: there is no room for it. */
static unsigned draw_ladder(struct page *page, struct page_area area,
                            const struct pane_input *input, const struct view_ladder *ladder,
                            struct listing_place place)
{
    struct listing_column columns[N_LADDER_COLUMNS] = {
        [L_BID_QTY] = { "QTY", .rank = 1, .is_right = true },
        [L_BID] = { "BID", .is_right = true },
        [L_ASK] = { "ASK", .is_right = true },
        [L_ASK_QTY] = { "QTY", .rank = 1, .is_right = true },
    };
    const struct listing listing = { .columns = columns,
                                     .n_columns = N_LADDER_COLUMNS,
                                     .n_rows = levels_of(ladder),
                                     .cell = ladder_cell,
                                     .context = ladder,
                                     .empty = ladder->book.reason };
    unsigned width = N_LADDER_COLUMNS - 1;
    char title[LISTING_CELL_MAX];

    for (unsigned i = 0; i < N_LADDER_COLUMNS; i++) {
        columns[i].width = (uint8_t)longest(ladder, i);
        width += columns[i].width;
    }
    width = width < area.width ? width : area.width;
    const struct page_area top = { area.row, area.column, 1, width };
    write_title(ladder, input, title, sizeof(title));
    page_paint(page, top, place.is_focused ? PAGE_FOCUS : PAGE_HEAD);
    page_put(page, top, place.is_focused ? PAGE_FOCUS : PAGE_HEAD, title);
    place.is_focused = false;
    listing_draw(page, (struct page_area){ area.row + 1, area.column, area.height - 1, width },
                 &listing, place);
    return width;
}

/* The one that is chosen, or the first one. */
static uint32_t find_chosen(const struct pane_input *input)
{
    for (uint32_t i = 0; i < input->snapshot->n_ladders; i++) {
        if (strcmp(input->snapshot->ladders[i].book.venue, input->venue) == 0) {
            return i;
        }
    }
    return 0;
}

void symbol_draw_ladders(struct page *page, struct page_area area, const struct pane_input *input,
                         struct listing_place place)
{
    const uint32_t n = is_of(input) ? input->snapshot->n_ladders : 0;
    const uint32_t chosen = find_chosen(input);
    const unsigned narrow = 30; /* less is of no use */

    if (area.height < 2) {
        return;
    }
    if (n == 0) {
        page_paint(page, (struct page_area){ area.row, area.column, 1, area.width },
                   place.is_focused ? PAGE_FOCUS : PAGE_HEAD);
        area.row++;
        page_put(page, area, PAGE_DIM, is_of(input) ? "no book of it was heard of" : not_yet);
    }
    for (uint32_t i = 0; i < n && (i == 0 || area.width >= narrow); i++) {
        const uint32_t at = i == 0 ? chosen : i <= chosen ? i - 1 : i;
        const unsigned width =
            draw_ladder(page, area, input, &input->snapshot->ladders[at], place) + LADDER_GAP;
        area.column += width;
        area.width -= width < area.width ? width : area.width;
        place.is_focused = false;
    }
}
