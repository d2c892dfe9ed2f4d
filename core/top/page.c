#include "top/page.h"

#include <string.h>

#include "util/harmless.h"

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

void page_clear(struct page *page, unsigned width, unsigned height)
{
    page->width = smaller(width, PAGE_WIDTH_MAX);
    page->height = smaller(height, PAGE_HEIGHT_MAX);
    memset(page->text, ' ', sizeof(page->text));
    memset(page->styles, PAGE_PLAIN, sizeof(page->styles));
}

/* Takes one character off a text that is not empty. */
static char next(const char **text)
{
    const unsigned char c = (unsigned char)**text;
    unsigned len = 1;

    if (c >= 0x80) {
        len = harmless_next((struct arb_bytes){ *text, strlen(*text) }).len;
    }
    *text += len == 0 ? 1 : len;
    return (char)(c >= ' ' && c <= '~' ? c : '?');
}

unsigned page_text_width(const char *text)
{
    unsigned n = 0;

    for (; *text != '\0' && n < PAGE_WIDTH_MAX; n++) {
        (void)next(&text);
    }
    return n;
}

/* How much of the area's first row is on the page. */
static unsigned width_on(const struct page *page, struct page_area area)
{
    if (area.row >= page->height || area.column >= page->width) {
        return 0;
    }
    return smaller(area.width, page->width - area.column);
}

void page_put(struct page *page, struct page_area area, enum page_style style, const char *text)
{
    const unsigned width = width_on(page, area);

    for (unsigned i = 0; i < width && *text != '\0'; i++) {
        const char c = next(&text);
        page->text[area.row][area.column + i] = (char)(i + 1 == width && *text != '\0' ? '~' : c);
        page->styles[area.row][area.column + i] = (uint8_t)style;
    }
}

void page_put_right(struct page *page, struct page_area area, enum page_style style,
                    const char *text)
{
    const unsigned len = page_text_width(text);

    if (len < area.width) {
        area.column += area.width - len;
        area.width = len;
    }
    page_put(page, area, style, text);
}

void page_paint(struct page *page, struct page_area area, enum page_style style)
{
    const unsigned end = area.row + smaller(area.height, PAGE_HEIGHT_MAX);

    for (; area.row < end; area.row++) {
        const unsigned width = width_on(page, area);
        if (width > 0) {
            memset(&page->styles[area.row][area.column], (int)style, width);
        }
    }
}

void page_fill(struct page *page, struct page_area area, enum page_style style)
{
    const unsigned end = area.row + smaller(area.height, PAGE_HEIGHT_MAX);

    page_paint(page, area, style);
    for (; area.row < end; area.row++) {
        const unsigned width = width_on(page, area);
        if (width > 0) {
            memset(&page->text[area.row][area.column], ' ', width);
        }
    }
}

const char *page_line(const struct page *page, unsigned row, char *out)
{
    unsigned len = page->width;

    for (; len > 0 && page->text[row][len - 1] == ' '; len--) {
    }
    memcpy(out, page->text[row], len);
    out[len] = '\0';
    return out;
}
