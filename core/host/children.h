/*
 * children.h - processes that run one section each: started, watched, started again, ended.
 *
 * A child that ends, or whose heart does not beat (heart.h), is started again after 1 s, then 2 s,
 * 4 s and so on up to a minute; after a minute of health it starts at 1 s again. A child dies with
 * its parent, whatever that dies of: the kernel sends it SIGTERM then.
 *
 * All calls are for the thread that creates them: a child takes the end of that thread for the end
 * of its parent.
 */
#ifndef ARB_CHILDREN_H
#define ARB_CHILDREN_H

#include <stdint.h>

#include "config/config.h"
#include "util/err.h"

enum { CHILDREN_MAX = CONFIG_EXCHANGES_MAX + CONFIG_STRATEGIES_MAX };

struct children;

/* `arguments` is the command line of each, NULL-terminated, without the section. Borrowed. */
int children_create(struct children **children, const char *const *arguments);

/* One more: `--only SECTION` is added to its command line. Starts with the next turn. */
void children_add(struct children *children, const char *section);

/* Starts what is due, hears hearts, buries the dead; waits until `fd` is readable or for a while.
 */
void children_turn(struct children *children, int fd);

/* Sends SIGTERM, waits, and kills who is left. ARB_ELIMIT: not all ended well, and in time. */
int children_stop(struct children *children);

/* After the stop. NULL is accepted. */
void children_destroy(struct children *children);

/* How long to wait after so many deaths in a row, at least one. */
int64_t children_delay_ns(uint32_t deaths);

#endif /* ARB_CHILDREN_H */
