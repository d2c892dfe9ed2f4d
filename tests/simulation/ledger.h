/*
 * ledger.h - what the host said a book was at each event, for whoever stands there later.
 */
#ifndef ARB_SIMULATION_LEDGER_H
#define ARB_SIMULATION_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

enum { LEDGER_LEN = 1024 }; /* the last so many events of a book */

struct ledger_entry {
    uint64_t seq;
    uint64_t hash;
    uint32_t state, trading;
};

/* Zeroed memory is an empty ledger. */
struct ledger {
    struct ledger_entry entries[LEDGER_LEN];
    uint64_t last_seq;
};

static inline void ledger_note(struct ledger *ledger, struct ledger_entry entry)
{
    ledger->entries[entry.seq % LEDGER_LEN] = entry;
}

/* Fills in the events up to `entry.seq` that only other consumers were sent. */
static inline void ledger_fill(struct ledger *ledger, struct ledger_entry entry)
{
    const uint64_t to = entry.seq;

    for (entry.seq = ledger->last_seq + 1; entry.seq <= to; entry.seq++) {
        if (ledger->entries[entry.seq % LEDGER_LEN].seq != entry.seq) {
            ledger_note(ledger, entry);
        }
    }
    ledger->last_seq = to;
}

/* What the book was at `seq`, or NULL: there was no such event, or too long ago. */
static inline const struct ledger_entry *ledger_at(const struct ledger *ledger, uint64_t seq)
{
    const struct ledger_entry *const entry = &ledger->entries[seq % LEDGER_LEN];
    return seq != 0 && entry->seq == seq ? entry : NULL;
}

#endif /* ARB_SIMULATION_LEDGER_H */
