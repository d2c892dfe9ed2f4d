/*
 * markdown.h - the Markdown of this project's guides as parts of a man page.
 *
 * Paragraphs, lists with '*', tables, code, ** and links; what else there is stays text.
 */
#ifndef ARB_MANUAL_MARKDOWN_H
#define ARB_MANUAL_MARKDOWN_H

#include <stdbool.h>

#include "manual/lines.h"

/*
 * Writes what stands below "## `heading`", with that heading; of "" what stands before the first
 * one, without. False: there is none.
 */
bool markdown_section(FILE *out, const struct lines *guide, const char *heading);

#endif /* ARB_MANUAL_MARKDOWN_H */
