#include "cmd/table.h"

#include <string.h>

#include "arbspot/text.h"
#include "arbspot/types.h"
#include "util/harmless.h"

enum { GAP = 2 /* blanks between columns */ };

struct widths {
    size_t of[TABLE_COLUMNS_MAX];
};

/* Takes the next cell off a line; false behind the last one. */
static bool next_cell(const char **at, const char *end, unsigned column, struct arb_bytes *cell)
{
    if (*at > end) {
        return false;
    }
    const char *const tab =
        column + 1 < TABLE_COLUMNS_MAX ? memchr(*at, '\t', (size_t)(end - *at)) : NULL;
    cell->data = *at;
    cell->len = (size_t)((tab == NULL ? end : tab) - *at);
    *at += cell->len + 1;
    return true;
}

static void measure(struct widths *widths, const char *line, const char *end)
{
    struct arb_bytes cell;

    for (unsigned i = 0; next_cell(&line, end, i, &cell); i++) {
        widths->of[i] = cell.len > widths->of[i] ? cell.len : widths->of[i];
    }
}

static void print_line(const struct widths *widths, const char *line, const char *end, FILE *out)
{
    char text[HARMLESS_LINE_MAX];
    struct arb_text row = arb_text_over(text, sizeof(text));
    struct arb_bytes cell;

    for (unsigned i = 0; next_cell(&line, end, i, &cell); i++) {
        arb_text_add(&row, "%-*.*s", (int)widths->of[i] + GAP, (int)cell.len, cell.data);
    }
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    harmless_line(out, "%.*s", (int)len, text);
}

void table_print(const char *text, FILE *out)
{
    struct widths widths = { { 0 } };

    for (const char *p = text, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        measure(&widths, p, end);
    }
    for (const char *p = text, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        print_line(&widths, p, end, out);
    }
}
