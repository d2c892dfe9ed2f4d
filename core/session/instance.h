/*
 * instance.h - the memory of one plugin instance, with a margin behind it.
 *
 * A plugin whose descriptor claims too small an instance writes into what is behind it. In the
 * margin this is seen, mostly before it does harm.
 */
#ifndef ARB_INSTANCE_H
#define ARB_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

/* The rule, and what helps who breaks it. */
extern const char instance_rule[];

/* Zeroed memory of `size` bytes, which free() frees, or NULL. */
void *instance_create(size_t size);

/* True while nobody has written into the margin. */
bool instance_is_whole(const void *instance, size_t size);

struct session;
/* False: the session's plugin wrote into the margin. */
bool session_is_in_bounds(const struct session *session);

#endif /* ARB_INSTANCE_H */
