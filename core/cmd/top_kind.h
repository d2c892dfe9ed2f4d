/*
 * top_kind.h - what kind of terminal stdout is, and what that kind can do.
 */
#ifndef ARB_TOP_KIND_H
#define ARB_TOP_KIND_H

#include <stddef.h>

#include "util/err.h"

/*
 * Whether it can be drawn on; ARB_ENOTSUP says why not. `undo`, of so many bytes, gets what has to
 * be written to it when drawing is over.
 */
int top_kind_check(char *undo, size_t cap, struct err *err);

#endif /* ARB_TOP_KIND_H */
