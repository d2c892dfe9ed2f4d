/*
 * options.h - puts configured values into a plugin instance, by the plugin's own table.
 */
#ifndef ARB_OPTIONS_H
#define ARB_OPTIONS_H

#include "config/config.h"
#include "plugin/loader.h"

/* Checks the table itself: a broken default or offset is the plugin author's mistake. */
int options_check_table(const struct arb_plugin *desc, struct err *err);

/*
 * Stores `entries` and the defaults of the rest into `self`. Problems (unknown key with the
 * nearest one, value out of range, missing required key) are added with their lines; an entry
 * without a value was reported before. String values are borrowed from `entries` and the table.
 * Returns ARB_OK when all of them were stored.
 */
int options_apply(const struct arb_plugin *desc, const struct config_entry *entries,
                  const char *section, unsigned section_line, void *self,
                  struct problems *problems);

/* Prints the table for people: name, type, default, range, help. */
void options_print(const struct arb_plugin *desc, FILE *out);

#endif /* ARB_OPTIONS_H */
