#include "manual/lines.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"

static int read_text(struct lines *lines, FILE *in)
{
    char *line = NULL;
    size_t cap = 0, len = 0;
    FILE *const out = open_memstream(&lines->text, &len);

    if (out == NULL) {
        return ARB_ENOMEM;
    }
    while (getline(&line, &cap, in) != -1) {
        (void)fputs(line, out); /* fclose() tells */
    }
    free(line);
    return fclose(out) == 0 ? ARB_OK : ARB_ENOMEM;
}

static size_t count_lines(const char *text)
{
    size_t n = 1; /* one without an end */

    while ((text = strchr(text, '\n')) != NULL) {
        text++;
        n++;
    }
    return n;
}

int lines_read(struct lines *lines, FILE *in)
{
    *lines = (struct lines){ 0 };
    if (read_text(lines, in) != ARB_OK) {
        return ARB_ENOMEM;
    }
    lines->line = calloc(count_lines(lines->text) + 1, sizeof(*lines->line));
    if (lines->line == NULL) {
        return ARB_ENOMEM;
    }
    for (char *at = lines->text; *at != '\0';) {
        lines->line[lines->n++] = at;
        at += strcspn(at, "\n");
        if (*at == '\n') {
            *at++ = '\0';
        }
    }
    return ARB_OK;
}

void lines_fini(struct lines *lines)
{
    free(lines->line);
    free(lines->text);
}

size_t lines_indent(const char *line)
{
    return strspn(line, " ");
}
