#include "manual/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "manual/roff.h"

enum { CELLS_MAX = 4, NAME_LEN_MAX = 512, CODE_INDENT = 4, CODE_WIDTH = 69, BULLET_INDENT = 2 };

static const char FENCE[] = "```", SHELL_FENCE[] = "```sh", HEADING[] = "## ", BULLET[] = "* ";

struct walk {
    FILE *out;
    const struct lines *guide;
    size_t at;
};

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static const char *here(const struct walk *w)
{
    return w->at < w->guide->n ? w->guide->line[w->at] : NULL;
}

/* -- code ------------------------------------------------------------------------------ */

static void put_piece(FILE *out, int indent, const char *text, int len, const char *joint)
{
    (void)fprintf(out, "\\&%*s", indent, ""); /* a dot would be a request */
    roff_literal(out, text, (size_t)len);
    roff_literal(out, joint, strlen(joint));
    (void)fputc('\n', out);
}

static void begin_code(FILE *out)
{
    (void)fputs(".PP\n.RS 4\n.EX\n", out);
}

static void end_code(FILE *out)
{
    (void)fputs(".EE\n.RE\n", out);
}

/* Where a line is cut that does not fit, at a blank; its length if there is none. */
static int find_cut(const char *text, int width)
{
    while (width > 0 && text[width] != ' ') {
        width--;
    }
    return width > 0 ? width : (int)strlen(text);
}

/* A line that a terminal has no room for moves to the left, or goes on in the next one behind
 * `joint`. */
static void put_code(FILE *out, const char *line, const char *joint)
{
    const char *text = line + lines_indent(line);
    int indent = (int)lines_indent(line);

    while ((int)strlen(text) > CODE_WIDTH) {
        const int cut = find_cut(text, CODE_WIDTH - indent - (int)strlen(joint));
        put_piece(out, indent, text, cut, joint);
        text += cut;
        text += lines_indent(text);
        indent += CODE_INDENT;
    }
    const int room = CODE_WIDTH - (int)strlen(text);
    put_piece(out, indent < room ? indent : room, text, (int)strlen(text), "");
}

static void put_fence(struct walk *w)
{
    const char *const joint = begins(here(w), SHELL_FENCE) ? " \\" : "";

    begin_code(w->out);
    for (w->at++; here(w) != NULL && !begins(here(w), FENCE); w->at++) {
        put_code(w->out, here(w), joint);
    }
    end_code(w->out);
    w->at++;
}

static void put_indented(struct walk *w)
{
    begin_code(w->out);
    for (; here(w) != NULL && lines_indent(here(w)) >= CODE_INDENT; w->at++) {
        put_code(w->out, here(w) + CODE_INDENT, "");
    }
    end_code(w->out);
}

/* -- tables: an entry for each row, named by its first cells ---------------------------- */

struct row {
    char *cell[CELLS_MAX];
    int n;
};

/* Cuts a line at its bars, but for those behind a backslash. The line is changed. */
static void cut_row(char *line, struct row *row)
{
    char *to = line + 1, *start = line + 1;

    row->n = 0;
    for (const char *from = line + 1; *from != '\0' && row->n < CELLS_MAX; from++) {
        if (from[0] == '\\' && from[1] == '|') {
            *to++ = *++from;
        } else if (*from != '|') {
            *to++ = *from;
        } else {
            while (to > start && to[-1] == ' ') {
                to--;
            }
            *to++ = '\0';
            row->cell[row->n++] = start + lines_indent(start);
            start = to = line + (from - line) + 1;
        }
    }
}

static bool is_blank_row(const struct row *row)
{
    for (int i = 0; i < row->n; i++) {
        if (row->cell[i][0] != '\0') {
            return false;
        }
    }
    return true;
}

/* "name (what stands between)", and below it the last cell. */
static void put_row(FILE *out, const struct row *row, const char *name)
{
    char *tag = NULL;
    size_t len = 0;
    FILE *const stream = lines_memory(open_memstream(&tag, &len));

    (void)fputs(name, stream);
    for (int i = 1; i + 1 < row->n; i++) {
        if (row->cell[i][0] != '\0') {
            (void)fprintf(stream, "%s(%s)", name[0] == '\0' ? "" : " ", row->cell[i]);
        }
    }
    (void)lines_memory(fclose(stream) == 0 ? tag : NULL);
    (void)fputs(".TP\n", out);
    roff_text(out, tag[0] == '\0' ? "-" : tag, ROFF_MARKDOWN);
    roff_text(out, row->cell[row->n - 1], ROFF_MARKDOWN);
    free(tag);
}

/* A row without a name has that of the row before. The row of headings, where it says anything, is
 * the first entry. */
static void put_table(struct walk *w)
{
    const size_t first = w->at;
    char name[NAME_LEN_MAX] = "";

    (void)fputs(".PP\n", w->out); /* a list before it was less indented */
    for (; here(w) != NULL && here(w)[0] == '|'; w->at++) {
        char *const copy = lines_memory(strdup(here(w))); /* it may be read again */
        struct row row = { .n = 0 };
        cut_row(copy, &row);
        if (w->at != first + 1 && !is_blank_row(&row)) {
            if (row.cell[0][0] != '\0') {
                (void)snprintf(name, sizeof(name), "%s", row.cell[0]); /* cut would show */
            }
            put_row(w->out, &row, name);
        }
        free(copy);
    }
}

/* -- text ------------------------------------------------------------------------------ */

static bool ends_text(const char *line)
{
    return line == NULL || line[0] == '\0' || line[0] == '|' || line[0] == '#' ||
           begins(line, BULLET) || begins(line, FENCE);
}

/* Spans may reach over line ends, so a paragraph is looked at as a whole. */
static void put_text(struct walk *w, size_t skip)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const stream = lines_memory(open_memstream(&text, &len));

    (void)fputs(here(w) + skip, stream);
    for (w->at++; !ends_text(here(w)); w->at++) {
        (void)fprintf(stream, "\n%s", here(w) + lines_indent(here(w)));
    }
    (void)lines_memory(fclose(stream) == 0 ? text : NULL);
    roff_text(w->out, text, ROFF_MARKDOWN);
    free(text);
}

static void put_block(struct walk *w)
{
    const char *const line = here(w);

    if (line[0] == '\0') {
        w->at++;
    } else if (begins(line, FENCE)) {
        put_fence(w);
    } else if (line[0] == '|') {
        put_table(w);
    } else if (lines_indent(line) >= CODE_INDENT) {
        put_indented(w);
    } else if (begins(line, BULLET)) {
        (void)fputs(".IP \\(bu 2\n", w->out);
        put_text(w, BULLET_INDENT);
    } else if (begins(line, "#")) {
        roff_heading(w->out, "SS", line + strspn(line, "# "));
        w->at++;
    } else {
        (void)fputs(".PP\n", w->out);
        put_text(w, 0);
    }
}

/* Puts the walk behind the heading; false: there is none. */
static bool find_section(struct walk *w, const char *heading)
{
    for (w->at = 0; here(w) != NULL; w->at++) {
        const char *const line = here(w);
        if (heading[0] == '\0' ? begins(line, "# ")
                               : begins(line, HEADING) && strcmp(line + 3, heading) == 0) {
            w->at++;
            return true;
        }
    }
    return false;
}

bool markdown_section(FILE *out, const struct lines *guide, const char *heading)
{
    struct walk w = { .out = out, .guide = guide };

    if (!find_section(&w, heading)) {
        return false;
    }
    if (heading[0] != '\0') {
        roff_heading(out, "SH", heading);
    }
    while (here(&w) != NULL && !begins(here(&w), HEADING)) {
        put_block(&w);
    }
    return true;
}
