#include "ledger.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

static void reach(struct ledger *ledger, uint64_t seq)
{
    uint64_t cap = ledger->cap == 0 ? FIRST_CAP : ledger->cap;

    while (cap <= seq) {
        cap *= 2;
    }
    if (cap == ledger->cap) {
        return;
    }
    ledger->entries = realloc(ledger->entries, cap * sizeof(*ledger->entries));
    if (ledger->entries == NULL) {
        abort();
    }
    memset(&ledger->entries[ledger->cap], 0, (cap - ledger->cap) * sizeof(*ledger->entries));
    ledger->cap = cap;
}

void ledger_note(struct ledger *ledger, struct ledger_entry entry)
{
    reach(ledger, entry.seq);
    ledger->entries[entry.seq] = entry;
}

void ledger_fill(struct ledger *ledger, struct ledger_entry entry)
{
    const uint64_t to = entry.seq;

    reach(ledger, to);
    for (entry.seq = ledger->last_seq + 1; entry.seq <= to; entry.seq++) {
        if (ledger->entries[entry.seq].seq == 0) {
            ledger->entries[entry.seq] = entry;
        }
    }
    ledger->last_seq = to;
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->entries);
    *ledger = (struct ledger){ 0 };
}
