/*
 * expand.h - what a written value stands for.
 *
 *   "text"   the text between the marks, with ${NAME} replaced
 *   'text'   the text between the marks as it stands
 *   @FILE    what the file holds, without the line end at its end
 *   text     the text, with ${NAME} replaced
 *
 * ${NAME} is the environment's NAME; $${ stands for ${ itself, any other '$' for itself. What comes
 * from the environment or a file is taken as it is: nothing in it is replaced again. It may be a
 * secret, so no message repeats it: where it comes from is said instead.
 */
#ifndef ARB_EXPAND_H
#define ARB_EXPAND_H

#include <stdbool.h>

#include "config/pool.h"
#include "util/err.h"

enum {
    EXPAND_FILE_MAX = 64 * 1024,   /* bytes of a file that is a value */
    EXPAND_VALUE_MAX = 256 * 1024, /* bytes of a value */
};

struct expand_place {
    struct pool *pool;  /* where the texts live */
    const char *folder; /* relative files count from it; ends with its slash, or is "" */
};

struct expanded {
    const char *text;
    const char *origin; /* "what ${NAME} gives", "what @FILE holds"; NULL: the text was written */
    bool is_open;       /* it is out of a file that others than its owner may read or write */
};

/* ARB_EINVAL with a sentence that repeats no secret; ARB_ENOMEM. `raw` is trimmed, and stays. */
int expand(const struct expand_place *place, const char *raw, struct expanded *out,
           struct err *err);

#endif /* ARB_EXPAND_H */
