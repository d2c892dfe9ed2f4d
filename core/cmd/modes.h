/*
 * modes.h - the feeds that an exchange plugin can be told to read, and what each of them can prove.
 */
#ifndef ARB_MODES_H
#define ARB_MODES_H

#include "plugin/loader.h"

enum { MODE_MAX = 64 /* bytes of a word among an option's choices */ };

/* One choice, all other options being as their defaults say. */
struct mode {
    char value[MODE_MAX]; /* "" where no option selects */
    int rc;               /* of capabilities_probe() */
    const char *rule;     /* with ARB_EPROTO: what the plan breaks */
    struct arb_plan plan; /* with ARB_OK */
};

/*
 * The option that selects among feeds: the first one whose choices differ in how a loss shows or
 * where a book comes from, else the first one that is a word; NULL: there is none.
 */
const struct arb_option *modes_find(const struct plugin *plugin);

typedef void modes_visit(void *context, const struct mode *mode);

/* Visits every choice of `option`, or with NULL the defaults alone. Runs init() of the plugin. */
void modes_each(const struct plugin *plugin, const struct arb_option *option, modes_visit *visit,
                void *context);

/* What to say of a mode without a plan; with ARB_EPROTO `rule` follows. */
const char *mode_trouble(const struct mode *mode);

#endif /* ARB_MODES_H */
