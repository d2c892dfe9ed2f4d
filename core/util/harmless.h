/*
 * harmless.h - text from outside on its way to people: a terminal obeys control characters.
 *
 * Harmful are C0, DEL and C1 (as UTF-8 too), what is no UTF-8, line and paragraph separators, and
 * the characters that turn the direction of text, with which a line can be made to look like
 * another. Everything else is shown as it is.
 */
#ifndef ARB_HARMLESS_H
#define ARB_HARMLESS_H

#include <stdarg.h>
#include <stdio.h>

#include "arbspot/types.h"

enum { HARMLESS_LINE_MAX = 4096 /* bytes of a line; what is longer is cut */ };

/* The first character of a text that is not empty. */
struct harmless_char {
    unsigned len; /* bytes; 0: they are no UTF-8 */
    uint32_t code;
};

struct harmless_char harmless_next(struct arb_bytes text);

/* Whether a character has to be kept from terminals. */
bool harmless_is_not(uint32_t code);

/* Puts '?' for each harmful character; the text becomes no longer. Returns its length. */
size_t harmless_make(char *text, size_t len);

/* printf() of one line, whose end is added: whatever is printed in it is made harmless. */
void harmless_line(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void harmless_vline(FILE *out, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

/*
 * Prints one line of JSON that somebody else wrote: harmful characters become escapes, which mean
 * the same in its strings, and its line ends become blanks. False: it could not be written.
 */
bool harmless_json(FILE *out, struct arb_bytes json);

#endif /* ARB_HARMLESS_H */
