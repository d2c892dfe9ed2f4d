/*
 * open_table.h - what is open: one opportunity for each row of legs.
 *
 * A table of fixed size that is searched by hash, and dense beside it, for whoever looks at all.
 */
#ifndef OPEN_TABLE_H
#define OPEN_TABLE_H

#include "arbspot/strategy.h"

enum {
    OPEN_MAX = ARB_OPPORTUNITIES_MAX, /* on_stop() closes all of them in one callback */
    SLOT_BITS = 13,
    SLOTS = 1 << SLOT_BITS,
};

_Static_assert(SLOTS >= 2 * OPEN_MAX, "at most half full, so that probing stays short");
_Static_assert(OPEN_MAX < UINT16_MAX, "a slot holds a position plus one");
_Static_assert(OPEN_MAX *ARB_LEGS_MAX < UINT16_MAX, "legs are counted by instrument");

struct opening {
    struct arb_opportunity terms; /* the latest */
    /* Monotonic, so that a step of the UTC clock neither closes nor delays. */
    int64_t expiry_ns;      /* from when a leg is too old; INT64_MAX: never */
    int64_t next_update_ns; /* no UPDATE before */
    bool is_pending;        /* terms changed since they were published */
};

/* All zero: nothing is open. */
struct open_table {
    uint32_t n;
    struct opening list[OPEN_MAX];      /* [n], in no particular order */
    uint16_t slots[SLOTS];              /* hash of the legs: position plus one, or 0 */
    uint16_t n_of[ARB_INSTRUMENTS_MAX]; /* how many legs are of an instrument */
};

/* The one with the legs of `terms`, or NULL. Legs are the same by instrument, venue and side. */
struct opening *open_table_find(struct open_table *table, const struct arb_opportunity *terms);

/* A place for `terms`, which are not there yet; NULL: all are taken. */
struct opening *open_table_add(struct open_table *table, const struct arb_opportunity *terms);

/* Forgets it; the last one of the list takes its place. */
void open_table_remove(struct open_table *table, struct opening *gone);

#endif /* OPEN_TABLE_H */
