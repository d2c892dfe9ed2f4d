/*
 * ledger.h - what the host said a book was at each event, for whoever stands there later.
 */
#ifndef ARB_SIMULATION_LEDGER_H
#define ARB_SIMULATION_LEDGER_H

#include <stddef.h>
#include <stdint.h>

struct ledger_entry {
    uint64_t seq; /* 0: not noted */
    uint64_t hash;
    uint32_t state, trading;
    uint32_t verified, verified_levels;
};

/* Zeroed memory is an empty ledger. */
struct ledger {
    struct ledger_entry *entries; /* [seq], zeroed beyond what was noted */
    uint64_t cap;
    uint64_t last_seq; /* all events up to it are noted */
};

/* Both abort without memory: a test without memory proves nothing. */
void ledger_note(struct ledger *ledger, struct ledger_entry entry);
/* Fills in the events up to `entry.seq` that only other consumers were sent. */
void ledger_fill(struct ledger *ledger, struct ledger_entry entry);
void ledger_fini(struct ledger *ledger);

/* What the book was at `seq`, or NULL: there was no such event. */
static inline const struct ledger_entry *ledger_at(const struct ledger *ledger, uint64_t seq)
{
    return seq < ledger->cap && ledger->entries[seq].seq != 0 ? &ledger->entries[seq] : NULL;
}

#endif /* ARB_SIMULATION_LEDGER_H */
