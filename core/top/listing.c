#include "top/listing.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { FILL_MIN = 8 };

/* The columns that fit, and how wide they are. */
struct fit {
    unsigned widths[LISTING_COLUMNS_MAX]; /* 0: left out */
};

static uint32_t end_of(const struct listing *listing, struct page_area area,
                       struct listing_place place)
{
    const uint64_t end = (uint64_t)place.first + listing_rows(listing, area.height);

    return end < listing->n_rows ? (uint32_t)end : listing->n_rows;
}

uint32_t listing_height(const struct listing *listing)
{
    return (listing->n_rows == 0 ? 1 : listing->n_rows) + !listing->is_bare;
}

uint32_t listing_rows(const struct listing *listing, unsigned height)
{
    return height > !listing->is_bare ? height - !listing->is_bare : 0;
}

static enum page_style cell_of(const struct listing *listing, uint32_t row, unsigned column,
                               char *out)
{
    out[0] = '\0';
    return listing->cell(listing->context, row, column, out);
}

static unsigned wanted_width(const struct listing *listing, unsigned column, uint32_t first,
                             uint32_t end)
{
    const struct listing_column *const c = &listing->columns[column];
    const unsigned title = listing->is_bare ? 0 : page_text_width(c->title);
    unsigned width = title > c->width ? title : c->width;
    char text[LISTING_CELL_MAX];

    for (uint32_t row = first; row < end && !c->fills; row++) {
        (void)cell_of(listing, row, column, text);
        const unsigned len = page_text_width(text);
        width = len > width ? len : width;
    }
    if (c->fills) {
        return width < FILL_MIN ? FILL_MIN : width;
    }
    return c->width_max > 0 && width > c->width_max ? c->width_max : width;
}

/* With a blank between two of them. */
static unsigned total(const struct fit *fit, unsigned n)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < n; i++) {
        sum += fit->widths[i] > 0 ? fit->widths[i] + 1 : 0;
    }
    return sum > 0 ? sum - 1 : 0;
}

/* Of the same rank the last one. */
static bool drop_one(const struct listing *listing, struct fit *fit)
{
    unsigned worst = 0;

    for (unsigned i = 1; i < listing->n_columns; i++) {
        const bool is_worse =
            fit->widths[worst] == 0 || listing->columns[i].rank >= listing->columns[worst].rank;
        worst = fit->widths[i] > 0 && is_worse ? i : worst;
    }
    if (listing->columns[worst].rank == 0) {
        return false;
    }
    fit->widths[worst] = 0;
    return true;
}

static struct fit fit_into(const struct listing *listing, struct page_area area,
                           struct listing_place place)
{
    const unsigned n = listing->n_columns;
    struct fit fit = { .widths = { 0 } };

    assert(n > 0 && n <= LISTING_COLUMNS_MAX);
    for (unsigned i = 0; i < n; i++) {
        fit.widths[i] = wanted_width(listing, i, place.first, end_of(listing, area, place));
    }
    while (total(&fit, n) > area.width && drop_one(listing, &fit)) {
    }
    if (listing->columns[n - 1].fills && fit.widths[n - 1] > 0 && total(&fit, n) < area.width) {
        fit.widths[n - 1] += area.width - total(&fit, n);
    }
    return fit;
}

static void draw_cell(struct page *page, struct page_area area, bool is_right,
                      enum page_style style, const char *text)
{
    if (is_right) {
        page_put_right(page, area, style, text);
    } else {
        page_put(page, area, style, text);
    }
}

static void draw_titles(struct page *page, struct page_area area, const struct listing *listing,
                        const struct fit *fit, bool is_focused)
{
    const enum page_style style = is_focused ? PAGE_FOCUS : PAGE_HEAD;
    unsigned left = area.width;

    page_paint(page, (struct page_area){ area.row, area.column, 1, area.width }, style);
    for (unsigned i = 0; i < listing->n_columns; i++) {
        if (fit->widths[i] == 0 || left == 0) {
            continue;
        }
        area.width = fit->widths[i] < left ? fit->widths[i] : left;
        draw_cell(page, area, listing->columns[i].is_right, style, listing->columns[i].title);
        area.column += area.width + 1;
        left -= area.width + 1 < left ? area.width + 1 : left;
    }
}

static void draw_row(struct page *page, struct page_area area, const struct listing *listing,
                     const struct fit *fit, uint32_t row)
{
    char text[LISTING_CELL_MAX];
    unsigned left = area.width;

    for (unsigned i = 0; i < listing->n_columns; i++) {
        if (fit->widths[i] == 0 || left == 0) {
            continue;
        }
        const enum page_style style = cell_of(listing, row, i, text);
        area.width = fit->widths[i] < left ? fit->widths[i] : left;
        draw_cell(page, area, listing->columns[i].is_right, style, text);
        area.column += area.width + 1;
        left -= area.width + 1 < left ? area.width + 1 : left;
    }
}

void listing_draw(struct page *page, struct page_area area, const struct listing *listing,
                  struct listing_place place)
{
    const struct fit fit = fit_into(listing, area, place);
    const uint32_t end = end_of(listing, area, place);
    struct page_area line = { area.row, area.column, 1, area.width };

    if (area.height == 0) {
        return;
    }
    if (!listing->is_bare) {
        draw_titles(page, line, listing, &fit, place.is_focused);
        line.row++;
    }
    if (listing->n_rows == 0 && area.height > !listing->is_bare) {
        page_put(page, line, PAGE_DIM, listing->empty);
    }
    for (uint32_t row = place.first; row < end; row++, line.row++) {
        draw_row(page, line, listing, &fit, row);
        if (row == place.chosen) {
            page_paint(page, line, PAGE_CHOSEN);
        }
    }
}
