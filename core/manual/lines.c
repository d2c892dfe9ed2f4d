#include "manual/lines.h"

#include <stdlib.h>
#include <string.h>

static char *read_text(FILE *in)
{
    char *text = NULL, *line = NULL;
    size_t cap = 0, len = 0;
    FILE *const out = lines_memory(open_memstream(&text, &len));

    while (getline(&line, &cap, in) != -1) {
        (void)fputs(line, out); /* fclose() tells */
    }
    free(line);
    return lines_memory(fclose(out) == 0 ? text : NULL);
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

void lines_read(struct lines *lines, FILE *in)
{
    *lines = (struct lines){ .text = read_text(in) };
    lines->line = lines_memory(calloc(count_lines(lines->text) + 1, sizeof(*lines->line)));
    for (char *at = lines->text; *at != '\0';) {
        lines->line[lines->n++] = at;
        at += strcspn(at, "\n");
        if (*at == '\n') {
            *at++ = '\0';
        }
    }
}

void lines_fini(struct lines *lines)
{
    free(lines->line);
    free(lines->text);
}

void *lines_memory(void *memory)
{
    if (memory == NULL) {
        (void)fputs("no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

size_t lines_indent(const char *line)
{
    return strspn(line, " ");
}
