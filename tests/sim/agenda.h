/*
 * agenda.h - what is due when: a binary heap of small entries, earliest first.
 *
 * Entries of equal time come out in the order of `what`, `a`, `b`, so that a run depends on the
 * seed alone. An entry cannot be taken back; whoever entered it checks when it comes out whether
 * it still applies.
 */
#ifndef ARB_SIM_AGENDA_H
#define ARB_SIM_AGENDA_H

#include <stddef.h>
#include <stdint.h>

#include "arbspot/abi.h"

#define AGENDA_NEVER INT64_MAX

struct agenda_entry {
    int64_t at_ns;
    uint32_t what; /* the owner's own enum */
    uint32_t a, b; /* the owner's own meaning */
};

/* Zeroed memory is an empty agenda. */
struct agenda {
    struct agenda_entry *entries;
    size_t n, cap;
};

/* Grows by doubling; ARB_ENOMEM. */
int agenda_add(struct agenda *agenda, struct agenda_entry entry);

/* The time of the first entry, or AGENDA_NEVER. */
static inline int64_t agenda_next_ns(const struct agenda *agenda)
{
    return agenda->n == 0 ? AGENDA_NEVER : agenda->entries[0].at_ns;
}

/* Removes the first entry; there must be one. */
struct agenda_entry agenda_take(struct agenda *agenda);

void agenda_fini(struct agenda *agenda);

#endif /* ARB_SIM_AGENDA_H */
