/*
 * promises.h - whether what the plan says shows a lost update ever comes.
 *
 * A plan that promises checksums, and a feed without one: every book is UNVERIFIABLE, and nobody
 * hears of a loss. Then either the plan is wrong, or the plugin does not read what is there.
 */
#ifndef ARB_PROMISES_H
#define ARB_PROMISES_H

#include "session/session.h"

enum { PROMISE_PATIENCE = 100 /* changes of one book without it, until somebody is told */ };

/* Notes an event that is taken for its book. */
void promises_note(struct session *session, const struct arb_book_event *event, struct moment now);

#endif /* ARB_PROMISES_H */
