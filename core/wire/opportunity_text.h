/*
 * opportunity_text.h - opportunities, and what was none, as aligned lines for people at a terminal.
 */
#ifndef ARB_OPPORTUNITY_TEXT_H
#define ARB_OPPORTUNITY_TEXT_H

#include <stdio.h>

#include "wire/opportunity.h"

enum {
    OPPORTUNITY_LINE_MAX = 2048,   /* bytes, terminator included */
    OPPORTUNITY_HEADER_EVERY = 40, /* lines */
    OPPORTUNITY_TIME_MAX = 32,     /* bytes, terminator included */
};

/* "12:34:56.789", UTC. */
void opportunity_text_time(int64_t utc_ns, char out[OPPORTUNITY_TIME_MAX]);

struct opportunity_style {
    bool is_coloured;
    bool is_narrow; /* for a terminal of 80 columns: less, and shorter */
};

/* The heads of the columns. */
const char *opportunity_text_header(struct opportunity_style style);

/* One line without its end. Characters that would move the cursor are shown as '?'. */
void opportunity_text_line(const struct opportunity *opportunity, struct opportunity_style style,
                           char out[OPPORTUNITY_LINE_MAX]);

/* Prints lines, and the header every now and then. */
struct opportunity_printer {
    FILE *out;
    struct opportunity_style style;
    unsigned n_lines; /* since the header */
};

/* Colours are for a terminal, and not when NO_COLOR is set; a narrow one has narrow lines. */
void opportunity_printer_init(struct opportunity_printer *printer, FILE *out);

/* Prints one line and flushes. False when the output is closed. */
bool opportunity_print(struct opportunity_printer *printer, const struct opportunity *opportunity);

#endif /* ARB_OPPORTUNITY_TEXT_H */
