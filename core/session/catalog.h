/*
 * catalog.h - the venue's list of what it trades: asked for, believed or not, and asked for again.
 *
 * One without rows is none. One with less than half of the rows of the last is believed when the
 * next says the same. Meanwhile the last one holds.
 */
#ifndef ARB_SESSION_CATALOG_H
#define ARB_SESSION_CATALOG_H

#include "session/state.h"

void catalog_start(struct session *session, struct moment now);
/* Connection 0 is up: a catalog in the stream is asked for. */
void catalog_opened(struct session *session, struct moment now);

void catalog_row(struct session *session, const struct arb_listing *listing, struct moment now);
void catalog_end(struct session *session, struct moment now);
/* It could not be had, or the venue wants to be asked later. */
void catalog_failed(struct session *session, struct moment now, const char *why);
/* The plugin read an answer, and did not say that the catalog ends. */
void catalog_endless(struct session *session, struct moment now);

void catalog_on_turn(struct session *session, struct moment now);

#endif /* ARB_SESSION_CATALOG_H */
