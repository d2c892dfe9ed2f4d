/*
 * notes.h - what the comments of etc/arbspot.ini say of each key, as parts of a man page.
 *
 * A note is a block of lines without an empty one; it is about the keys that are written in it, as
 * `key = value`, `#key = default` or, further to the right, `#   key = example`. Only the first
 * section of each kind is read: further ones are examples.
 */
#ifndef ARB_MANUAL_NOTES_H
#define ARB_MANUAL_NOTES_H

#include "config/config_keys.h"
#include "manual/lines.h"

/* The list below "# How to write it", as entries. False: there is none. */
bool notes_format(FILE *out, const struct lines *ini);

/* What stands before the section's heading, in the same block; then every key. Returns how many
 * keys have no note, each of which was told. */
int notes_section(FILE *out, const struct lines *ini, const struct config_section *section);

#endif /* ARB_MANUAL_NOTES_H */
