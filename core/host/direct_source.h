/*
 * direct_source.h - the venues of this process as a source of events, with a ring of each.
 */
#ifndef ARB_DIRECT_SOURCE_H
#define ARB_DIRECT_SOURCE_H

#include "bus/source.h"
#include "venue/venue_thread.h"

/*
 * Adds a ring of `ring_bytes` to each of venues[0 .. n), which wakes `waker`. All of it is borrowed
 * as long as the source lives. Before any thread runs. ARB_ENOMEM, or an error of the system.
 */
int direct_source_create(struct source **source, struct waker *waker, struct venue_thread *venues,
                         unsigned n, size_t ring_bytes);

#endif /* ARB_DIRECT_SOURCE_H */
