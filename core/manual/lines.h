/*
 * lines.h - a text file, or what a program prints, as lines without their ends.
 */
#ifndef ARB_MANUAL_LINES_H
#define ARB_MANUAL_LINES_H

#include <stddef.h>
#include <stdio.h>

/* `line` points into `text` and ends with NULL. */
struct lines {
    char *text;
    char **line;
    size_t n;
};

/* Reads `in` to its end; to be fini'd. */
void lines_read(struct lines *lines, FILE *in);

/* Accepts zeroed memory. */
void lines_fini(struct lines *lines);

/* Returns `memory`, unless it is NULL, for there is none: that ends the program with a word. */
void *lines_memory(void *memory);

/* How many blanks `line` begins with. */
size_t lines_indent(const char *line);

#endif /* ARB_MANUAL_LINES_H */
