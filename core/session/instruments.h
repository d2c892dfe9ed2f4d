/*
 * instruments.h - which instruments a session serves: the symbols that the configuration names,
 * and those of the venue's catalog that match its patterns.
 *
 * A symbol is a candidate until its scale is decided and, where it takes a catalog, the catalog
 * has come; then it is an instrument. Instruments never move and never change: plugins, events and
 * other threads keep pointers to them.
 */
#ifndef ARB_INSTRUMENTS_H
#define ARB_INSTRUMENTS_H

#include "session/state.h"

int instruments_init(struct session *session);
void instruments_fini(struct session *session);

bool instruments_have_patterns(const struct session *session);

/* Adds the symbols named one by one. ARB_ELIMIT: more than there can be. */
int instruments_add_named(struct session *session);

/* A catalog begins: what one that was not believed listed is forgotten. */
void instruments_begin_catalog(struct session *session);

/* Takes one row of the catalog. */
void instruments_list(struct session *session, const struct arb_listing *listing,
                      struct moment now);
/* The catalog is complete. */
void instruments_end_catalog(struct session *session, struct moment now);

/* Makes instruments of the candidates that can be. */
void instruments_on_turn(struct session *session, struct moment now);

#endif /* ARB_INSTRUMENTS_H */
