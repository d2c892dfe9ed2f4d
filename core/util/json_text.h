/*
 * json_text.h - strings inside JSON: escaped on the way out, resolved on the way in.
 */
#ifndef ARB_JSON_TEXT_H
#define ARB_JSON_TEXT_H

#include "arbspot/types.h"

enum { JSON_TEXT_GROWTH = 6 }; /* bytes one byte of text can become: \u001f */

/*
 * Writes `text` without quotes, escaped, and returns the position behind it. Bytes that are
 * not UTF-8 become '?': whoever reads the message shall not stumble over a venue's text. What
 * harmless.h keeps from terminals is escaped, so that JSON may be looked at in one.
 */
char *json_text_write(char *out, struct arb_bytes text);

/*
 * Resolves the escapes of a string as it stands between its quotes, into terminated text.
 * `*len`, unless NULL, gets its length. ARB_ELIMIT when it does not fit; ARB_EPROTO on a
 * broken escape, a NUL, or a character outside the basic plane that is written as an escape.
 */
int json_text_read(struct arb_bytes text, char *out, size_t cap, size_t *len);

#endif /* ARB_JSON_TEXT_H */
