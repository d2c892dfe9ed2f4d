/*
 * roff.h - text as a man page spells it, for man(7). Whatever the text holds stays text.
 */
#ifndef ARB_MANUAL_ROFF_H
#define ARB_MANUAL_ROFF_H

#include <stdio.h>

/* Which marks of a text mean something. */
enum roff_marks {
    ROFF_CODE = 1,     /* `code` */
    ROFF_MARKDOWN = 2, /* that, **bold** and [text](address), of which the text stays */
};

/* A paragraph, or a part of one, that is filled; its line ends may be anywhere. Ends its line. */
void roff_text(FILE *out, const char *text, enum roff_marks marks);

/* The first `len` bytes as they stand, within a line. */
void roff_literal(FILE *out, const char *text, size_t len);

/* A line of an example, as it stands. */
void roff_code(FILE *out, const char *line);

/* What begins an entry of a list of options: "-c, --config FILE". Ends its line. */
void roff_option(FILE *out, const char *text);

/* How a command is called: "arbspot log [-c FILE]"; hangs below its first `n_names` words. */
void roff_synopsis(FILE *out, const char *text, int n_names);

/* A heading: "SH" or "SS". */
void roff_heading(FILE *out, const char *macro, const char *text);

#endif /* ARB_MANUAL_ROFF_H */
